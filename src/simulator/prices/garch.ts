import type { Stream } from "../numbers/stream.ts";
import { correlated, diffuse } from "./diffusion.ts";
import type { Diffusion } from "./jumps.ts";
import { type Grid, type Moves, type PriceProcess, YEAR } from "./process.ts";

const HOUR = 3_600;

/** GARCH(1,1) of hourly returns with fat tails. */
export interface Garch extends Diffusion {
  /** What the square of the last hour's return adds, and what is kept of its variance; together below one. */
  readonly alpha: number;
  readonly beta: number;
  /** Degrees of freedom of Student's t, above two. */
  readonly freedom: number;
}

/**
 * Variance follows hourly returns, h ← ω + α·r² + β·h, and the return of an hour is a Student's t with that variance: a normal whose variance is scaled by
 * (ν − 2) / χ²(ν), the same for all underlyings, drawn once an hour. So steps shorter than an hour belong to the same process as hours do: within the hour, and
 * given its scale, prices diffuse. It starts at the variance that it returns to.
 */
export class GarchProcess implements PriceProcess {
  readonly jumps: Float64Array;
  private readonly normals: Float64Array;
  private readonly longRun: Float64Array;
  private readonly variance: Float64Array;
  private readonly sinceHour: Float64Array;
  private scale = 1;
  private elapsed = 0;
  private readonly stream: Stream;
  private readonly grid: Grid;
  private readonly garch: Garch;

  /** @param grid whose step is an hour or divides it */
  constructor(stream: Stream, grid: Grid, garch: Garch) {
    this.stream = stream;
    this.grid = grid;
    this.garch = garch;
    this.jumps = new Float64Array(grid.underlyings);
    this.normals = new Float64Array(grid.underlyings);
    this.sinceHour = new Float64Array(grid.underlyings);
    this.longRun = Float64Array.from({ length: grid.underlyings }, (_, u) => (garch.sigmas[u]! * garch.sigmas[u]! * HOUR) / YEAR);
    this.variance = this.longRun.slice();
  }

  next(moves: Moves): void {
    const { stream, grid, garch, normals, variance, sinceHour } = this;
    const { alpha, beta, freedom, drift } = garch;
    if (this.elapsed % HOUR === 0) {
      if (this.elapsed > 0) {
        for (let u = 0; u < grid.underlyings; u++) {
          variance[u] = (1 - alpha - beta) * this.longRun[u]! + alpha * sinceHour[u]! * sinceHour[u]! + beta * variance[u]!;
          sinceHour[u] = 0;
        }
      }
      this.scale = (freedom - 2) / (2 * stream.gamma(freedom / 2));
    }
    correlated(stream, grid, normals);
    const part = grid.step / HOUR;
    for (let u = 0; u < grid.underlyings; u++) {
      const scaled = variance[u]! * this.scale * part;
      const end = (drift * grid.step) / YEAR - (variance[u]! * part) / 2 + Math.sqrt(scaled) * normals[u]!;
      diffuse(stream, moves, u, end, scaled);
      sinceHour[u]! += end;
    }
    this.elapsed += grid.step;
  }
}
