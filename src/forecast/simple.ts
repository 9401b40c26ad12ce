import type { Forecaster } from "./forecaster.ts";
import type { Hours } from "./hours.ts";
import { DAY_HOURS, realisedVariance } from "./realised.ts";

/** RiskMetrics' for daily figures. */
export const LAMBDA = 0.94;
/** Days that a constant variance is the mean of. */
export const CONSTANT_DAYS = 365;
const FIRST_DAYS = 30;

/** From the last values, one a day, to what the next is expected to be: a filter for each hour at which a day can begin. */
function byHourOfDay(values: Float64Array, next: (value: number, before: number | undefined, i: number) => number): Float64Array {
  const filtered = new Float64Array(values.length).fill(Number.NaN);
  for (let i = 0; i < values.length; i++) {
    const before = filtered[i - DAY_HOURS];
    filtered[i] = Number.isNaN(values[i]!) ? (before ?? Number.NaN) : next(values[i]!, before, i);
  }
  return filtered;
}

/** 0.94 of the variance a day ago and 0.06 of the realised variance since; it begins with the mean of the first 30 days. */
export function ewma({ returns }: Hours): Forecaster {
  const days = realisedVariance(returns);
  const first = trailingMean(days, FIRST_DAYS);
  const filtered = byHourOfDay(days, (value, before, i) =>
    before === undefined || Number.isNaN(before) ? first[i]! : LAMBDA * before + (1 - LAMBDA) * value,
  );
  return unfitted("ewma", { lambda: LAMBDA }, filtered);
}

/** The mean realised variance of the last 365 days: what a model has to beat. */
export function constant({ returns }: Hours): Forecaster {
  return unfitted("constant", { days: CONSTANT_DAYS }, trailingMean(realisedVariance(returns), CONSTANT_DAYS));
}

/** The mean of one value a day over the last `days` days, from when they are over. */
function trailingMean(values: Float64Array, days: number): Float64Array {
  const means = new Float64Array(values.length).fill(Number.NaN);
  const [sums, counts] = [new Float64Array(DAY_HOURS), new Float64Array(DAY_HOURS)];
  const length = days * DAY_HOURS;
  for (let i = 0; i < values.length; i++) {
    const hour = i % DAY_HOURS;
    const [enters, leaves] = [values[i]!, values[i - length] ?? Number.NaN];
    if (!Number.isNaN(enters)) {
      sums[hour]! += enters;
      counts[hour]!++;
    }
    if (!Number.isNaN(leaves)) {
      sums[hour]! -= leaves;
      counts[hour]!--;
    }
    if (i >= length && counts[hour]! * 2 >= days) means[i] = sums[hour]! / counts[hour]!;
  }
  return means;
}

/** A model that learns nothing: the variance of the next 24 hours is known at each hour, other horizons get their part. */
function unfitted(name: string, parameters: Readonly<Record<string, number>>, ofNextDay: Float64Array): Forecaster {
  const variance = (i: number, horizon: number): number => ((ofNextDay[i] ?? Number.NaN) * horizon) / DAY_HOURS;
  return { name, fit: () => ({ parameters, variance }) };
}
