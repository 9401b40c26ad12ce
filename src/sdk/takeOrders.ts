import { concat, recoverAddress, Signature, toBeHex } from "ethers";
import { signerOf, type TakerLimit } from "../engine/orders/orders.ts";
import type { AccountId, Address } from "../engine/types/types.ts";
import { tradeAction } from "./actions.ts";
import { type Call, executeCall, vaultCall } from "./calls.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import {
  encodeFills,
  hashOrder,
  type OrderFill,
  type OrderVenue,
  packMaker,
  packTakerLimit,
  type SignedOrder,
  unsigned,
} from "./orders.ts";
import { orderVenue } from "./series.ts";

const FIRST_SERIES = 1n << 8n;
const MOST_MAKERS = 128;
const MOST_LOTS = 2n ** 48n - 1n;
const NAMES_TAKER = 1n << 254n;

/** What a taker asks for, and of whom. */
export interface Taking {
  readonly taker: AccountId;
  readonly limits: readonly TakerLimit[];
  readonly makers: readonly OrderFill[];
  /** Reverts where fewer lots are filled. */
  readonly minimumLots: bigint;
}

/** The deployment as a taker needs to know it. */
export type TakingVenue = Pick<DeploymentRecord, "chainId" | "contracts" | "underlyings" | "modules">;

/**
 * The call that takes `makers`: the vault's own `take`, for some 20,000 gas less and 10,000 a maker, where it can, otherwise a Trade through the
 * module. Both fill the same orders, count them together, and pass over the same ones for the same reasons.
 * @param from the owner of the taking account, or an operator with the trade scope
 * @example
 * const account = accountIdOf(wallet.address);
 * const request = { vault: record.contracts.vault, account, instrument: 0n, nonce: 7n, validUntil: 2n ** 33n };
 * const order = buildOrder({ ...request, long: true, limit: parseDecimal("0.2"), size: 10_000n, maxFee: 500n });
 * const signed = await signOrder(wallet, orderVenue(record), order);
 * const limit = { instrument: 0n, long: false, worst: order.limit, lots: 100n, maxFee: 500n, reduceOnly: false };
 * const taking = { taker: accountIdOf(record.deployer), limits: [limit], makers: [{ ...signed, lots: 100n }], minimumLots: 100n };
 * interfaceOf("IMarginVault").parseTransaction(takeOrders(record, record.deployer, taking))!.name // "take"
 */
export function takeOrders(record: DeploymentRecord, from: Address, taking: Taking, gas?: number): Call {
  if (canTake(orderVenue(record), taking)) return takeCall(record, from, taking, gas);
  const { taker, limits, makers, minimumLots } = taking;
  return executeCall(record, from, [tradeAction(taker, record.modules.orders, encodeFills(limits, makers), minimumLots)], gas);
}

/** Whether the vault can take these without the module: one perpetual, every maker a key, and as many lots asked for as an order may have. */
export function canTake(venue: OrderVenue, { taker, limits, makers, minimumLots }: Taking): boolean {
  const [limit, ...more] = limits;
  if (
    minimumLots > MOST_LOTS ||
    limit === undefined ||
    more.length !== 0 ||
    limit.instrument >= FIRST_SERIES ||
    makers.length > MOST_MAKERS
  )
    return false;
  return makers.every((maker) => (maker.order.taker === 0n || maker.order.taker === taker) && isSignedByKey(venue, maker));
}

/** Whether the signature is that of the key of the signer: not of a wallet that is a contract. */
export function isSignedByKey(venue: OrderVenue, { order, signature }: SignedOrder): boolean {
  if (order.instrument >= FIRST_SERIES || signature.length !== 132) return false;
  try {
    // a high s throws
    return BigInt(recoverAddress(hashOrder(venue, order), Signature.from(signature))) === BigInt(signerOf(order));
  } catch {
    return false;
  }
}

/**
 * The call of `take`.
 * @throws RangeError where there is not one limit, or `minimumLots` has more than 48 bits; signatures that are none of a key throw as well: `canTake` says so before
 */
export function takeCall(record: TakingVenue, from: Address, { taker, limits, makers, minimumLots }: Taking, gas?: number): Call {
  const [limit] = limits;
  if (limit === undefined || limits.length !== 1) throw new RangeError(`orders are taken within one limit, not ${limits.length}`);
  const word = packTakerLimit(limit) | (unsigned("minimumLots", minimumLots, 48n) << 168n) | (BigInt(record.modules.orders) << 216n);
  const call = vaultCall(record as DeploymentRecord, from, "take", [taker, word, packTaken(taker, makers)]);
  return gas === undefined ? call : { ...call, gas };
}

/** The makers of `take`, 165 bytes each. */
export function packTaken(taker: AccountId, makers: readonly OrderFill[]): string {
  return concat(makers.flatMap((maker) => pack(taker, maker)));
}

function pack(taker: AccountId, maker: OrderFill): string[] {
  const { account, terms, validity, validFrom } = packMaker(maker);
  const { r, yParityAndS } = Signature.from(maker.signature);
  const named = maker.order.taker === taker ? NAMES_TAKER : 0n;
  return [toBeHex(account, 32), toBeHex(terms, 32), toBeHex(validity | named, 32), toBeHex(validFrom, 5), r, yParityAndS];
}
