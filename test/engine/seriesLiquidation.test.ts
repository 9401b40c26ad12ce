import { expect } from "chai";
import { Draft } from "../../src/engine/draft.ts";
import { WAD } from "../../src/engine/fixedPoint.ts";
import { holdingsOf, portfolioOf } from "../../src/engine/ledger.ts";
import { liquidate, plan } from "../../src/engine/liquidate.ts";
import { assess, termsAt } from "../../src/engine/margin.ts";
import { marketOf } from "../../src/engine/market.ts";
import { seriesValueDown, withoutPart } from "../../src/engine/portfolioMargin.ts";
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

describe("the sale of an account with series", () => {
  it("default: takes the part of each position, and the account gets what it is worth less the discount", () => {
    const state = moved(SHORT_CALLS, 190n, (303n * WAD) / 100n);
    const sale = plan(new Draft(state), alice);
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
});
