import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { Draft, emptyAccount } from "../../src/engine/ledger/draft.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import { openingOf } from "../../src/engine/ledger/options/expiry.ts";
import { ownerOf } from "../../src/engine/types/accountId.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import type { Account, AccountId, Series, State } from "../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../src/engine/types/types.ts";
import { expiryOf, strikeCountOf } from "../../src/engine/words/seriesWord.ts";
import { seriesPosition } from "../../src/engine/words/words.ts";
import { openBookStore } from "../../src/keeper/bookStore.ts";
import { type Books, followBooks } from "../../src/keeper/books.ts";
import type { Rpc } from "../../src/sdk/rpc.ts";
import { saleOf } from "../../src/sdk/saleLog.ts";
import { figuresOf } from "../../src/sdk/standing.ts";
import { sliceOf } from "../helpers/options/series.ts";
import { Random } from "../helpers/random.ts";
import { DAY, spanAt } from "../helpers/seriesWorld.ts";
import { named, SeriesChain, tradeOf } from "../helpers/walks/seriesChain.ts";
import { type Kind, SeriesWalk, untilWindow } from "../helpers/walks/seriesWalk.ts";

const STRIKES = { base: 1_500n, step: 100n, decimals: 13n, count: 10n, depth: 10_000_000n, volatilityCap: 200n };

describe("followBooks with options and dated futures", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-books-"));
  after(() => rmSync(folder, { recursive: true }));

  it("default: they are the chain's to the unit through trades, windows and settlements, read step by step, at once, and from a database", async () => {
    const random = new Random(77);
    const world = await SeriesChain.create(3);
    await open(world, 0, 1, 30n);
    await open(world, 0, 2, 2n);
    await open(world, 1, 1, 3n);
    for (const id of world.accounts) await deposit(world, id, 9_000n);
    const file = join(folder, "walk.sqlite");
    let store = openBookStore(file);
    let books = followBooks(rpcOf(world), world.chain.vaultAddress, 0, { store });
    const calls = new SeriesWalk(world, random);
    const heard = new Set<string>();
    const steps = 240;
    for (let i = 0; i < steps; i++) {
      const left = untilWindow(world);
      const inWindow = world.state.underlyings.some(({ series }) =>
        [...series.values()].some(({ word, listed }) => listed && openingOf(expiryOf(word)) < world.state.now),
      );
      const jump = left !== undefined && (i === 50 || i === 110);
      world.pass(jump ? left - 60n : BigInt(inWindow ? 10 + random.below(60) : 1 + random.below(15)));
      const hasSettled = world.state.underlyings.some(({ series }) => [...series.values()].some(({ listed }) => !listed));
      let kind: Kind | undefined;
      // at old prices and by old words nothing but closings goes, until nobody has anything left that could be paid
      if (inWindow && i % 2 === 0) kind = random.pick(["post", "post", "refresh", "slice"] as const);
      else if (hasSettled && i % 8 === 1) kind = "pay";
      const { call } = calls.choose(kind);
      const answer = await world.step(call, `step ${i}`, []);
      if ("events" in answer) for (const { name } of answer.events) heard.add(name);
      if (i % 16 === 15) {
        await books.sync();
        expectSame(world, books, `step ${i}`);
      }
      if (i === 80) {
        // the next run goes on from what was kept
        store.close();
        store = openBookStore(file);
        books = followBooks(rpcOf(world), world.chain.vaultAddress, 0, { store });
      }
    }
    expect([...heard]).to.include.members(["Filled", "SlicePosted", "SeriesRefreshed", "SeriesSettled", "SeriesPaid"]);
    const fresh = followBooks(rpcOf(world), world.chain.vaultAddress, 0);
    await fresh.sync();
    await books.sync();
    const now = Number(world.state.now);
    expect(books.state(now)).to.deep.equal(fresh.state(now));
    store.close();
  });

  it("H-95: a keeper that was away while a number was given to another series holds nothing old under it", async () => {
    const world = await SeriesChain.create(3);
    await open(world, 0, 1, 2n);
    const [short, , long] = world.accounts as [AccountId, AccountId, AccountId];
    for (const id of [short, long]) await deposit(world, id, 9_000n);
    const instrument = named(0, 1, 5n);
    const price = marketOf(new Draft(world.state), instrument).mark;
    const fill = { maker: long, instrument, lots: -50_000n, price, takerFee: 0n, makerFee: 0n };
    world.pass(1n);
    await world.step(world.actions(ownerOf(short), [tradeOf(short, [fill])]));
    const file = join(folder, "away.sqlite");
    let store = openBookStore(file);
    await followBooks(rpcOf(world), world.chain.vaultAddress, 0, { store }).sync();
    expect(store.accounts().filter(({ series }) => series.size > 0)).to.have.length(2);
    store.close();

    world.pass((untilWindow(world) ?? 0n) - 60n);
    for (let post = 0; post < 13; post++) {
      world.pass(179n);
      await world.step(world.post(0, 2_000n * WAD), "window", []);
    }
    for (const id of [short, long]) {
      world.pass(1n);
      await world.step(world.pay(id, 0, 1), "paid");
    }
    world.pass(DAY);
    await open(world, 0, 1, 40n);
    store = openBookStore(file);
    const books = followBooks(rpcOf(world), world.chain.vaultAddress, 0, { store });
    await books.sync();
    expectSame(world, books, "away");
    expect(store.accounts().filter(({ series }) => series.size > 0)).to.deep.equal([]);
    store.close();
  });

  it("behavior: a sale of options moves them in the books as on the chain", async () => {
    const world = await SeriesChain.create(3);
    await open(world, 0, 1, 30n);
    const [short, , long, , keeper] = world.accounts as [AccountId, AccountId, AccountId, AccountId, AccountId];
    await deposit(world, short, 4_000n);
    await deposit(world, long, 20_000n);
    const [call, put] = [named(0, 1, 8n), named(0, 1, 1n, false)];
    const fills = [
      [put, 50_000n],
      [call, -850_000n],
    ] as const;
    const proposed = fills.map(([instrument, lots]) => {
      const { mark } = marketOf(new Draft(world.state), instrument);
      return { maker: long, instrument, lots, price: mark, takerFee: 0n, makerFee: 0n };
    });
    world.pass(1n);
    expect(await world.step(world.actions(ownerOf(short), [tradeOf(short, proposed)]))).to.have.property("events");
    const books = followBooks(rpcOf(world), world.chain.vaultAddress, 0);
    await books.sync();
    for (const price of [2_080n, 2_160n, 2_240n, 2_320n, 2_400n, 2_490n]) {
      world.pass(20n);
      await world.step(world.post(0, price * WAD));
    }
    const { vault } = world.deployment;
    const data = vault.interface.encodeFunctionData("liquidate", [short, keeper]);
    world.pass(1n);
    const { ok } = await world.chain.send(ownerOf(keeper), data, world.state.now);
    expect(ok).to.equal(true);
    const events = await books.sync();
    expect(events.flatMap((event) => saleOf(event)?.books ?? []).some(({ series }) => series.length !== 0)).to.equal(true);
    const now = books.head().time;
    const state = books.state(now);
    const fund = BigInt(state.fund) << 96n;
    for (const id of [short, long, keeper, fund, fund + 1n]) {
      const [instruments, lots, halvings, costs] = await vault.seriesPositionsOf(id, 0);
      const held = state.accounts.get(id)?.series.get(0) ?? [];
      const positions = instruments.map((each, i) => seriesPosition(each, lots[i]!, halvings[i], costs[i]));
      expect(held, `positions of ${id}`).to.deep.equal(positions);
      const { value, equity, margin, notional } = await vault.assess(id, false);
      expect(figuresOf(state, id), `figures of ${id}`).to.deep.equal({ value, equity, margin, notional });
    }
    expect(state.accounts.get(fund + 1n)?.series.get(0) ?? []).to.not.be.empty;
  });
});

/** Every series and everything that every account holds is what the engine beside the chain says. */
function expectSame(world: SeriesChain, books: Books, what: string): void {
  const found = books.state(Number(world.state.now));
  for (const [index, { series }] of world.state.underlyings.entries()) {
    expect(found.underlyings[index]?.series, `${what}: series of ${index}`).to.deep.equal(
      new Map([...series].map(([number, each]): [number, Series] => [number, ofStrikes(each)])),
    );
  }
  for (const id of world.accounts) {
    expect(heldBy(found, id), `${what}: ${id}`).to.deep.equal(heldBy(world.state, id));
    expect(figuresOf(found, id), `${what}: figures of ${id}`).to.deep.equal(figuresOf(world.state, id));
  }
}

/** The risk words that the view shows: one a strike, zero before the first refresh. */
function ofStrikes(series: Series): Series {
  return { ...series, risks: Array.from({ length: Number(strikeCountOf(series.word)) }, (_, index) => series.risks[index] ?? 0n) };
}

/** What an account holds; the books know nothing of one that no event ever named. */
function heldBy(state: State, id: AccountId): Pick<Account, "cash" | "epoch" | "positions" | "series" | "collateral"> {
  const { cash, epoch, positions, series, collateral } = state.accounts.get(id) ?? emptyAccount(id);
  return { cash, epoch, positions, series, collateral };
}

function rpcOf(world: SeriesChain): Rpc {
  return (method, params = []) => world.chain.request(method, [...params]);
}

async function deposit(world: SeriesChain, account: AccountId, tokens: bigint): Promise<void> {
  world.pass(1n);
  await world.step(world.actions(ownerOf(account), [{ kind: "Deposit", account, token: SETTLEMENT, amount: tokens * 10n ** 6n }]));
}

async function open(world: SeriesChain, underlying: number, series: number, days: bigint): Promise<void> {
  world.pass(1n);
  const expiry = world.state.now + days * DAY;
  const strikes = underlying === 0 ? STRIKES : { ...STRIKES, base: 30n, step: 2n, decimals: 15n };
  await world.step(world.list(underlying, { series: BigInt(series), expiry, ...strikes }));
  world.pass(1n);
  await world.step(world.post(underlying, (underlying === 0 ? 2_000n : 40_000n) * WAD));
  world.pass(1n);
  const { now } = world.state;
  await world.step(world.slice(underlying, series, { sliceWord: sliceOf(0.6, Number(spanAt(expiry, now))), basis: 0n, publishTime: now }));
  world.pass(1n);
  await world.step(world.refresh(underlying, series));
}
