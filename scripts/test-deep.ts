// npm run test:deep: the Solidity tests with forge, whose fuzzer searches deeper than Hardhat's; further arguments go to forge.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { run } from "./lib/run.ts";

// The launcher of the npm package ends with 0 even when tests fail: call the binary of the platform.
const platform = `@foundry-rs/forge-${process.platform === "win32" ? "win32" : process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
const forge = join(dirname(createRequire(import.meta.url).resolve(`${platform}/package.json`)), "bin", "forge");

const { code, output } = await run(forge, ["test", ...process.argv.slice(2)], { live: true });
// a run that found no tests has proved nothing
process.exit(code === 0 && !/\b[1-9]\d* tests? passed/.test(output) ? 1 : code);
