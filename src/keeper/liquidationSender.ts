import { PassingFailure } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import type { Rpc } from "../sdk/rpc.ts";
import type { Sender } from "../sdk/sender.ts";
import { oneByOne, type SendAll } from "./turn.ts";

/**
 * Sends what a turn does one call after the other. A batch of liquidations is sent only when the node says that it sells somebody: gas is not paid for
 * nothing.
 * @example
 * const send = liquidationSender(rpc, transactionSender({ rpc, wallet, chainId: record.chainId }));
 * await send([]) // []
 */
export function liquidationSender(rpc: Rpc, sender: Sender): SendAll {
  const abi = interfaceOf("LiquidationBatch");
  const batch = abi.getFunction("liquidateBatch")?.selector ?? "";
  return oneByOne(async (call) => {
    const { from, to, data } = call;
    if (!data.startsWith(batch)) return sender.send(call);
    const answer = (await rpc("eth_call", [{ from, to, data }, "latest"])) as string;
    const [sold] = abi.decodeFunctionResult("liquidateBatch", answer) as unknown as [bigint];
    if (sold === 0n) throw new PassingFailure("nobody of the batch can be sold now");
    return sender.send(call);
  });
}
