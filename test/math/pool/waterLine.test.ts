import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import { highest, STEP, waterLineAt } from "../../../src/engine/math/pool/waterLine.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";

describe("the water-line", () => {
  it("default: it begins at the leverage of an account at its line and falls by one part in a hundred in twelve seconds", () => {
    expect(highest((8n * WAD) / 10n)).to.equal((125n * WAD) / 100n);
    const line = { level: WAD, time: 100n };
    expect(waterLineAt(line, 111n)).to.deep.equal(line);
    expect(waterLineAt(line, 112n)).to.deep.equal({ level: (99n * WAD) / 100n, time: 112n });
    expect(waterLineAt(line, 125n)).to.deep.equal({ level: (9_801n * WAD) / 10_000n, time: 124n });
    expect(waterLineAt(line, 90n)).to.deep.equal(line);
    // a half after 69 steps
    const half = waterLineAt(line, 100n + 69n * STEP).level;
    expect(half * 1_000n > 499n * WAD && half * 1_000n < 501n * WAD).to.equal(true);
  });

  it("property: however often one looks, it is the same, and it never falls faster", () => {
    const level = fc.bigInt(0n, 2n * WAD);
    const seconds = fc.array(fc.bigInt(0n, 90n), { maxLength: 20, size: "max" });
    fc.assert(
      fc.property(level, seconds, (start, waits) => {
        let [line, now] = [{ level: start, time: 0n }, 0n];
        for (const wait of waits) {
          now += wait;
          const next = waterLineAt(line, now);
          expect(next.level <= line.level && next.time <= now).to.equal(true);
          line = next;
        }
        expect(line).to.deep.equal(waterLineAt({ level: start, time: 0n }, now));
        const steps = now / STEP;
        expect(line.level * 100n ** steps >= start * 99n ** steps).to.equal(true);
      }),
    );
  });
});
