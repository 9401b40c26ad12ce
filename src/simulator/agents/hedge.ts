import type { Spot } from "../world/spot.ts";

/** What a market maker holds outside of the vault against what it holds inside: bought and sold on the spot markets, on credit. */
export class Hedge {
  /** By underlying, units. */
  private readonly units: Float64Array;
  private cash = 0;
  private moved = 0;
  private readonly spots: readonly Spot[];

  constructor(spots: readonly Spot[]) {
    this.spots = spots;
    this.units = new Float64Array(spots.length);
  }

  /**
   * Buys (negative: sells) for an amount, settlement tokens.
   * @returns what it cost beyond the price before
   */
  order(underlying: number, amount: number): number {
    const spot = this.spots[underlying]!;
    const { price } = spot;
    const cost = spot.trade(amount);
    this.units[underlying]! += amount / price;
    this.cash -= amount + cost;
    return cost;
  }

  /** What it has gained and not moved into the vault yet, settlement tokens; negative: lost. */
  get free(): number {
    return this.spots.reduce((sum, { price }, u) => sum + this.units[u]! * price, this.cash) - this.moved;
  }

  /** Moves gains into the vault. */
  move(amount: number): void {
    this.moved += amount;
  }
}
