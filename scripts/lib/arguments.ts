import { parseArgs } from "node:util";
import { BadInput } from "../../src/sdk/failure.ts";

/** The value of `--network NAME`, the only argument. Throws BadInput otherwise. */
export function networkArgument(): string {
  try {
    const { values } = parseArgs({ options: { network: { type: "string" } }, strict: true });
    if (values.network !== undefined && /^[\w-]+$/.test(values.network)) return values.network;
  } catch (error) {
    throw new BadInput(error instanceof Error ? error.message : String(error), "--network NAME");
  }
  throw new BadInput("no network is named", "--network NAME");
}
