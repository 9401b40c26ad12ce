import { AbiCoder, type Interface, keccak256 } from "ethers";
import type {
  Account,
  AccountId,
  CollateralToken,
  FundAccountState,
  Position,
  Series,
  SeriesPosition,
  State,
  Underlying,
} from "../engine/types/types.ts";
import {
  collateralFromWords,
  fundParametersFromWord,
  liquidationFromWord,
  marginFromWord,
  type SeriesWords,
  seriesFromWords,
  seriesPosition,
  type UnderlyingWords,
  underlyingFromWords,
  waterLinesFromWords,
} from "../engine/words/words.ts";
import { interfaceOf } from "./interfaces.ts";
import type { Rpc } from "./rpc.ts";

/** Place of the vault's mapping of accounts to the time at which they were declared (`VaultStorage.sol`). */
export const EXCHANGE_SINCE = 4;

const exchangeSlot = (id: AccountId): string => keccak256(AbiCoder.defaultAbiCoder().encode(["uint256", "uint256"], [id, EXCHANGE_SINCE]));

/** Reads the vault's raw books, never a view that values. */
export type VaultReader = {
  /** Everything but the accounts; of the series those that are not known to have settled. */
  readonly shared: () => Promise<Omit<State, "accounts" | "now">>;
  readonly account: (id: AccountId) => Promise<Account>;
  /** A series that was listed once, whether it has settled or not. */
  readonly series: (underlying: number, number: number) => Promise<Series>;
};

/**
 * @param block tag of the block as of which is read, asked for at each request
 * @example
 * const reader = vaultReader(rpc, record.contracts.vault);
 * const { underlyings } = await reader.shared();
 * underlyings.length // record.underlyings.length
 */
export function vaultReader(rpc: Rpc, vault: string, block: () => string = () => "latest"): VaultReader {
  const abi = interfaceOf("IMarginVault");
  const call = (method: string, ...args: unknown[]) => callContract(rpc, abi, vault, method, args, block());
  let fixed: { fund: string; defaultModules: bigint } | undefined;

  const seriesOf = async (underlying: number, number: number, listed: boolean): Promise<Series> => {
    const [words, [risks]] = (await Promise.all([
      call("seriesWords", underlying, number),
      call("riskWords", underlying, number),
    ])) as unknown as [SeriesWords, [Iterable<bigint>]];
    return seriesFromWords(words, [...risks], listed);
  };
  const listedIn = async (underlying: number): Promise<number[]> => {
    const [bits] = (await call("seriesListed", underlying)) as [bigint];
    return bitsOf(bits);
  };
  const underlying = async (index: number): Promise<Underlying> => {
    const [[words], listed] = (await Promise.all([call("underlyingWords", index), listedIn(index)])) as [[UnderlyingWords], number[]];
    const series = await Promise.all(listed.map(async (number) => [number, await seriesOf(index, number, true)] as const));
    return underlyingFromWords(words, new Map(series));
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
      const [watched, short] = (await call("shortfalls")) as unknown as [bigint, readonly bigint[]];
      const [lines] = (await call("waterLines")) as unknown as [readonly bigint[]];
      const idle: FundAccountState = { inventorySince: 0n, epochStart: 0n, drawn: 0n, drawnBefore: 0n, weight: 0n };
      return {
        ...fixed,
        vault: vault.toLowerCase(),
        settlementDecimals: 18n,
        settlement,
        deficit,
        unreserved: idle,
        bounties: idle,
        drawn: idle,
        shortfalls: new Map(bitsOf(watched).map((u) => [u, short[u] ?? 0n])),
        waterLines: waterLinesFromWords(lines),
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
      const series = new Map<number, SeriesPosition[]>();
      for (const u of bitsOf(underlyings)) {
        const [lots, fundingIndex, entryCost] = (await call("positionOf", id, u)) as [bigint, bigint, bigint];
        if (lots !== 0n) positions.set(u, { lots, fundingIndex, entryCost });
        const [instruments, sizes, halvings, costs] = (await call("seriesPositionsOf", id, u)) as [bigint[], bigint[], bigint[], bigint[]];
        if (instruments.length > 0) {
          series.set(
            u,
            instruments.map((instrument, i) => seriesPosition(BigInt(instrument), sizes[i] ?? 0n, BigInt(halvings[i] ?? 0n), costs[i])),
          );
        }
      }
      const held = new Map<number, bigint>();
      for (const t of bitsOf(collaterals)) held.set(t, (await call("collateralOf", id, t))[0] as bigint);
      // no view says it, and who has nothing to be bought owes nobody
      const exchangeSince = held.size === 0 ? 0n : BigInt((await rpc("eth_getStorageAt", [vault, exchangeSlot(id), block()])) as string);
      return {
        id,
        cash,
        moduleDifference: 0n,
        epoch,
        positions,
        series,
        collateral: held,
        operators: new Map(),
        exchangeSince,
      };
    },
    series: async (index, number) => seriesOf(index, number, (await listedIn(index)).includes(number)),
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
  return upTo(256n).filter((bit) => (mask >> BigInt(bit)) & 1n);
}
