import { performance } from "node:perf_hooks";
import { toQuantity } from "ethers";
import { LiquidationScan } from "../../src/engine/scan/liquidationScan.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { followBooks } from "../../src/keeper/books.ts";
import { liquidationSender } from "../../src/keeper/liquidationSender.ts";
import { keepersTurn } from "../../src/keeper/turn.ts";
import { depositAction, type EncodedAction, SETTLEMENT_TOKEN, tradeAction } from "../../src/sdk/actions.ts";
import { type Call, executeCall, refreshCapCall } from "../../src/sdk/calls.ts";
import { Failure } from "../../src/sdk/failure.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { buildOrder, encodeFills, signOrder } from "../../src/sdk/orders.ts";
import { vaultReader } from "../../src/sdk/readState.ts";
import { httpRpc, pauseFor, type Rpc } from "../../src/sdk/rpc.ts";
import { transactionSender } from "../../src/sdk/sender.ts";
import { orderVenue } from "../../src/sdk/series.ts";
import { type Devnet, LOCAL_ROLES, setPrice } from "../../src/simulator/devnet.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { postCall, stakeCalls, tokenUnits } from "../../src/simulator/setUp.ts";

const ETH = 0;
const OWNER = 13;
const MAKER = 14;
const KEEPERS = [15, 16, 17];
const NOTIONAL = 2_000n * WAD;
const FEE = 10_000n;
const FOREVER = 2n ** 36n - 1n;
const AT_ONCE = 16;

export type KeeperFigures = {
  readonly keepers: number;
  readonly accounts: number;
  /** Sold, of those that were below their line. */
  readonly sold: number;
  /** Blocks after that of the price up to that of the last sale. */
  readonly blocks: number;
  /** Blocks that the gas of the sales alone fills. */
  readonly blocksOfGas: number;
  /** From the price to the last sale. */
  readonly seconds: number;
  /** From the price until the first batch had left. */
  readonly secondsToPlan: number;
  readonly transactions: number;
  /** Of the sales, and of what sold nobody because another keeper was first. */
  readonly gas: bigint;
  readonly gasInVain: bigint;
  /** Sold in the fullest block. */
  readonly mostInABlock: number;
};

export type KeeperBench = {
  readonly devnet: Devnet;
  readonly blockSeconds: number;
  readonly blockGas: number;
  readonly show: (stage: string, done: number, of: number) => void;
};

const address = (index: number): string => localWallet(index).address;

async function sendAll(rpc: Rpc, calls: readonly Call[]): Promise<void> {
  for (const { from, to, data } of calls)
    await rpc("eth_sendTransaction", [{ from, to, data, gas: toQuantity(16_000_000), gasPrice: "0x0" }]);
}

/** Many accounts of one owner, each long ether with a leverage of about three, against one that is short of it all. */
export async function openAccounts({ devnet: { rpc, record, refreshPrices }, show }: KeeperBench, count: number): Promise<void> {
  const [owner, maker] = [localWallet(OWNER), localWallet(MAKER)];
  const state = await vaultReader(rpc, record.contracts.vault).shared();
  const { price } = state.underlyings[ETH]!;
  const lots = NOTIONAL / price;
  const { address: token, decimals } = record.settlementToken;
  const faucet = interfaceOf("FaucetToken");
  const units = (amount: bigint): bigint => tokenUnits(amount, decimals);
  const fund = async (of: string, amount: bigint): Promise<void> =>
    sendAll(rpc, [
      { from: of, to: token, data: faucet.encodeFunctionData("mint", [of, units(amount)]) },
      { from: of, to: token, data: faucet.encodeFunctionData("approve", [record.contracts.vault, units(amount)]) },
    ]);
  const total = NOTIONAL * BigInt(count);
  await sendAll(rpc, [...stakeCalls(record, address(LOCAL_ROLES.backer), total), refreshCapCall(record, address(LOCAL_ROLES.poster), ETH)]);
  await fund(owner.address, total);
  await fund(maker.address, total);
  await sendAll(rpc, [executeCall(record, maker.address, [depositAction(accountIdOf(maker.address), SETTLEMENT_TOKEN, units(total))])]);
  const order = buildOrder({
    vault: record.contracts.vault,
    account: accountIdOf(maker.address),
    instrument: BigInt(ETH),
    long: false,
    limit: price,
    size: lots * BigInt(count),
    maxFee: FEE,
    validUntil: FOREVER,
    nonce: 1n,
  });
  const signed = await signOrder(maker, orderVenue(record), order);
  const limit = { instrument: BigInt(ETH), long: true, worst: price, lots, maxFee: FEE, reduceOnly: false };
  const fills = encodeFills([limit], [{ ...signed, lots }]);
  for (let from = 1; from <= count; from += AT_ONCE) {
    show("open accounts", from - 1, count);
    const actions: EncodedAction[] = [];
    for (let i = from; i < from + AT_ONCE && i <= count; i++) {
      const id = accountIdOf(owner.address, BigInt(i));
      // 28.5 to 35 % of what is held: after the fall one in four owes more than it has
      const margin = (NOTIONAL * (2_850n + ((BigInt(i) * 7_919n) % 650n))) / 10_000n;
      actions.push(depositAction(id, SETTLEMENT_TOKEN, units(margin)), tradeAction(id, record.modules.orders, fills, lots));
    }
    await sendAll(rpc, [executeCall(record, owner.address, actions)]);
    if ((from - 1) % (AT_ONCE * 20) === 0) await refreshPrices();
  }
}

/** A price that falls by three tenths, and keepers side by side until nobody is below the line. The chain goes back to what it was before. */
export async function fall(bench: KeeperBench, keepers: number): Promise<KeeperFigures> {
  const { devnet, blockSeconds, blockGas, show } = bench;
  const { record, url } = devnet;
  // as a keeper has it: what may pass is asked again
  const rpc = httpRpc(url);
  const snapshot = await rpc("evm_snapshot");
  const signal = new AbortController();
  const team = KEEPERS.slice(0, keepers).map((index) => {
    const wallet = localWallet(index);
    const sender = transactionSender({ rpc, wallet, chainId: record.chainId, pollingInterval: 250 });
    const books = followBooks(rpc, record.contracts.vault, record.block);
    return { wallet, books, scan: new LiquidationScan(), send: liquidationSender(rpc, sender) };
  });
  try {
    // everybody has read everything before
    for (const { books, wallet, scan } of team)
      await keepersTurn({ books, scan, record, from: wallet.address, keeper: accountIdOf(wallet.address) });
    await rpc("evm_setBlockGasLimit", [toQuantity(blockGas)]);
    const { price, lotExponent } = (await vaultReader(rpc, record.contracts.vault).shared()).underlyings[ETH]!;
    const fallen = (price * 10n ** lotExponent * 7n) / 10n;
    const protocol = { record, signers: LOCAL_ROLES.priceSigners.map(localWallet) };
    const poster = address(LOCAL_ROLES.poster);
    await setPrice(rpc, protocol, poster, ETH, fallen);
    const first = Number(await rpc("eth_blockNumber"));
    const started = performance.now();
    await rpc("evm_setAutomine", [false]);
    await rpc("evm_setIntervalMining", [blockSeconds * 1_000]);
    const reposting = (async () => {
      while (!signal.signal.aborted) {
        await pauseFor(20_000, signal.signal);
        const post = postCall(protocol, poster, ETH, fallen, Number((await latest(rpc)).timestamp) + 1);
        if (!signal.signal.aborted) await sendAll(rpc, [post]).catch(() => {});
      }
    })();
    let [sold, below, planned] = [0, 0, 0];
    const loops = team.map(async ({ wallet, books, scan, send }) => {
      for (;;) {
        const timed: typeof send = (calls) => {
          planned ||= performance.now();
          return send(calls);
        };
        const turn = await keepersTurn({ books, scan, record, from: wallet.address, keeper: accountIdOf(wallet.address), send: timed });
        below = Math.max(below, turn.below);
        sold += turn.sales.length;
        show(`${keepers} keepers`, Math.min(sold, below), below);
        if (turn.below === 0) return;
        if (turn.planned.length === 0) await pauseFor(500);
      }
    });
    await Promise.all(loops);
    const seconds = (performance.now() - started) / 1000;
    signal.abort();
    await reposting;
    return {
      keepers,
      accounts: below,
      seconds,
      secondsToPlan: (planned - started) / 1000,
      ...(await salesSince(
        bench,
        first,
        team.map(({ wallet }) => wallet.address),
      )),
    };
  } finally {
    signal.abort();
    await rpc("evm_setIntervalMining", [0]);
    await rpc("evm_setAutomine", [true]);
    await rpc("evm_revert", [snapshot]);
  }
}

const latest = async (rpc: Rpc) => (await rpc("eth_getBlockByNumber", ["latest", false])) as { readonly timestamp: string };

async function salesSince({ devnet: { rpc, record }, blockGas }: KeeperBench, first: number, senders: readonly string[]) {
  const last = Number(await rpc("eth_blockNumber"));
  const batch = interfaceOf("LiquidationBatch").getFunction("liquidateBatch")?.selector ?? "";
  const topic = interfaceOf("IMarginVault").getEvent("Liquidated")?.topicHash;
  let [sold, blocks, transactions, gas, gasInVain, mostInABlock] = [0, 0, 0, 0n, 0n, 0];
  for (let number = first + 1; number <= last; number++) {
    const block = (await rpc("eth_getBlockByNumber", [toQuantity(number), true])) as {
      transactions: { hash: string; from: string; input: string }[];
    };
    let inBlock = 0;
    for (const { hash, from, input } of block.transactions) {
      if (!input.startsWith(batch) || !senders.some((sender) => sender.toLowerCase() === from.toLowerCase())) continue;
      const receipt = (await rpc("eth_getTransactionReceipt", [hash])) as {
        gasUsed: string;
        logs: { topics: string[]; address: string }[];
      };
      const sales = receipt.logs.filter(
        ({ topics, address: at }) => topics[0] === topic && at.toLowerCase() === record.contracts.vault.toLowerCase(),
      ).length;
      transactions++;
      inBlock += sales;
      if (sales === 0) gasInVain += BigInt(receipt.gasUsed);
      else gas += BigInt(receipt.gasUsed);
    }
    sold += inBlock;
    if (inBlock > 0) blocks = number - first;
    mostInABlock = Math.max(mostInABlock, inBlock);
  }
  if (sold === 0) throw new Failure("nobody was sold");
  return { sold, blocks, transactions, gas, gasInVain, mostInABlock, blocksOfGas: Math.ceil(Number(gas) / blockGas) };
}
