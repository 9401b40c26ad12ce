import { reviewExchange } from "../actions/exchange.ts";
import { moduleOf, newTrade, remember, requireLeastPosition, testMargin } from "../actions/execute.ts";
import { settle } from "../actions/trading.ts";
import { fundIncome } from "../ledger/deficit.ts";
import { type Draft, type Outcome, transact } from "../ledger/draft.ts";
import { lotsOf } from "../ledger/ledger.ts";
import { authorise, mayAct, SCOPE_TRADE } from "../ledger/operators.ts";
import { accountIdOf } from "../types/accountId.ts";
import { revert } from "../types/errors.ts";
import { abs } from "../types/fixedPoint.ts";
import type { AccountId, Address, State } from "../types/types.ts";
import {
  countFill,
  type MakerOrder,
  type NonceState,
  type NonceStates,
  type OrderBooks,
  propose,
  type TakerLimit,
  UNDERLYINGS,
  wantedLots,
} from "./orders.ts";

const MOST_MAKERS = 128n;

/** Signed orders of one module in one perpetual, and what their taker asks for. */
export interface Taking {
  readonly taker: AccountId;
  readonly module: number;
  readonly limit: TakerLimit;
  readonly minimumLots: bigint;
  readonly makers: readonly MakerOrder[];
}

/** What orders see of a vault in which nothing but perpetuals is traded. */
export function booksOf(draft: Draft): OrderBooks {
  return {
    now: draft.now,
    contextOf: (account, signer, instrument) => ({
      authorised: mayAct(draft, account, signer, SCOPE_TRADE),
      epoch: draft.account(account).epoch,
      lots: lotsOf(draft.account(account), Number(instrument)),
    }),
    expiryOf: () => 0n,
  };
}

/**
 * Orders that the vault judges and fills itself, one by one, as its `take`.
 * @param actor who calls: the owner of `taker` or an operator with the trade scope
 * @param nonces of the module
 * @returns the state afterwards, the events of the vault, and the nonces
 * @throws Reverted with the name and arguments of the vault's error
 * @example
 * const { nonces: after } = take(state, ownerOf(taker), new Map(), { taker, module: 1, limit, minimumLots: 0n, makers });
 */
export function take(state: State, actor: Address, nonces: NonceStates, taking: Taking): Outcome & { readonly nonces: NonceStates } {
  const after = new Map(nonces);
  const outcome = transact(state, (draft) => takeOn(draft, actor, after, taking));
  return { ...outcome, nonces: after };
}

function takeOn(draft: Draft, actor: Address, nonces: Map<string, NonceState>, taking: Taking): void {
  const { taker, module, limit, minimumLots, makers } = taking;
  authorise(draft, taker, actor, SCOPE_TRADE);
  const count = BigInt(makers.length);
  if (count > MOST_MAKERS) revert("TooManyFills", count, MOST_MAKERS);
  const listed = moduleOf(draft, module);
  const fees = listed.orderFees;
  if (fees === undefined) revert("NotTaken", BigInt(module));
  if (fees.taker > limit.maxFee) revert("TakerFeeAboveCap", fees.taker, limit.maxFee);
  if (limit.instrument >= UNDERLYINGS) revert("UnknownInstrument", limit.instrument);
  const price = draft.findUnderlying(Number(limit.instrument))?.price ?? 0n;
  if (price === 0n) revert("UnknownUnderlying", limit.instrument);
  const books = booksOf(draft);
  let wanted = wantedLots(books, fees, taker, actor, limit);

  const trade = newTrade(draft, taker, module, listed);
  const touched = remember(draft, taker, false);
  const before = draft.account(taker);
  const pass = ({ order: { account, nonce } }: MakerOrder, reason: string): void => draft.emit("OrderSkipped", { account, nonce, reason });
  for (const maker of makers.map((each) => asTaken(taker, each))) {
    const { order } = maker;
    if (order.instrument !== limit.instrument || order.long === limit.long) {
      pass(maker, "NoTakerLimit");
      continue;
    }
    if (wanted === 0n) continue; // the taker has all it wants
    // what was filled before is in the books: nothing is only proposed
    const fill = propose(books, nonces, fees, taker, limit, wanted, [], maker);
    if (typeof fill === "string") {
      pass(maker, fill);
      continue;
    }
    wanted -= abs(fill.lots);
    if (settle(draft, trade, touched, [fill])) countFill(nonces, fill);
  }
  if (trade.filled < minimumLots) revert("FilledTooLittle", trade.filled, minimumLots);
  requireLeastPosition(draft, before, limit.instrument);
  if (trade.fees !== 0n) fundIncome(draft, accountIdOf(draft.base.fund), trade.fees);
  if (trade.filled !== 0n) testMargin(draft, touched);
  reviewExchange(draft, taker);
}

/** An order as it travels: that it names another taker than who takes it is not said, so what is hashed is not what was signed. */
function asTaken(taker: AccountId, maker: MakerOrder): MakerOrder {
  const { order } = maker;
  if (order.taker === 0n || order.taker === taker) return maker;
  return { ...maker, order: { ...order, taker: 0n }, signatureValid: false };
}
