import { expect } from "chai";
import { ZeroAddress } from "ethers";
import type { MarginLens } from "../../typechain-types/index.ts";
import { type DeployOptions, deployContract, mockUpdate } from "../helpers/deploy.ts";
import { actions, createWorld, eth, idOf, SETTLEMENT, usd, WAD, type World } from "../helpers/vaultWorld.ts";

const NO_PRICE = 2n ** 96n - 1n;
const NO_MARGIN = 2n ** 256n - 1n;
const PRICE_BITS = 2n ** 96n - 1n;

interface Scene {
  readonly world: World;
  readonly lens: MarginLens;
  /** Writes another last valid price of a lot, everything else as it is: what a liquidation price is about. */
  readonly setLotPrice: (underlying: number, price: bigint) => Promise<void>;
}

async function createScene(options: DeployOptions = {}): Promise<Scene> {
  const world = await createWorld(options);
  const { connection, vault } = world;
  const lens = await deployContract<MarginLens>(connection, "MarginLens", vault);
  const layout = [...(await (await connection.ethers.deployContract("VaultReader")).slotsOfState())];
  const { AbiCoder, keccak256, toBeHex } = connection.ethers;
  const setLotPrice = async (underlying: number, price: bigint): Promise<void> => {
    const slot = keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [underlying, layout[5]]));
    const word = (await vault.underlyingWords(underlying))[0] ?? 0n;
    await connection.networkHelpers.setStorageAt(await vault.getAddress(), slot, toBeHex((word & ~PRICE_BITS) | price, 32));
    expect(((await vault.underlyingWords(underlying))[0] ?? 0n) & PRICE_BITS, "the slot of the price words").to.equal(price);
  };
  return { world, lens, setLotPrice };
}

/** ceil(amount · ppm / 10^6) of an amount that is not negative. */
function partUp(amount: bigint, ppm: bigint): bigint {
  return amount <= 0n ? 0n : (amount * ppm + 999_999n) / 1_000_000n;
}

/** Whether the vault's own figures have the account at or above its line. */
async function isHealthy({ world }: Scene, account: bigint): Promise<boolean> {
  const { equity, margin } = await world.assess(account);
  return equity >= partUp(margin, 800_000n);
}

/** Alice with money, collateral of two kinds on one underlying and one on another, long the first and short the second. */
async function mixed(options: DeployOptions = {}): Promise<Scene> {
  const scene = await createScene({
    collaterals: [
      { decimals: 18, underlying: 0, haircut: 100_000n, cap: 10n ** 27n },
      { decimals: 8, underlying: 1, haircut: 150_000n, cap: 10n ** 27n },
      { decimals: 6, underlying: 0, haircut: 250_001n, cap: 10n ** 27n },
    ],
    ...options,
  });
  const { world } = scene;
  const { alice, bob } = world;
  await world.deposit(bob, usd(1_000_000));
  await world.deposit(alice, usd(4_000));
  await world.deposit(alice, (WAD * 123_456_789n) / 100_000_000n, 0);
  await world.deposit(alice, 1_234_567n, 1);
  await world.deposit(alice, 777_777n, 2);
  await world.refresh();
  await world.trade(alice, bob, 0, eth(150) + 3n);
  await world.trade(alice, bob, 1, -200_001n);
  return scene;
}

describe("MarginLens", () => {
  describe("summary", () => {
    it("default: every figure is the vault's, funding accrued", async () => {
      const scene = await mixed();
      const { world, lens } = scene;
      const { vault, alice, rateSource, time } = world;
      await rateSource.set(7_000_000n, false);
      await time.increase(3_600n);
      await vault.updateFundingRate(0);
      await world.refresh();
      await time.increase(50n);
      for (const account of [idOf(alice), idOf(world.bob)]) {
        const summary = await lens.summary(account);
        const live = await vault.assess(account, false);
        const opening = await vault.assess(account, true);
        const { cash, books } = await vault.portfolioOf(account);
        expect(summary.account).to.equal(account);
        expect([summary.value, summary.equity, summary.margin, summary.notional]).to.deep.equal([...live]);
        expect(summary.openingMargin).to.equal(opening.margin);
        expect(summary.maintenance).to.equal(partUp(live.margin, 800_000n));
        expect(summary.health).to.equal((live.equity * WAD) / summary.maintenance);
        const settled = books.reduce((sum, book) => sum + book.lots * book.price, cash);
        expect(summary.settledCash).to.equal(settled);
        // books without a gain: nothing of the free equity is locked
        expect(summary.withdrawable).to.equal(
          [live.equity - opening.margin, settled, (await vault.totals()).settlement].reduce((a, b) => (a < b ? a : b)),
        );
      }
      expect((await lens.summary(idOf(alice))).settledCash, "funding is due").to.not.equal(4_000n * WAD);
    });

    it("behavior: nobody's account has nothing and the largest health", async () => {
      const { world, lens } = await createScene();
      const account = idOf(world.alice, 9n);
      expect([...(await lens.summary(account))]).to.deep.equal([account, 0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, NO_MARGIN]);
      expect([...(await lens.summary(idOf(ZeroAddress)))].slice(1, 9)).to.deep.equal(Array.from({ length: 8 }, () => 0n));
    });

    it("behavior: health is one exactly at the line, to the unit of equity", async () => {
      const scene = await createScene({ settlementDecimals: 18 });
      const { world, lens } = scene;
      const { vault, alice, bob, carol } = world;
      await world.deposit(alice, 1_600n * WAD);
      await world.deposit(bob, 1_000_000n * WAD);
      await world.refresh();
      await world.trade(alice, bob, 0, eth(100));
      await world.move(0, 1_900n * WAD + 12_345n);
      const account = idOf(alice);
      const { equity, margin } = await world.assess(account);
      const missing = partUp(margin, 800_000n) - equity;
      if (missing < 2n) throw new Error("the case needs an account below its line");
      await world.deposit(alice, missing - 1n);
      expect((await lens.summary(account)).health).to.equal(WAD - 1n);
      expect([...(await lens.belowMaintenance([account]))]).to.deep.equal([account]);
      expect([...(await vault.mayBeLiquidated([account]))]).to.deep.equal([true]);
      await world.deposit(alice, 1n);
      expect((await lens.summary(account)).health).to.equal(WAD);
      expect([...(await lens.belowMaintenance([account]))]).to.deep.equal([]);
      await expect(vault.liquidate(account, idOf(carol))).to.be.revertedWithCustomError(vault, "AccountHealthy");
    });

    it("behavior: no health below zero equity, with margin and without", async () => {
      const { world, lens } = await createScene();
      const { alice, bob } = world;
      await world.deposit(alice, usd(1_600));
      await world.deposit(bob, usd(1_000_000));
      await world.refresh();
      await world.trade(alice, bob, 0, eth(100));
      await world.move(0, 1_700n * WAD);
      const insolvent = await lens.summary(idOf(alice));
      expect(insolvent.value).to.be.lessThan(0n);
      expect(insolvent.maintenance).to.be.greaterThan(0n);
      expect([insolvent.health, insolvent.withdrawable]).to.deep.equal([0n, 0n]);
      await world.trade(alice, bob, 0, -eth(100));
      const closed = await lens.summary(idOf(alice));
      expect(closed.equity).to.be.lessThan(0n);
      expect([closed.margin, closed.maintenance, closed.health]).to.deep.equal([0n, 0n, 0n]);
      expect([...(await lens.belowMaintenance([idOf(alice)]))]).to.deep.equal([idOf(alice)]);
      expect([...(await lens.liquidationPrices(idOf(alice), 0))]).to.deep.equal([world.lotPrice(0), world.lotPrice(0)]);
    });
  });

  describe("withdrawable", () => {
    /** What the lens says leaves, and one unit of the token more does not. */
    async function expectExact({ world, lens }: Scene, error: string): Promise<bigint> {
      const { vault, alice } = world;
      const { withdrawable } = await lens.summary(idOf(alice));
      const units = withdrawable / 10n ** 12n;
      const withdraw = (amount: bigint) => [actions.withdraw(idOf(alice), SETTLEMENT, amount, alice.address)];
      await expect(vault.connect(alice).execute.staticCall(withdraw(units + 1n))).to.be.revertedWithCustomError(vault, error);
      if (units > 0n) await vault.connect(alice).execute.staticCall(withdraw(units));
      return withdrawable;
    }

    it("behavior: the opening margin binds, to the unit, where it is above the live one", async () => {
      const scene = await mixed({ underlyings: [{ rangeMultiple: 10_000_000n }, { price: 40_000n * WAD, lotExponent: 6 }] });
      const { world, lens } = scene;
      const { alice, bob } = world;
      await world.deposit(alice, usd(50_000));
      await world.trade(alice, bob, 0, eth(1_500));
      let price = 2_000n;
      for (const step of [60n, -60n, 60n, -60n]) {
        price += step;
        // samples are taken at the full hour; the move takes 400 seconds
        await world.time.increaseTo(((BigInt(await world.time.latest()) + 400n) / 3_600n + 1n) * 3_600n - 400n);
        await world.move(0, price * WAD);
      }
      await world.refresh();
      const { openingMargin, margin } = await lens.summary(idOf(alice));
      if (openingMargin <= margin) throw new Error("the case needs a target above the held range");
      expect(await expectExact(scene, "MarginTooLow")).to.be.greaterThan(0n);
    });

    it("behavior: settled cash binds: collateral is not paid out in money", async () => {
      const scene = await createScene();
      await scene.world.deposit(scene.world.alice, usd(10));
      await scene.world.deposit(scene.world.bob, usd(100_000));
      await scene.world.deposit(scene.world.alice, 10n * WAD, 0);
      await scene.world.refresh();
      expect(await expectExact(scene, "SettledCashTooLow")).to.equal(10n * WAD);
    });

    it("behavior: the lock of gains binds", async () => {
      const scene = await createScene({ parameters: { gainLock: 1_000_000n } });
      const { world } = scene;
      await world.deposit(world.alice, usd(5_000));
      await world.deposit(world.bob, usd(1_000_000));
      await world.refresh();
      await world.trade(world.alice, world.bob, 0, eth(200));
      await world.move(0, 2_600n * WAD);
      expect(await expectExact(scene, "SettledCashTooLow")).to.equal(5_000n * WAD);
    });

    it("behavior: the vault's own tokens bind where a gain is owed by someone who holds collateral", async () => {
      const scene = await createScene({ parameters: { gainLock: 100_000n } });
      const { world } = scene;
      await world.deposit(world.alice, usd(5_000));
      await world.deposit(world.bob, 100n * WAD, 0);
      await world.refresh();
      await world.trade(world.alice, world.bob, 1, 10n ** 6n);
      await world.move(1, 48_000n * WAD);
      const { settlement } = await world.vault.totals();
      const { equity, openingMargin } = await scene.lens.summary(idOf(world.alice));
      if (equity - openingMargin <= settlement) throw new Error("the case needs a gain beyond what the vault holds");
      expect(await expectExact(scene, "WithdrawalTooLarge")).to.equal(settlement);
    });

    it("behavior: before φ while a deficit is outstanding", async () => {
      const scene = await createScene({ parameters: { topUp: 1_000n } });
      const { world } = scene;
      const { vault, alice, bob, carol, dave } = world;
      await world.deposit(dave, usd(1_500));
      await world.deposit(bob, usd(20_000));
      await world.deposit(alice, usd(10_000));
      await world.refresh();
      await world.trade(dave, bob, 0, eth(100));
      await world.move(0, 1_400n * WAD);
      await vault.liquidate(idOf(dave), world.know(idOf(carol)));
      expect((await vault.totals()).deficit).to.be.greaterThan(0n);
      expect(await expectExact(scene, "MarginTooLow")).to.equal(10_000n * WAD);
    });

    it("behavior: nothing while a price of the account is too old, invalid or in grace; opens that are stopped do not matter", async () => {
      const scene = await mixed();
      const { world, lens } = scene;
      const { vault, alice } = world;
      const before = (await lens.summary(idOf(alice))).withdrawable;
      expect(before).to.be.greaterThan(0n);
      await vault.stopOpens(0);
      expect(await expectExact(scene, "SettledCashTooLow")).to.equal(before);
      await world.time.increase(700n);
      expect(await expectExact(scene, "RiskMayNotRise")).to.equal(0n);
      await world.refresh();
      expect(await expectExact(scene, "SettledCashTooLow")).to.equal(before);
      // far outside the guard: the last valid price stays, and is invalid
      const time = BigInt(await world.time.latest()) + 1n;
      await world.time.setNextBlockTimestamp(time);
      await vault.postPrice(1, [mockUpdate(400_000n * WAD, time)]);
      expect(await expectExact(scene, "RiskMayNotRise")).to.equal(0n);
      expect((await lens.summary(idOf(world.carol))).withdrawable, "who holds nothing of it").to.equal(0n);
    });
  });

  describe("summaries and belowMaintenance", () => {
    /** Eight traders, every second of them below the line. */
    async function crowd(): Promise<{ scene: Scene; ids: bigint[]; below: bigint[] }> {
      const scene = await createScene();
      const { world } = scene;
      await world.deposit(world.bob, usd(1_000_000));
      const traders = world.signers.slice(8, 16);
      for (const [i, each] of traders.entries()) {
        await world.deposit(each, usd(i % 2 === 0 ? 1_600 : 4_000));
        await world.refresh();
        await world.trade(each, world.bob, 0, eth(100));
      }
      await world.move(0, 1_900n * WAD);
      const ids = traders.map((each) => idOf(each));
      return { scene, ids, below: ids.filter((_, i) => i % 2 === 0) };
    }

    it("default: pages are what their accounts are one by one, in the order asked", async () => {
      const { scene, ids } = await crowd();
      const { lens } = scene;
      const pages = [ids, [...ids].reverse(), ids.slice(3, 4), [...ids, idOf(scene.world.alice, 77n), ids[0] ?? 0n]];
      for (const page of pages) {
        const found = await lens.summaries(page);
        expect(found.length).to.equal(page.length);
        for (const [i, id] of page.entries()) expect([...(found[i] ?? [])]).to.deep.equal([...(await lens.summary(id))]);
      }
    });

    it("args: an empty page", async () => {
      const { lens } = await createScene();
      expect([...(await lens.summaries([]))]).to.deep.equal([]);
      expect([...(await lens.belowMaintenance([]))]).to.deep.equal([]);
    });

    it("behavior: pages of any length put together find everyone below the line, once", async () => {
      const { scene, ids, below } = await crowd();
      const { lens, world } = scene;
      expect([...(await world.vault.mayBeLiquidated(ids))]).to.deep.equal(ids.map((id) => below.includes(id)));
      // a page may end in the middle and the last may be shorter, or beyond the end and empty
      for (const length of [1, 2, 3, 5, 7, 8, 9]) {
        const found: bigint[] = [];
        for (let at = 0; at <= ids.length; at += length) found.push(...(await lens.belowMaintenance(ids.slice(at, at + length))));
        expect(found, `pages of ${length}`).to.deep.equal(below);
      }
      expect([...(await lens.belowMaintenance(ids.filter((id) => !below.includes(id))))]).to.deep.equal([]);
      expect([...(await lens.belowMaintenance(below))]).to.deep.equal(below);
      expect([...(await lens.belowMaintenance([...below, ...below]))], "asked twice").to.deep.equal([...below, ...below]);
      expect([...(await lens.belowMaintenance([idOf(ZeroAddress), ...below.slice(0, 1)]))]).to.deep.equal(below.slice(0, 1));
    });

    it("behavior: a page of accounts at their limits fits a call", async () => {
      const { scene, ids } = await crowd();
      const page = Array.from({ length: 400 }, (_, i) => ids[i % ids.length] ?? 0n);
      expect((await scene.lens.belowMaintenance(page)).length).to.equal(200);
    });
  });

  describe("liquidationPrices", () => {
    /** By the vault's own figures: above the line at the prices found, one unit beyond below it; without a price, above it far beyond. */
    async function expectEdges(scene: Scene, account: bigint, underlying: number): Promise<{ low: bigint; high: bigint }> {
      const { lens, setLotPrice, world } = scene;
      const mark = world.lotPrice(underlying);
      const { low, high } = await lens.liquidationPrices(account, underlying);
      expect(await isHealthy(scene, account), "above the line now").to.equal(true);
      expect(low <= mark && mark <= high, `${low} ≤ ${mark} ≤ ${high}`).to.equal(true);
      const at = async (price: bigint): Promise<boolean> => {
        await setLotPrice(underlying, price);
        return isHealthy(scene, account);
      };
      expect(await at(low === 0n ? 1n : low), `at ${low}`).to.equal(true);
      if (low > 0n) expect(await at(low - 1n), `one unit below ${low}`).to.equal(false);
      expect(await at(high === NO_PRICE ? mark * 16n : high), `at ${high}`).to.equal(true);
      if (high !== NO_PRICE) expect(await at(high + 1n), `one unit above ${high}`).to.equal(false);
      // nothing in between either
      for (let part = 1n; part < 8n; part++) {
        const [from, to] = [low, high === NO_PRICE ? mark * 16n : high];
        expect(await at(from + ((to - from) * part) / 8n), `${part}/8 between`).to.equal(true);
      }
      await setLotPrice(underlying, mark);
      return { low, high };
    }

    /** Alice with `dollars` and `ether` of collateral, holding `lots` of each underlying. */
    async function holding(dollars: number, ether: bigint, lots: readonly (readonly [underlying: number, lots: bigint])[]): Promise<Scene> {
      const scene = await createScene();
      const { world } = scene;
      await world.deposit(world.bob, usd(10_000_000));
      if (dollars > 0) await world.deposit(world.alice, usd(dollars));
      if (ether > 0n) await world.deposit(world.alice, ether, 0);
      await world.refresh();
      for (const [underlying, size] of lots) await world.trade(world.alice, world.bob, underlying, size);
      return scene;
    }

    const cases: [title: string, dollars: number, ether: bigint, lots: [number, bigint][], found: ("low" | "high" | "none")[]][] = [
      ["a long", 3_000, 0n, [[0, eth(100)]], ["low", "none"]],
      ["a short", 3_000, 0n, [[0, -eth(100)]], ["high", "none"]],
      ["a long that is paid in full", 30_000, 0n, [[0, eth(100)]], ["none", "none"]],
      ["a short that could be closed at thirty times its price", 800_000, 0n, [[0, -eth(100)]], ["none", "none"]],
      ["a long on ether as collateral", 0, 10n * WAD, [[0, eth(100)]], ["low", "none"]],
      ["a short that ether as collateral hedges in part", 1_000, 2n * WAD, [[0, -eth(100)]], ["high", "none"]],
      ["a short that ether as collateral more than hedges", 1_000, 30n * WAD, [[0, -eth(100)]], ["none", "none"]],
      ["another underlying on ether as collateral", 0, 10n * WAD, [[1, 1_000_000n]], ["low", "low"]],
      ["a short of another underlying on ether as collateral", 100, 10n * WAD, [[1, -1_000_000n]], ["low", "high"]],
      [
        "a long and a short",
        10_000,
        0n,
        [
          [0, eth(300)],
          [1, -1_000_000n],
        ],
        ["low", "high"],
      ],
      ["collateral alone", 0, 10n * WAD, [], ["none", "none"]],
      ["a unit of collateral", 1, 1n, [], ["none", "none"]],
      ["money alone", 500, 0n, [], ["none", "none"]],
    ];
    for (const [title, dollars, ether, lots, found] of cases) {
      it(`behavior: of ${title}`, async () => {
        const scene = await holding(dollars, ether, lots);
        for (const [underlying, expected] of found.entries()) {
          const { low, high } = await expectEdges(scene, idOf(scene.world.alice), underlying);
          const side = low > 0n ? (high === NO_PRICE ? "low" : "both") : high === NO_PRICE ? "none" : "high";
          expect(side, `underlying ${underlying}`).to.equal(expected);
        }
      });
    }

    it("behavior: of several tokens on an underlying, each rounded", async () => {
      const scene = await mixed();
      await scene.world.withdraw(scene.world.alice, usd(2_500));
      for (const underlying of [0, 1]) {
        const { low, high } = await expectEdges(scene, idOf(scene.world.alice), underlying);
        expect(underlying === 0 ? low : NO_PRICE - high).to.be.greaterThan(0n);
      }
    });

    it("behavior: the price is the one at which the vault liquidates, when it is posted", async () => {
      const scene = await holding(3_000, 0n, [[0, eth(100)]]);
      const { world, lens } = scene;
      const { vault, alice, carol } = world;
      await world.stake(usd(1_000_000));
      // the first post of an hour samples the variance, and the range follows: both posts below come within one hour
      const { time } = world.connection.networkHelpers;
      const now = BigInt(await time.latest());
      await time.increaseTo(now - (now % 3_600n) + 3_660n);
      await world.refresh();
      const rangeOf = async (): Promise<bigint | undefined> => (await vault.portfolioOf(idOf(alice))).books[0]?.heldRange;
      const range = await rangeOf();
      const { low } = await lens.liquidationPrices(idOf(alice), 0);
      // a unit of the price posted is a unit and a fraction of the lot's: round down on both sides
      await world.move(0, low * 100_000n);
      expect(world.lotPrice(0)).to.equal(low);
      const { low: again } = await lens.liquidationPrices(idOf(alice), 0);
      expect(again).to.equal(low);
      expect(await rangeOf(), "held range").to.equal(range);
      expect([...(await vault.mayBeLiquidated([idOf(alice)]))]).to.deep.equal([false]);
      world.know(idOf(carol));
      await world.move(0, (low - 1n) * 100_000n);
      await vault.liquidate(idOf(alice), idOf(carol));
    });

    it("behavior: below the line both are the mark, of what is held and of what is not", async () => {
      const scene = await holding(1_600, 0n, [[0, eth(100)]]);
      const { world, lens } = scene;
      await world.move(0, 1_900n * WAD);
      expect(await isHealthy(scene, idOf(world.alice))).to.equal(false);
      for (const underlying of [0, 1]) {
        const mark = world.lotPrice(underlying);
        expect([...(await lens.liquidationPrices(idOf(world.alice), underlying))]).to.deep.equal([mark, mark]);
      }
    });

    it("args: what nobody listed and what nobody priced has no liquidation price", async () => {
      const scene = await createScene({ ready: false });
      const { world, lens } = scene;
      await world.deposit(world.alice, WAD, 0);
      for (const underlying of [0, 1, 31, 255]) {
        expect([...(await lens.liquidationPrices(idOf(world.alice), underlying))], String(underlying)).to.deep.equal([0n, NO_PRICE]);
      }
    });
  });

  describe("preview", () => {
    it("default: of any action the figures are those after it", async () => {
      const scene = await mixed();
      const { world, lens } = scene;
      const { vault, alice, bob, settlement } = world;
      const a = idOf(alice);
      await settlement.mint(alice, usd(1_000));
      await settlement.connect(alice).approve(vault, usd(1_000));
      const second = world.know(idOf(alice, 1n));
      const all = {
        deposit: actions.deposit(a, SETTLEMENT, usd(600)),
        withdraw: actions.withdraw(a, SETTLEMENT, usd(300), alice.address),
        "withdraw of collateral": actions.withdraw(a, 0, WAD / 10n, alice.address),
        transfer: actions.transfer(a, SETTLEMENT, 100n * WAD, second),
        operator: actions.operator(a, bob.address, 31, 2n ** 39n),
        modules: actions.modules(a, 3),
        cancel: actions.cancel(a),
        trade: actions.trade(a, [world.fill(idOf(bob), 0, eth(5), { takerFee: WAD / 10n })]),
        close: actions.trade(a, [world.fill(idOf(bob), 1, 200_001n)]),
      };
      for (const [name, action] of Object.entries(all)) {
        for (const account of [a, second, idOf(bob)]) {
          const snapshot = await world.connection.networkHelpers.takeSnapshot();
          const before = await vault.assess(account, true);
          const preview = await lens.preview.staticCall(alice.address, [action], account);
          expect([...preview.before], name).to.deep.equal([...before]);
          await world.execute(alice, action);
          expect([...preview.afterwards], name).to.deep.equal([...(await vault.assess(account, true))]);
          await snapshot.restore();
        }
      }
      const list = [all.deposit, all.trade, all.close];
      const preview = await lens.preview.staticCall(alice.address, list, a);
      expect(preview.before).to.not.deep.equal(preview.afterwards);
      await world.execute(alice, ...list);
      expect([...preview.afterwards]).to.deep.equal([...(await vault.assess(a, true))]);
    });

    it("behavior: what would revert says with which error", async () => {
      const scene = await mixed();
      const { world, lens } = scene;
      const { vault, alice, bob, carol } = world;
      const a = idOf(alice);
      const refused: [string, typeof alice, ReturnType<typeof actions.cancel>[]][] = [
        ["NothingToDo", alice, []],
        ["NotAuthorised", carol, [actions.cancel(a)]],
        ["MarginTooLow", alice, [actions.trade(a, [world.fill(idOf(bob), 0, eth(10_000))])]],
        ["UnknownModule", alice, [actions.raw(a, 7, "0x")]],
        ["InsufficientCollateral", alice, [actions.withdraw(a, 0, 50n * WAD, alice.address)]],
      ];
      for (const [name, actor, list] of refused) {
        const error: unknown = await lens.preview.staticCall(actor.address, list, a).then(
          () => undefined,
          (caught: unknown) => caught,
        );
        const parsed = lens.interface.parseError((error as { data?: string } | undefined)?.data ?? "0x");
        expect(parsed?.name, name).to.equal("ActionReverts");
        expect(vault.interface.parseError(String(parsed?.args[0]))?.name).to.equal(name);
      }
    });

    it("behavior: sent as a transaction it changes nothing", async () => {
      const scene = await mixed();
      const { world, lens } = scene;
      const { vault, alice, bob } = world;
      const before = [await vault.headerOf(idOf(alice)), await vault.headerOf(idOf(bob)), await vault.totals()];
      await lens.connect(bob).preview(alice.address, [actions.withdraw(idOf(alice), SETTLEMENT, usd(10), alice.address)], idOf(alice));
      expect([await vault.headerOf(idOf(alice)), await vault.headerOf(idOf(bob)), await vault.totals()]).to.deep.equal(before);
      await world.conserve();
    });
  });
});
