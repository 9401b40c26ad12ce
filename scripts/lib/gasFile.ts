import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { keccak256 } from "ethers";
import { artifacts, config } from "hardhat";
import { BadInput } from "../../src/sdk/failure.ts";

/** Gas by operation, new slots of its transaction by `slots.new.<operation>`, bytes by `size.<contract>`, and by `code.<contract>` the hash of what the compiler made, without its metadata. */
export type Figures = Readonly<Record<string, number | string>>;

const TOLERANCE = 0.01;

/** Size and hash of the code of everything that is deployed. */
export async function codeFigures(): Promise<Figures> {
  const figures: Record<string, number | string> = {};
  const own = Object.keys(config.solidity.profiles.default?.overrides ?? {});
  for (const file of own.filter((path) => !path.startsWith("contracts/test/"))) {
    const name = basename(file, ".sol");
    const { deployedBytecode } = await artifacts.readArtifact(name);
    // addresses of linked libraries are not known before deployment
    const code = deployedBytecode.replace(/__\$[0-9a-f]{34}\$__/g, "0".repeat(40));
    figures[`size.${name}`] = (code.length - 2) / 2;
    figures[`code.${name}`] = keccak256(withoutMetadata(code));
  }
  return figures;
}

/** The last two bytes of the code are the length of the metadata before them, which names the sources by their content. */
function withoutMetadata(code: string): string {
  const length = Number.parseInt(code.slice(-4), 16);
  return code.slice(0, -2 * (length + 2));
}

/** One line a figure in the order of their names, so that a change is a line of the difference. */
export function serialised(figures: Figures): string {
  const sorted = Object.fromEntries(Object.entries(figures).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `${JSON.stringify(sorted, null, 2)}\n`;
}

export function readFigures(path: string, place: string): Figures {
  if (!existsSync(path)) throw new BadInput(`${place} is not there`, "npm run bench:gas writes it");
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw new BadInput(`${place} is no JSON`, "npm run bench:gas writes it");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new BadInput(`${place} holds no object`);
  return value as Figures;
}

/** What differs between the figures on file and those measured, a line each. */
export function differences(filed: Figures, measured: Figures): string[] {
  const found: string[] = [];
  for (const name of [...new Set([...Object.keys(filed), ...Object.keys(measured)])].sort()) {
    const [before, now] = [filed[name], measured[name]];
    if (now === undefined) found.push(`${name} is on file and was not measured`);
    else if (before === undefined) found.push(`${name} is not on file: ${now}`);
    else if (typeof before !== "number" || typeof now !== "number") {
      if (before !== now) found.push(`${name} is another: ${before} on file, ${now} now`);
    } else if (Math.abs(now - before) > before * TOLERANCE) {
      const percent = ((now / before - 1) * 100).toFixed(1);
      found.push(`${name} moved from ${before} to ${now} (${now > before ? "+" : ""}${percent} %)`);
    }
  }
  return found;
}
