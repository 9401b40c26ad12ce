import type { AccountId } from "./types.ts";

const INDEX_BITS = 96n;

/**
 * A map by account that stays fast. V8 hashes a bigint by its lowest 64 bits alone, and those of a main account's identifier are all zero: in a plain `Map` ten
 * thousand of them are one list, and each look-up walks through half of it. Here the owner's bits are mixed into the low ones, which can be undone.
 * @example
 * const accounts = new AccountMap([[accountIdOf(wallet.address), 1]]);
 * accounts.get(accountIdOf(wallet.address)) // 1
 */
export class AccountMap<V> extends Map<AccountId, V> {
  constructor(entries?: Iterable<readonly [AccountId, V]>) {
    super();
    for (const [id, value] of entries ?? []) this.set(id, value);
  }

  override get(id: AccountId): V | undefined {
    return super.get(mixed(id));
  }

  override has(id: AccountId): boolean {
    return super.has(mixed(id));
  }

  override set(id: AccountId, value: V): this {
    return super.set(mixed(id), value);
  }

  override delete(id: AccountId): boolean {
    return super.delete(mixed(id));
  }

  override *entries(): MapIterator<[AccountId, V]> {
    for (const [key, value] of super.entries()) yield [unmixed(key), value];
  }

  override *keys(): MapIterator<AccountId> {
    for (const key of super.keys()) yield unmixed(key);
  }

  override [Symbol.iterator](): MapIterator<[AccountId, V]> {
    return this.entries();
  }

  override forEach(visit: (value: V, id: AccountId, map: Map<AccountId, V>) => void): void {
    for (const [id, value] of this) visit(value, id, this);
  }
}

function mixed(id: AccountId): bigint {
  return id ^ (id >> INDEX_BITS);
}

function unmixed(key: bigint): AccountId {
  return key ^ (key >> INDEX_BITS) ^ (key >> (2n * INDEX_BITS));
}
