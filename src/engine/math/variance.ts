import { max, min } from "../types/fixedPoint.ts";

const WAD = 10n ** 18n;
const LN2 = 693_147_180_559_945_309n;
const YEAR = 31_536_000n;

/** Half-lives of the two variances, seconds. */
export const FAST = 259_200n;
export const SLOW = 3_888_000n;

/** The largest variance that is stored, 1e-10 a year. */
export const MOST_VARIANCE = 2n ** 40n - 1n;

const CLIP_SQUARED = 64n;

/** The last hourly sample; variances in 1e-10 a year. */
export interface VarianceSample {
  readonly price: bigint; // of a lot, WAD
  readonly time: bigint; // unix seconds, 0: none yet
  readonly fast: bigint;
  readonly slow: bigint;
}

/** 2^(−elapsed/halfLife), 18 decimals, rounded down; bit for bit `Variance.decay`. */
export function decay(elapsed: bigint, halfLife: bigint): bigint {
  const halvings = elapsed / halfLife;
  if (halvings >= 60n) return 0n;
  const y = (LN2 * (elapsed % halfLife)) / halfLife;
  const y2 = (y * y) / WAD;
  const y4 = (y2 * y2) / WAD;
  const even = 665_280n * WAD + 75_600n * y2 + 840n * y4 + (y4 * y2) / WAD;
  const odd = (y * (332_640n * WAD + 10_080n * y2 + 42n * y4)) / WAD;
  return (((even - odd) * WAD) / (even + odd)) >> halvings;
}

/** The clipped squared return a year, 1e-10. `variance` is σ² in 1e-10, `held` the held range in ppb. */
export function annualised(price: bigint, samplePrice: bigint, elapsed: bigint, variance: bigint, held: bigint): bigint {
  const move = price > samplePrice ? price - samplePrice : samplePrice - price;
  const squared = (move * move * WAD) / (price * samplePrice);
  const limit = largest((CLIP_SQUARED * variance * elapsed * 10n ** 8n) / YEAR, held * held);
  return (min(squared, limit) * YEAR) / (elapsed * 10n ** 8n);
}

/** v·2^(−τ/h) + x·(1 − 2^(−τ/h)), rounded up, at most `MOST_VARIANCE`. */
export function blended(variance: bigint, observed: bigint, elapsed: bigint, halfLife: bigint): bigint {
  const kept = decay(elapsed, halfLife);
  const next = (variance * kept + observed * (WAD - kept) + (WAD - 1n)) / WAD;
  return min(next, MOST_VARIANCE);
}

/** Both variances with the return from the sample to (`price`, `time`). The twin of `Variance.updated`. */
export function updated(
  sample: VarianceSample,
  price: bigint,
  time: bigint,
  floor: bigint,
  held: bigint,
): { readonly fast: bigint; readonly slow: bigint } {
  const { fast, slow } = sample;
  if (sample.time === 0n || time <= sample.time) return { fast, slow };
  const elapsed = time - sample.time;
  const observed = annualised(price, sample.price, elapsed, largest(fast, slow, floor), held);
  return { fast: blended(fast, observed, elapsed, FAST), slow: blended(slow, observed, elapsed, SLOW) };
}

/** σ² as read at (`price`, `time`), 1e-10 a year. The twin of `Variance.reading`. */
export function reading(sample: VarianceSample, price: bigint, time: bigint, floor: bigint, held: bigint): bigint {
  const { fast, slow } = updated(sample, price, time, floor, held);
  return largest(fast, slow, sample.fast, sample.slow, floor);
}

/** The largest of some non-negative amounts. */
export function largest(...values: readonly bigint[]): bigint {
  return values.reduce(max, 0n);
}
