// Plants listed one-line faults in a copy of the project, one at a time, and demands that the named test turns red.
//   npm run mutate [-- --only TEXT] [--file PATH]… [--except PATH]… [--minutes N] [--json] [--list]
// --only: faults that hold this text anywhere; --file, --except: only those in, or not in, files that end so; --minutes: of those as many as end in that time, in
// an order that the last commit draws. Fails on a survivor and on a stale fault. A run that is stopped says how those ended that it came to.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { printJson } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { FaultBench, type Verdict } from "./lib/faultBench.ts";
import { type Choice, chosen, type Fault, faultsOf } from "./lib/faults.ts";
import { projectRoot, run } from "./lib/run.ts";

const USAGE = "mutate [--only TEXT] [--file PATH]… [--except PATH]… [--minutes N] [--json] [--list]";

type Options = Choice & { readonly json: boolean; readonly list: boolean; readonly minutes: number };

function options(): Options {
  const flag = { type: "boolean", default: false } as const;
  const several = { type: "string", multiple: true, default: [] as string[] } as const;
  try {
    const { values } = parseArgs({
      options: {
        only: { type: "string", default: "" },
        file: several,
        except: several,
        minutes: { type: "string", default: "Infinity" },
        json: flag,
        list: flag,
      },
      strict: true,
    });
    const minutes = Number(values.minutes);
    if (!(minutes > 0)) throw new Error(`--minutes takes a number above 0, not ${values.minutes}`);
    return { ...values, files: values.file, minutes };
  } catch (error) {
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
}

function chosenFaults(choice: Choice): Fault[] {
  const listed = faultsOf(join(projectRoot, "test", "mutations.json"));
  for (const path of [...choice.files, ...choice.except]) {
    if (chosen(listed, { only: "", files: [path], except: [] }).length === 0) throw new BadInput(`no fault is in a file ${path}`, USAGE);
  }
  const faults = chosen(listed, choice);
  if (faults.length === 0) throw new BadInput(`none of ${listed.length} faults is chosen; --list shows them`, USAGE);
  return faults;
}

/** In an order that is the same for a commit and another for the next. */
async function drawn(faults: readonly Fault[]): Promise<Fault[]> {
  const { output } = await run("git", ["rev-parse", "HEAD"]).catch(() => ({ output: "" }));
  const keyed = faults.map((fault) => ({
    fault,
    key: createHash("sha256")
      .update(`${output}${JSON.stringify(fault)}`)
      .digest("hex"),
  }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ fault }) => fault);
}

/** One line each on standard error; adds to `verdicts`, for so many minutes. */
async function judgeAll(faults: readonly Fault[], verdicts: Verdict[], minutes: number): Promise<void> {
  const line = progressLine();
  const started = performance.now();
  const say = (text: string): void => {
    line.end();
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}\n`);
  };
  // the types of the contracts, which some tests load, come with the artifacts of a build
  if (!existsSync(join(projectRoot, "typechain-types"))) {
    say("build, some minutes");
    await run(process.execPath, ["scripts/build.ts"]);
  }
  const tests = [...new Set(faults.map(({ test }) => test))];
  say(`compile what ${tests.length} tests deploy`);
  const bench = new FaultBench();
  bench.prepare(faults);
  const sound = new Set<string>();
  for (const fault of faults) {
    if (performance.now() - started > minutes * 60_000) return;
    line.show("faults", verdicts.length, faults.length, `${fault.file}: ${fault.replace}`);
    if (!sound.has(fault.test)) await bench.check(fault.test, faults);
    sound.add(fault.test);
    const judged = await bench.judge(fault);
    verdicts.push(judged);
    const { verdict, why, seconds } = judged;
    const place = `${fault.file}: ${fault.find.trim()} → ${fault.replace.trim()}`;
    say(`[${verdicts.length}/${faults.length}] ${verdict.padEnd(8)} ${seconds.toFixed(0)} s  ${place}`);
    if (verdict !== "killed") say(`        ${verdict === "stale" ? why : `alive after ${fault.test}: ${fault.title}`}`);
  }
}

function report(verdicts: readonly Verdict[], json: boolean, note = ""): void {
  const [killed, survived, stale] = (["killed", "survived", "stale"] as const).map(
    (kind) => verdicts.filter(({ verdict }) => verdict === kind).length,
  );
  if (json) printJson({ killed, survived, stale, verdicts });
  else console.log(`${killed} killed, ${survived} survived, ${stale} stale${note}`);
}

await answer(USAGE, async () => {
  const { json, list, minutes, ...choice } = options();
  const listed = chosenFaults(choice);
  const faults = minutes === Infinity ? listed : await drawn(listed);
  if (list) {
    if (json) printJson(faults);
    else
      for (const { file, find, replace, test, title } of faults) console.log(`${file}\n  - ${find}\n  + ${replace}\n  ${test}: ${title}`);
    return 0;
  }
  const verdicts: Verdict[] = [];
  const partly = (): string => (verdicts.length === faults.length ? "" : `; stopped after ${verdicts.length} of ${faults.length}`);
  const stopped = (): void => report(verdicts, json, partly());
  process.once("exit", stopped);
  await judgeAll(faults, verdicts, minutes);
  process.off("exit", stopped);
  report(verdicts, json, partly());
  return verdicts.every(({ verdict }) => verdict === "killed") ? 0 : 1;
});
