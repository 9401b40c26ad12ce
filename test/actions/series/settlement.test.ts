import { expect } from "chai";
import { beforeEach, describe, it } from "mocha";
import {
  type Average,
  averageFromWord,
  averageWord,
  countsOf,
  isSettled,
  NO_AVERAGE,
  observed,
  openingOf,
} from "../../../src/engine/ledger/options/expiry.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import { mockUpdate } from "../../helpers/deploy.ts";
import { DAY, LOT, LOTS_IN_UNIT, PRICE, SeriesWorld } from "../../helpers/seriesWorld.ts";

describe("settlement of series", () => {
  let world: SeriesWorld;
  let expiry: bigint;
  let opening: bigint;

  beforeEach(async () => {
    world = await SeriesWorld.create();
    expiry = (await world.now()) + 2n * DAY;
    opening = openingOf(expiry);
    await world.list({ expiry });
  });

  const averageNow = async (series = 1): Promise<bigint> => (await world.vault.seriesWords(0, series)).average;
  const settled = async (series = 1): Promise<bigint[]> =>
    (await world.vault.queryFilter(world.vault.filters.SeriesSettled())).flatMap(({ args }) =>
      args.series === BigInt(series) ? [args.price] : [],
    );

  it("default: every accepted price from the opening on is observed from its block, and half an hour of them settles", async () => {
    await world.post(undefined, opening - 1n);
    expect(await averageNow()).to.equal(0n);
    let average: Average = NO_AVERAGE;
    let price = PRICE;
    for (let [time, place] = [opening, 0n]; average.seconds !== 1_800n; time += 100n, place++) {
      price = PRICE + (place % 5n) * 10n * WAD;
      // published three seconds before it is posted
      const published = time - (place === 0n ? 0n : 3n);
      await world.at(time);
      await world.vault.postPrice(0, [mockUpdate(price, published)]);
      // the price before it held until now: what it fills is full
      if (!isSettled(average, opening, time)) average = observed(average, opening, price / LOTS_IN_UNIT, published, time);
      const counts = countsOf(average, opening, time);
      if (counts.seconds === 1_800n) average = { ...average, ...counts };
      expect(await averageNow(), `${time - opening}`).to.equal(averageWord(average));
    }
    expect(await settled()).to.deep.equal([average.sum / 1_800n]);
    expect(await world.vault.seriesListed(0)).to.equal(0n);
    const state = await world.vault.seriesState(0, 1);
    expect([state.settled, state.forward, state.moving, state.varianceTime]).to.deep.equal([true, average.sum / 1_800n, 0n, 0n]);
    // written once: later posts change nothing
    await world.post(PRICE / 2n);
    await world.post(PRICE * 2n);
    expect(await averageNow()).to.equal(averageWord(average));
    expect((await settled()).length).to.equal(1);
    await expect(world.vault.settleSeries(0, 1)).to.be.revertedWithCustomError(world.vault, "SeriesIsSettled").withArgs(0, 1);
  });

  it("behavior: a price holds for three minutes, so that gaps prolong the window", async () => {
    await world.post(undefined, opening);
    for (let place = 1n; place < 10n; place++) await world.post(undefined, opening + 400n * place);
    // ten holds of three minutes, nine of which have passed
    const last = opening + 3_600n;
    expect(last).to.be.greaterThan(expiry);
    expect(averageFromWord(await averageNow()).seconds).to.equal(1_620n);
    await world.at(last + 179n);
    await expect(world.vault.settleSeries(0, 1)).to.be.revertedWithCustomError(world.vault, "NotSettled").withArgs(1_799n);
    expect((await world.vault.seriesState(0, 1)).settled).to.equal(false);
    await world.at(last + 180n);
    await expect(world.vault.settleSeries(0, 1)).to.emit(world.vault, "SeriesSettled").withArgs(0, 1, LOT);
    expect(averageFromWord(await averageNow())).to.deep.equal({
      sum: LOT * 1_800n,
      seconds: 1_800n,
      delay: 0n,
      lastTime: last,
      lastPrice: LOT,
    });
  });

  it("behavior: what has settled by the clock is settled, whether or not it is written down, and no post with an earlier time changes it", async () => {
    for (let time = opening; time < expiry; time += 180n) await world.post(undefined, time);
    const { mine } = world.deployment.connection.networkHelpers;
    await world.at(expiry + 20n);
    await mine();
    const before = await world.vault.seriesState(0, 1);
    expect([before.settled, before.forward]).to.deep.equal([true, LOT]);
    expect(await settled()).to.deep.equal([]);
    // published before the end, posted after it
    await world.at(expiry + 21n);
    await world.vault.postPrice(0, [mockUpdate((PRICE * 102n) / 100n, expiry - 90n)]);
    expect(await settled()).to.deep.equal([LOT]);
    expect(averageFromWord(await averageNow())).to.deep.include({ sum: LOT * 1_800n, seconds: 1_800n, lastTime: expiry - 180n });
    expect(await world.vault.seriesListed(0)).to.equal(0n);
  });

  it("behavior: each series has its own window, and one that has settled leaves the loop", async () => {
    await world.list({ series: 9, expiry: expiry + 900n });
    await world.list({ series: 200, expiry: expiry + 10n * DAY });
    for (let time = opening; time <= expiry + 900n; time += 180n) {
      await world.post(PRICE + (time - opening) * 10n ** 15n, time);
      const words = await Promise.all([1, 9, 200].map(averageNow));
      expect(words.map((word) => word !== 0n)).to.deep.equal([true, time >= opening + 900n, false]);
      const first = time >= expiry ? 0n : 2n;
      const second = time >= expiry + 900n ? 0n : 1n << 9n;
      expect(await world.vault.seriesListed(0)).to.equal(first | second | (1n << 200n));
    }
    const [one = 0n, nine = 0n] = [...(await settled(1)), ...(await settled(9))];
    expect(one).to.be.greaterThan(LOT);
    expect(nine).to.be.greaterThan(one);
  });

  it("behavior: a rejected price is not observed, the next accepted one is", async () => {
    await world.post(undefined, opening);
    const before = await averageNow();
    // beyond the widest band
    await world.post(PRICE * 2n, opening + 60n);
    expect(await averageNow()).to.equal(before);
    await world.post(undefined, opening + 90n);
    expect(averageFromWord(await averageNow())).to.deep.include({ seconds: 90n, lastTime: opening + 90n });
  });

  it("args: settleSeries needs a listed series that has settled", async () => {
    await expect(world.vault.settleSeries(0, 2)).to.be.revertedWithCustomError(world.vault, "UnknownSeries").withArgs(0, 2);
    await expect(world.vault.settleSeries(0, 1)).to.be.revertedWithCustomError(world.vault, "NotSettled").withArgs(0n);
  });

  it("behavior: a post to an underlying without series reads no slot more, one with series a slot for the list and one for each", async () => {
    const both = await SeriesWorld.create([{}, {}]);
    const { connection, vault, post } = both.deployment;
    const vaultAddress = (await vault.getAddress()).toLowerCase();
    const { ethers } = connection;

    /** Storage slots that a post reads, wherever its code is. */
    async function slotsRead(underlying: number): Promise<number> {
      await post(underlying, PRICE);
      const block = await ethers.provider.getBlock("latest");
      const hash = block?.transactions[0] ?? "";
      const trace: { structLogs: { op: string; stack?: string[] }[] } = await ethers.provider.send("debug_traceTransaction", [
        hash,
        { disableMemory: true },
      ]);
      expect(vaultAddress).to.match(/^0x/);
      const keys = trace.structLogs.flatMap(({ op, stack }) => (op === "SLOAD" ? [stack?.at(-1) ?? ""] : []));
      return new Set(keys).size;
    }
    // the first post of an hour takes a sample: none of these is
    await post(1, PRICE);
    const without = await slotsRead(1);
    await both.list();
    expect(await slotsRead(1)).to.equal(without);
    await post(0, PRICE);
    expect(await slotsRead(0)).to.equal(without + 2);
    await both.list({ series: 2, expiry: (await both.now()) + 40n * DAY });
    expect(await slotsRead(0)).to.equal(without + 3);
  });
});
