import { expect } from "chai";
import { type ComboOrder, comboCash, type Leg, type Order } from "../../src/engine/orders/orders.ts";
import { sameTerms } from "../../src/engine/orders/terms.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { buildCombo, encodeCombos, hashCombo } from "../../src/sdk/combos.ts";
import {
  buildOrder,
  encodeFills,
  hashOrder,
  OrderOutlivesSeriesError,
  type OrderVenue,
  signOrder,
  skipReason,
} from "../../src/sdk/orders.ts";
import { Random } from "../helpers/random.ts";
import { deploy, expiryOfSeries, keyOf, networkHelpers, TAKER_FEE, termsOf } from "./fixture.ts";

const DAY = 86_400n;
const WAD = 10n ** 18n;
const LONGEST = 2n ** 36n - 1n;
const KEYS = [keyOf("alice"), keyOf("bob"), keyOf("carol")];

/** An order or a combo under its signature, and what was said by who signed it. */
type Made = { readonly order: Order | ComboOrder; readonly signature: string; readonly venue: OrderVenue };

const isCombo = (order: Order | ComboOrder): order is ComboOrder => "legs" in order;
const instrumentsOf = (order: Order | ComboOrder): bigint[] =>
  isCombo(order) ? order.legs.map(({ instrument }) => instrument) : [order.instrument];

describe("orders and numbers that are listed again", () => {
  it("H-95: whatever is listed, settled and listed again, no order and no combo fills on anything but what was signed", async function () {
    this.timeout(240_000);
    const { vault, orders, vaultAddress, taker, takerAccount, venue } = await networkHelpers.loadFixture(deploy);
    const random = new Random(95);
    let now = BigInt(await networkHelpers.time.latest()) + 100n;
    // three numbers; what each of them stands for changes all the time
    const expiries = new Map<bigint, bigint>();
    const seriesNow = (number: bigint): bigint => expiries.get(number) ?? expiryOfSeries(number);
    const list = async (number: bigint): Promise<void> => {
      const expiry = now + BigInt(1 + random.below(9)) * DAY + BigInt(random.below(3));
      expiries.set(number, expiry);
      await vault.setExpiry(number, expiry);
    };
    for (const number of [1n, 2n, 3n]) await list(number);
    /** The venue as it is now, which is what somebody who signs now sees. */
    const present = (): OrderVenue => {
      const seen = new Map(expiries);
      return { ...venue, termsOf: (instrument) => termsOf(instrument, (series) => seen.get(series) ?? 0n) };
    };
    const instrument = (underlying: bigint): bigint => {
      const [series, index] = [BigInt(1 + random.below(3)), random.chance(0.2) ? 127n : BigInt(random.below(3))];
      const call = index === 127n || random.chance(0.5);
      return underlying | (((series << 8n) | (index << 1n) | (call ? 1n : 0n)) << 8n);
    };

    const made: Made[] = [];
    const make = (): Made => {
      const signer = random.pick(KEYS);
      const common = {
        vault: vaultAddress,
        account: accountIdOf(signer.address),
        size: BigInt(1 + random.below(50)),
        maxFee: TAKER_FEE,
        // whoever signs by hand may sign for longer than the series: it gains nothing
        validUntil: LONGEST,
        nonce: BigInt(made.length),
      };
      const here = present();
      if (random.chance(0.5)) {
        const names = [...new Set([instrument(0n), instrument(0n), instrument(1n)])];
        const legs = names.map(
          (each): Leg => ({ instrument: each, lots: random.chance(0.5) ? 1n : -2n, price: WAD + BigInt(random.below(9)) }),
        );
        const order = buildCombo({ ...common, legs: legs.length > 1 ? legs : [...legs, { instrument: 0x02ff00n, lots: 1n, price: WAD }] });
        return { order, signature: signer.signingKey.sign(hashCombo(here, order)).serialized, venue: here };
      }
      const order = buildOrder({ ...common, instrument: random.chance(0.1) ? 0n : instrument(0n), long: random.chance(0.5), limit: WAD });
      return { order, signature: signer.signingKey.sign(hashOrder(here, order)).serialized, venue: here };
    };
    const dataOf = ({ order, signature }: Made): string => {
      if (isCombo(order)) {
        const limit = { legs: order.legs, units: 1n, maxFee: TAKER_FEE, leastCash: comboCash(order.legs) };
        return encodeCombos(limit, [{ order, signature, units: 1n }]);
      }
      const limit = { instrument: order.instrument, long: !order.long, worst: WAD, lots: 1n, maxFee: TAKER_FEE, reduceOnly: false };
      return encodeFills([limit], [{ order, signature, lots: 1n }]);
    };

    const counts = { filled: 0, other: 0, expired: 0, usedUp: 0 };
    for (let step = 0; step < 600; step++) {
      now += BigInt(random.below(7_200));
      for (const [number, expiry] of expiries) {
        // in reality it rests for a day; here it does not, which is harder
        if (now >= expiry && random.chance(0.15)) await list(number);
      }
      if (made.length === 0 || random.chance(0.3)) made.push(make());
      // young and old ones alike
      const each = random.chance(0.5) ? (made.at(-1 - random.below(Math.min(3, made.length))) as Made) : random.pick(made);
      now = now + 1n;
      await networkHelpers.time.setNextBlockTimestamp(now);
      const receipt = await (await vault.connect(taker).trade(takerAccount, dataOf(each))).wait();
      const logs = (receipt?.logs ?? []).map((log) => vault.interface.parseLog(log) ?? orders.interface.parseLog(log));
      const skipped = logs.filter((log) => log?.name === "OrderSkipped").map((log) => skipReason(log?.args.reason));
      const filled = logs.filter((log) => log?.name === "Applied").length;

      const here = present();
      const names = instrumentsOf(each.order);
      const same = names.every((name) => sameTerms(each.venue.termsOf(name), here.termsOf(name)));
      const over = names.some((name) => name > 0xffn && now >= seriesNow(name >> 16n));
      if (over) {
        expect(skipped, `step ${step}`).to.deep.equal(["SeriesExpired"]);
        counts.expired++;
      } else if (skipped[0] === "OrderUsedUp") {
        counts.usedUp++;
      } else if (!same) {
        expect(skipped, `step ${step}`).to.deep.equal(["SignatureInvalid"]);
        counts.other++;
      } else {
        expect([skipped, filled], `step ${step}`).to.deep.equal([[], names.length]);
        counts.filled++;
      }
    }
    if (process.env.SHOW_COUNTS !== undefined) console.log(counts);
    expect(counts.filled).to.be.at.least(150);
    expect(counts.other).to.be.at.least(150);
    expect(counts.expired).to.be.at.least(30);
  });

  it("H-95: from the second of the expiry on nothing is filled, and of a number that is not listed nothing either", async () => {
    const { vault, orders, vaultAddress, taker, takerAccount, venue } = await networkHelpers.loadFixture(deploy);
    const [alice] = KEYS as [(typeof KEYS)[0]];
    const expiry = BigInt(await networkHelpers.time.latest()) + 1_000n;
    const here = { ...venue, termsOf: (instrument: bigint) => termsOf(instrument, () => expiry) };
    await vault.setExpiry(1, expiry);
    const order = buildOrder({
      vault: vaultAddress,
      account: accountIdOf(alice.address),
      instrument: 0x010300n,
      long: true,
      limit: WAD,
      size: 10n,
      maxFee: 0n,
      validUntil: expiry - 1n,
      nonce: 1n,
    });
    const maker = { ...(await signOrder(alice, here, order)), lots: 1n };
    const limit = { instrument: order.instrument, long: false, worst: 0n, lots: 1n, maxFee: TAKER_FEE, reduceOnly: false };
    const data = encodeFills([limit], [maker]);
    await networkHelpers.time.setNextBlockTimestamp(expiry - 1n);
    await expect(vault.connect(taker).trade(takerAccount, data)).to.emit(vault, "Applied");
    await networkHelpers.time.setNextBlockTimestamp(expiry);
    const selector = orders.interface.getError("SeriesExpired")?.selector;
    await expect(vault.connect(taker).trade(takerAccount, data)).to.emit(orders, "OrderSkipped").withArgs(order.account, 1n, selector);
    await vault.setExpiry(1, await vault.UNLISTED());
    await expect(vault.connect(taker).trade(takerAccount, data)).to.be.revertedWithCustomError(vault, "UnknownSeries").withArgs(0, 1);
  });

  it("H-95: an order that would stand at the expiry of what it trades is not signed", async () => {
    const { orderOf, venue } = await networkHelpers.loadFixture(deploy);
    const [alice] = KEYS as [(typeof KEYS)[0]];
    const expiry = expiryOfSeries(1n);
    const ending = (validUntil: bigint): Promise<unknown> =>
      signOrder(alice, venue, orderOf(alice.address, { instrument: 0x010300n, validUntil }));
    await ending(expiry - 1n);
    await ending(expiry).then(
      () => expect.fail("signed"),
      (error: unknown) => expect(error).to.be.instanceOf(OrderOutlivesSeriesError),
    );
    await signOrder(alice, venue, orderOf(alice.address, { validUntil: LONGEST }));
  });
});
