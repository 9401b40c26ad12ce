import { Matrix, QrDecomposition } from "ml-matrix";
import { FitFailed, type Fitted, type Forecaster } from "./forecaster.ts";
import type { Hours } from "./hours.ts";
import { DAY_HOURS, meanOfDays, realisedVariance } from "./realised.ts";

/** Days whose logarithms of realised variance are averaged: a day, a week, a month. Nothing closes at weekends. */
export const LAGS = [1, 7, 30] as const;
const LEAST_ROWS = 1_000;
const DEPENDENT = 1e-12;

export interface Regression {
  /** Of the constant, then of the columns. */
  readonly coefficients: readonly number[];
  /** Sum of squared residuals over rows less coefficients. */
  readonly residualVariance: number;
}

/** Least squares with a constant, by QR. @throws FitFailed too few rows, or columns that depend on one another */
export function regress(rows: readonly (readonly number[])[], values: readonly number[]): Regression {
  const width = (rows[0]?.length ?? 0) + 1;
  if (rows.length <= width) throw new FitFailed(`${rows.length} rows for ${width} coefficients`);
  const design = new Matrix(rows.map((row) => [1, ...row]));
  const decomposed = new QrDecomposition(design);
  // the library's own question is for an exact zero
  const pivots = decomposed.upperTriangularMatrix.diagonal().map(Math.abs);
  if (Math.min(...pivots) < DEPENDENT * Math.max(...pivots)) throw new FitFailed("the columns depend on one another");
  const coefficients = decomposed.solve(Matrix.columnVector(values)).to1DArray();
  const squares = values.reduce((sum, value, i) => sum + (value - predicted(coefficients, rows[i]!)) ** 2, 0);
  return { coefficients, residualVariance: squares / (rows.length - width) };
}

const predicted = (coefficients: readonly number[], row: readonly number[]): number =>
  row.reduce((sum, each, k) => sum + each * coefficients[k + 1]!, coefficients[0]!);

/**
 * ln RV of the next 24 hours on the means of ln RV over the last day, 7 and 30 days, at every hour (days that begin at any hour), by least squares. The
 * variance is e^(prediction + half the residual variance); other horizons get their part of the 24 hours.
 */
export function logHar({ returns, count }: Hours): Forecaster {
  const logs = realisedVariance(returns).map(Math.log);
  const rows = Array.from({ length: count }, (_, i) => LAGS.map((days) => meanOfDays(logs, i, days)));
  const known = rows.map((row) => row.every((each) => !Number.isNaN(each)));
  return {
    name: "log-har",
    fit(end): Fitted {
      const used: number[] = [];
      for (let i = 0; i + DAY_HOURS < end; i++) if (known[i] && !Number.isNaN(logs[i + DAY_HOURS]!)) used.push(i);
      if (used.length < LEAST_ROWS) throw new FitFailed(`${used.length} hours with a month before them are fewer than ${LEAST_ROWS}`);
      const { coefficients, residualVariance } = regress(
        used.map((i) => rows[i]!),
        used.map((i) => logs[i + DAY_HOURS]!),
      );
      const [constant = 0, day = 0, week = 0, month = 0] = coefficients;
      return {
        parameters: { constant, day, week, month, residualVariance },
        variance: (i, horizon) =>
          known[i] ? (Math.exp(predicted(coefficients, rows[i]!) + residualVariance / 2) * horizon) / DAY_HOURS : Number.NaN,
      };
    },
  };
}
