import { expect } from "chai";
import { actions, coder, createWorld, eth, idOf, usd, WAD, type World } from "../../helpers/vaultWorld.ts";

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
  await vault.liquidate(a, know(idOf(carol)));
  await held();
  if ((await vault.collateralOf(idOf(world.fund, 1n), 2)) !== 0n) {
    await world.time.increase(600n);
    await world.refresh();
    await vault.connect(dave).shedFund(0, idOf(dave), WAD, 0n);
  }
  const scale = 10n ** BigInt(18 - decimals);
  const bought = await vault.collateralOf(idOf(dave), 2);
  await world.refresh();
  // parts of a unit stay
  await world.execute(dave, actions.withdraw(idOf(dave), 2, bought / scale, dave.address));
  await held();
  await world.conserve();
}

/** What a token of the zoo does to the vault or to alice, and what becomes of the two flows that move it. */
interface Misdeed {
  readonly title: string;
  readonly name: string;
  readonly turn: (token: Odd, world: World) => Promise<unknown>;
  /** The error of a deposit, or whether it stands. */
  readonly deposit: string | true;
  readonly withdraw: string | true;
}

type Odd = Record<"setRefusing" | "setSilent" | "setPaused" | "setBlacklisted" | "setFee" | "shrink" | "setHook", Method> & {
  readonly connect: (signer: unknown) => Odd;
  readonly interface: { readonly getError: (name: string) => unknown };
};
type Method = (...args: readonly unknown[]) => Promise<unknown>;

const MISDEEDS: readonly Misdeed[] = [
  {
    title: "false instead of a transfer",
    name: "FalseReturnToken",
    turn: (token) => token.setRefusing(true),
    deposit: "SafeERC20FailedOperation",
    withdraw: "SafeERC20FailedOperation",
  },
  // of a payout that did not happen only the payee could tell: the books are those of one that did
  {
    title: "true instead of a transfer",
    name: "SilentToken",
    turn: (token) => token.setSilent(true),
    deposit: "TokenAmountMismatch",
    withdraw: true,
  },
  { title: "paused", name: "PauseToken", turn: (token) => token.setPaused(true), deposit: "Paused", withdraw: "Paused" },
  {
    title: "the holder is barred",
    name: "BlacklistToken",
    turn: (token, { alice }) => token.setBlacklisted(alice.address, true),
    deposit: "Blacklisted",
    withdraw: "Blacklisted",
  },
  {
    title: "the vault is barred",
    name: "BlacklistToken",
    turn: async (token, { vault }) => token.setBlacklisted(await vault.getAddress(), true),
    deposit: "Blacklisted",
    withdraw: "Blacklisted",
  },
  {
    title: "a fee of everything",
    name: "FeeOnTransferToken",
    turn: (token) => token.setFee(1_000_000n),
    deposit: "TokenAmountMismatch",
    withdraw: true,
  },
  {
    title: "balances that vanish",
    name: "RebasingToken",
    turn: async (token, { vault }) => token.shrink(await vault.getAddress(), 10n * WAD),
    deposit: true,
    withdraw: "ERC20InsufficientBalance",
  },
  {
    title: "a hook that reverts",
    name: "HookToken",
    // the vault has no such function
    turn: async (token, { alice, vault }) => token.connect(alice).setHook(await vault.getAddress()),
    deposit: "",
    withdraw: "",
  },
];

async function withMisdeed({ name, turn, deposit, withdraw }: Misdeed): Promise<void> {
  const { world, token, unit } = await withToken(name, 18);
  const { vault, alice, bob, carol, dave, know, connection } = world;
  const odd = token as unknown as Odd;
  // errors of libraries within the vault are in the ABI of its code only
  const core = await connection.ethers.getContractAt("MarginVault", vault);
  const [a, second] = [idOf(alice), know(idOf(alice, 1n))];
  await world.stake(usd(1_000_000));
  await world.deposit(bob, usd(1_000_000));
  await world.deposit(dave, usd(1_000_000));
  await world.execute(alice, actions.deposit(a, 2, 10n * unit));
  await world.refresh();
  await world.trade(alice, bob, 1, 10n ** 6n);
  await turn(odd, world);

  const flows = [
    [deposit, actions.deposit(a, 2, unit)],
    [withdraw, actions.withdraw(a, 2, unit / 10n, alice.address)],
  ] as const;
  for (const [expected, action] of flows) {
    const snapshot = await connection.networkHelpers.takeSnapshot();
    const attempt = world.execute(alice, action);
    if (expected === true) await attempt;
    else if (expected === "") await expect(attempt, name).to.be.revert(connection.ethers);
    else if (expected === "TokenAmountMismatch") await expect(attempt, name).to.be.revertedWithCustomError(vault, expected);
    else if (expected === "SafeERC20FailedOperation") await expect(attempt, name).to.be.revertedWithCustomError(core, expected);
    else await expect(attempt, name).to.be.revertedWithCustomError(odd as never, expected);
    await world.conserve();
    await snapshot.restore();
  }

  const of = (account: bigint): Promise<bigint> => vault.collateralOf(account, 2);
  const held = await of(a);
  await world.execute(alice, actions.transfer(a, 2, unit / 2n, second));
  expect([await of(a), await of(second)], "transferred").to.deep.equal([held - unit / 2n, unit / 2n]);
  await world.move(1, 34_000n * WAD);
  await vault.declareExchange(a);
  await vault.connect(dave).exchangeCollateral(a, 2, unit / 10n, idOf(dave));
  expect(await of(idOf(dave)), "exchanged").to.equal(unit / 10n);
  await world.move(1, 23_900n * WAD);
  await vault.liquidate(a, know(idOf(carol)));
  expect(await of(a), "sold").to.be.lessThan(held - unit / 2n - unit / 10n);
  const inventory = await of(idOf(world.fund, 1n));
  expect(inventory).to.be.greaterThan(0n);
  await world.time.increase(600n);
  await world.refresh();
  await vault.connect(dave).shedFund(0, idOf(dave), WAD, 0n);
  expect(await of(idOf(world.fund, 1n)), "shed").to.equal(0n);
  // what has nothing to do with the token goes on as well
  await world.withdraw(bob, usd(1));
  await world.deposit(alice, usd(1));
  await world.conserve();
}

/** Deposit, transfer, trade, exchange for it, liquidation, shedding, withdrawal, all in a settlement token of the zoo. */
async function everySettlementFlow(name: string, decimals: number, arrives: (amount: bigint) => bigint): Promise<void> {
  const world = await createWorld({ settlementToken: name, settlementDecimals: decimals });
  const { vault, alice, bob, carol, dave, know, settlement } = world;
  const one = 10n ** BigInt(decimals);
  const wad = WAD / one;
  const [a, second] = [idOf(alice), know(idOf(alice, 1n))];
  await world.stake(1_000_000n * one);
  await world.deposit(bob, 1_000_000n * one);
  await world.deposit(dave, 1_000_000n * one);
  await world.deposit(alice, 1_000n * one);
  await world.deposit(alice, 10n * WAD, 0);
  await world.refresh();
  expect(await world.cashOf(a), "credited what arrived").to.equal(arrives(1_000n * one) * wad);
  await world.execute(alice, actions.transfer(a, 255, 100n * WAD, second));
  await world.execute(alice, actions.withdraw(second, 255, 100n * one, alice.address));
  expect(await settlement.balanceOf(alice)).to.equal(arrives(100n * one));
  await world.conserve();
  await world.trade(alice, bob, 1, 10n ** 6n, { takerFee: WAD });
  await world.move(1, 34_000n * WAD);
  await vault.declareExchange(a);
  await vault.connect(dave).exchangeCollateral(a, 0, WAD / 10n, idOf(dave));
  await world.move(1, 22_500n * WAD);
  await vault.liquidate(a, know(idOf(carol)));
  await world.time.increase(600n);
  await world.refresh();
  await vault.connect(dave).shedFund(1, idOf(dave), WAD, 0n);
  await world.conserve();
  const reward = (await world.cashOf(idOf(carol))) / wad;
  expect(reward).to.be.greaterThan(0n);
  await world.withdraw(carol, reward);
  expect(await settlement.balanceOf(carol)).to.equal(arrives(reward));
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
  it("H-69 reverts on nothing: no flow moves nothing", () => everyFlow("ZeroRevertToken", 18, same));
  it("H-69 may answer false, every flow while it does not", () => everyFlow("FalseReturnToken", 12, same));
  it("H-69 may answer true for nothing, every flow while it does not", () => everyFlow("SilentToken", 18, same));
  it("H-69 may shrink, every flow while it does not", () => everyFlow("RebasingToken", 7, same));

  for (const misdeed of MISDEEDS) {
    it(`H-69 H-37 ${misdeed.title}: what moves no tokens goes on, transfer, exchange, liquidation, shedding`, () => withMisdeed(misdeed));
  }

  it("H-69 an amount of nothing never reaches a token", async () => {
    const { world, unit } = await withToken("ZeroRevertToken", 18);
    const { vault, alice } = world;
    const a = idOf(alice);
    await world.execute(alice, actions.deposit(a, 2, unit));
    await world.refresh();
    for (const action of [
      actions.deposit(a, 2, 0n),
      actions.withdraw(a, 2, 0n, alice.address),
      actions.transfer(a, 2, 0n, idOf(alice, 1n)),
    ]) {
      await expect(world.execute(alice, action)).to.be.revertedWithCustomError(vault, "NothingToDo");
    }
    await expect(vault.connect(world.bob).exchangeCollateral(a, 2, 0n, idOf(world.bob))).to.be.revertedWithCustomError(
      vault,
      "NothingToDo",
    );
  });

  it("H-69 what shrank is lost to the holders of that token alone, the last of them to ask", async () => {
    const { world, token, unit } = await withToken("RebasingToken", 18);
    const { vault, alice, bob, connection } = world;
    await token.mint(bob.address, 10n * unit);
    await token.connect(bob).approve(await vault.getAddress(), 10n * unit);
    await world.execute(alice, actions.deposit(idOf(alice), 2, 10n * unit));
    await world.execute(bob, actions.deposit(idOf(bob), 2, 10n * unit));
    await world.deposit(alice, WAD, 0);
    await world.deposit(alice, usd(100));
    await world.refresh();
    await (token as unknown as { shrink: (holder: string, value: bigint) => Promise<unknown> }).shrink(await vault.getAddress(), 5n * unit);
    await world.execute(bob, actions.withdraw(idOf(bob), 2, 10n * unit, bob.address));
    await expect(world.execute(alice, actions.withdraw(idOf(alice), 2, 10n * unit, alice.address))).to.be.revert(connection.ethers);
    await world.execute(alice, actions.withdraw(idOf(alice), 2, 5n * unit, alice.address));
    await world.withdraw(alice, WAD, 0);
    await world.withdraw(alice, usd(100));
  });

  for (const [name, decimals, arrives] of [
    ["NoReturnToken", 6, same],
    ["FeeOnTransferToken", 18, (amount: bigint) => amount - amount / 100n],
    ["HookToken", 6, same],
    ["ZeroRevertToken", 8, same],
    ["PhantomPermitToken", 18, same],
    ["BlacklistToken", 6, same],
  ] as const) {
    it(`H-69 ${name} with ${decimals} decimals as the settlement token, every flow`, () => everySettlementFlow(name, decimals, arrives));
  }

  it("H-69 H-37 a settlement token that is paused or bars its victim stops no liquidation, and nobody but who it bars", async () => {
    for (const name of ["BlacklistToken", "PauseToken", "FalseReturnToken"]) {
      const world = await createWorld({ settlementToken: name });
      const { vault, alice, bob, carol, know, settlement, connection } = world;
      await world.stake(usd(1_000_000));
      await world.deposit(alice, usd(1_800));
      await world.deposit(bob, usd(1_000_000));
      await world.refresh();
      await world.trade(alice, bob, 0, eth(100));
      const odd = settlement as unknown as Record<"setBlacklisted" | "setPaused" | "setRefusing", (...args: unknown[]) => Promise<unknown>>;
      if (name === "BlacklistToken") await odd.setBlacklisted(alice.address, true);
      else if (name === "PauseToken") await odd.setPaused(true);
      else await odd.setRefusing(true);
      const barred = name === "BlacklistToken" ? alice : bob;
      await expect(world.withdraw(barred, 1n), name).to.be.revert(connection.ethers);
      if (name === "BlacklistToken") await world.withdraw(bob, usd(5));
      await world.move(0, 1_900n * WAD);
      await vault.liquidate(idOf(alice), know(idOf(carol)));
      expect(await world.lotsOf(idOf(alice), 0), name).to.be.lessThan(eth(100));
      expect(await world.cashOf(idOf(carol)), name).to.be.greaterThan(0n);
      await world.conserve();
    }
  });

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
      await vault.liquidate(idOf(alice), know(idOf(carol)));
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
