import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { bookOf, type World } from "../../src/engine/pool/pool.ts";
import { rebalance } from "../../src/engine/pool/rebalance.ts";
import { payRequests, poolDeposit, requestRedeem, VIRTUAL } from "../../src/engine/pool/shares.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import { sum, WAD } from "../../src/engine/types/fixedPoint.ts";
import { Random } from "../helpers/random.ts";
import { alice, BOB, bob, CAROL, repriced } from "../helpers/state.ts";
import {
  BACKER,
  CAPITAL,
  inventory,
  poolWorld,
  TRADERS,
  traded,
  tried,
  values,
  waited,
  withParameters,
  withVault,
  worth,
} from "./fixture.ts";

const START = poolWorld();
const perpetual = (lots: bigint, underlying = 0n) => [{ instrument: underlying, lots }];
const LOTS = 5_000n;

/** What a share is worth at E − Q, 10^-36 of a unit. */
function mid({ pool, vault }: World): bigint {
  const { reserve, accounts } = values({ pool, vault });
  return ((reserve + sum(accounts.map(({ free }) => free)) + 1n) * WAD) / (pool.supply + VIRTUAL);
}

const lowerShare = (world: World): bigint => ((values(world).lower + 1n) * WAD) / (world.pool.supply + VIRTUAL);
const upperShare = (world: World): bigint => ((values(world).upper + 1n) * WAD) / (world.pool.supply + VIRTUAL);

function attempt<T extends World>(world: World, change: () => T): World {
  try {
    const { vault, pool } = change();
    return { vault, pool };
  } catch (error) {
    if (error instanceof Reverted) return world;
    throw error;
  }
}

const seeds = fc.integer({ min: 1, max: 2 ** 31 - 1 });

describe("shares of the pool", function () {
  this.timeout(60_000);

  it("default: who deposits pays the upper net asset value, who leaves is paid the lower, at a price published after", () => {
    const { world } = traded(START, alice, perpetual(20_000_000n));
    const before = values(world);
    expect(before.upper > before.lower).to.equal(true);
    const { minted, ...rich } = poolDeposit(world, BOB, 100_000n * WAD, BOB);
    expect(minted).to.equal((100_000n * WAD * (world.pool.supply + VIRTUAL)) / (before.upper + 1n));
    const asked = requestRedeem(rich, BOB, minted, BOB);
    expect(() => payRequests(asked, 1)).to.throw("NothingToDo");
    const later = waited(asked, 1n);
    const paid = payRequests(later, 1);
    expect(paid.pool.claimable.get(BOB)?.assets).to.equal((minted * (values(later).lower + 1n)) / (later.pool.supply + VIRTUAL));
    expect(paid.pool.requests.size).to.equal(0);
  });

  it("behavior: a queue that is short is paid first in, first out, the first in part, and those behind it wait", () => {
    const { world } = traded(START, alice, perpetual(80_000_000n));
    const { pool } = world;
    const half = (pool.shares.get(BACKER) ?? 0n) / 2n;
    const first = requestRedeem(world, BACKER, half + half / 2n, BOB);
    const second = requestRedeem(first, BACKER, half / 2n, CAROL);
    const paid = payRequests(waited(second, 1n), 9);
    expect([...paid.pool.requests.keys()]).to.deep.equal([0n, 1n]);
    expect(paid.pool.claimable.get(BOB)!.assets > 0n).to.equal(true);
    expect(paid.pool.claimable.has(CAROL)).to.equal(false);
    // what stays has its margin at three fifths of what is behind it
    const { margin, free } = values(paid).accounts[0]!;
    expect(margin * 1_000n > free * 599n && margin * 1_000n <= free * 600n).to.equal(true);
    // the inventory is closed, and both are paid
    const closed = traded(paid, alice, perpetual(-80_000_000n)).world;
    const all = payRequests(waited(closed, 1n), 9);
    expect(all.pool.requests.size).to.equal(0);
    expect(all.pool.claimable.get(CAROL)!.assets > 0n).to.equal(true);
  });

  it("behavior: a request that is worth less than a unit is not in the way of those behind it", () => {
    const dust = requestRedeem(START, BACKER, 1n, BOB);
    const asked = waited(requestRedeem(dust, BACKER, START.pool.supply / 2n, CAROL), 1n);
    const { pool } = payRequests(asked, 2);
    expect(pool.requests.size).to.equal(0);
    expect(pool.claimable.get(CAROL)!.assets > 0n).to.equal(true);
    expect(pool.claimable.get(BOB) ?? { shares: 0n, assets: 0n }).to.deep.equal({ shares: 0n, assets: 0n });
    expect(pool.supply).to.equal(START.pool.supply - 1n - START.pool.supply / 2n);
  });

  it("behavior: an account that is in need gets nothing of the reserve, and what it loses is all it has", () => {
    const { world } = traded(START, alice, perpetual(85_000_000n));
    const { price } = world.vault.underlyings[0]!;
    const rising = withVault(world, (vault) => repriced(vault, 0, (price * 120n) / 100n));
    expect(values(rising).accounts[0]!.free > 0n).to.equal(true);
    expect(() => rebalance(rising, 0)).to.throw("NothingToDo");
    const lost = withVault(world, (vault) => repriced(vault, 0, price * 2n));
    const { accounts, lower, reserve } = values(lost);
    expect(accounts[0]!.equity < 0n).to.equal(true);
    expect(lower).to.equal(reserve + accounts[1]!.lower);
    expect(() => rebalance(lost, 0)).to.throw("NothingToDo");
  });

  it("behavior: what the vault would not let go stays, and the queue is paid out of the rest", () => {
    const { world } = traded(START, alice, perpetual(80_000_000n));
    const asked = waited(requestRedeem(world, BACKER, (world.pool.supply * 9n) / 10n, BOB), 1n);
    const { price } = asked.vault.underlyings[0]!;
    // a target of three times the held range; a gain that is larger than what would be left
    const spiked = withVault(asked, (vault) => ({
      ...vault,
      underlyings: vault.underlyings.map((each) => ({ ...each, targetRange: 300_000_000n })),
    }));
    const gained = withVault(asked, (vault) => repriced(vault, 0, price / 4n));
    for (const [changed, loose] of [
      [spiked, false],
      [gained, true],
    ] as const) {
      expect(values(changed).accounts[0]!.loose > 0n).to.equal(loose);
      const paid = payRequests(changed, 1);
      expect(paid.pool.claimable.get(BOB)!.assets > 0n).to.equal(true);
      expect(values(paid).accounts[0]!.loose < 10n ** 6n && values(paid).accounts[1]!.loose < 10n ** 6n).to.equal(true);
    }
  });

  it("behavior: while value is lost for good nobody comes in, and who goes is paid his part of the rest", () => {
    const lost = withVault(waited(requestRedeem(START, BACKER, START.pool.supply / 10n, BOB), 1n), (vault) => {
      const account = vault.accounts.get(alice)!;
      const deficit = 1_000_000n * WAD;
      return { ...vault, deficit, accounts: new Map(vault.accounts).set(alice, { ...account, cash: account.cash + deficit }) };
    });
    expect(() => poolDeposit(lost, BOB, CAPITAL, BOB)).to.throw("DeficitOutstanding");
    const { settlement, deficit } = lost.vault;
    const due = (lost.pool.requests.get(0n)!.shares * (values(lost).lower + 1n)) / (lost.pool.supply + VIRTUAL);
    expect(payRequests(lost, 1).pool.claimable.get(BOB)?.assets).to.equal((due * settlement) / (settlement + deficit));
  });

  it("behavior: capital that comes in makes no quote cheaper at once, what leaves makes it dearer", () => {
    // nobody has traded for a day
    const world = waited(traded(START, alice, perpetual(20_000_000n)).world, 86_400n);
    const rich = poolDeposit(world, BOB, 10n * CAPITAL, BOB);
    const moved = rebalance(rich, 0);
    expect(moved.amount > CAPITAL).to.equal(true);
    expect(traded(moved, bob, perpetual(5_000_000n)).paid).to.equal(traded(world, bob, perpetual(5_000_000n)).paid);
    expect(traded(waited(moved, 86_400n), bob, perpetual(5_000_000n)).paid < traded(world, bob, perpetual(5_000_000n)).paid).to.equal(true);
    const poor = payRequests(waited(requestRedeem(world, BACKER, (world.pool.supply * 4n) / 10n, BACKER), 1n), 1);
    expect(bookOf(poor.pool, 0).capital < bookOf(world.pool, 0).capital).to.equal(true);
    expect(traded(poor, bob, perpetual(5_000_000n)).paid > traded(world, bob, perpetual(5_000_000n)).paid).to.equal(true);
  });

  it("behavior: neither who comes nor who goes gains by a price that its source has not said yet", () => {
    const threshold = 5_000n; // ppm
    for (const lots of [-85_000_000n, 85_000_000n]) {
      const { world } = traded(START, alice, perpetual(lots));
      // the narrowest range: least of the price is hidden by the margin
      const narrow = withVault(world, (vault) => ({
        ...vault,
        underlyings: vault.underlyings.map((each) => ({ ...each, heldRange: 50_000_000n, targetRange: 50_000_000n })),
      }));
      const { price } = narrow.vault.underlyings[0]!;
      for (const sign of [1n, -1n]) {
        const said = withVault(narrow, (vault) => repriced(vault, 0, price + (sign * price * threshold) / 1_000_000n));
        expect(upperShare(narrow) >= mid(said)).to.equal(true);
        expect(lowerShare(narrow) <= mid(said)).to.equal(true);
      }
    }
  });

  it("property: trades never lower what shares are worth, and neither net asset value by which others come and go", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        let world = withParameters(START, { wide: 2n });
        for (let i = 0; i < 8; i++) {
          const lots = LOTS * BigInt(random.below(34_000) - 17_000);
          const step = lots === 0n ? undefined : tried(world, random.pick(TRADERS)[1], perpetual(lots));
          if (step === undefined) continue;
          expect(mid(step.world) >= mid(world)).to.equal(true);
          const [was, is] = [values(world), values(step.world)];
          const hidden = (is.accounts[0]!.margin - was.accounts[0]!.margin) / 10n;
          expect(is.upper - hidden + 2n >= was.upper).to.equal(true);
          world = step.world;
        }
      }),
      { numRuns: 40 },
    );
  });

  it("property: those who stay never lose by those who come and go, and nobody gains by trading around them", () => {
    let [paidOut, moved] = [0, 0];
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        let world = withParameters(START, { wide: 0n });
        const opened = tried(world, TRADERS[2][1], perpetual(LOTS * BigInt(random.below(34_000) - 17_000) + LOTS));
        world = opened?.world ?? world;
        world = withVault(world, (vault) => repriced(vault, 0, random.part(vault.underlyings[0]!.price, 0.95, 1.05)));
        const begun = inventory(world);
        const others = { ...world };
        // alice and bob are one
        const wealth = (at: World): bigint => {
          const shares = sum([...at.pool.requests.values()].map(({ shares: each }) => each)) + (at.pool.shares.get(BOB) ?? 0n);
          return worth(at, alice) + worth(at, bob) + (shares * mid(at)) / WAD + (at.pool.claimable.get(BOB)?.assets ?? 0n) - given;
        };
        let given = 0n;
        const before = wealth(world);
        for (let i = 0; i < 8; i++) {
          const was = world;
          const action = random.below(5);
          if (action <= 1) {
            const lots = LOTS * BigInt(random.below(34_000) - 17_000);
            if (lots !== 0n) world = tried(world, random.chance(0.5) ? alice : bob, perpetual(lots))?.world ?? world;
          } else if (action === 2) {
            const amount = random.part(3n * CAPITAL, 0.01, 1);
            world = attempt(world, () => poolDeposit(world, BOB, amount, BOB));
            if (world !== was) given += amount;
          } else if (action === 3) {
            world = attempt(world, () => requestRedeem(world, BOB, random.part(world.pool.shares.get(BOB) ?? 0n, 0.3, 1), BOB));
            world = attempt(waited(world, 1n), () => payRequests(waited(world, 1n), 5));
            if (world.pool.claimable !== was.pool.claimable) paidOut++;
          } else {
            world = attempt(world, () => rebalance(world, random.below(2)));
            if (world !== was) moved++;
          }
          expect(mid(world) + 1n >= mid(was), `${action}`).to.equal(true);
        }
        const left = inventory(world) - begun;
        if (left !== 0n) {
          const back = tried(world, alice, perpetual(left));
          if (back === undefined) return;
          world = back.world;
        }
        // time passed: no more than the capital's rise of some seconds
        const seconds = world.vault.now - others.vault.now;
        const slack = (CAPITAL * seconds) / 86_400n / 50n;
        expect(wealth(world) <= before + slack, `${wealth(world) - before}`).to.equal(true);
      }),
      { numRuns: 120 },
    );
    expect(paidOut).to.be.greaterThan(30);
    expect(moved).to.be.greaterThan(30);
  });
});
