import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { firstRate, isGoodRate, openingRateDown, rateAfter } from "../../../src/engine/math/idle/rate.ts";
import { max, min, PPM, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { TokenRate } from "../../../src/engine/types/rate.ts";
import { Random } from "../../helpers/random.ts";

const START = 1_700_000_000n;
const DAY = 86_400n;
const BOUND = 500n; // ppm a day
const FRESH = firstRate(WAD, BOUND, START);

/** Readings at seconds after the start. */
const read = (rate: TokenRate, ...readings: readonly (readonly [at: bigint, said: bigint])[]): TokenRate =>
  readings.reduce((before, [at, said]) => rateAfter(before, said, START + at), rate);

const part = (ppm: bigint): bigint => (WAD * ppm) / PPM;

describe("the rate of a collateral token", () => {
  it("default: two readings an hour apart raise it to the lower of them, by what a day allows", () => {
    const hour = 3_600n;
    const rose = read(FRESH, [DAY, part(1_000_300n)], [DAY + hour, part(1_000_310n)]);
    expect(rose.rate).to.equal(part(1_000_300n));
    // the second waits in its turn
    expect(read(rose, [DAY + 2n * hour, part(1_000_400n)]).rate).to.equal(part(1_000_310n));
    // a year without a rise allows no more than a day
    expect(read(FRESH, [365n * DAY, 2n * WAD], [365n * DAY + 60n, 2n * WAD]).rate).to.equal(part(1_000_500n));
  });

  it("behavior: H-2 a donation of a hundred times what there is moves nothing in its block, and then no more than a day allows", () => {
    let rate = read(FRESH, [10n * DAY, WAD]);
    for (let i = 0; i < 10; i++) rate = read(rate, [10n * DAY, 100n * WAD]);
    expect(rate.rate).to.equal(WAD);
    for (let i = 1n; i <= 1_440n; i++) rate = read(rate, [10n * DAY + 60n * i, 100n * WAD]);
    // the first confirmed rise uses up a day, the rest of the day adds another
    expect(rate.rate > part(1_000_900n)).to.equal(true);
    expect(rate.rate < part(1_001_001n)).to.equal(true);
  });

  it("behavior: one block lowers it by half a percent at most, however often it is read; until it is read again opening sees the lower one", () => {
    let rate = FRESH;
    for (let i = 0; i < 5; i++) rate = read(rate, [100n, part(600_000n)]);
    expect(rate.rate).to.equal(part(995_000n));
    expect(openingRateDown(rate, START + 100n) <= part(600_000n)).to.equal(true);
    expect(openingRateDown(rate, START + 100n) > part(599_998n)).to.equal(true);
    expect(read(rate, [159n, part(600_000n)]).rate).to.equal(part(995_000n));
    expect(read(rate, [160n, part(600_000n)]).rate).to.equal(part(600_000n));
    // at the higher of the two
    expect(read(rate, [160n, part(500_000n)]).rate).to.equal(part(600_000n));
    expect(read(rate, [160n, part(700_000n)]).rate).to.equal(part(700_000n));
  });

  it("behavior: whoever reads it honestly in between ends a fall that was made for one block", () => {
    const honest = read(FRESH, [100n, part(600_000n)], [112n, WAD], [160n, part(600_000n)]);
    expect(honest.rate >= part(990_000n)).to.equal(true);
    // a reading that nobody has looked at again in two hours confirms nothing
    expect(read(FRESH, [100n, part(600_000n)], [100n + 7_201n, part(600_000n)]).rate >= part(990_000n)).to.equal(true);
  });

  it("behavior: it comes back to where it was in the last seven days by two readings, and not later", () => {
    const low = read(FRESH, [100n, part(600_000n)], [160n, part(600_000n)]);
    expect(read(low, [1_000n, WAD], [1_060n, 2n * WAD]).rate).to.equal(WAD);
    expect(read(low, [1_000n, WAD]).rate).to.equal(part(600_000n));
    const late = 8n * DAY;
    expect(read(low, [late, WAD], [late + 60n, WAD]).rate).to.equal(part(600_300n));
    // once it is back nothing more may come back
    const back = read(low, [1_000n, WAD], [1_060n, 2n * WAD]);
    expect(back.peak).to.equal(0n);
  });

  it("behavior: what nobody has read for a day opens nothing, and is not sold to who asks", () => {
    expect(openingRateDown(FRESH, START + DAY)).to.equal(WAD);
    expect(openingRateDown(FRESH, START + DAY + 1n)).to.equal(0n);
    expect(isGoodRate(FRESH, START + DAY + 1n)).to.equal(false);
    for (const [said, good] of [
      [part(1_004_999n), true],
      [part(1_005_001n), false],
    ] as const) {
      expect(isGoodRate(read(FRESH, [10n, said]), START + 10n)).to.equal(good);
    }
  });

  it("property: readings within a minute never raise it and lower it by half a percent at most, nor moves one beyond what was read", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed) => {
        const random = new Random(seed);
        let rate = FRESH;
        let now = START;
        const held: [bigint, bigint][] = [[now, WAD]];
        for (let i = 0; i < 40; i++) {
          now += BigInt(random.pick([0, 1, 59, 60, 61, 3_600, 7_201, 86_400, 700_000]));
          const before = rate;
          const said = random.chance(0.3) ? before.rate : random.part(WAD, 0.4, 1.6);
          rate = rateAfter(before, said, now);
          expect(rate.rate >= min(before.rate, said) && rate.rate <= max(before.rate, said)).to.equal(true);
          if (before.readingTime === 0n || now - before.readingTime < 60n) {
            expect(rate.rate <= before.rate && rate.rate * PPM >= before.rate * 995_000n).to.equal(true);
          }
          const elapsed = now - before.risen < DAY ? now - before.risen : DAY;
          const allowed = before.rate + (before.rate * BOUND * elapsed) / (PPM * DAY);
          const lately = held.filter(([time]) => now - time <= 604_800n).reduce((most, [, value]) => max(most, value), 0n);
          expect(rate.rate <= max(allowed, lately)).to.equal(true);
          expect(openingRateDown(rate, now) <= rate.rate).to.equal(true);
          held.push([now, rate.rate]);
          // it was what it is until now
          held.push([now, before.rate]);
        }
      }),
      { numRuns: 20 },
    );
  });
});
