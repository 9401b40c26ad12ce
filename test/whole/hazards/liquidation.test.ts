import { expect } from "chai";
import { actions, createWorld, eth, idOf, usd, WAD, type World } from "../../helpers/vaultWorld.ts";

/** Alice long ten ETH against Bob on `margin` tokens; the fund holds a million. */
async function leveraged(margin = 1_800n, options = {}): Promise<World> {
  const world = await createWorld(options);
  await world.stake(usd(1_000_000));
  await world.deposit(world.alice, usd(margin));
  await world.deposit(world.bob, usd(1_000_000));
  await world.refresh();
  await world.trade(world.alice, world.bob, 0, eth(100));
  return world;
}

/** Just below the line. */
const BELOW = 1_915n * WAD;

describe("hazards of liquidation", () => {
  it("H-34 self-liquidation never profits: keeper, taker and victim of one owner end with no more than before", async () => {
    for (const price of [1_915n, 1_880n, 1_850n]) {
      for (const to of [false, true]) {
        const world = await leveraged();
        const { vault, alice, bob, carol, assess, know } = world;
        if (to) await world.deposit(carol, usd(100_000));
        await world.move(0, price * WAD);
        const all = [idOf(alice), know(idOf(carol)), idOf(bob)];
        const joint = async (): Promise<bigint> => {
          let sum = 0n;
          for (const id of all) sum += (await assess(id)).value;
          return sum;
        };
        const before = await joint();
        if (to) await vault.connect(carol).liquidateTo(idOf(alice), idOf(carol), WAD, 0n);
        else await vault.connect(carol).liquidate(idOf(alice), idOf(carol));
        expect((await joint()) < before, `at ${price}, to ${to}`).to.equal(true);
        await world.conserve();
      }
    }
  });

  it("H-34 a round trip through the fund never gains, however many slices meet there", async () => {
    // a shallow market: the size charge of what five accounts sold together is far above the sum of theirs
    const world = await createWorld({ underlyings: [{ depth: 10_000_000n }], collaterals: [] });
    const { vault, signers, bob, carol, dave, assess, conserve, time, know } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(10_000_000));
    await world.deposit(dave, usd(10_000_000));
    const victims = signers.slice(8, 16);
    for (const each of victims) {
      await world.deposit(each, usd(3_500));
      await world.refresh();
      await world.trade(each, bob, 0, eth(100));
    }
    const ids = [...victims.map((each) => idOf(each)), idOf(bob), know(idOf(carol)), idOf(dave)];
    const joint = async (): Promise<bigint> => {
      let sum = 0n;
      for (const id of ids) sum += (await assess(id)).value;
      return sum;
    };
    await world.move(0, 1_750n * WAD);
    const before = await joint();
    for (const each of victims) {
      if (!(await below(world, idOf(each)))) throw new Error("the case needs accounts below the line");
      await vault.connect(carol).liquidate(idOf(each), idOf(carol));
    }
    const sold = await joint();
    expect(sold < before).to.equal(true);
    await time.increase(1_000n);
    await world.refresh();
    await vault.connect(dave).shedFund(0, idOf(dave), WAD, 0n);
    expect((await joint()) <= before, "sold and bought back").to.equal(true);
    await conserve();
  });

  it("H-35 nothing of a liquidated account is counted twice: orders void, whole sale leaves no book", async () => {
    const world = await leveraged();
    const { vault, alice, carol } = world;
    await world.deposit(alice, WAD / 10n, 0);
    await world.move(0, 1_500n * WAD);
    const { epoch } = await vault.headerOf(idOf(alice));
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
    const header = await vault.headerOf(idOf(alice));
    expect([header.cash, header.underlyings, header.collaterals, header.epoch]).to.deep.equal([0n, 0n, 0n, epoch + 1n]);
    expect(await vault.collateralOf(idOf(alice), 0)).to.equal(0n);
    await world.conserve();
  });

  it("H-36 every account below the line can be liquidated, however deep: the sale cures it or closes it", async () => {
    for (const price of [1_914n, 1_900n, 1_870n, 1_840n, 1_821n, 1_820n, 1_818n, 1_790n, 1_700n, 1_200n, 1_010n]) {
      const world = await leveraged();
      const { vault, alice, carol } = world;
      await world.move(0, price * WAD);
      const before = await world.assess(idOf(alice));
      await vault.liquidate(idOf(alice), world.know(idOf(carol)));
      const after = await world.assess(idOf(alice));
      expect(after.margin < before.margin, `risk falls at ${price}`).to.equal(true);
      expect(after.equity >= (after.margin * 8n) / 10n, `healthy at ${price}`).to.equal(true);
      expect(after.equity * before.margin >= before.equity * after.margin, `I-14 at ${price}`).to.equal(true);
      // nobody pays what the account owes but the account, unless nothing is left of it
      expect(after.value <= (before.value > 0n ? before.value : 0n), `nothing given at ${price}`).to.equal(true);
      await world.conserve();
    }
  });

  it("H-37 a collateral whose price was never posted does not keep an account from being liquidated", async () => {
    const world = await createWorld({
      underlyings: [{}, { price: 40_000n * WAD, lotExponent: 6 }],
      ready: false,
    });
    const { vault, alice, bob, carol, know } = world;
    const { mockUpdate } = await import("../../helpers/deploy.ts");
    const postFirst = async (price: bigint): Promise<void> => {
      await world.time.increase(400n);
      const now = BigInt(await world.time.latest()) + 1n;
      await world.time.setNextBlockTimestamp(now);
      await vault.postPrice(0, [mockUpdate(price, now)]);
    };
    await postFirst(2_000n * WAD);
    await world.lift(0, 2n ** 40n);
    await world.stake(usd(1_000_000));
    await world.deposit(alice, usd(1_800n));
    await world.deposit(bob, usd(1_000_000));
    await world.trade(alice, bob, 0, eth(100));
    // the victim brings a hundred-millionth of a token of the other underlying, which nobody ever priced
    await world.deposit(alice, 1n, 1);
    await vault.connect(alice).execute([actions.cancel(idOf(alice))]);
    await postFirst(1_850n * WAD);
    await vault.liquidate(idOf(alice), know(idOf(carol)));
    const left = await world.lotsOf(idOf(alice), 0);
    expect(left).to.be.lessThan(eth(100));
    // nor where a price is in doubt, and both edges of its band are asked
    for (let price = 1_800n; price > 900n; price -= 40n) await postFirst(price * WAD);
    await world.time.increase(3_700n);
    await vault.liquidate(idOf(alice), know(idOf(carol)));
    expect(await world.lotsOf(idOf(alice), 0)).to.be.lessThan(left);
  });

  it("H-37 I-13 the worst account, sixteen positions and eight tokens, is liquidated in less than half a block", async () => {
    const underlyings = Array.from({ length: 16 }, () => ({}));
    const collaterals = Array.from({ length: 8 }, (_, i) => ({
      decimals: 18,
      underlying: 15 - i,
      haircut: 100_000n,
      cap: 10n ** 27n,
    }));
    const world = await createWorld({ underlyings, collaterals });
    const { vault, alice, bob, carol, know } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(alice, usd(2_600));
    await world.deposit(bob, usd(1_000_000));
    for (let t = 0; t < 8; t++) await world.deposit(alice, WAD / 100n, t);
    await world.refresh();
    const fills = underlyings.map((_, u) => world.fill(idOf(bob), u, eth(8)));
    await world.execute(alice, actions.trade(idOf(alice), fills, eth(8) * 16n));
    for (let u = 0; u < 16; u++) world.prices[u] = 1_880n * WAD;
    await world.move(0, 1_880n * WAD);
    expect(await below(world, idOf(alice))).to.equal(true);
    const receipt = await (await vault.liquidate(idOf(alice), know(idOf(carol)))).wait();
    expect(receipt?.gasUsed ?? 0n).to.be.lessThan(8_388_608n);
    for (let u = 0; u < 16; u++) expect(await world.lotsOf(idOf(alice), u)).to.be.lessThan(eth(8));
    await world.conserve();
  });

  it("H-38 nothing that a liquidator names is trusted: accounts of the fund, of others, of nobody", async () => {
    const world = await leveraged();
    const { vault, alice, bob, carol, fund } = world;
    await world.move(0, BELOW);
    const victim = idOf(alice);
    for (const taker of [idOf(fund), idOf(fund, 1n)]) {
      await expect(vault.connect(world.fundSigner).liquidateTo(victim, taker, WAD, 0n)).to.be.revertedWithCustomError(
        vault,
        "ProtocolAccount",
      );
      await expect(vault.liquidate(victim, taker)).to.be.revertedWithCustomError(vault, "ProtocolAccount");
    }
    await expect(vault.connect(carol).liquidateTo(victim, idOf(bob), WAD, 0n)).to.be.revertedWithCustomError(vault, "NotAuthorised");
    await expect(vault.connect(carol).liquidateTo(victim, 0n, WAD, 0n)).to.be.revertedWithCustomError(vault, "NotAuthorised");
    await expect(vault.liquidate(idOf(await vault.getAddress()), idOf(carol))).to.be.revertedWithCustomError(vault, "AccountHealthy");
  });

  it("H-39 a liquidation is one step: a second in the same state reverts, and nothing can be picked", async () => {
    const world = await leveraged();
    const { vault, alice, carol } = world;
    await world.move(0, BELOW);
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
    await expect(vault.liquidate(idOf(alice), idOf(carol))).to.be.revertedWithCustomError(vault, "AccountHealthy");
    await world.deposit(carol, usd(100_000));
    await expect(vault.connect(carol).liquidateTo(idOf(alice), idOf(carol), WAD, 0n)).to.be.revertedWithCustomError(
      vault,
      "AccountHealthy",
    );
  });

  it("H-39 exactly the slice or nothing: a taker's limit below it reverts", async () => {
    const world = await leveraged();
    const { vault, alice, carol } = world;
    await world.deposit(carol, usd(100_000));
    await world.move(0, BELOW);
    const { fraction } = await vault.previewLiquidation(idOf(alice));
    await expect(vault.connect(carol).liquidateTo(idOf(alice), idOf(carol), fraction - 1n, 0n)).to.be.revertedWithCustomError(
      vault,
      "FractionAboveLimit",
    );
    await vault.connect(carol).liquidateTo(idOf(alice), idOf(carol), fraction, 0n);
    await world.conserve();
  });

  it("H-40 nothing can be opened that could be liquidated at once", async () => {
    const world = await createWorld();
    const { vault, alice, bob, carol } = world;
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(alice, usd(1_000));
    await world.refresh();
    // the largest position by bisection
    let low = 1n;
    let high = eth(1_000);
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      const action = actions.trade(idOf(alice), [world.fill(idOf(bob), 0, middle)], middle);
      const stands = await vault
        .connect(alice)
        .execute.staticCall([action])
        .then(
          () => true,
          () => false,
        );
      if (stands) low = middle;
      else high = middle;
    }
    await world.trade(alice, bob, 0, low);
    const { equity, margin } = await world.assess(idOf(alice), true);
    expect(equity >= margin).to.equal(true);
    await expect(vault.liquidate(idOf(alice), idOf(carol))).to.be.revertedWithCustomError(vault, "AccountHealthy");
  });

  it("H-40 I-11 a trade by the second form cannot put its own account below the line", async () => {
    // the first underlying has become volatile: its target is far above its held range; the second has not
    const world = await createWorld({ underlyings: [{ rangeMultiple: 10_000_000n }, { rangeMultiple: 5_300_000n }] });
    const { vault, alice, bob } = world;
    await world.deposit(bob, usd(10_000_000));
    await world.deposit(alice, usd(60_000));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(1_000));
    let price = 2_000n;
    for (const step of [60n, -60n, 60n, -60n]) {
      price += step;
      // a move takes 400 s and ends at a full hour: only there prices are samples
      const beginning = BigInt(await world.time.latest()) + 400n;
      await world.time.increaseTo((beginning / 3_600n + 1n) * 3_600n - 400n);
      await world.move(0, price * WAD);
    }
    await world.refresh();
    const words = await vault.underlyingWords(0);
    const range = (shift: bigint): bigint => ((words[0] ?? 0n) >> shift) & 0xffffffffn;
    if (range(136n) * 10n < range(168n) * 12n) throw new Error("the case needs a target far above the held range");
    // leave only just enough equity to be above the line but below the opening margin
    const live = await world.assess(idOf(alice));
    const opening = await world.assess(idOf(alice), true);
    const aim = (live.margin * 8n) / 10n + live.margin / 100n;
    if (aim > opening.margin) throw new Error("the case needs an account between line and opening margin");
    const lots = eth(1_000);
    const drop = (live.equity - aim) / lots;
    // the equity goes by the price of the fill: within the band a little; the rest by a fall of the mark
    price -= (drop * 100_000n) / WAD;
    await world.move(0, price * WAD);
    const before = await world.assess(idOf(alice));
    if (before.equity < (before.margin * 8n) / 10n) throw new Error("the case needs a healthy account");
    // sheds all of the first, raises the second: more and more, until the wide ranges alone would still allow what is below the line
    let [stood, refused] = [0, 0];
    for (let part = 30n; part <= 150n; part += 10n) {
      const second = (eth(1_000) * part) / 100n;
      const trade = actions.trade(idOf(alice), [world.fill(idOf(bob), 0, -lots), world.fill(idOf(bob), 1, second)]);
      const snapshot = await world.connection.networkHelpers.takeSnapshot();
      const done = await vault
        .connect(alice)
        .execute([trade])
        .then(
          () => true,
          () => false,
        );
      if (done) {
        stood++;
        expect(await below(world, idOf(alice)), `part ${part}`).to.equal(false);
      } else {
        refused++;
      }
      await snapshot.restore();
    }
    expect(stood > 0 && refused > 0, "some of them stand, some do not").to.equal(true);
  });

  it("H-41 I-12 funding is accrued before any test: a touch never changes who may be liquidated", async () => {
    const world = await leveraged(1_900n);
    const { vault, alice, bob, carol, rateSource, time } = world;
    const a = idOf(alice);
    await rateSource.set(7_500_000n, false);
    for (let hour = 0; hour < 8; hour++) {
      await time.increase(3_600n);
      await vault.updateFundingRate(0);
      await world.refresh();
    }
    const stored = (await vault.headerOf(a)).cash;
    const due = stored - (await world.cashOf(a));
    expect(due, "longs owe").to.be.greaterThan(WAD);
    // a fall after which the account is below the line by what it owes, and would be above it without
    const lots = await world.lotsOf(a, 0);
    const surplus = async (): Promise<bigint> => {
      const { equity, margin } = await world.assess(a);
      return equity - (margin * 8n + 9n) / 10n;
    };
    // margin falls with the price as well: a second step comes near enough
    for (let step = 0; step < 3; step++) {
      const fall = ((await surplus()) + due / 2n) / lots;
      await world.move(0, ((world.prices[0] ?? 0n) / 100_000n - fall) * 100_000n);
    }
    const before = await surplus();
    expect(before, "below the line").to.be.lessThan(0n);
    expect(before + due, "above it if funding were forgotten").to.be.greaterThan(0n);
    const plan = await vault.previewLiquidation(a);
    // the touch writes the funding down: as maker and as taker of a fill that sheds next to nothing, at the mark
    const snapshot = await world.connection.networkHelpers.takeSnapshot();
    await world.trade(bob, a, 0, 5_000n);
    expect((await vault.positionOf(a, 0)).fundingIndex, "written").to.not.equal(0n);
    await world.trade(alice, bob, 0, -5_000n);
    expect(await surplus(), "no better for a touch").to.be.lessThan(0n);
    await snapshot.restore();
    // poking price and rate in the block of the liquidation changes nothing of the plan but for the seconds that pass
    await world.refresh();
    const again = await vault.previewLiquidation(a);
    expect(again.fraction).to.be.closeTo(plan.fraction, WAD / 1_000n);
    await vault.liquidate(a, world.know(idOf(carol)));
    await world.conserve();
  });

  it("H-42 the discount depends on the state alone: no clock, no absent bidder lowers the price", async () => {
    const world = await leveraged();
    const { vault, alice } = world;
    await world.move(0, BELOW);
    const first = await vault.previewLiquidation(idOf(alice));
    for (let hour = 0; hour < 5; hour++) {
      await world.time.increase(600n);
      await world.refresh();
      const later = await vault.previewLiquidation(idOf(alice));
      expect([later.fraction, later.discount, later.bounty]).to.deep.equal([first.fraction, first.discount, first.bounty]);
    }
  });

  it("H-43 neither dust nor a donation moves the discount or restarts anything", async () => {
    const world = await leveraged();
    const { vault, alice, carol, settlement } = world;
    await world.move(0, BELOW);
    const first = await vault.previewLiquidation(idOf(alice));
    await settlement.mint(vault, usd(1_000_000));
    await world.deposit(carol, 1n);
    const second = await vault.previewLiquidation(idOf(alice));
    expect([second.fraction, second.discount]).to.deep.equal([first.fraction, first.discount]);
    // a unit of the account itself moves it by no more than that unit is worth
    await world.deposit(alice, 1n);
    const third = await vault.previewLiquidation(idOf(alice));
    expect(third.discount).to.be.closeTo(first.discount, 10n ** 14n);
  });

  it("H-43 what comes into the fund later does not reset the clock of its discount", async () => {
    const world = await leveraged();
    const { vault, alice, bob, carol, dave, erin, time } = world;
    await world.deposit(dave, usd(1_800n));
    await world.refresh();
    await world.trade(dave, bob, 0, eth(100));
    await world.move(0, BELOW);
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
    const since = async (): Promise<bigint> => ((await vault.underlyingWords(0))[7] ?? 0n) & ((1n << 40n) - 1n);
    const started = await since();
    expect(started).to.equal(BigInt(await time.latest()));
    await time.increase(300n);
    await world.refresh();
    await vault.liquidate(idOf(dave), idOf(carol));
    expect(await since()).to.equal(started);
    await world.deposit(erin, usd(100_000));
    await world.refresh();
    await vault.connect(erin).shedFund(0, idOf(erin), WAD, 0n);
    expect(await since(), "empty again").to.equal(0n);
  });

  it("H-44 farming bounties with accounts of the smallest size does not pay", async () => {
    const world = await createWorld();
    const { vault, alice, bob, carol, know } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(100_000));
    await world.deposit(alice, usd(8));
    await world.refresh();
    // 0.05 ETH: the smallest that stands
    await world.trade(alice, bob, 0, 5_001n);
    const ids = [idOf(alice), idOf(bob), know(idOf(carol))];
    const joint = async (): Promise<bigint> => {
      let sum = 0n;
      for (const id of ids) sum += (await world.assess(id)).value;
      return sum;
    };
    await world.move(0, 1_930n * WAD);
    const before = await joint();
    await vault.liquidate(idOf(alice), idOf(carol));
    expect((await joint()) <= before, "the bounty came from the account").to.equal(true);
    await world.conserve();
  });

  it("H-44 the fund pays no bounty for what is below the smallest size, and no more than the cap of an epoch", async () => {
    const world = await createWorld({ parameters: { bountyCap: 700n } });
    const { vault, bob, carol, signers, know } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(1_000_000));
    const victims = signers.slice(8, 11);
    for (const each of victims) {
      await world.deposit(each, usd(1_000));
      await world.refresh();
      await world.trade(each, bob, 0, eth(50));
    }
    await world.move(0, 1_500n * WAD);
    let paid = 0n;
    for (const each of victims) {
      const receipt = await (await vault.liquidate(idOf(each), know(idOf(carol)))).wait();
      for (const log of receipt?.logs ?? []) {
        const event = vault.interface.parseLog(log);
        if (event?.name === "BountyFunded") paid += event.args.amount;
      }
    }
    // 0.07 tokens an epoch where three bounties of 0.05 were wanted
    expect(paid).to.equal(7n * 10n ** 16n);
    expect(await world.cashOf(idOf(carol))).to.equal(paid);
    await world.conserve();
  });

  it("H-45 no dust is left behind, and the smallest account pays for its liquidation", async () => {
    const world = await createWorld();
    const { vault, alice, bob, carol, dave, know } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(100_000));
    await world.deposit(dave, usd(100_000));
    await world.deposit(alice, usd(9));
    await world.refresh();
    await world.trade(bob, dave, 0, eth(10));
    await expect(world.trade(alice, bob, 0, 4_900n)).to.be.revertedWithCustomError(vault, "PositionTooSmall");
    await world.trade(alice, bob, 0, 5_001n);
    await world.move(0, 1_900n * WAD);
    await vault.liquidate(idOf(alice), know(idOf(carol)));
    expect(await world.lotsOf(idOf(alice), 0), "sold whole").to.equal(0n);
    expect(await world.cashOf(idOf(carol))).to.be.greaterThan(5n * 10n ** 16n);
  });

  it("H-46 while opens are stopped the account under pressure can still deposit and reduce", async () => {
    const world = await leveraged(1_800n);
    const { vault, alice, bob, carol } = world;
    await vault.stopOpens(0);
    await world.move(0, 1_930n * WAD);
    await expect(world.trade(alice, bob, 0, eth(1))).to.be.revertedWithCustomError(vault, "FilledTooLittle");
    await world.deposit(alice, usd(10));
    await world.trade(alice, bob, 0, -eth(10));
    await world.withdraw(bob, usd(1));
    await world.move(0, 1_800n * WAD);
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
  });

  it("H-46 there is no switch for deposit, reduction or liquidation", async () => {
    const { vault } = await createWorld();
    const names = vault.interface.fragments.flatMap((each) => (each.type === "function" ? [each.format()] : []));
    expect(names.filter((name) => /pause|freeze|halt/i.test(name))).to.deep.equal([]);
  });
});

async function below(world: World, account: bigint): Promise<boolean> {
  const { equity, margin } = await world.assess(account);
  return equity < (margin * 800_000n + 999_999n) / 1_000_000n;
}
