import { revert, toUnsigned } from "../types/errors.ts";
import { divUp } from "../types/fixedPoint.ts";

const ANCHOR_DIGITS = 54;

/** The unit in which a series keeps its scan range, as a ratio with 18 decimals: 1e-7. */
export const RANGE_UNIT = 10n ** 11n;

/** What governance lists: strikes are (base + index·step) quanta of 10^decimals units of a price. */
export interface SeriesListing {
  readonly expiry: bigint; // unix seconds
  readonly base: bigint;
  readonly step: bigint;
  readonly decimals: bigint;
  readonly count: bigint; // number of strikes
}

/** What the risk words of a series were made with. */
export interface SeriesAnchor {
  readonly forward: bigint; // of a lot, WAD; zero before the first refresh
  readonly time: bigint; // unix seconds
  readonly range: bigint; // scan range, 18 decimals
  readonly epoch: bigint; // of the volatility slice, modulo 2^24
}

const field = (word: bigint, offset: bigint, width: number): bigint => BigInt.asUintN(width, word >> offset);

/** By how many binary digits a forward is longer than a mantissa. */
function powerOf(forward: bigint): bigint {
  const digits = forward === 0n ? 1 : forward.toString(2).length;
  return BigInt(Math.max(digits - ANCHOR_DIGITS, 0));
}

/**
 * The word of a series that is listed and not yet refreshed, as contracts/words/SeriesWord.sol documents its bits.
 * @throws Reverted `MalformedSeries`, `StrikeTooHigh` or `SafeCastOverflowedUintDowncast`
 */
export function listedSeries({ expiry, base, step, decimals, count }: SeriesListing): bigint {
  if (base === 0n || step === 0n || count === 0n) revert("MalformedSeries", base, step, count);
  const word =
    (toUnsigned(44, base) << 140n) |
    (toUnsigned(28, step) << 184n) |
    (toUnsigned(5, decimals) << 212n) |
    (toUnsigned(7, count) << 217n) |
    (toUnsigned(32, expiry) << 224n);
  const highest = strikeOf(word, count - 1n);
  if (highest >= 2n ** 96n) revert("StrikeTooHigh", highest);
  return word;
}

/**
 * The word after a refresh.
 * @param anchor its forward as `forwardDown`, its range as `rangeUp` leaves it
 * @throws Reverted `SafeCastOverflowedUintDowncast`
 */
export function refreshedSeries(word: bigint, { forward, time, range, epoch }: SeriesAnchor): bigint {
  const power = powerOf(forward);
  return (
    ((word >> 140n) << 140n) |
    toUnsigned(ANCHOR_DIGITS, forward >> power) |
    (power << 54n) |
    (toUnsigned(32, time) << 60n) |
    (toUnsigned(24, range / RANGE_UNIT) << 92n) |
    (toUnsigned(24, epoch) << 116n)
  );
}

/** A forward that an anchor holds to the unit: 54 significant binary digits. */
export function forwardDown(forward: bigint): bigint {
  const power = powerOf(forward);
  return (forward >> power) << power;
}

/** A scan range that the word holds to the unit: rounded up to 1e-7. */
export function rangeUp(range: bigint): bigint {
  return divUp(range, RANGE_UNIT) * RANGE_UNIT;
}

export function anchorOf(word: bigint): SeriesAnchor {
  return {
    forward: field(word, 0n, ANCHOR_DIGITS) << field(word, 54n, 6),
    time: field(word, 60n, 32),
    range: field(word, 92n, 24) * RANGE_UNIT,
    epoch: field(word, 116n, 24),
  };
}

/** The strike of an index as a price of a lot, WAD. */
export function strikeOf(word: bigint, index: bigint): bigint {
  return (field(word, 140n, 44) + index * field(word, 184n, 28)) * 10n ** field(word, 212n, 5);
}

export function strikeCountOf(word: bigint): bigint {
  return field(word, 217n, 7);
}

export function expiryOf(word: bigint): bigint {
  return word >> 224n;
}

/** @throws Reverted `UnknownStrike` (index, count) */
export function requireListed(word: bigint, index: bigint): void {
  if (index >= strikeCountOf(word)) revert("UnknownStrike", index, strikeCountOf(word));
}
