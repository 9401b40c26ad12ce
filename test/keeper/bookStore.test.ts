import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect } from "chai";
import type { Account } from "../../src/engine/types/types.ts";
import { openBookStore } from "../../src/keeper/bookStore.ts";
import { followBooks } from "../../src/keeper/books.ts";
import { planLiquidations } from "../../src/keeper/plan.ts";
import { type Rpc, RpcFailure } from "../../src/sdk/rpc.ts";
import { createWorld, eth, idOf, usd, WAD, type World } from "../helpers/vaultWorld.ts";

function rpcOf(world: World): Rpc {
  return (method, params = []) => world.connection.provider.request({ method, params: [...params] });
}

async function traded(): Promise<World> {
  const world = await createWorld();
  await world.stake(usd(1_000_000));
  await world.deposit(world.alice, usd(1_700));
  await world.deposit(world.bob, usd(1_000_000));
  await world.deposit(world.bob, 3n * WAD, 0);
  await world.refresh();
  await world.trade(world.alice, world.bob, 0, eth(100));
  return world;
}

/** Counts requests, and remembers from which block events were asked for. */
function counted(rpc: Rpc): { rpc: Rpc; from: number[]; asked: Map<string, number> } {
  const [from, asked] = [[] as number[], new Map<string, number>()];
  return {
    from,
    asked,
    rpc: (method, params = []) => {
      asked.set(method, (asked.get(method) ?? 0) + 1);
      if (method === "eth_getLogs") from.push(Number((params[0] as { fromBlock: string }).fromBlock));
      return rpc(method, params);
    },
  };
}

describe("books that are kept", () => {
  let folder = "";
  let file = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "plimsoll-keeper-"));
    file = join(folder, "keeper.sqlite");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("default: a keeper that starts again knows every account without reading one, and reads on from the last block", async () => {
    const world = await traded();
    const address = await world.vault.getAddress();
    const first = openBookStore(file);
    const books = followBooks(rpcOf(world), address, 0, { store: first });
    await books.sync();
    const { number } = books.head();
    first.close();

    await world.deposit(world.dave, usd(50));
    await world.withdraw(world.bob, usd(7));
    const again = openBookStore(file);
    const { rpc, from, asked } = counted(rpcOf(world));
    const resumed = followBooks(rpc, address, 0, { store: again });
    const events = await resumed.sync();
    expect(from).to.deep.equal([number + 1]);
    expect(events.map(({ name }) => name)).to.deep.equal(["Deposited", "Withdrawn"]);
    const fresh = counted(rpcOf(world));
    const whole = followBooks(fresh.rpc, address, 0);
    await whole.sync();
    const now = await world.time.latest();
    expect(resumed.state(now)).to.deep.equal(whole.state(now));
    // accounts that nothing happened to were not read again
    expect(asked.get("eth_call") ?? 0).to.be.lessThan(fresh.asked.get("eth_call") ?? 0);
    expect(resumed.state(now).accounts.has(idOf(world.alice))).to.equal(true);
    again.close();
  });

  it("behavior: killed between events and accounts, the next run reads the accounts that were named", async () => {
    const world = await traded();
    const address = await world.vault.getAddress();
    const sound = rpcOf(world);
    const first = openBookStore(file);
    await followBooks(sound, address, 0, { store: first }).sync();
    await world.withdraw(world.bob, usd(11));
    let dead = false;
    const dying: Rpc = async (method, params) => {
      if (dead) throw new Error("killed");
      const answer = await sound(method, params);
      if (method === "eth_getLogs") dead = true;
      return answer;
    };
    const failure: unknown = await followBooks(dying, address, 0, { store: first })
      .sync()
      .catch((error: unknown) => error);
    expect(String(failure)).to.match(/killed/);
    first.close();

    const again = openBookStore(file);
    expect(again.unread()).to.include(idOf(world.bob));
    const resumed = followBooks(sound, address, 0, { store: again });
    expect(await resumed.sync()).to.deep.equal([]);
    const whole = followBooks(sound, address, 0);
    await whole.sync();
    const now = await world.time.latest();
    expect(resumed.state(now)).to.deep.equal(whole.state(now));
    again.close();
  });

  it("behavior: a block that is not on the chain any more begins them anew, in a run and after it", async () => {
    const world = await traded();
    const address = await world.vault.getAddress();
    const rpc = rpcOf(world);
    const snapshot = await rpc("evm_snapshot");
    const store = openBookStore(file);
    const reasons: string[] = [];
    const books = followBooks(rpc, address, 0, { store, onAnew: (reason) => reasons.push(reason) });
    await world.deposit(world.dave, usd(50));
    await world.withdraw(world.bob, usd(7));
    await books.sync();
    expect(books.state(0).accounts.has(idOf(world.dave))).to.equal(true);

    // the same height, other blocks: dave never came, bob took something else
    await rpc("evm_revert", [snapshot]);
    await world.withdraw(world.bob, usd(9));
    await world.withdraw(world.bob, usd(1));
    await world.withdraw(world.bob, usd(1));
    await world.withdraw(world.bob, usd(1));
    await books.sync();
    const whole = followBooks(rpc, address, 0);
    await whole.sync();
    const now = await world.time.latest();
    expect(books.state(now)).to.deep.equal(whole.state(now));
    expect(books.state(now).accounts.has(idOf(world.dave))).to.equal(false);
    expect(reasons).to.have.length(1);
    expect(reasons[0]).to.match(/block \d+ is not on the chain any more/);
    store.close();

    const kept = openBookStore(file);
    await rpc("evm_mine");
    const after = followBooks(rpc, address, 0, { store: kept, onAnew: (reason) => reasons.push(reason) });
    await after.sync();
    expect(reasons).to.have.length(1);
    kept.close();
  });

  it("behavior: books of another vault or chain are put away, with what waited there", async () => {
    const world = await traded();
    const address = await world.vault.getAddress();
    const store = openBookStore(file);
    await followBooks(rpcOf(world), address, 0, { store }).sync();
    expect(store.accounts().length).to.be.greaterThan(2);
    store.setPending("0xab", [{ nonce: 1, fees: { maxFee: 1n, tip: 1n }, hashes: ["0x01"], sentAt: 1 }]);
    const other = await createWorld();
    const reasons: string[] = [];
    const sound = rpcOf(other);
    // two chains that begin in one second have one genesis
    const elsewhere: Rpc = async (method, params = []) => {
      const answer = await sound(method, params);
      return method === "eth_getBlockByNumber" && params[0] === "0x0" ? { ...(answer as object), hash: `0x${"0e".repeat(32)}` } : answer;
    };
    const books = followBooks(elsewhere, await other.vault.getAddress(), 0, { store, onAnew: (reason) => reasons.push(reason) });
    await books.sync();
    expect(reasons).to.deep.equal(["they were of another chain or vault"]);
    expect(books.state(0).accounts.has(idOf(world.alice))).to.equal(false);
    expect(store.pending("0xab")).to.deep.equal([]);
    const claimed = store.claim("a third");
    expect(claimed).to.equal(false);
    expect(store.cursor()).to.equal(undefined);
    expect(store.accounts()).to.deep.equal([]);
    store.close();
  });

  it("behavior: a node that refuses a long stretch is asked for shorter ones", async () => {
    const world = await traded();
    const sound = rpcOf(world);
    const [blocks, seen]: [number[], number[]] = [[], []];
    const rpc: Rpc = async (method, params = []) => {
      if (method === "eth_getLogs") {
        const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
        const count = Number(toBlock) - Number(fromBlock) + 1;
        if (count > 4) throw new RpcFailure({ method, code: -32_005, message: "query returned more than 10000 results" });
        blocks.push(count);
      }
      return sound(method, params);
    };
    const address = await world.vault.getAddress();
    const books = followBooks(rpc, address, 0, { onProgress: (block) => seen.push(block) });
    const events = await books.sync();
    expect(blocks.reduce((sum, each) => sum + each, 0)).to.equal(books.head().number + 1);
    expect(seen.length).to.equal(blocks.length - 1);
    expect(events).to.deep.equal(await followBooks(sound, address, 0).sync());
    expect(planLiquidations(books.state(books.head().time))).to.deep.equal([]);
  });

  it("default: every figure of an account comes back as it was", () => {
    const account: Account = {
      id: (2n ** 160n - 1n) << 96n,
      cash: -(2n ** 127n),
      moduleDifference: 0n,
      epoch: 2n ** 32n - 1n,
      positions: new Map([
        [0, { lots: -(2n ** 37n), fundingIndex: 2n ** 95n - 1n, entryCost: -(2n ** 95n) }],
        [31, { lots: 1n, fundingIndex: 0n, entryCost: 0n }],
      ]),
      series: new Map([
        [
          31,
          [
            { instrument: 2n ** 16n - 1n, lots: -(2n ** 44n), entryCost: -(2n ** 127n) },
            { instrument: 0x0101n, lots: 1n, halvings: 7n },
          ],
        ],
      ]),
      collateral: new Map([[2, 2n ** 128n - 1n]]),
      operators: new Map(),
      exchangeSince: 1_795_600_000n,
    };
    let store = openBookStore(file);
    store.claim("x");
    store.advance({ block: 12, hash: "0x34" }, [account.id, 5n]);
    store.save([account]);
    const pending = [
      { nonce: 3, fees: { maxFee: 2n ** 90n, tip: 1n }, hashes: ["0x01", "0x02"], sentAt: 11 },
      { nonce: 4, fees: { maxFee: 7n, tip: 2n ** 80n }, hashes: ["0x03"], sentAt: 12 },
    ];
    store.setPending("0xab", pending);
    store.close();
    store = openBookStore(file);
    expect(store.claim("x")).to.equal(true);
    expect(store.cursor()).to.deep.equal({ block: 12, hash: "0x34" });
    expect(store.accounts()).to.deep.equal([account]);
    expect(store.unread()).to.deep.equal([5n]);
    expect(store.pending("0xab")).to.deep.equal(pending);
    // what it no longer holds is gone
    store.save([{ ...account, positions: new Map(), series: new Map(), collateral: new Map() }]);
    expect(store.accounts()[0]?.positions.size).to.equal(0);
    expect(store.accounts()[0]?.series.size).to.equal(0);
    expect(store.accounts()[0]?.collateral.size).to.equal(0);
    store.close();
  });

  it("args: a file in use, of another program, or no database at all is refused and left as it is", () => {
    const store = openBookStore(file);
    expect(() => openBookStore(file)).to.throw(/is in use by another keeper/);
    store.close();
    const foreign = join(folder, "foreign.sqlite");
    const db = new DatabaseSync(foreign);
    db.exec("CREATE TABLE accounts (name TEXT)");
    db.close();
    expect(() => openBookStore(foreign)).to.throw(/is the database of another program/);
    const text = join(folder, "notes.txt");
    writeFileSync(text, "a text that is long enough to be no database whatever one thinks of it, line after line\n".repeat(20));
    expect(() => openBookStore(text)).to.throw(/cannot be opened as a database/);
    expect(() => openBookStore(join(folder, "nowhere", "keeper.sqlite"))).to.throw(/cannot be opened as a database/);
    const still = new DatabaseSync(foreign);
    expect(still.prepare("SELECT count(*) AS n FROM accounts").get()?.n).to.equal(0);
    still.close();
  });
});
