import { expect } from "chai";
import { actions, createWorld, idOf, usd, WAD } from "../../helpers/vaultWorld.ts";

/** Settlement tokens for a unit of gas at 5 gwei and 3,000 an ether, WAD. */
const GAS_PRICE = (5n * 3_000n * WAD) / 10n ** 9n;

/** A bounty that pays for a position at that price, and the least size that follows from it (docs/governance.md). */
const BOUNTY = 22_000n; // 2.2
const LEAST = 3_500n;

describe("hazards of dust", function () {
  this.timeout(300_000);

  it("H-82 whatever an account holds, its keeper is paid for the gas that it takes to sell it, in the smallest account and in the widest", async () => {
    const world = await createWorld({
      parameters: { smallestNotional: LEAST, bounty: BOUNTY, tradingAge: 3_600n, liquidationAge: 255n },
      underlyings: Array.from({ length: 24 }, () => ({})),
      collaterals: Array.from({ length: 8 }, (_, i) => ({ decimals: 18, underlying: 16 + i, haircut: 50_000n, cap: 10n ** 27n })),
    });
    const { vault, bob, carol, signers } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(10_000_000));
    await world.deposit(carol, usd(10));
    const [plain, wide] = [signers[8]!, signers[9]!];
    const size = 175_000n; // 3,500
    await world.deposit(plain, usd(260));
    await world.deposit(wide, usd(4_160));
    await world.refresh();
    await world.trade(plain, bob, 0, size);
    // a lot more is no account of its own, and a lot of another market none at all
    await expect(world.trade(wide, bob, 1, 1n)).to.be.revert(world.connection.ethers);
    for (let u = 0; u < 16; u++) await world.trade(wide, bob, u, size);
    for (let token = 0; token < 8; token++) await world.deposit(wide, 10n ** 13n, token);
    for (let u = 0; u < 16; u++) world.prices[u] = 1_930n * WAD;
    await world.move(0, 1_930n * WAD);
    for (const each of [plain, wide]) {
      const before = (await vault.headerOf(idOf(carol))).cash;
      const receipt = await (await vault.connect(carol).liquidate(idOf(each), idOf(carol))).wait();
      const paid = (await vault.headerOf(idOf(carol))).cash - before;
      const cost = receipt!.gasUsed * GAS_PRICE;
      if (process.env.PLIMSOLL_SHOW !== undefined) console.log({ gas: receipt!.gasUsed, paid, cost });
      expect(paid >= cost, `${paid} for ${receipt!.gasUsed} gas`).to.equal(true);
    }
    await world.conserve();
  });

  it("H-82 a trade that leaves less than the least size of a position is refused or skipped, whichever side it is; closing is not", async () => {
    const world = await createWorld({ parameters: { smallestNotional: 1_000n } });
    const { vault, alice, bob } = world;
    await world.deposit(alice, usd(100_000));
    await world.deposit(bob, usd(100_000));
    await world.refresh();
    // half an ether at 2,000
    await world.trade(alice, bob, 0, 50_000n);
    for (const lots of [-1n, -50_000n + 1n]) {
      await expect(world.trade(alice, bob, 0, lots)).to.be.revert(world.connection.ethers);
    }
    await expect(
      vault
        .connect(alice)
        .execute([actions.trade(idOf(alice), [world.fill(idOf(bob), 0, 50_000n), world.fill(idOf(bob), 0, -60_000n)], 0n)]),
    ).to.emit(vault, "FillSkipped");
    await world.trade(alice, bob, 0, -(await vault.positionOf(idOf(alice), 0)).lots);
    expect((await vault.positionOf(idOf(alice), 0)).lots).to.equal(0n);
  });

  it("H-82 a withdrawal that leaves a little of a collateral is refused; all of it, or of what was little before, is not", async () => {
    const world = await createWorld({ parameters: { smallestNotional: 1_000n } });
    const { vault, alice } = world;
    await world.deposit(alice, WAD, 0);
    await world.refresh();
    const withdraw = (amount: bigint) => world.execute(alice, actions.withdraw(idOf(alice), 0, amount, alice.address));
    await expect(withdraw(WAD - 1n)).to.be.revertedWithCustomError(vault, "CollateralTooSmall");
    await withdraw(WAD / 2n);
    await withdraw(WAD / 2n);
    await world.deposit(alice, WAD / 4n, 0);
    await withdraw(WAD / 8n);
    await withdraw(WAD / 8n);
    await world.conserve();
  });

  it("H-82 whoever holds parts of a unit of a token withdraws all that are whole", async () => {
    const world = await createWorld({ collaterals: [{ decimals: 6, underlying: 0, haircut: 100_000n, cap: 10n ** 27n }] });
    const { vault, alice } = world;
    await world.deposit(alice, 1_000_000n, 0);
    await world.refresh();
    const second = world.know(idOf(alice, 1n));
    await world.execute(alice, actions.transfer(idOf(alice), 0, WAD / 3n, second));
    const withdraw = (amount: bigint) => world.execute(alice, actions.withdraw(second, 0, amount, alice.address));
    await expect(withdraw(333_332n)).to.be.revertedWithCustomError(vault, "CollateralTooSmall");
    await withdraw(333_333n);
    expect(await vault.collateralOf(second, 0)).to.equal(WAD / 3n - 333_333n * 10n ** 12n);
    await world.conserve();
  });

  it("H-82 a position that is sold in full, because little of it would be left, takes no more of the collateral with it", async () => {
    const world = await createWorld({
      parameters: { smallestNotional: 500n },
      collaterals: [{ decimals: 18, underlying: 0, haircut: 100_000n, cap: 10n ** 27n }],
    });
    const { vault, alice, bob, carol } = world;
    const bitcoin = 10n ** 6n;
    await world.deposit(alice, (6n * WAD) / 10n, 0);
    await world.deposit(bob, usd(1_000_000));
    await world.refresh();
    await world.trade(alice, bob, 1, bitcoin / 10n);
    await world.move(1, 31_500n * WAD);
    // what it lost is owed, and a little is left of the position
    await world.trade(alice, bob, 1, -(bitcoin / 10n - 17_000n));
    await world.move(1, 30_500n * WAD);
    await world.move(0, 1_710n * WAD);
    await vault.liquidate(idOf(alice), world.know(idOf(carol)));
    expect(await world.lotsOf(idOf(alice), 1)).to.equal(0n);
    // of the collateral the slice that cures, not all
    const left = await vault.collateralOf(idOf(alice), 0);
    expect(left > (42n * WAD) / 100n && left < (43n * WAD) / 100n, `${left}`).to.equal(true);
    const { equity, margin } = await world.assess(idOf(alice));
    expect(equity).to.be.greaterThan(margin);
    await world.conserve();
  });

  it("H-83 what is sold in full because little of it would be left costs its discount", async () => {
    const world = await createWorld({ parameters: { smallestNotional: 1_000n }, underlyings: [{}, {}], collaterals: [] });
    const { vault, alice, bob, carol } = world;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(alice, usd(2_500));
    await world.refresh();
    await world.trade(alice, bob, 0, 1_000_000n);
    await world.trade(alice, bob, 1, 50_000n);
    await world.move(0, 1_850n * WAD);
    const { discount, fraction } = await vault.previewLiquidation(idOf(alice));
    expect(fraction < WAD).to.equal(true);
    await vault.connect(carol).liquidate(idOf(alice), world.know(idOf(carol)));
    const [large, small] = await Promise.all([0, 1].map(async (u) => (await vault.positionOf(idOf(alice), u)).lots));
    expect(small).to.equal(0n);
    const sold = ((1_000_000n - large!) * 1_850n + 50_000n * 2_000n) * (WAD / 100_000n);
    // d_min of a margin of 6.25 % at least
    expect(discount * 10_000n >= sold * 31n, `${discount} for ${sold}`).to.equal(true);
    await world.conserve();
  });

  it("H-85 a fund account of a market in a currency of small units takes over what is worth more than 2^95", async () => {
    const price = 50_000_000n * WAD;
    const world = await createWorld({
      parameters: { smallestNotional: 10_000n },
      underlyings: [{ price, lotExponent: 7, depth: 2n ** 40n - 1n, positionCap: 2n ** 43n, openInterestCap: 2n ** 43n }],
      collaterals: [],
    });
    const { vault, alice, bob, carol, dave } = world;
    await world.stake(usd(100_000_000_000));
    await world.deposit(bob, usd(100_000_000_000));
    await world.deposit(bob, usd(100_000_000_000), 255, idOf(bob, 1n));
    for (const [each, maker] of [
      [alice, idOf(bob)],
      [dave, idOf(bob, 1n)],
    ] as const) {
      await world.deposit(each, usd(2_200_000_000));
      await world.refresh();
      // 600 ether, 30·10^9
      await world.execute(each, actions.trade(idOf(each), [world.fill(maker, 0, 600n * 10n ** 7n)], 600n * 10n ** 7n));
    }
    await world.move(0, 46_400_000n * WAD);
    for (const each of [alice, dave]) await vault.connect(carol).liquidate(idOf(each), world.know(idOf(carol)));
    const { lots, entryCost } = await vault.positionOf(idOf(world.fund, 1n), 0);
    expect(lots > 10n ** 10n && entryCost === 2n ** 95n - 1n, `${lots} ${entryCost}`).to.equal(true);
    await world.conserve();
  });
});
