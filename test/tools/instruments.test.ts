import { expect } from "chai";
import fc from "fast-check";
import { listSeries, postSlices, strikesOf } from "../../src/engine/actions/series.ts";
import { namedInstrument } from "../../src/engine/ledger/market.ts";
import { varianceSeconds } from "../../src/engine/ledger/options/freshness.ts";
import { impliedDown, sviFromWord } from "../../src/engine/math/options/svi.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { instrumentNumber, STRIKE_ZERO } from "../../src/engine/types/instrument.ts";
import type { State } from "../../src/engine/types/types.ts";
import { expiryOf, listedSeries } from "../../src/engine/words/seriesWord.ts";
import { BadInput } from "../../src/sdk/failure.ts";
import { typedInstrument } from "../../src/sdk/orders.ts";
import {
  instrumentName,
  instrumentOf,
  type ListedUnderlying,
  parseInstrument,
  parseSeries,
  seriesListing,
  seriesName,
  signedName,
  termsIn,
} from "../../src/sdk/series.ts";
import { fitSlice, type Smile, smileReport } from "../../src/sdk/smile.ts";
import { real } from "../helpers/arbitraries.ts";
import { bareState, DAY, listing } from "../helpers/engineSeries.ts";

const CHRISTMAS = 1_798_185_600n; // 2026-12-25T08:00Z
const EXPONENT = 4;

/** The word of a series with strikes of a unit from 1,500 to 2,400. */
function word(expiry: bigint, lowest = 1_500n * WAD, step = 100n * WAD, exponent = EXPONENT): bigint {
  return listedSeries(seriesListing(exponent, { series: 1, expiry, lowest, step, count: 10, depth: WAD, volatilityCap: 200 }));
}

function listed(...words: bigint[]): ListedUnderlying[] {
  const series = new Map(words.map((each, i) => [i + 1, { word: each }]));
  return [
    { symbol: "ETH", lotExponent: EXPONENT, series },
    { symbol: "ETH-X", lotExponent: 2, series: new Map() },
    { symbol: "SOL", lotExponent: 3, series: new Map([[7, { word: word(CHRISTMAS, (275n * WAD) / 10n, WAD / 4n, 3) }]]) },
  ];
}

/** Of plain numbers: `closeTo` becomes one of whole numbers once a chain was connected. */
function expectNear(found: number, expected: number, most: number): void {
  expect(Math.abs(found - expected) <= most, `${found}, not ${expected}`).to.equal(true);
}

const numbered = (underlying: number, series: bigint, index: bigint, isCall = true): bigint =>
  namedInstrument(underlying, instrumentNumber({ series, index, isCall }));

describe("names of instruments", () => {
  it("H-95: what was signed finds its number again, and none once its series is gone, whatever has the number", () => {
    const all = listed(word(CHRISTMAS), word(CHRISTMAS + 7n * DAY), word(CHRISTMAS, 1_525n * WAD));
    const names = ["ETH-PERP", "SOL-PERP", "ETH-20270101", "ETH-20270101-1900-P", "SOL-20261225-27.75-C", "ETH-20261225T0800#3-1625-C"];
    for (const name of names) {
      const number = parseInstrument(all, name);
      const signed = typedInstrument(termsIn(all, number));
      expect(instrumentOf(all, signed), name).to.equal(number);
      expect(signedName(all, signed)).to.equal(name.replace("T0800#3", ""));
    }
    const signed = typedInstrument(termsIn(all, parseInstrument(all, "ETH-20270101-1900-P")));
    expect(signed).to.deep.equal({ underlying: 0n, right: "put", expiry: CHRISTMAS + 7n * DAY, strike: 1_900n * WAD });
    // the same numbers, later: another expiry, or other strikes
    for (const later of [word(CHRISTMAS + 21n * DAY), word(CHRISTMAS + 7n * DAY, 1_450n * WAD)]) {
      expect(instrumentOf(listed(word(CHRISTMAS), later), signed)).to.equal(undefined);
    }
    for (const changed of [{ expiry: 0n }, { strike: WAD }, { right: "future" as const }]) {
      expect(instrumentOf(all, { ...signed, ...changed }), JSON.stringify(Object.keys(changed))).to.equal(undefined);
    }
    // two series that have it in common are the same thing
    const twice = listed(word(CHRISTMAS), word(CHRISTMAS, 1_400n * WAD));
    const either = typedInstrument(termsIn(twice, numbered(0, 2n, 5n)));
    expect(instrumentOf(twice, either)).to.equal(numbered(0, 1n, 4n));
  });

  it("default: perpetual, dated future, call and put, both ways and in small letters", () => {
    const all = listed(word(CHRISTMAS));
    const names: [string, bigint][] = [
      ["ETH-PERP", 0n],
      ["ETH-X-PERP", 1n],
      ["ETH-20261225", numbered(0, 1n, STRIKE_ZERO)],
      ["ETH-20261225-1500-C", numbered(0, 1n, 0n)],
      ["ETH-20261225-2400-P", numbered(0, 1n, 9n, false)],
    ];
    for (const [name, number] of names) {
      expect(instrumentName(all, number)).to.equal(name);
      expect(parseInstrument(all, name), name).to.equal(number);
      expect(parseInstrument(all, ` ${name.toLowerCase()}`), name).to.equal(number);
    }
    expect(parseInstrument(all, "ETH")).to.equal(0n);
    expect(parseInstrument(all, "eth-x")).to.equal(1n);
    expect(parseSeries(all, "ETH-20261225")).to.deep.equal({ underlying: 0, series: 1 });
    expect(parseInstrument(all, "ETH-20261225-1500.00-C")).to.equal(numbered(0, 1n, 0n));
    const small = listed(word(CHRISTMAS));
    expect(instrumentName(small, numbered(2, 7n, 1n))).to.equal("SOL-20261225-27.75-C");
    expect(parseInstrument(small, "SOL-20261225-27.75-C")).to.equal(numbered(2, 7n, 1n));
  });

  it("behavior: two series of a day are told apart by the time, two of a moment by their numbers, options by their strikes", () => {
    const all = listed(word(CHRISTMAS), word(CHRISTMAS + 28_800n), word(CHRISTMAS, 1_550n * WAD), word(CHRISTMAS + DAY));
    const names = [1, 2, 3, 4].map((series) => seriesName(all, { underlying: 0, series }));
    expect(names).to.deep.equal(["ETH-20261225T0800#1", "ETH-20261225T1600", "ETH-20261225T0800#3", "ETH-20261226"]);
    for (const [i, name] of names.entries()) expect(parseSeries(all, name), name).to.deep.equal({ underlying: 0, series: i + 1 });
    // only one of the two has the strike
    expect(parseInstrument(all, "ETH-20261225T0800-1550-P")).to.equal(numbered(0, 3n, 0n, false));
    expect(() => parseInstrument(all, "ETH-20261225")).to.throw(BadInput, /there are ETH-PERP, ETH-20261225T0800#1 \(strikes 1500 to 2400/);
    expect(() => parseInstrument(all, "ETH-20261225-1600-C")).to.throw(BadInput, /no instrument is called/);
  });

  it("args: what is wrong says what there is", () => {
    const all = listed(word(CHRISTMAS));
    const wrong: [string, RegExp][] = [
      ["DOGE-PERP", /no instrument is called "DOGE-PERP": there are underlyings ETH, ETH-X, SOL/],
      ["ETH-SPOT", /there are ETH-PERP, ETH-20261225 \(strikes 1500 to 2400 by 100\); options are called like ETH-YYYYMMDD-STRIKE-C or -P/],
      ["ETH-20261226", /no series is called "ETH-20261226": there are ETH-20261225/],
      ["ETH-20261225-1550-C", /no option is struck at 1550: there are 1500 to 2400 by 100/],
      ["ETH-20261225-1500-X", /no instrument is called/],
      ["ETH-20261225-1500", /no instrument is called/],
    ];
    for (const [name, message] of wrong) expect(() => parseInstrument(all, name), name).to.throw(BadInput, message);
    expect(() => parseSeries(all, "ETH-20261225-1500-C")).to.throw(BadInput, /no series is called/);
    expect(() => parseSeries(all, "ETH-X-20261225")).to.throw(BadInput, /ETH-X has no series/);
    expect(() => instrumentName(all, numbered(0, 2n, 0n))).to.throw(RangeError);
    expect(() => instrumentName(all, numbered(0, 1n, 10n))).to.throw(RangeError);
  });

  it("behavior: a listing has its strikes exactly, in the coarsest quanta", () => {
    const terms = {
      series: 3,
      expiry: CHRISTMAS,
      lowest: 1_500n * WAD,
      step: 50n * WAD,
      count: 4,
      depth: 10_000n * WAD,
      volatilityCap: 150,
    };
    const made = seriesListing(4, terms);
    expect(made).to.deep.equal({
      series: 3n,
      expiry: CHRISTMAS,
      base: 150n,
      step: 5n,
      decimals: 15n,
      count: 4n,
      depth: 100_000_000n,
      volatilityCap: 150n,
    });
    expect(strikesOf(listedSeries(made)).map((strike) => strike * 10_000n)).to.deep.equal(
      [1_500n, 1_550n, 1_600n, 1_650n].map((each) => each * WAD),
    );
    expect(() => seriesListing(4, { ...terms, step: 1n })).to.throw(BadInput, /too fine/);
    expect(() => seriesListing(4, { ...terms, lowest: 0n })).to.throw(BadInput, /not above zero/);
  });
});

const smiles: fc.Arbitrary<Smile> = fc.record({
  volatility: real(0.1, 1.5),
  skew: real(-0.4, 0.4),
  curvature: real(0.05, 0.8),
});

describe("fitSlice", () => {
  const YEAR = 31_536_000;

  it("default: a flat slice has one volatility everywhere", () => {
    const span = 2_592_000n;
    for (const k of [-WAD / 2n, 0n, WAD]) {
      const volatility = impliedDown(sviFromWord(fitSlice({ volatility: 0.6 }, span)), k, span);
      expectNear(Number(volatility) / 1e18, 0.6, 1e-9);
    }
  });

  it("behavior: volatility, skew and curvature at the money are those that were asked for", () => {
    fc.assert(
      fc.property(smiles, fc.integer({ min: 86_400, max: YEAR / 4 }), (smile, seconds) => {
        const span = BigInt(seconds);
        let slice: bigint;
        try {
          slice = fitSlice(smile, span);
        } catch (error) {
          expect(error).to.be.instanceOf(BadInput);
          return;
        }
        const at = (k: number): number => Number(impliedDown(sviFromWord(slice), BigInt(Math.round(k * 1e18)), span)) / 1e18;
        const h = 2e-3;
        expectNear(at(0), smile.volatility, 1e-8);
        expectNear((at(h) - at(-h)) / (2 * h), smile.skew ?? 0, 5e-3);
        expectNear((at(h) - 2 * at(0) + at(-h)) / (h * h), smile.curvature ?? 0, 2e-2);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  it("behavior: the vault takes one smile at several expiries, in any order, at ten strikes on either side", () => {
    let taken = 0;
    fc.assert(
      fc.property(smiles, fc.shuffledSubarray([1, 2, 3], { minLength: 3 }), (smile, order) => {
        let state: State = bareState();
        for (const [i, days] of [3n, 30n, 120n].entries()) {
          const terms = { series: BigInt(i + 1), expiry: state.now + days * DAY, base: 20n, step: 2n, count: 11n, volatilityCap: 180n };
          state = listSeries(state, 0, listing(state, terms)).state;
        }
        for (const number of order) {
          const series = state.underlyings[0]?.series.get(number);
          if (series === undefined) throw new Error("not listed");
          let report: ReturnType<typeof smileReport>;
          try {
            report = smileReport(smile, series.word, state.now);
          } catch (error) {
            expect(error).to.be.instanceOf(BadInput);
            return;
          }
          state = postSlices(state, 0, [{ series: number, report }]).state;
        }
        taken++;
      }),
      { seed: 2, numRuns: 200 },
    );
    expect(taken).to.be.greaterThan(100);
  });

  it("behavior: a report is for the variance time from its publish time", () => {
    const own = word(CHRISTMAS);
    const time = CHRISTMAS - 10n * DAY;
    const { sliceWord: slice, basis, publishTime } = smileReport({ volatility: 0.5 }, own, time, 7n);
    expect({ basis, publishTime }).to.deep.equal({ basis: 7n, publishTime: time });
    const variance = 0.25 * (Number(varianceSeconds(time, expiryOf(own))) / YEAR);
    expectNear(Number(sviFromWord(slice).a) / 1e18, variance, 1e-13);
  });

  it("args: what no slice can have is refused with a reason", () => {
    const wrong: [Smile, RegExp][] = [
      [{ volatility: 0 }, /is not from 0.01 to 5/],
      [{ volatility: 0.6, skew: Number.NaN }, /no numbers/],
      [{ volatility: 0.6, skew: -0.3, curvature: -0.2 }, /too low for a skew/],
      [{ volatility: 0.6, curvature: 1e-4 }, /too small for a word/],
      [{ volatility: 3, skew: -2, curvature: 5 }, /leave arbitrage over 730 days/],
    ];
    for (const [smile, message] of wrong) expect(() => fitSlice(smile, 63_072_000n), JSON.stringify(smile)).to.throw(BadInput, message);
  });
});
