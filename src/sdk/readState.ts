import type { Interface } from "ethers";
import type { Account, AccountId, CollateralToken, FundAccountState, Position, State, Underlying } from "../engine/types.ts";
import { interfaceOf } from "./artifacts.ts";
import type { Rpc } from "./rpc.ts";

type Fields<Name extends string> = Readonly<Record<Name, bigint>>;

/** Cuts a packed word into fields of the given widths, from the lowest bit up; a name beginning with "_" is skipped. */
function cut<const Layout extends readonly (readonly [string, number])[]>(word: bigint, layout: Layout): Fields<Layout[number][0]> {
  const fields: Record<string, bigint> = {};
  let offset = 0n;
  for (const [name, width] of layout) {
    fields[name] = BigInt.asUintN(width, word >> offset);
    offset += BigInt(width);
  }
  return fields as Fields<Layout[number][0]>;
}

/** Reads the vault's raw books, never a view that values. */
export type VaultReader = {
  /** Everything but the accounts. */
  readonly shared: () => Promise<Omit<State, "accounts" | "now">>;
  readonly account: (id: AccountId) => Promise<Account>;
};

/** @param block tag of the block as of which is read, asked for at each request */
export function vaultReader(rpc: Rpc, vault: string, block: () => string = () => "latest"): VaultReader {
  const abi = interfaceOf("MarginVault");
  const call = (method: string, ...args: unknown[]) => callContract(rpc, abi, vault, method, args, block());
  let fixed: { fund: string; defaultModules: bigint } | undefined;

  const underlying = async (index: number): Promise<Underlying> => {
    const [words] = (await call("underlyingWords", index)) as [bigint[]];
    const [price = 0n, sample = 0n, pending = 0n, funding = 0n, trading = 0n, volatility = 0n, guard = 0n, fund = 0n] = words;
    return decodeUnderlying({ price, sample, pending, funding, trading, volatility, guard, fund });
  };
  const collateral = async (index: number): Promise<CollateralToken> => {
    const [parameters, supply] = (await call("collateralWords", index)) as [bigint, bigint];
    return decodeCollateral(parameters, supply);
  };

  return {
    shared: async () => {
      const [margin, liquidation, fund, listed] = (await call("parameterWords")) as [bigint, bigint, bigint, bigint];
      fixed ??= {
        fund: String((await call("FUND"))[0]).toLowerCase(),
        defaultModules: (await call("DEFAULT_MODULES"))[0] as bigint,
      };
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
        ...decodeParameters(margin, liquidation, fund),
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
      return { id, cash, moduleDifference: 0n, epoch, positions, collateral: held, operators: new Map(), exchangeSince: 0n };
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

type UnderlyingWords = Fields<"price" | "sample" | "pending" | "funding" | "trading" | "volatility" | "guard" | "fund">;

/** The fields of an underlying from its words, as `contracts/words` lays them out. */
export function decodeUnderlying(words: UnderlyingWords): Underlying {
  const price = cut(words.price, [
    ["price", 96],
    ["priceTime", 40],
    ["targetRange", 32],
    ["heldRange", 32],
    ["depth", 40],
    ["lotExponent", 8],
    ["priceState", 8],
  ]);
  const funding = cut(words.funding, [
    ["index", 96],
    ["rate", 32],
    ["time", 40],
    ["openInterest", 44],
    ["cap", 44],
  ]);
  const guard = cut(words.guard, [
    ["sources", 8],
    ["dropped", 8],
    ["droppedUntil", 40],
    ["agreement", 24],
    ["band", 24],
    ["widestBand", 24],
    ["from", 40],
    ["to", 40],
    ["end", 40],
  ]);
  const { from, to, end, ...bands } = guard;
  return {
    ...price,
    sample: cut(words.sample, [
      ["price", 96],
      ["time", 40],
      ["fast", 40],
      ["slow", 40],
      ["rateTime", 40],
    ]),
    pending: cut(words.pending, [
      ["price", 96],
      ["time", 40],
      ["source", 8],
    ]),
    funding: { ...funding, index: BigInt.asIntN(96, funding.index), rate: BigInt.asIntN(32, funding.rate) },
    trading: cut(words.trading, [
      ["fillBand", 24],
      ["positionCap", 48],
      ["openInterestCap", 44],
      ["stoppedUntil", 40],
      ["feeCap", 24],
      ["guardianCapUntil", 40],
    ]),
    volatility: cut(words.volatility, [
      ["multiple", 32],
      ["horizon", 32],
      ["rangeFloor", 32],
      ["rangeCap", 32],
      ["sigmaFloor", 32],
    ]),
    guard: { ...bands, depthRamp: { from, to, end } },
    fund: cut(words.fund, [
      ["inventorySince", 40],
      ["epochStart", 40],
      ["toppedUp", 128],
    ]),
  };
}

export function decodeCollateral(parameters: bigint, supply: bigint): CollateralToken {
  const word = cut(parameters, [
    ["token", 160],
    ["decimals", 8],
    ["underlying", 8],
    ["from", 24],
    ["to", 24],
    ["end", 32],
  ]);
  return {
    token: `0x${word.token.toString(16).padStart(40, "0")}`,
    decimals: word.decimals,
    underlying: word.underlying,
    haircut: { from: word.from, to: word.to, end: word.end },
    ...cut(supply, [
      ["supply", 128],
      ["cap", 128],
    ]),
  };
}

export function decodeParameters(
  margin: bigint,
  liquidation: bigint,
  fund: bigint,
): Pick<State, "margin" | "liquidation" | "fundParameters"> {
  const m = cut(margin, [
    ["maintenanceFrom", 24],
    ["maintenanceTo", 24],
    ["provisionFrom", 24],
    ["provisionTo", 24],
    ["interMonthFrom", 24],
    ["interMonthTo", 24],
    ["end", 40],
    ["tradingAge", 16],
    ["liquidationAge", 8],
    ["openInterestCharge", 24],
    ["gainLock", 24],
  ]);
  const { tradingAge, liquidationAge, openInterestCharge, gainLock, end } = m;
  return {
    margin: {
      maintenance: { from: m.maintenanceFrom, to: m.maintenanceTo, end },
      provision: { from: m.provisionFrom, to: m.provisionTo, end },
      interMonth: { from: m.interMonthFrom, to: m.interMonthTo, end },
      tradingAge,
      liquidationAge,
      openInterestCharge,
      gainLock,
    },
    liquidation: cut(liquidation, [
      ["recovery", 24],
      ["discountMin", 24],
      ["discountMax", 24],
      ["grossDiscount", 24],
      ["keeperShare", 24],
      ["fundShare", 24],
      ["bounty", 48],
      ["smallestNotional", 32],
    ]),
    fundParameters: cut(fund, [
      ["topUp", 32],
      ["epochLength", 32],
      ["shedTime", 32],
      ["shedStart", 24],
      ["fundPerOpenInterest", 24],
      ["bountyCap", 48],
    ]),
  };
}

function upTo(count: bigint): number[] {
  return [...Array(Number(count)).keys()];
}

function bitsOf(mask: bigint): number[] {
  return upTo(32n).filter((bit) => (mask >> BigInt(bit)) & 1n);
}
