import type { BytesLike, TypedDataDomain, TypedDataField } from "ethers";
import { AbiCoder, getAddress, id, TypedDataEncoder } from "ethers";
import type { Order, SkipReason, TakerLimit } from "../engine/orders/orders.ts";
import { signerOf } from "../engine/orders/orders.ts";
import type { Right, Terms } from "../engine/orders/terms.ts";
import { ownerOf } from "../engine/types/accountId.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId, Address } from "../engine/types/types.ts";
import { signatureOf } from "./signature.ts";
import type { TypedSigner } from "./wallet.ts";

/** What is signed of an instrument, and how many decimals its lot has. */
export type SignedTerms = Terms & { readonly lotExponent: bigint };

/** Where orders are settled, and what there is to be traded. */
export interface OrderVenue {
  readonly chainId: bigint;
  readonly settlement: Address; // the OrderSettlement contract
  /** What the number of an instrument stands for now. @throws RangeError when it stands for nothing */
  readonly termsOf: (instrument: bigint) => SignedTerms;
}

/** An order with the signature of its signer. */
export interface SignedOrder {
  readonly order: Order;
  readonly signature: string; // 65 bytes of a key, or whatever the wallet of the signer (ERC-1271) accepts
}

/** A signed order and how much of it to take. */
export interface OrderFill extends SignedOrder {
  readonly lots: bigint;
}

/** The decoded data of a Trade. */
export type OrderTradeData =
  | { readonly kind: "fill"; readonly limits: readonly TakerLimit[]; readonly makers: readonly OrderFill[] }
  | { readonly kind: "cancel"; readonly nonces: readonly bigint[] };

/** An order that would be good for longer than what it trades. */
export class OrderOutlivesSeriesError extends RangeError {
  readonly validUntil: bigint;
  readonly expiry: bigint;

  constructor(validUntil: bigint, expiry: bigint) {
    super(`the order stands until ${validUntil}, and what it trades expires at ${expiry}: it must end before`);
    this.name = "OrderOutlivesSeriesError";
    [this.validUntil, this.expiry] = [validUntil, expiry];
  }
}

/** A value that does not fit the bits that it has in calldata. */
export class OrderFieldError extends RangeError {
  readonly field: string;
  readonly value: bigint;

  constructor(field: string, value: bigint, least: bigint, most: bigint) {
    super(`order field ${field} is ${value}: it must be from ${least} to ${most}`);
    this.name = "OrderFieldError";
    this.field = field;
    this.value = value;
  }
}

export const INSTRUMENT_TYPE: TypedDataField[] = [
  { name: "underlying", type: "uint8" },
  { name: "right", type: "string" },
  { name: "expiry", type: "uint40" },
  { name: "strike", type: "uint256" },
];

/** What depends neither on one instrument nor on several, in the order in which it is signed. */
export const TYPE_OF_BOUNDS: TypedDataField[] = [
  { name: "maxFeePpm", type: "int24" },
  { name: "reduceOnly", type: "bool" },
  { name: "validFrom", type: "uint40" },
  { name: "validUntil", type: "uint40" },
  { name: "nonce", type: "uint40" },
  { name: "epoch", type: "uint32" },
  { name: "taker", type: "uint256" },
];

/** Who is bound where. */
export const TYPE_OF_PARTIES: TypedDataField[] = [
  { name: "vault", type: "address" },
  { name: "account", type: "uint256" },
  { name: "signer", type: "address" },
];

export const ORDER_TYPES: Record<string, TypedDataField[]> = {
  Order: [
    ...TYPE_OF_PARTIES,
    { name: "instrument", type: "Instrument" },
    { name: "side", type: "string" },
    { name: "limit", type: "uint256" },
    { name: "size", type: "uint256" },
    ...TYPE_OF_BOUNDS,
  ],
  Instrument: INSTRUMENT_TYPE,
};

const FILL = 0n;
const CANCEL = 1n;
export const COMBO = 2n;
export const MAKER_FILL = "tuple(uint256 account, uint256 taker, uint256 terms, uint256 validity, uint256 validFrom, bytes signature)";
const LONG = 1n << 252n;
export const REDUCE_ONLY = 1n << 253n;

/** What an order needs beyond the defaults: taken by anyone, no reduce-only, signed by the owner, in the first epoch, good from the beginning of time. */
export type OrderRequest = Pick<Order, "vault" | "account" | "instrument" | "long" | "limit" | "size" | "maxFee" | "validUntil" | "nonce"> &
  Partial<Pick<Order, "signer" | "reduceOnly" | "validFrom" | "epoch" | "taker">>;

/**
 * An order with every field set.
 * @throws OrderFieldError when a field does not fit
 * @example
 * // buys 1 ETH of 10,000 lots, at 2,000 at most, for an hour
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: parseInstrument(listed, "ETH-PERP"), nonce: 7n };
 * const validUntil = BigInt(Math.floor(Date.now() / 1000) + 3_600);
 * const order = buildOrder({ ...request, validUntil, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * order.signer // wallet.address.toLowerCase()
 */
export function buildOrder(request: OrderRequest): Order {
  const { instrument, long, limit } = request;
  const order: Order = { ...orderHead(request), instrument, long, limit };
  packTerms(order, 0n);
  packValidity(order);
  return order;
}

/** What an order has that does not depend on its instruments. */
type OrderHead = Omit<Order, "instrument" | "long" | "limit">;

/** The head of an order with every field set; what is packed in words is checked there. */
export function orderHead(request: Omit<OrderRequest, "instrument" | "long" | "limit">): OrderHead {
  return {
    vault: getAddress(request.vault).toLowerCase(),
    account: unsigned("account", request.account, 256n),
    signer: getAddress(request.signer ?? ownerOf(request.account)).toLowerCase(),
    size: request.size,
    maxFee: request.maxFee,
    reduceOnly: request.reduceOnly ?? false,
    validFrom: unsigned("validFrom", request.validFrom ?? 0n, 40n),
    validUntil: request.validUntil,
    nonce: request.nonce,
    epoch: request.epoch ?? 0n,
    taker: unsigned("taker", request.taker ?? 0n, 256n),
  };
}

/** The EIP-712 domain of a venue. */
export function orderDomain(venue: OrderVenue): TypedDataDomain {
  return { name: "Plimsoll Orders", version: "1", chainId: venue.chainId, verifyingContract: venue.settlement };
}

/**
 * The digest that the signer of `order` signs; equal to `digestOf` of the contract.
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: parseInstrument(listed, "ETH-PERP"), nonce: 7n };
 * const validUntil = BigInt(Math.floor(Date.now() / 1000) + 3_600);
 * const order = buildOrder({ ...request, validUntil, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * hashOrder(orderVenue(record), order).length // 66
 */
export function hashOrder(venue: OrderVenue, order: Order): string {
  return TypedDataEncoder.hash(orderDomain(venue), ORDER_TYPES, typedOrder(venue, order));
}

/**
 * Signs `order` with a key or a connected wallet.
 * @throws Error when `signer` is not the signer that the order names; wallets that are contracts sign `hashOrder` in their own way
 * @throws OrderOutlivesSeriesError when it would be good at the expiry of what it trades
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: parseInstrument(listed, "ETH-PERP"), nonce: 7n };
 * const validUntil = BigInt(Math.floor(Date.now() / 1000) + 3_600);
 * const order = buildOrder({ ...request, validUntil, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const { signature } = await signOrder(wallet, orderVenue(record), order);
 * isSignedBy(wallet.address, hashOrder(orderVenue(record), order), signature) // true
 */
export async function signOrder(signer: TypedSigner, venue: OrderVenue, order: Order): Promise<SignedOrder> {
  return { order, signature: await signTyped(signer, venue, ORDER_TYPES, order, [order.instrument], typedOrder(venue, order)) };
}

/** The signature of an order of `types` by the signer that it names, in the form that contracts read whatever wallet made it. */
export async function signTyped(
  signer: TypedSigner,
  venue: OrderVenue,
  types: Record<string, TypedDataField[]>,
  order: Pick<Order, "account" | "signer" | "validUntil">,
  instruments: readonly bigint[],
  typed: object,
): Promise<string> {
  const address = await signer.getAddress();
  if (BigInt(address) !== BigInt(signerOf(order))) {
    throw new Error(`the order names ${signerOf(order)} as its signer, not ${address}`);
  }
  for (const instrument of instruments) {
    const { expiry } = venue.termsOf(instrument);
    if (expiry !== 0n && order.validUntil >= expiry) throw new OrderOutlivesSeriesError(order.validUntil, expiry);
  }
  const value = typed as Record<string, unknown>;
  const signature = await signer.signTypedData(orderDomain(venue), types, value);
  return signatureOf(address, TypedDataEncoder.hash(orderDomain(venue), types, value), signature);
}

/**
 * Data of a Trade that fills `makers`, in this order, within `limits`.
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: parseInstrument(listed, "ETH-PERP"), nonce: 7n };
 * const validUntil = BigInt(Math.floor(Date.now() / 1000) + 3_600);
 * const order = buildOrder({ ...request, validUntil, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const signed = await signOrder(wallet, orderVenue(record), order);
 * // who takes it sells 0.5 ETH to it, at 2,000 at least
 * const limit = { instrument: order.instrument, long: false, worst: order.limit, lots: 5_000n, maxFee: 500n, reduceOnly: false };
 * const data = encodeFills([limit], [{ ...signed, lots: 5_000n }]);
 * const action = tradeAction(accountIdOf(record.deployer), record.modules.orders, data, 5_000n);
 * action.kind // 7
 */
export function encodeFills(limits: readonly TakerLimit[], makers: readonly OrderFill[]): string {
  return AbiCoder.defaultAbiCoder().encode(
    ["uint256", "uint256[]", `${MAKER_FILL}[]`],
    [FILL, limits.map(packTakerLimit), makers.map(packMaker)],
  );
}

/**
 * Data of a Trade that cancels single nonces of the account that trades. To void all orders use the action CancelOrders.
 * @example
 * decodeTrade(record.contracts.vault, encodeCancel([7n, 8n])) // { kind: "cancel", nonces: [7n, 8n] }
 */
export function encodeCancel(nonces: readonly bigint[]): string {
  return AbiCoder.defaultAbiCoder().encode(["uint256", "uint256[]"], [CANCEL, nonces.map((nonce) => unsigned("nonce", nonce, 40n))]);
}

/**
 * What `encodeFills` or `encodeCancel` encoded: an indexer finds nonces here.
 * @param vault of the settlement contract; it is not in the data
 * @example
 * const decoded = decodeTrade(record.contracts.vault, encodeCancel([7n]));
 * decoded.kind === "cancel" ? decoded.nonces : decoded.makers.map(({ order }) => order.nonce) // [7n]
 */
export function decodeTrade(vault: Address, data: BytesLike): OrderTradeData {
  const coder = AbiCoder.defaultAbiCoder();
  const [kind] = coder.decode(["uint256"], data, true);
  if (kind === CANCEL) {
    const [, nonces] = coder.decode(["uint256", "uint256[]"], data);
    return { kind: "cancel", nonces: [...nonces] };
  }
  if (kind === COMBO) throw new Error("data of combo orders: decodeCombos reads it");
  if (kind !== FILL) throw new Error(`data of an order trade starts with ${FILL}, ${CANCEL} or ${COMBO}, not ${kind}`);
  const [, limits, makers] = coder.decode(["uint256", "uint256[]", `${MAKER_FILL}[]`], data);
  return {
    kind: "fill",
    limits: [...limits].map(unpackTakerLimit),
    makers: [...makers].map((maker: PackedMaker) => unpackMaker(vault, maker)),
  };
}

/** The packed form of an order in calldata; the tuple `MakerFill` of the contracts. */
export interface PackedMaker {
  readonly account: AccountId;
  readonly taker: AccountId;
  readonly terms: bigint;
  readonly validity: bigint;
  readonly validFrom: bigint;
  readonly signature: string;
}

export function packMaker({ order, lots, signature }: OrderFill): PackedMaker {
  return {
    account: order.account,
    taker: order.taker,
    terms: packTerms(order, lots),
    validity: packValidity(order),
    validFrom: order.validFrom,
    signature,
  };
}

/** The word TakerLimitWord of the contracts. */
export function packTakerLimit(limit: TakerLimit): bigint {
  return (
    unsigned("worst", limit.worst, 96n) |
    (unsigned("lots", limit.lots, 48n) << 96n) |
    (signed("maxFee", limit.maxFee, 24n) << 144n) |
    (unsigned("instrument", limit.instrument, 24n) << 228n) |
    (limit.long ? LONG : 0n) |
    (limit.reduceOnly ? REDUCE_ONLY : 0n)
  );
}

const SKIP_REASONS: Readonly<Record<SkipReason, string>> = {
  NoTakerLimit: "NoTakerLimit(uint256)",
  SelfTrade: "SelfTrade(uint256)",
  ZeroLots: "ZeroLots()",
  PriceBeyondLimit: "PriceBeyondLimit(uint256,uint256)",
  SeriesExpired: "SeriesExpired(uint256)",
  OrderExpired: "OrderExpired(uint256)",
  OrderNotYetValid: "OrderNotYetValid(uint256)",
  TakerNotNamed: "TakerNotNamed(uint256)",
  MakerFeeAboveCap: "MakerFeeAboveCap(int256,int256)",
  OrderCancelled: "OrderCancelled(uint256,uint256)",
  OrderUsedUp: "OrderUsedUp(uint256,uint256)",
  EpochPassed: "EpochPassed(uint256,uint256)",
  SignerNotAuthorised: "SignerNotAuthorised(uint256,address)",
  NothingToReduce: "NothingToReduce(int256)",
  SignatureInvalid: "SignatureInvalid(address)",
  CashBelowLimit: "CashBelowLimit(int256,int256)",
  PricesDiffer: "PricesDiffer(uint256,uint256)",
};

const REASON_BY_SELECTOR: ReadonlyMap<string, SkipReason> = new Map(
  (Object.keys(SKIP_REASONS) as SkipReason[]).map((reason) => [id(SKIP_REASONS[reason]).slice(0, 10), reason]),
);

/** The reason of an event OrderSkipped, undefined for a selector that it never has. */
export function skipReason(selector: string): SkipReason | undefined {
  return REASON_BY_SELECTOR.get(selector.toLowerCase());
}

export function packTerms(order: Pick<Order, "limit" | "size" | "nonce" | "maxFee">, lots: bigint): bigint {
  return (
    unsigned("limit", order.limit, 96n) |
    (unsigned("size", order.size, 48n) << 96n) |
    (unsigned("lots", lots, 48n) << 144n) |
    (unsigned("nonce", order.nonce, 40n) << 192n) |
    (signed("maxFee", order.maxFee, 24n) << 232n)
  );
}

/** An owner who signs is left out: zero bytes are cheaper. */
export function packValidity(order: Omit<Order, "vault" | "taker" | "limit" | "size" | "nonce" | "maxFee" | "validFrom">): bigint {
  const signer = BigInt(order.signer) === BigInt(ownerOf(order.account)) ? 0n : BigInt(order.signer);
  return (
    unsigned("signer", signer, 160n) |
    (unsigned("validUntil", order.validUntil, 36n) << 160n) |
    (unsigned("epoch", order.epoch, 32n) << 196n) |
    (unsigned("instrument", order.instrument, 24n) << 228n) |
    (order.long ? LONG : 0n) |
    (order.reduceOnly ? REDUCE_ONLY : 0n)
  );
}

function unpackTakerLimit(word: bigint): TakerLimit {
  return {
    worst: BigInt.asUintN(96, word),
    lots: BigInt.asUintN(48, word >> 96n),
    maxFee: BigInt.asIntN(24, word >> 144n),
    instrument: BigInt.asUintN(24, word >> 228n),
    long: (word & LONG) !== 0n,
    reduceOnly: (word & REDUCE_ONLY) !== 0n,
  };
}

export function unpackMaker(vault: Address, { account, taker, terms, validity, validFrom, signature }: PackedMaker): OrderFill {
  const signer = BigInt.asUintN(160, validity);
  return {
    order: {
      vault: getAddress(vault).toLowerCase(),
      account,
      signer: signer === 0n ? ownerOf(account) : `0x${signer.toString(16).padStart(40, "0")}`,
      instrument: BigInt.asUintN(24, validity >> 228n),
      long: (validity & LONG) !== 0n,
      limit: BigInt.asUintN(96, terms),
      size: BigInt.asUintN(48, terms >> 96n),
      maxFee: BigInt.asIntN(24, terms >> 232n),
      reduceOnly: (validity & REDUCE_ONLY) !== 0n,
      validFrom,
      validUntil: BigInt.asUintN(36, validity >> 160n),
      nonce: BigInt.asUintN(40, terms >> 192n),
      epoch: BigInt.asUintN(32, validity >> 196n),
      taker,
    },
    lots: BigInt.asUintN(48, terms >> 144n),
    signature,
  };
}

/** An instrument as it is signed: the strike is that of a unit. */
export interface TypedInstrument {
  readonly underlying: bigint;
  readonly right: Right;
  readonly expiry: bigint;
  readonly strike: bigint;
}

export type Side = "buy" | "sell";

/** What orders of one instrument and of several have in common as they are signed. */
export interface TypedHead {
  readonly vault: Address;
  readonly account: AccountId;
  readonly signer: Address;
  readonly maxFeePpm: bigint;
  readonly reduceOnly: boolean;
  readonly validFrom: bigint;
  readonly validUntil: bigint;
  readonly nonce: bigint;
  readonly epoch: bigint;
  readonly taker: AccountId;
}

/** An order as it is signed and shown by wallets: amounts and prices of a unit of the underlying, with 18 decimals; the struct `Order` of the contracts. */
export interface TypedOrder extends TypedHead {
  readonly instrument: TypedInstrument;
  readonly side: Side;
  readonly limit: bigint;
  readonly size: bigint;
}

/**
 * An order as it is signed.
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: parseInstrument(listed, "ETH-PERP"), nonce: 7n };
 * const validUntil = BigInt(Math.floor(Date.now() / 1000) + 3_600);
 * const order = buildOrder({ ...request, validUntil, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const { side, size, limit } = typedOrder(orderVenue(record), order);
 * [side, formatDecimal(size), formatDecimal(limit)] // ["buy", "1", "2000"]
 */
export function typedOrder(venue: OrderVenue, order: Order): TypedOrder {
  const terms = venue.termsOf(order.instrument);
  return {
    ...typedHead(order),
    instrument: typedInstrument(terms),
    side: order.long ? "buy" : "sell",
    limit: order.limit * lotsOfUnit(terms),
    size: order.size * (WAD / lotsOfUnit(terms)),
  };
}

/**
 * The inverse of {@link typedOrder}.
 * @param instrument the number of what was signed
 * @throws RangeError when an amount is no whole number of lots
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: parseInstrument(listed, "ETH-PERP"), nonce: 7n };
 * const validUntil = BigInt(Math.floor(Date.now() / 1000) + 3_600);
 * const order = buildOrder({ ...request, validUntil, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const typed = typedOrder(orderVenue(record), order);
 * orderFromTyped(typed, order.instrument, 4n) // order
 */
export function orderFromTyped(typed: TypedOrder, instrument: bigint, lotExponent: bigint): Order {
  const unit = 10n ** lotExponent;
  return buildOrder({
    ...headFromTyped(typed),
    instrument,
    long: typed.side === "buy",
    limit: whole("limit", typed.limit, unit),
    size: whole("size", typed.size, WAD / unit),
  });
}

export function typedHead(order: Omit<Order, "instrument" | "long" | "limit" | "size">): TypedHead {
  const { vault, account, maxFee, reduceOnly, validFrom, validUntil, nonce, epoch, taker } = order;
  return { vault, account, signer: signerOf(order), maxFeePpm: maxFee, reduceOnly, validFrom, validUntil, nonce, epoch, taker };
}

export function headFromTyped(typed: TypedHead): Omit<OrderHead, "size"> {
  const { vault, account, signer, maxFeePpm, reduceOnly, validFrom, validUntil, nonce, epoch, taker } = typed;
  return { vault, account, signer, maxFee: maxFeePpm, reduceOnly, validFrom, validUntil, nonce, epoch, taker };
}

export function typedInstrument({ underlying, right, expiry, strike, lotExponent }: SignedTerms): TypedInstrument {
  return { underlying, right, expiry, strike: strike * 10n ** lotExponent };
}

export function lotsOfUnit({ lotExponent }: SignedTerms): bigint {
  return 10n ** lotExponent;
}

/** @throws RangeError when `value` is no whole number of `unit` */
export function whole(field: string, value: bigint, unit: bigint): bigint {
  if (value % unit !== 0n) throw new RangeError(`${field} ${value} is no whole number of lots`);
  return value / unit;
}

export function unsigned(field: string, value: bigint, bits: bigint): bigint {
  return within(field, value, 0n, (1n << bits) - 1n);
}

/** Two's complement of `bits` bits. */
export function signed(field: string, value: bigint, bits: bigint): bigint {
  return BigInt.asUintN(Number(bits), within(field, value, -(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n));
}

export function within(field: string, value: bigint, least: bigint, most: bigint): bigint {
  if (value < least || value > most) throw new OrderFieldError(field, value, least, most);
  return value;
}
