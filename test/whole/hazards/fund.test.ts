import { expect } from "chai";
import { PARAMETERS } from "../../../src/engine/math/bounds.ts";
import { expectFundFigures } from "../../helpers/fundFigures.ts";
import { actions, createWorld, eth, idOf, usd, WAD, type World } from "../../helpers/vaultWorld.ts";

async function figuresOfFund(world: World, underlying: number): Promise<bigint> {
  return (await world.assess(idOf(world.fund, BigInt(underlying) + 1n))).value;
}

type Signers = World["signers"];

/** Each deposits tokens and buys from Bob. */
async function buy(world: World, buyers: Signers, tokens: bigint, lots: bigint): Promise<void> {
  for (const each of buyers) {
    await world.deposit(each, tokens);
    await world.refresh();
    await world.trade(each, world.bob, 0, lots);
  }
}

/** Carol sells each to the fund. */
async function liquidate(world: World, accounts: Signers): Promise<void> {
  for (const each of accounts) await world.vault.liquidate(idOf(each), world.know(idOf(world.carol)));
}

/** A stake of 100,000 of which `topUp` an epoch is for one underlying, and buyers of 500 ether each with little to spare. */
async function leveraged(count: number, topUp: bigint): Promise<{ readonly world: World; readonly victims: Signers }> {
  const world = await createWorld({ parameters: { topUp } });
  await world.stake(usd(100_000));
  await world.deposit(world.bob, usd(2_000_000));
  const victims = world.signers.slice(8, 8 + count);
  await buy(world, victims, usd(7_400), eth(500));
  return { world, victims };
}

describe("hazards of the fund and of markets", () => {
  it("H-53 I-16 what one underlying loses never touches the fund account of another", async () => {
    const world = await createWorld();
    const { vault, alice, bob, carol } = world;
    await world.stake(usd(100_000));
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(alice, usd(1_500));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    const other = await vault.headerOf(idOf(world.fund, 2n));
    await world.move(0, 1_200n * WAD);
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
    expect(await vault.headerOf(idOf(world.fund, 2n))).to.deep.equal(other);
    await world.conserve();
  });

  it("H-54 I-16 I-20 engineered bad debt takes no more from the fund than the cap of an epoch", async () => {
    const { world, victims } = await leveraged(8, 100_000n);
    const { vault, fund } = world;
    // a thin market falls by a third
    await world.move(0, 1_333n * WAD);
    await liquidate(world, victims);
    const stake = await world.cashOf(idOf(fund));
    // a tenth, and the bounties
    expect(stake >= 90_000n * WAD - WAD, "the stake is safe").to.equal(true);
    const { deficit } = await vault.totals();
    expect(deficit).to.be.greaterThan(0n);
    await world.conserve();
  });

  it("H-54 margin on new risk rises with the use of the open interest", async () => {
    const world = await createWorld();
    const { vault, alice, bob } = world;
    await world.deposit(alice, usd(1_290));
    await world.deposit(bob, usd(1_000_000));
    await world.refresh();
    const trade = actions.trade(idOf(alice), [world.fill(idOf(bob), 0, eth(98))]);
    await vault.connect(alice).execute.staticCall([trade]);
    // the same position when it is all the open interest there may be
    await world.lift(0, eth(98));
    await expect(vault.connect(alice).execute.staticCall([trade])).to.be.revertedWithCustomError(vault, "MarginTooLow");
  });

  /** What leaves a stake of 100,000 for six insolvent accounts, of which four hold dust in another market each, sold as they stand or after five have closed what loses. */
  async function drawnFor(close: boolean): Promise<bigint> {
    const underlyings = [
      {},
      { price: 40_000n * WAD, lotExponent: 6 },
      { price: 100n * WAD, lotExponent: 4 },
      { price: 15n * WAD, lotExponent: 3 },
      { price: WAD, lotExponent: 2 },
    ];
    const world = await createWorld({ parameters: { topUp: 200_000n }, underlyings });
    const { vault, bob, signers, fund } = world;
    await world.stake(usd(100_000));
    await world.deposit(bob, usd(2_000_000));
    const thin = signers.slice(8, 14);
    for (const [k, each] of thin.entries()) {
      await buy(world, [each], usd(7_500), eth(500));
      // the least that may be held
      if (k < 4) await world.trade(each, bob, k + 1, (100n * WAD) / world.lotPrice(k + 1) + 1n);
    }
    await world.move(0, 1_333n * WAD);
    for (const each of close ? thin.slice(0, 5) : []) {
      await world.trade(each, bob, 0, -eth(500), { price: (world.lotPrice(0) * 10_004n) / 10_000n });
    }
    await liquidate(world, thin);
    for (let u = 0; u < 5; u++) await vault.topUpFund(u).catch(() => undefined);
    await world.conserve();
    return 100_000n * WAD - (await world.cashOf(idOf(fund)));
  }

  it("H-77 an account that closes its loser and keeps dust elsewhere takes no more than the one cap of the stake", async () => {
    // the figures of docs/fund.md
    expect((await drawnFor(false)) / (100n * WAD), "as they stand").to.equal(171n);
    // more than the fifth that one underlying may draw, and no more than the half that all may
    expect((await drawnFor(true)) / (100n * WAD), "after closing").to.equal(490n);
  });

  it("H-77 what is reserved to an underlying is its weight of the one cap, and no more than the cap for one", async () => {
    const { world, victims } = await leveraged(5, 200_000n);
    const { vault, fund } = world;
    await vault.setParameter(
      PARAMETERS.findIndex(({ name }) => name === "FundWeight"),
      0,
      900_000n,
    );
    // three of them come to the cap, one after the other: it is of what the stake was before the first
    await world.move(0, 1_700n * WAD);
    await liquidate(world, victims);
    // nine tenths of a half are more than a fifth
    const stake = await world.cashOf(idOf(fund));
    expect(stake > 79_999n * WAD && stake < 80_001n * WAD, `${stake}`).to.equal(true);
    // all of it is drawn: what is left to stand behind open interest is what the fund account itself has
    await world.refresh();
    await vault.refreshOpenInterestCap(0);
    const { equity } = await world.assess(idOf(fund, 1n));
    const cap = ((await vault.underlyingWords(0))[3] ?? 0n) >> 212n;
    expect(cap * world.lotPrice(0) <= (equity > 0n ? equity : 0n) * 10n, `${cap} lots on ${equity}`).to.equal(true);
    await world.conserve();
  });

  /** Two of `count` victims are sold at `price` at the end of an epoch, the others at the beginning of the next; the stake after either. */
  async function aroundTheEnd(count: number, price: bigint): Promise<readonly [before: bigint, after: bigint]> {
    const { world, victims } = await leveraged(count, 100_000n);
    const { fund, time } = world;
    await world.move(0, price * WAD);
    const day = 86_400n;
    const end = (BigInt(await time.latest()) / day + 1n) * day;
    await time.increaseTo(end - 60n);
    await world.refresh();
    await liquidate(world, victims.slice(0, 2));
    const before = await world.cashOf(idOf(fund));
    await time.increaseTo(end + 120n);
    await world.refresh();
    await liquidate(world, victims.slice(2));
    await world.conserve();
    return [before, await world.cashOf(idOf(fund))];
  }

  it("H-77 two caps are not had by drawing at the end of an epoch and at the beginning of the next", async () => {
    const [before, after] = await aroundTheEnd(4, 1_333n);
    expect(before > 89_999n * WAD && before < 90_001n * WAD, `${before}`).to.equal(true);
    expect(before - after).to.be.at.most(WAD);
  });

  it("H-77 what was drawn in the epoch before counts still when more has been drawn in this one", async () => {
    // each loses 2,600 more than it has: four of them more than the cap, a tenth of the stake
    const [before, after] = await aroundTheEnd(5, 1_800n);
    expect(before > 94_000n * WAD && before < 95_000n * WAD, `${before}`).to.equal(true);
    // a tenth of what there was at the beginning of this epoch, 94,800
    expect(after > 90_519n * WAD && after < 90_521n * WAD, `${after}`).to.equal(true);
  });

  /** Eight accounts that the fund takes over solvent, and what it took runs on: below zero beyond its cap it still holds. */
  async function overrun(): Promise<World> {
    const world = await createWorld({ parameters: { topUp: 200_000n } });
    const { vault, bob, carol, dave, erin, signers } = world;
    await world.stake(usd(50_000));
    await world.deposit(bob, usd(400_000));
    for (const each of [carol, dave]) await world.deposit(each, usd(100_000));
    const thin = signers.slice(8, 16);
    await buy(world, thin, usd(7_500), eth(500));
    await world.move(0, 1_905n * WAD);
    for (const each of thin) await vault.liquidate(idOf(each), world.know(idOf(erin)));
    await world.move(0, 1_450n * WAD);
    for (const each of thin) await vault.liquidate(idOf(each), world.know(idOf(erin))).catch(() => undefined);
    await vault.topUpFund(0);
    return world;
  }

  it("H-79 I-28 a fund account below zero beyond its cap is in φ while it still holds: whoever withdraws first", async () => {
    for (const first of ["carol", "dave"] as const) {
      const world = await overrun();
      const { vault, settlement } = world;
      const short = await vault.shortfall();
      expect(short).to.equal(-(await figuresOfFund(world, 0)));
      expect(short).to.be.greaterThan(0n);
      const [tokens, owed] = await vault.totals();
      const paid: bigint[] = [];
      for (const who of first === "carol" ? [world.carol, world.dave] : [world.dave, world.carol]) {
        const before = BigInt(await settlement.balanceOf(who));
        await world.withdraw(who, usd(100_000));
        paid.push(BigInt(await settlement.balanceOf(who)) - before);
      }
      const due = (usd(100_000) * tokens) / (tokens + owed + short);
      for (const each of paid) expect(due - each <= 2n && each - due <= 2n, `${each} of ${due}`).to.equal(true);
      await world.conserve();
    }
  });

  it("H-79 S follows the price both ways, is what the last price says whatever its age, and is a deficit once nothing is left", async () => {
    const world = await overrun();
    const { vault, erin } = world;
    const short = await vault.shortfall();
    await world.move(0, 1_400n * WAD);
    expect(await vault.shortfall()).to.be.greaterThan(short);
    await world.withdraw(world.carol, usd(1_000));
    expect((await vault.shortfalls()).stored[0]).to.equal(await vault.shortfall());
    await world.move(0, 1_350n * WAD);
    // seen by nobody while the price was young: of an old one it is what it is all the same
    const known = await vault.shortfall();
    expect(known).to.be.greaterThan((await vault.shortfalls()).stored[0]!);
    await world.time.increase(1_000n);
    expect(await vault.shortfall()).to.equal(known);
    await expectFundFigures(vault, world.fund);
    await vault.topUpFund(0);
    expect((await vault.shortfalls()).stored[0]).to.equal(known);
    await world.move(0, 1_900n * WAD);
    await expectFundFigures(vault, world.fund);
    expect(await vault.shortfall()).to.equal(0n);
    await world.move(0, 1_400n * WAD);
    await world.deposit(erin, usd(1_000_000));
    await world.refresh();
    await vault.connect(erin).shedFund(0, idOf(erin), WAD, 0n);
    const left = await vault.shortfall();
    expect(left).to.be.greaterThan(0n);
    const { deficit } = await vault.totals();
    await vault.topUpFund(0);
    expect([(await vault.totals()).deficit - deficit, await vault.shortfall(), (await vault.shortfalls()).watched]).to.deep.equal([
      left,
      0n,
      0n,
    ]);
    await world.conserve();
  });

  it("H-56 I-9 value is lost for good once, by accounts that have nothing left, and refilled once", async () => {
    const world = await createWorld({ parameters: { topUp: 1_000n } });
    const { vault, bob, carol, dave, signers } = world;
    await world.stake(usd(10_000));
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(dave, usd(1_000_000));
    const victims = signers.slice(8, 11);
    for (const each of victims) {
      await world.deposit(each, usd(1_500));
      await world.deposit(each, WAD / 100n, 0);
      await world.refresh();
      await world.trade(each, bob, 0, eth(100));
    }
    await world.move(0, 1_400n * WAD);
    let added = 0n;
    let reduced = 0n;
    const count = async (receipt: { logs: readonly unknown[] } | null): Promise<void> => {
      for (const log of receipt?.logs ?? []) {
        const event = vault.interface.parseLog(log as never);
        if (event?.name === "DeficitAdded") added += event.args.amount;
        if (event?.name === "DeficitReduced" || event?.name === "DeficitRefilled") reduced += event.args.amount;
      }
    };
    for (const each of victims) {
      await count(await (await vault.liquidate(idOf(each), world.know(idOf(carol)))).wait());
      const header = await vault.headerOf(idOf(each));
      expect([header.cash, header.underlyings, header.collaterals]).to.deep.equal([0n, 0n, 0n]);
    }
    expect(added).to.be.greaterThan(0n);
    expect((await vault.totals()).deficit).to.equal(added);
    // fees refill it first
    await world.refresh();
    const fee = (eth(1_000) * world.lotPrice(0) * 400n) / 1_000_000n;
    await count(await (await world.trade(dave, bob, 0, eth(1_000), { takerFee: fee })).wait());
    expect(reduced).to.equal(fee);
    await count(await (await world.withdraw(dave, usd(1_000))).wait());
    expect((await vault.totals()).deficit).to.equal(added - reduced);
    await world.conserve();
  });

  it("H-56 I-10 a fund account that has nothing left to sell books its loss after the top-up, not before", async () => {
    const world = await createWorld({ parameters: { topUp: 10_000n } });
    const { vault, alice, bob, carol, erin } = world;
    await world.stake(usd(10_000));
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(alice, usd(1_500));
    await world.deposit(erin, usd(1_000_000));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    await world.move(0, 1_860n * WAD);
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
    await world.move(0, 1_300n * WAD);
    expect(await figuresOfFund(world, 0)).to.be.lessThan(0n);
    await vault.topUpFund(0);
    expect((await vault.totals()).deficit, "it still has something to sell").to.equal(0n);
    await vault.connect(erin).shedFund(0, idOf(erin), WAD, 0n);
    // what was drawn counts for two epochs at most
    await world.time.increase(172_900n);
    await world.refresh();
    const cash = await world.cashOf(idOf(world.fund, 1n));
    const stake = await world.cashOf(idOf(world.fund));
    await vault.topUpFund(0);
    const drawn = stake - (await world.cashOf(idOf(world.fund)));
    expect(drawn).to.be.greaterThan(0n);
    expect((await vault.totals()).deficit).to.equal(-cash - drawn);
    await world.conserve();
  });

  it("H-70 a part of an unrealised gain stays as money: a pumped market cannot be carried away", async () => {
    const world = await createWorld();
    const { alice, bob } = world;
    await world.deposit(alice, usd(10_000));
    await world.deposit(bob, usd(1_000_000));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(500));
    await world.move(0, 2_400n * WAD);
    const { equity, margin } = await world.assess(idOf(alice), true);
    expect(equity - margin).to.be.greaterThan(10_000n * WAD);
    // 20,000 gained: 5,000 stay beside the margin rule; what is withdrawn is bounded by what others paid in
    const most = 30_000n - 5_000n;
    await expect(world.withdraw(alice, usd(most + 1n))).to.be.revert(world.connection.ethers);
    const free = (equity - margin) / WAD - 1n;
    await world.withdraw(alice, usd(free < most ? free : most));
    await world.conserve();
  });

  it("H-70 the lock of gains binds where margin would not", async () => {
    const world = await createWorld({ parameters: { gainLock: 1_000_000n } });
    const { vault, alice, bob } = world;
    await world.deposit(alice, usd(5_000));
    await world.deposit(bob, usd(1_000_000));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(200));
    await world.move(0, 2_600n * WAD);
    await expect(world.withdraw(alice, usd(5_001))).to.be.revertedWithCustomError(vault, "SettledCashTooLow");
    await expect(world.execute(alice, actions.transfer(idOf(alice), 255, 5_001n * WAD, idOf(alice, 1n)))).to.be.revertedWithCustomError(
      vault,
      "SettledCashTooLow",
    );
    await world.withdraw(alice, usd(4_999));
    await world.conserve();
  });

  it("H-70 a cascade of −40 % in ten steps keeps the books whole, and who is below is sold at every step", async () => {
    const world = await createWorld();
    const { vault, bob, carol, dave, signers } = world;
    await world.stake(usd(100_000));
    await world.deposit(bob, usd(10_000_000));
    await world.deposit(dave, usd(1_000_000));
    const traders = signers.slice(8, 16);
    for (const [i, each] of traders.entries()) {
      await world.deposit(each, usd(1_600 + 900 * i));
      await world.refresh();
      await world.trade(each, bob, 0, eth(100));
    }
    let price = 2_000n * WAD;
    let sales = 0;
    for (let step = 0; step < 10; step++) {
      price = (price * 95n) / 100n;
      await world.move(0, price);
      for (const each of traders) {
        const { equity, margin } = await world.assess(idOf(each));
        if (equity * 1_000_000n >= margin * 800_000n) continue;
        await vault.liquidate(idOf(each), world.know(idOf(carol)));
        sales++;
      }
      await world.conserve();
      await vault
        .connect(dave)
        .shedFund(0, idOf(dave), WAD, 0n)
        .catch(() => undefined);
    }
    expect(sales).to.be.greaterThan(5);
    await world.conserve();
  });
});
