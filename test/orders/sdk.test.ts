import { expect } from "chai";
import { AbiCoder, id, Wallet } from "ethers";
import fc from "fast-check";
import type { Order, TakerLimit } from "../../src/engine/orders/orders.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import {
  buildOrder,
  decodeTrade,
  encodeCancel,
  encodeFills,
  hashOrder,
  OrderFieldError,
  type OrderFill,
  packMaker,
  packTakerLimit,
  signOrder,
  skipReason,
} from "../../src/sdk/orders.ts";
import { signed, unsigned } from "../helpers/arbitraries.ts";
import { ethers, keyOf, termsOf } from "./fixture.ts";

const vault = `0x${"7a".repeat(20)}`;
const venue = { chainId: 5n, settlement: `0x${"3c".repeat(20)}`, termsOf: (instrument: bigint) => termsOf(instrument) };
const alice = keyOf("alice");
const template = {
  vault,
  account: accountIdOf(alice.address),
  instrument: 0n,
  long: true,
  limit: 5n,
  size: 6n,
  maxFee: 0n,
  validUntil: 7n,
  nonce: 8n,
};

const signed24 = signed(24);
const order: fc.Arbitrary<Order> = fc.record({
  vault: fc.constant(vault),
  account: unsigned(256),
  signer: unsigned(160).map((value) => `0x${(value | 1n).toString(16).padStart(40, "0")}`),
  instrument: unsigned(24),
  long: fc.boolean(),
  limit: unsigned(96),
  size: unsigned(48),
  maxFee: signed24,
  reduceOnly: fc.boolean(),
  validFrom: unsigned(40),
  validUntil: unsigned(36),
  nonce: unsigned(40),
  epoch: unsigned(32),
  taker: unsigned(256),
});
const maker: fc.Arbitrary<OrderFill> = fc.record({
  order,
  lots: unsigned(48),
  signature: fc.uint8Array({ maxLength: 200, size: "max" }).map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`),
});
const takerLimit: fc.Arbitrary<TakerLimit> = fc.record({
  instrument: unsigned(24),
  long: fc.boolean(),
  worst: unsigned(96),
  lots: unsigned(48),
  maxFee: signed24,
  reduceOnly: fc.boolean(),
});

describe("sdk/orders", () => {
  it("default: what is encoded decodes to the same", () => {
    fc.assert(
      fc.property(fc.array(takerLimit, { maxLength: 3 }), fc.array(maker, { maxLength: 4 }), (limits, makers) => {
        expect(decodeTrade(vault, encodeFills(limits, makers))).to.deep.equal({ kind: "fill", limits, makers });
      }),
      { numRuns: 100, seed: 1 },
    );
    expect(decodeTrade(vault, encodeCancel([3n, 2n ** 40n - 1n]))).to.deep.equal({ kind: "cancel", nonces: [3n, 2n ** 40n - 1n] });
  });

  it("behavior: data of neither kind is refused", () => {
    const data = AbiCoder.defaultAbiCoder().encode(["uint256", "uint256[]"], [3n, []]);
    expect(() => decodeTrade(vault, data)).to.throw("starts with 0, 1 or 2, not 3");
  });

  it("default: an order has every field, lower-case addresses and the owner as signer", () => {
    const built = buildOrder({ ...template, vault: "0x52908400098527886E0F7030069857D2E4169EE7" });
    expect(built).to.deep.equal({
      ...template,
      vault: "0x52908400098527886e0f7030069857d2e4169ee7",
      signer: alice.address.toLowerCase(),
      reduceOnly: false,
      validFrom: 0n,
      epoch: 0n,
      taker: 0n,
    });
    expect(packMaker({ order: built, lots: 1n, signature: "0x" }).validity % 2n ** 160n).to.equal(0n);
  });

  it("args: each field that does not fit is named with its bounds", () => {
    const cases: readonly [keyof Order, bigint][] = [
      ["limit", 2n ** 96n],
      ["size", 2n ** 48n],
      ["nonce", 2n ** 40n],
      ["maxFee", 2n ** 23n],
      ["maxFee", -(2n ** 23n) - 1n],
      ["validFrom", 2n ** 40n],
      ["validUntil", 2n ** 36n],
      ["epoch", 2n ** 32n],
      ["instrument", 2n ** 24n],
      ["taker", 2n ** 256n],
      ["limit", -1n],
    ];
    for (const [field, value] of cases) {
      expect(() => buildOrder({ ...template, [field]: value }), field)
        .to.throw(OrderFieldError, new RegExp(`order field ${field} is ${value}: it must be from`))
        .with.property("value", value);
    }
    expect(() => packTakerLimit({ instrument: 0n, long: true, worst: 2n ** 96n, lots: 0n, maxFee: 0n, reduceOnly: false })).to.throw(
      "order field worst",
    );
    expect(() => encodeCancel([2n ** 40n])).to.throw("order field nonce");
    expect(() => buildOrder({ ...template, vault: "0x123" })).to.throw("invalid address");
  });

  it("behavior: a key that the order does not name may not sign it", async () => {
    const built = buildOrder(template);
    let message = "";
    await signOrder(new Wallet(id("other")), venue, built).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.match(/^the order names 0x[0-9a-f]{40} as its signer, not 0x/);
    const { signature } = await signOrder(alice, venue, built);
    expect(ethers.recoverAddress(hashOrder(venue, built), signature)).to.equal(alice.address);
  });

  it("default: every reason has the selector of its error in the contracts", async () => {
    const { interface: settlement } = await ethers.getContractAt("IOrderSettlement", venue.settlement);
    const { interface: vaultErrors } = await ethers.getContractAt("IMarginVault", vault);
    const reasons = [
      "NoTakerLimit",
      "PriceBeyondLimit",
      "OrderExpired",
      "TakerNotNamed",
      "MakerFeeAboveCap",
      "OrderCancelled",
      "OrderUsedUp",
      "EpochPassed",
      "SignerNotAuthorised",
      "SignatureInvalid",
      "NothingToReduce",
    ];
    for (const reason of reasons) expect(skipReason(settlement.getError(reason)?.selector ?? "")).to.equal(reason);
    for (const reason of ["SelfTrade", "ZeroLots"]) expect(skipReason(vaultErrors.getError(reason)?.selector ?? "")).to.equal(reason);
    expect(skipReason("0x00000000")).to.equal(undefined);
  });
});
