import { expect } from "chai";
import type { BaseWallet } from "ethers";
import {
  cancelNonces,
  dropFills,
  fillOrders,
  type MakerOrder,
  type NonceStates,
  nonceState,
  type Order,
  type OrderBooks,
  type OrderContext,
  type SkipReason,
  type TakerLimit,
} from "../../src/engine/orders/orders.ts";
import { accountIdOf, ownerOf } from "../../src/engine/types/accountId.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import { buildOrder, encodeCancel, encodeFills, type OrderFill, signOrder } from "../../src/sdk/orders.ts";
import { deploy, ethers, keyOf, LATER, MAKER_FEE, networkHelpers, PRICE, TAKER_FEE } from "./fixture.ts";

const TRADES = 500;
const SEED = 20_260_522;

/** Small and fast; the same sequence for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

describe("engine/orders against OrderSettlement", () => {
  it(`H-25 H-65: ${TRADES} random trades, cancellations and drops agree to the unit`, async function () {
    this.timeout(120_000);
    const { vault, orders, venue, vaultAddress, taker, takerAccount } = await networkHelpers.loadFixture(deploy);
    const random = randomOf(SEED);
    const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
    const chance = (oneIn: number): boolean => random(oneIn) === 0;

    const keys = ["alice", "bob", "carol"].map(keyOf);
    const accounts = [
      ...keys.map((key) => accountIdOf(key.address)),
      accountIdOf(keyOf("alice").address, 1n),
      accountIdOf(taker.address, 1n),
      takerAccount,
    ];
    const operator = keyOf("operator");
    const nonces = Array.from({ length: 15 }, (_, i) => BigInt(i));

    // the twin's books
    const epochs = new Map<bigint, bigint>();
    const positions = new Map<string, bigint>();
    const operated = new Set<bigint>();
    const held = (account: bigint, instrument: bigint): bigint => positions.get(`${account}:${instrument}`) ?? 0n;
    const hold = (account: bigint, instrument: bigint, lots: bigint): unknown => positions.set(`${account}:${instrument}`, lots);
    const contextOf = (account: bigint, signer: string, instrument: bigint): OrderContext => ({
      authorised: ownerOf(account) === signer.toLowerCase() || (operated.has(account) && BigInt(signer) === BigInt(operator.address)),
      epoch: epochs.get(account) ?? 0n,
      lots: held(account, instrument),
    });
    for (const account of accounts) {
      await vault.setOperator(account, operator.address, 1n, LATER);
      operated.add(account);
    }
    let states: NonceStates = new Map();

    const counts = { fills: 0, parts: 0, dropped: 0, cancelled: 0, reverted: 0 };
    const skips = new Map<SkipReason, number>();
    const signed: OrderFill[] = [];

    async function randomOrder(now: bigint): Promise<OrderFill> {
      // an old one half of the time: partly filled, used up, cancelled or void by now
      const old = signed.length > 0 && chance(3) ? pick(signed) : undefined;
      const lots = chance(20) ? 0n : BigInt(1 + random(40));
      if (old !== undefined) return { ...old, lots };
      const account = chance(12) ? takerAccount : pick(accounts.slice(0, 5));
      const ownKey = keys.find((key) => key.address.toLowerCase() === ownerOf(account));
      const signer: BaseWallet = ownKey === undefined || chance(5) ? operator : ownKey;
      const order: Order = buildOrder({
        vault: vaultAddress,
        account,
        signer: signer.address,
        instrument: BigInt(random(3)),
        long: chance(2),
        limit: chance(30) ? 2n ** 96n - 1n : PRICE + BigInt(random(7)) - 3n,
        size: BigInt(1 + random(60)),
        maxFee: chance(15) ? MAKER_FEE - 1n : BigInt(random(300)) + MAKER_FEE,
        reduceOnly: chance(5),
        validFrom: chance(20) ? now + 3_600n : now - BigInt(random(100)),
        validUntil: chance(15) ? now - 5n : LATER,
        nonce: pick(nonces),
        epoch: chance(15) ? 9n : (epochs.get(account) ?? 0n),
        taker: chance(6) ? pick([takerAccount, pick(accounts)]) : 0n,
      });
      const maker = { ...(await signOrder(signer, venue, order)), lots };
      signed.push(maker);
      return maker;
    }

    function randomLimits(): TakerLimit[] {
      const limits: TakerLimit[] = [];
      for (const instrument of [0n, 1n, 2n]) {
        for (const long of [true, false]) {
          if (chance(6)) continue;
          const worst = chance(3) ? PRICE + BigInt(random(7)) - 3n : long ? 2n ** 96n - 1n : 0n;
          const reduceOnly = chance(40);
          limits.push({ instrument, long, worst, lots: BigInt(random(200)), maxFee: chance(300) ? TAKER_FEE - 1n : TAKER_FEE, reduceOnly });
        }
      }
      return limits;
    }

    for (let step = 0; step < TRADES; step++) {
      const now = BigInt(await networkHelpers.time.latest()) + 1n;
      await networkHelpers.time.setNextBlockTimestamp(now);
      if (chance(12)) {
        const list = [pick(nonces), pick(nonces)];
        await vault.connect(taker).trade(takerAccount, encodeCancel(list));
        states = cancelNonces(states, takerAccount, list);
        // the owner of account 1 is the taker's
        const other = accountIdOf(taker.address, 1n);
        await vault.connect(taker).trade(other, encodeCancel([pick(nonces.slice(0, 1))]));
        states = cancelNonces(states, other, nonces.slice(0, 1));
        counts.cancelled++;
        continue;
      }
      if (chance(25)) {
        const account = pick(accounts);
        const epoch = (epochs.get(account) ?? 0n) + 1n;
        await vault.setEpoch(account, epoch);
        epochs.set(account, epoch);
        continue;
      }
      if (chance(20)) {
        const account = pick(accounts);
        await vault.setOperator(account, operator.address, operated.has(account) ? 0n : 1n, operated.has(account) ? 0n : LATER);
        if (!operated.delete(account)) operated.add(account);
        continue;
      }

      const makers: OrderFill[] = [];
      const twins: MakerOrder[] = [];
      for (let i = random(9); i >= 0; i--) {
        const maker = await randomOrder(now);
        const forged = chance(9);
        makers.push(
          forged
            ? {
                ...maker,
                signature: pick(signed.filter((other) => other.signature !== maker.signature).concat({ ...maker, signature: "0x" }))
                  .signature,
              }
            : maker,
        );
        twins.push({ order: maker.order, lots: maker.lots, signatureValid: !forged });
      }
      const limits = randomLimits();
      const mask = chance(3) ? random(256) : 0;
      await vault.setDropMask(mask);
      const books: OrderBooks = { now: BigInt(await networkHelpers.time.latest()) + 1n, contextOf, expiryOf: () => 0n };
      await networkHelpers.time.setNextBlockTimestamp(books.now);

      let expected: ReturnType<typeof fillOrders>;
      try {
        expected = fillOrders(
          books,
          states,
          { taker: TAKER_FEE, maker: MAKER_FEE },
          takerAccount,
          taker.address.toLowerCase(),
          limits,
          twins,
        );
      } catch (error) {
        if (!(error instanceof Reverted)) throw error;
        await expect(vault.connect(taker).trade(takerAccount, encodeFills(limits, makers)))
          .to.be.revertedWithCustomError(orders, error.errorName)
          .withArgs(...error.args);
        counts.reverted++;
        continue;
      }

      const proposed = await vault.connect(taker).trade.staticCall(takerAccount, encodeFills(limits, makers));
      expect(
        proposed.map(({ maker, instrument, lots, price, takerFee, makerFee, order }) => [
          maker,
          instrument,
          lots,
          price,
          takerFee,
          makerFee,
          order,
        ]),
        `step ${step}`,
      ).to.deep.equal(
        expected.fills.map((fill) => [fill.maker, fill.instrument, fill.lots, fill.price, fill.takerFee, fill.makerFee, fill.order]),
      );

      const receipt = await (await vault.connect(taker).trade(takerAccount, encodeFills(limits, makers))).wait();
      const events = (receipt?.logs ?? []).map((log) => orders.interface.parseLog(log)).filter((log) => log?.name === "OrderSkipped");
      expect(
        events.map((event) => [event?.args.account, event?.args.nonce, event?.args.reason]),
        `step ${step}`,
      ).to.deep.equal(expected.skipped.map((skip) => [skip.account, skip.nonce, selectorOf(skip.reason)]));
      for (const { reason } of expected.skipped) skips.set(reason, (skips.get(reason) ?? 0) + 1);

      const lost = expected.fills.filter((_, i) => (mask >> i) & 1);
      states = dropFills(expected.nonces, lost);
      counts.dropped += lost.length;
      counts.fills += expected.fills.length - lost.length;
      for (const [i, fill] of expected.fills.entries()) {
        if ((mask >> i) & 1) continue;
        hold(takerAccount, fill.instrument, held(takerAccount, fill.instrument) + fill.lots);
        hold(fill.maker, fill.instrument, held(fill.maker, fill.instrument) - fill.lots);
      }

      for (const { order } of makers) {
        const state = nonceState(states, order.account, order.nonce);
        if (state.filled > 0n && state.filled < order.size) counts.parts++;
        expect(await orders.nonceOf(order.account, order.nonce), `step ${step}`).to.deep.equal([state.filled, state.cancelled]);
      }
    }

    // at the end every nonce of every account, used or not
    for (const account of accounts) {
      for (const nonce of nonces) {
        const state = nonceState(states, account, nonce);
        expect(await orders.nonceOf(account, nonce)).to.deep.equal([state.filled, state.cancelled]);
      }
      for (const instrument of [0n, 1n, 2n]) expect(await vault.positionOf(account, instrument)).to.equal(held(account, instrument));
    }
    if (process.env.SHOW_COUNTS !== undefined) console.log(counts, Object.fromEntries(skips));
    expect(counts.fills).to.be.at.least(200);
    expect(counts.parts).to.be.at.least(100);
    expect(counts.dropped).to.be.at.least(30);
    expect(counts.cancelled).to.be.at.least(10);
    expect(counts.reverted).to.be.at.least(10);
    const reasons: readonly SkipReason[] = [
      "NoTakerLimit",
      "SelfTrade",
      "ZeroLots",
      "PriceBeyondLimit",
      "OrderExpired",
      "OrderNotYetValid",
      "TakerNotNamed",
      "MakerFeeAboveCap",
      "OrderCancelled",
      "OrderUsedUp",
      "EpochPassed",
      "SignerNotAuthorised",
      "NothingToReduce",
      "SignatureInvalid",
    ];
    for (const reason of reasons) expect(skips.get(reason) ?? 0, reason).to.be.at.least(5);

    function selectorOf(reason: SkipReason): string {
      const fragment = orders.interface.getError(reason);
      return fragment?.selector ?? vaultErrors.getError(reason)?.selector ?? reason;
    }
  });
});

const { interface: vaultErrors } = await ethers.getContractAt("IMarginVault", `0x${"11".repeat(20)}`);
