import { BadInput } from "../sdk/failure.ts";
import { type Bar, barName, HOUR, moment } from "./bar.ts";
import { barReader } from "./barReader.ts";
import type { Kind } from "./dialects.ts";
import { type Reading, recognise } from "./recognise.ts";
import { beginning, type Layout, layoutOf, type Row, readRows } from "./rows.ts";
import { type Findings, missingIn, SeriesCollector } from "./series.ts";
import { type OnRead, type Source, shown, sourcesOf } from "./source.ts";
import { timeZone } from "./stamps.ts";
import { type VolatilityUnit, volatilityUnit } from "./volatility.ts";

export type ReadOptions = {
  /** What the files hold; left out, their columns and names tell. */
  readonly kind?: Kind | undefined;
  /** A dialect of `DIALECTS`. */
  readonly format?: string | undefined;
  /** Where the clocks hang that times without a zone are read from. */
  readonly timezone?: string | undefined;
  /** Whether times are those at which bars start or end. */
  readonly stamp?: "open" | "close" | undefined;
  /** Seconds of the bars that are wanted; finer ones are put together. */
  readonly step?: number;
  /** Unix second after which nothing can have been recorded. */
  readonly now?: number;
  readonly onRead?: OnRead;
};

/** A file as it was recognised, in words. */
export type FileReport = { readonly name: string; readonly dialect: string; readonly rows: number; readonly said: readonly string[] };

/** The bars of one or several files, oldest first, and all that was found in them. */
export type Series = {
  readonly kind: Kind;
  readonly bars: readonly Bar[];
  readonly files: readonly FileReport[];
  readonly findings: Findings;
  /** How volatilities were written. */
  readonly unit?: VolatilityUnit;
};

/** What recognising a file looks at. */
const HEAD_CHARACTERS = 65_536;
const HEAD_ROWS = 1_000;

/**
 * Reads bars of prices or volatilities from files as people have them: the one way in for every command. Rows are streamed, so a file may be larger than memory holds.
 * @throws BadInput in one line, with file and line, when a file cannot be right
 */
export async function readSeries(paths: readonly string[], options: ReadOptions = {}): Promise<Series> {
  const { step: played = HOUR, now = Date.now() / 1000, onRead, format, stamp } = options;
  const timezone = options.timezone === undefined ? undefined : timeZone(options.timezone);
  if (options.timezone !== undefined && timezone === undefined) {
    throw new BadInput(
      `--timezone ${shown(options.timezone)} is no time zone: give a name such as Europe/Berlin, or an offset such as +03:00`,
    );
  }
  const sources: Source[] = [];
  for (const path of new Set(paths)) sources.push(...(await sourcesOf(path, onRead)));

  const read: { readonly source: Source; readonly layout: Layout; readonly reading: Reading }[] = [];
  for (const source of sources) {
    const layout = layoutOf(await beginning(source, HEAD_CHARACTERS));
    const head: Row[] = [];
    await readRows(source, layout, (row) => head.push(row) < HEAD_ROWS);
    read.push({ source, layout, reading: recognise(source.name, head, { format, timezone, stamp }) });
  }
  const step = commonStep(read, played);
  const kind = kindOf(read, options.kind);
  const collector = new SeriesCollector(step, played);
  const files: FileReport[] = [];
  let traded = false;
  for (const { source, layout, reading } of read) {
    const { dialect, firstLine, newestFirst, volume } = reading;
    collector.begin(source.name, dialect.quiet === true, newestFirst);
    const readBar = barReader(source.name, reading, step, now);
    let rows = 0;
    await readRows(source, layout, (row) => {
      if (row.line < firstLine || (layout.form !== "csv" && rows === 0 && isNames(row, reading))) return true;
      rows++;
      collector.add(readBar(row), row.line);
      traded ||= volume !== undefined && Number(row.cells[volume]) > 0;
      return true;
    });
    const packed = source.packing === "plain" ? [] : [source.packing];
    files.push({ name: source.name, dialect: dialect.name, rows, said: [...packed, ...reading.said] });
  }
  const { bars, findings } = collector.finish();
  if (kind === "price") return { kind, bars, files, findings };
  if (traded) throw new BadInput(`${sources[0]?.name} has volumes: it holds prices, not volatilities`);
  return { kind, files, findings, ...volatilityUnit(bars, sources[0]?.name ?? "") };
}

/** In JSON the names of objects come before their first row, with its number. */
function isNames({ cells }: Row, { time }: Reading): boolean {
  return !/\d/.test(cells[time[0] ?? 0] ?? "");
}

function commonStep(read: readonly { readonly source: Source; readonly reading: Reading }[], played: number): number {
  const stepped = read.flatMap(({ source, reading }) => (reading.step === undefined ? [] : [{ name: source.name, step: reading.step }]));
  const [first] = stepped;
  if (first === undefined) return played;
  const other = stepped.find(({ step }) => step !== first.step);
  if (other)
    throw new BadInput(
      `${first.name} has ${barName(first.step)} bars and ${other.name} ${barName(other.step)} ones: give files of one kind`,
    );
  if (first.step > played)
    throw new BadInput(`${first.name} has ${barName(first.step)} bars, but ${barName(played)} ones are wanted: give finer bars`);
  if (played % first.step !== 0)
    throw new BadInput(`${first.name} has ${barName(first.step)} bars, of which no ${barName(played)} ones can be made`);
  return first.step;
}

/** What the files hold: as told, by a dialect, or by their names. */
function kindOf(read: readonly { readonly source: Source; readonly reading: Reading }[], told: Kind | undefined): Kind {
  const volatile = read.find(({ reading }) => reading.dialect.kind === "volatility" || /vol/.test(reading.names.close));
  if (told === "price" && volatile) throw new BadInput(`${volatile.source.name} holds volatilities, not prices`);
  if (told !== undefined) return told;
  const named = read.some(({ source }) => /(dvol|volatilit|[-_.]iv[-_.])/i.test(source.name));
  return volatile || named ? "volatility" : "price";
}

/** What is asked for beside the bars themselves. */
export type Demands = {
  readonly allowGaps: boolean;
  readonly allowJumps: boolean;
  /** Unix seconds between which all has to be there. */
  readonly from?: number;
  readonly to?: number;
};

/** Why a series cannot be used as it is, in one line; undefined where it can. */
export function refusal(
  { kind, files, findings }: Series,
  { allowGaps, allowJumps, from = findings.from, to = findings.to }: Demands,
): string | undefined {
  const name = files.length === 1 ? (files[0]?.name ?? "") : `the ${files.length} files`;
  if (from < findings.from) return `${name} begins only at ${moment(findings.from)}, after ${moment(from)}`;
  if (to > findings.to) return `${name} ends at ${moment(findings.to)}, before ${moment(to)}`;
  const [jump] = findings.jumps.filter(({ time }) => time >= from && time < to);
  if (jump !== undefined && !allowJumps) return `${jump.where}: ${jump.what}: a bad tick or another scale (--allow-jumps goes on)`;
  // volatilities hold the last known value in a hole
  const missing = kind === "volatility" || allowGaps ? undefined : missingIn(findings.holes, from, to);
  return missing && `${name}: ${missing} (--allow-gaps goes on)`;
}
