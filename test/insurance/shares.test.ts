import { expect } from "chai";
import type { ContractTransactionResponse, EventLog } from "ethers";
import { Random } from "../helpers/random.ts";
import { DAY, deployFund, networkHelpers, now, UNIT, WAD } from "./fixture.ts";
import { NaiveFund } from "./naiveFund.ts";

const STEPS = 300;

describe("shares of the insurance fund", function () {
  this.timeout(300_000);

  it("H-78 I-18 follow the naive twin to the unit through deposits, tickets, redemptions, income and time", async () => {
    const { fund, into, income, long, short, alice, bob, mainCash } = await deployFund();
    await into(long, 500_000n * UNIT);
    await into(short, 500_000n * UNIT);
    const twin = new NaiveFund();
    const random = new Random(4_626);
    const met = new Map<string, number>();

    /** Sends at `time` what the twin has done; both have recorded the same, and given the same. */
    async function same(
      what: string,
      sent: Promise<ContractTransactionResponse>,
      event: string,
      given: bigint,
      place: number,
    ): Promise<void> {
      const receipt = await (await sent).wait();
      const logs = receipt!.logs.map((log) => fund.interface.parseLog(log) ?? undefined);
      const found = logs.find((log) => log?.name === event) as unknown as EventLog | undefined;
      expect(found?.args[place], what).to.equal(given);
      met.set(event, (met.get(event) ?? 0) + 1);
    }

    for (let step = 0; step < STEPS; step++) {
      const backer = random.chance(0.5) ? alice : bob;
      const own = fund.connect(backer);
      const name = backer.address;
      const wait = random.chance(0.2) ? random.bigBelow(11n * DAY) : random.bigBelow(DAY / 2n);
      const { shares: asked, maturity } = twin.ticketOf(name, await now());
      const present = (await now()) + 2n;
      // half of the tickets are used as soon as they have matured, and most claims when they can be paid
      const { payableFrom } = twin.claimOf(name, present);
      const used = asked > 0n && maturity > present && random.chance(0.5) ? maturity : present + wait;
      const waits = payableFrom > present;
      const early = waits && random.chance(0.25) ? present + random.bigBelow(payableFrom - present) : undefined;
      const at = early ?? (waits && random.chance(0.95) ? payableFrom + random.bigBelow(600n) : used);
      await networkHelpers.time.setNextBlockTimestamp(at);
      const cooling = twin.ticketOf(name, at);
      const most = twin.mostRedeemed(name, at);
      // no more is paid than the twin allows: nothing before the hour is over, and of a gain in that hour nothing
      const { shares: claimed } = twin.claimOf(name, at);
      if (claimed > most + 10n ** 15n && random.chance(0.5)) {
        const refused = await own.redeem((claimed + most) / 2n + 1n, backer, backer).then(
          () => false,
          () => true,
        );
        expect(refused, `step ${step}: ${claimed} shares are claimed, ${most} can be redeemed`).to.equal(true);
        met.set(most === 0n ? "refused early" : "refused in part", (met.get(most === 0n ? "refused early" : "refused in part") ?? 0) + 1);
        continue;
      }
      // what can be paid lapses in minutes
      const choice = most > 10n ** 15n ? 5 + random.below(3) : random.below(8);
      if (choice === 0) {
        await networkHelpers.mine();
        await income(WAD + random.bigBelow(50n * WAD));
        twin.cash = await mainCash();
      } else if (choice === 1) {
        const recorded = twin.record(at);
        await same("record", own.record(), "Recorded", recorded.unvested, 1);
      } else if (choice <= 3) {
        const assets = 1n + random.bigBelow(10n ** BigInt(1 + random.below(10)));
        await same("deposit", own.deposit(assets, backer), "Deposit", twin.deposit(name, assets, at), 3);
      } else if (choice === 4) {
        const shares = WAD + random.bigBelow(10n ** BigInt(12 + random.below(10)));
        await same("mint", own.mint(shares, backer), "Deposit", twin.mint(name, shares, at), 2);
      } else if (most > 10n ** 15n) {
        const part = random.chance(0.3) ? most : most / 2n;
        const assets = twin.worth(part, at);
        if (random.chance(0.5)) await same("redeem", own.redeem(part, backer, backer), "Withdraw", twin.redeem(name, part, at), 3);
        else await same("withdraw", own.withdraw(assets, backer, backer), "Withdraw", twin.withdraw(name, assets, at), 4);
      } else if (cooling.shares > 10n ** 15n && at >= cooling.maturity && twin.claimOf(name, at).shares === 0n && random.chance(0.8)) {
        const part = random.chance(0.5) ? cooling.shares : cooling.shares / 2n;
        await same("file", own.fileClaim(part, 0n), "ClaimFiled", twin.file(name, part, at), 2);
      } else if (cooling.shares !== 0n && random.chance(0.2)) {
        twin.cancel(name);
        await same("cancel", own.cancelRedeem(), "RedeemCancelled", cooling.shares, 1);
      } else if (twin.sharesOf(name) > cooling.shares + twin.claimOf(name, at).shares && (cooling.shares === 0n || random.chance(0.1))) {
        const shares = 1n + random.bigBelow(twin.sharesOf(name) - cooling.shares - twin.claimOf(name, at).shares);
        twin.request(name, shares, at);
        await same("request", own.requestRedeem(shares), "RedeemRequested", twin.ticketOf(name, at).shares, 1);
      }
      expect(await mainCash(), `cash after ${step}`).to.equal(twin.cash);
      expect(await fund.totalSupply(), `supply after ${step}`).to.equal(twin.supply);
      expect(await fund.balanceOf(backer), `shares after ${step}`).to.equal(twin.sharesOf(name));
    }
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(met);
    for (const [event, least] of Object.entries({
      Recorded: 5,
      Deposit: 20,
      RedeemRequested: 5,
      RedeemCancelled: 1,
      ClaimFiled: 8,
      Withdraw: 8,
      "refused early": 2,
      "refused in part": 1,
    })) {
      expect(met.get(event) ?? 0, event).to.be.at.least(least);
    }
  });
});
