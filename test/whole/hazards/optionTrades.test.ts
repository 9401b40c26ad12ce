import { expect } from "chai";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { marketOf } from "../../../src/engine/ledger/market.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { liveMargin } from "../../../src/engine/margin/options/liveMargin.ts";
import { portfolioOf, settledCash, unrealisedGain } from "../../../src/engine/margin/portfolios.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { partUp, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { UnderlyingHolding } from "../../../src/engine/types/holding.ts";
import { STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import type { AccountId, Assessment } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { expiryOf } from "../../../src/engine/words/seriesWord.ts";
import type { MarginLens } from "../../../typechain-types/index.ts";
import { combo, deposit, open, refresh, trade } from "../../helpers/comboWorld.ts";
import { deployContract } from "../../helpers/deploy.ts";
import { DAY } from "../../helpers/seriesWorld.ts";
import { type Answer, type Call, named, SeriesChain } from "../../helpers/walks/seriesChain.ts";

const FUTURE = named(0, 1, STRIKE_ZERO);
const DEEP = 10n ** 11n;

/** Prices that the guard believes, a minute apart, and words of them. */
async function moveTo(world: SeriesChain, prices: readonly bigint[], numbers: readonly number[]): Promise<void> {
  for (const price of prices) {
    world.pass(61n);
    await world.step(world.post(0, price * WAD), "move", []);
  }
  await refresh(world, 0, numbers);
}

function figuresOf(world: SeriesChain, id: AccountId, opening = false): Assessment {
  return assess(portfolioOf(new Draft(world.state), id), termsAt(world.state.margin, world.state.now), opening);
}

/** An answer to taking out settlement tokens: what it reverted with, or nothing. */
async function withdraw(world: SeriesChain, id: AccountId, tokens: bigint): Promise<string | undefined> {
  world.pass(1n);
  return refusalOf(await world.step(withdrawal(world, id, tokens), "withdraw"));
}

function withdrawal(world: SeriesChain, id: AccountId, units: bigint): Call {
  return world.actions(ownerOf(id), [{ kind: "Withdraw", account: id, token: SETTLEMENT, amount: units, to: ownerOf(id) }]);
}

const refusalOf = (answer: Answer): string | undefined => ("reverted" in answer ? answer.reverted : undefined);

/** Takes out settlement tokens a second later, as many units as the engine lets go and `more`. */
async function withdrawMost(world: SeriesChain, id: AccountId, more: bigint): Promise<string | undefined> {
  world.pass(1n);
  let [least, most] = [0n, 10n ** 18n];
  while (most - least > 1n) {
    const middle = (least + most) / 2n;
    if (world.attempt(withdrawal(world, id, middle)) instanceof Reverted) most = middle;
    else least = middle;
  }
  return refusalOf(await world.step(withdrawal(world, id, least + more), "withdraw"));
}

/** What an account can do without, in units of the token. */
const spare = (world: SeriesChain, id: AccountId): bigint => {
  const { equity, margin } = figuresOf(world, id, true);
  return (equity - margin) / 10n ** 12n - 1_000n;
};

describe("trades of options and dated futures", function () {
  this.timeout(300_000);
  let world: SeriesChain;
  let [taker, maker, other, poor]: AccountId[] = [];

  beforeEach(async () => {
    world = await SeriesChain.create(4);
    [taker, maker, other, poor] = world.owners.map((owner) => accountIdOf(owner));
  });

  describe("H-91 open interest for nothing", () => {
    const openInterest = (): bigint => world.state.underlyings[0]!.funding.openInterest;

    /** Calls at 20,000, 29,500 and 39,000, with the price at 2,000, and calls of strikes near it. */
    beforeEach(async () => {
      await open(world, 1, 60n, 0, { base: 20_000n, step: 9_500n, count: 3n, depth: DEEP });
      await open(world, 2, 60n);
      await refresh(world);
      world.pass(1n);
      await world.step(world.refreshCap(0));
      for (const id of [taker, maker, other, poor]) await deposit(world, id!, 100_000n);
    });

    it("H-91 behavior: an option counts in open interest what it risks, at least a 128th of a lot", async () => {
      const counts = [named(0, 1, 2n), named(0, 1, 0n), named(0, 2, 9n), named(0, 2, 5n), named(0, 2, 0n)].map(
        (instrument) => marketOf(new Draft(world.state), instrument).halvings,
      );
      // far out, 20,000, 2,400, at the money, far in the money
      expect(counts).to.deep.equal([6n, 5n, 0n, 0n, 0n]);
      for (const [instrument, halvings] of [
        [named(0, 1, 2n), 6n],
        [named(0, 2, 5n), 0n],
      ] as const) {
        const before = openInterest();
        expect(await trade(world, taker!, combo(world, maker!, [[instrument, 64_001n]]))).to.deep.equal(["Filled"]);
        expect(openInterest() - before).to.equal((64_001n + (1n << halvings) - 1n) >> halvings);
        // and as much goes with it
        expect(await trade(world, taker!, combo(world, maker!, [[instrument, -64_001n]]))).to.deep.equal(["Filled"]);
        expect(openInterest()).to.equal(before);
      }
    });

    it("H-91 behavior: as many far calls as the whole cap has lots leave room for others, and the cap ends them in the end", async () => {
      const { cap } = world.state.underlyings[0]!.funding;
      expect(await trade(world, taker!, combo(world, maker!, [[named(0, 1, 2n), cap / 10n]]))).to.deep.equal(["Filled"]);
      expect(openInterest()).to.be.lessThan(cap / 600n);
      expect(await trade(world, other!, combo(world, poor!, [[0n, 10_000n]]))).to.deep.equal(["Filled"]);
    });

    it("H-91 behavior: what a position adds counts what it risks then, what it gives back as it was counted, and what changes hands opens nothing", async () => {
      const far = named(0, 2, 9n);
      // a call at 2,400 while the price is at 1,300
      await moveTo(world, [1_800n, 1_600n, 1_450n, 1_300n], [1, 2]);
      const then = marketOf(new Draft(world.state), far).halvings;
      expect(then > 0n).to.equal(true);
      expect(await trade(world, taker!, combo(world, maker!, [[far, 16_000n]]))).to.deep.equal(["Filled"]);
      const first = openInterest();
      expect(first).to.equal(16_000n >> then);
      await moveTo(world, [1_450n, 1_600n, 1_800n, 2_000n, 2_200n, 2_400n], [1, 2]);
      // part of it goes
      expect(await trade(world, taker!, combo(world, maker!, [[far, -8_000n]]))).to.deep.equal(["Filled"]);
      expect(openInterest()).to.equal(first / 2n);
      // a lot more, and all of it is at the money
      expect(await trade(world, taker!, combo(world, maker!, [[far, 8_000n]]))).to.deep.equal(["Filled"]);
      expect(openInterest()).to.equal(16_000n);
      // with the cap below, it is sold on to who holds none: nothing new is opened
      const { vault } = world.deployment;
      expect((await vault.seriesPositionsOf(taker!, 0))[2]).to.deep.equal([0n]);
      expect(await trade(world, taker!, combo(world, other!, [[far, -16_000n]]))).to.deep.equal(["Filled"]);
      expect(openInterest()).to.equal(16_000n);
    });
  });

  describe("H-92 cover that expires first", () => {
    const lots = 10_000n; // a tenth of an ether
    const holding = (id: AccountId): UnderlyingHolding => portfolioOf(new Draft(world.state), id).holdings!.get(0n)!;
    const minimum = (id: AccountId): bigint => liveMargin(holding(id), termsAt(world.state.margin, world.state.now)).shortOptionMinimum;

    beforeEach(async () => {
      await open(world, 1, 2n);
      await open(world, 2, 30n);
      await refresh(world);
      for (const id of [taker, poor]) await deposit(world, id!, 100_000n);
    });

    for (const [what, cover, covers] of [
      ["a call that expires first", named(0, 1, 9n), false],
      ["a future that expires first", FUTURE, false],
      ["a call that expires with it", named(0, 2, 8n), true],
      ["a future that expires with it", named(0, 2, STRIKE_ZERO), true],
      ["a perpetual, which never does", 0n, true],
    ] as const) {
      it(`H-92 behavior: ${what} covers a short call ${covers ? "" : "not"}`, async () => {
        expect(await trade(world, taker!, combo(world, poor!, [[named(0, 2, 9n), lots]]))).to.deep.equal(["Filled"]);
        const naked = minimum(poor!);
        expect(naked > 0n).to.equal(true);
        expect(await trade(world, taker!, combo(world, poor!, [[cover, -lots]]))).to.deep.equal(["Filled"]);
        expect(minimum(poor!)).to.equal(covers ? 0n : naked);
      });
    }

    it("H-92 behavior: what outlives a short covers it, and its own shorts come first", async () => {
      // a short of each expiry, and a long of the later one
      expect(
        await trade(
          world,
          taker!,
          combo(world, poor!, [
            [named(0, 1, 9n), lots],
            [named(0, 2, 8n), -lots],
          ]),
        ),
      ).to.deep.equal(["Filled", "Filled"]);
      expect(minimum(poor!)).to.equal(0n);
      expect(await trade(world, taker!, combo(world, poor!, [[named(0, 2, 9n), lots]]))).to.deep.equal(["Filled"]);
      const both = minimum(poor!);
      expect(both > 0n).to.equal(true);
      // as the engine has it beside the vault, also by words: SeriesChain compares both figures after every call
    });

    it("H-92 behavior: an account below its line without cover cannot buy calls that expire first to escape", async () => {
      const short = combo(world, poor!, [[named(0, 2, 9n), 2_000_000n]]);
      expect(await trade(world, taker!, short)).to.deep.equal(["Filled"]);
      expect(await withdraw(world, poor!, spare(world, poor!))).to.equal(undefined);
      const before = minimum(poor!);
      expect(await trade(world, taker!, combo(world, poor!, [[named(0, 1, 9n), -2_000_000n]]))).to.deep.equal(["MarginTooLow"]);
      expect(minimum(poor!)).to.equal(before);
    });
  });

  describe("H-93 the lock on gains stepped around", () => {
    beforeEach(async () => {
      await open(world, 1, 30n, 0, { depth: DEEP });
      await refresh(world, 0, [1]);
      for (const id of [taker, maker]) await deposit(world, id!, 60_000n);
    });

    for (const [what, instrument] of [
      ["a perpetual", 0n],
      ["a dated future", FUTURE],
    ] as const) {
      it(`H-93 behavior: a quarter of what ${what} has gained stays`, async () => {
        expect(await trade(world, taker!, combo(world, maker!, [[instrument, 5_000_000n]]))).to.deep.equal(["Filled"]);
        const steps = [115n, 135n, 160n, 190n, 225n, 265n, 310n, 360n, 400n];
        await moveTo(
          world,
          steps.map((percent) => 20n * percent),
          [1],
        );
        // margin would let more go
        expect(await withdraw(world, taker!, spare(world, taker!))).to.equal("SettledCashTooLow");
        const portfolio = portfolioOf(new Draft(world.state), taker!);
        const gain = unrealisedGain(portfolio);
        // fifty of them, three times 2,000
        expect(gain).to.be.closeTo(300_000n * WAD, 1_000n * WAD);
        const most = (settledCash(portfolio) - partUp(gain, WAD / 4n)) / 10n ** 12n;
        expect(await withdraw(world, taker!, most + 1n)).to.equal("SettledCashTooLow");
        expect(await withdraw(world, taker!, most)).to.equal(undefined);
        // the lens promises no more
        const { connection, vault } = world.deployment;
        const lens = await deployContract<MarginLens>(connection, "MarginLens", vault);
        expect((await lens.summary(taker!)).withdrawable).to.be.lessThan(10n ** 12n);
      });
    }

    it("H-93 behavior: what is locked of a gain is asked of the tight bound, though the coarse one would let all go", async () => {
      expect(await trade(world, taker!, combo(world, maker!, [[FUTURE, 5_000_000n]]))).to.deep.equal(["Filled"]);
      expect(await trade(world, taker!, combo(world, maker!, [[named(0, 1, 5n), -40_000n]]))).to.deep.equal(["Filled"]);
      await moveTo(
        world,
        [115n, 135n, 160n, 190n, 225n, 265n, 310n, 360n, 400n].map((percent) => 20n * percent),
        [1],
      );
      expect(await withdrawMost(world, taker!, 1n)).to.equal("SettledCashTooLow");
      expect(await withdrawMost(world, taker!, 0n)).to.equal(undefined);
    });

    it("H-93 behavior: entry costs are at average price, go with what is closed, and begin anew past zero and in other hands", async () => {
      const costOf = async (id: AccountId): Promise<bigint | undefined> => (await world.deployment.vault.seriesPositionsOf(id, 0))[3][0];
      const price = () => marketOf(new Draft(world.state), FUTURE).mark;
      expect(await trade(world, taker!, combo(world, maker!, [[FUTURE, 300_000n]]))).to.deep.equal(["Filled"]);
      const first = price();
      await moveTo(world, [2_100n], [1]);
      const second = price();
      expect(await trade(world, taker!, combo(world, maker!, [[FUTURE, 100_000n]]))).to.deep.equal(["Filled"]);
      expect(await costOf(taker!)).to.equal(300_000n * first + 100_000n * second);
      expect(await costOf(maker!)).to.equal(-300_000n * first - 100_000n * second);
      expect(await trade(world, taker!, combo(world, maker!, [[FUTURE, -100_000n]]))).to.deep.equal(["Filled"]);
      expect(await costOf(taker!)).to.equal(((300_000n * first + 100_000n * second) * 3n) / 4n);
      await moveTo(world, [2_200n], [1]);
      expect(await trade(world, taker!, combo(world, maker!, [[FUTURE, -500_000n]]))).to.deep.equal(["Filled"]);
      expect(await costOf(taker!)).to.equal(-200_000n * price());
      // it expires, and nothing is left of it
      const expiry = expiryOf(world.state.underlyings[0]!.series.get(1)!.word);
      world.pass(expiry - 1_800n - world.state.now);
      for (let i = 0; i < 14; i++) {
        await world.step(world.post(0, 2_200n * WAD), "window", []);
        world.pass(150n);
      }
      world.pass(DAY / 24n);
      await world.step(world.pay(taker!, 0, 1));
      expect((await world.deployment.vault.seriesPositionsOf(taker!, 0))[3]).to.deep.equal([]);
    });
  });
});
