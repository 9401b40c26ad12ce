import { Piscina } from "piscina";
import { BadInput } from "../../sdk/failure.ts";
import { type Distribution, distributionOf, type Estimate, quantileOf } from "../numbers/summary.ts";
import type { PathFigures, Point } from "./figures.ts";
import { playPart, THREAD_LIMITS, WORKER_FILE } from "./pathWorker.ts";
import type { Job, Scenario } from "./scenario.ts";
import type { PathResult } from "./simulatePath.ts";

/** What a run gives: nothing in it depends on who computed it, in what order, or how long it took. */
export interface Run {
  readonly scenario: Scenario;
  readonly paths: number;
  readonly figures: Readonly<Record<keyof PathFigures, Distribution>>;
  /** At each moment the 5 % quantile, the median and the 95 % quantile. */
  readonly throughTime: readonly { readonly seconds: number; readonly values: Readonly<Record<keyof Point, Estimate>> }[];
  readonly each: readonly PathFigures[];
  /** Accounts times prices, and how many of them the screen computed. */
  readonly accountSteps: number;
  readonly judged: number;
}

/** Paths that one thread plays before it asks for more. */
const MOST_OF_A_PART = 50;
const PARTS_OF_A_WORKER = 16;

/**
 * Plays paths on threads.
 * @param onProgress hears how many paths are played
 * @throws BadInput when the population cannot be
 */
export async function runPaths(job: Job, paths: number, workers: number, onProgress: (done: number) => void): Promise<Run> {
  const size = Math.max(1, Math.min(MOST_OF_A_PART, Math.floor(paths / (workers * PARTS_OF_A_WORKER))));
  const pool = new Piscina<{ from: number; to: number }, ReturnType<typeof playPart>>({
    filename: WORKER_FILE,
    name: playPart.name,
    workerData: job,
    minThreads: Math.min(workers, Math.ceil(paths / size)),
    maxThreads: workers,
    resourceLimits: THREAD_LIMITS,
  });
  const results: PathResult[] = new Array(paths);
  let done = 0;
  try {
    const parts = Array.from({ length: Math.ceil(paths / size) }, (_, i) => ({ from: i * size, to: Math.min((i + 1) * size, paths) }));
    await Promise.all(
      parts.map(async (part) => {
        const played = await pool.run(part);
        if ("refused" in played) throw new BadInput(played.refused);
        for (const [i, result] of played.entries()) results[part.from + i] = result;
        done += played.length;
        onProgress(done);
      }),
    );
  } finally {
    await pool.destroy();
  }
  return summarised(job.scenario, results);
}

/** A run of paths that were played, in the order of their numbers. */
export function summarised(scenario: Scenario, results: readonly PathResult[]): Run {
  const each = results.map(({ figures }) => figures);
  const names = Object.keys(each[0]!) as (keyof PathFigures)[];
  const figures = Object.fromEntries(names.map((name) => [name, distributionOf(each.map((one) => one[name]))]));
  const throughTime = results[0]!.points.map((first, i) => {
    const values = Object.fromEntries(
      (Object.keys(first) as (keyof Point)[]).map((name) => {
        const sorted = Float64Array.from(results, ({ points }) => points[i]![name]).sort();
        return [name, { value: quantileOf(sorted, 0.5).value, low: quantileOf(sorted, 0.05).value, high: quantileOf(sorted, 0.95).value }];
      }),
    );
    const seconds = Math.ceil(((i + 1) * scenario.steps) / scenario.points) * scenario.step;
    return { seconds, values: values as Record<keyof Point, Estimate> };
  });
  return {
    scenario,
    paths: results.length,
    figures: figures as Record<keyof PathFigures, Distribution>,
    throughTime,
    each,
    accountSteps: results.reduce((sum, one) => sum + one.accountSteps, 0),
    judged: results.reduce((sum, one) => sum + one.judged, 0),
  };
}
