import { accountIdOf, ownerOf } from "./accountId.ts";
import { fundIncome } from "./deficit.ts";
import { type Draft, type Outcome, transact } from "./draft.ts";
import { revert, toSigned } from "./errors.ts";
import { authorise, SCOPE_TRADE } from "./execute.ts";
import { abs, divUp, fromPpm, max, min, partDown, partUp, WAD } from "./fixedPoint.ts";
import { cover, fundAccountOf, payBounty, transferBook } from "./fundAccounts.ts";
import { collateralValueDown, credit, moveCollateral, portfolioOf } from "./ledger.ts";
import { assess, bookMargin, lineOf, type MarginTerms, rangeOf, termsAt } from "./margin.ts";
import { bandEdges } from "./priceGuard.ts";
import { rampAt } from "./ramp.ts";
import { type SliceTerms, sliceTerms } from "./slice.ts";
import { scanOf } from "./stress.ts";
import { requireMargin } from "./takeover.ts";
import { type AccountId, type Address, type Assessment, type Book, GRACE, INVALID, type Portfolio, type State } from "./types.ts";

/** One collateral token of the account that is sold. */
interface Lien {
  readonly token: number;
  readonly book: number; // index into the portfolio
  readonly held: bigint; // WAD
  readonly moved: bigint; // WAD
  readonly haircut: bigint; // 18 decimals
}

/** A planned sale of an account or of a slice of it. Arrays run beside `portfolio.books`. */
export interface Sale {
  readonly account: AccountId;
  readonly portfolio: Portfolio;
  readonly figures: Assessment;
  readonly maintenance: bigint; // WAD
  readonly terms: SliceTerms;
  readonly scenarios: bigint;
  readonly whole: boolean;
  readonly lots: readonly bigint[]; // what moves, signed as held
  readonly market: readonly bigint[]; // WAD: its market value, collateral included
  readonly haircuts: readonly bigint[]; // WAD: λ of the haircut on it
  readonly liens: readonly Lien[];
}

/**
 * Sells the slice of an account that restores it to the fund's accounts; `keeper` is credited its reward.
 * @param scenarios eight bits an underlying: 0 takes the worst scenario, 1 to 16 names one
 * @returns with the fraction that was sold, 18 decimals
 * @throws Reverted `AccountHealthy` and what else the vault refuses with
 * @example
 * const { state: after, fraction } = liquidate(state, account, accountIdOf(keeper));
 */
export function liquidate(state: State, account: AccountId, keeper: AccountId, scenarios = 0n): Outcome & { readonly fraction: bigint } {
  let fraction = 0n;
  const outcome = transact(state, (draft) => {
    fraction = liquidateOn(draft, account, keeper, scenarios);
  });
  return { ...outcome, fraction };
}

/** As `liquidate`, on a draft. */
export function liquidateOn(draft: Draft, account: AccountId, keeper: AccountId, scenarios: bigint): bigint {
  if (ownerOf(keeper) === draft.base.fund) revert("ProtocolAccount", keeper);
  if (keeper === account) revert("TakerIsAccount", account);
  const sale = plan(draft, account, scenarios);
  sellToFund(draft, keeper, sale);
  return sale.terms.fraction;
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
  scenarios: bigint,
  maximumFraction: bigint,
  minimumDiscount: bigint,
): Outcome & { readonly fraction: bigint } {
  let fraction = 0n;
  const outcome = transact(state, (draft) => {
    authorise(draft, taker, caller, SCOPE_TRADE);
    fraction = liquidateToOn(draft, account, taker, scenarios, maximumFraction, minimumDiscount);
  });
  return { ...outcome, fraction };
}

/** As `liquidateTo`, on a draft, without the test of the caller. */
export function liquidateToOn(
  draft: Draft,
  account: AccountId,
  taker: AccountId,
  scenarios: bigint,
  maximumFraction: bigint,
  minimumDiscount: bigint,
): bigint {
  const { fund, margin } = draft.base;
  if (ownerOf(taker) === fund) revert("ProtocolAccount", taker);
  if (taker === account) revert("TakerIsAccount", account);
  const sale = plan(draft, account, scenarios);
  if (sale.terms.fraction > maximumFraction) revert("FractionAboveLimit", sale.terms.fraction, maximumFraction);
  if (sale.figures.value < 0n) revert("AccountInsolvent", account, sale.figures.value);
  const terms = termsAt(margin, draft.now);
  const before = portfolioOf(draft, taker);
  sellToTaker(draft, taker, sale, minimumDiscount);
  requireMargin(taker, portfolioOf(draft, taker), terms, before, margin);
  return sale.terms.fraction;
}

// ---------------------------------------------------------------- plan

/**
 * What a liquidation of an account would sell now; execution follows the same plan.
 * @throws Reverted `AccountHealthy`, `PriceInGrace`, `PriceTooOld`, `ProtocolAccount`, `UnknownScenario`
 * @throws RangeError for an account that holds series, of which no sale is known yet
 */
export function plan(draft: Draft, account: AccountId, scenarios: bigint): Sale {
  if (ownerOf(account) === draft.base.fund) revert("ProtocolAccount", account);
  const portfolio = portfolioOf(draft, account);
  if (portfolio.holdings !== undefined) throw new RangeError("the sale of an account with series is not written yet");
  const terms = termsAt(draft.base.margin, draft.now);
  const doubtful = pricesDoubtful(draft, portfolio);
  const figures = assess(portfolio, terms, false, scenarios);
  const maintenance = partUp(figures.margin, terms.maintenance);
  if (figures.equity >= maintenance || (doubtful && !belowAtEdges(draft, portfolio, terms, scenarios))) {
    revert("AccountHealthy", account, figures.equity, maintenance);
  }
  // the slice is that of the worst scenario, whatever was named: mild ones first would cut many small slices
  const worst = assess(portfolio, terms, false);
  const line = partUp(worst.margin, terms.maintenance);
  const slice = sliceTerms(worst, line, draft.base.liquidation);
  const sale = cut(draft, { account, portfolio, figures: worst, maintenance: line, scenarios: 0n }, slice);
  if (sale.whole || !mustSellAll(draft, sale, terms)) return sale;
  return cut(draft, sale, { ...slice, fraction: WAD });
}

/** Whether a price is invalid or stale; reverts for a grace period, and for a price that only needs to be posted. */
function pricesDoubtful(draft: Draft, portfolio: Portfolio): boolean {
  const { liquidationAge, tradingAge } = draft.base.margin;
  let doubtful = false;
  for (const book of portfolio.books) {
    if (book.state === GRACE) revert("PriceInGrace", book.underlying);
    if (book.state === INVALID || book.age > tradingAge) doubtful = true;
    else if (book.age > liquidationAge) revert("PriceTooOld", book.underlying, book.age, liquidationAge);
  }
  return doubtful;
}

/** Underlyings give each other no credit, so E − MM is a sum over them and the best case is the sum of their best cases. */
function belowAtEdges(draft: Draft, portfolio: Portfolio, terms: MarginTerms, scenarios: bigint): boolean {
  let best = portfolio.cash;
  for (const book of portfolio.books) {
    let surplus = surplusAt(book, book.price, terms, scenarios);
    if (book.state === INVALID || book.age > draft.base.margin.tradingAge) {
      const underlying = draft.underlying(Number(book.underlying));
      const { low, high } = bandEdges(underlying.guard, underlying, draft.now);
      surplus = max(surplus, surplusAt(book, low, terms, scenarios));
      surplus = max(surplus, surplusAt(book, high, terms, scenarios));
    }
    best += surplus;
  }
  return best < 0n;
}

/** Value less haircut less maintenance margin of one underlying at another price. */
function surplusAt(book: Book, price: bigint, terms: MarginTerms, scenarios: bigint): bigint {
  const rescaled = (amount: bigint): bigint => (book.price === 0n ? 0n : (amount * price) / book.price);
  const moved = { ...book, price, collateral: rescaled(book.collateral), haircut: rescaled(book.haircut) };
  const margin = bookMargin(moved, terms, false, scenarioOf(book, scenarios)).total;
  return lineOf(moved) + moved.collateral - moved.haircut - partUp(margin, terms.maintenance);
}

function scenarioOf(book: Book, scenarios: bigint): bigint {
  return (scenarios >> (8n * book.underlying)) & 0xffn;
}

/** What moves at the fraction of `terms`: ⌈f·|q|⌉ lots and ⌈f·C⌉ collateral, and what it is worth. */
function cut(draft: Draft, of: Pick<Sale, "account" | "portfolio" | "figures" | "maintenance" | "scenarios">, terms: SliceTerms): Sale {
  const { account, portfolio, figures, maintenance, scenarios } = of;
  const { fraction } = terms;
  const lots = portfolio.books.map((book) => {
    const size = divUp(abs(book.lots) * fraction, WAD);
    return book.lots < 0n ? -size : size;
  });
  const market = portfolio.books.map((book, i) => (lots[i] ?? 0n) * book.price);
  const haircuts = portfolio.books.map(() => 0n);
  const held = [...draft.account(account).collateral].sort(([a], [b]) => a - b);
  const liens = held.map(([token, amount]): Lien => {
    const listed = draft.collateral(token);
    const book = portfolio.books.findIndex((each) => each.underlying === listed.underlying);
    const haircut = fromPpm(rampAt(listed.haircut, draft.now));
    const moved = divUp(amount * fraction, WAD);
    const value = collateralIn(draft, portfolio, book, moved);
    market[book] = (market[book] ?? 0n) + value;
    haircuts[book] = (haircuts[book] ?? 0n) + partUp(partUp(value, haircut), terms.haircutShare);
    return { token, book, held: amount, moved, haircut };
  });
  return {
    account,
    portfolio,
    figures,
    maintenance,
    terms,
    scenarios,
    whole: fraction === WAD,
    lots,
    market,
    haircuts,
    liens,
  };
}

function collateralIn(draft: Draft, portfolio: Portfolio, index: number, amount: bigint): bigint {
  const book = portfolio.books[index];
  if (book === undefined) throw new RangeError("collateral without a book");
  return collateralValueDown(amount, book.price, draft.underlying(Number(book.underlying)).lotExponent);
}

/** Whether the slice would leave dust, or, by its whole lots, lower E / IM. */
function mustSellAll(draft: Draft, sale: Sale, terms: MarginTerms): boolean {
  const { portfolio, figures } = sale;
  let cash = portfolio.cash - partUp(sale.terms.discount, sale.terms.fraction) - sale.terms.bounty;
  const books = portfolio.books.map((book, i) => {
    cash += (sale.market[i] ?? 0n) - (sale.haircuts[i] ?? 0n);
    let collateral = 0n;
    let haircut = 0n;
    for (const lien of sale.liens) {
      if (lien.book !== i) continue;
      const value = collateralIn(draft, portfolio, i, lien.held - lien.moved);
      collateral += value;
      haircut += partUp(value, lien.haircut);
    }
    return { ...book, lots: book.lots - (sale.lots[i] ?? 0n), collateral, haircut };
  });
  const left = assess({ cash, books }, terms, false, sale.scenarios);
  const smallest = draft.base.liquidation.smallestNotional * WAD;
  if (figures.notional !== 0n && left.notional < smallest) return true;
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
  let cash = moveSale(draft, undefined, sale, discount - reward) - bounty - reward;
  credit(draft, keeper, bounty + reward + fromFund);
  if (sale.whole && cash < 0n) {
    const underlyings = sale.portfolio.books.map((book) => book.underlying);
    cover(draft, sale.account, -cash, underlyings, scansOf(sale));
    cash = 0n;
  }
  close(draft, sale, cash);
  emitLiquidated(draft, sale, keeper, bounty + reward + fromFund);
  if (fromFund !== 0n) draft.emit("BountyFunded", { account: sale.account, amount: fromFund });
}

function sellToTaker(draft: Draft, taker: AccountId, sale: Sale, minimumDiscount: bigint): void {
  const { bounty, discount } = charges(sale);
  const income = partUp(discount, fromPpm(draft.base.liquidation.fundShare));
  const kept = discount - income + bounty;
  if (kept < minimumDiscount) revert("DiscountBelowLimit", kept, minimumDiscount);
  const cash = moveSale(draft, taker, sale, kept) - income;
  close(draft, sale, cash);
  if (income !== 0n) {
    fundIncome(draft, accountIdOf(draft.base.fund), income);
    draft.emit("DiscountShared", { account: sale.account, amount: income });
  }
  emitLiquidated(draft, sale, taker, 0n);
}

function emitLiquidated(draft: Draft, sale: Sale, keeper: AccountId, reward: bigint): void {
  draft.emit("Liquidated", {
    account: sale.account,
    keeper,
    fraction: sale.terms.fraction,
    equity: sale.figures.equity,
    margin: sale.figures.margin,
    reward,
  });
}

/** The bounty and the discount that the account bears, WAD: of a whole sale never more than there is. */
function charges(sale: Sale): { bounty: bigint; discount: bigint } {
  const { terms } = sale;
  const discount = partUp(terms.discount, terms.fraction);
  if (!sale.whole) return { bounty: terms.bounty, discount };
  const worth = max(worthOf(sale), 0n);
  const bounty = min(terms.bounty, worth);
  return { bounty, discount: min(discount, worth - bounty) };
}

/** W of what moves and the cash beside it, WAD. */
function worthOf(sale: Sale): bigint {
  return sale.market.reduce((worth, value, i) => worth + value - (sale.haircuts[i] ?? 0n), sale.portfolio.cash);
}

/**
 * Moves lots and collateral to the fund's accounts (no taker) or to the taker, who pays for them.
 * @returns the cash of the account afterwards, WAD
 */
function moveSale(draft: Draft, taker: AccountId | undefined, sale: Sale, discount: bigint): bigint {
  const { books, cash } = sale.portfolio;
  if (books.length === 0) return cash;
  const paid = paymentsOf(sale, discount);
  const takerOf = (underlying: bigint): AccountId => taker ?? fundAccountOf(draft, underlying);
  for (const lien of sale.liens) {
    const book = books[lien.book];
    if (lien.moved === 0n || book === undefined) continue;
    const to = takerOf(book.underlying);
    moveCollateral(draft, sale.account, lien.token, lien.moved, false);
    moveCollateral(draft, to, lien.token, lien.moved, true);
    draft.emit("CollateralSold", { account: sale.account, taker: to, token: BigInt(lien.token), amount: lien.moved });
  }
  let left = cash;
  books.forEach((book, i) => {
    const to = takerOf(book.underlying);
    const lots = sale.lots[i] ?? 0n;
    const payment = paid[i] ?? 0n;
    transferBook(draft, sale.account, to, book, lots, payment);
    left += payment;
    draft.emit("Sold", { account: sale.account, taker: to, underlying: book.underlying, lots, cash: payment });
  });
  return left;
}

/** What is paid for each book, WAD. The parts of the discount are rounded down and the rest goes with the last book. */
function paymentsOf(sale: Sale, discount: bigint): bigint[] {
  const scans = scansOf(sale);
  const sum = scans.reduce((total, scan) => total + scan, 0n);
  // a whole sale of an account whose haircuts are worth more than it has: all that there is, V or nothing, is the discount
  const exhausted = sale.whole && worthOf(sale) < 0n;
  const shared = exhausted ? max(sale.figures.value, 0n) : discount;
  let left = shared;
  return sale.market.map((value, i) => {
    const last = i === sale.market.length - 1 || sum === 0n;
    const part = last ? left : (shared * (scans[i] ?? 0n)) / sum;
    left -= part;
    return value - part - (exhausted ? 0n : (sale.haircuts[i] ?? 0n));
  });
}

/** The account's own cash, and a new order epoch: what was signed before the sale is void. */
function close(draft: Draft, sale: Sale, cash: bigint): void {
  const account = draft.account(sale.account);
  draft.setAccount({ ...account, cash: toSigned(128, cash), epoch: BigInt.asUintN(32, account.epoch + 1n) });
}

function scansOf(sale: Sale): bigint[] {
  return sale.portfolio.books.map((book) => scanOf(lineOf(book) + book.collateral, rangeOf(book, false), scenarioOf(book, sale.scenarios)));
}
