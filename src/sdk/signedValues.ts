import { AbiCoder, type TypedDataDomain, TypedDataEncoder, type Wallet } from "ethers";
import type { Address } from "../engine/types.ts";

const coder = AbiCoder.defaultAbiCoder();

/** Where a signed value counts: the chain and the source contract. */
export type SignedVenue = { readonly chainId: bigint; readonly source: Address };

/**
 * An update of a signed price source.
 * @param price settlement tokens for one unit of the underlying, WAD
 * @param publishTime unix seconds
 */
export function signPrice(signers: readonly Wallet[], venue: SignedVenue, feed: string, price: bigint, publishTime: number): string {
  const types = { Price: [bytes32("feed"), { name: "price", type: "int256" }, { name: "publishTime", type: "uint256" }] };
  const signatures = signed(signers, { name: "Plimsoll signed prices", ...domain(venue) }, types, { feed, price, publishTime });
  return coder.encode(["int256", "uint256", "bytes[]"], [price, publishTime, signatures]);
}

/** An update of a signed funding rate. @param rate ppb over eight hours */
export function signRate(signers: readonly Wallet[], venue: SignedVenue, feed: string, rate: bigint, publishTime: number): string {
  const types = { FundingRate: [bytes32("feed"), { name: "rate", type: "int256" }, { name: "publishTime", type: "uint256" }] };
  const signatures = signed(signers, { name: "Plimsoll signed rates", ...domain(venue) }, types, { feed, rate, publishTime });
  return coder.encode(["int256", "uint256", "bytes[]"], [rate, publishTime, signatures]);
}

/**
 * An update of a signed volatility source.
 * @param expiry of the series, unix seconds
 * @param slice as contracts/words/SviWord.sol packs it: total variance from the publish time to settlement
 * @param basis the forward over the price, less one, in 1e-9
 */
export function signSlice(
  signers: readonly Wallet[],
  venue: SignedVenue,
  feed: string,
  { expiry, slice, basis, publishTime }: { expiry: bigint; slice: bigint; basis: bigint; publishTime: bigint },
): string {
  const types = {
    VolatilitySlice: [
      bytes32("feed"),
      { name: "expiry", type: "uint256" },
      { name: "slice", type: "uint256" },
      { name: "basis", type: "int256" },
      { name: "publishTime", type: "uint256" },
    ],
  };
  const what = { feed, expiry, slice, basis, publishTime };
  const signatures = signed(signers, { name: "Plimsoll signed volatilities", ...domain(venue) }, types, what);
  return coder.encode(["uint256", "int256", "uint256", "bytes[]"], [slice, basis, publishTime, signatures]);
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
