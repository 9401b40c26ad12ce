import { instrumentFromNumber } from "../engine/types/instrument.ts";
import type { Account, AccountId, State } from "../engine/types/types.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { vaultReader } from "./readState.ts";
import type { Rpc } from "./rpc.ts";
import { type ListedUnderlying, listedIn } from "./series.ts";

/** The vault as of the latest block: some accounts, and the series that have not settled or that those accounts hold. */
export type VaultView = { readonly state: State; readonly listed: readonly ListedUnderlying[] };

/**
 * Reads the vault's books with some accounts, for the engine to value.
 * @param ids of accounts
 * @example
 * const { state, listed } = await readVault({ rpc, record }, [accountIdOf(wallet.address)]);
 * state.accounts.size // 1
 * instrumentName(listed, parseInstrument(listed, "btc")) // "BTC-PERP"
 */
export async function readVault(
  { rpc, record }: { readonly rpc: Rpc; readonly record: DeploymentRecord },
  ids: readonly AccountId[] = [],
): Promise<VaultView> {
  const reader = vaultReader(rpc, record.contracts.vault);
  const { timestamp } = (await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
  const [shared, held] = await Promise.all([reader.shared(), Promise.all(ids.map(reader.account))]);
  const underlyings = await Promise.all(
    shared.underlyings.map(async (each, index) => {
      const numbers = new Set(held.flatMap((account) => seriesHeld(account, index)));
      const others = [...numbers].filter((number) => !each.series.has(number));
      const read = await Promise.all(others.map(async (number) => [number, await reader.series(index, number)] as const));
      return { ...each, series: new Map([...each.series, ...read]) };
    }),
  );
  const accounts = new Map(held.map((account) => [account.id, account]));
  return { state: { ...shared, underlyings, accounts, now: BigInt(timestamp) }, listed: listedIn(record, underlyings) };
}

/** The numbers of the series that an account holds of an underlying. */
export function seriesHeld({ series }: Account, underlying: number): number[] {
  return [...new Set((series.get(underlying) ?? []).map(({ instrument }) => Number(instrumentFromNumber(instrument).series)))];
}
