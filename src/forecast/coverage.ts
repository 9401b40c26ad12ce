import jstat from "jstat";

/** A likelihood-ratio test. */
export interface Test {
  readonly statistic: number;
  /** The chance of such a statistic or a larger one where the hypothesis holds. */
  readonly probability: number;
}

export type Light = "green" | "yellow" | "red";

/** How a forecast of a quantile did. */
export interface Coverage {
  readonly windows: number;
  readonly exceedances: number;
  /** Windows times the part that should be beyond. */
  readonly expected: number;
  /** Kupiec: as many as there should be. */
  readonly kupiec: Test;
  /** Christoffersen: one does not make the next likelier. */
  readonly independence: Test;
  /** Christoffersen: both together. */
  readonly conditional: Test;
  /** Basel's zones: red where so few or fewer have a chance of 99.99 % and more, yellow from 95 %. */
  readonly light: Light;
}

const YELLOW = 0.95;
const RED = 0.9999;

const tail = (statistic: number, freedom: number): Test => {
  const x = Math.max(statistic, 0); // rounding
  return { statistic: x, probability: 1 - jstat.chisquare.cdf(x, freedom) };
};

/** count·ln(probability), 0 where nothing was counted. */
const term = (count: number, probability: number): number => (count === 0 ? 0 : count * Math.log(probability));

const logLikelihood = (hits: number, misses: number, probability: number): number =>
  term(hits, probability) + term(misses, 1 - probability);

/**
 * @param exceeded whether each window was beyond the range, in order; windows must not overlap
 * @param probability that one is, between 0 and 1, where the forecast is right
 */
export function coverageOf(exceeded: readonly boolean[], probability: number): Coverage {
  const windows = exceeded.length;
  const exceedances = exceeded.filter(Boolean).length;
  const steps = [0, 0, 0, 0]; // from no to no, no to yes, yes to no, yes to yes
  for (let i = 1; i < windows; i++) steps[(exceeded[i - 1] ? 2 : 0) + (exceeded[i] ? 1 : 0)]!++;
  const [nn = 0, ny = 0, yn = 0, yy = 0] = steps;
  const kupiec =
    windows === 0
      ? 0
      : 2 *
        (logLikelihood(exceedances, windows - exceedances, exceedances / windows) -
          logLikelihood(exceedances, windows - exceedances, probability));
  const after = (no: number, yes: number): number => (no + yes === 0 ? 0 : logLikelihood(yes, no, yes / (no + yes)));
  const independence = 2 * (after(nn, ny) + after(yn, yy) - after(nn + yn, ny + yy));
  const below = windows === 0 ? 0 : jstat.binomial.cdf(exceedances, windows, probability);
  return {
    windows,
    exceedances,
    expected: windows * probability,
    kupiec: tail(kupiec, 1),
    independence: tail(independence, 1),
    conditional: tail(kupiec + independence, 2),
    light: below >= RED ? "red" : below >= YELLOW ? "yellow" : "green",
  };
}
