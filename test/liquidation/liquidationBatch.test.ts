import { expect } from "chai";
import type { ContractTransactionReceipt } from "ethers";
import { saleTermsIn } from "../../src/engine/words/saleWord.ts";
import type { LiquidationBatch } from "../../typechain-types/index.ts";
import { type DeployOptions, deployContract, mockUpdate } from "../helpers/deploy.ts";
import { actions, createWorld, eth, idOf, usd, WAD, type World } from "../helpers/vaultWorld.ts";

interface Scene {
  readonly world: World;
  readonly batch: LiquidationBatch;
  /** Long the first underlying; every one of them below the line. */
  readonly below: bigint[];
  /** Long the first underlying and above the line. */
  readonly above: bigint[];
  readonly keeper: bigint;
}

async function createScene(count = 3, options: DeployOptions = {}): Promise<Scene> {
  const world = await createWorld(options);
  const batch = await deployContract<LiquidationBatch>(world.connection, "LiquidationBatch", world.vault);
  await world.stake(usd(1_000_000));
  await world.deposit(world.bob, usd(1_000_000));
  const traders = world.signers.slice(8, 8 + count);
  const others = world.signers.slice(14, 17);
  for (const [list, dollars] of [
    [traders, 1_600],
    [others, 6_000],
  ] as const) {
    for (const each of list) {
      await world.deposit(each, usd(dollars));
      await world.refresh();
      await world.trade(each, world.bob, 0, eth(100));
    }
  }
  await world.move(0, 1_900n * WAD);
  return {
    world,
    batch,
    below: traders.map((each) => idOf(each)),
    above: others.map((each) => idOf(each)),
    keeper: world.know(idOf(world.carol)),
  };
}

/** Who was sold, and who failed with which error, in order. */
function outcome(
  { world, batch }: Pick<Scene, "world" | "batch">,
  receipt: ContractTransactionReceipt | null,
): { sold: bigint[]; failed: [bigint, string][] } {
  const sold: bigint[] = [];
  const failed: [bigint, string][] = [];
  for (const log of receipt?.logs ?? []) {
    const ours = batch.interface.parseLog(log);
    if (ours?.name === "LiquidationFailed") failed.push([ours.args.account, ours.args.reason]);
    const event = world.vault.interface.parseLog(log);
    if (event?.name === "Liquidated") sold.push(event.args.account);
  }
  return { sold, failed };
}

function selectorOf({ world }: Scene, name: string): string {
  return world.vault.interface.getError(name as "AccountHealthy")?.selector ?? "";
}

describe("LiquidationBatch", () => {
  it("default: sells who is below the line, skips the healthy without a word, credits the keeper", async () => {
    const scene = await createScene();
    const { world, batch, below, above, keeper } = scene;
    const list = [above[0] ?? 0n, below[0] ?? 0n, above[1] ?? 0n, below[1] ?? 0n, below[2] ?? 0n, above[2] ?? 0n];
    expect(await batch.liquidateBatch.staticCall(list, keeper)).to.equal(3n);
    const headers = await Promise.all(above.map((id) => world.vault.headerOf(id)));
    const { sold, failed } = outcome(scene, await (await batch.liquidateBatch(list, keeper)).wait());
    expect(sold).to.deep.equal(below);
    expect(failed).to.deep.equal([]);
    expect(await Promise.all(above.map((id) => world.vault.headerOf(id)))).to.deep.equal(headers);
    expect(await world.cashOf(keeper)).to.be.greaterThan(0n);
    await world.conserve();
  });

  it("behavior: what each account sells is what it would sell alone", async () => {
    const scene = await createScene();
    const { world, batch, below, keeper } = scene;
    const plans = await Promise.all(below.map((id) => world.vault.previewLiquidation(id)));
    const receipt = await (await batch.liquidateBatch(below, keeper)).wait();
    const fractions = (receipt?.logs ?? []).flatMap((log) => {
      const event = world.vault.interface.parseLog(log);
      return event?.name === "Liquidated" ? [saleTermsIn(event.args.sale as bigint).fraction] : [];
    });
    expect(fractions).to.deep.equal(plans.map((plan) => plan.fraction));
  });

  it("args: an empty batch does nothing", async () => {
    const { batch, keeper } = await createScene(1);
    expect(await batch.liquidateBatch.staticCall([], keeper)).to.equal(0n);
    await batch.liquidateBatch([], keeper);
  });

  it("behavior: an account that fails for another reason is named with it, the others are sold", async () => {
    const scene = await createScene();
    const { world, batch, below, above, keeper } = scene;
    const { vault, fund, erin } = world;
    // H-71 the second holds a unit of collateral whose price is old: that spares it nothing
    await world.deposit(world.signers[9] ?? erin, 1n, 1);
    await world.time.increase(120n);
    world.prices[0] = 1_899n * WAD;
    const published = BigInt(await world.time.latest()) + 1n;
    await world.time.setNextBlockTimestamp(published);
    await vault.postPrice(0, [mockUpdate(1_899n * WAD, published)]);
    const list = [above[0] ?? 0n, below[0] ?? 0n, below[1] ?? 0n, idOf(fund, 1n), below[2] ?? 0n];
    expect(await batch.liquidateBatch.staticCall(list, keeper)).to.equal(3n);
    const { sold, failed } = outcome(scene, await (await batch.liquidateBatch(list, keeper)).wait());
    // who holds more than a perpetual comes last
    expect(sold).to.deep.equal([below[0], below[2], below[1]]);
    expect(failed).to.deep.equal([[idOf(fund, 1n), selectorOf(scene, "ProtocolAccount")]]);
    await world.conserve();
  });

  it("behavior: the keeper's own account among them fails alone, a keeper of the fund fails with all", async () => {
    const scene = await createScene();
    const { world, batch, below } = scene;
    const [first = 0n, second = 0n, third = 0n] = below;
    const own = outcome(scene, await (await batch.liquidateBatch([first, second], second)).wait());
    expect(own.sold).to.deep.equal([first]);
    expect(own.failed).to.deep.equal([[second, selectorOf(scene, "TakerIsAccount")]]);
    const all = outcome(scene, await (await batch.liquidateBatch([second, third], idOf(world.fund))).wait());
    expect(all.sold).to.deep.equal([]);
    expect(all.failed.map(([, reason]) => reason)).to.deep.equal(Array.from({ length: 2 }, () => selectorOf(scene, "ProtocolAccount")));
  });

  it("H-25 an account that comes twice is sold once: the second time it is healthy", async () => {
    const scene = await createScene();
    const { world, batch, below, keeper } = scene;
    const [first = 0n, second = 0n, third = 0n] = below;
    // is sold by itself, for it holds more than a perpetual
    await world.deposit(world.signers[9] ?? world.erin, 1n, 1);
    const { sold, failed } = outcome(
      scene,
      await (await batch.liquidateBatch([first, first, second, third, first, second], keeper)).wait(),
    );
    expect(sold).to.deep.equal([first, third, second]);
    expect(failed).to.deep.equal([]);
  });

  it("H-61 too little gas for a sale reverts the batch: a low estimate cannot turn sales into failures", async () => {
    // a large account: the part of the gas that a call keeps back is enough to go on after its sale has failed
    const underlyings = Array.from({ length: 8 }, () => ({}));
    const world = await createWorld({ underlyings });
    const batch = await deployContract<LiquidationBatch>(world.connection, "LiquidationBatch", world.vault);
    const { alice, bob, carol, know } = world;
    const { networkHelpers } = world.connection;
    await world.stake(usd(1_000_000));
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(alice, usd(2_600));
    await world.refresh();
    const fills = underlyings.map((_, u) => world.fill(idOf(bob), u, eth(16)));
    await world.execute(alice, actions.trade(idOf(alice), fills, eth(16) * 8n));
    for (let u = 0; u < 8; u++) world.prices[u] = 1_880n * WAD;
    await world.move(0, 1_880n * WAD);
    const keeper = know(idOf(carol));
    const list = [idOf(alice), idOf(bob)];
    const estimated = await batch.liquidateBatch.estimateGas(list, keeper);
    let [stood, reverted] = [0, 0];
    for (let gas = estimated / 10n; gas <= (estimated * 12n) / 10n; gas += estimated / 40n) {
      const snapshot = await networkHelpers.takeSnapshot();
      const receipt = await batch.liquidateBatch(list, keeper, { gasLimit: gas }).then(
        (sent) => sent.wait(),
        () => null,
      );
      if (receipt === null || receipt.status !== 1) {
        reverted++;
      } else {
        stood++;
        expect(outcome({ world, batch }, receipt), `with ${gas} gas`).to.deep.equal({ sold: [idOf(alice)], failed: [] });
      }
      await snapshot.restore();
    }
    expect(stood, "enough").to.be.greaterThan(3);
    expect(reverted, "too little").to.be.greaterThan(20);
    await expect(batch.liquidateBatch(list, keeper, { gasLimit: (estimated * 3n) / 4n }))
      .to.be.revertedWithCustomError(batch, "LiquidationOutOfGas")
      .withArgs(idOf(alice));
    // what a wallet would send
    const receipt = await (await batch.liquidateBatch(list, keeper, { gasLimit: estimated })).wait();
    expect(outcome({ world, batch }, receipt)).to.deep.equal({ sold: [idOf(alice)], failed: [] });
  });
});
