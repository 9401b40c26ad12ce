/** Prints one JSON object; bigints become decimal strings. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, (_, each) => (typeof each === "bigint" ? each.toString() : each), 2)}\n`);
}

/** Prints rows of two columns, the first padded. */
export function printRows(rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) process.stdout.write(`${name.padEnd(width + 2)}${value}\n`);
}

/** Prints a table with right-aligned columns after the first. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((name, i) => Math.max(name.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  for (const cells of [header, ...rows]) process.stdout.write(`${line(cells)}\n`);
}
