import { useEffect, useState } from "react";
import {
  type AccountId,
  type BlockHead,
  connect,
  type DeploymentRecord,
  errorInWords,
  httpRpc,
  type LinkState,
  type NodeLink,
  type OrderFees,
  orderFeesOf,
  pollingLink,
  type Rpc,
  readVault,
  retryingRpc,
  socketLink,
  toDeploymentRecord,
  type VaultEvent,
  type VaultView,
  vaultEvent,
} from "../../src/package/browser.ts";
import { store, useStore } from "./store.ts";

// What the page knows of the vault, kept as of the newest block over one connection.

/** What `plimsoll.json` beside the page says. */
type Settings = {
  readonly record: DeploymentRecord;
  /** Where the node is: ws(s) or http(s), or a path beside the page; undefined: through the wallet. */
  readonly rpc: string | undefined;
};

export type Live = {
  readonly phase: "loading" | "ready" | "failed";
  /** Why nothing can be shown. */
  readonly error: string | undefined;
  readonly link: LinkState;
  readonly head: BlockHead | undefined;
  /** Milliseconds by which the chain's clock is ahead of ours. */
  readonly ahead: number;
  readonly view: VaultView | undefined;
  readonly fees: OrderFees | undefined;
  /** Counts what was heard of the contracts, so that pages know when to look again. */
  readonly changes: number;
};

export const live = store<Live>({
  phase: "loading",
  error: undefined,
  link: "connecting",
  head: undefined,
  ahead: 0,
  view: undefined,
  fees: undefined,
  changes: 0,
});

/** Where the page reads: there once `phase` is not loading any more. */
export const node: { record: DeploymentRecord; rpc: Rpc; link: NodeLink; address: string | undefined } = {} as never;

const watched = new Map<AccountId, number>();
const hearers = new Set<(events: readonly VaultEvent[]) => void>();
/** Milliseconds between two looks at what happened: blocks may come faster. */
const LEAST_PAUSE = 1_000;

async function settingsOf(): Promise<Settings> {
  const answer = await fetch("plimsoll.json", { cache: "no-store" });
  if (!answer.ok) throw new Error("there is no plimsoll.json beside the page: it says which deployment this is");
  const { record, rpc } = (await answer.json()) as { record?: unknown; rpc?: unknown };
  return { record: toDeploymentRecord(record, "plimsoll.json"), rpc: typeof rpc === "string" ? rpc : undefined };
}

function linkTo(address: string): NodeLink {
  const url = new URL(address, document.baseURI);
  const beside = !/^[a-z]+:/i.test(address);
  if (beside) url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  if (url.protocol.startsWith("ws")) return socketLink(() => new WebSocket(url));
  return pollingLink(retryingRpc(httpRpc(url.href)));
}

/** The address of the node that a wallet may be told; undefined where the page has none. */
function addressFor(rpc: string | undefined): string | undefined {
  if (rpc === undefined) return undefined;
  const url = new URL(rpc, document.baseURI);
  return url.href.replace(/^ws/, "http");
}

/** @param wallet reads through a wallet where the page has no node of its own */
export async function start(wallet: () => Promise<Rpc>): Promise<void> {
  try {
    const { record, rpc } = await settingsOf();
    node.record = record;
    node.address = addressFor(rpc);
    node.link = rpc === undefined ? pollingLink(await wallet()) : linkTo(rpc);
    node.rpc = node.link.rpc;
    node.link.onState((link) => {
      live.set({ link });
      if (link === "open") void begin();
    });
    node.link.onHead(onHead);
  } catch (error) {
    live.set({ phase: "failed", error: error instanceof Error ? error.message : String(error) });
  }
}

let begun = false;
/** After each connection: what was missed meanwhile is read with the rest. */
async function begin(): Promise<void> {
  try {
    if (!begun) {
      const [, fees] = await Promise.all([connect(node.rpc, node.record), orderFeesOf(node.rpc, node.record)]);
      live.set({ fees });
      begun = true;
    }
    const block = (await node.rpc("eth_getBlockByNumber", ["latest", false])) as { number: string; timestamp: string; hash: string };
    setHead({ number: Number(block.number), time: Number(block.timestamp), hash: block.hash });
    seen = Math.max(seen, 0) === 0 ? Number(block.number) : seen;
    await refresh();
    live.set({ phase: "ready", error: undefined });
    void look();
  } catch (error) {
    if (live.get().link !== "open") return;
    live.set(({ phase }) => (phase === "ready" ? {} : { phase: "failed", error: errorInWords(error, node.record) }));
  }
}

function setHead(head: BlockHead): void {
  live.set({ head, ahead: head.time * 1_000 - Date.now() });
}

let seen = 0;
let looking = false;
let lastLook = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

function onHead(head: BlockHead): void {
  setHead(head);
  live.set(({ view }) => (view === undefined ? {} : { view: { ...view, state: { ...view.state, now: BigInt(head.time) } } }));
  if (live.get().phase !== "ready" || timer !== undefined) return;
  timer = setTimeout(
    () => {
      timer = undefined;
      void look();
    },
    Math.max(0, lastLook + LEAST_PAUSE - Date.now()),
  );
}

/** Asks once what the contracts said since, and reads the books where they said something. */
async function look(): Promise<void> {
  const head = live.get().head;
  if (looking || head === undefined || head.number <= seen) return;
  looking = true;
  lastLook = Date.now();
  try {
    const { vault, insuranceFund } = node.record.contracts;
    const range = { fromBlock: `0x${(seen + 1).toString(16)}`, toBlock: `0x${head.number.toString(16)}` };
    const logs = (await node.rpc("eth_getLogs", [{ address: [vault, insuranceFund], ...range }])) as (Parameters<typeof vaultEvent>[0] & {
      readonly address: string;
    })[];
    seen = head.number;
    if (logs.length > 0) {
      const events = logs.flatMap((log) => (log.address.toLowerCase() === vault.toLowerCase() ? (vaultEvent(log) ?? []) : []));
      await refresh();
      live.set(({ changes }) => ({ changes: changes + 1 }));
      for (const hear of hearers) hear(events);
    }
  } catch {
    // the connection says so itself, and the next block is looked at again
  } finally {
    looking = false;
  }
  if ((live.get().head?.number ?? 0) > seen && timer === undefined) onHead(live.get().head as BlockHead);
}

/** Milliseconds until the books are read again where that failed. */
const RETRY = 1_000;

let reading: Promise<void> | undefined;
let again = false;

/** Reads the books with every account that is looked at; one reading at a time. */
export function refresh(): Promise<void> {
  if (reading !== undefined) {
    again = true;
    return reading;
  }
  reading = (async () => {
    do {
      again = false;
      const view = await readVault({ rpc: node.rpc, record: node.record }, [...watched.keys()]);
      live.set({ view });
    } while (again);
  })().finally(() => {
    reading = undefined;
    const held = live.get().view?.state.accounts;
    const isBehind = again || [...watched.keys()].some((account) => held?.has(account) !== true);
    // a node that did not answer is asked again; one that is lost, when it is back
    if (isBehind && live.get().link === "open") setTimeout(() => void refresh().catch(() => {}), RETRY);
  });
  return reading;
}

/** Keeps an account in the view as long as somebody looks at it. */
export function watch(account: AccountId): () => void {
  const count = watched.get(account) ?? 0;
  watched.set(account, count + 1);
  if (count === 0 && live.get().phase === "ready") void refresh().catch(() => {});
  return () => {
    const left = (watched.get(account) ?? 1) - 1;
    if (left === 0) watched.delete(account);
    else watched.set(account, left);
  };
}

/** Hears events of the vault as they come. */
export function hear(hearer: (events: readonly VaultEvent[]) => void): () => void {
  hearers.add(hearer);
  return () => void hearers.delete(hearer);
}

export function useLive(): Live {
  return useStore(live);
}

/** The view, once it has an account. */
export function useView(account: AccountId | undefined): VaultView | undefined {
  const { view } = useLive();
  useEffect(() => (account === undefined ? undefined : watch(account)), [account]);
  return account === undefined || view?.state.accounts.has(account) ? view : undefined;
}

/** Seconds of the chain's clock, a new value each `pause`. */
export function useNow(pause = 1_000): number {
  const { ahead } = useLive();
  const [now, set] = useState(() => Math.floor((Date.now() + ahead) / 1_000));
  useEffect(() => {
    const tick = (): void => set(Math.floor((Date.now() + ahead) / 1_000));
    tick();
    const timer = setInterval(tick, pause);
    return () => clearInterval(timer);
  }, [ahead, pause]);
  return now;
}

/** Waits for the next block, at most a second. */
export function nextBlock(): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      end();
      resolve();
    };
    const end = node.link.onHead(done);
    const _timer = setTimeout(done, 1_000);
  });
}

/** What is asked again when the contracts said something, or when `keys` change. */
export function useAsked<T>(
  ask: () => Promise<T>,
  keys: readonly unknown[],
): { value: T | undefined; error: string | undefined; again: () => void } {
  const { changes, phase, link } = useLive();
  const [told, tell] = useState<{ value: T | undefined; error: string | undefined }>({ value: undefined, error: undefined });
  const [round, next] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what `ask` depends on is said by `keys`
  useEffect(() => {
    if (phase !== "ready" || link !== "open") return;
    let over = false;
    ask().then(
      (value) => over || tell({ value, error: undefined }),
      (error: unknown) => over || tell((before) => ({ value: before.value, error: errorInWords(error, node.record) })),
    );
    return () => {
      over = true;
    };
  }, [changes, phase, link, round, ...keys]);
  return { ...told, again: () => next((count) => count + 1) };
}
