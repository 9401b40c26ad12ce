/** A model with the parameters that it has learnt. */
export interface Fitted {
  /** What was estimated, by name. */
  readonly parameters: Readonly<Record<string, number>>;
  /**
   * Variance of the price's logarithm over the `horizon` hours after hour `i`, from what is known when hour `i` ends. NaN where too little is.
   * Not a year's, not an hour's: of the whole horizon.
   */
  readonly variance: (i: number, horizon: number) => number;
}

/** A model of variance. */
export interface Forecaster {
  readonly name: string;
  /**
   * Learns from the first `end` hours and from nothing after them.
   * @throws FitFailed
   */
  readonly fit: (end: number) => Fitted;
}

/** A fit that cannot be believed. */
export class FitFailed extends Error {
  override readonly name = "FitFailed";
}
