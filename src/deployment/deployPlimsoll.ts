import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorDeploymentResultToExceptionMessage, HardhatArtifactResolver } from "@nomicfoundation/hardhat-ignition/helpers";
import { DeploymentResultType, deploy, type EIP1193Provider, type ExecutionEventListener } from "@nomicfoundation/ignition-core";
import { encodeBytes32String, type Signer, toQuantity } from "ethers";
import { artifacts, type network } from "hardhat";
import { CALLED, ORDERS_MODULE, POOL_MODULE, plimsollModule } from "../../deploy/modules/plimsoll.ts";
import type { FaucetToken } from "../../typechain-types/index.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { Failure } from "../sdk/failure.ts";
import { attach } from "./attach.ts";
import type { FaucetParameters, PlimsollParameters } from "./parameters.ts";
import { resolveAccounts } from "./resolveAccounts.ts";
import { holdJournal, mendJournal } from "./resume.ts";

/** Artifacts with what a deployment calls, and every error: Ignition makes an interface anew for each step, and of a whole contract that takes a second in all. */
class CalledArtifacts extends HardhatArtifactResolver {
  override async loadArtifact(name: string): ReturnType<HardhatArtifactResolver["loadArtifact"]> {
    const artifact = await super.loadArtifact(name);
    const isNeeded = ({ type, name: entry }: { readonly type: string; readonly name?: string }): boolean =>
      type === "constructor" || type === "error" || (type === "function" && CALLED.has(entry ?? ""));
    return { ...artifact, abi: artifact.abi.filter(isNeeded) };
  }
}

export type Connection = Awaited<ReturnType<typeof network.create>>;

export interface DeployOptions {
  readonly connection: Connection;
  readonly parameters: PlimsollParameters;
  /** Name under which the deployment is recorded; the connection's by default. */
  readonly network?: string;
  /** Folder of Ignition's journal, from which a deployment that was interrupted goes on; without it nothing is kept. */
  readonly journal?: string;
  /** Stands in for the connection's provider (tests interrupt it). */
  readonly provider?: EIP1193Provider;
  /** Blocks that a transaction is to be deep; five, and on a simulated chain one. */
  readonly confirmations?: number;
  /** Hears when no block has come for a minute while one is waited for. */
  readonly onSilence?: (block: number) => void;
  /** Hears of every transaction that succeeded, by the name of its future. */
  readonly onStep?: (step: string) => void;
}

interface Start {
  readonly block: number;
  /** Hash of that block: tells a local chain that was started anew from the one before. */
  readonly hash: string;
  readonly deployer: string;
}

interface BlockHead {
  readonly number: string;
  readonly hash: string;
}

/** Where a deployment began; written before its first transaction, read when it goes on. */
function startOf(journal: string | undefined, now: Start): Start {
  if (journal === undefined) return now;
  const path = join(journal, "start.json");
  if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Start;
  writeFileSync(path, `${JSON.stringify(now)}\n`);
  return now;
}

/** A listener to Ignition's events that passes on what completed and ignores the rest. */
function listenerOf(onStep: (step: string) => void): ExecutionEventListener {
  const completed = (event: { readonly futureId: string }): void => onStep(event.futureId);
  const heard: Readonly<Record<string, typeof completed>> = {
    deploymentExecutionStateComplete: completed,
    callExecutionStateComplete: completed,
  };
  return new Proxy({} as ExecutionEventListener, { get: (_, name) => heard[String(name)] ?? (() => {}) });
}

/**
 * Deploys the whole protocol through its Ignition modules, from the connection's first account, and says where everything is.
 * @throws Failure when the deployment does not succeed; run it again to go on
 */
export async function deployPlimsoll(options: DeployOptions): Promise<DeploymentRecord> {
  const { journal, onSilence } = options;
  if (journal !== undefined) mkdirSync(journal, { recursive: true });
  const release = journal === undefined ? () => {} : holdJournal(journal);
  const stop = onSilence === undefined ? () => {} : listenForSilence(options.provider ?? options.connection.provider, onSilence);
  try {
    return await deployHeld(options);
  } finally {
    stop();
    release();
  }
}

const SILENCE = 60_000;

/**
 * Says so once where no block comes: on a chain that mines on demand nothing is ever confirmed.
 * @param silence milliseconds
 * @returns what ends the listening
 */
export function listenForSilence(
  provider: Pick<EIP1193Provider, "request">,
  onSilence: (block: number) => void,
  silence = SILENCE,
): () => void {
  let [height, since] = [-1, Date.now()];
  const look = async (): Promise<void> => {
    const now = Number(await provider.request({ method: "eth_blockNumber", params: [] }));
    if (now !== height) [height, since] = [now, Date.now()];
    else if (Date.now() - since >= silence) {
      clearInterval(timer);
      onSilence(height);
    }
  };
  // a node that does not answer is said by the deployment itself
  const timer = setInterval(() => look().catch(() => {}), silence / 6).unref();
  return () => clearInterval(timer);
}

async function deployHeld(options: DeployOptions): Promise<DeploymentRecord> {
  const { connection, journal } = options;
  const provider = options.provider ?? connection.provider;
  const accounts = (await provider.request({ method: "eth_accounts" })) as string[];
  const deployer = accounts[0];
  if (deployer === undefined) throw new Failure("the network has no account to deploy from", "npx hardhat keystore set DEPLOYER_KEY");
  const parameters = resolveAccounts(options.parameters, accounts);
  const now = (await provider.request({ method: "eth_getBlockByNumber", params: ["latest", false] })) as BlockHead;
  const start = startOf(journal, { block: Number(now.number), hash: now.hash, deployer });
  const first = (await provider.request({
    method: "eth_getBlockByNumber",
    params: [toQuantity(start.block), false],
  })) as BlockHead | null;
  if (first?.hash !== start.hash) throw new Failure("this deployment was begun on another chain", `remove ${journal}`);
  if (start.deployer.toLowerCase() !== deployer.toLowerCase()) {
    throw new Failure(`this deployment was begun by ${start.deployer}`, "go on with the same key");
  }
  if (journal !== undefined) await mendJournal(journal, provider, deployer, start.block);

  const simulated = connection.networkConfig.type === "edr-simulated";
  const result = await deploy({
    provider,
    ...(journal === undefined ? {} : { deploymentDir: journal }),
    ...(options.onStep === undefined ? {} : { executionEventListener: listenerOf(options.onStep) }),
    artifactResolver: new CalledArtifacts(artifacts),
    ignitionModule: plimsollModule(parameters, deployer),
    deploymentParameters: {},
    accounts,
    defaultSender: deployer,
    // a simulated chain mines at once: do not wait a second for what is there already
    config: {
      ...(simulated ? { blockPollingInterval: 1, requiredConfirmations: 1 } : {}),
      ...(options.confirmations === undefined ? {} : { requiredConfirmations: options.confirmations }),
    },
  });
  if (result.type !== DeploymentResultType.SUCCESSFUL_DEPLOYMENT) {
    throw new Failure(errorDeploymentResultToExceptionMessage(result), "run the same command again to go on");
  }

  const deployed = (id: string): string | undefined => result.contracts[id]?.address;
  const need = (id: string): string => {
    const address = deployed(id);
    if (address === undefined) throw new Failure(`${id} was not deployed`);
    return address;
  };
  const signer = (await connection.ethers.getSigners())[0];
  if (signer === undefined) throw new Failure("the network has no account to deploy from");
  const token = async (given: string | FaucetParameters, module: string): Promise<{ symbol: string; address: string; decimals: number }> =>
    describeToken(typeof given === "string" ? given : need(`${module}#Faucet_${given.symbol}`), signer);
  const optional = (name: string, id: string): Record<string, string> => {
    const address = deployed(id);
    return address === undefined ? {} : { [name]: address };
  };

  return {
    network: options.network ?? connection.networkName,
    chainId: Number((await provider.request({ method: "eth_chainId" })) as string),
    block: start.block,
    deployer,
    contracts: {
      authority: need("Authority#AccessManager"),
      vault: need("Vault#MarginVault"),
      vaultExtension: need("Vault#VaultExtension"),
      insuranceFund: need("Vault#InsuranceFund"),
      orders: need("Vault#OrderSettlement"),
      lens: need("Vault#MarginLens"),
      liquidationBatch: need("Vault#LiquidationBatch"),
      liquidityPool: need("Vault#LiquidityPool"),
      signedRateSource: need("Sources#SignedRateSource"),
      ...optional("signedSource", "Sources#SignedSource"),
      ...optional("chainlinkSource", "Sources#ChainlinkSource"),
      ...optional("pythSource", "Sources#PythSource"),
      ...optional("signedVolatilitySource", "Sources#SignedVolatilitySource"),
    },
    settlementToken: await token(parameters.settlementToken, "Vault"),
    underlyings: parameters.underlyings.map(({ symbol, lotExponent, sources, rate, volatility }) => {
      const signed = sources.find(({ kind }) => kind === "signed");
      return {
        symbol,
        lotExponent,
        sources: sources.map(({ kind }) => kind),
        ...(signed?.kind === "signed" ? { priceFeed: encodeBytes32String(signed.feed) } : {}),
        rateFeed: encodeBytes32String(rate.feed),
        ...(volatility === undefined ? {} : { volatilityFeed: encodeBytes32String(volatility.feed) }),
      };
    }),
    collaterals: await Promise.all(
      parameters.collaterals.map(async (collateral) => ({
        ...(await token(collateral.token, "Listings")),
        underlying: collateral.underlying,
      })),
    ),
    modules: { orders: ORDERS_MODULE, pool: POOL_MODULE },
  };
}

async function describeToken(address: string, signer: Signer): Promise<{ symbol: string; address: string; decimals: number }> {
  const token = await attach<FaucetToken>("FaucetToken", address, signer);
  return { symbol: await token.symbol(), address, decimals: Number(await token.decimals()) };
}
