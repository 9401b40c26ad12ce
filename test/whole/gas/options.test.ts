import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { openingOf } from "../../../src/engine/ledger/options/expiry.ts";
import { undiscounted } from "../../../src/engine/math/options/black76.ts";
import { sviWord } from "../../../src/engine/math/options/svi.ts";
import { max } from "../../../src/engine/types/fixedPoint.ts";
import { instrumentNumber } from "../../../src/engine/types/instrument.ts";
import { listedSeries } from "../../../src/engine/words/seriesWord.ts";
import type { RiskHarness } from "../../../typechain-types/index.ts";
import { inBox, optionOf, valuesOf } from "../../helpers/options/blackBox.ts";
import { EXPIRY, sliceOf } from "../../helpers/options/series.ts";
import { Random } from "../../helpers/random.ts";

const WAD = 10n ** 18n;

/** 128 words of four series read, 32 of one written anew. */
const DOCUMENTED = { slotsRead: 285_400n, blobRead: 32_000n, slotsWritten: 166_000n, blobWritten: 242_900n };

describe("gas of option margin", () => {
  const random = new Random(7);
  let harness: RiskHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("RiskHarness");
  });

  it("default: a call and a put together cost at most 1,150 of a strike that shares its logarithm and root, 2,300 by themselves", async () => {
    const { ethers } = await network.create();
    const formula = await ethers.deployContract("Black76Harness");
    const nothing = (await formula.gasOfNothing(1n, 2n)).used;
    let [inner, whole] = [0n, 0n];
    const all = fc.sample(inBox, { seed: 5, numRuns: 100 });
    for (const given of all) {
      const shared = await formula.gasOfUndiscounted(optionOf(given));
      const alone = await formula.gasOfPrice(given);
      expect(shared.prices.call).to.equal(undiscounted(...valuesOf(optionOf(given))).call);
      inner = max(inner, shared.used - nothing);
      whole += alone.used - nothing;
    }
    expect(inner).to.be.at.most(1_150n);
    expect(whole / BigInt(all.length)).to.be.at.most(2_300n);
  });

  it("default: adding a position costs a tenth of adding it lane by lane", async () => {
    const of = async (count: number): Promise<{ packedGas: bigint; naiveGas: bigint; loopGas: bigint }> => {
      const words = Array.from({ length: count }, () => random.bigBelow(2n ** 256n));
      const sizes = Array.from({ length: count }, () => random.bigBelow(2n ** 37n) * (random.chance(0.5) ? 1n : -1n));
      return harness.gasOfAdding(words, sizes);
    };
    const [ten, most] = [await of(10), await of(127)];
    const each = (part: "packedGas" | "naiveGas" | "loopGas"): number => Number(most[part] - ten[part]) / 117;
    const [packed, naive] = [each("packedGas") - each("loopGas"), each("naiveGas") - each("loopGas")];
    expect(packed).to.be.within(300, 400);
    expect(naive).to.be.greaterThan(10 * packed);
  });

  it("default: valuing a series and an underlying", async () => {
    const position = { word: random.bigBelow(2n ** 256n), isCall: true, lots: 7n, strike: 5n };
    const said = await harness.gasOfValues([position], 3_000n * WAD, WAD / 10n);
    expect(said.lanesGas).to.be.lessThan(1_000n);
    expect(said.lineGas).to.be.lessThan(1_200n);
    expect(said.worstGas).to.be.lessThan(1_800n);
  });

  it("default: the shock of a series", async () => {
    for (const days of [1n, 29n, 90n]) expect(await harness.gasOfShock(WAD, days * 86_400n)).to.be.lessThan(3_000n);
  });

  it("default: the bounds of a series", async () => {
    const { ethers } = await network.create();
    const kernels = await ethers.deployContract("KernelHarness");
    const anchor = { forward: 3_000n * WAD, range: WAD / 10n };
    const words = Array.from({ length: 10 }, () => random.bigBelow(2n ** 256n));
    const sizes = words.map((_, i) => BigInt(i) - 5n);
    const drift = { volatilities: [WAD, WAD, WAD] as [bigint, bigint, bigint], fall: 10n ** 15n, fallDown: 10n ** 15n, rise: 10n ** 15n };
    for (const live of [
      { ...anchor, forward: 3_010n * WAD },
      { forward: 2_990n * WAD, range: WAD / 11n },
    ]) {
      const { spent: tight } = await kernels.bound(words, sizes, anchor, live, drift);
      const { spent: coarse } = await kernels.coarse(words, sizes, anchor, live, 10n ** 33n);
      if (process.env.PLIMSOLL_SHOW !== undefined) console.log({ tight, coarse });
      expect(tight).to.be.lessThan(14_800n);
      expect(coarse).to.be.lessThan(2_050n);
    }
  });

  it("default: words in slots against words in code", async () => {
    const { ethers } = await network.create();
    const blobs = await ethers.deployContract("BlobHarness");
    const [strikes, series] = [32, [1n, 2n, 3n, 4n]];
    const words = (): bigint[] => Array.from({ length: strikes }, () => random.bigBelow(2n ** 256n) | 1n);
    const written: Record<string, bigint> = {};
    // the second time nothing is new, as in a refresh
    for (let round = 0; round < 2; round++) {
      for (const each of series) {
        const next = words();
        written.slots = await blobs.writeSlots.staticCall(each, next);
        written.blob = await blobs.writeBlob.staticCall(each, next);
        await blobs.writeSlots(each, next);
        await blobs.writeBlob(each, next);
      }
    }
    const slots = await blobs.readSlots(series, strikes);
    const blob = await blobs.readBlobs(series, strikes);
    expect(blob.sum).to.equal(slots.sum);
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log({ ...written, slotsRead: slots.spent, blobRead: blob.spent });
    // docs/options.md, "Refresh of a series"
    expect(slots.spent).to.be.closeTo(DOCUMENTED.slotsRead, DOCUMENTED.slotsRead / 50n);
    expect(blob.spent).to.be.closeTo(DOCUMENTED.blobRead, DOCUMENTED.blobRead / 50n);
    expect(written.slots).to.be.closeTo(DOCUMENTED.slotsWritten, DOCUMENTED.slotsWritten / 50n);
    expect(written.blob).to.be.closeTo(DOCUMENTED.blobWritten, DOCUMENTED.blobWritten / 50n);
  });

  it("default: an SVI slice, a strike of it, and the checks of ten strikes", async () => {
    const { ethers } = await network.create();
    const slices = await ethers.deployContract("SviHarness");
    const word = sviWord({ a: WAD / 25n, b: WAD / 10n, rho: (-3n * WAD) / 10n, m: WAD / 100n, sigma: WAD / 5n });
    const said = await slices.gas(word, WAD / 7n);
    expect(said.unpacking).to.be.lessThan(450n);
    expect(said.variance).to.be.lessThan(680n);
    expect(said.free).to.be.lessThan(16_500n);
  });

  it("default: the words of ten strikes, and what they are made of", async () => {
    const { ethers } = await network.create();
    const refreshes = await ethers.deployContract("SeriesHarness");
    const word = listedSeries({ expiry: EXPIRY, base: 2_000n, step: 250n, decimals: 18n, count: 10n });
    const [span, forward, range] = [30n * 86_400n, 3_000n * WAD, WAD / 10n];
    const quote = { forward, range, slice: sliceOf(0.6, 2_592_000), span, varianceTime: span * WAD };
    const { spent, next } = await refreshes.refreshed(word, quote, EXPIRY - span, 1n);
    expect(spent).to.be.lessThan(277_000n);
    const parts = await refreshes.gasOfRefresh(word, quote, 0n);
    expect(parts.frameGas).to.be.lessThan(13_200n);
    expect(parts.strikeGas).to.be.lessThan(26_200n);
    expect(parts.impliedGas).to.be.lessThan(1_100n);
    // each lane by itself
    expect(await refreshes.naive.estimateGas(word, quote)).to.be.greaterThan((7n * spent) / 2n);

    const surface = { slice: quote.slice, span };
    const fresh = await refreshes.cause(next, forward + WAD, range, EXPIRY - span + 60n, surface, surface);
    expect([fresh.first, fresh.any]).to.deep.equal([0n, 0n]);
    expect(fresh.firstGas).to.be.lessThan(600n);
    expect(fresh.anyGas).to.be.lessThan(31_000n);
  });

  it("default: a post into an average, the state of a series in its window, a payoff", async () => {
    const { ethers } = await network.create();
    const expiries = await ethers.deployContract("ExpiryHarness");
    const opening = openingOf(EXPIRY);
    const posts = Array.from({ length: 16 }, (_, minute) => {
      const time = opening + 60n * BigInt(minute);
      return { price: 3_000n * WAD, time, present: time };
    });
    const words = await expiries.observed(0n, opening, posts);
    const series = listedSeries({ expiry: EXPIRY, base: 2_000n, step: 125n, decimals: 18n, count: 17n });
    const call = instrumentNumber({ series: 0n, index: 3n, isCall: true });
    const said = await expiries.gas(words.at(-1)!, opening, 3_001n * WAD, opening + 960n, call, series);
    expect(said.postGas).to.be.lessThan(860n);
    expect(said.stateGas).to.be.lessThan(620n);
    expect(said.payoffGas).to.be.lessThan(300n);
  });
});
