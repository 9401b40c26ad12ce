// Proves the pure floors symbolically (docs/proofs.md, which it writes).
//   npm run prove [-- --only TEXT] [--faults] [--minutes N] [--list]
// --only: proofs that hold this text in number, file or words; --faults: plants the fault of each in a copy of the tree instead, and expects a
// counterexample; --minutes: at most for one question to a solver, one by default. Fails on what is not proved, or on a fault that is not seen.
import { cpSync, existsSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { forgeFolder } from "./lib/forge.ts";
import {
  type Answer,
  answersOf,
  counterexampleOf,
  FAULTS,
  inOrder,
  PAGE,
  type PlantedFault,
  PROOFS,
  type Property,
  pageOf,
  propertiesOf,
  RESULTS,
  type Results,
  readingOf,
} from "./lib/proofs.ts";
import { pythonPrograms } from "./lib/pythonPrograms.ts";
import { projectRoot, run } from "./lib/run.ts";

const USAGE = "npm run prove [-- --only TEXT] [--faults] [--minutes N] [--list]";
const HALMOS = "0.3.3";
const PROVER = {
  name: "Halmos",
  version: HALMOS,
  requirements: join(PROOFS, "requirements.txt"),
  programs: ["halmos", "yices-smt2", "z3"],
};
const OUT = join("forge-out", "proofs");
// what the twins of the proofs panic with at their end (test/proofs/Proof.sol)
const AT_END = "0xe0";
// loops of the proofs are over the lanes of a word
const LOOPS = "40";

const HOW = [
  "A property counts as proved only where Halmos answered, its function asserts, no path got stuck, no loop was cut off, no solver gave up, at least one path",
  "ended well, and an input was found that reaches its end. *Within bounds* says that more is asked of the inputs than the code itself asks. A path on which the",
  "code reverts is not judged, unless the formula says when it reverts. The code is compiled as what is deployed is, but into the proof, not as the deployed bytes.",
  `Halmos ${HALMOS} with Yices 2.6.4 and then Z3 4.12.6, one thread; each fault (\`npm run prove -- --faults\`) is planted in a copy of the tree, and is seen`,
  "where its proof then finds a counterexample.",
];

interface Options {
  readonly only: string;
  readonly faults: boolean;
  readonly list: boolean;
  readonly minutes: number;
}

function options(): Options {
  const flag = { type: "boolean", default: false } as const;
  try {
    const { values } = parseArgs({
      options: { only: { type: "string", default: "" }, faults: flag, list: flag, minutes: { type: "string", default: "1" } },
      strict: true,
    });
    const minutes = Number(values.minutes);
    if (!(minutes > 0 && minutes <= 600)) throw new Error(`--minutes takes a number from 0 to 600, not ${values.minutes}`);
    return { ...values, minutes };
  } catch (error) {
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
}

/** A tree with the contracts and the proofs. */
class Bench {
  readonly root: string;
  readonly #programs: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #minutes: number;

  constructor(root: string, programs: string, minutes: number) {
    this.root = root;
    this.#programs = programs;
    this.#minutes = minutes;
    const path = [forgeFolder(), dirname(process.execPath), process.env.PATH ?? ""].join(delimiter);
    // Halmos makes a folder in the home of whoever runs it
    this.#environment = { FOUNDRY_PROFILE: "prove", PATH: path, HOME: dirname(programs), NO_COLOR: "1" };
  }

  async build(): Promise<void> {
    const args = ["build", "--ast", "--root", this.root, "--extra-output", "storageLayout", "metadata"];
    const { code, output } = await run(join(forgeFolder(), "forge"), args, { directory: this.root, environment: this.#environment });
    if (code !== 0) throw new Error(`the proofs do not compile:\n${output}`);
  }

  /** By contract and function, as {@link answersOf}. */
  async ask(contracts: string, functions: string, panic: string): Promise<Map<string, Answer>> {
    const folder = mkdtempSync(join(tmpdir(), "plimsoll-halmos-"));
    const json = join(folder, "answer.json");
    const seconds = Math.ceil(this.#minutes * 60);
    const solver = `${process.execPath} ${join(projectRoot, "scripts", "solver.cjs")} ${this.#programs} ${Math.ceil(seconds / 2)}`;
    const limits = ["--solver-command", solver, "--solver-threads", "1", "--solver-timeout-assertion", `${seconds + 5}s`, "--loop", LOOPS];
    const which = ["--match-contract", contracts, "--match-test", functions, "--panic-error-codes", panic, "--early-exit"];
    await run(
      join(this.#programs, "halmos"),
      ["--root", this.root, "--forge-build-out", OUT, "--no-status", "--json-output", json, ...limits, ...which],
      { directory: this.root, environment: this.#environment, path: this.#environment.PATH ?? "" },
    );
    const answers = answersOf(json);
    rmSync(folder, { recursive: true, force: true });
    return answers;
  }

  properties(): Property[] {
    const files = globSync(`${PROOFS}/**/*.proof.sol`, { cwd: this.root });
    const all = files.flatMap((file) => {
      const artifact = join(this.root, OUT, basename(file), `${basename(file, ".proof.sol")}Proof.json`);
      return propertiesOf(JSON.parse(readFileSync(artifact, "utf8")).ast, file);
    });
    const twice = all.find(({ id }, index) => all.findIndex((other) => other.id === id) !== index);
    if (twice !== undefined) throw new Error(`two proofs have the number ${twice.id}`);
    return inOrder(all);
  }
}

const faults = JSON.parse(readFileSync(join(projectRoot, FAULTS), "utf8")) as PlantedFault[];

function resultsSoFar(): Results {
  const path = join(projectRoot, RESULTS);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Results) : {};
}

/** Keeps what a run found beside what others did, forgets proofs that are no more, and writes the page. */
function keep(properties: readonly Property[], found: Results): void {
  const known = resultsSoFar();
  const kept: Results = Object.fromEntries(
    properties.flatMap(({ id }) => {
      const result = { ...known[id], ...found[id] };
      return "state" in result || "fault" in result ? [[id, { state: "not proved", why: "not run yet", seconds: 0, ...result }]] : [];
    }),
  );
  writeFileSync(join(projectRoot, RESULTS), `${JSON.stringify(kept, null, 2)}\n`);
  writeFileSync(join(projectRoot, PAGE), pageOf(properties, kept, faults, HOW));
}

const started = performance.now();
const say = (text: string): void => console.log(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}`);

/** Returns how many are not proved. */
async function proveAll(bench: Bench, all: readonly Property[], chosen: readonly Property[]): Promise<number> {
  let open = 0;
  for (const contract of new Set(chosen.map((property) => property.contract))) {
    const ours = chosen.filter((property) => property.contract === contract);
    const functions = `^(${ours.map(({ name }) => name).join("|")})\\(`;
    const answers = await bench.ask(`^${contract}$`, functions, "0x01");
    const twin = contract.replace(/Proof$/, "Reach");
    const reached = await bench.ask(`^${twin}$`, functions, AT_END);
    const found: Record<string, Results[string]> = {};
    for (const property of ours) {
      const reading = readingOf(property, answers.get(`${contract}.${property.name}`), reached.get(`${twin}.${property.name}`));
      if (!/^proved/.test(reading.state)) open += 1;
      const seconds = Math.round(reading.seconds * 100) / 100;
      found[property.id] = { ...reading, seconds };
      say(`${property.id.padEnd(5)} ${reading.state}${reading.why === "" ? "" : `: ${reading.why}`} (${contract}, ${seconds} s)`);
    }
    keep(all, found);
  }
  return open;
}

/** Returns how many are not seen. */
async function plantAll(programs: string, minutes: number, all: readonly Property[], chosen: readonly Property[]): Promise<number> {
  let unseen = 0;
  const root = mkdtempSync(join(tmpdir(), "plimsoll-faults-"));
  try {
    for (const folder of ["contracts", join("scripts", "solc.cjs"), "foundry.toml"])
      cpSync(join(projectRoot, folder), join(root, folder), { recursive: true });
    symlinkSync(join(projectRoot, "node_modules"), join(root, "node_modules"));
    const bench = new Bench(root, programs, minutes);
    for (const property of chosen) {
      // its own file alone: nothing else is compiled
      for (const folder of [PROOFS, OUT]) rmSync(join(root, folder), { recursive: true, force: true });
      for (const path of [join(PROOFS, "Proof.sol"), property.file]) cpSync(join(projectRoot, path), join(root, path), { recursive: true });
      for (const { file, find, replace } of faults.filter(({ proof }) => proof === property.id)) {
        const source = readFileSync(join(projectRoot, file), "utf8");
        const times = source.split(find).length - 1;
        let verdict = `"${find}" stands ${times} times in ${file}, not once`;
        if (times === 1) {
          writeFileSync(
            join(root, file),
            source.replace(find, () => replace),
          );
          const answers = await bench.ask(`^${property.contract}$`, `^${property.name}\\(`, "0x01");
          writeFileSync(join(root, file), source);
          const shown = counterexampleOf(answers.get(`${property.contract}.${property.name}`));
          verdict = shown === undefined ? "not seen" : "seen";
          if (shown !== undefined) say(`${property.id.padEnd(5)} seen: ${find.trim()} → ${replace.trim()} (${shown.slice(0, 120)})`);
        }
        if (verdict !== "seen") {
          unseen += 1;
          say(`${property.id.padEnd(5)} ${verdict}: ${find.trim()} → ${replace.trim()}`);
        }
        keep(all, { [property.id]: { fault: verdict } });
      }
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  return unseen;
}

await answer(USAGE, async () => {
  const { only, faults: planting, list, minutes } = options();
  const programs = await pythonPrograms(PROVER, process.env.PLIMSOLL_PROVER);
  const bench = new Bench(projectRoot, programs, minutes);
  process.stderr.write("compile the proofs, a minute\n");
  await bench.build();
  const all = bench.properties();
  const text = only.toLowerCase();
  const holds = ({ id, file, words }: Property): boolean => id.toLowerCase() === text || `${file} ${words}`.toLowerCase().includes(text);
  const chosen = all.filter(holds);
  if (chosen.length === 0) throw new BadInput(`none of ${all.length} proofs holds "${only}"; --list shows them`, USAGE);
  if (list) {
    for (const { id, file, words } of chosen) console.log(`${id}  ${file}\n    ${words}`);
    return 0;
  }
  const open = planting ? await plantAll(programs, minutes, all, chosen) : await proveAll(bench, all, chosen);
  const unlisted = chosen.filter(({ id }) => !faults.some(({ proof }) => proof === id)).map(({ id }) => id);
  if (unlisted.length > 0) say(`no fault is listed for ${unlisted.join(", ")}`);
  say(planting ? `${open} faults not seen` : `${chosen.length - open} of ${chosen.length} proved; ${PAGE} is written`);
  return open === 0 ? 0 : 1;
});
