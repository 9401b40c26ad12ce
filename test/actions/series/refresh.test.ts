import { expect } from "chai";
import { beforeEach, describe, it } from "mocha";
import { vaultSlot } from "../../../src/deployment/vaultSlots.ts";
import { refreshSeries } from "../../../src/engine/actions/seriesRefresh.ts";
import { averageFromWord, movingRangeUp, openingOf, stateAt } from "../../../src/engine/ledger/options/expiry.ts";
import { varianceSeconds } from "../../../src/engine/ledger/options/freshness.ts";
import { type SviSlice, sviFromWord, sviWord, varianceDown } from "../../../src/engine/math/options/svi.ts";
import { max, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { CAUSES } from "../../../src/engine/types/staleCause.ts";
import { anchorOf, forwardDown, rangeUp } from "../../../src/engine/words/seriesWord.ts";
import { mockUpdate } from "../../helpers/deploy.ts";
import { sliceOf } from "../../helpers/options/series.ts";
import {
  coveredUp,
  DAY,
  encoded,
  forwardOf,
  LOT,
  moneynessOf,
  PRICE,
  SeriesWorld,
  shapeOf,
  spanAt,
  surfaceOf,
  wordsOf,
  YEAR,
} from "../../helpers/seriesWorld.ts";

const HOUR = 3_600n;

/** So little variance at the money that half a percent adds a sixth: more than the first terms of a series say. */
const KINKED = { a: WAD / 20_000n, sigma: WAD / 1_000n };

describe("refresh of series in the vault", () => {
  let world: SeriesWorld;

  beforeEach(async () => {
    world = await SeriesWorld.create();
  });

  const wordsOfSeries = async (series = 1) => world.vault.seriesWords(0, series);
  const causeNow = async (): Promise<string> => CAUSES[Number((await world.vault.seriesState(0, 1)).staleness)] ?? "";

  it("default: words, the word of the series, highest volatility and slide are those of the engine", async () => {
    const listing = await world.list();
    const report = await world.report(listing.expiry, 0.6, { basis: 12_345_678n });
    await world.postSlice(1, report);
    const before = await wordsOfSeries();
    const time = (await world.now()) + 60n;
    await world.post((PRICE * 1_003n) / 1_000n);
    await world.at(time);
    const tx = world.vault.refreshSeries(0, 1);
    const price = (LOT * 1_003n) / 1_000n;
    const span = spanAt(listing.expiry, report.publishTime);
    const quote = {
      forward: forwardOf(price, report.basis),
      range: coveredUp(await world.ranges()),
      slice: report.sliceWord,
      span,
      varianceTime: spanAt(listing.expiry, time) * WAD,
    };
    const { words, next } = refreshSeries(before.word, quote, time, 1n);
    const anchor = anchorOf(next);
    await expect(tx).to.emit(world.vault, "SeriesRefreshed").withArgs(0, 1, anchor.forward, anchor.range, 1n);
    expect(await world.vault.riskWords(0, 1)).to.deep.equal(words);
    const said = await wordsOfSeries();
    expect(said.word).to.equal(next);
    const shape = shapeOf(sviFromWord(report.sliceWord), span, moneynessOf(next, anchor.forward));
    expect(surfaceOf(said.surface)).to.deep.equal({ ...surfaceOf(before.surface), ...shape });
    expect(await causeNow()).to.equal("none");
  });

  it("default: both series of an underlying have words of their own", async () => {
    await world.ready();
    const first = await world.vault.riskWords(0, 1);
    await world.ready({ series: 2, expiry: (await world.now()) + 90n * DAY, base: 1_000n, step: 300n, count: 7 });
    expect(await world.vault.riskWords(0, 1)).to.deep.equal(first);
    const second = await world.vault.riskWords(0, 2);
    expect(second.length).to.equal(7);
    expect(second.every((word) => word !== 0n)).to.equal(true);
  });

  it("behavior: the slide bounds what half a percent changes, for a slice that is steep or has its least nearby too", async () => {
    const { listing } = await world.ready({ expiry: (await world.now()) + 2n * DAY, base: 1_800n, step: 40n, count: 11 });
    const slides: bigint[] = [];
    for (const changes of [{}, { rho: -(9n * WAD) / 10n }, { sigma: WAD / 500n }, { m: WAD / 50n, sigma: WAD / 300n }, KINKED]) {
      const publishTime = (await world.now()) + 1n;
      const span = spanAt(listing.expiry, publishTime);
      const slice: SviSlice = { ...sviFromWord(sliceOf(0.6, Number(span), -0.2, 0.3)), ...changes };
      const word = sviWord(slice);
      await world.postSlice(1, { sliceWord: word, basis: 0n, publishTime });
      await world.post();
      await world.vault.refreshSeries(0, 1);
      const said = await wordsOfSeries();
      const ks = moneynessOf(said.word, anchorOf(said.word).forward);
      const { slide, highest } = surfaceOf(said.surface);
      expect({ slide, highest }).to.deep.equal(shapeOf(sviFromWord(word), span, ks));
      slides.push(slide);
      // within half a percent volatility changes by no more
      for (const k of ks) {
        const here = varianceDown(slice, k);
        for (let part = -50n; part <= 50n; part++) {
          const there = varianceDown(slice, k + (5_012_541_823_544_286n * part) / 50n);
          const change = Math.abs(Math.sqrt(Number(there)) - Math.sqrt(Number(here))) / Math.sqrt(Number(here));
          expect(change).to.be.at.most(Number(slide) / 1e18);
        }
      }
    }
    expect(new Set(slides).size).to.equal(5);
    expect(slides.at(-1)).to.be.greaterThan(WAD / 20n);
  });

  it("behavior: takes a good price, a slice and a series that has not settled", async () => {
    const { vault } = world;
    const refresh = () => vault.refreshSeries(0, 1);
    await expect(refresh()).to.be.revertedWithCustomError(vault, "UnknownSeries").withArgs(0, 1);
    const listing = await world.list({ expiry: (await world.now()) + 2n * DAY });
    await world.post();
    await expect(refresh()).to.be.revertedWithCustomError(vault, "SeriesHasNoSlice").withArgs(0, 1);
    await world.postSlice(1, await world.report(listing.expiry));
    const posted = BigInt.asUintN(40, ((await vault.underlyingWords(0))[0] ?? 0n) >> 96n);
    await world.at(posted + 600n);
    await refresh();
    await world.at(posted + 601n);
    await expect(refresh()).to.be.revertedWithCustomError(vault, "PriceTooOld").withArgs(0, 601n, 600n);
    // a price out of the band waits: the last one is invalid
    await world.post(PRICE * 3n);
    await expect(refresh()).to.be.revertedWithCustomError(vault, "PriceNotNormal").withArgs(0, 1);
    for (let time = listing.expiry - 1_800n; time <= listing.expiry; time += 180n) await world.post(undefined, time);
    await expect(refresh()).to.be.revertedWithCustomError(vault, "SeriesIsSettled").withArgs(0, 1);
  });

  it("H-8 uses the price: neither a price nor a slice of any series follows in the transaction", async () => {
    const { listing } = await world.ready();
    await world.list({ series: 2, expiry: listing.expiry });
    const { interface: vault } = world.vault;
    const post = (time: bigint) => vault.encodeFunctionData("postPrice", [0, [mockUpdate(PRICE, time)]]);
    const refresh = vault.encodeFunctionData("refreshSeries", [0, 1]);
    const slice = async (series: number) =>
      vault.encodeFunctionData("postSlices", [0, [{ series, data: encoded(await world.report(listing.expiry)) }]]);
    for (const data of [post((await world.now()) + 1n), await slice(1), await slice(2)]) {
      await world.at((await world.now()) + 1n);
      await expect(world.together([refresh, data]))
        .to.be.revertedWithCustomError(world.vault, "PriceUsed")
        .withArgs(0);
    }
    const time = (await world.now()) + 1n;
    await world.at(time);
    await world.together([await slice(2), await slice(1), post(time), refresh]);
  });

  it("behavior: a strike whose lane saturates keeps all words as they were", async () => {
    // two years and a range of 35 %: 109 % may be listed; with a range of 50 %, which governance allows later, 86 % at most
    const listing = await world.list({ expiry: (await world.now()) + 730n * DAY, volatilityCap: 108n, base: 2_000n, count: 2 });
    await world.postSlice(1, await world.report(listing.expiry, 1.25));
    const { connection } = world.deployment;
    const word = (await world.vault.underlyingWords(0))[0] ?? 0n;
    const wide = (word & ~(0xffffffffn << 136n)) | (500_000_000n << 136n);
    await connection.networkHelpers.setStorageAt(
      await world.vault.getAddress(),
      vaultSlot("prices", 0n),
      connection.ethers.toBeHex(wide, 32),
    );
    await expect(world.vault.refreshSeries(0, 1)).to.be.revertedWithCustomError(world.vault, "LaneSaturated");
    expect(await world.vault.riskWords(0, 1)).to.deep.equal([0n, 0n]);
  });

  describe("a feed that is silent", () => {
    /** The slice after `steps` of 96 towards the forecast, as docs/options.md says it. */
    function faded(slice: SviSlice, span: bigint, forecast: bigint, steps: bigint): SviSlice {
      const flat = (forecast * 10n ** 8n * span) / YEAR;
      const sum = slice.a * (96n - steps) + flat * steps;
      return { ...slice, a: (sum - (((sum % 96n) + 96n) % 96n)) / 96n, b: (slice.b * (96n - steps)) / 96n };
    }

    /** The largest of both variances and their floor, 1e-10 a year. */
    async function forecastNow(): Promise<bigint> {
      const [, sample = 0n, , , , volatility = 0n] = await world.vault.underlyingWords(0);
      const floor = BigInt.asUintN(32, volatility >> 128n) ** 2n / 100n;
      return max(max(BigInt.asUintN(40, sample >> 136n), BigInt.asUintN(40, sample >> 176n)), floor);
    }

    it("behavior: holds for an hour, then gives way to the forecast in 96 steps of a quarter of an hour", async () => {
      const { listing, report } = await world.ready({}, { basis: 9_600_000n });
      const until = report.publishTime + HOUR;
      const span = spanAt(listing.expiry, report.publishTime);
      const seen: bigint[] = [];
      for (const [after, steps] of [
        [0n, 0n],
        [1n, 1n],
        [900n, 1n],
        [901n, 2n],
        [1_801n, 3n],
        [48n * 900n, 48n],
        [95n * 900n + 1n, 96n],
        [200n * 900n, 96n],
      ] as const) {
        const time = until + after;
        if ((await world.now()) < time - 1n) await world.post(undefined, time - 1n);
        await world.at(time);
        await world.vault.refreshSeries(0, 1);
        const said = await wordsOfSeries();
        const slice = faded(sviFromWord(report.sliceWord), span, await forecastNow(), steps);
        const anchor = anchorOf(said.word);
        const forward = forwardOf(LOT, report.basis, steps);
        expect(anchor, `${after}`).to.deep.equal({
          forward,
          time,
          range: rangeUp(coveredUp(await world.ranges())),
          // from the first step on the forecast, whatever the step
          epoch: steps === 0n ? 1n : 2n ** 23n + ((await forecastNow()) % 2n ** 23n),
        });
        const expected = wordsOf(said.word, forward, anchor.range, slice, span, spanAt(listing.expiry, time) * WAD);
        expect(await world.vault.riskWords(0, 1), `${after}`).to.deep.equal(expected);
        const { highest, slide } = surfaceOf(said.surface);
        expect({ highest, slide }).to.deep.equal(shapeOf(slice, span, moneynessOf(said.word, forward)));
        expect((await world.vault.seriesState(0, 1)).steps).to.equal(steps);
        seen.push(forward);
      }
      expect(seen[0]).to.equal(forwardDown((LOT * 1_009_600_000n) / 10n ** 9n));
      expect(seen.at(-1)).to.equal(forwardDown(LOT));
      // all the way there: no skew, no basis, the forecast's volatility at each strike
      expect(surfaceOf((await wordsOfSeries()).surface).slide).to.equal(0n);
      // a new slice takes over at once
      await world.postSlice(1, await world.report(listing.expiry, 0.7, { basis: 1n }));
      expect((await world.vault.seriesState(0, 1)).steps).to.equal(0n);
    });

    it("behavior: each step makes words stale, the time between none", async () => {
      const { report } = await world.ready();
      const until = report.publishTime + HOUR;
      await world.post(undefined, until - 10n);
      await world.at(until - 9n);
      await world.vault.refreshSeries(0, 1);
      await world.post(undefined, until);
      expect(await causeNow()).to.equal("none");
      await world.post(undefined, until + 1n);
      expect(await causeNow()).to.equal("volatility");
      await world.vault.refreshSeries(0, 1);
      expect(await causeNow()).to.equal("none");
      await world.post(undefined, until + 890n);
      await world.vault.refreshSeries(0, 1);
      await world.post(undefined, until + 900n);
      expect(await causeNow()).to.equal("none");
      await world.post(undefined, until + 901n);
      expect(await causeNow()).to.equal("volatility");
    });
  });

  it("behavior: another slice, a price half a percent away and a wider range make words stale", async () => {
    const { listing } = await world.ready();
    expect(await causeNow()).to.equal("none");
    await world.postSlice(1, await world.report(listing.expiry, 0.6));
    expect(await causeNow()).to.equal("volatility");
    await world.post();
    await world.vault.refreshSeries(0, 1);
    // far enough apart for the guard
    await world.post((PRICE * 10_049n) / 10_000n, (await world.now()) + 60n);
    expect(await causeNow()).to.equal("none");
    await world.post((PRICE * 10_051n) / 10_000n, (await world.now()) + 60n);
    expect(await causeNow()).to.equal("price");
    await world.post(undefined, (await world.now()) + 60n);
    await world.vault.refreshSeries(0, 1);
    const { connection } = world.deployment;
    const word = (await world.vault.underlyingWords(0))[0] ?? 0n;
    const held = (word >> 136n) & 0xffffffffn;
    for (const [range, cause] of [
      [(held * 1_005n) / 1_000n, "none"],
      [(held * 1_006n) / 1_000n, "range"],
    ] as const) {
      // the held range alone is wider
      const changed = (word & ~(0xffffffffn << 168n)) | (range << 168n);
      await connection.networkHelpers.setStorageAt(
        await world.vault.getAddress(),
        vaultSlot("prices", 0n),
        connection.ethers.toBeHex(changed, 32),
      );
      expect(await causeNow(), `${range}`).to.equal(cause);
    }
  });

  it("H-87 behavior: words of a series whose feed is silent are stale with the next sample of the forecast", async () => {
    // what the forecast says is above its floor
    world = await SeriesWorld.create([{ sigmaFloor: 20_000n }]);
    const { listing } = await world.ready();
    const hour = 3_600n;
    const edge = ((await world.now()) / hour + 4n) * hour;
    for (let time = edge - 2n * hour + 5n; time <= edge; time += hour) await world.post(PRICE, time);
    // a fall two minutes before the hour, and words of it
    const low = (PRICE * 97n) / 100n;
    await world.post(low, edge - 120n);
    await world.vault.refreshSeries(0, 1);
    expect([await causeNow(), (await world.vault.seriesState(0, 1)).steps > 0n]).to.deep.equal(["none", true]);
    const before = (await wordsOfSeries()).word;
    expect(anchorOf(before).epoch >= 2n ** 23n).to.equal(true);
    // the same price, and a sample
    await world.post(low, edge + 5n);
    expect(await causeNow()).to.equal("volatility");
    await world.vault.refreshSeries(0, 1);
    expect([await causeNow(), anchorOf((await wordsOfSeries()).word).epoch === anchorOf(before).epoch]).to.deep.equal(["none", false]);
    expect(listing.series).to.equal(1);
  });

  it("behavior: inside the window words hold for a minute, while the range of the series falls", async () => {
    const { listing } = await world.ready({ expiry: (await world.now()) + 2n * DAY });
    const opening = openingOf(listing.expiry);
    for (const [left, time] of [1_700n, 900n, 120n].map((each) => [each, listing.expiry - each] as const)) {
      await world.post(PRICE, time - 1n);
      await world.at(time);
      await world.vault.refreshSeries(0, 1);
      for (const [after, cause] of [
        [1n, "none"],
        [60n, "none"],
        [61n, "time"],
      ] as const) {
        await world.deployment.connection.networkHelpers.time.increaseTo(time + after);
        expect(await causeNow(), `${left} s before the end, ${after} s on`).to.equal(cause);
      }
    }
    expect(opening).to.equal(listing.expiry - 1_800n);
  });

  it("behavior: inside the window the words are those of the part that still moves", async () => {
    const { listing, report } = await world.ready({ expiry: (await world.now()) + 2n * DAY });
    const opening = openingOf(listing.expiry);
    await world.post(undefined, opening - 30n);
    await world.at(opening - 20n);
    await world.postSlice(1, await world.report(listing.expiry, 0.6, { basis: 1_000_000n, publishTime: opening - 20n }));
    const span = surfaceOf((await wordsOfSeries()).surface).span;
    expect(span).to.equal(620n);
    const { sliceWord: slice } = await wordsOfSeries();
    expect(slice).not.to.equal(report.sliceWord);
    for (const [after, price] of [
      [10n, PRICE],
      [170n, (PRICE * 101n) / 100n],
      [340n, (PRICE * 99n) / 100n],
    ] as const) {
      await world.post(price, opening + after);
      const time = opening + after + 7n;
      await world.at(time);
      await world.vault.refreshSeries(0, 1);
      const said = await wordsOfSeries();
      const live = (price * 1_001_000_000n) / 10n ** 9n / 100_000n;
      const state = stateAt(averageFromWord(said.average), opening, live, time);
      expect(averageFromWord(said.average).seconds, `${after}`).to.equal(after - 10n);
      const anchor = forwardDown(state.forward);
      const { words } = refreshSeries(
        said.word,
        {
          forward: anchor,
          range: movingRangeUp(coveredUp(await world.ranges()), { forward: anchor, moving: (state.moving / 1_800n) * 1_800n }),
          slice,
          span,
          // by the clock, whatever is counted
          varianceTime: varianceSeconds(time, listing.expiry) * WAD,
        },
        time,
        2n,
      );
      expect(await world.vault.riskWords(0, 1), `${after}`).to.deep.equal(words);
      const now = await world.vault.seriesState(0, 1);
      expect([now.forward, now.moving, now.settled]).to.deep.equal([anchor, state.moving / 1_800n, false]);
    }
  });
});
