import type { Account, AccountId } from "../engine/types/types.ts";
import type { EncodedAction } from "./actions.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { type VaultEvent, vaultEvents } from "./events.ts";
import { BadInput, Failure } from "./failure.ts";
import { interfaceOf } from "./interfaces.ts";
import { type LiquidationPrices, liquidationPrices } from "./liquidationPrices.ts";
import { callContract } from "./readState.ts";
import type { Rpc } from "./rpc.ts";
import { type Standing, standings } from "./standing.ts";
import { readVault, type VaultView } from "./vaultView.ts";

/** An account as of the latest block. */
export type AccountView = {
  /** As it is stored. */
  readonly stored: Account;
  /** Its live figures, as liquidation sees them. */
  readonly standing: Standing;
  /** By underlying in which it holds something: prices of a lot, WAD, at which it falls below its line, the others as they are. */
  readonly liquidation: ReadonlyMap<number, LiquidationPrices>;
};

/** Equity and the margin that it takes to open, WAD. */
export type OpeningFigures = { readonly equity: bigint; readonly margin: bigint };

/** A deployment on a node. Everything is read as of the latest block. */
export type Deployed = {
  readonly record: DeploymentRecord;
  readonly rpc: Rpc;
  /** The books with some accounts, for the engine. */
  readonly read: (accounts?: readonly AccountId[]) => Promise<VaultView>;
  readonly account: (account: AccountId) => Promise<AccountView>;
  /**
   * What actions would do to an account, by the contracts themselves; nothing is sent.
   * @param from who would send them
   * @throws what the vault would revert with: `explainError` says it in words
   */
  readonly preview: (
    from: string,
    actions: readonly EncodedAction[],
    account: AccountId,
  ) => Promise<{ readonly before: OpeningFigures; readonly afterwards: OpeningFigures }>;
  /** Events since a block; since the deployment by default. */
  readonly events: (from?: number, to?: number) => AsyncGenerator<VaultEvent, void>;
};

/**
 * A deployment by its record, on a node that is on its chain.
 * @throws BadInput when the node is on another chain
 * @throws Failure when there is no code at the vault's address
 * @example
 * const deployed = await connect(rpc, record);
 * const { standing, liquidation } = await deployed.account(accountIdOf(wallet.address));
 * standing.figures.equity > standing.maintenance // true
 * [...liquidation.keys()] // [1, 0]
 */
export async function connect(rpc: Rpc, record: DeploymentRecord): Promise<Deployed> {
  const chainId = Number(await rpc("eth_chainId"));
  const { network, contracts } = record;
  if (chainId !== record.chainId)
    throw new BadInput(`the node is on chain ${chainId}, but ${network} is deployed on chain ${record.chainId}`);
  if ((await rpc("eth_getCode", [contracts.vault, "latest"])) === "0x")
    throw new Failure(`the addresses recorded for ${network} hold no code on this node`, "deploy again, or start plimsoll devnet");

  const read = (accounts: readonly AccountId[] = []): Promise<VaultView> => readVault({ rpc, record }, accounts);
  return {
    record,
    rpc,
    read,
    account: async (account) => {
      const { state } = await read([account]);
      const stored = state.accounts.get(account);
      const [standing] = standings(state, [account]);
      if (stored === undefined || standing === undefined) throw new BadInput(`account ${account} is one of the fund's own`);
      const backing = [...stored.collateral.keys()].flatMap((token) => record.collaterals[token]?.underlying ?? []);
      const held = new Set([...stored.positions.keys(), ...stored.series.keys(), ...backing]);
      const priced = [...held].filter((index) => (state.underlyings[index]?.price ?? 0n) !== 0n);
      return { stored, standing, liquidation: new Map(priced.map((index) => [index, liquidationPrices(state, account, index)])) };
    },
    preview: async (from, actions, account) => {
      const [before, afterwards] = await callContract(rpc, interfaceOf("MarginLens"), contracts.lens, "preview", [from, actions, account]);
      return { before: figures(before), afterwards: figures(afterwards) };
    },
    events: (from = record.block, to) => vaultEvents(rpc, contracts.vault, from, to),
  };
}

function figures(told: unknown): OpeningFigures {
  const { equity, margin } = told as OpeningFigures;
  return { equity, margin };
}
