import { expect } from "chai";
import { firstFees, nextStep, type ReplacementPolicy, raisedFees, type Waiting } from "../../src/sdk/replacement.ts";

const GWEI = 10n ** 9n;
const policy: ReplacementPolicy = { patience: 3, mostAttempts: 4, highestFee: 200n * GWEI };
const waiting: Waiting = { fees: { maxFee: 40n * GWEI, tip: 2n * GWEI }, blocksSince: 3, baseFee: 19n * GWEI, tip: 2n * GWEI, attempts: 1 };

describe("nextStep", () => {
  const table: [what: string, change: Partial<Waiting>, step: ReturnType<typeof nextStep>][] = [
    ["just sent", { blocksSince: 0 }, { kind: "wait" }],
    ["within its patience", { blocksSince: 2 }, { kind: "wait" }],
    ["patience over: both fees an eighth higher", {}, { kind: "replace", fees: { maxFee: 45n * GWEI, tip: (9n * GWEI) / 4n } }],
    ["long over", { blocksSince: 90 }, { kind: "replace", fees: { maxFee: 45n * GWEI, tip: (9n * GWEI) / 4n } }],
    [
      "the market rose: as a first attempt would offer",
      { baseFee: 39n * GWEI, tip: 5n * GWEI },
      { kind: "replace", fees: { maxFee: 83n * GWEI, tip: 5n * GWEI } },
    ],
    ["below the base fee, this block", { blocksSince: 0, baseFee: 41n * GWEI }, { kind: "wait" }],
    [
      "below the base fee, a block later",
      { blocksSince: 1, baseFee: 41n * GWEI },
      { kind: "replace", fees: { maxFee: (82n * GWEI * 4n + 9n * GWEI) / 4n, tip: (9n * GWEI) / 4n } },
    ],
    ["at the base fee, a block later", { blocksSince: 1, baseFee: 40n * GWEI }, { kind: "wait" }],
    ["the last attempt waits", { attempts: 4, blocksSince: 2 }, { kind: "wait" }],
    ["after the last attempt", { attempts: 4 }, { kind: "giveUp", reason: "not mined after 4 attempts" }],
    [
      "what the market asks is above the highest fee: as much as that",
      { baseFee: 150n * GWEI },
      { kind: "replace", fees: { maxFee: 200n * GWEI, tip: (9n * GWEI) / 4n } },
    ],
    [
      "an eighth more is above the highest fee",
      { fees: { maxFee: 178n * GWEI, tip: GWEI } },
      { kind: "giveUp", reason: "a higher fee would be above the highest allowed" },
    ],
    ["free of charge: a wei", { fees: { maxFee: 0n, tip: 0n }, baseFee: 0n, tip: 0n }, { kind: "replace", fees: { maxFee: 1n, tip: 1n } }],
  ];
  for (const [what, change, step] of table) {
    it(`default: ${what}`, () => expect(nextStep({ ...waiting, ...change }, policy)).to.deep.equal(step));
  }

  it("behavior: a replacement is 12.5 % higher in both fees at least, its tip within its fee, and never above the highest", () => {
    for (let i = 0n; i < 400n; i++) {
      const tip = (i * 7_919n) % 97n;
      const fees = { maxFee: tip + ((i * 104_729n) % 991n), tip };
      const market = { baseFee: (i * 31n) % 1_500n, tip: (i * 17n) % 60n };
      const raised = raisedFees(fees, market, 1_000n);
      if (raised === undefined) {
        expect(fees.maxFee * 9n).to.be.greaterThan(8_000n);
        continue;
      }
      expect(raised.maxFee * 8n >= fees.maxFee * 9n && raised.tip * 8n >= fees.tip * 9n, `${i}`).to.equal(true);
      expect(raised.maxFee > fees.maxFee && raised.tip > fees.tip, `${i}`).to.equal(true);
      expect(raised.tip <= raised.maxFee && raised.maxFee <= 1_000n, `${i}`).to.equal(true);
    }
  });
});

describe("firstFees", () => {
  it("default: lets the base fee double, within the highest", () => {
    expect(firstFees({ baseFee: 20n, tip: 3n }, 1_000n)).to.deep.equal({ maxFee: 43n, tip: 3n });
    expect(firstFees({ baseFee: 20n, tip: 3n }, 42n)).to.deep.equal({ maxFee: 42n, tip: 3n });
    expect(firstFees({ baseFee: 20n, tip: 50n }, 42n)).to.deep.equal({ maxFee: 42n, tip: 42n });
  });
});
