// How long it takes to find who is below the line: the scan of typed arrays, the plain loop of the keeper, and the views of the contracts; see docs/scan.md.
import { parseArgs } from "node:util";
import { printJson, printTable } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import type { ScanFigures } from "./lib/scanBench.ts";

const USAGE = "bench:scan -- [--json] [--seed N] [--accounts N] [--only scan|options|plain|views]";
const PARTS = ["scan", "options", "plain", "views"] as const;
type Part = (typeof PARTS)[number];

/** What the plain loop is measured at, and the views: beyond, time is in proportion. */
const PLAIN = [10_000, 100_000];
const VIEWED = 10_000;

interface Options {
  readonly json: boolean;
  readonly seed: number;
  readonly accounts: number;
  readonly parts: readonly Part[];
}

function options(): Options {
  const parsed = (() => {
    try {
      const text = (initial: string) => ({ type: "string", default: initial }) as const;
      return parseArgs({
        options: { json: { type: "boolean", default: false }, seed: text("1"), accounts: text("1000000"), only: { type: "string" } },
        strict: true,
      }).values;
    } catch (error) {
      throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
    }
  })();
  const { json, seed, accounts, only } = parsed;
  if (!/^\d{1,9}$/.test(seed)) throw new BadInput(`--seed is a whole number of at most nine digits, not ${seed}`, USAGE);
  if (!/^\d{4,7}$/.test(accounts) || Number(accounts) > 2_000_000) {
    throw new BadInput(`--accounts is a whole number from 1000 to 2000000, not ${accounts}`, USAGE);
  }
  if (only !== undefined && !(PARTS as readonly string[]).includes(only)) {
    throw new BadInput(`--only is one of ${PARTS.join(", ")}, not ${only}`, USAGE);
  }
  return { json, seed: Number(seed), accounts: Number(accounts), parts: only === undefined ? PARTS : [only as Part] };
}

const number = (value: number, digits = 1): string =>
  value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });

function rowsOf(name: string, figures: ScanFigures): string[][] {
  const { accounts, all, moved, megabytes, judgedAMove, below, inVain } = figures;
  return [
    [`${name}, all`, number(accounts, 0), number(all.median), number(all.best), number(all.worst), `${number(megabytes, 0)} MB`],
    [
      `${name}, after a move of 0.1 %`,
      number(accounts, 0),
      number(moved.median),
      number(moved.best),
      number(moved.worst),
      `${number(judgedAMove, 0)} judged, ${number(below, 0)} below, ${inVain} in vain`,
    ],
  ];
}

await answer(USAGE, async () => {
  const { json, seed, accounts, parts } = options();
  const { measurePlain, measureScan } = await import("./lib/scanBench.ts");
  const progress = progressLine();
  const set = (stage: string, withOptions: boolean): ScanFigures =>
    measureScan(accounts, withOptions, seed, (done) => progress.show(stage, done, accounts));
  const scan = parts.includes("scan") ? set("perpetuals", false) : undefined;
  const withOptions = parts.includes("options") ? set("with options", true) : undefined;
  const plain = parts.includes("plain")
    ? [...PLAIN, accounts].map((count) => ({
        accounts: count,
        milliseconds: measurePlain(count, seed, (done) => progress.show(`loop over ${count}`, done, count)),
      }))
    : undefined;
  const views = parts.includes("views") ? await (await import("./lib/scanViews.ts")).measureViews(VIEWED, seed, progress.show) : undefined;
  progress.end();
  if (json) {
    printJson({
      seed,
      millionAccountsMs: scan === undefined ? undefined : (scan.all.median * 1_000_000) / accounts,
      incrementalMs: scan?.moved.median,
      megabytes: scan?.megabytes,
      optionAccountsMs: withOptions === undefined ? undefined : (withOptions.all.median * 1_000_000) / accounts,
      clock: "processor time of the thread",
      scan,
      withOptions,
      plain,
      views,
    });
    return 0;
  }
  const rows = [
    ...(scan === undefined ? [] : rowsOf("scan", scan)),
    ...(withOptions === undefined ? [] : rowsOf("scan with two options each", withOptions)),
    ...(plain ?? []).map(({ accounts: count, milliseconds }) => [
      "planLiquidations over everybody",
      number(count, 0),
      number(milliseconds),
      "",
      "",
      "",
    ]),
    ...(views === undefined
      ? []
      : [
          [
            "MarginLens.belowMaintenance",
            number(views.accounts, 0),
            number(views.milliseconds),
            "",
            "",
            `${number(views.gas / views.accounts, 0)} gas an account`,
          ],
          ["… a million, extrapolated", "1,000,000", number((views.milliseconds * 1_000_000) / views.accounts), "", "", "not measured"],
        ]),
  ];
  printTable(["milliseconds of processor time", "accounts", "median", "best", "worst", ""], rows);
  return 0;
});
