import { expect } from "chai";
import { accountIdOf, ownerOf } from "../../src/engine/accountId.ts";
import { Draft } from "../../src/engine/draft.ts";
import { type Action, SETTLEMENT } from "../../src/engine/execute.ts";
import { averageFromWord, isSettled, openingOf, payoffOf, settlementDown } from "../../src/engine/expiry.ts";
import { WAD } from "../../src/engine/fixedPoint.ts";
import { instrumentFromNumber, STRIKE_ZERO } from "../../src/engine/instrument.ts";
import { portfolioOf } from "../../src/engine/ledger.ts";
import { assess, termsAt } from "../../src/engine/margin.ts";
import { marketOf } from "../../src/engine/market.ts";
import type { VolatilityReport } from "../../src/engine/series.ts";
import { expiryOf } from "../../src/engine/seriesWord.ts";
import type { Fill } from "../../src/engine/trading.ts";
import type { AccountId, Assessment, State } from "../../src/engine/types.ts";
import { surfaceFromWord } from "../../src/engine/words.ts";
import { sliceOf } from "../options/support/series.ts";
import { DAY, spanAt } from "../series/world.ts";
import { Random } from "./support/random.ts";
import { named, SeriesChain, tradeOf } from "./support/seriesChain.ts";
import { KINDS, SeriesWalk, untilWindow } from "./support/seriesWalk.ts";

const LISTING = { base: 1_500n, step: 100n, decimals: 13n, count: 10n, depth: 10_000_000n, volatilityCap: 200n };
const WALKS = Number(process.env.PLIMSOLL_WALKS ?? 3);
const STEPS = Number(process.env.PLIMSOLL_OPERATIONS ?? 300);
const FIRST_SEED = Number(process.env.PLIMSOLL_SEED ?? 5_150);

/** What walks have to meet at least, beside calls that succeed. */
const MET: readonly (readonly [string, number])[] = [
  ["Filled", 250],
  ["SeriesSettled", 3],
  ["SeriesPaid", 3],
  ["MarginTooLow", 1],
  ["WordsStale", 1],
  ["FillSkipped MarginTooLow", 20],
  ["FillSkipped RiskMayNotRise", 20],
  ["FillSkipped SeriesIsSettled", 1],
];

const FUTURE = named(0, 1, STRIKE_ZERO);

describe("engine and contracts with options and dated futures", function () {
  this.timeout(600_000);
  let world: SeriesChain;
  let [taker, maker, other] = [0n, 0n, 0n];

  beforeEach(async () => {
    world = await SeriesChain.create(3);
    [taker, maker, other] = world.owners.map((owner) => accountIdOf(owner)) as [AccountId, AccountId, AccountId];
    await open(world, 0, 1, 30n);
    for (const id of [taker, maker, other]) await deposit(world, id, 20_000n);
  });

  it("agree on one dated future", async () => {
    expect(await trade(world, taker, [fill(world, maker, FUTURE, 100_000n)])).to.deep.equal([]);
    world.pass(30n);
    await world.step(world.post(0, 2_050n * WAD));
    expect(await trade(world, taker, [fill(world, maker, FUTURE, -100_000n)])).to.deep.equal([]);
  });

  it("agree on one call, also by words that are stale and by a slice that lapsed", async () => {
    const call = named(0, 1, 6n);
    expect(await trade(world, taker, [fill(world, maker, call, 100_000n)])).to.deep.equal([]);
    world.pass(60n);
    await world.step(world.post(0, 1_990n * WAD));
    expect(await trade(world, taker, [fill(world, maker, call, -40_000n)])).to.deep.equal([]);
    world.pass(2_000n);
    await world.step(world.updateRate(1));
    world.pass(1n);
    await world.step(world.post(0, 2_010n * WAD));
    expect(await trade(world, taker, [fill(world, maker, call, 40_000n)])).to.deep.equal(["RiskMayNotRise"]);
    expect(await trade(world, taker, [fill(world, maker, call, -10_000n)])).to.deep.equal([]);
    world.pass(7_200n);
    await world.step(world.post(0, 2_020n * WAD));
    world.pass(1n);
    await world.step(world.refresh(0, 1));
    await world.compareRisks("a lapsed slice");
    expect(await trade(world, taker, [fill(world, maker, call, -10_000n)])).to.deep.equal([]);
    expect(await trade(world, taker, [fill(world, maker, call, 10_000n)])).to.deep.equal(["RiskMayNotRise"]);
    world.pass(90_000n);
    await world.step(world.post(0, 2_020n * WAD));
    world.pass(1n);
    await world.step(world.refresh(0, 1));
  });

  it("agree on spreads in one trade, with perpetuals between them", async () => {
    const legs = [named(0, 1, 4n), 0n, named(0, 1, 7n), named(0, 1, 2n, false), 1n, FUTURE];
    const fills = legs.map((instrument, i) => fill(world, i === 2 ? other : maker, instrument, i % 2 === 0 ? 60_000n : -50_000n));
    expect(await trade(world, taker, fills)).to.deep.equal([]);
  });

  it("agree on accounts that fail and reduce: live figures decide", async () => {
    const call = named(0, 1, 8n);
    const put = named(0, 1, 1n, false);
    const failing = accountIdOf(ownerOf(taker), 1n);
    await deposit(world, failing, 4_000n);
    expect(await trade(world, failing, [fill(world, maker, put, 50_000n), fill(world, maker, call, -850_000n)])).to.deep.equal([]);
    await rise(world, [2_080n, 2_160n, 2_240n, 2_320n, 2_400n]);
    expect(shortfall(world, failing) > 0n && shortfall(world, failing) < 4_000n * WAD).to.equal(true);
    const more = fill(world, maker, call, -10_000n);
    expect(await trade(world, failing, [more])).to.deep.equal(["MarginTooLow"]);
    expect(await trade(world, failing, [fill(world, maker, call, 10_000n)])).to.deep.equal([]);
    // the same as a maker, to whom the perpetual is closed
    expect(await trade(world, maker, [fill(world, failing, call, -10_000n)])).to.deep.equal([]);
    expect(await trade(world, maker, [fill(world, failing, 0n, -10_000n)])).to.deep.equal(["MarginTooLow"]);

    await rise(world, [2_490n, 2_580n, 2_670n, 2_760n, 2_860n, 2_960n]);
    expect(equityOf(world, failing) < 0n).to.equal(true);
    // with less than nothing every loss is refused: what was closed for too little comes back as the last in the list
    const list = (): readonly bigint[] =>
      world.state.accounts
        .get(failing)
        ?.series.get(0)
        ?.map(({ instrument }) => instrument) ?? [];
    const before = list();
    expect(await trade(world, maker, [fill(world, failing, put, 50_000n, { price: 0n })])).to.deep.equal(["MarginTooLow"]);
    expect(list()).to.deep.equal([...before].reverse());
    expect(await trade(world, failing, [fill(world, maker, put, -50_000n, { price: 0n })])).to.deep.equal(["MarginTooLow"]);
    const cheap = (lots: bigint, to: AccountId): Fill => {
      const good = fill(world, to, call, lots);
      return { ...good, price: good.price - good.price / 1_000n };
    };
    expect(await trade(world, maker, [cheap(-50_000n, failing)])).to.deep.equal([]);
    // a price that is not normal closes what both sides hold
    world.pass(5n);
    await world.step(world.post(0, 2_960n * WAD, 0n, false));
    expect(world.state.underlyings[0]?.priceState).to.equal(1n);
    expect(await trade(world, maker, [cheap(-10_000n, failing)])).to.deep.equal([]);
    expect(await trade(world, failing, [cheap(10_000n, maker)])).to.deep.equal([]);
    expect(await trade(world, failing, [fill(world, maker, call, -10_000n)])).to.deep.equal(["RiskMayNotRise"]);
    // value leaves only by words that hold
    const out: Action = { kind: "Withdraw", account: failing, token: SETTLEMENT, amount: 1n, to: ownerOf(failing) };
    const both = [tradeOf(failing, [cheap(10_000n, maker)]), out];
    world.pass(1n);
    expect(await world.step(world.actions(ownerOf(failing), both))).to.deep.equal({ reverted: "RiskMayNotRise" });
    await rise(world, [2_960n]);
    expect(await world.step(world.actions(ownerOf(failing), both))).to.deep.equal({ reverted: "MarginTooLow" });
  });

  it("agree on what may not be traded", async () => {
    const call = named(0, 1, 6n);
    expect(await trade(world, taker, [fill(world, maker, call, 100_000n)])).to.deep.equal([]);
    const { mark } = marketOf(new Draft(world.state), call);
    const wrong: [string, Partial<Fill>][] = [
      ["ZeroLots", { lots: 0n }],
      ["SelfTrade", { maker: taker }],
      ["ProtocolAccount", { maker: accountIdOf(world.state.fund) }],
      ["PriceOutsideBand", { price: mark * 2n }],
      ["PriceOutsideBand", { price: 2n ** 256n - 1n }],
      ["FeeOutsideBounds", { takerFee: 10n ** 24n }],
      ["FeeOutsideBounds", { takerFee: -1n }],
      ["FeeOutsideBounds", { makerFee: -1n }],
      ["PositionCapExceeded", { lots: 2n ** 255n - 1n }],
      ["PositionCapExceeded", { lots: -(2n ** 255n) }],
      ["PositionCapExceeded", { lots: 2n ** 48n }],
      ["PositionCapExceeded", { lots: -(2n ** 38n) }],
      ["MarginTooLow", { lots: 2n ** 36n }],
      ["UnknownUnderlying", { instrument: 3n }],
      ["UnknownUnderlying", { instrument: named(3, 1, 2n) }],
      ["UnknownSeries", { instrument: named(0, 2, 2n) }],
      ["UnknownStrike", { instrument: named(0, 1, 10n) }],
      ["UnknownInstrument", { instrument: named(0, 1, STRIKE_ZERO, false) }],
    ];
    for (const [reason, changes] of wrong) {
      const good = fill(world, maker, call, 1_000n);
      expect(await trade(world, taker, [good, { ...good, ...changes }]), reason).to.deep.equal([reason]);
    }
  });

  it("agree on a series without a slice, and on one whose words were never made", async () => {
    world.pass(1n);
    const expiry = world.state.now + 10n * DAY;
    await world.step(world.list(0, { series: 2n, expiry, ...LISTING }));
    for (const instrument of [named(0, 2, STRIKE_ZERO), named(0, 2, 3n)]) {
      expect(await trade(world, taker, [{ ...fill(world, maker, FUTURE, 10_000n), instrument }])).to.deep.equal(["SeriesHasNoSlice"]);
    }
    world.pass(1n);
    await world.step(world.slice(0, 2, report(world, expiry, 0.6)));
    expect(await trade(world, taker, [fill(world, maker, named(0, 2, 3n), 10_000n)])).to.deep.equal(["RiskMayNotRise"]);
  });

  it("agree on an account with two series whose words are stale: the first is named", async () => {
    await open(world, 0, 2, 40n);
    const legs = [named(0, 2, 6n), named(0, 1, 6n)];
    expect(
      await trade(
        world,
        taker,
        legs.map((each) => fill(world, maker, each, 20_000n)),
      ),
    ).to.deep.equal([]);
    world.pass(1_000n);
    await world.step(world.post(0, 2_000n * WAD));
    world.pass(1n);
    const action: Action = { kind: "Withdraw", account: taker, token: SETTLEMENT, amount: 1n, to: ownerOf(taker) };
    expect(await world.step(world.actions(ownerOf(taker), [action]))).to.deep.equal({ reverted: "WordsStale" });
  });

  it("agree on a window, its settlement and what it pays", async () => {
    await open(world, 0, 2, 2n);
    const legs = [named(0, 2, 6n), named(0, 2, 3n, false), named(0, 2, STRIKE_ZERO), named(0, 1, 5n), named(0, 2, 4n)];
    expect(
      await trade(
        world,
        taker,
        legs.map((each, i) => fill(world, maker, each, i === 1 ? -20_000n : 20_000n)),
      ),
    ).to.deep.equal([]);
    const expiry = expiryOf(world.state.underlyings[0]!.series.get(2)!.word);
    world.pass(1n);
    expect(await world.step(world.pay(taker, 0, 2))).to.deep.equal({ reverted: "SeriesNotSettled" });
    world.pass(expiry - 3_000n - world.state.now);
    await world.step(world.post(0, 2_000n * WAD));
    world.pass(1n);
    await world.step(world.slice(0, 2, report(world, expiry, 0.5)));
    world.pass(1n);
    await world.step(world.refresh(0, 2));
    world.pass(expiry - 1_790n - world.state.now);
    for (let i = 0n; i < 12n; i++) {
      await world.step(world.post(0, (2_000n + 7n * (i % 5n)) * WAD));
      world.pass(7n);
      if (i % 3n === 0n) await world.step(world.refresh(0, 2));
      world.pass(1n);
      if (i === 5n) expect(await trade(world, taker, [fill(world, maker, legs[0]!, -5_000n)])).to.deep.equal([]);
      world.pass(1n);
      if (i === 6n) await world.step(world.settle(0, 2));
      world.pass(150n);
    }
    expect(await world.step(world.settle(0, 2))).to.have.property("events");
    expect(await trade(world, taker, [{ ...fill(world, maker, FUTURE, -5_000n), instrument: legs[0]! }])).to.deep.equal([
      "SeriesIsSettled",
    ]);
    for (const id of [taker, maker, taker]) {
      world.pass(1n);
      await world.step(world.pay(id, 0, 2));
    }
    expect(world.state.underlyings[0]?.series.get(2)?.surface.openInterest).to.equal(0n);
    expect(world.state.accounts.get(taker)?.series.get(0)).to.have.length(1);
    // the number is free again
    await open(world, 0, 2, 5n);
    world.pass(1n);
    await world.step(world.refresh(0, 1));
    expect(await trade(world, taker, [fill(world, maker, legs[4]!, 20_000n)])).to.deep.equal([]);
  });
});

describe("engine and contracts with options and dated futures, at random", function () {
  this.timeout(600_000);
  const tally = new Map<string, number>();
  const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);

  for (let i = 0; i < WALKS; i++) {
    it(`agree to the unit, walk ${i}`, async () => {
      await walk(FIRST_SEED + i, STEPS, count);
    });
  }

  it("met enough of everything", () => {
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(tally);
    for (const kind of KINDS) expect(tally.get(kind) ?? 0, kind).to.be.at.least(kind === "settle" ? 1 : 3);
    for (const [what, least] of MET) expect(tally.get(what) ?? 0, what).to.be.at.least(least);
  });
});

describe("liquidation of accounts with options and dated futures", function () {
  this.timeout(600_000);

  it("restores an account or sells it whole, and keeps every sum", async () => {
    const tally = { partial: 0, whole: 0, deficits: 0 };
    const random = new Random(FIRST_SEED + 11);
    const { world, prices } = await crowded(random);
    for (let i = 0; i < 10; i++) {
      // small moves, then some that leave less than nothing
      const moves = i < 6 ? [1_060_000n] : i < 8 ? [1_120_000n, 1_120_000n, 1_120_000n] : [880_000n, 880_000n, 880_000n, 880_000n];
      for (const move of moves) {
        for (const underlying of [0, 1]) {
          world.pass(25n);
          prices[underlying] = (prices[underlying]! * move) / 1_000_000n;
          const { data, from } = world.post(underlying, prices[underlying]!);
          expect((await world.chain.send(from, data, world.state.now)).ok).to.equal(true);
        }
      }
      for (const id of world.accounts) {
        world.pass(1n);
        await liquidate(world, id, tally);
      }
    }
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(tally);
    expect(tally.partial, "partial").to.be.at.least(2);
    expect(tally.whole, "whole").to.be.at.least(1);
  });
});

/** Six accounts that hold as much as their margin allows. */
async function crowded(random: Random): Promise<SeriesWalk> {
  const world = await SeriesChain.create(3);
  await open(world, 0, 1, 30n);
  await open(world, 0, 2, 2n);
  await open(world, 1, 1, 3n);
  for (const id of world.accounts) await deposit(world, id, 3_000n + BigInt(random.below(3_000)));
  const calls = new SeriesWalk(world, random);
  for (let i = 0; i < 90; i++) {
    world.pass(2n);
    await world.step(calls.choose(i % 20 === 19 ? "deposit" : "trade").call, `crowded ${i}`, []);
  }
  return calls;
}

interface Sales {
  partial: number;
  whole: number;
  deficits: number;
}

/** Liquidates an account if it may be, with a keeper of another owner, and asserts what has to hold afterwards. */
async function liquidate(world: SeriesChain, id: AccountId, tally: Sales): Promise<void> {
  const { vault } = world.deployment;
  const keeper = world.accounts.find((other) => ownerOf(other) !== ownerOf(id))!;
  const data = vault.interface.encodeFunctionData("liquidate", [id, keeper, 0]);
  const before = await vault.assess(id, false);
  const result = await world.chain.send(ownerOf(keeper), data, world.state.now);
  const maintenance = termsAt(world.state.margin, world.state.now).maintenance;
  const isHealthy = (figures: { readonly equity: bigint; readonly margin: bigint }): boolean =>
    figures.equity * WAD >= figures.margin * maintenance - WAD;
  if (!result.ok) {
    expect(result.errorName, String(result.args)).to.be.oneOf(["AccountHealthy", "NothingToDo"]);
    return;
  }
  const after = await vault.assess(id, false);
  const context = `account ${id} at ${world.state.now}: ${before}, then ${after}`;
  const isWhole = after.notional === 0n;
  expect(isWhole || isHealthy(after), context).to.equal(true);
  if (isWhole) tally.whole++;
  else tally.partial++;
  const state = await world.chain.readState(world.state.now);
  if (state.deficit > 0n) tally.deficits++;
  let claims = 0n;
  for (const { cash, positions } of state.accounts.values()) {
    claims += cash;
    for (const { lots, fundingIndex } of positions.values()) claims += lots * fundingIndex;
  }
  // what is paid in a series that has settled is not yet what others owe in it
  expect(claims + (await unpaid(world, state)), context).to.equal(state.settlement + state.deficit);
}

/** What positions in settled series still pay; asserts the sums of all others, and that no list has a hole. */
async function unpaid(world: SeriesChain, state: State): Promise<bigint> {
  const { vault } = world.deployment;
  let owed = 0n;
  for (const [index, { funding }] of state.underlyings.entries()) {
    const sums = new Map<bigint, bigint>();
    const held = new Map<number, bigint>();
    let longs = 0n;
    const add = (instrument: bigint, lots: bigint): void => {
      sums.set(instrument, (sums.get(instrument) ?? 0n) + lots);
      longs += lots > 0n ? lots : 0n;
    };
    for (const [id, { positions }] of state.accounts) {
      add(0n, positions.get(index)?.lots ?? 0n);
      const list = await vault.seriesPositionsOf(id, index);
      const [instruments, lots] = [list[0], list[1]];
      expect(new Set(instruments).size).to.equal(instruments.length);
      instruments.forEach((instrument, i) => {
        const size = lots[i]!;
        expect(size).to.not.equal(0n);
        add(BigInt(instrument), size);
        const number = Number(BigInt(instrument) >> 8n);
        held.set(number, (held.get(number) ?? 0n) + (size < 0n ? -size : size));
      });
    }
    expect(funding.openInterest).to.equal(longs);
    for (const [number, { word }] of world.state.underlyings[index]!.series) {
      const words = await vault.seriesWords(index, number);
      expect(surfaceFromWord(words.surface).openInterest).to.equal(held.get(number) ?? 0n);
      const average = averageFromWord(words.average);
      const opening = openingOf(expiryOf(word));
      const stands = isSettled(average, opening, state.now);
      for (const [instrument, sum] of sums) {
        if (Number(instrument >> 8n) !== number) continue;
        if (!stands) expect(sum).to.equal(0n);
        else owed += sum * payoffOf(instrumentFromNumber(instrument), word, settlementDown(average, opening, state.now));
      }
    }
    expect(sums.get(0n) ?? 0n).to.equal(0n);
  }
  return owed;
}

/** Calls at random, time that passes, and the windows of the series that expire on the way. */
async function walk(seed: number, steps: number, count: (what: string) => void): Promise<void> {
  const random = new Random(seed);
  const world = await SeriesChain.create(3);
  await open(world, 0, 1, 30n);
  await open(world, 0, 2, 2n);
  await open(world, 1, 1, 3n);
  for (const id of world.accounts) await deposit(world, id, 2_000n + BigInt(random.below(20_000)));
  const calls = new SeriesWalk(world, random);
  for (let i = 0; i < steps; i++) {
    const left = untilWindow(world);
    const inWindow = world.state.underlyings.some(({ series }) =>
      [...series.values()].some(({ word, listed }) => listed && openingOf(expiryOf(word)) < world.state.now),
    );
    let seconds = random.chance(0.85) ? 1 + random.below(15) : 60 + random.below(240);
    if (inWindow) seconds = 10 + random.below(60);
    else if (random.chance(0.012)) seconds = 3_600 + random.below(12_000);
    if (left !== undefined && (i === Math.floor(steps / 3) || i === Math.floor((2 * steps) / 3))) seconds = Number(left) - 60;
    world.pass(BigInt(Math.max(seconds, 1)));
    const { kind, call } = calls.choose();
    const answer = await world.step(call, `seed ${seed}, step ${i}`, [random.pick(world.accounts)]);
    if ("reverted" in answer) count(answer.reverted);
    else {
      count(kind);
      for (const { name, values } of answer.events) count(name === "FillSkipped" ? `FillSkipped ${values.reason}` : name);
    }
    if (kind === "refresh") await world.compareRisks(`seed ${seed}, step ${i}`);
    checkSums(world, `seed ${seed}, step ${i}`);
  }
  await world.compare(`the end of seed ${seed}`, world.accounts);
}

/** Sizes of every instrument sum to zero, and open interest is what is held. */
function checkSums(world: SeriesChain, what: string): void {
  for (const [index, { series, funding }] of world.state.underlyings.entries()) {
    const sums = new Map<bigint, bigint>();
    const held = new Map<number, bigint>();
    let longs = 0n;
    for (const account of world.state.accounts.values()) {
      const dated = account.series.get(index) ?? [];
      const all = [{ instrument: 0n, lots: account.positions.get(index)?.lots ?? 0n }, ...dated];
      for (const { instrument, lots } of all) {
        sums.set(instrument, (sums.get(instrument) ?? 0n) + lots);
        longs += lots > 0n ? lots : 0n;
      }
      for (const { instrument, lots } of dated) {
        const number = Number(instrument >> 8n);
        held.set(number, (held.get(number) ?? 0n) + (lots < 0n ? -lots : lots));
      }
    }
    for (const [number, each] of series) expect(each.surface.openInterest, what).to.equal(held.get(number) ?? 0n);
    // those who are paid leave the others of their series without an opposite
    for (const [instrument, sum] of sums) {
      const own = series.get(Number(instrument >> 8n));
      const stands = own !== undefined && isSettled(averageFromWord(own.average), openingOf(expiryOf(own.word)), world.state.now);
      if (!stands) expect(sum, what).to.equal(0n);
    }
    expect(funding.openInterest, what).to.equal(longs);
  }
}

async function open(world: SeriesChain, underlying: number, series: number, days: bigint): Promise<void> {
  world.pass(1n);
  const expiry = world.state.now + days * DAY;
  const strikes = underlying === 0 ? LISTING : { ...LISTING, base: 30n, step: 2n, decimals: 15n };
  await world.step(world.list(underlying, { series: BigInt(series), expiry, ...strikes }));
  world.pass(1n);
  await world.step(world.post(underlying, (underlying === 0 ? 2_000n : 40_000n) * WAD));
  world.pass(1n);
  await world.step(world.slice(underlying, series, report(world, expiry, 0.6)));
  world.pass(1n);
  await world.step(world.refresh(underlying, series));
  await world.compareRisks("a refresh");
}

function report(world: SeriesChain, expiry: bigint, volatility: number, basis = 1_000_000n): VolatilityReport {
  const { now } = world.state;
  return { slice: sliceOf(volatility, Number(spanAt(expiry, now))), basis, publishTime: now };
}

/** Posts prices one after the other, refreshes, and is a second later. */
async function rise(world: SeriesChain, prices: readonly bigint[]): Promise<void> {
  for (const price of prices) {
    world.pass(20n);
    await world.step(world.post(0, price * WAD));
  }
  world.pass(1n);
  await world.step(world.refresh(0, 1));
  world.pass(1n);
}

function liveFiguresOf(world: SeriesChain, id: AccountId): Assessment {
  return assess(portfolioOf(new Draft(world.state), id), termsAt(world.state.margin, world.state.now), false);
}

function equityOf(world: SeriesChain, id: AccountId): bigint {
  return liveFiguresOf(world, id).equity;
}

/** What an account misses of its margin. */
function shortfall(world: SeriesChain, id: AccountId): bigint {
  const { equity, margin } = liveFiguresOf(world, id);
  return margin - equity;
}

async function deposit(world: SeriesChain, account: AccountId, tokens: bigint): Promise<void> {
  world.pass(1n);
  const action: Action = { kind: "Deposit", account, token: SETTLEMENT, amount: tokens * 10n ** 6n };
  await world.step(world.actions(ownerOf(account), [action]));
}

function fill(world: SeriesChain, maker: AccountId, instrument: bigint, lots: bigint, changes: Partial<Fill> = {}): Fill {
  const { mark } = marketOf(new Draft(world.state), instrument);
  return { maker, instrument, lots, price: mark, takerFee: 0n, makerFee: 0n, ...changes };
}

/** Trades, and says why fills were skipped, or what all of it reverted with. */
async function trade(world: SeriesChain, taker: AccountId, fills: readonly Fill[]): Promise<string[]> {
  world.pass(1n);
  const answer = await world.step(world.actions(ownerOf(taker), [tradeOf(taker, fills)]));
  if ("reverted" in answer) return [answer.reverted];
  return answer.events.filter(({ name }) => name === "FillSkipped").map(({ values }) => String(values.reason));
}
