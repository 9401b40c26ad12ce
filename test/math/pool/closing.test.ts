import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { callerPaidDown, keepsHealth, leverageDown, lotsOfPart, partDownTo, shortPartUp } from "../../../src/engine/math/pool/closing.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";

const HALF = WAD / 2n;

describe("closing an account to the water-line", () => {
  it("default: the part that brings it down to the line", () => {
    expect(leverageDown({ scan: 50n, equity: 100n })).to.equal(HALF);
    expect(partDownTo({ equity: 100n, scan: 100n, matched: 100n, conceded: 0n }, HALF)).to.equal(HALF);
    // half of its scan lies opposite: all of that
    expect(partDownTo({ equity: 100n, scan: 100n, matched: 50n, conceded: 0n }, HALF)).to.equal(WAD);
    expect(partDownTo({ equity: 100n, scan: 100n, matched: 40n, conceded: 0n }, HALF)).to.equal(WAD);
    // what it concedes leaves less equity for the rest
    expect(partDownTo({ equity: 100n, scan: 100n, matched: 100n, conceded: 20n }, HALF)).to.equal((50n * WAD) / 90n);
  });

  it("behavior: nothing of who is not above the line, of what hedges, or of who has nothing", () => {
    expect(partDownTo({ equity: 200n, scan: 100n, matched: 100n, conceded: 0n }, HALF)).to.equal(0n);
    expect(partDownTo({ equity: 100n, scan: 100n, matched: -5n, conceded: 0n }, HALF)).to.equal(0n);
    expect(partDownTo({ equity: 0n, scan: 100n, matched: 100n, conceded: 0n }, HALF)).to.equal(0n);
    expect(partDownTo({ equity: 100n, scan: 100n, matched: 10n, conceded: 30n }, HALF)).to.equal(0n);
  });

  it("behavior: lots are whole, and no more than the shortage", () => {
    expect(lotsOfPart(-7n, HALF, 100n)).to.equal(-4n);
    expect(lotsOfPart(7n, HALF, -3n)).to.equal(3n);
    expect(lotsOfPart(7n, 0n, 3n)).to.equal(0n);
  });

  it("behavior: a fund account that is full gives up what its margin lacks, one below zero everything", () => {
    expect(shortPartUp(10n, 30n, 40n)).to.equal(WAD / 4n);
    expect(shortPartUp(10n, 40n, 40n)).to.equal(0n);
    expect(shortPartUp(10n, -5n, 40n)).to.equal(WAD);
    expect(shortPartUp(-1n, -1n, 40n)).to.equal(WAD);
    expect(callerPaidDown(1_000n, WAD / 100n, 7n)).to.equal(7n);
    expect(callerPaidDown(1_000n, WAD / 1_000n, 7n)).to.equal(1n);
  });

  it("behavior: health is kept where what is conceded is less than the equity of the margin that comes free", () => {
    expect(keepsHealth(100n, 10n, 100n, 90n)).to.equal(true);
    expect(keepsHealth(100n, 11n, 100n, 90n)).to.equal(false);
    expect(keepsHealth(100n, 0n, 100n, 101n)).to.equal(false);
    expect(keepsHealth(100n, -5n, 100n, 104n)).to.equal(false);
    expect(keepsHealth(100n, 0n, 0n, 0n)).to.equal(true);
    expect(keepsHealth(100n, 1n, 0n, 0n)).to.equal(false);
  });

  it("property: of a line it takes down to the water-line and not below, to a part in 10^18", () => {
    const amount = fc.bigInt(1n, 10n ** 24n);
    fc.assert(
      fc.property(amount, amount, amount, fc.bigInt(0n, 10n ** 23n), fc.bigInt(1n, 2n * WAD), (equity, scan, matched, conceded, level) => {
        fc.pre(matched <= scan);
        const part = partDownTo({ equity, scan, matched, conceded }, level);
        // scan and equity after it, times WAD
        const [left, has] = [scan * WAD - part * matched, equity * WAD - part * conceded];
        if (part > 0n && has > 0n) expect(left * WAD >= level * has).to.equal(true);
        if (part > 0n && part < WAD) expect((left - matched) * WAD <= level * (has + conceded)).to.equal(true);
      }),
      { numRuns: 1_000 },
    );
  });
});
