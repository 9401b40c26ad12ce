import { ownerOf } from "../types/accountId.ts";
import { revert } from "../types/errors.ts";
import type { AccountId, Address } from "../types/types.ts";
import type { Draft } from "./draft.ts";
/** Scopes of an operator, one bit each. */
export const SCOPE_TRADE = 1n;

export const SCOPE_DEPOSIT = 2n;

export const SCOPE_WITHDRAW = 4n;

export const SCOPE_TRANSFER = 8n;

export const SCOPE_CANCEL = 16n;

/**
 * Whether a signer may act on an account: as its owner or as an unexpired operator with the scope; scope 0 is the owner's.
 */
export function mayAct(draft: Draft, account: AccountId, signer: Address, scope: bigint): boolean {
  if (signer === ownerOf(account)) return true;
  const operator = draft.account(account).operators.get(signer);
  return operator !== undefined && (operator.scope & scope) !== 0n && draft.now < operator.expiry;
}

/** @throws Reverted `NotAuthorised` */
export function authorise(draft: Draft, account: AccountId, caller: Address, scope: bigint): void {
  if (!mayAct(draft, account, caller, scope)) revert("NotAuthorised", account, caller, scope);
}
