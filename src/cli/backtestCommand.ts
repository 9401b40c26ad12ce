import type { Command } from "commander";
import { z } from "zod";
import { moment as inWords } from "../data/bar.ts";
import { refusal } from "../data/readSeries.ts";
import { fileLines, findingRows, seriesJson } from "../data/report.ts";
import { localParameters } from "../deployment/localParameters.ts";
import type { Backtest, RangeFigures } from "../forecast/backtest.ts";
import type { Coverage } from "../forecast/coverage.ts";
import { FitFailed } from "../forecast/forecaster.ts";
import { hoursOf } from "../forecast/hours.ts";
import { MODELS, type ModelName, warmUpDays } from "../forecast/terms.ts";
import { BadInput } from "../sdk/failure.ts";
import { moment, quantity, readArguments, whole } from "./arguments.ts";
import { addDataOptions, dataSchema, readWithProgress } from "./dataCommand.ts";
import { printJson, printRows, printTable } from "./output.ts";
import { progressLine, timeLeft } from "./progress.ts";

const HOUR = 3_600;
const DAY = 24 * HOUR;

const schema = dataSchema.extend({
  underlying: z.string(),
  from: moment(false).optional(),
  to: moment(true).optional(),
  horizon: whole(1, 168, "hours"),
  quantile: quantity(0.9, 0.9999, "of the windows on each side (0.995 is 99.5 %)"),
  refit: whole(1, 365, "days"),
  models: z.string().transform((text, context) => {
    const names = [...new Set(text.split(",").map((name) => name.trim().toLowerCase()))];
    const unknown = names.find((name) => !(MODELS as readonly string[]).includes(name));
    if (unknown === undefined) return names as ModelName[];
    context.addIssue(`"${unknown}" is none of ${MODELS.join(", ")}`);
    return z.NEVER;
  }),
  json: z.boolean(),
});

export function addBacktestCommand(program: Command): void {
  const command = program
    .command("backtest <files...>")
    .description("hold forecasts of the scan range against recorded prices, walking forward, beside the rule of the chain (docs/risk.md)")
    .option("--underlying <symbol>", "of the local parameters, whose rule is held beside the models", "ETH")
    .option("--from <date>", "first forecast, UTC; without it as soon as enough of the prices lies before")
    .option("--to <date>", "where the last window ends; without it the end of the files")
    .option("--horizon <hours>", "over which the price has to stay within the range", "4")
    .option("--quantile <part>", "of the windows that have to stay, on each side", "0.995")
    .option("--models <names>", `separated by commas: ${MODELS.join(", ")}`, MODELS.join(","))
    .option("--refit <days>", "after which models are fitted anew", "30")
    .option("--json", "print everything as one JSON object", false);
  addDataOptions(command).action(async (files: string[], options: unknown) => {
    const read = readArguments(schema, options);
    const { format, timezone, stamp, models, horizon, quantile: part, refit } = read;
    const symbol = read.underlying.toUpperCase();
    const listed = localParameters().underlyings;
    const underlying = listed.find((each) => each.symbol === symbol);
    if (underlying === undefined) {
      throw new BadInput(`--underlying: "${read.underlying}" is none of ${listed.map((each) => each.symbol).join(", ")}`);
    }
    const series = await readWithProgress(files, { kind: "price", format, timezone, stamp });
    const { findings, bars } = series;
    const start = bars[0]?.time ?? 0;
    const end = (bars.at(-1)?.time ?? 0) + HOUR;
    const warmUp = warmUpDays(models);
    const from = read.from ?? start + warmUp * DAY;
    const to = read.to ?? end;
    if (from % HOUR !== 0 || to % HOUR !== 0) throw new BadInput("--from and --to: bars are hourly, give whole hours");
    if (from < start + warmUp * DAY) {
      throw new BadInput(
        `--from: ${warmUp} days come before the first forecast of these models, and the prices begin on ${inWords(start)}`,
      );
    }
    // models learn from everything before --from
    const refused = refusal(series, { ...read, from: start, to });
    if (refused !== undefined) throw new BadInput(findings.holes.length > 1 ? `${refused}; plimsoll data check lists them` : refused);
    const least = Math.max(horizon * HOUR, DAY);
    if (to - from < least) throw new BadInput(`--to: at least ${least / HOUR} hours after --from (${inWords(from)}), or nothing is over`);

    const value = (name: string): bigint => underlying.values[name] ?? 0n;
    const volatility = {
      multiple: value("RangeMultiple"),
      horizon: value("Horizon"),
      rangeFloor: value("RangeFloor"),
      rangeCap: value("RangeCap"),
      sigmaFloor: value("SigmaFloor"),
    };
    const { backtest } = await import("../forecast/backtest.ts");
    const line = progressLine();
    const started = performance.now();
    let result: Backtest;
    try {
      const terms = { from, to, horizon, part, refit, models, volatility, lotExponent: underlying.lotExponent };
      result = await backtest(hoursOf(bars), terms, (done, of, model) => line.show(`fit ${model}`, done, of, timeLeft(started, done, of)));
    } catch (error) {
      if (error instanceof FitFailed) throw new BadInput(`${error.message}; the prices cannot carry this model (--models leaves it out)`);
      throw error;
    } finally {
      line.end();
    }
    if (read.json) printJson({ ...result, underlying: symbol, volatility, data: seriesJson(series) });
    else {
      for (const text of fileLines(series)) process.stdout.write(`${text}\n`);
      if (findings.holes.length > 0) printRows(findingRows(series));
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
