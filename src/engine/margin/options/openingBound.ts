import {
  deltaOf,
  grossOptions,
  provisionsUp,
  shortOptionMinimumUp,
  sizeChargeUp,
  spotExposures,
  spotLineOf,
  timeOf,
} from "../../ledger/options/seriesHolding.ts";
import { interMonthSlope, interMonthUp } from "../../math/options/interMonth.ts";
import { linearDown, type SeriesBook, seriesBook } from "../../math/options/riskArray.ts";
import { boundsOf } from "../../math/options/secant.ts";
import { lineInScenarioDown } from "../../math/stress.ts";
import { revert } from "../../types/errors.ts";
import { ceilDivide, floorDivide, max, min, partUp, sum } from "../../types/fixedPoint.ts";
import type { SeriesHolding, UnderlyingHolding } from "../../types/holding.ts";
import { CAUSES } from "../../types/staleCause.ts";
import type { MarginTerms } from "../../types/types.ts";
import { LANES, unitUp } from "../../words/riskWord.ts";
import { vegaBoundsUp } from "./vegaBound.ts";
/** What words say of one underlying at the wider range, WAD, without cash. */
export interface OpeningFigures {
  readonly value: bigint; // a lower bound of V
  readonly surplus: bigint; // a lower bound of V − haircut − IM
}

/** A lower bound of what the stored sides of a book are worth now by their words, at the mark and in each scenario, WAD. */
function storedBounds(book: SeriesBook, series: SeriesHolding, range: bigint): bigint[] {
  const taken = vegaBoundsUp(book, series, range);
  const live = { forward: series.forward, range };
  return boundsOf(book, unitUp(series.anchor.forward), series.anchor, live).map((bound, k) => bound - taken[k]!);
}

/** A series by its words: lower bounds of its values, and between what its dollar delta is. */
function wordBounds(series: SeriesHolding): { readonly values: bigint[]; readonly low: bigint; readonly high: bigint } {
  const range = max(series.targetRange, series.heldRange);
  const book = seriesBook(series.options, series.futures);
  const bounds = storedBounds(book, series, range);
  const opposite = storedBounds({ ...book, longs: book.shorts, shorts: book.longs }, series, range);
  const delta = (gain: bigint, divide: (a: bigint, b: bigint) => bigint): bigint => deltaOf(gain, series, range, book.forwards, divide);
  return {
    values: bounds.map((bound, k) => bound + linearDown(book, series.forward, range, k)),
    low: delta(bounds[3]! + opposite[5]!, floorDivide),
    high: delta(-(opposite[3]! + bounds[5]!), ceilDivide),
  };
}

/**
 * A lower bound of V − haircut − IM of one underlying at the wider range, without cash, by cached words: what the first form of the margin rule tests.
 * V(0) − scan is the least value over the scenarios, so no bound is ever subtracted from another.
 * @returns WAD
 * @throws Reverted `WordsStale` (underlying, series, cause)
 * @example const mayOpen = cash + openingSurplusDown(holding, terms) >= 0n;
 */
export function openingSurplusDown(holding: UnderlyingHolding, terms: MarginTerms): bigint {
  return openingFiguresDown(holding, terms).surplus;
}

/** As `openingSurplusDown`, with what an account with this underlying is worth by the same words. */
export function openingFiguresDown(holding: UnderlyingHolding, terms: MarginTerms): OpeningFigures {
  requireFreshWords(holding);
  const range = max(holding.targetRange, holding.heldRange);
  const line = spotLineOf(holding);
  const priced = holding.series.map(wordBounds);
  const values = Array.from(
    { length: LANES },
    (_, k) => lineInScenarioDown(line, range, k) + sum(priced.map((series) => series.values[k]!)) + holding.settled,
  );
  const worst = values.reduce(min, values[0]! - shortOptionMinimumUp(holding, range));
  const others = provisionsUp(holding, terms.provision) + sizeChargeUp(holding);
  return {
    value: values[0]!,
    surplus: worst - holding.haircut - interMonthBoundUp(holding, priced, terms.interMonth) - others,
  };
}

/**
 * A lower bound of what the options of one underlying are worth together by cached words, settled ones apart, WAD.
 * @throws Reverted `WordsStale`
 */
export function optionMarksDown(holding: UnderlyingHolding): bigint {
  requireFreshWords(holding);
  return sum(holding.series.map((series) => wordBounds(series).values[0]! - series.futures * series.forward));
}

/** @throws Reverted `WordsStale` (underlying, series, cause as in `StaleCause`) */
export function requireFreshWords({ stale }: UnderlyingHolding): void {
  if (stale !== undefined) revert("WordsStale", stale.underlying, stale.series, BigInt(CAUSES.indexOf(stale.cause)));
}

/** The charge at the middle of what each delta can be, and for the rest the most that an error can change. */
function interMonthBoundUp(
  holding: UnderlyingHolding,
  priced: readonly { readonly low: bigint; readonly high: bigint }[],
  interMonth: bigint,
): bigint {
  const exposures = [
    ...spotExposures(holding),
    ...holding.series.map((series, i) => ({ tenor: timeOf(series), delta: floorDivide(priced[i]!.low + priced[i]!.high, 2n) })),
  ];
  // one instrument alone hedges nothing
  if (exposures.length < 2) return 0n;
  const error = sum(priced.map(({ low, high }, i) => (grossOptions(holding.series[i]!) === 0n ? 0n : (high - low + 3n) / 2n)));
  return interMonthUp(exposures, interMonth) + partUp(error, interMonthSlope(exposures, interMonth));
}
