import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import type {
  ContractOptions,
  Future,
  IgnitionModuleBuilder,
  NamedArtifactContractAtFuture,
  NamedArtifactContractDeploymentFuture,
} from "@nomicfoundation/ignition-core";
import { encodeBytes32String } from "ethers";
import type { FaucetParameters, PlimsollParameters, PriceSourceParameters } from "../../src/deployment/parameters.ts";
import { MANAGER_ENTRIES, RESTRICTED_ENTRIES, ROLE_NAMES, ROLES, roleOf, selectorOf } from "../../src/deployment/roles.ts";
import { FUND_WORD, LIQUIDATION_WORD, MARGIN_WORD, pack } from "../../src/deployment/words.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";

/** The place of the order module; new accounts consent to it. */
export const ORDERS_MODULE = 0;

/** The place of the liquidity pool; new accounts consent to it, so that committed orders can be filled. */
export const POOL_MODULE = 1;

type Deployed = NamedArtifactContractDeploymentFuture<string> | NamedArtifactContractAtFuture<string>;
type AddressOrFuture = string | Deployed;

/** Every function that the module calls. */
export const CALLED: ReadonlySet<string> = new Set([
  ...["bindVault", "listUnderlying", "setVolatilitySource", "listCollateral", "setModule", "setWeight"],
  ...["setFeed", "setPair", "setDeviation"],
  ...["setTargetFunctionRole", "labelRole", "setRoleGuardian", "grantRole", "renounceRole"],
]);

type After = NonNullable<ContractOptions["after"]>;

function tokenOf(m: IgnitionModuleBuilder, token: string | FaucetParameters, after: After = []): AddressOrFuture {
  if (typeof token === "string") return token;
  return m.contract("FaucetToken", [token.faucet, token.symbol, token.decimals], { id: `Faucet_${token.symbol}`, after });
}

/** The authority; the deployer administers it until everything is listed. */
function authorityModule(deployer: string) {
  return buildModule("Authority", (m) => ({ authority: m.contract("AccessManager", [deployer]) }));
}

// What is sent together is sent in the order of its names, and what comes next waits for all of it: so the nonces, and with them the addresses, are the
// same whenever a deployment was stopped and went on.

/** Fund, vault with its linked libraries, and what reads or serves it. */
function vaultModule(parameters: PlimsollParameters, authorityOf: ReturnType<typeof authorityModule>) {
  return buildModule("Vault", (m) => {
    const { authority } = m.useModule(authorityOf);
    const settlementToken = tokenOf(m, parameters.settlementToken);
    const SeriesLogic = m.library("SeriesLogic");
    const ConfigLogic = m.library("ConfigLogic");
    const OpeningLogic = m.library("OpeningLogic");
    const PortfolioLogic = m.library("PortfolioLogic");
    const margin = { OpeningLogic, PortfolioLogic };
    const AccountLogic = m.library("AccountLogic");
    const DoubtLogic = m.library("DoubtLogic");
    const SeriesMoveLogic = m.library("SeriesMoveLogic");
    const SeriesTradeLogic = m.library("SeriesTradeLogic", { libraries: margin });
    const SheddingLogic = m.library("SheddingLogic", { libraries: margin });
    const takeover = { ...margin, DoubtLogic };
    const ExchangeLogic = m.library("ExchangeLogic", { libraries: takeover });
    const FundLogic = m.library("FundLogic", { libraries: { ...takeover, SeriesMoveLogic } });
    const DeleverageLogic = m.library("DeleverageLogic", { libraries: { ExchangeLogic, FundLogic, PortfolioLogic, SeriesMoveLogic } });
    const HealthLogic = m.library("HealthLogic", { libraries: margin });
    const LiquidationLogic = m.library("LiquidationLogic", { libraries: { ...takeover, FundLogic, SeriesMoveLogic } });
    const LiveQuoteLogic = m.library("LiveQuoteLogic");
    const OwnerLogic = m.library("OwnerLogic", { libraries: margin });
    const PerpetualLiquidationLogic = m.library("PerpetualLiquidationLogic");
    const PriceLogic = m.library("PriceLogic");
    const QuoteLogic = m.library("QuoteLogic", { libraries: { LiveQuoteLogic } });
    const TakeLogic = m.library("TakeLogic", { libraries: { DoubtLogic, ExchangeLogic, HealthLogic, OpeningLogic, SheddingLogic } });
    const insuranceFund = m.contract("InsuranceFund", [settlementToken, parameters.insuranceFund.name, parameters.insuranceFund.symbol], {
      after: [
        authority,
        AccountLogic,
        ConfigLogic,
        DeleverageLogic,
        ExchangeLogic,
        FundLogic,
        HealthLogic,
        LiquidationLogic,
        OwnerLogic,
        PerpetualLiquidationLogic,
        PriceLogic,
        QuoteLogic,
        SeriesLogic,
        SheddingLogic,
        TakeLogic,
      ],
    });
    const construction = {
      authority,
      settlementToken,
      fund: insuranceFund,
      defaultModules: (1 << ORDERS_MODULE) | (1 << POOL_MODULE),
      uptimeFeed: parameters.uptime?.feed ?? "0x0000000000000000000000000000000000000000",
      uptimeGrace: parameters.uptime?.grace ?? 0n,
      marginParameters: pack(MARGIN_WORD, parameters.values),
      liquidationParameters: pack(LIQUIDATION_WORD, parameters.values),
      fundParameters: pack(FUND_WORD, parameters.values),
    };
    const vaultExtension = m.contract("VaultExtension", [construction], {
      libraries: {
        ConfigLogic,
        DeleverageLogic,
        DoubtLogic,
        ExchangeLogic,
        FundLogic,
        HealthLogic,
        LiquidationLogic,
        OpeningLogic,
        OwnerLogic,
        PortfolioLogic,
        QuoteLogic,
        SeriesLogic,
        SeriesMoveLogic,
      },
    });
    const core = m.contract("MarginVault", [construction, vaultExtension], {
      libraries: {
        AccountLogic,
        ConfigLogic,
        DoubtLogic,
        ExchangeLogic,
        FundLogic,
        HealthLogic,
        LiquidationLogic,
        OpeningLogic,
        PerpetualLiquidationLogic,
        PriceLogic,
        SeriesTradeLogic,
        SheddingLogic,
        TakeLogic,
      },
    });
    // what the vault hands on to its extension is not in its own ABI
    const vault = m.contractAt("IMarginVault", core);
    m.call(insuranceFund, "bindVault", [vault]);
    const orders = m.contract("OrderSettlement", [vault, parameters.orders.takerFee, parameters.orders.makerFee]);
    const lens = m.contract("MarginLens", [vault], { libraries: { PortfolioLogic } });
    const liquidationBatch = m.contract("LiquidationBatch", [vault]);
    const { name, symbol, reward, ...values } = parameters.pool;
    const liquidityPool = m.contract("LiquidityPool", [vault, POOL_MODULE, authority, reward * 10n ** 12n, values, name, symbol]);
    return {
      insuranceFund,
      vault,
      vaultExtension,
      orders,
      lens,
      liquidationBatch,
      liquidityPool,
      ...(typeof settlementToken === "string" ? {} : { settlementToken }),
    };
  });
}

/** Price sources, as far as an underlying names them, the source of funding rates, and that of volatilities where an underlying has any. */
function sourcesModule(
  parameters: PlimsollParameters,
  authorityOf: ReturnType<typeof authorityModule>,
  vaultOf: ReturnType<typeof vaultModule>,
) {
  const used = new Set(parameters.underlyings.flatMap(({ sources }) => sources.map(({ kind }) => kind)));
  return buildModule("Sources", (m) => {
    const { authority } = m.useModule(authorityOf);
    const { prices, rates, volatilities, pyth } = parameters;
    const after = { after: [vaultOf] };
    return {
      signedRateSource: m.contract("SignedRateSource", [authority, rates.signers, rates.threshold], after),
      ...(used.has("signed") && prices !== undefined
        ? { signedSource: m.contract("SignedSource", [authority, prices.signers, prices.threshold], after) }
        : {}),
      ...(parameters.underlyings.some(({ volatility }) => volatility !== undefined) && volatilities !== undefined
        ? { signedVolatilitySource: m.contract("SignedVolatilitySource", [authority, volatilities.signers, volatilities.threshold], after) }
        : {}),
      ...(used.has("chainlink") ? { chainlinkSource: m.contract("ChainlinkSource", [authority], after) } : {}),
      ...(used.has("pyth") && pyth !== undefined ? { pythSource: m.contract("PythSource", [authority, pyth], after) } : {}),
    };
  });
}

/** Feeds of the sources, then underlyings, collateral tokens and the order module, each after the one before: their order is their index. */
function listingsModule(
  parameters: PlimsollParameters,
  vaultOf: ReturnType<typeof vaultModule>,
  sourcesOf: ReturnType<typeof sourcesModule>,
) {
  return buildModule("Listings", (m) => {
    const { vault, orders, liquidityPool } = m.useModule(vaultOf);
    const sources: Partial<Record<string, Deployed>> = m.useModule(sourcesOf);
    const sourceOf = (name: string): Deployed => {
      const source = sources[name];
      if (source === undefined) throw new RangeError(`${name} is not deployed`);
      return source;
    };
    const given = parameters.collaterals.map(({ token }) => tokenOf(m, token, [sourcesOf]));
    const tokens = Object.fromEntries(
      given.flatMap((token, index) => (typeof token === "string" ? [] : [[`collateral${index}`, token] as const])),
    );
    let last: Future[] = [...Object.values(sources).filter((source) => source !== undefined), ...Object.values(tokens)];
    const call = (contract: Deployed, entry: string, args: Parameters<typeof m.call>[2], id: string): void => {
      last = [m.call(contract, entry, args, { id, after: last })];
    };

    parameters.underlyings.forEach((underlying, index) => {
      const { symbol, values, lotExponent, referencePrice, rate, volatility } = underlying;
      const rates = sourceOf("signedRateSource");
      call(rates, "setFeed", [index, { id: encodeBytes32String(rate.feed), maxAge: rate.maxAge }], `${symbol}_rate`);
      for (const source of underlying.sources) configure(source, index);
      call(
        vault,
        "listUnderlying",
        [
          {
            lotExponent,
            referencePrice,
            ...Object.fromEntries(Object.entries(values).map(([name, value]) => [name.charAt(0).toLowerCase() + name.slice(1), value])),
            sources: underlying.sources.map(({ kind }) => sourceOf(`${kind}Source`)),
            rateSource: rates,
          },
        ],
        `${symbol}_list`,
      );
      if (volatility !== undefined) {
        const volatilities = sourceOf("signedVolatilitySource");
        call(volatilities, "setFeed", [index, encodeBytes32String(volatility.feed)], `${symbol}_volatility`);
        call(vault, "setVolatilitySource", [index, volatilities], `${symbol}_volatilities`);
      }

      function configure(source: PriceSourceParameters, place: number): void {
        const id = `${symbol}_${source.kind}`;
        if (source.kind === "signed") {
          call(
            sourceOf("signedSource"),
            "setFeed",
            [place, { id: encodeBytes32String(source.feed), maxAge: source.maxAge, referencePrice }],
            id,
          );
        } else if (source.kind === "chainlink") {
          call(sourceOf("chainlinkSource"), "setPair", [place, source.base, source.quote, referencePrice], id);
          const { deviation = 0n } = source;
          if (deviation !== 0n) call(sourceOf("chainlinkSource"), "setDeviation", [place, deviation], `${id}_deviation`);
        } else {
          const pair = { baseId: source.baseId, quoteId: source.quoteId, maxAge: source.maxAge, confidencePpm: source.confidence };
          call(sourceOf("pythSource"), "setPair", [place, pair, "0x", referencePrice], id);
        }
      }
    });

    parameters.collaterals.forEach(({ underlying, values }, index) => {
      call(vault, "listCollateral", [given[index] ?? "", underlying, values.Haircut ?? 0n, values.SupplyCap ?? 0n], `Collateral_${index}`);
    });
    call(vault, "setModule", [ORDERS_MODULE, orders], "Module_orders");
    call(vault, "setModule", [POOL_MODULE, liquidityPool], "Module_pool");
    parameters.underlyings.forEach(({ symbol, poolWeight }, index) => {
      if (poolWeight !== 0n) call(liquidityPool, "setWeight", [index, poolWeight], `${symbol}_pool_weight`);
    });
    return tokens;
  });
}

/** Hands everything over: roles to entries and holders, then the deployer renounces. */
function governanceModule(
  parameters: PlimsollParameters,
  deployer: string,
  authorityOf: ReturnType<typeof authorityModule>,
  vaultOf: ReturnType<typeof vaultModule>,
  sourcesOf: ReturnType<typeof sourcesModule>,
  listingsOf: ReturnType<typeof listingsModule>,
) {
  const interfaces = {
    vault: interfaceOf("IMarginVault"),
    liquidityPool: interfaceOf("LiquidityPool"),
    signedSource: interfaceOf("SignedSource"),
    signedRateSource: interfaceOf("SignedRateSource"),
    signedVolatilitySource: interfaceOf("SignedVolatilitySource"),
    chainlinkSource: interfaceOf("ChainlinkSource"),
    pythSource: interfaceOf("PythSource"),
  };
  return buildModule("Governance", (m) => {
    const { authority } = m.useModule(authorityOf);
    const { vault, liquidityPool } = m.useModule(vaultOf);
    const targets: Partial<Record<string, Deployed>> = { vault, liquidityPool, ...m.useModule(sourcesOf) };
    m.useModule(listingsOf);
    let last: Future[] = [];
    const call = (entry: string, args: Parameters<typeof m.call>[2], id: string): void => {
      last = [m.call(authority, entry, args, { id, after: last.length === 0 ? [listingsOf] : last })];
    };
    for (const contract of Object.keys(RESTRICTED_ENTRIES) as (keyof typeof RESTRICTED_ENTRIES)[]) {
      const target = targets[contract];
      if (target === undefined) continue;
      for (const role of ROLE_NAMES) {
        const entries = RESTRICTED_ENTRIES[contract].filter((entry) => roleOf(contract, entry) === role);
        if (entries.length === 0) continue;
        const selectors = entries.map((entry) => selectorOf(interfaces[contract], entry));
        call("setTargetFunctionRole", [target, selectors, ROLES[role]], `${contract}_${role}`);
      }
    }
    // so that the canceller can cancel what the admin schedules there; nobody may call more by it
    const selectors = MANAGER_ENTRIES.map(({ selector }) => selector);
    call("setTargetFunctionRole", [authority, selectors, ROLES.parameters], "authority_parameters");
    for (const role of ROLE_NAMES) {
      if (role !== "admin") call("labelRole", [ROLES[role], role], `label_${role}`);
    }
    call("setRoleGuardian", [ROLES.parameters, ROLES.canceller], "canceller");
    for (const role of [...ROLE_NAMES].reverse()) {
      parameters.roles[role].holders.forEach((account, index) => {
        call("grantRole", [ROLES[role], account, parameters.roles[role].delay], `grant_${role}_${index}`);
      });
    }
    call("renounceRole", [ROLES.admin, deployer], "renounce");
    return { authority };
  });
}

/** Everything that one deployment consists of. `parameters` names accounts by address; see `resolveAccounts`. */
export function plimsollModule(parameters: PlimsollParameters, deployer: string) {
  const authorityOf = authorityModule(deployer);
  const vaultOf = vaultModule(parameters, authorityOf);
  const sourcesOf = sourcesModule(parameters, authorityOf, vaultOf);
  const listingsOf = listingsModule(parameters, vaultOf, sourcesOf);
  const governanceOf = governanceModule(parameters, deployer, authorityOf, vaultOf, sourcesOf, listingsOf);
  return buildModule("Plimsoll", (m) => ({
    ...m.useModule(authorityOf),
    ...m.useModule(vaultOf),
    ...m.useModule(sourcesOf),
    ...m.useModule(listingsOf),
    ...m.useModule(governanceOf),
  }));
}
