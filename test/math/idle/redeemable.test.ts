import { expect } from "chai";
import { describe, it } from "mocha";
import { leastSampledDown, NEVER_SAMPLED, sampled } from "../../../src/engine/math/idle/redeemable.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { Redeemable } from "../../../src/engine/types/rate.ts";

const HOUR = 3_600n;
const START = 480_000n * HOUR;
const CAP = 1_000n * WAD;
const PART = CAP / 250n;

/** Samples of as many hours, the last of them at `START`. */
function hours(count: bigint, shares: bigint): Redeemable {
  let word = NEVER_SAMPLED;
  for (let i = count - 1n; i >= 0n; i--) word = sampled(word, shares, CAP, START - i * HOUR);
  return word;
}

const least = (word: Redeemable, now = START): bigint => leastSampledDown(word, CAP, now);

describe("what a strategy could redeem at once", () => {
  it("default: the least of 24 hourly samples, rounded down to 250ths of the cap", () => {
    expect(least(hours(23n, 100n * WAD))).to.equal(0n);
    expect(least(hours(24n, 100n * WAD))).to.equal(25n * PART);
    expect(least(hours(24n, 101n * WAD + PART))).to.equal(26n * PART);
  });

  it("behavior: an hour without a sample counts nothing, from its end on and for a day", () => {
    const whole = hours(24n, 100n * WAD);
    expect(least(whole, START + 2n * HOUR - 1n)).to.equal(25n * PART);
    expect(least(whole, START + 2n * HOUR)).to.equal(0n);
    let word = sampled(whole, 100n * WAD, CAP, START + 2n * HOUR);
    for (let hour = 3n; hour <= 25n; hour++) {
      expect(least(word, START + hour * HOUR - 1n)).to.equal(0n);
      word = sampled(word, 100n * WAD, CAP, START + hour * HOUR);
    }
    expect(least(word, START + 25n * HOUR)).to.equal(25n * PART);
  });

  it("behavior: a reading of one block lowers nothing; read again a minute later it counts, at the higher of the two", () => {
    const whole = hours(24n, 100n * WAD);
    const once = sampled(whole, 0n, CAP, START + 10n);
    expect(least(once, START + 10n)).to.equal(25n * PART);
    expect(least(sampled(once, 0n, CAP, START + 69n), START + 69n)).to.equal(25n * PART);
    expect(least(sampled(once, 0n, CAP, START + 70n), START + 70n)).to.equal(0n);
    expect(least(sampled(once, 40n * WAD, CAP, START + 70n), START + 70n)).to.equal(10n * PART);
    const higher = sampled(whole, 40n * WAD, CAP, START + 10n);
    expect(least(sampled(higher, 0n, CAP, START + 70n), START + 70n)).to.equal(10n * PART);
    // the next hour's reading confirms as well
    expect(least(sampled(once, 40n * WAD, CAP, START + HOUR), START + HOUR)).to.equal(10n * PART);
    // one that is as high as before ends it
    const honest = sampled(once, 100n * WAD, CAP, START + 30n);
    expect(least(sampled(honest, 0n, CAP, START + 70n), START + 70n)).to.equal(25n * PART);
    // after two hours it begins anew
    expect(least(sampled(sampled(whole, 0n, CAP, START + 10n), 0n, CAP, START + 10n + 7_201n), START + 10n + 7_201n)).to.equal(0n);
  });

  it("behavior: nothing lifts the sample of an hour that has one, and a lower one stays for a day", () => {
    const low = sampled(sampled(hours(24n, 100n * WAD), 40n * WAD, CAP, START + 10n), 40n * WAD, CAP, START + 70n);
    let word = sampled(low, 500n * WAD, CAP, START + 80n);
    expect(least(word, START + 80n)).to.equal(10n * PART);
    for (let hour = 1n; hour <= 23n; hour++) word = sampled(word, 100n * WAD, CAP, START + hour * HOUR);
    expect(least(word, START + 23n * HOUR)).to.equal(10n * PART);
    expect(least(sampled(word, 100n * WAD, CAP, START + 24n * HOUR), START + 24n * HOUR)).to.equal(25n * PART);
  });
});
