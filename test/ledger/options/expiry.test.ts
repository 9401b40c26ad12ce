import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import {
  type Average,
  averageFromWord,
  averageWord,
  countsOf,
  isSettled,
  LONGEST_HOLD,
  movingRangeUp,
  NO_AVERAGE,
  observed,
  openingOf,
  payoffOf,
  settlementDown,
  stateAt,
  WINDOW,
} from "../../../src/engine/ledger/options/expiry.ts";
import { logMoneynessOf, rootOf, totalVolatilityOf, undiscounted } from "../../../src/engine/math/options/black76.ts";
import { forwardAt, undampedMoveOf } from "../../../src/engine/math/options/optionStress.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { abs, max } from "../../../src/engine/types/fixedPoint.ts";
import { type Instrument, instrumentNumber, STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import { listedSeries, RANGE_UNIT, strikeOf } from "../../../src/engine/words/seriesWord.ts";
import type { ExpiryHarness } from "../../../typechain-types/index.ts";
import { upTo } from "../../helpers/arbitraries.ts";
import { Random } from "../../helpers/random.ts";

const WAD = 10n ** 18n;
const LARGEST_PRICE = 2n ** 96n - 1n;
const EXPIRY = 1_800_000_000n;
const OPENING = openingOf(EXPIRY);
const RANGE = WAD / 10n;
/** Of a year, 60 %. */
const VOLATILITY = (6n * WAD) / 10n;

interface Post {
  readonly price: bigint;
  readonly time: bigint; // of publishing
  readonly present?: bigint; // of the block, the same where nothing is said
}

/** Posts about the window, some of them in the same second, some far apart, some in a block long after they were published. */
const postsFrom = (least: bigint, most: bigint): fc.Arbitrary<readonly Post[]> =>
  fc
    .array(
      fc.record({
        price: upTo(most, least),
        gap: fc.oneof(upTo(400n), fc.constantFrom(0n, 1n, 180n, 181n)),
        delay: fc.oneof(fc.constant(0n), upTo(300n)),
      }),
      {
        minLength: 1,
        maxLength: 40,
        size: "max",
      },
    )
    .map((steps) => {
      let time = OPENING - 600n;
      let present = time;
      return steps.map(({ price, gap, delay }) => {
        time += gap;
        present = max(present, time + delay);
        return { price, time, present };
      });
    });

const averageOf = (posts: readonly Post[]): Average =>
  posts.reduce((average, { price, time, present = time }) => observed(average, OPENING, price, time, present), NO_AVERAGE);

/** One price a minute that never moves, from before the opening until `until`. */
const steady = (price: bigint, until: bigint): Post[] => {
  const posts: Post[] = [];
  for (let time = OPENING - 60n; time <= until; time += 60n) posts.push({ price, time });
  return posts;
};

/** What a call is worth with an average so far and a live price. */
function callAt(average: Average, live: bigint, time: bigint, strike: bigint): bigint {
  const { forward, varianceTime } = stateAt(average, OPENING, live, time);
  return undiscounted(forward, strike, logMoneynessOf(forward, strike), totalVolatilityOf(VOLATILITY, rootOf(varianceTime))).call;
}

describe("expiry", () => {
  let harness: ExpiryHarness;
  const observedBy = (word: bigint, posts: readonly Post[]) =>
    harness.observed(
      word,
      OPENING,
      posts.map((post) => ({ present: post.time, ...post })),
    );

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("ExpiryHarness");
  });

  it("default: average, forward, range, variance time and settlement agree with the engine to the unit", async () => {
    let [settled, inside, outside] = [0, 0, 0];
    await fc.assert(
      fc.asyncProperty(
        postsFrom(1n, LARGEST_PRICE),
        upTo(LARGEST_PRICE, 1n),
        fc.array(upTo(5_000n), { minLength: 4, maxLength: 4 }),
        upTo(500_000_000n),
        async (posts, live, offsets, ppb) => {
          const words = await observedBy(0n, [...posts]);
          const expected = posts.map((_, count) => averageOf(posts.slice(0, count + 1)));
          expect([...words]).to.deep.equal(expected.map(averageWord));
          const average = expected.at(-1)!;
          expect(averageFromWord(words.at(-1)!)).to.deep.equal(average);
          const [times, range] = [offsets.map((offset) => OPENING - 1_000n + offset), ppb * 10n ** 9n];
          const states = await harness.states(words.at(-1)!, OPENING, live, range, times);
          for (const [i, time] of times.entries()) {
            const state = stateAt(average, OPENING, live, time);
            const said = states[i]!;
            expect([said.forward, said.moving, said.varianceTime]).to.deep.equal([state.forward, state.moving, state.varianceTime]);
            expect(said.range).to.equal(movingRangeUp(range, state));
            expect(said.settled).to.equal(isSettled(average, OPENING, time));
            if (said.settled) {
              settled++;
              expect(await harness.settlement(words.at(-1)!, OPENING, time)).to.equal(settlementDown(average, OPENING, time));
            } else if (average.seconds > 0n) inside++;
            else outside++;
          }
        },
      ),
      { seed: 1, numRuns: 150 },
    );
    expect(Math.min(settled, inside, outside)).to.be.greaterThan(30);
  });

  it("default: the bits are where the contract documents them, and what does not fit is refused", async () => {
    const word = averageWord({ sum: 2n ** 108n - 2n, seconds: 0x123n, delay: 0xabn, lastTime: 0xabcdef01n, lastPrice: 2n ** 95n + 3n });
    expect(word).to.equal(((2n ** 95n + 3n) << 160n) | (0xabcdef01n << 128n) | (0xabn << 120n) | (0x123n << 108n) | (2n ** 108n - 2n));
    expect([...(await harness.unpacked(word))]).to.deep.equal([2n ** 108n - 2n, 0x123n, 0xabn, 0xabcdef01n, 2n ** 95n + 3n]);
    expect(await harness.pack(2n ** 108n - 2n, 0x123n, 0xabn, 0xabcdef01n, 2n ** 95n + 3n)).to.equal(word);
    const sound: readonly [bigint, bigint, bigint, bigint, bigint] = [1n, 1n, 1n, 1n, 1n];
    for (const [place, width] of [108n, 12n, 8n, 32n, 96n].entries()) {
      const parts = sound.map((value, index) => (index === place ? 2n ** width : value)) as unknown as typeof sound;
      await expect(harness.pack(...parts))
        .to.be.revertedWithCustomError(harness, "SafeCastOverflowedUintDowncast")
        .withArgs(width, 2n ** width);
    }
  });

  it("default: with a price a minute the average ends at the expiry and is the mean by time", async () => {
    expect(await harness.openingOf(EXPIRY)).to.equal(EXPIRY - 1_800n);
    const posts = steady(0n, EXPIRY).map(({ time }, minute) => ({ time, price: BigInt(1_000 + minute) * WAD }));
    const words = await observedBy(0n, posts);
    // the price of each of thirty minutes, the first posted at the opening
    const mean = (30n * 1_001n * WAD + (29n * 30n * WAD) / 2n) / 30n;
    expect(await harness.settlement(words.at(-1)!, OPENING, EXPIRY)).to.equal(mean);
    // one second earlier it is not there
    await expect(harness.settlement(words.at(-2)!, OPENING, EXPIRY - 1n))
      .to.be.revertedWithCustomError(harness, "NotSettled")
      .withArgs(1_799n);
    expect(() => settlementDown(averageFromWord(words.at(-2)!), OPENING, EXPIRY - 1n)).to.throw(Reverted, "NotSettled(1799)");
  });

  it("behavior: a full average is written once: later posts and later times change nothing", async () => {
    const posts = steady(1_000n * WAD, EXPIRY);
    const full = (await observedBy(0n, posts)).at(-1)!;
    const later = [60n, 3_600n, 10n ** 6n].map((after) => ({ price: 5_000n * WAD, time: EXPIRY + after }));
    expect([...(await observedBy(full, later))]).to.deep.equal([full, full, full]);
    // full by the price that is held, before a post says so
    const held = (await observedBy(0n, posts.slice(0, -1))).at(-1)!;
    for (const after of [0n, 1n, 100_000n]) expect(await harness.settlement(held, OPENING, EXPIRY + after)).to.equal(1_000n * WAD);
    const [filled] = await observedBy(held, [{ price: 5_000n * WAD, time: EXPIRY + 70n }]);
    expect(await harness.settlement(filled!, OPENING, EXPIRY + 200n)).to.equal(1_000n * WAD);
  });

  it("behavior: more posts of the same price change nothing", () => {
    let split = 0;
    fc.assert(
      fc.property(
        postsFrom(1n, LARGEST_PRICE).map((posts) => posts.map(({ price, time }) => ({ price, time }))),
        fc.array(fc.nat(179), { minLength: 1, maxLength: 60, size: "max" }),
        (given, extra) => {
          const posts = given.filter(({ time }, index) => time !== given[index - 1]?.time);
          // between two posts at most the longest hold apart, the same price once more
          const more = posts.flatMap((post, index) => {
            const next = posts[index + 1]?.time ?? post.time;
            const between = extra.map((seconds) => post.time + BigInt(seconds)).sort((a, b) => Number(a - b));
            if (next - post.time > LONGEST_HOLD) return [post];
            return [post, ...between.filter((time) => time < next).map((time) => ({ price: post.price, time }))];
          });
          const [once, often] = [averageOf(posts), averageOf(more)];
          expect([often.sum, often.seconds]).to.deep.equal([once.sum, once.seconds]);
          if (more.length > posts.length && once.seconds > 0n) split++;
        },
      ),
      { seed: 2, numRuns: 500 },
    );
    expect(split).to.be.greaterThan(100);
  });

  it("behavior: a second post in a second, and a post of an earlier time, move nothing", async () => {
    const posts = steady(1_000n * WAD, OPENING + 600n);
    const [word, last] = [(await observedBy(0n, posts)).at(-1)!, OPENING + 600n];
    for (const time of [last, last - 1n, 0n]) {
      expect([...(await observedBy(word, [{ price: 9_000n * WAD, time }]))]).to.deep.equal([word]);
    }
    // a price that is wrong for one second has the weight of one second
    const [, mended] = await observedBy(word, [
      { price: 2_800n * WAD, time: last + 1n },
      { price: 1_000n * WAD, time: last + 2n },
    ]);
    const rest = steady(1_000n * WAD, EXPIRY).filter(({ time }) => time > last);
    const full = (await observedBy(mended!, rest)).at(-1)!;
    expect(await harness.settlement(full, OPENING, EXPIRY)).to.equal(1_001n * WAD);
  });

  it("H-90 behavior: a post counts from its block on: nothing that is dated with hindsight moves what was", async () => {
    const start = OPENING + 600n;
    const average = averageOf(steady(1_000n * WAD, start));
    // before the next honest post, in its block, somebody posts every price that was signed since the last one and was higher
    const next = start + 60n;
    const attack = [10n, 20n, 30n, 40n, 50n].map((after) => ({ price: (1_000n + after) * WAD, time: start + after, present: next }));
    const honest = { price: 1_001n * WAD, time: next, present: next };
    const [with_, without] = [[...attack, honest], [honest]].map((posts) =>
      posts.reduce((word, { price, time, present }) => observed(word, OPENING, price, time, present), average),
    );
    expect(with_).to.deep.equal(without);
    expect(with_?.sum).to.equal(660n * 1_000n * WAD);
    expect(await observedBy(averageWord(average), [...attack, honest]).then((words) => words.at(-1))).to.equal(averageWord(with_!));
    // what was published long ago is held for what is left of its three minutes, or not at all
    for (const [ago, held] of [
      [0n, 180n],
      [100n, 80n],
      [180n, 0n],
      [2_000n, 0n],
    ] as const) {
      const old = observed(NO_AVERAGE, OPENING, WAD, start - ago, start);
      expect(countsOf(old, OPENING, start + 1_000n).seconds, `${ago}`).to.equal(held);
      const [word] = await observedBy(0n, [{ price: WAD, time: start - ago, present: start }]);
      expect(word).to.equal(averageWord(old));
    }
  });

  it("behavior: without prices the clock stands: the window ends late, on at least ten of them", async () => {
    // a price each three minutes ends in time, after ten; each six minutes takes twice as long and ten as well
    for (const [gap, end] of [
      [180n, EXPIRY],
      [360n, EXPIRY + 1_620n],
      [3_600n, OPENING + 9n * 3_600n + 180n],
    ] as const) {
      const posts = Array.from({ length: 10 }, (_, index) => ({ price: BigInt(index + 1) * WAD, time: OPENING + gap * BigInt(index) }));
      const word = (await observedBy(0n, posts)).at(-1)!;
      const states = await harness.states(word, OPENING, WAD, RANGE, [end - 1n, end]);
      expect(states.map(({ settled }) => settled)).to.deep.equal([false, true]);
      // each price counted for its three minutes
      expect(await harness.settlement(word, OPENING, end)).to.equal((55n * WAD) / 10n);
    }
    const nine = steady(WAD, OPENING + 8n * 60n).slice(1);
    const spread = nine.map(({ price }, index) => ({ price, time: OPENING + 180n * BigInt(index) }));
    const word = (await observedBy(0n, spread)).at(-1)!;
    await expect(harness.settlement(word, OPENING, EXPIRY + 10n ** 6n))
      .to.be.revertedWithCustomError(harness, "NotSettled")
      .withArgs(1_620n);
  });

  it("behavior: a price from before the opening counts from there, for what is left of its hold", () => {
    for (const [age, counted] of [
      [0n, 180n],
      [1n, 179n],
      [179n, 1n],
      [180n, 0n],
      [86_400n, 0n],
    ] as const) {
      const average = averageOf([{ price: WAD, time: OPENING - age }]);
      expect(average.seconds).to.equal(0n);
      expect(observed(average, OPENING, WAD, OPENING + 900n, OPENING + 900n).seconds, `${age}`).to.equal(counted);
    }
  });

  it("args: a price of zero is refused", async () => {
    await expect(observedBy(0n, [{ price: 0n, time: OPENING }])).to.be.revertedWithCustomError(harness, "NoPrice");
    expect(() => observed(NO_AVERAGE, OPENING, 0n, OPENING, OPENING)).to.throw(Reverted, "NoPrice()");
  });

  it("default: variance time is that to expiry less twenty minutes, ten minutes at the opening, and falls by the cube", async () => {
    const [live, none] = [3_000n * WAD, 0n];
    const before = await harness.states(none, OPENING, live, RANGE, [OPENING - 86_400n, OPENING - 1n, OPENING, OPENING + 500n]);
    expect(before.map(({ varianceTime }) => varianceTime)).to.deep.equal([87_000n * WAD, 601n * WAD, 600n * WAD, 600n * WAD]);
    expect(before.map(({ forward }) => forward)).to.deep.equal([live, live, live, live]);
    const words = await observedBy(0n, steady(live, EXPIRY));
    for (const [minutes, expected] of [
      [0n, 600n * WAD],
      [15n, 75n * WAD],
      [27n, (6n * WAD) / 10n],
      [30n, 0n],
    ] as const) {
      const [state] = await harness.states(words[Number(minutes) + 1]!, OPENING, live, RANGE, [OPENING + 60n * minutes]);
      expect(state!.varianceTime).to.equal(expected);
    }
  });

  it("behavior: the mean of what is to come varies by a third of its time, as the formula has it", () => {
    // n equal steps of a Brownian path over τ: the mean of n points has the variance Σ min(i, j)/n³ of τ
    const n = 1_800;
    let sum = 0;
    for (let i = 1; i <= n; i++) for (let j = 1; j <= n; j++) sum += Math.min(i, j);
    expect(Math.abs(sum / n ** 3 - 1 / 3)).to.be.lessThan(0.0005);
    // half of it known at 900, the rest at 1,100 live: w·F is 550 of a forward of 1,000
    const average = averageOf(steady(900n * WAD, OPENING + 900n));
    const { forward, moving, varianceTime } = stateAt(average, OPENING, 1_100n * WAD, OPENING + 900n);
    expect([forward, moving / WINDOW]).to.deep.equal([1_000n * WAD, 550n * WAD]);
    // (w·F)²·τ/3 as a part of the forward: 0.55²·900/3 s
    expect(abs(varianceTime - (90_750n * WAD) / 1_000n) < 1_000n, `${varianceTime}`).to.equal(true);
  });

  it("behavior: a call is worth what it pays on average over random paths, at the opening and half way through", () => {
    const random = new Random(13);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
    const step = 0.6 * Math.sqrt(60 / 31_536_000);
    // minutes known at a price, the live price of the rest, and a strike at the forward
    for (const { known, at, live } of [
      { known: 0, at: 3_000, live: 3_000 },
      { known: 15, at: 2_900, live: 3_100 },
    ]) {
      let paid = 0;
      const paths = 20_000;
      for (let path = 0; path < paths; path++) {
        // each shock and its opposite
        const shocks = Array.from({ length: 30 - known }, normal);
        for (const sign of [1, -1]) {
          let price = live;
          let sum = known * at;
          for (const shock of shocks) {
            sum += price;
            price *= Math.exp(sign * step * shock - (step * step) / 2);
          }
          paid += Math.max(sum / 30 - 3_000, 0) / (2 * paths);
        }
      }
      const time = OPENING + 60n * BigInt(known);
      const average =
        known === 0 ? NO_AVERAGE : averageOf(steady(BigInt(at) * WAD, time - 60n).concat({ price: BigInt(live) * WAD, time }));
      const value = Number(callAt(average, BigInt(live) * WAD, time, 3_000n * WAD)) / 1e18;
      // prices that hold for a minute vary less than a path without steps
      const n = 30 - known;
      const held = Math.sqrt(((n - 1) * (2 * n - 1)) / (2 * n * n));
      expect(Math.abs((value * held) / paid - 1), `${known} minutes known: ${value} and ${paid}`).to.be.lessThan(0.02);
    }
  });

  it("behavior: stresses move what is to come and nothing else", () => {
    const average = averageOf(steady(900n * WAD, OPENING + 900n));
    const state = stateAt(average, OPENING, 1_100n * WAD, OPENING + 900n);
    const range = movingRangeUp(RANGE, state);
    // 10 % of 550 is 5.5 % of 1,000
    expect(range).to.equal((55n * WAD) / 1_000n);
    for (const scenario of [3n, 9n, 11n, 13n, 15n, 16n]) {
      const move = (550n * WAD * RANGE * undampedMoveOf(scenario)) / (30n * WAD);
      // steps are whole units: at most one short for each of sixty thirtieths
      expect(abs(forwardAt(state.forward, range, scenario) - 1_000n * WAD - move) <= 60n, `${scenario}`).to.equal(true);
    }
    expect(movingRangeUp(RANGE, stateAt(NO_AVERAGE, OPENING, 7n * WAD, OPENING - 1n))).to.equal(RANGE);
    // rounded up to what a series keeps, to the last second
    const late = stateAt(averageOf(steady(900n * WAD, EXPIRY - 60n)), OPENING, 900n * WAD, EXPIRY - 1n);
    expect(movingRangeUp(RANGE, late)).to.equal(((RANGE / 1_800n + RANGE_UNIT - 1n) / RANGE_UNIT) * RANGE_UNIT);
  });

  it("behavior: the value of an option passes through the window without a jump", () => {
    const random = new Random(11);
    const strike = 3_000n * WAD;
    for (let round = 0; round < 20; round++) {
      let live = 3_000n * WAD + BigInt(random.below(40) - 20) * WAD;
      let average: Average = NO_AVERAGE;
      let value: bigint | undefined;
      const gap = 20 + random.below(300);
      for (let time = OPENING - 120n; time <= EXPIRY + 600n; time++) {
        const without = callAt(average, live, time, strike);
        // a second takes its part of the time value and no more: at 60 % a year and at the money never a millionth of the price
        if (value !== undefined) expect(abs(without - value) * 1_000_000n < live, `round ${round}, ${time - OPENING}`).to.equal(true);
        value = without;
        if (random.below(gap) > 0) continue;
        // a post of the same price moves nothing
        average = observed(average, OPENING, live, time, time);
        expect(callAt(average, live, time, strike)).to.equal(value);
        // another price moves the value, but only that
        live += BigInt(random.below(7) - 3) * WAD;
        average = observed(average, OPENING, live, ++time, time);
        value = callAt(average, live, time, strike);
      }
    }
  });

  it("behavior: an option sold on a known average gains nothing", () => {
    const random = new Random(12);
    let most = 0;
    for (let round = 0; round < 40; round++) {
      const price = (): bigint => BigInt(2_950 + random.below(100)) * WAD;
      const posts = steady(0n, EXPIRY - 60n).map(({ time }) => ({ time, price: price() }));
      const average = averageOf(posts);
      const live = posts.at(-1)!.price;
      // from the last post on the settlement price is known if no other comes
      const settlement = settlementDown(average, OPENING, EXPIRY);
      // near the money by what the price may still do to the mean in a minute
      const strike = settlement - (settlement % 10n ** 16n) + BigInt(random.below(7) - 3) * 2n * 10n ** 16n;
      const instrument: Instrument = { series: 0n, index: 0n, isCall: true };
      const word = listedSeries({ expiry: EXPIRY, base: strike / 10n ** 16n, step: 1n, decimals: 16n, count: 1n });
      const payoff = payoffOf(instrument, word, settlement);
      let before: bigint | undefined;
      for (let left = 60n; left >= 0n; left--) {
        const value = callAt(average, live, EXPIRY - left, strike);
        const gain = value - payoff;
        // never below what it pays, and what is above shrinks to nothing
        expect(gain >= -1n, `${gain}`).to.equal(true);
        if (before !== undefined) expect(gain <= before + 1n, `${gain} after ${before}`).to.equal(true);
        before = gain;
        if (left === 60n) most = Math.max(most, Number(gain) / Number(live));
        if (left === 1n) expect(gain * 50_000_000n <= live, `${gain} a second before the end`).to.equal(true);
        if (left === 0n) expect(gain).to.equal(0n);
      }
    }
    // a minute before the end what a seller could hope for is below 0.1 basis point of the price
    expect(most).to.be.lessThan(1e-5);
    expect(most).to.be.greaterThan(0);
  });

  it("default: payoffs are those of the strike, agree with the engine, and cancel between long and short", async () => {
    const listing = { expiry: EXPIRY, base: 2_000n, step: 125n, decimals: 18n, count: 17n };
    const word = listedSeries(listing);
    await fc.assert(
      fc.asyncProperty(upTo(LARGEST_PRICE), fc.array(upTo(2n ** 37n - 1n), { minLength: 3, maxLength: 3 }), async (settlement, sizes) => {
        const instruments = Array.from({ length: 17 }, (_, index) =>
          [true, false].map((isCall) => ({ series: 9n, index: BigInt(index), isCall })),
        )
          .flat()
          .concat({ series: 9n, index: STRIKE_ZERO, isCall: true });
        const said = await harness.payoffs(instruments.map(instrumentNumber), word, settlement);
        expect([...said]).to.deep.equal(instruments.map((instrument) => payoffOf(instrument, word, settlement)));
        expect(said.at(-1)).to.equal(settlement);
        for (let index = 0; index < 17; index++) {
          const strike = strikeOf(word, BigInt(index));
          const [call, put] = [said[2 * index]!, said[2 * index + 1]!];
          expect([call, put]).to.deep.equal(settlement > strike ? [settlement - strike, 0n] : [0n, strike - settlement]);
          // parity, with the future
          expect(call - put).to.equal(said.at(-1)! - strike);
          // three accounts whose sizes add up to zero
          const [a = 0n, b = 0n] = sizes;
          expect([a, b, -a - b].reduce((sum, lots) => sum + lots * call, 0n)).to.equal(0n);
        }
      }),
      { seed: 3, numRuns: 60 },
    );
  });
});
