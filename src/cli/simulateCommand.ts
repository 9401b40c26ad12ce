import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { z } from "zod";
import type { Series } from "../data/readSeries.ts";
import { findingRows, seriesJson } from "../data/report.ts";
import { localParameters } from "../deployment/localParameters.ts";
import { BadInput } from "../sdk/failure.ts";
import type { Run } from "../simulator/runs/runPaths.ts";
import type { Job } from "../simulator/runs/scenario.ts";
import { readArguments, whole } from "./arguments.ts";
import { printJson, printRows, printTable } from "./output.ts";
import { progressLine } from "./progress.ts";
import { addScenarioOptions, recordingOf, scenarioOf, scenarioSchema } from "./scenarioOptions.ts";

const schema = scenarioSchema.extend({
  paths: whole(1, 1_000_000),
  workers: whole(1, 256).optional(),
  each: z.boolean(),
  report: z.string().min(1).optional(),
  keep: z.string().min(1).optional(),
  resume: z.boolean(),
  json: z.boolean(),
});

export function addSimulateCommand(program: Command): void {
  const command = program
    .command("simulate")
    .description(
      "play many price paths against the exact engine: traders, keepers, makers, backers; what it costs whom, with intervals (docs/simulator.md)",
    )
    .option("--paths <number>", "how many", "1000")
    .option("--workers <number>", "threads; they change nothing but the time (as many as there are cores)");
  addScenarioOptions(command)
    .option(
      "--report <folder>",
      "write a page with distributions, ratios through time and intervals there, and its numbers as JSON and CSV",
    )
    .option("--keep <file>", "write every path there as it is played, JSON lines")
    .option("--resume", "with --keep: go on with the paths that are there", false)
    .option("--each", "with --json: the figures of every path too", false)
    .option("--json", "print everything as one JSON object", false)
    .action(async (options: unknown) => {
      const read = readArguments(schema, options);
      if (read.resume && read.keep === undefined) throw new BadInput("--resume needs --keep, the file with the paths that were played");
      if (read.keep !== undefined && !read.resume && existsSync(read.keep))
        throw new BadInput(`--keep: ${read.keep} is there already`, "give --resume to go on with it, or name another file");
      const { series, recording, steps } = await recordingOf(read);
      const { values, underlyings, collaterals, settlementToken } = localParameters();
      const scenario = scenarioOf(read, steps, recording !== undefined);
      const job: Job = { scenario, parameters: { values, underlyings, collaterals, settlementToken }, recording };
      const { openPathLog, runPaths } = await import("../simulator/runs/runPaths.ts");
      const log = read.keep === undefined ? undefined : openPathLog(resolve(read.keep), job);
      const line = progressLine();
      const started = performance.now();
      const known = log?.kept.size ?? 0;
      try {
        const run = await runPaths(
          job,
          read.paths,
          read.workers ?? availableParallelism(),
          (done) =>
            line.show("simulate", done, read.paths, timeLeft(started, done - Math.min(known, done), read.paths - Math.min(known, done))),
          log,
        );
        line.end();
        const report = read.report && (await writeSimulationReport(read.report, run, series, settlementToken));
        if (read.json) {
          const { each, ...rest } = run;
          printJson({
            ...rest,
            ...(read.each ? { each } : {}),
            ...(series ? { data: seriesJson(series) } : {}),
            ...(report ? { report } : {}),
          });
        } else {
          print(run, series);
          if (report) process.stdout.write(`Report: ${report}\n`);
        }
      } finally {
        line.end();
        log?.close();
      }
    });
}

/** Writes the page of a run; returns its path. */
async function writeSimulationReport(folder: string, run: Run, series: Series | undefined, token: object | string): Promise<string> {
  const [{ simulationReport }, { writeReport }] = await Promise.all([
    import("../simulator/runs/simulationReport.ts"),
    import("../report/files.ts"),
  ]);
  const settlement = typeof token === "object" && "symbol" in token ? String(token.symbol) : "settlement tokens";
  const [path = ""] = writeReport(
    join(folder, "simulation.html"),
    simulationReport(run, settlement, series === undefined ? [] : findingRows(series)),
  );
  return path;
}

/** What a run still takes, in words; nothing while it cannot be told. */
export function timeLeft(started: number, done: number, of: number): string {
  if (done === 0) return "";
  const seconds = Math.ceil(((performance.now() - started) / 1_000 / done) * (of - done));
  return seconds >= 120 ? `${Math.ceil(seconds / 60)} minutes left` : `${seconds} s left`;
}

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
const plain = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: 1 });

const SHOWN: readonly (readonly [name: keyof Run["figures"], words: string, show: (value: number) => string])[] = [
  ["badDebtOfOpenInterest", "bad debt, of the open interest", percent],
  ["fundDrawdown", "draw-down of the fund", percent],
  ["deleveragedOfOpenInterest", "deleveraged, of the open interest", percent],
  ["liquidatedAccounts", "accounts liquidated", percent],
  ["liquidatedOfOpenInterest", "liquidated, of the open interest", percent],
  ["keeperIncome", "keepers' income less gas", plain],
  ["slippage", "slippage of what makers hedged", percent],
  ["attackerProfit", "the attacker's profit", plain],
  ["lowestPrice", "lowest price, of the first", percent],
  ["capitalEfficiencyAtEnd", "open interest over traders' equity", (value) => value.toFixed(2)],
  ["leastStableFunding", "least net stable funding ratio", percent],
  ["leastCoverage", "least liquidity coverage", percent],
];

function print({ figures, paths, accountSteps, scenario }: Run, series: Series | undefined): void {
  if (series !== undefined) printRows(findingRows(series));
  const rows = SHOWN.filter(([name]) => name !== "attackerProfit" || scenario.attacker !== undefined).map(([name, words, show]) => {
    const { mean, quantiles, tails, least, most } = figures[name];
    const falls = ["lowestPrice", "leastStableFunding", "leastCoverage"].includes(name);
    const far = falls ? quantiles["0.01"]! : quantiles["0.99"]!;
    return [
      words,
      `${show(mean.value)} (${show(mean.low)} to ${show(mean.high)})`,
      show(quantiles["0.5"]!.value),
      `${show(far.value)} (${show(far.low)} to ${show(far.high)})`,
      falls ? "" : show(tails["0.99"]!.value),
      show(falls ? least : most),
    ];
  });
  printTable([`${paths.toLocaleString("en")} paths`, "mean (95 %)", "median", "1 in 100 (95 %)", "mean beyond", "worst"], rows);
  const { value, low, high } = figures.badDebt.aboveZero;
  process.stdout.write(`\nPaths with bad debt: ${percent(value)} (${percent(low)} to ${percent(high)})\n`);
  process.stdout.write(`${(accountSteps / 1e6).toFixed(1)} million accounts judged at a new price\n`);
}
