import { type SeriesListing, strikesOf } from "../engine/actions/series.ts";
import { namedInstrument } from "../engine/ledger/market.ts";
import { termsOf } from "../engine/orders/terms.ts";
import { type Instrument, instrumentFromNumber, instrumentNumber, isFuture, STRIKE_ZERO } from "../engine/types/instrument.ts";
import type { Series, Underlying } from "../engine/types/types.ts";
import { expiryOf } from "../engine/words/seriesWord.ts";
import { formatDecimal, parseDecimal } from "./amounts.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { BadInput } from "./failure.ts";
import { type OrderVenue, type SignedTerms, type TypedInstrument, typedInstrument } from "./orders.ts";

// Names of instruments as people use them: ETH-PERP, ETH-20261225, ETH-20261225-3000-C. Where two series expire on one day the name has the time
// (ETH-20261225T0800), where they expire together the number of the series (ETH-20261225#2). Dates and times are UTC, strikes those of a unit.

/** What names are read against: an underlying and its series. */
export type ListedUnderlying = {
  readonly symbol: string;
  readonly lotExponent: number;
  /** By number. */
  readonly series: ReadonlyMap<number, Pick<Series, "word">>;
};

/** A series by its place: the index of its underlying and its number. */
export type SeriesPlace = { readonly underlying: number; readonly series: number };

/**
 * What there is to be named in a deployment.
 * @param underlyings of the state, in its order
 * @example
 * const { state } = await readVault({ rpc, record });
 * listedIn(record, state.underlyings).map(({ symbol }) => symbol) // record.underlyings.map(({ symbol }) => symbol)
 */
export function listedIn(
  record: Pick<DeploymentRecord, "underlyings">,
  underlyings: readonly Pick<Underlying, "series">[],
): ListedUnderlying[] {
  return record.underlyings.map(({ symbol, lotExponent }, index) => ({
    symbol,
    lotExponent,
    series: underlyings[index]?.series ?? new Map(),
  }));
}

/**
 * The name of a series, which is that of its dated future.
 * @throws RangeError when there is no such series
 */
export function seriesName(listed: readonly ListedUnderlying[], { underlying, series }: SeriesPlace): string {
  const { symbol, series: all } = at(listed, underlying);
  const own = all.get(series);
  if (own === undefined) throw new RangeError(`underlying ${underlying} has no series ${series}`);
  const expiry = expiryOf(own.word);
  const others = [...all].filter(([number]) => number !== series).map(([, { word }]) => expiryOf(word));
  const day = dayOf(expiry);
  if (!others.some((other) => dayOf(other) === day)) return `${symbol}-${day}`;
  const timed = `${symbol}-${day}T${timeOf(expiry)}`;
  return others.some((other) => minuteOf(other) === minuteOf(expiry)) ? `${timed}#${series}` : timed;
}

/**
 * The name of an instrument.
 * @param named its number as fills and orders have it
 * @throws RangeError when it is of no listed series
 * @example
 * instrumentName(listed, 0n) // "ETH-PERP"
 */
export function instrumentName(listed: readonly ListedUnderlying[], named: bigint): string {
  const underlying = Number(named & 0xffn);
  const { symbol, lotExponent, series: all } = at(listed, underlying);
  if (named >> 8n === 0n) return `${symbol}-PERP`;
  const instrument = instrumentFromNumber(named >> 8n);
  const series = Number(instrument.series);
  const name = seriesName(listed, { underlying, series });
  if (isFuture(instrument)) return name;
  const strike = strikesOf(all.get(series)?.word ?? 0n)[Number(instrument.index)];
  if (strike === undefined) throw new RangeError(`${name} has no strike ${instrument.index}`);
  return `${name}-${ofUnit(strike, lotExponent)}-${instrument.isCall ? "C" : "P"}`;
}

/**
 * The series of a name.
 * @throws BadInput that says which there are
 * @example parseSeries(listed, "ETH-20261225") // { underlying: 0, series: 1 }
 */
export function parseSeries(listed: readonly ListedUnderlying[], text: string): SeriesPlace {
  const { underlying, rest } = splitUnderlying(listed, text, "series");
  const { series, option } = seriesIn(listed, underlying, rest, text);
  if (option !== undefined || series.length > 1) throw unknown(listed, underlying, text, "series");
  return { underlying, series: series[0] as number };
}

/**
 * The number by which fills and orders name an instrument.
 * @param text a name; the symbol of an underlying alone is its perpetual
 * @throws BadInput that says which there are
 * @example
 * parseInstrument(listed, "eth-perp") // 0n
 * instrumentName(listed, parseInstrument(listed, "ETH-20261225-3000-C")) // "ETH-20261225-3000-C"
 */
export function parseInstrument(listed: readonly ListedUnderlying[], text: string): bigint {
  const { underlying, rest } = splitUnderlying(listed, text, "instrument");
  if (rest === "" || rest === "PERP") return namedInstrument(underlying, 0n);
  const { series, option } = seriesIn(listed, underlying, rest, text);
  const { lotExponent, series: all } = at(listed, underlying);
  const found = series.flatMap((number): Instrument[] => {
    if (option === undefined) return [{ series: BigInt(number), index: STRIKE_ZERO, isCall: true }];
    const strikes = strikesOf(all.get(number)?.word ?? 0n).map((strike) => ofUnit(strike, lotExponent));
    const index = strikes.indexOf(option.strike);
    return index < 0 ? [] : [{ series: BigInt(number), index: BigInt(index), isCall: option.isCall }];
  });
  const [only] = found;
  if (only === undefined && option !== undefined) {
    const there = series.map((number) => strikesLine(all.get(number)?.word ?? 0n, lotExponent)).join("; and ");
    throw new BadInput(`"${text}": no option is struck at ${option.strike}: there are ${there}`);
  }
  if (only === undefined || found.length > 1) throw unknown(listed, underlying, text, "instrument");
  return namedInstrument(underlying, instrumentNumber(only));
}

/**
 * What the number of an instrument stands for.
 * @throws RangeError when it is of no listed series
 * @example termsIn(listed, 0n) // { underlying: 0n, right: "perpetual", expiry: 0n, strike: 0n, lotExponent: 5n }
 */
export function termsIn(listed: readonly ListedUnderlying[], named: bigint): SignedTerms {
  instrumentName(listed, named);
  const { lotExponent, series } = at(listed, Number(named & 0xffn));
  const word = series.get(Number(named >> 16n))?.word ?? 0n;
  return { ...termsOf(named, word), lotExponent: BigInt(lotExponent) };
}

/**
 * The number of what was signed, undefined where nothing that is listed is that. Of several the first: they are the same.
 * @example instrumentOf(listed, signed.instrument)
 */
export function instrumentOf(listed: readonly ListedUnderlying[], signed: TypedInstrument): bigint | undefined {
  const underlying = Number(signed.underlying);
  const { lotExponent, series } = at(listed, underlying);
  if (signed.right === "perpetual") return same(listed, BigInt(underlying), signed) ? BigInt(underlying) : undefined;
  const lots = 10n ** BigInt(lotExponent);
  for (const [number, { word }] of series) {
    const index = signed.right === "future" ? Number(STRIKE_ZERO) : strikesOf(word).findIndex((strike) => strike * lots === signed.strike);
    if (index < 0) continue;
    const instrument = instrumentNumber({ series: BigInt(number), index: BigInt(index), isCall: signed.right !== "put" });
    const named = namedInstrument(underlying, instrument);
    if (same(listed, named, signed)) return named;
  }
  return undefined;
}

function same(listed: readonly ListedUnderlying[], named: bigint, signed: TypedInstrument): boolean {
  const { right, expiry, strike } = typedInstrument(termsIn(listed, named));
  return right === signed.right && expiry === signed.expiry && strike === signed.strike;
}

/**
 * The name of what was signed, whether it is listed or not. @example signedName(listed, order.instrument) // "ETH-20261225-3000-C"
 */
export function signedName(listed: readonly ListedUnderlying[], { underlying, right, expiry, strike }: TypedInstrument): string {
  const { symbol } = at(listed, Number(underlying));
  if (right === "perpetual") return `${symbol}-PERP`;
  const series = `${symbol}-${dayOf(expiry)}`;
  return right === "future" ? series : `${series}-${formatDecimal(strike)}-${right === "call" ? "C" : "P"}`;
}

/**
 * Where orders of a deployment are settled, with what can be signed for.
 * @param listed by default the perpetuals alone
 * @example
 * orderVenue(record).settlement // record.contracts.orders
 * orderVenue(record, listed).termsOf(parseInstrument(listed, "ETH-20261225-3000-C")).right // "call"
 */
export function orderVenue(
  record: Pick<DeploymentRecord, "chainId" | "contracts" | "underlyings">,
  listed: readonly ListedUnderlying[] = listedIn(record, []),
): OrderVenue {
  return {
    chainId: BigInt(record.chainId),
    settlement: record.contracts.orders,
    termsOf: (instrument) => termsIn(listed, instrument),
  };
}

/**
 * The strikes of a series as one says them.
 * @example strikesLine(word, 4) // "1500 to 2400 by 100"
 */
export function strikesLine(word: bigint, lotExponent: number): string {
  const [lowest = 0n, second, ...rest] = strikesOf(word);
  if (second === undefined) return ofUnit(lowest, lotExponent);
  return `${ofUnit(lowest, lotExponent)} to ${ofUnit(rest.at(-1) ?? second, lotExponent)} by ${ofUnit(second - lowest, lotExponent)}`;
}

/** The moment of an expiry as people write it, UTC. @example expiryText(1_798_185_600n) // "2026-12-25T08:00" */
export function expiryText(expiry: bigint): string {
  return new Date(Number(expiry) * 1000).toISOString().slice(0, 16);
}

/** A series for governance to list, in units of the underlying. */
export type SeriesTerms = {
  /** Its number, from 1 to 255: free, or of one that has settled and is held by nobody. */
  readonly series: number;
  /** Unix seconds: from a day to two years ahead. */
  readonly expiry: bigint;
  /** Lowest strike, of a unit, WAD. */
  readonly lowest: bigint;
  /** Between strikes, of a unit, WAD. */
  readonly step: bigint;
  /** Of strikes: 1 to 127. */
  readonly count: number;
  /** Units of the underlying, WAD: what the size charge is measured by. */
  readonly depth: bigint;
  /** The highest implied volatility of a slice, percent a year: 10 to 500. */
  readonly volatilityCap: number;
};

const MOST_DECIMALS = 31n;

/**
 * A listing as the vault takes it: of lots, strikes in the coarsest power of ten that holds them exactly.
 * @throws BadInput when strikes or depth are no whole number of what the vault counts in
 * @example seriesListing(4, { series: 1, expiry, lowest: 1_500n * WAD, step: 100n * WAD, count: 10, depth: 10_000n * WAD, volatilityCap: 200 })
 */
export function seriesListing(lotExponent: number, terms: SeriesTerms): SeriesListing {
  const lots = 10n ** BigInt(lotExponent);
  const { lowest, step } = terms;
  for (const [name, value] of Object.entries({ lowest, step })) {
    if (value <= 0n) throw new BadInput(`the ${name === "step" ? "step between strikes" : "lowest strike"} is not above zero`);
    if (value % lots !== 0n)
      throw new BadInput(`${formatDecimal(value)} is too fine: strikes of a lot of 10^-${lotExponent} have 18 decimals`);
  }
  let decimals = 0n;
  const whole = (power: bigint): boolean => [lowest, step].every((value) => value % (lots * 10n ** power) === 0n);
  while (decimals < MOST_DECIMALS && whole(decimals + 1n)) decimals++;
  const quantum = lots * 10n ** decimals;
  return {
    series: BigInt(terms.series),
    expiry: terms.expiry,
    base: lowest / quantum,
    step: step / quantum,
    decimals,
    count: BigInt(terms.count),
    depth: (terms.depth * lots) / 10n ** 18n,
    volatilityCap: BigInt(terms.volatilityCap),
  };
}

// ---------------------------------------------------------------- names, taken apart

const SERIES = /^(\d{8})(?:T(\d{4}))?(?:#(\d{1,3}))?(?:-(\d+(?:\.\d+)?)-([CP]))?$/;

function splitUnderlying(listed: readonly ListedUnderlying[], text: string, kind: string): { underlying: number; rest: string } {
  const wanted = text.trim().toUpperCase();
  // the longest symbol that fits: one may be the beginning of another
  const [found] = listed
    .map(({ symbol }, underlying) => ({ underlying, symbol: symbol.toUpperCase() }))
    .filter(({ symbol }) => wanted === symbol || wanted.startsWith(`${symbol}-`))
    .sort((a, b) => b.symbol.length - a.symbol.length);
  if (found === undefined) {
    throw new BadInput(`no ${kind} is called "${text}": there are underlyings ${listed.map(({ symbol }) => symbol).join(", ")}`);
  }
  return { underlying: found.underlying, rest: wanted.slice(found.symbol.length + 1) };
}

/** The series that what follows the symbol may mean, at least one, and the option of it. */
function seriesIn(
  listed: readonly ListedUnderlying[],
  underlying: number,
  rest: string,
  text: string,
): { series: number[]; option: { strike: string; isCall: boolean } | undefined } {
  const match = SERIES.exec(rest);
  if (match === null) throw unknown(listed, underlying, text, "instrument");
  const [, day, time, number, strike, right] = match;
  const series = [...at(listed, underlying).series]
    .filter(([own, { word }]) => {
      const expiry = expiryOf(word);
      if (dayOf(expiry) !== day || (time !== undefined && timeOf(expiry) !== time)) return false;
      return number === undefined || own === Number(number);
    })
    .map(([own]) => own);
  if (series.length === 0) throw unknown(listed, underlying, text, "series");
  return { series, option: strike === undefined ? undefined : { strike: formatDecimal(parseDecimal(strike)), isCall: right === "C" } };
}

function unknown(listed: readonly ListedUnderlying[], underlying: number, text: string, kind: string): BadInput {
  const { symbol, lotExponent, series } = at(listed, underlying);
  const names = [...series.keys()].map((number) => {
    const { word } = series.get(number) ?? { word: 0n };
    return `${seriesName(listed, { underlying, series: number })} (strikes ${strikesLine(word, lotExponent)})`;
  });
  const there = kind === "series" ? names : [`${symbol}-PERP`, ...names];
  const options = names.length === 0 || kind === "series" ? "" : `; options are called like ${symbol}-YYYYMMDD-STRIKE-C or -P`;
  return new BadInput(
    `no ${kind} is called "${text}": ${there.length === 0 ? `${symbol} has no series` : `there are ${there.join(", ")}${options}`}`,
  );
}

function at(listed: readonly ListedUnderlying[], underlying: number): ListedUnderlying {
  const found = listed[underlying];
  if (found === undefined) throw new RangeError(`no underlying ${underlying}`);
  return found;
}

function ofUnit(price: bigint, lotExponent: number): string {
  return formatDecimal(price * 10n ** BigInt(lotExponent));
}

function dayOf(expiry: bigint): string {
  return expiryText(expiry).slice(0, 10).replaceAll("-", "");
}

function timeOf(expiry: bigint): string {
  return expiryText(expiry).slice(11).replace(":", "");
}

function minuteOf(expiry: bigint): bigint {
  return expiry / 60n;
}
