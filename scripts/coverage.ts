// Line coverage of the contracts by the mocha tests, by Hardhat's own instrumentation. Fails under 95 %.
//   npm run coverage [-- --json]
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printJson, printTable } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { BadInput, Failure } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { type FileCoverage, parseLcov, rangesOf } from "./lib/lcov.ts";
import { copyProject } from "./lib/projectCopy.ts";
import { projectRoot, run } from "./lib/run.ts";

const USAGE = "coverage [--json]";
const LEAST = 95; // percent of lines

// What says nothing about contracts, and what holds gas down: instrumented code costs more.
const LEFT_OUT = [
  "test/whole/project/",
  "test/orders/gas.test.ts",
  "test/whole/gas/options.test.ts",
  "test/whole/gas/series.test.ts",
  "test/whole/gas/manyPositions.test.ts",
  "test/whole/gas/everything.test.ts",
];

// The overrides exist for code of a fixed size; one compilation is enough here. Contracts for tests are not what is tested.
const CONFIG = `import base from "./hardhat.config.base.ts";

const { overrides: _, ...solidity } = base.solidity as { overrides: unknown };
export default { ...base, solidity, coverage: { skipFiles: ["contracts/test/**"] }, test: { mocha: { timeout: 600_000 } } };
`;

type Total = { readonly lines: number; readonly covered: number; readonly percent: number };

function options(): { readonly json: boolean } {
  try {
    const { values } = parseArgs({ options: { json: { type: "boolean", default: false } }, strict: true });
    return values;
  } catch (error) {
    throw new BadInput(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error), USAGE);
  }
}

function testFiles(): string[] {
  return readdirSync(join(projectRoot, "test"), { recursive: true, encoding: "utf8" })
    .map((file) => `test/${file.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".test.ts") && !LEFT_OUT.some((left) => file.startsWith(left)))
    .sort();
}

/** Runs the tests on instrumented contracts. */
async function measure(): Promise<{ readonly files: FileCoverage[]; readonly failing: number }> {
  // instrumented artifacts must not lie among the others
  const copy = copyProject("coverage", CONFIG);
  const line = progressLine();
  let [passed, failed] = [0, 0];
  const show = (): void => {
    if (passed + failed === 0) line.show("compile", 0, 1, "instrumented contracts, some minutes");
    else line.show("test", 0, 1, `${passed} passed, ${failed} failed`);
  };
  show();
  const ticks = setInterval(show, 1_000);
  const { output } = await run("hardhat", ["test", "mocha", ...testFiles(), "--coverage"], {
    directory: copy,
    // without settings of their own no files are told apart: all of everything is wanted
    environment: { FORCE_COLOR: "0", NO_COLOR: "1", SOLIDITY_TRACES: "1" },
    onOutput: (text) => {
      passed += text.match(/^\s+✔ /gm)?.length ?? 0;
      failed += text.match(/^\s+\d+\) /gm)?.length ?? 0;
      show();
    },
  });
  clearInterval(ticks);
  line.end();
  const report = join(copy, "coverage", "lcov.info");
  if (!existsSync(report)) throw new Failure(`the tests left no report:\n${output.trimEnd().split("\n").slice(-20).join("\n")}`);
  const failures = output.search(/^ *\d+ failing$/m);
  const failing = failures < 0 ? 0 : Number.parseInt(output.slice(failures), 10);
  // it may have covered less, and must not go unseen; whether tests pass is for `npm test` to judge
  if (failing !== 0) process.stderr.write(`${output.slice(failures).split("Saved html report")[0]?.trimEnd()}\n`);
  return { files: parseLcov(readFileSync(report, "utf8")), failing };
}

function totalOf(files: readonly FileCoverage[]): Total {
  const lines = files.reduce((sum, file) => sum + file.lines, 0);
  const covered = files.reduce((sum, file) => sum + file.covered, 0);
  return { lines, covered, percent: lines === 0 ? 0 : (covered / lines) * 100 };
}

await answer(USAGE, async () => {
  const { json } = options();
  const { files, failing } = await measure();
  const total = totalOf(files);
  const good = total.percent >= LEAST;
  if (json) {
    printJson({ percent: total.percent, lines: total.lines, covered: total.covered, least: LEAST, failing, files });
    return good ? 0 : 1;
  }
  const row = (name: string, each: Total, uncovered: string): string[] => {
    return [name, String(each.lines), String(each.covered), each.percent.toFixed(1), uncovered];
  };
  const rows = files.filter(({ lines }) => lines !== 0).map((file) => row(file.file, totalOf([file]), rangesOf(file.uncovered)));
  printTable(["", "lines", "covered", "%", "not covered"], [...rows, row("all", total, "")]);
  process.stdout.write(
    `\n${total.percent.toFixed(2)} % of lines, at least ${LEAST} % wanted${failing === 0 ? "" : `; tests failed: ${failing}`}\n`,
  );
  return good ? 0 : 1;
});
