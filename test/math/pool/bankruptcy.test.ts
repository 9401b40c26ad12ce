import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { bankruptcyPrices } from "../../../src/engine/math/pool/bankruptcy.ts";
import { abs, sum } from "../../../src/engine/types/fixedPoint.ts";

describe("prices of bankruptcy", () => {
  it("default: a long is taken over above the mark, a short below it, by their shares of the loss", () => {
    const positions = [
      { lots: 10n, mark: 100n, loss: 30n },
      { lots: -5n, mark: 40n, loss: 10n },
      { lots: 7n, mark: 3n, loss: -20n },
    ];
    expect(bankruptcyPrices(positions, -80n)).to.deep.equal({ prices: [106n, 36n, 3n], missing: 0n });
  });

  it("behavior: with something left, the marks", () => {
    expect(bankruptcyPrices([{ lots: 10n, mark: 100n, loss: 30n }], 0n)).to.deep.equal({ prices: [100n], missing: 0n });
    expect(bankruptcyPrices([{ lots: 10n, mark: 100n, loss: 30n }], 5n)).to.deep.equal({ prices: [100n], missing: 0n });
  });

  it("behavior: no option is sold below zero: the others bear what it cannot, and what none can is missing", () => {
    const short = { lots: -10n, mark: 2n, loss: 90n };
    const long = { lots: 10n, mark: 100n, loss: 10n };
    expect(bankruptcyPrices([short, long], -100n)).to.deep.equal({ prices: [0n, 108n], missing: 0n });
    expect(bankruptcyPrices([short], -100n)).to.deep.equal({ prices: [0n], missing: 80n });
  });

  it("behavior: where nothing loses in any scenario, size decides", () => {
    const positions = [
      { lots: 10n, mark: 100n, loss: 0n },
      { lots: 30n, mark: 100n, loss: -1n },
    ];
    expect(bankruptcyPrices(positions, -40n)).to.deep.equal({ prices: [101n, 101n], missing: 0n });
  });

  it("property: an account ends at nothing, but for what is missing; every price lies between that and the mark, none below zero", () => {
    const position = fc.record({
      lots: fc.bigInt(-1_000n, 1_000n).filter((lots) => lots !== 0n),
      mark: fc.bigInt(0n, 10n ** 18n),
      loss: fc.bigInt(-(10n ** 20n), 10n ** 20n),
    });
    fc.assert(
      fc.property(fc.array(position, { minLength: 1, maxLength: 6 }), fc.bigInt(-(10n ** 21n), 10n ** 18n), (positions, value) => {
        const { prices, missing } = bankruptcyPrices(positions, value);
        const brought = sum(positions.map(({ lots, mark }, i) => lots * (prices[i]! - mark)));
        expect(brought + missing).to.equal(value < 0n ? -value : 0n);
        expect(missing >= 0n).to.equal(true);
        positions.forEach(({ lots, mark }, i) => {
          expect(prices[i]! >= 0n && (lots > 0n ? prices[i]! >= mark : prices[i]! <= mark)).to.equal(true);
        });
        // only what cannot be clamped further, or does not divide, is missing
        const dust = sum(positions.map(({ lots }) => abs(lots)));
        const bears = positions.some(({ lots, loss }, i) => loss > 0n && (lots > 0n || prices[i]! > 0n));
        if (bears) expect(missing <= dust).to.equal(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
