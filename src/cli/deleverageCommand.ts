import type { Command } from "commander";
import { deleveragingLeverage } from "../engine/actions/deleverage.ts";
import { waterLineNow } from "../engine/margin/waterLines.ts";
import { abs } from "../engine/types/fixedPoint.ts";
import { eventsOf } from "../keeper/turn.ts";
import { formatDecimal } from "../sdk/amounts.ts";
import { deleverageCall } from "../sdk/calls.ts";
import { instrumentName } from "../sdk/series.ts";
import { readVault } from "../sdk/vaultView.ts";
import { showAccount } from "../simulator/devnet.ts";
import { report } from "./accountCommands.ts";
import { findUnderlying, openContext, parseAccount, requireAccountText, withNetwork } from "./context.ts";

/** `plimsoll deleverage`. */
export function addDeleverageCommand(program: Command): void {
  withNetwork(
    program
      .command("deleverage")
      .argument("<underlying>")
      .argument("<accounts...>", "numbers of local accounts, addresses or address/sub-account"),
  )
    .description(
      "close accounts above the water-line against what the fund account holds beyond its margin; you are paid a part of what is closed",
    )
    .option("--show", "only show how far each account is from being closed", false)
    .action(async (symbol: string, names: string[], options: { show: boolean }) => {
      names.forEach(requireAccountText);
      const context = await openContext(options);
      const { record } = context;
      const { index, lotExponent, symbol: underlying } = findUnderlying(record, symbol);
      const accounts = [...new Set(names.map((name) => parseAccount(context, name)))];
      const { state, listed } = await readVault(context, accounts);
      const line = waterLineNow(state, index)?.level;
      const level = line === undefined ? null : formatDecimal(line);
      const standings = accounts.map((account) => {
        const leverage = deleveragingLeverage(state, account);
        // without equity it is as high as can be
        return { account: showAccount(account, record.chainId), leverage: leverage > 2n ** 127n ? null : formatDecimal(leverage) };
      });
      if (options.show) {
        const head = level === null ? `no shortage in ${underlying}` : `${underlying}: accounts above ${shown(level)} are closed`;
        const rows = standings.map(({ account, leverage }) => `${account}: ${leverage === null ? "no equity" : shown(leverage)}`);
        report(context, { underlying, level, accounts: standings }, [head, ...rows].join("\n"));
        return;
      }
      const { hash, logs } = await context.send([deleverageCall(record, context.wallet().address, index, accounts)]);
      const events = eventsOf(record, logs);
      const closed = events
        .filter(({ name }) => name === "Deleveraged")
        .map(({ args }) => ({
          account: showAccount(BigInt(String(args.account)), record.chainId),
          instrument: instrumentName(listed, BigInt(String(args.instrument))),
          side: BigInt(String(args.lots)) > 0n ? "long" : "short",
          size: formatDecimal(abs(BigInt(String(args.lots))), lotExponent),
          price: formatDecimal(BigInt(String(args.price)) * 10n ** BigInt(lotExponent)),
        }));
      const paid = events.filter(({ name }) => name === "DeleveragePaid").reduce((sum, { args }) => sum + BigInt(String(args.amount)), 0n);
      const isOver = events.some(({ name }) => name === "WaterLineCleared");
      const lines = closed.map(
        ({ account, instrument, side, size, price }) => `${account}: ${side} ${size} ${instrument} closed at ${price}`,
      );
      if (lines.length === 0) lines.push("nobody was closed: plimsoll deleverage --show says how far each is from it");
      if (paid !== 0n) lines.push(`earned ${shown(formatDecimal(paid))}`);
      if (isOver) lines.push(`the fund account of ${underlying} lacks nothing any more`);
      report(context, { underlying, closed, paid: formatDecimal(paid), over: isOver, hash }, lines.join("\n"));
    });
}

const shown = (decimal: string): string => Number(decimal).toFixed(4);
