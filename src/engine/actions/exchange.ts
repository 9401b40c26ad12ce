import { type Draft, type Outcome, transact } from "../ledger/draft.ts";
import { credit, moveCollateral, stopExchange, tokenValueDown } from "../ledger/ledger.ts";
import { authorise, SCOPE_TRADE } from "../ledger/operators.ts";
import { requireUp } from "../ledger/uptime.ts";
import { termsAt } from "../margin/margin.ts";
import { liveSettledCash, portfolioOf } from "../margin/portfolios.ts";
import { requireFreshPrice, requireGoodRate, requireMargin, requireMarginLeft } from "../margin/takeover.ts";
import { ownerOf } from "../types/accountId.ts";
import { revert } from "../types/errors.ts";
import { fromPpm, max, min, partDown, partUp, WAD } from "../types/fixedPoint.ts";
import { rampAt } from "../types/ramp.ts";
import type { AccountId, Address, Portfolio, State } from "../types/types.ts";

const SHORT_BEYOND = 5n * 10n ** 16n; // of the value of the collateral
const MOST_DISCOUNT = 10n ** 16n;
const DISCOUNT_PER_HOUR = 10n ** 15n;

/** Seconds for which a declaration holds. */
export const DECLARED_FOR = 86_400n;

/**
 * Starts the clock of an account whose settled cash is short, anew a day after the last declaration; stops it for one that is not any more.
 * @throws Reverted `ExchangeNotAllowed`, `ProtocolAccount`
 */
export function declareExchange(state: State, account: AccountId): Outcome {
  return transact(state, (draft) => declareExchangeOn(draft, account));
}

/** As `declareExchange`, on a draft. */
export function declareExchangeOn(draft: Draft, id: AccountId): void {
  if (ownerOf(id) === draft.base.fund) revert("ProtocolAccount", id);
  const portfolio = portfolioOf(draft, id);
  const { short, settled, collateral } = shortOf(portfolio);
  const account = draft.account(id);
  const { exchangeSince: since } = account;
  if (short ? runs(draft, since) : since === 0n) revert("ExchangeNotAllowed", id, settled, collateral);
  draft.setAccount({ ...account, exchangeSince: short ? draft.now : 0n });
  draft.emit("ExchangeDeclared", { account: id, short: short ? 1n : 0n });
}

/** Whether the clock of an account that was declared short at a time still runs. */
function runs({ now }: Draft, since: bigint): boolean {
  return since !== 0n && now - since <= DECLARED_FOR;
}

/** Stops the clock of an account that may have been cured, where it is short no longer. */
export function reviewExchange(draft: Draft, id: AccountId): void {
  if (draft.account(id).exchangeSince !== 0n && !shortOf(portfolioOf(draft, id)).short) stopExchange(draft, id);
}

/**
 * Buys collateral of an account whose settled cash is short into the caller's own account, at a discount of 0.1 % an hour since the
 * declaration, at most 1 % and half the haircut, only as far as it cures settled cash.
 * @param amount WAD of the token
 * @throws Reverted `ExchangeNotAllowed`, `ExchangeTooLarge`, `InsufficientCollateral`, `SettledCashTooLow`, `MarginTooLow` and others
 */
export function exchangeCollateral(
  state: State,
  caller: Address,
  account: AccountId,
  token: number,
  amount: bigint,
  buyer: AccountId,
): Outcome {
  return transact(state, (draft) => {
    authorise(draft, buyer, caller, SCOPE_TRADE);
    exchangeCollateralOn(draft, account, token, amount, buyer);
  });
}

/** As `exchangeCollateral`, on a draft, without the test of the caller. */
export function exchangeCollateralOn(draft: Draft, account: AccountId, token: number, amount: bigint, buyer: AccountId): void {
  requireUp(draft);
  const { margin, fund } = draft.base;
  if (ownerOf(account) === fund) revert("ProtocolAccount", account);
  if (ownerOf(buyer) === fund) revert("ProtocolAccount", buyer);
  if (buyer === account) revert("TakerIsAccount", account);
  if (amount === 0n) revert("NothingToDo");
  const terms = termsAt(margin, draft.now);
  const portfolio = portfolioOf(draft, account);
  const { short, settled, collateral } = shortOf(portfolio);
  const since = draft.account(account).exchangeSince;
  if (!short || !runs(draft, since)) revert("ExchangeNotAllowed", account, settled, collateral);
  const buyerBefore = portfolioOf(draft, buyer);

  const held = draft.account(account).collateral.get(token) ?? 0n;
  const listed = draft.findCollateral(token) ?? revert("UnknownToken", BigInt(token));
  if (amount > held) revert("InsufficientCollateral", account, BigInt(token), held, amount);
  // nobody's property is sold at an old price, which the buyer could wait for; what stays may be as old as it is
  const { priceState, priceTime } = draft.underlying(Number(listed.underlying));
  requireFreshPrice(listed.underlying, priceState, max(draft.now - priceTime, 0n), margin);
  requireGoodRate(draft, token);
  const cash = exchangePriceUp(draft, token, amount, draft.now - since);
  if (cash > -settled) revert("ExchangeTooLarge", account, cash, -settled);
  // it may leave less than the least size: where all would cure more than is short there would be no other way
  moveCollateral(draft, account, token, amount, false);
  moveCollateral(draft, buyer, token, amount, true);
  credit(draft, account, cash);
  credit(draft, buyer, -cash);
  draft.emit("CollateralExchanged", { account, buyer, token: BigInt(token), amount, cash });
  const left = portfolioOf(draft, account);
  requireMarginLeft(account, left, terms, portfolio);
  const bought = portfolioOf(draft, buyer);
  requireMargin(draft, buyer, bought, terms, buyerBefore);
  // who has no money would pass the shortfall round
  const paid = liveSettledCash(bought);
  if (paid < 0n) revert("SettledCashTooLow", buyer, paid, 0n);
  if (!shortOf(left).short) stopExchange(draft, account);
  // neither is who paid, whatever cured it before
  stopExchange(draft, buyer);
}

/** What an amount of collateral costs `elapsed` seconds after the declaration, WAD, rounded up. */
export function exchangePriceUp(draft: Draft, token: number, amount: bigint, elapsed: bigint): bigint {
  const listed = draft.findCollateral(token);
  if (listed === undefined) revert("UnknownToken", BigInt(token));
  const underlying = draft.underlying(Number(listed.underlying));
  const most = min(fromPpm(rampAt(listed.haircut, draft.now)) / 2n, MOST_DISCOUNT);
  const discount = min((elapsed * DISCOUNT_PER_HOUR) / 3_600n, most);
  const value = tokenValueDown(listed, amount, underlying);
  return partUp(value + 1n, WAD - discount);
}

/** Whether settled cash, options priced live, is below −5 % of the value of the collateral. */
export function shortOf(portfolio: Portfolio): { short: boolean; settled: bigint; collateral: bigint } {
  const settled = liveSettledCash(portfolio);
  const collateral = portfolio.books.reduce((sum, book) => sum + book.collateral, 0n);
  return { short: settled < -partDown(collateral, SHORT_BEYOND) && collateral !== 0n, settled, collateral };
}
