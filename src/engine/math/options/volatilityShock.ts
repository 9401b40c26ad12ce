import { max, min, WAD } from "../../types/fixedPoint.ts";
import { decay } from "../variance.ts";

/** What Black-76 prices: 1 % to 500 % a year, 18 decimals. */
export const LEAST_VOLATILITY = WAD / 100n;
export const MOST_VOLATILITY = 5n * WAD;

const DAY = 86_400n;
const PIVOT = 30n * DAY;
const UP = WAD / 2n;
const DOWN = (3n * WAD) / 10n;
const SHORT_POWER = (3n * WAD) / 10n;
const LONG_POWER = (13n * WAD) / 100n;

const FINE = 10n ** 27n;
const LN2 = 693_147_180_559_945_309_417_232_121n;
const SQRT2 = 1_414_213_562_373_095_048_801_688_724n;

/** log2 of `x` ≥ 1, 18 decimals, from below; bit for bit `VolatilityShock.log2`. */
export function log2(x: bigint): bigint {
  let m = x * 10n ** 9n;
  let whole = 0n;
  for (; m > SQRT2; whole++) m >>= 1n;
  const above = m >= FINE;
  const s = ((above ? m - FINE : FINE - m) * FINE) / (m + FINE);
  const square = (s * s) / FINE;
  let sum = 0n;
  for (let odd = 23n; odd !== 1n; odd -= 2n) sum = ((FINE / odd + sum) * square) / FINE;
  const numerator = 2n * s * (FINE + sum) * WAD;
  const denominator = FINE * LN2;
  return above ? whole * WAD + numerator / denominator : whole * WAD - (numerator + denominator - 1n) / denominator;
}

/**
 * (30 days / T)^p, 18 decimals, p = 0.3 up to 30 days and 0.13 beyond.
 * @param time seconds to expiry; less than a day counts as a day
 * @example shockFactor(30n * 86_400n) // 10n ** 18n
 */
export function shockFactor(time: bigint): bigint {
  const counted = max(time, DAY);
  if (counted > PIVOT) return decay((LONG_POWER * log2((counted * WAD) / PIVOT)) / WAD, WAD);
  return (WAD * WAD) / decay((SHORT_POWER * log2((PIVOT * WAD) / counted)) / WAD, WAD);
}

/** Volatility in the scenarios up, rounded down: σ·(1 + 0.5·f), at most what is priced. */
export function shockedUp(volatility: bigint, factor: bigint): bigint {
  const shocked = (volatility * (WAD * WAD + UP * factor)) / (WAD * WAD);
  return min(shocked, max(volatility, MOST_VOLATILITY));
}

/** Volatility in the scenarios down, rounded down: σ·(1 − 0.3·f), at least what is priced. */
export function shockedDown(volatility: bigint, factor: bigint): bigint {
  const shocked = (volatility * (WAD * WAD - DOWN * factor)) / (WAD * WAD);
  return max(shocked, min(volatility, LEAST_VOLATILITY));
}

/** The volatilities at the mark, up and down, 18 decimals a year. */
export function volatilityRows(volatility: bigint, time: bigint): { readonly mark: bigint; readonly up: bigint; readonly down: bigint } {
  const factor = shockFactor(time);
  return { mark: volatility, up: shockedUp(volatility, factor), down: shockedDown(volatility, factor) };
}
