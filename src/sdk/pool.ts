import { AbiCoder } from "ethers";

import { accountIdOf } from "../engine/types/accountId.ts";
import { abs } from "../engine/types/fixedPoint.ts";
import type { AccountId } from "../engine/types/types.ts";
import { type EncodedAction, tradeAction } from "./actions.ts";
import type { Call } from "./calls.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { Failure } from "./failure.ts";
import { interfaceOf } from "./interfaces.ts";
import { callContract } from "./readState.ts";
import type { Rpc } from "./rpc.ts";

/** What a taker asks of the liquidity pool; the struct `PoolOrder`. */
export interface PoolOrder {
  readonly account: AccountId;
  readonly legs: readonly { readonly instrument: bigint; readonly lots: bigint }[]; // received by the account; negative: given
  readonly limit: bigint; // the most that it may pay beyond the marks, WAD; negative: the least that it is paid
  readonly salt?: bigint;
}

/** What the pool asks for an order, WAD. */
export interface PoolQuote {
  readonly cost: bigint; // of moving the inventory; negative: a rebate
  readonly halfSpread: bigint;
  readonly beyond: bigint; // what the taker pays beyond the marks
  readonly margin: bigint; // IM of the pool's account before
  readonly marginAfter: bigint;
}

/** Limit of a taker who takes what is asked. */
export const NO_LIMIT = 2n ** 200n;

const ORDER = "tuple(uint256 account, uint24[] instruments, int256[] lots, int256 limit, uint256 salt)";

/**
 * Where the pool of a deployment is, and its number as a module.
 * @throws Failure for deployments of before there was one
 * @example
 * poolOf(record).address === record.contracts.liquidityPool // true
 */
export function poolOf({ contracts, modules, network }: DeploymentRecord): { readonly address: string; readonly module: number } {
  const { liquidityPool } = contracts;
  if (liquidityPool === undefined || modules.pool === undefined) throw new Failure(`the deployment ${network} has no liquidity pool`);
  return { address: liquidityPool, module: modules.pool };
}

function structOf({ account, legs, limit, salt = 0n }: PoolOrder) {
  return { account, instruments: legs.map(({ instrument }) => instrument), lots: legs.map(({ lots }) => lots), limit, salt };
}

/**
 * A trade with the pool as an action of `execute`: all legs or none.
 * @example
 * const order = { account: accountIdOf(wallet.address), legs: [{ instrument: 0n, lots: 10n }], limit: NO_LIMIT };
 * poolTradeAction(record, order).kind // 7
 */
export function poolTradeAction(record: DeploymentRecord, order: PoolOrder): EncodedAction {
  const data = AbiCoder.defaultAbiCoder().encode([ORDER], [structOf(order)]);
  const lots = order.legs.reduce((sum, leg) => sum + abs(leg.lots), 0n);
  return tradeAction(order.account, poolOf(record).module, data, lots);
}

/** A call of any entry of the pool. */
export function poolCall(record: DeploymentRecord, from: string, method: string, args: readonly unknown[]): Call {
  return { from, to: poolOf(record).address, data: interfaceOf("LiquidityPool").encodeFunctionData(method, [...args]) };
}

/** Commits to an order, which anybody may fill at the next price; the reward has to be approved first. */
export function commitCall(record: DeploymentRecord, from: string, order: PoolOrder): Call {
  return poolCall(record, from, "commit", [structOf(order)]);
}

/** Fills an order that was committed; the caller gets the reward. */
export function fillCall(record: DeploymentRecord, from: string, order: PoolOrder): Call {
  return poolCall(record, from, "fill", [structOf(order)]);
}

/**
 * What the pool asks for an order now.
 * @param since when it was committed, unix seconds; at once by default
 */
export async function quotePool(rpc: Rpc, record: DeploymentRecord, order: PoolOrder, since = 2n ** 256n - 1n): Promise<PoolQuote> {
  const [quote] = await callPool(rpc, record, "quote", [structOf(order), since]);
  const { cost, halfSpread, beyond, margin, marginAfter } = quote as PoolQuote;
  return { cost, halfSpread, beyond, margin, marginAfter };
}

/** The account of the pool on one underlying. */
export interface PoolMarket {
  readonly account: AccountId;
  readonly weight: bigint; // of all capital, ppm
  readonly equity: bigint; // WAD
  readonly margin: bigint; // IM, WAD
  readonly charged: bigint; // Q, WAD
  readonly capital: bigint; // C when last touched, WAD
  readonly lots: bigint; // of the perpetual
  readonly rate: bigint; // of funding by its inventory, ppb over eight hours
}

/** The pool as its shareholders see it. Amounts of assets in units of the settlement token. */
export interface PoolState {
  readonly upper: bigint; // what deposits are priced at
  readonly lower: bigint; // what redemptions are priced at
  readonly reserve: bigint; // cash, WAD
  readonly supply: bigint; // shares
  readonly waiting: bigint; // requests in the queue
  readonly markets: readonly PoolMarket[];
}

/**
 * Reads the pool.
 * @example
 * (await readPool(rpc, record)).markets.length === record.underlyings.length // true
 */
export async function readPool(rpc: Rpc, record: DeploymentRecord): Promise<PoolState> {
  const owner = poolOf(record).address;
  const ask = (method: string, ...args: unknown[]): Promise<unknown[]> => callPool(rpc, record, method, args);
  const vault = (method: string, ...args: unknown[]): Promise<unknown[]> =>
    callContract(rpc, interfaceOf("IMarginVault"), record.contracts.vault, method, args);
  const [[upper, lower], [supply], [first, end], [figures]] = await Promise.all([
    ask("netAssetValues"),
    ask("totalSupply"),
    ask("queue"),
    vault("ownerFigures", owner, false),
  ]);
  const { accounts } = figures as { readonly accounts: readonly { cash: bigint; equity: bigint; margin: bigint }[] };
  const markets = await Promise.all(
    record.underlyings.map(async (_, underlying): Promise<PoolMarket> => {
      const account = accountIdOf(owner.toLowerCase(), BigInt(underlying) + 1n);
      const [[book], [weight], [rate], [lots]] = await Promise.all([
        ask("bookOf", underlying),
        ask("weightOf", underlying),
        ask("fundingRate", underlying),
        vault("positionOf", account, underlying),
      ]);
      const { charged, capital } = book as { charged: bigint; capital: bigint };
      const { equity = 0n, margin = 0n } = accounts[underlying + 1] ?? {};
      return { account, weight: weight as bigint, equity, margin, charged, capital, lots: lots as bigint, rate: rate as bigint };
    }),
  );
  return {
    upper: upper as bigint,
    lower: lower as bigint,
    reserve: accounts[0]?.cash ?? 0n,
    supply: supply as bigint,
    waiting: (end as bigint) - (first as bigint),
    markets,
  };
}

async function callPool(rpc: Rpc, record: DeploymentRecord, method: string, args: readonly unknown[]): Promise<unknown[]> {
  return callContract(rpc, interfaceOf("LiquidityPool"), poolOf(record).address, method, [...args]);
}

/** The shares of somebody, and what of them waits to be paid or claimed; assets in units of the settlement token. */
export async function sharesOf(
  rpc: Rpc,
  record: DeploymentRecord,
  owner: string,
): Promise<{ readonly held: bigint; readonly pending: bigint; readonly claimable: bigint; readonly assets: bigint }> {
  const [[held], [pending], [claimable], [assets]] = await Promise.all([
    callPool(rpc, record, "balanceOf", [owner]),
    callPool(rpc, record, "pendingRedeemRequest", [0, owner]),
    callPool(rpc, record, "maxRedeem", [owner]),
    callPool(rpc, record, "maxWithdraw", [owner]),
  ]);
  return { held: held as bigint, pending: pending as bigint, claimable: claimable as bigint, assets: assets as bigint };
}
