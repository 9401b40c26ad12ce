import { exp, power } from "../numbers/portable.ts";

/** How a spot market outside the vault takes orders. */
export interface SpotTerms {
  /** What has to be bought or sold to move the price by 1 %, settlement tokens. */
  readonly depth: number;
  /** The part of a move that stays. */
  readonly permanent: number;
  /** Seconds in which half of the rest is gone. */
  readonly halfLife: number;
}

/**
 * The spot market of one underlying: the price is what the process says, displaced by what was bought and sold. An order moves the logarithm of the price in
 * proportion to its size, pays half of that move on average, and the passing part of the displacement decays.
 */
export class Spot {
  /** Price of the process, settlement tokens a unit. */
  fundamental: number;
  private lasting = 0;
  private passing = 0;
  private time: number;
  private readonly terms: SpotTerms;

  constructor(terms: SpotTerms, fundamental: number, time: number) {
    this.terms = terms;
    this.fundamental = fundamental;
    this.time = time;
  }

  /** Lets time pass. @param time unix seconds */
  at(time: number): void {
    if (time > this.time && this.passing !== 0) this.passing *= power(2, -(time - this.time) / this.terms.halfLife);
    this.time = time;
  }

  get displacement(): number {
    return this.lasting + this.passing;
  }

  /** What the market pays now. */
  get price(): number {
    return this.displacement === 0 ? this.fundamental : this.fundamental * exp(this.displacement);
  }

  /**
   * Buys (negative: sells) for an amount.
   * @param amount settlement tokens at the price before
   * @returns what it costs beyond that price, settlement tokens, never negative
   */
  trade(amount: number): number {
    const move = (0.01 * amount) / this.terms.depth;
    this.lasting += move * this.terms.permanent;
    this.passing += move * (1 - this.terms.permanent);
    return (Math.abs(amount) * Math.abs(move)) / 2;
  }
}
