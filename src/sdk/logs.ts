import { toQuantity } from "ethers";
import { type Rpc, RpcFailure } from "./rpc.ts";

/** A log as a node tells it. */
export type Log = {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
  readonly logIndex?: string;
};

/** Logs of all blocks up to `to` that were not told before. */
export type Stretch = { readonly logs: readonly Log[]; readonly to: number };

/** What a log must have at each place; null: anything. */
export type Topics = readonly (string | readonly string[] | null)[];

/** Reads logs in stretches that the node allows, whatever it is that it allows. */
export type LogReader = {
  /** From block `from` to block `latest`, one stretch after the other. */
  readonly stretches: (address: string, from: number, latest: number, topics?: Topics) => AsyncGenerator<Stretch, void>;
  /** All of them. */
  readonly all: (address: string, from: number, latest: number, topics?: Topics) => Promise<readonly Log[]>;
};

const LONGEST = 5_000;
/** So many stretches in a row succeed before a longer one is tried again. */
const GROWS_AFTER = 8;

/**
 * A stretch that is refused for its size is halved, which is remembered, and grows again: who refused may be one of many behind an address. What fails
 * otherwise is thrown, and the next call asks for less.
 */
export function logReader(rpc: Rpc): LogReader {
  let length = LONGEST;
  let succeeded = 0;

  async function* stretches(address: string, from: number, latest: number, topics?: Topics): AsyncGenerator<Stretch, void> {
    for (let next = from; next <= latest; ) {
      const to = Math.min(next + length - 1, latest);
      let logs: Log[];
      try {
        logs = (await rpc("eth_getLogs", [
          { address, ...(topics && { topics }), fromBlock: toQuantity(next), toBlock: toQuantity(to) },
        ])) as Log[];
      } catch (error) {
        const fault = error instanceof RpcFailure ? error.fault : undefined;
        if (to === next || fault === undefined) throw error;
        if (fault !== "notYet" && fault !== "rateLimited") [length, succeeded] = [Math.ceil((to - next + 1) / 2), 0];
        if (fault === "tooLarge" || fault === "refused") continue;
        throw error;
      }
      if (++succeeded >= GROWS_AFTER) [length, succeeded] = [Math.min(2 * length, LONGEST), 0];
      yield { logs, to };
      next = to + 1;
    }
  }

  return {
    stretches,
    all: async (address, from, latest, topics) => {
      const logs: Log[] = [];
      for await (const stretch of stretches(address, from, latest, topics)) logs.push(...stretch.logs);
      return logs;
    },
  };
}
