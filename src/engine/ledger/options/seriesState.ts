import { type SviSlice, sviFromWord } from "../../math/options/svi.ts";
import { varianceFloor } from "../../math/scanRange.ts";
import { largest } from "../../math/variance.ts";
import { revert } from "../../types/errors.ts";
import { floorDivide, max, min, WAD } from "../../types/fixedPoint.ts";
import type { Cause } from "../../types/staleCause.ts";
import type { Series, SeriesSurface, Underlying } from "../../types/types.ts";
import { anchorOf, expiryOf, forwardDown, rangeUp } from "../../words/seriesWord.ts";
import type { Draft } from "../draft.ts";
import { averageFromWord, isSettled, openingOf, settlementDown, stateAt, WINDOW } from "./expiry.ts";
import { causeOf } from "./freshness.ts";

// The twin of contracts/ledger/options/SeriesState.sol, where the rules stand. Times are unix seconds.

/** How long what a feed said holds, seconds. */
export const HOLDS = 3_600n;

/** A feed that is silent longer gives way to the forecast in so many steps of so many seconds. */
export const STEP = 900n;
export const STEPS = 96n;

/** What a refresh keeps of the volatilities of a series: the highest, in 1e-3 a year, and the slide, in 65,535ths: of no slice it is more than the whole. */
export const HIGHEST_UNIT = WAD / 1_000n;
export const SLIDE_UNIT = WAD / 65_535n + 1n;

/** Slices are numbered modulo so many; numbers from there on are of slices that give way to the forecast. */
export const EPOCHS = 2n ** 23n;

const PPB = 10n ** 9n;
const YEAR = 31_536_000n;
/** A variance is in 1e-10 a year. */
const VARIANCE_UNIT = 10n ** 8n;

/** A series as it stands now. */
export interface SeriesNow {
  readonly series: Series;
  readonly steps: bigint; // of the way from the feed to the forecast, 0 to 96
  readonly forecast: bigint; // σ² that it gives way to, 1e-10 a year; 0 while it holds
  readonly forward: bigint; // of a lot, WAD, as an anchor holds it; once settled the settlement price, exactly
  readonly moving: bigint; // the price of a lot that still moves, WAD: all of it before the window, nothing once settled
  readonly varianceTime: bigint; // to settlement, seconds with 18 decimals
  readonly settled: boolean;
}

/**
 * A series at the price of its underlying that stands at `now`.
 * @example seriesNow(underlying, series, state.now).forward
 */
export function seriesNow(underlying: Pick<Underlying, "price" | "sample" | "volatility">, series: Series, now: bigint): SeriesNow {
  const { price, sample, volatility } = underlying;
  const steps = stepsOf(series.surface, now);
  const forecast = steps === 0n ? 0n : largest(sample.fast, sample.slow, varianceFloor(volatility));
  const feed = { series, steps, forecast };
  const live = basisForwardDown(price, series.surface.basis, steps);
  const opening = openingOf(expiryOf(series.word));
  if (now <= opening) {
    const varianceTime = (opening - now + WINDOW / 3n) * WAD;
    return { ...feed, forward: forwardDown(live), moving: live, varianceTime, settled: false };
  }
  const average = averageFromWord(series.average);
  if (isSettled(average, opening, now)) {
    return { ...feed, forward: settlementDown(average, opening, now), moving: 0n, varianceTime: 0n, settled: true };
  }
  const { forward, moving, varianceTime } = stateAt(average, opening, live, now);
  return { ...feed, forward: forwardDown(forward), moving: moving / WINDOW, varianceTime, settled: false };
}

/**
 * How far a feed has given way to the forecast, in steps.
 * @example stepsOf({ published: 0n }, 3_601n) // 1n
 */
export function stepsOf({ published }: Pick<SeriesSurface, "published">, now: bigint): bigint {
  const until = published + HOLDS;
  return now <= until ? 0n : min((now - until - 1n) / STEP + 1n, STEPS);
}

/** price·(1 + basis), the basis (ppb, above −1) fading with the steps, rounded down; at least a unit, for nothing can be priced at nothing. */
export function basisForwardDown(price: bigint, basis: bigint, steps: bigint): bigint {
  const whole = STEPS * PPB;
  return max((price * (whole + basis * (STEPS - steps))) / whole, 1n);
}

/** The scan range of the series where that of the price is `range`, 18 decimals: inside the window less of the forward moves. */
export function seriesRangeUp({ forward, moving }: Pick<SeriesNow, "forward" | "moving">, range: bigint): bigint {
  return moving >= forward ? rangeUp(range) : rangeUp((range * moving + (forward - 1n)) / forward);
}

/** What tells the volatilities that a refresh would price with from others: the number of the slice, and from where it gives way on the forecast. */
export function epochOf({ series, steps, forecast }: Pick<SeriesNow, "series" | "steps" | "forecast">): bigint {
  return steps === 0n ? series.surface.epoch : EPOCHS + (forecast % EPOCHS);
}

/** The slice that holds now, and the seconds that its total variance is for. */
export function sliceNow({ series, steps, forecast }: Pick<SeriesNow, "series" | "steps" | "forecast">): {
  readonly slice: SviSlice;
  readonly span: bigint;
} {
  const slice = sviFromWord(series.slice);
  const { span } = series.surface;
  if (steps === 0n) return { slice, span };
  const flat = (forecast * VARIANCE_UNIT * span) / YEAR;
  const a = floorDivide(slice.a * (STEPS - steps) + flat * steps, STEPS);
  return { slice: { ...slice, a, b: (slice.b * (STEPS - steps)) / STEPS }, span };
}

/**
 * Why the words of a series may not be used to open and to withdraw with.
 * @param range that of the series, 18 decimals
 */
export function stalenessOf(now: SeriesNow, range: bigint, time: bigint): Cause {
  const { word, surface } = now.series;
  const cause = causeOf(word, { forward: now.forward, range, time });
  if (cause !== "none") return cause;
  const { epoch, time: made } = anchorOf(word);
  return epoch === epochOf(now) && stepsOf(surface, made) === now.steps ? "none" : "volatility";
}

/**
 * A series of an underlying.
 * @throws Reverted `UnknownSeries` (underlying, series)
 */
export function seriesOf(draft: Draft, underlying: number, series: number): { readonly underlying: Underlying; readonly series: Series } {
  const found = draft.findUnderlying(underlying);
  const listed = found?.series.get(series);
  if (found === undefined || listed === undefined) revert("UnknownSeries", BigInt(underlying), BigInt(series));
  return { underlying: found, series: listed };
}

/** Puts a series of an underlying in the place of what was there. */
export function setSeries(draft: Draft, index: number, number: number, series: Series): void {
  const underlying = draft.underlying(index);
  draft.setUnderlying(index, { ...underlying, series: new Map(underlying.series).set(number, series) });
}
