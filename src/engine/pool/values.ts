import type { Draft } from "../ledger/draft.ts";
import { assess, staleWords, termsAt } from "../margin/margin.ts";
import { portfolioOf, settledCash, unrealisedGain } from "../margin/portfolios.ts";
import { divUp, fromPpm, max, min, PPM, partDown, partUp, sum } from "../types/fixedPoint.ts";
import { NORMAL, type Portfolio } from "../types/types.ts";
import { bookOf, mostCharged, type Pool, type PoolParameters, poolAccountOf, reserveOf } from "./pool.ts";

/** What one account of the pool is worth, WAD. */
export interface AccountValues {
  readonly equity: bigint; // E, priced live at the held range
  readonly margin: bigint; // IM
  readonly free: bigint; // E − Q
  readonly upper: bigint;
  readonly lower: bigint;
  readonly holds: boolean;
  readonly loose: bigint; // what may leave it
}

/** What the pool is worth, WAD. */
export interface PoolValues {
  readonly reserve: bigint;
  readonly accounts: readonly AccountValues[];
  readonly upper: bigint; // what a deposit pays for all shares
  readonly lower: bigint; // what a redemption is paid
}

/** The underlyings that the pool may trade. */
export function underlyingsOf({ parameters }: Pool): number[] {
  return parameters.weights.map((_, underlying) => underlying);
}

/**
 * Both net asset values. From E − Q, which trades at one state only raise, the lower goes down and the upper up by what a price may hide, a part of IM; the
 * upper also by the most that Q may be, so that no trade makes entry cheaper. An account below zero is nothing: its owner owes nothing more.
 */
export function valuesOf(draft: Draft, pool: Pool): PoolValues {
  const reserve = max(draft.account(reserveOf(pool)).cash, 0n);
  const accounts = underlyingsOf(pool).map((underlying) => accountValues(draft, pool, underlying));
  return {
    reserve,
    accounts,
    upper: reserve + sum(accounts.map(({ upper }) => upper)),
    lower: reserve + sum(accounts.map(({ lower }) => lower)),
  };
}

export function accountValues(draft: Draft, pool: Pool, underlying: number): AccountValues {
  const portfolio = portfolioOf(draft, poolAccountOf(pool, underlying));
  const { equity, margin } = assess(portfolio, termsAt(draft.base.margin, draft.now), false);
  const { charged } = bookOf(pool, underlying);
  const free = equity - charged;
  const hidden = partUp(margin, fromPpm(pool.parameters.valuePart));
  return {
    equity,
    margin,
    free,
    upper: max(free + max(charged, mostCharged(free, pool.parameters)) + hidden, 0n),
    lower: max(free - hidden, 0n),
    holds: portfolio.books.length !== 0,
    loose: looseDown(draft, portfolio, free, margin, pool.parameters),
  };
}

/**
 * What may leave an account, WAD: what stays has Q and a margin behind it, that at the wider range too, and the vault lets it go. Nothing while words are stale.
 */
function looseDown(draft: Draft, portfolio: Portfolio, free: bigint, margin: bigint, { exitMargin }: PoolParameters): bigint {
  if (portfolio.books.length === 0) return max(min(free, portfolio.cash), 0n);
  if (staleWords(portfolio) !== undefined) return 0n;
  const { margin: wider } = assess(portfolio, termsAt(draft.base.margin, draft.now), true);
  const kept = divUp(max(margin, wider) * PPM, exitMargin);
  const locked = partUp(unrealisedGain(portfolio), fromPpm(draft.base.margin.gainLock));
  return max(min(min(free - kept, portfolio.cash), settledCash(portfolio) - locked), 0n);
}

/** Whether every account that holds something has a good price, published after `since`. */
export function isPriced(draft: Draft, pool: Pool, { accounts }: PoolValues, since = 0n): boolean {
  return underlyingsOf(pool).every((underlying, i) => {
    if (!accounts[i]!.holds) return true;
    const { priceState, priceTime } = draft.underlying(underlying);
    return priceState === NORMAL && draft.now - priceTime <= draft.base.margin.liquidationAge && priceTime > since;
  });
}

/** A part of an amount by weight, ppm, rounded down. */
export function weighted(amount: bigint, ppm: bigint): bigint {
  return partDown(amount, fromPpm(ppm));
}
