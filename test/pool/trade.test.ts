import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { bookOf, type World } from "../../src/engine/pool/pool.ts";
import { quote } from "../../src/engine/pool/quote.ts";
import { abs, max } from "../../src/engine/types/fixedPoint.ts";
import { Random } from "../helpers/random.ts";
import { alice, bob, carol, repriced } from "../helpers/state.ts";
import { inventory, poolWorld, traded, tried, values, waited, withParameters, withVault } from "./fixture.ts";

const accounts = [alice, bob, carol];
const START = poolWorld();
const perpetual = (lots: bigint) => [{ instrument: 0n, lots }];

/** Whole multiples of the smallest position, up to the limit of the pool's account. */
const LOTS = 5_000n;
const MOST = 17_000;
const drawn = (random: Random): bigint => LOTS * BigInt(random.below(2 * MOST) - MOST);

/** Another scan range, from a tenth to three. */
function ranged(world: World, random: Random): World {
  const heldRange = BigInt(100_000_000 + random.below(200_000_000));
  return withVault(world, (vault) => ({
    ...vault,
    underlyings: vault.underlyings.map((each) => ({ ...each, heldRange, targetRange: heldRange })),
  }));
}

/**
 * An inventory that was charged less or more than it would be now, and has gained or lost. The half spread is left out: the cost function has to hold by
 * itself.
 */
function anywhere(random: Random): World {
  const world = ranged(withParameters(START, { wide: 0n }), random);
  const lots = drawn(random);
  const opened = lots === 0n ? world : (tried(world, alice, perpetual(lots))?.world ?? world);
  const { price } = START.vault.underlyings[0]!;
  const moved = withVault(opened, (vault) => repriced(vault, 0, random.part(price, 0.9, 1.1)));
  return ranged(moved, random);
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });

describe("trading with the pool", function () {
  this.timeout(60_000);

  it("default: a trade is filled at the mark, the half spread and the difference of the cost function beyond it, to the unit", () => {
    const lots = 1_000_000n;
    const { world, paid } = traded(START, alice, perpetual(lots));
    const notional = lots * START.vault.underlyings[0]!.price;
    const before = values(START).accounts[0]!;
    const { margin } = values(world).accounts[0]!;
    // Φ = 0.1·IM²/(2·C), and half a percent
    const cost = (margin * margin + 20n * before.equity - 1n) / (20n * before.equity);
    expect(paid).to.equal(cost + notional / 200n);
    expect(bookOf(world.pool, 0).charged).to.equal(cost);
    expect(inventory(world)).to.equal(-lots);
    expect(values(world).accounts[0]!.equity - before.equity).to.equal(paid);
  });

  it("default: at a price published after the order was committed the half spread is the narrow one", () => {
    const lots = 1_000_000n;
    const notional = lots * START.vault.underlyings[0]!.price;
    const atOnce = traded(START, alice, perpetual(lots));
    const after = traded(START, alice, perpetual(lots), { committed: START.vault.now - 1n });
    const saved = atOnce.paid - after.paid - (notional * 48n) / 10_000n;
    // a price is a whole number a lot, rounded against who committed
    expect(saved <= 0n && saved > -lots).to.equal(true);
    const early = { committed: START.vault.now };
    expect(() => traded(START, alice, perpetual(lots), early)).to.throw("PriceNotNewer");
  });

  it("behavior: it quotes until its margin is two fifths of its capital, and always what lowers that", () => {
    let [least, most] = [0n, 10n ** 9n];
    while (most - least > LOTS) {
      const middle = (least + most) / 2n;
      if (tried(START, alice, perpetual(middle)) === undefined) most = middle;
      else least = middle;
    }
    const { world } = traded(START, alice, perpetual(least));
    const { margin } = values(world).accounts[0]!;
    const limit = (values(START).accounts[0]!.equity * 4n) / 10n;
    expect(margin <= limit && margin * 1_000n > limit * 999n).to.equal(true);
    // the price fell into the pool's face; lowering goes on at an old price while accounts are liquidated
    const old = withVault(world, (vault) => ({
      ...repriced(vault, 0, (vault.underlyings[0]!.price * 112n) / 100n),
      now: vault.now + 300n,
    }));
    expect(tried(old, bob, perpetual(LOTS))).to.equal(undefined);
    expect(tried(old, alice, perpetual(-least))).to.not.equal(undefined);
  });

  it("behavior: what is doubtful is filled beyond the doubt, and nothing raises", () => {
    const { world } = traded(START, alice, perpetual(1_000_000n));
    const old = { ...world, vault: { ...world.vault, now: world.vault.now + 61n } };
    const { halfSpread } = quote(new Draft(old.vault), old.pool, perpetual(-100_000n), old.vault.now - 100n);
    expect(halfSpread > (100_000n * 2n * 10n ** 16n * 200n) / 1_000_000n).to.equal(true);
    expect(() => quote(new Draft(old.vault), old.pool, perpetual(100_000n))).to.throw("PriceTooOld");
  });

  it("behavior: C falls with what is lost at once, not with what is paid back, and rises with time alone", () => {
    const lots = perpetual(50_000_000n);
    let { world } = traded(START, alice, lots);
    const { price } = START.vault.underlyings[0]!;
    world = withVault(world, (vault) => repriced(vault, 0, (price * 11n) / 10n));
    const fallen = traded(world, bob, perpetual(10_000n)).world;
    const { capital, charged } = bookOf(fallen.pool, 0);
    expect(capital).to.equal(values(world).accounts[0]!.free);
    const lower = traded(fallen, alice, perpetual(-25_000_000n)).world;
    expect(bookOf(lower.pool, 0).charged < charged).to.equal(true);
    expect(bookOf(lower.pool, 0).capital).to.equal(capital);
    const restored = withVault(lower, (vault) => repriced(vault, 0, price));
    expect(bookOf(traded(restored, bob, perpetual(10_000n)).world.pool, 0).capital).to.equal(capital);
    const hour = waited(restored, 3_600n);
    const { free } = values(hour).accounts[0]!;
    expect(bookOf(traded(hour, bob, perpetual(10_000n)).world.pool, 0).capital).to.equal(capital + free / 24n);
  });

  it("property: no way of splitting a trade over calls and accounts, with detours or without, is paid less for", () => {
    let compared = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const world = anywhere(random);
        const lots = drawn(random);
        if (lots === 0n) return;
        const whole = tried(world, bob, perpetual(lots));
        if (whole === undefined) return;
        let [split, paid, left]: [World, bigint, bigint] = [world, 0n, lots];
        for (let parts = 1 + random.below(5); left !== 0n; parts--) {
          const part =
            parts <= 1 ? left : random.chance(0.2) ? drawn(random) : (random.part(abs(left), 0, 1) / LOTS) * LOTS * (left < 0n ? -1n : 1n);
          if (part === 0n) continue;
          const step = tried(split, random.pick(accounts), perpetual(part));
          if (step === undefined) return;
          [split, paid, left] = [step.world, paid + step.paid, left - part];
        }
        expect(inventory(split)).to.equal(inventory(whole.world));
        expect(paid >= whole.paid, `${paid} for parts, ${whole.paid} for the whole`).to.equal(true);
        compared++;
      }),
      { numRuns: 300 },
    );
    expect(compared).to.be.greaterThan(100);
  });

  it("property: a closed loop at one state pays, by whomever; what was raised and is lowered again pays whatever the range did meanwhile", () => {
    let compared = 0;
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const world = anywhere(random);
        const lots = drawn(random);
        const out = lots === 0n ? undefined : tried(world, bob, perpetual(lots));
        if (out === undefined) return;
        const between = out.raised ? ranged(out.world, random) : out.world;
        const back = tried(between, carol, perpetual(-lots));
        if (back === undefined) return;
        expect(out.paid + back.paid >= 0n, `${out.paid} + ${back.paid}`).to.equal(true);
        compared++;
      }),
      { numRuns: 300 },
    );
    expect(compared).to.be.greaterThan(100);
  });

  it("property: what is paid back is never more than what was charged", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        let world = withParameters(START, { wide: 0n });
        let net = 0n;
        for (let i = 0; i < 12; i++) {
          world = waited(ranged(world, random), BigInt(random.below(40)));
          const lots = drawn(random);
          const step = lots === 0n ? undefined : tried(world, random.pick(accounts), perpetual(lots));
          if (step === undefined) continue;
          world = step.world;
          net += step.paid;
        }
        expect(net >= 0n && bookOf(world.pool, 0).charged <= max(net, 0n)).to.equal(true);
      }),
      { numRuns: 40 },
    );
  });
});
