import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { Draft } from "../engine/ledger/draft.ts";
import { marketOf } from "../engine/ledger/market.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { State } from "../engine/types/types.ts";
import { cancelOrdersAction, tradeAction } from "../sdk/actions.ts";
import { formatDecimal, parseDecimal, showDecimal } from "../sdk/amounts.ts";
import { executeCall } from "../sdk/calls.ts";
import { buildCombo, signCombo, type TypedCombo } from "../sdk/combos.ts";
import { isCombo, parseCombo, pricedLegs } from "../sdk/comboTerms.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { buildOrder, encodeCancel, type OrderVenue, signOrder, type TypedOrder } from "../sdk/orders.ts";
import { expiryText, instrumentName, type ListedUnderlying, orderVenue, parseInstrument, signedName } from "../sdk/series.ts";
import {
  fillableOf,
  HIGHEST_FEE,
  isGone,
  isTypedCombo,
  type OrderFile,
  type Quote,
  quoteOf,
  readOrder,
  type Signed,
  signatureFaultOf,
  signedIn,
  writeOrder,
} from "../sdk/signedOrders.ts";
import { takeOrders } from "../sdk/takeOrders.ts";
import { readVault, type VaultView } from "../sdk/vaultView.ts";
import { showAccount } from "../simulator/devnet.ts";
import { ownAccount, report } from "./accountCommands.ts";
import { positiveDecimal, readArguments, whole } from "./arguments.ts";
import { type Context, openContext, parseAmount, withNetwork } from "./context.ts";
import { printRows } from "./output.ts";
import { type Attempt, mended } from "./seriesState.ts";

const sideSchema = z.object({
  side: z.enum(["buy", "sell"], { error: "must be buy or sell" }),
  size: positiveDecimal,
  limit: z.string().refine((text) => text === "mark" || /^-?\d+(\.\d+)?$/.test(text), {
    error: (issue) => `"${String(issue.input)}" is not a decimal number, nor the word mark`,
  }),
  minutes: whole(1, 525_600),
});

type Asked = z.infer<typeof sideSchema>;

export function addOrderCommands(program: Command): void {
  const order = program.command("order").description("sign orders, look at them, take them, void them");
  withNetwork(
    order
      .command("sign")
      .argument("<side>", "buy or sell")
      .argument(
        "<instrument>",
        "ETH-PERP or ETH, ETH-20261225, ETH-20261225-3000-C; or a combo of options and dated futures, filled together or not at all: ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1",
      )
      .argument("<size>", "in units of the underlying; of the combo")
      .requiredOption(
        "--limit <price>",
        "for one unit, of a combo the net price of all legs: negative where its buyer receives; mark: what it is worth now",
      )
      .option("--minutes <number>", "for which it stands", "60")
      .option("--nonce <number>", "orders of one nonce share one count of filled lots; the time by default")
      .option("--out <file>", "where to write it", "order.json"),
  )
    .description("sign an order that anybody may take")
    .action(async (side: string, name: string, size: string, options: { limit: string; minutes: string; nonce?: string; out: string }) => {
      const asked = readArguments(sideSchema, { side, size, limit: options.limit, minutes: options.minutes });
      if (!isCombo(name) && asked.limit !== "mark") readArguments(z.object({ limit: positiveDecimal }), asked);
      const nonce = options.nonce === undefined ? BigInt(Date.now()) % 2n ** 40n : BigInt(readArguments(wholeNonce, options).nonce);
      const context = await openContext(options);
      // a local chain's clock may have been moved: its own time counts
      const view = await readVault(context, [ownAccount(context)]);
      const venue = orderVenue(context.record, view.listed);
      const signed = await signWhat(context, view, venue, asked, name, nonce);
      const { what, makerBuys, exponent, price } = quoteOf(view.listed, signed);
      const text = writeOrder(venue, signed);
      writeFileSync(options.out, `${text}\n`);
      const done = `signed: ${makerBuys ? "buy" : "sell"} ${asked.size} ${what} at ${formatDecimal(price * 10n ** BigInt(exponent))}`;
      report(
        context,
        { file: options.out, instrument: what, ...readOrder(text) },
        `${done}; take it with: plimsoll order take ${options.out}`,
      );
    });

  withNetwork(order.command("show").argument("<file>", "a signed order"))
    .description("what a signed order trades, at what price beside the marks, and how much of it is left")
    .action(async (file: string, options: unknown) => showOrder(await openContext(options), file));

  withNetwork(
    order
      .command("take")
      .argument("<file>", "a signed order")
      .option("--size <size>", "in units of the underlying, or of the combo; all of it by default")
      .option("--preview", "say what it would do to your margin and send nothing", false),
  )
    .description("trade against a signed order")
    .action(async (file: string, options: { size?: string; preview: boolean }) => {
      await take(await openContext(options), orderIn(file), options);
    });

  withNetwork(order.command("cancel").argument("<file>", "an order that you have signed"))
    .description("cancel one order, and every other of its nonce; the rest stands")
    .action(async (file: string, options: unknown) => {
      const context = await openContext(options);
      const { account, nonce } = orderIn(file).order;
      const own = ownAccount(context);
      if (account !== own)
        throw new BadInput(`the order is one of ${showAccount(account, context.record.chainId)}: who signed it cancels it`);
      const action = tradeAction(account, context.record.modules.orders, encodeCancel([nonce]), 0n);
      const { hash } = await context.send([executeCall(context.record, context.wallet().address, [action])]);
      report(context, { nonce: Number(nonce), hash }, `cancelled: nobody can take it any more`);
    });

  withNetwork(order.command("void"))
    .description("void every order that you have signed")
    .action(async (options: unknown) => {
      const context = await openContext(options);
      const { hash } = await context.send([
        executeCall(context.record, context.wallet().address, [cancelOrdersAction(ownAccount(context))]),
      ]);
      report(context, { hash }, "all orders signed until now are void");
    });
}

const wholeNonce = z.object({ nonce: whole(0, 2 ** 40 - 1) });

async function signWhat(
  context: Context,
  { state, listed }: VaultView,
  venue: OrderVenue,
  { side, size, limit, minutes }: Asked,
  name: string,
  nonce: bigint,
): Promise<Signed> {
  const { record } = context;
  const account = ownAccount(context);
  const common = {
    vault: record.contracts.vault,
    account,
    maxFee: HIGHEST_FEE,
    validFrom: state.now,
    validUntil: state.now + BigInt(minutes * 60),
    nonce,
    epoch: state.accounts.get(account)?.epoch ?? 0n,
  };
  if (isCombo(name)) {
    const { legs, exponent } = parseCombo(listed, name);
    for (const { instrument } of legs) requireOutlived(venue, instrument, instrumentName(listed, instrument), state.now, common.validUntil);
    const sign = side === "buy" ? 1n : -1n;
    const parts = legs.map(({ instrument, lots }) => ({
      instrument,
      lots: sign * lots,
      mark: markOf(state, instrument, instrumentName(listed, instrument)),
    }));
    const marks = parts.reduce((sum, { lots, mark }) => sum + lots * mark, 0n);
    const net = limit === "mark" ? marks : sign * (parseDecimal(limit) / 10n ** BigInt(exponent));
    const built = buildCombo({ ...common, legs: pricedLegs(parts, net, exponent), size: parseAmount(size, exponent) });
    return signCombo(context.wallet(), venue, built);
  }
  const instrument = parseInstrument(listed, name);
  requireOutlived(venue, instrument, name, state.now, common.validUntil);
  const { lotExponent } = underlyingOf(record, instrument);
  const price = limit === "mark" ? markOf(state, instrument, name) : parseDecimal(limit) / 10n ** BigInt(lotExponent);
  const built = buildOrder({ ...common, instrument, long: side === "buy", limit: price, size: parseAmount(size, lotExponent) });
  return signOrder(context.wallet(), venue, built);
}

/** Refuses an order that would stand at the expiry of what it trades. */
function requireOutlived({ termsOf }: OrderVenue, instrument: bigint, name: string, now: bigint, validUntil: bigint): void {
  const { expiry } = termsOf(instrument);
  if (expiry === 0n || validUntil < expiry) return;
  const left = (expiry - 1n - now) / 60n;
  const how = left > 0n ? `give --minutes ${left} or fewer` : "it is over";
  throw new BadInput(`${name} expires at ${expiryText(expiry)} UTC, and an order for it ends before: ${how}`);
}

async function showOrder(context: Context, path: string): Promise<void> {
  const file = orderIn(path);
  const { record } = context;
  const { state, listed } = await readVault(context);
  const { order } = file;
  const signed = signedIn(listed, file);
  const gone = isGone(signed) ? signed : [];
  const quote = isGone(signed) ? undefined : quoteOf(listed, signed);
  const shown = shownTerms(listed, order, quote);
  const [filled, cancelled] = (await context.view("orders", "OrderSettlement", "nonceOf", order.account, order.nonce)) as [bigint, boolean];
  const left = quote === undefined || cancelled || filled >= quote.size ? 0n : quote.size - filled;
  const legs = shown.legs.map((leg, i) => {
    const instrument = quote?.legs[i]?.instrument;
    const { mark, closed } = instrument === undefined ? { mark: 0n, closed: "gone" } : marketOf(new Draft(state), instrument);
    const { lotExponent = 0 } = record.underlyings[Number(leg.underlying)] ?? {};
    return {
      instrument: leg.instrument,
      size: leg.size,
      price: leg.price,
      mark: closed === undefined ? formatDecimal(mark * 10n ** BigInt(lotExponent)) : null,
    };
  });
  const unit = 10n ** BigInt(quote?.exponent ?? 0);
  const marks = quote?.legs.reduce((sum, { instrument, lots }) => sum + lots * marketOf(new Draft(state), instrument).mark, 0n) ?? 0n;
  const figures = {
    instrument: shown.what,
    side: shown.side,
    size: shown.size,
    price: shown.price,
    mark: legs.every(({ mark }) => mark !== null) ? formatDecimal((shown.side === "buy" ? marks : -marks) * unit) : null,
    left: quote === undefined ? "0" : formatDecimal(left, quote.exponent),
    account: showAccount(order.account, record.chainId),
    validFrom: Number(order.validFrom),
    validUntil: Number(order.validUntil),
    expired: state.now > order.validUntil,
    signatureFault: isGone(signed) ? null : ((await signatureFaultOf(context.rpc, record, listed, signed)) ?? null),
    gone,
    legs,
  };
  if (context.json) {
    report(context, figures, "");
    return;
  }
  const open = left === 0n ? "used up" : `${figures.left} left`;
  const { signatureFault } = figures;
  const why =
    gone.length > 0 || signatureFault !== null
      ? "nothing can be filled any more"
      : cancelled
        ? "cancelled"
        : figures.expired
          ? "expired"
          : open;
  printRows([
    ["order", `${figures.side} ${figures.size} ${figures.instrument} at ${figures.price}`],
    ...gone.map((name): [string, string] => [
      "warning",
      `${name} is not listed any more: it has settled, and the order is for nothing else`,
    ]),
    ...(signatureFault === null ? [] : [["warning", `${signatureFault}: nobody can take it`] as [string, string]]),
    ["worth at the marks", figures.mark ?? "not known: a leg has no slice, or has settled"],
    ["signed by", figures.account],
    ["stands until", `${expiryText(order.validUntil)} UTC, ${why}`],
    ...(legs.length === 1
      ? []
      : legs.map(({ instrument, size: each, price, mark }): [string, string] => [
          instrument,
          `${each.startsWith("-") ? each : `+${each}`} at ${price}${mark === null ? "" : `, mark ${showDecimal(parseDecimal(mark), 4)}`}`,
        ])),
  ]);
}

/** What was signed, in decimals; of a combo whose legs are not all listed size and price are those of all units. */
function shownTerms(
  listed: readonly ListedUnderlying[],
  order: TypedOrder | TypedCombo,
  quote: Quote | undefined,
): {
  readonly what: string;
  readonly side: string;
  readonly size: string;
  readonly price: string;
  readonly legs: readonly { readonly underlying: bigint; readonly instrument: string; readonly size: string; readonly price: string }[];
} {
  if (!isTypedCombo(order)) {
    const { instrument, side, size, limit } = order;
    const [what, shown, price] = [signedName(listed, instrument), formatDecimal(size), formatDecimal(limit)];
    return { what, side, size: shown, price, legs: [{ underlying: instrument.underlying, instrument: what, size: shown, price }] };
  }
  const legs = order.legs.map(({ instrument, side, size, price }, i) => {
    const [signedSize, each] = [side === "buy" ? size : -size, quote?.legs[i]];
    const { lotExponent = 0 } = listed[Number(instrument.underlying)] ?? {};
    const shown =
      each === undefined || quote === undefined ? formatDecimal(signedSize) : formatDecimal(each.lots, lotExponent - quote.exponent);
    return { underlying: instrument.underlying, instrument: signedName(listed, instrument), size: shown, price: formatDecimal(price) };
  });
  if (quote !== undefined) {
    const { what, makerBuys, size, exponent, price } = quote;
    const unit = 10n ** BigInt(exponent);
    return { what, side: makerBuys ? "buy" : "sell", size: formatDecimal(size, exponent), price: formatDecimal(price * unit), legs };
  }
  const cash = order.legs.reduce((sum, { side, size, price }) => sum + (side === "buy" ? size * price : -size * price), 0n) / WAD;
  const what = legs.map(({ instrument, size }) => `${instrument}:${size.startsWith("-") ? "" : "+"}${size}`).join(",");
  return { what, side: "buy", size: "1", price: formatDecimal(cash), legs };
}

async function take(context: Context, file: OrderFile, options: { size?: string; preview: boolean }): Promise<void> {
  const { record } = context;
  const { listed } = await readVault(context);
  const signed = signedIn(listed, file);
  if (isGone(signed)) {
    const [name, are] = [signed.join(" and "), signed.length === 1 ? "is" : "are"];
    throw new Failure(
      `the order cannot be taken: it was signed for ${name}, which ${are} not listed any more, and is good for nothing else`,
    );
  }
  const quote = quoteOf(listed, signed);
  const { exponent, makerBuys, what } = quote;
  const wanted = options.size === undefined ? quote.size : parseAmount(options.size, exponent);
  const account = ownAccount(context);
  const size = formatDecimal(wanted, exponent);
  const price = formatDecimal(quote.price * 10n ** BigInt(exponent));
  try {
    const { size: able, reason } = await fillableOf(context.rpc, record, quote, account, wanted);
    if (able < wanted) {
      throw new Failure(
        able > 0n ? `only ${formatDecimal(able, exponent)} ${what} are left of the order` : `the order cannot be taken: ${reason}`,
      );
    }
    const actions = [tradeAction(account, record.modules.orders, quote.trade(wanted), quote.lots(wanted))];
    const underlyings = [...new Set(quote.legs.map(({ instrument }) => underlyingOf(record, instrument).symbol))].join(",");
    const figures = { instrument: what, underlying: underlyings, side: makerBuys ? "sell" : "buy", size, price };
    if (options.preview) {
      const [before, afterwards] = (await context.view("lens", "MarginLens", "preview", context.wallet().address, actions, account)) as [
        Figures,
        Figures,
      ];
      report(
        context,
        { ...figures, before: figuresOf(before), afterwards: figuresOf(afterwards) },
        `${makerBuys ? "selling" : "buying"} ${size} ${what} at ${price}: equity ${showDecimal(before.equity)} → ${showDecimal(afterwards.equity)}, margin to open ${showDecimal(before.margin)} → ${showDecimal(afterwards.margin)}`,
      );
      return;
    }
    const from = context.wallet().address;
    const call =
      quote.taking === undefined
        ? executeCall(record, from, actions)
        : takeOrders(record, from, { taker: account, ...quote.taking(wanted), minimumLots: quote.lots(wanted) });
    const { hash } = await context.send([call]);
    report(context, { ...figures, hash }, `${makerBuys ? "sold" : "bought"} ${size} ${what} at ${price}`);
  } catch (error) {
    const legs = quote.legs.map((leg) => ({ ...leg, lots: -leg.lots * wanted }));
    const attempt: Attempt = { maker: signed.order.account, legs };
    throw await mended(context, error, account, attempt);
  }
}

type Figures = { readonly equity: bigint; readonly margin: bigint };

export function figuresOf({ equity, margin }: Figures): { equity: string; margin: string } {
  return { equity: formatDecimal(equity), margin: formatDecimal(margin) };
}

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

function orderIn(file: string): OrderFile {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new BadInput(`cannot read ${file}`);
  }
  return readOrder(text, file);
}
