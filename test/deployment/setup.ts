import { type Connection, deployPlimsoll } from "../../src/deployment/deployPlimsoll.ts";
import { localParameters } from "../../src/deployment/localParameters.ts";
import { resolveAccounts } from "../../src/deployment/resolveAccounts.ts";

/** What ships for a local chain, deployed, with its parameters as they were resolved. */
export async function deployedLocally(connection: Connection) {
  const { ethers } = connection;
  const signers = await ethers.getSigners();
  const parameters = resolveAccounts(
    localParameters(),
    signers.map(({ address }) => address),
  );
  const record = await deployPlimsoll({ connection, parameters });
  const authority = await ethers.getContractAt("AccessManager", record.contracts.authority);
  return { signers, parameters, record, authority };
}
