import type { Draft } from "../ledger/draft.ts";
import { fallsBelowLeast } from "../ledger/leastSize.ts";
import {
  changedPositions,
  countedUp,
  halvingsAfter,
  heldUnderlyings,
  MAX_SERIES_POSITIONS,
  MAX_UNDERLYINGS,
  openInterestAfter,
  reduces,
  seriesPositionOf,
} from "../ledger/ledger.ts";
import { countOpenInterest, type Market, marketOf, moveIn, nameOf, positionIn, standsWithNext } from "../ledger/market.ts";
import { hiddenBy, isDoubtful } from "../margin/doubt.ts";
import { notionalOf, staleWords } from "../margin/margin.ts";
import { coversOpening, shedsAtBoth } from "../margin/marginRule.ts";
import { portfolioOf } from "../margin/portfolios.ts";
import { ownerOf } from "../types/accountId.ts";
import { revert } from "../types/errors.ts";
import { abs, divUp, fromPpm, max, min, WAD } from "../types/fixedPoint.ts";
import {
  type Account,
  type AccountId,
  type Address,
  type MarginTerms,
  NORMAL,
  type Portfolio,
  type SeriesPosition,
  type Underlying,
} from "../types/types.ts";
import { seriesCountOf } from "../words/words.ts";

/** The lowest name of what is not a perpetual. */
export const FIRST_SERIES = 1n << 8n;

/** What a module proposes; see the struct `Fill`. */
export interface Fill {
  readonly maker: AccountId;
  readonly instrument: bigint; // the underlying and, from bit 8 on, what of it; see namedInstrument. With WITH_NEXT it stands only with the next fill
  readonly lots: bigint; // received by the taker, negative: given
  readonly price: bigint; // of a lot, WAD
  readonly takerFee: bigint; // WAD
  readonly makerFee: bigint; // WAD, negative: a rebate
  readonly order?: bigint; // what the module says of the order that is filled, for the log; nothing: 0
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
  /** Positions of the taker in series that fills have left smaller than is allowed; none may be left at the end. */
  readonly small: { readonly instrument: bigint; readonly lots: bigint }[];
}

/** Whether a portfolio holds an underlying whose price is old, invalid or in grace, or a series whose words are stale. */
export function isAbnormal(portfolio: Portfolio, tradingAge: bigint): boolean {
  return portfolio.books.some((book) => book.state !== NORMAL || book.age > tradingAge) || staleWords(portfolio) !== undefined;
}

/** Whether an account lets a module fill its orders. */
export function consents(account: Account, defaultModules: bigint, module: bigint): boolean {
  return (((account.moduleDifference ^ defaultModules) >> module) & 1n) === 1n;
}

/** In the order of a fill: it stands, or all that it is part of reverts. */
export const MUST_STAND = 1n << 255n;

/** Most legs of a combo. */
const MOST_LEGS = 8;

/** The fill at `first` and those that it stands with, a combo; most often it alone. */
export function comboAt(fills: readonly Fill[], first: number): readonly Fill[] {
  let last = first;
  while (last + 1 < fills.length && standsWithNext(fills[last]!.instrument)) last++;
  return fills.slice(first, last + 1);
}

/**
 * Applies fills that stand together, or skips them all with an event each that names the error.
 * @param fills as `comboAt` gives them
 * @returns whether they were applied
 * @throws Reverted `FillRefused`, `UnknownUnderlying`, `UnknownSeries`, `UnknownStrike`, `UnknownInstrument` and what the ledger refuses
 */
export function settle(draft: Draft, trade: Trade, taker: Touched, fills: readonly Fill[]): boolean {
  const reason = apply(draft, trade, taker, fills);
  for (const fill of fills) {
    const { order: proposed = 0n } = fill;
    if (reason !== undefined && (proposed & MUST_STAND) !== 0n) revert("FillRefused", reason);
    // FillOrderWord as the log has it
    const order = BigInt.asUintN(88, proposed) | (trade.module << 88n);
    const parties = { taker: trade.taker, maker: fill.maker, instrument: nameOf(fill.instrument), lots: fill.lots };
    if (reason !== undefined) {
      draft.emit("FillSkipped", { ...parties, reason, order });
      continue;
    }
    trade.filled += abs(fill.lots);
    trade.fees += fill.takerFee + fill.makerFee;
    draft.emit("Filled", { ...parties, price: fill.price, takerFee: fill.takerFee, makerFee: fill.makerFee, order });
  }
  return reason === undefined;
}

/** A fill whose maker's side was moved. */
interface Leg {
  readonly fill: Fill;
  readonly market: Market;
  readonly taken: bigint; // lots of the taker before
  readonly made: bigint; // lots of the maker before
  readonly takerReduces: boolean;
  readonly makerReduces: boolean;
  readonly openInterest: bigint; // of the underlying after it
}

/** The name of the error for which fills are skipped, or nothing when they were applied. The maker's side is moved leg by leg and tested once. */
function apply(draft: Draft, trade: Trade, taker: Touched, fills: readonly Fill[]): string | undefined {
  if (!standTogether(fills)) return "ComboInvalid";
  const maker = draft.account(fills[0]!.maker);
  const legs: Leg[] = [];
  let reason: string | undefined;
  for (const fill of fills) {
    const moved = moveMaker(draft, trade, fill);
    if (typeof moved === "string") {
      reason = moved;
      break;
    }
    legs.push(moved);
  }
  if (reason !== undefined) putBack(draft, maker, legs);
  else reason = makerReason(draft, trade, maker, legs);
  if (reason !== undefined) {
    // markets as the legs found them, the first last
    for (const { market } of [...legs].reverse()) draft.setUnderlying(market.index, market.underlying);
    return reason;
  }
  for (const { fill, market, taken, takerReduces, openInterest } of legs) {
    moveIn(draft, market, trade.taker, fill.lots, fill.price, -fill.takerFee);
    if (market.instrument !== 0n) noteSize(draft, trade, nameOf(fill.instrument), taken, taken + fill.lots, market.underlying.price);
    if (takerReduces) continue;
    taker.raised = true;
    taker.newRisk += newRiskCharge(draft, market.underlying, market.reference, taken, taken + fill.lots, openInterest);
  }
  return undefined;
}

/** What is smaller than is allowed, and was not before the trade, has to be more, or nothing, at its end. */
function noteSize(draft: Draft, { small }: Trade, instrument: bigint, before: bigint, lots: bigint, price: bigint): void {
  const place = small.findIndex((each) => each.instrument === instrument);
  const found = place !== -1;
  if (fallsBelowLeast(draft, found ? 0n : before, lots, price)) small[found ? place : small.length] = { instrument, lots };
  else if (found) {
    // the last one comes to its place
    const last = small.pop()!;
    if (place < small.length) small[place] = last;
  }
}

/** A fill alone, or a combo: options and dated futures, no two the same, of one maker; and no fill is missing. */
function standTogether(fills: readonly Fill[]): boolean {
  if (fills.length > MOST_LEGS || standsWithNext(fills.at(-1)!.instrument)) return false;
  if (fills.length === 1) return true;
  const names = fills.map(({ instrument }) => nameOf(instrument));
  return (
    fills.every(({ maker }) => maker === fills[0]!.maker) &&
    names.every((name) => name >= FIRST_SERIES) &&
    new Set(names).size === names.length
  );
}

/** Judges a fill by itself and moves the maker's side; or the name of the error for which it cannot stand. */
function moveMaker(draft: Draft, trade: Trade, fill: Fill): Leg | string {
  const market = marketOf(draft, nameOf(fill.instrument));
  const { underlying, index, instrument } = market;
  if (fill.lots === 0n) return "ZeroLots";
  if (fill.maker === trade.taker) return "SelfTrade";
  if (ownerOf(fill.maker) === draft.base.fund) return "ProtocolAccount";
  if (market.closed !== undefined) return market.closed;
  if (outsideBand(market, fill.price)) return "PriceOutsideBand";
  if (feesWrong(market, fill)) return "FeeOutsideBounds";

  const takes = positionIn(draft, market, trade.taker);
  const makes = positionIn(draft, market, fill.maker);
  const [taken, made] = [takes.lots, makes.lots];
  const takerReduces = reduces(fill.lots, taken);
  const makerReduces = reduces(-fill.lots, made);
  if (!market.isOpen && !(takerReduces && makerReduces)) return "RiskMayNotRise";

  if (!takerReduces && abs(taken + fill.lots) > market.positionCap) return "PositionCapExceeded";
  if (!makerReduces && abs(made - fill.lots) > market.positionCap) return "PositionCapExceeded";
  // the taker may come to a size by several fills: on a perpetual it is tested when the market is left, in series when the trade ends
  if (fallsBelowLeast(draft, made, made - fill.lots, underlying.price)) return "PositionTooSmall";

  const changes = [changeOf(market, takes, fill.lots), changeOf(market, makes, -fill.lots)];
  const openInterest = changes.reduce((sum, [from, to]) => sum + countedUp(to) - countedUp(from), underlying.funding.openInterest);
  // what changes hands opens nothing, though it may count more than it did
  const opens = openInterestAfter(openInterestAfter(0n, taken, taken + fill.lots), made, made - fill.lots) > 0n;
  if (opens && openInterest > underlying.funding.cap) return "OpenInterestCapExceeded";

  const account = draft.account(fill.maker);
  if (ownerOf(fill.maker) !== trade.moduleAddress && !consents(account, draft.base.defaultModules, trade.module))
    return "ModuleNotConsented";
  const held = heldUnderlyings(account);
  if (!held.has(index) && BigInt(held.size) >= MAX_UNDERLYINGS) return "TooManyUnderlyings";
  const isNew = instrument !== 0n && made === 0n;
  if (isNew && seriesCountOf(account) >= MAX_SERIES_POSITIONS) return "TooManySeriesPositions";
  payMaker(draft, market, fill);
  countOpenInterest(draft, index, instrument, changes);
  return { fill, market, taken, made, takerReduces, makerReduces, openInterest };
}

/** A position before and after some lots more. */
function changeOf({ halvings }: Market, before: SeriesPosition, change: bigint): readonly [SeriesPosition, SeriesPosition] {
  const lots = before.lots + change;
  return [before, { ...before, lots, halvings: halvingsAfter(before, lots, halvings) }];
}

function payMaker(draft: Draft, market: Market, fill: Fill): void {
  moveIn(draft, market, fill.maker, -fill.lots, fill.price, -fill.makerFee);
}

/** Tests the maker after all legs; puts its side back where it fails. */
function makerReason(draft: Draft, trade: Trade, before: Account, legs: readonly Leg[]): string | undefined {
  const { base } = draft;
  const portfolio = portfolioOf(draft, before.id);
  const raising = legs.filter(({ makerReduces }) => !makerReduces);
  const newRisk = raising.reduce(
    (sum, { fill, market, made, openInterest }) =>
      sum + newRiskCharge(draft, market.underlying, market.reference, made, made - fill.lots, openInterest),
    0n,
  );
  let reason: string | undefined;
  const doubtful = raising.length !== 0 && isDoubtful(portfolio);
  const series = portfolio.holdings !== undefined || legs[0]!.market.instrument !== 0n;
  if (raising.length !== 0 && (isAbnormal(portfolio, base.margin.tradingAge) || (doubtful && series))) reason = "RiskMayNotRise";
  // at the worse edge by the first form alone
  else if (doubtful && !coversOpening(portfolio, trade.terms, newRisk + hiddenBy(draft, portfolio, trade.terms, before.id).surplus))
    reason = "MarginTooLow";
  else if (raising.length !== 0 && notionalOf(portfolio) < base.liquidation.smallestNotional * WAD) reason = "AccountTooSmall";
  else if (coversOpening(portfolio, trade.terms, newRisk)) return undefined;
  putBack(draft, before, legs);
  if (reason !== undefined) return reason;
  const was = portfolioOf(draft, before.id);
  // a fill of the perpetual asks no maker with series for live prices
  const looksBack = legs[0]!.market.instrument !== 0n || was.holdings === undefined;
  if (!looksBack || !shedsAtBoth(was, portfolio, trade.terms)) return "MarginTooLow";
  for (const { market, fill } of legs) payMaker(draft, market, fill);
  return undefined;
}

/** The maker as it was before `legs`, the last of them first: what was closed lost its place in the list to the last position, and is the last one now. */
function putBack(draft: Draft, before: Account, legs: readonly Leg[]): void {
  const series = new Map(draft.account(before.id).series);
  for (const { market, fill } of [...legs].reverse()) {
    if (market.instrument === 0n) continue;
    const was = seriesPositionOf(before, market.index, market.instrument);
    const positions = changedPositions(series.get(market.index) ?? [], market.instrument, fill.lots, was);
    if (positions.length === 0) series.delete(market.index);
    else series.set(market.index, positions);
  }
  draft.setAccount({ ...before, series });
}

/** Whether a price is outside the band around the mark. */
function outsideBand({ underlying, mark, reference }: Market, price: bigint): boolean {
  const width = (reference * underlying.trading.fillBand) / 1_000_000n;
  return price > mark + width || price + width < mark;
}

/** Of the price of a fill in a series, ppm. */
const MOST_FEE_OF_PRICE = 125_000n;

/**
 * Fees of the perpetual are bounded by a part of the price of the fill; those of a series by that part of the reference price, for an option may be worth
 * next to nothing, and by an eighth of the price of the fill.
 */
function feesWrong({ underlying, instrument, reference }: Market, fill: Fill): boolean {
  const part = fromPpm(underlying.trading.feeCap);
  const paid = fill.lots * fill.price;
  const cap =
    instrument === 0n
      ? wrappedPartUp(paid, part)
      : min(wrappedPartUp(fill.lots * reference, part), wrappedPartUp(paid, fromPpm(MOST_FEE_OF_PRICE)));
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
