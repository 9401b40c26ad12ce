import { logMoneynessOf, rootOf, totalVolatilityOf, undiscounted } from "../math/options/black76.ts";
import { leastOfShort, scenarioValuesDown } from "../math/options/optionStress.ts";
import { impliedDown } from "../math/options/svi.ts";
import { revert, toUnsigned } from "../types/errors.ts";
import { abs, fromPpb, max, min, WAD } from "../types/fixedPoint.ts";
import { type Instrument, instrumentFromNumber, instrumentNumber, isFuture, STRIKE_ZERO } from "../types/instrument.ts";
import { type AccountId, NORMAL, type SeriesPosition, type Underlying } from "../types/types.ts";
import { requireListed, strikeOf } from "../words/seriesWord.ts";
import type { Draft } from "./draft.ts";
import { countedUp, indexOf, lotsOf, move, moveSeries, seriesPositionOf } from "./ledger.ts";
import { type SeriesNow, seriesNow, seriesOf, seriesRangeUp, setSeries, sliceNow } from "./options/seriesState.ts";

// One instrument as a trade sees it: the perpetual of an underlying, or what can be held of one of its series.

/** Most lots of one instrument of a series. */
export const MOST_SERIES_LOTS = 2n ** 37n - 1n;

/** An option counts for band, fees and new risk with at least this part of the forward. */
const LEAST_REFERENCE_PART = 20n;

/** An option counts for at least one 128th of a lot. */
const MOST_HALVINGS = 7n;

const UNDERLYING_BITS = 8n;
const NAME_BITS = 24;

/** Set in the instrument of a fill that stands only with the next one. */
export const WITH_NEXT = 1n << BigInt(NAME_BITS);

/** The name in the instrument of a fill, without what is above it. */
export function nameOf(instrument: bigint): bigint {
  return BigInt.asUintN(NAME_BITS, instrument);
}

/** Whether a fill stands only with the next one. No bit above the name is without meaning. */
export function standsWithNext(instrument: bigint): boolean {
  return instrument >= WITH_NEXT;
}

/** What a trade takes from an instrument. */
export interface Market {
  readonly index: number; // of the underlying
  readonly underlying: Underlying;
  readonly instrument: bigint; // within the underlying, 0: the perpetual
  readonly mark: bigint; // of a lot, WAD
  readonly reference: bigint; // price of a lot that band and charges are parts of, WAD
  readonly isOpen: boolean; // risk may rise
  readonly halvings: bigint; // how often the lots of who buys now are halved in open interest
  readonly positionCap: bigint; // lots
  readonly closed?: string; // the name of the error for which nothing is traded any more, or yet
}

/**
 * The number by which fills and orders name an instrument.
 * @param instrument within the underlying, 0: the perpetual
 * @example namedInstrument(1, 0x0207n) // 0x020701n
 */
export function namedInstrument(underlying: number, instrument: bigint): bigint {
  return BigInt(underlying) | (instrument << UNDERLYING_BITS);
}

/**
 * The market of an instrument that a fill names.
 * @throws Reverted `UnknownUnderlying`, `UnknownSeries`, `UnknownStrike`, `UnknownInstrument`
 */
export function marketOf(draft: Draft, named: bigint): Market {
  const index = Number(BigInt.asUintN(Number(UNDERLYING_BITS), named));
  const instrument = named >> UNDERLYING_BITS;
  const underlying = draft.findUnderlying(index);
  if (underlying === undefined || underlying.price === 0n) revert("UnknownUnderlying", BigInt(index));
  const isOpen = mayRise(draft, underlying);
  const { price, trading } = underlying;
  if (instrument === 0n) {
    return { index, underlying, instrument, mark: price, reference: price, isOpen, halvings: 0n, positionCap: trading.positionCap };
  }
  return seriesMarketOf(draft, index, underlying, instrument, isOpen);
}

function seriesMarketOf(draft: Draft, index: number, underlying: Underlying, number: bigint, isOpen: boolean): Market {
  const instrument = instrumentFromNumber(number);
  const { series } = seriesOf(draft, index, Number(instrument.series));
  if (instrument.index !== STRIKE_ZERO) requireListed(series.word, instrument.index);
  instrumentNumber(instrument);
  const live = seriesNow(underlying, series, draft.now);
  const positionCap = min(underlying.trading.positionCap, MOST_SERIES_LOTS);
  const market = { index, underlying, instrument: number, isOpen: isOpen && live.steps === 0n, halvings: 0n, positionCap };
  const closed = live.settled ? "SeriesIsSettled" : series.surface.published === 0n ? "SeriesHasNoSlice" : undefined;
  if (closed !== undefined) return { ...market, mark: 0n, reference: 0n, closed };
  const mark = seriesMarkDown(live, instrument);
  const reference = isFuture(instrument) ? mark : max(mark, live.forward / LEAST_REFERENCE_PART);
  return { ...market, mark, reference, halvings: halvingsOf(underlying, live, instrument) };
}

/**
 * How often a lot of an instrument of a series is halved in open interest, as long as it then counts at least what it risks: what a short of it loses over
 * the scan range with volatility up, and what it needs at least as a short option, against what a lot of the perpetual loses over the range.
 * @example halvingsOf(underlying, live, instrumentFromNumber(0x01ffn)) // 0n: a dated future is a lot
 */
export function halvingsOf(underlying: Underlying, live: SeriesNow, instrument: Instrument): bigint {
  if (isFuture(instrument)) return 0n;
  const { forward, varianceTime } = live;
  const range = fromPpb(underlying.heldRange);
  const strike = strikeOf(live.series.word, instrument.index);
  const { slice, span } = sliceNow(live);
  const volatility = impliedDown(slice, -logMoneynessOf(forward, strike), span);
  const place = { forward, range: seriesRangeUp(live, range) };
  const lanes = [0, instrument.isCall ? 11 : 13];
  const [mark = 0n, worst = 0n] = scenarioValuesDown(instrument.isCall, strike, volatility, place, varianceTime, lanes);
  const risk = max(worst - mark, leastOfShort(instrument.isCall, strike, forward, range));
  const whole = (underlying.price * range) / WAD;
  let halvings = 0n;
  while (halvings < MOST_HALVINGS && risk << (halvings + 1n) <= whole) halvings++;
  return halvings;
}

/**
 * What a lot of an instrument of a series is worth now, WAD, rounded down: the forward for the future, Black-76 at the slice for an option.
 * @example seriesMarkDown(seriesNow(underlying, series, state.now), instrumentFromNumber(0x0103n))
 */
export function seriesMarkDown(live: SeriesNow, instrument: Instrument): bigint {
  const { forward, varianceTime } = live;
  if (isFuture(instrument)) return forward;
  const strike = strikeOf(live.series.word, instrument.index);
  const x = logMoneynessOf(forward, strike);
  const { slice, span } = sliceNow(live);
  const { call, put } = undiscounted(forward, strike, x, totalVolatilityOf(impliedDown(slice, -x, span), rootOf(varianceTime)));
  return instrument.isCall ? call : put;
}

/** Whether risk may rise in an underlying: its price is normal and young, the sequencer up, and opens are not stopped. */
export function mayRise(draft: Draft, underlying: Underlying): boolean {
  return (
    underlying.priceState === NORMAL &&
    draft.base.outage === undefined &&
    draft.now - underlying.priceTime <= draft.base.margin.tradingAge &&
    draft.now >= underlying.trading.stoppedUntil
  );
}

/** What an account holds of the instrument of a market. */
export function positionIn(draft: Draft, { index, instrument }: Market, id: AccountId): SeriesPosition {
  const account = draft.account(id);
  return instrument === 0n ? { instrument, lots: lotsOf(account, index) } : seriesPositionOf(account, index, instrument);
}

/**
 * Adds lots of the instrument of a market to an account, which pays for them.
 * @param extra further cash credited (negative: debited), WAD
 * @throws Reverted `TooManyUnderlyings`, `TooManySeriesPositions`
 */
export function moveIn(draft: Draft, market: Market, id: AccountId, change: bigint, price: bigint, extra: bigint): void {
  const { index, instrument, underlying, halvings } = market;
  if (instrument === 0n) move(draft, id, index, change, price, indexOf(draft, underlying), extra);
  else moveSeries(draft, id, index, instrument, change, price, extra, halvings);
}

/**
 * Keeps the open interest after accounts went from some lots to others: of the underlying what is long; of a series what is long and what is short, for its
 * number may be listed anew only when neither is left: once the longs are paid, the shorts still owe.
 */
export function countOpenInterest(
  draft: Draft,
  index: number,
  instrument: bigint,
  changes: readonly (readonly [before: SeriesPosition, after: SeriesPosition])[],
): void {
  const after = (openInterest: bigint): bigint => changes.reduce((sum, [from, to]) => sum + countedUp(to) - countedUp(from), openInterest);
  const underlying = draft.underlying(index);
  const { funding } = underlying;
  draft.setUnderlying(index, { ...underlying, funding: { ...funding, openInterest: after(funding.openInterest) } });
  if (instrument === 0n) return;
  const number = Number(instrumentFromNumber(instrument).series);
  const { series } = seriesOf(draft, index, number);
  const held = changes.reduce((sum, [from, to]) => sum + abs(to.lots) - abs(from.lots), series.surface.openInterest);
  const surface = { ...series.surface, openInterest: toUnsigned(44, held) };
  setSeries(draft, index, number, { ...series, surface });
}
