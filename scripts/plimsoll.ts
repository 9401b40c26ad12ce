#!/usr/bin/env node
import { existsSync } from "node:fs";
import { join } from "node:path";
import { surviveClosedPipes } from "../src/cli/closedPipes.ts";
import "./lib/generatedTypes.ts";

surviveClosedPipes();
// Hardhat looks for it from where it is called: cron and systemd call from elsewhere
process.env.HARDHAT_CONFIG ??= join(import.meta.dirname, "..", "hardhat.config.ts");

if (existsSync(join(import.meta.dirname, "..", "typechain-types", "index.ts"))) {
  // after the hook is in place
  const { main } = await import("../src/cli/main.ts");
  process.exitCode = await main(process.argv);
} else {
  process.stderr.write("error: the contracts are not compiled (run: npm run build)\n");
  process.exitCode = 1;
}
