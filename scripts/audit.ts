// Repeats the audit part by part and writes docs/audit.md: static analysis, layering, sizes, deep fuzz, coverage, planted faults, proofs.
//   npm run audit [-- --only PART]… [--minutes N] [--json] [--list]
// --minutes: for planted faults, drawn anew for each commit (30). Fails on a part that fails, and on one whose tools are not installed.
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import config from "../hardhat.config.ts";
import { printJson } from "../src/cli/output.ts";
import { BadInput, Failure } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { AUDIT_PAGE, AUDIT_RESULTS, type AuditResult, type AuditResults, auditPage, PARTS, TRIAGE } from "./lib/audit.ts";
import { RESULTS, type Results } from "./lib/proofs.ts";
import { projectRoot, run } from "./lib/run.ts";
import { askSlither, judge, type Triage } from "./lib/slither.ts";

const USAGE = `npm run audit [-- --only ${PARTS.map(({ name }) => name).join("|")}]… [--minutes N] [--json] [--list]`;
// EIP-170
const MOST_BYTES = 24_576;

type Figure = Pick<AuditResult, "state" | "figure">;

interface Options {
  readonly only: readonly string[];
  readonly minutes: number;
  readonly json: boolean;
  readonly list: boolean;
}

function options(): Options {
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", multiple: true, default: [] },
        minutes: { type: "string", default: "30" },
        json: flag,
        list: flag,
      },
      strict: true,
    });
    const minutes = Number(values.minutes);
    if (!(minutes > 0 && minutes <= 600)) throw new Error(`--minutes takes a number from 0 to 600, not ${values.minutes}`);
    const unknown = values.only.find((name) => PARTS.every((part) => part.name !== name));
    if (unknown !== undefined) throw new Error(`there is no part ${unknown}`);
    return { ...values, minutes };
  } catch (error) {
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
}

const read = <T>(path: string): T => JSON.parse(readFileSync(join(projectRoot, path), "utf8")) as T;
const state = (passed: boolean): "passed" | "failed" => (passed ? "passed" : "failed");

/** What a command of the project printed last, beside whether it passed. */
async function command(args: readonly string[], onLine?: (line: string) => void): Promise<{ code: number; output: string }> {
  const [name = "", ...rest] = args;
  return run(name, rest, {
    environment: { FORCE_COLOR: "0", NO_COLOR: "1" },
    onOutput: (text) => onLine?.(text.trim().split("\n").at(-1) ?? ""),
  });
}

const parts: Readonly<Record<string, (options: Options) => Promise<Figure>>> = {
  async slither() {
    const remarks = await askSlither();
    const { judged, fresh, stale } = judge(remarks, read<Triage[]>(TRIAGE));
    for (const { impact, check, place, words } of fresh) say(`        not judged: ${impact}, ${check}: ${place}: ${words}`);
    for (const which of stale) say(`        judged, and not there: ${which}`);
    const figure = `${remarks.length} remarks, ${judged} judged, ${fresh.length} not, ${stale.length} judgements of what is not there`;
    return { state: state(fresh.length + stale.length === 0), figure };
  },

  async layering() {
    const { code, output } = await command(["hardhat", "test", "mocha", "--no-compile", "test/whole/project/layering.test.ts"]);
    return { state: state(code === 0), figure: `${/(\d+) passing/.exec(output)?.[1] ?? "no"} tests passed` };
  },

  async sizes() {
    const compiled = Object.keys((config.solidity as unknown as { overrides: object }).overrides);
    const sources = compiled.filter((source) => !source.startsWith("contracts/test/"));
    const sizes = sources.flatMap((source) =>
      globSync(join("artifacts", source, "*.json"), { cwd: projectRoot }).map((path) => {
        const { contractName, deployedBytecode } = read<{ contractName: string; deployedBytecode: string }>(path);
        return { contractName, bytes: (deployedBytecode.length - 2) / 2 };
      }),
    );
    const deployed = sizes.filter(({ bytes }) => bytes > 0).sort((a, b) => b.bytes - a.bytes);
    if (deployed.length < sources.length) throw new BadInput("some contracts have no artifacts", "npm run build");
    const largest = deployed.slice(0, 3).map(({ contractName, bytes }) => `${contractName} ${bytes.toLocaleString("en-US")}`);
    return {
      state: state(deployed.every(({ bytes }) => bytes <= MOST_BYTES)),
      figure: `${deployed.length} contracts and libraries, the largest ${largest.join(", ")}`,
    };
  },

  async fuzz() {
    const { code, output } = await command(["node", "scripts/run.cjs", "test-deep.ts"], progress);
    const total = /(\d+) tests passed, (\d+) failed/.exec(output);
    const calls = [...output.matchAll(/\(runs: (\d+), calls: (\d+)/g)].map(([, , count]) => Number(count));
    const most = calls.reduce((sum, count) => sum + count, 0);
    const figure = `${total?.[1] ?? "no"} tests passed, ${total?.[2] ?? "?"} failed; ${most.toLocaleString("en-US")} calls of ${calls.length} invariants`;
    return { state: state(code === 0), figure };
  },

  async coverage() {
    const { output } = await command(["node", "scripts/run.cjs", "coverage.ts", "--json"], progress);
    // what tests say stands before it
    const from = output.lastIndexOf("\n{\n") + 1;
    if (!output.startsWith("{\n", from)) throw new Failure(`no report: ${output.trim().split("\n").at(-1) ?? ""}`);
    const { percent, least, lines, covered, failing } = JSON.parse(output.slice(from)) as Record<string, number>;
    const tests = failing === 0 ? "" : `; ${failing} tests failed on instrumented code`;
    return { state: state(percent! >= least!), figure: `${percent!.toFixed(2)} %, ${covered} of ${lines} lines${tests}` };
  },

  async mutation({ minutes }) {
    const { output } = await command(["node", "scripts/run.cjs", "mutate.ts", "--minutes", String(minutes)], progress);
    const line = /\d+ killed, (\d+) survived, (\d+) stale.*/.exec(output);
    if (line === null) throw new Failure(`no verdicts: ${output.trim().split("\n").at(-1) ?? ""}`);
    return { state: state(line[1] === "0" && line[2] === "0"), figure: line[0] };
  },

  async proofs() {
    const results = Object.values(read<Results>(RESULTS));
    const count = (...states: string[]): number => results.filter((result) => states.includes(result.state ?? "")).length;
    const seen = results.filter(({ fault }) => fault === "seen").length;
    const [proved, within, open] = [count("proved"), count("proved within bounds"), count("not decided", "not proved")];
    const figure = `${proved} proved, ${within} proved within bounds, ${open} not decided or not proved, ${count("refuted")} refuted; ${seen} planted faults seen`;
    return { state: state(count("refuted") === 0), figure };
  },
};

const started = performance.now();
function say(text: string): void {
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}\n`);
}

let shown = 0;
/** A line of a long part, once a minute. */
function progress(line: string): void {
  if (performance.now() - shown < 60_000 || line === "") return;
  shown = performance.now();
  say(`        ${line.slice(0, 140)}`);
}

async function commitNow(): Promise<string> {
  const { output } = await run("git", ["rev-parse", "--short=7", "HEAD"]).catch(() => ({ output: "" }));
  const { output: changes } = await run("git", ["status", "--porcelain", "--", "contracts", "src", "test", "scripts"]).catch(() => ({
    output: "",
  }));
  const changed = changes.split("\n").some((line) => line !== "" && !line.endsWith(AUDIT_RESULTS));
  return `${output.trim()}${changed ? " with changes" : ""}`;
}

await answer(USAGE, async () => {
  const given = options();
  const chosen = PARTS.filter(({ name }) => given.only.length === 0 || given.only.includes(name));
  if (given.list) {
    for (const { name, what, command: repeated } of chosen) console.log(`${name}\n    ${what}\n    ${repeated}`);
    return 0;
  }
  const commit = await commitNow();
  const kept: AuditResults = existsSync(join(projectRoot, AUDIT_RESULTS)) ? read<AuditResults>(AUDIT_RESULTS) : {};
  let results = kept;
  for (const { name } of chosen) {
    say(name);
    const from = performance.now();
    const { state: how, figure } = await parts[name]!(given).catch((error: unknown): { state: AuditResult["state"]; figure: string } => {
      if (!(error instanceof Failure)) throw error;
      const mend = error.mend === undefined ? "" : ` (${error.mend})`;
      return { state: error instanceof BadInput ? "not installed" : "failed", figure: `${error.message.split("\n")[0] ?? ""}${mend}` };
    });
    const seconds = Math.round((performance.now() - from) / 1000);
    results = { ...results, [name]: { state: how, figure, commit, seconds } };
    say(`${name}: ${how === "passed" ? "" : `${how}: `}${figure}`);
    const ordered = Object.fromEntries(
      PARTS.flatMap((part) => (results[part.name] === undefined ? [] : [[part.name, results[part.name]]])),
    );
    writeFileSync(join(projectRoot, AUDIT_RESULTS), `${JSON.stringify(ordered, null, 2)}\n`);
    writeFileSync(join(projectRoot, AUDIT_PAGE), auditPage(results, read<Triage[]>(TRIAGE)));
  }
  if (given.json) printJson(Object.fromEntries(chosen.map(({ name }) => [name, results[name]])));
  else
    console.log(
      `${chosen.filter(({ name }) => results[name]?.state === "passed").length} of ${chosen.length} parts passed; ${AUDIT_PAGE} is written`,
    );
  return chosen.every(({ name }) => results[name]?.state === "passed") ? 0 : 1;
});
