import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import {
  logMoneynessOf,
  type OptionPrices,
  price,
  rootOfSeconds,
  rootOfYears,
  undiscounted,
} from "../../../src/engine/math/options/black76.ts";
import { abs, max, min, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { Black76Harness } from "../../../typechain-types/index.ts";
import { CENT, type Contract, inBox, logarithmic, MINUTE, type Option, optionOf, YEAR } from "../../helpers/options/blackBox.ts";
import { black76, exponential, fromText, fromWad, logarithm, normal, ONE, over, root } from "../../helpers/options/highPrecision.ts";

const VECTORS = join(import.meta.dirname, "..", "..", "..", "..", "shared", "vectors");

describe("Black-76", function () {
  this.timeout(240_000);
  let harness: Black76Harness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("Black76Harness");
  });

  /** Asks the contract for many at once. */
  async function inBatches<Given>(
    all: readonly Given[],
    ask: (some: Given[]) => Promise<readonly { readonly call: bigint; readonly put: bigint }[]>,
  ): Promise<OptionPrices[]> {
    const said: OptionPrices[] = [];
    for (let from = 0; from < all.length; from += 250)
      for (const { call, put } of await ask(all.slice(from, from + 250))) said.push({ call, put });
    return said;
  }
  const priced = (all: readonly Contract[]): Promise<OptionPrices[]> => inBatches(all, (some) => harness.price(some));
  const valued = (all: readonly Option[]): Promise<OptionPrices[]> => inBatches(all, (some) => harness.undiscounted(some));

  /** How far a price is from the exact one, in parts of 1e-18 of the forward, beyond what rounding takes: a unit, one more if discounted, and a part of one that a negative rate adds. */
  function errorOf(said: OptionPrices, given: Contract): { readonly call: bigint; readonly put: bigint } {
    const exact = black76(
      fromWad(given.forward),
      fromWad(given.strike),
      fromWad(given.time),
      fromWad(given.volatility),
      fromWad(given.rate),
    );
    const rounding = fromWad(given.rate === 0n ? 1n : given.rate > 0n ? 2n : 3n);
    const beyond = (mine: bigint, theirs: bigint): bigint => max(0n, abs(fromWad(mine) - theirs) - rounding);
    const part = (error: bigint): bigint => (error * WAD) / fromWad(given.forward);
    return { call: part(beyond(said.call, exact.call)), put: part(beyond(said.put, exact.put)) };
  }

  /** Holds engine and contract to each other and to the exact price: 1e-15 of the larger of forward and strike. */
  async function hold(all: readonly Contract[]): Promise<bigint> {
    const said = await priced(all);
    let worst = 0n;
    for (const [i, given] of all.entries()) {
      const mine = price(given.forward, given.strike, given.time, given.volatility, given.rate);
      expect(said[i], text(given)).to.deep.equal(mine);
      const error = errorOf(mine, given);
      const larger = max(error.call, error.put);
      const limit = (1_200n * max(given.forward, given.strike)) / given.forward;
      if (larger > limit) expect.fail(`${larger} e-18 of the forward: ${text(given)}`);
      worst = max(worst, larger);
    }
    // what the protocol promises
    expect(worst).to.be.lessThan(10n ** 6n);
    return worst;
  }

  // source, F, K, years, volatility, rate, call and put as printed
  const printed: [string, string, string, string, string, string, string | undefined, string | undefined][] = [
    ["Haug, Option Pricing Formulas, Black-76, Brent futures", "19", "19", "0.75", "0.28", "0.1", "1.7011", "1.7011"],
    ["Hull, futures options, gold", "620", "600", "0.5", "0.2", "0.05", "44.19", undefined],
    ["Hull, futures options, crude oil", "20", "20", "0.333333333333333333", "0.25", "0.09", undefined, "1.12"],
    ["Haug, Black and Scholes 60/65 on its forward", "61.21208040160534861", "65", "0.25", "0.3", "0.08", "2.1334", undefined],
  ];

  it("default: gives what Haug and Hull print", async () => {
    const wad = (decimal: string): bigint => fromText(decimal) / (ONE / WAD);
    const given = printed.map(([, forward, strike, time, volatility, rate]) => ({
      forward: wad(forward),
      strike: wad(strike),
      time: wad(time),
      volatility: wad(volatility),
      rate: wad(rate),
    }));
    await hold(given);
    for (const [i, said] of (await priced(given)).entries()) {
      const [source, , , , , , call, put] = printed[i]!;
      for (const [mine, theirs] of [
        [said.call, call],
        [said.put, put],
      ] as const) {
        if (theirs === undefined) continue;
        expect((Number(mine) / 1e18).toFixed(theirs.split(".")[1]!.length), source).to.equal(theirs);
      }
    }
  });

  it("behavior: the exact twin knows what is known", () => {
    // 2^(-1/2), 1/e, and N(1), N(-8) as tables have them
    expect(root(ONE / 2n) / 10n ** 90n).to.equal(707_106_781_186_547_524_400_844_362_104n);
    expect(over(ONE, exponential(ONE)) / 10n ** 90n).to.equal(367_879_441_171_442_321_595_523_770_161n);
    expect(normal(ONE) / 10n ** 90n).to.equal(841_344_746_068_542_948_585_232_545_632n);
    expect(normal(-8n * ONE) / 10n ** 80n).to.equal(6_220_960_574_271_784_123_515_995n);
  });

  it("behavior: agrees with the reference values, where they are at hand", async function () {
    if (!existsSync(join(VECTORS, "black76.csv"))) return this.skip();
    const rows = table("black76.csv");
    expect(rows.length).to.be.greaterThan(10);
    for (const row of rows) {
      const [, , forward = "", strike = "", time = "", volatility = "", rate = "", call = "", put = ""] = row;
      // the reference has 18 digits, here at least as good as 1e-15
      const exact = black76(fromText(forward), fromText(strike), fromText(time), fromText(volatility), fromText(rate));
      for (const [mine, theirs] of [
        [exact.call, fromText(call)],
        [exact.put, fromText(put)],
      ] as const)
        expect(abs(mine - theirs) <= abs(theirs) / 10n ** 15n, row[0]).to.equal(true);

      const wad = (decimal: string): bigint => (fromText(decimal) + ONE / WAD / 2n) / (ONE / WAD);
      const given = [forward, strike, time, volatility, rate].map(wad) as [bigint, bigint, bigint, bigint, bigint];
      const [said] = await priced([{ forward: given[0], strike: given[1], time: given[2], volatility: given[3], rate: given[4] }]);
      expect(said, row[0]).to.deep.equal(price(...given));
      // inputs are rounded to 18 decimals, and prices to a unit; two rows are outside the box
      const limit = fromWad(2n) + (20n * given[0] >= given[1] ? fromText(forward) / 10n ** 12n : fromText(strike) / 10n ** 16n);
      expect(abs(fromWad(said!.call) - fromText(call)) <= limit, `${row[0]} call`).to.equal(true);
      expect(abs(fromWad(said!.put) - fromText(put)) <= limit, `${row[0]} put`).to.equal(true);
    }
    for (const [at = "", value = ""] of table("normal-cdf.csv"))
      expect(abs(normal(fromText(at)) - fromText(value)) <= fromText(value) / 10n ** 15n, at).to.equal(true);
  });

  it("behavior: errs by less than 1e-12 of the forward anywhere in the box, contract and engine to the unit", async () => {
    await hold(fc.sample(inBox, { seed: 20_261_124, numRuns: 3_000 }));
  });

  it("behavior: holds in the corners of the box and a unit beside the money", async () => {
    const corners: Contract[] = [];
    for (const forward of [10n ** 12n, WAD, 60_000n * WAD, 2n ** 96n - 1n])
      for (const time of [MINUTE, WAD / 365n, 2n * WAD])
        for (const volatility of [CENT, WAD / 2n, 5n * WAD])
          for (const strike of [forward / 20n, forward / 2n, forward - 1n, forward, forward + 1n, forward * 2n, forward * 20n])
            for (const rate of [0n, WAD / 10n, -WAD / 10n]) corners.push({ forward, strike, time, volatility, rate });
    await hold(corners);
  });

  it("behavior: parity to the unit, bounds and no revert, far outside the box too", async () => {
    const amounts = fc.oneof(logarithmic(1n, 2n ** 120n - 1n), fc.constantFrom(1n, 2n, WAD, 2n ** 120n - 1n));
    const widths = fc.oneof(logarithmic(1n, 2n ** 128n - 1n), fc.constantFrom(0n, 1n, 13n, 14n, 28n, 2n ** 128n - 1n));
    const consistent = fc.tuple(amounts, amounts, widths).map(([forward, strike, totalVolatility]) => ({
      forward,
      strike,
      logMoneyness: logMoneynessOf(forward, strike),
      totalVolatility,
    }));
    const near = fc.tuple(amounts, fc.bigInt(-3n, 3n), fc.bigInt(-3n, 3n), widths).map(([forward, more, off, totalVolatility]) => ({
      forward,
      strike: max(1n, min(2n ** 120n - 1n, forward + more)),
      logMoneyness: off,
      totalVolatility,
    }));
    const wild = fc.record({
      forward: amounts,
      strike: amounts,
      logMoneyness: fc.bigInt(-(2n ** 127n), 2n ** 127n),
      totalVolatility: widths,
    });
    // d₁ close to zero and d₂ far off: nothing that a logarithm of amounts below 2^120 could give
    const lopsided = fc
      .record({ forward: amounts, strike: amounts, totalVolatility: logarithmic(16n * WAD, 10_000n * WAD), more: fc.bigInt(-WAD, WAD) })
      .map(({ more, ...option }) => ({ ...option, logMoneyness: more - option.totalVolatility ** 2n / (2n * WAD) }));
    const boxed = inBox.map(optionOf);
    const all = fc.sample(fc.oneof(consistent, near, wild, lopsided, boxed), { seed: 76, numRuns: 4_000 });
    const seen = { sameSide: 0, opposite: 0, far: 0, nothing: 0 };
    for (const [i, said] of (await valued(all)).entries()) {
      const option = all[i]!;
      const { forward, strike, logMoneyness, totalVolatility } = option;
      expect(said, text(option)).to.deep.equal(undiscounted(forward, strike, logMoneyness, totalVolatility));
      expect(said.call - said.put, text(option)).to.equal(forward - strike);
      const intrinsic = max(forward - strike, 0n);
      expect(said.call >= intrinsic, text(option)).to.equal(true);
      if (totalVolatility === 0n) expect(said.call, text(option)).to.equal(intrinsic);
      // a logarithm that is not that of forward and strike is no option
      if (abs(logMoneyness - logMoneynessOf(forward, strike)) <= 4n) expect(said.call <= forward, text(option)).to.equal(true);
      if (said.call === intrinsic) seen.nothing++;
      else if (said.call === forward) seen.far++;
      else if (2n * abs(logMoneyness) * WAD < totalVolatility * totalVolatility) seen.opposite++;
      else seen.sameSide++;
    }
    for (const [which, times] of Object.entries(seen)) expect(times, which).to.be.greaterThan(100);
  });

  it("behavior: more volatility is never worth less, but for 1e-15", async () => {
    for (const strike of [50n, 700n, 999n, 1_000n, 1_001n, 1_400n, 20_000n]) {
      const widths: bigint[] = [];
      for (let width = 10n ** 13n; width < 8n * WAD; width += width / 24n) widths.push(width, width + 1n, width + 10n ** 4n);
      const ladder = widths.map((totalVolatility) => ({
        forward: 1_000n * WAD,
        strike: strike * WAD,
        logMoneyness: logMoneynessOf(1_000n, strike),
        totalVolatility,
      }));
      const said = await valued(ladder);
      for (let i = 1; i < said.length; i++) {
        const slack = said[i - 1]!.call - said[i]!.call;
        expect(slack <= 20n * 1_000n, `${strike} at ${widths[i]}: ${slack}`).to.equal(true);
      }
      expect(said.at(-1)!.call > said[0]!.call, `${strike}`).to.equal(true);
    }
  });

  it("behavior: the logarithm of the moneyness, shared by the scenarios of a strike", async () => {
    const pairs = fc.sample(
      fc.oneof(
        inBox.map(({ forward, strike }) => [forward, strike] as const),
        fc.tuple(logarithmic(1n, 2n ** 120n - 1n), logarithmic(1n, 2n ** 120n - 1n)),
        fc.tuple(fc.bigInt(10n ** 18n, 2n ** 100n), fc.bigInt(-9n, 9n)).map(([forward, more]) => [forward, forward + more] as const),
        // around where a doubling sets in
        fc
          .tuple(fc.bigInt(10n ** 18n, 2n ** 100n), fc.bigInt(-9n, 9n))
          .map(([strike, more]) => [(strike * 7n) / 5n + more, strike] as const),
        fc
          .tuple(fc.bigInt(10n ** 18n, 2n ** 100n), fc.bigInt(-9n, 9n))
          .map(([strike, more]) => [(strike * 7n) / 10n + more, strike] as const),
      ),
      { seed: 1, numRuns: 1_500 },
    );
    const said = await harness.logMoneyness(
      pairs.map(([forward]) => forward),
      pairs.map(([, strike]) => strike),
    );
    for (const [i, [forward, strike]] of pairs.entries()) {
      expect(said[i], `${forward}/${strike}`).to.equal(logMoneynessOf(forward, strike));
      const below = logarithm((forward * ONE) / strike) - fromWad(said[i]!);
      // rounded down, and a tenth of a unit for the approximation
      expect(below > -fromWad(1n) / 10n && below < (fromWad(1n) * 11n) / 10n, `${forward}/${strike}`).to.equal(true);
    }

    // the forward of a scenario: ln(F/K) + ln(1 + m) instead of a logarithm of its own
    const [forward, strike, totalVolatility] = [3_000n * WAD, 3_300n * WAD, WAD / 5n];
    for (const percent of [-35n, -12n, -4n, 4n, 12n, 35n]) {
      const moved = (forward * (100n + percent)) / 100n;
      const shared = logMoneynessOf(forward, strike) + logMoneynessOf(100n + percent, 100n);
      const [mine, own] = await valued(
        [shared, logMoneynessOf(moved, strike)].map((logMoneyness) => ({ forward: moved, strike, logMoneyness, totalVolatility })),
      );
      expect(abs(mine!.call - own!.call) <= 2n * 3_300n, `${percent} %`).to.equal(true);
    }
  });

  it("behavior: roots of time are whole units below the exact ones", async () => {
    const times = [0n, 1n, 59n, 60n, 3_600n, 86_400n, YEAR, 2n * YEAR, 2n ** 40n];
    const said = await harness.rootOfSeconds(times);
    for (const [i, elapsed] of times.entries()) {
      expect(said[i]).to.equal(rootOfSeconds(elapsed));
      const exact = (elapsed * WAD * WAD) / YEAR;
      expect(said[i]! * said[i]! <= exact && (said[i]! + 1n) * (said[i]! + 1n) > exact, `${elapsed}`).to.equal(true);
    }
    expect(rootOfYears(WAD)).to.equal(WAD);
    expect(rootOfYears(4n * WAD)).to.equal(2n * WAD);
  });
});

function text(given: object): string {
  return Object.entries(given)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
}

/** The rows of a file of reference values below its header; a field may be quoted. */
function table(file: string): string[][] {
  const lines = readFileSync(join(VECTORS, file), "utf8").trim().split("\n").slice(1);
  return lines.map((line) => [...line.matchAll(/(?:^|,)(?:"([^"]*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted ?? plain ?? ""));
}
