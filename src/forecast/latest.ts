import { boundedRange, forecasterOf, learnt } from "./backtest.ts";
import { adverseExcursions } from "./excursion.ts";
import { FitFailed } from "./forecaster.ts";
import { type Hours, knownAt } from "./hours.ts";
import { loadOptimiser } from "./minimise.ts";
import { onChainRule } from "./onChain.ts";
import { DAY_HOURS } from "./realised.ts";
import type { BacktestTerms, ModelName } from "./terms.ts";

const YEAR_DAYS = 365;

/** What a model says at the end of the hours. */
export interface ModelForecast {
  readonly name: ModelName;
  /** Fraction of the price; NaN where an hour that it needs is missing. */
  readonly range: number;
  /** Inside [on-chain target, 2 × on-chain target] and below the cap. */
  readonly bounded: number;
  /** Deviation of the next 24 hours, for a year: 0.8 is 80 %. */
  readonly sigma: number;
  readonly multiple: number;
  readonly parameters: Readonly<Record<string, number>>;
}

export interface Latest {
  /** Unix second at which the last hour ended, and its close, settlement tokens. */
  readonly time: number;
  readonly price: number;
  /** Of the rule of the chain; ranges as fractions of the price. */
  readonly onChain: { readonly target: number; readonly held: number; readonly sigma: number };
  readonly models: readonly ModelForecast[];
  /** Models whose fit could not be believed. */
  readonly failures: readonly { readonly name: ModelName; readonly reason: string }[];
}

/**
 * The range that each model, fitted on all hours, says for the hours to come, beside that of the rule of the chain.
 * @param onFit after each fit, of how many
 */
export async function latestForecast(
  hours: Hours,
  { horizon, part, models, volatility, lotExponent }: Omit<BacktestTerms, "from" | "to" | "refit">,
  onFit: (done: number, of: number, model: string) => void = () => {},
): Promise<Latest> {
  await loadOptimiser();
  const last = hours.count - 1;
  const rule = onChainRule(hours, volatility, lotExponent);
  const target = rule.target[last]!;
  const excursions = adverseExcursions(hours, horizon);
  const said: ModelForecast[] = [];
  const failures: { name: ModelName; reason: string }[] = [];
  for (const [done, name] of models.entries()) {
    try {
      const { fit, multiple } = learnt(forecasterOf(name, hours), excursions, hours.count, horizon, part);
      const range = multiple * Math.sqrt(fit.variance(last, horizon));
      said.push({
        name,
        range,
        bounded: boundedRange(range, target, Number(volatility.rangeCap) / 1e9),
        sigma: Math.sqrt(fit.variance(last, DAY_HOURS) * YEAR_DAYS),
        multiple,
        parameters: fit.parameters,
      });
    } catch (error) {
      if (!(error instanceof FitFailed)) throw error;
      failures.push({ name, reason: error.message });
    }
    onFit(done + 1, models.length, name);
  }
  return {
    time: knownAt(hours, last),
    price: hours.close[last]!,
    onChain: { target, held: rule.held[last]!, sigma: Math.sqrt(rule.variance[last]! * DAY_HOURS * YEAR_DAYS) },
    models: said,
    failures,
  };
}
