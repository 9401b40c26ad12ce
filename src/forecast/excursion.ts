import jstat from "jstat";
import type { Hours } from "./hours.ts";

/** How far the price goes against each side, as fractions of where it was. */
export interface Excursions {
  /** Against longs: 1 − lowest / close. Against shorts: highest / close − 1. NaN where an hour is missing or not yet over. */
  readonly long: Float64Array;
  readonly short: Float64Array;
}

/** Adverse excursions of the `horizon` hours after each hour's close, from their lows and highs. Below zero where the price only went the good way. */
export function adverseExcursions({ count, high, low, close }: Hours, horizon: number): Excursions {
  const [long, short] = [new Float64Array(count).fill(Number.NaN), new Float64Array(count).fill(Number.NaN)];
  for (let i = 0; i + horizon < count; i++) {
    let [lowest, highest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let j = i + 1; j <= i + horizon; j++) {
      // a missing hour makes both NaN
      lowest = Math.min(lowest, low[j]!);
      highest = Math.max(highest, high[j]!);
    }
    long[i] = 1 - lowest / close[i]!;
    short[i] = highest / close[i]! - 1;
  }
  return { long, short };
}

/** The quantile with linear interpolation (NumPy's default). NaN of nothing. @param part from 0 to 1 */
export function quantile(values: readonly number[], part: number): number {
  return values.length === 0 ? Number.NaN : jstat.quantiles(values, [part], 1, 1)[0]!;
}
