import { expect } from "chai";
import fc from "fast-check";
import { before, beforeEach, describe, it } from "mocha";
import { NO_REPORT, type PriceReport } from "../../../src/engine/actions/prices.ts";
import { RATE_MAX } from "../../../src/engine/math/funding.ts";
import {
  ACCEPTED,
  judge,
  NOTHING_PENDING,
  type Quote,
  REFUTED,
  REJECTED,
  SILENT,
  UNPROVED,
  VALID,
} from "../../../src/engine/math/priceGuard.ts";
import { max, min } from "../../../src/engine/types/fixedPoint.ts";
import { GRACE, INVALID, NORMAL, type Underlying } from "../../../src/engine/types/types.ts";
import { signed } from "../../helpers/arbitraries.ts";
import { type Done, done, PriceBench, updateOf, WAD } from "../../helpers/prices/harness.ts";
import { listedUnderlying } from "../../helpers/prices/words.ts";

const TRADING_AGE = 600n;
const GAS = { gasLimit: 5_000_000n };

describe("hazards of prices", () => {
  let bench: PriceBench;
  let now: bigint;

  before(async () => {
    bench = await PriceBench.create();
  });

  beforeEach(async () => {
    now = BigInt(await bench.connection.networkHelpers.time.latest()) + 10n;
  });

  async function list(change: Partial<Underlying> = {}, index = 0): Promise<void> {
    now += 1n;
    await bench.at(now);
    await bench.set(index, { ...listedUnderlying(), ...change }, TRADING_AGE);
  }

  function says(price: bigint, age = 0n): PriceReport {
    return { price: price * WAD, publishTime: now - age, valid: true };
  }

  /** Posts at `now`, which the caller moved. */
  async function post(...reports: readonly PriceReport[]): Promise<Done> {
    await bench.at(now);
    return done(bench, () => bench.harness.postPrice(0, reports.map(updateOf), GAS));
  }

  async function read(): Promise<Underlying> {
    return bench.read(0, listedUnderlying());
  }

  const three = { guard: { ...listedUnderlying().guard, sources: 3n } };

  it("H-1 a source that moves a hundredfold within a transaction moves nothing, twice in a transaction it is not heard", async () => {
    await list();
    now += 1n;
    await post(says(2_000n));
    const before = await read();
    now += 60n;
    await bench.at(now);
    const [up, back] = [updateOf(says(200_000n)), updateOf(says(2_000n))];
    // moved up, used at once, moved back: what was used is the old price, and the second post is refused
    const said = await done(bench, () => bench.harness.postUsePost(0, [up], 0, [back], GAS));
    expect(said.reverted).to.deep.equal({ errorName: "PriceUsed", args: [0n] });
    now += 1n;
    await post(says(200_000n));
    const after = await read();
    expect([after.price, after.targetRange, after.heldRange]).to.deep.equal([before.price, before.targetRange, before.heldRange]);
    expect(after.priceState).to.equal(INVALID);
  });

  it("H-5 publish times: after the last, or nothing changes, and not from the future", async () => {
    await fc.assert(
      fc.asyncProperty(fc.bigInt(1n, 900n), fc.bigInt(-100n, 1_000n), async (elapsed, age) => {
        await list();
        now += 1n;
        await post(says(2_000n));
        const last = now;
        now += elapsed;
        const said = await post(says(2_001n, age));
        const time = min(now - age, now);
        if (-age > 10n) expect(said.reverted?.errorName).to.equal("QuorumMissing");
        else {
          expect(said.reverted).to.equal(undefined);
          expect(said.events.length === 0).to.equal(time <= last);
          expect((await read()).priceTime).to.equal(max(time, last));
        }
      }),
      { seed: 5, numRuns: 120 },
    );
  });

  it("H-8 one price of an underlying in a transaction: after a use every post that would change it reverts", async () => {
    await list();
    await list({}, 1);
    const both = async (used: number): Promise<Done> => {
      now += 60n;
      await bench.at(now);
      const [first, second] = [updateOf(says(2_000n, 1n)), updateOf(says(2_001n))];
      return done(bench, () => bench.harness.postUsePost(0, [first], used, [second], GAS));
    };
    expect((await both(0)).reverted).to.deep.equal({ errorName: "PriceUsed", args: [0n] });
    // H-76 what is not newer changes nothing, after a use too
    now += 60n;
    await bench.at(now);
    const update = updateOf(says(2_000n));
    const said = await done(bench, () => bench.harness.postUsePost(0, [update], 0, [update], GAS));
    expect([said.reverted, said.events.map(({ name }) => name)]).to.deep.equal([undefined, ["Sampled", "PricePosted"]]);
    // another underlying's use does not matter, nor does a use in an earlier transaction
    expect((await both(1)).reverted).to.equal(undefined);
    expect((await both(31)).reverted).to.equal(undefined);
    now += 1n;
    expect((await post(says(2_002n))).reverted).to.equal(undefined);
  });

  it("H-31 the bits of used prices are their own, all underlyings apart, and gone with the transaction", async () => {
    for (const [mask, underlying, after] of [
      [1n, 0, true],
      [1n, 1, false],
      [0b1010n, 3, true],
      [0b1010n, 2, false],
      [1n << 31n, 31, true],
      [2n ** 32n - 1n, 17, true],
      [0n, 0, false],
    ] as const) {
      expect([...(await bench.harness.useAndShow.staticCall(mask, underlying))], `${mask} ${underlying}`).to.deep.equal([false, after]);
      await bench.harness.useAndShow(mask, underlying);
    }
    // a second use in the transaction adds its bit and keeps the first
    for (const [first, second, underlying, used] of [
      [1n, 2n, 0, true],
      [1n, 2n, 1, true],
      [1n, 2n, 2, false],
      [3n, 6n, 2, true],
      [6n, 2n, 0, false],
    ] as const) {
      expect(await bench.harness.useBothAndShow.staticCall(first, second, underlying), `${first} ${second} ${underlying}`).to.equal(used);
    }
  });

  it("H-9 a poster who leaves updates out can neither reject a price nor choose among the sources", () => {
    const listed = listedUnderlying();
    const last = { price: 2n * WAD, priceTime: 1_000n };
    const quote = fc.record({
      answer: fc.constantFrom(VALID, VALID, REFUTED),
      price: fc.bigInt(15n, 25n),
      time: fc.bigInt(1_001n, 1_060n),
    });
    fc.assert(
      fc.property(fc.array(quote, { minLength: 2, maxLength: 3 }), fc.integer({ min: 0, max: 7 }), (quotes, left) => {
        const all: Quote[] = quotes.map((one, source) => ({ ...one, source: BigInt(source), price: (one.price * WAD) / 10n }));
        const some = all.map((one, i): Quote => ((left >> i) & 1 ? { ...one, answer: SILENT, price: 0n, time: 0n } : one));
        const whole = judge(listed.guard, last, NOTHING_PENDING, all, 1_060n);
        const part = judge(listed.guard, last, NOTHING_PENDING, some, 1_060n);
        // less evidence never turns an acceptance into a rejection
        if (whole.verdict === ACCEPTED) expect(part.verdict).to.not.equal(REJECTED);
        // and what it accepts lies within what two sources agree on
        if (part.verdict === ACCEPTED) {
          const said = some.filter((one) => one.answer === VALID).map((one) => one.price);
          expect(said.length).to.be.at.least(2);
          expect(part.price >= said.reduce(min) && part.price <= said.reduce(max)).to.equal(true);
          if (said.length === 2) expect(said.reduce(max) * 100n <= said.reduce(min) * 101n).to.equal(true);
        }
      }),
      { seed: 9, numRuns: 3_000 },
    );
  });

  it("H-10 sequencer down or just up: the state says so, funding stops, the price is read again after the grace period", async () => {
    await list({ funding: { ...listedUnderlying().funding, rate: RATE_MAX } });
    await bench.harness.setUptime(await bench.uptime.getAddress(), 3_600n);
    const sequencer = async (answer: bigint, since: bigint): Promise<void> => {
      await bench.uptime.set(answer, since);
      now = BigInt(await bench.connection.networkHelpers.time.latest());
    };
    await sequencer(0n, now - 3_600n);
    now += 1n;
    await post(says(2_000n));
    expect((await read()).priceState).to.equal(NORMAL);
    await sequencer(1n, now);
    now += 9n;
    await post(says(2_001n));
    const down = await read();
    expect([down.priceState, down.price]).to.deep.equal([GRACE, 2_001n * 10n ** 15n]);
    // however long
    now += 3_700n;
    await post(says(2_001n));
    expect((await read()).priceState).to.equal(GRACE);
    await sequencer(0n, now);
    now += 3_500n;
    await post(says(2_002n));
    const grace = await read();
    expect([grace.priceState, grace.funding.index]).to.deep.equal([GRACE, down.funding.index]);
    now += 200n;
    await post(says(2_003n));
    const up = await read();
    expect([up.priceState, up.funding.index]).to.deep.equal([NORMAL, down.funding.index]);
    await bench.harness.setUptime("0x0000000000000000000000000000000000000000", 0n);
  });

  it("H-12 two of three that differ a thousandfold are invalid, not averaged; among three the outlier moves the median by a neighbour's gap", async () => {
    await list(three);
    now += 1n;
    await post(says(2_000n), says(2_002n), says(2_004n));
    expect((await read()).price).to.equal(2_002n * 10n ** 15n);
    now += 60n;
    await post(says(2_000n), says(2_000_000n), { price: 0n, publishTime: now, valid: false });
    const split = await read();
    expect([split.priceState, split.price]).to.deep.equal([INVALID, 2_002n * 10n ** 15n]);
    now += 1n;
    const alone = await post(says(2_000n), NO_REPORT, NO_REPORT);
    expect(alone.reverted).to.deep.equal({ errorName: "QuorumMissing", args: [0n, 1n, 2n] });
    now += 1n;
    await post(says(2_000n), { price: 0n, publishTime: now, valid: false }, { price: 0n, publishTime: now, valid: false });
    expect((await read()).priceState).to.equal(INVALID);
    for (const factor of [1_000n, 0n]) {
      now += 60n;
      await post(says(2_000n), says(2_000n * factor + 1n), says(2_004n));
      const median = await read();
      expect(median.priceState).to.equal(NORMAL);
      expect([2_000n * 10n ** 15n, 2_004n * 10n ** 15n]).to.include(median.price);
    }
    // two configured: both are needed
    await list({ guard: { ...listedUnderlying().guard, sources: 2n } });
    now += 1n;
    await post(says(2_000n), says(2_001n));
    expect((await read()).price).to.equal(20_005n * 10n ** 14n);
    now += 1n;
    await post(says(2_000n), { price: 0n, publishTime: now, valid: false });
    expect((await read()).priceState).to.equal(INVALID);
    now += 1n;
    await post(says(2_000n), says(2_021n));
    expect((await read()).priceState).to.equal(INVALID);
    now += 1n;
    await post(says(2_000n), says(2_020n));
    expect((await read()).priceState).to.equal(NORMAL);
    // the lower is what they are measured by, whichever comes first
    now += 1n;
    await post(says(20_201n), says(20_000n));
    expect((await read()).priceState).to.equal(INVALID);
    now += 1n;
    await post(says(20_200n), says(20_000n));
    expect((await read()).priceState).to.equal(NORMAL);
  });

  it("H-13 whatever a source answers, a post has a defined end and the last valid price stays", async () => {
    const answers = fc.record({
      price: fc.oneof(fc.constantFrom(0n, 1n, 999n, 1_000n, 2n ** 256n - 1n, 2n ** 96n * 1_000n), fc.bigInt(0n, 4_000n * WAD)),
      age: fc.bigInt(-20n, 700n),
      valid: fc.boolean(),
    });
    await list();
    now += 1n;
    await post(says(2_000n));
    const ends = new Set<string>();
    await fc.assert(
      fc.asyncProperty(answers, async ({ price, age, valid }) => {
        now += 31n;
        const said = await post({ price, publishTime: now - age, valid });
        const u = await read();
        ends.add(said.reverted?.errorName ?? (said.events.length === 0 ? "nothing" : `state ${u.priceState}`));
        expect(u.price).to.not.equal(0n);
      }),
      { seed: 13, numRuns: 150 },
    );
    for (const end of ["QuorumMissing", "nothing", "state 0", "state 1"]) expect([...ends]).to.include(end);
  });

  it("H-13 a rejection is written only when nobody could have prevented it", () => {
    const listed = listedUnderlying();
    const last = { price: 2n * WAD, priceTime: 1_000n };
    const quote = (answer: bigint, source: number, price = 2n * WAD): Quote => ({ source: BigInt(source), answer, price, time: 1_010n });
    const verdict = (...answers: readonly bigint[]): bigint =>
      judge(
        listed.guard,
        last,
        NOTHING_PENDING,
        answers.map((answer, source) => quote(answer, source, 2n * WAD + (BigInt(source) * WAD) / 10n)),
        1_010n,
      ).verdict;
    expect(verdict()).to.equal(UNPROVED);
    expect(verdict(SILENT)).to.equal(UNPROVED);
    expect(verdict(REFUTED)).to.equal(REJECTED);
    expect(verdict(VALID, SILENT)).to.equal(UNPROVED);
    expect(verdict(VALID, REFUTED)).to.equal(REJECTED);
    expect(verdict(VALID, VALID)).to.equal(REJECTED);
    expect(verdict(VALID, VALID, SILENT)).to.equal(UNPROVED);
    expect(verdict(VALID, VALID, REFUTED)).to.equal(REJECTED);
    expect(verdict(VALID, REFUTED, SILENT)).to.equal(UNPROVED);
    expect(verdict(REFUTED, REFUTED, SILENT)).to.equal(REJECTED);
    expect(verdict(VALID, VALID, VALID)).to.equal(ACCEPTED);
  });

  it("H-58 whatever the rate source says, eight hours cost 0.75 % at most and an hour moves the rate by 0.1 %", async () => {
    await list();
    now += 1n;
    await post(says(2_000n));
    const extremes = fc.oneof(signed(256), fc.bigInt(-(10n ** 8n), 10n ** 8n));
    const steps = fc.sample(fc.tuple(extremes, fc.bigInt(1n, 7_200n)), { seed: 58, numRuns: 80 });
    const start = await read();
    let before = start;
    // the first rate is set long after none ever was
    let isFirst = true;
    for (const [proposed, elapsed] of steps) {
      await bench.rateSource.set(proposed, false);
      now = BigInt(await bench.connection.networkHelpers.time.latest()) + elapsed;
      await bench.at(now);
      await bench.harness.updateFundingRate(0, GAS);
      const after = await read();
      expect(after.funding.rate <= RATE_MAX && after.funding.rate >= -RATE_MAX).to.equal(true);
      const change = after.funding.rate - before.funding.rate;
      const most = isFirst ? RATE_MAX : (1_000_000n * (now - before.sample.rateTime)) / 3_600n;
      expect(change <= most && -change <= most, `${change} in ${elapsed} s`).to.equal(true);
      isFirst = false;
      before = after;
      now += 1n;
      await post(says(2_000n));
    }
    const elapsed = now - start.priceTime;
    const most = (RATE_MAX * 2n * WAD * elapsed) / (28_800n * 10n ** 9n);
    const paid = (await read()).funding.index - start.funding.index;
    expect(paid <= most && -paid <= most).to.equal(true);
  });

  it("H-59 no funding for time in which positions cannot change: invalid, in grace, stale", async () => {
    const rate = { ...listedUnderlying().funding, rate: RATE_MAX };
    await list({ funding: rate });
    now += 1n;
    await post(says(2_000n));
    const start = await read();
    // a gap longer than the trading age counts up to it
    now += 10_000n;
    await post(says(2_001n));
    const late = await read();
    expect(late.funding.index - start.funding.index).to.equal((RATE_MAX * 2n * WAD * TRADING_AGE) / (28_800n * 10n ** 9n));
    // an invalid price, for however long
    now += 1n;
    await post(says(9_000n));
    const invalid = await read();
    expect(invalid.priceState).to.equal(INVALID);
    now += 500n;
    await post(says(2_001n));
    const again = await read();
    expect([again.priceState, again.funding.index]).to.deep.equal([NORMAL, invalid.funding.index]);
    // and from the first normal post on it runs again, without making up
    now += 100n;
    await post(says(2_001n));
    expect((await read()).funding.index - again.funding.index).to.equal((RATE_MAX * 2_001n * 10n ** 15n * 100n) / (28_800n * 10n ** 9n));
    // while opens are stopped the rate is zero
    await list({ ...(await read()), trading: { ...listedUnderlying().trading, stoppedUntil: now + 1_000n } });
    now += 10n;
    await bench.at(now);
    await bench.harness.updateFundingRate(0, GAS);
    expect((await read()).funding.rate).to.equal(0n);
  });
});
