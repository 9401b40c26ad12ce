import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What one proof says of itself, from the tags above it. */
export interface Property {
  /** P-1 … */
  readonly id: string;
  /** Path of the file in the project. */
  readonly file: string;
  readonly contract: string;
  /** The name of its function. */
  readonly name: string;
  readonly words: string;
  readonly formula: string;
  /** What the code itself asks of its inputs; undefined: nothing. */
  readonly domain: string | undefined;
  /** What is asked beyond that; undefined: nothing. */
  readonly bounds: string | undefined;
  /** Whether its own body calls `assert`. */
  readonly asserts: boolean;
}

export type State = "proved" | "proved within bounds" | "not decided" | "not proved" | "refuted";

export interface Reading {
  readonly state: State;
  /** Why it is not proved; empty where it is. */
  readonly why: string;
  /** Of Halmos and its solvers. */
  readonly seconds: number;
}

/** What Halmos writes of one test; nothing of it is believed before it is looked at. */
export interface Answer {
  readonly name: string;
  readonly exitcode: number;
  readonly num_models: number | null;
  readonly models:
    | readonly { readonly is_valid?: boolean; readonly model?: Readonly<Record<string, { readonly value?: unknown }>> }[]
    | null;
  /** All, those that ended well, those that got stuck. */
  readonly num_paths: readonly [number, number, number] | null;
  /** Seconds: all, paths, solving. */
  readonly time: readonly number[] | null;
  readonly num_bounded_loops: number | null;
}

// of Halmos 0.3
const PASS = 0;
const COUNTEREXAMPLE = 1;
const TIMEOUT = 2;
const OTHERS = new Map([
  [3, "Halmos got stuck on a path"],
  [4, "every path reverts"],
  [5, "Halmos failed"],
]);

interface Node {
  readonly nodeType?: string;
  readonly name?: string;
  readonly documentation?: { readonly text?: string } | null;
  readonly referencedDeclaration?: number;
  readonly nodes?: readonly Node[];
  readonly body?: Node;
}

/**
 * The proofs of a file, in the order of their numbers.
 * @param tree syntax tree of the compiler
 * @throws Error naming a proof without number, words or formula
 */
export function propertiesOf(tree: unknown, file: string): Property[] {
  const contracts = ((tree as Node).nodes ?? []).filter(
    ({ nodeType, name }) => nodeType === "ContractDefinition" && /Proof$/.test(name ?? ""),
  );
  const found = contracts.flatMap((contract) =>
    (contract.nodes ?? [])
      .filter(({ nodeType, name }) => nodeType === "FunctionDefinition" && name?.startsWith("check_") === true)
      .map((proof): Property => {
        const text = proof.documentation?.text ?? "";
        const tag = (name: string): string | undefined =>
          new RegExp(`@${name} ([^@]*)`).exec(text)?.[1]?.replace(/\s+/g, " ").trim() || undefined;
        const [, id, words] = /^(P-\d+): (.*)$/.exec(tag("notice") ?? "") ?? [];
        const formula = tag("custom:formula");
        const name = proof.name ?? "";
        if (id === undefined || words === undefined || formula === undefined || !name.startsWith(`check_${id.replace("-", "")}_`)) {
          throw new Error(`${file}: ${name} lacks a number that is also in its name, words or a formula`);
        }
        const [domain, bounds] = [tag("custom:domain"), tag("custom:bounds")];
        return { id, file, contract: contract.name ?? "", name, words, formula, domain, bounds, asserts: asserts(proof.body) };
      }),
  );
  return inOrder(found);
}

export function inOrder<T extends { readonly id: string }>(list: readonly T[]): T[] {
  return [...list].sort((a, b) => Number(a.id.slice(2)) - Number(b.id.slice(2)));
}

/** Whether a tree holds the compiler's own `assert`: declarations of the language have negative numbers. */
function asserts(tree: unknown): boolean {
  if (typeof tree !== "object" || tree === null) return false;
  const { nodeType, name, referencedDeclaration } = tree as Node;
  if (nodeType === "Identifier" && name === "assert" && (referencedDeclaration ?? 0) < 0) return true;
  return Object.values(tree).some(asserts);
}

/** The answers in what Halmos wrote, by contract and function; empty where it wrote nothing that can be read. */
export function answersOf(path: string): Map<string, Answer> {
  const answers = new Map<string, Answer>();
  let written: unknown;
  try {
    written = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return answers;
  }
  const results = (written as { readonly test_results?: Readonly<Record<string, readonly Answer[]>> } | null)?.test_results ?? {};
  for (const [contract, list] of Object.entries(results)) {
    if (!Array.isArray(list)) continue;
    for (const answer of list as readonly Answer[])
      answers.set(`${contract.split(":").at(-1)}.${String(answer?.name).split("(")[0]}`, answer);
  }
  return answers;
}

/**
 * What Halmos' answers say of a property. Proved is only what nothing speaks against.
 * @param answer of the proof, undefined where there is none
 * @param reach of its twin whose end panics
 */
export function readingOf(property: Property, answer: Answer | undefined, reach: Answer | undefined): Reading {
  const seconds = Number(answer?.time?.[0] ?? 0);
  const not = (why: string, state: State = "not proved"): Reading => ({ state, why, seconds });
  if (answer === undefined) return not("Halmos gave no answer that can be read");
  if (!property.asserts) return not("it has no assertion");
  if (answer.exitcode === COUNTEREXAMPLE)
    return not(`a counterexample: ${counterexampleOf(answer) ?? "which Halmos does not vouch for"}`, "refuted");
  if (answer.exitcode === TIMEOUT) return not(`not decided in ${Math.max(1, Math.ceil(seconds / 60))} min`, "not decided");
  if (answer.exitcode !== PASS) return not(OTHERS.get(answer.exitcode) ?? `Halmos ended with ${answer.exitcode}`);
  const paths = answer.num_paths;
  if (!Array.isArray(paths) || paths.length !== 3 || !paths.every(Number.isInteger)) return not("Halmos counted no paths");
  if (paths[1] < 1) return not("every path reverts");
  if (paths[2] !== 0) return not("Halmos got stuck on a path");
  if (answer.num_models !== 0) return not("Halmos found a model");
  if (answer.num_bounded_loops !== 0) return not("a loop was cut off");
  if (reach === undefined || reach.exitcode !== COUNTEREXAMPLE || counterexampleOf(reach) === undefined)
    return not("no input reaches its end");
  return { state: property.bounds === undefined ? "proved" : "proved within bounds", why: "", seconds };
}

/** The values of a counterexample that Halmos vouches for, or undefined. */
export function counterexampleOf(answer: Answer | undefined): string | undefined {
  if (answer?.exitcode !== COUNTEREXAMPLE) return undefined;
  const valid = (answer.models ?? []).find(({ is_valid }) => is_valid === true);
  if (valid === undefined) return undefined;
  const values = Object.entries(valid.model ?? {}).map(([name, { value }]) => `${name.split("_")[1]} = ${String(value)}`);
  return values.length === 0 ? "any input" : values.join(", ");
}

/** A one-line fault: `find`, which stands exactly once in `file`, becomes `replace`; the proof must then find a counterexample. */
export interface PlantedFault {
  readonly proof: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** What is kept of the runs, by number. */
export type Results = Readonly<Record<string, Partial<Reading & { readonly fault: string }>>>;

export const PROOFS = join("test", "proofs");
export const PAGE = join("docs", "proofs.md");
export const RESULTS = join(PROOFS, "results.json");
export const FAULTS = join(PROOFS, "faults.json");

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** docs/proofs.md. */
export function pageOf(properties: readonly Property[], results: Results, faults: readonly PlantedFault[], how: readonly string[]): string {
  const stateOf = ({ id }: Property): State => results[id]?.state ?? "not proved";
  const count = (...states: readonly State[]): number => properties.filter((property) => states.includes(stateOf(property))).length;
  const seen = faults.filter(({ proof }) => results[proof]?.fault === "seen").length;
  const rows = inOrder(properties).map((property) => {
    const { id, file, words, formula, domain, bounds } = property;
    const result = results[id];
    const asked = [domain === undefined ? "" : `inputs: ${domain}`, bounds === undefined ? "" : `**bounds**: ${bounds}`]
      .filter(Boolean)
      .join("; ");
    const said = `${stateOf(property)}${result?.why ? `: ${result.why}` : result === undefined ? ": not run yet" : ""}`;
    const fault = faults.some(({ proof }) => proof === id) ? (result?.fault ?? "not planted yet") : "none listed";
    const source = file.replace(/^test\/proofs\//, "").replace(/\.proof\.sol$/, "");
    const cells = [
      id,
      `[${source}](../${file})`,
      words,
      formula,
      asked || "none: every value",
      said,
      (result?.seconds ?? 0).toFixed(1),
      fault,
    ];
    return `| ${cells.map(cell).join(" | ")} |`;
  });
  return `# Proofs

Written by \`npm run prove\`; not by hand. Where a fuzz samples inputs, these hold for **all** of them: [Halmos](https://github.com/a16z/halmos) runs the compiled
code on symbols and asks a solver whether any values reach a failed assertion.

**${count("proved")} proved, ${count("proved within bounds")} proved within bounds, ${count("not decided")} not decided, ${count("not proved", "refuted")} not proved**, of ${properties.length};
of ${faults.length} planted faults ${seen} were seen.

${how.join("\n")}

| no. | of | property | formula | asked of the inputs | result | seconds | fault |
|---|---|---|---|---|---|---|---|
${rows.join("\n")}
`;
}
