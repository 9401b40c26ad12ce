import { expect } from "chai";
import { describe, it } from "mocha";
import { refreshSeries, strikesOf } from "../../../src/engine/actions/series.ts";
import { averageFromWord, averageWord, observed, openingOf } from "../../../src/engine/ledger/options/expiry.ts";
import { lifetime, varianceSeconds } from "../../../src/engine/ledger/options/freshness.ts";
import { holdingOf } from "../../../src/engine/ledger/options/seriesHolding.ts";
import { seriesNow } from "../../../src/engine/ledger/options/seriesState.ts";
import { liveMargin } from "../../../src/engine/margin/options/liveMargin.ts";
import { openingFiguresDown } from "../../../src/engine/margin/options/openingBound.ts";
import { logMoneynessOf } from "../../../src/engine/math/options/black76.ts";
import { requireFree, sviWord } from "../../../src/engine/math/options/svi.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { abs, fromPpb, max, min, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { Series, Underlying } from "../../../src/engine/types/types.ts";
import { expiryOf, listedSeries, strikeCountOf } from "../../../src/engine/words/seriesWord.ts";
import { Random } from "../../helpers/random.ts";
import { emptyState, underlyingAt } from "../../helpers/state.ts";

// The bound by words against margin priced live, where one expiry is in its settlement window: books are drawn at random, and climbed from by their weights, the price and the range.

const BOOKS = Number(process.env.PLIMSOLL_OPERATIONS ?? 200);
const CLIMB = 40;
const DAY = 86_400;
const YEAR = 31_536_000;
const PRICE = WAD / 50n;
const START = 1_900_000_000n;
const TERMS = { maintenance: (8n * WAD) / 10n, provision: WAD / 200n, interMonth: (175n * WAD) / 10_000n };

type Leg = { readonly instrument: bigint; readonly lots: bigint };
type Place = { readonly move: number; readonly rangeMove: number; readonly legs: readonly Leg[] };

const wad = (value: number): bigint => BigInt(Math.round(value * 1e14)) * 10n ** 4n;

class Books {
  readonly random: Random;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.random.fraction();
  }

  log(least: number, most: number): number {
    return least * (most / least) ** this.random.fraction();
  }

  /** Series 1 in its window with a mean that is 10 to 30 % below the price, series 2 days away, both refreshed at `START`; nothing where a slice is refused. */
  market(): Underlying | undefined {
    const range = this.log(0.03, 0.1);
    const ranges = { targetRange: BigInt(Math.round(range * 1e9)), heldRange: BigInt(Math.round(range * this.between(0.7, 1) * 1e9)) };
    const series = new Map([1, 2].map((number) => [number, this.series(number === 1)]));
    const base = { ...underlyingAt(PRICE, START), ...ranges, price: PRICE, priceTime: START };
    let state = emptyState({
      underlyings: [{ ...base, volatility: { ...base.volatility, rangeFloor: 10_000_000n, rangeCap: 500_000_000n }, series }],
    });
    state = { ...state, now: START };
    for (const [number, own] of series) {
      const live = seriesNow(state.underlyings[0]!, own, START);
      if (live.settled) return undefined;
      try {
        requireFree(
          own.slice,
          strikesOf(own.word).map((strike) => -logMoneynessOf(live.forward, strike)),
        );
        state = refreshSeries(state, 0, number).state;
      } catch (error) {
        if (error instanceof Reverted) return undefined;
        throw error;
      }
    }
    return state.underlyings[0];
  }

  private series(isInWindow: boolean): Series {
    const { random } = this;
    const left = isInWindow
      ? random.chance(0.7)
        ? 1_200 + random.below(550)
        : 60 + random.below(1_690)
      : Math.round(this.log(5 * DAY, 60 * DAY));
    const expiry = START + BigInt(left);
    const published = START - BigInt(isInWindow ? 1_800 - left + random.below(100) : random.below(3_000));
    const span = varianceSeconds(published, expiry);
    const volatility = isInWindow ? this.log(random.chance(0.7) ? 2.5 : 0.5, 4) : this.log(0.3, 0.8);
    const deviation = Math.sqrt((volatility ** 2 * Number(span)) / YEAR);
    const [b, rho, sigma, m] = [
      this.log(1e-5, random.chance(0.7) ? 1e-3 : 0.1) * deviation,
      this.between(-0.9, 0.9),
      this.log(1, 3) * deviation,
      this.between(-1, 1) * deviation,
    ];
    const a = deviation ** 2 - b * (rho * -m + Math.hypot(m, sigma));
    const step = Math.max(Math.round(200_000 * this.log(0.0005, 0.05) * Math.min(1, deviation * 3)), 1);
    const base = Math.max(Math.round(200_000 * Math.exp(this.between(-1.5, 1.5) * Math.min(deviation, 0.5)) - step * 4), 1_000);
    const word = listedSeries({ expiry, base: BigInt(base), step: BigInt(step), decimals: 11n, count: 8n });
    // the window has counted all of its seconds so far, or some
    const elapsed = Math.max(1_800 - left, 0);
    const counted = BigInt(random.chance(0.6) ? elapsed : Math.floor(elapsed * random.fraction()));
    const mean = BigInt(Math.round(Number(PRICE) * (1 + this.between(-0.3, random.chance(0.8) ? -0.1 : 0.3))));
    const average =
      counted === 0n ? 0n : averageWord({ sum: counted * mean, seconds: counted, delay: 0n, lastTime: START, lastPrice: PRICE });
    const surface = {
      basis: 0n,
      published,
      span,
      epoch: 1n,
      highest: 0n,
      slide: 0n,
      depth: 10n ** 9n,
      openInterest: 0n,
      volatilityCap: 500n,
    };
    const slice = sviWord({ a: wad(a), b: wad(b), rho: wad(rho), m: wad(m), sigma: wad(sigma) });
    return { word, slice, surface, average, risks: [], listed: true };
  }

  place(market: Underlying): Place {
    const { random } = this;
    const legs = new Map<bigint, Leg>();
    for (let i = 0; i < 1 + random.below(5); i++) {
      const number = 1 + random.below(2);
      const index = BigInt(random.below(Number(strikeCountOf(market.series.get(number)!.word))));
      const instrument = (BigInt(number) << 8n) | (index << 1n) | BigInt(random.below(2));
      legs.set(instrument, {
        instrument,
        lots: BigInt(1 + random.below(200)) * (random.chance(0.85) === (number === 1) ? 2_000n : -1_000n),
      });
    }
    return { move: this.move(), rangeMove: this.rangeMove(), legs: [...legs.values()] };
  }

  private move(): number {
    return this.random.pick([0.00499, -0.00499, 0, this.between(-0.005, 0.005), this.between(-0.06, 0.06)]);
  }

  private rangeMove(): number {
    return this.random.pick([0, 0.0049, -0.004, this.between(-0.0049, 0.0049)]);
  }

  climbed(place: Place): Place {
    const choice = this.random.fraction();
    if (choice < 0.35) return { ...place, move: this.move() };
    if (choice < 0.5) return { ...place, rangeMove: this.rangeMove() };
    const legs = place.legs.map(({ instrument, lots }) => ({ instrument, lots: wad(Number(lots) * this.between(0.6, 1.5)) / WAD || lots }));
    return { ...place, legs };
  }
}

/** By how much the bound is above margin priced live at the same range, as a part of gross notional; nothing where words may not be used. */
function excessOf(market: Underlying, { move, rangeMove, legs }: Place, now: bigint): number | undefined {
  const price = BigInt(Math.floor(Number(PRICE) * (1 + move)));
  const targetRange = BigInt(Math.round(Number(market.targetRange) * (1 + rangeMove)));
  const series = new Map(
    [...market.series].map(([number, own]) => {
      const opening = openingOf(expiryOf(own.word));
      if (now <= opening) return [number, own];
      return [number, { ...own, average: averageWord(observed(averageFromWord(own.average), opening, price, now, now)) }];
    }),
  );
  const live = { ...market, price, priceTime: now, targetRange, series };
  const range = max(targetRange, live.heldRange);
  const bare = { underlying: 0n, lots: 0n, entryCost: 0n, collateral: 0n, haircut: 0n, price, depth: 10n ** 9n, age: 0n, state: 0n };
  const book = { ...bare, heldRange: fromPpb(live.heldRange), targetRange: fromPpb(targetRange) };
  const holding = holdingOf(live, book as unknown as Parameters<typeof holdingOf>[1], legs, now);
  if (holding.stale !== undefined || holding.series.length === 0 || holding.settled !== 0n) return undefined;
  const wider = holding.series.map((each) => ({ ...each, heldRange: max(each.heldRange, each.targetRange) }));
  const { value, total } = liveMargin({ ...holding, heldRange: fromPpb(range), targetRange: fromPpb(range), series: wider }, TERMS);
  const gross = holding.series.reduce(
    (sum, each) => sum + each.options.reduce((lots, option) => lots + abs(option.lots), 0n) * each.forward,
    0n,
  );
  return Number(openingFiguresDown(holding, TERMS).surplus - (value - holding.haircut - total)) / Number(gross);
}

describe("the bound by words in a settlement window", function () {
  this.timeout(600_000);

  it("H-87 behavior: is never above what a book is worth and needs when it is priced live, whatever price, gaps and a minute have done", () => {
    const books = new Books(7);
    let [met, aged] = [0, 0];
    for (let i = 0; i < BOOKS; i++) {
      const market = books.market();
      if (market === undefined) continue;
      const most = [...market.series.values()].map(({ word }) => lifetime(START, expiryOf(word))).reduce(min);
      const now = START + (books.random.chance(0.5) ? most : BigInt(books.random.below(Number(most) + 1)));
      let place = books.place(market);
      let best = excessOf(market, place, now);
      for (let step = 0; step < CLIMB; step++) {
        const next = books.climbed(place);
        const excess = excessOf(market, next, now);
        if (excess === undefined || (best !== undefined && excess <= best)) continue;
        [best, place] = [excess, next];
      }
      if (best === undefined) continue;
      met++;
      if (now - START > 30n) aged++;
      expect(
        best < 1e-12,
        `book ${i}: ${best} of gross notional at ${JSON.stringify(place, (_, v) => (typeof v === "bigint" ? String(v) : v))}`,
      ).to.equal(true);
    }
    expect(met).to.be.greaterThan(BOOKS / 3);
    expect(aged).to.be.greaterThan(BOOKS / 10);
  });
});
