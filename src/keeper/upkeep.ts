import { logMoneynessOf } from "../engine/black76.ts";
import type { Outcome } from "../engine/draft.ts";
import { Reverted } from "../engine/errors.ts";
import { averageFromWord, isSettled, openingOf } from "../engine/expiry.ts";
import { abs, fromPpb, max } from "../engine/fixedPoint.ts";
import { instrumentFromNumber } from "../engine/instrument.ts";
import { postSlice, refreshSeries, settleSeries, strikesOf, type VolatilityReport } from "../engine/series.ts";
import { impliedDown } from "../engine/seriesRefresh.ts";
import { seriesNow, seriesRangeUp, sliceNow, stalenessOf } from "../engine/seriesState.ts";
import { expiryOf } from "../engine/seriesWord.ts";
import { settleExpired } from "../engine/settleExpired.ts";
import { sviFromWord } from "../engine/svi.ts";
import { type AccountId, NORMAL, type Series, type State, type Underlying } from "../engine/types.ts";
import { type Call, postSliceCall, refreshSeriesCall, settleExpiredCall, settleSeriesCall } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import type { SeriesPlace } from "../sdk/series.ts";

/** A slice of a series that its source has signed. */
export type SliceOffer = SeriesPlace & {
  readonly report: VolatilityReport;
  /** What `postSlice` is given. */
  readonly update: string;
};

/** Where signed slices come from. What it offers that is not newer or not worth a transaction is left out by the plan. */
export type SliceSource = (state: State) => Promise<readonly SliceOffer[]>;

/** Something to be done for a series, by anybody. */
export type Task =
  | (SeriesPlace & { readonly kind: "slice"; readonly update: string })
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
  const { underlying, series } = task;
  switch (task.kind) {
    case "slice":
      return postSliceCall(record, from, underlying, series, task.update);
    case "refresh":
      return refreshSeriesCall(record, from, underlying, series);
    case "settle":
      return settleSeriesCall(record, from, underlying, series);
    case "pay":
      return settleExpiredCall(record, from, task.account, underlying, series);
  }
}

/**
 * The slices of `offers` that are to be posted, in an order that the vault takes: where volatility falls the nearer expiry comes first, where it rises the
 * farther one, because between two expiries total variance may never fall. One is worth it when there is none yet, when the last is half an hour old, or
 * when the basis or the volatility of a strike has moved enough.
 */
export function planSlices(state: State, offers: readonly SliceOffer[]): UpkeepPlan {
  let after = state;
  let waiting = offers
    .filter((offer) => isWorthPosting(state, offer))
    .map((offer): RefusedTask & { offer: SliceOffer } => {
      const { underlying, series, update } = offer;
      return { offer, task: { kind: "slice", underlying, series, update }, error: new Reverted("NotTried", []) };
    });
  const tasks: Task[] = [];
  for (let progress = true; progress; ) {
    progress = false;
    const left: typeof waiting = [];
    for (const each of waiting) {
      const { underlying, series, report } = each.offer;
      const outcome = attempt(() => postSlice(after, underlying, series, report));
      if (outcome instanceof Reverted) {
        left.push({ ...each, error: outcome });
        continue;
      }
      after = outcome.state;
      tasks.push(each.task);
      progress = true;
    }
    waiting = left;
  }
  return { tasks, refused: waiting.map(({ task, error }) => ({ task, error })), state: after };
}

function isWorthPosting({ now, underlyings }: State, { underlying: index, series: number, report }: SliceOffer): boolean {
  const underlying = underlyings[index];
  const series = underlying?.series.get(number);
  if (underlying === undefined || series === undefined || !series.listed) return false;
  const { published, basis } = series.surface;
  if (now >= openingOf(expiryOf(series.word)) || report.publishTime <= published) return false;
  if (published === 0n || now - published >= RENEWED_AFTER || abs(report.basis - basis) > BASIS_MOVED) return true;
  const live = seriesNow(underlying, series, now);
  const { slice, span } = sliceNow(underlying, live);
  const left = live.varianceTime / 10n ** 18n;
  return strikesOf(series.word).some((strike) => {
    const k = -logMoneynessOf(live.forward, strike);
    const was = impliedDown(slice, k, span);
    return abs(impliedDown(sviFromWord(report.slice), k, left) - was) * PART_OF_VOLATILITY > was;
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

function attempt(run: () => Outcome): Outcome | Reverted {
  try {
    return run();
  } catch (error) {
    if (error instanceof Reverted) return error;
    throw error;
  }
}
