import { type FunctionFragment, Interface } from "ethers";

/** Roles of the AccessManager. Admin is OpenZeppelin's own; it grants the others. */
export const ROLES = { admin: 0n, parameters: 1n, canceller: 2n, guardian: 3n } as const;

export type RoleName = keyof typeof ROLES;

export const ROLE_NAMES = Object.keys(ROLES) as readonly RoleName[];

/** Entries of the vault that the guardian may call at once. Every other restricted entry waits for the delay of `parameters`. */
export const GUARDIAN_ENTRIES: readonly string[] = ["stopOpens", "lowerOpenInterestCap", "dropSource", "disableModule"];

/** Restricted entries by contract of the deployment. */
export const RESTRICTED_ENTRIES = {
  vault: [
    "listUnderlying",
    "listCollateral",
    "setParameter",
    "setModule",
    "setSources",
    "setRateSource",
    "setVolatilitySource",
    "listSeries",
    "liftMeasure",
    ...GUARDIAN_ENTRIES,
  ],
  liquidityPool: ["setParameters", "setWeight"],
  signedSource: ["setFeed", "setSigners"],
  signedRateSource: ["setFeed", "setSigners"],
  signedVolatilitySource: ["setFeed", "setSigners"],
  chainlinkSource: ["setDeviation", "setPair"],
  pythSource: ["setPair"],
} as const;

/**
 * What the admin may schedule in the manager itself. The manager decides by its own rules who may call these, whatever role they have; but it asks the
 * guardian of that role who may cancel them, and of the admin's own role that is the admin.
 */
export const MANAGER_ENTRIES = new Interface([
  "function labelRole(uint64, string)",
  "function setRoleAdmin(uint64, uint64)",
  "function setRoleGuardian(uint64, uint64)",
  "function setGrantDelay(uint64, uint32)",
  "function setTargetAdminDelay(address, uint32)",
  "function updateAuthority(address, address)",
  "function setTargetClosed(address, bool)",
  "function setTargetFunctionRole(address, bytes4[], uint64)",
  "function grantRole(uint64, address, uint32)",
  "function revokeRole(uint64, address)",
]).fragments.map((each) => ({ name: (each as FunctionFragment).name, selector: (each as FunctionFragment).selector }));

/** The role that may call `entry` of `contract`. */
export function roleOf(contract: keyof typeof RESTRICTED_ENTRIES, entry: string): RoleName {
  return contract === "vault" && GUARDIAN_ENTRIES.includes(entry) ? "guardian" : "parameters";
}

/** The selector of the one function called `entry`. */
export function selectorOf(contract: Interface, entry: string): string {
  const fragment = contract.getFunction(entry);
  if (fragment === null) throw new RangeError(`no function is called ${entry}`);
  return fragment.selector;
}
