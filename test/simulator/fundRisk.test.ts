import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { after, describe, it } from "mocha";
import { localParameters } from "../../src/deployment/localParameters.ts";
import { accountIdOf, ownerOf } from "../../src/engine/types/accountId.ts";
import { AccountMap } from "../../src/engine/types/accountMap.ts";
import { figuresOf } from "../../src/sdk/standing.ts";
import { Stream } from "../../src/simulator/numbers/stream.ts";
import { defaultScenario, playedOf } from "../../src/simulator/runs/defaults.ts";
import { coverOf, fundTails, openingOf } from "../../src/simulator/runs/fundRisk.ts";
import { expectNear } from "../helpers/near.ts";
import { plimsollHere } from "../helpers/plimsoll.ts";

const scenario = (() => {
  const initial = defaultScenario(3, [playedOf("ETH", 2_000, 0.8), playedOf("BTC", 40_000, 0.6)]);
  const leverage = { median: 8, deviation: 0.6 };
  return { ...initial, population: { ...initial.population, traders: 60, leverage, crowd: 0.7 } };
})();
const state = openingOf({ scenario, parameters: localParameters() });

describe("what the insurance fund may lose", function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-fund-risk-"));
  after(() => rmSync(folder, { recursive: true }));

  it("default: value at risk is the quantile of losses, expected shortfall the mean beyond it", () => {
    // losses of 0.001 to 1, shuffled
    const each = Array.from({ length: 1_000 }, (_, i) => ({ fundResult: -((i * 7) % 1_000) / 1_000 - 0.001, fundDrawdown: 0.5 }));
    const { loss, drawdown } = fundTails(each);
    expect(loss.map(({ confidence }) => confidence)).to.deep.equal([0.95, 0.99]);
    expectNear(loss[1]!.valueAtRisk.value, 0.99, 1e-12);
    expectNear(loss[1]!.expectedShortfall.value, (0.99 + 1) / 2, 1e-12);
    expect(drawdown[0]!.valueAtRisk).to.deep.equal({ value: 0.5, low: 0.5, high: 0.5 });
    for (const { valueAtRisk, expectedShortfall } of loss) {
      for (const { value, low, high } of [valueAtRisk, expectedShortfall]) expect(value).to.be.within(low, high);
    }
  });

  it("behavior: a confidence with fewer than five paths beyond it is not told", () => {
    const paths = (count: number) => fundTails(Array.from({ length: count }, (_, i) => ({ fundResult: -i, fundDrawdown: i }))).loss;
    expect(paths(89).length).to.equal(0);
    expect(paths(100).map(({ confidence }) => confidence)).to.deep.equal([0.95]);
    expect(paths(5_000).map(({ confidence }) => confidence)).to.deep.equal([0.95, 0.99, 0.999]);
  });

  it("default: the intervals of the value at risk hold the true one as often as they say", () => {
    const stream = new Stream(9, 0, "losses");
    let [held, runs] = [0, 300];
    for (let run = 0; run < runs; run++) {
      const { loss } = fundTails(Array.from({ length: 1_000 }, () => ({ fundResult: -stream.exponential(), fundDrawdown: 0 })));
      const { low, high } = loss[1]!.valueAtRisk;
      if (low <= Math.log(100) && Math.log(100) <= high) held++;
    }
    expect(held / runs).to.be.within(0.91, 0.99);
  });

  it("default: losses of a leap are what positions and collateral lose, straight in the price", () => {
    const ids = [...state.accounts.keys()].filter((id) => ownerOf(id) !== state.fund);
    const unit = {
      ...state,
      underlyings: state.underlyings.map((u) => ({ ...u, price: u.price + (u.price * u.heldRange) / 1_000_000_000n })),
    };
    const value = (of: typeof state, id: (typeof ids)[number]): number => Number(figuresOf(of, id).value) / 1e18;
    for (const row of coverOf(state).rows) {
      const losses = ids
        .map((id) => -(value(state, id) + row.leap * (value(unit, id) - value(state, id))))
        .filter((loss) => loss > 0)
        .sort((a, b) => b - a);
      expect(row.accounts).to.equal(losses.length);
      expectNear(
        row.all,
        losses.reduce((sum, each) => sum + each, 0),
        0.01,
      );
      expectNear(row.two, (losses[0] ?? 0) + (losses[1] ?? 0), 0.01);
      expect(row.largest.map(({ loss }) => loss)).to.have.length(Math.min(losses.length, 2));
    }
  });

  it("behavior: the fund's own accounts are no members, however far below zero", () => {
    const fund = accountIdOf(state.fund);
    const accounts = new AccountMap([...state.accounts, [fund, { ...state.accounts.get(fund)!, cash: -(10n ** 30n) }]]);
    expect(coverOf({ ...state, accounts }).rows).to.deep.equal(coverOf(state).rows);
  });

  it("behavior: nobody is below zero where prices stand, and a longer leap never costs less", () => {
    expect(coverOf(state, [0]).rows[0]).to.deep.include({ two: 0, all: 0, accounts: 0 });
    const leap = fc.double({ min: 0, max: 4, noNaN: true });
    fc.assert(
      fc.property(leap, leap, fc.constantFrom(-1, 1), (one, two, sign) => {
        const [near, far] = coverOf(state, [sign * Math.min(one, two), sign * Math.max(one, two)]).rows;
        expect(far!.two).to.be.at.least(near!.two - 1e-6);
        expect(far!.two).to.be.at.most(far!.all + 1e-6);
      }),
      { numRuns: 30 },
    );
    const { needed, rows, fund } = coverOf(state);
    expect(needed).to.equal(Math.max(...rows.map(({ two }) => two)));
    expect(needed).to.be.above(0);
    expect(fund).to.be.above(0);
  });

  it("default: plimsoll fund-risk reads what simulate has printed", async () => {
    const path = join(folder, "run.json");
    const run = await plimsollHere([
      "simulate",
      "--paths",
      "100",
      "--traders",
      "20",
      "--hours",
      "2",
      "--leverage",
      "8",
      "--json",
      "--each",
    ]);
    writeFileSync(path, run.out);
    const table = await plimsollHere(["fund-risk", path]);
    expect([table.code, table.err]).to.deep.equal([0, ""]);
    expect(table.out).to.match(/^100 paths, of the fund +confidence +value at risk \(95 %\) +expected shortfall \(95 %\)$/m);
    expect(table.out).to.match(/^-3 +[\d,]+ +[\d,]+ +[\d,]+ +[\d,]+ +\d+ +\d+\.\d\d %$/m);
    expect(table.out).to.match(/^The fund, [\d,]+ \(\d+\.\d\d % of the open interest\), covers the two largest: [\d,]+ \(/m);
    const { paths, loss, cover } = JSON.parse((await plimsollHere(["fund-risk", path, "--json"])).out);
    expect([paths, loss.length, cover.rows.length]).to.deep.equal([100, 1, 6]);
    const replay = JSON.parse(run.out);
    replay.scenario.process = { kind: "replay" };
    writeFileSync(path, JSON.stringify(replay));
    expect((await plimsollHere(["fund-risk", path])).out).to.match(/cover 2 is not told/);
  });

  it("args: what is no run is refused in one line", async () => {
    const refused = async (name: string, content?: string): Promise<string> => {
      const path = join(folder, name);
      if (content !== undefined) writeFileSync(path, content);
      const { code, out, err } = await plimsollHere(["fund-risk", path]);
      expect([code, out, err.trim().split("\n").length]).to.deep.equal([2, "", 1]);
      return err;
    };
    expect(await refused("none.json")).to.match(/ENOENT/);
    expect(await refused("text.json", "paths")).to.match(/JSON.*give what plimsoll simulate --json --each/);
    expect(await refused("short.json", '{"scenario":{"seed":1,"process":{"kind":"kou"}}}')).to.match(/no run with its paths/);
    expect(
      await refused("other.json", '{"scenario":{"seed":1,"process":{"kind":"kou"}},"each":[{"fundResult":0,"fundDrawdown":0}]}'),
    ).to.match(/no vault can be made of this scenario/);
  });
});
