import { Piscina } from "piscina";
import { BadInput } from "../../sdk/failure.ts";
import { type Distribution, distributionOf, type Estimate, quantileOf } from "../numbers/summary.ts";
import { configurationHash } from "./configuration.ts";
import type { PathFigures, Point } from "./figures.ts";
import { playPart, THREAD_LIMITS, WORKER_FILE } from "./pathWorker.ts";
import { type Kept, ResultLog } from "./resultLog.ts";
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
 * @param log what was kept of them before is not played again, and what is played is kept
 * @throws BadInput when the population cannot be
 * @throws Failure when the log takes no more
 */
export async function runPaths(job: Job, paths: number, workers: number, onProgress: (done: number) => void, log?: PathLog): Promise<Run> {
  const results: PathResult[] = new Array(paths);
  for (const [key, result] of log?.kept ?? []) if (Number(key) < paths) results[Number(key)] = result;
  const missing = Array.from({ length: paths }, (_, path) => path).filter((path) => results[path] === undefined);
  let done = paths - missing.length;
  onProgress(done);
  if (missing.length === 0) return summarised(job.scenario, results);
  const size = Math.max(1, Math.min(MOST_OF_A_PART, Math.floor(missing.length / (workers * PARTS_OF_A_WORKER))));
  const pool = new Piscina<{ from: number; to: number }, ReturnType<typeof playPart>>({
    filename: WORKER_FILE,
    name: playPart.name,
    workerData: job,
    minThreads: Math.min(workers, Math.ceil(missing.length / size)),
    maxThreads: workers,
    resourceLimits: THREAD_LIMITS,
  });
  try {
    const parts = partsOf(missing, size);
    await Promise.all(
      parts.map(async (part) => {
        const played = await pool.run(part);
        if ("refused" in played) throw new BadInput(played.refused);
        log?.keep(played.map((result, i) => keptPath(part.from + i, result)));
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

/** Runs of numbers that follow one another, each of at most `size`. */
function partsOf(numbers: readonly number[], size: number): { from: number; to: number }[] {
  const parts: { from: number; to: number }[] = [];
  for (const number of numbers) {
    const last = parts.at(-1);
    if (last !== undefined && last.to === number && last.to - last.from < size) last.to++;
    else parts.push({ from: number, to: number + 1 });
  }
  return parts;
}

/** Paths that were played, by their numbers. */
export type PathLog = ResultLog<PathResult>;

/**
 * Opens the log of a run, in which `runPaths` keeps what it has played.
 * @throws BadInput when the file is no such log, or is of another configuration
 */
export function openPathLog(path: string, job: Job): PathLog {
  return ResultLog.open(path, { plimsoll: "paths", configuration: configurationHash(job) }, readPath);
}

const keptPath = (path: number, result: PathResult) => ({ key: String(path), result, line: { path, ...result } });

function readPath(line: unknown): Kept<PathResult> {
  const { path, figures, points, accountSteps, judged } = line as Partial<PathResult> & { readonly path?: unknown };
  if (!Number.isSafeInteger(path) || (path as number) < 0) throw new RangeError("it has no number of a path");
  const numbers = [
    accountSteps,
    judged,
    ...Object.values(figures ?? { none: Number.NaN }),
    ...(points ?? []).flatMap((each) => Object.values(each)),
  ];
  if (!numbers.every(Number.isFinite) || !Array.isArray(points)) throw new RangeError(`path ${path} is not whole`);
  return { key: String(path), result: { figures: figures!, points, accountSteps: accountSteps!, judged: judged! } };
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
