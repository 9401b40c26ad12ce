import { expect } from "chai";
import { explainError } from "../../src/sdk/errors.ts";
import { logReader } from "../../src/sdk/logs.ts";
import { type NodeEvent, requireChain, severalNodes } from "../../src/sdk/nodes.ts";
import { faultOf, httpRpc, isRetryable, RpcFailure, retryAfterOf, retryingRpc } from "../../src/sdk/rpc.ts";
import { type SenderEvent, type SenderOptions, TransactionFailure, transactionSender } from "../../src/sdk/sender.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { type BareNode, bareNode } from "../helpers/bareNode.ts";
import type { Fault, Rule } from "../helpers/nodeProxy.ts";

const caught = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => undefined,
    (error: unknown) => error,
  );

describe("a node that is not as it should be", function () {
  this.timeout(60_000);
  let node: BareNode;
  before(async () => {
    node = await bareNode();
  });
  after(() => node.close());
  afterEach(() => node.proxy.play());

  /** Plays faults one after the other, then the node's own answers, for one method. */
  const once = (method: string, ...faults: Fault[]): Rule => {
    const left = [...faults];
    return (asked) => (asked.method === method ? left.shift() : undefined);
  };
  const client = () => retryingRpc(httpRpc(node.proxy.url), { attempts: 3, pause: 1 });

  describe("httpRpc", () => {
    it("behavior: what is no JSON-RPC is told with its status and asked again", async () => {
      const bodies: [Fault, RegExp][] = [
        [{ status: 503, body: '{"message":"Service Unavailable"}' }, /^127\.0\.0\.1:\d+ answers 503 Service Unavailable$/],
        [{ status: 504, body: "<html>" }, /answers 504 Gateway Timeout/],
        [{ status: 200, body: "null" }, /answers 200 OK with what is no JSON-RPC/],
        [{ status: 200, body: '{"result":"0x1"}' }, /with what is no JSON-RPC/],
        [{ status: 200, body: '{"jsonrpc":"2.0","id":99999,"result":"0x1"}' }, /with what is no JSON-RPC/],
        [{ result: null }, /answers nothing to eth_chainId/],
        [{ cut: "before" }, /no node answers at 127/],
      ];
      for (const [fault, message] of bodies) {
        node.proxy.play(once("eth_chainId", fault));
        const failure = await caught(httpRpc(node.proxy.url)("eth_chainId"));
        expect(explainError(failure)).to.match(message);
        expect(isRetryable(failure), String(message)).to.equal(true);
        node.proxy.play(once("eth_chainId", fault, fault));
        expect(await client()("eth_chainId")).to.equal("0x7a69");
        expect(node.proxy.asked).to.have.length(3);
      }
      node.proxy.play(once("eth_getLogs", { result: null }));
      expect(await client()("eth_getLogs", [{ fromBlock: "0x0", toBlock: "0x0" }])).to.deep.equal([]);
      node.proxy.play(once("eth_chainId", { status: 401, body: '{"error":""}' }));
      const refused = await caught(client()("eth_chainId"));
      expect(explainError(refused)).to.match(/answers 401 Unauthorized \(the node wants a key or a password/);
      expect(node.proxy.asked).to.have.length(1);
    });

    it("behavior: a name and password become a header and are in no message", async () => {
      const url = node.proxy.url.replace("http://", "http://user:p%40ss@");
      expect(await httpRpc(url)("eth_chainId")).to.equal("0x7a69");
      expect(node.proxy.asked[0]?.headers.authorization).to.equal(`Basic ${Buffer.from("user:p@ss").toString("base64")}`);
      const words = { code: -32_000, message: `no such project: ${url}/v2/secret` };
      node.proxy.play(once("eth_chainId", { error: words }));
      expect(explainError(await caught(httpRpc(url)("eth_chainId")))).to.not.match(/p%40ss|p@ss|secret/);
    });

    it("behavior: Retry-After is seconds or a date, and waited for", async () => {
      expect(retryAfterOf("2")).to.equal(2_000);
      expect(retryAfterOf("Sun, 29 Nov 2026 10:00:05 GMT", Date.parse("2026-11-29T10:00:00Z"))).to.equal(5_000);
      expect([retryAfterOf(null), retryAfterOf("soon"), retryAfterOf("86400")]).to.deep.equal([undefined, undefined, 60_000]);
      node.proxy.play(once("eth_chainId", { status: 429, body: "", headers: { "retry-after": "0.1" } }));
      const started = performance.now();
      expect(await client()("eth_chainId")).to.equal("0x7a69");
      expect(performance.now() - started).to.be.within(95, 5_000);
    });

    it("args: what clients and providers say, and what it means", () => {
      const said: [fault: string, method: string, code: number, messages: string[]][] = [
        [
          "notYet",
          "eth_getLogs",
          -32_602,
          [
            "block range extends beyond current head block: requested 12, head 11",
            "BlockOutOfRangeError: block height is 54 but requested was 55",
            "One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be found.",
            "block not found",
            "header not found",
          ],
        ],
        ["notYet", "eth_getTransactionReceipt", -32_000, ["transaction indexing is in progress"]],
        [
          "tooLarge",
          "eth_getLogs",
          -32_000,
          [
            "exceed maximum block range: 5000",
            "eth_getLogs is limited to a 10,000 range",
            "Block range is too large",
            "query exceeds max results 20000",
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range",
            "requested too many blocks from 1 to 5000, maximum is set to 2048",
            "query timeout exceeded",
          ],
        ],
        ["tooLarge", "eth_getLogs", -32_005, ["query returned more than 10000 results", "limit exceeded"]],
        ["rateLimited", "eth_getLogs", -32_005, ["daily request count exceeded, request rate limited", "project ID request rate exceeded"]],
        ["rateLimited", "eth_call", -32_005, ["limit exceeded"]],
        ["rateLimited", "eth_call", 429, ["Your app has exceeded its compute units per second capacity."]],
        ["unavailable", "eth_call", -32_603, ["Internal error"]],
        ["unavailable", "eth_blockNumber", -32_000, ["Unable to complete request at this time.", "something that nobody has said before"]],
        ["refused", "eth_feeHistory", -32_601, ["the method eth_feeHistory does not exist/is not available"]],
        ["refused", "eth_estimateGas", -32_000, ["insufficient funds for gas * price + value"]],
        ["reverted", "eth_call", 3, ["execution reverted: rate limit exceeded"]],
      ];
      for (const [fault, method, code, messages] of said)
        for (const message of messages) expect(faultOf({ method, code, message }), message).to.equal(fault);
      expect(isRetryable(new TypeError("x"))).to.equal(false);
      expect(isRetryable(undefined)).to.equal(false);
      expect(isRetryable(Object.assign(new Error("x"), { code: "ECONNRESET" }))).to.equal(true);
    });
  });

  describe("severalNodes", () => {
    let clock = 0;
    /** A node of which only the head is played; `faults` come before its answers. */
    const played = (host: string, head: { number: number; fork?: string }) => {
      const faults: { status: number; retryAfter?: number }[] = [];
      const asked: string[] = [];
      const rpc = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
        asked.push(method);
        const fault = faults.shift();
        if (fault !== undefined)
          throw new RpcFailure({ method, status: fault.status, message: `${host} answers ${fault.status}` }, undefined, fault.retryAfter);
        if (method === "eth_getTransactionByHash") return null;
        if (method !== "eth_getBlockByNumber") return host;
        const number = params[0] === "latest" ? head.number : Number(params[0]);
        return { number: `0x${number.toString(16)}`, hash: `${head.fork ?? "a"}${number}` };
      };
      return { host, rpc, head, faults, asked };
    };
    const together = (nodes: readonly ReturnType<typeof played>[], privately?: ReturnType<typeof played>) => {
      const events: NodeEvent[] = [];
      const common = { now: () => clock, lookEvery: 1_000, onEvent: (event: NodeEvent) => void events.push(event) };
      const rpc = severalNodes(nodes, privately === undefined ? common : { ...common, privately });
      return { rpc, events, left: () => events.splice(0).map(({ host, kind }) => `${host} ${kind}`) };
    };

    it("behavior: the next is asked at once where one is busy, broken or lets nobody in; it rests as long as it says", async () => {
      const [first, second] = [played("first", { number: 9 }), played("second", { number: 9 })];
      const { rpc, left } = together([first, second]);
      expect(await rpc("eth_chainId")).to.equal("first");
      for (const status of [429, 500, 401]) {
        first.faults.push({ status, retryAfter: 5_000 });
        expect(await rpc("eth_chainId"), String(status)).to.equal("second");
        expect(left()).to.deep.equal(["first left"]);
        clock += 4_999;
        expect(await rpc("eth_chainId")).to.equal("second");
        clock += 1;
        expect(await rpc("eth_chainId")).to.equal("first");
        expect(left()).to.deep.equal(["first back"]);
      }
      // where nobody is well all are asked, and the last one's words are thrown
      first.faults.push({ status: 500 });
      second.faults.push({ status: 503 });
      expect(explainError(await caught(rpc("eth_chainId")))).to.equal("second answers 503");
      expect(await rpc("eth_chainId")).to.be.oneOf(["first", "second"]);
    });

    it("behavior: a head that stays behind, or is of another fork than most, is left out until it is not", async () => {
      const [stale, forked, good, other] = [
        played("stale", { number: 5 }),
        played("forked", { number: 10, fork: "b" }),
        played("good", { number: 10 }),
        played("other", { number: 9 }),
      ];
      clock = 0;
      const { rpc, events, left } = together([stale, forked, good, other]);
      expect(await rpc("eth_chainId")).to.equal("good");
      expect(events.map(({ reason }) => reason)).to.deep.equal(["its head is 5 blocks behind", "its block 9 is not that of the others"]);
      left();
      Object.assign(stale.head, { number: 10 });
      clock += 1_000;
      expect(await rpc("eth_chainId")).to.equal("stale");
      Object.assign(forked.head, { fork: "a" });
      clock += 1_000;
      await rpc("eth_chainId");
      expect(left()).to.deep.equal(["stale back", "forked back"]);
      // three blocks are nothing
      Object.assign(stale.head, { number: 7 });
      clock += 1_000;
      expect(await rpc("eth_chainId")).to.equal("stale");
    });

    it("behavior: signed transactions go to the private node alone, which is asked for what others do not know", async () => {
      const [open, hidden] = [played("open", { number: 1 }), played("hidden", { number: 1 })];
      const { rpc } = together([open], hidden);
      expect(await rpc("eth_sendRawTransaction", ["0x"])).to.equal("hidden");
      await rpc("eth_getTransactionByHash", ["0x"]);
      expect(hidden.asked).to.deep.equal(["eth_sendRawTransaction", "eth_getTransactionByHash"]);
      expect(open.asked).to.deep.equal(["eth_getTransactionByHash"]);
    });

    it("args: a node of another chain is refused by name; one that does not answer is passed over", async () => {
      const of = (host: string, chainId: string) => ({ host, rpc: async () => chainId });
      const silent = { host: "silent", rpc: () => Promise.reject(new RpcFailure({ message: "silent answers 500" })) };
      await requireChain([silent, of("one", "0x7")], 7, "net");
      expect(explainError(await caught(requireChain([of("one", "0x7"), of("two", "0x8")], 7, "net")))).to.equal(
        "the node at two is on chain 8, but net is deployed on chain 7",
      );
      expect(explainError(await caught(requireChain([silent, silent], 7, "net")))).to.equal("silent answers 500");
    });
  });

  describe("logReader", () => {
    const place = `0x${"12".repeat(20)}`;

    it("behavior: a refusal of size costs no pause, is remembered, and a longer stretch is tried again", async () => {
      await node.rpc("hardhat_mine", ["0x400"]);
      const latest = Number(await node.rpc("eth_blockNumber"));
      let most = 20;
      const lengths: number[] = [];
      node.proxy.play(({ method, params }) => {
        if (method !== "eth_getLogs") return undefined;
        const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
        const length = Number(toBlock) - Number(fromBlock) + 1;
        lengths.push(length);
        return length > most ? { error: { code: -32_005, message: "limit exceeded" } } : undefined;
      });
      const slow = retryingRpc(httpRpc(node.proxy.url), { attempts: 5, pause: 10_000 });
      const reader = logReader(slow);
      await reader.all(place, 0, latest);
      const told = lengths.filter((length) => length <= 20).reduce((sum, length) => sum + length, 0);
      expect(told).to.equal(latest + 1);
      expect(lengths.filter((length) => length > 20).length).to.be.lessThan(20);
      [most, lengths.length] = [10_000, 0];
      await reader.all(place, 0, latest);
      expect(Math.max(...lengths)).to.be.greaterThan(100);
    });
  });

  describe("transactionSender", () => {
    const call = { from: localWallet(3).address, to: `0x${"12".repeat(20)}`, data: "0x", value: 1n };
    const sender = (more: Partial<SenderOptions> = {}) => {
      const events: SenderEvent[] = [];
      const options = { rpc: client(), wallet: localWallet(3), chainId: 31_337, pollingInterval: 2, patience: 5_000 };
      return { events, ...transactionSender({ ...options, onEvent: (event) => events.push(event), ...more }) };
    };
    const paid = async (): Promise<bigint> => BigInt((await node.rpc("eth_getBalance", [call.to, "latest"])) as string);

    it("behavior: a receipt that is not indexed yet, a 502 and a cut are waited out", async () => {
      const before = await paid();
      node.proxy.play(
        once(
          "eth_getTransactionReceipt",
          { error: { code: -32_000, message: "transaction indexing is in progress" } },
          { error: { code: -32_000, message: "transaction indexing is in progress" } },
          { error: { code: -32_000, message: "transaction indexing is in progress" } },
          { status: 502, body: "Bad Gateway" },
          { result: null },
          { cut: "before" },
        ),
      );
      const { send, events } = sender();
      expect((await send(call)).attempts).to.equal(1);
      expect(events.map(({ kind }) => kind)).to.deep.equal(["sent", "mined"]);
      expect(await paid()).to.equal(before + 1n);
    });

    it("behavior: an answer that was cut after the node took it is no reason to send twice", async () => {
      const before = await paid();
      node.proxy.play(once("eth_sendRawTransaction", { cut: "after" }));
      await sender().send(call);
      expect(await paid()).to.equal(before + 1n);
    });

    it("behavior: what was dropped is sent again; what is never mined ends after the stated time with its hash and nonce", async () => {
      const before = await paid();
      node.proxy.play(once("eth_sendRawTransaction", { result: `0x${"ab".repeat(32)}` }));
      await sender().send(call);
      expect(await paid()).to.equal(before + 1n);
      node.proxy.play(({ method }) => (method === "eth_sendRawTransaction" ? { result: `0x${"ab".repeat(32)}` } : undefined));
      const { send, events } = sender({ patience: 100 });
      const failure = await caught(send(call));
      expect(failure).to.be.instanceOf(TransactionFailure);
      const [first] = events;
      const hash = first?.kind === "sent" ? first.hash : "";
      expect(explainError(failure)).to.match(
        new RegExp(`^transaction ${hash} waits at nonce \\d+ of 0x[0-9a-f]{40}: not known to be mined after`),
      );
      expect(isRetryable(failure)).to.equal(true);
    });

    it("behavior: a replacement that is refused in whatever words is offered dearer, and the one that waits is found mined", async () => {
      await node.rpc("evm_setAutomine", [false]);
      try {
        const refusals = ["could not replace existing tx", "ReplacementNotAllowed", "something new"];
        let sent = 0;
        node.proxy.play(async ({ method }) => {
          if (method !== "eth_sendRawTransaction" || ++sent === 1) return undefined;
          const message = refusals[sent - 2];
          if (message === undefined) await node.rpc("evm_mine");
          return message === undefined ? { error: { code: -32_000, message: "OldNonce" } } : { error: { code: -32_010, message } };
        });
        const policy = { patience: 0, mostAttempts: 9, highestFee: 10n ** 15n };
        const { send, events } = sender({ policy });
        await send(call);
        expect(sent).to.equal(5);
        expect(events.map(({ kind }) => kind)).to.deep.equal(["sent", "mined"]);
      } finally {
        await node.rpc("evm_setAutomine", [true]);
      }
    });

    it("behavior: a node that knows no type 2 is sent the older form", async () => {
      const types: string[] = [];
      node.proxy.play(({ method, params }) => {
        if (method !== "eth_sendRawTransaction") return undefined;
        types.push(String(params[0]).slice(0, 4));
        return String(params[0]).startsWith("0x02") ? { error: { code: -32_000, message: "transaction type not supported" } } : undefined;
      });
      await sender().send(call);
      expect(types[0]).to.equal("0x02");
      expect(types).to.have.length(2);
      // a chain without a base fee is not asked twice
      node.proxy.play(async ({ method, params }, real) => {
        if (method !== "eth_getBlockByNumber") return undefined;
        const { baseFeePerGas: _, ...block } = (await real(method, params)) as Record<string, unknown>;
        return { result: block };
      });
      expect((await sender().send(call)).attempts).to.equal(1);
    });

    it("behavior: a fee below the base fee is raised, and what will never be taken is said in the node's words", async () => {
      node.proxy.play(once("eth_sendRawTransaction", { error: { code: -32_000, message: "max fee per gas less than block base fee" } }));
      expect((await sender().send(call)).attempts).to.equal(2);
      node.proxy.play(once("eth_sendRawTransaction", { error: { code: -32_000, message: "the sender is on a list" } }));
      expect(explainError(await caught(sender().send(call)))).to.equal("the sender is on a list");
    });

    it("behavior: what is mined and fails has its hash and reason", async () => {
      // INVALID
      await node.rpc("hardhat_setCode", [call.to, "0xfe"]);
      try {
        node.proxy.play(once("eth_estimateGas", { result: "0x20000" }));
        const failure = await caught(sender().send(call));
        expect(explainError(failure)).to.match(/^transaction 0x[0-9a-f]{64} failed: out of gas/);
        expect(failure).to.be.instanceOf(TransactionFailure);
        expect(failure).to.not.be.instanceOf(RpcFailure);
      } finally {
        await node.rpc("hardhat_setCode", [call.to, "0x"]);
      }
    });
  });
});
