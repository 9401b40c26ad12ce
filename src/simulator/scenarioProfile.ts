import { Draft } from "../engine/ledger/draft.ts";
import { assess, termsAt } from "../engine/margin/margin.ts";
import { liveMargin } from "../engine/margin/options/liveMargin.ts";
import { portfolioOf } from "../engine/margin/portfolios.ts";
import { scenarioValuesDown } from "../engine/math/options/optionStress.ts";
import { moveOf } from "../engine/math/stress.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { SeriesHolding } from "../engine/types/holding.ts";
import type { AccountId, State } from "../engine/types/types.ts";
import { LANES } from "../engine/words/riskWord.ts";
import type { ProfileMoment } from "../report/runRecord.ts";
import { toNumber } from "../sdk/amounts.ts";

/**
 * What an account would gain or lose in each scenario now, beside its margin; undefined where it holds nothing in series that have not settled.
 * @param time of the post, unix seconds
 */
export function profileOf(state: State, id: AccountId, underlying: number, time: number): ProfileMoment | undefined {
  const portfolio = portfolioOf(new Draft(state), id);
  const holding = portfolio.holdings?.get(BigInt(underlying));
  if (holding === undefined || holding.series.length === 0) return undefined;
  const terms = termsAt(state.margin, state.now);
  const { equity, margin } = assess(portfolio, terms, false);
  const { scan, shortOptionMinimum } = liveMargin(holding, terms);
  const line = toNumber(holding.lots * holding.price + holding.collateral);
  const range = toNumber(holding.heldRange);
  const dated = holding.series.map(valuesOf);
  const values = Array.from({ length: LANES }, (_, k) => {
    const move = Number(moveOf(BigInt(k))) / 30;
    return line * (1 + range * move) + dated.reduce((sum, each) => sum + (each[k] ?? 0), 0);
  });
  const profits = values.map((value) => value - (values[0] ?? 0));
  return {
    time,
    price: toNumber(holding.price) * 10 ** Number(state.underlyings[underlying]?.lotExponent ?? 0n),
    range,
    profits,
    decides: shortOptionMinimum > scan ? undefined : profits.indexOf(Math.min(...profits)),
    equity: toNumber(equity),
    initialMargin: toNumber(margin),
    maintenanceMargin: toNumber((margin * terms.maintenance) / WAD),
  };
}

/** What all of a series is worth at the mark and in each scenario. */
function valuesOf({ forward, heldRange: range, options, futures, varianceTime }: SeriesHolding): number[] {
  const each = options.map(({ isCall, strike, volatility, lots }) =>
    scenarioValuesDown(isCall, strike, volatility, { forward, range }, varianceTime).map((value) => toNumber(value * lots)),
  );
  const future = (k: number): number => toNumber(futures * forward) * (1 + (toNumber(range) * Number(moveOf(BigInt(k)))) / 30);
  return Array.from({ length: LANES }, (_, k) => future(k) + each.reduce((sum, values) => sum + (values[k] ?? 0), 0));
}
