import { expect } from "chai";
import { type BaseWallet, type ContractTransactionResponse, id, Wallet } from "ethers";
import { network } from "hardhat";
import type { Order, SkippedOrder, TakerLimit } from "../../src/engine/orders/orders.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { instrumentFromNumber, isFuture } from "../../src/engine/types/instrument.ts";
import {
  buildOrder,
  encodeCancel,
  encodeFills,
  type OrderFill,
  type OrderRequest,
  type OrderVenue,
  type SignedTerms,
  signOrder,
  skipReason,
} from "../../src/sdk/orders.ts";
import { WITHOUT_ESTIMATES } from "../helpers/deploy.ts";

export const TAKER_FEE = 500n;
export const MAKER_FEE = -200n;
export const PRICE = 3n * 10n ** 18n;
export const LATER = 4_000_000_000n;
export const SCOPE_TRADE = 1n;

/** The expiry that OrderVault gives the series of a number. */
export const expiryOfSeries = (series: bigint): bigint => 5_000_000_000n + series;

/** What a number stands for in OrderVault. @param expiryOf a series, if it was told another */
export function termsOf(instrument: bigint, expiryOf = expiryOfSeries): SignedTerms {
  const [underlying, within] = [instrument & 0xffn, instrument >> 8n];
  const lotExponent = underlying % 7n;
  if (within === 0n) return { underlying, right: "perpetual", expiry: 0n, strike: 0n, lotExponent };
  const held = instrumentFromNumber(within);
  const common = { underlying, expiry: expiryOf(held.series), lotExponent };
  if (isFuture(held)) return { ...common, right: "future", strike: 0n };
  return {
    ...common,
    right: held.isCall ? "call" : "put",
    strike: (held.index + 1n) * 10n ** 16n + ((common.expiry / 86_400n) % 7n) * 10n ** 15n,
  };
}

/** What numbers of perpetuals stand for in the vault of `deployVault`. */
export function perpetualsOf(instrument: bigint): SignedTerms {
  if (instrument > 0xffn) throw new RangeError(`${instrument} is no perpetual`);
  return { underlying: instrument, right: "perpetual", expiry: 0n, strike: 0n, lotExponent: [5n, 6n, 1n][Number(instrument)] ?? 5n };
}

/** A maker's key, the same in every run. */
export function keyOf(name: string): BaseWallet {
  return new Wallet(id(`plimsoll test ${name}`));
}

/** One chain for all tests of orders; each test starts from `deploy` through loadFixture. */
export const chain = await network.create(WITHOUT_ESTIMATES);
export const { ethers, networkHelpers } = chain;
const { chainId } = await ethers.provider.getNetwork();

/** The reduced vault, the module, a taker with account 0 and helpers that speak in orders. */
export async function deploy() {
  const [taker, operator, outsider] = await ethers.getSigners();
  if (taker === undefined || operator === undefined || outsider === undefined) throw new Error("the chain has no signers");
  const vault = await ethers.deployContract("OrderVault");
  const orders = await ethers.deployContract("OrderSettlement", [vault, TAKER_FEE, MAKER_FEE]);
  await vault.setModule(orders);
  const venue: OrderVenue = {
    chainId,
    settlement: (await orders.getAddress()).toLowerCase(),
    termsOf: (instrument) => termsOf(instrument),
  };
  const vaultAddress = (await vault.getAddress()).toLowerCase();
  const takerAccount = accountIdOf(taker.address);

  /** An order of the account 0 of `owner`: it sells up to a hundred lots of instrument 0. */
  function orderOf(owner: string, changes: Partial<OrderRequest> = {}): Order {
    return buildOrder({
      vault: vaultAddress,
      account: accountIdOf(owner),
      instrument: 0n,
      long: false,
      limit: PRICE,
      size: 100n,
      maxFee: 0n,
      validUntil: LATER,
      nonce: 1n,
      ...changes,
    });
  }

  /** An order of `maker`, signed by `signer`, to be filled for `lots`. */
  async function fill(
    maker: BaseWallet,
    lots: bigint,
    changes: Partial<OrderRequest> = {},
    signer: BaseWallet = maker,
  ): Promise<OrderFill> {
    return { ...(await signOrder(signer, venue, orderOf(maker.address, { signer: signer.address, ...changes }))), lots };
  }

  /** A Trade of the taker's account 0. */
  function trade(makers: readonly OrderFill[], limits: readonly TakerLimit[] = [limit()]): Promise<ContractTransactionResponse> {
    return vault.connect(taker).trade(takerAccount, encodeFills(limits, makers));
  }

  function cancel(nonces: readonly bigint[]): Promise<ContractTransactionResponse> {
    return vault.connect(taker).trade(takerAccount, encodeCancel(nonces));
  }

  /** The fills that the vault applied and the orders that were skipped in `sent`. */
  async function outcome(sent: Promise<ContractTransactionResponse>): Promise<Outcome> {
    const receipt = await (await sent).wait();
    if (receipt === null) throw new Error("the transaction has no receipt");
    const fills: AppliedFill[] = [];
    const skipped: SkippedOrder[] = [];
    for (const log of receipt.logs) {
      const applied = vault.interface.parseLog(log);
      if (applied?.name === "Applied") {
        const { maker, instrument, lots, price, takerFee, makerFee, order } = applied.args;
        fills.push({ maker, instrument, lots, price, takerFee, makerFee, order });
      }
      const event = orders.interface.parseLog(log);
      if (event?.name === "OrderSkipped") {
        const reason = skipReason(event.args.reason);
        if (reason === undefined) throw new Error(`unknown reason ${event.args.reason}`);
        skipped.push({ account: event.args.account, nonce: event.args.nonce, reason });
      }
    }
    return { fills, skipped, gasUsed: receipt.gasUsed };
  }

  /** Asserts that `makers` are skipped for these reasons, that nothing is filled and that no counter moved. */
  async function expectSkipped(
    makers: readonly OrderFill[],
    reasons: readonly SkippedOrder["reason"][],
    limits?: readonly TakerLimit[],
  ): Promise<void> {
    const before = await countersOf(makers);
    const { fills, skipped } = await outcome(trade(makers, limits));
    expect(skipped.map((skip) => skip.reason)).to.deep.equal(reasons);
    expect(skipped.map((skip) => [skip.account, skip.nonce])).to.deep.equal(makers.map(({ order }) => [order.account, order.nonce]));
    expect(fills).to.deep.equal([]);
    expect(await countersOf(makers)).to.deep.equal(before);
  }

  /** Asserts the lots that the taker receives of each maker, and that nothing is skipped. */
  async function expectFilled(makers: readonly OrderFill[], lots: readonly bigint[], limits?: readonly TakerLimit[]): Promise<void> {
    const { fills, skipped } = await outcome(trade(makers, limits));
    expect(skipped).to.deep.equal([]);
    expect(fills.map((applied) => applied.lots)).to.deep.equal(lots);
  }

  async function countersOf(makers: readonly OrderFill[]): Promise<readonly (readonly [bigint, boolean])[]> {
    return Promise.all(
      makers.map(async ({ order }) => {
        const { filled, cancelled } = await orders.nonceOf(order.account, order.nonce);
        return [filled, cancelled] as const;
      }),
    );
  }

  return {
    vault,
    orders,
    venue,
    vaultAddress,
    taker,
    takerAccount,
    operator,
    outsider,
    orderOf,
    fill,
    trade,
    cancel,
    outcome,
    expectSkipped,
    expectFilled,
    countersOf,
  };
}

export interface AppliedFill {
  readonly maker: bigint;
  readonly instrument: bigint;
  readonly lots: bigint;
  readonly price: bigint;
  readonly takerFee: bigint;
  readonly makerFee: bigint;
  readonly order: bigint;
}

export interface Outcome {
  readonly fills: readonly AppliedFill[];
  readonly skipped: readonly SkippedOrder[];
  readonly gasUsed: bigint;
}

/** A taker who buys up to a thousand lots of instrument 0 at any price. */
export function limit(changes: Partial<TakerLimit> = {}): TakerLimit {
  return { instrument: 0n, long: true, worst: 2n ** 96n - 1n, lots: 1_000n, maxFee: TAKER_FEE, reduceOnly: false, ...changes };
}

/** A taker who sells up to a thousand lots of instrument 0 at any price. */
export function sale(changes: Partial<TakerLimit> = {}): TakerLimit {
  return limit({ long: false, worst: 0n, ...changes });
}

/** The same order with other fields, under the old signature. */
export function altered(fill: OrderFill, changes: Partial<Order>): OrderFill {
  return { ...fill, order: { ...fill.order, ...changes } };
}
