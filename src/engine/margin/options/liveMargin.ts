import {
  deltaOf,
  provisionsUp,
  shortOptionMinimumUp,
  sizeChargeUp,
  spotExposures,
  spotLineOf,
  timeOf,
} from "../../ledger/options/seriesHolding.ts";
import { interMonthUp } from "../../math/options/interMonth.ts";
import { ALL_LANES, scenarioValuesDown } from "../../math/options/optionStress.ts";
import { linearDown, type SeriesBook, seriesBook, worstOfValues } from "../../math/options/riskArray.ts";
import { lotsPartUp } from "../../math/slice.ts";
import { lineInScenarioDown } from "../../math/stress.ts";
import { floorDivide, max, sum } from "../../types/fixedPoint.ts";
import type { SeriesHolding, UnderlyingHolding } from "../../types/holding.ts";
import type { MarginTerms } from "../../types/types.ts";
import { storesCall } from "../../words/riskWord.ts";

// Margin of options, dated futures, perpetual and collateral on one underlying; docs/margin.md has every formula with its reason.

/** The age at which words are stale: the lesser of 15 minutes and a fiftieth of the time to expiry. */
export const OLDEST_WORD = 900n;
export const OLDEST_WORD_PART = 50n;
const MARK = [0];

/** The margin of one underlying in parts, WAD, priced live; each part rounded up. */
export interface UnderlyingMargin {
  readonly value: bigint; // V of the underlying, without cash, rounded down
  readonly scan: bigint;
  readonly scenario: bigint; // the first with the largest loss; 0 where nothing loses
  readonly losses: readonly bigint[]; // in each scenario, 0 to 16; negative: a gain
  readonly shortOptionMinimum: bigint;
  readonly interMonth: bigint;
  readonly provisions: bigint;
  readonly sizeCharge: bigint;
  readonly total: bigint; // IM
}

/** A series whose options have changed to the side that is out of the money now, so that their parity can be taken from the live forward. */
function liveBook({ options, futures, forward }: SeriesHolding): SeriesBook {
  const sides = options.map((option) => ({ ...option, word: storesCall(forward, option.strike) ? 1n << 255n : 0n }));
  return seriesBook(sides, futures);
}

/** What the stored sides of the options of a series are worth in each of `lanes`, WAD, rounded down. */
function storedValuesDown(series: SeriesHolding, lanes: readonly number[]): bigint[] {
  const place = { forward: series.forward, range: series.heldRange };
  const stored = lanes.map(() => 0n);
  for (const { strike, volatility, lots } of series.options) {
    const values = scenarioValuesDown(storesCall(series.forward, strike), strike, volatility, place, series.varianceTime, lanes);
    values.forEach((value, i) => {
      // a short owes what the rounding down left out
      stored[i]! += lots < 0n ? lots * (value + 1n) : lots * value;
    });
  }
  return stored;
}

/** The values of a series at the mark and in the scenarios, WAD, rounded down, and its dollar delta, priced now. */
function livePrices(series: SeriesHolding): { readonly values: readonly bigint[]; readonly delta: bigint } {
  const range = series.heldRange;
  const stored = storedValuesDown(series, ALL_LANES);
  const book = liveBook(series);
  return {
    values: stored.map((value, k) => value + linearDown(book, series.forward, range, k)),
    delta: deltaOf(stored[3]! - stored[5]!, series, range, book.forwards, floorDivide),
  };
}

/**
 * The margin of one underlying priced anew at the held range: what MM, health, slices and liquidation use.
 * @example
 * const { value, total } = liveMargin(holding, termsAt(state.margin, state.now));
 */
export function liveMargin(holding: UnderlyingHolding, terms: MarginTerms): UnderlyingMargin {
  const range = holding.heldRange;
  const line = spotLineOf(holding);
  const priced = holding.series.map(livePrices);
  const valueIn = (k: number): bigint => lineInScenarioDown(line, range, k) + sum(priced.map(({ values }) => values[k]!)) + holding.settled;
  const values = ALL_LANES.map(valueIn);
  const value = values[0]!;
  const { loss: scan, scenario } = worstOfValues(values);
  const losses = values.map((each) => value - each);
  const exposures = holding.series.map((series, i) => ({ tenor: timeOf(series), delta: priced[i]!.delta }));
  const shortOptionMinimum = shortOptionMinimumUp(holding, range);
  const interMonth = interMonthUp([...spotExposures(holding), ...exposures], terms.interMonth);
  const provisions = provisionsUp(holding, terms.provision);
  const sizeCharge = sizeChargeUp(holding);
  const total = max(scan, shortOptionMinimum) + interMonth + provisions + sizeCharge;
  return { value, scan, scenario: BigInt(scenario), losses, shortOptionMinimum, interMonth, provisions, sizeCharge, total };
}

/**
 * What an account that sells a part of everything has left of its series: the part of each position that goes is rounded up to whole lots, and is all of it
 * where fewer than `least` lots would be left.
 * @param part 18 decimals
 * @param spot lots, collateral and its haircut: what it has left of perpetual and collateral
 */
export function withoutPart(
  holding: UnderlyingHolding,
  part: bigint,
  spot: Pick<UnderlyingHolding, "lots" | "collateral" | "haircut">,
  least = 0n,
): UnderlyingHolding {
  return withLots(holding, spot, (held) => held - lotsPartUp(held, part, least));
}

/** As `withoutPart`, but what is sold. */
export function partOf(
  holding: UnderlyingHolding,
  part: bigint,
  spot: Pick<UnderlyingHolding, "lots" | "collateral" | "haircut">,
  least: bigint,
): UnderlyingHolding {
  return withLots(holding, spot, (held) => lotsPartUp(held, part, least));
}

function withLots(
  holding: UnderlyingHolding,
  { lots, collateral, haircut }: Pick<UnderlyingHolding, "lots" | "collateral" | "haircut">,
  of: (held: bigint) => bigint,
): UnderlyingHolding {
  const series = holding.series.map((each) => ({
    ...each,
    futures: of(each.futures),
    options: each.options.map((option) => ({ ...option, lots: of(option.lots) })),
  }));
  return { ...holding, lots, collateral, haircut, series };
}

/** What options and dated futures of one underlying are worth, priced live at the mark, settled ones apart, WAD, rounded down. */
export function seriesValueDown({ series }: Pick<UnderlyingHolding, "series">): bigint {
  return sum(series.map((each) => storedValuesDown(each, MARK)[0]! + linearDown(liveBook(each), each.forward, each.heldRange, 0)));
}
