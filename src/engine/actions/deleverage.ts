import { Draft, type Outcome, transact } from "../ledger/draft.ts";
import { credit, lotsOf } from "../ledger/ledger.ts";
import { countOpenInterest, type Market, marketOf, moveIn, namedInstrument, positionIn } from "../ledger/market.ts";
import { holdingOf } from "../ledger/options/seriesHolding.ts";
import { seriesNow, seriesOf } from "../ledger/options/seriesState.ts";
import { requireUp } from "../ledger/uptime.ts";
import { draw, fundAccountOf, holdsPositions, keepClock, payBounty } from "../margin/fundAccounts.ts";
import { assess, termsAt } from "../margin/margin.ts";
import { liveMargin } from "../margin/options/liveMargin.ts";
import { portfolioOf } from "../margin/portfolios.ts";
import { requireFresh } from "../margin/takeover.ts";
import { clearWaterLine, keepWaterLine } from "../margin/waterLines.ts";
import { bankruptcyPrices } from "../math/pool/bankruptcy.ts";
import { callerPaidDown, keepsHealth, leverageDown, lotsOfPart, partDownTo, shortPartUp, type Winner } from "../math/pool/closing.ts";
import { lotsPartUp } from "../math/slice.ts";
import { accountIdOf } from "../types/accountId.ts";
import { revert } from "../types/errors.ts";
import { abs, sum } from "../types/fixedPoint.ts";
import { instrumentFromNumber } from "../types/instrument.ts";
import type { AccountId, Address, MarginTerms, Portfolio, State } from "../types/types.ts";
import { reviewExchange } from "./exchange.ts";
import { topUpFundOn } from "./fund.ts";
import { payExpiredOn } from "./settleExpired.ts";

/** What the caller is paid: a part of the gross notional that he closed, 18 decimals. */
export const CALLER_PART = 2n * 10n ** 14n;

/** One instrument that a fund account is short of room for. */
interface Lack {
  readonly market: Market;
  readonly price: bigint; // of a lot, WAD, at which it is closed
  readonly notional: bigint; // gross, of a lot, WAD: an option counts its forward
  lots: bigint; // still to be closed, signed as the fund account holds them
}

/** What is closed against: the fund account, and where the water-line stands. */
interface Shortage {
  readonly fund: AccountId;
  readonly underlying: number;
  readonly lacks: readonly Lack[];
  readonly level: bigint;
  readonly terms: MarginTerms;
}

/**
 * Closes what the fund account of an underlying holds beyond its margin, after its top-up, against the accounts named, each down to the water-line at most; who is
 * not above it, or would end with a lower health, is passed by. Below zero at the prices of bankruptcy, otherwise at the mark. Where it lacks nothing any more a
 * water-line that runs is cleared. docs/deleveraging.md
 * @param caller whose first account is paid by the main stake like a keeper, within the same cap
 * @throws Reverted `FundAccountSolvent`, `FundAccountEmpty`, `PriceNotNormal`, `PriceTooOld`, `SequencerNotUp`
 * @example
 * const { state: after } = deleverage(state, caller, 0, [account]);
 */
export function deleverage(state: State, caller: Address, underlying: number, accounts: readonly AccountId[]): Outcome {
  return transact(state, (draft) => deleverageOn(draft, caller, underlying, accounts));
}

/** As `deleverage`, on a draft. */
export function deleverageOn(draft: Draft, caller: Address, underlying: number, accounts: readonly AccountId[]): void {
  requireUp(draft);
  const { margin } = draft.base;
  const named = BigInt(underlying);
  const fund = fundAccountOf(draft, named);
  payExpiredOn(draft, fund);
  const before = portfolioOf(draft, fund);
  requireFresh(before, margin);
  const terms = termsAt(margin, draft.now);
  const figures = assess(before, terms, false);
  const isEmpty = !holdsPositions(draft, fund);
  if (isEmpty || figures.equity >= figures.margin) {
    if (draft.waterLines.has(underlying)) clearWaterLine(draft, underlying);
    else if (isEmpty) revert("FundAccountEmpty", named);
    else revert("FundAccountSolvent", named, figures.value);
    return;
  }
  const lacking = figures.margin - figures.equity;
  const drawn = draw(draft, named, lacking);
  if (drawn < lacking) {
    const part = shortPartUp(figures.value + drawn, figures.equity + drawn, figures.margin);
    const lacks = lacksOf(draft, fund, underlying, part, figures.value + drawn, terms);
    const shortage = { fund, underlying, lacks, level: keepWaterLine(draft, underlying).level, terms };
    const notional = sum(accounts.map((account) => close(draft, account, shortage)));
    const paid = payBounty(draft, callerPaidDown(notional, CALLER_PART, notional), notional);
    if (paid !== 0n) {
      credit(draft, accountIdOf(caller), paid);
      draft.emit("DeleveragePaid", { account: accountIdOf(caller), underlying: named, amount: paid });
    }
    keepClock(draft, fund, named);
  }
  // what it is short of now, what is left below zero without a position, and whether the shortage is over
  if (draft.shortfalls.has(underlying)) topUpFundOn(draft, underlying);
  else clearWaterLine(draft, underlying);
}

/** How far an account is from being closed: its leverage, to be held beside the water-line. */
export function deleveragingLeverage(state: State, account: AccountId): bigint {
  return leverageDown(winnerOf(portfolioOf(new Draft(state), account), termsAt(state.margin, state.now)));
}

/** What has to go, and at what price. */
function lacksOf(draft: Draft, fund: AccountId, underlying: number, part: bigint, value: bigint, terms: MarginTerms): Lack[] {
  const names = instrumentsOf(draft, fund, underlying);
  const positions = names.map((named) => {
    const market = marketOf(draft, named);
    return { market, lots: positionIn(draft, market, fund).lots };
  });
  const losses = lossesOf(draft, fund, underlying, names, terms);
  const shorts = positions.map(({ market, lots }, i) => ({ lots, mark: market.mark, loss: losses[i]! }));
  const { prices } = bankruptcyPrices(shorts, value);
  return positions.map(({ market, lots }, i) => ({
    market,
    price: prices[i]!,
    notional: notionalOf(draft, market),
    lots: lotsPartUp(lots, part),
  }));
}

/** Of a lot: an option counts its forward, WAD. */
function notionalOf(draft: Draft, { index, underlying, instrument, mark }: Market): bigint {
  if (instrument === 0n) return mark;
  return seriesNow(underlying, seriesOf(draft, index, Number(instrumentFromNumber(instrument).series)).series, draft.now).forward;
}

/** Closes one account against what is lacking, or leaves everything as it is; returns the gross notional that was closed, WAD. */
function close(draft: Draft, account: AccountId, { fund, underlying, lacks, level, terms }: Shortage): bigint {
  const opposite = lacks.filter(({ market, lots }) => {
    const held = positionIn(draft, market, account).lots;
    return held !== 0n && lots !== 0n && held > 0n !== lots > 0n;
  });
  if (opposite.length === 0) return 0n;
  const before = portfolioOf(draft, account);
  const held = opposite.map(({ market }) => positionIn(draft, market, account).lots);
  const names = opposite.map(({ market }) => namedInstrument(underlying, market.instrument));
  const matched = sum(lossesOf(draft, account, underlying, names, terms));
  const conceded = sum(opposite.map(({ market, price }, i) => abs(held[i]!) * abs(market.mark - price)));
  const part = partDownTo({ ...winnerOf(before, terms), matched, conceded }, level);
  if (part === 0n) return 0n;
  const closings = opposite.map((lack, i) => ({ lack, lots: lotsOfPart(held[i]!, part, lack.lots) }));
  const trial = new Draft(draft.finish());
  for (const { lack, lots } of closings) moveBetween(trial, account, fund, lack, lots);
  const [was, is] = [assess(before, terms, false), assess(portfolioOf(trial, account), terms, false)];
  if (!keepsHealth(was.equity, was.equity - is.equity, was.margin, is.margin)) return 0n;
  for (const { lack, lots } of closings) {
    moveBetween(draft, account, fund, lack, lots);
    lack.lots += lots;
    const { price, market } = lack;
    draft.emit("Deleveraged", { account, instrument: namedInstrument(underlying, market.instrument), lots, price, level });
  }
  reviewExchange(draft, account);
  return sum(closings.map(({ lack, lots }) => abs(lots) * lack.notional));
}

/** The account gives lots, signed as it holds them, to the fund account for the price at which they are closed. */
function moveBetween(
  draft: Draft,
  account: AccountId,
  fund: AccountId,
  { price, market: { index, instrument } }: Lack,
  lots: bigint,
): void {
  const market = marketOf(draft, namedInstrument(index, instrument));
  const was = [account, fund].map((id) => positionIn(draft, market, id));
  moveIn(draft, market, account, -lots, price, 0n);
  moveIn(draft, market, fund, lots, price, 0n);
  const is = [account, fund].map((id) => positionIn(draft, market, id));
  countOpenInterest(draft, index, instrument, [
    [was[0]!, is[0]!],
    [was[1]!, is[1]!],
  ]);
}

/** Every instrument of an underlying that an account holds and that has not settled. */
function instrumentsOf(draft: Draft, id: AccountId, underlying: number): bigint[] {
  const account = draft.account(id);
  const perpetual = lotsOf(account, underlying) === 0n ? [] : [0n];
  const series = (account.series.get(underlying) ?? []).map(({ instrument }) => instrument);
  return [...perpetual, ...series]
    .map((instrument) => namedInstrument(underlying, instrument))
    .filter((named) => marketOf(draft, named).closed === undefined);
}

/** What positions of an account lose in the worst scenario of its underlying, priced live, WAD; a gain is negative. */
function lossesOf(draft: Draft, id: AccountId, underlying: number, names: readonly bigint[], terms: MarginTerms): bigint[] {
  const { books } = portfolioOf(draft, id);
  const book = books.find((each) => each.underlying === BigInt(underlying)) ?? revert("UnknownUnderlying", BigInt(underlying));
  const positions = draft.account(id).series.get(underlying) ?? [];
  const { scenario } = liveMargin(holdingOf(draft.underlying(underlying), book, positions, draft.now), terms);
  const alone = { ...book, lots: 0n, collateral: 0n, haircut: 0n };
  return names.map((named) => {
    const { instrument } = marketOf(draft, named);
    const own = instrument === 0n ? [] : positions.filter((each) => each.instrument === instrument);
    const part = { ...alone, lots: instrument === 0n ? book.lots : 0n };
    return liveMargin(holdingOf(draft.underlying(underlying), part, own, draft.now), terms).losses[Number(scenario)]!;
  });
}

/** Scan and equity of an account, priced live at the held range. */
function winnerOf(portfolio: Portfolio, terms: MarginTerms): Pick<Winner, "scan" | "equity"> {
  const { equity } = assess(portfolio, terms, false);
  const scans = portfolio.books.map((book) => {
    const holding = portfolio.holdings?.get(book.underlying) ?? { ...book, series: [], settled: 0n, futuresCost: 0n };
    return liveMargin(holding, terms).scan;
  });
  return { equity, scan: sum(scans) };
}
