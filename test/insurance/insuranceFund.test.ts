import { expect } from "chai";
import { vaultSlot } from "../../src/deployment/vaultSlots.ts";
import { parameterIndex } from "../../src/engine/math/bounds.ts";
import { revertDataOf } from "../../src/sdk/errors.ts";
import type { InsuranceFund } from "../../typechain-types/index.ts";
import {
  CLAIM_DELAY,
  CLAIM_TIME,
  CLAIM_WINDOW,
  COOL_DOWN,
  connection,
  DAY,
  deployFund,
  ethers,
  idOf,
  networkHelpers,
  now,
  plantDeficit,
  UNIT,
  VIRTUAL,
  WAD,
} from "./fixture.ts";

const SCALE = 10n ** 12n;

async function fixture() {
  return deployFund();
}

/** A fund of 200,000 of alice's. */
async function staked() {
  const all = await deployFund();
  await all.fund.connect(all.alice).deposit(200_000n * UNIT, all.alice);
  return all;
}

/** A fund of 200,000 of alice's whose account of underlying 0 holds inventory. */
async function burdened() {
  const all = await staked();
  await all.takeOver();
  return all;
}

function price(fund: InsuranceFund): Promise<bigint> {
  return fund.convertToAssets(10n ** 30n);
}

describe("InsuranceFund", () => {
  describe("bindVault", () => {
    it("H-68 once, by its deployer, to a vault that names it and its token", async () => {
      const { fund, vault, settlement, alice, fundDeployer, deployer } = await networkHelpers.loadFixture(fixture);
      expect(await fund.vault()).to.equal(await vault.getAddress());
      await expect(fund.connect(fundDeployer).bindVault(vault)).to.be.revertedWithCustomError(fund, "AlreadyBound");
      const other = await ethers.deployContract("InsuranceFund", [settlement, "other", "O"], deployer);
      await expect(other.connect(alice).bindVault(vault)).to.be.revertedWithCustomError(fund, "CallerNotDeployer").withArgs(alice.address);
      await expect(other.bindVault(vault))
        .to.be.revertedWithCustomError(fund, "VaultMismatch")
        .withArgs(await fund.getAddress(), await settlement.getAddress());
    });

    it("before it nothing can be deposited and no view reverts that must not", async () => {
      const { settlement, alice } = await networkHelpers.loadFixture(fixture);
      const other = await ethers.deployContract("InsuranceFund", [settlement, "other", "O"]);
      await expect(other.deposit(1n, alice)).to.be.revertedWithCustomError(other, "NotBound");
      expect([
        await other.totalAssets(),
        await other.maxDeposit(alice),
        await other.maxMint(alice),
        await other.maxWithdraw(alice),
        await other.maxRedeem(alice),
        await other.convertToShares(5n),
        await other.convertToAssets(5n * VIRTUAL),
        await other.liquidAssets(),
      ]).to.deep.equal([0n, 0n, 0n, 0n, 0n, 5n * VIRTUAL, 5n, 0n]);
    });
  });

  describe("deposit", () => {
    it("puts the stake into the main account; shares have eighteen decimals", async () => {
      const { fund, settlement, vault, alice, bob, mainCash } = await networkHelpers.loadFixture(fixture);
      expect([await fund.decimals(), await fund.asset()]).to.deep.equal([18n, await settlement.getAddress()]);
      await expect(fund.connect(alice).deposit(1_000n * UNIT, bob))
        .to.emit(fund, "Deposit")
        .withArgs(alice.address, bob.address, 1_000n * UNIT, 1_000n * WAD);
      expect(await mainCash()).to.equal(1_000n * WAD);
      expect(await settlement.balanceOf(vault)).to.equal(1_000n * UNIT);
      expect(await settlement.balanceOf(fund)).to.equal(0n);
      expect(await settlement.allowance(fund, vault)).to.equal(0n);
      expect([await fund.balanceOf(bob), await fund.totalAssets()]).to.deep.equal([1_000n * WAD, 1_000n * UNIT]);
      await fund.connect(alice).mint(500n * WAD, alice);
      expect(await mainCash()).to.equal(1_500n * WAD);
    });

    it("stake reverts below the shares that were asked", async () => {
      const { fund, alice } = await networkHelpers.loadFixture(fixture);
      await expect(fund.connect(alice).stake(UNIT, alice, WAD + 1n))
        .to.be.revertedWithCustomError(fund, "BelowMinimum")
        .withArgs(WAD, WAD + 1n);
      await fund.connect(alice).stake(UNIT, alice, WAD);
    });

    it("H-52 nothing is given for something", async () => {
      const { fund, alice, ready } = await networkHelpers.loadFixture(staked);
      await expect(fund.connect(alice).deposit(0n, alice)).to.be.revertedWithCustomError(fund, "NothingGiven").withArgs(0, 0);
      await expect(fund.connect(alice).mint(0n, alice)).to.be.revertedWithCustomError(fund, "NothingGiven");
      await expect(fund.connect(alice).requestRedeem(0n)).to.be.revertedWithCustomError(fund, "NothingGiven");
      await ready(alice, 10n * VIRTUAL);
      // a share of a millionth of a unit is worth nothing: it is not burned for it
      await expect(fund.connect(alice).redeem(1n, alice, alice))
        .to.be.revertedWithCustomError(fund, "NothingGiven")
        .withArgs(0, 1);
      await expect(fund.connect(alice).withdraw(0n, alice, alice)).to.be.revertedWithCustomError(fund, "NothingGiven");
      // what is minted for the smallest mint costs something
      expect(await fund.previewMint(1n)).to.equal(1n);
    });

    it("H-26 H-69 a settlement token that took a fee is refused, not credited in full", async () => {
      const { fund, settlement, alice } = await networkHelpers.loadFixture(fixture);
      const template = await ethers.deployContract("FeeOnTransferToken", [6]);
      await networkHelpers.setCode(await settlement.getAddress(), await ethers.provider.getCode(template));
      const token = template.attach(await settlement.getAddress()) as typeof template;
      await token.setFee(10_000n);
      await expect(fund.connect(alice).deposit(1_000n * UNIT, alice)).to.revert(ethers);
      // even when the fund itself has enough to pass on
      await token.mint(fund, 1_000n * UNIT);
      await expect(fund.connect(alice).deposit(1_000n * UNIT, alice))
        .to.be.revertedWithCustomError(fund, "DepositMismatch")
        .withArgs(1_000n * WAD, 990n * WAD);
    });
  });

  describe("shares cannot be inflated", () => {
    it("H-2 H-49 a seed of one unit and a donation leave a later backer whole; the donor loses", async () => {
      const { fund, vault, settlement, attacker, alice, fundAddress, into, main, ready } = await networkHelpers.loadFixture(fixture);
      await fund.connect(attacker).deposit(1n, attacker);
      // straight transfers change no price
      const before = await price(fund);
      await settlement.mint(attacker, 10n ** 30n);
      await settlement.connect(attacker).transfer(fundAddress, 10n ** 29n);
      await settlement.connect(attacker).transfer(vault, 10n ** 29n);
      expect([await price(fund), await fund.totalAssets()]).to.deep.equal([before, 1n]);
      // nobody else may deposit into the fund's account
      await expect(into(attacker, UNIT, main)).to.be.revertedWithCustomError(vault, "NotAuthorised");
      await fund.connect(alice).deposit(1_000n * UNIT, alice);
      await ready(alice, await fund.balanceOf(alice));
      const back = await fund.connect(alice).redeem.staticCall(await fund.balanceOf(alice), alice, alice);
      expect(1_000n * UNIT - back <= 1n, `lost ${1_000n * UNIT - back}`).to.equal(true);
    });

    it("H-49 income before the first deposit, the only way to raise the price, makes the next backer lose at most a millionth", async () => {
      const { fund, attacker, alice, into, income, long, short, ready } = await networkHelpers.loadFixture(fixture);
      await into(long, 500_000n * UNIT);
      await into(short, 500_000n * UNIT);
      await fund.connect(attacker).deposit(1n, attacker);
      await income(200n * WAD);
      await networkHelpers.time.increase(DAY);
      await fund.record();
      await networkHelpers.time.increase(DAY);
      // one unit of stake against two hundred million units of income: the virtual shares own half of it
      await fund.connect(alice).deposit(1_000n * UNIT, alice);
      expect(await fund.balanceOf(alice)).to.be.greaterThan(10n ** 6n);
      await ready(alice, await fund.balanceOf(alice));
      const back = await fund.connect(alice).redeem.staticCall(await fund.balanceOf(alice), alice, alice);
      expect(1_000n * UNIT - back <= 1_000n, `lost ${1_000n * UNIT - back}`).to.equal(true);
      const attackers = await fund.convertToAssets(await fund.balanceOf(attacker));
      expect(attackers).to.be.lessThan(101n * UNIT);
    });
  });

  describe("tickets", () => {
    it("redemption needs a ticket that matured and has not lapsed", async () => {
      const { fund, alice, settlement } = await networkHelpers.loadFixture(staked);
      const shares = 50_000n * WAD;
      await expect(fund.connect(alice).redeem(shares, alice, alice))
        .to.be.revertedWithCustomError(fund, "NoClaim")
        .withArgs(alice.address);
      await expect(fund.connect(alice).fileClaim(shares, 0n)).to.be.revertedWithCustomError(fund, "NoTicket").withArgs(alice.address);
      const tx = fund.connect(alice).requestRedeem(shares);
      await tx;
      const maturity = (await now()) + COOL_DOWN;
      await expect(tx)
        .to.emit(fund, "RedeemRequested")
        .withArgs(alice.address, shares, maturity, maturity + CLAIM_WINDOW);
      expect(await fund.ticketOf(alice)).to.deep.equal([shares, maturity, maturity + CLAIM_WINDOW]);
      await networkHelpers.time.increaseTo(maturity - 2n);
      expect(await fund.maxRedeem(alice)).to.equal(0n);
      await expect(fund.connect(alice).fileClaim(shares, 0n))
        .to.be.revertedWithCustomError(fund, "TicketCools")
        .withArgs(alice.address, maturity);
      await networkHelpers.time.increaseTo(maturity);
      await expect(fund.connect(alice).fileClaim(shares + 1n, 0n)).to.be.revertedWithCustomError(fund, "ERC4626ExceededMaxRedeem");
      await fund.connect(alice).fileClaim(shares - 20_000n * WAD, 0n);
      const payableFrom = (await now()) + CLAIM_DELAY;
      await expect(fund.connect(alice).redeem(1n, alice, alice))
        .to.be.revertedWithCustomError(fund, "ClaimCools")
        .withArgs(alice.address, payableFrom);
      await expect(fund.connect(alice).fileClaim(1n, 0n))
        .to.be.revertedWithCustomError(fund, "ClaimOpen")
        .withArgs(alice.address, payableFrom + CLAIM_TIME);
      await networkHelpers.time.increaseTo(payableFrom);
      expect([await fund.maxRedeem(alice), await fund.maxWithdraw(alice)]).to.deep.equal([30_000n * WAD, 30_000n * UNIT]);
      await expect(fund.connect(alice).redeem(30_000n * WAD + 1n, alice, alice))
        .to.be.revertedWithCustomError(fund, "ERC4626ExceededMaxRedeem")
        .withArgs(alice.address, 30_000n * WAD + 1n, 30_000n * WAD);
      // in part by each way
      const before = await settlement.balanceOf(alice);
      await fund.connect(alice).redeem(10_000n * WAD, alice, alice);
      await fund.connect(alice).withdraw(10_000n * UNIT, alice, alice);
      await expect(fund.connect(alice).claim(10_000n * WAD, alice, 10_000n * UNIT + 1n))
        .to.be.revertedWithCustomError(fund, "BelowMinimum")
        .withArgs(10_000n * UNIT, 10_000n * UNIT + 1n);
      await fund.connect(alice).claim(10_000n * WAD, alice, 10_000n * UNIT);
      expect((await settlement.balanceOf(alice)) - before).to.equal(30_000n * UNIT);
      expect((await fund.ticketOf(alice)).shares).to.equal(20_000n * WAD);
      await expect(fund.connect(alice).redeem(1n, alice, alice)).to.be.revertedWithCustomError(fund, "NoClaim");
      await networkHelpers.time.increaseTo(maturity + CLAIM_WINDOW);
      expect(await fund.maxRedeem(alice)).to.equal(0n);
      await expect(fund.connect(alice).fileClaim(1n, 0n)).to.be.revertedWithCustomError(fund, "NoTicket");
    });

    it("H-50 cooling shares do not transfer, not even for a spender; the others do, and all do when it lapsed or was cancelled", async () => {
      const { fund, alice, bob } = await networkHelpers.loadFixture(staked);
      const all = await fund.balanceOf(alice);
      await fund.connect(alice).requestRedeem(all - 100n);
      await expect(fund.connect(alice).transfer(bob, 101n))
        .to.be.revertedWithCustomError(fund, "SharesCooling")
        .withArgs(alice.address, all, all - 100n);
      await fund.connect(alice).approve(bob, all);
      await expect(fund.connect(bob).transferFrom(alice, bob, 101n)).to.be.revertedWithCustomError(fund, "SharesCooling");
      await fund.connect(alice).transfer(bob, 100n);
      await expect(fund.connect(alice).requestRedeem(1n)).to.be.revertedWithCustomError(fund, "SharesCooling");
      await expect(fund.connect(alice).cancelRedeem())
        .to.emit(fund, "RedeemCancelled")
        .withArgs(alice.address, all - 100n);
      await expect(fund.connect(alice).cancelRedeem()).to.be.revertedWithCustomError(fund, "NoTicket");
      await fund.connect(alice).transfer(bob, 1n);
      await fund.connect(alice).requestRedeem(all - 101n);
      await networkHelpers.time.increase(COOL_DOWN + CLAIM_WINDOW);
      await fund.connect(alice).transfer(bob, all - 101n);
    });

    it("more shares join the open ticket and start its clock again", async () => {
      const { fund, alice } = await networkHelpers.loadFixture(staked);
      await fund.connect(alice).requestRedeem(10n * WAD);
      await networkHelpers.time.increase(COOL_DOWN);
      await fund.connect(alice).fileClaim.staticCall(10n * WAD, 0n);
      await fund.connect(alice).requestRedeem(5n * WAD);
      await expect(fund.connect(alice).fileClaim(10n * WAD, 0n)).to.be.revertedWithCustomError(fund, "TicketCools");
      expect([await fund.maxRedeem(alice), (await fund.ticketOf(alice)).shares]).to.deep.equal([0n, 15n * WAD]);
      await networkHelpers.time.increase(COOL_DOWN + CLAIM_WINDOW);
      // one that lapsed does not join
      await fund.connect(alice).requestRedeem(3n * WAD);
      expect((await fund.ticketOf(alice)).shares).to.equal(3n * WAD);
    });

    it("a spender redeems within allowance and the owner's ticket", async () => {
      const { fund, alice, bob, settlement, ready } = await networkHelpers.loadFixture(staked);
      await ready(alice, 10n * WAD);
      await expect(fund.connect(bob).redeem(10n * WAD, bob, alice)).to.be.revertedWithCustomError(fund, "ERC20InsufficientAllowance");
      await fund.connect(alice).approve(bob, 4n * WAD);
      const before = await settlement.balanceOf(bob);
      await fund.connect(bob).redeem(4n * WAD, bob, alice);
      expect((await settlement.balanceOf(bob)) - before).to.equal(4n * UNIT);
      expect((await fund.claimOf(alice)).shares).to.equal(6n * WAD);
    });
  });

  describe("claims", () => {
    it("H-78 a loss that everybody sees before it is booked is borne by who has filed a claim: paid an hour later, at the lower value", async () => {
      const w = await deployFund({
        parameters: { topUp: 1_000_000n, stakeCap: 1_000_000n },
        underlyings: [{ fundWeight: 900_000n }],
        collaterals: [],
      });
      const { vault, fund, alice, bob, long, short, keeper, settlement } = w;
      for (const backer of [alice, bob]) await fund.connect(backer).deposit(100_000n * UNIT, backer);
      const shares = await fund.balanceOf(alice);
      await fund.connect(alice).requestRedeem(shares);
      await networkHelpers.time.increase(COOL_DOWN);
      await w.into(long, 26_000n * UNIT);
      await w.into(short, 500_000n * UNIT);
      await w.post(0, 2_000n * WAD);
      await w.trade(long, short, 13_000_000n, 2n * 10n ** 16n);
      await w.walk(2_000n * WAD, 1_500n * WAD);
      // insolvent by 39,000, and in no net asset value: what can be filed is worth as much as ever
      expect(await fund.connect(alice).fileClaim.staticCall(shares, 0n)).to.equal(100_000n * UNIT);
      await fund.connect(alice).fileClaim(shares, 0n);
      expect([await fund.maxRedeem(alice), await fund.maxWithdraw(alice)]).to.deep.equal([0n, 0n]);
      await vault.liquidate(idOf(long.address), idOf(keeper.address));
      await networkHelpers.time.increase(CLAIM_DELAY);
      await w.post(0, 1_500n * WAD);
      const before = await settlement.balanceOf(alice);
      await fund.payClaim(alice);
      const paid = (await settlement.balanceOf(alice)) - before;
      expect(paid).to.be.lessThan(85_000n * UNIT);
      const [, left] = await fund.netAssetValues();
      // both backers bear it alike, but for the margin of what the fund took over, which is not yet liquid
      expect(left >= paid - 2n, `${left} and ${paid}`).to.equal(true);
    });

    it("H-78 who gains while the claim waits is paid what it was filed for, keeps the shares beyond it, and their cool-down starts again", async () => {
      const { fund, alice, bob, into, long, short, income, settlement } = await networkHelpers.loadFixture(staked);
      for (const each of [long, short]) await into(each, 500_000n * UNIT);
      await income(200n * WAD);
      await fund.record();
      await fund.connect(alice).requestRedeem(100_000n * WAD);
      await networkHelpers.time.increase(COOL_DOWN);
      // vested long ago; a second gain vests while the claim waits
      await income(200n * WAD);
      await fund.record();
      const worth = await fund.previewRedeem(100_000n * WAD);
      await fund.connect(alice).fileClaim(100_000n * WAD, 0n);
      const { assets: due } = await fund.claimOf(alice);
      // of the second a few seconds count
      expect(due - worth <= UNIT / 100n && worth <= due, `${due} of ${worth}`).to.equal(true);
      await networkHelpers.time.increase(CLAIM_DELAY);
      const most = await fund.maxRedeem(alice);
      expect(most).to.be.lessThan(100_000n * WAD);
      const assets = await fund.previewRedeem(most);
      expect(due - assets <= 1n && assets <= due, `${assets} of ${due}`).to.equal(true);
      const before = await settlement.balanceOf(alice);
      await fund.connect(bob).payClaim(alice);
      const paid = (await settlement.balanceOf(alice)) - before;
      expect(due - paid <= 1n && paid <= due, `${paid} of ${due}`).to.equal(true);
      await networkHelpers.time.increase(CLAIM_TIME);
      const kept = await fund.balanceOf(alice);
      expect(kept).to.be.greaterThan(100_000n * WAD);
      await fund.connect(alice).transfer(bob, kept);
    });

    it("H-78 a claim that nobody paid within its ten minutes is as if it had not been filed: the ticket is used up", async () => {
      const { fund, alice, bob, ready } = await networkHelpers.loadFixture(staked);
      await ready(alice, 200_000n * WAD);
      await expect(fund.connect(alice).transfer(bob, 1n)).to.be.revertedWithCustomError(fund, "SharesCooling");
      await expect(fund.connect(alice).requestRedeem(1n)).to.be.revertedWithCustomError(fund, "SharesCooling");
      await expect(fund.connect(alice).cancelRedeem()).to.be.revertedWithCustomError(fund, "NoTicket");
      await networkHelpers.time.increase(CLAIM_TIME);
      expect(await fund.maxRedeem(alice)).to.equal(0n);
      await expect(fund.payClaim(alice)).to.be.revertedWithCustomError(fund, "NoClaim");
      await expect(fund.connect(alice).fileClaim(1n, 0n)).to.be.revertedWithCustomError(fund, "NoTicket");
      await fund.connect(alice).transfer(bob, 1n);
      await fund.connect(alice).requestRedeem(1n);
    });

    it("H-78 others pay a claim at its minimum or not at all, and its owner puts off what cannot be paid, nothing else", async () => {
      const { fund, vault, alice, bob, post } = await networkHelpers.loadFixture(burdened);
      await fund.connect(alice).requestRedeem(10_000n * WAD);
      await networkHelpers.time.increase(COOL_DOWN);
      await post(0, 1_910n * WAD);
      const worth = await fund.previewRedeem(10_000n * WAD);
      // a minimum above what it is worth would keep it for its owner alone
      await expect(fund.connect(alice).fileClaim(10_000n * WAD, worth + 1n))
        .to.be.revertedWithCustomError(fund, "BelowMinimum")
        .withArgs(worth, worth + 1n);
      const { lapse } = await fund.ticketOf(alice);
      await fund.connect(alice).fileClaim(10_000n * WAD, worth);
      await networkHelpers.time.increase(CLAIM_DELAY);
      await post(0, 1_909n * WAD);
      await expect(fund.connect(bob).payClaim(alice)).to.be.revertedWithCustomError(fund, "BelowMinimum");
      await expect(fund.connect(bob).extendClaim()).to.be.revertedWithCustomError(fund, "NoClaim");
      await fund.connect(alice).extendClaim();
      const { payableFrom } = await fund.claimOf(alice);
      expect(payableFrom).to.equal((await now()) + CLAIM_DELAY);
      await expect(fund.payClaim(alice)).to.be.revertedWithCustomError(fund, "ClaimCools");
      // without a price nobody can pay it, and it does not lapse for that
      await networkHelpers.time.increaseTo(payableFrom + 1n);
      await expect(fund.payClaim(alice)).to.be.revertedWithCustomError(fund, "FundUnpriceable");
      await fund.connect(alice).extendClaim();
      // but never beyond the lapse of its ticket
      for (;;) {
        const { payableFrom: next } = await fund.claimOf(alice);
        await networkHelpers.time.increaseTo(next + 1n);
        if (next + 2n + CLAIM_DELAY + CLAIM_TIME > lapse) break;
        await fund.connect(alice).extendClaim();
      }
      await expect(fund.connect(alice).extendClaim()).to.be.revertedWithCustomError(fund, "TicketLapses").withArgs(alice.address, lapse);
      await post(0, 1_910n * WAD);
      // the owner himself takes less than his minimum
      await fund.connect(alice).redeem(await fund.maxRedeem(alice), alice, alice);
      await fund.connect(alice).requestRedeem(1_000n * WAD);
      await networkHelpers.time.increase(COOL_DOWN);
      await post(0, 1_910n * WAD);
      await fund.connect(alice).fileClaim(1_000n * WAD, 0n);
      await networkHelpers.time.increase(CLAIM_DELAY);
      await post(0, 1_910n * WAD);
      await expect(fund.connect(alice).extendClaim()).to.be.revertedWithCustomError(fund, "ClaimPayable").withArgs(alice.address);
      expect(await vault.getAddress()).to.equal(await fund.vault());
    });

    it("H-78 who starves the valuation of gas puts nothing off: want of gas is no want of a price", async () => {
      const { fund, alice, post } = await networkHelpers.loadFixture(burdened);
      await fund.connect(alice).requestRedeem(1_000n * WAD);
      await networkHelpers.time.increase(COOL_DOWN);
      await post(0, 1_910n * WAD);
      await fund.connect(alice).fileClaim(1_000n * WAD, 0n);
      await networkHelpers.time.increase(CLAIM_DELAY);
      await post(0, 1_910n * WAD);
      const answers = new Map<string, number>();
      // the window in which the valuation starves, and something is left to say so with, is narrow
      for (let gasLimit = 40_000n; gasLimit <= 3_000_000n; gasLimit += gasLimit < 600_000n ? 4_000n : 80_000n) {
        const answer = await fund
          .connect(alice)
          .extendClaim.staticCall({ gasLimit })
          .then(
            () => "extended",
            (error: unknown) => {
              const data = revertDataOf(error);
              return (data === undefined ? undefined : fund.interface.parseError(data)?.name) ?? "out of gas";
            },
          );
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
      const found = [...answers].map(String).join(" ");
      expect(answers.has("extended"), found).to.equal(false);
      expect(answers.get("GasTooLow") ?? 0, found).to.be.greaterThan(0);
      expect(answers.get("ClaimPayable") ?? 0, found).to.be.greaterThan(0);
    });

    it("H-80 max and preview promise no tokens that the vault has lent", async () => {
      const w = await deployFund();
      const { vault, fund, alice, long, short, collaterals, post, settlement } = w;
      const coder = ethers.AbiCoder.defaultAbiCoder();
      await fund.connect(alice).deposit(100_000n * UNIT, alice);
      const shares = await fund.balanceOf(alice);
      await collaterals[0]!.mint(long, 200n * WAD);
      await collaterals[0]!.connect(long).approve(vault, 200n * WAD);
      await vault
        .connect(long)
        .execute([{ kind: 0, account: idOf(long.address), data: coder.encode(["uint8", "uint256"], [0, 200n * WAD]) }]);
      await w.into(short, 50_000n * UNIT);
      await w.ready(alice, shares);
      await post(0, 2_000n * WAD);
      // long owes what it lost, in ether; short takes it out in tokens
      await w.trade(long, short, 10_000_000n, 2n * 10n ** 16n);
      await w.walk(2_000n * WAD, 1_900n * WAD);
      await w.trade(long, short, -10_000_000n, (1_900n * WAD) / 100_000n);
      const data = coder.encode(["uint8", "uint256", "address"], [255, 57_000n * UNIT, short.address]);
      await vault.connect(short).execute([{ kind: 2, account: idOf(short.address), data }]);
      const [tokens] = await vault.totals();
      expect(tokens).to.be.lessThan(100_000n * WAD);
      const most = await fund.maxRedeem(alice);
      expect(await fund.previewRedeem(shares)).to.equal(tokens / SCALE);
      expect(await fund.maxWithdraw(alice)).to.be.at.most(tokens / SCALE);
      await expect(fund.previewWithdraw(tokens / SCALE + 1n)).to.be.revertedWithCustomError(fund, "StakeInUse");
      const promised = await fund.previewRedeem(most);
      const before = await settlement.balanceOf(alice);
      await fund.connect(alice).redeem(most, alice, alice);
      expect((await settlement.balanceOf(alice)) - before).to.equal(promised);
      expect(promised).to.be.greaterThan(92_000n * UNIT);
    });

    it("H-80 a redemption out of 32 fund accounts is paid", async function () {
      this.timeout(120_000);
      const w = await deployFund({ underlyings: Array.from({ length: 32 }, () => ({})), collaterals: [] });
      const { fund, vault, alice, settlement } = w;
      await fund.connect(alice).deposit(640_000n * UNIT, alice);
      const shares = await fund.balanceOf(alice);
      // what shed inventories leave behind: cash in every fund account, little in the main one
      const address = await vault.getAddress();
      const put = async (sub: bigint, cash: bigint): Promise<void> =>
        networkHelpers.setStorageAt(address, vaultSlot("headers", w.main + sub), ethers.toBeHex(cash, 32));
      await put(0n, 0n);
      for (let u = 1n; u <= 32n; u++) await put(u, 20_000n * WAD);
      await w.ready(alice, shares);
      const before = await settlement.balanceOf(alice);
      await fund.payClaim(alice);
      expect((await settlement.balanceOf(alice)) - before).to.equal(640_000n * UNIT);
    });
  });

  describe("value", () => {
    it("H-50 a stake that was asked back before a loss bears it until it is paid out", async () => {
      const { fund, alice, bob, walk, file } = await networkHelpers.loadFixture(burdened);
      await fund.connect(bob).deposit(200_000n * UNIT, bob);
      const shares = await fund.balanceOf(alice);
      await fund.connect(alice).requestRedeem(shares);
      const before = await fund.convertToAssets(shares);
      // the inherited position runs against the fund
      await walk(1_910n * WAD, 1_600n * WAD);
      await expect(fund.record()).to.emit(fund, "LossRecorded");
      const after = await fund.convertToAssets(shares);
      expect(after).to.be.lessThan(before);
      await networkHelpers.time.increase(COOL_DOWN);
      await walk(1_600n * WAD, 1_599n * WAD);
      await file(alice, shares);
      await walk(1_599n * WAD, 1_598n * WAD);
      const paid = await fund.connect(alice).redeem.staticCall(shares, alice, alice);
      expect(paid).to.be.lessThan(before);
      // both bear alike, for a share is a share
      expect(await fund.convertToAssets(shares)).to.equal(paid);
    });

    it("H-50 income is vested over 24 hours: who comes for it has to stay, who leaves at once leaves it behind", async () => {
      const { fund, alice, into, long, short, income, ready } = await networkHelpers.loadFixture(staked);
      await into(long, 500_000n * UNIT);
      await into(short, 500_000n * UNIT);
      await ready(alice, 100_000n * WAD);
      const before = await fund.previewRedeem(100_000n * WAD);
      await income(100n * WAD);
      // not yet recorded, not yet vested
      expect(await fund.previewRedeem(100_000n * WAD)).to.equal(before);
      const [upper, lower] = await fund.netAssetValues();
      expect(upper - lower).to.equal(100n * UNIT);
      // a deposit pays for all of it
      expect(await fund.previewDeposit(1_000n * UNIT)).to.be.lessThan(1_000n * WAD);
      await fund.record();
      const recorded = await now();
      await networkHelpers.time.increaseTo(recorded + DAY / 4n);
      expect(await fund.totalAssets()).to.equal(lower + 25n * UNIT);
      await networkHelpers.time.increaseTo(recorded + DAY / 2n);
      // recording often holds nothing back
      await fund.record();
      await fund.record();
      expect((await fund.totalAssets()) - lower - 50n * UNIT <= 3_000n).to.equal(true);
      await networkHelpers.time.increaseTo(recorded + DAY + 2n);
      expect(await fund.totalAssets()).to.equal(lower + 100n * UNIT);
      // half of the shares, half of the income
      const earned = (await fund.previewRedeem(100_000n * WAD)) - before;
      expect(50n * UNIT - earned <= 1n && earned <= 50n * UNIT, `${earned}`).to.equal(true);
    });

    it("H-50 a second gain vests over its own day, without holding the first back", async () => {
      const { fund, into, long, short, income } = await networkHelpers.loadFixture(staked);
      await into(long, 500_000n * UNIT);
      await into(short, 500_000n * UNIT);
      const base = await fund.totalAssets();
      await income(100n * WAD);
      await fund.record();
      const first = await now();
      await networkHelpers.time.increaseTo(first + DAY / 2n - 4n);
      await income(1n * WAD);
      await fund.record();
      const second = await now();
      expect(second - first > DAY / 2n - 4n && second - first < DAY / 2n + 4n, "the first gain is half vested").to.equal(true);
      // some 50 of the first are left over half a day, 1 over a day: the mean of the ends is 0.51 days away
      const left = (100n * WAD * (first + DAY - second)) / DAY;
      const mean = (left * (first + DAY - second) + WAD * DAY) / (left + WAD) + 1n; // rounded up
      expect(mean / 100n).to.equal((DAY * 51n) / 100n / 100n);
      const counted = async (): Promise<bigint> => (await fund.totalAssets()) - base;
      const all = 101n * UNIT;
      // nothing of the second yet, and what had vested of the first stays vested
      expect(await counted()).to.be.closeTo(all - (left + WAD) / SCALE, 2n);
      await networkHelpers.time.increaseTo(second + mean / 2n);
      expect(await counted()).to.be.closeTo(all - ((left + WAD) * (mean - mean / 2n)) / mean / SCALE, 2n);
      await networkHelpers.time.increaseTo(second + mean - 60n);
      expect(await counted()).to.be.lessThan(all);
      await networkHelpers.time.increaseTo(second + mean);
      expect(await counted()).to.equal(all);
    });

    it("a loss is borne by what has not vested first", async () => {
      const { fund, alice, walk, into, income, long, short } = await networkHelpers.loadFixture(burdened);
      await into(long, 500_000n * UNIT);
      await into(short, 1n * UNIT);
      await walk(1_910n * WAD, 2_000n * WAD);
      await income(200n * WAD);
      await fund.record();
      const before = await fund.totalAssets();
      await walk(2_000n * WAD, 1_995n * WAD);
      const after = await fund.totalAssets();
      expect(after >= before).to.equal(true);
      expect(await fund.balanceOf(alice)).to.equal(200_000n * WAD);
    });

    it("with inventory a deposit is priced above, a redemption below: to come and go costs", async () => {
      const { fund, vault, fundAccount, mainCash, bob } = await networkHelpers.loadFixture(burdened);
      const [upper, lower] = await fund.netAssetValues();
      const a = await vault.assess(fundAccount, false);
      expect(a.margin).to.be.greaterThan(0n);
      const main = await mainCash();
      expect(upper).to.equal((main + a.value + SCALE - 1n) / SCALE);
      const net = main + a.equity - (a.margin + 3n) / 4n;
      // the discount on what was taken over has not vested
      const gain = net > 200_000n * WAD ? net - 200_000n * WAD : 0n;
      expect(lower).to.equal((net - gain) / SCALE);
      expect(lower).to.be.lessThan(upper);
      const shares = await fund.previewDeposit(1_000n * UNIT);
      expect(await fund.previewRedeem(shares)).to.be.lessThan(1_000n * UNIT);
      await fund.connect(bob).deposit(1_000n * UNIT, bob);
      expect(await fund.balanceOf(bob)).to.be.lessThan(1_000n * WAD);
    });

    it("a fund account below zero is nothing for deposits and a loss for redemptions", async () => {
      const { fund, vault, walk, fundAccount, mainCash } = await networkHelpers.loadFixture(burdened);
      await walk(1_910n * WAD, 1_400n * WAD);
      const a = await vault.assess(fundAccount, false);
      expect(a.value).to.be.lessThan(0n);
      const main = await mainCash();
      const [upper, lower] = await fund.netAssetValues();
      expect(upper).to.equal((main + SCALE - 1n) / SCALE);
      expect(lower).to.equal((main + a.equity - (a.margin + 3n) / 4n) / SCALE);
    });

    it("H-50 a redemption frees none of the income that has not vested, and is no loss", async () => {
      const { fund, alice, into, long, short, income, ready } = await networkHelpers.loadFixture(staked);
      await into(long, 500_000n * UNIT);
      await into(short, 500_000n * UNIT);
      await ready(alice, 100_000n * WAD);
      await income(100n * WAD);
      await fund.record();
      const recorded = await now();
      await fund.payClaim(alice);
      await networkHelpers.time.increaseTo(recorded + DAY / 2n);
      const [upper, lower] = await fund.netAssetValues();
      expect(upper - lower).to.be.closeTo(50n * UNIT, 2n);
      await expect(fund.record()).to.not.emit(fund, "LossRecorded");
    });

    it("H-51 with inventory prices in doubt are counted at the edge against who asks, and beyond a bound there is no price", async () => {
      const { fund, alice, bob, post, vault, file } = await networkHelpers.loadFixture(burdened);
      await fund.connect(alice).requestRedeem(100n * WAD);
      await networkHelpers.time.increase(COOL_DOWN);
      const recorded = await fund.totalAssets();
      expect(recorded).to.be.greaterThan(199_000n * UNIT);
      for (const call of [
        () => fund.connect(bob).deposit(UNIT, bob),
        () => fund.connect(bob).mint(WAD, bob),
        () => fund.connect(alice).fileClaim(WAD, 0n),
        () => fund.previewDeposit(UNIT),
        () => fund.previewMint(WAD),
        () => fund.previewRedeem(WAD),
        () => fund.previewWithdraw(UNIT),
        () => fund.netAssetValues(),
        () => fund.record(),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(fund, "FundUnpriceable");
      }
      expect([
        await fund.maxDeposit(bob),
        await fund.maxMint(bob),
        await fund.maxRedeem(alice),
        await fund.maxWithdraw(alice),
      ]).to.deep.equal([0n, 0n, 0n, 0n]);
      expect(await fund.convertToAssets(10n ** 24n)).to.be.greaterThan(0n);
      expect(await fund.convertToShares(UNIT)).to.be.greaterThan(0n);
      // fresh again
      await post(0, 1_910n * WAD);
      await file(alice, 100n * WAD);
      await post(0, 1_910n * WAD);
      const [upper, lower] = await fund.netAssetValues();
      await networkHelpers.time.increase(200n);
      // minutes old it may move the net asset value by less than 2 %: each is priced at the edge against him
      const [upperInDoubt, lowerInDoubt] = await fund.netAssetValues();
      expect(upperInDoubt > upper && lowerInDoubt < lower, `${lowerInDoubt} ${lower} ${upper} ${upperInDoubt}`).to.equal(true);
      expect(await fund.maxRedeem(alice)).to.equal(100n * WAD);
      expect(await fund.maxMint(bob)).to.be.greaterThan(0n);
      await fund.connect(alice).redeem(WAD, alice, alice);
      // so is it when a post outside the guard made it invalid, however fresh
      const update = ethers.AbiCoder.defaultAbiCoder().encode(["uint256", "uint256", "bool"], [3_000n * WAD, (await now()) + 1n, true]);
      await networkHelpers.time.setNextBlockTimestamp((await now()) + 1n);
      await vault.postPrice(0, [update]);
      const [above, below] = await fund.netAssetValues();
      expect(above > upper && below < lower).to.equal(true);
      await fund.connect(bob).deposit(UNIT, bob);
    });

    it("H-51 an empty fund account needs no price, however old", async () => {
      const { fund, alice } = await networkHelpers.loadFixture(staked);
      await networkHelpers.time.increase(30n * DAY);
      await fund.connect(alice).deposit(UNIT, alice);
    });

    it("I-21 H-29 while the vault works, entries revert and the views give what was recorded", async () => {
      const { fund, settlement, alice, ready } = await networkHelpers.loadFixture(staked);
      const template = await ethers.deployContract("HookToken", [6]);
      await networkHelpers.setCode(await settlement.getAddress(), await ethers.provider.getCode(template));
      const hook = await ethers.deployContract("FundHook", [fund]);
      const hookAddress = await hook.getAddress();
      const token = template.attach(await settlement.getAddress()) as typeof template;
      await connection.provider.request({ method: "hardhat_impersonateAccount", params: [hookAddress] });
      await networkHelpers.setBalance(hookAddress, WAD);
      await token.connect(await ethers.getSigner(hookAddress)).setHook(hookAddress);
      await ready(alice, 100_000n * WAD);
      await fund.connect(alice).redeem(100_000n * WAD, hookAddress, alice);
      expect(await hook.failureCount()).to.equal(3n);
      expect(await hook.assetsSeen()).to.equal(100_000n * UNIT);
      expect(await hook.shareSeen()).to.equal(UNIT);
      expect([await hook.maxDepositSeen(), await hook.maxRedeemSeen()]).to.deep.equal([0n, 0n]);
      const locked = ethers.id("Locked()").slice(0, 10);
      expect([(await hook.failures(1)).slice(0, 10), (await hook.failures(2)).slice(0, 10)]).to.deep.equal([locked, locked]);
    });

    it("I-18 the price of a share falls only with a recorded loss and does not see transfers to the fund", async () => {
      const { fund, settlement, fundAddress, alice, bob, into, income, long, short, file } = await networkHelpers.loadFixture(staked);
      await into(long, 500_000n * UNIT);
      await into(short, 500_000n * UNIT);
      let last = await price(fund);
      const notLower = async (what: string): Promise<void> => {
        const next = await price(fund);
        expect(next >= last, `${what}: ${next} < ${last}`).to.equal(true);
        last = next;
      };
      await fund.connect(bob).deposit(12_345_678_901n, bob);
      await notLower("deposit");
      await settlement.mint(fundAddress, 10n ** 15n);
      expect(await price(fund)).to.equal(last);
      await income(33n * WAD);
      await notLower("income");
      await fund.connect(bob).mint(77n * WAD + 1n, bob);
      await notLower("mint");
      await fund.connect(alice).requestRedeem(50_000n * WAD);
      await networkHelpers.time.increase(COOL_DOWN);
      await notLower("time");
      await file(alice, 50_000n * WAD);
      await fund.connect(alice).redeem(33_333n * WAD + 7n, alice, alice);
      await notLower("redeem");
      await fund.connect(alice).withdraw(1_234_567n, alice, alice);
      await notLower("withdraw");
    });
  });

  describe("where the cash is", () => {
    it("H-53 I-16 an underlying draws at most its cap of the stake in an epoch", async () => {
      const { fund, vault, mainCash, fundAccount, keeper, long, into, walk, short, post, trade } = await networkHelpers.loadFixture(staked);
      await vault.setParameter(parameterIndex("FundWeight"), 0, 500_000n);
      await into(long, 60_000n * UNIT);
      await into(short, 900_000n * UNIT);
      await post(0, 2_000n * WAD);
      await trade(long, short, 20_000_000n, 2n * 10n ** 16n);
      await walk(2_000n * WAD, 1_600n * WAD);
      const before = await mainCash();
      await vault.liquidate(idOf(long.address), idOf(keeper.address));
      // 20,000 were missing beyond the margin of the trader and the fund account needs margin for what it took over: more than a quarter
      const cap = before / 4n;
      const toppedUp = async (): Promise<bigint> => {
        const events = await vault.queryFilter(vault.filters.FundToppedUp());
        return events.reduce((sum, event) => sum + event.args.amount, 0n);
      };
      expect(await toppedUp()).to.equal(20_000n * WAD);
      await vault.topUpFund(0);
      const drawn = await toppedUp();
      expect(drawn > (cap * 99n) / 100n && drawn <= cap, `${drawn} of ${cap}`).to.equal(true);
      await vault.topUpFund(0);
      expect(await toppedUp()).to.equal(drawn);
      // beside it only the bounty left the stake, under its own cap
      expect(before - (await mainCash()) - drawn).to.equal(WAD / 20n);
      expect((await vault.assess(fundAccount, false)).notional).to.be.greaterThan(0n);
      expect(await fund.totalAssets()).to.be.greaterThan(0n);
    });

    it("a redemption is paid out of fund accounts that hold nothing but cash when the main account is short", async () => {
      const { fund, vault, settlement, mainCash, fundAccount, alice, keeper, into, post, ready } =
        await networkHelpers.loadFixture(burdened);
      // a keeper with capital takes all that the fund holds
      await into(keeper, 500_000n * UNIT);
      await networkHelpers.time.increase(600n);
      await post(0, 1_910n * WAD);
      await vault.connect(keeper).shedFund(0, idOf(keeper.address), WAD, 0n);
      const idle = (await vault.headerOf(fundAccount)).cash;
      expect(idle).to.be.greaterThan(0n);
      await fund.record();
      await networkHelpers.time.increase(DAY);
      await ready(alice, 200_000n * WAD);
      const main = await mainCash();
      const liquid = await fund.liquidAssets();
      expect(liquid).to.equal((main + idle) / SCALE);
      const assets = await fund.maxWithdraw(alice);
      expect(assets * SCALE).to.be.greaterThan(main);
      const before = await settlement.balanceOf(alice);
      await fund.connect(alice).redeem(200_000n * WAD, alice, alice);
      expect((await settlement.balanceOf(alice)) - before).to.equal(assets);
      expect((await vault.headerOf(fundAccount)).cash).to.be.lessThan(idle);
      expect(await mainCash()).to.be.lessThan(SCALE);
    });

    it("what the inventory binds cannot be redeemed: maxRedeem says so, beyond it reverts", async () => {
      const { fund, vault, alice, post, file } = await networkHelpers.loadFixture(burdened);
      await fund.connect(alice).requestRedeem(200_000n * WAD);
      await networkHelpers.time.increase(COOL_DOWN);
      await post(0, 1_910n * WAD);
      await file(alice, 200_000n * WAD);
      await post(0, 1_910n * WAD);
      await vault.topUpFund(0).catch(() => undefined);
      const most = await fund.maxRedeem(alice);
      const liquid = await fund.liquidAssets();
      const worth = await fund.convertToAssets(200_000n * WAD);
      if (worth > liquid) {
        expect(most).to.be.lessThan(200_000n * WAD);
        await expect(fund.connect(alice).withdraw(liquid + 1n, alice, alice))
          .to.be.revertedWithCustomError(fund, "StakeInUse")
          .withArgs(liquid + 1n, liquid);
        await expect(fund.connect(alice).redeem(200_000n * WAD, alice, alice)).to.be.revertedWithCustomError(
          fund,
          "ERC4626ExceededMaxRedeem",
        );
      }
      await fund.connect(alice).redeem(most, alice, alice);
    });
  });

  describe("deficit", () => {
    it("deposits are refused: a part of them would be given away", async () => {
      const { fund, vault, bob } = await networkHelpers.loadFixture(staked);
      await plantDeficit(vault, 20_000n * WAD);
      await expect(fund.connect(bob).deposit(UNIT, bob))
        .to.be.revertedWithCustomError(fund, "DeficitOutstanding")
        .withArgs(20_000n * WAD);
      await expect(fund.connect(bob).mint(WAD, bob)).to.be.revertedWithCustomError(fund, "DeficitOutstanding");
      expect([await fund.maxDeposit(bob), await fund.maxMint(bob)]).to.deep.equal([0n, 0n]);
    });

    it("redemptions are paid φ, as previewed, and nobody gains by running", async () => {
      const { fund, vault, settlement, alice, bob, file } = await networkHelpers.loadFixture(staked);
      await fund.connect(bob).deposit(100_000n * UNIT, bob);
      await fund.connect(alice).requestRedeem(200_000n * WAD);
      await fund.connect(bob).requestRedeem(100_000n * WAD);
      await networkHelpers.time.increase(COOL_DOWN);
      await fund.connect(bob).fileClaim(100_000n * WAD, 0n);
      await file(alice, 200_000n * WAD);
      await plantDeficit(vault, 30_000n * WAD);
      // φ = 0.9
      expect(await fund.previewRedeem(100_000n * WAD)).to.equal(90_000n * UNIT);
      expect(await fund.previewWithdraw(90_000n * UNIT)).to.equal(100_000n * WAD);
      const before = await settlement.balanceOf(alice);
      await fund.connect(alice).redeem(100_000n * WAD, alice, alice);
      expect((await settlement.balanceOf(alice)) - before).to.equal(90_000n * UNIT);
      await fund.connect(alice).withdraw(9_000n * UNIT, alice, alice);
      expect((await settlement.balanceOf(alice)) - before).to.equal(99_000n * UNIT);
      // the last is paid the same part
      expect(await fund.previewRedeem(100_000n * WAD)).to.equal(90_000n * UNIT);
      await expect(fund.connect(bob).claim(100_000n * WAD, bob, 90_001n * UNIT)).to.be.revertedWithCustomError(fund, "BelowMinimum");
      await fund.connect(bob).claim(100_000n * WAD, bob, 90_000n * UNIT);
    });

    it("with nothing left to pay, nothing is burned", async () => {
      const { fund, vault, alice, ready } = await networkHelpers.loadFixture(staked);
      await ready(alice, WAD);
      await plantDeficit(vault, 200_000n * WAD);
      await expect(fund.connect(alice).redeem(WAD, alice, alice))
        .to.be.revertedWithCustomError(fund, "NothingGiven")
        .withArgs(0, WAD);
      await expect(fund.connect(alice).withdraw(1n, alice, alice)).to.be.revertedWithCustomError(fund, "StakeInUse");
    });
  });

  describe("ERC-4626", () => {
    it("I-18 previews are what is given, round trips never gain, whatever the amounts and the income between", async () => {
      const { fund, settlement, alice, bob, into, long, short, income, file } = await networkHelpers.loadFixture(fixture);
      await into(long, 500_000n * UNIT);
      await into(short, 500_000n * UNIT);
      let state = 7n;
      const random = (most: bigint): bigint => {
        state = (state * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n) % 2n ** 64n;
        return 1n + ((state >> 16n) % most);
      };
      await fund.connect(bob).deposit(random(100_000n * UNIT), bob);
      for (let round = 0; round < 25; round++) {
        if (round % 5 === 0) await income(random(20n * WAD) + 10n * WAD);
        await networkHelpers.time.increase(random(DAY));
        const held = await settlement.balanceOf(alice);
        if (round % 2 === 0) {
          const assets = random(10n ** random(10n));
          const shares = await fund.previewDeposit(assets);
          await fund.connect(alice).deposit(assets, alice);
          expect(await fund.balanceOf(alice), "deposit").to.equal(shares);
        } else {
          const shares = random(10n ** (12n + random(10n)));
          const assets = await fund.previewMint(shares);
          await fund.connect(alice).mint(shares, alice);
          expect(held - (await settlement.balanceOf(alice)), "mint").to.equal(assets);
          expect(await fund.balanceOf(alice)).to.equal(shares);
        }
        const shares = await fund.balanceOf(alice);
        const paid = held - (await settlement.balanceOf(alice));
        expect((await fund.convertToAssets(shares)) <= paid, "convert").to.equal(true);
        expect(await fund.previewRedeem(shares)).to.be.at.most(paid);
        // what a round trip would give, was there no cool-down: the price of a redemption at once
        expect(await fund.previewDeposit(await fund.previewRedeem(shares))).to.be.at.most(shares);
        expect(await fund.previewWithdraw(await fund.previewMint(shares))).to.be.at.least(shares);
        await fund.connect(alice).requestRedeem(shares);
        await networkHelpers.time.increase(COOL_DOWN);
        if ((await fund.previewRedeem(shares)) > 0n) await file(alice, shares);
        const most = await fund.maxWithdraw(alice);
        const before = await settlement.balanceOf(alice);
        if (most === 0n) {
          await fund.connect(alice).cancelRedeem();
          await fund.connect(alice).transfer(bob, shares);
          continue;
        }
        if (round % 3 === 0) {
          const burned = await fund.previewWithdraw(most);
          await fund.connect(alice).withdraw(most, alice, alice);
          expect((await settlement.balanceOf(alice)) - before, "withdraw").to.equal(most);
          expect(await fund.balanceOf(alice)).to.equal(shares - burned);
        } else {
          const assets = await fund.previewRedeem(shares);
          expect(assets).to.equal(most);
          await fund.connect(alice).redeem(shares, alice, alice);
          expect((await settlement.balanceOf(alice)) - before, "redeem").to.equal(assets);
        }
        const rest = await fund.balanceOf(alice);
        if (rest > 0n) {
          // what was not paid of the claim is free when it has lapsed
          await networkHelpers.time.increase(CLAIM_TIME);
          await fund
            .connect(alice)
            .cancelRedeem()
            .catch(() => undefined);
          await fund.connect(alice).transfer(bob, rest);
        }
      }
    });

    it("H-16 every preview is rounded against who asks, to the unit", async () => {
      const { fund, vault, alice, long, short, into, income } = await networkHelpers.loadFixture(staked);
      await into(long, 500_000n * UNIT);
      await into(short, 500_000n * UNIT);
      await income(77n * WAD);
      await fund.record();
      await networkHelpers.time.increase(DAY / 3n);
      const exact = async (): Promise<void> => {
        const [upper, lower] = await fund.netAssetValues();
        expect(upper).to.be.greaterThan(lower);
        const supply = (await fund.totalSupply()) + VIRTUAL;
        const up = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
        for (const amount of [1n, 7n, 999_999n, 1_234_567_891n]) {
          const shares = amount * VIRTUAL + amount;
          expect(await fund.previewDeposit(amount)).to.equal((amount * supply) / (upper + 1n));
          expect(await fund.previewMint(shares)).to.equal(up(shares * (upper + 1n), supply));
          const [tokens, owed] = await vault.totals();
          expect(await fund.previewWithdraw(amount)).to.equal(up(up(amount * (tokens + owed), tokens) * supply, lower + 1n));
          expect(await fund.previewRedeem(shares)).to.equal((((shares * (lower + 1n)) / supply) * tokens) / (tokens + owed));
        }
      };
      await exact();
      await plantDeficit(vault, 12_345n * WAD + 1n);
      await exact();
      expect(await fund.balanceOf(alice)).to.equal(200_000n * WAD);
    });

    it("I-18 the fund's assets are its accounts', and no share is without cash behind it", async () => {
      const { fund, mainCash, alice, bob } = await networkHelpers.loadFixture(staked);
      await fund.connect(bob).deposit(123_456_789n, bob);
      expect(await fund.totalAssets()).to.equal((await mainCash()) / SCALE);
      const shares = (await fund.balanceOf(alice)) + (await fund.balanceOf(bob));
      expect(shares).to.equal(await fund.totalSupply());
      expect(await fund.convertToAssets(shares)).to.be.at.most(await fund.totalAssets());
    });
  });
});
