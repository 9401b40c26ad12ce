import { type Draft, type EngineEvent, type Outcome, transact } from "../ledger/draft.ts";
import { averageFromWord, averageWord, countsOf, isSettled, observed, openingOf, settlementDown } from "../ledger/options/expiry.ts";
import { varianceSeconds } from "../ledger/options/freshness.ts";
import {
  basisForwardDown,
  EPOCHS,
  epochOf,
  HIGHEST_UNIT,
  SLIDE_UNIT,
  seriesNow,
  seriesOf,
  seriesRangeUp,
  setSeries,
  sliceNow,
} from "../ledger/options/seriesState.ts";
import { logMoneynessOf, rootOf, totalVolatilityOf, undiscounted } from "../math/options/black76.ts";
import { dampedDown, forwardAt } from "../math/options/optionStress.ts";
import { agedDown, impliedDown, requireFree, requireRising, type SviSlice, volatilityDown } from "../math/options/svi.ts";
import { shockedUp, shockFactor } from "../math/options/volatilityShock.ts";
import { SKEW } from "../math/priceGuard.ts";
import { revert, toSigned, toUnsigned } from "../types/errors.ts";
import { abs, divUp, fromPpb, max, min, WAD } from "../types/fixedPoint.ts";
import { squareRootDown } from "../types/squareRoot.ts";
import { NORMAL, type Series, type SeriesSurface, type State, type Underlying } from "../types/types.ts";
import { LARGEST_LANE, unitUp } from "../words/riskWord.ts";
import {
  anchorOf,
  type SeriesListing as Expiries,
  expiryOf,
  forwardDown,
  listedSeries,
  rangeUp,
  strikeCountOf,
  strikeOf,
} from "../words/seriesWord.ts";
import { refreshedWords } from "./seriesRefresh.ts";

// What becomes of a series: listing, slices, refreshes, the prices that it settles on, settlement.

/** What governance lists; the struct `SeriesListing`. */
export interface SeriesListing extends Expiries {
  readonly series: bigint; // its number, 1–255
  readonly depth: bigint; // lots
  readonly volatilityCap: bigint; // percent a year
}

/** What a volatility source says; the struct `Report` of IVolatilitySource. */
export interface VolatilityReport {
  readonly sliceWord: bigint; // SviWord: total variance from the publish time to settlement
  readonly basis: bigint; // forward over price, less one, signed ppb
  readonly publishTime: bigint; // unix seconds, 0: nothing is known
}

const DAY = 86_400n;
const YEAR = 365n * DAY;
/** From the expiry of a series until its number may be another's: what was sent or noted for the old one has come to rest by then. */
const REST = 86_400n;
const SHORTEST = DAY;
const LONGEST = 730n * DAY + 3_600n;

/** Strikes are within a twentieth and twenty times the price. */
const FARTHEST_STRIKE = 20n;

const LEAST_CAP = 10n;
const MOST_CAP = 500n;
const PERCENT = WAD / 100n;

/** A basis is within 0.5 % and 25 % more for each year to expiry, ppb. */
const BASIS = 5_000_000n;
const BASIS_OF_A_YEAR = 250_000_000n;

/** A refresh is made for a range that is by one part in so many wider. */
const RANGE_ROOM = 200n;

/** ln(1/0.995), 18 decimals, rounded up: as far as the forward moves along the slice while words hold. */
export const SLIDE_REACH = 5_012_542_000_000_000n;

/** How old a slice may be that is posted, seconds. What a feed said holds for an hour, but whoever posts must not choose among an hour of slices. */
export const OLDEST_SLICE = 120n;

/** The most slices that are posted together. */
export const MOST_SLICES = 8n;

/** Prices of 18 decimals are within one part in so many of the forward and the strike. */
const PRECISION = 2n ** 40n;

/** Most strikes in series of all underlyings that are not settled; a series counts as its strikes and some more. */
export const MOST_STRIKES = 340n;
export const OF_A_SERIES = 4n;

/** The strikes of a series as prices of a lot, WAD, by index. */
export function strikesOf(word: bigint): bigint[] {
  return Array.from({ length: Number(strikeCountOf(word)) }, (_, index) => strikeOf(word, BigInt(index)));
}

/** The log-moneyness ln(K/F) of each strike, 18 decimals. */
function moneynessOf(word: bigint, forward: bigint): bigint[] {
  return strikesOf(word).map((strike) => -logMoneynessOf(forward, strike));
}

// ---------------------------------------------------------------- listing

/**
 * Lists a series; its number may have been that of one that is settled and held by nobody.
 * @throws Reverted `UnknownUnderlying`, `UnknownSeries` (number 0), `SeriesTaken`, `SeriesRests`, `ExpiryOutOfBounds`, `TooManyStrikes`, `StrikeOutOfBounds`, `DepthZero`,
 * `VolatilityCapOutOfBounds`, `SeriesCouldSaturate` and what `listedSeries` refuses
 * @example listSeries(state, 0, { series: 1n, expiry: state.now + 2_592_000n, base: 24n, step: 2n, decimals: 17n, count: 10n, depth: 1_000_000n, volatilityCap: 150n })
 */
export function listSeries(state: State, underlying: number, listing: SeriesListing): Outcome {
  return transact(state, (draft) => listSeriesOn(draft, underlying, listing));
}

/** As `listSeries`, on a draft. */
export function listSeriesOn(draft: Draft, index: number, listing: SeriesListing): void {
  const { series: number, expiry, depth, volatilityCap } = listing;
  const underlying = draft.findUnderlying(index);
  if (underlying === undefined) revert("UnknownUnderlying", BigInt(index));
  if (number === 0n) revert("UnknownSeries", BigInt(index), number);
  const former = underlying.series.get(Number(number));
  if (former !== undefined) requireVacant(draft, index, number, former);
  const [least, most] = [draft.now + SHORTEST, draft.now + LONGEST];
  if (expiry < least || expiry > most) revert("ExpiryOutOfBounds", expiry, least, most);
  const word = listedSeries(listing);
  requireRoom(draft, listing.count, former);
  const [lowest, highest] = [divUp(underlying.price, FARTHEST_STRIKE), underlying.price * FARTHEST_STRIKE];
  for (const strike of strikesOf(word)) {
    if (strike < lowest || strike > highest) revert("StrikeOutOfBounds", strike, lowest, highest);
  }
  if (depth === 0n) revert("DepthZero");
  if (volatilityCap < LEAST_CAP || volatilityCap > MOST_CAP) revert("VolatilityCapOutOfBounds", volatilityCap, LEAST_CAP, MOST_CAP);
  const widest = fromPpb(underlying.volatility.rangeCap);
  requireLanesFit(forwardDown(underlying.price), widest, volatilityCap * PERCENT, varianceSeconds(draft.now, expiry));

  setSeries(draft, index, Number(number), {
    word,
    slice: 0n,
    surface: { ...NO_SURFACE, depth: toUnsigned(40, depth), volatilityCap },
    average: 0n,
    // nobody reads risk words before the first refresh
    risks: former?.risks ?? [],
    listed: true,
  });
  draft.emit("SeriesListed", { underlying: BigInt(index), series: number, word });
}

const NO_SURFACE: SeriesSurface = {
  basis: 0n,
  published: 0n,
  span: 0n,
  epoch: 0n,
  highest: 0n,
  slide: 0n,
  depth: 0n,
  openInterest: 0n,
  volatilityCap: 0n,
};

/** What the fund's accounts may hold has to be priced in one transaction. `former` has had the number and is settled. */
function requireRoom(draft: Draft, count: bigint, former: Series | undefined): void {
  const all = draft.base.underlyings.flatMap((_, index) => [...draft.underlying(index).series.values()]);
  const present = all.filter((each) => each.listed && each !== former).map(({ word }) => strikeCountOf(word));
  const listed = [...present, count].reduce((sum, strikes) => sum + strikes + OF_A_SERIES, 0n);
  if (listed > MOST_STRIKES) revert("TooManyStrikes", listed, MOST_STRIKES);
}

/** The number of a series may be listed anew a day after its expiry, when it has settled and nobody holds it. */
function requireVacant(draft: Draft, index: number, number: bigint, former: Series): void {
  const { word, average, surface, listed } = former;
  const stands = isSettled(averageFromWord(average), openingOf(expiryOf(word)), draft.now);
  if (!stands || surface.openInterest !== 0n) revert("SeriesTaken", BigInt(index), number, surface.openInterest);
  const from = expiryOf(word) + REST;
  if (draft.now < from) revert("SeriesRests", BigInt(index), number, from);
  if (!listed) return;
  const events: EngineEvent[] = [];
  settledWith(former, BigInt(index), number, draft.now, events);
  for (const event of events) draft.emit(event.name, event.values);
}

/** The scan range that words are made with, 18 decimals. */
function covered(range: bigint): bigint {
  return range + divUp(range, RANGE_ROOM);
}

/** A call at the money at the highest volatility of a series, which is worth the most of what words store, has to fit a lane at the range of a refresh. */
function requireLanesFit(forward: bigint, scanRange: bigint, highest: bigint, time: bigint): void {
  const range = rangeUp(covered(scanRange));
  const valueIn = (scenario: bigint, volatility: bigint): bigint => {
    const moved = forwardAt(forward, range, scenario);
    return undiscounted(moved, forward, logMoneynessOf(moved, forward), totalVolatilityOf(volatility, rootOf(time * WAD))).call;
  };
  const extreme = dampedDown(valueIn(0n, highest), valueIn(15n, highest));
  const units = max(valueIn(11n, shockedUp(highest, shockFactor(time))), extreme) / unitUp(forward);
  if (units > LARGEST_LANE) revert("SeriesCouldSaturate", highest, units);
}

// ---------------------------------------------------------------- slices

/** A slice of a series on its way into the vault. */
export interface SlicePost {
  readonly series: number;
  readonly report: VolatilityReport;
}

/**
 * Takes slices of several series over from the volatility source of an underlying, as its reports say; what lies between expiries is compared when all are written.
 * One that is not newer than what is there is left out.
 * @throws Reverted `TooManySlices`, `UnknownSeries`, `WindowOpen`, `SliceFromFuture`, `SliceTooOld`, `BasisTooFar`, `VolatilityAboveCap`,
 * `StrikesNotConvex`, `SeriesCouldSaturate` and what svi.ts refuses
 * @example postSlices(state, 0, [{ series: 1, report: { sliceWord, basis: 0n, publishTime: state.now } }])
 */
export function postSlices(state: State, underlying: number, posts: readonly SlicePost[]): Outcome {
  return transact(state, (draft) => postSlicesOn(draft, underlying, posts));
}

/** As `postSlices`, on a draft. */
export function postSlicesOn(draft: Draft, underlying: number, posts: readonly SlicePost[]): void {
  if (BigInt(posts.length) > MOST_SLICES) revert("TooManySlices", BigInt(posts.length), MOST_SLICES);
  const newer = posts.filter(({ series, report }, i) => {
    if (posts.slice(0, i).some((other) => other.series === series)) revert("SeriesNamedTwice", BigInt(underlying), BigInt(series));
    return isNewer(draft, underlying, series, report);
  });
  for (const { series, report } of newer) takeSlice(draft, underlying, series, report);
  for (const { series } of newer) requireNoCalendarArbitrage(draft.underlying(underlying), series, draft.now);
}

/** Of what was published by a clock that is ahead, the present counts. */
const timeOf = ({ publishTime }: VolatilityReport, now: bigint): bigint => min(publishTime, now);

/** Whether a report is newer than what is there; one that is has to be timely, and its basis near. */
function isNewer(draft: Draft, index: number, number: number, report: VolatilityReport): boolean {
  const { now } = draft;
  const { word, surface } = seriesOf(draft, index, number).series;
  const { basis, publishTime } = report;
  const names = [BigInt(index), BigInt(number)] as const;
  const opening = openingOf(expiryOf(word));
  if (now >= opening) revert("WindowOpen", ...names, opening);
  if (publishTime > now + SKEW) revert("SliceFromFuture", ...names, publishTime, now);
  const time = timeOf(report, now);
  if (time <= surface.published) return false;
  if (now - time > OLDEST_SLICE) revert("SliceTooOld", ...names, now - time, OLDEST_SLICE);
  const most = BASIS + (BASIS_OF_A_YEAR * (expiryOf(word) - time)) / YEAR;
  if (abs(basis) > most) revert("BasisTooFar", basis, most);
  return true;
}

/** Writes a slice that a refresh can take and whose prices are free of arbitrage among themselves. */
function takeSlice(draft: Draft, index: number, number: number, report: VolatilityReport): void {
  const { underlying, series } = seriesOf(draft, index, number);
  const { word, surface } = series;
  const { sliceWord: slice, basis } = report;
  const time = timeOf(report, draft.now);
  const span = varianceSeconds(time, expiryOf(word));
  const forward = forwardOf(underlying, basis);
  const volatilities = requireFree(slice, moneynessOf(word, forward)).map((variance) => volatilityDown(variance, span));
  const cap = surface.volatilityCap * PERCENT;
  volatilities.forEach((volatility, strike) => {
    if (volatility > cap) revert("VolatilityAboveCap", BigInt(strike), volatility, cap);
  });
  requireConvex(word, forward, volatilities, span);
  // the range may have been let grow since the listing
  requireLanesFit(forward, fromPpb(max(underlying.targetRange, underlying.heldRange)), volatilities.reduce(max), span);

  const epoch = (surface.epoch + 1n) % EPOCHS;
  const taken = { basis: toSigned(32, basis), published: toUnsigned(40, time), span: toUnsigned(32, span), epoch };
  setSeries(draft, index, number, { ...series, slice, surface: { ...surface, ...taken } });
  const names = { underlying: BigInt(index), series: BigInt(number) };
  draft.emit("SlicePosted", { ...names, sliceWord: slice, basis, publishTime: time, epoch });
}

/** The forward of a lot while a basis holds, as an anchor keeps it. */
function forwardOf({ price }: Pick<Underlying, "price">, basis: bigint): bigint {
  return forwardDown(basisForwardDown(price, basis, 0n));
}

/**
 * Refuses volatilities at which a butterfly of three listed strikes that are next to each other, the future as a call of strike zero among them, would cost less than
 * nothing, or the last call more than the one before it. Calls that are convex and do not rise at the end fall everywhere, and puts rise.
 * @throws Reverted `StrikesNotConvex` (index, what the butterfly or spread costs)
 */
function requireConvex(word: bigint, forward: bigint, volatilities: readonly bigint[], span: bigint): void {
  const strikes = strikesOf(word);
  const root = rootOf(span * WAD);
  const calls = strikes.map((strike, i) => {
    const deviation = totalVolatilityOf(volatilities[i]!, root);
    return undiscounted(forward, strike, logMoneynessOf(forward, strike), deviation).call;
  });
  for (let i = 0; i + 1 < calls.length; i++) {
    const [lowest, step] = [strikes[0]!, strikes[1]! - strikes[0]!];
    const wings = i === 0 ? (forward * step + calls[1]! * lowest) / (lowest + step) : (calls[i - 1]! + calls[i + 1]!) / 2n;
    requireCovered(strikes[i]!, i, wings - calls[i]!);
  }
  const last = calls.length - 1;
  if (last > 0) requireCovered(strikes[last]!, last, calls[last - 1]! - calls[last]!);

  function requireCovered(strike: bigint, at: number, cost: bigint): void {
    if (cost < -((forward + strike) / PRECISION + 1n)) revert("StrikesNotConvex", BigInt(at), cost);
  }
}

/** Against the nearest expiry on either side whose slice is of the same minutes. */
function requireNoCalendarArbitrage(underlying: Underlying, number: number, now: bigint): void {
  const own = underlying.series.get(number)!;
  const { earlier, later } = neighboursOf(underlying, own, now);
  if (earlier !== undefined) requireNoArbitrageBetween(underlying, earlier, own);
  if (later !== undefined) requireNoArbitrageBetween(underlying, own, later);
}

/** Both as of the later of their publish times, at the strikes of both, each by its own forward. */
function requireNoArbitrageBetween(underlying: Underlying, earlier: Series, later: Series): void {
  const both = [earlier, later];
  const time = both.map(({ surface }) => surface.published).reduce(max);
  const [before, afterwards] = both.map((each) => sliceAt(each, time));
  if (before === undefined || afterwards === undefined) return;
  for (const { word, surface } of both) requireRising(before, afterwards, moneynessOf(word, forwardOf(underlying, surface.basis)));
}

/** The slice of a series as of a time that is not before its own; nothing once no variance is left by the clock. */
function sliceAt({ word, slice, surface }: Series, time: bigint): bigint | undefined {
  const left = varianceSeconds(time, expiryOf(word));
  return left === 0n ? undefined : agedDown(slice, left, surface.span);
}

/**
 * The series with a slice that could still be posted which expire next before and next after one, not settled; of those that expire together the lowest number. What was
 * said earlier is another market's: the difference is a move, which nobody could trade, and refusing it would keep the older of the two.
 */
function neighboursOf({ series }: Underlying, { word }: Series, now: bigint): { readonly earlier?: Series; readonly later?: Series } {
  const expiry = expiryOf(word);
  let [earlier, later]: [Series | undefined, Series | undefined] = [undefined, undefined];
  for (const [, other] of [...series].sort(([a], [b]) => a - b)) {
    if (!other.listed || now - other.surface.published > OLDEST_SLICE) continue;
    if (isSettled(averageFromWord(other.average), openingOf(expiryOf(other.word)), now)) continue;
    const at = expiryOf(other.word);
    if (at < expiry && (earlier === undefined || at > expiryOf(earlier.word))) earlier = other;
    if (at > expiry && (later === undefined || at < expiryOf(later.word))) later = other;
  }
  return { earlier, later };
}

// ---------------------------------------------------------------- refresh

/**
 * Prices the risk words of a series anew.
 * @throws Reverted `UnknownSeries`, `PriceNotNormal`, `PriceTooOld`, `SeriesHasNoSlice`, `SeriesIsSettled`, `VolatilityZero` and what
 * `refreshedWords` refuses
 */
export function refreshSeries(state: State, underlying: number, series: number): Outcome {
  return transact(state, (draft) => refreshSeriesOn(draft, underlying, series));
}

/** As `refreshSeries`, on a draft. */
export function refreshSeriesOn(draft: Draft, index: number, number: number): void {
  const { underlying, series } = seriesOf(draft, index, number);
  const { tradingAge } = draft.base.margin;
  if (underlying.priceState !== NORMAL) revert("PriceNotNormal", BigInt(index), underlying.priceState);
  const age = max(draft.now - underlying.priceTime, 0n);
  if (age > tradingAge) revert("PriceTooOld", BigInt(index), age, tradingAge);
  requireSlice(series, index, number);
  const live = seriesNow(underlying, series, draft.now);
  if (live.settled) revert("SeriesIsSettled", BigInt(index), BigInt(number));

  const range = seriesRangeUp(live, covered(fromPpb(max(underlying.targetRange, underlying.heldRange))));
  const { slice, span } = sliceNow(live);
  const { forward } = live;
  // by the clock alone: how much it was can be told later from the time of the refresh
  const varianceTime = varianceSeconds(draft.now, expiryOf(series.word)) * WAD;
  const { words, next } = refreshedWords(series.word, { forward, range, slice, span, varianceTime }, draft.now, epochOf(live));
  const anchor = anchorOf(next);
  const ks = moneynessOf(series.word, anchor.forward);
  const highest = ks.map((k) => impliedDown(slice, k, span)).reduce(max, 0n);
  const surface = {
    ...series.surface,
    highest: toUnsigned(16, divUp(highest, HIGHEST_UNIT)),
    slide: toUnsigned(16, divUp(slideUp(slice, span, ks), SLIDE_UNIT)),
  };
  setSeries(draft, index, number, { ...series, word: next, surface, risks: [...words, ...series.risks.slice(words.length)] });
  draft.emit("SeriesRefreshed", {
    underlying: BigInt(index),
    series: BigInt(number),
    anchor: anchor.forward,
    range: anchor.range,
    epoch: anchor.epoch,
  });
}

/**
 * A series without a slice cannot be priced.
 * @throws Reverted `SeriesHasNoSlice` (underlying, series)
 */
export function requireSlice({ surface }: Series, underlying: number, series: number): void {
  if (surface.published === 0n) revert("SeriesHasNoSlice", BigInt(underlying), BigInt(series));
}

/**
 * The largest part of itself by which the volatility of a strike can change where the forward moves by up to half a percent, 18 decimals, rounded up. With s
 * the part by which it differs at the ends, total variance, which is convex in k, is between 2 − (1 + s)² and (1 + s)² of what it is at the strike: it falls
 * on one side by no more than it rises on the other.
 * @param ks log-moneyness of the strikes
 * @throws Reverted `VolatilityZero` (k)
 * @example slideUp({ a: WAD / 25n, b: 0n, rho: 0n, m: 0n, sigma: WAD }, 31_536_000n, [0n]) // 0n: a flat slice
 */
export function slideUp(slice: SviSlice, span: bigint, ks: readonly bigint[]): bigint {
  const atEnds = ks
    .flatMap((k) => {
      const volatility = impliedDown(slice, k, span);
      if (volatility === 0n) revert("VolatilityZero", k);
      return [k - SLIDE_REACH, k + SLIDE_REACH].map((end) => divUp(abs(impliedDown(slice, end, span) - volatility) * WAD, volatility));
    })
    .reduce(max, 0n);
  return WAD - squareRootDown(max(2n * WAD * WAD - (WAD + atEnds) ** 2n, 0n));
}

// ---------------------------------------------------------------- settlement

/**
 * An underlying whose listed series have observed an accepted price, as far as their windows have opened.
 * @param price of a lot, WAD
 * @param time when it was published
 * @param events to which `SeriesSettled` is added where a settlement price stands
 */
export function observedBySeries(
  underlying: Underlying,
  id: bigint,
  price: bigint,
  time: bigint,
  now: bigint,
  events: EngineEvent[],
): Underlying {
  if (underlying.series.size === 0) return underlying;
  const series = new Map(underlying.series);
  for (const [number, each] of [...series].sort(([a], [b]) => a - b)) {
    const opening = openingOf(expiryOf(each.word));
    if (!each.listed || now < opening) continue;
    const before = averageFromWord(each.average);
    // whoever is settled by the clock stays so, whatever is posted
    const after = isSettled(before, opening, now) ? before : observed(before, opening, price, time, now);
    const watched = { ...each, average: averageWord(after) };
    series.set(number, isSettled(after, opening, now) ? settledWith(watched, id, BigInt(number), now, events) : watched);
  }
  return { ...underlying, series };
}

/**
 * Writes the settlement price of a series that has settled by the clock alone.
 * @throws Reverted `UnknownSeries`, `NotSettled`, `SeriesIsSettled` when it was written before
 */
export function settleSeries(state: State, underlying: number, series: number): Outcome {
  return transact(state, (draft) => settleSeriesOn(draft, underlying, series));
}

/** As `settleSeries`, on a draft. */
export function settleSeriesOn(draft: Draft, index: number, number: number): void {
  const { series } = seriesOf(draft, index, number);
  const events: EngineEvent[] = [];
  const after = settledWith(series, BigInt(index), BigInt(number), draft.now, events);
  if (!series.listed) revert("SeriesIsSettled", BigInt(index), BigInt(number));
  setSeries(draft, index, number, after);
  for (const event of events) draft.emit(event.name, event.values);
}

/** @throws Reverted `NotSettled` */
function settledWith(series: Series, underlying: bigint, number: bigint, now: bigint, events: EngineEvent[]): Series {
  const opening = openingOf(expiryOf(series.word));
  const average = averageFromWord(series.average);
  const price = settlementDown(average, opening, now);
  events.push({ name: "SeriesSettled", values: { underlying, series: number, price } });
  return { ...series, average: averageWord({ ...average, ...countsOf(average, opening, now) }), listed: false };
}
