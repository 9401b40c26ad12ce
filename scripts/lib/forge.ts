import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { BadInput } from "../../src/sdk/failure.ts";

/**
 * The folder of forge for this machine. The launcher of the npm package ends with 0 even when it fails: this is the platform's own binary.
 * @throws BadInput where it is not installed
 */
export function forgeFolder(): string {
  const platform = `@foundry-rs/forge-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${platform}/package.json`)), "bin");
  } catch {
    throw new BadInput(`forge is not installed: ${platform} is missing`, "npx -y -p node@24 -c 'npm ci'");
  }
}
