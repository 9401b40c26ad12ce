import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Signature } from "ethers";
import { pino } from "pino";
import { projectRoot } from "../../scripts/lib/run.ts";
import { type NameOf, turnLines } from "../../src/cli/turnLines.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { type BookStore, openBookStore } from "../../src/keeper/bookStore.ts";
import { followBooks } from "../../src/keeper/books.ts";
import { liquidationSender } from "../../src/keeper/liquidationSender.ts";
import { keeperMetrics } from "../../src/keeper/metrics.ts";
import { runKeeper } from "../../src/keeper/runKeeper.ts";
import { keepersTurn, type TurnReport } from "../../src/keeper/turn.ts";
import { vaultCall } from "../../src/sdk/calls.ts";
import { deploymentPath, writeDeployment } from "../../src/sdk/deploymentFile.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { httpRpc, retryingRpc } from "../../src/sdk/rpc.ts";
import { transactionSender } from "../../src/sdk/sender.ts";
import { passTime, showAccount } from "../../src/simulator/devnet.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { type Fault, type NodeProxy, nodeProxy, type Rule } from "../helpers/nodeProxy.ts";
import { type Answer, plimsollHere, type ServedDevnet, serveDevnet } from "../helpers/plimsoll.ts";

describe("what operators meet, on a devnet behind a proxy", function () {
  this.timeout(300_000);
  let devnet: ServedDevnet;
  let proxy: NodeProxy;
  let where: readonly string[];
  /** The same deployment, as if on a chain of its own. */
  const elsewhere = `elsewhere-${process.pid}`;

  before(async () => {
    devnet = await serveDevnet();
    proxy = await nodeProxy(devnet.url);
    where = [...devnet.where.slice(0, 2), "--rpc", proxy.url];
    writeDeployment(projectRoot, { ...devnet.record, network: elsewhere, chainId: 4242 });
  });
  after(async () => {
    rmSync(deploymentPath(projectRoot, elsewhere), { force: true });
    await proxy.close();
    await devnet.close();
  });
  afterEach(() => proxy.play());

  const run = (args: readonly string[], at: readonly string[] = where): Promise<Answer> => plimsollHere([...args, ...at]);
  const refused = async (message: RegExp, code: number, args: readonly string[], at = where): Promise<void> => {
    const answer = await run(args, at);
    expect(answer.err, args.join(" ")).to.match(message);
    expect(answer.code, args.join(" ")).to.equal(code);
  };
  const said = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await run(args);
    expect({ code, err }, args.join(" ")).to.deep.equal({ code: 0, err: "" });
    return out;
  };
  /** A fault for the first requests of a method. */
  const first = (method: string, times: number, fault: Fault): Rule => {
    let left = times;
    return (asked) => (asked.method === method && left-- > 0 ? fault : undefined);
  };
  const keeper = localWallet(9);
  const client = () => retryingRpc(httpRpc(proxy.url), { attempts: 2, pause: 1 });
  const senderOf = (store: BookStore) =>
    transactionSender({ rpc: client(), wallet: keeper, chainId: devnet.record.chainId, store, pollingInterval: 5, patience: 10_000 });

  it("behavior: a running keeper survives whatever a node says, and reads nothing anew because a node is behind", async () => {
    const { record } = devnet;
    const store = openBookStore();
    const reasons: string[] = [];
    const books = followBooks(client(), record.contracts.vault, record.block, { store, onAnew: (reason) => reasons.push(reason) });
    const ending = new AbortController();
    let onTurn: () => void = () => {};
    const metrics = keeperMetrics(accountIdOf(keeper.address), []);
    const common = { logger: pino({ level: "silent" }), metrics, signal: ending.signal };
    const from = keeper.address;
    // a dry run: what is sent has tests of its own
    const running = runKeeper({ common, books, record, from, keeper: accountIdOf(from), interval: 1, once: false, onTurn: () => onTurn() });
    const turn = () => new Promise<void>((resolve) => (onTurn = resolve));
    await turn();
    const error = (message: string, code = -32_000): Fault => ({ error: { code, message } });
    const faults: [method: string, fault: Fault][] = [
      ["eth_getLogs", error("block range extends beyond current head block: requested 12, head 11", -32_602)],
      ["eth_getLogs", error("One of the blocks specified in filter (fromBlock, toBlock or blockHash) cannot be found.")],
      ["eth_getLogs", error("Internal error", -32_603)],
      ["eth_getLogs", error("something that no client has ever said", -31_999)],
      ["eth_getLogs", { result: null }],
      ["eth_getBlockByNumber", error("Unable to complete request at this time.")],
      ["eth_getBlockByNumber", error("block not found")],
      ["eth_getBlockByNumber", { result: null }],
      ["eth_call", { status: 503, body: '{"message":"Service Unavailable"}' }],
      ["eth_call", { status: 504, body: "<html></html>" }],
      ["eth_call", { status: 200, body: "null" }],
      ["eth_call", { status: 401, body: '{"error":""}' }],
      ["eth_call", { cut: "before" }],
    ];
    for (const [method, fault] of faults) {
      await devnet.rpc("evm_mine");
      // three times: more than a request is made again
      proxy.play(first(method, 3, fault));
      await turn();
      await turn();
    }
    // one block back, and two, again and again
    proxy.play(async ({ method, params }, real) => {
      if (method !== "eth_getBlockByNumber" || params[0] !== "latest") return undefined;
      const { number } = (await real(method, ["latest", false])) as { number: string };
      return { result: await real(method, [`0x${(Number(number) - 1 - (proxy.asked.length % 2)).toString(16)}`, false]) };
    });
    for (let i = 0; i < 6; i++) {
      if (i === 3) await devnet.rpc("evm_mine");
      await turn();
    }
    expect(reasons).to.deep.equal([]);
    expect((await metrics.registry.metrics()).match(/failed_turns_total\{.*\} [1-9]/)).to.not.equal(null);
    ending.abort();
    await running;
    store.close();
  });

  it("behavior: check reads from the block of the deployment in stretches that the node allows", async () => {
    proxy.play(({ method, params }) => {
      if (method !== "eth_getLogs") return undefined;
      const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
      const length = Number(toBlock) - Number(fromBlock) + 1;
      return length > 20 ? { error: { code: -32_602, message: "eth_getLogs is limited to a 20 range" } } : undefined;
    });
    const { out } = await run(["check", "--json"]);
    expect(JSON.parse(out)).to.include({ vaultMinusClaims: "0", replayDifferences: 0, wronglyLiquidated: 0 });
    const asked = proxy.asked.filter(({ method }) => method === "eth_getLogs").map(({ params }) => params[0] as { fromBlock: string });
    expect(Math.min(...asked.map(({ fromBlock }) => Number(fromBlock)))).to.equal(devnet.record.block);
  });

  it("behavior: what a stranger gives the vault is told and no alarm; what is missing is", async () => {
    const { address } = devnet.record.settlementToken;
    const { vault } = devnet.record.contracts;
    const stranger = localWallet(15).address;
    const token = interfaceOf("FaucetToken");
    const snapshot = await devnet.rpc("evm_snapshot");
    await devnet.rpc("eth_sendTransaction", [{ from: stranger, to: address, data: token.encodeFunctionData("mint", [vault, 1n]) }]);
    const { code, out } = await run(["check"]);
    expect(out)
      .to.match(/^vaultMinusClaims +0\.000001$/m)
      .and.to.match(/no fault/);
    expect(code).to.equal(0);
    await devnet.rpc("hardhat_impersonateAccount", [vault]);
    await devnet.rpc("hardhat_setBalance", [vault, "0xde0b6b3a7640000"]);
    await devnet.rpc("eth_sendTransaction", [
      { from: vault, to: address, data: token.encodeFunctionData("transfer", [stranger, 2_000_001n]), gas: "0x30d40" },
    ]);
    const short = await run(["check"]);
    expect(short.out).to.match(/^vaultMinusClaims +-2$/m);
    expect(short.code).to.equal(1);
    await devnet.rpc("evm_revert", [snapshot]);
  });

  it("args: shorthands of the local chain reach no other, and nobody is paid at a place that is none", async () => {
    const at = ["--network", elsewhere, "--rpc", proxy.url];
    const onAnother: Rule = ({ method }) => (method === "eth_chainId" ? { result: "0x1092" } : undefined);
    const withKey = async (args: readonly string[], message: RegExp): Promise<void> => {
      process.env.PLIMSOLL_KEY = localWallet(12).privateKey;
      proxy.play(onAnother);
      try {
        await refused(message, 2, args, at);
      } finally {
        process.env.PLIMSOLL_KEY = undefined;
        delete process.env.PLIMSOLL_KEY;
      }
    };
    await withKey(["withdraw", "pUSD", "30", "--to", "12"], /account 12 is one of a local chain, whose keys everybody knows/);
    await withKey(["keep", "--once", "--account", "12"], /account 12 is one of a local chain/);
    await withKey(["account", "12"], /account 12 is one of a local chain/);
    await withKey(["liquidate", "12"], /account 12 is one of a local chain/);
    await withKey(["exchange", "show", "12"], /account 12 is one of a local chain/);
    await withKey(["withdraw", "pUSD", "30", "--as", "12"], /--as: account 12 is one of a local chain/);
    proxy.play();
    const { address } = localWallet(12);
    const slip = address.replace(/[a-f](?=[^a-f]*$)/, (letter) => letter.toUpperCase());
    expect(slip).to.not.equal(address);
    const { contracts, settlementToken } = devnet.record;
    await refused(/whose capital letters do not match it/, 2, ["withdraw", "pUSD", "30", "--to", slip]);
    await refused(/whose capital letters do not match it/, 2, ["account", slip]);
    await refused(/is a sub-account of the vault/, 2, ["withdraw", "pUSD", "30", "--to", `${address}/3`]);
    await refused(/is the vault of/, 2, ["withdraw", "pUSD", "30", "--to", contracts.vault]);
    await refused(/is the insuranceFund of/, 2, ["withdraw", "pUSD", "30", "--to", contracts.insuranceFund.toLowerCase()]);
    await refused(/is the pUSD of/, 2, ["withdraw", "pUSD", "30", "--to", settlementToken.address]);
    await refused(/address zero/, 2, ["withdraw", "pUSD", "30", "--to", `0x${"00".repeat(20)}`]);
  });

  it("behavior: commands send through a node that takes no batches, loses answers and indexes late, and price set pays its gas", async () => {
    proxy.play(first("eth_getTransactionReceipt", 2, { error: { code: -32_000, message: "transaction indexing is in progress" } }));
    await said("faucet", "pUSD", "100", "--as", "13");
    proxy.play(first("eth_sendRawTransaction", 1, { cut: "after" }));
    await said("deposit", "pUSD", "40", "--as", "13");
    proxy.play(({ method }) => (method === "eth_sendTransaction" ? { error: { code: -32_601, message: "no such method" } } : undefined));
    await said("price", "set", "BTC", "60000");
    proxy.play(({ method }) => (method === "eth_getTransactionReceipt" ? { result: null } : undefined));
    await refused(/^error: transaction 0x[0-9a-f]{64} waits at nonce \d+ of 0x[0-9a-f]{40}: .*its nonce is used up/m, 1, [
      ...["withdraw", "pUSD", "1", "--as", "13", "--wait", "1"],
    ]);
  });

  it("behavior: liquidate says of each account why it is not sold", async () => {
    const snapshot = await devnet.rpc("evm_snapshot");
    await passTime(devnet.rpc, 7_200);
    await refused(/account 11: not liquidated: it is below its line at the last prices.*; account 12: not liquidated: AccountHealthy/, 1, [
      "liquidate",
      "11",
      "12",
    ]);
    await devnet.rpc("evm_revert", [snapshot]);
  });

  it("behavior: an order is shown and taken with whatever form of its signature a wallet returned, and not with another", async () => {
    const path = join(tmpdir(), `plimsoll-order-${process.pid}.json`);
    const snapshot = await devnet.rpc("evm_snapshot");
    try {
      await devnet.refreshPrices();
      await said("order", "sign", "sell", "ETH", "6", "--limit", "mark", "--as", "10", "--out", path);
      const file = JSON.parse(readFileSync(path, "utf8")) as { order: object; signature: string };
      const { r, s, v, compactSerialized } = Signature.from(file.signature);
      const with_ = (signature: string): void => writeFileSync(path, JSON.stringify({ ...file, signature }));
      with_(`${r}${s.slice(2)}${v === 27 ? "1c" : "1b"}`);
      expect(await said("order", "show", path)).to.match(/the signature is not one of 0x\w+ for this order: nobody can take it/);
      await refused(/the order cannot be taken: the signature is for another order/, 1, ["order", "take", path, "--as", "12"]);
      for (const [signature, size] of [
        [`${r}${s.slice(2)}0${v - 27}`, "2"],
        [compactSerialized, "3"],
      ] as const) {
        with_(signature);
        expect(JSON.parse(await said("order", "show", path, "--json"))).to.include({ signatureFault: null });
        expect(await said("order", "take", path, "--size", size, "--as", "12")).to.match(new RegExp(`^bought ${size} ETH-PERP at `));
      }
      await refused(/the order is one of account 10: who signed it cancels it/, 2, ["order", "cancel", path, "--as", "12"]);
      expect(await said("order", "cancel", path, "--as", "10")).to.match(/^cancelled/);
      await refused(/who signed it has cancelled it/, 1, ["order", "take", path, "--as", "12"]);
      await said("order", "sign", "sell", "ETH", "1", "--limit", "mark", "--as", "10", "--nonce", "77", "--out", path);
      // what is too small is said in words for who reads it, with units
      await refused(
        /^error: account 13 would hold 0\.01 ETH-PERP, worth less than 500 pUSD, the least that a position may be \(trade more, or close all of it\)$/m,
        1,
        [...["order", "take", path, "--size", "0.01", "--as", "13"]],
      );
    } finally {
      rmSync(path, { force: true });
      await devnet.rpc("evm_revert", [snapshot]);
    }
    await refused(/the vault holds [\d.]+ pUSD in all, less than 900000000000$/m, 1, ["withdraw", "pUSD", "900000000000", "--as", "13"]);
    await refused(/your wallet 0x\w+ holds [\d.]+ pUSD, less than 900000000000$/m, 1, ["deposit", "pUSD", "900000000000", "--as", "13"]);
  });

  it("behavior: who loses a race earns nothing and says so; a turn's income is that of its own receipts", async () => {
    const { record, rpc } = devnet;
    await devnet.refreshPrices();
    const snapshot = await rpc("evm_snapshot");
    const rival = localWallet(14).address;
    const victim = accountIdOf(localWallet(11).address);
    const turnWith = async (rule: Rule): Promise<TurnReport> => {
      const store = openBookStore();
      const books = followBooks(client(), record.contracts.vault, record.block, { store });
      proxy.play(rule);
      const sender = liquidationSender(client(), senderOf(store));
      const report = await keepersTurn({ books, record, from: keeper.address, keeper: accountIdOf(keeper.address), send: sender });
      store.close();
      return report;
    };
    const names: NameOf = (what) => (typeof what === "bigint" ? showAccount(what) : "");
    const lost = await turnWith(async ({ method }) => {
      if (method !== "eth_sendRawTransaction") return undefined;
      const { to, data } = vaultCall(record, rival, "liquidate", [victim, accountIdOf(rival)]);
      await rpc("eth_sendTransaction", [{ from: rival, to, data, gas: "0x7a1200" }]);
      return undefined;
    });
    expect(lost.sales).to.deep.equal([]);
    expect(lost.failures).to.deep.equal([]);
    expect(lost.missed.map(({ account, by }) => [showAccount(account), by === undefined ? "" : showAccount(by)])).to.deep.equal([
      ["account 11", "account 14"],
    ]);
    const lines = turnLines(lost, names);
    expect(lines.filter((line) => /liquidated account|the keeper earned/.test(line))).to.deep.equal([]);
    expect(lines[0]).to.match(/^not liquidated: account 11: sold by account 14; transaction 0x[0-9a-f]{64} earned nothing with it$/);

    await rpc("evm_revert", [snapshot]);
    // the books are behind what was mined: the receipt says it all the same
    let [sent, behind] = [false, ""];
    const won = await turnWith(async ({ method, params }, real) => {
      if (method === "eth_sendRawTransaction") [sent, behind] = [true, (await real("eth_blockNumber", [])) as string];
      return sent && method === "eth_getBlockByNumber" && params[0] === "latest"
        ? { result: await real(method, [behind, false]) }
        : undefined;
    });
    expect(won.sales.map(({ account, keeper: by }) => [showAccount(account), showAccount(by)])).to.deep.equal([
      ["account 11", "account 9"],
    ]);
    expect(won.missed).to.deep.equal([]);
  });
});
