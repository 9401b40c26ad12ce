import type { Cause } from "./staleCause.ts";
/** A position in an option, with what values it: the word for trades and withdrawals, the volatility for liquidations. */
export interface OptionHolding {
  readonly isCall: boolean;
  readonly strike: bigint; // of a lot, WAD
  readonly lots: bigint; // signed
  readonly word: bigint; // RiskWord
  readonly volatility: bigint; // implied now, a year, 18 decimals
}

/** Where the words of a series were made. */
export interface SeriesAnchor extends Place {
  readonly time: bigint; // seconds of variance time to settlement then
  readonly volatility: bigint; // the highest of its listed strikes then, 18 decimals, rounded up
}

/** What an account holds in one series that has not settled. */
export interface SeriesHolding {
  readonly expiry: bigint; // unix seconds, as it was listed with
  readonly forward: bigint; // price of a lot now, WAD
  readonly moving: bigint; // the price of a lot that still moves with that of the underlying, WAD
  readonly varianceTime: bigint; // to settlement now, seconds with 18 decimals
  readonly heldRange: bigint; // of the series, 18 decimals, whole parts per billion
  readonly targetRange: bigint;
  readonly slide: bigint; // how far a volatility can have moved while words hold, a part of itself, 18 decimals
  readonly anchor: SeriesAnchor;
  readonly futures: bigint; // signed lots of its dated future
  readonly options: readonly OptionHolding[];
  readonly depth: bigint; // lots
}

/** What an account holds on one underlying. */
export interface UnderlyingHolding {
  readonly lots: bigint; // signed, of the perpetual
  readonly price: bigint; // of a lot, WAD
  readonly depth: bigint; // of the perpetual, lots
  readonly collateral: bigint; // market value, WAD, rounded down
  readonly haircut: bigint; // WAD, rounded up
  readonly heldRange: bigint; // 18 decimals, whole parts per billion
  readonly targetRange: bigint;
  readonly series: readonly SeriesHolding[]; // each once
  readonly settled: bigint; // what positions of settled series pay, WAD, signed
  readonly futuresCost: bigint; // entry cost of its dated futures, settled ones apart, WAD
  readonly stale?: StaleWords | undefined; // the first of its series whose words may not be used
}

/** A series whose words may not be used to open and withdraw, and why. */
export interface StaleWords {
  readonly underlying: bigint;
  readonly series: bigint;
  readonly cause: Cause;
}

/** Where a series was when its words were made, or is now. */
export interface Place {
  readonly forward: bigint; // price of a lot, WAD
  readonly range: bigint; // scan range, 18 decimals
}
