import { expect } from "chai";
import type { Attacker, HookToken, MarginLens } from "../../../typechain-types/index.ts";
import { deployContract, mockUpdate } from "../../helpers/deploy.ts";
import { type Action, actions, createWorld, eth, idOf, usd, WAD, type World } from "../../helpers/vaultWorld.ts";

interface Call {
  target: string;
  data: string;
}

interface Scene {
  world: World;
  attacker: Attacker;
  hook: HookToken;
  /** A call of every entry and every valuing view of the vault. */
  every: Call[];
}

/** An attacker that owns an account with money, a hooked collateral token and consents to itself as a module. */
async function createScene(): Promise<Scene> {
  const world = await createWorld();
  const { connection, vault, alice, settlement, bob } = world;
  const { ethers } = connection;
  const hook = (await ethers.deployContract("HookToken", [18])) as unknown as HookToken;
  await vault.listCollateral(hook, 0, 100_000n, 10n ** 27n);
  const attacker = (await ethers.deployContract("Attacker")) as unknown as Attacker;
  await vault.setModule(1, attacker);
  const target = await vault.getAddress();
  const id = idOf(await attacker.getAddress());
  world.know(id);
  const face = vault.interface;
  const call = (name: string, args: unknown[]): Call => ({ target, data: face.encodeFunctionData(name as "execute", args as never) });
  const lens = await deployContract<MarginLens>(connection, "MarginLens", vault);
  const eye = await lens.getAddress();
  const look = (name: string, args: unknown[]): Call => ({
    target: eye,
    data: lens.interface.encodeFunctionData(name as "summary", args as never),
  });
  const every: Call[] = [
    call("execute", [[actions.cancel(id)]]),
    call("execute", [[actions.withdraw(id, 255, 1n, await attacker.getAddress())]]),
    call("simulate", [alice.address, [actions.cancel(idOf(alice))], idOf(alice)]),
    call("postPrice", [0, [mockUpdate(2_000n * WAD, BigInt(await world.time.latest()))]]),
    call("take", [id, 1n << 216n, "0x"]),
    call("updateFundingRate", [0]),
    call("liquidate", [idOf(alice), id]),
    call("liquidateMany", [[idOf(alice)], id]),
    call("liquidateTo", [idOf(alice), id, WAD, 0n]),
    call("shedFund", [0, id, WAD, 0n]),
    call("topUpFund", [0]),
    call("refreshOpenInterestCap", [0]),
    call("declareExchange", [idOf(alice)]),
    call("exchangeCollateral", [idOf(alice), 0, 1n, id]),
    call("postSlices", [0, [{ series: 1, data: "0x" }]]),
    call("refreshSeries", [0, 1]),
    call("settleSeries", [0, 1]),
    call("settleExpired", [idOf(alice), 0, 1]),
    call("seriesState", [0, 1]),
    call("mayOpenByWords", [idOf(alice)]),
    call("portfolioOf", [idOf(alice)]),
    call("previewLiquidation", [idOf(alice)]),
    call("assess", [idOf(alice), false]),
    call("assess", [id, true]),
    call("mayBeLiquidated", [[idOf(alice), id]]),
    // the lens values through the vault and must not see more of it
    look("summary", [id]),
    look("summaries", [[idOf(alice), id]]),
    look("belowMaintenance", [[idOf(alice), id]]),
    look("liquidationPrices", [id, 0]),
  ];
  await settlement.mint(attacker, usd(1_000));
  await hook.mint(attacker, 10n * WAD);
  await world.deposit(bob, usd(100_000));
  const approve = (token: { interface: { encodeFunctionData: (name: "approve", args: [string, bigint]) => string } }) =>
    token.interface.encodeFunctionData("approve", [target, 10n ** 30n]);
  await attacker.run([
    { target: await settlement.getAddress(), data: approve(settlement) },
    { target: await hook.getAddress(), data: approve(hook) },
    { target: await hook.getAddress(), data: hook.interface.encodeFunctionData("setHook", [await attacker.getAddress()]) },
    call("execute", [[actions.deposit(id, 255, usd(1_000))]]),
  ]);
  await world.refresh();
  return { world, attacker, hook, every };
}

/** Every armed call was answered with `Locked`. */
async function expectLocked({ world, attacker, every }: Scene): Promise<void> {
  const locked = world.vault.interface.getError("Locked")?.selector ?? "";
  expect(await attacker.callbacks()).to.be.greaterThan(0n);
  expect(await attacker.answerCount()).to.equal(BigInt(every.length));
  for (let i = 0; i < every.length; i++) {
    expect((await attacker.answers(i)).slice(0, 10), `call ${i}`).to.equal(locked);
  }
}

describe("hazards of re-entrancy", () => {
  it("H-27 H-28 H-29 I-21 from the hook of a deposit nothing of the vault can be called, nor valued", async () => {
    const scene = await createScene();
    const { world, attacker, every } = scene;
    const id = idOf(await attacker.getAddress());
    await attacker.arm(every);
    const data = world.vault.interface.encodeFunctionData("execute", [[actions.deposit(id, 2, WAD)]]);
    await attacker.run([{ target: await world.vault.getAddress(), data }]);
    await expectLocked(scene);
    expect(await world.vault.collateralOf(id, 2)).to.equal(WAD);
  });

  it("H-27 H-28 I-21 from the hook of a withdrawal neither, and the books are already written", async () => {
    const scene = await createScene();
    const { world, attacker, every } = scene;
    const { vault } = world;
    const id = idOf(await attacker.getAddress());
    const target = await vault.getAddress();
    await attacker.run([{ target, data: vault.interface.encodeFunctionData("execute", [[actions.deposit(id, 2, WAD)]]) }]);
    await attacker.arm(every);
    const data = vault.interface.encodeFunctionData("execute", [[actions.withdraw(id, 2, WAD, await attacker.getAddress())]]);
    await attacker.run([{ target, data }]);
    await expectLocked(scene);
    expect(await vault.collateralOf(id, 2)).to.equal(0n);
  });

  it("H-27 H-29 I-21 from a module's trade neither", async () => {
    const scene = await createScene();
    const { world, attacker, every } = scene;
    await attacker.arm(every);
    await world.execute(world.bob, actions.raw(idOf(world.bob), 1, "0x"));
    await expectLocked(scene);
  });

  it("H-27 I-21 from a price source neither", async () => {
    const scene = await createScene();
    const { world, attacker, every } = scene;
    const { vault } = world;
    await vault.setSources(1, [attacker]);
    await attacker.arm(every);
    const now = BigInt(await world.time.latest()) + 1n;
    await world.time.setNextBlockTimestamp(now);
    await vault.postPrice(1, [mockUpdate(40_000n * WAD, now)]);
    await expectLocked(scene);
  });

  it("H-30 what a callback brings and takes within one call leaves every claim as it was", async () => {
    const scene = await createScene();
    const { world, attacker, hook } = scene;
    const { vault } = world;
    const id = idOf(await attacker.getAddress());
    const target = await vault.getAddress();
    // in the hook of its deposit the attacker sends the vault as much again: a balance taken before would count it twice
    await attacker.arm([{ target: await hook.getAddress(), data: hook.interface.encodeFunctionData("transfer", [target, 2n * WAD]) }]);
    const data = vault.interface.encodeFunctionData("execute", [[actions.deposit(id, 2, WAD)]]);
    await expect(attacker.run([{ target, data }])).to.be.revertedWithCustomError(vault, "TokenAmountMismatch");
    expect(await vault.collateralOf(id, 2)).to.equal(0n);
    await world.conserve();
  });

  it("H-31 I-21 the lock opens at every exit: a second call in the same transaction works, after a refusal too", async () => {
    const { world, attacker } = await createScene();
    const { vault } = world;
    const id = idOf(await attacker.getAddress());
    const target = await vault.getAddress();
    const execute = (...list: Action[]): Call => ({
      target,
      data: vault.interface.encodeFunctionData("execute", [list]),
    });
    const self = await attacker.getAddress();
    await attacker.run([
      execute(actions.cancel(id)),
      execute(actions.withdraw(id, 255, usd(1), self)),
      // simulate always reverts, within run's own call: its lock goes with it
      execute(actions.withdraw(id, 255, usd(1), self)),
      { target, data: vault.interface.encodeFunctionData("assess", [id, false]) },
    ]);
    expect((await vault.headerOf(id)).cash).to.equal(998n * WAD);
  });

  it("H-31 transient slots are hashes of names, each its own", async () => {
    const { readFileSync } = await import("node:fs");
    const slots = new Set<string>();
    for (const file of ["ledger/Lock", "ledger/PriceUse", "actions/ConfigLogic"]) {
      const source = readFileSync(new URL(`../../../contracts/${file}.sol`, import.meta.url), "utf8");
      const slot = /SLOT = (0x[0-9a-f]{64}|keccak256\("[^"]+"\))/.exec(source)?.[1];
      expect(slot, file).to.be.a("string");
      slots.add(slot ?? "");
    }
    expect(slots.size).to.equal(3);
  });

  it("H-8 I-17 one transaction trades at one price: after a use the price cannot be posted again", async () => {
    const { world, attacker } = await createScene();
    const { vault, bob, erin } = world;
    const id = idOf(await attacker.getAddress());
    const target = await vault.getAddress();
    const now = BigInt(await world.time.latest()) + 10n;
    const post = (price: bigint, time: bigint): Call => ({
      target,
      data: vault.interface.encodeFunctionData("postPrice", [0, [mockUpdate(price * WAD, time)]]),
    });
    const trade = (lots: bigint, price: bigint): Call => ({
      target,
      data: vault.interface.encodeFunctionData("execute", [
        [actions.trade(id, [world.fill(idOf(bob), 0, lots, { price: (price * WAD) / 100_000n })])],
      ]),
    });
    // posting twice and using once is one price
    await world.time.setNextBlockTimestamp(now);
    await attacker.run([post(2_000n, now - 1n), post(2_001n, now), trade(eth(1), 2_001n)]);
    const later = now + 60n;
    await world.time.setNextBlockTimestamp(later);
    await expect(
      attacker.run([post(2_002n, later - 1n), trade(eth(1), 2_002n), post(2_060n, later), trade(-eth(2), 2_060n)]),
    ).to.be.revertedWithCustomError(vault, "PriceUsed");
    // so does every other use
    for (const use of [
      actions.withdraw(id, 255, 1n, await attacker.getAddress()),
      actions.transfer(id, 255, 1n, idOf(await attacker.getAddress(), 1n)),
    ]) {
      const time = BigInt(await world.time.latest()) + 60n;
      await world.time.setNextBlockTimestamp(time);
      const data = vault.interface.encodeFunctionData("execute", [[use]]);
      await expect(attacker.run([post(2_001n, time - 1n), { target, data }, post(2_002n, time)])).to.be.revertedWithCustomError(
        vault,
        "PriceUsed",
      );
    }
    // a sale does, by itself and with others
    await world.deposit(erin, usd(1_600));
    await world.refresh();
    await world.trade(erin, bob, 0, eth(100));
    for (const data of [
      vault.interface.encodeFunctionData("liquidate", [idOf(erin), id]),
      vault.interface.encodeFunctionData("liquidateMany", [[idOf(erin)], id]),
    ]) {
      const time = BigInt(await world.time.latest()) + 400n;
      await world.time.setNextBlockTimestamp(time);
      const sale = { target, data };
      await expect(attacker.run([post(1_900n, time - 1n), sale, post(1_901n, time)])).to.be.revertedWithCustomError(vault, "PriceUsed");
    }
  });
});
