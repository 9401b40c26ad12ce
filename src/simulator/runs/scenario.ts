import type { PlimsollParameters } from "../../deployment/parameters.ts";
import type { GasTerms } from "../agents/agent.ts";
import type { AttackerTerms } from "../agents/attacker.ts";
import type { BackerTerms } from "../agents/backers.ts";
import type { FundKeeperTerms } from "../agents/fundKeeper.ts";
import type { KeeperTerms } from "../agents/keeper.ts";
import type { MakerTerms } from "../agents/makers.ts";
import type { TraderTerms } from "../agents/traders.ts";
import type { ImpliedTerms } from "../prices/impliedVolatility.ts";
import type { BlockTerms } from "../world/block.ts";
import type { PopulationTerms } from "../world/population.ts";
import type { SpotTerms } from "../world/spot.ts";

/** Where prices come from; a year, where nothing else is said. */
export type ProcessTerms =
  | { readonly kind: "brownian" }
  | { readonly kind: "merton"; readonly jumps: number; readonly mean: number; readonly deviation: number }
  | { readonly kind: "kou"; readonly jumps: number; readonly chanceUp: number; readonly up: number; readonly down: number }
  | { readonly kind: "garch"; readonly alpha: number; readonly beta: number; readonly freedom: number }
  | { readonly kind: "replay" };

/** An underlying that is played. */
export interface Played {
  readonly symbol: string;
  /** Of one unit when a path begins, settlement tokens. */
  readonly price: number;
  /** A year: 0.8 is 80 %; the forecast is warmed to it. */
  readonly sigma: number;
  /** `depth` as a part of the open interest that a path begins with. */
  readonly spot: SpotTerms;
}

/** Everything that a run depends on but the parameters of the vault and, for a replay, the bars. */
export interface Scenario {
  /** A whole number below 2^32. */
  readonly seed: number;
  readonly underlyings: readonly Played[];
  readonly process: ProcessTerms;
  /** Growth of the expected price, a year. */
  readonly drift: number;
  readonly correlation: number;
  readonly implied: ImpliedTerms;
  /** Seconds of a step, how many a path has, and whether the low and the high of each are visited as well. */
  readonly step: number;
  readonly steps: number;
  readonly extremes: boolean;
  /** Seconds between blocks. */
  readonly blockTime: number;
  readonly block: BlockTerms;
  /** Ppb over eight hours, paid by longs. */
  readonly fundingRate: number;
  readonly population: PopulationTerms;
  readonly gas: GasTerms;
  readonly keepers: readonly KeeperTerms[];
  readonly fundKeeper: FundKeeperTerms;
  readonly makers: MakerTerms;
  readonly traders: TraderTerms;
  readonly backers: BackerTerms;
  readonly attacker?: AttackerTerms | undefined;
  /** Moments of a path of which ratios are taken down. */
  readonly points: number;
}

/** Recorded bars of one underlying, five numbers each: unix seconds, open, high, low, close, settlement tokens a unit. */
export interface Recording {
  readonly bars: Float64Array;
  /** The bar at which every path begins; left out, each begins at one that is drawn. */
  readonly first?: number | undefined;
}

/** What a worker is given. */
export interface Job {
  readonly scenario: Scenario;
  readonly parameters: Pick<PlimsollParameters, "values" | "underlyings" | "collaterals" | "settlementToken">;
  readonly recording?: Recording | undefined;
}

/** Unix second at which paths begin that are not replayed: a full hour. */
export const BEGINNING = 1_699_999_200;
/** Numbers of a bar of a recording. */
export const OF_A_BAR = 5;
/** Hours of closes before a replayed path that warm the forecast. */
export const WARM_UP = 720;
