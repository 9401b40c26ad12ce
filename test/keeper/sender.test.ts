import { expect } from "chai";
import { Transaction } from "ethers";
import { openBookStore } from "../../src/keeper/bookStore.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { isRetryable, type Rpc, RpcFailure } from "../../src/sdk/rpc.ts";
import { type SenderEvent, type SenderOptions, TransactionFailure, transactionSender } from "../../src/sdk/sender.ts";
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
    expect(store.pending(wallet.address.toLowerCase())).to.equal(undefined);
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
    expect((await store.pending(wallet.address.toLowerCase()))?.hashes).to.have.length(2);
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
    store.setPending(wallet.address.toLowerCase(), { nonce: 6, fees, hashes: [`0x${"ab".repeat(32)}`], sentAt: 3 });
    await senderOn(node.rpc, { store }).sender.send(call);
    expect(node.sent.map(({ nonce, maxFeePerGas }) => [nonce, maxFeePerGas])).to.deep.equal([[7, 22n * GWEI]]);
  });

  it("behavior: a node that is behind does not make it take a nonce below that of the one that waits", async () => {
    const node = fakeNode(() => false);
    const store = openBookStore();
    store.setPending(wallet.address.toLowerCase(), {
      nonce: 9,
      fees: { maxFee: GWEI, tip: GWEI },
      hashes: [`0x${"ab".repeat(32)}`],
      sentAt: 3,
    });
    const policy = { patience: 1, mostAttempts: 1, highestFee: 500n * GWEI };
    expect(String(await caught(senderOn(node.rpc, { store, policy }).sender.send(call)))).to.match(/waits at nonce 9 of/);
    expect(node.sent.map(({ nonce }) => nonce)).to.deep.equal([9]);
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
    expect(store.pending(wallet.address.toLowerCase())).to.equal(undefined);
  });

  it("behavior: a nonce that another program took is said, and left to the next turn", async () => {
    const node = fakeNode(() => false);
    const { sender, store } = senderOn(node.rpc);
    const failing = caught(sender.send(call));
    setTimeout(() => node.stealNonce(), 3);
    const failure = await failing;
    expect(String(failure)).to.match(/was sent by another program/);
    expect(isRetryable(failure)).to.equal(true);
    expect(store.pending(wallet.address.toLowerCase())).to.equal(undefined);
  });
});
