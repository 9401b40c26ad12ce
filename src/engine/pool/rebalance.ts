import { executeOn } from "../actions/execute.ts";
import { Draft } from "../ledger/draft.ts";
import { revert } from "../types/errors.ts";
import { divUp, fromPpm, max, min, partDown, sum } from "../types/fixedPoint.ts";
import { type AccountId, SETTLEMENT } from "../types/types.ts";
import { type Pool, type PoolOutcome, poolAccountOf, reserveOf, type World, withBook } from "./pool.ts";
import { touched } from "./quote.ts";
import { type PoolValues, underlyingsOf, valuesOf, weighted } from "./values.ts";

/**
 * Moves cash between the reserve and the account of an underlying towards its weight, by anyone. An account in need gets nothing: what runs away in one market
 * takes no capital of another. Its C falls at once by what leaves and rises with time by what comes.
 * @returns with what came in, WAD; negative: what left
 * @throws Reverted `NothingToDo` where it is near its weight or nothing can move
 */
export function rebalance(world: World, underlying: number): PoolOutcome & { readonly amount: bigint } {
  const draft = new Draft(world.vault);
  const { parameters } = world.pool;
  const values = valuesOf(draft, world.pool);
  const account = values.accounts[underlying] ?? revert("UnknownUnderlying", BigInt(underlying));
  const target = weighted(values.lower, parameters.weights[underlying] ?? 0n);
  const missing = target - account.free;
  const left = weighted(max(target, account.free), parameters.drift);
  let amount = 0n;
  if (missing > left) amount = isInNeed(account, parameters) ? 0n : min(missing, values.reserve);
  else if (-missing > left) amount = -min(-missing, account.loose);
  if (amount === 0n) revert("NothingToDo");
  const pool = shift(draft, world.pool, underlying, amount);
  return { vault: draft.finish(), pool, events: [{ name: "Rebalanced", values: { underlying: BigInt(underlying), amount } }], amount };
}

/** Its inventory has outgrown what was behind it. */
function isInNeed({ free, margin, holds }: PoolValues["accounts"][number], { marginPart }: Pool["parameters"]): boolean {
  return free < 0n || (holds && margin > partDown(free, fromPpm(marginPart)));
}

/** Draws of the accounts what the reserve lacks of `wanted` (WAD), by what each has loose. */
export function drawInto(draft: Draft, before: Pool, values: PoolValues, wanted: bigint): Pool {
  const loose = values.accounts.map((account) => account.loose);
  const all = sum(loose);
  const lacking = min(wanted - values.reserve, all);
  if (lacking <= 0n) return before;
  return underlyingsOf(before).reduce((pool, underlying, i) => {
    const drawn = min(divUp(lacking * loose[i]!, all), loose[i]!);
    return drawn === 0n ? pool : shift(draft, pool, underlying, -drawn);
  }, before);
}

/** The book is touched before cash moves in, and after it has moved out. */
function shift(draft: Draft, before: Pool, underlying: number, amount: bigint): Pool {
  let pool = withBook(before, underlying, touched(draft, before, underlying));
  const [from, to]: readonly AccountId[] = [reserveOf(pool), poolAccountOf(pool, underlying)];
  const moved = amount > 0n ? { account: from!, to: to!, amount } : { account: to!, to: from!, amount: -amount };
  executeOn(draft, pool.owner, [{ kind: "Transfer", token: SETTLEMENT, ...moved }], {});
  if (amount < 0n) pool = withBook(pool, underlying, touched(draft, pool, underlying));
  return pool;
}
