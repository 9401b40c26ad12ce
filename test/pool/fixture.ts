import type { Fill } from "../../src/engine/actions/trading.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { assess, termsAt } from "../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../src/engine/margin/portfolios.ts";
import type { Leg } from "../../src/engine/pool/figures.ts";
import { emptyPool, type Pool, type PoolParameters, poolAccountOf, type World } from "../../src/engine/pool/pool.ts";
import { rebalance } from "../../src/engine/pool/rebalance.ts";
import { poolDeposit } from "../../src/engine/pool/shares.ts";
import { type PoolOrder, poolTrade } from "../../src/engine/pool/trade.ts";
import { type PoolValues, valuesOf } from "../../src/engine/pool/values.ts";
import { ownerOf } from "../../src/engine/types/accountId.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import type { AccountId, State } from "../../src/engine/types/types.ts";
import { ALICE, alice, BOB, bob, CAROL, carol, deposit, emptyState, later, trade } from "../helpers/state.ts";

export const POOL = `0x${"9d".repeat(20)}`;
export const BACKER = `0x${"bc".repeat(20)}`;
export const TRADERS = [
  [ALICE, alice],
  [BOB, bob],
  [CAROL, carol],
] as const;

/** Capital of the pool, units of a token of 18 decimals. */
export const CAPITAL = 1_000_000n * WAD;

/** The vault's second module is the pool, to which every account consents. */
export const withPool = (state: State): State => ({
  ...state,
  modules: [...state.modules, { address: POOL, disabledUntil: 0n }],
  defaultModules: state.defaultModules | (1n << BigInt(state.modules.length)),
});

/** Markets as deep as the pool is large: the charge for size says nothing here. */
function deepState(): State {
  const { underlyings, ...rest } = withPool(emptyState());
  return { ...rest, underlyings: underlyings.map((each) => ({ ...each, depth: 10n ** 12n })) };
}

/** A pool with capital in every account by weight, and traders with cash; no commitment of theirs is open. */
export function poolWorld(
  state: State = deepState(),
  weights: readonly bigint[] = [500_000n, 400_000n],
  changes: Partial<PoolParameters> = {},
): World {
  let vault = state;
  for (const [owner, account] of TRADERS) vault = deposit(vault, owner, account, 10_000_000n * WAD);
  let world: World = { vault, pool: emptyPool(POOL, vault.modules.length - 1, weights, changes) };
  world = poolDeposit(world, BACKER, CAPITAL, BACKER);
  weights.forEach((_, underlying) => {
    world = rebalance(world, underlying);
  });
  return world;
}

export interface Traded {
  readonly world: World;
  readonly paid: bigint; // beyond the marks, WAD
  readonly raised: boolean; // the margin of the pool's account
}

/** One trade of an account with the pool. */
export function traded(world: World, taker: AccountId, legs: readonly Leg[], order: Partial<PoolOrder> = {}): Traded {
  const { vault, pool, quoted } = poolTrade(world, ownerOf(taker), taker, { legs, ...order });
  return { world: { vault, pool }, paid: quoted.beyond, raised: quoted.after > quoted.before };
}

/** As `traded`, or nothing where pool or vault refuse. */
export function tried(...args: Parameters<typeof traded>): Traded | undefined {
  try {
    return traded(...args);
  } catch (error) {
    if (error instanceof Reverted) return undefined;
    throw error;
  }
}

export function values({ vault, pool }: World): PoolValues {
  return valuesOf(new Draft(vault), pool);
}

/** Lots of a perpetual that the pool holds. */
export function inventory({ vault, pool }: World, underlying = 0): bigint {
  return vault.accounts.get(poolAccountOf(pool, underlying))?.positions.get(underlying)?.lots ?? 0n;
}

/** What an account is worth, priced live, WAD. */
export function worth({ vault }: World, account: AccountId): bigint {
  return assess(portfolioOf(new Draft(vault), account), termsAt(vault.margin, vault.now), false).value;
}

/** Prices published again, some seconds later. */
export function waited({ vault, pool }: World, seconds: bigint): World {
  return { vault: later(vault, seconds), pool };
}

export const withVault = (world: World, change: (vault: State) => State): World => ({ ...world, vault: change(world.vault) });

export const withParameters = (world: World, changes: Partial<PoolParameters>): World => {
  const pool: Pool = { ...world.pool, parameters: { ...world.pool.parameters, ...changes } };
  return { ...world, pool };
};

/** A trade of two traders with each other, past the pool. */
export function crossed(world: World, taker: AccountId, maker: AccountId, lots: bigint, changes: Partial<Fill> = {}): World {
  return withVault(world, (vault) => trade(vault, taker, maker, lots, changes));
}
