import { Piscina } from "piscina";
import { Failure } from "../../sdk/failure.ts";
import { THREAD_LIMITS } from "../runs/pathWorker.ts";
import { type Kept, ResultLog } from "../runs/resultLog.ts";
import type { Configuration, Outcome, Result } from "./outcome.ts";
import { playTask, SWEEP_WORKER_FILE, type Task } from "./sweepWorker.ts";

/** What came of configurations, by their hashes. */
export type OutcomeLog = ResultLog<Outcome>;

/**
 * Opens the log of a sweep, in which every outcome is kept as it comes.
 * @param path of a file of JSON lines
 * @throws BadInput when the file is no such log, or has an outcome that is none of this sweep
 */
export function openOutcomeLog(path: string, configurations: readonly Configuration[], paths: number): OutcomeLog {
  const known = new Map(configurations.map((each) => [each.hash, each]));
  return ResultLog.open(path, { plimsoll: "sweep", paths }, (line) => readOutcome(line, known, paths));
}

/**
 * Plays what of a sweep is not in its log on threads, and keeps each outcome there: each configuration once, whoever played it.
 * @param onProgress hears how many configurations are played
 * @returns in the order of the configurations
 * @throws Failure when a worker answers for another configuration than it was given, or the log takes no more
 */
export async function runSweep(
  configurations: readonly Configuration[],
  paths: number,
  workers: number,
  log: OutcomeLog,
  onProgress: (done: number) => void,
): Promise<Result[]> {
  const missing = configurations.filter(({ hash }) => !log.kept.has(hash));
  let done = configurations.length - missing.length;
  onProgress(done);
  if (missing.length > 0) {
    const pool = new Piscina<Task, ReturnType<typeof playTask>>({
      filename: SWEEP_WORKER_FILE,
      name: playTask.name,
      workerData: { recording: missing[0]!.job.recording },
      minThreads: Math.min(workers, missing.length),
      maxThreads: workers,
      resourceLimits: THREAD_LIMITS,
    });
    try {
      await Promise.all(
        missing.map(async ({ hash, values, stored, job: { scenario, parameters } }) => {
          const outcome = await pool.run({ job: { scenario, parameters }, paths });
          keepOutcome(log, { hash, values, stored }, outcome);
          onProgress(++done);
        }),
      );
    } finally {
      await pool.destroy();
    }
  }
  return configurations.map((configuration) => ({ configuration, outcome: log.kept.get(configuration.hash)! }));
}

/**
 * Keeps an outcome, if it is of the configuration for which it is given.
 * @throws Failure when it is not, or the log takes no more
 */
export function keepOutcome(log: OutcomeLog, { hash, values, stored }: Omit<Configuration, "job">, outcome: Outcome): void {
  if (outcome.configuration !== hash)
    throw new Failure(
      `a worker was given configuration ${hash}, and answers for ${outcome.configuration}`,
      "run the same version of plimsoll everywhere",
    );
  log.keep([{ key: hash, result: outcome, line: { ...outcome, values, stored } }]);
}

function readOutcome(line: unknown, known: ReadonlyMap<string, Configuration>, paths: number): Kept<Outcome> {
  const { values, stored: _, ...outcome } = line as Outcome & { readonly values?: unknown; readonly stored?: unknown };
  const configuration = known.get(outcome.configuration);
  if (configuration === undefined)
    throw new RangeError(`configuration ${outcome.configuration} is none of this sweep; give another --out, or the options that it had`);
  if (JSON.stringify(values) !== JSON.stringify(configuration.values))
    throw new RangeError(`the values are not those of configuration ${outcome.configuration}`);
  if (outcome.paths !== paths) throw new RangeError(`it has ${outcome.paths} paths`);
  if (!("refused" in outcome) && !isWhole(outcome.figures)) throw new RangeError(`the figures of ${outcome.configuration} are not whole`);
  return { key: outcome.configuration, result: outcome };
}

/** Whether all that a figure has are numbers. */
function isWhole(figures: unknown): boolean {
  if (typeof figures === "number") return Number.isFinite(figures);
  return typeof figures === "object" && figures !== null && Object.values(figures).length > 0 && Object.values(figures).every(isWhole);
}
