import { fundIncome } from "../ledger/deficit.ts";
import { type Draft, type Outcome, transact } from "../ledger/draft.ts";
import { leastSize } from "../ledger/leastSize.ts";
import { credit, moveCollateral, stopExchange, tokenValueDown } from "../ledger/ledger.ts";
import { authorise, SCOPE_TRADE } from "../ledger/operators.ts";
import { requireUp } from "../ledger/uptime.ts";
import { excused } from "../margin/doubt.ts";
import { cover, fundAccountOf, payBounty, transferBook, transferSeries } from "../margin/fundAccounts.ts";
import { assess, lineOf, termsAt } from "../margin/margin.ts";
import { liveMargin, partOf, seriesValueDown, withoutPart } from "../margin/options/liveMargin.ts";
import { portfolioOf } from "../margin/portfolios.ts";
import { requireFresh, requireGoodRate, requireMargin } from "../margin/takeover.ts";
import { discountUp, leastLots, lotsPartUp, type SliceTerms, sliceTerms } from "../math/slice.ts";
import { worstOfLineUp } from "../math/stress.ts";
import { accountIdOf, ownerOf } from "../types/accountId.ts";
import { revert, toSigned } from "../types/errors.ts";
import { divUp, fromPpm, max, min, partDown, partUp, WAD } from "../types/fixedPoint.ts";
import type { UnderlyingHolding } from "../types/holding.ts";
import { rampAt } from "../types/ramp.ts";
import type { AccountId, Address, Assessment, Book, MarginTerms, Portfolio, State } from "../types/types.ts";
import { figuresWord, movedBytes, type SoldBook, saleWord } from "../words/saleWord.ts";
import { payExpiredOn } from "./settleExpired.ts";

/** One collateral token of the account that is sold. */
interface Lien {
  readonly token: number;
  readonly underlying: bigint;
  readonly held: bigint; // WAD
  readonly moved: bigint; // WAD
  readonly haircut: bigint; // 18 decimals
}

/** What moves of one underlying, and what stays. */
interface Part {
  readonly lots: bigint; // what moves of the perpetual, signed as held
  readonly market: bigint; // WAD: market value of all that moves
  readonly haircut: bigint; // WAD: λ of the haircut on it
  readonly scan: bigint; // WAD: of the whole underlying
  readonly left: Book;
  readonly sold: Book;
  readonly holdingLeft?: UnderlyingHolding; // where there are series
  readonly holdingSold?: UnderlyingHolding;
}

/** A planned sale of an account or of a slice of it. `parts` run beside `portfolio.books`. */
export interface Sale {
  readonly account: AccountId;
  readonly portfolio: Portfolio;
  readonly figures: Assessment;
  readonly maintenance: bigint; // WAD
  readonly terms: SliceTerms;
  readonly whole: boolean;
  readonly discount: bigint; // WAD, on what moves
  readonly parts: readonly Part[];
  readonly liens: readonly Lien[];
}

/**
 * Sells the slice of an account that restores it to the fund's accounts; `keeper` is credited its reward.
 * @returns with the fraction that was sold, 18 decimals
 * @throws Reverted `AccountHealthy` and what else the vault refuses with
 * @example
 * const { state: after, fraction } = liquidate(state, account, accountIdOf(keeper));
 */
export function liquidate(state: State, account: AccountId, keeper: AccountId): Outcome & { readonly fraction: bigint } {
  let fraction = 0n;
  const outcome = transact(state, (draft) => {
    fraction = liquidateOn(draft, account, keeper);
  });
  return { ...outcome, fraction };
}

/** As `liquidate`, on a draft. */
export function liquidateOn(draft: Draft, account: AccountId, keeper: AccountId): bigint {
  requireUp(draft);
  if (ownerOf(keeper) === draft.base.fund) revert("ProtocolAccount", keeper);
  if (keeper === account) revert("TakerIsAccount", account);
  const sale = plan(draft, account);
  sellToFund(draft, keeper, sale);
  return sale.terms.fraction;
}

/**
 * Sells those of `accounts` that are below the line and hold one perpetual and nothing else, as `liquidate` would one by one; who is above it is passed by.
 * @returns with how many were sold, and the accounts of which nothing is said
 * @throws Reverted `SequencerNotUp`, `ProtocolAccount`
 */
export function liquidateMany(
  state: State,
  accounts: readonly AccountId[],
  keeper: AccountId,
): Outcome & { readonly sold: bigint; readonly rest: readonly AccountId[] } {
  let sold = 0n;
  const rest: AccountId[] = [];
  const outcome = transact(state, (draft) => {
    requireUp(draft);
    if (ownerOf(keeper) === draft.base.fund) revert("ProtocolAccount", keeper);
    for (const account of accounts) {
      const figures = account === keeper ? undefined : perpetualAlone(draft, account);
      if (figures !== undefined && figures.equity >= figures.maintenance) continue;
      // of who has no more than the bounty the fund pays a part
      if (figures === undefined || figures.equity <= draft.base.liquidation.bounty) {
        rest.push(account);
        continue;
      }
      liquidateOn(draft, account, keeper);
      sold++;
    }
  });
  return { ...outcome, sold, rest };
}

/** The figures of an account, not the fund's, that holds one perpetual and nothing else at a good price; no clock runs. */
function perpetualAlone(draft: Draft, id: AccountId): { readonly equity: bigint; readonly maintenance: bigint } | undefined {
  const { positions, series, collateral, exchangeSince } = draft.account(id);
  const dated = [...series.values()].some(({ length }) => length !== 0);
  if (positions.size !== 1 || dated || collateral.size !== 0 || exchangeSince !== 0n || ownerOf(id) === draft.base.fund) return undefined;
  const portfolio = portfolioOf(draft, id);
  if (portfolio.books.some(({ doubt }) => doubt !== 0n)) return undefined;
  const terms = termsAt(draft.base.margin, draft.now);
  const { equity, margin } = assess(portfolio, terms, false);
  return { equity, maintenance: partUp(margin, terms.maintenance) };
}

/**
 * As `liquidate`, but the caller's own account takes the slice, within its own margin.
 * @param maximumFraction 18 decimals; exactly the slice is sold or nothing
 * @param minimumDiscount WAD, of what the taker keeps with the bounty
 * @throws Reverted `FractionAboveLimit`, `DiscountBelowLimit`, `AccountInsolvent`, `MarginTooLow` and others
 */
export function liquidateTo(
  state: State,
  caller: Address,
  account: AccountId,
  taker: AccountId,
  maximumFraction: bigint,
  minimumDiscount: bigint,
): Outcome & { readonly fraction: bigint } {
  let fraction = 0n;
  const outcome = transact(state, (draft) => {
    authorise(draft, taker, caller, SCOPE_TRADE);
    fraction = liquidateToOn(draft, account, taker, maximumFraction, minimumDiscount);
  });
  return { ...outcome, fraction };
}

/** As `liquidateTo`, on a draft, without the test of the caller. */
export function liquidateToOn(
  draft: Draft,
  account: AccountId,
  taker: AccountId,
  maximumFraction: bigint,
  minimumDiscount: bigint,
): bigint {
  requireUp(draft);
  const { fund, margin } = draft.base;
  if (ownerOf(taker) === fund) revert("ProtocolAccount", taker);
  if (taker === account) revert("TakerIsAccount", account);
  const sale = plan(draft, account);
  if (sale.terms.fraction > maximumFraction) revert("FractionAboveLimit", sale.terms.fraction, maximumFraction);
  if (sale.figures.value < 0n) revert("AccountInsolvent", account, sale.figures.value);
  // a taker would pick what has moved his way: a doubtful holding moves to the fund alone
  requireFresh(sale.portfolio, margin);
  for (const { token } of sale.liens) requireGoodRate(draft, token);
  const terms = termsAt(margin, draft.now);
  const before = portfolioOf(draft, taker);
  sellToTaker(draft, taker, sale, minimumDiscount);
  requireMargin(draft, taker, portfolioOf(draft, taker), terms, before);
  return sale.terms.fraction;
}

// ---------------------------------------------------------------- plan

/**
 * What a liquidation of an account would sell now; execution follows the same plan. Settled series are paid first.
 * @throws Reverted `AccountHealthy`, `SequencerNotUp`, `ProtocolAccount`
 */
export function plan(draft: Draft, account: AccountId): Sale {
  requireUp(draft);
  payExpiredOn(draft, account);
  const portfolio = portfolioOf(draft, account);
  if (ownerOf(account) === draft.base.fund) revert("ProtocolAccount", account);
  const terms = termsAt(draft.base.margin, draft.now);
  const figures = assess(portfolio, terms, false);
  const maintenance = partUp(figures.margin, terms.maintenance);
  // where prices are in doubt, below what they leave of it; who has no equity is never spared
  const least = maintenance - min(excused(portfolio, terms), maintenance);
  if (figures.equity >= least) revert("AccountHealthy", account, figures.equity, least);
  const slice = sliceTerms(figures, maintenance, draft.base.liquidation, countOf(draft, account, portfolio));
  const sale = cut(draft, { account, portfolio, figures, maintenance }, slice, terms);
  if (sale.whole || !mustSellAll(sale, terms)) return sale;
  return cut(draft, sale, { ...slice, fraction: WAD }, terms);
}

/** Positions and collaterals, settled series apart: what moves in a sale, whatever its fraction. */
function countOf(draft: Draft, account: AccountId, { books, holdings }: Portfolio): bigint {
  const perpetuals = books.filter(({ lots }) => lots !== 0n).length;
  const dated = [...(holdings?.values() ?? [])].flatMap(({ series }) => series);
  const inSeries = dated.reduce((sum, { futures, options }) => sum + (futures === 0n ? 0 : 1) + options.length, 0);
  return BigInt(perpetuals + inSeries + draft.account(account).collateral.size);
}

/** What moves at the fraction of `slice`: ⌈f·|q|⌉ lots of everything and ⌈f·C⌉ collateral, and all of what would be left too small; and what it is worth. */
function cut(
  draft: Draft,
  of: Pick<Sale, "account" | "portfolio" | "figures" | "maintenance">,
  slice: SliceTerms,
  terms: MarginTerms,
): Sale {
  const { portfolio } = of;
  const { fraction } = slice;
  const smallest = leastSize(draft);
  const held = [...draft.account(of.account).collateral].sort(([a], [b]) => a - b);
  const liens = held.map(([token, amount]): Lien => {
    const listed = draft.collateral(token);
    const { underlying, haircut } = listed;
    const part = divUp(amount * fraction, WAD);
    const moved = tokenValueDown(listed, amount - part, draft.underlying(Number(underlying))) < smallest ? amount : part;
    return { token, underlying, held: amount, moved, haircut: fromPpm(rampAt(haircut, draft.now)) };
  });
  const parts = portfolio.books.map((book): Part => {
    const least = leastLots(smallest, book.price);
    const lots = lotsPartUp(book.lots, fraction, least);
    let market = lots * book.price;
    let [haircut, collateralLeft, haircutLeft, collateralSold] = [0n, 0n, 0n, 0n];
    for (const lien of liens.filter(({ underlying }) => underlying === book.underlying)) {
      const listed = draft.collateral(lien.token);
      const underlying = draft.underlying(Number(book.underlying));
      const value = tokenValueDown(listed, lien.moved, underlying);
      market += value;
      collateralSold += value;
      haircut += partUp(partUp(value, lien.haircut), slice.haircutShare);
      const kept = tokenValueDown(listed, lien.held - lien.moved, underlying);
      collateralLeft += kept;
      haircutLeft += partUp(kept, lien.haircut);
    }
    const left = { ...book, lots: book.lots - lots, collateral: collateralLeft, haircut: haircutLeft };
    const sold = { ...book, lots, collateral: collateralSold, haircut: 0n };
    const holding = portfolio.holdings?.get(book.underlying);
    if (holding === undefined)
      return { lots, market, haircut, scan: worstOfLineUp(lineOf(book) + book.collateral, book.heldRange), left, sold };
    const holdingLeft = withoutPart(holding, fraction, left, least);
    market += seriesValueDown(holding) - seriesValueDown(holdingLeft);
    const { scan } = liveMargin(holding, terms);
    return { lots, market, haircut, scan, left, sold, holdingLeft, holdingSold: partOf(holding, fraction, sold, least) };
  });
  const whole = fraction === WAD;
  return { ...of, terms: slice, whole, discount: whole ? slice.discount : discountOf(draft, slice, parts, terms), parts, liens };
}

/**
 * D of the fraction, and no less than what moves would cost by itself, WAD: whole lots, and what is sold in full because little of it would be left, are more than
 * the fraction.
 */
function discountOf(draft: Draft, slice: SliceTerms, parts: readonly Part[], terms: MarginTerms): bigint {
  const holdings = new Map(
    parts.flatMap(({ sold, holdingSold }) => (holdingSold === undefined ? [] : [[sold.underlying, holdingSold] as const])),
  );
  const figures = assess({ cash: 0n, books: parts.map(({ sold }) => sold), holdings }, terms, false);
  return max(partUp(slice.discount, slice.fraction), discountUp(figures, slice.health, draft.base.liquidation));
}

/** Whether the slice would, by its whole lots and by what it sells in full, cost more than the sale of all, lower E / IM, or cure nothing. */
function mustSellAll({ portfolio, figures, terms, discount, parts }: Sale, margin: MarginTerms): boolean {
  if (discount > terms.discount) return true;
  const received = parts.reduce((sum, { market, haircut }) => sum + market - haircut, 0n);
  const cash = portfolio.cash + received - discount - terms.bounty;
  const holdings = new Map(
    parts.flatMap(({ left, holdingLeft }) => (holdingLeft === undefined ? [] : [[left.underlying, holdingLeft] as const])),
  );
  const left = assess({ cash, books: parts.map((part) => part.left), holdings }, margin, false);
  if (left.equity < partUp(left.margin, margin.maintenance)) return true;
  return left.equity * figures.margin < figures.equity * left.margin;
}

// ---------------------------------------------------------------- execution

function sellToFund(draft: Draft, keeper: AccountId, sale: Sale): void {
  const { liquidation } = draft.base;
  const { bounty, discount } = charges(sale);
  const share = partDown(
    partDown(partDown(sale.figures.margin, fromPpm(liquidation.discountMin)), fromPpm(liquidation.keeperShare)),
    sale.terms.fraction,
  );
  const reward = min(share, discount);
  const lacking = sale.terms.bounty - bounty;
  const fromFund = lacking > 0n ? payBounty(draft, lacking, sale.figures.notional) : 0n;
  const moved = moveSale(draft, undefined, sale, discount - reward);
  let cash = cashAfter(sale, moved) - bounty - reward;
  credit(draft, keeper, bounty + reward + fromFund);
  if (sale.whole && cash < 0n) {
    const underlyings = sale.portfolio.books.map((book) => book.underlying);
    const scans = sale.parts.map(({ scan }) => scan);
    cover(draft, sale.account, -cash, underlyings, scans);
    cash = 0n;
  }
  close(draft, sale, cash);
  emitLiquidated(draft, sale, keeper, bounty + reward + fromFund, false, moved);
  if (fromFund !== 0n) draft.emit("BountyFunded", { account: sale.account, amount: fromFund });
}

function sellToTaker(draft: Draft, taker: AccountId, sale: Sale, minimumDiscount: bigint): void {
  const { bounty, discount } = charges(sale);
  const income = partUp(discount, fromPpm(draft.base.liquidation.fundShare));
  const kept = discount - income + bounty;
  if (kept < minimumDiscount) revert("DiscountBelowLimit", kept, minimumDiscount);
  const moved = moveSale(draft, taker, sale, kept);
  close(draft, sale, cashAfter(sale, moved) - income);
  if (income !== 0n) {
    fundIncome(draft, accountIdOf(draft.base.fund), income);
    draft.emit("DiscountShared", { account: sale.account, amount: income });
  }
  emitLiquidated(draft, sale, taker, 0n, true, moved);
}

/** The cash of the account with what was paid for what moved, WAD. */
function cashAfter(sale: Sale, moved: readonly SoldBook[]): bigint {
  return moved.reduce((sum, { cash }) => sum + cash, sale.portfolio.cash);
}

function emitLiquidated(draft: Draft, sale: Sale, keeper: AccountId, reward: bigint, taken: boolean, moved: readonly SoldBook[]): void {
  draft.emit("Liquidated", {
    account: sale.account,
    keeper,
    sale: saleWord({ fraction: sale.terms.fraction, reward, taken }),
    figures: figuresWord(sale.figures.equity, sale.figures.margin),
    moved: movedBytes(moved),
  });
}

/** The bounty and the discount that the account bears, WAD: of a whole sale never more than there is. */
function charges(sale: Sale): { bounty: bigint; discount: bigint } {
  const { terms, discount } = sale;
  if (!sale.whole) return { bounty: terms.bounty, discount };
  const worth = max(worthOf(sale), 0n);
  const bounty = min(terms.bounty, worth);
  return { bounty, discount: min(discount, worth - bounty) };
}

/** W of what moves and the cash beside it, WAD. */
function worthOf(sale: Sale): bigint {
  return sale.parts.reduce((worth, { market, haircut }) => worth + market - haircut, sale.portfolio.cash);
}

/**
 * Moves lots and collateral to the fund's accounts (no taker) or to the taker, who pays for them.
 * @returns what moved of each underlying, and what was paid for it
 */
function moveSale(draft: Draft, taker: AccountId | undefined, sale: Sale, discount: bigint): SoldBook[] {
  const { books } = sale.portfolio;
  const paid = paymentsOf(sale, discount);
  const takerOf = (underlying: bigint): AccountId => taker ?? fundAccountOf(draft, underlying);
  for (const lien of sale.liens) {
    if (lien.moved === 0n) continue;
    const to = takerOf(lien.underlying);
    moveCollateral(draft, sale.account, lien.token, lien.moved, false);
    moveCollateral(draft, to, lien.token, lien.moved, true);
    draft.emit("CollateralSold", { account: sale.account, taker: to, token: BigInt(lien.token), amount: lien.moved });
  }
  return books.map((book, i) => {
    const to = takerOf(book.underlying);
    const lots = sale.parts[i]?.lots ?? 0n;
    const cash = paid[i] ?? 0n;
    const least = leastLots(leastSize(draft), book.price);
    const series = sale.portfolio.holdings?.has(book.underlying)
      ? transferSeries(draft, sale.account, to, book.underlying, sale.terms.fraction, least)
      : [];
    transferBook(draft, sale.account, to, book, lots, cash);
    return { underlying: book.underlying, lots, cash, series };
  });
}

/** What is paid for each book, WAD. The parts of the discount are rounded down and the rest goes with the last book. */
function paymentsOf(sale: Sale, discount: bigint): bigint[] {
  const sum = sale.parts.reduce((total, { scan }) => total + scan, 0n);
  // a whole sale of an account whose haircuts are worth more than it has: all that there is, V or nothing, is the discount
  const exhausted = sale.whole && worthOf(sale) < 0n;
  const shared = exhausted ? max(sale.figures.value, 0n) : discount;
  let left = shared;
  return sale.parts.map(({ market, haircut, scan }, i) => {
    const last = i === sale.parts.length - 1 || sum === 0n;
    const part = last ? left : (shared * scan) / sum;
    left -= part;
    return market - part - (exhausted ? 0n : haircut);
  });
}

/** The account's own cash, and a new order epoch: what was signed before the sale is void, and what was declared of its cash. */
function close(draft: Draft, sale: Sale, cash: bigint): void {
  const account = draft.account(sale.account);
  draft.setAccount({ ...account, cash: toSigned(128, cash), epoch: BigInt.asUintN(32, account.epoch + 1n) });
  stopExchange(draft, sale.account);
}
