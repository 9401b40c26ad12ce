import { barName, HOUR, moment, span } from "./bar.ts";
import type { Series } from "./readSeries.ts";

/** The most holes and jumps that are named one by one. */
const NAMED = 5;

const count = (number: number): string => number.toLocaleString("en-US");

/** How each file was recognised, one line each. */
export function fileLines({ files, unit }: Series): string[] {
  const written =
    unit === undefined ? [] : [unit === "percent" ? "volatilities in percent" : "volatilities as fractions: 0.6 is read as 60 %"];
  return files.map(({ name, said }) => `${name}: ${[...said, ...written].join("; ")}`);
}

/** What was found in a series, in words: what is always told first, then what there is to tell. */
export function findingRows({ kind, findings, bars }: Series): [name: string, value: string][] {
  const { step, played, expected, present, quiet, holes, jumps } = findings;
  const longest = holes.reduce((most, { from, to }) => Math.max(most, to - from), 0);
  const unit = step === HOUR ? "hours" : `${barName(step)} bars`;
  const told = (name: string, number: number, note: string): [string, string][] =>
    number === 0 ? [] : [[name, `${count(number)}  (${note})`]];
  const hold = kind === "volatility" ? "  (the last value before a hole holds in it)" : "";
  const list = holes.slice(0, NAMED).map(({ from, to }): [string, string] => ["", `${span(to - from)} from ${moment(from)}`]);
  return [
    ["From", moment(findings.from)],
    ["To", moment(findings.to)],
    ["Expected", `${count(expected)} ${unit}`],
    ["Present", `${count(present)}, ${count(expected - present)} missing`],
    ["Holes", `${count(holes.length)}${longest === 0 ? "" : `, the longest ${span(longest)}`}${holes.length === 0 ? "" : hold}`],
    ...list,
    ...(holes.length > NAMED ? ([["", `… and ${count(holes.length - NAMED)} more`]] as [string, string][]) : []),
    ["Duplicates", `${count(findings.duplicates)}${findings.duplicates === 0 ? "" : "  (equal to the digit, left out)"}`],
    ...(played === step ? [] : ([["Put together", `${count(bars.length)} ${barName(played)} bars`]] as [string, string][])),
    ...told("Without trades", quiet, "missing bars in which nothing was traded: the last price stands"),
    ...told("Rows without prices", findings.withoutPrices, "NaN, null or nothing"),
    ...told("Out of order", findings.outOfOrder, "sorted"),
    ...told("Rounded", findings.rounded, "prices of more than 18 decimals, halves up"),
    ...told("Widened", findings.widened, "bars whose open was outside low and high"),
    ...told("Left out", findings.partial, `${barName(played)} bars at the ends that are there in part only`),
    ...jumps.slice(0, NAMED).map(({ where, what }): [string, string] => ["Jump", `${where}: ${what}`]),
    ...(jumps.length > NAMED ? ([["", `… and ${count(jumps.length - NAMED)} more`]] as [string, string][]) : []),
  ];
}

/** What was found in a series, for `--json`: lengths in seconds, times as ISO 8601. */
export function seriesJson({ kind, unit, files, findings, bars }: Series) {
  const iso = (seconds: number): string => new Date(seconds * 1000).toISOString().replace(".000", "");
  const { holes, jumps, step, played, from, to, expected, present, ...counts } = findings;
  return {
    kind,
    ...(unit === undefined ? {} : { unit }),
    files,
    step,
    played,
    from: iso(from),
    to: iso(to),
    expected,
    present,
    missing: expected - present,
    longestHole: holes.reduce((most, hole) => Math.max(most, hole.to - hole.from), 0),
    holes: holes.map((hole) => ({ from: iso(hole.from), to: iso(hole.to), missing: (hole.to - hole.from) / step })),
    ...counts,
    jumps: jumps.map(({ time, where, what }) => ({ time: iso(time), where, what })),
    bars: bars.length,
  };
}
