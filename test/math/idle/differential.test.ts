import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { fallUp, isGoodRate, openingRateDown, rateAfter } from "../../../src/engine/math/idle/rate.ts";
import { leastSampledDown, sampled } from "../../../src/engine/math/idle/redeemable.ts";
import { curingUp, fundingRatios, ratiosHold } from "../../../src/engine/math/idle/stableFunding.ts";
import { min } from "../../../src/engine/types/fixedPoint.ts";
import { redeemableFromWord, redeemableWord } from "../../../src/engine/words/words.ts";
import type { IdleMathHarness } from "../../../typechain-types/index.ts";
import { unsigned, upTo } from "../../helpers/arbitraries.ts";

const RUNS = { numRuns: 60 };
const NOW = 1_700_000_000n;
/** Moments at which something changes, seconds back. */
const ago = fc.oneof(upTo(1_000_000n), fc.constantFrom(0n, 59n, 60n, 61n, 7_200n, 7_201n, 86_400n, 86_401n, 604_800n, 604_801n));
const RATE = ["rate", "read", "fallen", "risen", "reading", "readingTime", "peak", "peakTime"] as const;

describe("rates and ratios on chain", function () {
  this.timeout(120_000);
  let harness: IdleMathHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("IdleMathHarness");
  });

  it("property: a reading makes of a rate what it does in the engine", async () => {
    const rates = unsigned(80);
    /** Near one another as often as not. */
    const near = fc.tuple(rates, fc.bigInt(980_000n, 1_020_000n), fc.boolean(), rates);
    await fc.assert(
      fc.asyncProperty(near, near, near, fc.tuple(ago, ago, ago, ago, ago), unsigned(24), async (a, b, c, times, bound) => {
        const [rate] = a;
        const by = ([other, ppm, apart]: readonly [bigint, bigint, boolean, bigint]): bigint =>
          apart ? other : min((rate * ppm) / 1_000_000n, 2n ** 80n - 1n);
        const [read, fallen, risen, reading, peak] = times.map((time) => NOW - time) as [bigint, bigint, bigint, bigint, bigint];
        const stored = { rate, read, fallen, risen, reading: by(a), readingTime: reading, peak: by(b), peakTime: peak };
        const said = c[2] ? c[3] * 4n : by(c);
        const made = rateAfter({ ...stored, bound }, said, NOW);
        const answer = await harness.read(stored, said, bound, NOW);
        for (const field of RATE) expect(answer[field], field).to.equal(made[field]);
        const [fall, lowest, isGood] = await harness.opening(stored, NOW);
        expect([fall, lowest, isGood]).to.deep.equal([
          fallUp({ ...stored, bound }),
          openingRateDown({ ...stored, bound }, NOW),
          isGoodRate({ ...stored, bound }, NOW),
        ]);
      }),
      RUNS,
    );
  });

  it("property: a sample of what could be redeemed is that of the engine, and so is the least", async () => {
    const back = fc.oneof(fc.bigInt(0n, 3n), upTo(40n));
    await fc.assert(
      fc.asyncProperty(
        fc.array(upTo(250n), { minLength: 24, maxLength: 24, size: "max" }),
        back,
        ago,
        upTo(250n),
        unsigned(128),
        unsigned(96),
        upTo(250n, 1n),
        async (samples, missed, waited, reading, shares, held, part) => {
          const hour = NOW / 3_600n - missed;
          const before = { samples, hour, reading, readingTime: waited > 8_000n ? 0n : NOW - waited };
          const word = redeemableWord(before);
          expect(redeemableFromWord(word)).to.deep.equal(before);
          const cap = 1n + (held * 250n) / part;
          const made = sampled(before, min(shares, held), cap, NOW);
          expect([...(await harness.sampled(word, min(shares, held), cap, NOW))]).to.deep.equal([
            redeemableWord(made),
            leastSampledDown(made, cap, NOW),
          ]);
          expect(await harness.leastDown(word, cap, NOW)).to.equal(leastSampledDown(before, cap, NOW));
        },
      ),
      RUNS,
    );
  });

  it("property: ratios, their limits and what cures them are those of the engine", async () => {
    const amounts = upTo(2n ** 100n);
    const holdings = fc.tuple(amounts, amounts).map(([value, liquid]) => ({ value, liquid: min(value, liquid) }));
    const sheets = fc.record({
      tokens: amounts,
      strategies: fc.array(holdings, { minLength: 1, maxLength: 3 }),
      collateral: amounts,
      margin: amounts,
      stake: amounts,
      cooling: fc.array(fc.record({ amount: amounts, time: upTo(900_000n) }), { maxLength: 3 }),
      coolDown: upTo(1_000_000n),
      poolBound: amounts,
      poolRequested: amounts,
      inventory: amounts,
      lost: amounts,
    });
    await fc.assert(
      fc.asyncProperty(sheets, upTo(3_000_000n, 1n), upTo(3_000_000n, 1n), async (sheet, stable, coverage) => {
        const made = fundingRatios(sheet);
        const [held] = sheet.strategies;
        const [ratios, holds, curing] = await harness.ratios(sheet, held!, stable, coverage);
        expect([ratios.available, ratios.required, ratios.liquid, ratios.outflow]).to.deep.equal([
          made.available,
          made.required,
          made.liquid,
          made.outflow,
        ]);
        expect([holds, curing]).to.deep.equal([ratiosHold(made, { stable, coverage }), curingUp(made, held!, { stable, coverage })]);
      }),
      RUNS,
    );
  });
});
