import { type Signer, type TypedDataDomain, TypedDataEncoder, type TypedDataField, toQuantity } from "ethers";
import type { Call } from "./calls.ts";
import { revertDataOf } from "./errors.ts";
import { Failure } from "./failure.ts";
import { pauseFor, type Rpc } from "./rpc.ts";

// A wallet as a page has it: a provider of EIP-1193 that holds the keys and asks its owner.

/** Who signs typed data (EIP-712): a wallet of ethers, or `rpcSigner`. */
export type TypedSigner = Pick<Signer, "getAddress" | "signTypedData">;

/**
 * An account of a wallet as a signer of orders and permits.
 * @param rpc of the wallet: `providerRpc(provider)`
 * @example
 * const signer = rpcSigner(rpc, wallet.address);
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: 0n, nonce: 7n, validUntil: 2n ** 33n };
 * const order = buildOrder({ ...request, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const { signature } = await signOrder(signer, orderVenue(record), order);
 * isSignedBy(wallet.address, hashOrder(orderVenue(record), order), signature) // true
 */
export function rpcSigner(rpc: Rpc, address: string): TypedSigner {
  return {
    getAddress: async () => address,
    signTypedData: async (domain: TypedDataDomain, types: Record<string, TypedDataField[]>, value: Record<string, unknown>) =>
      (await rpc("eth_signTypedData_v4", [address, JSON.stringify(TypedDataEncoder.getPayload(domain, types, value))])) as string,
  };
}

/** Of what a call is estimated to take, so that what others do meanwhile does not make it run out. */
const [GAS_PARTS, GAS_OF] = [13n, 10n];
/** The most that a transaction may have (EIP-7825). */
const MOST_GAS = 16_777_216n;

/**
 * Has a wallet send a call. What the contracts refuse is thrown before the wallet asks anybody.
 * @param rpc of a node, for the estimate
 * @param wallet of the wallet
 * @returns the hash of the transaction
 * @throws what the call would revert with: `explainError` says it in words
 * @example
 * const nothing = executeCall(record, wallet.address, []);
 * const said = await sendCall(rpc, rpc, nothing).catch(explainError);
 * said // "NothingToDo"
 */
export async function sendCall(rpc: Rpc, wallet: Rpc, { from, to, data, gas, value }: Call): Promise<string> {
  const transaction = { from, to, data, ...(value === undefined || value === 0n ? {} : { value: toQuantity(value) }) };
  const estimated = (BigInt((await rpc("eth_estimateGas", [transaction])) as string) * GAS_PARTS) / GAS_OF;
  const limit = estimated > MOST_GAS ? MOST_GAS : estimated;
  return (await wallet("eth_sendTransaction", [{ ...transaction, gas: toQuantity(gas ?? limit) }])) as string;
}

/** What a block says of a transaction. */
export type Receipt = {
  readonly status: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
  readonly logs: readonly {
    readonly address: string;
    readonly topics: readonly string[];
    readonly data: string;
    readonly blockNumber: string;
    readonly transactionHash: string;
  }[];
};

/**
 * Waits until a transaction is mined.
 * @param call what it carries out, to say why it failed
 * @param wait until the next look: a second by default, or until a new block is heard of
 * @throws Failure where it failed
 * @example
 * const [{ hash }] = (await rpc("eth_getBlockByNumber", ["latest", true]).then((block) => (block as any).transactions)) as [{ hash: string }];
 * (await receiptOf(rpc, hash)).status // "0x1"
 */
export async function receiptOf(rpc: Rpc, hash: string, call?: Call, wait = () => pauseFor(1_000)): Promise<Receipt> {
  for (;;) {
    const receipt = (await rpc("eth_getTransactionReceipt", [hash])) as Receipt | null;
    if (receipt === null) {
      await wait();
      continue;
    }
    if (receipt.status === "0x1") return receipt;
    if (call !== undefined) {
      const { from, to, data } = call;
      // what it fails with now is most often what it failed with then
      await rpc("eth_call", [{ from, to, data }, receipt.blockNumber]).catch((error: unknown) => {
        if (revertDataOf(error) !== undefined) throw error;
      });
    }
    throw new Failure(`transaction ${hash} failed`, "try again: prices may have moved meanwhile");
  }
}

/**
 * Whether a wallet's owner said no.
 * @example
 * isRejection({ code: 4001, message: "User rejected the request." }) // true
 */
export function isRejection(error: unknown): boolean {
  for (let at: unknown = error; typeof at === "object" && at !== null; at = (at as { cause?: unknown }).cause) {
    const { code } = at as { code?: unknown };
    if (code === 4001 || code === "ACTION_REJECTED") return true;
  }
  return false;
}

/**
 * Asks a wallet to go to a chain, and to add it where it does not know it.
 * @param addresses of nodes that the wallet may use, for one that it is to add
 * @example
 * const asked: string[] = [];
 * const answers = async (method: string): Promise<unknown> => {
 *   asked.push(method);
 *   if (asked.length === 1) throw { code: 4902, message: "Unrecognized chain ID" };
 *   return null;
 * };
 * await switchChain(answers, { chainId: 31_337, network: "local" }, ["http://127.0.0.1:8545"]);
 * asked // ["wallet_switchEthereumChain", "wallet_addEthereumChain"]
 */
export async function switchChain(
  wallet: Rpc,
  { chainId, network }: { readonly chainId: number; readonly network: string },
  addresses: readonly string[] = [],
): Promise<void> {
  const id = toQuantity(chainId);
  try {
    await wallet("wallet_switchEthereumChain", [{ chainId: id }]);
  } catch (error) {
    const { code } = (error ?? {}) as { code?: unknown };
    if (code !== 4902 && !/unrecogni[sz]ed chain|unknown chain|not been added/i.test(String((error as Error).message))) throw error;
    const nativeCurrency = { name: "Ether", symbol: "ETH", decimals: 18 };
    await wallet("wallet_addEthereumChain", [{ chainId: id, chainName: network, rpcUrls: [...addresses], nativeCurrency }]);
  }
}
