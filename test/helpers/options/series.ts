import fc from "fast-check";
import type { SeriesQuote } from "../../../src/engine/actions/seriesRefresh.ts";
import { sviWord } from "../../../src/engine/math/options/svi.ts";
import { listedSeries } from "../../../src/engine/words/seriesWord.ts";

const UNIT = 10n ** 4n;
const WAD = 10n ** 18n;
const wad = (value: number): bigint => BigInt(Math.round(value * 1e14)) * UNIT;

/** When the series of tests expire. */
export const EXPIRY = 1_900_000_000n;

/** A number between two, evenly. */
const real = (least: number, most: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: 1_000_000 }).map((part) => least + ((most - least) * part) / 1e6);

/** A slice about a volatility over a number of seconds, with a skew and wings. */
export function sliceOf(volatility: number, span: number, rho = -0.3, wing = 0.4): bigint {
  const variance = (volatility * volatility * span) / 31_536_000;
  return sviWord({
    a: wad(0.6 * variance),
    b: wad(wing * Math.sqrt(variance) * volatility * 0.2),
    rho: wad(rho),
    m: 0n,
    sigma: wad(0.5 * Math.sqrt(variance)),
  });
}

/** A listed series, a quote of it and the time of the quote: a forward among the strikes, 20–200 % a year, minutes to two years. */
export interface SeriesCase {
  readonly word: bigint;
  readonly quote: SeriesQuote;
  readonly time: bigint;
}

export const seriesCases: fc.Arbitrary<SeriesCase> = fc
  .record({
    decimals: fc.integer({ min: 10, max: 20 }),
    base: fc.integer({ min: 20_000, max: 2_000_000 }),
    steps: real(0.002, 0.1),
    count: fc.integer({ min: 1, max: 12 }),
    place: real(0.9, 1.6),
    dust: fc.bigInt(0n, 2n ** 20n),
    ppb: fc.bigInt(20_000_000n, 300_000_000n),
    volatility: real(0.2, 2),
    logSeconds: real(Math.log(60), Math.log(63_072_000)),
    aged: real(0.5, 1),
    rho: real(-0.9, 0.9),
    wing: real(0.05, 1),
  })
  .map(({ decimals, base, steps, count, place, dust, ppb, volatility, logSeconds, aged, rho, wing }) => {
    const step = Math.max(Math.round(base * steps), 1);
    const span = Math.round(Math.exp(logSeconds));
    const forward = (BigInt(Math.round(base * place * 1e6)) * 10n ** BigInt(decimals)) / 10n ** 6n + dust;
    return {
      word: listedSeries({ expiry: EXPIRY, base: BigInt(base), step: BigInt(step), decimals: BigInt(decimals), count: BigInt(count) }),
      quote: {
        forward,
        range: ppb * 10n ** 9n,
        slice: sliceOf(volatility, span, rho, wing),
        span: BigInt(span),
        varianceTime: (BigInt(Math.round(span * aged * 1e6)) * WAD) / 10n ** 6n,
      },
      time: EXPIRY - BigInt(span),
    };
  });
