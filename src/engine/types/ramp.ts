/** A parameter that moves from one value to another in a straight line that ends at `end` (unix seconds). */
export interface Ramped {
  readonly from: bigint;
  readonly to: bigint;
  readonly end: bigint;
}

/** How long a ramp takes, seconds. */
export const RAMP_DURATION = 259_200n;

/**
 * The value of a ramped parameter at `now`, in the unit of its ends, rounded down.
 * @example rampAt({ from: 100n, to: 200n, end: 259_200n }, 129_600n) // 150n
 */
export function rampAt(ramped: Ramped, now: bigint): bigint {
  if (now >= ramped.end) return ramped.to;
  const left = ramped.end - now;
  if (left >= RAMP_DURATION) return ramped.from;
  return (ramped.from * left + ramped.to * (RAMP_DURATION - left)) / RAMP_DURATION;
}

/** A parameter that does not move. */
export function steady(value: bigint): Ramped {
  return { from: value, to: value, end: 0n };
}
