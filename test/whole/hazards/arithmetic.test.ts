import { expect } from "chai";
import { exchangePriceUp } from "../../../src/engine/actions/exchange.ts";
import { type Action, execute } from "../../../src/engine/actions/execute.ts";
import { shedFund } from "../../../src/engine/actions/fund.ts";
import { liquidate } from "../../../src/engine/actions/liquidate.ts";
import { payout } from "../../../src/engine/ledger/deficit.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { collateralValueDown, move } from "../../../src/engine/ledger/ledger.ts";
import { assess, bookMargin, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { accountIdOf } from "../../../src/engine/types/accountId.ts";
import { Reverted, toSigned, toUnsigned } from "../../../src/engine/types/errors.ts";
import { abs, partUp, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, Assessment, State } from "../../../src/engine/types/types.ts";
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
  later,
  repriced,
  trade,
  underlyingAt,
} from "../../helpers/state.ts";

const MARK = 2n * 10n ** 16n;

/** Alice and Bob with cash, an open trade between them. */
function opened(lots: bigint, cash = 10_000n * WAD, base = emptyState()): State {
  const funded = deposit(deposit(base, ALICE, alice, cash), BOB, bob, cash);
  return lots === 0n ? funded : trade(funded, alice, bob, lots);
}

/** A state in which positions may be of any size. */
function withoutLeastSize(state: State): State {
  return { ...state, liquidation: { ...state.liquidation, smallestNotional: 0n } };
}

function cashOf(state: State, id: AccountId): bigint {
  return portfolioOf(new Draft(state), id).cash;
}

function figuresOf(state: State, id: AccountId, opening = false): Assessment {
  return assess(portfolioOf(new Draft(state), id), termsAt(state.margin, state.now), opening);
}

/** An amount in `count` parts that sum to it, some of a single unit. */
function split(random: Random, amount: bigint, count: number): bigint[] {
  const parts: bigint[] = [];
  let left = amount;
  for (let i = 1; i < count && left > 1n; i++) {
    const part = random.chance(0.3) ? 1n : random.bigBelow(left) + 1n;
    parts.push(part);
    left -= part;
  }
  return left > 0n ? [...parts, left] : parts;
}

const sumOf = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, amount) => sum + amount, 0n);

describe("hazards that arithmetic decides", () => {
  it("H-82 parts of a unit of a token keep nobody from withdrawing all that are whole", () => {
    // eight decimals: a unit is 10^10 of what is booked
    const [unit, token, second] = [10n ** 10n, 1, accountIdOf(ALICE, 1n)];
    const held = 10n * WAD + unit / 2n;
    const amount = 20n * 10n ** 8n;
    const start = execute(deposit(emptyState(), ALICE, alice, amount, token), ALICE, [
      { kind: "Transfer", account: alice, token, amount: held, to: second },
    ]).state;
    const left = (action: Action): bigint | undefined => execute(start, ALICE, [action]).state.accounts.get(second)?.collateral.get(token);
    const withdrawn = (out: bigint) => left({ kind: "Withdraw", account: second, token, amount: out, to: ALICE });
    expect(withdrawn(10n ** 9n)).to.equal(unit / 2n);
    expect(() => withdrawn(10n ** 9n - 1n)).to.throw(Reverted, "CollateralTooSmall");
    // a transfer may leave less than a unit, and not a unit
    const moved = (out: bigint) => left({ kind: "Transfer", account: second, token, amount: out, to: alice });
    expect(moved(held - unit + 1n)).to.equal(unit - 1n);
    expect(() => moved(held - unit)).to.throw(Reverted, "CollateralTooSmall");
  });

  it("H-15 splitting never raises what is paid out nor lowers what is charged", () => {
    const random = new Random(15);
    const draft = new Draft(emptyState());
    const [book] = portfolioOf(new Draft(opened(500_000n)), alice).books;
    if (book === undefined) throw new Error("book");
    const terms = termsAt(draft.base.margin, draft.now);
    for (let round = 0; round < 100; round++) {
      const amount = random.bigBelow(2n ** BigInt(2 + random.below(80))) + 1n;
      const parts = split(random, amount, 1 + random.below(128));
      const paid: ((x: bigint) => bigint)[] = [(x) => collateralValueDown(x, MARK, 5n)];
      const charged: ((x: bigint) => bigint)[] = [(x) => partUp(x, 123_456_789n * 10n ** 8n), (x) => exchangePriceUp(draft, 0, x, 7_777n)];
      for (const f of paid) expect(sumOf(parts.map(f)) <= f(amount)).to.equal(true);
      for (const f of charged) expect(sumOf(parts.map(f)) >= f(amount)).to.equal(true);

      // margin without the size charge, of a position cut into accounts
      const lots = random.bigBelow(2n ** 30n) + 1n;
      const marginOf = (size: bigint): bigint => {
        const { total, sizeCharge } = bookMargin({ ...book, lots: size }, terms, true);
        return total - sizeCharge;
      };
      expect(sumOf(split(random, lots, 20).map(marginOf)) >= marginOf(lots)).to.equal(true);

      // withdrawals while a deficit is outstanding: one after the other, each at the φ that the last one left
      let settlement = amount * 3n;
      let deficit = amount / 2n;
      const whole = payout(amount, 1n, settlement, deficit).paid;
      let pieces = 0n;
      for (const part of parts) {
        const result = payout(part, 1n, settlement, deficit);
        pieces += result.paid;
        settlement -= result.paid;
        deficit -= result.lowered;
      }
      expect(pieces <= whole + 1n, `φ of ${amount} in ${parts.length}`).to.equal(true);
    }
  });

  it("H-15 taking the fund's inventory in slices earns no more discount than at once", () => {
    const random = new Random(1_515);
    const failing = repriced(opened(4_000_000n), 0, (MARK * 86n) / 100n);
    const sold = liquidate(failing, alice, carol).state;
    const ready = deposit(later(sold, 300n), CAROL, carol, 10n ** 6n * WAD);
    const inventory = abs(
      [...ready.accounts.values()].find((each) => each.id >> 96n === BigInt(ready.fund) && each.positions.size > 0)?.positions.get(0)
        ?.lots ?? 0n,
    );
    expect(inventory > 0n).to.equal(true);
    const wealth = (state: State): bigint => figuresOf(state, carol).value;
    const atOnce = wealth(shedFund(ready, CAROL, 0, carol, WAD, 0n).state) - wealth(ready);
    for (let round = 0; round < 20; round++) {
      let state = ready;
      for (let i = 0; i < 1 + random.below(30); i++) {
        state = shedFund(state, CAROL, 0, carol, random.part(WAD, 0.001, 0.2) + 1n, 0n).state;
      }
      const gained = wealth(shedFund(state, CAROL, 0, carol, WAD, 0n).state) - wealth(ready);
      expect(gained <= atOnce, `${gained} against ${atOnce}`).to.equal(true);
    }
  });

  it("H-17 what a position earns does not depend on how often its account was touched", () => {
    const random = new Random(17);
    for (let round = 0; round < 30; round++) {
      const rate = BigInt(random.below(15_000_001) - 7_500_000);
      const base = emptyState();
      const underlyings = base.underlyings.map((each) => ({ ...each, funding: { ...each.funding, rate } }));
      const lots = (random.chance(0.5) ? 1n : -1n) * (20_000n + random.bigBelow(2_000_000n));
      const start = opened(lots, 50_000n * WAD, { ...base, underlyings });
      let untouched = start;
      let touched = start;
      for (let i = 0; i < 12; i++) {
        const seconds = BigInt(1 + random.below(500));
        const price = random.part(MARK, 0.9, 1.1);
        untouched = repriced(later(untouched, seconds), 0, price);
        touched = repriced(later(touched, seconds), 0, price);
        // a little more and back at the same price: the position is settled twice
        touched = trade(trade(touched, alice, bob, 7n), alice, bob, -7n);
      }
      const cash = (state: State): bigint[] => [alice, bob].map((id) => cashOf(trade(state, alice, bob, -lots), id));
      expect(cash(touched)).to.deep.equal(cash(untouched));
    }
  });

  it("H-19 closing in parts pays what closing at once pays, and charges funding once", () => {
    const random = new Random(19);
    for (let round = 0; round < 30; round++) {
      const base = withoutLeastSize(emptyState());
      const underlyings = base.underlyings.map((each) => ({ ...each, funding: { ...each.funding, rate: 7_000_001n } }));
      const lots = 300_000n + random.bigBelow(100_000n);
      const start = repriced(later(opened(lots, 10_000n * WAD, { ...base, underlyings }), 333n), 0, random.part(MARK, 0.95, 1.05));
      const whole = trade(start, alice, bob, -lots);
      let parts = start;
      for (const part of split(random, lots, 2 + random.below(4))) parts = trade(parts, alice, bob, -part);
      expect([alice, bob].map((id) => cashOf(parts, id))).to.deep.equal([alice, bob].map((id) => cashOf(whole, id)));
      expect(parts.accounts.get(alice)?.positions.size).to.equal(0);
    }
  });

  it("H-20 scaling every amount by a power of ten scales every figure by it", () => {
    const random = new Random(20);
    const terms = termsAt(emptyState().margin, 0n);
    for (let round = 0; round < 200; round++) {
      const scale = 10n ** BigInt(1 + random.below(12));
      const collateral = random.bigBelow(2n ** 80n);
      const book = {
        underlying: 0n,
        lots: random.ofAnySize(35),
        entryCost: 0n,
        collateral,
        haircut: partUp(collateral, WAD / 10n),
        price: random.bigBelow(2n ** 60n) + 1n,
        heldRange: WAD / 10n,
        targetRange: WAD / 8n,
        depth: 10n ** 9n,
        age: 0n,
        state: 0n,
        doubt: 0n,
      };
      const cash = random.ofAnySize(80);
      const scaled = { ...book, collateral: book.collateral * scale, haircut: book.haircut * scale, price: book.price * scale };
      const one = assess({ cash, books: [book] }, terms, true);
      const many = assess({ cash: cash * scale, books: [scaled] }, terms, true);
      expect(many.value).to.equal(one.value * scale);
      expect(many.equity).to.equal(one.equity * scale);
      expect(many.notional).to.equal(one.notional * scale);
      // each of five terms rounds up once
      expect(many.margin <= one.margin * scale && many.margin > (one.margin - 5n) * scale).to.equal(true);
    }
  });

  it("H-20 an amount is worth the same in a token of 6, 8 and 18 decimals", () => {
    for (const decimals of [6n, 8n, 18n]) {
      const state = deposit(emptyState({ settlementDecimals: decimals }, 0n), ALICE, alice, 1_234n * 10n ** decimals);
      expect(cashOf(state, alice)).to.equal(1_234n * WAD);
    }
  });

  it("H-21 what longs pay in funding is what shorts receive, to the unit", () => {
    const random = new Random(21);
    const traders = [alice, bob, carol] as const;
    let state = [ALICE, BOB, CAROL].reduce(
      (funded, owner, i) => deposit(funded, owner, traders[i] ?? alice, 100_000n * WAD),
      withoutLeastSize(emptyState()),
    );
    for (let i = 0; i < 400; i++) {
      state = later(state, BigInt(1 + random.below(400)));
      const index = random.below(2);
      const underlyings = state.underlyings.map((each, u) =>
        u === index ? { ...each, funding: { ...each.funding, rate: BigInt(random.below(15_000_001) - 7_500_000) } } : each,
      );
      state = repriced({ ...state, underlyings }, index, random.part(state.underlyings[index]?.price ?? 0n, 0.99, 1.01));
      const [taker, maker] = random.pick([
        [alice, bob],
        [bob, carol],
        [carol, alice],
      ] as const);
      state = trade(state, taker, maker, random.ofAnySize(16) * 3n + 20_001n, { instrument: BigInt(index) });
      expect(claimsOf(state), `trade ${i}`).to.equal(state.settlement + state.deficit);
      // as of now, with everybody's funding accrued
      const values = [...state.accounts.keys()].map((id) => figuresOf(state, id).value);
      expect(sumOf(values)).to.equal(state.settlement + state.deficit);
    }
  });

  it("H-24 every narrowing refuses the first value beyond it, and takes the last within", () => {
    for (const bits of [48, 96, 128]) {
      const most = 2n ** BigInt(bits - 1) - 1n;
      expect(toSigned(bits, most)).to.equal(most);
      expect(toSigned(bits, -most - 1n)).to.equal(-most - 1n);
      for (const beyond of [most + 1n, -most - 2n]) expect(() => toSigned(bits, beyond)).to.throw(Reverted, "IntDowncast");
      expect(toUnsigned(bits, 2n * most + 1n)).to.equal(2n * most + 1n);
      for (const beyond of [2n * most + 2n, -1n]) expect(() => toUnsigned(bits, beyond)).to.throw(Reverted, "UintDowncast");
    }
    const most = 2n ** 127n - 1n;
    const full = deposit(emptyState({}, 0n), ALICE, alice, most);
    expect(() => deposit(full, ALICE, alice, 1n)).to.throw(Reverted, "SafeCastOverflowedIntDowncast(128");
    const draft = new Draft(full);
    move(draft, alice, 0, 2n ** 47n - 1n, 1n, 0n, 0n);
    expect(() => move(draft, alice, 0, 1n, 1n, 0n, 0n)).to.throw(Reverted, "SafeCastOverflowedIntDowncast(48");
    expect(() => move(draft, bob, 0, 1n, 1n, 2n ** 95n, 0n)).to.throw(Reverted, "SafeCastOverflowedIntDowncast(96");
    // what nobody is judged by ends where its bits end
    move(draft, bob, 0, 2n ** 20n, 2n ** 75n, 0n, 0n);
    expect(draft.account(bob).positions.get(0)?.entryCost).to.equal(2n ** 95n - 1n);
  });

  for (const side of [1n, -1n]) {
    for (const move_ of [-30n, -9n, 9n, 30n]) {
      for (const rate of [7_500_000n, -7_500_000n]) {
        for (const cash of [900n, 300n]) {
          const gains = side * move_ > 0n;
          const name = `${side > 0n ? "long" : "short"}, price ${move_} %, funding ${rate > 0n ? "paid by longs" : "paid by shorts"}, cash ${cash}`;
          it(`H-48 conserves to the unit: ${name}`, () => {
            const base = emptyState();
            const underlyings = base.underlyings.map((each) => ({ ...each, funding: { ...each.funding, rate } }));
            const lots = side * 100_000n;
            const rich = deposit({ ...base, underlyings }, BOB, bob, 100_000n * WAD);
            const poor = deposit(rich, ALICE, alice, cash * WAD);
            const start = trade(poor, alice, bob, lots, { takerFee: WAD / 2n, makerFee: -WAD / 10n });
            const state = repriced(later(start, 500n), 0, (MARK * (100n + move_)) / 100n);

            // the reference: cash in, price moved, funding and fee out
            const index = state.underlyings[0]?.funding.index ?? 0n;
            const moved = lots * ((MARK * (100n + move_)) / 100n - MARK);
            const expected = cash * WAD + moved - lots * index - WAD / 2n;
            const { value, equity, margin } = figuresOf(state, alice);
            expect(value).to.equal(expected);
            expect(claimsOf(state)).to.equal(state.settlement + state.deficit);

            const healthy = equity >= partUp(margin, 8n * 10n ** 17n);
            if (healthy) {
              expect(() => liquidate(state, alice, carol)).to.throw(Reverted, "AccountHealthy");
              if (gains) expect(value > cash * WAD - 20n * WAD).to.equal(true);
              return;
            }
            const { state: after, fraction } = liquidate(state, alice, carol);
            expect(claimsOf(after)).to.equal(after.settlement + after.deficit);
            const total = sumOf([...after.accounts.keys()].map((id) => figuresOf(after, id).value));
            expect(total).to.equal(after.settlement + after.deficit);
            expect(figuresOf(after, bob).value).to.equal(figuresOf(state, bob).value);
            if (value < 0n) expect([fraction, figuresOf(after, alice).value]).to.deep.equal([WAD, 0n]);
            else expect(figuresOf(after, alice).value <= value).to.equal(true);
          });
        }
      }
    }
  }

  it("H-48 a fee larger than the margin leaves the trade undone", () => {
    const state = deposit(deposit(emptyState(), ALICE, alice, 100n * WAD), BOB, bob, 10_000n * WAD);
    const fee = 99n * WAD;
    expect(() => trade(state, alice, bob, 10_000n, { takerFee: fee })).to.throw(Reverted, "FilledTooLittle");
    // within the cap, but more than the account can bear beside the margin
    expect(() => trade(state, alice, bob, 45_000n, { takerFee: WAD / 3n })).to.throw(Reverted, "MarginTooLow");
  });

  it("a slice never worsens an account, and restores it to κ of its margin", () => {
    const random = new Random(48);
    let slices = 0;
    for (let round = 0; round < 300; round++) {
      const base = emptyState({ underlyings: [underlyingAt(MARK, 1_700_000_000n, { depth: 10n ** 12n })], collaterals: [] });
      const lots = 4_000_000n + random.bigBelow(350_000n);
      const start = opened(random.chance(0.5) ? lots : -lots, 10_000n * WAD, base);
      const drop = random.part(MARK, 0.9, 1.1);
      const state = repriced(start, 0, drop);
      const before = figuresOf(state, alice);
      if (before.equity * WAD >= before.margin * 8n * 10n ** 17n || before.value <= 0n) continue;
      const { state: after, fraction } = liquidate(state, alice, carol);
      if (fraction === WAD) continue;
      slices++;
      const now = figuresOf(after, alice);
      expect(now.equity * before.margin >= before.equity * now.margin, "E′/IM′ ≥ E/IM").to.equal(true);
      expect(now.equity * 1_000_000n >= now.margin * 1_050_000n - 10n ** 24n, "E′ = κ·IM′ or more").to.equal(true);
    }
    expect(slices).to.be.at.least(20);
  });

  it("H-32 what an account withdraws in one call of many is tested at the end of it", () => {
    const state = opened(4_000_000n);
    const withdrawal = { kind: "Withdraw", account: alice, token: SETTLEMENT, amount: 9_000n * WAD, to: ALICE } as const;
    const idle = { kind: "CancelOrders", account: alice } as const;
    for (const actions of [[withdrawal], [withdrawal, idle], [idle, withdrawal], [idle, withdrawal, idle]]) {
      expect(() => execute(state, ALICE, actions)).to.throw(Reverted, "MarginTooLow");
    }
  });
});
