import { executeOn } from "../actions/execute.ts";
import { Draft } from "../ledger/draft.ts";
import { shortfallOf } from "../margin/shortfall.ts";
import { revert } from "../types/errors.ts";
import { divUp, max, min } from "../types/fixedPoint.ts";
import { type Address, SETTLEMENT } from "../types/types.ts";
import { type Claim, type Pool, type PoolEvent, type PoolOutcome, reserveOf, type World } from "./pool.ts";
import { drawInto } from "./rebalance.ts";
import { isPriced, valuesOf } from "./values.ts";

// Shares: ERC-4626 going in, ERC-7540 going out. Amounts of assets are in units of the settlement token, values in WAD.

/** Virtual shares for one unit of the asset, as the insurance fund has them (H-49). */
export const VIRTUAL = 10n ** 12n;

const scaleOf = ({ vault }: World): bigint => 10n ** (18n - vault.settlementDecimals);

/** Shares for a deposit at the upper net asset value, rounded down. */
export function mintedDown(assets: bigint, { supply }: Pick<Pool, "supply">, upper: bigint): bigint {
  return (assets * (supply + VIRTUAL)) / (upper + 1n);
}

/** What shares are paid at the lower net asset value, rounded down. */
export function paidDown(shares: bigint, { supply }: Pick<Pool, "supply">, lower: bigint): bigint {
  return (shares * (lower + 1n)) / (supply + VIRTUAL);
}

/**
 * Takes a deposit into the reserve.
 * @param assets units
 * @throws Reverted `PoolUnpriceable`, `DeficitOutstanding`, `NothingGiven`
 */
export function poolDeposit(world: World, caller: Address, assets: bigint, receiver: Address): PoolOutcome & { readonly minted: bigint } {
  const { pool } = world;
  const scale = scaleOf(world);
  const draft = new Draft(world.vault);
  const values = valuesOf(draft, pool);
  if (!isPriced(draft, pool, values)) revert("PoolUnpriceable");
  const owed = draft.deficit + shortfallOf(draft);
  if (owed !== 0n) revert("DeficitOutstanding", owed);
  const minted = mintedDown(assets, pool, divUp(values.upper, scale));
  if (assets === 0n || minted === 0n) revert("NothingGiven", assets, minted);
  executeOn(draft, pool.owner, [{ kind: "Deposit", account: reserveOf(pool), token: SETTLEMENT, amount: assets }], {});
  const shares = new Map(pool.shares).set(receiver, (pool.shares.get(receiver) ?? 0n) + minted);
  const event = { name: "Deposit", values: { sender: caller, owner: receiver, assets, shares: minted } };
  return { vault: draft.finish(), pool: { ...pool, supply: pool.supply + minted, shares }, events: [event], minted };
}

/**
 * Puts shares into the queue. They still bear losses and gains, and cannot be taken back: who could would wait for a price to choose by.
 * @returns with the number of the request
 * @throws Reverted `ERC20InsufficientBalance`, `NothingGiven`
 */
export function requestRedeem(
  world: World,
  owner: Address,
  shares: bigint,
  controller: Address,
): PoolOutcome & { readonly request: bigint } {
  const { pool, vault } = world;
  const held = pool.shares.get(owner) ?? 0n;
  if (shares === 0n) revert("NothingGiven", 0n, 0n);
  if (shares > held) revert("ERC20InsufficientBalance", owner, held, shares);
  const request = pool.requested;
  const requests = new Map(pool.requests).set(request, { controller, shares, time: vault.now });
  const event = { name: "RedeemRequest", values: { controller, owner, requestId: request, sender: owner, shares } };
  const changed = { ...pool, requests, requested: request + 1n, shares: new Map(pool.shares).set(owner, held - shares) };
  return { vault, pool: changed, events: [event], request };
}

export function claimOf({ claimable }: Pool, controller: Address): Claim {
  return claimable.get(controller) ?? { shares: 0n, assets: 0n };
}

/**
 * Claims what was paid for shares, rounded down; the last of them take what rounding left.
 * @throws Reverted `ERC4626ExceededMaxRedeem`, `NothingGiven`
 */
export function claimRedeem(world: World, controller: Address, shares: bigint): World & { readonly assets: bigint } {
  const claim = claimOf(world.pool, controller);
  if (shares > claim.shares) revert("ERC4626ExceededMaxRedeem", controller, shares, claim.shares);
  const assets = claim.shares === 0n ? 0n : (claim.assets * shares) / claim.shares;
  return { ...taken(world, controller, shares, assets), assets };
}

/**
 * Claims assets, for shares rounded up.
 * @throws Reverted `ERC4626ExceededMaxWithdraw`, `NothingGiven`
 */
export function claimWithdraw(world: World, controller: Address, assets: bigint): World & { readonly shares: bigint } {
  const claim = claimOf(world.pool, controller);
  if (assets > claim.assets) revert("ERC4626ExceededMaxWithdraw", controller, assets, claim.assets);
  const shares = claim.assets === 0n ? 0n : divUp(claim.shares * assets, claim.assets);
  return { ...taken(world, controller, shares, assets), shares };
}

function taken({ vault, pool }: World, controller: Address, shares: bigint, assets: bigint): World {
  if (assets === 0n || shares === 0n) revert("NothingGiven", assets, shares);
  const claim = claimOf(pool, controller);
  const left = { shares: claim.shares - shares, assets: claim.assets - assets };
  return { vault, pool: { ...pool, claimable: new Map(pool.claimable).set(controller, left) } };
}

/**
 * Pays requests, first in first out, by anyone: each at the lower net asset value of a price that was published after it, as far as cash is loose. The first
 * that cannot be paid in full is paid in part, and stays first.
 * @param most requests
 * @throws Reverted `NothingToDo` where nothing could be paid
 */
export function payRequests(world: World, most: number): PoolOutcome {
  const scale = scaleOf(world);
  const draft = new Draft(world.vault);
  let { pool } = world;
  const events: PoolEvent[] = [];
  for (let i = 0; i < most; i++) {
    const [number, request] = [...pool.requests].sort(([a], [b]) => Number(a - b))[0] ?? [];
    if (number === undefined || request === undefined) break;
    const values = valuesOf(draft, pool);
    if (!isPriced(draft, pool, values, request.time)) break;
    const lower = values.lower / scale;
    const due = paidDown(request.shares, pool, lower);
    // with nothing there everybody waits
    if (lower === 0n && due === 0n) break;
    pool = drawInto(draft, pool, values, due * scale);
    const liquid = max(draft.account(reserveOf(pool)).cash, 0n) / scale;
    const shares = due <= liquid ? request.shares : min((liquid * (pool.supply + VIRTUAL)) / (lower + 1n), request.shares);
    const assets = min(paidDown(shares, pool, lower), liquid);
    if (due !== 0n && (shares === 0n || assets === 0n)) break;
    const action = { kind: "Withdraw", account: reserveOf(pool), token: SETTLEMENT, amount: assets, to: pool.owner } as const;
    // what the vault pays while a deficit is outstanding is less; what is worth less than a unit is redeemed for nothing, for it would stay first for ever
    const [payout] = due === 0n ? [] : executeOn(draft, pool.owner, [action], {});
    const paid = payout?.amount ?? 0n;
    const requests = new Map(pool.requests);
    if (shares === request.shares) requests.delete(number);
    else requests.set(number, { ...request, shares: request.shares - shares });
    const { controller } = request;
    const claim = claimOf(pool, controller);
    const claimed = due === 0n ? claim : { shares: claim.shares + shares, assets: claim.assets + paid };
    const claimable = new Map(pool.claimable).set(controller, claimed);
    pool = { ...pool, supply: pool.supply - shares, requests, claimable };
    events.push({ name: "RedeemPaid", values: { controller, requestId: number, assets: paid, shares } });
  }
  if (events.length === 0) revert("NothingToDo");
  return { vault: draft.finish(), pool, events };
}
