import { expect } from "chai";
import { execute } from "../../../src/engine/actions/execute.ts";
import { refreshOpenInterestCap, shedFund, topUpFund } from "../../../src/engine/actions/fund.ts";
import { liquidate } from "../../../src/engine/actions/liquidate.ts";
import { Draft, transact } from "../../../src/engine/ledger/draft.ts";
import { cover, draw, payBounty, reservedPart } from "../../../src/engine/margin/fundAccounts.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { shortfallOf } from "../../../src/engine/margin/shortfall.ts";
import { MOST_WEIGHTS } from "../../../src/engine/math/bounds.ts";
import { accountIdOf } from "../../../src/engine/types/accountId.ts";
import { abs, divUp, max, PPM, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, State } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { Random } from "../../helpers/random.ts";
import {
  ALICE,
  alice,
  BOB,
  bob,
  CAROL,
  carol,
  claimsOf,
  deposit,
  emptyState,
  FUND,
  later,
  repriced,
  trade,
  underlyingAt,
} from "../../helpers/state.ts";

const MAIN = accountIdOf(FUND);
const LENGTH = 86_400n;
const MARK = 2n * 10n ** 16n;
const MILLIONTH = 10n ** 12n;

/** A vault with five underlyings and a stake. */
function fiveMarkets(stake: bigint, changes: Partial<State["fundParameters"]> = {}): State {
  const base = emptyState();
  const underlyings = Array.from({ length: 5 }, () => underlyingAt(MARK, base.now));
  const fundParameters = { ...base.fundParameters, topUp: 200_000n, unweighted: 5n, ...changes };
  return emptyState({ underlyings, collaterals: [], fundParameters }, stake);
}

const stakeOf = (state: State): bigint => state.accounts.get(MAIN)?.cash ?? 0n;

/** What can still be drawn for anything at all, and the state after it. */
function drained(state: State, order: readonly number[]): { state: State; drawn: bigint } {
  const before = stakeOf(state);
  const after = transact(state, (draft) => {
    for (const u of order) {
      if (u === 5) cover(draft, alice, before, [], []);
      else if (u === 6) payBounty(draft, before, before);
      else draw(draft, BigInt(u), before);
    }
  }).state;
  return { state: after, drawn: before - stakeOf(after) };
}

describe("what leaves the main stake", () => {
  it("H-77 I-27 in any span of an epoch's length the stake loses at most its one cap, whoever draws what and when", () => {
    const random = new Random(77);
    let most = 0n;
    for (let round = 0; round < 60; round++) {
      const weights = Array.from({ length: 5 }, () => (random.chance(0.5) ? BigInt(random.below(180_000)) : 0n));
      const set = weights.filter((weight) => weight !== 0n);
      const parameters = {
        stakeCap: 100_000n + BigInt(random.below(900_001)),
        weights: set.reduce((sum, weight) => sum + weight, 0n),
        unweighted: 5n - BigInt(set.length),
        bountyCap: BigInt(random.below(1_000_000)) * 10_000n,
      };
      let state = fiveMarkets(1_000_000n * WAD, parameters);
      state = {
        ...state,
        underlyings: state.underlyings.map((each, u) => ({ ...each, fund: { ...each.fund, weight: weights[u] ?? 0n } })),
      };
      const drawn: { time: bigint; stake: bigint; base: bigint; amount: bigint; by: number }[] = [];
      for (let step = 0; step < 120; step++) {
        const wait = random.chance(0.6) ? BigInt(random.below(600)) : BigInt(random.below(Number(LENGTH) * 2));
        state = { ...state, now: state.now + wait };
        const by = random.below(7);
        const wanted = random.chance(0.3) ? stakeOf(state) : random.part(stakeOf(state), 0.0001, 0.3);
        const stake = stakeOf(state);
        state = transact(state, (draft) => {
          if (by === 5) cover(draft, alice, wanted, [], []);
          else if (by === 6) payBounty(draft, wanted, stake);
          else draw(draft, BigInt(by), wanted);
        }).state;
        // the stake as the epoch found it: what was drawn since is counted in millionths, rounded up
        const counted = drawn.filter(({ time }) => time >= state.now - (state.now % LENGTH)).map(({ amount }) => divUp(amount, MILLIONTH));
        const base = stake + counted.reduce((sum, each) => sum + each * MILLIONTH, 0n);
        drawn.push({ time: state.now, stake, base, amount: stake - stakeOf(state), by });
      }
      for (const [i, first] of drawn.entries()) {
        const within = drawn.slice(i).filter(({ time }) => time < first.time + LENGTH);
        const sum = (of: typeof drawn): bigint => of.reduce((total, { amount }) => total + amount, 0n);
        const cap = (first.stake * parameters.stakeCap) / PPM;
        expect(sum(within) <= cap, `round ${round}: ${sum(within)} of ${cap} from ${first.time}`).to.equal(true);
        for (let u = 0; u < 5; u++) {
          const own = within.filter(({ by, amount }) => by === u && amount !== 0n);
          const bound = own.map(({ base }) => base / 5n).reduce(max, 0n);
          expect(sum(own) <= bound, `round ${round}: underlying ${u} ${sum(own)} of ${bound}`).to.equal(true);
        }
        if (cap > 0n) most = (sum(within) * 100n) / cap > most ? (sum(within) * 100n) / cap : most;
      }
    }
    expect(most, "the cap was come near to, percent of it").to.be.greaterThan(85n);
  });

  it("H-77 two caps are not had by drawing at the end of an epoch and at the beginning of the next", () => {
    const start = fiveMarkets(1_000_000n * WAD);
    const everything = [0, 1, 2, 3, 4, 5, 6];
    const end = { ...start, now: start.now - (start.now % LENGTH) + LENGTH - 1n };
    const first = drained(end, everything);
    expect(first.drawn > 400_000n * WAD && first.drawn <= 500_000n * WAD).to.equal(true);
    for (const seconds of [1n, 600n, LENGTH - 1n, LENGTH]) {
      expect(drained({ ...first.state, now: end.now + seconds }, everything).drawn, `${seconds} s later`).to.equal(0n);
    }
    const after = drained({ ...first.state, now: end.now + LENGTH + 1n }, everything);
    expect(after.drawn > 200_000n * WAD).to.equal(true);
  });

  it("H-77 what is reserved to an underlying nobody else can draw, in whatever order", () => {
    const state = fiveMarkets(1_000_000n * WAD);
    const [underlying] = state.underlyings;
    if (underlying === undefined) throw new Error("underlying");
    const reserved = (1_000_000n * WAD * reservedPart(state.fundParameters, underlying.fund)) / PPM;
    expect(reserved).to.equal(80_000n * WAD);
    const others = drained(state, [1, 2, 3, 4, 5, 6]).state;
    const own = drained(others, [0]).drawn;
    expect(own).to.equal(reserved);
    expect(drained(others, [0, 1, 2, 3, 4, 5, 6]).drawn).to.equal(own);
  });

  it("H-77 H-81 the order in which accounts are sold, and so drawn for, changes neither the deficit nor the stake", () => {
    const second = accountIdOf(ALICE, 2n);
    let state = fiveMarkets(100_000n * WAD);
    state = deposit(state, BOB, bob, 1_000_000n * WAD);
    for (const id of [alice, second]) state = deposit(state, ALICE, id, 20_000n * WAD);
    state = trade(state, alice, bob, 5_000_000n);
    state = trade(state, second, bob, 5_000_000n, { instrument: 1n, price: MARK });
    state = repriced(repriced(state, 0, (MARK * 65n) / 100n), 1, (MARK * 60n) / 100n);
    const ends = [
      [alice, second],
      [second, alice],
    ].map((order) => order.reduce((each, id) => liquidate(each, id, carol).state, state));
    const figures = ends.map((end) => end.deficit + shortfallOf(new Draft(end)));
    expect((figures[0] ?? 0n) > 0n && abs((figures[0] ?? 0n) - (figures[1] ?? 0n)) <= 10n ** 12n, figures.join(" ")).to.equal(true);
    const stakes = ends.map(stakeOf);
    expect(abs((stakes[0] ?? 0n) - (stakes[1] ?? 0n)) <= 10n ** 12n, stakes.join(" ")).to.equal(true);
    // whoever draws all that it can, in whatever order, gets what is reserved to it of the same stake
    const all = [0, 1, 2, 3, 4];
    const drawn = [all, [...all].reverse(), [2, 0, 4, 1, 3]].map((order) => drained(fiveMarkets(1_000_000n * WAD), order).drawn);
    expect(drawn[1]).to.equal(drawn[0]);
    expect(drawn[2]).to.equal(drawn[0]);
  });

  it("H-77 a tenth at least is reserved to nobody, so that bounties and accounts that hold nothing are paid", () => {
    const base = fiveMarkets(1_000_000n * WAD, { weights: MOST_WEIGHTS, unweighted: 0n });
    const weight = MOST_WEIGHTS / 5n;
    const state = { ...base, underlyings: base.underlyings.map((each) => ({ ...each, fund: { ...each.fund, weight } })) };
    transact(state, (draft) => {
      expect(payBounty(draft, 10n * WAD, 1_000n * WAD)).to.equal(10n * WAD);
      cover(draft, alice, 100n * WAD, [], []);
      expect(draft.deficit).to.equal(0n);
    });
  });

  it("H-77 the caps of the open interest of all underlyings together are carried by the one cap", () => {
    for (const count of [1, 2, 3, 5, 10]) {
      const base = fiveMarkets(1_000_000n * WAD, { unweighted: BigInt(count) });
      let state: State = { ...base, underlyings: Array.from({ length: count }, () => underlyingAt(MARK, base.now)) };
      for (let u = 0; u < count; u++) state = refreshOpenInterestCap(state, u).state;
      const notional = state.underlyings.reduce((sum, { funding }) => sum + funding.cap * MARK, 0n);
      expect(notional <= 5_000_000n * WAD, `${count} markets: ${notional / WAD}`).to.equal(true);
    }
  });

  it("H-77 what has been drawn stands behind no open interest", () => {
    let state = drained(fiveMarkets(1_000_000n * WAD), [0, 1, 2, 3, 4]).state;
    // lost: the fund accounts have nothing of it any more
    for (let u = 1n; u <= 5n; u++) {
      const id = accountIdOf(FUND, u);
      const account = state.accounts.get(id);
      if (account !== undefined) state = { ...state, accounts: new Map([...state.accounts, [id, { ...account, cash: 0n }]]) };
    }
    for (let u = 0; u < 5; u++) state = refreshOpenInterestCap(state, u).state;
    expect(state.underlyings.map(({ funding }) => funding.cap)).to.deep.equal([0n, 0n, 0n, 0n, 0n]);
    state = { ...state, now: state.now + 2n * LENGTH };
    const priced = state.underlyings.map((each) => ({ ...each, priceTime: state.now }));
    const rested = refreshOpenInterestCap({ ...state, underlyings: priced }, 0).state;
    expect((rested.underlyings[0]?.funding.cap ?? 0n) > 0n).to.equal(true);
  });
});

/** The fund has taken over what runs on: its account is below zero beyond its cap and holds lots. */
function short(price: bigint, cash = 100_000n * WAD): State {
  let state = emptyState({}, 20_000n * WAD);
  for (const [owner, id] of [
    [BOB, bob],
    [CAROL, carol],
  ] as const)
    state = deposit(state, owner, id, cash);
  state = deposit(state, ALICE, alice, 10_000n * WAD);
  state = trade(state, alice, bob, 4_000_000n);
  state = liquidate(repriced(state, 0, (MARK * 87n) / 100n), alice, carol).state;
  return repriced(later(state, 10n), 0, (MARK * price) / 100n);
}

function withdraw(state: State, owner: string, account: AccountId, amount: bigint): { state: State; paid: bigint } {
  const outcome = execute(state, owner, [{ kind: "Withdraw", account, token: SETTLEMENT, amount, to: owner }]);
  const event = outcome.events.find(({ name }) => name === "Withdrawn");
  return { state: outcome.state, paid: BigInt(event?.values.paid ?? 0n) };
}

const worthOf = (state: State, id: AccountId): bigint =>
  assess(portfolioOf(new Draft(state), id), termsAt(state.margin, state.now), false).value;

describe("the shortfall of fund accounts", () => {
  it("H-79 I-28 a fund account below zero beyond its cap is in φ while it still holds: who leaves first is paid what the next is paid", () => {
    for (const price of [60n, 50n, 40n]) {
      const state = topUpFund(short(price), 0).state;
      const owed = shortfallOf(new Draft(state));
      expect(owed > 0n, `short at ${price}`).to.equal(true);
      expect(owed).to.equal(-worthOf(state, accountIdOf(FUND, 1n)));
      const phi = Number(state.settlement) / Number(state.settlement + owed);
      const first = withdraw(state, CAROL, carol, 50_000n * WAD);
      const second = withdraw(first.state, CAROL, carol, 50_000n * WAD);
      expect(abs(first.paid - second.paid) <= 10n, `${first.paid} and ${second.paid}`).to.equal(true);
      expect(Math.abs(Number(first.paid) / 5e22 - phi) < 1e-9).to.equal(true);
      expect(claimsOf(second.state)).to.equal(second.state.settlement + second.state.deficit);
      // what was held back is the account's: it is short of so much less
      expect(shortfallOf(new Draft(second.state))).to.equal(owed - (100_000n * WAD - first.paid - second.paid));
    }
  });

  it("H-79 S follows the price both ways, and ends with the account", () => {
    const state = topUpFund(short(60n), 0).state;
    const owed = shortfallOf(new Draft(state));
    const deeper = repriced(later(state, 5n), 0, (MARK * 55n) / 100n);
    expect(shortfallOf(new Draft(deeper)) > owed).to.equal(true);
    const back = repriced(later(state, 5n), 0, (MARK * 86n) / 100n);
    expect(shortfallOf(new Draft(back))).to.equal(0n);
    expect(withdraw(back, CAROL, carol, WAD).paid).to.equal(WAD);
    // shed and booked: what was short is a deficit
    const shed = shedFund(deposit(state, CAROL, carol, 10n ** 6n * WAD), CAROL, 0, carol, WAD, 0n).state;
    const before = shortfallOf(new Draft(shed));
    const booked = topUpFund(shed, 0).state;
    expect(before > 0n && booked.deficit === before).to.equal(true);
    expect([...booked.shortfalls.keys()]).to.deep.equal([]);
  });

  it("H-79 S is what the last accepted price says, whatever its age: a feed that sleeps lets nobody leave in full", () => {
    // watched and not short when it was last looked at; then the price falls, and nobody posts again
    const watched = topUpFund(short(87n), 0).state;
    expect([...watched.shortfalls]).to.deep.equal([[0, 0n]]);
    const fallen = repriced(later(watched, 10n), 0, MARK / 2n);
    const owed = shortfallOf(new Draft(fallen));
    expect(owed > 20_000n * WAD, `${owed}`).to.equal(true);
    const { paid } = withdraw(fallen, CAROL, carol, 50_000n * WAD);
    expect(paid < 46_000n * WAD, `${paid}`).to.equal(true);
    for (const age of [61n, 3_600n, 3n * 86_400n]) {
      // two epochs on the account has room again: the stake stands for a part of it
      const silent = { ...fallen, now: fallen.now + age };
      const seen = shortfallOf(new Draft(silent));
      expect(age > 86_400n ? seen < owed && seen > 0n : seen === owed, `${seen} at ${age}`).to.equal(true);
      if (age < 86_400n) expect(withdraw(silent, CAROL, carol, 50_000n * WAD).paid, `${age}`).to.equal(paid);
      expect(shortfallOf(new Draft(topUpFund(silent, 0).state)), `${age}`).to.equal(seen);
    }
  });

  it("I-28 φ is the same for everybody, in whatever order and parts, with deficit and shortfall together", () => {
    const random = new Random(79);
    for (let round = 0; round < 60; round++) {
      let state = short(BigInt(35 + random.below(30)));
      state = topUpFund(state, 0).state;
      if (random.chance(0.5)) {
        const deficit = random.part(20_000n * WAD, 0.01, 1);
        // as if an account had lost it
        state = { ...deposit(state, ALICE, accountIdOf(ALICE, 7n), deficit), deficit };
        state = { ...state, settlement: state.settlement - deficit };
      }
      const left = { paid: 0n };
      const amounts = Array.from({ length: 6 }, () => random.part(15_000n * WAD, 0.001, 1));
      const phi = Number(state.settlement) / Number(state.settlement + state.deficit + shortfallOf(new Draft(state)));
      let sum = state.deficit + shortfallOf(new Draft(state));
      for (const amount of amounts) {
        const outcome = withdraw(state, CAROL, carol, amount);
        expect(Math.abs(Number(outcome.paid) / Number(amount) - phi) < 1e-9).to.equal(true);
        state = outcome.state;
        left.paid += amount - outcome.paid;
        sum -= amount - outcome.paid;
        expect(abs(state.deficit + shortfallOf(new Draft(state)) - sum) <= 10n).to.equal(true);
        expect(claimsOf(state)).to.equal(state.settlement + state.deficit);
      }
      expect(left.paid > 0n).to.equal(true);
    }
  });
});
