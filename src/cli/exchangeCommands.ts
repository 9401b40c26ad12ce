import type { Command } from "commander";
import { DECLARED_FOR, exchangePriceUp, shortOf } from "../engine/actions/exchange.ts";
import { Draft } from "../engine/ledger/draft.ts";
import { portfolioOf } from "../engine/margin/portfolios.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId } from "../engine/types/types.ts";
import { SETTLEMENT_TOKEN } from "../sdk/actions.ts";
import { formatDecimal, showDecimal } from "../sdk/amounts.ts";
import { declareExchangeCall, exchangeCall } from "../sdk/calls.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { vaultReader } from "../sdk/readState.ts";
import type { ReceiptLog } from "../sdk/sender.ts";
import { showAccount } from "../simulator/devnet.ts";
import { ownAccount, report } from "./accountCommands.ts";
import { type Context, findToken, openContext, parseAccount, parseAmount, requireAccountText, withNetwork } from "./context.ts";

const HOUR = 3_600;

export function addExchangeCommands(program: Command): void {
  const exchange = program
    .command("exchange")
    .description("buy collateral of accounts that owe settlement tokens, at a discount that grows by the hour");

  withNetwork(exchange.command("show", { isDefault: true }).argument("<account>", ACCOUNT))
    .description("what an account owes, and what its collateral costs now")
    .action(async (name: string, options: unknown) => {
      requireAccountText(name);
      const context = await openContext(options);
      const account = parseAccount(context, name);
      const debt = await debtOf(context, account);
      report(
        context,
        figuresOf(context, debt),
        [owedLine(context, debt), ...debt.offers.map((each) => offerLine(context, each))].join("\n"),
      );
    });

  withNetwork(exchange.command("declare").argument("<account>", ACCOUNT))
    .description(
      "start the clock of the discount of an account that owes more than a twentieth of its collateral; stop it for one that does not any more",
    )
    .action(async (name: string, options: unknown) => {
      requireAccountText(name);
      const context = await openContext(options);
      const account = parseAccount(context, name);
      const debt = await debtOf(context, account);
      if (debt.short === debt.since > 0) {
        throw new Failure(
          `${owedLine(context, debt)}: there is nothing to declare`,
          debt.short ? `plimsoll exchange buy ${name} TOKEN AMOUNT` : undefined,
        );
      }
      const { hash } = await context.send([declareExchangeCall(context.record, context.wallet().address, account)]);
      const line = debt.short ? "declared: the discount grows from now on" : "the clock is stopped";
      report(context, { ...figuresOf(context, debt), declared: debt.short, hash }, `${owedLine(context, debt)}\n${line}`);
    });

  withNetwork(
    exchange
      .command("buy")
      .argument("<account>", ACCOUNT)
      .argument("<token>")
      .argument("<amount>", "of the token, or most: as much as cures what is owed"),
  )
    .description("buy collateral of an account that was declared into your account, which pays for it")
    .action(async (name: string, token: string, text: string, options: unknown) => {
      if (text !== "most") parseAmount(text, 18);
      requireAccountText(name);
      const context = await openContext(options);
      const account = parseAccount(context, name);
      const { index, symbol } = findToken(context.record, token);
      if (index === SETTLEMENT_TOKEN) throw new BadInput(`${symbol} is what is paid with: name a token of collateral`);
      const debt = await debtOf(context, account);
      const owed = owedLine(context, debt);
      if (!debt.short || debt.since === 0)
        throw new Failure(owed, debt.short ? `first: plimsoll exchange declare ${name}` : "there is nothing to buy");
      const offer = debt.offers.find((each) => each.token === index);
      if (offer === undefined) throw new Failure(`${showAccount(account, context.record.chainId)} holds no ${symbol}`);
      const amount = text === "most" ? offer.most : parseAmount(text, 18);
      if (amount > offer.most || amount === 0n)
        throw new Failure(`${owed}: at most ${formatDecimal(offer.most)} ${symbol} may be bought now`);
      if (!context.json)
        process.stdout.write(
          `${owed}\n${showDecimal(amount, 8)} ${symbol} for ${showDecimal(offer.price(amount))} ${context.record.settlementToken.symbol}\n`,
        );
      const buyer = ownAccount(context);
      const { hash, logs } = await context.send([exchangeCall(context.record, context.wallet().address, account, index, amount, buyer)]);
      const cash = paidIn(hash, logs);
      report(
        context,
        {
          ...figuresOf(context, debt),
          token: symbol,
          amount: formatDecimal(amount),
          paid: formatDecimal(cash),
          buyer: showAccount(buyer, context.record.chainId),
          hash,
        },
        `bought ${formatDecimal(amount)} ${symbol} of ${showAccount(account, context.record.chainId)} for ${formatDecimal(cash)} ${context.record.settlementToken.symbol}`,
      );
    });
}

const ACCOUNT = "number of a local account, address or address/sub-account";

/** Collateral that may be bought, and at what price. */
type Offer = {
  readonly token: number;
  readonly symbol: string;
  readonly held: bigint; // WAD
  /** As much as cures what is owed, at most what there is. WAD. */
  readonly most: bigint;
  /** Settlement tokens for an amount, WAD, rounded up. */
  readonly price: (amount: bigint) => bigint;
};

type Debt = {
  readonly account: AccountId;
  /** Settled cash below −5 % of the collateral. */
  readonly short: boolean;
  readonly settled: bigint;
  readonly collateral: bigint;
  /** Unix seconds of the declaration, 0 without one that holds. */
  readonly since: number;
  readonly now: number;
  readonly offers: readonly Offer[];
};

/** What an account owes as of the next block: the engine's figures from the vault's raw books. */
async function debtOf({ rpc, record }: Context, account: AccountId): Promise<Debt> {
  const { vault } = record.contracts;
  const reader = vaultReader(rpc, vault);
  const held = await reader.account(account);
  const { timestamp } = (await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
  const [declared, now] = [Number(held.exchangeSince), Number(timestamp) + 1];
  // what has lapsed is as good as not declared
  const since = now - declared <= Number(DECLARED_FOR) ? declared : 0;
  const draft = new Draft({ ...(await reader.shared()), accounts: new Map([[account, held]]), now: BigInt(now) });
  const { short, settled, collateral } = shortOf(portfolioOf(draft, account));
  const offers = [...held.collateral].map(([token, amount]): Offer => {
    const price = (part: bigint): bigint => exchangePriceUp(draft, token, part, since === 0 ? 0n : BigInt(now - since));
    return {
      token,
      symbol: record.collaterals[token]?.symbol ?? String(token),
      held: amount,
      most: mostFor(price, amount, short ? -settled : 0n),
      price,
    };
  });
  return { account, short, settled, collateral, since, now, offers };
}

/** The largest amount up to `held` that costs no more than `owed`. */
function mostFor(price: (amount: bigint) => bigint, held: bigint, owed: bigint): bigint {
  let [enough, tooMuch] = [0n, held + 1n];
  while (tooMuch - enough > 1n) {
    const middle = (enough + tooMuch) / 2n;
    if (price(middle) <= owed) enough = middle;
    else tooMuch = middle;
  }
  return enough;
}

function owedLine({ record }: Context, { account, short, settled, collateral, since, now }: Debt): string {
  const { symbol } = record.settlementToken;
  const owed = settled < 0n ? `owes ${showDecimal(-settled)} ${symbol}` : "owes nothing";
  const clock = since === 0 ? "not declared" : `declared ${((now - since) / HOUR).toFixed(1)} hours ago`;
  return `${showAccount(account, record.chainId)} ${owed}, with collateral of ${showDecimal(collateral)}: ${short ? "short" : "not short"}, ${clock}`;
}

function offerLine({ record }: Context, { symbol, held, most, price }: Offer): string {
  const unit = showDecimal(price(WAD));
  return `${formatDecimal(held)} ${symbol}, a unit for ${unit} ${record.settlementToken.symbol} now; at most ${formatDecimal(most)}`;
}

function figuresOf({ record }: Context, { account, short, settled, collateral, since, offers }: Debt): Record<string, unknown> {
  return {
    account: showAccount(account, record.chainId),
    short,
    settledCash: formatDecimal(settled),
    collateral: formatDecimal(collateral),
    declaredAt: since === 0 ? null : since,
    offers: offers.map(({ symbol, held, most, price }) => ({
      token: symbol,
      held: formatDecimal(held),
      most: formatDecimal(most),
      unitPrice: formatDecimal(price(WAD)),
    })),
  };
}

/** What the buyer paid, as the vault says it. */
function paidIn(hash: string, logs: readonly ReceiptLog[]): bigint {
  const abi = interfaceOf("IMarginVault");
  for (const log of logs) {
    const event = abi.parseLog({ ...log, topics: [...log.topics] });
    if (event?.name === "CollateralExchanged") return event.args.cash as bigint;
  }
  throw new Failure(`transaction ${hash} sold nothing`);
}
