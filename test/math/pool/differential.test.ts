import { expect } from "chai";
import fc from "fast-check";
import { network } from "hardhat";
import { before, describe, it } from "mocha";
import { bankruptcyPrices } from "../../../src/engine/math/pool/bankruptcy.ts";
import { keepsHealth, leverageDown, lotsOfPart, partDownTo, shortPartUp } from "../../../src/engine/math/pool/closing.ts";
import { capitalAt, costDown, moved } from "../../../src/engine/math/pool/cost.ts";
import { inventoryRate, ratePaysNobody } from "../../../src/engine/math/pool/inventoryFunding.ts";
import { highest, waterLineAt } from "../../../src/engine/math/pool/waterLine.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { PoolMathHarness } from "../../../typechain-types/index.ts";
import { signed, unsigned, upTo } from "../../helpers/arbitraries.ts";

const RUNS = { numRuns: 150 };

describe("the pool's mathematics on chain", function () {
  this.timeout(120_000);
  let harness: PoolMathHarness;

  before(async () => {
    const { ethers } = await network.create();
    harness = await ethers.deployContract("PoolMathHarness");
  });

  it("property: cost, rebate, Q and capital are those of the engine, to the unit", async () => {
    const amounts = upTo(2n ** 95n);
    await fc.assert(
      fc.asyncProperty(amounts, amounts, amounts, signed(96), upTo(WAD), async (charged, from, to, capital, steepness) => {
        const { cost, charged: left } = moved(charged, from, to, capital, steepness);
        expect([...(await harness.moved(charged, from, to, capital, steepness))]).to.deep.equal([cost, left]);
        if (capital > 0n) expect(await harness.costDown(from, capital, steepness)).to.equal(costDown(from, capital, steepness));
      }),
      RUNS,
    );
    await fc.assert(
      fc.asyncProperty(amounts, signed(96), upTo(200_000n), signed(96), async (charged, capital, elapsed, equity) => {
        const now = 1_700_000_000n;
        const said = await harness.capitalAfter(charged, capital, elapsed, equity);
        expect(said).to.equal(capitalAt({ charged, capital, time: now - elapsed }, equity, now));
      }),
      RUNS,
    );
  });

  it("property: the rate of funding and its inequality are those of the engine", async () => {
    await fc.assert(
      fc.asyncProperty(
        signed(48),
        unsigned(44),
        unsigned(32),
        unsigned(32),
        unsigned(32),
        async (inventory, cap, rateMost, reach, narrow) => {
          expect(await harness.rate(inventory, cap, rateMost, reach)).to.equal(inventoryRate(inventory, cap, { rateMost, reach }));
          expect(await harness.paysNobody(rateMost, reach, narrow)).to.equal(ratePaysNobody({ rateMost, reach }, narrow));
        },
      ),
      RUNS,
    );
    // exactly at the inequality
    for (const narrow of [199n, 200n]) expect(await harness.paysNobody(1_600_000n, 500_000n, narrow)).to.equal(narrow === 200n);
  });

  it("property: prices of bankruptcy, and how much of whom is closed, are those of the engine", async () => {
    const position = fc.record({
      lots: signed(30).filter((lots) => lots !== 0n),
      // some next to worthless: what they cannot bear falls to the others
      mark: fc.oneof(upTo(2n ** 20n), upTo(2n ** 70n)),
      loss: fc.oneof(fc.constant(0n), signed(90)),
    });
    const positions = fc.array(position, { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(positions, fc.oneof(signed(90), signed(60)), async (list, value) => {
        const [marks, lots, losses] = (["mark", "lots", "loss"] as const).map((key) => list.map((each) => each[key]));
        const found = await harness.bankruptcyPrices(marks!, lots!, losses!, value);
        expect([...found]).to.deep.equal(bankruptcyPrices(list, value).prices);
      }),
      RUNS,
    );
    const amount = signed(100);
    await fc.assert(
      fc.asyncProperty(amount, upTo(2n ** 100n), amount, amount, upTo(2n * WAD), async (equity, scan, matched, conceded, level) => {
        expect([...(await harness.closing(equity, scan, matched, conceded, level))]).to.deep.equal([
          leverageDown({ scan, equity }),
          partDownTo({ equity, scan, matched, conceded }, level),
          keepsHealth(equity, conceded, scan, matched),
          shortPartUp(conceded, equity, scan),
        ]);
      }),
      RUNS,
    );
    await fc.assert(
      fc.asyncProperty(signed(46), upTo(WAD), signed(46), async (lots, part, short) => {
        expect(await harness.lotsOfPart(lots, part, short)).to.equal(lotsOfPart(lots, part, short));
      }),
      RUNS,
    );
  });

  it("property: the water-line is that of the engine, at whatever moments it is looked at", async () => {
    await fc.assert(
      fc.asyncProperty(upTo(2n * WAD), unsigned(40), upTo(60_000n), async (level, time, elapsed) => {
        const line = waterLineAt({ level, time }, time + elapsed);
        expect([...(await harness.levelAt(level, time, time + elapsed))]).to.deep.equal([line.level, line.time]);
      }),
      RUNS,
    );
    expect(await harness.highest((8n * WAD) / 10n)).to.equal(highest((8n * WAD) / 10n));
    expect([...(await harness.levelAt(WAD, 100n, 99n))]).to.deep.equal([WAD, 100n]);
  });
});
