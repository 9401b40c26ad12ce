import { keccak256, type Wallet } from "ethers";
import type { Call } from "../sdk/calls.ts";
import { explainError, revertDataOf } from "../sdk/errors.ts";
import type { Rpc } from "../sdk/rpc.ts";
import type { BookStore, PendingTransaction } from "./bookStore.ts";
import { DEFAULT_POLICY, type Fees, firstFees, nextStep, type ReplacementPolicy, raisedFees } from "./replacement.ts";
import { isRetryable, KeeperFailure, pauseFor } from "./retry.ts";

/** What became of a transaction. */
export type Sent = { readonly hash: string; readonly gasUsed: bigint; readonly attempts: number };

/** What happens to transactions on their way, for logs and metrics. */
export type SenderEvent =
  | { readonly kind: "sent" | "replaced"; readonly nonce: number; readonly hash: string; readonly fees: Fees }
  | { readonly kind: "mined" | "failed"; readonly nonce: number; readonly hash: string }
  | { readonly kind: "gaveUp"; readonly nonce: number; readonly reason: string };

export type SenderOptions = {
  readonly rpc: Rpc;
  readonly wallet: Wallet;
  readonly chainId: number;
  /** Where a transaction that waits is kept, so that the next run does not send beside it. */
  readonly store: BookStore;
  readonly policy?: ReplacementPolicy;
  /** Milliseconds between looks at a transaction that waits. */
  readonly pollingInterval?: number;
  /** Ends the waiting; the transaction is found again by the next run. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SenderEvent) => void;
};

/** Sends one transaction at a time and stays with it until it is mined, replacing it when it is stuck. */
export type Sender = {
  /**
   * @throws KeeperFailure that says whether another attempt may succeed: it is not mined, stopped, or mined and failed
   * @throws what the contract would revert with, before anything is sent
   */
  readonly send: (call: Call) => Promise<Sent>;
};

const MOST_GAS = 16_777_216n; // of a transaction, EIP-7825
const RACE = /nonce (is )?too low|already been used/i;
const TOO_CHEAP = /underpriced/i;
const KNOWN = /already known|known transaction/i;

type Receipt = { readonly status: string; readonly gasUsed: string; readonly transactionHash: string };
type Market = { readonly baseFee: bigint; readonly tip: bigint; readonly block: number };

export function transactionSender(options: SenderOptions): Sender {
  const { rpc, wallet, chainId, store, policy = DEFAULT_POLICY, pollingInterval = 1_000, signal, onEvent = () => {} } = options;
  const sender = wallet.address.toLowerCase();

  const count = async (tag: string): Promise<number> => Number(await rpc("eth_getTransactionCount", [sender, tag]));
  const market = async (): Promise<Market> => {
    const block = (await rpc("eth_getBlockByNumber", ["latest", false])) as { number: string; baseFeePerGas?: string };
    return { block: Number(block.number), baseFee: BigInt(block.baseFeePerGas ?? 0), tip: await advisedTip(rpc) };
  };
  const receiptOf = async (hashes: readonly string[]): Promise<Receipt | undefined> => {
    for (const hash of [...hashes].reverse()) {
      const receipt = (await rpc("eth_getTransactionReceipt", [hash])) as Receipt | null;
      if (receipt !== null) return receipt;
    }
    return undefined;
  };

  /** What still waits from before: undefined when its nonce is used up. */
  const left = async (): Promise<PendingTransaction | undefined> => {
    const pending = store.pending(sender);
    if (pending === undefined || pending.nonce >= (await count("latest"))) return pending;
    store.setPending(sender, undefined);
    return undefined;
  };

  const offer = async (
    call: Call,
    gas: bigint,
    transaction: Omit<PendingTransaction, "sentAt">,
    block: number,
  ): Promise<PendingTransaction> => {
    const { nonce, fees } = transaction;
    const { to, data, value = 0n } = call;
    const raw = await wallet.signTransaction({
      type: 2,
      chainId,
      nonce,
      to,
      data,
      value,
      gasLimit: gas,
      maxFeePerGas: fees.maxFee,
      maxPriorityFeePerGas: fees.tip,
    });
    const offered = { nonce, fees, hashes: [...transaction.hashes, keccak256(raw)], sentAt: block };
    // written down before it leaves: nothing is ever sent that a later run does not know
    store.setPending(sender, offered);
    try {
      await rpc("eth_sendRawTransaction", [raw]);
    } catch (error) {
      if (!KNOWN.test(messageOf(error))) throw error;
    }
    return offered;
  };

  return {
    send: async (call) => {
      const gas = await gasFor(rpc, call);
      let waiting = await left();
      const nonce = waiting?.nonce ?? (await count("latest"));
      let now = await market();
      let fees = waiting === undefined ? firstFees(now, policy.highestFee) : raisedFees(waiting.fees, now, policy.highestFee);
      let attempts = 0;
      const giveUp = (reason: string): never => {
        onEvent({ kind: "gaveUp", nonce, reason });
        throw new KeeperFailure(`transaction ${nonce} waits: ${reason}`, true, "raise --max-fee, or wait");
      };
      for (;;) {
        if (fees === undefined) return giveUp("a higher fee would be above the highest allowed");
        const before: Omit<PendingTransaction, "sentAt"> = { nonce, fees, hashes: waiting?.hashes ?? [] };
        attempts++;
        try {
          waiting = await offer(call, gas, before, now.block);
          onEvent({ kind: before.hashes.length === 0 ? "sent" : "replaced", nonce, hash: waiting.hashes.at(-1) ?? "", fees });
        } catch (error) {
          waiting = store.pending(sender);
          // a mined attempt is found below; what another program sent with this key is not
          if (!RACE.test(messageOf(error)) && !TOO_CHEAP.test(messageOf(error))) {
            // where the node may have it all the same, it is looked for again
            if (before.hashes.length === 0 && !isRetryable(error)) store.setPending(sender, undefined);
            throw error;
          }
          if (TOO_CHEAP.test(messageOf(error))) {
            if (attempts >= policy.mostAttempts) return giveUp(`not accepted after ${attempts} attempts`);
            fees = raisedFees(fees, now, policy.highestFee);
            continue;
          }
        }
        fees = undefined;
        while (fees === undefined) {
          const receipt = await receiptOf(waiting?.hashes ?? []);
          if (receipt !== undefined) {
            store.setPending(sender, undefined);
            return judge(rpc, call, receipt, { nonce, attempts, onEvent });
          }
          if ((await count("latest")) > nonce && (await receiptOf(waiting?.hashes ?? [])) === undefined) {
            store.setPending(sender, undefined);
            throw new KeeperFailure(
              `transaction ${nonce} of ${sender} was sent by another program`,
              true,
              "give each keeper a key of its own",
            );
          }
          if (signal?.aborted) throw new KeeperFailure(`stopped while transaction ${nonce} waits`, true);
          now = await market();
          const blocksSince = now.block - (waiting?.sentAt ?? now.block);
          const step = nextStep({ fees: waiting?.fees ?? before.fees, blocksSince, baseFee: now.baseFee, tip: now.tip, attempts }, policy);
          if (step.kind === "giveUp") return giveUp(step.reason);
          if (step.kind === "replace") fees = step.fees;
          else await pauseFor(pollingInterval, signal);
        }
      }
    },
  };
}

/** What was mined: its figures, or why it failed. */
async function judge(
  rpc: Rpc,
  call: Call,
  receipt: Receipt,
  { nonce, attempts, onEvent }: { nonce: number; attempts: number; onEvent: (event: SenderEvent) => void },
): Promise<Sent> {
  const hash = receipt.transactionHash;
  const ok = receipt.status === "0x1";
  onEvent({ kind: ok ? "mined" : "failed", nonce, hash });
  if (ok) return { hash, gasUsed: BigInt(receipt.gasUsed), attempts };
  const { from, to, data } = call;
  const why = await rpc("eth_call", [{ from, to, data }, "latest"]).then(() => "out of gas, or the state has changed since", explainError);
  throw new KeeperFailure(`transaction ${hash} failed: ${why}`, false);
}

/** A quarter more than the node estimates. @throws what the call would revert with */
async function gasFor(rpc: Rpc, { from, to, data, value = 0n }: Call): Promise<bigint> {
  const estimate = BigInt((await rpc("eth_estimateGas", [{ from, to, data, value: `0x${value.toString(16)}` }])) as string);
  const gas = (estimate * 5n) / 4n;
  return gas > MOST_GAS ? MOST_GAS : gas;
}

const GWEI = 10n ** 9n;

async function advisedTip(rpc: Rpc): Promise<bigint> {
  try {
    return BigInt((await rpc("eth_maxPriorityFeePerGas", [])) as string);
  } catch (error) {
    // not every node has the method
    if (revertDataOf(error) === undefined && /method|not (found|supported|available)/i.test(messageOf(error))) return GWEI;
    throw error;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}
