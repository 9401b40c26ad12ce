import type { Interface } from "ethers";
import type { Account, AccountId, CollateralToken, FundAccountState, Position, State, Underlying } from "../engine/types.ts";
import {
  collateralFromWords,
  fundParametersFromWord,
  liquidationFromWord,
  marginFromWord,
  type UnderlyingWords,
  underlyingFromWords,
} from "../engine/words.ts";
import { interfaceOf } from "./artifacts.ts";
import type { Rpc } from "./rpc.ts";

/** Reads the vault's raw books, never a view that values. */
export type VaultReader = {
  /** Everything but the accounts. */
  readonly shared: () => Promise<Omit<State, "accounts" | "now">>;
  readonly account: (id: AccountId) => Promise<Account>;
};

/** @param block tag of the block as of which is read, asked for at each request */
export function vaultReader(rpc: Rpc, vault: string, block: () => string = () => "latest"): VaultReader {
  const abi = interfaceOf("IMarginVault");
  const call = (method: string, ...args: unknown[]) => callContract(rpc, abi, vault, method, args, block());
  let fixed: { fund: string; defaultModules: bigint } | undefined;

  const underlying = async (index: number): Promise<Underlying> => {
    const [words] = (await call("underlyingWords", index)) as [UnderlyingWords];
    return underlyingFromWords(words);
  };
  const collateral = async (index: number): Promise<CollateralToken> => {
    const [parameters, supply] = (await call("collateralWords", index)) as [bigint, bigint];
    return collateralFromWords(parameters, supply);
  };

  return {
    shared: async () => {
      const [margin, liquidation, fund, listed] = (await call("parameterWords")) as [bigint, bigint, bigint, bigint];
      if (fixed === undefined) {
        const [, owner, defaultModules] = (await call("constants")) as [string, string, bigint];
        fixed = { fund: owner.toLowerCase(), defaultModules };
      }
      const [settlement, deficit] = (await call("totals")) as [bigint, bigint];
      const idle: FundAccountState = { inventorySince: 0n, epochStart: 0n, toppedUp: 0n };
      return {
        ...fixed,
        vault: vault.toLowerCase(),
        settlementDecimals: 18n,
        settlement,
        deficit,
        shortfalls: idle,
        bounties: idle,
        margin: marginFromWord(margin),
        liquidation: liquidationFromWord(liquidation),
        fundParameters: fundParametersFromWord(fund),
        underlyings: await Promise.all(upTo(listed & 0xffn).map(underlying)),
        collaterals: await Promise.all(upTo((listed >> 8n) & 0xffn).map(collateral)),
        modules: [],
      };
    },
    account: async (id) => {
      const [cash, underlyings, collaterals, , epoch] = (await call("headerOf", id)) as [bigint, bigint, bigint, bigint, bigint];
      const positions = new Map<number, Position>();
      for (const u of bitsOf(underlyings)) {
        const [lots, fundingIndex, entryCost] = (await call("positionOf", id, u)) as [bigint, bigint, bigint];
        positions.set(u, { lots, fundingIndex, entryCost });
      }
      const held = new Map<number, bigint>();
      for (const t of bitsOf(collaterals)) held.set(t, (await call("collateralOf", id, t))[0] as bigint);
      return {
        id,
        cash,
        moduleDifference: 0n,
        epoch,
        positions,
        series: new Map(),
        collateral: held,
        operators: new Map(),
        exchangeSince: 0n,
      };
    },
  };
}

/** Calls a view and decodes what it returns. */
export async function callContract(
  rpc: Rpc,
  abi: Interface,
  to: string,
  method: string,
  args: readonly unknown[],
  block = "latest",
): Promise<unknown[]> {
  const data = await rpc("eth_call", [{ to, data: abi.encodeFunctionData(method, [...args]) }, block]);
  return [...abi.decodeFunctionResult(method, data as string)];
}

function upTo(count: bigint): number[] {
  return [...Array(Number(count)).keys()];
}

function bitsOf(mask: bigint): number[] {
  return upTo(32n).filter((bit) => (mask >> BigInt(bit)) & 1n);
}
