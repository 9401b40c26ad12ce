import { divUp, floorDivide, max, min, WAD } from "../../types/fixedPoint.ts";
import type { Place } from "../../types/holding.ts";
import { LANES, packDown, storesCall, unitUp } from "../../words/riskWord.ts";
import { moveOf } from "../stress.ts";
import { logMoneynessOf, rootOf, totalVolatilityOf, undiscounted } from "./black76.ts";
import { volatilityRows } from "./volatilityShock.ts";

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

export const ALL_LANES = Array.from({ length: LANES }, (_, k) => k);

/**
 * What a lot of the call, or of the put, of a strike is worth at the mark and in the sixteen scenarios, WAD, rounded down: the values that a risk word packs.
 * @param volatility a year, 18 decimals
 * @param varianceTime to settlement, seconds with 18 decimals
 * @param lanes the mark and the scenarios that are asked for, in the order of the answer
 * @example scenarioValuesDown(true, 3_300n * WAD, WAD / 2n, { forward: 3_000n * WAD, range: WAD / 10n }, 2_592_000n * WAD)[0] // about 64.5 * WAD
 */
export function scenarioValuesDown(
  isCall: boolean,
  strike: bigint,
  volatility: bigint,
  place: Place,
  varianceTime: bigint,
  lanes: readonly number[] = ALL_LANES,
): bigint[] {
  const rows = volatilityRows(volatility, varianceTime / WAD);
  const root = rootOf(varianceTime);
  // as a refresh does: one logarithm a strike, and one for each moved forward
  const x = logMoneynessOf(place.forward, strike);
  const valueIn = (k: number): bigint => {
    const forward = forwardAt(place.forward, place.range, BigInt(k));
    const moved = forward === place.forward ? 0n : logMoneynessOf(forward, place.forward);
    const { call, put } = undiscounted(forward, strike, x + moved, totalVolatilityOf(rows[rowOf(BigInt(k))], root));
    return isCall ? call : put;
  };
  const mark = valueIn(0);
  return lanes.map((k) => (k === 0 ? mark : k < 15 ? valueIn(k) : dampedDown(mark, valueIn(k))));
}

/**
 * The risk word of a strike at an anchor.
 * @param time seconds of variance time to settlement
 * @throws Reverted `LaneSaturated` (scenario, value, unit)
 */
export function riskWordAt(strike: bigint, volatility: bigint, anchor: Place, time: bigint): bigint {
  const call = storesCall(anchor.forward, strike);
  return packDown(scenarioValuesDown(call, strike, volatility, anchor, time * WAD), unitUp(anchor.forward), call);
}

/** A short option needs at least this part of the scan range, of the forward. */
export const SHORT_OPTION_PART = 4n;

/** What lots of an option weigh in the short option minimum, WAD, rounded against the account: what is long down, what is short up. */
export function weightDown(isCall: boolean, strike: bigint, forward: bigint, lots: bigint): bigint {
  if (!isCall) return lots * min(forward, strike);
  return strike <= forward ? lots * forward : floorDivide(lots * forward * forward, strike);
}

/** The least that a lot of an option needs when it is short, WAD, rounded up. */
export function leastOfShort(isCall: boolean, strike: bigint, forward: bigint, range: bigint): bigint {
  return divUp(-weightDown(isCall, strike, forward, -1n) * range, SHORT_OPTION_PART * WAD);
}
