import { DAY_HOURS } from "./realised.ts";

/** RV/h − ln(RV/h) − 1: zero where the forecast h is right, and more for too little than for too much. NaN where either is not there. */
export function qlike(realised: number, forecast: number): number {
  const ratio = realised / forecast;
  return ratio - Math.log(ratio) - 1;
}

/** How ranges move with the market. */
export interface Procyclicality {
  /** As fractions of the price. */
  readonly mean: number;
  readonly least: number;
  readonly most: number;
  /** Mean of 1 / range. */
  readonly leverage: number;
  /** The largest range over the smallest. */
  readonly peakToTrough: number;
  /** The largest rise within 24 hours, as a part of what the range was. */
  readonly largestDailyStep: number;
}

/** @param ranges hourly, NaN where there is none */
export function procyclicality(ranges: Float64Array): Procyclicality {
  let [sum, inverse, count, least, most, step] = [0, 0, 0, Number.POSITIVE_INFINITY, 0, 0];
  for (let i = 0; i < ranges.length; i++) {
    const range = ranges[i]!;
    if (Number.isNaN(range)) continue;
    sum += range;
    inverse += 1 / range;
    count++;
    least = Math.min(least, range);
    most = Math.max(most, range);
    const before = ranges[i - DAY_HOURS] ?? Number.NaN;
    if (!Number.isNaN(before)) step = Math.max(step, range / before - 1);
  }
  return { mean: sum / count, least, most, leverage: inverse / count, peakToTrough: most / least, largestDailyStep: step };
}
