#!/usr/bin/env node
import { join } from "node:path";

// Node 22 says of its SQLite that it is experimental, on the standard error that the keeper's log is on
const { emitWarning } = process;
process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
  if (!/^SQLite is an experimental feature/.test(String(warning))) emitWarning.call(process, warning, ...rest);
}) as typeof process.emitWarning;

// records of deployments lie where the command is called; what devnet and demo deploy lies in the package
process.env.PLIMSOLL_HOME ??= process.cwd();
process.env.HARDHAT_CONFIG = join(import.meta.dirname, "hardhat.config.js");

const [{ surviveClosedPipes }, { main }] = await Promise.all([import("../cli/closedPipes.ts"), import("../cli/main.ts")]);
surviveClosedPipes();
process.exitCode = await main(process.argv);
