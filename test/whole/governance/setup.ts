import { network } from "hardhat";
import { PARAMETERS, parameterIndex } from "../../../src/engine/math/bounds.ts";

export const DAY = 86_400;
export const connection = await network.create();
export const { ethers, networkHelpers } = connection;

/** The errors that governance shares with the rest of the vault; never called. */
export const errors = await ethers.getContractAt("IMarginVault", ethers.ZeroAddress);

export const GOVERNOR_ROLE = 1n;
export const GUARDIAN_ROLE = 2n;

export function initial(name: string): bigint {
  return PARAMETERS[parameterIndex(name)]!.initial;
}

type Overrides = Readonly<Record<string, bigint>>;

/** The three words of the whole vault from the table's initial values, some replaced. */
export function initialWords(overrides: Overrides = {}): [bigint, bigint, bigint] {
  const value = (name: string): bigint => overrides[name] ?? initial(name);
  const both = (name: string, offset: bigint): bigint => (value(name) << offset) | (value(name) << (offset + 24n));
  return [
    both("Maintenance", 0n) |
      both("Provision", 48n) |
      both("InterMonth", 96n) |
      (value("TradingAge") << 184n) |
      (value("LiquidationAge") << 200n) |
      (value("OpenInterestCharge") << 208n) |
      (value("GainLock") << 232n),
    value("Recovery") |
      (value("DiscountMin") << 24n) |
      (value("DiscountMax") << 48n) |
      (value("GrossDiscount") << 72n) |
      (value("KeeperShare") << 96n) |
      (value("FundShare") << 120n) |
      (value("Bounty") << 144n) |
      (value("SmallestNotional") << 192n),
    value("TopUp") |
      (value("EpochLength") << 32n) |
      (value("ShedTime") << 64n) |
      (value("ShedStart") << 96n) |
      (value("FundPerOpenInterest") << 120n) |
      (value("BountyCap") << 144n) |
      (value("StakeCap") << 192n),
  ];
}

/** A listing of an underlying at 2,000 settlement tokens with the table's initial values. `sources` and `rateSource` need code. */
export function listing(sources: readonly string[], rateSource: string, overrides: Overrides = {}) {
  const value = (name: string): bigint => overrides[name] ?? initial(name);
  return {
    lotExponent: overrides.lotExponent ?? 4n,
    referencePrice: overrides.referencePrice ?? 2_000n * 10n ** 18n,
    fundWeight: value("FundWeight"),
    fillBand: value("FillBand"),
    positionCap: value("PositionCap"),
    openInterestCap: value("OpenInterestCap"),
    feeCap: value("FeeCap"),
    rangeMultiple: value("RangeMultiple"),
    horizon: value("Horizon"),
    rangeFloor: value("RangeFloor"),
    rangeCap: value("RangeCap"),
    sigmaFloor: value("SigmaFloor"),
    agreementBand: value("AgreementBand"),
    band: value("Band"),
    widestBand: value("WidestBand"),
    depth: value("Depth"),
    sources: [...sources],
    rateSource,
  };
}

export interface PriceFields {
  readonly price?: bigint;
  readonly time?: bigint;
  readonly target?: bigint;
  readonly held?: bigint;
  readonly depth?: bigint;
  readonly state?: bigint;
}

/** A PriceWord: price of a lot in WAD, ranges in ppb, depth in lots. */
export function priceWord(fields: PriceFields): bigint {
  return (
    (fields.price ?? 0n) |
    ((fields.time ?? 0n) << 96n) |
    ((fields.target ?? 0n) << 136n) |
    ((fields.held ?? 0n) << 168n) |
    ((fields.depth ?? initial("Depth")) << 200n) |
    (4n << 240n) |
    ((fields.state ?? 0n) << 248n)
  );
}

/**
 * A manager with the governor's and the guardian's roles on a harness, one underlying with three sources and one collateral token listed. The governor has no
 * delay here; what delays do is tested where it is the subject.
 */
export async function deployGovernance() {
  const [deployer, governor, guardian, outsider] = await ethers.getSigners();
  const manager = await ethers.deployContract("AccessManager", [deployer!.address]);
  const settlement = await ethers.deployContract("DecimalsToken", [6]);
  const config = await ethers.deployContract("ConfigLogic");
  const series = await ethers.deployContract("SeriesLogic");
  const libraries = { ConfigLogic: await config.getAddress(), SeriesLogic: await series.getAddress() };
  const factory = await ethers.getContractFactory("GovernanceHarness", { libraries });
  const vault = await factory.deploy(await manager.getAddress(), await settlement.getAddress(), initialWords());
  const address = await vault.getAddress();
  const selectors = (names: readonly string[]): string[] =>
    names.map((name) => vault.interface.getFunction(name as "setParameter").selector);
  await manager.setTargetFunctionRole(address, selectors(GOVERNOR_ENTRIES), GOVERNOR_ROLE);
  await manager.setTargetFunctionRole(address, selectors(GUARDIAN_ENTRIES), GUARDIAN_ROLE);
  await manager.grantRole(GOVERNOR_ROLE, governor!.address, 0);
  await manager.grantRole(GUARDIAN_ROLE, guardian!.address, 0);
  // any contracts will do as sources, modules and rate source: configuration never calls them
  const stand = await Promise.all(Array.from({ length: 6 }, () => ethers.deployContract("DecimalsToken", [18])));
  const stands = await Promise.all(stand.map((contract) => contract.getAddress()));
  const governed = vault.connect(governor!);
  const guarded = vault.connect(guardian!);
  await governed.listUnderlying(listing(stands.slice(0, 3), stands[3]!));
  const token = await ethers.deployContract("DecimalsToken", [18]);
  await governed.listCollateral(await token.getAddress(), 0, initial("Haircut"), initial("SupplyCap"));
  return {
    vault,
    governed,
    guarded,
    manager,
    config,
    libraries,
    settlement,
    token,
    stands,
    deployer,
    governor,
    guardian,
    outsider,
    address,
  };
}

export const GOVERNOR_ENTRIES = [
  "listUnderlying",
  "listCollateral",
  "setParameter",
  "setModule",
  "setSources",
  "setRateSource",
  "setVolatilitySource",
  "listSeries",
  "liftMeasure",
] as const;

export const GUARDIAN_ENTRIES = ["stopOpens", "lowerOpenInterestCap", "dropSource", "disableModule"] as const;

export async function now(): Promise<bigint> {
  return BigInt(await networkHelpers.time.latest());
}
