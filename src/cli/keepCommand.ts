import type { Command } from "commander";
import { pino } from "pino";
import { z } from "zod";
import type { AccountId, State } from "../engine/types/types.ts";
import { openBookStore } from "../keeper/bookStore.ts";
import { followBooks } from "../keeper/books.ts";
import { watchCaps } from "../keeper/caps.ts";
import { gasCosts } from "../keeper/economy.ts";
import { isPostgres, postgresLease } from "../keeper/lease.ts";
import { liquidationSender } from "../keeper/liquidationSender.ts";
import { type KeeperMetrics, keeperMetrics, serveMetrics } from "../keeper/metrics.ts";
import { priceFeed, requirePlaces } from "../keeper/priceFeed.ts";
import { persist, runKeeper } from "../keeper/runKeeper.ts";
import { sliceFeed } from "../keeper/sliceFeed.ts";
import type { TurnReport } from "../keeper/turn.ts";
import { formatDecimal, parseDecimal } from "../sdk/amounts.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { explainError } from "../sdk/errors.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { DEFAULT_POLICY } from "../sdk/replacement.ts";
import { type RetryOptions, RpcFailure } from "../sdk/rpc.ts";
import { transactionSender } from "../sdk/sender.ts";
import { showAccount } from "../simulator/devnet.ts";
import { ownAccount } from "./accountCommands.ts";
import { positiveDecimal, whole } from "./arguments.ts";
import { type Context, findUnderlying, networkSchema, openContext, parseAccount, requireAccountText, withNetwork } from "./context.ts";
import { withPrices } from "./pricePosting.ts";
import { progressLine } from "./progress.ts";
import { readSettings, variableOf } from "./settings.ts";
import { dryLines, namesIn, turnFigures, turnLines } from "./turnLines.ts";

const LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
const GWEI_DIGITS = 9;

/** Text that is good where `judge` throws no BadInput. */
function judged(judge: (text: string) => void) {
  return z.string().superRefine((text, context) => {
    try {
      judge(text);
    } catch (error) {
      if (!(error instanceof BadInput)) throw error;
      context.addIssue({ code: "custom", message: error.message.replace(/^--[\w-]+: /, "") });
    }
  });
}

/** One schema for flags, environment and file. */
const schema = networkSchema
  .extend({
    database: z.string().min(1, { error: "names no file" }).optional(),
    slices: z.string().min(1, { error: "names no file or address" }).optional(),
    prices: z.string().min(1, { error: "names no file or address" }).optional(),
    pyth: judged((pyth) => requirePlaces({ pyth })).optional(),
    chainlink: z.boolean({ error: "must be true or false" }),
    caps: z.boolean({ error: "must be true or false" }),
    fund: z.boolean({ error: "must be true or false" }),
    account: judged(requireAccountText).optional(),
    dryRun: z.boolean({ error: "must be true or false" }),
    once: z.boolean({ error: "must be true or false" }),
    floor: z.string().regex(/^-?\d+(\.\d+)?$/, { error: (issue) => `"${String(issue.input)}" is not a decimal number` }),
    gasToken: z.string().optional(),
    gasTokenPrice: positiveDecimal.optional(),
    metricsPort: whole(1, 65_535).optional(),
    metricsHost: z.string().regex(/^[\w.:-]+$/, { error: "is no host" }),
    interval: whole(1, 3_600),
    maxFee: positiveDecimal,
    logLevel: z.enum(LEVELS, { error: `must be one of ${LEVELS.join(", ")}` }),
  })
  .refine(({ gasToken, gasTokenPrice }) => gasToken === undefined || gasTokenPrice === undefined, {
    path: ["gasTokenPrice"],
    error: "give it, or the gas token, and not both",
    when: () => true,
  });

export function addKeepCommand(program: Command): void {
  withPrices(withNetwork(program.command("keep")))
    .description(
      "a keeper: sells the slices of accounts below their line to the insurance fund and keeps series fresh and settled, turn after turn; Ctrl-C ends it",
    )
    .option(
      "--database <file>",
      "keeps accounts, positions and the last block, and a transaction that waits; nothing is kept without. postgres://… shares what waits with other keepers, of which one leads",
    )
    .option("--account <account>", "who is credited with the rewards; your own account by default")
    .option("--slices <place>", "JSON file or HTTP address of signed volatility slices to post, read at each turn; none are posted without")
    .option("--chainlink", "post Chainlink's rounds; with --prices and --pyth they are posted as well", false)
    .option("--no-caps", "leave the caps of the open interest as they are")
    .option("--no-fund", "leave the fund's accounts as they are, and the clocks of exchanges")
    .option("--floor <amount>", "settlement tokens that a sale has to earn beyond its gas; negative: so many may be lost with it", "0")
    .option("--gas-token <underlying>", "whose price is that of what gas is paid with; ETH by default, where it is listed")
    .option("--gas-token-price <price>", "the same as a price, in settlement tokens, where none is listed")
    .option(
      "--config <file>",
      "JSON5 with the names of these options; a flag counts before a variable like PLIMSOLL_MAX_FEE, and that before the file",
    )
    .option("--dry-run", "say what would be done and send nothing", false)
    .option("--once", "one turn", false)
    .option("--interval <seconds>", "between turns", "5")
    .option("--max-fee <gwei>", "the most that is offered for a unit of gas", formatDecimal(DEFAULT_POLICY.highestFee, GWEI_DIGITS))
    .option("--metrics-port <port>", "answers /metrics of Prometheus and /healthz on this port")
    .option("--metrics-host <host>", "for whom: 0.0.0.0 for everybody, as in a container", "127.0.0.1")
    .option("--log-level <level>", `of the log on standard error, a JSON object a line: ${LEVELS.join(", ")}`, "warn")
    .action(async (flags: { config?: string }, command: Command) => {
      const { settings: given, options } = readSettings(schema, command, flags.config ?? process.env[variableOf("config")]);
      const highestFee = parseDecimal(given.maxFee, GWEI_DIGITS);
      const ending = new AbortController();
      const { signal } = ending;
      const end = (): void => ending.abort();
      process.once("SIGINT", end);
      process.once("SIGTERM", end);
      const log = pino.destination({ dest: 2, sync: true });
      // whoever read the log has gone: the keeper goes on
      log.on("error", () => {});
      const logger = pino({ level: given.logLevel, base: undefined }, log);
      const retry: RetryOptions = {
        signal,
        onRetry: (error, attempt) => logger.warn({ attempt, reason: explainError(error) }, "asked again"),
      };
      let heard: KeeperMetrics | undefined;
      // a node that does not answer at the start is waited for as in a running turn
      const open = () =>
        openContext(options, retry, (event) => {
          heard?.node(event);
          logger.warn(event, "node");
        });
      const interval = given.interval * 1_000;
      const context = given.once ? await open() : await persist(open, { logger, signal, interval, isLast: isMistake });
      if (context === undefined) return;
      // without a key a dry run is still possible
      const wallet = given.dryRun ? undefined : context.wallet();
      const account = given.account === undefined ? undefined : parseAccount(context, given.account);
      const keeper = account ?? (given.dryRun ? ownAccountIfAny(context) : ownAccount(context));
      const { record, json, rpc } = context;
      const shared = given.database !== undefined && isPostgres(given.database) ? given.database : undefined;
      const store = openBookStore(shared === undefined ? given.database : undefined);
      const metrics = keeperMetrics(
        keeper,
        record.underlyings.map(({ symbol }) => symbol),
      );
      heard = metrics;
      const native = nativePrice(record, given);
      const progress = progressLine();
      const closing: (() => unknown)[] = [() => store.close(), () => progress.end()];
      try {
        if (given.metricsPort !== undefined) {
          const server = await serveMetrics(metrics, given.metricsPort, given.metricsHost);
          closing.push(server.close);
        }
        const books = followBooks(rpc, record.contracts.vault, record.block, {
          store,
          events: new Set(["Liquidated"]),
          onProgress: (block, head) => progress.show("reading events", block - record.block, head - record.block),
          onAnew: (reason) => logger.warn({ reason }, "books are read again"),
        });
        const lease =
          shared === undefined || wallet === undefined
            ? undefined
            : await postgresLease(shared, [record.chainId, record.contracts.vault, wallet.address].join(" ").toLowerCase(), {
                onChange: (leads) => logger.warn({ leads }, leads ? "leads" : "follows"),
              });
        if (lease !== undefined) closing.push(lease.close);
        const send =
          wallet === undefined
            ? undefined
            : liquidationSender(
                rpc,
                transactionSender({
                  rpc,
                  wallet,
                  chainId: record.chainId,
                  store: lease ?? store,
                  policy: { ...DEFAULT_POLICY, highestFee },
                  signal,
                  onEvent: (event) => {
                    metrics.transaction(event);
                    logger.info(shown(event), "transaction");
                  },
                }),
              );
        const say = (line: string): void => void process.stdout.write(`${line}\n`);
        let [failed, undone, sold, missed, idle] = [0, 0, 0, 0, ""];
        const onTurn = (turn: TurnReport, leads: boolean): void => {
          progress.end();
          if (!leads) {
            if (idle !== FOLLOWS && !json) say(FOLLOWS);
            idle = FOLLOWS;
            return;
          }
          failed += turn.failures.length;
          sold += turn.sales.length;
          missed += turn.missed.length;
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
          say(
            `keeping ${record.network}; rewards go to ${showAccount(keeper, record.chainId)}${given.dryRun ? "; nothing is sent" : ""}; Ctrl-C ends it`,
          );
        await runKeeper({
          common: { logger, metrics, signal },
          books,
          record,
          from: wallet?.address ?? context.record.deployer,
          keeper,
          ...(send === undefined ? {} : { send }),
          ...(given.caps ? { caps: watchCaps() } : {}),
          tendsFund: given.fund,
          costs: gasCosts(rpc, native, parseDecimal(given.floor)),
          ...(given.chainlink || given.prices !== undefined || given.pyth !== undefined
            ? { prices: priceFeed(rpc, record, { ...given, ...(given.prices === undefined ? {} : { signed: given.prices }) }) }
            : {}),
          ...(given.slices === undefined ? {} : { slices: sliceFeed(record, given.slices) }),
          ...(lease === undefined ? {} : { lease }),
          interval,
          once: given.once,
          onTurn,
        });
        if (!json && !given.once)
          say(`ended: ${sold} sold, ${failed} batches failed${missed === 0 ? "" : `, ${missed} sold by others or by nobody`}`);
        if (given.once && failed + undone + missed > 0) process.exitCode = 1;
      } finally {
        process.off("SIGINT", end);
        process.off("SIGTERM", end);
        for (const close of closing.reverse()) await close();
      }
    });
}

/** The wrong chain, nothing deployed, bad arguments: no node will ever say otherwise. */
function isMistake(error: unknown): boolean {
  return error instanceof Failure && !(error instanceof RpcFailure) && !error.retryable;
}

const FOLLOWS = "another keeper leads; this one follows";
const NATIVE = "ETH";

/**
 * What a unit of what gas is paid with is worth in settlement tokens: given, or the price of an underlying, as far as the vault has a good one.
 * @throws BadInput where the underlying is none, or a floor is asked for and nothing says what gas costs
 */
function nativePrice(
  record: DeploymentRecord,
  { gasToken, gasTokenPrice, floor }: Pick<z.infer<typeof schema>, "gasToken" | "gasTokenPrice" | "floor">,
): (state: State) => bigint | undefined {
  if (gasTokenPrice !== undefined) {
    const price = parseDecimal(gasTokenPrice);
    return () => price;
  }
  const isListed = record.underlyings.some(({ symbol }) => symbol.toUpperCase() === NATIVE);
  if (gasToken === undefined && !isListed) {
    if (/[1-9]/.test(floor)) throw new BadInput("--floor: say what gas costs, with --gas-token or --gas-token-price");
    return () => undefined;
  }
  const { index } = findUnderlying(record, gasToken ?? NATIVE);
  return ({ underlyings }) => {
    const { price = 0n, lotExponent = 0n } = underlyings[index] ?? {};
    return price === 0n ? undefined : price * 10n ** lotExponent;
  };
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
