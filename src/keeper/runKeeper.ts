import type { Logger } from "pino";
import { ownerOf, subAccountOf } from "../engine/types/accountId.ts";
import type { AccountId } from "../engine/types/types.ts";
import { explainError } from "../sdk/errors.ts";
import type { Books } from "./books.ts";
import type { KeeperMetrics } from "./metrics.ts";
import { isRetryable, pauseFor } from "./retry.ts";
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
  /** One turn, whose failure is the run's. */
  readonly once: boolean;
  readonly onTurn?: (report: TurnReport) => void;
};

const LONGEST_PAUSE = 60_000;

/**
 * Takes turns until `signal`. A turn that fails in a way that may pass is taken again after a pause that doubles each time.
 * @throws what a turn failed with otherwise
 */
export async function runKeeper(options: KeeperOptions): Promise<void> {
  const { common, books, interval, once, onTurn = () => {}, ...turn } = options;
  const { logger, metrics, signal } = common;
  let failed = 0;
  while (!signal.aborted) {
    const started = performance.now();
    try {
      const report = await keepersTurn({ ...turn, books });
      failed = 0;
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
      if (report.sliceError !== undefined) logger.warn({ reason: explainError(report.sliceError) }, "no slices");
      for (const { task, done, error } of report.upkeep) {
        const series = placesOf(task).map((place) => place.series);
        const what = {
          task: task.kind,
          underlying: task.underlying,
          series,
          ...(task.kind === "pay" ? { account: nameOf(task.account) } : {}),
        };
        if (done) logger.info(what, "upkeep");
        else if (error !== undefined) logger.warn({ ...what, retryable: isRetryable(error), reason: explainError(error) }, "upkeep failed");
      }
      for (const { accounts: left, error } of failures) {
        logger.warn({ accounts: left.map(nameOf), retryable: isRetryable(error), reason: explainError(error) }, "batch failed");
      }
      onTurn(report);
    } catch (error) {
      if (signal.aborted) break;
      const retryable = isRetryable(error);
      metrics.failedTurn(retryable);
      logger.error({ retryable, reason: explainError(error) }, "turn failed");
      if (once || !retryable) throw error;
      failed++;
    }
    if (once) break;
    await pauseFor(Math.min(interval * 2 ** failed, Math.max(interval, LONGEST_PAUSE)), signal);
  }
}

/** An account in the log: owner and index. */
function nameOf(account: AccountId): string {
  return `${ownerOf(account)}/${subAccountOf(account)}`;
}
