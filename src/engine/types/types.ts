import type { UnderlyingHolding } from "./holding.ts";
import type { Ramped } from "./ramp.ts";
import type { Redeemable, TokenRate } from "./rate.ts";

/** Owner address (high 160 bits) and sub-account index (low 96 bits). */
export type AccountId = bigint;

/** A lower-case hex address. */
export type Address = string;

/** The perpetual of one account on one underlying, as stored. */
export interface Position {
  readonly lots: bigint; // signed whole lots
  readonly fundingIndex: bigint; // at the last touch, WAD a lot
  readonly entryCost: bigint; // WAD
}

/** What an account holds of one instrument of a series. */
export interface SeriesPosition {
  readonly instrument: bigint; // within its underlying, as types/Instrument.sol has its bits
  readonly lots: bigint; // signed whole lots, not zero
  readonly halvings?: bigint; // how often its lots are halved in open interest; none by default
  readonly entryCost?: bigint; // of a dated future, WAD; zero by default
}

export interface Operator {
  readonly scope: bigint;
  readonly expiry: bigint; // unix seconds
}

/** An account as stored: cash does not include pending funding. */
export interface Account {
  readonly id: AccountId;
  readonly cash: bigint; // signed WAD
  readonly moduleDifference: bigint; // consented modules as the difference from the deployment's default
  readonly epoch: bigint; // of orders
  readonly positions: ReadonlyMap<number, Position>; // by underlying
  readonly series: ReadonlyMap<number, readonly SeriesPosition[]>; // by underlying, never an empty list, in the order of their places
  readonly collateral: ReadonlyMap<number, bigint>; // by token, WAD, never zero
  readonly operators: ReadonlyMap<Address, Operator>;
  readonly exchangeSince: bigint; // unix seconds, 0 when not declared
}

/** States of a price; see the table of states. */
export const NORMAL = 0n;
export const INVALID = 1n;
export const GRACE = 2n;

export interface Sample {
  readonly price: bigint; // of a lot, WAD
  readonly time: bigint;
  readonly fast: bigint; // variance a year, 1e-10
  readonly slow: bigint;
  readonly rateTime: bigint; // when the funding rate was last set
}

/** A price beyond the guard that waits for its confirmation. */
export interface Pending {
  readonly price: bigint;
  readonly time: bigint; // when it was recorded
  readonly source: bigint; // index plus one, 0: nothing pending
}

export interface Funding {
  readonly index: bigint; // signed WAD a lot
  readonly rate: bigint; // signed ppb over eight hours
  readonly time: bigint; // of the index
  readonly openInterest: bigint; // lots held long
  readonly cap: bigint; // of the open interest, lots
}

export interface Trading {
  readonly fillBand: bigint; // ppm around the mark
  readonly positionCap: bigint; // lots
  readonly openInterestCap: bigint; // governance's, lots
  readonly stoppedUntil: bigint; // opens
  readonly feeCap: bigint; // ppm of the notional of a fill
  readonly guardianCapUntil: bigint;
}

export interface VolatilityParameters {
  readonly multiple: bigint; // ppm
  readonly horizon: bigint; // seconds
  readonly rangeFloor: bigint; // ppb
  readonly rangeCap: bigint; // ppb
  readonly sigmaFloor: bigint; // ppm a year
}

export interface GuardParameters {
  readonly sources: bigint;
  readonly dropped: bigint; // a bit each
  readonly droppedUntil: bigint;
  readonly agreement: bigint; // ppm
  readonly band: bigint; // ppm at one minute
  readonly widestBand: bigint; // ppm
  readonly depthRamp: Ramped; // lots; end 0: the depth in the price word stands
}

/** The state of the fund account of an underlying: since when it holds inventory, what the main stake gave it lately, and what is reserved to it. */
export interface FundAccountState {
  readonly inventorySince: bigint;
  readonly epochStart: bigint;
  readonly drawn: bigint; // in that epoch, millionths of a settlement token, rounded up
  readonly drawnBefore: bigint; // in the epoch before
  readonly weight: bigint; // ppm of the whole cap, 0: none set
}

/** What the volatility feed said of a series, apart from the slice itself, and what the vault keeps beside it; as SurfaceWord. */
export interface SeriesSurface {
  readonly basis: bigint; // forward over price, less one, signed ppb
  readonly published: bigint; // unix seconds, 0: no slice yet
  readonly span: bigint; // seconds of variance time that the slice's total variance is for
  readonly epoch: bigint; // number of the slice, modulo 2^24
  readonly highest: bigint; // implied volatility of a listed strike at the refresh, 1e-4 a year
  readonly slide: bigint; // of a volatility along the slice while the words hold, 1e-5 of itself
  readonly depth: bigint; // lots
  readonly openInterest: bigint; // lots held of all its instruments, long and short
  readonly volatilityCap: bigint; // of a slice, percent a year
}

/** A series of options and a dated future, as stored. */
export interface Series {
  readonly word: bigint; // SeriesWord
  readonly slice: bigint; // SviWord, 0: none yet
  readonly surface: SeriesSurface;
  readonly average: bigint; // AverageWord
  readonly risks: readonly bigint[]; // RiskWord by index of the strike, as stored: what a refresh has not written since the listing may be older
  readonly listed: boolean; // until it is known to have settled
}

/** One underlying, its perpetual and its series. */
export interface Underlying {
  readonly price: bigint; // of a lot, WAD
  readonly priceTime: bigint; // unix seconds
  readonly targetRange: bigint; // ppb
  readonly heldRange: bigint; // ppb
  readonly depth: bigint; // lots
  readonly lotExponent: bigint; // a lot is 10^-x of the underlying
  readonly priceState: bigint;
  readonly sample: Sample;
  readonly pending: Pending;
  readonly funding: Funding;
  readonly trading: Trading;
  readonly volatility: VolatilityParameters;
  readonly guard: GuardParameters;
  readonly fund: FundAccountState;
  readonly series: ReadonlyMap<number, Series>; // by number, from 1 on
}

export interface CollateralToken {
  readonly token: Address;
  readonly decimals: bigint;
  readonly underlying: bigint;
  readonly haircut: Ramped; // ppm
  readonly supply: bigint; // WAD held by all accounts
  readonly cap: bigint; // in force, WAD
  /** What a token is worth in its underlying, where a source says so; one without. */
  readonly rate?: TokenRate;
  /** Where governance admits it as a strategy: an ERC-4626 share of the settlement token that accounts may invest in. */
  readonly redeemable?: Redeemable;
  /** Between which the cap in force is, WAD; what `cap` says without. */
  readonly caps?: SupplyCaps;
}

/** Caps of governance on the supply of a collateral token, WAD. */
export interface SupplyCaps {
  readonly most: bigint;
  readonly start: bigint; // up to which no ratio is asked for
}

/** What fund and pool last recorded of themselves for the funding ratios, WAD where nothing else is said. */
export interface RecordedStake {
  readonly stake: bigint; // lower net asset value of what is not cooling
  readonly cooling: readonly { readonly amount: bigint; readonly maturity: bigint }[]; // unix seconds
  readonly coolDown: bigint; // seconds
  readonly margin: bigint; // of the fund's accounts
  readonly poolBound: bigint; // what the inventory of the pool keeps from leaving
  readonly poolRequested: bigint; // what waits to be paid
}

export interface Module {
  readonly address: Address;
  readonly disabledUntil: bigint;
  /** What its orders cost, where the vault may take them itself: parts per million of the notional, the maker's may be negative. */
  readonly orderFees?: { readonly taker: bigint; readonly maker: bigint };
}

export interface MarginParameters {
  readonly maintenance: Ramped; // ppm
  readonly provision: Ramped; // ppm
  readonly interMonth: Ramped; // ppm
  readonly tradingAge: bigint; // seconds
  readonly liquidationAge: bigint; // seconds
  readonly openInterestCharge: bigint; // ppm
  readonly gainLock: bigint; // ppm
}

export interface LiquidationParameters {
  readonly recovery: bigint; // ppm
  readonly discountMin: bigint; // ppm
  readonly discountMax: bigint; // ppm
  readonly grossDiscount: bigint; // ppm
  readonly keeperShare: bigint; // ppm
  readonly fundShare: bigint; // ppm
  readonly bounty: bigint; // 1e-4 settlement tokens
  readonly smallestNotional: bigint; // settlement tokens
}

export interface FundParameters {
  readonly topUp: bigint; // ppm of the main stake
  readonly epochLength: bigint; // seconds
  readonly shedTime: bigint; // seconds
  readonly shedStart: bigint; // ppm
  readonly fundPerOpenInterest: bigint; // ppm
  readonly bountyCap: bigint; // 1e-4 settlement tokens
  readonly stakeCap: bigint; // ppm of the main stake
  readonly weights: bigint; // sum of the weights that are set, ppm of the whole cap
  readonly unweighted: bigint; // underlyings without one
}

/** The leverage above which accounts are closed while a fund account is short: the one slot of an underlying. */
export interface WaterLine {
  readonly level: bigint; // λ at `time`, 18 decimals
  readonly time: bigint; // unix seconds, of the last whole step
}

/** Why the sequencer is not up: see the error `SequencerNotUp`. */
export interface Outage {
  readonly since: bigint; // unix seconds, 0: not known
  readonly until: bigint; // end of the grace period; 2^40 − 1 while it is down
}

/** The whole vault at a time, and what the world outside would answer it. */
export interface State {
  readonly now: bigint; // unix seconds, the time of the block
  readonly fund: Address; // owner of the fund accounts
  readonly vault: Address;
  readonly defaultModules: bigint; // mask
  readonly settlementDecimals: bigint;
  readonly settlement: bigint; // tokens of the ledger, WAD
  readonly deficit: bigint; // WAD
  readonly unreserved: FundAccountState; // what the main stake gave that is reserved to no underlying
  readonly bounties: FundAccountState; // the bounties that the fund paid
  readonly drawn: FundAccountState; // what the main stake gave to whomever, bounties apart
  readonly shortfalls: ReadonlyMap<number, bigint>; // by underlying, of fund accounts that have used up their caps: WAD below zero beyond it
  readonly waterLines: ReadonlyMap<number, WaterLine>; // by underlying, while its fund account is short and the main stake gives it no more
  readonly margin: MarginParameters;
  readonly liquidation: LiquidationParameters;
  readonly fundParameters: FundParameters;
  readonly underlyings: readonly Underlying[];
  readonly collaterals: readonly CollateralToken[];
  readonly modules: readonly Module[];
  readonly accounts: ReadonlyMap<AccountId, Account>;
  /** Of the fund account that takes collateral of the settlement token itself; as new where none was listed. */
  readonly stableFund?: FundAccountState;
  /** Stored by fund and pool. */
  readonly recorded?: RecordedStake;
  /** Not stored: by underlying, the widest deviation threshold, ppm, where every source still stands at the rounds that the price is made of. */
  readonly standing?: ReadonlyMap<number, bigint>;
  /** Not stored: what the uptime feed says, where there is one and the sequencer is down or in its grace period. */
  readonly outage?: Outage | undefined;
}

/** One underlying as one account holds it; what margin is computed from. The struct `Book` of IMarginVault. */
export interface Book {
  readonly underlying: bigint;
  readonly lots: bigint;
  readonly entryCost: bigint; // WAD
  readonly collateral: bigint; // market value, WAD, rounded down
  readonly haircut: bigint; // WAD, rounded up
  readonly price: bigint; // of a lot, WAD
  readonly heldRange: bigint; // ratio, 18 decimals
  readonly targetRange: bigint; // ratio, 18 decimals
  readonly depth: bigint; // lots
  readonly age: bigint; // seconds
  readonly state: bigint;
  readonly doubt: bigint; // how far the price may have moved, as a fraction of it, 18 decimals; zero while it is good
}

/** An account with funding accrued. */
export interface Portfolio {
  readonly cash: bigint; // WAD
  readonly books: readonly Book[];
  /** By underlying, where the account holds series: the book again with what is held of them. */
  readonly holdings?: ReadonlyMap<bigint, UnderlyingHolding>;
  /** The same at the rates of who raises risk or withdraws, where one of a token that it holds is lower than what is stored. */
  readonly lower?: Portfolio;
}

/** The figures of an account, WAD. */
export interface Assessment {
  readonly value: bigint; // V
  readonly equity: bigint; // E
  readonly margin: bigint; // IM
  readonly notional: bigint; // G
}

/** Margin ratios as of a time, 18 decimals. */
export interface MarginTerms {
  readonly maintenance: bigint; // μ
  readonly provision: bigint; // on gross notional and collateral
  readonly interMonth: bigint; // b
}

/** Token index of the settlement token; collateral tokens are 0 to 31. As an underlying: of a token that is worth settlement tokens themselves. */
export const SETTLEMENT = 255;
