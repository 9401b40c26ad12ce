import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import JSON5 from "json5";
import { z } from "zod";
import { localParameters } from "../deployment/localParameters.ts";
import { percent } from "../report/format.ts";
import { BadInput } from "../sdk/failure.ts";
import type { Result } from "../simulator/sweeps/outcome.ts";
import { MOST_POINTS, type Sampling, type Span, samplesOf, spanOf } from "../simulator/sweeps/samples.ts";
import { readArguments, whole } from "./arguments.ts";
import { printJson, printTable } from "./output.ts";
import { progressLine } from "./progress.ts";
import { addScenarioOptions, recordingOf, scenarioSchema, stepsOf } from "./scenarioOptions.ts";
import { timeLeft } from "./simulateCommand.ts";
import { configurationsOf, type Skipped, sweepParameters } from "./sweepParameters.ts";

const SAMPLES = ["grid", "random", "sobol"] as const;
const LOSSES = ["badDebtOfOpenInterest", "fundDrawdown", "deleveragedOfOpenInterest", "liquidatedOfOpenInterest"] as const;

const oneOf = <Name extends string>(names: readonly [Name, ...Name[]]) =>
  z.enum(names, { error: (issue) => `"${String(issue.input)}" is none of ${names.join(", ")}` });

const schema = scenarioSchema.extend({
  vary: z.array(z.string()).optional(),
  file: z.string().optional(),
  list: z.boolean(),
  sample: oneOf(SAMPLES),
  points: whole(1, MOST_POINTS).optional(),
  paths: whole(1, 100_000),
  workers: whole(1, 256).optional(),
  queue: z.string().optional(),
  against: oneOf(LOSSES),
  out: z.string().min(1),
  resume: z.boolean(),
  json: z.boolean(),
});

type Arguments = z.infer<typeof schema>;
type Outcomes = { readonly results: readonly Result[]; readonly skipped: readonly Skipped[] };

export function addSweepCommand(program: Command): void {
  const command = program
    .command("sweep")
    .description("simulate many configurations: grids, random or Sobol samples over parameters; margin against losses (docs/sweeps.md)")
    .option("--vary <name=values...>", "0.6,0.8 or 0.6..0.9:4 (a grid), 0.6..0.9 (samples), 0.01..1:5:log; several are taken together")
    .option("--list", "print what can be varied, with ranges and units", false)
    .option(
      "--file <file>",
      "JSON5 with vary, sample, points and any other option of this command, by name; what the command line has goes before it",
    )
    .option("--sample <kind>", `${SAMPLES.join(", ")}`, "grid")
    .option("--points <number>", "of a random or Sobol sample")
    .option("--paths <number>", "of each configuration; all have the same seed and so meet the same prices", "200")
    .option("--workers <number>", "threads; they change nothing but the time (as many as there are cores)")
    .option("--queue <address>", "of PostgreSQL, postgres://…: plimsoll worker plays, on any machine, and not this process")
    .option("--against <figure>", `what margin is weighed against: ${LOSSES.join(", ")}`, "badDebtOfOpenInterest")
    .option("--out <folder>", "of results: JSON lines as they come, then tables as CSV and Parquet, and a page", "sweep")
    .option("--resume", "go on with the results that are in the folder", false);
  addScenarioOptions(command)
    .option("--json", "print every configuration and its figures as one JSON object", false)
    .action(async (_: unknown, self: Command) => {
      const options = withFile(self);
      const read = readArguments(schema, options);
      if (read.list) return printList();
      await sweep(read, options);
    });
}

const workerSchema = z.object({ queue: z.string({ error: "is missing" }), workers: whole(1, 256).optional() });

export function addWorkerCommand(program: Command): void {
  program
    .command("worker")
    .description("play configurations of sweeps that wait in a queue, until it is stopped (docs/sweeps.md)")
    .option("--queue <address>", "of PostgreSQL, postgres://…, as plimsoll sweep --queue has it")
    .option("--workers <number>", "threads (as many as there are cores)")
    .action(async (options: unknown) => {
      const { queue, workers } = readArguments(workerSchema, options);
      const { workQueue } = await import("../simulator/sweeps/queue.ts");
      const stop = new AbortController();
      for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
      const line = progressLine();
      line.show("waiting", 0, 1);
      try {
        await workQueue(queue, workers ?? availableParallelism(), stop.signal, (count) =>
          line.show("played", 0, 1, `${count} configurations`),
        );
      } finally {
        line.end();
      }
    });
}

async function sweep(read: Arguments, options: Readonly<Record<string, unknown>>): Promise<void> {
  const sampling = samplingOf(read);
  const spans = (read.vary ?? []).map((text) => spanOf(text, sweepParameters()));
  const points = samplesOf(spans, sampling, read.seed);
  const out = resolve(read.out);
  const log = join(out, "results.jsonl");
  if (existsSync(log) && !read.resume)
    throw new BadInput(`--out: ${log} is there already`, "give --resume to go on with it, or name another folder");
  const { recording, steps } = await recordingOf(read);
  const replayed = recording === undefined ? undefined : spans.find(({ parameter }) => parameter.name === "hours");
  if (replayed !== undefined) throw new BadInput("--vary hours: what is replayed has one length");
  const { configurations, skipped } = configurationsOf(points, options, recording, (each) =>
    recording === undefined ? stepsOf(each) : steps,
  );
  if (read.queue !== undefined && read.workers !== undefined)
    throw new BadInput("--workers: with --queue threads are those of plimsoll worker");
  const { openOutcomeLog, runSweep } = await import("../simulator/sweeps/runSweep.ts");
  mkdirSync(out, { recursive: true });
  const kept = openOutcomeLog(log, configurations, read.paths);
  const line = progressLine();
  const started = performance.now();
  const before = configurations.filter(({ hash }) => kept.kept.has(hash)).length;
  try {
    const show = (done: number): void => {
      const left = timeLeft(started, done - before, configurations.length - before);
      line.show("sweep", done, configurations.length, `${done} of ${configurations.length}  ${left}`);
    };
    const results =
      read.queue === undefined
        ? await runSweep(configurations, read.paths, read.workers ?? availableParallelism(), kept, show)
        : await (await import("../simulator/sweeps/queue.ts")).runQueuedSweep(read.queue, configurations, read.paths, kept, show);
    line.end();
    await write(out, { results, skipped }, read, spans, sampling);
    if (read.json) printJson({ out, ...jsonOf({ results, skipped }) });
    else await print({ results, skipped }, read, out);
  } finally {
    line.end();
    kept.close();
  }
}

/** Options with those of `--file`, where the command line does not have them. */
function withFile(command: Command): Readonly<Record<string, unknown>> {
  const given = command.opts();
  if (given.file === undefined) return given;
  let content: unknown;
  try {
    content = JSON5.parse(readFileSync(given.file, "utf8"));
  } catch (error) {
    throw new BadInput(`--file: ${given.file} cannot be read: ${(error as Error).message}`);
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) throw new BadInput(`--file: ${given.file} is no object`);
  const options = { ...given };
  for (const [name, value] of Object.entries(content)) {
    const option = command.options.find((each) => each.attributeName() === name || each.name() === name);
    if (option === undefined || ["file", "list", "resume", "json"].includes(name))
      throw new BadInput(`--file: ${given.file} has ${name}, which is no option of a sweep`);
    if (command.getOptionValueSource(option.attributeName()) === "cli") continue;
    options[option.attributeName()] =
      name === "vary" ? variedIn(value, given.file) : typeof value === "boolean" || Array.isArray(value) ? value : String(value);
  }
  return options;
}

/** `{ stake: "0.3..0.9:4", "vault.maintenance": [0.7, 0.8] }` as `--vary` has it. */
function variedIn(value: unknown, file: string): string[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new BadInput(`--file: vary in ${file} is no object`, 'write vary: { stake: "0.3..0.9:4", "vault.maintenance": [0.7, 0.8] }');
  return Object.entries(value).map(([name, each]) => `${name}=${Array.isArray(each) ? each.join(",") : String(each)}`);
}

function samplingOf({ sample, points }: Arguments): Sampling {
  if (sample === "grid") {
    if (points !== undefined) throw new BadInput("--points: a grid has as many as its values make", "give --sample random or sobol");
    return { kind: sample };
  }
  if (points === undefined) throw new BadInput(`--sample ${sample} needs --points, how many`);
  return { kind: sample, points };
}

function printList(): void {
  const rows = sweepParameters().map(({ name, least, most, unit }) => [
    name,
    least === undefined ? "" : String(least),
    most === undefined ? "" : String(most),
    unit,
  ]);
  printTable(["--vary", "from", "to", "of"], rows);
}

function saidOf(span: Span): string {
  if ("values" in span) return `${span.values.join(", ")} ${span.parameter.unit}`.trim();
  return `${span.from} to ${span.to} ${span.parameter.unit}${span.logarithmic ? ", on a logarithmic scale" : ""}`.trim();
}

/** Writes the tables and the page. */
async function write(
  out: string,
  { results, skipped }: Outcomes,
  read: Arguments,
  spans: readonly Span[],
  sampling: Sampling,
): Promise<void> {
  const [{ configurationTable, figureTable, writeTable }, { sweepReport }] = await Promise.all([
    import("../simulator/sweeps/tables.ts"),
    import("../simulator/sweeps/sweepReport.ts"),
  ]);
  writeTable(join(out, "configurations"), configurationTable(results));
  writeTable(join(out, "figures"), figureTable(results));
  const token = localParameters().settlementToken;
  const page = sweepReport(results, {
    skipped,
    loss: read.against,
    settlement: typeof token === "string" ? "settlement tokens" : token.symbol,
    paths: read.paths,
    seed: read.seed,
    sampling: sampling.kind === "grid" ? "a grid" : sampling.kind === "sobol" ? "a Sobol sample" : "a random sample",
    varied: spans.map((span) => [span.parameter.name, saidOf(span)]),
  });
  writeFileSync(join(out, "sweep.html"), page);
  writeFileSync(join(out, "sweep.json"), `${JSON.stringify(jsonOf({ results, skipped }), null, 2)}\n`);
}

const jsonOf = ({ results, skipped }: Outcomes) => ({
  configurations: results.map(({ configuration: { values, stored }, outcome }) => ({ ...outcome, values, stored })),
  skipped,
});

async function print({ results, skipped }: Outcomes, { against, paths }: Arguments, out: string): Promise<void> {
  const { weighed, LOSSES: words } = await import("../simulator/sweeps/sweepReport.ts");
  const front = weighed(results, against).filter(({ isOnFront }) => isOnFront);
  const names = Object.keys(results[0]?.configuration.values ?? {});
  const fine = (value: number): string => percent(value, 2);
  printTable(
    ["margin", `${words[against]}, worst 1 % (95 %)`, ...names],
    front.map(({ margin, loss, configuration }) => [
      fine(margin.value),
      `${fine(loss.value)} (${fine(Math.max(loss.low, 0))} to ${fine(loss.high)})`,
      ...names.map((name) => String(configuration.values[name])),
    ]),
  );
  const refused = [...skipped.map(({ why }) => why), ...results.flatMap(({ outcome }) => ("refused" in outcome ? [outcome.refused] : []))];
  process.stdout.write(
    `\n${front.length} of ${results.length} configurations of ${paths.toLocaleString("en")} paths have less margin or less loss than any other\n`,
  );
  if (refused.length > 0) process.stdout.write(`${refused.length} cannot be played, the first: ${refused[0]}\n`);
  process.stdout.write(`Report: ${join(out, "sweep.html")}\n`);
}
