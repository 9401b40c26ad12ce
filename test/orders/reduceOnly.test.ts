import { expect } from "chai";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { deploy, keyOf, limit, networkHelpers, sale } from "./fixture.ts";

const { loadFixture } = networkHelpers;
const alice = keyOf("alice");
const account = accountIdOf(alice.address);

describe("OrderSettlement: orders that only reduce", () => {
  it("default: a sale is cut to the long position, a purchase to the short", async () => {
    const { vault, fill, expectFilled } = await loadFixture(deploy);
    await vault.setPosition(account, 0n, 7n);
    await expectFilled([await fill(alice, 40n, { reduceOnly: true })], [7n]);
    await vault.setPosition(account, 0n, -9n);
    await expectFilled([await fill(alice, 40n, { reduceOnly: true, long: true, nonce: 2n })], [-9n], [sale()]);
  });

  it("behavior: nothing to reduce, or a position on the same side, skips", async () => {
    const { vault, fill, expectSkipped } = await loadFixture(deploy);
    const orders = [await fill(alice, 4n, { reduceOnly: true }), await fill(alice, 4n, { reduceOnly: true, long: true, nonce: 2n })];
    await expectSkipped(orders, ["NothingToReduce", "NothingToReduce"], [limit(), sale()]);
    await vault.setPosition(account, 0n, -7n);
    await expectSkipped(orders.slice(0, 1), ["NothingToReduce"]);
    await vault.setPosition(account, 0n, 7n);
    await expectSkipped(orders.slice(1), ["NothingToReduce"], [sale()]);
  });

  it("behavior: several fills of one maker in a trade reduce together, not each", async () => {
    const { vault, fill, trade, outcome } = await loadFixture(deploy);
    await vault.setPosition(account, 0n, 10n);
    const makers = await Promise.all([1n, 2n, 3n, 4n].map((nonce) => fill(alice, 4n, { reduceOnly: true, nonce })));
    const { fills, skipped } = await outcome(trade(makers));
    expect(fills.map((filled) => filled.lots)).to.deep.equal([4n, 4n, 2n]);
    expect(skipped.map((skip) => skip.reason)).to.deep.equal(["NothingToReduce"]);
    expect(await vault.positionOf(account, 0n)).to.equal(0n);
  });

  it("behavior: a plain order of the same maker before it counts, on its own instrument only", async () => {
    const { vault, fill, expectFilled } = await loadFixture(deploy);
    await vault.setPosition(account, 0n, 10n);
    await vault.setPosition(account, 1n, 10n);
    const makers = [
      await fill(alice, 7n),
      await fill(alice, 20n, { reduceOnly: true, nonce: 2n }),
      await fill(alice, 20n, { reduceOnly: true, nonce: 3n, instrument: 1n }),
    ];
    await expectFilled(makers, [7n, 3n, 10n], [limit(), limit({ instrument: 1n })]);
  });

  it("behavior: a plain order that crosses zero leaves nothing to reduce", async () => {
    const { vault, fill, trade, outcome } = await loadFixture(deploy);
    await vault.setPosition(account, 0n, 5n);
    const { fills, skipped } = await outcome(trade([await fill(alice, 8n), await fill(alice, 8n, { reduceOnly: true, nonce: 2n })]));
    expect(fills.map((filled) => filled.lots)).to.deep.equal([8n]);
    expect(skipped.map((skip) => skip.reason)).to.deep.equal(["NothingToReduce"]);
  });

  it("behavior: a purchase before it does not count, for the vault may drop it", async () => {
    const { vault, fill, trade, outcome } = await loadFixture(deploy);
    await vault.setPosition(account, 0n, 2n);
    await vault.setDropMask(1n);
    const makers = [await fill(alice, 5n, { long: true }), await fill(alice, 9n, { reduceOnly: true, nonce: 2n })];
    const { fills } = await outcome(trade(makers, [sale(), limit()]));
    expect(fills.map((filled) => filled.lots)).to.deep.equal([2n]);
    expect(await vault.positionOf(account, 0n)).to.equal(0n);
  });

  it("default: a taker that only reduces takes no more than its position, over all makers", async () => {
    const { vault, fill, expectFilled, takerAccount } = await loadFixture(deploy);
    await vault.setPosition(takerAccount, 0n, -12n);
    const makers = [await fill(alice, 8n), await fill(keyOf("bob"), 8n), await fill(keyOf("carol"), 8n)];
    await expectFilled(makers, [8n, 4n], [limit({ reduceOnly: true })]);
    expect(await vault.positionOf(takerAccount, 0n)).to.equal(0n);
  });

  it("behavior: a taker that only reduces and asks for less gets less", async () => {
    const { vault, fill, expectFilled, takerAccount } = await loadFixture(deploy);
    await vault.setPosition(takerAccount, 0n, 12n);
    await expectFilled([await fill(alice, 8n, { long: true })], [-3n], [sale({ reduceOnly: true, lots: 3n })]);
  });

  it("behavior: a taker with nothing to reduce reverts", async () => {
    const { vault, fill, trade, orders, takerAccount } = await loadFixture(deploy);
    for (const held of [0n, 5n]) {
      await vault.setPosition(takerAccount, 0n, held);
      await expect(trade([await fill(alice, 8n)], [limit({ reduceOnly: true })]))
        .to.be.revertedWithCustomError(orders, "NothingToReduce")
        .withArgs(held);
    }
  });
});
