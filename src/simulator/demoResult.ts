import type { Verdict } from "../checker/checker.ts";
import type { RunRecord } from "../report/runRecord.ts";
import type { Window } from "./bars.ts";
import type { StrategyResult } from "./demoSeries.ts";
import type { Losses } from "./lossStages.ts";
import type { VolatilityPath } from "./volatilityPath.ts";
export type DemoOptions = {
  readonly window: Window;
  /** Where the prices are from, in words. */
  readonly source: string;
  /** What was found in their files, for the table of the report. */
  readonly files?: readonly (readonly [name: string, value: string])[];
  readonly underlying: string;
  readonly accounts: number;
  /** Accounts with options beside them; 0: no series is listed. */
  readonly optionTraders: number;
  /** Implied volatility while the path is played. */
  readonly volatility: VolatilityPath;
  /** Where it is from, in words. */
  readonly volatilitySource: string;
  /** Posts an hour. */
  readonly steps: number;
  /** 80 % of the accounts are on the side that loses. */
  readonly crowd: boolean;
  /** Small stake and small market makers, and the keeper deleverages: losses go through every stage. Perpetuals only. */
  readonly stress?: "fund" | undefined;
  readonly seed: number;
  readonly onProgress: (progress: DemoProgress) => void;
};

export type DemoProgress = { readonly stage: string; readonly done: number; readonly of: number; readonly note?: string };

/** The checker's verdict and what else `--json` prints. */
export type DemoResult = Verdict & {
  readonly underlying: string;
  readonly traders: number;
  readonly optionTraders: number;
  /** Of the accounts with options, in the run. */
  readonly optionAccountsLiquidated: number;
  /** Series that settled while the path was played. */
  readonly seriesSettled: number;
  /** Trades by which accounts hedged their delta again, and those that the vault refused because margin had run out. */
  readonly hedges: number;
  readonly hedgesRefused: number;
  /** Accounts with options by strategy. Amounts in settlement tokens. */
  readonly strategies: readonly StrategyResult[];
  readonly posts: number;
  /** Of the longs, when the played path begins, in settlement tokens. */
  readonly openInterest: string;
  /** Bad debt over open interest. */
  readonly badDebtOfOpenInterest: number;
  readonly largestFundLoss: string;
  /** Batches of the keeper, and tasks for series, that were not carried out. */
  readonly failedBatches: number;
  /** Where the fund was to be exhausted: how far losses came. */
  readonly losses?: Losses & { readonly waterLine: readonly { readonly time: number; readonly level: number }[] };
};

export type DemoRun = { readonly result: DemoResult; readonly record: RunRecord };
