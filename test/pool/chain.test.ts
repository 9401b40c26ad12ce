import { expect } from "chai";
import { namedInstrument } from "../../src/engine/ledger/market.ts";
import type { Leg } from "../../src/engine/pool/figures.ts";
import { poolAccountOf, reserveOf } from "../../src/engine/pool/pool.ts";
import { claimOf } from "../../src/engine/pool/shares.ts";
import { accountIdOf, ownerOf } from "../../src/engine/types/accountId.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import { STRIKE_ZERO } from "../../src/engine/types/instrument.ts";
import type { AccountId } from "../../src/engine/types/types.ts";
import { deposit, open, PRICES } from "../helpers/comboWorld.ts";
import { Random } from "../helpers/random.ts";
import { type Order, PoolChain, perpetual, REWARD } from "../helpers/walks/poolChain.ts";
import { type Call, named } from "../helpers/walks/seriesChain.ts";

const STEPS = Number(process.env.PLIMSOLL_OPERATIONS ?? 40);
const WEIGHTS = [500_000n, 300_000n];
const TOKEN = 10n ** 6n;
const KINDS = ["trade", "commit", "deposit", "request", "pay", "claim", "rebalance", "post", "refresh", "wait"] as const;
type Kind = (typeof KINDS)[number];

describe("the pool on the chain and in the engine", function () {
  this.timeout(600_000);
  let world: PoolChain;
  let taker: AccountId;

  before(async () => {
    world = await PoolChain.create(3, WEIGHTS);
    const { chain } = world;
    taker = accountIdOf(chain.owners[0]!);
    await open(chain, 1, 30n);
    await open(chain, 2, 2n);
    chain.pass(1n);
    await chain.step(chain.post(1, PRICES[1]));
    for (const owner of chain.owners) await deposit(chain, accountIdOf(owner), 200_000n);
    await world.step(world.deposit(chain.owners[2]!, 1_000_000n * TOKEN));
    for (const underlying of [0, 1]) await world.step(world.rebalance(chain.owners[1]!, underlying));
  });

  it("default: a perpetual is bought and sold back, a fill that the vault refuses reverts, and the book stays", async () => {
    expect(await world.step(world.trade(taker, perpetual(0, 2_000_000n)))).to.have.property("events");
    expect(await world.step(world.trade(taker, perpetual(0, -2_000_000n)))).to.have.property("events");
    const { charged } = await world.contract.bookOf(0);
    // less than the least position
    expect(await world.step(world.trade(taker, perpetual(0, 1n)))).to.deep.equal({ reverted: "FillRefused" });
    expect((await world.contract.bookOf(0)).charged).to.equal(charged);
  });

  it("default: a committed order is filled by anyone at a newer price, once, within thirty seconds", async () => {
    const { chain, contract } = world;
    const order = world.orderOf(taker, perpetual(0, 1_000_000n));
    const committed = await commit(world, order);
    const digest = await digestOf(world, order);
    expect(await contract.committedAt(digest)).to.equal(committed);
    const keeper = chain.owners[1]!;
    expect(String(await commit(world, order).catch(String))).to.include("AlreadyCommitted");
    expect(await world.step(world.fill(order, committed, keeper))).to.deep.equal({ reverted: "PriceNotNewer" });
    chain.pass(1n);
    await chain.step(chain.post(0, PRICES[0]));
    const { settlement } = chain.deployment;
    const before = await settlement.balanceOf(keeper);
    expect(await world.step(world.fill(order, committed, keeper))).to.have.property("events");
    expect((await settlement.balanceOf(keeper)) - before).to.equal(REWARD);
    const again = contract.connect(await chain.deployment.connection.ethers.getSigner(keeper)).fill(order);
    await expect(again).to.be.revertedWithCustomError(contract, "NotCommitted").withArgs(digest);
    chain.state = { ...chain.state, now: await chain.chain.now() };
  });

  it("behavior: a commitment that lapsed is filled by nobody, and its reward goes to the shareholders", async () => {
    const { chain, contract } = world;
    const order = world.orderOf(taker, perpetual(0, 1_000_000n), 0n, 7n);
    await expect(contract.commit(order)).to.be.revertedWithCustomError(chain.deployment.vault, "NotAuthorised");
    const committed = await commit(world, order);
    const digest = await digestOf(world, order);
    const { networkHelpers } = chain.deployment.connection;
    await expect(contract.endCommitment(digest))
      .to.be.revertedWithCustomError(contract, "CommitmentOpen")
      .withArgs(committed + 30n);
    await networkHelpers.time.increaseTo(committed + 31n);
    await expect(contract.fill(order)).to.be.revertedWithCustomError(contract, "CommitmentTooOld");
    const before = await contract.totalAssets();
    await contract.endCommitment(digest);
    expect((await contract.totalAssets()) - before).to.equal(REWARD);
    await expect(contract.endCommitment(digest)).to.be.revertedWithCustomError(contract, "NotCommitted");
    await resume(world);
  });

  it("default: a redemption waits for a newer price, and is paid out of the accounts where the reserve is short", async () => {
    const { chain } = world;
    const backer = chain.owners[2]!;
    expect(await world.step(world.trade(taker, perpetual(0, 2_000_000n)))).to.have.property("events");
    const held = world.pool.shares.get(backer) ?? 0n;
    expect(await world.step(world.request(backer, held / 2n))).to.have.property("events");
    expect(await world.step(world.pay(ownerOf(taker), 1))).to.deep.equal({ reverted: "NothingToDo" });
    for (const underlying of [0, 1]) await world.step(chain.post(underlying, PRICES[underlying]!));
    const before = world.world;
    expect(await world.step(world.pay(ownerOf(taker), 1))).to.have.property("events");
    // more than the reserve had
    const { assets } = claimOf(world.pool, backer);
    expect(assets * 10n ** 12n > (before.vault.accounts.get(reserveOf(world.pool))?.cash ?? 0n)).to.equal(true);
    expect(await world.step(world.redeem(backer, claimOf(world.pool, backer).shares))).to.have.property("events");
    expect(await world.step(world.deposit(backer, assets))).to.have.property("events");
    // what is worth less than a unit is not in the way of who is behind it
    for (const shares of [1n, held / 100n]) await world.step(world.request(backer, shares));
    chain.pass(1n);
    for (const underlying of [0, 1]) await world.step(chain.post(underlying, PRICES[underlying]!));
    await world.step(world.pay(ownerOf(taker), 2));
    expect(world.pool.requests.size).to.equal(0);
    for (const underlying of [0, 1]) await world.step(world.rebalance(backer, underlying));
  });

  it("standard: what ERC-4626 and ERC-7540 ask of the asynchronous side, of allowances and operators", async () => {
    const { chain, contract } = world;
    const { ethers } = chain.deployment.connection;
    const [other, operator, backer] = await Promise.all(chain.owners.map((owner) => ethers.getSigner(owner)));
    if (other === undefined || operator === undefined || backer === undefined) throw new Error("three owners");
    for (const id of ["0x01ffc9a7", "0xe3bc4e65", "0x620ee8e4", "0x2f0a18c5"]) expect(await contract.supportsInterface(id)).to.equal(true);
    for (const id of ["0xce3bbe50", "0xffffffff"]) expect(await contract.supportsInterface(id)).to.equal(false);
    await expect(contract.previewRedeem(0)).to.be.revertedWithCustomError(contract, "PreviewOfRequest");
    await expect(contract.previewWithdraw(0)).to.be.revertedWithCustomError(contract, "PreviewOfRequest");
    await expect(contract.connect(other).requestRedeem(1, other, backer)).to.be.revertedWithCustomError(
      contract,
      "ERC20InsufficientAllowance",
    );
    await expect(contract.connect(backer).requestRedeem(0, backer, backer)).to.be.revertedWithCustomError(contract, "NothingGiven");
    await expect(contract.connect(operator).redeem(0, operator, backer)).to.be.revertedWithCustomError(contract, "NotOperator");
    await contract.connect(backer).setOperator(operator, true);
    await expect(contract.connect(operator).redeem(0, operator, backer)).to.be.revertedWithCustomError(contract, "NothingGiven");
    expect(await contract.isOperator(backer, operator)).to.equal(true);
    await contract.connect(backer).setOperator(operator, false);
    expect([await contract.share(), await contract.decimals()]).to.deep.equal([await contract.getAddress(), 18n]);
    await expect(contract.trade({ actor: other, account: taker }, "0x")).to.be.revertedWithCustomError(contract, "CallerNotVault");
    await resume(world);
  });

  it("property: any mix of trades, commitments, deposits, redemptions and rebalances leaves both alike, to the unit", async () => {
    const random = new Random(Number(process.env.PLIMSOLL_SEED ?? 2_024));
    const done = new Map<string, number>();
    for (let i = 0; i < STEPS; i++) {
      // each kind at least every second round
      const kind = i % 20 < KINDS.length ? KINDS[i % 20]! : random.pick(KINDS);
      const [call, seconds] = await callOf(world, random, kind);
      const answer = call === undefined ? undefined : await world.step(call, seconds);
      if (answer !== undefined && "events" in answer) done.set(kind, (done.get(kind) ?? 0) + 1);
    }
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(done);
    for (const kind of ["trade", "commit", "deposit", "request", "pay", "claim", "rebalance"]) {
      expect(done.get(kind) ?? 0, kind).to.be.greaterThan(0);
    }
  });
});

async function callOf(world: PoolChain, random: Random, kind: Kind): Promise<[call: Call | undefined, seconds: bigint]> {
  const { chain, pool } = world;
  const owner = random.pick(chain.owners);
  const account = accountIdOf(owner);
  const seconds = BigInt(1 + random.below(4));
  switch (kind) {
    case "trade":
      return [plausible(world, random, (legs) => world.trade(account, legs)).call, seconds];
    case "commit": {
      const { priceTime } = chain.state.underlyings[0]!;
      const filled = (legs: readonly Leg[]): Call => world.fill(world.orderOf(account, legs, undefined, salt), priceTime - 60n, owner);
      const salt = random.bigBelow(1n << 60n);
      const order = world.orderOf(account, plausible(world, random, filled).legs, undefined, salt);
      const committed = await commit(world, order);
      await fresh(world, random);
      return [world.fill(order, committed, random.pick(chain.owners)), seconds];
    }
    case "deposit":
      return [world.deposit(owner, random.part(200_000n * TOKEN, 0, 1)), seconds];
    case "request":
      return [world.request(owner, random.chance(0.1) ? 1n : random.part(pool.shares.get(owner) ?? 0n, 0.01, 0.4)), seconds];
    case "pay":
      if (pool.requests.size === 0) await world.step(world.request(chain.owners[2]!, random.part(10n ** 23n, 0.5, 1)));
      await fresh(world, random);
      return [world.pay(owner, 1 + random.below(3)), seconds];
    case "claim": {
      const holder = chain.owners.find((each) => claimOf(pool, each).shares !== 0n) ?? owner;
      const { shares, assets } = claimOf(pool, holder);
      if (random.chance(0.5)) return [world.redeem(holder, random.chance(0.4) ? shares : random.part(shares, 0, 1.1)), seconds];
      return [world.withdraw(holder, random.chance(0.4) ? assets : random.part(assets, 0, 1.1)), seconds];
    }
    case "rebalance":
      return [rebalancing(world, random, owner), seconds];
    case "post":
      await fresh(world, random);
      return [undefined, 0n];
    case "refresh":
      return [chain.refresh(0, 1 + random.below(2)), seconds];
    case "wait":
      chain.pass(BigInt(random.below(400)));
      return [undefined, 0n];
  }
}

/** Prices of both underlyings, near those of before, and sometimes words anew. */
async function fresh(world: PoolChain, random: Random): Promise<void> {
  const { chain } = world;
  for (const underlying of [0, 1]) {
    const { price, lotExponent } = chain.state.underlyings[underlying]!;
    const next = (price * 10n ** BigInt(lotExponent) * BigInt(9_950 + random.below(101))) / 10_000n;
    await world.step(chain.post(underlying, next));
  }
  if (random.chance(0.7)) for (const series of [1, 2]) await world.step(chain.refresh(0, series));
}

/** Of an underlying that is far from its weight, if there is one. */
function rebalancing(world: PoolChain, random: Random, owner: string): Call {
  const calls = [0, 1, 2].map((underlying) => world.rebalance(owner, underlying));
  return calls.find((call) => !(world.chain.attempt(call) instanceof Reverted)) ?? random.pick(calls);
}

/** Of a few draws the first to which the engine agrees, or the last. */
function plausible(world: PoolChain, random: Random, make: (legs: readonly Leg[]) => Call): { readonly legs: Leg[]; readonly call: Call } {
  for (let tries = 0; ; tries++) {
    const legs = legsOf(world, random);
    const call = make(legs);
    if (tries === 8 || !(world.chain.attempt(call) instanceof Reverted)) return { legs, call };
  }
}

function legsOf(world: PoolChain, random: Random): Leg[] {
  const lotsOf = (held: bigint): bigint => {
    if (held !== 0n && random.chance(0.5)) return random.chance(0.5) ? held : random.part(held, 0.3, 1.2);
    const lots = random.part(4_000_000n, 0.01, random.chance(0.2) ? 4 : 0.5);
    return random.chance(0.5) ? lots : -lots;
  };
  const { chain, pool } = world;
  const accountOf = (underlying: number) => chain.state.accounts.get(poolAccountOf(pool, underlying));
  if (random.chance(0.4)) {
    const underlying = random.below(2);
    return perpetual(underlying, lotsOf(accountOf(underlying)?.positions.get(underlying)?.lots ?? 0n));
  }
  const held = accountOf(0)?.series.get(0) ?? [];
  const legs = new Map<bigint, bigint>();
  for (let i = 1 + random.below(3); i > 0; i--) {
    if (held.length !== 0 && random.chance(0.5)) {
      const { instrument, lots } = random.pick(held);
      legs.set(namedInstrument(0, instrument), lotsOf(lots));
      continue;
    }
    const series = 1 + random.below(2);
    const instrument = random.chance(0.25) ? named(0, series, STRIKE_ZERO) : named(0, series, BigInt(random.below(10)), random.chance(0.5));
    const lots = random.part(300_000n, 0.05, 1);
    legs.set(instrument, random.chance(0.5) ? lots : -lots);
  }
  return [...legs].map(([instrument, lots]) => ({ instrument, lots }));
}

/** Commits an order, by the owner of its account; returns when. The engine knows of commitments by their times alone. */
async function commit(world: PoolChain, order: Order): Promise<bigint> {
  const { chain, contract } = world;
  chain.pass(1n);
  const data = contract.interface.encodeFunctionData("commit", [order]);
  const answer = await chain.chain.send(ownerOf(order.account), data, chain.state.now, world.address);
  if (!answer.ok) throw new Error(`commit: ${answer.errorName}`);
  return chain.state.now;
}

async function digestOf(world: PoolChain, order: Order): Promise<string> {
  const events = await world.contract.queryFilter(world.contract.filters.Committed(order.account));
  return events.at(-1)!.args.digest;
}

/** The engine goes on where the chain was moved past it. */
async function resume(world: PoolChain): Promise<void> {
  const { chain } = world;
  const now = await chain.chain.now();
  chain.state = { ...(await chain.chain.readState(now)), underlyings: chain.state.underlyings };
  await world.step(chain.post(0, PRICES[0]), 1n);
  await world.step(chain.post(1, PRICES[1]), 1n);
}
