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

/** Kinds of instruments; of one whose series is not listed nothing can be said. */
export const [UNKNOWN, SETTLED, FUTURE, CALL, PUT] = [0, 1, 2, 3, 4] as const;

/** What a screen takes from instruments of series, by their number in the table, a lot each; amounts are WAD. */
export interface Instruments {
  readonly underlying: Int32Array;
  readonly kind: Uint8Array;
  readonly series: Int32Array;
  readonly expiry: Float64Array;
  readonly tenor: Float64Array; // rate of the inter-month charge at its tenor
  readonly depth: Float64Array; // lots
  readonly forward: Float64Array;
  readonly mark: Float64Array; // what it is worth, or pays; no number where nothing can be said
  readonly drops: Float64Array; // what it loses from the mark in each scenario, one instrument after the other
  readonly largest: Float64Array; // of what these are made of, by size
  readonly weight: Float64Array; // in the least margin of short options
  readonly delta: Float64Array; // dollars; zero once settled
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

/** One lot of each instrument, valued by the engine; call and put of a strike are priced once. */
export function instrumentsOf(held: readonly Held[], state: State, terms: MarginTerms): Instruments {
  const numbers = (): Float64Array => new Float64Array(held.length);
  const all: Instruments = {
    underlying: Int32Array.from(held, ({ underlying }) => underlying),
    kind: new Uint8Array(held.length),
    series: Int32Array.from(held, ({ instrument }) => Number(instrumentFromNumber(instrument).series)),
    expiry: numbers(),
    tenor: numbers(),
    depth: numbers().fill(1),
    forward: numbers(),
    mark: numbers(),
    drops: new Float64Array(held.length * LANES),
    largest: numbers(),
    weight: numbers(),
    delta: numbers(),
  };
  const priced = new Map<string, readonly bigint[]>();
  for (const [i, { underlying, instrument }] of held.entries()) {
    const of = state.underlyings[underlying];
    const { series: number, index, isCall } = instrumentFromNumber(instrument);
    if (of?.series.has(Number(number)) !== true) {
      all.mark[i] = Number.NaN;
      continue;
    }
    const { series, settled } = holdingOf(of, emptyBook(of), [{ instrument, lots: 1n }], state.now);
    const [holding] = series;
    if (holding === undefined) {
      all.kind[i] = SETTLED;
      all.mark[i] = Number(settled);
      all.largest[i] = Math.abs(Number(settled));
      continue;
    }
    const name = `${underlying} ${number} ${index}`;
    const stored = priced.get(name) ?? storedSideOf(holding);
    priced.set(name, stored);
    addLive(all, i, holding, isCall, stored, terms);
  }
  return all;
}

/** What a lot of the stored side of a strike is worth at the mark and in the scenarios, WAD; of a dated future nothing is stored. */
function storedSideOf({ options: [option], forward, heldRange: range, varianceTime }: SeriesHolding): readonly bigint[] {
  if (option === undefined) return Array.from({ length: LANES }, () => 0n);
  const { strike, volatility } = option;
  return scenarioValuesDown(storesCall(forward, strike), strike, volatility, { forward, range }, varianceTime);
}

function addLive(
  all: Instruments,
  i: number,
  holding: SeriesHolding,
  isCall: boolean,
  stored: readonly bigint[],
  terms: MarginTerms,
): void {
  const { forward, moving, heldRange: range, expiry, depth } = holding;
  const [option] = holding.options;
  const scale = 30n * 10n ** 9n;
  const forwards = option === undefined ? 1n : isCall === storesCall(forward, option.strike) ? 0n : isCall ? 1n : -1n;
  const strike = option?.strike ?? 0n;
  const linear = (k: number): bigint => forwards * (forward * (scale + (range / 10n ** 9n) * moveOf(BigInt(k))) - strike * scale);
  const value = (k: number): number => Number(stored[k]! * scale + linear(k)) / Number(scale);
  const mark = value(0);
  for (let k = 1; k < LANES; k++) all.drops[i * LANES + k] = mark - value(k);
  const gain = Number((stored[3]! - stored[5]!) * moving) / Number(max(20n * stepDown(forward, range), 1n));
  // what is taken off again by parity counts by its size
  const sizes = [...stored.map(Number), Number(forward) * (1 + ratio(range)), Number(strike), Math.abs(gain), Number(moving)];
  all.kind[i] = option === undefined ? FUTURE : isCall ? CALL : PUT;
  all.expiry[i] = Number(expiry);
  all.tenor[i] = ratio(tenorRate(timeOf(holding), terms.interMonth));
  all.depth[i] = Number(depth);
  all.forward[i] = Number(forward);
  all.mark[i] = mark;
  all.largest[i] = 4 * Math.max(...sizes);
  all.weight[i] = option === undefined ? 0 : Number(weightDown(isCall, strike, forward, 1n));
  all.delta[i] = gain + Number(forwards * moving);
}
