import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import papaparse from "papaparse";

/** What a report consists of: the page, and its numbers for other programs. */
export type ReportFiles = {
  readonly page: string;
  readonly numbers: unknown;
  /** Rows of one kind each, by the name that follows the page's own in the name of their file; the nameless one is named like the page. */
  readonly tables: Readonly<Record<string, readonly object[]>>;
};

/**
 * Writes a page and, beside it, its numbers as JSON and its tables as CSV, all named alike.
 * @param path of the page
 * @returns the paths that were written, the page first
 */
export function writeReport(path: string, { page, numbers, tables }: ReportFiles): string[] {
  const file = resolve(path);
  const stem = file.replace(/\.html?$/i, "");
  mkdirSync(dirname(file), { recursive: true });
  const written: [string, string][] = [
    [file, page],
    [`${stem}.json`, `${JSON.stringify(numbers, null, 2)}\n`],
    ...Object.entries(tables).map(([name, rows]): [string, string] => [`${stem}${name && `-${name}`}.csv`, `${csvOf(rows)}\n`]),
  ];
  for (const [at, text] of written) writeFileSync(at, text);
  return written.map(([at]) => at);
}

/**
 * Rows as CSV with a head; what is itself a list or a record is spread over columns, named by position or name.
 * @param columns their names in order, where rows do not tell
 */
export function csvOf(rows: readonly object[], columns?: readonly string[]): string {
  const flat = rows.map((row) => spread(row));
  const fields = [...(columns ?? new Set(flat.flatMap(Object.keys)))];
  return papaparse.unparse({ fields, data: flat.map((row) => fields.map((name) => row[name])) }, { newline: "\n" });
}

function spread(value: object, before = ""): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]): [string, unknown][] =>
      typeof each === "object" && each !== null ? Object.entries(spread(each, `${before}${name}.`)) : [[before + name, each]],
    ),
  );
}
