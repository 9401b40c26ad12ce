// npm run test:deep: the Solidity tests with forge, whose fuzzer searches deeper than Hardhat's; further arguments go to forge.
import { join } from "node:path";
import { forgeFolder } from "./lib/forge.ts";
import { run } from "./lib/run.ts";

const { code, output } = await run(join(forgeFolder(), "forge"), ["test", ...process.argv.slice(2)], { live: true });
// a run that found no tests has proved nothing
process.exit(code === 0 && !/\b[1-9]\d* tests? passed/.test(output) ? 1 : code);
