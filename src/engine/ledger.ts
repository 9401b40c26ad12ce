import { ownerOf } from "./accountId.ts";
import { Draft } from "./draft.ts";
import { revert, saturated, toSigned, toUnsigned } from "./errors.ts";
import { abs, divUp, fromPpb, fromPpm, max, min, partUp, WAD } from "./fixedPoint.ts";
import { indexNow } from "./funding.ts";
import { instrumentFromNumber, isFuture } from "./instrument.ts";
import { lineOf } from "./margin.ts";
import { optionMarksDown, seriesValueDown, type UnderlyingHolding } from "./portfolioMargin.ts";
import { doubtOf } from "./priceGuard.ts";
import { rampAt } from "./ramp.ts";
import { holdingOf } from "./seriesHoldings.ts";
import type { Account, AccountId, Book, Portfolio, Position, SeriesPosition, State, Underlying } from "./types.ts";
import { seriesCountOf, seriesPosition } from "./words.ts";

/** Most underlyings that an account may hold. */
export const MAX_UNDERLYINGS = 16n;

/** Most collateral tokens that an account may hold. */
export const MAX_COLLATERALS = 8n;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Most positions in series that an account may have, over all underlyings; those of the fund have no limit. */
export const MAX_SERIES_POSITIONS = 127n;

/** The account with funding accrued and every price it needs, as `portfolioOf` shows it. */
export function portfolioOf(draft: Draft, id: AccountId): Portfolio {
  const account = draft.account(id);
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
    const value = collateralValueDown(amount, underlying.price, underlying.lotExponent);
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

/** The underlyings of which an account holds the perpetual or a series. */
export function heldUnderlyings(account: Account): ReadonlySet<number> {
  return new Set([...account.positions.keys(), ...account.series.keys()]);
}

/** The cumulative funding index of an underlying as of the draft's time, WAD a lot. */
export function indexOf(draft: Draft, underlying: Underlying): bigint {
  return indexNow(underlying, draft.base.margin.tradingAge, draft.now);
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

/** floor(amount · price of a lot · lots in one token), WAD. */
export function collateralValueDown(amount: bigint, price: bigint, lotExponent: bigint): bigint {
  return (amount * price * 10n ** lotExponent) / WAD;
}

/** What a position pays for the funding between two indices, WAD, exact. */
export function payment(lots: bigint, index: bigint, last: bigint): bigint {
  return lots * (index - last);
}

/** Adds cash (negative: takes it). */
export function credit(draft: Draft, id: AccountId, amount: bigint): void {
  const account = draft.account(id);
  draft.setAccount({ ...account, cash: toSigned(128, account.cash + amount) });
}

/**
 * Adds lots to a perpetual and takes their price, and the funding due, from the cash.
 * @param index cumulative funding now, WAD a lot
 * @param extra further cash credited (negative: debited), WAD
 * @throws Reverted `TooManyUnderlyings`
 */
export function move(draft: Draft, id: AccountId, underlying: number, change: bigint, price: bigint, index: bigint, extra: bigint): void {
  const account = draft.account(id);
  const before = account.positions.get(underlying) ?? NO_POSITION;
  const lots = before.lots + change;
  const cash = toSigned(128, account.cash - payment(before.lots, index, before.fundingIndex) - change * price + extra);
  const positions = new Map(account.positions);
  if (lots === 0n) {
    positions.delete(underlying);
  } else {
    positions.set(underlying, {
      lots: toSigned(48, lots),
      fundingIndex: toSigned(96, index),
      entryCost: saturated(96, entryCostAfterDown(before, change, price)),
    });
  }
  const after = { ...account, cash, positions };
  requireFewUnderlyings(account, after);
  draft.setAccount(after);
}

/**
 * Adds lots to an instrument of a series and takes their price from the cash. A new position takes the place behind the last; one that is closed is
 * replaced by the last. The perpetual and its funding are not touched.
 * @param instrument within the underlying
 * @param extra further cash credited (negative: debited), WAD
 * @throws Reverted `TooManyUnderlyings`, `TooManySeriesPositions`
 */
export function moveSeries(
  draft: Draft,
  id: AccountId,
  underlying: number,
  instrument: bigint,
  change: bigint,
  price: bigint,
  extra: bigint,
  halvings: bigint,
): void {
  const account = draft.account(id);
  const cash = toSigned(128, account.cash - change * price + extra);
  const before = seriesPositionOf(account, underlying, instrument);
  const entryCost = isFuture(instrumentFromNumber(instrument))
    ? entryCostAfterDown({ lots: before.lots, entryCost: before.entryCost ?? 0n, fundingIndex: 0n }, change, price)
    : 0n;
  const after = { halvings: halvingsAfter(before, before.lots + change, halvings), entryCost };
  const positions = changedPositions(account.series.get(underlying) ?? [], instrument, change, after);
  const series = new Map(account.series);
  if (positions.length === 0) series.delete(underlying);
  else series.set(underlying, positions);
  const holds = { ...account, cash, series };
  const count = seriesCountOf(holds);
  if (count > seriesCountOf(account) && count > MAX_SERIES_POSITIONS && ownerOf(id) !== draft.base.fund) {
    revert("TooManySeriesPositions", id, MAX_SERIES_POSITIONS);
  }
  requireFewUnderlyings(account, holds);
  // what the words of positions and of the header can count
  toUnsigned(16, BigInt(positions.length));
  toUnsigned(15, count);
  draft.setAccount(holds);
}

/**
 * Series positions after a change of one of them.
 * @example changedPositions([{ instrument: 257n, lots: 5n }, { instrument: 259n, lots: 1n }], 257n, -5n) // [{ instrument: 259n, lots: 1n }]
 */
export function changedPositions(
  positions: readonly SeriesPosition[],
  instrument: bigint,
  change: bigint,
  { halvings, entryCost }: Pick<SeriesPosition, "halvings" | "entryCost"> = {},
): readonly SeriesPosition[] {
  const place = positions.findIndex((each) => each.instrument === instrument);
  const lots = toSigned(45, (positions[place]?.lots ?? 0n) + change);
  const position = seriesPosition(instrument, lots, halvings, entryCost);
  if (place < 0) return change === 0n ? positions : [...positions, position];
  const after = [...positions];
  if (lots !== 0n) {
    after[place] = position;
    return after;
  }
  const last = after.pop()!;
  if (place < after.length) after[place] = last;
  return after;
}

/** @throws Reverted `TooManyUnderlyings` for an account that holds more than it may, and more than before */
export function requireFewUnderlyings(before: Account, after: Account): void {
  const count = heldUnderlyings(after).size;
  if (count > heldUnderlyings(before).size && BigInt(count) > MAX_UNDERLYINGS) {
    revert("TooManyUnderlyings", after.id, MAX_UNDERLYINGS);
  }
}

/** What an account holds of an instrument of a series; no lots where it holds none. */
export function seriesPositionOf(account: Account, underlying: number, instrument: bigint): SeriesPosition {
  return account.series.get(underlying)?.find((each) => each.instrument === instrument) ?? { instrument, lots: 0n };
}

/** Lots of an instrument of a series of an account. */
export function seriesLotsOf(account: Account, underlying: number, instrument: bigint): bigint {
  return seriesPositionOf(account, underlying, instrument).lots;
}

/**
 * How often the lots of a position are halved in open interest when it has become `lots`: what grows counts as what it risks now, where that is more, and
 * what shrinks as it did.
 * @param now of what is bought now
 */
export function halvingsAfter({ lots: before, halvings = 0n }: SeriesPosition, lots: bigint, now: bigint): bigint {
  if (lots <= 0n) return 0n;
  if (before <= 0n) return now;
  return lots > before ? min(halvings, now) : halvings;
}

/** What a position counts in open interest: what is long, rounded up to whole lots. */
export function countedUp({ lots, halvings = 0n }: Pick<SeriesPosition, "lots" | "halvings">): bigint {
  return lots <= 0n ? 0n : divUp(lots, 2n ** halvings);
}

const NO_POSITION: Position = { lots: 0n, fundingIndex: 0n, entryCost: 0n };

/** Lots of a perpetual of an account. */
export function lotsOf(account: Account, underlying: number): bigint {
  return account.positions.get(underlying)?.lots ?? 0n;
}

/**
 * Adds or takes collateral, WAD.
 * @throws Reverted `InsufficientCollateral`, `TooManyCollaterals`
 */
export function moveCollateral(draft: Draft, id: AccountId, token: number, amount: bigint, received: boolean): void {
  const account = draft.account(id);
  const held = account.collateral.get(token) ?? 0n;
  if (!received && amount > held) revert("InsufficientCollateral", id, BigInt(token), held, amount);
  const left = received ? held + amount : held - amount;
  const collateral = new Map(account.collateral);
  if (left === 0n) collateral.delete(token);
  else collateral.set(token, left);
  if (BigInt(collateral.size) > MAX_COLLATERALS) revert("TooManyCollaterals", id, MAX_COLLATERALS);
  draft.setAccount({ ...account, collateral });
}

/** Stops the clock of the exchange discount of an account, where it runs. */
export function stopExchange(draft: Draft, id: AccountId): void {
  const account = draft.account(id);
  if (account.exchangeSince === 0n) return;
  draft.setAccount({ ...account, exchangeSince: 0n });
  draft.emit("ExchangeDeclared", { account: id, short: 0n });
}

/** Whether `change` brings `lots` nearer to zero without crossing it. */
export function reduces(change: bigint, lots: bigint): boolean {
  return lots > 0n ? change < 0n && -change <= lots : change > 0n && change <= -lots;
}

/**
 * Entry cost at average price, WAD, rounded down: a reduction takes its share, what crosses zero starts anew.
 * @example entryCostAfterDown({ lots: 10n, fundingIndex: 0n, entryCost: 1_000n }, -4n, 120n) // 600n
 */
export function entryCostAfterDown(before: Position, change: bigint, price: bigint): bigint {
  const lots = before.lots + change;
  if (reduces(change, before.lots)) return shareDown(before.entryCost, abs(lots), abs(before.lots));
  if (before.lots === 0n || before.lots > 0n === change > 0n) return before.entryCost + change * price;
  return lots * price;
}

function shareDown(amount: bigint, part: bigint, whole: bigint): bigint {
  const product = amount * part;
  const quotient = product / whole;
  return product < 0n && product % whole !== 0n ? quotient - 1n : quotient;
}

/** Open interest after one account went from `before` to `after` lots. */
export function openInterestAfter(openInterest: bigint, before: bigint, after: bigint): bigint {
  return openInterest + max(after, 0n) - max(before, 0n);
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
