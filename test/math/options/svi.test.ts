import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import {
  agedDown,
  durrleman,
  FARTHEST,
  LEAST_VARIANCE,
  requireFree,
  requireRising,
  requireShape,
  type SviSlice,
  sviFromWord,
  sviWord,
  varianceDown,
  volatilityDown,
} from "../../../src/engine/math/options/svi.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import type { SviHarness } from "../../../typechain-types/index.ts";
import { real, unsigned, upTo } from "../../helpers/arbitraries.ts";
import { exactDurrleman, exactVariance } from "../../helpers/options/exactSvi.ts";

const WAD = 10n ** 18n;
const UNIT = 10n ** 4n;
const wad = (value: number): bigint => BigInt(Math.round(value * 1e14)) * UNIT;

/** A slice of a volatility and an expiry, its skew and wings as random as the shape allows. */
const slices: fc.Arbitrary<SviSlice> = fc
  .record({
    logVolatility: real(Math.log(0.01), Math.log(4)),
    logYears: real(Math.log(1 / 525_600), Math.log(2)),
    rho: real(-0.99, 0.99),
    wing: real(0.01, 3),
    width: real(-2.5, 0.5),
    shift: real(-1, 1),
    share: real(-0.9, 1),
  })
  .map(({ logVolatility, logYears, rho, wing, width, shift, share }) => {
    const variance = Math.exp(2 * logVolatility + logYears);
    const sigma = 10 ** width;
    const b = Math.min((wing * variance) / sigma, 1.99 / (1 + Math.abs(rho)));
    const least = b * sigma * Math.sqrt(1 - rho * rho);
    return {
      a: wad(share < 0 ? share * least : share * variance + 1e-9),
      b: wad(b),
      rho: wad(rho),
      m: wad(shift * sigma),
      sigma: wad(sigma),
    };
  });
const moneyness = real(-3.1, 3.1).map((k) => BigInt(Math.round(k * 1e9)) * 10n ** 9n);

/** Every value that the bits of a word can hold, with |ρ| below one. */
const anyWord = fc
  .record({
    low: fc.bigInt(0n, 2n ** 102n - 1n),
    rho: fc.bigInt(1n - 10n ** 14n, 10n ** 14n - 1n),
    high: fc.bigInt(2n ** 50n, 2n ** 100n - 1n),
  })
  .map(({ low, rho, high }) => low | (BigInt.asUintN(48, rho) << 102n) | (high << 150n));

function outcome(action: () => void): string {
  try {
    action();
    return "free";
  } catch (error) {
    if (error instanceof Reverted) return `${error.errorName}(${error.args.join(", ")})`;
    throw error;
  }
}

describe("SVI slice", () => {
  let harness: SviHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("SviHarness");
  });

  async function outcomeOnChain(call: Promise<unknown>): Promise<string> {
    try {
      await call;
      return "free";
    } catch (error) {
      const { data } = error as { data?: string };
      const decoded = data === undefined ? null : harness.interface.parseError(data);
      if (decoded === null) throw error;
      return `${decoded.name}(${[...decoded.args].join(", ")})`;
    }
  }

  it("default: a word is read as the engine reads it, and is packed from what was read", async () => {
    for (const word of fc.sample(fc.oneof(anyWord, unsigned(250)), { seed: 1, numRuns: 100 })) {
      const { a, b, rho, m, sigma } = await harness.unpacked(word);
      expect({ a, b, rho, m, sigma }).to.deep.equal(sviFromWord(word));
      expect(sviWord(sviFromWord(word))).to.equal(word);
    }
  });

  it("default: total variance, volatility and g agree with the engine to the unit", async () => {
    let shaped = 0;
    await fc.assert(
      fc.asyncProperty(slices, fc.array(moneyness, { minLength: 3, maxLength: 8 }), upTo(2n ** 36n, 1n), async (slice, ks, time) => {
        const word = sviWord(slice);
        const said = await outcomeOnChain(harness.requireShape(word));
        expect(said).to.equal(outcome(() => requireShape(word)));
        if (said !== "free") return;
        shaped++;
        const { variances, volatilities, gs } = await harness.evaluate(word, ks, time);
        const expected = ks.map((k) => varianceDown(slice, k));
        expect([...variances]).to.deep.equal(expected);
        expect([...volatilities]).to.deep.equal(expected.map((w) => volatilityDown(w, time)));
        expect([...gs]).to.deep.equal(ks.map((k) => durrleman(slice, k)));
      }),
      { seed: 2, numRuns: 200 },
    );
    expect(shaped).to.be.greaterThan(150);
  });

  it("args: nothing overflows in a word of any bits with |ρ| below one, at the farthest strikes", async () => {
    const ks = [-FARTHEST, FARTHEST, 0n, 1n, -WAD];
    for (const word of fc.sample(anyWord, { seed: 3, numRuns: 200 })) {
      const slice = sviFromWord(word);
      expect([...(await harness.variances(slice, ks))]).to.deep.equal(ks.map((k) => varianceDown(slice, k)));
    }
    // the extremes of what a good shape allows
    for (const slice of [
      { a: (2n ** 53n - 1n) * UNIT, b: 2n * WAD, rho: 0n, m: (2n ** 49n - 1n) * UNIT, sigma: (2n ** 50n - 1n) * UNIT },
      { a: (2n ** 53n - 1n) * UNIT, b: 2n * WAD, rho: 0n, m: -(2n ** 49n) * UNIT, sigma: UNIT },
      { a: LEAST_VARIANCE, b: WAD, rho: WAD - UNIT, m: 0n, sigma: UNIT },
      { a: LEAST_VARIANCE, b: WAD, rho: UNIT - WAD, m: 0n, sigma: UNIT },
    ]) {
      const word = sviWord(slice);
      expect(sviFromWord(word)).to.deep.equal(slice);
      const { gs } = await harness.evaluate(word, ks, 1n);
      expect([...gs]).to.deep.equal(ks.map((k) => durrleman(slice, k)));
    }
  });

  it("H-88 behavior: what is farther has the variance of the farthest, and its g", async () => {
    // the last as far as a price of one unit can leave a strike
    const farther = [FARTHEST + 1n, 2n * FARTHEST, 67n * WAD];
    const word = sviWord({ a: WAD / 100n, b: WAD / 10n, rho: -WAD / 4n, m: 0n, sigma: WAD / 5n });
    for (const side of [1n, -1n]) {
      const ks = [FARTHEST, ...farther].map((k) => side * k);
      const { variances, gs } = await harness.evaluate(word, ks, 86_400n);
      expect([new Set(variances).size, new Set(gs).size]).to.deep.equal([1, 1]);
      expect([...variances]).to.deep.equal(ks.map((k) => varianceDown(sviFromWord(word), k)));
      expect([...gs]).to.deep.equal(ks.map((k) => durrleman(sviFromWord(word), k)));
    }
  });

  it("behavior: the variance is at most the truth and less than two units below it; g is within 1e-12", () => {
    let [worstVariance, worstG] = [0n, 0];
    fc.assert(
      fc.property(slices, moneyness, (slice, k) => {
        if (outcome(() => requireShape(sviWord(slice))) !== "free") return;
        const exact = exactDurrleman(slice, k);
        const short = exactVariance(slice, k) - varianceDown(slice, k) * 10n ** 42n;
        // sixty decimals are themselves short of the truth by a few units
        expect(short > -10n && short < 2n * 10n ** 42n, `${short}`).to.equal(true);
        if (short > worstVariance) worstVariance = short;
        const off = Number(durrleman(slice, k) - exact / 10n ** 42n) / Math.max(Math.abs(Number(exact / 10n ** 42n)), 1e18);
        worstG = Math.max(worstG, Math.abs(off));
        expect(Math.abs(off)).to.be.lessThan(1e-12);
      }),
      { seed: 4, numRuns: 5_000 },
    );
  });

  it("behavior: butterfly arbitrage is refused exactly where the exact g is negative", async () => {
    const met = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(slices, fc.array(moneyness, { minLength: 1, maxLength: 6 }), async (slice, ks) => {
        const word = sviWord(slice);
        const said = await outcomeOnChain(harness.requireFree(word, ks));
        expect(said).to.equal(outcome(() => requireFree(word, ks)));
        const name = said.split("(")[0] ?? "";
        met.set(name, (met.get(name) ?? 0) + 1);
        if (name !== "free" && name !== "ButterflyArbitrage") return;
        const gs = ks.map((k) => exactDurrleman(slice, k));
        const negative = gs.findIndex((g) => g < 0n);
        expect(name === "free").to.equal(negative === -1);
        if (negative !== -1) expect(said.startsWith(`ButterflyArbitrage(${ks[negative]}, -`)).to.equal(true);
      }),
      { seed: 5, numRuns: 300 },
    );
    for (const name of ["free", "ButterflyArbitrage"]) expect(met.get(name) ?? 0, name).to.be.greaterThan(20);
  });

  it("behavior: Vogt's slice, whose wings and variance are good, has negative densities", async () => {
    // Gatheral and Jacquier, example 3.1
    const word = sviWord({ a: wad(-0.041), b: wad(0.1331), rho: wad(0.306), m: wad(0.3586), sigma: wad(0.4153) });
    expect(await outcomeOnChain(harness.requireFree(word, [0n, -WAD, WAD / 2n]))).to.equal("free");
    await expect(harness.requireFree(word, [0n, (85n * WAD) / 100n])).to.be.revertedWithCustomError(harness, "ButterflyArbitrage");
  });

  it("args: each bound of the shape is refused just beyond it", async () => {
    const good: SviSlice = { a: wad(0.04), b: wad(0.1), rho: wad(-0.3), m: 0n, sigma: wad(0.2) };
    const check = async (slice: SviSlice, expected: string): Promise<void> => {
      const word = sviWord(slice);
      expect(await outcomeOnChain(harness.requireShape(word))).to.equal(expected);
      expect(outcome(() => requireShape(word))).to.equal(expected);
    };
    await check(good, "free");
    await check({ ...good, rho: UNIT - WAD }, "free");
    for (const wrong of [
      { ...good, rho: WAD },
      { ...good, rho: -WAD },
      { ...good, sigma: 0n },
    ])
      await check(wrong, `MalformedSlice(${sviWord(wrong)})`);
    const spare = sviWord(good) | (1n << 250n);
    expect(await outcomeOnChain(harness.requireShape(spare))).to.equal(`MalformedSlice(${spare})`);
    expect(outcome(() => requireShape(spare))).to.equal(`MalformedSlice(${spare})`);
    await check({ ...good, b: WAD, rho: WAD - UNIT, sigma: WAD }, "free");
    await check({ ...good, b: WAD + UNIT, rho: WAD - UNIT, sigma: WAD }, `WingTooSteep(${2n * WAD + UNIT})`);
    await check({ ...good, b: 2n * WAD, rho: 0n, sigma: WAD }, "free");
    await check({ ...good, b: 2n * WAD + UNIT, rho: 0n, sigma: WAD }, `WingTooSteep(${2n * WAD + UNIT})`);
    await check({ ...good, a: LEAST_VARIANCE, b: 0n }, "free");
    await check({ ...good, a: LEAST_VARIANCE - UNIT, b: 0n }, `VarianceTooLow(${LEAST_VARIANCE - UNIT})`);
    // a may be negative as far as the curve stays above zero
    await check({ ...good, a: LEAST_VARIANCE - wad(0.02), rho: 0n }, "free");
    await check({ ...good, a: LEAST_VARIANCE - UNIT - wad(0.02), rho: 0n }, `VarianceTooLow(${LEAST_VARIANCE - UNIT})`);
    // at ρ = −0.6 the least is a + 0.8·b·σ
    await check({ ...good, a: LEAST_VARIANCE - wad(0.016), rho: wad(-0.6) }, "free");
    await check({ ...good, a: LEAST_VARIANCE - UNIT - wad(0.016), rho: wad(-0.6) }, `VarianceTooLow(${LEAST_VARIANCE - UNIT})`);
    const free = await outcomeOnChain(harness.requireFree(sviWord({ ...good, b: 0n }), [FARTHEST, -FARTHEST]));
    expect(free).to.equal("free");
    // what is farther is as the end is
    for (const [k, end] of [
      [FARTHEST + 1n, FARTHEST],
      [-60n * WAD, -FARTHEST],
    ] as const) {
      expect(varianceDown(good, k)).to.equal(varianceDown(good, end));
      expect(durrleman(good, k)).to.equal(durrleman(good, end));
      const [far, near] = await harness.variances(good, [k, end]);
      expect([far, far]).to.deep.equal([varianceDown(good, k), near]);
      expect(await outcomeOnChain(harness.requireFree(sviWord(good), [k]))).to.equal(
        await outcomeOnChain(harness.requireFree(sviWord(good), [end])),
      );
    }
  });

  it("behavior: a later expiry with less variance at any strike is refused, and an equal one is not", async () => {
    const earlier: SviSlice = { a: wad(0.04), b: wad(0.1), rho: wad(-0.3), m: 0n, sigma: wad(0.2) };
    const ks = [-WAD, -WAD / 5n, 0n, WAD / 5n, WAD];
    const check = async (later: SviSlice): Promise<string> => {
      const said = await outcomeOnChain(harness.requireRising(sviWord(earlier), sviWord(later), ks));
      expect(said).to.equal(outcome(() => requireRising(sviWord(earlier), sviWord(later), ks)));
      return said;
    };
    expect(await check(earlier)).to.equal("free");
    expect(await check({ ...earlier, a: earlier.a + UNIT })).to.equal("free");
    expect(await check({ ...earlier, a: earlier.a - UNIT })).to.equal(
      `CalendarArbitrage(${-WAD}, ${varianceDown(earlier, -WAD)}, ${varianceDown(earlier, -WAD) - UNIT})`,
    );
    // crossing: more at the money, less in a wing
    expect(await check({ ...earlier, a: wad(0.05), b: wad(0.08) })).to.match(/^CalendarArbitrage\(-1000/);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(slices, slices, fc.array(moneyness, { minLength: 1, maxLength: 5 }), async (first, second, each) => {
        const [one, two] = [sviWord(first), sviWord(second)];
        const said = await outcomeOnChain(harness.requireRising(one, two, each));
        expect(said).to.equal(outcome(() => requireRising(one, two, each)));
        if (said.startsWith("Calendar")) refused++;
      }),
      { seed: 6, numRuns: 100 },
    );
    expect(refused).to.be.within(10, 90);
  });

  it("behavior: an aged slice has the share of the variance that is left, and stays free", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(slices.map(sviWord), anyWord),
        upTo(2n ** 40n - 1n, 1n),
        real(0, 1),
        moneyness,
        async (word, span, part, k) => {
          const left = (span * BigInt(Math.round(part * 1e6))) / 1_000_000n;
          const aged = await harness.agedDown(word, left, span);
          expect(aged).to.equal(agedDown(word, left, span));
          const [before, afterwards] = [sviFromWord(word), sviFromWord(aged)];
          expect({ ...afterwards, a: 0n, b: 0n }).to.deep.equal({ ...before, a: 0n, b: 0n });
          // at most a unit of each parameter is lost
          const difference = (exactVariance(before, k) * left) / span - exactVariance(afterwards, k);
          expect(difference >= -(10n ** 43n) && difference <= 30n * UNIT * 10n ** 42n, `${difference}`).to.equal(true);
        },
      ),
      { seed: 7, numRuns: 150 },
    );
    const whole = sviWord({ a: wad(-0.01), b: wad(0.1), rho: wad(-0.3), m: 0n, sigma: wad(0.2) });
    expect(await harness.agedDown(whole, 7n, 7n)).to.equal(whole);
  });
});
