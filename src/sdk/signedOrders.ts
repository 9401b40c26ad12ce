import { getAddress, Interface } from "ethers";
import * as z from "zod/mini";
import { WITH_NEXT } from "../engine/ledger/market.ts";
import { comboCash, feesOn, type Leg, type ProposedFill } from "../engine/orders/orders.ts";
import { abs } from "../engine/types/fixedPoint.ts";
import type { AccountId } from "../engine/types/types.ts";
import {
  comboFromTyped,
  encodeCombos,
  hashCombo,
  packCombo,
  packComboLimit,
  type SignedCombo,
  type TypedCombo,
  typedCombo,
} from "./combos.ts";
import { comboName } from "./comboTerms.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { errorNameOf } from "./errors.ts";
import { BadInput } from "./failure.ts";
import { interfaceOf } from "./interfaces.ts";
import {
  encodeFills,
  hashOrder,
  type OrderVenue,
  orderFromTyped,
  packMaker,
  packTakerLimit,
  type SignedOrder,
  type TypedOrder,
  typedOrder,
} from "./orders.ts";
import { callContract } from "./readState.ts";
import type { Rpc } from "./rpc.ts";
import { instrumentName, instrumentOf, type ListedUnderlying, orderVenue, signedName } from "./series.ts";
import { isSignedBy, normalSignature } from "./signature.ts";
import type { Taking } from "./takeOrders.ts";

// Signed orders as they go from one hand to another: by what was signed, in files, messages and links.

/** A signed order of one instrument, or of several. */
export type Signed = SignedOrder | SignedCombo;

/** A signed order by what was signed, as files and links have it. */
export type OrderFile = { readonly order: TypedOrder | TypedCombo; readonly signature: string };

/** The highest fee that takers of these tools allow, ppm. */
export const HIGHEST_FEE = 500n;

/** Whether it is of several instruments. */
export function isSignedCombo(signed: Signed): signed is SignedCombo {
  return "legs" in signed.order;
}

export function isTypedCombo(order: TypedOrder | TypedCombo): order is TypedCombo {
  return "legs" in order;
}

/**
 * A signed order as a text that another can take it from.
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: 0n, nonce: 7n, validUntil: 2n ** 33n };
 * const order = buildOrder({ ...request, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const signed = await signOrder(wallet, orderVenue(record), order);
 * const text = writeOrder(orderVenue(record), signed);
 * signedIn(listed, readOrder(text)) // signed
 */
export function writeOrder(venue: OrderVenue, signed: Signed): string {
  const order = isSignedCombo(signed) ? typedCombo(venue, signed.order) : typedOrder(venue, signed.order);
  const file: OrderFile = { order, signature: signed.signature };
  return JSON.stringify(file, (_, value) => (typeof value === "bigint" ? value.toString() : value), 2);
}

const integer = z.pipe(
  z.string().check(z.regex(/^-?\d+$/, "is not a whole number")),
  z.transform((text: string) => BigInt(text)),
);
const signature = z.pipe(z.string().check(z.regex(/^0x([0-9a-fA-F]{2})*$/, "is no signature")), z.transform(normalSignature));
const head = {
  vault: z.string(),
  account: integer,
  signer: z.string(),
  maxFeePpm: integer,
  reduceOnly: z.boolean(),
  validFrom: integer,
  validUntil: integer,
  nonce: integer,
  epoch: integer,
  taker: integer,
};
const instrument = z.object({
  underlying: integer,
  right: z.enum(["perpetual", "future", "call", "put"]),
  expiry: integer,
  strike: integer,
});
const side = z.enum(["buy", "sell"]);
const orderSchema = z.object({ order: z.object({ ...head, instrument, side, limit: integer, size: integer }), signature });
const leg = z.object({ instrument, side, size: integer, price: integer });
const [LEAST_LEGS, MOST_LEGS] = [2, 8];
const comboSchema = z.object({
  order: z.object({
    ...head,
    legs: z.array(leg).check(z.minLength(LEAST_LEGS), z.maxLength(MOST_LEGS)),
    units: integer.check(z.refine((units) => (units as bigint) > 0n, "is not above zero")),
  }),
  signature,
});

/**
 * The inverse of {@link writeOrder}.
 * @param place where the text came from, for the message
 * @throws BadInput that names the first field at fault
 * @example
 * try {
 *   readOrder("{}", "order.json");
 * } catch (error) {
 *   if (error instanceof BadInput) error.message.startsWith("order.json is not a signed order") // true
 * }
 */
export function readOrder(text: string, place = "the text"): OrderFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadInput(`${place} is not JSON`);
  }
  const combo = typeof value === "object" && value !== null && "legs" in ((value as { order?: object }).order ?? {});
  const result = combo ? comboSchema.safeParse(value) : orderSchema.safeParse(value);
  if (result.success) return result.data as OrderFile;
  const issue = result.error.issues[0];
  throw new BadInput(`${place} is not a signed order: ${issue?.path.join(".")} ${issue?.message ?? ""}`);
}

/** The instruments of what was signed, and which of them nothing that is listed is any more. */
function resolve(
  listed: readonly ListedUnderlying[],
  { order }: OrderFile,
): { readonly known: readonly { readonly instrument: bigint; readonly lotExponent: bigint }[]; readonly gone: readonly string[] } {
  const instruments = isTypedCombo(order) ? order.legs.map((each) => each.instrument) : [order.instrument];
  const gone: string[] = [];
  const known = instruments.flatMap((signed) => {
    const underlying = listed[Number(signed.underlying)];
    if (underlying === undefined) throw new BadInput(`the order is for underlying ${signed.underlying}, which is not listed here`);
    const found = instrumentOf(listed, signed);
    if (found === undefined) gone.push(signedName(listed, signed));
    return found === undefined ? [] : [{ instrument: found, lotExponent: BigInt(underlying.lotExponent) }];
  });
  return { known, gone };
}

/**
 * A signed order for what is listed now, or the names of what is not any more.
 * @throws BadInput where amounts are none of this deployment
 * @example
 * const account = accountIdOf(wallet.address);
 * const order = buildOrder({ vault: record.contracts.vault, account, instrument: 0n, nonce: 7n, validUntil: 2n ** 33n, long: true, limit: WAD, size: 1n, maxFee: 500n });
 * const signed = await signOrder(wallet, orderVenue(record, listed), order);
 * signedIn(listed, readOrder(writeOrder(orderVenue(record, listed), signed))) // signed
 */
export function signedIn(listed: readonly ListedUnderlying[], file: OrderFile): Signed | readonly string[] {
  const { order, signature: by } = file;
  const { known, gone } = resolve(listed, file);
  const [first] = known;
  if (gone.length > 0 || first === undefined) return gone;
  try {
    if (isTypedCombo(order)) return { order: comboFromTyped(order, known), signature: by };
    return { order: orderFromTyped(order, first.instrument, first.lotExponent), signature: by };
  } catch (error) {
    if (error instanceof RangeError) throw new BadInput(`not an order of this deployment: ${error.message}`);
    throw error;
  }
}

/** Whether what was signed is not listed any more: the answer of `signedIn` is then its names. */
export function isGone(signed: Signed | readonly string[]): signed is readonly string[] {
  return Array.isArray(signed);
}

/** A signed order as it is shown and taken, whether it is of one instrument or of several. */
export type Quote = {
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
  /** Data of a Trade that takes `size`. */
  readonly trade: (size: bigint) => string;
  /** Of one instrument: what is asked of whom, which the vault may judge itself. */
  readonly taking?: (size: bigint) => Pick<Taking, "limits" | "makers">;
  /** Lots that a whole fill of `size` has in all. */
  readonly lots: (size: bigint) => bigint;
};

/**
 * A signed order as it is shown and taken.
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: 0n, nonce: 7n, validUntil: 2n ** 33n };
 * const order = buildOrder({ ...request, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const { what, makerBuys } = quoteOf(listed, await signOrder(wallet, orderVenue(record), order));
 * [what, makerBuys] // ["ETH-PERP", true]
 */
export function quoteOf(listed: readonly ListedUnderlying[], signed: Signed): Quote {
  if (isSignedCombo(signed)) {
    const { legs, size } = signed.order;
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
  const { instrument: named, limit, long, size } = signed.order;
  const asked = (lots: bigint) => ({ instrument: named, long: !long, worst: limit, lots, maxFee: HIGHEST_FEE, reduceOnly: false });
  return {
    what: instrumentName(listed, named),
    makerBuys: long,
    exponent: listed[Number(named & 0xffn)]?.lotExponent ?? 0,
    size,
    price: limit,
    legs: [{ instrument: named, lots: long ? 1n : -1n, price: limit }],
    order: signed.order,
    fillable: (lots) => ["fillable", packTakerLimit(asked(lots)), packMaker({ ...signed, lots })],
    trade: (lots) => encodeFills([asked(lots)], [{ ...signed, lots }]),
    taking: (lots) => ({ limits: [asked(lots)], makers: [{ ...signed, lots }] }),
    lots: (lots) => lots,
  };
}

const ERC1271 = new Interface(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);

/**
 * What is wrong with a signature, if anything. A wallet that is a contract is asked.
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: 0n, nonce: 7n, validUntil: 2n ** 33n };
 * const order = buildOrder({ ...request, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const signed = await signOrder(wallet, orderVenue(record), order);
 * await signatureFaultOf(rpc, record, listed, signed) // undefined
 */
export async function signatureFaultOf(
  rpc: Rpc,
  record: DeploymentRecord,
  listed: readonly ListedUnderlying[],
  signed: Signed,
): Promise<string | undefined> {
  const venue = orderVenue(record, listed);
  const digest = isSignedCombo(signed) ? hashCombo(venue, signed.order) : hashOrder(venue, signed.order);
  const { signer } = signed.order;
  if (isSignedBy(signer, digest, signed.signature)) return undefined;
  if ((await rpc("eth_getCode", [signer, "latest"])) === "0x") return `the signature is not one of ${getAddress(signer)} for this order`;
  const [magic] = await callContract(rpc, ERC1271, signer, "isValidSignature", [digest, signed.signature]).catch(() => [""]);
  return magic === ERC1271.getFunction("isValidSignature")?.selector
    ? undefined
    : `the wallet ${getAddress(signer)} does not accept the signature`;
}

/** Why an order cannot be filled, in words. */
export const SKIPPED: Readonly<Record<string, string>> = {
  SeriesExpired: "what it trades has expired",
  OrderExpired: "its last second has passed",
  OrderNotYetValid: "it does not stand yet",
  OrderCancelled: "who signed it has cancelled it",
  OrderUsedUp: "all of it is filled",
  EpochPassed: "who signed it has voided its orders, or was liquidated since",
  SignatureInvalid: "the signature is for another order, or for another vault",
  SelfTrade: "it is your own",
  TakerNotNamed: "it is for another account",
};

/**
 * How much of an order an account can take now, and why it is less than `size`, in words.
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: 0n, nonce: 7n, validUntil: 2n ** 33n };
 * const order = buildOrder({ ...request, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const quote = quoteOf(listed, await signOrder(wallet, orderVenue(record), order));
 * await fillableOf(rpc, record, quote, account) // { size: 0n, reason: "it is your own" }
 */
export async function fillableOf(
  rpc: Rpc,
  record: DeploymentRecord,
  quote: Quote,
  taker: AccountId,
  size = quote.size,
): Promise<{ readonly size: bigint; readonly reason: string | undefined }> {
  const [method, ...args] = quote.fillable(size);
  const abi = interfaceOf("OrderSettlement");
  const [able, reason] = (await callContract(rpc, abi, record.contracts.orders, method, [taker, ...args])) as [bigint, string];
  if (able >= size) return { size: able, reason: undefined };
  const name = errorNameOf(reason);
  return { size: able, reason: able > 0n ? "the rest of it is filled" : (SKIPPED[name] ?? name) };
}

/** What orders cost, parts per million of the notional; the maker's may be negative. */
export type OrderFees = { readonly taker: bigint; readonly maker: bigint };

/**
 * The fees of a deployment.
 * @example
 * await orderFeesOf(rpc, record) // { taker: 300n, maker: 100n }
 */
export async function orderFeesOf(rpc: Rpc, record: DeploymentRecord): Promise<OrderFees> {
  const [taker, maker] = await callContract(rpc, interfaceOf("OrderSettlement"), record.contracts.orders, "orderFees", []);
  return { taker: taker as bigint, maker: maker as bigint };
}

/** The fills that taking `size` of an order proposes to the vault. @param legs lots positive where the maker buys */
export function fillsOf(maker: AccountId, legs: readonly Leg[], size: bigint, fees: OrderFees): ProposedFill[] {
  return legs.map(({ instrument: named, lots, price }, i) => ({
    maker,
    instrument: i < legs.length - 1 ? WITH_NEXT | named : named,
    lots: -lots * size,
    price,
    ...feesOn(abs(lots * size) * price, fees),
    order: 0n,
  }));
}
