import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { Reverted } from "../../src/engine/types/errors.ts";
import { instrumentFromNumber, instrumentNumber, isFuture, STRIKE_ZERO, wordKeyOf } from "../../src/engine/types/instrument.ts";
import { unitUp } from "../../src/engine/words/riskWord.ts";
import {
  anchorOf,
  expiryOf,
  forwardDown,
  listedSeries,
  RANGE_UNIT,
  rangeUp,
  refreshedSeries,
  requireListed,
  type SeriesListing,
  strikeCountOf,
  strikeOf,
} from "../../src/engine/words/seriesWord.ts";
import type { SeriesHarness } from "../../typechain-types/index.ts";
import { upTo } from "../helpers/arbitraries.ts";

const WAD = 10n ** 18n;
const LARGEST_PRICE = 2n ** 96n - 1n;

const listings: fc.Arbitrary<SeriesListing> = fc.record({
  expiry: upTo(2n ** 32n - 1n),
  base: upTo(2n ** 44n - 1n, 1n),
  step: upTo(2n ** 28n - 1n, 1n),
  decimals: upTo(15n),
  count: upTo(127n, 1n),
});
const ranges = upTo(10n ** 18n / 2n);

describe("series word", () => {
  let harness: SeriesHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("SeriesHarness");
  });

  const listedByContract = ({ expiry, base, step, decimals, count }: SeriesListing) => harness.listed(expiry, base, step, decimals, count);

  it("default: a listed series reads back, its strikes evenly apart and exact, as the engine has it", async () => {
    await fc.assert(
      fc.asyncProperty(listings, async (listing) => {
        const word = await listedByContract(listing);
        expect(word).to.equal(listedSeries(listing));
        const { anchor, time, range, epoch, count, expiry } = await harness.unpacked(word);
        expect([anchor, time, range, epoch, count, expiry]).to.deep.equal([0n, 0n, 0n, 0n, listing.count, listing.expiry]);
        expect([strikeCountOf(word), expiryOf(word)]).to.deep.equal([listing.count, listing.expiry]);
        const indices = [...new Set([0n, listing.count / 2n, listing.count - 1n])];
        const strikes = indices.map((index) => (listing.base + index * listing.step) * 10n ** listing.decimals);
        expect([...(await harness.strikes(word, indices))]).to.deep.equal(strikes);
        expect(indices.map((index) => strikeOf(word, index))).to.deep.equal(strikes);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("default: the bits are where the contract documents them", () => {
    const listing = { expiry: 0xe1e2e3e4n, base: 0xb1b2b3b4b5bn, step: 0x5a5b5c5n, decimals: 6n, count: 100n };
    const range = 0x515253n * RANGE_UNIT;
    const word = refreshedSeries(listedSeries(listing), { forward: 0x2000000000000bn << 9n, time: 0x71727374n, range, epoch: 0xc1c2c3n });
    expect(word.toString(2).padStart(256, "0")).to.equal(
      [
        [listing.expiry, 32],
        [100n, 7],
        [6n, 5],
        [listing.step, 28],
        [listing.base, 44],
        [0xc1c2c3n, 24],
        [0x515253n, 24],
        [0x71727374n, 32],
        [9n, 6],
        [0x2000000000000bn, 54],
      ]
        .map(([value, width]) => (value as bigint).toString(2).padStart(width as number, "0"))
        .join(""),
    );
  });

  it("args: what does not fit, no strike, a strike of zero and no step are refused", async () => {
    const sound = { expiry: 1n, base: 1n, step: 1n, decimals: 0n, count: 1n };
    const cases: readonly (readonly [Partial<SeriesListing>, string, readonly bigint[]])[] = [
      [{ base: 0n }, "MalformedSeries", [0n, 1n, 1n]],
      [{ step: 0n }, "MalformedSeries", [1n, 0n, 1n]],
      [{ count: 0n }, "MalformedSeries", [1n, 1n, 0n]],
      [{ base: 2n ** 44n }, "SafeCastOverflowedUintDowncast", [44n, 2n ** 44n]],
      [{ step: 2n ** 28n }, "SafeCastOverflowedUintDowncast", [28n, 2n ** 28n]],
      [{ decimals: 32n }, "SafeCastOverflowedUintDowncast", [5n, 32n]],
      [{ count: 128n }, "SafeCastOverflowedUintDowncast", [7n, 128n]],
      [{ expiry: 2n ** 32n }, "SafeCastOverflowedUintDowncast", [32n, 2n ** 32n]],
      [{ decimals: 28n, base: 7n, step: 1n, count: 2n }, "StrikeTooHigh", [8n * 10n ** 28n]],
    ];
    for (const [change, name, args] of cases) {
      const listing = { ...sound, ...change };
      await expect(listedByContract(listing))
        .to.be.revertedWithCustomError(harness, name)
        .withArgs(...args);
      expect(() => listedSeries(listing)).to.throw(Reverted, `${name}(${args.join(", ")})`);
    }
    // the highest strike that fits
    expect(strikeOf(await listedByContract({ ...sound, decimals: 28n, base: 7n }), 0n)).to.equal(7n * 10n ** 28n);
  });

  it("args: an index beyond the strikes is refused", async () => {
    const word = listedSeries({ expiry: 1n, base: 5n, step: 1n, decimals: 0n, count: 3n });
    await harness.requireListed(word, 2n);
    requireListed(word, 2n);
    await expect(harness.requireListed(word, 3n)).to.be.revertedWithCustomError(harness, "UnknownStrike").withArgs(3n, 3n);
    expect(() => requireListed(word, 3n)).to.throw(Reverted, "UnknownStrike(3, 3)");
  });

  it("default: a refresh writes its fields and no other, and the anchor holds every rounded forward to the unit", async () => {
    await fc.assert(
      fc.asyncProperty(
        listings,
        upTo(LARGEST_PRICE, 1n),
        ranges,
        upTo(2n ** 32n - 1n),
        upTo(2n ** 24n - 1n),
        async (listing, forward, range, time, epoch) => {
          const listed = listedSeries(listing);
          const [anchor, scan] = await harness.rounded(forward, range);
          expect([anchor, scan]).to.deep.equal([forwardDown(forward), rangeUp(range)]);
          // down, by less than one part in 2^53, and no further when rounded again
          expect(anchor <= forward && (forward - anchor) * 2n ** 53n < forward, `${forward} became ${anchor}`).to.equal(true);
          expect(scan >= range && scan < range + RANGE_UNIT).to.equal(true);
          expect([forwardDown(anchor), rangeUp(scan)]).to.deep.equal([anchor, scan]);
          // twice: a second refresh leaves nothing of the first
          const first = await harness.withRefresh(listed, LARGEST_PRICE, WAD, 2n ** 32n - 1n, 2n ** 24n - 1n);
          const word = await harness.withRefresh(first, anchor, scan, time, epoch);
          expect(word).to.equal(refreshedSeries(first, { forward: anchor, time, range: scan, epoch }));
          expect(word >> 140n).to.equal(listed >> 140n);
          const said = await harness.unpacked(word);
          expect([said.anchor, said.time, said.range, said.epoch]).to.deep.equal([anchor, time, scan, epoch]);
          expect(anchorOf(word)).to.deep.equal({ forward: anchor, time, range: scan, epoch });
          expect(unitUp(said.anchor)).to.equal(unitUp(anchor));
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  });

  it("args: a refresh whose time, range or epoch does not fit is refused", async () => {
    const word = listedSeries({ expiry: 1n, base: 1n, step: 1n, decimals: 0n, count: 1n });
    const sound = { forward: 1n, range: 0n, time: 0n, epoch: 0n };
    for (const [change, width] of [
      [{ time: 2n ** 32n }, 32n],
      [{ range: 2n ** 24n * RANGE_UNIT }, 24n],
      [{ epoch: 2n ** 24n }, 24n],
    ] as const) {
      const { forward, range, time, epoch } = { ...sound, ...change };
      await expect(harness.withRefresh(word, forward, range, time, epoch))
        .to.be.revertedWithCustomError(harness, "SafeCastOverflowedUintDowncast")
        .withArgs(width, 2n ** width);
      expect(() => refreshedSeries(word, { ...sound, ...change })).to.throw(Reverted, "SafeCastOverflowedUintDowncast");
    }
  });
});

describe("instrument", () => {
  let harness: SeriesHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("SeriesHarness");
  });

  it("default: series, strike and right go into sixteen bits and back; call and put share the key of their word", async () => {
    for (const series of [0n, 1n, 37n, 255n]) {
      for (const index of [0n, 1n, 64n, 126n, STRIKE_ZERO]) {
        for (const isCall of index === STRIKE_ZERO ? [true] : [false, true]) {
          const { number, key, future, agrees } = await harness.instrument(series, index, isCall);
          expect(number).to.equal(series * 256n + index * 2n + (isCall ? 1n : 0n));
          expect(agrees).to.equal(true);
          expect(key).to.equal(series * 128n + index);
          expect(future).to.equal(index === STRIKE_ZERO);
          const instrument = { series, index, isCall };
          expect([instrumentNumber(instrument), wordKeyOf(number)]).to.deep.equal([number, key]);
          expect(instrumentFromNumber(number)).to.deep.equal(instrument);
          expect(isFuture(instrument)).to.equal(future);
        }
      }
    }
  });

  it("args: no series 256, no index 128 and no put of strike zero", async () => {
    for (const [series, index, isCall] of [
      [256n, 0n, true],
      [0n, 128n, true],
      [3n, STRIKE_ZERO, false],
    ] as const) {
      await expect(harness.instrument(series, index, isCall))
        .to.be.revertedWithCustomError(harness, "UnknownInstrument")
        .withArgs(series, index, isCall);
      expect(() => instrumentNumber({ series, index, isCall })).to.throw(Reverted, `UnknownInstrument(${series}, ${index}, ${isCall})`);
    }
  });
});
