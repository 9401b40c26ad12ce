import { liveMargin, OLDEST_WORD, OLDEST_WORD_PART } from "../../src/engine/margin/options/liveMargin.ts";
import { openingSurplusDown } from "../../src/engine/margin/options/openingBound.ts";
import { riskWordAt } from "../../src/engine/math/options/optionStress.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import { max, WAD } from "../../src/engine/types/fixedPoint.ts";
import type { OptionHolding, SeriesAnchor, UnderlyingHolding } from "../../src/engine/types/holding.ts";
import type { MarginTerms } from "../../src/engine/types/types.ts";
import { type Random, seededRandom } from "../../src/simulator/random.ts";
import { type ExactMargin, exactMargin } from "../../test/helpers/options/exactMargin.ts";

/** Margin ratios of a deployment before any change. */
export const TERMS: MarginTerms = { maintenance: (8n * WAD) / 10n, provision: WAD / 200n, interMonth: (175n * WAD) / 10_000n };

export const CLASSES = [
  "butterfly",
  "calendar",
  "delta-hedged",
  "straddle",
  "strangle",
  "vertical",
  "covered call",
  "ratio spread",
  "box",
  "random",
] as const;
export type Class = (typeof CLASSES)[number];

/** How much work: portfolios drawn of each class, how many of them are climbed from, and how far. */
export interface Effort {
  readonly series: number; // of each underlying
  readonly drawn: number;
  readonly climbs: number;
  readonly steps: number;
}

/** An option that can be traded, with the word that was made at its anchor. */
interface Instrument {
  readonly strike: bigint;
  readonly volatility: bigint;
  readonly word: bigint;
}

interface ListedSeries {
  readonly anchor: SeriesAnchor;
  readonly instruments: readonly Instrument[]; // by strike
  readonly cluster: readonly number[]; // strikes close together
}

interface Market {
  readonly range: bigint;
  readonly price: bigint;
  readonly series: readonly ListedSeries[];
}

interface Leg {
  readonly series: number;
  readonly instrument: number;
  readonly isCall: boolean;
  readonly lots: number;
  readonly drift: number; // of the volatility, parts of the tolerance
}

/** A portfolio and the corner of the freshness rule that it is in. */
interface Draft {
  readonly market: Market;
  readonly perpetual: number;
  readonly collateral: number; // in lots
  readonly legs: readonly Leg[];
  readonly futures: readonly (readonly [series: number, lots: number])[];
  readonly corner: ReadonlyMap<number, { readonly move: number; readonly age: number }>; // by series
}

/** What the study says of a portfolio. */
export interface Finding {
  readonly class: Class;
  readonly holding: UnderlyingHolding;
  /** V − haircut − IM by the bound, WAD. */
  readonly openingSurplus: bigint;
  /** IM for liquidation, WAD. */
  readonly liveMargin: bigint;
  /** What the bound asks for beyond the margin priced anew, as a part of it. */
  readonly cost: number;
}

export interface ClassFigures {
  readonly class: Class;
  readonly portfolios: number;
  readonly evaluations: number;
  readonly margin: number; // mean, of gross notional
  readonly fresh: number; // mean cost when the words have just been made
  readonly mean: number;
  readonly p99: number;
  readonly least: number; // room of all evaluations, the climbs among them, of the allowance
  readonly liquidation: number; // how far live margin was from the exact one at the most, of it
  readonly violations: number;
}

export interface Study {
  readonly instruments: number;
  readonly refused: number; // would saturate a lane
  readonly classes: readonly ClassFigures[];
  readonly worst: readonly Finding[];
}

/** What the floating point of the exact side may be off by, of the gross notional. */
const TOLERANCE = 1e-11;

const RANGES = [0.05, 0.08, 0.12, 0.2, 0.3, 0.5];
/** How far the implied volatility of a strike may be from that of its word: 1 % of itself. */
export const VOLATILITY_TOLERANCE = WAD / 100n;

const PRICE_MOVE = 0.005;
const RANGE_MOVE = 0.01;

const wad = (value: number): bigint => BigInt(Math.round(value * 1e9)) * 10n ** 9n;
const number = (value: bigint): number => Number(value) / 1e18;

class Workshop {
  readonly random: Random;
  refused = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.random.uniform();
  }

  geometric(least: number, most: number): number {
    return least * (most / least) ** this.random.uniform();
  }

  below(count: number): number {
    return Math.floor(this.random.uniform() * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  sign(): number {
    return this.random.uniform() < 0.5 ? -1 : 1;
  }

  /** Corners three times in four, anything between otherwise. */
  corner(): number {
    return this.random.uniform() < 0.75 ? this.pick([-1, 1, 0]) : this.between(-1, 1);
  }

  listSeries(price: number, range: number): ListedSeries {
    const time = Math.round(this.geometric(3_600, 31_536_000));
    const level = this.geometric(0.1, 3);
    const forward = wad(price * (1 + this.between(-0.02, 0.08) * Math.min(time / 31_536_000, 1)));
    const deviation = level * Math.sqrt(time / 31_536_000);
    // between a range that is 1 % wider and one that is 1 % narrower than now
    const anchorRange = wad(range / (1 + RANGE_MOVE * this.pick([-1, 0, 1]) * 0.999));
    const place = { forward, range: anchorRange };
    const centre = Math.exp(this.between(-1, 1) * Math.min(deviation, 0.5));
    const width = this.geometric(0.001, 0.3) * Math.min(deviation, 0.5) + 0.0005;
    const near = [-2, -1, 0, 1, 2].map((steps) => centre * (1 + steps * width));
    const far = Array.from({ length: 5 }, () => Math.exp(this.between(-3, 3) * Math.max(deviation, 0.02)));
    const wide = [this.geometric(0.3, 1), this.geometric(1, 3)];
    const moneyness = [...near, ...far, ...wide].map((m) => Math.min(Math.max(m, 0.3), 3)).sort((a, b) => a - b);
    const [skew, smile] = [this.between(-0.3, 0.1), this.between(0, 0.3)];
    const instruments: Instrument[] = [];
    for (const m of [...new Set(moneyness)]) {
      const x = Math.log(m);
      const volatility = wad(Math.min(Math.max(level * (1 + skew * x + smile * x * x), 0.1), 3));
      const strike = wad(number(forward) * m);
      try {
        instruments.push({ strike, volatility, word: riskWordAt(strike, volatility, place, BigInt(time)) });
      } catch (error) {
        if (!(error instanceof Reverted) || error.errorName !== "LaneSaturated") throw error;
        this.refused++;
      }
    }
    const clustered = new Set(near.map((m) => wad(number(forward) * Math.min(Math.max(m, 0.3), 3))));
    return {
      anchor: { ...place, time: BigInt(time), volatility: instruments.map(({ volatility }) => volatility).reduce(max, 0n) },
      instruments,
      cluster: instruments.flatMap(({ strike }, i) => (clustered.has(strike) ? [i] : [])),
    };
  }

  market(range: number, count: number): Market {
    const price = this.geometric(1, 1_000);
    const series: ListedSeries[] = [];
    while (series.length < count) {
      const listed = this.listSeries(price, range);
      if (listed.instruments.length >= 4 && listed.cluster.length >= 3) series.push(listed);
    }
    return { range: wad(range), price: wad(price), series: series.sort((a, b) => Number(a.anchor.time - b.anchor.time)) };
  }

  /** A portfolio of a class, at a corner. */
  draft(kind: Class, market: Market): Draft {
    const size = 1 + this.below(200);
    const long = this.sign();
    const s = this.below(market.series.length);
    const { instruments, cluster } = market.series[s]!;
    const leg = (instrument: number, isCall: boolean, lots: number, series = s): Leg => ({ series, instrument, isCall, lots, drift: 0 });
    const any = (): number => this.below(instruments.length);
    const pair = (): readonly [number, number] => {
      const low = this.below(instruments.length - 1);
      return [low, low + 1 + this.below(instruments.length - 1 - low)];
    };
    const call = this.sign() > 0;
    const base = { market, perpetual: 0, collateral: 0, legs: [] as Leg[], futures: [] as (readonly [number, number])[] };
    const made = ((): Omit<Draft, "corner"> => {
      switch (kind) {
        case "butterfly": {
          const at = this.below(cluster.length - 2);
          const [a, b, c] = [cluster[at]!, cluster[at + 1]!, cluster[at + 2]!];
          return { ...base, legs: [leg(a, call, long * size), leg(b, call, -2 * long * size), leg(c, call, long * size)] };
        }
        case "calendar": {
          const other = (s + 1 + this.below(market.series.length - 1)) % market.series.length;
          const moneyness = (series: ListedSeries, i: number): number =>
            number(series.instruments[i]!.strike) / number(series.anchor.forward);
          const at = any();
          const wanted = moneyness(market.series[s]!, at);
          const twins = market.series[other]!.instruments.map((_, i) => i);
          const twin = twins.reduce((a, b) =>
            Math.abs(moneyness(market.series[other]!, a) - wanted) < Math.abs(moneyness(market.series[other]!, b) - wanted) ? a : b,
          );
          return { ...base, legs: [leg(at, call, long * size), leg(twin, call, -long * size, other)] };
        }
        case "delta-hedged": {
          const legs = Array.from({ length: 1 + this.below(4) }, () => leg(any(), this.sign() > 0, this.sign() * (1 + this.below(200))));
          const hedge = -legs.reduce((sum, { isCall, lots, instrument }) => {
            const moneyness = number(market.series[s]!.anchor.forward) / number(instruments[instrument]!.strike);
            const deviation = number(instruments[instrument]!.volatility) * Math.sqrt(Number(market.series[s]!.anchor.time) / 31_536_000);
            // the logistic curve is as good as the normal one for a hedge in whole lots
            const delta = 1 / (1 + Math.exp(-1.7 * (Math.log(moneyness) / deviation + deviation / 2)));
            return sum + lots * (isCall ? delta : delta - 1);
          }, 0);
          return this.sign() > 0
            ? { ...base, legs, perpetual: Math.round(hedge) }
            : { ...base, legs, futures: [[this.below(market.series.length), Math.round(hedge)]] };
        }
        case "straddle": {
          const at = cluster[this.below(cluster.length)]!;
          return { ...base, legs: [leg(at, true, long * size), leg(at, false, long * size)] };
        }
        case "strangle": {
          const [low, high] = pair();
          return { ...base, legs: [leg(low, false, long * size), leg(high, true, long * size)] };
        }
        case "vertical": {
          const [low, high] = pair();
          return { ...base, legs: [leg(low, call, long * size), leg(high, call, -long * size)] };
        }
        case "covered call": {
          const covers = this.below(3);
          const at = any();
          if (covers === 0) return { ...base, legs: [leg(at, true, -size)], perpetual: size };
          if (covers === 1) return { ...base, legs: [leg(at, true, -size)], collateral: size };
          return { ...base, legs: [leg(at, true, -size)], futures: [[s, size]] };
        }
        case "ratio spread": {
          const [low, high] = pair();
          return { ...base, legs: [leg(low, call, long * size), leg(high, call, -long * size * (2 + this.below(2)))] };
        }
        case "box": {
          const [low, high] = pair();
          const each = long * size;
          return { ...base, legs: [leg(low, true, each), leg(high, true, -each), leg(low, false, -each), leg(high, false, each)] };
        }
        case "random": {
          const legs = Array.from({ length: 2 + this.below(11) }, () => {
            const series = this.below(market.series.length);
            return leg(this.below(market.series[series]!.instruments.length), this.sign() > 0, this.sign() * (1 + this.below(200)), series);
          });
          return {
            ...base,
            legs,
            perpetual: this.sign() > 0 ? this.sign() * this.below(300) : 0,
            collateral: this.sign() > 0 ? this.below(300) : 0,
            futures: this.sign() > 0 ? [[this.below(market.series.length), this.sign() * (1 + this.below(200))]] : [],
          };
        }
      }
    })();
    return this.atCorner({ ...made, corner: new Map() });
  }

  atCorner(draft: Draft): Draft {
    const touched = new Set([...draft.legs.map(({ series }) => series), ...draft.futures.map(([series]) => series)]);
    return {
      ...draft,
      legs: draft.legs.map((leg) => ({ ...leg, drift: this.corner() })),
      corner: new Map([...touched].map((series) => [series, { move: this.corner(), age: this.pick([0, 1, 1, this.random.uniform()]) }])),
    };
  }

  /** A neighbour: other weights, by at most 30 % of what they were, or one corner another. */
  neighbour(draft: Draft, origin: Draft): Draft {
    const choice = this.random.uniform();
    const vary = (lots: number, from: number): number => {
      const [least, most] = [Math.min(from * 0.7, from * 1.3), Math.max(from * 0.7, from * 1.3)];
      return Math.round(Math.min(Math.max(lots * (1 + this.between(-0.2, 0.2)), least), most));
    };
    if (choice < 0.5) {
      const which = this.below(draft.legs.length + 3);
      return {
        ...draft,
        legs: draft.legs.map((leg, i) => (i === which ? { ...leg, lots: vary(leg.lots, origin.legs[i]!.lots) || leg.lots } : leg)),
        perpetual: which === draft.legs.length ? vary(draft.perpetual, origin.perpetual) : draft.perpetual,
        collateral: which === draft.legs.length + 1 ? Math.abs(vary(draft.collateral, origin.collateral)) : draft.collateral,
        futures:
          which === draft.legs.length + 2
            ? draft.futures.map(([series, lots], i) => [series, vary(lots, origin.futures[i]![1]) || lots] as const)
            : draft.futures,
      };
    }
    if (choice < 0.75) {
      const which = this.below(draft.legs.length);
      return { ...draft, legs: draft.legs.map((leg, i) => (i === which ? { ...leg, drift: this.corner() } : leg)) };
    }
    const [series, at] = this.pick([...draft.corner]);
    const next = choice < 0.9 ? { ...at, move: this.corner() } : { ...at, age: this.pick([0, 1, this.random.uniform()]) };
    return { ...draft, corner: new Map(draft.corner).set(series, next) };
  }
}

/** The draft as the engine takes it, at its corner or, `fresh`, at the anchors. */
function holdingOf(draft: Draft, fresh = false): UnderlyingHolding {
  const { market } = draft;
  // trades see the target, liquidations the held range
  const ranges = { heldRange: (((market.range / 10n ** 9n) * 9n) / 10n) * 10n ** 9n, targetRange: market.range };
  return {
    ...ranges,
    lots: BigInt(draft.perpetual),
    price: market.price,
    depth: 10n ** 6n,
    collateral: BigInt(draft.collateral) * market.price,
    haircut: (BigInt(draft.collateral) * market.price) / 20n,
    settled: 0n,
    futuresCost: 0n,
    series: [...draft.corner]
      .sort(([a], [b]) => a - b)
      .map(([index, { move, age }]) => {
        const { anchor, instruments } = market.series[index]!;
        const oldest = anchor.time / OLDEST_WORD_PART < OLDEST_WORD ? anchor.time / OLDEST_WORD_PART : OLDEST_WORD;
        const options: OptionHolding[] = draft.legs
          .filter(({ series }) => series === index)
          .map(({ instrument, isCall, lots, drift }) => {
            const { strike, volatility, word } = instruments[instrument]!;
            const moved = volatility + (volatility * BigInt(fresh ? 0 : Math.trunc(drift * 1e7))) / 10n ** 9n;
            return { isCall, strike, lots: BigInt(lots), word, volatility: moved };
          });
        const forward = anchor.forward + (anchor.forward * BigInt(fresh ? 0 : Math.trunc(move * PRICE_MOVE * 1e9))) / 10n ** 9n;
        return {
          ...ranges,
          expiry: anchor.time,
          anchor,
          forward,
          moving: forward,
          varianceTime: (anchor.time - BigInt(fresh ? 0 : Math.floor(Number(oldest) * age))) * WAD,
          slide: VOLATILITY_TOLERANCE,
          futures: draft.futures.filter(([series]) => series === index).reduce((sum, [, lots]) => sum + BigInt(lots), 0n),
          options,
          depth: 10n ** 6n,
        };
      }),
  };
}

/** What the opening bound asks for beyond the exact margin, of that margin; and the exact margin. */
export function openingCost(holding: UnderlyingHolding): { readonly cost: number; readonly sound: boolean; readonly exact: ExactMargin } {
  const range = max(holding.targetRange, holding.heldRange);
  const exact = exactMargin(holding, range, TERMS.provision, TERMS.interMonth);
  const beyond = exact.surplus - number(openingSurplusDown(holding, TERMS));
  return { cost: beyond / exact.total, sound: beyond >= -TOLERANCE * exact.gross, exact };
}

/** How far live margin is from the exact one at the held range, of that margin. */
export function liquidationExcess(holding: UnderlyingHolding): { readonly excess: number; readonly sound: boolean } {
  const exact = exactMargin(holding, holding.heldRange, TERMS.provision, TERMS.interMonth);
  const excess = Math.abs(number(liveMargin(holding, TERMS).total) - exact.total);
  return { excess: excess / exact.total, sound: excess <= TOLERANCE * exact.gross };
}

/**
 * What a change of every volatility by 1 % and one unit a lot can take from a portfolio at most. Room between bound and truth is measured in it: measured in
 * margin, the climb would end at naked shorts, and in notional, at options that are about to expire.
 */
function allowanceOf(holding: UnderlyingHolding): number {
  return holding.series
    .map(({ forward, anchor, options }) => {
      const deviation = number(anchor.volatility) * Math.sqrt(Number(anchor.time) / 31_536_000);
      const lots = options.reduce((sum, option) => sum + Math.abs(Number(option.lots)), 0);
      return lots * number(forward) * (0.004 * deviation + 2 ** -15);
    })
    .reduce((a, b) => a + b, 0);
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/**
 * Draws portfolios of every class at corners of the freshness rule, climbs from the tightest towards a bound that fails, and prices all anew.
 * @param tell how far it is
 */
export function runStudy(seed: number, effort: Effort, tell: (stage: string, done: number, of: number) => void): Study {
  const workshop = new Workshop(seed);
  const markets = RANGES.map((range, i) => {
    tell("words", i, RANGES.length);
    return workshop.market(range, effort.series);
  });
  const worst: Finding[] = [];
  const classes = CLASSES.map((kind): ClassFigures => {
    const costs: number[] = [];
    const fresh: number[] = [];
    const margins: number[] = [];
    const drafts: { readonly draft: Draft; readonly room: number }[] = [];
    let [violations, evaluations, liquidation] = [0, 0, Number.NEGATIVE_INFINITY];
    let tightest: { draft: Draft; room: number } | undefined;
    const roomOf = (draft: Draft, add: number[] = []): number => {
      const holding = holdingOf(draft);
      const { cost, sound, exact } = openingCost(holding);
      evaluations++;
      if (!sound) violations++;
      const room = (cost * exact.total) / allowanceOf(holding);
      if (tightest === undefined || room < tightest.room) tightest = { draft, room };
      add.push(cost);
      return room;
    };
    for (let i = 0; i < effort.drawn; i++) {
      tell(kind, i, effort.drawn + effort.climbs * 10);
      const draft = workshop.draft(kind, markets[i % markets.length]!);
      const room = roomOf(draft, costs);
      roomOf(workshop.atCorner(draft), costs);
      const start = openingCost(holdingOf(draft, true));
      fresh.push(start.cost);
      margins.push(start.exact.total / start.exact.gross);
      drafts.push({ draft, room });
      if (i % 4 !== 0) continue;
      const judged = liquidationExcess(holdingOf(draft));
      if (!judged.sound) violations++;
      liquidation = Math.max(liquidation, judged.excess);
    }
    drafts.sort((a, b) => a.room - b.room);
    // half of the climbs from the tightest, half from anywhere
    const starts = Array.from({ length: effort.climbs }, (_, i) => (i % 2 === 0 ? drafts[i / 2]! : workshop.pick(drafts)));
    starts.forEach(({ draft: origin, room }, climb) => {
      tell(kind, effort.drawn + climb * 10, effort.drawn + effort.climbs * 10);
      let best = { draft: origin, room };
      for (let step = 0; step < effort.steps; step++) {
        const draft = workshop.neighbour(best.draft, origin);
        const next = roomOf(draft);
        if (next < best.room) best = { draft, room: next };
      }
    });
    const holding = holdingOf(tightest!.draft);
    worst.push({
      class: kind,
      holding,
      openingSurplus: openingSurplusDown(holding, TERMS),
      liveMargin: liveMargin(holding, TERMS).total,
      cost: openingCost(holding).cost,
    });
    costs.sort((a, b) => a - b);
    return {
      class: kind,
      portfolios: effort.drawn,
      evaluations,
      margin: mean(margins),
      fresh: mean(fresh),
      mean: mean(costs),
      p99: costs[Math.floor(costs.length * 0.99)]!,
      least: tightest!.room,
      liquidation,
      violations,
    };
  });
  const instruments = markets.flatMap(({ series }) => series.map((each) => each.instruments.length)).reduce((a, b) => a + b, 0);
  return { instruments, refused: workshop.refused, classes, worst };
}
