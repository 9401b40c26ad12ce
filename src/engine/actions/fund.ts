import { addDeficit } from "../ledger/deficit.ts";
import { Draft, type Outcome, transact } from "../ledger/draft.ts";
import { credit, moveCollateral, tokenValueDown } from "../ledger/ledger.ts";
import { authorise, SCOPE_TRADE } from "../ledger/operators.ts";
import { requireUp } from "../ledger/uptime.ts";
import { draw, fundAccountOf, holdsPositions, roomOf, stakeOf, transferBook, transferSeries } from "../margin/fundAccounts.ts";
import { assess, bookMargin, termsAt } from "../margin/margin.ts";
import { liveMargin, seriesValueDown, withoutPart } from "../margin/options/liveMargin.ts";
import { portfolioOf } from "../margin/portfolios.ts";
import { updateShortfall } from "../margin/shortfall.ts";
import { requireFresh, requireFreshPrice, requireMargin } from "../margin/takeover.ts";
import { clearWaterLine } from "../margin/waterLines.ts";
import { isGoodRate } from "../math/idle/rate.ts";
import { lotsPartUp } from "../math/slice.ts";
import { ownerOf } from "../types/accountId.ts";
import { revert } from "../types/errors.ts";
import { divUp, fromPpm, max, min, partDown, WAD } from "../types/fixedPoint.ts";
import type { AccountId, Address, State } from "../types/types.ts";
import { movedBytes, type SoldPosition } from "../words/saleWord.ts";
import { payExpiredOn } from "./settleExpired.ts";

/**
 * Takes a fraction of the fund account of an underlying into the caller's own account, at a discount that grows since its inventory left
 * zero. What has settled is paid first; of each position and collateral the part is rounded up, and the discount is that of the part itself.
 * @param fraction 18 decimals
 * @param minimumDiscount WAD
 * @throws Reverted `FundAccountEmpty`, `DiscountBelowLimit`, `MarginTooLow`, `TooManySeriesPositions`, `WordsStale` and others
 */
export function shedFund(
  state: State,
  caller: Address,
  underlying: number,
  taker: AccountId,
  fraction: bigint,
  minimumDiscount: bigint,
): Outcome {
  return transact(state, (draft) => {
    authorise(draft, taker, caller, SCOPE_TRADE);
    shedFundOn(draft, underlying, taker, fraction, minimumDiscount);
  });
}

/** As `shedFund`, on a draft, without the test of the caller. */
export function shedFundOn(draft: Draft, underlying: number, taker: AccountId, fraction: bigint, minimumDiscount: bigint): void {
  const { margin, fund } = draft.base;
  requireUp(draft);
  if (ownerOf(taker) === fund) revert("ProtocolAccount", taker);
  if (fraction > WAD) revert("FractionAboveLimit", fraction, WAD);
  const seller = fundAccountOf(draft, BigInt(underlying));
  payExpiredOn(draft, seller);
  const movable = withGoodRates(draft, seller);
  const portfolio = portfolioOf(movable, seller);
  const book = portfolio.books[0];
  if (book === undefined) revert("FundAccountEmpty", BigInt(underlying));
  requireFresh(portfolio, margin);
  const terms = termsAt(margin, draft.now);
  const before = portfolioOf(draft, taker);

  if (fraction === 0n) revert("NothingToDo");
  // without the size charge, which grows with the square of what the slices that came in have become
  const holding = portfolio.holdings?.get(book.underlying);
  const { total, sizeCharge } = holding === undefined ? bookMargin(book, terms, false) : liveMargin(holding, terms);
  const discount = partDown(shedDiscountDown(draft, underlying, total - sizeCharge), fraction);
  if (discount < minimumDiscount) revert("DiscountBelowLimit", discount, minimumDiscount);
  // of everything the part rounded up: no discount is paid for what does not move
  const lots = lotsPartUp(book.lots, fraction);

  let value = 0n;
  let series: readonly SoldPosition[] = [];
  const market = draft.underlying(Number(book.underlying));
  for (const [token, held] of [...movable.account(seller).collateral].sort(([a], [b]) => a - b)) {
    const amount = divUp(held * fraction, WAD);
    const listed = draft.collateral(token);
    moveCollateral(draft, seller, token, amount, false);
    moveCollateral(draft, taker, token, amount, true);
    value += tokenValueDown(listed, held, market) - tokenValueDown(listed, held - amount, market);
    draft.emit("CollateralSold", { account: seller, taker, token: BigInt(token), amount });
  }
  if (holding !== undefined) {
    value += seriesValueDown(holding) - seriesValueDown(withoutPart(holding, fraction, holding));
    series = transferSeries(draft, seller, taker, book.underlying, fraction);
  }
  const paid = lots * book.price + value - discount;
  transferBook(draft, seller, taker, book, lots, paid);
  const moved = movedBytes([{ underlying: book.underlying, lots, cash: paid, series }]);
  draft.emit("Sold", { account: seller, taker, moved });
  requireMargin(draft, taker, portfolioOf(draft, taker), terms, before);
}

/** The account without collateral whose rate is not good: that stays, and stops nothing else. */
function withGoodRates(draft: Draft, id: AccountId): Draft {
  const account = draft.account(id);
  const good = [...account.collateral].filter(([token]) => {
    const { rate } = draft.collateral(token);
    return rate === undefined || isGoodRate(rate, draft.now);
  });
  if (good.length === account.collateral.size) return draft;
  const without = new Draft(draft.finish());
  without.setAccount({ ...account, collateral: new Map(good) });
  return without;
}

/** The discount now for the whole fund account, whose live margin is `margin`, WAD, rounded down. */
export function shedDiscountDown(draft: Draft, underlying: number, margin: bigint): bigint {
  const { fundParameters, liquidation } = draft.base;
  const start = fromPpm(fundParameters.shedStart);
  const elapsed = draft.now - draft.underlying(underlying).fund.inventorySince;
  const grown = elapsed >= fundParameters.shedTime ? WAD : start + ((WAD - start) * elapsed) / fundParameters.shedTime;
  const most = (fromPpm(liquidation.discountMin) * (WAD - fromPpm(liquidation.keeperShare))) / WAD;
  return partDown(margin, (most * grown) / WAD);
}

/**
 * Brings the equity of a fund account up to its margin out of the main stake, books its loss as deficit once it has nothing left to sell, and brings its
 * shortfall up to date, and with it the water-line where the stake gives less than is lacking. At the last accepted prices, whatever their age, as an account
 * is liquidated.
 * @throws Reverted `FundAccountSolvent`
 */
export function topUpFund(state: State, underlying: number): Outcome {
  return transact(state, (draft) => topUpFundOn(draft, underlying));
}

/** As `topUpFund`, on a draft. */
export function topUpFundOn(draft: Draft, underlying: number): void {
  const { margin } = draft.base;
  const account = fundAccountOf(draft, BigInt(underlying));
  const portfolio = portfolioOf(draft, account);
  const figures = assess(portfolio, termsAt(margin, draft.now), false);
  const lacking = max(figures.margin - figures.equity, 0n);
  if (lacking === 0n && !draft.shortfalls.has(underlying)) revert("FundAccountSolvent", BigInt(underlying), figures.value);
  const drawn = lacking === 0n ? 0n : draw(draft, BigInt(underlying), lacking);
  const left = portfolio.cash + drawn;
  const booked = portfolio.books.length === 0 && left < 0n;
  if (booked) {
    credit(draft, account, -left);
    addDeficit(draft, account, -left);
  }
  if (!draft.shortfalls.has(underlying)) return;
  const value = booked ? 0n : figures.value + drawn;
  updateShortfall(draft, BigInt(underlying), value, portfolio.books.length !== 0);
  if (drawn === lacking || !holdsPositions(draft, account)) clearWaterLine(draft, underlying);
}

/**
 * Sets the cap of the open interest to the lower of governance's and what the fund supports.
 * @throws Reverted `UnknownUnderlying`, `PriceTooOld`
 */
export function refreshOpenInterestCap(state: State, underlying: number): Outcome {
  return transact(state, (draft) => refreshOpenInterestCapOn(draft, underlying));
}

/** As `refreshOpenInterestCap`, on a draft. */
export function refreshOpenInterestCapOn(draft: Draft, index: number): void {
  const { margin, fundParameters } = draft.base;
  const underlying = draft.findUnderlying(index);
  if (underlying === undefined || underlying.price === 0n) revert("UnknownUnderlying", BigInt(index));
  const portfolio = portfolioOf(draft, fundAccountOf(draft, BigInt(index)));
  requireFreshPrice(BigInt(index), underlying.priceState, max(draft.now - underlying.priceTime, 0n), margin);
  const equity = max(assess(portfolio, termsAt(margin, draft.now), false).equity, 0n);
  const stake = stakeOf(draft);
  const behind = equity + roomOf(draft, BigInt(index), stake, stake.left).reserved;
  const supported = (behind * WAD) / (underlying.price * fromPpm(fundParameters.fundPerOpenInterest));
  let cap = min(supported, underlying.trading.openInterestCap);
  // a lower cap of the guardian holds until it lapses
  if (draft.now < underlying.trading.guardianCapUntil) cap = min(cap, underlying.funding.cap);
  draft.setUnderlying(index, { ...underlying, funding: { ...underlying.funding, cap } });
  draft.emit("OpenInterestCapSet", { underlying: BigInt(index), lots: cap });
}
