import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** The Solidity files of a folder and of the packages they use, and who imports whom. Names are paths from the folder or from node_modules. */
export class SourceGraph {
  readonly #directory: string;
  readonly #imports = new Map<string, readonly string[]>();
  readonly #texts = new Map<string, string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Every Solidity file under contracts/. */
  projectFiles(): string[] {
    return readdirSync(join(this.#directory, "contracts"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".sol"))
      .map((file) => `contracts/${file.replaceAll("\\", "/")}`)
      .sort();
  }

  text(name: string): string {
    let text = this.#texts.get(name);
    if (text === undefined) {
      const own = join(this.#directory, name);
      text = readFileSync(existsSync(own) ? own : join(this.#directory, "node_modules", name), "utf8");
      this.#texts.set(name, text);
    }
    return text;
  }

  /** Forgets what it read of a file that has changed. */
  forget(name: string): void {
    this.#texts.delete(name);
    this.#imports.delete(name);
  }

  /** `roots` and all they import, directly or not. The imports of a file for which `passable` is false are left out, unless it is a root. */
  closure(roots: readonly string[], passable: (name: string) => boolean = () => true): Set<string> {
    const seen = new Set(roots);
    const open = [...roots];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (!roots.includes(name) && !passable(name)) continue;
      for (const next of this.#importsOf(name)) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
    return seen;
  }

  #importsOf(name: string): readonly string[] {
    let found = this.#imports.get(name);
    if (found === undefined) {
      found = [...this.text(name).matchAll(/^\s*import\s[^;"']*["']([^"']+)["']\s*;/gm)].map(([, path = ""]) =>
        path.startsWith(".") ? posix.join(posix.dirname(name), path) : path,
      );
      this.#imports.set(name, found);
    }
    return found;
  }
}

/** What `files` and all TypeScript they import by a relative path say, in one text. */
export function textOfModules(directory: string, files: readonly string[]): string {
  const texts = new Map<string, string>();
  const open = [...files];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (texts.has(name) || !existsSync(join(directory, name))) continue;
    const text = readFileSync(join(directory, name), "utf8");
    texts.set(name, text);
    for (const [, path = ""] of text.matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+\.ts)["']/g)) {
      const next = posix.join(posix.dirname(name), path);
      if (!next.startsWith("typechain-types/")) open.push(next);
    }
  }
  return [...texts.values()].join("\n");
}
