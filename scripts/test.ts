// The whole gate: build, lint, types, mocha, gas. Closes with one line, `N passed, N failed`.
//   npm test [-- --page]
// --page: then also the wallet page in a browser, as `npm run test:page` does, in the same count.
import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { requireChromium } from "./lib/page.ts";
import { type Outcome, projectRoot, run } from "./lib/run.ts";

interface Part {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** A runner prints how many tests passed and failed; any other part counts as one. */
  readonly runner: boolean;
}

interface Tally {
  readonly passed: number;
  readonly failed: number;
}

interface Done extends Tally {
  readonly name: string;
  readonly seconds: number;
  /** What it printed of its failures; empty when it has none. */
  readonly failures: string;
}

const node = process.execPath;

// alone, for it looks at times
const page: Part = { name: "page", command: node, args: ["scripts/test-page.ts"], runner: true };

const build: Part = { name: "build", command: node, args: ["scripts/build.ts"], runner: false };

const testFiles = globSync("test/**/*.test.ts", { cwd: projectRoot }).sort();

/** The mocha tests of some folders of `test`. */
const mocha = (name: string, wanted: (path: string) => boolean): Part => ({
  name: `mocha, ${name}`,
  command: "hardhat",
  args: ["test", "mocha", "--no-compile", ...testFiles.filter(wanted)],
  runner: true,
});

const within =
  (...folders: readonly string[]) =>
  (path: string): boolean =>
    folders.some((folder) => path.startsWith(join("test", folder, "/")));

// Each takes about as long as the others; to start one more takes five seconds.
const ofWalks = within("whole/walks", "whole/gas");
// what packs the tree and what reads it are in one part, so that they never run at the same time
const ofTools = within("tools", "data", "deployment", "keeper", "package", "whole/project");
const ofFloors = within("words", "math", "ledger", "margin", "actions");

// What takes longest comes first: the short ones fill up what is left of either core.
const parts: readonly Part[] = [
  mocha("walks", ofWalks),
  mocha("tools", ofTools),
  mocha("the rest", (path) => ![ofWalks, ofTools, ofFloors].some((of) => of(path))),
  mocha("floors", ofFloors),
  { name: "solidity", command: "hardhat", args: ["test", "solidity"], runner: true },
  ...(existsSync(join(projectRoot, "bench", "gas.json"))
    ? [{ name: "gas", command: node, args: ["scripts/bench-gas.ts", "--check"], runner: false }]
    : []),
  { name: "typecheck", command: "tsc", args: ["--noEmit", "-p", "."], runner: false },
  { name: "lint", command: node, args: ["scripts/lint.ts"], runner: false },
  { name: "picture of the house", command: node, args: ["scripts/draw-house.ts", "--check"], runner: false },
];

function count(output: string, word: string): number {
  return [...output.matchAll(new RegExp(`^\\s*(\\d+) ${word}\\b`, "gm"))].reduce((sum, match) => sum + Number(match[1]), 0);
}

function tally(part: Part, { code, output }: Outcome): Tally {
  if (!part.runner) return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  const passed = count(output, "passing");
  const failed = count(output, "failing");
  // A runner that fell over, or that ran nothing, has failed whatever it printed.
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}

// of a part that fails in many ways the first are enough
const MOST_LINES = 80;

/** What a part that failed says of it: a runner lists its failures last, behind their number; of another part the end. */
function failuresOf(part: Part, { failed }: Tally, { output }: Outcome): string {
  if (failed === 0) return "";
  const lines = output.trimEnd().split("\n");
  const begin = part.runner ? lines.findIndex((line) => /^\s*\d+ failing\b/.test(line)) : -1;
  return (begin < 0 ? lines.slice(-MOST_LINES) : lines.slice(begin, begin + MOST_LINES)).join("\n");
}

async function carryOut(part: Part): Promise<Done> {
  console.log(`… ${part.name}`);
  const outcome = await run(part.command, part.args, { environment: { FORCE_COLOR: "0", NO_COLOR: "1" } });
  const result = tally(part, outcome);
  console.log(
    `\n──── ${part.name}: ${result.passed} passed, ${result.failed} failed, ${outcome.seconds.toFixed(0)} s\n${outcome.output.trimEnd()}\n`,
  );
  return { ...result, name: part.name, seconds: outcome.seconds, failures: failuresOf(part, result, outcome) };
}

const USAGE = "npm test [-- --page]";

function wantsPage(): boolean {
  try {
    return parseArgs({ options: { page: { type: "boolean", default: false } } }).values.page;
  } catch (error) {
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
}

await answer(USAGE, async () => {
  const withPage = wantsPage();
  // it is there when the page is tested; whether it could be had is said then
  if (withPage) void requireChromium().catch(() => undefined);
  const results = [await carryOut(build)];
  if (results[0]?.failed === 0) {
    const left = [...parts];
    const lane = async (): Promise<void> => {
      for (let part = left.shift(); part !== undefined; part = left.shift()) results.push(await carryOut(part));
    };
    // two lanes for two cores
    await Promise.all([lane(), lane()]);
    if (withPage) results.push(await carryOut(page));
  }
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  // once more, where whoever reads only the end sees it
  for (const { name, failures } of results) if (failures !== "") console.log(`──── what failed in ${name}\n${failures}\n`);
  console.log(results.map(({ name, seconds }) => `${name} ${seconds.toFixed(0)} s`).join(" · "));
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
