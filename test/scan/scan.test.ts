import { expect } from "chai";
import fc from "fast-check";
import { scanAccounts, scanState, withMove } from "../../scripts/lib/scanPopulation.ts";
import { listSeries, refreshSeries } from "../../src/engine/actions/series.ts";
import { Draft, emptyAccount } from "../../src/engine/ledger/draft.ts";
import { assess, maintenanceUp, termsAt } from "../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../src/engine/margin/portfolios.ts";
import { LiquidationScan } from "../../src/engine/scan/liquidationScan.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { AccountMap } from "../../src/engine/types/accountMap.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { instrumentNumber, STRIKE_ZERO } from "../../src/engine/types/instrument.ts";
import { steady } from "../../src/engine/types/ramp.ts";
import type { Account, AccountId, Position, SeriesPosition, State } from "../../src/engine/types/types.ts";
import { planLiquidations } from "../../src/keeper/plan.ts";
import { bareState, listing, openState, withSlice } from "../helpers/engineSeries.ts";
import { Random } from "../helpers/random.ts";
import { collateralOf, emptyState, underlyingAt } from "../helpers/state.ts";

const idOf = (i: number): AccountId => accountIdOf(`0x${(0x9000 + i).toString(16).padStart(40, "0")}`);

/** E − MM of every account as the engine has it. */
function surpluses(state: State): Map<AccountId, bigint> {
  const draft = new Draft(state);
  const terms = termsAt(state.margin, state.now);
  return new Map(
    [...state.accounts.keys()].map((id) => {
      const { equity, margin } = assess(portfolioOf(draft, id), terms, false);
      return [id, equity - maintenanceUp(margin, terms)];
    }),
  );
}

/** A number of any size up to `bits` bits, so that small and large ones are as likely. */
const ofAnySize = (random: Random, bits: number): bigint => random.bigBelow(2n ** BigInt(random.below(bits) + 1));
const signed = (random: Random, value: bigint): bigint => (random.chance(0.5) ? value : -value);

/** A market as the bounds of storage allow, sensible ones as well as absurd ones. */
function drawnState(random: Random, series: State | undefined): State {
  const base = series ?? emptyState({}, 0n);
  const drawn = Array.from({ length: 1 + random.below(8) }, () => {
    const price = random.chance(0.8) ? 10n ** 13n + ofAnySize(random, 60) : ofAnySize(random, 90);
    const index = signed(random, ofAnySize(random, random.chance(0.8) ? 50 : 95));
    const rate = signed(random, random.bigBelow(7_500_000n));
    return underlyingAt(price, base.now - random.bigBelow(500n), {
      depth: 1n + ofAnySize(random, 50),
      heldRange: 1n + random.bigBelow(400_000_000n),
      lotExponent: random.bigBelow(9n),
      funding: { index, rate, time: base.now - 3_600n, openInterest: 0n, cap: 2n ** 43n },
    });
  });
  const underlyings = series === undefined ? drawn : [series.underlyings[0]!, ...drawn];
  return {
    ...base,
    underlyings,
    collaterals: Array.from({ length: 4 }, () => collateralOf(random.bigBelow(BigInt(underlyings.length)), random.bigBelow(500_000n))),
    margin: { ...base.margin, maintenance: steady(500_000n + random.bigBelow(500_000n)), provision: steady(random.bigBelow(20_000n)) },
  };
}

function drawnAccount(random: Random, id: AccountId, state: State): Account {
  const positions = new Map<number, Position>();
  const collateral = new Map<number, bigint>();
  const series = new Map<number, SeriesPosition[]>();
  // options alone show what only they need
  const optionsAlone = state.underlyings[0]!.series.size > 0 && random.chance(0.3);
  for (const [i, { funding }] of state.underlyings.entries()) {
    if (optionsAlone || random.chance(0.4)) continue;
    const lots = signed(random, 1n + ofAnySize(random, random.chance(0.9) ? 30 : 47));
    const fundingIndex = random.chance(0.7) ? funding.index - signed(random, ofAnySize(random, 40)) : signed(random, ofAnySize(random, 95));
    positions.set(i, { lots, fundingIndex, entryCost: 0n });
  }
  for (const token of state.collaterals.keys()) if (!optionsAlone && random.chance(0.3)) collateral.set(token, 1n + ofAnySize(random, 80));
  const listed = [...(state.underlyings[0]?.series.keys() ?? [])];
  if (listed.length > 0 && random.chance(0.8)) {
    const held = new Map<bigint, bigint>();
    for (let i = random.below(6); i >= 0; i--) {
      const index = random.chance(0.2) ? STRIKE_ZERO : random.bigBelow(7n);
      const isCall = index === STRIKE_ZERO || random.chance(0.5);
      const instrument = instrumentNumber({ series: BigInt(random.pick(listed)), index, isCall });
      held.set(instrument, signed(random, 1n + ofAnySize(random, random.chance(0.9) ? 20 : 36)));
    }
    series.set(
      0,
      [...held].map(([instrument, lots]) => ({ instrument, lots })),
    );
  }
  return { ...emptyAccount(id), positions, collateral, series };
}

/** The state with accounts of which each stands on its line, units beside it, or wherever chance has put it. */
function withAccounts(random: Random, state: State, count: number): State {
  const drawn = new Map(Array.from({ length: count }, (_, i) => [idOf(i), drawnAccount(random, idOf(i), state)] as const));
  const without = surpluses({ ...state, accounts: drawn });
  const accounts = new Map(
    [...drawn].map(([id, account]) => {
      const beside = random.pick([0n, -1n, 1n, signed(random, random.bigBelow(100n)), signed(random, ofAnySize(random, 90))]);
      return [id, { ...account, cash: beside - without.get(id)! }];
    }),
  );
  return { ...state, accounts };
}

/** Two series with the same expiry and a later one. */
function seriesState(): State {
  let state = openState(WAD / 5n, {}, bareState());
  for (const [series, days] of [
    [2, 30n],
    [3, 90n],
  ] as const) {
    const listed = listSeries(state, 0, listing(state, { series: BigInt(series), expiry: state.now + days * 86_400n })).state;
    state = refreshSeries(withSlice(listed, WAD / 5n + BigInt(series) * 10n ** 16n, series), 0, series).state;
  }
  return state;
}

const series = seriesState();

/** Moves some prices, by little or by much, and time. */
function moved(random: Random, state: State): State {
  const underlyings = state.underlyings.map((each) => {
    if (random.chance(0.5)) return each;
    const by = BigInt(Math.round((random.chance(0.8) ? 0.002 : 0.6) * (random.fraction() - 0.5) * 1e9));
    return { ...each, price: (each.price * (10n ** 9n + by)) / 10n ** 9n + 1n };
  });
  return { ...state, underlyings, now: state.now + random.bigBelow(60n) };
}

describe("LiquidationScan", () => {
  const missed = (state: State, candidates: readonly AccountId[]): AccountId[] => {
    const found = new Set(candidates);
    return [...surpluses(state)].flatMap(([id, surplus]) => (surplus < 0n && !found.has(id) ? [id] : []));
  };

  it("default: a move judges only who can have crossed, and everybody once the order is old", () => {
    const start = scanState(false);
    const next = scanAccounts(1, start, false);
    const accounts = new AccountMap(Array.from({ length: 3_000 }, () => next()).map((account) => [account.id, account]));
    let state: State = { ...start, accounts };
    const scan = new LiquidationScan();
    scan.sync(state);
    expect(scan.judgeMoved(state).judged).to.equal(3_000);
    const little = scan.judgeMoved(withMove(state, 0, -0.001));
    expect(little.judged).to.be.within(1, 100);
    for (const move of [-0.02, 0.02]) {
      const moved = withMove(state, 0, move);
      const { candidates, judged } = scan.judgeMoved(moved);
      expect(judged).to.be.within(100, 1_000);
      expect(candidates).to.have.length.greaterThan(5);
      expect(missed(moved, candidates)).to.deep.equal([]);
    }
    const far = withMove(state, 0, 0.5);
    const anew = scan.judgeMoved(far);
    expect(anew.judged).to.equal(3_000);
    for (const moved of [withMove(state, 0, -0.001), far]) expect(missed(moved, scan.judgeAll(moved).candidates)).to.deep.equal([]);
    expect(new Set(scan.below(far, anew))).to.deep.equal(new Set(planLiquidations(far).map(({ account }) => account)));
    expect(scan.judgeMoved(far).judged).to.be.lessThan(1_000);
    // another scan range is more than a move
    state = { ...far, underlyings: far.underlyings.map((each) => ({ ...each, heldRange: each.heldRange + 1n })) };
    expect(scan.judgeMoved(state).judged).to.equal(3_000);
  });

  it("default: each instrument alone, long and short, a unit below the line is found, and a token above it is not", () => {
    const instruments = [1, 2, 3].flatMap((number) =>
      [...Array.from({ length: 7 }, (_, i) => BigInt(i)), STRIKE_ZERO].flatMap((index) =>
        (index === STRIKE_ZERO ? [true] : [true, false]).map((isCall) => instrumentNumber({ series: BigInt(number), index, isCall })),
      ),
    );
    const holders = [1n, -1n].flatMap((sign) => instruments.map((instrument) => ({ instrument, lots: sign * 10_000n })));
    const at = (beside: bigint): State => {
      const drawn = new Map(holders.map((position, i) => [idOf(i), { ...emptyAccount(idOf(i)), series: new Map([[0, [position]]]) }]));
      const without = surpluses({ ...series, accounts: drawn });
      return { ...series, accounts: new Map([...drawn].map(([id, account]) => [id, { ...account, cash: beside - without.get(id)! }])) };
    };
    for (const [beside, found] of [
      [-1n, holders.length],
      [WAD, 0],
    ] as const) {
      const scan = new LiquidationScan();
      scan.sync(at(beside));
      expect(scan.judgeAll(at(beside)).candidates).to.have.length(found);
    }
  });

  it("property: no account below its line is screened out, whatever the accounts, the prices and how they move", () => {
    let [below, spared, judged] = [0, 0, 0];
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, withSeries) => {
        const random = new Random(seed);
        let state = withAccounts(random, drawnState(random, withSeries ? series : undefined), withSeries ? 12 : 40);
        const scan = new LiquidationScan();
        scan.sync(state);
        for (let step = 0; step < 4; step++) {
          const result = scan.judgeMoved(state);
          expect(missed(state, result.candidates)).to.deep.equal([]);
          const exact = [...surpluses(state)].flatMap(([id, surplus]) => (surplus < 0n ? [id] : []));
          expect(new Set(scan.below(state, result))).to.deep.equal(new Set(exact));
          below += exact.length;
          spared += state.accounts.size - result.candidates.length;
          judged += result.judged;
          state = moved(random, state);
          const touched = random.pick([...state.accounts.keys()]);
          const other = { ...drawnAccount(random, touched, state), cash: signed(random, ofAnySize(random, 90)) };
          state = { ...state, accounts: new Map(state.accounts).set(touched, other) };
          if (random.chance(0.3)) {
            const accounts = new Map(state.accounts);
            accounts.delete(random.pick([...accounts.keys()]));
            state = { ...state, accounts };
          }
          scan.sync(state);
        }
      }),
      { numRuns: 16 },
    );
    // the test has seen both kinds, and the screen drops most of what is above
    expect(below).to.be.greaterThan(200);
    expect(spared).to.be.greaterThan(200);
    expect(judged).to.be.greaterThan(200);
  });
});
