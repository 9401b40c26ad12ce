import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { CLASSES, liquidationExcess, openingCost, TERMS, VOLATILITY_TOLERANCE } from "../../../scripts/lib/precisionStudy.ts";
import { shortOptionMinimumUp } from "../../../src/engine/ledger/options/seriesHolding.ts";
import { bookMargin, isLiquidatable, maintenanceUp } from "../../../src/engine/margin/margin.ts";
import { liveMargin } from "../../../src/engine/margin/options/liveMargin.ts";
import { openingSurplusDown } from "../../../src/engine/margin/options/openingBound.ts";
import { interMonthUp } from "../../../src/engine/math/options/interMonth.ts";
import { riskWordAt } from "../../../src/engine/math/options/optionStress.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { SeriesHolding, UnderlyingHolding } from "../../../src/engine/types/holding.ts";
import { exactMargin } from "../../helpers/options/exactMargin.ts";
import { Random } from "../../helpers/random.ts";

const DAY = 86_400n;
const PRICE = 3_000n * WAD;
const VOLATILITY = (6n * WAD) / 10n;
const RANGE = WAD / 10n;
const DEEP = 2n ** 60n;

interface Leg {
  readonly isCall: boolean;
  readonly strike: bigint; // in whole settlement tokens
  readonly lots: bigint;
}

const call = (strike: bigint, lots: bigint): Leg => ({ isCall: true, strike, lots });
const put = (strike: bigint, lots: bigint): Leg => ({ isCall: false, strike, lots });

/** A series whose words have just been made, at the price of the underlying. */
function seriesOf(time: bigint, legs: readonly Leg[], futures = 0n, depth = DEEP): SeriesHolding {
  const anchor = { forward: PRICE, range: RANGE, time, volatility: VOLATILITY };
  const options = legs.map(({ isCall, strike, lots }) => ({
    isCall,
    strike: strike * WAD,
    lots,
    word: riskWordAt(strike * WAD, VOLATILITY, anchor, time),
    volatility: VOLATILITY,
  }));
  const ranges = { heldRange: RANGE, targetRange: RANGE };
  return {
    ...ranges,
    expiry: time,
    forward: PRICE,
    moving: PRICE,
    varianceTime: time * WAD,
    slide: VOLATILITY_TOLERANCE,
    anchor,
    futures,
    options,
    depth,
  };
}

function holdingOf(series: readonly SeriesHolding[], lots = 0n, collateral = 0n): UnderlyingHolding {
  const ranges = { heldRange: RANGE, targetRange: RANGE };
  return { ...ranges, lots, price: PRICE, depth: DEEP, collateral, haircut: collateral / 20n, series, settled: 0n, futuresCost: 0n };
}

const asNumber = (wad: bigint): number => Number(wad) / 1e18;

/** What the opening bound asks for: V − haircut less the surplus. */
const openingMargin = (holding: UnderlyingHolding): bigint =>
  liveMargin(holding, TERMS).value - holding.haircut - openingSurplusDown(holding, TERMS);

interface Worst {
  readonly class: string;
  readonly holding: UnderlyingHolding;
  readonly openingSurplus: bigint;
  readonly liveMargin: bigint;
  readonly cost: number;
}

const worst = JSON.parse(readFileSync(join(import.meta.dirname, "worstPortfolios.json"), "utf8"), (_, value: unknown) =>
  typeof value === "string" && /^-?\d+$/.test(value) ? BigInt(value) : value,
) as readonly Worst[];

/** A book of everything: series of two to four expiries, futures, a perpetual and collateral. */
function everything(random: Random, depth: bigint): UnderlyingHolding {
  const lots = (): bigint => BigInt(1 + random.below(40)) * (random.chance(0.5) ? 1n : -1n);
  const tenors = [DAY, 7n * DAY, 45n * DAY, 300n * DAY].slice(0, 2 + random.below(3));
  const series = tenors.map((time) => {
    const legs = Array.from({ length: 1 + random.below(4) }, () => ({
      isCall: random.chance(0.5),
      strike: BigInt(2_400 + random.below(1_200)),
      lots: lots(),
    }));
    return seriesOf(time, legs, random.chance(0.5) ? lots() : 0n, depth);
  });
  return { ...holdingOf(series, lots(), BigInt(random.below(30)) * PRICE), depth };
}

function times(holding: UnderlyingHolding, count: bigint): UnderlyingHolding {
  return {
    ...holding,
    lots: holding.lots * count,
    collateral: holding.collateral * count,
    haircut: holding.haircut * count,
    series: holding.series.map((series) => ({
      ...series,
      futures: series.futures * count,
      options: series.options.map((option) => ({ ...option, lots: option.lots * count })),
    })),
  };
}

describe("portfolio margin", () => {
  it("default: the parts of a short strangle with a covered line are those priced anew in floating point", () => {
    const holding = holdingOf([seriesOf(30n * DAY, [call(3_600n, -10n), put(2_500n, -10n)], 3n)], -9n, 2n * PRICE);
    const margin = liveMargin(holding, TERMS);
    const exact = exactMargin(holding, RANGE, TERMS.provision, TERMS.interMonth);
    for (const part of ["value", "scan", "shortOptionMinimum", "interMonth", "provisions", "sizeCharge", "total"] as const)
      expect(Math.abs(asNumber(margin[part]) - exact[part]), part).to.be.lessThan(1e-11 * exact.gross);
    expect(margin.scan > 0n && margin.shortOptionMinimum > 0n && margin.interMonth > 0n).to.equal(true);
  });

  it("default: without options and futures it is the margin of the perpetual, to the unit", () => {
    const random = new Random(7);
    for (let round = 0; round < 200; round++) {
      const lots = BigInt(random.below(2_000_001) - 1_000_000);
      const collateral = random.chance(0.5) ? random.bigBelow(10n ** 26n) : 0n;
      const price = 1n + random.bigBelow(10n ** 22n);
      const range = (5_000_000n + random.bigBelow(445_000_000n)) * 10n ** 9n;
      const book = { lots, collateral, price, depth: 10n ** 6n, heldRange: range, targetRange: range, haircut: 0n };
      const holding: UnderlyingHolding = { ...book, series: [], settled: 0n, futuresCost: 0n };
      const expected = bookMargin({ ...book, underlying: 0n, entryCost: 0n, age: 0n, state: 0n, doubt: 0n }, TERMS, false);
      const { value, scan, interMonth, total } = liveMargin(holding, TERMS);
      expect([scan, interMonth, total]).to.deep.equal([expected.scan, expected.interMonth, expected.total]);
      // what is linear is priced live and exactly, so the opening bound is the margin itself
      expect(openingSurplusDown(holding, TERMS)).to.equal(value - total);
    }
  });

  it("default: a long future against a short perpetual, a calendar and a box all need margin", () => {
    const notional = asNumber(PRICE) * 10;
    const basis = liveMargin(holdingOf([seriesOf(90n * DAY, [], 10n)], -10n), TERMS);
    expect(basis.scan).to.equal(0n);
    // b, and twice b a year for 90 days
    expect(Math.abs(asNumber(basis.interMonth) / notional - 0.0175 * (1 + (2 * 90) / 365))).to.be.lessThan(1e-12);
    expect(asNumber(basis.total) / notional).to.be.greaterThan(0.04);

    const calendar = liveMargin(holdingOf([seriesOf(30n * DAY, [call(3_000n, -10n)]), seriesOf(90n * DAY, [call(3_000n, 10n)])]), TERMS);
    expect(calendar.interMonth > 0n).to.equal(true);
    expect(asNumber(calendar.total) / notional).to.be.greaterThan(0.01);

    const legs = [call(2_800n, 10n), call(3_200n, -10n), put(2_800n, -10n), put(3_200n, 10n)];
    const box = holdingOf([seriesOf(30n * DAY, legs)]);
    const ofBox = liveMargin(box, TERMS);
    expect([ofBox.shortOptionMinimum, ofBox.interMonth]).to.deep.equal([0n, 0n]);
    expect(ofBox.scan < 1_000n).to.equal(true);
    // half a percent of forty lots
    expect(ofBox.total - ofBox.scan - ofBox.sizeCharge).to.equal((40n * PRICE) / 200n);
    expect(openingMargin(box) > ofBox.total).to.equal(true);
  });

  it("default: what a short option needs at least, and what counts against it", () => {
    const least = (legs: readonly Leg[], lots = 0n, futures = 0n): number =>
      asNumber(shortOptionMinimumUp(holdingOf([seriesOf(30n * DAY, legs, futures)], lots), RANGE)) / asNumber(PRICE);
    // a quarter of the range of the forward, less as the strike is farther away
    expect(least([call(2_000n, -1n)])).to.equal(0.025);
    expect(least([call(6_000n, -1n)])).to.equal(0.0125);
    expect(least([put(4_000n, -1n)])).to.equal(0.025);
    expect(least([put(1_500n, -1n)])).to.equal(0.0125);
    // one side only
    expect(least([call(3_000n, -2n), put(3_000n, -1n)])).to.equal(0.05);
    // hedges: the same right, a long line for calls, a short one for puts
    expect(least([call(3_600n, -1n), call(3_000n, 1n)])).to.equal(0);
    expect(least([call(3_000n, -1n), call(4_000n, 1n)])).to.equal(0.00625);
    expect(least([call(3_000n, -1n), put(3_000n, 1n)])).to.equal(0.025);
    expect(least([call(3_000n, -1n)], 1n)).to.equal(0);
    expect(least([call(3_000n, -1n)], 0n, 1n)).to.equal(0);
    expect(least([put(3_000n, -1n)], 1n)).to.equal(0.025);
    expect(least([put(3_000n, -1n)], -1n)).to.equal(0);
    // a line alone needs none
    expect(least([], -5n)).to.equal(0);
  });

  it("default: the inter-month charge rises with the gap in tenor and does not jump when a series grows older", () => {
    const pair = (near: bigint, far: bigint): bigint =>
      interMonthUp(
        [
          { tenor: far, delta: 100n * WAD },
          { tenor: near, delta: -100n * WAD },
        ],
        WAD / 50n,
      );
    expect([pair(0n, 0n), pair(0n, 365n * DAY), pair(0n, 730n * DAY)]).to.deep.equal([2n * WAD, 6n * WAD, 6n * WAD]);
    expect(pair(100n * DAY, 465n * DAY) < pair(0n, 365n * DAY)).to.equal(true);
    for (let day = 1n; day < 400n; day++) {
      const step = pair(0n, day * DAY) - pair(0n, (day - 1n) * DAY);
      expect(step >= 0n && step <= (4n * WAD) / 365n + 200n, `${day}`).to.equal(true);
    }
    // nearest first: the far leg is hedged by its neighbour, the near one by the perpetual
    const four = [0n, 30n, 300n, 330n].map((day, i) => ({ tenor: day * DAY, delta: (i % 2 === 0 ? 1n : -1n) * 100n * WAD }));
    expect(interMonthUp(four, WAD / 50n)).to.equal(2n * pair(0n, 30n * DAY));
    expect(interMonthUp([...four].reverse(), WAD / 50n)).to.equal(2n * pair(0n, 30n * DAY));
    expect(interMonthUp([{ tenor: DAY, delta: 100n * WAD }], WAD / 50n)).to.equal(0n);
  });

  it("behavior: the scan is the largest loss over the mark and the sixteen scenarios", () => {
    const random = new Random(11);
    for (let round = 0; round < 40; round++) {
      const holding = everything(random, 10n ** 5n);
      const { scan, scenario, losses } = liveMargin(holding, TERMS);
      const most = losses.reduce((a, b) => (a > b ? a : b));
      expect(losses[0]).to.equal(0n);
      expect(scan, `round ${round}`).to.equal(most);
      expect(losses[Number(scenario)], `round ${round}`).to.equal(most);
      expect(liquidationExcess(holding).sound, `round ${round}`).to.equal(true);
    }
  });

  it("behavior: an account is liquidated at its line and not above", () => {
    const random = new Random(12);
    for (let round = 0; round < 10; round++) {
      const holdings = [everything(random, 10n ** 5n), everything(random, 10n ** 5n)];
      const margins = holdings.map((holding) => liveMargin(holding, TERMS));
      const equity = margins.reduce((sum, { value }, i) => sum + value - holdings[i]!.haircut, 0n);
      const line = maintenanceUp(margins[0]!.total + margins[1]!.total, TERMS) - equity;
      expect(isLiquidatable(line - 1n, holdings, TERMS)).to.equal(true);
      expect(isLiquidatable(line, holdings, TERMS)).to.equal(false);
    }
  });

  it("behavior: without charges for size, margin is homogeneous", () => {
    const random = new Random(13);
    for (let round = 0; round < 30; round++) {
      const holding = everything(random, DEEP * 10n ** 12n);
      const count = BigInt(2 + random.below(50));
      const [one, many] = [liveMargin(holding, TERMS).total, liveMargin(times(holding, count), TERMS).total];
      // each term is rounded once, upwards, by less than a unit
      expect(one * count >= many && one * count - many < 64n * count, `round ${round}`).to.equal(true);
      const [surplus, surpluses] = [openingSurplusDown(holding, TERMS), openingSurplusDown(times(holding, count), TERMS)];
      const off = surplus * count - surpluses;
      expect(off <= 0n && off > -512n * count, `round ${round}`).to.equal(true);
    }
  });

  it("behavior: a slice that leaves whole lots needs at most its fraction of the margin, with every charge", () => {
    const random = new Random(14);
    let less = 0;
    for (let round = 0; round < 60; round++) {
      const holding = everything(random, BigInt(100 + random.below(10_000)));
      const count = BigInt(2 + random.below(30));
      const kept = 1n + random.bigBelow(count - 1n);
      const [whole, slice] = [times(holding, count), times(holding, kept)];
      const [ofWhole, ofSlice] = [liveMargin(whole, TERMS).total, liveMargin(slice, TERMS).total];
      // up to the rounding of each term
      expect(ofSlice * count <= ofWhole * kept + 64n * count, `round ${round}`).to.equal(true);
      if (ofSlice * count < ofWhole * kept) less++;
      const [left, all] = [openingSurplusDown(slice, TERMS), openingSurplusDown(whole, TERMS)];
      expect(left * count >= all * kept - 512n * count, `round ${round}`).to.equal(true);
    }
    expect(less).to.equal(60);
  });

  it("behavior: just over a day to expiry, a down shock that has grown since the anchor is in the bound", () => {
    const anchorTime = DAY + 900n;
    const listed = seriesOf(anchorTime, [call(3_000n, 100n), put(3_000n, 100n)]);
    const old = listed.options.map((option) => ({ ...option, volatility: (option.volatility * 99n) / 100n }));
    const holding = holdingOf([{ ...listed, varianceTime: DAY * WAD, options: old }]);
    const { exact, sound, cost } = openingCost(holding);
    expect(sound).to.equal(true);
    // the scan of a long straddle ends at the lower volatility: little room is left, and without that term none
    expect((cost * exact.total) / exact.gross).to.be.lessThan(0.0003);
  });

  it("behavior: of what the study found tightest in each class, the bound keeps above the margin priced anew", () => {
    expect(worst.map((found) => found.class)).to.deep.equal([...CLASSES]);
    for (const found of worst) {
      const { cost, sound } = openingCost(found.holding);
      expect(sound, found.class).to.equal(true);
      expect(Math.abs(cost - found.cost), found.class).to.be.lessThan(1e-9);
      expect(openingSurplusDown(found.holding, TERMS), found.class).to.equal(found.openingSurplus);
      expect(liveMargin(found.holding, TERMS).total, found.class).to.equal(found.liveMargin);
      expect(liquidationExcess(found.holding).sound, found.class).to.equal(true);
    }
  });
});
