import { listSeries, postSlices, refreshSeries } from "../../src/engine/actions/series.ts";
import { sviWord } from "../../src/engine/math/options/svi.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { instrumentNumber } from "../../src/engine/types/instrument.ts";
import type { Account, Position, SeriesPosition, State, Underlying } from "../../src/engine/types/types.ts";
import { type Random, seededRandom } from "../../src/simulator/random.ts";
import { emptyState, underlyingAt } from "../../test/helpers/state.ts";

// Accounts to be scanned: what they hold is drawn, and how far above their line they are.

export const UNDERLYINGS = 8;
export const POSITIONS = 4;
const STRIKES = 7n;
const DAY = 86_400n;
const YEAR = 365n * DAY;

/** A lot of each underlying, in settlement tokens. */
const PRICES = [20, 45, 1.6, 3.1, 0.8, 12, 7.5, 2.2];

/** Depth in lots: a position of a million settlement tokens is a hundredth of it. */
const DEPTH_VALUE = 100_000_000;

/** Eight underlyings, with a series of seven strikes each where there are options. */
export function scanState(withOptions: boolean): State {
  const { now } = emptyState({}, 0n);
  const underlyings = PRICES.map((price, i): Underlying => {
    const lot = BigInt(Math.round(price * 1e6)) * 10n ** 12n;
    const funding = { index: BigInt(i) * 10n ** 15n, rate: 100_000n, time: now, openInterest: 0n, cap: 2n ** 43n };
    return underlyingAt(lot, now, { depth: BigInt(Math.round(DEPTH_VALUE / price)), funding });
  });
  let state = emptyState({ underlyings }, 0n);
  if (!withOptions) return state;
  for (const [i, { price }] of underlyings.entries()) {
    // strikes from 70 to 130 % of the price, in millionths of a token
    const base = (price * 7n) / (10n * 10n ** 12n);
    const listing = {
      series: 1n,
      expiry: now + 30n * DAY,
      base,
      step: base / 7n,
      decimals: 12n,
      count: STRIKES,
      depth: 10n ** 8n,
      volatilityCap: 200n,
    };
    state = listSeries(state, i, listing).state;
    const span = 30n * DAY - 1_200n;
    const variance = (36n * 10n ** 16n * span) / YEAR;
    const sliceWord = sviWord({ a: (variance / 10_000n) * 10_000n, b: 0n, rho: 0n, m: 0n, sigma: WAD / 10n });
    state = postSlices(state, i, [{ series: 1, report: { sliceWord, basis: 0n, publishTime: now } }]).state;
    state = refreshSeries(state, i, 1).state;
  }
  return state;
}

const wad = (tokens: number): bigint => BigInt(Math.round(tokens * 1e6)) * 10n ** 12n;

/** Four of the eight underlyings, each as likely as the others. */
function chosen(random: Random): number[] {
  const all = Array.from({ length: UNDERLYINGS }, (_, i) => i);
  for (let i = 0; i < POSITIONS; i++) {
    const j = i + Math.floor(random.uniform() * (UNDERLYINGS - i));
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all.slice(0, POSITIONS);
}

/**
 * Draws accounts one after the other: four perpetuals of some 300 to 300,000 settlement tokens each, in four of eight underlyings, and, where there are options, one
 * long and one short in two of those; equity above the line by a part of maintenance that is exponential with a mean of 1.5.
 */
export function scanAccounts(seed: number, state: State, withOptions: boolean): () => Account {
  const random = seededRandom(seed);
  let drawn = 0;
  return () => {
    const positions = new Map<number, Position>();
    const series = new Map<number, SeriesPosition[]>();
    let [worth, margin] = [0, 0];
    for (const [place, u] of chosen(random).entries()) {
      const price = PRICES[u]!;
      const lots = Math.max(1, Math.round((10_000 * Math.exp(1.2 * random.normal())) / price)) * (random.uniform() < 0.5 ? -1 : 1);
      positions.set(u, { lots: BigInt(lots), fundingIndex: state.underlyings[u]!.funding.index, entryCost: 0n });
      const line = lots * price;
      worth += line;
      margin += Math.abs(line) * (0.1 + 0.0125) + (line * line) / DEPTH_VALUE;
      if (!withOptions || place > 1) continue;
      const size = Math.max(1, Math.round(Math.abs(lots) / 4)) * (place === 0 ? 1 : -1);
      const instrument = instrumentNumber({
        series: 1n,
        index: BigInt(Math.floor(random.uniform() * Number(STRIKES))),
        isCall: random.uniform() < 0.5,
      });
      series.set(u, [{ instrument, lots: BigInt(size) }]);
      // roughly: what it is worth is not known here, and nobody is to begin below the line
      worth -= Math.abs(size) * price * 0.35;
      margin += Math.abs(size) * price * 0.12;
    }
    const above = -1.5 * Math.log(1 - random.uniform());
    const cash = wad(-worth + 0.8 * margin * (1.0001 + above));
    const id = accountIdOf(`0x${(0x100_0000 + drawn++).toString(16).padStart(40, "0")}`);
    const bare = { moduleDifference: 0n, epoch: 0n, collateral: new Map(), operators: new Map(), exchangeSince: 0n };
    return { id, cash, positions, series, ...bare };
  };
}

/** The state with one price moved by a part of it, rounded. */
export function withMove(state: State, underlying: number, part: number): State {
  const move = BigInt(Math.round((1 + part) * 1e9));
  const underlyings = state.underlyings.map((each, i) => (i === underlying ? { ...each, price: (each.price * move) / 10n ** 9n } : each));
  return { ...state, underlyings };
}
