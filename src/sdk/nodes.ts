import { toQuantity } from "ethers";
import { BadInput } from "./failure.ts";
import { asFailure, type Rpc, RpcFailure } from "./rpc.ts";

/** A node by its host, for messages, and how it is asked. */
export type ChainNode = { readonly host: string; readonly rpc: Rpc };

/** What happens to nodes that are asked in turn. */
export type NodeEvent = {
  readonly host: string;
  /** left: it is not asked for a while; back: it is again. */
  readonly kind: "left" | "back";
  readonly reason: string;
};

export type NodesOptions = {
  /** Takes signed transactions in place of the nodes, so that nobody sees them before they are in a block. */
  readonly privately?: ChainNode;
  /** Milliseconds between two looks at the heads of all nodes. */
  readonly lookEvery?: number;
  readonly now?: () => number;
  readonly onEvent?: (event: NodeEvent) => void;
};

const LOOK_EVERY = 12_000;
/** Blocks by which a node may be behind the others. */
const MOST_BEHIND = 3;
/** Milliseconds for which a node rests that has failed; twice as long after each failure that follows. */
const REST = 2_000;
const LONGEST_REST = 120_000;

type Head = { readonly number: number; readonly hash: string };
type Place = ChainNode & { restsUntil: number; failures: number; reason: string };

/**
 * Several nodes of one chain as one. The first that is well is asked; where it does not answer, is busy, or limits its rate, the next is, at once. One whose
 * head is behind, or whose blocks are not those of most, is left out until it is not any more. What a contract or a node refuses is thrown as it is.
 * @example
 * const both = severalNodes([{ host: "first", rpc }, { host: "second", rpc }]);
 * Number(await both("eth_chainId")) // record.chainId
 */
export function severalNodes(nodes: readonly ChainNode[], options: NodesOptions = {}): Rpc {
  const { privately, lookEvery = LOOK_EVERY, now = Date.now, onEvent = () => {} } = options;
  const places = nodes.map((node): Place => ({ ...node, restsUntil: 0, failures: 0, reason: "" }));
  let lookedAt = Number.NEGATIVE_INFINITY;

  const leave = (place: Place, reason: string, until: number): void => {
    if (place.reason === "") onEvent({ host: place.host, kind: "left", reason });
    Object.assign(place, { reason, restsUntil: until });
  };
  const isBack = (place: Place): void => {
    if (place.reason !== "") onEvent({ host: place.host, kind: "back", reason: place.reason });
    Object.assign(place, { reason: "", restsUntil: 0, failures: 0 });
  };
  const failed = (place: Place, error: unknown): void => {
    const asked = error instanceof RpcFailure ? (error.retryAfter ?? 0) : 0;
    const rest = Math.max(asked, Math.min(REST * 2 ** place.failures++, LONGEST_REST));
    leave(place, error instanceof Error ? error.message : String(error), now() + rest);
  };

  /** Looks at every head: who is behind, or on another fork than most, rests until the next look. */
  const look = async (): Promise<void> => {
    lookedAt = now();
    const heads = await Promise.all(
      places.map(async (place): Promise<Head | undefined> => {
        if (place.failures > 0 && place.restsUntil > now()) return undefined;
        return blockOf(place, "latest").catch((error: unknown) => {
          failed(place, error);
          return undefined;
        });
      }),
    );
    const told = heads.flatMap((head, i) => (head === undefined ? [] : [{ head, place: places[i]! }]));
    const highest = Math.max(...told.map(({ head }) => head.number));
    const able = told.filter(({ head }) => highest - head.number <= MOST_BEHIND);
    for (const { head, place } of told) {
      if (highest - head.number > MOST_BEHIND) leave(place, `its head is ${highest - head.number} blocks behind`, now() + lookEvery);
    }
    const common = Math.min(...able.map(({ head }) => head.number));
    const hashes = await Promise.all(
      able.map(({ head, place }) =>
        head.number === common
          ? head.hash
          : blockOf(place, toQuantity(common)).then(
              ({ hash }) => hash,
              () => undefined,
            ),
      ),
    );
    const most = mostOf(hashes.filter((hash) => hash !== undefined));
    for (const [i, { place }] of able.entries()) {
      // who has not said it may be right
      if (hashes[i] === undefined || hashes[i] === most) isBack(place);
      else leave(place, `its block ${common} is not that of the others`, now() + lookEvery);
    }
  };

  const askWell: Rpc = async (method, params) => {
    if (now() - lookedAt >= lookEvery) await look();
    const well = places.filter(({ restsUntil }) => restsUntil <= now());
    const resting = places.filter((place) => !well.includes(place)).sort((a, b) => a.restsUntil - b.restsUntil);
    // those that rest are asked last, for who else is left
    let last: unknown;
    for (const place of [...well, ...resting]) {
      try {
        const result = await place.rpc(method, params);
        if (place.failures > 0) isBack(place);
        return result;
      } catch (error) {
        const failure = asFailure(error, method);
        if (!(failure instanceof RpcFailure && isOfNode(failure))) throw error;
        failed(place, failure);
        last = error;
      }
    }
    throw last;
  };

  // one alone is neither behind nor left
  const [only] = nodes;
  const ask = nodes.length === 1 && only !== undefined ? only.rpc : askWell;
  if (privately === undefined) return ask;
  return async (method, params) => {
    if (method === "eth_sendRawTransaction") return privately.rpc(method, params);
    const result = await ask(method, params);
    // what waits there is known there only
    return result === null && method === "eth_getTransactionByHash" ? privately.rpc(method, params).catch(() => null) : result;
  };
}

const NO_ENTRY: readonly unknown[] = [401, 403, 404, 410];

/** Whether another node may well answer: this one is busy or broken, or lets nobody in. */
function isOfNode({ fault, status, code }: RpcFailure): boolean {
  return fault === "unavailable" || fault === "rateLimited" || (code === undefined && NO_ENTRY.includes(status));
}

async function blockOf({ rpc, host }: ChainNode, tag: string): Promise<Head> {
  const block = (await rpc("eth_getBlockByNumber", [tag, false])) as { number: string; hash: string } | null;
  if (block === null) throw new RpcFailure({ message: `${host} has no block ${tag}` });
  return { number: Number(block.number), hash: block.hash };
}

/** What is there most often, the first of them. */
function mostOf(values: readonly string[]): string | undefined {
  const count = (value: string): number => values.filter((each) => each === value).length;
  return [...values].sort((a, b) => count(b) - count(a))[0];
}

/**
 * Refuses nodes of another chain. One that does not answer is passed over; where none does, what the last said is thrown.
 * @throws BadInput where a node is on another chain
 */
export async function requireChain(nodes: readonly ChainNode[], chainId: number, network: string): Promise<void> {
  let [answers, last]: [number, unknown] = [0, undefined];
  for (const { host, rpc } of nodes) {
    const told = await rpc("eth_chainId").then(Number, (error: unknown) => {
      last = error;
      return undefined;
    });
    if (told === undefined) continue;
    answers++;
    const which = nodes.length === 1 ? "the node" : `the node at ${host}`;
    if (told !== chainId) throw new BadInput(`${which} is on chain ${told}, but ${network} is deployed on chain ${chainId}`);
  }
  if (answers === 0) throw last;
}
