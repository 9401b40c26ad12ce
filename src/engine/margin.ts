import { abs, divUp, fromPpm, max, min, partUp } from "./fixedPoint.ts";
import { rampAt } from "./ramp.ts";
import { scanOf } from "./stress.ts";
import type { Assessment, Book, MarginParameters, Portfolio } from "./types.ts";

/** Eight hours of the highest funding, 18 decimals. */
export const FUNDING_PROVISION = 75n * 10n ** 14n;

/** Margin ratios as of a time, 18 decimals. */
export interface MarginTerms {
  readonly maintenance: bigint; // μ
  readonly provision: bigint; // on gross notional and collateral
  readonly interMonth: bigint; // b
}

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

/**
 * Initial margin of one underlying, in parts.
 * @param scenario 0: the worst; 1 to 16: the named one, which never gives more
 * @throws Reverted `UnknownScenario`
 */
export function bookMargin(book: Book, terms: MarginTerms, opening: boolean, scenario = 0n): BookMargin {
  const line = lineOf(book);
  const gross = abs(line);
  const scan = scanOf(line + book.collateral, rangeOf(book, opening), scenario);
  const interMonth = line < 0n ? partUp(min(gross, book.collateral), terms.interMonth) : 0n;
  const provisions = partUp(gross, FUNDING_PROVISION) + partUp(gross + book.collateral, terms.provision);
  const sizeCharge = gross === 0n ? 0n : divUp(gross * abs(book.lots), book.depth);
  return { scan, interMonth, provisions, sizeCharge, total: scan + interMonth + provisions + sizeCharge };
}

/**
 * The figures of an account: value, equity, initial margin and gross notional, WAD.
 * @param opening at the wider range (trades, withdrawals) or at the held one (liquidations)
 * @param scenarios eight bits an underlying, 0: the worst; as `liquidate` takes them
 * @throws Reverted `UnknownScenario`
 * @example
 * const { equity, margin } = assess({ cash: 1_000n * WAD, books: [] }, termsAt(state.margin, state.now), false);
 */
export function assess(portfolio: Portfolio, terms: MarginTerms, opening: boolean, scenarios = 0n): Assessment {
  let value = portfolio.cash;
  let haircuts = 0n;
  let margin = 0n;
  let notional = 0n;
  for (const book of portfolio.books) {
    const line = lineOf(book);
    value += line + book.collateral;
    haircuts += book.haircut;
    notional += abs(line);
    margin += bookMargin(book, terms, opening, (scenarios >> (8n * book.underlying)) & 0xffn).total;
  }
  return { value, equity: value - haircuts, margin, notional };
}
