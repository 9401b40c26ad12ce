import { asFailure, pauseFor, type Rpc, RpcFailure } from "./rpc.ts";

/** Whether the node is there. */
export type LinkState = "connecting" | "open" | "lost";

/** The newest block, as subscriptions tell it. */
export type BlockHead = { readonly number: number; readonly time: number; readonly hash: string };

/** One connection to a node: requests, and what it tells without being asked. */
export type NodeLink = {
  readonly rpc: Rpc;
  readonly state: () => LinkState;
  /** Hears of every state; what is returned ends it. */
  readonly onState: (hear: (state: LinkState) => void) => () => void;
  /** Hears of every new block; what is returned ends it. */
  readonly onHead: (hear: (head: BlockHead) => void) => () => void;
  /** Tries again at once where the node is lost. */
  readonly retry: () => void;
  readonly close: () => void;
};

const [FIRST_PAUSE, LONGEST_PAUSE] = [500, 8_000];
const PATIENCE = 30_000;
/** Of one message; nodes allow a hundred and more. */
const MOST_IN_A_BATCH = 100;

/** The part of a WebSocket that is used. */
export type Socket = {
  readonly send: (text: string) => void;
  readonly close: () => void;
  onopen: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
};

type Waiting = {
  readonly method: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  timer: unknown;
};
type Message = {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown };
  readonly method?: string;
  readonly params?: { readonly result?: { readonly number: string; readonly timestamp: string; readonly hash: string } };
};

/**
 * A node over a WebSocket. What is asked in one turn of the event loop goes in one message; new blocks come by subscription, so that nothing is asked while
 * nothing happens. Where the connection ends it is opened again, after pauses that grow.
 * @param open a new socket
 * @example
 * const link = socketLink(() => new WebSocket("ws://127.0.0.1:8545"));
 * const chain = await link.rpc("eth_chainId");
 * link.close();
 * Number(chain) // record.chainId
 */
export function socketLink(open: () => Socket): NodeLink {
  let state: LinkState = "connecting";
  let socket: Socket | undefined;
  let isClosed = false;
  let last = 0;
  let pause = FIRST_PAUSE;
  let again: ReturnType<typeof setTimeout> | undefined;
  const waiting = new Map<number, Waiting>();
  let batch: { id: number; method: string; params: readonly unknown[] }[] = [];
  const states = new Set<(state: LinkState) => void>();
  const heads = new Set<(head: BlockHead) => void>();

  const become = (next: LinkState): void => {
    if (next === state) return;
    state = next;
    for (const hear of states) hear(next);
  };
  const flush = (): void => {
    if (state !== "open" || batch.length === 0) return;
    const asked = batch;
    batch = [];
    for (let i = 0; i < asked.length; i += MOST_IN_A_BATCH) {
      const part = asked.slice(i, i + MOST_IN_A_BATCH).map((each) => ({ jsonrpc: "2.0", ...each }));
      socket?.send(
        JSON.stringify(part.length === 1 ? part[0] : part, (_, value) => (typeof value === "bigint" ? `0x${value.toString(16)}` : value)),
      );
    }
  };
  const answer = (message: Message): void => {
    if (message.method === "eth_subscription") {
      const head = message.params?.result;
      if (head?.number !== undefined)
        for (const hear of heads) hear({ number: Number(head.number), time: Number(head.timestamp), hash: head.hash });
      return;
    }
    const asked = message.id === undefined ? undefined : waiting.get(message.id);
    if (asked === undefined) return;
    waiting.delete(message.id as number);
    clearTimeout(asked.timer as never);
    const { error } = message;
    if (error === undefined) asked.resolve(message.result);
    else asked.reject(new RpcFailure({ method: asked.method, code: error.code, message: String(error.message ?? ""), data: error.data }));
  };
  const connect = (): void => {
    clearTimeout(again);
    const own = open();
    socket = own;
    own.onopen = () => {
      pause = FIRST_PAUSE;
      become("open");
      void ask("eth_subscribe", ["newHeads"]).catch(() => {});
      flush();
    };
    own.onmessage = ({ data }: { readonly data: unknown }) => {
      const told = JSON.parse(String(data)) as Message | Message[];
      for (const message of Array.isArray(told) ? told : [told]) answer(message);
    };
    own.onclose = () => {
      if (socket !== own) return;
      socket = undefined;
      const lost = [...waiting.values()];
      waiting.clear();
      batch = [];
      for (const { reject, method, timer } of lost) {
        clearTimeout(timer as never);
        reject(new RpcFailure({ method, message: "the connection to the node was lost" }));
      }
      if (isClosed) return;
      become("lost");
      again = setTimeout(connect, pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE);
    };
  };
  const ask: Rpc = (method, params = []) =>
    new Promise((resolve, reject) => {
      if (isClosed || state === "lost") {
        reject(new RpcFailure({ method, message: "the node cannot be reached" }));
        return;
      }
      const id = ++last;
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new RpcFailure({ method, message: `the node has not answered within ${PATIENCE / 1_000} s` }));
      }, PATIENCE);
      waiting.set(id, { method, resolve, reject, timer });
      batch.push({ id, method, params });
      if (batch.length === 1) setTimeout(flush, 0);
    });
  connect();
  return {
    rpc: ask,
    ...listeners(() => state, states, heads),
    retry: () => {
      if (state === "lost") connect();
    },
    close: () => {
      isClosed = true;
      clearTimeout(again);
      socket?.close();
    },
  };
}

function listeners(
  state: () => LinkState,
  states: Set<(state: LinkState) => void>,
  heads: Set<(head: BlockHead) => void>,
): Pick<NodeLink, "state" | "onState" | "onHead"> {
  const hearing =
    <T>(all: Set<T>) =>
    (hear: T) => {
      all.add(hear);
      return () => void all.delete(hear);
    };
  return { state, onState: hearing(states), onHead: hearing(heads) };
}

/**
 * A node that is asked for its newest block again and again: over HTTP, or through a wallet. One request each `pause`.
 * @param pause milliseconds
 * @example
 * const link = pollingLink(rpc, 1_000);
 * const number = await new Promise<number>((resolve) => link.onHead(({ number }) => resolve(number)));
 * link.close();
 * number > 0 // true
 */
export function pollingLink(rpc: Rpc, pause = 2_000): NodeLink {
  let state: LinkState = "connecting";
  const states = new Set<(state: LinkState) => void>();
  const heads = new Set<(head: BlockHead) => void>();
  const end = new AbortController();
  let wake = new AbortController();
  void (async () => {
    let hash = "";
    while (!end.signal.aborted) {
      let next: LinkState;
      try {
        const block = (await rpc("eth_getBlockByNumber", ["latest", false])) as { number: string; timestamp: string; hash: string };
        next = "open";
        if (block.hash !== hash)
          for (const hear of heads) hear({ number: Number(block.number), time: Number(block.timestamp), hash: block.hash });
        hash = block.hash;
      } catch (error) {
        // a wallet that says no is there
        next = asFailure(error) === undefined ? state : "lost";
      }
      if (next !== state) {
        state = next;
        for (const hear of states) hear(next);
      }
      wake = new AbortController();
      await pauseFor(pause, AbortSignal.any([end.signal, wake.signal]));
    }
  })();
  return { rpc, ...listeners(() => state, states, heads), retry: () => wake.abort(), close: () => end.abort() };
}
