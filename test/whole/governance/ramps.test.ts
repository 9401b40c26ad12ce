import { expect } from "chai";
import { parameterIndex, RAMP_DURATION } from "../../../src/engine/math/bounds.ts";
import { deployGovernance, initial, networkHelpers, now, priceWord } from "./setup.ts";

const PPM = 10n ** 12n;

describe("Ramp", () => {
  it("H-47 I-23 a margin ratio moves in a straight line over three days and not at all in its block", async () => {
    const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
    for (const [name, position, to] of [
      ["Maintenance", 0, 900_000n],
      ["Provision", 1, 20_000n],
      ["InterMonth", 2, 30_000n],
    ] as const) {
      const from = initial(name);
      const tx = governed.setParameter(parameterIndex(name), 0, to);
      await tx;
      const start = await now();
      await expect(tx)
        .to.emit(vault, "ParameterSet")
        .withArgs(parameterIndex(name), 0, to, start + RAMP_DURATION);
      expect((await vault.marginRatios())[position]).to.equal(from * PPM);
      let last = from * PPM;
      for (let part = 1n; part <= 12n; part++) {
        await networkHelpers.time.increaseTo(start + (RAMP_DURATION * part) / 12n);
        const value = (await vault.marginRatios())[position];
        expect(value).to.equal((from + ((to - from) * part) / 12n) * PPM);
        expect(value >= last).to.equal(true);
        last = value;
      }
      await networkHelpers.time.increase(RAMP_DURATION);
      expect((await vault.marginRatios())[position]).to.equal(to * PPM);
    }
  });

  it("H-47 a new ramp of one ratio starts the others afresh from where they are: nothing jumps", async () => {
    const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
    await governed.setParameter(parameterIndex("Maintenance"), 0, 900_000n);
    const start = await now();
    await networkHelpers.time.increaseTo(start + RAMP_DURATION / 2n - 1n);
    const [before] = await vault.marginRatios();
    await governed.setParameter(parameterIndex("Provision"), 0, 20_000n);
    const [maintenance, provision, interMonth] = await vault.marginRatios();
    // one second of the old ramp passed: 0.1 / 259,200 of it, less than one ppm
    expect(maintenance - before).to.be.lessThan(2n * PPM);
    expect(maintenance).to.equal(850_000n * PPM);
    expect(provision).to.equal(initial("Provision") * PPM);
    expect(interMonth).to.equal(initial("InterMonth") * PPM);
    await networkHelpers.time.increase(RAMP_DURATION / 2n);
    expect((await vault.marginRatios())[0]).to.equal(875_000n * PPM);
    await networkHelpers.time.increase(RAMP_DURATION / 2n);
    expect((await vault.marginRatios())[0]).to.equal(900_000n * PPM);
    expect((await vault.marginRatios())[1]).to.equal(20_000n * PPM);
  });

  for (const [name, position, to, other, otherTo] of [
    ["Maintenance", 0, 900_000n, "Provision", 20_000n],
    ["Provision", 1, 20_000n, "InterMonth", 30_000n],
    ["InterMonth", 2, 30_000n, "Maintenance", 900_000n],
  ] as const) {
    it(`H-47 a ramp under way does not jump when another begins: ${name}`, async () => {
      const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
      const value = async (): Promise<bigint> => (await vault.marginRatios())[position];
      const at = (quarters: bigint): bigint => (initial(name) + ((to - initial(name)) * quarters) / 4n) * PPM;
      await governed.setParameter(parameterIndex(name), 0, to);
      const start = await now();
      await networkHelpers.time.setNextBlockTimestamp(start + RAMP_DURATION / 2n);
      await governed.setParameter(parameterIndex(other), 0, otherTo);
      expect(await value()).to.equal(at(2n));
      // the rest of the way takes three days again
      await networkHelpers.time.increaseTo(start + RAMP_DURATION);
      expect(await value()).to.equal(at(3n));
      await networkHelpers.time.increaseTo(start + (RAMP_DURATION * 3n) / 2n);
      expect(await value()).to.equal(at(4n));
    });
  }

  it("H-47 a ramp turned back goes back from where it is", async () => {
    const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
    await governed.setParameter(parameterIndex("Maintenance"), 0, 900_000n);
    await networkHelpers.time.increase(RAMP_DURATION / 2n - 1n);
    await governed.setParameter(parameterIndex("Maintenance"), 0, initial("Maintenance"));
    expect((await vault.marginRatios())[0]).to.equal(850_000n * PPM);
    await networkHelpers.time.increase(RAMP_DURATION);
    expect((await vault.marginRatios())[0]).to.equal(initial("Maintenance") * PPM);
  });

  it("H-47 haircuts ramp, each collateral token by itself", async () => {
    const { vault, governed, stands } = await networkHelpers.loadFixture(deployGovernance);
    await governed.listCollateral(stands[5]!, 0, 100_000n, 10n ** 24n);
    await governed.setParameter(parameterIndex("Haircut"), 0, 350_000n);
    const start = await now();
    expect(await vault.haircut(0)).to.equal(50_000n * PPM);
    await networkHelpers.time.increaseTo(start + RAMP_DURATION / 3n);
    expect(await vault.haircut(0)).to.equal(150_000n * PPM);
    expect(await vault.haircut(1)).to.equal(100_000n * PPM);
    await networkHelpers.time.increaseTo(start + RAMP_DURATION);
    expect(await vault.haircut(0)).to.equal(350_000n * PPM);
  });

  it("H-47 a lower depth moves with the posts of three days, a higher one at once", async () => {
    const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
    const depth = parameterIndex("Depth");
    const held = async (): Promise<bigint> => ((await vault.underlyingWords(0))[0]! >> 200n) & (2n ** 40n - 1n);
    await governed.setParameter(depth, 0, 400_000_000n);
    const start = await now();
    expect(await held()).to.equal(1_000_000_000n);
    await networkHelpers.time.increaseTo(start + RAMP_DURATION / 2n);
    expect(await vault.read(depth, 0)).to.equal(700_000_000n);
    // a post took that over; the next ramp starts there
    await vault.plantPrice(0, priceWord({ depth: 700_000_000n }));
    await governed.setParameter(depth, 0, 100_000_000n);
    expect(await vault.read(depth, 0)).to.equal(700_000_000n);
    await networkHelpers.time.increase(RAMP_DURATION / 2n);
    expect(await vault.read(depth, 0)).to.equal(400_000_000n);
    await governed.setParameter(depth, 0, 2_000_000_000n);
    expect(await held()).to.equal(2_000_000_000n);
    await networkHelpers.time.increase(RAMP_DURATION);
    expect(await vault.read(depth, 0)).to.equal(2_000_000_000n);
  });

  it("I-23 a new trading age leaves the funding that ran under the old one as it was", async () => {
    const { vault, governed } = await networkHelpers.loadFixture(deployGovernance);
    const posted = (await now()) + 10n;
    await networkHelpers.time.increaseTo(posted);
    // a lot of 0.2 settlement tokens, 0.1 % over eight hours, posted now
    await vault.plantPrice(0, priceWord({ price: 2n * 10n ** 17n, time: posted, held: initial("RangeFloor") }));
    await vault.plantFunding(0, (1_000_000n << 96n) | (posted << 128n));
    await networkHelpers.time.increaseTo(posted + 3_600n);
    const atOldAge = (10n ** 6n * 2n * 10n ** 17n * 3_600n) / (28_800n * 10n ** 9n);
    await networkHelpers.time.increaseTo(posted + 7_200n);
    await governed.setParameter(parameterIndex("TradingAge"), 0, 14_400n);
    const { index, indexTime } = await vault.measures(0);
    expect(index).to.equal(atOldAge);
    expect(indexTime).to.equal(await now());
  });
});
