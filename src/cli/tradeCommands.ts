import type { Command } from "commander";
import { z } from "zod";
import { WAD } from "../engine/types/fixedPoint.ts";
import { batchesByGas } from "../keeper/plan.ts";
import { formatDecimal } from "../sdk/amounts.ts";
import { interfaceOf } from "../sdk/artifacts.ts";
import { liquidateBatchCall, shedCall } from "../sdk/calls.ts";
import { vaultReader } from "../sdk/readState.ts";
import { showAccount } from "../simulator/devnet.ts";
import { ownAccount, report } from "./accountCommands.ts";
import { readArguments, whole } from "./arguments.ts";
import { findUnderlying, openContext, parseAccount, parseAmount, withNetwork } from "./context.ts";
import { figuresOf } from "./orderCommands.ts";
import { printJson, printTable } from "./output.ts";
import { readSeries } from "./seriesState.ts";

export function addTradeCommands(program: Command): void {
  withNetwork(program.command("liquidate").argument("<accounts...>", "numbers of local accounts, addresses or address/sub-account"))
    .description("sell the slices of accounts below their line to the insurance fund; you earn the reward")
    .action(async (names: string[], options: unknown) => {
      const accounts = names.map(parseAccount);
      const context = await openContext(options);
      const { record } = context;
      const keeper = ownAccount(context);
      const abi = interfaceOf("IMarginVault");
      const { state } = await readSeries(context, accounts);
      const [account] = accounts;
      const calls =
        accounts.length === 1 && account !== undefined
          ? [{ to: record.contracts.vault, data: abi.encodeFunctionData("liquidate", [account, keeper]) }]
          : batchesByGas(state, accounts).map((batch) => liquidateBatchCall(record, context.wallet().address, batch, keeper));
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
