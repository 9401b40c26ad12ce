// Prints the series of reference.json for reference.py: node test/forecast/writeSeries.ts > series.json
import { LAGS } from "../../src/forecast/logHar.ts";
import { DAY_HOURS, meanOfDays, realisedVariance } from "../../src/forecast/realised.ts";
import { generatedReturns } from "./series.ts";

export const REFERENCE = { count: 8_000, seed: 18 } as const;

/** Rows and values of a log-HAR on the hours of the series. */
export function regressionOf(returns: Float64Array) {
  const logs = realisedVariance(returns).map(Math.log);
  const [rows, values]: [number[][], number[]] = [[], []];
  for (let i = 0; i + DAY_HOURS < logs.length; i++) {
    const row = LAGS.map((days) => meanOfDays(logs, i, days));
    if ([...row, logs[i + DAY_HOURS]!].some(Number.isNaN)) continue;
    rows.push(row);
    values.push(logs[i + DAY_HOURS]!);
  }
  return { rows, values };
}

if (import.meta.main) {
  const returns = generatedReturns(REFERENCE.count, REFERENCE.seed);
  process.stdout.write(JSON.stringify({ ...REFERENCE, returns: [...returns], ...regressionOf(returns) }));
}
