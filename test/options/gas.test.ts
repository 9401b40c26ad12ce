import { expect } from "chai";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { unitUp } from "../../src/engine/riskWord.ts";
import { sviWord } from "../../src/engine/svi.ts";
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

  it("default: the bound of a series at its anchor, and anywhere else", async () => {
    const { ethers } = await network.create();
    const secants = await ethers.deployContract("SecantHarness");
    const anchor = { forward: 3_000n * WAD, range: WAD / 10n };
    const words = Array.from({ length: 10 }, () => random.bigBelow(2n ** 256n));
    const sizes = words.map((_, i) => BigInt(i) - 5n);
    const gas = async (live: typeof anchor): Promise<bigint> => {
      const { spent } = await secants.bounds(words, sizes, unitUp(anchor.forward), anchor, live);
      return spent;
    };
    expect(await gas(anchor)).to.be.lessThan(2_100n);
    expect(await gas({ ...anchor, forward: 3_010n * WAD })).to.be.lessThan(16_500n);
    expect(await gas({ forward: 2_990n * WAD, range: WAD / 11n })).to.be.lessThan(16_500n);
  });

  it("default: an SVI slice, a strike of it, and the checks of ten strikes", async () => {
    const { ethers } = await network.create();
    const slices = await ethers.deployContract("SviHarness");
    const word = sviWord({ a: WAD / 25n, b: WAD / 10n, rho: (-3n * WAD) / 10n, m: WAD / 100n, sigma: WAD / 5n });
    const said = await slices.gas(word, WAD / 7n);
    expect(said.unpacking).to.be.lessThan(450n);
    expect(said.variance).to.be.lessThan(650n);
    expect(said.free).to.be.lessThan(16_500n);
  });
});
