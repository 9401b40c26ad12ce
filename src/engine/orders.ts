import { ownerOf } from "./accountId.ts";
import { revert } from "./errors.ts";
import { abs, fromPpm, min, partDown, partUp } from "./fixedPoint.ts";
import type { AccountId, Address } from "./types.ts";

/** What a maker signs; the struct `Order` of the contracts. */
export interface Order {
  readonly vault: Address;
  readonly account: AccountId;
  readonly signer: Address; // owner of the account or an operator with the trade scope
  readonly instrument: bigint;
  readonly long: boolean; // the maker buys
  readonly limit: bigint; // WAD a lot
  readonly size: bigint; // lots
  readonly maxFee: bigint; // signed ppm of the notional; negative: the least rebate
  readonly reduceOnly: boolean;
  readonly expiry: bigint; // the last second, unix
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

/** A fill that the module proposes to the vault; the taker's account receives `lots`. */
export interface ProposedFill {
  readonly maker: AccountId;
  readonly instrument: bigint;
  readonly lots: bigint; // signed
  readonly price: bigint; // WAD a lot
  readonly takerFee: bigint; // WAD
  readonly makerFee: bigint; // WAD, negative: a rebate
  readonly nonce: bigint; // of the order
}

/** The name of the custom error whose selector the event OrderSkipped carries. */
export type SkipReason =
  | "NoTakerLimit"
  | "SelfTrade"
  | "ZeroLots"
  | "PriceBeyondLimit"
  | "OrderExpired"
  | "TakerNotNamed"
  | "MakerFeeAboveCap"
  | "OrderCancelled"
  | "OrderUsedUp"
  | "EpochPassed"
  | "SignerNotAuthorised"
  | "NothingToReduce"
  | "SignatureInvalid";

export interface SkippedOrder {
  readonly account: AccountId;
  readonly nonce: bigint;
  readonly reason: SkipReason;
}

/** What is remembered of one nonce of one account. */
export interface NonceState {
  readonly filled: bigint; // lots
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
  readonly lots: bigint; // signed, of the instrument's perpetual
}

/** The vault as orders see it. */
export interface OrderBooks {
  readonly now: bigint; // unix seconds
  readonly contextOf: (account: AccountId, signer: Address, instrument: bigint) => OrderContext;
}

export interface OrderTrade {
  readonly fills: readonly ProposedFill[];
  readonly skipped: readonly SkippedOrder[];
  readonly nonces: NonceStates; // after the trade
}

const UNDERLYINGS = 32n;
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
    const judged = judge(books, after, fees, taker, limit, open, fills, maker);
    if (typeof judged === "string") {
      skipped.push({ account: order.account, nonce: order.nonce, reason: judged });
      continue;
    }
    const state = nonceState(after, order.account, order.nonce);
    after.set(nonceKey(order.account, order.nonce), { ...state, filled: state.filled + judged });
    wanted[which] = open - judged;
    const notional = judged * order.limit;
    fills.push({
      maker: order.account,
      instrument: order.instrument,
      lots: order.long ? -judged : judged,
      price: order.limit,
      takerFee: partUp(notional, fromPpm(fees.taker)),
      makerFee: fees.maker < 0n ? -partDown(notional, fromPpm(-fees.maker)) : partUp(notional, fromPpm(fees.maker)),
      nonce: order.nonce,
    });
  }
  return { fills, skipped, nonces: after };
}

/** The counters after the vault did not apply some of `fills`: what it dropped is given back to the orders. */
export function dropFills(nonces: NonceStates, fills: readonly ProposedFill[]): NonceStates {
  const after = new Map(nonces);
  for (const fill of fills) {
    const state = nonceState(after, fill.maker, fill.nonce);
    after.set(nonceKey(fill.maker, fill.nonce), { ...state, filled: state.filled - abs(fill.lots) });
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

function wantedLots(books: OrderBooks, fees: OrderFees, taker: AccountId, actor: Address, limit: TakerLimit): bigint {
  if (BigInt.asUintN(8, limit.instrument) >= UNDERLYINGS) revert("UnknownInstrument", limit.instrument);
  if (fees.taker > limit.maxFee) revert("TakerFeeAboveCap", fees.taker, limit.maxFee);
  if (!limit.reduceOnly) return limit.lots;
  const held = books.contextOf(taker, actor, limit.instrument).lots;
  const most = reducible(held, limit.long);
  if (most === 0n) revert("NothingToReduce", held);
  return min(most, limit.lots);
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
  if (order.account === taker) return "SelfTrade";
  if (order.long ? order.limit < limit.worst : order.limit > limit.worst) return "PriceBeyondLimit";
  if (books.now > order.expiry) return "OrderExpired";
  if (order.taker !== 0n && order.taker !== taker) return "TakerNotNamed";
  if (fees.maker > order.maxFee) return "MakerFeeAboveCap";
  if (asked === 0n) return "ZeroLots";

  const { filled, cancelled } = nonceState(nonces, order.account, order.nonce);
  if (cancelled) return "OrderCancelled";
  if (filled >= order.size) return "OrderUsedUp";
  let lots = min(min(asked, open), order.size - filled);

  const context = books.contextOf(order.account, signerOf(order), order.instrument);
  if (context.epoch !== order.epoch) return "EpochPassed";
  if (!context.authorised) return "SignerNotAuthorised";
  if (order.reduceOnly) {
    // fills that would add to the position do not count: the vault may drop them
    const against = earlier
      .filter((fill) => fill.maker === order.account && fill.instrument === order.instrument && fill.lots < 0n === order.long)
      .reduce((sum, fill) => sum + fill.lots, 0n);
    lots = min(lots, reducible(context.lots - against, order.long));
    if (lots === 0n) return "NothingToReduce";
  }
  return signatureValid ? lots : "SignatureInvalid";
}

/** The signer of an order; the zero address stands for the owner of the account, as it does in calldata. */
export function signerOf(order: Order): Address {
  return BigInt(order.signer) === 0n ? ownerOf(order.account) : order.signer;
}

/** The lots that a buy (`long`) or a sale can take off `held` without crossing zero. */
function reducible(held: bigint, long: boolean): bigint {
  return held < 0n === long ? abs(held) : 0n;
}
