import { revert } from "../types/errors.ts";
import { abs, WAD } from "../types/fixedPoint.ts";
import type { AccountId } from "../types/types.ts";
import type { Draft } from "./draft.ts";
import { moveCollateral, tokenValueDown } from "./ledger.ts";

/** The least size of every position and every collateral, WAD: a sale costs gas for each thing that it moves, and below it one would not bear the bounty. */
export function leastSize(draft: Draft): bigint {
  return draft.base.liquidation.smallestNotional * WAD;
}

/** Whether a position of `lots` is smaller than what is allowed, and that before, if there was one, was not. A lot counts at the price of the underlying. */
export function fallsBelowLeast(draft: Draft, before: bigint, lots: bigint, price: bigint): boolean {
  const least = leastSize(draft);
  return lots !== 0n && abs(lots) * price < least && (before === 0n || abs(before) * price >= least);
}

/**
 * Takes collateral from an account; the caller moves the other side. Refuses what leaves less of it than is allowed, and not nothing, unless it was less
 * before. Less than a unit of the token, which no withdrawal could take, counts as nothing.
 * @param unit of the token, WAD
 * @throws Reverted `CollateralTooSmall`
 */
export function takeCollateral(draft: Draft, account: AccountId, token: number, amount: bigint, unit: bigint): void {
  const before = draft.account(account).collateral.get(token) ?? 0n;
  moveCollateral(draft, account, token, amount, false);
  const left = before - amount;
  const listed = draft.collateral(token);
  const underlying = draft.underlying(Number(listed.underlying));
  const least = leastSize(draft);
  const value = tokenValueDown(listed, left, underlying);
  if (left >= unit && value < least && tokenValueDown(listed, before, underlying) >= least) {
    revert("CollateralTooSmall", account, BigInt(token), value, least);
  }
}
