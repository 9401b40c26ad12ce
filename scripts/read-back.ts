// npm run read-back -- --network NAME: compares every role, delay, module, source and parameter on the chain with
// deploy/parameters/NAME.json5.
import { parametersOf } from "../src/deployment/localParameters.ts";
import { reportReadBack } from "../src/deployment/readBack.ts";
import { readDeployment } from "../src/sdk/deploymentFile.ts";
import { answer } from "./lib/answer.ts";
import { networkArgument } from "./lib/arguments.ts";
import { connect } from "./lib/connect.ts";
import { projectRoot } from "./lib/run.ts";

const USAGE =
  "npm run read-back -- --network NAME: compares what is deployed with deploy/parameters/NAME.json5; exit code 1 where they differ";

await answer(USAGE, async () => {
  const name = networkArgument();
  const parameters = parametersOf(name);
  const record = readDeployment(projectRoot, name);
  return reportReadBack(await connect(name), parameters, record);
});
