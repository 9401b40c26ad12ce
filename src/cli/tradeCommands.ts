import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { Draft } from "../engine/draft.ts";
import { WAD } from "../engine/fixedPoint.ts";
import { marketOf } from "../engine/market.ts";
import type { AccountId, State } from "../engine/types.ts";
import { batchesByGas, scenariosToName } from "../keeper/plan.ts";
import { cancelOrdersAction, tradeAction } from "../sdk/actions.ts";
import { formatDecimal, showDecimal } from "../sdk/amounts.ts";
import { interfaceOf } from "../sdk/artifacts.ts";
import { executeCall, liquidateBatchCall, shedCall } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { errorNameOf } from "../sdk/errors.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { buildOrder, encodeFills, packMaker, packTakerLimit, type SignedOrder, signOrder } from "../sdk/orders.ts";
import { vaultReader } from "../sdk/readState.ts";
import { instrumentName, type ListedUnderlying, parseInstrument } from "../sdk/series.ts";
import { showAccount } from "../simulator/devnet.ts";
import { ownAccount, report } from "./accountCommands.ts";
import { positiveDecimal, readArguments, whole } from "./arguments.ts";
import { findUnderlying, openContext, parseAccount, parseAmount, withNetwork } from "./context.ts";
import { printJson, printTable } from "./output.ts";
import { mended, readSeries } from "./seriesState.ts";

const HIGHEST_FEE = 500n; // ppm

const sideSchema = z.object({
  side: z.enum(["buy", "sell"], { error: "must be buy or sell" }),
  size: positiveDecimal,
  limit: z.string().refine((text) => text === "mark" || positiveDecimal.safeParse(text).success, {
    error: (issue) => `"${String(issue.input)}" is not a positive decimal, nor the word mark`,
  }),
  minutes: whole(1, 525_600),
});

export function addTradeCommands(program: Command): void {
  const order = program.command("order").description("sign orders, take them, void them");
  withNetwork(
    order
      .command("sign")
      .argument("<side>", "buy or sell")
      .argument("<instrument>", "ETH-PERP or ETH, ETH-20261225, ETH-20261225-3000-C")
      .argument("<size>", "in units of the underlying")
      .requiredOption("--limit <price>", "for one unit; mark: what it is worth now")
      .option("--minutes <number>", "for which it stands", "60")
      .option("--nonce <number>", "orders of one nonce share one count of filled lots; the time by default")
      .option("--out <file>", "where to write it", "order.json"),
  )
    .description("sign an order that anybody may take")
    .action(async (side: string, name: string, size: string, options: { limit: string; minutes: string; nonce?: string; out: string }) => {
      const given = readArguments(sideSchema, { side, size, limit: options.limit, minutes: options.minutes });
      const context = await openContext(options);
      const { record } = context;
      const account = ownAccount(context);
      // a local chain's clock may have been moved: its own time counts
      const { state, listed } = await readSeries(context, [account]);
      const instrument = parseInstrument(listed, name);
      const { lotExponent } = underlyingOf(record, instrument);
      const epoch = state.accounts.get(account)?.epoch ?? 0n;
      const built = buildOrder({
        vault: record.contracts.vault,
        account,
        instrument,
        long: given.side === "buy",
        limit: given.limit === "mark" ? markOf(state, instrument, name) : parseAmount(given.limit, 18) / 10n ** BigInt(lotExponent),
        size: parseAmount(given.size, lotExponent),
        maxFee: HIGHEST_FEE,
        expiry: state.now + BigInt(given.minutes * 60),
        nonce: options.nonce === undefined ? BigInt(Date.now()) % 2n ** 40n : BigInt(readArguments(whole(0, 2 ** 40 - 1), options.nonce)),
        epoch,
      });
      const signed = await signOrder(context.wallet(), { chainId: BigInt(record.chainId), settlement: record.contracts.orders }, built);
      writeFileSync(options.out, `${JSON.stringify(signed, (_, value) => (typeof value === "bigint" ? value.toString() : value), 2)}\n`);
      report(
        context,
        { file: options.out, instrument: instrumentName(listed, instrument), order: signed.order, signature: signed.signature },
        `signed: ${given.side} ${given.size} ${instrumentName(listed, instrument)} at ${formatDecimal(built.limit * 10n ** BigInt(lotExponent))}; take it with: plimsoll order take ${options.out}`,
      );
    });

  withNetwork(
    order
      .command("take")
      .argument("<file>", "a signed order")
      .option("--size <size>", "in units of the underlying; all of it by default")
      .option("--preview", "say what it would do to your margin and send nothing", false),
  )
    .description("trade against a signed order")
    .action(async (file: string, options: { size?: string; preview: boolean }) => {
      const signed = readOrder(file);
      const context = await openContext(options);
      const { record } = context;
      const { instrument, limit, long } = signed.order;
      const { listed } = await readSeries(context);
      const { symbol, lotExponent } = underlyingOf(record, instrument);
      const lots = options.size === undefined ? signed.order.size : parseAmount(options.size, lotExponent);
      const name = nameIn(listed, instrument, file);
      const taker = { instrument, long: !long, worst: limit, lots, maxFee: HIGHEST_FEE, reduceOnly: false };
      const fill = { ...signed, lots };
      const account = ownAccount(context);
      const size = formatDecimal(lots, lotExponent);
      const price = formatDecimal(limit * 10n ** BigInt(lotExponent));
      const what = instrument >> 8n === 0n ? symbol : name;
      try {
        const [able, reason] = (await context.view(
          "orders",
          "OrderSettlement",
          "fillable",
          account,
          packTakerLimit(taker),
          packMaker(fill),
        )) as [bigint, string];
        if (able < lots) {
          throw new Failure(
            able > 0n
              ? `only ${formatDecimal(able, lotExponent)} ${what} are left of the order`
              : `the order cannot be taken: ${errorNameOf(reason)}`,
          );
        }
        const actions = [tradeAction(account, record.modules.orders, encodeFills([taker], [fill]), lots)];
        const figures = { instrument: name, underlying: symbol, side: long ? "sell" : "buy", size, price };
        if (options.preview) {
          const [before, afterwards] = (await context.view(
            "lens",
            "MarginLens",
            "preview",
            context.wallet().address,
            actions,
            account,
          )) as [Figures, Figures];
          report(
            context,
            { ...figures, before: figuresOf(before), afterwards: figuresOf(afterwards) },
            `${long ? "selling" : "buying"} ${size} ${what} at ${price}: equity ${showDecimal(before.equity)} → ${showDecimal(afterwards.equity)}, margin to open ${showDecimal(before.margin)} → ${showDecimal(afterwards.margin)}`,
          );
          return;
        }
        const hash = await context.send([executeCall(record, context.wallet().address, actions)]);
        report(context, { ...figures, hash }, `${long ? "sold" : "bought"} ${size} ${what} at ${price}`);
      } catch (error) {
        const attempt = { maker: signed.order.account, instrument, lots: long ? -lots : lots, price: limit };
        throw await mended(context, error, account, attempt);
      }
    });

  withNetwork(order.command("void"))
    .description("void every order that you have signed")
    .action(async (options: unknown) => {
      const context = await openContext(options);
      const hash = await context.send([executeCall(context.record, context.wallet().address, [cancelOrdersAction(ownAccount(context))])]);
      report(context, { hash }, "all orders signed until now are void");
    });

  withNetwork(program.command("liquidate").argument("<accounts...>", "numbers of local accounts, addresses or address/sub-account"))
    .description("sell the slices of accounts below their line to the insurance fund; you earn the reward")
    .action(async (names: string[], options: unknown) => {
      const accounts = names.map(parseAccount);
      const context = await openContext(options);
      const { record } = context;
      const keeper = ownAccount(context);
      const abi = interfaceOf("IMarginVault");
      const { state } = await readSeries(context, accounts);
      // options are priced in the scenario that is named, and in no other
      const named = (account: AccountId): bigint => scenariosToName(state, account);
      const [account] = accounts;
      const calls =
        accounts.length === 1 && account !== undefined
          ? [{ to: record.contracts.vault, data: abi.encodeFunctionData("liquidate", [account, keeper, named(account)]) }]
          : batchesByGas(state, accounts).map((batch) =>
              liquidateBatchCall(record, context.wallet().address, batch, keeper, batch.map(named)),
            );
      const hashes: string[] = [];
      for (const call of calls) hashes.push(await context.send([call]));
      const hash = hashes.at(-1) ?? "";
      const logs: { topics: string[]; data: string }[] = [];
      for (const each of hashes) {
        logs.push(...((await context.rpc("eth_getTransactionReceipt", [each])) as { logs: typeof logs }).logs);
      }
      const sales = logs.flatMap((log) => {
        const event = abi.parseLog(log);
        if (event?.name !== "Liquidated") return [];
        const { account: sold, fraction, reward } = event.args;
        return [
          { account: showAccount(sold as bigint), fraction: formatDecimal(fraction as bigint), reward: formatDecimal(reward as bigint) },
        ];
      });
      const lines = sales.map(
        (sale) => `${sale.account}: sold ${(Number(sale.fraction) * 100).toFixed(2)} %, earned ${Number(sale.reward).toFixed(2)}`,
      );
      report(context, { sales, hash }, lines.length === 0 ? "nobody was below the line" : lines.join("\n"));
    });

  const fund = program.command("fund").description("the insurance fund");
  withNetwork(fund.command("show", { isDefault: true }))
    .description("its accounts and its inventory")
    .action(async (options: unknown) => {
      const context = await openContext(options);
      const { record } = context;
      const owner = BigInt(record.contracts.insuranceFund) << 96n;
      const reader = vaultReader(context.rpc, record.contracts.vault);
      const rows = [];
      for (const [index, name] of ["main stake", ...record.underlyings.map(({ symbol }) => symbol)].entries()) {
        const id = owner + BigInt(index);
        const [figures] = (await context.view("vault", "IMarginVault", "assess", id, false)) as [{ equity: bigint; margin: bigint }];
        const { positions, series } = await reader.account(id);
        const lots = positions.get(index - 1)?.lots ?? 0n;
        const size = formatDecimal(lots, record.underlyings[index - 1]?.lotExponent ?? 0);
        rows.push({ name, ...figuresOf(figures), size, inSeries: series.get(index - 1)?.length ?? 0 });
      }
      if (context.json) printJson({ accounts: rows });
      else
        printTable(
          ["account", "equity", "margin", "perpetual", "options and futures"],
          rows.map(({ name, equity, margin, size, inSeries }) => [name, equity, margin, size, String(inSeries)]),
        );
    });
  withNetwork(fund.command("stake").argument("<amount>"))
    .description("stake settlement tokens")
    .action(async (amount: string, options: unknown) => {
      const context = await openContext(options);
      const { insuranceFund } = context.record.contracts;
      const { address, decimals, symbol } = context.record.settlementToken;
      const units = parseAmount(amount, decimals);
      const hash = await context.send([
        { to: address, data: interfaceOf("FaucetToken").encodeFunctionData("approve", [insuranceFund, units]) },
        { to: insuranceFund, data: interfaceOf("InsuranceFund").encodeFunctionData("deposit", [units, context.wallet().address]) },
      ]);
      report(context, { amount, hash }, `${amount} ${symbol} staked`);
    });
  withNetwork(fund.command("take").argument("<underlying>").option("--percent <number>", "of the inventory", "100"))
    .description("take a part of its inventory into your account, at the discount of the moment")
    .action(async (symbol: string, options: { percent: string }) => {
      const percent = readArguments(z.object({ percent: whole(1, 100) }), options).percent;
      const context = await openContext(options);
      const { index } = findUnderlying(context.record, symbol);
      const hash = await context.send([
        shedCall(context.record, context.wallet().address, index, ownAccount(context), (WAD * BigInt(percent)) / 100n),
      ]);
      report(context, { underlying: symbol, percent, hash }, `took ${percent} % of the fund's ${symbol.toUpperCase()}`);
    });
}

type Figures = { readonly equity: bigint; readonly margin: bigint };

/** What a lot of an instrument is worth now. @throws Failure where nothing says so */
function markOf(state: State, instrument: bigint, name: string): bigint {
  const { mark, closed } = marketOf(new Draft(state), instrument);
  if (closed !== undefined)
    throw new Failure(`${name} has no mark: ${closed}`, closed === "SeriesHasNoSlice" ? "plimsoll series post" : undefined);
  return mark;
}

/** The underlying of an instrument as orders name it. */
function underlyingOf(record: DeploymentRecord, instrument: bigint): DeploymentRecord["underlyings"][number] {
  const found = record.underlyings[Number(instrument & 0xffn)];
  if (found === undefined) throw new BadInput(`no instrument ${instrument}`);
  return found;
}

function nameIn(listed: readonly ListedUnderlying[], instrument: bigint, file: string): string {
  try {
    return instrumentName(listed, instrument);
  } catch {
    throw new BadInput(`${file}: no instrument ${instrument} is listed, or its series has settled`);
  }
}

function figuresOf({ equity, margin }: Figures): { equity: string; margin: string } {
  return { equity: formatDecimal(equity), margin: formatDecimal(margin) };
}

const integer = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);
const orderSchema = z.object({
  order: z.object({
    vault: z.string(),
    account: integer,
    signer: z.string(),
    instrument: integer,
    long: z.boolean(),
    limit: integer,
    size: integer,
    maxFee: integer,
    reduceOnly: z.boolean(),
    expiry: integer,
    nonce: integer,
    epoch: integer,
    taker: integer,
  }),
  signature: z.string().regex(/^0x[0-9a-fA-F]*$/),
});

function readOrder(file: string): SignedOrder {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new BadInput(error instanceof SyntaxError ? `${file} is not JSON` : `cannot read ${file}`);
  }
  const result = orderSchema.safeParse(value);
  if (!result.success)
    throw new BadInput(`${file} is not a signed order: ${result.error.issues[0]?.path.join(".")} ${result.error.issues[0]?.message}`);
  return result.data;
}
