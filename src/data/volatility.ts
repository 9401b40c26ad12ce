import { BadInput } from "../sdk/failure.ts";
import type { Bar } from "./bar.ts";

export type VolatilityUnit = "percent" | "fraction";

const WAD = 10n ** 18n;
/** Implied volatilities of what is traded lie far inside of 5 % and 500 %: half of them above or below decides. */
const LEAST = 0.05;
const BETWEEN = 5;
const MOST = 500;

/** Volatilities in percent, whichever way they were written: 0.6 and 60 are both 60 % a year. @throws BadInput when they are neither */
export function volatilityUnit(bars: readonly Bar[], name: string): { readonly bars: readonly Bar[]; readonly unit: VolatilityUnit } {
  const closes = bars.map(({ close }) => close).sort((a, b) => (a < b ? -1 : 1));
  const median = Number(closes[Math.floor(closes.length / 2)] ?? 0n) / Number(WAD);
  if (median < LEAST || median > MOST) {
    throw new BadInput(
      `${name}: half of its values are ${median < LEAST ? "below" : "above"} ${median}: no volatilities, neither in percent nor as fractions`,
    );
  }
  if (median >= BETWEEN) return { bars, unit: "percent" };
  const percent = (value: bigint): bigint => value * 100n;
  return {
    bars: bars.map(({ time, open, high, low, close }) => ({
      time,
      open: percent(open),
      high: percent(high),
      low: percent(low),
      close: percent(close),
    })),
    unit: "fraction",
  };
}
