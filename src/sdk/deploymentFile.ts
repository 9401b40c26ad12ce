import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type DeploymentRecord, toDeploymentRecord } from "./deploymentRecord.ts";
import { BadInput } from "./failure.ts";

/** Where the record of `network` lies below `root`, the folder of the project. */
export function deploymentPath(root: string, network: string): string {
  return join(root, "deployments", `${network}.json`);
}

/**
 * Reads the record of `network`. Throws BadInput when there is none or it is malformed.
 * @example
 * readDeployment(".", "local").chainId // 31_337
 */
export function readDeployment(root: string, network: string): DeploymentRecord {
  const path = deploymentPath(root, network);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new BadInput(
      `nothing is deployed on ${network}`,
      `npm run deploy -- --network ${network} in a checkout, or put its record into deployments/${network}.json`,
    );
  }
  try {
    return toDeploymentRecord(JSON.parse(text), `deployments/${network}.json`);
  } catch (error) {
    if (error instanceof SyntaxError) throw new BadInput(`deployments/${network}.json is not JSON: ${error.message}`);
    throw error;
  }
}

/** Writes the record of a deployment where `readDeployment` finds it. */
export function writeDeployment(root: string, record: DeploymentRecord): void {
  const path = deploymentPath(root, record.network);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(record, undefined, 2)}\n`);
}
