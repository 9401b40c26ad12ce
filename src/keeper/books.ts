import { toQuantity } from "ethers";
import { AccountMap } from "../engine/types/accountMap.ts";
import type { Account, AccountId, State, Underlying } from "../engine/types/types.ts";
import { PassingFailure } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { logReader, type Stretch } from "../sdk/logs.ts";
import { vaultReader } from "../sdk/readState.ts";
import type { Rpc } from "../sdk/rpc.ts";
import type { SeriesPlace } from "../sdk/series.ts";
import { type KnownBooks, memoryBooks } from "./memoryBooks.ts";
import { inBatches } from "./plan.ts";

/** One event of the vault. */
export type VaultEvent = {
  readonly name: string;
  readonly block: number;
  readonly transaction?: string;
  readonly args: Readonly<Record<string, unknown>>;
};

/** The block as of which the books are. */
export type Head = { readonly number: number; readonly hash: string; readonly time: number };

/** The vault's books as a keeper follows them: accounts are discovered by events and read again only when an event names them. */
export type Books = {
  /** Reads what changed since the last call and says what happened. Where a request fails no event is lost: the next call says it. */
  readonly sync: () => Promise<readonly VaultEvent[]>;
  /** The books valued as of `now`, unix seconds. */
  readonly state: (now: number) => State;
  readonly head: () => Head;
};

export type BooksOptions = {
  /** Where the books are kept; nothing is kept by default. */
  readonly store?: KnownBooks;
  /** Names of the events that `sync` is to say; all by default. */
  readonly events?: ReadonlySet<string>;
  /** Hears of blocks read, while there is more to read. */
  readonly onProgress?: (block: number, head: number) => void;
  /** Hears why the books were begun anew. */
  readonly onAnew?: (reason: string) => void;
};

const ACCOUNTS_AT_ONCE = 50;
const UNSETTLED = 32; // blocks that a chain may take back
const MUCH = 1_000; // blocks

/**
 * Follows the books of a vault. They are begun anew when they were kept for another chain or vault. Where another block is at the height of the last
 * one that they know, they go back to the newest of the last 128 that is still there. A node that is behind proves nothing.
 * @param fromBlock the block of the deployment
 * @example
 * const books = followBooks(rpc, record.contracts.vault, record.block);
 * await books.sync();
 * books.state(books.head().time).accounts.has(accountIdOf(wallet.address)) // true
 */
export function followBooks(rpc: Rpc, vault: string, fromBlock: number, options: BooksOptions = {}): Books {
  const { store = memoryBooks(), events: wanted, onProgress = () => {}, onAnew = () => {} } = options;
  const abi = interfaceOf("IMarginVault");
  const accounts = new AccountMap<Account>();
  let shared: Omit<State, "accounts" | "now"> | undefined;
  let head: Head | undefined;
  let opened = false;
  const logs = logReader(rpc);
  /** Read and not yet said. */
  let unsaid: VaultEvent[] = [];
  // everything of a turn is read as of one block, so that a block that goes leaves nothing behind
  const reader = vaultReader(rpc, vault, () => toQuantity(head?.number ?? 0));

  const anew = (reason: string): void => {
    store.empty();
    accounts.clear();
    unsaid = [];
    onAnew(reason);
  };

  const said = (): VaultEvent[] => {
    const events = unsaid;
    unsaid = [];
    return events;
  };

  const openOnce = async (): Promise<void> => {
    if (opened) return;
    const identity = `${Number(await rpc("eth_chainId", []))} ${await hashAt(rpc, 0)} ${vault.toLowerCase()} ${fromBlock}`;
    if (!store.claim(identity)) onAnew("they were of another chain or vault");
    for (const account of store.accounts()) accounts.set(account.id, account);
    opened = true;
  };

  /** Goes back to the last block of the books that is on the chain. */
  const goBack = async (from: number): Promise<void> => {
    for (const { block, hash } of store.recent()) {
      if (block >= from || (await hashAt(rpc, block)) !== hash) continue;
      store.goBack(block);
      accounts.clear();
      for (const account of store.accounts()) accounts.set(account.id, account);
      unsaid = unsaid.filter((event) => event.block <= block);
      shared = undefined;
      onAnew(`block ${from} is not on the chain any more: back to block ${block}`);
      return;
    }
    anew(`block ${from} is not on the chain any more`);
  };

  /** What the books do not have yet. Where that is much, they remember a block a little before the head as well, to go back to. */
  async function* stretchesTo(last: number): AsyncGenerator<Stretch, void> {
    const from = (store.cursor()?.block ?? fromBlock - 1) + 1;
    const settled = last - UNSETTLED;
    const isMuch = last - from > MUCH;
    if (isMuch) yield* logs.stretches(vault, from, settled);
    yield* logs.stretches(vault, isMuch ? settled + 1 : from, last);
  }

  /** The underlyings with the series that have settled beside those that have not: somebody may hold them still. */
  const withSettled = (underlyings: readonly Underlying[]): Promise<Underlying[]> =>
    Promise.all(
      underlyings.map(async (each, index) => {
        const numbers = store.series().flatMap(({ underlying, series }) => (underlying === index ? [series] : []));
        const series = await Promise.all(
          numbers.map(async (number) => [number, each.series.get(number) ?? (await reader.series(index, number))] as const),
        );
        return { ...each, series: new Map(series) };
      }),
    );

  return {
    sync: async () => {
      await openOnce();
      const latest = await blockAt(rpc, "latest");
      if (latest === null) throw new PassingFailure("the node has no latest block");
      const known = store.cursor();
      if (known !== undefined) {
        const height = Number(latest.number);
        const told = height < known.block ? store.recent().find(({ block }) => block === height)?.hash : undefined;
        if (told !== undefined && told !== latest.hash) await goBack(height);
        // nothing happened since; what was read then still stands
        else if ((height < known.block || known.hash === latest.hash) && shared !== undefined && store.unread().length === 0) return said();
        else if (height < known.block) throw new PassingFailure(`the node is at block ${height}, ${known.block - height} behind the books`);
        else if (height === known.block + 1 ? latest.parentHash !== known.hash : height > known.block || known.hash !== latest.hash) {
          if ((await hashAt(rpc, known.block)) !== known.hash) await goBack(known.block);
        }
      }
      head = { number: Number(latest.number), hash: latest.hash, time: Number(latest.timestamp) };
      const read = await reader.shared();
      const fund = BigInt(read.fund) << 96n;

      for await (const { logs: found, to } of stretchesTo(head.number)) {
        const touched = new Set<AccountId>();
        const listed: SeriesPlace[] = [];
        const heard: VaultEvent[] = [];
        for (const log of found) {
          const parsed = abi.parseLog({ ...log, topics: [...log.topics] });
          if (parsed === null) continue;
          const args: Record<string, unknown> = {};
          parsed.fragment.inputs.forEach((input, i) => {
            args[input.name] = parsed.args[i];
          });
          if (wanted?.has(parsed.name) ?? true)
            heard.push({ name: parsed.name, block: Number(log.blockNumber), transaction: log.transactionHash, args });
          for (const id of accountsIn(parsed.name, args)) touched.add(id);
          if (parsed.name === "SeriesListed") listed.push({ underlying: Number(args.underlying), series: Number(args.series) });
        }
        // the fund's own accounts change with events that do not name them
        for (let i = 0n; i <= BigInt(read.underlyings.length); i++) if (found.length > 0) touched.add(fund + i);
        const hash = to === head.number ? head.hash : await hashAt(rpc, to);
        store.advance({ block: to, hash }, touched, listed);
        unsaid.push(...heard);
        if (to < head.number) onProgress(to, head.number);
      }
      for (const ids of inBatches(store.unread(), ACCOUNTS_AT_ONCE)) {
        const changed = await Promise.all(ids.map(reader.account));
        store.save(changed);
        for (const account of changed) accounts.set(account.id, account);
      }
      shared = { ...read, underlyings: await withSettled(read.underlyings) };
      return said();
    },
    state: (now) => {
      if (shared === undefined) throw new Error("sync before state");
      return { ...shared, accounts, now: BigInt(now) };
    },
    head: () => {
      if (head === undefined) throw new Error("sync before head");
      return head;
    },
  };
}

type Block = { readonly number: string; readonly hash: string; readonly parentHash: string; readonly timestamp: string };

async function blockAt(rpc: Rpc, tag: string): Promise<Block | null> {
  return (await rpc("eth_getBlockByNumber", [tag, false])) as Block | null;
}

/** @throws PassingFailure when the node has no such block: that proves nothing */
async function hashAt(rpc: Rpc, number: number): Promise<string> {
  const block = await blockAt(rpc, toQuantity(number));
  if (block === null) throw new PassingFailure(`the node does not have block ${number}`);
  return block.hash;
}

const NAMES = ["account", "taker", "maker", "from", "to", "keeper", "payer", "buyer"];

function accountsIn(event: string, args: Readonly<Record<string, unknown>>): AccountId[] {
  // `to` of a withdrawal is an address
  const names = event === "Withdrawn" ? ["account"] : NAMES;
  return names.flatMap((name) => {
    const value = args[name];
    return typeof value === "bigint" ? [value] : [];
  });
}
