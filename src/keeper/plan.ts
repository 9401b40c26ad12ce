import { Draft } from "../engine/ledger/draft.ts";
import { assess, termsAt } from "../engine/margin/margin.ts";
import { portfolioOf } from "../engine/margin/portfolios.ts";
import { fromPpm, WAD } from "../engine/types/fixedPoint.ts";
import { rampAt } from "../engine/types/ramp.ts";
import { type AccountId, NORMAL, type State } from "../engine/types/types.ts";
import { seriesCountOf } from "../engine/words/words.ts";
import { figuresOf, type Standing, standings } from "../sdk/standing.ts";
import { isAlone } from "./economy.ts";

/**
 * Who is to be liquidated now, the least healthy first: every account that the vault would sell: below maintenance, and where prices are in
 * doubt below what they leave of it; none while the sequencer is not up. Pure: what it says depends on nothing but the state.
 * @example
 * const books = followBooks(rpc, record.contracts.vault, record.block);
 * await books.sync();
 * planLiquidations(books.state(books.head().time)).every(({ figures, least }) => figures.equity < least) // true
 */
export function planLiquidations(state: State, all: readonly Standing[] = standings(state)): Standing[] {
  if (state.outage !== undefined) return [];
  return all.filter(({ figures, least }) => figures.equity < least).sort((a, b) => compare(a.health ?? -WAD, b.health ?? -WAD));
}

/**
 * Gas that one account of a batch may need, one with a perpetual and nothing else, what each option or dated future adds (priced in seventeen scenarios; a fund
 * that holds many has more to search), and what a transaction is filled to (EIP-7825 allows 16,777,216). Most use a third of it or less, so that
 * several fit a block.
 */
const GAS_AN_ACCOUNT = 250_000;
const GAS_ALONE = 100_000;
const GAS_A_SERIES_POSITION = 90_000;
const GAS_OF_A_TRANSACTION = 15_000_000;
export const ACCOUNTS_IN_A_BATCH = Math.floor(GAS_OF_A_TRANSACTION / GAS_ALONE);

export function inBatches<T>(items: readonly T[], size = ACCOUNTS_IN_A_BATCH): T[][] {
  const batches: T[][] = [];
  for (let i = 0; i < items.length; i += size) batches.push(items.slice(i, i + size));
  return batches;
}

/** The gas that the liquidation of an account is expected to take at most. */
export function gasToLiquidate(state: State, id: AccountId): number {
  const account = state.accounts.get(id);
  if (account === undefined) return GAS_AN_ACCOUNT;
  return isAlone(account) ? GAS_ALONE : GAS_AN_ACCOUNT + GAS_A_SERIES_POSITION * Number(seriesCountOf(account));
}

/** Accounts in batches of which each fits a transaction; one that alone needs more is by itself. */
export function batchesByGas(state: State, accounts: readonly AccountId[], size = ACCOUNTS_IN_A_BATCH): AccountId[][] {
  const batches: AccountId[][] = [];
  let left = 0;
  for (const account of accounts) {
    const gas = gasToLiquidate(state, account);
    const last = batches.at(-1);
    if (last === undefined || last.length >= size || gas > left) {
      batches.push([account]);
      left = GAS_OF_A_TRANSACTION - gas;
    } else {
      last.push(account);
      left -= gas;
    }
  }
  return batches;
}

/** A slice of a fund account that an account of a market maker is to take. */
export type Shedding = { readonly underlying: number; readonly taker: AccountId; readonly fraction: bigint };

/**
 * What market makers take of the fund's inventory now: in proportion to how far the discount has grown, so that an inventory is gone when
 * the discount is at its most. Each slice goes to the maker with the most free equity that can carry it.
 */
export function planShedding(state: State, makers: readonly AccountId[]): Shedding[] {
  const plan: Shedding[] = [];
  const free = new Map(makers.map((maker) => [maker, freeEquity(state, maker)]));
  const terms = termsAt(state.margin, state.now);
  for (const [index, underlying] of state.underlyings.entries()) {
    const fund = (BigInt(state.fund) << 96n) + BigInt(index) + 1n;
    const since = underlying.fund.inventorySince;
    if (since === 0n || underlying.priceState !== NORMAL) continue;
    const elapsed = state.now - since;
    const { shedTime } = state.fundParameters;
    let fraction = elapsed >= shedTime ? WAD : (WAD * elapsed) / shedTime;
    const [taker, room = 0n] = [...free].sort((a, b) => compare(b[1], a[1]))[0] ?? [];
    // the margin of the inventory grows by what its collateral hedges and by the wider range of opening: half again is enough
    const needed = (assess(portfolioOf(new Draft(state), fund), terms, true).margin * 3n) / 2n;
    if (needed > room) fraction = (fraction * room) / needed;
    const lots = state.accounts.get(fund)?.positions.get(index)?.lots ?? 0n;
    const size = lots < 0n ? -lots : lots;
    if (taker === undefined || fraction <= 0n || (size !== 0n && (size * fraction) / WAD === 0n)) continue;
    plan.push({ underlying: index, taker, fraction });
    free.set(taker, room - (needed * fraction) / WAD);
  }
  return plan;
}

function freeEquity(state: State, account: AccountId): bigint {
  const { equity, margin } = figuresOf(state, account, true);
  return equity - margin;
}

/** Value of a collateral token's haircut now, a ratio with 18 decimals. */
export function haircutOf(state: State, token: number): bigint {
  const collateral = state.collaterals[token];
  return collateral === undefined ? 0n : fromPpm(rampAt(collateral.haircut, state.now));
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
