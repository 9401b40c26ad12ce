import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import type { AccountId, State } from "../../src/engine/types/types.ts";
import { alice, BOB, bob, CAROL, carol, deposit, emptyState, FUND, trade } from "./state.ts";

/** The fund's account of the first underlying. */
export const fund = accountIdOf(FUND, 1n);
/** What it holds. */
export const LOTS = 1_000_000n;

/** The fund's account is long; bob and carol are short, bob at four times the leverage of carol. The stake has nothing to give. */
export function short(cash: bigint): State {
  let state = emptyState({}, 0n);
  state = deposit(state, BOB, bob, 1_300n * WAD);
  state = deposit(state, CAROL, carol, 5_200n * WAD);
  state = deposit(state, FUND, accountIdOf(FUND), 5_000n * WAD);
  for (const winner of [bob, carol]) state = held(state, winner, LOTS / 2n);
  const account = state.accounts.get(fund)!;
  // what it has left
  const accounts = new Map(state.accounts).set(fund, { ...account, cash: account.cash + cash });
  const underlyings = state.underlyings.map((each) => ({ ...each, fund: { ...each.fund, inventorySince: state.now } }));
  return { ...state, accounts, underlyings, settlement: state.settlement + cash, fundParameters: { ...state.fundParameters, topUp: 0n } };
}

/** The fund's account takes lots of a winner, at the mark: first somebody's, then its own. */
export function held(state: State, winner: AccountId, lots: bigint): State {
  const rich = deposit(state, `0x${"a1".repeat(20)}`, alice, 10_000n * WAD);
  const traded = trade(rich, winner, alice, -lots);
  const from = traded.accounts.get(alice)!;
  const to = traded.accounts.get(fund);
  const before = to?.positions.get(0);
  const own = from.positions.get(0)!;
  const joined = {
    lots: own.lots + (before?.lots ?? 0n),
    entryCost: own.entryCost + (before?.entryCost ?? 0n),
    fundingIndex: own.fundingIndex,
  };
  const paid = own.lots * traded.underlyings[0]!.price;
  const positions = new Map(from.positions);
  positions.delete(0);
  const accounts = new Map(traded.accounts)
    .set(alice, { ...from, positions, cash: from.cash + paid })
    .set(fund, { ...from, id: fund, cash: (to?.cash ?? 0n) - paid, positions: new Map([[0, joined]]) });
  return { ...traded, accounts };
}
