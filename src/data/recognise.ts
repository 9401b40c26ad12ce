import { BadInput } from "../sdk/failure.ts";
import { barName, DAY, MINUTE } from "./bar.ts";
import { exchanged, type Field, judgeOrder, type Order, type Quad, stepVerdict } from "./columnOrder.ts";
import { isStyle, type NumberStyle, plainNumber } from "./decimal.ts";
import {
  COLUMN_NAMES,
  columnName,
  DIALECTS,
  type Dialect,
  dialectNamed,
  dialectOf,
  FORMATS,
  fits,
  isEmptyCell,
  type Shape,
} from "./dialects.ts";
import { LEAST_CELLS, type Row } from "./rows.ts";
import { shown } from "./source.ts";
import { NUMBERS, readStamp, STAMP_FORMATS, type StampFormat, unixUnit } from "./stamps.ts";

/** What a person said about a file; what is left out is recognised. */
export type Told = {
  readonly format?: string | undefined;
  readonly timezone?: string | undefined;
  readonly stamp?: "open" | "close" | undefined;
};

/** How the rows of a file are read. */
export type Reading = {
  readonly dialect: Dialect;
  /** Line of the first row with prices. */
  readonly firstLine: number;
  readonly width: number;
  /** Columns whose texts, joined, are the stamp. */
  readonly time: readonly number[];
  readonly columns: Readonly<Record<Field, number>>;
  /** What errors call the columns. */
  readonly names: Readonly<Record<Field | "time", string>>;
  readonly volume: number | undefined;
  readonly stampFormat: StampFormat;
  readonly style: NumberStyle;
  readonly zone: string;
  readonly newestFirst: boolean;
  readonly stamp: "open" | "close";
  /** Added to a stamp that names the last moment of a bar, milliseconds. */
  readonly added: number;
  /** Seconds from bar to bar; undefined where there is one bar only. */
  readonly step: number | undefined;
  /** What was recognised, in words. */
  readonly said: readonly string[];
};

/** A part of the rows has to be as recognised; the others are refused with their line when they are read. */
const MOST = 0.9;
/** Rows that are wanted before the order of columns is judged. */
const LEAST_ROWS = 13;

/** Recognises a file by its first rows. @param name what errors call it @throws BadInput when it is no table of bars */
export function recognise(name: string, head: readonly Row[], told: Told): Reading {
  const refuse = (what: string): BadInput => new BadInput(`${name}${what}`);
  const { header, named, data, first, before, below } = tableOf(head, refuse);
  const names = header?.map(columnName);
  const atFirst = (what: string): BadInput => refuse(`, line ${first.line}: ${what}`);

  const time = timeColumns(data, header);
  const stamps = data.map(({ cells }) => time.map((column) => cells[column] ?? "").join(" "));
  refuseSpreadsheet(stamps, atFirst);
  const { format, times, zoned } = stampFormat(stamps, told.timezone ?? "UTC", atFirst);
  if (zoned && told.timezone !== undefined) throw refuse(": its times say their zone themselves: leave --timezone out");

  const width = first.cells.length;
  const shape: Shape = { names, width, stamps: format === NUMBERS ? "numbers" : "text", path: first.path ?? "" };
  const dialect = chosenDialect(shape, told.format, refuse);
  if (dialect.refused !== undefined) throw refuse(` ${dialect.refused}`);

  const next = Math.max(...time) + 1;
  const found = named ?? { open: next, high: next + 1, low: next + 2, close: next + 3 };
  const style = dialect.numbers ?? numberStyle(data, Object.values(found), (what) => refuse(`: ${what}`));
  const step = stepOf(times, refuse);
  const columns = orderedColumns({ data, times, style, step, found, named: named !== undefined, dialect }, refuse);

  const added = lastMoments(times);
  const closing = added > 0 || CLOSING_NAMES.includes(names?.[time[0] ?? 0] ?? "");
  const stamp = told.stamp ?? (closing ? "close" : (dialect.stamp ?? "open"));
  const newestFirst = times.filter((each, i) => each < (times[i - 1] ?? each)).length > times.length / 2;
  const label = (column: number, otherwise: string): string => shown(header?.[column] ?? "") || otherwise;
  const moved = FIELDS.some((field) => columns[field] !== found[field]);
  const units = [...new Set(stamps.flatMap((each) => unixUnit(each) ?? []))].join(" and ");
  return {
    dialect,
    firstLine: first.line,
    width,
    time,
    columns,
    names: {
      open: label(columns.open, "open"),
      high: label(columns.high, "high"),
      low: label(columns.low, "low"),
      close: label(columns.close, "close"),
      time: label(time[0] ?? 0, "time"),
    },
    volume: volumeColumn(names, next + 4, width),
    stampFormat: format,
    style,
    zone: told.timezone ?? "UTC",
    newestFirst,
    stamp,
    added,
    step,
    said: [
      `${dialect.from} (${dialect.name})`,
      ...(step === undefined ? [] : [`${barName(step)} bars`]),
      format === NUMBERS ? `unix time in ${units}` : `times written ${format.name}`,
      zoned ? "UTC" : told.timezone === undefined ? "no zone in the times: taken as UTC (--timezone)" : `times of ${told.timezone}`,
      ...(stamp === "close" ? ["stamped at the close"] : []),
      ...(newestFirst ? ["newest first"] : []),
      ...(style === "comma" ? ["a comma before decimals"] : []),
      ...(moved ? [`columns in the order ${orderOf(columns).join(", ")}, by what is true of bars`] : []),
      ...(before > 0 ? [`${before} line${before === 1 ? "" : "s"} before the table left out`] : []),
      ...(below > 0 ? [`${below} line${below === 1 ? "" : "s"} without a number below the names left out`] : []),
    ],
  };
}

type Table = {
  /** Names as they are written; undefined where there are none. */
  readonly header: readonly string[] | undefined;
  /** Where the prices are by their names. */
  readonly named: Readonly<Record<Field, number>> | undefined;
  /** The rows below the names, and the first of them. */
  readonly data: readonly Row[];
  readonly first: Row;
  /** Lines before the table, and lines without a number below its names. */
  readonly before: number;
  readonly below: number;
};

/** Finds names and rows: the table begins at the first row of enough cells. @throws when there is none, or it is known to be no table of bars */
function tableOf(head: readonly Row[], refuse: (what: string) => BadInput): Table {
  const before = head.findIndex(({ cells }) => cells.length >= LEAST_CELLS);
  const top = head[before];
  if (top === undefined) throw refuse(" has no rows of a time and four prices");
  const found = columnsByName(top.cells);
  if (found === undefined && top.cells.some((cell) => /^\d/.test(cell))) {
    return { header: undefined, named: undefined, data: head.slice(before), first: top, before, below: 0 };
  }
  const names = top.cells.map(columnName);
  const unread = DIALECTS.find(
    ({ refused, has }) => refused !== undefined && has?.some((all) => all.every((each) => names.includes(each))),
  );
  if (found === undefined) {
    const said = shown(top.cells.join(", "));
    throw refuse(unread ? ` ${unread.refused}` : `, line ${top.line}: no columns named open, high, low and close: ${said}`);
  }
  if ("twice" in found) throw refuse(`, line ${top.line}: column ${shown(top.cells[found.twice] ?? "")} is there twice`);
  // some tools write more lines of names: no cell of them is a number
  const start = head.findIndex(({ cells }, i) => i > before && (/\d/.test(cells[0] ?? "") || cells.some(isAnyNumber)));
  const first = head[start];
  if (first === undefined) throw refuse(": no bars");
  return { header: top.cells, named: found.columns, data: head.slice(start), first, before, below: start - before - 1 };
}

const FIELDS: readonly Field[] = ["open", "high", "low", "close"];
/** Columns of times at which bars end. */
const CLOSING_NAMES = ["closetime", "timeclose", "endtime"];

function isAnyNumber(cell: string): boolean {
  return /\d/.test(cell) && (isStyle(cell, "point") || isStyle(cell, "comma"));
}

/** Where the prices are by the names of the columns; undefined where they are not all named. */
function columnsByName(
  cells: readonly string[],
): { readonly columns: Readonly<Record<Field, number>> } | { readonly twice: number } | undefined {
  const names = cells.map(columnName);
  const found: Partial<Record<Field, number>> = {};
  for (const field of FIELDS) {
    const exact = COLUMN_NAMES[field].find((name) => names.includes(name));
    // dvol_open, mid.o: the name of the field at the end of a longer one
    const places = names.flatMap((name, i) =>
      exact === undefined ? (name.endsWith(field) && !/^(adj|time)/.test(name) ? [i] : []) : name === exact ? [i] : [],
    );
    const [place, again] = places;
    if (place === undefined) return undefined;
    if (again !== undefined) return { twice: again };
    found[field] = place;
  }
  return { columns: found as Record<Field, number> };
}

/** The columns of the stamp: the surest name whose cells are times, or the first column; a date may have its time of day beside it. */
function timeColumns(data: readonly Row[], header: readonly string[] | undefined): readonly number[] {
  const names = header?.map(columnName);
  const isTime = (column: number): boolean => {
    const cells = data.map((row) => row.cells[column] ?? "");
    return STAMP_FORMATS.some((format) => share(cells, (cell) => !("wrong" in readStamp(cell, format, { zone: "UTC" }))) >= MOST);
  };
  // six digits alone may be a price: they are a time of day in a column of that name
  const timeOfDay = names === undefined ? /^\d\d?:\d\d(:\d\d(\.\d+)?)?$/ : /^(\d\d?:\d\d(:\d\d(\.\d+)?)?|[0-2]\d[0-5]\d[0-5]\d)$/;
  const isTimeOfDay = (column: number): boolean => share(data, ({ cells }) => timeOfDay.test(cells[column] ?? "")) >= MOST;
  const byName = names ? COLUMN_NAMES.time.flatMap((name) => (names.includes(name) ? [names.indexOf(name)] : [])) : [];
  const column = [...byName.filter((each) => !isTimeOfDay(each)), 0].find(isTime) ?? byName[0] ?? 0;
  const beside = names === undefined ? column + 1 : names.indexOf("time");
  return beside > 0 && beside !== column && isTimeOfDay(beside) ? [column, beside] : [column];
}

function share<T>(all: readonly T[], is: (each: T) => boolean): number {
  return all.length === 0 ? 0 : all.filter(is).length / all.length;
}

/** @throws when a spreadsheet has written the file anew and lost what tells the bars apart */
function refuseSpreadsheet(stamps: readonly string[], refuse: (what: string) => BadInput): void {
  const example = shown(stamps[0] ?? "");
  const digits = stamps.map((stamp) => /^(\d+)(?:[.,](\d+))?E\+?\d+$/i.exec(stamp)).map((found) => found && `${found[1]}${found[2] ?? ""}`);
  // unix times of hours need eight digits at least
  if (digits.every((each) => each !== null) && Math.max(...digits.map((each) => each?.length ?? 0)) < 8) {
    throw refuse(`times such as ${example} were rounded by a spreadsheet: export the file again and do not save it in one`);
  }
  if (share(stamps, (stamp) => /^[2-7]\d{4}([.,]\d+)?$/.test(stamp)) >= MOST) {
    throw refuse(`times such as ${example} are the days of a spreadsheet, rounded: export the file again and do not save it in one`);
  }
  if (share(stamps, (stamp) => /^\d\d?:\d\d\.\d$/.test(stamp)) >= MOST) {
    throw refuse(`times such as ${example} have lost their day in a spreadsheet: export the file again and do not save it in one`);
  }
}

/** Which character stands before decimals. @throws when it cannot be told */
function numberStyle(data: readonly Row[], columns: readonly number[], refuse: (what: string) => BadInput): NumberStyle {
  const cells = data.flatMap((row) => columns.map((column) => row.cells[column] ?? "")).filter((cell) => !isEmptyCell(cell));
  const [point, comma] = (["point", "comma"] as const).map((style) => share(cells, (cell) => isStyle(cell, style)));
  if ((comma ?? 0) > (point ?? 0)) return "comma";
  const unclear = comma === point && cells.find((cell) => cell.includes(","));
  if (unclear)
    throw refuse(`numbers such as ${shown(unclear)} may have a comma before decimals or between thousands: write them with a point`);
  return "point";
}

/** How stamps are written, and the moments of the first rows, milliseconds. @throws when none fits, or two do */
function stampFormat(
  stamps: readonly string[],
  zone: string,
  refuse: (what: string) => BadInput,
): { readonly format: StampFormat; readonly times: readonly number[]; readonly zoned: boolean } {
  const candidates = STAMP_FORMATS.flatMap((format) => {
    // twice where clocks are put back needs the direction, which the first pass shows
    const read = (newestFirst: boolean) => {
      let before: number | undefined;
      return stamps.map((stamp) => {
        const each = readStamp(stamp, format, { zone, before, newestFirst });
        if ("time" in each) before = each.time;
        return each;
      });
    };
    const forward = read(false);
    const good = forward.flatMap((each) => ("time" in each ? [each] : []));
    if (good.length < stamps.length * MOST || good.length === 0) return [];
    const falls = good.filter((each, i) => each.time < (good[i - 1]?.time ?? each.time)).length;
    const moments = (falls > good.length / 2 ? read(true) : forward).flatMap((each) => ("time" in each ? [each.time] : []));
    return [{ format, times: moments, zoned: good.every((each) => each.zoned), even: evenness(moments) }];
  });
  const [best, second] = candidates.sort((a, b) => b.even - a.even);
  if (best === undefined) {
    throw refuse(`"${shown(stamps[0] ?? "")}" is no time: unix time, 2020-03-12 10:00 and the like are`);
  }
  if (second && second.even === best.even) {
    throw refuse(`"${shown(stamps[0] ?? "")}" may be ${best.format.name} or ${second.format.name}: write dates as 2020-03-12`);
  }
  return best;
}

/** The part of the steps from row to row that are as long as most. */
function evenness(times: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const [i, time] of times.entries()) {
    const length = Math.abs(time - (times[i - 1] ?? time));
    if (length > 0) counts.set(length, (counts.get(length) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values()) / Math.max(times.length - 1, 1);
}

/** What is missing to the end of the bar where stamps name its last moment: a millisecond, a second; 0 where they do not. */
function lastMoments(times: readonly number[]): number {
  const toMinute = (time: number): number => Math.ceil(time / 60_000) * 60_000 - time;
  return [0.001, 1, 1_000].find((rest) => share(times, (time) => Math.abs(toMinute(time) - rest) < rest / 2) >= MOST) ?? 0;
}

/** Seconds between most neighbours. @throws when they are no bars of a minute to a day */
function stepOf(times: readonly number[], refuse: (what: string) => BadInput): number | undefined {
  const counts = new Map<number, number>();
  for (const [i, time] of times.entries()) {
    const seconds = Math.round(Math.abs(time - (times[i - 1] ?? time)) / 1000);
    if (seconds > 0) counts.set(seconds, (counts.get(seconds) ?? 0) + 1);
  }
  if (counts.size === 0) return undefined;
  const [step = 0] = [...counts].reduce((most, each) => (each[1] > most[1] ? each : most));
  const said = `: most of its rows are ${step.toLocaleString("en-US")} seconds apart`;
  if (step < MINUTE || step > DAY || DAY % step !== 0 || step % MINUTE !== 0) throw refuse(`${said}: give bars of a minute to a day`);
  return step;
}

function chosenDialect(shape: Shape, format: string | undefined, refuse: (what: string) => BadInput): Dialect {
  const own = dialectOf(shape);
  if (format === undefined) return own;
  const dialect = dialectNamed(format);
  if (dialect === undefined) throw new BadInput(`--format ${shown(format)}: there are ${FORMATS.join(", ")}`);
  if (!fits(dialect, shape)) throw refuse(` is not ${dialect.from} (--format ${dialect.name}); it looks like ${own.name}`);
  return dialect;
}

type Ordered = {
  readonly data: readonly Row[];
  readonly times: readonly number[];
  readonly style: NumberStyle;
  readonly step: number | undefined;
  readonly found: Readonly<Record<Field, number>>;
  readonly named: boolean;
  readonly dialect: Dialect;
};

/** The four columns, judged by what is true of bars. @throws when they are named otherwise than they are */
function orderedColumns(
  { data, times, style, step, found, named, dialect }: Ordered,
  refuse: (what: string) => BadInput,
): Readonly<Record<Field, number>> {
  const order = orderOf(found);
  const places = order.map((field) => found[field]);
  const seen = new Map<number, Quad>();
  if (times.length === data.length) {
    for (const [i, { cells }] of data.entries()) {
      const prices = places.map((place) => Number(plainNumber(cells[place] ?? "", style) || Number.NaN));
      const time = Math.round((times[i] ?? 0) / 1000);
      if (prices.every((price) => price > 0)) seen.set(time, { time, prices });
    }
  }
  const rows = [...seen.values()].sort((a, b) => a.time - b.time);
  if (step === undefined || rows.length < LEAST_ROWS) return found;
  const { possible, likely } = judgeOrder(rows, step);
  const key = (each: Order): string => each.join(", ");
  const wrong = stepVerdict(rows, order, step) === "exchanged";
  const isPossible = dialect.openOutside === true || possible.some((each) => key(each) === key(order));
  if (isPossible && !wrong) return found;
  const right = isPossible ? exchanged(order) : likely;
  // rows that are no bars in any order are refused one by one, with their line
  if (right === undefined) return found;
  if (named) throw refuse(`: the columns named ${key(order)} hold ${key(right)}, by what is true of bars: put their names right`);
  return Object.fromEntries(right.map((field, i) => [field, places[i]])) as Record<Field, number>;
}

/** The fields in the order of their columns. */
function orderOf(columns: Readonly<Record<Field, number>>): Order {
  return [...FIELDS].sort((a, b) => columns[a] - columns[b]) as unknown as Order;
}

function volumeColumn(names: readonly string[] | undefined, next: number, width: number): number | undefined {
  if (names === undefined) return next < width ? next : undefined;
  const name = COLUMN_NAMES.volume.find((each) => names.includes(each)) ?? names.find((each) => each.startsWith("volume"));
  return name === undefined ? undefined : names.indexOf(name);
}
