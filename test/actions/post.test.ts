import { expect } from "chai";
import fc from "fast-check";
import { before, describe, it } from "mocha";
import { NO_REPORT, type Posted, type PriceReport, posted, rated } from "../../src/engine/actions/prices.ts";
import { RATE_MAX } from "../../src/engine/math/funding.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import { max } from "../../src/engine/types/fixedPoint.ts";
import { GRACE, INVALID, NORMAL, type Underlying } from "../../src/engine/types/types.ts";
import { type Done, done, PriceBench, START, updateOf, WAD } from "../helpers/prices/harness.ts";
import { listedUnderlying } from "../helpers/prices/words.ts";

const TRADING_AGE = 600n;
const GAS = { gasLimit: 5_000_000n };

/** An underlying under a model and the contracts at once: every step runs on both and is compared to the bit. */
class Pair {
  readonly bench: PriceBench;
  readonly index: number;
  now: bigint;
  model: Underlying;
  inGrace = false;

  constructor(bench: PriceBench, index: number, now: bigint, model: Underlying) {
    this.bench = bench;
    this.index = index;
    this.now = now;
    this.model = model;
  }

  /** Changes what governance or a trade would. */
  async change(change: Partial<Underlying>): Promise<void> {
    this.model = { ...this.model, ...change };
    this.now += 1n;
    await this.bench.at(this.now);
    await this.bench.set(this.index, this.model, TRADING_AGE);
  }

  async post(elapsed: bigint, reports: readonly PriceReport[]): Promise<Done> {
    this.now += elapsed;
    const context = { now: this.now, tradingAge: TRADING_AGE, inGrace: this.inGrace };
    const updates = reports.map(updateOf);
    await this.bench.at(this.now);
    return this.compare(
      () => posted(this.model, this.index, reports, context),
      await done(this.bench, () => this.bench.harness.postPrice(this.index, updates, GAS)),
    );
  }

  /** One source, published `age` seconds ago. */
  async say(elapsed: bigint, price: bigint, age = 0n): Promise<Done> {
    return this.post(elapsed, [{ price, publishTime: this.now + elapsed - age, valid: true }]);
  }

  async rate(elapsed: bigint, proposed: bigint): Promise<Done> {
    await this.bench.at(this.now + 1n);
    await this.bench.rateSource.set(proposed, false);
    this.now += elapsed + 1n;
    await this.bench.at(this.now);
    const context = { now: this.now, tradingAge: TRADING_AGE };
    return this.compare(
      () => rated(this.model, this.index, proposed, context),
      await done(this.bench, () => this.bench.harness.updateFundingRate(this.index, GAS)),
    );
  }

  private async compare(engine: () => Posted, said: Done): Promise<Done> {
    try {
      const result = engine();
      expect(said.reverted, "the contracts revert, the engine does not").to.equal(undefined);
      expect(said.events).to.deep.equal(result.events.map(({ name, values }) => ({ name, values: Object.values(values) })));
      this.model = result.underlying;
    } catch (error) {
      if (!(error instanceof Reverted)) throw error;
      expect(said.reverted).to.deep.equal({ errorName: error.errorName, args: [...error.args] });
    }
    expect(await this.bench.read(this.index, this.model)).to.deep.equal(this.model);
    return said;
  }
}

describe("posting a price", () => {
  let bench: PriceBench;

  before(async () => {
    bench = await PriceBench.create();
  });

  /** A fresh underlying, listed now, on index `index`. */
  async function listed(index: number, change: Partial<Underlying> = {}): Promise<Pair> {
    const latest = BigInt(await bench.connection.networkHelpers.time.latest());
    const pair = new Pair(bench, index, latest < START ? START : latest + 10n, listedUnderlying());
    await pair.change(change);
    return pair;
  }

  it("default: the first price is believed and sets price, sample and both ranges", async () => {
    const pair = await listed(0);
    const said = await pair.say(5n, 2_000n * WAD);
    expect(said.events.map((event) => event.name)).to.deep.equal(["Sampled", "PricePosted"]);
    expect(pair.model.price).to.equal(2n * WAD);
    expect(pair.model.priceState).to.equal(NORMAL);
    expect(pair.model.heldRange).to.equal(pair.model.targetRange);
    expect(pair.model.sample.price).to.equal(2n * WAD);
  });

  it("behavior: unlisted underlyings and silence revert with what they were", async () => {
    const pair = await listed(0);
    await pair.say(5n, 2_000n * WAD);
    expect((await pair.post(5n, [NO_REPORT])).reverted).to.deep.equal({ errorName: "QuorumMissing", args: [0n, 0n, 1n] });
    const unlisted = await listed(1, { guard: { ...listedUnderlying().guard, sources: 0n } });
    expect((await unlisted.post(5n, [])).reverted).to.deep.equal({ errorName: "UnknownUnderlying", args: [1n] });
  });

  it("H-76 what is not newer than the last price changes nothing, and what is newer but old is taken for what it is", async () => {
    const pair = await listed(0);
    await pair.say(5n, 2_000n * WAD);
    const [before, last] = [pair.model, pair.now];
    for (const publishTime of [last, last - 1n, last - 100n]) {
      const said = await pair.post(5n, [{ price: 2_010n * WAD, publishTime, valid: true }]);
      expect([said.reverted, said.events]).to.deep.equal([undefined, []]);
      expect(pair.model).to.deep.equal(before);
    }
    // older than the trading age, and still the newest that there is
    const said = await pair.say(1_000n, 2_010n * WAD, 601n);
    expect(said.reverted).to.equal(undefined);
    expect([pair.model.price, pair.now - pair.model.priceTime]).to.deep.equal([(201n * WAD) / 100n, 601n]);
  });

  it("behavior: a price beyond the band waits, stops funding, and is accepted when confirmed a minute later", async () => {
    const pair = await listed(0, { funding: { ...listedUnderlying().funding, rate: 1_000_000n } });
    await pair.say(5n, 2_000n * WAD);
    const before = pair.model.funding.index;
    await pair.say(60n, 1_500n * WAD);
    expect(pair.model.priceState).to.equal(INVALID);
    expect(pair.model.price).to.equal(2n * WAD);
    // the minute before the rejection was normal and is paid for
    const paid = pair.model.funding.index;
    expect(paid - before).to.equal((1_000_000n * 2n * WAD * 60n) / (28_800n * 10n ** 9n));
    await pair.say(59n, 1_505n * WAD);
    expect(pair.model.priceState).to.equal(INVALID);
    expect(pair.model.funding.index).to.equal(paid);
    await pair.say(1n, 1_490n * WAD);
    expect(pair.model.priceState).to.equal(NORMAL);
    expect(pair.model.price).to.equal(149n * 10n ** 16n);
    expect(pair.model.pending.source).to.equal(0n);
    expect(pair.model.funding.index).to.equal(paid);
  });

  it("behavior: a waiting price that is not said again starts over, one in band clears it", async () => {
    const pair = await listed(0);
    await pair.say(5n, 2_000n * WAD);
    await pair.say(30n, 1_500n * WAD);
    await pair.say(61n, 1_300n * WAD);
    expect(pair.model.priceState).to.equal(INVALID);
    expect(pair.model.pending).to.deep.equal({ price: 13n * 10n ** 17n, time: pair.now, source: 1n });
    await pair.say(10n, 2_010n * WAD);
    expect(pair.model.priceState).to.equal(NORMAL);
    expect(pair.model.pending.source).to.equal(0n);
    await pair.say(51n, 1_300n * WAD);
    expect(pair.model.priceState).to.equal(INVALID);
  });

  it("behavior: only the source that a price waits for can confirm it", async () => {
    const guard = { ...listedUnderlying().guard, sources: 2n, droppedUntil: 2n ** 39n };
    const pair = await listed(0, { guard: { ...guard, dropped: 0b10n } });
    await pair.say(5n, 2_000n * WAD);
    await pair.say(60n, 1_500n * WAD);
    await pair.change({ guard: { ...guard, dropped: 0b01n } });
    const other = (elapsed: bigint): readonly PriceReport[] => [
      NO_REPORT,
      { price: 1_500n * WAD, publishTime: pair.now + elapsed, valid: true },
    ];
    await pair.post(61n, other(61n));
    expect([pair.model.priceState, pair.model.pending.source]).to.deep.equal([INVALID, 2n]);
    await pair.post(60n, other(60n));
    expect([pair.model.priceState, pair.model.price]).to.deep.equal([NORMAL, 15n * 10n ** 17n]);
  });

  it("behavior: a crash of a quarter in an hour, minute by minute, is never stopped", async () => {
    const pair = await listed(0);
    await pair.say(5n, 2_000n * WAD);
    for (let minute = 1n; minute <= 60n; minute++) {
      await pair.say(60n, 2_000n * WAD - (2_000n * WAD * 256n * minute) / 60_000n);
      expect(pair.model.priceState).to.equal(NORMAL);
    }
  });

  it("behavior: the state follows the sequencer, the price goes on", async () => {
    const pair = await listed(0);
    await bench.harness.setUptime(await bench.uptime.getAddress(), 300n);
    const up = async (answer: bigint, since: bigint): Promise<void> => {
      await bench.uptime.set(answer, since);
      pair.now = BigInt(await bench.connection.networkHelpers.time.latest());
    };
    await up(0n, pair.now - 300n);
    await pair.say(5n, 2_000n * WAD);
    expect(pair.model.priceState).to.equal(NORMAL);
    await up(1n, pair.now);
    pair.inGrace = true;
    await pair.say(5n, 2_010n * WAD);
    expect(pair.model.priceState).to.equal(GRACE);
    expect(pair.model.price).to.equal(201n * 10n ** 16n);
    // up again, but not for long enough
    await up(0n, pair.now);
    const since = pair.now - 1n;
    await pair.say(290n, 2_010n * WAD);
    expect(pair.model.priceState).to.equal(GRACE);
    pair.inGrace = false;
    // with the state, the same news counts once more
    await pair.post(20n, [{ price: 2_010n * WAD, publishTime: pair.model.priceTime, valid: true }]);
    expect(pair.model.priceState).to.equal(NORMAL);
    expect(pair.now).to.be.greaterThan(since + 300n);
    // a feed that was never initialised, or fails, cannot say that the sequencer is up
    await up(0n, 0n);
    pair.inGrace = true;
    await pair.say(5n, 2_010n * WAD);
    await bench.uptime.setReverts(true);
    await pair.say(5n, 2_011n * WAD);
    expect(pair.model.priceState).to.equal(GRACE);
    await bench.uptime.setReverts(false);
    await bench.harness.setUptime("0x0000000000000000000000000000000000000000", 0n);
  });

  it("behavior: samples are taken once an hour, at the first price past the hour", async () => {
    const pair = await listed(0);
    await pair.say(5n, 2_000n * WAD);
    const grid = (pair.now / 3_600n + 1n) * 3_600n;
    const names = (said: Done): string[] => said.events.map((event) => event.name);
    expect(names(await pair.say(grid - 1n - pair.now, 2_000n * WAD))).to.deep.equal(["PricePosted"]);
    const held = pair.model.heldRange;
    expect(names(await pair.say(1n, 2_100n * WAD))).to.deep.equal(
      ["Sampled", "PricePosted"].slice(pair.model.priceState === INVALID ? 1 : 0),
    );
    await pair.say(62n, 2_100n * WAD);
    expect(pair.model.sample.price).to.equal(21n * 10n ** 17n);
    expect(pair.model.heldRange).to.be.greaterThan(held);
    expect(pair.model.heldRange * 10_000n).to.be.lessThan(held * 10_042n);
    expect(names(await pair.say(30n, 2_101n * WAD))).to.deep.equal(["PricePosted"]);
  });

  it("H-75 a price late for its hour is no sample, until six hours have passed", async () => {
    const pair = await listed(0);
    await pair.say(5n, 2_000n * WAD);
    const first = (pair.model.sample.time / 3_600n) * 3_600n;
    const sampledAt = async (time: bigint): Promise<boolean> => {
      const said = await pair.say(time - pair.now, 2_000n * WAD);
      return said.events.some(({ name }) => name === "Sampled");
    };
    expect(await sampledAt(first + 3_600n + 121n)).to.equal(false);
    expect(await sampledAt(first + 2n * 3_600n - 1n)).to.equal(false);
    expect(await sampledAt(first + 2n * 3_600n + 120n)).to.equal(true);
    expect(await sampledAt(first + 8n * 3_600n + 119n)).to.equal(true);
    expect(await sampledAt(first + 14n * 3_600n + 300n)).to.equal(true);
    expect(await sampledAt(first + 20n * 3_600n + 299n)).to.equal(false);
  });

  it("H-75 the held range moves at the first price of each hour of the grid, sample or none", async () => {
    const calm = listedUnderlying();
    // σ has been 150 % for long: the target is far above
    const sample = { ...calm.sample, fast: 22_500_000_000n, slow: 22_500_000_000n };
    const pair = await listed(0, { heldRange: 50_000_000n, sample });
    await pair.say(5n, 2_000n * WAD);
    const first = (pair.model.priceTime / 3_600n) * 3_600n;
    const sampled = pair.model.sample.time;
    const risen = (held: bigint): bigint => held + (held * 100_000_000n * 3_600n) / (10n ** 9n * 86_400n);
    const once = risen(pair.model.heldRange);
    await pair.say(first + 3_600n + 600n - pair.now, 2_000n * WAD);
    expect(pair.model.sample.time).to.equal(sampled);
    expect(pair.model.targetRange > 2n * once).to.equal(true);
    expect(pair.model.heldRange).to.equal(once);
    await pair.say(first + 7_199n - pair.now, 2_001n * WAD);
    expect(pair.model.heldRange).to.equal(once);
    // a rise counts one hour of those that passed
    await pair.say(first + 4n * 3_600n + 600n - pair.now, 2_002n * WAD);
    expect(pair.model.sample.time).to.equal(sampled);
    expect(pair.model.heldRange).to.equal(risen(once));
  });

  it("behavior: what a post brings beyond the fees of its sources is not kept", async () => {
    const pair = await listed(0, { guard: { ...listedUnderlying().guard, sources: 3n } });
    const { harness, sources, connection } = bench;
    const [, second, third] = sources;
    await second?.setFee(3n);
    await third?.setFee(4n);
    pair.now = BigInt(await connection.networkHelpers.time.latest());
    const reports = [0n, 0n, 0n].map(() => ({ price: 2_000n * WAD, publishTime: pair.now, valid: true }));
    const send = (value: bigint): Promise<Done> => done(bench, () => harness.postPrice(0, reports.map(updateOf), { ...GAS, value }));
    expect((await send(8n)).reverted).to.deep.equal({ errorName: "ValueNotNeeded", args: [1n] });
    expect((await send(7n)).reverted).to.equal(undefined);
    expect(await connection.ethers.provider.getBalance(await harness.getAddress())).to.equal(0n);
    expect(await connection.ethers.provider.getBalance((await second?.getAddress()) ?? "")).to.equal(3n);
    expect(await connection.ethers.provider.getBalance((await third?.getAddress()) ?? "")).to.equal(4n);
    await second?.setFee(0n);
    await third?.setFee(0n);
  });

  it("behavior: a source that fails counts as silent, one that was starved of gas reverts the post", async () => {
    const pair = await listed(0, { guard: { ...listedUnderlying().guard, sources: 3n } });
    const { harness, sources, connection } = bench;
    const [first] = sources;
    await first?.setReverts(true);
    pair.now = BigInt(await connection.networkHelpers.time.latest());
    const report = { price: 2_000n * WAD, publishTime: pair.now + 1n, valid: true };
    await pair.post(1n, [NO_REPORT, report, report]);
    expect(pair.model.priceState).to.equal(NORMAL);
    await first?.setReverts(false);
    await first?.setBurns(true);
    const next = updateOf({ ...report, publishTime: pair.now + 2n });
    const said = await done(bench, () => harness.postPrice(0, [next, next, next], { gasLimit: 1_000_000n }));
    expect(said.reverted).to.deep.equal({ errorName: "SourceOutOfGas", args: [0n, 0n] });
    await first?.setBurns(false);
  });

  it("behavior: a dropped source is not asked, and counts again when the drop lapses", async () => {
    const guard = { ...listedUnderlying().guard, sources: 3n, dropped: 0b100n };
    const pair = await listed(0);
    await pair.change({ guard: { ...guard, droppedUntil: pair.now + 100n } });
    const at = (price: bigint, now: bigint): PriceReport => ({ price: price * WAD, publishTime: now, valid: true });
    // two left: they must agree
    await pair.post(10n, [at(2_000n, pair.now + 10n), at(2_010n, pair.now + 10n), at(1n, pair.now + 10n)]);
    expect(pair.model.price).to.equal(2_005n * 10n ** 15n);
    expect((await pair.post(10n, [at(2_000n, pair.now + 10n), at(2_100n, pair.now + 10n)])).reverted).to.equal(undefined);
    expect(pair.model.priceState).to.equal(INVALID);
    // three again: the median
    await pair.post(100n, [at(2_000n, pair.now + 100n), at(2_100n, pair.now + 100n), at(2_050n, pair.now + 100n)]);
    expect(pair.model.price).to.equal(2_050n * 10n ** 15n);
    expect(pair.model.priceState).to.equal(NORMAL);
  });

  it("behavior: the rate moves by a tenth of a percent an hour and is zero while opens are stopped", async () => {
    const pair = await listed(0);
    await pair.say(5n, 2_000n * WAD);
    await pair.rate(3_599n, 0n);
    await pair.rate(3_599n, 10n ** 12n);
    expect(pair.model.funding.rate).to.equal(1_000_000n);
    await pair.rate(1_799n, 10n ** 12n);
    expect(pair.model.funding.rate).to.equal(1_500_000n);
    await pair.change({ trading: { ...pair.model.trading, stoppedUntil: pair.now + 1_000n } });
    await pair.rate(10n, 10n ** 12n);
    expect(pair.model.funding.rate).to.equal(0n);
    await pair.rate(20n * 3_600n, -(10n ** 12n));
    expect(pair.model.funding.rate).to.equal(-RATE_MAX);
    // a source that fails proposes zero
    await bench.rateSource.set(0n, true);
    pair.now = BigInt(await bench.connection.networkHelpers.time.latest()) + 3_600n;
    await bench.at(pair.now);
    expect((await done(bench, () => bench.harness.updateFundingRate(0, GAS))).reverted).to.equal(undefined);
    const after = await bench.read(0, pair.model);
    expect(after.funding.rate).to.be.greaterThan(-RATE_MAX);
    await bench.rateSource.set(0n, false);
  });

  it("random sequences agree with the engine to the bit: words, events, errors", async function () {
    this.timeout(120_000);
    const states = new Map<string, number>();
    const count = (what: string): void => void states.set(what, (states.get(what) ?? 0) + 1);
    const move = fc.oneof(
      { weight: 12, arbitrary: fc.bigInt(-3_000n, 3_000n) },
      { weight: 2, arbitrary: fc.bigInt(-60_000n, 60_000n) },
      { weight: 2, arbitrary: fc.bigInt(-900_000n, 9_000_000n) },
    );
    const answer = fc.record({
      kind: fc.constantFrom("valid", "valid", "valid", "valid", "valid", "valid", "refuted", "silent", "broken"),
      move,
      age: fc.oneof({ weight: 8, arbitrary: fc.bigInt(-12n, 20n) }, { weight: 1, arbitrary: fc.bigInt(0n, 900n) }),
    });
    const step = fc.record({
      op: fc.constantFrom("post", "post", "post", "post", "post", "post", "post", "post", "rate", "guard", "stop", "depth"),
      elapsed: fc.oneof(fc.bigInt(1n, 90n), fc.bigInt(1n, 2_000n), fc.constantFrom(60n, 3_600n, 40_000n)),
      drift: move,
      answers: fc.tuple(answer, answer, answer),
      rate: fc.bigInt(-(10n ** 7n), 10n ** 7n),
      sources: fc.bigInt(1n, 3n),
      dropped: fc.bigInt(0n, 7n),
    });
    const steps = fc.sample(step, { seed: 20_210_519, numRuns: 1_200 });
    const runs = 6;
    for (let run = 0; run < runs; run++) {
      const pair = await listed(run % 4, {
        guard: { ...listedUnderlying().guard, sources: BigInt((run % 3) + 1) },
        lotExponent: BigInt(run % 4),
        funding: { ...listedUnderlying().funding, rate: 5_000_000n },
      });
      let truth = 2_000n * WAD;
      for (const { op, elapsed, drift, answers, rate, sources, dropped } of steps.slice(run * 200, run * 200 + 200)) {
        if (op === "rate") {
          await pair.rate(elapsed, rate);
        } else if (op === "guard") {
          const mask = dropped & ((1n << sources) - 1n);
          await pair.change({ guard: { ...pair.model.guard, sources, dropped: mask, droppedUntil: pair.now + elapsed } });
        } else if (op === "stop") {
          await pair.change({ trading: { ...pair.model.trading, stoppedUntil: pair.now + elapsed } });
        } else if (op === "depth") {
          await pair.change({ guard: { ...pair.model.guard, depthRamp: { from: 10n ** 6n, to: 10n ** 5n, end: pair.now + 259_200n } } });
        } else {
          if (drift > -60_000n && drift < 60_000n) truth += (truth * drift) / 1_000_000n;
          const now = pair.now + elapsed;
          const reports = answers.map(({ kind, move: off, age }) => {
            if (kind === "silent") return NO_REPORT;
            const price = max(0n, truth + (truth * off) / 10_000_000n);
            if (kind === "broken") return { price: off % 2n === 0n ? 0n : 2n ** 200n, publishTime: now - age, valid: true };
            return { price, publishTime: now - age, valid: kind === "valid" };
          });
          const said = await pair.post(elapsed, reports);
          count(said.reverted?.errorName ?? (said.events.length === 0 ? "nothing" : `state ${pair.model.priceState}`));
          if (said.events.some((event) => event.name === "Sampled")) count("sampled");
        }
      }
    }
    for (const [what, least] of [
      ["state 0", 200],
      ["state 1", 20],
      ["sampled", 50],
      ["QuorumMissing", 10],
      ["nothing", 5],
    ] as const) {
      expect(states.get(what) ?? 0, what).to.be.at.least(least);
    }
  });
});
