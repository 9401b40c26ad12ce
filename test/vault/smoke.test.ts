import { expect } from "chai";
import { network } from "hardhat";
import { accountId, action, deployForTests, SETTLEMENT, WAD } from "../helpers/deploy.ts";

describe("vault, end to end", () => {
  it("deposits, trades, liquidates in part against the fund, and keeps the books balanced", async () => {
    const plimsoll = await deployForTests(await network.create());
    const { vault, signers, post, execute, fundAccount, lotPrice, batch } = plimsoll;
    const [maker, taker, keeper] = [signers[3]!, signers[4]!, signers[5]!];
    const a = await fundAccount(maker, 200_000);
    const b = await fundAccount(taker, 20_000);
    await post(0, 2_000);
    const gas: Record<string, bigint> = {};
    gas.later = (await fundAccount(taker, 1_000), 0n);
    // 50 ETH long at 2,000: five times leverage
    gas.open = (
      await execute(taker, action.fills(b, [{ maker: a, instrument: 0, lots: 500_000n, price: lotPrice(0, 2_000), takerFee: 10n * WAD, makerFee: -5n * WAD }]))
    ).gasUsed;
    await post(0, 2_000);
    gas.change = (
      await execute(taker, action.fills(b, [{ maker: a, instrument: 0, lots: 100_000n, price: lotPrice(0, 2_000), takerFee: 10n * WAD, makerFee: -5n * WAD }]))
    ).gasUsed;
    const before = await vault.assess(b, false);
    expect(before.value).to.equal(21_000n * WAD - 20n * WAD);
    await post(0, 1_810);
    await vault.refreshOpenInterestCap(0);
    await post(0, 1_730);
    const assessed = await vault.assess(b, false);
    const k = accountId(keeper.address);
    const receipt = await (await vault.connect(keeper).liquidate(b, k, 0)).wait();
    gas.liquidate = receipt!.gasUsed;
    const after = await vault.assess(b, false);
    console.log(gas, assessed, after, await vault.headerOf(k), await vault.positionOf(b, 0));
    expect(after.margin).to.be.lessThan(assessed.margin);
    let sum = 0n;
    for (const id of [a, b, k, accountId(plimsoll.fund.address), accountId(plimsoll.fund.address, 1)]) sum += (await vault.assess(id, false)).value;
    const [settlement, deficit] = await vault.totals();
    expect(sum).to.equal(settlement + deficit);
    expect(settlement).to.equal((await plimsoll.settlement.balanceOf(await vault.getAddress())) * 10n ** 12n);
    await post(0, 1_730);
    await expect(vault.connect(keeper).liquidate(b, k, 0)).to.be.revertedWithCustomError(vault, "AccountHealthy");
    await batch.liquidateBatch([a, b], k, []);
    await execute(maker, action.withdraw(a, SETTLEMENT, 1_000n * 10n ** 6n, maker.address));
  });
});
