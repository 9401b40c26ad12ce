import type { Command } from "commander";
import { pino } from "pino";
import { z } from "zod";
import type { AccountId } from "../engine/types/types.ts";
import { openBookStore } from "../keeper/bookStore.ts";
import { followBooks } from "../keeper/books.ts";
import { liquidationSender } from "../keeper/liquidationSender.ts";
import { keeperMetrics, serveMetrics } from "../keeper/metrics.ts";
import { DEFAULT_POLICY } from "../keeper/replacement.ts";
import { retryingRpc } from "../keeper/retry.ts";
import { runKeeper } from "../keeper/runKeeper.ts";
import { transactionSender } from "../keeper/sender.ts";
import { sliceFeed } from "../keeper/sliceFeed.ts";
import type { TurnReport } from "../keeper/turn.ts";
import { formatDecimal, parseDecimal } from "../sdk/amounts.ts";
import { explainError } from "../sdk/errors.ts";
import { BadInput } from "../sdk/failure.ts";
import { showAccount } from "../simulator/devnet.ts";
import { ownAccount } from "./accountCommands.ts";
import { positiveDecimal, readArguments, whole } from "./arguments.ts";
import { type Context, openContext, parseAccount, withNetwork } from "./context.ts";
import { progressLine } from "./progress.ts";
import { dryLines, namesIn, turnFigures, turnLines } from "./turnLines.ts";

const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
const GWEI_DIGITS = 9;

const schema = z.object({
  database: z.string().optional(),
  slices: z.string().min(1, { error: "names no file or address" }).optional(),
  account: z.string().optional(),
  dryRun: z.boolean(),
  once: z.boolean(),
  metricsPort: whole(1, 65_535).optional(),
  interval: whole(1, 3_600),
  maxFee: positiveDecimal,
  logLevel: z.enum(LEVELS, { error: `must be one of ${LEVELS.join(", ")}` }),
});

export function addKeepCommand(program: Command): void {
  withNetwork(program.command("keep"))
    .description(
      "a keeper: sells the slices of accounts below their line to the insurance fund and keeps series fresh and settled, turn after turn; Ctrl-C ends it",
    )
    .option("--database <file>", "keeps accounts, positions and the last block, and a transaction that waits; nothing is kept without")
    .option("--account <account>", "who is credited with the rewards; your own account by default")
    .option("--slices <place>", "JSON file or HTTP address of signed volatility slices to post, read at each turn; none are posted without")
    .option("--dry-run", "say what would be done and send nothing", false)
    .option("--once", "one turn", false)
    .option("--interval <seconds>", "between turns", "5")
    .option("--max-fee <gwei>", "the most that is offered for a unit of gas", formatDecimal(DEFAULT_POLICY.highestFee, GWEI_DIGITS))
    .option("--metrics-port <port>", "answers GET /metrics of Prometheus on this port of this machine")
    .option("--log-level <level>", `of the log on standard error, a JSON object a line: ${LEVELS.join(", ")}`, "warn")
    .action(async (options: unknown) => {
      const given = readArguments(schema, options);
      const account = given.account === undefined ? undefined : parseAccount(given.account);
      if (given.database === "") throw new BadInput("--database: names no file");
      const highestFee = parseDecimal(given.maxFee, GWEI_DIGITS);
      const context = await openContext(options);
      // without a key a dry run is still possible
      const wallet = given.dryRun ? undefined : context.wallet();
      const keeper = account ?? (given.dryRun ? ownAccountIfAny(context) : ownAccount(context));
      const { record, json } = context;

      const ending = new AbortController();
      const { signal } = ending;
      const end = (): void => ending.abort();
      process.once("SIGINT", end);
      process.once("SIGTERM", end);
      const logger = pino({ level: given.logLevel, base: undefined }, pino.destination({ dest: 2, sync: true }));
      const store = openBookStore(given.database);
      const metrics = keeperMetrics(
        keeper,
        record.underlyings.map(({ symbol }) => symbol),
      );
      const progress = progressLine();
      const closing: (() => unknown)[] = [() => store.close(), () => progress.end()];
      try {
        if (given.metricsPort !== undefined) {
          const server = await serveMetrics(metrics.registry, given.metricsPort);
          closing.push(server.close);
        }
        const rpc = retryingRpc(context.rpc, {
          attempts: 5,
          pause: 500,
          signal,
          onRetry: (error, attempt) => logger.warn({ attempt, reason: explainError(error) }, "asked again"),
        });
        const books = followBooks(rpc, record.contracts.vault, record.block, {
          store,
          events: new Set(["Liquidated"]),
          onProgress: (block, head) => progress.show("reading events", block - record.block, head - record.block),
          onAnew: (reason) => logger.warn({ reason }, "the books are read anew"),
        });
        const send =
          wallet === undefined
            ? undefined
            : liquidationSender(
                rpc,
                transactionSender({
                  rpc,
                  wallet,
                  chainId: record.chainId,
                  store,
                  policy: { ...DEFAULT_POLICY, highestFee },
                  signal,
                  onEvent: (event) => {
                    metrics.transaction(event);
                    logger.info(shown(event), "transaction");
                  },
                }),
              );
        const say = (line: string): void => void process.stdout.write(`${line}\n`);
        let [failed, undone, sold, idle] = [0, 0, 0, ""];
        const onTurn = (turn: TurnReport): void => {
          progress.end();
          failed += turn.failures.length;
          sold += turn.sales.length;
          const state = books.state(books.head().time + 1);
          const nameOf = namesIn(record, state);
          undone += turn.upkeep.filter(({ error }) => error !== undefined).length;
          const lines = given.dryRun ? dryLines(turn, state, keeper, record.settlementToken.symbol, nameOf) : turnLines(turn, nameOf);
          if (json) {
            if (given.once || turn.planned.length > 0 || turn.upkeep.length > 0)
              say(JSON.stringify({ ...turnFigures(turn, nameOf), ...(given.dryRun ? { wouldDo: lines } : {}) }));
            return;
          }
          // what did not change is not said again
          const now = `${turn.accounts} accounts, ${turn.below} below the line${turn.below > turn.planned.length ? ` (${turn.below - turn.planned.length} wait for a price)` : ""}`;
          if (now !== idle) say(now);
          idle = now;
          for (const line of lines) say(line);
        };
        if (!json && !given.once)
          say(`keeping ${record.network}; rewards go to ${showAccount(keeper)}${given.dryRun ? "; nothing is sent" : ""}; Ctrl-C ends it`);
        await runKeeper({
          common: { logger, metrics, signal },
          books,
          record,
          from: wallet?.address ?? context.record.deployer,
          keeper,
          ...(send === undefined ? {} : { send }),
          ...(given.slices === undefined ? {} : { slices: sliceFeed(record, given.slices) }),
          interval: given.interval * 1000,
          once: given.once,
          onTurn,
        });
        if (!json && !given.once) say(`ended: ${sold} sold, ${failed} batches failed`);
        if (given.once && failed + undone > 0) process.exitCode = 1;
      } finally {
        process.off("SIGINT", end);
        process.off("SIGTERM", end);
        for (const close of closing.reverse()) await close();
      }
    });
}

function ownAccountIfAny(context: Context): AccountId {
  try {
    return ownAccount(context);
  } catch {
    return 0n;
  }
}

/** An event for the log, which knows no bigint. */
function shown(event: object): object {
  return JSON.parse(JSON.stringify(event, (_, value) => (typeof value === "bigint" ? value.toString() : value))) as object;
}
