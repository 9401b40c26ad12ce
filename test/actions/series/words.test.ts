import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { refreshSeries, type SeriesQuote } from "../../../src/engine/actions/seriesRefresh.ts";
import { NO_AVERAGE, observed, openingOf, stateAt } from "../../../src/engine/ledger/options/expiry.ts";
import { rootOf } from "../../../src/engine/math/options/black76.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { abs } from "../../../src/engine/types/fixedPoint.ts";
import { LANES, laneOf, ofCall } from "../../../src/engine/words/riskWord.ts";
import { anchorOf, forwardDown, listedSeries, rangeUp } from "../../../src/engine/words/seriesWord.ts";
import type { SeriesHarness } from "../../../typechain-types/index.ts";
import { EXPIRY, type SeriesCase, seriesCases, sliceOf } from "../../helpers/options/series.ts";

const WAD = 10n ** 18n;
const DAY = 86_400n;
const lanes = Array.from({ length: LANES }, (_, scenario) => scenario);

/** Ten strikes, from 2,000 to 4,250, about a forward of 3,000. */
const TEN = { expiry: EXPIRY, base: 2_000n, step: 250n, decimals: 18n, count: 10n };
const MONTH: SeriesQuote = {
  forward: 3_000n * WAD,
  range: WAD / 10n,
  slice: sliceOf(0.6, 2_592_000),
  span: 30n * DAY,
  varianceTime: 30n * DAY * WAD,
};

describe("series refresh", () => {
  let harness: SeriesHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("SeriesHarness");
  });

  const byContract = ({ word, quote, time }: SeriesCase, epoch = 5n) => harness.refreshed(word, { ...quote }, time, epoch);

  /** The words by the engine, or undefined where a lane saturates, which the contract then says as well. */
  async function bothOf(each: SeriesCase): Promise<readonly bigint[] | undefined> {
    try {
      const { words, next } = refreshSeries(each.word, each.quote, each.time, 5n);
      const said = await byContract(each);
      expect([...said.words]).to.deep.equal(words);
      expect(said.next).to.equal(next);
      return words;
    } catch (error) {
      if (!(error instanceof Reverted) || error.errorName !== "LaneSaturated") throw error;
      await expect(byContract(each))
        .to.be.revertedWithCustomError(harness, "LaneSaturated")
        .withArgs(...error.args);
      return undefined;
    }
  }

  it("default: words and the word of the series agree with the engine to the unit", async () => {
    let saturated = 0;
    let sides = 0;
    await fc.assert(
      fc.asyncProperty(seriesCases, async (each) => {
        const words = await bothOf(each);
        if (words === undefined) saturated++;
        else if (words.some(ofCall) && !words.every(ofCall)) sides++;
      }),
      { seed: 1, numRuns: 200 },
    );
    expect(saturated).to.be.within(1, 60);
    expect(sides).to.be.greaterThan(30);
  });

  it("default: no lane is more than one unit from Black-76 with everything worked out anew", async () => {
    let [counted, different] = [0, 0];
    await fc.assert(
      fc.asyncProperty(seriesCases, async (each) => {
        try {
          refreshSeries(each.word, each.quote, each.time, 5n);
        } catch {
          return; // saturated
        }
        const { words } = await byContract(each);
        const naive = await harness.naive(each.word, { ...each.quote });
        expect(naive.length).to.equal(words.length);
        words.forEach((word, index) => {
          expect(ofCall(word)).to.equal(ofCall(naive[index]!));
          for (const scenario of lanes) {
            const off = abs(laneOf(word, scenario) - laneOf(naive[index]!, scenario));
            expect(off <= 1n, `strike ${index}, scenario ${scenario}: ${off}`).to.equal(true);
            counted++;
            if (off > 0n) different++;
          }
        });
      }),
      { seed: 2, numRuns: 120 },
    );
    expect(counted).to.be.greaterThan(5_000);
    // one unit is where a value lies within 1e-17 of a boundary
    expect(different).to.be.lessThan(3);
  });

  it("default: the series keeps what its words were made with, rounded before they were", async () => {
    const word = listedSeries(TEN);
    const quote = { ...MONTH, forward: 3_000n * WAD + 12_345n, range: WAD / 10n + 1n };
    const { words, next } = refreshSeries(word, quote, 1_800_000_000n, 77n);
    const anchor = { forward: forwardDown(quote.forward), range: rangeUp(quote.range) };
    expect(anchorOf(next)).to.deep.equal({ ...anchor, time: 1_800_000_000n, epoch: 77n });
    // the stored anchor and range give the same words again
    expect(refreshSeries(next, { ...quote, ...anchor }, 1_800_000_000n, 77n)).to.deep.equal({ words, next });
    expect((await byContract({ word, quote, time: 1_800_000_000n }, 77n)).next).to.equal(next);
  });

  it("behavior: the side that is out of the money at the anchor is stored, the call at the money", async () => {
    for (const [forward, calls] of [
      [3_000n * WAD, 6],
      [3_000n * WAD + 2n ** 20n, 5],
      [3_000n * WAD - 2n ** 20n, 6],
    ] as const) {
      const { words } = await byContract({ word: listedSeries(TEN), quote: { ...MONTH, forward }, time: 1_800_000_000n });
      expect(words.map(ofCall)).to.deep.equal(Array.from({ length: 10 }, (_, index) => index >= 10 - calls));
    }
  });

  it("behavior: volatility up is worth more, down less, and the extremes are damped", () => {
    const { words } = refreshSeries(listedSeries(TEN), MONTH, 1_800_000_000n, 0n);
    for (const word of words) {
      for (const scenario of [1, 3, 5, 7, 9, 11, 13]) expect(laneOf(word, scenario) >= laneOf(word, scenario + 1)).to.equal(true);
      expect(laneOf(word, 1) > laneOf(word, 0) && laneOf(word, 0) > laneOf(word, 2)).to.equal(true);
      // up: calls gain in 15 and puts in 16, with the mark's volatility at 2 ranges, of which 35 %
      const [gains, loses] = ofCall(word) ? [15, 16] : [16, 15];
      expect(laneOf(word, gains) > laneOf(word, 0) && laneOf(word, loses) < laneOf(word, 0)).to.equal(true);
      expect(laneOf(word, loses) * 20n >= laneOf(word, 0) * 13n - 20n).to.equal(true);
    }
  });

  it("args: a lane that saturates is refused, whatever the other strikes", async () => {
    const wild = { ...MONTH, slice: sliceOf(4, 63_072_000, 0, 0.01), span: 730n * DAY, varianceTime: 730n * DAY * WAD, range: WAD / 2n };
    expect(await bothOf({ word: listedSeries(TEN), quote: wild, time: 1_800_000_000n })).to.equal(undefined);
    const far = { word: listedSeries({ ...TEN, base: 1n, step: 70_000_000n, count: 2n }), quote: MONTH, time: 1_800_000_000n };
    // a strike that is farther than the slice is asked for has the volatility of its end
    expect(await bothOf(far)).to.have.length(2);
  });

  it("behavior: in the settlement window a series is refreshed with what still moves, down to the last second", async () => {
    const opening = openingOf(EXPIRY);
    const live = 3_001n * WAD;
    let average = NO_AVERAGE;
    for (let time = opening; time < EXPIRY; time += 60n) average = observed(average, opening, live, time, time);
    const word = listedSeries({ ...TEN, base: 2_980n, step: 5n });
    for (const left of [1n, 30n]) {
      const state = stateAt(average, opening, live, EXPIRY - left);
      const quote = {
        ...MONTH,
        slice: sliceOf(0.6, 600),
        span: 600n,
        forward: state.forward,
        range: WAD / 1_000n,
        varianceTime: state.varianceTime,
      };
      const words = await bothOf({ word, quote, time: EXPIRY - left });
      // next to nothing but the strike at hand has time value left: a call struck above pays nothing in any scenario it cannot reach
      expect(laneOf(words![9]!, 0)).to.equal(0n);
    }
    expect(rootOf(31_536_000n * WAD)).to.equal(WAD);
    expect(rootOf(31_536n * 10n ** 13n)).to.equal(10n ** 14n);
  });
});
