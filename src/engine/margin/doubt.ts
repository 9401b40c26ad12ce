import type { Draft } from "../ledger/draft.ts";
import { moveUp } from "../math/scanRange.ts";
import { revert } from "../types/errors.ts";
import { abs, fromPpb, fromPpm, max, min, partUp } from "../types/fixedPoint.ts";
import type { AccountId, Book, MarginTerms, Portfolio } from "../types/types.ts";
import { bookMargin, lineOf } from "./margin.ts";
import { liveMargin } from "./options/liveMargin.ts";

// A price is good while it is normal and not older than the liquidation age, and doubtful from there on, whatever the cause: docs/margin.md, "Doubt".

/**
 * What doubtful prices excuse of the maintenance margin in a liquidation, WAD: each what E − MM may be better at an edge of its price, at most the
 * maintenance margin of its own market. Everything but cash is in proportion to the price, so no edge is priced; options in doubt excuse their whole margin.
 */
export function excused({ books, holdings }: Portfolio, terms: MarginTerms): bigint {
  return books.reduce((sum, book) => {
    if (book.doubt === 0n) return sum;
    const holding = holdings?.get(book.underlying);
    if (holding !== undefined && holding.series.length !== 0) return sum + partUp(liveMargin(holding, terms).total, terms.maintenance);
    const needed = partUp(bookMargin(book, terms, false).total, terms.maintenance);
    return sum + min(partUp(abs(lineOf(book) + book.collateral - book.haircut - needed), book.doubt), needed);
  }, 0n);
}

/** How much less an account may have at the worse edges of its doubtful prices, WAD. */
export interface Hidden {
  readonly surplus: bigint; // E − IM
  readonly lines: bigint; // the worth of its positions
}

export const NOTHING_HIDDEN: Hidden = { surplus: 0n, lines: 0n };

/** Whether a price that the account is valued with is doubtful. */
export function isDoubtful({ books }: Portfolio): boolean {
  return books.some(({ doubt }) => doubt !== 0n);
}

/**
 * What doubtful prices, normal and not older than the trading age, may hide from who opens or withdraws.
 * @throws Reverted `RiskMayNotRise` for who holds series: those open and withdraw at good prices only
 */
export function hiddenBy(draft: Draft, portfolio: Portfolio, terms: MarginTerms, account: AccountId): Hidden {
  const { books, holdings } = portfolio.lower ?? portfolio;
  let { surplus, lines } = NOTHING_HIDDEN;
  for (const book of [...books].sort((a, b) => Number(a.underlying - b.underlying))) {
    if (book.doubt === 0n) continue;
    if (holdings !== undefined) revert("RiskMayNotRise", account, book.underlying, book.state, book.age);
    const width = widthOf(draft, book);
    const line = lineOf(book);
    surplus += partUp(abs(line + book.collateral - book.haircut - bookMargin(book, terms, true).total), width);
    lines += partUp(abs(line), width);
  }
  return { surplus, lines };
}

/** While nothing newer can be had, what the source lets pass without a word, or k·σ·√age, whichever is more; otherwise the band of the guard. */
function widthOf({ base, underlyings }: Draft, book: Book): bigint {
  const index = Number(book.underlying);
  const deviation = base.standing?.get(index);
  if (deviation === undefined) return book.doubt;
  const { targetRange, heldRange, volatility } = underlyings.get(index) ?? base.underlyings[index]!;
  return max(fromPpm(deviation), fromPpb(moveUp(max(targetRange, heldRange), book.age, volatility.horizon)));
}
