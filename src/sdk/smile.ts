import type { VolatilityReport } from "../engine/actions/series.ts";
import { varianceSeconds } from "../engine/ledger/options/freshness.ts";
import { requireShape, sviWord } from "../engine/math/options/svi.ts";
import { expiryOf } from "../engine/words/seriesWord.ts";
import { BadInput } from "./failure.ts";

/**
 * Implied volatilities of one expiry near the forward: σ(k) = volatility + skew·k + ½·curvature·k², k = ln(strike / forward). Plain numbers: a volatility
 * is no amount of money. Flat when only `volatility` is given.
 */
export type Smile = {
  /** At the money, a year: 0.6 is 60 %. */
  readonly volatility: number;
  /** dσ/dk at the money; negative where puts are dearer than calls. */
  readonly skew?: number;
  /** d²σ/dk² at the money: above −skew²/volatility, so that total variance is convex; least where both are zero. */
  readonly curvature?: number;
};

const YEAR = 31_536_000;
/** Parameters of a word are whole units of 1e-14. */
const UNITS = 1e14;
const WIDEST = 5; // of m and σ, whose fields hold 5.6 and 11.2

/**
 * The SVI slice that has the volatility, skew and curvature of a smile at the money, as `SviWord` packs it.
 *
 * It is the slice of a surface of Gatheral and Jacquier (2014): w(k) = θ/2·(1 + ρφk + √((φk + ρ)² + 1 − ρ²)), of which three numbers determine θ, φ and ρ.
 * One smile at several expiries has one φ and one ρ, so total variance grows with expiry at every strike. There is no butterfly arbitrage while
 * θφ(1 + |ρ|) < 4 and θφ²(1 + |ρ|) ≤ 4.
 * @param seconds of variance time that the total variance is for: from the publish time to settlement
 * @throws BadInput when no such slice is free of arbitrage
 * @example fitSlice({ volatility: 0.6, skew: -0.15, curvature: 0.4 }, 2_592_000n)
 */
export function fitSlice({ volatility, skew = 0, curvature = 0 }: Smile, seconds: bigint): bigint {
  if (!(volatility >= 0.01 && volatility <= 5)) throw new BadInput(`a volatility of ${volatility} is not from 0.01 to 5`);
  if (!Number.isFinite(skew) || !Number.isFinite(curvature)) throw new BadInput(`skew ${skew} and curvature ${curvature} are no numbers`);
  const theta = (volatility * volatility * Number(seconds)) / YEAR;
  if (skew === 0 && curvature === 0) return word({ a: theta, b: 0, rho: 0, m: 0, sigma: 0.1 });
  // w″(0) of the total variance, in units of 2·T
  const bend = skew * skew + volatility * curvature;
  if (bend <= 0)
    throw new BadInput(`a curvature of ${curvature} is too low for a skew of ${skew}: it must be above ${-(skew * skew) / volatility}`);
  const phi = (2 * Math.sqrt(bend + skew * skew)) / volatility;
  const rho = (2 * skew) / (volatility * phi);
  const rest = Math.sqrt(1 - rho * rho);
  if (1 / phi > WIDEST) throw new BadInput(`a skew of ${skew} and a curvature of ${curvature} are too small for a word: give zero`);
  const [wing, waist] = [theta * phi * (1 + Math.abs(rho)), theta * phi * phi * (1 + Math.abs(rho))];
  if (wing >= 4 || waist > 4) {
    const days = Math.round(Number(seconds) / 86_400);
    throw new BadInput(`a skew of ${skew} and a curvature of ${curvature} leave arbitrage over ${days} days: lower them`);
  }
  return word({ a: (theta * rest * rest) / 2, b: (theta * phi) / 2, rho, m: -rho / phi, sigma: rest / phi });
}

/**
 * What a volatility source says of a series when the volatilities of its expiry are those of a smile.
 * @param seriesWord of the series
 * @param publishTime unix seconds, before its settlement window opens
 * @param basis forward over price, less one, ppb
 */
export function smileReport(smile: Smile, seriesWord: bigint, publishTime: bigint, basis = 0n): VolatilityReport {
  return { sliceWord: fitSlice(smile, varianceSeconds(publishTime, expiryOf(seriesWord))), basis, publishTime };
}

function word(parameters: Readonly<Record<"a" | "b" | "rho" | "m" | "sigma", number>>): bigint {
  const { a, b, rho, m, sigma } = parameters;
  // rounded before it is checked: what is checked is what is kept
  const kept = (value: number): bigint => BigInt(Math.round(value * UNITS)) * 10_000n;
  const packed = sviWord({ a: kept(a), b: kept(b), rho: kept(rho), m: kept(m), sigma: kept(sigma) });
  requireShape(packed);
  return packed;
}
