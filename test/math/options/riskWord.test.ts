import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { dampedDown, forwardAt, rowOf, undampedMoveOf } from "../../../src/engine/math/options/optionStress.ts";
import { linearDown, type OptionPosition, seriesBook, valuesOf, worstOfValues } from "../../../src/engine/math/options/riskArray.ts";
import { moveOf } from "../../../src/engine/math/stress.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { LANES, laneOf, ofCall, packDown, storesCall, unitUp } from "../../../src/engine/words/riskWord.ts";
import type { RiskHarness } from "../../../typechain-types/index.ts";
import { anyWord, upTo } from "../../helpers/arbitraries.ts";

const WAD = 10n ** 18n;
const LARGEST_SIZE = 2n ** 37n - 1n;
const LARGEST_PRICE = 2n ** 96n - 1n;

const words = fc.oneof(anyWord, fc.constantFrom(0n, 2n ** 256n - 1n, 2n ** 255n - 1n, 2n ** 255n));
const sizes = fc.tuple(upTo(LARGEST_SIZE), fc.boolean()).map(([size, short]) => (short ? -size : size));
const positions: fc.Arbitrary<OptionPosition> = fc.record({
  word: words,
  isCall: fc.boolean(),
  lots: sizes,
  strike: upTo(LARGEST_PRICE, 1n),
});
const ranges = upTo(500_000_000n, 1n).map((ppb) => ppb * 10n ** 9n);

describe("risk word", () => {
  let harness: RiskHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("RiskHarness");
  });

  it("default: packs seventeen values rounded down and reads each lane back, as the engine does", async () => {
    await fc.assert(
      fc.asyncProperty(
        upTo(LARGEST_PRICE, 1n),
        fc.array(fc.bigInt(0n, 32_767n), { minLength: LANES, maxLength: LANES }),
        fc.boolean(),
        fc.bigInt(0n, 2n ** 80n),
        async (anchor, lanes, call, dust) => {
          const unit = unitUp(anchor);
          const values = lanes.map((lane) => lane * unit + (dust % unit));
          const word = await harness.packDown(values, unit, call);
          expect(word).to.equal(packDown(values, unit, call));
          const said = await harness.unpacked(word);
          expect([...said.lanes]).to.deep.equal(lanes);
          expect(lanes.map((_, scenario) => laneOf(word, scenario))).to.deep.equal(lanes);
          expect(said.call).to.equal(call);
          expect(ofCall(word)).to.equal(call);
        },
      ),
      { seed: 1, numRuns: 200 },
    );
  });

  it("default: a value up to the anchor price less one unit fits, and the side out of the money is stored", async () => {
    for (const anchor of [1n, 32_767n, 32_768n, 32_769n, 3_000n * WAD, LARGEST_PRICE]) {
      const said = await harness.anchored(anchor, anchor);
      expect([...said]).to.deep.equal([unitUp(anchor), true]);
      expect(unitUp(anchor) * 2n ** 15n).to.be.at.least(anchor);
      expect((unitUp(anchor) - 1n) * 2n ** 15n).to.be.lessThan(anchor);
      for (const strike of [anchor - 1n, anchor + 1n]) {
        expect((await harness.anchored(anchor, strike)).call).to.equal(strike > anchor);
        expect(storesCall(anchor, strike)).to.equal(strike > anchor);
      }
    }
  });

  it("args: the first value that needs sixteen bits is refused with its scenario", async () => {
    const unit = 7n;
    for (let scenario = 0; scenario < LANES; scenario++) {
      const values = Array.from({ length: LANES }, () => 3n);
      values[scenario] = 32_767n * unit + 6n;
      expect(laneOf(await harness.packDown(values, unit, false), scenario)).to.equal(32_767n);
      values[scenario] = 32_768n * unit;
      await expect(harness.packDown(values, unit, false))
        .to.be.revertedWithCustomError(harness, "LaneSaturated")
        .withArgs(scenario, 32_768n * unit, unit);
      expect(() => packDown(values, unit, false)).to.throw(Reverted, `LaneSaturated(${scenario}, ${32_768n * unit}, ${unit})`);
    }
  });

  it("default: the packed sums are the naive ones and the engine's", async () => {
    let longest = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(positions, { maxLength: 24, size: "max" }), sizes, async (book, futures) => {
        longest = Math.max(longest, book.length);
        const said = await harness.packed(book, futures);
        const expected = seriesBook(book, futures);
        expect([...said.longs]).to.deep.equal(expected.longs.lanes);
        expect([...said.shorts]).to.deep.equal(expected.shorts.lanes);
        expect([...said.lots]).to.deep.equal([expected.longs.lots, expected.shorts.lots]);
        expect([...said.callLots]).to.deep.equal([expected.longs.callLots, expected.shorts.callLots]);
        expect([said.forwards, said.strikes]).to.deep.equal([expected.forwards, expected.strikes]);
        expect(await harness.agree(book, futures)).to.equal(true);
      }),
      { seed: 2, numRuns: 150 },
    );
    expect(longest).to.be.greaterThan(12);
  });

  it("default: 127 positions of the largest size and full lanes do not run into each other", async () => {
    for (const sign of [1n, -1n]) {
      const book = Array.from({ length: 127 }, () => ({
        word: 2n ** 256n - 1n,
        isCall: false,
        lots: sign * LARGEST_SIZE,
        strike: LARGEST_PRICE,
      }));
      expect(await harness.agree(book, sign * LARGEST_SIZE)).to.equal(true);
      const said = await harness.packed(book, 0n);
      const [full, empty] = sign > 0n ? [said.longs, said.shorts] : [said.shorts, said.longs];
      expect([...full]).to.deep.equal(Array.from({ length: LANES }, () => 127n * LARGEST_SIZE * 32_767n));
      expect([...empty]).to.deep.equal(Array.from({ length: LANES }, () => 0n));
      expect(said.forwards).to.equal(-sign * 127n * LARGEST_SIZE);
    }
  });

  it("default: values and scan agree with the engine", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(positions, { maxLength: 6 }),
        sizes,
        upTo(LARGEST_PRICE, 1n),
        upTo(LARGEST_PRICE, 1n),
        ranges,
        async (each, futures, anchor, forward, range) => {
          const unit = unitUp(anchor);
          const said = await harness.values(each, futures, unit, forward, range);
          const book = seriesBook(each, futures);
          const expected = valuesOf(book, unit, forward, range);
          expect([...said.out]).to.deep.equal(expected);
          const { loss, scenario } = worstOfValues(expected);
          expect([said.loss, said.scenario]).to.deep.equal([loss, BigInt(scenario)]);
        },
      ),
      { seed: 3, numRuns: 200 },
    );
  });

  it("behavior: the worst scenario is the first of the largest losses, and none when nothing loses", async () => {
    const values = Array.from({ length: LANES }, () => 10n);
    expect([...(await harness.worst(values))]).to.deep.equal([0n, 0n]);
    values[3] = 11n;
    expect([...(await harness.worst(values))]).to.deep.equal([0n, 0n]);
    values[9] = -4n;
    values[16] = -4n;
    expect([...(await harness.worst(values))]).to.deep.equal([14n, 9n]);
    values[16] = -5n;
    expect([...(await harness.worst(values))]).to.deep.equal([15n, 16n]);
  });

  it("behavior: parity is exact: a call less a put of one strike is the future less the strike in every scenario", async () => {
    const [forward, strike, range] = [3_000n * WAD, 3_100n * WAD, WAD / 8n];
    const unit = unitUp(2_990n * WAD);
    for (const call of [true, false]) {
      const word = packDown(
        Array.from({ length: LANES }, (_, scenario) => BigInt(50 + 13 * scenario) * unit),
        unit,
        call,
      );
      const spread = [
        { word, isCall: true, lots: 7n, strike },
        { word, isCall: false, lots: -7n, strike },
      ];
      const { out } = await harness.values(spread, 0n, unit, forward, range);
      out.forEach((value, scenario) => {
        // the future moves by the damped move of the scenario: ±0.7 ranges in the extremes
        const moved = forward + (forward * range * moveOf(BigInt(scenario))) / (30n * WAD);
        expect(value, `scenario ${scenario}`).to.equal(7n * (moved - strike));
      });
    }
  });

  it("behavior: the damped extreme of parity is the damping of parity", () => {
    // (1 − c)·(F − K) + c·(F·(1 ± 2r) − K) = F·(1 ± 0.7r) − K, to 60 units of the extreme
    const [forward, range] = [123_456_789n * WAD, 123_456_789n * 10n ** 9n];
    for (const scenario of [15, 16]) {
      const extreme = forwardAt(forward, range, BigInt(scenario));
      const damped = linearDown(seriesBook([], 1n), forward, range, scenario);
      const difference = dampedDown(forward, extreme) - damped;
      expect(difference >= -22n && difference <= 22n, `${difference}`).to.equal(true);
    }
  });

  it("behavior: re-anchoring swaps the side and changes a value by less than one unit a lot", async () => {
    // values of the put, and of the call by parity, in whole thousandths of a unit, so that both words round
    const [forward, range] = [3_000n * WAD, WAD / 10n];
    const unit = unitUp(forward);
    const strike = 3_001n * WAD;
    let seed = 12_345n;
    const random = (): bigint => {
      seed = (seed * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
      return seed >> 20n;
    };
    for (let round = 0; round < 50; round++) {
      const linear = Array.from({ length: LANES }, (_, scenario) => linearDown(seriesBook([], 1n), forward, range, scenario) - strike);
      const puts = linear.map((value) => (value < 0n ? -value : 0n) + (random() * unit) / 2n ** 36n);
      const calls = puts.map((put, scenario) => put + linear[scenario]!);
      const lots = BigInt(1 + round);
      for (const sign of [1n, -1n]) {
        for (const call of [true, false]) {
          const truth = (call ? calls : puts).map((value) => sign * lots * value);
          for (const [stored, word] of [
            [true, packDown(calls, unit, true)],
            [false, packDown(puts, unit, false)],
          ] as const) {
            const { out } = await harness.values([{ word, isCall: call, lots: sign * lots, strike }], 0n, unit, forward, range);
            // one unit for each short lot
            const rounding = sign > 0n ? 0n : lots * unit;
            out.forEach((value, scenario) => {
              const off = value - truth[scenario]!;
              // a wei of the move is rounded a lot
              if (sign > 0n) expect(off <= lots && off > -lots * unit - lots, `${stored} ${scenario}: ${off}`).to.equal(true);
              // never above the truth once the rounding is taken off
              else expect(off - rounding < lots && off > -lots, `${stored} ${scenario}: ${off}`).to.equal(true);
            });
          }
        }
      }
    }
  });

  it("default: forwards, rows and damping agree, and the extremes move two ranges", async () => {
    await fc.assert(
      fc.asyncProperty(upTo(LARGEST_PRICE, 1n), ranges, upTo(LARGEST_PRICE), upTo(LARGEST_PRICE), async (forward, range, mark, extreme) => {
        const said = await harness.scenarios(forward, range, mark, extreme);
        const scenarios = Array.from({ length: LANES }, (_, scenario) => BigInt(scenario));
        expect([...said.forwards]).to.deep.equal(scenarios.map((scenario) => forwardAt(forward, range, scenario)));
        expect([...said.rows]).to.deep.equal(scenarios.map((scenario) => BigInt(["mark", "up", "down"].indexOf(rowOf(scenario)))));
        expect(said.damped).to.equal(dampedDown(mark, extreme));
      }),
      { seed: 4, numRuns: 200 },
    );
    const said = await harness.scenarios(3_000n * WAD, WAD / 10n, 0n, 0n);
    const expected = [0, 0, 0, 100, 100, -100, -100, 200, 200, -200, -200, 300, 300, -300, -300, 600, -600];
    expect([...said.forwards]).to.deep.equal(expected.map((move) => BigInt(3_000 + move) * WAD));
    expect([...said.rows]).to.deep.equal([0n, ...Array.from({ length: 7 }, () => [1n, 2n]).flat(), 0n, 0n]);
    for (let scenario = 0n; scenario < 17n; scenario++) {
      expect(await harness.undampedMove(scenario)).to.equal(undampedMoveOf(scenario));
      expect(rowOf(scenario) === "up" ? 1n : rowOf(scenario) === "down" ? 2n : 0n).to.equal(said.rows[Number(scenario)]);
    }
    // two ranges of half the price leave nothing: 2⁻²⁰ of it stays
    const whole = await harness.scenarios(3_000n * WAD, WAD / 2n, 0n, 0n);
    expect(whole.forwards[16]).to.equal((3_000n * WAD + 2n ** 20n - 1n) / 2n ** 20n);
    expect(forwardAt(3_000n * WAD, WAD / 2n, 16n)).to.equal(whole.forwards[16]);
  });
});

describe("McMillan's S&P 500 example", () => {
  const FUTURE = [0, 0, 3330, 3330, -3330, -3330, 6670, 6670, -6670, -6670, 10000, 10000, -10000, -10000, 7000, -7000];
  const CALL = [460, -610, 2640, 1730, -1270, -2340, 5210, 4540, -2540, -3430, 8060, 7640, -3380, -3990, 3130, -1500];
  // a unit is ten dollars, so that every figure is whole units; a call is worth what it can lose at least
  const unit = 10n;
  const CALL_MARK = 4_000;
  const FUTURE_MARK = 10_000;

  const packed = (mark: number, profits: readonly number[], call: boolean): bigint =>
    packDown([mark, ...profits.map((profit) => mark + profit)].map(BigInt), unit, call);
  const call = packed(CALL_MARK, CALL, true);
  const future = packed(FUTURE_MARK, FUTURE, true);

  let harness: RiskHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("RiskHarness");
  });

  const book = (...parts: readonly (readonly [bigint, bigint])[]): OptionPosition[] =>
    parts.map(([word, lots]) => ({ word, isCall: true, lots, strike: 410n }));

  const cases: readonly (readonly [string, OptionPosition[], readonly number[], number, number])[] = [
    ["long call", book([call, 1n]), CALL, 3_990, 14],
    ["short call", book([call, -1n]), CALL.map((profit) => -profit), 8_060, 11],
    ["covered write", book([call, -1n], [future, 1n]), CALL.map((profit, k) => FUTURE[k]! - profit), 6_620, 13],
    ["long future", book([future, 1n]), FUTURE, 10_000, 13],
    ["short future", book([future, -1n]), FUTURE.map((profit) => -profit), 10_000, 11],
  ];

  for (const [name, positions, profits, loss, scenario] of cases) {
    it(`default: ${name} risks ${loss} in scenario ${scenario}`, async () => {
      const said = await harness.values(positions, 0n, unit, 1n, 0n);
      const [mark = 0n, ...rest] = said.out;
      expect(rest.map((value) => Number(value - mark))).to.deep.equal(profits);
      expect([said.loss, said.scenario]).to.deep.equal([BigInt(loss), BigInt(scenario)]);
      expect(worstOfValues(valuesOf(seriesBook(positions), unit, 1n, 0n))).to.deep.equal({ loss: BigInt(loss), scenario });
      // a hundred of each risk a hundred times as much
      const hundred = positions.map((position) => ({ ...position, lots: 100n * position.lots }));
      expect((await harness.values(hundred, 0n, unit, 1n, 0n)).loss).to.equal(BigInt(100 * loss));
    });
  }

  it("behavior: the covered write through the linear line, the future as it moves by the scan range", async () => {
    // a forward of 200,000 with a range of 5 %: thirds are 3,333⅓ where the example rounds to tens
    const said = await harness.values(book([call, -1n]), 1n, unit, 200_000n, WAD / 20n);
    const [mark = 0n, ...rest] = said.out;
    rest.forEach((value, k) => {
      expect(Math.abs(Number(value - mark) - (FUTURE[k]! - CALL[k]!))).to.be.at.most(4);
    });
    expect([said.loss, said.scenario]).to.deep.equal([6_620n, 13n]);
  });

  it("behavior: the call through the word of its put, by parity, risks the same", async () => {
    // the put in each scenario is the call less what the future moves, beside its 10,000 at the mark
    const [forward, range, strike] = [200_000n, WAD / 20n, 205_000n];
    const puts = [0, ...CALL].map((profit, scenario) => {
      const moved = (forward * range * moveOf(BigInt(scenario))) / (30n * WAD);
      return 10_000n + BigInt(profit) - moved;
    });
    const exact = packDown(puts, 1n, false);
    for (const [lots, loss, scenario] of [
      [1n, 3_990, 14],
      [-1n, 8_060, 11],
    ] as const) {
      const said = await harness.values([{ word: exact, isCall: true, lots, strike }], 0n, 1n, forward, range);
      // thirds of the range are not whole dollars
      expect(Math.abs(Number(said.loss) - loss)).to.be.at.most(1);
      expect(said.scenario).to.equal(BigInt(scenario));
    }
  });
});
