import { Interface } from "ethers";
import { formatDecimal } from "./amounts.ts";
import type { Call } from "./calls.ts";
import { Failure } from "./failure.ts";
import { callContract } from "./readState.ts";
import { isRetryable, type Rpc } from "./rpc.ts";

const TOKEN = new Interface([
  "function balanceOf(address) view returns (uint256)",
  "function allowance(address, address) view returns (uint256)",
  "function approve(address, uint256) returns (bool)",
]);

/** A token as deployment records describe it. */
export type TokenRecord = { readonly symbol: string; readonly address: string; readonly decimals: number };

/**
 * What somebody holds, in units of the token.
 * @example
 * (await balanceOf(rpc, record.settlementToken, wallet.address)) >= 0n // true
 */
export async function balanceOf(rpc: Rpc, token: TokenRecord, owner: string): Promise<bigint> {
  return (await callContract(rpc, TOKEN, token.address, "balanceOf", [owner]))[0] as bigint;
}

/**
 * What is to be sent before `spender` can take tokens: nothing where an earlier approval is enough, and a reset first where the token approves only from
 * zero.
 * @param amount in units of the token
 * @throws Failure when the owner has less
 * @example
 * // what a deposit of nothing needs: no approval
 * await approvalCalls(rpc, record.settlementToken, wallet.address, record.contracts.vault, 0n) // []
 */
export async function approvalCalls(rpc: Rpc, token: TokenRecord, owner: string, spender: string, amount: bigint): Promise<Call[]> {
  const shown = (units: bigint): string => formatDecimal(units, token.decimals);
  const held = await balanceOf(rpc, token, owner);
  if (held < amount) throw new Failure(`your wallet ${owner} holds ${shown(held)} ${token.symbol}, less than ${shown(amount)}`);
  const [allowed] = (await callContract(rpc, TOKEN, token.address, "allowance", [owner, spender])) as [bigint];
  if (allowed >= amount) return [];
  const approve = (units: bigint): Call => ({
    from: owner,
    to: token.address,
    data: TOKEN.encodeFunctionData("approve", [spender, units]),
  });
  if (allowed === 0n || (await isTaken(rpc, approve(amount)))) return [approve(amount)];
  return [approve(0n), approve(amount)];
}

/** Whether a token would take an approval. Some return nothing. */
async function isTaken(rpc: Rpc, { from, to, data }: Call): Promise<boolean> {
  try {
    const answer = String(await rpc("eth_call", [{ from, to, data }, "latest"]));
    return answer === "0x" || BigInt(answer) !== 0n;
  } catch (error) {
    if (isRetryable(error)) throw error;
    return false;
  }
}
