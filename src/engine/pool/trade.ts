import { executeOn } from "../actions/execute.ts";
import type { Fill } from "../actions/trading.ts";
import { Draft, type EngineEvent } from "../ledger/draft.ts";
import { revert } from "../types/errors.ts";
import { abs, sum } from "../types/fixedPoint.ts";
import type { AccountId, Address } from "../types/types.ts";
import type { Leg } from "./figures.ts";
import { type PoolOutcome, poolAccountOf, type World, withBook } from "./pool.ts";
import { type Quote, quote } from "./quote.ts";

/** What a taker asks of the pool. */
export interface PoolOrder {
  readonly legs: readonly Leg[];
  readonly limit?: bigint; // the most that it may pay beyond the marks, WAD; negative: the least that it is paid
  readonly committed?: bigint; // unix seconds; absent: at once
}

/**
 * A trade of an account with the pool, all legs or none. At once the account is the taker; of a committed order the pool is, and the account is judged as a
 * maker that consents to the pool's module.
 * @param actor who trades at once; of a committed order nobody is asked
 * @throws Reverted `PoolLimitPassed`, what {@link quote} refuses, and `FillRefused` with what the vault refuses the fills for
 * @example poolTrade(world, ALICE, alice, { legs: [{ instrument: 0n, lots: 10n }] }).quoted.cost
 */
export function poolTrade(
  world: World,
  actor: Address,
  account: AccountId,
  order: PoolOrder,
): PoolOutcome & { readonly quoted: Quote; readonly events: readonly EngineEvent[] } {
  const { pool } = world;
  const draft = new Draft(world.vault);
  const { legs, limit, committed } = order;
  let quoted: Quote | undefined;
  const propose = (within: Draft): readonly Fill[] => {
    quoted = quote(within, pool, legs, committed);
    if (limit !== undefined && quoted.beyond > limit) revert("PoolLimitPassed", quoted.beyond, limit);
    const { fills } = quoted;
    return committed === undefined ? fills : fills.map((fill) => ({ ...fill, maker: account, lots: -fill.lots }));
  };
  if (legs.length === 0) revert("NothingToDo");
  const pools = poolAccountOf(pool, Number(legs[0]!.instrument & 0xffn));
  const [by, taker] = committed === undefined ? [actor, account] : [pool.owner, pools];
  const minimumLots = sum(legs.map(({ lots }) => abs(lots)));
  executeOn(draft, by, [{ kind: "Trade", account: taker, module: pool.module, data: "0x", minimumLots }], { propose });
  if (quoted === undefined) revert("NothingToDo");
  return { vault: draft.finish(), pool: withBook(pool, quoted.underlying, quoted.book), events: draft.events, quoted };
}
