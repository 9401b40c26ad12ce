#!/usr/bin/env node
import { existsSync } from "node:fs";
import { join } from "node:path";
import "./lib/generatedTypes.ts";

if (existsSync(join(import.meta.dirname, "..", "typechain-types", "index.ts"))) {
  // after the hook is in place
  const { main } = await import("../src/cli/main.ts");
  process.exitCode = await main(process.argv);
} else {
  process.stderr.write("error: the contracts are not compiled (run: npm run build)\n");
  process.exitCode = 1;
}
