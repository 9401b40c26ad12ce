import { expect } from "chai";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import type { RiskHarness } from "../../typechain-types/index.ts";
import { Random } from "../engine/support/random.ts";

const WAD = 10n ** 18n;

describe("gas of option margin", () => {
  const random = new Random(7);
  let harness: RiskHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("RiskHarness");
  });

  it("default: adding a position costs a tenth of adding it lane by lane", async () => {
    const of = async (count: number): Promise<{ packedGas: bigint; naiveGas: bigint; loopGas: bigint }> => {
      const words = Array.from({ length: count }, () => random.bigBelow(2n ** 256n));
      const sizes = Array.from({ length: count }, () => random.bigBelow(2n ** 37n) * (random.chance(0.5) ? 1n : -1n));
      return harness.gasOfAdding(words, sizes);
    };
    const [ten, most] = [await of(10), await of(127)];
    const each = (part: "packedGas" | "naiveGas" | "loopGas"): number => Number(most[part] - ten[part]) / 117;
    const [packed, naive] = [each("packedGas") - each("loopGas"), each("naiveGas") - each("loopGas")];
    expect(packed).to.be.within(300, 400);
    expect(naive).to.be.greaterThan(10 * packed);
  });

  it("default: valuing a series and an underlying", async () => {
    const position = { word: random.bigBelow(2n ** 256n), isCall: true, lots: 7n, strike: 5n };
    const said = await harness.gasOfValues([position], 10n ** 14n, 3_000n * WAD, WAD / 10n);
    expect(said.lanesGas).to.be.lessThan(1_950n);
    expect(said.lineGas).to.be.lessThan(1_200n);
    expect(said.worstGas).to.be.lessThan(1_800n);
  });

  it("default: the shock of a series", async () => {
    for (const days of [1n, 29n, 90n]) expect(await harness.gasOfShock(WAD, days * 86_400n)).to.be.lessThan(3_000n);
  });
});
