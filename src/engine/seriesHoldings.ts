import { logMoneynessOf } from "./black76.ts";
import { payoffOf } from "./expiry.ts";
import { fromPpb, max } from "./fixedPoint.ts";
import { varianceSeconds } from "./freshness.ts";
import { type Instrument, instrumentFromNumber, isFuture } from "./instrument.ts";
import type { OptionHolding, SeriesHolding, StaleWords, UnderlyingHolding } from "./portfolioMargin.ts";
import { impliedDown } from "./seriesRefresh.ts";
import { HIGHEST_UNIT, type SeriesNow, SLIDE_UNIT, seriesNow, seriesRangeUp, sliceNow, stalenessOf } from "./seriesState.ts";
import { anchorOf, expiryOf, strikeOf } from "./seriesWord.ts";
import type { Book, Series, SeriesPosition, Underlying } from "./types.ts";

/** A position with its instrument taken apart. */
interface Held {
  readonly instrument: Instrument;
  readonly lots: bigint;
  readonly entryCost: bigint;
}

/**
 * What an account holds on one underlying, as margin is computed from it.
 * @param book the perpetual and the collateral
 * @param positions in series, in the order of their places
 * @example holdingOf(underlying, book, account.series.get(0) ?? [], state.now).series.length
 */
export function holdingOf(underlying: Underlying, book: Book, positions: readonly SeriesPosition[], now: bigint): UnderlyingHolding {
  const { lots, price, depth, collateral, haircut, heldRange, targetRange } = book;
  const held = positions.map(
    ({ instrument, lots, entryCost = 0n }): Held => ({ instrument: instrumentFromNumber(instrument), lots, entryCost }),
  );
  const series: SeriesHolding[] = [];
  let settled = 0n;
  let futuresCost = 0n;
  let stale: StaleWords | undefined;
  for (const number of new Set(held.map(({ instrument }) => instrument.series))) {
    const live = seriesNow(underlying, listedOf(underlying, number), now);
    const own = held.filter(({ instrument }) => instrument.series === number);
    if (live.settled) {
      settled += own.reduce((sum, each) => sum + each.lots * payoffOf(each.instrument, live.series.word, live.forward), 0n);
      continue;
    }
    futuresCost += own.reduce((sum, { entryCost }) => sum + entryCost, 0n);
    const holding = seriesHoldingOf(underlying, live, own);
    const cause = stalenessOf(live, max(holding.targetRange, holding.heldRange), now);
    if (cause !== "none") stale ??= { underlying: book.underlying, series: number, cause };
    series.push(holding);
  }
  return { lots, price, depth, collateral, haircut, heldRange, targetRange, series, settled, futuresCost, stale };
}

function listedOf({ series }: Underlying, number: bigint): Series {
  const listed = series.get(Number(number));
  if (listed === undefined) throw new RangeError(`positions in no series ${number}`);
  return listed;
}

function seriesHoldingOf(underlying: Underlying, live: SeriesNow, held: readonly Held[]): SeriesHolding {
  const { series, forward, moving, varianceTime } = live;
  const { word, surface } = series;
  const anchor = anchorOf(word);
  const futures = held.filter(({ instrument }) => isFuture(instrument)).reduce((sum, { lots }) => sum + lots, 0n);
  const { slice, span } = sliceNow(live);
  const options = held
    .filter(({ instrument }) => !isFuture(instrument))
    .map(({ instrument: { index, isCall }, lots }): OptionHolding => {
      const strike = strikeOf(word, index);
      const volatility = impliedDown(slice, -logMoneynessOf(forward, strike), span);
      return { isCall, strike, lots, word: series.risks[Number(index)] ?? 0n, volatility };
    });
  return {
    expiry: expiryOf(word),
    forward,
    moving,
    varianceTime,
    heldRange: seriesRangeUp(live, fromPpb(underlying.heldRange)),
    targetRange: seriesRangeUp(live, fromPpb(underlying.targetRange)),
    slide: surface.slide * SLIDE_UNIT,
    anchor: {
      forward: anchor.forward,
      range: anchor.range,
      time: varianceSeconds(anchor.time, expiryOf(word)),
      volatility: surface.highest * HIGHEST_UNIT,
    },
    futures,
    options,
    depth: surface.depth,
  };
}
