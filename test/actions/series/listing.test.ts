import { expect } from "chai";
import { before, beforeEach, describe, it } from "mocha";
import { vaultSlot } from "../../../src/deployment/vaultSlots.ts";
import { logMoneynessOf, rootOfSeconds, totalVolatilityOf, undiscounted } from "../../../src/engine/math/options/black76.ts";
import { dampedDown, forwardAt } from "../../../src/engine/math/options/optionStress.ts";
import { volatilityRows } from "../../../src/engine/math/options/volatilityShock.ts";
import { max, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { unitUp } from "../../../src/engine/words/riskWord.ts";
import { forwardDown, listedSeries } from "../../../src/engine/words/seriesWord.ts";
import { DAY, type Listing, LOT, SeriesWorld, spanAt, surfaceOf } from "../../helpers/seriesWorld.ts";

/** Units of a lane that a call at the money could need, at a cap of the volatility (WAD). */
function unitsAt(volatility: bigint, seconds: bigint, range: bigint): bigint {
  const forward = forwardDown(LOT);
  const root = rootOfSeconds(seconds);
  const call = (at: bigint, sigma: bigint): bigint =>
    undiscounted(at, forward, at === forward ? 0n : logMoneynessOf(at, forward), totalVolatilityOf(sigma, root)).call;
  const up = call(forwardAt(forward, range, 11n), volatilityRows(volatility, seconds).up);
  return max(up, dampedDown(call(forward, volatility), call(forwardAt(forward, range, 15n), volatility))) / unitUp(forward);
}

describe("listing of series", () => {
  let world: SeriesWorld;

  beforeEach(async () => {
    world = await SeriesWorld.create();
  });

  const refused = async (changes: Partial<Listing>, error: string, ...args: unknown[]): Promise<void> => {
    await expect(
      world.vault.listSeries(0, await world.listing(changes)),
      JSON.stringify(changes, (_, value: unknown) => String(value)),
    )
      .to.be.revertedWithCustomError(world.vault, error)
      .withArgs(...args);
  };

  it("default: stores strikes, depth and cap, sets its bit and tells posts of the underlying", async () => {
    expect(((await world.vault.underlyingWords(0))[5] ?? 0n) >> 160n).to.equal(0n);
    const listing = await world.listing({ series: 7 });
    await expect(world.vault.listSeries(0, listing)).to.emit(world.vault, "SeriesListed").withArgs(0, 7, Object.values(listing));
    const [word, surface, slice, average] = await world.vault.seriesWords(0, 7);
    const { expiry, base, step } = listing;
    expect(word).to.equal(listedSeries({ expiry, base, step, decimals: 13n, count: 10n }));
    const { depth, cap, ...rest } = surfaceOf(surface);
    expect([depth, cap]).to.deep.equal([1_000_000n, 2n * WAD]);
    expect(Object.values(rest).every((value) => value === 0n)).to.equal(true);
    expect([slice, average]).to.deep.equal([0n, 0n]);
    expect(await world.vault.seriesListed(0)).to.equal(1n << 7n);
    expect(await world.vault.riskWords(0, 7)).to.deep.equal(Array<bigint>(10).fill(0n));
    const volatility = (await world.vault.underlyingWords(0))[5] ?? 0n;
    expect(volatility >> 160n).to.equal(1n);
    await world.list({ series: 255 });
    expect(await world.vault.seriesListed(0)).to.equal((1n << 7n) | (1n << 255n));
    expect((await world.vault.underlyingWords(0))[5]).to.equal(volatility);
  });

  it("args: number, underlying, expiry, strikes, depth and cap have bounds", async () => {
    const { vault } = world;
    await expect(vault.listSeries(1, await world.listing()))
      .to.be.revertedWithCustomError(vault, "UnknownUnderlying")
      .withArgs(1);
    await refused({ series: 0 }, "UnknownSeries", 0, 0);

    const now = (await world.now()) + 1n;
    const bounds = (at: bigint): [bigint, bigint] => [at + DAY, at + 730n * DAY + 3_600n];
    const [least, most] = bounds(now);
    await world.at(now);
    await refused({ expiry: least - 1n }, "ExpiryOutOfBounds", least - 1n, least, most);
    const later = (await world.now()) + 1n;
    await world.at(later);
    await refused({ expiry: bounds(later)[1] + 1n }, "ExpiryOutOfBounds", bounds(later)[1] + 1n, ...bounds(later));
    const exact = (await world.now()) + 1n;
    await world.at(exact);
    await world.list({ series: 2, expiry: bounds(exact)[0] });
    const last = (await world.now()) + 1n;
    await world.at(last);
    await world.list({ series: 3, expiry: bounds(last)[1], volatilityCap: 100n });

    // 0.05 and 20 times 2,000
    const quantum = 10n ** 13n;
    await refused({ base: 99n }, "StrikeOutOfBounds", 99n * quantum, LOT / 20n, LOT * 20n);
    await refused({ base: 40_001n, count: 1 }, "StrikeOutOfBounds", 40_001n * quantum, LOT / 20n, LOT * 20n);
    await refused({ base: 100n, step: 39_901n, count: 2 }, "StrikeOutOfBounds", 40_001n * quantum, LOT / 20n, LOT * 20n);
    await world.list({ series: 4, base: 100n, step: 39_900n, count: 2 });
    await refused({ count: 0 }, "MalformedSeries", 1_500n, 100n, 0n);
    await refused({ base: 0n }, "MalformedSeries", 0n, 100n, 10n);
    await refused({ count: 128 }, "SafeCastOverflowedUintDowncast", 7n, 128n);
    await refused({ decimals: 31 }, "StrikeTooHigh", 2_400n * 10n ** 31n);
    await world.list({ series: 5, base: 1_000n, step: 20n, count: 127 });

    await refused({ depth: 0n }, "DepthZero");
    await refused({ volatilityCap: 9n }, "VolatilityCapOutOfBounds", 9n, 10n, 500n);
    await refused({ volatilityCap: 501n }, "VolatilityCapOutOfBounds", 501n, 10n, 500n);
    await world.list({ series: 6, volatilityCap: 10n });
  });

  it("behavior: no more than 340 strikes are listed in all series that are not settled, each counted with four more", async () => {
    const two = await SeriesWorld.create([{}, {}]);
    const { vault } = two;
    const list = async (underlying: number, changes: Partial<Listing>): Promise<void> => {
      await vault.listSeries(underlying, await two.listing({ base: 1_000n, step: 20n, ...changes }));
    };
    const full = async (underlying: number, changes: Partial<Listing>, listed: number): Promise<void> => {
      await expect(list(underlying, changes)).to.be.revertedWithCustomError(vault, "TooManyStrikes").withArgs(listed, 340);
    };
    const expiry = (await two.now()) + 2n * DAY;
    await list(0, { series: 1, expiry, count: 100 });
    await list(0, { series: 2, count: 100 });
    await list(1, { series: 1, count: 120 });
    await full(0, { series: 3, count: 5 }, 341);
    await list(0, { series: 3, count: 4 });
    await full(1, { series: 2, count: 1 }, 345);

    for (let time = expiry - 1_800n; time < expiry; time += 180n) await two.post(undefined, time);
    // settled by the clock, not written down: it counts still, but for the number itself, which is settled by being listed anew
    await two.at(expiry + DAY);
    await full(1, { series: 2, count: 1 }, 345);
    await full(0, { series: 1, count: 101 }, 341);
    expect(await vault.seriesListed(0)).to.equal(0b1110n);
    await list(0, { series: 1, count: 100 });
    await full(1, { series: 2, count: 1 }, 345);
  });

  it("args: an underlying without a price has no series", async () => {
    const unpriced = await SeriesWorld.create([{}, {}]);
    const { connection, vault } = unpriced.deployment;
    const slot = vaultSlot("prices", 1n);
    const word = (await vault.underlyingWords(1))[0] ?? 0n;
    await connection.networkHelpers.setStorageAt(await vault.getAddress(), slot, connection.ethers.toBeHex((word >> 96n) << 96n, 32));
    await expect(vault.listSeries(1, await unpriced.listing()))
      .to.be.revertedWithCustomError(vault, "StrikeOutOfBounds")
      .withArgs(1_500n * 10n ** 13n, 0n, 0n);
  });

  describe("lanes", () => {
    for (const days of [30n, 90n, 365n, 730n]) {
      it(`behavior: no cap is listed at which a lane could saturate, ${days} days`, async () => {
        const time = (await world.now()) + 1n;
        const seconds = spanAt(time + days * DAY, time);
        // the cap, and what a refresh adds to it
        const range = 35_175n * 10n ** 13n;
        let highest = 10n;
        while (highest < 500n && unitsAt((highest + 1n) * 10n ** 16n, seconds, range) <= 32_767n) highest++;
        await world.at(time);
        await world.list({ expiry: time + days * DAY, volatilityCap: highest });
        if (highest === 500n) {
          expect(days).to.equal(30n);
          return;
        }
        const next = time + 1n;
        await world.at(next);
        const units = unitsAt((highest + 1n) * 10n ** 16n, seconds, range);
        await refused(
          { series: 2, expiry: next + days * DAY, volatilityCap: highest + 1n },
          "SeriesCouldSaturate",
          (highest + 1n) * 10n ** 16n,
          units,
        );
        // the table of docs/options.md
        expect(Number(highest)).to.be.closeTo({ 90: 288, 365: 150, 730: 109 }[Number(days)] ?? 0, 1);
      });
    }
  });

  describe("a number", () => {
    let expiry: bigint;

    before(() => {
      expiry = 0n;
    });

    beforeEach(async () => {
      expiry = (await world.now()) + 2n * DAY;
      await world.list({ expiry });
    });

    /** Prices each three minutes through the window. */
    async function settle(): Promise<void> {
      for (let time = expiry - 1_800n; time <= expiry; time += 180n) await world.post(undefined, time);
    }

    it("H-95: is taken until its series has settled, nobody holds it and a day has passed, and then starts anew", async () => {
      await refused({}, "SeriesTaken", 0, 1, 0n);
      await world.postSlice(1, await world.report(expiry));
      await world.post();
      await world.vault.refreshSeries(0, 1);
      await settle();
      const { connection } = world.deployment;
      const address = await world.vault.getAddress();
      const slot = vaultSlot("surfaces", 0n, 1n);
      const surface = (await world.vault.seriesWords(0, 1)).surface;
      await connection.networkHelpers.setStorageAt(address, slot, connection.ethers.toBeHex(surface | (5n << 200n), 32));
      await refused({}, "SeriesTaken", 0, 1, 5n);
      await connection.networkHelpers.setStorageAt(address, slot, connection.ethers.toBeHex(surface, 32));
      expect(await world.vault.seriesListed(0)).to.equal(0n);
      // H-95: nor at once
      await world.at(expiry + DAY - 1n);
      await world.post();
      await refused({}, "SeriesRests", 0, 1, expiry + DAY);
      await world.at(expiry + DAY);
      const again = await world.list({ count: 4, step: 150n, depth: 77n });
      const words = await world.vault.seriesWords(0, 1);
      expect(words.word).to.equal(listedSeries({ ...again, decimals: 13n, count: 4n }));
      expect(surfaceOf(words.surface)).to.deep.include({ depth: 77n, published: 0n, epoch: 0n, highest: 0n });
      expect([words.sliceWord, words.average]).to.deep.equal([0n, 0n]);
      expect(await world.vault.seriesListed(0)).to.equal(2n);
      // never refreshed
      expect((await world.vault.seriesState(0, 1)).staleness).to.equal(1n);
    });

    it("behavior: of a series that settled by the clock alone is free too, and its price is told first", async () => {
      for (let time = expiry - 1_800n; time < expiry; time += 180n) await world.post(undefined, time);
      await world.at(expiry - 1n);
      await refused({}, "SeriesTaken", 0, 1, 0n);
      await world.at(expiry + DAY);
      await expect(world.vault.listSeries(0, await world.listing()))
        .to.emit(world.vault, "SeriesSettled")
        .withArgs(0, 1, LOT);
      expect(await world.vault.seriesListed(0)).to.equal(2n);
    });
  });
});
