import { expect } from "chai";
import { type BaseWallet, concat, getBytes, hexlify, Signature, toBeHex, ZeroAddress } from "ethers";
import fc from "fast-check";
import { network } from "hardhat";
import type { Order } from "../../src/engine/orders/orders.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import {
  buildOrder,
  encodeFills,
  hashOrder,
  type OrderFill,
  type OrderRequest,
  packMaker,
  packTakerLimit,
  signOrder,
  typedOrder,
} from "../../src/sdk/orders.ts";
import { signed, unsigned } from "../helpers/arbitraries.ts";
import { altered, deploy, ethers, expiryOfSeries, keyOf, LATER, limit, networkHelpers, PRICE, SCOPE_TRADE, sale } from "./fixture.ts";

const { loadFixture, time, setBalance, setCode } = networkHelpers;
const alice = keyOf("alice");
const bob = keyOf("bob");
const carol = keyOf("carol");
const aliceAccount = accountIdOf(alice.address);
const GROUP_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

describe("OrderSettlement: who may sign", () => {
  it("H-63: every pair of named signer and key, on every account: only the owner or its operator, with its own key", async () => {
    const { vault, fill, trade, outcome } = await loadFixture(deploy);
    const operator = keyOf("operator");
    const names: Readonly<Record<string, BaseWallet>> = {
      alice,
      bob,
      operator, // of alice's account 0
      otherScopes: keyOf("other scopes"), // every scope but trading
      expired: keyOf("expired"),
      revoked: keyOf("revoked"),
      stranger: keyOf("stranger"),
    };
    const allScopes = 31n;
    await vault.setOperator(aliceAccount, operator.address, SCOPE_TRADE, LATER);
    await vault.setOperator(aliceAccount, keyOf("other scopes").address, allScopes ^ SCOPE_TRADE, LATER);
    await vault.setOperator(aliceAccount, keyOf("expired").address, allScopes, await time.latest());
    await vault.setOperator(aliceAccount, keyOf("revoked").address, allScopes, LATER);
    await vault.setOperator(aliceAccount, keyOf("revoked").address, 0n, 0n);
    // what others grant means nothing for alice
    await vault.setOperator(accountIdOf(bob.address), keyOf("stranger").address, allScopes, LATER);
    await vault.setOperator(accountIdOf(keyOf("stranger").address), keyOf("stranger").address, allScopes, LATER);

    const accounts = { alice: aliceAccount, aliceSecond: accountIdOf(alice.address, 1n), bob: accountIdOf(bob.address) };
    const allowed = new Set(["alice alice", "alice operator", "aliceSecond alice", "bob bob", "bob stranger"]);
    let nonce = 0n;
    let filled = 0;
    for (const [accountName, account] of Object.entries(accounts)) {
      for (const [signerName, named] of Object.entries(names)) {
        const makers: OrderFill[] = [];
        for (const key of Object.values(names)) {
          const honest = await fill(alice, 1n, { account, signer: key.address, nonce: nonce++ }, key);
          makers.push(key === named ? honest : altered(honest, { signer: named.address.toLowerCase() }));
        }
        const { fills, skipped } = await outcome(trade(makers));
        const may = allowed.has(`${accountName} ${signerName}`);
        expect(
          fills.map((one) => one.maker),
          `${signerName} for ${accountName}`,
        ).to.deep.equal(may ? [account] : []);
        expect(new Set(skipped.map((skip) => skip.reason))).to.deep.equal(new Set([may ? "SignatureInvalid" : "SignerNotAuthorised"]));
        filled += fills.length;
      }
    }
    expect(filled).to.equal(allowed.size);
  });

  it("H-63: the caller must act for the taker; what the taker is does not help a maker's signer", async () => {
    const { vault, takerAccount, taker, operator, outsider, fill } = await loadFixture(deploy);
    await vault.setOperator(takerAccount, operator.address, SCOPE_TRADE, LATER);
    const data = encodeFills([limit()], [await fill(alice, 1n)]);
    for (const caller of [taker, operator]) await vault.connect(caller).trade(takerAccount, data);
    await expect(vault.connect(outsider).trade(takerAccount, data)).to.be.revertedWithCustomError(vault, "NotAuthorised");
    // the taker, or its operator, signs for alice
    for (const key of [keyOf("stranger"), bob]) {
      await vault.setOperator(takerAccount, key.address, 31n, LATER);
      const forged = encodeFills([limit()], [await fill(alice, 1n, { signer: key.address, nonce: 9n }, key)]);
      expect((await vault.connect(taker).trade.staticCall(takerAccount, forged)).length).to.equal(0);
    }
  });

  it("H-63: an order of an operator that is revoked before the fill is skipped", async () => {
    const { vault, fill, expectFilled, expectSkipped } = await loadFixture(deploy);
    await vault.setOperator(aliceAccount, bob.address, SCOPE_TRADE, LATER);
    const order = await fill(alice, 1n, { signer: bob.address }, bob);
    await expectFilled([order], [1n]);
    await vault.setOperator(aliceAccount, bob.address, 0n, 0n);
    await expectSkipped([order], ["SignerNotAuthorised"]);
  });

  it("H-63: no signed field can be changed after signing", async () => {
    const { vault, fill, expectSkipped, expectFilled, takerAccount } = await loadFixture(deploy);
    await vault.setOperator(aliceAccount, bob.address, SCOPE_TRADE, LATER);
    await vault.setPosition(aliceAccount, 0n, 50n);
    const signed = await fill(alice, 1n);
    const changes: Readonly<Partial<Record<keyof Order, Partial<Order>>>> = {
      account: { account: accountIdOf(alice.address, 1n) },
      signer: { signer: bob.address.toLowerCase() },
      instrument: { instrument: 1n },
      long: { long: true },
      limit: { limit: PRICE - 1n },
      size: { size: 101n },
      maxFee: { maxFee: 1n },
      reduceOnly: { reduceOnly: true },
      validFrom: { validFrom: 1n },
      validUntil: { validUntil: LATER + 1n },
      nonce: { nonce: 2n },
      epoch: { epoch: 1n },
      taker: { taker: takerAccount },
    };
    const { vault: _, ...travelling } = signed.order;
    expect(Object.keys(changes).sort()).to.deep.equal(Object.keys(travelling).sort());
    for (const [field, change] of Object.entries(changes)) {
      if (field === "epoch") await vault.setEpoch(aliceAccount, 1n);
      const fields = await fill(alice, 1n, change, "signer" in change ? bob : alice);
      await expectSkipped([altered(signed, change)], ["SignatureInvalid"], [limit(), sale(), limit({ instrument: 1n })]);
      // signed as changed, it would stand
      await expectFilled([fields], [fields.order.long ? -1n : 1n], [limit(), sale(), limit({ instrument: 1n })]);
      if (field === "epoch") await vault.setEpoch(aliceAccount, 0n);
    }
    await expectFilled([signed], [1n]);
  });

  it("H-65: an order for another vault, another settlement contract, another chain or another version is none", async () => {
    const { fill, venue, expectSkipped, vault, orders } = await loadFixture(deploy);
    const { order } = await fill(alice, 1n);
    const elsewhere = [
      await signOrder(alice, venue, { ...order, vault: (await orders.getAddress()).toLowerCase() }),
      await signOrder(alice, { ...venue, settlement: await vault.getAddress() }, order),
      await signOrder(alice, { ...venue, chainId: 1n }, order),
      { order, signature: alice.signingKey.sign(hashOrder(venue, order).replace(/.$/, (c) => (c === "0" ? "1" : "0"))).serialized },
      // the personal-message form of the same digest
      { order, signature: await alice.signMessage(getBytes(hashOrder(venue, order))) },
    ];
    await expectSkipped(
      elsewhere.map((signed) => ({ ...signed, lots: 1n })),
      elsewhere.map(() => "SignatureInvalid"),
    );
  });

  it("H-65: two settlement contracts of one vault do not share orders", async () => {
    const { vault, taker, takerAccount, fill } = await loadFixture(deploy);
    const data = encodeFills([limit()], [await fill(alice, 1n)]);
    expect((await vault.connect(taker).trade.staticCall(takerAccount, data)).length).to.equal(1);
    await vault.setModule(await ethers.deployContract("OrderSettlement", [vault, 500n, -200n]));
    expect((await vault.connect(taker).trade.staticCall(takerAccount, data)).length).to.equal(0);
  });
});

describe("OrderSettlement: signatures of keys", () => {
  it("H-64: rubbish, the zero recovery, high s, the compact form, wrong v and wrong lengths are refused", async () => {
    const { fill, expectSkipped, expectFilled } = await loadFixture(deploy);
    const good = await fill(alice, 1n);
    const signature = Signature.from(good.signature);
    const { r, s, v } = signature;
    const highS = toBeHex(GROUP_ORDER - BigInt(s), 32);
    const bad: Readonly<Record<string, string>> = {
      empty: "0x",
      zeros: `0x${"00".repeat(65)}`,
      ones: `0x${"ff".repeat(65)}`,
      "zero s": concat([r, toBeHex(0, 32), toBeHex(v, 1)]),
      "zero r": concat([toBeHex(0, 32), s, toBeHex(v, 1)]),
      "high s": concat([r, highS, toBeHex(v === 27 ? 28 : 27, 1)]),
      "high s, same v": concat([r, highS, toBeHex(v, 1)]),
      "other v": concat([r, s, toBeHex(v === 27 ? 28 : 27, 1)]),
      "v of 0 or 1": concat([r, s, toBeHex(v - 27, 1)]),
      "v of 29": concat([r, s, "0x1d"]),
      "v with the chain": concat([r, s, toBeHex((31_337 * 2 + 35 + v - 27) % 256, 1)]),
      compact: signature.compactSerialized,
      "one byte short": hexlify(getBytes(good.signature).slice(0, 64)),
      "one byte more": concat([good.signature, "0x00"]),
      twice: concat([good.signature, good.signature]),
      "of another key": (await fill(alice, 1n, { signer: bob.address }, bob)).signature,
    };
    await expectSkipped(
      Object.values(bad).map((value) => ({ ...good, signature: value })),
      Object.keys(bad).map(() => "SignatureInvalid"),
    );
    await expectFilled([good], [1n]);
  });

  it("H-64: no recovery to zero passes for the owner zero", async () => {
    const { fill, expectSkipped } = await loadFixture(deploy);
    const order = altered(await fill(alice, 1n), { account: 7n, signer: ZeroAddress });
    await expectSkipped(
      ["0x", `0x${"00".repeat(65)}`, `0x${"ff".repeat(64)}1b`].map((signature) => ({ ...order, signature })),
      ["SignatureInvalid", "SignatureInvalid", "SignatureInvalid"],
    );
  });

  it("H-65: the digest is that of the EIP-712 library for any order", async () => {
    const { orders, venue } = await loadFixture(deploy);
    const address = unsigned(160).map((value) => `0x${value.toString(16).padStart(40, "0")}`);
    const order: fc.Arbitrary<Order> = fc.record({
      vault: address,
      account: unsigned(256),
      signer: address.filter((value) => BigInt(value) !== 0n),
      instrument: unsigned(24),
      long: fc.boolean(),
      limit: unsigned(96),
      size: unsigned(48),
      maxFee: signed(24),
      reduceOnly: fc.boolean(),
      validFrom: unsigned(40),
      validUntil: unsigned(36),
      nonce: unsigned(40),
      epoch: unsigned(32),
      taker: unsigned(256),
    });
    await fc.assert(
      fc.asyncProperty(order, async (value) => {
        expect(await orders.digestOf(typedOrder(venue, value))).to.equal(hashOrder(venue, value));
      }),
      { numRuns: 100, seed: 65 },
    );
  });

  it("H-65: the digest that a fill checks is the same for any order that can be filled", async () => {
    const { orders, vault, venue, vaultAddress, takerAccount } = await loadFixture(deploy);
    const now = BigInt(await time.latest());
    const order: fc.Arbitrary<OrderRequest> = fc.record({
      vault: fc.constant(vaultAddress),
      account: fc.bigInt({ min: 0n, max: 2n ** 96n - 1n }).map((index) => accountIdOf(alice.address, index)),
      instrument: fc.oneof(fc.constant(0n), fc.bigInt({ min: 256n, max: 2n ** 16n - 1n })).map((held) => (held << 8n) | (held % 32n)),
      long: fc.boolean(),
      limit: fc.bigInt({ min: 0n, max: 2n ** 96n - 1n }),
      size: fc.bigInt({ min: 1n, max: 2n ** 48n - 1n }),
      maxFee: fc.bigInt({ min: -200n, max: 2n ** 23n - 1n }),
      validFrom: fc.bigInt({ min: 0n, max: now }),
      validUntil: fc.bigInt({ min: now + 1_000_000n, max: expiryOfSeries(0n) - 1n }),
      nonce: fc.bigInt({ min: 0n, max: 2n ** 40n - 1n }),
      epoch: fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
      taker: fc.constantFrom(0n, takerAccount),
    });
    await fc.assert(
      fc.asyncProperty(order, async (request) => {
        const built = buildOrder(request);
        await vault.setEpoch(built.account, built.epoch);
        const signed = await signOrder(alice, venue, built);
        const wanted = built.long ? sale({ instrument: built.instrument }) : limit({ instrument: built.instrument });
        const [lots, reason] = await orders.fillable(takerAccount, packTakerLimit(wanted), packMaker({ ...signed, lots: 1n }));
        expect([lots, reason]).to.deep.equal([1n, "0x00000000"]);
      }),
      { numRuns: 50, seed: 66 },
    );
  });

  it("H-65: on a fork with another chain id the domain is another and old orders are void", async () => {
    const { orders, vault, venue, taker, takerAccount, fill } = await loadFixture(deploy);
    const signed = await fill(alice, 5n);
    const fork = await network.create({ override: { chainId: 7_777 } });
    for (const contract of [orders, vault]) {
      const address = await contract.getAddress();
      await fork.networkHelpers.setCode(address, await ethers.provider.getCode(address));
    }
    const forkedOrders = await fork.ethers.getContractAt("OrderSettlement", venue.settlement);
    const forkedVault = await fork.ethers.getContractAt("OrderVault", await vault.getAddress());
    await forkedVault.setModule(forkedOrders);
    const there = { ...venue, chainId: 7_777n };
    expect(await forkedOrders.digestOf(typedOrder(there, signed.order))).to.equal(hashOrder(there, signed.order));
    expect(await forkedOrders.domainSeparator()).not.to.equal(await orders.domainSeparator());
    const [, , , chainId] = await forkedOrders.eip712Domain();
    expect(chainId).to.equal(7_777n);

    const forkedTaker = await fork.ethers.getSigner(taker.address);
    const send = (maker: OrderFill) => forkedVault.connect(forkedTaker).trade.staticCall(takerAccount, encodeFills([limit()], [maker]));
    expect((await send(signed)).length).to.equal(0);
    expect((await send({ ...(await signOrder(alice, there, signed.order)), lots: 5n })).length).to.equal(1);
    await fork.close();
  });
});

describe("OrderSettlement: signatures of wallets (ERC-1271)", () => {
  /** The answers of OddWallet, in its order. */
  const answers = [
    "Magic",
    "ShortMagic",
    "DirtyMagic",
    "LongMagic",
    "One",
    "Nothing",
    "Reverts",
    "RevertsLong",
    "RevertsMagic",
    "BurnsGas",
    "WritesState",
  ] as const;

  async function deployWallets() {
    const base = await deploy();
    const wallet = await ethers.deployContract("KeyWallet", [carol.address]);
    const odd = await ethers.deployContract("OddWallet");
    const walletAddress = await wallet.getAddress();

    /** An order of an account of `owner`, a contract, with the signature of `key` under it. */
    function walletFill(owner: string, key: BaseWallet, changes: Partial<OrderRequest> = {}): OrderFill {
      const order = base.orderOf(owner, { signer: owner, ...changes });
      return { order, lots: 1n, signature: key.signingKey.sign(hashOrder(base.venue, order)).serialized };
    }
    return { ...base, wallet, walletAddress, odd, oddAddress: await odd.getAddress(), walletFill };
  }

  it("default: a wallet's order is filled on its word", async () => {
    const { walletAddress, walletFill, expectFilled, expectSkipped } = await loadFixture(deployWallets);
    await expectFilled([walletFill(walletAddress, carol)], [1n]);
    await expectSkipped([walletFill(walletAddress, bob)], ["SignatureInvalid"]);
  });

  it("behavior: a wallet as operator signs for the account that appointed it, and for no other", async () => {
    const { vault, walletAddress, walletFill, expectFilled, expectSkipped } = await loadFixture(deployWallets);
    await vault.setOperator(aliceAccount, walletAddress, SCOPE_TRADE, LATER);
    await expectFilled([walletFill(walletAddress, carol, { account: aliceAccount })], [1n]);
    await expectSkipped([walletFill(walletAddress, carol, { account: accountIdOf(bob.address) })], ["SignerNotAuthorised"]);
  });

  it("H-64: a key that the wallet took away before the fill signs no more", async () => {
    const { wallet, walletAddress, walletFill, expectFilled, expectSkipped } = await loadFixture(deployWallets);
    const order = walletFill(walletAddress, carol);
    await expectFilled([order], [1n]);
    await wallet.setKey(bob.address);
    await expectSkipped([order], ["SignatureInvalid"]);
  });

  it("H-65: one key behind two wallets: an order of one is none of the other", async () => {
    const { walletAddress, walletFill, expectSkipped, expectFilled } = await loadFixture(deployWallets);
    const twin = await ethers.deployContract("KeyWallet", [carol.address]);
    const order = walletFill(walletAddress, carol);
    const twinAddress = (await twin.getAddress()).toLowerCase();
    await expectSkipped([altered(order, { account: accountIdOf(twinAddress), signer: twinAddress })], ["SignatureInvalid"]);
    await expectFilled([order], [1n]);
  });

  it("behavior: what form a wallet accepts is its own affair, the compact one too", async () => {
    const { walletFill, expectFilled } = await loadFixture(deployWallets);
    const compact = await ethers.deployContract("CompactWallet");
    const order = walletFill(await compact.getAddress(), carol);
    await expectFilled([{ ...order, signature: Signature.from(order.signature).compactSerialized }], [1n]);
  });

  it("H-69: only the magic word counts; long answers, long reverts and burnt gas cost a bounded amount", async () => {
    const { odd, oddAddress, walletFill, trade, outcome } = await loadFixture(deployWallets);
    const order = walletFill(oddAddress, carol, { size: 1_000n });
    const baseline = (await outcome(trade([order]))).gasUsed;
    for (const [value, answer] of answers.entries()) {
      await odd.set(value);
      const { fills, skipped, gasUsed } = await outcome(trade([order]));
      const yes = answer === "Magic" || answer === "LongMagic";
      expect(fills.length, answer).to.equal(yes ? 1 : 0);
      expect(
        skipped.map((skip) => skip.reason),
        answer,
      ).to.deep.equal(yes ? [] : ["SignatureInvalid"]);
      expect(gasUsed - baseline < 105_000n, `${answer} costs ${gasUsed - baseline}`).to.equal(true);
      expect(await odd.written()).to.equal(0n);
    }
  });

  it("H-69: one bad wallet does not stop the makers after it", async () => {
    const { odd, oddAddress, walletFill, fill, trade, outcome } = await loadFixture(deployWallets);
    for (const answer of ["RevertsLong", "BurnsGas", "WritesState"] as const) {
      await odd.set(answers.indexOf(answer));
      const { fills, skipped } = await outcome(trade([walletFill(oddAddress, carol), await fill(alice, 1n)]));
      expect([fills.length, skipped.length]).to.deep.equal([1, 1]);
    }
  });

  it("H-61: with too little gas for a wallet the trade reverts instead of skipping the order", async () => {
    const { vault, taker, takerAccount, walletAddress, walletFill } = await loadFixture(deployWallets);
    const data = encodeFills([limit()], [walletFill(walletAddress, carol)]);
    const signatures = await ethers.getContractAt("Signature", walletAddress);
    const enough = await vault.connect(taker).trade.estimateGas(takerAccount, data);
    let tooLow = 0;
    for (let gas = enough; gas > 80_000n; gas -= 7_001n) {
      // either it fills, or it fails as a whole: never a success without the fill
      const outcome = await vault
        .connect(taker)
        .trade.staticCall(takerAccount, data, { gasLimit: gas })
        .then(
          (fills) => fills.length,
          (error: { data?: string }) => error.data ?? "no data",
        );
      if (typeof outcome === "string" && outcome.startsWith(signatures.interface.getError("GasTooLow")?.selector ?? "?")) tooLow++;
      expect(outcome === 1 || typeof outcome === "string", `${gas}: ${outcome}`).to.equal(true);
    }
    expect(tooLow).to.be.greaterThan(3);
  });

  it("H-64: an account with code and a key (EIP-7702) signs with its key, whatever its code says", async () => {
    const { odd, oddAddress, fill, expectFilled, expectSkipped } = await loadFixture(deployWallets);
    const byKey = await fill(alice, 1n);
    const byOther = { ...byKey, signature: (await fill(alice, 1n, { signer: bob.address }, bob)).signature };
    await setBalance(alice.address, 10n ** 18n);
    for (const code of [await ethers.provider.getCode(odd), concat(["0xef0100", oddAddress])]) {
      await setCode(alice.address, code);
      const delegated = await ethers.getContractAt("OddWallet", alice.address);
      await delegated.set(answers.indexOf("Nothing"));
      await expectFilled([byKey], [1n]);
      await expectSkipped([byOther], ["SignatureInvalid"]);
      // and its code is its own: what it accepts, alice accepts
      await delegated.set(answers.indexOf("Magic"));
      await expectFilled([byOther], [1n]);
    }
  });

  it("behavior: an owner without code, a precompile or the vault itself says nothing", async () => {
    const { vaultAddress, walletFill, expectSkipped } = await loadFixture(deployWallets);
    const owners = [keyOf("nobody").address, vaultAddress, ...[1n, 2n, 3n, 4n, 9n].map((at) => toBeHex(at, 20))];
    const makers = owners.map((owner) => walletFill(owner, carol));
    await expectSkipped(
      makers,
      makers.map(() => "SignatureInvalid"),
    );
  });
});
