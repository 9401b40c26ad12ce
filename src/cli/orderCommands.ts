import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { Draft } from "../engine/draft.ts";
import { abs } from "../engine/fixedPoint.ts";
import { marketOf } from "../engine/market.ts";
import { comboCash, type Leg } from "../engine/orders.ts";
import type { State } from "../engine/types.ts";
import { cancelOrdersAction, tradeAction } from "../sdk/actions.ts";
import { formatDecimal, parseDecimal, showDecimal } from "../sdk/amounts.ts";
import { executeCall } from "../sdk/calls.ts";
import { buildCombo, encodeCombos, packCombo, packComboLimit, type SignedCombo, signCombo } from "../sdk/combos.ts";
import { comboName, isCombo, parseCombo, pricedLegs } from "../sdk/comboTerms.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { errorNameOf } from "../sdk/errors.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { buildOrder, encodeFills, packMaker, packTakerLimit, type SignedOrder, signOrder } from "../sdk/orders.ts";
import { expiryText, instrumentName, type ListedUnderlying, parseInstrument } from "../sdk/series.ts";
import { showAccount } from "../simulator/devnet.ts";
import { ownAccount, report } from "./accountCommands.ts";
import { positiveDecimal, readArguments, whole } from "./arguments.ts";
import { type Context, openContext, parseAmount, withNetwork } from "./context.ts";
import { printRows } from "./output.ts";
import { type Attempt, mended, readSeries, type SeriesView } from "./seriesState.ts";

const HIGHEST_FEE = 500n; // ppm

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
      const view = await readSeries(context, [ownAccount(context)]);
      const signed = await signWhat(context, view, asked, name, nonce);
      const { what, makerBuys, exponent, price } = quoteOf(context.record, view.listed, signed, options.out);
      writeFileSync(options.out, `${JSON.stringify(signed, (_, value) => (typeof value === "bigint" ? value.toString() : value), 2)}\n`);
      const done = `signed: ${makerBuys ? "buy" : "sell"} ${asked.size} ${what} at ${formatDecimal(price * 10n ** BigInt(exponent))}`;
      report(
        context,
        { file: options.out, instrument: what, order: signed.order, signature: signed.signature },
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
      const signed = readOrder(file);
      await take(await openContext(options), file, signed, options);
    });

  withNetwork(order.command("void"))
    .description("void every order that you have signed")
    .action(async (options: unknown) => {
      const context = await openContext(options);
      const hash = await context.send([executeCall(context.record, context.wallet().address, [cancelOrdersAction(ownAccount(context))])]);
      report(context, { hash }, "all orders signed until now are void");
    });
}

const wholeNonce = z.object({ nonce: whole(0, 2 ** 40 - 1) });

type Signed = SignedOrder | SignedCombo;

async function signWhat(
  context: Context,
  { state, listed }: SeriesView,
  { side, size, limit, minutes }: Asked,
  name: string,
  nonce: bigint,
): Promise<Signed> {
  const { record } = context;
  const account = ownAccount(context);
  const venue = { chainId: BigInt(record.chainId), settlement: record.contracts.orders };
  const common = {
    vault: record.contracts.vault,
    account,
    maxFee: HIGHEST_FEE,
    expiry: state.now + BigInt(minutes * 60),
    nonce,
    epoch: state.accounts.get(account)?.epoch ?? 0n,
  };
  if (isCombo(name)) {
    const { legs, exponent } = parseCombo(listed, name);
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
  const { lotExponent } = underlyingOf(record, instrument);
  const price = limit === "mark" ? markOf(state, instrument, name) : parseDecimal(limit) / 10n ** BigInt(lotExponent);
  const built = buildOrder({ ...common, instrument, long: side === "buy", limit: price, size: parseAmount(size, lotExponent) });
  return signOrder(context.wallet(), venue, built);
}

/** A signed order as it is shown and taken, whether it is of one instrument or of several. */
type Quote = {
  readonly what: string;
  /** Who signed it buys what is named. */
  readonly makerBuys: boolean;
  /** Sizes are in 10^−exponent of a unit. */
  readonly exponent: number;
  readonly size: bigint;
  /** Of 10^−exponent of a unit, WAD, signed. */
  readonly price: bigint;
  /** Of 10^−exponent of a unit; lots positive where who signed it buys. */
  readonly legs: readonly Leg[];
  readonly order: Signed["order"];
  /** A view of the settlement contract that says how much of `size` can be taken, and its arguments after the taker. */
  readonly fillable: (size: bigint) => readonly [method: string, ...args: unknown[]];
  readonly trade: (size: bigint) => string;
  /** Lots that a whole fill of `size` has in all. */
  readonly lots: (size: bigint) => bigint;
};

function quoteOf(record: DeploymentRecord, listed: readonly ListedUnderlying[], signed: Signed, file: string): Quote {
  if (isSignedCombo(signed)) {
    const { legs, size } = signed.order;
    for (const { instrument } of legs) nameIn(listed, instrument, file);
    const { name, sells, exponent } = comboName(listed, legs);
    const limit = (units: bigint) => ({ legs, units, maxFee: HIGHEST_FEE, leastCash: comboCash(legs) });
    return {
      what: name,
      makerBuys: !sells,
      exponent,
      size,
      price: sells ? -comboCash(legs) : comboCash(legs),
      legs,
      order: signed.order,
      fillable: (units) => ["fillableCombo", packComboLimit(limit(units)), packCombo({ ...signed, units })],
      trade: (units) => encodeCombos(limit(units), [{ ...signed, units }]),
      lots: (units) => units * legs.reduce((sum, { lots }) => sum + abs(lots), 0n),
    };
  }
  const { instrument, limit, long, size } = signed.order;
  const asked = (lots: bigint) => ({ instrument, long: !long, worst: limit, lots, maxFee: HIGHEST_FEE, reduceOnly: false });
  return {
    what: nameIn(listed, instrument, file),
    makerBuys: long,
    exponent: underlyingOf(record, instrument).lotExponent,
    size,
    price: limit,
    legs: [{ instrument, lots: long ? 1n : -1n, price: limit }],
    order: signed.order,
    fillable: (lots) => ["fillable", packTakerLimit(asked(lots)), packMaker({ ...signed, lots })],
    trade: (lots) => encodeFills([asked(lots)], [{ ...signed, lots }]),
    lots: (lots) => lots,
  };
}

function isSignedCombo(signed: Signed): signed is SignedCombo {
  return "legs" in signed.order;
}

async function showOrder(context: Context, file: string): Promise<void> {
  const signed = readOrder(file);
  const { record } = context;
  const { state, listed } = await readSeries(context);
  const quote = quoteOf(record, listed, signed, file);
  const { order, exponent, size, makerBuys } = quote;
  const unit = 10n ** BigInt(exponent);
  const [filled, cancelled] = (await context.view("orders", "OrderSettlement", "nonceOf", order.account, order.nonce)) as [bigint, boolean];
  const left = cancelled || filled >= size ? 0n : size - filled;
  const legs = quote.legs.map(({ instrument, lots, price }) => {
    const { lotExponent } = underlyingOf(record, instrument);
    const { mark, closed } = marketOf(new Draft(state), instrument);
    return {
      instrument: instrumentName(listed, instrument),
      size: formatDecimal(lots, lotExponent - exponent),
      price: formatDecimal(price * 10n ** BigInt(lotExponent)),
      mark: closed === undefined ? formatDecimal(mark * 10n ** BigInt(lotExponent)) : null,
    };
  });
  const marks = quote.legs.reduce((sum, { instrument, lots }) => sum + lots * marketOf(new Draft(state), instrument).mark, 0n);
  const figures = {
    instrument: quote.what,
    side: makerBuys ? "buy" : "sell",
    size: formatDecimal(size, exponent),
    price: formatDecimal(quote.price * unit),
    mark: legs.every(({ mark }) => mark !== null) ? formatDecimal((makerBuys ? marks : -marks) * unit) : null,
    left: formatDecimal(left, exponent),
    account: showAccount(order.account),
    expiry: Number(order.expiry),
    expired: state.now > order.expiry,
    legs,
  };
  if (context.json) {
    report(context, figures, "");
    return;
  }
  const why = cancelled ? "cancelled" : figures.expired ? "expired" : left === 0n ? "used up" : `${figures.left} left`;
  printRows([
    ["order", `${figures.side} ${figures.size} ${figures.instrument} at ${figures.price}`],
    ["worth at the marks", figures.mark ?? "not known: a leg has no slice, or has settled"],
    ["signed by", figures.account],
    ["stands until", `${expiryText(order.expiry)} UTC, ${why}`],
    ...(legs.length === 1
      ? []
      : legs.map(({ instrument, size: each, price, mark }): [string, string] => [
          instrument,
          `${each.startsWith("-") ? each : `+${each}`} at ${price}${mark === null ? "" : `, mark ${showDecimal(parseDecimal(mark), 4)}`}`,
        ])),
  ]);
}

async function take(context: Context, file: string, signed: Signed, options: { size?: string; preview: boolean }): Promise<void> {
  const { record } = context;
  const { listed } = await readSeries(context);
  const quote = quoteOf(record, listed, signed, file);
  const { exponent, makerBuys, what } = quote;
  const wanted = options.size === undefined ? quote.size : parseAmount(options.size, exponent);
  const account = ownAccount(context);
  const size = formatDecimal(wanted, exponent);
  const price = formatDecimal(quote.price * 10n ** BigInt(exponent));
  try {
    const [method, ...args] = quote.fillable(wanted);
    const [able, reason] = (await context.view("orders", "OrderSettlement", method, account, ...args)) as [bigint, string];
    if (able < wanted) {
      throw new Failure(
        able > 0n
          ? `only ${formatDecimal(able, exponent)} ${what} are left of the order`
          : `the order cannot be taken: ${errorNameOf(reason)}`,
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
    const hash = await context.send([executeCall(record, context.wallet().address, actions)]);
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

function nameIn(listed: readonly ListedUnderlying[], instrument: bigint, file: string): string {
  try {
    return instrumentName(listed, instrument);
  } catch {
    throw new BadInput(`${file}: no instrument ${instrument} is listed, or its series has settled`);
  }
}

const integer = z
  .string()
  .regex(/^-?\d+$/)
  .transform(BigInt);
const signature = z.string().regex(/^0x[0-9a-fA-F]*$/);
const head = {
  vault: z.string(),
  account: integer,
  signer: z.string(),
  size: integer,
  maxFee: integer,
  reduceOnly: z.boolean(),
  expiry: integer,
  nonce: integer,
  epoch: integer,
  taker: integer,
};
const orderSchema = z.object({ order: z.object({ ...head, instrument: integer, long: z.boolean(), limit: integer }), signature });
const leg = z.object({ instrument: integer, lots: integer, price: integer });
const comboSchema = z.object({ order: z.object({ ...head, legs: z.array(leg).min(2).max(8) }), signature });

function readOrder(file: string): Signed {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new BadInput(error instanceof SyntaxError ? `${file} is not JSON` : `cannot read ${file}`);
  }
  const combo = typeof value === "object" && value !== null && "legs" in ((value as { order?: object }).order ?? {});
  const result = combo ? comboSchema.safeParse(value) : orderSchema.safeParse(value);
  if (!result.success)
    throw new BadInput(`${file} is not a signed order: ${result.error.issues[0]?.path.join(".")} ${result.error.issues[0]?.message}`);
  return result.data;
}
