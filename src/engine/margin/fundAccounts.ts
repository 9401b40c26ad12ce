import { addDeficit } from "../ledger/deficit.ts";
import type { Draft } from "../ledger/draft.ts";
import {
  credit,
  entryCostAfterDown,
  halvingsAfter,
  heldUnderlyings,
  indexOf,
  lotsOf,
  MAX_SERIES_POSITIONS,
  move,
  openInterestAfter,
  requireFewUnderlyings,
} from "../ledger/ledger.ts";
import { countOpenInterest, MOST_SERIES_LOTS, marketOf, namedInstrument } from "../ledger/market.ts";
import { lotsPartUp } from "../math/slice.ts";
import { accountIdOf, ownerOf } from "../types/accountId.ts";
import { revert } from "../types/errors.ts";
import { abs, divUp, max, min, PPM, WAD } from "../types/fixedPoint.ts";
import { instrumentFromNumber, isFuture } from "../types/instrument.ts";
import type { Account, AccountId, Book, FundAccountState, FundParameters, SeriesPosition } from "../types/types.ts";
import type { SoldPosition } from "../words/saleWord.ts";
import { seriesCountOf, seriesPosition } from "../words/words.ts";
import { assess, termsAt } from "./margin.ts";
import { portfolioOf } from "./portfolios.ts";
import { keepWaterLine } from "./waterLines.ts";

/** The main account of the fund. */
export function mainAccount(draft: Draft): AccountId {
  return accountIdOf(draft.base.fund);
}

/** The fund account of an underlying. */
export function fundAccountOf(draft: Draft, underlying: bigint): AccountId {
  return accountIdOf(draft.base.fund, underlying + 1n);
}

/**
 * Moves lots of a book from one account to another, who pays; keeps open interest and the clock of a fund account.
 * @param paid WAD, by `to`
 */
export function transferBook(draft: Draft, from: AccountId, to: AccountId, book: Book, lots: bigint, paid: bigint): void {
  const index = Number(book.underlying);
  if (lots === 0n) {
    credit(draft, from, paid);
    credit(draft, to, -paid);
  } else {
    const underlying = draft.underlying(index);
    const given = lotsOf(draft.account(from), index);
    const taken = lotsOf(draft.account(to), index);
    const present = underlying.funding.openInterest;
    const openInterest = openInterestAfter(openInterestAfter(present, given, given - lots), taken, taken + lots);
    draft.setUnderlying(index, { ...underlying, funding: { ...underlying.funding, openInterest } });
    const beyondMark = paid - lots * book.price;
    const funding = indexOf(draft, underlying);
    move(draft, from, index, -lots, book.price, funding, beyondMark);
    move(draft, to, index, lots, book.price, funding, -beyondMark);
  }
  keepClock(draft, to, book.underlying);
  keepClock(draft, from, book.underlying);
}

/**
 * Moves a part of every option and dated future that one account holds on an underlying, rounded up to whole lots, to another; keeps open interest and the
 * clock of a fund account. The cash goes with the book. Settled series have been paid.
 * @param part 18 decimals
 * @param least all of a position where fewer lots would be left
 * @returns what moved
 * @throws Reverted `PositionCapExceeded`, `TooManySeriesPositions`, `TooManyUnderlyings` for a receiver that is not the fund's
 */
export function transferSeries(
  draft: Draft,
  from: AccountId,
  to: AccountId,
  underlying: bigint,
  part: bigint,
  least = 0n,
): readonly SoldPosition[] {
  const sold: SoldPosition[] = [];
  const index = Number(underlying);
  const limited = ownerOf(to) !== draft.base.fund;
  const [giver, receiver] = [draft.account(from), draft.account(to)];
  const given = [...(giver.series.get(index) ?? [])];
  const taken = [...(receiver.series.get(index) ?? [])];
  given.forEach((held, i) => {
    const { instrument, lots, halvings = 0n } = held;
    const moved = lotsPartUp(lots, part, least);
    if (moved === 0n) return;
    const found = taken.findIndex((each) => each.instrument === instrument);
    const place = found < 0 ? taken.length : found;
    const had = taken[place] ?? { instrument, lots: 0n };
    const after = had.lots + moved;
    const named = namedInstrument(index, instrument);
    if (limited && abs(after) > MOST_SERIES_LOTS) revert("PositionCapExceeded", to, named, after, MOST_SERIES_LOTS);
    const isDated = isFuture(instrumentFromNumber(instrument));
    const costAfter = (position: SeriesPosition, change: bigint, price: bigint): bigint =>
      entryCostAfterDown({ lots: position.lots, entryCost: position.entryCost ?? 0n, fundingIndex: 0n }, change, price);
    // what changes hands does so at the mark
    const price = isDated ? marketOf(draft, named).mark : 0n;
    const gives = seriesPosition(instrument, lots - moved, halvings, isDated ? costAfter(held, -moved, price) : 0n);
    const has = seriesPosition(instrument, after, halvingsAfter(had, after, halvings), isDated ? costAfter(had, moved, price) : 0n);
    given[i] = gives;
    taken[place] = has;
    countOpenInterest(draft, index, instrument, [
      [held, gives],
      [had, has],
    ]);
    sold.push({ instrument, lots: moved });
  });
  draft.setAccount(withSeries(giver, index, given));
  const holds = withSeries(receiver, index, taken);
  draft.setAccount(holds);
  if (limited && seriesCountOf(holds) > MAX_SERIES_POSITIONS) revert("TooManySeriesPositions", to, MAX_SERIES_POSITIONS);
  if (limited) requireFewUnderlyings(receiver, holds);
  keepClock(draft, to, underlying);
  keepClock(draft, from, underlying);
  return sold;
}

/** An account with other positions in series of an underlying: what has no lots is left out, the rest keeps its order. */
function withSeries(account: Account, index: number, positions: readonly SeriesPosition[]): Account {
  const kept = positions.filter(({ lots }) => lots !== 0n);
  const series = new Map(account.series);
  if (kept.length === 0) series.delete(index);
  else series.set(index, kept);
  return { ...account, series };
}

/** The clock of a fund account runs from when its inventory left zero; what comes in later does not reset it. */
export function keepClock(draft: Draft, id: AccountId, underlying: bigint): void {
  if (ownerOf(id) !== draft.base.fund) return;
  const index = Number(underlying);
  const account = draft.account(id);
  const holds = account.positions.size !== 0 || account.series.size !== 0 || account.collateral.size !== 0;
  const before = draft.underlying(index);
  const inventorySince = holds ? before.fund.inventorySince || draft.now : 0n;
  draft.setUnderlying(index, { ...before, fund: { ...before.fund, inventorySince } });
}

/**
 * Makes up for what an insolvent account lacks: the fund accounts of its underlyings pay by the share of their scan, down to zero equity after
 * a top-up; the rest is deficit.
 * @param amount WAD
 * @param scans WAD, beside `underlyings`
 */
export function cover(draft: Draft, account: AccountId, amount: bigint, underlyings: readonly bigint[], scans: readonly bigint[]): void {
  let left = amount;
  if (underlyings.length === 0) {
    const drawn = drawForNone(draft, left);
    if (drawn !== 0n) draft.emit("ShortfallCovered", { account, payer: mainAccount(draft), amount: drawn });
    left -= drawn;
  }
  const sum = scans.reduce((total, scan) => total + scan, 0n);
  let unshared = amount;
  underlyings.forEach((underlying, i) => {
    const last = i === underlyings.length - 1 || sum === 0n;
    const share = last ? unshared : (amount * (scans[i] ?? 0n)) / sum;
    unshared -= share;
    left -= coverFrom(draft, account, share, underlying);
  });
  if (left !== 0n) addDeficit(draft, account, left);
}

function coverFrom(draft: Draft, account: AccountId, share: bigint, underlying: bigint): bigint {
  if (share === 0n) return 0n;
  const payer = fundAccountOf(draft, underlying);
  let { equity } = assess(portfolioOf(draft, payer), termsAt(draft.base.margin, draft.now), false);
  if (equity < share) equity += draw(draft, underlying, share - equity);
  const paid = min(share, max(equity, 0n));
  if (paid === 0n) return 0n;
  credit(draft, payer, -paid);
  draft.emit("ShortfallCovered", { account, payer, amount: paid });
  return paid;
}

/**
 * Moves up to `wanted` (WAD) of the main stake into the fund account of an underlying. An account that gets less has used up its cap, and where it holds
 * positions its water-line runs.
 */
export function draw(draft: Draft, underlying: bigint, wanted: bigint): bigint {
  const { reserved, unreserved } = roomOf(draft, underlying, stakeOf(draft), wanted);
  const drawn = reserved + unreserved;
  if (drawn < wanted) {
    if (!draft.shortfalls.has(Number(underlying))) draft.shortfalls.set(Number(underlying), 0n);
    if (holdsPositions(draft, fundAccountOf(draft, underlying))) keepWaterLine(draft, Number(underlying));
  }
  if (drawn === 0n) return 0n;
  count(draft, underlying, drawn);
  if (unreserved !== 0n) count(draft, UNRESERVED, unreserved);
  count(draft, ALL, drawn);
  credit(draft, mainAccount(draft), -drawn);
  credit(draft, fundAccountOf(draft, underlying), drawn);
  draft.emit("FundToppedUp", { underlying, amount: drawn });
  return drawn;
}

/** Whether an account holds a perpetual or something of a series. */
export function holdsPositions(draft: Draft, id: AccountId): boolean {
  return heldUnderlyings(draft.account(id)).size !== 0;
}

/** The main stake, as whoever draws of it finds it, WAD. */
export interface Stake {
  readonly left: bigint;
  readonly base: bigint; // without what was drawn in this epoch, so that who draws first takes nothing from what the next may count on
  readonly beside: bigint; // of what is reserved to no underlying, what others are to get beside what is counted
}

export function stakeOf(draft: Draft): Stake {
  const { epochLength } = draft.base.fundParameters;
  const cash = mainCash(draft);
  const used = usedInEpoch(draft.drawn, epochLength, draft.now);
  const bounties = usedInEpoch(draft.bounties, epochLength, draft.now);
  return { left: min(cash, MOST_COUNTED * COUNTED - used), base: cash + used + bounties, beside: 0n };
}

/** What of `wanted` (WAD) the main stake may give the fund account of an underlying: of what is reserved to it, then of what is reserved to none. */
export function roomOf(
  draft: Draft,
  underlying: bigint,
  stake: Stake,
  wanted: bigint,
): { readonly reserved: bigint; readonly unreserved: bigint } {
  const { fundParameters } = draft.base;
  const state = stateOf(draft, underlying);
  const used = usedLately(state, fundParameters.epochLength, draft.now);
  const most = min(min(wanted, stake.left), roomIn((stake.base * fundParameters.topUp) / PPM, used));
  const reserved = min(most, roomIn((stake.base * reservedPart(fundParameters, state)) / PPM, used));
  return { reserved, unreserved: reserved < most ? unreservedRoom(draft, stake, most - reserved) : 0n };
}

/** What of `wanted` fits into what is reserved to no underlying, less what is kept for bounties, WAD. */
function unreservedRoom(draft: Draft, { base, beside }: Stake, wanted: bigint): bigint {
  const { fundParameters } = draft.base;
  const used = usedLately(draft.unreserved, fundParameters.epochLength, draft.now) + beside;
  const cap = max(unreservedOf(fundParameters, base) - bountyCapOf(fundParameters), 0n);
  return min(wanted, roomIn(cap, used));
}

/** Pays what a keeper's bounty lacks, WAD, within the cap of the epoch and never for accounts below the smallest size. */
export function payBounty(draft: Draft, wanted: bigint, notional: bigint): bigint {
  if (notional < draft.base.liquidation.smallestNotional * WAD) return 0n;
  const { left, base } = stakeOf(draft);
  const { fundParameters } = draft.base;
  const used = usedLately(draft.bounties, fundParameters.epochLength, draft.now);
  const cap = min(bountyCapOf(fundParameters), unreservedOf(fundParameters, base));
  const paid = min(min(wanted, left), roomIn(cap, used));
  if (paid === 0n) return 0n;
  count(draft, BOUNTIES, paid);
  credit(draft, mainAccount(draft), -paid);
  return paid;
}

/** Words of the fund's state that belong to no underlying. */
export const UNRESERVED = 32n; // what the main stake gave that is reserved to no underlying, bounties apart
export const BOUNTIES = 33n;
export const ALL = 34n; // what the main stake gave to whomever, bounties apart

/** What is counted is counted in millionths of a settlement token, rounded up, in 64 bits. */
const COUNTED = 10n ** 12n;
const MOST_COUNTED = 2n ** 64n - 1n;

/** The part of the main stake that an underlying can count on, ppm: its weight of the whole cap, and no more than the cap for one underlying. */
export function reservedPart({ topUp, stakeCap, weights, unweighted }: FundParameters, { weight }: FundAccountState): bigint {
  return min(topUp, ((weight === 0n ? defaultWeight(weights, unweighted) : weight) * stakeCap) / PPM);
}

/** Underlyings without a weight share four fifths of what the others leave, ppm of the whole cap. */
function defaultWeight(weights: bigint, unweighted: bigint): bigint {
  return unweighted === 0n ? 0n : ((PPM - weights) * 4n) / (5n * unweighted);
}

/** What of a stake is reserved to no underlying, WAD. */
function unreservedOf({ stakeCap, weights, unweighted }: FundParameters, stake: bigint): bigint {
  const free = PPM - weights - unweighted * defaultWeight(weights, unweighted);
  return (stake * ((free * stakeCap) / PPM)) / PPM;
}

function bountyCapOf({ bountyCap }: FundParameters): bigint {
  return bountyCap * 10n ** 14n;
}

/** The stake, WAD. */
export function mainCash(draft: Draft): bigint {
  return max(draft.account(mainAccount(draft)).cash, 0n);
}

/** What an account without an underlying gets, WAD: never more than one underlying would. */
function drawForNone(draft: Draft, wanted: bigint): bigint {
  const { topUp, epochLength } = draft.base.fundParameters;
  const stake = stakeOf(draft);
  const used = usedLately(draft.unreserved, epochLength, draft.now);
  const most = min(min(wanted, stake.left), roomIn((stake.base * topUp) / PPM, used));
  const drawn = unreservedRoom(draft, stake, most);
  if (drawn === 0n) return 0n;
  count(draft, UNRESERVED, drawn);
  count(draft, ALL, drawn);
  credit(draft, mainAccount(draft), -drawn);
  return drawn;
}

function roomIn(cap: bigint, used: bigint): bigint {
  return max(min(cap, MOST_COUNTED * COUNTED) - used, 0n);
}

/**
 * What a word has granted, WAD, that may lie within one epoch's length of now: the epoch under way and the one before it. So no choice of moments gets more
 * than one cap in any span of an epoch's length; what was granted counts for one epoch at least and for two at most.
 */
function usedLately({ epochStart, drawn, drawnBefore }: FundAccountState, length: bigint, now: bigint): bigint {
  if (now < epochStart + length) return (drawn + drawnBefore) * COUNTED;
  return now < epochStart + 2n * length ? drawn * COUNTED : 0n;
}

/** What a word has granted in the epoch under way, WAD. */
function usedInEpoch({ epochStart, drawn }: FundAccountState, length: bigint, now: bigint): bigint {
  return now < epochStart + length ? drawn * COUNTED : 0n;
}

function count(draft: Draft, word: bigint, granted: bigint): void {
  const state = stateOf(draft, word);
  const { epochLength } = draft.base.fundParameters;
  const added = divUp(granted, COUNTED);
  if (draft.now < state.epochStart + epochLength) {
    setState(draft, word, { ...state, drawn: state.drawn + added });
    return;
  }
  // epochs begin at multiples of their length: nobody chooses when
  const aligned = draft.now - (draft.now % epochLength);
  const follows = draft.now < state.epochStart + 2n * epochLength;
  setState(draft, word, {
    ...state,
    epochStart: follows ? state.epochStart + epochLength : aligned,
    drawn: added,
    drawnBefore: follows ? state.drawn : 0n,
  });
}

function stateOf(draft: Draft, word: bigint): FundAccountState {
  if (word === UNRESERVED) return draft.unreserved;
  if (word === BOUNTIES) return draft.bounties;
  if (word === ALL) return draft.drawn;
  return draft.underlying(Number(word)).fund;
}

function setState(draft: Draft, word: bigint, state: FundAccountState): void {
  if (word === UNRESERVED) draft.unreserved = state;
  else if (word === BOUNTIES) draft.bounties = state;
  else if (word === ALL) draft.drawn = state;
  else draft.setUnderlying(Number(word), { ...draft.underlying(Number(word)), fund: state });
}
