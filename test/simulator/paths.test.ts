import { expect } from "chai";
import { describe, it } from "mocha";
import { localParameters } from "../../src/deployment/localParameters.ts";
import { postPrice } from "../../src/engine/actions/prices.ts";
import { ownerOf } from "../../src/engine/types/accountId.ts";
import type { State } from "../../src/engine/types/types.ts";
import { planLiquidations } from "../../src/keeper/plan.ts";
import { standings } from "../../src/sdk/standing.ts";
import { Stream } from "../../src/simulator/numbers/stream.ts";
import { distributionOf, share } from "../../src/simulator/numbers/summary.ts";
import { defaultScenario, playedOf } from "../../src/simulator/runs/defaults.ts";
import { runPaths, summarised } from "../../src/simulator/runs/runPaths.ts";
import type { Job, Scenario } from "../../src/simulator/runs/scenario.ts";
import { Settings, unitPrice } from "../../src/simulator/runs/setting.ts";
import { simulatePath } from "../../src/simulator/runs/simulatePath.ts";
import { ordered, runBlock, type Transaction } from "../../src/simulator/world/block.ts";
import { Spot } from "../../src/simulator/world/spot.ts";
import { expectNear } from "../helpers/near.ts";
import { claimsOf } from "../helpers/state.ts";

const parameters = localParameters();

function jobOf(change: Partial<Scenario> = {}, traders = 120): Job {
  const initial = defaultScenario(3, [playedOf("ETH", 2_000, 0.9), playedOf("BTC", 40_000, 0.7)]);
  const { values, underlyings, collaterals, settlementToken } = parameters;
  const population = { ...initial.population, traders, ...change.population };
  return { scenario: { ...initial, ...change, population }, parameters: { values, underlyings, collaterals, settlementToken } };
}

/** Falls by a third in a day, in jumps: somebody is always below the line. */
const CRASH = { process: { kind: "merton", jumps: 900, mean: -0.1, deviation: 0.05 }, drift: -120 } as const;

const zeroSum = (state: State): void => {
  expect(claimsOf(state)).to.equal(state.settlement + state.deficit);
  for (const u of state.underlyings.keys()) {
    let lots = 0n;
    for (const { positions } of state.accounts.values()) lots += positions.get(u)?.lots ?? 0n;
    expect(lots).to.equal(0n);
  }
};

describe("simulated paths", function () {
  this.timeout(60_000);

  it("default: everybody opens within the margin rule, longs against shorts, and the ledger adds up", () => {
    const { world, populated } = new Settings(jobOf()).of(0);
    expect(populated.traders).to.have.length(120);
    expect(new Set(populated.traders.map(({ strategy }) => strategy)).size).to.equal(4);
    const all = standings(
      world.state,
      populated.traders.map(({ account }) => account),
    );
    expect(all.every(({ figures }) => figures.equity >= figures.margin)).to.equal(true);
    zeroSum(world.state);
  });

  it("behavior: whoever the plain loop finds below the line is a suspect, whatever was done before", () => {
    const job = jobOf();
    const { world, prices, populated } = new Settings(job).of(0);
    const stream = new Stream(9, 0, "walk");
    let [found, time] = [0, Number(world.state.now)];
    for (let round = 0; round < 3; round++) {
      world.restore();
      time = Number(world.state.now);
      const at = prices.map((price) => price);
      for (let i = 0; i < 40; i++) {
        time += 1_200;
        world.at(time);
        for (const u of at.keys()) at[u]! *= stream.logNormal(1, 0.03);
        world.transact((draft) => {
          for (const [u, price] of at.entries()) postPrice(draft, u, [{ price: unitPrice(price), publishTime: BigInt(time), valid: true }]);
        });
        const below = planLiquidations(world.state).map(({ account }) => account);
        const suspects = new Set(world.suspects().map(String));
        found += below.length;
        expect(below.filter((id) => !suspects.has(String(id)))).to.deep.equal([]);
        // somebody loses what he has: nobody would look at him for the sake of the price alone
        const { account } = populated.traders[stream.below(populated.traders.length)]!;
        if (i % 3 === 0)
          world.transact((draft) => draft.setAccount({ ...draft.account(account), cash: draft.account(account).cash - 10n ** 23n }));
      }
    }
    expect(found).to.be.greaterThan(100);
    expect(world.watch.judged).to.be.lessThan(world.watch.steps);
  });

  it("behavior: a crash sells accounts to the fund and from there to makers; the ledger adds up to the unit, and a path leaves nothing behind", () => {
    const job = jobOf(CRASH);
    const settings = new Settings(job);
    const first = simulatePath(settings, job.scenario, 0);
    zeroSum(settings.of(0).world.state);
    const { figures } = first;
    expect(figures.sales).to.be.greaterThan(10);
    expect(figures.keeperReward).to.be.greaterThan(0);
    expect(figures.hedged).to.be.greaterThan(0);
    expect(figures.slippage).to.be.greaterThan(0);
    expect(standings(settings.of(0).world.state).filter(({ figures: each, least }) => each.equity < least)).to.deep.equal([]);
    simulatePath(settings, job.scenario, 1);
    expect(simulatePath(settings, job.scenario, 0)).to.deep.equal(first);
    settings.of(0).world.restore();
    expect(simulatePath(new Settings(job), job.scenario, 0).figures).to.deep.equal(figures);
  });

  it("behavior: the engine called account by account at every price gives the same figures", () => {
    const job = jobOf(CRASH, 60);
    const [screened, plain] = [new Settings(job), new Settings(job)];
    const { world } = plain.of(0);
    world.suspects = () =>
      [...world.state.accounts.keys()].filter((id) => ownerOf(id) !== world.state.fund).sort((a, b) => (a < b ? -1 : 1));
    for (const path of [0, 1, 2]) {
      const { figures } = simulatePath(screened, job.scenario, path);
      expect(simulatePath(plain, job.scenario, path).figures).to.deep.equal(figures);
      expect(figures.sales).to.be.greaterThan(0);
    }
  });

  it("behavior: the same figures with any number of threads", async () => {
    const job = jobOf({ ...CRASH, steps: 2, points: 2 }, 20);
    const settings = new Settings(job);
    // so many that a thread plays several at a time
    const paths = 70;
    const played = Array.from({ length: paths }, (_, path) => simulatePath(settings, job.scenario, path));
    const alone = summarised(job.scenario, played);
    const progress: number[] = [];
    const threads = await runPaths(job, paths, 2, (done) => progress.push(done));
    expect(JSON.stringify(threads)).to.equal(JSON.stringify(alone));
    expect(progress.at(-1)).to.equal(paths);
  });

  it("behavior: market impact lets a cascade feed on itself", () => {
    const fall = (depth: number): number => {
      const { scenario, ...rest } = jobOf(CRASH);
      const shallow = { ...scenario, underlyings: scenario.underlyings.map((each) => ({ ...each, spot: { ...each.spot, depth } })) };
      const settings = new Settings({ ...rest, scenario: shallow });
      return [0, 1].reduce((sum, path) => sum + simulatePath(settings, shallow, path).figures.liquidatedOfOpenInterest, 0);
    };
    expect(fall(0.02)).to.be.greaterThan(fall(100) * 1.02);
  });

  it("behavior: keepers without gas, or without transactions that arrive, leave debt; a crowd against a jump deleverages or is lost", () => {
    const played = (change: Partial<Scenario>): ReturnType<typeof simulatePath>["figures"] => {
      const job = jobOf({ ...CRASH, ...change });
      return simulatePath(new Settings(job), job.scenario, 0).figures;
    };
    const [keeper] = defaultScenario(1, []).keepers;
    const usual = played({});
    const poor = played({ keepers: [{ ...keeper!, gasPerDay: 200_000 }] });
    expect(poor.sales).to.be.lessThan(usual.sales);
    expect(poor.passedBy).to.be.greaterThan(0);
    // a day from ten in the evening on is two days of a budget
    expect(poor.keeperGas).to.be.within(1, 400_000);
    const deaf = played({ keepers: [{ ...keeper!, failure: 1 }] });
    expect([deaf.sales, deaf.keeperGas]).to.deep.equal([0, 0]);
    expect(deaf.lost).to.be.greaterThan(0);
    expect(deaf.badDebt).to.be.greaterThan(usual.badDebt);
    const greedy = played({ gas: { baseFee: 1e6, ether: 2_000 } });
    expect(greedy.sales).to.equal(0);
    const slow = played({ keepers: [keeper!, { ...keeper!, fee: 1 }] });
    expect(slow.inVain).to.be.greaterThan(0);
    const full = played({ block: { order: "random", gas: 100_000 } });
    expect(full.leftOut).to.be.greaterThan(0);
  });

  it("behavior: what the fund cannot bear is deleveraged, and backers leave after their cool-down", () => {
    const thin = { ...defaultScenario(1, []).population, traders: 120, stake: 0.51, makerCapital: 0.02, crowd: 0.8 };
    const change = {
      ...CRASH,
      population: thin,
      backers: { count: 10, nerve: 0.001, coolDown: 7_200 },
      fundKeeper: { latency: 12, deleveraging: true, accounts: 20 },
    };
    const job = jobOf(change);
    const settings = new Settings(job);
    const all = [0, 1, 2, 3].map((path) => {
      const { figures } = simulatePath(settings, job.scenario, path);
      zeroSum(settings.of(path).world.state);
      return figures;
    });
    const most = (name: keyof (typeof all)[0]): number => Math.max(...all.map((each) => each[name]));
    expect(most("deleveragedOfOpenInterest")).to.be.greaterThan(0);
    expect(most("fundDrawdown")).to.be.greaterThan(0.01);
    expect(most("backersCooling")).to.be.greaterThan(0);
    expect(most("withdrawnByBackers")).to.be.greaterThan(0);
  });

  it("behavior: an attacker pays for moving the price, and takes both sides back", () => {
    const attacker = { budget: 500_000, down: true, position: 100_000, start: 3_600, push: 600, hold: 1_800 };
    const job = jobOf({ attacker });
    const settings = new Settings(job);
    const { figures } = simulatePath(settings, job.scenario, 0);
    const quiet = jobOf({});
    expect(figures.lowestPrice).to.be.lessThan(simulatePath(new Settings(quiet), quiet.scenario, 0).figures.lowestPrice);
    expect(figures.attackerProfit).to.be.lessThan(0);
    zeroSum(settings.of(0).world.state);
  });

  it("behavior: a replay begins where the bars do and visits their lows and highs", () => {
    const bars = new Float64Array(750 * 5);
    for (let i = 0; i < 750; i++) bars.set([1_600_000_000 - (1_600_000_000 % 3_600) + i * 3_600, 1_000, 1_010, 990, 1_000], i * 5);
    bars.set([bars[740 * 5]!, 1_000, 1_005, 930, 980], 740 * 5);
    const eth = playedOf("ETH", 1, 0.8);
    const { scenario, ...rest } = jobOf({
      process: { kind: "replay" },
      steps: 10,
      points: 5,
      underlyings: [{ ...eth, spot: { ...eth.spot, depth: 1e6 } }],
    });
    const job = { ...rest, scenario, recording: { bars, first: 735 } };
    const settings = new Settings(job);
    const { figures } = simulatePath(settings, scenario, 0);
    const { world, began } = settings.of(0);
    expect(began).to.equal(bars[735 * 5]);
    expectNear(figures.lowestPrice, 0.93, 0.002);
    expectNear(figures.highestPrice, 1.01, 0.002);
    // quiet for a month: the range is at its floor
    world.restore();
    expect(Number(world.state.underlyings[0]!.targetRange) / 1e9).to.be.lessThan(0.06);
  });

  it("behavior: blocks take the highest fee first, or draw, and what does not fit is left out", () => {
    const transaction = (fee: number, gas = 1): Transaction => ({ sender: 0, fee, gas, run: () => {} });
    const all = [1, 3, 2, 3].map((fee) => transaction(fee));
    const fees = (order: "fee" | "random", path: number) => ordered(all, order, new Stream(1, path, "order")).map(({ fee }) => fee);
    expect(fees("fee", 0)).to.deep.equal([3, 3, 2, 1]);
    expect(new Set([0, 1, 2, 3, 4, 5].map((path) => fees("random", path).join())).size).to.be.greaterThan(2);
    const { world } = new Settings(jobOf({}, 20)).of(0);
    const outcomes = runBlock(world, [transaction(1, 6), transaction(2, 6)], { order: "fee", gas: 10 }, new Stream(1, 0, "x"));
    expect(outcomes.map(({ transaction: { fee }, outcome }) => [fee, outcome])).to.deep.equal([
      [2, "done"],
      [1, "left out"],
    ]);
  });

  it("behavior: an order moves the price in proportion, pays half of it, and a part of that passes", () => {
    const spot = new Spot({ depth: 1_000, permanent: 0.25, halfLife: 60 }, 100, 0);
    expectNear(spot.trade(-2_000), 20, 1e-9);
    expectNear(spot.displacement, -0.02, 1e-12);
    spot.at(60);
    expectNear(spot.displacement, -0.0125, 1e-12);
  });

  it("behavior: distributions, their intervals and tails", () => {
    const values = Array.from({ length: 1_000 }, (_, i) => (i * 617) % 1_000);
    const { mean, quantiles, tails, aboveZero, least, most } = distributionOf(values);
    expect([mean.value, least, most]).to.deep.equal([499.5, 0, 999]);
    expectNear(mean.high - mean.low, (2 * 1.96 * 288.8) / Math.sqrt(1_000), 0.1);
    // ranks 468 to 532 of 1,000, as binomial tables have them, one wider at most
    expect(quantiles["0.5"]!.value).to.equal(499);
    expect([quantiles["0.5"]!.low, quantiles["0.5"]!.high]).to.deep.equal([468, 531]);
    expectNear(tails["0.99"]!.value, 994, 0.6);
    expect(aboveZero.value).to.equal(0.999);
    expectNear(share(0, 200).high, 0.0188, 0.0001);
    expect(distributionOf([5]).mean).to.deep.equal({ value: 5, low: 5, high: 5 });
  });

  it("args: a fund that cannot carry the population says what it needs", () => {
    const population = { ...defaultScenario(1, []).population, traders: 50, stake: 0.1 };
    expect(() => new Settings(jobOf({ population }, 50)).of(0)).to.throw(/give --stake \d/);
  });
});
