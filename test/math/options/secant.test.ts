import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { dampedDown, forwardAt, rowOf } from "../../../src/engine/math/options/optionStress.ts";
import { seriesBook } from "../../../src/engine/math/options/riskArray.ts";
import { boundsOf } from "../../../src/engine/math/options/secant.ts";
import { volatilityRows } from "../../../src/engine/math/options/volatilityShock.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import type { Place } from "../../../src/engine/types/holding.ts";
import { LANES, packDown, storesCall, unitUp } from "../../../src/engine/words/riskWord.ts";
import type { SecantHarness } from "../../../typechain-types/index.ts";
import { anyWord, upTo } from "../../helpers/arbitraries.ts";
import { blackInFloats, normalDistribution } from "../../helpers/options/blackInFloats.ts";
import { Random } from "../../helpers/random.ts";

const LARGEST_PRICE = 2n ** 96n - 1n;
const YEAR = 31_536_000;

interface Option {
  readonly strike: number;
  readonly volatility: number;
  readonly lots: bigint;
}

interface Series {
  readonly time: number; // seconds to expiry
  readonly anchor: Place;
  readonly options: readonly Option[];
}

const asNumber = (wad: bigint): number => Number(wad) / 1e18;
const asWad = (value: number): bigint => BigInt(Math.floor(value * 1e9)) * 10n ** 9n;

/** What a lot of the side that is stored at the anchor is worth in each scenario at `place`, extremes undamped, in numbers. */
function undamped(option: Option, series: Series, place: Place): number[] {
  const rows = volatilityRows(asWad(option.volatility), BigInt(series.time));
  const call = storesCall(series.anchor.forward, asWad(option.strike));
  return Array.from({ length: LANES }, (_, k) => {
    const deviation = asNumber(rows[rowOf(BigInt(k))]) * Math.sqrt(series.time / YEAR);
    const priced = blackInFloats(asNumber(forwardAt(place.forward, place.range, BigInt(k))), option.strike, deviation);
    return call ? priced.call : priced.put;
  });
}

const damped = (values: readonly number[]): number[] => values.map((value, k) => (k < 15 ? value : 0.65 * values[0]! + 0.35 * value));

function wordOf(option: Option, series: Series, unit: bigint): bigint {
  const values = undamped(option, series, series.anchor).map(asWad);
  const lanes = values.map((value, k) => (k < 15 ? value : dampedDown(values[0]!, value)));
  return packDown(lanes, unit, storesCall(series.anchor.forward, asWad(option.strike)));
}

/** The bound of each scenario, and what the book is worth there in truth, in numbers. */
function boundAndTruth(series: Series, live: Place): { readonly bound: number[]; readonly truth: number[]; readonly gross: number } {
  const unit = unitUp(series.anchor.forward);
  const positions = series.options.map((option) => ({
    word: wordOf(option, series, unit),
    isCall: storesCall(series.anchor.forward, asWad(option.strike)),
    lots: option.lots,
    strike: asWad(option.strike),
  }));
  const bound = boundsOf(seriesBook(positions), unit, series.anchor, live).map(asNumber);
  const truth = Array.from({ length: LANES }, () => 0);
  let gross = 0;
  for (const option of series.options) {
    gross += Math.abs(Number(option.lots)) * asNumber(live.forward);
    damped(undamped(option, series, live)).forEach((value, k) => {
      truth[k]! += Number(option.lots) * value;
    });
  }
  return { bound, truth, gross };
}

const random = new Random(20_260_101);
const between = (least: number, most: number): number => least + (most - least) * random.fraction();
const lots = (): bigint => BigInt(1 + random.below(1_000)) * (random.chance(0.5) ? 1n : -1n);

/** Books that hide most from a bound: butterflies, straddles, spreads, strangles, and any others. */
function book(forward: number, deviation: number, time: number): readonly Option[] {
  // implied volatility about the deviation, within what Black-76 prices
  const implied = (): number => Math.min(Math.max((between(0.6, 1.6) * deviation) / Math.sqrt(time / YEAR), 0.1), 3);
  const volatility = implied();
  const strike = forward * Math.exp(between(-2, 2) * deviation);
  const width = forward * between(0.002, 1) * deviation;
  const option = (at: number, size: bigint): Option => ({ strike: Math.max(at, forward * 0.05), volatility, lots: size });
  const size = lots();
  const shapes: readonly (() => readonly Option[])[] = [
    () => [option(strike, size)],
    () => [option(strike - width, size), option(strike, -2n * size), option(strike + width, size)],
    () => [option(strike - width, size), option(strike + width, -size)],
    () => [option(forward * (1 - deviation), size), option(forward * (1 + deviation), size)],
    () => Array.from({ length: 12 }, () => ({ ...option(forward * Math.exp(between(-2, 2) * deviation), lots()), volatility: implied() })),
  ];
  return random.pick(shapes)();
}

function series(): Series {
  const forward = between(100, 60_000);
  const time = Math.round(3_600 * Math.exp(between(0, Math.log(8_760))));
  const range = BigInt(Math.round(between(0.05, 0.45) * 1e9)) * 10n ** 9n;
  const deviation = Math.min(between(0.1, 3) * Math.sqrt(time / YEAR), 0.6);
  return { time, anchor: { forward: asWad(forward), range }, options: book(forward, deviation, time) };
}

let saturated = 0;

/** A series of which no lane saturates, as a vault lists it. */
function acceptable(): Series {
  for (;;) {
    const each = series();
    try {
      boundAndTruth(each, each.anchor);
      return each;
    } catch (error) {
      if (!(error instanceof Reverted) || error.errorName !== "LaneSaturated") throw error;
      saturated++;
    }
  }
}

/** A price moved by `part` of half a percent, and a scan range moved by `rangePart` of one percent. */
function moved({ forward, range }: Place, part: number, rangePart: number): Place {
  return {
    forward: forward + (forward * BigInt(Math.round(part * 5e6))) / 10n ** 9n,
    range: (((range / 10n ** 9n) * BigInt(Math.round(1e9 + rangePart * 1e7))) / 10n ** 9n) * 10n ** 9n,
  };
}

describe("secant bound", () => {
  let harness: SecantHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("SecantHarness");
  });

  it("default: agrees with the engine to the unit, whatever the words, the moves and the ranges", async () => {
    const ppb = 10n ** 9n;
    const place = fc.record({
      forward: upTo(LARGEST_PRICE, 10n ** 12n),
      range: upTo(500_000_000n, 1_000_000n).map((range) => range * ppb),
    });
    const positions = fc.array(fc.record({ word: anyWord, lots: fc.bigInt(1n - 2n ** 37n, 2n ** 37n - 1n) }), {
      maxLength: 8,
    });
    const near = fc.record({ part: fc.integer({ min: -1_000, max: 1_000 }), rangePart: fc.integer({ min: -10, max: 10 }) });
    const cases = fc.record({ positions, anchor: place, other: place, near: fc.option(near) });
    await fc.assert(
      fc.asyncProperty(cases, async ({ positions: each, anchor, other, near: step }) => {
        const live = step === null ? other : moved(anchor, step.part / 100, step.rangePart / 10);
        const unit = unitUp(anchor.forward);
        const said = await harness.bounds(
          each.map(({ word }) => word),
          each.map((position) => position.lots),
          anchor,
          live,
        );
        const expected = boundsOf(seriesBook(each.map((position) => ({ ...position, isCall: true, strike: 0n }))), unit, anchor, live);
        expect([...said.out]).to.deep.equal(expected);
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  it("behavior: never above the value that is priced anew, at every corner of the freshness rule", () => {
    let slack = 0;
    let count = 0;
    for (let round = 0; round < 400; round++) {
      const each = acceptable();
      for (const part of [-1, 1, 0, between(-1, 1)]) {
        for (const rangePart of [0, random.pick([-1, 1])]) {
          const { bound, truth, gross } = boundAndTruth(each, moved(each.anchor, part, rangePart));
          bound.forEach((value, k) => {
            const room = (truth[k]! - value) / gross;
            slack += room;
            count++;
            // floating point itself is off by 1e-12 of the notional
            expect(room, `round ${round}, scenario ${k}, price ${part}, range ${rangePart}`).to.be.greaterThan(-1e-12);
          });
        }
      }
    }
    expect(saturated).to.be.lessThan(40);
    // a bound that is far below would be sound and useless
    expect(slack / count).to.be.lessThan(0.0005);
  });

  it("behavior: at the anchor only the rounding of shorts is taken off", () => {
    const each = acceptable();
    const unit = unitUp(each.anchor.forward);
    const positions = each.options.map((option) => ({ word: wordOf(option, each, unit), isCall: true, lots: option.lots, strike: 0n }));
    const { longs, shorts } = seriesBook(positions);
    expect(boundsOf(seriesBook(positions), unit, each.anchor, each.anchor)).to.deep.equal(
      longs.lanes.map((lane, k) => (lane - shorts.lanes[k]! - shorts.lots) * unit),
    );
  });

  it("behavior: the floating point agrees with itself: parity, and the distribution at points that tables print", () => {
    expect(Math.abs(normalDistribution(0) - 0.5)).to.be.lessThan(1e-16);
    for (const [x, printed] of [
      [-1, 0.15865525393145705],
      [-2.5, 0.006209665325776132],
      [-3.5, 0.00023262907903552504],
      [-6, 9.865876450376981e-10],
    ] as const)
      expect(Math.abs(normalDistribution(x) / printed - 1), `${x}`).to.be.lessThan(1e-12);
    const { call, put } = blackInFloats(100, 93, 0.4);
    expect(Math.abs(call - put - 7)).to.be.lessThan(1e-12);
  });
});
