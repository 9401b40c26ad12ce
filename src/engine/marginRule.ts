import { min } from "./fixedPoint.ts";
import { assess, type MarginTerms } from "./margin.ts";
import type { Portfolio } from "./types.ts";

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

/** The second form at the wider scan range, as trades are tested, and at the held one, as accounts are liquidated: what shrinks at one may grow at the other. */
export function shedsAtBoth(before: Portfolio, now: Portfolio, terms: MarginTerms): boolean {
  return [true, false].every((opening) => sheds(assess(before, terms, opening), assess(now, terms, opening)));
}

/** ceil(amount · part / whole) for 0 ≤ part ≤ whole; a negative amount rounds towards zero, which is up. */
export function shareUp(amount: bigint, part: bigint, whole: bigint): bigint {
  const product = amount * part;
  const quotient = product / whole;
  return product > 0n && product % whole !== 0n ? quotient + 1n : quotient;
}
