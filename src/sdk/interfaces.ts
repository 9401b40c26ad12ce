import { Interface, type InterfaceAbi } from "ethers";
import type { AbiEntry } from "./abiEntry.ts";
import { ABIS, type ContractName, LIBRARY_ERRORS } from "./abis.ts";

const interfaces = new Map<ContractName, Interface>();

/**
 * The interface of a contract, by its name.
 * @example
 * interfaceOf("IMarginVault").encodeFunctionData("postPrice", [0, []]).slice(0, 10).length // 10
 */
export function interfaceOf(contract: ContractName): Interface {
  const known = interfaces.get(contract);
  if (known) return known;
  const made = new Interface(ABIS[contract] as unknown as InterfaceAbi);
  interfaces.set(contract, made);
  return made;
}

/** Every custom error of every contract and linked library. */
export function allErrors(): readonly AbiEntry[] {
  return [...Object.values(ABIS).flat(), ...LIBRARY_ERRORS].filter(({ type }) => type === "error");
}
