import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import { AbiCoder, type BaseWallet, type ContractTransactionResponse } from "ethers";
import fc from "fast-check";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { marketOf, WITH_NEXT } from "../../src/engine/ledger/market.ts";
import {
  type ComboLimit,
  comboCash,
  dropFills,
  fillCombos,
  fillOrderWord,
  type Leg,
  type NonceStates,
  nonceState,
  type OrderBooks,
  type SkipReason,
  type TakerLimit,
} from "../../src/engine/orders/orders.ts";
import { termsOf as termsOfWord } from "../../src/engine/orders/terms.ts";
import { accountIdOf, ownerOf } from "../../src/engine/types/accountId.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import {
  buildCombo,
  type ComboFill,
  type ComboRequest,
  decodeCombos,
  encodeCombos,
  hashCombo,
  packCombo,
  packComboLimit,
  signCombo,
  type TypedCombo,
  typedCombo,
} from "../../src/sdk/combos.ts";
import {
  buildOrder,
  decodeTrade,
  encodeCancel,
  encodeFills,
  OrderFieldError,
  type OrderFill,
  signOrder,
  skipReason,
} from "../../src/sdk/orders.ts";
import { signed, unsigned } from "../helpers/arbitraries.ts";
import { sliceOf } from "../helpers/options/series.ts";
import { Random } from "../helpers/random.ts";
import { DAY, spanAt } from "../helpers/seriesWorld.ts";
import { named, SeriesChain } from "../helpers/walks/seriesChain.ts";
import { deploy, ethers, keyOf, LATER, MAKER_FEE, networkHelpers, TAKER_FEE, termsOf } from "./fixture.ts";

const { loadFixture } = networkHelpers;
const WAD = 10n ** 18n;
const [alice, bob, carol] = [keyOf("alice"), keyOf("bob"), keyOf("carol")];

/** Options of the series 1 on the first underlying: call and put of strike 3, call of strike 5. */
const [CALL, PUT, HIGHER] = [0x010700n, 0x010600n, 0x010b00n];
/** Of a unit the maker sells one call for 40 and buys two higher ones for 15. */
const VERTICAL: readonly Leg[] = [
  { instrument: CALL, lots: -1n, price: 40n * WAD },
  { instrument: HIGHER, lots: 2n, price: 15n * WAD },
];

/** As a call takes it: its lists may be written to. */
const typedForCall = (typed: TypedCombo) => ({ ...typed, legs: typed.legs.map((leg) => ({ ...leg })) });

function limitOf(changes: Partial<ComboLimit> = {}): ComboLimit {
  return { legs: VERTICAL, units: 1_000n, maxFee: TAKER_FEE, leastCash: -1_000n * WAD, ...changes };
}

/** The reduced vault, and helpers that speak in combos. */
async function deployCombos() {
  const base = await deploy();
  const { vault, orders, venue, vaultAddress, taker, takerAccount } = base;

  function comboOf(owner: string, changes: Partial<ComboRequest> = {}) {
    const template = {
      vault: vaultAddress,
      account: accountIdOf(owner),
      legs: VERTICAL,
      size: 100n,
      maxFee: 0n,
      validUntil: LATER,
      nonce: 1n,
    };
    // a maker can sign legs that no combo may have
    const { legs = VERTICAL, ...rest } = changes;
    return { ...buildCombo({ ...template, ...rest }), legs };
  }

  async function combo(
    maker: BaseWallet,
    units: bigint,
    changes: Partial<ComboRequest> = {},
    signer: BaseWallet = maker,
  ): Promise<ComboFill> {
    return { ...(await signCombo(signer, venue, comboOf(maker.address, { signer: signer.address, ...changes }))), units };
  }

  /** The fills that stood, as maker, instrument, lots, price and fees, and the reasons of orders that were skipped. */
  async function take(makers: readonly ComboFill[], limit: ComboLimit = limitOf()) {
    const sent: ContractTransactionResponse = await vault.connect(taker).trade(takerAccount, encodeCombos(limit, makers));
    const receipt = await sent.wait();
    const fills: bigint[][] = [];
    const skipped: (SkipReason | undefined)[] = [];
    for (const log of receipt?.logs ?? []) {
      const applied = vault.interface.parseLog(log);
      if (applied?.name === "Applied") fills.push([...applied.args]);
      const skip = orders.interface.parseLog(log);
      if (skip?.name === "OrderSkipped") skipped.push(skipReason(skip.args.reason));
    }
    return { fills, skipped };
  }

  async function expectSkipped(made: ComboFill, reason: SkipReason, limit: ComboLimit = limitOf()): Promise<void> {
    const before = await orders.nonceOf(made.order.account, made.order.nonce);
    const [units, selector] = await orders.fillableCombo(takerAccount, packComboLimit(limit), packCombo(made));
    expect([units, skipReason(selector)]).to.deep.equal([0n, reason]);
    expect(await take([made], limit)).to.deep.equal({ fills: [], skipped: [reason] });
    expect(await orders.nonceOf(made.order.account, made.order.nonce)).to.deep.equal(before);
  }

  return { ...base, comboOf, combo, take, expectSkipped };
}

describe("combo orders", () => {
  it("are filled in units at the prices of their legs, with fees on each", async () => {
    const { orders, combo, take, takerAccount } = await loadFixture(deployCombos);
    const made = await combo(alice, 30n);
    expect(await orders.fillableCombo(takerAccount, packComboLimit(limitOf()), packCombo(made))).to.deep.equal([30n, "0x00000000"]);
    const { fills, skipped } = await take([made]);
    expect(skipped).to.deep.equal([]);
    const account = accountIdOf(alice.address);
    const order = (counted: bigint): bigint => fillOrderWord({ nonce: 1n, counted });
    expect(fills).to.deep.equal([
      [account, CALL, 30n, 40n * WAD, (30n * 40n * WAD * TAKER_FEE) / 1_000_000n, (30n * 40n * WAD * MAKER_FEE) / 1_000_000n, order(30n)],
      [account, HIGHER, -60n, 15n * WAD, (60n * 15n * WAD * TAKER_FEE) / 1_000_000n, (60n * 15n * WAD * MAKER_FEE) / 1_000_000n, order(0n)],
    ]);
    expect(await orders.nonceOf(account, 1n)).to.deep.equal([30n, false]);
  });

  it("all legs but the last stand only with the next", async () => {
    const { vault, taker, takerAccount, combo } = await loadFixture(deployCombos);
    const data = encodeCombos(limitOf(), [await combo(alice, 3n), await combo(bob, 3n)]);
    const fills = await vault.connect(taker).trade.staticCall(takerAccount, data);
    expect(fills.map(({ instrument }) => instrument)).to.deep.equal([CALL | WITH_NEXT, HIGHER, CALL | WITH_NEXT, HIGHER]);
  });

  it("are taken from one maker after the other until the taker has its units; what is left of an order bounds it", async () => {
    const { orders, combo, take } = await loadFixture(deployCombos);
    const lots = (fills: bigint[][]): (bigint | undefined)[] => fills.map((one) => one[2]);
    const first = await combo(alice, 80n);
    expect(lots((await take([first])).fills)).to.deep.equal([80n, -160n]);
    const { fills } = await take([first, await combo(bob, 90n), await combo(carol, 90n)], limitOf({ units: 60n }));
    expect(lots(fills)).to.deep.equal([20n, -40n, 40n, -80n]);
    expect((await take([first])).skipped).to.deep.equal(["OrderUsedUp"]);
    expect((await orders.nonceOf(accountIdOf(bob.address), 1n)).filled).to.equal(40n);
  });

  it("share nonces with orders of one instrument", async () => {
    const { fill, trade, combo, expectSkipped } = await loadFixture(deployCombos);
    await trade([await fill(alice, 100n)]);
    await expectSkipped(await combo(alice, 1n), "OrderUsedUp");
  });

  it("are skipped for what is wrong with them", async () => {
    const { vault, comboOf, venue, combo, expectSkipped } = await loadFixture(deployCombos);
    await expectSkipped(await combo(alice, 0n), "ZeroLots");
    await expectSkipped(await combo(alice, 1n, { validUntil: 5n }), "OrderExpired");
    await expectSkipped(await combo(alice, 1n, { taker: 7n }), "TakerNotNamed");
    await expectSkipped(await combo(alice, 1n, { maxFee: MAKER_FEE - 1n }), "MakerFeeAboveCap");
    await expectSkipped(await combo(alice, 1n, { epoch: 1n }), "EpochPassed");
    await expectSkipped(await combo(alice, 1n, {}, bob), "SignerNotAuthorised");
    await expectSkipped(await combo(alice, 1n, { reduceOnly: true }), "NothingToReduce");
    await expectSkipped({ ...(await combo(alice, 1n)), signature: "0x" }, "SignatureInvalid");
    // a unit pays 40 and costs twice 15
    expect(comboCash(VERTICAL)).to.equal(-10n * WAD);
    await expectSkipped(await combo(alice, 1n), "CashBelowLimit", limitOf({ leastCash: -10n * WAD + 1n }));
    const three = [...VERTICAL, { instrument: PUT, lots: 1n, price: WAD }];
    await expectSkipped(await combo(alice, 1n, { legs: three }), "PricesDiffer");
    await vault.setEpoch(accountIdOf(alice.address), 1n);
    await expectSkipped(await combo(alice, 1n), "EpochPassed");
    // every field of a leg is signed, and their order
    const signed = await signCombo(bob, venue, comboOf(bob.address));
    const [near, far] = VERTICAL as [Leg, Leg];
    for (const legs of [
      [{ ...near, price: near.price - 1n }, far],
      [{ ...near, instrument: PUT }, far],
      [near, { ...far, lots: 1n }],
      [far, near],
    ]) {
      const order = { ...signed.order, legs };
      await expectSkipped({ order, signature: signed.signature, units: 1n }, "SignatureInvalid", limitOf({ legs }));
    }
  });

  it("are cancelled by their nonce, and not taken by their own account", async () => {
    const { vault, taker, takerAccount, operator, combo, comboOf, venue, expectSkipped, cancel } = await loadFixture(deployCombos);
    await cancel([1n]);
    await vault.setOperator(takerAccount, alice.address, 1n, LATER);
    const own = { ...(await signCombo(alice, venue, comboOf(taker.address, { signer: alice.address }))), units: 1n };
    await expectSkipped(own, "SelfTrade");
    const other = accountIdOf(operator.address);
    await vault.setOperator(other, alice.address, 1n, LATER);
    const made = { ...(await signCombo(alice, venue, comboOf(operator.address, { signer: alice.address }))), units: 1n };
    await vault.connect(operator).trade(other, encodeCancel([1n]));
    await expectSkipped(made, "OrderCancelled");
    await expectSkipped(await combo(bob, 1n, { nonce: 2n ** 40n - 1n, reduceOnly: true }), "NothingToReduce");
  });

  it("a wallet that is a contract signs them too", async () => {
    const { combo, comboOf, venue, take, expectSkipped } = await loadFixture(deployCombos);
    const wallet = await ethers.deployContract("KeyWallet", [carol.address]);
    const order = comboOf(await wallet.getAddress());
    const { signature } = await combo(carol, 1n);
    await expectSkipped({ order, signature, units: 4n }, "SignatureInvalid");
    const signed = carol.signingKey.sign(hashCombo(venue, order)).serialized;
    expect((await take([{ order, signature: signed, units: 4n }])).fills).to.have.length(2);
  });

  it("that only reduce are bounded by the leg with the least to reduce", async () => {
    const { combo, take, expectSkipped } = await loadFixture(deployCombos);
    // alice is short 7 of the call and long 14 of the higher one, and sells another higher one
    await take([await combo(alice, 7n)]);
    const back = VERTICAL.map((leg) => ({ ...leg, lots: -leg.lots }));
    const reducing = (units: bigint, legs: readonly Leg[], nonce: bigint) => combo(alice, units, { legs, nonce, reduceOnly: true });
    const three = back.map((leg, i) => (i === 1 ? { ...leg, lots: -3n } : leg));
    // 14 lots are four units of three
    expect((await take([await reducing(6n, three, 2n)], limitOf({ legs: three }))).fills.map((one) => one[2])).to.deep.equal([-4n, 12n]);
    // in one trade both count on the same three calls
    const two = back.map((leg, i) => ({ ...leg, lots: i === 0 ? 2n : -1n }));
    const both = [await reducing(9n, two, 3n), await reducing(9n, two, 4n)];
    const { fills, skipped } = await take(both, limitOf({ legs: two }));
    expect([fills.map((one) => one[2]), skipped]).to.deep.equal([[-2n, 1n], ["NothingToReduce"]]);
    await expectSkipped(await reducing(1n, VERTICAL, 5n), "NothingToReduce");
    const none = back.map((leg, i) => (i === 0 ? { ...leg, lots: 0n } : leg));
    await expectSkipped(await reducing(1n, none, 6n), "NothingToReduce", limitOf({ legs: none }));
  });

  it("that the vault drops get their units back once", async () => {
    const { vault, orders, combo, take } = await loadFixture(deployCombos);
    const account = accountIdOf(alice.address);
    await take([await combo(alice, 20n)]);
    await vault.setDropMask(0b0011n);
    const { fills } = await take([await combo(alice, 30n), await combo(bob, 30n)]);
    expect(fills).to.have.length(2);
    expect((await orders.nonceOf(account, 1n)).filled).to.equal(20n);
    expect((await orders.nonceOf(accountIdOf(bob.address), 1n)).filled).to.equal(30n);
  });

  it("a taker's mistakes revert", async () => {
    const { vault, orders, taker, takerAccount, combo } = await loadFixture(deployCombos);
    const made = await combo(alice, 1n);
    const leg = VERTICAL[0]!;
    const nine = Array.from({ length: 9 }, (_, i) => ({ ...leg, instrument: CALL + BigInt(i * 512) }));
    const wrong: readonly (readonly [ComboLimit, string, readonly unknown[]])[] = [
      [limitOf({ legs: [leg] }), "LegsOutOfBounds", [1n, 1n]],
      [limitOf({ legs: nine }), "LegsOutOfBounds", [9n, 9n]],
      [limitOf({ legs: [leg, { ...leg, instrument: 3n }] }), "UnknownInstrument", [3n]],
      [limitOf({ legs: [leg, { ...leg, instrument: 0x010720n }] }), "UnknownInstrument", [0x010720n]],
      [limitOf({ maxFee: TAKER_FEE - 1n }), "TakerFeeAboveCap", [TAKER_FEE, TAKER_FEE - 1n]],
    ];
    for (const [limit, name, args] of wrong) {
      const sent = vault.connect(taker).trade(takerAccount, encodeCombos(limit, [made]));
      await expect(sent, name)
        .to.be.revertedWithCustomError(orders, name)
        .withArgs(...args);
      await expect(orders.fillableCombo(takerAccount, packComboLimit(limit), packCombo(made))).to.be.revertedWithCustomError(orders, name);
    }
    const packed = { ...packComboLimit(limitOf()), lots: [1n] };
    await expect(orders.fillableCombo(takerAccount, packed, packCombo(made)))
      .to.be.revertedWithCustomError(orders, "LegsOutOfBounds")
      .withArgs(2n, 1n);
  });

  it("H-25: random trades agree with the engine to the unit", async function () {
    this.timeout(120_000);
    const { vault, orders, taker, takerAccount, combo } = await loadFixture(deployCombos);
    const random = new Random(31);
    const positions = new Map<string, bigint>();
    const held = (account: bigint, instrument: bigint): bigint => positions.get(`${account}:${instrument}`) ?? 0n;
    let states: NonceStates = new Map();
    const skips = new Map<string, number>();
    let filled = 0;
    for (let step = 0; step < 150; step++) {
      const instruments = [CALL, HIGHER, PUT].slice(0, 2 + random.below(2));
      const legs = instruments.map((instrument) => ({ instrument, lots: BigInt(random.below(5) - 2) }));
      const makers = await Promise.all(
        Array.from({ length: 1 + random.below(4) }, async () => {
          const priced = legs.map((leg) => ({ ...leg, price: BigInt(1 + random.below(30)) * WAD + 1n }));
          const changes = {
            legs: random.chance(0.05) ? [...priced, priced[0]!] : priced,
            size: BigInt(1 + random.below(60)),
            nonce: BigInt(random.below(12)),
            reduceOnly: random.chance(0.3),
            validUntil: random.chance(0.05) ? 5n : LATER,
          };
          const signer = random.pick([alice, bob, carol]);
          const made = await combo(signer, BigInt(random.below(40)), changes);
          const forged = random.chance(0.1);
          return { made: forged ? { ...made, signature: "0x01" } : made, forged };
        }),
      );
      const units = BigInt(random.below(90));
      const limit = { legs, units, maxFee: TAKER_FEE, leastCash: -BigInt(random.below(120)) * WAD };
      const books: OrderBooks = {
        now: BigInt(await networkHelpers.time.latest()) + 1n,
        contextOf: (account, signer, instrument) => ({
          authorised: BigInt(ownerOf(account)) === BigInt(signer),
          epoch: 0n,
          lots: held(account, instrument),
        }),
        expiryOf: (instrument) => termsOf(instrument).expiry,
      };
      await networkHelpers.time.setNextBlockTimestamp(books.now);
      const fees = { taker: TAKER_FEE, maker: MAKER_FEE };
      const twins = makers.map(({ made, forged }) => ({ order: made.order, units: made.units, signatureValid: !forged }));
      const expected = fillCombos(books, states, fees, takerAccount, limit, twins);
      // groups are dropped whole
      const count = legs.length;
      const dropped = expected.fills.map((_, i) => (step * 7 + Math.floor(i / count)) % 5 === 0);
      await vault.setDropMask(dropped.reduce((mask, drop, i) => (drop ? mask | (1n << BigInt(i)) : mask), 0n));
      await networkHelpers.time.setNextBlockTimestamp(books.now + 1n);
      const data = encodeCombos(
        limit,
        makers.map(({ made }) => made),
      );
      const proposed = await vault.connect(taker).trade.staticCall(takerAccount, data);
      expect(
        proposed.map((one) => [one.maker, one.instrument, one.lots, one.price, one.takerFee, one.makerFee, one.order]),
        `step ${step}`,
      ).to.deep.equal(expected.fills.map((one) => [one.maker, one.instrument, one.lots, one.price, one.takerFee, one.makerFee, one.order]));
      const receipt = await (await vault.connect(taker).trade(takerAccount, data)).wait();
      const reasons = (receipt?.logs ?? [])
        .map((log) => orders.interface.parseLog(log))
        .filter((log) => log?.name === "OrderSkipped")
        .map((log) => skipReason(log?.args.reason));
      expect(reasons, `step ${step}`).to.deep.equal(expected.skipped.map(({ reason }) => reason));
      for (const reason of reasons) skips.set(String(reason), (skips.get(String(reason)) ?? 0) + 1);
      states = dropFills(
        expected.nonces,
        expected.fills.filter((_, i) => dropped[i]),
      );
      for (const [i, one] of expected.fills.entries()) {
        if (dropped[i]) continue;
        filled++;
        const name = BigInt.asUintN(24, one.instrument);
        positions.set(`${takerAccount}:${name}`, held(takerAccount, name) + one.lots);
        positions.set(`${one.maker}:${name}`, held(one.maker, name) - one.lots);
      }
      for (const { made } of makers) {
        const { filled: units, cancelled } = nonceState(states, made.order.account, made.order.nonce);
        expect(await orders.nonceOf(made.order.account, made.order.nonce), `step ${step}`).to.deep.equal([units, cancelled]);
      }
    }
    if (process.env.SHOW_COUNTS !== undefined) console.log(filled, skips);
    expect(filled).to.be.at.least(80);
    for (const reason of [
      "CashBelowLimit",
      "PricesDiffer",
      "NothingToReduce",
      "OrderUsedUp",
      "SignatureInvalid",
      "ZeroLots",
      "OrderExpired",
    ]) {
      expect(skips.get(reason) ?? 0, reason).to.be.at.least(3);
    }
  });

  it("the engine refuses what the contract refuses", () => {
    const books: OrderBooks = { now: 1n, contextOf: () => ({ authorised: true, epoch: 0n, lots: 0n }), expiryOf: () => 5n };
    const attempt = (changes: Partial<ComboLimit>): string => {
      try {
        fillCombos(books, new Map(), { taker: TAKER_FEE, maker: MAKER_FEE }, 1n, limitOf(changes), []);
        return "";
      } catch (error) {
        return error instanceof Reverted ? error.errorName : String(error);
      }
    };
    expect(attempt({ legs: VERTICAL.slice(1) })).to.equal("LegsOutOfBounds");
    expect(attempt({ legs: [...VERTICAL, { instrument: 255n, lots: 1n }] })).to.equal("UnknownInstrument");
    expect(attempt({ legs: [...VERTICAL, { instrument: 0x010120n, lots: 1n }] })).to.equal("UnknownInstrument");
    expect(attempt({ maxFee: 0n })).to.equal("TakerFeeAboveCap");
    expect(attempt({})).to.equal("");
  });
});

describe("combos of the SDK", () => {
  it("hash as the contract does", async () => {
    const { orders, comboOf, venue } = await loadFixture(deployCombos);
    for (const changes of [
      {},
      { reduceOnly: true, epoch: 3n, taker: 5n, signer: bob.address, maxFee: -7n },
      { legs: VERTICAL.slice(0, 1) },
    ]) {
      const order = comboOf(alice.address, changes);
      expect(await orders.digestOfCombo(typedForCall(typedCombo(venue, order)))).to.equal(hashCombo(venue, order));
    }
  });

  it("decode what they encode", () => {
    const vault = `0x${"7a".repeat(20)}`;
    const legs = fc.array(fc.record({ instrument: unsigned(24), lots: signed(48) }), { minLength: 2, maxLength: 8 });
    const data = legs.chain((list) =>
      fc.record({
        limit: fc.record({ legs: fc.constant(list), units: unsigned(48), maxFee: signed(24), leastCash: signed(256) }),
        makers: fc.array(
          fc.record({
            order: fc.record({
              vault: fc.constant(vault),
              account: unsigned(256),
              signer: unsigned(160).map((value) => `0x${(value | 1n).toString(16).padStart(40, "0")}`),
              legs: fc.tuple(...list.map((leg) => unsigned(96).map((price) => ({ ...leg, price })))),
              size: unsigned(48),
              maxFee: signed(24),
              reduceOnly: fc.boolean(),
              validFrom: unsigned(40),
              validUntil: unsigned(36),
              nonce: unsigned(40),
              epoch: unsigned(32),
              taker: unsigned(256),
            }),
            units: unsigned(48),
            signature: fc.uint8Array({ maxLength: 100, size: "max" }).map((bytes) => `0x${Buffer.from(bytes).toString("hex")}`),
          }),
          { maxLength: 3 },
        ),
      }),
    );
    fc.assert(
      fc.property(data, ({ limit, makers }) => {
        expect(decodeCombos(vault, encodeCombos(limit, makers))).to.deep.equal({ limit, makers });
      }),
      { numRuns: 100 },
    );
    expect(() => decodeCombos(vault, encodeFills([], []))).to.throw();
    expect(() => decodeTrade(vault, encodeCombos(limitOf(), []))).to.throw(/decodeCombos/);
  });

  it("refuse a field that does not fit, and a key that the order does not name", async () => {
    const { comboOf, venue } = await loadFixture(deployCombos);
    const legs = (changes: Partial<Leg>) => [{ ...VERTICAL[0]!, ...changes }, VERTICAL[1]!];
    for (const changes of [
      { size: 2n ** 48n },
      { nonce: -1n },
      { legs: legs({ lots: 2n ** 47n }) },
      { legs: legs({ price: 2n ** 96n }) },
      { legs: legs({ instrument: 2n ** 24n }) },
      { legs: legs({ instrument: 3n }) },
      { legs: legs({ lots: 0n }) },
      { legs: legs({ instrument: VERTICAL[1]!.instrument }) },
      { legs: VERTICAL.slice(1) },
      { legs: Array.from({ length: 9 }, (_, i) => ({ ...VERTICAL[0]!, instrument: 256n + BigInt(2 * i) })) },
      { taker: -1n },
    ]) {
      expect(() => buildCombo({ ...comboOf(alice.address), ...changes })).to.throw(OrderFieldError);
    }
    let refused = "";
    await signCombo(bob, venue, comboOf(alice.address)).catch((error: Error) => {
      refused = error.message;
    });
    expect(refused).to.match(/names .* as its signer/);
  });
});

describe("combo orders in the whole vault", function () {
  this.timeout(120_000);
  const coder = AbiCoder.defaultAbiCoder();
  const MODULE = 1;
  const LOTS = 40_000n;

  it("default: a spread that margin bears is filled, one that it does not bear gets its units back; four legs cost less than four orders", async () => {
    const world = await SeriesChain.create(3);
    const { vault, connection, signers } = world.deployment;
    const [taker, maker, poor] = signers.slice(2, 5) as [HardhatEthersSigner, HardhatEthersSigner, HardhatEthersSigner];
    const expiry = world.state.now + 30n * DAY;
    world.pass(1n);
    await world.step(
      world.list(0, { series: 1n, expiry, base: 1_500n, step: 100n, decimals: 13n, count: 10n, depth: 10_000_000n, volatilityCap: 200n }),
    );
    world.pass(1n);
    await world.step(world.post(0, 2_000n * WAD));
    world.pass(1n);
    const { now } = world.state;
    await world.step(world.slice(0, 1, { sliceWord: sliceOf(0.6, Number(spanAt(expiry, now))), basis: 0n, publishTime: now }));
    world.pass(1n);
    await world.step(world.refresh(0, 1));

    const module = await connection.ethers.deployContract("OrderSettlement", [vault, 0n, 0n]);
    await vault.setModule(MODULE, module);
    const venue = {
      chainId: (await connection.ethers.provider.getNetwork()).chainId,
      settlement: (await module.getAddress()).toLowerCase(),
      termsOf: (instrument: bigint) => ({
        ...termsOfWord(instrument, world.state.underlyings[0]?.series.get(1)?.word ?? 0n),
        lotExponent: 5n,
      }),
    };
    for (const [owner, dollars] of [
      [taker, 20_000n],
      [maker, 20_000n],
      [poor, 60n],
    ] as const) {
      const account = accountIdOf(owner.address);
      const deposit = { kind: 0, account, data: coder.encode(["uint8", "uint256"], [255, dollars * 10n ** 6n]) };
      await vault.connect(owner).execute([deposit, { kind: 5, account, data: coder.encode(["uint16"], [2]) }]);
    }

    const leg = (instrument: bigint, lots: bigint): Leg => ({ instrument, lots, price: marketOf(new Draft(world.state), instrument).mark });
    const [callBelow, putBelow] = [named(0, 1, 4n), named(0, 1, 4n, false)];
    const [callAbove, putAbove] = [named(0, 1, 6n), named(0, 1, 6n, false)];
    const box = [leg(callBelow, 1n), leg(putBelow, -1n), leg(callAbove, -1n), leg(putAbove, 1n)];
    const common = { vault: await vault.getAddress(), maxFee: 0n, validUntil: expiry - 1n };
    let nonce = 0n;
    /** What became of the fills, and the gas. */
    const send = async (data: string): Promise<{ names: string[]; gas: bigint }> => {
      const action = {
        kind: 7,
        account: accountIdOf(taker.address),
        data: coder.encode(["uint8", "bytes", "uint256"], [MODULE, data, 0n]),
      };
      const receipt = await (await vault.connect(taker).execute([action])).wait();
      const names = (receipt?.logs ?? []).map((log) => vault.interface.parseLog(log)?.name ?? "");
      return { names: names.filter((name) => name.startsWith("Fill")), gas: receipt?.gasUsed ?? 0n };
    };
    const takeCombo = async (owner: HardhatEthersSigner, legs: readonly Leg[], units: bigint): ReturnType<typeof send> => {
      const request = { ...common, account: accountIdOf(owner.address), legs, size: units, nonce: ++nonce };
      const signed = await signCombo(owner, venue, buildCombo(request));
      return send(encodeCombos({ legs, units, maxFee: 0n, leastCash: comboCash(legs) }, [{ ...signed, units }]));
    };
    const takeApart = async (owner: HardhatEthersSigner, legs: readonly Leg[], units: bigint): ReturnType<typeof send> => {
      const limits: TakerLimit[] = [];
      const makers: OrderFill[] = [];
      for (const { instrument, lots, price } of legs) {
        const [long, size] = [lots > 0n, lots < 0n ? -lots * units : lots * units];
        const request = { ...common, account: accountIdOf(owner.address), instrument, long, limit: price, size, nonce: ++nonce };
        makers.push({ ...(await signOrder(owner, venue, buildOrder(request))), lots: size });
        limits.push({ instrument, long: !long, worst: price, lots: size, maxFee: 0n, reduceOnly: false });
      }
      return send(encodeFills(limits, makers));
    };
    const filled = box.map(() => "Filled");
    const usedOf = async (owner: HardhatEthersSigner): Promise<bigint> => (await module.nonceOf(accountIdOf(owner.address), nonce)).filled;

    expect((await takeCombo(maker, box, 2n * LOTS)).names).to.deep.equal(filled);
    expect(await usedOf(maker)).to.equal(2n * LOTS);
    // sold calls alone are too much for it, a spread is not
    expect((await takeCombo(poor, [leg(callAbove, -1n), leg(named(0, 1, 7n), 1n)], LOTS)).names).to.deep.equal(["Filled", "Filled"]);
    expect(await usedOf(poor)).to.equal(LOTS);
    expect((await takeCombo(poor, [leg(callBelow, -1n), leg(callAbove, -1n)], LOTS)).names).to.deep.equal(["FillSkipped", "FillSkipped"]);
    expect(await usedOf(poor)).to.equal(0n);

    // both write a nonce that was used before, and positions that are held
    nonce = 10n;
    await takeApart(maker, box, LOTS);
    const apart = (await takeApart(maker, box, LOTS)).gas;
    const together = (await takeCombo(maker, box, LOTS)).gas;
    if (process.env.SHOW_GAS !== undefined) console.log({ apart, together });
    expect(Number(together) / Number(apart)).to.be.lessThan(0.75);
  });
});
