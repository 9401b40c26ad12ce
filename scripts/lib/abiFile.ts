import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AbiEntry, AbiParameter } from "../../src/sdk/abiEntry.ts";
import { projectRoot } from "./run.ts";

/** The module of the SDK that holds the ABIs. */
export const ABI_FILE = join("src", "sdk", "abis.ts");

/** Contracts that are called or whose events are read from outside. */
const CONTRACTS = [
  "IMarginVault",
  "OrderSettlement",
  "LiquidationBatch",
  "MarginLens",
  "InsuranceFund",
  "LiquidityPool",
  "SignedSource",
  "SignedRateSource",
  "SignedVolatilitySource",
  "ChainlinkSource",
  "PythSource",
  "FaucetToken",
];

type Compiled = { readonly contractName: string; readonly sourceName: string; readonly abi: readonly AbiEntry[] };

/** The artifacts of all compiled contracts and libraries: our own, and what is deployed of a package as it is. */
export function compiledContracts(root = projectRoot): Compiled[] {
  return ["@openzeppelin", "contracts"]
    .flatMap((folder) => readdirSync(join(root, "artifacts", folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith(".json"))
    .map((entry) => JSON.parse(readFileSync(join(entry.parentPath, entry.name), "utf8")) as Compiled);
}

/** The type that ethers gives a value of an ABI. */
function typeOf({ type, components = [] }: AbiParameter): string {
  if (type.endsWith("[]")) return `readonly ${typeOf({ name: "", type: type.slice(0, -2), components })}[]`;
  if (type === "tuple") return `{ ${components.map((each) => `readonly ${each.name}: ${typeOf(each)}`).join("; ")} }`;
  return /^u?int/.test(type) ? "bigint" : type === "bool" ? "boolean" : "string";
}

function eventTypes(compiled: readonly Compiled[]): string {
  const vault = compiled.find(({ contractName }) => contractName === "IMarginVault")?.abi ?? [];
  const fields = ({ inputs = [] }: AbiEntry): string => inputs.map((each) => `readonly ${each.name}: ${typeOf(each)}`).join("; ");
  return vault
    .filter(({ type }) => type === "event")
    .map((event) => `  readonly ${event.name}: { ${fields(event)} };\n`)
    .join("");
}

/** What the module says for contracts as they are compiled: an entry a line, so that a change of an interface is seen as one. */
export function abiFile(compiled: readonly Compiled[] = compiledContracts()): string {
  const line = (entry: AbiEntry): string => `    ${JSON.stringify(entry)},\n`;
  const known = new Set<string>();
  const contracts = CONTRACTS.map((name) => {
    const found = compiled.find(({ contractName }) => contractName === name);
    if (found === undefined) throw new RangeError(`no compiled contract is called ${name}`);
    for (const entry of found.abi) known.add(line(entry));
    return `  ${name}: [\n${found.abi.map(line).join("")}  ],\n`;
  });
  // libraries are linked: what they revert with is in no ABI of a contract
  const errors = compiled
    .filter(({ sourceName }) => !sourceName.startsWith("contracts/test/"))
    .flatMap(({ abi }) => abi.filter(({ type }) => type === "error").map(line))
    .filter((entry) => !known.has(entry));
  return `// Written by \`npm run write:abis\` from the compiled contracts: not to be edited.
import type { AbiEntry } from "./abiEntry.ts";

/** The arguments of the events of a vault, by the names of the events. */
export type VaultEventArguments = {
${eventTypes(compiled)}};

export type ContractName =
${CONTRACTS.map((name) => `  | "${name}"`).join("\n")};

/** The ABIs of what is called from outside. */
export const ABIS: Readonly<Record<ContractName, readonly AbiEntry[]>> = {
${contracts.join("")}};

/** Custom errors that are in none of them: those of linked libraries. */
export const LIBRARY_ERRORS: readonly AbiEntry[] = [
${[...new Set(errors)].sort().join("").replace(/^ {4}/gm, "  ")}];
`;
}
