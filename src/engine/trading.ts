import { ownerOf } from "./accountId.ts";
import type { Draft } from "./draft.ts";
import { revert } from "./errors.ts";
import { abs, divUp, fromPpm, max, partUp, WAD } from "./fixedPoint.ts";
import { indexOf, lotsOf, MAX_UNDERLYINGS, move, openInterestAfter, portfolioOf, reduces } from "./ledger.ts";
import { assess, type MarginTerms } from "./margin.ts";
import { covers, shedsAtBoth } from "./marginRule.ts";
import { type Account, type AccountId, type Address, NORMAL, type Portfolio, type Underlying } from "./types.ts";

/** What a module proposes; see the struct `Fill`. */
export interface Fill {
  readonly maker: AccountId;
  readonly instrument: bigint;
  readonly lots: bigint; // received by the taker, negative: given
  readonly price: bigint; // of a lot, WAD
  readonly takerFee: bigint; // WAD
  readonly makerFee: bigint; // WAD, negative: a rebate
}

/** What is remembered of an account that an action touched, for the margin rule at the end. */
export interface Touched {
  readonly account: AccountId;
  readonly before: Portfolio;
  leaving: boolean; // value left: the first form is needed
  settledOut: boolean; // settlement tokens left: settled cash is tested
  raised: boolean; // a position grew
  newRisk: bigint; // open-interest charge on what grew, WAD
}

/** One trade of one taker. */
export interface Trade {
  readonly taker: AccountId;
  readonly module: bigint;
  readonly moduleAddress: Address;
  readonly terms: MarginTerms;
  filled: bigint; // lots
  fees: bigint; // income of the fund, WAD
}

/** Whether risk may rise in an underlying: its price is normal and young, and opens are not stopped. */
export function isOpen(draft: Draft, underlying: Underlying): boolean {
  return (
    underlying.priceState === NORMAL &&
    draft.now - underlying.priceTime <= draft.base.margin.tradingAge &&
    draft.now >= underlying.trading.stoppedUntil
  );
}

/** Whether a portfolio holds an underlying whose price is old, invalid or in grace. */
export function isAbnormal(portfolio: Portfolio, tradingAge: bigint): boolean {
  return portfolio.books.some((book) => book.state !== NORMAL || book.age > tradingAge);
}

/** Whether an account lets a module fill its orders. */
export function consents(account: Account, defaultModules: bigint, module: bigint): boolean {
  return (((account.moduleDifference ^ defaultModules) >> module) & 1n) === 1n;
}

/**
 * Applies one fill, or skips it with an event that names the error.
 * @returns whether it was applied
 * @throws Reverted `UnknownUnderlying` and what the ledger refuses
 */
export function settle(draft: Draft, trade: Trade, taker: Touched, fill: Fill): boolean {
  const reason = apply(draft, trade, taker, fill);
  const parties = { taker: trade.taker, maker: fill.maker, instrument: fill.instrument, lots: fill.lots };
  if (reason !== undefined) {
    draft.emit("FillSkipped", { ...parties, reason });
    return false;
  }
  trade.filled += abs(fill.lots);
  trade.fees += fill.takerFee + fill.makerFee;
  draft.emit("Filled", { ...parties, price: fill.price, takerFee: fill.takerFee, makerFee: fill.makerFee });
  return true;
}

/** The name of the error for which a fill is skipped, or nothing when it was applied. */
function apply(draft: Draft, trade: Trade, taker: Touched, fill: Fill): string | undefined {
  const index = Number(fill.instrument);
  const underlying = draft.findUnderlying(index);
  if (underlying === undefined || underlying.price === 0n) revert("UnknownUnderlying", fill.instrument);
  if (fill.lots === 0n) return "ZeroLots";
  if (fill.maker === trade.taker) return "SelfTrade";
  if (ownerOf(fill.maker) === draft.base.fund) return "ProtocolAccount";
  if (outsideBand(underlying, fill.price)) return "PriceOutsideBand";
  if (feesWrong(underlying, fill)) return "FeeOutsideBounds";

  const taken = lotsOf(draft.account(trade.taker), index);
  const made = lotsOf(draft.account(fill.maker), index);
  const takerReduces = reduces(fill.lots, taken);
  const makerReduces = reduces(-fill.lots, made);
  if (!isOpen(draft, underlying) && !(takerReduces && makerReduces)) return "RiskMayNotRise";

  const cap = underlying.trading.positionCap;
  if (!takerReduces && abs(taken + fill.lots) > cap) return "PositionCapExceeded";
  if (!makerReduces && abs(made - fill.lots) > cap) return "PositionCapExceeded";

  const present = underlying.funding.openInterest;
  const next = openInterestAfter(openInterestAfter(present, taken, taken + fill.lots), made, made - fill.lots);
  if (next > present && next > underlying.funding.cap) return "OpenInterestCapExceeded";

  const reason = makerSide(draft, trade, underlying, fill, made, makerReduces, next);
  if (reason !== undefined) return reason;
  move(draft, trade.taker, index, fill.lots, fill.price, indexOf(draft, underlying), -fill.takerFee);
  if (!takerReduces) {
    taker.raised = true;
    taker.newRisk += newRiskCharge(draft, underlying, taken, taken + fill.lots, next);
  }
  draft.setUnderlying(index, { ...underlying, funding: { ...underlying.funding, openInterest: next } });
  return undefined;
}

/** Moves the maker's side and tests its margin; puts everything back where it fails. */
function makerSide(
  draft: Draft,
  trade: Trade,
  underlying: Underlying,
  fill: Fill,
  made: bigint,
  reducing: boolean,
  openInterest: bigint,
): string | undefined {
  const { base } = draft;
  const account = draft.account(fill.maker);
  if (ownerOf(fill.maker) !== trade.moduleAddress && !consents(account, base.defaultModules, trade.module)) {
    return "ModuleNotConsented";
  }
  if (made === 0n && BigInt(account.positions.size) >= MAX_UNDERLYINGS) return "TooManyUnderlyings";
  const before = portfolioOf(draft, fill.maker);
  move(draft, fill.maker, Number(fill.instrument), -fill.lots, fill.price, indexOf(draft, underlying), -fill.makerFee);
  const portfolio = portfolioOf(draft, fill.maker);
  const figures = assess(portfolio, trade.terms, true);
  const newRisk = reducing ? 0n : newRiskCharge(draft, underlying, made, made - fill.lots, openInterest);
  let reason: string | undefined;
  if (!reducing && isAbnormal(portfolio, base.margin.tradingAge)) reason = "RiskMayNotRise";
  else if (!reducing && figures.notional < base.liquidation.smallestNotional * WAD) reason = "AccountTooSmall";
  else if (!covers(figures, newRisk) && !shedsAtBoth(before, portfolio, trade.terms)) reason = "MarginTooLow";
  if (reason !== undefined) draft.setAccount(account);
  return reason;
}

/** Whether a price is outside the band around the mark. */
function outsideBand(underlying: Underlying, price: bigint): boolean {
  const width = (underlying.price * underlying.trading.fillBand) / 1_000_000n;
  return price > underlying.price + width || price + width < underlying.price;
}

function feesWrong(underlying: Underlying, fill: Fill): boolean {
  const cap = partUp(abs(BigInt.asIntN(256, fill.lots * fill.price)), fromPpm(underlying.trading.feeCap));
  return fill.takerFee < 0n || fill.takerFee > cap || fill.makerFee > cap || fill.takerFee + fill.makerFee < 0n;
}

/**
 * The open-interest charge on the lots by which a position grew (or all of them, where it changed sides), WAD, rounded up.
 * @param openInterest after the fill, lots
 */
export function newRiskCharge(draft: Draft, underlying: Underlying, before: bigint, after: bigint, openInterest: bigint): bigint {
  const rate = fromPpm(draft.base.margin.openInterestCharge);
  const { cap } = underlying.funding;
  const crossed = before !== 0n && before > 0n !== after > 0n;
  const grown = crossed ? abs(after) : abs(after) - abs(before);
  if (cap === 0n) return 0n;
  return divUp(max(grown, 0n) * underlying.price * rate * openInterest, cap * WAD);
}
