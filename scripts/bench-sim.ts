// How fast paths are simulated, beside the engine called account by account in the same run; see docs/simulator.md.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { printJson, printTable } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { timeLeft } from "../src/cli/simulateCommand.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import type { PathBench } from "./lib/simBench.ts";

const USAGE = "bench:sim -- [--json] [--seed N] [--workers N] [--paths N]";

interface Options {
  readonly json: boolean;
  readonly seed: number;
  readonly workers: number;
  readonly paths: number;
}

function options(): Options {
  const parsed = (() => {
    try {
      const text = (initial: string) => ({ type: "string", default: initial }) as const;
      const cores = String(Math.min(2, availableParallelism()));
      return parseArgs({
        options: { json: { type: "boolean", default: false }, seed: text("1"), workers: text(cores), paths: text("10000") },
        strict: true,
      }).values;
    } catch (error) {
      throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
    }
  })();
  const number = (name: "seed" | "workers" | "paths", least: number, most: number): number => {
    const text = parsed[name];
    if (!/^\d{1,9}$/.test(text) || Number(text) < least || Number(text) > most) {
      throw new BadInput(`--${name} is a whole number from ${least} to ${most}, not ${text}`, USAGE);
    }
    return Number(text);
  };
  return {
    json: parsed.json,
    seed: number("seed", 0, 999_999_999),
    workers: number("workers", 1, 256),
    paths: number("paths", 10, 100_000),
  };
}

const number = (value: number, digits = 1): string =>
  value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
const millions = (value: number): string => number(value / 1e6, 2);

await answer(USAGE, async () => {
  const { json, seed, workers, paths } = options();
  const { benchJob, measureOptions, measurePaths, measurePlain } = await import("./lib/simBench.ts");
  const progress = progressLine();
  const played = (stage: string, traders: number, step: number, extremes: boolean, count: number): Promise<PathBench> => {
    const started = performance.now();
    return measurePaths(benchJob(seed, traders, step, extremes), count, workers, (done) =>
      progress.show(stage, done, count, timeLeft(started, done, count)),
    );
  };
  const hours = await played("hours", 1_000, 3_600, true, paths);
  const minutes = await played("minutes", 1_000, 60, false, Math.max(10, Math.round(paths / 50)));
  const blocks = await played("blocks", 1_000, 12, false, Math.max(4, Math.round(paths / 250)));
  const many = await played("20,000 accounts", 20_000, 3_600, true, Math.max(10, Math.round(paths / 50)));
  progress.show("options", 0, 1);
  const optionAccounts = 100_000;
  const optionSteps = await measureOptions(optionAccounts, 12, seed, workers);
  progress.show("account by account", 0, 1);
  const plain = await measurePlain(benchJob(seed, 1_000, 3_600, true), 40, workers);
  progress.end();
  if (json) {
    printJson({
      seed,
      workers,
      clock:
        "wall; where it says processor, of all threads over their number; options and account by account: processor time of the threads",
      accountStepsPerSecond: many.accountStepsPerSecond,
      secondsForTenThousandPaths: hours.secondsForTenThousandPaths,
      processorSecondsForTenThousandPaths: hours.processorSecondsForTenThousandPaths,
      secondsForTenThousandPathsOfMinutes: minutes.secondsForTenThousandPaths,
      secondsForTenThousandPathsOfBlocks: blocks.secondsForTenThousandPaths,
      optionAccountStepsPerSecond: optionSteps,
      optionAccounts,
      plainAccountStepsPerSecond: plain,
      timesThePlainEngine: many.accountStepsPerProcessorSecond / plain,
      timesThePlainEngineInHours: hours.accountStepsPerProcessorSecond / plain,
      hours,
      minutes,
      blocks,
      many,
    });
    return 0;
  }
  const row = (name: string, each: PathBench): string[] => [
    name,
    number(each.paths, 0),
    number(each.accounts, 0),
    number(each.seconds),
    number(each.secondsForTenThousandPaths, 0),
    number(each.processorSecondsForTenThousandPaths, 0),
    millions(each.accountStepsPerSecond),
    `${number(100 * each.judged)} %`,
    number(each.salesOfAPath),
    number(each.accountStepsPerProcessorSecond / plain, 0),
  ];
  printTable(
    [
      `a day on ${workers} threads`,
      "paths",
      "accounts",
      "seconds",
      "of 10,000 paths",
      "million steps/s",
      "computed",
      "sales a path",
      "times the engine",
    ],
    [row("hours with lows and highs", hours), row("minutes", minutes), row("blocks of 12 s", blocks), row("hours, many accounts", many)],
  );
  console.log(`\nengine, account by account: ${millions(plain)} million account-steps a second`);
  console.log(
    `twenty options each, ${number(optionAccounts, 0)} accounts a thread: ${millions(optionSteps)} million account-steps a second`,
  );
  return 0;
});
