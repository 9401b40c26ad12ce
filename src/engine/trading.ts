import { ownerOf } from "./accountId.ts";
import type { Draft } from "./draft.ts";
import { abs, divUp, fromPpm, max, WAD } from "./fixedPoint.ts";
import { heldUnderlyings, MAX_SERIES_POSITIONS, MAX_UNDERLYINGS, openInterestAfter, portfolioOf, reduces } from "./ledger.ts";
import { type MarginTerms, notionalOf, staleWords } from "./margin.ts";
import { coversOpening, shedsAtBoth } from "./marginRule.ts";
import { countOpenInterest, lotsIn, type Market, marketOf, moveIn } from "./market.ts";
import { type Account, type AccountId, type Address, NORMAL, type Portfolio, type Underlying } from "./types.ts";
import { seriesCountOf } from "./words.ts";

/** What a module proposes; see the struct `Fill`. */
export interface Fill {
  readonly maker: AccountId;
  readonly instrument: bigint; // the underlying and, from bit 8 on, what of it; see namedInstrument
  readonly lots: bigint; // received by the taker, negative: given
  readonly price: bigint; // of a lot, WAD
  readonly takerFee: bigint; // WAD
  readonly makerFee: bigint; // WAD, negative: a rebate
}

/** What is remembered of an account that an action touched, for the margin rule at the end. */
export interface Touched {
  readonly account: AccountId;
  readonly before: Portfolio;
  readonly covered: boolean; // series were held and the first form held before
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

/** Whether a portfolio holds an underlying whose price is old, invalid or in grace, or a series whose words are stale. */
export function isAbnormal(portfolio: Portfolio, tradingAge: bigint): boolean {
  return portfolio.books.some((book) => book.state !== NORMAL || book.age > tradingAge) || staleWords(portfolio) !== undefined;
}

/** Whether an account lets a module fill its orders. */
export function consents(account: Account, defaultModules: bigint, module: bigint): boolean {
  return (((account.moduleDifference ^ defaultModules) >> module) & 1n) === 1n;
}

/**
 * Applies one fill, or skips it with an event that names the error.
 * @returns whether it was applied
 * @throws Reverted `UnknownUnderlying`, `UnknownSeries`, `UnknownStrike`, `UnknownInstrument` and what the ledger refuses
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
  const market = marketOf(draft, fill.instrument);
  const { underlying, index, instrument } = market;
  if (fill.lots === 0n) return "ZeroLots";
  if (fill.maker === trade.taker) return "SelfTrade";
  if (ownerOf(fill.maker) === draft.base.fund) return "ProtocolAccount";
  if (market.closed !== undefined) return market.closed;
  if (outsideBand(market, fill.price)) return "PriceOutsideBand";
  if (feesWrong(market, fill)) return "FeeOutsideBounds";

  const taken = lotsIn(draft, market, trade.taker);
  const made = lotsIn(draft, market, fill.maker);
  const takerReduces = reduces(fill.lots, taken);
  const makerReduces = reduces(-fill.lots, made);
  if (!market.isOpen && !(takerReduces && makerReduces)) return "RiskMayNotRise";

  if (!takerReduces && abs(taken + fill.lots) > market.positionCap) return "PositionCapExceeded";
  if (!makerReduces && abs(made - fill.lots) > market.positionCap) return "PositionCapExceeded";

  const present = underlying.funding.openInterest;
  const next = openInterestAfter(openInterestAfter(present, taken, taken + fill.lots), made, made - fill.lots);
  if (next > present && next > underlying.funding.cap) return "OpenInterestCapExceeded";

  const reason = makerSide(draft, trade, market, fill, made, makerReduces, next);
  if (reason !== undefined) return reason;
  moveIn(draft, market, trade.taker, fill.lots, fill.price, -fill.takerFee);
  if (!takerReduces) {
    taker.raised = true;
    taker.newRisk += newRiskCharge(draft, underlying, market.reference, taken, taken + fill.lots, next);
  }
  countOpenInterest(draft, index, instrument, [
    [taken, taken + fill.lots],
    [made, made - fill.lots],
  ]);
  return undefined;
}

/** Moves the maker's side and tests its margin; puts everything back where it fails. */
function makerSide(
  draft: Draft,
  trade: Trade,
  market: Market,
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
  const held = heldUnderlyings(account);
  if (!held.has(market.index) && BigInt(held.size) >= MAX_UNDERLYINGS) return "TooManyUnderlyings";
  const isNew = market.instrument !== 0n && made === 0n;
  if (isNew && seriesCountOf(account) >= MAX_SERIES_POSITIONS) return "TooManySeriesPositions";
  const before = portfolioOf(draft, fill.maker);
  moveIn(draft, market, fill.maker, -fill.lots, fill.price, -fill.makerFee);
  const portfolio = portfolioOf(draft, fill.maker);
  const newRisk = reducing ? 0n : newRiskCharge(draft, market.underlying, market.reference, made, made - fill.lots, openInterest);
  let reason: string | undefined;
  if (!reducing && isAbnormal(portfolio, base.margin.tradingAge)) reason = "RiskMayNotRise";
  else if (!reducing && notionalOf(portfolio) < base.liquidation.smallestNotional * WAD) reason = "AccountTooSmall";
  else if (!coversOpening(portfolio, trade.terms, newRisk)) {
    // a fill of the perpetual asks no maker with series for live prices
    const looksBack = market.instrument !== 0n || before.holdings === undefined;
    if (!looksBack || !shedsAtBoth(before, portfolio, trade.terms)) reason = "MarginTooLow";
  }
  if (reason !== undefined)
    draft.setAccount(market.instrument === 0n ? account : putBack(account, draft.account(fill.maker), market, made));
  return reason;
}

/** An account as it was before a fill that did not stand. What was closed has lost its place in the list to the last position, and is the last one now. */
function putBack(before: Account, after: Account, { index, instrument }: Market, made: bigint): Account {
  const left = after.series.get(index) ?? [];
  if (made === 0n || left.some((each) => each.instrument === instrument)) return before;
  return { ...before, series: new Map(before.series).set(index, [...left, { instrument, lots: made }]) };
}

/** Whether a price is outside the band around the mark. */
function outsideBand({ underlying, mark, reference }: Market, price: bigint): boolean {
  const width = (reference * underlying.trading.fillBand) / 1_000_000n;
  return price > mark + width || price + width < mark;
}

/** An option may be worth next to nothing, so the fees of a series are parts of the reference price; those of the perpetual of the price of the fill. */
function feesWrong({ underlying, instrument, reference }: Market, fill: Fill): boolean {
  const notional = fill.lots * (instrument === 0n ? fill.price : reference);
  const cap = wrappedPartUp(notional, fromPpm(underlying.trading.feeCap));
  return fill.takerFee < 0n || fill.takerFee > cap || fill.makerFee > cap || fill.takerFee + fill.makerFee < 0n;
}

/** A part of the size of an amount in 256 bits, WAD, rounded up: what a module names beyond every cap wraps as the contracts have it. */
function wrappedPartUp(amount: bigint, part: bigint): bigint {
  const size = BigInt.asIntN(256, abs(BigInt.asIntN(256, amount)));
  return size <= 0n ? 0n : BigInt.asUintN(256, size * part + (WAD - 1n)) / WAD;
}

/**
 * The open-interest charge on the lots by which a position grew (or all of them, where it changed sides), WAD, rounded up.
 * @param price of a lot: the mark of the perpetual, the reference price of an instrument of a series, WAD
 * @param openInterest of the underlying after the fill, lots
 */
export function newRiskCharge(
  draft: Draft,
  underlying: Underlying,
  price: bigint,
  before: bigint,
  after: bigint,
  openInterest: bigint,
): bigint {
  const rate = fromPpm(draft.base.margin.openInterestCharge);
  const { cap } = underlying.funding;
  const crossed = before !== 0n && before > 0n !== after > 0n;
  const grown = crossed ? abs(after) : abs(after) - abs(before);
  if (cap === 0n) return 0n;
  return divUp(max(grown, 0n) * price * rate * openInterest, cap * WAD);
}
