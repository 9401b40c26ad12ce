import { expect } from "chai";
import { check } from "../../src/checker/checker.ts";
import { DAY, HOUR } from "../../src/data/bar.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { selectWindow } from "../../src/simulator/bars.ts";
import { BUILT_IN_START, builtInPath, stressPath } from "../../src/simulator/builtInPath.ts";
import { runDemo } from "../../src/simulator/demo.ts";
import { demoFindings } from "../../src/simulator/demoSummary.ts";
import { showAccount, startDevnet } from "../../src/simulator/devnet.ts";
import { STRATEGIES } from "../../src/simulator/optionTraders.ts";
import { builtInVolatility } from "../../src/simulator/volatilityPath.ts";

const DEFAULTS = {
  source: "built-in",
  underlying: "ETH",
  volatility: builtInVolatility(1),
  volatilitySource: "built-in",
  steps: 12,
  crowd: false,
  seed: 1,
  onProgress: () => {},
};

describe("demo", function () {
  this.timeout(180_000);

  it("default: a crash ends with every figure as it must be", async () => {
    // the two days of the crash, few accounts: what `npm run demo` does at full size
    const window = selectWindow(builtInPath(3), BUILT_IN_START + DAY, BUILT_IN_START + 3 * DAY);
    const options = { ...DEFAULTS, window, accounts: 24, optionTraders: 0, seed: 3 };
    const { result, record } = await runDemo(options);
    expect(demoFindings(result).filter(({ good }) => good === false)).to.deep.equal([]);
    expect(result).to.include({ vaultMinusClaims: "0", replayDifferences: 0, wronglyLiquidated: 0, belowMaintenance: 0, traders: 24 });
    expect(result.liquidations).to.be.greaterThan(9);
    expect(result.slices).to.be.greaterThan(5);
    expect(record.points).to.have.length(result.posts);
    expect(record.accounts).to.have.length(24);
    expect([result.optionTraders, result.seriesSettled, result.strategies, record.options]).to.deep.equal([0, 0, [], undefined]);
  });

  it("behavior: accounts with options trade, are liquidated and paid in a series that settles on the way", async () => {
    const window = selectWindow(builtInPath(2), BUILT_IN_START + DAY + 6 * HOUR, BUILT_IN_START + DAY + 14 * HOUR);
    const { result, record } = await runDemo({ ...DEFAULTS, window, accounts: 12, optionTraders: 18, seed: 2 });
    expect(demoFindings(result).filter(({ good }) => good === false)).to.deep.equal([]);
    expect(result).to.include({ vaultMinusClaims: "0", replayDifferences: 0, wronglyLiquidated: 0, belowMaintenance: 0, unclear: 0 });
    expect(result).to.include({ optionTraders: 18, seriesSettled: 1, failedBatches: 0 });
    expect(result.optionAccountsLiquidated).to.be.greaterThan(2);
    expect(result.strategies.map(({ strategy, opened }) => [strategy, opened])).to.deep.equal(STRATEGIES.map((each) => [each, 2]));
    // deltas are traded away again and again: of what the options would gain or lose most of the time little is left
    expect(result.hedges).to.be.greaterThan(10);
    const deltas = record.points.flatMap(({ hedged }) => (hedged === undefined ? [] : [hedged]));
    expect(deltas).to.have.length(result.posts);
    const mean = (of: (each: (typeof deltas)[number]) => number): number =>
      deltas.reduce((sum, each) => sum + Math.abs(of(each)), 0) / deltas.length;
    expect(mean(({ options, hedge }) => options + hedge)).to.be.lessThan(mean(({ options }) => options) / 2);
    expect(new Set(deltas.map(({ hedge }) => Math.sign(hedge))).size, "hedges are long and short").to.be.greaterThan(1);
    const { series, outcomes, profiles } = record.options ?? { series: [], outcomes: [], profiles: [] };
    expect(series.map(({ settlement }) => settlement !== undefined)).to.deep.equal([true, false]);
    expect(outcomes).to.have.length(18);
    expect(profiles).to.have.length(18);
    for (const { opened, worst } of profiles) {
      // they opened within their margin, and the worst is no better
      expect(opened.equity).to.be.greaterThan(opened.initialMargin);
      expect(worst.equity / worst.maintenanceMargin).to.be.at.most(opened.equity / opened.maintenanceMargin);
      const losses = opened.profits.map((profit) => -profit);
      if (opened.decides !== undefined) expect(losses[opened.decides]).to.equal(Math.max(...losses));
      expect(Math.max(...losses)).to.be.at.most(opened.initialMargin);
    }
  });

  it("behavior: a run that exhausts the fund comes to every stage, with nothing lost from the sums", async () => {
    const window = selectWindow(stressPath(1), BUILT_IN_START + 2 * HOUR, BUILT_IN_START + 6 * HOUR);
    const { result, record } = await runDemo({ ...DEFAULTS, window, accounts: 40, optionTraders: 0, crowd: true, stress: "fund" });
    expect(result).to.include({ vaultMinusClaims: "0", replayDifferences: 0, wronglyLiquidated: 0, belowMaintenance: 0, failedBatches: 0 });
    expect(result.losses?.stages.filter(({ reached }) => reached === null)).to.deep.equal([]);
    expect(record.points.some(({ waterLine }) => waterLine !== undefined)).to.equal(true);
    expect(demoFindings(result).filter(({ good }) => good === false)).to.deep.equal([]);
  });

  it("args: a path too short for an expiry is refused where options are wanted", async () => {
    const window = selectWindow(builtInPath(1), BUILT_IN_START, BUILT_IN_START + 2 * HOUR);
    let message = "";
    await runDemo({ ...DEFAULTS, window, accounts: 10, optionTraders: 7 }).catch((error: unknown) => {
      message = String(error);
    });
    expect(message).to.match(/a path of 2 hours is too short for an expiry: play at least 4, or give --option-traders 0/);
  });

  it("args: an underlying without a volatility feed is refused where options are wanted", async () => {
    const window = selectWindow(builtInPath(1), BUILT_IN_START, BUILT_IN_START + DAY);
    let message = "";
    await runDemo({ ...DEFAULTS, window, underlying: "SOL", accounts: 10, optionTraders: 7 }).catch((error: unknown) => {
      message = String(error);
    });
    expect(message).to.match(/--underlying SOL has no volatility feed: give --option-traders 0/);
  });

  it("args: an underlying that is not deployed is refused", async () => {
    const window = selectWindow(builtInPath(1), BUILT_IN_START, BUILT_IN_START + DAY);
    let message = "";
    try {
      await runDemo({ ...DEFAULTS, window, underlying: "DOGE", accounts: 10, optionTraders: 0, steps: 1 });
    } catch (error) {
      message = String(error);
    }
    expect(message).to.match(/--underlying DOGE: the local deployment has ETH, BTC/);
  });
});

describe("devnet", function () {
  this.timeout(120_000);

  it("default: one position is below its line until the keeper's turn, and the books agree", async () => {
    const devnet = await startDevnet(0);
    try {
      const judge = () => check(devnet.rpc, devnet.record.contracts.vault, interfaceOf("IMarginVault"));
      expect(await judge()).to.include({ vaultMinusClaims: "0", belowMaintenance: 1, liquidations: 0 });
      await devnet.refreshPrices();
      const { sales, failures } = await devnet.keep();
      expect(sales.map(({ account }) => showAccount(account))).to.deep.equal(["account 11"]);
      expect(failures).to.deep.equal([]);
      expect(await devnet.keep()).to.deep.include({ below: 0, planned: [], sales: [], failures: [] });
      expect(await judge()).to.include({ vaultMinusClaims: "0", replayDifferences: 0, wronglyLiquidated: 0, liquidations: 1 });
    } finally {
      await devnet.close();
    }
  });
});
