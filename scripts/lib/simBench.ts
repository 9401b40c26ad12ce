import { Piscina } from "piscina";
import { localParameters } from "../../src/deployment/localParameters.ts";
import { defaultScenario, playedOf } from "../../src/simulator/runs/defaults.ts";
import { playPart, THREAD_LIMITS, WORKER_FILE } from "../../src/simulator/runs/pathWorker.ts";
import type { Job, Scenario } from "../../src/simulator/runs/scenario.ts";
import type { PathResult } from "../../src/simulator/runs/simulatePath.ts";
import { BENCH_WORKER, optionSteps, plainSteps, type Rate } from "./simBenchWorker.ts";

/** What paths took; seconds do not count that threads start and people open their positions. */
export interface PathBench {
  readonly paths: number;
  readonly accounts: number;
  readonly pricesOfAPath: number;
  readonly seconds: number;
  readonly secondsToStart: number;
  readonly secondsForTenThousandPaths: number;
  /** Processor time of all threads over their number: what it would have taken had the machine done nothing else. */
  readonly processorSecondsForTenThousandPaths: number;
  readonly accountSteps: number;
  readonly accountStepsPerSecond: number;
  readonly accountStepsPerProcessorSecond: number; // of all threads together, as above
  /** The part of the account-steps for which the screen computed something; the rest stood farther from their lines than prices had moved. */
  readonly judged: number;
  readonly blocksOfAPath: number;
  /** By the exact engine. */
  readonly salesOfAPath: number;
}

const DAY = 86_400;
const PATHS_OF_A_PART = 10;

/** The scenario that is measured: a day of ETH, as commands begin with, on another grid or with more accounts. */
export function benchJob(seed: number, traders: number, step: number, extremes: boolean): Job {
  const { values, underlyings, collaterals, settlementToken } = localParameters();
  const initial = defaultScenario(seed, [playedOf("ETH", 2_000, 0.8)]);
  // many accounts are smaller ones, so that the parameters carry them
  const worth = { ...initial.population.worth, median: Math.min(initial.population.worth.median, 40_000_000 / traders) };
  const scenario: Scenario = { ...initial, step, steps: DAY / step, extremes, population: { ...initial.population, traders, worth } };
  return { scenario, parameters: { values, underlyings, collaterals, settlementToken } };
}

/** Plays paths of a job on threads that have begun. */
export async function measurePaths(job: Job, paths: number, workers: number, onProgress: (done: number) => void): Promise<PathBench> {
  const pool = new Piscina<{ from: number; to: number }, ReturnType<typeof playPart>>({
    filename: WORKER_FILE,
    name: playPart.name,
    workerData: job,
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    resourceLimits: THREAD_LIMITS,
  });
  const play = async (from: number, to: number): Promise<readonly PathResult[]> => {
    const played = await pool.run({ from, to });
    if ("refused" in played) throw new Error(played.refused);
    return played;
  };
  try {
    const opened = performance.now();
    await Promise.all(Array.from({ length: workers }, (_, i) => play(paths + i, paths + i + 1)));
    const started = performance.now();
    const used = process.cpuUsage();
    let done = 0;
    const size = Math.max(1, Math.min(PATHS_OF_A_PART, Math.floor(paths / workers)));
    const parts = Array.from({ length: Math.ceil(paths / size) }, (_, i) => [i * size, Math.min((i + 1) * size, paths)] as const);
    const results = (
      await Promise.all(
        parts.map(async ([from, to]) => {
          const played = await play(from, to);
          done += to - from;
          onProgress(done);
          return played;
        }),
      )
    ).flat();
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(used);
    const sum = (of: (result: PathResult) => number): number => results.reduce((total, each) => total + of(each), 0);
    const accountSteps = sum((each) => each.accountSteps);
    const { scenario } = job;
    return {
      paths,
      accounts: scenario.population.traders,
      pricesOfAPath: scenario.steps * (scenario.extremes ? 3 : 1),
      seconds,
      secondsToStart: (started - opened) / 1_000,
      secondsForTenThousandPaths: (seconds / paths) * 10_000,
      processorSecondsForTenThousandPaths: ((user + system) / 1e6 / workers / paths) * 10_000,
      accountSteps,
      accountStepsPerSecond: accountSteps / seconds,
      accountStepsPerProcessorSecond: (accountSteps * workers * 1e6) / (user + system),
      judged: sum((each) => each.judged) / accountSteps,
      blocksOfAPath: sum((each) => each.figures.blocks) / paths,
      salesOfAPath: sum((each) => each.figures.sales) / paths,
    };
  } finally {
    await pool.destroy();
  }
}

/** All threads at once; account-steps a second of them together. */
async function together(name: string, input: unknown, workers: number): Promise<number> {
  const pool = new Piscina<unknown, Rate>({ filename: BENCH_WORKER, name, minThreads: workers, maxThreads: workers });
  try {
    const rates = await Promise.all(Array.from({ length: workers }, () => pool.run(input)));
    return rates.reduce((sum, { steps, seconds }) => sum + steps / seconds, 0);
  } finally {
    await pool.destroy();
  }
}

/** Account-steps a second for accounts with twenty options each. */
export const measureOptions = (accounts: number, prices: number, seed: number, workers: number): Promise<number> =>
  together(optionSteps.name, { accounts, prices, seed }, workers);

/** Account-steps a second of the engine called account by account. */
export const measurePlain = (job: Job, prices: number, workers: number): Promise<number> =>
  together(plainSteps.name, { job, prices }, workers);
