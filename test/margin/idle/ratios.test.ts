import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { describe, it } from "mocha";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { balanceSheetOf, ratios } from "../../../src/engine/margin/ratios.ts";
import { type BalanceSheet, curingUp, fundingRatios, TO_KEEP } from "../../../src/engine/math/idle/stableFunding.ts";
import { abs, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { Fraction, largest } from "../../helpers/fraction.ts";
import { ALICE, alice, bob, deposit, trade } from "../../helpers/state.ts";
import { invested, LIQUID_STAKE, strategyWorld } from "../../helpers/strategyWorld.ts";

const [, page = ""] = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", "funding-ratio.md"), "utf8").split(
  "## Three balance sheets",
);
const MILLION = 10n ** 6n * WAD;
const DAY = 86_400n;

/** A row of a table of the page: an exact number for each of the three balance sheets. */
function row(name: string): readonly Fraction[] {
  const line = page.split("\n").find((each) => each.startsWith(`| ${name} |`));
  if (line === undefined) throw new RangeError(`docs/funding-ratio.md has no row ${name}`);
  const cells = line.split("|").slice(2, -1);
  return cells.map((cell) => {
    const [whole = "", decimals = ""] = cell.trim().split(".");
    return new Fraction(BigInt(whole + decimals), 10n ** BigInt(decimals.length));
  });
}

const percent = (part: bigint): Fraction => new Fraction(part, 100n);
const total = (...parts: readonly Fraction[]): Fraction => parts.reduce((sum, part) => sum.plus(part), new Fraction(0n));

/** What the page says of the inputs of one balance sheet, millions. */
function inputs(i: number) {
  const of = (name: string): Fraction => row(name)[i]!;
  const strategies = ["A", "B"].map((letter, j) => ({ value: of(`strategy ${letter}`), liquid: redeemables[j]![i]! }));
  const margin = of("open interest").times(of("range, %")).times(percent(1n)).times(percent(80n));
  return { of, strategies, margin };
}

// the same name twice: of A, and of B
const redeemables = page
  .split("\n")
  .filter((line) => line.startsWith("| of it redeemable |"))
  .map((line) =>
    line
      .split("|")
      .slice(2, -1)
      .map((cell) => new Fraction(BigInt(cell.trim().replace(".", "")), 10_000n)),
  );

/** The parts of both ratios in exact rationals, from the inputs alone. */
function exact(i: number): Readonly<Record<string, Fraction>> {
  const { of, strategies, margin } = inputs(i);
  const fund = of("stake, not cooling").plus(of("stake, cooling").times(of("days until it may leave")).over(10n));
  const owed = of("C").times(percent(10n));
  const needed = strategies.map(({ value, liquid }) => largest(value.times(percent(15n)), value.minus(liquid)));
  const claimed = total(of("T"), owed, ...strategies.map(({ value }) => value)).minus(margin);
  const cooling = of("days until it may leave").isAbove(7n) ? new Fraction(0n) : of("stake, cooling");
  const parts = {
    fund,
    pool: of("pool, bound").times(percent(95n)),
    margin: margin.times(percent(50n)),
    strategies: total(...needed),
    "owed on collateral": owed,
    inventory: of("inventory of the fund").times(percent(85n)),
    tokens: of("T"),
    redeemable: total(...strategies.map(({ liquid }) => liquid)).times(percent(90n)),
    "half of the claims": largest(claimed, new Fraction(0n)).times(percent(50n)),
    leaving: of("pool, requested").plus(cooling),
  };
  const available = total(parts.fund, parts.pool, parts.margin);
  const required = total(parts.strategies, parts["owed on collateral"], parts.inventory);
  const liquid = parts.tokens.plus(parts.redeemable);
  const outflow = parts["half of the claims"].plus(parts.leaving);
  const sums = { "**available**": available, "**required**": required, "**liquid**": liquid, "**outflow**": outflow };
  return { ...parts, ...sums };
}

const units = (millions: Fraction): bigint => (millions.numerator * MILLION) / millions.denominator;

function sheetOf(i: number): BalanceSheet {
  const { of, strategies, margin } = inputs(i);
  return {
    tokens: units(of("T")),
    strategies: strategies.map(({ value, liquid }) => ({ value: units(value), liquid: units(liquid) })),
    collateral: units(of("C")),
    margin: units(margin),
    stake: units(of("stake, not cooling")),
    cooling: [{ amount: units(of("stake, cooling")), time: of("days until it may leave").numerator * DAY }],
    coolDown: 10n * DAY,
    poolBound: units(of("pool, bound")),
    poolRequested: units(of("pool, requested")),
    inventory: units(of("inventory of the fund")),
    lost: 0n,
  };
}

describe("docs/funding-ratio.md", () => {
  for (const [i, name] of ["new vault", "normal day", "run"].entries()) {
    it(`default: every figure of the ${name} follows from its inputs, in exact rationals and in the engine`, () => {
      const figures = exact(i);
      for (const [part, value] of Object.entries(figures)) expect(row(part)[i]!.toString(), part).to.equal(value.toString());
      const made = fundingRatios(sheetOf(i));
      const { parts } = made;
      const said: Readonly<Record<string, bigint>> = {
        ...parts,
        "owed on collateral": parts.owedOnCollateral,
        "half of the claims": parts.claims,
        "**available**": made.available,
        "**required**": made.required,
        "**liquid**": made.liquid,
        "**outflow**": made.outflow,
      };
      for (const [part, value] of Object.entries(figures)) expect(abs(said[part]! - units(value)) <= 1n, part).to.equal(true);
      for (const [ratio, above, below] of [
        ["**stable funding, %**", "**available**", "**required**"],
        ["**coverage, %**", "**liquid**", "**outflow**"],
      ] as const) {
        const thousandths = figures[above]!.over(figures[below]!).times(1_000n);
        expect(row(ratio)[i]!.times(10n).toString(), ratio).to.equal(
          new Fraction(thousandths.numerator / thousandths.denominator).toString(),
        );
      }
    });
  }

  it("behavior: the run is cured by what the page says", () => {
    const made = fundingRatios(sheetOf(2));
    const lacking = (curingUp(made, sheetOf(2).strategies[0]!, TO_KEEP) * 100n) / MILLION;
    expect(page).to.include(`by ${lacking / 100n}.${lacking % 100n}, so anyone may redeem ${lacking / 100n}.${lacking % 100n} of A`);
  });
});

describe("the balance sheet of a vault", () => {
  it("default: every part from what the vault holds, at the last prices and rates", () => {
    const world = invested(strategyWorld(), alice, 100_000n * WAD);
    const held = deposit(world.state, ALICE, alice, 100n * WAD, LIQUID_STAKE);
    const open = trade(held, bob, alice, 1_000_000n);
    const sheet = balanceSheetOf(new Draft({ ...open, deficit: 7n, shortfalls: new Map([[0, 5n]]) }));
    const { price } = open.underlyings[0]!;
    expect(sheet.tokens).to.equal(open.settlement);
    expect(sheet.strategies).to.deep.equal([{ value: 100_000n * WAD, liquid: 100_000n * WAD }]);
    // 110 of the underlying at 2,000
    expect(sheet.collateral).to.equal(110n * 10n ** 5n * price);
    expect(sheet.margin).to.equal((1_000_000n * price * 8n) / 100n);
    expect(sheet.lost).to.equal(12n);
    expect(ratios(new Draft(open)).parts.fund).to.equal(2_000_000n * WAD);
  });
});
