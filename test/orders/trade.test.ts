import { expect } from "chai";
import { AbiCoder, ZeroAddress } from "ethers";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { buildOrder, encodeFills, packMaker, packTakerLimit, signOrder, skipReason } from "../../src/sdk/orders.ts";
import { altered, deploy, ethers, keyOf, limit, MAKER_FEE, networkHelpers, PRICE, sale, TAKER_FEE } from "./fixture.ts";

const { loadFixture, time } = networkHelpers;
const alice = keyOf("alice");
const bob = keyOf("bob");

describe("OrderSettlement.trade", () => {
  it("default: each maker is filled at its own price, in the order given", async () => {
    const { fill, trade, outcome, vault, takerAccount } = await loadFixture(deploy);
    const makers = [await fill(alice, 5n), await fill(bob, 7n, { limit: PRICE + 1n })];
    const { fills, skipped } = await outcome(trade(makers));
    expect(skipped).to.deep.equal([]);
    expect(fills.map(({ maker, instrument, lots, price }) => [maker, instrument, lots, price])).to.deep.equal([
      [accountIdOf(alice.address), 0n, 5n, PRICE],
      [accountIdOf(bob.address), 0n, 7n, PRICE + 1n],
    ]);
    expect(await vault.positionOf(takerAccount, 0n)).to.equal(12n);
    expect(await vault.positionOf(accountIdOf(alice.address), 0n)).to.equal(-5n);
  });

  it("default: makers that buy and makers that sell, on several instruments, in one trade", async () => {
    const { fill, expectFilled } = await loadFixture(deploy);
    const makers = [
      await fill(alice, 5n),
      await fill(bob, 7n, { long: true, instrument: 3n }),
      await fill(alice, 2n, { instrument: 31n, nonce: 2n }),
    ];
    await expectFilled(makers, [5n, -7n, 2n], [limit(), sale({ instrument: 3n }), limit({ instrument: 31n })]);
  });

  it("default: an empty trade proposes nothing", async () => {
    const { trade, outcome } = await loadFixture(deploy);
    expect((await outcome(trade([], []))).fills).to.deep.equal([]);
  });

  it("behavior: only the vault may call", async () => {
    const { orders, taker, takerAccount, outsider } = await loadFixture(deploy);
    for (const caller of [taker, outsider]) {
      await expect(orders.connect(caller).trade({ actor: taker.address, account: takerAccount }, encodeFills([], [])))
        .to.be.revertedWithCustomError(orders, "CallerNotVault")
        .withArgs(caller.address);
    }
  });

  it("behavior: data of another kind is refused", async () => {
    const { vault, orders, taker, takerAccount } = await loadFixture(deploy);
    const data = AbiCoder.defaultAbiCoder().encode(["uint256", "uint256[]"], [3n, []]);
    await expect(vault.connect(taker).trade(takerAccount, data)).to.be.revertedWithCustomError(orders, "UnknownKind").withArgs(3n);
  });

  it("behavior: more makers than the data can hold are refused", async () => {
    const { vault, orders, taker, takerAccount, fill } = await loadFixture(deploy);
    const data = encodeFills([], [await fill(alice, 5n)]);
    const words = (data.length - 2) / 64;
    // kind, two offsets, no limits, then the number of makers
    const at = 2 + 64 * 4;
    expect(BigInt(`0x${data.slice(at, at + 64)}`)).to.equal(1n);
    const announcing = (count: bigint): string => `${data.slice(0, at)}${count.toString(16).padStart(64, "0")}${data.slice(at + 64)}`;
    const room = BigInt(words - 5);
    for (const count of [room + 1n, 2n ** 64n, 2n ** 256n - 1n]) {
      await expect(vault.connect(taker).trade(takerAccount, announcing(count)))
        .to.be.revertedWithCustomError(orders, "MakersBeyondData")
        .withArgs(count, words * 32);
    }
    // within the room the compiler's own checks hold each element in the calldata
    await expect(vault.connect(taker).trade(takerAccount, announcing(room))).to.be.revert(ethers);
  });

  it("behavior: data cut short or with wild offsets reverts", async () => {
    const { vault, taker, takerAccount, fill } = await loadFixture(deploy);
    const data = encodeFills([limit()], [await fill(alice, 5n)]);
    for (const cut of [2, 66, 130, data.length - 66]) {
      await expect(vault.connect(taker).trade(takerAccount, data.slice(0, cut))).to.be.revert(ethers);
    }
    // each offset and length in turn becomes 2^255
    const words = (data.length - 2) / 64;
    let refused = 0;
    for (let i = 1; i < words; i++) {
      const wild = `${data.slice(0, 2 + 64 * i)}8${"0".repeat(63)}${data.slice(2 + 64 * (i + 1))}`;
      const sent = await vault
        .connect(taker)
        .trade.staticCall(takerAccount, wild)
        .then(
          (fills) => fills.length,
          () => "refused",
        );
      if (sent === "refused") refused++;
      else expect(sent).to.equal(0);
    }
    expect(refused).to.be.greaterThan(3);
  });

  describe("partial fills", () => {
    it("default: an order is filled in parts until its size, not beyond", async () => {
      const { fill, trade, outcome, expectSkipped, orders } = await loadFixture(deploy);
      const order = await fill(alice, 40n);
      const lots: bigint[] = [];
      for (let i = 0; i < 3; i++) lots.push(...(await outcome(trade([order]))).fills.map((filled) => filled.lots));
      expect(lots).to.deep.equal([40n, 40n, 20n]);
      expect(await orders.nonceOf(order.order.account, 1n)).to.deep.equal([100n, false]);
      await expectSkipped([order], ["OrderUsedUp"]);
    });

    it("H-25: the same order twice in one trade counts twice", async () => {
      const { fill, trade, outcome } = await loadFixture(deploy);
      const order = await fill(alice, 60n);
      const { fills, skipped } = await outcome(trade([order, order, order]));
      expect(fills.map((filled) => filled.lots)).to.deep.equal([60n, 40n]);
      expect(skipped.map((skip) => skip.reason)).to.deep.equal(["OrderUsedUp"]);
    });

    it("behavior: two orders of one nonce share the count", async () => {
      const { fill, trade, outcome, expectFilled, expectSkipped } = await loadFixture(deploy);
      const small = await fill(alice, 100n);
      const large = await fill(alice, 100n, { size: 150n, limit: PRICE + 1n });
      await outcome(trade([small]));
      await expectSkipped([small], ["OrderUsedUp"]);
      await expectFilled([large], [50n]);
      await expectSkipped([large], ["OrderUsedUp"]);
    });

    it("behavior: five nonces of a word, and of two accounts, do not touch each other", async () => {
      const { fill, trade, outcome, orders, cancel, takerAccount } = await loadFixture(deploy);
      const nonces = [0n, 1n, 4n, 5n, 9n, 2n ** 40n - 1n];
      const makers = await Promise.all(nonces.map((nonce, i) => fill(alice, BigInt(i + 1), { nonce, size: 2n ** 48n - 1n })));
      await outcome(trade(makers));
      await cancel([1n, 4n]);
      for (const [i, nonce] of nonces.entries()) {
        expect(await orders.nonceOf(accountIdOf(alice.address), nonce)).to.deep.equal([BigInt(i + 1), false]);
        expect(await orders.nonceOf(takerAccount, nonce)).to.deep.equal([0n, nonce === 1n || nonce === 4n]);
      }
      expect(await orders.nonceOf(accountIdOf(alice.address), 2n)).to.deep.equal([0n, false]);
      expect(await orders.nonceOf(accountIdOf(alice.address, 1n), 1n)).to.deep.equal([0n, false]);
    });

    it("args: the largest size fills a counter and leaves its neighbours", async () => {
      const { fill, expectFilled, orders } = await loadFixture(deploy);
      const most = 2n ** 48n - 1n;
      await expectFilled([await fill(alice, most, { nonce: 2n, size: most, limit: 1n })], [most], [limit({ lots: most })]);
      expect(await orders.nonceOf(accountIdOf(alice.address), 1n)).to.deep.equal([0n, false]);
      expect(await orders.nonceOf(accountIdOf(alice.address), 2n)).to.deep.equal([most, false]);
      expect(await orders.nonceOf(accountIdOf(alice.address), 3n)).to.deep.equal([0n, false]);
    });

    it("behavior: what the vault drops is given back to the order, and nothing else is", async () => {
      const { fill, trade, outcome, vault, countersOf } = await loadFixture(deploy);
      const makers = [await fill(alice, 30n), await fill(bob, 20n), await fill(alice, 50n)];
      await vault.setDropMask(0b101n);
      const { fills } = await outcome(trade(makers));
      expect(fills.map((filled) => filled.lots)).to.deep.equal([20n]);
      expect(await countersOf(makers)).to.deep.equal([
        [0n, false],
        [20n, false],
        [0n, false],
      ]);
      await vault.setDropMask(0b010n);
      await outcome(trade(makers));
      expect(await countersOf(makers)).to.deep.equal([
        [80n, false],
        [20n, false],
        [80n, false],
      ]);
    });
  });

  describe("what the taker asks for", () => {
    it("default: no more lots than it wants, over all makers; the rest is left without an event", async () => {
      const { fill, expectFilled, countersOf } = await loadFixture(deploy);
      const makers = [await fill(alice, 30n), await fill(bob, 30n), await fill(alice, 30n, { nonce: 2n })];
      await expectFilled(makers, [30n, 10n], [limit({ lots: 40n })]);
      expect((await countersOf(makers)).map(([filled]) => filled)).to.deep.equal([30n, 10n, 0n]);
    });

    it("behavior: a maker in reserve takes the place of one that fails", async () => {
      const { fill, trade, outcome } = await loadFixture(deploy);
      const makers = [await fill(alice, 30n, { validUntil: 1n }), await fill(bob, 30n)];
      const { fills, skipped } = await outcome(trade(makers, [limit({ lots: 30n })]));
      expect(fills.map((filled) => filled.maker)).to.deep.equal([accountIdOf(bob.address)]);
      expect(skipped.map((skip) => skip.reason)).to.deep.equal(["OrderExpired"]);
    });

    it("H-66: a price beyond the taker's worst is left out, the worst itself stands", async () => {
      const { fill, expectFilled, expectSkipped } = await loadFixture(deploy);
      await expectSkipped([await fill(alice, 5n)], ["PriceBeyondLimit"], [limit({ worst: PRICE - 1n })]);
      await expectFilled([await fill(alice, 5n)], [5n], [limit({ worst: PRICE })]);
      await expectSkipped([await fill(bob, 5n, { long: true })], ["PriceBeyondLimit"], [sale({ worst: PRICE + 1n })]);
      await expectFilled([await fill(bob, 5n, { long: true })], [-5n], [sale({ worst: PRICE })]);
    });

    it("behavior: the same side, or another instrument, is not what it asked for", async () => {
      const { fill, expectSkipped } = await loadFixture(deploy);
      await expectSkipped([await fill(alice, 5n, { long: true })], ["NoTakerLimit"]);
      await expectSkipped([await fill(alice, 5n, { instrument: 1n })], ["NoTakerLimit"]);
      await expectSkipped([await fill(alice, 5n, { instrument: 256n })], ["NoTakerLimit"]);
      await expectSkipped([await fill(alice, 5n)], ["NoTakerLimit"], []);
    });

    it("H-25: of two limits for one side of an instrument the first counts", async () => {
      const { fill, expectFilled } = await loadFixture(deploy);
      await expectFilled([await fill(alice, 30n)], [10n], [limit({ lots: 10n }), limit({ lots: 500n })]);
      await expectFilled([await fill(bob, 30n)], [], [limit({ lots: 0n }), limit({ lots: 500n })]);
    });

    it("args: an instrument beyond those of a vault", async () => {
      const { trade, orders } = await loadFixture(deploy);
      for (const instrument of [32n, 255n, 0x1_00_20n, 2n ** 24n - 1n]) {
        await expect(trade([], [limit({ instrument })]))
          .to.be.revertedWithCustomError(orders, "UnknownInstrument")
          .withArgs(instrument);
      }
    });

    it("behavior: asking a maker for nothing is skipped", async () => {
      const { fill, expectSkipped } = await loadFixture(deploy);
      await expectSkipped([await fill(alice, 0n)], ["ZeroLots"]);
    });

    it("behavior: an order of its own account is skipped, of another account of the same owner it is not", async () => {
      const { vault, fill, taker, takerAccount, orders, venue, vaultAddress } = await loadFixture(deploy);
      const own = async (account: bigint) => {
        const template = (await fill(alice, 5n)).order;
        const order = buildOrder({ ...template, vault: vaultAddress, account, signer: taker.address });
        return { ...(await signOrder(taker, venue, order)), lots: 5n };
      };
      const data = encodeFills([limit()], [await own(takerAccount), await own(accountIdOf(taker.address, 1n))]);
      const fills = await vault.connect(taker).trade.staticCall(takerAccount, data);
      expect(fills.map((filled) => filled.maker)).to.deep.equal([accountIdOf(taker.address, 1n)]);
      await expect(vault.connect(taker).trade(takerAccount, data)).to.emit(orders, "OrderSkipped");
    });
  });

  describe("expiry, named taker, epoch", () => {
    it("default: an order holds through the second of its expiry", async () => {
      const { fill, expectFilled, expectSkipped } = await loadFixture(deploy);
      const expiry = BigInt(await time.latest()) + 100n;
      const order = await fill(alice, 5n, { validUntil: expiry });
      await time.setNextBlockTimestamp(expiry);
      await expectFilled([order], [5n]);
      await time.setNextBlockTimestamp(expiry + 1n);
      await expectSkipped([order], ["OrderExpired"]);
    });

    it("default: an order holds from the first second that it names", async () => {
      const { fill, expectFilled, expectSkipped } = await loadFixture(deploy);
      const validFrom = BigInt(await time.latest()) + 100n;
      const order = await fill(alice, 5n, { validFrom });
      await time.setNextBlockTimestamp(validFrom - 1n);
      await expectSkipped([order], ["OrderNotYetValid"]);
      await time.setNextBlockTimestamp(validFrom);
      await expectFilled([order], [5n]);
    });

    it("default: an order for one taker is for that account only", async () => {
      const { fill, expectFilled, expectSkipped, takerAccount } = await loadFixture(deploy);
      await expectFilled([await fill(alice, 5n, { taker: takerAccount })], [5n]);
      for (const taker of [takerAccount + 1n, takerAccount - 1n, 1n, takerAccount ^ (1n << 255n)]) {
        await expectSkipped([await fill(bob, 5n, { taker })], ["TakerNotNamed"]);
      }
    });

    it("H-67: when the epoch moves, as on CancelOrders and liquidation, every order of the account is void", async () => {
      const { fill, trade, outcome, expectSkipped, expectFilled, vault } = await loadFixture(deploy);
      const account = accountIdOf(alice.address);
      const makers = [await fill(alice, 5n), await fill(alice, 5n, { nonce: 2n }), await fill(alice, 5n, { epoch: 1n, nonce: 3n })];
      const { fills, skipped } = await outcome(trade(makers));
      expect(fills.length).to.equal(2);
      expect(skipped.map((skip) => skip.reason)).to.deep.equal(["EpochPassed"]);
      await vault.setEpoch(account, 1n);
      await expectSkipped(makers.slice(0, 2), ["EpochPassed", "EpochPassed"]);
      await expectFilled(makers.slice(2), [5n]);
    });

    it("H-67: an order that could not be filled is as good later as before, never better", async () => {
      const { fill, expectSkipped, trade, outcome, vault } = await loadFixture(deploy);
      const order = await fill(alice, 70n);
      await vault.setEpoch(order.order.account, 9n);
      for (let i = 0; i < 3; i++) await expectSkipped([order], ["EpochPassed"]);
      await vault.setEpoch(order.order.account, 0n);
      const { fills } = await outcome(trade([order, order]));
      expect(fills.map(({ lots, price }) => [lots, price])).to.deep.equal([
        [70n, PRICE],
        [30n, PRICE],
      ]);
    });
  });

  describe("fees", () => {
    it("default: the taker pays, the maker receives, in parts per million of the notional", async () => {
      const { fill, trade, outcome } = await loadFixture(deploy);
      const { fills } = await outcome(trade([await fill(alice, 5n)]));
      expect(fills[0]?.takerFee).to.equal((5n * PRICE * TAKER_FEE) / 1_000_000n);
      expect(fills[0]?.makerFee).to.equal((5n * PRICE * MAKER_FEE) / 1_000_000n);
    });

    it("H-60: a fee is rounded up and never zero, a rebate is rounded down, their sum is never negative", async () => {
      const { fill, trade, outcome } = await loadFixture(deploy);
      for (const [i, price] of [1n, 1_999n, 2_000n, 2_001n, 4_999n, 5_001n, 123_456_789n].entries()) {
        const { fills } = await outcome(trade([await fill(alice, 1n, { limit: price, nonce: BigInt(i) })]));
        const paid = fills[0]?.takerFee ?? -1n;
        const received = -(fills[0]?.makerFee ?? 1n);
        expect(paid).to.equal((price * TAKER_FEE + 999_999n) / 1_000_000n);
        expect(paid).to.be.greaterThan(0n);
        expect(received).to.equal((price * -MAKER_FEE) / 1_000_000n);
        expect(paid).to.be.at.least(received);
      }
    });

    it("H-15: splitting a fill never lowers what is paid nor raises what is received", async () => {
      const { fill, trade, outcome } = await loadFixture(deploy);
      const price = 1_234_567n;
      const whole = await outcome(trade([await fill(alice, 64n, { limit: price })]));
      const parts = await outcome(trade(await Promise.all(Array.from({ length: 64 }, () => fill(bob, 1n, { limit: price })))));
      const sum = (pick: (fill: (typeof parts.fills)[number]) => bigint, of: typeof parts): bigint =>
        of.fills.reduce((total, filled) => total + pick(filled), 0n);
      expect(sum((filled) => filled.lots, parts)).to.equal(64n);
      expect(sum((filled) => filled.takerFee, parts)).to.be.greaterThan(sum((filled) => filled.takerFee, whole));
      expect(-sum((filled) => filled.makerFee, parts)).to.be.lessThan(-sum((filled) => filled.makerFee, whole));
    });

    it("H-61: a maker fee above the signed cap skips the order, a rebate may be demanded", async () => {
      const { fill, expectFilled, expectSkipped } = await loadFixture(deploy);
      await expectFilled([await fill(alice, 5n, { maxFee: MAKER_FEE })], [5n]);
      await expectSkipped([await fill(bob, 5n, { maxFee: MAKER_FEE - 1n })], ["MakerFeeAboveCap"]);
      await expectSkipped([await fill(bob, 5n, { maxFee: -(2n ** 23n) })], ["MakerFeeAboveCap"]);
    });

    it("H-61: a taker fee above what the taker allows reverts", async () => {
      const { fill, trade, orders } = await loadFixture(deploy);
      for (const maxFee of [TAKER_FEE - 1n, -1n]) {
        await expect(trade([await fill(alice, 5n)], [limit({ maxFee })]))
          .to.be.revertedWithCustomError(orders, "TakerFeeAboveCap")
          .withArgs(TAKER_FEE, maxFee);
      }
    });

    it("behavior: a positive maker fee is rounded up", async () => {
      const { vault, taker, takerAccount, fill, vaultAddress, venue } = await loadFixture(deploy);
      const dear = await ethers.deployContract("OrderSettlement", [vault, 0n, 300n]);
      await vault.setModule(dear);
      const order = { ...(await fill(alice, 1n)).order, vault: vaultAddress, limit: 10_001n, maxFee: 300n };
      const signed = await signOrder(alice, { ...venue, settlement: await dear.getAddress() }, order);
      const data = encodeFills([limit({ maxFee: 0n })], [{ ...signed, lots: 1n }]);
      const [filled] = await vault.connect(taker).trade.staticCall(takerAccount, data);
      expect([filled?.takerFee, filled?.makerFee]).to.deep.equal([0n, 4n]);
    });

    it("args: fees that a deployment may not have", async () => {
      const { vault, orders } = await loadFixture(deploy);
      const factory = await ethers.getContractFactory("OrderSettlement");
      for (const [takerFee, makerFee] of [
        [10_001n, 0n],
        [100n, 10_001n],
        [100n, -101n],
        [2n ** 255n, 0n],
        [2n ** 256n - 1n, 0n],
        [0n, -1n],
      ] as const) {
        await expect(factory.deploy(vault, takerFee, makerFee))
          .to.be.revertedWithCustomError(orders, "FeesOutOfBounds")
          .withArgs(takerFee, makerFee);
      }
      for (const [takerFee, makerFee] of [
        [10_000n, 10_000n],
        [100n, -100n],
        [0n, 0n],
      ] as const) {
        const deployed = await factory.deploy(vault, takerFee, makerFee);
        expect([await deployed.takerFeePpm(), await deployed.makerFeePpm()]).to.deep.equal([takerFee, makerFee]);
        expect(await deployed.vault()).to.equal(await vault.getAddress());
      }
    });
  });

  describe("fillable", () => {
    it("default: says what a trade would do", async () => {
      const { orders, fill, trade, outcome, takerAccount, vault } = await loadFixture(deploy);
      await vault.setPosition(accountIdOf(bob.address), 0n, 3n);
      const makers = [
        await fill(alice, 40n),
        await fill(alice, 40n, { validUntil: 1n, nonce: 2n }),
        await fill(bob, 40n, { reduceOnly: true }),
        altered(await fill(bob, 4n, { nonce: 2n }), { size: 7n }),
        await fill(bob, 4n, { instrument: 1n }),
      ];
      const seen = await Promise.all(makers.map((maker) => orders.fillable(takerAccount, packTakerLimit(limit()), packMaker(maker))));
      const { fills, skipped } = await outcome(trade(makers));
      expect(seen.map(([lots]) => lots).filter((lots) => lots !== 0n)).to.deep.equal(fills.map((filled) => filled.lots));
      expect(seen.map(([, reason]) => skipReason(reason)).filter((reason) => reason !== undefined)).to.deep.equal(
        skipped.map((skip) => skip.reason),
      );
    });
  });

  it("behavior: the zero address of an owner signs nothing", async () => {
    const { fill, expectSkipped } = await loadFixture(deploy);
    const order = await fill(alice, 5n);
    const nobody = altered(order, { account: 5n, signer: ZeroAddress });
    await expectSkipped([nobody, { ...nobody, signature: `0x${"00".repeat(65)}` }], ["SignatureInvalid", "SignatureInvalid"]);
  });
});
