import type { Draft } from "../ledger/draft.ts";
import { type Market, seriesMarkDown } from "../ledger/market.ts";
import { seriesNow, seriesOf } from "../ledger/options/seriesState.ts";
import { abs, floorDivide, fromPpm, max, min, PPM, partUp } from "../types/fixedPoint.ts";
import { instrumentFromNumber, isFuture } from "../types/instrument.ts";
import type { PoolParameters } from "./pool.ts";

/** A price of a fill and the fee beside it: together exact, though a price is a whole number a lot. */
export interface FillPrice {
  readonly price: bigint; // of a lot, WAD
  readonly fee: bigint; // WAD, from the taker to the pool
}

/**
 * Half the spread on what trades, WAD, rounded up, outside the cost function: a part of the reference price. At once an option pays at least what its value
 * moves when the price has gone as far as its source lets it go.
 * @param lots signed, received by the taker
 * @param doubt how far the price may have moved, 18 decimals
 */
export function halfSpreadUp(draft: Draft, market: Market, lots: bigint, parameters: PoolParameters, atOnce: boolean, doubt = 0n): bigint {
  const size = abs(lots) * market.reference;
  if (!atOnce) return partUp(size, fromPpm(parameters.narrow));
  const part = partAtOnce(market, fromPpm(parameters.wide), doubt);
  return max(partUp(size, part), abs(lots) * moveUp(draft, market, part));
}

/** How far the price may have moved, 18 decimals: beyond the band the vault fills nothing. */
export function partAtOnce({ underlying }: Market, wide: bigint, doubt: bigint): bigint {
  return min(max(wide, doubt), fromPpm(underlying.trading.fillBand));
}

/** What an option moves at most when the price moves by a part of itself either way, WAD a lot; of what is no option the part itself says it. */
export function moveUp(draft: Draft, { index, instrument, underlying, mark }: Market, part: bigint): bigint {
  if (instrument === 0n || isFuture(instrumentFromNumber(instrument))) return 0n;
  const named = instrumentFromNumber(instrument);
  const moved = [underlying.price + partUp(underlying.price, part), underlying.price - partUp(underlying.price, part)].map((price) => {
    const { series } = seriesOf(draft, index, Number(named.series));
    return seriesMarkDown(seriesNow({ ...underlying, price }, series, draft.now), named);
  });
  return max(...(moved.map((value) => abs(value - mark) + 1n) as [bigint, bigint]));
}

/**
 * The price at which a taker receives `lots` and pays `cost` beyond the mark. What does not divide by the lots is a fee, where the vault lets it be one; else
 * the price is rounded against the taker.
 * @param cost WAD, negative: a rebate
 * @param feeMost WAD
 * @example priceOfFill(100n, -3n, 7n, 10n) // { price: 98n, fee: 1n }: gives three at 98, and one more: seven below 300
 */
export function priceOfFill(mark: bigint, lots: bigint, cost: bigint, feeMost: bigint): FillPrice {
  const size = abs(lots);
  const each = floorDivide(cost, size);
  const left = cost - each * size;
  const [beyond, fee] = left > feeMost ? [each + 1n, 0n] : [each, left];
  return { price: lots > 0n ? mark + beyond : mark - beyond, fee };
}

/** Of the price of a fill in a series, ppm, as `trading.ts` has it. */
const SERIES_FEE = 125_000n;

/** The highest fee of a fill near its mark, WAD, rounded down: half of what the vault takes, for the price is not known yet. */
export function feeMostDown({ underlying, instrument, mark, reference }: Market, lots: bigint): bigint {
  const size = abs(lots);
  const most = (size * reference * underlying.trading.feeCap) / PPM;
  return (instrument === 0n ? most : min(most, (size * mark * SERIES_FEE) / PPM)) / 2n;
}
