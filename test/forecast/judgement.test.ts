import { expect } from "chai";
import fc from "fast-check";
import jstat from "jstat";
import { describe, it } from "mocha";
import { boundedRange } from "../../src/forecast/backtest.ts";
import { coverageOf } from "../../src/forecast/coverage.ts";
import { adverseExcursions, quantile } from "../../src/forecast/excursion.ts";
import { procyclicality, qlike } from "../../src/forecast/figures.ts";
import { hoursOf } from "../../src/forecast/hours.ts";
import { meanOfDays, realisedVariance } from "../../src/forecast/realised.ts";
import { Stream } from "../../src/simulator/numbers/stream.ts";
import { expectNear } from "../helpers/near.ts";
import reference from "./reference.json" with { type: "json" };
import { generatedBars, generatedReturns, START } from "./series.ts";
import { REFERENCE } from "./writeSeries.ts";

const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });

describe("how forecasts are judged", function () {
  this.timeout(60_000);

  it("default: tails and quantiles of the library are those of SciPy and NumPy", () => {
    for (const [x = 0, freedom = 0, tail = 0] of reference.chiSquaredTails) expectNear(1 - jstat.chisquare.cdf(x, freedom), tail, 1e-10);
    for (const [k = 0, n = 0, p = 0, cdf = 0] of reference.binomial) expectNear(jstat.binomial.cdf(k, n, p), cdf, 1e-9);
    const returns = [...generatedReturns(REFERENCE.count, REFERENCE.seed)];
    for (const [part = 0, value = 0] of reference.quantiles) expectNear(quantile(returns, part), value, 1e-12);
    expect(quantile([], 0.5)).to.be.NaN;
  });

  it("default: Kupiec's statistic is that of his formula, and Basel's zones are Basel's", () => {
    const exceeded = (count: number, of: number): boolean[] => Array.from({ length: of }, (_, i) => i < count);
    // 1 % over 250 days: green to 4, yellow to 9, red from 10
    const lights = [0, 4, 5, 9, 10, 250].map((count) => coverageOf(exceeded(count, 250), 0.01).light);
    expect(lights).to.deep.equal(["green", "green", "yellow", "yellow", "red", "red"]);
    const { kupiec, expected } = coverageOf(exceeded(6, 250), 0.01);
    expectNear(kupiec.statistic, -2 * Math.log((0.99 ** 244 * 0.01 ** 6) / ((244 / 250) ** 244 * (6 / 250) ** 6)), 1e-9);
    expect(expected).to.equal(2.5);
  });

  it("default: Kupiec rejects a right forecast as often as it says, and a wrong one nearly always", () => {
    const stream = new Stream(5, 0, "bernoulli");
    const rejected = (chance: number): number => {
      let count = 0;
      for (let run = 0; run < 400; run++) {
        const drawn = Array.from({ length: 2_000 }, () => stream.chance(chance));
        if (coverageOf(drawn, 0.02).kupiec.probability < 0.05) count++;
      }
      return count / 400;
    };
    expect(rejected(0.02)).to.be.within(0.025, 0.08);
    expect(rejected(0.035)).to.be.above(0.9);
  });

  it("default: Christoffersen sees that exceedances come together, where their number is right", () => {
    const apart = Array.from({ length: 5_000 }, (_, i) => i % 50 === 0);
    const together = Array.from({ length: 5_000 }, (_, i) => i % 500 < 10);
    const [one, two] = [coverageOf(apart, 0.02), coverageOf(together, 0.02)];
    expect([one.exceedances, two.exceedances]).to.deep.equal([100, 100]);
    expect(two.kupiec.probability).to.be.above(0.99);
    expect(two.independence.probability).to.be.below(1e-6);
    expect(one.independence.probability).to.be.above(0.01);
    expectNear(two.conditional.statistic, two.kupiec.statistic + two.independence.statistic, 1e-12);
  });

  it("behavior: nothing beyond and everything beyond have figures too", () => {
    for (const each of [false, true]) {
      const { kupiec, independence, conditional } = coverageOf(Array(100).fill(each), 0.01);
      for (const { statistic, probability } of [kupiec, independence, conditional]) {
        expect(statistic).to.be.at.least(0);
        expect(probability).to.be.within(0, 1);
      }
    }
    expect(coverageOf([], 0.01)).to.include({ windows: 0, exceedances: 0, light: "green" });
  });

  it("default: QLIKE is least where the forecast is the mean of what comes, and punishes too little more", () => {
    fc.assert(
      fc.property(
        fc.array(positive, { minLength: 1, maxLength: 20, size: "max" }),
        fc.double({ min: 1.01, max: 100, noNaN: true }),
        (values, factor) => {
          const loss = (forecast: number): number => values.reduce((sum, each) => sum + qlike(each, forecast), 0) / values.length;
          const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
          expect(loss(mean)).to.be.below(Math.min(loss(mean * factor), loss(mean / factor)));
          expect(loss(mean / factor)).to.be.above(loss(mean * factor));
        },
      ),
    );
    expect(qlike(0.3, 0.3)).to.equal(0);
    expectNear(qlike(2, 1), 1 - Math.log(2), 1e-15);
  });

  it("default: adverse excursions are those of lows and highs of the hours after, not of closes", () => {
    const wad = (price: number): bigint => BigInt(price) * 10n ** 18n;
    const bar = (i: number, [low, high, close]: readonly [number, number, number]) => ({
      time: START + i * 3_600,
      open: wad(100),
      low: wad(low),
      high: wad(high),
      close: wad(close),
    });
    const rows = (
      [
        [1, 999, 100],
        [90, 105, 100],
        [95, 130, 110],
        [99, 140, 120],
      ] as const
    ).map((row, i) => bar(i, row));
    const { long, short } = adverseExcursions(hoursOf(rows), 2);
    expect([...long].map((each) => Math.round(each * 1e9) / 1e9)).to.deep.equal([0.1, 0.05, Number.NaN, Number.NaN]);
    expect([...short].map((each) => Math.round(each * 1e9) / 1e9)).to.deep.equal([0.3, 0.4, Number.NaN, Number.NaN]);
    const holed = adverseExcursions(hoursOf(rows.filter((_, i) => i !== 2)), 2);
    expect([...holed.long]).to.deep.equal([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
  });

  it("behavior: a longer horizon never has a smaller excursion", () => {
    const hours = hoursOf(generatedBars(500, 3));
    const [four, five] = [adverseExcursions(hours, 4), adverseExcursions(hours, 5)];
    for (let i = 0; i + 5 < 500; i++) {
      expect(five.long[i]).to.be.at.least(four.long[i]!);
      expect(five.short[i]).to.be.at.least(four.short[i]!);
    }
  });

  it("default: realised variance is the sum of 24 squares, and a day of fewer than 20 hours is none", () => {
    const returns = Float64Array.from({ length: 72 }, (_, i) => (i % 2 === 0 ? 0.01 : -0.02));
    expectNear(realisedVariance(returns)[23]!, 12 * 1e-4 + 12 * 4e-4, 1e-15);
    expect(realisedVariance(returns)[22]).to.be.NaN;
    const holed = (missing: number): number =>
      realisedVariance(returns.map((each, i) => (i >= 30 && i < 30 + missing ? Number.NaN : each)))[47]!;
    expectNear(holed(4), 10 * 1e-4 + 10 * 4e-4, 1e-15);
    expect(holed(5)).to.be.NaN;
    expect(realisedVariance(new Float64Array(24))[23]).to.be.NaN;
    expect(
      meanOfDays(
        Float64Array.from({ length: 100 }, (_, i) => i),
        99,
        3,
      ),
    ).to.equal(75);
    expect(meanOfDays(new Float64Array(100).fill(1), 40, 3)).to.be.NaN;
  });

  it("default: margin's peak to trough and largest daily step", () => {
    // 5 % to 20 % within four hours: the largest step of a day, not of an hour
    const at = (i: number): number => (i < 30 ? 0.05 : i < 33 ? 0.05 * (i - 28) : 0.2);
    const figures = procyclicality(Float64Array.from({ length: 60 }, (_, i) => (i === 40 ? Number.NaN : at(i))));
    expect(figures).to.include({ least: 0.05, most: 0.2 });
    expectNear(figures.peakToTrough, 4, 1e-12);
    expectNear(figures.largestDailyStep, 3, 1e-12);
    expectNear(figures.leverage, (30 * 20 + 10 + 20 / 3 + 27 * 5) / 59, 1e-9);
    expectNear(figures.mean, (30 * 0.05 + 0.1 + 0.15 + 27 * 0.2) / 59, 1e-12);
  });

  it("behavior: what reaches the chain is inside [target, 2 × target] and below the cap", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 3, noNaN: true }), fc.double({ min: 0.05, max: 0.35, noNaN: true }), (range, target) => {
        const bounded = boundedRange(range, target, 0.35);
        expect(bounded).to.be.within(target, Math.min(2 * target, 0.35));
        if (range >= target && range <= Math.min(2 * target, 0.35)) expect(bounded).to.equal(range);
      }),
    );
  });
});
