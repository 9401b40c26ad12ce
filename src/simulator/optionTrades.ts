import type { Wallet } from "ethers";
import { comboCash } from "../engine/orders/orders.ts";
import { accountIdOf } from "../engine/types/accountId.ts";
import { abs, min } from "../engine/types/fixedPoint.ts";
import type { State } from "../engine/types/types.ts";
import { type EncodedAction, tradeAction } from "../sdk/actions.ts";
import { type Call, executeCall } from "../sdk/calls.ts";
import { buildCombo, encodeCombos, signCombo } from "../sdk/combos.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { buildOrder, encodeFills, type OrderVenue, signOrder } from "../sdk/orders.ts";
import { listedIn, orderVenue } from "../sdk/series.ts";
import type { Hedge } from "./hedging.ts";
import { markOf } from "./marks.ts";
import type { Position, SizedOptionTrader } from "./optionTraders.ts";

// How option traders trade: at marks, against market makers who sign for each what it takes.

const HIGHEST_FEE = 10_000n; // ppm
const FAR_FUTURE = 2n ** 36n - 1n;
const GAS = 15_000_000;
/** Nonces that one trader uses up with one maker when it opens. */
const NONCES_OF_A_TRADER = 2;

/** The maker whose turn it is, and its next nonce. */
type Quote = { readonly record: DeploymentRecord; readonly state: State; readonly maker: Wallet; readonly nonce: bigint };

/**
 * The trades with which option traders open: each takes the perpetual from one order, and all its options and futures together from one combo, or from an
 * order where it is but one.
 * @param state the vault when they trade
 */
export async function openingCalls(
  record: DeploymentRecord,
  state: State,
  traders: readonly SizedOptionTrader[],
  makers: readonly Wallet[],
): Promise<Call[]> {
  return Promise.all(
    traders.map(async ({ wallet, account, positions }, i) => {
      const nonce = BigInt(i * NONCES_OF_A_TRADER);
      const quote = { record, state, maker: makerOf(makers, i), nonce };
      const dated = positions.filter(({ instrument }) => instrument > 0xffn);
      const alone = [...positions.filter(({ instrument }) => instrument <= 0xffn), ...(dated.length === 1 ? dated : [])];
      const actions = await Promise.all(
        alone.map((position, leg) => orderAction({ ...quote, nonce: nonce + BigInt(leg) }, account, position)),
      );
      if (dated.length > 1) actions.push(await comboAction({ ...quote, nonce: nonce + BigInt(alone.length) }, account, dated));
      return executeCall(record, wallet.address, actions, GAS);
    }),
  );
}

/**
 * The trades of `hedges`, at the marks.
 * @param state the vault when they trade
 * @param nonce of the first order; the others follow
 */
export async function hedgeCalls(
  record: DeploymentRecord,
  state: State,
  hedges: readonly Hedge[],
  makers: readonly Wallet[],
  nonce: bigint,
): Promise<Call[]> {
  return Promise.all(
    hedges.map(async ({ trader: { wallet, account }, instrument, lots }, i) => {
      const quote = { record, state, maker: makerOf(makers, i), nonce: nonce + BigInt(i) };
      return executeCall(record, wallet.address, [await orderAction(quote, account, { instrument, lots })], GAS);
    }),
  );
}

function makerOf(makers: readonly Wallet[], turn: number): Wallet {
  const maker = makers[turn % makers.length];
  if (maker === undefined) throw new RangeError("options are traded against market makers");
  return maker;
}

const signedBy = ({ record, maker, nonce }: Quote, taker: bigint, venue: OrderVenue, instruments: readonly bigint[]) => ({
  vault: record.contracts.vault,
  account: accountIdOf(maker.address),
  maxFee: HIGHEST_FEE,
  // an order ends before what it trades
  validUntil: instruments
    .map((each) => venue.termsOf(each).expiry)
    .reduce((last, end) => (end !== 0n ? min(last, end - 1n) : last), FAR_FUTURE),
  nonce,
  taker,
});

const venueOf = ({ record, state }: Quote): OrderVenue => orderVenue(record, listedIn(record, state.underlyings));

/** A trade in one instrument. */
async function orderAction(quote: Quote, account: bigint, { instrument, lots }: Position): Promise<EncodedAction> {
  const [long, size, limit] = [lots > 0n, abs(lots), markOf(quote.state, instrument)];
  const venue = venueOf(quote);
  const order = buildOrder({ ...signedBy(quote, account, venue, [instrument]), instrument, long: !long, limit, size });
  const fill = { ...(await signOrder(quote.maker, venue, order)), lots: size };
  const asked = { instrument, long, worst: limit, lots: size, maxFee: HIGHEST_FEE, reduceOnly: false };
  return tradeAction(account, quote.record.modules.orders, encodeFills([asked], [fill]), size);
}

/** A trade in several instruments, together or not at all. */
async function comboAction(quote: Quote, account: bigint, positions: readonly Position[]): Promise<EncodedAction> {
  const units = positions.reduce((divisor, { lots }) => greatestDivisor(divisor, abs(lots)), 0n);
  const legs = positions.map(({ instrument, lots }) => ({ instrument, lots: -lots / units, price: markOf(quote.state, instrument) }));
  const venue = venueOf(quote);
  const instruments = legs.map(({ instrument }) => instrument);
  const order = buildCombo({ ...signedBy(quote, account, venue, instruments), legs, size: units });
  const signed = await signCombo(quote.maker, venue, order);
  const limit = { legs: order.legs, units, maxFee: HIGHEST_FEE, leastCash: comboCash(order.legs) };
  const lots = positions.reduce((sum, each) => sum + abs(each.lots), 0n);
  return tradeAction(account, quote.record.modules.orders, encodeCombos(limit, [{ ...signed, units }]), lots);
}

function greatestDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestDivisor(b, a % b);
}
