import { executeOn } from "../actions/execute.ts";
import { Draft } from "../ledger/draft.ts";
import { revert } from "../types/errors.ts";
import { abs, sum } from "../types/fixedPoint.ts";
import type { AccountId, Address } from "../types/types.ts";
import type { Leg } from "./figures.ts";
import { type PoolOutcome, type World, withBook } from "./pool.ts";
import { type Quote, quote } from "./quote.ts";

/** What a taker asks of the pool. */
export interface PoolOrder {
  readonly legs: readonly Leg[];
  readonly limit?: bigint; // the most that it may pay beyond the marks, WAD; negative: the least that it is paid
  readonly committed?: bigint; // unix seconds
}

/**
 * A trade of a taker with the pool, all legs or none.
 * @throws Reverted `PoolLimitPassed`, what {@link quote} refuses, and what the vault skips the fills for
 * @example poolTrade(world, ALICE, alice, { legs: [{ instrument: 0n, lots: 10n }] }).quoted.cost
 */
export function poolTrade(world: World, actor: Address, taker: AccountId, order: PoolOrder): PoolOutcome & { readonly quoted: Quote } {
  const { pool } = world;
  const draft = new Draft(world.vault);
  let quoted: Quote | undefined;
  const propose = (within: Draft) => {
    quoted = quote(within, pool, order.legs, order.committed);
    if (order.limit !== undefined && quoted.beyond > order.limit) revert("PoolLimitPassed", quoted.beyond, order.limit);
    return quoted.fills;
  };
  const minimumLots = sum(order.legs.map(({ lots }) => abs(lots)));
  const action = { kind: "Trade", account: taker, module: pool.module, data: "0x", minimumLots } as const;
  executeOn(draft, actor, [action], { propose });
  if (quoted === undefined) revert("NothingToDo");
  return { vault: draft.finish(), pool: withBook(pool, quoted.underlying, quoted.book), events: draft.events, quoted };
}
