import { liquidate } from "../engine/actions/liquidate.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId, State } from "../engine/types/types.ts";
import type { Unprofitable } from "../keeper/economy.ts";
import type { FailedBatch, Missed, Sale, TaskOutcome, TurnReport } from "../keeper/turn.ts";
import { placesOf, type TaskPlace } from "../keeper/upkeep.ts";
import { formatDecimal, showDecimal } from "../sdk/amounts.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { explainError } from "../sdk/errors.ts";
import { saleOf } from "../sdk/saleLog.ts";
import { listedIn, seriesName } from "../sdk/series.ts";
import { showAccount } from "../simulator/devnet.ts";

/** The name of an account, a series or an underlying for people. */
export type NameOf = (what: TaskPlace | AccountId) => string;

/** A turn of a keeper for people, a line each. */
export function turnLines({ sales, missed, failures, unprofitable, upkeep }: TurnReport, nameOf: NameOf): string[] {
  return [
    ...unprofitable.map((each) => unprofitableLine(each, nameOf)),
    ...sales.map((each) => saleLine(each, nameOf)),
    ...missed.map((each) => missedLine(each, nameOf)),
    ...failures.map((each) => failureLine(each, nameOf)),
    ...upkeep.flatMap((each) => upkeepLines(each, nameOf)),
  ];
}

const DONE = {
  price: "posted a price of",
  cap: "set the cap of",
  topUp: "topped up the fund's account of",
  deleverage: "deleveraged",
  declare: "declared the exchange of",
  slices: "posted a slice of",
  refresh: "refreshed",
  settle: "settled",
  pay: "paid out",
} as const;
const WOULD = {
  price: "would post a price of",
  cap: "would set the cap of",
  topUp: "would top up the fund's account of",
  deleverage: "would deleverage",
  declare: "would declare the exchange of",
  slices: "would post a slice of",
  refresh: "would refresh",
  settle: "would settle",
  pay: "would pay out",
} as const;
const FAILED = {
  price: "no price posted of",
  cap: "no cap set of",
  topUp: "not topped up: the fund's account of",
  deleverage: "not deleveraged:",
  declare: "not declared: the exchange of",
  slices: "no slice posted of",
  refresh: "not refreshed:",
  settle: "not settled:",
  pay: "not paid out:",
} as const;

/** A line for each series of a task. */
function upkeepLines({ task, done, error }: TaskOutcome, nameOf: NameOf): string[] {
  return placesOf(task).map((place) => {
    const what = task.kind === "declare" ? nameOf(task.account) : `${nameOf(place)}${whomOf(task, nameOf)}`;
    if (error !== undefined) return `${FAILED[task.kind]} ${what}: ${explainError(error)}`;
    return `${(done ? DONE : WOULD)[task.kind]} ${what}`;
  });
}

function whomOf(task: TaskOutcome["task"], nameOf: NameOf): string {
  if (task.kind === "pay") return ` to ${nameOf(task.account)}`;
  if (task.kind !== "deleverage") return "";
  return task.accounts.length === 0 ? ": nothing is lacking any more" : ` against ${task.accounts.map(nameOf).join(", ")}`;
}

/** Names of accounts and of every series in a state, by its numbers where the deployment does not know it. */
export function namesIn(record: DeploymentRecord, { underlyings }: Pick<State, "underlyings">): NameOf {
  const listed = listedIn(record, underlyings);
  return (what) => {
    if (typeof what === "bigint") return showAccount(what, record.chainId);
    const { underlying, series } = what;
    const symbol = record.underlyings[underlying]?.symbol ?? String(underlying);
    if (series === undefined) return symbol;
    const known = underlyings[underlying]?.series.has(series) ?? false;
    return known ? seriesName(listed, { underlying, series }) : `series ${series} of ${symbol}`;
  };
}

function saleLine({ account, fraction, reward }: Sale, nameOf: NameOf): string {
  return `liquidated ${nameOf(account)}: sold ${partOf(fraction)}, the keeper earned ${showDecimal(reward)}`;
}

/** Not sent for: its sale would not earn its gas and the floor. */
export function unprofitableLine({ account, reward, cost }: Unprofitable, nameOf: NameOf): string {
  return `left unsold: ${nameOf(account)}: it would earn ${showDecimal(reward)}, and its gas cost ${showDecimal(cost)}`;
}

function missedLine({ account, hash, by, reason }: Missed, nameOf: NameOf): string {
  const why = by === undefined ? (reason ?? "the vault did not sell it any more") : `sold by ${nameOf(by)}`;
  return `not liquidated: ${nameOf(account)}: ${why}; transaction ${hash} earned nothing with it`;
}

function partOf(fraction: bigint): string {
  return fraction === WAD ? "all" : `${showDecimal(fraction * 100n)} %`;
}

function failureLine({ accounts, error }: FailedBatch, nameOf: NameOf): string {
  return `not liquidated: ${accounts.map(nameOf).join(", ")}: ${explainError(error)}`;
}

/** What a turn would do, a line an account and a task, as the engine says it from the same books. */
export function dryLines(
  { planned, unprofitable, upkeep }: Pick<TurnReport, "planned" | "unprofitable" | "upkeep">,
  state: State,
  keeper: AccountId,
  symbol: string,
  nameOf: NameOf,
): string[] {
  const worth = planned.filter(({ account }) => !unprofitable.some((each) => each.account === account));
  const sales = worth.map(({ account, health }) => {
    const name = `${nameOf(account)}${health === undefined ? "" : ` (health ${showDecimal(health, 3)})`}`;
    try {
      const { fraction, events } = liquidate(state, account, keeper);
      const [sale] = events.flatMap((event) => saleOf({ name: event.name, args: event.values }) ?? []);
      return `would sell ${partOf(fraction)} of ${name} and earn ${showDecimal(sale?.reward ?? 0n)} ${symbol}`;
    } catch (error) {
      return `would try ${name}, which fails: ${explainError(error)}`;
    }
  });
  return [...unprofitable.map((each) => unprofitableLine(each, nameOf)), ...sales, ...upkeep.flatMap((each) => upkeepLines(each, nameOf))];
}

/** A task as JSON prints it, for each of its series. */
function taskFigures({ task, done, error }: TaskOutcome, nameOf: NameOf): object[] {
  return placesOf(task).map((place) => ({
    task: task.kind === "slices" ? "slice" : task.kind,
    [place.series === undefined ? "underlying" : "series"]: nameOf(place),
    ...(task.kind === "pay" || task.kind === "declare" ? { account: nameOf(task.account) } : {}),
    ...(task.kind === "deleverage" ? { accounts: task.accounts.map(nameOf) } : {}),
    done,
    ...(error === undefined ? {} : { reason: explainError(error) }),
  }));
}

/** A turn as JSON prints it; amounts as decimals. */
export function turnFigures(
  { accounts, below, planned, unprofitable, sales, missed, failures, upkeep }: TurnReport,
  nameOf: NameOf,
): object {
  return {
    accounts,
    below,
    planned: planned.map(({ account, health }) => ({
      account: nameOf(account),
      health: health === undefined ? null : formatDecimal(health),
    })),
    unprofitable: unprofitable.map(({ account, reward, cost }) => ({
      account: nameOf(account),
      reward: formatDecimal(reward),
      cost: formatDecimal(cost),
    })),
    sales: sales.map(({ account, fraction, reward }) => ({
      account: nameOf(account),
      fraction: formatDecimal(fraction),
      reward: formatDecimal(reward),
    })),
    missed: missed.map(({ account, hash, by, reason }) => ({
      account: nameOf(account),
      hash,
      soldBy: by === undefined ? null : nameOf(by),
      ...(reason === undefined ? {} : { reason }),
    })),
    failures: failures.map(({ accounts: left, error }) => ({ accounts: left.map(nameOf), reason: explainError(error) })),
    upkeep: upkeep.flatMap((each) => taskFigures(each, nameOf)),
  };
}
