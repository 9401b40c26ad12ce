import { grossOfSeries } from "../ledger/options/seriesHolding.ts";
import { FUNDING_PROVISION } from "../math/charges.ts";
import { worstOfLineUp } from "../math/stress.ts";
import { abs, divUp, fromPpm, max, min, partUp, sum } from "../types/fixedPoint.ts";
import type { StaleWords, UnderlyingHolding } from "../types/holding.ts";
import { rampAt } from "../types/ramp.ts";
import type { Assessment, Book, MarginParameters, MarginTerms, Portfolio } from "../types/types.ts";
import { liveMargin } from "./options/liveMargin.ts";
import { openingFiguresDown } from "./options/openingBound.ts";

/** The parts of the initial margin of one underlying, WAD, each rounded up. */
export interface BookMargin {
  readonly scan: bigint;
  readonly interMonth: bigint;
  readonly provisions: bigint;
  readonly sizeCharge: bigint;
  readonly total: bigint;
}

/** The ratios of a margin computation at `now` (unix seconds), 18 decimals. */
export function termsAt(parameters: MarginParameters, now: bigint): MarginTerms {
  return {
    maintenance: fromPpm(rampAt(parameters.maintenance, now)),
    provision: fromPpm(rampAt(parameters.provision, now)),
    interMonth: fromPpm(rampAt(parameters.interMonth, now)),
  };
}

/** The value of the perpetual of a book, WAD, exact. */
export function lineOf(book: Book): bigint {
  return book.lots * book.price;
}

/** The scan range of a valuation, 18 decimals: the wider of target and held for trades and withdrawals, the held one for liquidations. */
export function rangeOf(book: Book, opening: boolean): bigint {
  return opening ? max(book.targetRange, book.heldRange) : book.heldRange;
}

/** Initial margin of one underlying, in parts. */
export function bookMargin(book: Book, terms: MarginTerms, opening: boolean): BookMargin {
  const line = lineOf(book);
  const gross = abs(line);
  const scan = worstOfLineUp(line + book.collateral, rangeOf(book, opening));
  const interMonth = line < 0n ? partUp(min(gross, book.collateral), terms.interMonth) : 0n;
  const provisions = partUp(gross, FUNDING_PROVISION) + partUp(gross + book.collateral, terms.provision);
  const sizeCharge = gross === 0n ? 0n : divUp(gross * abs(book.lots), book.depth);
  return { scan, interMonth, provisions, sizeCharge, total: scan + interMonth + provisions + sizeCharge };
}

/**
 * The figures of an account: value, equity, initial margin and gross notional, WAD. Where it holds series, they are bounds by cached words at the
 * wider range, so that equity less margin is below what it is, and priced live at the held range.
 * @param opening at the wider range (trades, withdrawals) or at the held one (liquidations)
 * @throws Reverted `WordsStale`
 * @example
 * const { equity, margin } = assess({ cash: 1_000n * WAD, books: [] }, termsAt(state.margin, state.now), false);
 */
export function assess(portfolio: Portfolio, terms: MarginTerms, opening: boolean): Assessment {
  return figuresOf(portfolio, terms, { wider: opening, byWords: opening });
}

/**
 * As `assess`, but an underlying with series is priced live at the held range, whatever the range of the others: that needs no fresh words.
 * @param wider underlyings without series at the wider range
 */
export function assessLive(portfolio: Portfolio, terms: MarginTerms, wider: boolean): Assessment {
  return figuresOf(portfolio, terms, { wider, byWords: false });
}

function figuresOf(
  portfolio: Portfolio,
  terms: MarginTerms,
  { wider, byWords }: { readonly wider: boolean; readonly byWords: boolean },
): Assessment {
  let value = portfolio.cash;
  let haircuts = 0n;
  let margin = 0n;
  for (const book of portfolio.books) {
    const holding = portfolio.holdings?.get(book.underlying);
    haircuts += book.haircut;
    // what has settled is as if it had been paid
    if (holding === undefined || (!byWords && holding.series.length === 0)) {
      value += lineOf(book) + book.collateral + (holding?.settled ?? 0n);
      margin += bookMargin(book, terms, wider).total;
    } else if (byWords) {
      const figures = openingFiguresDown(holding, terms);
      value += figures.value;
      margin += figures.value - holding.haircut - figures.surplus;
    } else {
      const priced = liveMargin(holding, terms);
      value += priced.value;
      margin += priced.total;
    }
  }
  return { value, equity: value - haircuts, margin, notional: notionalOf(portfolio) };
}

/** Gross notional of an account, WAD: perpetuals, and the lots of series that have not settled at their forwards. */
export function notionalOf({ books, holdings }: Portfolio): bigint {
  return books.reduce((sum, book) => {
    const holding = holdings?.get(book.underlying);
    return sum + abs(lineOf(book)) + (holding === undefined ? 0n : grossOfSeries(holding));
  }, 0n);
}

/** The first series that an account holds whose words may not be used, lowest underlying first. */
export function staleWords({ holdings }: Portfolio): StaleWords | undefined {
  return [...(holdings?.values() ?? [])].map(({ stale }) => stale).find((stale) => stale !== undefined);
}

/** Maintenance margin, WAD, rounded up: μ·IM. */
export function maintenanceUp(initial: bigint, terms: MarginTerms): bigint {
  return partUp(initial, terms.maintenance);
}

/**
 * Whether an account is below its line.
 * @param cash WAD
 * @example isLiquidatable(500n * WAD, [holding], terms)
 */
export function isLiquidatable(cash: bigint, holdings: readonly UnderlyingHolding[], terms: MarginTerms): boolean {
  const margins = holdings.map((holding) => liveMargin(holding, terms));
  const equity = cash + sum(margins.map(({ value }, i) => value - holdings[i]!.haircut));
  return equity < maintenanceUp(sum(margins.map(({ total }) => total)), terms);
}
