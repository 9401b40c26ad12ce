import { createHash } from "node:crypto";
import type { Job } from "./scenario.ts";

/** Raised whenever the same configuration gives other figures than before. */
export const SIMULATOR_VERSION = 1;

/**
 * The hash of everything that the paths of a job depend on but their numbers: scenario with its seed, parameters of the vault, recorded bars, and the
 * version of the simulator. 64 hexadecimal digits.
 */
export function configurationHash({ scenario, parameters, recording }: Job): string {
  const bars = recording && { bars: barsDigest(recording.bars), first: recording.first };
  return digest(canonical({ version: SIMULATOR_VERSION, scenario, parameters, bars }));
}

const digests = new WeakMap<Float64Array, string>();

/** The bars of a sweep are the same for all of its configurations. */
export function barsDigest(bars: Float64Array): string {
  const known = digests.get(bars) ?? digest(new Uint8Array(bars.slice().buffer));
  digests.set(bars, known);
  return known;
}

/** JSON with sorted names, so that equal values have equal texts; bigints as their digits. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => {
    if (typeof each === "bigint") return `${each}n`;
    if (typeof each !== "object" || each === null || Array.isArray(each)) return each;
    return Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function digest(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
