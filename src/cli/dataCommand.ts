import type { Command } from "commander";
import { z } from "zod";
import { DAY, HOUR, MINUTE } from "../data/bar.ts";
import { type ReadOptions, readSeries, refusal, type Series } from "../data/readSeries.ts";
import { fileLines, findingRows, seriesJson } from "../data/report.ts";
import { BadInput } from "../sdk/failure.ts";
import { moment, readArguments } from "./arguments.ts";
import { printJson, printRows } from "./output.ts";
import { progressLine } from "./progress.ts";

/** How files of prices are to be read: the same options for every command. */
export const dataSchema = z.object({
  format: z.string().optional(),
  timezone: z.string().optional(),
  stamp: z.enum(["open", "close"], { error: (issue) => `"${String(issue.input)}" is neither open nor close` }).optional(),
  allowGaps: z.boolean(),
  allowJumps: z.boolean(),
});

export function addDataOptions(command: Command): Command {
  return command
    .option("--format <name>", "what wrote the files, where it is not recognised (docs/data.md lists the names)")
    .option("--timezone <zone>", "of times without a zone: a name such as Europe/Berlin, or an offset such as +03:00; otherwise UTC")
    .option("--stamp <end>", "whether times are those of the open or the close of a bar")
    .option("--allow-gaps", "go on where bars are missing", false)
    .option("--allow-jumps", "go on where a price is three times away from the ones beside it", false);
}

const STEPS: Readonly<Record<string, number>> = {
  "1m": MINUTE,
  "5m": 5 * MINUTE,
  "15m": 15 * MINUTE,
  "30m": 30 * MINUTE,
  "1h": HOUR,
  "4h": 4 * HOUR,
  "12h": 12 * HOUR,
  "1d": DAY,
};

const checkSchema = dataSchema.extend({
  kind: z.enum(["price", "volatility"], { error: (issue) => `"${String(issue.input)}" is neither price nor volatility` }).optional(),
  step: z
    .string()
    .refine((text) => Object.hasOwn(STEPS, text), {
      error: (issue) => `"${String(issue.input)}" is none of ${Object.keys(STEPS).join(", ")}`,
    })
    .transform((text) => STEPS[text] ?? HOUR),
  from: moment(false).optional(),
  to: moment(true).optional(),
  json: z.boolean(),
});

export function addDataCommand(program: Command): void {
  const data = program.command("data").description("files of prices and volatilities");
  addDataOptions(
    data
      .command("check <files...>")
      .description("what files of bars are read as, and what is wrong with them")
      .option("--kind <kind>", "price or volatility, where names do not tell")
      .option("--step <length>", `the bars that are wanted: ${Object.keys(STEPS).join(", ")}`, "1h")
      .option("--from <date>", "first day or time that has to be there, UTC")
      .option("--to <date>", "last day that has to be there, or the time at which it ends")
      .option("--json", "print what was found as one JSON object", false),
  ).action(async (files: string[], options: unknown) => {
    const { allowGaps, allowJumps, from, to, json, ...reading } = readArguments(checkSchema, options);
    const series = await readWithProgress(files, reading);
    const refused = refusal(series, {
      allowGaps,
      allowJumps,
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    });
    if (json) printJson({ ...seriesJson(series), refused: refused ?? null });
    else {
      for (const line of fileLines(series)) process.stdout.write(`${line}\n`);
      printRows(findingRows(series));
    }
    if (refused !== undefined) throw new BadInput(refused);
  });
}

/** Milliseconds of reading after which a person is told how far it is, and after which a log is. */
const PATIENCE = { terminal: 1_000, log: 30_000 };

/** Reads files, and says how far it is where that takes long. */
export async function readWithProgress(files: readonly string[], options: ReadOptions): Promise<Series> {
  const started = performance.now();
  const line = progressLine();
  try {
    return await readSeries(files, {
      ...options,
      onRead: (read, of) => {
        if (performance.now() - started > (process.stderr.isTTY ? PATIENCE.terminal : PATIENCE.log)) line.show("read", read, of);
      },
    });
  } finally {
    line.end();
  }
}
