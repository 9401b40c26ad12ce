import { exp, ln, power } from "./portable.ts";

/**
 * Random numbers of one purpose in one path: xoshiro128** whose four words are mixed from seed, path and purpose, so that a path draws the same whoever
 * computes it and whatever was computed before, and one purpose more leaves the draws of the others as they were.
 */
export class Stream {
  private a: number;
  private b: number;
  private c: number;
  private d: number;
  private spare = Number.NaN;

  /**
   * @param seed of the whole run, a whole number below 2^32
   * @param path its number
   * @param purpose what the numbers are for
   */
  constructor(seed: number, path: number, purpose: string) {
    let name = 0x811c9dc5;
    for (let i = 0; i < purpose.length; i++) name = Math.imul(name ^ purpose.charCodeAt(i), 0x01000193);
    // each word depends on all three: streams of the same seed differ in 128 bits
    this.a = mix(mix(seed) ^ path ^ name);
    this.b = mix(mix(this.a ^ path) ^ seed);
    this.c = mix(mix(this.b ^ name) ^ path);
    this.d = mix(mix(this.c ^ seed) ^ name) | 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  private next(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    return (this.next() * 0x200000 + (this.next() >>> 11)) / 2 ** 53;
  }

  /** Uniform in (0, 1]: has a logarithm. */
  private positive(): number {
    return 1 - this.uniform();
  }

  /** A whole number from 0 up to, not including, `count`. */
  below(count: number): number {
    return Math.floor(this.uniform() * count);
  }

  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Standard normal, by Marsaglia's polar method: no sine, no cosine. */
  normal(): number {
    if (!Number.isNaN(this.spare)) {
      const value = this.spare;
      this.spare = Number.NaN;
      return value;
    }
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * ln(square)) / square);
      this.spare = y * factor;
      return x * factor;
    }
  }

  /** Exponential with mean one. */
  exponential(): number {
    return -ln(this.positive());
  }

  /** e to the normal of a median and a deviation of its logarithm. */
  logNormal(median: number, deviation: number): number {
    return median * exp(deviation * this.normal());
  }

  /** Gamma of a shape, scale one, by Marsaglia and Tsang. */
  gamma(shape: number): number {
    if (shape < 1) return this.gamma(shape + 1) * power(this.positive(), 1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = 1 + c * x;
      if (v <= 0) continue;
      const cube = v * v * v;
      if (ln(this.positive()) < 0.5 * x * x + d - d * cube + d * ln(cube)) return d * cube;
    }
  }

  /** How many of what comes with a mean of `mean` come. */
  poisson(mean: number): number {
    let count = 0;
    for (let left = mean - this.exponential(); left > 0; left -= this.exponential()) count++;
    return count;
  }
}

function mix(value: number): number {
  let z = (value + 0x9e3779b9) >>> 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}
