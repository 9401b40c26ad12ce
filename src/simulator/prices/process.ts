/** What prices did in one step, by underlying: logarithms of the price over that at the step's beginning. `high` is never below zero or `close`, `low` never above. */
export interface Moves {
  readonly close: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
}

/** Where prices come from, step by step. */
export interface PriceProcess {
  /** Writes what the next step does. */
  next(moves: Moves): void;
  /** What of the last step came at a stroke, by underlying: the logarithm of a jump, zero where there was none. */
  readonly jumps: Float64Array;
}

export const YEAR = 365 * 86_400;

/** Moves of `count` underlyings in which nothing moves. */
export function noMoves(count: number): Moves {
  return { close: new Float64Array(count), high: new Float64Array(count), low: new Float64Array(count) };
}

/** What a process of several underlyings is made for. */
export interface Grid {
  readonly underlyings: number;
  /** Seconds of a step. */
  readonly step: number;
  /** Between the normals of any two underlyings, from 0 to 1. */
  readonly correlation: number;
}
