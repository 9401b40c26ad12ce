import { expect } from "chai";
import { followBooks } from "../../src/keeper/books.ts";
import { planLiquidations } from "../../src/keeper/plan.ts";
import type { Rpc } from "../../src/sdk/rpc.ts";
import { figuresOf } from "../../src/sdk/standing.ts";
import { actions, createWorld, eth, idOf, SETTLEMENT, usd, WAD, type World } from "../helpers/vaultWorld.ts";

function rpcOf(world: World): Rpc {
  return (method, params = []) => world.connection.provider.request({ method, params: [...params] });
}

/** What a keeper should know: every account that anybody used, with figures as the vault's at the block's time. */
async function expectBooks(world: World, books: ReturnType<typeof followBooks>, ids: readonly bigint[]): Promise<void> {
  const state = books.state(await world.time.latest());
  for (const id of ids) {
    expect(state.accounts.has(id), `knows ${id}`).to.equal(true);
    expect(figuresOf(state, id), `live figures of ${id}`).to.deep.equal(await world.assess(id));
    expect(figuresOf(state, id, true), `opening figures of ${id}`).to.deep.equal(await world.assess(id, true));
  }
}

/** Six accounts, of which three are only ever named beside another: a maker, a transfer's other side, a keeper. */
async function busy(): Promise<{ world: World; ids: bigint[] }> {
  const world = await createWorld();
  const { vault, alice, bob, carol, dave, fund } = world;
  await world.stake(usd(1_000_000));
  await world.deposit(alice, usd(1_700));
  await world.deposit(bob, usd(1_000_000));
  await world.deposit(dave, 3n * WAD, 0);
  await world.refresh();
  await world.trade(alice, bob, 0, eth(100));
  await world.execute(bob, actions.transfer(idOf(bob), SETTLEMENT, 77n * WAD, world.know(idOf(bob, 5n))));
  await world.move(0, 1_900n * WAD);
  await vault.liquidate(idOf(alice), world.know(idOf(carol)));
  return { world, ids: [idOf(alice), idOf(bob), idOf(dave), idOf(bob, 5n), idOf(carol), idOf(fund), idOf(fund, 1n)] };
}

describe("followBooks", () => {
  it("default: finds every account by events and values it as the vault does", async () => {
    const { world, ids } = await busy();
    const books = followBooks(rpcOf(world), await world.vault.getAddress(), 0);
    const events = await books.sync();
    expect(new Set(events.map(({ name }) => name))).to.include.all.keys("Deposited", "Filled", "Transferred", "Liquidated");
    await expectBooks(world, books, ids);
  });

  it("behavior: step by step it says each event once and knows what a fresh reader knows", async () => {
    const { world, ids } = await busy();
    const address = await world.vault.getAddress();
    const books = followBooks(rpcOf(world), address, 0);
    await books.sync();
    expect(await books.sync()).to.deep.equal([]);
    await world.withdraw(world.bob, usd(3));
    await world.trade(world.bob, idOf(world.dave), 0, eth(2));
    const names = (await books.sync()).map(({ name }) => name);
    expect(names).to.deep.equal(["Withdrawn", "Filled"]);
    await world.move(0, 1_800n * WAD);
    await books.sync();
    const fresh = followBooks(rpcOf(world), address, 0);
    await fresh.sync();
    const now = await world.time.latest();
    expect(books.state(now)).to.deep.equal(fresh.state(now));
    expect(planLiquidations(books.state(now))).to.deep.equal(planLiquidations(fresh.state(now)));
    await expectBooks(world, books, ids);
  });

  it("behavior: a request that fails anywhere in a turn loses neither an account nor an event", async () => {
    const { world, ids } = await busy();
    const address = await world.vault.getAddress();
    const sound = rpcOf(world);
    let left = Number.POSITIVE_INFINITY;
    let asked = 0;
    const rpc: Rpc = async (method, params) => {
      asked++;
      if (left-- <= 0) throw new Error("no node answers");
      return sound(method, params);
    };
    await followBooks(rpc, address, 0).sync();
    const requests = asked;
    expect(requests).to.be.greaterThan(10);
    const whole = followBooks(sound, address, 0);
    const events = await whole.sync();
    for (let fails = 0; fails < requests; fails++) {
      const books = followBooks(rpc, address, 0);
      left = fails;
      const failure: unknown = await books.sync().then(
        () => undefined,
        (error: unknown) => error,
      );
      left = Number.POSITIVE_INFINITY;
      expect(failure, `request ${fails} fails`).to.be.instanceOf(Error);
      expect((await books.sync()).length, `after request ${fails} failed`).to.equal(events.length);
      const now = await world.time.latest();
      expect(books.state(now)).to.deep.equal(whole.state(now));
    }
    await expectBooks(world, whole, ids);
  });

  it("args: there is no state before the first turn", async () => {
    const books = followBooks(() => Promise.reject(new Error("no node")), "0x", 0);
    expect(() => books.state(0)).to.throw("sync before state");
  });
});
