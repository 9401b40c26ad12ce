import { type Instrument, instrumentFromNumber, isFuture } from "../types/instrument.ts";
import { expiryOf, strikeOf } from "../words/seriesWord.ts";

export type Right = "perpetual" | "future" | "call" | "put";

/** What an instrument is: what orders sign. The number by which fills name it is handed out again when its series has settled. */
export interface Terms {
  readonly underlying: bigint; // its index, which stands for nothing else ever
  readonly right: Right;
  readonly expiry: bigint; // unix seconds, 0 of a perpetual
  readonly strike: bigint; // of a lot, WAD, 0 of what is no option
}

/**
 * What the number of an instrument stands for.
 * @param named as fills and orders have it
 * @param word SeriesWord of its series; of a perpetual it is not asked for
 * @example termsOf(0x010700n, word) // { underlying: 0n, right: "call", expiry: 1798185600n, strike: … }
 */
export function termsOf(named: bigint, word: bigint): Terms {
  const underlying = BigInt.asUintN(8, named);
  if (named >> 8n === 0n) return { underlying, right: "perpetual", expiry: 0n, strike: 0n };
  const instrument = instrumentFromNumber(named >> 8n);
  const right = rightOf(instrument);
  return { underlying, right, expiry: expiryOf(word), strike: right === "future" ? 0n : strikeOf(word, instrument.index) };
}

export function sameTerms(a: Terms, b: Terms): boolean {
  return a.underlying === b.underlying && a.right === b.right && a.expiry === b.expiry && a.strike === b.strike;
}

function rightOf(instrument: Instrument): Right {
  if (isFuture(instrument)) return "future";
  return instrument.isCall ? "call" : "put";
}
