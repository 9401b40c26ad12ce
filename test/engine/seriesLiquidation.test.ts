import { expect } from "chai";
import { Draft } from "../../src/engine/draft.ts";
import { WAD } from "../../src/engine/fixedPoint.ts";
import { holdingsOf, portfolioOf } from "../../src/engine/ledger.ts";
import { liquidate, plan, worstScenarios } from "../../src/engine/liquidate.ts";
import { assess, termsAt } from "../../src/engine/margin.ts";
import { marketOf } from "../../src/engine/market.ts";
import { liveMargin, seriesValueDown, withoutPart } from "../../src/engine/portfolioMargin.ts";
import { lotsPartUp } from "../../src/engine/slice.ts";
import type { State } from "../../src/engine/types.ts";
import { call, funded, future, later, openState, posted, put, traded } from "./support/series.ts";
import { ALICE, alice, BOB, bob, CAROL, carol } from "./support/state.ts";

/** Alice, with some tokens, holds a book of Bob's, and the price of a lot moves to `price`. */
function moved(legs: readonly (readonly [instrument: bigint, lots: bigint])[], tokens: bigint, price: bigint): State {
  const rich = funded(openState(), [
    [ALICE, alice, 100_000n * WAD],
    [BOB, bob, 100_000n * WAD],
    [CAROL, carol, 1_000n * WAD],
  ]);
  const fills = legs.map(([instrument, lots]) => ({ maker: bob, instrument, lots, price: marketOf(new Draft(rich), instrument).mark }));
  const { state, skipped } = traded(rich, alice, fills);
  expect(skipped).to.deep.equal([]);
  const account = state.accounts.get(alice)!;
  const poor = { ...state, accounts: new Map(state.accounts).set(alice, { ...account, cash: account.cash - (100_000n - tokens) * WAD }) };
  return posted(later(poor, 60n), price).state;
}

const SHORT_CALLS = [
  [call(4n), -1_000n],
  [put(1n), 300n],
] as const;

describe("worstScenarios", () => {
  it("default: names the scenario in which an underlying loses most, so that a sale in it is the sale in all", () => {
    const state = moved(SHORT_CALLS, 190n, (303n * WAD) / 100n);
    const named = worstScenarios(state, alice);
    const [holding] = holdingsOf(state, alice);
    const terms = termsAt(state.margin, state.now);
    const scans = Array.from({ length: 16 }, (_, k) => liveMargin(holding!, terms, BigInt(k + 1)).scan);
    const most = scans.reduce((a, b) => (a > b ? a : b));
    expect(most > 0n).to.equal(true);
    expect(scans[Number(named) - 1]).to.equal(most);
    expect(scans.indexOf(most)).to.equal(Number(named) - 1);
    const [all, one] = [0n, named].map((scenarios) => liquidate(state, alice, carol, scenarios));
    expect(one!.fraction > 0n && one!.fraction < WAD).to.equal(true);
    expect(one!.fraction).to.equal(all!.fraction);
    expect(one!.events).to.deep.equal(all!.events);
    expect(one!.state).to.deep.equal(all!.state);
  });

  it("behavior: each underlying has its own eight bits, and one without series none", () => {
    const state = moved([...SHORT_CALLS, [0n, -10n]], 400n, 3n * WAD);
    const account = state.accounts.get(alice)!;
    const underlyings = [state.underlyings[0]!, state.underlyings[0]!];
    const second = { ...account, series: new Map([[1, account.series.get(0)!]]) };
    const both = { ...state, underlyings, accounts: new Map(state.accounts).set(alice, second) };
    const first = worstScenarios({ ...both, accounts: new Map(state.accounts).set(alice, { ...account, positions: new Map() }) }, alice);
    expect(first > 0n && first < 17n).to.equal(true);
    // the perpetual of the first is left to the vault
    expect(worstScenarios(both, alice)).to.equal(first << 8n);
  });

  it("behavior: where nothing loses it names a scenario that is priced anyway", () => {
    const { accounts, ...rest } = moved([[call(4n), 1n]], 100n, 3n * WAD);
    const account = accounts.get(alice)!;
    const [position] = account.series.get(0)!;
    // the call and its put of one strike, long and short: the future of the other side takes every move away
    const flat = [position!, { ...position!, instrument: position!.instrument - 1n, lots: -1n }, { instrument: future() >> 8n, lots: -1n }];
    const state = { ...rest, accounts: new Map(accounts).set(alice, { ...account, series: new Map([[0, flat]]) }) };
    expect(liveMargin(holdingsOf(state, alice)[0]!, termsAt(state.margin, state.now)).scan).to.equal(0n);
    expect(worstScenarios(state, alice)).to.equal(3n);
    expect(worstScenarios(state, carol)).to.equal(0n);
  });
});

describe("the sale of an account with series", () => {
  it("default: takes the part of each position, and the account gets what it is worth less the discount", () => {
    const state = moved(SHORT_CALLS, 190n, (303n * WAD) / 100n);
    const sale = plan(new Draft(state), alice, 0n);
    const { fraction } = sale.terms;
    const before = assess(portfolioOf(new Draft(state), alice), termsAt(state.margin, state.now), false);
    const after = liquidate(state, alice, carol).state;
    const lots = (at: State): (readonly [bigint, bigint])[] =>
      at.accounts
        .get(alice)!
        .series.get(0)!
        .map((each) => [each.instrument, each.lots] as const);
    expect(lots(after)).to.deep.equal(lots(state).map(([instrument, held]) => [instrument, held - lotsPartUp(held, fraction)]));
    const figures = assess(portfolioOf(new Draft(after), alice), termsAt(state.margin, state.now), false);
    const discount = (sale.terms.discount * fraction + WAD - 1n) / WAD;
    expect(figures.value).to.equal(before.value - discount - sale.terms.bounty);
    expect(figures.equity * 100n >= figures.margin * 105n).to.equal(true);
  });

  it("behavior: what is left of a book and what goes are worth what the book is", () => {
    const [holding] = holdingsOf(moved([...SHORT_CALLS, [future(), 33n], [0n, 7n]], 400n, 3n * WAD), alice);
    const third = WAD / 3n;
    const left = withoutPart(holding!, third, { lots: 4n, collateral: 0n, haircut: 0n });
    expect(left.series[0]!.futures).to.equal(33n - 11n);
    expect(left.series[0]!.options.map(({ lots }) => lots)).to.deep.equal([-1_000n + 334n, 300n - 100n]);
    const gone = {
      series: holding!.series.map((each) => ({
        ...each,
        futures: 11n,
        options: each.options.map((option, i) => ({ ...option, lots: [-334n, 100n][i]! })),
      })),
    };
    expect(seriesValueDown(left) + seriesValueDown(gone)).to.equal(seriesValueDown(holding!));
    expect(left.lots).to.equal(4n);
  });

  it("args: scenarios beyond the sixteenth are refused before anything else, the fund's account apart", () => {
    const state = moved(SHORT_CALLS, 3_000n, 3n * WAD);
    expect(() => plan(new Draft(state), alice, 17n)).to.throw("UnknownScenario(17)");
    expect(() => plan(new Draft(state), alice, 0n)).to.throw("AccountHealthy");
    // of an underlying that it does not hold nothing is asked
    expect(() => plan(new Draft(state), alice, 17n << 8n)).to.throw("AccountHealthy");
  });
});
