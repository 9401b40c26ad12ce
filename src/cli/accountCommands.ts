import type { Command } from "commander";
import { accountIdOf } from "../engine/accountId.ts";
import type { AccountId } from "../engine/types.ts";
import { followBooks } from "../keeper/books.ts";
import { standings } from "../keeper/plan.ts";
import { depositAction, withdrawAction } from "../sdk/actions.ts";
import { formatDecimal, showDecimal } from "../sdk/amounts.ts";
import { interfaceOf } from "../sdk/artifacts.ts";
import { executeCall } from "../sdk/calls.ts";
import { vaultReader } from "../sdk/readState.ts";
import { showAccount } from "../simulator/devnet.ts";
import { type Context, findToken, openContext, parseAccount, parseAmount, withNetwork } from "./context.ts";
import { printJson, printRows, printTable } from "./output.ts";

const HIGHEST_PRICE = (1n << 96n) - 1n;

export function addAccountCommands(program: Command): void {
  withNetwork(program.command("account").argument("[account]", "number of a local account, address or address/sub-account; --as otherwise"))
    .description("what an account holds and how far it is from its line")
    .action(async (name: string | undefined, options: unknown) => {
      const context = await openContext(options);
      await showOne(context, name === undefined ? ownAccount(context) : parseAccount(name));
    });

  withNetwork(program.command("accounts"))
    .description("every account, the least healthy first")
    .action(async (options: unknown) => showAll(await openContext(options)));

  withNetwork(program.command("faucet").argument("<token>").argument("<amount>"))
    .description("take tokens from the faucet of a local chain")
    .action(async (token: string, amount: string, options: unknown) => {
      const context = await openContext(options);
      const { address, decimals, symbol } = findToken(context.record, token);
      const units = parseAmount(amount, decimals);
      const owner = context.wallet().address;
      const hash = await context.send([{ to: address, data: interfaceOf("FaucetToken").encodeFunctionData("mint", [owner, units]) }]);
      report(context, { token: symbol, amount, to: owner, hash }, `${amount} ${symbol} for ${owner}`);
    });

  withNetwork(program.command("deposit").argument("<token>").argument("<amount>"))
    .description("put tokens of your wallet into your account")
    .action(async (token: string, amount: string, options: unknown) => {
      const context = await openContext(options);
      const { index, address, decimals, symbol } = findToken(context.record, token);
      const units = parseAmount(amount, decimals);
      const approve = interfaceOf("FaucetToken").encodeFunctionData("approve", [context.record.contracts.vault, units]);
      const account = ownAccount(context);
      const hash = await context.send([
        { to: address, data: approve },
        executeCall(context.record, context.wallet().address, [depositAction(account, index, units)]),
      ]);
      report(context, { token: symbol, amount, account: showAccount(account), hash }, `${amount} ${symbol} deposited`);
    });

  withNetwork(program.command("withdraw").argument("<token>").argument("<amount>").option("--to <address>", "who receives them"))
    .description("take tokens out of your account")
    .action(async (token: string, amount: string, options: { to?: string }) => {
      const context = await openContext(options);
      const { index, decimals, symbol } = findToken(context.record, token);
      const units = parseAmount(amount, decimals);
      const owner = context.wallet().address;
      const to = options.to === undefined ? owner : `0x${(parseAccount(options.to) >> 96n).toString(16).padStart(40, "0")}`;
      const account = ownAccount(context);
      const hash = await context.send([executeCall(context.record, owner, [withdrawAction(account, index, units, to)])]);
      report(context, { token: symbol, amount, to, hash }, `${amount} ${symbol} paid to ${to}`);
    });
}

/** The main account of who acts. */
export function ownAccount(context: Context): AccountId {
  return accountIdOf(context.wallet().address);
}

/** Prints figures as JSON when asked, else one line. */
export function report(context: Context, figures: Readonly<Record<string, unknown>>, line: string): void {
  if (context.json) printJson(figures);
  else process.stdout.write(`${line}\n`);
}

type Summary = Readonly<
  Record<"value" | "equity" | "margin" | "maintenance" | "notional" | "settledCash" | "withdrawable" | "health", bigint>
>;

async function showOne(context: Context, account: AccountId): Promise<void> {
  const { record } = context;
  const [summary] = (await context.view("lens", "MarginLens", "summary", account)) as [Summary];
  const stored = await vaultReader(context.rpc, record.contracts.vault).account(account);
  const underlyingOf = (token: number): number => record.collaterals[token]?.underlying ?? -1;
  // what is held as collateral only has a liquidation price as well
  const held = new Set([...stored.positions.keys(), ...[...stored.collateral.keys()].map(underlyingOf)]);
  const lines = new Map<number, Line>();
  for (const index of held) lines.set(index, await lineOf(context, account, index));
  const symbolOf = (index: number): string => record.underlyings[index]?.symbol ?? String(index);
  const positions = [...stored.positions].map(([index, { lots }]) => ({
    underlying: symbolOf(index),
    size: formatDecimal(lots, record.underlyings[index]?.lotExponent ?? 0),
    ...(lines.get(index) ?? NO_LINE),
  }));
  const collateral = [...stored.collateral].map(([token, amount]) => ({
    token: record.collaterals[token]?.symbol ?? String(token),
    amount: formatDecimal(amount),
    underlying: symbolOf(underlyingOf(token)),
    ...(lines.get(underlyingOf(token)) ?? NO_LINE),
  }));
  const health = summary.margin === 0n ? null : formatDecimal(summary.health);
  const { value, equity, margin, maintenance, notional, settledCash, withdrawable } = summary;
  const amounts = { value, equity, margin, maintenance, notional, settledCash, withdrawable };
  if (context.json) {
    const decimals = Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatDecimal(amount)]));
    printJson({ account: showAccount(account), ...decimals, health, cash: formatDecimal(stored.cash), positions, collateral });
    return;
  }
  printRows([
    ["account", showAccount(account)],
    [
      "health",
      health === null ? "no margin needed" : `${showDecimal(summary.health, 3)}${summary.health < 10n ** 18n ? "  below its line" : ""}`,
    ],
    ["equity", `${showDecimal(equity)} ${record.settlementToken.symbol}`],
    ["initial margin", showDecimal(margin)],
    ["maintenance margin", showDecimal(maintenance)],
    ["settled cash", showDecimal(settledCash)],
    ["withdrawable", showDecimal(withdrawable)],
    ...collateral.map((each): [string, string] => {
      // said beside the position where there is one
      const line = positions.some(({ underlying }) => underlying === each.underlying) ? NO_LINE : each;
      return [`collateral ${each.token}`, `${each.amount}${shownLine(line, `with ${each.underlying} `)}`];
    }),
    ...positions.map((each): [string, string] => [`perpetual ${each.underlying}`, `${each.size}${shownLine(each)}`]),
  ]);
}

/** Prices of a unit at which an account reaches its line, the others as they are; null where it never does, or is below already. */
type Line = { readonly liquidationBelow: string | null; readonly liquidationAbove: string | null };

const NO_LINE: Line = { liquidationBelow: null, liquidationAbove: null };

async function lineOf(context: Context, account: AccountId, index: number): Promise<Line> {
  const [low, high] = (await context.view("lens", "MarginLens", "liquidationPrices", account, index)) as [bigint, bigint];
  const unit = 10n ** BigInt(context.record.underlyings[index]?.lotExponent ?? 0);
  return {
    liquidationBelow: low === 0n || low === high ? null : formatDecimal(low * unit),
    liquidationAbove: high >= HIGHEST_PRICE || low === high ? null : formatDecimal(high * unit),
  };
}

function shownLine({ liquidationBelow, liquidationAbove }: Line, of = ""): string {
  const below = liquidationBelow === null ? "" : `, liquidated ${of}below ${liquidationBelow.slice(0, 12)}`;
  const above = liquidationAbove === null ? "" : `, liquidated ${of}above ${liquidationAbove.slice(0, 12)}`;
  return below + above;
}

async function showAll(context: Context): Promise<void> {
  const { record, rpc } = context;
  const books = followBooks(rpc, record.contracts.vault, record.block);
  await books.sync();
  const { timestamp } = (await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
  const all = standings(books.state(Number(timestamp))).sort((a, b) => Number((a.health ?? 10n ** 30n) - (b.health ?? 10n ** 30n)));
  const rows = all.map(({ account, figures, maintenance, health }) => ({
    account: showAccount(account),
    health: health === undefined ? null : formatDecimal(health),
    equity: formatDecimal(figures.equity),
    maintenance: formatDecimal(maintenance),
    notional: formatDecimal(figures.notional),
  }));
  if (context.json) {
    printJson({ accounts: rows });
    return;
  }
  printTable(
    ["account", "health", "equity", "maintenance", "notional"],
    all.map(({ account, figures, maintenance, health }) => [
      showAccount(account),
      health === undefined ? "–" : showDecimal(health, 3),
      showDecimal(figures.equity),
      showDecimal(maintenance),
      showDecimal(figures.notional),
    ]),
  );
}
