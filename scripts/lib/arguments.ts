import { parseArgs } from "node:util";
import { BadInput } from "../../src/sdk/failure.ts";

/** The value of `--network NAME`, the only argument but `--help`, which prints `usage` and ends the process. Throws BadInput otherwise. */
export function networkArgument(usage: string): string {
  try {
    const { values } = parseArgs({ options: { network: { type: "string" }, help: { type: "boolean", short: "h" } }, strict: true });
    if (values.help === true) {
      console.log(usage);
      process.exit(0);
    }
    if (values.network !== undefined && /^[\w-]+$/.test(values.network)) return values.network;
  } catch (error) {
    throw new BadInput(error instanceof Error ? error.message : String(error), "--network NAME");
  }
  throw new BadInput("no network is named", "--network NAME");
}
