import type { Action } from "../../src/engine/actions/execute.ts";
import type { SeriesListing } from "../../src/engine/actions/series.ts";
import type { Fill } from "../../src/engine/actions/trading.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf, WITH_NEXT } from "../../src/engine/ledger/market.ts";
import { accountIdOf, ownerOf } from "../../src/engine/types/accountId.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import type { AccountId } from "../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../src/engine/types/types.ts";
import { sliceOf } from "./options/series.ts";
import { DAY, spanAt } from "./seriesWorld.ts";
import { type Answer, type Call, SeriesChain, tradeOf } from "./walks/seriesChain.ts";

/** A leg of a maker: an instrument and what the taker receives of it. */
export type Part = readonly [instrument: bigint, lots: bigint, changes?: Partial<Fill>];

/** Prices of a unit that the worlds begin with, and the strikes of the series: the sixth is at the price. */
export const PRICES = [2_000n * WAD, 40_000n * WAD] as const;
const STRIKES = [
  { base: 1_500n, step: 100n },
  { base: 3_000n, step: 200n },
] as const;

/** A chain of three owners, and the first account of each. */
export async function threeOwners(): Promise<{ world: SeriesChain; taker: AccountId; maker: AccountId; poor: AccountId }> {
  const world = await SeriesChain.create(3);
  const [taker, maker, poor] = world.owners.map((owner) => accountIdOf(owner)) as [AccountId, AccountId, AccountId];
  return { world, taker, maker, poor };
}

/** One call a second later, on both sides. */
export function step(world: SeriesChain, call: Call): Promise<Answer> {
  world.pass(1n);
  return world.step(call);
}

export function joined(one: Fill): Fill {
  return { ...one, instrument: one.instrument | WITH_NEXT };
}

export function combo(world: SeriesChain, maker: AccountId, parts: readonly Part[]): Fill[] {
  return parts.map(([instrument, lots, changes], i) => {
    const one = fill(world, maker, instrument, lots, changes);
    return i < parts.length - 1 ? joined(one) : one;
  });
}

export function fill(world: SeriesChain, maker: AccountId, instrument: bigint, lots: bigint, changes: Partial<Fill> = {}): Fill {
  const { mark } = marketOf(new Draft(world.state), instrument);
  return { maker, instrument, lots, price: mark, takerFee: 0n, makerFee: 0n, ...changes };
}

/** Trades on both sides; for each fill "Filled" or why it was skipped, or what all of it reverted with. */
export async function trade(
  world: SeriesChain,
  taker: AccountId,
  fills: readonly Fill[],
  what = "",
  looked?: readonly AccountId[],
): Promise<string[]> {
  world.pass(1n);
  const answer = await world.step(world.actions(ownerOf(taker), [tradeOf(taker, fills)]), what, looked);
  if ("reverted" in answer) return [answer.reverted];
  return answer.events.map(({ name, values }) => (name === "FillSkipped" ? String(values.reason) : name));
}

export async function deposit(world: SeriesChain, account: AccountId, tokens: bigint): Promise<void> {
  world.pass(1n);
  const action: Action = { kind: "Deposit", account, token: SETTLEMENT, amount: tokens * 10n ** 6n };
  await world.step(world.actions(ownerOf(account), [action]));
}

/** Lists a series of ten strikes, or as many as are named, with a price and a slice. */
export async function open(
  world: SeriesChain,
  series: number,
  days: bigint,
  underlying = 0,
  changes: Partial<SeriesListing> = {},
): Promise<void> {
  world.pass(1n);
  const expiry = world.state.now + days * DAY;
  const listing = { decimals: 13n, count: 10n, depth: 10_000_000n, volatilityCap: 200n, ...STRIKES[underlying]!, ...changes };
  await world.step(world.list(underlying, { series: BigInt(series), expiry, ...listing }));
  world.pass(1n);
  await world.step(world.post(underlying, PRICES[underlying]!));
  await post(world, series, underlying);
}

/** A slice of 60 % a year. */
export async function post(world: SeriesChain, series: number, underlying = 0): Promise<void> {
  world.pass(1n);
  const { now, underlyings } = world.state;
  const expiry = (underlyings[underlying]?.series.get(series)?.word ?? 0n) >> 224n;
  const report = { sliceWord: sliceOf(0.6, Number(spanAt(expiry, now))), basis: 1_000_000n, publishTime: now };
  await world.step(world.slice(underlying, series, report), "slice", []);
}

export async function refresh(world: SeriesChain, underlying = 0, numbers: readonly number[] = [1, 2]): Promise<void> {
  for (const series of numbers) {
    world.pass(1n);
    await world.step(world.refresh(underlying, series), "refresh", []);
  }
}

/** Posts prices of the first underlying one after the other, and refreshes. */
export async function rise(world: SeriesChain, prices: readonly bigint[]): Promise<void> {
  for (const price of prices) {
    world.pass(20n);
    await world.step(world.post(0, price * WAD));
  }
  await refresh(world);
}
