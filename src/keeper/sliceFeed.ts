import { readFile } from "node:fs/promises";
import { AbiCoder } from "ethers";
import { z } from "zod";
import { expiryOf } from "../engine/words/seriesWord.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { hostOf } from "../sdk/rpc.ts";
import { KeeperFailure } from "./retry.ts";
import type { SliceOffer, SliceSource } from "./upkeep.ts";

const bytes = (length?: number) =>
  z
    .string()
    .regex(
      length === undefined ? /^0x([0-9a-fA-F]{2})+$/ : new RegExp(`^0x[0-9a-fA-F]{${2 * length}}$`),
      "is not hexadecimal of the right length",
    );
const integer = z.union([z.int(), z.string().regex(/^-?\d+$/, "is not a whole number")]).transform(BigInt);

/** What signers publish: an array of slices, each with the signatures of the typed data `VolatilitySlice` of `SignedVolatilitySource`. */
export const publishedSlices = z.array(
  z.strictObject({
    /** Identifier of the feed. */
    feed: bytes(32),
    /** Unix seconds. */
    expiry: integer,
    /** As SviWord packs it. */
    slice: bytes(32).transform(BigInt),
    /** ppb. */
    basis: integer,
    /** Unix seconds. */
    publishTime: integer,
    signatures: z.array(bytes()),
  }),
);

export type PublishedSlices = z.infer<typeof publishedSlices>;

const PATIENCE = 10_000;

/**
 * Slices that signers publish in a JSON file or at an HTTP address, read at each turn.
 * @throws KeeperFailure, at a turn, when there is nothing to read or it is malformed
 * @example sliceFeed(record, "https://feed.example/slices.json")
 */
export function sliceFeed(record: DeploymentRecord, place: string): SliceSource {
  return async ({ underlyings }) => {
    const published = parse(await textAt(place), place);
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

async function textAt(place: string): Promise<string> {
  const remote = /^https?:\/\//.test(place);
  try {
    if (!remote) return await readFile(place, "utf8");
    const answer = await fetch(place, { signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Error(String(answer.status));
    return await answer.text();
  } catch {
    throw new KeeperFailure(`no slices can be read from ${shown(place)}`, true);
  }
}

function parse(text: string, place: string): PublishedSlices {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new KeeperFailure(`what ${shown(place)} holds is not JSON`, true);
  }
  const result = publishedSlices.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new KeeperFailure(`${shown(place)} holds no slices: ${issue?.path.join(".")} ${issue?.message}`, true);
}

/** An address by its host only: the rest may hold a key. */
function shown(place: string): string {
  return /^https?:\/\//.test(place) ? hostOf(place) : place;
}
