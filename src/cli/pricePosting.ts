import type { Command } from "commander";
import { z } from "zod";
import { NORMAL } from "../engine/types/types.ts";
import { type PublishedPrices, priceFeed, publishedPrices, requirePlaces } from "../keeper/priceFeed.ts";
import { formatDecimal } from "../sdk/amounts.ts";
import { postPriceCall } from "../sdk/calls.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { vaultReader } from "../sdk/readState.ts";
import { priceDigest } from "../sdk/signedValues.ts";
import { report } from "./accountCommands.ts";
import { readArguments } from "./arguments.ts";
import { type Context, findUnderlying, openContext, parseAmount, withNetwork } from "./context.ts";
import { nextStep, openSigners, readSigned, signedBy, writeWhole } from "./signing.ts";

const file = z.string().min(1, { error: "names no file" });
const signSchema = z.object({ add: file.optional(), out: file.optional() });
const postSchema = z.object({ prices: z.string().min(1, { error: "names no file or address" }).optional(), pyth: z.string().optional() });

/** Options that say where prices come from. */
export function withPrices(command: Command): Command {
  return command
    .option("--prices <place>", "JSON file or HTTP address of signed prices (price sign)")
    .option("--pyth <url>", "a Hermes service of Pyth, like https://hermes.pyth.network");
}

export function addPricePosting(group: Command): void {
  withNetwork(
    group
      .command("sign")
      .argument("[prices...]", "like ETH=3000 BTC=60000: settlement tokens for one unit; 0 vouches for none")
      .option("--add <file>", "instead: add your signature to every price of a file that another signer wrote")
      .option("--out <file>", "where to write; prices.json, with --add the same file by default"),
  )
    .description("sign prices to be posted; for a signer of the feeds, whose key is in PLIMSOLL_KEY: on a local chain both signers sign")
    .action(async (given: string[], options: unknown) => {
      const { add, out } = readArguments(signSchema, options);
      if ((add === undefined) === (given.length === 0)) throw new BadInput("name prices like ETH=3000, or a file with --add, and not both");
      await sign(await openContext(options), given, add, out ?? add ?? "prices.json");
    });

  withPrices(withNetwork(group.command("post").argument("[underlyings...]", "all by default")))
    .description("post prices from every source of an underlying: Chainlink's feeds, Pyth's service, signed prices; anybody may")
    .action(async (symbols: string[], options: unknown) => {
      const places = readArguments(postSchema, options);
      requirePlaces(places);
      await post(await openContext(options), symbols, places);
    });
}

async function sign(context: Context, given: readonly string[], add: string | undefined, out: string): Promise<void> {
  const { record, rpc } = context;
  const signers = await openSigners(context, "signedSource", "prices");
  const now = (await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
  const unsigned =
    add === undefined ? given.map((text) => newPrice(context, text, BigInt(now.timestamp))) : readSigned(add, publishedPrices, "prices");
  const venue = { chainId: BigInt(record.chainId), source: signers.source };
  const signed = unsigned.map((each) => ({ ...each, signatures: signedBy(signers, priceDigest(venue, each), each.signatures) }));
  const rows = signed.map((each) => ({
    underlying: symbolOf(context, each.feed),
    price: formatDecimal(each.price),
    publishTime: Number(each.publishTime),
    signatures: each.signatures.length,
  }));
  writeWhole(out, signed);
  const least = Math.min(...rows.map(({ signatures }) => signatures));
  const next = nextStep(least, signers, `plimsoll price sign --add ${out}`, `plimsoll price post --prices ${out}`);
  report(
    context,
    { file: out, signers: signers.wallets.map(({ address }) => address), threshold: signers.threshold, prices: rows },
    [
      ...rows.map((row) => `signed ${row.price} for ${row.underlying}, of ${new Date(row.publishTime * 1000).toISOString().slice(0, 19)}`),
      next,
    ].join("\n"),
  );
}

function newPrice({ record }: Context, text: string, publishTime: bigint): PublishedPrices[number] {
  const [, symbol = "", amount = ""] = /^([^=]+)=([\d.]+)$/.exec(text) ?? [];
  if (symbol === "") throw new BadInput(`"${text}" is no price: write it like ETH=3000`);
  const { index } = findUnderlying(record, symbol);
  const feed = record.underlyings[index]?.priceFeed;
  if (feed === undefined)
    throw new BadInput(`${symbol.toUpperCase()} has no signed feed: its prices come from ${sourcesOf(record, index)}`);
  const price = /^0(\.0*)?$/.test(amount) ? 0n : parseAmount(amount, 18);
  return { feed, price, publishTime, signatures: [] };
}

/** @throws BadInput where the feed is of no underlying: nobody signs what cannot be named */
function symbolOf({ record }: Context, feed: string): string {
  const found = record.underlyings.find(({ priceFeed: own }) => own?.toLowerCase() === feed.toLowerCase());
  if (found === undefined) throw new BadInput(`feed ${feed} is of no underlying of ${record.network}`);
  return found.symbol;
}

function sourcesOf(record: Context["record"], index: number): string {
  return record.underlyings[index]?.sources.join(" and ") ?? "";
}

async function post(context: Context, symbols: readonly string[], places: z.infer<typeof postSchema>): Promise<void> {
  const { record, rpc } = context;
  const indices = symbols.length === 0 ? [...record.underlyings.keys()] : symbols.map((symbol) => findUnderlying(record, symbol).index);
  const from = context.wallet().address;
  const offers = await priceFeed(rpc, record, {
    ...(places.prices === undefined ? {} : { signed: places.prices }),
    ...(places.pyth === undefined ? {} : { pyth: places.pyth }),
  })();
  const wanted = offers.filter(({ underlying }) => indices.includes(underlying));
  const missing = indices.filter((index) => !wanted.some(({ underlying }) => underlying === index));
  if (wanted.length === 0 || symbols.length > 0) {
    const lacks = missing.map(
      (index) => `nothing to post for ${record.underlyings[index]?.symbol}, whose sources are ${sourcesOf(record, index)}`,
    );
    if (lacks.length > 0) throw new Failure(lacks.join("; "), "signed prices come with --prices, those of Pyth with --pyth");
  }
  const reader = vaultReader(rpc, record.contracts.vault);
  const before = (await reader.shared()).underlyings;
  const { hash } = await context.send(wanted.map(({ underlying, updates, fee }) => postPriceCall(record, from, underlying, updates, fee)));
  const after = (await reader.shared()).underlyings;
  const rows = wanted.map(({ underlying: index, said }) => {
    const { price = 0n, priceTime = 0n, priceState = 0n, lotExponent = 0n } = after[index] ?? {};
    const taken = priceTime !== before[index]?.priceTime || priceState !== before[index]?.priceState;
    return {
      underlying: record.underlyings[index]?.symbol ?? String(index),
      price: formatDecimal(price * 10n ** lotExponent),
      time: Number(priceTime),
      state: STATES[Number(priceState)] ?? "unknown",
      taken,
      said: said.map((each) => ({ source: each.source, price: formatDecimal(each.price), publishTime: Number(each.publishTime) })),
    };
  });
  const lines = rows.map(({ underlying, price, state, taken }, i) => {
    if (!taken) return `${underlying} stays at ${price}: no source is newer than the last post`;
    const waits =
      after[wanted[i]?.underlying ?? 0]?.priceState === NORMAL ? "" : `, ${state}: the vault wants it confirmed by another post`;
    return `${underlying} is at ${price}${waits}`;
  });
  report(context, { prices: rows, hash }, lines.join("\n"));
}

export const STATES = ["normal", "invalid", "grace"];
