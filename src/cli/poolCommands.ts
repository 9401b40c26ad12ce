import type { Command } from "commander";
import { z } from "zod";
import { formatDecimal, parseDecimal, showDecimal } from "../sdk/amounts.ts";
import { approvalCalls } from "../sdk/approval.ts";
import { executeCall } from "../sdk/calls.ts";
import { isCombo, parseCombo } from "../sdk/comboTerms.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { NO_LIMIT, type PoolOrder, poolCall, poolOf, poolTradeAction, quotePool, readPool, sharesOf } from "../sdk/pool.ts";
import { type ListedUnderlying, parseInstrument } from "../sdk/series.ts";
import { readVault } from "../sdk/vaultView.ts";
import { ownAccount, report } from "./accountCommands.ts";
import { positiveDecimal, readArguments } from "./arguments.ts";
import { type Context, openContext, parseAmount, withNetwork } from "./context.ts";
import { printJson, printTable } from "./output.ts";

/** Decimals of shares beside those of the token. */
const SHARE_DIGITS = 12;

const sideSchema = z.object({ side: z.enum(["buy", "sell"], { error: "must be buy or sell" }), size: positiveDecimal });

export function addPoolCommands(program: Command): void {
  const pool = program.command("pool").description("the liquidity pool: its shares, and trades with it");

  withNetwork(pool.command("show", { isDefault: true }))
    .description("its value, its inventory and the funding that follows it, and your shares")
    .action(async (options: unknown) => show(await openContext(options)));

  withNetwork(pool.command("deposit").argument("<amount>", "of the settlement token"))
    .description("buy shares")
    .action(async (amount: string, options: unknown) => {
      const context = await openContext(options);
      const { record } = context;
      const { settlementToken } = record;
      const units = parseAmount(amount, settlementToken.decimals);
      const owner = context.wallet().address;
      const { hash } = await context.send([
        ...(await approvalCalls(context.rpc, settlementToken, owner, poolOf(record).address, units)),
        poolCall(record, owner, "deposit", [units, owner]),
      ]);
      report(context, { amount, hash }, `${amount} ${settlementToken.symbol} deposited`);
    });

  withNetwork(pool.command("redeem").argument("<shares>", "or all"))
    .description("put shares into the queue; they are paid first in, first out, and claimed then")
    .action(async (text: string, options: unknown) => {
      const context = await openContext(options);
      const { record } = context;
      const digits = record.settlementToken.decimals + SHARE_DIGITS;
      if (text !== "all") parseAmount(text, digits);
      const owner = context.wallet().address;
      const { held } = await sharesOf(context.rpc, record, owner);
      const shares = text === "all" ? held : parseAmount(text, digits);
      if (shares === 0n || shares > held) throw new Failure(`you have ${formatDecimal(held, digits)} shares`);
      const { hash } = await context.send([poolCall(record, owner, "requestRedeem", [shares, owner, owner])]);
      const shown = formatDecimal(shares, digits);
      report(context, { shares: shown, hash }, `${shown} shares wait to be paid: plimsoll pool claim`);
    });

  withNetwork(pool.command("claim"))
    .description("pay requests that can be paid, and claim what was paid for yours")
    .action(async (options: unknown) => claim(await openContext(options)));

  const trading = (name: string): Command =>
    withNetwork(
      pool
        .command(name)
        .argument("<side>", "buy or sell")
        .argument("<instrument>", "as of an order: ETH, ETH-20261225, ETH-20261225-3000-C, or a combo of options and dated futures")
        .argument("<size>", "in units of the underlying; of the combo"),
    );
  trading("quote")
    .description("what the pool asks beyond the marks, at once")
    .action(async (side: string, name: string, size: string, options: unknown) => {
      const asked = readArguments(sideSchema, { side, size });
      const context = await openContext(options);
      const order = await orderOf(context, asked, name, NO_LIMIT);
      const quote = await quotePool(context.rpc, context.record, order);
      const { symbol } = context.record.settlementToken;
      const figures = Object.fromEntries(Object.entries(quote).map(([key, value]) => [key, formatDecimal(value)]));
      report(
        context,
        { side, instrument: name, size, ...figures },
        `${showDecimal(quote.beyond, 6)} ${symbol} beyond the marks: half the spread ${showDecimal(quote.halfSpread, 6)}, the inventory ${showDecimal(quote.cost, 6)}`,
      );
    });
  trading("trade")
    .requiredOption("--most <amount>", "the most that you pay beyond the marks; negative: the least that you are paid")
    .description("trade with the pool at once")
    .action(async (side: string, name: string, size: string, options: { most: string }) => {
      const asked = readArguments(sideSchema, { side, size });
      const limit = parseDecimal(options.most);
      const context = await openContext(options);
      const order = await orderOf(context, asked, name, limit);
      const quote = await quotePool(context.rpc, context.record, order);
      const { hash } = await context.send([
        executeCall(context.record, context.wallet().address, [poolTradeAction(context.record, order)]),
      ]);
      const beyond = formatDecimal(quote.beyond);
      const { symbol } = context.record.settlementToken;
      report(
        context,
        { side, instrument: name, size, quoted: beyond, hash },
        `${side === "buy" ? "bought" : "sold"} ${size} ${name}; quoted ${beyond} ${symbol} beyond the marks`,
      );
    });
}

async function show(context: Context): Promise<void> {
  const { record, rpc } = context;
  const { decimals, symbol } = record.settlementToken;
  const state = await readPool(rpc, record);
  const shares = await sharesOf(rpc, record, context.wallet().address);
  const digits = decimals + SHARE_DIGITS;
  const markets = state.markets.map(({ weight, equity, margin, charged, lots, rate }, index) => {
    const { symbol: name, lotExponent } = record.underlyings[index]!;
    return {
      underlying: name,
      weight: formatDecimal(weight, 6),
      equity: formatDecimal(equity),
      margin: formatDecimal(margin),
      charged: formatDecimal(charged),
      perpetual: formatDecimal(lots, lotExponent),
      fundingRate: formatDecimal(rate, 9),
    };
  });
  const own = {
    shares: formatDecimal(shares.held, digits),
    waiting: formatDecimal(shares.pending, digits),
    claimable: formatDecimal(shares.assets, decimals),
  };
  const value = { upper: formatDecimal(state.upper, decimals), lower: formatDecimal(state.lower, decimals) };
  if (context.json) {
    printJson({
      ...value,
      reserve: formatDecimal(state.reserve),
      supply: formatDecimal(state.supply, digits),
      queue: state.waiting,
      markets,
      own,
    });
    return;
  }
  const shown = (text: string): string => showDecimal(parseDecimal(text));
  process.stdout.write(
    `worth ${shown(value.lower)} to who goes and ${shown(value.upper)} ${symbol} to who comes; reserve ${showDecimal(state.reserve)}; ${state.waiting} requests wait\n`,
  );
  process.stdout.write(`yours: ${own.shares} shares, ${own.waiting} waiting, ${own.claimable} ${symbol} to claim\n`);
  printTable(
    ["underlying", "weight", "equity", "margin", "charged", "perpetual", "funding, 8 h"],
    markets.map((each) => [
      each.underlying,
      each.weight,
      shown(each.equity),
      shown(each.margin),
      shown(each.charged),
      each.perpetual,
      `${formatDecimal(parseDecimal(each.fundingRate) * 100n)} %`,
    ]),
  );
}

async function claim(context: Context): Promise<void> {
  const { record, rpc } = context;
  const { decimals, symbol } = record.settlementToken;
  const owner = context.wallet().address;
  const before = await sharesOf(rpc, record, owner);
  if (before.pending !== 0n) await context.send([poolCall(record, owner, "payRequests", [MOST_PAID])]).catch(ignoreNothing);
  const { claimable, assets, pending } = await sharesOf(rpc, record, owner);
  if (claimable === 0n)
    throw new Failure(
      pending === 0n ? "nothing of yours waits" : "your request waits: it is paid at a price that is published after it was made",
    );
  const { hash } = await context.send([poolCall(record, owner, "redeem", [claimable, owner, owner])]);
  const shown = formatDecimal(assets, decimals);
  report(context, { claimed: shown, hash }, `${shown} ${symbol} claimed`);
}

/** Requests that one transaction pays at most: each asks what the pool is worth. */
const MOST_PAID = 8;

/** That nothing can be paid yet is told by what is claimable afterwards. */
function ignoreNothing(error: unknown): void {
  if (!/NothingToDo/.test(String(error instanceof Error ? error.message : error))) throw error;
}

async function orderOf(context: Context, { side, size }: z.infer<typeof sideSchema>, name: string, limit: bigint): Promise<PoolOrder> {
  const account = ownAccount(context);
  const { listed } = await readVault(context, [account]);
  const sign = side === "buy" ? 1n : -1n;
  return { account, legs: legsOf(listed, name, size).map(({ instrument, lots }) => ({ instrument, lots: sign * lots })), limit };
}

function legsOf(listed: readonly ListedUnderlying[], name: string, size: string): PoolOrder["legs"] {
  if (isCombo(name)) {
    const { legs, exponent } = parseCombo(listed, name);
    const units = parseAmount(size, exponent);
    return legs.map(({ instrument, lots }) => ({ instrument, lots: lots * units }));
  }
  const instrument = parseInstrument(listed, name);
  const found = listed[Number(instrument & 0xffn)];
  if (found === undefined) throw new BadInput(`no underlying is called ${name}`);
  return [{ instrument, lots: parseAmount(size, Number(found.lotExponent)) }];
}
