import { type Forecast, forecastAt } from "../engine/actions/prices.ts";
import { type RangeParameters, varianceFloor } from "../engine/math/scanRange.ts";
import { largest } from "../engine/math/variance.ts";
import { type Hours, knownAt } from "./hours.ts";

const YEAR_HOURS = 8_760;
const PPB = 1e9;
const SCALE = 1e10;

/** What the contract says when each hour has ended; NaN where no price was posted. */
export interface OnChain {
  /** Scan ranges as fractions of the price. */
  readonly target: Float64Array;
  readonly held: Float64Array;
  /** Variance of an hour: the larger of fast and slow and the floor, and the fast one alone. */
  readonly variance: Float64Array;
  readonly fast: Float64Array;
}

/**
 * The rule of the vault, in its own integers, as if each hour's close were posted on time. It starts without a sample, as a new vault does.
 * @param volatility of the deployment
 * @param lotExponent a lot is 10^−lotExponent units
 */
export function onChainRule(hours: Hours, volatility: RangeParameters, lotExponent: number): OnChain {
  const empty = (): Float64Array => new Float64Array(hours.count).fill(Number.NaN);
  const rule = { target: empty(), held: empty(), variance: empty(), fast: empty() };
  const floor = varianceFloor(volatility);
  let state: Forecast = {
    sample: { price: 0n, time: 0n, fast: 0n, slow: 0n, rateTime: 0n },
    volatility,
    targetRange: 0n,
    heldRange: 0n,
    priceTime: 0n,
  };
  const lot = 10 ** (18 - lotExponent);
  for (let i = 0; i < hours.count; i++) {
    if (Number.isNaN(hours.close[i]!)) continue;
    const price = BigInt(Math.round(hours.close[i]! * lot));
    state = forecastAt(state, price, BigInt(knownAt(hours, i))).after;
    const { fast, slow } = state.sample;
    rule.target[i] = Number(state.targetRange) / PPB;
    rule.held[i] = Number(state.heldRange) / PPB;
    rule.variance[i] = Number(largest(fast, slow, floor)) / SCALE / YEAR_HOURS;
    rule.fast[i] = Number(fast) / SCALE / YEAR_HOURS;
  }
  return rule;
}
