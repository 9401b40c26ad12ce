import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Interface, type InterfaceAbi } from "ethers";
import { Failure } from "./failure.ts";

/** The folder that holds package.json. */
export const PROJECT_ROOT = join(import.meta.dirname, "..", "..");
/** Folders of what is compiled: our own contracts, and what is deployed of a package as it is. */
const COMPILED = ["@openzeppelin", "contracts"].map((folder) => join(PROJECT_ROOT, "artifacts", folder));

/** One parameter as an ABI file describes it. */
export type AbiParameter = {
  readonly name: string;
  readonly type: string;
  /** The type in the source: tells `Wad` from `Lots` where both are int256. */
  readonly internalType?: string;
  readonly components?: readonly AbiParameter[];
};

export type AbiEntry = { readonly type: string; readonly name?: string; readonly inputs?: readonly AbiParameter[] };

const interfaces = new Map<string, Interface>();
let everything: Map<string, readonly AbiEntry[]> | undefined;

/**
 * The interface of a compiled contract, by its name.
 * @throws Failure when the contracts are not compiled
 * @example interfaceOf("IMarginVault").encodeFunctionData("postPrice", [0, []])
 */
export function interfaceOf(contract: string): Interface {
  const known = interfaces.get(contract);
  if (known) return known;
  const abi = allAbis().get(contract);
  if (abi === undefined) throw new Failure(`no compiled contract is called ${contract}`, "run: npm run build");
  const made = new Interface(abi as unknown as InterfaceAbi);
  interfaces.set(contract, made);
  return made;
}

/** The ABIs of all compiled contracts and libraries, by name. */
export function allAbis(): ReadonlyMap<string, readonly AbiEntry[]> {
  if (everything) return everything;
  if (!COMPILED.every((folder) => existsSync(folder))) throw new Failure("the contracts are not compiled", "run: npm run build");
  everything = new Map();
  for (const entry of COMPILED.flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))) {
    if (!entry.isFile() || !entry.name.endsWith(".json")) continue;
    const { contractName, abi } = JSON.parse(readFileSync(join(entry.parentPath, entry.name), "utf8")) as {
      contractName: string;
      abi: readonly AbiEntry[];
    };
    everything.set(contractName, abi);
  }
  return everything;
}
