import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { FUNDING_PERIOD } from "../../../src/engine/math/funding.ts";
import { inventoryRate, RATE_INTERVAL, ratePaysNobody } from "../../../src/engine/math/pool/inventoryFunding.ts";

const FUNDING = { rateMost: 1_600_000n, reach: 500_000n };

describe("funding from the inventory of the pool", () => {
  it("default: who holds what the pool is short of pays, by how much of the cap that is", () => {
    expect(inventoryRate(-25n, 100n, FUNDING)).to.equal(800_000n);
    expect(inventoryRate(25n, 100n, FUNDING)).to.equal(-800_000n);
    expect(inventoryRate(0n, 100n, FUNDING)).to.equal(0n);
    expect(inventoryRate(-90n, 100n, FUNDING)).to.equal(1_600_000n);
    expect(inventoryRate(90n, 100n, FUNDING)).to.equal(-1_600_000n);
    expect(inventoryRate(5n, 0n, FUNDING)).to.equal(0n);
  });

  it("behavior: the defaults are where nobody is paid for moving the inventory, and not beyond", () => {
    expect(ratePaysNobody(FUNDING, 200n)).to.equal(true);
    expect(ratePaysNobody({ ...FUNDING, rateMost: 1_600_001n }, 200n)).to.equal(false);
    expect(ratePaysNobody({ ...FUNDING, reach: 499_999n }, 200n)).to.equal(false);
    expect(ratePaysNobody(FUNDING, 199n)).to.equal(false);
  });

  it("property: within the inequality, what a rate gives whoever moves it for an hour is less than moving it costs", () => {
    const cap = 10n ** 9n;
    const lots = fc.bigInt(-cap, cap);
    fc.assert(
      fc.property(lots, lots, (before, change) => {
        const after = before + change < -cap ? -cap : before + change > cap ? cap : before + change;
        const moved = after > before ? after - before : before - after;
        const turn = inventoryRate(after, cap, FUNDING) - inventoryRate(before, cap, FUNDING);
        // ppb of the notional of the whole cap, in ppb·lots·s, against two half spreads
        const gain = (turn < 0n ? -turn : turn) * cap * RATE_INTERVAL;
        const paid = 2n * 200n * 1_000n * moved * FUNDING_PERIOD;
        // a rate is a whole number of ppb
        expect(gain <= paid + cap * RATE_INTERVAL).to.equal(true);
      }),
    );
  });
});
