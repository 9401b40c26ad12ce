import { AbiCoder } from "ethers";
import type { AccountId, Address } from "../engine/types/types.ts";

/**
 * Token index of the settlement token in deposits, withdrawals and transfers.
 * @example
 * depositAction(accountIdOf(wallet.address), SETTLEMENT_TOKEN, 5_000_000n).kind // 0
 */
export const SETTLEMENT_TOKEN = 255;

/** One action of `execute`, encoded. */
export type EncodedAction = { readonly kind: number; readonly account: AccountId; readonly data: string };

/** The verbs of `execute`. */
export const KIND = {
  deposit: 0,
  permitDeposit: 1,
  withdraw: 2,
  transfer: 3,
  setOperator: 4,
  setModules: 5,
  cancelOrders: 6,
  trade: 7,
} as const;

function encoded(kind: number, account: AccountId, types: readonly string[], values: readonly unknown[]): EncodedAction {
  return { kind, account, data: AbiCoder.defaultAbiCoder().encode(types, values) };
}

/**
 * @param amount in units of the token
 * @example
 * const action = depositAction(accountIdOf(wallet.address), SETTLEMENT_TOKEN, parseDecimal("100", record.settlementToken.decimals));
 * executeCall(record, wallet.address, [action]).to // record.contracts.vault
 */
export function depositAction(account: AccountId, token: number, amount: bigint): EncodedAction {
  return encoded(KIND.deposit, account, ["uint8", "uint256"], [token, amount]);
}

/**
 * @param amount in units of the token
 * @example
 * const units = parseDecimal("100", record.settlementToken.decimals);
 * withdrawAction(accountIdOf(wallet.address), SETTLEMENT_TOKEN, units, wallet.address).kind // 2
 */
export function withdrawAction(account: AccountId, token: number, amount: bigint, to: Address): EncodedAction {
  return encoded(KIND.withdraw, account, ["uint8", "uint256", "address"], [token, amount, to]);
}

/**
 * @param amount WAD; both accounts have one owner
 * @example
 * // from the main account to the first sub-account
 * const [from, to] = [accountIdOf(wallet.address), accountIdOf(wallet.address, 1n)];
 * transferAction(from, SETTLEMENT_TOKEN, 100n * WAD, to).account // from
 */
export function transferAction(account: AccountId, token: number, amount: bigint, to: AccountId): EncodedAction {
  return encoded(KIND.transfer, account, ["uint8", "int256", "uint256"], [token, amount, to]);
}

/**
 * @param scope bits of the scopes, 0 revokes
 * @param expiry unix seconds
 * @example
 * const TRADE = 1;
 * operatorAction(accountIdOf(wallet.address), record.contracts.orders, TRADE, 1_800_000_000n).kind // 4
 */
export function operatorAction(account: AccountId, operator: Address, scope: number, expiry: bigint): EncodedAction {
  return encoded(KIND.setOperator, account, ["address", "uint8", "uint40"], [operator, scope, expiry]);
}

/**
 * Voids every order that the account has signed.
 * @example
 * cancelOrdersAction(accountIdOf(wallet.address)).data // "0x"
 */
export function cancelOrdersAction(account: AccountId): EncodedAction {
  return encoded(KIND.cancelOrders, account, [], []);
}

/**
 * @param data in the encoding of the module
 * @param minimumLots reverts when fewer are filled
 * @example
 * const cancel = encodeCancel([7n]);
 * tradeAction(accountIdOf(wallet.address), record.modules.orders, cancel, 0n).kind // 7
 */
export function tradeAction(account: AccountId, module: number, data: string, minimumLots: bigint): EncodedAction {
  return encoded(KIND.trade, account, ["uint8", "bytes", "uint256"], [module, data, minimumLots]);
}
