import { expect } from "chai";
import { network } from "hardhat";
import { price } from "../../src/engine/math/options/black76.ts";
import type { OptionPricer } from "../../typechain-types/index.ts";

const WAD = 10n ** 18n;
const MOST = 2n ** 120n - 1n;

type Terms = [forward: bigint, strike: bigint, time: bigint, volatility: bigint, rate: bigint];

describe("option pricer", () => {
  let pricer: OptionPricer;

  before(async () => {
    const { ethers } = await network.create();
    pricer = await ethers.deployContract("OptionPricer");
  });

  it("default: gives what the engine gives, to the last value that it takes", async () => {
    const taken: Terms[] = [
      [620n * WAD, 600n * WAD, WAD / 2n, WAD / 5n, WAD / 20n],
      [1n, MOST, 1_000n * WAD, 1_000n * WAD, (30n * WAD) / 1_000n],
      [MOST, 1n, 1_000n * WAD, 1_000n * WAD, (-30n * WAD) / 1_000n],
      [MOST, MOST, 3n * WAD, 0n, 10n * WAD],
      [MOST, MOST, 3n * WAD, 1n, -10n * WAD],
      [WAD, WAD, 0n, WAD, WAD],
    ];
    for (const terms of taken) {
      const { call, put } = await pricer.price(...terms);
      expect({ call, put }, terms.join(" ")).to.deep.equal(price(...terms));
    }
  });

  it("args: refuses what lies outside the formula", async () => {
    const { ethers } = await network.create();
    const refusing = await ethers.deployContract("OptionPricer");
    const good: Terms = [WAD, WAD, WAD, WAD, 0n];
    const refused: [place: number, value: bigint][] = [
      [0, 0n],
      [0, MOST + 1n],
      [1, 0n],
      [1, MOST + 1n],
      [2, 1_000n * WAD + 1n],
      [3, 1_000n * WAD + 1n],
      [4, 10n * WAD + 1n],
      [4, -10n * WAD - 1n],
    ];
    const cases = refused.map(([place, value]) => good.map((each, i) => (i === place ? value : each)) as Terms);
    // the interest: r·T beyond thirty
    cases.push([WAD, WAD, 301n * WAD, WAD, WAD / 10n], [WAD, WAD, 301n * WAD, WAD, -WAD / 10n]);
    for (const terms of cases)
      await expect(refusing.price(...terms), terms.join(" ")).to.be.revertedWithCustomError(refusing, "OutsideFormula");
  });
});
