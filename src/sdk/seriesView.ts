import { strikesOf } from "../engine/actions/series.ts";
import { namedInstrument } from "../engine/ledger/market.ts";
import { seriesNow, seriesRangeUp, stalenessOf } from "../engine/ledger/options/seriesState.ts";
import { fromPpb, max } from "../engine/types/fixedPoint.ts";
import { instrumentNumber, STRIKE_ZERO } from "../engine/types/instrument.ts";
import { expiryOf } from "../engine/words/seriesWord.ts";
import { atTheMoney, type OptionFigures, optionFigures } from "./optionFigures.ts";
import { seriesName } from "./series.ts";
import type { VaultView } from "./vaultView.ts";

/** One strike of an option chain. */
export type ChainRow = {
  /** Of a lot, WAD. */
  readonly strike: bigint;
  readonly call: OptionFigures & { readonly instrument: bigint };
  readonly put: OptionFigures & { readonly instrument: bigint };
};

/** A series as it stands now. */
export type ListedSeries = {
  readonly underlying: number;
  readonly number: number;
  /** That of its dated future. */
  readonly name: string;
  /** Unix seconds. */
  readonly expiry: bigint;
  /** Of a lot, WAD; undefined without a slice. */
  readonly forward: bigint | undefined;
  /** At the money, a year, 18 decimals. */
  readonly volatility: bigint | undefined;
  readonly future: bigint;
  readonly settled: boolean;
  /** Why nothing of it can be opened now, undefined where it can. */
  readonly stale: string | undefined;
  /** Lots held long. */
  readonly openInterest: bigint;
  /** By strike; empty without a slice, and once settled. */
  readonly rows: () => readonly ChainRow[];
};

/**
 * The series of an underlying, the next to expire first.
 * @example
 * const view = await readVault({ rpc, record });
 * const [next] = seriesIn(view, 0);
 * next!.rows().every(({ call, put }) => call.delta >= 0 && put.delta <= 0) // true
 */
export function seriesIn({ state, listed }: VaultView, underlying: number): ListedSeries[] {
  const own = state.underlyings[underlying];
  if (own === undefined || own.price === 0n) return [];
  return [...own.series]
    .map(([number, series]): ListedSeries => {
      const live = seriesNow(own, series, state.now);
      const bare = series.surface.published === 0n;
      const range = seriesRangeUp(live, fromPpb(max(own.targetRange, own.heldRange)));
      const cause = live.settled || bare ? "none" : stalenessOf(live, range, state.now);
      const of = (index: bigint, isCall: boolean): bigint =>
        namedInstrument(underlying, instrumentNumber({ series: BigInt(number), index, isCall }));
      return {
        underlying,
        number,
        name: seriesName(listed, { underlying, series: number }),
        expiry: expiryOf(series.word),
        forward: bare && !live.settled ? undefined : live.forward,
        volatility: atTheMoney(own, series, state.now),
        future: of(STRIKE_ZERO, true),
        settled: live.settled,
        stale: live.settled ? "settled" : bare ? "no volatilities yet" : cause === "none" ? undefined : cause,
        openInterest: series.surface.openInterest / 2n,
        rows: () =>
          live.settled || bare
            ? []
            : strikesOf(series.word).map((strike, i) => {
                const figures = (isCall: boolean) => ({
                  ...optionFigures(live, { series: BigInt(number), index: BigInt(i), isCall }),
                  instrument: of(BigInt(i), isCall),
                });
                return { strike, call: figures(true), put: figures(false) };
              }),
      };
    })
    .sort((a, b) => Number(a.expiry - b.expiry));
}
