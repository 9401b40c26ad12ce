import { expect } from "chai";
import { Transaction } from "ethers";
import { openBookStore } from "../../src/keeper/bookStore.ts";
import { liquidationSender } from "../../src/keeper/liquidationSender.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { DEFAULT_POLICY } from "../../src/sdk/replacement.ts";
import { isRetryable, pauseFor, type Rpc, RpcFailure } from "../../src/sdk/rpc.ts";
import {
  type Outcome,
  type Sender,
  type SenderEvent,
  type SenderOptions,
  TransactionFailure,
  transactionSender,
} from "../../src/sdk/sender.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";

const wallet = localWallet(9);
const GWEI = 10n ** 9n;
const call = { from: wallet.address, to: `0x${"12".repeat(20)}`, data: "0x01" };

/** A node with one block at each look, that mines what `mines` lets it, one transaction a nonce. */
function fakeNode(mines: (transaction: Transaction, age: number) => boolean, baseFee = 10n * GWEI) {
  const pool: { transaction: Transaction; hash: string; block: number }[] = [];
  const mined = new Map<string, boolean>();
  const sent: Transaction[] = [];
  let [block, nonce, status, refusal] = [100, 7, "0x1", undefined as string | undefined];
  const rpc: Rpc = async (method, params = []) => {
    switch (method) {
      case "eth_estimateGas":
        return "0x186a0";
      case "eth_maxPriorityFeePerGas":
        return `0x${(2n * GWEI).toString(16)}`;
      case "eth_getTransactionCount":
        return `0x${nonce.toString(16)}`;
      case "eth_getBlockByNumber": {
        block++;
        const found = pool.find((each) => each.transaction.nonce === nonce && mines(each.transaction, block - each.block));
        if (found !== undefined) {
          mined.set(found.hash, true);
          nonce++;
        }
        return { number: `0x${block.toString(16)}`, baseFeePerGas: `0x${baseFee.toString(16)}` };
      }
      case "eth_getTransactionByHash":
        return mined.has(String(params[0])) ? {} : (pool.find(({ hash }) => hash === params[0])?.transaction.toJSON() ?? null);
      case "eth_getTransactionReceipt":
        return mined.has(String(params[0])) ? { status, gasUsed: "0x5208", transactionHash: params[0] } : null;
      case "eth_sendRawTransaction": {
        if (refusal !== undefined) throw new RpcFailure({ message: refusal, code: -32_000 });
        const transaction = Transaction.from(String(params[0]));
        const before = pool.find((each) => each.transaction.nonce === transaction.nonce);
        const { maxFeePerGas: fee, maxPriorityFeePerGas: tip } = before?.transaction ?? {};
        if (fee && tip && ((transaction.maxFeePerGas ?? 0n) * 8n < fee * 9n || (transaction.maxPriorityFeePerGas ?? 0n) * 8n < tip * 9n)) {
          throw new RpcFailure({ message: "replacement transaction underpriced", code: -32_000 });
        }
        if (before) pool.splice(pool.indexOf(before), 1);
        pool.push({ transaction, hash: transaction.hash ?? "", block });
        sent.push(transaction);
        return transaction.hash;
      }
      case "eth_call":
        return "0x";
      default:
        throw new Error(method);
    }
  };
  return {
    rpc,
    sent,
    /** A block is taken back with the transaction in it, and the pool does not have it again. */
    takeBack: () => {
      nonce--;
      const at = pool.findIndex((each) => each.transaction.nonce === nonce);
      for (const { hash } of pool.splice(at, 1)) mined.delete(hash);
    },
    price: (fee: bigint) => {
      baseFee = fee;
    },
    fail: () => {
      status = "0x0";
    },
    refuse: (why: string | undefined) => {
      refusal = why;
    },
    stealNonce: () => {
      nonce++;
      pool.length = 0;
    },
  };
}

function senderOn(rpc: Rpc, more: Partial<SenderOptions> = {}) {
  const events: SenderEvent[] = [];
  const store = openBookStore();
  const sender = transactionSender({ rpc, wallet, chainId: 1, store, pollingInterval: 1, onEvent: (event) => events.push(event), ...more });
  return { sender, events, store: more.store ?? store };
}

const caught = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("transactionSender", () => {
  it("default: sends once with room for the base fee to double, and a quarter more gas than estimated", async () => {
    const node = fakeNode(() => true);
    const { sender, events, store } = senderOn(node.rpc);
    const { attempts, gasUsed } = await sender.send(call);
    expect({ attempts, gasUsed }).to.deep.equal({ attempts: 1, gasUsed: 21_000n });
    const [only] = node.sent;
    expect(only).to.include({ nonce: 7, gasLimit: 125_000n, maxFeePerGas: 22n * GWEI, maxPriorityFeePerGas: 2n * GWEI, chainId: 1n });
    expect(events.map(({ kind }) => kind)).to.deep.equal(["sent", "mined"]);
    expect(store.pending(wallet.address.toLowerCase())).to.deep.equal([]);
  });

  it("behavior: what is stuck is replaced at the same nonce with fees an eighth higher, until it is mined", async () => {
    const node = fakeNode((transaction) => (transaction.maxFeePerGas ?? 0n) > 27n * GWEI);
    const { sender, events } = senderOn(node.rpc);
    expect((await sender.send(call)).attempts).to.equal(3);
    expect(node.sent.map(({ nonce }) => nonce)).to.deep.equal([7, 7, 7]);
    for (const [i, { maxFeePerGas, maxPriorityFeePerGas }] of node.sent.slice(1).entries()) {
      const before = node.sent[i];
      expect((maxFeePerGas ?? 0n) * 8n >= (before?.maxFeePerGas ?? 0n) * 9n).to.equal(true);
      expect((maxPriorityFeePerGas ?? 0n) * 8n >= (before?.maxPriorityFeePerGas ?? 0n) * 9n).to.equal(true);
    }
    expect(events.map(({ kind }) => kind)).to.deep.equal(["sent", "replaced", "replaced", "mined"]);
  });

  it("behavior: it gives up after the last attempt, and the next call takes the same nonce at a higher fee", async () => {
    let stuck = true;
    const node = fakeNode(() => !stuck);
    const policy = { patience: 2, mostAttempts: 2, highestFee: 500n * GWEI };
    const { sender, events, store } = senderOn(node.rpc, { policy });
    const failure = await caught(sender.send(call));
    expect(failure).to.be.instanceOf(TransactionFailure).and.to.include({ retryable: true });
    expect(String(failure)).to.match(/transaction 0x[0-9a-f]{64} waits at nonce 7 of 0x[0-9a-f]{40}: not mined after 2 attempts/);
    expect(events.at(-1)).to.deep.include({ kind: "gaveUp", nonce: 7 });
    expect((await store.pending(wallet.address.toLowerCase())).map(({ hashes }) => hashes.length)).to.deep.equal([2]);
    stuck = false;
    await sender.send({ ...call, data: "0x02" });
    expect(node.sent.map(({ nonce, data }) => [nonce, data])).to.deep.equal([
      [7, "0x01"],
      [7, "0x01"],
      [7, "0x02"],
      // the first had been mined meanwhile: what was asked for goes behind it
      [8, "0x02"],
    ]);
  });

  it("behavior: stopped while one waits, the next run knows it and sends nothing beside it", async () => {
    let stuck = true;
    const node = fakeNode(() => !stuck);
    const ending = new AbortController();
    const { sender, store } = senderOn(node.rpc, { signal: ending.signal, pollingInterval: 60_000 });
    setTimeout(() => ending.abort(), 30);
    expect(String(await caught(sender.send(call)))).to.match(/waits at nonce 7 of 0x[0-9a-f]{40}: stopped/);
    stuck = false;
    const again = senderOn(node.rpc, { store });
    await again.sender.send({ ...call, data: "0x02" });
    expect(node.sent.map(({ nonce, data }) => [nonce, data])).to.deep.equal([
      [7, "0x01"],
      [7, "0x02"],
      [8, "0x02"],
    ]);
  });

  it("behavior: one that another run left and that was mined since is forgotten", async () => {
    const node = fakeNode(() => true);
    const store = openBookStore();
    const fees = { maxFee: 900n * GWEI, tip: 2n * GWEI };
    store.setPending(wallet.address.toLowerCase(), [{ nonce: 6, fees, hashes: [`0x${"ab".repeat(32)}`], sentAt: 3 }]);
    await senderOn(node.rpc, { store }).sender.send(call);
    expect(node.sent.map(({ nonce, maxFeePerGas }) => [nonce, maxFeePerGas])).to.deep.equal([[7, 22n * GWEI]]);
  });

  it("behavior: a node that is behind does not make it take a nonce below that of the one that waits", async () => {
    const node = fakeNode(() => false);
    const store = openBookStore();
    const waiting = { nonce: 9, fees: { maxFee: GWEI, tip: GWEI }, hashes: [`0x${"ab".repeat(32)}`], sentAt: 3 };
    store.setPending(wallet.address.toLowerCase(), [waiting]);
    const policy = { patience: 1, mostAttempts: 1, highestFee: 500n * GWEI };
    expect(String(await caught(senderOn(node.rpc, { store, policy }).sender.send(call)))).to.match(/waits at nonce 9 of/);
    expect(node.sent.map(({ nonce }) => nonce)).to.deep.equal([9]);
  });

  it("behavior: what was offered as dear as allowed and is in no pool any more is offered anew at the price of now", async () => {
    const node = fakeNode(() => true);
    const store = openBookStore();
    const waiting = { nonce: 7, fees: { maxFee: 500n * GWEI, tip: 2n * GWEI }, hashes: [`0x${"ab".repeat(32)}`], sentAt: 3 };
    store.setPending(wallet.address.toLowerCase(), [waiting]);
    await senderOn(node.rpc, { store }).sender.send(call);
    expect(node.sent.map(({ nonce, maxFeePerGas }) => [nonce, maxFeePerGas])).to.deep.equal([[7, 22n * GWEI]]);
  });

  it("behavior: what was offered as dear as allowed and still waits is left alone", async () => {
    const node = fakeNode(() => false);
    const store = openBookStore();
    const waiting = { nonce: 7, fees: { maxFee: 500n * GWEI, tip: 2n * GWEI }, hashes: [`0x${"ab".repeat(32)}`], sentAt: 3 };
    store.setPending(wallet.address.toLowerCase(), [waiting]);
    const rpc: Rpc = (method, params) => (method === "eth_getTransactionByHash" ? Promise.resolve({}) : node.rpc(method, params));
    expect(String(await caught(senderOn(rpc, { store }).sender.send(call)))).to.match(/above the highest allowed/);
    expect(node.sent).to.deep.equal([]);
  });

  it("behavior: one mined and failed is no success and not tried again", async () => {
    const node = fakeNode(() => true);
    node.fail();
    const failure = await caught(senderOn(node.rpc).sender.send(call));
    expect(failure).to.be.instanceOf(TransactionFailure).and.to.include({ retryable: false });
    expect(node.sent).to.have.length(1);
  });

  it("behavior: a call that would revert is not sent", async () => {
    const node = fakeNode(() => true);
    const data = interfaceOf("IMarginVault").encodeErrorResult("NothingToDo");
    const rpc: Rpc = (method, params) =>
      method === "eth_estimateGas"
        ? Promise.reject(new RpcFailure({ message: "execution reverted", code: 3, data }))
        : node.rpc(method, params);
    const failure = await caught(senderOn(rpc).sender.send(call));
    expect(failure).to.be.instanceOf(RpcFailure);
    expect(isRetryable(failure)).to.equal(false);
    expect(node.sent).to.deep.equal([]);
  });

  it("behavior: what the node refuses is not kept as waiting, and says why", async () => {
    const node = fakeNode(() => true);
    node.refuse("insufficient funds for gas * price + value");
    const { sender, store } = senderOn(node.rpc);
    const failure = await caught(sender.send(call));
    expect(String(failure)).to.match(/insufficient funds/);
    expect(isRetryable(failure)).to.equal(false);
    expect(store.pending(wallet.address.toLowerCase())).to.deep.equal([]);
  });

  it("behavior: a nonce that another program took is said, and left to the next turn", async () => {
    const node = fakeNode(() => false);
    const { sender, store } = senderOn(node.rpc);
    const failing = caught(sender.send(call));
    setTimeout(() => node.stealNonce(), 3);
    const failure = await failing;
    expect(String(failure)).to.match(/was sent by another program/);
    expect(isRetryable(failure)).to.equal(true);
    expect(store.pending(wallet.address.toLowerCase())).to.deep.equal([]);
  });
});

describe("transactionSender, many at a time", () => {
  const calls = (count: number): (typeof call)[] =>
    Array.from({ length: count }, (_, i) => ({ ...call, data: `0x${(i + 1).toString(16).padStart(2, "0")}` }));
  const noncesOf = ({ sent }: ReturnType<typeof fakeNode>) => sent.map(({ nonce, data }) => [nonce, Number(data)]);
  const states = (outcomes: readonly Outcome[]): string[] =>
    outcomes.map((outcome) => ("sent" in outcome ? "sent" : String(outcome.error)));

  it("default: the next leaves when the one before has, and not when it is mined", async () => {
    const node = fakeNode(() => node.sent.length >= 5);
    const { sender, events, store } = senderOn(node.rpc, { policy: { ...DEFAULT_POLICY, patience: 1_000 } });
    expect(states(await sender.sendAll(calls(5)))).to.deep.equal(Array(5).fill("sent"));
    expect(noncesOf(node)).to.deep.equal([0, 1, 2, 3, 4].map((i) => [7 + i, i + 1]));
    expect(events.map(({ kind }) => kind)).to.deep.equal([...Array(5).fill("sent"), ...Array(5).fill("mined")]);
    expect(store.pending(wallet.address.toLowerCase())).to.deep.equal([]);
    // and the next call goes on from there
    await sender.send(call);
    expect(node.sent.at(-1)).to.include({ nonce: 12 });
  });

  it("behavior: no more than sixteen wait at a time, and every one of them is written down before it leaves", async () => {
    const counts: number[] = [];
    const node = fakeNode(() => node.sent.length >= 16);
    const counting: Rpc = async (method, params) => {
      if (method === "eth_sendRawTransaction") counts.push((await store.pending(wallet.address.toLowerCase())).length);
      return node.rpc(method, params);
    };
    const { sender, store } = senderOn(counting, { policy: { ...DEFAULT_POLICY, patience: 1_000 } });
    expect(states(await sender.sendAll(calls(20)))).to.deep.equal(Array(20).fill("sent"));
    expect(counts.slice(0, 16)).to.deep.equal(Array.from({ length: 16 }, (_, i) => i + 1));
    expect(Math.max(...counts)).to.equal(16);
  });

  it("behavior: what is not worth sending, would revert, or is refused takes no nonce from those behind it", async () => {
    const node = fakeNode(() => true);
    const rpc: Rpc = (method, params) => {
      const { data = "" } = (params?.[0] ?? {}) as { data?: string };
      if (method === "eth_estimateGas" && data === "0x03")
        return Promise.reject(new RpcFailure({ message: "execution reverted", code: 3 }));
      if (method === "eth_sendRawTransaction")
        node.refuse(Transaction.from(String(params?.[0])).data === "0x04" ? "insufficient funds" : undefined);
      return node.rpc(method, params);
    };
    const { sender, store } = senderOn(rpc);
    const asked: string[] = [];
    const outcomes = await sender.sendAll(calls(5), async ({ data }) => {
      asked.push(data);
      if (data === "0x01") throw new Error("nobody can be sold");
      return undefined;
    });
    expect(asked).to.deep.equal(calls(5).map(({ data }) => data));
    expect(states(outcomes).map((each, i) => [i + 1, /nobody|revert|insufficient|sent/.exec(each)?.[0]])).to.deep.equal([
      [1, "nobody"],
      [2, "sent"],
      [3, "revert"],
      [4, "insufficient"],
      [5, "sent"],
    ]);
    expect(noncesOf(node)).to.deep.equal([
      [7, 2],
      [8, 5],
    ]);
    expect(store.pending(wallet.address.toLowerCase())).to.deep.equal([]);
  });

  it("behavior: one that is stuck is replaced at its nonce, and those behind it follow", async () => {
    const node = fakeNode((transaction) => transaction.nonce !== 7 || (transaction.maxFeePerGas ?? 0n) > 23n * GWEI);
    const { sender } = senderOn(node.rpc, { policy: { ...DEFAULT_POLICY, patience: 10 } });
    expect(states(await sender.sendAll(calls(3)))).to.deep.equal(Array(3).fill("sent"));
    const [first, ...others] = [7, 8, 9].map((at) => node.sent.filter(({ nonce }) => nonce === at));
    expect(first?.length).to.be.greaterThan(1);
    expect(new Set(first?.map(({ data }) => data)).size).to.equal(1);
    // no fee moves what is behind another
    expect(others.map(({ length }) => length)).to.deep.equal([1, 1]);
  });

  it("behavior: stopped in the middle, the next run knows all that wait, and does not send beside them", async () => {
    let stuck = true;
    const node = fakeNode(() => !stuck);
    const ending = new AbortController();
    const { sender, store } = senderOn(node.rpc, { signal: ending.signal, pollingInterval: 60_000 });
    const stopping = sender.sendAll(calls(3));
    while (node.sent.length < 3) await pauseFor(1);
    ending.abort();
    const stopped = await stopping;
    expect(states(stopped).every((each) => each.includes("stopped"))).to.equal(true);
    expect((await store.pending(wallet.address.toLowerCase())).map(({ nonce }) => nonce)).to.deep.equal([7, 8, 9]);
    stuck = false;
    const again = senderOn(node.rpc, { store });
    expect(states(await again.sender.sendAll(calls(2)))).to.deep.equal(["sent", "sent"]);
    expect(await store.pending(wallet.address.toLowerCase())).to.deep.equal([]);
    const nonces = node.sent.map(({ nonce }) => nonce);
    // of the old ones those in front are offered again with the new calls, and nothing is sent twice
    expect(nonces.slice(0, 3)).to.deep.equal([7, 8, 9]);
    const minedOnce = node.sent.filter(({ data }) => data === "0x01").length;
    expect(minedOnce).to.be.at.least(2);
    expect(Math.max(...nonces)).to.be.at.most(11);
  });

  it("behavior: where a reorganisation takes the first back, the next call takes its nonce and those behind it follow", async () => {
    let upTo = 7;
    const node = fakeNode(({ nonce }) => nonce <= upTo);
    const policy = { patience: 2, mostAttempts: 3, highestFee: 500n * GWEI };
    const { sender, events, store } = senderOn(node.rpc, { policy });
    const sending = sender.sendAll(calls(3));
    while (!events.some(({ kind }) => kind === "mined")) await pauseFor(1);
    node.takeBack();
    upTo = 6;
    const outcomes = states(await sending);
    expect(outcomes[0]).to.equal("sent");
    for (const each of outcomes.slice(1)) expect(each).to.match(/nonce 7 below it is free again/);
    upTo = 99;
    await sender.send({ ...call, data: "0x09" });
    const last = node.sent.at(-1);
    expect([last?.nonce, last?.data]).to.deep.equal([7, "0x09"]);
    await sender.send({ ...call, data: "0x0a" });
    expect(store.pending(wallet.address.toLowerCase())).to.deep.equal([]);
  });

  it("behavior: where the base fee grows tenfold all that wait are raised at once, and not one after the other", async () => {
    let baseFee = 10n * GWEI;
    const node = fakeNode((transaction) => (transaction.maxFeePerGas ?? 0n) >= baseFee && baseFee > 10n * GWEI);
    /** How many stand before one when it is raised. */
    const before: number[] = [];
    const rpc: Rpc = async (method, params) => {
      if (method === "eth_sendRawTransaction" && node.sent.length >= 16)
        before.push(Transaction.from(String(params?.[0])).nonce - Number(await node.rpc("eth_getTransactionCount")));
      const answer = await node.rpc(method, params);
      if (node.sent.length === 16) {
        baseFee = 100n * GWEI;
        node.price(baseFee);
      }
      return answer;
    };
    const { sender } = senderOn(rpc, { policy: { ...DEFAULT_POLICY, patience: 1_000 } });
    expect(states(await sender.sendAll(calls(16)))).to.deep.equal(Array(16).fill("sent"));
    expect(before).to.have.length(16);
    expect(Math.max(...before)).to.be.at.least(8);
  });

  it("behavior: a store that fails in the middle takes nothing from what was mined before", async () => {
    const node = fakeNode(() => true);
    const kept = openBookStore();
    let reads = 0;
    const failing = {
      pending: async (of: string) => {
        if (++reads === 2) throw new Error("the database does not answer");
        return kept.pending(of);
      },
      setPending: async (of: string, waiting: Parameters<typeof kept.setPending>[1]) => kept.setPending(of, waiting),
    };
    const { sender } = senderOn(node.rpc, { store: failing });
    const outcomes = await sender.sendAll(calls(4), async ({ data }) => {
      if (data !== "0x02") return undefined;
      // by the time that the third is looked at nothing waits any more
      await pauseFor(50);
      throw new Error("nobody can be sold");
    });
    expect(states(outcomes)).to.deep.equal(["sent", "Error: nobody can be sold", "Error: the database does not answer", "sent"]);
  });

  it("default: a limit that is known is taken, and the node is not asked for one", async () => {
    const node = fakeNode(() => node.sent.length >= 2);
    const { sender } = senderOn(node.rpc);
    await sender.sendAll(calls(2), async ({ data }) => (data === "0x01" ? 77_000n : undefined));
    expect(node.sent.slice(0, 2).map(({ gasLimit }) => gasLimit)).to.deep.equal([77_000n, 125_000n]);
  });
});

describe("liquidationSender", () => {
  const abi = interfaceOf("LiquidationBatch");
  const batch = { ...call, data: abi.encodeFunctionData("liquidateBatch", [[1n, 2n], 3n]), expectedGas: 100_000 };
  const sold = (count: bigint): string => abi.encodeFunctionResult("liquidateBatch", [count]);

  /** What a batch is sent with, by how much gas it takes; nobody is sold by what takes none. */
  async function sentWith(
    takes: bigint,
    expected = batch.expectedGas,
  ): Promise<{ limit: bigint | undefined; asked: (bigint | undefined)[]; said: string }> {
    const asked: (bigint | undefined)[] = [];
    const rpc: Rpc = async (_method, params = []) => {
      const { gas } = params[0] as { gas?: string };
      asked.push(gas === undefined ? undefined : BigInt(gas));
      if (gas !== undefined && BigInt(gas) < takes) throw new RpcFailure({ message: "execution reverted", code: 3 });
      return sold(takes === 0n ? 0n : 2n);
    };
    let limit: bigint | undefined;
    let said = "";
    const sendAll: Sender["sendAll"] = async ([first], ask) => {
      limit = await ask?.(first!).catch((error: unknown) => {
        said = String(error);
        return undefined;
      });
      return [];
    };
    await liquidationSender(rpc, { sendAll, send: () => Promise.reject(new Error("one by one")) })([{ ...batch, expectedGas: expected }]);
    return { limit, asked, said };
  }

  it("default: what does with a quarter more than expected is sent with twice that, and not estimated", async () => {
    expect(await sentWith(125_000n)).to.deep.equal({ limit: 250_000n, asked: [125_000n], said: "" });
    expect(await sentWith(1n, 12_000_000)).to.deep.equal({ limit: 16_777_216n, asked: [15_000_000n], said: "" });
  });

  it("behavior: what needs more, or more than a transaction may take, is left to the node's estimate", async () => {
    expect(await sentWith(125_001n)).to.deep.equal({ limit: undefined, asked: [125_000n, undefined], said: "" });
    expect(await sentWith(1n, 14_000_000)).to.deep.equal({ limit: undefined, asked: [undefined], said: "" });
  });

  it("behavior: what sells nobody is not sent", async () => {
    expect((await sentWith(0n)).said).to.match(/nobody of the batch can be sold now/);
  });
});
