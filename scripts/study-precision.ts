#!/usr/bin/env node
// Whether the margin by cached words is never below the margin priced anew, and what that costs; see docs/margin.md.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printTable } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { type Effort, runStudy, type Study } from "./lib/precisionStudy.ts";
import { projectRoot } from "./lib/run.ts";

const USAGE = "study:precision -- [--seed N] [--quick] [--json] [--write]";

/** The tightest portfolio of each class, which test/margin/options/portfolioMargin.test.ts holds the engine to. */
const WORST = "test/margin/options/worstPortfolios.json";

const FULL: Effort = { series: 20, drawn: 2_000, climbs: 30, steps: 500 };
const QUICK: Effort = { series: 20, drawn: 24, climbs: 2, steps: 30 };

type Options = { readonly seed: number; readonly quick: boolean; readonly json: boolean; readonly write: boolean };

function options(): Options {
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      options: { seed: { type: "string", default: "1" }, quick: flag, json: flag, write: flag },
      strict: true,
    });
    if (/^\d{1,9}$/.test(values.seed)) return { ...values, seed: Number(values.seed) };
  } catch (error) {
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
  throw new BadInput("--seed is a whole number of at most nine digits", USAGE);
}

const percent = (part: number): string => `${(100 * part).toFixed(2)} %`;

function print({ instruments, refused, classes }: Study): void {
  printTable(
    ["class", "portfolios", "evaluations", "margin", "fresh", "mean", "p99", "least", "liquidation", "unsound"],
    classes.map((row) => [
      row.class,
      String(row.portfolios),
      String(row.evaluations),
      percent(row.margin),
      percent(row.fresh),
      percent(row.mean),
      percent(row.p99),
      percent(row.least),
      row.liquidation.toExponential(0),
      String(row.violations),
    ]),
  );
  console.log(`\n${instruments} instruments; ${refused} more were refused, because a lane would saturate`);
}

/** Amounts as decimal strings. */
const inJson = (value: unknown): string => JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each), 2);

await answer(USAGE, async () => {
  const { seed, quick, json, write } = options();
  const progress = progressLine();
  const study = runStudy(seed, quick ? QUICK : FULL, progress.show);
  progress.end();
  if (write) writeFileSync(join(projectRoot, WORST), `${inJson(study.worst)}\n`);
  if (json) console.log(inJson({ seed, quick, ...study }));
  else print(study);
  return study.classes.some(({ violations }) => violations > 0) ? 1 : 0;
});
