import { globSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** Who imports whom: for each file the files of the project that it imports, as paths from the root with forward slashes. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

// import … from, export … from, import "…", import("…"); of Solidity the first and third alone
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+)["']([^"']+)["']/gm;

/** The specifiers of every import of a literal in a Solidity or TypeScript source. */
export function specifiersIn(source: string): string[] {
  return [...source.matchAll(IMPORT)].map(([, specifier = ""]) => specifier);
}

/** The file that a relative specifier in `file` means; undefined for a package. */
export function resolved(file: string, specifier: string): string | undefined {
  return specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : undefined;
}

/**
 * The imports of every source in `folders` of the project at `root`.
 * @example importGraph(projectRoot, ["contracts"]).get("contracts/ledger/Ledger.sol")
 */
export function importGraph(root: string, folders: readonly string[]): ImportGraph {
  const files = globSync(
    folders.map((folder) => `${folder}/**/*.{sol,ts,tsx}`),
    { cwd: root, exclude: ["**/node_modules/**"] },
  ).map((file) => file.replaceAll("\\", "/"));
  return new Map(
    files.sort().map((file) => {
      const targets = specifiersIn(readFileSync(join(root, file), "utf8")).flatMap((specifier) => resolved(file, specifier) ?? []);
      return [file, [...new Set(targets)]];
    }),
  );
}

/** Files that import each other, directly or not: each circle once. */
export function circlesIn(graph: ImportGraph): string[][] {
  const [index, low] = [new Map<string, number>(), new Map<string, number>()];
  const stack: string[] = [];
  const circles: string[][] = [];
  // strongly connected components, after Tarjan
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const next of graph.get(file) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(file, Math.min(low.get(file)!, low.get(next)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const component = stack.splice(stack.indexOf(file));
    if (component.length > 1 || (graph.get(file) ?? []).includes(file)) circles.push(component.sort());
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return circles;
}
