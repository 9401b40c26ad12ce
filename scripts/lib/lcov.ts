/** Lines of one file that hold a statement. */
export type FileCoverage = {
  readonly file: string;
  readonly lines: number;
  readonly covered: number;
  readonly uncovered: readonly number[];
};

/** Reads the lines of an lcov report, file by file, sorted by name. Throws a RangeError where a line belongs to no file. */
export function parseLcov(text: string): FileCoverage[] {
  const files = new Map<string, Map<number, boolean>>();
  let lines: Map<number, boolean> | undefined;
  for (const row of text.split("\n")) {
    if (row.startsWith("SF:")) {
      const file = row.slice(3);
      lines = files.get(file) ?? new Map();
      files.set(file, lines);
    } else if (row.startsWith("DA:")) {
      const [line, times] = row.slice(3).split(",").map(Number);
      if (lines === undefined || line === undefined || times === undefined) throw new RangeError(`"${row}" belongs to no file`);
      lines.set(line, (lines.get(line) ?? false) || times > 0);
    }
  }
  return [...files]
    .map(([file, each]) => {
      const uncovered = [...each].filter(([, hit]) => !hit).map(([line]) => line);
      return { file, lines: each.size, covered: each.size - uncovered.length, uncovered: uncovered.sort((a, b) => a - b) };
    })
    .sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Lines as a person reads them. @example rangesOf([1, 2, 3, 7]) // "1–3, 7" */
export function rangesOf(lines: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const line of lines) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === line - 1) last[1] = line;
    else ranges.push([line, line]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(", ");
}
