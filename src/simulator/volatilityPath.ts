import { type Bar, DAY, HOUR, moment } from "../data/bar.ts";
import { missingIn } from "../data/series.ts";
import { BadInput } from "../sdk/failure.ts";
import type { Window } from "./bars.ts";
import { BUILT_IN_START } from "./builtInPath.ts";
import { seededRandom } from "./random.ts";

/** Implied volatility at the money at a unix second, a year: 0.6 is 60 %. */
export type VolatilityPath = (time: number) => number;

/** At the money nothing is fed outside of these: with its smile a series stays below the cap that it is listed with. */
export const LEAST_VOLATILITY = 0.1;
export const MOST_VOLATILITY = 2.6;

/** The built-in crash: hour since its first day, implied volatility. Between the corners the path is drawn. */
const CORNERS: readonly (readonly [hour: number, volatility: number])[] = [
  [-24, 0.6],
  [0, 0.62],
  [6, 0.7],
  [9, 0.88],
  [10, 1.4], // the worst hour
  [14, 1.5],
  [22, 1.75],
  [26, 2.5], // the low
  [27, 2.4],
  [31, 2],
  [41, 1.65],
  [48, 1.55],
  [72, 1.2],
];

/** The path that belongs to the built-in prices: calm at 60 %, a jump in the worst hour, 250 % at the low, half of it a day later. */
export function builtInVolatility(seed: number): VolatilityPath {
  const random = seededRandom(seed ^ 0x5eed);
  const crash = BUILT_IN_START + DAY;
  const points = Array.from({ length: 97 }, (_, i): Point => {
    const hour = i - 24;
    return { time: crash + hour * HOUR, volatility: bounded(cornerAt(hour) * Math.exp(0.012 * random.normal())) };
  });
  return (time) => between(points, time);
}

function cornerAt(hour: number): number {
  let [from, volatility] = CORNERS[0] ?? [0, 0.6];
  for (const [corner, target] of CORNERS) {
    if (hour <= corner) return corner === from ? target : volatility + ((target - volatility) * (hour - from)) / (corner - from);
    [from, volatility] = [corner, target];
  }
  return volatility;
}

/**
 * The path of recorded volatilities: hourly bars in percent a year, from open to close within a bar, and what was last known in a gap.
 * @param name what errors call the file
 * @throws BadInput when the bars do not cover the played window
 */
export function recordedVolatility(bars: readonly Bar[], { played }: Pick<Window, "played">, name: string): VolatilityPath {
  const [first, last] = [bars[0]?.time ?? 0, (bars.at(-1)?.time ?? -HOUR) + HOUR];
  const [from, to] = [played[0]?.time ?? 0, (played.at(-1)?.time ?? 0) + HOUR];
  if (first > from || last < to) {
    throw new BadInput(
      `${name}: the volatilities run from ${moment(first)} to ${moment(last)}, what is played from ${moment(from)} to ${moment(to)}`,
    );
  }
  // what is played may begin in a hole: the last bar before it is wanted, however old
  const begin = bars.findLast(({ time }) => time <= from)?.time ?? from;
  const points = bars
    .filter(({ time }) => time >= begin && time <= to)
    .flatMap((bar, i, all): Point[] => {
      const [close, next] = [bounded(percent(bar.close)), all[i + 1]];
      const ends = [{ time: bar.time + HOUR - 1, volatility: close }];
      // what comes after a hole is not known in it
      if (next !== undefined && next.time > bar.time + HOUR) ends.push({ time: next.time - 1, volatility: close });
      return [{ time: bar.time, volatility: bounded(percent(bar.open)) }, ...ends];
    });
  return (time) => between(points, time);
}

/** What has to be said of recorded volatilities where they are played: hours without one, and those beyond what is fed. */
export function volatilityNotes(bars: readonly Bar[], { played }: Pick<Window, "played">): string[] {
  const [from, to] = [played[0]?.time ?? 0, (played.at(-1)?.time ?? 0) + HOUR];
  const holes = bars.flatMap(({ time }, i) => {
    const last = bars[i - 1];
    return last !== undefined && last.time + HOUR < time ? [{ from: last.time + HOUR, to: time }] : [];
  });
  const missing = missingIn(holes, from, to);
  const inside = bars.filter(({ time }) => time >= from && time < to);
  const above = inside.filter(({ high }) => percent(high) > MOST_VOLATILITY).length;
  const below = inside.filter(({ low }) => percent(low) < LEAST_VOLATILITY).length;
  return [
    ...(missing === undefined ? [] : [`${missing}: the last one before them holds`]),
    ...(above === 0 ? [] : [`above ${MOST_VOLATILITY * 100} % in ${above} hours: played as that`]),
    ...(below === 0 ? [] : [`below ${LEAST_VOLATILITY * 100} % in ${below} hours: played as that`]),
  ];
}

const HALF_LIFE = 12;
const PREMIUM = 1.1;
const HOURS_IN_YEAR = 8_760;

/**
 * Where no volatilities are given: a tenth above the realised volatility of the hourly closes that came before, weighed with a half-life of twelve hours. Options are
 * dearer than what is realised on most days, and follow it within hours in a crash.
 */
export function realisedVolatility({ warmUp, played }: Window): VolatilityPath {
  const points: Point[] = [];
  let [variance, weight] = [0, 0];
  let last: Bar | undefined;
  for (const bar of [...warmUp, ...played]) {
    const moved = Math.log(Number(bar.close) / Number(last?.close ?? bar.open));
    const kept = 2 ** (-1 / HALF_LIFE);
    [variance, weight] = [variance * kept + moved * moved, weight * kept + 1];
    points.push({ time: bar.time + HOUR, volatility: bounded(PREMIUM * Math.sqrt((variance / weight) * HOURS_IN_YEAR)) });
    last = bar;
  }
  return (time) => between(points, time);
}

type Point = { readonly time: number; readonly volatility: number };

/** In a straight line between two points, and beyond them the nearest. */
function between(points: readonly Point[], time: number): number {
  const after = points.findIndex((point) => point.time > time);
  const [before, next] = [points[after < 0 ? points.length - 1 : Math.max(after - 1, 0)], points[after]];
  if (before === undefined) throw new RangeError("a volatility path without points");
  if (next === undefined || next.time === before.time || time <= before.time) return before.volatility;
  return before.volatility + ((next.volatility - before.volatility) * (time - before.time)) / (next.time - before.time);
}

function bounded(volatility: number): number {
  return Math.min(Math.max(volatility, LEAST_VOLATILITY), MOST_VOLATILITY);
}

function percent(value: bigint): number {
  return Number(value) / 1e20;
}
