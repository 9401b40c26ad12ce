import { expect } from "chai";
import { check } from "../../src/checker/checker.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { followBooks } from "../../src/keeper/books.ts";
import { keepersTurn, oneByOne } from "../../src/keeper/turn.ts";
import type { Call } from "../../src/sdk/calls.ts";
import type { DeploymentRecord } from "../../src/sdk/deploymentRecord.ts";
import { explainError } from "../../src/sdk/errors.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import type { Rpc } from "../../src/sdk/rpc.ts";
import type { ReceiptLog } from "../../src/sdk/sender.ts";
import { showAccount, startDevnet } from "../../src/simulator/devnet.ts";
import type { LiquidationBatch } from "../../typechain-types/index.ts";
import { deployContract } from "../helpers/deploy.ts";
import { createWorld, eth, idOf, usd, WAD } from "../helpers/vaultWorld.ts";

describe("a keeper's turn", function () {
  this.timeout(120_000);

  it("behavior: a batch that fails is reported and the others are sent", async () => {
    const world = await createWorld();
    const { vault, alice, bob, carol, dave, erin } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(1_000_000));
    await world.refresh();
    // the first is the least healthy
    for (const [trader, margin] of [
      [alice, 1_700],
      [carol, 1_720],
      [dave, 1_740],
    ] as const) {
      await world.deposit(trader, usd(margin));
      await world.trade(trader, bob, 0, eth(100));
    }
    await world.move(0, 1_900n * WAD);
    const rpc: Rpc = (method, params = []) => world.connection.provider.request({ method, params: [...params] });
    const batch = await deployContract<LiquidationBatch>(world.connection, "LiquidationBatch", vault);
    const record = { contracts: { vault: await vault.getAddress(), liquidationBatch: await batch.getAddress() } } as DeploymentRecord;
    const calls: Call[] = [];
    const send = oneByOne(async (call) => {
      calls.push(call);
      if (calls.length === 1) throw new Error("the node refused it");
      const hash = (await rpc("eth_sendTransaction", [{ from: call.from, to: call.to, data: call.data }])) as string;
      const { logs } = (await rpc("eth_getTransactionReceipt", [hash])) as { logs: ReceiptLog[] };
      return { hash, logs };
    });
    const books = followBooks(rpc, record.contracts.vault, 0);
    const turn = await keepersTurn({ books, record, from: erin.address, keeper: idOf(erin), send, batchSize: 1 });
    expect(turn.planned.map(({ account }) => account)).to.deep.equal([idOf(alice), idOf(carol), idOf(dave)]);
    expect(calls).to.have.length(3);
    expect(turn.failures.map(({ accounts, error }) => [accounts, explainError(error)])).to.deep.equal([
      [[idOf(alice)], "the node refused it"],
    ]);
    expect(turn.sales.map(({ account, keeper }) => [account, keeper])).to.deep.equal([
      [idOf(carol), idOf(erin)],
      [idOf(dave), idOf(erin)],
    ]);
    expect(accountIdOf(erin.address.toLowerCase())).to.equal(idOf(erin));
    const next = await keepersTurn({ books, record, from: erin.address, keeper: idOf(erin), send, batchSize: 1 });
    expect(next.sales.map(({ account }) => account)).to.deep.equal([idOf(alice)]);
    expect(next.failures).to.deep.equal([]);
  });

  it("behavior: without a way to send it plans and changes nothing", async () => {
    const devnet = await startDevnet(0);
    try {
      const { rpc, record } = devnet;
      await devnet.refreshPrices();
      const before = await rpc("eth_blockNumber");
      const books = followBooks(rpc, record.contracts.vault, record.block);
      const turn = await keepersTurn({ books, record, from: `0x${"11".repeat(20)}`, keeper: 0n });
      expect(turn.planned.map(({ account }) => showAccount(account))).to.deep.equal(["account 11"]);
      expect(turn).to.deep.include({ below: 1, sales: [], failures: [] });
      expect(await rpc("eth_blockNumber")).to.equal(before);
    } finally {
      await devnet.close();
    }
  });

  it("behavior: a batch that cannot be carried out costs nothing, and the next turn does what was left", async () => {
    const devnet = await startDevnet(0);
    try {
      const { rpc, record } = devnet;
      const batch = record.contracts.liquidationBatch;
      const judge = () => check(rpc, record.contracts.vault, interfaceOf("IMarginVault"));
      await devnet.refreshPrices();
      const code = await rpc("eth_getCode", [batch, "latest"]);
      // INVALID: whatever is sent there fails
      await rpc("hardhat_setCode", [batch, "0xfe"]);
      const block = await rpc("eth_blockNumber");
      for (let turn = 0; turn < 2; turn++) {
        const { sales, failures } = await devnet.keep();
        expect(sales, `turn ${turn}`).to.deep.equal([]);
        expect(
          failures.map(({ accounts }) => accounts.map((each) => showAccount(each))),
          `turn ${turn}`,
        ).to.deep.equal([["account 11"]]);
        expect(explainError(failures[0]?.error)).to.match(/invalid opcode/i);
      }
      expect(await rpc("eth_blockNumber")).to.equal(block);
      expect(await judge()).to.include({ belowMaintenance: 1, liquidations: 0, vaultMinusClaims: "0" });
      await rpc("hardhat_setCode", [batch, code]);
      await devnet.refreshPrices();
      expect((await devnet.keep()).sales.map(({ account }) => showAccount(account))).to.deep.equal(["account 11"]);
      expect(await judge()).to.include({ liquidations: 1, wronglyLiquidated: 0, vaultMinusClaims: "0" });
      expect(await devnet.keep()).to.deep.include({ planned: [], sales: [], failures: [] });
    } finally {
      await devnet.close();
    }
  });
});
