import { liquidate } from "../engine/actions/liquidate.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId, State } from "../engine/types/types.ts";
import type { FailedBatch, Missed, Sale, TaskOutcome, TurnReport } from "../keeper/turn.ts";
import { placesOf, type TaskPlace } from "../keeper/upkeep.ts";
import { formatDecimal, showDecimal } from "../sdk/amounts.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { explainError } from "../sdk/errors.ts";
import { listedIn, seriesName } from "../sdk/series.ts";
import { showAccount } from "../simulator/devnet.ts";

/** The name of a series or an underlying for people. */
export type NameOfSeries = (place: TaskPlace) => string;

/** A turn of a keeper for people, a line each. */
export function turnLines({ sales, missed, failures, upkeep }: TurnReport, nameOf: NameOfSeries): string[] {
  return [
    ...sales.map(saleLine),
    ...missed.map(missedLine),
    ...failures.map(failureLine),
    ...upkeep.flatMap((each) => upkeepLines(each, nameOf)),
  ];
}

const DONE = {
  price: "posted a price of",
  cap: "set the cap of",
  slices: "posted a slice of",
  refresh: "refreshed",
  settle: "settled",
  pay: "paid out",
} as const;
const WOULD = {
  price: "would post a price of",
  cap: "would set the cap of",
  slices: "would post a slice of",
  refresh: "would refresh",
  settle: "would settle",
  pay: "would pay out",
} as const;
const FAILED = {
  price: "no price posted of",
  cap: "no cap set of",
  slices: "no slice posted of",
  refresh: "not refreshed:",
  settle: "not settled:",
  pay: "not paid out:",
} as const;

/** A line for each series of a task. */
function upkeepLines({ task, done, error }: TaskOutcome, nameOf: NameOfSeries): string[] {
  return placesOf(task).map((place) => {
    const what = `${nameOf(place)}${task.kind === "pay" ? ` to ${showAccount(task.account)}` : ""}`;
    if (error !== undefined) return `${FAILED[task.kind]} ${what}: ${explainError(error)}`;
    return `${(done ? DONE : WOULD)[task.kind]} ${what}`;
  });
}

/** A name of every series in a state, by its numbers where the deployment does not know it. */
export function namesIn(record: DeploymentRecord, { underlyings }: Pick<State, "underlyings">): NameOfSeries {
  const listed = listedIn(record, underlyings);
  return ({ underlying, series }) => {
    const symbol = record.underlyings[underlying]?.symbol ?? String(underlying);
    if (series === undefined) return symbol;
    const known = underlyings[underlying]?.series.has(series) ?? false;
    return known ? seriesName(listed, { underlying, series }) : `series ${series} of ${symbol}`;
  };
}

function saleLine({ account, fraction, reward }: Sale): string {
  return `liquidated ${showAccount(account)}: sold ${partOf(fraction)}, the keeper earned ${showDecimal(reward)}`;
}

function missedLine({ account, hash, by, reason }: Missed): string {
  const why = by === undefined ? (reason ?? "the vault did not sell it any more") : `sold by ${showAccount(by)}`;
  return `not liquidated: ${showAccount(account)}: ${why}; transaction ${hash} earned nothing with it`;
}

function partOf(fraction: bigint): string {
  return fraction === WAD ? "all" : `${showDecimal(fraction * 100n)} %`;
}

function failureLine({ accounts, error }: FailedBatch): string {
  return `not liquidated: ${accounts.map(showAccount).join(", ")}: ${explainError(error)}`;
}

/** What a turn would do, a line an account and a task, as the engine says it from the same books. */
export function dryLines(
  { planned, upkeep }: Pick<TurnReport, "planned" | "upkeep">,
  state: State,
  keeper: AccountId,
  symbol: string,
  nameOf: NameOfSeries,
): string[] {
  const sales = planned.map(({ account, health }) => {
    const name = `${showAccount(account)}${health === undefined ? "" : ` (health ${showDecimal(health, 3)})`}`;
    try {
      const { fraction, events } = liquidate(state, account, keeper);
      const reward = events.find((event) => event.name === "Liquidated")?.values.reward ?? 0n;
      return `would sell ${partOf(fraction)} of ${name} and earn ${showDecimal(BigInt(reward))} ${symbol}`;
    } catch (error) {
      return `would try ${name}, which fails: ${explainError(error)}`;
    }
  });
  return [...sales, ...upkeep.flatMap((each) => upkeepLines(each, nameOf))];
}

/** A task as JSON prints it, for each of its series. */
function taskFigures({ task, done, error }: TaskOutcome, nameOf: NameOfSeries): object[] {
  return placesOf(task).map((place) => ({
    task: task.kind === "slices" ? "slice" : task.kind,
    [place.series === undefined ? "underlying" : "series"]: nameOf(place),
    ...(task.kind === "pay" ? { account: showAccount(task.account) } : {}),
    done,
    ...(error === undefined ? {} : { reason: explainError(error) }),
  }));
}

/** A turn as JSON prints it; amounts as decimals. */
export function turnFigures({ accounts, below, planned, sales, missed, failures, upkeep }: TurnReport, nameOf: NameOfSeries): object {
  return {
    accounts,
    below,
    planned: planned.map(({ account, health }) => ({
      account: showAccount(account),
      health: health === undefined ? null : formatDecimal(health),
    })),
    sales: sales.map(({ account, fraction, reward }) => ({
      account: showAccount(account),
      fraction: formatDecimal(fraction),
      reward: formatDecimal(reward),
    })),
    missed: missed.map(({ account, hash, by, reason }) => ({
      account: showAccount(account),
      hash,
      soldBy: by === undefined ? null : showAccount(by),
      ...(reason === undefined ? {} : { reason }),
    })),
    failures: failures.map(({ accounts: left, error }) => ({ accounts: left.map(showAccount), reason: explainError(error) })),
    upkeep: upkeep.flatMap((each) => taskFigures(each, nameOf)),
  };
}
