import type { Command } from "commander";
import { Draft } from "../engine/ledger/draft.ts";
import { namedInstrument } from "../engine/ledger/market.ts";
import { payoffOf } from "../engine/ledger/options/expiry.ts";
import { seriesNow } from "../engine/ledger/options/seriesState.ts";
import { termsAt } from "../engine/margin/margin.ts";
import { liveMargin } from "../engine/margin/options/liveMargin.ts";
import { portfolioOf } from "../engine/margin/portfolios.ts";
import { rowOf, undampedMoveOf } from "../engine/math/options/optionStress.ts";
import { accountIdOf } from "../engine/types/accountId.ts";
import { max, WAD } from "../engine/types/fixedPoint.ts";
import { instrumentFromNumber, isFuture } from "../engine/types/instrument.ts";
import type { AccountId } from "../engine/types/types.ts";
import { SCENARIOS } from "../engine/words/riskWord.ts";
import { followBooks } from "../keeper/books.ts";
import { depositAction, withdrawAction } from "../sdk/actions.ts";
import { formatDecimal, parseDecimal, showDecimal, toNumber } from "../sdk/amounts.ts";
import { approvalCalls, balanceOf } from "../sdk/approval.ts";
import { executeCall } from "../sdk/calls.ts";
import { Failure } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { liquidationPrices } from "../sdk/liquidationPrices.ts";
import { optionFigures } from "../sdk/optionFigures.ts";
import { instrumentName } from "../sdk/series.ts";
import { standings } from "../sdk/standing.ts";
import { readVault, seriesHeld, type VaultView } from "../sdk/vaultView.ts";
import { showAccount } from "../simulator/devnet.ts";
import { type Context, findToken, openContext, parseAccount, parseAmount, parsePayee, withNetwork } from "./context.ts";
import { printJson, printRows, printTable } from "./output.ts";
import { mended, seriesAt, staleAmong } from "./seriesState.ts";

export function addAccountCommands(program: Command): void {
  withNetwork(program.command("account").argument("[account]", "number of a local account, address or address/sub-account; --as otherwise"))
    .description("what an account holds and how far it is from its line")
    .action(async (name: string | undefined, options: unknown) => {
      const context = await openContext(options);
      await showOne(context, name === undefined ? ownAccount(context) : parseAccount(context, name));
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
      const { hash } = await context.send([{ to: address, data: interfaceOf("FaucetToken").encodeFunctionData("mint", [owner, units]) }]);
      report(context, { token: symbol, amount, to: owner, hash }, `${amount} ${symbol} for ${owner}`);
    });

  withNetwork(program.command("deposit").argument("<token>").argument("<amount>"))
    .description("put tokens of your wallet into your account")
    .action(async (token: string, amount: string, options: unknown) => {
      const context = await openContext(options);
      const found = findToken(context.record, token);
      const { index, decimals, symbol } = found;
      const units = parseAmount(amount, decimals);
      const account = ownAccount(context);
      const owner = context.wallet().address;
      const approvals = await approvalCalls(context.rpc, found, owner, context.record.contracts.vault, units);
      const { hash } = await context.send([...approvals, executeCall(context.record, owner, [depositAction(account, index, units)])]);
      report(
        context,
        { token: symbol, amount, account: showAccount(account, context.record.chainId), hash },
        `${amount} ${symbol} deposited`,
      );
    });

  withNetwork(program.command("withdraw").argument("<token>").argument("<amount>").option("--to <address>", "who receives them"))
    .description("take tokens out of your account")
    .action(async (token: string, amount: string, options: { to?: string }) => {
      const context = await openContext(options);
      const found = findToken(context.record, token);
      const { index, decimals, symbol } = found;
      const units = parseAmount(amount, decimals);
      const owner = context.wallet().address;
      const held = await balanceOf(context.rpc, found, context.record.contracts.vault);
      if (units > held)
        throw new Failure(`the vault holds ${formatDecimal(held, decimals)} ${symbol} in all, less than ${formatDecimal(units, decimals)}`);
      const to = options.to === undefined ? owner : parsePayee(context, options.to);
      const account = ownAccount(context);
      const call = executeCall(context.record, owner, [withdrawAction(account, index, units, to)]);
      const { hash } = await context.send([call]).catch(async (error: unknown) => {
        throw await mended(context, error, account);
      });
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
  const view = await readVault(context, [account]);
  const stored = view.state.accounts.get(account);
  if (stored === undefined) throw new RangeError(`no account ${account}`);
  const underlyingOf = (token: number): number => record.collaterals[token]?.underlying ?? -1;
  // what is held as collateral only has a liquidation price as well
  const held = new Set([...stored.positions.keys(), ...stored.series.keys(), ...[...stored.collateral.keys()].map(underlyingOf)]);
  const lines = new Map([...held].map((index) => [index, lineOf(view, account, index)]));
  const symbolOf = (index: number): string => record.underlyings[index]?.symbol ?? String(index);
  const positions = [...stored.positions].map(([index, { lots }]) => ({
    underlying: symbolOf(index),
    size: formatDecimal(lots, record.underlyings[index]?.lotExponent ?? 0),
    ...(lines.get(index) ?? NO_LINE),
  }));
  const series = [...stored.series].flatMap(([index, held]) =>
    held.map(({ instrument, lots }) => heldFigures(view, index, instrument, lots)),
  );
  const scans = [...stored.series.keys()].map((index) => ({
    ...scanFigures(view, account, index, symbolOf(index)),
    ...(lines.get(index) ?? NO_LINE),
  }));
  const stale = staleAmong(
    view,
    [...stored.series.keys()].flatMap((underlying) => seriesHeld(stored, underlying).map((number) => ({ underlying, series: number }))),
  );
  const collateral = [...stored.collateral].map(([token, amount]) => ({
    token: record.collaterals[token]?.symbol ?? String(token),
    amount: formatDecimal(amount),
    underlying: symbolOf(underlyingOf(token)),
    ...(lines.get(underlyingOf(token)) ?? NO_LINE),
  }));
  const health = summary.margin === 0n ? null : formatDecimal(summary.health);
  const { value, equity, margin, maintenance, notional, settledCash, withdrawable } = summary;
  const amounts = { value, equity, margin, maintenance, notional, settledCash, withdrawable };
  const isBelow = health !== null && summary.health < WAD;
  if (context.json) {
    const decimals = Object.fromEntries(Object.entries(amounts).map(([name, amount]) => [name, formatDecimal(amount)]));
    const cash = formatDecimal(stored.cash);
    printJson({ account: showAccount(account, record.chainId), ...decimals, health, cash, positions, collateral, series, scans, stale });
    return;
  }
  printRows([
    ["account", showAccount(account, record.chainId)],
    ["health", health === null ? "no margin needed" : `${showDecimal(summary.health, 3)}${isBelow ? "  below its line" : ""}`],
    ["equity", `${showDecimal(equity)} ${record.settlementToken.symbol}`],
    ["initial margin", showDecimal(margin)],
    ["maintenance margin", showDecimal(maintenance)],
    ["settled cash", showDecimal(settledCash)],
    ["withdrawable", showDecimal(withdrawable)],
    ...collateral.map((each): [string, string] => {
      // said beside the position where there is one, or for all that is held on the underlying
      const elsewhere = [...positions, ...scans].some(({ underlying }) => underlying === each.underlying);
      const line = elsewhere ? NO_LINE : each;
      return [`collateral ${each.token}`, `${each.amount}${shownLine(line, `with ${each.underlying} `)}`];
    }),
    ...positions.map((each): [string, string] => {
      const line = scans.some(({ underlying }) => underlying === each.underlying) ? NO_LINE : each;
      return [`perpetual ${each.underlying}`, `${each.size}${shownLine(line)}`];
    }),
    ...series.map((each): [string, string] => [each.instrument, heldLine(each)]),
    ...(isBelow ? [] : scans.map((each): [string, string] => [`price of ${each.underlying}`, `${each.price}${lineOfOptions(each)}`])),
    ...stale.map(({ name, cause }): [string, string] => [
      `${name} is stale`,
      cause === "no slice"
        ? "no slice: nothing of it can be opened"
        : `${cause}: to open or withdraw first run: plimsoll series refresh ${name}`,
    ]),
  ]);
  for (const { underlying, scenarios, decides, needs } of scans) {
    process.stdout.write(`\nscan of ${underlying}, by scenario of the price and of volatility; ${decides}\n`);
    printTable(
      ["scenario", "price", "volatility", "loss", "margin"],
      scenarios.map(({ scenario, price, volatility, loss, margin }) => [
        `${scenario}${scenario === needs ? " *" : ""}`,
        `${price} %`,
        volatility,
        showDecimal(parseDecimal(loss)),
        showDecimal(parseDecimal(margin)),
      ]),
    );
  }
}

type HeldFigures = {
  readonly instrument: string;
  readonly size: string;
  readonly mark: string;
  readonly value: string;
  readonly delta: number;
};

/** An option or a dated future as an account holds it: at its mark, or at what it pays once settled. */
function heldFigures(view: VaultView, index: number, instrument: bigint, lots: bigint): HeldFigures {
  const parts = instrumentFromNumber(instrument);
  const { underlying, series } = seriesAt(view, { underlying: index, series: Number(parts.series) });
  const live = seriesNow(underlying, series, view.state.now);
  const option = isFuture(parts) || live.settled ? undefined : optionFigures(live, parts);
  const mark = live.settled ? payoffOf(parts, series.word, live.forward) : (option?.mark ?? live.forward);
  return {
    instrument: instrumentName(view.listed, namedInstrument(index, instrument)),
    size: formatDecimal(lots, Number(underlying.lotExponent)),
    mark: formatDecimal(mark * 10n ** underlying.lotExponent),
    value: formatDecimal(mark * lots),
    delta: toNumber(lots, Number(underlying.lotExponent)) * (live.settled ? 0 : (option?.delta ?? 1)),
  };
}

function heldLine({ size, mark, value, delta }: HeldFigures): string {
  return `${size} at ${showDecimal(parseDecimal(mark), 4)}, worth ${showDecimal(parseDecimal(value))}, delta ${delta.toFixed(3)}`;
}

/** What an account would lose on one underlying in each scenario, and which one decides its margin. Priced live at the held range. */
function scanFigures({ state }: VaultView, account: AccountId, index: number, underlying: string) {
  const holding = portfolioOf(new Draft(state), account).holdings?.get(BigInt(index));
  if (holding === undefined) throw new RangeError(`nothing in series of ${underlying}`);
  const terms = termsAt(state.margin, state.now);
  const { scan, scenario: worst, losses, shortOptionMinimum, total } = liveMargin(holding, terms);
  const beside = total - max(scan, shortOptionMinimum);
  const scenarios = Array.from({ length: SCENARIOS }, (_, i) => {
    const scenario = BigInt(i + 1);
    const loss = max(losses[i + 1] ?? 0n, 0n);
    // in percent; of the extremes 35 % of the loss counts
    const price = (Number(undampedMoveOf(scenario)) * toNumber(holding.heldRange) * 100) / 30;
    return {
      scenario: i + 1,
      price: price.toFixed(1),
      volatility: rowOf(scenario),
      loss: formatDecimal(loss),
      margin: formatDecimal(max(loss, shortOptionMinimum) + beside),
    };
  });
  const decides =
    shortOptionMinimum >= scan ? `the minimum of short options decides, ${showDecimal(shortOptionMinimum)}` : `scenario ${worst} decides`;
  const price = formatDecimal(holding.price * 10n ** (state.underlyings[index]?.lotExponent ?? 0n));
  return { underlying, price, scenarios, decides, needs: Number(worst), shortOptionMinimum: formatDecimal(shortOptionMinimum) };
}

/** Prices of a unit at which an account reaches its line, the others as they are; null where it never does, or is below already. */
type Line = { readonly liquidationBelow: string | null; readonly liquidationAbove: string | null };

const NO_LINE: Line = { liquidationBelow: null, liquidationAbove: null };

function lineOf({ state }: VaultView, account: AccountId, index: number): Line {
  const { price = 0n, lotExponent = 0n } = state.underlyings[index] ?? {};
  if (price === 0n) return NO_LINE;
  const { low, high } = liquidationPrices(state, account, index);
  const shown = (found: bigint | undefined): string | null => (found === undefined ? null : formatDecimal(found * 10n ** lotExponent));
  return { liquidationBelow: shown(low), liquidationAbove: shown(high) };
}

function shownLine({ liquidationBelow, liquidationAbove }: Line, of = ""): string {
  const below = liquidationBelow === null ? "" : `, liquidated ${of}below ${liquidationBelow.slice(0, 12)}`;
  const above = liquidationAbove === null ? "" : `, liquidated ${of}above ${liquidationAbove.slice(0, 12)}`;
  return below + above;
}

/** Options gain and lose with time and volatility too: the prices hold for those of now. */
function lineOfOptions(line: Line): string {
  const shown = shownLine(line);
  return shown === "" ? ", no fall to a sixteenth and no rise to sixteen times of it liquidates" : `${shown}, at the present volatilities`;
}

async function showAll(context: Context): Promise<void> {
  const { record, rpc } = context;
  const books = followBooks(rpc, record.contracts.vault, record.block);
  await books.sync();
  const { timestamp } = (await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
  const all = standings(books.state(Number(timestamp))).sort((a, b) => Number((a.health ?? 10n ** 30n) - (b.health ?? 10n ** 30n)));
  const rows = all.map(({ account, figures, maintenance, health }) => ({
    account: showAccount(account, record.chainId),
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
      showAccount(account, record.chainId),
      health === undefined ? "–" : showDecimal(health, 3),
      showDecimal(figures.equity),
      showDecimal(maintenance),
      showDecimal(figures.notional),
    ]),
  );
}
