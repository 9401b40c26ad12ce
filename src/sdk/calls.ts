import type { AccountId } from "../engine/types.ts";
import type { EncodedAction } from "./actions.ts";
import { interfaceOf } from "./artifacts.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";

/** A transaction before it has fees, a nonce and a signature. */
export type Call = {
  readonly from: string;
  readonly to: string;
  readonly data: string;
  readonly gas?: number;
  /** Wei. */
  readonly value?: bigint;
};

export function executeCall(record: DeploymentRecord, from: string, actions: readonly EncodedAction[], gas?: number): Call {
  const data = interfaceOf("IMarginVault").encodeFunctionData("execute", [actions]);
  return { from, to: record.contracts.vault, data, ...(gas === undefined ? {} : { gas }) };
}

/** A call of any entry of the vault. */
export function vaultCall(record: DeploymentRecord, from: string, method: string, args: readonly unknown[]): Call {
  return { from, to: record.contracts.vault, data: interfaceOf("IMarginVault").encodeFunctionData(method, [...args]) };
}

/** Lets the open interest grow as far as the fund supports it. */
export function refreshCapCall(record: DeploymentRecord, from: string, underlying: number): Call {
  return vaultCall(record, from, "refreshOpenInterestCap", [underlying]);
}

export function topUpCall(record: DeploymentRecord, from: string, underlying: number): Call {
  return vaultCall(record, from, "topUpFund", [underlying]);
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

export function liquidateBatchCall(record: DeploymentRecord, from: string, accounts: readonly AccountId[], keeper: AccountId): Call {
  const data = interfaceOf("LiquidationBatch").encodeFunctionData("liquidateBatch", [accounts, keeper, []]);
  return { from, to: record.contracts.liquidationBatch, data, gas: 16_000_000 };
}
