import type { Redeemable } from "../types/rate.ts";
import type {
  Account,
  AccountId,
  Address,
  CollateralToken,
  FundAccountState,
  FundParameters,
  LiquidationParameters,
  MarginParameters,
  Operator,
  Position,
  Series,
  SeriesPosition,
  SeriesSurface,
  Underlying,
  WaterLine,
} from "../types/types.ts";

// The packed storage words of the vault, as contracts/words documents their bits: from a word to the engine's figures and back.

function field(word: bigint, offset: bigint, width: number): bigint {
  return BigInt.asUintN(width, word >> offset);
}

function signedField(word: bigint, offset: bigint, width: number): bigint {
  return BigInt.asIntN(width, word >> offset);
}

type Part = readonly [value: bigint, offset: bigint, width: number];

function packed(...parts: readonly Part[]): bigint {
  return parts.reduce((word, [value, offset, width]) => word | (BigInt.asUintN(width, value) << offset), 0n);
}

/** The stored words of an account, by underlying, token and operator; words that are zero may be left out. */
export interface AccountWords {
  readonly header: bigint;
  readonly positions: ReadonlyMap<number, bigint>;
  readonly collateral: ReadonlyMap<number, bigint>;
  readonly operators: ReadonlyMap<Address, bigint>;
  readonly exchangeSince: bigint;
  /** Words of series positions by underlying, in the order of their places; none by default. */
  readonly series?: ReadonlyMap<number, readonly bigint[]>;
}

/** An account from its words. */
export function accountFromWords(id: AccountId, words: AccountWords): Account {
  const held = <T>(map: ReadonlyMap<T, bigint>): [T, bigint][] => [...map].filter(([, word]) => word !== 0n);
  return {
    id,
    cash: signedField(words.header, 0n, 128),
    moduleDifference: field(words.header, 192n, 16),
    epoch: field(words.header, 208n, 32),
    positions: new Map(held(words.positions).flatMap(([key, word]) => (lotsIn(word) === 0n ? [] : [[key, positionFromWord(word)]]))),
    series: new Map(
      held(words.positions).flatMap(([key, word]) => {
        const count = seriesCountIn(word);
        return count === 0n ? [] : [[key, seriesPositionsFromWords(words.series?.get(key) ?? [], count)]];
      }),
    ),
    collateral: new Map(held(words.collateral)),
    operators: new Map(held(words.operators).map(([key, word]) => [key, operatorFromWord(word)])),
    exchangeSince: words.exchangeSince,
  };
}

/** The header of an account; the inverse of what `accountFromWords` reads from it. */
export function headerWord(account: Account): bigint {
  return packed(
    [account.cash, 0n, 128],
    [bitmap([...account.positions.keys(), ...account.series.keys()]), 128n, 32],
    [bitmap(account.collateral.keys()), 160n, 32],
    [account.moduleDifference, 192n, 16],
    [account.epoch, 208n, 32],
    [account.exchangeSince === 0n ? 0n : 1n, 240n, 1],
    [seriesCountOf(account), 241n, 15],
  );
}

/** How many positions an account has in series, over all underlyings. */
export function seriesCountOf(account: Account): bigint {
  return [...account.series.values()].reduce((sum, positions) => sum + BigInt(positions.length), 0n);
}

function bitmap(indices: Iterable<number>): bigint {
  let bits = 0n;
  for (const index of indices) bits |= 1n << BigInt(index);
  return bits;
}

/** @param word PositionWord */
export function positionFromWord(word: bigint): Position {
  return {
    lots: signedField(word, 0n, 48),
    fundingIndex: signedField(word, 48n, 96),
    entryCost: signedField(word, 144n, 96),
  };
}

/**
 * The PositionWord of an account on an underlying.
 * @param position nothing where it has no lots of the perpetual
 * @param seriesCount number of its positions in series of the underlying
 */
export function positionWord(position: Position | undefined, seriesCount = 0n): bigint {
  const { lots, fundingIndex, entryCost } = position ?? { lots: 0n, fundingIndex: 0n, entryCost: 0n };
  return packed([lots, 0n, 48], [fundingIndex, 48n, 96], [entryCost, 144n, 96], [seriesCount, 240n, 16]);
}

function lotsIn(word: bigint): bigint {
  return signedField(word, 0n, 48);
}

function seriesCountIn(word: bigint): bigint {
  return field(word, 240n, 16);
}

const PLACES = 4;

/**
 * The words of series positions, four places a word; what is beyond the last position is zero.
 * @example seriesPositionWords([{ instrument: 0x0101n, lots: -1n }]) // [0x1fff_ffff_ffff_0101n]
 */
export function seriesPositionWords(positions: readonly SeriesPosition[]): bigint[] {
  const words = Array.from({ length: Math.ceil(positions.length / PLACES) }, () => 0n);
  positions.forEach(({ instrument, lots, halvings = 0n }, place) => {
    const offset = 64n * BigInt(place % PLACES);
    words[Math.floor(place / PLACES)]! |= packed([instrument, offset, 16], [lots, offset + 16n, 45], [halvings, offset + 61n, 3]);
  });
  return words;
}

/**
 * The first `count` series positions of their words, in the order of their places; the inverse of `seriesPositionWords`.
 * @throws RangeError when there are too few words
 */
export function seriesPositionsFromWords(words: readonly bigint[], count: bigint): SeriesPosition[] {
  return Array.from({ length: Number(count) }, (_, place) => {
    const word = words[Math.floor(place / PLACES)];
    if (word === undefined) throw new RangeError(`${count} series positions in ${words.length} words`);
    const offset = 64n * BigInt(place % PLACES);
    return seriesPosition(field(word, offset, 16), signedField(word, offset + 16n, 45), field(word, offset + 61n, 3));
  });
}

/** A series position; what is zero by default is left out. */
export function seriesPosition(instrument: bigint, lots: bigint, halvings = 0n, entryCost = 0n): SeriesPosition {
  return { instrument, lots, ...(halvings === 0n ? {} : { halvings }), ...(entryCost === 0n ? {} : { entryCost }) };
}

function operatorFromWord(word: bigint): Operator {
  return { scope: field(word, 0n, 8), expiry: field(word, 8n, 40) };
}

export function operatorWord(operator: Operator | undefined): bigint {
  return operator === undefined ? 0n : packed([operator.scope, 0n, 8], [operator.expiry, 8n, 40]);
}

/** The words of an underlying, in the order of `underlyingWords`. */
export type UnderlyingWords = readonly [
  price: bigint,
  sample: bigint,
  pending: bigint,
  funding: bigint,
  trading: bigint,
  volatility: bigint,
  guard: bigint,
  fund: bigint,
];

/** An underlying from its words, and the series that were read beside them. */
export function underlyingFromWords(words: UnderlyingWords, series: ReadonlyMap<number, Series> = new Map()): Underlying {
  const [price, sample, pending, funding, trading, volatility, guard, fund] = words;
  return {
    price: field(price, 0n, 96),
    priceTime: field(price, 96n, 40),
    targetRange: field(price, 136n, 32),
    heldRange: field(price, 168n, 32),
    depth: field(price, 200n, 40),
    lotExponent: field(price, 240n, 8),
    priceState: field(price, 248n, 8),
    sample: {
      price: field(sample, 0n, 96),
      time: field(sample, 96n, 40),
      fast: field(sample, 136n, 40),
      slow: field(sample, 176n, 40),
      rateTime: field(sample, 216n, 40),
    },
    pending: { price: field(pending, 0n, 96), time: field(pending, 96n, 40), source: field(pending, 136n, 8) },
    funding: {
      index: signedField(funding, 0n, 96),
      rate: signedField(funding, 96n, 32),
      time: field(funding, 128n, 40),
      openInterest: field(funding, 168n, 44),
      cap: field(funding, 212n, 44),
    },
    trading: {
      fillBand: field(trading, 0n, 24),
      positionCap: field(trading, 24n, 48),
      openInterestCap: field(trading, 72n, 44),
      stoppedUntil: field(trading, 116n, 40),
      feeCap: field(trading, 156n, 24),
      guardianCapUntil: field(trading, 180n, 40),
    },
    volatility: {
      multiple: field(volatility, 0n, 32),
      horizon: field(volatility, 32n, 32),
      rangeFloor: field(volatility, 64n, 32),
      rangeCap: field(volatility, 96n, 32),
      sigmaFloor: field(volatility, 128n, 32),
    },
    guard: {
      sources: field(guard, 0n, 8),
      dropped: field(guard, 8n, 8),
      droppedUntil: field(guard, 16n, 40),
      agreement: field(guard, 56n, 24),
      band: field(guard, 80n, 24),
      widestBand: field(guard, 104n, 24),
      depthRamp: { from: field(guard, 128n, 40), to: field(guard, 168n, 40), end: field(guard, 208n, 40) },
    },
    fund: fundStateFromWord(fund),
    series,
  };
}

/** The words of an underlying; the inverse of `underlyingFromWords`. */
export function underlyingWords(underlying: Underlying): UnderlyingWords {
  const { sample, pending, funding, trading, volatility, guard } = underlying;
  return [
    packed(
      [underlying.price, 0n, 96],
      [underlying.priceTime, 96n, 40],
      [underlying.targetRange, 136n, 32],
      [underlying.heldRange, 168n, 32],
      [underlying.depth, 200n, 40],
      [underlying.lotExponent, 240n, 8],
      [underlying.priceState, 248n, 8],
    ),
    packed([sample.price, 0n, 96], [sample.time, 96n, 40], [sample.fast, 136n, 40], [sample.slow, 176n, 40], [sample.rateTime, 216n, 40]),
    packed([pending.price, 0n, 96], [pending.time, 96n, 40], [pending.source, 136n, 8]),
    packed(
      [funding.index, 0n, 96],
      [funding.rate, 96n, 32],
      [funding.time, 128n, 40],
      [funding.openInterest, 168n, 44],
      [funding.cap, 212n, 44],
    ),
    packed(
      [trading.fillBand, 0n, 24],
      [trading.positionCap, 24n, 48],
      [trading.openInterestCap, 72n, 44],
      [trading.stoppedUntil, 116n, 40],
      [trading.feeCap, 156n, 24],
      [trading.guardianCapUntil, 180n, 40],
    ),
    packed(
      [volatility.multiple, 0n, 32],
      [volatility.horizon, 32n, 32],
      [volatility.rangeFloor, 64n, 32],
      [volatility.rangeCap, 96n, 32],
      [volatility.sigmaFloor, 128n, 32],
      // a post has to look for series only where there were any
      [underlying.series.size === 0 ? 0n : 1n, 160n, 1],
    ),
    packed(
      [guard.sources, 0n, 8],
      [guard.dropped, 8n, 8],
      [guard.droppedUntil, 16n, 40],
      [guard.agreement, 56n, 24],
      [guard.band, 80n, 24],
      [guard.widestBand, 104n, 24],
      [guard.depthRamp.from, 128n, 40],
      [guard.depthRamp.to, 168n, 40],
      [guard.depthRamp.end, 208n, 40],
    ),
    fundStateWord(underlying.fund),
  ];
}

/** The words of a series in the order of the view `seriesWords`. */
export type SeriesWords = readonly [word: bigint, surface: bigint, slice: bigint, average: bigint];

/**
 * A series from its words.
 * @param risks its risk words by index of the strike
 * @param listed its bit in the bitmap of the underlying
 */
export function seriesFromWords([word, surface, slice, average]: SeriesWords, risks: readonly bigint[], listed: boolean): Series {
  return { word, surface: surfaceFromWord(surface), slice, average, risks, listed };
}

/** The words of a series; the inverse of `seriesFromWords`. */
export function seriesWords({ word, surface, slice, average }: Series): SeriesWords {
  return [word, surfaceWord(surface), slice, average];
}

/** The bitmap of the series of an underlying that are not known to have settled. */
export function seriesBitmap({ series }: Underlying): bigint {
  return bitmap([...series].flatMap(([number, { listed }]) => (listed ? [number] : [])));
}

/** @param word SurfaceWord */
export function surfaceFromWord(word: bigint): SeriesSurface {
  return {
    basis: signedField(word, 0n, 32),
    published: field(word, 32n, 40),
    span: field(word, 72n, 32),
    epoch: field(word, 104n, 24),
    highest: field(word, 128n, 16),
    slide: field(word, 144n, 16),
    depth: field(word, 160n, 40),
    openInterest: field(word, 200n, 44),
    volatilityCap: field(word, 244n, 12),
  };
}

export function surfaceWord(surface: SeriesSurface): bigint {
  return packed(
    [surface.basis, 0n, 32],
    [surface.published, 32n, 40],
    [surface.span, 72n, 32],
    [surface.epoch, 104n, 24],
    [surface.highest, 128n, 16],
    [surface.slide, 144n, 16],
    [surface.depth, 160n, 40],
    [surface.openInterest, 200n, 44],
    [surface.volatilityCap, 244n, 12],
  );
}

/** @param word FundWord */
export function fundStateFromWord(word: bigint): FundAccountState {
  return {
    inventorySince: field(word, 0n, 40),
    epochStart: field(word, 40n, 40),
    drawn: field(word, 80n, 64),
    drawnBefore: field(word, 144n, 64),
    weight: field(word, 208n, 24),
  };
}

export function fundStateWord(state: FundAccountState): bigint {
  return packed(
    [state.inventorySince, 0n, 40],
    [state.epochStart, 40n, 40],
    [state.drawn, 80n, 64],
    [state.drawnBefore, 144n, 64],
    [state.weight, 208n, 24],
  );
}

/**
 * A collateral token from its words.
 * @param word CollateralWord
 * @param supplies total held and cap, WAD
 */
export function collateralFromWords(word: bigint, supplies: bigint): CollateralToken {
  return {
    token: `0x${field(word, 0n, 160).toString(16).padStart(40, "0")}`,
    decimals: field(word, 160n, 8),
    underlying: field(word, 168n, 8),
    haircut: { from: field(word, 176n, 24), to: field(word, 200n, 24), end: field(word, 224n, 32) },
    supply: field(supplies, 0n, 128),
    cap: field(supplies, 128n, 128),
  };
}

/** The supply word of a collateral token. */
export function supplyWord(token: CollateralToken): bigint {
  return packed([token.supply, 0n, 128], [token.cap, 128n, 128]);
}

/** Of what a strategy could redeem at once, hour by hour; the layout of contracts/math/idle/Redeemable.sol. */
export function redeemableWord({ samples, hour, reading, readingTime }: Redeemable): bigint {
  const parts = samples.map((sample, slot): Part => [sample, 8n * BigInt(slot), 8]);
  return packed(...parts, [hour, 192n, 24], [reading, 216n, 8], [readingTime, 224n, 32]);
}

/** The inverse of `redeemableWord`. */
export function redeemableFromWord(word: bigint): Redeemable {
  const samples = Array.from({ length: 24 }, (_, slot) => field(word, 8n * BigInt(slot), 8));
  return { samples, hour: field(word, 192n, 24), reading: field(word, 216n, 8), readingTime: field(word, 224n, 32) };
}

/** @param word MarginWord */
export function marginFromWord(word: bigint): MarginParameters {
  const end = field(word, 144n, 40);
  return {
    maintenance: { from: field(word, 0n, 24), to: field(word, 24n, 24), end },
    provision: { from: field(word, 48n, 24), to: field(word, 72n, 24), end },
    interMonth: { from: field(word, 96n, 24), to: field(word, 120n, 24), end },
    tradingAge: field(word, 184n, 16),
    liquidationAge: field(word, 200n, 8),
    openInterestCharge: field(word, 208n, 24),
    gainLock: field(word, 232n, 24),
  };
}

/** @param word LiquidationWord */
export function liquidationFromWord(word: bigint): LiquidationParameters {
  return {
    recovery: field(word, 0n, 24),
    discountMin: field(word, 24n, 24),
    discountMax: field(word, 48n, 24),
    grossDiscount: field(word, 72n, 24),
    keeperShare: field(word, 96n, 24),
    fundShare: field(word, 120n, 24),
    bounty: field(word, 144n, 48),
    smallestNotional: field(word, 192n, 32),
  };
}

/** @param word FundParametersWord */
export function fundParametersFromWord(word: bigint): FundParameters {
  return {
    topUp: field(word, 0n, 32),
    epochLength: field(word, 32n, 32),
    shedTime: field(word, 64n, 32),
    shedStart: field(word, 96n, 24),
    fundPerOpenInterest: field(word, 120n, 24),
    bountyCap: field(word, 144n, 48),
    stakeCap: field(word, 192n, 24),
    weights: field(word, 216n, 24),
    unweighted: field(word, 240n, 8),
  };
}

/** Settlement tokens of the ledger and deficit, WAD, from the word of totals. */
export function totalsFromWord(word: bigint): { settlement: bigint; deficit: bigint } {
  return { settlement: field(word, 0n, 128), deficit: field(word, 128n, 127) };
}

/** @param watched whether any fund account has used up its cap */
export function totalsWord(settlement: bigint, deficit: bigint, watched: boolean): bigint {
  return packed([settlement, 0n, 128], [deficit, 128n, 127], [watched ? 1n : 0n, 255n, 1]);
}

/** The word of a water-line; zero where there is no shortage. */
export function waterLineWord(line: WaterLine | undefined): bigint {
  return line === undefined ? 0n : packed([line.level, 0n, 128], [line.time, 128n, 40]);
}

/** The water-lines that run, by underlying, from the word of each. */
export function waterLinesFromWords(words: readonly bigint[]): ReadonlyMap<number, WaterLine> {
  const lines = words.map((word, u): [number, WaterLine] => [u, { level: field(word, 0n, 128), time: field(word, 128n, 40) }]);
  return new Map(lines.filter(([, { level }]) => level !== 0n));
}
