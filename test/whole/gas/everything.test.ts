import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import { network } from "hardhat";
import { describe, it } from "mocha";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import { STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import type { InsuranceFund } from "../../../typechain-types/index.ts";
import { fixTime } from "../../helpers/clock.ts";
import { type Deployment, deployVault } from "../../helpers/deploy.ts";
import { sliceOf } from "../../helpers/options/series.ts";
import { type Planted, plant } from "../../helpers/planted.ts";
import { DAY, encoded, PRICE, spanAt } from "../../helpers/seriesWorld.ts";

/** The most gas that a transaction may have, EIP-7825. */
const TRANSACTION = { gasLimit: 2n ** 24n };

/** As SeriesLogic has it. */
const MOST = 340n;

const UNIT = 10n ** 6n;
const LOTS = 1_000n;

/** An instrument of the first underlying, 16 bits. */
const instrument = (series: number, index: number, call: boolean): bigint => BigInt((series << 8) | (index << 1) | (call ? 1 : 0));

/** A vault, and an insurance fund whose account of the underlying can be made to hold what no run of trades would give it in a reasonable time. */
class World {
  readonly deployment: Deployment;
  readonly fund: InsuranceFund;

  private constructor(deployment: Deployment, fund: InsuranceFund) {
    this.deployment = deployment;
    this.fund = fund;
  }

  static async create(): Promise<World> {
    const connection = await network.create();
    await fixTime(connection);
    const { ethers } = connection;
    const backer = (await ethers.getSigners())[5]!;
    const address = ethers.getCreateAddress({ from: backer.address, nonce: await backer.getNonce() });
    const deployment = await deployVault(connection, { underlyings: [{}], collaterals: [], fund: address });
    const { vault, settlement } = deployment;
    const fund = await ethers.deployContract("InsuranceFund", [settlement, "Plimsoll insurance fund", "pIF"], backer);
    await fund.connect(backer).bindVault(vault);
    const source = await ethers.deployContract("MockVolatilitySource");
    await vault.setVolatilitySource(0, source);
    await settlement.mint(backer, 10_000_000n * UNIT);
    await settlement.connect(backer).approve(fund, ethers.MaxUint256);
    await fund.connect(backer).deposit(1_000_000n * UNIT, backer);
    return new World(deployment, fund.connect(backer) as InsuranceFund);
  }

  get vault() {
    return this.deployment.vault;
  }

  async now(): Promise<bigint> {
    return BigInt(await this.deployment.connection.networkHelpers.time.latest());
  }

  /** Lists a series of `count` strikes that expires in `days`. */
  async list(series: number, count: number, days: number): Promise<bigint> {
    const expiry = (await this.now()) + BigInt(days) * DAY;
    const listing = { series, expiry, base: 1_040n, step: 15n, decimals: 13, count, depth: 1_000_000_000n, volatilityCap: 100n };
    await this.vault.listSeries(0, listing);
    return expiry;
  }

  /** The same with a slice, so that it can be priced. */
  async priced(series: number, count: number, days: number): Promise<void> {
    const expiry = await this.list(series, count, days);
    const publishTime = (await this.now()) + 1n;
    const report = { sliceWord: sliceOf(0.6, Number(spanAt(expiry, publishTime))), basis: 0n, publishTime };
    await this.vault.postSlices(0, [{ series, data: encoded(report) }]);
  }

  account(sub: bigint): bigint {
    return (BigInt(this.deployment.fund) << 96n) | sub;
  }

  async gas(sent: Promise<ContractTransactionResponse>): Promise<number> {
    const receipt = await (await sent).wait();
    return Number(receipt!.gasUsed);
  }
}

/** What may be listed at the most: as few series as possible, and as many. Gas measured, docs/options.md. */
const LISTED = [
  {
    name: "328 strikes in three series",
    series: [127, 127, 74],
    documented: { topUp: 11_590_000, cap: 3_059_000, record: 11_580_000, deposit: 11_680_000, claim: 11_704_000, insolvent: 5_815_000 },
  },
  {
    name: "68 series of one strike",
    series: Array<number>(68).fill(1),
    documented: { topUp: 5_362_000, cap: 2_882_000, record: 5_352_000, deposit: 5_452_000, claim: 5_476_000, insolvent: 7_851_000 },
  },
];

describe("a fund that holds everything that is listed", function () {
  this.timeout(600_000);

  for (const { name, series, documented } of LISTED) {
    it(`behavior: is topped up, valued and drawn on within a transaction, ${name}`, async () => {
      const world = await World.create();
      const { vault, fund, deployment } = world;
      const options: bigint[] = [];
      const futures: bigint[] = [];
      for (const [i, count] of series.entries()) {
        // the farthest first: the inter-month charge sorts them
        await world.priced(i + 1, count, 12 + 2 * (series.length - i));
        futures.push(instrument(i + 1, Number(STRIKE_ZERO), true));
        for (let index = 0; index < count; index++) options.push(instrument(i + 1, index, false), instrument(i + 1, index, true));
      }
      await expect(world.list(200, 1, 2))
        .to.be.revertedWithCustomError(vault, "TooManyStrikes")
        .withArgs(MOST + 5n, MOST);
      // no two of a strike are neighbours
      const held = [...options].sort((a, b) => Number((a & 1n) - (b & 1n)) || Number(a - b));
      const everything = [...held, ...futures].map((each, i) => [each, i % 2 === 0 ? -LOTS : LOTS] as const);
      await plant(deployment, world.account(1n), everything, -1_000n * WAD);
      expect((await vault.seriesPositionsOf(world.account(1n), 0))[0]).to.deep.equal(everything.map(([each]) => each));

      const figures: Record<string, number> = {};
      const measure = async (what: keyof typeof documented, send: () => Promise<ContractTransactionResponse>): Promise<void> => {
        await deployment.post(0, PRICE);
        figures[what] = await world.gas(send());
      };
      await fund.requestRedeem(WAD);
      await deployment.connection.networkHelpers.time.increase(10n * DAY);
      await deployment.post(0, PRICE);
      await fund.fileClaim(WAD, 0, TRANSACTION);
      await deployment.connection.networkHelpers.time.increase(3_600n);
      await measure("topUp", () => vault.topUpFund(0, TRANSACTION));
      await measure("cap", () => vault.refreshOpenInterestCap(0, TRANSACTION));
      await measure("record", () => fund.record(TRANSACTION));
      await measure("deposit", () => fund.deposit(UNIT, deployment.deployer, TRANSACTION));
      await measure("claim", () => fund.claim(WAD, deployment.deployer, 0, TRANSACTION));
      // of as many series as there are, the same the other way round: the fund has to cover what it cannot pay
      const [weak, keeper] = [7n, 8n].map((sub) => (BigInt(deployment.deployer.address) << 96n) | sub) as [bigint, bigint];
      const spread = [...options].sort((a, b) => Number(((a >> 1n) & 127n) - ((b >> 1n) & 127n)));
      await plant(
        deployment,
        weak,
        spread.slice(0, 127).map((each): Planted => [each, LOTS]),
        -1_000n * WAD,
      );
      await measure("insolvent", () => vault.liquidate(weak, keeper, TRANSACTION));
      if (process.env.PLIMSOLL_SHOW !== undefined) console.log(name, everything.length, figures);
      for (const [what, gas] of Object.entries(figures)) expect(gas, what).to.be.lessThan(15_000_000);
      for (const [what, gas] of Object.entries(documented)) expect(figures[what], what).to.be.closeTo(gas, gas / 50);
    });
  }
});
