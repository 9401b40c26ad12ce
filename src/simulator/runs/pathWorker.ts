import { Piscina } from "piscina";
import { BadInput } from "../../sdk/failure.ts";
import type { Job } from "./scenario.ts";
import { Settings } from "./setting.ts";
import { type PathResult, simulatePath } from "./simulatePath.ts";

/** Where a thread finds what it runs. */
export const WORKER_FILE = import.meta.filename;

/** Much is made and thrown away: with more room for what is young it is cleared away less often. */
export const THREAD_LIMITS = { maxYoungGenerationSizeMb: 96 } as const;

/** Paths from one number up to, not including, another. */
export interface Part {
  readonly from: number;
  readonly to: number;
}

let settings: Settings | undefined;

/** Plays some paths in a thread; what cannot be played is an answer, since errors lose their class on the way. */
export function playPart({ from, to }: Part): readonly PathResult[] | { readonly refused: string } {
  const job = Piscina.workerData as Job;
  settings ??= new Settings(job);
  const made = settings;
  try {
    return Array.from({ length: to - from }, (_, i) => simulatePath(made, job.scenario, from + i));
  } catch (error) {
    if (error instanceof BadInput) return { refused: error.message };
    throw error;
  }
}
