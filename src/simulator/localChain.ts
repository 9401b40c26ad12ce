import { toQuantity } from "ethers";
import { network } from "hardhat";
import type { Call } from "../sdk/calls.ts";
import { explainError } from "../sdk/errors.ts";
import { Failure } from "../sdk/failure.ts";
import type { Rpc } from "../sdk/rpc.ts";
import type { ReceiptLog } from "../sdk/sender.ts";

export type Connection = Awaited<ReturnType<typeof network.create>>;

/** What became of a call. */
export type Mined = {
  readonly call: Call;
  readonly hash: string;
  readonly ok: boolean;
  readonly gasUsed: number;
  readonly logs: readonly ReceiptLog[];
};

/** A chain within this process whose blocks are mined by hand, at times of our choosing, without fees. */
export type LocalChain = {
  readonly connection: Connection;
  readonly rpc: Rpc;
  /** Unix second of the latest block. */
  readonly now: () => number;
  /** Lets calls of `address` through without its key. */
  readonly unlock: (address: string) => Promise<void>;
  /** Mines the calls in order in one block at `time`; says what failed. */
  readonly tryMine: (time: number, calls: readonly Call[]) => Promise<Mined[]>;
  /** Why a call failed in the latest block. */
  readonly failureOf: (mined: Mined) => Promise<Failure>;
  /** As `tryMine`, but throws why the first failed call failed. */
  readonly mine: (time: number, calls: readonly Call[]) => Promise<void>;
  readonly close: () => Promise<void>;
};

type Receipt = { readonly status: string; readonly gasUsed: string; readonly logs: readonly ReceiptLog[] };

const BLOCK_GAS = 4_000_000_000n;
const DEFAULT_GAS = 8_000_000; // a slice between two others, with many strikes, takes some millions

/** @param start unix second of the first block */
export async function openLocalChain(start: number, deploy: (connection: Connection) => Promise<void>): Promise<LocalChain> {
  const connection = await network.create({
    override: {
      initialDate: new Date(start * 1000),
      blockGasLimit: BLOCK_GAS,
      initialBaseFeePerGas: 0n,
      minGasPrice: 0n,
      mining: { auto: true, interval: 0, mempool: { order: "fifo" } },
      throwOnTransactionFailures: true,
      loggingEnabled: false,
    },
  });
  const rpc: Rpc = (method, params = []) => connection.provider.request({ method, params: [...params] });
  await deploy(connection);
  await rpc("evm_setAutomine", [false]);
  let latest = Number(((await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string }).timestamp);

  const tryMine = async (time: number, calls: readonly Call[]): Promise<Mined[]> => {
    if (time <= latest) throw new Failure(`a block at ${time} does not come after ${latest}`);
    const hashes: string[] = [];
    for (const { from, to, data, gas = DEFAULT_GAS, value = 0n } of calls) {
      const transaction = { from, to, data, gas: toQuantity(gas), value: toQuantity(value), gasPrice: "0x0" };
      hashes.push((await rpc("eth_sendTransaction", [transaction])) as string);
    }
    await rpc("evm_setNextBlockTimestamp", [time]);
    await rpc("evm_mine", []);
    latest = time;
    const mined: Mined[] = [];
    for (const [i, hash] of hashes.entries()) {
      const receipt = (await rpc("eth_getTransactionReceipt", [hash])) as Receipt | null;
      const call = calls[i];
      if (receipt === null || call === undefined) throw new Failure(`transaction ${i} of ${hashes.length} was not mined`);
      mined.push({ call, hash, ok: receipt.status === "0x1", gasUsed: Number(receipt.gasUsed), logs: receipt.logs });
    }
    return mined;
  };

  const failureOf = async ({ call: { from, to, data, gas = DEFAULT_GAS, value = 0n }, gasUsed }: Mined): Promise<Failure> => {
    const why = await rpc("eth_call", [{ from, to, data, gas: toQuantity(gas), value: toQuantity(value) }, "latest"]).then(
      () => `out of gas (${gasUsed})`,
      explainError,
    );
    return new Failure(`a call of ${from} to ${to} failed: ${why}`);
  };

  return {
    connection,
    rpc,
    now: () => latest,
    unlock: async (address) => void (await rpc("hardhat_impersonateAccount", [address])),
    tryMine,
    failureOf,
    mine: async (time, calls) => {
      const failed = (await tryMine(time, calls)).find(({ ok }) => !ok);
      if (failed !== undefined) throw await failureOf(failed);
    },
    close: async () => void (await connection.close()),
  };
}
