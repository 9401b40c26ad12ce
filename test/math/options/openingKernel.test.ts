import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { riskWordAt } from "../../../src/engine/math/options/optionStress.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { KernelHarness } from "../../../typechain-types/index.ts";
import { anyWord, signed, upTo } from "../../helpers/arbitraries.ts";

const LARGEST_PRICE = 2n ** 96n - 1n;
const PPB = 10n ** 9n;
const DAY = 86_400;

const place = fc.record({
  forward: upTo(LARGEST_PRICE, 10n ** 12n),
  range: upTo(500_000_000n, 1_000_000n).map((range) => range * PPB),
});
const drift = fc.record({
  volatilities: fc.tuple(upTo(2n ** 60n), upTo(2n ** 60n), upTo(2n ** 60n)),
  fall: upTo(2n ** 50n),
  fallDown: upTo(2n ** 50n),
  rise: upTo(2n ** 50n),
});
/** A move of price and range as parts of half a percent and one percent, as far as words may be used at all, or as far as anything can be. */
const move = fc.oneof(
  fc.record({ price: fc.integer({ min: -1_000, max: 1_000 }), range: fc.integer({ min: -1_000, max: 0 }) }),
  fc.record({ price: fc.integer({ min: -60_000, max: 100_000 }), range: fc.integer({ min: -90_000, max: 90_000 }) }),
);

type Place = typeof place extends fc.Arbitrary<infer T> ? T : never;

const moved = ({ forward, range }: Place, by: { readonly price: number; readonly range: number }): Place => ({
  forward: forward + (forward * BigInt(by.price)) / 200_000n,
  range: (((range / PPB) * BigInt(100_000 + by.range)) / 100_000n) * PPB,
});

/** Options on one series as their words say it, of strikes near and far. */
const optionsOf = fc.record({
  forward: fc.integer({ min: 1, max: 60_000 }),
  ppm: fc.integer({ min: 20_000, max: 300_000 }),
  seconds: fc.integer({ min: 600, max: 400 * DAY }),
  volatility: fc.integer({ min: 10, max: 250 }),
  legs: fc.array(fc.record({ strike: fc.integer({ min: -2_500, max: 2_500 }), lots: fc.integer({ min: -10_000, max: 10_000 }) }), {
    minLength: 1,
    maxLength: 10,
  }),
  by: fc.record({ price: fc.integer({ min: -1_000, max: 1_000 }), range: fc.integer({ min: -1_000, max: 0 }) }),
});

/** Nothing where a lane would saturate: a vault refuses such a series. */
function wordsOf(make: () => bigint[]): bigint[] | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof Reverted && error.errorName === "LaneSaturated") return undefined;
    throw error;
  }
}

describe("opening kernel", function () {
  this.timeout(300_000);
  let harness: KernelHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("KernelHarness");
  });

  it("default: the tight bound and that of the opposite book are the plain ones to the unit, whatever the words, the moves and the ranges", async () => {
    const positions = fc.array(fc.record({ word: anyWord, lots: fc.bigInt(1n - 2n ** 37n, 2n ** 37n - 1n) }), { maxLength: 8 });
    const cases = fc.record({ positions, anchor: place, other: place, by: fc.option(move), lost: drift });
    await fc.assert(
      fc.asyncProperty(cases, async ({ positions: each, anchor, other, by, lost }) => {
        const words = each.map(({ word }) => word);
        const lots = each.map((position) => position.lots);
        const live = by === null ? other : moved(anchor, by);
        const [values, ofDelta] = await harness.bound(words, lots, anchor, live, lost);
        const plain = await harness.plainBound(words, lots, anchor, live, lost);
        expect([...values]).to.deep.equal([...plain.byPrice]);
        expect([...ofDelta]).to.deep.equal([...plain.ofDelta]);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it("default: the least over all scenarios is that of lines added one by one", async () => {
    const line = fc.record({ mark: signed(120), line: signed(120), range: upTo(500_000_000n).map((range) => range * PPB) });
    const values = fc.array(signed(120), { minLength: 17, maxLength: 17, size: "max" });
    await fc.assert(
      fc.asyncProperty(values, fc.array(line, { maxLength: 5 }), async (each, lines) => {
        const [together, plain] = await harness.least(each as never, lines);
        expect(together).to.equal(plain);
      }),
      { seed: 4, numRuns: 300 },
    );
  });

  it("behavior: the coarse bound is at most the tight one in every scenario, and its delta is as wide", async () => {
    let nearest = 1;
    await fc.assert(
      fc.asyncProperty(optionsOf, async ({ forward, ppm, seconds, volatility, legs, by }) => {
        const anchor = { forward: BigInt(forward) * WAD, range: BigInt(ppm) * 1_000n * PPB };
        const sigma = (BigInt(volatility) * WAD) / 100n;
        const deviation = (volatility / 100) * Math.sqrt(seconds / (365 * DAY));
        const strikes = legs.map(
          ({ strike }) => BigInt(Math.round(forward * Math.exp((strike / 1_000) * deviation) * 1e6) + 1) * 10n ** 12n,
        );
        const words = wordsOf(() => strikes.map((strike) => riskWordAt(strike, sigma, anchor, BigInt(seconds))));
        fc.pre(words !== undefined);
        const lots = legs.map((leg) => BigInt(leg.lots));
        const live = moved(anchor, by);
        const none = { volatilities: [0n, 0n, 0n] as [bigint, bigint, bigint], fall: 0n, fallDown: 0n, rise: 0n };
        const [tight, ofDelta] = await harness.bound(words, lots, anchor, live, none);
        const [coarse, gain, doubt] = await harness.coarse(words, lots, anchor, live, 0n);
        const gross = lots.reduce((sum, each) => sum + (each < 0n ? -each : each), 0n) * anchor.forward;
        coarse.forEach((value, place) => {
          expect(value <= tight[place]!, `place ${place}`).to.equal(true);
          if (gross !== 0n) nearest = Math.min(nearest, Number(((tight[place]! - value) * 10n ** 9n) / gross) / 1e9);
        });
        const [above, below, oppositeAbove, oppositeBelow] = ofDelta;
        expect(gain - doubt <= above + oppositeBelow).to.equal(true);
        expect(gain + doubt >= -(oppositeAbove + below)).to.equal(true);
      }),
      { seed: 5, numRuns: 400 },
    );
    // it is no lower than it has to be: somewhere the two all but meet
    expect(nearest).to.be.lessThan(1e-4);
  });
});
