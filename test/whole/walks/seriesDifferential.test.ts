import { expect } from "chai";
import { type Action, execute } from "../../../src/engine/actions/execute.ts";
import { plan } from "../../../src/engine/actions/liquidate.ts";
import type { VolatilityReport } from "../../../src/engine/actions/series.ts";
import type { Fill } from "../../../src/engine/actions/trading.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { countedUp, seriesLotsOf } from "../../../src/engine/ledger/ledger.ts";
import { marketOf } from "../../../src/engine/ledger/market.ts";
import { openingOf, payoffOf } from "../../../src/engine/ledger/options/expiry.ts";
import { seriesNow } from "../../../src/engine/ledger/options/seriesState.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { sheds, shedsAtBoth } from "../../../src/engine/margin/marginRule.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { indexNow } from "../../../src/engine/math/funding.ts";
import { lotsPartUp } from "../../../src/engine/math/slice.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { divUp, fromPpm, partUp, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { instrumentFromNumber, STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import type { AccountId, Assessment, Portfolio } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { booksIn } from "../../../src/engine/words/saleWord.ts";
import { expiryOf } from "../../../src/engine/words/seriesWord.ts";
import { type LoggedSale, saleOf } from "../../../src/sdk/saleLog.ts";
import { expectFundFigures } from "../../helpers/fundFigures.ts";
import { sliceOf } from "../../helpers/options/series.ts";
import { Random } from "../../helpers/random.ts";
import { DAY, spanAt } from "../../helpers/seriesWorld.ts";
import type { DecodedEvent } from "../../helpers/walks/chain.ts";
import { type Call, named, SeriesChain, tradeOf } from "../../helpers/walks/seriesChain.ts";
import { KINDS, type Kind, SeriesWalk, untilWindow } from "../../helpers/walks/seriesWalk.ts";

const LISTING = { base: 1_500n, step: 100n, decimals: 13n, count: 10n, depth: 10_000_000n, volatilityCap: 200n };
const WALKS = Number(process.env.PLIMSOLL_WALKS ?? 2);
const STEPS = Number(process.env.PLIMSOLL_OPERATIONS ?? 300);
const ROUNDS = Number(process.env.PLIMSOLL_ROUNDS ?? 7);
const FIRST_SEED = Number(process.env.PLIMSOLL_SEED ?? 5_150);

/** What walks have to meet at least, beside calls that succeed. */
const MET: readonly (readonly [string, number])[] = [
  ["Filled", 200],
  ["SeriesSettled", 2],
  ["SeriesPaid", 2],
  ["MarginTooLow", 1],
  ["WordsStale", 1],
  ["FillSkipped MarginTooLow", 20],
  ["FillSkipped RiskMayNotRise", 20],
  ["FillSkipped SeriesIsSettled", 1],
  ["liquidate with series slice", 2],
  ["liquidate with series whole", 1],
  ["liquidateTo with series slice", 2],
  ["shed with series", 5],
  ["sale of two underlyings", 3],
  ["sale that pays settled series", 3],
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
    // of two strikes both rights, which are priced together, not beside each other
    const both = [named(0, 1, 7n, false), named(0, 1, 4n, false)];
    const legs = [named(0, 1, 4n), 0n, named(0, 1, 7n), named(0, 1, 2n, false), 1n, FUTURE, ...both];
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

  it("agree on the second form at both ranges: what an underlying without series needs at the wider one counts beside options", async () => {
    const call = named(0, 1, 6n);
    const id = accountIdOf(ownerOf(taker), 1n);
    await deposit(world, id, 4_000n);
    const size = (3_000n * WAD) / world.state.underlyings[1]!.price;
    await hold(world, id, maker, [
      [call, -100_000n],
      [1n, -size],
    ]);
    await drain(world, id);
    // the other underlying jumps from one full hour to the next: its target is at once above the range that is held
    for (const percent of [108n, 108n]) {
      world.pass(3_600n - (world.state.now % 3_600n));
      await world.step(world.post(1, (priceOf(world, 1) * percent) / 100n));
    }
    // half of what it needs by then
    await deposit(world, id, 400n);
    world.pass(1n);
    await world.step(world.slice(0, 1, report(world, expiryOf(world.state.underlyings[0]!.series.get(1)!.word), 0.6)));
    await renew(world);
    const { heldRange, targetRange, price } = world.state.underlyings[1]!;
    expect(targetRange > (heldRange * 11n) / 10n, `${targetRange} and ${heldRange}`).to.equal(true);

    const closing = fill(world, maker, call, 20_000n);
    const action: Action = { kind: "Trade", account: id, module: 0, data: "", minimumLots: 0n };
    const closed = portfolioOf(new Draft(execute(world.state, ownerOf(id), [action], { propose: () => [closing] }).state), id);
    const before = portfolioOf(new Draft(world.state), id);
    const terms = termsAt(world.state.margin, world.state.now);
    const withShort = (lots: bigint): Portfolio => ({
      ...closed,
      cash: closed.cash + lots * price,
      books: closed.books.map((book) => (book.underlying === 1n ? { ...book, lots: book.lots - lots } : book)),
    });
    const atHeld = (lots: bigint): boolean => sheds(assess(before, terms, false), assess(withShort(lots), terms, false));
    const steps = Array.from({ length: 200 }, (_, i) => (size * BigInt(i + 1)) / 200n);
    const most = steps.findLast((lots) => shedsAtBoth(before, withShort(lots), terms)) ?? 0n;
    const beyond = steps.findLast(atHeld) ?? 0n;
    expect(most > 0n && beyond > most).to.equal(true);
    expect(await trade(world, id, [closing, fill(world, maker, 1n, -beyond)])).to.deep.equal(["MarginTooLow"]);
    const later = (lots: bigint): Fill[] => [fill(world, maker, call, 20_000n), fill(world, maker, 1n, -lots)];
    expect(await trade(world, id, later((most * 9n) / 10n))).to.deep.equal([]);
  });

  it("agree on an account with less than nothing that closes options: what is left and what was there have prices of their own", async () => {
    const id = accountIdOf(ownerOf(taker), 1n);
    await deposit(world, id, 4_000n);
    const calls = [5n, 7n, 9n].map((index) => named(0, 1, index));
    const size = (3_000n * WAD) / world.state.underlyings[1]!.price;
    await hold(world, id, maker, [...calls.map((call): [bigint, bigint] => [call, -20_000n]), [1n, -size]]);
    await drain(world, id);
    for (let i = 0; i < 2; i++) {
      world.pass(60n);
      await world.step(world.post(1, (priceOf(world, 1) * 108n) / 100n));
    }
    await renew(world);
    expect(equityOf(world, id) < 0n).to.equal(true);
    const closed = (call: bigint, party: AccountId, lots: bigint): Fill => {
      const { mark } = marketOf(new Draft(world.state), call);
      return fill(world, party, call, lots, { price: mark - mark / 1_000n });
    };
    // the dearest is closed, and the last takes its place; then the dearer one of two, by a maker
    expect(await trade(world, id, [closed(calls[0]!, maker, 20_000n)])).to.deep.equal([]);
    expect(await trade(world, maker, [closed(calls[1]!, id, -20_000n)])).to.deep.equal([]);
    expect(world.state.accounts.get(id)?.series.get(0)).to.have.length(1);
  });

  it("agree on fees: of a cheap option at most an eighth of what is paid for it", async () => {
    const put = named(0, 1, 0n, false);
    await rise(world, [2_090n, 2_180n, 2_280n, 2_380n, 2_480n]);
    const { reference, underlying } = marketOf(new Draft(world.state), put);
    const lots = 10_000n;
    const price = reference / 1_000n;
    const most = divUp(lots * price, 8n);
    expect(most < partUp(lots * reference, fromPpm(underlying.trading.feeCap))).to.equal(true);
    for (const side of ["takerFee", "makerFee"] as const) {
      expect(await trade(world, taker, [fill(world, maker, put, lots, { price, [side]: most })])).to.deep.equal([]);
      expect(await trade(world, taker, [fill(world, maker, put, lots, { price, [side]: most + 1n })])).to.deep.equal(["FeeOutsideBounds"]);
    }
    // a future is worth its reference price, of which the cap is the smaller part
    const future = named(0, 1, STRIKE_ZERO);
    const { mark } = marketOf(new Draft(world.state), future);
    const cap = partUp(lots * mark, fromPpm(underlying.trading.feeCap));
    expect(await trade(world, taker, [fill(world, maker, future, lots, { takerFee: cap })])).to.deep.equal([]);
    expect(await trade(world, taker, [fill(world, maker, future, lots, { takerFee: cap + 1n })])).to.deep.equal(["FeeOutsideBounds"]);
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
    // the number rests for a day, and is free again
    world.pass(1n);
    const again = world.list(0, { series: 2n, expiry: world.state.now + 5n * DAY, ...LISTING });
    expect(await world.step(again)).to.deep.equal({ reverted: "SeriesRests" });
    world.pass(expiry + DAY - world.state.now);
    await open(world, 0, 2, 5n);
    world.pass(1n);
    await world.step(world.slice(0, 1, report(world, expiryOf(world.state.underlyings[0]!.series.get(1)!.word), 0.6)));
    world.pass(1n);
    await world.step(world.refresh(0, 1));
    expect(await trade(world, taker, [fill(world, maker, legs[4]!, 20_000n)])).to.deep.equal([]);
  });
});

describe("sales of accounts with options and dated futures, on engine and contracts", function () {
  this.timeout(600_000);
  let world: SeriesChain;
  let [rich, weak, other, keeper] = [0n, 0n, 0n, 0n];
  const call = named(0, 1, 6n);

  beforeEach(async () => {
    world = await SeriesChain.create(3);
    [rich, weak, other, keeper] = [world.accounts[0]!, world.accounts[2]!, world.accounts[4]!, world.accounts[5]!];
    await open(world, 0, 1, 30n);
    for (const id of [rich, weak, other]) await deposit(world, id, 60_000n);
  });

  it("agree on a calendar with futures and perpetuals: the part of each is rounded up", async () => {
    await open(world, 0, 2, 60n);
    const later = named(0, 2, 6n);
    await hold(world, weak, rich, [
      [call, -1_000_001n],
      [later, 700_003n],
      [named(0, 1, 3n, false), -300_007n],
      [FUTURE, -50_001n],
      [named(0, 2, STRIKE_ZERO), 20_011n],
      [0n, -20_003n],
    ]);
    await deposit(world, weak, 1n, 0);
    await drain(world, weak);
    await drift(world, 104, () => isBelow(world, weak));
    await world.comparePreview(weak, "preview");
    world.pass(1n);
    const before = world.state;
    const events = await sold(world, world.liquidate(weak, keeper));
    const fraction = liquidationIn(events)!.fraction;
    expect(fraction > 0n && fraction < WAD, `${fraction}`).to.equal(true);
    for (const { instrument, lots } of before.accounts.get(weak)!.series.get(0)!) {
      const moved = lots - seriesLotsOf(world.state.accounts.get(weak)!, 0, instrument);
      const size = ((lots < 0n ? -lots : lots) * fraction + (WAD - 1n)) / WAD;
      expect(moved).to.equal(lots < 0n ? -size : size);
    }
    expect(isBelow(world, weak)).to.equal(false);
  });

  it("agree on an account of which one series has ended and another has not: what has ended is paid first", async () => {
    await open(world, 0, 2, 2n);
    await hold(world, weak, rich, [
      [named(0, 2, 6n), -100_000n],
      [call, -900_000n],
      [named(0, 2, 3n, false), 200_000n],
      [named(0, 2, STRIKE_ZERO), 30_000n],
    ]);
    await endOf(world, 2);
    await drain(world, weak);
    await drift(world, 103, () => isBelow(world, weak));
    await world.comparePreview(weak, "preview");
    const events = await sold(world, world.liquidate(weak, keeper));
    expect(events[0]?.name).to.equal("SeriesPaid");
    expect(world.state.accounts.get(weak)?.series.get(0)).to.have.length(1);
    // the fund's account sheds what it has, paid as well
    world.pass(1n);
    await world.step(world.refresh(0, 1));
    await sold(world, world.shed(ownerOf(rich), 0, rich, WAD / 3n));
  });

  it("agree on perpetuals beside nothing but series that have ended: the preview is of what is sold", async () => {
    await open(world, 0, 2, 2n);
    await open(world, 1, 1, 2n);
    await hold(world, weak, rich, [
      [0n, -900_000n],
      [named(0, 2, 6n), -6_001n],
      [named(1, 1, STRIKE_ZERO), 3_001n],
    ]);
    await endOf(world, 2);
    await drain(world, weak);
    await drift(world, 102, () => isBelow(world, weak));
    // the price of the second underlying grows old: nothing of it is left that it would value
    world.pass(90n);
    await world.step(world.post(0, priceOf(world)), "later", []);
    await world.comparePreview(weak, "preview");
    const { terms } = plan(new Draft(world.state), weak);
    const events = await sold(world, world.liquidate(weak, keeper));
    expect(events.filter(({ name }) => name === "SeriesPaid")).to.have.length(2);
    expect(liquidationIn(events)!.fraction).to.equal(terms.fraction);
  });

  it("agree on a fund account that holds the opposite: both shrink, and what is closed leaves the list", async () => {
    await hold(world, weak, rich, [
      [call, -900_000n],
      [named(0, 1, 8n), -200_000n],
    ]);
    await hold(world, other, rich, [
      [call, 900_000n],
      [named(0, 1, 2n, false), -800_000n],
      [FUTURE, 300_000n],
    ]);
    for (const id of [weak, other]) await drain(world, id);
    const fund = world.fundAccounts[1]!;
    const inFund = (): bigint => seriesLotsOf(world.state.accounts.get(fund)!, 0, call >> 8n);
    await drift(world, 104, () => isBelow(world, weak));
    await sold(world, world.liquidate(weak, keeper));
    const inherited = inFund();
    expect(inherited < 0n).to.equal(true);
    await expectFundFigures(world.deployment.vault, ownerOf(fund), "with options");
    await drift(world, 95, () => isBelow(world, other));
    const { openInterest } = world.state.underlyings[0]!.funding;
    await sold(world, world.liquidate(other, keeper));
    expect(inFund() > inherited).to.equal(true);
    expect(world.state.underlyings[0]!.funding.openInterest < openInterest).to.equal(true);
    // until the fund has nothing left
    world.pass(30n);
    await world.step(world.refresh(0, 1));
    await sold(world, world.shed(ownerOf(rich), 0, rich, WAD / 2n));
    await sold(world, world.shed(ownerOf(rich), 0, rich, WAD));
    expect(world.state.underlyings[0]!.fund.inventorySince).to.equal(0n);
    world.pass(1n);
    expect(await world.step(world.shed(ownerOf(rich), 0, rich, WAD))).to.deep.equal({ reverted: "FundAccountEmpty" });
  });

  it("agree on a fund account with a stray lot of the perpetual beside options: it sheds them by parts, at the discount of the part", async () => {
    await hold(world, weak, rich, [
      [call, -900_000n],
      [0n, -6_007n],
    ]);
    await drain(world, weak);
    await drift(world, 104, () => isBelow(world, weak));
    await sold(world, world.liquidate(weak, keeper));
    world.pass(30n);
    await world.step(world.refresh(0, 1));
    const fund = world.fundAccounts[1]!;
    const held = (): bigint => seriesLotsOf(world.state.accounts.get(fund)!, 0, call >> 8n);
    const lots = (): bigint => world.state.accounts.get(fund)!.positions.get(0)?.lots ?? 0n;
    // a shed, which asks for no size, leaves one
    await sold(world, world.shed(ownerOf(rich), 0, rich, ((-lots() - 1n) * WAD) / -lots()));
    const before = held();
    expect(lots()).to.equal(-1n);
    world.pass(1n);
    expect(await world.step(world.shed(ownerOf(rich), 0, rich, 0n))).to.deep.equal({ reverted: "NothingToDo" });
    await sold(world, world.shed(ownerOf(rich), 0, rich, WAD / 10n));
    expect([held(), lots()]).to.deep.equal([before - lotsPartUp(before, WAD / 10n), 0n]);
    await sold(world, world.shed(ownerOf(rich), 0, rich, WAD / 10n));
    expect(held() < 0n).to.equal(true);
  });

  it("agree on an account that owes more than it has: sold whole to the fund, to nobody else", async () => {
    await hold(world, weak, rich, [
      [call, -900_000n],
      [named(0, 1, 2n, false), 10_000n],
      [1n, 3_001n],
    ]);
    await drain(world, weak);
    await drift(world, 114, () => equityOf(world, weak) < 0n);
    world.pass(1n);
    await world.step(world.refresh(0, 1));
    world.pass(1n);
    expect(await world.step(world.liquidateTo(ownerOf(rich), weak, rich))).to.deep.equal({ reverted: "AccountInsolvent" });
    const events = await sold(world, world.liquidate(weak, keeper));
    expect(events.map(({ name }) => name)).to.include("ShortfallCovered");
    const { cash, series, positions } = world.state.accounts.get(weak)!;
    expect([cash, series.size, positions.size]).to.deep.equal([0n, 0, 0]);
    world.pass(1n);
    await world.step(world.topUp(0));
    world.pass(1n);
    await world.step(world.refreshCap(0));
  });

  it("agree on a taker: within its margin by fresh words, and by what is left of the discount", async () => {
    await hold(world, weak, other, [
      [call, -900_000n],
      [named(0, 1, 1n, false), 100_000n],
    ]);
    await drain(world, weak);
    await hold(world, rich, other, [[named(0, 1, 3n, false), -10_000n]]);
    await drift(world, 104, () => isBelow(world, weak));
    const to = (taker: AccountId, most = WAD, least = 0n) => world.liquidateTo(ownerOf(taker), weak, taker, most, least);
    for (const [reason, attempt] of [
      ["WordsStale", to(rich)],
      ["FractionAboveLimit", to(rich, 1n)],
      ["DiscountBelowLimit", to(rich, WAD, 10n ** 24n)],
      ["TakerIsAccount", to(weak)],
    ] as const) {
      world.pass(1n);
      expect(await world.step(attempt), reason).to.deep.equal({ reverted: reason });
    }
    world.pass(1n);
    await world.step(world.refresh(0, 1));
    world.pass(1n);
    // nothing to stand on: the margin that the error names is what words leave
    expect(await world.step(to(keeper))).to.deep.equal({ reverted: "MarginTooLow" });
    await sold(world, to(rich));
  });

  it("agree on prices that are in doubt: below the line at both edges of the band, or not at all", async () => {
    await hold(world, weak, rich, [
      [call, -900_000n],
      [named(0, 1, 3n, false), -100_000n],
      [1n, -3_001n],
    ]);
    await drain(world, weak);
    await drift(world, 104, () => isBelow(world, weak));
    world.pass(5n);
    await world.step(world.post(0, priceOf(world), 0n, false));
    world.pass(1n);
    expect(await world.step(world.liquidate(weak, keeper))).to.deep.equal({ reverted: "AccountHealthy" });
    world.pass(60n);
    await drift(world, 114, () => equityOf(world, weak) < -20_000n * WAD);
    world.pass(5n);
    await world.step(world.post(0, priceOf(world), 0n, false));
    await sold(world, world.liquidate(weak, keeper));
  });

  it("agree on an exchange of collateral: options count as far as they are owed, priced live", async () => {
    const poor = world.accounts[3]!;
    await deposit(world, poor, 10n, 0);
    await hold(world, poor, rich, [
      [named(0, 1, 3n), 600_000n],
      [named(0, 1, 9n), -100_000n],
      [FUTURE, -10_000n],
    ]);
    await drift(world, 96, () => priceOf(world) < 1_700n * WAD);
    world.pass(1n);
    await world.step(world.declare(poor));
    expect(world.state.accounts.get(poor)?.exchangeSince).to.equal(world.state.now);
    world.pass(40n);
    await world.step(world.post(0, priceOf(world)));
    const buy = (amount: bigint) => world.exchange(ownerOf(rich), poor, 0, amount, rich);
    world.pass(1n);
    expect(await world.step(buy(WAD / 10n))).to.deep.equal({ reverted: "WordsStale" });
    world.pass(1n);
    await world.step(world.refresh(0, 1));
    world.pass(1n);
    expect(await world.step(buy(9n * WAD))).to.deep.equal({ reverted: "ExchangeTooLarge" });
    world.pass(1n);
    expect(await world.step(buy(WAD / 10n))).to.have.property("events");
  });
});

describe("engine and contracts with options and dated futures, at random", function () {
  this.timeout(600_000);
  const tally = new Map<string, number>();
  const count = (what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1);

  for (let i = 0; i < WALKS; i++) {
    it(`agree to the unit, walk ${i}`, async () => {
      const random = new Random(FIRST_SEED + i);
      const world = await SeriesChain.create(3);
      await openAll(world);
      for (const id of world.accounts) await deposit(world, id, 2_000n + BigInt(random.below(20_000)));
      await walk(new SeriesWalk(world, random), random, `walk ${i}`, count);
    });
    it(`agree to the unit where accounts fail, walk ${i}`, async () => {
      await crash(new Random(FIRST_SEED + 100 + i), `crash ${i}`, count);
    });
  }

  it("met enough of everything", () => {
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(tally);
    for (const kind of KINDS) expect(tally.get(kind) ?? 0, kind).to.be.at.least(kind === "settle" ? 1 : 2);
    for (const [what, least] of MET) expect(tally.get(what) ?? 0, what).to.be.at.least(least);
  });
});

/** Six accounts that hold as much as their margin allows, some of it as collateral, where prices jump. */
async function crowded(random: Random): Promise<SeriesWalk> {
  const world = await SeriesChain.create(3);
  await openAll(world);
  for (const [i, id] of world.accounts.entries()) {
    await deposit(world, id, i % 3 === 2 ? 300n : 3_000n + BigInt(random.below(3_000)));
    if (i % 3 === 2) await deposit(world, id, 2n, 0);
  }
  const calls = new SeriesWalk(world, random);
  for (let i = 0; i < 60; i++) {
    world.pass(2n);
    await world.step(calls.choose(i % 20 === 19 ? "deposit" : "trade").call, `crowded ${i}`, []);
  }
  return calls;
}

/** Options of thirty days and of two on the first underlying, of three on the other. */
async function openAll(world: SeriesChain): Promise<void> {
  await open(world, 0, 1, 30n);
  await open(world, 0, 2, 2n);
  await open(world, 1, 1, 3n);
}

/** Calls at random, time that passes, and the windows of the series that expire on the way. */
async function walk(calls: SeriesWalk, random: Random, name: string, count: (what: string) => void): Promise<void> {
  const { world } = calls;
  for (let i = 0; i < STEPS; i++) {
    const left = untilWindow(world);
    const inWindow = world.state.underlyings.some(({ series }) =>
      [...series.values()].some(({ word, listed }) => listed && openingOf(expiryOf(word)) < world.state.now),
    );
    let seconds = random.chance(0.85) ? 1 + random.below(15) : 60 + random.below(240);
    if (inWindow) seconds = 10 + random.below(60);
    else if (random.chance(0.012)) seconds = 3_600 + random.below(12_000);
    if (left !== undefined && (i === Math.floor(STEPS / 3) || i === Math.floor((2 * STEPS) / 3))) {
      // something is held of what ends
      const step = async (kind: Kind, make: () => Call): Promise<void> => {
        world.pass(1n);
        const answer = await world.step(make(), `${name}, before the window at ${i}`, []);
        if ("reverted" in answer) return;
        count(kind);
        for (const { name } of answer.events) count(name);
      };
      await fresh(calls, random, step);
      for (let each = 0; each < 6; each++) await step("trade", () => calls.choose("trade").call);
      seconds = Number(untilWindow(world) ?? 61n) - 60;
    }
    world.pass(BigInt(Math.max(seconds, 1)));
    const { kind, call } = calls.choose();
    const answer = await world.step(call, `${name}, step ${i}`, [random.pick(world.accounts)]);
    if ("reverted" in answer) {
      count(answer.reverted);
      count(`${kind} ${answer.reverted}`);
    } else {
      count(kind);
      for (const { name, values } of answer.events) count(name === "FillSkipped" ? `FillSkipped ${values.reason}` : name);
      countSale(kind, answer.events, count);
    }
    if (kind === "refresh") await world.compareRisks(`${name}, step ${i}`);
    checkSums(world, `${name}, step ${i}`);
  }
  // whoever still holds what has settled is paid
  for (const [i, [id, place]] of calls.unpaid().entries()) {
    world.pass(1n);
    const answer = await world.step(world.pay(id, ...place), `${name}, payment ${i}`, [id]);
    if ("events" in answer) for (const { name } of answer.events) count(name);
    checkSums(world, `${name}, payment ${i}`);
  }
  await world.compare(`the end of ${name}`, [...world.accounts, ...world.fundAccounts]);
}

/** Rounds in which accounts load up, prices and volatilities run away, and whoever fails is sold, at times in a window and after it. */
async function crash(random: Random, name: string, count: (what: string) => void): Promise<void> {
  const calls = await crowded(random);
  const { world } = calls;
  let steps = 0;
  const step = async (kind: Kind, make: () => Call, seconds = 1): Promise<void> => {
    world.pass(BigInt(seconds));
    const call = make();
    const what = `${name}, step ${steps++}`;
    const answer = await world.step(call, what, []);
    if ("reverted" in answer) count(`${kind} ${answer.reverted}`);
    else {
      count(kind);
      for (const { name, values } of answer.events) if (name === "FillSkipped") count(`FillSkipped ${values.reason}`);
      countSale(kind, answer.events, count);
      checkRestored(world, answer.events, what);
    }
    checkSums(world, what);
  };
  const any = (kind: Kind): Promise<void> => step(kind, () => calls.choose(kind).call);
  for (let round = 0; round < ROUNDS; round++) {
    await reopen(world, round);
    for (const id of world.accounts) {
      if (equityOf(world, id) >= 600n * WAD) continue;
      const token = random.chance(0.3) ? 0 : SETTLEMENT;
      await deposit(world, id, token === 0 ? 1n : 1_000n + BigInt(random.below(3_000)), token);
    }
    await fresh(calls, random, step);
    for (const id of world.accounts) await step("trade", () => calls.load(id));
    for (let i = 0; i < 2; i++) await any("trade");
    if (round % 3 === 2) world.pass((untilWindow(world) ?? 0n) + 60n);
    if (round % 3 === 1) await throughWindow(calls, step);
    const direction = [0, 1].map((underlying) => (random.chance(0.5 + calls.riseOf(underlying)) ? -1 : 1));
    let more = random.chance(0.5) ? 4 : 0;
    for (let i = 0; i < 9 && (calls.below().length === 0 || more-- > 0); i++) {
      for (const underlying of [0, 1]) {
        await step(
          "post",
          (): Call => calls.move(underlying, 1 + direction[underlying]! * (0.01 + 0.06 * random.fraction())),
          15 + random.below(15),
        );
      }
    }
    // with words that are stale nobody may take over
    if (random.chance(0.85)) await fresh(calls, random, step);
    for (let i = 0; i < 6 && (i === 0 || calls.below().length !== 0); i++) await any(random.chance(0.6) ? "liquidateTo" : "liquidate");
    if (calls.inventories().length !== 0) {
      if (random.chance(0.8)) await fresh(calls, random, step);
      for (const kind of ["shed", "shed", "topUp", "refreshCap"] as const) await any(kind);
    }
    for (let i = 0; i < 2 && calls.undeclared().length !== 0; i++) await any("declare");
    for (let i = 0; i < 2 && calls.declared().length !== 0; i++) await any("exchange");
    if (random.chance(0.3)) await any(random.pick(["refreshCap", "pay", "withdraw"] as const));
    // what settled in this round and was not sold since
    if (round % 3 === 1) await any("pay");
  }
  await world.compare(`the end of ${name}`, [...world.accounts, ...world.fundAccounts]);
}

/** Whoever was sold has nothing left but cash, or is above its line. */
function checkRestored(world: SeriesChain, events: readonly DecodedEvent[], what: string): void {
  for (const { name, values } of events) {
    if (name !== "Liquidated") continue;
    const { equity, margin, notional } = liveFiguresOf(world, BigInt(values.account!));
    const { maintenance } = termsAt(world.state.margin, world.state.now);
    expect(notional === 0n || equity >= partUp(margin, maintenance), what).to.equal(true);
  }
}

/** Lists a series where one of the two that a walk lives on has come to its end. */
async function reopen(world: SeriesChain, round: number): Promise<void> {
  for (const underlying of [0, 1]) {
    const { series } = world.state.underlyings[underlying]!;
    const left = [...series].filter(([, { word }]) => openingOf(expiryOf(word)) > world.state.now);
    if (left.length >= 2 - underlying) continue;
    await open(world, underlying, Math.max(...series.keys()) + 1, 2n + BigInt(round % 3));
  }
}

/** The nearest series ends, and nobody is paid. */
async function throughWindow(calls: SeriesWalk, step: (kind: Kind, make: () => Call, seconds?: number) => Promise<void>): Promise<void> {
  calls.world.pass(untilWindow(calls.world) ?? 0n);
  for (let i = 0; i < 13; i++) for (const underlying of [0, 1]) await step("post", () => calls.move(underlying, 1), 80);
}

/** Prices that are posted now, slices of volatilities that may have jumped, and words of both. */
async function fresh(calls: SeriesWalk, random: Random, step: (kind: Kind, make: () => Call) => Promise<void>): Promise<void> {
  for (const underlying of [0, 1]) await step("post", () => calls.move(underlying, 1));
  for (const { place } of calls.unsettled()) {
    if (random.chance(0.5)) await step("slice", () => calls.bend(place, random.chance(0.4) ? 0.75 + 0.6 * random.fraction() : 1));
    await step("refresh", () => calls.world.refresh(...place));
  }
}

/** The liquidation among the events, if there was one. */
function liquidationIn(events: readonly DecodedEvent[]): LoggedSale | undefined {
  return events.flatMap(({ name, values }) => saleOf({ name, args: values }) ?? [])[0];
}

/** What is worth knowing of a liquidation or a shed: how much of the account went, and whether options were among it. */
function countSale(kind: Kind, events: readonly DecodedEvent[], count: (what: string) => void): void {
  const isSale = kind === "liquidate" || kind === "liquidateTo" || kind === "shed";
  const books = events.flatMap(({ values }) => booksIn(String(values.moved ?? "0x")));
  if (!isSale || !(books.some(({ series }) => series.length !== 0) || events.some(({ name }) => name === "SeriesPaid"))) return;
  const done = liquidationIn(events);
  const size = done === undefined ? "" : done.fraction === WAD ? " whole" : " slice";
  count(`${kind} with series${size}`);
  if (events.some(({ name }) => name === "SeriesPaid")) count("sale that pays settled series");
  if (books.length > 1) count("sale of two underlyings");
}

/** Sizes of every instrument sum to zero, open interest is what is held, and claims are the tokens and the deficit. */
function checkSums(world: SeriesChain, what: string): void {
  const { underlyings, accounts, settlement, deficit, margin, now } = world.state;
  let claims = [...accounts.values()].reduce((sum, { cash }) => sum + cash, 0n);
  for (const [index, underlying] of underlyings.entries()) {
    const { series, funding } = underlying;
    const fundingIndex = indexNow(underlying, margin.tradingAge, now);
    const sums = new Map<bigint, bigint>();
    const held = new Map<number, bigint>();
    let longs = 0n;
    for (const account of accounts.values()) {
      const dated = account.series.get(index) ?? [];
      const position = account.positions.get(index);
      claims -= (position?.lots ?? 0n) * (fundingIndex - (position?.fundingIndex ?? 0n));
      for (const each of [{ instrument: 0n, lots: position?.lots ?? 0n }, ...dated]) {
        sums.set(each.instrument, (sums.get(each.instrument) ?? 0n) + each.lots);
        longs += countedUp(each);
      }
      for (const { instrument, lots } of dated) {
        const number = Number(instrument >> 8n);
        held.set(number, (held.get(number) ?? 0n) + (lots < 0n ? -lots : lots));
      }
    }
    for (const [number, each] of series) expect(each.surface.openInterest, what).to.equal(held.get(number) ?? 0n);
    for (const [instrument, sum] of sums) {
      const own = series.get(Number(instrument >> 8n));
      const live = own === undefined ? undefined : seriesNow(underlying, own, now);
      // those who are paid leave the others of their series without an opposite
      if (live?.settled) claims += sum * payoffOf(instrumentFromNumber(instrument), live.series.word, live.forward);
      else expect(sum, what).to.equal(0n);
    }
    expect(funding.openInterest, what).to.equal(longs);
  }
  expect(claims, what).to.equal(settlement + deficit);
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
  return { sliceWord: sliceOf(volatility, Number(spanAt(expiry, now))), basis, publishTime: now };
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

/** Trades, all of which are filled at the mark. */
async function hold(world: SeriesChain, id: AccountId, maker: AccountId, legs: readonly (readonly [bigint, bigint])[]): Promise<void> {
  const fills = legs.map(([instrument, lots]) => fill(world, maker, instrument, lots));
  expect(await trade(world, id, fills)).to.deep.equal([]);
}

/** Prices as they are, and words of them. */
async function renew(world: SeriesChain): Promise<void> {
  for (const [underlying, { series }] of world.state.underlyings.entries()) {
    world.pass(1n);
    await world.step(world.post(underlying, priceOf(world, underlying)), "drain", []);
    for (const [number, { word }] of series) {
      world.pass(1n);
      if (openingOf(expiryOf(word)) > world.state.now) await world.step(world.refresh(underlying, number), "drain", []);
    }
  }
}

/** Takes out what an account can do without. */
async function drain(world: SeriesChain, id: AccountId): Promise<void> {
  await renew(world);
  world.pass(1n);
  const { equity, margin } = assess(portfolioOf(new Draft(world.state), id), termsAt(world.state.margin, world.state.now), true);
  const amount = (equity - margin) / 10n ** 12n - 1_000_000n;
  expect(amount > 0n, "something to take out").to.equal(true);
  const out: Action = { kind: "Withdraw", account: id, token: SETTLEMENT, amount, to: ownerOf(id) };
  expect(await world.step(world.actions(ownerOf(id), [out]))).to.have.property("events");
}

/** Prices of the first underlying, each some percent of the last, until something is so; that of the other stays. */
async function drift(world: SeriesChain, percent: number, until: () => boolean): Promise<void> {
  for (let i = 0; i < 40 && !until(); i++) {
    world.pass(30n);
    await world.step(world.post(1, priceOf(world, 1)), "drift", []);
    world.pass(10n);
    await world.step(world.post(0, (priceOf(world) * BigInt(percent)) / 100n), "drift", []);
  }
  expect(until(), "met by posts").to.equal(true);
}

/** Of one of the underlying, WAD. */
function priceOf(world: SeriesChain, underlying = 0): bigint {
  const { price, lotExponent } = world.state.underlyings[underlying]!;
  return price * 10n ** lotExponent;
}

/** The window of a series of the first underlying passes, with prices in it, of the other too where that has series. */
async function endOf(world: SeriesChain, series: number): Promise<void> {
  const expiry = expiryOf(world.state.underlyings[0]!.series.get(series)!.word);
  world.pass(expiry - 1_800n - world.state.now);
  for (let i = 0; i < 13; i++) {
    await world.step(world.post(0, priceOf(world)), "window", []);
    world.pass(10n);
    if (world.state.underlyings[1]!.series.size > 0) await world.step(world.post(1, priceOf(world, 1)), "window", []);
    world.pass(140n);
  }
  await world.step(world.post(0, priceOf(world)), "window", []);
  world.pass(1n);
  await world.step(world.slice(0, 1, report(world, expiryOf(world.state.underlyings[0]!.series.get(1)!.word), 0.6)), "window", []);
}

/** A sale that comes to something, and its events. */
async function sold(world: SeriesChain, call: Call): Promise<readonly DecodedEvent[]> {
  world.pass(1n);
  const answer = await world.step(call, "sale", [...world.accounts, ...world.fundAccounts]);
  if ("reverted" in answer) throw new Error(`${call.description}: ${answer.reverted}`);
  checkRestored(world, answer.events, call.description);
  checkSums(world, call.description);
  return answer.events;
}

function isBelow(world: SeriesChain, id: AccountId): boolean {
  const { equity, margin } = liveFiguresOf(world, id);
  return equity < partUp(margin, termsAt(world.state.margin, world.state.now).maintenance);
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

async function deposit(world: SeriesChain, account: AccountId, tokens: bigint, token = SETTLEMENT): Promise<void> {
  world.pass(1n);
  const action: Action = { kind: "Deposit", account, token, amount: tokens * (token === SETTLEMENT ? 10n ** 6n : WAD) };
  await world.step(world.actions(ownerOf(account), [action]), "a deposit", []);
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
