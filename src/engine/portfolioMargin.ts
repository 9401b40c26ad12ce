import { logMoneynessOf, totalVolatilityOf, undiscounted } from "./black76.ts";
import { revert } from "./errors.ts";
import { abs, divUp, floorDivide, max, min, partUp, WAD } from "./fixedPoint.ts";
import { CAUSES, type Cause } from "./freshness.ts";
import { FUNDING_PROVISION } from "./funding.ts";
import type { MarginTerms } from "./margin.ts";
import { dampedDown, forwardAt, rowOf, stepDown, type VolatilityRow } from "./optionStress.ts";
import { LANES, linearDown, packDown, type SeriesBook, seriesBook, storesCall, unitUp, worstOfValues } from "./riskWord.ts";
import { boundsOf, type Place } from "./secant.ts";
import { rootOf } from "./seriesRefresh.ts";
import { lotsPartUp } from "./slice.ts";
import { moveOf } from "./stress.ts";
import { LEAST_VOLATILITY, shockFactor, volatilityRows } from "./volatilityShock.ts";

// Margin of options, dated futures, perpetual and collateral on one underlying; docs/margin.md has every formula with its reason.

/** The age at which words are stale: the lesser of 15 minutes and a fiftieth of the time to expiry. */
export const OLDEST_WORD = 900n;
export const OLDEST_WORD_PART = 50n;

/** A short option needs at least this part of the scan range, of the forward. */
const SHORT_OPTION_PART = 4n;

/** For each year between two expiries, the inter-month charge rises by twice what it starts from, up to one year. */
const TENOR_MULTIPLE = 2n;
const YEAR = 31_536_000n;

const DAY = 86_400n;

const ALL_LANES = Array.from({ length: LANES }, (_, k) => k);
const MARK = [0];

/** A position in an option, with what values it: the word for trades and withdrawals, the volatility for liquidations. */
export interface OptionHolding {
  readonly isCall: boolean;
  readonly strike: bigint; // of a lot, WAD
  readonly lots: bigint; // signed
  readonly word: bigint; // RiskWord
  readonly volatility: bigint; // implied now, a year, 18 decimals
}

/** Where the words of a series were made. */
export interface SeriesAnchor extends Place {
  readonly time: bigint; // seconds of variance time to settlement then
  readonly volatility: bigint; // the highest of its listed strikes then, 18 decimals, rounded up
}

/** What an account holds in one series that has not settled. */
export interface SeriesHolding {
  readonly expiry: bigint; // unix seconds, as it was listed with
  readonly forward: bigint; // price of a lot now, WAD
  readonly moving: bigint; // the price of a lot that still moves with that of the underlying, WAD
  readonly varianceTime: bigint; // to settlement now, seconds with 18 decimals
  readonly heldRange: bigint; // of the series, 18 decimals, whole parts per billion
  readonly targetRange: bigint;
  readonly slide: bigint; // how far a volatility can have moved while words hold, a part of itself, 18 decimals
  readonly anchor: SeriesAnchor;
  readonly futures: bigint; // signed lots of its dated future
  readonly options: readonly OptionHolding[];
  readonly depth: bigint; // lots
}

/** What an account holds on one underlying. */
export interface UnderlyingHolding {
  readonly lots: bigint; // signed, of the perpetual
  readonly price: bigint; // of a lot, WAD
  readonly depth: bigint; // of the perpetual, lots
  readonly collateral: bigint; // market value, WAD, rounded down
  readonly haircut: bigint; // WAD, rounded up
  readonly heldRange: bigint; // 18 decimals, whole parts per billion
  readonly targetRange: bigint;
  readonly series: readonly SeriesHolding[]; // each once
  readonly settled: bigint; // what positions of settled series pay, WAD, signed
  readonly futuresCost: bigint; // entry cost of its dated futures, settled ones apart, WAD
  readonly stale?: StaleWords | undefined; // the first of its series whose words may not be used
}

/** A series whose words may not be used to open and withdraw, and why. */
export interface StaleWords {
  readonly underlying: bigint;
  readonly series: bigint;
  readonly cause: Cause;
}

/** What words say of one underlying at the wider range, WAD, without cash. */
export interface OpeningFigures {
  readonly value: bigint; // a lower bound of V
  readonly surplus: bigint; // a lower bound of V − haircut − IM
}

/** The margin of one underlying in parts, WAD, priced live; each part rounded up. */
export interface UnderlyingMargin {
  readonly value: bigint; // V of the underlying, without cash, rounded down
  readonly scan: bigint;
  readonly scenario: bigint; // the first with the largest loss; 0 where nothing loses
  readonly losses: readonly bigint[]; // in each scenario, 0 to 16; negative: a gain
  readonly shortOptionMinimum: bigint;
  readonly interMonth: bigint;
  readonly provisions: bigint;
  readonly sizeCharge: bigint;
  readonly total: bigint; // IM
}

/** The dollar delta of everything in one instrument or series. */
export interface Exposure {
  readonly tenor: bigint; // seconds of variance time to settlement, 0 for perpetual and collateral
  readonly delta: bigint; // market value that moves with the price, WAD, signed
}

const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);
/** Whole seconds of variance time to the settlement of a series. */
const timeOf = ({ varianceTime }: SeriesHolding): bigint => varianceTime / WAD;

const ceilDivide = (a: bigint, b: bigint): bigint => -floorDivide(-a, b);

/**
 * What a lot of the call, or of the put, of a strike is worth at the mark and in the sixteen scenarios, WAD, rounded down: the values that a risk word packs.
 * @param volatility a year, 18 decimals
 * @param varianceTime to settlement, seconds with 18 decimals
 * @param lanes the mark and the scenarios that are asked for, in the order of the answer
 * @example scenarioValuesDown(true, 3_300n * WAD, WAD / 2n, { forward: 3_000n * WAD, range: WAD / 10n }, 2_592_000n * WAD)[0] // about 64.5 * WAD
 */
export function scenarioValuesDown(
  isCall: boolean,
  strike: bigint,
  volatility: bigint,
  place: Place,
  varianceTime: bigint,
  lanes: readonly number[] = ALL_LANES,
): bigint[] {
  const rows = volatilityRows(volatility, varianceTime / WAD);
  const root = rootOf(varianceTime);
  // as a refresh does: one logarithm a strike, and one for each moved forward
  const x = logMoneynessOf(place.forward, strike);
  const valueIn = (k: number): bigint => {
    const forward = forwardAt(place.forward, place.range, BigInt(k));
    const moved = forward === place.forward ? 0n : logMoneynessOf(forward, place.forward);
    const { call, put } = undiscounted(forward, strike, x + moved, totalVolatilityOf(rows[rowOf(BigInt(k))], root));
    return isCall ? call : put;
  };
  const mark = valueIn(0);
  return lanes.map((k) => (k === 0 ? mark : k < 15 ? valueIn(k) : dampedDown(mark, valueIn(k))));
}

/**
 * The risk word of a strike at an anchor.
 * @param time seconds of variance time to settlement
 * @throws Reverted `LaneSaturated` (scenario, value, unit)
 */
export function riskWordAt(strike: bigint, volatility: bigint, anchor: Place, time: bigint): bigint {
  const call = storesCall(anchor.forward, strike);
  return packDown(scenarioValuesDown(call, strike, volatility, anchor, time * WAD), unitUp(anchor.forward), call);
}

/** What is linear in the price and not of a series: perpetual and collateral, WAD. */
function lineOf(holding: UnderlyingHolding): bigint {
  return holding.lots * holding.price + holding.collateral;
}

/** A line of market value in a scenario, WAD, rounded down. */
function lineInScenarioDown(line: bigint, range: bigint, scenario: number): bigint {
  const scale = 30n * 10n ** 9n;
  return floorDivide(line * (scale + (range / 10n ** 9n) * moveOf(BigInt(scenario))), scale);
}

/**
 * The least that short options need, WAD, rounded up: what the sixteen scenarios do not see because it is too far away.
 * A lot weighs `m·F·min(1, F/K)` as a call and `m·min(F, K)` as a put, m a quarter of the range. Long lots of the same right count against short
 * ones at their own weight, so a spread, a condor or a calendar is a hedge; so do a long line for calls and a short one for puts. What expires covers
 * nothing that outlives it: from the last expiry to the first, what is short so far counts against what is long so far, and the largest of these sums is
 * what is naked. Perpetual and collateral never expire and stand behind all. The price can only go one way: the larger of the two sides counts.
 */
export function shortOptionMinimumUp(holding: UnderlyingHolding, range: bigint): bigint {
  let [calls, puts, naked] = [0n, 0n, 0n];
  let line = lineOf(holding);
  const latestFirst = [...holding.series].sort((a, b) => Number(b.expiry - a.expiry));
  for (const [i, { expiry, forward, futures, options }] of latestFirst.entries()) {
    line += futures * forward;
    for (const { isCall, strike, lots } of options) {
      const weight = weightDown(isCall, strike, forward, lots);
      if (isCall) calls += weight;
      else puts += weight;
    }
    // what expires at one time covers each other
    if (latestFirst[i + 1]?.expiry !== expiry) naked = [naked, -calls - max(line, 0n), -puts - max(-line, 0n)].reduce(max);
  }
  return divUp(naked * range, SHORT_OPTION_PART * WAD);
}

/** What lots of an option weigh in the short option minimum, WAD, rounded against the account: what is long down, what is short up. */
function weightDown(isCall: boolean, strike: bigint, forward: bigint, lots: bigint): bigint {
  if (!isCall) return lots * min(forward, strike);
  return strike <= forward ? lots * forward : floorDivide(lots * forward * forward, strike);
}

/** The least that a lot of an option needs when it is short, WAD, rounded up. */
export function leastOfShort(isCall: boolean, strike: bigint, forward: bigint, range: bigint): bigint {
  return divUp(-weightDown(isCall, strike, forward, -1n) * range, SHORT_OPTION_PART * WAD);
}

/** The part of the charge that grows with tenor, 18 decimals: 2·b a year, up to a year. */
function tenorRate(tenor: bigint, interMonth: bigint): bigint {
  return (TENOR_MULTIPLE * interMonth * min(tenor, YEAR)) / YEAR;
}

const matchedTwice = (deltas: readonly bigint[]): bigint => sum(deltas.map(abs)) - abs(sum(deltas));

/**
 * The inter-month charge, WAD, rounded up: b of what is long against what is short, and for each stretch between two neighbouring tenors the rate of
 * that stretch of what is long on one side of it against what is short on the other. Two opposite positions pay b + 2·b·(years between them).
 * @param interMonth b, 18 decimals
 * @example interMonthUp([{ tenor: 0n, delta: -100n * WAD }, { tenor: 31_536_000n, delta: 100n * WAD }], WAD / 50n) // 6n * WAD: 2 % and 4 %
 */
export function interMonthUp(exposures: readonly Exposure[], interMonth: bigint): bigint {
  const sorted = [...exposures].sort((a, b) => Number(a.tenor - b.tenor));
  const deltas = sorted.map(({ delta }) => delta);
  let twice = matchedTwice(deltas) * interMonth;
  for (let after = 1; after < sorted.length; after++) {
    const rate = tenorRate(sorted[after]!.tenor, interMonth) - tenorRate(sorted[after - 1]!.tenor, interMonth);
    twice += matchedTwice([sum(deltas.slice(0, after)), sum(deltas.slice(after))]) * rate;
  }
  return divUp(twice, 2n * WAD);
}

/** What every unit of an error in a delta can change in the charge at most, 18 decimals. */
function interMonthSlope(exposures: readonly Exposure[], interMonth: bigint): bigint {
  const rates = exposures.map(({ tenor }) => tenorRate(tenor, interMonth));
  return interMonth + rates.reduce(max, 0n) - rates.reduce(min, interMonth * TENOR_MULTIPLE);
}

/** Perpetual and collateral as exposures: two instruments, so a hedge of one by the other is charged. */
function spotExposures(holding: UnderlyingHolding): Exposure[] {
  return [holding.lots * holding.price, holding.collateral].filter((delta) => delta !== 0n).map((delta) => ({ tenor: 0n, delta }));
}

/** Lots of options of a series, longs and shorts. */
const grossOptions = ({ options }: SeriesHolding): bigint => sum(options.map(({ lots }) => abs(lots)));

/** What an account holds in series, longs and shorts, at their forwards, WAD. */
export function grossOfSeries({ series }: Pick<UnderlyingHolding, "series">): bigint {
  return sum(series.map((each) => (abs(each.futures) + grossOptions(each)) * each.forward));
}

/** Eight hours of the highest funding, and what it costs to trade out of everything, WAD, rounded up. */
export function provisionsUp(holding: UnderlyingHolding, provision: bigint): bigint {
  const perpetual = abs(holding.lots) * holding.price;
  const dated = grossOfSeries(holding);
  return partUp(perpetual, FUNDING_PROVISION) + partUp(perpetual + holding.collateral + dated, provision);
}

/** The charge for size, WAD, rounded up: the notional times its share of the depth, for the perpetual and for each series. */
export function sizeChargeUp(holding: UnderlyingHolding): bigint {
  const charge = (lots: bigint, price: bigint, depth: bigint): bigint => (lots === 0n ? 0n : divUp(lots * lots * price, depth));
  return (
    charge(abs(holding.lots), holding.price, holding.depth) +
    sum(holding.series.map((series) => charge(abs(series.futures) + grossOptions(series), series.forward, series.depth)))
  );
}

/** A series whose options have changed to the side that is out of the money now, so that their parity can be taken from the live forward. */
function liveBook({ options, futures, forward }: SeriesHolding): SeriesBook {
  const sides = options.map((option) => ({ ...option, word: storesCall(forward, option.strike) ? 1n << 255n : 0n }));
  return seriesBook(sides, futures);
}

/** What the stored sides of the options of a series are worth in each of `lanes`, WAD, rounded down. */
function storedValuesDown(series: SeriesHolding, lanes: readonly number[]): bigint[] {
  const place = { forward: series.forward, range: series.heldRange };
  const stored = lanes.map(() => 0n);
  for (const { strike, volatility, lots } of series.options) {
    const values = scenarioValuesDown(storesCall(series.forward, strike), strike, volatility, place, series.varianceTime, lanes);
    values.forEach((value, i) => {
      // a short owes what the rounding down left out
      stored[i]! += lots < 0n ? lots * (value + 1n) : lots * value;
    });
  }
  return stored;
}

/** The values of a series at the mark and in the scenarios, WAD, rounded down, and its dollar delta, priced now. */
function livePrices(series: SeriesHolding): { readonly values: readonly bigint[]; readonly delta: bigint } {
  const range = series.heldRange;
  const stored = storedValuesDown(series, ALL_LANES);
  const book = liveBook(series);
  return {
    values: stored.map((value, k) => value + linearDown(book, series.forward, range, k)),
    delta: deltaOf(stored[3]! - stored[5]!, series, range, book.forwards, floorDivide),
  };
}

/** The dollar delta from what stored sides gain between −r/3 and +r/3 with volatility up, WAD: of the price, so only what still moves counts. */
function deltaOf(
  gain: bigint,
  { forward, moving }: SeriesHolding,
  range: bigint,
  forwards: bigint,
  divide: (a: bigint, b: bigint) => bigint,
): bigint {
  return divide(gain * moving, max(20n * stepDown(forward, range), 1n)) + forwards * moving;
}

/**
 * The margin of one underlying priced anew at the held range: what MM, health, slices and liquidation use.
 * @example
 * const { value, total } = liveMargin(holding, termsAt(state.margin, state.now));
 */
export function liveMargin(holding: UnderlyingHolding, terms: MarginTerms): UnderlyingMargin {
  const range = holding.heldRange;
  const line = lineOf(holding);
  const priced = holding.series.map(livePrices);
  const valueIn = (k: number): bigint => lineInScenarioDown(line, range, k) + sum(priced.map(({ values }) => values[k]!)) + holding.settled;
  const values = ALL_LANES.map(valueIn);
  const value = values[0]!;
  const { loss: scan, scenario } = worstOfValues(values);
  const losses = values.map((each) => value - each);
  const exposures = holding.series.map((series, i) => ({ tenor: timeOf(series), delta: priced[i]!.delta }));
  const shortOptionMinimum = shortOptionMinimumUp(holding, range);
  const interMonth = interMonthUp([...spotExposures(holding), ...exposures], terms.interMonth);
  const provisions = provisionsUp(holding, terms.provision);
  const sizeCharge = sizeChargeUp(holding);
  const total = max(scan, shortOptionMinimum) + interMonth + provisions + sizeCharge;
  return { value, scan, scenario: BigInt(scenario), losses, shortOptionMinimum, interMonth, provisions, sizeCharge, total };
}

/**
 * What an account that sells a part of everything has left of its series: the part of each position that goes is rounded up to whole lots, and is all of it
 * where fewer than `least` lots would be left.
 * @param part 18 decimals
 * @param spot lots, collateral and its haircut: what it has left of perpetual and collateral
 */
export function withoutPart(
  holding: UnderlyingHolding,
  part: bigint,
  spot: Pick<UnderlyingHolding, "lots" | "collateral" | "haircut">,
  least = 0n,
): UnderlyingHolding {
  return withLots(holding, spot, (held) => held - lotsPartUp(held, part, least));
}

/** As `withoutPart`, but what is sold. */
export function partOf(
  holding: UnderlyingHolding,
  part: bigint,
  spot: Pick<UnderlyingHolding, "lots" | "collateral" | "haircut">,
  least: bigint,
): UnderlyingHolding {
  return withLots(holding, spot, (held) => lotsPartUp(held, part, least));
}

function withLots(
  holding: UnderlyingHolding,
  { lots, collateral, haircut }: Pick<UnderlyingHolding, "lots" | "collateral" | "haircut">,
  of: (held: bigint) => bigint,
): UnderlyingHolding {
  const series = holding.series.map((each) => ({
    ...each,
    futures: of(each.futures),
    options: each.options.map((option) => ({ ...option, lots: of(option.lots) })),
  }));
  return { ...holding, lots, collateral, haircut, series };
}

/** What options and dated futures of one underlying are worth, priced live at the mark, settled ones apart, WAD, rounded down. */
export function seriesValueDown({ series }: Pick<UnderlyingHolding, "series">): bigint {
  return sum(series.map((each) => storedValuesDown(each, MARK)[0]! + linearDown(liveBook(each), each.forward, each.heldRange, 0)));
}

/** What time and volatility can have taken since the anchor: the highest volatility of a row then, and how far √T times what it has kept can be from √T then. */
interface Drift {
  readonly volatility: bigint; // a year, 18 decimals
  readonly fall: bigint; // √years, 18 decimals
  readonly rise: bigint;
}

/**
 * How far the deviations σ·√T of a series can be from those of its words, by row: √T₀ − (1 − v)·√T below and (1 + v)·√T − √T₀ above, v the slide. Both roots are
 * exact, so that it does not matter how much time has passed, or, where a window waits for prices, has come back. Beyond a day to expiry the shock factor has grown by at
 * most 0.31·u of itself, u the part of the time that has passed: the row up by 0.18·u.
 */
function driftsOf(series: SeriesHolding): Readonly<Record<VolatilityRow, Drift>> {
  const { anchor, slide, varianceTime } = series;
  const [before, now] = [rootOf(anchor.time * WAD), rootOf(varianceTime)];
  const passed = anchor.time > DAY ? ceilDivide(max(anchor.time - timeOf(series), 0n) * WAD, anchor.time) : 0n;
  const fall = max(before + 1n - (now * max(WAD - slide, 0n)) / WAD, 0n);
  const rise = max(divUp(divUp((now + 1n) * (WAD + slide), WAD) * (100n * WAD + 18n * passed), 100n * WAD) - before, 0n);
  const factor = shockFactor(anchor.time);
  const highest = max(anchor.volatility, LEAST_VOLATILITY);
  const kept = WAD - (3n * factor) / 10n;
  const shock = divUp(93n * passed * factor * (before + 1n), 1_000n * kept * WAD);
  return {
    mark: { volatility: highest, fall, rise },
    up: { volatility: divUp(highest * (2n * WAD + factor), 2n * WAD), fall, rise },
    down: { volatility: max(divUp(highest * kept, WAD), LEAST_VOLATILITY), fall: fall + shock, rise },
  };
}

/**
 * What time and volatility can have taken from a book since its words were made, by scenario, WAD, rounded up: from longs by a fall of the deviation, from
 * shorts by a rise. Vega is F·φ(d₁) for each unit of the deviation, at most 2/5 of the forward whatever the strike, so no strike needs to be known.
 */
function vegaBoundsUp({ longs, shorts }: SeriesBook, series: SeriesHolding, range: bigint): bigint[] {
  const drifts = driftsOf(series);
  const changes = Array.from({ length: LANES }, (_, k) => {
    const { volatility, fall, rise } = drifts[rowOf(BigInt(k))];
    const forward = forwardAt(series.forward, range, BigInt(k));
    return divUp(2n * forward * volatility * (fall * longs.lots + rise * shorts.lots), 5n * WAD * WAD);
  });
  return changes.map((change, k) => (k < 15 ? change : divUp(65n * changes[0]! + 35n * change, 100n)));
}

/** A lower bound of what the stored sides of a book are worth now by their words, at the mark and in each scenario, WAD. */
function storedBounds(book: SeriesBook, series: SeriesHolding, range: bigint): bigint[] {
  const taken = vegaBoundsUp(book, series, range);
  const live = { forward: series.forward, range };
  return boundsOf(book, unitUp(series.anchor.forward), series.anchor, live).map((bound, k) => bound - taken[k]!);
}

/** A series by its words: lower bounds of its values, and between what its dollar delta is. */
function wordBounds(series: SeriesHolding): { readonly values: bigint[]; readonly low: bigint; readonly high: bigint } {
  const range = max(series.targetRange, series.heldRange);
  const book = seriesBook(series.options, series.futures);
  const bounds = storedBounds(book, series, range);
  const opposite = storedBounds({ ...book, longs: book.shorts, shorts: book.longs }, series, range);
  const delta = (gain: bigint, divide: (a: bigint, b: bigint) => bigint): bigint => deltaOf(gain, series, range, book.forwards, divide);
  return {
    values: bounds.map((bound, k) => bound + linearDown(book, series.forward, range, k)),
    low: delta(bounds[3]! + opposite[5]!, floorDivide),
    high: delta(-(opposite[3]! + bounds[5]!), ceilDivide),
  };
}

/**
 * A lower bound of V − haircut − IM of one underlying at the wider range, without cash, by cached words: what the first form of the margin rule tests.
 * V(0) − scan is the least value over the scenarios, so no bound is ever subtracted from another.
 * @returns WAD
 * @throws Reverted `WordsStale` (underlying, series, cause)
 * @example const mayOpen = cash + openingSurplusDown(holding, terms) >= 0n;
 */
export function openingSurplusDown(holding: UnderlyingHolding, terms: MarginTerms): bigint {
  return openingFiguresDown(holding, terms).surplus;
}

/** As `openingSurplusDown`, with what an account with this underlying is worth by the same words. */
export function openingFiguresDown(holding: UnderlyingHolding, terms: MarginTerms): OpeningFigures {
  requireFreshWords(holding);
  const range = max(holding.targetRange, holding.heldRange);
  const line = lineOf(holding);
  const priced = holding.series.map(wordBounds);
  const values = Array.from(
    { length: LANES },
    (_, k) => lineInScenarioDown(line, range, k) + sum(priced.map((series) => series.values[k]!)) + holding.settled,
  );
  const worst = values.reduce(min, values[0]! - shortOptionMinimumUp(holding, range));
  const others = provisionsUp(holding, terms.provision) + sizeChargeUp(holding);
  return {
    value: values[0]!,
    surplus: worst - holding.haircut - interMonthBoundUp(holding, priced, terms.interMonth) - others,
  };
}

/**
 * A lower bound of what the options of one underlying are worth together by cached words, settled ones apart, WAD.
 * @throws Reverted `WordsStale`
 */
export function optionMarksDown(holding: UnderlyingHolding): bigint {
  requireFreshWords(holding);
  return sum(holding.series.map((series) => wordBounds(series).values[0]! - series.futures * series.forward));
}

/** @throws Reverted `WordsStale` (underlying, series, cause as in `StaleCause`) */
export function requireFreshWords({ stale }: UnderlyingHolding): void {
  if (stale !== undefined) revert("WordsStale", stale.underlying, stale.series, BigInt(CAUSES.indexOf(stale.cause)));
}

/** The charge at the middle of what each delta can be, and for the rest the most that an error can change. */
function interMonthBoundUp(
  holding: UnderlyingHolding,
  priced: readonly { readonly low: bigint; readonly high: bigint }[],
  interMonth: bigint,
): bigint {
  const exposures = [
    ...spotExposures(holding),
    ...holding.series.map((series, i) => ({ tenor: timeOf(series), delta: floorDivide(priced[i]!.low + priced[i]!.high, 2n) })),
  ];
  // one instrument alone hedges nothing
  if (exposures.length < 2) return 0n;
  const error = sum(priced.map(({ low, high }, i) => (grossOptions(holding.series[i]!) === 0n ? 0n : (high - low + 3n) / 2n)));
  return interMonthUp(exposures, interMonth) + partUp(error, interMonthSlope(exposures, interMonth));
}

/** Maintenance margin, WAD, rounded up: μ·IM. */
export function maintenanceUp(initial: bigint, terms: MarginTerms): bigint {
  return partUp(initial, terms.maintenance);
}

/**
 * Whether an account is below its line.
 * @param cash WAD
 * @example isLiquidatable(500n * WAD, [holding], terms)
 */
export function isLiquidatable(cash: bigint, holdings: readonly UnderlyingHolding[], terms: MarginTerms): boolean {
  const margins = holdings.map((holding) => liveMargin(holding, terms));
  const equity = cash + sum(margins.map(({ value }, i) => value - holdings[i]!.haircut));
  return equity < maintenanceUp(sum(margins.map(({ total }) => total)), terms);
}
