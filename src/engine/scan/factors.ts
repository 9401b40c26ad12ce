import { holdingOf, timeOf } from "../ledger/options/seriesHolding.ts";
import { FUNDING_PROVISION } from "../math/charges.ts";
import { indexNow } from "../math/funding.ts";
import { tenorRate } from "../math/options/interMonth.ts";
import { scenarioValuesDown, stepDown, weightDown } from "../math/options/optionStress.ts";
import { moveOf } from "../math/stress.ts";
import { fromPpb, fromPpm, max, WAD } from "../types/fixedPoint.ts";
import type { SeriesHolding } from "../types/holding.ts";
import { instrumentFromNumber } from "../types/instrument.ts";
import { rampAt } from "../types/ramp.ts";
import type { Book, MarginTerms, State, Underlying } from "../types/types.ts";
import { LANES, storesCall } from "../words/riskWord.ts";
import type { Held } from "./accountTable.ts";

const RATIO = Number(WAD);

/** What a screen takes from an underlying, as doubles; amounts are WAD. */
export interface UnderlyingFactors {
  readonly price: number; // of a lot
  readonly index: number; // cumulative funding, a lot
  readonly worth: number; // price − index, a lot: what a lot adds to cash with funding taken out
  readonly share: number; // maintenance of a lot without the charge for size, as a part of its price
  readonly size: number; // maintenance of size: of lots², as a part of the price
  readonly depth: number; // lots
  readonly range: number; // held
  readonly load: number; // no part of a position moves equity less maintenance by more than this part of its worth
}

/** What a screen takes from a collateral token. */
export interface TokenFactors {
  readonly underlying: number;
  readonly lots: number; // of a unit of WAD
  readonly haircut: number;
}

/** What a screen takes from an instrument of a series, a lot each; amounts are WAD. */
export interface InstrumentFactors {
  readonly underlying: number;
  readonly series: number;
  readonly expiry: number;
  readonly tenor: number; // rate of the inter-month charge at its tenor
  readonly settled: number; // what it pays; NaN while its series has not settled
  readonly values: Float64Array; // at the mark and in the scenarios
  readonly largest: number; // of these, of the forward and of the delta, by size
  readonly option: boolean;
  readonly call: boolean;
  readonly weight: number; // in the least margin of short options
  readonly delta: number; // dollars
  readonly forward: number;
  readonly depth: number; // lots
}

/** Everything that a screen goes by but accounts. */
export interface Factors {
  readonly maintenance: number;
  readonly provision: number;
  readonly interMonth: number;
  readonly underlyings: readonly UnderlyingFactors[];
  readonly tokens: readonly TokenFactors[];
}

/** A ratio with 18 decimals. */
const ratio = (value: bigint): number => Number(value) / RATIO;

export const PROVISION_OF_FUNDING = ratio(FUNDING_PROVISION);

/** What the state gives a screen, each number the double nearest to it or a few roundings away. */
export function factorsOf(state: State, terms: MarginTerms): Factors {
  const [maintenance, provision, interMonth] = [ratio(terms.maintenance), ratio(terms.provision), ratio(terms.interMonth)];
  const haircuts = state.collaterals.map(({ haircut }) => ratio(fromPpm(rampAt(haircut, state.now))));
  const underlyings = state.underlyings.map((underlying, i): UnderlyingFactors => {
    const index = indexNow(underlying, state.margin.tradingAge, state.now);
    const { price } = underlying;
    const range = ratio(fromPpb(underlying.heldRange));
    const charges = range + PROVISION_OF_FUNDING + provision;
    const most = Math.max(0, ...haircuts.filter((_, token) => Number(state.collaterals[token]!.underlying) === i));
    return {
      price: Number(price),
      index: Number(index),
      worth: Number(price - index),
      share: maintenance * charges,
      size: maintenance / Number(underlying.depth),
      depth: Number(underlying.depth),
      range,
      // a scenario moves the range both ways, the inter-month charge is at most three times its least
      load: 1 + most + maintenance * (charges + range + 3 * interMonth),
    };
  });
  const tokens = state.collaterals.map(({ underlying }, token): TokenFactors => {
    const of = Number(underlying);
    const { lotExponent = 0n } = state.underlyings[of] ?? {};
    return { underlying: of, lots: 10 ** Number(lotExponent) / RATIO, haircut: haircuts[token]! };
  });
  return { maintenance, provision, interMonth, underlyings, tokens };
}

/** A book of nothing, to price one lot of a series with. */
function emptyBook(underlying: Underlying): Book {
  const nothing = { underlying: 0n, lots: 0n, entryCost: 0n, collateral: 0n, haircut: 0n, age: 0n, state: 0n, doubt: 0n };
  const { price, depth, heldRange, targetRange } = underlying;
  return { ...nothing, price, depth, heldRange: fromPpb(heldRange), targetRange: fromPpb(targetRange) };
}

/** One lot of an instrument, valued by the engine; nothing where its series is not listed. */
export function instrumentFactorsOf({ underlying, instrument }: Held, state: State, terms: MarginTerms): InstrumentFactors | undefined {
  const of = state.underlyings[underlying];
  const { series: number, isCall } = instrumentFromNumber(instrument);
  if (of?.series.has(Number(number)) !== true) return undefined;
  const { series, settled } = holdingOf(of, emptyBook(of), [{ instrument, lots: 1n }], state.now);
  const place = { underlying, series: Number(number), call: isCall };
  const [holding] = series;
  if (holding !== undefined) return { ...place, ...liveFactors(holding, isCall, terms) };
  const values = new Float64Array(LANES).fill(Number(settled));
  const nothing = { expiry: 0, tenor: 0, option: false, weight: 0, delta: 0, forward: 0, depth: 1 };
  return { ...place, ...nothing, settled: Number(settled), values, largest: Math.abs(Number(settled)) };
}

function liveFactors(
  holding: SeriesHolding,
  isCall: boolean,
  terms: MarginTerms,
): Omit<InstrumentFactors, "underlying" | "series" | "call"> {
  const { forward, moving, heldRange: range, varianceTime } = holding;
  const [option] = holding.options;
  const scale = 30n * 10n ** 9n;
  const forwards = option === undefined ? 1n : isCall === storesCall(forward, option.strike) ? 0n : isCall ? 1n : -1n;
  const stored =
    option === undefined
      ? Array.from({ length: LANES }, () => 0n)
      : scenarioValuesDown(storesCall(forward, option.strike), option.strike, option.volatility, { forward, range }, varianceTime);
  const linear = (k: number): number =>
    Number(forwards * (forward * (scale + (range / 10n ** 9n) * moveOf(BigInt(k))) - (option?.strike ?? 0n) * scale));
  const values = Float64Array.from(stored, (value, k) => Number(value) + linear(k) / Number(scale));
  const gain = Number((stored[3]! - stored[5]!) * moving) / Number(max(20n * stepDown(forward, range), 1n));
  const delta = gain + Number(forwards * moving);
  // what is taken off again by parity counts by its size
  const sizes = [
    ...stored.map(Number),
    Number(forward) * (1 + Number(range) / RATIO),
    Number(option?.strike ?? 0n),
    Math.abs(gain),
    Number(moving),
  ];
  return {
    expiry: Number(holding.expiry),
    tenor: Number(tenorRate(timeOf(holding), terms.interMonth)) / RATIO,
    settled: Number.NaN,
    values,
    largest: 4 * Math.max(...sizes),
    option: option !== undefined,
    weight: option === undefined ? 0 : Number(weightDown(isCall, option.strike, forward, 1n)),
    delta,
    forward: Number(forward),
    depth: Number(holding.depth),
  };
}
