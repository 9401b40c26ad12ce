import { expect } from "chai";
import { before, describe, it } from "mocha";
import { posted } from "../../src/engine/actions/prices.ts";
import { type Backtest, backtest, forecasterOf, learnt, walkForward } from "../../src/forecast/backtest.ts";
import { adverseExcursions } from "../../src/forecast/excursion.ts";
import { FitFailed, type Forecaster } from "../../src/forecast/forecaster.ts";
import { hoursOf, knownAt } from "../../src/forecast/hours.ts";
import { loadOptimiser } from "../../src/forecast/minimise.ts";
import { onChainRule } from "../../src/forecast/onChain.ts";
import { type BacktestTerms, MODELS } from "../../src/forecast/terms.ts";
import { expectNear } from "../helpers/near.ts";
import { listedUnderlying } from "../helpers/prices/words.ts";
import { generatedBars, START } from "./series.ts";

const DAY = 86_400;
const { volatility } = listedUnderlying();
const LOT = 4;

describe("plimsoll's back-test of forecasts", function () {
  this.timeout(120_000);
  const bars = generatedBars(520 * 24, 11);
  const hours = hoursOf(bars);
  const terms: BacktestTerms = {
    from: START + 440 * DAY,
    to: START + 520 * DAY,
    horizon: 4,
    part: 0.99,
    refit: 40,
    models: MODELS,
    volatility,
    lotExponent: LOT,
  };
  let result: Backtest;
  const seen: [number, number, string][] = [];
  before(async () => {
    await loadOptimiser();
    result = await backtest(hours, terms, (...each) => seen.push(each));
  });

  it("default: every model beside the rule, over the same windows and the same days, with progress", () => {
    expect(result.models.map(({ name }) => name)).to.deep.equal(["on-chain target", "on-chain held", "on-chain larger", ...MODELS]);
    for (const { range, bounded } of result.models) {
      for (const { long, short } of bounded === undefined ? [range] : [range, bounded]) {
        expect([long.windows, short.windows]).to.deep.equal([480, 480]);
        expectNear(long.expected, 4.8, 1e-9);
      }
    }
    expect([result.leftOut, result.scored]).to.deep.equal([0, 79 * 24 + 1]);
    expect(seen.map(([done, of]) => [done, of])).to.deep.equal(Array.from({ length: 10 }, (_, i) => [i + 1, 10]));
    expect(seen.at(-1)).to.deep.equal([10, 10, "log-har"]);
  });

  it("default: in a market of its own kind gjr is the best of them, and its range holds", () => {
    const loss = Object.fromEntries(result.models.map(({ name, qlike }) => [name, qlike ?? Number.POSITIVE_INFINITY]));
    for (const name of ["constant", "ewma", "on-chain target"]) expect(loss.gjr).to.be.below(loss[name]!);
    const gjr = result.models.find(({ name }) => name === "gjr")!;
    expect(gjr.range.long.kupiec.probability).to.be.above(0.001);
    expect(gjr.failures).to.deep.equal([]);
  });

  it("default: windows are counted as they are by hand", async () => {
    const { ranges } = walkForward(forecasterOf("gjr", hours), hours, adverseExcursions(hours, 4), {
      first: 440 * 24 - 1,
      last: 520 * 24 - 1,
      refit: 40,
      horizon: 4,
      part: 0.9,
    });
    const { models } = await backtest(hours, { ...terms, part: 0.9, models: ["gjr"] });
    const shown = [
      [onChainRule(hours, volatility, LOT).target, models[0]],
      [ranges, models[3]],
    ] as const;
    for (const [said, figures] of shown) {
      let [longs, shorts] = [0, 0];
      for (let time = terms.from; time + 4 * 3_600 <= terms.to; time += 4 * 3_600) {
        const i = (time - START) / 3_600;
        const after = bars.slice(i, i + 4);
        const close = Number(bars[i - 1]!.close);
        if (Math.min(...after.map(({ low }) => Number(low))) < close * (1 - said[i - 1]!)) longs++;
        if (Math.max(...after.map(({ high }) => Number(high))) > close * (1 + said[i - 1]!)) shorts++;
      }
      const { long, short } = figures!.range;
      expect([long.exceedances, short.exceedances], figures!.name).to.deep.equal([longs, shorts]);
    }
    expect(models[3]!.range.long.exceedances).to.be.above(20);
  });

  it("default: the multiple is the quantile of the worse side, of windows that were over", () => {
    const still: Forecaster = { name: "still", fit: () => ({ parameters: {}, variance: (_, horizon) => horizon * 1e-4 }) };
    const [count, end] = [2_000, 1_500];
    const of = (factor: number): Float64Array =>
      Float64Array.from({ length: count }, (_, i) => (i < end - 4 ? ((i % 100) / 1_000) * factor : 9));
    for (const [long, short] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const { multiple } = learnt(still, { long: of(long), short: of(short) }, end, 4, 0.5);
      const worse = Array.from({ length: end - 4 }, (_, i) => (2 * (i % 100)) / 1_000 / 0.02).sort((a, b) => a - b);
      expectNear(multiple, (worse[747]! + worse[748]!) / 2, 1e-9);
      // what is not over by then is far larger
      const { multiple: all } = learnt(still, { long: of(long), short: of(short) }, end, 4, 1);
      expectNear(all, worse.at(-1)!, 1e-9);
    }
  });

  it("default: constant, ewma and log-har are what they are by hand, and another horizon gets its part", () => {
    const realised = (i: number): number => {
      let sum = 0;
      for (let j = i - 23; j <= i; j++) sum += Math.log(hours.close[j]! / hours.close[j - 1]!) ** 2;
      return sum;
    };
    const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
    const days = (i: number, count: number): number[] => Array.from({ length: count }, (_, day) => realised(i - 24 * day));
    const at = 500 * 24 + 7;
    const learntBy = (name: (typeof MODELS)[number]) => forecasterOf(name, hours).fit(450 * 24);

    const flat = learntBy("constant").variance;
    expectNear(flat(at, 24), mean(days(at, 365)), 1e-12);
    expectNear(flat(at, 6), flat(at, 24) / 4, 1e-15);

    const smooth = learntBy("ewma").variance;
    expectNear(smooth(at, 24), 0.94 * smooth(at - 24, 24) + 0.06 * realised(at), 1e-12);
    const first = 30 * 24 + 7;
    expectNear(smooth(first, 24), mean(days(first, 30)), 1e-12);
    expect(smooth(first - 24, 24)).to.be.NaN;

    const { variance, parameters } = learntBy("log-har");
    const { constant = 0, day = 0, week = 0, month = 0, residualVariance = 0 } = parameters;
    const logs = (count: number): number => mean(days(at, count).map(Math.log));
    const expected = Math.exp(constant + day * logs(1) + week * logs(7) + month * logs(30) + residualVariance / 2);
    expectNear(variance(at, 24), expected, 1e-10);
    expectNear(variance(at, 4), expected / 6, 1e-10);
  });

  it("behavior: where prices stand, the rule says its floor", () => {
    const quiet = hoursOf(
      bars.slice(0, 100).map((bar) => ({ ...bar, ...Object.fromEntries(["open", "high", "low", "close"].map((k) => [k, 10n ** 21n])) })),
    );
    const { variance, fast, target } = onChainRule(quiet, volatility, LOT);
    expectNear(variance[99]!, (Number(volatility.sigmaFloor) / 1e6) ** 2 / 8_760, 1e-12);
    expect([fast[99], target[99]]).to.deep.equal([0, Number(volatility.rangeFloor) / 1e9]);
  });

  it("default: QLIKE is that of the variance told at each hour and of the 24 hours after it", () => {
    const { variances } = walkForward(forecasterOf("ewma", hours), hours, adverseExcursions(hours, 4), {
      ...terms,
      first: 440 * 24 - 1,
      last: 520 * 24 - 1,
    });
    let [sum, count] = [0, 0];
    for (let i = 440 * 24 - 1; i + 24 < 520 * 24; i++) {
      let realised = 0;
      for (let j = i + 1; j <= i + 24; j++) realised += Math.log(hours.close[j]! / hours.close[j - 1]!) ** 2;
      sum += realised / variances[i]! - Math.log(realised / variances[i]!) - 1;
      count++;
    }
    expect(result.scored).to.equal(count);
    expectNear(result.models.find(({ name }) => name === "ewma")!.qlike!, sum / count, 1e-9);
  });

  it("default: no look-ahead: whatever comes later, each forecast and each fit is the same", () => {
    const end = 435 * 24;
    const other = generatedBars(520 * 24, 99);
    const factor = Number(bars[end - 1]!.close) / Number(other[end - 1]!.close);
    const scaled = (price: bigint): bigint => BigInt(Math.round((Number(price) / 1e12) * factor * 3)) * 10n ** 12n;
    const changed = bars.map((bar, i) => {
      const { time, open, high, low, close } = other[i]!;
      return i < end ? bar : { time, open: scaled(open), high: scaled(high), low: scaled(low), close: scaled(close) };
    });
    const future = hoursOf(changed);
    expect(future.close[end]).to.not.equal(hours.close[end]);
    for (const name of MODELS) {
      const [one, two] = [hours, future].map((each) => {
        const { fit, multiple } = learnt(forecasterOf(name, each), adverseExcursions(each, 4), end, 4, 0.99);
        return { parameters: fit.parameters, multiple, variances: Array.from({ length: end }, (_, i) => fit.variance(i, 4)) };
      });
      expect(one, name).to.deep.equal(two);
    }
    const walked = { first: 428 * 24, last: 450 * 24, refit: 3, horizon: 4, part: 0.99 };
    for (const name of ["ewma", "gjr", "log-har"] as const) {
      const [one, two] = [hours, future].map((each) => walkForward(forecasterOf(name, each), each, adverseExcursions(each, 4), walked));
      for (const field of ["variances", "ranges"] as const) {
        expect([...one![field].subarray(0, end)], name).to.deep.equal([...two![field].subarray(0, end)]);
        expect(one![field][end], name).to.not.equal(two![field][end]);
      }
    }
    const rules = [hours, future].map((each) => onChainRule(each, volatility, LOT));
    expect([...rules[0]!.target.subarray(0, end)]).to.deep.equal([...rules[1]!.target.subarray(0, end)]);
    expect([...rules[0]!.held.subarray(0, end)]).to.deep.equal([...rules[1]!.held.subarray(0, end)]);
  });

  it("behavior: a back-test that ends earlier has the same first windows", async () => {
    const to = START + 460 * DAY;
    const shorter = { ...terms, to, models: ["log-har" as const] };
    const [whole, part] = [await backtest(hours, shorter), await backtest(hoursOf(bars.slice(0, 460 * 24)), shorter)];
    expect(whole).to.deep.equal(part);
  });

  it("default: the rule is the vault's own: posts of the engine leave the same ranges", () => {
    const rule = onChainRule(hours, volatility, LOT);
    const listed = listedUnderlying();
    let underlying = {
      ...listed,
      price: 0n,
      priceTime: 0n,
      heldRange: 0n,
      targetRange: 0n,
      lotExponent: BigInt(LOT),
      sample: { price: 0n, time: 0n, fast: 0n, slow: 0n, rateTime: 0n },
      guard: { ...listed.guard, band: 1_000_000n, widestBand: 10_000_000n },
    };
    for (let i = 0; i < 1_000; i++) {
      const now = BigInt(knownAt(hours, i));
      const report = { price: BigInt(Math.round(hours.close[i]! * 1e14)) * 10n ** 4n, publishTime: now, valid: true };
      underlying = posted(underlying, 0, [report], { now, tradingAge: 600n, inGrace: false }).underlying;
      expect([rule.target[i], rule.held[i]]).to.deep.equal([Number(underlying.targetRange) / 1e9, Number(underlying.heldRange) / 1e9]);
    }
  });

  it("behavior: windows with a missing hour are left out, for all", async () => {
    const holed = hoursOf(bars.filter((_, i) => i < 450 * 24 || i >= 450 * 24 + 5));
    const { leftOut, models } = await backtest(holed, { ...terms, models: ["ewma"] });
    expect(leftOut).to.equal(2); // five hours of two windows; the second would also be forecast in the hole
    for (const { range } of models) expect(range.long.windows).to.equal(478);
  });

  it("behavior: a fit that fails leaves the one before it, and a first one that fails ends the run", () => {
    const failing = (from: number): Forecaster => {
      const model = forecasterOf("ewma", hours);
      let fits = 0;
      return {
        ...model,
        fit: (end) => {
          if (fits++ >= from) throw new FitFailed("as planted");
          return model.fit(end);
        },
      };
    };
    const walked = { first: 440 * 24 - 1, last: 450 * 24 - 1, refit: 4, horizon: 4, part: 0.99 };
    const excursions = adverseExcursions(hours, 4);
    const told: number[] = [];
    const { fits, failures, ranges, multiple } = walkForward(failing(1), hours, excursions, walked, (done) => told.push(done));
    expect([fits, failures.length, told]).to.deep.equal([1, 2, [1, 2, 3]]);
    expect(failures[0]).to.deep.equal({ time: START + 444 * DAY, reason: "as planted" });
    const { fit } = learnt(forecasterOf("ewma", hours), excursions, 440 * 24, 4, 0.99);
    expect(ranges[449 * 24]).to.equal(multiple * Math.sqrt(fit.variance(449 * 24, 4)));
    expect(() => walkForward(failing(0), hours, excursions, walked)).to.throw(FitFailed, "as planted");
    expect(() => learnt(forecasterOf("ewma", hours), excursions, 1_000, 4, 0.99)).to.throw(FitFailed, "no quantile");
  });

  it("args: what does not fit the hours is refused", async () => {
    const refused = async (changed: Partial<BacktestTerms>): Promise<string> =>
      backtest(hours, { ...terms, ...changed }).then(
        () => "accepted",
        (error: Error) => error.message,
      );
    expect(await refused({ from: terms.from + 60 })).to.match(/whole hours/);
    expect(await refused({ from: START + 100 * DAY })).to.match(/fewer than 425 days/);
    expect(await refused({ to: terms.to + DAY })).to.match(/beyond the hours/);
    expect(await refused({ to: terms.from + 3_600 })).to.match(/nothing is over/);
  });
});
