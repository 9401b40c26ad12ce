// Formatters and linters of both languages. `--fix` mends what can be mended, `--format` only formats.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { projectRoot, run } from "./lib/run.ts";

const mode = process.argv[2] ?? "--check";
if (!["--check", "--fix", "--format"].includes(mode) || process.argv.length > 3) {
  console.error("lint takes --fix or --format, or nothing");
  process.exit(2);
}

const solidity = ["contracts", "test"].filter((folder) => existsSync(join(projectRoot, folder))).map((folder) => `${folder}/**/*.sol`);
const prettier = ["--log-level", "warn", "--no-error-on-unmatched-pattern", mode === "--check" ? "--check" : "--write", ...solidity];

const parts: [string, string[]][] =
  mode === "--format"
    ? [
        ["biome", ["format", "--write", "."]],
        ["prettier", prettier],
      ]
    : [
        ["biome", ["check", "--error-on-warnings", ...(mode === "--fix" ? ["--write"] : []), "."]],
        ["solhint", ["--noPoster", "--disc", "--max-warnings", "0", "contracts/**/*.sol"]],
        ["prettier", prettier],
      ];

let failed = false;
for (const [command, args] of parts) {
  const { code } = await run(command, args, { live: true });
  if (code !== 0) failed = true;
}
process.exit(failed ? 1 : 0);
