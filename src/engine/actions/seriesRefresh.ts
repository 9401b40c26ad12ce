import { logMoneynessOf, rootOf, totalVolatilityOf, undiscounted } from "../math/options/black76.ts";
import { dampedDown, forwardAt, rowOf } from "../math/options/optionStress.ts";
import { impliedDown, type SviSlice, sviFromWord } from "../math/options/svi.ts";
import { volatilityRows } from "../math/options/volatilityShock.ts";
import { WAD } from "../types/fixedPoint.ts";
import { LANES, packDown, storesCall, unitUp } from "../words/riskWord.ts";
import { forwardDown, rangeUp, refreshedSeries, strikeCountOf, strikeOf } from "../words/seriesWord.ts";

/** What a series is priced with; bit for bit `SeriesQuote`. */
export interface SeriesQuote {
  readonly forward: bigint; // of a lot, WAD; inside the settlement window the one of Expiry
  readonly range: bigint; // scan range, 18 decimals; inside the window the one of Expiry
  readonly slice: bigint; // SviWord
  readonly span: bigint; // seconds of variance time that the slice's total variance is for
  readonly varianceTime: bigint; // from now to settlement, seconds with 18 decimals
}

/** As `SeriesQuote`, where the slice is none that a word holds: one that gives way to the forecast. */
export interface SliceQuote extends Omit<SeriesQuote, "slice"> {
  readonly slice: SviSlice;
}

/**
 * The risk words of all strikes of a series, by index, and the word of the series after it; the twin of `SeriesRefresh.refreshed`.
 * @param epoch of the slice
 * @throws Reverted `LaneSaturated` or `SafeCastOverflowedUintDowncast`
 */
export function refreshSeries(seriesWord: bigint, quote: SeriesQuote, time: bigint, epoch: bigint): RefreshedSeries {
  return refreshedWords(seriesWord, { ...quote, slice: sviFromWord(quote.slice) }, time, epoch);
}

/** The risk words of all strikes, by index, and the word of the series. */
export interface RefreshedSeries {
  readonly words: readonly bigint[];
  readonly next: bigint;
}

/** As `refreshSeries`, by a slice that is unpacked. */
export function refreshedWords(seriesWord: bigint, quote: SliceQuote, time: bigint, epoch: bigint): RefreshedSeries {
  const [forward, range] = [forwardDown(quote.forward), rangeUp(quote.range)];
  const next = refreshedSeries(seriesWord, { forward, time, range, epoch });
  const scenarios = Array.from({ length: LANES }, (_, scenario) => {
    const moved = forwardAt(forward, range, BigInt(scenario));
    return { moved, log: moved === forward ? 0n : logMoneynessOf(moved, forward), row: rowOf(BigInt(scenario)) };
  });
  const [slice, unit, root] = [quote.slice, unitUp(forward), rootOf(quote.varianceTime)];
  const words = Array.from({ length: Number(strikeCountOf(seriesWord)) }, (_, index) => {
    const strike = strikeOf(seriesWord, BigInt(index));
    const call = storesCall(forward, strike);
    const x = logMoneynessOf(forward, strike);
    const rows = volatilityRows(impliedDown(slice, -x, quote.span), quote.varianceTime / WAD);
    const values = scenarios.map(({ moved, log, row }) => {
      const prices = undiscounted(moved, strike, x + log, totalVolatilityOf(rows[row], root));
      return call ? prices.call : prices.put;
    });
    const lanes = values.map((value, scenario) => (scenario < 15 ? value : dampedDown(values[0] ?? 0n, value)));
    return packDown(lanes, unit, call);
  });
  return { words, next };
}
