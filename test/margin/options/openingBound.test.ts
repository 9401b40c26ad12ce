import { expect } from "chai";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { lifetime } from "../../../src/engine/ledger/options/freshness.ts";
import { basisForwardDown } from "../../../src/engine/ledger/options/seriesState.ts";
import { riskWordAt } from "../../../src/engine/math/options/optionStress.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { SeriesPosition } from "../../../src/engine/types/types.ts";
import { forwardDown, listedSeries, rangeUp, refreshedSeries, strikeOf } from "../../../src/engine/words/seriesWord.ts";
import { positionWord, seriesPositionWords, surfaceWord } from "../../../src/engine/words/words.ts";
import type { OpeningHarness, OpeningLogicHarness, PlainOpeningHarness } from "../../../typechain-types/index.ts";
import { Random } from "../../helpers/random.ts";

const PPB = 10n ** 9n;
const MINUTE = 60n;
const WINDOW = 30n * MINUTE;
const FUTURE = 255n;
const MOST = 2n ** 255n - 1n;

interface Listed {
  readonly number: bigint;
  readonly word: bigint;
  readonly surface: bigint;
  readonly average: bigint;
  readonly risks: bigint[];
}

/** As the harness takes it. */
interface Given {
  readonly position: bigint;
  readonly collateral: bigint;
  readonly price: bigint;
  readonly range: bigint;
  readonly depth: bigint;
  readonly provision: bigint;
  readonly interMonth: bigint;
  readonly sample: bigint;
  readonly volatility: bigint;
  readonly list: bigint[];
  readonly series: Listed[];
}

/** What is drawn: words as a refresh makes them, or any; all that stands still, or also what is stale, in its window or settled. */
interface Kind {
  readonly anyWords: boolean;
  readonly fresh: boolean;
  readonly most: number; // positions
}

/** An account on one underlying at `now`, with a corner of the freshness rule for each series. */
function account(random: Random, now: bigint, kind: Kind): Given {
  const price = WAD * BigInt(1 + random.below(60_000)) + random.bigBelow(WAD);
  const range = PPB * BigInt(20_000_000 + random.below(300_000_000));
  const count = 1 + random.below(5);
  const numbers = [...new Set(Array.from({ length: count }, () => BigInt(1 + random.below(255))))];
  const series = numbers.map((number) => listed(random, now, kind, number, price, range));
  const positions: SeriesPosition[] = [];
  const taken = new Set<bigint>();
  const most = 1 + random.below(kind.most);
  for (let i = 0; i < most; i++) {
    const { number, risks } = random.pick(series);
    const future = random.chance(0.1);
    const within = future ? FUTURE : BigInt(2 * random.below(risks.length) + random.below(2));
    const instrument = (number << 8n) | within;
    if (taken.has(instrument)) continue;
    taken.add(instrument);
    const lots = 1n + random.bigBelow(1n << BigInt(1 + random.below(kind.anyWords ? 36 : 16)));
    positions.push({ instrument, lots: random.chance(0.5) ? lots : -lots, halvings: BigInt(random.below(8)) });
  }
  const lots = random.chance(0.5) ? 0n : random.ofAnySize(20);
  const perpetual = lots === 0n ? undefined : { lots, entryCost: 0n, fundingIndex: 0n };
  return {
    position: positionWord(perpetual, BigInt(positions.length)),
    collateral: random.chance(0.5) ? 0n : price * BigInt(random.below(1_000)),
    price,
    range,
    depth: 1n + random.bigBelow(1n << 40n),
    provision: WAD / 200n,
    interMonth: (175n * WAD) / 10_000n,
    sample: 0n,
    volatility: 0n,
    list: seriesPositionWords(positions),
    series,
  };
}

function listed(random: Random, now: bigint, kind: Kind, number: bigint, price: bigint, range: bigint): Listed {
  const inWindow = !kind.fresh && random.chance(0.1);
  const left = inWindow ? BigInt(random.below(2_400)) : BigInt(Math.round(2_000 * Math.exp(random.fraction() * Math.log(20_000)))); // to a year and more
  const expiry = now + left;
  const lapsed = !kind.fresh && random.chance(0.15);
  const published = now - BigInt(random.below(!lapsed ? 3_000 : random.chance(0.7) ? 9_000 : 90_000));
  const basis = BigInt(random.below(60_000_001) - 30_000_000);
  const steps = now <= published + 3_600n ? 0n : (now - published - 3_601n) / 900n + 1n;
  const forward = forwardDown(basisForwardDown(price, basis, steps > 96n ? 96n : steps));
  // a corner of what keeps words fresh, now and then beyond it
  const far = kind.fresh ? 0.0049 : 0.0054;
  const share = random.chance(0.3) ? 1 : random.fraction();
  const by = BigInt(Math.round(1e9 + (random.chance(0.5) ? 1 : -1) * share * far * 1e9));
  const anchorForward = forwardDown((forward * by) / 10n ** 9n);
  const wider = random.chance(0.5) ? 0n : (rangeUp(range) * BigInt(random.below(kind.fresh ? 98 : 110))) / 10_000n;
  const anchorRange = rangeUp(range + wider);
  const count = BigInt(1 + random.below(32));
  const step = 1n + ((anchorForward / 10n ** 14n) * BigInt(1 + random.below(80))) / 1_000n;
  const middle = anchorForward / 10n ** 14n;
  const lowest = middle - (step * count * BigInt(random.below(100))) / 100n;
  const word = listedSeries({ expiry, base: lowest > 0n ? lowest : 1n, step, decimals: 14n, count });
  const longest = lifetime(now, expiry);
  const age = random.chance(0.3) ? longest : random.bigBelow(longest + (kind.fresh ? 0n : 20n) + 1n);
  const made = now - age;
  const clock = expiry - made;
  const seconds = clock > WINDOW ? clock - WINDOW + WINDOW / 3n : 1n + clock / 10n;
  const volatility = (WAD * BigInt(10 + random.below(200))) / 100n;
  let highest = 0n;
  const risks = Array.from({ length: Number(count) }, (_, index) => {
    if (kind.anyWords) return random.bigBelow(1n << 256n);
    const implied = (volatility * BigInt(80 + random.below(60))) / 100n;
    if (implied > highest) highest = implied;
    try {
      return riskWordAt(strikeOf(word, BigInt(index)), implied, { forward: anchorForward, range: anchorRange }, seconds);
    } catch (error) {
      if (error instanceof Reverted && error.errorName === "LaneSaturated") return 0n;
      throw error;
    }
  });
  const epoch = BigInt(random.below(1_000));
  const other = !kind.fresh && random.chance(0.05) ? 1n : 0n;
  return {
    number,
    word: refreshedSeries(word, { forward: anchorForward, time: made, range: anchorRange, epoch: epoch + other }),
    surface: surfaceWord({
      basis,
      published,
      span: seconds,
      epoch,
      highest: kind.anyWords ? BigInt(random.below(65_536)) : (highest + 10n ** 15n - 1n) / 10n ** 15n,
      slide: BigInt(random.chance(0.2) ? random.below(65_536) : random.below(1_000)),
      depth: 1n + random.bigBelow(1n << 39n),
      openInterest: 0n,
      volatilityCap: 0n,
    }),
    average: 0n,
    risks,
  };
}

describe("opening bound", function () {
  this.timeout(300_000);
  let harness: OpeningHarness;
  let plain: PlainOpeningHarness;
  let logic: OpeningLogicHarness;
  let now: bigint;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("OpeningHarness");
    plain = await ethers.deployContract("PlainOpeningHarness");
    const library = await ethers.deployContract("OpeningLogic");
    logic = await ethers.deployContract("OpeningLogicHarness", { libraries: { OpeningLogic: await library.getAddress() } });
    // calls are simulated on the latest block
    now = BigInt((await ethers.provider.getBlock("latest"))!.timestamp);
  });

  for (const [title, kind] of [
    ["words of real options", { anyWords: false, fresh: false, most: 40 }],
    ["any words and sizes at all, stale ones, and series in their window", { anyWords: true, fresh: false, most: 127 }],
  ] as const) {
    it(`default: the tight bound is the plain one to the unit, of ${title}`, async () => {
      const random = new Random(title.length);
      const seen = { fresh: 0, stale: 0 };
      for (let round = 0; round < 120; round++) {
        const given = account(random, now, kind);
        const { tight, weights } = await harness.bounds.staticCall(given);
        const twin = await plain.bound.staticCall(given);
        expect([...tight], `round ${round}`).to.deep.equal([...twin.plain]);
        expect([...weights], `round ${round}: weights`).to.deep.equal([...twin.weights]);
        if (tight.cause === 0n) seen.fresh++;
        else seen.stale++;
      }
      expect(seen.fresh).to.be.greaterThan(20);
      expect(seen.stale).to.be.greaterThan(20);
    });
  }

  it("behavior: the coarse bound asks more than the tight one, never less, at every corner of the freshness rule", async () => {
    const random = new Random(20_261_130);
    let coarser = 0;
    for (let round = 0; round < 250; round++) {
      const given = account(random, now, { anyWords: false, fresh: true, most: 24 });
      const { coarse, tight, hasCoarse } = await harness.bounds.staticCall(given);
      expect(tight.cause).to.equal(0n);
      expect(hasCoarse).to.equal(true);
      expect(coarse.notional).to.equal(tight.notional);
      for (const part of ["value", "surplus", "settled"] as const)
        expect(coarse[part] <= tight[part], `round ${round} ${part}`).to.equal(true);
      if (coarse.surplus < tight.surplus) coarser++;
    }
    expect(coarser).to.be.greaterThan(200);
  });

  it("behavior: whoever asks for more than the coarse bound leaves is told the tight one, over all underlyings together", async () => {
    const random = new Random(77);
    const marginWord = (800_000n << 24n) | (5_000n << 72n) | (17_500n << 120n) | (120n << 184n);
    for (let round = 0; round < 25; round++) {
      const given = [0, 1, 2].map(() => account(random, now, { anyWords: false, fresh: true, most: 12 }));
      const priceWords = given.map(
        ({ price, range, depth }) => price | (now << 96n) | ((range / PPB) << 136n) | ((range / PPB) << 168n) | (depth << 200n),
      );
      const positions = given.reduce((sum, { position }) => sum + (position >> 240n), 0n);
      const header = (7n << 128n) | (positions << 241n);
      const ask = async (...enough: bigint[]) => logic.value.staticCall(marginWord, header, priceWords, given, enough);
      const [tight, coarse] = await ask(MOST, -(2n ** 200n));
      const surplusOf = (figures: { readonly equity: bigint; readonly openingMargin: bigint }) => figures.equity - figures.openingMargin;
      const [low, high] = [surplusOf(coarse!), surplusOf(tight!)];
      expect(low < high).to.equal(true);
      expect(coarse!.value <= tight!.value && coarse!.settledCash <= tight!.settledCash).to.equal(true);
      const [met, missed, beyond] = await ask(low, low + 1n, high + 1n);
      expect([...met!]).to.deep.equal([...coarse!]);
      expect([...missed!]).to.deep.equal([...tight!]);
      expect([...beyond!]).to.deep.equal([...tight!]);
    }
  });
});
