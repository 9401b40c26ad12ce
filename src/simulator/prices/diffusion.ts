import { ln } from "../numbers/portable.ts";
import type { Stream } from "../numbers/stream.ts";
import type { Grid, Moves } from "./process.ts";

/** Normals of several underlyings, of which any two have the same correlation: one factor for all, and one for each. */
export function correlated(stream: Stream, { underlyings, correlation }: Grid, into: Float64Array): void {
  const [common, own] = [Math.sqrt(correlation), Math.sqrt(1 - correlation)];
  const factor = common === 0 ? 0 : stream.normal();
  for (let u = 0; u < underlyings; u++) into[u] = common * factor + own * stream.normal();
}

/**
 * A step of a diffusion that ends at `end` with the variance `variance`, and how high and how low it was in between: each drawn from its law given both ends
 * (the largest value of a Brownian bridge), the two apart from each other.
 * @param jump comes at the end of the step
 */
export function diffuse(stream: Stream, moves: Moves, u: number, end: number, variance: number, jump = 0): void {
  const reach = (): number => Math.sqrt(end * end - 2 * variance * ln(1 - stream.uniform()));
  const high = (end + reach()) / 2;
  const low = (end - reach()) / 2;
  moves.close[u] = end + jump;
  moves.high[u] = Math.max(high, end + jump);
  moves.low[u] = Math.min(low, end + jump);
}
