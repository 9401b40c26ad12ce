import { revert } from "../../types/errors.ts";
import { abs, floorDivide, max, min, WAD } from "../../types/fixedPoint.ts";
import { squareRootDown } from "../../types/squareRoot.ts";

/** Total variance is never taken below this, 18 decimals. */
export const LEAST_VARIANCE = 1_000_000n;

/** The farthest log-moneyness that a slice is asked for, 18 decimals: what is farther has the volatility of there. */
export const FARTHEST = 10n * WAD;

const STEEPEST = 2n * WAD;
const YEAR = 31_536_000n;
const FINE = 10n ** 27n;
const ROOT = 10n ** 36n;

/** Units of a word are 1e-14. */
const UNIT = 10_000n;

/** A raw SVI slice: w(k) = a + b·(ρ·(k − m) + √((k − m)² + σ²)), each with 18 decimals. */
export interface SviSlice {
  readonly a: bigint;
  readonly b: bigint;
  readonly rho: bigint;
  readonly m: bigint;
  readonly sigma: bigint;
}

/** The word of a slice whose parameters are whole units of 1e-14, as SviWord documents its bits; what does not fit is cut. */
export function sviWord({ a, b, rho, m, sigma }: SviSlice): bigint {
  return (
    BigInt.asUintN(54, a / UNIT) |
    (BigInt.asUintN(48, b / UNIT) << 54n) |
    (BigInt.asUintN(48, rho / UNIT) << 102n) |
    (BigInt.asUintN(50, m / UNIT) << 150n) |
    (BigInt.asUintN(50, sigma / UNIT) << 200n)
  );
}

/** A slice from its word. */
export function sviFromWord(word: bigint): SviSlice {
  return {
    a: BigInt.asIntN(54, word) * UNIT,
    b: BigInt.asUintN(48, word >> 54n) * UNIT,
    rho: BigInt.asIntN(48, word >> 102n) * UNIT,
    m: BigInt.asIntN(50, word >> 150n) * UNIT,
    sigma: BigInt.asUintN(50, word >> 200n) * UNIT,
  };
}

/**
 * The slice as of later, rounded down: total variance shrinks with the time left.
 * @param left seconds to expiry then, at most `span`
 * @param span seconds to expiry as of `word`
 */
export function agedDown(word: bigint, left: bigint, span: bigint): bigint {
  const { a, b } = sviFromWord(word);
  const aged = floorDivide((a / UNIT) * left, span);
  return ((word >> 102n) << 102n) | ((((b / UNIT) * left) / span) << 54n) | BigInt.asUintN(54, aged);
}

/** √(x² + σ²) with 36 decimals, x = k − m. */
function rootOf({ m, sigma }: SviSlice, k: bigint): bigint {
  return squareRootDown(((k - m) ** 2n + sigma ** 2n) * ROOT);
}

/** ρ·x + √(x² + σ²) with 36 decimals. */
function armOf(slice: SviSlice, k: bigint, root: bigint): bigint {
  return slice.rho * (k - slice.m) + root;
}

/**
 * Total variance at the log-moneyness `k` = ln(strike / forward), at most `FARTHEST` away, 18 decimals, rounded down; never below `LEAST_VARIANCE`.
 * @example varianceDown({ a: WAD / 25n, b: 0n, rho: 0n, m: 0n, sigma: WAD }, 0n) // WAD / 25n
 */
export function varianceDown(slice: SviSlice, moneyness: bigint): bigint {
  const k = nearest(moneyness);
  return max(slice.a + (slice.b * armOf(slice, k, rootOf(slice, k))) / ROOT, LEAST_VARIANCE);
}

/** Implied volatility a year, 18 decimals, rounded down, of a total variance over `time` seconds. */
export function volatilityDown(variance: bigint, time: bigint): bigint {
  return squareRootDown((variance * WAD * YEAR) / time);
}

/** g·w² with 54 decimals and w with 27; bit for bit `Svi`. */
function durrlemanTimesSquare(slice: SviSlice, moneyness: bigint): { readonly g: bigint; readonly w: bigint } {
  const { a, b, rho, m, sigma } = slice;
  const k = nearest(moneyness);
  const root = rootOf(slice, k);
  const w = a * 10n ** 9n + (b * armOf(slice, k, root)) / FINE;
  const slope = (b * (rho * 10n ** 9n + ((k - m) * 10n ** 45n) / root)) / WAD;
  const share = (sigma * 10n ** 45n) / root;
  const curvature = (((b * share) / WAD) * share * 10n ** 9n) / root;
  const lever = w - (k * slope) / (2n * WAD);
  const weight = w + (w * w) / (4n * FINE);
  return { g: lever * lever - ((slope * slope) / (4n * FINE)) * weight + ((w * curvature) / FINE) * (w / 2n), w };
}

/** Durrleman's g at `k`, 18 decimals; negative where there is butterfly arbitrage. */
export function durrleman(slice: SviSlice, k: bigint): bigint {
  const { g, w } = durrlemanTimesSquare(slice, k);
  return g / ((w * w) / WAD);
}

/**
 * The slice of a word that is well-formed, whose wings are not too steep and whose variance is positive.
 * @throws Reverted `MalformedSlice`, `WingTooSteep` or `VarianceTooLow`
 */
export function requireShape(word: bigint): SviSlice {
  const slice = sviFromWord(word);
  const { a, b, rho, sigma } = slice;
  if (word >> 250n !== 0n || abs(rho) >= WAD || sigma === 0n) revert("MalformedSlice", word);
  const slope = (b * (WAD + abs(rho)) + (WAD - 1n)) / WAD;
  if (slope > STEEPEST) revert("WingTooSteep", slope);
  const least = a + (b * sigma * squareRootDown(WAD * WAD - rho * rho)) / ROOT;
  if (least < LEAST_VARIANCE) revert("VarianceTooLow", least);
  return slice;
}

/** `k`, or where beyond ±10 the end: a price that crashes must not stop anything. */
function nearest(k: bigint): bigint {
  return max(min(k, FARTHEST), -FARTHEST);
}

/**
 * Refuses a slice that is not free of butterfly arbitrage at each log-moneyness.
 * @returns total variance at each, as `varianceDown`
 * @throws Reverted as `requireShape`, or `ButterflyArbitrage`
 */
export function requireFree(word: bigint, ks: readonly bigint[]): bigint[] {
  const slice = requireShape(word);
  return ks.map((k) => {
    const { g, w } = durrlemanTimesSquare(slice, k);
    if (g < 0n) revert("ButterflyArbitrage", k, durrleman(slice, k));
    return w / 10n ** 9n;
  });
}

/**
 * Refuses two slices, as of one time, between which total variance falls at any log-moneyness.
 * @throws Reverted `CalendarArbitrage`
 */
export function requireRising(earlierWord: bigint, laterWord: bigint, ks: readonly bigint[]): void {
  const [earlier, later] = [sviFromWord(earlierWord), sviFromWord(laterWord)];
  for (const k of ks) {
    const [before, afterwards] = [varianceDown(earlier, k), varianceDown(later, k)];
    if (afterwards < before) revert("CalendarArbitrage", k, before, afterwards);
  }
}

/** Implied volatility a year at a log-moneyness, 18 decimals, rounded down. */
export function impliedDown(slice: SviSlice, k: bigint, span: bigint): bigint {
  return volatilityDown(varianceDown(slice, k), span);
}
