import type { Logger } from "pino";
import { LiquidationScan } from "../engine/scan/liquidationScan.ts";
import { ownerOf, subAccountOf } from "../engine/types/accountId.ts";
import type { AccountId } from "../engine/types/types.ts";
import { explainError } from "../sdk/errors.ts";
import { isRetryable, pauseFor } from "../sdk/rpc.ts";
import type { Books } from "./books.ts";
import type { Lease } from "./lease.ts";
import type { KeeperMetrics } from "./metrics.ts";
import { keepersTurn, type TurnOptions, type TurnReport } from "./turn.ts";
import { placesOf } from "./upkeep.ts";

/** What every part of a keeper that runs shares. */
export type KeeperCommon = {
  readonly logger: Logger;
  readonly metrics: KeeperMetrics;
  /** Aborted once, by whoever ends the keeper. */
  readonly signal: AbortSignal;
};

export type KeeperOptions = Omit<TurnOptions, "books"> & {
  readonly common: KeeperCommon;
  readonly books: Books;
  /** Milliseconds between turns. */
  readonly interval: number;
  /** One turn, whose failure is that of the run. */
  readonly once: boolean;
  /** Of several keepers the one that leads sends, the others follow; without it this one leads. */
  readonly lease?: Pick<Lease, "leads">;
  readonly onTurn?: (report: TurnReport, leads: boolean) => void;
};

const LONGEST_PAUSE = 60_000;

export type Persistence = Pick<KeeperCommon, "logger" | "signal"> & {
  /** Milliseconds before the second attempt; each later pause is twice as long, up to a minute. */
  readonly interval: number;
  readonly onFailure?: (error: unknown) => void;
  /** What is no use to try again; by default nothing is. */
  readonly isLast?: (error: unknown) => boolean;
};

/** Does something until it succeeds, whatever a node or a disk says in between; undefined where `signal` ended it. */
export async function persist<Result>(work: () => Promise<Result>, options: Persistence): Promise<Result | undefined> {
  const { logger, signal, interval, onFailure = () => {}, isLast = () => false } = options;
  for (let failed = 1; !signal.aborted; failed++) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted) return undefined;
      if (isLast(error)) throw error;
      onFailure(error);
      logger.error({ retryable: isRetryable(error), reason: explainError(error) }, "failed, and tried again");
    }
    await pauseFor(Math.min(interval * 2 ** failed, Math.max(interval, LONGEST_PAUSE)), signal);
  }
  return undefined;
}

/**
 * Takes turns until `signal`. A turn that fails is taken again after a pause that doubles each time, whatever it failed with: a keeper that has started
 * goes on.
 * @throws what a turn failed with where only one is taken
 */
export async function runKeeper(options: KeeperOptions): Promise<void> {
  const { common, books, interval, once, lease, onTurn = () => {}, send, ...turn } = options;
  const { logger, metrics, signal } = common;
  const scan = new LiquidationScan();
  const take = async (): Promise<void> => {
    const started = performance.now();
    const leads = (await lease?.leads()) ?? true;
    const report = await keepersTurn({ ...turn, books, scan, ...(leads && send !== undefined ? { send } : {}) });
    metrics.leads(leads);
    const head = books.head();
    const state = books.state(head.time);
    metrics.turn(report, state, head, (performance.now() - started) / 1000);
    const { accounts, below, planned, sales, failures } = report;
    logger.debug({ block: head.number, accounts, below, planned: planned.length }, "turn");
    if (below > planned.length)
      logger.debug({ accounts: below - planned.length }, "below the line, but at prices that are old or not normal");
    for (const { account, fraction, reward, keeper } of sales) {
      logger.info({ account: nameOf(account), fraction: String(fraction), reward: String(reward), own: keeper === turn.keeper }, "sold");
    }
    for (const { account, reward, cost } of report.unprofitable)
      logger.info({ account: nameOf(account), reward: String(reward), cost: String(cost) }, "not worth its gas");
    if (report.priceError !== undefined) logger.warn({ reason: explainError(report.priceError) }, "no prices");
    if (report.sliceError !== undefined) logger.warn({ reason: explainError(report.sliceError) }, "no slices");
    for (const { task, done, error } of report.upkeep) {
      const series = placesOf(task).flatMap((place) => place.series ?? []);
      const what = {
        task: task.kind,
        underlying: task.underlying,
        series,
        ...(task.kind === "pay" || task.kind === "declare" ? { account: nameOf(task.account) } : {}),
        ...(task.kind === "deleverage" ? { accounts: task.accounts.map(nameOf) } : {}),
      };
      if (done) logger.info(what, "upkeep");
      else if (error !== undefined) logger.warn({ ...what, retryable: isRetryable(error), reason: explainError(error) }, "upkeep failed");
    }
    for (const { accounts: left, error } of failures) {
      logger.warn({ accounts: left.map(nameOf), retryable: isRetryable(error), reason: explainError(error) }, "batch failed");
    }
    for (const { account, hash, by, reason } of report.missed)
      logger.warn({ account: nameOf(account), hash, ...(by === undefined ? { reason } : { by: nameOf(by) }) }, "not sold by us");
    onTurn(report, leads);
  };
  if (once) return take();
  while (!signal.aborted) {
    await persist(take, { logger, signal, interval, onFailure: (error) => metrics.failedTurn(isRetryable(error)) });
    await pauseFor(interval, signal);
  }
}

/** An account in the log: owner and index. */
function nameOf(account: AccountId): string {
  return `${ownerOf(account)}/${subAccountOf(account)}`;
}
