import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import {
  LEAST_VOLATILITY,
  log2,
  MOST_VOLATILITY,
  shockedDown,
  shockedUp,
  shockFactor,
  volatilityRows,
} from "../../../src/engine/math/options/volatilityShock.ts";
import type { RiskHarness } from "../../../typechain-types/index.ts";
import { upTo } from "../../helpers/arbitraries.ts";

const WAD = 10n ** 18n;
const DAY = 86_400n;

const asNumber = (wad: bigint): number => Number(wad) / 1e18;
const exactFactor = (time: bigint): number => {
  const days = Math.max(Number(time) / 86_400, 1);
  return (30 / days) ** (days <= 30 ? 0.3 : 0.13);
};

/** The answers to many questions, 200 a call: a call has the gas of a transaction. */
async function inParts(questions: readonly bigint[], ask: (part: bigint[]) => Promise<readonly bigint[]>): Promise<bigint[]> {
  const answers: bigint[] = [];
  for (let from = 0; from < questions.length; from += 200) answers.push(...(await ask(questions.slice(from, from + 200))));
  return answers;
}

describe("volatility shock", () => {
  let harness: RiskHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("RiskHarness");
  });

  it("default: logarithm and factor agree with the engine to the unit", async () => {
    const powers = Array.from({ length: 60 }, (_, n) => 2n ** BigInt(n) * WAD);
    const xs = [...fc.sample(upTo(2n ** 127n, WAD), { seed: 1, numRuns: 1_000 }), ...powers, ...powers.map((x) => x + 1n)];
    expect(await inParts(xs, (part) => harness.log2(part))).to.deep.equal(xs.map(log2));
    const times = [
      ...fc.sample(upTo(2n ** 40n - 1n), { seed: 2, numRuns: 1_000 }),
      ...[0n, 1n, DAY - 1n, DAY, DAY + 1n, 30n * DAY - 1n, 30n * DAY, 30n * DAY + 1n, 730n * DAY],
    ];
    expect(await inParts(times, (part) => harness.factors(part))).to.deep.equal(times.map(shockFactor));
  });

  it("default: the three volatilities agree with the engine to the unit", async () => {
    const cases = fc.sample(fc.tuple(upTo(2n ** 66n), upTo(2n ** 36n)), { seed: 3, numRuns: 1_000 });
    const said = await harness.volatilities(
      cases.map(([volatility]) => volatility),
      cases.map(([, time]) => time),
    );
    expect(said.map((rows) => [...rows])).to.deep.equal(
      cases.map(([volatility, time]) => {
        const { mark, up, down } = volatilityRows(volatility, time);
        return [mark, up, down];
      }),
    );
  });

  it("behavior: the logarithm is exact at powers of two and otherwise short of the truth by at most two units", () => {
    for (let n = 0n; n < 60n; n++) expect(log2(2n ** n * WAD)).to.equal(n * WAD);
    // floating point shows the first fifteen digits; squaring shows the rest: log2(x²) = 2·log2(x)
    for (const x of fc.sample(fc.bigInt(WAD, 2n ** 90n), { seed: 4, numRuns: 500 })) {
      const exact = Math.log2(Number(x) / 1e18);
      expect(Math.abs(asNumber(log2(x)) - exact)).to.be.lessThan(4e-15 * Math.max(exact, 1));
      if (x % 10n ** 9n === 0n) continue;
      const square = (x / 10n ** 9n) * 10n ** 9n;
      const difference = 2n * log2(square) - log2((square / 10n ** 9n) ** 2n);
      expect(difference >= -4n && difference <= 4n, `${x}: ${difference}`).to.equal(true);
    }
  });

  it("behavior: the factor is within 1e-14 of the power, one at thirty days, and holds below a day", () => {
    for (const time of fc.sample(upTo(730n * DAY), { seed: 5, numRuns: 2_000 })) {
      expect(Math.abs(asNumber(shockFactor(time)) / exactFactor(time) - 1), `${time}`).to.be.lessThan(1e-14);
    }
    expect(shockFactor(30n * DAY)).to.equal(WAD);
    expect(shockFactor(0n)).to.equal(shockFactor(DAY));
    expect(Math.abs(asNumber(shockFactor(DAY)) - 2.774)).to.be.lessThan(0.001);
    expect(Math.abs(asNumber(shockFactor(365n * DAY)) - 0.7226)).to.be.lessThan(0.0001);
    // no step where the powers meet
    expect(Number(shockFactor(30n * DAY - 1n) - shockFactor(30n * DAY + 1n)) / 1e18).to.be.within(0, 1e-6);
  });

  it("behavior: up is half as much again at thirty days, down three tenths less; both end at what is priced", () => {
    expect(volatilityRows((6n * WAD) / 10n, 30n * DAY)).to.deep.equal({
      mark: (6n * WAD) / 10n,
      up: (9n * WAD) / 10n,
      down: (42n * WAD) / 100n,
    });
    const day = volatilityRows(WAD, DAY);
    expect(Math.abs(asNumber(day.up) - (1 + 0.5 * 30 ** 0.3))).to.be.lessThan(1e-12);
    expect(Math.abs(asNumber(day.down) - (1 - 0.3 * 30 ** 0.3))).to.be.lessThan(1e-12);
    expect(shockedUp(4n * WAD, WAD)).to.equal(MOST_VOLATILITY);
    expect(shockedUp(MOST_VOLATILITY + 1n, WAD)).to.equal(MOST_VOLATILITY + 1n);
    expect(shockedDown(LEAST_VOLATILITY, WAD)).to.equal(LEAST_VOLATILITY);
    expect(shockedDown(LEAST_VOLATILITY / 2n, WAD)).to.equal(LEAST_VOLATILITY / 2n);
    expect(shockedDown(2n * LEAST_VOLATILITY, WAD)).to.equal((14n * LEAST_VOLATILITY) / 10n);
  });
});
