import type { VolatilityReport } from "../engine/actions/series.ts";
import { openingOf } from "../engine/ledger/options/expiry.ts";
import { varianceSeconds } from "../engine/ledger/options/freshness.ts";
import { agedDown } from "../engine/math/options/svi.ts";
import type { Series, State, Underlying } from "../engine/types/types.ts";
import { expiryOf } from "../engine/words/seriesWord.ts";
import { planSlices, planUpkeep, type SliceSource, type Task, taskCall, type UpkeepPlan } from "../keeper/upkeep.ts";
import { type Call, listSeriesCall, signedSlice } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { vaultReader } from "../sdk/readState.ts";
import type { Rpc } from "../sdk/rpc.ts";
import { seriesListing } from "../sdk/series.ts";
import { type Smile, smileReport } from "../sdk/smile.ts";
import type { Protocol } from "./setUp.ts";

const DAY = 86_400;
const EIGHT = 8 * 3_600;
/** 1970 began on a Thursday. */
const FIRST_FRIDAY = DAY;

/** The volatilities of local chains, at every expiry. */
export const LOCAL_SMILE: Smile = { volatility: 0.6, skew: -0.1, curvature: 0.3 };

/**
 * The next Fridays at 08:00 UTC that are at least two days away, unix seconds.
 * @example fridaysAfter(Date.UTC(2026, 10, 25) / 1000, 2) // 27 November 2026 08:00, and a week later
 */
export function fridaysAfter(now: number, count: number): number[] {
  const first = FIRST_FRIDAY + EIGHT;
  const next = first + Math.ceil((now + 2 * DAY - first) / (7 * DAY)) * 7 * DAY;
  return Array.from({ length: count }, (_, week) => next + week * 7 * DAY);
}

const STRIKES = 17;

/**
 * Lists two series for each underlying that has a volatility feed: the next two Fridays, strikes from 60 to 140 % of the price.
 * @param from holder of the role that lists; where it waits, `scheduleCall` comes first
 */
export function localSeriesCalls(record: DeploymentRecord, from: string, underlyings: readonly Underlying[], now: number): Call[] {
  return record.underlyings.flatMap(({ volatilityFeed, lotExponent }, index) => {
    const underlying = underlyings[index];
    if (volatilityFeed === undefined || underlying === undefined) return [];
    const step = roundStep((underlying.price * 10n ** BigInt(lotExponent)) / 20n);
    return fridaysAfter(now, 2).map((expiry, i) => {
      const terms = {
        series: i + 1,
        expiry: BigInt(expiry),
        lowest: step * 12n,
        step,
        count: STRIKES,
        depth: underlying.depth * 10n ** BigInt(18 - lotExponent),
        volatilityCap: 200,
      };
      return listSeriesCall(record, from, index, seriesListing(lotExponent, terms));
    });
  });
}

/** 1, 2 or 5 times a power of ten, the nearest from below. */
function roundStep(value: bigint): bigint {
  let power = 1n;
  while (power * 10n <= value) power *= 10n;
  return [5n, 2n].map((digit) => digit * power).find((step) => step <= value) ?? power;
}

/**
 * The volatility feed of a local chain, signed as of the next block: of every listed series of an underlying with a feed. What somebody posted stands, as time
 * leaves it; a series without a slice gets the smile.
 */
export function localSlices({ record, signers }: Protocol, smile: Smile = LOCAL_SMILE): SliceSource {
  return async ({ now, underlyings }) =>
    underlyings.flatMap((each, underlying) => {
      if (record.underlyings[underlying]?.volatilityFeed === undefined) return [];
      return [...each.series].flatMap(([series, own]) => {
        const expiry = expiryOf(own.word);
        // the window ages what was said before it opened
        if (!own.listed || now >= openingOf(expiry)) return [];
        const report = again(own, now) ?? smileReport(smile, own.word, now);
        return [{ underlying, series, report, update: signedSlice(record, signers, underlying, expiry, report) }];
      });
    });
}

/** What the feed said last, as of now. */
function again({ word, slice, surface }: Series, now: bigint): VolatilityReport | undefined {
  const left = varianceSeconds(now, expiryOf(word));
  if (surface.published === 0n || left > surface.span) return undefined;
  return { sliceWord: agedDown(slice, left, surface.span), basis: surface.basis, publishTime: now };
}

/**
 * Keeps the series of a local chain fit for trading: posts slices, refreshes the words of every series, writes settlement prices down.
 * @param send carries out one call
 * @throws what the first task that failed failed with
 */
export async function tendSeries(
  rpc: Rpc,
  record: DeploymentRecord,
  from: string,
  slices: SliceSource,
  send: (call: Call) => Promise<unknown>,
): Promise<readonly Task[]> {
  const reader = vaultReader(rpc, record.contracts.vault);
  const read = async (): Promise<State> => {
    const { timestamp } = (await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
    return { ...(await reader.shared()), accounts: new Map(), now: BigInt(timestamp) + 1n };
  };
  const done: Task[] = [];
  const carryOut = async ({ tasks, refused }: UpkeepPlan): Promise<void> => {
    if (refused[0] !== undefined) throw refused[0].error;
    const outcomes: PromiseSettledResult<unknown>[] = [];
    for (const task of tasks) outcomes.push(...(await Promise.allSettled([send(taskCall(record, from, task))])));
    const failure = outcomes.find(({ status }) => status === "rejected");
    if (failure?.status === "rejected") throw failure.reason;
    done.push(...tasks);
  };
  const state = await read();
  if (state.underlyings.every(({ series }) => series.size === 0)) return done;
  await carryOut(planSlices(state, await slices(state)));
  await carryOut(planUpkeep(await read(), "all"));
  return done;
}
