import { AbiCoder, type TypedDataDomain, TypedDataEncoder, type Wallet } from "ethers";
import type { Address } from "../engine/types.ts";

/** Where a signed value counts: the chain and the source contract. */
export type SignedVenue = { readonly chainId: bigint; readonly source: Address };

/**
 * An update of a signed price source.
 * @param price settlement tokens for one unit of the underlying, WAD
 * @param publishTime unix seconds
 */
export function signPrice(signers: readonly Wallet[], venue: SignedVenue, feed: string, price: bigint, publishTime: number): string {
  const types = { Price: [bytes32("feed"), { name: "price", type: "int256" }, { name: "publishTime", type: "uint256" }] };
  return update(signers, { name: "Plimsoll signed prices", ...domain(venue) }, types, { feed, price, publishTime }, price, publishTime);
}

/** An update of a signed funding rate. @param rate ppb over eight hours */
export function signRate(signers: readonly Wallet[], venue: SignedVenue, feed: string, rate: bigint, publishTime: number): string {
  const types = { FundingRate: [bytes32("feed"), { name: "rate", type: "int256" }, { name: "publishTime", type: "uint256" }] };
  return update(signers, { name: "Plimsoll signed rates", ...domain(venue) }, types, { feed, rate, publishTime }, rate, publishTime);
}

function bytes32(name: string): { name: string; type: string } {
  return { name, type: "bytes32" };
}

function domain({ chainId, source }: SignedVenue): TypedDataDomain {
  return { version: "1", chainId, verifyingContract: source };
}

function update(
  signers: readonly Wallet[],
  where: TypedDataDomain,
  types: Record<string, { name: string; type: string }[]>,
  what: Record<string, unknown>,
  value: bigint,
  publishTime: number,
): string {
  const digest = TypedDataEncoder.hash(where, types, what);
  const signatures = signers.map((signer) => signer.signingKey.sign(digest).serialized);
  return AbiCoder.defaultAbiCoder().encode(["int256", "uint256", "bytes[]"], [value, publishTime, signatures]);
}
