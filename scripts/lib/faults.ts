import { readFileSync } from "node:fs";

/** A one-line fault: `find`, which stands exactly once in `file`, becomes `replace`; the test titled `title` in `test` must turn red. */
export interface Fault {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly test: string;
  readonly title: string;
}

const FIELDS = ["file", "find", "replace", "test", "title"] as const;

/**
 * Reads a list of faults.
 * @throws Error naming the first entry that lacks a field
 */
export function faultsOf(path: string): Fault[] {
  const entries: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!Array.isArray(entries)) throw new Error(`${path} holds no list`);
  return entries.map((entry: Partial<Fault>, index) => {
    for (const field of FIELDS) {
      if (typeof entry[field] !== "string" || (entry[field] === "" && field !== "replace"))
        throw new Error(`${path}: entry ${index} has no ${field}`);
    }
    return entry as Fault;
  });
}

/** Why `fault` cannot be planted in `source`, or undefined. */
export function fitOf(source: string, fault: Fault): string | undefined {
  const times = source.split(fault.find).length - 1;
  if (times !== 1) return `"${fault.find}" stands ${times} times in ${fault.file}, not once`;
  if (fault.find === fault.replace) return "changes nothing";
  return undefined;
}

/** `source` with `fault` in it. */
export function planted(source: string, fault: Fault): string {
  return source.replace(fault.find, () => fault.replace);
}

/** What a run chooses: faults that hold the text `only`, in a file that ends in one of `files` (all, where empty), in none of `except`. */
export interface Choice {
  readonly only: string;
  readonly files: readonly string[];
  readonly except: readonly string[];
}

export function chosen(faults: readonly Fault[], { only, files, except }: Choice): Fault[] {
  const within = (path: string, endings: readonly string[]): boolean => endings.some((ending) => `/${path}`.endsWith(`/${ending}`));
  return faults.filter(
    (fault) =>
      FIELDS.some((field) => fault[field].includes(only)) &&
      (files.length === 0 || within(fault.file, files)) &&
      !within(fault.file, except),
  );
}
