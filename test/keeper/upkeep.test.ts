import { expect } from "chai";
import { listSeries } from "../../src/engine/actions/series.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import { openingOf } from "../../src/engine/ledger/options/expiry.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import type { AccountId, State } from "../../src/engine/types/types.ts";
import { expiryOf } from "../../src/engine/words/seriesWord.ts";
import { batchesByGas, gasToLiquidate, planLiquidations } from "../../src/keeper/plan.ts";
import { placesOf, planSlices, planUpkeep, type SliceOffer, stalenessNow, type UpkeepPlan } from "../../src/keeper/upkeep.ts";
import { type Smile, smileReport } from "../../src/sdk/smile.ts";
import { bareState, call, DAY, funded, later, listing, openState, posted, put, traded } from "../helpers/engineSeries.ts";
import { ALICE, alice, BOB, bob, repriced } from "../helpers/state.ts";

/** What a source says of some series: a smile as of `state.now`. */
function offers(state: State, smile: Smile, numbers: readonly number[] = [1]): SliceOffer[] {
  return numbers.map((series) => ({
    underlying: 0,
    series,
    update: `0x0${series}`,
    report: smileReport(smile, wordOf(state, series), state.now),
  }));
}

function wordOf(state: State, series: number): bigint {
  return state.underlyings[0]?.series.get(series)?.word ?? 0n;
}

/** Two series, in 10 and in 40 days, and none posted. */
function twoSeries(): State {
  let state = bareState();
  for (const [series, days] of [
    [1n, 10n],
    [2n, 40n],
  ] as const) {
    state = listSeries(state, 0, listing(state, { series, expiry: state.now + days * DAY })).state;
  }
  return state;
}

/** Alice sells calls and a put to Bob, words fresh. */
function sold(lots = 10_000n): State {
  const state = funded(openState(), [
    [ALICE, alice, 12_000n * WAD],
    [BOB, bob, 1_000_000n * WAD],
  ]);
  const { state: after, skipped } = traded(
    state,
    alice,
    [call(4n), put(2n)].map((instrument) => ({ maker: bob, instrument, lots: -lots, price: marketOf(new Draft(state), instrument).mark })),
  );
  expect(skipped).to.deep.equal([]);
  return after;
}

const kinds = ({ tasks }: UpkeepPlan): string[] =>
  tasks.map(
    (task) => `${[task.kind, ...placesOf(task).map(({ series }) => series)].join(" ")}${task.kind === "pay" ? ` ${task.account}` : ""}`,
  );

describe("planSlices", () => {
  it("default: what was never posted is, and then only when it moved or is half an hour old", () => {
    const state = twoSeries();
    const first = planSlices(state, offers(state, { volatility: 0.5 }, [1, 2]));
    expect(kinds(first)).to.deep.equal(["slices 1 2"]);
    expect(first.refused).to.deep.equal([]);
    const minute = later(first.state, 60n);
    expect(kinds(planSlices(minute, offers(minute, { volatility: 0.5 }, [1, 2])))).to.deep.equal([]);
    expect(kinds(planSlices(minute, offers(minute, { volatility: 0.504 })))).to.deep.equal([]);
    expect(kinds(planSlices(minute, offers(minute, { volatility: 0.507 })))).to.deep.equal(["slices 1"]);
    const [same] = offers(minute, { volatility: 0.5 });
    const moved = { ...same, report: { ...same?.report, basis: 1_000_001n } } as SliceOffer;
    expect(kinds(planSlices(minute, [moved]))).to.deep.equal(["slices 1"]);
    const half = later(first.state, 1_800n);
    expect(kinds(planSlices(half, offers(half, { volatility: 0.5 })))).to.deep.equal(["slices 1"]);
    expect(kinds(planSlices(half, offers(first.state, { volatility: 0.5 }))), "not newer").to.deep.equal([]);
  });

  it("H-89 behavior: neighbours go together, whether volatility rises or falls or the skew turns; one that is not worth it goes along where it is needed", () => {
    let state = twoSeries();
    state = planSlices(state, offers(state, { volatility: 0.4 }, [1, 2])).state;
    state = later(state, 60n);
    const risen = planSlices(state, offers(state, { volatility: 1.1 }, [1, 2]));
    expect(kinds(risen)).to.deep.equal(["slices 1 2"]);
    state = later(risen.state, 60n);
    const fallen = planSlices(state, offers(state, { volatility: 0.4 }, [2, 1]));
    expect(kinds(fallen)).to.deep.equal(["slices 1 2"]);
    expect([...risen.refused, ...fallen.refused]).to.deep.equal([]);
    // the nearer has moved by 2 %, and alone it would have more variance than the farther, which moved by less than is worth it
    let close = listSeries(fallen.state, 0, listing(state, { series: 3n, expiry: state.now + 41n * DAY })).state;
    const at = (volatility: number, numbers: readonly number[]) => offers(close, { volatility }, numbers);
    close = planSlices(close, at(0.5, [2, 3])).state;
    close = later(close, 60n);
    const pair = planSlices(close, [...at(0.51, [2]), ...at(0.5049, [3])]);
    expect(kinds(planSlices(close, at(0.5049, [3])))).to.deep.equal([]);
    expect([kinds(pair), pair.refused]).to.deep.equal([["slices 2 3"], []]);
    // what is refused by itself leaves the others
    const some = planSlices(close, [...at(1.5, [3]), ...at(0.48, [2])]);
    expect([kinds(some), some.refused.map(({ error }) => error.errorName)]).to.deep.equal([["slices 2"], ["VolatilityAboveCap"]]);
    // of a feed that sleeps nothing is offered that the vault would not take
    expect(planSlices(later(close, 200n), at(0.6, [2]))).to.deep.include({ tasks: [], refused: [] });
  });

  it("behavior: what the vault would refuse is said with its reason; what is of no listed series or too late is left out", () => {
    const state = twoSeries();
    const [wild] = planSlices(state, offers(state, { volatility: 1.5 })).refused;
    expect(wild?.error.errorName).to.equal("VolatilityAboveCap");
    const [offer] = offers(state, { volatility: 0.5 });
    if (offer === undefined) throw new Error("no offer");
    expect(planSlices(state, [{ ...offer, series: 3 }])).to.deep.include({ tasks: [], refused: [] });
    const window = later(state, 10n * DAY - 1_800n);
    const late = { ...offer, report: { ...offer.report, publishTime: window.now } };
    expect(planSlices(window, [late])).to.deep.include({ tasks: [], refused: [] });
  });
});

describe("planUpkeep", () => {
  it("default: stale words are refreshed where somebody holds the series and the price is good", () => {
    const fresh = sold();
    expect(kinds(planUpkeep(fresh))).to.deep.equal([]);
    const moved = posted(later(fresh, 30n), (3n * WAD * 101n) / 100n).state;
    const plan = planUpkeep(moved);
    expect(kinds(plan)).to.deep.equal(["refresh 1"]);
    const underlying = plan.state.underlyings[0];
    const series = underlying?.series.get(1);
    if (underlying === undefined || series === undefined) throw new Error("no series");
    expect(stalenessNow(underlying, series, plan.state.now)).to.equal("none");
    // an old price, a price in doubt
    expect(planUpkeep(later(moved, 601n))).to.deep.include({ tasks: [], refused: [] });
    const doubtful = { ...moved, underlyings: moved.underlyings.map((each) => ({ ...each, priceState: 1n })) };
    expect(planUpkeep(doubtful)).to.deep.include({ tasks: [], refused: [] });
    // nobody holds it
    const idle = posted(later(openState(), 30n), (3n * WAD * 101n) / 100n).state;
    expect(kinds(planUpkeep(idle))).to.deep.equal([]);
    expect(kinds(planUpkeep(idle, "all"))).to.deep.equal(["refresh 1"]);
  });

  it("behavior: a slice of this turn makes words stale, and they are refreshed after it", () => {
    const state = later(sold(), 60n);
    const sliced = planSlices(state, offers(state, { volatility: 0.6 })).state;
    expect(kinds(planUpkeep(sliced))).to.deep.equal(["refresh 1"]);
  });

  it("behavior: a series that has settled by the clock is written down, and everybody who holds it is paid", () => {
    let state = sold();
    const opening = openingOf(expiryOf(wordOf(state, 1)));
    state = { ...state, now: opening };
    for (let i = 0; i < 11; i++) state = posted(later(state, 170n), 3n * WAD).state;
    expect(kinds(planUpkeep(state)).filter((each) => !each.startsWith("refresh"))).to.deep.equal([]);
    const plan = planUpkeep(later(state, 100n));
    expect(kinds(plan)).to.deep.equal(["settle 1", `pay 1 ${alice}`, `pay 1 ${bob}`]);
    expect([...plan.state.accounts.values()].flatMap(({ series }) => [...series.keys()])).to.deep.equal([]);
    expect(kinds(planUpkeep(plan.state))).to.deep.equal([]);
  });
});

describe("planLiquidations of accounts with options", () => {
  it("default: an option seller below the line is planned at good prices", () => {
    const fallen = repriced(sold(), 0, (3n * WAD * 160n) / 100n);
    const planned = planLiquidations(fallen).map(({ account }) => account);
    expect(planned).to.deep.equal([alice]);
    // in doubt options excuse their whole margin, and who has no equity is not spared
    expect(planLiquidations(later(fallen, 61n)).map(({ account }) => account)).to.deep.equal([alice]);
    let percent = 101n;
    const at = (): State => repriced(sold(), 0, (3n * WAD * percent) / 100n);
    while (planLiquidations(at()).length === 0) percent++;
    expect(planLiquidations(later(at(), 61n)), "just below the line").to.deep.equal([]);
  });

  it("behavior: batches are filled by the gas that each account is expected to take", () => {
    const state = sold();
    const idle = Array.from({ length: 130 }, (_, i) => BigInt(i + 1) << 96n);
    expect(gasToLiquidate(state, idle[0] as AccountId)).to.equal(250_000);
    expect(gasToLiquidate(state, alice)).to.equal(430_000);
    expect(batchesByGas(state, idle).map((each) => each.length)).to.deep.equal([60, 60, 10]);
    const mixed = [alice, ...idle.slice(0, 60)];
    expect(batchesByGas(state, mixed).map((each) => each.length)).to.deep.equal([59, 2]);
    expect(batchesByGas(state, mixed).flat()).to.deep.equal(mixed);
    expect(batchesByGas(state, [alice, bob], 1)).to.deep.equal([[alice], [bob]]);
    const account = state.accounts.get(alice);
    if (account === undefined) throw new Error("no account");
    const full = Array.from({ length: 127 }, (_, i) => ({ instrument: BigInt(256 + i), lots: 1n }));
    const accounts = new Map(state.accounts).set(alice, { ...account, series: new Map([[0, full]]) });
    const crowded = { ...state, accounts };
    expect(gasToLiquidate(crowded, alice)).to.be.within(8_290_000, 15_000_000);
    expect(batchesByGas(crowded, [alice, bob, idle[0] as AccountId])).to.deep.equal([[alice, bob, idle[0]]]);
    expect(batchesByGas(crowded, [...idle.slice(0, 20), alice, bob])).to.deep.equal([idle.slice(0, 20), [alice, bob]]);
  });
});
