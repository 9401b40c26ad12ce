import { expect } from "chai";
import { id, Signature, toBeHex } from "ethers";
import { orderOfFill } from "../../src/engine/orders/orders.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { type OrderFill, packTakerLimit } from "../../src/sdk/orders.ts";
import { canTake, packTaken, takeCall } from "../../src/sdk/takeOrders.ts";
import type { MockFeed } from "../../typechain-types/index.ts";
import { Random } from "../helpers/random.ts";
import { bothWays } from "./bothWays.ts";
import { type Circumstance, circumstances } from "./circumstances.ts";
import { ethers, keyOf, LATER, networkHelpers, SCOPE_TRADE, sale, TAKER_FEE } from "./fixture.ts";
import {
  type Action,
  alice,
  anyLots,
  bob,
  CANCEL_ORDERS,
  coder,
  deployOrdersWith,
  LOT,
  LOTS,
  MODULE,
  SET_MODULES,
  SET_OPERATOR,
  UNIT,
} from "./vaultFixture.ts";

const { loadFixture } = networkHelpers;
const aliceAccount = accountIdOf(alice.address);
const bobAccount = accountIdOf(bob.address);
const OTHERS = ["carol", "dave", "poor"].map((name) => accountIdOf(keyOf(name).address));
const HALF = LOTS / 2n;
const OTHER_PRICE = 40_000n * 10n ** 18n;
const STEPS_OF_A_CIRCUMSTANCE = 11;
const ORDER_OF_CURVE = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

async function start() {
  const feed = await ethers.deployContract("MockFeed", [0]);
  await feed.set(0, 1);
  const { fill: order, ...world } = await deployOrdersWith({ uptimeFeed: await feed.getAddress(), uptimeGrace: 30n });
  const second = accountIdOf(world.taker.address, 1n);
  const both = bothWays({ ...world, fill: order }, [world.takerAccount, second, aliceAccount, bobAccount, ...OTHERS]);
  const limitWord = (changes: Parameters<typeof anyLots>[0] = {}, module = MODULE): bigint =>
    packTakerLimit(anyLots(changes)) | (BigInt(module) << 216n);
  return { ...world, ...both, feed, order, second, operatorSigner: world.signers[6] ?? world.deployer, limitWord };
}

const modulesAction = (account: bigint, mask: number): Action => ({
  kind: SET_MODULES,
  account,
  data: coder.encode(["uint16"], [mask]),
});

const operatorAction = (account: bigint, operator: string, scope: bigint, until: bigint): Action => ({
  kind: SET_OPERATOR,
  account,
  data: coder.encode(["address", "uint8", "uint40"], [operator, scope, until]),
});

describe("orders taken by the vault itself, beside the same by a Trade", () => {
  it("default: two makers; the log says which orders, and how much of each", async () => {
    const { fill, ...world } = await loadFixture(start);
    const makers = [await world.order(alice, LOTS), await world.order(bob, HALF, { limit: LOT + 1n, nonce: 7n })];
    const { fills: said, orders } = await fill(makers, { minimum: LOTS + HALF });
    expect(orders).to.deep.equal([]);
    expect(said.map((line) => orderOfFill(BigInt(line.split(" ").at(-1) ?? 0)))).to.deep.equal([
      { nonce: 1n, counted: LOTS, module: BigInt(MODULE) },
      { nonce: 7n, counted: HALF, module: BigInt(MODULE) },
    ]);
    expect(await Promise.all([aliceAccount, bobAccount].map((account) => world.lotsOf(account)))).to.deep.equal([-LOTS, -HALF]);
    expect(await Promise.all(makers.map(world.filledOf))).to.deep.equal([LOTS, HALF]);
  });

  it("behavior: one count, one cancellation: what one way filled or cancelled the other finds so", async () => {
    const { take, trade, order, filledOf, execute, cancelOf, reasons } = await loadFixture(start);
    const one = await order(alice, LOTS);
    await take({}, [{ ...one, lots: HALF }]);
    expect(await filledOf(one)).to.equal(HALF);
    await trade({}, [{ ...one, lots: LOTS }]);
    expect(await filledOf(one)).to.equal(LOTS);
    expect(await reasons([one])).to.deep.equal(["OrderUsedUp"]);
    const other = await order(alice, LOTS, { nonce: 2n });
    await take({}, [{ ...other, lots: 1n * (LOTS / 4n) }]);
    await execute(alice, cancelOf([2n], aliceAccount));
    expect(await reasons([other])).to.deep.equal(["OrderCancelled"]);
    await execute(alice, { kind: CANCEL_ORDERS, account: aliceAccount, data: "0x" });
    expect(await reasons([await order(alice, LOTS, { nonce: 3n })])).to.deep.equal(["EpochPassed"]);
  });

  it("behavior: an order that is passed over is so for the same reason", async () => {
    const { order, reasons, takerAccount, taker } = await loadFixture(start);
    const now = BigInt(await networkHelpers.time.latest());
    const each = async (changes: Parameters<typeof order>[2]): Promise<string[]> => reasons([await order(alice, LOTS, changes)]);
    expect(await each({ instrument: 1n })).to.deep.equal(["NoTakerLimit"]);
    expect(await each({ long: true })).to.deep.equal(["NoTakerLimit"]);
    expect(await each({ validUntil: now - 1n })).to.deep.equal(["OrderExpired"]);
    expect(await each({ validFrom: now + 1_000n })).to.deep.equal(["OrderNotYetValid"]);
    expect(await each({ maxFee: -201n })).to.deep.equal(["MakerFeeAboveCap"]);
    expect(await each({ epoch: 1n })).to.deep.equal(["EpochPassed"]);
    expect(await reasons([await order(alice, LOTS, { signer: bob.address }, bob)])).to.deep.equal(["SignerNotAuthorised"]);
    expect(await each({ reduceOnly: true })).to.deep.equal(["NothingToReduce"]);
    expect(await each({ taker: takerAccount })).to.deep.equal([]);
    expect(await reasons([await order(alice, 0n)])).to.deep.equal(["ZeroLots"]);
    expect(await reasons([await order(alice, LOTS, { nonce: 4n })], { limit: anyLots({ worst: LOT - 1n }) })).to.deep.equal([
      "PriceBeyondLimit",
    ]);
    const own = await order(taker as never, LOTS, { account: takerAccount });
    expect(await reasons([own])).to.deep.equal(["SelfTrade"]);
    expect(await reasons([own], { account: accountIdOf(taker.address, 1n) })).to.deep.equal(["MarginTooLow"]);
  });

  it("H-63: operators sign while they have the trade scope", async () => {
    const { order, reasons, execute } = await loadFixture(start);
    const operator = keyOf("operator");
    const signed = async (nonce: bigint): Promise<OrderFill> => order(alice, 10_000n, { signer: operator.address, nonce }, operator);
    expect(await reasons([await signed(1n)])).to.deep.equal(["SignerNotAuthorised"]);
    await execute(alice, operatorAction(aliceAccount, operator.address, 30n, LATER));
    expect(await reasons([await signed(1n)])).to.deep.equal(["SignerNotAuthorised"]);
    const soon = BigInt(await networkHelpers.time.latest()) + 60n;
    await execute(alice, operatorAction(aliceAccount, operator.address, SCOPE_TRADE, soon));
    expect(await reasons([await signed(1n)])).to.deep.equal([]);
    await networkHelpers.time.increaseTo(soon - 1n);
    expect(await reasons([await signed(2n)])).to.deep.equal(["SignerNotAuthorised"]);
  });

  it("behavior: whatever of the order is another than what was signed, the signature is not good", async () => {
    const { order, reasons, takerAccount } = await loadFixture(start);
    const good = await order(alice, LOTS);
    const now = BigInt(await networkHelpers.time.latest());
    const changes: Partial<OrderFill["order"]>[] = [
      { limit: LOT - 1n },
      { size: LOTS + 1n },
      { maxFee: 1n },
      { validFrom: now - 1n },
      { validUntil: LATER + 1n },
      { nonce: 2n },
      { taker: takerAccount },
      { account: bobAccount, signer: bob.address },
    ];
    const forged = changes.map((each) => ({ ...good, order: { ...good.order, ...each } }));
    expect(await reasons(forged)).to.deep.equal(forged.map(() => "SignatureInvalid"));
    const { r, s, v } = Signature.from(good.signature);
    const wrong = (changed: { r?: string; s?: string; v?: number }) => ({
      ...good,
      signature: Signature.from({ r, s, v, ...changed }).serialized,
    });
    expect(await reasons([wrong({ v: v === 27 ? 28 : 27 }), wrong({ r: toBeHex(1n, 32) }), wrong({ s: toBeHex(1n, 32) })])).to.deep.equal([
      "SignatureInvalid",
      "SignatureInvalid",
      "SignatureInvalid",
    ]);
    expect(await reasons([wrong({ r: toBeHex(0n, 32) }), wrong({ s: toBeHex(0n, 32) })])).to.deep.equal([
      "SignatureInvalid",
      "SignatureInvalid",
    ]);
    expect(await reasons([good])).to.deep.equal([]);
  });

  it("behavior: an order for another taker has another digest here; the SDK asks the module", async () => {
    const { order, vault, taker, takerAccount, second, limitWord, venue } = await loadFixture(start);
    const other = await order(alice, LOTS, { taker: second });
    await expect(vault.connect(taker).take(takerAccount, limitWord(), packTaken(takerAccount, [other])))
      .to.emit(vault, "OrderSkipped")
      .withArgs(aliceAccount, 1n, id("SignatureInvalid(address)").slice(0, 10));
    const taking = (makers: OrderFill[]) => canTake(venue, { taker: takerAccount, limits: [anyLots()], makers, minimumLots: 0n });
    const good = await order(alice, LOTS, { taker: takerAccount });
    const wallet = { ...good, signature: `${good.signature}00` };
    const forged = { ...good, order: { ...good.order, nonce: 9n } };
    expect([[good], [good, other], [wallet], [forged], []].map(taking)).to.deep.equal([true, false, false, false, true]);
    expect(canTake(venue, { taker: takerAccount, limits: [anyLots(), sale()], makers: [good], minimumLots: 0n })).to.equal(false);
    expect(canTake(venue, { taker: takerAccount, limits: [anyLots({ instrument: 1n << 8n })], makers: [], minimumLots: 0n })).to.equal(
      false,
    );
    // what does not fit its bits would reach into those of the module
    expect(canTake(venue, { taker: takerAccount, limits: [anyLots()], makers: [good], minimumLots: 2n ** 48n })).to.equal(false);
    const record = { modules: { orders: MODULE } } as never;
    expect(() =>
      takeCall(record, taker.address, { taker: takerAccount, limits: [anyLots()], makers: [], minimumLots: 2n ** 48n }),
    ).to.throw("order field minimumLots");
  });

  it("behavior: a signature with a high s is none, nor one of the account whose owner is zero", async () => {
    const { order, vault, taker, takerAccount, limitWord } = await loadFixture(start);
    const good = await order(alice, LOTS);
    const packed = packTaken(takerAccount, [good]);
    const { s } = Signature.from(good.signature);
    // the twin has more bits than its place: what fits of it, with either parity
    const twin = ORDER_OF_CURVE - BigInt(s);
    for (const parity of [0n, 1n]) {
      const word = (twin & ((1n << 255n) - 1n)) | (parity << 255n);
      await expect(vault.connect(taker).take(takerAccount, limitWord(), packed.slice(0, -64) + toBeHex(word, 32).slice(2)))
        .to.emit(vault, "OrderSkipped")
        .withArgs(aliceAccount, 1n, id("SignatureInvalid(address)").slice(0, 10));
    }
    const nobody = { ...good, order: { ...good.order, account: 5n, signer: `0x${"00".repeat(20)}` } };
    // a recovery that fails: r is beyond the curve
    const word = packTaken(takerAccount, [nobody]);
    const failing = `${word.slice(0, -128)}${"ff".repeat(32)}${word.slice(-64)}`;
    for (const data of [word, failing]) {
      await expect(vault.connect(taker).take(takerAccount, limitWord(), data))
        .to.emit(vault, "OrderSkipped")
        .withArgs(5n, 1n, id("SignatureInvalid(address)").slice(0, 10));
    }
  });

  it("behavior: what the vault refuses of a fill it refuses alike", async () => {
    const { order, reasons, execute, fund, vault } = await loadFixture(start);
    expect(await reasons([await order(alice, LOTS, { limit: (LOT * 1_021n) / 1_000n })])).to.deep.equal(["PriceOutsideBand"]);
    expect(await reasons([await order(alice, LOTS, { limit: (LOT * 979n) / 1_000n })])).to.deep.equal(["PriceOutsideBand"]);
    expect(await reasons([await order(alice, 2n ** 44n, { size: 2n ** 44n })])).to.deep.equal(["PositionCapExceeded"]);
    expect(await reasons([await order(alice, 1n, { nonce: 2n })])).to.deep.equal(["PositionTooSmall"]);
    await execute(alice, modulesAction(aliceAccount, 1));
    expect(await reasons([await order(alice, LOTS)])).to.deep.equal(["ModuleNotConsented"]);
    await execute(alice, modulesAction(aliceAccount, 3));
    const poor = keyOf("poor");
    await fund(accountIdOf(poor.address), 50n);
    expect(await reasons([await order(poor, LOTS), await order(alice, LOTS)])).to.deep.equal(["MarginTooLow"]);
    await vault.stopOpens(0);
    expect(await reasons([await order(bob, LOTS)])).to.deep.equal(["RiskMayNotRise"]);
  });

  it("behavior: a price that is not good lets nobody open", async () => {
    const { order, reasons } = await loadFixture(start);
    // doubtful, and then too old
    await networkHelpers.time.increase(200);
    await reasons([await order(alice, HALF)]);
    await networkHelpers.time.increase(4_000);
    expect(await reasons([await order(alice, HALF, { nonce: 2n })])).to.deep.equal(["RiskMayNotRise"]);
  });

  it("H-72 behavior: while the sequencer is down only what shrinks both sides is filled, whatever the price says", async () => {
    const { order, fill, reasons, feed } = await loadFixture(start);
    await fill([await order(alice, LOTS)]);
    await feed.set(1, await networkHelpers.time.latest());
    expect(await reasons([await order(alice, HALF, { nonce: 2n }), await order(bob, HALF)])).to.deep.equal([
      "RiskMayNotRise",
      "RiskMayNotRise",
    ]);
    const closing = [await order(bob, HALF, { long: true }), await order(alice, HALF, { long: true, nonce: 3n })];
    expect(await reasons(closing, { limit: sale({ lots: LOTS }) })).to.deep.equal(["RiskMayNotRise"]);
  });

  it("behavior: what the taker may not ask for reverts alike", async () => {
    const { order, reasons, vault, takerAccount, taker, limitWord, fund, operatorSigner, execute } = await loadFixture(start);
    const one = await order(alice, LOTS);
    expect(await reasons([one], { limit: anyLots({ maxFee: TAKER_FEE - 1n }) })).to.deep.equal(["TakerFeeAboveCap"]);
    expect(await reasons([one], { limit: anyLots({ reduceOnly: true }) })).to.deep.equal(["NothingToReduce"]);
    expect(await reasons([one], { limit: anyLots({ instrument: 40n }) })).to.deep.equal(["UnknownInstrument"]);
    expect(await reasons([one], { minimum: LOTS + 1n })).to.deep.equal(["FilledTooLittle"]);
    expect(await reasons([], { minimum: 1n })).to.deep.equal(["FilledTooLittle"]);
    expect(await reasons([await order(alice, LOTS / 10_000n, { size: LOTS / 10_000n })])).to.deep.equal(["PositionTooSmall"]);
    const thin = accountIdOf(taker.address, 1n);
    await fund(thin, 50n);
    expect(await reasons([one], { account: thin })).to.deep.equal(["MarginTooLow"]);
    // somebody else's account
    expect(await reasons([one], { account: aliceAccount })).to.deep.equal(["NotAuthorised"]);
    await execute(taker, operatorAction(takerAccount, operatorSigner.address, SCOPE_TRADE, LATER));
    const packed = packTaken(takerAccount, [one]);
    await vault.connect(operatorSigner).take(takerAccount, limitWord(), packed);
    await execute(taker, operatorAction(takerAccount, operatorSigner.address, 30n, LATER));
    await expect(vault.connect(operatorSigner).take(takerAccount, limitWord(), packed)).to.be.revertedWithCustomError(
      vault,
      "NotAuthorised",
    );
  });

  it("behavior: a module that is switched off, is none or has no orders takes nothing", async () => {
    const { order, vault, taker, takerAccount, reasons, limitWord } = await loadFixture(start);
    const one = await order(alice, LOTS);
    const packed = packTaken(takerAccount, [one]);
    const take = (module: number) => vault.connect(taker).take(takerAccount, limitWord({}, module), packed);
    await expect(take(5)).to.be.revertedWithCustomError(vault, "UnknownModule").withArgs(5n);
    await expect(take(0)).to.be.revertedWithCustomError(vault, "NotTaken").withArgs(0n);
    await vault.disableModule(MODULE);
    expect(await reasons([one])).to.deep.equal(["ModuleDisabled"]);
    await vault.liftMeasure(3, MODULE);
    expect(await reasons([one])).to.deep.equal([]);
  });

  it("H-65: nobody but a module reaches the nonces of its orders, whatever nonces it names", async () => {
    const { order, reasons, vault, orders, filledOf, signers } = await loadFixture(start);
    const one = await order(alice, LOTS);
    const stranger = signers[7]!;
    await vault.connect(stranger).cancelNonces(aliceAccount, [1n, 2n]);
    // an address that has one bit less than the module's: a nonce of more than 40 bits would put it there
    const module = BigInt(await orders.getAddress());
    const missing = module & -module;
    const near = toBeHex(module ^ missing, 20);
    await networkHelpers.impersonateAccount(near);
    await networkHelpers.setBalance(near, 10n ** 20n);
    const reaching = (missing << 40n) * 5n + 1n;
    const call = vault.connect(await ethers.getSigner(near)).cancelNonces(aliceAccount, [1n, reaching]);
    await expect(call).to.be.revertedWithCustomError(orders, "NonceTooLarge").withArgs(reaching);
    expect(await orders.nonceOf(aliceAccount, 1n)).to.deep.equal([0n, false]);
    expect(await reasons([one])).to.deep.equal([]);
    expect(await filledOf(one)).to.equal(LOTS);
  });

  it("behavior: a module that answers what it is not asked is listed, and has no orders", async () => {
    const { vault, taker, takerAccount, limitWord } = await loadFixture(start);
    // returns nothing; one word; the sizes of two words that are fees of more than there may be
    const answers = ["0x00", "0x60206000f3", `0x7f${"ff".repeat(32)}60005260406000f3`];
    for (const [i, code] of answers.entries()) {
      const module = toBeHex(0xc0de00n + BigInt(i), 20);
      await ethers.provider.send("hardhat_setCode", [module, code]);
      await vault.setModule(2 + i, module);
      await expect(vault.connect(taker).take(takerAccount, limitWord({}, 2 + i), "0x"))
        .to.be.revertedWithCustomError(vault, "NotTaken")
        .withArgs(2n + BigInt(i));
    }
  });

  it("args: makers that are cut short, or too many", async () => {
    const { order, vault, taker, takerAccount, limitWord } = await loadFixture(start);
    const packed = packTaken(takerAccount, [await order(alice, LOTS)]);
    const take = (makers: string) => vault.connect(taker).take(takerAccount, limitWord(), makers);
    await expect(take(packed.slice(0, -2)))
      .to.be.revertedWithCustomError(vault, "MakersCutShort")
      .withArgs(164n);
    await expect(take(`0x${packed.slice(2).repeat(129)}`))
      .to.be.revertedWithCustomError(vault, "TooManyFills")
      .withArgs(129n, 128n);
    await take("0x");
    await take(packed);
  });

  it("behavior: orders and takers that only reduce do not pass zero, and a dropped fill was asked for", async () => {
    const { order, reasons, fill, lotsOf, fund, takerAccount } = await loadFixture(start);
    await fill([await order(alice, LOTS)]);
    const closing = await order(alice, LOTS * 2n, { long: true, reduceOnly: true, nonce: 2n, size: LOTS * 2n });
    await fill([closing], { limit: sale({ lots: LOTS * 2n, reduceOnly: true }) });
    expect([await lotsOf(aliceAccount), await lotsOf(takerAccount)]).to.deep.equal([0n, 0n]);
    const poor = keyOf("poor");
    await fund(accountIdOf(poor.address), 50n);
    const some = { limit: anyLots({ lots: LOTS }) };
    expect(await reasons([await order(poor, LOTS), await order(bob, LOTS)], some)).to.deep.equal(["MarginTooLow"]);
    expect(await lotsOf(bobAccount)).to.equal(0n);
  });

  it("H-65: 180 random books are filled alike by both ways, to the last bit of every word", async function () {
    this.timeout(300_000);
    const seen = await walk(await loadFixture(start), 20_261_130, 180);
    if (process.env.SHOW_COUNTS !== undefined) console.log(Object.fromEntries(seen));
    const few: readonly [string, number][] = [
      ["Filled", 40],
      ["taker reverted", 5],
      ...["OrderUsedUp", "OrderExpired", "EpochPassed", "NothingToReduce", "SignatureInvalid", "OrderCancelled"].map(
        (reason): [string, number] => [reason, 2],
      ),
      ...["MarginTooLow", "PriceOutsideBand", "ModuleNotConsented", "PositionTooSmall"].map((reason): [string, number] => [reason, 2]),
      ...["SignerNotAuthorised", "RiskMayNotRise", "OpenInterestCapExceeded", "FeeOutsideBounds", "PositionCapExceeded"].map(
        (reason): [string, number] => [reason, 2],
      ),
      ...["DeficitRefilled", "ExchangeDeclared"].map((what): [string, number] => [what, 1]),
    ];
    for (const [what, least] of few) expect(seen.get(what) ?? 0, what).to.be.at.least(least);
  });
});

/** Random books on random accounts, some of whom hold several things; prices move, get old, and operators come and go. */
async function walk(world: Awaited<ReturnType<typeof start>>, seed: number, steps: number): Promise<Map<string, number>> {
  const random = new Random(seed);
  const { order, fill, fund, execute, post, second, takerAccount, cancelOf } = world;
  const seen = new Map<string, number>();
  const count = (what: string): unknown => seen.set(what, (seen.get(what) ?? 0) + 1);
  const names = [alice, bob, keyOf("carol"), keyOf("dave"), keyOf("poor")];
  await fund(second, 3_000n);
  await fund(accountIdOf(names[2]!.address), 300n);
  await fund(accountIdOf(names[3]!.address), 1_500n);
  await fund(accountIdOf(names[4]!.address), 40n);
  await world.pledge(names[3]!, 0, 10n ** 18n);
  const operator = keyOf("operator");
  const around = circumstances(world, world.feed as unknown as MockFeed, takerAccount);
  // two of them hold another perpetual as well, so that nothing of theirs is settled in one pass
  await world.post(1, OTHER_PRICE);
  const other = { instrument: 1n, limit: 40_000n * 10n ** 12n, nonce: 29n, size: 50_000n };
  await fill([await order(bob, 50_000n, other)], { limit: anyLots({ instrument: 1n }) });
  let price = UNIT;
  let next = 0;
  let circumstance: Circumstance | undefined = around.at(-1);
  const epochs = new Map<bigint, bigint>();
  for (let step = 0; step < steps; step++) {
    // an ordinary time, and one that is not, in turn
    if (step % STEPS_OF_A_CIRCUMSTANCE === 0) {
      await circumstance?.end();
      for (const each of [takerAccount, second, accountIdOf(alice.address), accountIdOf(bob.address)]) await fund(each, 1_000n);
      circumstance = circumstance === undefined ? around[next++ % around.length] : undefined;
      await circumstance?.begin();
      await post(1, OTHER_PRICE);
      await post(0, price);
    }
    if (random.chance(0.5)) {
      await networkHelpers.time.increase(random.pick([1, 5, 20, 40, 40, 200]));
      price = random.part(price, 0.99, 1.01);
      if (random.chance(0.9)) {
        await post(1, OTHER_PRICE);
        await post(0, price);
      }
    }
    const mark = price / 10n ** 5n;
    const account = random.chance(0.8) ? takerAccount : second;
    const long = random.chance(0.5);
    const makers: OrderFill[] = [];
    for (let i = 2 + random.below(5); i > 0; i--) {
      const key = random.pick(names);
      const maker = accountIdOf(key.address);
      const now = BigInt(await networkHelpers.time.latest());
      const signer = random.chance(0.12) ? operator : key;
      const lots = BigInt(random.pick([0, 10, 5_000, 20_000, 60_000, 100_000, 300_000]));
      const changes = {
        signer: signer.address,
        long: random.chance(0.08) === long,
        limit: random.chance(0.1) ? random.part(mark, 0.97, 1.03) : random.part(mark, 0.995, 1.005),
        size: BigInt(random.pick([40_000, 100_000, 150_000, 400_000])),
        nonce: BigInt(random.below(14)),
        reduceOnly: random.chance(0.25),
        validFrom: random.chance(0.05) ? now + 100n : now - 10n,
        validUntil: random.chance(0.07) ? now - 1n : LATER,
        epoch: random.chance(0.05) ? 9n : (epochs.get(maker) ?? 0n),
        taker: random.chance(0.2) ? account : 0n,
      };
      const made = await order(key, lots, changes, signer);
      // what differs is a maker's second order after a fill of its first that did not stand, where it is the same or only reduces: a Trade has proposed all before
      const again = makers.filter(({ order: { account: of } }) => of === maker).map((each) => each.order);
      if (again.some(({ nonce, reduceOnly }) => nonce === made.order.nonce || reduceOnly || made.order.reduceOnly)) continue;
      makers.push(random.chance(0.05) ? { ...made, signature: (await order(key, 1n, { nonce: 27n })).signature } : made);
    }
    const lots = BigInt(random.pick([20_000, 100_000, 400_000, 1_000_000]));
    const bounds = { lots, reduceOnly: random.chance(0.1), maxFee: random.chance(0.97) ? TAKER_FEE : TAKER_FEE - 1n };
    const asked = { limit: long ? anyLots(bounds) : sale(bounds), account };
    const minimum = random.chance(0.05) ? 10_000n : 0n;
    const result = await fill(makers, { ...asked, minimum });
    if (result.reverted !== undefined) count("taker reverted");
    for (const line of result.others) count(line.split(" ")[0] ?? "");
    for (const line of result.orders) count(line.split(" ")[3] ?? "");
    for (const line of result.fills) count(line.startsWith("Filled") ? "Filled" : (line.split(" ")[5] ?? ""));
    if (random.chance(0.25)) {
      const owner = random.pick(names);
      const account = accountIdOf(owner.address);
      const choice = random.below(6);
      if (choice > 3) {
        const until = BigInt((await networkHelpers.time.latest()) + random.below(2_000));
        await execute(owner, operatorAction(account, operator.address, random.chance(0.8) ? SCOPE_TRADE : 30n, until));
      } else if (choice < 2) await execute(owner, cancelOf([BigInt(random.below(14))], account));
      else if (choice === 2) {
        await execute(owner, { kind: CANCEL_ORDERS, account, data: "0x" });
        epochs.set(account, (epochs.get(account) ?? 0n) + 1n);
      } else await execute(owner, modulesAction(account, random.chance(0.6) ? 3 : 1));
    }
  }
  return seen;
}
