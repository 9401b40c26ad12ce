import type { Underlying } from "../../../src/engine/types/types.ts";

/** A field of a packed word: value, offset, width. */
type Field = readonly [value: bigint, offset: number, width: number];

function pack(...fields: readonly Field[]): bigint {
  return fields.reduce((word, [value, offset, width]) => word | (BigInt.asUintN(width, value) << BigInt(offset)), 0n);
}

function field(word: bigint, offset: number, width: number): bigint {
  return BigInt.asUintN(width, word >> BigInt(offset));
}

function signed(word: bigint, offset: number, width: number): bigint {
  return BigInt.asIntN(width, word >> BigInt(offset));
}

export function priceWord(
  u: Pick<Underlying, "price" | "priceTime" | "targetRange" | "heldRange" | "depth" | "lotExponent" | "priceState">,
): bigint {
  return pack(
    [u.price, 0, 96],
    [u.priceTime, 96, 40],
    [u.targetRange, 136, 32],
    [u.heldRange, 168, 32],
    [u.depth, 200, 40],
    [u.lotExponent, 240, 8],
    [u.priceState, 248, 8],
  );
}

export function sampleWord(s: Underlying["sample"]): bigint {
  return pack([s.price, 0, 96], [s.time, 96, 40], [s.fast, 136, 40], [s.slow, 176, 40], [s.rateTime, 216, 40]);
}

export function pendingWord(p: Underlying["pending"]): bigint {
  return pack([p.price, 0, 96], [p.time, 96, 40], [p.source, 136, 8]);
}

export function fundingWord(f: Underlying["funding"]): bigint {
  return pack([f.index, 0, 96], [f.rate, 96, 32], [f.time, 128, 40], [f.openInterest, 168, 44], [f.cap, 212, 44]);
}

export function volatilityWord(v: Underlying["volatility"]): bigint {
  return pack([v.multiple, 0, 32], [v.horizon, 32, 32], [v.rangeFloor, 64, 32], [v.rangeCap, 96, 32], [v.sigmaFloor, 128, 32]);
}

export function guardWord(g: Underlying["guard"]): bigint {
  return pack(
    [g.sources, 0, 8],
    [g.dropped, 8, 8],
    [g.droppedUntil, 16, 40],
    [g.agreement, 56, 24],
    [g.band, 80, 24],
    [g.widestBand, 104, 24],
    [g.depthRamp.from, 128, 40],
    [g.depthRamp.to, 168, 40],
    [g.depthRamp.end, 208, 40],
  );
}

/** In the order price, sample, pending, funding, trading, volatility, guard, margin; of trading only the stop, of margin only the age. */
export type Words = [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];

export function toWords(u: Underlying, tradingAge: bigint): Words {
  return [
    priceWord(u),
    sampleWord(u.sample),
    pendingWord(u.pending),
    fundingWord(u.funding),
    pack([u.trading.stoppedUntil, 116, 40]),
    volatilityWord(u.volatility),
    guardWord(u.guard),
    pack([tradingAge, 184, 16]),
  ];
}

/** `base` with everything that a post or a rate may write read from `words`. */
export function fromWords(base: Underlying, words: readonly bigint[]): Underlying {
  const [price = 0n, sample = 0n, pending = 0n, funding = 0n] = words;
  return {
    ...base,
    price: field(price, 0, 96),
    priceTime: field(price, 96, 40),
    targetRange: field(price, 136, 32),
    heldRange: field(price, 168, 32),
    depth: field(price, 200, 40),
    lotExponent: field(price, 240, 8),
    priceState: field(price, 248, 8),
    sample: {
      price: field(sample, 0, 96),
      time: field(sample, 96, 40),
      fast: field(sample, 136, 40),
      slow: field(sample, 176, 40),
      rateTime: field(sample, 216, 40),
    },
    pending: { price: field(pending, 0, 96), time: field(pending, 96, 40), source: field(pending, 136, 8) },
    funding: {
      index: signed(funding, 0, 96),
      rate: signed(funding, 96, 32),
      time: field(funding, 128, 40),
      openInterest: field(funding, 168, 44),
      cap: field(funding, 212, 44),
    },
  };
}

/** An underlying as it is listed: lots of a thousandth, the default parameters of the forecast, one source. */
export function listedUnderlying(): Underlying {
  return {
    price: 0n,
    priceTime: 0n,
    targetRange: 0n,
    heldRange: 0n,
    depth: 1_000_000n,
    lotExponent: 3n,
    priceState: 0n,
    sample: { price: 0n, time: 0n, fast: 0n, slow: 0n, rateTime: 0n },
    pending: { price: 0n, time: 0n, source: 0n },
    funding: { index: 0n, rate: 0n, time: 0n, openInterest: 0n, cap: 1_000_000n },
    trading: {
      fillBand: 20_000n,
      positionCap: 1_000_000n,
      openInterestCap: 1_000_000n,
      stoppedUntil: 0n,
      feeCap: 1_000n,
      guardianCapUntil: 0n,
    },
    volatility: { multiple: 5_300_000n, horizon: 14_400n, rangeFloor: 50_000_000n, rangeCap: 350_000_000n, sigmaFloor: 200_000n },
    guard: {
      sources: 1n,
      dropped: 0n,
      droppedUntil: 0n,
      agreement: 10_000n,
      band: 20_000n,
      widestBand: 250_000n,
      depthRamp: { from: 0n, to: 0n, end: 0n },
    },
    fund: { inventorySince: 0n, epochStart: 0n, drawn: 0n, drawnBefore: 0n, weight: 0n },
    series: new Map(),
  };
}
