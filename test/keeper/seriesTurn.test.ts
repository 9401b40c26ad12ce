import { expect } from "chai";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import { ownerOf } from "../../src/engine/types/accountId.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import type { AccountId } from "../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../src/engine/types/types.ts";
import { followBooks } from "../../src/keeper/books.ts";
import { gasToLiquidate } from "../../src/keeper/plan.ts";
import { keepersTurn, oneByOne } from "../../src/keeper/turn.ts";
import { placesOf } from "../../src/keeper/upkeep.ts";
import type { ContractName } from "../../src/sdk/abis.ts";
import type { Call } from "../../src/sdk/calls.ts";
import type { DeploymentRecord } from "../../src/sdk/deploymentRecord.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import type { Rpc } from "../../src/sdk/rpc.ts";
import type { ReceiptLog } from "../../src/sdk/sender.ts";
import { smileReport } from "../../src/sdk/smile.ts";
import type { LiquidationBatch } from "../../typechain-types/index.ts";
import { deployContract } from "../helpers/deploy.ts";
import { DAY, encoded } from "../helpers/seriesWorld.ts";
import { named, SeriesChain, tradeOf } from "../helpers/walks/seriesChain.ts";

const STRIKES = { base: 1_500n, step: 50n, decimals: 13n, count: 20n, depth: 10_000_000n, volatilityCap: 200n };
const SERIES = [1, 2];

describe("a keeper's turn with options and dated futures", function () {
  this.timeout(300_000);

  it("default: slices, then sales within the gas they were expected to take, then refreshes; a source that fails stops nothing", async () => {
    const world = await SeriesChain.create(3);
    const { vault, connection } = world.deployment;
    const [first, second, buyer, , keeper] = world.accounts as [AccountId, AccountId, AccountId, AccountId, AccountId];
    for (const series of SERIES) {
      world.pass(1n);
      await world.step(world.list(0, { series: BigInt(series), expiry: world.state.now + BigInt(20 * series) * DAY, ...STRIKES }));
    }
    world.pass(1n);
    await world.step(world.post(0, 2_000n * WAD));
    await give(world, 0.6);
    for (const [account, tokens] of [
      [first, 2_000n],
      [second, 2_000n],
      [buyer, 1_000_000n],
    ] as const) {
      world.pass(1n);
      await world.step(
        world.actions(ownerOf(account), [{ kind: "Deposit", account, token: SETTLEMENT, amount: tokens * 10n ** 6n }]),
        "deposit",
        [],
      );
    }
    // twelve positions each, calls above the price and some puts below it
    for (const account of [first, second]) {
      const fills = SERIES.flatMap((series) =>
        [12n, 13n, 14n, 15n, 2n, 3n].map((index) => {
          const instrument = named(0, series, index, index > 10n);
          const { mark } = marketOf(new Draft(world.state), instrument);
          return { maker: buyer, instrument, lots: index > 10n ? -80_000n : -10_000n, price: mark, takerFee: 0n, makerFee: 0n };
        }),
      );
      world.pass(1n);
      const answer = await world.step(world.actions(ownerOf(account), [tradeOf(account, fills)]), "trade", []);
      expect("events" in answer && answer.events.every(({ name }) => name === "Filled"), JSON.stringify(answer, shown)).to.equal(true);
    }
    for (const price of [2_090n, 2_180n, 2_270n, 2_360n]) {
      world.pass(20n);
      await world.step(world.post(0, price * WAD), "post", []);
    }

    const rpc: Rpc = (method, params = []) => world.chain.request(method, [...params]);
    const batch = await deployContract<LiquidationBatch>(connection, "LiquidationBatch", vault);
    world.pass(10n);
    const record = { contracts: { vault: world.chain.vaultAddress, liquidationBatch: await batch.getAddress() } } as DeploymentRecord;
    const sent: { readonly call: Call; readonly gas: number }[] = [];
    const send = oneByOne(async (call) => {
      world.pass(1n);
      const result = await world.chain.send(call.from, call.data, world.state.now, call.to);
      const block = (await rpc("eth_getBlockByNumber", ["latest", false])) as { gasUsed: string; transactions: string[] };
      sent.push({ call, gas: Number(block.gasUsed) });
      if (!result.ok) throw new Error(result.errorName);
      const hash = block.transactions.at(-1) ?? "";
      const { logs } = (await rpc("eth_getTransactionReceipt", [hash])) as { logs: ReceiptLog[] };
      return { hash, logs };
    });
    const books = followBooks(rpc, world.chain.vaultAddress, 0);
    const from = ownerOf(keeper);
    const slices = async ({ underlyings, now }: typeof world.state) =>
      SERIES.map((series) => {
        const report = smileReport({ volatility: 0.66 }, underlyings[0]?.series.get(series)?.word ?? 0n, now);
        return { underlying: 0, series, report, update: encoded(report) };
      });

    await books.sync();
    const expected = gasToLiquidate(books.state(books.head().time), first) + gasToLiquidate(books.state(books.head().time), second);
    const turn = await keepersTurn({ books, record, from, keeper, send, slices });
    expect(turn.failures.map(({ error }) => String(error))).to.deep.equal([]);
    expect([...turn.sales].map(({ account }) => account)).to.have.members([first, second]);
    expect(turn.upkeep.map(({ task, done }) => [task.kind, placesOf(task).map((place) => place.series), done])).to.deep.equal([
      ["slices", [1, 2], true],
      ["refresh", [1], true],
      ["refresh", [2], true],
    ]);
    const methods = sent.map(({ call }) => call.data.slice(0, 10));
    const selector = (contract: ContractName, method: string): string => interfaceOf(contract).getFunction(method)?.selector ?? "";
    const [posts, refresh] = [selector("IMarginVault", "postSlices"), selector("IMarginVault", "refreshSeries")];
    expect(methods).to.deep.equal([posts, selector("LiquidationBatch", "liquidateBatch"), refresh, refresh]);
    const gas = sent[1]?.gas ?? 0;
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log({ gas, expected, positions: 24 });
    expect(gas < expected, `${gas} of ${expected}`).to.equal(true);
    expect(gas * 3 > expected, `${gas} of ${expected}`).to.equal(true);

    // nothing is left to do, and a source that fails is said
    world.pass(1n);
    await world.chain.send(from, world.post(0, 2_360n * WAD).data, world.state.now);
    const failing = () => Promise.reject(new Error("the feed is down"));
    const next = await keepersTurn({ books, record, from, keeper, send, slices: failing });
    expect(String(next.sliceError)).to.match(/the feed is down/);
    expect(next).to.deep.include({ planned: [], sales: [], failures: [], upkeep: [] });
  });
});

async function give(world: SeriesChain, volatility: number): Promise<void> {
  for (const series of SERIES) {
    world.pass(1n);
    const word = world.state.underlyings[0]?.series.get(series)?.word ?? 0n;
    await world.step(world.slice(0, series, smileReport({ volatility }, word, world.state.now)), "slice", []);
    world.pass(1n);
    await world.step(world.refresh(0, series), "refresh", []);
  }
}

function shown(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
