import { expect } from "chai";
import { network } from "hardhat";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { fixTime } from "../helpers/clock.ts";
import { deployVault } from "../helpers/deploy.ts";
import { sliceOf } from "../helpers/options/series.ts";
import { type Planted, plant } from "../helpers/planted.ts";
import { DAY, encoded, PRICE, spanAt } from "../helpers/seriesWorld.ts";

const GAS_LIMIT = 2n ** 24n;
const STRIKES = 127;

describe("a claim on a fund that holds every strike of two series", function () {
  this.timeout(120_000);

  it("H-78 is put off while prices are in doubt, though half of the gas went to be told so", async () => {
    const connection = await network.create();
    await fixTime(connection);
    const { ethers, networkHelpers } = connection;
    const now = async (): Promise<bigint> => BigInt(await networkHelpers.time.latest());
    const backer = (await ethers.getSigners())[5]!;
    const address = ethers.getCreateAddress({ from: backer.address, nonce: await backer.getNonce() });
    const deployment = await deployVault(connection, { underlyings: [{}], collaterals: [], fund: address });
    const { vault, settlement } = deployment;
    const fund = (await ethers.deployContract("InsuranceFund", [settlement, "stake", "STK"], backer)).connect(backer);
    await fund.bindVault(vault);
    await vault.setVolatilitySource(0, await ethers.deployContract("MockVolatilitySource"));
    await settlement.mint(backer, 10n ** 13n);
    await settlement.connect(backer).approve(fund, ethers.MaxUint256);
    await fund.deposit(10n ** 12n, backer);

    const held: bigint[] = [];
    for (const [series, days] of [
      [1, 16n],
      [2, 14n],
    ] as const) {
      const expiry = (await now()) + days * DAY;
      const terms = { base: 1_040n, step: 15n, decimals: 13, count: STRIKES, depth: 1_000_000_000n, volatilityCap: 100n };
      await vault.listSeries(0, { series, expiry, ...terms });
      const publishTime = (await now()) + 1n;
      const sliceWord = sliceOf(0.6, Number(spanAt(expiry, publishTime)));
      await vault.postSlices(0, [{ series, data: encoded({ sliceWord, basis: 0n, publishTime }) }]);
      for (let strike = 0; strike < STRIKES; strike++)
        held.push(BigInt((series << 8) | (strike << 1)), BigInt((series << 8) | (strike << 1) | 1));
    }
    const positions = held.map((instrument, i): Planted => [instrument, i % 2 === 0 ? -1_000n : 1_000n]);
    await plant(deployment, (BigInt(address) << 96n) | 1n, positions, -1_000n * WAD);
    await fund.requestRedeem(WAD);
    await networkHelpers.time.increase(10n * DAY);
    await deployment.post(0, PRICE);
    await fund.fileClaim(WAD, 0, { gasLimit: GAS_LIMIT });
    await networkHelpers.time.increase(3_600n);

    // of options no edge is priced
    await expect(fund.record.staticCall({ gasLimit: GAS_LIMIT })).to.be.revertedWithCustomError(fund, "FundUnpriceable");
    const receipt = await (await fund.extendClaim({ gasLimit: GAS_LIMIT })).wait();
    expect(receipt?.gasUsed).to.be.greaterThan(GAS_LIMIT / 2n);
  });
});
