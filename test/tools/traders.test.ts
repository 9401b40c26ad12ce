import { expect } from "chai";
import fc from "fast-check";
import { drawOptionTraders, STRATEGIES } from "../../src/simulator/optionTraders.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import { matchSides } from "../../src/simulator/setUp.ts";
import { drawTraders } from "../../src/simulator/traders.ts";

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n);

describe("traders", () => {
  it("default: the same seed draws the same traders", () => {
    const draw = { count: 20, crowd: 0.5, longsLose: true, hasCollateral: true };
    const worths = (seed: number) => drawTraders(seededRandom(seed), seed, draw).map(({ worth, account }) => [worth, account]);
    expect(worths(5)).to.deep.equal(worths(5));
    expect(worths(5)).to.not.deep.equal(worths(6));
  });

  it("behavior: a crowd is on the losing side, otherwise half is on each", () => {
    const longs = (crowd: number, longsLose: boolean) =>
      drawTraders(seededRandom(1), 1, { count: 300, crowd, longsLose, hasCollateral: true }).filter(({ long }) => long).length;
    expect([longs(0.5, true), longs(0.8, true), longs(0.8, false)]).to.deep.equal([150, 240, 60]);
  });

  it("behavior: without a token on the underlying all bring settlement tokens", () => {
    const draw = { count: 50, crowd: 0.5, longsLose: true, hasCollateral: false };
    expect(drawTraders(seededRandom(1), 1, draw).every(({ inCollateral }) => inCollateral === 0n)).to.equal(true);
  });

  it("default: option traders are dealt the strategies in turn, the same for the same seed", () => {
    const drawn = (seed: number) => drawOptionTraders(seededRandom(seed), seed, 20, true);
    expect(drawn(1).map(({ strategy }) => strategy)).to.deep.equal(Array.from({ length: 20 }, (_, i) => STRATEGIES[i % STRATEGIES.length]));
    expect(drawn(1).map(({ account, worth, legs }) => [account, worth, legs])).to.deep.equal(
      drawn(1).map(({ account, worth, legs }) => [account, worth, legs]),
    );
    expect(drawn(1).map(({ worth }) => worth)).to.not.deep.equal(drawn(2).map(({ worth }) => worth));
    // every other covered call is written against the token, where there is one
    expect(drawn(1).map(({ inCollateral }) => inCollateral > 0n)).to.deep.equal(Array.from({ length: 20 }, (_, i) => i % 18 === 0));
    expect(drawOptionTraders(seededRandom(1), 1, 20, false).every(({ inCollateral }) => inCollateral === 0n)).to.equal(true);
  });

  it("behavior: matching gives each its lots, and no short a first fill that is too small", () => {
    const size = fc.bigInt(30n, 1000n);
    fc.assert(
      fc.property(
        fc.array(size, { minLength: 1, maxLength: 30, size: "max" }),
        fc.array(size, { minLength: 1, maxLength: 30, size: "max" }),
        (longs, drawn) => {
          // the last short, or long, makes both sides equal
          const difference = sum(longs) - sum(drawn);
          const shorts = difference >= 0n ? [...drawn, difference + 30n] : drawn;
          const takers = difference >= 0n ? [...longs, 30n] : [...longs, -difference];
          const matched = matchSides(takers, shorts, 10n);
          takers.forEach((lots, i) => {
            expect(sum((matched[i] ?? []).map((match) => match.lots))).to.equal(lots);
          });
          const seen = new Set<number>();
          shorts.forEach((lots, i) => {
            expect(sum(matched.flat().flatMap((match) => (match.short === i ? [match.lots] : [])))).to.equal(lots);
          });
          for (const matches of matched) {
            matches.forEach(({ short, lots }, i) => {
              const small = lots < 10n && !seen.has(short);
              // only the first match of a taker has nobody before it to give up some
              if (small) expect(i, `short ${short}`).to.be.lessThan(2);
              seen.add(short);
            });
          }
        },
      ),
    );
  });
});
