import type { AccountId, Address } from "./types.ts";

/**
 * The account of an owner.
 * @param owner hex address
 * @param index of the sub-account, 0 is the main one
 * @example
 * accountIdOf("0x00000000000000000000000000000000000000a1", 2n) // (0xa1n << 96n) | 2n
 */
export function accountIdOf(owner: Address, index = 0n): AccountId {
  return (BigInt(owner) << 96n) | index;
}

/**
 * The owner of an account, a lower-case hex address.
 * @example
 * ownerOf(accountIdOf("0x00000000000000000000000000000000000000A1")) // "0x00000000000000000000000000000000000000a1"
 */
export function ownerOf(account: AccountId): Address {
  return `0x${(account >> 96n).toString(16).padStart(40, "0")}`;
}

/**
 * The index of a sub-account.
 * @example
 * subAccountOf(accountIdOf(wallet.address, 3n)) // 3n
 */
export function subAccountOf(account: AccountId): bigint {
  return account & ((1n << 96n) - 1n);
}
