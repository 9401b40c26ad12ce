import { payout } from "../ledger/deficit.ts";
import type { Draft } from "../ledger/draft.ts";
import { credit } from "../ledger/ledger.ts";
import { max } from "../types/fixedPoint.ts";
import { fundAccountOf, roomOf, type Stake, stakeOf } from "./fundAccounts.ts";
import { assess, termsAt } from "./margin.ts";
import { portfolioOf } from "./portfolios.ts";

/** What a look at the watched accounts, one after the other, goes by: the stake without what those before would get. */
interface Look {
  stake: Stake;
}

/** Books a withdrawal of `debited` (WAD); every watched account is looked at first. */
export function withdrawn(draft: Draft, debited: bigint, scale: bigint): { paid: bigint; dust: bigint } {
  const look: Look = { stake: stakeOf(draft) };
  for (const underlying of watched(draft)) {
    const { value, holds } = worthOf(draft, underlying);
    setShort(draft, look, underlying, value, holds);
  }
  const short = stored(draft);
  const { paid, lowered, dust } = payout(debited, scale, draft.settlement, draft.deficit + short);
  const toShort = short === 0n ? 0n : (lowered * short) / (draft.deficit + short);
  if (lowered !== toShort) draft.emit("DeficitReduced", { amount: lowered - toShort });
  draft.settlement -= paid;
  draft.deficit -= lowered - toShort;
  if (toShort !== 0n) giveToShort(draft, toShort, short);
  return { paid, dust };
}

/** What a withdrawal now would find fund accounts to be short of, WAD. */
export function shortfallOf(draft: Draft): bigint {
  const look: Look = { stake: stakeOf(draft) };
  return watched(draft).reduce((sum, underlying) => sum + shortOf(draft, look, underlying, worthOf(draft, underlying).value), 0n);
}

/** Brings the shortfall of a fund account, worth `value` (WAD), up to date where it is watched. */
export function updateShortfall(draft: Draft, underlying: bigint, value: bigint, holds: boolean): void {
  const index = Number(underlying);
  if (draft.shortfalls.has(index)) setShort(draft, { stake: stakeOf(draft) }, index, value, holds);
}

function watched(draft: Draft): number[] {
  return [...draft.shortfalls.keys()].sort((a, b) => a - b);
}

function stored(draft: Draft): bigint {
  return [...draft.shortfalls.values()].reduce((sum, short) => sum + short, 0n);
}

/**
 * The market value of a fund account at the last accepted prices, whatever their age: what everybody sees is in φ, though nobody has posted since; and whether
 * it holds anything.
 */
function worthOf(draft: Draft, underlying: number): { value: bigint; holds: boolean } {
  const portfolio = portfolioOf(draft, fundAccountOf(draft, BigInt(underlying)));
  const { value } = assess(portfolio, termsAt(draft.base.margin, draft.now), false);
  return { value, holds: portfolio.books.length !== 0 };
}

/** What an account of this value is short of when the main stake has given what it may, WAD. */
function shortOf(draft: Draft, look: Look, underlying: number, value: bigint): bigint {
  if (value >= 0n) return 0n;
  const { reserved, unreserved } = roomOf(draft, BigInt(underlying), look.stake, -value);
  const { left, base, beside } = look.stake;
  look.stake = { left: left - reserved - unreserved, base, beside: beside + unreserved };
  return -value - reserved - unreserved;
}

/** An account is watched as long as it is short, or holds something and has no room. */
function setShort(draft: Draft, look: Look, underlying: number, value: bigint, holds: boolean): void {
  const short = shortOf(draft, look, underlying, value);
  store(draft, underlying, short);
  if (short !== 0n) return;
  if (holds) {
    const { reserved, unreserved } = roomOf(draft, BigInt(underlying), look.stake, look.stake.left);
    if (reserved + unreserved === 0n) return;
  }
  draft.shortfalls.delete(underlying);
}

/** Splits what a withdrawal left behind over the accounts that are short, by what they are short of. */
function giveToShort(draft: Draft, amount: bigint, sum: bigint): void {
  let [unshared, left] = [amount, sum];
  for (const underlying of watched(draft)) {
    const short = draft.shortfalls.get(underlying) ?? 0n;
    if (short === 0n) continue;
    left -= short;
    // the last gets the rest
    const part = left === 0n ? unshared : (unshared * short) / (left + short);
    unshared -= part;
    credit(draft, fundAccountOf(draft, BigInt(underlying)), part);
    draft.emit("ShortfallReduced", { underlying: BigInt(underlying), amount: part });
    store(draft, underlying, max(short - part, 0n));
  }
}

function store(draft: Draft, underlying: number, short: bigint): void {
  if (draft.shortfalls.get(underlying) === short) return;
  draft.shortfalls.set(underlying, short);
  draft.emit("ShortfallSet", { underlying: BigInt(underlying), amount: short });
}
