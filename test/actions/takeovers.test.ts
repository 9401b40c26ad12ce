import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import { parameterIndex } from "../../src/engine/math/bounds.ts";
import { lotsPartUp } from "../../src/engine/math/slice.ts";
import { actions, createWorld, eth, idOf, SETTLEMENT, usd, WAD, type World } from "../helpers/vaultWorld.ts";

async function leveraged(options = {}): Promise<World> {
  const world = await createWorld(options);
  await world.stake(usd(1_000_000));
  await world.deposit(world.alice, usd(1_800));
  await world.deposit(world.bob, usd(1_000_000));
  await world.deposit(world.carol, usd(100_000));
  await world.refresh();
  await world.trade(world.alice, world.bob, 0, eth(100));
  return world;
}

/** Sold to the fund: a long inventory of the first underlying. */
async function inventory(options = {}): Promise<World> {
  const world = await leveraged(options);
  await world.move(0, 1_915n * WAD);
  await world.vault.liquidate(idOf(world.alice), world.know(idOf(world.dave)));
  return world;
}

describe("liquidateTo", () => {
  it("default: the caller's account takes the slice, the fund its share of the discount", async () => {
    const world = await leveraged();
    const { vault, alice, carol, fund } = world;
    await world.move(0, 1_915n * WAD);
    const main = await world.cashOf(idOf(fund));
    const before = await world.assess(idOf(carol));
    const { fraction, discount, bounty } = await vault.previewLiquidation(idOf(alice));
    await vault.connect(carol).liquidateTo(idOf(alice), idOf(carol), WAD, 0n);
    const income = (await world.cashOf(idOf(fund))) - main;
    expect(income).to.equal((discount * 250_000n + 999_999n) / 1_000_000n);
    expect((await world.assess(idOf(carol))).value - before.value, "discount less the share, and the bounty").to.equal(
      discount - income + bounty,
    );
    expect(await world.lotsOf(idOf(carol), 0)).to.equal((eth(100) * fraction + WAD - 1n) / WAD);
    await world.conserve();
  });

  it("behavior: within the taker's margin, above the discount it asks for, not of the insolvent", async () => {
    const world = await leveraged();
    const { vault, alice, carol, erin } = world;
    await world.deposit(erin, usd(10));
    await world.move(0, 1_915n * WAD);
    await expect(vault.connect(erin).liquidateTo(idOf(alice), idOf(erin), WAD, 0n)).to.be.revertedWithCustomError(vault, "MarginTooLow");
    await expect(vault.connect(carol).liquidateTo(idOf(alice), idOf(carol), WAD, 10n ** 24n)).to.be.revertedWithCustomError(
      vault,
      "DiscountBelowLimit",
    );
    await expect(vault.connect(alice).liquidateTo(idOf(alice), idOf(alice), WAD, 0n)).to.be.revertedWithCustomError(
      vault,
      "TakerIsAccount",
    );
    await world.move(0, 1_600n * WAD);
    await expect(vault.connect(carol).liquidateTo(idOf(alice), idOf(carol), WAD, 0n)).to.be.revertedWithCustomError(
      vault,
      "AccountInsolvent",
    );
  });
});

describe("shedFund", () => {
  it("default: the discount grows from a quarter to all of its most in ten minutes", async () => {
    const gains: bigint[] = [];
    for (const wait of [0n, 300n, 700n]) {
      const world = await inventory();
      const { vault, carol } = world;
      await world.time.increase(wait + 1n);
      await world.refresh();
      const before = (await world.assess(idOf(carol))).value;
      await vault.connect(carol).shedFund(0, idOf(carol), WAD, 0n);
      gains.push((await world.assess(idOf(carol))).value - before);
      expect(await world.lotsOf(idOf(world.fund, 1n), 0)).to.equal(0n);
      await world.conserve();
    }
    expect(gains[0]! < gains[1]! && gains[1]! < gains[2]!).to.equal(true);
    expect(gains[2]! / gains[0]!).to.be.oneOf([3n, 4n]);
  });

  it("behavior: parts rounded up to whole lots, within the taker's margin, at fresh prices", async () => {
    const world = await inventory();
    const { vault, carol, erin } = world;
    await expect(vault.connect(carol).shedFund(1, idOf(carol), WAD, 0n)).to.be.revertedWithCustomError(vault, "FundAccountEmpty");
    await expect(vault.connect(carol).shedFund(0, idOf(carol), WAD + 1n, 0n)).to.be.revertedWithCustomError(vault, "FractionAboveLimit");
    await expect(vault.connect(carol).shedFund(0, idOf(carol), 0n, 0n)).to.be.revertedWithCustomError(vault, "NothingToDo");
    await expect(vault.connect(carol).shedFund(0, idOf(carol), WAD, 10n ** 24n)).to.be.revertedWithCustomError(vault, "DiscountBelowLimit");
    await expect(vault.connect(erin).shedFund(0, idOf(erin), WAD, 0n)).to.be.revertedWithCustomError(vault, "MarginTooLow");
    const held = await world.lotsOf(idOf(world.fund, 1n), 0);
    await vault.connect(carol).shedFund(0, idOf(carol), WAD / 3n, 0n);
    const taken = lotsPartUp(held, WAD / 3n);
    expect(await world.lotsOf(idOf(carol), 0)).to.equal(taken);
    // the least of parts is a lot, at next to no discount
    const { value } = await world.assess(idOf(carol));
    await vault.connect(carol).shedFund(0, idOf(carol), 1n, 0n);
    expect(await world.lotsOf(idOf(carol), 0)).to.equal(taken + lotsPartUp(held, 1n));
    expect((await world.assess(idOf(carol))).value).to.be.closeTo(value, 10n);
    await world.time.increase(100n);
    await expect(vault.connect(carol).shedFund(0, idOf(carol), WAD, 0n)).to.be.revertedWithCustomError(vault, "PriceTooOld");
  });
});

describe("topUpFund", () => {
  it("default: up to the margin of the inventory, at most the cap of the epoch", async () => {
    const world = await inventory();
    const { vault, fund } = world;
    await vault.topUpFund(0);
    const { equity, margin } = await world.assess(idOf(fund, 1n));
    expect(equity).to.equal(margin);
    await expect(vault.topUpFund(0)).to.be.revertedWithCustomError(vault, "FundAccountSolvent");
    await world.conserve();
  });
});

describe("refreshOpenInterestCap", () => {
  it("default: what the fund stands behind, never above governance's", async () => {
    const world = await createWorld();
    const { vault } = world;
    await world.stake(usd(1_000_000));
    await world.refresh();
    await vault.refreshOpenInterestCap(0);
    const cap = ((await vault.underlyingWords(0))[3] ?? 0n) >> 212n;
    // of two underlyings each has two fifths of the half that the stake may lose: a fifth of it, ten times over, at 0.02 a lot
    expect(cap).to.equal((200_000n * 10n * 100n) / 2n);
    await expect(vault.refreshOpenInterestCap(9)).to.be.revertedWithCustomError(vault, "UnknownUnderlying");
    // governance's own cap falls at once, and what the fund could bear beyond it does not count
    await vault.setParameter(parameterIndex("OpenInterestCap"), 0, cap / 2n);
    await world.refresh();
    await vault.refreshOpenInterestCap(0);
    expect(((await vault.underlyingWords(0))[3] ?? 0n) >> 212n).to.equal(cap / 2n);
  });
});

/** Alice with 5 ETH as collateral, worth 10,000, and half a bitcoin long that she bought at 40,000. */
async function indebted(haircut: bigint): Promise<World> {
  const world = await createWorld({ collaterals: [{ decimals: 18, underlying: 0, haircut, cap: 10n ** 27n }] });
  await world.deposit(world.alice, 5n * WAD, 0);
  await world.deposit(world.bob, usd(1_000_000));
  await world.deposit(world.carol, usd(100_000));
  await world.refresh();
  await world.trade(world.alice, world.bob, 1, 10n ** 6n / 2n);
  return world;
}

describe("exchangeCollateral", () => {
  it("default: buys collateral of an account that owes money, at a growing discount, up to curing it", async () => {
    const world = await createWorld();
    const { vault, alice, bob, carol } = world;
    await world.deposit(alice, 5n * WAD, 0);
    await world.deposit(bob, usd(1_000_000));
    await world.deposit(carol, usd(100_000));
    await world.refresh();
    await world.trade(alice, bob, 1, 10n ** 6n / 2n);
    await expect(vault.declareExchange(idOf(alice))).to.be.revertedWithCustomError(vault, "ExchangeNotAllowed");
    await world.move(1, 36_000n * WAD);
    await expect(vault.connect(carol).exchangeCollateral(idOf(alice), 0, WAD / 2n, idOf(carol))).to.be.revertedWithCustomError(
      vault,
      "ExchangeNotAllowed",
    );
    await vault.declareExchange(idOf(alice));
    await expect(vault.declareExchange(idOf(alice))).to.be.revertedWithCustomError(vault, "ExchangeNotAllowed");
    await world.time.increase(3_600n * 2n);
    await expect(
      vault.connect(carol).exchangeCollateral(idOf(alice), 0, WAD / 2n, idOf(carol)),
      "nobody's property is sold at an old price",
    ).to.be.revertedWithCustomError(vault, "PriceTooOld");
    await world.refresh();
    await expect(vault.connect(carol).exchangeCollateral(idOf(alice), 0, 2n * WAD, idOf(carol))).to.be.revertedWithCustomError(
      vault,
      "ExchangeTooLarge",
    );
    const before = await world.cashOf(idOf(alice));
    await vault.connect(carol).exchangeCollateral(idOf(alice), 0, WAD / 2n, idOf(carol));
    const paid = (await world.cashOf(idOf(alice))) - before;
    // two hours: 0.2 % below the price
    expect(paid).to.be.closeTo((1_000n * WAD * 998n) / 1_000n, WAD / 1_000n);
    await world.conserve();
  });

  for (const [haircut, most, says] of [
    [100_000n, 100n, "1 %"],
    [10_000n, 50n, "half the haircut"],
  ] as const) {
    it(`behavior: the discount stops growing at ${says}`, async () => {
      const world = await indebted(haircut);
      const { vault, alice, carol } = world;
      await world.move(1, 36_000n * WAD);
      await vault.declareExchange(idOf(alice));
      await world.time.increase(3_600n * 20n);
      await world.refresh();
      const before = await world.cashOf(idOf(alice));
      await vault.connect(carol).exchangeCollateral(idOf(alice), 0, WAD / 2n, idOf(carol));
      const paid = (await world.cashOf(idOf(alice))) - before;
      expect(paid).to.be.closeTo((1_000n * WAD * (10_000n - most)) / 10_000n, 2n);
    });
  }

  it("behavior: a debt of a twentieth of the collateral's value is none yet", async () => {
    const world = await indebted(100_000n);
    const { vault, alice } = world;
    await world.move(1, 39_000n * WAD);
    await expect(vault.declareExchange(idOf(alice))).to.be.revertedWithCustomError(vault, "ExchangeNotAllowed");
    await world.move(1, 38_999n * WAD);
    await vault.declareExchange(idOf(alice));
    // the clock of one that is short no more stops
    await world.move(1, 39_000n * WAD);
    await vault.declareExchange(idOf(alice));
    await world.move(1, 38_999n * WAD);
    await expect(vault.connect(world.carol).exchangeCollateral(idOf(alice), 0, WAD / 10n, idOf(world.carol))).to.be.revertedWithCustomError(
      vault,
      "ExchangeNotAllowed",
    );
  });

  it("behavior: within the buyer's margin; nobody sells to himself, nor to or from the fund", async () => {
    const world = await indebted(100_000n);
    const { vault, alice, erin, fund, fundSigner } = world;
    await world.move(1, 36_000n * WAD);
    await vault.declareExchange(idOf(alice));
    const buy = (buyer: typeof alice, from = idOf(alice), to = idOf(buyer)) =>
      vault.connect(buyer).exchangeCollateral(from, 0, WAD / 10n, to);
    await expect(buy(erin)).to.be.revertedWithCustomError(vault, "MarginTooLow");
    await expect(buy(alice)).to.be.revertedWithCustomError(vault, "TakerIsAccount");
    await expect(buy(fundSigner, idOf(alice), idOf(fund, 1n))).to.be.revertedWithCustomError(vault, "ProtocolAccount");
    await expect(buy(alice, idOf(fund, 1n))).to.be.revertedWithCustomError(vault, "ProtocolAccount");
    await expect(vault.declareExchange(idOf(fund, 1n))).to.be.revertedWithCustomError(vault, "ProtocolAccount");
  });
});

describe("exchangeCollateral, the seller's margin", () => {
  for (const isHedged of [true, false]) {
    const says = isHedged ? "hedges a position is not bought where the margin would not bear it" : "hedges nothing is bought";
    it(`behavior: collateral that ${says}`, async () => {
      const world = await indebted(10_000n);
      const { vault, alice, bob, carol } = world;
      if (isHedged) await world.trade(alice, bob, 0, -eth(50));
      let price = 39_000n;
      for (; price > 20_000n; price -= 500n) {
        await world.move(1, price * WAD);
        const { equity, margin } = await vault.assess(idOf(alice), true);
        if (equity < margin) break;
      }
      await vault.declareExchange(idOf(alice));
      const bought = vault.connect(carol).exchangeCollateral(idOf(alice), 0, WAD / 10n, idOf(carol));
      if (isHedged) await expect(bought).to.be.revertedWithCustomError(vault, "MarginTooLow");
      else await bought;
      await world.conserve();
    });
  }
});

describe("exchangeCollateral, H-94", () => {
  const HOUR = 3_600n;
  const BITCOIN = 10n ** 6n;

  /** As `indebted`, short by 2,000 and declared. */
  async function declared(): Promise<World> {
    const world = await indebted(100_000n);
    await world.move(1, 36_000n * WAD);
    await world.vault.declareExchange(idOf(world.alice));
    return world;
  }

  type Cure = (world: World) => Promise<ContractTransactionResponse>;
  const cures: Readonly<Record<string, Cure>> = {
    "an exchange": async ({ vault, alice, carol, time, refresh }) => {
      await time.increase(10n * HOUR);
      await refresh();
      return vault.connect(carol).exchangeCollateral(idOf(alice), 0, (101n * WAD) / 100n, idOf(carol));
    },
    "a deposit of money": ({ deposit, alice }) => deposit(alice, usd(1_900)),
    "a deposit of collateral": ({ deposit, alice }) => deposit(alice, 20n * WAD, 0),
    "a transfer": async ({ deposit, execute, alice }) => {
      const other = idOf(alice, 1n);
      await deposit(alice, usd(3_000), SETTLEMENT, other);
      return execute(alice, actions.transfer(other, SETTLEMENT, 1_900n * WAD, idOf(alice)));
    },
    "a trade as the taker": async ({ deposit, trade, lotPrice, alice, bob }) => {
      await deposit(alice, usd(1_300));
      return trade(alice, bob, 1, -BITCOIN / 2n, { price: (lotPrice(1) * 102n) / 100n });
    },
    "a liquidation": async ({ vault, move, know, alice, erin }) => {
      await move(1, 22_600n * WAD);
      return vault.liquidate(idOf(alice), know(idOf(erin)));
    },
  };
  for (const [by, cure] of Object.entries(cures)) {
    it(`H-94 behavior: the clock stops with the cure, by ${by}`, async () => {
      const world = await declared();
      const { vault, alice } = world;
      await expect(await cure(world))
        .to.emit(vault, "ExchangeDeclared")
        .withArgs(idOf(alice), false);
      await world.conserve();
    });
  }

  it("H-94 behavior: a trade looks at its taker alone: the clock of a maker that it cured stops when anybody says so", async () => {
    const world = await declared();
    const { vault, alice, bob, carol, lotPrice } = world;
    await world.deposit(alice, usd(1_300));
    await expect(world.trade(bob, alice, 1, BITCOIN / 2n, { price: (lotPrice(1) * 102n) / 100n })).not.to.emit(vault, "ExchangeDeclared");
    await expect(vault.connect(carol).declareExchange(idOf(alice)))
      .to.emit(vault, "ExchangeDeclared")
      .withArgs(idOf(alice), false);
  });

  it("H-94 behavior: what is undone in the same call stops no clock: collateral that passes through, a sale that is bought back", async () => {
    const world = await declared();
    const { vault, alice, bob } = world;
    const other = idOf(alice, 1n);
    await world.deposit(alice, 40n * WAD, 0, other);
    const pass = [actions.transfer(other, 0, 40n * WAD, idOf(alice)), actions.transfer(idOf(alice), 0, 40n * WAD, other)];
    await expect(world.execute(alice, ...pass)).not.to.emit(vault, "ExchangeDeclared");
    await world.deposit(alice, usd(1_300));
    const price = (world.lotPrice(1) * 102n) / 100n;
    const trades = [-BITCOIN / 2n, BITCOIN / 2n].map((lots) => actions.trade(idOf(alice), [world.fill(idOf(bob), 1, lots, { price })], 0n));
    await expect(vault.connect(alice).execute(trades)).not.to.emit(vault, "ExchangeDeclared");
    // half of it stops the clock
    await expect(vault.connect(alice).execute(trades.slice(0, 1)))
      .to.emit(vault, "ExchangeDeclared")
      .withArgs(idOf(alice), false);
    await world.conserve();
  });

  it("H-94 behavior: an exchange may leave less than the least size, where all would cure more than is short", async () => {
    const world = await createWorld({
      parameters: { smallestNotional: 6_000n },
      collaterals: [{ decimals: 18, underlying: 0, haircut: 100_000n, cap: 10n ** 27n }],
    });
    const { vault, alice, bob, carol } = world;
    await world.deposit(alice, 5n * WAD, 0);
    for (const each of [bob, carol]) await world.deposit(each, usd(1_000_000));
    await world.refresh();
    await world.trade(alice, bob, 1, BITCOIN / 2n);
    // short by 5,000 with 10,000 of collateral
    await world.move(1, 30_000n * WAD);
    await vault.declareExchange(idOf(alice));
    await expect(vault.connect(carol).exchangeCollateral(idOf(alice), 0, 5n * WAD, idOf(carol))).to.be.revertedWithCustomError(
      vault,
      "ExchangeTooLarge",
    );
    await vault.connect(carol).exchangeCollateral(idOf(alice), 0, (5n * WAD) / 2n - 1n, idOf(carol));
    await world.conserve();
  });

  it("H-94 behavior: a later shortfall is declared anew, and its discount starts at nothing", async () => {
    const world = await declared();
    const { vault, alice, carol, time } = world;
    await cures["an exchange"]!(world);
    await world.move(1, 33_000n * WAD);
    const buy = () => vault.connect(carol).exchangeCollateral(idOf(alice), 0, WAD / 10n, idOf(carol));
    await expect(buy()).to.be.revertedWithCustomError(vault, "ExchangeNotAllowed");
    await vault.declareExchange(idOf(alice));
    const before = await world.cashOf(idOf(alice));
    await buy();
    expect((await world.cashOf(idOf(alice))) - before).to.be.closeTo(200n * WAD, WAD / 1_000n);
    await time.increase(HOUR);
  });

  it("H-94 behavior: what does not cure leaves the clock as it is, and anybody stops that of an account which prices have cured", async () => {
    const world = await declared();
    const { vault, alice, carol } = world;
    await expect(world.deposit(alice, 1n)).not.to.emit(vault, "ExchangeDeclared");
    await expect(vault.connect(carol).exchangeCollateral(idOf(alice), 0, WAD / 10n, idOf(carol))).not.to.emit(vault, "ExchangeDeclared");
    await world.move(1, 40_000n * WAD);
    await expect(vault.connect(carol).declareExchange(idOf(alice)))
      .to.emit(vault, "ExchangeDeclared")
      .withArgs(idOf(alice), false);
  });

  it("H-94 behavior: a declaration lapses after a day, and is made again", async () => {
    const world = await declared();
    const { vault, alice, carol, time } = world;
    const buy = () => vault.connect(carol).exchangeCollateral(idOf(alice), 0, WAD / 10n, idOf(carol));
    await time.increase(23n * HOUR);
    await world.refresh();
    await expect(vault.declareExchange(idOf(alice))).to.be.revertedWithCustomError(vault, "ExchangeNotAllowed");
    await buy();
    await time.increase(HOUR);
    await world.refresh();
    await expect(buy()).to.be.revertedWithCustomError(vault, "ExchangeNotAllowed");
    await vault.declareExchange(idOf(alice));
    await buy();
  });

  it("H-94 behavior: who buys has the money: a shortfall is not passed round", async () => {
    const world = await declared();
    const { vault, alice } = world;
    const other = idOf(alice, 1n);
    await world.deposit(alice, 5n * WAD, 0, other);
    const buy = () => vault.connect(alice).exchangeCollateral(idOf(alice), 0, WAD / 2n, other);
    await expect(buy()).to.be.revertedWithCustomError(vault, "SettledCashTooLow");
    await world.deposit(alice, usd(1_000), SETTLEMENT, other);
    await buy();
    await world.conserve();
  });

  it("H-94 behavior: who buys is not short: the clock of a buyer that prices have cured stops", async () => {
    const world = await indebted(100_000n);
    const { vault, alice, bob, erin } = world;
    await world.deposit(erin, 5n * WAD, 0);
    await world.trade(erin, bob, 1, BITCOIN / 2n);
    await world.move(1, 36_000n * WAD);
    for (const who of [alice, erin]) await vault.declareExchange(idOf(who));
    await expect(world.deposit(erin, usd(1_400)), "short by 600 still").not.to.emit(vault, "ExchangeDeclared");
    await world.move(1, 37_300n * WAD);
    const buy = () => vault.connect(erin).exchangeCollateral(idOf(alice), 0, WAD / 100n, idOf(erin));
    await expect(buy()).to.emit(vault, "ExchangeDeclared").withArgs(idOf(erin), false);
    await expect(buy()).not.to.emit(vault, "ExchangeDeclared");
    await world.conserve();
  });
});

describe("listCollateral", () => {
  it("behavior: at most eight tokens on one underlying, or its fund account could not take them all", async () => {
    const collaterals = Array.from({ length: 8 }, () => ({ decimals: 18, underlying: 0, haircut: 100_000n, cap: WAD }));
    const world = await createWorld({ collaterals });
    const { vault, connection } = world;
    const ninth = await connection.ethers.deployContract("FaucetToken", ["Ninth", "NINTH", 18]);
    await expect(vault.listCollateral(ninth, 0, 100_000n, WAD)).to.be.revertedWithCustomError(vault, "TooManyListed");
    await vault.listCollateral(ninth, 1, 100_000n, WAD);
  });
});
