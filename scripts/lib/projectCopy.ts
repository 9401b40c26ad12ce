import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "./run.ts";

/** What the tests of a copy import or read. */
const COPIED = ["contracts", "src", "app", "test", "scripts", "deploy", "docs", "bench", "README.md", "package.json", "tsconfig.json"];

/**
 * A copy of the project in a folder of its own, gone when the process ends: what is planted or compiled there must not lie in the project.
 * @param config what stands in its `hardhat.config.ts`, which may import the project's as `./hardhat.config.base.ts`
 * @param more files and folders to copy beside what tests need
 */
export function copyProject(name: string, config: string, more: readonly string[] = []): string {
  const copy = mkdtempSync(join(tmpdir(), `plimsoll-${name}-`));
  process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
  process.on("SIGINT", () => process.exit(130));
  process.on("SIGTERM", () => process.exit(143));
  for (const each of [...COPIED, ...more]) {
    if (existsSync(join(projectRoot, each))) cpSync(join(projectRoot, each), join(copy, each), { recursive: true });
  }
  cpSync(join(projectRoot, "hardhat.config.ts"), join(copy, "hardhat.config.base.ts"));
  writeFileSync(join(copy, "hardhat.config.ts"), config);
  symlinkSync(join(projectRoot, "node_modules"), join(copy, "node_modules"));
  return copy;
}
