import { FUNDING_PROVISION } from "../../math/charges.ts";
import { logMoneynessOf } from "../../math/options/black76.ts";
import type { Exposure } from "../../math/options/interMonth.ts";
import { SHORT_OPTION_PART, stepDown, weightDown } from "../../math/options/optionStress.ts";
import { impliedDown } from "../../math/options/svi.ts";
import { abs, divUp, fromPpb, max, partUp, sum, WAD } from "../../types/fixedPoint.ts";
import type { OptionHolding, SeriesHolding, StaleWords, UnderlyingHolding } from "../../types/holding.ts";
import { type Instrument, instrumentFromNumber, isFuture } from "../../types/instrument.ts";
import type { Book, Series, SeriesPosition, Underlying } from "../../types/types.ts";
import { anchorOf, expiryOf, strikeOf } from "../../words/seriesWord.ts";
import { payoffOf } from "./expiry.ts";
import { varianceSeconds } from "./freshness.ts";
import { HIGHEST_UNIT, type SeriesNow, SLIDE_UNIT, seriesNow, seriesRangeUp, sliceNow, stalenessOf } from "./seriesState.ts";

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

/** Whole seconds of variance time to the settlement of a series. */
export const timeOf = ({ varianceTime }: SeriesHolding): bigint => varianceTime / WAD;

/** What is linear in the price and not of a series: perpetual and collateral, WAD. */
export function spotLineOf(holding: UnderlyingHolding): bigint {
  return holding.lots * holding.price + holding.collateral;
}

/**
 * The least that short options need, WAD, rounded up: what the sixteen scenarios do not see because it is too far away.
 * A lot weighs `m·F·min(1, F/K)` as a call and `m·min(F, K)` as a put, m a quarter of the range. Long lots of the same right count against short
 * ones at their own weight, so a spread, a condor or a calendar is a hedge; so do a long line for calls and a short one for puts. What expires covers
 * nothing that outlives it: from the last expiry to the first, what is short so far counts against what is long so far, and the largest of these sums is
 * what is naked. Perpetual and collateral never expire and stand behind all. The price can only go one way: the larger of the two sides counts.
 */
export function shortOptionMinimumUp(holding: UnderlyingHolding, range: bigint): bigint {
  let [calls, puts, naked] = [0n, 0n, 0n];
  let line = spotLineOf(holding);
  const latestFirst = [...holding.series].sort((a, b) => Number(b.expiry - a.expiry));
  for (const [i, { expiry, forward, futures, options }] of latestFirst.entries()) {
    line += futures * forward;
    for (const { isCall, strike, lots } of options) {
      const weight = weightDown(isCall, strike, forward, lots);
      if (isCall) calls += weight;
      else puts += weight;
    }
    // what expires at one time covers each other
    if (latestFirst[i + 1]?.expiry !== expiry) naked = [naked, -calls - max(line, 0n), -puts - max(-line, 0n)].reduce(max);
  }
  return divUp(naked * range, SHORT_OPTION_PART * WAD);
}

/** Perpetual and collateral as exposures: two instruments, so a hedge of one by the other is charged. */
export function spotExposures(holding: UnderlyingHolding): Exposure[] {
  return [holding.lots * holding.price, holding.collateral].filter((delta) => delta !== 0n).map((delta) => ({ tenor: 0n, delta }));
}

/** Lots of options of a series, longs and shorts. */
export const grossOptions = ({ options }: SeriesHolding): bigint => sum(options.map(({ lots }) => abs(lots)));

/** What an account holds in series, longs and shorts, at their forwards, WAD. */
export function grossOfSeries({ series }: Pick<UnderlyingHolding, "series">): bigint {
  return sum(series.map((each) => (abs(each.futures) + grossOptions(each)) * each.forward));
}

/** Eight hours of the highest funding, and what it costs to trade out of everything, WAD, rounded up. */
export function provisionsUp(holding: UnderlyingHolding, provision: bigint): bigint {
  const perpetual = abs(holding.lots) * holding.price;
  const dated = grossOfSeries(holding);
  return partUp(perpetual, FUNDING_PROVISION) + partUp(perpetual + holding.collateral + dated, provision);
}

/** The charge for size, WAD, rounded up: the notional times its share of the depth, for the perpetual and for each series. */
export function sizeChargeUp(holding: UnderlyingHolding): bigint {
  const charge = (lots: bigint, price: bigint, depth: bigint): bigint => (lots === 0n ? 0n : divUp(lots * lots * price, depth));
  return (
    charge(abs(holding.lots), holding.price, holding.depth) +
    sum(holding.series.map((series) => charge(abs(series.futures) + grossOptions(series), series.forward, series.depth)))
  );
}

/** The dollar delta from what stored sides gain between −r/3 and +r/3 with volatility up, WAD: of the price, so only what still moves counts. */
export function deltaOf(
  gain: bigint,
  { forward, moving }: SeriesHolding,
  range: bigint,
  forwards: bigint,
  divide: (a: bigint, b: bigint) => bigint,
): bigint {
  return divide(gain * moving, max(20n * stepDown(forward, range), 1n)) + forwards * moving;
}
