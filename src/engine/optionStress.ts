import { max } from "./fixedPoint.ts";
import { moveOf } from "./stress.ts";

/** What counts of the loss in an extreme, percent. */
export const COUNTED_PERCENT = 35n;

const LEAST_FORWARD_PART = 2n ** 20n;

/** Scenarios of one row differ in the price alone. */
export type VolatilityRow = "mark" | "up" | "down";

/** The price move of a scenario before damping, in thirtieths of the scan range. */
export function undampedMoveOf(scenario: bigint): bigint {
  return scenario === 15n ? 60n : scenario === 16n ? -60n : moveOf(scenario);
}

/** Which volatility an option has in a scenario; extremes keep the mark's. */
export function rowOf(scenario: bigint): VolatilityRow {
  return scenario === 0n || scenario > 14n ? "mark" : scenario % 2n === 1n ? "up" : "down";
}

/** A thirtieth of the scan range as a price, rounded down. */
export function stepDown(forward: bigint, range: bigint): bigint {
  return (forward * (range / 10n ** 9n)) / (30n * 10n ** 9n);
}

/**
 * The forward that an option is priced at in a scenario, extremes undamped, WAD: whole steps from the forward, never below 2⁻²⁰ of it.
 * @example forwardAt(3_000n * WAD, WAD / 10n, 15n) // 3_600n * WAD: two ranges up
 */
export function forwardAt(forward: bigint, range: bigint, scenario: bigint): bigint {
  const price = forward + stepDown(forward, range) * undampedMoveOf(scenario);
  return max(price, (forward + LEAST_FORWARD_PART - 1n) / LEAST_FORWARD_PART);
}

/** What counts of an extreme: the value at the mark and 35 % of what changes from there, rounded down. */
export function dampedDown(mark: bigint, extreme: bigint): bigint {
  return (mark * (100n - COUNTED_PERCENT) + extreme * COUNTED_PERCENT) / 100n;
}
