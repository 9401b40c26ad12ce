import { revert, toUnsigned } from "../../types/errors.ts";
import { max, min, WAD } from "../../types/fixedPoint.ts";
import { type Instrument, isFuture } from "../../types/instrument.ts";
import { rangeUp, strikeOf } from "../../words/seriesWord.ts";

// The twin of contracts/ledger/options/Expiry.sol, where the rule stands. Times are unix seconds.

/** Seconds of prices that a series settles on. */
export const WINDOW = 1_800n;

/** The longest that a price counts without a newer one, seconds. */
export const LONGEST_HOLD = 180n;

/** The average that a series settles on, as far as it is known; as contracts/words/AverageWord.sol documents its bits. */
export interface Average {
  readonly sum: bigint; // of price times seconds, WAD·s
  readonly seconds: bigint; // in the sum, at most WINDOW
  readonly delay: bigint; // from the publish time of the last post to its block, at most LONGEST_HOLD
  readonly lastTime: bigint; // publish time of the last post; 0: none yet
  readonly lastPrice: bigint; // of a lot, WAD
}

export const NO_AVERAGE: Average = { sum: 0n, seconds: 0n, delay: 0n, lastTime: 0n, lastPrice: 0n };

/** @throws Reverted `SafeCastOverflowedUintDowncast` */
export function averageWord({ sum, seconds, delay, lastTime, lastPrice }: Average): bigint {
  return (
    toUnsigned(108, sum) |
    (toUnsigned(12, seconds) << 108n) |
    (toUnsigned(8, delay) << 120n) |
    (toUnsigned(32, lastTime) << 128n) |
    (toUnsigned(96, lastPrice) << 160n)
  );
}

export function averageFromWord(word: bigint): Average {
  return {
    sum: BigInt.asUintN(108, word),
    seconds: BigInt.asUintN(12, word >> 108n),
    delay: BigInt.asUintN(8, word >> 120n),
    lastTime: BigInt.asUintN(32, word >> 128n),
    lastPrice: word >> 160n,
  };
}

/** When the window of an expiry opens. */
export function openingOf(expiry: bigint): bigint {
  return expiry - WINDOW;
}

/**
 * The average after a post, which counts from its block on: the price before it held until then. One that is not newer than the last changes nothing, nor does
 * anything once the average is full.
 * @param time when the price was published
 * @param now of the block, not before `time`
 * @throws Reverted `NoPrice`
 */
export function observed(average: Average, opening: bigint, price: bigint, time: bigint, now: bigint): Average {
  if (price === 0n) revert("NoPrice");
  if (average.lastPrice !== 0n && time <= average.lastTime) return average;
  if (average.seconds === WINDOW) return average;
  return { ...countsOf(average, opening, now), delay: min(now - time, LONGEST_HOLD), lastTime: time, lastPrice: price };
}

/** Sum and seconds with the last price held until `time`. */
export function countsOf(average: Average, opening: bigint, time: bigint): Pick<Average, "sum" | "seconds"> {
  const { sum, seconds, delay, lastTime, lastPrice } = average;
  const until = min(time, lastTime + LONGEST_HOLD);
  const held = min(max(until - max(lastTime + delay, opening), 0n), WINDOW - seconds);
  return { sum: sum + held * lastPrice, seconds: seconds + held };
}

/** Whether the settlement price stands at `time`. */
export function isSettled(average: Average, opening: bigint, time: bigint): boolean {
  return countsOf(average, opening, time).seconds === WINDOW;
}

/**
 * The price of a lot that the series settles on, rounded down.
 * @throws Reverted `NotSettled` (seconds counted)
 */
export function settlementDown(average: Average, opening: bigint, time: bigint): bigint {
  const { sum, seconds } = countsOf(average, opening, time);
  if (seconds !== WINDOW) revert("NotSettled", seconds);
  return sum / WINDOW;
}

/** What a series is priced with on the way to its settlement. */
export interface ExpiryState {
  readonly forward: bigint; // of a lot, WAD, rounded down
  readonly moving: bigint; // the part of it that still moves, times WINDOW
  readonly varianceTime: bigint; // seconds with 18 decimals, rounded down
}

/**
 * @param live forward of a lot by the live price, not zero
 * @example stateAt(NO_AVERAGE, 1_800n, 100n * WAD, 0n).varianceTime // 2_400n * WAD: an hour less twenty minutes
 */
export function stateAt(average: Average, opening: bigint, live: bigint, time: bigint): ExpiryState {
  const { sum, seconds } = countsOf(average, opening, time);
  const left = WINDOW - seconds;
  const moving = left * live;
  const forward = (sum + moving) / WINDOW;
  const lever = seconds === 0n ? WAD : (live * WAD) / forward;
  const inWindow = (((left ** 3n * lever) / WAD) * lever) / (3n * WINDOW * WINDOW);
  return { forward, moving, varianceTime: inWindow + max(opening - time, 0n) * WAD };
}

/** The scan range of the series' forward: that of the price, on the part that still moves; rounded up to what a series word holds. */
export function movingRangeUp(range: bigint, { forward, moving }: Pick<ExpiryState, "forward" | "moving">): bigint {
  const whole = forward * WINDOW;
  return rangeUp(min((range * moving + (whole - 1n)) / whole, range));
}

/** What a lot pays at a settlement price, WAD; whoever is short owes the same. */
export function payoffOf(instrument: Instrument, seriesWord: bigint, settlement: bigint): bigint {
  if (isFuture(instrument)) return settlement;
  const strike = strikeOf(seriesWord, instrument.index);
  return max(instrument.isCall ? settlement - strike : strike - settlement, 0n);
}
