import { expect } from "chai";
import { artifacts, network } from "hardhat";
import { saleTermsIn } from "../../src/engine/words/saleWord.ts";
import type { LiquidationBatch } from "../../typechain-types/index.ts";
import { fixTime } from "../helpers/clock.ts";
import { deployContract } from "../helpers/deploy.ts";
import { Random } from "../helpers/random.ts";
import { createWorld, eth, idOf, usd, WAD, type World } from "../helpers/vaultWorld.ts";

const ROUNDS = Number(process.env.PLIMSOLL_ROUNDS ?? 40);
const PRICES = [2_000n * WAD, 40_000n * WAD] as const;
const TRADERS = 8;

const UNDERLYINGS = [0, 1];

/** Every word that a sale may write, of everybody. */
async function words(world: World, accounts: readonly bigint[]): Promise<string> {
  const { vault } = world;
  const held = await Promise.all(
    accounts.map(async (id) => [
      await vault.headerOf(id),
      ...(await Promise.all(UNDERLYINGS.map((u) => vault.positionOf(id, u)))),
      await vault.collateralOf(id, 0),
    ]),
  );
  const shared = await Promise.all(UNDERLYINGS.map((u) => vault.underlyingWords(u)));
  return text([held, shared, await vault.totals(), await vault.shortfalls()]);
}

const text = (value: unknown): string => JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each));

interface Sold {
  readonly words: string;
  readonly logs: readonly string[];
  readonly count: number;
  readonly fractions: readonly bigint[];
}

interface Scene {
  readonly world: World;
  readonly batch: LiquidationBatch;
  readonly keeper: bigint;
  readonly everybody: readonly bigint[];
}

/** What a batch at the next second does, from here. */
async function sell({ world, batch, keeper, everybody }: Scene, list: readonly bigint[], time: bigint): Promise<Sold> {
  await world.time.setNextBlockTimestamp(time);
  const receipt = await (await batch.liquidateBatch([...list], keeper, { gasLimit: 15_000_000n })).wait();
  const events = (receipt?.logs ?? []).map((log) => world.vault.interface.parseLog(log) ?? batch.interface.parseLog(log));
  const fractions = events.flatMap((event) => (event?.name === "Liquidated" ? [saleTermsIn(event.args.sale as bigint).fraction] : []));
  return {
    words: await words(world, everybody),
    logs: events.map((event) => text([event?.name, event?.args.toArray()])),
    count: fractions.length,
    fractions,
  };
}

async function createScene(): Promise<Scene> {
  const connection = await network.create();
  await fixTime(connection);
  const world = await createWorld({}, connection);
  const batch = await deployContract<LiquidationBatch>(world.connection, "LiquidationBatch", world.vault);
  const { bob, carol, fund } = world;
  await world.stake(usd(3_000_000));
  await world.deposit(bob, usd(50_000_000));
  const traders = world.signers.slice(8, 8 + TRADERS).map((each) => idOf(each));
  const everybody = [...traders, idOf(bob), world.know(idOf(carol)), ...[0n, 1n, 2n].map((i) => idOf(fund, i))];
  return { world, batch, keeper: idOf(carol), everybody };
}

/** Sells `list` by the plain twin, then from the same state in one pass, and expects the same to the unit; what it came to. */
async function compare(scene: Scene, list: readonly bigint[], what: string): Promise<Sold> {
  const { world } = scene;
  const { provider, networkHelpers } = world.connection;
  const library = world.libraries.PerpetualLiquidationLogic ?? "";
  const fast = await provider.request({ method: "eth_getCode", params: [library, "latest"] });
  const { deployedBytecode: plain } = await artifacts.readArtifact("NoPerpetualLiquidation");
  const time = BigInt(await world.time.latest()) + 1n;
  const snapshot = await networkHelpers.takeSnapshot();
  await provider.request({ method: "hardhat_setCode", params: [library, plain] });
  const alone = await sell(scene, list, time);
  await snapshot.restore();
  await provider.request({ method: "hardhat_setCode", params: [library, fast] });
  const together = await sell(scene, list, time);
  expect(together.logs, `events of ${what}`).to.deep.equal(alone.logs);
  expect(together.words, `words of ${what}`).to.equal(alone.words);
  return together;
}

/** Mostly anew: money for a position that is some percent from its line, of either side, in one market or both, sometimes beside collateral. */
async function enter({ world }: Scene, random: Random, trader: World["alice"]): Promise<void> {
  const { vault, bob } = world;
  const id = idOf(trader);
  const held = await Promise.all(UNDERLYINGS.map((u) => world.lotsOf(id, u)));
  if (held.some((lots) => lots !== 0n)) return;
  const both = random.chance(0.15);
  const first = random.below(2);
  for (const u of both ? UNDERLYINGS : [first]) {
    const notional = random.part(usd(40_000), random.chance(0.2) ? 0.003 : 0.1, 1);
    await world.deposit(trader, random.part(notional, 0.07, 0.12) + usd(1));
    await world.refresh();
    const lots = (notional * 10n ** 12n) / world.lotPrice(u);
    const margin = await vault.assess(id, true);
    if (margin.equity <= 0n) continue;
    await world.trade(trader, bob, u, random.chance(0.7) ? lots : -lots).catch(() => undefined);
  }
  if (random.chance(0.1)) await world.deposit(trader, WAD / 100n, 0);
}

describe("PerpetualLiquidationLogic", function () {
  this.timeout(600_000);

  it("behavior: many at once, and one by one by the plain twin, come to the same unit and the same events", async () => {
    const scene = await createScene();
    const { world, everybody } = scene;
    const random = new Random(7);
    const met = { sold: 0, slices: 0, whole: 0, rest: 0, crossed: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      const traders = world.signers.slice(8, 8 + TRADERS);
      for (const trader of traders) await enter(scene, random, trader);
      const u = random.below(2);
      const far = random.part((world.prices[u] ?? 0n) / 100n, 4, 11);
      const back = (world.prices[u] ?? 0n) < (PRICES[u] ?? 0n) ? random.chance(0.7) : random.chance(0.3);
      await world.move(u, (world.prices[u] ?? 0n) + (back ? far : -far));
      const draw = new Map(traders.map((each) => [idOf(each), random.fraction()]));
      const list = [...draw.keys()].sort((a, b) => (draw.get(a) ?? 0) - (draw.get(b) ?? 0));
      const [, rest] = await world.vault.liquidateMany.staticCall(list, scene.keeper);
      const ordered = [...list.filter((id) => !rest.includes(id)), ...rest];
      if (random.chance(0.5)) ordered.unshift(ordered[0] ?? 0n);
      const fundBefore = await Promise.all(UNDERLYINGS.map((each) => world.lotsOf(idOf(world.fund, BigInt(each) + 1n), each)));
      const together = await compare(scene, ordered, `round ${round}`);
      const fundAfter = await Promise.all(UNDERLYINGS.map((each) => world.lotsOf(idOf(world.fund, BigInt(each) + 1n), each)));
      met.sold += together.count;
      met.slices += together.fractions.filter((fraction) => fraction < WAD).length;
      met.whole += together.fractions.filter((fraction) => fraction === WAD).length;
      met.rest += rest.length;
      met.crossed += UNDERLYINGS.filter((each) => (fundBefore[each] ?? 0n) * (fundAfter[each] ?? 0n) < 0n).length;
      await world.conserve();
    }
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(met, everybody.length);
    expect(met.sold, "sold").to.be.at.least(ROUNDS / 2);
    expect(met.slices, "slices").to.be.at.least(ROUNDS / 4);
    expect(met.whole, "sold in full").to.be.at.least(2);
    expect(met.rest, "left to the twin").to.be.at.least(ROUNDS / 4);
    expect(met.crossed, "the fund's position crossed zero").to.be.at.least(1);
  });

  it("behavior: leaves as it is who holds something else, has no more than the bounty, is the fund or the keeper, or whose price is old", async () => {
    const scene = await createScene();
    const { world, keeper } = scene;
    const { vault, alice, bob, carol, dave, erin, fund } = world;
    const rich = world.signers[8] ?? alice;
    const funds = [alice, dave, erin, rich, carol].map((each, i) => [each, usd([2_000, 1_600, 2_000, 6_000, 2_000][i] ?? 0)] as const);
    for (const [each, amount] of funds) {
      await world.deposit(each, amount);
      await world.refresh();
      await world.trade(each, bob, 0, eth(100));
    }
    await world.deposit(erin, 1n, 0);
    await world.move(0, 1_830n * WAD);
    const left = [idOf(dave), idOf(erin), keeper, idOf(fund, 1n), idOf(world.signers[9] ?? bob)];
    const list = [idOf(alice), ...left, idOf(rich)];
    const before = await Promise.all(left.map(async (id) => text(await vault.headerOf(id))));
    expect(text(await vault.liquidateMany.staticCall(list, keeper))).to.equal(text([1n, left]));
    const cash = await world.cashOf(keeper);
    await vault.liquidateMany(list, keeper);
    expect(await world.cashOf(keeper)).to.be.greaterThan(cash);
    const now = await Promise.all(left.map(async (id) => text(await vault.headerOf(id))));
    expect(now.filter((_, i) => left[i] !== keeper && left[i] !== idOf(fund, 1n))).to.deep.equal(
      before.filter((_, i) => left[i] !== keeper && left[i] !== idOf(fund, 1n)),
    );
    await world.time.increase(120n);
    expect(text(await vault.liquidateMany.staticCall([idOf(rich)], keeper))).to.equal(text([0n, [idOf(rich)]]));
    await expect(vault.liquidateMany([], idOf(fund))).to.be.revertedWithCustomError(vault, "ProtocolAccount");
    await world.conserve();
  });

  it("behavior: the clock of a fund account starts anew where its position becomes nothing between two sales", async () => {
    const scene = await createScene();
    const { world } = scene;
    const [long, short, other] = world.signers.slice(8, 11) as [World["alice"], World["alice"], World["alice"]];
    for (const [each, lots] of [
      [long, 5_001n],
      [short, -5_001n],
      [other, -6_000n],
    ] as const) {
      await world.deposit(each, usd(lots === -6_000n ? 11 : 9));
      await world.refresh();
      await world.trade(each, world.bob, 0, lots);
    }
    const fund = idOf(world.fund, 1n);
    await world.move(0, 1_900n * WAD);
    await compare(scene, [idOf(long)], "the first sale");
    expect(await world.lotsOf(fund, 0)).to.equal(5_001n);
    await world.move(0, 2_140n * WAD);
    await compare(scene, [idOf(short), idOf(other)], "both sides");
    expect(await world.lotsOf(fund, 0)).to.be.lessThan(0n);
    const since = ((await world.vault.underlyingWords(0))[7] ?? 0n) & ((1n << 40n) - 1n);
    expect(since).to.equal(BigInt(await world.time.latest()));
  });
});
