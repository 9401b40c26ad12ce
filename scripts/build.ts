// Compiles what changed and says so on standard error while it lasts; standard output stays clean for what comes after.
//   npm run build [-- CONTRACT…]
// CONTRACT: a name (MarginVault) or a path (contracts/vault/MarginVault.sol): that file alone, in its own settings.
import { globSync } from "node:fs";
import { basename } from "node:path";
import { progressLine } from "../src/cli/progress.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { followCheckout } from "./lib/compileCache.ts";
import { projectRoot, run } from "./lib/run.ts";

const USAGE = "npm run build [-- CONTRACT…]";
const PATIENCE = 1_500;

function filesNamed(names: readonly string[]): string[] {
  const files = globSync("contracts/**/*.sol", { cwd: projectRoot }).map((file) => file.replaceAll("\\", "/"));
  return names.map((name) => {
    const found = files.find((file) => file === name || basename(file, ".sol") === name);
    if (found === undefined) throw new BadInput(`no contract is called ${name}`, USAGE);
    return found;
  });
}

await answer(USAGE, async () => {
  const files = filesNamed(process.argv.slice(2));
  const line = progressLine();
  const show = (): void =>
    line.show("compile", 0, 1, files.length === 0 ? "the contracts; the first time takes some minutes" : files.join(" "));
  const first = setTimeout(show, PATIENCE);
  const ticks = setInterval(show, 1_000);
  if (!process.stderr.isTTY) clearInterval(ticks);
  followCheckout(projectRoot);
  const { code, output } = await run("hardhat", ["build", "--quiet", ...files]);
  clearTimeout(first);
  clearInterval(ticks);
  line.end();
  if (code !== 0) process.stderr.write(output);
  return code;
});
