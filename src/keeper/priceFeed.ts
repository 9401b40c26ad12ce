import { AbiCoder } from "ethers";
import { z } from "zod";
import { abs, max } from "../engine/types/fixedPoint.ts";
import { NORMAL, type State } from "../engine/types/types.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { BadInput } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { callContract } from "../sdk/readState.ts";
import type { Rpc } from "../sdk/rpc.ts";
import { normalSignature } from "../sdk/signature.ts";
import { bytesText, integer, readPublished } from "./published.ts";

/** What signers of prices publish: an array of prices, each with the signatures of the typed data `Price` of `SignedSource`. */
export const publishedPrices = z.array(
  z.strictObject({
    /** Identifier of the feed. */
    feed: bytesText(32),
    /** Settlement tokens for a unit, WAD; zero vouches for none. */
    price: integer,
    /** Unix seconds. */
    publishTime: integer,
    signatures: z.array(bytesText().transform(normalSignature)),
  }),
);

export type PublishedPrices = z.infer<typeof publishedPrices>;

/** A post of a price that could be made now. */
export type PriceOffer = {
  readonly underlying: number;
  /** For each source of the underlying. */
  readonly updates: readonly string[];
  /** What the sources charge, wei. */
  readonly fee: bigint;
  /** What each source says that says something: prices of a unit (WAD) with their times. */
  readonly said: readonly { readonly source: string; readonly price: bigint; readonly publishTime: bigint }[];
};

/** Where prices come from. Chainlink's rounds are read on the chain and need no place. */
export type PricePlaces = {
  /** File or HTTP address of signed prices. */
  readonly signed?: string;
  /** HTTP address of a Hermes service of Pyth. */
  readonly pyth?: string;
};

/** What could be posted now; underlyings without any price are left out. */
export type PriceSource = () => Promise<readonly PriceOffer[]>;

type Said = PriceOffer["said"][number] & { readonly update: string };

/**
 * Prices from every source of every underlying: Chainlink's rounds, Pyth's newest updates, and what signers have published.
 * @example priceFeed(rpc, record, { signed: "https://feed.example/prices.json", pyth: "https://hermes.pyth.network" })
 */
export function priceFeed(rpc: Rpc, record: DeploymentRecord, places: PricePlaces): PriceSource {
  const { chainlinkSource, pythSource } = record.contracts;

  const ofChainlink = async (underlying: number): Promise<Said | undefined> => {
    if (chainlinkSource === undefined) return undefined;
    const [said] = (await callContract(rpc, interfaceOf("ChainlinkSource"), chainlinkSource, "round", [underlying])) as [Report];
    return said.valid ? { source: "chainlink", price: said.price, publishTime: said.publishTime, update: "0x" } : undefined;
  };
  const ofPyth = async (underlying: number): Promise<Said | undefined> => {
    if (pythSource === undefined || places.pyth === undefined) return undefined;
    const [pair] = (await callContract(rpc, interfaceOf("PythSource"), pythSource, "pairOf", [underlying])) as [PythPair];
    if (pair.maxAge === 0n) return undefined;
    const address = new URL("v2/updates/price/latest", places.pyth.endsWith("/") ? places.pyth : `${places.pyth}/`);
    for (const id of [pair.baseId, pair.quoteId]) address.searchParams.append("ids[]", id);
    const { binary, parsed } = await readPublished(address.href, hermesAnswer, "prices of Pyth");
    const [base, quote] = [pair.baseId, pair.quoteId].map((id) => parsed.find((each) => BigInt(hex(each.id)) === BigInt(id))?.price);
    if (base === undefined || quote === undefined || base.price <= 0n || quote.price <= 0n) return undefined;
    // both exponents are at least -18, as the source wants them
    const price = (base.price * 10n ** BigInt(base.expo + 18) * 10n ** 18n) / (quote.price * 10n ** BigInt(quote.expo + 18));
    const publishTime = base.publish_time < quote.publish_time ? base.publish_time : quote.publish_time;
    const update = AbiCoder.defaultAbiCoder().encode(["bytes[]"], [binary.data.map(hex)]);
    return { source: "pyth", price, publishTime, update };
  };

  return async () => {
    const published = places.signed === undefined ? [] : await readPublished(places.signed, publishedPrices, "prices");
    const ofSigners = (feed: string | undefined): Said | undefined => {
      const said = published.find((each) => each.feed.toLowerCase() === feed?.toLowerCase());
      if (said === undefined) return undefined;
      const { price, publishTime, signatures } = said;
      const update = AbiCoder.defaultAbiCoder().encode(["int256", "uint256", "bytes[]"], [price, publishTime, signatures]);
      return { source: "signed", price, publishTime, update };
    };
    const offers = record.underlyings.map(async ({ sources, priceFeed: feed }, underlying): Promise<PriceOffer[]> => {
      const said = await Promise.all(
        sources.map((kind) => (kind === "chainlink" ? ofChainlink(underlying) : kind === "pyth" ? ofPyth(underlying) : ofSigners(feed))),
      );
      const known = said.filter((each) => each !== undefined);
      if (known.length === 0) return [];
      const updates = said.map((each) => each?.update ?? "0x");
      const update = known.find(({ source }) => source === "pyth")?.update;
      return [{ underlying, updates, fee: update === undefined ? 0n : await feeOf(update), said: known }];
    });
    return (await Promise.all(offers)).flat();
  };

  async function feeOf(update: string): Promise<bigint> {
    const [fee] = (await callContract(rpc, interfaceOf("PythSource"), pythSource ?? "", "updateFee", [update])) as [bigint];
    return fee;
  }
}

type Report = { readonly price: bigint; readonly publishTime: bigint; readonly valid: boolean };
type PythPair = { readonly baseId: string; readonly quoteId: string; readonly maxAge: bigint };

const hermesPrice = z.object({ price: integer, expo: z.int().min(-18).max(6), publish_time: integer });
const hermesAnswer = z.object({
  binary: z.object({ data: z.array(z.string().regex(/^(0x)?([0-9a-fA-F]{2})+$/)).min(1) }),
  parsed: z.array(z.object({ id: z.string().regex(/^(0x)?[0-9a-fA-F]{64}$/), price: hermesPrice })),
});

function hex(text: string): string {
  return text.startsWith("0x") ? text : `0x${text}`;
}

/** Parts of a price that are worth a post. */
const WORTH = 1_000n;

/**
 * The offers that are to be posted: newer than the last post, where that is worth it: there is none yet, the vault is in doubt about it, a quarter of the
 * age at which nobody may trade on it has passed, or a source says another price by a thousandth.
 */
export function worthPosting({ underlyings, margin, now }: State, offers: readonly PriceOffer[]): readonly PriceOffer[] {
  return offers.filter(({ underlying: index, said }) => {
    const underlying = underlyings[index];
    if (underlying === undefined) return false;
    const { price, priceTime, priceState, lotExponent } = underlying;
    const newest = said.reduce((latest, { publishTime }) => max(latest, publishTime), 0n);
    if (newest <= priceTime) return false;
    if (price === 0n || priceState !== NORMAL || (now - priceTime) * 4n >= margin.tradingAge) return true;
    const unit = price * 10n ** lotExponent;
    return said.some((each) => each.publishTime > priceTime && abs(each.price - unit) * WORTH >= unit);
  });
}

/** @throws BadInput where what is given is no place of prices */
export function requirePlaces({ pyth }: PricePlaces): void {
  if (pyth !== undefined && !(URL.canParse(pyth) && /^https?:/.test(pyth))) throw new BadInput(`--pyth: "${pyth}" is not an HTTP address`);
}
