import { HOUR } from "../data/bar.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { adverseExcursions, type Excursions, quantile } from "./excursion.ts";
import { type Procyclicality, procyclicality, qlike } from "./figures.ts";
import { FitFailed, type Fitted, type Forecaster } from "./forecaster.ts";
import { garch } from "./garch.ts";
import { type Hours, knownAt } from "./hours.ts";
import { logHar } from "./logHar.ts";
import { loadOptimiser } from "./minimise.ts";
import { type OnChain, onChainRule } from "./onChain.ts";
import { DAY_HOURS, realisedVariance } from "./realised.ts";
import { constant, ewma } from "./simple.ts";
import { type BacktestTerms, type ModelName, warmUpDays } from "./terms.ts";

const MAKERS: Readonly<Record<ModelName, (hours: Hours) => Forecaster>> = {
  constant,
  ewma,
  garch: (hours) => garch(hours, false),
  gjr: (hours) => garch(hours, true),
  "log-har": logHar,
};

/** A model of recorded hours. `loadOptimiser` has to be awaited before it is fitted. */
export const forecasterOf = (name: ModelName, hours: Hours): Forecaster => MAKERS[name](hours);

/** An off-chain forecast moves the target range inside [on-chain, 2 × on-chain]. */
const MOST_OF_RULE = 2;
const LEAST_EXCURSIONS = 1_000;
const SHOWN_HORIZONS = [1, 4, 8, 24];

/** How ranges held, and what margin they made. */
export interface RangeFigures {
  readonly long: Coverage;
  readonly short: Coverage;
  readonly procyclicality: Procyclicality;
}

export interface ModelFigures {
  readonly name: string;
  /** Mean QLIKE of the variance of the next 24 hours; none for a range that is no forecast of its own. */
  readonly qlike?: number;
  /** Range as the model has it: a multiple of its deviation, learnt from adverse excursions. */
  readonly range: RangeFigures;
  /** The same, kept inside [on-chain, 2 × on-chain] and below the cap. */
  readonly bounded?: RangeFigures;
  /** Of the last fit. */
  readonly multiple?: number;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly fits?: number;
  /** Fits that could not be believed: the one before them stayed. */
  readonly failures?: readonly { readonly time: number; readonly reason: string }[];
}

export interface Backtest {
  readonly from: number;
  readonly to: number;
  readonly horizon: number;
  readonly part: number;
  readonly refit: number;
  /** Hours whose next 24 hours are behind QLIKE, the same for all. */
  readonly scored: number;
  /** Windows of `horizon` hours that are left out because an hour of them, or a forecast, is missing. */
  readonly leftOut: number;
  readonly models: readonly ModelFigures[];
  /** The quantile `part` of adverse excursions over deviation × √hours, of the rule's fast variance without floor, every hour. */
  readonly excursions: readonly { readonly horizon: number; readonly long: number; readonly short: number }[];
}

/** A forecaster as it is walked forward: what it knew when. */
export interface Walk {
  readonly variances: Float64Array;
  readonly ranges: Float64Array;
  readonly fits: number;
  readonly failures: { readonly time: number; readonly reason: string }[];
  readonly last: Fitted;
  readonly multiple: number;
}

/**
 * Walks models forward over recorded hours beside the rule of the chain: fitted on what was known, held against what came.
 * @param onFit after each fit, of how many
 * @throws RangeError where terms and hours do not fit each other; FitFailed where a model cannot be fitted the first time
 */
export async function backtest(
  hours: Hours,
  terms: BacktestTerms,
  onFit: (done: number, of: number, model: string) => void = () => {},
): Promise<Backtest> {
  const { from, to, horizon, part, refit, models, volatility, lotExponent } = terms;
  const first = (from - hours.start) / HOUR - 1;
  const last = (to - hours.start) / HOUR - 1;
  if (!Number.isInteger(first) || !Number.isInteger(last)) throw new RangeError("from and to must be whole hours");
  if (first + 1 < warmUpDays(models) * DAY_HOURS) throw new RangeError(`fewer than ${warmUpDays(models)} days before from`);
  if (last >= hours.count || last - first < Math.max(horizon, DAY_HOURS))
    throw new RangeError("to is beyond the hours, or nothing is over before it");
  await loadOptimiser();

  const rule = onChainRule(hours, volatility, lotExponent);
  const excursions = adverseExcursions(hours, horizon);
  const refits = Math.ceil((last - first) / (refit * DAY_HOURS));
  const walks = models.map((name, m) => ({
    name,
    walk: walkForward(forecasterOf(name, hours), hours, excursions, { ...terms, first, last }, (done) =>
      onFit(m * refits + done, models.length * refits, name),
    ),
  }));

  // every row is held against the same windows and the same days
  const windows: number[] = [];
  let leftOut = 0;
  for (let i = first; i + horizon <= last; i += horizon) {
    const there = !Number.isNaN(excursions.long[i]!) && walks.every(({ walk }) => !Number.isNaN(walk.ranges[i]!));
    if (there) windows.push(i);
    else leftOut++;
  }
  const realised = realisedVariance(hours.returns);
  const scored: number[] = [];
  for (let i = first; i + DAY_HOURS <= last; i++) {
    const forecasts = [rule.variance[i]!, ...walks.map(({ walk }) => walk.variances[i]!)];
    if (!Number.isNaN(realised[i + DAY_HOURS]!) && !forecasts.some(Number.isNaN)) scored.push(i);
  }
  const meanQlike = (variance: (i: number) => number): number =>
    scored.reduce((sum, i) => sum + qlike(realised[i + DAY_HOURS]!, variance(i)), 0) / scored.length;
  const figuresOf = (ranges: Float64Array): RangeFigures => {
    const side = (moves: Float64Array): Coverage =>
      coverageOf(
        windows.map((i) => moves[i]! > ranges[i]!),
        1 - part,
      );
    return {
      long: side(excursions.long),
      short: side(excursions.short),
      procyclicality: procyclicality(ranges.subarray(first, last)),
    };
  };

  return {
    from,
    to,
    horizon,
    part,
    refit,
    scored: scored.length,
    leftOut,
    models: [
      { name: "on-chain target", qlike: meanQlike((i) => rule.variance[i]! * DAY_HOURS), range: figuresOf(rule.target) },
      { name: "on-chain held", range: figuresOf(rule.held) },
      { name: "on-chain larger", range: figuresOf(rule.target.map((target, i) => Math.max(target, rule.held[i]!))) },
      ...walks.map(({ name, walk }) => ({
        name,
        qlike: meanQlike((i) => walk.variances[i]!),
        range: figuresOf(walk.ranges),
        bounded: figuresOf(walk.ranges.map((range, i) => boundedRange(range, rule.target[i]!, Number(volatility.rangeCap) / 1e9))),
        multiple: walk.multiple,
        parameters: walk.last.parameters,
        fits: walk.fits,
        failures: walk.failures,
      })),
    ],
    excursions: SHOWN_HORIZONS.map((shown) => standardised(hours, rule, shown, part, first, last)),
  };
}

/** What of a forecast range reaches the chain: inside [target, 2 × target], and never above the cap, which other parameters rely on. */
export function boundedRange(range: number, target: number, cap: number): number {
  return Math.min(Math.max(range, target), MOST_OF_RULE * target, cap);
}

/**
 * Forecasts at each hour from `first` on, before `last`, fitted anew every `refit` days on the hours up to then.
 * @throws FitFailed where the first fit fails; the fit before stays where a later one does
 */
export function walkForward(
  forecaster: Forecaster,
  hours: Hours,
  excursions: Excursions,
  {
    first,
    last,
    refit,
    horizon,
    part,
  }: Pick<BacktestTerms, "refit" | "horizon" | "part"> & { readonly first: number; readonly last: number },
  onFit: (done: number) => void = () => {},
): Walk {
  const empty = (): Float64Array => new Float64Array(hours.count).fill(Number.NaN);
  const [variances, ranges, failures] = [empty(), empty(), [] as { time: number; reason: string }[]];
  let fitted: { readonly fit: Fitted; readonly multiple: number } | undefined;
  let fits = 0;
  for (let i = first; i < last; i++) {
    if ((i - first) % (refit * DAY_HOURS) === 0) {
      try {
        fitted = learnt(forecaster, excursions, i + 1, horizon, part);
        fits++;
      } catch (error) {
        if (!(error instanceof FitFailed) || fitted === undefined) throw error;
        failures.push({ time: knownAt(hours, i), reason: error.message });
      }
      onFit(fits + failures.length);
    }
    if (Number.isNaN(hours.close[i]!) || fitted === undefined) continue;
    variances[i] = fitted.fit.variance(i, DAY_HOURS);
    ranges[i] = fitted.multiple * Math.sqrt(fitted.fit.variance(i, horizon));
  }
  if (fitted === undefined) throw new RangeError("nothing to walk over");
  return { variances, ranges, fits, failures, last: fitted.fit, multiple: fitted.multiple };
}

/**
 * A model fitted on the first `end` hours, and the multiple of its deviation within which `part` of the adverse excursions that were over by then stayed, on the
 * worse side.
 * @throws FitFailed
 */
export function learnt(
  forecaster: Forecaster,
  excursions: Excursions,
  end: number,
  horizon: number,
  part: number,
): { readonly fit: Fitted; readonly multiple: number } {
  const fit = forecaster.fit(end);
  const [longs, shorts]: [number[], number[]] = [[], []];
  for (let i = 0; i + horizon < end; i++) {
    const deviation = Math.sqrt(fit.variance(i, horizon));
    if (!(deviation > 0) || Number.isNaN(excursions.long[i]!)) continue;
    longs.push(excursions.long[i]! / deviation);
    shorts.push(excursions.short[i]! / deviation);
  }
  if (longs.length < LEAST_EXCURSIONS) {
    throw new FitFailed(`${longs.length} hours with a forecast and what came of it are fewer than ${LEAST_EXCURSIONS}: no quantile`);
  }
  return { fit, multiple: Math.max(quantile(longs, part), quantile(shorts, part)) };
}

function standardised(hours: Hours, rule: OnChain, horizon: number, part: number, first: number, last: number) {
  const { long, short } = adverseExcursions(hours, horizon);
  const side = (moves: Float64Array): number => {
    const values: number[] = [];
    for (let i = first; i + horizon <= last; i++) {
      const value = moves[i]! / Math.sqrt(rule.fast[i]! * horizon);
      if (!Number.isNaN(value)) values.push(value);
    }
    return quantile(values, part);
  };
  return { horizon, long: side(long), short: side(short) };
}
