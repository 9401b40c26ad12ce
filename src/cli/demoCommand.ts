import { join } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import { type Bar, DAY, HOUR, moment as momentText } from "../data/bar.ts";
import { refusal, type Series } from "../data/readSeries.ts";
import { fileLines, findingRows, seriesJson } from "../data/report.ts";
import { missingIn } from "../data/series.ts";
import { localParameters } from "../deployment/localParameters.ts";
import { BadInput } from "../sdk/failure.ts";
import { selectWindow, WARM_UP_DAYS, type Window } from "../simulator/bars.ts";
import { BUILT_IN_START, builtInPath, stressPath } from "../simulator/builtInPath.ts";
import { demoFindings } from "../simulator/demoSummary.ts";
import { builtInVolatility, realisedVolatility, recordedVolatility, volatilityNotes } from "../simulator/volatilityPath.ts";
import { moment, readArguments, whole } from "./arguments.ts";
import { addDataOptions, dataSchema, readWithProgress } from "./dataCommand.ts";
import { home } from "./home.ts";
import { printJson, printRows } from "./output.ts";
import { progressLine } from "./progress.ts";

const schema = dataSchema.extend({
  prices: z.array(z.string()).optional(),
  from: moment(false).optional(),
  to: moment(true).optional(),
  underlying: z
    .string()
    .regex(/^[A-Za-z0-9]{2,10}$/, "is not a symbol")
    .transform((text) => text.toUpperCase())
    .optional(),
  accounts: whole(10, 2_000).optional(),
  optionTraders: whole(0, 500).optional(),
  volatilities: z.array(z.string()).optional(),
  steps: whole(1, 60),
  crowd: z.boolean(),
  stress: z.enum(["fund"]).optional(),
  seed: whole(0, 2 ** 32 - 1),
  json: z.boolean(),
  report: z.string().regex(/\.html?$/i, {
    error: (issue) => `"${String(issue.input)}" does not end in .html: its numbers are written beside it, as .json and .csv`,
  }),
});

export function addDemoCommand(program: Command): void {
  const command = program
    .command("demo")
    .description("play a price path on a chain in this process: traders, keeper, market makers, report")
    .option(
      "--prices <files...>",
      "bars of a minute to an hour as exchanges and tools write them (docs/data.md); without them a built-in crash",
    )
    .option("--from <date>", "first day or time that is played, UTC; 30 days before it warm the forecast")
    .option("--to <date>", "last day that is played, or the time at which it ends")
    .option("--underlying <symbol>", "what the prices are of; otherwise what the name of their file says, or ETH")
    .option("--accounts <number>", "traders (default: 300; with --stress 60, and with 300 positions cannot all be opened)")
    .option("--option-traders <number>", "accounts with options beside them; 0 lists no series (default: 27; none with --stress)")
    .option("--volatilities <files...>", "with --prices: bars of implied volatility, in percent or as fractions")
    .option("--steps <number>", "posts an hour", "12")
    .option("--crowd", "80 % of the traders are on the losing side", false)
    .option("--stress <what>", "fund: jumps, a small stake and small market makers, so that losses go through every stage; without options")
    .option("--seed <number>", "of everything drawn", "1")
    .option("--json", "print the figures as one JSON object", false)
    .option("--report <file>", "where to write the report; its numbers stand beside it as .json and .csv", "report.html");
  addDataOptions(command).action(async (options: unknown) => {
    const read = readArguments(schema, options);
    const { prices, from, to, steps, crowd, stress, seed, json, report } = read;
    const accounts = read.accounts ?? (stress === undefined ? 300 : 60);
    if (stress !== undefined && (read.optionTraders ?? 0) !== 0)
      throw new BadInput("--stress plays without options: leave --option-traders out");
    const optionTraders = read.optionTraders ?? (stress === undefined ? 27 : 0);
    if (stress !== undefined && prices !== undefined) throw new BadInput("--stress plays a path of its own: leave --prices out");
    if (prices === undefined) refuseFileOptions(read);
    const { bars, source, span, series } = prices === undefined ? builtIn(seed, stress) : await fromFiles(prices, from, to, read);
    const [begin, end] = [from ?? span[0], to ?? span[1]];
    const window = selectWindow(bars, begin, end);
    // everything that is played or warms the forecast has to be there
    const refused = series && refusal(series, { ...read, from: begin - WARM_UP_DAYS * DAY, to: end });
    if (refused !== undefined) throw new BadInput(refused);
    const missing = (series && missingIn(series.findings.holes, begin, end)) ?? "nothing is missing";
    const { volatilities, ...implied } = await impliedVolatility(window, read);
    const underlying = read.underlying ?? underlyingNamed(prices ?? []) ?? "ETH";
    const line = progressLine();
    const { runDemo } = await import("../simulator/demo.ts");
    try {
      const { result, record } = await runDemo({
        window,
        source,
        files: [...fileRows(series, volatilities), ...(series ? [["In what is played", missing] as const] : [])],
        underlying,
        accounts,
        optionTraders,
        ...implied,
        steps,
        crowd: crowd || stress !== undefined,
        stress,
        seed,
        onProgress: ({ stage, done, of, note }) => line.show(stage, done, of, note),
      });
      line.end();
      const [{ renderReport }, { writeReport }] = await Promise.all([import("../report/html.ts"), import("../report/files.ts")]);
      const [path = ""] = writeReport(report, {
        page: renderReport(record),
        numbers: record,
        tables: { "": record.points, accounts: record.accounts },
      });
      const hours = { expected: (end - begin) / HOUR, present: window.played.length };
      const data = series && { played: hours, prices: seriesJson(series), ...(volatilities && { volatilities: seriesJson(volatilities) }) };
      if (json) printJson({ ...result, ...(data && { data }), report: path });
      else {
        const findings = demoFindings(result);
        for (const each of [series, volatilities]) if (each) process.stdout.write(`${fileLines(each).join("\n")}\n`);
        if (series)
          printRows([...findingRows(series), ["In what is played", missing] as const].map(([name, value]) => [`  ${name}`, value]));
        printRows(
          findings.map(({ name, value, good, note }) => [
            `${good === undefined ? " " : good ? "✓" : "✗"} ${name}`,
            note ? `${value}  (${note})` : value,
          ]),
        );
        process.stdout.write(`\nReport: ${path.startsWith(join(home(), "/")) ? path.slice(home().length + 1) : path}\n`);
      }
      if (demoFindings(result).some(({ good }) => good === false)) process.exitCode = 1;
    } finally {
      line.end();
    }
  });
}

type Arguments = z.infer<typeof schema>;

/** Options for files say nothing where no file is given. */
function refuseFileOptions({ format, timezone, stamp, allowGaps, allowJumps, volatilities }: Arguments): void {
  if (volatilities !== undefined) throw new BadInput("--volatilities needs --prices: the built-in crash has its own");
  const given = Object.entries({ format, timezone, stamp, "allow-gaps": allowGaps || undefined, "allow-jumps": allowJumps || undefined });
  const [name] = given.find(([, value]) => value !== undefined) ?? [];
  if (name !== undefined) throw new BadInput(`--${name} needs --prices: the built-in crash is read from no file`);
}

/** Recorded where a file is given, otherwise the path that belongs to the built-in prices, or one that follows what recorded prices realised. */
async function impliedVolatility(window: Window, { prices, volatilities: files, seed, allowJumps }: Arguments) {
  if (files !== undefined) {
    const volatilities = await readWithProgress(files, { kind: "volatility" });
    const name = files.map(fileName).join(", ");
    const volatility = recordedVolatility(volatilities.bars, window, name);
    const [from, to] = [window.played[0]?.time ?? 0, (window.played.at(-1)?.time ?? 0) + HOUR];
    const refused = refusal(volatilities, { allowGaps: true, allowJumps, from, to });
    if (refused !== undefined) throw new BadInput(refused);
    const closes = new Map(window.played.map((bar) => [bar.time, bar.close]));
    const common = volatilities.bars.filter(({ time }) => closes.has(time));
    if (common.every(({ time, close }) => closes.get(time) === close))
      throw new BadInput(`${name} holds the prices that are played, not volatilities`);
    const said = [name, volatilities.unit ?? "percent", ...volatilityNotes(volatilities.bars, window)].join("; ");
    return { volatility, volatilitySource: said, volatilities };
  }
  if (prices === undefined) return { volatility: builtInVolatility(seed), volatilitySource: "built-in, jumps with the crash" };
  return { volatility: realisedVolatility(window), volatilitySource: "a tenth above the realised volatility, half-life twelve hours" };
}

type Path = { readonly bars: readonly Bar[]; readonly source: string; readonly span: readonly [number, number]; readonly series?: Series };

function builtIn(seed: number, stress?: "fund"): Path {
  if (stress !== undefined) {
    return {
      bars: stressPath(seed),
      source: `Built-in path of three jumps of 22 to 30 %, drawn from seed ${seed}`,
      span: [BUILT_IN_START, BUILT_IN_START + DAY],
    };
  }
  return {
    bars: builtInPath(seed),
    source: `Built-in path in the shape of ETH on 12–13 March 2020, drawn from seed ${seed}`,
    span: [BUILT_IN_START, BUILT_IN_START + 4 * DAY],
  };
}

async function fromFiles(paths: readonly string[], from: number | undefined, to: number | undefined, reading: Arguments): Promise<Path> {
  if (from === undefined || to === undefined) throw new BadInput("--prices needs --from and --to");
  if (to <= from) throw new BadInput("--to must be after --from");
  const { format, timezone, stamp } = reading;
  const series = await readWithProgress(paths, { kind: "price", format, timezone, stamp });
  const names = paths.length > 3 ? `${paths.length} files` : paths.map(fileName).join(", ");
  return { bars: series.bars, source: `${names}, ${momentText(from)} to ${momentText(to)} UTC`, span: [from, to], series };
}

/** What the report says of the files that were read. */
function fileRows(prices: Series | undefined, volatilities: Series | undefined): [string, string][] {
  const rows = ([title, series]: [string, Series | undefined]): [string, string][] => {
    if (series === undefined) return [];
    const found = findingRows(series)
      .filter(([name]) => name !== "")
      .map(([name, value]) => `${name.toLowerCase()} ${value}`);
    return [
      [title, fileLines(series).join("; ")],
      [`${title}: what is there`, found.join("; ")],
    ];
  };
  return [...rows(["Price files", prices]), ...rows(["Volatility files", volatilities])];
}

function fileName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}

/** The underlying that the names of files say: BTC-USD-1h.csv, ETHUSDT_1h.csv, XBTUSD.csv; undefined where they say none, or several. */
function underlyingNamed(paths: readonly string[]): string | undefined {
  const symbols = localParameters().underlyings.map(({ symbol }) => symbol);
  const text = paths.map(fileName).join(" ").toUpperCase().replaceAll("XBT", "BTC");
  const named = symbols.filter((symbol) => new RegExp(`(^|[^A-Z])${symbol}(USD[TC]?|EUR)?([^A-Z]|$)`).test(text));
  return named.length === 1 ? named[0] : undefined;
}
