import { liquidate } from "../engine/actions/liquidate.ts";
import { Reverted } from "../engine/types/errors.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { Account, AccountId, State } from "../engine/types/types.ts";
import { seriesCountOf } from "../engine/words/words.ts";
import { isRetryable, type Rpc } from "../sdk/rpc.ts";
import { saleOf } from "../sdk/saleLog.ts";

/** What sending costs, in settlement tokens, and how much more a transaction has to earn. */
export type Costs = {
  /** Settlement tokens that a unit of gas costs, WAD. */
  readonly ofGas: bigint;
  /** Settlement tokens that a transaction has to earn beyond its gas, WAD; where it is negative, so much may be lost with one. */
  readonly floor: bigint;
};

/** Says what sending costs now; undefined where nobody can say, which is no reason to leave an account unsold. */
export type CostSource = (state: State) => Promise<Costs | undefined>;

/** An account that is not worth its gas: what its sale would earn, and what its part of a transaction would cost. WAD. */
export type Unprofitable = { readonly account: AccountId; readonly reward: bigint; readonly cost: bigint };

export type Weighed = { readonly worth: readonly AccountId[]; readonly unprofitable: readonly Unprofitable[] };

// What a transaction takes before anybody is sold, and what the sale of an account adds, by the figures of bench/gas.json: of one perpetual alone where the account has something left and (by `bench:keeper`) where it has not, of each market and each token of
// collateral otherwise, and of each option or dated future.
const GAS_OF_A_BATCH = 50_000n;
const GAS_ALONE = 25_000n;
const GAS_INSOLVENT = 75_000n;
const GAS_OF_MARKETS = 45_000n;
const GAS_A_MARKET = 70_000n;
const GAS_A_COLLATERAL = 40_000n;
const GAS_A_SERIES_POSITION = 56_000n;

/** Whether an account has one perpetual and nothing else: it is sold in one pass with others like it. */
export function isAlone(account: Account): boolean {
  return account.positions.size === 1 && account.collateral.size === 0 && seriesCountOf(account) === 0n;
}

/** Gas that a batch is expected to take. @param insolvent of the accounts */
export function gasOfBatch(state: State, accounts: readonly AccountId[], insolvent: ReadonlySet<AccountId>): bigint {
  return accounts.reduce((sum, id) => sum + gasExpected(state, id, insolvent.has(id)), GAS_OF_A_BATCH);
}

/** Gas that the sale of an account is expected to add to a batch. */
export function gasExpected(state: State, id: AccountId, isInsolvent = false): bigint {
  const account = state.accounts.get(id);
  if (account === undefined) return GAS_ALONE;
  if (isAlone(account)) return isInsolvent ? GAS_INSOLVENT : GAS_ALONE;
  const [markets, tokens, series] = [BigInt(account.positions.size), BigInt(account.collateral.size), seriesCountOf(account)];
  return GAS_OF_MARKETS + GAS_A_MARKET * markets + GAS_A_COLLATERAL * tokens + GAS_A_SERIES_POSITION * series;
}

/** What the sale of an account would earn a keeper now, WAD; undefined where the engine would not sell it. */
export function rewardOf(state: State, account: AccountId, keeper: AccountId): bigint | undefined {
  try {
    const { events } = liquidate(state, account, keeper);
    const [sale] = events.flatMap((event) => saleOf({ name: event.name, args: event.values }) ?? []);
    return sale?.reward;
  } catch (error) {
    if (error instanceof Reverted) return undefined;
    throw error;
  }
}

/**
 * Which accounts of a batch are worth their gas: each earns more than it adds, and all together more than the transaction and the floor. What the engine
 * does not know the reward of goes along: the vault is asked before anything is sent. Pure.
 */
export function weigh(state: State, accounts: readonly AccountId[], keeper: AccountId, { ofGas, floor }: Costs): Weighed {
  const rows = accounts.map((account) => ({
    account,
    reward: rewardOf(state, account, keeper),
    cost: gasExpected(state, account) * ofGas,
  }));
  const spared = floor < 0n ? -floor : 0n;
  const pays = rows.filter(({ reward, cost }) => reward === undefined || reward + spared > cost);
  const earned = pays.reduce((sum, { reward = 0n, cost }) => sum + reward - cost, 0n);
  const isWorth = pays.some(({ reward }) => reward === undefined) || earned - GAS_OF_A_BATCH * ofGas >= floor;
  const worth = isWorth ? pays : [];
  const left = rows.filter((row) => !worth.includes(row));
  // what nobody earns is shared by all
  const shared = isWorth || pays.length === 0 ? 0n : (GAS_OF_A_BATCH * ofGas) / BigInt(pays.length);
  return {
    worth: worth.map(({ account }) => account),
    unprofitable: left.map(({ account, reward = 0n, cost }) => ({ account, reward, cost: cost + shared })),
  };
}

/**
 * What the node says that gas costs, in settlement tokens.
 * @param native settlement tokens for one unit of what gas is paid with, WAD; undefined where nobody knows
 * @example
 * const costs = gasCosts(rpc, () => 2_000n * 10n ** 18n, 0n);
 * const books = followBooks(rpc, record.contracts.vault, record.block);
 * await books.sync();
 * (await costs(books.state(books.head().time)))!.floor // 0n
 */
export function gasCosts(rpc: Rpc, native: (state: State) => bigint | undefined, floor: bigint): CostSource {
  return async (state) => {
    const price = native(state);
    if (price === undefined) return undefined;
    try {
      return { ofGas: (BigInt((await rpc("eth_gasPrice", [])) as string) * price) / WAD, floor };
    } catch (error) {
      if (isRetryable(error)) return undefined;
      throw error;
    }
  };
}
