import { AbiCoder, type TypedDataDomain, TypedDataEncoder, type Wallet } from "ethers";
import type { Address } from "../engine/types/types.ts";

const coder = AbiCoder.defaultAbiCoder();

/** Where a signed value counts: the chain and the source contract. */
export type SignedVenue = { readonly chainId: bigint; readonly source: Address };

/**
 * An update of a signed price source.
 * @param price settlement tokens for one unit of the underlying, WAD
 * @param publishTime unix seconds
 */
export function signPrice(signers: readonly Wallet[], venue: SignedVenue, feed: string, price: bigint, publishTime: number): string {
  const digest = priceDigest(venue, { feed, price, publishTime: BigInt(publishTime) });
  const signatures = signers.map((signer) => signer.signingKey.sign(digest).serialized);
  return coder.encode(["int256", "uint256", "bytes[]"], [price, publishTime, signatures]);
}

/** What signers of a price source sign. */
export type SignablePrice = {
  /** Identifier of the feed, 32 bytes. */
  readonly feed: string;
  /** Settlement tokens for a unit, WAD; zero vouches for none. */
  readonly price: bigint;
  /** Unix seconds. */
  readonly publishTime: bigint;
};

/** The digest that every signer of a price signs, by the typed data `Price` of `SignedSource`. */
export function priceDigest(venue: SignedVenue, { feed, price, publishTime }: SignablePrice): string {
  const types = { Price: [bytes32("feed"), { name: "price", type: "int256" }, { name: "publishTime", type: "uint256" }] };
  return TypedDataEncoder.hash({ name: "Plimsoll signed prices", ...domain(venue) }, types, { feed, price, publishTime });
}

/** An update of a signed funding rate. @param rate ppb over eight hours */
export function signRate(signers: readonly Wallet[], venue: SignedVenue, feed: string, rate: bigint, publishTime: number): string {
  const types = { FundingRate: [bytes32("feed"), { name: "rate", type: "int256" }, { name: "publishTime", type: "uint256" }] };
  const signatures = signed(signers, { name: "Plimsoll signed rates", ...domain(venue) }, types, { feed, rate, publishTime });
  return coder.encode(["int256", "uint256", "bytes[]"], [rate, publishTime, signatures]);
}

/** What signers of a volatility source sign: the slice of one expiry. */
export type SignableSlice = {
  /** Identifier of the feed, 32 bytes. */
  readonly feed: string;
  /** Of the series, unix seconds. */
  readonly expiry: bigint;
  /** As contracts/words/SviWord.sol packs it: total variance from the publish time to settlement. */
  readonly slice: bigint;
  /** The forward over the price, less one, in 1e-9. */
  readonly basis: bigint;
  /** Unix seconds. */
  readonly publishTime: bigint;
};

/** An update of a signed volatility source. */
export function signSlice(signers: readonly Wallet[], venue: SignedVenue, feed: string, said: Omit<SignableSlice, "feed">): string {
  const { slice, basis, publishTime } = said;
  const digest = sliceDigest(venue, { ...said, feed });
  const signatures = signers.map((signer) => signer.signingKey.sign(digest).serialized);
  return coder.encode(["uint256", "int256", "uint256", "bytes[]"], [slice, basis, publishTime, signatures]);
}

/**
 * The digest that every signer of a slice signs, by the typed data `VolatilitySlice` of `SignedVolatilitySource`.
 * @example wallet.signingKey.sign(sliceDigest({ chainId: 1n, source }, { feed, expiry, slice, basis: 0n, publishTime })).serialized
 */
export function sliceDigest(venue: SignedVenue, { feed, expiry, slice, basis, publishTime }: SignableSlice): string {
  const types = {
    VolatilitySlice: [
      bytes32("feed"),
      { name: "expiry", type: "uint256" },
      { name: "slice", type: "uint256" },
      { name: "basis", type: "int256" },
      { name: "publishTime", type: "uint256" },
    ],
  };
  const where = { name: "Plimsoll signed volatilities", ...domain(venue) };
  return TypedDataEncoder.hash(where, types, { feed, expiry, slice, basis, publishTime });
}

function bytes32(name: string): { name: string; type: string } {
  return { name, type: "bytes32" };
}

function domain({ chainId, source }: SignedVenue): TypedDataDomain {
  return { version: "1", chainId, verifyingContract: source };
}

function signed(
  signers: readonly Wallet[],
  where: TypedDataDomain,
  types: Record<string, { name: string; type: string }[]>,
  what: Record<string, unknown>,
): string[] {
  const digest = TypedDataEncoder.hash(where, types, what);
  return signers.map((signer) => signer.signingKey.sign(digest).serialized);
}
