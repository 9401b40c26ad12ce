import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { bounded, indexNow, RATE_MAX } from "../../src/engine/math/funding.ts";
import { doubtOf, judge, type Quote, REFUTED, SILENT, VALID } from "../../src/engine/math/priceGuard.ts";
import { heldRange, targetRange, varianceFloor } from "../../src/engine/math/scanRange.ts";
import { decay, FAST, reading, SLOW, updated } from "../../src/engine/math/variance.ts";
import { max, min } from "../../src/engine/types/fixedPoint.ts";
import { squareRootDown, squareRootUp } from "../../src/engine/types/squareRoot.ts";
import { INVALID } from "../../src/engine/types/types.ts";
import type { PriceMath } from "../../typechain-types/index.ts";
import { signed, upTo } from "../helpers/arbitraries.ts";
import { fundingWord, guardWord, listedUnderlying, pendingWord, priceWord, sampleWord, volatilityWord } from "../helpers/prices/words.ts";

const WAD = 10n ** 18n;
const seeded = { seed: 20_200_312, numRuns: 300 };

const prices = upTo(2n ** 96n - 1n, 1n);
const times = upTo(2n ** 33n, 1n);
const ranges = upTo(2n ** 32n - 1n);

describe("price mathematics, engine against contracts", () => {
  let math: PriceMath;

  before(async () => {
    const { ethers } = await network.create();
    math = await ethers.deployContract("PriceMath");
  });

  it("decay agrees bit for bit and halves with each half-life", async () => {
    const cases = fc.sample(fc.tuple(upTo(2n ** 40n), fc.oneof(fc.constantFrom(FAST, SLOW), upTo(2n ** 24n, 1n))), {
      seed: 1,
      numRuns: 2_000,
    });
    const said = await math.decay(
      cases.map(([elapsed]) => elapsed),
      cases.map(([, halfLife]) => halfLife),
    );
    expect([...said]).to.deep.equal(cases.map(([elapsed, halfLife]) => decay(elapsed, halfLife)));
    for (const halfLife of [FAST, SLOW]) {
      expect(decay(0n, halfLife)).to.equal(WAD);
      expect(decay(halfLife, halfLife)).to.equal(WAD / 2n);
      expect(decay(60n * halfLife, halfLife)).to.equal(0n);
      for (let elapsed = 1n; elapsed < 3n * halfLife; elapsed += halfLife / 97n) {
        const exact = 2 ** (-Number(elapsed) / Number(halfLife));
        expect(Math.abs(Number(decay(elapsed, halfLife)) / 1e18 - exact)).to.be.lessThan(1e-14);
      }
    }
  });

  it("variances, reading, target and held range agree bit for bit", async () => {
    const cases = fc
      .sample(
        fc.record({
          sample: fc.record({
            price: prices,
            time: fc.oneof(times, fc.constant(0n)),
            fast: upTo(2n ** 40n - 1n),
            slow: upTo(2n ** 40n - 1n),
            rateTime: fc.constant(0n),
          }),
          price: prices,
          time: times,
          near: fc.boolean(),
          held: ranges,
          volatility: fc.record({
            multiple: ranges,
            horizon: ranges,
            rangeFloor: ranges,
            rangeCap: ranges,
            sigmaFloor: ranges,
          }),
          elapsed: times,
        }),
        { seed: 2, numRuns: 3_000 },
      )
      .map((c) =>
        c.near ? { ...c, price: c.sample.price + (c.price % (c.sample.price / 8n + 1n)), time: c.sample.time + (c.time % 7_200n) } : c,
      )
      .filter((c) => c.price < 2n ** 96n);
    expect(cases.length).to.be.greaterThan(2_000);
    const inputs = cases.map((c) => ({
      sampleWord: sampleWord(c.sample),
      price: c.price,
      time: c.time,
      held: c.held,
      volatilityWord: volatilityWord(c.volatility),
      elapsed: c.elapsed,
    }));
    const said: bigint[][] = [];
    for (let from = 0; from < inputs.length; from += 250) {
      for (const row of await math.forecast(inputs.slice(from, from + 250))) said.push([...row]);
    }
    const expected = cases.map((c) => {
      const floor = varianceFloor(c.volatility);
      const { fast, slow } = updated(c.sample, c.price, c.time, floor, c.held);
      const read = reading(c.sample, c.price, c.time, floor, c.held);
      const target = targetRange(c.volatility, read);
      return [floor, fast, slow, read, target, heldRange(c.held, target, c.elapsed)];
    });
    expect(said).to.deep.equal(expected);
  });

  it("H-9 H-12 H-13 judgements and band edges agree", async () => {
    const listed = listedUnderlying();
    const bands = { agreement: upTo(200_000n), band: upTo(200_000n), widestBand: upTo(900_000n) };
    const near = (price: bigint): fc.Arbitrary<bigint> =>
      fc.oneof(
        prices,
        fc.bigInt(0n, price / 10n).map((move) => max(1n, min(2n ** 96n - 1n, price + 2n * move - price / 10n))),
      );
    const cases = fc
      .record({ price: fc.oneof(prices, fc.constant(0n)), priceTime: times, now: fc.bigInt(0n, 4_000n), ...bands })
      .chain((c) => {
        const now = c.priceTime + c.now;
        const quote = fc.record({
          answer: fc.constantFrom(VALID, VALID, VALID, REFUTED, SILENT),
          price: near(c.price),
          time: fc.bigInt(c.priceTime, now),
        });
        const pending = fc.record({ price: near(c.price), time: fc.bigInt(c.priceTime, now), source: fc.bigInt(0n, 3n) });
        return fc.record({
          c: fc.constant(c),
          now: fc.constant(now),
          pending,
          quotes: fc.array(quote, { minLength: 0, maxLength: 3 }),
        });
      });
    const verdicts = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(cases, async ({ c, now, pending, quotes }) => {
        const guard = { ...listed.guard, agreement: c.agreement, band: c.band, widestBand: c.widestBand };
        const last = { ...listed, price: c.price, priceTime: c.priceTime };
        const asked: Quote[] = quotes.map((quote, source) => ({
          source: BigInt(source),
          answer: quote.answer,
          price: quote.answer === VALID ? quote.price : 0n,
          time: quote.answer === SILENT ? 0n : quote.time,
        }));
        const said = await math.judge(guardWord(guard), priceWord(last), pendingWord(pending), asked, now);
        const expected = judge(guard, last, pending, asked, now);
        expect([said.verdict, said.price, said.time, said.pending, said.valid]).to.deep.equal([
          expected.verdict,
          expected.price,
          expected.time,
          pendingWord(expected.pending),
          expected.valid,
        ]);
        const age = max(now - c.priceTime, 0n);
        const doubt = doubtOf({ guard, priceTime: c.priceTime, priceState: INVALID }, 60n, now);
        expect(await math.doubt(guardWord(guard), age)).to.equal(doubt);
        const key = `${quotes.length} quotes, verdict ${expected.verdict}`;
        verdicts.set(key, (verdicts.get(key) ?? 0) + 1);
      }),
      { ...seeded, numRuns: 600 },
    );
    // every kind of judgement was met
    for (const count of [1, 2, 3]) {
      for (const verdict of [0, 1, 2])
        expect(verdicts.get(`${count} quotes, verdict ${verdict}`) ?? 0, `${count}/${verdict}`).to.be.greaterThan(4);
    }
  });

  it("funding index and bounded rate agree", async () => {
    const listed = listedUnderlying();
    await fc.assert(
      fc.asyncProperty(
        prices,
        times,
        times,
        times,
        upTo(14_400n),
        fc.bigInt(-RATE_MAX, RATE_MAX),
        fc.bigInt(-(2n ** 90n), 2n ** 90n),
        fc.bigInt(0n, 2n),
        async (price, priceTime, time, now, tradingAge, rate, index, priceState) => {
          const u = { ...listed, price, priceTime, priceState, funding: { ...listed.funding, index, rate, time } };
          expect(await math.indexAt(fundingWord(u.funding), priceWord(u), tradingAge, now)).to.equal(indexNow(u, tradingAge, now));
        },
      ),
      seeded,
    );
    await fc.assert(
      fc.asyncProperty(signed(256), fc.bigInt(-RATE_MAX, RATE_MAX), upTo(2n ** 40n), async (proposed, current, elapsed) => {
        expect(await math.bounded(proposed, current, elapsed)).to.equal(bounded(proposed, current, elapsed));
      }),
      seeded,
    );
  });

  it("square roots are exact on both sides of every square", () => {
    fc.assert(
      fc.property(upTo(2n ** 130n), (root) => {
        expect(squareRootDown(root * root)).to.equal(root);
        expect(squareRootUp(root * root)).to.equal(root);
        if (root > 0n) {
          expect(squareRootDown(root * root - 1n)).to.equal(root - 1n);
          expect(squareRootUp(root * root + 1n)).to.equal(root + 1n);
        }
      }),
      seeded,
    );
  });
});
