import { expect } from "chai";
import { newSlotsOf } from "../../../scripts/lib/gasTrace.ts";

type Step = { readonly op: string; readonly gasCost: number; readonly refund: number };

/** Slots that a transaction of these steps fills. */
const filled = (steps: readonly Step[]): Promise<number> => newSlotsOf(async () => ({ structLogs: steps }), "0x");

const write = (gasCost: number, refund = 0): Step => ({ op: "SSTORE", gasCost, refund });
const stop = (refund = 0): Step => ({ op: "STOP", gasCost: 0, refund });

describe("slots that a transaction fills", () => {
  it("default: counts writes from zero, of a warm slot and of a cold one, and no others", async () => {
    expect(await filled([write(20_000), write(22_100), write(2_900), write(5_000), write(100), write(2_200), stop()])).to.equal(2);
    expect(await filled([{ op: "SLOAD", gasCost: 2_100, refund: 0 }, { op: "CALL", gasCost: 20_000, refund: 0 }, stop()])).to.equal(0);
  });

  it("behavior: a slot that is emptied again in the same transaction is none, whatever else is refunded", async () => {
    expect(await filled([write(22_100), write(100), stop(19_900)])).to.equal(0);
    expect(await filled([write(22_100), write(100), write(20_000, 19_900), stop(19_900)])).to.equal(1);
    // what was in use before and is emptied refunds less
    expect(await filled([write(20_000), write(5_000), stop(4_800)])).to.equal(1);
  });
});
