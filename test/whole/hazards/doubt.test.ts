import { expect } from "chai";
import { zeroPadValue } from "ethers";
import { describe, it } from "mocha";
import { type DeployOptions, mockUpdate } from "../../helpers/deploy.ts";
import { actions, createWorld, eth, idOf, usd, WAD, type World } from "../../helpers/vaultWorld.ts";

const UPTIME = zeroPadValue("0xfeed", 20);
const FEED = 10n ** 8n;

/** Bands as they ship: 2 % in a minute, 20 % at most; a price opens for an hour and is good for a minute. */
const SHIPPED: Pick<DeployOptions, "parameters" | "underlyings"> = {
  parameters: { tradingAge: 3_600n, liquidationAge: 60n },
  underlyings: [
    { band: 20_000n, widestBand: 200_000n },
    { price: 40_000n * WAD, lotExponent: 6, band: 20_000n, widestBand: 200_000n },
  ],
};

async function postOne({ vault, time }: World, underlying: number, price: bigint): Promise<void> {
  const published = BigInt(await time.latest()) + 1n;
  await time.setNextBlockTimestamp(published);
  await vault.postPrice(underlying, [mockUpdate(price, published)]);
}

async function errorOf({ vault }: World, sent: Promise<unknown>): Promise<string> {
  try {
    await sent;
    return "done";
  } catch (error) {
    const data = (error as { readonly data?: unknown }).data;
    return (typeof data === "string" ? vault.interface.parseError(data)?.name : undefined) ?? String(error);
  }
}

/** Lets ether fall by half a percent every minute, with nobody posting the other price, until the account is below its line; says for how many minutes it stays. */
async function minutesSpared(world: World, account: bigint, keeper: bigint): Promise<number> {
  let price = 2_000n * WAD;
  let spared = 0;
  for (let minute = 0; minute < 60; minute++) {
    await world.time.increase(59n);
    price = (price * 995n) / 1_000n;
    await postOne(world, 0, price);
    const { equity, margin } = await world.assess(account);
    if (equity >= (margin * 8n) / 10n) continue;
    if ((await errorOf(world, world.vault.liquidate(account, keeper))) === "done") return spared;
    spared++;
  }
  return spared;
}

/** With an uptime feed that says what the sequencer does. */
async function sequenced(): Promise<{ world: World; say: (down: boolean) => Promise<void> }> {
  const world = await createWorld({ ...SHIPPED, uptimeFeed: UPTIME, uptimeGrace: 3_600n, ready: false });
  const { connection, time } = world;
  const model = await connection.ethers.deployContract("MockFeed", [0]);
  await connection.networkHelpers.setCode(UPTIME, await connection.ethers.provider.getCode(model));
  const uptime = await connection.ethers.getContractAt("MockFeed", UPTIME);
  await uptime.set(0, 1);
  await world.refresh();
  await world.lift(0, 1n << 43n);
  await world.stake(usd(1_000_000));
  await world.deposit(world.bob, usd(1_000_000));
  await world.deposit(world.alice, usd(1_500));
  await world.deposit(world.carol, usd(10_000));
  await world.refresh();
  await world.trade(world.alice, world.bob, 0, eth(100));
  return { world, say: async (down) => void (await uptime.set(down ? 1 : 0, await time.latest())) };
}

describe("prices in doubt", () => {
  it("H-71 H-37 dust in a market that nobody posts spares nobody by more than the dust", async () => {
    const world = await createWorld(SHIPPED);
    const { vault, alice, bob, carol } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(alice, usd(1_500));
    await world.deposit(alice, 1n, 1);
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    expect(await minutesSpared(world, idOf(alice), world.know(idOf(carol)))).to.equal(0);
    expect(await vault.collateralOf(idOf(alice), 1)).to.be.greaterThanOrEqual(0n);
    await world.conserve();
  });

  it("H-74 a market that sleeps excuses its own maintenance margin, never the losses of others", async () => {
    const world = await createWorld({ ...SHIPPED, collaterals: [] });
    const { vault, alice, bob, carol } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(alice, usd(14_700));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(500));
    await world.trade(alice, bob, 1, 2_500_000n);
    const keeper = world.know(idOf(carol));
    let price = 2_000n * WAD;
    for (let i = 0; i < 60; i++) {
      await world.time.increase(120n);
      price = (price * 995n) / 1_000n;
      await postOne(world, 0, price);
      const { equity, margin } = await world.assess(idOf(alice));
      const said = await errorOf(world, vault.liquidate.staticCall(idOf(alice), keeper));
      // what the other market excuses is at most its own part, about half
      if (equity < (margin * 4n) / 10n - 100n * WAD) expect(said, `equity ${equity / WAD} of ${margin / WAD}`).to.equal("done");
      if (equity >= (margin * 8n) / 10n) expect(said).to.equal("AccountHealthy");
      if (equity < 0n) break;
    }
    await vault.liquidate(idOf(alice), keeper);
    await world.conserve();
  });

  it("H-71 a taker takes nothing at a doubtful price; the fund does, and an exchange asks only for the price of what moves", async () => {
    const world = await createWorld(SHIPPED);
    const { vault, alice, bob, carol, dave } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(carol, usd(100_000));
    await world.deposit(alice, usd(1_500));
    await world.deposit(alice, 1n, 1);
    await world.deposit(dave, 5n * WAD, 0);
    await world.deposit(dave, 1n, 1);
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    await world.trade(dave, bob, 0, eth(100));
    await world.time.increase(4_000n);
    // 250 in debt for ten ether, and five of them as collateral
    await postOne(world, 0, 1_890n * WAD);
    await world.time.increase(61n);
    await postOne(world, 0, 1_890n * WAD);
    const to = vault.connect(carol).liquidateTo(idOf(alice), idOf(carol), WAD, 0n);
    expect(await errorOf(world, to)).to.equal("PriceTooOld");
    await postOne(world, 0, 1_890n * WAD);
    expect(await errorOf(world, vault.liquidate(idOf(alice), world.know(idOf(carol))))).to.equal("done");
    await vault.declareExchange(idOf(dave));
    await postOne(world, 0, 1_889n * WAD);
    expect(await errorOf(world, vault.connect(bob).exchangeCollateral(idOf(dave), 0, WAD / 10n, idOf(bob)))).to.equal("done");
    expect(await errorOf(world, vault.connect(bob).exchangeCollateral(idOf(dave), 1, 1n, idOf(bob)))).to.equal("PriceTooOld");
    await world.conserve();
  });

  it("H-73 an old price opens and pays at its worse edge, and not at all past the trading age", async () => {
    const world = await createWorld({ ...SHIPPED, collaterals: [] });
    const { alice, bob, carol } = world;
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(carol, usd(1_000_000));
    await world.deposit(alice, usd(3_000));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    const { equity, margin } = await world.assess(idOf(alice), true);
    const free = (equity - margin) / 10n ** 12n;
    expect(free > 0n).to.equal(true);
    // 20,000 of ether at half an hour: 10.9 % of the line less its margin
    await world.time.increase(1_800n);
    expect(await errorOf(world, world.withdraw(alice, free))).to.equal("MarginTooLow");
    expect(await errorOf(world, world.trade(alice, bob, 0, eth(1)))).to.equal("MarginTooLow");
    expect(await errorOf(world, world.trade(bob, alice, 0, -eth(1)))).to.equal("FilledTooLittle");
    expect(await errorOf(world, world.trade(alice, bob, 0, -eth(1)))).to.equal("done");
    // who has room for the edge opens and withdraws
    expect(await errorOf(world, world.trade(carol, bob, 0, eth(1)))).to.equal("done");
    expect(await errorOf(world, world.withdraw(carol, usd(100_000)))).to.equal("done");
    await world.refresh();
    expect(await errorOf(world, world.withdraw(alice, free / 2n))).to.equal("done");
    await world.time.increase(3_700n);
    expect(await errorOf(world, world.withdraw(carol, usd(1)))).to.equal("RiskMayNotRise");
    await world.conserve();
  });

  it("H-73 a push feed that still says its round hides its deviation, not the band", async () => {
    const world = await createWorld({ ...SHIPPED, collaterals: [] });
    const { vault, alice, bob, time, connection, authority } = world;
    const { ethers } = connection;
    const base = await ethers.deployContract("MockFeed", [8]);
    const quote = await ethers.deployContract("MockFeed", [8]);
    const source = await ethers.deployContract("ChainlinkSource", [authority]);
    const write = async (price: bigint): Promise<unknown> => base.set(price * FEED, (await time.latest()) + 1);
    await write(2_000n);
    await quote.set(FEED, (await time.latest()) + 1);
    const feed = async (of: typeof base, heartbeat: number) => ({ feed: await of.getAddress(), heartbeat, least: 1n, most: 10n ** 15n });
    await source.setPair(0, await feed(base, 3_600), await feed(quote, 86_400), 2_000n * WAD);
    await vault.setSources(0, [source]);
    await vault.postPrice(0, []);
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(alice, usd(2_500));
    await world.trade(alice, bob, 0, eth(100));
    await time.increase(1_500n);
    // not known how far it may be from its round: the band, 2,000 of 20,000
    expect(await errorOf(world, world.withdraw(alice, usd(10)))).to.equal("MarginTooLow");
    await source.setDeviation(0, 5_000n);
    // half a percent, or what half an hour moves at the forecast: a few hundred
    expect(await errorOf(world, world.withdraw(alice, usd(10)))).to.equal("done");
    // a newer round says that the stored one is old
    await write(1_990n);
    expect(await errorOf(world, world.withdraw(alice, usd(10)))).to.equal("MarginTooLow");
    await vault.postPrice(0, []);
    expect(await errorOf(world, world.withdraw(alice, usd(10)))).to.equal("done");
  });

  it("H-72 the cap of open interest can be refreshed while the sequencer is down, at the price before: nobody can open, and the next refresh sets it right", async () => {
    const { world, say } = await sequenced();
    const { vault, bob, carol, time } = world;
    const capOf = async (): Promise<bigint> => ((await vault.underlyingWords(0))[3] ?? 0n) >> 212n;
    await postOne(world, 0, 2_000n * WAD);
    const before = world.lotPrice(0);
    await say(true);
    await vault.refreshOpenInterestCap(0);
    const down = await capOf();
    const buy = [actions.trade(idOf(carol), [world.fill(idOf(bob), 0, eth(1), { price: before })], 1n)];
    expect(await errorOf(world, vault.connect(carol).execute.staticCall(buy))).to.equal("FilledTooLittle");
    await say(false);
    await time.increase(3_700n);
    await postOne(world, 0, 1_800n * WAD);
    await vault.refreshOpenInterestCap(0);
    const up = await capOf();
    // the same money, in lots that are worth a tenth less
    expect(up).to.equal((down * 10n) / 9n);
  });

  it("H-72 the sequencer is asked when a price is used: down or in grace nothing opens, is paid out or sold, posted or not", async () => {
    const { world, say } = await sequenced();
    const { vault, alice, bob, carol, time } = world;
    const keeper = world.know(idOf(carol));
    await time.increase(400n);
    await postOne(world, 0, 1_900n * WAD);
    const [up, no] = [true, false];
    const expectAll = async (isUp: boolean, what: string): Promise<void> => {
      const lists = [
        [
          actions.trade(
            idOf(carol),
            [world.fill(idOf(bob), 0, eth(1), { price: (await vault.portfolioOf(idOf(bob))).books[0]!.price })],
            1n,
          ),
        ],
        [actions.withdraw(idOf(bob), 255, usd(10), bob.address)],
        [actions.transfer(idOf(bob), 255, WAD, idOf(bob, 1n))],
      ];
      const senders = [carol, bob, bob];
      const refused = ["FilledTooLittle", "SequencerNotUp", "SequencerNotUp"];
      for (const [i, list] of lists.entries()) {
        const said = await errorOf(world, vault.connect(senders[i]!).execute.staticCall(list));
        expect(said, `${what}: action ${i}`).to.equal(isUp ? "done" : refused[i]);
      }
      const sale = await errorOf(world, vault.liquidate.staticCall(idOf(alice), keeper));
      expect(sale, `${what}: sale`).to.equal(isUp ? "done" : "SequencerNotUp");
      expect(await errorOf(world, vault.previewLiquidation(idOf(alice))), `${what}: preview`).to.equal(isUp ? "done" : "SequencerNotUp");
      // both sides shrink, and what needs no price leaves
      const shrink = [actions.trade(idOf(alice), [world.fill(idOf(bob), 0, -eth(1), { price: 19n * 10n ** 15n })], 1n)];
      expect(await errorOf(world, vault.connect(alice).execute.staticCall(shrink)), `${what}: reducing`).to.equal("done");
      const cash = [actions.withdraw(idOf(carol), 255, usd(10), carol.address)];
      expect(await errorOf(world, vault.connect(carol).execute.staticCall(cash)), `${what}: cash alone`).to.equal("done");
    };
    await expectAll(up, "up");
    await say(true);
    await expectAll(no, "down");
    await say(false);
    await expectAll(no, "in grace");
    await postOne(world, 0, 1_900n * WAD);
    expect(await errorOf(world, vault.liquidate.staticCall(idOf(alice), keeper)), "posted in grace").to.equal("SequencerNotUp");
    // over: what was posted in grace is in doubt until it is posted anew, and doubt spares nobody without equity
    await time.increase(3_700n);
    expect(await errorOf(world, vault.liquidate.staticCall(idOf(alice), keeper))).to.be.oneOf(["done", "AccountHealthy"]);
    await postOne(world, 0, 1_900n * WAD);
    await expectAll(up, "up again");
    await world.deposit(alice, usd(10));
    await world.conserve();
  });

  it("H-76 a copy of another's post before it changes nothing for what follows the post", async () => {
    const world = await createWorld({ ...SHIPPED, collaterals: [] });
    const { vault, alice, bob, carol, time } = world;
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(alice, usd(1_500));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    await time.increase(600n);
    const published = BigInt(await time.latest()) + 1n;
    const update = mockUpdate(1_890n * WAD, published);
    await time.setNextBlockTimestamp(published);
    await vault.connect(carol).postPrice(0, [update]);
    const words = await vault.underlyingWords(0);
    await vault.connect(bob).postPrice(0, [update]);
    expect(await vault.underlyingWords(0)).to.deep.equal(words);
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
  });
});
