import type { BytesLike, Signer, TypedDataDomain, TypedDataField } from "ethers";
import { AbiCoder, getAddress, id, TypedDataEncoder } from "ethers";
import { ownerOf } from "../engine/accountId.ts";
import type { Order, SkipReason, TakerLimit } from "../engine/orders.ts";
import { signerOf } from "../engine/orders.ts";
import type { AccountId, Address } from "../engine/types.ts";

/** Where orders are settled: what the EIP-712 domain is made of. */
export interface OrderVenue {
  readonly chainId: bigint;
  readonly settlement: Address; // the OrderSettlement contract
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

const ORDER_TYPES: Record<string, TypedDataField[]> = {
  Order: [
    { name: "vault", type: "address" },
    { name: "account", type: "uint256" },
    { name: "signer", type: "address" },
    { name: "instrument", type: "uint24" },
    { name: "long", type: "bool" },
    { name: "limit", type: "uint96" },
    { name: "size", type: "uint48" },
    { name: "maxFee", type: "int24" },
    { name: "reduceOnly", type: "bool" },
    { name: "expiry", type: "uint40" },
    { name: "nonce", type: "uint40" },
    { name: "epoch", type: "uint32" },
    { name: "taker", type: "uint256" },
  ],
};

const FILL = 0n;
const CANCEL = 1n;
export const COMBO = 2n;
export const MAKER_FILL = "tuple(uint256 account, uint256 taker, uint256 terms, uint256 validity, bytes signature)";
const LONG = 1n << 252n;
export const REDUCE_ONLY = 1n << 253n;

/** What an order needs beyond the defaults: taken by anyone, no reduce-only, signed by the owner, in the first epoch. */
export type OrderRequest = Pick<Order, "vault" | "account" | "instrument" | "long" | "limit" | "size" | "maxFee" | "expiry" | "nonce"> &
  Partial<Pick<Order, "signer" | "reduceOnly" | "epoch" | "taker">>;

/**
 * An order with every field set.
 * @throws OrderFieldError when a field does not fit
 * @example
 * const order = buildOrder({ vault, account, instrument: 0n, long: true, limit: 3n * 10n ** 18n, size: 100n, maxFee: 200n, expiry, nonce: 7n });
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
    expiry: request.expiry,
    nonce: request.nonce,
    epoch: request.epoch ?? 0n,
    taker: unsigned("taker", request.taker ?? 0n, 256n),
  };
}

/** The EIP-712 domain of a venue. */
export function orderDomain(venue: OrderVenue): TypedDataDomain {
  return { name: "Plimsoll Orders", version: "1", chainId: venue.chainId, verifyingContract: venue.settlement };
}

/** The digest that the signer of `order` signs; equal to `digestOf` of the contract. */
export function hashOrder(venue: OrderVenue, order: Order): string {
  return TypedDataEncoder.hash(orderDomain(venue), ORDER_TYPES, typedValue(order));
}

/**
 * Signs `order` with a key or a connected wallet.
 * @throws Error when `signer` is not the signer that the order names; wallets that are contracts sign `hashOrder` in their own way
 */
export async function signOrder(signer: Signer, venue: OrderVenue, order: Order): Promise<SignedOrder> {
  return { order, signature: await signTyped(signer, venue, ORDER_TYPES, order) };
}

/** The signature of an order of `types` by the signer that it names. */
export async function signTyped(
  signer: Signer,
  venue: OrderVenue,
  types: Record<string, TypedDataField[]>,
  order: Pick<Order, "account" | "signer">,
): Promise<string> {
  const address = await signer.getAddress();
  if (BigInt(address) !== BigInt(signerOf(order))) {
    throw new Error(`the order names ${signerOf(order)} as its signer, not ${address}`);
  }
  return signer.signTypedData(orderDomain(venue), types, typedValue(order));
}

/** Data of a Trade that fills `makers`, in this order, within `limits`. */
export function encodeFills(limits: readonly TakerLimit[], makers: readonly OrderFill[]): string {
  return AbiCoder.defaultAbiCoder().encode(
    ["uint256", "uint256[]", `${MAKER_FILL}[]`],
    [FILL, limits.map(packTakerLimit), makers.map(packMaker)],
  );
}

/** Data of a Trade that cancels single nonces of the account that trades. To void all orders use the action CancelOrders. */
export function encodeCancel(nonces: readonly bigint[]): string {
  return AbiCoder.defaultAbiCoder().encode(["uint256", "uint256[]"], [CANCEL, nonces.map((nonce) => unsigned("nonce", nonce, 40n))]);
}

/**
 * What `encodeFills` or `encodeCancel` encoded: an indexer finds nonces here.
 * @param vault of the settlement contract; it is not in the data
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
  readonly signature: string;
}

export function packMaker({ order, lots, signature }: OrderFill): PackedMaker {
  return {
    account: order.account,
    taker: order.taker,
    terms: packTerms(order, lots),
    validity: packValidity(order),
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
  OrderExpired: "OrderExpired(uint256)",
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
export function packValidity(order: Omit<Order, "vault" | "taker" | "limit" | "size" | "nonce" | "maxFee">): bigint {
  const signer = BigInt(order.signer) === BigInt(ownerOf(order.account)) ? 0n : BigInt(order.signer);
  return (
    unsigned("signer", signer, 160n) |
    (unsigned("expiry", order.expiry, 36n) << 160n) |
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

export function unpackMaker(vault: Address, { account, taker, terms, validity, signature }: PackedMaker): OrderFill {
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
      expiry: BigInt.asUintN(36, validity >> 160n),
      nonce: BigInt.asUintN(40, terms >> 192n),
      epoch: BigInt.asUintN(32, validity >> 196n),
      taker,
    },
    lots: BigInt.asUintN(48, terms >> 144n),
    signature,
  };
}

/** An order as typed data has it. */
export function typedValue(order: Pick<Order, "account" | "signer">): Record<string, unknown> {
  return { ...order, signer: signerOf(order) };
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
