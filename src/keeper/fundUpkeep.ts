import { deleverage, deleveragingLeverage } from "../engine/actions/deleverage.ts";
import { declareExchange } from "../engine/actions/exchange.ts";
import { topUpFund } from "../engine/actions/fund.ts";
import type { Outcome } from "../engine/ledger/draft.ts";
import { FORGOTTEN_AFTER, waterLineNow } from "../engine/margin/waterLines.ts";
import { accountIdOf, ownerOf } from "../engine/types/accountId.ts";
import { Reverted } from "../engine/types/errors.ts";
import type { Account, AccountId, Address, State } from "../engine/types/types.ts";
import { figuresOf } from "../sdk/standing.ts";
import { inBatches } from "./plan.ts";
import { attempt, type Task, type UpkeepPlan } from "./upkeep.ts";

/** Part of the margin of a fund account that may be missing before the stake is asked for it: prices move all the time. */
const MISSING = 10n;

/** Accounts that are closed in one transaction: with many options one takes up to 630,000 gas, and a transaction 16.8 million. */
const CLOSED_AT_ONCE = 20;

/**
 * What keeps the fund and the exchange of collateral going: accounts of the fund that lack a tenth of their margin are topped up out of the main stake, as far as
 * it has something for them; where it has too little the water-line begins to fall, who is above it is deleveraged, and once nothing is lacking any more it is
 * cleared; the clock of an account that owes settlement tokens is started, and stopped for one that does not any more. Pure.
 * @param caller who sends it
 */
export function planFund(state: State, caller: Address): UpkeepPlan {
  const tasks: Task[] = [];
  let after = state;
  const add = (task: Task, outcome: Outcome): void => {
    tasks.push(task);
    after = outcome.state;
  };
  for (const underlying of state.underlyings.keys()) {
    const account = accountIdOf(state.fund, BigInt(underlying) + 1n);
    if (!state.accounts.has(account)) continue;
    const { equity, margin } = figuresOf(state, account, false);
    if (margin !== 0n && (margin - equity) * MISSING >= margin) {
      const outcome = attempt(() => topUpFund(after, underlying));
      if (!(outcome instanceof Reverted) && isWorthIt(after, outcome.state, underlying, account))
        add({ kind: "topUp", underlying }, outcome);
    }
    if (waterLineNow(after, underlying) === undefined) continue;
    const looked = attempt(() => deleverage(after, caller, underlying, []));
    // at these prices nobody is closed
    if (looked instanceof Reverted) continue;
    if (waterLineNow(looked.state, underlying) === undefined) {
      add({ kind: "deleverage", underlying, accounts: [] }, looked);
      continue;
    }
    const closing = firstClosed(after, caller, underlying, aboveTheLine(after, underlying, account));
    if (closing !== undefined) add({ kind: "deleverage", underlying, accounts: closing.accounts }, closing.outcome);
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

/**
 * Who is closed in the next transaction, of accounts by leverage. Those that cannot be closed are passed by, however many: who is worth nothing has the highest
 * leverage of all, and is there as long as nobody earns the gas of his sale.
 */
function firstClosed(state: State, caller: Address, underlying: number, above: readonly AccountId[]) {
  for (const several of inBatches(above, CLOSED_AT_ONCE)) {
    const outcome = attempt(() => deleverage(state, caller, underlying, several));
    if (outcome instanceof Reverted) continue;
    const closed = new Set(outcome.events.flatMap(({ name, values }) => (name === "Deleveraged" ? [values.account] : [])));
    if (closed.size !== 0) return { accounts: several.filter((id) => closed.has(id)), outcome };
  }
  return undefined;
}

function cashOf({ accounts }: State, account: AccountId): bigint {
  return accounts.get(account)?.cash ?? 0n;
}

/** Whether a top-up pays something, or looks at a shortage that nobody would have looked at for half a day: one is forgotten after a day. */
function isWorthIt(before: State, after: State, underlying: number, account: AccountId): boolean {
  if (cashOf(after, account) !== cashOf(before, account)) return true;
  const { waterLines, now } = before;
  return after.waterLines.has(underlying) && now - (waterLines.get(underlying)?.time ?? 0n) > FORGOTTEN_AFTER / 2n;
}

/** Accounts above the water-line that hold something opposite to the fund's, the highest leverage first; none where no line runs. */
function aboveTheLine(state: State, underlying: number, fund: AccountId): AccountId[] {
  const line = waterLineNow(state, underlying);
  if (line === undefined) return [];
  const held = sidesOf(state.accounts.get(fund), underlying);
  const isOpposite = (account: Account): boolean =>
    [...sidesOf(account, underlying)].some(([instrument, isLong]) => held.get(instrument) === !isLong);
  return [...state.accounts.values()]
    .filter((account) => ownerOf(account.id) !== state.fund && isOpposite(account))
    .map(({ id }) => ({ id, leverage: deleveragingLeverage(state, id) }))
    .filter(({ leverage }) => leverage > line.level)
    .sort((a, b) => (a.leverage === b.leverage ? (a.id < b.id ? -1 : 1) : a.leverage > b.leverage ? -1 : 1))
    .map(({ id }) => id);
}

/** By instrument of an underlying, whether it is held long; the perpetual is 0. */
function sidesOf(account: Account | undefined, underlying: number): ReadonlyMap<bigint, boolean> {
  const perpetual = account?.positions.get(underlying)?.lots ?? 0n;
  const series = account?.series.get(underlying) ?? [];
  return new Map([
    ...(perpetual === 0n ? [] : ([[0n, perpetual > 0n]] as const)),
    ...series.map(({ instrument, lots }) => [instrument, lots > 0n] as const),
  ]);
}
