import { expect } from "chai";
import { AbiCoder } from "ethers";
import { network } from "hardhat";
import { MEASURE_DURATION, parameterIndex, RAMP_DURATION } from "../../../src/engine/math/bounds.ts";
import { deployVault } from "../../helpers/deploy.ts";

const WAD = 10n ** 18n;
const UNIT = 10n ** 6n;
const LOT_PRICE = 2n * 10n ** 16n;
const FILL = "tuple(uint256 maker, uint24 instrument, int256 lots, uint256 price, int256 takerFee, int256 makerFee, uint256 order)[]";

const coder = AbiCoder.defaultAbiCoder();
const connection = await network.create();
const { ethers, networkHelpers } = connection;

function idOf(address: string): bigint {
  return BigInt(address) << 96n;
}

/** A vault on which `long` holds 20 ETH at 2,000 with just more than maintenance, against `short`; the deployer governs. */
async function fixture() {
  const deployment = await deployVault(connection);
  const { vault, settlement, signers, post } = deployment;
  const [, , long, short, keeper, backer] = signers;
  if (!long || !short || !keeper || !backer) throw new Error("signers");
  const into = async (trader: typeof long, amount: bigint): Promise<void> => {
    await settlement.mint(trader, amount);
    await settlement.connect(trader).approve(vault, amount);
    await vault
      .connect(trader)
      .execute([{ kind: 0, account: idOf(trader.address), data: coder.encode(["uint8", "uint256"], [255, amount]) }]);
  };
  const trade = async (taker: typeof long, maker: typeof long, lots: bigint, price = LOT_PRICE): Promise<void> => {
    const fills = [{ maker: idOf(maker.address), instrument: 0, lots, price, takerFee: 0n, makerFee: 0n, order: 0n }];
    const data = coder.encode(["uint8", "bytes", "uint256"], [0, coder.encode([FILL], [fills]), 1n]);
    await vault.connect(taker).execute([{ kind: 7, account: idOf(taker.address), data }]);
  };
  const withdraw = async (trader: typeof long, amount: bigint): Promise<void> => {
    const data = coder.encode(["uint8", "uint256", "address"], [255, amount, trader.address]);
    await vault.connect(trader).execute([{ kind: 2, account: idOf(trader.address), data }]);
  };
  await into(long, 3_000n * UNIT);
  await into(short, 300_000n * UNIT);
  await post(0, 2_000n * WAD);
  await trade(long, short, 2_000_000n);
  return { ...deployment, long, short, keeper, backer, into, trade, withdraw };
}

describe("governance of a whole vault", () => {
  it("H-47 I-23 raising maintenance, provisions, inter-month charge or haircuts and lowering depth makes nobody liquidatable in that block", async () => {
    const { vault, long, keeper, post } = await networkHelpers.loadFixture(fixture);
    const account = idOf(long.address);
    // E 2,600 against 2,500 of margin plus the size charge: near enough that each change alone would do
    await post(0, 1_980n * WAD);
    await post(0, 1_972n * WAD);
    const before = await vault.assess(account, false);
    await connection.provider.request({ method: "evm_setAutomine", params: [false] });
    for (const [name, value] of [
      ["Maintenance", 950_000n],
      ["Provision", 50_000n],
      ["InterMonth", 200_000n],
      ["Haircut", 900_000n],
      ["Depth", 1n],
    ] as const) {
      await vault.setParameter(parameterIndex(name), 0, value, { gasLimit: 1_000_000n });
    }
    await connection.provider.request({ method: "hardhat_mine", params: ["0x1", "0x0"] });
    await connection.provider.request({ method: "evm_setAutomine", params: [true] });
    const after = await vault.assess(account, false);
    expect([after.margin, after.equity]).to.deep.equal([before.margin, before.equity]);
    await expect(vault.connect(keeper).liquidate.staticCall(account, idOf(keeper.address))).to.be.revertedWithCustomError(
      vault,
      "AccountHealthy",
    );
    // the ramps arrive: with three days' posts in between, the same account is below its line
    const start = BigInt(await networkHelpers.time.latest());
    let last = after.margin;
    for (let part = 1n; part <= 6n; part++) {
      await networkHelpers.time.increaseTo(start + (RAMP_DURATION * part) / 6n);
      await post(0, 1_972n * WAD);
      const now = await vault.assess(account, false);
      expect(now.margin).to.be.greaterThan(last);
      last = now.margin;
    }
    await vault.connect(keeper).liquidate.staticCall(account, idOf(keeper.address));
  });

  it("H-47 a lowered depth reaches margins through posts, a part each", async () => {
    const { vault, post } = await networkHelpers.loadFixture(fixture);
    const depth = async (): Promise<bigint> => ((await vault.underlyingWords(0))[0]! >> 200n) & (2n ** 40n - 1n);
    await vault.setParameter(parameterIndex("Depth"), 0, 200_000_000n);
    const start = BigInt(await networkHelpers.time.latest());
    expect(await depth()).to.equal(500_000_000n);
    await networkHelpers.time.increaseTo(start + RAMP_DURATION / 3n - 1n);
    await post(0, 2_000n * WAD);
    expect(await depth()).to.equal(400_000_000n);
    await networkHelpers.time.increaseTo(start + RAMP_DURATION);
    await post(0, 2_000n * WAD);
    expect(await depth()).to.equal(200_000_000n);
  });

  it("H-46 I-23 with opens stopped: no new risk, but deposit, withdraw, reduce, post and liquidate work; it lapses", async () => {
    const { vault, long, short, keeper, into, trade, withdraw, post } = await networkHelpers.loadFixture(fixture);
    await vault.stopOpens(0);
    await into(long, 500n * UNIT);
    await expect(trade(long, short, 1_000n)).to.revert(ethers);
    await withdraw(long, 500n * UNIT);
    await into(long, 100n * UNIT);
    await trade(long, short, -100_000n);
    await withdraw(short, 1_000n * UNIT);
    await networkHelpers.time.increase(60);
    await post(0, 1_965n * WAD);
    await networkHelpers.time.increase(60);
    await post(0, 1_935n * WAD);
    await networkHelpers.time.increase(60);
    await post(0, 1_910n * WAD);
    await vault.connect(keeper).liquidate(idOf(long.address), idOf(keeper.address));
    const left = (await vault.positionOf(idOf(long.address), 0)).lots;
    expect(left).to.be.lessThan(1_900_000n);
    await networkHelpers.time.increase(MEASURE_DURATION);
    await post(0, 1_920n * WAD);
    await into(long, 50_000n * UNIT);
    await trade(long, short, 1_000n, 192n * 10n ** 14n);
    expect((await vault.positionOf(idOf(long.address), 0)).lots).to.equal(left + 1_000n);
  });

  it("H-46 a lowered cap bars new open interest, not reductions; governance's cap returns after it lapsed", async () => {
    const { vault, long, short, into, trade, post, settlement, fundSigner } = await networkHelpers.loadFixture(fixture);
    await settlement.mint(fundSigner, 1_000_000n * UNIT);
    await settlement.connect(fundSigner).approve(vault, 1_000_000n * UNIT);
    await vault
      .connect(fundSigner)
      .execute([{ kind: 0, account: idOf(fundSigner.address), data: coder.encode(["uint8", "uint256"], [255, 1_000_000n * UNIT]) }]);
    await vault.lowerOpenInterestCap(0, 2_000_000n);
    await into(long, 3_000n * UNIT);
    await expect(trade(long, short, 1n)).to.revert(ethers);
    await trade(long, short, -1_000_000n);
    await trade(long, short, 500_000n);
    const cap = async (): Promise<bigint> => (await vault.underlyingWords(0))[3]! >> 212n;
    await post(0, 2_000n * WAD);
    await vault.refreshOpenInterestCap(0);
    expect(await cap()).to.equal(2_000_000n);
    await networkHelpers.time.increase(MEASURE_DURATION);
    await post(0, 2_000n * WAD);
    await vault.refreshOpenInterestCap(0);
    expect(await cap()).to.be.greaterThan(2_000_000n);
  });

  it("H-46 a module that is disabled trades nothing; deposits, withdrawals and liquidations do not pass through it", async () => {
    const { vault, long, short, into, trade, withdraw } = await networkHelpers.loadFixture(fixture);
    await vault.disableModule(0);
    await expect(trade(long, short, -1_000n)).to.be.revertedWithCustomError(vault, "ModuleDisabled");
    await into(long, UNIT);
    await withdraw(short, UNIT);
    await vault.liftMeasure(3, 0);
    await trade(long, short, -1_000n);
  });
});
