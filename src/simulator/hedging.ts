import { namedInstrument } from "../engine/ledger/market.ts";
import { abs } from "../engine/types/fixedPoint.ts";
import { instrumentFromNumber, isFuture } from "../engine/types/instrument.ts";
import { NORMAL, type State } from "../engine/types/types.ts";
import { expiryOf } from "../engine/words/seriesWord.ts";
import { deltaOf } from "./marks.ts";
import type { SizedOptionTrader } from "./optionTraders.ts";

// Books of options whose delta is traded away with the perpetual or the dated future, again and again.

/** A book of options beside what hedges it, in lots of the underlying. */
export type HedgedBook = {
  /** Delta of the options, signed. */
  readonly options: bigint;
  /** Delta of what hedges them, signed. */
  readonly hedge: bigint;
  /** Lots of options, longs and shorts. */
  readonly gross: bigint;
};

/** The deltas of a trader that hedges. @param delta of an instrument, 18 decimals */
export function hedgedBook(state: State, { account, hedge }: SizedOptionTrader, delta: (instrument: bigint) => bigint): HedgedBook {
  const held = state.accounts.get(account);
  const underlying = Number((hedge ?? 0n) & 0xffn);
  const perpetual = held?.positions.get(underlying)?.lots ?? 0n;
  let [options, hedging, gross] = [0n, perpetual * delta(BigInt(underlying)), 0n];
  for (const { instrument, lots } of held?.series.get(underlying) ?? []) {
    const moved = lots * delta(namedInstrument(underlying, instrument));
    if (isFuture(instrumentFromNumber(instrument))) hedging += moved;
    else {
      options += moved;
      gross += abs(lots);
    }
  }
  return { options: options / 10n ** 18n, hedge: hedging / 10n ** 18n, gross };
}

/** Deltas of a state, each priced once. */
export function deltasOf(state: State): (instrument: bigint) => bigint {
  const known = new Map<bigint, bigint>();
  return (instrument) => {
    const before = known.get(instrument);
    if (before !== undefined) return before;
    const delta = deltaOf(state, instrument);
    known.set(instrument, delta);
    return delta;
  };
}

function hasExpired({ now, underlyings }: State, instrument: bigint): boolean {
  if (instrument <= 0xffn) return false;
  const word = underlyings[Number(instrument & 0xffn)]?.series.get(Number(instrument >> 16n))?.word ?? 0n;
  return now >= expiryOf(word);
}

/** Lots of the instrument that it hedges with that a trader buys, or negative, sells. */
export type Hedge = { readonly trader: SizedOptionTrader; readonly instrument: bigint; readonly lots: bigint };

/** A book hedges again once its delta is off by this part of its options. */
const TOLERATED = 25n;

/**
 * Who hedges again now, and how much of it: those whose delta is off by more than a twenty-fifth of their options, and those whose options are gone. Pure.
 * @example planHedges(state, traders.filter(({ hedge }) => hedge !== undefined))
 */
export function planHedges(state: State, traders: readonly SizedOptionTrader[]): Hedge[] {
  const delta = deltasOf(state);
  return traders.flatMap((trader): Hedge[] => {
    const instrument = trader.hedge;
    if (instrument === undefined || state.underlyings[Number(instrument & 0xffn)]?.priceState !== NORMAL) return [];
    const own = delta(instrument);
    // a future that has expired is not traded, and pays by itself
    if (own === 0n || hasExpired(state, instrument)) return [];
    const { options, hedge, gross } = hedgedBook(state, trader, delta);
    const off = options + hedge;
    if (abs(off) * TOLERATED <= gross) return [];
    const lots = (-off * 10n ** 18n) / own;
    return lots === 0n ? [] : [{ trader, instrument, lots }];
  });
}
