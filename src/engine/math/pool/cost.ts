import { divUp, max, min, WAD } from "../../types/fixedPoint.ts";

/** What the account of the pool on one underlying keeps beside its positions. */
export interface PoolBook {
  readonly charged: bigint; // Q: what its open inventory has been charged, WAD
  readonly capital: bigint; // C when last touched, WAD
  readonly time: bigint; // of that touch, unix seconds
}

/** What moving the inventory costs a taker beside the half spread. */
export interface Move {
  readonly cost: bigint; // WAD; negative: a rebate
  readonly charged: bigint; // Q after it
}

/** Seconds in which a capital of nothing would grow to all that is there. */
export const CAPITAL_TIME = 86_400n;

/**
 * Φ = a·IM²/(2·C), WAD, rounded down.
 * @param steepness a, 18 decimals
 * @param capital positive, WAD
 * @example costDown(100n * WAD, 1_000n * WAD, WAD / 10n) // WAD / 2n
 */
export function costDown(margin: bigint, capital: bigint, steepness: bigint): bigint {
  return (steepness * margin * margin) / (2n * capital * WAD);
}

/**
 * C: what quotes are measured by. It falls at once with what the account is worth without Q, and rises with time alone, so that no deposit and no `rebalance`
 * makes what follows it cheaper. Trades at one state leave it as it is: they change equity and Q by the same.
 * @param equity WAD
 */
export function capitalAt(book: PoolBook, equity: bigint, now: bigint): bigint {
  const free = equity - book.charged;
  if (free <= 0n) return free;
  return min(free, max(book.capital, 0n) + (free * (now - book.time)) / CAPITAL_TIME);
}

/** Q that may be paid back: never more than Φ, or who raises and lowers between two states is paid what others were charged. */
export function backedDown(charged: bigint, margin: bigint, capital: bigint, steepness: bigint): bigint {
  return capital <= 0n ? charged : min(charged, costDown(margin, capital, steepness));
}

/**
 * What a trade pays that takes the margin of the inventory from `before` to `after`: Φ₁ − Φ₀, or of what lowers it min(Φ₀ − Φ₁, Q·(1 − Φ₁/Φ₀)); rounded
 * against the taker. Without capital nothing is paid back, and what raises is refused by who asks.
 * @param charged Q before, WAD
 * @param capital C, WAD
 * @example moved(0n, 0n, 100n * WAD, 1_000n * WAD, WAD / 10n) // { cost: WAD / 2n, charged: WAD / 2n }
 */
export function moved(charged: bigint, before: bigint, after: bigint, capital: bigint, steepness: bigint): Move {
  const backed = backedDown(charged, before, capital, steepness);
  const squares = after * after - before * before;
  if (capital <= 0n || squares === 0n) return { cost: 0n, charged: backed };
  const divisor = 2n * capital * WAD;
  if (squares > 0n) {
    const cost = divUp(steepness * squares, divisor);
    return { cost, charged: backed + cost };
  }
  const rebate = min((steepness * -squares) / divisor, (backed * -squares) / (before * before));
  return { cost: -rebate, charged: backed - rebate };
}
