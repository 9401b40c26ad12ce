import { Draft } from "../ledger/draft.ts";
import { marketOf, moveIn } from "../ledger/market.ts";
import { assess, assessLive, staleWords, termsAt } from "../margin/margin.ts";
import { portfolioOf } from "../margin/portfolios.ts";
import type { AccountId, Assessment, Portfolio } from "../types/types.ts";

/** A leg of a trade with the pool. */
export interface Leg {
  readonly instrument: bigint; // named, as of a fill
  readonly lots: bigint; // received by the taker
}

/** An account of the pool before and after a trade, as trades measure it. */
export interface TradeFigures {
  readonly equity: bigint; // E, WAD
  readonly before: bigint; // IM, WAD
  readonly after: bigint;
  readonly byWords: boolean; // false where words are stale: nothing that raises is measured so
}

/**
 * The vault's own figures, and those if the account had given the legs at the mark. Without series at the held range, which follows its target slowly: what is
 * paid back at one range and charged at a narrower one an hour later would be a gain. With series as trades are judged, by words; where those of a series that
 * is held before or after are stale, both are priced live.
 */
export function figuresOf(draft: Draft, account: AccountId, legs: readonly Leg[]): TradeFigures {
  const trial = new Draft(draft.finish());
  for (const { instrument, lots } of legs) {
    const market = marketOf(trial, instrument);
    moveIn(trial, market, account, -lots, market.mark, 0n);
  }
  const [is, will] = [portfolioOf(draft, account), portfolioOf(trial, account)];
  const byWords = staleWords(is) === undefined && staleWords(will) === undefined;
  const { equity, margin } = measured(draft, is, byWords);
  return { equity, before: margin, after: measured(draft, will, byWords).margin, byWords };
}

/** As `figuresOf` of no trade. */
export function presentFigures(draft: Draft, account: AccountId): Assessment {
  const portfolio = portfolioOf(draft, account);
  return measured(draft, portfolio, staleWords(portfolio) === undefined);
}

function measured(draft: Draft, portfolio: Portfolio, byWords: boolean): Assessment {
  const terms = termsAt(draft.base.margin, draft.now);
  return portfolio.holdings !== undefined && byWords ? assess(portfolio, terms, true) : assessLive(portfolio, terms, false);
}
