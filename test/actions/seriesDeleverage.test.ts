import { expect } from "chai";
import { describe, it } from "mocha";
import { deleverage } from "../../src/engine/actions/deleverage.ts";
import { Draft, type EngineEvent } from "../../src/engine/ledger/draft.ts";
import { seriesLotsOf } from "../../src/engine/ledger/ledger.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import { assess, termsAt } from "../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../src/engine/margin/portfolios.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { abs, WAD } from "../../src/engine/types/fixedPoint.ts";
import type { AccountId, Assessment, State, WaterLine } from "../../src/engine/types/types.ts";
import { call, funded, future, openState, put, traded } from "../helpers/engineSeries.ts";
import { ALICE, alice, BOB, bob, CAROL, carol, claimsOf, FUND, repriced } from "../helpers/state.ts";

const fund = accountIdOf(FUND, 1n);

/** A call when the water-line has run out: everybody is above it. Says what was closed and where the line is left. */
function dried(state: State): { readonly state: State; readonly events: readonly EngineEvent[]; readonly line: WaterLine | undefined } {
  const waterLines = new Map([[0, { level: 100n, time: state.now }]]);
  const { state: after, events } = deleverage({ ...state, waterLines }, `0x${"da".repeat(20)}`, 0, [bob, carol]);
  return { state: after, events: events.filter(({ name }) => name === "Deleveraged"), line: after.waterLines.get(0) };
}

const figures = (state: State, account: AccountId): Assessment =>
  assess(portfolioOf(new Draft(state), account), termsAt(state.margin, state.now), false);

const lotsOf = (state: State, account: AccountId, named: bigint): bigint => seriesLotsOf(state.accounts.get(account)!, 0, named >> 8n);

/** The fund's account is short calls and puts and long the future, against bob and carol; it has `left` of settlement tokens beside what they are worth. */
function short(left: bigint, move = 100n): State {
  let state = openState();
  state = { ...state, fundParameters: { ...state.fundParameters, topUp: 0n } };
  state = funded(state, [
    [ALICE, alice, 10_000n * WAD],
    [BOB, bob, 5_000n * WAD],
    [CAROL, carol, 3_000n * WAD],
  ]);
  const markOf = (named: bigint): bigint => marketOf(new Draft(state), named).mark;
  for (const [maker, named, lots] of [
    [bob, call(4n), -4_000n],
    [carol, put(1n), -3_000n],
    [carol, future(), 1_000n],
  ] as const) {
    const { state: filled, skipped } = traded(state, alice, [{ maker, instrument: named, lots, price: markOf(named) }]);
    expect(skipped).to.deep.equal([]);
    state = filled;
  }
  // what alice holds is the fund's, and her cash but for what is left is nobody's
  const { price } = state.underlyings[0]!;
  state = repriced(state, 0, (price * move) / 100n);
  const { value } = figures(state, alice);
  const account = state.accounts.get(alice)!;
  const accounts = new Map(state.accounts);
  accounts.delete(alice);
  accounts.set(fund, { ...account, id: fund, cash: account.cash - value + left });
  return { ...state, accounts, settlement: state.settlement - value + left };
}

const NAMES = [call(4n), put(1n), future()];

describe("deleveraging of options and futures", () => {
  it("default: below zero all of it is closed, each leg between mark and bankruptcy, and the fund account ends with nothing", () => {
    const state = short(-200n * WAD);
    const { value } = figures(state, fund);
    const { state: done, events, line } = dried(state);
    expect(line).to.equal(undefined);
    let brought = 0n;
    for (const named of NAMES) {
      expect(lotsOf(done, fund, named)).to.equal(0n);
      const { mark } = marketOf(new Draft(state), named);
      const event = events.find(({ values }) => values.instrument === named)!;
      const lots = lotsOf(state, fund, named);
      const price = event.values.price as bigint;
      expect(lots > 0n ? price >= mark : price <= mark).to.equal(true);
      brought += lots * (price - mark);
    }
    // to the unit, but for what does not divide by the lots
    expect(brought <= -value && brought + 8_000n >= -value).to.equal(true);
    expect(abs(done.accounts.get(fund)!.cash) <= 20_000n).to.equal(true);
    expect(claimsOf(done)).to.equal(done.settlement + done.deficit);
    expect(done.underlyings[0]!.funding.openInterest).to.equal(0n);
    expect(done.underlyings[0]!.series.get(1)!.surface.openInterest).to.equal(0n);
  });

  it("behavior: what an option cannot bear is borne by the others, and no price is below zero", () => {
    // the put is worth next to nothing after a rise, and loses most in the worst scenario no more
    const state = short(-800n * WAD, 115n);
    const { events } = dried(state);
    expect(events.length > 0 && events.every(({ values }) => (values.price as bigint) >= 0n)).to.equal(true);
  });

  it("behavior: with something left a part of every leg goes at its mark, and nobody's health falls", () => {
    const state = short(150n * WAD);
    const was = figures(state, fund);
    expect(was.equity < was.margin && was.value > 0n).to.equal(true);
    const { state: done, events } = dried(state);
    for (const { values } of events) expect(values.price).to.equal(marketOf(new Draft(state), values.instrument as bigint).mark);
    for (const named of NAMES) {
      const [before, after] = [lotsOf(state, fund, named), lotsOf(done, fund, named)];
      expect(abs(after) <= abs(before)).to.equal(true);
    }
    const is = figures(done, fund);
    expect(is.margin < was.margin && is.equity * was.margin >= was.equity * is.margin).to.equal(true);
    for (const winner of [bob, carol]) {
      const [then, now] = [figures(state, winner), figures(done, winner)];
      expect(now.margin <= then.margin && now.equity * then.margin >= then.equity * now.margin).to.equal(true);
    }
    expect(events.length > 0).to.equal(true);
  });
});
