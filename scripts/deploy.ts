// npm run deploy -- --network NAME [--confirmations N]: deploys from deploy/parameters/NAME.json5, going on where it was stopped, reads everything back and
// records the addresses in deployments/NAME.json.
import { join } from "node:path";
import hre from "hardhat";
import { deployPlimsoll } from "../src/deployment/deployPlimsoll.ts";
import { parametersOf } from "../src/deployment/localParameters.ts";
import { reportReadBack } from "../src/deployment/readBack.ts";
import { writeDeployment } from "../src/sdk/deploymentFile.ts";
import { answer } from "./lib/answer.ts";
import { deployArguments } from "./lib/arguments.ts";
import { connect } from "./lib/connect.ts";
import { projectRoot } from "./lib/run.ts";

const USAGE =
  "npm run deploy -- --network NAME [--confirmations N]: deploys from deploy/parameters/NAME.json5, goes on where it was stopped, and reads everything back; every transaction is to be N blocks deep, 5 by default";

await answer(USAGE, async () => {
  const { network: name, confirmations } = deployArguments();
  const parameters = parametersOf(name);
  const connection = await connect(name);
  const { chainId } = await connection.ethers.provider.getNetwork();
  let steps = 0;
  const record = await deployPlimsoll({
    connection,
    parameters,
    network: name,
    journal: join(hre.config.paths.ignition, "deployments", `${name}-${chainId}`),
    ...(confirmations === undefined ? {} : { confirmations }),
    onSilence: (block) =>
      console.error(
        `no block has come since block ${block}, and a transaction is to be ${confirmations ?? 5} deep: on a chain that mines on demand end this and go on with --confirmations 1`,
      ),
    onStep: (step) => console.log(`${String(++steps).padStart(3)}  ${step}`),
  });
  writeDeployment(projectRoot, record);
  console.log(
    `deployments/${name}.json\n${Object.entries(record.contracts)
      .map(([contract, address]) => `  ${contract.padEnd(18)}${address}`)
      .join("\n")}`,
  );
  return reportReadBack(connection, parameters, record);
});
