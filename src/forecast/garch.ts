import { FitFailed, type Fitted, type Forecaster } from "./forecaster.ts";
import type { Hours } from "./hours.ts";
import { minimise } from "./minimise.ts";

/** h = omega + (alpha + gamma·[r < 0])·r² + beta·h of the hour before; returns in percent, so omega is of percent². */
export interface GarchParameters {
  readonly omega: number;
  readonly alpha: number;
  /** What a fall adds to alpha; 0 in GARCH(1,1). */
  readonly gamma: number;
  readonly beta: number;
}

export interface GarchFit extends GarchParameters {
  readonly logLikelihood: number;
}

/** Returns as fractions are of the size of the optimiser's own tolerances: fits then end where they began. */
const PERCENT = 100;
const LEAST_RETURNS = 1_000;

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

/** Coordinates without constraints: ln of omega over the variance of the sample, logits of persistence, of what of it is shock, and of what of that falls have. */
const LOWER = [-18, -2, -8, -6];
const UPPER = [0, 14, 4, 6];
const STARTS = [
  [-3, 3, -2, 0.2],
  [-5, 5, -3, 0.5],
];
const AT_BOUND = 1e-6;

function parametersAt(point: ArrayLike<number>, mean: number, asymmetric: boolean): GarchParameters {
  const persistence = logistic(point[1]!);
  const shock = persistence * logistic(point[2]!);
  const fall = asymmetric ? logistic(point[3]!) : 0.5;
  return {
    omega: Math.exp(point[0]!) * mean,
    alpha: 2 * shock * (1 - fall),
    gamma: asymmetric ? 2 * shock * (2 * fall - 1) : 0,
    beta: persistence - shock,
  };
}

/** alpha + gamma/2 + beta: what of a variance is left an hour later. */
export const persistenceOf = ({ alpha, gamma, beta }: GarchParameters): number => alpha + gamma / 2 + beta;

/** The variance of the first hour: that of the sample before it takes the place of return and variance. */
const firstVariance = (fit: GarchParameters, mean: number): number => fit.omega + persistenceOf(fit) * mean;

const meanSquare = (returns: Float64Array): number => returns.reduce((sum, each) => sum + each * each, 0) / returns.length;

/** Minus the logarithm of the normal likelihood. @param returns percent */
function loss(returns: Float64Array, mean: number, { omega, alpha, gamma, beta }: GarchParameters): number {
  let h = firstVariance({ omega, alpha, gamma, beta }, mean);
  let sum = 0;
  for (let i = 0; i < returns.length; i++) {
    const square = returns[i]! * returns[i]!;
    sum += Math.log(h) + square / h;
    h = omega + (returns[i]! < 0 ? alpha + gamma : alpha) * square + beta * h;
  }
  return (sum + returns.length * Math.log(2 * Math.PI)) / 2;
}

/**
 * GARCH(1,1), or GJR where `asymmetric`, without a mean, by quasi maximum likelihood of the normal distribution.
 * @param returns hourly, in percent
 * @throws FitFailed fewer than 1,000 returns, none that moves, a fit that did not move or ended at a bound of persistence
 */
export function fitGarch(returns: Float64Array, asymmetric: boolean): GarchFit {
  if (returns.length < LEAST_RETURNS) throw new FitFailed(`${returns.length} returns are fewer than ${LEAST_RETURNS}`);
  const mean = meanSquare(returns);
  if (!(mean > 0)) throw new FitFailed("no price moves");
  const dimensions = asymmetric ? 4 : 3;
  const { point, value } = minimise(
    (x) => loss(returns, mean, parametersAt(x, mean, asymmetric)),
    STARTS.map((start) => start.slice(0, dimensions)),
    LOWER.slice(0, dimensions),
    UPPER.slice(0, dimensions),
  );
  const bound = point.findIndex((x, k) => x - LOWER[k]! < AT_BOUND || UPPER[k]! - x < AT_BOUND);
  if (bound >= 0) throw new FitFailed(`the ${["omega", "persistence", "shock", "asymmetry"][bound]} ended at a bound`);
  return { ...parametersAt(point, mean, asymmetric), logLikelihood: -value };
}

/** Variance of the hour after each return, percent². @param returns percent, NaN where there is none: the variance stands @param mean of the sample the fit saw */
export function filterGarch(returns: Float64Array, fit: GarchParameters, mean: number): Float64Array {
  const next = new Float64Array(returns.length);
  let h = firstVariance(fit, mean);
  for (let i = 0; i < returns.length; i++) {
    const each = returns[i]!;
    if (!Number.isNaN(each)) h = fit.omega + (each < 0 ? fit.alpha + fit.gamma : fit.alpha) * each * each + fit.beta * h;
    next[i] = h;
  }
  return next;
}

/** The sum of the variances of `horizon` hours of which the first has `next`. */
export function overHorizon(fit: GarchParameters, next: number, horizon: number): number {
  const persistence = persistenceOf(fit);
  const longRun = fit.omega / (1 - persistence);
  return horizon * longRun + ((next - longRun) * (1 - persistence ** horizon)) / (1 - persistence);
}

export function garch({ returns, count }: Hours, asymmetric: boolean): Forecaster {
  const percent = Float64Array.from(returns, (each) => each * PERCENT);
  return {
    name: asymmetric ? "gjr" : "garch",
    fit(end): Fitted {
      const seen = percent.subarray(0, end).filter((each) => !Number.isNaN(each));
      const fit = fitGarch(seen, asymmetric);
      const next = filterGarch(percent, fit, meanSquare(seen));
      const { omega, alpha, gamma, beta } = fit;
      return {
        parameters: { omega, alpha, ...(asymmetric ? { gamma } : {}), beta },
        variance: (i, horizon) => (i < count ? overHorizon(fit, next[i]!, horizon) / (PERCENT * PERCENT) : Number.NaN),
      };
    },
  };
}
