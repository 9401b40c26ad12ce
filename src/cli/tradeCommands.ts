import type { Command } from "commander";
import { z } from "zod";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId } from "../engine/types/types.ts";
import { batchesByGas } from "../keeper/plan.ts";
import { eventsOf, refusalOf, salesOf } from "../keeper/turn.ts";
import { formatDecimal } from "../sdk/amounts.ts";
import { approvalCalls, balanceOf } from "../sdk/approval.ts";
import { liquidateBatchCall, refreshCapCall, shedCall, vaultCall } from "../sdk/calls.ts";
import { explainError } from "../sdk/errors.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { vaultReader } from "../sdk/readState.ts";
import { isRetryable } from "../sdk/rpc.ts";
import { expiryText } from "../sdk/series.ts";
import { standings } from "../sdk/standing.ts";
import { readVault } from "../sdk/vaultView.ts";
import { showAccount } from "../simulator/devnet.ts";
import { ownAccount, report } from "./accountCommands.ts";
import { readArguments, whole } from "./arguments.ts";
import { type Context, findUnderlying, openContext, parseAccount, parseAmount, requireAccountText, withNetwork } from "./context.ts";
import { figuresOf } from "./orderCommands.ts";
import { printJson, printTable } from "./output.ts";

const IN_DOUBT = "it is below its line at the last prices, but those are old or in doubt (plimsoll price post)";

export function addTradeCommands(program: Command): void {
  withNetwork(program.command("liquidate").argument("<accounts...>", "numbers of local accounts, addresses or address/sub-account"))
    .description("sell the slices of accounts below their line to the insurance fund; you earn the reward")
    .action(async (names: string[], options: unknown) => {
      names.forEach(requireAccountText);
      const context = await openContext(options);
      const accounts = [...new Set(names.map((name) => parseAccount(context, name)))];
      const { record } = context;
      const keeper = ownAccount(context);
      const from = context.wallet().address;
      const { state } = await readVault(context, accounts);
      const isBelow = (account: AccountId): boolean =>
        standings(state, [account]).some(({ figures, maintenance }) => figures.equity < maintenance);
      const refused = new Map<AccountId, string>();
      for (const account of accounts) {
        const { to, data } = vaultCall(record, from, "liquidate", [account, keeper]);
        await context.rpc("eth_call", [{ from, to, data }, "latest"]).catch((error: unknown) => {
          if (isRetryable(error)) throw error;
          const reason = explainError(error);
          refused.set(account, /^AccountHealthy/.test(reason) && isBelow(account) ? IN_DOUBT : reason);
        });
      }
      const able = accounts.filter((account) => !refused.has(account));
      const [only] = able;
      const calls =
        able.length === 1 && only !== undefined
          ? [vaultCall(record, from, "liquidate", [only, keeper])]
          : batchesByGas(state, able).map((batch) => liquidateBatchCall(record, from, batch, keeper));
      const { hash, logs } = await context.send(calls);
      const events = eventsOf(record, logs);
      const sales = salesOf(events);
      for (const account of able.filter((id) => !sales.some((sale) => sale.account === id))) {
        refused.set(
          account,
          `${refusalOf(events, account) ?? "the vault did not sell it any more"}; transaction ${hash} earned nothing with it`,
        );
      }
      const shown = sales.map(({ account, fraction, reward }) => ({
        account: showAccount(account, record.chainId),
        fraction: formatDecimal(fraction),
        reward: formatDecimal(reward),
      }));
      const left = [...refused].map(([account, reason]) => ({ account: showAccount(account, record.chainId), reason }));
      const lines = left.map(({ account, reason }) => `${account}: not liquidated: ${reason}`);
      if (sales.length === 0) throw new Failure(lines.join("; "));
      report(
        context,
        { sales: shown, refused: left, hash },
        [
          ...shown.map(
            (sale) => `${sale.account}: sold ${(Number(sale.fraction) * 100).toFixed(2)} %, earned ${Number(sale.reward).toFixed(2)}`,
          ),
          ...lines,
        ].join("\n"),
      );
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
      const { settlementToken } = context.record;
      const { symbol } = settlementToken;
      const units = parseAmount(amount, settlementToken.decimals);
      const { hash } = await context.send([
        ...(await approvalCalls(context.rpc, settlementToken, context.wallet().address, insuranceFund, units)),
        { to: insuranceFund, data: interfaceOf("InsuranceFund").encodeFunctionData("deposit", [units, context.wallet().address]) },
      ]);
      report(context, { amount, hash }, `${amount} ${symbol} staked`);
    });
  withNetwork(fund.command("redeem").argument("[shares]", "of the fund, or all; what was asked for before goes on by default"))
    .description("redeem shares of the fund, step by step: ask, ten days later claim, an hour later be paid; each run takes the next step")
    .option("--cancel", "take back what was asked for", false)
    .action(async (shares: string | undefined, options: { cancel: boolean }) => redeem(await openContext(options), shares, options.cancel));
  withNetwork(fund.command("cap").argument("[underlyings...]", "all by default"))
    .description("set the cap of the open interest to what the fund supports; anybody may")
    .action(async (symbols: string[], options: unknown) => {
      const context = await openContext(options);
      const { record } = context;
      const found = symbols.length === 0 ? record.underlyings.map(({ symbol }) => symbol) : symbols;
      const indices = found.map((symbol) => findUnderlying(record, symbol).index);
      const { hash } = await context.send(indices.map((index) => refreshCapCall(record, context.wallet().address, index)));
      const { underlyings } = await vaultReader(context.rpc, record.contracts.vault).shared();
      const caps = indices.map((index) => ({
        underlying: record.underlyings[index]?.symbol ?? String(index),
        openInterest: formatDecimal(underlyings[index]?.funding.openInterest ?? 0n, record.underlyings[index]?.lotExponent ?? 0),
        cap: formatDecimal(underlyings[index]?.funding.cap ?? 0n, record.underlyings[index]?.lotExponent ?? 0),
      }));
      report(
        context,
        { caps, hash },
        caps.map(({ underlying, openInterest, cap }) => `${underlying}: open interest ${openInterest} of ${cap}`).join("\n"),
      );
    });
  withNetwork(fund.command("take").argument("<underlying>").option("--percent <number>", "of the inventory", "100"))
    .description("take a part of its inventory into your account, at the discount of the moment")
    .action(async (symbol: string, options: { percent: string }) => {
      const percent = readArguments(z.object({ percent: whole(1, 100) }), options).percent;
      const context = await openContext(options);
      const { index } = findUnderlying(context.record, symbol);
      const { hash } = await context.send([
        shedCall(context.record, context.wallet().address, index, ownAccount(context), (WAD * BigInt(percent)) / 100n),
      ]);
      report(context, { underlying: symbol, percent, hash }, `took ${percent} % of the fund's ${symbol.toUpperCase()}`);
    });
}

type Ticket = readonly [shares: bigint, maturity: bigint, lapse: bigint];
type Claim = readonly [shares: bigint, assets: bigint, payableFrom: bigint, lapse: bigint];

/** The next step of a redemption, and what comes after it. */
async function redeem(context: Context, asked: string | undefined, cancel: boolean): Promise<void> {
  const { record, rpc } = context;
  const owner = context.wallet().address;
  const view = (method: string): Promise<unknown[]> => context.view("insuranceFund", "InsuranceFund", method, owner);
  const [decimals] = (await context.view("insuranceFund", "InsuranceFund", "decimals")) as [bigint];
  const [ticket, claim] = [(await view("ticketOf")) as unknown as Ticket, (await view("claimOf")) as unknown as Claim];
  const { timestamp } = (await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
  const now = BigInt(timestamp);
  const { symbol, decimals: units } = record.settlementToken;
  const shown = (shares: bigint): string => `${formatDecimal(shares, Number(decimals))} shares`;
  const step = async (method: string, args: readonly unknown[], figures: object, line: string): Promise<void> => {
    const data = interfaceOf("InsuranceFund").encodeFunctionData(method, args);
    const { hash } = await context.send([{ to: record.contracts.insuranceFund, data }]);
    report(context, { step: method, ...figures, hash }, line);
  };
  const [ticketShares, maturity, lapse] = ticket;
  const [claimShares, , payableFrom, claimLapse] = claim;
  if (cancel) {
    if (ticketShares + claimShares === 0n) throw new Failure("nothing was asked for");
    return step("cancelRedeem", [], {}, "taken back: the shares are as they were");
  }
  if (asked === undefined && claimShares > 0n) {
    const when = `${expiryText(payableFrom)} to ${expiryText(claimLapse)} UTC`;
    if (now < payableFrom) throw new Failure(`${shown(claimShares)} are claimed, and paid from ${when}`, "run the same command then");
    const before = await balanceOf(rpc, record.settlementToken, owner);
    await step("payClaim", [owner], { shares: formatDecimal(claimShares, Number(decimals)) }, `paid for ${shown(claimShares)}`);
    const paid = (await balanceOf(rpc, record.settlementToken, owner)) - before;
    if (!context.json) process.stdout.write(`${formatDecimal(paid, units)} ${symbol} received\n`);
    return;
  }
  if (asked === undefined && ticketShares > 0n) {
    if (now < maturity)
      throw new Failure(`${shown(ticketShares)} cool down until ${expiryText(maturity)} UTC`, "run the same command then, within two days");
    const figures = { shares: formatDecimal(ticketShares, Number(decimals)), lapse: Number(lapse) };
    return step(
      "fileClaim",
      [ticketShares, 0n],
      figures,
      `claimed ${shown(ticketShares)}: run the same command again in 60 to 70 minutes to be paid`,
    );
  }
  if (asked === undefined) throw new BadInput("how many shares? name a number, or all");
  const [held] = (await view("balanceOf")) as [bigint];
  const shares = asked === "all" ? held : parseAmount(asked, Number(decimals));
  if (shares > held || shares === 0n) throw new Failure(`${owner} holds ${shown(held)}`);
  await step(
    "requestRedeem",
    [shares],
    { shares: formatDecimal(shares, Number(decimals)) },
    `asked for ${shown(shares)}: run plimsoll fund redeem in ten days, within two more`,
  );
}
