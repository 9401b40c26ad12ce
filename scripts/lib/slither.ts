import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { Failure } from "../../src/sdk/failure.ts";
import { forgeFolder } from "./forge.ts";
import { pythonPrograms } from "./pythonPrograms.ts";
import { projectRoot, run } from "./run.ts";
import { SourceGraph } from "./sourceGraph.ts";

export const SLITHER = { name: "Slither", version: "0.11.6", requirements: "test/audit/requirements.txt", programs: ["slither"] } as const;

/** What is said of by whom: the name of Slither's detector, and where. */
export interface Remark {
  readonly check: string;
  readonly impact: string;
  /** File and name, without lines: `contracts/math/Ramp.sol Ramp.at`. */
  readonly place: string;
  readonly words: string;
}

/** Remarks of one kind that somebody has judged, and why they stand: by place how many. */
export interface Triage {
  readonly check: string;
  readonly why: string;
  readonly places: Readonly<Record<string, number>>;
}

/** Judged, but not found any more, or fewer; and found, but not judged. */
export interface Judgement {
  readonly judged: number;
  readonly fresh: readonly Remark[];
  readonly stale: readonly string[];
}

interface Element {
  readonly type: string;
  readonly name: string;
  readonly source_mapping?: { readonly filename_relative?: string };
  readonly type_specific_fields?: { readonly parent?: Element };
}

interface SlitherOutput {
  readonly success: boolean;
  readonly error: string | null;
  readonly results: {
    readonly detectors?: readonly {
      readonly check: string;
      readonly impact: string;
      readonly description: string;
      readonly elements: readonly Element[];
    }[];
  };
}

const compiler = createRequire(import.meta.url)("solc") as { compile(input: string): string; version(): string };

// where a length is the name of a constant, Slither 0.11.6 looks for its value before it has read it, and ends
const LENGTH = /\[(\d+)\][^[\]]*$/;

/**
 * Asks Slither about every contract that is not one of the tests: syntax trees alone are compiled for it, in seconds.
 * @throws BadInput where Python or the package is missing; Failure where Slither ends without an answer
 */
export async function askSlither(): Promise<Remark[]> {
  const programs = await pythonPrograms(SLITHER);
  const root = mkdtempSync(join(tmpdir(), "plimsoll-slither-"));
  try {
    for (const folder of ["contracts", "node_modules"]) symlinkSync(join(projectRoot, folder), join(root, folder));
    writeFileSync(join(root, "foundry.toml"), '[profile.default]\nsrc = "contracts"\nout = "out"\noffline = true\n');
    mkdirSync(join(root, "out", "build-info"), { recursive: true });
    writeFileSync(join(root, "out", "build-info", "build.json"), JSON.stringify(syntaxTrees()));
    const json = join(root, "remarks.json");
    const build = ["--ignore-compile", "--compile-force-framework", "foundry", "--foundry-out-directory", "out"];
    const what = ["--filter-paths", "node_modules", "--exclude-informational", "--exclude-optimization", "--json", json];
    const path = [forgeFolder(), dirname(process.execPath), process.env.PATH ?? ""].join(delimiter);
    const { output } = await run(join(programs, "slither"), [".", ...build, ...what], { directory: root, path });
    return remarksIn(readOr(json, output));
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function readOr(json: string, output: string): SlitherOutput {
  try {
    return JSON.parse(readFileSync(json, "utf8")) as SlitherOutput;
  } catch {
    throw new Failure(`Slither left no answer:\n${output.trimEnd().split("\n").slice(-5).join("\n")}`);
  }
}

/** The remarks of Slither's own output. */
export function remarksIn({ success, error, results }: SlitherOutput): Remark[] {
  if (!success) throw new Failure(`Slither failed: ${error ?? "it does not say why"}`);
  return (results.detectors ?? []).map(({ check, impact, description, elements }) => {
    const words = description.trim().split("\n")[0] ?? "";
    return { check, impact, place: placeOf(elements), words };
  });
}

function placeOf(elements: readonly Element[]): string {
  const named = elements.find(({ type }) => ["function", "contract", "variable"].includes(type));
  if (named === undefined) return "";
  const names: string[] = [];
  for (let element: Element | undefined = named; element !== undefined; element = element.type_specific_fields?.parent)
    names.unshift(element.name);
  return `${named.source_mapping?.filename_relative ?? ""} ${names.join(".")}`;
}

/** Which remarks nobody has judged, and which judgements are of nothing. */
export function judge(remarks: readonly Remark[], triaged: readonly Triage[]): Judgement {
  const left = new Map<string, number>();
  for (const { check, places } of triaged)
    for (const [place, times] of Object.entries(places)) {
      const key = `${check}: ${place}`;
      left.set(key, (left.get(key) ?? 0) + times);
    }
  const fresh = remarks.filter(({ check, place }) => {
    const key = `${check}: ${place}`;
    const times = left.get(key) ?? 0;
    if (times > 0) left.set(key, times - 1);
    return times === 0;
  });
  const stale = [...left].flatMap(([key, times]) => (times === 0 ? [] : [`${key} (${times})`]));
  return { judged: remarks.length - fresh.length, fresh, stale };
}

function syntaxTrees(): object {
  const graph = new SourceGraph(projectRoot);
  const roots = graph.projectFiles().filter((file) => !file.startsWith("contracts/test/"));
  const input = {
    language: "Solidity",
    sources: Object.fromEntries([...graph.closure(roots)].map((name) => [name, { content: graph.text(name) }])),
    settings: {
      viaIR: true,
      evmVersion: "prague",
      outputSelection: { "*": { "": ["ast"], "*": ["abi", "evm.methodIdentifiers", "userdoc", "devdoc"] } },
    },
  };
  const output = JSON.parse(compiler.compile(JSON.stringify(input)));
  const error = output.errors?.find(({ severity }: { severity: string }) => severity === "error");
  if (error !== undefined) throw new Failure(error.formattedMessage);
  for (const { ast } of Object.values<{ ast: object }>(output.sources)) writeLengths(ast);
  // no code is compiled, and none is read
  const none = { object: "", sourceMap: "", linkReferences: {} };
  for (const contracts of Object.values<object>(output.contracts))
    for (const contract of Object.values(contracts))
      Object.assign(contract, { metadata: "" }, { evm: { ...contract.evm, bytecode: none, deployedBytecode: none } });
  const solcLongVersion = compiler.version();
  return { id: "build", _format: "ethers-rs-sol-build-info-1", solcVersion: solcLongVersion.split("+")[0], solcLongVersion, input, output };
}

function writeLengths(node: unknown): void {
  if (typeof node !== "object" || node === null) return;
  const array = node as {
    nodeType?: string;
    length?: { nodeType: string; src: string; id: number } | null;
    typeDescriptions?: { typeString: string };
  };
  const value = array.nodeType === "ArrayTypeName" ? LENGTH.exec(array.typeDescriptions?.typeString ?? "")?.[1] : undefined;
  if (value !== undefined && array.length != null && array.length.nodeType !== "Literal") {
    const { id, src } = array.length;
    const typeDescriptions = { typeIdentifier: `t_rational_${value}_by_1`, typeString: `int_const ${value}` };
    const hexValue = Buffer.from(value).toString("hex");
    const said = { isConstant: false, isLValue: false, isPure: true, lValueRequested: false };
    array.length = { ...said, id, src, nodeType: "Literal", kind: "number", value, hexValue, typeDescriptions } as never;
  }
  for (const child of Object.values(node)) writeLengths(child);
}
