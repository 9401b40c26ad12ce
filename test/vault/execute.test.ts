import { expect } from "chai";
import { actions, coder, createWorld, encodeFills, eth, idOf, SCOPE, SETTLEMENT, usd, WAD } from "../helpers/vaultWorld.ts";

async function pair() {
  const world = await createWorld();
  await world.deposit(world.alice, usd(10_000));
  await world.deposit(world.bob, usd(100_000));
  await world.refresh();
  return world;
}

describe("execute", () => {
  it("args: nothing to do, too many actions", async () => {
    const { vault, alice } = await createWorld();
    await expect(vault.connect(alice).execute([])).to.be.revertedWithCustomError(vault, "NothingToDo");
    const many = Array.from({ length: 33 }, () => actions.cancel(idOf(alice)));
    await expect(vault.connect(alice).execute(many)).to.be.revertedWithCustomError(vault, "TooManyActions");
  });

  it("deposit: credits, counts the supply, keeps to its cap", async () => {
    const world = await createWorld({ collaterals: [{ decimals: 18, underlying: 0, haircut: 100_000n, cap: 5n * WAD }] });
    const { vault, alice } = world;
    await world.deposit(alice, 5n * WAD, 0);
    await expect(world.deposit(alice, 1n, 0)).to.be.revertedWithCustomError(vault, "SupplyCapExceeded");
    await expect(world.execute(alice, actions.deposit(idOf(alice), SETTLEMENT, 0n))).to.be.revertedWithCustomError(vault, "NothingToDo");
    await world.conserve();
  });

  it("deposit: by a permit", async () => {
    const world = await createWorld();
    const { vault, alice, settlement, connection } = world;
    await settlement.mint(alice, usd(5));
    const deadline = 2n ** 40n;
    const { chainId } = await connection.ethers.provider.getNetwork();
    const signature = await alice.signTypedData(
      { name: "Dollar", version: "1", chainId, verifyingContract: await settlement.getAddress() },
      {
        Permit: ["owner address", "spender address", "value uint256", "nonce uint256", "deadline uint256"].map((field) => {
          const [name = "", type = ""] = field.split(" ");
          return { name, type };
        }),
      },
      { owner: alice.address, spender: await vault.getAddress(), value: usd(5), nonce: 0n, deadline },
    );
    const { v, r, s } = connection.ethers.Signature.from(signature);
    const data = coder.encode(["uint8", "uint256", "uint256", "uint8", "bytes32", "bytes32"], [SETTLEMENT, usd(5), deadline, v, r, s]);
    await world.execute(alice, { kind: 1, account: idOf(alice), data });
    expect(await world.cashOf(idOf(alice))).to.equal(5n * WAD);
  });

  it("withdraw: pays last, to whom the owner says; by an operator to the owner only", async () => {
    const world = await pair();
    const { vault, alice, carol, dave, settlement } = world;
    await world.withdraw(alice, usd(100), SETTLEMENT, idOf(alice), carol.address);
    expect(await settlement.balanceOf(carol)).to.equal(usd(100));
    await world.execute(alice, actions.operator(idOf(alice), dave.address, SCOPE.withdraw, 2n ** 39n));
    await expect(world.execute(dave, actions.withdraw(idOf(alice), SETTLEMENT, 1n, dave.address))).to.be.revertedWithCustomError(
      vault,
      "RecipientNotOwner",
    );
    await world.execute(dave, actions.withdraw(idOf(alice), SETTLEMENT, usd(1), alice.address));
    expect(await settlement.balanceOf(alice)).to.equal(usd(1));
    await world.conserve();
  });

  it("withdraw: needs the first form of the margin rule and normal prices", async () => {
    const world = await pair();
    const { vault, alice, bob } = world;
    await world.trade(alice, bob, 0, eth(100));
    const { equity, margin } = await world.assess(idOf(alice), true);
    const free = (equity - margin) / 10n ** 12n;
    await expect(world.withdraw(alice, free + 1n)).to.be.revertedWithCustomError(vault, "MarginTooLow");
    await world.withdraw(alice, free);
    await world.time.increase(700n);
    await expect(world.withdraw(bob, 1n)).to.be.revertedWithCustomError(vault, "RiskMayNotRise");
  });

  it("withdraw: money never goes below zero against collateral", async () => {
    const world = await pair();
    const { vault, alice } = world;
    await world.deposit(alice, 10n * WAD, 0);
    await world.refresh();
    await expect(world.withdraw(alice, usd(10_001))).to.be.revertedWithCustomError(vault, "SettledCashTooLow");
    await expect(world.withdraw(alice, 11n * WAD, 0)).to.be.revertedWithCustomError(vault, "InsufficientCollateral");
    await world.withdraw(alice, usd(10_000));
    await world.withdraw(alice, 10n * WAD, 0);
    await world.conserve();
  });

  it("transfer: within one owner, by the rule of a withdrawal", async () => {
    const world = await pair();
    const { vault, alice, bob } = world;
    const second = world.know(idOf(alice, 7n));
    await world.execute(alice, actions.transfer(idOf(alice), SETTLEMENT, 4_000n * WAD, second));
    expect(await world.cashOf(second)).to.equal(4_000n * WAD);
    await expect(world.execute(alice, actions.transfer(idOf(alice), SETTLEMENT, WAD, idOf(bob)))).to.be.revertedWithCustomError(
      vault,
      "OwnersDiffer",
    );
    await expect(world.execute(alice, actions.transfer(idOf(alice), SETTLEMENT, 6_001n * WAD, second))).to.be.revertedWithCustomError(
      vault,
      "MarginTooLow",
    );
    await world.deposit(alice, WAD, 0);
    await world.refresh();
    await world.execute(alice, actions.transfer(idOf(alice), 0, WAD, second));
    expect(await vault.collateralOf(second, 0)).to.equal(WAD);
    await world.conserve();
  });

  it("operators: scope and expiry, revoked at once, never beyond the account", async () => {
    const world = await pair();
    const { vault, alice, carol } = world;
    const a = idOf(alice);
    const expiry = BigInt(await world.time.latest()) + 1_000n;
    await world.execute(alice, actions.operator(a, carol.address, SCOPE.cancel, expiry));
    await world.execute(carol, actions.cancel(a));
    await expect(world.execute(carol, actions.transfer(a, SETTLEMENT, 1n, idOf(alice, 1n)))).to.be.revertedWithCustomError(
      vault,
      "NotAuthorised",
    );
    await expect(world.execute(carol, actions.cancel(idOf(alice, 1n)))).to.be.revertedWithCustomError(vault, "NotAuthorised");
    await expect(world.execute(carol, actions.operator(a, carol.address, 31, expiry))).to.be.revertedWithCustomError(
      vault,
      "NotAuthorised",
    );
    await expect(world.execute(alice, actions.operator(a, carol.address, 32, expiry))).to.be.revertedWithCustomError(vault, "ScopeInvalid");
    await world.time.increaseTo(expiry);
    await expect(world.execute(carol, actions.cancel(a))).to.be.revertedWithCustomError(vault, "NotAuthorised");
    await world.execute(alice, actions.operator(a, carol.address, SCOPE.cancel, expiry + 10_000n));
    await world.execute(alice, actions.operator(a, carol.address, 0, 0n));
    await expect(world.execute(carol, actions.cancel(a))).to.be.revertedWithCustomError(vault, "NotAuthorised");
  });

  it("modules: a maker that took back its consent is skipped, the taker needs none", async () => {
    const world = await pair();
    const { vault, alice, bob } = world;
    await world.execute(bob, actions.modules(idOf(bob), 0));
    await expect(world.trade(alice, bob, 0, eth(1))).to.be.revertedWithCustomError(vault, "FilledTooLittle");
    const one = actions.trade(idOf(alice), [world.fill(idOf(bob), 0, eth(1))]);
    await expect(world.execute(alice, one))
      .to.emit(vault, "FillSkipped")
      .withArgs(idOf(alice), idOf(bob), 0, eth(1), vault.interface.getError("ModuleNotConsented")?.selector, 7n);
    await world.trade(bob, alice, 0, eth(1));
    await world.conserve();
  });

  it("trade: the log names the module whose nonce counts, whatever the module says of it", async () => {
    const world = await pair();
    const { vault, alice, bob } = world;
    await vault.setModule(3, await world.connection.ethers.deployContract("FillModule", [await vault.getAddress()]));
    await world.execute(bob, actions.modules(idOf(bob), 1 << 3));
    const lying = { order: 2n ** 255n - 1n };
    const fills = [world.fill(idOf(bob), 0, eth(1), lying), world.fill(idOf(bob), 0, 0n, lying)];
    const receipt = await (await world.execute(alice, actions.trade(idOf(alice), fills, 0n, 3))).wait();
    const said = (receipt?.logs ?? []).map((log) => vault.interface.parseLog(log)).filter((log) => log !== null && /^Fill/.test(log.name));
    // nonce and count as it said them, then the module
    const expected = 2n ** 88n - 1n + (3n << 88n);
    expect(said.map((log) => [log?.name, log?.args.order])).to.deep.equal([
      ["Filled", expected],
      ["FillSkipped", expected],
    ]);
  });

  it("trade: what the vault refuses of a fill, each with its reason", async () => {
    const world = await pair();
    const { vault, alice, bob, fund } = world;
    const price = world.lotPrice(0);
    const notional = price * eth(1);
    const cases: [string, Parameters<typeof world.fill>][] = [
      ["ZeroLots", [idOf(bob), 0, 0n]],
      ["SelfTrade", [idOf(alice), 0, eth(1)]],
      ["ProtocolAccount", [idOf(fund), 0, eth(1)]],
      ["ProtocolAccount", [idOf(fund, 1n), 0, eth(1)]],
      ["PriceOutsideBand", [idOf(bob), 0, eth(1), { price: (price * 1_020_001n) / 1_000_000n }]],
      ["PriceOutsideBand", [idOf(bob), 0, eth(1), { price: (price * 979_999n) / 1_000_000n }]],
      ["PriceOutsideBand", [idOf(bob), 0, eth(1), { price: 2n ** 256n - 1n }]],
      ["FeeOutsideBounds", [idOf(bob), 0, eth(1), { takerFee: -1n }]],
      ["FeeOutsideBounds", [idOf(bob), 0, eth(1), { takerFee: (notional * 501n) / 1_000_000n }]],
      ["FeeOutsideBounds", [idOf(bob), 0, eth(1), { takerFee: 5n, makerFee: -6n }]],
      ["PositionCapExceeded", [idOf(bob), 0, 2n ** 43n + 1n]],
      ["PositionCapExceeded", [idOf(bob), 0, 2n ** 255n - 1n]],
      ["PositionTooSmall", [idOf(bob), 0, 4_999n]],
      ["MarginTooLow", [idOf(bob), 0, eth(100_000)]],
    ];
    for (const [name, fill] of cases) {
      await expect(world.execute(alice, actions.trade(idOf(alice), [world.fill(...fill)])), name)
        .to.emit(vault, "FillSkipped")
        .withArgs(idOf(alice), fill[0], 0, fill[2], vault.interface.getError(name)?.selector, 7n);
    }
    await expect(world.execute(alice, actions.trade(idOf(alice), [world.fill(idOf(bob), 0, eth(700))]))).to.be.revertedWithCustomError(
      vault,
      "MarginTooLow",
    );
    await expect(
      world.execute(alice, actions.trade(idOf(alice), [world.fill(idOf(bob), 40, eth(1), { price: 1n })])),
    ).to.be.revertedWithCustomError(vault, "UnknownUnderlying");
    await expect(world.execute(alice, actions.raw(idOf(alice), 3, "0x"))).to.be.revertedWithCustomError(vault, "UnknownModule");
    await expect(world.execute(alice, actions.raw(idOf(alice), 0, encodeFills([]), 1n))).to.be.revertedWithCustomError(
      vault,
      "FilledTooLittle",
    );
    await world.conserve();
  });

  it("trade: fees are income of the fund, cash and sizes sum to zero", async () => {
    const world = await pair();
    const { alice, bob, fund } = world;
    const before = await world.cashOf(idOf(fund));
    await world.trade(alice, bob, 0, eth(10), { takerFee: 5n * 10n ** 17n, makerFee: -2n * 10n ** 17n });
    expect((await world.cashOf(idOf(fund))) - before).to.equal(3n * 10n ** 17n);
    expect(await world.lotsOf(idOf(alice), 0)).to.equal(-(await world.lotsOf(idOf(bob), 0)));
    await world.conserve();
  });

  it("trade: an account that fails may shed risk, not equity beyond its share", async () => {
    const world = await createWorld();
    const { vault, alice, bob } = world;
    await world.deposit(alice, usd(1_500));
    await world.deposit(bob, usd(1_000_000));
    await world.refresh();
    await world.trade(alice, bob, 0, eth(100));
    await world.move(0, 1_950n * WAD);
    const { equity, margin } = await world.assess(idOf(alice), true);
    if (equity >= margin) throw new Error("the case needs a failing account");
    await expect(world.trade(alice, bob, 0, eth(1))).to.be.revertedWithCustomError(vault, "MarginTooLow");
    // a tenth at two per cent below the mark costs more than a tenth of the equity can bear only if the equity is small
    await world.trade(alice, bob, 0, -eth(10));
    const after = await world.assess(idOf(alice), true);
    expect(after.equity * margin >= equity * after.margin).to.equal(true);
    const worst = (world.lotPrice(0) * 980_001n) / 1_000_000n;
    await expect(world.trade(alice, bob, 0, -eth(1), { price: worst })).to.not.be.revert(world.connection.ethers);
    // as a maker that shrinks it may be filled as well
    await world.trade(bob, alice, 0, eth(1));
    await world.conserve();
  });

  it("trade: while a price is old both sides may only shrink", async () => {
    const world = await pair();
    const { vault, alice, bob, carol } = world;
    await world.deposit(carol, usd(10_000));
    await world.trade(alice, bob, 0, eth(10));
    await world.time.increase(700n);
    await expect(world.trade(alice, carol, 0, -eth(1))).to.be.revertedWithCustomError(vault, "FilledTooLittle");
    await expect(world.trade(alice, bob, 0, eth(1))).to.be.revertedWithCustomError(vault, "FilledTooLittle");
    // the maker shrinks, the taker does not: the fill is left out, not the whole call refused
    await expect(world.trade(carol, alice, 0, eth(1))).to.be.revertedWithCustomError(vault, "FilledTooLittle");
    await world.trade(alice, bob, 0, -eth(5));
    await world.conserve();
  });

  it("simulate: says what would become, or what would be refused, and changes nothing", async () => {
    const world = await pair();
    const { vault, alice, bob } = world;
    const trade = actions.trade(idOf(alice), [world.fill(idOf(bob), 0, eth(10))]);
    await expect(vault.simulate.staticCall(alice.address, [trade], idOf(alice))).to.be.revertedWithCustomError(vault, "Simulated");
    await expect(vault.simulate.staticCall(bob.address, [trade], idOf(alice))).to.be.revertedWithCustomError(vault, "NotAuthorised");
    expect(await world.lotsOf(idOf(alice), 0)).to.equal(0n);
  });

  it("views: books, words and authority", async () => {
    const world = await pair();
    const { vault, alice, carol } = world;
    const header = await vault.headerOf(idOf(alice));
    expect([header.cash, header.modules, header.epoch]).to.deep.equal([10_000n * WAD, 1n, 0n]);
    expect(await vault.mayAct(idOf(alice), alice, SCOPE.trade)).to.equal(true);
    expect(await vault.mayAct(idOf(alice), carol, SCOPE.trade)).to.equal(false);
    const context = await vault.contextOf(idOf(alice), alice, 0, 0n);
    expect([context.authorised, context.epoch, context.lots]).to.deep.equal([true, 0n, 0n]);
    expect((await vault.parameterWords()).listed).to.equal(2n | (2n << 8n));
  });
});
