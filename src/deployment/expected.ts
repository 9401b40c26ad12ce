import { encodeBytes32String, getAddress, ZeroAddress, ZeroHash } from "ethers";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import type { FaucetParameters, PlimsollParameters, PriceSourceParameters } from "./parameters.ts";
import { GUARDIAN_ENTRIES, MANAGER_ENTRIES, RESTRICTED_ENTRIES, ROLE_NAMES, ROLES } from "./roles.ts";

/** One thing that can be compared: its name, and its value as text. */
export type Leaves = Map<string, string>;

/** What is deployed: by its name in the record, where it is, and the artifact that its code was built from. */
export function contractsOf(record: DeploymentRecord): readonly (readonly [name: string, address: string, artifact: string])[] {
  const artifacts: Readonly<Record<keyof DeploymentRecord["contracts"], string>> = {
    authority: "AccessManager",
    vault: "MarginVault",
    vaultExtension: "VaultExtension",
    insuranceFund: "InsuranceFund",
    orders: "OrderSettlement",
    lens: "MarginLens",
    liquidationBatch: "LiquidationBatch",
    liquidityPool: "LiquidityPool",
    signedSource: "SignedSource",
    chainlinkSource: "ChainlinkSource",
    pythSource: "PythSource",
    signedRateSource: "SignedRateSource",
    signedVolatilitySource: "SignedVolatilitySource",
  };
  return Object.entries(record.contracts).flatMap(([name, address]) =>
    address === undefined ? [] : [[name, address, artifacts[name as keyof typeof artifacts]] as const],
  );
}

/** Immutables in the order of their declarations, file by file (MarginVault, VaultBase; VaultBase, VaultExtension, VaultGovernance). BUILT_FROM, which
 * only the constructor of the vault looks at, is left out. */
export const FIXED: Readonly<Record<string, readonly (string | undefined)[]>> = {
  vault: ["settlement scale", "extension", "settlement token", "fund", "default modules", "uptime feed", "uptime grace"],
  vaultExtension: ["settlement token", "fund", "default modules", "uptime feed", "uptime grace", undefined, "itself", "authority"],
};

/** What is linked into what, of contracts and of libraries. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  vault: [
    "AccountLogic",
    "DoubtLogic",
    "ExchangeLogic",
    "FundLogic",
    "HealthLogic",
    "LiquidationLogic",
    "OpeningLogic",
    "PerpetualLiquidationLogic",
    "PriceLogic",
    "SeriesTradeLogic",
    "SheddingLogic",
    "TakeLogic",
  ],
  vaultExtension: [
    "ConfigLogic",
    "DeleverageLogic",
    "DoubtLogic",
    "ExchangeLogic",
    "FundLogic",
    "HealthLogic",
    "LiquidationLogic",
    "OpeningLogic",
    "OwnerLogic",
    "PortfolioLogic",
    "QuoteLogic",
    "SeriesLogic",
    "SeriesMoveLogic",
  ],
  lens: ["PortfolioLogic"],
  DeleverageLogic: ["ExchangeLogic", "FundLogic", "PortfolioLogic", "SeriesMoveLogic"],
  ExchangeLogic: ["DoubtLogic", "OpeningLogic", "PortfolioLogic"],
  FundLogic: ["DoubtLogic", "OpeningLogic", "PortfolioLogic", "SeriesMoveLogic"],
  HealthLogic: ["OpeningLogic", "PortfolioLogic"],
  LiquidationLogic: ["DoubtLogic", "FundLogic", "OpeningLogic", "PortfolioLogic", "SeriesMoveLogic"],
  OwnerLogic: ["OpeningLogic", "PortfolioLogic"],
  QuoteLogic: ["LiveQuoteLogic"],
  SeriesTradeLogic: ["OpeningLogic", "PortfolioLogic"],
  SheddingLogic: ["OpeningLogic", "PortfolioLogic"],
  TakeLogic: ["DoubtLogic", "ExchangeLogic", "HealthLogic", "OpeningLogic", "SheddingLogic"],
};

const DAY = 86_400n;

/** Everything that the parameter file says, and that follows from it, by the names that `actualLeaves` gives what it finds on the chain. */
export function expectedLeaves(parameters: PlimsollParameters, record: DeploymentRecord): Leaves {
  const leaves: Leaves = new Map();
  const put = (name: string, value: unknown): void => void leaves.set(name, String(value));
  const { contracts } = record;

  for (const [name] of contractsOf(record)) put(`code of ${name}`, "as built");

  for (const role of ROLE_NAMES) {
    put(`role ${role}: admin`, "admin");
    put(`role ${role}: guardian`, role === "parameters" ? "canceller" : "admin");
    put(`role ${role}: grant delay`, 0);
    for (const holder of parameters.roles[role].holders) put(`role ${role}: ${getAddress(holder)}`, `${parameters.roles[role].delay} s`);
  }
  for (const contract of Object.keys(RESTRICTED_ENTRIES) as (keyof typeof RESTRICTED_ENTRIES)[]) {
    if (contracts[contract] === undefined) continue;
    put(`${contract}: authority`, contracts.authority);
    put(`${contract}: closed`, false);
    put(`${contract}: admin delay`, 0);
    for (const entry of RESTRICTED_ENTRIES[contract]) {
      put(`${contract}.${entry}`, contract === "vault" && GUARDIAN_ENTRIES.includes(entry) ? "guardian" : "parameters");
    }
  }

  for (const { name } of MANAGER_ENTRIES) put(`authority.${name}`, "parameters");

  const token = (name: string, given: string | FaucetParameters): void => {
    if (typeof given === "string") put(`${name}: address`, getAddress(given));
    else {
      put(`${name}: name`, given.faucet);
      put(`${name}: symbol`, given.symbol);
      put(`${name}: decimals`, given.decimals);
    }
  };
  token("settlement token", parameters.settlementToken);
  put("vault: settlement token", record.settlementToken.address);
  put("vault: fund", contracts.insuranceFund);
  const { orders, pool } = record.modules;
  const defaultModules = (1 << orders) | (pool === undefined ? 0 : 1 << pool);
  put("vault: default modules", defaultModules);
  put("vault: extension", contracts.vaultExtension);
  for (const [name, libraries] of Object.entries(LIBRARIES)) {
    for (const library of libraries) put(`${name}: library ${library}`, "as built");
  }
  const fixed: Readonly<Record<string, string | number | bigint>> = {
    "settlement scale": 10n ** BigInt(18 - record.settlementToken.decimals),
    extension: contracts.vaultExtension,
    itself: contracts.vaultExtension,
    authority: contracts.authority,
    "settlement token": record.settlementToken.address,
    fund: contracts.insuranceFund,
    "default modules": defaultModules,
    "uptime feed": parameters.uptime?.feed ?? ZeroAddress,
    "uptime grace": parameters.uptime?.grace ?? 0n,
  };
  for (const [name, labels] of Object.entries(FIXED)) {
    for (const label of labels) if (label !== undefined) put(`fixed in ${name}: ${label}`, BigInt(fixed[label] ?? 0));
  }
  put("vault: uptime feed", getAddress(parameters.uptime?.feed ?? ZeroAddress));
  put("vault: uptime grace", parameters.uptime?.grace ?? 0n);
  for (const [name, value] of Object.entries(parameters.values)) put(name, value);
  if (contracts.liquidityPool !== undefined) {
    const { name, symbol, reward, ...values } = parameters.pool;
    put("liquidity pool: vault", contracts.vault);
    put("liquidity pool: asset", record.settlementToken.address);
    put("liquidity pool: name", name);
    put("liquidity pool: symbol", symbol);
    put("liquidity pool: reward", reward * 10n ** BigInt(record.settlementToken.decimals - 6));
    for (const [key, value] of Object.entries(values)) put(`liquidity pool: ${key}`, value);
    for (const [index, { poolWeight }] of parameters.underlyings.entries()) put(`liquidity pool: weight of ${index}`, poolWeight);
  }
  put("insurance fund: vault", contracts.vault);
  put("insurance fund: asset", record.settlementToken.address);
  put("insurance fund: name", parameters.insuranceFund.name);
  put("insurance fund: symbol", parameters.insuranceFund.symbol);
  put("orders: vault", contracts.vault);
  put("orders: taker fee", parameters.orders.takerFee);
  put("orders: maker fee", parameters.orders.makerFee);
  put("lens: vault", contracts.vault);
  put("liquidation batch: vault", contracts.vault);
  for (let index = 0; index < 16; index++) {
    const isOrders = index === orders;
    const module = isOrders ? contracts.orders : index === pool ? contracts.liquidityPool : undefined;
    put(`module ${index}`, module ?? ZeroAddress);
    const { takerFee, makerFee } = parameters.orders;
    put(`module ${index}: fees of orders`, isOrders ? `${takerFee} and ${makerFee}` : "none");
  }

  const signers = (name: string, group: { readonly signers: readonly string[]; readonly threshold: number } | undefined): void => {
    group?.signers.forEach((signer, index) => {
      put(`${name}: signer ${index}`, getAddress(signer));
    });
    put(`${name}: signers`, group?.signers.length);
    put(`${name}: threshold`, group?.threshold);
  };
  signers("signedRateSource", parameters.rates);
  if (contracts.signedSource !== undefined) signers("signedSource", parameters.prices);
  if (contracts.signedVolatilitySource !== undefined) signers("signedVolatilitySource", parameters.volatilities);
  if (contracts.pythSource !== undefined) put("pythSource: pyth", getAddress(parameters.pyth ?? ZeroAddress));

  put("underlyings", parameters.underlyings.length);
  for (const [index, underlying] of parameters.underlyings.entries()) {
    const at = `underlying ${index}`;
    put(`${at}: symbol`, underlying.symbol);
    put(`${at}: lot exponent`, underlying.lotExponent);
    put(`${at}: reference price`, underlying.referencePrice);
    for (const [name, value] of Object.entries(underlying.values)) put(`${at}: ${name}`, value);
    put(`${at}: measures in force`, "none");
    put(`${at}: sources`, underlying.sources.map(({ kind }) => contracts[`${kind}Source`]).join(" "));
    put(`${at}: rate source`, contracts.signedRateSource);
    put(`${at}: rate feed`, `${encodeBytes32String(underlying.rate.feed)} ${underlying.rate.maxAge} s`);
    put(`${at}: volatility source`, underlying.volatility === undefined ? ZeroAddress : contracts.signedVolatilitySource);
    if (contracts.signedVolatilitySource !== undefined)
      put(`${at}: volatility feed`, underlying.volatility === undefined ? ZeroHash : encodeBytes32String(underlying.volatility.feed));
    for (const source of underlying.sources) put(`${at}: ${source.kind} feed`, feedOf(source, underlying.referencePrice));
  }
  put("collateral tokens", parameters.collaterals.length);
  for (const [index, collateral] of parameters.collaterals.entries()) {
    const at = `collateral token ${index}`;
    token(at, collateral.token);
    put(`${at}: underlying`, collateral.underlying);
    for (const [name, value] of Object.entries(collateral.values)) put(`${at}: ${name}`, value);
  }
  return leaves;
}

/** A feed of a source as one line of text, the same from the file and from the chain. */
function feedOf(source: PriceSourceParameters, referencePrice: bigint): string {
  if (source.kind === "signed") return feedText(encodeBytes32String(source.feed), source.maxAge, referencePrice);
  if (source.kind === "pyth") return feedText(source.baseId, source.quoteId, source.maxAge, source.confidence);
  const { base, quote, deviation = 0n } = source;
  return feedText(
    getAddress(base.feed),
    base.heartbeat,
    base.least,
    base.most,
    getAddress(quote.feed),
    quote.heartbeat,
    quote.least,
    quote.most,
    deviation,
  );
}

export function feedText(...parts: readonly (string | bigint)[]): string {
  return parts.join(" ").toLowerCase();
}

/** The least delays of a production deployment, seconds. */
export const LEAST_DELAYS = { admin: 14n * DAY, parameters: 3n * DAY } as const;

/** The name of a role of the deployment, its number for any other. */
export function roleName(role: bigint): string {
  return ROLE_NAMES.find((name) => ROLES[name] === role) ?? String(role);
}
