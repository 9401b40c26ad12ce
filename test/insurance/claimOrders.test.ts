import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { expect } from "chai";
import type { ContractTransactionResponse } from "ethers";
import { Random } from "../helpers/random.ts";
import { COOL_DOWN, DAY, deployFund, ethers, networkHelpers, now, plantDeficit, UNIT, WAD } from "./fixture.ts";

const ROUNDS = 12;
const GAS = 3_000_000n;

type Sent = () => Promise<ContractTransactionResponse>;

describe("claims of backers in parts and in other orders", function () {
  this.timeout(300_000);

  it("H-78 I-34 what backers are paid is the same whole and in parts, by one address or two, whoever is paid first and whoever pays", async () => {
    const { fund, vault, settlement, income, into, long, short, alice, bob, attacker } = await deployFund();
    await into(long, 500_000n * UNIT);
    await into(short, 500_000n * UNIT);
    const backers = [alice, bob, attacker];
    const random = new Random(344);
    const met = new Map<string, number>();
    const count = (what: string): void => void met.set(what, (met.get(what) ?? 0) + 1);

    /** Calls of one block, one after the other. */
    async function together(calls: readonly Sent[], at: bigint): Promise<void> {
      await ethers.provider.send("evm_setAutomine", [false]);
      await networkHelpers.time.setNextBlockTimestamp(at);
      const sent = [];
      for (const call of calls) sent.push(await call());
      await networkHelpers.mine();
      await ethers.provider.send("evm_setAutomine", [true]);
      for (const each of sent) expect((await each.wait())?.status).to.equal(1);
    }

    /** What each backer is paid, in units, by calls of one block; everything is as before afterwards. */
    async function paidBy(calls: readonly Sent[], at: bigint): Promise<bigint[]> {
      const snapshot = await networkHelpers.takeSnapshot();
      const before = await Promise.all(backers.map((each) => settlement.balanceOf(each)));
      await together(calls, at);
      const after = await Promise.all(backers.map((each) => settlement.balanceOf(each)));
      await snapshot.restore();
      return after.map((each, i) => each - before[i]!);
    }

    const redeem = (backer: HardhatEthersSigner, shares: bigint): Sent => {
      return () => fund.connect(backer).redeem(shares, backer, backer, { gasLimit: GAS });
    };
    const pay = (backer: HardhatEthersSigner, payer = backer): Sent => {
      return () => fund.connect(payer).payClaim(backer, { gasLimit: GAS });
    };
    const within = (paid: bigint, whole: bigint, parts: bigint): void => {
      expect(paid <= whole && paid >= whole - parts, `I-34: ${paid} in ${parts} parts, ${whole} in one`).to.equal(true);
    };

    for (let round = 0; round < ROUNDS; round++) {
      const start = await networkHelpers.takeSnapshot();
      for (const backer of [alice, bob]) await fund.connect(backer).deposit(UNIT + random.bigBelow(200_000n * UNIT), backer);
      await income(WAD + random.bigBelow(200n * WAD));
      const shares = await fund.balanceOf(alice);
      const half = random.part(shares, 0.1, 0.9);
      const others = await fund.balanceOf(bob);
      const filed = (await now()) + COOL_DOWN + random.bigBelow(DAY);
      const gains = random.chance(0.5);
      const isShort = random.chance(0.5);

      /** Tickets and claims of `owners` and of bob, filed in one block; an hour with or without a gain or a loss. */
      const claims = async (owners: readonly (readonly [HardhatEthersSigner, bigint])[]): Promise<void> => {
        const all = [...owners, [bob, others] as const];
        for (const [backer, amount] of all) await fund.connect(backer).requestRedeem(amount);
        const file = all.map(
          ([backer, amount]): Sent =>
            () =>
              fund.connect(backer).fileClaim(amount, 0n, { gasLimit: GAS }),
        );
        await together(file, filed);
        if (gains) await income(100n * WAD);
        if (isShort) await plantDeficit(vault, 20_000n * WAD);
      };
      const payable = filed + 3_600n + random.bigBelow(500n);

      // one address or two
      const whole = await networkHelpers.takeSnapshot();
      await claims([[alice, shares]]);
      const once = await paidBy([pay(alice), pay(bob)], payable);
      expect(once[0]! > 0n && once[1]! > 0n).to.equal(true);
      // whoever is paid first, and whoever pays
      const [first, second] = await paidBy([pay(bob, attacker), pay(alice, bob)], payable);
      expect(first! - once[0]! <= 1n && once[0]! - first! <= 1n, `I-34: ${once[0]} first, ${first} second`).to.equal(true);
      expect(second! - once[1]! <= 1n && once[1]! - second! <= 1n, `I-34: ${once[1]} second, ${second} first`).to.equal(true);
      count("two orders");
      // in parts
      const parts = [random.part(half, 0.01, 0.5), random.part(half, 0.01, 0.4)];
      const inParts = await paidBy([...parts.map((each) => redeem(alice, each)), pay(alice)], payable);
      within(inParts[0]!, once[0]!, 3n);
      const between = await paidBy([redeem(alice, parts[0]!), pay(bob), pay(alice)], payable);
      within(between[0]!, once[0]!, 3n);
      expect(between[1]! - once[1]! <= 1n && once[1]! - between[1]! <= 1n, "I-34: who is paid between parts").to.equal(true);
      count("in parts");
      await whole.restore();
      await fund.connect(alice).transfer(attacker, half);
      await claims([
        [alice, shares - half],
        [attacker, half],
      ]);
      const two = await paidBy([pay(alice), pay(attacker), pay(bob)], payable);
      within(two[0]! + two[2]!, once[0]!, 2n);
      count("by two addresses");
      if (gains) count("a gain that claims are not paid");
      if (isShort) count("paid at φ");
      await start.restore();
    }
    if (process.env.PLIMSOLL_SHOW !== undefined) console.log(met);
    for (const [what, least] of Object.entries({
      "two orders": 12,
      "in parts": 12,
      "by two addresses": 12,
      "a gain that claims are not paid": 3,
      "paid at φ": 3,
    })) {
      expect(met.get(what) ?? 0, what).to.be.at.least(least);
    }
  });
});
