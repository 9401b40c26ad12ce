import type { VaultEventArguments } from "./abis.ts";
import { interfaceOf } from "./interfaces.ts";
import { type Log, logReader } from "./logs.ts";
import type { Rpc } from "./rpc.ts";

/** An event of the vault: which one it is says what its arguments are. Amounts are WAD, lots whole, accounts numbers as `ownerOf` takes them apart. */
export type VaultEvent = {
  readonly [Name in keyof VaultEventArguments]: {
    readonly name: Name;
    readonly args: VaultEventArguments[Name];
    readonly block: number;
    readonly transaction: string;
  };
}[keyof VaultEventArguments];

/**
 * What a log of the vault says; undefined for one that is of no known event.
 * @example
 * const logs = (await rpc("eth_getLogs", [{ address: record.contracts.vault, fromBlock: "0x0" }])) as Parameters<typeof vaultEvent>[0][];
 * const deposits = logs.map(vaultEvent).filter((event) => event?.name === "Deposited");
 * deposits.length > 0 // true
 */
export function vaultEvent(log: Log): VaultEvent | undefined {
  const parsed = interfaceOf("IMarginVault").parseLog({ ...log, topics: [...log.topics] });
  if (parsed === null) return undefined;
  // by place: a name such as `length` would be a member of the array that ethers gives
  const args = Object.fromEntries(parsed.fragment.inputs.map(({ name }, i) => [name, parsed.args[i] as unknown]));
  return { name: parsed.name, args, block: Number(log.blockNumber), transaction: log.transactionHash } as VaultEvent;
}

/**
 * The events of a vault in their order, read in stretches that the node allows.
 * @param from the first block: `record.block`, or the one after the last that was read
 * @param to the last block; the latest by default
 * @example
 * const makers = new Set<bigint>();
 * for await (const event of vaultEvents(rpc, record.contracts.vault, record.block)) {
 *   if (event.name === "Filled") makers.add(event.args.maker);
 * }
 * makers.size > 0 // true
 */
export async function* vaultEvents(rpc: Rpc, vault: string, from: number, to?: number): AsyncGenerator<VaultEvent, void> {
  const last = to ?? Number(await rpc("eth_blockNumber"));
  for await (const { logs } of logReader(rpc).stretches(vault, from, last)) {
    for (const log of logs) {
      const event = vaultEvent(log);
      if (event !== undefined) yield event;
    }
  }
}
