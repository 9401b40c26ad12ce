import { type Action, executeOn } from "../../src/engine/actions/execute.ts";
import { postPrice } from "../../src/engine/actions/prices.ts";
import { listSeries, postSlices, refreshSeries, type SeriesListing } from "../../src/engine/actions/series.ts";
import type { Fill } from "../../src/engine/actions/trading.ts";
import { transact } from "../../src/engine/ledger/draft.ts";
import { namedInstrument } from "../../src/engine/ledger/market.ts";
import { sviWord } from "../../src/engine/math/options/svi.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { instrumentNumber, STRIKE_ZERO } from "../../src/engine/types/instrument.ts";
import type { AccountId, Address, State } from "../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../src/engine/types/types.ts";
import { expiryOf } from "../../src/engine/words/seriesWord.ts";
import { ALICE, emptyState, underlyingAt } from "./state.ts";

export const DAY = 86_400n;
export const YEAR = 365n * DAY;
const UNIT = 10_000n;

/** Three tokens a lot, a thousandth of the underlying. */
export const PRICE = 3n * WAD;

/** A vault with one underlying at three tokens a lot, a scan range that stays at 10 %, and positions as small as one likes. */
export function bareState(changes: Partial<State> = {}): State {
  const { now, liquidation } = emptyState();
  const { volatility } = underlyingAt(PRICE, now);
  const underlying = underlyingAt(PRICE, now, { lotExponent: 3n, volatility: { ...volatility, rangeFloor: 100_000_000n } });
  return emptyState({ underlyings: [underlying], liquidation: { ...liquidation, smallestNotional: 1n }, ...changes });
}

/** Strikes of 2.4, 2.6, … 3.6 tokens and the dated future, in 30 days. */
export function listing(state: State, changes: Partial<SeriesListing> = {}): SeriesListing {
  const shape = { base: 24n, step: 2n, decimals: 17n, count: 7n, depth: 1_000_000n, volatilityCap: 120n };
  return { series: 1n, expiry: state.now + 30n * DAY, ...shape, ...changes };
}

/** A slice of one volatility for every strike; both in 18 decimals, the time in seconds. */
export function flatSlice(volatility: bigint, span: bigint): bigint {
  const variance = (volatility * volatility * span) / (YEAR * WAD);
  return sviWord({ a: (variance / UNIT) * UNIT, b: 0n, rho: 0n, m: 0n, sigma: WAD / 10n });
}

/** Seconds of variance time before the window, from now to the settlement of a series. */
export function spanOf(state: State, series = 1, underlying = 0): bigint {
  return expiryOf(state.underlyings[underlying]!.series.get(series)!.word) - 1_200n - state.now;
}

/** The state with a flat slice posted now. */
export function withSlice(state: State, volatility = WAD / 2n, series = 1, underlying = 0, basis = 0n): State {
  const slice = flatSlice(volatility, spanOf(state, series, underlying));
  return postSlices(state, underlying, [{ series, report: { sliceWord: slice, basis, publishTime: state.now } }]).state;
}

/** One series, with a slice and fresh words. */
export function openState(volatility = WAD / 2n, changes: Partial<SeriesListing> = {}, state = bareState()): State {
  const listed = listSeries(state, 0, listing(state, changes)).state;
  return refreshSeries(withSlice(listed, volatility), 0, 1).state;
}

/** The state some seconds later. */
export function later(state: State, seconds: bigint): State {
  return { ...state, now: state.now + seconds };
}

/** A price of a lot posted now, published some seconds ago. */
export function posted(
  state: State,
  price: bigint,
  underlying = 0,
  ago = 0n,
): { readonly state: State; readonly events: readonly string[] } {
  const { lotExponent } = state.underlyings[underlying]!;
  const report = { price: price * 10n ** lotExponent, publishTime: state.now - ago, valid: true };
  const outcome = transact(state, (draft) => postPrice(draft, underlying, [report]));
  return { state: outcome.state, events: outcome.events.map(({ name }) => name) };
}

export const call = (index: bigint, series = 1n): bigint => namedInstrument(0, instrumentNumber({ series, index, isCall: true }));
export const put = (index: bigint, series = 1n): bigint => namedInstrument(0, instrumentNumber({ series, index, isCall: false }));
export const future = (series = 1n): bigint => call(STRIKE_ZERO, series);

/** Settlement tokens for accounts, WAD. */
export function funded(state: State, amounts: readonly (readonly [Address, AccountId, bigint])[]): State {
  return transact(state, (draft) => {
    for (const [owner, account, amount] of amounts) executeOn(draft, owner, [{ kind: "Deposit", account, token: SETTLEMENT, amount }], {});
  }).state;
}

/** A trade of one taker by the only module, and why fills were skipped. */
export function traded(
  state: State,
  taker: AccountId,
  fills: readonly (Pick<Fill, "maker" | "instrument" | "lots" | "price"> & Partial<Fill>)[],
  actor: Address = ALICE,
): { readonly state: State; readonly skipped: readonly string[] } {
  const action: Action = { kind: "Trade", account: taker, module: 0, data: "0x", minimumLots: 0n };
  const proposed = fills.map((fill) => ({ takerFee: 0n, makerFee: 0n, ...fill }));
  const outcome = transact(state, (draft) => executeOn(draft, actor, [action], { propose: () => proposed }));
  const skipped = outcome.events.filter(({ name }) => name === "FillSkipped").map(({ values }) => String(values.reason));
  return { state: outcome.state, skipped };
}
