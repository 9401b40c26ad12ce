import { expect } from "chai";
import { check } from "../../src/checker/checker.ts";
import { interfaceOf } from "../../src/sdk/artifacts.ts";
import { DAY, selectWindow } from "../../src/simulator/bars.ts";
import { BUILT_IN_START, builtInPath } from "../../src/simulator/builtInPath.ts";
import { runDemo } from "../../src/simulator/demo.ts";
import { demoFindings } from "../../src/simulator/demoSummary.ts";
import { showAccount, startDevnet } from "../../src/simulator/devnet.ts";

describe("demo", function () {
  this.timeout(180_000);

  it("default: a crash ends with every figure as it must be", async () => {
    // the two days of the crash, few accounts: what `npm run demo` does at full size
    const window = selectWindow(builtInPath(3), BUILT_IN_START + DAY, BUILT_IN_START + 3 * DAY);
    const options = { window, source: "built-in", underlying: "ETH", accounts: 24, steps: 12, crowd: false, seed: 3 };
    const { result, record } = await runDemo({ ...options, onProgress: () => {} });
    expect(demoFindings(result).filter(({ good }) => good === false)).to.deep.equal([]);
    expect(result).to.include({ vaultMinusClaims: "0", replayDifferences: 0, wronglyLiquidated: 0, belowMaintenance: 0, traders: 24 });
    expect(result.liquidations).to.be.greaterThan(9);
    expect(result.slices).to.be.greaterThan(5);
    expect(record.points).to.have.length(result.posts);
    expect(record.accounts).to.have.length(24);
  });

  it("args: an underlying that is not deployed is refused", async () => {
    const window = selectWindow(builtInPath(1), BUILT_IN_START, BUILT_IN_START + DAY);
    let message = "";
    try {
      await runDemo({ window, source: "", underlying: "DOGE", accounts: 10, steps: 1, crowd: false, seed: 1, onProgress: () => {} });
    } catch (error) {
      message = String(error);
    }
    expect(message).to.match(/--underlying DOGE: the local deployment has ETH, BTC/);
  });
});

describe("devnet", function () {
  this.timeout(120_000);

  it("default: one position is below its line until the keeper's turn, and the books agree", async () => {
    const devnet = await startDevnet();
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
