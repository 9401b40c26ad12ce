import { expect } from "chai";
import { MEASURE_DURATION, MEASURE_REST, parameterIndex } from "../../../src/engine/math/bounds.ts";
import { deployGovernance, errors, GUARDIAN_ENTRIES, networkHelpers, now, priceWord } from "./setup.ts";

const STOP = 0;
const CAP = 1;
const DROP = 2;
const DISABLE = 3;

describe("guardian", () => {
  it("H-46 I-23 there is no switch for deposit, reduce or liquidate", () => {
    expect([...GUARDIAN_ENTRIES].sort()).to.deep.equal(["disableModule", "dropSource", "lowerOpenInterestCap", "stopOpens"]);
  });

  describe("stopOpens", () => {
    it("H-59 books the funding so far, sets the rate to zero, and lapses after seven days", async () => {
      const { vault, guarded } = await networkHelpers.loadFixture(deployGovernance);
      const posted = (await now()) + 10n;
      await networkHelpers.time.increaseTo(posted);
      await vault.plantPrice(0, priceWord({ price: 2n * 10n ** 17n, time: posted }));
      await vault.plantFunding(0, (7_500_000n << 96n) | (posted << 128n) | (55n << 168n) | (77n << 212n));
      await networkHelpers.time.setNextBlockTimestamp(posted + 600n);
      const index = (7_500_000n * 2n * 10n ** 17n * 600n) / (28_800n * 10n ** 9n);
      const tx = guarded.stopOpens(0);
      await expect(tx)
        .to.emit(vault, "OpensStopped")
        .withArgs(0, posted + 600n + MEASURE_DURATION);
      await expect(tx)
        .to.emit(errors.attach(await vault.getAddress()), "FundingRateSet")
        .withArgs(0, 0, index);
      const after = await vault.measures(0);
      expect([after.rate, after.index, after.indexTime, after.stoppedUntil, after.cap]).to.deep.equal([
        0n,
        index,
        posted + 600n,
        posted + 600n + MEASURE_DURATION,
        77n,
      ]);
      expect(((await vault.underlyingWords(0))[3]! >> 168n) & (2n ** 44n - 1n)).to.equal(55n);
    });

    it("holds seven days and rests seven", async () => {
      const { vault, guarded } = await networkHelpers.loadFixture(deployGovernance);
      await guarded.stopOpens(0);
      const until = (await now()) + MEASURE_DURATION;
      await expect(guarded.stopOpens(0))
        .to.be.revertedWithCustomError(vault, "MeasureTooSoon")
        .withArgs(STOP, 0, until + MEASURE_REST);
      await networkHelpers.time.setNextBlockTimestamp(until + MEASURE_REST - 1n);
      await expect(guarded.stopOpens(0)).to.be.revertedWithCustomError(vault, "MeasureTooSoon");
      await networkHelpers.time.setNextBlockTimestamp(until + MEASURE_REST);
      await guarded.stopOpens(0);
    });

    it("and a lowered cap cannot relieve it for ever: fourteen days in twenty-one", async () => {
      const { vault, guarded } = await networkHelpers.loadFixture(deployGovernance);
      await vault.plantFunding(0, 1_000n << 212n);
      await guarded.stopOpens(0);
      const stopEnds = (await now()) + MEASURE_DURATION;
      await networkHelpers.time.setNextBlockTimestamp(stopEnds - 1n);
      await guarded.lowerOpenInterestCap(0, 0n);
      const capEnds = stopEnds - 1n + MEASURE_DURATION;
      await networkHelpers.time.setNextBlockTimestamp(stopEnds + MEASURE_REST);
      await expect(guarded.stopOpens(0))
        .to.be.revertedWithCustomError(vault, "MeasureTooSoon")
        .withArgs(STOP, 0, capEnds + MEASURE_REST);
      await vault.plantFunding(0, 1_000n << 212n);
      await networkHelpers.time.setNextBlockTimestamp(capEnds + MEASURE_REST - 1n);
      await expect(guarded.lowerOpenInterestCap(0, 0n))
        .to.be.revertedWithCustomError(vault, "MeasureTooSoon")
        .withArgs(CAP, 0, capEnds + MEASURE_REST);
      await networkHelpers.time.setNextBlockTimestamp(capEnds + MEASURE_REST);
      await guarded.lowerOpenInterestCap(0, 0n);
      // the other order: a stop may follow a cap in force, then both rest
      await guarded.stopOpens(0);
    });

    it("knows its underlying", async () => {
      const { guarded } = await networkHelpers.loadFixture(deployGovernance);
      await expect(guarded.stopOpens(1)).to.be.revertedWithCustomError(errors, "UnknownUnderlying").withArgs(1);
    });
  });

  describe("lowerOpenInterestCap", () => {
    it("only lowers, as often as needed, and keeps its end", async () => {
      const { vault, guarded } = await networkHelpers.loadFixture(deployGovernance);
      await vault.plantFunding(0, 1_000n << 212n);
      await expect(guarded.lowerOpenInterestCap(0, 1_000n)).to.be.revertedWithCustomError(vault, "NotLower").withArgs(1_000n, 1_000n);
      await guarded.lowerOpenInterestCap(0, 600n);
      const until = (await now()) + MEASURE_DURATION;
      expect((await vault.measures(0)).capUntil).to.equal(until);
      await networkHelpers.time.increase(86_400);
      await expect(guarded.lowerOpenInterestCap(0, 601n)).to.be.revertedWithCustomError(vault, "NotLower");
      await expect(guarded.lowerOpenInterestCap(0, 300n)).to.emit(vault, "OpenInterestCapLowered").withArgs(0, 300n, until);
      expect((await vault.measures(0)).capUntil).to.equal(until);
      expect((await vault.measures(0)).cap).to.equal(300n);
      // governance's own cap, by which it rises again, is untouched
      expect(await vault.read(parameterIndex("OpenInterestCap"), 0)).to.equal(100_000_000n);
      await networkHelpers.time.setNextBlockTimestamp(until);
      await expect(guarded.lowerOpenInterestCap(0, 200n))
        .to.be.revertedWithCustomError(vault, "MeasureTooSoon")
        .withArgs(CAP, 0, until + MEASURE_REST);
    });
  });

  describe("dropSource", () => {
    it("H-98 H-12 only while two others remain; the drop lapses", async () => {
      const { vault, guarded } = await networkHelpers.loadFixture(deployGovernance);
      await expect(guarded.dropSource(0, 3)).to.be.revertedWithCustomError(vault, "UnknownSource").withArgs(0, 3);
      await guarded.dropSource(0, 0);
      const until = (await now()) + MEASURE_DURATION;
      expect((await vault.measures(0)).droppedMask).to.equal(1n);
      await networkHelpers.time.increase(86_400);
      // of the two that are left, one alone could say any price and confirm it a minute later
      await expect(guarded.dropSource(0, 2)).to.be.revertedWithCustomError(vault, "LastSource").withArgs(0, 2);
      await expect(guarded.dropSource(0, 1)).to.be.revertedWithCustomError(vault, "LastSource").withArgs(0, 1);
      await networkHelpers.time.increaseTo(until);
      expect((await vault.measures(0)).droppedMask).to.equal(0n);
      await expect(guarded.dropSource(0, 1))
        .to.be.revertedWithCustomError(vault, "MeasureTooSoon")
        .withArgs(DROP, 0, until + MEASURE_REST);
      await networkHelpers.time.setNextBlockTimestamp(until + MEASURE_REST);
      await guarded.dropSource(0, 1);
      expect((await vault.measures(0)).droppedMask).to.equal(2n);
    });

    it("not the only one", async () => {
      const { vault, governed, guarded, stands } = await networkHelpers.loadFixture(deployGovernance);
      await governed.setSources(0, stands.slice(0, 1));
      await expect(guarded.dropSource(0, 0)).to.be.revertedWithCustomError(vault, "LastSource").withArgs(0, 0);
    });
  });

  describe("disableModule", () => {
    it("for seven days, then it rests; the address stays", async () => {
      const { vault, governed, guarded, stands } = await networkHelpers.loadFixture(deployGovernance);
      await expect(guarded.disableModule(0)).to.be.revertedWithCustomError(errors, "UnknownModule").withArgs(0);
      await governed.setModule(0, stands[0]!);
      await guarded.disableModule(0);
      const until = (await now()) + MEASURE_DURATION;
      expect(await vault.moduleWord(0)).to.equal(BigInt(stands[0]!) | (until << 160n));
      await expect(guarded.disableModule(0))
        .to.be.revertedWithCustomError(vault, "MeasureTooSoon")
        .withArgs(DISABLE, 0, until + MEASURE_REST);
      await networkHelpers.time.setNextBlockTimestamp(until + MEASURE_REST);
      await guarded.disableModule(0);
    });
  });

  describe("liftMeasure", () => {
    it("ends each at once; each then rests as if it had lapsed", async () => {
      const { vault, governed, guarded, stands } = await networkHelpers.loadFixture(deployGovernance);
      await governed.setModule(0, stands[0]!);
      await vault.plantFunding(0, 1_000n << 212n);
      for (const measure of [STOP, CAP, DROP, DISABLE]) {
        await expect(governed.liftMeasure(measure, 0)).to.be.revertedWithCustomError(vault, "MeasureNotInForce").withArgs(measure, 0);
      }
      await guarded.stopOpens(0);
      await guarded.lowerOpenInterestCap(0, 1n);
      await guarded.dropSource(0, 1);
      await guarded.disableModule(0);
      for (const measure of [STOP, CAP, DROP, DISABLE]) {
        await expect(governed.liftMeasure(measure, 0)).to.emit(vault, "MeasureLifted").withArgs(measure, 0);
        await expect(governed.liftMeasure(measure, 0)).to.be.revertedWithCustomError(vault, "MeasureNotInForce");
      }
      const after = await vault.measures(0);
      expect(after.droppedMask).to.equal(0n);
      expect([after.stoppedUntil <= (await now()), after.capUntil <= (await now())]).to.deep.equal([true, true]);
      expect((await vault.moduleWord(0)) & (2n ** 160n - 1n)).to.equal(BigInt(stands[0]!));
      await expect(guarded.stopOpens(0)).to.be.revertedWithCustomError(vault, "MeasureTooSoon");
      await expect(guarded.disableModule(0)).to.be.revertedWithCustomError(vault, "MeasureTooSoon");
      expect(await vault.read(parameterIndex("OpenInterestCap"), 0)).to.equal(100_000_000n);
    });
  });
});
