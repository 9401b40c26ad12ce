import { Draft } from "../ledger/draft.ts";
import { marketOf, moveIn } from "../ledger/market.ts";
import { assess, assessLive, staleWords, termsAt } from "../margin/margin.ts";
import { portfolioOf } from "../margin/portfolios.ts";
import type { AccountId } from "../types/types.ts";

/** A leg of a trade with the pool. */
export interface Leg {
  readonly instrument: bigint; // named, as of a fill
  readonly lots: bigint; // received by the taker
}

/** An account of the pool as trades measure it. */
export interface PoolFigures {
  readonly equity: bigint; // E, WAD
  readonly margin: bigint; // IM, WAD
  readonly byWords: boolean; // false where words are stale: nothing that raises is measured so
}

/**
 * The vault's own figures. Without series at the held range, which follows its target slowly: what is paid back at one range and charged at a narrower one
 * an hour later would be a gain. With series as trades are judged, by words; where those are stale, priced live.
 */
export function figuresOf(draft: Draft, account: AccountId): PoolFigures {
  const portfolio = portfolioOf(draft, account);
  const terms = termsAt(draft.base.margin, draft.now);
  const byWords = staleWords(portfolio) === undefined;
  const opening = portfolio.holdings !== undefined && byWords;
  const { equity, margin } = opening ? assess(portfolio, terms, true) : assessLive(portfolio, terms, false);
  return { equity, margin, byWords };
}

/** The figures if the account had given the legs at the mark. */
export function figuresAfter(draft: Draft, account: AccountId, legs: readonly Leg[]): PoolFigures {
  const trial = new Draft(draft.finish());
  for (const { instrument, lots } of legs) {
    const market = marketOf(trial, instrument);
    moveIn(trial, market, account, -lots, market.mark, 0n);
  }
  return figuresOf(trial, account);
}
