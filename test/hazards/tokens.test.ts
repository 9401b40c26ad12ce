import { expect } from "chai";
import { actions, coder, createWorld, eth, idOf, usd, WAD, type World } from "../vault/world.ts";

interface Token {
  getAddress: () => Promise<string>;
  mint: (to: string, amount: bigint) => Promise<unknown>;
  balanceOf: (holder: string) => Promise<bigint>;
  approve: (spender: string, amount: bigint) => Promise<unknown>;
  connect: (signer: unknown) => Token;
}

/** A world in which the token of the zoo is collateral 2 on the first underlying, and alice has a hundred. */
async function withToken(name: string, decimals: number): Promise<{ world: World; token: Token; unit: bigint }> {
  const world = await createWorld();
  const token = (await world.connection.ethers.deployContract(name, [decimals])) as unknown as Token;
  await world.vault.listCollateral(await token.getAddress(), 0, 100_000n, 10n ** 30n);
  const unit = 10n ** BigInt(decimals);
  await token.mint(world.alice.address, 100n * unit);
  await token.connect(world.alice).approve(await world.vault.getAddress(), 100n * unit);
  return { world, token, unit };
}

/** Deposit, transfer, trade against it, liquidation of it, exchange, withdrawal: the tokens of the vault stay its claims. */
async function everyFlow(name: string, decimals: number, arrives: (amount: bigint) => bigint): Promise<void> {
  const { world, token, unit } = await withToken(name, decimals);
  const { vault, alice, bob, carol, dave, know } = world;
  const held = async (): Promise<void> => {
    const [, supply] = await vault.collateralWords(2);
    const claims = supply & ((1n << 128n) - 1n);
    const balance = await token.balanceOf(await vault.getAddress());
    expect(balance * 10n ** BigInt(18 - decimals) >= claims, `I-1 ${name}`).to.equal(true);
  };
  const a = idOf(alice);
  await world.refresh();
  await world.execute(alice, actions.deposit(a, 2, 10n * unit));
  const credited = arrives(10n * unit) * 10n ** BigInt(18 - decimals);
  expect(await vault.collateralOf(a, 2), "credited what arrived").to.equal(credited);
  await held();
  await world.execute(alice, actions.transfer(a, 2, credited / 10n, know(idOf(alice, 1n))));
  await world.execute(alice, actions.withdraw(idOf(alice, 1n), 2, unit / 10n, alice.address));
  await held();
  // a loss turns into owed money: exchange, then liquidation
  await world.stake(usd(1_000_000));
  await world.deposit(bob, usd(1_000_000));
  await world.deposit(dave, usd(1_000_000));
  await world.refresh();
  await world.trade(alice, bob, 1, 10n ** 6n);
  await world.move(1, 34_000n * WAD);
  await vault.declareExchange(a);
  await vault.connect(dave).exchangeCollateral(a, 2, credited / 100n, idOf(dave));
  await held();
  await world.move(1, 25_000n * WAD);
  await vault.liquidate(a, know(idOf(carol)), 0n);
  await held();
  if ((await vault.collateralOf(idOf(world.fund, 1n), 2)) !== 0n) {
    await world.time.increase(600n);
    await world.refresh();
    await vault.connect(dave).shedFund(0, idOf(dave), WAD, 0n);
  }
  const left = (await vault.collateralOf(idOf(dave), 2)) / 10n ** BigInt(18 - decimals);
  await world.refresh();
  if (left > 1n) await world.execute(dave, actions.withdraw(idOf(dave), 2, left - 1n, dave.address));
  await held();
  await world.conserve();
}

describe("H-69 tokens that are not like others", () => {
  const same = (amount: bigint): bigint => amount;

  it("H-69 no return value: every flow works", () => everyFlow("NoReturnToken", 18, same));
  it("H-69 a fee on every transfer: what arrived is credited, in every flow", () =>
    everyFlow("FeeOnTransferToken", 18, (amount) => amount - amount / 100n));
  it("H-69 hooks: every flow works for who does not abuse them", () => everyFlow("HookToken", 18, same));
  it("H-69 six decimals, every flow", () => everyFlow("BlacklistToken", 6, same));
  it("H-69 eighteen decimals, every flow", () => everyFlow("PauseToken", 18, same));
  it("H-69 phantom permit, every flow", () => everyFlow("PhantomPermitToken", 8, same));

  it("H-69 false instead of a revert: nothing is credited", async () => {
    const { world, token, unit } = await withToken("FalseReturnToken", 18);
    const { alice, vault, connection } = world;
    await (token as unknown as { setRefusing: (on: boolean) => Promise<unknown> }).setRefusing(true);
    await expect(world.execute(alice, actions.deposit(idOf(alice), 2, unit))).to.be.revert(connection.ethers);
    expect(await vault.collateralOf(idOf(alice), 2)).to.equal(0n);
  });

  it("H-69 no error and no transfer: nothing is credited", async () => {
    const { world, token, unit } = await withToken("SilentToken", 18);
    const { alice, vault } = world;
    await (token as unknown as { setSilent: (on: boolean) => Promise<unknown> }).setSilent(true);
    await expect(world.execute(alice, actions.deposit(idOf(alice), 2, unit))).to.be.revertedWithCustomError(vault, "TokenAmountMismatch");
  });

  it("H-69 a permit that is swallowed is no authority: the allowance decides", async () => {
    const { world, token, unit } = await withToken("PhantomPermitToken", 18);
    const { alice, bob, vault, connection } = world;
    const data = coder.encode(
      ["uint8", "uint256", "uint256", "uint8", "bytes32", "bytes32"],
      [2, unit, 2n ** 40n, 27, `0x${"11".repeat(32)}`, `0x${"22".repeat(32)}`],
    );
    await token.mint(bob.address, unit);
    await expect(vault.connect(bob).execute([{ kind: 1, account: idOf(bob), data }])).to.be.revert(connection.ethers);
    // alice has approved: the permit that fails or is swallowed does not stand in her way
    await vault.connect(alice).execute([{ kind: 1, account: idOf(alice), data }]);
    expect(await vault.collateralOf(idOf(alice), 2)).to.equal(unit);
  });

  it("H-69 H-37 a blacklisted or paused holder hurts nobody else, and can be liquidated", async () => {
    for (const name of ["BlacklistToken", "PauseToken"]) {
      const { world, token, unit } = await withToken(name, 18);
      const { vault, alice, bob, carol, know, connection } = world;
      await world.stake(usd(1_000_000));
      await world.deposit(bob, usd(1_000_000));
      await world.refresh();
      await world.execute(alice, actions.deposit(idOf(alice), 2, 2n * unit));
      await world.trade(alice, bob, 1, 10n ** 6n / 4n);
      const odd = token as unknown as {
        setBlacklisted?: (who: string, on: boolean) => Promise<unknown>;
        setPaused?: (on: boolean) => Promise<unknown>;
      };
      if (name === "BlacklistToken") await odd.setBlacklisted?.(alice.address, true);
      else await odd.setPaused?.(true);
      await expect(world.execute(alice, actions.withdraw(idOf(alice), 2, unit / 100n, alice.address)), name).to.be.revert(
        connection.ethers,
      );
      await world.withdraw(bob, usd(1));
      await world.move(1, 27_000n * WAD);
      await vault.liquidate(idOf(alice), know(idOf(carol)), 0n);
      expect(await vault.collateralOf(idOf(alice), 2), name).to.be.lessThan(2n * unit);
      await world.conserve();
    }
  });

  it("H-69 settlement tokens of six and of eighteen decimals count alike", async () => {
    const values: bigint[] = [];
    for (const settlementDecimals of [6, 18]) {
      const world = await createWorld({ settlementDecimals });
      const { alice, bob } = world;
      const one = 10n ** BigInt(settlementDecimals);
      await world.deposit(alice, 10_000n * one);
      await world.deposit(bob, 10_000n * one);
      await world.refresh();
      await world.trade(alice, bob, 0, eth(10));
      await world.move(0, 2_050n * WAD);
      await world.withdraw(alice, 100n * one);
      values.push((await world.assess(idOf(alice))).value);
      await world.conserve();
    }
    expect(values[0]).to.equal(values[1]);
  });
});
