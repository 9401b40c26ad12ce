import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { backedDown, CAPITAL_TIME, capitalAt, costDown, moved } from "../../../src/engine/math/pool/cost.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import { upTo } from "../../helpers/arbitraries.ts";

const STEEPNESS = WAD / 10n;

describe("the cost of inventory", () => {
  it("default: Φ = a·IM²/(2·C), its difference up, its rebate down", () => {
    expect(costDown(100n * WAD, 1_000n * WAD, STEEPNESS)).to.equal(WAD / 2n);
    expect(moved(0n, 0n, 100n * WAD, 1_000n * WAD, STEEPNESS)).to.deep.equal({ cost: WAD / 2n, charged: WAD / 2n });
    expect(moved(0n, 0n, 1n, 1_000n * WAD, STEEPNESS).cost).to.equal(1n);
    const charged = costDown(100n * WAD, 1_000n * WAD, STEEPNESS);
    // half the margin has a quarter of the cost
    expect(moved(charged, 100n * WAD, 50n * WAD, 1_000n * WAD, STEEPNESS)).to.deep.equal({
      cost: (-3n * charged) / 4n,
      charged: charged / 4n,
    });
  });

  it("behavior: where less was charged than it would be now, its part of that is paid back", () => {
    const charged = WAD / 10n;
    expect(moved(charged, 100n * WAD, 50n * WAD, 1_000n * WAD, STEEPNESS).cost).to.equal((-3n * charged) / 4n);
  });

  it("behavior: where more was charged than it would be now, the rest stays with the pool for good", () => {
    expect(backedDown(WAD, 100n * WAD, 1_000n * WAD, STEEPNESS)).to.equal(WAD / 2n);
    expect(moved(WAD, 100n * WAD, 0n, 1_000n * WAD, STEEPNESS)).to.deep.equal({ cost: -WAD / 2n, charged: 0n });
    expect(moved(WAD, 100n * WAD, 100n * WAD, 1_000n * WAD, STEEPNESS)).to.deep.equal({ cost: 0n, charged: WAD / 2n });
  });

  it("behavior: without capital nothing is paid back, and nothing forgotten", () => {
    expect(moved(WAD, 100n * WAD, 0n, 0n, STEEPNESS)).to.deep.equal({ cost: 0n, charged: WAD });
    expect(moved(WAD, 100n * WAD, 0n, -WAD, STEEPNESS)).to.deep.equal({ cost: 0n, charged: WAD });
  });

  it("behavior: C falls at once with equity less Q and rises to it in a day", () => {
    const book = { charged: 10n, capital: 600n, time: 1_000n };
    expect(capitalAt(book, 510n, 1_000n)).to.equal(500n);
    expect(capitalAt(book, 1_010n, 1_000n)).to.equal(600n);
    expect(capitalAt(book, 1_010n, 1_000n + CAPITAL_TIME / 10n)).to.equal(700n);
    expect(capitalAt(book, 1_010n, 1_000n + CAPITAL_TIME)).to.equal(1_000n);
    expect(capitalAt(book, -5n, 1_000n)).to.equal(-15n);
    expect(capitalAt({ ...book, capital: -50n }, 1_010n, 1_000n)).to.equal(0n);
  });

  it("property: at one state every path costs at least what the way straight there does, to the unit", () => {
    const amounts = upTo(10n ** 28n);
    fc.assert(
      fc.property(
        amounts,
        amounts,
        fc.array(amounts, { minLength: 1, maxLength: 6 }),
        upTo(10n ** 28n, 1n),
        upTo(WAD),
        (q, from, path, capital, steepness) => {
          const last = path.at(-1)!;
          let [charged, at, cost] = [q, from, 0n];
          for (const to of path) {
            const step = moved(charged, at, to, capital, steepness);
            [charged, at, cost] = [step.charged, to, cost + step.cost];
          }
          expect(cost >= moved(q, from, last, capital, steepness).cost).to.equal(true);
          expect(charged >= 0n).to.equal(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
