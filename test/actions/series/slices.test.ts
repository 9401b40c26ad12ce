import { expect } from "chai";
import { beforeEach, describe, it } from "mocha";
import { vaultSlot } from "../../../src/deployment/vaultSlots.ts";
import { agedDown, impliedDown, requireFree, sviFromWord, sviWord, varianceDown } from "../../../src/engine/math/options/svi.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import { sliceOf } from "../../helpers/options/series.ts";
import {
  DAY,
  encoded,
  forwardOf,
  type Listing,
  LOT,
  moneynessOf,
  type Report,
  SeriesWorld,
  spanAt,
  surfaceOf,
  YEAR,
} from "../../helpers/seriesWorld.ts";

const HOUR = 3_600n;

/** Seconds of a series' variance by the clock alone, as docs/options.md has them. */
function clockSeconds(expiry: bigint, time: bigint): bigint {
  const left = expiry > time ? expiry - time : 0n;
  return left > 1_800n ? spanAt(expiry, time) : left ** 3n / (3n * 1_800n ** 2n);
}

describe("slices of series", () => {
  let world: SeriesWorld;
  let listing: Listing;

  beforeEach(async () => {
    world = await SeriesWorld.create();
    listing = await world.list();
  });

  async function refused(report: Report, error: string, ...args: unknown[]): Promise<void> {
    await expect(world.postSlice(1, report))
      .to.be.revertedWithCustomError(world.vault, error)
      .withArgs(...args);
  }

  /** Posts what is not newer: nothing is said, and nothing changed. */
  async function leftOut(data: string): Promise<void> {
    const before = await world.vault.seriesWords(0, 1);
    await expect(world.vault.postSlices(0, [{ series: 1, data }])).not.to.emit(world.vault, "SlicePosted");
    expect(await world.vault.seriesWords(0, 1)).to.deep.equal(before);
  }

  it("default: keeps slice, basis, publish time and the seconds it is for, and counts its number up", async () => {
    const first = await world.report(listing.expiry, 0.6, { basis: -3_000_000n });
    await expect(world.postSlice(1, first))
      .to.emit(world.vault, "SlicePosted")
      .withArgs(0, 1, first.sliceWord, first.basis, first.publishTime, 1n);
    const said = await world.vault.seriesWords(0, 1);
    expect(said.sliceWord).to.equal(first.sliceWord);
    expect(surfaceOf(said.surface)).to.deep.equal({
      basis: -3_000_000n,
      published: first.publishTime,
      span: spanAt(listing.expiry, first.publishTime),
      epoch: 1n,
      highest: 0n,
      slide: 0n,
      depth: listing.depth,
      openInterest: 0n,
      cap: 2n * WAD,
    });
    for (const epoch of [2n, 3n]) {
      const next = await world.report(listing.expiry, 0.61);
      await world.postSlice(1, next);
      expect(surfaceOf((await world.vault.seriesWords(0, 1)).surface)).to.deep.include({ epoch, published: next.publishTime, basis: 0n });
    }
  });

  it("args: series and source exist", async () => {
    const report = await world.report(listing.expiry);
    await expect(world.vault.postSlices(0, [{ series: 2, data: encoded(report) }]))
      .to.be.revertedWithCustomError(world.vault, "UnknownSeries")
      .withArgs(0, 2);
    await expect(world.vault.postSlices(9, [{ series: 1, data: encoded(report) }]))
      .to.be.revertedWithCustomError(world.vault, "UnknownSeries")
      .withArgs(9, 1);
    const bare = await SeriesWorld.create([{}, {}]);
    await bare.vault.listSeries(1, await bare.listing());
    await expect(bare.vault.postSlices(1, [{ series: 1, data: "0x" }]))
      .to.be.revertedWithCustomError(bare.vault, "NoVolatilitySource")
      .withArgs(1);
  });

  it("behavior: a slice is newer than the last, at most two minutes old, not from the future", async () => {
    // nothing is known yet
    await leftOut("0x");
    const start = (await world.now()) + 2n * HOUR;
    await world.at(start);
    await refused(await world.report(listing.expiry, 0.6, { publishTime: start - 121n }), "SliceTooOld", 0, 1, 121n, 120n);
    await world.at(start);
    await refused(await world.report(listing.expiry, 0.6, { publishTime: start + 11n }), "SliceFromFuture", 0, 1, start + 11n, start);
    await world.at(start);
    await world.postSlice(1, await world.report(listing.expiry, 0.6, { publishTime: start - 120n }));
    const time = start + 60n;
    for (const age of [120n, 121n]) await leftOut(encoded(await world.report(listing.expiry, 0.7, { publishTime: start - age })));
    // a clock that is ahead counts as now
    await world.at(time);
    await world.postSlice(1, await world.report(listing.expiry, 0.6, { publishTime: time + 10n }));
    expect(surfaceOf((await world.vault.seriesWords(0, 1)).surface)).to.deep.include({
      published: time,
      span: spanAt(listing.expiry, time),
    });
  });

  it("behavior: in the settlement window there are no new slices", async () => {
    const opening = listing.expiry - 1_800n;
    await world.post(undefined, opening - 60n);
    await world.at(opening);
    await refused(await world.report(listing.expiry, 0.6, { publishTime: opening - 30n }), "WindowOpen", 0, 1, opening);
    await world.at(opening - 1n);
    await world.postSlice(1, await world.report(listing.expiry, 0.6, { publishTime: opening - 1n }));
    expect(surfaceOf((await world.vault.seriesWords(0, 1)).surface).span).to.equal(601n);
  });

  it("behavior: the basis is within half a percent and a quarter a year", async () => {
    const time = (await world.now()) + 10n;
    const most = 5_000_000n + (250_000_000n * (listing.expiry - time)) / YEAR;
    for (const basis of [most + 1n, -most - 1n, 2n ** 255n - 1n, -(2n ** 255n)]) {
      await world.at(time);
      await refused(await world.report(listing.expiry, 0.6, { basis, publishTime: time }), "BasisTooFar", basis, most);
    }
    await world.at(time);
    await world.postSlice(1, await world.report(listing.expiry, 0.6, { basis: most, publishTime: time }));
    await world.at(time + 1n);
    await world.postSlice(1, await world.report(listing.expiry, 0.6, { basis: -most + 10n, publishTime: time + 1n }));
  });

  it("behavior: a slice has a good shape and no butterfly arbitrage at the listed strikes at the forward of the basis", async () => {
    const good = sviFromWord(sliceOf(0.6, 2_592_000));
    const wings = { ...good, b: (19n * WAD) / 10n, rho: (WAD * 3n) / 10n };
    for (const [slice, error] of [
      [sviWord(good) | (1n << 250n), "MalformedSlice"],
      [sviWord({ ...good, sigma: 0n }), "MalformedSlice"],
      [sviWord({ ...good, rho: WAD }), "MalformedSlice"],
      [sviWord(wings), "WingTooSteep"],
      [sviWord({ ...good, a: -WAD }), "VarianceTooLow"],
      // Vogt's, in total variance of a month: a butterfly about k = −0.1
      [sviWord({ a: 0n, b: WAD / 5n, rho: -(9n * WAD) / 10n, m: WAD / 20n, sigma: WAD / 1_000n }), "ButterflyArbitrage"],
    ] as const) {
      const report = await world.report(listing.expiry, 0.6, { sliceWord: slice });
      await expect(world.postSlice(1, report), error).to.be.revertedWithCustomError(world.vault, error);
    }
  });

  it("H-88 behavior: a price that crashes so far that a strike is out of reach of the slice stops neither slices nor refreshes", async () => {
    const { connection } = world.deployment;
    const word = (await world.vault.underlyingWords(0))[0] ?? 0n;
    await world.post();
    // a price of a lot of a ten-thousandth of what it was, of one unit, and of one unit with a basis that takes a part of it
    for (const [price, basis] of [
      [LOT / 50_000n, 0n],
      [1n, 0n],
      [1n, -5_000_000n],
    ] as const) {
      const tiny = ((word >> 96n) << 96n) | price;
      await connection.networkHelpers.setStorageAt(
        await world.vault.getAddress(),
        vaultSlot("prices", 0n),
        connection.ethers.toBeHex(tiny, 32),
      );
      await world.postSlice(1, await world.report(listing.expiry, 0.6, { basis }));
      await world.vault.refreshSeries(0, 1);
      expect((await world.vault.seriesState(0, 1)).staleness).to.equal(0n);
    }
  });

  it("H-86 behavior: of what signers said in the last hour only the last two minutes can be posted", async () => {
    // said at every five minutes, and posted by nobody
    const start = await world.now();
    const said = new Map<bigint, Report>();
    for (let minutes = 5n; minutes <= 60n; minutes += 5n) {
      const publishTime = start + minutes * 60n;
      said.set(publishTime, await world.report(listing.expiry, 0.6 + 0.01 * Number(minutes % 25n), { publishTime }));
    }
    const now = start + 61n * 60n;
    const accepted: bigint[] = [];
    await world.deployment.connection.networkHelpers.time.increaseTo(now - 1n);
    for (const [publishTime, report] of said) {
      const taken = await world.vault.postSlices.staticCall(0, [{ series: 1, data: encoded(report) }]).then(
        () => true,
        () => false,
      );
      if (taken) accepted.push(now - publishTime);
    }
    expect(accepted).to.deep.equal([60n]);
    // the newest wins: after it there is no way back
    await world.at(now);
    await world.postSlice(1, said.get(now - 60n)!);
    await leftOut(encoded(await world.report(listing.expiry, 0.7, { publishTime: now - 61n })));
    // and it is believed for an hour
    await world.at(now + HOUR - 60n);
    await world.vault.seriesState(0, 1);
    expect((await world.vault.seriesState(0, 1)).steps).to.equal(0n);
  });

  it("behavior: whatever slice is taken, a refresh can take it: one on which volatility slides by all of itself too", async () => {
    const near = { series: 2, expiry: (await world.now()) + 2n * DAY, base: 1_950n, step: 10n, count: 11 };
    await world.list(near);
    const time = near.expiry - 6n * HOUR;
    await world.post(undefined, time);
    // 10 % at the money, which doubles within five deviations, of which half a percent is two
    const span = Number(spanAt(near.expiry, time + 1n));
    const variance = (0.01 * span) / Number(YEAR);
    const deviation = Math.sqrt(variance);
    const b = (3 * variance) / ((Math.sqrt(26) - 1) * deviation);
    const wad = (value: number): bigint => BigInt(Math.round(value * 1e14)) * 10n ** 4n;
    const steep = sviWord({ a: wad(variance - b * deviation), b: wad(b), rho: 0n, m: 0n, sigma: wad(deviation) });
    await world.at(time + 1n);
    await world.postSlice(2, { sliceWord: steep, basis: 0n, publishTime: time + 1n });
    await world.vault.refreshSeries(0, 2);
    const { slide } = surfaceOf((await world.vault.seriesWords(0, 2)).surface);
    expect(slide > (66n * WAD) / 100n && slide <= WAD + 65_535n, `${slide}`).to.equal(true);
  });

  it("behavior: a slice that would not fit the lanes at the present range is refused with the figures", async () => {
    // listed for 100 % where ranges are at most 35 %; then they may be 50 %, and are
    const far = { series: 2, expiry: (await world.now()) + 700n * DAY, volatilityCap: 100n };
    const { connection } = world.deployment;
    const vault = await world.vault.getAddress();
    await world.list(far);
    const prices = (await world.vault.underlyingWords(0))[0] ?? 0n;
    const wide = (prices & ~(((1n << 32n) - 1n) << 136n)) | (500_000_000n << 136n);
    await connection.networkHelpers.setStorageAt(vault, vaultSlot("prices", 0n), connection.ethers.toBeHex(wide, 32));
    await expect(world.postSlice(2, await world.report(far.expiry, 1.15))).to.be.revertedWithCustomError(
      world.vault,
      "SeriesCouldSaturate",
    );
    await world.postSlice(2, await world.report(far.expiry, 0.6));
  });

  it("H-99 behavior: prices at the listed strikes are convex and fall, the future among them", async () => {
    // each is free of butterflies at every listed strike, and of 143 in 20,000 at random that are not free between them
    for (const [index, { a, b, rho, m, sigma }] of [
      [6, { a: -0.0176069632924, b: 0.5731094347629, rho: 0.8762206008727, m: 0.1695087528268, sigma: 0.0967393850803 }],
      [0, { a: -0.0529625028326, b: 0.5953390253095, rho: -0.4320049981618, m: -0.1567513060698, sigma: 0.1105863799315 }],
    ] as const) {
      const own = await SeriesWorld.create();
      // 0.8 to 1.2 of the price
      const { expiry } = await own.list({ base: 1_600n, step: 133n, count: 7, expiry: (await own.now()) + 30n * DAY });
      const wad = (value: number): bigint => BigInt(Math.round(value * 1e14)) * 10n ** 4n;
      const sliceWord = sviWord({ a: wad(a), b: wad(b), rho: wad(rho), m: wad(m), sigma: wad(sigma) });
      const report = await own.report(expiry, 0.6, { sliceWord });
      const { word } = await own.vault.seriesWords(0, 1);
      const ks = moneynessOf(word, forwardOf(LOT, 0n));
      expect(() => requireFree(sliceWord, ks)).not.to.throw();
      await expect(own.postSlice(1, report))
        .to.be.revertedWithCustomError(own.vault, "StrikesNotConvex")
        // by more than half a percent of the price
        .withArgs(index, (cost: bigint) => -cost * 200n > LOT);
    }
  });

  it("behavior: no listed strike has a volatility above the cap of the series", async () => {
    const time = (await world.now()) + 1n;
    const report = await world.report(listing.expiry, 2.6);
    const { word } = await world.vault.seriesWords(0, 1);
    const ks = moneynessOf(word, forwardOf(LOT, 0n));
    const span = spanAt(listing.expiry, time);
    const volatilities = ks.map((k) => impliedDown(sviFromWord(report.sliceWord), k, span));
    const index = volatilities.findIndex((each) => each > 2n * WAD);
    expect(index).to.be.greaterThan(-1);
    await refused(report, "VolatilityAboveCap", index, volatilities[index], 2n * WAD);
  });

  describe("together", () => {
    const SKEWS = [
      [30n, 31n, -0.3, 0],
      [30n, 32n, -0.4, 0.2],
      [7n, 8n, -0.3, 0],
      [60n, 61n, -0.3, 0.1],
      [2n, 3n, -0.4, 0.4],
    ] as const;

    /** A smile with a volatility of 60 % at the money and a skew. */
    function smile(span: number, rho: number): bigint {
      const variance = (0.36 * span) / Number(YEAR);
      const deviation = Math.sqrt(variance);
      const wad = (value: number): bigint => BigInt(Math.round(value * 1e14)) * 10n ** 4n;
      const [b, sigma] = [deviation / 4, 1.5 * deviation];
      return sviWord({ a: wad(variance - b * sigma), b: wad(b), rho: wad(rho), m: 0n, sigma: wad(sigma) });
    }

    it("H-89 behavior: when the skew turns neighbours that refuse each other in either order are posted together", async () => {
      for (const [near, far, before, after] of SKEWS) {
        const own = await SeriesWorld.create();
        const now = await own.now();
        const listings = [
          await own.list({ series: 1, expiry: now + near * DAY + 2n * HOUR }),
          await own.list({ series: 2, expiry: now + far * DAY + 2n * HOUR }),
        ];
        const said = (rho: number, publishTime: bigint) =>
          listings.map(({ series, expiry }): [number, Report] => [
            series,
            { sliceWord: smile(Number(spanAt(expiry, publishTime)), rho), basis: 0n, publishTime },
          ]);
        const start = now + 10n;
        await own.at(start);
        await own.postSlices(said(before, start));
        const turned = start + 120n;
        await own.deployment.connection.networkHelpers.time.increaseTo(turned - 1n);
        for (const each of said(after, turned)) {
          const alone = own.vault.postSlices.staticCall(0, [{ series: each[0], data: encoded(each[1]) }]);
          await expect(alone, `${near} and ${far} days, ${each[0]}`).to.be.revertedWithCustomError(own.vault, "CalendarArbitrage");
        }
        await own.at(turned);
        await own.postSlices(said(after, turned).reverse());
        for (const [series, { sliceWord }] of said(after, turned)) {
          expect((await own.vault.seriesWords(0, series)).sliceWord).to.equal(sliceWord);
        }
      }
    });

    it("H-76 H-89 behavior: one that somebody copied and posted first is left out, and neither the others nor what follows them revert", async () => {
      const { expiry } = await world.list({ series: 2, expiry: listing.expiry + DAY });
      const time = (await world.now()) + 20n;
      const said: [number, Report][] = [
        [1, await world.report(listing.expiry, 0.6, { publishTime: time })],
        [2, await world.report(expiry, 0.6, { publishTime: time })],
      ];
      const encode = (posts: readonly [number, Report][]): string =>
        world.vault.interface.encodeFunctionData("postSlices", [0, posts.map(([series, report]) => ({ series, data: encoded(report) }))]);
      const refresh = (series: number): string => world.vault.interface.encodeFunctionData("refreshSeries", [0, series]);
      await world.post(undefined, time);
      await world.postSlice(...said[0]!);
      await expect(world.together([encode(said), refresh(1), refresh(2)]))
        .to.emit(world.vault, "SeriesRefreshed")
        .and.to.emit(world.vault, "SlicePosted");
      expect((await world.vault.seriesWords(0, 2)).sliceWord).to.equal(said[1]![1].sliceWord);
      // nor after a use of the price, where nothing would be written; what is newer is refused then
      await world.together([refresh(1), encode(said)]);
      const newer: [number, Report][] = [[1, await world.report(listing.expiry, 0.61)]];
      await expect(world.together([refresh(1), encode(newer)])).to.be.revertedWithCustomError(world.vault, "PriceUsed");
    });

    it("behavior: what lies between two of one call is compared, in whatever order they come", async () => {
      const { expiry } = await world.list({ series: 2, expiry: listing.expiry + DAY });
      const time = (await world.now()) + 10n;
      const pair = async (far: number): Promise<[number, Report][]> => [
        [1, await world.report(listing.expiry, 0.7, { publishTime: time })],
        [2, await world.report(expiry, far, { publishTime: time })],
      ];
      for (const posts of [await pair(0.6), (await pair(0.6)).reverse()]) {
        await world.at(time);
        await expect(world.postSlices(posts)).to.be.revertedWithCustomError(world.vault, "CalendarArbitrage");
      }
      await world.at(time);
      await world.postSlices(await pair(0.7));
    });

    it("args: at most eight, each series once; none is nothing; the first that may not be posted names itself", async () => {
      const report = await world.report(listing.expiry);
      const nine = Array.from({ length: 9 }, (_, i): [number, Report] => [i + 1, report]);
      await expect(world.postSlices(nine)).to.be.revertedWithCustomError(world.vault, "TooManySlices").withArgs(9, 8);
      await expect(world.postSlices([nine[0]!, nine[0]!]))
        .to.be.revertedWithCustomError(world.vault, "SeriesNamedTwice")
        .withArgs(0, 1);
      await expect(world.postSlices(nine.slice(0, 8)))
        .to.be.revertedWithCustomError(world.vault, "UnknownSeries")
        .withArgs(0, 2);
      await world.postSlices([]);
    });
  });

  describe("calendars", () => {
    const NEAR = 10n * DAY;
    const FAR = 60n * DAY;

    /** A series at each of three expiries, with strikes of their own; the outer ones have slices. */
    beforeEach(async () => {
      const start = (await world.now()) - 1n;
      await world.list({ series: 2, expiry: start + NEAR, base: 1_800n, step: 50n, count: 6 });
      await world.list({ series: 3, expiry: start + FAR, base: 1_000n, step: 500n, count: 5 });
      for (const series of [2, 3]) await world.postSlice(series, await world.report(await expiryOf(series)));
    });

    /** The same total variance at every strike. */
    function flat(variance: number, publishTime: bigint): Report {
      const a = BigInt(Math.round(variance * 1e10)) * 10n ** 8n;
      return { sliceWord: sviWord({ a, b: 0n, rho: 0n, m: 0n, sigma: WAD }), basis: 0n, publishTime };
    }

    async function expiryOf(series: number): Promise<bigint> {
      return (await world.vault.seriesWords(0, series)).word >> 224n;
    }

    /** Total variance at the strikes of both series, of a neighbour as of `time`. */
    async function compared(neighbour: number, time: bigint, slice: bigint) {
      const other = await world.vault.seriesWords(0, neighbour);
      const { span } = surfaceOf(other.surface);
      const left = clockSeconds(other.word >> 224n, time);
      const aged = left <= span ? agedDown(other.sliceWord, left, span) : other.sliceWord;
      const own = (await world.vault.seriesWords(0, 1)).word;
      const ks = [...moneynessOf(own, forwardOf(LOT, 0n)), ...moneynessOf(other.word, forwardOf(LOT, 0n))];
      return ks.map((k) => ({ k, own: varianceDown(sviFromWord(slice), k), other: varianceDown(sviFromWord(aged), k) }));
    }

    it("behavior: variance neither falls from the next earlier nor to the next later expiry, at the strikes of both, as of now", async () => {
      // two minutes on: of 1,500 s of the earlier slice 1,380 are left
      const time = (await expiryOf(2)) - 2_580n;
      await world.at(time - 120n);
      await world.postSlices([
        [2, flat(0.00015, time - 120n)],
        [3, flat(0.01, time - 119n)],
      ]);
      const low = flat(0.000135, time);
      const below = (await compared(2, time, low.sliceWord)).find(({ own, other }) => own < other);
      await world.at(time);
      await refused(low, "CalendarArbitrage", below?.k, below?.other, below?.own);
      const high = flat(0.01, time);
      const above = (await compared(3, time, high.sliceWord)).find(({ own, other }) => other < own);
      await world.at(time);
      await refused(high, "CalendarArbitrage", above?.k, above?.own, above?.other);
      // what would have been below the earlier slice as it was published is above what is left of it
      const between = flat(0.00014, time);
      const early = sviFromWord((await world.vault.seriesWords(0, 2)).sliceWord);
      const pairs = await compared(2, time, between.sliceWord);
      expect(pairs.every(({ own, other }) => own >= other)).to.equal(true);
      expect(pairs.some(({ k, own }) => own < varianceDown(early, k))).to.equal(true);
      await world.at(time);
      await world.postSlice(1, between);
    });

    it("behavior: the strikes of the neighbour count as those of the series", async () => {
      const time = (await world.now()) + 1n;
      // above the later one at 1,000 and 3,000 alone, where the series has no strikes
      const steep = sviWord({ a: WAD / 250n, b: (8n * WAD) / 100n, rho: 0n, m: 0n, sigma: WAD / 5n });
      const pairs = await compared(3, time, steep);
      expect(pairs.slice(0, 10).every(({ own, other }) => own <= other)).to.equal(true);
      const broken = pairs.slice(10).find(({ own, other }) => other < own);
      expect(broken).not.to.equal(undefined);
      await world.at(time);
      await refused({ sliceWord: steep, basis: 0n, publishTime: time }, "CalendarArbitrage", broken?.k, broken?.own, broken?.other);
    });

    it("behavior: nearer neighbours come before farther ones; those of the same expiry, without a slice or settled do not count", async () => {
      // nearer than series 3, but without a slice, and at the same expiry
      await world.list({ series: 4, expiry: listing.expiry + DAY });
      await world.list({ series: 5, expiry: listing.expiry });
      // farther than series 3, and of a higher number
      await world.list({ series: 6, expiry: listing.expiry + 60n * DAY });
      await world.postSlice(6, await world.report(listing.expiry + 60n * DAY, 0.9));
      await expect(world.postSlice(1, await world.report(listing.expiry, 0.9))).to.be.revertedWithCustomError(
        world.vault,
        "CalendarArbitrage",
      );
      await world.postSlice(5, await world.report(listing.expiry, 0.7));
      const much = await world.report(listing.expiry, 0.75);
      await world.postSlice(1, much);
      // now the nearer one has less than series 1
      await expect(world.postSlice(4, await world.report(listing.expiry + DAY, 0.7))).to.be.revertedWithCustomError(
        world.vault,
        "CalendarArbitrage",
      );
      await world.postSlice(4, await world.report(listing.expiry + DAY, 0.76));
      // and bounds series 1, where series 3 alone would not
      const more = await world.report(listing.expiry, 0.79);
      await expect(world.postSlice(1, more)).to.be.revertedWithCustomError(world.vault, "CalendarArbitrage");
    });

    it("behavior: a neighbour that has settled does not bound", async () => {
      const expiry = await expiryOf(2);
      await world.at(expiry - 1_801n);
      await world.postSlice(2, await world.report(expiry, 0.6, { publishTime: expiry - 1_801n }));
      for (let time = expiry - 1_800n; time < expiry; time += 180n) await world.post(undefined, time);
      // in the last second of its window there is no whole second of variance left, and it does not bound either
      await world.at(expiry - 1n);
      await world.postSlice(1, await world.report(listing.expiry, 0.15, { publishTime: expiry - 1n }));
      await world.at(expiry);
      await world.postSlice(1, await world.report(listing.expiry, 0.14, { publishTime: expiry }));
      expect(await world.vault.seriesListed(0)).to.equal(0b1110n);
    });

    it("H-89 behavior: a neighbour bounds while its slice could still be posted; then the next one does whose slice is as young", async () => {
      const start = (await world.now()) + 10n;
      await world.at(start);
      await world.postSlice(2, flat(0.01, start));
      await world.at(start + 1n);
      await world.postSlice(3, flat(0.05, start + 1n));
      await world.list({ series: 4, expiry: start + 5n * DAY });
      await world.at(start + 60n);
      await world.postSlice(4, flat(0.005, start + 60n));
      const calendar = async (report: Report): Promise<void> => {
        await world.at(report.publishTime);
        await expect(world.postSlice(1, report)).to.be.revertedWithCustomError(world.vault, "CalendarArbitrage");
      };
      await calendar(flat(0.007, start + 120n));
      await calendar(flat(0.004, start + 121n));
      await world.at(start + 121n);
      await world.postSlice(1, flat(0.007, start + 121n));
      const later = start + 122n;
      await world.at(later);
      await world.postSlice(1, flat(0.06, later));
    });

    it("behavior: both are compared as of the later of their publish times, whichever is posted last", async () => {
      const time = (await world.now()) + 3_600n;
      await world.at(time);
      await world.postSlice(2, flat(0.01, time));
      // at its own time it has as much variance as the nearer one has a minute later, which is less than that as of then
      const old = flat(0.01, time - 60n);
      const [own] = await compared(
        2,
        time,
        agedDown(old.sliceWord, clockSeconds(listing.expiry, time), clockSeconds(listing.expiry, old.publishTime)),
      );
      expect(own!.own < own!.other).to.equal(true);
      await world.at(time + 1n);
      await refused(old, "CalendarArbitrage", own?.k, own?.other, own?.own);
    });
  });
});
