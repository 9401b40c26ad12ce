import { exp } from "../numbers/portable.ts";
import type { Stream } from "../numbers/stream.ts";
import { correlated, diffuse } from "./diffusion.ts";
import { type Grid, type Moves, type PriceProcess, YEAR } from "./process.ts";

/** A year of a diffusion: deviations by underlying and the drift that the expected price grows with. */
export interface Diffusion {
  readonly sigmas: readonly number[];
  readonly drift: number;
}

/** Jumps, of which the market has `aYear` on average, all underlyings at once. */
export interface Jumps {
  readonly aYear: number;
  /** Writes the logarithms of one jump, by underlying. */
  readonly draw: (stream: Stream, grid: Grid, into: Float64Array) => void;
  /** What one jump adds to the price on average, as a part of it: taken out of the drift. */
  readonly expected: number;
}

export const NO_JUMPS: Jumps = { aYear: 0, draw: () => {}, expected: 0 };

/** Merton: the logarithm of a jump is normal, correlated between underlyings as the diffusion is. */
export function mertonJumps(aYear: number, mean: number, deviation: number): Jumps {
  return {
    aYear,
    draw: (stream, grid, into) => {
      correlated(stream, grid, into);
      for (let u = 0; u < grid.underlyings; u++) into[u] = mean + deviation * into[u]!;
    },
    expected: exp(mean + (deviation * deviation) / 2) - 1,
  };
}

/** Kou: up with a chance by an exponential of mean `up`, otherwise down by one of mean `down`; the same for all underlyings. */
export function kouJumps(aYear: number, chanceUp: number, up: number, down: number): Jumps {
  return {
    aYear,
    draw: (stream, grid, into) => {
      const isUp = stream.chance(chanceUp);
      into.fill((isUp ? up : -down) * stream.exponential(), 0, grid.underlyings);
    },
    expected: chanceUp / (1 - up) + (1 - chanceUp) / (1 + down) - 1,
  };
}

/** Geometric Brownian motion, with jumps or without. */
export class JumpDiffusion implements PriceProcess {
  readonly jumps: Float64Array;
  private readonly normals: Float64Array;
  private readonly size: Float64Array;
  private readonly variances: Float64Array;
  private readonly drifts: Float64Array;
  private readonly mean: number;
  private readonly stream: Stream;
  private readonly grid: Grid;
  private readonly kind: Jumps;

  constructor(stream: Stream, grid: Grid, { sigmas, drift }: Diffusion, kind: Jumps = NO_JUMPS) {
    const years = grid.step / YEAR;
    this.stream = stream;
    this.grid = grid;
    this.kind = kind;
    this.normals = new Float64Array(grid.underlyings);
    this.size = new Float64Array(grid.underlyings);
    this.jumps = new Float64Array(grid.underlyings);
    this.variances = Float64Array.from({ length: grid.underlyings }, (_, u) => sigmas[u]! * sigmas[u]! * years);
    this.drifts = this.variances.map((variance) => (drift - kind.aYear * kind.expected) * years - variance / 2);
    this.mean = kind.aYear * years;
  }

  next(moves: Moves): void {
    const { stream, grid, normals, size, jumps, variances, drifts } = this;
    correlated(stream, grid, normals);
    jumps.fill(0);
    for (let left = this.mean === 0 ? 0 : stream.poisson(this.mean); left > 0; left--) {
      this.kind.draw(stream, grid, size);
      for (let u = 0; u < grid.underlyings; u++) jumps[u]! += size[u]!;
    }
    for (let u = 0; u < grid.underlyings; u++) {
      const variance = variances[u]!;
      diffuse(stream, moves, u, drifts[u]! + Math.sqrt(variance) * normals[u]!, variance, jumps[u]!);
    }
  }
}
