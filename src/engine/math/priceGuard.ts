import { abs, fromPpm, max, min } from "../types/fixedPoint.ts";
import { squareRootDown } from "../types/squareRoot.ts";
import { NORMAL, type Underlying } from "../types/types.ts";

/** Answers of a source. */
export const SILENT = 0n;
export const REFUTED = 1n;
export const VALID = 2n;

/** Verdicts of the guard. */
export const UNPROVED = 0n;
export const REJECTED = 1n;
export const ACCEPTED = 2n;

export const QUORUM = 2n;

/** Seconds a price beyond the band waits for its confirmation. */
export const CONFIRMATION = 60n;

/** Seconds that a publish time may be ahead of the block. */
export const SKEW = 10n;

const PPM = 1_000_000n;

/** What one source said. */
export interface Quote {
  readonly source: bigint; // its index
  readonly answer: bigint; // SILENT, REFUTED or VALID
  readonly price: bigint; // of a lot, WAD
  readonly time: bigint; // when it was published, not after now
}

export interface GuardBands {
  readonly agreement: bigint; // ppm
  readonly band: bigint; // ppm at one minute
  readonly widestBand: bigint; // ppm
}

export interface PendingPrice {
  readonly price: bigint;
  readonly time: bigint; // when it was recorded
  readonly source: bigint; // index plus one, 0: nothing pending
}

/** The last accepted price; a price of 0: none yet. */
export interface LastPrice {
  readonly price: bigint;
  readonly priceTime: bigint;
}

export interface Judgement {
  readonly verdict: bigint; // UNPROVED, REJECTED or ACCEPTED
  readonly price: bigint;
  readonly time: bigint;
  readonly pending: PendingPrice;
  readonly valid: bigint; // how many quotes were valid
}

export const NOTHING_PENDING: PendingPrice = { price: 0n, time: 0n, source: 0n };

/** What the guard makes of the quotes of the sources that count. The twin of `PriceGuard.judge`. */
export function judge(guard: GuardBands, last: LastPrice, pending: PendingPrice, quotes: readonly Quote[], now: bigint): Judgement {
  const [only] = quotes;
  if (only === undefined) return { verdict: UNPROVED, price: 0n, time: 0n, pending, valid: 0n };
  if (quotes.length === 1) return judgeAlone(guard, last, pending, only, now);

  const valid = quotes.filter((quote) => quote.answer === VALID);
  const silent = quotes.filter((quote) => quote.answer === SILENT).length;
  const [a, b, c] = valid;
  if (a !== undefined && b !== undefined && c !== undefined) {
    const price = median(a.price, b.price, c.price);
    return { verdict: ACCEPTED, price, time: median(a.time, b.time, c.time), pending: NOTHING_PENDING, valid: 3n };
  }
  if (a !== undefined && b !== undefined) {
    if (isWithin(max(a.price, b.price), min(a.price, b.price), guard.agreement)) {
      return { verdict: ACCEPTED, price: (a.price + b.price) / 2n, time: min(a.time, b.time), pending: NOTHING_PENDING, valid: 2n };
    }
  }
  // a silent source could still make the quorum, or be the third
  const isProved = valid.length === 2 ? silent === 0 : valid.length + silent < 2;
  const count = BigInt(valid.length);
  return { verdict: isProved ? REJECTED : UNPROVED, price: 0n, time: 0n, pending, valid: count };
}

function judgeAlone(guard: GuardBands, last: LastPrice, pending: PendingPrice, quote: Quote, now: bigint): Judgement {
  if (quote.answer === SILENT) return { verdict: UNPROVED, price: 0n, time: 0n, pending, valid: 0n };
  if (quote.answer === REFUTED) return { verdict: REJECTED, price: 0n, time: 0n, pending, valid: 0n };
  const accepted = { verdict: ACCEPTED, price: quote.price, time: quote.time, pending: NOTHING_PENDING, valid: 1n };
  const elapsed = quote.time > last.priceTime ? quote.time - last.priceTime : 0n;
  if (last.price === 0n || isWithin(quote.price, last.price, bandWidth(guard, elapsed))) return accepted;

  const confirms = pending.source === quote.source + 1n && isWithin(quote.price, pending.price, guard.band);
  if (confirms && quote.time >= pending.time + CONFIRMATION) return accepted;
  return {
    verdict: REJECTED,
    price: 0n,
    time: quote.time,
    pending: confirms ? pending : { price: quote.price, time: now, source: quote.source + 1n },
    valid: 1n,
  };
}

/** band·√(elapsed / 60 s), rounded down, at most the widest band; ppm. The twin of `PriceGuard.widthPpm`. */
export function bandWidth(guard: GuardBands, elapsed: bigint): bigint {
  return min(squareRootDown((guard.band * guard.band * elapsed) / CONFIRMATION), guard.widestBand);
}

/**
 * How far a price may have moved since, as a fraction of it, 18 decimals: zero while it is good, that is normal and not older than the liquidation age;
 * otherwise what the guard would believe of a single source by now, at least the base band.
 */
export function doubtOf(
  { guard, priceTime, priceState }: Pick<Underlying, "guard" | "priceTime" | "priceState">,
  liquidationAge: bigint,
  now: bigint,
): bigint {
  const age = max(now - priceTime, 0n);
  return priceState === NORMAL && age <= liquidationAge ? 0n : fromPpm(bandWidth(guard, max(age, CONFIRMATION)));
}

function isWithin(price: bigint, anchor: bigint, ppm: bigint): boolean {
  return abs(price - anchor) * PPM <= anchor * ppm;
}

function median(a: bigint, b: bigint, c: bigint): bigint {
  return max(min(a, b), min(max(a, b), c));
}
