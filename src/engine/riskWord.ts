import { revert } from "./errors.ts";
import { abs, divUp, floorDivide } from "./fixedPoint.ts";
import { moveOf, SCENARIOS } from "./stress.ts";

/** Lanes of a risk word: the mark and the sixteen scenarios. */
export const LANES = SCENARIOS + 1;

const LANE_BITS = 15n;
/** The most units that a lane holds. */
export const LARGEST_LANE = 2n ** LANE_BITS - 1n;

/** The unit of the lanes of a series, WAD: the anchor price of a lot over 2^15, rounded up. */
export function unitUp(anchor: bigint): bigint {
  return divUp(anchor, 2n ** LANE_BITS);
}

/** Whether the call of a strike is stored: the side that is out of the money at the anchor, and at the money. */
export function storesCall(anchorForward: bigint, strike: bigint): boolean {
  return strike >= anchorForward;
}

/**
 * The risk word of a strike: each value of a lot rounded down to whole units.
 * @param values of one lot, WAD, by scenario
 * @throws Reverted `LaneSaturated` (scenario, value, unit)
 * @example packDown([5n, 4n, ...], 2n, true) // lane 0 is 2, lane 1 is 2
 */
export function packDown(values: readonly bigint[], unit: bigint, call: boolean): bigint {
  return values.reduce(
    (word, value, scenario) => {
      const units = value / unit;
      if (units > LARGEST_LANE) revert("LaneSaturated", BigInt(scenario), value, unit);
      return word | (units << (LANE_BITS * BigInt(scenario)));
    },
    call ? 1n << 255n : 0n,
  );
}

/** What a lot is worth in a scenario, in units of its series. */
export function laneOf(word: bigint, scenario: number): bigint {
  return (word >> (LANE_BITS * BigInt(scenario))) & LARGEST_LANE;
}

/** Whether the word is of the call. */
export function ofCall(word: bigint): boolean {
  return word >> 255n === 1n;
}

/** A position in a call or put of a strike. */
export interface OptionPosition {
  readonly word: bigint; // RiskWord of the strike
  readonly isCall: boolean;
  readonly lots: bigint; // signed
  readonly strike: bigint; // of a lot, WAD
}

/** Sums over the positions of one sign. */
export interface LaneSums {
  readonly lanes: readonly bigint[]; // size times lane, in units, by scenario
  readonly lots: bigint;
  readonly callLots: bigint; // lots whose word is of the call
}

/** A book of options and dated futures on one series. */
export interface SeriesBook {
  readonly longs: LaneSums;
  readonly shorts: LaneSums;
  readonly forwards: bigint; // lots of the forward, from futures and parity
  readonly strikes: bigint; // what parity owes: lots times strike, WAD
}

function sumsOf(positions: readonly OptionPosition[]): LaneSums {
  const total = (of: (position: OptionPosition) => bigint): bigint => positions.reduce((sum, position) => sum + of(position), 0n);
  return {
    lanes: Array.from({ length: LANES }, (_, scenario) => total(({ word, lots }) => laneOf(word, scenario) * abs(lots))),
    lots: total(({ lots }) => abs(lots)),
    callLots: total(({ word, lots }) => (ofCall(word) ? abs(lots) : 0n)),
  };
}

/** The lots of the forward that a position needs beside its stored side: call = put + (forward − strike). */
function parityLots({ word, isCall, lots }: OptionPosition): bigint {
  return isCall === ofCall(word) ? 0n : isCall ? lots : -lots;
}

/**
 * Adds up the positions of one series.
 * @param futures lots of its dated future
 */
export function seriesBook(positions: readonly OptionPosition[], futures = 0n): SeriesBook {
  return {
    longs: sumsOf(positions.filter(({ lots }) => lots >= 0n)),
    shorts: sumsOf(positions.filter(({ lots }) => lots < 0n)),
    forwards: positions.reduce((sum, position) => sum + parityLots(position), futures),
    strikes: positions.reduce((sum, position) => sum + parityLots(position) * position.strike, 0n),
  };
}

/**
 * What parity and futures are worth in a scenario, WAD, rounded down.
 * @param forward price of a lot, WAD
 * @param range scan range, 18 decimals, whole parts per billion
 */
export function linearDown(book: SeriesBook, forward: bigint, range: bigint, scenario: number): bigint {
  const scale = 30n * 10n ** 9n;
  const moved = scale + (range / 10n ** 9n) * moveOf(BigInt(scenario));
  return floorDivide(book.forwards * forward * moved, scale) - book.strikes;
}

/** The value of a book at the mark and in the sixteen scenarios, WAD, by its lanes. */
export function valuesOf(book: SeriesBook, unit: bigint, forward: bigint, range: bigint): bigint[] {
  return book.longs.lanes.map(
    (long, scenario) => (long - (book.shorts.lanes[scenario] ?? 0n)) * unit + linearDown(book, forward, range, scenario),
  );
}

/** The largest loss from the mark and the first scenario where it is met; zero and 0 when there is none. */
export function worstOfValues(values: readonly bigint[]): { readonly loss: bigint; readonly scenario: number } {
  const mark = values[0] ?? 0n;
  let worst = { loss: 0n, scenario: 0 };
  values.forEach((value, scenario) => {
    if (mark - value > worst.loss) worst = { loss: mark - value, scenario };
  });
  return worst;
}
