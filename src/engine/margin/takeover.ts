import type { Draft } from "../ledger/draft.ts";
import { isGoodRate } from "../math/idle/rate.ts";
import { revert } from "../types/errors.ts";
import { type AccountId, type MarginParameters, type MarginTerms, NORMAL, type Portfolio } from "../types/types.ts";
import { hiddenBy, isDoubtful } from "./doubt.ts";
import { assess, assessLive } from "./margin.ts";
import { covers, coversOpening, shedsAtBoth } from "./marginRule.ts";
import { requireFreshWords } from "./options/openingBound.ts";

/**
 * What an account that takes something over has to satisfy: the margin rule, at prices that are not too old; at doubtful ones by the first form alone, at their
 * worse edges.
 * @throws Reverted `RiskMayNotRise`, `WordsStale`, `MarginTooLow`
 */
export function requireMargin(draft: Draft, account: AccountId, portfolio: Portfolio, terms: MarginTerms, before: Portfolio): void {
  requireNormal(portfolio, draft.base.margin.tradingAge, account);
  const { surplus } = hiddenBy(draft, portfolio, terms, account);
  if (coversOpening(portfolio, terms, surplus)) return;
  if (!isDoubtful(portfolio) && shedsAtBoth(before, portfolio, terms)) return;
  const opening = assess(portfolio, terms, true);
  const { equity } = assessLive(portfolio, terms, true);
  const was = assessLive(before, terms, true);
  // as margin what leaves the surplus by words, where there are series
  revert("MarginTooLow", account, equity, equity - (opening.equity - opening.margin) + surplus, was.equity, was.margin);
}

/**
 * The margin rule for an account that did not ask for what it lost, at whatever prices there are, priced live.
 * @throws Reverted `MarginTooLow`
 */
export function requireMarginLeft(account: AccountId, portfolio: Portfolio, terms: MarginTerms, before: Portfolio): void {
  const now = assessLive(portfolio, terms, true);
  if (covers(now, 0n) || shedsAtBoth(before, portfolio, terms)) return;
  const was = assessLive(before, terms, true);
  revert("MarginTooLow", account, now.equity, now.margin, was.equity, was.margin);
}

/**
 * Every price is good: what moves at an old one moves to who waited for it.
 * @throws Reverted `PriceNotNormal`, `PriceTooOld`
 */
export function requireFresh(portfolio: Portfolio, parameters: MarginParameters): void {
  for (const book of portfolio.books) requireFreshPrice(book.underlying, book.state, book.age, parameters);
}

/** As `requireFresh`, for one price. */
export function requireFreshPrice(underlying: bigint, state: bigint, age: bigint, { liquidationAge }: MarginParameters): void {
  if (state !== NORMAL) revert("PriceNotNormal", underlying, state);
  if (age > liquidationAge) revert("PriceTooOld", underlying, age, liquidationAge);
}

/**
 * As `requireFresh`, for the rate of a collateral token.
 * @throws Reverted `RateNotGood`
 */
export function requireGoodRate(draft: Draft, token: number): void {
  const { rate } = draft.collateral(token);
  if (rate !== undefined && !isGoodRate(rate, draft.now)) revert("RateNotGood", BigInt(token));
}

/**
 * Risk may not rise, nor value leave, on a price that is old, invalid or in grace, nor by words that are stale.
 * @throws Reverted `RiskMayNotRise`, `WordsStale`
 */
export function requireNormal(portfolio: Portfolio, tradingAge: bigint, account: AccountId): void {
  requireNormalPrices(portfolio, tradingAge, account);
  for (const holding of portfolio.holdings?.values() ?? []) requireFreshWords(holding);
}

/**
 * As `requireNormal`, for what asks nothing of words.
 * @throws Reverted `RiskMayNotRise`
 */
export function requireNormalPrices(portfolio: Portfolio, tradingAge: bigint, account: AccountId): void {
  for (const book of portfolio.books) {
    if (book.state !== NORMAL || book.age > tradingAge) {
      revert("RiskMayNotRise", account, book.underlying, book.state, book.age);
    }
  }
}
