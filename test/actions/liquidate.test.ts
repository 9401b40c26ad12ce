import { expect } from "chai";
import { createWorld, eth, idOf, usd, WAD, type World } from "../helpers/vaultWorld.ts";

/** Alice long 10 ETH against Bob, with `margin` tokens. */
async function leveraged(margin: bigint, options = {}): Promise<World> {
  const world = await createWorld(options);
  const { alice, bob, deposit, trade, stake } = world;
  await stake(usd(1_000_000));
  await deposit(alice, usd(margin));
  await deposit(bob, usd(1_000_000));
  await world.refresh();
  await trade(alice, bob, 0, eth(100));
  return world;
}

describe("liquidate", () => {
  it("default: sells the slice that restores κ and pays the keeper", async () => {
    const world = await leveraged(1_800n);
    const { vault, alice, carol, assess, conserve, move, know } = world;
    const account = idOf(alice);
    const keeper = know(idOf(carol));
    await move(0, 1_915n * WAD);
    const before = await assess(account);
    expect(before.equity < (before.margin * 8n) / 10n, "below the line").to.equal(true);
    const held = await world.lotsOf(account, 0);
    const preview = await vault.previewLiquidation(account);
    await vault.connect(carol).liquidate(account, keeper);
    const after = await assess(account);
    const left = await world.lotsOf(account, 0);
    expect(left > 0n && left < held, "a part").to.equal(true);
    expect(held - left).to.equal((held * preview.fraction + WAD - 1n) / WAD);
    // E′ = κ·IM′ but for whole lots and the convex size charge, both in favour of the account
    expect(after.equity >= (after.margin * 104n) / 100n, "restored").to.equal(true);
    expect(after.equity <= (after.margin * 107n) / 100n, "no more than needed").to.equal(true);
    expect(await world.cashOf(keeper)).to.be.greaterThan(0n);
    await conserve();
  });

  it("behavior: refuses a healthy account, the fund's, and itself as keeper", async () => {
    const { vault, alice, carol, fund, fundSigner } = await leveraged(4_000n);
    const account = idOf(alice);
    await expect(vault.liquidate(account, idOf(carol))).to.be.revertedWithCustomError(vault, "AccountHealthy");
    await expect(vault.liquidate(idOf(fund, 1n), idOf(carol))).to.be.revertedWithCustomError(vault, "ProtocolAccount");
    await expect(vault.liquidate(account, idOf(fundSigner))).to.be.revertedWithCustomError(vault, "ProtocolAccount");
    await expect(vault.liquidate(account, account)).to.be.revertedWithCustomError(vault, "TakerIsAccount");
  });

  it("behavior: a price that is not seconds old excuses as much as it may have moved", async () => {
    const { vault, alice, carol, move, time } = await leveraged(1_800n);
    await move(0, 1_915n * WAD);
    await time.increase(120n);
    await expect(vault.liquidate(idOf(alice), idOf(carol))).to.be.revertedWithCustomError(vault, "AccountHealthy");
  });

  it("behavior: an insolvent account is sold whole and ends at zero, the fund account pays down to its equity", async () => {
    const world = await leveraged(1_800n);
    const { vault, alice, carol, conserve, move } = world;
    const account = idOf(alice);
    await move(0, 1_600n * WAD);
    await vault.liquidate(account, world.know(idOf(carol)));
    expect(await world.cashOf(account)).to.equal(0n);
    expect(await world.lotsOf(account, 0)).to.equal(0n);
    expect((await vault.totals()).deficit).to.equal(0n);
    await conserve();
  });

  it("behavior: what the fund cannot pay becomes deficit, once", async () => {
    const world = await leveraged(1_800n, { parameters: { topUp: 1_000n } });
    const { vault, alice, carol, conserve, move, assess } = world;
    await move(0, 1_300n * WAD);
    const { value } = await assess(idOf(alice));
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
    const { deficit } = await vault.totals();
    // the fund gives 0.1 % of its stake, 1,000 tokens
    expect(deficit).to.be.closeTo(-value - 1_000n * WAD, WAD / 1_000n);
    await expect(vault.liquidate(idOf(alice), idOf(carol))).to.be.revertedWithCustomError(vault, "AccountHealthy");
    await conserve();
  });

  it("behavior: voids the orders of the account", async () => {
    const { vault, alice, carol, move } = await leveraged(1_800n);
    const { epoch } = await vault.headerOf(idOf(alice));
    await move(0, 1_915n * WAD);
    await vault.liquidate(idOf(alice), idOf(carol));
    expect((await vault.headerOf(idOf(alice))).epoch).to.equal(epoch + 1n);
  });
});
