import { declareExchange } from "../engine/actions/exchange.ts";
import { topUpFund } from "../engine/actions/fund.ts";
import { Reverted } from "../engine/types/errors.ts";
import type { State } from "../engine/types/types.ts";
import { figuresOf } from "../sdk/standing.ts";
import { attempt, type Task, type UpkeepPlan } from "./upkeep.ts";

/** Part of the margin of a fund account that may be missing before the stake is asked for it: prices move all the time. */
const MISSING = 10n;

/**
 * What keeps the fund and the exchange of collateral going: accounts of the fund that lack a tenth of their margin are topped up out of the main stake, as far as
 * it has something for them; the clock of an account that owes settlement tokens is started, and stopped for one that does not any more. Pure.
 */
export function planFund(state: State): UpkeepPlan {
  const tasks: Task[] = [];
  let after = state;
  for (const underlying of state.underlyings.keys()) {
    const account = (BigInt(state.fund) << 96n) + BigInt(underlying) + 1n;
    if (!state.accounts.has(account)) continue;
    const { equity, margin } = figuresOf(state, account, false);
    if ((margin - equity) * MISSING < margin || margin === 0n) continue;
    const outcome = attempt(() => topUpFund(after, underlying));
    if (outcome instanceof Reverted || cashOf(outcome.state, account) === cashOf(after, account)) continue;
    tasks.push({ kind: "topUp", underlying });
    after = outcome.state;
  }
  for (const { id, collateral, exchangeSince } of state.accounts.values()) {
    // who has nothing to be bought owes nobody, whatever its cash
    if (collateral.size === 0 && exchangeSince === 0n) continue;
    const outcome = attempt(() => declareExchange(after, id));
    if (outcome instanceof Reverted) continue;
    const [token] = collateral.keys();
    tasks.push({ kind: "declare", account: id, underlying: Number(state.collaterals[token ?? 0]?.underlying ?? 0) });
    after = outcome.state;
  }
  return { tasks, refused: [], state: after };
}

function cashOf({ accounts }: State, account: bigint): bigint {
  return accounts.get(account)?.cash ?? 0n;
}
