import { Interface } from "ethers";
import { artifacts } from "hardhat";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf, namedInstrument } from "../../src/engine/ledger/market.ts";
import type { State } from "../../src/engine/types/types.ts";
import { expiryOf, listedSeries } from "../../src/engine/words/seriesWord.ts";
import { SETTLEMENT_TOKEN, tradeAction } from "../../src/sdk/actions.ts";
import {
  type Call,
  executeCall,
  listSeriesCall,
  postSlicesCall,
  refreshSeriesCall,
  scheduleCall,
  signedSlice,
} from "../../src/sdk/calls.ts";
import { Failure } from "../../src/sdk/failure.ts";
import { buildOrder, encodeFills, type OrderFill, signOrder } from "../../src/sdk/orders.ts";
import { vaultReader } from "../../src/sdk/readState.ts";
import { listedIn, orderVenue, seriesListing } from "../../src/sdk/series.ts";
import { fitSlice, smileReport } from "../../src/sdk/smile.ts";
import { LOCAL_ROLES } from "../../src/simulator/devnet.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import type { Funding, House, Measure } from "./gasMeasure.ts";
import { DAY, ETH, type GasWorld, type Party, WAD, WETH } from "./gasWorld.ts";

const SERIES = [1, 2, 3, 4];
const STRIKES = 32;
/** As many as an account may hold. */
const MOST = 127;
const GOVERNANCE_DELAY = 3 * DAY;
const SMILE = { volatility: 0.6, skew: -0.1, curvature: 0.3 };
const HIGHEST_FEE = 10_000n;
/** Lots of each position: 0.7 ETH, which the smallest account may hold. */
const LOTS = 7_003n;
const FILLS_OF_A_TRADE = 6;
const PRICER = "0x00000000000000000000000000000000000b1ac6";
const REFRESHER = "0x000000000000000000000000000000000005e71e";

/** Options: what accounts of many of them need, one more trade, their liquidation, and the mathematics by itself. */
export async function options(world: GasWorld, measure: Measure, house: House, funding: Funding): Promise<void> {
  await pure(world, measure);
  const market = await openSeries(world, measure);
  const keeper = await world.party("keeper");

  const holders = [10, 50, MOST] as const;
  for (const count of holders) {
    const holder = await world.party(`holder of ${count}`);
    await world.prepare([...funding(holder, usd(150_000)), ...funding(holder, WAD, WETH)]);
    await world.prepare(await house.against([{ taker: holder, lots: 2n * LOTS }], ETH, true));
    await market.fill(holder, count);
    await world.turn(20);
    await market.refresh();
    // the price has moved since the words were made, and they are fresh: what they are worth is a bound
    await world.turn(30, (world.price(ETH) * 1_001n) / 1_000n);
    await measure.view(`margin.options.${count}`, world.vaultCall(keeper.address, "mayOpenByWords", [holder.account]));
  }

  // both sides hold fifty, and the one that is traded among them
  const [one, other] = [await world.party("one side"), await world.party("other side")];
  for (const party of [one, other]) await world.prepare(funding(party, usd(150_000)));
  await market.between(one, other, 50);
  await world.turn(20);
  await market.refresh();
  await world.turn(30, (world.price(ETH) * 1_001n) / 1_000n);
  await measure("option.trade.fifty", await market.trade(one, other, [0], 7n), { Filled: 1, FillSkipped: 0 });

  const failing: Party[] = [];
  for (const count of [MOST, MOST, 50]) {
    const party = await world.party(`failing ${failing.length}`);
    await world.prepare(funding(party, usd(count === 50 ? 7_000 : 13_000)));
    await market.fill(party, count, MOST - count);
    failing.push(party);
  }
  for (let i = 0; i < 5; i++) await world.turn(3_600, (world.price(ETH) * 109n) / 100n);
  const [first, many, fifty] = failing as [Party, Party, Party];
  const liquidate = ({ account }: Party): Call => world.vaultCall(keeper.address, "liquidate", [account, keeper.account]);
  await world.turn(30);
  await measure(`liquidate.options.${MOST}.first`, liquidate(first), { Liquidated: 1 });
  await measure(`liquidate.options.${MOST}`, liquidate(many), { Liquidated: 1 });
  await measure("liquidate.options.50", liquidate(fifty), { Liquidated: 1 });
}

const usd = (amount: number): bigint => BigInt(Math.round(amount * 1e6));

/** Black-76 and the words of a series within a contract, without anything around them. */
async function pure(world: GasWorld, measure: Measure): Promise<void> {
  const call = async (name: string, address: string, method: string, args: readonly unknown[]) => {
    const { abi, deployedBytecode } = await artifacts.readArtifact(name);
    await world.chain.rpc("hardhat_setCode", [address, deployedBytecode]);
    const face = new Interface(abi);
    const data = face.encodeFunctionData(method, [...args]);
    return face.decodeFunctionResult(method, (await world.chain.rpc("eth_call", [{ to: address, data }, "latest"])) as string);
  };
  const terms = { forward: 1_943n * WAD, strike: 2_100n * WAD, time: WAD / 12n, volatility: (6n * WAD) / 10n, rate: 0n };
  const [nothing] = await call("Black76Harness", PRICER, "gasOfNothing", [1n, 2n]);
  const [used] = await call("Black76Harness", PRICER, "gasOfPrice", [terms]);
  await measure.pure("black76.price", Number(used - nothing));

  const [expiry, span] = [2_000_000_000n, 30n * BigInt(DAY)];
  const word = listedSeries({ expiry, base: 1_000n, step: 200n, decimals: 18n, count: 10n });
  const quote = {
    forward: 1_943n * WAD,
    range: WAD / 10n,
    slice: fitSlice(SMILE, span),
    span,
    varianceTime: span * WAD,
  };
  const [, , spent] = await call("SeriesHarness", REFRESHER, "refreshed", [word, quote, expiry - span, 1n]);
  await measure.pure("riskArray.refresh", Number(spent) / 10);
}

type Market = {
  /** `party` comes to hold `count` options, the lowest strikes or those from `first` on, against writers that hold few. */
  readonly fill: (party: Party, count: number, first?: number) => Promise<void>;
  /** The same between two. */
  readonly between: (one: Party, other: Party, count: number) => Promise<void>;
  /** `taker` takes `lots` of each of `positions` from `maker`, whose side is the opposite. */
  readonly trade: (taker: Party, maker: Party, positions: readonly number[], lots?: bigint) => Promise<Call>;
  readonly refresh: () => Promise<void>;
};

/** Four series on ETH with 32 strikes each, from half of the price to half as much again. */
async function openSeries(world: GasWorld, measure: Measure): Promise<Market> {
  const { record, chain } = world;
  const reader = vaultReader(chain.rpc, record.contracts.vault);
  const signers = LOCAL_ROLES.priceSigners.map(localWallet);
  const governor = localWallet(LOCAL_ROLES.parameters).address;
  const poster = localWallet(LOCAL_ROLES.poster).address;
  const lotExponent = record.underlyings[ETH]?.lotExponent ?? 0;
  const step = (world.price(ETH) / 32n / WAD) * WAD;
  const from = chain.now() + GOVERNANCE_DELAY;
  const listings = SERIES.map((series) =>
    seriesListing(lotExponent, {
      series,
      expiry: BigInt(from + 10 * series * DAY),
      lowest: step * 16n,
      step,
      count: STRIKES,
      depth: 100_000n * WAD,
      volatilityCap: 200,
    }),
  ).map((listing) => listSeriesCall(record, governor, ETH, listing));
  await chain.unlock(governor);
  await world.prepare(listings.map((call) => scheduleCall(record, call)));
  await world.turn(GOVERNANCE_DELAY);
  for (const listing of listings.slice(1)) await world.prepare([listing]);
  const [listing] = listings;
  if (listing === undefined) throw new Failure("there is nothing to list");
  await measure("series.list", listing, { SeriesListed: 1 });

  const state = async (): Promise<State> => ({ ...(await reader.shared()), accounts: new Map(), now: BigInt(chain.now()) + 1n });
  const slice = async (series: number): Promise<Call> => {
    const word = (await state()).underlyings[ETH]?.series.get(series)?.word ?? 0n;
    const report = smileReport(SMILE, word, BigInt(chain.now()));
    return postSlicesCall(record, poster, ETH, [{ series, update: signedSlice(record, signers, ETH, expiryOf(word), report) }]);
  };
  for (const series of SERIES.slice(1).reverse()) await world.prepare([await slice(series)]);
  await measure("series.slice", await slice(1), { SlicePosted: 1 });
  await world.turn(30);
  let posted = chain.now();
  const refresh = async (): Promise<void> => {
    // what a feed said holds for an hour
    if (chain.now() > posted + 1_800) {
      for (const series of [...SERIES].reverse()) await world.prepare([await slice(series)]);
      posted = chain.now();
    }
    for (const series of SERIES) await world.prepare([{ ...refreshSeriesCall(record, poster, ETH, series), gas: 5_000_000 }]);
  };
  await refresh();
  await measure(
    "series.refresh.perStrike",
    { ...refreshSeriesCall(record, poster, ETH, 1), gas: 5_000_000 },
    { SeriesRefreshed: 1 },
    STRIKES,
  );

  // calls above the price and puts below it, one after the other from every series: two of three are sold
  const instrument = (position: number): bigint => {
    const index = BigInt(Math.floor(position / SERIES.length));
    const isCall = index >= BigInt(STRIKES / 2);
    const series = BigInt(SERIES[position % SERIES.length] ?? 0);
    return namedInstrument(ETH, (series << 8n) | (index << 1n) | (isCall ? 1n : 0n));
  };
  const isLong = (position: number): boolean => position % 3 === 0;
  const nonces = new Map<string, bigint>();

  const trade = async (taker: Party, maker: Party, positions: readonly number[], lots = LOTS): Promise<Call> => {
    const present = await state();
    const draft = new Draft(present);
    const venue = orderVenue(record, listedIn(record, present.underlyings));
    const fills: OrderFill[] = [];
    const limits = [];
    for (const position of positions) {
      const nonce = (nonces.get(maker.name) ?? 100n) + 1n;
      nonces.set(maker.name, nonce);
      const [named, long] = [instrument(position), isLong(position)];
      const { mark } = marketOf(draft, named);
      const limit = mark === 0n ? 1n : mark;
      const order = buildOrder({
        vault: record.contracts.vault,
        account: maker.account,
        instrument: named,
        long: !long,
        limit,
        size: lots,
        maxFee: HIGHEST_FEE,
        validFrom: present.now,
        validUntil: venue.termsOf(named).expiry - 1n,
        nonce,
      });
      fills.push({ ...(await signOrder(maker.wallet, venue, order)), lots });
      limits.push({ instrument: named, long, worst: limit, lots, maxFee: HIGHEST_FEE, reduceOnly: false });
    }
    const action = tradeAction(taker.account, record.modules.orders, encodeFills(limits, fills), lots * BigInt(fills.length));
    return executeCall(record, taker.address, [action], 16_000_000);
  };
  let writers = 0;
  const many = async (party: Party, first: number, count: number, makerOf: (trade: number) => Promise<Party>): Promise<void> => {
    for (let begin = 0; begin < count; begin += FILLS_OF_A_TRADE) {
      await world.turn(20);
      await refresh();
      const positions = Array.from({ length: Math.min(FILLS_OF_A_TRADE, count - begin) }, (_, i) => first + begin + i);
      await world.prepare([await trade(party, await makerOf(begin), positions)]);
    }
  };
  return {
    refresh,
    trade,
    between: (one, other, count) => many(one, 0, count, async () => other),
    fill: (party, count, first = 0) =>
      many(party, first, count, async () => {
        const writer = await world.party(`writer ${writers++}`);
        await world.prepare([...world.tokens(writer, SETTLEMENT_TOKEN, usd(200_000)), world.deposit(writer, usd(100_000))]);
        return writer;
      }),
  };
}
