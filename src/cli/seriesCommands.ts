import type { Command } from "commander";
import { z } from "zod";
import { listSeries, postSlices, settleSeries, strikesOf, type VolatilityReport } from "../engine/actions/series.ts";
import { seriesNow } from "../engine/ledger/options/seriesState.ts";
import { Reverted } from "../engine/types/errors.ts";
import type { Series, Underlying } from "../engine/types/types.ts";
import { anchorOf, expiryOf } from "../engine/words/seriesWord.ts";
import { followBooks } from "../keeper/books.ts";
import { sliceFeed } from "../keeper/sliceFeed.ts";
import { planUpkeep, stalenessNow } from "../keeper/upkeep.ts";
import { formatDecimal, parseDecimal, showDecimal } from "../sdk/amounts.ts";
import {
  AUTHORITY,
  type Call,
  listSeriesCall,
  postSlicesCall,
  refreshSeriesCall,
  scheduleCall,
  settleExpiredCall,
  settleSeriesCall,
  signedSlice,
} from "../sdk/calls.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { atTheMoney, optionFigures } from "../sdk/optionFigures.ts";
import { callContract } from "../sdk/readState.ts";
import { expiryText, listedIn, parseSeries, type SeriesPlace, seriesListing, seriesName, strikesLine } from "../sdk/series.ts";
import { smileReport } from "../sdk/smile.ts";
import { readVault, type VaultView } from "../sdk/vaultView.ts";
import { LOCAL_ROLES, passTime, showAccount } from "../simulator/devnet.ts";
import { LOCAL_CHAIN, localWallet } from "../simulator/localAccounts.ts";
import { LOCAL_SMILE } from "../simulator/localSeries.ts";
import { report } from "./accountCommands.ts";
import { moment, positiveDecimal, readArguments, whole } from "./arguments.ts";
import { type Context, findUnderlying, openContext, withNetwork } from "./context.ts";
import { printJson, printTable } from "./output.ts";
import { seriesAt, staleAmong } from "./seriesState.ts";
import { addSliceSigning, percent, smileSchema, whySliceRefused } from "./sliceSigning.ts";

const listingSchema = z.object({
  expiry: moment(false),
  lowest: positiveDecimal,
  step: positiveDecimal,
  count: whole(1, 127),
  depth: positiveDecimal.optional(),
  volatilityCap: whole(10, 500),
  number: whole(1, 255).optional(),
  skipDelay: z.boolean(),
});

const sliceSchema = smileSchema.extend({
  slices: z.string().min(1).optional(),
});

export function addSeriesCommands(program: Command): void {
  const group = program
    .command("series")
    .description("options and dated futures: what is listed, what it is worth, and what keeps it fresh");

  withNetwork(group.command("all", { isDefault: true }))
    .description("every series: expiry, forward, volatility at the money, and whether its risk words are fresh")
    .action(async (options: unknown) => showAll(await openContext(options)));

  withNetwork(group.command("show").argument("<series>", "like ETH-20261225"))
    .description("calls and puts of one series: mark, implied volatility, delta, by the engine at the slice that holds now")
    .action(async (name: string, options: unknown) => showChain(await openContext(options), name));

  withNetwork(
    group
      .command("list")
      .argument("<underlying>")
      .argument("<expiry>", "UTC, like 2026-12-25T08:00: a day to two years ahead")
      .requiredOption("--lowest <price>", "lowest strike, of one unit: at least a twentieth of the price")
      .requiredOption("--step <price>", "between strikes")
      .requiredOption("--count <number>", "of strikes, 1 to 127: the highest at most 20 prices")
      .option("--depth <size>", "units that the size charge is measured by; that of the perpetual by default")
      .option(
        "--volatility-cap <percent>",
        "highest implied volatility of a slice, 10 to 500: the higher, the shorter the expiry that fits a word",
        "200",
      )
      .option("--number <number>", "1 to 255; by default the lowest that no series had yet, or else the one that has rested longest")
      .option("--skip-delay", "on a local chain: move its clock to when governance may act", false),
  )
    .description(
      "list a series; for who governs parameters (account 2 of a local chain). Where the role waits, the first run schedules and the next one lists",
    )
    .action(async (symbol: string, expiry: string, options: Record<string, unknown>) => {
      const given = readArguments(listingSchema, { ...options, expiry });
      await list(await openContext(options), symbol, given);
    });

  withNetwork(
    group
      .command("post")
      .argument("<series>")
      .option("--volatility <number>", "at the money, a year: 0.6 is 60 %; on a local chain, whose signers are known")
      .option("--skew <number>", "change of the volatility with ln(strike / forward), at the money")
      .option("--curvature <number>", "change of the skew")
      .option("--basis <number>", "forward over price, less one", "0")
      .option("--slices <place>", "take a signed slice from a JSON file or an HTTP address"),
  )
    .description("post a slice of volatilities")
    .action(async (name: string, options: unknown) => {
      const given = readArguments(sliceSchema, options);
      if ((given.slices === undefined) === (given.volatility === undefined))
        throw new BadInput("--volatility: give it, or --slices, and not both");
      await post(await openContext(options), name, given);
    });

  addSliceSigning(group);

  withNetwork(group.command("refresh").argument("[series...]", "all whose words are stale by default"))
    .description("make risk words anew, so that the series can be opened and their holders can withdraw; anybody may")
    .action(async (names: string[], options: unknown) => refresh(await openContext(options), names));

  withNetwork(group.command("settle").argument("<series>"))
    .description(
      "write down the settlement price once half an hour of prices is counted, and pay everybody who holds the series; anybody may",
    )
    .action(async (name: string, options: unknown) => settle(await openContext(options), name));
}

// ---------------------------------------------------------------- showing

async function showAll(context: Context): Promise<void> {
  const { record, rpc } = context;
  const books = followBooks(rpc, record.contracts.vault, record.block);
  await books.sync();
  const state = books.state(books.head().time);
  const listed = listedIn(record, state.underlyings);
  const rows = state.underlyings.flatMap((underlying, index) =>
    [...underlying.series]
      .sort(([, a], [, b]) => Number(expiryOf(a.word) - expiryOf(b.word)))
      .map(([series, own]) => figuresOf(underlying, own, state.now, seriesName(listed, { underlying: index, series }))),
  );
  if (context.json) {
    printJson({ series: rows });
    return;
  }
  if (rows.length === 0) {
    process.stdout.write("no series is listed\n");
    return;
  }
  printTable(
    ["series", "expiry (UTC)", "strikes", "forward", "volatility", "held", "words"],
    rows.map((row) => [row.series, row.expiry, row.strikes, short(row.forward), percent(row.volatility), row.held, stateOf(row)]),
  );
}

type SeriesRow = ReturnType<typeof figuresOf>;

function figuresOf(underlying: Underlying, series: Series, now: bigint, name: string) {
  const live = seriesNow(underlying, series, now);
  const unit = 10n ** underlying.lotExponent;
  const { published, openInterest } = series.surface;
  const volatility = atTheMoney(underlying, series, now);
  const cause = stalenessNow(underlying, series, now);
  return {
    series: name,
    expiry: expiryText(expiryOf(series.word)),
    strikes: strikesLine(series.word, Number(underlying.lotExponent)),
    forward: published === 0n && !live.settled ? null : formatDecimal(live.forward * unit),
    volatility: volatility === undefined ? null : formatDecimal(volatility),
    // longs and shorts are counted: half of them is what is held long
    held: formatDecimal(openInterest / 2n, Number(underlying.lotExponent)),
    sliceTime: published === 0n ? null : Number(published),
    refreshed: anchorOf(series.word).time === 0n ? null : Number(anchorOf(series.word).time),
    fresh: !live.settled && published !== 0n && cause === "none",
    stale: live.settled || cause === "none" ? null : published === 0n ? "no slice" : cause,
    settled: live.settled,
  };
}

function stateOf({ settled, fresh, stale }: SeriesRow): string {
  if (settled) return "settled";
  return fresh ? "fresh" : (stale ?? "");
}

async function showChain(context: Context, name: string): Promise<void> {
  const view = await readVault(context);
  const place = parseSeries(view.listed, name);
  const { underlying, series } = seriesAt(view, place);
  const { now } = view.state;
  const row = figuresOf(underlying, series, now, seriesName(view.listed, place));
  if (row.settled) throw new Failure(`${row.series} has settled at ${row.forward}`, `plimsoll series settle ${row.series}`);
  if (series.surface.published === 0n) throw new Failure(`${row.series} has no slice`, `plimsoll series post ${row.series}`);
  const live = seriesNow(underlying, series, now);
  const unit = 10n ** underlying.lotExponent;
  const strikes = strikesOf(series.word).map((strike, i) => {
    const [call, put] = [true, false].map((isCall) => {
      const { mark, volatility, delta } = optionFigures(live, { series: BigInt(place.series), index: BigInt(i), isCall });
      return { mark: formatDecimal(mark * unit), volatility: formatDecimal(volatility), delta: delta.toFixed(4) };
    });
    return { strike: formatDecimal(strike * unit), call, put };
  });
  if (context.json) {
    printJson({ ...row, options: strikes });
    return;
  }
  process.stdout.write(`${row.series}: forward ${short(row.forward)}, expires ${row.expiry} UTC, words ${stateOf(row)}\n`);
  printTable(
    ["strike", "call", "delta", "volatility", "put", "delta"],
    strikes.map(({ strike, call, put }) => [
      strike,
      short(call?.mark ?? null),
      shortDelta(call?.delta),
      percent(call?.volatility ?? null),
      short(put?.mark ?? null),
      shortDelta(put?.delta),
    ]),
  );
}

function short(amount: string | null): string {
  return amount === null ? "–" : showDecimal(parseDecimal(amount), 4);
}

function shortDelta(delta: string | undefined): string {
  return Number(delta ?? 0)
    .toFixed(2)
    .replace(/^-(0\.00)$/, "$1");
}

// ---------------------------------------------------------------- governance

async function list(context: Context, symbol: string, given: z.infer<typeof listingSchema>): Promise<void> {
  const { record, rpc } = context;
  const { index, lotExponent } = findUnderlying(record, symbol);
  const view = await readVault(context);
  const underlying = view.state.underlyings[index];
  if (underlying === undefined) throw new RangeError(`no underlying ${index}`);
  if (record.underlyings[index]?.volatilityFeed === undefined)
    throw new BadInput(`${symbol.toUpperCase()} has no volatility feed: nobody could open a series of it`);
  const number = given.number ?? (await numberForNew(context, index, new Set(underlying.series.keys())));
  const listing = seriesListing(lotExponent, {
    series: number,
    expiry: BigInt(given.expiry),
    lowest: parseDecimal(given.lowest),
    step: parseDecimal(given.step),
    count: given.count,
    depth: given.depth === undefined ? underlying.depth * 10n ** BigInt(18 - lotExponent) : parseDecimal(given.depth),
    volatilityCap: given.volatilityCap,
  });
  const from = context.wallet().address;
  const call = listSeriesCall(record, from, index, listing);
  const ask = async (method: string, ...args: unknown[]): Promise<unknown[]> =>
    callContract(rpc, AUTHORITY, record.contracts.authority, method, args);
  const [immediate, delay] = (await ask("canCall", from, call.to, call.data.slice(0, 10))) as [boolean, bigint];
  if (!immediate && delay === 0n)
    throw new Failure(`${from} does not govern parameters`, "the role parameters may list series; on a local chain: --as 2");
  explainListing(view, index, listing);

  if (!immediate) {
    const [operation] = (await ask("hashOperation", from, call.to, call.data)) as [string];
    const [scheduled] = (await ask("getSchedule", operation)) as [bigint];
    if (scheduled === 0n) await context.send([scheduleCall(record, call)]);
    const [from_] = (await ask("getSchedule", operation)) as [bigint];
    const left = Number(from_) - (await latestTime(context));
    if (left > 0 && given.skipDelay) {
      if (record.chainId !== LOCAL_CHAIN)
        throw new BadInput(`--skip-delay: the clock of ${record.network} is not ours to move: only that of a local chain`);
      await passTime(rpc, left);
    } else if (left > 0) {
      const when = expiryText(from_);
      report(
        context,
        { scheduled: Number(from_) },
        `scheduled: run the same command again from ${when} UTC on, or on a local chain with --skip-delay`,
      );
      return;
    }
  }
  const { hash } = await context.send([call]);
  const after = await readVault(context);
  const name = seriesName(after.listed, { underlying: index, series: Number(listing.series) });
  report(
    context,
    { series: name, number: Number(listing.series), hash },
    `listed ${name}; give it a slice with: plimsoll series post ${name}`,
  );
}

/** Says before anything is sent what the vault would refuse. */
/** The lowest number that no series of an underlying had yet; where all were given the one whose series expired first. */
async function numberForNew({ record, rpc }: Context, underlying: number, listed: ReadonlySet<number>): Promise<number> {
  const vault = interfaceOf("IMarginVault");
  let rested = { number: 255, expiry: 2n ** 40n };
  for (let number = 1; number <= 255; number++) {
    if (listed.has(number)) continue;
    const [word] = (await callContract(rpc, vault, record.contracts.vault, "seriesWords", [underlying, number])) as [bigint];
    if (word === 0n) return number;
    if (expiryOf(word) < rested.expiry) rested = { number, expiry: expiryOf(word) };
  }
  return rested.number;
}

function explainListing({ state }: VaultView, underlying: number, listing: Parameters<typeof listSeries>[2]): void {
  const refused = refusalOf(() => listSeries(state, underlying, listing));
  if (refused === undefined) return;
  const { errorName, args } = refused;
  const unit = 10n ** (state.underlyings[underlying]?.lotExponent ?? 0n);
  const [first = 0n, least = 0n, most = 0n] = args.map((each) => (typeof each === "bigint" ? each : 0n));
  const price = (value: bigint): string => formatDecimal(value * unit);
  const said: Readonly<Record<string, () => string>> = {
    ExpiryOutOfBounds: () =>
      `an expiry at ${expiryText(first)} is not from ${expiryText(least)} to ${expiryText(most)} UTC: a series lives a day to two years`,
    StrikeOutOfBounds: () =>
      `a strike of ${price(first)} is not from ${price(least)} to ${price(most)}: a twentieth of the price to twenty times of it`,
    TooManyStrikes: () =>
      `${first} strikes would be listed, of at most ${least} in all series that are not settled, four more counted for each series: list fewer, or wait for a settlement`,
    SeriesRests: () => `number ${least} is another's only from ${expiryText(most)} UTC, a day after the expiry of its series`,
    SeriesTaken: () => `number ${least} is in use: its series has not settled, or somebody holds it`,
    SeriesCouldSaturate: () =>
      `with a volatility of ${formatDecimal(first * 100n)} % until then a call could need ${least} of the 32,767 units of a word: lower --volatility-cap, or take a nearer expiry`,
  };
  throw new BadInput(said[errorName]?.() ?? `the vault would refuse it: ${refused.message}`);
}

function refusalOf(run: () => unknown): Reverted | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof Reverted) return error;
    throw error;
  }
}

// ---------------------------------------------------------------- by anybody

async function post(context: Context, name: string, given: z.infer<typeof sliceSchema>): Promise<void> {
  const { record } = context;
  const view = await readVault(context);
  const place = parseSeries(view.listed, name);
  const { series } = seriesAt(view, place);
  const shown = seriesName(view.listed, place);
  const { update, report: said } = await sliceFor(context, view, place, given);
  const refused = refusalOf(() => postSlices(view.state, place.underlying, [{ series: place.series, report: said }]));
  if (refused !== undefined) throw new Failure(`the vault would refuse the slice of ${shown}: ${whySliceRefused(refused)}`);
  const { hash } = await context.send([
    postSlicesCall(record, context.wallet().address, place.underlying, [{ series: place.series, update }]),
  ]);
  const after = await readVault(context);
  const now = seriesAt(after, place);
  const volatility = formatDecimal(atTheMoney(now.underlying, now.series, after.state.now) ?? 0n);
  const from = new Date(Number(said.publishTime) * 1000).toISOString().slice(0, 19);
  report(
    context,
    { series: shown, volatility, publishTime: Number(said.publishTime), slice: `0x${said.sliceWord.toString(16)}`, hash },
    `posted ${percent(volatility)} at the money for ${shown}, of ${from}; next: plimsoll series refresh ${shown}${series.surface.published === 0n ? "" : ", for its words are of another slice"}`,
  );
}

async function sliceFor(
  { record }: Context,
  view: VaultView,
  place: SeriesPlace,
  given: z.infer<typeof sliceSchema>,
): Promise<{ readonly update: string; readonly report: VolatilityReport }> {
  const { series } = seriesAt(view, place);
  const name = seriesName(view.listed, place);
  if (given.slices !== undefined) {
    const offers = await sliceFeed(record, given.slices)(view.state);
    const offer = offers.find((each) => each.underlying === place.underlying && each.series === place.series);
    if (offer === undefined) throw new BadInput(`${given.slices} has no slice of ${name}`);
    return offer;
  }
  if (record.chainId !== LOCAL_CHAIN) throw new BadInput(`the signers of ${record.network} are not ours: give --slices`);
  const { volatility = LOCAL_SMILE.volatility, skew = 0, curvature = 0, basis } = given;
  const said = smileReport({ volatility, skew, curvature }, series.word, view.state.now, BigInt(Math.round(basis * 1e9)));
  const signers = LOCAL_ROLES.priceSigners.map(localWallet);
  return { report: said, update: signedSlice(record, signers, place.underlying, expiryOf(series.word), said) };
}

async function refresh(context: Context, names: readonly string[]): Promise<void> {
  const { record } = context;
  const view = await readVault(context);
  const all = view.state.underlyings.flatMap((each, underlying) => [...each.series.keys()].map((series) => ({ underlying, series })));
  const wanted = names.length === 0 ? all : names.map((name) => parseSeries(view.listed, name));
  const stale = staleAmong(view, wanted);
  const without = stale.filter(({ cause }) => cause === "no slice");
  const [bare] = without;
  if (bare !== undefined && names.length > 0) throw new Failure(`${bare.name} has no slice`, `plimsoll series post ${bare.name}`);
  const places = stale.filter(({ cause }) => cause !== "no slice").map(({ name }) => parseSeries(view.listed, name));
  const from = context.wallet().address;
  const done: { series: string; strikes: number }[] = [];
  let hash: string | null = null;
  for (const place of places) {
    ({ hash } = await context.send([refreshSeriesCall(record, from, place.underlying, place.series)]));
    done.push({ series: seriesName(view.listed, place), strikes: strikesOf(seriesAt(view, place).series.word).length });
  }
  const lines = done.map(({ series, strikes }) => `refreshed ${series}: ${strikes} strikes`);
  report(context, { refreshed: done, hash }, lines.length === 0 ? "nothing is stale" : lines.join("\n"));
}

async function settle(context: Context, name: string): Promise<void> {
  const { record, rpc } = context;
  const books = followBooks(rpc, record.contracts.vault, record.block);
  await books.sync();
  const state = books.state(books.head().time);
  const listed = listedIn(record, state.underlyings);
  const place = parseSeries(listed, name);
  const shown = seriesName(listed, place);
  const refused = refusalOf(() => settleSeries(state, place.underlying, place.series));
  if (refused?.errorName === "NotSettled") {
    const [counted = 0n] = refused.args as bigint[];
    throw new Failure(
      `${shown} has not settled: ${counted} of 1,800 seconds of prices before its expiry are counted`,
      "post prices, at most three minutes apart",
    );
  }
  const from = context.wallet().address;
  const { tasks } = planUpkeep(state);
  const calls = tasks.flatMap((task): Call[] => {
    if (!("series" in task) || task.underlying !== place.underlying || task.series !== place.series) return [];
    if (task.kind === "settle") return [settleSeriesCall(record, from, task.underlying, task.series)];
    return task.kind === "pay" ? [settleExpiredCall(record, from, task.account, task.underlying, task.series)] : [];
  });
  const paid = tasks.flatMap((task) =>
    task.kind === "pay" && task.underlying === place.underlying && task.series === place.series
      ? [showAccount(task.account, record.chainId)]
      : [],
  );
  const hash = calls.length === 0 ? null : (await context.send(calls)).hash;
  const underlying = state.underlyings[place.underlying];
  const series = underlying?.series.get(place.series);
  const price =
    underlying === undefined || series === undefined
      ? ""
      : formatDecimal(seriesNow(underlying, series, state.now).forward * 10n ** underlying.lotExponent);
  report(
    context,
    { series: shown, price, paid, hash },
    `${shown} settled at ${price}${paid.length === 0 ? "; nobody is left to be paid" : `; paid: ${paid.join(", ")}`}`,
  );
}

async function latestTime({ rpc }: Context): Promise<number> {
  return Number(((await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string }).timestamp);
}
