import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import type { Bar as WadBar } from "../../src/data/bar.ts";
import { readSeries } from "../../src/data/readSeries.ts";
import { posted } from "../../src/engine/actions/prices.ts";
import { varianceFloor } from "../../src/engine/math/scanRange.ts";
import { reading } from "../../src/engine/math/variance.ts";
import { INVALID, type Underlying } from "../../src/engine/types/types.ts";
import { builtInPath } from "../../src/simulator/builtInPath.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { done, PriceBench, START, updateOf } from "../helpers/prices/harness.ts";
import { listedUnderlying } from "../helpers/prices/words.ts";

const YEAR = 31_536_000;
const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Recorded prices beside the project, where there are any; never part of it. */
const recorded = join(import.meta.dirname, "..", "..", "..", "shared", "data", "ETH-USD-1h-2017-2024.csv");

/** A bar in whole tokens, for statistics. */
interface Bar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

function toNumbers(bar: WadBar): Bar {
  const tokens = (price: bigint): number => Number(price) / 1e18;
  return { time: Number(bar.time), open: tokens(bar.open), high: tokens(bar.high), low: tokens(bar.low), close: tokens(bar.close) };
}

/** An underlying whose guard lets any path through: these tests are about the forecast. */
function open(): Underlying {
  const listed = listedUnderlying();
  return { ...listed, guard: { ...listed.guard, band: 1_000_000n, widestBand: 10_000_000n } };
}

function wad(price: number): bigint {
  return BigInt(Math.round(price * 1e6)) * 10n ** 12n;
}

function post(underlying: Underlying, price: number, time: number): Underlying {
  const now = BigInt(time);
  return posted(underlying, 0, [{ price: wad(price), publishTime: now, valid: true }], { now, tradingAge: 600n, inGrace: false })
    .underlying;
}

/** σ as the scan range reads it, and the two behind it. */
function sigmas(u: Underlying): { readonly read: number; readonly fast: number; readonly slow: number } {
  const root = (variance: bigint): number => Math.sqrt(Number(variance) / 1e10);
  const read = reading(u.sample, u.price, u.priceTime, varianceFloor(u.volatility), u.heldRange);
  return { read: root(read), fast: root(u.sample.fast), slow: root(u.sample.slow) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A geometric Brownian path of `sigma` a year, posted every `step` seconds. */
function* brownian(sigma: number, days: number, step: number, seed: number): Generator<readonly [price: number, time: number]> {
  const random = seededRandom(seed);
  let price = 2_000;
  const deviation = sigma * Math.sqrt(step / YEAR);
  for (let time = Number(START); time <= Number(START) + days * DAY; time += step) {
    yield [price, time];
    price *= Math.exp(deviation * random.normal() - deviation ** 2 / 2);
  }
}

/** Hourly bars of a market that is calm, turns wild and calms again. */
function changeable(): Bar[] {
  const random = seededRandom(8);
  let price = 2_000;
  const bars: Bar[] = [];
  for (let hour = 0; hour < 400 * 24; hour++) {
    const sigma = hour % 2_400 < 300 ? 1.6 : 0.6;
    const open = price;
    let [low, high] = [price, price];
    for (let part = 0; part < 12; part++) {
      price *= Math.exp(sigma * Math.sqrt(HOUR / 12 / YEAR) * random.normal());
      [low, high] = [Math.min(low, price), Math.max(high, price)];
    }
    bars.push({ time: Number(START) + hour * HOUR, open, high, low, close: price });
  }
  return bars;
}

/** How often the four hours after a close stay within the range either way, and what leverage the range allows on average. */
function coverage(bars: readonly Bar[]): { readonly target: number; readonly held: number; readonly leverage: number } {
  let u = open();
  const ranges = bars.map((bar) => {
    u = post(u, bar.close, bar.time + HOUR);
    return [Number(u.targetRange) / 1e9, Number(u.heldRange) / 1e9] as const;
  });
  const within = { target: 0, held: 0 };
  let moves = 0;
  const leverages: number[] = [];
  for (let i = 60 * 24; i + 4 < bars.length; i++) {
    const [target, held] = ranges[i] ?? [0, 0];
    const close = bars[i]?.close ?? 0;
    const next = bars.slice(i + 1, i + 5);
    const fall = 1 - Math.min(...next.map((bar) => bar.low)) / close;
    const rise = Math.max(...next.map((bar) => bar.high)) / close - 1;
    for (const move of [fall, rise]) {
      moves++;
      if (move <= target) within.target++;
      if (move <= held) within.held++;
    }
    leverages.push(1 / target);
  }
  return { target: within.target / moves, held: within.held / moves, leverage: mean(leverages) };
}

describe("the forecast of volatility", () => {
  it("default: on a true 60 % it reads near 60 %, however often prices are posted", () => {
    for (const step of [60, 300, HOUR]) {
      let u = open();
      const fast: number[] = [];
      const slow: number[] = [];
      const read: number[] = [];
      let count = 0;
      for (const [price, time] of brownian(0.6, 200, step, 60)) {
        u = post(u, price, time);
        if (time < Number(START) + 100 * DAY || ++count % 7 !== 0) continue;
        const said = sigmas(u);
        fast.push(said.fast);
        slow.push(said.slow);
        read.push(said.read);
      }
      expect(mean(fast), `fast, every ${step} s`).to.be.within(0.55, 0.63);
      expect(mean(slow), `slow, every ${step} s`).to.be.within(0.56, 0.63);
      // the largest of several estimates is above each, and far from the 43 % to 250 % of sampling at every post
      expect(mean(read), `read, every ${step} s`).to.be.within(0.58, 0.7);
      expect(Math.max(...read), `read, every ${step} s`).to.be.below(1);
      expect(Math.min(...read), `read, every ${step} s`).to.be.above(0.5);
    }
  });

  it("behavior: posts between two samples leave the variances as they are, to the bit", () => {
    const random = seededRandom(3);
    let rare = open();
    let often = open();
    for (const [price, time] of brownian(0.9, 20, HOUR, 5)) {
      rare = post(rare, price, time);
      often = post(often, price, time);
      for (let extra = 1; extra < 6; extra++) often = post(often, price * (1 + 0.02 * (random.uniform() - 0.5)), time + extra * 500);
    }
    expect(often.sample).to.deep.equal(rare.sample);
  });

  it("behavior: a crash is read before its hour is over, a single wild return counts eight deviations at most", () => {
    let u = open();
    for (const [price, time] of brownian(0.6, 60, HOUR, 9)) u = post(u, price, time);
    const calm = sigmas(u).read;
    const target = u.targetRange;
    const crashed = post(u, (Number(u.price) / 1e15) * 0.8, Number(u.priceTime) + 600);
    expect(crashed.sample).to.deep.equal(u.sample);
    expect(sigmas(crashed).read).to.be.above(1.2 * calm);
    expect(crashed.targetRange > target).to.equal(true);
    expect(crashed.heldRange).to.equal(u.heldRange);
    // ten times the price is no more news than the clip lets through
    const tenfold = post(u, (Number(u.price) / 1e15) * 10, Number(u.priceTime) + HOUR);
    const hundredfold = post(u, (Number(u.price) / 1e15) * 100, Number(u.priceTime) + HOUR);
    expect(tenfold.sample.fast).to.equal(hundredfold.sample.fast);
    expect(sigmas(tenfold).fast).to.be.below(2.5 * calm);
  });

  it("behavior: the held range rises a tenth and falls a fiftieth a day at most, and silence stores up no jump", () => {
    let u = open();
    for (const [price, time] of brownian(0.3, 60, HOUR, 9)) u = post(u, price, time);
    let price = Number(u.price) / 1e15;
    const start = { ...u };
    for (let hour = 1; hour <= 24; hour++) {
      price *= hour % 2 === 0 ? 1.04 : 0.96;
      u = post(u, price, Number(start.priceTime) + hour * HOUR);
    }
    expect(u.targetRange > start.heldRange * 3n).to.equal(true);
    expect(Number(u.heldRange) / Number(start.heldRange)).to.be.within(1.1, 1.106);
    const afterSilence = post(u, price * 1.3, Number(u.priceTime) + 3 * DAY);
    expect(Number(afterSilence.heldRange) / Number(u.heldRange)).to.be.within(1.004, 1.0042);
    let calm = { ...afterSilence, targetRange: 0n, sample: { ...afterSilence.sample, fast: 0n, slow: 0n } };
    const high = calm.heldRange;
    for (let hour = 1; hour <= 24; hour++) calm = post(calm, price * 1.3, Number(afterSilence.priceTime) + hour * HOUR);
    expect(Number(calm.heldRange) / Number(high)).to.be.within(0.9798, 0.9803);
  });

  it("behavior: on a changeable market the ranges cover four hours and leave leverage", () => {
    const { target, held, leverage } = coverage(changeable());
    expect(target).to.be.above(0.99);
    expect(held).to.be.above(0.98);
    expect(leverage).to.be.within(7, 16);
  });

  it("behavior: on recorded hours of ETH, 2017 to 2024, the ranges cover 99.7 % at a leverage near ten (skipped where ../shared/data is absent)", async function () {
    if (!existsSync(recorded)) {
      // the prices are not part of the project; the test above does the same on a synthetic market
      this.skip();
    }
    this.timeout(60_000);
    const { target, held, leverage } = coverage((await readSeries([recorded])).bars.map(toNumbers));
    expect(target).to.be.above(0.997);
    expect(held).to.be.above(0.997);
    expect(leverage).to.be.within(9.5, 11.5);
  });

  it("behavior: a crash played on contracts and engine leaves the same words at every post", async function () {
    this.timeout(60_000);
    const bench = await PriceBench.create();
    const all = existsSync(recorded)
      ? (await readSeries([recorded])).bars.map(toNumbers).filter((bar) => bar.time >= 1_583_884_800 && bar.time < 1_584_144_000)
      : [];
    for (const bars of [builtInPath(1).slice(-72).map(toNumbers), all]) {
      let u = listedUnderlying();
      await bench.set(0, u, 600n);
      let now = BigInt(await bench.connection.networkHelpers.time.latest());
      const [first] = bars;
      // hours of the past cannot be posted now: the same hours, from the next full one of this chain
      const shift = (now / 3_600n + 2n) * 3_600n - BigInt(first?.time ?? 0);
      const rejected: bigint[] = [];
      for (const bar of bars) {
        for (const [part, price] of [bar.open, bar.low, bar.high, bar.close].entries()) {
          now = BigInt(bar.time + part * 899) + shift;
          const report = { price: wad(price), publishTime: now, valid: true };
          await bench.at(now);
          const said = await done(bench, () => bench.harness.postPrice(0, [updateOf(report)], { gasLimit: 3_000_000n }));
          expect(said.reverted).to.equal(undefined);
          u = posted(u, 0, [report], { now, tradingAge: 600n, inGrace: false }).underlying;
          expect(await bench.read(0, u)).to.deep.equal(u);
          if (u.priceState === INVALID) rejected.push(now);
        }
      }
      expect(rejected.length).to.be.at.most(bars.length / 2);
    }
  });
});

describe("the choice of a sample", () => {
  /** A true σ of 60 %, a price a minute for most of a year. */
  const path = ((): number[] => {
    const random = seededRandom(75);
    const step = 0.6 / Math.sqrt(365 * 24 * 60);
    const prices = [2_000];
    for (let i = 1; i < 60 * 24 * 120; i++) prices.push(prices[i - 1]! * Math.exp(random.normal() * step));
    return prices;
  })();

  /** σ on average, where of `quiet` of the hours only the price is posted that `better` prefers of the minutes from `first` on, seen from the last sample. */
  function sigmaOf(better: (distance: number, best: number) => boolean, quiet: number, first: number): number {
    const start = Math.ceil(Number(START) / HOUR) * HOUR;
    const random = seededRandom(76);
    let u = post(open(), path[0]!, start);
    const read: number[] = [];
    for (let hour = 1; hour < path.length / 60 - 1; hour++) {
      let pick = hour * 60;
      if (random.uniform() < quiet) {
        pick += first;
        const anchor = Number(u.sample.price) / 1e15;
        const distance = (minute: number): number => Math.abs(Math.log(path[minute]! / anchor));
        for (let minute = hour * 60 + first; minute < hour * 60 + 60; minute++) if (better(distance(minute), distance(pick))) pick = minute;
      }
      u = post(u, path[pick]!, start + pick * 60);
      if (hour > 24 * 40) read.push(Math.sqrt(Number(u.sample.fast > u.sample.slow ? u.sample.fast : u.sample.slow) / 1e10));
    }
    return mean(read);
  }
  const nearest = (distance: number, best: number): boolean => distance < best;
  const farthest = (distance: number, best: number): boolean => distance > best;

  it("H-75 whoever posts first after quiet hours moves σ by little: half of the hours quiet, or all of them", () => {
    const [near, far] = [sigmaOf(nearest, 0.5, 3), sigmaOf(farthest, 0.5, 3)];
    expect([near > 0.55, far < 0.67], `${near} to ${far}`).to.deep.equal([true, true]);
    const [low, high] = [sigmaOf(nearest, 1, 3), sigmaOf(farthest, 1, 3)];
    expect([low > 0.45, high < 0.7], `${low} to ${high}`).to.deep.equal([true, true]);
  });

  it("H-75 the held range rises with a feed that is pushed, whose rounds never fall on the hour, as with one that is posted on it", () => {
    const start = Math.ceil(Number(START) / HOUR) * HOUR;
    const heldAfter = (minutes: (hour: number) => readonly number[]): number => {
      const random = seededRandom(77);
      let [u, price] = [post(open(), 2_000, start - 30 * 60), 2_000];
      // σ has been 150 % for long: the target is far above at once
      u = { ...u, heldRange: 50_000_000n, sample: { ...u.sample, fast: 22_500_000_000n, slow: 22_500_000_000n } };
      for (let hour = 0; hour < 24 * 8; hour++) {
        price *= Math.exp((random.normal() * 1.5) / Math.sqrt(8_760));
        for (const minute of minutes(hour)) u = post(u, price, start + hour * HOUR + minute * 60);
      }
      expect(u.targetRange > 120_000_000n).to.equal(true);
      return Number(u.heldRange) / 5e7;
    };
    // a tenth a day in 24 steps, for eight days
    const tenths = (1 + 0.1 / 24) ** (24 * 8);
    const near = (rise: number, expected: number, what: string) => expect(rise, what).to.be.within(expected - 0.001, expected + 0.001);
    near(
      heldAfter(() => [0]),
      tenths,
      "on the hour",
    );
    near(
      heldAfter(() => [17]),
      tenths,
      "at 17 past",
    );
    // however many rounds there are in an hour, and wherever they fall in it
    near(
      heldAfter((hour) => [3 + (hour % 7), 20, 59]),
      tenths,
      "three an hour",
    );
    // a rise counts one hour at most: silence stores up none
    near(
      heldAfter((hour) => (hour % 2 === 0 ? [] : [17])),
      Math.sqrt(tenths),
      "every second hour",
    );
  });

  it("H-75 where nobody posts for many hours, the next price on time, or six hours late, counts for all of them", () => {
    const start = Math.ceil(Number(START) / HOUR) * HOUR;
    const first = post(open(), 2_000, start);
    const late = post(first, 2_100, start + 5 * HOUR + 600);
    expect(late.sample).to.deep.equal(first.sample);
    // margins see the move at once all the same
    expect(late.targetRange > first.targetRange).to.equal(true);
    expect(post(late, 2_100, start + 6 * HOUR + 120).sample.time).to.equal(BigInt(start + 6 * HOUR + 120));
    expect(post(late, 2_100, start + 5 * HOUR + 3_599).sample).to.deep.equal(first.sample);
    expect(post(late, 2_100, start + 6 * HOUR + 600).sample.time).to.equal(BigInt(start + 6 * HOUR + 600));
  });
});
