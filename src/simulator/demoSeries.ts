import { DAY, HOUR } from "../data/bar.ts";
import { averageFromWord, isSettled, openingOf, settlementDown } from "../engine/ledger/options/expiry.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { Series, State } from "../engine/types/types.ts";
import { expiryOf } from "../engine/words/seriesWord.ts";
import type { SliceSource } from "../keeper/upkeep.ts";
import { compact } from "../report/format.ts";
import type { OptionOutcome, OptionsRecord, SeriesRecord } from "../report/runRecord.ts";
import { toNumber } from "../sdk/amounts.ts";
import { type Call, listSeriesCall, scheduleCall, signedSlice } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { instrumentName, listedIn, seriesName } from "../sdk/series.ts";
import { smileReport } from "../sdk/smile.ts";
import { localWallet } from "./localAccounts.ts";
import type { Position } from "./optionTraders.ts";
import type { Recorder } from "./recorder.ts";
import { FAR, listingOf, NEAR, type SeriesPlan, smileOf } from "./seriesPlan.ts";
import type { Protocol } from "./setUp.ts";
import type { VolatilityPath } from "./volatilityPath.ts";

// What a run has to do with series: listed by governance, fed, and what is recorded of them.

/** The account of the local chain that governs parameters. */
const PARAMETERS = 2;
/** Seconds between two slices of the feed, and the part of itself by which the volatility moves before. */
const PUBLISHED_EVERY = 900;
const PUBLISHED_AT = 0.05;
/** Seconds before the path is played at which governance schedules series, and lists them. */
const SCHEDULED_BEFORE = 4 * DAY + HOUR;
const LISTED_BEFORE = DAY;

/** Governance schedules both series four days before the first is traded, as its role has to wait, and lists them a day before. */
export function seriesGovernance(record: DeploymentRecord, underlying: number, { near, far }: SeriesPlan, start: number) {
  let listings: Call[] | undefined;
  let done = false;
  return (time: number, state: State): Call[] => {
    const own = state.underlyings[underlying];
    if (listings === undefined && time >= start - SCHEDULED_BEFORE && own !== undefined) {
      const lots = 10n ** own.lotExponent;
      const expiries: [number, number][] = [
        [NEAR, near],
        [FAR, far],
      ];
      listings = expiries.map(([series, expiry]) => {
        const listing = listingOf(Number(own.lotExponent), series, expiry, own.price * lots, (own.depth * WAD) / lots);
        return listSeriesCall(record, localWallet(PARAMETERS).address, underlying, listing);
      });
      return listings.map((call) => scheduleCall(record, call));
    }
    if (listings === undefined || done || time < start - LISTED_BEFORE) return [];
    done = true;
    return listings;
  };
}

/** Signers publish slices each quarter of an hour, and at once when the volatility has moved by a twentieth of itself. */
export function volatilityFeed(path: VolatilityPath, { record, signers }: Protocol, underlying: number): SliceSource {
  let [published, last] = [0, 0];
  return async (state) => {
    const now = Number(state.now);
    const volatility = path(now);
    if (now - published < PUBLISHED_EVERY && Math.abs(volatility / last - 1) < PUBLISHED_AT) return [];
    [published, last] = [now, volatility];
    return [...(state.underlyings[underlying]?.series ?? [])].flatMap(([series, { word, listed }]) => {
      const expiry = expiryOf(word);
      // the window ages what was said before it opened
      if (!listed || state.now >= openingOf(expiry)) return [];
      const report = smileReport(smileOf(volatility), word, state.now);
      return [{ underlying, series, report, update: signedSlice(record, signers, underlying, expiry, report) }];
    });
  };
}

export type StrategyResult = {
  readonly strategy: string;
  readonly opened: number;
  readonly liquidated: number;
  readonly soldWhole: number;
  readonly deposited: string;
  readonly equity: string;
};

/** Series, outcomes and profiles of a run, for its report. */
export function optionsRecord(record: DeploymentRecord, recorder: Recorder, state: State, underlying: number): OptionsRecord {
  const listed = listedIn(record, state.underlyings);
  const { lotExponent, series } = listed[underlying] ?? { lotExponent: 0, series: new Map() };
  const own = state.underlyings[underlying]?.series ?? new Map<number, Series>();
  const words = ({ instrument, lots }: Position): string => {
    const name = instrumentName(listed, instrument).replace(/^[^-]*-/, "");
    const size = `${lots > 0n ? "+" : "−"}${compact(Math.abs(Number(lots)) / 10 ** lotExponent)}`;
    return `${size} ${name.includes("-") || name === "PERP" ? name : `${name} future`}`;
  };
  return {
    series: [...series.keys()].map((number): SeriesRecord => {
      const each = own.get(number);
      const expiry = Number(expiryOf(each?.word ?? 0n));
      const average = averageFromWord(each?.average ?? 0n);
      const name = seriesName(listed, { underlying, series: number });
      const opening = openingOf(BigInt(expiry));
      if (!isSettled(average, opening, state.now)) return { name, opening: Number(opening), expiry };
      const settlement = toNumber(settlementDown(average, opening, state.now)) * 10 ** lotExponent;
      return { name, opening: Number(opening), expiry, settlement };
    }),
    outcomes: recorder.optionOutcomes(state),
    profiles: recorder.profiles(({ positions }) => positions.map(words).join(", ")),
  };
}

/** How the accounts of each strategy fared. */
export function byStrategy(outcomes: readonly OptionOutcome[]): StrategyResult[] {
  return [...new Set(outcomes.map(({ strategy }) => strategy))].map((strategy) => {
    const own = outcomes.filter((each) => each.strategy === strategy);
    return {
      strategy,
      opened: own.length,
      liquidated: own.filter(({ slices, soldWhole }) => slices > 0 || soldWhole).length,
      soldWhole: own.filter(({ soldWhole }) => soldWhole).length,
      deposited: own.reduce((sum, { deposited }) => sum + deposited, 0).toFixed(2),
      equity: own.reduce((sum, { equity }) => sum + equity, 0).toFixed(2),
    };
  });
}
