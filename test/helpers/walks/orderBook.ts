import { vaultSlot } from "../../../src/deployment/vaultSlots.ts";
import type { Draft, EngineEvent } from "../../../src/engine/ledger/draft.ts";
import {
  cancelNonces,
  dropFills,
  fillOrders,
  type MakerOrder,
  type NonceStates,
  nonceKey,
  nonceState,
  type Order,
  type OrderFees,
  type OrderTrade,
  orderOfFill,
  signerOf,
  type TakerLimit,
} from "../../../src/engine/orders/orders.ts";
import { booksOf } from "../../../src/engine/orders/take.ts";
import type { AccountId, Address } from "../../../src/engine/types/types.ts";
import { hashOrder, type OrderFill, type OrderVenue } from "../../../src/sdk/orders.ts";
import { localWallet } from "../../../src/simulator/localAccounts.ts";

const NONCES_OF_A_WORD = 5n;

/** By what the vault was asked to fill an order. */
export type Way = "trade" | "take";

/** The signed orders of a walk, of one module: what is known of them, and what is filled and cancelled. */
export class OrderBook {
  readonly module: number;
  readonly fees: OrderFees;
  readonly venue: OrderVenue;
  /** The last that were signed. */
  readonly orders: Order[] = [];
  nonces: NonceStates = new Map();
  private readonly signatures = new Map<Order, string>();
  private readonly ways = new Map<string, Set<Way>>();
  private lastNonce = 0n;

  constructor(module: number, fees: OrderFees, venue: OrderVenue) {
    this.module = module;
    this.fees = fees;
    this.venue = venue;
  }

  nextNonce(): bigint {
    return ++this.lastNonce;
  }

  /** Keeps an order for later. */
  add(order: Order): void {
    this.orders.push(order);
    if (this.orders.length > 200) this.orders.shift();
  }

  /** Lots that are neither filled nor cancelled. */
  left(order: Order): bigint {
    const { filled, cancelled } = nonceState(this.nonces, order.account, order.nonce);
    return cancelled || filled >= order.size ? 0n : order.size - filled;
  }

  /** As it travels; one that is forged has the signature of another order. */
  signed({ order, lots, signatureValid }: MakerOrder): OrderFill {
    return { order, lots, signature: this.signatureOf(signatureValid ? order : { ...order, nonce: order.nonce + 1n }) };
  }

  private signatureOf(order: Order): string {
    const known = this.signatures.get(order);
    if (known !== undefined) return known;
    const wallet = this.walletOf(signerOf(order));
    const { serialized } = wallet.signingKey.sign(hashOrder(this.venue, order));
    this.signatures.set(order, serialized);
    return serialized;
  }

  private walletOf(address: Address) {
    for (let i = 0; i < 20; i++) if (localWallet(i).address.toLowerCase() === address) return localWallet(i);
    throw new RangeError(`no key of ${address}`);
  }

  /** What the module proposes. */
  propose(draft: Draft, taker: AccountId, actor: Address, limit: TakerLimit, makers: readonly MakerOrder[]): OrderTrade {
    return fillOrders(booksOf(draft), this.nonces, this.fees, taker, actor, [limit], makers);
  }

  /** The nonces after a Trade, of whose fills some did not stand. */
  afterTrade({ fills, nonces }: OrderTrade, events: readonly EngineEvent[]): NonceStates {
    const outcomes = events.filter(({ name }) => name === "Filled" || name === "FillSkipped");
    return dropFills(
      nonces,
      fills.filter((_, i) => outcomes[i]?.name === "FillSkipped"),
    );
  }

  cancelled(account: AccountId, list: readonly bigint[]): NonceStates {
    return cancelNonces(this.nonces, account, list);
  }

  /** Goes on from what a trade or a take came to. */
  settle(way: Way, nonces: NonceStates, events: readonly EngineEvent[]): void {
    this.nonces = nonces;
    for (const { name, values } of events) {
      if (name !== "Filled") continue;
      const key = nonceKey(BigInt(values.maker ?? 0n), orderOfFill(BigInt(values.order ?? 0n)).nonce);
      this.ways.set(key, (this.ways.get(key) ?? new Set<Way>()).add(way));
    }
  }

  /** How many orders were filled in parts by both ways. */
  filledBothWays(): number {
    return [...this.ways.values()].filter(({ size }) => size === 2).length;
  }

  /** The slots of the words of some nonces, and what they hold by the engine. */
  wordsOf(nonces: readonly Pick<Order, "account" | "nonce">[]): { readonly slot: string; readonly word: bigint }[] {
    return nonces.map(({ account, nonce }) => {
      const first = nonce - (nonce % NONCES_OF_A_WORD);
      let word = 0n;
      for (let i = 0n; i < NONCES_OF_A_WORD; i++) {
        const { filled, cancelled } = nonceState(this.nonces, account, first + i);
        word |= (filled << (48n * i)) | (cancelled ? 1n << (240n + i) : 0n);
      }
      const key = (BigInt(this.venue.settlement) << 40n) | (nonce / NONCES_OF_A_WORD);
      return { slot: vaultSlot("orderNonces", account, key), word };
    });
  }

  /** Every nonce that was ever used. */
  used(): Pick<Order, "account" | "nonce">[] {
    return [...this.nonces.keys()].map((key) => {
      const [account, nonce] = key.split(":").map(BigInt);
      return { account: account ?? 0n, nonce: nonce ?? 0n };
    });
  }
}
