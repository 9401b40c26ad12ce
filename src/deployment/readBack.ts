import { Contract } from "ethers";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { actualLeaves } from "./actual.ts";
import type { Connection } from "./deployPlimsoll.ts";
import { expectedLeaves, LEAST_DELAYS, type Leaves } from "./expected.ts";
import type { PlimsollParameters } from "./parameters.ts";
import { resolveAccounts } from "./resolveAccounts.ts";
import { ROLE_NAMES } from "./roles.ts";

/** One thing that is not on the chain as in the file; undefined where a side does not have it. */
export interface Difference {
  readonly name: string;
  readonly file: string | undefined;
  readonly chain: string | undefined;
}

export interface ReadBack {
  readonly compared: number;
  readonly differences: readonly Difference[];
  /** What a production deployment may not be, a line each. */
  readonly remarks: readonly string[];
}

/**
 * Compares what the chain says about a deployment with its parameter file; Ignition's journal is not asked.
 * @param parameters of the file; accounts may be named by number
 */
export async function readBack(connection: Connection, parameters: PlimsollParameters, record: DeploymentRecord): Promise<ReadBack> {
  const accounts = (await connection.provider.request({ method: "eth_accounts" })) as string[];
  const resolved = resolveAccounts(parameters, accounts);
  const found = compareLeaves(expectedLeaves(resolved, record), await actualLeaves(connection, resolved, record));
  return { ...found, remarks: await remarksOf(connection, resolved) };
}

/** What the file and the chain say, side by side. */
export function compareLeaves(expected: Leaves, actual: Leaves): Omit<ReadBack, "remarks"> {
  const names = [...new Set([...expected.keys(), ...actual.keys()])];
  return {
    compared: names.length,
    differences: names
      .map((name) => ({ name, file: expected.get(name), chain: actual.get(name) }))
      .filter(({ file, chain }) => file !== chain),
  };
}

/** Where holders of roles are no multisig, or wait too short. */
async function remarksOf(connection: Connection, parameters: PlimsollParameters): Promise<string[]> {
  const remarks: string[] = [];
  for (const role of ROLE_NAMES) {
    const { holders, delay } = parameters.roles[role];
    const least = role === "admin" || role === "parameters" ? LEAST_DELAYS[role] : 0n;
    if (delay < least) remarks.push(`role ${role} waits ${delay} s, less than ${least} s`);
    for (const holder of holders) {
      const threshold = await thresholdOf(connection, holder);
      if (threshold === undefined) remarks.push(`role ${role}: ${holder} is not a multisig`);
      else if (threshold < 2n) remarks.push(`role ${role}: ${holder} is a multisig that one owner signs for`);
    }
  }
  return remarks;
}

/** How many owners of a multisig must sign; undefined where there is none. */
async function thresholdOf(connection: Connection, holder: string): Promise<bigint | undefined> {
  if ((await connection.ethers.provider.getCode(holder)) === "0x") return undefined;
  const multisig = new Contract(
    holder,
    ["function getThreshold() view returns (uint256)", "function getOwners() view returns (address[])"],
    connection.ethers.provider,
  );
  try {
    const threshold: unknown = await multisig.getFunction("getThreshold").staticCall();
    const owners: unknown = await multisig.getFunction("getOwners").staticCall();
    return typeof threshold === "bigint" && Array.isArray(owners) && BigInt(owners.length) >= threshold ? threshold : undefined;
  } catch {
    return undefined;
  }
}

/** Prints what a read-back found. Returns 1 on any difference, and on any remark where the file says production. */
export async function reportReadBack(connection: Connection, parameters: PlimsollParameters, record: DeploymentRecord): Promise<number> {
  const { compared, differences, remarks } = await readBack(connection, parameters, record);
  for (const { name, file, chain } of differences) console.log(`DIFFERENT ${name}: file ${file ?? "nothing"}, chain ${chain ?? "nothing"}`);
  for (const remark of remarks) console.log(`${parameters.production ? "NOT FIT FOR PRODUCTION" : "not for production"}: ${remark}`);
  console.log(`${compared} values compared, ${differences.length} different`);
  return differences.length !== 0 || (parameters.production && remarks.length !== 0) ? 1 : 0;
}
