import { indexNow } from "../math/funding.ts";
import { ownerOf } from "../types/accountId.ts";
import { revert, saturated, toSigned, toUnsigned } from "../types/errors.ts";
import { abs, divUp, max, min, WAD } from "../types/fixedPoint.ts";
import { instrumentFromNumber, isFuture } from "../types/instrument.ts";
import type { Account, AccountId, CollateralToken, Position, SeriesPosition, Underlying } from "../types/types.ts";
import { seriesCountOf, seriesPosition } from "../words/words.ts";
import type { Draft } from "./draft.ts";

/** Most underlyings that an account may hold. */
export const MAX_UNDERLYINGS = 16n;

/** Most collateral tokens that an account may hold. */
export const MAX_COLLATERALS = 8n;

/** Most positions in series that an account may have, over all underlyings; those of the fund have no limit. */
export const MAX_SERIES_POSITIONS = 127n;

/** The underlyings of which an account holds the perpetual or a series. */
export function heldUnderlyings(account: Account): ReadonlySet<number> {
  return new Set([...account.positions.keys(), ...account.series.keys()]);
}

/** The cumulative funding index of an underlying as of the draft's time, WAD a lot. */
export function indexOf(draft: Draft, underlying: Underlying): bigint {
  return indexNow(underlying, draft.base.margin.tradingAge, draft.now);
}

/** floor(amount · price of a lot · lots in one token), WAD. */
export function collateralValueDown(amount: bigint, price: bigint, lotExponent: bigint): bigint {
  return (amount * price * 10n ** lotExponent) / WAD;
}

/** What an amount of a collateral token is worth at its stored rate, or at another, WAD, rounded down. */
export function tokenValueDown(
  { rate }: CollateralToken,
  amount: bigint,
  { price, lotExponent }: Pick<Underlying, "price" | "lotExponent">,
  at = rate?.rate,
): bigint {
  return collateralValueDown(at === undefined ? amount : (amount * at) / WAD, price, lotExponent);
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

export const NO_POSITION: Position = { lots: 0n, fundingIndex: 0n, entryCost: 0n };

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
