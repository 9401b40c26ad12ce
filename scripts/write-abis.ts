// Writes src/sdk/abis.ts, the ABIs that the SDK calls contracts by, from the compiled contracts. Whoever changes an interface runs it.
//   npm run write:abis [-- --check]
// --check writes nothing and fails when the file is another.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../src/sdk/failure.ts";
import { ABI_FILE, abiFile } from "./lib/abiFile.ts";
import { answer } from "./lib/answer.ts";
import { projectRoot } from "./lib/run.ts";

await answer("npm run write:abis [-- --check]", async () => {
  const path = join(projectRoot, ABI_FILE);
  const text = abiFile();
  if (!process.argv.includes("--check")) writeFileSync(path, text);
  else if (readFileSync(path, "utf8") !== text)
    throw new Failure(`${ABI_FILE} is not what the contracts are compiled to`, "npm run write:abis");
  return 0;
});
