import { nameOf, WITH_NEXT } from "../ledger/market.ts";
import { ownerOf } from "../types/accountId.ts";
import { revert } from "../types/errors.ts";
import { abs, fromPpm, min, partDown, partUp } from "../types/fixedPoint.ts";
import type { AccountId, Address } from "../types/types.ts";

/** What a maker signs; the struct `Order` of the contracts. */
export interface Order {
  readonly vault: Address;
  readonly account: AccountId;
  readonly signer: Address; // owner of the account or an operator with the trade scope
  readonly instrument: bigint; // the number of what is signed; see Terms
  readonly long: boolean; // the maker buys
  readonly limit: bigint; // WAD a lot
  readonly size: bigint; // lots
  readonly maxFee: bigint; // signed ppm of the notional; negative: the least rebate
  readonly reduceOnly: boolean;
  readonly validFrom: bigint; // the first second, unix: when it was signed, or later
  readonly validUntil: bigint; // the last second, before the expiry of what it trades
  readonly nonce: bigint;
  readonly epoch: bigint; // of the account
  readonly taker: AccountId; // 0: anyone
}

/** What a taker asks for in one instrument. */
export interface TakerLimit {
  readonly instrument: bigint;
  readonly long: boolean; // the taker buys
  readonly worst: bigint; // WAD a lot
  readonly lots: bigint; // at most
  readonly maxFee: bigint; // signed ppm of the notional
  readonly reduceOnly: boolean;
}

/** An order to take from. Whether its signature is good is for the caller to say: keys are not part of the engine. */
export interface MakerOrder {
  readonly order: Order;
  readonly lots: bigint; // to fill now, at most
  readonly signatureValid: boolean;
}

/** One instrument of a combo; the struct `Leg` of the contracts. */
export interface Leg {
  readonly instrument: bigint; // an option or a dated future
  readonly lots: bigint; // of a unit; positive: the maker buys
  readonly price: bigint; // WAD a lot, exact
}

/** What a maker signs to trade several instruments together or not at all; the struct `ComboOrder` of the contracts. */
export interface ComboOrder {
  readonly vault: Address;
  readonly account: AccountId;
  readonly signer: Address; // owner of the account or an operator with the trade scope
  readonly legs: readonly Leg[]; // two to eight
  readonly size: bigint; // units
  readonly maxFee: bigint; // signed ppm of the notional of each leg; negative: the least rebate
  readonly reduceOnly: boolean; // every leg reduces
  readonly validFrom: bigint; // the first second, unix: when it was signed, or later
  readonly validUntil: bigint; // the last second, before the expiry of what it trades
  readonly nonce: bigint; // shared with orders of one instrument
  readonly epoch: bigint; // of the account
  readonly taker: AccountId; // 0: anyone
}

/** What a taker asks for in one combo. */
export interface ComboLimit {
  readonly legs: readonly Pick<Leg, "instrument" | "lots">[]; // as the makers signed them
  readonly units: bigint; // at most
  readonly maxFee: bigint; // signed ppm of the notional of each leg
  readonly leastCash: bigint; // WAD, received for a unit at the prices of the legs; negative: paid at most
}

/** A combo order to take from. Its signature is not good where its legs are others than those of the limit. */
export interface ComboMaker {
  readonly order: ComboOrder;
  readonly units: bigint; // to fill now, at most
  readonly signatureValid: boolean;
}

/** A fill that the module proposes to the vault; the taker's account receives `lots`. */
export interface ProposedFill {
  readonly maker: AccountId;
  readonly instrument: bigint; // with WITH_NEXT for every leg of a combo but the last
  readonly lots: bigint; // signed
  readonly price: bigint; // WAD a lot
  readonly takerFee: bigint; // WAD
  readonly makerFee: bigint; // WAD, negative: a rebate
  readonly order: bigint; // FillOrderWord; see orderOfFill
}

/** The order of a fill, as the log has it. */
export interface OrderOfFill {
  readonly nonce: bigint;
  readonly counted: bigint; // under the nonce: lots, or for the first leg of a combo the units and for the others nothing
  readonly module: bigint; // index of the module under which it counts, as the log says; 0 in a fill that is proposed
}

/** What a module says of the order of a fill; the inverse is {@link orderOfFill}. */
export function fillOrderWord({ nonce, counted }: Omit<OrderOfFill, "module">): bigint {
  return nonce | (counted << 40n);
}

/** Of the word that the events Filled and FillSkipped have. @example orderOfFill(event.args.order).nonce */
export function orderOfFill(word: bigint): OrderOfFill {
  return { nonce: BigInt.asUintN(40, word), counted: BigInt.asUintN(48, word >> 40n), module: BigInt.asUintN(8, word >> 88n) };
}

/** The name of the custom error whose selector the event OrderSkipped carries. */
export type SkipReason =
  | "NoTakerLimit"
  | "SelfTrade"
  | "ZeroLots"
  | "PriceBeyondLimit"
  | "SeriesExpired"
  | "OrderExpired"
  | "OrderNotYetValid"
  | "TakerNotNamed"
  | "MakerFeeAboveCap"
  | "OrderCancelled"
  | "OrderUsedUp"
  | "EpochPassed"
  | "SignerNotAuthorised"
  | "NothingToReduce"
  | "SignatureInvalid"
  | "CashBelowLimit"
  | "PricesDiffer";

export interface SkippedOrder {
  readonly account: AccountId;
  readonly nonce: bigint;
  readonly reason: SkipReason;
}

/** What is remembered of one nonce of one account. */
export interface NonceState {
  readonly filled: bigint; // lots, or units of a combo
  readonly cancelled: boolean;
}

/** Every nonce that was used, by `nonceKey`. */
export type NonceStates = ReadonlyMap<string, NonceState>;

/** Parts per million of the notional, fixed at deployment; the maker's may be negative. */
export interface OrderFees {
  readonly taker: bigint;
  readonly maker: bigint;
}

/** What the vault says of an account; the view `contextOf`. */
export interface OrderContext {
  readonly authorised: boolean;
  readonly epoch: bigint;
  readonly lots: bigint; // signed, of the instrument
}

/** The vault as orders see it. */
export interface OrderBooks {
  readonly now: bigint; // unix seconds
  readonly contextOf: (account: AccountId, signer: Address, instrument: bigint) => OrderContext;
  /** Of the series of an instrument; 0 of a perpetual. Throws Reverted `UnknownSeries` where there is none. */
  readonly expiryOf: (instrument: bigint) => bigint;
}

export interface OrderTrade {
  readonly fills: readonly ProposedFill[];
  readonly skipped: readonly SkippedOrder[];
  readonly nonces: NonceStates; // after the trade
}

export const UNDERLYINGS = 32n;
const FIRST_SERIES = 1n << 8n;
const LEAST_LEGS = 2n;
const MOST_LEGS = 8n;
const FRESH: NonceState = { filled: 0n, cancelled: false };

export function nonceKey(account: AccountId, nonce: bigint): string {
  return `${account}:${nonce}`;
}

/** The state of one nonce; unused nonces are neither filled nor cancelled. */
export function nonceState(nonces: NonceStates, account: AccountId, nonce: bigint): NonceState {
  return nonces.get(nonceKey(account, nonce)) ?? FRESH;
}

/**
 * The fills that OrderSettlement proposes for one Trade of `taker`, and the counters after it.
 * @param actor who calls execute: the owner of `taker` or an operator
 * @throws Reverted UnknownInstrument, TakerFeeAboveCap, NothingToReduce: mistakes of the taker; those of makers are in `skipped`
 * @example
 * const { fills } = fillOrders(books, new Map(), { taker: 500n, maker: -200n }, alice, ownerOf(alice), [limit], [{ order, lots: 5n, signatureValid: true }]);
 */
export function fillOrders(
  books: OrderBooks,
  nonces: NonceStates,
  fees: OrderFees,
  taker: AccountId,
  actor: Address,
  limits: readonly TakerLimit[],
  makers: readonly MakerOrder[],
): OrderTrade {
  const after = new Map(nonces);
  const fills: ProposedFill[] = [];
  const skipped: SkippedOrder[] = [];
  const wanted = limits.map((limit) => wantedLots(books, fees, taker, actor, limit));

  for (const maker of makers) {
    const { order } = maker;
    const which = limits.findIndex((limit) => limit.instrument === order.instrument && limit.long !== order.long);
    const limit = limits[which];
    const open = wanted[which];
    if (limit === undefined || open === undefined) {
      skipped.push({ account: order.account, nonce: order.nonce, reason: "NoTakerLimit" });
      continue;
    }
    if (open === 0n) continue; // the taker has all it wants
    const fill = propose(books, after, fees, taker, limit, open, fills, maker);
    if (typeof fill === "string") {
      skipped.push({ account: order.account, nonce: order.nonce, reason: fill });
      continue;
    }
    countFill(after, fill);
    wanted[which] = open - abs(fill.lots);
    fills.push(fill);
  }
  return { fills, skipped, nonces: after };
}

/**
 * The fill of one order within one limit, or why there is none.
 * @param limit of the same instrument, on the other side
 * @param open lots that the taker still wants
 * @param earlier fills that were proposed before it in the same trade
 */
export function propose(
  books: OrderBooks,
  nonces: NonceStates,
  fees: OrderFees,
  taker: AccountId,
  limit: TakerLimit,
  open: bigint,
  earlier: readonly ProposedFill[],
  maker: MakerOrder,
): ProposedFill | SkipReason {
  const { order } = maker;
  const lots = judge(books, nonces, fees, taker, limit, open, earlier, maker);
  if (typeof lots === "string") return lots;
  return {
    maker: order.account,
    instrument: order.instrument,
    lots: order.long ? -lots : lots,
    price: order.limit,
    ...feesOn(lots * order.limit, fees),
    order: fillOrderWord({ nonce: order.nonce, counted: lots }),
  };
}

/** Counts a fill under the nonce of its order. */
export function countFill(nonces: Map<string, NonceState>, fill: ProposedFill): void {
  const { nonce, counted } = orderOfFill(fill.order);
  const state = nonceState(nonces, fill.maker, nonce);
  nonces.set(nonceKey(fill.maker, nonce), { ...state, filled: state.filled + counted });
}

/**
 * The fills that OrderSettlement proposes for one Trade of `taker` in a combo, and the counters after it.
 * @throws Reverted LegsOutOfBounds, UnknownInstrument, TakerFeeAboveCap: mistakes of the taker; those of makers are in `skipped`
 * @example
 * const limit = { legs: [{ instrument, lots: 1n }, { instrument: higher, lots: -1n }], units: 10n, maxFee: 500n, leastCash: 3n * WAD };
 * const { fills } = fillCombos(books, new Map(), { taker: 500n, maker: -200n }, alice, limit, [{ order, units: 10n, signatureValid: true }]);
 */
export function fillCombos(
  books: OrderBooks,
  nonces: NonceStates,
  fees: OrderFees,
  taker: AccountId,
  limit: ComboLimit,
  makers: readonly ComboMaker[],
): OrderTrade {
  requireCombo(books, limit, fees);
  const after = new Map(nonces);
  const fills: ProposedFill[] = [];
  const skipped: SkippedOrder[] = [];
  let wanted = limit.units;
  for (const maker of makers) {
    if (wanted === 0n) break; // the taker has all it wants
    const { order } = maker;
    const judged = judgeCombo(books, after, fees, taker, { ...limit, units: wanted }, fills, maker);
    if (typeof judged === "string") {
      skipped.push({ account: order.account, nonce: order.nonce, reason: judged });
      continue;
    }
    const state = nonceState(after, order.account, order.nonce);
    after.set(nonceKey(order.account, order.nonce), { ...state, filled: state.filled + judged });
    wanted -= judged;
    for (const [i, { instrument, lots }] of limit.legs.entries()) {
      const { price } = order.legs[i]!;
      fills.push({
        maker: order.account,
        instrument: i === limit.legs.length - 1 ? instrument : WITH_NEXT | instrument,
        lots: -lots * judged,
        price,
        ...feesOn(abs(lots * judged) * price, fees),
        order: fillOrderWord({ nonce: order.nonce, counted: i === 0 ? judged : 0n }),
      });
    }
  }
  return { fills, skipped, nonces: after };
}

/** What a taker receives for a unit of a combo, WAD; negative: pays. */
export function comboCash(legs: readonly Leg[]): bigint {
  return legs.reduce((cash, { lots, price }) => cash + lots * price, 0n);
}

/** The fees of a fill of a notional value, WAD; rounded against who pays. */
export function feesOn(notional: bigint, fees: OrderFees): { readonly takerFee: bigint; readonly makerFee: bigint } {
  return {
    takerFee: partUp(notional, fromPpm(fees.taker)),
    makerFee: fees.maker < 0n ? -partDown(notional, fromPpm(-fees.maker)) : partUp(notional, fromPpm(fees.maker)),
  };
}

/** The counters after the vault did not apply some of `fills`: what it dropped is given back to the orders. */
export function dropFills(nonces: NonceStates, fills: readonly ProposedFill[]): NonceStates {
  const after = new Map(nonces);
  for (const fill of fills) {
    const { nonce, counted } = orderOfFill(fill.order);
    const state = nonceState(after, fill.maker, nonce);
    after.set(nonceKey(fill.maker, nonce), { ...state, filled: state.filled - counted });
  }
  return after;
}

/** The counters after `account` cancelled `list`. */
export function cancelNonces(nonces: NonceStates, account: AccountId, list: readonly bigint[]): NonceStates {
  const after = new Map(nonces);
  for (const nonce of list) {
    if (nonce >= 1n << 40n) revert("NonceTooLarge", nonce);
    after.set(nonceKey(account, nonce), { ...nonceState(after, account, nonce), cancelled: true });
  }
  return after;
}

/** Whether nothing is filled any more of an instrument: nothing is signed for longer than its series. */
function hasExpired(books: OrderBooks, instrument: bigint): boolean {
  const expiry = books.expiryOf(instrument);
  return expiry !== 0n && books.now >= expiry;
}

function requireCombo(books: OrderBooks, { legs, maxFee }: ComboLimit, fees: OrderFees): void {
  const count = BigInt(legs.length);
  if (count < LEAST_LEGS || count > MOST_LEGS) revert("LegsOutOfBounds", count, count);
  for (const { instrument } of legs) {
    if (instrument < FIRST_SERIES || BigInt.asUintN(8, instrument) >= UNDERLYINGS) revert("UnknownInstrument", instrument);
    books.expiryOf(instrument);
  }
  if (fees.taker > maxFee) revert("TakerFeeAboveCap", fees.taker, maxFee);
}

/** The lots that a taker wants within a limit. @throws Reverted `UnknownInstrument`, `TakerFeeAboveCap`, `NothingToReduce` */
export function wantedLots(books: OrderBooks, fees: OrderFees, taker: AccountId, actor: Address, limit: TakerLimit): bigint {
  if (BigInt.asUintN(8, limit.instrument) >= UNDERLYINGS) revert("UnknownInstrument", limit.instrument);
  books.expiryOf(limit.instrument);
  if (fees.taker > limit.maxFee) revert("TakerFeeAboveCap", fees.taker, limit.maxFee);
  if (!limit.reduceOnly) return limit.lots;
  const held = books.contextOf(taker, actor, limit.instrument).lots;
  const most = reducible(held, limit.long);
  if (most === 0n) revert("NothingToReduce", held);
  return min(most, limit.lots);
}

/** The units to fill, or why none. */
function judgeCombo(
  books: OrderBooks,
  nonces: NonceStates,
  fees: OrderFees,
  taker: AccountId,
  limit: ComboLimit,
  earlier: readonly ProposedFill[],
  { order, units, signatureValid }: ComboMaker,
): bigint | SkipReason {
  if (order.legs.length !== limit.legs.length) return "PricesDiffer";
  const legs = limit.legs.map((leg, i) => ({ ...leg, price: order.legs[i]!.price }));
  if (comboCash(legs) < limit.leastCash) return "CashBelowLimit";
  if (legs.some(({ instrument }) => hasExpired(books, instrument))) return "SeriesExpired";
  if (order.account === taker) return "SelfTrade";
  const stands = judgeOrder(books, nonces, fees, taker, order, min(units, limit.units));
  if (typeof stands === "string") return stands;
  let judged = stands.lots;
  if (order.reduceOnly) {
    for (const { instrument, lots } of legs) {
      if (lots === 0n) return "NothingToReduce";
      const held = books.contextOf(order.account, signerOf(order), instrument).lots;
      const against = proposedAgainst(earlier, order.account, instrument, lots > 0n);
      judged = min(judged, reducible(held - against, lots > 0n) / abs(lots));
      if (judged === 0n) return "NothingToReduce";
    }
  }
  return signatureValid ? judged : "SignatureInvalid";
}

/** The lots to fill, or why none. */
function judge(
  books: OrderBooks,
  nonces: NonceStates,
  fees: OrderFees,
  taker: AccountId,
  limit: TakerLimit,
  open: bigint,
  earlier: readonly ProposedFill[],
  { order, lots: asked, signatureValid }: MakerOrder,
): bigint | SkipReason {
  if (order.long ? order.limit < limit.worst : order.limit > limit.worst) return "PriceBeyondLimit";
  if (hasExpired(books, order.instrument)) return "SeriesExpired";
  if (order.account === taker) return "SelfTrade";
  const stands = judgeOrder(books, nonces, fees, taker, order, min(asked, open));
  if (typeof stands === "string") return stands;
  let { lots } = stands;
  if (order.reduceOnly) {
    const held = books.contextOf(order.account, signerOf(order), order.instrument).lots;
    lots = min(lots, reducible(held - proposedAgainst(earlier, order.account, order.instrument, order.long), order.long));
    if (lots === 0n) return "NothingToReduce";
  }
  return signatureValid ? lots : "SignatureInvalid";
}

/** What depends neither on the instruments of an order nor on its prices: how much of it is left of what is asked for, or why nothing. */
function judgeOrder(
  books: OrderBooks,
  nonces: NonceStates,
  fees: OrderFees,
  taker: AccountId,
  order: Order | ComboOrder,
  asked: bigint,
): { readonly lots: bigint } | SkipReason {
  if (books.now > order.validUntil) return "OrderExpired";
  if (books.now < order.validFrom) return "OrderNotYetValid";
  if (order.taker !== 0n && order.taker !== taker) return "TakerNotNamed";
  if (fees.maker > order.maxFee) return "MakerFeeAboveCap";
  if (asked === 0n) return "ZeroLots";

  const { filled, cancelled } = nonceState(nonces, order.account, order.nonce);
  if (cancelled) return "OrderCancelled";
  if (filled >= order.size) return "OrderUsedUp";
  const { epoch, authorised } = books.contextOf(order.account, signerOf(order), 0n);
  if (epoch !== order.epoch) return "EpochPassed";
  if (!authorised) return "SignerNotAuthorised";
  return { lots: min(asked, order.size - filled) };
}

/** What earlier fills take from the position that a buy (`long`) or a sale reduces. Those that would add to it do not count: the vault may drop them. */
function proposedAgainst(earlier: readonly ProposedFill[], account: AccountId, instrument: bigint, long: boolean): bigint {
  return earlier
    .filter((fill) => fill.maker === account && nameOf(fill.instrument) === instrument && fill.lots < 0n === long)
    .reduce((sum, fill) => sum + fill.lots, 0n);
}

/** The signer of an order; the zero address stands for the owner of the account, as it does in calldata. */
export function signerOf(order: Pick<Order, "account" | "signer">): Address {
  return BigInt(order.signer) === 0n ? ownerOf(order.account) : order.signer;
}

/** The lots that a buy (`long`) or a sale can take off `held` without crossing zero. */
function reducible(held: bigint, long: boolean): bigint {
  return held < 0n === long ? abs(held) : 0n;
}
