import { toQuantity } from "ethers";
import { explainError } from "../../src/sdk/errors.ts";
import { Failure } from "../../src/sdk/failure.ts";
import type { Rpc } from "../../src/sdk/rpc.ts";

/** What a transaction takes under some rules; under those that have it, state gas is a part of the whole. */
export type Replayed = { readonly gas: number; readonly state: number };

/** Carries transactions of one chain out on others, on exactly the state that they met. */
export type Replay = {
  /** @param data another call in its place, of the same sender at the same moment */
  readonly run: (hash: string, other?: { readonly to: string; readonly data: string }) => Promise<readonly Replayed[]>;
};

type Transaction = {
  readonly from: string;
  readonly to: string | null;
  readonly input: string;
  readonly value: string;
  readonly blockNumber: string;
};
type Touched = Readonly<Record<string, { readonly storage?: Readonly<Record<string, string>> }>>;
type Override = { balance: string; nonce: string; code?: string; stateDiff: Record<string, string> };

/** More than any transaction takes under any rules: what a fork makes dearer must not fail for want of gas. */
const GAS = "0x3b9aca00";
const RICH = toQuantity(10n ** 24n);
const MOST_ROUNDS = 400;
const LAST_PRECOMPILED = 0xffffn;
/** Of EIP-8037: state gas is a multiple of it. */
const GAS_OF_A_BYTE = 1_530;

/**
 * @param from the chain where the transactions were mined, each alone in its block
 * @param first answers what a transaction touches
 * @param nodes under whose rules each is carried out
 */
export function replayOf(from: Rpc, first: Rpc, nodes: readonly Rpc[]): Replay {
  const run: Replay["run"] = async (hash, other) => {
    const { from: sender, to, input, value, blockNumber } = (await from("eth_getTransactionByHash", [hash])) as Transaction;
    const before = toQuantity(BigInt(blockNumber) - 1n);
    const { timestamp } = (await from("eth_getBlockByNumber", [blockNumber, false])) as { timestamp: string };
    const call = {
      from: sender,
      ...(to === null ? {} : { to }),
      input,
      value,
      ...(other === undefined ? {} : { to: other.to, input: other.data }),
      gas: GAS,
    };
    const state: Record<string, Override> = {};
    const add = async (address: string): Promise<Override> => {
      const known = state[address];
      if (known !== undefined) return known;
      const [code, nonce] = (await Promise.all([
        from("eth_getCode", [address, before]),
        from("eth_getTransactionCount", [address, before]),
      ])) as [string, string];
      const balance = address === sender.toLowerCase() ? RICH : ((await from("eth_getBalance", [address, before])) as string);
      const made = { balance, nonce, ...(code === "0x" ? {} : { code }), stateDiff: {} };
      state[address] = made;
      return made;
    };
    await add(sender.toLowerCase());
    if (call.to !== undefined) await add(call.to.toLowerCase());
    // what is read depends on what was read: again until nothing new is
    for (let round = 0; ; round++) {
      if (round === MOST_ROUNDS) throw new Failure(`${hash} touches something new each time`);
      // an account that is not there yet is one to ask for
      const options = {
        tracer: "prestateTracer",
        tracerConfig: { includeEmpty: true },
        stateOverrides: state,
        blockOverrides: { time: timestamp },
      };
      const touched = (await first("debug_traceCall", [call, "latest", options])) as Touched;
      let isNew = false;
      for (const [address, { storage = {} }] of Object.entries(touched)) {
        const place = address.toLowerCase();
        // geth takes an address that is overridden for one without its precompiled contract, whatever is said of it
        if (BigInt(place) <= LAST_PRECOMPILED) continue;
        isNew ||= state[place] === undefined;
        const own = await add(place);
        for (const slot of Object.keys(storage)) {
          if (own.stateDiff[slot] !== undefined) continue;
          own.stateDiff[slot] = (await from("eth_getStorageAt", [place, slot, before])) as string;
          isNew = true;
        }
      }
      if (!isNew) break;
    }
    return Promise.all(nodes.map((node) => simulate(node, call, state, timestamp, hash)));
  };
  return { run };
}

type Block = {
  readonly gasUsed: string;
  readonly calls: readonly {
    readonly status: string;
    readonly gasUsed: string;
    readonly maxUsedGas: string;
    readonly returnData: string;
  }[];
};

async function simulate(node: Rpc, call: object, stateOverrides: object, time: string, hash: string): Promise<Replayed> {
  const blockStateCalls = [{ blockOverrides: { time, gasLimit: GAS }, stateOverrides, calls: [call] }];
  const [block] = (await node("eth_simulateV1", [{ blockStateCalls }, "latest"])) as [Block];
  const [done] = block.calls;
  if (done === undefined || done.status !== "0x1")
    throw new Failure(`${hash} fails when it is carried out again: ${explainError({ data: done?.returnData })}`);
  const gas = Number(done.gasUsed);
  // a block counts the larger of both parts, before refunds; of the two that can be state gas it is the one that is so many bytes
  const [larger, whole] = [Number(block.gasUsed), Number(done.maxUsedGas)];
  const state = larger === whole ? 0 : larger % GAS_OF_A_BYTE === 0 ? larger : whole - larger;
  if (state % GAS_OF_A_BYTE !== 0) throw new Failure(`the state gas of ${hash} is not of whole bytes: ${state}`);
  return { gas, state };
}
