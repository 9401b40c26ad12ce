import { parseArgs } from "node:util";
import { BadInput } from "../../src/sdk/failure.ts";

/** The value of `--network NAME`, the only argument. Throws BadInput otherwise. */
export function networkArgument(): string {
  return deployArguments(false).network;
}

/** `--network NAME` and, where it may be given, `--confirmations N`. Throws BadInput otherwise. */
export function deployArguments(confirmable = true): { readonly network: string; readonly confirmations?: number } {
  const usage = `--network NAME${confirmable ? " [--confirmations N]" : ""}`;
  let values: { network?: string; confirmations?: string };
  try {
    ({ values } = parseArgs({ options: { network: { type: "string" }, confirmations: { type: "string" } }, strict: true }));
  } catch (error) {
    throw new BadInput(error instanceof Error ? error.message : String(error), usage);
  }
  const { network, confirmations } = values;
  if (network === undefined || !/^[\w-]+$/.test(network)) throw new BadInput("no network is named", usage);
  if (confirmations === undefined) return { network };
  if (!confirmable) throw new BadInput("Unknown option '--confirmations'", usage);
  if (!/^[1-9]\d{0,2}$/.test(confirmations)) throw new BadInput(`--confirmations: "${confirmations}" is not a number from 1 to 999`);
  return { network, confirmations: Number(confirmations) };
}
