import { timeOf } from "../../ledger/options/seriesHolding.ts";
import { rootOf } from "../../math/options/black76.ts";
import { forwardAt, rowOf, type VolatilityRow } from "../../math/options/optionStress.ts";
import type { SeriesBook } from "../../math/options/riskArray.ts";
import { LEAST_VOLATILITY, shockFactor } from "../../math/options/volatilityShock.ts";
import { ceilDivide, divUp, max, WAD } from "../../types/fixedPoint.ts";
import type { SeriesHolding } from "../../types/holding.ts";
import { LANES } from "../../words/riskWord.ts";

const DAY = 86_400n;

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
export function vegaBoundsUp({ longs, shorts }: SeriesBook, series: SeriesHolding, range: bigint): bigint[] {
  const drifts = driftsOf(series);
  const changes = Array.from({ length: LANES }, (_, k) => {
    const { volatility, fall, rise } = drifts[rowOf(BigInt(k))];
    const forward = forwardAt(series.forward, range, BigInt(k));
    return divUp(2n * forward * volatility * (fall * longs.lots + rise * shorts.lots), 5n * WAD * WAD);
  });
  return changes.map((change, k) => (k < 15 ? change : divUp(65n * changes[0]! + 35n * change, 100n)));
}
