import { expect } from "chai";
import { liquidate, plan } from "../../src/engine/actions/liquidate.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import { assess, termsAt } from "../../src/engine/margin/margin.ts";
import { seriesValueDown, withoutPart } from "../../src/engine/margin/options/liveMargin.ts";
import { holdingsOf, portfolioOf } from "../../src/engine/margin/portfolios.ts";
import { lotsPartUp } from "../../src/engine/math/slice.ts";
import { abs, WAD } from "../../src/engine/types/fixedPoint.ts";
import type { Assessment, SeriesPosition, State } from "../../src/engine/types/types.ts";
import { bareState, call, funded, future, later, openState, posted, put, traded } from "../helpers/engineSeries.ts";
import { Random } from "../helpers/random.ts";
import { ALICE, alice, BOB, bob, CAROL, carol, emptyState } from "../helpers/state.ts";

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

/** Alice below her line with a random book near the least size of positions, and Bob on the other side. */
function near(r: Random): State | undefined {
  const [least, bounty] = [[100n, 500n][r.below(2)]!, [500n, 1_000n][r.below(2)]!];
  const price = 3n * WAD;
  const start = openState(WAD / 2n, {}, bareState({ liquidation: { ...emptyState().liquidation, smallestNotional: least, bounty } }));
  const size = (): bigint => {
    const lots = (least * WAD * BigInt(1_000 + r.below(r.chance(0.5) ? 600 : 20_000))) / (1_000n * price) + 1n;
    return r.chance(0.5) ? lots : -lots;
  };
  const series: SeriesPosition[] = [];
  for (let i = 0n; i < 7n; i++) {
    for (const named of [call(i), put(i)]) if (r.chance(0.25)) series.push({ instrument: named >> 8n, lots: size(), halvings: 0n });
  }
  if (series.length === 0) return undefined;
  const perpetual = r.chance(0.5) ? size() : 0n;
  const draft = new Draft(start);
  for (const [id, sign] of [
    [alice, 1n],
    [bob, -1n],
  ] as const) {
    const positions = new Map(perpetual === 0n ? [] : [[0, { lots: sign * perpetual, fundingIndex: 0n, entryCost: 0n }]]);
    const own = series.map((each) => ({ ...each, lots: sign * each.lots }));
    draft.setAccount({ ...draft.account(id), positions, series: new Map([[0, own]]) });
  }
  const underlying = draft.underlying(0);
  const listed = underlying.series.get(1)!;
  const held = series.reduce((sum, { lots }) => sum + abs(lots), 0n);
  draft.setUnderlying(0, {
    ...underlying,
    funding: { ...underlying.funding, openInterest: held + abs(perpetual) },
    series: new Map([[1, { ...listed, surface: { ...listed.surface, openInterest: 2n * held } }]]),
  });
  const state = draft.finish();
  const { equity, margin } = figuresOf(state);
  const cash = (margin * 8n * BigInt(100 + r.below(899))) / 10_000n - equity;
  const accounts = new Map(state.accounts);
  for (const [id, own] of [
    [alice, cash],
    [bob, -cash],
  ] as const)
    accounts.set(id, { ...state.accounts.get(id)!, cash: own });
  return { ...state, accounts };
}

function figuresOf(state: State): Assessment {
  return assess(portfolioOf(new Draft(state), alice), termsAt(state.margin, state.now), false);
}

describe("the sale of an account with series", () => {
  it("H-83 behavior: a slice cures, and costs no more than the sale of all, though it sells in full what little would be left of", () => {
    const r = new Random(7);
    let [slices, wholes] = [0, 0];
    for (let n = 0; n < 200; n++) {
      const state = near(r);
      if (state === undefined) continue;
      const { terms } = plan(new Draft(state), alice);
      const outcome = liquidate(state, alice, carol);
      if (outcome.fraction === WAD) {
        wholes++;
        continue;
      }
      slices++;
      const [before, after] = [figuresOf(state), figuresOf(outcome.state)];
      expect(after.equity * 10n >= after.margin * 8n, `${n} cures`).to.equal(true);
      expect(before.value - after.value <= terms.discount + terms.bounty, `${n} costs`).to.equal(true);
    }
    expect([slices > 90, wholes > 5], `${slices} ${wholes}`).to.deep.equal([true, true]);
  });

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
