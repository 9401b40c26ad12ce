import { revert } from "../types/errors.ts";
import { min } from "../types/fixedPoint.ts";
import { type AccountId, type MarginTerms, NORMAL, type Portfolio } from "../types/types.ts";
import { assess, assessLive, staleWords } from "./margin.ts";

/** Equity and margin of an account at one moment, WAD. */
export interface EquityAndMargin {
  readonly equity: bigint;
  readonly margin: bigint;
}

/** The first form of the margin rule: equity covers margin and the open-interest charge on new risk. */
export function covers(now: EquityAndMargin, newRisk: bigint): boolean {
  return now.equity >= now.margin + newRisk;
}

/**
 * The second form: margin did not rise, and equity is at least the lower of what it was and its share of the margin that is left. With no
 * margin before there is none after and E′ ≥ min(E, 0).
 * @example sheds({ equity: 50n, margin: 100n }, { equity: 25n, margin: 50n }) // true: half of a failing account closed
 */
export function sheds(before: EquityAndMargin, now: EquityAndMargin): boolean {
  if (now.margin > before.margin) return false;
  if (before.margin === 0n) return now.equity >= min(before.equity, 0n);
  return now.equity >= min(before.equity, shareUp(before.equity, now.margin, before.margin));
}

/** The first form as trades and withdrawals are tested: at the wider scan range, and by words where the account holds series. */
export function coversOpening(now: Portfolio, terms: MarginTerms, newRisk: bigint): boolean {
  const lowest = now.lower ?? now;
  return isBounded(lowest) && covers(assess(lowest, terms, true), newRisk);
}

/** Whether words bound what an account with series needs: those that are stale do not, nor do any at a price that is not normal. */
function isBounded(now: Portfolio): boolean {
  return now.holdings === undefined || (staleWords(now) === undefined && now.books.every(({ state }) => state === NORMAL));
}

/**
 * The second form at the wider scan range, as trades are tested, and at the held one, as accounts are liquidated: what shrinks at one may grow at the
 * other. Underlyings with series are priced live, at the held range alone: that needs no fresh words.
 */
export function shedsAtBoth(before: Portfolio, now: Portfolio, terms: MarginTerms): boolean {
  const atBothRanges = (was: Portfolio, is: Portfolio): boolean =>
    [true, false].every((wider) => sheds(assessLive(was, terms, wider), assessLive(is, terms, wider)));
  if (!atBothRanges(before, now)) return false;
  // a hedge by collateral whose rate may fall is smaller at the lower one
  return (before.lower === undefined && now.lower === undefined) || atBothRanges(before.lower ?? before, now.lower ?? now);
}

/**
 * Refuses an account for what it had and what it has: by the first form where only that counted, otherwise as the second form saw it. Who held series and
 * was not covered by words was priced live before.
 * @throws Reverted `MarginTooLow`
 */
export function refuse(
  account: AccountId,
  before: Portfolio,
  now: Portfolio,
  terms: MarginTerms,
  newRisk: bigint,
  { onlyFirst, covered }: { readonly onlyFirst: boolean; readonly covered: boolean },
): never {
  const is = onlyFirst ? assess(now.lower ?? now, terms, true) : assessLive(now, terms, true);
  const was = covered ? assess(before, terms, true) : assessLive(before, terms, true);
  revert("MarginTooLow", account, is.equity, is.margin + newRisk, was.equity, was.margin);
}

/** ceil(amount · part / whole) for 0 ≤ part ≤ whole; a negative amount rounds towards zero, which is up. */
export function shareUp(amount: bigint, part: bigint, whole: bigint): bigint {
  const product = amount * part;
  const quotient = product / whole;
  return product > 0n && product % whole !== 0n ? quotient + 1n : quotient;
}
