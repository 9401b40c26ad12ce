import { abs, floorDivide } from "../../types/fixedPoint.ts";
import { LANES, laneOf, ofCall } from "../../words/riskWord.ts";
import { moveOf } from "../stress.ts";
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

/** The lots of the forward that a position needs beside its stored side: call = put + (forward − strike). */
function parityLots({ word, isCall, lots }: OptionPosition): bigint {
  return isCall === ofCall(word) ? 0n : isCall ? lots : -lots;
}
