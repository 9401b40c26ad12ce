import { AccountMap } from "../../engine/types/accountMap.ts";
import type { AccountId } from "../../engine/types/types.ts";

/** What happened in a path; amounts in settlement tokens. Agents write what they did. */
export class Journal {
  readonly liquidated = new AccountMap<true>();
  sales = 0;
  wholeSales = 0;
  /** Of positions, at the mark. */
  liquidatedNotional = 0;
  keeperReward = 0;
  keeperGasCost = 0;
  /** Gas that keepers used, and what of it found nothing to sell. */
  gas = 0;
  inVain = 0;
  lost = 0;
  leftOut = 0;
  /** Accounts that keepers left below the line because they would not pay, or their budget was at an end: once for each time they looked. */
  passedBy = 0;
  topUps = 0;
  deleveraged = 0;
  /** What makers took over from the fund and from traders, what they hedged of it, and what that cost them beyond the mark. */
  shed = 0;
  hedged = 0;
  slippage = 0;
  refusedTrades = 0;
  backersCooling = 0;
  withdrawn = 0;
  attackerProfit = 0;

  sold(account: AccountId, notional: number, isWhole: boolean): void {
    this.liquidated.set(account, true);
    this.liquidatedNotional += notional;
    this.sales++;
    if (isWhole) this.wholeSales++;
  }
}
