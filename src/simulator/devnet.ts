import { createServer } from "node:net";
import { toQuantity } from "ethers";
import { localParameters } from "../deployment/localParameters.ts";
import { accountIdOf } from "../engine/types/accountId.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import { NORMAL, type State, type Underlying } from "../engine/types/types.ts";
import { openBookStore } from "../keeper/bookStore.ts";
import { followBooks } from "../keeper/books.ts";
import { liquidationSender } from "../keeper/liquidationSender.ts";
import { keepersTurn, type TurnReport } from "../keeper/turn.ts";
import { SETTLEMENT_TOKEN } from "../sdk/actions.ts";
import { type Call, refreshCapCall, scheduleCall } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { BadInput } from "../sdk/failure.ts";
import { vaultReader } from "../sdk/readState.ts";
import type { Rpc } from "../sdk/rpc.ts";
import { transactionSender } from "../sdk/sender.ts";
import { listedIn, seriesName } from "../sdk/series.ts";
import { LOCAL_CHAIN, localWallet } from "./localAccounts.ts";
import type { Connection } from "./localChain.ts";
import { localSeriesCalls, localSlices, tendSeries } from "./localSeries.ts";
import { fundingCalls, matchCalls, type Protocol, postCall, type Side, stakeCalls } from "./setUp.ts";

/** Accounts of the local chain by what they do; traders begin at the last. */
export const LOCAL_ROLES = { parameters: 2, priceSigners: [5, 6], poster: 5, backer: 8, keeper: 9, trader: 10 } as const;

export type Devnet = {
  readonly record: DeploymentRecord;
  readonly rpc: Rpc;
  /** Where others reach the chain, by HTTP and, with ws:, by WebSocket. */
  readonly url: string;
  /** Posts every price again and keeps the series fresh; to be called before prices are too old to liquidate on. */
  readonly refreshPrices: () => Promise<void>;
  /** A turn of the keeper; to be called every few seconds. */
  readonly keep: () => Promise<TurnReport>;
  readonly positions: readonly string[];
  /** Names of the series that are listed. */
  readonly series: readonly string[];
  /** The keeper's books, as of its last turn. */
  readonly state: () => State;
  readonly close: () => Promise<void>;
};

const HOST = "127.0.0.1";
const CONFIRMATION = 61;
/** Seconds that the role of parameters waits in deploy/parameters/local.json5. */
const GOVERNANCE_DELAY = 3 * 86_400;

/**
 * A chain of this machine with everything deployed, funded accounts, and a few positions of which one is below its line.
 * @param port of JSON-RPC; 0: any that is free
 * @throws BadInput when the port is in use
 */
export async function startDevnet(port: number): Promise<Devnet> {
  await requireFree(port);
  // what needs no chain of its own starts without Hardhat
  const { network } = await import("hardhat");
  // it begins as long ago as governance waits, so that series can be listed and it is now
  const initialDate = new Date(Date.now() - GOVERNANCE_DELAY * 1_000);
  const server = await network.createServer(
    { override: { initialDate, initialBaseFeePerGas: 0n, minGasPrice: 0n, loggingEnabled: false } },
    HOST,
    port,
  );
  const url = `http://${HOST}:${(await server.listen()).port}`;
  const connection = await network.create({ network: "local", override: { url } });
  const close = async (): Promise<void> => {
    await connection.close();
    // it ends when the last of its clients has gone
    void server.close();
  };
  try {
    return await furnish(connection, url, close);
  } catch (error) {
    await close();
    throw error;
  }
}

/** Everything on a new chain, and what tends it. */
async function furnish(connection: Connection, url: string, closeChain: () => Promise<void>): Promise<Devnet> {
  const rpc: Rpc = (method, params = []) => connection.provider.request({ method, params: [...params] });
  const parameters = localParameters();
  const { deployPlimsoll } = await import("../deployment/deployPlimsoll.ts");
  const record = await deployPlimsoll({ connection, parameters, network: "local" });
  const protocol: Protocol = { record, signers: LOCAL_ROLES.priceSigners.map(localWallet) };
  const keeper = localWallet(LOCAL_ROLES.keeper);
  // prices are posted beside the keeper's turns: from an account of their own
  const poster = addressOf(LOCAL_ROLES.poster);
  const send = (calls: readonly Call[]) => sendAll(rpc, calls);

  const reference = parameters.underlyings.map(({ referencePrice }) => referencePrice);
  const postAll = async (): Promise<void> => {
    for (const [index, price] of reference.entries()) await setPrice(rpc, protocol, poster, index, price);
  };
  await postAll();
  const reader = vaultReader(rpc, record.contracts.vault);
  const listings = localSeriesCalls(
    record,
    addressOf(LOCAL_ROLES.parameters),
    (await reader.shared()).underlyings,
    (await latestTime(rpc)) + GOVERNANCE_DELAY,
  );
  await send(listings.map((call) => scheduleCall(record, call)));
  await passTime(rpc, GOVERNANCE_DELAY);
  await postAll();
  await send(listings);
  await send(stakeCalls(record, addressOf(LOCAL_ROLES.backer), 2_000_000n * WAD));
  for (const index of reference.keys()) await send([refreshCapCall(record, poster, index)]);
  const positions = await openDevPositions(rpc, protocol, reference[0] ?? 0n);
  const slices = localSlices(protocol);
  const tend = () => tendSeries(rpc, record, poster, slices, (call) => send([call]));
  await tend();

  const store = openBookStore();
  const books = followBooks(rpc, record.contracts.vault, record.block, { store });
  const sender = transactionSender({ rpc, wallet: keeper, chainId: record.chainId, store, pollingInterval: 50 });
  const liquidate = liquidationSender(rpc, sender);
  // one after the other: both would post the same slice
  const inTurn = oneAtATime();
  return {
    record,
    rpc,
    url,
    positions,
    series: namesOf(record, (await reader.shared()).underlyings),
    state: () => books.state(books.head().time),
    refreshPrices: () =>
      inTurn(async () => {
        const { underlyings } = await reader.shared();
        for (const [index, underlying] of underlyings.entries()) {
          // a price that waits for its confirmation is not to be contradicted
          if (underlying.priceState !== NORMAL) continue;
          await send([await latestPost(rpc, protocol, poster, index, underlying.price * 10n ** underlying.lotExponent)]);
        }
        await tend();
      }),
    keep: () =>
      inTurn(() => keepersTurn({ books, record, from: keeper.address, keeper: accountIdOf(keeper.address), send: liquidate, slices })),
    close: async () => {
      store.close();
      await closeChain();
    },
  };
}

/** The server of Hardhat does not say that its port is taken: it ends the process. */
async function requireFree(port: number): Promise<void> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once("error", () => reject(new BadInput(`port ${port} is in use: is a devnet running already?`)));
    probe.listen(port, HOST, () => probe.close(() => resolve()));
  });
}

function namesOf(record: DeploymentRecord, underlyings: readonly Underlying[]): string[] {
  const listed = listedIn(record, underlyings);
  return underlyings.flatMap((each, underlying) => [...each.series.keys()].map((series) => seriesName(listed, { underlying, series })));
}

/** What is given to it waits for what was given before. */
function oneAtATime(): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
}

/** Sends calls one after the other. */
type Send = (calls: readonly Call[]) => Promise<unknown>;

/**
 * Posts a price, then what the series need that it makes stale; of a local chain.
 * @param price of a unit, WAD
 * @param send for the account that posts
 */
export async function movePrice(rpc: Rpc, record: DeploymentRecord, underlying: number, price: bigint, send: Send): Promise<void> {
  const protocol: Protocol = { record, signers: LOCAL_ROLES.priceSigners.map(localWallet) };
  const from = addressOf(LOCAL_ROLES.poster);
  await setPrice(rpc, protocol, from, underlying, price, send);
  await tendSeries(rpc, record, from, localSlices(protocol), (call) => send([call]));
}

/**
 * Posts a price and, where the guard asks for it, confirms it a minute later by moving the clock of the local chain.
 * @param price of a unit, WAD
 */
export async function setPrice(
  rpc: Rpc,
  protocol: Protocol,
  from: string,
  underlying: number,
  price: bigint,
  send: Send = (calls) => sendAll(rpc, calls),
): Promise<void> {
  const reader = vaultReader(rpc, protocol.record.contracts.vault);
  const post = async () => send([await latestPost(rpc, protocol, from, underlying, price)]);
  await post();
  if ((await reader.shared()).underlyings[underlying]?.priceState === NORMAL) return;
  await passTime(rpc, CONFIRMATION);
  await post();
}

async function latestPost(rpc: Rpc, protocol: Protocol, from: string, underlying: number, price: bigint): Promise<Call> {
  return postCall(protocol, from, underlying, price, (await latestTime(rpc)) + 1);
}

/** A modest long in BTC, a long in ETH near its limit, and the short that is on the other side of both; then ETH falls by 9 %. */
async function openDevPositions(rpc: Rpc, protocol: Protocol, ethPrice: bigint): Promise<string[]> {
  const { record } = protocol;
  const state = await vaultReader(rpc, record.contracts.vault).shared();
  const [modest, daring, rich] = [0, 1, 2].map((i) => localWallet(LOCAL_ROLES.trader + i));
  if (!modest || !daring || !rich) throw new Error("local accounts");
  const side = (wallet: typeof modest, lots: bigint): Side => ({ wallet, account: accountIdOf(wallet.address), lots });
  const deposit = (wallet: typeof modest, amount: bigint, token = SETTLEMENT_TOKEN) =>
    fundingCalls(record, wallet.address, accountIdOf(wallet.address), token, amount);
  await sendAll(rpc, [
    ...deposit(modest, 20_000n * WAD),
    ...deposit(modest, 5n * WAD, 0),
    ...deposit(daring, 2_000n * WAD),
    ...deposit(rich, 100_000n * WAD),
  ]);
  const trades: [underlying: number, wallet: typeof modest, units: number][] = [
    [1, modest, 0.5],
    [0, daring, 8],
  ];
  for (const [index, wallet, units] of trades) {
    const underlying = state.underlyings[index];
    if (underlying === undefined) continue;
    const lots = BigInt(units * 10 ** Number(underlying.lotExponent));
    const calls = await matchCalls(record, index, underlying.price, [side(wallet, lots)], [side(rich, lots)], 1n, BigInt(index));
    await sendAll(rpc, calls);
  }
  await setPrice(rpc, protocol, addressOf(LOCAL_ROLES.poster), 0, (ethPrice * 91n) / 100n);
  return [
    `account ${LOCAL_ROLES.trader}: 20,000 ${record.settlementToken.symbol}, 5 WETH, long 0.5 BTC`,
    `account ${LOCAL_ROLES.trader + 1}: 2,000 ${record.settlementToken.symbol}, long 8 ETH, below its line since ETH fell by 9 %`,
    `account ${LOCAL_ROLES.trader + 2}: 100,000 ${record.settlementToken.symbol}, short both`,
  ];
}

/** On the devnet's own chain, which knows every key and takes no fees: what furnishes it is sent without either. */
async function sendAll(rpc: Rpc, calls: readonly Call[]): Promise<void> {
  for (const { from, to, data, gas = 8_000_000 } of calls) {
    await rpc("eth_sendTransaction", [{ from, to, data, gas: toQuantity(gas), gasPrice: "0x0" }]);
  }
}

/** Moves the clock of a local chain. */
export async function passTime(rpc: Rpc, seconds: number): Promise<void> {
  await rpc("evm_increaseTime", [seconds]);
  await rpc("evm_mine", []);
}

async function latestTime(rpc: Rpc): Promise<number> {
  return Number(((await rpc("eth_getBlockByNumber", ["latest", false])) as { timestamp: string }).timestamp);
}

function addressOf(index: number): string {
  return localWallet(index).address;
}

/** An account as a person names it: on a local chain the number of one of its accounts where it is one. */
export function showAccount(account: bigint, chainId = LOCAL_CHAIN): string {
  if (chainId === LOCAL_CHAIN) for (let i = 0; i < 20; i++) if (accountIdOf(addressOf(i)) === account) return `account ${i}`;
  return `0x${(account >> 96n).toString(16).padStart(40, "0")}/${account & ((1n << 96n) - 1n)}`;
}
