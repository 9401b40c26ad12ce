import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AbiCoder, keccak256, toBeHex } from "ethers";

const SOURCE = join(import.meta.dirname, "..", "..", "contracts", "ledger", "VaultStorage.sol");

let fields: readonly string[] | undefined;

/** The names of the vault's stored fields; each takes one slot, in this order from slot 0. */
export function vaultFields(): readonly string[] {
  fields ??= readFields();
  return fields;
}

function readFields(): readonly string[] {
  const source = readFileSync(SOURCE, "utf8").replace(/\/\/.*$/gm, "");
  const body = /struct VaultState \{([^}]*)\}/.exec(source)?.[1] ?? "";
  return [...body.matchAll(/(\w+);/g)].map((match) => match[1] ?? "");
}

/** The storage slot of a field of the vault, of an entry of a mapping where keys are given. Throws a RangeError for an unknown field. */
export function vaultSlot(field: string, ...keys: readonly bigint[]): string {
  const place = vaultFields().indexOf(field);
  if (place < 0) throw new RangeError(`the vault stores no ${field}`);
  return keys.reduce((slot, key) => keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "bytes32"], [key, slot])), toBeHex(place, 32));
}
