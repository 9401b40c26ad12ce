import { ln } from "../numbers/portable.ts";
import type { Moves, PriceProcess } from "./process.ts";

/** Bars as parts of the price at which the first of them opened: four numbers each, open, high, low, close. */
export type RelativeBars = Float64Array;

/** Bars one after the other as they were; lows and highs too, and what lies between a close and the next open belongs to the next bar. */
export class Replay implements PriceProcess {
  readonly jumps = new Float64Array(1);
  private readonly bars: RelativeBars;
  private at = 0;
  private last: number;

  /** @param bars of one underlying */
  constructor(bars: RelativeBars) {
    this.bars = bars;
    this.last = bars[0] ?? 1;
  }

  /** @throws RangeError when there are no more bars */
  next(moves: Moves): void {
    const [open, high, low, close] = this.bars.subarray(this.at, this.at + 4);
    if (open === undefined || high === undefined || low === undefined || close === undefined)
      throw new RangeError("the bars are at their end");
    const from = this.last;
    moves.close[0] = ln(close / from);
    moves.high[0] = Math.max(ln(high / from), 0, moves.close[0]!);
    moves.low[0] = Math.min(ln(low / from), 0, moves.close[0]!);
    this.last = close;
    this.at += 4;
  }
}
