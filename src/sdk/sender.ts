import { keccak256, toQuantity, type Wallet } from "ethers";
import type { Call } from "./calls.ts";
import { explainError } from "./errors.ts";
import { Failure } from "./failure.ts";
import { DEFAULT_POLICY, type Fees, firstFees, nextStep, type ReplacementPolicy, raisedFees } from "./replacement.ts";
import { asFailure, isRetryable, pauseFor, type Rpc, RpcFailure } from "./rpc.ts";

/** What a transaction said that was mined. */
export type ReceiptLog = { readonly address: string; readonly topics: readonly string[]; readonly data: string };

/** What became of a transaction. */
export type Sent = {
  readonly hash: string;
  readonly gasUsed: bigint;
  /** In which it was mined; undefined where the node does not say. */
  readonly block: number | undefined;
  readonly attempts: number;
  /** Its logs, after those of earlier transactions of the same sender that were found mined on the way. */
  readonly logs: readonly ReceiptLog[];
};

/** A transaction that was signed and is not known to be mined. */
export type PendingTransaction = {
  readonly nonce: number;
  readonly fees: Fees;
  /** Of every attempt: any of them may be mined. */
  readonly hashes: readonly string[];
  /** Latest block when it was last sent. */
  readonly sentAt: number;
};

/** Where transactions that wait are kept between runs, by nonce. */
export type PendingStore = {
  readonly pending: (sender: string) => readonly PendingTransaction[];
  readonly setPending: (sender: string, waiting: readonly PendingTransaction[]) => void;
};

/** The same where several programs share it: it is asked over a network. Where it throws nothing is sent. */
export type SharedPendingStore = {
  readonly pending: (sender: string) => Promise<readonly PendingTransaction[]>;
  readonly setPending: (sender: string, waiting: readonly PendingTransaction[]) => Promise<void>;
};

/** What became of a call: what it said when it was mined, or why it failed. */
export type Outcome = { readonly sent: Pick<Sent, "hash" | "logs"> } | { readonly error: unknown };

/** What happens to transactions on their way, for logs, metrics and people. */
export type SenderEvent =
  | { readonly kind: "sent" | "replaced"; readonly nonce: number; readonly hash: string; readonly fees: Fees }
  | { readonly kind: "waits"; readonly nonce: number; readonly hash: string; readonly reason: string }
  | {
      readonly kind: "mined" | "failed";
      readonly nonce: number;
      readonly hash: string /** Wei, where the node says it. */;
      readonly fee?: bigint;
    }
  | { readonly kind: "gaveUp"; readonly nonce: number; readonly reason: string };

export type SenderOptions = {
  readonly rpc: Rpc;
  readonly wallet: Wallet;
  readonly chainId: number;
  /** Where a transaction that waits is kept, so that the next run does not send beside it; in memory by default. */
  readonly store?: PendingStore | SharedPendingStore;
  /** Whether a first transaction takes the place of what waits in the pool of the node, or waits behind it. */
  readonly beside?: "replace" | "queue";
  readonly policy?: ReplacementPolicy;
  /** Milliseconds between looks at a transaction that waits. */
  readonly pollingInterval?: number;
  /** Milliseconds that a transaction is waited for. */
  readonly patience?: number;
  /** Ends the waiting; the transaction is found again by the next run. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: SenderEvent) => void;
};

/** Sends transactions and stays with each until it is mined, replacing it when it is stuck. */
export type Sender = {
  /**
   * @throws Failure that says whether another attempt may succeed: it is not mined, stopped, or mined and failed. Once a transaction has left, the
   * message holds its hash.
   * @throws what the contract would revert with, before anything is sent
   */
  readonly send: (call: Call) => Promise<Sent>;
  /**
   * Sends calls of which none needs another: the next leaves as soon as the one before has, so that a block may take many. What waits from before is done
   * with first, one by one.
   * @param ask of each right before it leaves: the gas limit that it is known to do with, undefined where the node is to estimate it; what throws is not sent
   */
  readonly sendAll: (calls: readonly Call[], ask?: (call: Call) => Promise<bigint | undefined>) => Promise<readonly Outcome[]>;
};

/**
 * A transaction that has left did not do what it was sent for, or is not known to have: the message holds its hash.
 * @example
 * const { send } = transactionSender({ rpc, wallet, chainId: record.chainId });
 * const call = executeCall(record, wallet.address, [cancelOrdersAction(accountIdOf(wallet.address))]);
 * const outcome = await send(call).catch((error: unknown) => (error instanceof TransactionFailure ? error.hash : undefined));
 * outcome !== undefined // true
 */
export class TransactionFailure extends Failure {
  override readonly name: string = "TransactionFailure";
  readonly hash: string;
  readonly #retryable: boolean;

  constructor(message: string, hash: string, retryable: boolean, mend?: string) {
    super(message, mend);
    this.hash = hash;
    this.#retryable = retryable;
  }

  override get retryable(): boolean {
    return this.#retryable;
  }
}

/** Of a transaction, EIP-7825. */
export const MOST_GAS = 16_777_216n;
const PATIENCE = 300_000;
/** Transactions that wait at a time: geth keeps sixteen of a sender whatever else is offered. */
const AT_ONCE = 16;
const SAID_AFTER = 10_000;
const LAG = 60_000;
// what is refused for its price may be taken at another; what is refused for its form, in the older one
const PRICE = /fee|price|underpriced|replace/i;
const FORM = /transaction type|tx type|typed transaction|type (is )?not supported|unsupported type|1559|only legacy|legacy transaction/i;

type Receipt = {
  readonly status: string;
  readonly gasUsed: string;
  readonly effectiveGasPrice?: string;
  readonly transactionHash: string;
  readonly blockNumber?: string;
  readonly logs?: readonly ReceiptLog[];
};
type Market = { readonly baseFee: bigint; readonly tip: bigint; readonly block: number };

/**
 * A sender with a key of its own: it prices transactions, stays with them and replaces them where they are stuck. A store lets the next run go on from
 * what waits.
 * @example
 * const sender = transactionSender({ rpc, wallet, chainId: record.chainId, pollingInterval: 50 });
 * const call = executeCall(record, wallet.address, [cancelOrdersAction(accountIdOf(wallet.address))]);
 * (await sender.send(call)).attempts // 1
 */
export function transactionSender(options: SenderOptions): Sender {
  const { rpc, wallet, chainId, store = memoryStore(), beside = "replace", policy = DEFAULT_POLICY } = options;
  const { pollingInterval = 1_000, patience = PATIENCE, signal, onEvent = () => {} } = options;
  const sender = wallet.address.toLowerCase();
  let legacy = false;
  /** The nonce after the last one that was mined here, for nodes behind one address are not all as far. */
  let next = { nonce: 0, until: 0 };
  /** The first nonce that was found free below what waits: what was mined there went with its block, and the pool does not have it. */
  let gap: number | undefined;

  const count = async (tag: string): Promise<number> => Number(await rpc("eth_getTransactionCount", [sender, tag]));
  const market = async (): Promise<Market> => {
    const block = (await rpc("eth_getBlockByNumber", ["latest", false])) as { number: string; baseFeePerGas?: string } | null;
    if (block === null) throw new RpcFailure({ message: "the node has no latest block" });
    legacy ||= block.baseFeePerGas === undefined;
    // of a transaction with one price the whole is paid: what the node advises, and an eighth for the next block
    if (legacy)
      return { block: Number(block.number), baseFee: 0n, tip: (BigInt((await rpc("eth_gasPrice", [])) as string) * 9n + 7n) / 8n };
    return { block: Number(block.number), baseFee: BigInt(block.baseFeePerGas ?? 0), tip: await advisedTip(rpc) };
  };
  const receiptOf = async (hashes: readonly string[]): Promise<Receipt | undefined> => {
    for (const hash of [...hashes].reverse()) {
      const receipt = (await rpc("eth_getTransactionReceipt", [hash])) as Receipt | null;
      if (receipt !== null) return receipt;
    }
    return undefined;
  };
  /** Whether the node has a transaction; undefined where it does not say. */
  const isKnown = (hash: string): Promise<boolean | undefined> =>
    rpc("eth_getTransactionByHash", [hash]).then(
      (found) => found !== null,
      () => undefined,
    );

  /** Whether the node is certain to have none of several. */
  const isGone = async (hashes: readonly string[]): Promise<boolean> => {
    for (const hash of hashes) if ((await isKnown(hash)) !== false) return false;
    return true;
  };

  /** Signs a call at a nonce. */
  const signed = ({ to, data, value = 0n }: Call, gasLimit: bigint, nonce: number, { maxFee, tip }: Fees): Promise<string> =>
    wallet.signTransaction({
      ...(legacy ? { type: 0, gasPrice: maxFee } : { type: 2, maxFeePerGas: maxFee, maxPriorityFeePerGas: tip }),
      chainId,
      nonce,
      to,
      data,
      value,
      gasLimit,
    });

  /** Sends what was signed; why it is certain that the node did not take it, undefined where it took it or may have. */
  const leave = async (raw: string): Promise<unknown> => {
    try {
      await rpc("eth_sendRawTransaction", [raw]);
      return undefined;
    } catch (error) {
      const known = await isKnown(keccak256(raw));
      if (known === true || (known === undefined && isRetryable(error))) return undefined;
      return error ?? new Failure("refused without a reason");
    }
  };

  /** What is not known to be mined, by nonce, as the store has it. */
  let pending = new Map<number, PendingTransaction>();
  let written = Promise.resolve();
  /** Keeps what waits at a nonce, or forgets it: one after the other. */
  const keep = (nonce: number, transaction: PendingTransaction | undefined): Promise<void> => {
    const writing = written.then(async () => {
      const changed = new Map(pending);
      if (transaction === undefined) changed.delete(nonce);
      else changed.set(nonce, transaction);
      await store.setPending(sender, byNonce(changed.values()));
      pending = changed;
    });
    written = writing.catch(() => {});
    return writing;
  };
  const freeNonce = async (): Promise<number> =>
    Math.max(await count(beside === "queue" ? "pending" : "latest"), Date.now() < next.until ? next.nonce : 0);

  /**
   * Sends at one nonce and waits until it is used up: what was mined there, and whether it was this call.
   * @param onLeft called once the node has it
   */
  const sendAt = async (call: Call, gas: bigint, nonce: number, before: PendingTransaction | undefined, onLeft = (): void => {}) => {
    const deadline = Date.now() + patience;
    const saidAt = Date.now() + SAID_AFTER;
    /** Hashes of this call. */
    const own = new Set<string>();
    let [waiting, raw, attempts, said, usedSince] = [before, "", 0, false, undefined as number | undefined];
    let now = await market();
    /** The latest block in which one of its own before it was not mined: until then no fee moves it. */
    let behind = 0;
    let gapSince: number | undefined;
    let fees = waiting === undefined ? firstFees(now, policy.highestFee) : raisedFees(waiting.fees, now, policy.highestFee);
    // what was offered as dear as allowed and is in no pool any more is offered anew, for otherwise its nonce would never be used up
    if (fees === undefined && waiting !== undefined && (await isGone(waiting.hashes))) fees = firstFees(now, policy.highestFee);
    let trouble: unknown;

    /** What is used up is forgotten by the next run at the latest. */
    const forget = (): Promise<void> => keep(nonce, undefined);
    const newest = (): string => waiting?.hashes.at(-1) ?? "";
    const waits = (why: string): string => `transaction ${[newest(), "waits"].join(" ").trim()} at nonce ${nonce} of ${sender}: ${why}`;
    const fail = (reason: string): never => {
      onEvent({ kind: "gaveUp", nonce, reason });
      throw new TransactionFailure(waits(reason), newest(), true, "wait, or raise --max-fee");
    };

    for (;;) {
      if (fees === undefined && waiting === undefined) return fail("a higher fee would be above the highest allowed");
      if (fees !== undefined) {
        attempts++;
        const attempt = await signed(call, gas, nonce, fees);
        const hash = keccak256(attempt);
        // written down before it leaves: nothing is ever sent that a later run does not know
        const leaving: PendingTransaction = { nonce, fees, hashes: [...(waiting?.hashes ?? []), hash], sentAt: now.block };
        await keep(nonce, leaving);
        const refusal = await leave(attempt);
        if (refusal === undefined) {
          onEvent({ kind: waiting === undefined ? "sent" : "replaced", nonce, hash, fees });
          waiting = leaving;
          own.add(hash);
          raw = attempt;
          onLeft();
        } else {
          await keep(nonce, waiting);
          const words = refusal instanceof Error ? refusal.message : "";
          if (!legacy && FORM.test(words)) {
            legacy = true;
            attempts--;
            now = await market();
            fees = firstFees(now, policy.highestFee);
            continue;
          }
          const used = (await count("latest")) > nonce;
          const occupied = waiting !== undefined || (await count("pending")) > nonce;
          // what was refused at a free nonce for another reason than its price will be refused again
          const meaning = asFailure(refusal, "eth_sendRawTransaction");
          const isPrice = PRICE.test(words) && !(meaning instanceof RpcFailure && meaning.fault === "refused");
          if (!used && !occupied && !isPrice) throw refusal;
          if (!used && attempts < policy.mostAttempts) {
            now = await market();
            fees = raisedFees(fees, now, policy.highestFee);
            if (fees !== undefined) continue;
          }
          if (waiting === undefined)
            return used ? anotherProgram(nonce, sender) : fail(`not accepted after ${attempts} attempts: ${explainError(refusal)}`);
          // what waits is still there: a dearer one is offered again after as many blocks
          waiting = { ...waiting, sentAt: now.block };
        }
      }
      fees = undefined;
      while (fees === undefined) {
        try {
          const receipt = await receiptOf(waiting?.hashes ?? []);
          if (receipt !== undefined) {
            await forget().catch(() => {});
            return { receipt, nonce, attempts, isOwn: own.has(receipt.transactionHash.toLowerCase()) };
          }
          const mined = await count("latest");
          const used = mined > nonce;
          now = await market();
          if (mined < nonce && pending.has(mined)) behind = now.block;
          gapSince = mined < nonce && !pending.has(mined) ? (gapSince ?? now.block) : undefined;
          // a node that is behind has caught up by then
          if (gapSince !== undefined && now.block - gapSince >= policy.patience) {
            gap = Math.min(mined, gap ?? mined);
            return fail(`nonce ${mined} below it is free again, the next transaction takes it`);
          }
          usedSince = used ? (usedSince ?? now.block) : undefined;
          trouble = used ? new Failure("its nonce is used up, and the node has no receipt of it") : undefined;
          // no receipt is no knowledge until the node has had some blocks to find one
          if (usedSince !== undefined && now.block - usedSince >= policy.patience) {
            await forget();
            return anotherProgram(nonce, sender, newest());
          }
          if (!used) {
            // dropped from the pool
            if (raw !== "" && (await isKnown(newest())) === false) await leave(raw);
            const offered = waiting?.fees ?? { maxFee: 0n, tip: 0n };
            // what cannot pay the base fee is raised at once, wherever it stands: otherwise a rise of it is caught up with one block after the other
            const since = offered.maxFee < now.baseFee ? 0 : behind;
            const blocksSince = now.block - Math.max(waiting?.sentAt ?? now.block, since);
            const step = nextStep({ fees: offered, blocksSince, baseFee: now.baseFee, tip: now.tip, attempts }, policy);
            if (step.kind === "giveUp") return fail(step.reason);
            if (step.kind === "replace") fees = step.fees;
          }
        } catch (error) {
          // it has left: whatever the node says now, it may be mined
          if (error instanceof TransactionFailure) throw error;
          trouble = error;
          usedSince = undefined;
        }
        if (fees !== undefined) break;
        const why = trouble === undefined ? "no block has taken it" : explainError(trouble);
        if (signal?.aborted) throw new TransactionFailure(waits("stopped"), newest(), true);
        if (Date.now() >= deadline) return fail(`not known to be mined after ${Math.round(patience / 1000)} s: ${why}`);
        if (!said && Date.now() >= saidAt) {
          said = true;
          onEvent({ kind: "waits", nonce, hash: newest(), reason: why });
        }
        await pauseFor(pollingInterval, signal);
      }
    }
  };

  /** Forgets what was mined since another run left it, and says what it said. */
  const settle = async (): Promise<ReceiptLog[]> => {
    pending = new Map((await store.pending(sender)).map((each) => [each.nonce, each]));
    const said: ReceiptLog[] = [];
    const used = pending.size === 0 ? 0 : await count("latest");
    for (const { nonce, hashes } of byNonce(pending.values()).filter((each) => each.nonce < used)) {
      // mined, or replaced by another program
      const receipt = await receiptOf(hashes);
      await keep(nonce, undefined);
      if (receipt === undefined) continue;
      onEvent({ kind: receipt.status === "0x1" ? "mined" : "failed", nonce, hash: receipt.transactionHash, ...feeOf(receipt) });
      said.push(...(receipt.logs ?? []));
    }
    return said;
  };

  /** Says what was mined; undefined where an older call came first at this nonce. */
  const conclude = async (call: Call, gas: bigint, { receipt, nonce, attempts, isOwn }: Awaited<ReturnType<typeof sendAt>>) => {
    const { transactionHash: hash, status, gasUsed, logs = [] } = receipt;
    next = { nonce: Math.max(nonce + 1, next.nonce), until: Date.now() + LAG };
    onEvent({ kind: status === "0x1" ? "mined" : "failed", nonce, hash, ...feeOf(receipt) });
    if (isOwn && status !== "0x1")
      throw new TransactionFailure(`transaction ${hash} failed: ${await whyFailed(rpc, call, receipt, gas)}`, hash, false);
    const block = receipt.blockNumber === undefined ? undefined : Number(receipt.blockNumber);
    return isOwn ? { hash, gasUsed: BigInt(gasUsed), block, attempts, logs } : undefined;
  };

  /** Of a gap that was found the nonce that is to be used up first; undefined where there is none any more. */
  const freeBelow = async (nonce: number): Promise<number | undefined> => {
    if (gap === undefined) return undefined;
    const mined = await count("latest");
    if (mined >= gap && mined < nonce) return mined;
    gap = undefined;
    return undefined;
  };

  const send = async (call: Call): Promise<Sent> => {
    const earlier: ReceiptLog[] = [];
    for (;;) {
      earlier.push(...(await settle()));
      const [before] = byNonce(pending.values());
      const gas = await gasFor(rpc, call);
      const free = before === undefined ? undefined : await freeBelow(before.nonce);
      const mined = await (free === undefined
        ? sendAt(call, gas, before?.nonce ?? (await freeNonce()), before)
        : sendAt(call, gas, free, undefined));
      const sent = await conclude(call, gas, mined);
      if (sent !== undefined) return { ...sent, logs: [...earlier, ...sent.logs] };
      earlier.push(...(mined.receipt.logs ?? []));
    }
  };

  const sendAll = async (calls: readonly Call[], ask = async (_: Call): Promise<bigint | undefined> => undefined): Promise<Outcome[]> => {
    const outcomes: Outcome[] = [];
    const open = new Set<Promise<void>>();
    const outOfTurn: number[] = [];
    const earlier: ReceiptLog[] = [];
    const done = (i: number, sent: Sent): void => {
      outcomes[i] = { sent: { ...sent, logs: [...earlier.splice(0), ...sent.logs] } };
    };
    const failed = (i: number, error: unknown): void => {
      outcomes[i] = { error: error ?? new Failure("failed without a reason") };
    };
    let nonce = 0;
    for (const [i, call] of calls.entries()) {
      try {
        if (open.size === 0) earlier.push(...(await settle()));
        const waits = open.size === 0 && pending.size > 0;
        const known = await ask(call);
        if (waits) {
          done(i, await send(call));
          continue;
        }
        const gas = known ?? (await gasFor(rpc, call));
        while (open.size >= AT_ONCE) await Promise.race(open);
        const at = Math.max(nonce, await freeNonce());
        await new Promise<void>((resolve) => {
          const job: Promise<void> = sendAt(call, gas, at, undefined, () => {
            nonce = at + 1;
            resolve();
          })
            .then((mined) => conclude(call, gas, mined))
            .then(
              (sent) => (sent === undefined ? void outOfTurn.push(i) : done(i, sent)),
              (error: unknown) => failed(i, error),
            )
            .finally(() => {
              open.delete(job);
              resolve();
            });
          open.add(job);
        });
      } catch (error) {
        failed(i, error);
      }
    }
    await Promise.all(open);
    // another program's came first at that nonce
    for (const i of outOfTurn)
      await send(calls[i]!).then(
        (sent) => done(i, sent),
        (error: unknown) => failed(i, error),
      );
    return outcomes;
  };
  return { send, sendAll };
}

function byNonce(waiting: Iterable<PendingTransaction>): PendingTransaction[] {
  return [...waiting].sort((a, b) => a.nonce - b.nonce);
}

/** Keeps nothing beyond the process. */
export function memoryStore(): PendingStore {
  const kept = new Map<string, readonly PendingTransaction[]>();
  return {
    pending: (sender) => kept.get(sender) ?? [],
    setPending: (sender, waiting) => void kept.set(sender, waiting),
  };
}

function feeOf({ gasUsed, effectiveGasPrice }: Receipt): { readonly fee?: bigint } {
  return effectiveGasPrice === undefined ? {} : { fee: BigInt(gasUsed) * BigInt(effectiveGasPrice) };
}

function anotherProgram(nonce: number, sender: string, hash = ""): never {
  const message = `transaction ${nonce} of ${sender} was sent by another program${hash === "" ? "" : `, not ${hash}`}`;
  throw new TransactionFailure(message, hash, true, "give each program a key of its own");
}

/** Why a transaction failed that was mined. */
async function whyFailed(rpc: Rpc, { from, to, data, value = 0n }: Call, receipt: Receipt, gas: bigint): Promise<string> {
  if (BigInt(receipt.gasUsed) * 64n >= gas * 63n) return "out of gas";
  return rpc("eth_call", [{ from, to, data, value: toQuantity(value) }, receipt.blockNumber ?? "latest"]).then(
    () => "the state had changed since it was sent",
    explainError,
  );
}

/** A quarter more than the node estimates. @throws what the call would revert with */
async function gasFor(rpc: Rpc, { from, to, data, value = 0n }: Call): Promise<bigint> {
  const estimate = BigInt((await rpc("eth_estimateGas", [{ from, to, data, value: toQuantity(value) }])) as string);
  const gas = (estimate * 5n) / 4n;
  return gas > MOST_GAS ? MOST_GAS : gas;
}

const GWEI = 10n ** 9n;

async function advisedTip(rpc: Rpc): Promise<bigint> {
  try {
    return BigInt((await rpc("eth_maxPriorityFeePerGas", [])) as string);
  } catch (error) {
    // not every node has the method
    const failure = asFailure(error, "eth_maxPriorityFeePerGas");
    if (failure instanceof RpcFailure && failure.fault === "refused") return GWEI;
    throw error;
  }
}
