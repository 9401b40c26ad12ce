import fc from "fast-check";
import { logMoneynessOf, rootOfYears, totalVolatilityOf } from "../../../src/engine/math/options/black76.ts";
import { max, min, WAD } from "../../../src/engine/types/fixedPoint.ts";

/** What `price` takes; all with 18 decimals. */
export interface Contract {
  readonly forward: bigint;
  readonly strike: bigint;
  readonly time: bigint;
  readonly volatility: bigint;
  readonly rate: bigint;
}

/** What `undiscounted` takes. */
export interface Option {
  readonly forward: bigint;
  readonly strike: bigint;
  readonly logMoneyness: bigint;
  readonly totalVolatility: bigint;
}

export const YEAR = 31_536_000n;
export const MINUTE = (60n * WAD) / YEAR + 1n;
export const CENT = WAD / 100n;

export const optionOf = ({ forward, strike, time, volatility }: Contract): Option => ({
  forward,
  strike,
  logMoneyness: logMoneynessOf(forward, strike),
  totalVolatility: totalVolatilityOf(volatility, rootOfYears(time)),
});

/** Evenly from 0 to 1: doubles of fast-check are drawn by their bits, nearly all of them close to zero. */
const even: fc.Arbitrary<number> = fc.noBias(fc.integer({ min: 0, max: 2 ** 30 })).map((n) => n / 2 ** 30);

/** A number drawn evenly on a logarithmic scale, its last digits too. */
export function logarithmic(least: bigint, most: bigint): fc.Arbitrary<bigint> {
  const [low, high] = [Math.log2(Number(least)), Math.log2(Number(most))];
  return fc.tuple(even, fc.bigInt(0n, 2n ** 60n)).map(([part, tail]) => {
    const power = low + part * (high - low);
    const digits = BigInt(Math.round(2 ** (power % 1) * 2 ** 52));
    return max(least, min(most, ((digits << BigInt(Math.floor(power))) >> 52n) + (((digits * tail) << BigInt(Math.floor(power))) >> 140n)));
  });
}

/** The box: σ 1–500 %, one minute to two years, F/K 0.05–20; strikes as often near the money, in standard deviations, as anywhere. */
export const inBox: fc.Arbitrary<Contract> = fc
  .record({
    forward: logarithmic(10n ** 15n, 2n ** 96n - 1n),
    time: logarithmic(MINUTE, 2n * WAD),
    volatility: logarithmic(CENT, 5n * WAD),
    rate: fc.bigInt(-WAD / 5n, WAD / 5n),
    near: fc.boolean(),
    anywhere: even.map((part) => 2 * part - 1),
  })
  .map(({ near, anywhere, ...given }) => {
    const width = (Number(given.volatility) / 1e18) * Math.sqrt(Number(given.time) / 1e18);
    const distance = near ? 9 * anywhere ** 3 * width : anywhere * Math.log(20);
    const moneyness = BigInt(Math.round(Math.exp(distance) * 1e15)) * 1_000n;
    const strike = (given.forward * moneyness) / WAD;
    return { ...given, strike: max(given.forward / 20n + 1n, min(20n * given.forward, strike)) };
  });

export function valuesOf({ forward, strike, logMoneyness, totalVolatility }: Option): [bigint, bigint, bigint, bigint] {
  return [forward, strike, logMoneyness, totalVolatility];
}
