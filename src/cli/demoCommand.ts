import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { renderReport } from "../report/html.ts";
import { PROJECT_ROOT } from "../sdk/artifacts.ts";
import { BadInput } from "../sdk/failure.ts";
import { type Bar, DAY, selectWindow, type Window } from "../simulator/bars.ts";
import { BUILT_IN_START, builtInPath } from "../simulator/builtInPath.ts";
import { demoFindings } from "../simulator/demoSummary.ts";
import { readPriceFile } from "../simulator/priceFile.ts";
import { builtInVolatility, realisedVolatility, recordedVolatility } from "../simulator/volatilityPath.ts";
import { moment, readArguments, whole } from "./arguments.ts";
import { printJson, printRows } from "./output.ts";
import { progressLine } from "./progress.ts";

const schema = z.object({
  prices: z.string().optional(),
  from: moment(false).optional(),
  to: moment(true).optional(),
  underlying: z
    .string()
    .regex(/^[A-Za-z0-9]{2,10}$/, "is not a symbol")
    .transform((text) => text.toUpperCase()),
  accounts: whole(10, 2_000),
  optionTraders: whole(0, 500),
  volatilities: z.string().optional(),
  steps: whole(1, 60),
  crowd: z.boolean(),
  seed: whole(0, 2 ** 32 - 1),
  json: z.boolean(),
  report: z.string(),
});

export function addDemoCommand(program: Command): void {
  program
    .command("demo")
    .description("play a price path on a chain in this process: traders, keeper, market makers, report")
    .option("--prices <file>", "hourly bars, a CSV file with ts_utc,open,high,low,close,volume; without it a built-in crash")
    .option("--from <date>", "first day or time that is played, UTC; 30 days before it warm the forecast")
    .option("--to <date>", "last day that is played, or the time at which it ends")
    .option("--underlying <symbol>", "what the prices are of", "ETH")
    .option("--accounts <number>", "traders", "300")
    .option("--option-traders <number>", "accounts with options beside them; 0 lists no series", "27")
    .option("--volatilities <file>", "with --prices: hourly implied volatility in percent, a CSV file with ts_utc,open,high,low,close")
    .option("--steps <number>", "posts an hour", "12")
    .option("--crowd", "80 % of the traders are on the losing side", false)
    .option("--seed <number>", "of everything drawn", "1")
    .option("--json", "print the figures as one JSON object", false)
    .option("--report <file>", "where to write the report", "report.html")
    .action(async (options: unknown) => {
      const { prices, from, to, underlying, accounts, optionTraders, volatilities, steps, crowd, seed, json, report } = readArguments(
        schema,
        options,
      );
      const { bars, source, span } = prices === undefined ? builtIn(seed) : fromFile(prices, from, to);
      const window = selectWindow(bars, from ?? span[0], to ?? span[1]);
      const implied = impliedVolatility(prices, volatilities, window, seed);
      const line = progressLine();
      const { runDemo } = await import("../simulator/demo.ts");
      try {
        const { result, record } = await runDemo({
          window,
          source,
          underlying,
          accounts,
          optionTraders,
          ...implied,
          steps,
          crowd,
          seed,
          onProgress: ({ stage, done, of, note }) => line.show(stage, done, of, note),
        });
        line.end();
        const path = resolve(report);
        writeFileSync(path, renderReport(record));
        if (json) printJson({ ...result, report: path });
        else {
          const findings = demoFindings(result);
          printRows(
            findings.map(({ name, value, good, note }) => [
              `${good === undefined ? " " : good ? "✓" : "✗"} ${name}`,
              note ? `${value}  (${note})` : value,
            ]),
          );
          process.stdout.write(`\nReport: ${path.startsWith(join(PROJECT_ROOT, "/")) ? path.slice(PROJECT_ROOT.length + 1) : path}\n`);
        }
        if (demoFindings(result).some(({ good }) => good === false)) process.exitCode = 1;
      } finally {
        line.end();
      }
    });
}

/** Recorded where a file is given, otherwise the path that belongs to the built-in prices, or one that follows what recorded prices realised. */
function impliedVolatility(prices: string | undefined, file: string | undefined, window: Window, seed: number) {
  if (file !== undefined && prices === undefined) throw new BadInput("--volatilities needs --prices: the built-in crash has its own");
  if (file !== undefined) {
    const name = file.split(/[\\/]/).at(-1) ?? file;
    return { volatility: recordedVolatility(readPriceFile(file, "volatility"), window, name), volatilitySource: name };
  }
  if (prices === undefined) return { volatility: builtInVolatility(seed), volatilitySource: "built-in, jumps with the crash" };
  return { volatility: realisedVolatility(window), volatilitySource: "a tenth above the realised volatility, half-life twelve hours" };
}

type Path = { readonly bars: readonly Bar[]; readonly source: string; readonly span: readonly [number, number] };

function builtIn(seed: number): Path {
  return {
    bars: builtInPath(seed),
    source: `Built-in path in the shape of ETH on 12–13 March 2020, drawn from seed ${seed}`,
    span: [BUILT_IN_START, BUILT_IN_START + 4 * DAY],
  };
}

function fromFile(path: string, from: number | undefined, to: number | undefined): Path {
  if (from === undefined || to === undefined) throw new BadInput("--prices needs --from and --to");
  if (to <= from) throw new BadInput("--to must be after --from");
  const name = path.split(/[\\/]/).at(-1) ?? path;
  const day = (seconds: number): string => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T00:00", "").replace("T", " ");
  return { bars: readPriceFile(path), source: `${name}, ${day(from)} to ${day(to)} UTC`, span: [from, to] };
}
