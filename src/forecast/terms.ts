import type { RangeParameters } from "../engine/math/scanRange.ts";
import { CONSTANT_DAYS } from "./simple.ts";

/** Beside the rule of the chain. */
export const MODELS = ["constant", "ewma", "garch", "gjr", "log-har"] as const;
export type ModelName = (typeof MODELS)[number];

/** Days of prices that have to be there before the first forecast. */
export const warmUpDays = (models: readonly ModelName[]): number => (models.includes("constant") ? CONSTANT_DAYS + 60 : 120);

export interface BacktestTerms {
  /** Unix seconds, whole hours: forecasts are made from `from` on, and what they are held against is over at `to`. */
  readonly from: number;
  readonly to: number;
  /** Hours over which the price must stay within the range. */
  readonly horizon: number;
  /** The part of windows that must stay, on each side. */
  readonly part: number;
  /** Days after which models are fitted anew. */
  readonly refit: number;
  readonly models: readonly ModelName[];
  readonly volatility: RangeParameters;
  readonly lotExponent: number;
}
