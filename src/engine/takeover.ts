import { revert } from "./errors.ts";
import { requireNormal } from "./execute.ts";
import { assess, assessLive, type MarginTerms } from "./margin.ts";
import { coversOpening, shedsAtBoth } from "./marginRule.ts";
import { type AccountId, type MarginParameters, NORMAL, type Portfolio } from "./types.ts";

/**
 * What an account that takes something over has to satisfy: the margin rule, at prices that are normal.
 * @throws Reverted `RiskMayNotRise`, `WordsStale`, `MarginTooLow`
 */
export function requireMargin(
  account: AccountId,
  portfolio: Portfolio,
  terms: MarginTerms,
  before: Portfolio,
  parameters: MarginParameters,
): void {
  requireNormal(portfolio, parameters.tradingAge, account);
  if (coversOpening(portfolio, terms, 0n) || shedsAtBoth(before, portfolio, terms)) return;
  const opening = assess(portfolio, terms, true);
  const { equity } = assessLive(portfolio, terms, true);
  const was = assessLive(before, terms, true);
  // as margin what leaves the surplus by words, where there are series
  revert("MarginTooLow", account, equity, equity - (opening.equity - opening.margin), was.equity, was.margin);
}

/**
 * Every price is normal and seconds old, as for a liquidation.
 * @throws Reverted `PriceNotNormal`, `PriceTooOld`
 */
export function requireFresh(portfolio: Portfolio, parameters: MarginParameters): void {
  for (const book of portfolio.books) requireFreshPrice(book.underlying, book.state, book.age, parameters);
}

/** Whether `requireFresh` would pass. */
export function isFresh(portfolio: Portfolio, { liquidationAge }: MarginParameters): boolean {
  return portfolio.books.every(({ state, age }) => state === NORMAL && age <= liquidationAge);
}

/** As `requireFresh`, for one price. */
export function requireFreshPrice(underlying: bigint, state: bigint, age: bigint, { liquidationAge }: MarginParameters): void {
  if (state !== NORMAL) revert("PriceNotNormal", underlying, state);
  if (age > liquidationAge) revert("PriceTooOld", underlying, age, liquidationAge);
}
