import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import config from "../../hardhat.config.ts";
import { type Fault, fitOf, planted } from "./faults.ts";
import { copyProject } from "./projectCopy.ts";
import { type Artifact, compile, DoesNotCompile } from "./quickCompiler.ts";
import { run } from "./run.ts";
import { SourceGraph, textOfModules } from "./sourceGraph.ts";

/** stale: the fault says nothing, for it does not fit, does not compile, or its test is missing or red without it. */
export interface Verdict {
  readonly fault: Fault;
  readonly verdict: "killed" | "survived" | "stale";
  /** The first line of the failure, or what makes the fault stale. */
  readonly why: string;
  readonly seconds: number;
}

// Code that is optimised less is larger than a chain takes.
const CONFIG = `import base from "./hardhat.config.base.ts";

export default { ...base, networks: { ...base.networks, default: { type: "edr-simulated", allowUnlimitedContractSize: true } } };
`;

// Milliseconds: a test that a fault keeps from ending judges nothing.
const TEST_LIMIT = 900_000;

interface Settings {
  readonly compilers: readonly { readonly settings: { readonly evmVersion: string } }[];
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly npmFilesToBuild: readonly string[];
}

const settings = config.solidity as unknown as Settings;
const evmVersion = settings.compilers[0]!.settings.evmVersion;

/**
 * A copy of the project in which faults are planted, so that an interrupted run leaves nothing behind. Only what a test deploys and a fault
 * touches is compiled again, by {@link compile}; Hardhat then runs the test without compiling.
 */
export class FaultBench {
  readonly #directory = copyProject("mutate", CONFIG, ["typechain-types"]);
  readonly #graph = new SourceGraph(this.#directory);
  readonly #deployed = new Map<string, readonly string[]>();
  /** Titles, by test file, that are red or missing without any fault. */
  readonly #unfit = new Map<string, ReadonlyMap<string, string>>();

  /** Compiles what the tests of `faults` deploy. */
  prepare(faults: readonly Fault[]): void {
    const files = [...this.#graph.projectFiles(), ...settings.npmFilesToBuild];
    for (const test of new Set(faults.map((fault) => fault.test))) {
      const text = textOfModules(this.#directory, [test]);
      const names = new Set(text.match(/\b[A-Z]\w+\b/g));
      const named = files.filter((file) => declaredIn(this.#graph.text(file)).some((name) => names.has(name)));
      // libraries that they are linked with are deployed by name of what the artifact asks for
      const linked = [...this.#graph.closure(named)].filter((file) => standsAlone(file) && /^library /m.test(this.#graph.text(file)));
      this.#deployed.set(test, [...new Set([...named, ...linked])]);
    }
    const roots = [...new Set([...this.#deployed.values()].flat())];
    this.#write(compile(this.#graph, roots, evmVersion, files));
  }

  /** Runs the tests named for `faults` in `test` on sound contracts and remembers which of them cannot judge. */
  async check(test: string, faults: readonly Fault[]): Promise<void> {
    const titles = [...new Set(faults.filter((fault) => fault.test === test).map((fault) => fault.title))];
    const { output } = await this.#test(test, titles);
    const lines = output.split("\n").map((line) => line.trim());
    const passed = lines.filter((line) => line.startsWith("✔"));
    const failed = lines.filter((line) => /^\d+\) /.test(line));
    const unfit = new Map<string, string>();
    for (const title of titles) {
      const holds = (line: string): boolean => line.includes(title);
      if (failed.some(holds) || (failed.length !== 0 && !passed.some(holds))) unfit.set(title, "red without the fault");
      else if (!passed.some(holds)) unfit.set(title, "no test has that title");
    }
    this.#unfit.set(test, unfit);
  }

  async judge(fault: Fault): Promise<Verdict> {
    const started = performance.now();
    const verdict = (kind: Verdict["verdict"], why: string): Verdict => {
      return { fault, verdict: kind, why, seconds: (performance.now() - started) / 1000 };
    };
    const path = join(this.#directory, fault.file);
    if (!existsSync(path)) return verdict("stale", "there is no such file");
    const sound = readFileSync(path, "utf8");
    const unfit = fitOf(sound, fault) ?? this.#unfit.get(fault.test)?.get(fault.title);
    if (unfit !== undefined) return verdict("stale", unfit);

    const steps = this.#stepsOf(fault);
    if (steps.length === 0) return verdict("stale", "the test deploys nothing that holds this file");

    const kept = new Map<string, string>();
    writeFileSync(path, planted(sound, fault));
    this.#graph.forget(fault.file);
    try {
      for (const roots of steps) {
        if (roots.length !== 0) this.#write(compile(this.#graph, roots, evmVersion), kept);
        const { code, failing, failure } = await this.#test(fault.test, [fault.title], true);
        if (failing !== 0) return verdict("killed", failure);
        if (code !== 0) return verdict("stale", `the runner fell over: ${failure}`);
      }
      return verdict("survived", "");
    } catch (error) {
      if (error instanceof DoesNotCompile) return verdict("stale", `does not compile: ${error.message.split("\n")[0] ?? ""}`);
      throw error;
    } finally {
      writeFileSync(path, sound);
      this.#graph.forget(fault.file);
      for (const [place, text] of kept) writeFileSync(place, text);
    }
  }

  /**
   * What to compile for a fault before each run of its test: nothing for one in TypeScript; else first the files whose code it most probably changes, then,
   * for a survivor, all others that import it. What is deployed by itself is called by others and not part of their code.
   */
  #stepsOf(fault: Fault): string[][] {
    if (!fault.file.endsWith(".sol")) return [[]];
    const deployed = this.#deployed.get(fault.test) ?? [];
    const within = (passable: (name: string) => boolean): string[] =>
      deployed.filter((root) => this.#graph.closure([root], passable).has(fault.file));
    const wide = within(() => true);
    const narrow = standsAlone(fault.file) ? wide.filter((root) => root === fault.file) : within((name) => !standsAlone(name));
    return [narrow, wide.filter((root) => !narrow.includes(root))].filter((roots) => roots.length !== 0);
  }

  #write(artifacts: readonly Artifact[], kept?: Map<string, string>): void {
    for (const { path, text } of artifacts) {
      const place = join(this.#directory, "artifacts", path);
      if (kept !== undefined && !kept.has(place)) kept.set(place, readFileSync(place, "utf8"));
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, text);
    }
  }

  async #test(test: string, titles: readonly string[], bail = false) {
    const pattern = titles.map((title) => title.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")).join("|");
    const { code, output } = await run("hardhat", ["test", "mocha", test, "--no-compile", "--grep", pattern, ...(bail ? ["--bail"] : [])], {
      directory: this.#directory,
      environment: { FORCE_COLOR: "0", NO_COLOR: "1" },
      timeout: TEST_LIMIT,
    });
    // a failure is its number and suite, its title with a colon, an empty line, the error
    const failure = /^\s*\d+ failing$[\s\S]*?:\n\s*\n\s*(.*)$/m.exec(output)?.[1] ?? output.trim().split("\n").at(-1) ?? "";
    return { code, output, failing: Number(/^\s*(\d+) failing/m.exec(output)?.[1] ?? "0"), failure: failure.slice(0, 300) };
  }
}

function standsAlone(file: string): boolean {
  return file in settings.overrides;
}

function declaredIn(source: string): string[] {
  return [...source.matchAll(/^(?:abstract )?(?:contract|library) (\w+)/gm)].map(([, name = ""]) => name);
}
