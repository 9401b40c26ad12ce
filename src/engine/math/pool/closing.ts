import { abs, divUp, floorDivide, max, min, WAD } from "../../types/fixedPoint.ts";

/** An account that may be closed against one that falls short, as its own worst scenario finds it. */
export interface Winner {
  readonly equity: bigint; // E, WAD
  readonly scan: bigint; // what the whole account loses in that scenario, WAD
  readonly matched: bigint; // of it, what the positions lose that lie opposite to the shortage, WAD
  readonly conceded: bigint; // what closing all of those at the prices of bankruptcy takes below the mark, WAD
}

/**
 * Leverage: scan / E, 18 decimals, rounded down; how far an account is from being closed is this beside the water-line. Without equity it is as high as can be.
 * @example leverageDown({ scan: 50n, equity: 100n }) // WAD / 2n
 */
export function leverageDown({ scan, equity }: Pick<Winner, "scan" | "equity">): bigint {
  return equity <= 0n ? 2n ** 128n : (scan * WAD) / equity;
}

/**
 * The part of its opposite positions that brings an account down to the water-line and not below it: g = (scan − λ·E) / (matched − λ·conceded), 18 decimals,
 * rounded down, at most one. The scan of what is left is at least what the same scenario says of it, so that it never ends below the line; nothing where it
 * is not above the line, or where what lies opposite hedges it.
 * @param level λ, 18 decimals
 * @example partDownTo({ equity: 100n, scan: 100n, matched: 100n, conceded: 0n }, WAD / 2n) // WAD / 2n
 */
export function partDownTo({ equity, scan, matched, conceded }: Winner, level: bigint): bigint {
  const above = scan * WAD - level * equity;
  const slope = matched * WAD - level * conceded;
  if (equity <= 0n || above <= 0n || slope <= 0n) return 0n;
  return min((above * WAD) / slope, WAD);
}

/**
 * Whether health does not fall: what closing concedes is at most the equity that belongs to the margin it frees, E·(IM − IM′)/IM.
 * @param margin IM before, WAD
 * @param left IM′ after, WAD
 */
export function keepsHealth(equity: bigint, conceded: bigint, margin: bigint, left: bigint): boolean {
  return left <= margin && (margin === 0n ? conceded <= 0n : (equity - conceded) * margin >= equity * left);
}

/** The lots that a part of a position comes to, rounded up, for less than a lot would be left for ever; no more than are still short. */
export function lotsOfPart(lots: bigint, part: bigint, short: bigint): bigint {
  const size = min(divUp(abs(lots) * part, WAD), abs(short));
  return lots < 0n ? -size : size;
}

/**
 * The part of everything that an account worth V ≥ 0 has to give up at the marks until its margin is covered: 1 − E/IM, 18 decimals, rounded up; all with V < 0.
 * @example shortPartUp(10n, 30n, 40n) // WAD / 4n
 */
export function shortPartUp(value: bigint, equity: bigint, margin: bigint): bigint {
  if (value < 0n) return WAD;
  return margin <= 0n || equity >= margin ? 0n : min(divUp((margin - max(equity, 0n)) * WAD, margin), WAD);
}

/** What a caller is paid for closing lots, WAD: a part of their notional, within what the epoch still allows. */
export function callerPaidDown(notional: bigint, part: bigint, allowed: bigint): bigint {
  return max(min(floorDivide(notional * part, WAD), allowed), 0n);
}
