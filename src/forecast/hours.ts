import { type Bar, HOUR } from "../data/bar.ts";

/** An hourly grid. What is not there is NaN. */
export interface Hours {
  /** Unix second at which the first hour starts. */
  readonly start: number;
  readonly count: number;
  /** Settlement tokens for one unit. */
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** ln(close / the last close before), also over a hole: it ends in the hour. */
  readonly returns: Float64Array;
}

/** Hourly bars, oldest first, on a grid without jumps. @throws RangeError where there are none */
export function hoursOf(bars: readonly Bar[]): Hours {
  const [first, last] = [bars[0], bars.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError("no bars");
  const count = (last.time - first.time) / HOUR + 1;
  const empty = (): Float64Array => new Float64Array(count).fill(Number.NaN);
  const [high, low, close, returns] = [empty(), empty(), empty(), empty()];
  let before = Number.NaN;
  for (const bar of bars) {
    const i = (bar.time - first.time) / HOUR;
    high[i] = Number(bar.high) / 1e18;
    low[i] = Number(bar.low) / 1e18;
    close[i] = Number(bar.close) / 1e18;
    returns[i] = Math.log(close[i]! / before);
    before = close[i]!;
  }
  return { start: first.time, count, high, low, close, returns };
}

/** When hour `i` ends and its close is known, unix seconds. */
export const knownAt = ({ start }: Hours, i: number): number => start + (i + 1) * HOUR;
