import { expect } from "chai";
import { beforeEach, describe, it } from "mocha";
import type { Action } from "../../../src/engine/actions/execute.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import type { AccountId } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { combo, deposit, open, type Part, PRICES, refresh, step, threeOwners, trade } from "../../helpers/comboWorld.ts";
import { named, type SeriesChain } from "../../helpers/walks/seriesChain.ts";

const LOTS = 50_000n;
const [CALL, PUT, FUTURE] = [named(0, 1, 4n), named(0, 1, 6n, false), named(0, 1, 127n)];

/** Every step runs on the chain and on the engine, which have to agree on all that is stored. */
describe("hazards of options", function () {
  this.timeout(300_000);
  let world: SeriesChain;
  let [taker, maker, poor] = [0n, 0n, 0n];

  beforeEach(async () => {
    ({ world, taker, maker, poor } = await threeOwners());
    await open(world, 1, 2n);
    await open(world, 2, 60n);
    await refresh(world);
    for (const id of [taker, maker]) await deposit(world, id, 40_000n);
  });

  /** The live figures, which the chain was compared with. */
  const figures = (account: AccountId) =>
    assess(portfolioOf(new Draft(world.state), account), termsAt(world.state.margin, world.state.now), false);
  const cash = (account: AccountId): bigint => world.state.accounts.get(account)?.cash ?? 0n;

  /** Posts from the opening of the window of the first series on, until its price stands. */
  async function expire(prices: (minute: number) => bigint): Promise<bigint> {
    const expiry = (world.state.underlyings[0]?.series.get(1)?.word ?? 0n) >> 224n;
    for (let minute = 0; minute <= 30; minute += 2) {
      world.pass(expiry - 1_800n + BigInt(60 * minute) - world.state.now);
      await world.step(world.post(0, prices(minute)), "window", []);
    }
    const state = await world.deployment.vault.seriesState(0, 1);
    expect(state.settled).to.equal(true);
    return state.forward;
  }

  const held: readonly Part[] = [
    [CALL, LOTS],
    [PUT, 2n * LOTS],
    [FUTURE, -LOTS],
  ];

  it("H-62 a series settles once, on the mean of its window, for all alike; what it pays cancels and is paid once", async () => {
    expect(await trade(world, taker, combo(world, maker, held))).to.deep.equal(held.map(() => "Filled"));
    const settlement = await expire((minute) => PRICES[0] + BigInt(minute) * 10n ** 18n);
    // between the first price and the last of the window, and neither
    expect(settlement * 100_000n > PRICES[0] && settlement * 100_000n < PRICES[0] + 30n * 10n ** 18n).to.equal(true);
    // no later price moves it, and no price moves what is not paid yet
    const before = [taker, maker].map((id) => figures(id).value);
    for (const price of [(PRICES[0] * 12n) / 10n, PRICES[0]]) {
      world.pass(600n);
      await world.step(world.post(0, price), "later");
      expect((await world.deployment.vault.seriesState(0, 1)).forward).to.equal(settlement);
      expect([taker, maker].map((id) => figures(id).value)).to.deep.equal(before);
      expect([taker, maker].map((id) => figures(id).margin)).to.deep.equal([0n, 0n]);
    }
    const [callStrike, putStrike] = [1_900n * 10n ** 13n, 2_100n * 10n ** 13n];
    const owed =
      LOTS * (settlement > callStrike ? settlement - callStrike : 0n) +
      2n * LOTS * (putStrike > settlement ? putStrike - settlement : 0n) -
      LOTS * settlement;
    const was = [cash(taker), cash(maker)] as const;
    for (const id of [taker, maker]) {
      expect(await step(world, world.pay(id, 0, 1))).to.have.property("events");
      expect(await step(world, world.pay(id, 0, 1)), "once").to.deep.equal({ reverted: "NothingToDo" });
    }
    expect([cash(taker) - was[0], cash(maker) - was[1]]).to.deep.equal([owed, -owed]);
    expect([taker, maker].map((id) => figures(id).value)).to.deep.equal(before);
  });

  it("H-62 nothing is paid, traded or listed anew at a live price: before the settlement, in it and after", async () => {
    expect(await trade(world, taker, combo(world, maker, held))).to.deep.equal(held.map(() => "Filled"));
    const expiry = (world.state.underlyings[0]?.series.get(1)?.word ?? 0n) >> 224n;
    expect(await step(world, world.pay(taker, 0, 1))).to.deep.equal({ reverted: "SeriesNotSettled" });
    // the clock alone settles nothing
    world.pass(expiry + 7_200n - world.state.now);
    expect(await world.step(world.pay(taker, 0, 1))).to.deep.equal({ reverted: "SeriesNotSettled" });
    expect(await step(world, world.settle(0, 1))).to.deep.equal({ reverted: "NotSettled" });
    for (let post = 0; post < 12; post++) {
      world.pass(179n);
      await world.step(world.post(0, PRICES[0]), "window", []);
    }
    const legs: Part[] = [[CALL, -LOTS]];
    expect(await trade(world, taker, combo(world, maker, legs))).to.deep.equal(["SeriesIsSettled"]);
    const listing = { series: 1n, expiry: world.state.now + 400_000n, base: 1_500n, step: 100n, decimals: 13n, count: 10n };
    const anew = { ...listing, depth: 10_000_000n, volatilityCap: 200n };
    expect(await step(world, world.list(0, anew)), "held").to.deep.equal({ reverted: "SeriesTaken" });
    for (const id of [taker, maker]) await step(world, world.pay(id, 0, 1));
    expect(await step(world, world.list(0, anew)), "at once").to.deep.equal({ reverted: "SeriesRests" });
    world.pass(86_400n);
    expect(await step(world, world.list(0, anew))).to.have.property("events");
  });

  it("H-40 who opens as much as its words let it is not liquidated at once, short or long", async () => {
    await deposit(world, poor, 300n);
    for (const sign of [1n, -1n]) {
      for (const instrument of [named(0, 2, 5n), named(0, 2, 5n, false), named(0, 2, 8n), named(0, 2, 127n)]) {
        for (let lots = 1_000_000n; lots > 5_000n; lots = (lots * 3n) / 4n) {
          if ((await trade(world, taker, combo(world, poor, [[instrument, sign * lots]]), "open", []))[0] === "Filled") break;
        }
        await step(world, world.post(0, PRICES[0]));
        expect(await step(world, world.liquidate(poor, maker))).to.deep.equal({ reverted: "AccountHealthy" });
      }
    }
    expect(world.state.accounts.get(poor)?.series.get(0)?.length).to.be.at.least(2);
  });

  it("H-5 words of an old price, slice or time open nothing and liquidate nobody", async () => {
    await deposit(world, poor, 300n);
    expect(await trade(world, taker, combo(world, poor, [[named(0, 2, 5n), 30_000n]]))).to.deep.equal(["Filled"]);
    // the price fell, and the words are those of before: by these the account would need more
    world.pass(30n);
    await world.step(world.post(0, (PRICES[0] * 9n) / 10n), "fall");
    expect(await step(world, world.liquidate(poor, maker))).to.deep.equal({ reverted: "AccountHealthy" });
    expect(await trade(world, taker, combo(world, poor, [[named(0, 2, 5n), 1_000n]]))).to.deep.equal(["RiskMayNotRise"]);
    await refresh(world);
    // a feed that is silent for an hour opens nothing either, refreshed or not
    world.pass(3_700n);
    await world.step(world.post(0, (PRICES[0] * 9n) / 10n), "later");
    await refresh(world);
    expect(await trade(world, taker, combo(world, poor, [[named(0, 2, 5n), 1_000n]]))).to.deep.equal(["RiskMayNotRise"]);
  });

  it("H-34 an owner who liquidates an account of options into the fund, and gets the keeper's share, ends with less", async () => {
    const own = accountIdOf(ownerOf(poor), 1n);
    await deposit(world, poor, 300n);
    await deposit(world, own, 1_000n);
    expect(await trade(world, taker, combo(world, poor, [[named(0, 2, 5n), 100_000n]]))).to.deep.equal(["Filled"]);
    for (const price of [104n, 108n, 112n]) {
      world.pass(20n);
      await world.step(world.post(0, (PRICES[0] * price) / 100n), "rise", []);
      const before = figures(poor).value + figures(own).value;
      const answer = await step(world, world.liquidate(poor, own));
      if ("reverted" in answer) {
        expect(answer.reverted).to.equal("AccountHealthy");
        continue;
      }
      expect(figures(poor).value + figures(own).value < before).to.equal(true);
      return;
    }
    expect.fail("the account never failed");
  });

  /** Posts what the price of the first underlying is after each of some moves, in percent of what it began with. */
  async function moves(percents: readonly bigint[]): Promise<void> {
    for (const percent of percents) {
      world.pass(20n);
      await world.step(world.post(0, (PRICES[0] * percent) / 100n), "move", []);
    }
  }

  it("H-36 an account of options below the line can be liquidated, however deep: the sale cures it or closes it", async () => {
    const other = accountIdOf(ownerOf(poor), 1n);
    for (const [id, lots] of [
      [poor, 100_000n],
      [other, 60_000n],
    ] as const) {
      await deposit(world, id, 400n);
      const short: Part[] = [
        [named(0, 2, 5n), lots],
        [named(0, 2, 8n), lots / 2n],
        [named(0, 1, 127n), lots / 10n],
      ];
      expect(await trade(world, taker, combo(world, id, short))).to.deep.equal(short.map(() => "Filled"));
    }
    const met = new Set<string>();
    for (const percent of [106n, 112n, 118n, 124n, 130n, 140n]) {
      await moves([percent]);
      for (const id of [poor, other]) {
        if ((world.state.accounts.get(id)?.series.size ?? 0) === 0) continue;
        const before = figures(id);
        const { maintenance } = termsAt(world.state.margin, world.state.now);
        const below = before.equity < (before.margin * maintenance + 10n ** 18n - 1n) / 10n ** 18n;
        world.pass(1n);
        const answer = await world.step(world.liquidate(id, maker));
        if (!below) {
          expect(answer).to.deep.equal({ reverted: "AccountHealthy" });
          continue;
        }
        expect(answer).to.have.property("events");
        const now = figures(id);
        const whole = (world.state.accounts.get(id)?.series.get(0) ?? []).length === 0;
        met.add(whole ? "closed" : "cured");
        if (whole) expect(now.equity >= 0n && now.margin === 0n).to.equal(true);
        else expect(now.equity >= now.margin).to.equal(true);
      }
    }
    expect([...met].sort()).to.deep.equal(["closed", "cured"]);
  });

  it("H-46 while opens are stopped an account with options can deposit, reduce and be liquidated", async () => {
    await deposit(world, poor, 300n);
    expect(await trade(world, taker, combo(world, poor, [[named(0, 2, 5n), 100_000n]]))).to.deep.equal(["Filled"]);
    await world.deployment.vault.stopOpens(0);
    const { now, underlyings } = await world.chain.readState(await world.chain.now());
    world.state = {
      ...world.state,
      now,
      underlyings: underlyings.map((each, i) => ({ ...each, series: world.state.underlyings[i]!.series })),
    };
    expect(await trade(world, taker, combo(world, maker, [[named(0, 2, 5n), 1_000n]]))).to.deep.equal(["RiskMayNotRise"]);
    expect(await trade(world, taker, combo(world, poor, [[named(0, 2, 5n), -10_000n]]))).to.deep.equal(["Filled"]);
    await deposit(world, poor, 1n);
    await moves([106n, 112n, 118n, 124n]);
    expect(await step(world, world.liquidate(poor, maker))).to.have.property("events");
  });

  it("H-54 bad debt engineered with options takes no more from the fund than the cap of an epoch", async () => {
    const fund = accountIdOf(world.state.fund);
    const amount = 998_000n * 10n ** 6n;
    const withdraw: Action = { kind: "Withdraw", account: fund, token: SETTLEMENT, amount, to: world.state.fund };
    expect(await step(world, world.actions(world.state.fund, [withdraw]))).to.have.property("events");
    await deposit(world, poor, 500n);
    const short: Part[] = [[named(0, 2, 6n), 150_000n]];
    expect(await trade(world, taker, combo(world, poor, short))).to.deep.equal(["Filled"]);
    const stake = cash(fund);
    await moves([110n, 121n, 133n, 146n, 160n, 176n]);
    const owed = -figures(poor).value;
    expect(await step(world, world.liquidate(poor, maker))).to.have.property("events");
    const { topUp } = world.state.fundParameters;
    const taken = stake - cash(fund);
    expect(owed > 0n && taken <= (stake * topUp) / 1_000_000n + 10n ** 18n).to.equal(true);
    expect(world.state.deficit > 0n, "the rest is a deficit").to.equal(true);
  });
});
