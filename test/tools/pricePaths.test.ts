import { expect } from "chai";
import { type Bar, DAY, HOUR } from "../../src/data/bar.ts";
import { deepestFall, selectWindow, WARM_UP_DAYS, walkBars } from "../../src/simulator/bars.ts";
import { BUILT_IN_START, builtInPath } from "../../src/simulator/builtInPath.ts";
import { listingOf, planSeries, withWindow } from "../../src/simulator/seriesPlan.ts";
import {
  builtInVolatility,
  MOST_VOLATILITY,
  realisedVolatility,
  recordedVolatility,
  volatilityNotes,
} from "../../src/simulator/volatilityPath.ts";

const WAD = 10n ** 18n;
const bar = (time: number, open: number, high: number, low: number, close: number): Bar => ({
  time,
  open: BigInt(open) * WAD,
  high: BigInt(high) * WAD,
  low: BigInt(low) * WAD,
  close: BigInt(close) * WAD,
});

describe("price paths", () => {
  describe("window", () => {
    const bars = Array.from({ length: 40 * 24 }, (_, i) => bar(i * HOUR, 10, 12, 8, 11));

    it("default: takes the bars between the dates and thirty days before", () => {
      const window = selectWindow(bars, 31 * DAY, 33 * DAY);
      expect(window.played.length).to.equal(48);
      expect(window.warmUp.length).to.equal(WARM_UP_DAYS * 24);
      expect(window.warmUp.at(-1)?.time).to.equal(31 * DAY - HOUR);
    });

    it("args: says when the prices begin too late or nothing is in the window", () => {
      expect(() => selectWindow(bars, 29 * DAY, 33 * DAY)).to.throw(/warmed on 30 days/);
      expect(() => selectWindow(bars, 60 * DAY, 61 * DAY)).to.throw(/no bar between/);
      expect(() => selectWindow(bars, 33 * DAY, 32 * DAY)).to.throw(/no bar between/);
    });

    it("args: says when the prices end before the window does", () => {
      expect(() => selectWindow(bars, 38 * DAY, 41 * DAY)).to.throw(/the prices end at 1970-02-10, before --to \(1970-02-11\)/);
      expect(selectWindow(bars, 38 * DAY, 40 * DAY).played.length).to.equal(48);
    });

    it("args: a stray old bar is no warm-up of thirty days", () => {
      const stray = bars.filter(({ time }) => time === 0 || time >= 20 * DAY);
      expect(() => selectWindow(stray, 30 * DAY, 32 * DAY)).to.throw(/479 hours are missing of the 30 days before --from/);
      const holed = bars.filter(({ time }) => time < 10 * DAY || time >= 12 * DAY);
      expect(selectWindow(holed, 30 * DAY, 32 * DAY).warmUp.length).to.equal(28 * 24);
    });
  });

  describe("walk", () => {
    const prices = (bars: readonly Bar[], steps: number): number[] =>
      walkBars(bars, steps).map((post) => Number(post.price / 10n ** 16n) / 100);

    it("behavior: a falling bar is walked open, high, low, close", () => {
      expect(prices([bar(0, 100, 120, 60, 80)], 6)).to.deep.equal([100, 110, 120, 90, 60, 70, 80]);
    });

    it("behavior: a rising bar is walked open, low, high, close", () => {
      expect(prices([bar(0, 80, 120, 60, 100)], 6)).to.deep.equal([80, 70, 60, 90, 120, 110, 100]);
    });

    it("behavior: every number of steps meets both extremes and ends on the close, on the hour", () => {
      for (let steps = 3; steps <= 60; steps++) {
        const posts = walkBars([bar(0, 100, 120, 60, 80)], steps);
        expect(posts.length).to.equal(steps + 1);
        expect(posts.some((post) => post.price === 120n * WAD)).to.equal(true);
        expect(posts.some((post) => post.price === 60n * WAD)).to.equal(true);
        expect(posts.at(-1)).to.deep.equal({ time: HOUR, price: 80n * WAD, close: true });
        expect(posts.filter((post) => post.close).length).to.equal(1);
      }
      expect(prices([bar(0, 100, 120, 60, 80)], 1)).to.deep.equal([100, 80]);
      expect(prices([bar(0, 100, 120, 60, 80)], 2)).to.deep.equal([100, 60, 80]);
    });

    it("behavior: times rise, and an open is posted only after a gap", () => {
      const bars = [bar(0, 100, 120, 60, 80), bar(HOUR, 81, 90, 70, 85), bar(3 * HOUR, 60, 70, 50, 65)];
      const posts = walkBars(bars, 12);
      expect(posts.length).to.equal(3 * 12 + 2);
      for (let i = 1; i < posts.length; i++) expect(posts[i]?.time).to.be.greaterThan(posts[i - 1]?.time ?? 0);
      expect(posts.filter((post) => post.time === 3 * HOUR).map((post) => post.price)).to.deep.equal([60n * WAD]);
    });
  });

  describe("built-in path", () => {
    it("behavior: every seed falls 56 % to its low and 26 % in its worst hour, after thirty calm days", () => {
      for (const seed of [1, 2, 3, 42, 2020]) {
        const bars = builtInPath(seed);
        const { warmUp, played } = selectWindow(bars, BUILT_IN_START, BUILT_IN_START + 4 * DAY);
        expect(warmUp.length).to.equal(WARM_UP_DAYS * 24);
        expect(played.length).to.equal(4 * 24);
        const crash = deepestFall(played.slice(24, 72));
        expect(crash.toLow.toFixed(2)).to.equal("-0.56");
        expect(crash.worstHour > -0.275 && crash.worstHour < -0.25, `worst hour ${crash.worstHour}`).to.equal(true);
        expect(deepestFall(warmUp).worstHour > -0.04).to.equal(true);
        for (const each of bars) {
          const [least, most] = each.open < each.close ? [each.open, each.close] : [each.close, each.open];
          expect(each.low <= least && each.high >= most, `bar at ${each.time}`).to.equal(true);
        }
      }
    });

    it("behavior: the same seed gives the same path, another seed another", () => {
      expect(builtInPath(7)).to.deep.equal(builtInPath(7));
      expect(builtInPath(7)).to.not.deep.equal(builtInPath(8));
    });
  });

  describe("volatility paths", () => {
    const bars = (volatilities: readonly number[], start = 0): Bar[] =>
      volatilities.map((each, i) => bar(start + i * HOUR, each, each, each, each));

    it("default: the built-in one is calm, jumps in the worst hour and is highest at the low", () => {
      for (const seed of [1, 2, 3]) {
        const path = builtInVolatility(seed);
        const crash = BUILT_IN_START + DAY;
        expect(path(crash - HOUR)).to.be.within(0.55, 0.68);
        expect(path(crash + 10 * HOUR) / path(crash + 9 * HOUR)).to.be.greaterThan(1.4);
        const all = Array.from({ length: 96 }, (_, hour) => path(BUILT_IN_START + hour * HOUR));
        expect(all.indexOf(Math.max(...all))).to.be.within(49, 52);
        expect(path(0)).to.equal(path(BUILT_IN_START));
      }
      expect(builtInVolatility(1)(BUILT_IN_START)).to.equal(builtInVolatility(1)(BUILT_IN_START));
    });

    it("default: recorded percents are read in straight lines, and the last one in a gap", () => {
      const rising: Bar[] = [bar(0, 60, 80, 60, 80), bar(HOUR, 80, 80, 80, 80), bar(5 * HOUR, 90, 90, 90, 90)];
      const path = recordedVolatility(rising, { played: bars([1, 1, 1], 0) }, "volatilities.csv");
      expect(path(0)).to.equal(0.6);
      expect(path(1799.5)).to.be.within(0.7 - 1e-12, 0.7 + 1e-12);
      expect(path(HOUR)).to.equal(0.8);
      expect(path(2 * HOUR)).to.be.within(0.8 - 1e-9, 0.8 + 1e-9);
    });

    it("behavior: what comes after a hole is not known in it, and the hole is said", () => {
      const holed: Bar[] = [bar(0, 60, 60, 60, 60), bar(5 * HOUR, 90, 300, 90, 90), bar(6 * HOUR, 90, 90, 5, 90)];
      const played = bars([1, 1, 1, 1, 1, 1, 1], 0);
      const path = recordedVolatility(holed, { played }, "volatilities.csv");
      for (const hour of [1, 2, 3, 4, 4.99]) expect(path(hour * HOUR), `${hour}`).to.equal(0.6);
      expect(path(5 * HOUR)).to.equal(0.9);
      // what is played begins in the hole: the last one before it
      expect(recordedVolatility(holed, { played: bars([1, 1], 3 * HOUR) }, "v.csv")(3 * HOUR)).to.equal(0.6);
      expect(volatilityNotes(holed, { played })).to.deep.equal([
        "4 hours from 1970-01-01 01:00 to 1970-01-01 05:00 are missing: the last one before them holds",
        "above 260 % in 1 hours: played as that",
        "below 10 % in 1 hours: played as that",
      ]);
      expect(volatilityNotes(bars([60, 60]), { played: bars([1, 1]) })).to.deep.equal([]);
    });

    it("args: recorded volatilities must cover what is played", () => {
      const late = (): unknown => recordedVolatility(bars([60, 60], HOUR), { played: bars([1], 0) }, "v.csv");
      expect(late).to.throw(
        /v\.csv: the volatilities run from 1970-01-01 01:00 to 1970-01-01 03:00, what is played from 1970-01-01 to 1970-01-01 01:00/,
      );
      const short = (): unknown => recordedVolatility(bars([60], 0), { played: bars([1, 1], 0) }, "v.csv");
      expect(short).to.throw(/v\.csv: the volatilities run/);
      expect(() => recordedVolatility([], { played: bars([1], 0) }, "v.csv")).to.throw(/v\.csv/);
    });

    it("behavior: without volatilities the realised one decides, a tenth above, from hours before only", () => {
      // two prices in turn, one percent apart
      const calm = Array.from({ length: 200 }, (_, i) => bar(i * HOUR, 1000, 1010, 1000, i % 2 === 0 ? 1000 : 1010));
      const wild = Array.from({ length: 48 }, (_, i) => bar((200 + i) * HOUR, 1000, 1100, 1000, i % 2 === 0 ? 1000 : 1100));
      const path = realisedVolatility({ warmUp: calm, played: wild });
      const steady = 1.1 * Math.log(1.01) * Math.sqrt(8_760);
      expect(path(200 * HOUR)).to.be.within(steady - 0.01, steady + 0.01);
      expect(path(201 * HOUR - 1)).to.be.within(steady - 0.02, steady + 0.02);
      expect(path(212 * HOUR)).to.be.greaterThan(2.5);
      expect(path(248 * HOUR)).to.equal(MOST_VOLATILITY);
    });
  });

  describe("series of a run", () => {
    const played = (hours: number, start = BUILT_IN_START): Bar[] =>
      Array.from({ length: hours }, (_, i) => bar(start + i * HOUR, 100, 100, 100, 100));

    it("default: one expires at 8:00 within the path, the other a fortnight later", () => {
      expect(planSeries(played(96)).near).to.equal(BUILT_IN_START + 3 * DAY + 8 * HOUR);
      const { near, far } = planSeries(played(14));
      expect([near, far]).to.deep.equal([BUILT_IN_START + 8 * HOUR, BUILT_IN_START + 8 * HOUR + 14 * DAY]);
      expect(planSeries(played(6)).near).to.equal(BUILT_IN_START + 3 * HOUR);
      expect(() => planSeries(played(3))).to.throw(/too short for an expiry/);
    });

    it("behavior: no series expires in a hole, or beside one", () => {
      const holed = played(96).filter(({ time }) => time < BUILT_IN_START + 3 * DAY || time >= BUILT_IN_START + 3 * DAY + 10 * HOUR);
      // the first hour after the hole with the one before it, or the last before: whichever is nearer to 8:00
      expect(planSeries(holed).near).to.equal(BUILT_IN_START + 3 * DAY + 11 * HOUR);
      const ends = played(96).filter(({ time }) => time !== BUILT_IN_START + 3 * DAY + 8 * HOUR);
      expect(planSeries(ends).near).to.equal(BUILT_IN_START + 3 * DAY + 7 * HOUR);
      const scattered = played(96).filter((_, i) => i % 2 === 0);
      expect(() => planSeries(scattered)).to.throw(/no two hours that follow each other/);
    });

    it("behavior: posts are at most two minutes apart while a series settles, on the same lines", () => {
      const expiry = BUILT_IN_START + 8 * HOUR;
      const posts = walkBars(
        Array.from({ length: 10 }, (_, i) => bar(BUILT_IN_START + i * HOUR, 100 + i, 120, 90, 101 + i)),
        12,
      );
      const denser = withWindow(posts, expiry);
      expect(denser.filter((post) => posts.includes(post))).to.deep.equal(posts);
      for (const [i, post] of denser.entries()) {
        const last = denser[i - 1];
        if (last === undefined || post.time < expiry - 1_800 || last.time > expiry) continue;
        expect(post.time - last.time).to.be.within(1, 120);
      }
      expect(denser.length).to.be.within(posts.length + 10, posts.length + 25);
    });

    it("behavior: strikes are round and from 70 % to 135 % of the price", () => {
      for (const price of [195n, 610n, 40_123n, 3n]) {
        const listing = listingOf(4, 1, BUILT_IN_START, price * WAD, 1_000n * WAD);
        const strikes = Array.from(
          { length: Number(listing.count) },
          (_, i) => Number(listing.base + BigInt(i) * listing.step) * 10 ** (Number(listing.decimals) - 14),
        );
        expect(strikes.length).to.be.within(12, 36);
        expect(strikes[0]! / Number(price)).to.be.within(0.6, 0.71);
        expect(strikes.at(-1)! / Number(price)).to.be.within(1.28, 1.36);
      }
    });
  });
});
