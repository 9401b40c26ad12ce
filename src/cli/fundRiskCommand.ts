import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { z } from "zod";
import { localParameters } from "../deployment/localParameters.ts";
import { BadInput } from "../sdk/failure.ts";
import type { Estimate } from "../simulator/numbers/summary.ts";
import type { Cover, TailRisk } from "../simulator/runs/fundRisk.ts";
import type { Scenario } from "../simulator/runs/scenario.ts";
import { printJson, printTable } from "./output.ts";

const runSchema = z.object({
  scenario: z.looseObject({ seed: z.number(), process: z.looseObject({ kind: z.string() }) }),
  each: z.array(z.looseObject({ fundResult: z.number(), fundDrawdown: z.number() })).min(1),
});

export function addFundRiskCommand(program: Command): void {
  program
    .command("fund-risk <run>")
    .description(
      "what the insurance fund may lose, from a run that simulate --json --each has written, and whether it covers two members (docs/risk.md)",
    )
    .option("--json", "print everything as one JSON object", false)
    .action(async (path: string, { json }: { json: boolean }) => {
      const { scenario, each } = readRun(path);
      const { coverOf, fundTails, openingOf } = await import("../simulator/runs/fundRisk.ts");
      const tails = fundTails(each);
      const cover = scenario.process.kind === "replay" ? undefined : coverOf(opening(path, scenario, openingOf));
      if (json) printJson({ paths: each.length, ...tails, cover: cover ?? null });
      else print(each.length, tails, cover);
    });
}

function readRun(path: string) {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new BadInput(`${path}: ${(error as Error).message}; give what plimsoll simulate --json --each has printed`);
  }
  const read = runSchema.safeParse(content);
  if (!read.success) throw new BadInput(`${path} is no run with its paths: give what plimsoll simulate --json --each has printed`);
  return read.data;
}

/** The vault of a run, made anew from its scenario and the local parameters. */
function opening(path: string, scenario: object, openingOf: typeof import("../simulator/runs/fundRisk.ts").openingOf) {
  try {
    return openingOf({ scenario: scenario as Scenario, parameters: localParameters() });
  } catch (error) {
    throw new BadInput(`${path}: no vault can be made of this scenario (${(error as Error).message}): run plimsoll simulate anew`);
  }
}

const percent = (value: number): string => `${(100 * value).toFixed(2)} %`;
const plain = (value: number): string => value.toLocaleString("en", { maximumFractionDigits: 0 });

function print(paths: number, tails: Readonly<Record<"loss" | "drawdown", readonly TailRisk[]>>, cover: Cover | undefined): void {
  const shown = ({ value, low, high }: Estimate): string => `${percent(value)} (${percent(low)} to ${percent(high)})`;
  const rows = [
    ...tails.loss.map((each) => ["loss at the end", each] as const),
    ...tails.drawdown.map((each) => ["draw-down", each] as const),
  ];
  if (rows.length === 0) process.stdout.write(`${plain(paths)} paths are too few for a value at risk: at least 100\n`);
  else {
    printTable(
      [`${plain(paths)} paths, of the fund`, "confidence", "value at risk (95 %)", "expected shortfall (95 %)"],
      rows.map(([name, { confidence, valueAtRisk, expectedShortfall }]) => [
        name,
        `${100 * confidence} %`,
        shown(valueAtRisk),
        shown(expectedShortfall),
      ]),
    );
  }
  if (cover === undefined) {
    process.stdout.write("\nA replay begins where its prices do: who it had as members is not in the run, so cover 2 is not told\n");
    return;
  }
  process.stdout.write("\nPrices leap by held scan ranges, all at once, and nobody is liquidated on the way; settlement tokens\n");
  printTable(
    ["leap", "largest", "second", "two", "everybody", "accounts", "two, of the fund"],
    cover.rows.map(({ leap, largest, two, all, accounts }) => [
      `${leap > 0 ? "+" : ""}${leap}`,
      plain(largest[0]?.loss ?? 0),
      plain(largest[1]?.loss ?? 0),
      plain(two),
      plain(all),
      plain(accounts),
      percent(two / cover.fund),
    ]),
  );
  const covers = cover.needed <= cover.fund ? "covers" : "does not cover";
  process.stdout.write(
    `\nThe fund, ${plain(cover.fund)} (${percent(cover.fund / cover.openInterest)} of the open interest), ${covers} the two largest: ${plain(cover.needed)} (${percent(cover.needed / cover.openInterest)})\n`,
  );
}
