import { getAddress, type Interface, toBeHex } from "ethers";
import { artifacts } from "hardhat";
import type {
  AccessManager,
  ChainlinkSource,
  FaucetToken,
  IMarginVault,
  InsuranceFund,
  LiquidationBatch,
  LiquidityPool,
  MarginLens,
  OrderSettlement,
  PythSource,
  SignedRateSource,
  SignedSource,
  SignedVolatilitySource,
} from "../../typechain-types/index.ts";
import type { ContractName } from "../sdk/abis.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { logReader } from "../sdk/logs.ts";
import { providerRpc } from "../sdk/rpc.ts";
import { attach } from "./attach.ts";
import type { Connection } from "./deployPlimsoll.ts";
import { contractsOf, FIXED, feedText, type Leaves, roleName } from "./expected.ts";
import type { PlimsollParameters } from "./parameters.ts";
import { MANAGER_ENTRIES, RESTRICTED_ENTRIES, ROLE_NAMES, ROLES } from "./roles.ts";
import { vaultSlot } from "./vaultSlots.ts";
import {
  bits,
  FUND_ACCOUNT_WORD,
  FUND_WORD,
  GUARD_WORD,
  LIQUIDATION_WORD,
  MARGIN_WORD,
  TRADING_WORD,
  unpack,
  VOLATILITY_WORD,
} from "./words.ts";

type Put = (name: string, value: unknown) => void;

/** Everything that the chain says about a deployment. `parameters` only tells how tokens were given. */
export async function actualLeaves(connection: Connection, parameters: PlimsollParameters, record: DeploymentRecord): Promise<Leaves> {
  const leaves: Leaves = await codeLeaves(connection, record);
  const put = putting(leaves);
  const context = { connection, record, put, now: BigInt((await connection.ethers.provider.getBlock("latest"))?.timestamp ?? 0) };
  await putRoles(context);
  await putWhole(context, parameters);
  await putSigners(context);
  await putUnderlyings(context);
  await putCollaterals(context, parameters);
  return leaves;
}

/** Of that what the code says: which contract it is, what is linked into it, and what was fixed in it. */
export async function codeLeaves(connection: Connection, record: DeploymentRecord): Promise<Leaves> {
  const leaves: Leaves = new Map();
  await putCode({ connection, record, put: putting(leaves) });
  return leaves;
}

function putting(leaves: Leaves): Put {
  return (name, value) => void leaves.set(name, String(value));
}

interface Context {
  readonly connection: Connection;
  readonly record: DeploymentRecord;
  readonly put: Put;
  readonly now: bigint;
}

/** One event of a contract by name, with its arguments. */
interface Said {
  readonly name: string;
  // ethers decodes by the ABI: what an argument is, its name says
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly args: Readonly<Record<string, any>>;
}

/** Events of a contract since the deployment by their names, read in stretches that the node allows. */
async function eventsOf(
  { connection, record }: Context,
  address: string,
  abi: Interface,
  names: readonly string[],
): Promise<readonly Said[]> {
  // the library hashes every signature anew for each log that it is asked about
  const fragments = new Map(
    names.map((name) => {
      const fragment = abi.getEvent(name);
      if (fragment === null) throw new RangeError(`no event is called ${name}`);
      return [fragment.topicHash, fragment];
    }),
  );
  const rpc = providerRpc(connection.provider);
  const latest = Number(await rpc("eth_blockNumber"));
  const logs = await logReader(rpc).all(address, record.block, latest);
  return logs.flatMap(({ topics, data }) => {
    const fragment = fragments.get(topics[0] ?? "");
    return fragment === undefined ? [] : [{ name: fragment.name, args: abi.decodeEventLog(fragment, data, topics).toObject() }];
  });
}

/** Where the compiler left room in code. */
type Places = readonly { readonly start: number; readonly length: number }[];

const cut = (code: string, { start, length }: Places[number]): string => code.slice(2 + 2 * start, 2 + 2 * (start + length));

/** What the compiler made of a contract, with nothing in the places of its immutables and linked addresses. */
async function readBuilt(artifactName: string) {
  const artifact = await artifacts.readArtifact(artifactName);
  // ids of immutables grow in the order of their declarations, file by file
  const fixed = Object.entries(artifact.immutableReferences ?? {})
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, places]): Places => places);
  const linked = Object.values(artifact.deployedLinkReferences).flatMap((file) => Object.entries(file) as [string, Places][]);
  const blank = (code: string): string =>
    [...fixed, ...linked.map(([, places]) => places)]
      .flat()
      .reduce(
        (text, { start, length }) => text.slice(0, 2 + 2 * start) + "0".repeat(2 * length) + text.slice(2 + 2 * (start + length)),
        code,
      );
  return { fixed, linked, blank, code: blank(artifact.deployedBytecode.toLowerCase()) };
}

// artifacts are large, and a read-back asks for the same ones over and over
const built = new Map<string, ReturnType<typeof readBuilt>>();

/** The code at `address` against `artifactName`, but for immutables and linked addresses, which are returned by place. */
async function codeAt(connection: Connection, address: string, artifactName: string) {
  const reading = built.get(artifactName) ?? readBuilt(artifactName);
  built.set(artifactName, reading);
  const { fixed, linked, blank, code: blankCode } = await reading;
  const code = (await connection.ethers.provider.getCode(address)).toLowerCase();
  // an immutable is one value wherever it stands
  const single = fixed.every((places) => new Set(places.map((place) => cut(code, place))).size === 1);
  return { code, fixed, linked, asBuilt: single && blank(code) === blankCode };
}

/**
 * The code of every contract, and of every library that is linked into it, against the artifact it was built from; and what was fixed in the code of
 * the vault and its extension. Getters would not do: the extension answers those of the vault, and says itself who it is.
 */
async function putCode({ connection, record, put }: Omit<Context, "now">): Promise<void> {
  const known = new Map<string, ReturnType<typeof codeAt>>();
  /** As {@link codeAt}; a library that many are linked with is read once. */
  function codeOnce(address: string, artifactName: string): ReturnType<typeof codeAt> {
    const key = `${artifactName} ${address}`;
    const found = known.get(key) ?? codeAt(connection, address, artifactName);
    known.set(key, found);
    return found;
  }
  /** Libraries have libraries of their own. */
  async function putLibraries(name: string, { code, linked }: Pick<Awaited<ReturnType<typeof codeAt>>, "code" | "linked">): Promise<void> {
    for (const [library, places] of linked) {
      for (const at of new Set(places.map((place) => cut(code, place)))) {
        const found = await codeOnce(`0x${at}`, library);
        put(`${name}: library ${library}`, found.asBuilt ? "as built" : "another");
        if (!found.asBuilt) break;
        await putLibraries(library, found);
      }
    }
  }
  for (const [name, address, artifactName] of contractsOf(record)) {
    const { code, fixed, linked, asBuilt } = await codeOnce(address, artifactName);
    put(`code of ${name}`, asBuilt ? "as built" : "another");
    await putLibraries(name, { code, linked });
    for (const [index, label] of (FIXED[name] ?? []).entries()) {
      if (label === undefined) continue;
      const place = fixed[index]?.[0];
      put(`fixed in ${name}: ${label}`, place === undefined ? "nothing" : BigInt(`0x${cut(code, place)}`));
    }
  }
}

const ARTIFACTS: Readonly<Record<keyof typeof RESTRICTED_ENTRIES, ContractName>> = {
  vault: "IMarginVault",
  liquidityPool: "LiquidityPool",
  signedSource: "SignedSource",
  signedRateSource: "SignedRateSource",
  signedVolatilitySource: "SignedVolatilitySource",
  chainlinkSource: "ChainlinkSource",
  pythSource: "PythSource",
};

/** Roles with everybody who was ever granted one, and who may call every entry of every target that was ever named. */
async function putRoles(context: Context): Promise<void> {
  const { connection, record, put } = context;
  const { provider } = connection.ethers;
  const authority = await attach<AccessManager>("AccessManager", record.contracts.authority, provider);
  const events = await eventsOf(context, record.contracts.authority, authority.interface, [
    "RoleGranted",
    "RoleGrantDelayChanged",
    "RoleGuardianChanged",
    "RoleAdminChanged",
    "TargetFunctionRoleUpdated",
    "TargetAdminDelayUpdated",
  ]);
  const named = (name: string): readonly Said[] => events.filter((event) => event.name === name);
  const [granted, delayed] = [named("RoleGranted"), named("RoleGrantDelayChanged")];
  const changed = [...granted, ...delayed, ...named("RoleGuardianChanged"), ...named("RoleAdminChanged")];
  const roles = new Set<bigint>([...ROLE_NAMES.map((name) => ROLES[name]), ...changed.map(({ args }) => args.roleId)]);
  for (const role of roles) {
    const at = `role ${roleName(role)}`;
    // of a role that the deployment does not know, only that anybody holds it matters
    if (ROLE_NAMES.some((name) => ROLES[name] === role)) {
      put(`${at}: admin`, roleName(await authority.getRoleAdmin(role)));
      put(`${at}: guardian`, roleName(await authority.getRoleGuardian(role)));
      // a delay that was changed takes effect later: what is on its way counts
      const grantDelay = await authority.getRoleGrantDelay(role);
      const grantDelayToCome = delayed.filter(({ args }) => args.roleId === role).at(-1)?.args.delay;
      put(`${at}: grant delay`, grantDelayToCome ?? grantDelay);
    }
    for (const account of new Set(granted.filter(({ args }) => args.roleId === role).map(({ args }) => args.account))) {
      const [since, delay, pendingDelay, effect] = await authority.getAccess(role, account);
      if (since !== 0n) put(`${at}: ${getAddress(account)}`, `${effect === 0n ? delay : pendingDelay} s`);
    }
  }

  const known = new Map<string, string>();
  for (const contract of Object.keys(RESTRICTED_ENTRIES) as (keyof typeof RESTRICTED_ENTRIES)[]) {
    const address = record.contracts[contract];
    if (address === undefined) continue;
    known.set(getAddress(address), contract);
    const { fragments } = interfaceOf(ARTIFACTS[contract]);
    const names = new Map<string, string>();
    for (const fragment of fragments) {
      const { type, name, selector } = fragment as unknown as { type: string; name: string; selector: string };
      if (type === "function") names.set(selector, name);
    }
    const managed = await attach<SignedSource>("SignedSource", address, provider);
    put(`${contract}: authority`, getAddress(await managed.authority()));
    put(`${contract}: closed`, await authority.isTargetClosed(address));
    put(`${contract}: admin delay`, await authority.getTargetAdminDelay(address));
    const restricted: readonly string[] = RESTRICTED_ENTRIES[contract];
    for (const [selector, name] of names) {
      const role = await authority.getTargetFunctionRole(address, selector);
      if (role !== ROLES.admin || restricted.includes(name)) put(`${contract}.${name}`, roleName(role));
    }
  }
  const manager = getAddress(record.contracts.authority);
  for (const { name, selector } of MANAGER_ENTRIES) {
    put(`authority.${name}`, roleName(await authority.getTargetFunctionRole(manager, selector)));
  }
  for (const { args } of named("TargetFunctionRoleUpdated")) {
    if (getAddress(args.target) === manager && MANAGER_ENTRIES.some(({ selector }) => selector === args.selector)) continue;
    const role = await authority.getTargetFunctionRole(args.target, args.selector);
    if (!known.has(getAddress(args.target)) && role !== ROLES.admin) put(`${args.target}: ${args.selector}`, roleName(role));
  }
  for (const { args } of named("TargetAdminDelayUpdated")) {
    const contract = known.get(getAddress(args.target));
    put(`${contract ?? args.target}: admin delay`, args.delay);
  }
}

const word = async ({ connection, record }: Context, field: string, ...keys: readonly bigint[]): Promise<bigint> =>
  BigInt(await connection.ethers.provider.getStorage(record.contracts.vault, vaultSlot(field, ...keys)));

const addressIn = (value: bigint): string => getAddress(toBeHex(bits(value, 0n, 160n), 20));

async function putToken({ connection, put }: Context, name: string, address: string, byAddress: boolean): Promise<void> {
  if (byAddress) return put(`${name}: address`, getAddress(address));
  const token = await attach<FaucetToken>("FaucetToken", address, connection.ethers.provider);
  put(`${name}: name`, await token.name());
  put(`${name}: symbol`, await token.symbol());
  put(`${name}: decimals`, await token.decimals());
}

/** What belongs to no underlying and no token. */
async function putWhole(context: Context, parameters: PlimsollParameters): Promise<void> {
  const { connection, record, put, now } = context;
  const { provider } = connection.ethers;
  const { contracts } = record;
  const vault = await attach<IMarginVault>("IMarginVault", contracts.vault, provider);
  const { settlementToken, fund: fundAddress, defaultModules, uptimeFeed, uptimeGrace, extension } = await vault.constants();
  await putToken(context, "settlement token", settlementToken, typeof parameters.settlementToken === "string");
  put("vault: settlement token", settlementToken);
  put("vault: fund", fundAddress);
  put("vault: default modules", defaultModules);
  put("vault: uptime feed", uptimeFeed);
  put("vault: uptime grace", uptimeGrace);
  put("vault: extension", extension);
  const words = await vault.parameterWords();
  const ramping = now < bits(words.margin, 144n, 40n);
  const values = { ...unpack(MARGIN_WORD, words.margin), ...unpack(LIQUIDATION_WORD, words.liquidation), ...unpack(FUND_WORD, words.fund) };
  for (const [name, value] of Object.entries(values)) if (ramping || !name.endsWith(" from")) put(name, value);
  put("underlyings", bits(words.listed, 0n, 8n));
  put("collateral tokens", bits(words.listed, 8n, 8n));

  const fund = await attach<InsuranceFund>("InsuranceFund", contracts.insuranceFund, provider);
  put("insurance fund: vault", await fund.vault());
  put("insurance fund: asset", await fund.asset());
  put("insurance fund: name", await fund.name());
  put("insurance fund: symbol", await fund.symbol());
  if (contracts.liquidityPool !== undefined) {
    const pool = await attach<LiquidityPool>("LiquidityPool", contracts.liquidityPool, provider);
    put("liquidity pool: vault", await pool.vault());
    put("liquidity pool: asset", await pool.asset());
    put("liquidity pool: name", await pool.name());
    put("liquidity pool: symbol", await pool.symbol());
    put("liquidity pool: reward", await pool.REWARD());
    const { steepness, wide, narrow, valuePart, rateMost, reach } = await pool.parameters();
    const values = { steepness, wide, narrow, valuePart, rateMost, reach };
    for (const [key, value] of Object.entries(values)) put(`liquidity pool: ${key}`, value);
    for (let index = 0; index < Number(bits(words.listed, 0n, 8n)); index++)
      put(`liquidity pool: weight of ${index}`, await pool.weightOf(index));
  }
  const orders = await attach<OrderSettlement>("OrderSettlement", contracts.orders, provider);
  put("orders: vault", await orders.vault());
  put("orders: taker fee", await orders.takerFeePpm());
  put("orders: maker fee", await orders.makerFeePpm());
  put("lens: vault", await (await attach<MarginLens>("MarginLens", contracts.lens, provider)).VAULT());
  put("liquidation batch: vault", await (await attach<LiquidationBatch>("LiquidationBatch", contracts.liquidationBatch, provider)).VAULT());
  for (let index = 0n; index < 16n; index++) {
    const module = await word(context, "modules", index);
    put(`module ${index}`, addressIn(module) + (now < bits(module, 160n, 40n) ? " disabled" : ""));
    const [takerFee, makerFee] = [bits(module, 201n, 14n), BigInt.asIntN(15, module >> 215n)];
    put(`module ${index}: fees of orders`, bits(module, 200n, 1n) === 0n ? "none" : `${takerFee} and ${makerFee}`);
  }
}

/** Who signs, and where Pyth is. */
async function putSigners({ connection, record, put }: Context): Promise<void> {
  const { provider } = connection.ethers;
  const { signedSource, signedRateSource, signedVolatilitySource, pythSource } = record.contracts;
  for (const [name, address] of Object.entries({ signedRateSource, signedSource, signedVolatilitySource })) {
    if (address === undefined) continue;
    const source = await attach<SignedSource>("SignedSource", address, provider);
    const signers = await source.signers();
    signers.forEach((signer, index) => {
      put(`${name}: signer ${index}`, signer);
    });
    put(`${name}: signers`, signers.length);
    put(`${name}: threshold`, await source.threshold());
  }
  if (pythSource !== undefined) put("pythSource: pyth", await (await attach<PythSource>("PythSource", pythSource, provider)).PYTH());
}

async function putUnderlyings(context: Context): Promise<void> {
  const { connection, record, put, now } = context;
  const { provider } = connection.ethers;
  const vault = await attach<IMarginVault>("IMarginVault", record.contracts.vault, provider);
  const listed = await eventsOf(context, record.contracts.vault, vault.interface, ["UnderlyingListed"]);
  const count = Number(bits((await vault.parameterWords()).listed, 0n, 8n));
  const kinds = new Map(
    (["signed", "chainlink", "pyth"] as const).map((kind) => [record.contracts[`${kind}Source`]?.toLowerCase() ?? "", kind]),
  );
  for (let index = 0; index < count; index++) {
    const at = `underlying ${index}`;
    const [price, , , , trading, volatility, guard, fundAccount] = await vault.underlyingWords(index);
    if (price === undefined || trading === undefined || volatility === undefined || guard === undefined || fundAccount === undefined)
      continue;
    put(`${at}: symbol`, record.underlyings[index]?.symbol);
    put(`${at}: lot exponent`, bits(price, 240n, 8n));
    put(`${at}: reference price`, listed.find(({ args }) => args.underlying === BigInt(index))?.args.referencePrice);
    for (const [name, value] of Object.entries({
      ...unpack(TRADING_WORD, trading),
      ...unpack(VOLATILITY_WORD, volatility),
      ...unpack(GUARD_WORD, guard),
      ...unpack(FUND_ACCOUNT_WORD, fundAccount),
    })) {
      put(`${at}: ${name}`, value);
    }
    // a depth that falls ramps: where it goes counts
    put(`${at}: Depth`, bits(guard, 208n, 40n) === 0n ? bits(price, 200n, 40n) : bits(guard, 168n, 40n));
    const measures = [
      ...(now < bits(trading, 116n, 40n) ? ["opens stopped"] : []),
      ...(now < bits(trading, 180n, 40n) ? ["open interest lowered"] : []),
      ...(now < bits(guard, 16n, 40n) && bits(guard, 8n, 8n) !== 0n ? ["source dropped"] : []),
    ];
    put(`${at}: measures in force`, measures.join(", ") || "none");

    const sources: string[] = [];
    for (let place = 0n; place < bits(guard, 0n, 8n); place++) {
      sources.push(addressIn(await word(context, "sources", BigInt(index), place)));
    }
    put(`${at}: sources`, sources.join(" "));
    for (const source of sources) {
      const kind = kinds.get(source.toLowerCase());
      if (kind === "signed") {
        const feed = await (await attach<SignedSource>("SignedSource", source, provider)).feedOf(index);
        put(`${at}: signed feed`, feedText(feed.id, feed.maxAge, feed.referencePrice));
      } else if (kind === "pyth") {
        const pair = await (await attach<PythSource>("PythSource", source, provider)).pairOf(index);
        put(`${at}: pyth feed`, feedText(pair.baseId, pair.quoteId, pair.maxAge, pair.confidencePpm));
      } else if (kind === "chainlink") {
        const chainlink = await attach<ChainlinkSource>("ChainlinkSource", source, provider);
        const [{ base, quote }, deviation] = [await chainlink.pairOf(index), await chainlink.deviationOf(index)];
        put(
          `${at}: chainlink feed`,
          feedText(base.feed, base.heartbeat, base.least, base.most, quote.feed, quote.heartbeat, quote.least, quote.most, deviation),
        );
      }
    }
    const rateSource = addressIn(await word(context, "rateSources", BigInt(index)));
    put(`${at}: rate source`, rateSource);
    const rate = await (await attach<SignedRateSource>("SignedRateSource", record.contracts.signedRateSource, provider)).feedOf(index);
    put(`${at}: rate feed`, `${rate.id} ${rate.maxAge} s`);
    put(`${at}: volatility source`, addressIn(await word(context, "volatilitySources", BigInt(index))));
    const { signedVolatilitySource } = record.contracts;
    if (signedVolatilitySource !== undefined) {
      const source = await attach<SignedVolatilitySource>("SignedVolatilitySource", signedVolatilitySource, provider);
      put(`${at}: volatility feed`, await source.feedOf(index));
    }
  }
}

async function putCollaterals(context: Context, parameters: PlimsollParameters): Promise<void> {
  const { connection, record, put, now } = context;
  const vault = await attach<IMarginVault>("IMarginVault", record.contracts.vault, connection.ethers.provider);
  const count = Number(bits((await vault.parameterWords()).listed, 8n, 8n));
  for (let index = 0; index < count; index++) {
    const at = `collateral token ${index}`;
    const { parameters: stored, supply } = await vault.collateralWords(index);
    await putToken(context, at, addressIn(stored), typeof parameters.collaterals[index]?.token === "string");
    put(`${at}: underlying`, bits(stored, 168n, 8n));
    put(`${at}: Haircut`, bits(stored, 200n, 24n));
    if (now < bits(stored, 224n, 32n)) put(`${at}: Haircut from`, bits(stored, 176n, 24n));
    put(`${at}: SupplyCap`, supply >> 128n);
  }
}
