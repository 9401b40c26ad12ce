import type { Command } from "commander";
import { z } from "zod";
import { openingOf } from "../engine/ledger/options/expiry.ts";
import { varianceSeconds } from "../engine/ledger/options/freshness.ts";
import { impliedDown, sviFromWord } from "../engine/math/options/svi.ts";
import type { Reverted } from "../engine/types/errors.ts";
import { expiryOf } from "../engine/words/seriesWord.ts";
import { type PublishedSlices, publishedSlices } from "../keeper/sliceFeed.ts";
import { placesOf, planSlices } from "../keeper/upkeep.ts";
import { formatDecimal } from "../sdk/amounts.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { expiryText, parseSeries, type SeriesPlace, seriesName } from "../sdk/series.ts";
import { sliceDigest } from "../sdk/signedValues.ts";
import { smileReport } from "../sdk/smile.ts";
import { readVault, type VaultView } from "../sdk/vaultView.ts";
import { LOCAL_SMILE } from "../simulator/localSeries.ts";
import { report } from "./accountCommands.ts";
import { readArguments } from "./arguments.ts";
import { type Context, openContext, withNetwork } from "./context.ts";
import { seriesAt } from "./seriesState.ts";
import { nextStep, openSigners, readSigned, signedBy, writeWhole } from "./signing.ts";
import { namesIn } from "./turnLines.ts";

const number = (least: number, most: number) =>
  z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, { error: (issue) => `"${String(issue.input)}" is not a decimal number` })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error: `must be from ${least} to ${most}` });

/** A smile from the command line. */
export const smileSchema = z.object({
  volatility: number(0.01, 5).optional(),
  skew: number(-10, 10).optional(),
  curvature: number(-10, 100).optional(),
  basis: number(-1, 1),
});

const signSchema = smileSchema.extend({ add: z.string().min(1).optional(), out: z.string().min(1).optional() });

export function addSliceSigning(group: Command): void {
  withNetwork(
    group
      .command("sign")
      .argument("[series...]", "all whose averaging window has not opened by default")
      .option("--volatility <number>", "at the money, a year: 0.6 is 60 %")
      .option("--skew <number>", "change of the volatility with ln(strike / forward), at the money")
      .option("--curvature <number>", "change of the skew")
      .option("--basis <number>", "forward over price, less one", "0")
      .option("--add <file>", "instead: add your signature to every slice of a file that another signer wrote")
      .option("--out <file>", "where to write; with --add the same file by default"),
  )
    .description(
      "sign slices of volatilities for keepers to post (keep --slices); for a signer of the feed, whose key is in PLIMSOLL_KEY: on a local chain both signers sign",
    )
    .action(async (names: string[], options: unknown) => {
      const given = readArguments(signSchema, options);
      if ((given.add === undefined) === (given.volatility === undefined))
        throw new BadInput("--volatility: give it, or --add, and not both");
      if (given.add !== undefined && names.length > 0) throw new BadInput("--add: signs all that the file holds: name no series");
      await signSlices(await openContext(options), names, given);
    });
}

/** Slices as signers publish them, with the signatures of who runs it beside those that were there. */
async function signSlices(context: Context, names: readonly string[], given: z.infer<typeof signSchema>): Promise<void> {
  const { record } = context;
  const signers = await openSigners(context, "signedVolatilitySource", "volatilities");
  const view = await readVault(context);
  const unsigned = given.add === undefined ? newSlices(context, view, names, given) : readSigned(given.add, publishedSlices, "slices");
  const venue = { chainId: BigInt(record.chainId), source: signers.source };
  const said = unsigned.map((each) => whatIsSaid(record, view, each));
  const signed = unsigned.map((each) => {
    const digest = sliceDigest(venue, { ...each, slice: BigInt(each.slice) });
    return { ...each, signatures: signedBy(signers, digest, each.signatures) };
  });
  const file = given.out ?? given.add ?? "slices.json";
  writeWhole(
    file,
    signed.map((each) => ({ ...each, slice: hexWord(each.slice) })),
  );

  const rows = said.map((each, i) => ({ ...each, signatures: signed[i]?.signatures.length ?? 0 }));
  const least = Math.min(...rows.map(({ signatures }) => signatures));
  const next = nextStep(least, signers, `plimsoll series sign --add ${file}`, `plimsoll keep --slices ${file}`);
  const lines = rows.map(
    ({ series, volatility, publishTime }) =>
      `signed ${percent(volatility)} at the money for ${series}, of ${new Date(publishTime * 1000).toISOString().slice(0, 19)}`,
  );
  report(
    context,
    { file, signers: signers.wallets.map(({ address }) => address), threshold: signers.threshold, slices: rows },
    [...lines, next].join("\n"),
  );
}

type Published = PublishedSlices[number];

function newSlices(
  { record }: Context,
  view: VaultView,
  names: readonly string[],
  { volatility = LOCAL_SMILE.volatility, skew = 0, curvature = 0, basis }: z.infer<typeof signSchema>,
): Published[] {
  const { now, underlyings } = view.state;
  const open = (place: SeriesPlace): boolean => now < openingOf(expiryOf(seriesAt(view, place).series.word));
  const fed = underlyings.flatMap(({ series }, underlying) =>
    record.underlyings[underlying]?.volatilityFeed === undefined
      ? []
      : [...series.keys()].map((number) => ({ underlying, series: number })),
  );
  const places = names.length === 0 ? fed.filter(open) : names.map((name) => parseSeries(view.listed, name));
  if (places.length === 0) throw new Failure("no series is listed whose averaging window has not opened");
  const late = places.find((place) => !open(place));
  if (late !== undefined)
    throw new BadInput(`the averaging window of ${seriesName(view.listed, late)} has opened: it takes no slice any more`);
  const offers = places.map((place): Published & SeriesPlace => {
    const feed = record.underlyings[place.underlying]?.volatilityFeed;
    if (feed === undefined) throw new BadInput(`${seriesName(view.listed, place)} has no volatility feed`);
    const { word } = seriesAt(view, place).series;
    const said = smileReport({ volatility, skew, curvature }, word, now, BigInt(Math.round(basis * 1e9)));
    const { sliceWord: slice, basis: kept, publishTime } = said;
    return { ...place, feed, expiry: expiryOf(word), slice, basis: kept, publishTime, signatures: [] };
  });
  const { refused } = planSlices(
    view.state,
    offers.map(({ underlying, series, slice, basis: kept, publishTime }) => ({
      underlying,
      series,
      report: { sliceWord: slice, basis: kept, publishTime },
      update: "0x",
    })),
  );
  const [first] = refused;
  if (first !== undefined)
    throw new Failure(
      `the vault would refuse the slice of ${namesIn(record, view.state)(placesOf(first.task)[0]!)}: ${whySliceRefused(first.error)}`,
    );
  return offers.map(({ underlying: _underlying, series: _series, ...said }) => said);
}

/** Why the vault refuses a slice, in words where it has figures that can be said. */
export function whySliceRefused({ errorName, args, message }: Reverted): string {
  const [first = 0n, second = 0n] = args.slice(-2).map((each) => (typeof each === "bigint" ? each : 0n));
  switch (errorName) {
    case "SliceTooOld":
      return `it was signed ${first} s ago, and who posts may take at most ${second} s: have it signed anew`;
    case "StrikesNotConvex":
      return `a butterfly around its strike number ${first + 1n} would cost less than nothing: the wings are too steep there`;
    case "CalendarArbitrage":
      return `total variance would fall from one expiry to the next: ${message}; slices of neighbouring expiries are posted together`;
    case "SeriesCouldSaturate":
      return `at a volatility of ${formatDecimal(first * 100n)} % a call could need ${second} of the 32,767 units of a word`;
    default:
      return message;
  }
}

/** A slice by the name of its series. @throws BadInput when it is of none: nobody signs what cannot be named */
function whatIsSaid(record: Context["record"], view: VaultView, { feed, expiry, slice, publishTime }: Published) {
  const places = view.state.underlyings.flatMap(({ series }, underlying) =>
    record.underlyings[underlying]?.volatilityFeed?.toLowerCase() === feed.toLowerCase()
      ? [...series].filter(([, { word }]) => expiryOf(word) === expiry).map(([number]) => ({ underlying, series: number }))
      : [],
  );
  const [place] = places;
  if (place === undefined) throw new BadInput(`a slice of feed ${feed} that expires ${expiryText(expiry)} UTC is of no listed series`);
  const volatility = impliedDown(sviFromWord(slice), 0n, varianceSeconds(publishTime, expiry));
  return { series: seriesName(view.listed, place), volatility: formatDecimal(volatility), publishTime: Number(publishTime) };
}

function hexWord(word: bigint): string {
  return `0x${word.toString(16).padStart(64, "0")}`;
}

export function percent(ratio: string | null): string {
  return ratio === null ? "–" : `${(Number(ratio) * 100).toFixed(1)} %`;
}
