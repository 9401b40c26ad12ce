// Plants listed one-line faults in the contracts, one at a time, and demands that the named test turns red. A survivor fails the run.
//   npm run mutate [-- --only TEXT] [--json] [--list]
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Fault, faultsOf, fitOf } from "./lib/faults.ts";
import { projectRoot, run } from "./lib/run.ts";

interface Verdict {
  readonly fault: Fault;
  readonly killed: boolean;
  readonly why: string;
  readonly seconds: number;
}

const { values: flags } = parseArgs({
  options: { only: { type: "string" }, json: { type: "boolean" }, list: { type: "boolean" } },
});

const listed = faultsOf(join(projectRoot, "test", "mutations.json"));
const faults = listed.filter((fault) => flags.only === undefined || `${fault.file} ${fault.test} ${fault.title}`.includes(flags.only));
if (faults.length === 0) {
  console.error(`no fault matches --only ${flags.only ?? ""}; --list shows all ${listed.length}`);
  process.exit(2);
}
if (flags.list === true) {
  for (const { file, find, replace, test, title } of faults) {
    console.log(`${file}\n  - ${find}\n  + ${replace}\n  reddens ${test}: ${title}`);
  }
  process.exit(0);
}

// Faults are planted in a copy: an interrupted run leaves nothing behind in the project.
const copy = mkdtempSync(join(tmpdir(), "plimsoll-mutate-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));
for (const name of [
  "contracts",
  "src",
  "test",
  "scripts",
  "deploy",
  "hardhat.config.ts",
  "tsconfig.json",
  "package.json",
  "artifacts",
  "cache",
  "typechain-types",
]) {
  const from = join(projectRoot, name);
  if (existsSync(from)) cpSync(from, join(copy, name), { recursive: true });
}
symlinkSync(join(projectRoot, "node_modules"), join(copy, "node_modules"));

async function judge(fault: Fault): Promise<Verdict> {
  const path = join(copy, fault.file);
  const sound = readFileSync(path, "utf8");
  const misfit = fitOf(sound, fault);
  if (misfit !== undefined) return { fault, killed: false, why: misfit, seconds: 0 };
  writeFileSync(
    path,
    sound.replace(fault.find, () => fault.replace),
  );
  try {
    const kind = fault.test.endsWith(".sol") ? ["solidity", fault.test] : ["mocha", fault.test];
    const { code, output, seconds } = await run("hardhat", ["test", ...kind, "--grep", fault.title], { directory: copy });
    if (/Compilation failed|HHE9\d\d/.test(output)) return { fault, killed: false, why: "does not compile", seconds };
    const failing = /^\s*(\d+) failing/m.exec(output)?.[1];
    if (code === 0) {
      const passing = /^\s*(\d+) passing/m.exec(output)?.[1] ?? "0";
      return { fault, killed: false, why: passing === "0" ? "no test has that title" : "survived", seconds };
    }
    return { fault, killed: failing !== undefined && failing !== "0", why: failing === undefined ? "the runner fell over" : "", seconds };
  } finally {
    writeFileSync(path, sound);
  }
}

const verdicts: Verdict[] = [];
for (const fault of faults) {
  const verdict = await judge(fault);
  verdicts.push(verdict);
  const mark = verdict.killed ? "red  " : "ALIVE";
  console.error(
    `[${verdicts.length}/${faults.length}] ${mark} ${verdict.seconds.toFixed(0)} s  ${fault.file}: ${fault.replace.trim()}${verdict.killed ? "" : `  (${verdict.why})`}`,
  );
}
const alive = verdicts.filter((verdict) => !verdict.killed);
if (flags.json === true) console.log(JSON.stringify(verdicts, null, 2));
console.log(`${verdicts.length - alive.length} passed, ${alive.length} failed`);
process.exit(alive.length === 0 ? 0 : 1);
