import { expect } from "chai";
import { execute } from "../../../src/engine/actions/execute.ts";
import { listSeries, postSlices, refreshSeries, settleSeries, slideUp, type VolatilityReport } from "../../../src/engine/actions/series.ts";
import { settleExpired } from "../../../src/engine/actions/settleExpired.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { changedPositions } from "../../../src/engine/ledger/ledger.ts";
import { seriesMarkDown } from "../../../src/engine/ledger/market.ts";
import { averageFromWord, averageWord, NO_AVERAGE, openingOf } from "../../../src/engine/ledger/options/expiry.ts";
import {
  basisForwardDown,
  epochOf,
  type SeriesNow,
  seriesNow,
  seriesRangeUp,
  sliceNow,
  stalenessOf,
  stepsOf,
} from "../../../src/engine/ledger/options/seriesState.ts";
import { assess, notionalOf, termsAt } from "../../../src/engine/margin/margin.ts";
import { liveMargin } from "../../../src/engine/margin/options/liveMargin.ts";
import { openingFiguresDown } from "../../../src/engine/margin/options/openingBound.ts";
import { holdingsOf, portfolioOf, settledCash } from "../../../src/engine/margin/portfolios.ts";
import { sviWord } from "../../../src/engine/math/options/svi.ts";
import { accountIdOf } from "../../../src/engine/types/accountId.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { fromPpb, max, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { instrumentFromNumber } from "../../../src/engine/types/instrument.ts";
import type { AccountId, Assessment, Series, SeriesSurface, State, Underlying } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { anchorOf, expiryOf } from "../../../src/engine/words/seriesWord.ts";
import {
  accountFromWords,
  headerWord,
  positionWord,
  seriesBitmap,
  seriesFromWords,
  seriesPositionsFromWords,
  seriesPositionWords,
  seriesWords,
  surfaceFromWord,
  surfaceWord,
  underlyingWords,
} from "../../../src/engine/words/words.ts";
import {
  bareState,
  call,
  DAY,
  flatSlice,
  funded,
  future,
  later,
  listing,
  openState,
  PRICE,
  posted,
  put,
  spanOf,
  traded,
  withSlice,
  YEAR,
} from "../../helpers/engineSeries.ts";
import { ALICE, alice, BOB, bob, CAROL, carol, emptyState } from "../../helpers/state.ts";

const HALF = WAD / 2n;
const terms = (state: State) => termsAt(state.margin, state.now);
const seriesIn = (state: State, number = 1): Series => state.underlyings[0]!.series.get(number)!;
const nowOf = (state: State, number = 1): SeriesNow => seriesNow(state.underlyings[0]!, seriesIn(state, number), state.now);
const markOf = (state: State, named: bigint): bigint => {
  const instrument = instrumentFromNumber(named >> 8n);
  return seriesMarkDown(nowOf(state, Number(instrument.series)), instrument);
};
const lotsOf = (state: State, id: AccountId): string =>
  (state.accounts.get(id)?.series.get(0) ?? []).map(({ instrument, lots }) => `${instrument.toString(16)}:${lots}`).join(" ");
const opening = (state: State, id: AccountId): Assessment => assess(portfolioOf(new Draft(state), id), terms(state), true);
const RICH = [
  [ALICE, alice, 10_000n * WAD],
  [BOB, bob, 10_000n * WAD],
  [CAROL, carol, 10_000n * WAD],
] as const;

function reverts(name: string, run: () => unknown): void {
  expect(run).to.throw(Reverted, new RegExp(`^${name}\\(`));
}

/** A series that has no slice yet. */
function bareListed(): State {
  return listSeries(bareState(), 0, listing(bareState())).state;
}

/** One series with fresh words and three accounts of ten thousand. */
function market(): State {
  return funded(openState(), RICH);
}

/** The words of a series posted and refreshed anew, as a keeper would. */
function fresh(state: State): State {
  return refreshSeries(withSlice(state), 0, 1).state;
}

/** The state `seconds` after the window of the series opened, with the price posted every two minutes. */
function inWindow(state: State, seconds: bigint, price = PRICE): State {
  let at = { ...state, now: openingOf(expiryOf(seriesIn(state).word)) };
  for (let elapsed = 0n; ; elapsed += 120n) {
    at = posted(at, price).state;
    if (elapsed >= seconds) return at;
    at = later(at, seconds - elapsed < 120n ? seconds - elapsed : 120n);
    if (seconds - elapsed < 120n) return posted(at, price).state;
  }
}

describe("words of series", () => {
  const surface: SeriesSurface = {
    basis: -5_000_000n,
    published: 1_700_000_000n,
    span: 2_590_800n,
    epoch: 2n ** 24n - 1n,
    highest: 12_345n,
    slide: 321n,
    depth: 2n ** 40n - 1n,
    openInterest: 2n ** 44n - 1n,
    volatilityCap: 500n,
  };

  it("default: a surface comes back from its word, each field in its place", () => {
    expect(surfaceFromWord(surfaceWord(surface))).to.deep.equal(surface);
    expect(surfaceWord({ ...surface, basis: 1n }) % 2n ** 32n).to.equal(1n);
    expect(surfaceWord(surface) >> 244n).to.equal(500n);
    expect(BigInt.asUintN(24, surfaceWord(surface) >> 104n)).to.equal(2n ** 24n - 1n);
    const series: Series = { word: 5n, slice: 6n, surface, average: 7n, risks: [8n], listed: true };
    expect(seriesFromWords(seriesWords(series), [8n], true)).to.deep.equal(series);
  });

  it("default: four positions a word, and nothing beyond the last", () => {
    const sizes = [1n, -2n, 2n ** 37n - 1n, -(2n ** 37n) + 1n, 5n];
    const positions = sizes.map((lots, i) => ({ instrument: 0x0100n + BigInt(i), lots, ...(i % 2 === 1 ? {} : { halvings: 7n }) }));
    const words = seriesPositionWords(positions);
    expect(words.length).to.equal(2);
    expect(words[0]! % 2n ** 64n).to.equal((7n << 61n) | 0x1_0100n);
    expect(words[1]! >> 64n).to.equal(0n);
    expect(seriesPositionsFromWords(words, 5n)).to.deep.equal(positions);
    expect(() => seriesPositionsFromWords(words, 9n)).to.throw(RangeError);
  });

  it("default: counts of positions are in the header and in the position word, and an underlying is held for its series alone", () => {
    const state = traded(market(), alice, [
      { maker: bob, instrument: future(), lots: 5n, price: PRICE },
      { maker: bob, instrument: call(3n), lots: -5n, price: (17n * WAD) / 100n },
    ]).state;
    const account = state.accounts.get(alice)!;
    expect(headerWord(account) >> 241n).to.equal(2n);
    expect(BigInt.asUintN(32, headerWord(account) >> 128n)).to.equal(1n);
    expect(positionWord(account.positions.get(0), 2n)).to.equal(2n << 240n);
    const words = {
      header: headerWord(account),
      positions: new Map([[0, 2n << 240n]]),
      collateral: new Map(),
      operators: new Map(),
      exchangeSince: 0n,
      series: new Map([[0, seriesPositionWords(account.series.get(0)!)]]),
    };
    // what a dated future has cost is stored apart
    const series = new Map([[0, account.series.get(0)!.map(({ entryCost: _, ...each }) => each)]]);
    expect(account.series.get(0)![0]!.entryCost).to.equal(5n * PRICE);
    expect(accountFromWords(alice, words)).to.deep.equal({ ...account, series });
    // the flag by which a post knows of series
    expect((underlyingWords(state.underlyings[0]!)[5] >> 160n) & 1n).to.equal(1n);
    expect(underlyingWords(bareState().underlyings[0]!)[5] >> 160n).to.equal(0n);
    expect(seriesBitmap(state.underlyings[0]!)).to.equal(2n);
  });

  it("default: a new position goes behind the last, a closed one is replaced by the last", () => {
    const list = [1n, 2n, 3n].map((instrument) => ({ instrument, lots: instrument * 10n }));
    expect(changedPositions(list, 4n, -7n).at(-1)).to.deep.equal({ instrument: 4n, lots: -7n });
    expect(changedPositions(list, 1n, -10n).map(({ instrument }) => instrument)).to.deep.equal([3n, 2n]);
    expect(changedPositions(list, 3n, -30n).map(({ instrument }) => instrument)).to.deep.equal([1n, 2n]);
    expect(changedPositions(list, 2n, -50n)[1]).to.deep.equal({ instrument: 2n, lots: -30n });
    expect(changedPositions([], 2n, 0n)).to.deep.equal([]);
  });
});

describe("a series as it stands", () => {
  it("default: a feed holds for an hour and gives way in 96 steps of a quarter of an hour", () => {
    const steps = [0n, 3_600n, 3_601n, 4_500n, 4_501n, 89_100n, 89_101n, 90_000n, 10n ** 7n].map((elapsed) =>
      stepsOf({ published: 1_000n }, 1_000n + elapsed),
    );
    expect(steps).to.deep.equal([0n, 0n, 1n, 1n, 2n, 95n, 96n, 96n, 96n]);
    // a basis of 2 % of a price of 100
    expect([0n, 48n, 96n].map((step) => basisForwardDown(100n * WAD, 20_000_000n, step))).to.deep.equal([
      102n * WAD,
      101n * WAD,
      100n * WAD,
    ]);
    expect(basisForwardDown(100n, -1n, 0n)).to.equal(99n);
    expect(basisForwardDown(1n, -1n, 0n), "never nothing").to.equal(1n);
  });

  it("default: a slice gives way to the forecast, rounded down", () => {
    // a forecast of 30 %: a variance of 0.09, nine hundred million in units of 1e-10
    const forecast = 900_000_000n;
    const slice = sviWord({ a: WAD / 25n, b: WAD / 10n, rho: 0n, m: 0n, sigma: WAD });
    const series: Series = { word: 0n, slice, surface: { ...surfaceFromWord(0n), span: YEAR }, average: 0n, risks: [], listed: true };
    const at = (steps: bigint) => sliceNow({ series, steps, forecast }).slice;
    expect([at(0n).a, at(48n).a, at(96n).a]).to.deep.equal([WAD / 25n, (65n * WAD) / 1_000n, (9n * WAD) / 100n]);
    expect([at(0n).b, at(48n).b, at(96n).b]).to.deep.equal([WAD / 10n, WAD / 20n, 0n]);
    const below = {
      ...series,
      slice: sviWord({ a: -10_000n, b: WAD, rho: 0n, m: 0n, sigma: WAD }),
      surface: { ...series.surface, span: 0n },
    };
    expect(sliceNow({ series: below, steps: 1n, forecast }).slice.a).to.equal(-9_896n); // −10,000·95/96 = −9,895.8
  });

  it("default: before the window all of the forward moves, in its middle half of it, and then it is settled", () => {
    const start = openState();
    const live = nowOf(start);
    expect([live.forward, live.moving, live.varianceTime]).to.deep.equal([PRICE, PRICE, (30n * DAY - 1_200n) * WAD]);
    expect(seriesRangeUp(live, WAD / 10n)).to.equal(WAD / 10n);

    // half of the window at three tokens: 600 s · (1/2)³, and half of the range
    const half = nowOf(inWindow(start, 900n));
    expect([half.forward, half.moving, half.varianceTime]).to.deep.equal([PRICE, PRICE / 2n, 75n * WAD]);
    expect(seriesRangeUp(half, WAD / 10n)).to.equal(WAD / 20n);

    const end = inWindow(start, 1_800n);
    expect(nowOf(end).settled).to.equal(true);
    expect([nowOf(end).forward, nowOf(end).moving, nowOf(end).varianceTime]).to.deep.equal([PRICE, 0n, 0n]);
  });

  it("default: words are stale by time, price, range, the number of the slice and its steps", () => {
    const start = openState();
    const cause = (state: State, range = WAD / 10n) => stalenessOf(nowOf(state), range, state.now);
    expect(anchorOf(seriesIn(start).word)).to.deep.equal({ forward: PRICE, time: start.now, range: (1_005n * WAD) / 10_000n, epoch: 1n });
    expect(cause(start)).to.equal("none");
    expect([cause(later(start, 900n)), cause(later(start, 901n))]).to.deep.equal(["none", "time"]);
    const moved = { ...start, underlyings: [{ ...start.underlyings[0]!, price: PRICE + PRICE / 199n }] };
    expect(cause(moved)).to.equal("price");
    expect(cause(start, (1_006n * WAD) / 10_000n)).to.equal("range");
    expect(cause(withSlice(later(start, 1n)))).to.equal("volatility");
    expect(epochOf({ series: seriesIn(start), steps: 0n, forecast: 0n })).to.equal(1n);
    // of a slice that gives way the forecast is the number, and the step is known from the time of the refresh
    expect(epochOf({ series: seriesIn(start), steps: 3n, forecast: 2n ** 23n + 5n })).to.equal(2n ** 23n + 5n);
    const last = { ...seriesIn(start), surface: { ...seriesIn(start).surface, epoch: 2n ** 23n - 1n } };
    const wrapped = withSlice(later({ ...start, underlyings: [{ ...start.underlyings[0]!, series: new Map([[1, last]]) }] }, 1n));
    expect(seriesIn(wrapped).surface.epoch).to.equal(0n);
    const silent = later(start, 3_601n);
    const priced = refreshSeries(posted(silent, PRICE).state, 0, 1).state;
    expect([cause(priced), cause(later(priced, 899n)), cause(later(priced, 900n))]).to.deep.equal(["none", "none", "volatility"]);
  });

  it("H-87 default: words are stale, or prices the same, as soon as anything has changed that a live price reads", () => {
    const fresh = openState();
    const lapsed = refreshSeries(posted(later(fresh, 2n * 3_600n), PRICE).state, 0, 1).state;
    const option = instrumentFromNumber(call(3n));
    const markIn = (state: State): bigint => seriesMarkDown(nowOf(state), option);
    const underlyingWith = (state: State, changes: Partial<Underlying>): State => ({
      ...state,
      underlyings: [{ ...state.underlyings[0]!, ...changes }],
    });
    const seriesWith = (state: State, changes: Partial<Series>, surface: Partial<Series["surface"]> = {}): State => {
      const series = seriesIn(state);
      return underlyingWith(state, { series: new Map([[1, { ...series, ...changes, surface: { ...series.surface, ...surface } }]]) });
    };
    // every member of what `seriesNow`, `sliceNow` and `seriesRangeUp` read
    const changes: Readonly<Record<string, (state: State) => State>> = {
      price: (state) => underlyingWith(state, { price: (PRICE * 101n) / 100n }),
      "fast variance": (state) => underlyingWith(state, { sample: { ...state.underlyings[0]!.sample, fast: 12_345_678_901n } }),
      "slow variance": (state) => underlyingWith(state, { sample: { ...state.underlyings[0]!.sample, slow: 12_345_678_902n } }),
      floor: (state) => underlyingWith(state, { volatility: { ...state.underlyings[0]!.volatility, sigmaFloor: 1_234_567n } }),
      "held range": (state) => underlyingWith(state, { heldRange: 200_000_000n }),
      "target range": (state) => underlyingWith(state, { targetRange: 200_000_000n }),
      time: (state) => later(state, 901n),
      // a slice changes with its number alone, and with it basis, span and publish time
      slice: (state) => withSlice(later(state, 1n), (HALF * 11n) / 10n, 1, 0, 4_000_000n),
      average: (state) =>
        seriesWith(state, { average: averageWord({ sum: PRICE, seconds: 1n, delay: 0n, lastTime: state.now, lastPrice: PRICE }) }),
    };
    for (const [before, lapses] of [
      [fresh, false],
      [lapsed, true],
    ] as const) {
      const range = fromPpb(100_000_000n);
      const causeIn = (state: State): string => {
        const { targetRange, heldRange } = state.underlyings[0]!;
        return stalenessOf(nowOf(state), seriesRangeUp(nowOf(state), fromPpb(max(targetRange, heldRange))), state.now);
      };
      expect([causeIn(before), range > 0n]).to.deep.equal(["none", true]);
      for (const [what, change] of Object.entries(changes)) {
        const after = change(before);
        const isSame = markIn(after) === markIn(before) && !what.endsWith("range");
        expect(isSame || causeIn(after) !== "none", `${what}, ${lapses ? "lapsed" : "fresh"}`).to.equal(true);
        if (what.endsWith("variance") || what === "floor") expect(isSame, what).to.equal(!lapses);
      }
    }
  });
});

describe("listing of a series", () => {
  it("default: is refused at each bound and taken at it", () => {
    const state = bareState();
    const list = (changes: Parameters<typeof listing>[1]) => listSeries(state, 0, listing(state, changes));
    reverts("UnknownUnderlying", () => listSeries(state, 1, listing(state)));
    reverts("UnknownSeries", () => list({ series: 0n }));
    const [least, most] = [state.now + DAY, state.now + 730n * DAY + 3_600n];
    reverts("ExpiryOutOfBounds", () => list({ expiry: least - 1n }));
    reverts("ExpiryOutOfBounds", () => list({ expiry: most + 1n, volatilityCap: 10n }));
    expect([least, most].map((expiry) => list({ expiry, volatilityCap: 10n }).state.underlyings[0]!.series.size)).to.deep.equal([1, 1]);
    // 0.05 to 20 times a price of 3: 0.15 to 60
    reverts("StrikeOutOfBounds", () => list({ base: 14n, step: 1n, decimals: 16n }));
    reverts("StrikeOutOfBounds", () => list({ base: 60n, step: 1n, decimals: 18n, count: 2n }));
    list({ base: 15n, step: 1n, decimals: 16n });
    list({ base: 60n, step: 1n, decimals: 18n, count: 1n });
    reverts("MalformedSeries", () => list({ step: 0n }));
    reverts("DepthZero", () => list({ depth: 0n }));
    for (const volatilityCap of [9n, 501n]) reverts("VolatilityCapOutOfBounds", () => list({ volatilityCap }));
    list({ volatilityCap: 500n });
    // at a range of up to 35 %, a year and the price of a lot the table of docs/options.md has 150 %
    const year = state.now + 365n * DAY;
    list({ expiry: year, volatilityCap: 150n });
    reverts("SeriesCouldSaturate", () => list({ expiry: year, volatilityCap: 151n }));
  });

  it("H-95: a number is taken until its series is settled, everybody is paid, the shorts too, and a day has passed", () => {
    const start = market();
    reverts("SeriesTaken", () => listSeries(start, 0, listing(start)));
    const held = traded(start, alice, [{ maker: bob, instrument: future(), lots: 1n, price: PRICE }]).state;
    const settled = inWindow(held, 1_800n);
    reverts("SeriesTaken", () => listSeries(settled, 0, listing(settled)));
    const half = settleExpired(settled, alice, 0, 1).state;
    // what the short owes would otherwise be owed in another series
    reverts("SeriesTaken", () => listSeries(half, 0, listing(half)));
    const gone = settleExpired(half, bob, 0, 1).state;
    // H-95: nor at once, but a day after the expiry
    const rested = expiryOf(seriesIn(gone).word) + DAY;
    reverts("SeriesRests", () => listSeries({ ...gone, now: rested - 1n }, 0, listing(gone, { expiry: rested + DAY })));
    const paid = { ...gone, now: rested };
    const again = listSeries(paid, 0, listing(paid, { expiry: paid.now + 9n * DAY, depth: 7n })).state;
    const { word, surface, slice, average, listed, risks } = seriesIn(again);
    expect([expiryOf(word), anchorOf(word).forward, slice, average, listed]).to.deep.equal([paid.now + 9n * DAY, 0n, 0n, 0n, true]);
    expect(surface).to.deep.equal({ ...surfaceFromWord(0n), depth: 7n, volatilityCap: 120n });
    expect(risks).to.deep.equal(seriesIn(start).risks);
  });
});

describe("slices", () => {
  const state = listSeries(bareState(), 0, listing(bareState())).state;
  const report = (changes: Partial<VolatilityReport> = {}, at = state): VolatilityReport => ({
    sliceWord: flatSlice(HALF, spanOf(at)),
    basis: 0n,
    publishTime: at.now,
    ...changes,
  });
  const post = (changes: Partial<VolatilityReport> = {}, at = state): State =>
    postSlices(at, 0, [{ series: 1, report: report(changes, at) }]).state;

  it("default: one is stored with its basis, its time and the seconds of variance time from there", () => {
    const { slice, surface } = seriesIn(post({ basis: -1_000_000n, publishTime: state.now - 100n }));
    expect(slice).to.equal(flatSlice(HALF, 30n * DAY - 1_200n));
    expect([surface.basis, surface.published, surface.span, surface.epoch]).to.deep.equal([
      -1_000_000n,
      state.now - 100n,
      30n * DAY - 1_100n,
      1n,
    ]);
    expect(seriesIn(post({ publishTime: state.now + 10n })).surface.published).to.equal(state.now);
  });

  it("H-76 H-89: one that is not newer is left out of those that come together, and changes nothing", () => {
    expect(post({ publishTime: 0n })).to.deep.equal(state);
    const first = post({ publishTime: state.now - 60n });
    for (const publishTime of [state.now - 60n, state.now - 61n, state.now - 121n]) {
      expect(post({ publishTime, sliceWord: 1n, basis: 10n ** 9n }, first)).to.deep.equal(first);
    }
    const two = listSeries(first, 0, listing(first, { series: 2n, expiry: first.now + 60n * DAY })).state;
    const second = { series: 2, report: { ...report(), sliceWord: flatSlice(HALF, spanOf(two, 2)) } };
    const alone = postSlices(two, 0, [second]);
    expect(postSlices(two, 0, [{ series: 1, report: report({ publishTime: state.now - 60n }) }, second])).to.deep.equal(alone);
  });

  it("default: is refused when it is too old, in the future, or the window was reached", () => {
    reverts("UnknownSeries", () => postSlices(state, 0, [{ series: 2, report: report() }]));
    reverts("UnknownSeries", () => postSlices(state, 3, [{ series: 1, report: report() }]));
    reverts("SliceFromFuture", () => post({ publishTime: state.now + 11n }));
    reverts("SliceTooOld", () => post({ publishTime: state.now - 121n }));
    post({ publishTime: state.now - 120n });
    const opens = { ...state, now: state.now + 30n * DAY - 1_800n };
    reverts("WindowOpen", () => post({}, opens));
    post({}, later(opens, -1n));
  });

  it("default: is refused for its basis, its volatility and arbitrage at the strikes", () => {
    // 0.5 % and a quarter of 30/365
    const most = 5_000_000n + 20_547_945n;
    post({ basis: most });
    post({ basis: -most });
    reverts("BasisTooFar", () => post({ basis: most + 1n }));
    reverts("BasisTooFar", () => post({ basis: -most - 1n }));
    post({ sliceWord: flatSlice((12n * WAD) / 10n - 1_000_000_000n, spanOf(state)) });
    reverts("VolatilityAboveCap", () => post({ sliceWord: flatSlice((12n * WAD) / 10n + 1_000_000_000n, spanOf(state)) }));
    reverts("MalformedSlice", () => post({ sliceWord: 1n }));
    // Vogt's slice, which has a butterfly that costs less than nothing
    const vogt = {
      a: -410n * 10n ** 14n,
      b: 1_331n * 10n ** 14n,
      rho: 3_060n * 10n ** 14n,
      m: 3_586n * 10n ** 14n,
      sigma: 4_153n * 10n ** 14n,
    };
    const far = { base: 30n, step: 10n, decimals: 17n, count: 8n, volatilityCap: 150n, expiry: bareState().now + 365n * DAY };
    const year = listSeries(bareState(), 0, listing(bareState(), far)).state;
    reverts("ButterflyArbitrage", () =>
      postSlices(year, 0, [{ series: 1, report: { sliceWord: sviWord(vogt), basis: 0n, publishTime: year.now } }]),
    );
  });

  it("default: is refused against the series that expire next before and after it, aged to its time", () => {
    let both = listSeries(state, 0, listing(state, { series: 2n, expiry: state.now + 60n * DAY })).state;
    both = listSeries(both, 0, listing(both, { series: 3n, expiry: both.now + 60n * DAY })).state;
    both = withSlice(both, HALF, 1);
    // variance of 30 days at 50 % is that of 60 days at 35.35 %
    reverts("CalendarArbitrage", () => withSlice(both, (353n * WAD) / 1_000n, 2));
    both = withSlice(both, (354n * WAD) / 1_000n, 2);
    // one that expires together with the second is no neighbour of it
    both = withSlice(both, (6n * WAD) / 10n, 3);
    // of the two later ones the lower number counts
    const older = { ...both, now: both.now + 120n };
    // aged by two minutes the later slice has 35.4 %·√(5,182,680 s/2,590,680 s) = 50.0693 % of 30 days less two minutes; as it was published 50.0699 %
    reverts("CalendarArbitrage", () => withSlice(older, (500_696n * WAD) / 1_000_000n, 1));
    withSlice(older, (500_691n * WAD) / 1_000_000n, 1);
    // H-89: a second later it is another market's and bounds nothing
    const apart = { ...both, now: both.now + 121n };
    withSlice(apart, WAD, 1);
    // one of those that expire later has a slice of the same minutes
    reverts("CalendarArbitrage", () => withSlice(withSlice(apart, (6n * WAD) / 10n, 3), WAD, 1));
  });

  it("H-89: a near expiry that is said more often than a far one moves as far as its market does", () => {
    let both = listSeries(bareState(), 0, listing(bareState(), { expiry: bareState().now + 2n * DAY })).state;
    both = listSeries(both, 0, listing(both, { series: 2n, expiry: both.now + 3n * DAY })).state;
    both = withSlice(withSlice(both, (6n * WAD) / 10n, 1), (6n * WAD) / 10n, 2);
    for (const minutes of [2n, 10n, 30n, 59n, 61n]) {
      const say = () => withSlice(later(both, minutes * 60n), (8n * WAD) / 10n, 1);
      if (minutes === 2n) reverts("CalendarArbitrage", say);
      else expect(seriesIn(say()).surface.published).to.equal(both.now + minutes * 60n);
    }
  });
});

describe("refresh", () => {
  it("default: keeps the highest volatility and the slide of its strikes", () => {
    const { surface, risks } = seriesIn(openState());
    // 50 %, cut to whole units of a word and of a root, in units of 1e-4 rounded up
    expect([surface.highest, surface.slide, risks.length]).to.deep.equal([500n, 0n, 7]);
  });

  it("default: the slide is what half a percent of the forward changes", () => {
    // w = 0.04 + 0.1·√(k² + 0.01): at k = 0.5 about 0.0910, whose slope is 0.0981: 0.0981·0.0050125/(2·0.0910) = 0.27 %
    const slice = { a: WAD / 25n, b: WAD / 10n, rho: 0n, m: 0n, sigma: WAD / 10n };
    const slide = Number(slideUp(slice, YEAR, [HALF])) / 1e18;
    const root = Math.sqrt(0.26);
    const first = (0.1 * (0.5 / root) * 0.005012542) / (2 * (0.04 + 0.1 * root));
    expect(Math.abs(slide / first - 1)).to.be.lessThan(0.01);
    expect(slideUp(slice, YEAR, [0n, HALF, WAD])).to.equal(slideUp(slice, YEAR, [HALF]));
  });

  it("default: needs a good price, a slice and a series that has not settled", () => {
    const state = openState();
    const [first] = state.underlyings;
    reverts("UnknownSeries", () => refreshSeries(state, 0, 2));
    reverts("PriceNotNormal", () => refreshSeries({ ...state, underlyings: [{ ...first!, priceState: 1n }] }, 0, 1));
    reverts("PriceTooOld", () => refreshSeries(later(state, 601n), 0, 1));
    refreshSeries(later(state, 600n), 0, 1);
    const bare = listSeries(bareState(), 0, listing(bareState())).state;
    reverts("SeriesHasNoSlice", () => refreshSeries(bare, 0, 1));
    reverts("SeriesIsSettled", () => refreshSeries(inWindow(state, 1_800n), 0, 1));
  });

  it("behavior: a feed that is silent is priced by what is between its slice and the forecast", () => {
    const start = openState();
    // the floor of the forecast is 30 %, so a slice of 50 % falls with each step
    const faded = posted(later(start, 3_600n + 900n), PRICE).state;
    const next = refreshSeries(faded, 0, 1).state;
    // the forecast in 1e-10 a year
    expect(anchorOf(seriesIn(next).word).epoch).to.equal(2n ** 23n + (900_000_000n % 2n ** 23n));
    const { slice, span } = sliceNow(nowOf(faded));
    expect(slice.a).to.equal((seriesSliceA(start) * 95n + (((9n * WAD) / 100n) * span) / YEAR) / 96n);
    expect(seriesIn(next).surface.highest < 500n).to.equal(true);
  });
});

const seriesSliceA = (state: State): bigint => sliceNow({ series: seriesIn(state), steps: 0n, forecast: 0n }).slice.a;

describe("settlement", () => {
  it("default: posts of the window are observed, and the one that fills it settles", () => {
    const start = openState();
    const opens = { ...start, now: openingOf(expiryOf(seriesIn(start).word)) };
    // a post before the window leaves nothing; one at it is remembered
    expect(seriesIn(posted(later(opens, -1n), PRICE).state).average).to.equal(0n);
    const at = posted(opens, PRICE);
    expect(averageFromWord(seriesIn(at.state).average)).to.deep.equal({ ...NO_AVERAGE, lastTime: opens.now, lastPrice: PRICE });
    // nine hundred seconds at 3 and as many at 3.06
    let half = inWindow(start, 780n);
    half = posted(later(half, 120n), (PRICE * 102n) / 100n).state;
    for (let i = 0; i < 7; i++) half = posted(later(half, 120n), (PRICE * 102n) / 100n).state;
    const last = posted(later(half, 60n), (PRICE * 104n) / 100n);
    expect(last.events).to.include("SeriesSettled");
    expect(last.events.indexOf("SeriesSettled")).to.be.lessThan(last.events.indexOf("PricePosted"));
    expect(seriesIn(last.state).listed).to.equal(false);
    expect(nowOf(last.state).forward).to.equal((PRICE * 101n) / 100n);
    // nothing moves it any more
    const next = posted(later(last.state, 60n), PRICE);
    expect(next.events).not.to.include("SeriesSettled");
    expect(nowOf(next.state).forward).to.equal((PRICE * 101n) / 100n);
  });

  it("default: what the clock alone has settled is written by anybody, once", () => {
    const early = inWindow(openState(), 1_680n);
    reverts("NotSettled", () => settleSeries(later(early, 119n), 0, 1));
    const due = later(early, 120n);
    expect(nowOf(due).settled).to.equal(true);
    const { state, events } = settleSeries(due, 0, 1);
    expect(events).to.deep.equal([{ name: "SeriesSettled", values: { underlying: 0n, series: 1n, price: PRICE } }]);
    const { sum, seconds } = averageFromWord(seriesIn(state).average);
    expect([sum, seconds]).to.deep.equal([1_800n * PRICE, 1_800n]);
    reverts("SeriesIsSettled", () => settleSeries(later(state, 5n), 0, 1));
    // a later post does not change what the clock has settled
    const late = posted(later(early, 150n), (PRICE * 101n) / 100n, 0, 20n);
    expect(late.events).to.include("SeriesSettled");
    expect(nowOf(late.state).forward).to.equal(PRICE);
  });

  it("default: each account is paid its payoffs, which are nothing in sum", () => {
    let state = traded(market(), alice, [
      { maker: bob, instrument: future(), lots: 4n, price: PRICE },
      { maker: bob, instrument: call(0n), lots: -3n, price: (61n * WAD) / 100n },
      { maker: bob, instrument: put(6n), lots: 2n, price: (63n * WAD) / 100n },
    ]).state;
    expect(lotsOf(state, alice)).to.equal("1ff:4 101:-3 10c:2");
    reverts("SeriesNotSettled", () => settleExpired(state, alice, 0, 1));
    state = inWindow(state, 1_800n);
    const before = state.accounts.get(alice)!.cash;
    // settled at 3: 4·3 − 3·(3 − 2.4) + 2·(3.6 − 3)
    const paid = settleExpired(state, alice, 0, 1);
    const amount = 12n * WAD - (18n * WAD) / 10n + (12n * WAD) / 10n;
    expect(paid.events.at(-1)?.values).to.deep.equal({ account: alice, underlying: 0n, series: 1n, amount });
    expect(paid.state.accounts.get(alice)!.cash - before).to.equal(amount);
    expect(lotsOf(paid.state, alice)).to.equal("");
    expect(seriesIn(paid.state).surface.openInterest).to.equal(9n);
    reverts("NothingToDo", () => settleExpired(paid.state, alice, 0, 1));
    reverts("UnknownSeries", () => settleExpired(paid.state, alice, 0, 9));
    const both = settleExpired(paid.state, bob, 0, 1);
    expect(both.events.at(-1)?.values.amount).to.equal(-amount);
    expect([seriesIn(both.state).surface.openInterest, both.state.underlyings[0]!.funding.openInterest]).to.deep.equal([0n, 0n]);
  });

  it("behavior: positions of other series keep their order", () => {
    let state = listSeries(market(), 0, listing(market(), { series: 2n, expiry: bareState().now + 40n * DAY })).state;
    state = refreshSeries(withSlice(state, HALF, 2), 0, 2).state;
    const names = [future(1n), future(2n), call(3n, 1n), put(3n, 2n)];
    const prices = [PRICE, PRICE, (17n * WAD) / 100n, (20n * WAD) / 100n];
    const done = traded(
      state,
      alice,
      names.map((instrument, i) => ({ maker: bob, instrument, lots: 1n, price: prices[i]! })),
    );
    expect(done.skipped).to.deep.equal([]);
    expect(lotsOf(done.state, alice)).to.equal("1ff:1 2ff:1 107:1 206:1");
    const settled = settleExpired(inWindow(done.state, 1_800n), alice, 0, 1).state;
    expect(lotsOf(settled, alice)).to.equal("2ff:1 206:1");
  });
});

describe("margin of accounts with series", () => {
  it("default: a long future is a line with provisions and size, by words as live", () => {
    const { state } = traded(market(), alice, [{ maker: bob, instrument: future(), lots: 100n, price: PRICE }]);
    // 300 of notional: 10 % of scan, 0.5 %, and 100²·3 of a depth of a million
    const margin = 30n * WAD + (15n * WAD) / 10n + (3n * WAD) / 100n;
    const [holding] = holdingsOf(state, alice);
    expect(liveMargin(holding!, terms(state)).total).to.equal(margin);
    expect(openingFiguresDown(holding!, terms(state))).to.deep.equal({ value: 300n * WAD, surplus: 300n * WAD - margin });
    const figures = opening(state, alice);
    expect(figures).to.deep.equal({ value: 10_000n * WAD, equity: 10_000n * WAD, margin, notional: 300n * WAD });
    expect(settledCash(portfolioOf(new Draft(state), alice))).to.equal(10_000n * WAD);

    // half of the window has passed: half of it moves. Words hold for no second there, but live figures need none
    const half = inWindow(state, 900n);
    const inside = liveMargin(holdingsOf(half, alice)[0]!, terms(half));
    expect([inside.value, inside.scan]).to.deep.equal([300n * WAD, 15n * WAD]);
    const again = refreshSeries(half, 0, 1).state;
    expect(opening(again, alice).margin).to.equal(15n * WAD + (15n * WAD) / 10n + (3n * WAD) / 100n);

    // against the perpetual only what moves is a hedge: 100 short, half of 300 is long
    const hedged = traded(again, alice, [{ maker: bob, instrument: 0n, lots: -100n, price: PRICE }]).state;
    expect(liveMargin(holdingsOf(hedged, alice)[0]!, terms(hedged)).scan).to.equal(15n * WAD);

    const end = inWindow(state, 1_800n);
    const [settled] = holdingsOf(end, alice);
    expect([settled!.settled, settled!.series.length, settled!.stale]).to.deep.equal([300n * WAD, 0, undefined]);
    expect(opening(end, alice)).to.deep.equal({ value: 10_000n * WAD, equity: 10_000n * WAD, margin: 0n, notional: 0n });
    expect(settledCash(portfolioOf(new Draft(end), alice))).to.equal(10_000n * WAD);
  });

  it("default: options count in settled cash only where they are worth less than nothing together", () => {
    const price = (17n * WAD) / 100n;
    const { state } = traded(market(), alice, [{ maker: bob, instrument: call(3n), lots: 100n, price }]);
    const [long, short] = [alice, bob].map((id) => portfolioOf(new Draft(state), id));
    expect(settledCash(long!)).to.equal(10_000n * WAD - 17n * WAD);
    const owed = 10_000n * WAD + 17n * WAD - settledCash(short!);
    const mark = 100n * markOf(state, call(3n));
    // a lower bound: at most a unit of the lanes a lot more, and nothing for vega, since the words were just made
    expect(owed >= mark && owed - mark <= (100n * 3n * WAD) / 2n ** 15n + 100n).to.equal(true);
    expect(notionalOf(short!)).to.equal(300n * WAD);
  });

  it("behavior: by words an account never has more room than priced live at the wider range", () => {
    let state = market();
    const names = [call(1n), call(4n), put(2n), put(5n), future(), 0n];
    names.forEach((instrument, i) => {
      const lots = i % 2 === 0 ? 40n : -55n;
      const mark = instrument === 0n ? PRICE : markOf(state, instrument);
      const done = traded(state, alice, [{ maker: bob, instrument, lots, price: mark }]);
      expect(done.skipped).to.deep.equal([]);
      state = done.state;
    });
    for (const id of [alice, bob]) {
      for (const price of [PRICE, (PRICE * 1_004n) / 1_000n, (PRICE * 996n) / 1_000n]) {
        const moved = posted(later(state, 800n), price).state;
        const [holding] = holdingsOf(moved, id);
        expect(holding!.stale).to.equal(undefined);
        const { value, total } = liveMargin(holding!, terms(moved));
        const room = value - total - openingFiguresDown(holding!, terms(moved)).surplus;
        expect(room >= 0n && room < 20n * WAD, `${room}`).to.equal(true);
      }
    }
  });
});

describe("fills of series", () => {
  it("default: the mark is the forward, or Black-76 with the volatility of the slice for the variance time", () => {
    const state = openState();
    expect(markOf(state, future())).to.equal(PRICE);
    // at the money: F·(w − w³/24)/√(2π) with w = 0.5·√(2,590,800 / 31,536,000)
    const w = 0.5 * Math.sqrt(2_590_800 / 31_536_000);
    const expected = (3 * (w - w ** 3 / 24)) / Math.sqrt(2 * Math.PI);
    for (const instrument of [call(3n), put(3n)]) {
      expect(Math.abs(Number(markOf(state, instrument)) / 1e18 - expected)).to.be.lessThan(1e-6);
    }
    // parity, to the unit
    expect(markOf(state, call(0n)) - markOf(state, put(0n))).to.equal(PRICE - (24n * WAD) / 10n);
    // a basis of 1 %
    expect(markOf(withSlice(bareListed(), HALF, 1, 0, 10_000_000n), future())).to.equal((PRICE * 101n) / 100n);
  });

  it("default: cash, positions and open interest move; the perpetual and its funding do not", () => {
    const fill = { maker: bob, instrument: call(3n), lots: 10n, price: (17n * WAD) / 100n, takerFee: 10n ** 13n, makerFee: -(10n ** 12n) };
    const { state } = traded(market(), alice, [fill]);
    const [taker, maker] = [state.accounts.get(alice)!, state.accounts.get(bob)!];
    expect(taker.cash).to.equal(10_000n * WAD - (17n * WAD) / 10n - 10n ** 13n);
    expect(maker.cash).to.equal(10_000n * WAD + (17n * WAD) / 10n + 10n ** 12n);
    expect([lotsOf(state, alice), lotsOf(state, bob)]).to.deep.equal(["107:10", "107:-10"]);
    expect(taker.positions.size).to.equal(0);
    expect([state.underlyings[0]!.funding.openInterest, seriesIn(state).surface.openInterest]).to.deep.equal([10n, 20n]);
  });

  it("default: what names nothing reverts, in its order", () => {
    const state = market();
    const fill = (instrument: bigint) => () => traded(state, alice, [{ maker: bob, instrument, lots: 1n, price: PRICE }]);
    reverts("UnknownUnderlying", fill(0x010102n));
    reverts("UnknownSeries", fill(0x020100n));
    reverts("UnknownSeries", fill(0x000100n)); // the number 0
    reverts("UnknownStrike", fill(call(7n)));
    reverts("UnknownInstrument", fill(0x01fe00n)); // the put of strike zero
    expect(fill(future())().skipped).to.deep.equal([]);
  });

  it("default: a fill is skipped for each reason", () => {
    const state = market();
    const skipped = (fill: Partial<Parameters<typeof traded>[2][number]>, at = state): string =>
      traded(at, alice, [{ maker: bob, instrument: call(3n), lots: 10n, price: (17n * WAD) / 100n, ...fill }]).skipped.join();
    expect(skipped({})).to.equal("");
    expect(skipped({ lots: 0n })).to.equal("ZeroLots");
    expect(skipped({ maker: alice })).to.equal("SelfTrade");
    expect(skipped({ instrument: future(), price: PRICE }, inWindow(state, 1_800n))).to.equal("SeriesIsSettled");
    const bare = listSeries(state, 0, listing(state, { series: 2n })).state;
    expect(skipped({ instrument: call(3n, 2n) }, bare)).to.equal("SeriesHasNoSlice");

    // 2 % of a mark that is more than a twentieth of the forward, and of a twentieth where it is less
    const [near, far] = [markOf(state, call(3n)), markOf(state, call(6n))];
    expect(near > PRICE / 20n && far < PRICE / 20n).to.equal(true);
    expect(skipped({ price: near + (near * 2n) / 100n })).to.equal("");
    expect(skipped({ price: near + (near * 2n) / 100n + 1n })).to.equal("PriceOutsideBand");
    expect(skipped({ price: near - (near * 2n) / 100n - 1n })).to.equal("PriceOutsideBand");
    const width = (PRICE * 2n) / 2_000n;
    expect([far + width, far + width + 1n].map((price) => skipped({ instrument: call(6n), price }))).to.deep.equal([
      "",
      "PriceOutsideBand",
    ]);
    // half a part in a thousand of ten lots at a twentieth of the forward
    const cap = (10n * PRICE) / 20n / 2_000n;
    const fee = (takerFee: bigint): string => skipped({ instrument: call(6n), price: far, takerFee });
    expect([fee(cap), fee(cap + 1n)]).to.deep.equal(["", "FeeOutsideBounds"]);

    const stopped = { ...state.underlyings[0]!, trading: { ...state.underlyings[0]!.trading, stoppedUntil: state.now + 1n } };
    expect(skipped({}, { ...state, underlyings: [stopped] })).to.equal("RiskMayNotRise");
    // a feed that is silent for more than an hour opens nothing
    const silent = refreshSeries(posted(later(state, 3_601n), PRICE).state, 0, 1).state;
    const mark = markOf(silent, call(3n));
    expect(skipped({ price: mark }, silent)).to.equal("RiskMayNotRise");

    const small = { ...state.underlyings[0]!, trading: { ...state.underlyings[0]!.trading, positionCap: 9n } };
    expect(skipped({}, { ...state, underlyings: [small] })).to.equal("PositionCapExceeded");
    expect(skipped({ lots: 2n ** 37n })).to.equal("PositionCapExceeded");
    const full = { ...state.underlyings[0]!, funding: { ...state.underlyings[0]!.funding, cap: 9n } };
    expect(skipped({}, { ...state, underlyings: [full] })).to.equal("OpenInterestCapExceeded");
    expect(skipped({}, { ...state, defaultModules: 0n })).to.equal("ModuleNotConsented");
    // the maker's words are stale
    const fresh = posted(later(state, 550n), PRICE).state;
    expect(skipped({ price: markOf(fresh, call(3n)) }, fresh)).to.equal("");
    // H-73 who holds series opens at good prices only
    expect(skipped({}, later(state, 550n))).to.equal("RiskMayNotRise");
    const stale = posted(later(state, 950n), PRICE).state;
    expect(skipped({ price: near }, stale)).to.equal("RiskMayNotRise");
    const large = { ...state, liquidation: { ...state.liquidation, smallestNotional: 31n } };
    expect(skipped({ maker: 77n }, large)).to.equal("PositionTooSmall");
    expect(skipped({ maker: 77n, lots: 11n }, large)).to.equal("MarginTooLow");
  });

  it("H-82 behavior: a taker comes to a size, or out of a position, by several makers; what is small at the end reverts", () => {
    const bare = bareState({ liquidation: { ...emptyState().liquidation, smallestNotional: 500n } });
    // 167 lots at a price of 3
    const DAVE = `0x${"da".repeat(20)}` as const;
    const dave = accountIdOf(DAVE);
    const start = funded(openState(HALF, {}, bare), [...RICH, [DAVE, dave, 10_000n * WAD]]);
    const instrument = call(3n);
    const price = markOf(start, instrument);
    const fills = (...lots: readonly [maker: AccountId, lots: bigint][]) =>
      lots.map(([maker, size]) => ({ maker, instrument, lots: size, price }));
    const lotsOf = (at: State): bigint | undefined => at.accounts.get(alice)!.series.get(0)?.[0]?.lots;
    const shorts = traded(start, dave, fills([bob, 1_000n], [carol, 1_000n]), DAVE).state;
    const held = traded(shorts, alice, fills([bob, 200n])).state;
    const halves = fills([bob, -100n], [carol, -100n]);
    const closed = traded(held, alice, halves);
    expect([closed.skipped, lotsOf(closed.state)]).to.deep.equal([[], undefined]);
    const opened = traded(shorts, alice, fills([bob, 100n], [carol, 100n]));
    expect([opened.skipped, lotsOf(opened.state)]).to.deep.equal([[], 200n]);
    // neither where the second half is skipped, nor where there is none
    for (const some of [halves.slice(0, 1), [halves[0]!, { ...halves[1]!, price: 2n * PRICE }]]) {
      reverts("PositionTooSmall", () => traded(held, alice, some));
    }
    reverts("PositionTooSmall", () => traded(shorts, alice, fills([bob, 166n])));
    expect(lotsOf(traded(shorts, alice, fills([bob, 167n])).state)).to.equal(167n);
    // what was less before may stay so
    const dear = { ...held, liquidation: { ...held.liquidation, smallestNotional: 700n } };
    expect(lotsOf(traded(dear, alice, fills([bob, -10n])).state)).to.equal(190n);
  });

  it("default: an account holds at most 127 positions in series", () => {
    let state = bareState();
    for (const series of [1n, 2n]) {
      state = listSeries(state, 0, listing(state, { series, base: 200n, step: 1n, decimals: 16n, count: 100n })).state;
      state = refreshSeries(withSlice(state, HALF, Number(series)), 0, Number(series)).state;
    }
    state = funded(state, RICH);
    const fills = Array.from({ length: 127 }, (_, i) => {
      const instrument = call(BigInt(i % 100), i < 100 ? 1n : 2n);
      const price = markOf(state, instrument);
      return { maker: bob, instrument, lots: 40n, price };
    });
    // each alone, from different takers, so that only the maker has them all
    const most = traded(state, alice, fills).state;
    expect(headerWord(most.accounts.get(bob)!) >> 241n).to.equal(127n);
    const one = { ...fills[0]!, instrument: call(30n, 2n) };
    const price = markOf(most, one.instrument);
    expect(traded(most, carol, [{ ...one, price }], CAROL).skipped).to.deep.equal(["TooManySeriesPositions"]);
    reverts("TooManySeriesPositions", () => traded(most, alice, [{ ...one, price, maker: carol }]));
    // more of what it has, and less, is no new position
    expect(traded(most, carol, [{ ...fills[0]!, lots: 1n }], CAROL).skipped).to.deep.equal([]);
  });
});

describe("prices that run away", () => {
  it("H-88 behavior: whatever the price, accounts with options are priced, refreshed and given slices", () => {
    let state = funded(openState(), [
      [ALICE, alice, 1_000_000n * WAD],
      [BOB, bob, 1_000_000n * WAD],
    ]);
    const fills = [call(6n), put(0n), call(3n)].map((instrument) => ({
      maker: bob,
      instrument,
      lots: 10n,
      price: markOf(state, instrument),
    }));
    state = traded(state, alice, fills).state;
    // strikes up to e^60 forwards away on either side
    for (const price of [1n, 2n, 1_000n, PRICE / 30_000n, PRICE / 10n, PRICE * 10n, PRICE * 30_000n, 2n ** 94n]) {
      const there = later({ ...state, underlyings: [{ ...state.underlyings[0]!, price }] }, 1n);
      for (const basis of [0n, -4_000_000n]) {
        const priced = refreshSeries(withSlice(there, HALF, 1, 0, basis), 0, 1).state;
        const terms = termsAt(priced.margin, priced.now);
        for (const id of [alice, bob]) {
          const { equity, margin } = assess(portfolioOf(new Draft(priced), id), terms, false);
          expect(equity > -(2n ** 120n) && margin >= 0n, `${price}`).to.equal(true);
        }
      }
    }
  });
});

describe("the margin rule with series", () => {
  const short = (state: State, lots: bigint) =>
    traded(state, alice, [{ maker: bob, instrument: call(3n), lots: -lots, price: (17n * WAD) / 100n }]);

  const against = (amount: bigint): State =>
    funded(openState(), [
      [ALICE, alice, amount],
      [BOB, bob, 10_000n * WAD],
    ]);

  it("default: what an account opens has to be covered by its words", () => {
    const state = against(20n * WAD);
    let most = 1n;
    while (most < 1_000n) {
      try {
        short(state, most + 1n);
      } catch (error) {
        if (!(error instanceof Reverted) || !["MarginTooLow", "AccountTooSmall"].includes(error.errorName)) throw error;
        if (error.errorName === "MarginTooLow") break;
      }
      most++;
    }
    const after = short(state, most).state;
    const { equity, margin } = opening(after, alice);
    expect(equity >= margin && (equity - margin) * most < equity).to.equal(true);
    reverts("MarginTooLow", () => short(state, most + 1n));
  });

  it("default: with stale words nothing rises and nothing leaves, but a position may be closed", () => {
    const price = (17n * WAD) / 100n;
    const others = traded(market(), carol, [{ maker: bob, instrument: call(3n), lots: -10n, price }], CAROL).state;
    const opened = short(others, 100n).state;
    const stale = posted(later(opened, 1_000n), PRICE).state;
    expect(short(stale, 1n).skipped).to.deep.equal(["RiskMayNotRise"]);
    reverts("WordsStale", () => traded(stale, alice, [{ maker: carol, instrument: call(3n), lots: -1n, price }]));
    const withdraw = (state: State) =>
      execute(state, ALICE, [{ kind: "Withdraw", account: alice, token: SETTLEMENT, amount: WAD, to: ALICE }]);
    reverts("WordsStale", () => withdraw(stale));
    withdraw(fresh(stale));
    const close = (state: State) => traded(state, alice, [{ maker: bob, instrument: call(3n), lots: 50n, price: (17n * WAD) / 100n }]);
    expect(close(stale).skipped).to.deep.equal([]);
    expect(lotsOf(close(stale).state, alice)).to.equal("107:-50");
    // the long leg of a spread reduces too, but leaves a naked short: live figures refuse it
    const again = fresh(stale);
    const spread = traded(again, alice, [{ maker: carol, instrument: call(4n), lots: 100n, price: markOf(again, call(4n)) }]).state;
    expect(lotsOf(spread, alice)).to.equal("107:-100 109:100");
    const old = posted(later(spread, 1_000n), PRICE).state;
    reverts("MarginTooLow", () => traded(old, alice, [{ maker: carol, instrument: call(4n), lots: -100n, price: markOf(old, call(4n)) }]));
  });

  it("behavior: an account that fails sheds risk by live figures and keeps the equity that belongs to the rest", () => {
    let state = short(against((462n * WAD) / 10n), 100n).state;
    // the price rises by a fifth, a few percent a minute
    for (let i = 1n; i <= 10n; i++) state = posted(later(state, 120n), (PRICE * (100n + 2n * i)) / 100n).state;
    state = fresh(state);
    const { equity, margin } = opening(state, alice);
    expect(equity > 0n && equity < margin).to.equal(true);
    const mark = markOf(state, call(3n));
    const close = (price: bigint) => traded(state, alice, [{ maker: bob, instrument: call(3n), lots: 40n, price }]);
    close(mark);
    // at 2 % above the mark its equity would fall by more than the risk it sheds
    reverts("MarginTooLow", () => close(mark + (mark * 2n) / 100n));
    reverts("MarginTooLow", () => traded(state, alice, [{ maker: bob, instrument: call(3n), lots: -1n, price: mark }]));
  });
});

describe("posts of an underlying with series", () => {
  it("args: averages that are full, or of a series that is not in its window, are left alone", () => {
    const full = averageWord({ sum: 1_800n * PRICE, seconds: 1_800n, delay: 0n, lastTime: 5n, lastPrice: PRICE });
    const state = openState();
    const [first] = state.underlyings;
    const series = new Map([[1, { ...seriesIn(state), average: full, listed: false }]]);
    const after1 = posted(later({ ...state, underlyings: [{ ...first!, series }] }, 5n), PRICE).state;
    expect(seriesIn(after1).average).to.equal(full);
  });
});
