import { exp, ln, power } from "../numbers/portable.ts";
import type { Stream } from "../numbers/stream.ts";
import { YEAR } from "./process.ts";

/** How implied volatility at the money follows the price. */
export interface ImpliedTerms {
  /** To which it returns, a year: 0.7 is 70 %. */
  readonly usual: number;
  /** Seconds in which half of what it is away from that is gone. */
  readonly halfLife: number;
  /** What a fall of the price by one part in a hundred adds to it, in parts of itself: 2 is 2 %; a rise takes as much. */
  readonly leverage: number;
  /** What a jump of the price by one part in a hundred adds besides, whichever its direction. */
  readonly jump: number;
  /** Deviation of its own moves, a year. */
  readonly ownDeviation: number;
}

const [LEAST, MOST] = [0.05, 4];

/** Implied volatility of one underlying: its logarithm returns to the usual one, falls when the price rises, and leaps when the price does. */
export class ImpliedVolatility {
  private logarithm: number;
  private readonly kept: number;
  private readonly own: number;
  private readonly centre: number;
  private readonly stream: Stream;
  private readonly terms: ImpliedTerms;

  constructor(stream: Stream, step: number, terms: ImpliedTerms) {
    this.stream = stream;
    this.terms = terms;
    this.kept = power(2, -step / terms.halfLife);
    this.own = terms.ownDeviation * Math.sqrt(step / YEAR);
    this.centre = ln(terms.usual);
    this.logarithm = this.centre;
  }

  /** After a step of the price by `move` of which `jump` came at a stroke, both logarithms. */
  next(move: number, jump: number): number {
    const { leverage, jump: leap } = this.terms;
    const moved = -leverage * move + leap * Math.abs(jump) + this.own * this.stream.normal();
    this.logarithm = this.centre + (this.logarithm - this.centre) * this.kept + moved;
    return Math.min(Math.max(exp(this.logarithm), LEAST), MOST);
  }
}
