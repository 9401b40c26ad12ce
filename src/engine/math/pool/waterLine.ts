import { divUp, WAD } from "../../types/fixedPoint.ts";
import type { WaterLine } from "../../types/types.ts";

/** In so many seconds the water-line falls by one part in a hundred, and not at all in fewer. */
export const STEP = 12n;
const KEPT = 99n;
const OF = 100n;

/** λ at the beginning of a shortage: the leverage of an account at its line, 1/μ, rounded up. */
export function highest(maintenance: bigint): bigint {
  return divUp(WAD * WAD, maintenance);
}

/**
 * The water-line at `now` while the shortage lasts. Whoever looks, and however often, finds the same: only whole steps count, and what is left of one stays.
 * @example waterLineAt({ level: WAD, time: 0n }, 25n) // { level: 980_100_000_000_000_000n, time: 24n }
 */
export function waterLineAt({ level, time }: WaterLine, now: bigint): WaterLine {
  const steps = now <= time ? 0n : (now - time) / STEP;
  let fallen = level;
  // rounded up: it falls by one part in a hundred at most, and below a hundred units no more
  for (let i = 0n; i < steps && fallen >= OF; i++) fallen = divUp(fallen * KEPT, OF);
  return { level: fallen, time: time + steps * STEP };
}
