import { BadInput } from "../sdk/failure.ts";
import { type Bar, barName, DAY, HOUR, moment, span } from "./bar.ts";
import type { ReadBar } from "./barReader.ts";
import { StepCount } from "./columnOrder.ts";

/** A stretch without bars. Unix seconds: from where the first missing one starts to where the next one that is there starts. */
export type Hole = { readonly from: number; readonly to: number };

/** A price so far from its neighbours that it is a bad tick, another scale or a crash of one venue. */
export type Jump = { readonly time: number; readonly where: string; readonly what: string };

/** Everything that was found in the rows of a series. Times are unix seconds. */
export type Findings = {
  /** Seconds from bar to bar in the files, and in the bars that are played. */
  readonly step: number;
  readonly played: number;
  readonly from: number;
  /** Where the last bar ends. */
  readonly to: number;
  /** Bars of the files between both, how many of them are there, and how many were left out because nothing was traded. */
  readonly expected: number;
  readonly present: number;
  readonly quiet: number;
  readonly holes: readonly Hole[];
  /** Rows that repeat another one to the digit. */
  readonly duplicates: number;
  readonly outOfOrder: number;
  readonly withoutPrices: number;
  /** Prices of more than 18 decimals, rounded halves up. */
  readonly rounded: number;
  /** Bars whose open was outside low and high. */
  readonly widened: number;
  /** Played bars at either end that the files cover in part only, which are left out. */
  readonly partial: number;
  readonly jumps: readonly Jump[];
};

/** How far a price may be from its neighbours, as a factor. Hourly bars of BTC and ETH since 2017 stay below 2. */
const JUMP = 3;
/** Where bars without trades are left out, a longer silence is an outage. */
const QUIET = 3 * HOUR;
/** Bars between two looks at whether open and close changed places. */
const BLOCK = 100;

type Bucket = Bar & { first: number; last: number; openAt: string; highAt: string; lowAt: string };

/** Collects the rows of the files of one series, in any order, into bars of `played` seconds, and what is wrong with them. */
export class SeriesCollector {
  readonly #step: number;
  readonly #played: number;
  readonly #buckets = new Map<number, { -readonly [key in keyof Bucket]: Bucket[key] }>();
  readonly #times: number[] = [];
  readonly #marks: number[] = [];
  readonly #lines: number[] = [];
  readonly #empty: number[] = [];
  readonly #files: { readonly name: string; readonly start: number }[] = [];
  #last: Bar | undefined;
  #steps = new StepCount();
  #quiet = false;
  #outOfOrder = 0;
  #newestFirst = false;
  #rounded = 0;
  #widened = 0;

  constructor(step: number, played: number) {
    this.#step = step;
    this.#played = played;
  }

  /** Rows that follow are of this file. @param quiet whether it leaves out bars without trades */
  begin(name: string, quiet: boolean, newestFirst: boolean): void {
    this.#files.push({ name, start: this.#times.length });
    this.#quiet ||= quiet;
    this.#newestFirst = newestFirst;
    this.#last = undefined;
    this.#steps = new StepCount();
  }

  add({ time, bar, rounded, widened }: ReadBar, line: number): void {
    if (bar === undefined) {
      this.#empty.push(time);
      return;
    }
    this.#rounded += rounded;
    if (widened) this.#widened++;
    this.#times.push(time);
    this.#marks.push(markOf(bar));
    this.#lines.push(line);
    const where = `${this.#files.at(-1)?.name ?? ""}, line ${line}`;
    const last = this.#last;
    if (last !== undefined) {
      if (this.#newestFirst ? time > last.time : time < last.time) this.#outOfOrder++;
      this.#watchOrder(this.#newestFirst ? bar : last, this.#newestFirst ? last : bar, where);
    }
    this.#last = bar;
    this.#put(bar, where);
  }

  /** Open and close that change places in the middle of a file: bars then close where the last one opened. */
  #watchOrder(last: Bar, bar: Bar, where: string): void {
    if (bar.time - last.time !== this.#step) return;
    this.#steps.add(Number(last.open), Number(last.close), Number(bar.open), Number(bar.close));
    if (this.#steps.count < BLOCK) return;
    if (this.#steps.verdict === "exchanged") {
      throw new BadInput(`${where}: open and close are exchanged in the ${BLOCK} bars before it: bars close where the last one opened`);
    }
    this.#steps = new StepCount();
  }

  #put(bar: Bar, where: string): void {
    const time = bar.time - (bar.time % this.#played);
    const bucket = this.#buckets.get(time);
    if (bucket === undefined) {
      this.#buckets.set(time, { ...bar, time, first: bar.time, last: bar.time, openAt: where, highAt: where, lowAt: where });
      return;
    }
    if (bar.time < bucket.first) [bucket.first, bucket.open, bucket.openAt] = [bar.time, bar.open, where];
    if (bar.time > bucket.last) [bucket.last, bucket.close] = [bar.time, bar.close];
    if (bar.high > bucket.high) [bucket.high, bucket.highAt] = [bar.high, where];
    if (bar.low < bucket.low) [bucket.low, bucket.lowAt] = [bar.low, where];
  }

  /** The bars, oldest first, and what was found. @throws BadInput when two rows of one time differ, or there are none */
  finish(): { readonly bars: Bar[]; readonly findings: Findings } {
    const [step, played] = [this.#step, this.#played];
    const { times, duplicates } = this.#unique();
    const [first, last] = [times[0], times.at(-1)];
    if (first === undefined || last === undefined) throw new BadInput(`${this.#files[0]?.name ?? "the file"}: no bars with prices`);
    const empty = [...new Set(this.#empty.sort((a, b) => a - b))];
    const { holes, quiet } = this.#gaps(times, empty);

    // a bar that is played has to be covered to both ends
    const [begin, end] = [Math.min(first, empty[0] ?? first), Math.max(last, empty.at(-1) ?? last) + step];
    const starts = Math.ceil(begin / played) * played;
    const ends = Math.floor(end / played) * played;
    const bars: Bar[] = [];
    const kept: Bucket[] = [];
    let before: Bar | undefined;
    let next = 0;
    for (let time = starts; time < ends; time += played) {
      while ((holes[next]?.to ?? Number.POSITIVE_INFINITY) <= time) next++;
      const inHole = (holes[next]?.from ?? Number.POSITIVE_INFINITY) < time + played;
      const bucket = this.#buckets.get(time);
      if (bucket !== undefined) {
        const { open, high, low, close } = bucket;
        before = { time, open, high, low, close };
        bars.push(before);
        kept.push(bucket);
      } else if (before !== undefined && !inHole) {
        // nothing was traded: the last price stands
        bars.push({ time, open: before.close, high: before.close, low: before.close, close: before.close });
      }
    }
    if (bars.length === 0) throw new BadInput(`${this.#files[0]?.name ?? "the file"}: no whole ${barName(played)} bar`);
    const partial = [...this.#buckets.keys()].filter((time) => time < starts || time >= ends).length;
    const findings: Findings = {
      step,
      played,
      from: first,
      to: last + step,
      expected: (last - first) / step + 1,
      present: times.length,
      quiet,
      holes,
      duplicates,
      outOfOrder: this.#outOfOrder,
      withoutPrices: this.#empty.length,
      rounded: this.#rounded,
      widened: this.#widened,
      partial,
      jumps: jumpsOf(kept),
    };
    return { bars, findings };
  }

  /** The times of all bars, oldest first, each once. */
  #unique(): { readonly times: number[]; readonly duplicates: number } {
    const time = (index: number): number => this.#times[index] ?? 0;
    const order = Uint32Array.from(this.#times.keys());
    if (this.#times.some((each, i) => i > 0 && each <= time(i - 1))) order.sort((a, b) => time(a) - time(b) || a - b);
    const times: number[] = [];
    let [duplicates, last] = [0, -1];
    for (const index of order) {
      if (last >= 0 && time(index) === time(last)) {
        if (this.#marks[index] !== this.#marks[last]) {
          throw new BadInput(`${this.#place(index)}: the bar of ${moment(time(index))} differs from the one in ${this.#place(last)}`);
        }
        duplicates++;
      } else times.push(time(index));
      last = index;
    }
    return { times, duplicates };
  }

  #place(index: number): string {
    const file = this.#files.findLast(({ start }) => start <= index);
    return `${file?.name ?? ""}, line ${this.#lines[index] ?? 0}`;
  }

  /** Missing bars: those in which nothing was traded, and holes. */
  #gaps(times: readonly number[], empty: readonly number[]): { readonly holes: Hole[]; readonly quiet: number } {
    const holes: Hole[] = [];
    let [quiet, next] = [0, 0];
    for (const [i, time] of times.entries()) {
      const from = (times[i - 1] ?? time - this.#step) + this.#step;
      if (from >= time) continue;
      while (next < empty.length && (empty[next] ?? 0) < from) next++;
      let told = 0;
      for (; next < empty.length && (empty[next] ?? 0) < time; next++) told++;
      const missing = (time - from) / this.#step;
      if (time - from <= QUIET && (this.#quiet || told === missing)) quiet += missing;
      else holes.push({ from, to: time });
    }
    return { holes, quiet };
  }
}

/** 53 bits of the prices of a bar, by which repeated rows are compared: two different bars share them once in 10¹⁵. */
function markOf({ open, high, low, close }: Bar): number {
  const mixed = open * 0x9e3779b97f4a7c15n + high * 0xc2b2ae3d27d4eb4fn + low * 0x165667b19e3779f9n + close * 0x27d4eb2f165667c5n;
  return Number(BigInt.asUintN(64, mixed ^ (mixed >> 64n)) >> 11n);
}

/** Prices at least three times away from what stands beside them, in the bar or in the one before it. */
function jumpsOf(bars: readonly Bucket[]): Jump[] {
  const jumps: Jump[] = [];
  let last: Bucket | undefined;
  for (const bar of bars) {
    const { time, open, high, low, close } = bar;
    const note = (name: string, price: bigint, of: string, beside: bigint, where: string): void => {
      const factor = price > beside ? Number(price) / Number(beside) : Number(beside) / Number(price);
      if (factor < JUMP) return;
      const times = factor >= 100 ? Math.round(factor).toLocaleString("en-US") : factor.toFixed(1);
      jumps.push({
        time,
        where,
        what: `${name} ${priceText(price)} is ${times} times ${price > beside ? "above" : "below"} ${of} ${priceText(beside)}`,
      });
    };
    if (last !== undefined && time - last.time <= DAY) note("open", open, "the last close", last.close, bar.openAt);
    const [most, least] = open > close ? [open, close] : [close, open];
    note("high", high, "open and close,", most, bar.highAt);
    note("low", low, "open and close,", least, bar.lowAt);
    note("close", close, "the open", open, bar.highAt);
    last = bar;
  }
  return jumps;
}

function priceText(price: bigint): string {
  return Number(Number(price).toPrecision(15)) === 0 ? "0" : String(Number((Number(price) / 1e18).toPrecision(8)));
}

/** What is missing in a stretch, in words; undefined where nothing is. @param step seconds from bar to bar in the files */
export function missingIn(holes: readonly Hole[], from: number, to: number): string | undefined {
  const inside = holes
    .map((hole) => ({ from: Math.max(hole.from, from), to: Math.min(hole.to, to) }))
    .filter((hole) => hole.from < hole.to);
  const [first] = inside;
  if (first === undefined) return undefined;
  const length = (hole: Hole): number => hole.to - hole.from;
  const longest = inside.reduce((most, each) => (length(each) > length(most) ? each : most));
  const all = inside.reduce((sum, each) => sum + length(each), 0);
  const shownHole = `${span(length(longest))} from ${moment(longest.from)} to ${moment(longest.to)}`;
  return inside.length === 1
    ? `${shownHole} are missing`
    : `${span(all)} are missing in ${inside.length} holes, the longest of them ${shownHole}`;
}
