import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";

const root = join(import.meta.dirname, "..", "..");

/** What each folder may import of the others; a folder that is not listed may not exist. `app` is the page beside `src`. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  engine: [],
  checker: [], // an independent judge: not even the engine
  forecast: ["engine"],
  sdk: ["engine"],
  deployment: ["engine", "sdk"],
  keeper: ["engine", "sdk"],
  report: ["engine"],
  simulator: ["engine", "checker", "forecast", "sdk", "deployment", "keeper", "report"],
  cli: ["engine", "checker", "forecast", "sdk", "deployment", "keeper", "report", "simulator"],
  app: ["engine", "sdk"],
};

function filesUnder(folder: string, endings: readonly string[]): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesUnder(path, endings);
    return endings.some((ending) => entry.name.endsWith(ending)) ? [path] : [];
  });
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** The specifiers of every static import, re-export and dynamic import of a literal. */
function importsOf(source: string): string[] {
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)["']([^"']+)["']/gm;
  return [...source.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** The layer of a file of this tree, undefined outside `src` and `app`. */
function layerOf(path: string): string | undefined {
  const parts = relative(root, path).split(sep);
  return parts[0] === "src" ? parts[1] : parts[0] === "app" ? "app" : undefined;
}

function breachesOf(file: string, source: string): string[] {
  const layer = layerOf(file) ?? "";
  const allowed = mayImport[layer];
  if (allowed === undefined) return [`${relative(root, file)}: no layer is called ${layer}`];
  return importsOf(source).flatMap((specifier) => {
    if (!specifier.startsWith(".")) {
      // The engine is pure: no chain, no machine.
      return layer === "engine" ? [`${relative(root, file)} imports ${specifier}`] : [];
    }
    const target = layerOf(resolve(dirname(file), specifier));
    return target === undefined || target === layer || allowed.includes(target) ? [] : [`${relative(root, file)} imports ${specifier}`];
  });
}

describe("layers", () => {
  it("default: no lower layer reaches a higher one", () => {
    const files = ["src", "app"]
      .map((folder) => join(root, folder))
      .flatMap((folder) => (exists(folder) ? filesUnder(folder, [".ts", ".tsx"]) : []));
    expect(files.flatMap((file) => breachesOf(file, readFileSync(file, "utf8")))).to.deep.equal([]);
  });

  it("behavior: a breach is found in every form of import", () => {
    const engine = join(root, "src", "engine", "margin.ts");
    expect(breachesOf(engine, 'import { x } from "../keeper/plan.ts";')).to.have.length(1);
    expect(breachesOf(engine, 'export { x } from "../sdk/client.ts";')).to.have.length(1);
    expect(breachesOf(engine, 'import "../cli/main.ts";')).to.have.length(1);
    expect(breachesOf(engine, 'const x = await import("../cli/main.ts");')).to.have.length(1);
    expect(breachesOf(engine, 'import { readFileSync } from "node:fs";')).to.have.length(1);
    expect(breachesOf(engine, 'import { y } from "./units.ts";')).to.have.length(0);
    expect(breachesOf(join(root, "src", "sdk", "client.ts"), 'import { y } from "../engine/units.ts";')).to.have.length(0);
    expect(breachesOf(join(root, "src", "checker", "checker.ts"), 'import { y } from "../engine/units.ts";')).to.have.length(1);
    expect(breachesOf(join(root, "src", "odd", "x.ts"), "")).to.have.length(1);
  });

  it("behavior: the checker stays an independent judge of at most 200 lines beside its pricing", () => {
    const folder = join(root, "src", "checker");
    const files = (exists(folder) ? filesUnder(folder, [".ts"]) : []).filter((file) => !file.endsWith(`${sep}pricing.ts`));
    const lines = files.reduce((sum, file) => sum + readFileSync(file, "utf8").trimEnd().split("\n").length, 0);
    expect(lines).to.be.at.most(200);
  });
});
