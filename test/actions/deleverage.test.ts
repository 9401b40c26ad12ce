import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { CALLER_PART, deleverage, deleveragingLeverage } from "../../src/engine/actions/deleverage.ts";
import { topUpFund } from "../../src/engine/actions/fund.ts";
import { Draft, type EngineEvent, type Outcome, transact } from "../../src/engine/ledger/draft.ts";
import { cover } from "../../src/engine/margin/fundAccounts.ts";
import { assess, termsAt } from "../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../src/engine/margin/portfolios.ts";
import { waterLineAt } from "../../src/engine/math/pool/waterLine.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { abs, sum, WAD } from "../../src/engine/types/fixedPoint.ts";
import type { AccountId, Assessment, State, WaterLine } from "../../src/engine/types/types.ts";
import { Random } from "../helpers/random.ts";
import { fund, LOTS, short } from "../helpers/shortFund.ts";
import { alice, bob, carol, claimsOf, FUND, later, repriced, trade } from "../helpers/state.ts";

const DRY: WaterLine = { level: 0n, time: 0n };
const CALLER = `0x${"da".repeat(20)}`;

/** A call when the water-line was left where `line` says, and where it is left. */
function closedAt(state: State, line: WaterLine, accounts: readonly AccountId[]): Outcome & { readonly line: WaterLine } {
  const waterLines = new Map(line.level === 0n ? [] : [[0, line]]);
  const outcome = deleverage({ ...state, waterLines }, CALLER, 0, accounts);
  return { ...outcome, line: outcome.state.waterLines.get(0) ?? DRY };
}

const closings = ({ events }: Outcome): readonly EngineEvent[] => events.filter(({ name }) => name === "Deleveraged");
const namesOf = ({ events }: Outcome): readonly string[] => events.map(({ name }) => name);

function figures(state: State, account: AccountId): Assessment {
  return assess(portfolioOf(new Draft(state), account), termsAt(state.margin, state.now), false);
}

const lotsOf = (state: State, account: AccountId): bigint => state.accounts.get(account)?.positions.get(0)?.lots ?? 0n;

const passed = (state: State, seconds: bigint): State => later(state, seconds);

describe("deleveraging", () => {
  it("default: it begins at 1/μ, where nobody is closed, and falls; then the most leveraged is closed at the mark, down to the line", () => {
    const state = short(1_000n * WAD);
    expect(figures(state, fund).equity < figures(state, fund).margin).to.equal(true);
    const first = closedAt(state, DRY, [bob, carol]);
    expect(first.line).to.deep.equal({ level: (125n * WAD) / 100n, time: state.now });
    expect(first.events).to.deep.equal([{ name: "WaterLineStarted", values: { underlying: 0n, level: first.line.level } }]);

    const time = passed(state, 50n * 12n);
    const second = closedAt(time, first.line, [carol, bob]);
    expect(second.events.map(({ name, values }) => [name, values.account])).to.deep.equal([
      ["Deleveraged", bob],
      ["DeleveragePaid", accountIdOf(CALLER)],
    ]);
    expect(second.events[0]!.values.price).to.equal(state.underlyings[0]!.price);
    expect(lotsOf(second.state, carol)).to.equal(-LOTS / 2n);
    const closed = lotsOf(second.state, bob) + LOTS / 2n;
    expect(closed > 0n && lotsOf(second.state, fund) === LOTS - closed).to.equal(true);
    // at the line, but for a lot
    const leverage = deleveragingLeverage(second.state, bob);
    expect(leverage <= second.line.level && leverage * 1_001n > second.line.level * 1_000n).to.equal(true);
    expect(figures(second.state, bob).equity).to.equal(figures(time, bob).equity);
    expect(claimsOf(second.state)).to.equal(second.state.settlement + second.state.deficit);
  });

  it("behavior: with something left only the margin that is lacking is closed, and the water-line is cleared", () => {
    const state = short(1_000n * WAD);
    const { margin, equity } = figures(state, fund);
    const time = passed(state, 300n * 12n);
    const { state: done, line } = closedAt(time, { level: WAD, time: state.now }, [bob, carol]);
    expect(line).to.deep.equal(DRY);
    const closed = LOTS - lotsOf(done, fund);
    // 1 − E/IM of all, a lot more at most
    expect(closed * margin >= LOTS * (margin - equity) && (closed - 1n) * margin < LOTS * (margin - equity)).to.equal(true);
    expect(done.underlyings[0]!.funding.openInterest).to.equal(LOTS - closed);
    expect(() => closedAt(done, DRY, [bob])).to.throw("FundAccountSolvent");
  });

  it("behavior: below zero everything is closed at the price of bankruptcy, and the fund account ends with nothing", () => {
    const state = short(1_000n * WAD);
    const price = state.underlyings[0]!.price;
    const fallen = repriced(passed(state, 1_500n * 12n), 0, (price * 94n) / 100n);
    const { value } = figures(fallen, fund);
    expect(value < 0n).to.equal(true);
    const outcome = closedAt(fallen, { level: WAD, time: state.now }, [bob, carol]);
    const { state: done, line } = outcome;
    expect(lotsOf(done, fund)).to.equal(0n);
    expect(line).to.deep.equal(DRY);
    const { price: paid } = closings(outcome)[0]!.values;
    // who is short pays more than the mark, no more than what is lacking
    expect(paid).to.equal((price * 94n) / 100n + -value / LOTS);
    expect(figures(done, fund).value > -LOTS && figures(done, fund).value <= 0n).to.equal(true);
    expect(done.underlyings[0]!.fund.inventorySince).to.equal(0n);
    for (const winner of [bob, carol]) {
      const [was, is] = [figures(fallen, winner), figures(done, winner)];
      expect(is.margin === 0n || is.equity * was.margin >= was.equity * is.margin).to.equal(true);
      expect(is.equity >= 0n).to.equal(true);
    }
    expect(claimsOf(done)).to.equal(done.settlement + done.deficit);
  });

  it("behavior: at a price of bankruptcy too an account ends at the line; who would concede more than comes free is passed by", () => {
    const state = short(-1_000n * WAD);
    const line = { level: WAD / 2n, time: state.now };
    const time = passed(state, 12n);
    const { state: done, line: fallen } = closedAt(time, line, [bob]);
    expect(lotsOf(done, bob) > lotsOf(time, bob) && lotsOf(done, bob) < 0n).to.equal(true);
    const leverage = deleveragingLeverage(done, bob);
    expect(leverage <= fallen.level && leverage * 10_001n > fallen.level * 10_000n).to.equal(true);
    // fifteen hundredths of what is short are lacking; bob has thirteen of his
    const deep = passed(short(-3_000n * WAD), 1_500n * 12n);
    const { state: rest, line: still } = closedAt(deep, line, [bob, carol]);
    expect([lotsOf(rest, bob), lotsOf(rest, carol)]).to.deep.equal([-LOTS / 2n, 0n]);
    expect(still.level > 0n && lotsOf(rest, fund) === LOTS / 2n).to.equal(true);
  });

  it("behavior: who is long himself, is the fund's, or is below the line is passed by", () => {
    const state = passed(trade(short(1_000n * WAD), alice, carol, 10_000n), 600n);
    const line = { level: WAD, time: state.now };
    expect(closedAt(state, line, [alice, fund, accountIdOf(FUND), carol]).events).to.deep.equal([]);
    expect(closedAt(state, { ...line, level: 1n }, [alice, fund, accountIdOf(FUND)]).events).to.deep.equal([]);
  });

  it("I-10 I-15 the water-line runs from when the stake gave less than was lacking, and until it gives the rest", () => {
    const state = short(1_000n * WAD);
    const started = topUpFund(state, 0);
    expect(namesOf(started)).to.deep.equal(["WaterLineStarted"]);
    expect(started.state.waterLines.get(0)).to.deep.equal({ level: (125n * WAD) / 100n, time: state.now });
    const time = passed(started.state, 25n);
    // who only looks lets it fall, and by whole steps
    const looked = topUpFund(time, 0).state.waterLines.get(0);
    expect(looked).to.deep.equal(waterLineAt(started.state.waterLines.get(0)!, time.now));
    const able = { ...time, fundParameters: { ...time.fundParameters, topUp: 500_000n, stakeCap: 1_000_000n } };
    const given = topUpFund(able, 0);
    expect(namesOf(given)).to.deep.equal(["FundToppedUp", "WaterLineCleared"]);
    expect([...given.state.waterLines]).to.deep.equal([]);
    // deleveraging asks the stake first, and closes nobody where that is enough
    const asked = closedAt(able, { level: 100n, time: able.now }, [bob, carol]);
    expect([namesOf(asked), asked.line]).to.deep.equal([["FundToppedUp", "WaterLineCleared"], DRY]);
    // who holds nothing is not short of room
    const lost = { ...state, accounts: new Map([[fund, { ...state.accounts.get(fund)!, positions: new Map(), cash: -1n }]]) };
    expect(namesOf(topUpFund(lost, 0))).to.deep.equal(["DeficitAdded"]);
    expect(() => closedAt(lost, DRY, [bob])).to.throw("FundAccountEmpty");
    expect(namesOf(closedAt(lost, { level: WAD, time: lost.now }, [bob]))).to.deep.equal(["WaterLineCleared"]);
  });

  it("I-10 I-15 what an insolvent account lacks, and the fund account has not, starts it too", () => {
    const state = short(1_000n * WAD);
    const covered = transact(state, (draft) => cover(draft, alice, 100_000n * WAD, [0n], [1n]));
    expect(namesOf(covered)).to.deep.equal(["WaterLineStarted", "ShortfallCovered", "DeficitAdded"]);
    expect(covered.state.waterLines.size).to.equal(1);
  });

  it("I-15 one that is over is cleared by anybody, and one that nobody has looked at for a day begins anew", () => {
    const state = short(40_000n * WAD);
    const line = { level: WAD / 2n, time: state.now };
    const over = closedAt(state, line, [bob, carol]);
    expect([namesOf(over), over.line, lotsOf(over.state, fund)]).to.deep.equal([["WaterLineCleared"], DRY, LOTS]);
    const again = short(1_000n * WAD);
    const old = passed(again, 86_400n);
    expect(closedAt(old, line, [bob]).line.level < line.level).to.equal(true);
    const forgotten = closedAt(passed(again, 86_401n), line, [bob, carol]);
    expect([forgotten.line.level, closings(forgotten)]).to.deep.equal([(125n * WAD) / 100n, []]);
  });

  it("I-6 the caller is paid of what was closed by the main stake, within the cap for bounties, and nothing for dust", () => {
    const state = passed(short(1_000n * WAD), 600n);
    const line = { level: WAD / 4n, time: state.now };
    const done = closedAt(state, line, [bob, carol]);
    const closed = LOTS - lotsOf(done.state, fund);
    const paid = (closed * state.underlyings[0]!.price * CALLER_PART) / WAD;
    const cashOf = (after: State, id: AccountId): bigint => after.accounts.get(id)?.cash ?? 0n;
    expect(cashOf(done.state, accountIdOf(CALLER))).to.equal(paid);
    expect(cashOf(done.state, accountIdOf(FUND))).to.equal(cashOf(state, accountIdOf(FUND)) - paid);
    expect(done.events.filter(({ name }) => name === "DeleveragePaid").map(({ values }) => values)).to.deep.equal([
      { account: accountIdOf(CALLER), underlying: 0n, amount: paid },
    ]);
    // a ten-thousandth of a settlement token an epoch
    const capped = { ...state, fundParameters: { ...state.fundParameters, bountyCap: 1n } };
    const once = closedAt(capped, { level: (3n * WAD) / 4n, time: state.now }, [bob]);
    expect(cashOf(once.state, accountIdOf(CALLER))).to.equal(10n ** 14n);
    const twice = closedAt(passed(once.state, 12n), { level: WAD / 2n, time: state.now }, [bob]);
    expect([closings(twice).length, cashOf(twice.state, accountIdOf(CALLER))]).to.deep.equal([1, 10n ** 14n]);
    const dust = { ...state, liquidation: { ...state.liquidation, smallestNotional: 1_000_000n } };
    expect(namesOf(closedAt(dust, line, [bob, carol]))).not.to.include("DeleveragePaid");
  });

  it("I-9 I-10 what prices in whole units leave below zero is deficit, once everything is closed", () => {
    const state = passed(short(-1_000n * WAD - 7n), 0n);
    const outcome = closedAt(state, { level: 100n, time: state.now }, [bob, carol]);
    expect(lotsOf(outcome.state, fund)).to.equal(0n);
    expect([outcome.state.deficit, outcome.state.accounts.get(fund)!.cash, outcome.state.shortfalls.size]).to.deep.equal([7n, 0n, 0]);
    expect(namesOf(outcome).slice(-3)).to.deep.equal(["DeleveragePaid", "DeficitAdded", "WaterLineCleared"]);
    expect(claimsOf(outcome.state)).to.equal(outcome.state.settlement + outcome.state.deficit);
  });

  it("behavior: naming an account twice, or in two calls of a block, is naming it once", () => {
    const state = passed(short(1_000n * WAD), 600n);
    const line = { level: WAD / 2n, time: state.now };
    const once = closedAt(state, line, [bob]);
    const twice = closedAt(state, line, [bob, bob]);
    expect(lotsOf(twice.state, bob) - lotsOf(once.state, bob) <= 1n).to.equal(true);
    expect(closedAt(once.state, once.line, [bob]).state.accounts.get(bob)!.cash).to.equal(twice.state.accounts.get(bob)!.cash);
  });

  it("property: in any order and however often, nobody ends below the line or worse, and no more is closed than is short", () => {
    let lots = 0n;
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed) => {
        const random = new Random(seed);
        const begun = short(random.part(4_500n * WAD, 0, 1) - 3_000n * WAD);
        const price = random.part(begun.underlyings[0]!.price, 0.93, 1.03);
        let state = repriced(begun, 0, price);
        if (figures(state, fund).equity >= figures(state, fund).margin) return;
        let line = DRY;
        for (let i = 0; i < 6; i++) {
          state = passed(state, BigInt(random.below(900)));
          const was = state;
          const held = figures(was, fund);
          const done = closedAt(was, line, random.chance(0.5) ? [bob, carol] : [carol, bob]);
          [state, line] = [done.state, done.line];
          const closed = lotsOf(was, fund) - lotsOf(state, fund);
          lots += closed;
          for (const winner of [bob, carol]) {
            const [then, now] = [figures(was, winner), figures(state, winner)];
            if (lotsOf(was, winner) === lotsOf(state, winner)) continue;
            expect(then.margin >= now.margin && now.equity * then.margin >= then.equity * now.margin).to.equal(true);
          }
          const part = held.value < 0n ? lotsOf(was, fund) : (lotsOf(was, fund) * (held.margin - held.equity)) / held.margin + 1n;
          expect(closed <= part).to.equal(true);
          expect(sum([fund, bob, carol].map((account) => lotsOf(state, account)))).to.equal(0n);
          expect(claimsOf(state)).to.equal(state.settlement + state.deficit);
          if (line.level === 0n) break;
        }
      }),
      { numRuns: 60 },
    );
    expect(abs(lots) > 0n).to.equal(true);
  });
});
