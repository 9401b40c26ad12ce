import type { Command } from "commander";
import { DAY, HOUR, moment as inWords } from "../data/bar.ts";
import { fileLines, seriesJson } from "../data/report.ts";
import { hoursOf } from "../forecast/hours.ts";
import type { Latest } from "../forecast/latest.ts";
import { warmUpDays } from "../forecast/terms.ts";
import { BadInput } from "../sdk/failure.ts";
import { moment, readArguments } from "./arguments.ts";
import { addForecastOptions, forecastInput, forecastSchema } from "./forecastInput.ts";
import { printJson, printTable } from "./output.ts";
import { progressLine } from "./progress.ts";
import { timeLeft } from "./simulateCommand.ts";

const schema = forecastSchema.extend({ to: moment(true).optional() });

export function addForecastCommand(program: Command): void {
  const command = program
    .command("forecast <files...>")
    .description("the scan range that each model says for the hours after recorded prices, beside the rule of the chain (docs/risk.md)")
    .option("--to <date>", "what was known then; without it the end of the files");
  addForecastOptions(command).action(async (files: string[], options: unknown) => {
    const read = readArguments(schema, options);
    const { models, horizon, quantile: part } = read;
    const { symbol, series, bars, volatility, lotExponent } = await forecastInput(files, read, { to: read.to });
    const days = warmUpDays(models);
    if ((bars.at(-1)?.time ?? 0) + HOUR - (bars[0]?.time ?? 0) < days * DAY) {
      const begin = inWords(series.bars[0]?.time ?? 0);
      throw new BadInput(`--to: ${days} days of prices come before a forecast of these models, and they begin on ${begin}`);
    }
    const { latestForecast } = await import("../forecast/latest.ts");
    const line = progressLine();
    const started = performance.now();
    let latest: Latest;
    try {
      latest = await latestForecast(hoursOf(bars), { horizon, part, models, volatility, lotExponent }, (done, of, model) =>
        line.show(`fit ${model}`, done, of, timeLeft(started, done, of)),
      );
    } finally {
      line.end();
    }
    if (read.json) printJson({ ...latest, underlying: symbol, horizon, part, volatility, data: seriesJson(series) });
    else {
      for (const text of fileLines(series)) process.stdout.write(`${text}\n`);
      print(latest, symbol, horizon, part);
    }
  });
}

const percent = (part: number): string => (Number.isNaN(part) ? "hours missing" : `${(100 * part).toFixed(2)} %`);

function print({ time, price, onChain, models, failures }: Latest, symbol: string, horizon: number, part: number): void {
  process.stdout.write(
    `\n${symbol} at ${inWords(time)}, ${Number(price.toPrecision(10))}: ranges for ${percent(part)} of windows of ${horizon} h on each side; bounded: inside [on-chain target, 2 × on-chain target] and below the cap\n\n`,
  );
  printTable(
    ["", "range", "bounded", "σ a year", "multiple"],
    [
      ["on-chain target", percent(onChain.target), "", percent(onChain.sigma), ""],
      ["on-chain held", percent(onChain.held), "", "", ""],
      ...models.map(({ name, range, bounded, sigma, multiple }) => [
        name,
        percent(range),
        percent(bounded),
        percent(sigma),
        multiple.toFixed(2),
      ]),
    ],
  );
  for (const { name, reason } of failures) process.stdout.write(`${name}: no fit: ${reason}\n`);
}
