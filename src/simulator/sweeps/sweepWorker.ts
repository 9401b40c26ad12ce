import { Piscina } from "piscina";
import { BadInput } from "../../sdk/failure.ts";
import { configurationHash } from "../runs/configuration.ts";
import { summarised } from "../runs/runPaths.ts";
import type { Job, Recording } from "../runs/scenario.ts";
import { Settings } from "../runs/setting.ts";
import { simulatePath } from "../runs/simulatePath.ts";
import type { Outcome } from "./outcome.ts";

/** Where a thread finds what it runs. */
export const SWEEP_WORKER_FILE = import.meta.filename;

/** One configuration, of which a thread plays every path. */
export interface Task {
  readonly job: Omit<Job, "recording">;
  readonly paths: number;
  /** Left out where all that the thread plays have those that it began with. */
  readonly recording?: Recording | undefined;
}

/** Plays a configuration in a thread. What cannot be played is an outcome too. */
export function playTask({ job, paths, recording }: Task): Outcome {
  const own = (Piscina.workerData as { readonly recording?: Recording }).recording;
  return playConfiguration({ ...job, recording: recording ?? own }, paths);
}

/** Plays the paths of a configuration, numbered from zero, and says of which configuration they are: by the hash of what was played. */
export function playConfiguration(job: Job, paths: number): Outcome {
  const configuration = configurationHash(job);
  try {
    const settings = new Settings(job);
    const results = Array.from({ length: paths }, (_, path) => simulatePath(settings, job.scenario, path));
    const { figures, accountSteps } = summarised(job.scenario, results);
    return { configuration, paths, figures, accountSteps };
  } catch (error) {
    if (error instanceof BadInput) return { configuration, paths, refused: [error.message, error.mend].filter(Boolean).join(": ") };
    throw error;
  }
}
