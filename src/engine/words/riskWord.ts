import { revert } from "../types/errors.ts";
import { divUp } from "../types/fixedPoint.ts";

/** Scenario 0 is the mark; 1 to 16 are stressed. */
export const SCENARIOS = 16;

/** Lanes of a risk word: the mark and the sixteen scenarios. */
export const LANES = SCENARIOS + 1;

const LANE_BITS = 15n;
/** The most units that a lane holds. */
export const LARGEST_LANE = 2n ** LANE_BITS - 1n;

/** The unit of the lanes of a series, WAD: the anchor price of a lot over 2^15, rounded up. */
export function unitUp(anchor: bigint): bigint {
  return divUp(anchor, 2n ** LANE_BITS);
}

/** Whether the call of a strike is stored: the side that is out of the money at the anchor, and at the money. */
export function storesCall(anchorForward: bigint, strike: bigint): boolean {
  return strike >= anchorForward;
}

/**
 * The risk word of a strike: each value of a lot rounded down to whole units.
 * @param values of one lot, WAD, by scenario
 * @throws Reverted `LaneSaturated` (scenario, value, unit)
 * @example packDown([5n, 4n, ...], 2n, true) // lane 0 is 2, lane 1 is 2
 */
export function packDown(values: readonly bigint[], unit: bigint, call: boolean): bigint {
  return values.reduce(
    (word, value, scenario) => {
      const units = value / unit;
      if (units > LARGEST_LANE) revert("LaneSaturated", BigInt(scenario), value, unit);
      return word | (units << (LANE_BITS * BigInt(scenario)));
    },
    call ? 1n << 255n : 0n,
  );
}

/** What a lot is worth in a scenario, in units of its series. */
export function laneOf(word: bigint, scenario: number): bigint {
  return (word >> (LANE_BITS * BigInt(scenario))) & LARGEST_LANE;
}

/** Whether the word is of the call. */
export function ofCall(word: bigint): boolean {
  return word >> 255n === 1n;
}
