import { logMoneynessOf } from "../../math/options/black76.ts";
import { impliedDown, sviFromWord } from "../../math/options/svi.ts";
import { abs, max, min } from "../../types/fixedPoint.ts";
import type { Cause } from "../../types/staleCause.ts";
import { anchorOf, expiryOf, strikeCountOf, strikeOf } from "../../words/seriesWord.ts";
import { openingOf, WINDOW } from "./expiry.ts";

/** A volatility slice and the seconds of variance time that it is for. */
export interface Surface {
  readonly slice: bigint; // SviWord
  readonly span: bigint;
}

/** Where a series is now, as a refresh would be given it. */
export interface LiveSeries {
  readonly forward: bigint; // of a lot, WAD
  readonly range: bigint; // scan range, 18 decimals
  readonly time: bigint; // unix seconds
}

const LONGEST = 900n;
const SHORTEST = 60n;
const PART_OF_TIME = 50n;
const PART_OF_PRICE = 200n;
const PART_OF_RANGE = 100n;
const PART_OF_VOLATILITY = 100n;

/** Why the words of a series are stale, the volatility apart. */
export function causeOf(seriesWord: bigint, live: LiveSeries): Cause {
  const { forward: anchor, time: made, range: scan } = anchorOf(seriesWord);
  if (anchor === 0n) return "never refreshed";
  if (live.time > made + lifetime(made, expiryOf(seriesWord))) return "time";
  if (abs(live.forward - anchor) * PART_OF_PRICE > anchor) return "price";
  // inside the window the range of a series falls from second to second, and the bound follows it
  const isInWindow = live.time > openingOf(expiryOf(seriesWord));
  if (live.range > scan || (!isInWindow && (scan - live.range) * PART_OF_RANGE > scan)) return "range";
  return "none";
}

/**
 * Why the words of a series are stale, by every rule.
 * @param before surface that the words were made with
 * @param now surface that a refresh would be given
 */
export function staleBecause(seriesWord: bigint, live: LiveSeries, before: Surface, now: Surface): Cause {
  const cause = causeOf(seriesWord, live);
  return cause === "none" && volatilityMoved(seriesWord, live.forward, before, now) ? "volatility" : cause;
}

/** Whether the volatility of a listed strike has moved by more than 1 % of itself. */
export function volatilityMoved(seriesWord: bigint, forward: bigint, before: Surface, now: Surface): boolean {
  const anchor = anchorOf(seriesWord).forward;
  if (forward === anchor && before.slice === now.slice && before.span === now.span) return false;
  const moved = logMoneynessOf(forward, anchor);
  return Array.from({ length: Number(strikeCountOf(seriesWord)) }, (_, index) => strikeOf(seriesWord, BigInt(index))).some((strike) => {
    const x = logMoneynessOf(anchor, strike);
    const was = impliedDown(sviFromWord(before.slice), -x, before.span);
    const is = impliedDown(sviFromWord(now.slice), -(x + moved), now.span);
    return abs(is - was) * PART_OF_VOLATILITY > was;
  });
}

/**
 * For how many seconds words that were made at `made` hold at most.
 * @example lifetime(0n, 86_400n) // 900n
 */
export function lifetime(made: bigint, expiry: bigint): bigint {
  return min(max(varianceSeconds(made, expiry) / PART_OF_TIME, SHORTEST), LONGEST);
}

/**
 * The variance time at `made` as the clock has it, whole seconds: in the window as if prices came without a gap.
 * @example varianceSeconds(0n, 3_600n) // 2_400n
 */
export function varianceSeconds(made: bigint, expiry: bigint): bigint {
  const left = max(expiry - made, 0n);
  return left > WINDOW ? left - WINDOW + WINDOW / 3n : left ** 3n / (3n * WINDOW * WINDOW);
}
