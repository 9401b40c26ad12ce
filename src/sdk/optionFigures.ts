import { strikesOf } from "../engine/actions/series.ts";
import { seriesMarkDown } from "../engine/ledger/market.ts";
import { type SeriesNow, seriesNow, sliceNow } from "../engine/ledger/options/seriesState.ts";
import { logMoneynessOf, rootOf, totalVolatilityOf, undiscounted } from "../engine/math/options/black76.ts";
import { impliedDown } from "../engine/math/options/svi.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { Instrument } from "../engine/types/instrument.ts";
import type { Series, Underlying } from "../engine/types/types.ts";
import { toNumber } from "./amounts.ts";

/** What a lot of an option is worth now and how it moves. */
export type OptionFigures = {
  /** Of a lot, WAD. */
  readonly mark: bigint;
  /** A year, 18 decimals. */
  readonly volatility: bigint;
  /** By how much the mark moves with the forward, at the same volatility: 0 to 1 for a call, −1 to 0 for a put. */
  readonly delta: number;
  /** By how much the delta moves with the forward of a lot. */
  readonly gamma: number;
  /** By how much the mark of a lot moves with a volatility one percentage point higher. */
  readonly vega: number;
  /** By how much the mark of a lot moves in a day. */
  readonly theta: number;
};

const NUDGE = 10_000n; // parts of the forward
const WIDE = 500n; // parts of the forward, for a second difference
const POINT = WAD / 100n;
const DAY = 86_400n * WAD;

/**
 * The figures of an option, as the engine prices it at the slice that holds now.
 * @throws RangeError when the series has no such strike
 */
export function optionFigures(live: SeriesNow, instrument: Instrument): OptionFigures {
  const { forward, varianceTime } = live;
  const strike = strikesOf(live.series.word)[Number(instrument.index)];
  if (strike === undefined) throw new RangeError(`no strike ${instrument.index}`);
  const { slice, span } = sliceNow(live);
  const volatility = impliedDown(slice, -logMoneynessOf(forward, strike), span);
  const callAt = (price: bigint, each = volatility, time = varianceTime): bigint =>
    undiscounted(price, strike, logMoneynessOf(price, strike), totalVolatilityOf(each, rootOf(time))).call;
  const slope = (step: bigint): bigint => ((callAt(forward + step) - callAt(forward - step)) * WAD) / (2n * step);
  const call = toNumber(slope(forward / NUDGE));
  const wide = forward / WIDE;
  const bend = callAt(forward + wide) - 2n * callAt(forward) + callAt(forward - wide);
  const less = varianceTime > DAY ? DAY : varianceTime;
  return {
    mark: seriesMarkDown(live, instrument),
    volatility,
    delta: instrument.isCall ? call : call - 1,
    gamma: toNumber(bend) / toNumber(wide) ** 2,
    vega: toNumber(callAt(forward, volatility + POINT) - callAt(forward)),
    theta: toNumber(callAt(forward, volatility, varianceTime - less) - callAt(forward)),
  };
}

/** Implied volatility at the forward, a year, 18 decimals; undefined without a slice. */
export function atTheMoney(underlying: Underlying, series: Series, now: bigint): bigint | undefined {
  const live = seriesNow(underlying, series, now);
  if (series.surface.published === 0n || live.settled) return undefined;
  const { slice, span } = sliceNow(live);
  return impliedDown(slice, 0n, span);
}
