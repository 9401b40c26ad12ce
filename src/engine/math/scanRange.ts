import { max, min } from "../types/fixedPoint.ts";
import { squareRootUp } from "../types/squareRoot.ts";
import { MOST_VARIANCE } from "./variance.ts";

const PPB = 1_000_000_000n;
const YEAR = 31_536_000n;
const DAY = 86_400n;
const RISE_PER_DAY = 100_000_000n;
const FALL_PER_DAY = 20_000_000n;
const RISE_TIME = 3_600n;

/** From the forecast to the scan range. */
export interface RangeParameters {
  readonly multiple: bigint; // ppm
  readonly horizon: bigint; // seconds
  readonly rangeFloor: bigint; // ppb
  readonly rangeCap: bigint; // ppb
  readonly sigmaFloor: bigint; // ppm a year
}

/** The least σ² of an underlying, 1e-10 a year. The twin of `ScanRange.varianceFloor`. */
export function varianceFloor(volatility: RangeParameters): bigint {
  return min((volatility.sigmaFloor * volatility.sigmaFloor + 99n) / 100n, MOST_VARIANCE);
}

/** clamp(k·σ·√horizon, floor, cap), ppb. The twin of `ScanRange.target`. */
export function targetRange(volatility: RangeParameters, variance: bigint): bigint {
  const squared = volatility.multiple * volatility.multiple * variance * volatility.horizon;
  const unit = 10_000n * YEAR;
  const range = squareRootUp((squared + unit - 1n) / unit);
  return max(min(range, volatility.rangeCap), volatility.rangeFloor);
}

/** What of a range of `horizon` seconds belongs to `elapsed`: range·√(elapsed / horizon), ppb, rounded up. The twin of `ScanRange.moveUp`. */
export function moveUp(range: bigint, elapsed: bigint, horizon: bigint): bigint {
  return squareRootUp((range * range * elapsed + horizon - 1n) / horizon);
}

/** The held range `elapsed` seconds, in whole hours of the grid, after the last price, ppb. The twin of `ScanRange.held`. */
export function heldRange(held: bigint, target: bigint, elapsed: bigint): bigint {
  if (target > held) {
    const rise = (held * RISE_PER_DAY * min(elapsed, RISE_TIME)) / (PPB * DAY);
    return min(target, held + rise);
  }
  const fall = (held * FALL_PER_DAY * elapsed) / (PPB * DAY);
  return max(target, max(held - fall, 0n));
}
