import { expect } from "chai";
import { before, describe, it } from "mocha";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { marketOf } from "../../../src/engine/ledger/market.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { sliceOf } from "../../helpers/options/series.ts";
import { type Planted, plant } from "../../helpers/planted.ts";
import { DAY, spanAt } from "../../helpers/seriesWorld.ts";
import { named, SeriesChain, tradeOf } from "../../helpers/walks/seriesChain.ts";

/** As many as an account may hold: distinct strikes of four series, calls and puts, longs and shorts mixed. */
const MOST = 127;
const SERIES = 4;
const STRIKES = 32n;
const LISTING = { base: 1_040n, step: 60n, decimals: 13n, count: STRIKES, depth: 100_000_000n, volatilityCap: 200n };

/** As many series as 127 distinct strikes may lie in: each counts as its strikes and four more, of 340 in all. */
const SPREAD = 53;
const strikesOf = (series: number): number => (series <= MOST - 2 * SPREAD + 1 ? 3 : 2);
const SPREAD_LISTING = { base: 1_900n, step: 100n, decimals: 13n, depth: 10n ** 10n, volatilityCap: 150n };

describe("an account with as many options as it may hold", function () {
  this.timeout(600_000);

  it("H-37 I-13 is valued as the engine has it, and liquidated in one transaction by a fund that holds none of them", async () => {
    const world = await SeriesChain.create(3);
    const [seller, buyer, keeper] = world.owners.map((owner) => accountIdOf(owner)) as [AccountId, AccountId, AccountId];
    await listAll(world);
    for (const id of [seller, buyer]) await deposit(world, id, 30_000n);

    const figures: Record<string, number> = {};
    for (let from = 0; from < MOST; from += 6) {
      const fills = Array.from({ length: Math.min(6, MOST - from) }, (_, i) => fill(world, buyer, from + i));
      world.pass(1n);
      const answer = await world.step(world.actions(ownerOf(seller), [tradeOf(seller, fills)]), `from ${from}`, [seller, buyer]);
      expect("events" in answer && answer.events.map(({ name }) => name), `from ${from}`).to.deep.equal(fills.map(() => "Filled"));
      if (from !== 48) continue;
      figures.liveOf54 = await gasOfView(world, "assess", [seller, false]);
      figures.closeByLiveOf54 = await closedByLive(world, seller, buyer, 2_020n);
    }
    figures.liveOf127 = await gasOfView(world, "assess", [seller, false]);
    figures.closeByLiveOf127 = await closedByLive(world, seller, buyer, 2_040n);
    figures.openingOf127 = await gasOfView(world, "mayOpenByWords", [seller]);

    await refused(world, seller, buyer);
    const weak = accountIdOf(ownerOf(keeper), 1n);
    for (const [id, tokens] of [
      [weak, 120n],
      [keeper, 5_000n],
    ] as const) {
      await deposit(world, id, tokens);
    }
    world.pass(1n);
    const short = { ...fill(world, keeper, MOST), lots: -20_000n };
    const sold = await world.step(world.actions(ownerOf(weak), [tradeOf(weak, [short])]), "weak", [weak]);
    expect("events" in sold && sold.events.map(({ name }) => name)).to.deep.equal(["Filled"]);

    // up until it is below the line where the price goes on up
    for (const price of [2_200n, 2_420n, 2_660n, 2_900n, 3_150n, 3_400n]) {
      world.pass(20n);
      await world.step(world.post(0, price * WAD), `up to ${price}`, []);
    }
    // who holds as many takes no other over
    world.pass(1n);
    const taken = await world.step(world.liquidateTo(ownerOf(buyer), weak, buyer), "to the buyer", []);
    expect(taken).to.deep.equal({ reverted: "TooManySeriesPositions" });
    world.pass(1n);
    expect(await world.step(world.liquidate(seller, keeper), "liquidate", [])).to.have.property("events");
    figures.liquidationOf127 = await gasOfBlock(world);
    const [, held] = await world.deployment.vault.seriesPositionsOf(accountIdOf(world.deployment.fund.toLowerCase(), 1n), 0);
    expect(held.length).to.equal(MOST);
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(figures);
    expect(figures.liquidationOf127).to.be.lessThan(15_000_000);
    // docs/options.md, with a fiftieth of room
    const documented = {
      liveOf54: 1_706_000,
      closeByLiveOf54: 4_653_000,
      closeByLiveOf127: 10_805_000,
      liveOf127: 3_885_000,
      openingOf127: 529_200,
      liquidationOf127: 5_990_000,
    };
    for (const [name, measured] of Object.entries(documented)) expect(figures[name], name).to.be.closeTo(measured, measured / 50);
  });

  describe("spread over as many series as there may be, one closed on stale words", () => {
    const figures = { close: 0, value: 0 };

    before(async () => {
      const world = await SeriesChain.create(2);
      const [seller, buyer] = world.owners.map((owner) => accountIdOf(owner)) as [AccountId, AccountId];
      for (let series = 1; series <= SPREAD; series++) {
        await list(world, series, 5 * series, { ...SPREAD_LISTING, count: BigInt(strikesOf(series)) });
      }
      const post = async (price: bigint): Promise<void> => {
        world.pass(20n);
        await world.step(world.post(0, price * WAD), "post", []);
      };
      await post(2_000n);
      await refreshAll(world, SPREAD);
      await post(2_020n);

      const strikes = [0, 1, 2].flatMap((index) => Array.from({ length: SPREAD }, (_, i) => [i + 1, index] as const));
      const instruments = strikes
        .filter(([series, index]) => index < strikesOf(series))
        .slice(0, MOST)
        .map(([series, index], i) => named(0, series, BigInt(index), i % 2 === 0));
      const held = instruments.map((instrument, i): Planted => [instrument >> 8n, i % 3 === 0 ? 100_000n : -100_000n]);
      expect(held.length).to.equal(MOST);
      const [, [closed, lots]] = held as [Planted, Planted];
      await plant(world.deployment, seller, held, 60_000n * WAD);
      await plant(world.deployment, buyer, [[closed, -lots]], 60_000n * WAD);

      world.pass(1n);
      const close = { ...atMark(world, buyer, instruments[1]!), lots: -lots };
      const { from, data } = world.actions(ownerOf(seller), [tradeOf(seller, [close])]);
      const answer = await world.chain.send(from, data, world.state.now);
      expect(answer.ok && answer.events.map(({ name }) => name)).to.deep.equal(["Filled"]);
      figures.close = await gasOfBlock(world);
      figures.value = await gasOfView(world, "assess", [seller, false]);
      if (process.env.PLIMSOLL_SHOW !== undefined) console.log(figures);
    });

    it("H-37 O-14 fits a transaction, and costs less than to value the account twice", () => {
      // EIP-7825
      expect(figures.close).to.be.lessThan(2 ** 24);
      expect(figures.close).to.be.lessThan(2 * figures.value);
    });

    it("default: costs what docs/options.md says", () => {
      expect(figures.close).to.be.closeTo(9_965_000, 9_965_000 / 50);
    });
  });
});

/** Closes a position while words are stale, when live figures judge both sides before and after; opens it anew by fresh ones. Gas of the former. */
async function closedByLive(world: SeriesChain, seller: AccountId, buyer: AccountId, price: bigint): Promise<number> {
  world.pass(20n);
  await world.step(world.post(0, price * WAD), "post", []);
  const { lots, ...rest } = fill(world, buyer, 0);
  const change = async (size: bigint): Promise<void> => {
    world.pass(1n);
    const { mark } = marketOf(new Draft(world.state), rest.instrument);
    const answer = await world.step(
      world.actions(ownerOf(seller), [tradeOf(seller, [{ ...rest, price: mark, lots: size }])]),
      "change",
      [],
    );
    expect("events" in answer && answer.events.map(({ name }) => name)).to.deep.equal(["Filled"]);
  };
  await change(-lots);
  const gas = await gasOfBlock(world);
  await refreshAll(world);
  await change(lots);
  return gas;
}

/** One more is refused on both sides. */
async function refused(world: SeriesChain, seller: AccountId, buyer: AccountId): Promise<void> {
  world.pass(1n);
  const answer = await world.step(world.actions(ownerOf(seller), [tradeOf(seller, [fill(world, buyer, MOST)])]), "one more", [seller]);
  expect("events" in answer && answer.events[0]?.values.reason).to.equal("TooManySeriesPositions");
}

async function listAll(world: SeriesChain): Promise<void> {
  for (let series = 1; series <= SERIES; series++) await list(world, series, 10 * series, LISTING);
  world.pass(1n);
  await world.step(world.post(0, 2_000n * WAD), "post", []);
  await refreshAll(world);
}

/** A series that expires in `days`, with a slice. */
async function list(world: SeriesChain, series: number, days: number, shape: typeof LISTING): Promise<void> {
  world.pass(1n);
  const expiry = world.state.now + BigInt(days) * DAY;
  await world.step(world.list(0, { series: BigInt(series), expiry, ...shape }), "list", []);
  world.pass(1n);
  const report = { sliceWord: sliceOf(0.6, Number(spanAt(expiry, world.state.now))), basis: 0n, publishTime: world.state.now };
  await world.step(world.slice(0, series, report), "slice", []);
}

async function refreshAll(world: SeriesChain, count = SERIES): Promise<void> {
  for (let series = 1; series <= count; series++) {
    world.pass(1n);
    await world.step(world.refresh(0, series), "refresh", []);
  }
}

async function deposit(world: SeriesChain, account: AccountId, tokens: bigint): Promise<void> {
  world.pass(1n);
  const action = { kind: "Deposit", account, token: SETTLEMENT, amount: tokens * 10n ** 6n } as const;
  await world.step(world.actions(ownerOf(account), [action]), "deposit", []);
}

/** Position `i`: its own strike, calls above the price and puts below it, two of three sold; at the mark. */
function fill(world: SeriesChain, maker: AccountId, i: number) {
  const index = BigInt(i) / BigInt(SERIES);
  const isCall = LISTING.base + index * LISTING.step >= 2_000n;
  const instrument = named(0, 1 + (i % SERIES), index, isCall);
  return { ...atMark(world, maker, instrument), lots: i % 3 === 0 ? 100_000n : -100_000n };
}

function atMark(world: SeriesChain, maker: AccountId, instrument: bigint) {
  const { mark } = marketOf(new Draft(world.state), instrument);
  return { maker, instrument, price: mark, takerFee: 0n, makerFee: 0n };
}

/** Gas of a view without the base of a transaction: it is sent as one. */
async function gasOfView(world: SeriesChain, name: "assess" | "mayOpenByWords", args: readonly (bigint | boolean)[]): Promise<number> {
  const data = world.deployment.vault.interface.encodeFunctionData(name as "assess", args as [bigint, boolean]);
  world.pass(1n);
  expect((await world.chain.send(world.owners[0]!, data, world.state.now)).ok).to.equal(true);
  return (await gasOfBlock(world)) - 21_000;
}

async function gasOfBlock(world: SeriesChain): Promise<number> {
  const block = (await world.chain.request("eth_getBlockByNumber", ["latest", false])) as { gasUsed: string };
  return Number(block.gasUsed);
}
