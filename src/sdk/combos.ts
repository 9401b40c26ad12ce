import type { BytesLike, TypedDataField } from "ethers";
import { AbiCoder, TypedDataEncoder } from "ethers";
import type { ComboLimit, ComboOrder, Leg } from "../engine/orders/orders.ts";
import { abs, WAD } from "../engine/types/fixedPoint.ts";
import type { Address } from "../engine/types/types.ts";
import {
  COMBO,
  headFromTyped,
  INSTRUMENT_TYPE,
  lotsOfUnit,
  MAKER_FILL,
  OrderFieldError,
  type OrderVenue,
  orderDomain,
  orderHead,
  type PackedMaker,
  packTerms,
  packValidity,
  type Side,
  signed,
  signTyped,
  TYPE_OF_BOUNDS,
  TYPE_OF_PARTIES,
  type TypedHead,
  type TypedInstrument,
  typedHead,
  typedInstrument,
  unpackMaker,
  unsigned,
  whole,
  within,
} from "./orders.ts";
import type { TypedSigner } from "./wallet.ts";

/** A combo order with the signature of its signer. */
export interface SignedCombo {
  readonly order: ComboOrder;
  readonly signature: string; // 65 bytes of a key, or whatever the wallet of the signer (ERC-1271) accepts
}

/** A signed combo order and how much of it to take. */
export interface ComboFill extends SignedCombo {
  readonly units: bigint;
}

/** The decoded data of a Trade in one combo. */
export interface ComboTradeData {
  readonly limit: ComboLimit;
  readonly makers: readonly ComboFill[];
}

const COMBO_TYPES: Record<string, TypedDataField[]> = {
  ComboOrder: [...TYPE_OF_PARTIES, { name: "legs", type: "Leg[]" }, { name: "units", type: "uint48" }, ...TYPE_OF_BOUNDS],
  Leg: [
    { name: "instrument", type: "Instrument" },
    { name: "side", type: "string" },
    { name: "size", type: "uint256" },
    { name: "price", type: "uint256" },
  ],
  Instrument: INSTRUMENT_TYPE,
};

/** A combo order as it is signed and shown by wallets; the struct `ComboOrder` of the contracts. */
export interface TypedCombo extends TypedHead {
  readonly legs: readonly TypedLeg[];
  readonly units: bigint; // equal parts in which it may be filled
}

/** One instrument of a combo as it is signed. */
export interface TypedLeg {
  readonly instrument: TypedInstrument;
  readonly side: Side;
  readonly size: bigint; // of all units together, in units of the underlying, WAD
  readonly price: bigint; // of a unit of the underlying, WAD
}

const COMBO_LIMIT = "tuple(uint24[] instruments, int48[] lots, uint48 units, int24 maxFee, int256 leastCash)";
const COMBO_FILL = `tuple(${MAKER_FILL} maker, uint96[] prices)`;
const [LEAST_LEGS, MOST_LEGS] = [2n, 8n];
/** Below it are the perpetuals. */
const FIRST_SERIES = 1n << 8n;
const DATA = ["uint256", COMBO_LIMIT, `${COMBO_FILL}[]`];

/** What a combo order needs beyond the defaults: taken by anyone, no reduce-only, signed by the owner, in the first epoch. */
export type ComboRequest = Pick<ComboOrder, "vault" | "account" | "legs" | "size" | "maxFee" | "validUntil" | "nonce"> &
  Partial<Pick<ComboOrder, "signer" | "reduceOnly" | "validFrom" | "epoch" | "taker">>;

/**
 * A combo order with every field set. Lots of a leg are those of one unit, positive where the maker buys.
 * @throws OrderFieldError when a field does not fit, or legs are not two to eight options or dated futures, each another and none of zero lots
 * @example
 * // buys a spread of two calls at a net price
 * const { legs } = parseCombo(listed, "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1");
 * const priced = pricedLegs([{ ...legs[0]!, mark: WAD / 100n }, { ...legs[1]!, mark: WAD / 250n }], WAD / 200n);
 * const account = accountIdOf(wallet.address);
 * const validUntil = 1_798_000_000n;
 * const combo = buildCombo({ vault: record.contracts.vault, account, legs: priced, size: 100n, maxFee: 500n, validUntil, nonce: 9n });
 * combo.legs.length // 2
 */
export function buildCombo(request: ComboRequest): ComboOrder {
  const order: ComboOrder = {
    ...orderHead(request),
    legs: request.legs.map(({ instrument, lots, price }) => ({ instrument, lots, price })),
  };
  packCombo({ order, units: 0n, signature: "0x" });
  const { legs } = order;
  within("legs", BigInt(legs.length), LEAST_LEGS, MOST_LEGS);
  within("instruments of their own", BigInt(new Set(legs.map(({ instrument }) => instrument)).size), BigInt(legs.length), MOST_LEGS);
  for (const leg of legs) packLeg(leg);
  return order;
}

/**
 * The digest that the signer of `order` signs; equal to `digestOfCombo` of the contract.
 * @example
 * const { legs } = parseCombo(listed, "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1");
 * const priced = pricedLegs([{ ...legs[0]!, mark: WAD / 100n }, { ...legs[1]!, mark: WAD / 250n }], WAD / 200n);
 * const account = accountIdOf(wallet.address);
 * const validUntil = 1_798_000_000n;
 * const combo = buildCombo({ vault: record.contracts.vault, account, legs: priced, size: 100n, maxFee: 500n, validUntil, nonce: 9n });
 * hashCombo(orderVenue(record, listed), combo).length // 66
 */
export function hashCombo(venue: OrderVenue, order: ComboOrder): string {
  return TypedDataEncoder.hash(orderDomain(venue), COMBO_TYPES, typedCombo(venue, order));
}

/**
 * A combo order as it is signed.
 * @example
 * const { legs } = parseCombo(listed, "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1");
 * const priced = pricedLegs([{ ...legs[0]!, mark: WAD / 100n }, { ...legs[1]!, mark: WAD / 250n }], WAD / 200n);
 * const account = accountIdOf(wallet.address);
 * const validUntil = 1_798_000_000n;
 * const combo = buildCombo({ vault: record.contracts.vault, account, legs: priced, size: 100n, maxFee: 500n, validUntil, nonce: 9n });
 * typedCombo(orderVenue(record, listed), combo).legs.map(({ side }) => side) // ["buy", "sell"]
 */
export function typedCombo(venue: OrderVenue, order: ComboOrder): TypedCombo {
  const legs = order.legs.map(({ instrument, lots, price }): TypedLeg => {
    const terms = venue.termsOf(instrument);
    const side = lots < 0n ? "sell" : "buy";
    const size = abs(lots) * order.size * (WAD / lotsOfUnit(terms));
    return { instrument: typedInstrument(terms), side, size, price: price * lotsOfUnit(terms) };
  });
  return { ...typedHead(order), legs, units: order.size };
}

/**
 * The inverse of {@link typedCombo}.
 * @param instruments by leg, the numbers of what was signed, with the lots of their underlyings
 * @throws RangeError when an amount is no whole number of lots
 * @example
 * const { legs } = parseCombo(listed, "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1");
 * const priced = pricedLegs([{ ...legs[0]!, mark: WAD / 100n }, { ...legs[1]!, mark: WAD / 250n }], WAD / 200n);
 * const account = accountIdOf(wallet.address);
 * const validUntil = 1_798_000_000n;
 * const combo = buildCombo({ vault: record.contracts.vault, account, legs: priced, size: 100n, maxFee: 500n, validUntil, nonce: 9n });
 * const typed = typedCombo(orderVenue(record, listed), combo);
 * comboFromTyped(typed, combo.legs.map(({ instrument }) => ({ instrument, lotExponent: 4n }))) // combo
 */
export function comboFromTyped(
  typed: TypedCombo,
  instruments: readonly { readonly instrument: bigint; readonly lotExponent: bigint }[],
): ComboOrder {
  const legs = instruments.map(({ instrument, lotExponent }, i): Leg => {
    const { side, size, price } = typed.legs[i] as TypedLeg;
    const unit = 10n ** lotExponent;
    const lots = whole("size", size, (WAD / unit) * typed.units);
    return { instrument, lots: side === "buy" ? lots : -lots, price: whole("price", price, unit) };
  });
  return buildCombo({ ...headFromTyped(typed), legs, size: typed.units });
}

/**
 * Signs `order` with a key or a connected wallet.
 * @throws Error when `signer` is not the signer that the order names; wallets that are contracts sign `hashCombo` in their own way
 * @throws OrderOutlivesSeriesError when it would be good at the first expiry among its legs
 * @example
 * const { legs } = parseCombo(listed, "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1");
 * const priced = pricedLegs([{ ...legs[0]!, mark: WAD / 100n }, { ...legs[1]!, mark: WAD / 250n }], WAD / 200n);
 * const account = accountIdOf(wallet.address);
 * const validUntil = 1_798_000_000n;
 * const combo = buildCombo({ vault: record.contracts.vault, account, legs: priced, size: 100n, maxFee: 500n, validUntil, nonce: 9n });
 * const { signature } = await signCombo(wallet, orderVenue(record, listed), combo);
 * isSignedBy(wallet.address, hashCombo(orderVenue(record, listed), combo), signature) // true
 */
export async function signCombo(signer: TypedSigner, venue: OrderVenue, order: ComboOrder): Promise<SignedCombo> {
  const instruments = order.legs.map(({ instrument }) => instrument);
  return { order, signature: await signTyped(signer, venue, COMBO_TYPES, order, instruments, typedCombo(venue, order)) };
}

/**
 * Data of a Trade that takes from `makers`, in this order, within `limit`. Only the prices of their legs travel: the contract takes instruments and lots
 * from the limit, and skips an order that signed others.
 * @example
 * const { legs } = parseCombo(listed, "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1");
 * const priced = pricedLegs([{ ...legs[0]!, mark: WAD / 100n }, { ...legs[1]!, mark: WAD / 250n }], WAD / 200n);
 * const account = accountIdOf(wallet.address);
 * const validUntil = 1_798_000_000n;
 * const combo = buildCombo({ vault: record.contracts.vault, account, legs: priced, size: 100n, maxFee: 500n, validUntil, nonce: 9n });
 * const signed = await signCombo(wallet, orderVenue(record, listed), combo);
 * const limit = { legs: combo.legs, units: 10n, maxFee: 500n, leastCash: WAD / 200n };
 * const data = encodeCombos(limit, [{ ...signed, units: 10n }]);
 * tradeAction(accountIdOf(record.deployer), record.modules.orders, data, 20n).kind // 7
 */
export function encodeCombos(limit: ComboLimit, makers: readonly ComboFill[]): string {
  return AbiCoder.defaultAbiCoder().encode(DATA, [COMBO, packComboLimit(limit), makers.map(packCombo)]);
}

/**
 * What `encodeCombos` encoded: an indexer finds nonces here. An order is given the legs of the limit.
 * @throws RangeError when a maker has not as many prices as there are legs, which the contract skips as `PricesDiffer`
 * @param vault of the settlement contract; it is not in the data
 * @example
 * const { legs } = parseCombo(listed, "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1");
 * const priced = pricedLegs([{ ...legs[0]!, mark: WAD / 100n }, { ...legs[1]!, mark: WAD / 250n }], WAD / 200n);
 * const account = accountIdOf(wallet.address);
 * const validUntil = 1_798_000_000n;
 * const combo = buildCombo({ vault: record.contracts.vault, account, legs: priced, size: 100n, maxFee: 500n, validUntil, nonce: 9n });
 * const signed = await signCombo(wallet, orderVenue(record, listed), combo);
 * const limit = { legs: combo.legs, units: 10n, maxFee: 500n, leastCash: WAD / 200n };
 * const data = encodeCombos(limit, [{ ...signed, units: 10n }]);
 * decodeCombos(record.contracts.vault, data).makers.map(({ order, units }) => [order.nonce, units]) // [[9n, 10n]]
 */
export function decodeCombos(vault: Address, data: BytesLike): ComboTradeData {
  const [kind, packed, makers] = AbiCoder.defaultAbiCoder().decode(DATA, data);
  if (kind !== COMBO) throw new Error(`data of combo orders starts with ${COMBO}, not ${kind}`);
  const [instruments, lots, units, maxFee, leastCash] = packed.toArray(true) as [bigint[], bigint[], bigint, bigint, bigint];
  const legs = instruments.map((instrument, i) => ({ instrument, lots: lots[i] ?? 0n }));
  return { limit: { legs, units, maxFee, leastCash }, makers: [...makers].map((maker: PackedCombo) => unpackCombo(vault, legs, maker)) };
}

/** The form of a combo order in calldata; the tuple `ComboFill` of the contracts. */
export interface PackedCombo {
  readonly maker: PackedMaker;
  readonly prices: bigint[];
}

/** @throws OrderFieldError when a field does not fit */
export function packCombo({ order, units, signature }: ComboFill): PackedCombo {
  const { account, taker, legs } = order;
  // what a combo has not is zero in its words
  const terms = packTerms({ ...order, limit: 0n }, units);
  const validity = packValidity({ ...order, instrument: 0n, long: false });
  return {
    maker: { account, taker, terms, validity, validFrom: order.validFrom, signature },
    prices: legs.map(({ price }) => unsigned("price", price, 96n)),
  };
}

/** The tuple `ComboLimit` of the contracts. */
export function packComboLimit({ legs, units, maxFee, leastCash }: ComboLimit) {
  return {
    instruments: legs.map(({ instrument }) => unsigned("instrument", instrument, 24n)),
    lots: legs.map(({ lots }) => lots),
    units: unsigned("units", units, 48n),
    maxFee,
    leastCash,
  };
}

function packLeg({ instrument, lots, price }: Leg): void {
  within("instrument", instrument, FIRST_SERIES, (1n << 24n) - 1n);
  signed("lots", lots, 48n);
  if (lots === 0n) throw new OrderFieldError("lots", lots, 1n, (1n << 47n) - 1n);
  unsigned("price", price, 96n);
}

function unpackCombo(vault: Address, legs: ComboLimit["legs"], { maker, prices }: PackedCombo): ComboFill {
  const {
    order: { instrument: _instrument, long: _long, limit: _limit, ...head },
    lots,
    signature,
  } = unpackMaker(vault, maker);
  if (prices.length !== legs.length)
    throw new RangeError(`a combo of ${legs.length} legs travels with ${prices.length} prices, which is skipped`);
  return { order: { ...head, legs: legs.map((leg, i) => ({ ...leg, price: prices[i] ?? 0n })) }, units: lots, signature };
}
