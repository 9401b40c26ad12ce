import { expect } from "chai";
import fc from "fast-check";
import { abs, WAD } from "../../src/engine/types/fixedPoint.ts";
import { listedSeries } from "../../src/engine/words/seriesWord.ts";
import { comboName, isCombo, parseCombo, pricedLegs } from "../../src/sdk/comboTerms.ts";
import { BadInput } from "../../src/sdk/failure.ts";
import { type ListedUnderlying, parseInstrument, seriesListing } from "../../src/sdk/series.ts";
import { real } from "../helpers/arbitraries.ts";

const CHRISTMAS = 1_798_185_600n; // 2026-12-25T08:00Z

function underlying(symbol: string, lotExponent: number): ListedUnderlying {
  const terms = { series: 1, expiry: CHRISTMAS, lowest: 1_500n * WAD, step: 100n * WAD, count: 10, depth: WAD, volatilityCap: 200 };
  return { symbol, lotExponent, series: new Map([[1, { word: listedSeries(seriesListing(lotExponent, terms)) }]]) };
}

const listed = [underlying("ETH", 4), underlying("BTC", 6)];
const LONG = "ETH-20261225-1500-C";
const SHORT = "ETH-20261225-1700-P";

describe("combos by names", () => {
  it("default: a name is read and written, from the side that buys its first leg", () => {
    const { legs, exponent } = parseCombo(listed, `${LONG}:+1, ${SHORT.toLowerCase()}:-2`);
    expect(exponent).to.equal(4);
    expect(legs).to.deep.equal([
      { instrument: parseInstrument(listed, LONG), lots: 1n },
      { instrument: parseInstrument(listed, SHORT), lots: -2n },
    ]);
    expect(comboName(listed, legs)).to.deep.equal({ name: `${LONG}:+1,${SHORT}:-2`, sells: false, exponent: 4 });
    const sold = legs.map((leg) => ({ ...leg, lots: -leg.lots }));
    expect(comboName(listed, sold)).to.deep.equal({ name: `${LONG}:+1,${SHORT}:-2`, sells: true, exponent: 4 });
  });

  it("behavior: legs of underlyings with other lots are as large as the name says", () => {
    const text = "ETH-20261225:+1,BTC-20261225:-3";
    const { legs, exponent } = parseCombo(listed, text);
    expect([exponent, legs.map(({ lots }) => lots)]).to.deep.equal([4, [1n, -300n]]);
    expect(comboName(listed, legs).name).to.equal(text);
  });

  it("default: what is one instrument and what is a combo", () => {
    expect([LONG, "ETH", "ETH-20261225T0800#2"].some(isCombo)).to.equal(false);
    expect([`${LONG}:1`, `${LONG},${SHORT}`].every(isCombo)).to.equal(true);
  });

  it("behavior: prices of legs add up to the net price, none below zero, none farther from its mark than its part", () => {
    const part = fc.record({
      lots: fc.bigInt(-5n, 5n).filter((lots) => lots !== 0n),
      mark: fc.bigInt(0n, 10n ** 20n),
    });
    fc.assert(
      fc.property(fc.array(part, { minLength: 2, maxLength: 8 }), real(-0.9, 0.9), (drawn, moved) => {
        const parts = drawn.map((each, i) => ({ ...each, instrument: BigInt(i) }));
        const gross = parts.reduce((sum, { lots, mark }) => sum + abs(lots) * mark, 0n);
        const marks = parts.reduce((sum, { lots, mark }) => sum + lots * mark, 0n);
        const net = marks + (gross * BigInt(Math.round(moved * 1e6))) / 1_000_000n;
        const legs = pricedLegs(parts, net);
        const paid = legs.reduce((sum, { lots, price }) => sum + lots * price, 0n);
        const least = parts.reduce((size, { lots }) => (abs(lots) < size ? abs(lots) : size), 5n);
        expect(paid <= net || gross < 100n, `${paid} of ${net}`).to.equal(true);
        expect(net - paid < (gross < 100n ? 100n : 5n * least + 5n)).to.equal(true);
        if (least === 1n && gross >= 100n && parts.every(({ mark }) => mark > 100n)) expect(paid).to.equal(net);
        legs.forEach(({ price }, i) => {
          const mark = parts[i]?.mark ?? 0n;
          expect(price >= 0n && abs(price - mark) * gross <= mark * abs(net - marks) + 50n * gross).to.equal(true);
        });
      }),
    );
  });

  it("args: a price that no leg can have is refused in the units in which it was asked", () => {
    const parts = [
      { instrument: 1n, lots: 1n, mark: 40n },
      { instrument: 2n, lots: -1n, mark: 25n },
    ];
    expect(pricedLegs(parts, 15n).map(({ price }) => price)).to.deep.equal([40n, 25n]);
    expect(() => pricedLegs(parts, 80n, 18)).to.throw(BadInput, "a price of 80 is too far from that of the marks, 15");
    expect(() => pricedLegs(parts, -50n, 18)).to.throw(BadInput);
  });
});
