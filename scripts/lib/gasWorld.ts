import { AbiCoder, ContractFactory, encodeBytes32String, Interface, id, type Wallet, Wallet as WalletOf } from "ethers";
import { artifacts } from "hardhat";
import { deployPlimsoll } from "../../src/deployment/deployPlimsoll.ts";
import { localParameters } from "../../src/deployment/localParameters.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import type { AccountId } from "../../src/engine/types/types.ts";
import { depositAction, type EncodedAction, SETTLEMENT_TOKEN, tradeAction } from "../../src/sdk/actions.ts";
import { type Call, executeCall } from "../../src/sdk/calls.ts";
import type { DeploymentRecord } from "../../src/sdk/deploymentRecord.ts";
import { Failure } from "../../src/sdk/failure.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { buildOrder, encodeFills, type OrderFill, signOrder } from "../../src/sdk/orders.ts";
import { orderVenue } from "../../src/sdk/series.ts";
import { signPrice } from "../../src/sdk/signedValues.ts";
import { takeCall } from "../../src/sdk/takeOrders.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { type Connection, type LocalChain, openLocalChain } from "../../src/simulator/localChain.ts";
import { type Protocol, rateCalls } from "../../src/simulator/setUp.ts";

const PYTH = new Interface(["function updatePriceFeeds(bytes[] updates) payable"]);
const FEED = new Interface(["function set(int256 answer, uint256 updatedAt)"]);

export const WAD = 10n ** 18n;
export const HOUR = 3_600;
export const DAY = 86_400;

/** The underlyings of the local deployment by their place, each behind another kind of source; LINK has all three. */
export const [ETH, BTC, SOL, LINK, DAI] = [0, 1, 2, 3, 4] as const;
const SOURCES = [["signed"], ["chainlink"], ["pyth"], ["chainlink", "pyth", "signed"], ["signed"]] as const;
export const UNDERLYINGS = [ETH, BTC, SOL, LINK, DAI] as const;
export const SYMBOLS = ["ETH", "BTC", "SOL", "LINK", "DAI"] as const;
export const [WETH, WBTC, DAI_TOKEN] = [0, 1, 2] as const;

/** Prices of a unit at the start, WAD: not round, as calldata of real ones is not. */
const START_PRICES = [
  201_337n * 10n ** 16n,
  4_012_345n * 10n ** 16n,
  10_137n * 10n ** 16n,
  1_503n * 10n ** 16n,
  10_003n * 10n ** 14n,
] as const;

// Fixed, so that calldata and storage are the same in every run.
const DEPLOYED_AT = 1_780_000_001;
const OPENED_AT = DEPLOYED_AT + 30 * DAY - (DEPLOYED_AT % HOUR) + 331;
const PRICE_SIGNERS = [5, 6];
const FUNDING_RATE = 123_456n; // ppb over eight hours: funding is due at every touch
const PYTH_FEE = 1n;
const FEED_DECIMALS = 8;
const HIGHEST_FEE = 10_000n; // ppm
const FAR_FUTURE = 2n ** 36n - 1n;
/** Seconds for which a price is good, less two blocks. */
const GOOD_FOR = 45;
/** When orders say they were signed. */
const SIGNED = 1_700_000_000n;

type Mocks = {
  readonly quote: string;
  readonly feeds: ReadonlyMap<number, string>;
  readonly pyth: string;
  /** Says that the sequencer is up. */
  readonly uptime: string;
};

/** The protocol on a chain in this process, and what the operations of the benchmark need to act on it. */
export type GasWorld = {
  readonly chain: LocalChain;
  readonly record: DeploymentRecord;
  /** Contracts beside those of the record: linked libraries, and what stands in for the feeds of others. */
  readonly others: ReadonlyMap<string, string>;
  /** Everybody who took part, with their accounts. */
  readonly people: () => ReadonlyMap<string, readonly AccountId[]>;
  /** Price of a unit now, WAD. */
  readonly price: (underlying: number) => bigint;
  /** Price of a lot now, WAD. */
  readonly lotPrice: (underlying: number) => bigint;
  /** The second at which the next block is mined. */
  readonly next: () => number;
  /** A key, and its address unlocked. */
  readonly party: (name: string) => Promise<Party>;
  /** Mines set-up calls in one block. */
  readonly prepare: (calls: readonly Call[]) => Promise<void>;
  /** Lets `seconds` pass, whole hours up to the next full one, and posts every price, ETH at `eth` if given. */
  readonly turn: (seconds: number, eth?: bigint) => Promise<void>;
  /** Calls that publish the price of an underlying to what its sources read, and the post. */
  readonly postCalls: (underlying: number, time: number) => { readonly publish: readonly Call[]; readonly post: Call };
  readonly rateCalls: (underlying: number) => Call[];
  /** Tokens from the faucet and an unlimited approval of the vault. */
  readonly tokens: (party: Party, token: number, amount: bigint, spender?: string) => Call[];
  /** An order of `maker` to be taken in full or in part. */
  readonly order: (maker: Party, underlying: number, long: boolean, size: bigint, nonce: bigint, lots?: bigint) => Promise<OrderFill>;
  /** `taker` takes from `makers`: the vault judges their orders itself. */
  readonly take: (taker: Party, underlying: number, long: boolean, makers: readonly OrderFill[]) => Call;
  /** The same by a Trade through the module. */
  readonly trade: (taker: Party, underlying: number, long: boolean, makers: readonly OrderFill[]) => Call;
  readonly execute: (party: Party, actions: readonly EncodedAction[]) => Call;
  /** Of settlement tokens. */
  readonly deposit: (party: Party, amount: bigint) => Call;
  readonly vaultCall: (from: string, method: string, args: readonly unknown[]) => Call;
  readonly close: () => Promise<void>;
};

export type Party = { readonly name: string; readonly wallet: Wallet; readonly address: string; readonly account: AccountId };

/** Sends through `connection` with every block a second after the one before, whatever the clock of the machine says. */
function punctual(connection: Connection, start: number): Connection["provider"] {
  let time = start;
  let queue: Promise<unknown> = Promise.resolve();
  const request = (args: { readonly method: string; readonly params?: unknown }): Promise<unknown> => {
    if (args.method !== "eth_sendTransaction") return connection.provider.request(args as never);
    const sent = queue.then(async () => {
      await connection.provider.request({ method: "evm_setNextBlockTimestamp", params: [++time] });
      return connection.provider.request(args as never);
    });
    queue = sent.catch(() => {});
    return sent;
  };
  return new Proxy(connection.provider, { get: (target, name) => (name === "request" ? request : Reflect.get(target, name)) });
}

async function deployMocks(provider: Connection["provider"]): Promise<Mocks> {
  const [from = ""] = (await provider.request({ method: "eth_accounts" })) as string[];
  const send = async (transaction: Record<string, unknown>): Promise<{ contractAddress: string }> => {
    const hash = await provider.request({ method: "eth_sendTransaction", params: [{ from, ...transaction }] });
    return (await provider.request({ method: "eth_getTransactionReceipt", params: [hash] })) as { contractAddress: string };
  };
  const create = async (name: string, args: readonly unknown[]): Promise<string> => {
    const { abi, bytecode } = await artifacts.readArtifact(name);
    const { data } = await new ContractFactory(abi, bytecode).getDeployTransaction(...args);
    return (await send({ data })).contractAddress;
  };
  const mocks = {
    quote: await create("MockFeed", [FEED_DECIMALS]),
    feeds: new Map([
      [BTC, await create("MockFeed", [FEED_DECIMALS])],
      [LINK, await create("MockFeed", [FEED_DECIMALS])],
    ] as [number, string][]),
    pyth: await create("PythMock", [PYTH_FEE]),
    uptime: await create("MockFeed", [0]),
  };
  // prices must be there when the underlyings are listed
  await send({ to: mocks.quote, data: feedData(WAD, DEPLOYED_AT) });
  await send({ to: mocks.uptime, data: feedData(0n, DEPLOYED_AT - DAY) });
  for (const [underlying, feed] of mocks.feeds) await send({ to: feed, data: feedData(START_PRICES[underlying] ?? 0n, DEPLOYED_AT) });
  for (const underlying of [SOL, LINK]) {
    const updates = pythUpdates(underlying, START_PRICES[underlying], DEPLOYED_AT);
    const data = PYTH.encodeFunctionData("updatePriceFeeds", [updates]);
    await send({ to: mocks.pyth, data, value: `0x${(PYTH_FEE * BigInt(updates.length)).toString(16)}` });
  }
  return mocks;
}

/** @param price WAD */
function feedData(price: bigint, time: number): string {
  return FEED.encodeFunctionData("set", [price / 10n ** BigInt(18 - FEED_DECIMALS), time]);
}

const baseIdOf = (underlying: number): string => id(`${SYMBOLS[underlying]}/USD`);
const QUOTE_ID = id("pUSD/USD");

/** The form that Pyth's mock takes; the real contract takes the same prices in a signed Merkle proof. */
function pythUpdates(underlying: number, price: bigint, time: number): string[] {
  const feed = (feedId: string, value: bigint): string => {
    const said = [value / 10n ** 10n, value / 10n ** 14n, -8, time];
    return AbiCoder.defaultAbiCoder().encode(
      ["tuple(bytes32,tuple(int64,uint64,int32,uint256),tuple(int64,uint64,int32,uint256))", "uint64"],
      [[feedId, said, said], time - 1],
    );
  };
  return [feed(baseIdOf(underlying), price), feed(QUOTE_ID, WAD)];
}

function parametersWith(mocks: Mocks, sequencer: boolean) {
  return localParameters((file) => {
    const aggregator = (feed: string) => ({ feed, heartbeat: "1 day", least: "1", most: String(10n ** 18n) });
    (file as { pyth?: string }).pyth = mocks.pyth;
    if (sequencer) (file as unknown as { uptime: unknown }).uptime = { feed: mocks.uptime, grace: "1 hour" };
    for (const [underlying, listed] of file.underlyings.entries()) {
      const base = mocks.feeds.get(underlying);
      listed.sources = SOURCES[underlying]?.map((kind) => {
        if (kind === "signed") return { kind, feed: `${listed.symbol}/pUSD`, maxAge: "1 hour" };
        if (kind === "chainlink") return { kind, base: aggregator(base ?? ""), quote: aggregator(mocks.quote) };
        return { kind, baseId: baseIdOf(underlying), quoteId: QUOTE_ID, maxAge: "1 hour", confidence: 0.01 };
      });
    }
  });
}

/**
 * Deploys the protocol through its Ignition modules on a chain whose every block has a fixed time.
 * @param sequencer with a feed that says whether one is up
 */
export async function openGasWorld(sequencer = false): Promise<GasWorld> {
  let record: DeploymentRecord | undefined;
  let mocks: Mocks | undefined;
  const chain = await openLocalChain(DEPLOYED_AT - 1, async (connection) => {
    const provider = punctual(connection, DEPLOYED_AT);
    mocks = await deployMocks(provider);
    record = await deployPlimsoll({ connection, parameters: parametersWith(mocks, sequencer), network: "bench", provider });
  });
  if (record === undefined || mocks === undefined) throw new Failure("deployment left no record");
  const others = new Map([...(await librariesOf(chain, record)), ...namesOf(mocks)]);
  const world = worldOn(chain, record, mocks, others);
  try {
    await begin(world);
  } catch (error) {
    await chain.close();
    throw error;
  }
  return world;
}

/** Prices, funding rates and a fund, without which nobody can open a position. */
async function begin(world: GasWorld): Promise<void> {
  const { record, chain, prepare, party, tokens, vaultCall } = world;
  const backer = await party("backer");
  const { insuranceFund } = record.contracts;
  const stake = 20_000_000n * 10n ** 6n;
  await world.turn(0);
  await prepare([
    ...UNDERLYINGS.flatMap((underlying) => world.rateCalls(underlying)),
    ...tokens(backer, SETTLEMENT_TOKEN, stake, insuranceFund),
    { from: backer.address, to: insuranceFund, data: interfaceOf("InsuranceFund").encodeFunctionData("deposit", [stake, backer.address]) },
    ...UNDERLYINGS.map((underlying) => vaultCall(backer.address, "refreshOpenInterestCap", [underlying])),
  ]);
  if (chain.now() < OPENED_AT) throw new Failure("the chain is behind its clock");
}

/** The addresses that were linked into the vault, read from its code. */
async function librariesOf(chain: LocalChain, record: DeploymentRecord): Promise<[string, string][]> {
  const { deployedLinkReferences } = await artifacts.readArtifact("MarginVault");
  const code = (await chain.rpc("eth_getCode", [record.contracts.vault, "latest"])) as string;
  return Object.values(deployedLinkReferences).flatMap((file) =>
    Object.entries(file).map(([name, places]): [string, string] => {
      const start = 2 + 2 * (places[0]?.start ?? 0);
      return [`0x${code.slice(start, start + 40)}`, name];
    }),
  );
}

function namesOf({ quote, feeds, pyth, uptime }: Mocks): [string, string][] {
  const each = [...feeds].map(([underlying, feed]): [string, string] => [feed, `${SYMBOLS[underlying]} feed`]);
  return [[quote, "quote feed"], ...each, [pyth, "Pyth"], [uptime, "uptime feed"]];
}

function worldOn(chain: LocalChain, record: DeploymentRecord, mocks: Mocks, others: ReadonlyMap<string, string>): GasWorld {
  const { vault, signedSource } = record.contracts;
  const protocol: Protocol = { record, signers: PRICE_SIGNERS.map(localWallet) };
  const venue = orderVenue(record);
  const prices: bigint[] = [...START_PRICES];
  const operator = localWallet(0).address;
  const parties = new Map<string, Party>();
  let posted: number | undefined;
  const price = (underlying: number): bigint => prices[underlying] ?? 0n;
  const lotPrice = (underlying: number): bigint => price(underlying) / 10n ** BigInt(record.underlyings[underlying]?.lotExponent ?? 0);
  const vaultCall = (from: string, method: string, args: readonly unknown[]): Call => {
    return { from, to: vault, data: interfaceOf("IMarginVault").encodeFunctionData(method, [...args]) };
  };
  const next = (): number => chain.now() + 7;

  const postCalls = (underlying: number, time: number): { publish: Call[]; post: Call } => {
    const publish: Call[] = [];
    const feed = mocks.feeds.get(underlying);
    if (feed !== undefined) publish.push({ from: operator, to: feed, data: feedData(price(underlying), time) });
    let value = 0n;
    const updates = (SOURCES[underlying] ?? []).map((kind): string => {
      if (kind === "chainlink") return "0x";
      if (kind === "pyth") {
        const parts = pythUpdates(underlying, price(underlying), time);
        value += PYTH_FEE * BigInt(parts.length);
        return AbiCoder.defaultAbiCoder().encode(["bytes[]"], [parts]);
      }
      const at = { chainId: venue.chainId, source: signedSource ?? "" };
      return signPrice(protocol.signers, at, encodeBytes32String(`${SYMBOLS[underlying]}/pUSD`), price(underlying), time);
    });
    return { publish, post: { ...vaultCall(operator, "postPrice", [underlying, updates]), value } };
  };

  const post = async (time: number): Promise<void> => {
    posted = time;
    const calls = UNDERLYINGS.map((underlying) => postCalls(underlying, time));
    const quote: Call = { from: operator, to: mocks.quote, data: feedData(WAD, time) };
    await chain.mine(time, [quote, ...calls.flatMap(({ publish }) => publish), ...calls.map(({ post: each }) => each)]);
  };

  const prepare = async (calls: readonly Call[]): Promise<void> => {
    // set-ups open at good prices
    if (posted !== undefined && next() - posted > GOOD_FOR) await post(next());
    await chain.mine(next(), calls);
  };

  return {
    chain,
    record,
    others,
    people: () => new Map([...parties].map(([name, { address }]) => [name, [0n, 1n].map((index) => accountIdOf(address, index))])),
    price,
    lotPrice,
    next,
    prepare,
    postCalls,
    vaultCall,
    party: async (name) => {
      const known = parties.get(name);
      if (known) return known;
      const wallet = new WalletOf(id(`plimsoll gas benchmark: ${name}`));
      const address = wallet.address.toLowerCase();
      const made = { name, wallet, address, account: accountIdOf(address) };
      parties.set(name, made);
      await chain.unlock(address);
      return made;
    },
    turn: async (seconds, eth) => {
      if (eth !== undefined) prices[ETH] = eth;
      const time = chain.now() + seconds;
      // whole hours end at a full one, where prices are samples
      await post(Math.max(OPENED_AT, seconds > 0 && seconds % HOUR === 0 ? Math.ceil(time / HOUR) * HOUR + 1 : time));
    },
    rateCalls: (underlying) => rateCalls(protocol, operator, underlying, FUNDING_RATE, chain.now()),
    tokens: (party, token, amount, spender = vault) => {
      const address = token === SETTLEMENT_TOKEN ? record.settlementToken.address : (record.collaterals[token]?.address ?? "");
      const faucet = interfaceOf("FaucetToken");
      return [
        { from: party.address, to: address, data: faucet.encodeFunctionData("mint", [party.address, amount]) },
        { from: party.address, to: address, data: faucet.encodeFunctionData("approve", [spender, 2n ** 256n - 1n]) },
      ];
    },
    order: async (maker, underlying, long, size, nonce, lots = size) => {
      const order = buildOrder({
        vault,
        account: maker.account,
        instrument: BigInt(underlying),
        long,
        limit: lotPrice(underlying),
        size,
        maxFee: HIGHEST_FEE,
        // not zero, so that its bytes are paid for
        validFrom: SIGNED,
        validUntil: FAR_FUTURE,
        nonce,
      });
      return { ...(await signOrder(maker.wallet, venue, order)), lots };
    },
    take: (taker, underlying, long, makers) => {
      const lots = makers.reduce((sum, maker) => sum + maker.lots, 0n);
      const limit = { instrument: BigInt(underlying), long, worst: lotPrice(underlying), lots, maxFee: HIGHEST_FEE, reduceOnly: false };
      return takeCall(record, taker.address, { taker: taker.account, limits: [limit], makers, minimumLots: lots }, 15_000_000);
    },
    trade: (taker, underlying, long, makers) => {
      const lots = makers.reduce((sum, maker) => sum + maker.lots, 0n);
      const limit = { instrument: BigInt(underlying), long, worst: lotPrice(underlying), lots, maxFee: HIGHEST_FEE, reduceOnly: false };
      const trade = tradeAction(taker.account, record.modules.orders, encodeFills([limit], makers), lots);
      return executeCall(record, taker.address, [trade], 15_000_000);
    },
    execute: (party, actions) => executeCall(record, party.address, actions),
    deposit: (party, amount) => executeCall(record, party.address, [depositAction(party.account, SETTLEMENT_TOKEN, amount)]),
    close: chain.close,
  };
}
