import { Draft } from "../ledger/draft.ts";
import { heldUnderlyings, indexOf, NO_POSITION, payment, tokenValueDown } from "../ledger/ledger.ts";
import { holdingOf } from "../ledger/options/seriesHolding.ts";
import { openingRateDown } from "../math/idle/rate.ts";
import { doubtOf } from "../math/priceGuard.ts";
import { fromPpb, fromPpm, max, min, partUp } from "../types/fixedPoint.ts";
import type { UnderlyingHolding } from "../types/holding.ts";
import { rampAt } from "../types/ramp.ts";
import type { Account, AccountId, Book, CollateralToken, Portfolio, State, Underlying } from "../types/types.ts";
import { lineOf } from "./margin.ts";
import { seriesValueDown } from "./options/liveMargin.ts";
import { optionMarksDown } from "./options/openingBound.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The account with funding accrued and every price it needs, as `portfolioOf` shows it. */
export function portfolioOf(draft: Draft, id: AccountId): Portfolio {
  const account = draft.account(id);
  const stored = portfolioAt(draft, account, ({ rate }) => rate?.rate);
  const isLower = [...account.collateral.keys()].some((token) => {
    const { rate } = draft.collateral(token);
    return rate !== undefined && openingRateDown(rate, draft.now) < rate.rate;
  });
  if (!isLower) return stored;
  return { ...stored, lower: portfolioAt(draft, account, ({ rate }) => rate && openingRateDown(rate, draft.now)) };
}

function portfolioAt(draft: Draft, account: Account, rateOf: (token: CollateralToken) => bigint | undefined): Portfolio {
  const books: Mutable<Book>[] = [];
  let cash = account.cash;
  for (const index of [...heldUnderlyings(account)].sort((a, b) => a - b)) {
    const underlying = draft.underlying(index);
    const { lots, fundingIndex, entryCost } = account.positions.get(index) ?? NO_POSITION;
    books.push({ ...openBook(draft, underlying, index), lots, entryCost });
    cash -= payment(lots, indexOf(draft, underlying), fundingIndex);
  }
  for (const [index, amount] of sorted(account.collateral)) {
    const token = draft.collateral(index);
    const underlying = draft.underlying(Number(token.underlying));
    let book = books.find((each) => each.underlying === token.underlying);
    if (book === undefined) {
      book = openBook(draft, underlying, Number(token.underlying));
      books.push(book);
    }
    const value = tokenValueDown(token, amount, underlying, rateOf(token));
    book.collateral += value;
    book.haircut += partUp(value, fromPpm(rampAt(token.haircut, draft.now)));
  }
  if (account.series.size === 0) return { cash, books };
  const holdings = new Map<bigint, UnderlyingHolding>();
  for (const book of books) {
    const index = Number(book.underlying);
    const positions = account.series.get(index);
    if (positions !== undefined) holdings.set(book.underlying, holdingOf(draft.underlying(index), book, positions, draft.now));
  }
  return { cash, books, holdings };
}

/**
 * What an account holds on each underlying, as margin is computed from it; its books in the order of `portfolioOf`.
 * @example isLiquidatable(cash, holdingsOf(state, account), termsAt(state.margin, state.now))
 */
export function holdingsOf(state: State, account: AccountId): UnderlyingHolding[] {
  const draft = new Draft(state);
  const { books, holdings } = portfolioOf(draft, account);
  return books.map((book) => holdings?.get(book.underlying) ?? holdingOf(draft.underlying(Number(book.underlying)), book, [], draft.now));
}

function sorted<T>(map: ReadonlyMap<number, T>): [number, T][] {
  return [...map].sort(([a], [b]) => a - b);
}

function openBook({ base, now }: Draft, underlying: Underlying, index: number): Mutable<Book> {
  return {
    underlying: BigInt(index),
    lots: 0n,
    entryCost: 0n,
    collateral: 0n,
    haircut: 0n,
    price: underlying.price,
    heldRange: fromPpb(underlying.heldRange),
    targetRange: fromPpb(underlying.targetRange),
    depth: underlying.depth,
    age: max(now - underlying.priceTime, 0n),
    state: underlying.priceState,
    doubt: doubtOf(underlying, base.margin.liquidationAge, now),
  };
}

/** Σ over perpetuals and dated futures of value − entry cost, WAD, at least zero. */
export function unrealisedGain({ books, holdings }: Portfolio): bigint {
  const perpetuals = books.reduce((gain, book) => gain + lineOf(book) - book.entryCost, 0n);
  const futures = [...(holdings?.values() ?? [])].reduce((gain, holding) => gain + futuresOf(holding) - holding.futuresCost, 0n);
  return max(perpetuals + futures, 0n);
}

/**
 * Cash plus the mark value of linear positions, and of options where they are worth less than nothing together, WAD: what the account would have in money.
 * Options are marked by their words.
 * @throws Reverted `WordsStale`
 */
export function settledCash(portfolio: Portfolio): bigint {
  return cashOf(portfolio, optionMarksDown);
}

/** As `settledCash`, with options priced live, which needs no fresh words: how far an account is short for an exchange of its collateral. */
export function liveSettledCash(portfolio: Portfolio): bigint {
  return cashOf(portfolio, (holding) => seriesValueDown(holding) - futuresOf(holding));
}

/** What the dated futures of one underlying are worth, WAD. */
function futuresOf({ series }: UnderlyingHolding): bigint {
  return series.reduce((sum, { futures, forward }) => sum + futures * forward, 0n);
}

function cashOf({ cash, books, holdings }: Portfolio, optionsOf: (holding: UnderlyingHolding) => bigint): bigint {
  return books.reduce((sum, book) => {
    const holding = holdings?.get(book.underlying);
    if (holding === undefined) return sum + lineOf(book);
    return sum + lineOf(book) + futuresOf(holding) + holding.settled + min(optionsOf(holding), 0n);
  }, cash);
}
