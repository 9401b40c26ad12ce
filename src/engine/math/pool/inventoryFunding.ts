import { max, min, PPM } from "../../types/fixedPoint.ts";
import { FUNDING_PERIOD } from "../funding.ts";

/** Between two touches of the rate, seconds. */
export const RATE_INTERVAL = 3_600n;

/** How funding follows the inventory of the pool. */
export interface InventoryFunding {
  readonly rateMost: bigint; // ppb over eight hours
  readonly reach: bigint; // θ: the inventory at which the rate is largest, ppm of the cap of the open interest
}

/**
 * The rate that longs pay shorts, ppb over eight hours, rounded toward zero: what the pool is short of, the others are long. Of state alone: no clock, nothing
 * stored, no open interest, which who trades with oneself moves.
 * @param inventory lots of the perpetual that the pool holds, signed
 * @param cap of the open interest, lots
 * @example inventoryRate(-25n, 100n, { rateMost: 1_600_000n, reach: 500_000n }) // 800_000n
 */
export function inventoryRate(inventory: bigint, cap: bigint, { rateMost, reach }: InventoryFunding): bigint {
  const full = cap * reach;
  if (full === 0n) return 0n;
  return max(-rateMost, min(rateMost, (-inventory * PPM * rateMost) / full));
}

/**
 * Whether nobody gains by moving the inventory for the sake of the rate: rate_max·τ/θ ≤ 2 × narrow half spread. Moving it by x of the cap and back costs that
 * spread twice on x; it moves the rate by rate_max·x/θ, for τ, on at most one cap.
 * @param narrow half spread, ppm
 */
export function ratePaysNobody({ rateMost, reach }: InventoryFunding, narrow: bigint): boolean {
  // ppb·s/(ppm·s) against ppm: both sides in ppb·ppm·s
  return rateMost * RATE_INTERVAL * PPM <= 2n * narrow * 1_000n * reach * FUNDING_PERIOD;
}
