import { expect } from "chai";
import { zeroPadValue } from "ethers";
import { describe, it } from "mocha";
import { mockUpdate } from "../helpers/deploy.ts";
import { actions, createWorld, eth, idOf, usd, WAD, type World } from "../helpers/vaultWorld.ts";

/** Where the uptime feed of these vaults is. */
const UPTIME = zeroPadValue("0xfeed", 20);

const GRACE = 300n;

/** What each cell of a row of the table says: done, or the error that refuses. */
interface Row {
  raise: string;
  withdraw: string;
  reduceBoth: string;
  reduceOne: string;
  deposit: string;
  liquidateShallow: string;
  liquidateDeep: string;
  funding: string;
}

/**
 * Alice long 2 ETH against Bob; Carol and Erin with cash only; Dave and Frank long with little margin, under water at the price that is
 * posted last: Dave only there, Frank at both edges of the band too. Longs pay funding.
 */
async function marketUnderWater(): Promise<{ world: World; dave: bigint; frank: bigint }> {
  const world = await createWorld({
    uptimeFeed: UPTIME,
    uptimeGrace: GRACE,
    ready: false,
    collaterals: [],
    underlyings: [{ band: 40_000n }],
  });
  const { connection, vault, alice, bob, carol, dave, erin, deposit, trade, stake, rateSource } = world;
  const model = await connection.ethers.deployContract("MockFeed", [0]);
  await connection.networkHelpers.setCode(UPTIME, await connection.ethers.provider.getCode(model));
  await (await connection.ethers.getContractAt("MockFeed", UPTIME)).set(0, 1);
  await world.refresh();
  await world.lift(0, 1n << 43n);
  await stake(usd(1_000_000));
  const frank = idOf(dave, 1n);
  await deposit(alice, usd(100_000));
  await deposit(bob, usd(1_000_000));
  await deposit(carol, usd(10_000));
  await deposit(erin, usd(10_000));
  await deposit(dave, usd(1_800));
  await deposit(dave, usd(1_800), undefined, frank);
  await world.refresh();
  await trade(alice, bob, 0, eth(20));
  await trade(dave, bob, 0, eth(80));
  await world.execute(dave, actions.trade(frank, [world.fill(idOf(bob), 0, eth(130))], eth(130)));
  await rateSource.set(5_000_000n, false);
  await vault.updateFundingRate(0);
  return { world, dave: idOf(dave), frank };
}

/** Tries every cell from the same state, and puts the chain back after each. */
async function rowOf({ world, dave, frank }: Awaited<ReturnType<typeof marketUnderWater>>): Promise<Row> {
  const { connection, vault, alice, bob, carol, erin, deposit, withdraw, trade, time, settlement } = world;
  await settlement.mint(alice, usd(1));
  await settlement.connect(alice).approve(vault, usd(1));
  const attempt = async (send: () => Promise<unknown>): Promise<string> => {
    const snapshot = await connection.networkHelpers.takeSnapshot();
    try {
      await send();
      return "done";
    } catch (error) {
      const data = (error as { readonly data?: unknown }).data;
      const parsed = typeof data === "string" ? vault.interface.parseError(data) : null;
      if (parsed === null) throw error;
      return parsed.name;
    } finally {
      await snapshot.restore();
    }
  };
  const keeper = world.know(idOf(carol));
  const index = async (): Promise<bigint> => {
    const cash = (await vault.portfolioOf(idOf(bob))).cash;
    await time.increase(20n);
    return (await vault.portfolioOf(idOf(bob))).cash - cash;
  };
  let paid = 0n;
  const row = {
    raise: await attempt(() => trade(carol, erin, 0, eth(1))),
    withdraw: await attempt(() => withdraw(alice, usd(10))),
    reduceBoth: await attempt(() => trade(alice, bob, 0, -eth(1))),
    reduceOne: await attempt(() => trade(alice, carol, 0, -eth(1))),
    deposit: await attempt(() => deposit(alice, usd(1))),
    liquidateShallow: await attempt(() => vault.connect(carol).liquidate(dave, keeper)),
    liquidateDeep: await attempt(() => vault.connect(carol).liquidate(frank, keeper)),
  };
  await attempt(async () => {
    paid = await index();
  });
  return { ...row, funding: paid === 0n ? "stops" : "runs" };
}

/** Posts what a source that cannot vouch for a price says. */
async function refute({ vault, time }: World): Promise<void> {
  const published = BigInt(await time.latest()) + 1n;
  await time.setNextBlockTimestamp(published);
  await vault.postPrice(0, [mockUpdate(0n, published, false)]);
}

/** A fill that may not stand is skipped, and then too little was filled; a withdrawal reverts with the reason. */
const skipped = "FilledTooLittle";
const normal: Row = {
  raise: "done",
  withdraw: "done",
  reduceBoth: "done",
  reduceOne: "done",
  deposit: "done",
  liquidateShallow: "done",
  liquidateDeep: "done",
  funding: "runs",
};
const invalid: Row = {
  raise: skipped,
  withdraw: "RiskMayNotRise",
  reduceBoth: "done",
  reduceOne: skipped,
  deposit: "done",
  liquidateShallow: "AccountHealthy",
  liquidateDeep: "done",
  funding: "stops",
};
const grace: Row = { ...invalid, liquidateShallow: "SequencerNotUp", liquidateDeep: "SequencerNotUp" };
const stopped: Row = { ...normal, raise: skipped, reduceOne: skipped, funding: "stops" };

describe("what an account may do in each state of a price", () => {
  it("behavior: normal", async () => {
    const market = await marketUnderWater();
    await market.world.move(0, 1_865n * WAD);
    expect(await rowOf(market)).to.deep.equal(normal);
  });

  it("behavior: price invalid: nothing raises risk or leaves, liquidation only below the line at both edges of the band", async () => {
    const market = await marketUnderWater();
    await market.world.move(0, 1_865n * WAD);
    await refute(market.world);
    expect(await rowOf(market)).to.deep.equal(invalid);
  });

  it("H-10 sequencer down or in grace: no liquidation at all", async () => {
    const market = await marketUnderWater();
    const { connection, time, move } = market.world;
    const uptime = await connection.ethers.getContractAt("MockFeed", UPTIME);
    await move(0, 1_865n * WAD);
    await uptime.set(1, await time.latest());
    await market.world.refresh();
    expect(await rowOf(market)).to.deep.equal(grace);
    await uptime.set(0, await time.latest());
    await time.increase(200n);
    await market.world.refresh();
    expect(await rowOf(market)).to.deep.equal(grace);
    await time.increase(200n);
    await market.world.refresh();
    expect(await rowOf(market)).to.deep.equal(normal);
  });

  it("H-46 opens stopped by the guardian: everything but new risk goes on, funding stops", async () => {
    const market = await marketUnderWater();
    const { deployer, vault, connection, move } = market.world;
    await move(0, 1_865n * WAD);
    const governance = await connection.ethers.getContractAt("IVaultGovernance", await vault.getAddress());
    await governance.connect(deployer).stopOpens(0);
    expect(await rowOf(market)).to.deep.equal(stopped);
  });

  it("behavior: a price older than the trading age is as good as invalid", async () => {
    const market = await marketUnderWater();
    const { move, time } = market.world;
    await move(0, 1_865n * WAD);
    await time.increase(601n);
    // by then the band is so wide that Frank is healthy at one of its edges
    expect(await rowOf(market)).to.deep.equal({ ...invalid, liquidateDeep: "AccountHealthy" });
  });

  it("behavior: a price between the ages for liquidating and for trading liquidates only who is below the line at both edges", async () => {
    const market = await marketUnderWater();
    const { move, time } = market.world;
    await move(0, 1_865n * WAD);
    await time.increase(100n);
    expect(await rowOf(market)).to.deep.equal({ ...normal, liquidateShallow: "AccountHealthy" });
  });
});
