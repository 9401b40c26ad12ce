import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { listSeries, refreshSeries } from "../../src/engine/actions/series.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import type { Leg } from "../../src/engine/pool/figures.ts";
import { bookOf, type World } from "../../src/engine/pool/pool.ts";
import { quote } from "../../src/engine/pool/quote.ts";
import { abs, WAD } from "../../src/engine/types/fixedPoint.ts";
import { bareState, call, future, later, listing, openState, put, withSlice } from "../helpers/engineSeries.ts";
import { Random } from "../helpers/random.ts";
import { alice, bob, carol, repriced } from "../helpers/state.ts";
import { inventory, poolWorld, traded, tried, values, withParameters, withPool, withVault } from "./fixture.ts";

/** A market whose band lets options be quoted to the limit, with two series. */
function twoSeries(): World {
  const deep = { depth: 10n ** 11n };
  const bare = bareState();
  const underlyings = bare.underlyings.map((each) => ({
    ...each,
    ...deep,
    trading: { ...each.trading, fillBand: 100_000n, feeCap: 5_000n },
  }));
  const one = openState(WAD / 2n, deep, { ...bare, underlyings });
  const listed = listSeries(one, 0, listing(one, { ...deep, series: 2n, expiry: one.now + 60n * 86_400n })).state;
  const both = refreshSeries(withSlice(listed, WAD / 2n, 2), 0, 2).state;
  return poolWorld(withPool(both), [900_000n]);
}

const START = twoSeries();
const COMMITTED = { committed: START.vault.now - 1n };
const NAMES = [call(2n), call(3n), call(4n, 2n), put(2n), put(3n, 2n), future(), 0n];
const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });

const someLots = (random: Random): bigint => BigInt(random.below(400) - 200) * 1_000n || 1_000n;

function drawnLegs(random: Random, most: number): Leg[] {
  const names = new Set(Array.from({ length: 1 + random.below(most) }, () => random.pick(NAMES)));
  const combo = [...names].filter((name) => name !== 0n || names.size === 1);
  return combo.map((instrument) => ({ instrument, lots: someLots(random) }));
}

/** An inventory of options, futures and the perpetual. */
function anywhere(random: Random): World {
  let world = withParameters(START, { wide: 1n });
  for (let i = 0; i < 3; i++) world = tried(world, alice, drawnLegs(random, 3))?.world ?? world;
  return world;
}

const shuffled = <T>(items: readonly T[], random: Random): T[] =>
  items
    .map((item) => ({ item, key: random.fraction() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);

describe("options with the pool", function () {
  this.timeout(120_000);

  it("default: an option is filled at its live mark and half a spread, as many as the margin of the pool allows", () => {
    const lots = 100_000n;
    const { world, paid } = traded(START, alice, [{ instrument: call(3n), lots }], COMMITTED);
    const { mark, reference } = marketOf(new Draft(START.vault), call(3n));
    const { cost, halfSpread, before, after } = quote(
      new Draft(START.vault),
      START.pool,
      [{ instrument: call(3n), lots }],
      COMMITTED.committed,
    );
    expect([before, after > 0n]).to.deep.equal([0n, true]);
    expect(halfSpread).to.equal((lots * reference * 200n + 999_999n) / 1_000_000n);
    // a price is a whole number a lot, rounded against who committed
    expect(paid >= cost + halfSpread && paid < cost + halfSpread + lots).to.equal(true);
    expect(bookOf(world.pool, 0).charged).to.equal(cost);
    expect(world.vault.accounts.get(alice)!.cash).to.equal(START.vault.accounts.get(alice)!.cash - lots * mark - paid);
    expect(tried(START, alice, [{ instrument: call(3n), lots: 100n * lots }], COMMITTED)).to.equal(undefined);
  });

  it("behavior: at once an option pays at least what its value moves when the price has gone as far as its source lets it", () => {
    const legs = [{ instrument: put(3n), lots: 1_000n }];
    const { halfSpread } = quote(new Draft(START.vault), START.pool, legs);
    const { price } = START.vault.underlyings[0]!;
    const { mark } = marketOf(new Draft(START.vault), put(3n));
    const moved = marketOf(new Draft(repriced(START.vault, 0, (price * 995n) / 1_000n)), put(3n)).mark - mark;
    expect(moved > 0n).to.equal(true);
    expect(halfSpread >= 1_000n * moved && halfSpread < 1_000n * moved * 2n).to.equal(true);
  });

  it("behavior: by stale words the pool raises nothing and lowers what it has", () => {
    const { world } = traded(START, alice, [{ instrument: call(3n), lots: 50_000n }]);
    const stale = withVault(world, (vault) => repriced(later(vault, 1_000n), 0, (vault.underlyings[0]!.price * 98n) / 100n));
    expect(() => quote(new Draft(stale.vault), stale.pool, [{ instrument: call(4n), lots: 50_000n }])).to.throw("PoolWordsStale");
    expect(quote(new Draft(stale.vault), stale.pool, [{ instrument: call(3n), lots: -50_000n }]).after).to.equal(0n);
    // the pool still has a value, and keeps what the vault would not let go
    const { lower, accounts } = values(stale);
    expect(lower > 0n && accounts[0]!.loose === 0n && values(world).accounts[0]!.loose > 0n).to.equal(true);
  });

  it("property: legs bought together, one by one or in parts, in any order and by anyone, are never paid less for than at once", () => {
    let compared = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const world = anywhere(random);
        const legs = drawnLegs(random, 4);
        const whole = tried(world, bob, legs);
        if (whole === undefined) return;
        const pieces = legs.flatMap(({ instrument, lots }): Leg[] => {
          const first = random.part(abs(lots), 0, 1) * (lots < 0n ? -1n : 1n);
          return [first, lots - first].filter((part) => part !== 0n).map((part) => ({ instrument, lots: part }));
        });
        const detour = random.chance(0.5) ? drawnLegs(random, 1) : [];
        const back = detour.map(({ instrument, lots }) => ({ instrument, lots: -lots }));
        let [split, paid] = [world, 0n];
        for (const piece of shuffled([...pieces, ...detour, ...back], random)) {
          const step = tried(split, random.pick([bob, carol]), [piece]);
          if (step === undefined) return;
          [split, paid] = [step.world, paid + step.paid];
        }
        expect(paid >= whole.paid, `${paid} for pieces, ${whole.paid} at once`).to.equal(true);
        compared++;
      }),
      { numRuns: 40 },
    );
    expect(compared).to.be.greaterThan(12);
  });

  it("property: a closed loop of options at one state pays", () => {
    let compared = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        let world = anywhere(random);
        const begun = inventory(world);
        let paid = 0n;
        const legs = Array.from({ length: 3 }, () => drawnLegs(random, 3));
        const back = legs.map((each) => each.map(({ instrument, lots }) => ({ instrument, lots: -lots })));
        for (const each of shuffled([...legs, ...back], random)) {
          const step = tried(world, random.pick([bob, carol]), each);
          if (step === undefined) return;
          [world, paid] = [step.world, paid + step.paid];
        }
        expect(inventory(world)).to.equal(begun);
        expect(paid > 0n, `${paid}`).to.equal(true);
        compared++;
      }),
      { numRuns: 40 },
    );
    expect(compared).to.be.greaterThan(12);
  });
});
