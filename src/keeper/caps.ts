import { refreshOpenInterestCap } from "../engine/actions/fund.ts";
import { Reverted } from "../engine/types/errors.ts";
import { abs } from "../engine/types/fixedPoint.ts";
import type { State } from "../engine/types/types.ts";

/** Underlyings whose cap of the open interest is to be set anew. */
export type CapWatch = (state: State) => readonly number[];

/** Part of a cap that is worth a transaction. */
const WORTH = 10n;
const AGAIN_AFTER = 600n; // seconds

/**
 * Watches what the fund supports. The books do not hold all of what the vault counts, so where a refresh did not bring the cap that they make out, it is
 * asked for again only when that has changed, or after ten minutes.
 */
export function watchCaps(): CapWatch {
  const asked = new Map<number, { readonly cap: bigint; readonly time: bigint }>();
  return (state) =>
    state.underlyings.flatMap((underlying, index) => {
      const cap = supportedCap(state, index);
      const { cap: now, openInterest } = underlying.funding;
      // one that nobody is near costs nothing as it is
      if (cap === undefined || !differs(cap, now) || 2n * openInterest < (cap < now ? cap : now)) return [];
      const last = asked.get(index);
      if (last !== undefined && !differs(cap, last.cap) && state.now - last.time < AGAIN_AFTER) return [];
      asked.set(index, { cap, time: state.now });
      return [index];
    });
}

/** Lots; undefined where the vault sets no cap now. */
function supportedCap(state: State, index: number): bigint | undefined {
  try {
    return refreshOpenInterestCap(state, index).state.underlyings[index]?.funding.cap;
  } catch (error) {
    if (error instanceof Reverted) return undefined;
    throw error;
  }
}

function differs(cap: bigint, from: bigint): boolean {
  return cap !== from && abs(cap - from) * WORTH >= from;
}
