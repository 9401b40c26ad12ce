import { Draft, type Outcome } from "../ledger/draft.ts";
import { lotsOf } from "../ledger/ledger.ts";
import { countOpenInterest, type Market, marketOf, moveIn, namedInstrument, positionIn } from "../ledger/market.ts";
import { holdingOf } from "../ledger/options/seriesHolding.ts";
import { requireUp } from "../ledger/uptime.ts";
import { draw, fundAccountOf, keepClock } from "../margin/fundAccounts.ts";
import { assess, termsAt } from "../margin/margin.ts";
import { liveMargin } from "../margin/options/liveMargin.ts";
import { portfolioOf } from "../margin/portfolios.ts";
import { requireFresh } from "../margin/takeover.ts";
import { bankruptcyPrices } from "../math/pool/bankruptcy.ts";
import { keepsHealth, leverageDown, lotsOfPart, partDownTo, shortPartUp, type Winner } from "../math/pool/closing.ts";
import { highest, type WaterLine, waterLineAt } from "../math/pool/waterLine.ts";
import { lotsPartUp } from "../math/slice.ts";
import { AccountMap } from "../types/accountMap.ts";
import { revert } from "../types/errors.ts";
import { abs, fromPpm, sum } from "../types/fixedPoint.ts";
import { rampAt } from "../types/ramp.ts";
import type { AccountId, MarginTerms, Portfolio, State } from "../types/types.ts";

/** No shortage. */
export const DRY: WaterLine = { level: 0n, time: 0n };

/** One instrument that a fund account is short of room for. */
interface Lack {
  readonly market: Market;
  readonly price: bigint; // of a lot, WAD, at which it is closed
  lots: bigint; // still to be closed, signed as the fund account holds them
}

/**
 * Closes what the fund account of an underlying holds beyond its margin against the accounts named, each down to the water-line at most; who is not above it, or
 * would end with a lower health, is passed by. Not in the contracts yet, which will store the water-line; docs/deleveraging.md.
 * @param line as it was left by the last call
 * @returns with the water-line as it is now: none when the fund account has its margin
 * @throws Reverted `FundAccountSolvent`, `PriceNotNormal`, `PriceTooOld`
 */
export function deleverage(
  state: State,
  line: WaterLine,
  underlying: number,
  accounts: readonly AccountId[],
): Outcome & { readonly line: WaterLine } {
  let draft = new Draft(state);
  const terms = termsAt(state.margin, state.now);
  requireUp(draft);
  const fund = fundAccountOf(draft, BigInt(underlying));
  const before = portfolioOf(draft, fund);
  requireFresh(before, state.margin);
  const figures = assess(before, terms, false);
  if (figures.equity >= figures.margin) revert("FundAccountSolvent", BigInt(underlying), figures.value);
  const drawn = draw(draft, BigInt(underlying), figures.margin - figures.equity);
  const value = figures.value + drawn;
  const part = shortPartUp(value, figures.equity + drawn, figures.margin);
  const began = line.level === 0n ? { level: highest(fromPpm(rampAt(state.margin.maintenance, state.now))), time: state.now } : line;
  const now = waterLineAt(began, state.now);
  const lacks = lacksOf(draft, fund, underlying, part, value, terms);
  // each account that is closed is written on a draft of its own, over what the last one left
  const touched = new AccountMap<true>();
  const note = (written: Draft): void => written.accounts.forEach(({ id }) => void touched.set(id, true));
  for (const account of accounts) {
    const next = closed(draft, fund, account, underlying, lacks, now.level, terms);
    if (next !== draft) note(draft);
    draft = next;
  }
  keepClock(draft, fund, BigInt(underlying));
  const after = assess(portfolioOf(draft, fund), terms, false);
  note(draft);
  const outcome = { state: draft.finish(), events: draft.events, touched: [...touched.keys()] };
  return { ...outcome, line: after.equity >= after.margin ? DRY : now };
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
  return positions.map(({ market, lots }, i) => ({ market, price: prices[i]!, lots: lotsPartUp(lots, part) }));
}

/** Closes one account against what is lacking, or leaves everything as it is. */
function closed(
  draft: Draft,
  fund: AccountId,
  account: AccountId,
  underlying: number,
  lacks: readonly Lack[],
  level: bigint,
  terms: MarginTerms,
): Draft {
  const before = portfolioOf(draft, account);
  const opposite = lacks.filter(({ market, lots }) => {
    const held = positionIn(draft, market, account).lots;
    return held !== 0n && lots !== 0n && held > 0n !== lots > 0n;
  });
  if (opposite.length === 0) return draft;
  const held = opposite.map(({ market }) => positionIn(draft, market, account).lots);
  const names = opposite.map(({ market }) => namedInstrument(underlying, market.instrument));
  const matched = sum(lossesOf(draft, account, underlying, names, terms));
  const conceded = sum(opposite.map(({ market, price }, i) => abs(held[i]!) * abs(market.mark - price)));
  const part = partDownTo({ ...winnerOf(before, terms), matched, conceded }, level);
  if (part === 0n) return draft;

  const trial = new Draft(draft.finish());
  trial.events.push(...draft.events);
  const moves = opposite.map(({ lots }, i) => lotsOfPart(held[i]!, part, lots));
  opposite.forEach(({ price, market: { index, instrument } }, i) => {
    const market = marketOf(trial, namedInstrument(index, instrument));
    const lots = moves[i]!;
    const was = [account, fund].map((id) => positionIn(trial, market, id));
    moveIn(trial, market, account, -lots, price, 0n);
    moveIn(trial, market, fund, lots, price, 0n);
    const is = [account, fund].map((id) => positionIn(trial, market, id));
    countOpenInterest(trial, index, instrument, [
      [was[0]!, is[0]!],
      [was[1]!, is[1]!],
    ]);
    trial.emit("Deleveraged", { account, instrument: namedInstrument(index, instrument), lots, price, level });
  });
  const [was, is] = [assess(before, terms, false), assess(portfolioOf(trial, account), terms, false)];
  if (!keepsHealth(was.equity, was.equity - is.equity, was.margin, is.margin)) return draft;
  opposite.forEach((lack, i) => {
    lack.lots += moves[i]!;
  });
  return trial;
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
