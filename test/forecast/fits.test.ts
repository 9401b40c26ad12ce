import { expect } from "chai";
import fc from "fast-check";
import { before, describe, it } from "mocha";
import { FitFailed } from "../../src/forecast/forecaster.ts";
import { filterGarch, fitGarch, overHorizon, persistenceOf } from "../../src/forecast/garch.ts";
import { regress } from "../../src/forecast/logHar.ts";
import { loadOptimiser, minimise } from "../../src/forecast/minimise.ts";
import { expectNear } from "../helpers/near.ts";
import reference from "./reference.json" with { type: "json" };
import { generatedReturns, TRUTH } from "./series.ts";
import { REFERENCE, regressionOf } from "./writeSeries.ts";

const returns = generatedReturns(REFERENCE.count, REFERENCE.seed);
const meanSquare = returns.reduce((sum, each) => sum + each * each, 0) / returns.length;

const ERRORS = ["uncaughtException", "unhandledRejection"];

/** Relative. */
const expectRelative = (value: number, expected: number, tolerance: number, what: string): void => {
  expect(Math.abs(value - expected), `${what}: ${value}, ${expected}`).to.be.at.most(tolerance * Math.abs(expected));
};

describe("fits of forecasts, beside packages that share no code with them", function () {
  this.timeout(60_000);
  let listeners: number[];
  before(async () => {
    listeners = ERRORS.map((event) => process.listenerCount(event));
    await loadOptimiser();
  });

  it("default: the committed values are of this series", () => {
    expect(reference.origin).to.include({ ...REFERENCE, arch: "8.0.0", statsmodels: "0.15.0" });
  });

  for (const name of ["garch", "gjr"] as const) {
    it(`default: ${name} has the parameters, the likelihood and the forecasts that arch finds`, () => {
      const known = reference.garch[name];
      const fit = fitGarch(returns, name === "gjr");
      for (const each of ["omega", "alpha", "beta"] as const) expectRelative(fit[each], known[each], 1e-5, each);
      if (name === "gjr") expectRelative(fit.gamma, known.gamma, 1e-5, "gamma");
      else expect(fit.gamma).to.equal(0);
      expectRelative(fit.logLikelihood, known.logLikelihood, 1e-11, "log-likelihood");
      const next = filterGarch(returns, fit, meanSquare).at(-1)!;
      expectRelative(next, known.nextHour, 1e-6, "variance of the next hour");
      expectRelative(overHorizon(fit, next, 24), known.next24Hours, 1e-6, "variance of the next 24 hours");
    });
  }

  it("behavior: returns as fractions, or a hundred times larger, have the same fit", () => {
    const fit = fitGarch(returns, true);
    for (const scale of [1e-4, 0.01, 100]) {
      const scaled = fitGarch(
        returns.map((each) => each * scale),
        true,
      );
      for (const name of ["alpha", "gamma", "beta"] as const) expectRelative(scaled[name], fit[name], 1e-5, `${name} at ${scale}`);
      expectRelative(scaled.omega, fit.omega * scale * scale, 1e-5, `omega at ${scale}`);
      expectRelative(scaled.logLikelihood, fit.logLikelihood - returns.length * Math.log(scale), 1e-11, `log-likelihood at ${scale}`);
    }
  });

  it("default: gjr on a long series finds what the series was made of", () => {
    const fit = fitGarch(generatedReturns(60_000, 7), true);
    expect(Math.abs(persistenceOf(fit) - (TRUTH.alpha + TRUTH.gamma / 2 + TRUTH.beta))).to.be.below(0.01);
    expect(Math.abs(fit.gamma - TRUTH.gamma)).to.be.below(0.02);
    expect(Math.abs(fit.alpha - TRUTH.alpha)).to.be.below(0.02);
  });

  it("default: least squares has the coefficients that statsmodels finds", () => {
    const { rows, values } = regressionOf(returns);
    expect(rows.length).to.equal(reference.regression.rows);
    const { coefficients, residualVariance } = regress(rows, values);
    for (const [k, each] of reference.regression.coefficients.entries()) expectRelative(coefficients[k]!, each, 1e-9, `coefficient ${k}`);
    expectRelative(residualVariance, reference.regression.residualVariance, 1e-9, "residual variance");
  });

  it("behavior: the sum over a horizon is that of the hours one by one", () => {
    const parameter = fc.double({ min: 0.001, max: 0.3, noNaN: true });
    fc.assert(
      fc.property(
        parameter,
        parameter,
        parameter,
        fc.double({ min: 0.01, max: 50, noNaN: true }),
        fc.integer({ min: 1, max: 168 }),
        (...drawn) => {
          const [alpha, gamma, omega, next, horizon] = drawn;
          const fit = { omega, alpha, gamma, beta: 0.5 };
          let [sum, h] = [0, next];
          for (let i = 0; i < horizon; i++) {
            sum += h;
            h = omega + persistenceOf(fit) * h;
          }
          expectRelative(overHorizon(fit, next, horizon), sum, 1e-9, "sum");
        },
      ),
    );
  });

  it("behavior: a return that is missing leaves the variance where it stands", () => {
    const fit = { omega: 0.1, alpha: 0.1, gamma: 0, beta: 0.8 };
    const [one, two, three] = filterGarch(Float64Array.of(1, Number.NaN, 1), fit, 1);
    expect([one, two]).to.deep.equal([1, 1]);
    expectNear(three!, 1, 1e-12);
    expectNear(filterGarch(Float64Array.of(3, Number.NaN), fit, 1)[1]!, 0.1 + 0.9 + 0.8, 1e-12);
  });

  it("behavior: a fit that did not move is a failed one, whatever the optimiser says of it", () => {
    expect(() => minimise(() => 1, [[0.5, 0.5]], [0, 0], [1, 1])).to.throw(FitFailed, /nothing better than where it began/);
    // as with likelihoods of returns as fractions: steps drown in the rounding
    expect(() => minimise(({ 0: x = 0 }) => 1e17 + x, [[0.5, 0.5]], [0, 0], [1, 1])).to.throw(FitFailed, /unmoved/);
    const { point, value } = minimise(({ 0: x = 0, 1: y = 0 }) => (x - 0.3) ** 2 + (y - 0.7) ** 2, [[0.5, 0.5]], [0, 0], [1, 1]);
    expectNear(point[0]!, 0.3, 1e-4);
    expect(value).to.be.below(1e-8);
  });

  it("behavior: loading the optimiser leaves the listeners of the process as they were", () => {
    expect(ERRORS.map((event) => process.listenerCount(event))).to.deep.equal(listeners);
  });

  it("args: too few returns, prices that stand, and columns that depend on one another are refused", () => {
    expect(() => fitGarch(returns.subarray(0, 999), false)).to.throw(FitFailed, "999 returns are fewer than 1000");
    expect(() => fitGarch(new Float64Array(2_000), false)).to.throw(FitFailed, "no price moves");
    const rows = Array.from({ length: 10 }, (_, i) => [i, 2 * i]);
    expect(() => regress(rows, Array(10).fill(1))).to.throw(FitFailed, "depend on one another");
    expect(() => regress([[1, 2]], [1])).to.throw(FitFailed, "1 rows for 3 coefficients");
  });
});
