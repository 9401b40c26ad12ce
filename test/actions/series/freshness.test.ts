import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import type { SeriesQuote } from "../../../src/engine/actions/seriesRefresh.ts";
import { openingOf } from "../../../src/engine/ledger/options/expiry.ts";
import { causeOf, type LiveSeries, lifetime, type Surface, staleBecause } from "../../../src/engine/ledger/options/freshness.ts";
import { sviFromWord, sviWord } from "../../../src/engine/math/options/svi.ts";
import { CAUSES, type Cause } from "../../../src/engine/types/staleCause.ts";
import { anchorOf, forwardDown, listedSeries, rangeUp, refreshedSeries } from "../../../src/engine/words/seriesWord.ts";
import type { SeriesHarness } from "../../../typechain-types/index.ts";
import { EXPIRY, seriesCases, sliceOf } from "../../helpers/options/series.ts";

const WAD = 10n ** 18n;
const DAY = 86_400n;
const MADE = EXPIRY - 30n * DAY;
const ANCHOR = { forward: 3_000n * WAD, range: WAD / 10n, time: MADE, epoch: 1n };
const WORD = refreshedSeries(listedSeries({ expiry: EXPIRY, base: 2_000n, step: 250n, decimals: 18n, count: 10n }), ANCHOR);
const SURFACE: Surface = { slice: sliceOf(0.6, 2_592_000), span: 30n * DAY };

/** The word after a refresh; its risk words do not matter here. */
function refreshed(word: bigint, { forward, range }: SeriesQuote, time: bigint): bigint {
  return refreshedSeries(word, { forward: forwardDown(forward), range: rangeUp(range), time, epoch: 0n });
}

describe("freshness", () => {
  let harness: SeriesHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("SeriesHarness");
  });

  /** What contract and engine say alike: without the volatility, and by every rule. */
  async function said(word: bigint, live: LiveSeries, then: Surface = SURFACE, now: Surface = then): Promise<readonly [Cause, Cause]> {
    const answer = await harness.cause(word, live.forward, live.range, live.time, { ...then }, { ...now });
    const causes = [CAUSES[Number(answer.first)]!, CAUSES[Number(answer.any)]!] as const;
    expect(causes).to.deep.equal([causeOf(word, live), staleBecause(word, live, then, now)]);
    return causes;
  }

  it("default: nothing moved, nothing is stale; a limit that is met exactly is kept and one unit more is not", async () => {
    const fresh: LiveSeries = { forward: ANCHOR.forward, range: ANCHOR.range, time: MADE };
    const flat = { slice: sviWord({ a: WAD / 25n, b: 0n, rho: 0n, m: 0n, sigma: WAD }), span: 30n * DAY };
    const limit = ANCHOR.forward / 200n;
    for (const [change, cause] of [
      [{}, "none"],
      [{ forward: ANCHOR.forward + limit }, "none"],
      [{ forward: ANCHOR.forward + limit + 1n }, "price"],
      [{ forward: ANCHOR.forward - limit }, "none"],
      [{ forward: ANCHOR.forward - limit - 1n }, "price"],
      [{ range: ANCHOR.range + 1n }, "range"],
      [{ range: (ANCHOR.range * 99n) / 100n }, "none"],
      [{ range: (ANCHOR.range * 99n) / 100n - 1n }, "range"],
      [{ time: MADE + 900n }, "none"],
      [{ time: MADE + 901n }, "time"],
    ] as const) {
      // with a volatility that is the same everywhere only these count
      expect(await said(WORD, { ...fresh, ...change }, flat)).to.deep.equal([cause, cause]);
    }
    expect(await said(WORD & ~(2n ** 140n - 1n), fresh)).to.deep.equal(["never refreshed", "never refreshed"]);
  });

  it("default: a listed strike whose volatility moved by more than 1 % is enough, by the slice or along it", async () => {
    const fresh: LiveSeries = { forward: ANCHOR.forward, range: ANCHOR.range, time: MADE };
    const flat = (volatility: bigint): Surface => {
      const a = (volatility * volatility) / WAD;
      return { slice: sviWord({ a: a - (a % 10n ** 4n), b: 0n, rho: 0n, m: 0n, sigma: WAD }), span: 31_536_000n };
    };
    for (const [percent, cause] of [
      [100n, "none"],
      [101n, "none"],
      [99n, "none"],
      [102n, "volatility"],
      [98n, "volatility"],
    ] as const) {
      // 0.6·√a is exact to 1e-14; 1 % less what is cut is kept
      const moved = (WAD * 6n * percent) / 1_000n - (percent === 101n ? 10n ** 10n : 0n) + (percent === 99n ? 10n ** 10n : 0n);
      expect(await said(WORD, fresh, flat((6n * WAD) / 10n), flat(moved))).to.deep.equal(["none", cause]);
    }
    // the same total variance for a longer time is a lower volatility
    expect(await said(WORD, fresh, flat(WAD / 2n), { ...flat(WAD / 2n), span: 32_536_000n })).to.deep.equal(["none", "volatility"]);
    // one wing turns up beyond all strikes but the highest, and but the lowest
    const kinked = (b: bigint, side: bigint): Surface => ({
      slice: sviWord({ a: (3n * WAD) / 100n, b, rho: (side * 99n * WAD) / 100n, m: (side * 29n * WAD) / 100n, sigma: WAD / 10_000n }),
      span: 30n * DAY,
    });
    for (const side of [1n, -1n]) {
      expect(await said(WORD, fresh, kinked(0n, side), kinked(WAD / 100n, side))).to.deep.equal(["none", "volatility"]);
      const inner = refreshedSeries(listedSeries({ expiry: EXPIRY, base: 2_250n, step: 250n, decimals: 18n, count: 8n }), ANCHOR);
      expect(await said(inner, fresh, kinked(0n, side), kinked(WAD / 100n, side))).to.deep.equal(["none", "none"]);
    }
    // the slice stands and the forward moves along a steep one by less than 0.5 %
    const steep = { slice: sviWord({ a: WAD / 1_000n, b: WAD / 10n, rho: (-9n * WAD) / 10n, m: 0n, sigma: WAD / 1_000n }), span: DAY };
    expect(await said(WORD, { ...fresh, forward: (ANCHOR.forward * 1_004n) / 1_000n }, steep)).to.deep.equal(["none", "volatility"]);
    expect(await said(WORD, fresh, steep)).to.deep.equal(["none", "none"]);
  });

  it("default: agrees with the engine wherever the series is", async () => {
    const seen = new Map<Cause, number>();
    await fc.assert(
      fc.asyncProperty(
        seriesCases,
        fc.record({
          move: fc.integer({ min: -7_000, max: 7_000 }),
          range: fc.oneof(fc.constant(0), fc.integer({ min: -15_000, max: 2_000 })),
          age: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_000 })),
          variance: fc.integer({ min: -25_000, max: 25_000 }),
        }),
        async ({ word, quote, time }, { move, range, age, variance }) => {
          const made = refreshedSeries(word, { forward: forwardDown(quote.forward), range: WAD / 10n, time, epoch: 0n });
          const anchor = anchorOf(made);
          const parts = (value: bigint, ppm: number): bigint => value + (value * BigInt(ppm)) / 1_000_000n;
          const slice = sviFromWord(quote.slice);
          const cut = (value: bigint): bigint => value - (value % 10_000n);
          const now = {
            slice: sviWord({ ...slice, a: cut(parts(slice.a, variance)), b: cut(parts(slice.b, variance)) }),
            span: quote.span,
          };
          const live = { forward: parts(anchor.forward, move), range: parts(anchor.range, range), time: time + BigInt(age) };
          const [, cause] = await said(made, live, { slice: quote.slice, span: quote.span }, now);
          // what was refreshed a moment ago, at the same quote, is not stale
          const next = refreshed(word, quote, time);
          const again = { forward: quote.forward, range: quote.range, time };
          expect(await said(next, again, { slice: quote.slice, span: quote.span })).to.deep.equal(["none", "none"]);
          seen.set(cause, (seen.get(cause) ?? 0) + 1);
        },
      ),
      { seed: 1, numRuns: 300 },
    );
    for (const cause of CAUSES.filter((each) => each !== "never refreshed")) expect(seen.get(cause) ?? 0, cause).to.be.greaterThan(5);
  });

  it("default: words hold a fiftieth of their variance time, at least a minute and at most fifteen", async () => {
    const opening = openingOf(EXPIRY);
    const cases: readonly (readonly [bigint, bigint])[] = [
      [EXPIRY - 730n * DAY, 900n],
      // twelve and a half hours of variance time
      [EXPIRY - 46_200n, 900n],
      [EXPIRY - 46_199n, 899n],
      [EXPIRY - 4_250n, 61n],
      [EXPIRY - 4_200n, 60n],
      [EXPIRY - 3_600n, 60n],
      [opening, 60n],
      [opening + 1n, 60n],
      [EXPIRY - 900n, 60n],
      [EXPIRY, 60n],
      [EXPIRY + 600n, 60n],
    ];
    const answers = await harness.lifetimes(
      cases.map(([made]) => made),
      EXPIRY,
    );
    expect([...answers]).to.deep.equal(cases.map(([, seconds]) => seconds));
    expect(cases.map(([made]) => lifetime(made, EXPIRY))).to.deep.equal(cases.map(([, seconds]) => seconds));
    // a fiftieth of the variance time, so that volatility and time together lose at most 1 %
    for (let made = EXPIRY - 46_200n; made < EXPIRY - 4_200n; made += 100n) {
      const time = (at: bigint): bigint => (at < opening ? EXPIRY - at - 1_200n : (EXPIRY - at) ** 3n / 9_720_000n);
      const lost = time(made) - time(made + lifetime(made, EXPIRY));
      // in the window the cube loses up to three times its part of the time left
      expect(lost * 50n <= time(made) * (made < opening - 12n ? 1n : 2n), `${EXPIRY - made}`).to.equal(true);
    }
    // a minute in the last seconds as well, beyond the expiry where the average is not full by then
    const late = refreshedSeries(WORD, { ...ANCHOR, time: EXPIRY - 5n });
    for (const time of [EXPIRY - 5n, EXPIRY - 4n, EXPIRY + 55n]) expect((await said(late, { ...ANCHOR, time }))[0]).to.equal("none");
    expect((await said(late, { ...ANCHOR, time: EXPIRY + 56n }))[0]).to.equal("time");
  });
});
