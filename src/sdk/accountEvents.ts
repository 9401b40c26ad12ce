import { toBeHex } from "ethers";
import type { AccountId } from "../engine/types/types.ts";
import type { VaultEventArguments } from "./abis.ts";
import { type VaultEvent, vaultEvent } from "./events.ts";
import { interfaceOf } from "./interfaces.ts";
import { type Log, logReader } from "./logs.ts";
import type { Rpc } from "./rpc.ts";

/** At which places of an event an account is indexed. */
const PLACES = [1, 2] as const;

/**
 * What the vault's log says of one account, in its order: nodes look for it by its number, so that others' events are not sent.
 * @param from the first block: `record.block`
 * @example
 * const events = await accountEvents(rpc, record.contracts.vault, accountIdOf(wallet.address), record.block);
 * events.filter(({ name }) => name === "Filled").length > 0 // true
 */
export async function accountEvents(rpc: Rpc, vault: string, account: AccountId, from: number, to?: number): Promise<VaultEvent[]> {
  const last = to ?? Number(await rpc("eth_blockNumber"));
  const topic = toBeHex(account, 32);
  const found = await Promise.all(PLACES.map((place) => logReader(rpc).all(vault, from, last, [...Array<null>(place).fill(null), topic])));
  const seen = new Set<string>();
  const logs = found.flat().filter((log) => {
    const key = `${log.blockNumber} ${log.logIndex}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  const order = (log: Log): [number, number] => [Number(log.blockNumber), Number(log.logIndex)];
  logs.sort((a, b) => order(a)[0] - order(b)[0] || order(a)[1] - order(b)[1]);
  return logs.flatMap((log) => vaultEvent(log) ?? []);
}

/**
 * What the vault's log says under some names, in its order.
 * @param from the first block: `record.block`
 * @example
 * const posts = await namedEvents(rpc, record.contracts.vault, ["PricePosted"], record.block);
 * posts.every(({ args }) => args.price > 0n) // true
 */
export async function namedEvents<Name extends keyof VaultEventArguments>(
  rpc: Rpc,
  vault: string,
  names: readonly Name[],
  from: number,
  to?: number,
): Promise<Extract<VaultEvent, { readonly name: Name }>[]> {
  const last = to ?? Number(await rpc("eth_blockNumber"));
  const abi = interfaceOf("IMarginVault");
  const topics = names.map((name) => abi.getEvent(name)?.topicHash ?? "");
  const logs = await logReader(rpc).all(vault, from, last, [topics]);
  return logs.flatMap((log) => (vaultEvent(log) as Extract<VaultEvent, { readonly name: Name }> | undefined) ?? []);
}
