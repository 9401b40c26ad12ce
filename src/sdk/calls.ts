import { Interface, type Wallet } from "ethers";
import type { SeriesListing, VolatilityReport } from "../engine/actions/series.ts";
import type { AccountId } from "../engine/types/types.ts";
import type { EncodedAction } from "./actions.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { BadInput } from "./failure.ts";
import { interfaceOf } from "./interfaces.ts";
import { signSlice } from "./signedValues.ts";

/** A transaction before it has fees, a nonce and a signature. */
export type Call = {
  readonly from: string;
  readonly to: string;
  readonly data: string;
  readonly gas?: number;
  /** What it is expected to take, which is no limit. */
  readonly expectedGas?: number;
  /** Wei. */
  readonly value?: bigint;
};

/**
 * Carries out actions in order, all of them or none.
 * @param from the owner of the accounts, or an operator
 * @param gas the limit; estimated by default
 * @example
 * const call = executeCall(record, wallet.address, [cancelOrdersAction(accountIdOf(wallet.address))]);
 * interfaceOf("IMarginVault").parseTransaction(call)!.name // "execute"
 */
export function executeCall(record: DeploymentRecord, from: string, actions: readonly EncodedAction[], gas?: number): Call {
  const data = interfaceOf("IMarginVault").encodeFunctionData("execute", [actions]);
  return { from, to: record.contracts.vault, data, ...(gas === undefined ? {} : { gas }) };
}

/** A call of any entry of the vault. */
export function vaultCall(record: DeploymentRecord, from: string, method: string, args: readonly unknown[]): Call {
  return { from, to: record.contracts.vault, data: interfaceOf("IMarginVault").encodeFunctionData(method, [...args]) };
}

/**
 * Posts a price.
 * @param updates for each source of the underlying
 * @param fee what the sources charge, wei
 */
export function postPriceCall(record: DeploymentRecord, from: string, underlying: number, updates: readonly string[], fee = 0n): Call {
  return { ...vaultCall(record, from, "postPrice", [underlying, updates]), value: fee };
}

/**
 * Lists a series of options and a dated future. For governance: where its role waits, `scheduleCall` comes first.
 * @param listing as `seriesListing` of series.ts makes it
 */
export function listSeriesCall(record: DeploymentRecord, from: string, underlying: number, listing: SeriesListing): Call {
  return vaultCall(record, from, "listSeries", [underlying, listing]);
}

/** What governance asks of its authority, an AccessManager of OpenZeppelin. */
export const AUTHORITY = new Interface([
  "function schedule(address target, bytes data, uint48 when) returns (bytes32 operation, uint32 nonce)",
  "function canCall(address caller, address target, bytes4 selector) view returns (bool immediate, uint32 delay)",
  "function hashOperation(address caller, address target, bytes data) view returns (bytes32)",
  "function getSchedule(bytes32 operation) view returns (uint48)",
]);

/** Schedules a call of governance with the authority, for the earliest time that the delay of the role allows; then the call itself is made. */
export function scheduleCall(record: DeploymentRecord, { from, to, data }: Call): Call {
  return { from, to: record.contracts.authority, data: AUTHORITY.encodeFunctionData("schedule", [to, data, 0]) };
}

/** What the volatility source of an underlying is given for one series; `signedSlice` makes the update. */
export type SliceUpdate = { readonly series: number; readonly update: string };

/** Posts slices of up to eight series of an underlying together: what lies between expiries is compared when all are written. */
export function postSlicesCall(record: DeploymentRecord, from: string, underlying: number, slices: readonly SliceUpdate[]): Call {
  return vaultCall(record, from, "postSlices", [underlying, slices.map(({ series, update }) => [series, update])]);
}

/**
 * The update of a volatility slice for `postSlicesCall`, signed for the feed of the underlying.
 * @param expiry of the series, unix seconds
 * @throws BadInput when the underlying has no signed volatility feed
 */
export function signedSlice(
  record: DeploymentRecord,
  signers: readonly Wallet[],
  underlying: number,
  expiry: bigint,
  report: VolatilityReport,
): string {
  const { signedVolatilitySource: source } = record.contracts;
  const listed = record.underlyings[underlying];
  if (source === undefined || listed?.volatilityFeed === undefined)
    throw new BadInput(`${listed?.symbol ?? `underlying ${underlying}`} has no volatility feed`);
  return signSlice(signers, { chainId: BigInt(record.chainId), source }, listed.volatilityFeed, {
    expiry,
    slice: report.sliceWord,
    basis: report.basis,
    publishTime: report.publishTime,
  });
}

/**
 * Makes the risk words of a series anew, for some 25,000 gas a strike.
 * @example
 * interfaceOf("IMarginVault").parseTransaction(refreshSeriesCall(record, wallet.address, 0, 1))!.name // "refreshSeries"
 */
export function refreshSeriesCall(record: DeploymentRecord, from: string, underlying: number, series: number): Call {
  return vaultCall(record, from, "refreshSeries", [underlying, series]);
}

/** Writes down the settlement price of a series that has settled by the clock. */
export function settleSeriesCall(record: DeploymentRecord, from: string, underlying: number, series: number): Call {
  return vaultCall(record, from, "settleSeries", [underlying, series]);
}

/** Pays an account for what it holds of a series that has settled. */
export function settleExpiredCall(record: DeploymentRecord, from: string, account: AccountId, underlying: number, series: number): Call {
  return vaultCall(record, from, "settleExpired", [account, underlying, series]);
}

/** Lets the open interest grow as far as the fund supports it. */
export function refreshCapCall(record: DeploymentRecord, from: string, underlying: number): Call {
  return vaultCall(record, from, "refreshOpenInterestCap", [underlying]);
}

export function topUpCall(record: DeploymentRecord, from: string, underlying: number): Call {
  return vaultCall(record, from, "topUpFund", [underlying]);
}

/** Closes accounts above the water-line against what the fund account of an underlying holds beyond its margin; the first account of `from` is paid. */
export function deleverageCall(record: DeploymentRecord, from: string, underlying: number, accounts: readonly AccountId[]): Call {
  return vaultCall(record, from, "deleverage", [underlying, accounts]);
}

export function shedCall(record: DeploymentRecord, from: string, underlying: number, taker: AccountId, fraction: bigint): Call {
  return vaultCall(record, from, "shedFund", [underlying, taker, fraction, 0n]);
}

/** Starts the clock of the exchange discount of an account whose settled cash is short, or stops it for one that is not any more. */
export function declareExchangeCall(record: DeploymentRecord, from: string, account: AccountId): Call {
  return vaultCall(record, from, "declareExchange", [account]);
}

/** Buys collateral of an account whose settled cash is short. @param amount WAD of the token */
export function exchangeCall(
  record: DeploymentRecord,
  from: string,
  account: AccountId,
  token: number,
  amount: bigint,
  buyer: AccountId,
): Call {
  return vaultCall(record, from, "exchangeCollateral", [account, token, amount, buyer]);
}

/**
 * Liquidates accounts, each of which is passed by where it is not below its line.
 * @param keeper who is credited with the rewards
 * @example
 * liquidateBatchCall(record, wallet.address, [1n], accountIdOf(wallet.address)).to // record.contracts.liquidationBatch
 */
export function liquidateBatchCall(record: DeploymentRecord, from: string, accounts: readonly AccountId[], keeper: AccountId): Call {
  const data = interfaceOf("LiquidationBatch").encodeFunctionData("liquidateBatch", [accounts, keeper]);
  return { from, to: record.contracts.liquidationBatch, data, gas: 16_000_000 };
}
