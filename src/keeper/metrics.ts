import { createServer } from "node:http";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { AccountId, State } from "../engine/types/types.ts";
import { toNumber } from "../sdk/amounts.ts";
import { BadInput } from "../sdk/failure.ts";
import type { Head } from "./books.ts";
import type { SenderEvent } from "./sender.ts";
import type { TurnReport } from "./turn.ts";
import { placesOf } from "./upkeep.ts";

/** What a keeper counts. */
export type KeeperMetrics = {
  readonly registry: Registry;
  /** After each turn. @param seconds that it took */
  readonly turn: (report: TurnReport, state: State, head: Head, seconds: number) => void;
  /** A turn that failed as a whole. */
  readonly failedTurn: (retryable: boolean) => void;
  readonly transaction: (event: SenderEvent) => void;
};

/**
 * @param keeper account whose rewards are counted as earned
 * @param symbols of the underlyings, in order
 */
export function keeperMetrics(keeper: AccountId, symbols: readonly string[]): KeeperMetrics {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string): Gauge => new Gauge({ name: `plimsoll_keeper_${name}`, help, registers });
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[] = []): Counter<Label> =>
    new Counter({ name: `plimsoll_keeper_${name}`, help, labelNames, registers });

  const accounts = gauge("accounts", "Accounts known, but for the fund's");
  const below = gauge("accounts_below_line", "Accounts below their maintenance margin");
  const liquidatable = gauge("accounts_liquidatable", "Accounts below the line whose prices are normal and young enough");
  const headBlock = gauge("head_block", "Block as of which the books are");
  const headTime = gauge("head_time_seconds", "Time of that block");
  const priceTime = new Gauge({
    name: "plimsoll_keeper_price_time_seconds",
    help: "Publish time of the price",
    labelNames: ["underlying"],
    registers,
  });
  const seconds = new Histogram({
    name: "plimsoll_keeper_turn_seconds",
    help: "How long a turn took",
    registers,
    buckets: [0.05, 0.2, 0.5, 1, 2, 5, 10, 30, 120],
  });
  const turns = counter("turns_total", "Turns carried out");
  const failedTurns = counter("failed_turns_total", "Turns that failed as a whole", ["retryable"]);
  const failedBatches = counter("failed_batches_total", "Batches that were not carried out");
  const sales = counter("sales_total", "Sales made by this keeper", ["kind"]);
  const tasks = counter("upkeep_total", "Slices posted, words refreshed, series settled and accounts paid by this keeper", ["task"]);
  const failedTasks = counter("failed_upkeep_total", "Of those what was not done", ["task"]);
  const earned = counter("earned_total", "Rewards credited to this keeper, settlement tokens");
  const transactions = counter("transactions_total", "Transactions by what became of them", ["outcome"]);

  return {
    registry,
    turn: (report, state, head, took) => {
      turns.inc();
      seconds.observe(took);
      accounts.set(report.accounts);
      below.set(report.below);
      liquidatable.set(report.planned.length);
      headBlock.set(head.number);
      headTime.set(head.time);
      for (const [i, { priceTime: time }] of state.underlyings.entries())
        priceTime.set({ underlying: symbols[i] ?? String(i) }, Number(time));
      failedBatches.inc(report.failures.length);
      for (const { task, done, error } of report.upkeep) {
        const label = { task: task.kind === "slices" ? "slice" : task.kind };
        if (done) tasks.inc(label, placesOf(task).length);
        else if (error !== undefined) failedTasks.inc(label, placesOf(task).length);
      }
      for (const sale of report.sales) {
        if (sale.keeper !== keeper) continue;
        sales.inc({ kind: sale.fraction === 10n ** 18n ? "whole" : "slice" });
        earned.inc(toNumber(sale.reward));
      }
    },
    failedTurn: (retryable) => failedTurns.inc({ retryable: String(retryable) }),
    transaction: ({ kind }) => transactions.inc({ outcome: kind }),
  };
}

/**
 * Answers GET /metrics in the text format of Prometheus.
 * @returns the port, and what ends it
 * @throws BadInput when the port is in use
 */
export async function serveMetrics(
  registry: Registry,
  port: number,
  host = "127.0.0.1",
): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer(async (request, response) => {
    if (request.method !== "GET" || request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    response.setHeader("content-type", registry.contentType).end(await registry.metrics());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? new BadInput(`--metrics-port: port ${port} is in use`) : error),
    );
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
