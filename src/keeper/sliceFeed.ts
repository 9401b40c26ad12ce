import { AbiCoder } from "ethers";
import { z } from "zod";
import { expiryOf } from "../engine/words/seriesWord.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { normalSignature } from "../sdk/signature.ts";
import { bytesText, integer, readPublished } from "./published.ts";
import type { SliceOffer, SliceSource } from "./upkeep.ts";

/** What signers publish: an array of slices, each with the signatures of the typed data `VolatilitySlice` of `SignedVolatilitySource`. */
export const publishedSlices = z.array(
  z.strictObject({
    /** Identifier of the feed. */
    feed: bytesText(32),
    /** Unix seconds. */
    expiry: integer,
    /** As SviWord packs it. */
    slice: bytesText(32).transform(BigInt),
    /** ppb. */
    basis: integer,
    /** Unix seconds. */
    publishTime: integer,
    signatures: z.array(bytesText().transform(normalSignature)),
  }),
);

export type PublishedSlices = z.infer<typeof publishedSlices>;

/**
 * Slices that signers publish in a JSON file or at an HTTP address, read at each turn.
 * @throws PassingFailure, at a turn, when there is nothing to read or it is malformed
 * @example sliceFeed(record, "https://feed.example/slices.json")
 */
export function sliceFeed(record: DeploymentRecord, place: string): SliceSource {
  return async ({ underlyings }) => {
    const published = await readPublished(place, publishedSlices, "slices");
    return published.flatMap((each) =>
      record.underlyings.flatMap(({ volatilityFeed }, underlying): SliceOffer[] => {
        if (volatilityFeed?.toLowerCase() !== each.feed.toLowerCase()) return [];
        const { expiry, slice, basis, publishTime, signatures } = each;
        const update = AbiCoder.defaultAbiCoder().encode(
          ["uint256", "int256", "uint256", "bytes[]"],
          [slice, basis, publishTime, signatures],
        );
        const own = [...(underlyings[underlying]?.series ?? [])].filter(([, { word }]) => expiryOf(word) === expiry);
        return own.map(([series]) => ({ underlying, series, report: { sliceWord: slice, basis, publishTime }, update }));
      }),
    );
  };
}
