import type { HardhatEthersSigner } from "@nomicfoundation/hardhat-ethers/types";
import { AbiCoder, type BaseContract, type BytesLike } from "ethers";
import type { network } from "hardhat";
import { FUND_WORD, LIQUIDATION_WORD, MARGIN_WORD, pack } from "../../src/deployment/words.ts";
import type { AccessManager, FaucetToken, FillModule, IMarginVault, MockRateSource, MockSource } from "../../typechain-types/index.ts";

export type Connection = Awaited<ReturnType<typeof network.create>>;

/** For `network.create`: no transaction is carried out several times beforehand to see how much gas it takes. One that reverts is then in a block. */
export const WITHOUT_ESTIMATES = { override: { gas: 16_000_000 } };

const coder = AbiCoder.defaultAbiCoder();

/** Parameters of the whole vault, in the units of the words that store them. */
export interface VaultParameters {
  maintenance: bigint;
  provision: bigint;
  interMonth: bigint;
  tradingAge: bigint;
  liquidationAge: bigint;
  openInterestCharge: bigint;
  gainLock: bigint;
  recovery: bigint;
  discountMin: bigint;
  discountMax: bigint;
  grossDiscount: bigint;
  keeperShare: bigint;
  fundShare: bigint;
  bounty: bigint;
  smallestNotional: bigint;
  topUp: bigint;
  epochLength: bigint;
  shedTime: bigint;
  shedStart: bigint;
  fundPerOpenInterest: bigint;
  bountyCap: bigint;
  stakeCap: bigint;
}

export const DEFAULT_PARAMETERS: VaultParameters = {
  maintenance: 800_000n,
  provision: 5_000n,
  interMonth: 17_500n,
  tradingAge: 600n,
  liquidationAge: 60n,
  openInterestCharge: 50_000n,
  gainLock: 250_000n,
  recovery: 1_050_000n,
  discountMin: 50_000n,
  discountMax: 200_000n,
  grossDiscount: 2_000n,
  keeperShare: 300_000n,
  fundShare: 250_000n,
  bounty: 500n,
  smallestNotional: 100n,
  topUp: 250_000n,
  epochLength: 86_400n,
  shedTime: 600n,
  shedStart: 250_000n,
  fundPerOpenInterest: 100_000n,
  bountyCap: 10_000_000n,
  stakeCap: 500_000n,
};

/** An underlying to list; see `UnderlyingListing` for the units. */
export interface UnderlyingOptions {
  price: bigint; // first price of a unit, WAD
  lotExponent: number;
  sources: number;
  fundWeight: bigint; // 0: a share of what the others leave
  fillBand: bigint;
  positionCap: bigint;
  openInterestCap: bigint;
  feeCap: bigint;
  rangeMultiple: bigint;
  horizon: bigint;
  rangeFloor: bigint;
  rangeCap: bigint;
  sigmaFloor: bigint;
  agreementBand: bigint;
  band: bigint;
  widestBand: bigint;
  depth: bigint;
}

export const DEFAULT_UNDERLYING: UnderlyingOptions = {
  price: 2_000n * 10n ** 18n,
  lotExponent: 5,
  sources: 1,
  fundWeight: 0n,
  fillBand: 20_000n,
  positionCap: 2n ** 43n,
  openInterestCap: 2n ** 43n,
  feeCap: 500n,
  rangeMultiple: 5_300_000n,
  horizon: 14_400n,
  rangeFloor: 50_000_000n,
  rangeCap: 350_000_000n,
  sigmaFloor: 300_000n,
  agreementBand: 5_000n,
  band: 20_000n,
  widestBand: 300_000n,
  depth: 500_000_000n,
};

/** Three underlyings like ETH, BTC and a cheap one. */
export const DEFAULT_UNDERLYINGS: Partial<UnderlyingOptions>[] = [
  {},
  { price: 40_000n * 10n ** 18n, lotExponent: 6 },
  { price: 5n * 10n ** 17n, lotExponent: 1, depth: 50_000_000n },
];

/** A collateral token to list. */
export interface CollateralOptions {
  decimals: number;
  underlying: number;
  haircut: bigint; // ppm
  cap: bigint; // WAD
}

export const DEFAULT_COLLATERALS: CollateralOptions[] = [
  { decimals: 18, underlying: 0, haircut: 100_000n, cap: 10n ** 27n },
  { decimals: 8, underlying: 1, haircut: 150_000n, cap: 10n ** 27n },
];

export interface DeployOptions {
  parameters?: Partial<VaultParameters>;
  underlyings?: Partial<UnderlyingOptions>[];
  collaterals?: CollateralOptions[];
  settlementDecimals?: number;
  /** A contract to deploy as the settlement token, whose constructor takes its decimals; by default a FaucetToken. */
  settlementToken?: string;
  /** Owner of the fund accounts; by default the second signer, an ordinary wallet. */
  fund?: string;
  uptimeFeed?: string;
  uptimeGrace?: bigint;
  /** Consent of a new account, a bit a module; by default module 0, the FillModule. */
  defaultModules?: number;
  /** Posts the first prices and lifts the caps of the open interest without asking the fund; true by default. */
  ready?: boolean;
}

/** A vault on the in-process chain with everything that tests touch. */
export interface Deployment {
  connection: Connection;
  vault: IMarginVault;
  authority: AccessManager;
  settlement: FaucetToken;
  collaterals: FaucetToken[];
  sources: MockSource[][];
  rateSource: MockRateSource;
  fills: FillModule;
  deployer: HardhatEthersSigner;
  fund: string;
  fundSigner: HardhatEthersSigner;
  signers: HardhatEthersSigner[];
  /** Addresses of the linked libraries. */
  libraries: Record<string, string>;
  /** Posts a price of one unit (WAD) through every source of an underlying, published at `time` (by default the block's). */
  post: (underlying: number, price: bigint, time?: bigint) => Promise<void>;
}

/** Parameters by their names in the table. */
function named(parameters: VaultParameters): Record<string, bigint> {
  return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value]));
}

/** What a MockSource takes as an update. */
export function mockUpdate(price: bigint, time: bigint, valid = true): string {
  return coder.encode(["uint256", "uint256", "bool"], [price, time, valid]);
}

/** Deploys a contract with its libraries, deploying those that are not in `libraries` yet. */
async function deployLinked<T>(connection: Connection, name: string, args: unknown[], libraries: Record<string, string>): Promise<T> {
  const { ethers } = connection;
  const needed: Record<string, string> = {};
  for (;;) {
    try {
      const factory = await ethers.getContractFactory(name, { libraries: needed });
      const contract = await factory.deploy(...args);
      await contract.waitForDeployment();
      return contract as unknown as T;
    } catch (error) {
      const missing = missingLibraries(error);
      if (missing.length === 0) throw error;
      for (const library of missing) {
        libraries[library] ??= await (await deployLinked<BaseContract>(connection, library, [], libraries)).getAddress();
        needed[library] = libraries[library];
      }
    }
  }
}

/** The libraries that Hardhat says are missing, by bare name. */
function missingLibraries(error: unknown): string[] {
  const message = error instanceof Error ? error.message : "";
  if (!/missing links for the following libraries/.test(message)) return [];
  return [...message.matchAll(/\*\s+(?:\S+:)?(\w+)/g)].map((match) => match[1] ?? "").filter((name) => name !== "");
}

/** Deploys any contract of this project with its linked libraries. */
export async function deployContract<T>(connection: Connection, name: string, ...args: unknown[]): Promise<T> {
  return deployLinked<T>(connection, name, args, {});
}

/**
 * Deploys a vault with mock sources, faucet tokens and a FillModule as module 0, directly with ethers. The deployer may call every restricted entry at once.
 * @example
 * const { vault, settlement, post } = await deployVault(await network.create());
 */
export async function deployVault(connection: Connection, options: DeployOptions = {}): Promise<Deployment> {
  const { ethers } = connection;
  const signers = await ethers.getSigners();
  const [deployer, fundSigner] = signers;
  if (deployer === undefined || fundSigner === undefined) throw new Error("two signers are needed");
  const parameters = { ...DEFAULT_PARAMETERS, ...options.parameters };
  const fund = options.fund ?? fundSigner.address;

  const authority = await ethers.deployContract("AccessManager", [deployer.address]);
  const decimals = options.settlementDecimals ?? 6;
  const settlement =
    options.settlementToken === undefined
      ? await ethers.deployContract("FaucetToken", ["Dollar", "USD", decimals])
      : ((await ethers.deployContract(options.settlementToken, [decimals])) as unknown as FaucetToken);
  const rateSource = await ethers.deployContract("MockRateSource");
  const libraries: Record<string, string> = {};
  const construction = {
    authority,
    settlementToken: settlement,
    fund,
    defaultModules: options.defaultModules ?? 1,
    uptimeFeed: options.uptimeFeed ?? ethers.ZeroAddress,
    uptimeGrace: options.uptimeGrace ?? 0n,
    marginParameters: pack(MARGIN_WORD, named(parameters)),
    liquidationParameters: pack(LIQUIDATION_WORD, named(parameters)),
    fundParameters: pack(FUND_WORD, named(parameters)),
  };
  const extension = await deployLinked<BaseContract>(connection, "VaultExtension", [construction], libraries);
  const core = await deployLinked<BaseContract>(connection, "MarginVault", [construction, extension], libraries);
  // what the vault hands on to its extension is not in its own ABI
  const vault = (await ethers.getContractAt("IMarginVault", core)) as unknown as IMarginVault;
  const fills = await ethers.deployContract("FillModule", [vault]);
  await vault.setModule(0, fills);

  const listings = (options.underlyings ?? DEFAULT_UNDERLYINGS).map((each) => ({ ...DEFAULT_UNDERLYING, ...each }));
  const sources: MockSource[][] = [];
  for (const { price, sources: count, ...listing } of listings) {
    const own: MockSource[] = [];
    for (let i = 0; i < count; i++) own.push(await ethers.deployContract("MockSource"));
    sources.push(own);
    await vault.listUnderlying({ ...listing, referencePrice: price, sources: own, rateSource });
  }

  const collaterals: FaucetToken[] = [];
  for (const [i, each] of (options.collaterals ?? DEFAULT_COLLATERALS).entries()) {
    const token = await ethers.deployContract("FaucetToken", [`Collateral ${i}`, `COL${i}`, each.decimals]);
    collaterals.push(token);
    await vault.listCollateral(token, each.underlying, each.haircut, each.cap);
  }

  const post = async (underlying: number, price: bigint, time?: bigint): Promise<void> => {
    const published = time ?? BigInt(await connection.networkHelpers.time.latest()) + 1n;
    if (time === undefined) await connection.networkHelpers.time.setNextBlockTimestamp(published);
    const update = mockUpdate(price, published);
    const updates: BytesLike[] = (sources[underlying] ?? []).map(() => update);
    await vault.postPrice(underlying, updates);
  };
  if (options.ready ?? true) {
    for (const [i, { price, openInterestCap }] of listings.entries()) {
      await post(i, price);
      await liftOpenInterestCap(connection, vault, i, openInterestCap);
    }
  }
  return {
    connection,
    vault,
    authority,
    settlement,
    collaterals,
    sources,
    rateSource,
    fills,
    deployer,
    fund,
    fundSigner,
    signers,
    libraries,
    post,
  };
}

/** Slot of `VaultState.fundings`; `VaultState` starts at slot 0 of the vault. */
const FUNDINGS_SLOT = 8n;

/** Writes the cap of the open interest into the funding word, as if the fund supported it. */
export async function liftOpenInterestCap(connection: Connection, vault: IMarginVault, underlying: number, lots: bigint): Promise<void> {
  const { ethers, networkHelpers } = connection;
  const address = await vault.getAddress();
  const slot = ethers.keccak256(coder.encode(["uint256", "uint256"], [underlying, FUNDINGS_SLOT]));
  const words = await vault.underlyingWords(underlying);
  const word = ((words[3] ?? 0n) & ((1n << 212n) - 1n)) | (lots << 212n);
  await networkHelpers.setStorageAt(address, slot, ethers.toBeHex(word, 32));
  const written = await vault.underlyingWords(underlying);
  if (written[3] !== word) throw new Error("the slot of the funding words has moved: mend FUNDINGS_SLOT");
}
