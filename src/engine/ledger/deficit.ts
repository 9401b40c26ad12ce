import { revert, toUnsigned } from "../types/errors.ts";
import { min } from "../types/fixedPoint.ts";
import type { AccountId } from "../types/types.ts";
import type { Draft } from "./draft.ts";
import { credit } from "./ledger.ts";

/** Tokens came in, WAD. */
export function deposited(draft: Draft, amount: bigint): void {
  draft.settlement = toUnsigned(128, draft.settlement + amount);
}

/**
 * What is paid for a withdrawal while a deficit or a shortfall is outstanding.
 * @param debited WAD
 * @param scale WAD of the smallest unit of the settlement token; payments are multiples of it
 * @param settlement tokens of the ledger, WAD
 * @param owed deficit and shortfall, WAD
 * @returns paid: φ · debited rounded down to a multiple of `scale`; lowered: by how much both fall together; dust: the rest, the fund's
 * @throws Reverted `WithdrawalTooLarge`
 * @example payout(100n, 1n, 900n, 100n) // { paid: 90n, lowered: 10n, dust: 0n }
 */
export function payout(debited: bigint, scale: bigint, settlement: bigint, owed: bigint): { paid: bigint; lowered: bigint; dust: bigint } {
  let paid = debited;
  if (owed !== 0n) {
    paid = (debited * settlement) / (settlement + owed);
    paid -= paid % scale;
  }
  if (paid > settlement) revert("WithdrawalTooLarge", debited, settlement);
  const lowered = min(debited - paid, owed);
  return { paid, lowered, dust: debited - paid - lowered };
}

/** Value was lost for good, WAD. */
export function addDeficit(draft: Draft, account: AccountId, amount: bigint): void {
  draft.deficit = toUnsigned(127, draft.deficit + amount);
  draft.emit("DeficitAdded", { account, amount });
}

/** Credits income of the fund, not negative, to its main account after the deficit took its part, WAD. */
export function fundIncome(draft: Draft, account: AccountId, amount: bigint): void {
  const refill = min(amount, draft.deficit);
  if (refill !== 0n) {
    draft.deficit -= refill;
    draft.emit("DeficitRefilled", { amount: refill });
  }
  credit(draft, account, amount - refill);
}
