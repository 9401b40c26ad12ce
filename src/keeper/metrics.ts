import { createServer } from "node:http";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { AccountId, State } from "../engine/types/types.ts";
import { toNumber } from "../sdk/amounts.ts";
import { BadInput } from "../sdk/failure.ts";
import type { NodeEvent } from "../sdk/nodes.ts";
import type { SenderEvent } from "../sdk/sender.ts";
import type { Head } from "./books.ts";
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
  readonly node: (event: NodeEvent) => void;
  /** Whether this keeper is the one that sends. */
  readonly leads: (leads: boolean) => void;
  /** Seconds since the last turn that was carried out; undefined before the first. */
  readonly sinceLastTurn: () => number | undefined;
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
  const unprofitable = gauge("accounts_unprofitable", "Liquidatable accounts whose sale would not earn its gas and the floor");
  const leads = gauge("leads", "1 where this keeper sends, 0 where it follows another");
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
  const missed = counter("missed_total", "Accounts that own transactions did not sell: another keeper did, or nobody", ["sold_by"]);
  const tasks = counter(
    "upkeep_total",
    "Prices and slices posted, caps set, words refreshed, series settled, accounts paid, the fund topped up and exchanges declared by this keeper",
    ["task"],
  );
  const failedTasks = counter("failed_upkeep_total", "Of those what was not done", ["task"]);
  const earned = counter("earned_total", "Rewards credited to this keeper, settlement tokens");
  const fees = counter("fees_total", "Fees of its transactions that were mined, in what gas is paid with");
  const nodes = counter("nodes_left_total", "Times that a node was left out", ["host"]);
  const transactions = counter("transactions_total", "Transactions by what became of them", ["outcome"]);

  let lastTurn: number | undefined;
  return {
    registry,
    sinceLastTurn: () => (lastTurn === undefined ? undefined : (performance.now() - lastTurn) / 1000),
    turn: (report, state, head, took) => {
      lastTurn = performance.now();
      turns.inc();
      seconds.observe(took);
      accounts.set(report.accounts);
      below.set(report.below);
      liquidatable.set(report.planned.length);
      unprofitable.set(report.unprofitable.length);
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
      for (const { by } of report.missed) missed.inc({ sold_by: by === undefined ? "nobody" : "another" });
      for (const sale of report.sales) {
        if (sale.keeper !== keeper) continue;
        sales.inc({ kind: sale.fraction === 10n ** 18n ? "whole" : "slice" });
        earned.inc(toNumber(sale.reward));
      }
    },
    failedTurn: (retryable) => failedTurns.inc({ retryable: String(retryable) }),
    transaction: (event) => {
      transactions.inc({ outcome: event.kind });
      if (event.kind === "mined" || event.kind === "failed") fees.inc(toNumber(event.fee ?? 0n));
    },
    leads: (isLeader) => leads.set(isLeader ? 1 : 0),
    node: ({ host, kind }) => {
      if (kind === "left") nodes.inc({ host });
    },
  };
}

/** A keeper without a turn for so many seconds is not well. */
const UNWELL_AFTER = 300;

/**
 * Answers GET and HEAD: /metrics in the text format of Prometheus, and /healthz, which is 200 while turns are carried out and 503 before the first and
 * when there was none for five minutes.
 * @returns the port, and what ends it
 * @throws BadInput when the port is in use, or the host is none of this machine
 */
export async function serveMetrics(
  { registry, sinceLastTurn }: Pick<KeeperMetrics, "registry" | "sinceLastTurn">,
  port: number,
  host = "127.0.0.1",
): Promise<{ port: number; close: () => Promise<void> }> {
  const answer = async (path: string): Promise<[status: number, type: string, body: string]> => {
    if (path === "/metrics") return [200, registry.contentType, await registry.metrics()];
    if (path !== "/healthz") return [404, "text/plain", "there are /metrics and /healthz\n"];
    const seconds = sinceLastTurn();
    if (seconds === undefined) return [503, "text/plain", "no turn yet\n"];
    return [seconds < UNWELL_AFTER ? 200 : 503, "text/plain", `the last turn was ${Math.round(seconds)} s ago\n`];
  };
  const server = createServer(async (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    const [status, type, body] = await answer((request.url ?? "").split("?")[0] ?? "");
    response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
    response.end(request.method === "HEAD" ? undefined : body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new BadInput(`--metrics-port: port ${port} is in use`)
          : error.code === "EADDRNOTAVAIL" || error.code === "ENOTFOUND"
            ? new BadInput(`--metrics-host: ${host} is no address of this machine`)
            : error,
      ),
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
