import { expect } from "chai";
import type { Action } from "../../src/engine/actions/execute.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { abs, WAD } from "../../src/engine/types/fixedPoint.ts";
import { STRIKE_ZERO } from "../../src/engine/types/instrument.ts";
import type { AccountId, State } from "../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../src/engine/types/types.ts";
import { atPrice, liquidationPrices } from "../../src/sdk/liquidationPrices.ts";
import { figuresOf, standings } from "../../src/sdk/standing.ts";
import type { MarginLens } from "../../typechain-types/index.ts";
import { deployContract } from "../helpers/deploy.ts";
import { sliceOf } from "../helpers/options/series.ts";
import { DAY, spanAt } from "../helpers/seriesWorld.ts";
import { named, SeriesChain, tradeOf } from "../helpers/walks/seriesChain.ts";

const LISTING = { base: 1_500n, step: 100n, decimals: 13n, count: 10n, depth: 10_000_000n, volatilityCap: 200n };
const UNIT = 100_000n; // lots
const HOUR = 3_600n;

const call = (strike: bigint, series = 1): bigint => named(0, series, (strike - 1_500n) / 100n);
const put = (strike: bigint, series = 1): bigint => named(0, series, (strike - 1_500n) / 100n, false);
const future = named(0, 1, STRIKE_ZERO);

type Held = readonly (readonly [instrument: bigint, lots: bigint])[];

describe("liquidation prices", function () {
  this.timeout(600_000);
  let world: SeriesChain;
  let [taker, maker] = [0n, 0n];

  beforeEach(async () => {
    world = await SeriesChain.create(4);
    [taker, maker] = world.owners.map((owner) => accountIdOf(owner)) as [AccountId, AccountId];
    // what follows is within one hour: the first post of an hour would move the held range
    world.pass(HOUR - (world.state.now % HOUR) + 60n);
    for (const [series, days] of [
      [1, 30n],
      [2, 60n],
    ] as const) {
      world.pass(1n);
      const expiry = world.state.now + days * DAY;
      await world.step(world.list(0, { series: BigInt(series), expiry, ...LISTING }), "", []);
      await post(world, 2_000n * WAD);
      world.pass(1n);
      const { now } = world.state;
      const slice = sliceOf(0.6, Number(spanAt(expiry, now)));
      await world.step(world.slice(0, series, { sliceWord: slice, basis: 1_000_000n, publishTime: now }), "", []);
    }
    for (const series of [1, 2]) {
      world.pass(1n);
      await world.step(world.refresh(0, series), "", []);
    }
    await deposit(world, maker, SETTLEMENT, 900_000n * 10n ** 6n);
  });

  const cases: [title: string, dollars: bigint, ether: bigint, held: Held, found: "low" | "high" | "both" | "none"][] = [
    ["calls sold", 700n, 0n, [[call(2_100n), -2n * UNIT]], "high"],
    ["puts sold", 600n, 0n, [[put(1_900n), -2n * UNIT]], "both"],
    [
      "a strangle sold",
      1_200n,
      0n,
      [
        [call(2_200n), -2n * UNIT],
        [put(1_800n), -2n * UNIT],
      ],
      "both",
    ],
    [
      "a spread",
      420n,
      0n,
      [
        [call(2_000n), -2n * UNIT],
        [call(2_100n), 2n * UNIT],
      ],
      "high",
    ],
    [
      "a calendar spread with the perpetual against it",
      900n,
      0n,
      [
        [call(2_000n), -3n * UNIT],
        [call(2_000n, 2), 3n * UNIT],
        [0n, -UNIT],
      ],
      "high",
    ],
    [
      "a covered call on ether as collateral, with futures",
      0n,
      WAD / 2n,
      [
        [call(2_200n), -UNIT],
        [future, UNIT],
      ],
      "low",
    ],
    [
      "a condor with wings of half its size",
      9_000n,
      0n,
      [
        [put(1_700n), 3n * UNIT],
        [put(1_900n), -6n * UNIT],
        [call(2_100n), -6n * UNIT],
        [call(2_300n), 3n * UNIT],
      ],
      "high",
    ],
  ];

  for (const [title, dollars, ether, held, found] of cases) {
    it(`behavior: of ${title}: a unit of the price decides, and the vault says the same when it is posted`, async () => {
      await hold(world, taker, maker, dollars, ether, held);
      const before = liquidationPrices(world.state, taker, 0);
      expect(sideOf(before)).to.equal(found);
      let near = 0;
      for (const side of ["low", "high"] as const) {
        const [far, beyond] = [before[side], side === "low" ? -1n : 1n];
        if (far === undefined) continue;
        const { price: present = 0n } = world.state.underlyings[0] ?? {};
        expect(far > present === beyond > 0n, "below is below, above above").to.equal(true);
        expect(isHealthy(atPrice(world.state, 0, far), taker)).to.equal(true);
        expect(isHealthy(atPrice(world.state, 0, far + beyond), taker)).to.equal(false);
        // nothing between the present price and it is below the line
        for (let part = 1n; part < 16n; part++)
          expect(isHealthy(atPrice(world.state, 0, present + ((far - present) * part) / 16n), taker), `${part} of 16`).to.equal(true);
        if (far > 2n * present) continue;
        near++;
        const [state, snapshot] = [world.state, await world.chain.request("evm_snapshot", [])];
        await approach(world, far);
        // as of the block in which the price will be posted: by then options have lost a second of their time
        world.pass(1n);
        const { [side]: last = 0n } = liquidationPrices(world.state, taker, 0);
        for (const [price, healthy] of [
          [last, true],
          [last + beyond, false],
        ] as const)
          await posted(world, price, async () => {
            // the step compared every figure of the account with the vault's
            expect(isHealthy(world.state, taker), String(price)).to.equal(healthy);
            expect(await liquidated(world, taker, maker)).to.equal(healthy ? "AccountHealthy" : "");
          });
        await world.chain.request("evm_revert", [snapshot]);
        world.state = state;
      }
      expect(near, "prices that were posted").to.be.greaterThan(0);
    });
  }

  it("behavior: options on one underlying leave a liquidation price of another", async () => {
    await hold(world, taker, maker, 3_000n, 0n, [
      [call(2_200n), -UNIT],
      [1n, 200_000n],
    ]);
    const { low, high } = liquidationPrices(world.state, taker, 1);
    expect(high).to.equal(undefined);
    expect(isHealthy(atPrice(world.state, 1, low ?? 0n), taker)).to.equal(true);
    expect(isHealthy(atPrice(world.state, 1, (low ?? 0n) - 1n), taker)).to.equal(false);
  });

  it("behavior: the lens refuses to say what it cannot price, and answers for other underlyings and for who is below the line", async () => {
    await hold(world, taker, maker, 1_300n, 0n, [
      [call(2_200n), -3n * UNIT],
      [1n, 60_000n],
    ]);
    const lens = await deployContract<MarginLens>(world.deployment.connection, "MarginLens", world.chain.vaultAddress);
    // it and its library took a block each
    world.pass(9n);
    await expect(lens.liquidationPrices(taker, 0)).to.be.revertedWithCustomError(lens, "SeriesHeld").withArgs(taker, 0);
    const [low] = await lens.liquidationPrices(taker, 1);
    expect(low > 0n && low < (world.state.underlyings[1]?.price ?? 0n)).to.equal(true);
    // below the line no price is searched: the mark stands for both
    const { high = 0n } = liquidationPrices(world.state, taker, 0);
    await approach(world, (high * 105n) / 100n);
    const { price } = world.state.underlyings[0] ?? {};
    expect(liquidationPrices(world.state, taker, 0).isBelow).to.equal(true);
    expect([...(await lens.liquidationPrices(taker, 0))]).to.deep.equal([price, price]);
  });

  it("args: below the line, without anything, and of what has no price", async () => {
    await hold(world, taker, maker, 900n, 0n, [[call(2_100n), -2n * UNIT]]);
    const { high = 0n } = liquidationPrices(world.state, taker, 0);
    expect(liquidationPrices(atPrice(world.state, 0, high + 1n), taker, 0)).to.deep.equal({
      isBelow: true,
      low: undefined,
      high: undefined,
    });
    const nobody = accountIdOf(world.owners[3] ?? "");
    expect(liquidationPrices(world.state, nobody, 0)).to.deep.equal({ isBelow: false, low: undefined, high: undefined });
    expect(() => liquidationPrices(world.state, taker, 7)).to.throw(RangeError, "underlying 7 has no price");
  });
});

function sideOf({ low, high }: ReturnType<typeof liquidationPrices>): string {
  if (low === undefined) return high === undefined ? "none" : "high";
  return high === undefined ? "low" : "both";
}

/** What the vault answers to a liquidation in the latest block: nothing where it would sell, else the name of its error. */
async function liquidated(world: SeriesChain, account: AccountId, keeper: AccountId): Promise<string> {
  const { interface: face } = world.deployment.vault;
  const data = face.encodeFunctionData("liquidate", [account, keeper]);
  const call = { from: world.owners[1], to: world.chain.vaultAddress, data, gas: "0xfff000" };
  return world.chain.request("eth_call", [call, "latest"]).then(
    () => "",
    (error: { data?: string }) => face.parseError(error.data ?? "0x")?.name ?? "unknown",
  );
}

/** Posts prices, each nearer, until a fiftieth of the price is left: the guard takes no larger step at once. */
async function approach(world: SeriesChain, price: bigint): Promise<void> {
  for (let at = world.state.underlyings[0]?.price ?? 0n; abs(price - at) * 50n > at; ) {
    const step = at / 50n;
    at += price > at ? step : -step;
    await post(world, at * UNIT);
    expect(world.state.underlyings[0]?.price).to.equal(at);
  }
}

function isHealthy(state: State, account: AccountId): boolean {
  const [standing] = standings(state, [account]);
  if (standing === undefined) throw new RangeError("no such account");
  const { figures, maintenance } = standing;
  expect(figures).to.deep.equal(figuresOf(state, account));
  return figures.equity >= maintenance;
}

async function hold(world: SeriesChain, account: AccountId, maker: AccountId, dollars: bigint, ether: bigint, held: Held): Promise<void> {
  if (dollars > 0n) await deposit(world, account, SETTLEMENT, dollars * 10n ** 6n);
  if (ether > 0n) await deposit(world, account, 0, ether);
  await post(world, 2_000n * WAD);
  if (held.some(([instrument]) => (instrument & 0xffn) === 1n)) await post(world, 40_000n * WAD, 1);
  world.pass(1n);
  const fills = held.map(([instrument, lots]) => {
    const { mark } = marketOf(new Draft(world.state), instrument);
    return { maker, instrument, lots, price: mark, takerFee: 0n, makerFee: 0n };
  });
  const owner = world.owners[0] ?? "";
  const answer = await world.step(world.actions(owner, [tradeOf(account, fills)]), "hold");
  expect("events" in answer && answer.events.map(({ name }) => name)).to.deep.equal(held.map(() => "Filled"));
}

async function deposit(world: SeriesChain, account: AccountId, token: number, amount: bigint): Promise<void> {
  world.pass(1n);
  const owner = world.owners.find((each) => accountIdOf(each) === account) ?? "";
  const action: Action = { kind: "Deposit", account, token, amount };
  await world.step(world.actions(owner, [action]), "deposit", []);
}

async function post(world: SeriesChain, price: bigint, underlying = 0): Promise<void> {
  world.pass(1n);
  await world.step(world.post(underlying, price), "post", []);
}

/** The world with a price of a lot posted now; afterwards it is as before. */
async function posted(world: SeriesChain, price: bigint, then: () => Promise<void>): Promise<void> {
  const [before, snapshot] = [world.state, await world.chain.request("evm_snapshot", [])];
  const range = before.underlyings[0]?.heldRange;
  await world.step(world.post(0, price * UNIT), `price ${price}`);
  expect(world.state.underlyings[0]?.price).to.equal(price);
  expect(world.state.underlyings[0]?.heldRange, "held range").to.equal(range);
  await then();
  await world.chain.request("evm_revert", [snapshot]);
  world.state = before;
}
