#!/usr/bin/env node
import { existsSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import { surviveClosedPipes } from "../src/cli/closedPipes.ts";
import "./lib/generatedTypes.ts";

surviveClosedPipes();
// half of a short command's time would go into compiling the same modules again
enableCompileCache(join(import.meta.dirname, "..", "cache", "node"));
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
