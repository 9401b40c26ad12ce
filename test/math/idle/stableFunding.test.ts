import { expect } from "chai";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  type BalanceSheet,
  curingUp,
  fundingRatios,
  type RatioLimits,
  ratiosHold,
  roomDown,
  type StrategyHolding,
  TO_INVEST,
  TO_KEEP,
} from "../../../src/engine/math/idle/stableFunding.ts";
import { min, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { upTo } from "../../helpers/arbitraries.ts";

const amounts = upTo(10n ** 26n);
const holdings: fc.Arbitrary<StrategyHolding> = fc
  .tuple(amounts, amounts)
  .map(([value, liquid]) => ({ value, liquid: min(value, liquid) }));
const sheets: fc.Arbitrary<BalanceSheet> = fc.record({
  tokens: amounts,
  strategies: fc.array(holdings, { minLength: 1, maxLength: 3 }),
  collateral: amounts,
  margin: amounts,
  stake: amounts,
  cooling: fc.array(fc.record({ amount: amounts, time: upTo(900_000n) }), { maxLength: 3 }),
  coolDown: upTo(1_000_000n),
  poolBound: amounts,
  poolRequested: amounts,
  inventory: amounts,
  lost: amounts,
});

/** After some of the first strategy has become cash, or more of what is held. */
function changed(sheet: BalanceSheet, invested: bigint, collateral = 0n): BalanceSheet {
  const [first, ...rest] = sheet.strategies;
  const value = first!.value + invested;
  const strategies = [{ value, liquid: min(first!.liquid, value) }, ...rest];
  return { ...sheet, tokens: sheet.tokens - min(invested, 0n), strategies, collateral: sheet.collateral + collateral };
}

const holds = (sheet: BalanceSheet, limits: RatioLimits): boolean => ratiosHold(fundingRatios(sheet), limits);

describe("stable funding and liquidity coverage", () => {
  it("behavior: what needs nothing passes, stake counts by the time until it may leave, a strategy by what it cannot redeem", () => {
    const nothing = { tokens: 0n, collateral: 0n, margin: 0n, poolBound: 0n, poolRequested: 0n, inventory: 0n, lost: 0n };
    const empty: BalanceSheet = { ...nothing, strategies: [], stake: 0n, cooling: [], coolDown: 864_000n };
    expect(holds(empty, TO_INVEST)).to.equal(true);
    const cooling = [86_400n, 604_800n, 604_801n].map((time) => ({ amount: 100n * WAD, time }));
    const { parts } = fundingRatios({ ...empty, stake: 50n * WAD, cooling });
    expect(parts.fund).to.equal(50n * WAD + 10n * WAD + 70n * WAD + (100n * WAD * 604_801n) / 864_000n);
    expect(parts.leaving).to.equal(200n * WAD);
    const needs = (liquid: bigint): bigint => fundingRatios({ ...empty, strategies: [{ value: 100n, liquid }] }).parts.strategies;
    expect([needs(0n), needs(30n), needs(95n)]).to.deep.equal([100n, 70n, 15n]);
    // a cool-down of less than seven days never counts in full
    expect(fundingRatios({ ...empty, stake: 70n * WAD, coolDown: 86_400n }).parts.fund).to.equal(10n * WAD);
  });

  it("property: what cures does, and a unit less does not, unless all of it becomes cash", () => {
    let cured = 0;
    fc.assert(
      fc.property(sheets, (sheet) => {
        if (holds(sheet, TO_KEEP)) return;
        const [first] = sheet.strategies;
        const amount = curingUp(fundingRatios(sheet), first!, TO_KEEP);
        if (amount === first!.value) return;
        cured++;
        // each part is rounded against the vault
        expect(holds(changed(sheet, -min(amount + 20n, first!.value)), TO_KEEP)).to.equal(true);
        if (amount > 20n) expect(holds(changed(sheet, 20n - amount), TO_KEEP)).to.equal(false);
      }),
      { numRuns: 3_000 },
    );
    expect(cured).to.be.greaterThan(10);
  });

  it("property: a cap that rises as far as there is room leaves both at their limits", () => {
    let rose = 0;
    fc.assert(
      fc.property(sheets, fc.boolean(), (sheet, isStrategy) => {
        const room = roomDown(fundingRatios(sheet), sheet, isStrategy, TO_INVEST);
        if (room === 0n) return;
        rose++;
        // shares that are given to the vault: cash stays as it is
        const more = isStrategy ? { ...changed(sheet, room), tokens: sheet.tokens } : changed(sheet, 0n, room);
        expect(holds(more, TO_INVEST)).to.equal(true);
      }),
      { numRuns: 3_000 },
    );
    expect(rose).to.be.greaterThan(10);
  });
});
