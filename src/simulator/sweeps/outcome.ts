import type { Distribution } from "../numbers/summary.ts";
import type { PathFigures } from "../runs/figures.ts";
import type { Job } from "../runs/scenario.ts";
import type { Values } from "./samples.ts";

/** A point of a sweep: what is varied, and the job that it makes. */
export interface Configuration {
  /** `configurationHash` of the job. */
  readonly hash: string;
  readonly values: Values;
  /** Stored units of the vault's parameters that are varied, decimal digits. */
  readonly stored: Readonly<Record<string, string>>;
  readonly job: Job;
}

export type Figures = Readonly<Record<keyof PathFigures, Distribution>>;

/** What came of a configuration: figures over its paths, or why it cannot be played. */
export type Outcome = { readonly configuration: string; readonly paths: number } & (
  | { readonly figures: Figures; readonly accountSteps: number }
  | { readonly refused: string }
);

/** A configuration with what came of it. */
export interface Result {
  readonly configuration: Configuration;
  readonly outcome: Outcome;
}
