/**
 * What a run leaves for its report. Plots need no exact amounts, so figures here are plain numbers of settlement tokens; the exact ones are in
 * the checker's verdict.
 */
export type RunRecord = {
  readonly title: string;
  /** Where the prices are from, and which window of them. */
  readonly source: string;
  readonly underlying: string;
  readonly settlement: string;
  /** Seconds between two points where nothing is missing. */
  readonly step: number;
  /** How the run was set up, in the order in which it is shown. */
  readonly setUp: readonly (readonly [name: string, value: string])[];
  /** What the run ends with; `good` is whether the figure is as it must be, undefined where there is no must. */
  readonly findings: readonly Finding[];
  readonly points: readonly RunPoint[];
  readonly accounts: readonly AccountOutcome[];
  /** What options were traded, and how it went; left out where none were. */
  readonly options?: OptionsRecord;
  /** The stages of the order of losses, where a run was to go through them. */
  readonly stages?: readonly (readonly [name: string, value: string])[];
};

export type Finding = { readonly name: string; readonly value: string; readonly good?: boolean; readonly note?: string };

/** The state after the keeper and the market makers had their turn at one post. */
export type RunPoint = {
  readonly time: number;
  readonly price: number;
  /** At the money, a year, as it was last posted; left out where no options are traded. */
  readonly impliedVolatility?: number;
  /** Delta of the options of accounts that hedge, and of what they hedge with, at the price; left out where nobody hedges. */
  readonly hedged?: { readonly options: number; readonly hedge: number };
  /** Held scan range, a fraction. */
  readonly scanRange: number;
  /** How many traders' accounts are in each of `HEALTH_BANDS`. */
  readonly health: readonly number[];
  /** Sales at this post that left the account open, and those of whole accounts. */
  readonly slices: number;
  readonly wholeSales: number;
  /** Different accounts that were ever liquidated, up to now. */
  readonly liquidatedAccounts: number;
  /** Equity of the main stake, and of the fund account of the underlying. */
  readonly fundMain: number;
  readonly fundAccount: number;
  /** Notional that the fund account holds, signed. */
  readonly fundInventory: number;
  /** The leverage above which accounts are deleveraged; left out while nothing is short. */
  readonly waterLine?: number;
  readonly equityLong: number;
  readonly equityShort: number;
  readonly equityOptions: number;
  readonly equityMakers: number;
  /** Equity over what was deposited: the least of the best 90, 75, 50, 25 and 10 % of traders. */
  readonly equityQuantiles: readonly number[];
};

/** Health is equity over maintenance margin. The first band is accounts without positions. */
export const HEALTH_BANDS: readonly string[] = ["no position", "below 1", "1 – 1.25", "1.25 – 1.5", "1.5 – 2", "2 – 3", "3 – 5", "above 5"];
const EDGES = [1, 1.25, 1.5, 2, 3, 5];

/** The index in `HEALTH_BANDS` of a health; undefined stands for an account without positions. */
export function healthBand(health: number | undefined): number {
  if (health === undefined) return 0;
  const band = EDGES.findIndex((edge) => health < edge);
  return band < 0 ? HEALTH_BANDS.length - 1 : band + 1;
}

export type AccountOutcome = {
  readonly side: "long" | "short";
  readonly leverage: number;
  readonly collateral: string;
  readonly deposited: number;
  readonly equity: number;
  readonly slices: number;
  readonly soldWhole: boolean;
};

export type OptionsRecord = {
  readonly series: readonly SeriesRecord[];
  readonly outcomes: readonly OptionOutcome[];
  readonly profiles: readonly ScenarioProfile[];
};

export type SeriesRecord = {
  readonly name: string;
  /** When its averaging window opens, and when it expires, unix seconds. */
  readonly opening: number;
  readonly expiry: number;
  /** Of a unit; left out where it has not settled. */
  readonly settlement?: number;
};

export type OptionOutcome = {
  readonly strategy: string;
  readonly deposited: number;
  readonly equity: number;
  readonly slices: number;
  readonly soldWhole: boolean;
};

/** An account with options: what it would gain or lose in each scenario when it opened, and when it first fell below its line with options, or else was least healthy. */
export type ScenarioProfile = {
  readonly strategy: string;
  /** What it opened, in words. */
  readonly position: string;
  readonly opened: ProfileMoment;
  readonly worst: ProfileMoment;
};

export type ProfileMoment = {
  readonly time: number;
  readonly price: number;
  /** Held scan range, a fraction. */
  readonly range: number;
  /** At the mark, which is zero, and in scenarios 1 to 16, extremes damped. */
  readonly profits: readonly number[];
  /** The scenario that loses most; left out where the short-option minimum asks for more than it. */
  readonly decides?: number | undefined;
  readonly equity: number;
  readonly initialMargin: number;
  readonly maintenanceMargin: number;
};
