#!/usr/bin/env node
import "./lib/generatedTypes.ts";

// after the hook is in place
const { main } = await import("../src/cli/main.ts");
process.exitCode = await main(process.argv);
