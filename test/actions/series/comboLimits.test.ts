import { expect } from "chai";
import { beforeEach, describe, it } from "mocha";
import type { Fill } from "../../../src/engine/actions/trading.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import type { AccountId } from "../../../src/engine/types/types.ts";
import { combo, deposit, open, type Part, PRICES, post, refresh, trade } from "../../helpers/comboWorld.ts";
import { liftOpenInterestCap } from "../../helpers/deploy.ts";
import { Random } from "../../helpers/random.ts";
import { named, SeriesChain, tradeOf } from "../../helpers/walks/seriesChain.ts";

const LOTS = 50_000n;
const SEED = Number(process.env.PLIMSOLL_SEED ?? 926);
const STEPS = Number(process.env.PLIMSOLL_OPERATIONS ?? 60);

const call = (underlying: number, index: bigint, series = 1): bigint => named(underlying, series, index);
const put = (underlying: number, index: bigint, series = 1): bigint => named(underlying, series, index, false);
const future = (underlying: number, series = 1): bigint => named(underlying, series, STRIKE_ZERO);
const reversed = (parts: readonly Part[]): Part[] => parts.map(([instrument, lots]) => [instrument, -lots]);
const all = (parts: readonly unknown[], what: string): string[] => parts.map(() => what);

/** Every step runs on the chain and on the engine, which have to agree on all that is stored (`SeriesChain.step`). */
describe("combos on two underlyings and at the limits", function () {
  this.timeout(600_000);
  let world: SeriesChain;
  let [taker, maker, other, poor] = [0n, 0n, 0n, 0n];

  beforeEach(async () => {
    world = await SeriesChain.create(4);
    [taker, maker, other, poor] = world.owners.map((owner) => accountIdOf(owner)) as [AccountId, AccountId, AccountId, AccountId];
    for (const underlying of [0, 1]) {
      await open(world, 1, 2n, underlying);
      await open(world, 2, 60n, underlying);
      await refresh(world, underlying);
    }
    for (const id of [taker, maker, other]) await deposit(world, id, 40_000n);
    await deposit(world, poor, 150n);
  });

  const openInterest = (): (bigint | undefined)[] => [0, 1].map((underlying) => world.state.underlyings[underlying]?.funding.openInterest);
  const positionsOf = (account: AccountId): number =>
    [...(world.state.accounts.get(account)?.series.values() ?? [])].reduce((sum, list) => sum + list.length, 0);

  /** The open interest of an underlying may rise by `room`. */
  async function leaveRoom(underlying: number, room: bigint): Promise<void> {
    const { connection, vault } = world.deployment;
    const underlyings = [...world.state.underlyings];
    const one = underlyings[underlying]!;
    const cap = one.funding.openInterest + room;
    await liftOpenInterestCap(connection, vault, underlying, cap);
    underlyings[underlying] = { ...one, funding: { ...one.funding, cap } };
    world.state = { ...world.state, underlyings };
  }

  /** The most lots of an instrument that the poor one can sell, by the engine. */
  function mostOf(instrument: bigint): bigint {
    let [fits, fails] = [5_000n, 5_000_000n];
    while (fails - fits > 100n) {
      const middle = (fits + fails) / 2n;
      const answer = world.attempt(world.actions(ownerOf(taker), [tradeOf(taker, combo(world, poor, [[instrument, middle]]))]));
      if ("events" in answer && answer.events[0]?.name === "Filled") fits = middle;
      else fails = middle;
    }
    return fits;
  }

  it("legs on both are opened and closed together", async () => {
    const parts: Part[] = [
      [call(0, 5n), LOTS],
      [put(1, 5n), -LOTS],
      [future(0, 2), -LOTS],
      [future(1, 1), LOTS],
    ];
    expect(await trade(world, taker, combo(world, maker, parts))).to.deep.equal(all(parts, "Filled"));
    expect(openInterest()).to.deep.equal([2n * LOTS, 2n * LOTS]);
    expect([...world.state.accounts.get(maker)!.series.keys()].sort()).to.deep.equal([0, 1]);
    expect(await trade(world, taker, combo(world, maker, reversed(parts)))).to.deep.equal(all(parts, "Filled"));
    expect(openInterest()).to.deep.equal([0n, 0n]);
    expect([positionsOf(taker), positionsOf(maker)]).to.deep.equal([0, 0]);
  });

  it("the maker needs margin for both underlyings, and the one leg that it cannot bear takes the other's down", async () => {
    // three fifths of the most that it bears of either
    const parts = [call(0, 5n), call(1, 5n)].map((instrument): Part => [instrument, (3n * mostOf(instrument)) / 5n]);
    for (const part of parts) {
      expect(await trade(world, taker, combo(world, poor, [part]))).to.deep.equal(["Filled"]);
      expect(await trade(world, taker, combo(world, poor, reversed([part])))).to.deep.equal(["Filled"]);
    }
    const before = world.state.accounts.get(poor);
    for (const list of [parts, [...parts].reverse()]) {
      expect(await trade(world, taker, combo(world, poor, list))).to.deep.equal(all(parts, "MarginTooLow"));
    }
    expect(world.state.accounts.get(poor)).to.deep.equal(before);
    expect(openInterest()).to.deep.equal([0n, 0n]);
  });

  it("H-66 one leg that cannot stand takes those of the other underlying down, whichever it is", async () => {
    const legs: Part[] = [
      [call(0, 4n), LOTS],
      [call(1, 6n), -LOTS],
      [put(0, 3n, 2), LOTS],
      [future(1, 2), -LOTS],
    ];
    expect(await trade(world, taker, combo(world, maker, legs))).to.deep.equal(all(legs, "Filled"));
    const { underlyings } = world.state;
    const wrong: readonly (readonly [string, Partial<Fill>])[] = [
      ["PriceOutsideBand", { price: 2n ** 90n }],
      ["FeeOutsideBounds", { takerFee: 10n ** 24n }],
      ["ZeroLots", { lots: 0n }],
      ["PositionCapExceeded", { lots: 2n ** 40n }],
      // beyond what a size is stored in, either way
      ["PositionCapExceeded", { lots: 2n ** 94n }],
      ["PositionCapExceeded", { lots: -(2n ** 94n) }],
    ];
    for (const [reason, changes] of wrong) {
      for (let at = 0; at < legs.length; at++) {
        const parts = legs.map((leg, i): Part => (i === at ? [leg[0], leg[1], changes] : leg));
        const found = await trade(world, taker, combo(world, maker, parts), `${reason} at ${at}`, []);
        expect(found, `${reason} at ${at}`).to.deep.equal(all(legs, reason));
      }
    }
    expect(world.state.underlyings).to.deep.equal(underlyings);
  });

  it("a price within the band of one leg is no excuse for another: each has its own mark", async () => {
    const marks = combo(world, maker, [
      [future(0), LOTS],
      [future(1), LOTS],
    ]).map(({ price }) => price);
    const parts = (up: readonly [bigint, bigint]): Part[] => [
      [future(0), LOTS, { price: marks[0]! + up[0] }],
      [future(1), -LOTS, { price: marks[1]! + up[1] }],
    ];
    // 2 % of the mark, rounded down
    const most = marks.map((mark) => (mark * 20_000n) / 1_000_000n) as [bigint, bigint];
    for (const beyond of [
      [most[0] + 1n, 0n],
      [0n, most[1] + 1n],
      [0n, -most[1] - 1n],
    ] as const) {
      expect(await trade(world, taker, combo(world, maker, parts(beyond)))).to.deep.equal(all(beyond, "PriceOutsideBand"));
    }
    expect(await trade(world, taker, combo(world, maker, parts(most)))).to.deep.equal(all(most, "Filled"));
  });

  it("open interest is capped leg by leg: two that fit alone do not fit together, and what closes makes room for what comes after it", async () => {
    await leaveRoom(0, LOTS);
    const two: Part[] = [
      [call(0, 5n), LOTS],
      [call(0, 6n), LOTS],
    ];
    expect(await trade(world, taker, combo(world, maker, two))).to.deep.equal(all(two, "OpenInterestCapExceeded"));
    expect(openInterest()).to.deep.equal([0n, 0n]);
    // legs on the other underlying do not count here, and are taken down with what does not fit here
    const across: Part[] = [[future(1), LOTS], ...two];
    expect(await trade(world, taker, combo(world, maker, across))).to.deep.equal(all(across, "OpenInterestCapExceeded"));
    expect(await trade(world, taker, combo(world, maker, across.slice(0, 2)))).to.deep.equal(["Filled", "Filled"]);
    expect(openInterest()).to.deep.equal([LOTS, LOTS]);

    const roll: Part[] = [
      [call(0, 5n), -LOTS],
      [call(0, 6n, 2), LOTS],
    ];
    expect(await trade(world, taker, combo(world, maker, [...roll].reverse()))).to.deep.equal(all(roll, "OpenInterestCapExceeded"));
    expect(await trade(world, taker, combo(world, maker, roll))).to.deep.equal(all(roll, "Filled"));
    expect(openInterest()).to.deep.equal([LOTS, LOTS]);
    await leaveRoom(0, 0n);
    // what passes from one to another opens nothing anew
    expect(await trade(world, taker, combo(world, other, [[call(0, 6n, 2), -LOTS]]))).to.deep.equal(["Filled"]);
  });

  it("a market that only reduces lets a combo through that only reduces, and no leg on the other underlying that does not", async () => {
    const legs: Part[] = [
      [call(0, 5n, 2), LOTS],
      [call(1, 5n, 2), -LOTS],
    ];
    expect(await trade(world, taker, combo(world, maker, legs))).to.deep.equal(all(legs, "Filled"));
    // the feed of the second underlying lapses, that of the first does not
    world.pass(4_000n);
    for (const underlying of [0, 1]) {
      world.pass(1n);
      await world.step(world.post(underlying, PRICES[underlying]!), "post", []);
    }
    await post(world, 2, 0);
    for (const underlying of [0, 1]) await refresh(world, underlying, [2]);
    const [near, far] = [call(0, 5n, 2), call(1, 5n, 2)];
    const refused: readonly Part[][] = [
      [
        [near, LOTS],
        [far, -LOTS],
      ],
      [
        [far, -LOTS],
        [near, -LOTS],
      ],
      // more than is held
      [
        [near, -LOTS],
        [far, LOTS + 1n],
      ],
      [
        [near, LOTS],
        [call(1, 6n, 2), LOTS],
      ],
    ];
    for (const parts of refused) {
      expect(await trade(world, taker, combo(world, maker, parts))).to.deep.equal(all(parts, "RiskMayNotRise"));
    }
    // the other maker holds nothing to reduce
    expect(await trade(world, taker, combo(world, other, reversed(legs)))).to.deep.equal(all(legs, "RiskMayNotRise"));
    const half: Part[] = [
      [near, -LOTS / 2n],
      [far, LOTS / 2n],
    ];
    expect(await trade(world, taker, combo(world, maker, half))).to.deep.equal(all(half, "Filled"));
    // one leg may grow where its market is open
    const turned: Part[] = [
      [far, LOTS / 2n],
      [near, LOTS],
    ];
    expect(await trade(world, taker, combo(world, maker, turned))).to.deep.equal(all(turned, "Filled"));
  });

  it("words that are stale after the legs keep both sides from opening; legs that leave no such series do not", async () => {
    const held: Part[] = [
      [call(0, 5n), LOTS],
      [put(0, 5n), LOTS],
    ];
    expect(await trade(world, taker, combo(world, maker, held))).to.deep.equal(all(held, "Filled"));
    world.pass(20n);
    await world.step(world.post(0, (PRICES[0] * 101n) / 100n), "post", []);
    await refresh(world, 0, [2]);
    const mixed: Part[] = [
      [call(0, 6n), LOTS],
      [call(0, 6n, 2), -LOTS],
    ];
    for (const parts of [mixed, [...mixed].reverse()]) {
      // neither order, whoever makes: who holds the stale series, and who would
      expect(await trade(world, taker, combo(world, maker, parts))).to.deep.equal(all(parts, "RiskMayNotRise"));
      expect(await trade(world, other, combo(world, poor, parts))).to.deep.equal(all(parts, "RiskMayNotRise"));
    }
    // out of the one and into the other
    const roll: Part[] = [...reversed(held), [call(0, 6n, 2), LOTS], [put(0, 4n, 2), LOTS]];
    expect(await trade(world, taker, combo(world, maker, roll))).to.deep.equal(all(roll, "Filled"));
    // words of either underlying
    world.pass(1n);
    await world.step(world.post(0, (PRICES[0] * 101n) / 100n), "post", []);
    await refresh(world, 0);
    const across: Part[] = [
      [call(0, 6n), LOTS],
      [call(1, 6n), -LOTS],
    ];
    world.pass(20n);
    await world.step(world.post(1, (PRICES[1] * 101n) / 100n), "post", []);
    expect(await trade(world, taker, combo(world, maker, across))).to.deep.equal(all(across, "RiskMayNotRise"));
    await refresh(world, 1, [1]);
    expect(await trade(world, taker, combo(world, maker, across))).to.deep.equal(all(across, "Filled"));
  });

  it("a leg whose series has settled takes the others down", async () => {
    const expiry = (world.state.underlyings[0]?.series.get(1)?.word ?? 0n) >> 224n;
    const spread: Part[] = [
      [call(0, 5n), -LOTS],
      [call(0, 5n, 2), LOTS],
      [call(1, 5n, 2), LOTS],
    ];
    expect(await trade(world, taker, combo(world, maker, spread))).to.deep.equal(all(spread, "Filled"));
    for (let time = expiry - 1_800n; time <= expiry; time += 180n) {
      world.pass(time - world.state.now);
      await world.step(world.post(0, PRICES[0]), "window", []);
    }
    for (const underlying of [0, 1]) {
      world.pass(1n);
      if (underlying === 1) await world.step(world.post(1, PRICES[1]), "post", []);
      await post(world, 2, underlying);
      await refresh(world, underlying, [2]);
    }
    for (const parts of [reversed(spread), reversed(spread).reverse()]) {
      expect(await trade(world, taker, combo(world, maker, parts))).to.deep.equal(all(parts, "SeriesIsSettled"));
    }
    // what is to be paid stays on the books of both until somebody pays it
    const rest = reversed(spread).slice(1);
    expect(await trade(world, taker, combo(world, maker, rest))).to.deep.equal(all(rest, "Filled"));
    expect([positionsOf(taker), positionsOf(maker)]).to.deep.equal([1, 1]);
    const before = [taker, maker].map((id) => world.state.accounts.get(id)?.cash ?? 0n);
    for (const id of [taker, maker]) {
      world.pass(1n);
      expect(await world.step(world.pay(id, 0, 1))).to.have.property("events");
    }
    const paid = [taker, maker].map((id, i) => (world.state.accounts.get(id)?.cash ?? 0n) - before[i]!);
    expect(paid[0]! + paid[1]!).to.equal(0n);
  });

  it("a maker that would be too small after the whole is skipped, and one that closes all is not", async () => {
    const parts: Part[] = [
      [call(0, 5n), 1_000n],
      [call(1, 5n), -500n],
    ];
    expect(await trade(world, taker, combo(world, maker, parts))).to.deep.equal(all(parts, "PositionTooSmall"));
    const enough = parts.map(([instrument, lots]): Part => [instrument, 6n * lots]);
    expect(await trade(world, taker, combo(world, maker, enough))).to.deep.equal(all(parts, "Filled"));
    expect(await trade(world, taker, combo(world, maker, reversed(enough)))).to.deep.equal(all(parts, "Filled"));
  });

  it("an account with 127 positions over both underlyings takes a combo that closes before it opens, on either side", async () => {
    for (const underlying of [0, 1]) {
      await open(world, 3, 90n, underlying, { step: underlying === 0 ? 60n : 120n, count: 32n });
      await refresh(world, underlying, [1, 2, 3]);
    }
    for (const id of [taker, maker, other]) await deposit(world, id, 400_000n);
    const places = Array.from({ length: 128 }, (_, i) => named(i % 2, 3, BigInt(i >> 2), (i & 2) === 0));
    const full = places.slice(0, 127).map((instrument, i): Part => [instrument, i % 3 === 0 ? 5_000n : -5_000n]);
    for (let from = 0; from < full.length; from += 8) {
      const parts = full.slice(from, from + 8);
      expect(await trade(world, taker, combo(world, maker, parts), `from ${from}`, [])).to.deep.equal(all(parts, "Filled"));
    }
    expect([positionsOf(taker), positionsOf(maker)]).to.deep.equal([127, 127]);
    const [closes, opens]: [Part, Part] = [
      [places[40]!, -full[40]![1]],
      [places[127]!, -5_000n],
    ];
    expect(await trade(world, taker, combo(world, maker, [opens, closes]), "opens first", [])).to.deep.equal(
      all([opens, closes], "TooManySeriesPositions"),
    );
    // the taker alone is full: all of its trade reverts
    expect(await trade(world, taker, combo(world, other, [opens, [places[40]!, 5_000n]]), "taker", [])).to.deep.equal([
      "TooManySeriesPositions",
    ]);
    expect(await trade(world, taker, combo(world, maker, [closes, opens]), "closes first", [])).to.deep.equal(["Filled", "Filled"]);
    expect([positionsOf(taker), positionsOf(maker)]).to.deep.equal([127, 127]);
    // what is held may grow
    const grown: Part[] = [opens, [places[0]!, 5_000n]];
    expect(await trade(world, taker, combo(world, maker, grown), "grown", [])).to.deep.equal(["Filled", "Filled"]);
  });

  it("default: random combos on both underlyings agree to the unit", async () => {
    const random = new Random(SEED);
    const met = new Map<string, number>();
    let across = 0;
    for (let step = 0; step < STEPS; step++) {
      if (step % 8 === 7) {
        const underlying = random.below(2);
        world.pass(1n);
        await world.step(world.post(underlying, (PRICES[underlying]! * BigInt(960 + random.below(80))) / 1_000n), `step ${step}`, []);
        if (random.chance(0.7)) await refresh(world, underlying);
      }
      if (step % 20 === 19) await leaveRoom(random.below(2), BigInt(random.below(200_000)));
      const id = random.pick([maker, other, poor]);
      const size = BigInt(1_000 + random.below(40_000));
      const legs = Array.from({ length: 2 + random.below(3) }, (): Part => {
        const [underlying, series] = [random.below(2), 1 + random.below(2)];
        const instrument = random.chance(0.2)
          ? future(underlying, series)
          : named(underlying, series, BigInt(3 + random.below(5)), random.chance(0.5));
        return [instrument, random.chance(0.5) ? size : -size, random.chance(0.03) ? { price: 0n } : {}];
      });
      const found = await trade(world, random.chance(0.8) ? taker : other, combo(world, id, legs), `step ${step}`, []);
      for (const what of found) met.set(what, (met.get(what) ?? 0) + 1);
      if (new Set(legs.map(([instrument]) => instrument & 255n)).size === 2 && found.every((what) => what === "Filled")) across++;
    }
    await world.compare("the end", world.accounts);
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(met, across);
    expect(across).to.be.at.least(6);
    for (const [what, least] of [
      ["Filled", 25],
      ["MarginTooLow", 3],
      ["OpenInterestCapExceeded", 15],
      ["RiskMayNotRise", 8],
      ["PriceOutsideBand", 2],
    ] as const) {
      expect(met.get(what) ?? 0, what).to.be.at.least(least);
    }
  });
});
