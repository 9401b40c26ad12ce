import {
  MOST_SLICES,
  OLDEST_SLICE,
  postSlices,
  refreshSeries,
  settleSeries,
  strikesOf,
  type VolatilityReport,
} from "../engine/actions/series.ts";
import { settleExpired } from "../engine/actions/settleExpired.ts";
import type { Outcome } from "../engine/ledger/draft.ts";
import { averageFromWord, isSettled, openingOf } from "../engine/ledger/options/expiry.ts";
import { seriesNow, seriesRangeUp, sliceNow, stalenessOf } from "../engine/ledger/options/seriesState.ts";
import { logMoneynessOf } from "../engine/math/options/black76.ts";
import { impliedDown, sviFromWord } from "../engine/math/options/svi.ts";
import { Reverted } from "../engine/types/errors.ts";
import { abs, fromPpb, max } from "../engine/types/fixedPoint.ts";
import { instrumentFromNumber } from "../engine/types/instrument.ts";
import { type AccountId, NORMAL, type Series, type State, type Underlying } from "../engine/types/types.ts";
import { expiryOf } from "../engine/words/seriesWord.ts";
import {
  type Call,
  declareExchangeCall,
  deleverageCall,
  postPriceCall,
  postSlicesCall,
  refreshCapCall,
  refreshSeriesCall,
  type SliceUpdate,
  settleExpiredCall,
  settleSeriesCall,
  topUpCall,
} from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import type { SeriesPlace } from "../sdk/series.ts";
import type { PriceOffer } from "./priceFeed.ts";

/** A slice of a series that its source has signed. */
export type SliceOffer = SeriesPlace & {
  readonly report: VolatilityReport;
  /** What `postSlices` is given. */
  readonly update: string;
};

/** Where signed slices come from. What it offers that is not newer or not worth a transaction is left out by the plan. */
export type SliceSource = (state: State) => Promise<readonly SliceOffer[]>;

/** Something to be done for an underlying, for a series of it or with slices for several, or for an account, by anybody. */
export type Task =
  | (Pick<PriceOffer, "underlying" | "updates" | "fee"> & { readonly kind: "price" })
  | { readonly kind: "cap" | "topUp"; readonly underlying: number }
  | { readonly kind: "deleverage"; readonly underlying: number; readonly accounts: readonly AccountId[] }
  | { readonly kind: "declare"; readonly account: AccountId; readonly underlying: number }
  | { readonly kind: "slices"; readonly underlying: number; readonly slices: readonly SliceUpdate[] }
  | (SeriesPlace & { readonly kind: "refresh" | "settle" })
  | (SeriesPlace & { readonly kind: "pay"; readonly account: AccountId });

/** A task that the vault would refuse, and why. */
export type RefusedTask = { readonly task: Task; readonly error: Reverted };

export type UpkeepPlan = {
  readonly tasks: readonly Task[];
  readonly refused: readonly RefusedTask[];
  /** The state once they are done. */
  readonly state: State;
};

/** A slice is posted at the latest when half of the hour that it holds has passed. */
const RENEWED_AFTER = 1_800n;
/** ppb: a basis that moved less waits for the next slice. */
const BASIS_MOVED = 1_000_000n;
/** Of itself: what makes words stale when it happens to a slice. */
const PART_OF_VOLATILITY = 100n;

/** Series whose stale words are refreshed: those that somebody holds, all, so that anybody can open at once, or none. */
export type Refresh = "held" | "all" | "none";

/** The transaction of a task. */
export function taskCall(record: DeploymentRecord, from: string, task: Task): Call {
  switch (task.kind) {
    case "price":
      return postPriceCall(record, from, task.underlying, task.updates, task.fee);
    case "cap":
      return refreshCapCall(record, from, task.underlying);
    case "topUp":
      return topUpCall(record, from, task.underlying);
    case "deleverage":
      return deleverageCall(record, from, task.underlying, task.accounts);
    case "declare":
      return declareExchangeCall(record, from, task.account);
    case "slices":
      return postSlicesCall(record, from, task.underlying, task.slices);
    case "refresh":
      return refreshSeriesCall(record, from, task.underlying, task.series);
    case "settle":
      return settleSeriesCall(record, from, task.underlying, task.series);
    case "pay":
      return settleExpiredCall(record, from, task.account, task.underlying, task.series);
  }
}

/** An underlying, or a series of it. */
export type TaskPlace = { readonly underlying: number; readonly series?: number };

/** What a task is about. */
export function placesOf(task: Task): TaskPlace[] {
  return task.kind === "slices" ? task.slices.map(({ series }) => ({ underlying: task.underlying, series })) : [task];
}

/**
 * The slices of `offers` that are to be posted, those of neighbouring expiries together: between two expiries total variance may never fall, so that when volatility or
 * skew turns neither may be posted alone. One is worth it when there is none yet, when the last is half an hour old, or when the basis or the volatility of a strike has moved
 * enough; where the vault refuses one, its neighbours go with it. What it would refuse all the same is left out.
 */
export function planSlices(state: State, offers: readonly SliceOffer[]): UpkeepPlan {
  const tasks: Task[] = [];
  const refused: RefusedTask[] = [];
  let after = state;
  for (const underlying of state.underlyings.keys()) {
    const own = offers.filter((offer) => offer.underlying === underlying && isPostable(state, offer));
    const byExpiry = own.sort((a, b) => Number(expiryIn(state, a) - expiryIn(state, b)));
    for (let from = 0; from < byExpiry.length; from += Number(MOST_SLICES)) {
      const chunk = byExpiry.slice(from, from + Number(MOST_SLICES));
      const worth = chunk.filter((offer) => isWorthPosting(state, offer));
      if (worth.length === 0) continue;
      let wanted = together(after, underlying, worth);
      const lostOf = (tried: typeof wanted) => tried.refused.filter(({ offer }) => worth.includes(offer));
      if (lostOf(wanted).length > 0) {
        const all = together(after, underlying, chunk);
        if (lostOf(all).length < lostOf(wanted).length) wanted = all;
      }
      refused.push(...lostOf(wanted).map(({ offer, error }) => ({ task: taskOf(underlying, [offer]), error })));
      if (wanted.slices.length === 0) continue;
      tasks.push(taskOf(underlying, wanted.slices));
      after = wanted.state;
    }
  }
  return { tasks, refused, state: after };
}

function taskOf(underlying: number, offers: readonly SliceOffer[]): Task {
  return { kind: "slices", underlying, slices: offers.map(({ series, update }) => ({ series, update })) };
}

const expiryIn = ({ underlyings }: State, { underlying, series }: SeriesPlace): bigint =>
  expiryOf(underlyings[underlying]!.series.get(series)!.word);

/** Of the slices that are offered together as many as the vault takes: without the one whose absence lets the others in, again and again. */
function together(state: State, underlying: number, offers: readonly SliceOffer[]) {
  const refused: { readonly offer: SliceOffer; readonly error: Reverted }[] = [];
  let slices = [...offers];
  while (slices.length > 0) {
    const outcome = attempt(() => postSlices(state, underlying, slices));
    if (!(outcome instanceof Reverted)) return { slices, refused, state: outcome.state };
    const without = (left: SliceOffer): SliceOffer[] => slices.filter((offer) => offer !== left);
    const isRefused = (offer: SliceOffer): boolean => attempt(() => postSlices(state, underlying, [offer])) instanceof Reverted;
    const lets = (offer: SliceOffer): boolean => !(attempt(() => postSlices(state, underlying, without(offer))) instanceof Reverted);
    const left = slices.find(lets) ?? slices.find(isRefused) ?? slices[0]!;
    refused.push({ offer: left, error: outcome });
    slices = without(left);
  }
  return { slices, refused, state };
}

/** Whether a slice is of a series that takes one, newer than the last, and young enough. */
function isPostable({ now, underlyings }: State, { underlying, series: number, report }: SliceOffer): boolean {
  const series = underlyings[underlying]?.series.get(number);
  if (series === undefined || !series.listed || now >= openingOf(expiryOf(series.word))) return false;
  return report.publishTime > series.surface.published && now - report.publishTime <= OLDEST_SLICE;
}

function isWorthPosting({ now, underlyings }: State, { underlying: index, series: number, report }: SliceOffer): boolean {
  const underlying = underlyings[index]!;
  const series = underlying.series.get(number)!;
  const { published, basis } = series.surface;
  if (published === 0n || now - published >= RENEWED_AFTER || abs(report.basis - basis) > BASIS_MOVED) return true;
  const live = seriesNow(underlying, series, now);
  const { slice, span } = sliceNow(live);
  const left = live.varianceTime / 10n ** 18n;
  return strikesOf(series.word).some((strike) => {
    const k = -logMoneynessOf(live.forward, strike);
    const was = impliedDown(slice, k, span);
    return abs(impliedDown(sviFromWord(report.sliceWord), k, left) - was) * PART_OF_VOLATILITY > was;
  });
}

/**
 * What is to be done for the series of a state beside slices: words refreshed that are stale where somebody holds the series and the price is good,
 * settlement prices written down that stand by the clock, accounts paid that hold a series which has settled. Pure.
 * @param refresh whose stale words are refreshed
 */
export function planUpkeep(state: State, refresh: Refresh = "held"): UpkeepPlan {
  const tasks: Task[] = [];
  const refused: RefusedTask[] = [];
  let after = state;
  const plan = (task: Task, run: (state: State) => Outcome): void => {
    const outcome = attempt(() => run(after));
    if (outcome instanceof Reverted) {
      refused.push({ task, error: outcome });
      return;
    }
    tasks.push(task);
    after = outcome.state;
  };
  for (const [underlying, each] of state.underlyings.entries()) {
    for (const [series, own] of [...each.series].sort(([a], [b]) => a - b)) {
      const place = { underlying, series };
      if (isSettledSeries(own, state.now)) {
        if (own.listed) plan({ kind: "settle", ...place }, (before) => settleSeries(before, underlying, series));
      } else if (wantsRefresh(state, each, own, refresh)) {
        plan({ kind: "refresh", ...place }, (before) => refreshSeries(before, underlying, series));
      }
    }
  }
  for (const account of state.accounts.values()) {
    for (const [underlying, positions] of account.series) {
      for (const series of new Set(positions.map(({ instrument }) => Number(instrumentFromNumber(instrument).series)))) {
        const own = state.underlyings[underlying]?.series.get(series);
        if (own === undefined || !isSettledSeries(own, state.now)) continue;
        plan({ kind: "pay", underlying, series, account: account.id }, (before) => settleExpired(before, account.id, underlying, series));
      }
    }
  }
  return { tasks, refused, state: after };
}

/** Whether the settlement price of a series stands, written down or by the clock alone. */
export function isSettledSeries({ word, average }: Pick<Series, "word" | "average">, now: bigint): boolean {
  return isSettled(averageFromWord(average), openingOf(expiryOf(word)), now);
}

/** Why the risk words of a series may not be used to open and to withdraw now. */
export function stalenessNow(underlying: Underlying, series: Series, now: bigint): ReturnType<typeof stalenessOf> {
  const live = seriesNow(underlying, series, now);
  return stalenessOf(live, seriesRangeUp(live, fromPpb(max(underlying.targetRange, underlying.heldRange))), now);
}

function wantsRefresh({ now, margin }: State, underlying: Underlying, series: Series, refresh: Refresh): boolean {
  const { published, openInterest } = series.surface;
  if (refresh === "none" || published === 0n || (openInterest === 0n && refresh === "held")) return false;
  if (underlying.priceState !== NORMAL || now - underlying.priceTime > margin.tradingAge) return false;
  return stalenessNow(underlying, series, now) !== "none";
}

/** What the engine makes of an action, or why the vault would refuse it. */
export function attempt(run: () => Outcome): Outcome | Reverted {
  try {
    return run();
  } catch (error) {
    if (error instanceof Reverted) return error;
    throw error;
  }
}
