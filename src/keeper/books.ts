import type { Account, AccountId, State } from "../engine/types.ts";
import { interfaceOf } from "../sdk/artifacts.ts";
import { vaultReader } from "../sdk/readState.ts";
import type { Rpc } from "../sdk/rpc.ts";

/** One event of the vault. */
export type VaultEvent = { readonly name: string; readonly block: number; readonly args: Readonly<Record<string, unknown>> };

/** The vault's books as a keeper follows them: accounts are discovered by events and read again only when an event names them. */
export type Books = {
  /** Reads what changed since the last call and says what happened. Where a request fails nothing counts as read: the next call reads it again. */
  readonly sync: () => Promise<readonly VaultEvent[]>;
  /** The books valued as of `now`, unix seconds. */
  readonly state: (now: number) => State;
};

// a node may refuse a longer stretch at once
const BLOCKS_AT_ONCE = 5_000;

/** @param fromBlock the block of the deployment */
export function followBooks(rpc: Rpc, vault: string, fromBlock: number): Books {
  const abi = interfaceOf("IMarginVault");
  const reader = vaultReader(rpc, vault);
  const accounts = new Map<AccountId, Account>();
  let shared: Omit<State, "accounts" | "now"> | undefined;
  let next = fromBlock;

  return {
    sync: async () => {
      const latest = Number(await rpc("eth_blockNumber", []));
      const events: VaultEvent[] = [];
      const touched = new Set<AccountId>();
      for (let from = next; from <= latest; from += BLOCKS_AT_ONCE) {
        const toBlock = Math.min(from + BLOCKS_AT_ONCE - 1, latest);
        const filter = { address: vault, fromBlock: hex(from), toBlock: hex(toBlock) };
        for (const log of (await rpc("eth_getLogs", [filter])) as { topics: string[]; data: string; blockNumber: string }[]) {
          const parsed = abi.parseLog(log);
          if (parsed === null) continue;
          const args: Record<string, unknown> = {};
          parsed.fragment.inputs.forEach((input, i) => {
            args[input.name] = parsed.args[i];
          });
          events.push({ name: parsed.name, block: Number(log.blockNumber), args });
          for (const id of accountsIn(parsed.name, args, shared?.fund)) touched.add(id);
        }
      }
      const read = await reader.shared();
      // the fund's own accounts change with events that do not name them
      const fund = BigInt(read.fund) << 96n;
      for (let i = 0n; i <= BigInt(read.underlyings.length); i++) if (events.length > 0) touched.add(fund + i);
      const changed = await Promise.all([...touched].map(reader.account));
      for (const account of changed) accounts.set(account.id, account);
      shared = read;
      next = Math.max(next, latest + 1);
      return events;
    },
    state: (now) => {
      if (shared === undefined) throw new Error("sync before state");
      return { ...shared, accounts, now: BigInt(now) };
    },
  };
}

const NAMES = ["account", "taker", "maker", "from", "to", "keeper", "payer", "buyer"];

function accountsIn(event: string, args: Readonly<Record<string, unknown>>, fund: string | undefined): AccountId[] {
  // `to` of a withdrawal is an address
  const names = event === "Withdrawn" ? ["account"] : NAMES;
  return names.flatMap((name) => {
    const value = args[name];
    return typeof value === "bigint" && (fund === undefined || value >> 96n !== BigInt(fund)) ? [value] : [];
  });
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
