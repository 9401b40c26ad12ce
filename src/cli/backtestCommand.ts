import type { Command } from "commander";
import { DAY, HOUR, moment as inWords } from "../data/bar.ts";
import { fileLines, findingRows, seriesJson } from "../data/report.ts";
import type { Backtest, RangeFigures } from "../forecast/backtest.ts";
import type { Coverage } from "../forecast/coverage.ts";
import { FitFailed } from "../forecast/forecaster.ts";
import { hoursOf } from "../forecast/hours.ts";
import { BadInput } from "../sdk/failure.ts";
import { moment, readArguments, whole } from "./arguments.ts";
import { addForecastOptions, forecastInput, forecastSchema } from "./forecastInput.ts";
import { printJson, printRows, printTable } from "./output.ts";
import { progressLine } from "./progress.ts";
import { timeLeft } from "./simulateCommand.ts";

const schema = forecastSchema.extend({
  from: moment(false).optional(),
  to: moment(true).optional(),
  refit: whole(1, 365, "days"),
});

export function addBacktestCommand(program: Command): void {
  const command = program
    .command("backtest <files...>")
    .description("hold forecasts of the scan range against recorded prices, walking forward, beside the rule of the chain (docs/risk.md)")
    .option("--from <date>", "first forecast, UTC; without it as soon as enough of the prices lies before")
    .option("--to <date>", "where the last window ends; without it the end of the files")
    .option("--refit <days>", "after which models are fitted anew", "30");
  addForecastOptions(command).action(async (files: string[], options: unknown) => {
    const read = readArguments(schema, options);
    const { models, horizon, quantile: part, refit } = read;
    const { symbol, series, bars, from, to, ...rule } = await forecastInput(files, read, read);
    const least = Math.max(horizon * HOUR, DAY);
    if (to - from < least) throw new BadInput(`--to: at least ${least / HOUR} hours after --from (${inWords(from)}), or nothing is over`);

    const { backtest } = await import("../forecast/backtest.ts");
    const line = progressLine();
    const started = performance.now();
    let result: Backtest;
    try {
      result = await backtest(hoursOf(bars), { from, to, horizon, part, refit, models, ...rule }, (done, of, model) =>
        line.show(`fit ${model}`, done, of, timeLeft(started, done, of)),
      );
    } catch (error) {
      if (error instanceof FitFailed) throw new BadInput(`${error.message}; the prices cannot carry this model (--models leaves it out)`);
      throw error;
    } finally {
      line.end();
    }
    if (read.json) printJson({ ...result, underlying: symbol, volatility: rule.volatility, data: seriesJson(series) });
    else {
      for (const text of fileLines(series)) process.stdout.write(`${text}\n`);
      if (series.findings.holes.length > 0) printRows(findingRows(series));
      print(result, symbol);
    }
  });
}

const percent = (part: number, digits = 2): string => `${(100 * part).toFixed(digits)} %`;

function print(result: Backtest, symbol: string): void {
  const { from, to, horizon, part, refit, scored, leftOut, models, excursions } = result;
  const [first] = models;
  const side = (name: string, figures: Coverage): string[] => [
    name,
    String(figures.exceedances),
    figures.expected.toFixed(1),
    percent(figures.exceedances / figures.windows),
    figures.kupiec.probability.toFixed(4),
    figures.independence.probability.toFixed(4),
    figures.conditional.probability.toFixed(4),
    figures.light,
  ];
  const ranges: [string, RangeFigures][] = models.flatMap(({ name, range, bounded }) => [
    [name, range] as [string, RangeFigures],
    ...(bounded === undefined ? [] : [[`${name}, bounded`, bounded] as [string, RangeFigures]]),
  ]);
  process.stdout.write(
    `\n${symbol} from ${inWords(from)} to ${inWords(to)}: ranges that ${percent(part)} of windows of ${horizon} h stay within on each side, fitted anew every ${refit} days\n`,
  );
  process.stdout.write(
    `${first?.range.long.windows.toLocaleString("en")} windows that do not overlap${leftOut === 0 ? "" : `, ${leftOut.toLocaleString("en")} left out for missing hours`}; bounded: inside [on-chain target, 2 × on-chain target] and below the cap\n\n`,
  );
  printTable(
    ["beyond the range", "windows", "expected", "part", "Kupiec p", "independence p", "both p", "light"],
    ranges.flatMap(([name, figures]) => [side(`${name}: longs`, figures.long), side(`${name}: shorts`, figures.short)]),
  );
  process.stdout.write("\n");
  printTable(
    ["range", "mean", "least", "most", "mean leverage", "peak to trough", "largest daily step"],
    ranges.map(([name, { procyclicality: p }]) => [
      name,
      percent(p.mean),
      percent(p.least),
      percent(p.most),
      p.leverage.toFixed(1),
      p.peakToTrough.toFixed(1),
      `+${percent(p.largestDailyStep, 0)}`,
    ]),
  );
  process.stdout.write(`\nVariance of the next 24 hours, at ${scored.toLocaleString("en")} hours\n`);
  printTable(
    ["", "QLIKE", "multiple", "fits", "failed", "last fit"],
    models
      .filter((model) => model.qlike !== undefined)
      .map(({ name, qlike, multiple, fits, failures, parameters }) => [
        name,
        qlike!.toFixed(3),
        multiple?.toFixed(2) ?? "",
        fits === undefined ? "" : String(fits),
        failures === undefined ? "" : String(failures.length),
        Object.entries(parameters ?? {})
          .map(([key, each]) => `${key} ${Number(each.toPrecision(4))}`)
          .join(", "),
      ]),
  );
  for (const { name, failures = [] } of models) {
    for (const { time, reason } of failures) process.stdout.write(`${name}, ${inWords(time)}: ${reason}; the fit before stayed\n`);
  }
  process.stdout.write(`\nAdverse excursion over σ√hours (fast variance of the rule), quantile ${percent(part)}, every hour\n`);
  printTable(
    ["hours", "longs", "shorts"],
    excursions.map(({ horizon: hours, long, short }) => [String(hours), long.toFixed(2), short.toFixed(2)]),
  );
}
