import { max, min } from "../types/fixedPoint.ts";

/** Seconds to which a rate belongs. */
export const FUNDING_PERIOD = 28_800n;

/** Highest rate over eight hours either way, ppb. */
export const RATE_MAX = 7_500_000n;

/** How far the rate may move in an hour, ppb over eight hours. */
export const SLEW_PER_HOUR = 1_000_000n;

const PPB = 1_000_000_000n;
const NORMAL = 0n;

/** What the index of an underlying depends on. */
export interface Accruing {
  readonly price: bigint; // of a lot, WAD
  readonly priceTime: bigint; // unix seconds
  readonly priceState: bigint;
  readonly funding: {
    readonly index: bigint; // signed WAD a lot
    readonly rate: bigint; // signed ppb over eight hours
    readonly time: bigint; // of the index
  };
}

/**
 * The cumulative funding index at `now`, WAD a lot, rounded toward zero; it stands still while the price is not normal or is older than
 * `tradingAge`. The twin of `Funding.indexAt`.
 */
export function indexNow(underlying: Accruing, tradingAge: bigint, now: bigint): bigint {
  const { index, rate, time } = underlying.funding;
  if (underlying.priceState !== NORMAL) return index;
  const until = min(now, underlying.priceTime + tradingAge);
  if (until <= time) return index;
  return index + (rate * underlying.price * (until - time)) / (FUNDING_PERIOD * PPB);
}

/** The funding of an underlying with its index brought to `now`. The twin of `Funding.accrued`. */
export function accrued<F extends Accruing["funding"]>(underlying: Accruing & { readonly funding: F }, tradingAge: bigint, now: bigint): F {
  return { ...underlying.funding, index: indexNow(underlying, tradingAge, now), time: now };
}

/**
 * What becomes of a proposed rate `elapsed` seconds after the last was set, ppb. The twin of `Funding.bounded`.
 * @example bounded(9_000_000n, 0n, 3_600n) // 1_000_000n
 */
export function bounded(proposed: bigint, current: bigint, elapsed: bigint): bigint {
  const within = clamp(proposed, -RATE_MAX, RATE_MAX);
  const step = (SLEW_PER_HOUR * min(elapsed, 54_000n)) / 3_600n;
  return clamp(within, current - step, current + step);
}

function clamp(value: bigint, least: bigint, most: bigint): bigint {
  return max(min(value, most), least);
}
