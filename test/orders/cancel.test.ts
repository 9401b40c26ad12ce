import { expect } from "chai";
import { AbiCoder } from "ethers";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { encodeCancel } from "../../src/sdk/orders.ts";
import { deploy, ethers, keyOf, networkHelpers } from "./fixture.ts";

const { loadFixture } = networkHelpers;
const alice = keyOf("alice");

describe("OrderSettlement: cancelling nonces", () => {
  /** Alice with ether, so that she can trade for herself. */
  async function deployWithAlice() {
    const base = await deploy();
    await networkHelpers.setBalance(alice.address, 10n ** 20n);
    return { ...base, aliceAtWork: alice.connect(ethers.provider), account: accountIdOf(alice.address) };
  }

  it("default: a cancelled nonce is filled no more, its neighbours are", async () => {
    const { vault, orders, fill, expectSkipped, expectFilled, aliceAtWork, account } = await loadFixture(deployWithAlice);
    await expect(vault.connect(aliceAtWork).trade(account, encodeCancel([1n, 7n])))
      .to.emit(orders, "NoncesCancelled")
      .withArgs(account, [1n, 7n]);
    await expectSkipped([await fill(alice, 5n), await fill(alice, 5n, { nonce: 7n })], ["OrderCancelled", "OrderCancelled"]);
    await expectFilled([await fill(alice, 5n, { nonce: 2n }), await fill(alice, 5n, { nonce: 6n })], [5n, 5n]);
  });

  it("H-65: cancelled, used up and partly filled never revive", async () => {
    const { vault, fill, trade, outcome, expectSkipped, aliceAtWork, account } = await loadFixture(deployWithAlice);
    const used = await fill(alice, 100n);
    const half = await fill(alice, 50n, { nonce: 2n });
    await outcome(trade([used, half]));
    for (let i = 0; i < 2; i++) {
      await vault.connect(aliceAtWork).trade(account, encodeCancel([2n]));
      await expectSkipped([used, half], ["OrderUsedUp", "OrderCancelled"]);
      // the other nonces of the word move meanwhile
      await outcome(trade([await fill(alice, 1n, { nonce: BigInt(3 + i) })]));
      await expectSkipped([used, half], ["OrderUsedUp", "OrderCancelled"]);
    }
  });

  it("behavior: a fill that the vault drops does not revive a cancelled order", async () => {
    const { vault, orders, fill, trade, outcome, expectSkipped, aliceAtWork, account } = await loadFixture(deployWithAlice);
    const order = await fill(alice, 30n);
    await outcome(trade([order]));
    await vault.setDropMask(1n);
    await outcome(trade([order]));
    await vault.setDropMask(0n);
    await vault.connect(aliceAtWork).trade(account, encodeCancel([1n]));
    expect(await orders.nonceOf(account, 1n)).to.deep.equal([30n, true]);
    await expectSkipped([order], ["OrderCancelled"]);
  });

  it("H-25: a nonce twice in the list is cancelled once", async () => {
    const { vault, orders, aliceAtWork, account } = await loadFixture(deployWithAlice);
    await vault.connect(aliceAtWork).trade(account, encodeCancel([3n, 3n]));
    expect(await orders.nonceOf(account, 3n)).to.deep.equal([0n, true]);
  });

  it("H-63: only for the account that trades, whoever signed what", async () => {
    const { vault, orders, outsider, fill, expectFilled, account } = await loadFixture(deployWithAlice);
    await expect(vault.connect(outsider).trade(account, encodeCancel([1n]))).to.be.revertedWithCustomError(vault, "NotAuthorised");
    await vault.connect(outsider).trade(accountIdOf(outsider.address), encodeCancel([1n]));
    expect(await orders.nonceOf(account, 1n)).to.deep.equal([0n, false]);
    await expectFilled([await fill(alice, 5n)], [5n]);
  });

  it("args: a nonce beyond 40 bits", async () => {
    const { vault, orders, aliceAtWork, account } = await loadFixture(deployWithAlice);
    const data = AbiCoder.defaultAbiCoder().encode(["uint256", "uint256[]"], [1n, [2n ** 40n]]);
    await expect(vault.connect(aliceAtWork).trade(account, data))
      .to.be.revertedWithCustomError(orders, "NonceTooLarge")
      .withArgs(2n ** 40n);
  });
});
