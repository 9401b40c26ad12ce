import { toQuantity } from "ethers";
import type { Call } from "../sdk/calls.ts";
import { PassingFailure } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import type { Rpc } from "../sdk/rpc.ts";
import { MOST_GAS, type Sender } from "../sdk/sender.ts";
import { oneByOne, type SendAll } from "./turn.ts";

/**
 * Sends what a turn does: batches of liquidations side by side, for none needs another and a block may take many; everything else one call after the other. A
 * batch is sent only when the node says that it sells somebody: gas is not paid for nothing.
 * @example
 * const send = liquidationSender(rpc, transactionSender({ rpc, wallet, chainId: record.chainId }));
 * await send([]) // []
 */
export function liquidationSender(rpc: Rpc, { send, sendAll }: Sender): SendAll {
  const abi = interfaceOf("LiquidationBatch");
  const batch = abi.getFunction("liquidateBatch")?.selector ?? "";
  const isBatch = ({ data }: Call): boolean => data.startsWith(batch);
  const soldBy = async ({ from, to, data }: Call, gas?: bigint): Promise<bigint> => {
    const answer = (await rpc("eth_call", [
      { from, to, data, ...(gas === undefined ? {} : { gas: toQuantity(gas) }) },
      "latest",
    ])) as string;
    const [sold] = abi.decodeFunctionResult("liquidateBatch", answer) as unknown as [bigint];
    if (sold === 0n) throw new PassingFailure("nobody of the batch can be sold now");
    return sold;
  };
  /**
   * With what it is expected to take, and a quarter more: a batch that is starved says so, and one that is not needs no estimate, for which a node runs it many
   * times. It is sent with twice as much, for prices that are older by then take more, and what is not used is not paid.
   */
  const ask = async (call: Call): Promise<bigint | undefined> => {
    const enough = call.expectedGas === undefined ? MOST_GAS : (BigInt(call.expectedGas) * 5n) / 4n;
    if (enough < MOST_GAS) {
      const does = await soldBy(call, enough).then(
        () => true,
        (error: unknown) => {
          if (error instanceof PassingFailure) throw error;
          return false;
        },
      );
      if (does) return 2n * enough < MOST_GAS ? 2n * enough : MOST_GAS;
    }
    await soldBy(call);
    return undefined;
  };
  return (calls) => (calls.every(isBatch) ? sendAll(calls, ask) : oneByOne(send)(calls));
}
