import type { Command } from "commander";
import { Wallet } from "ethers";
import { z } from "zod";
import { accountIdOf, ownerOf } from "../engine/types/accountId.ts";
import type { AccountId } from "../engine/types/types.ts";
import type { ContractName } from "../sdk/abis.ts";
import { SETTLEMENT_TOKEN } from "../sdk/actions.ts";
import { addressFault } from "../sdk/address.ts";
import { parseDecimal } from "../sdk/amounts.ts";
import type { Call } from "../sdk/calls.ts";
import { connect } from "../sdk/connect.ts";
import { readDeployment } from "../sdk/deploymentFile.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { BadInput } from "../sdk/failure.ts";
import { interfaceOf } from "../sdk/interfaces.ts";
import { type ChainNode, type NodeEvent, requireChain, severalNodes } from "../sdk/nodes.ts";
import { callContract } from "../sdk/readState.ts";
import { hostOf, httpRpc, pauseFor, type RetryOptions, type Rpc, retryingRpc } from "../sdk/rpc.ts";
import { type SenderEvent, type Sent, transactionSender } from "../sdk/sender.ts";
import { LOCAL_CHAIN, localWallet } from "../simulator/localAccounts.ts";
import { readArguments, whole } from "./arguments.ts";
import { home } from "./home.ts";

/** Options that every operating command has. */
export function withNetwork(command: Command): Command {
  return command
    .option("--network <name>", "whose recorded addresses are used", "local")
    .option(
      "--rpc <url>",
      "node; several times for several, of which the first that is well is asked; also PLIMSOLL_RPC",
      addRpc,
      DEFAULT_RPC,
    )
    .option(
      "--private-rpc <url>",
      "where signed transactions go instead, unseen by others; also PLIMSOLL_PRIVATE_RPC",
      process.env.PLIMSOLL_PRIVATE_RPC,
    )
    .option("--as <number>", `account of the local chain that acts, ${DEFAULT_ACCOUNT} by default; elsewhere the key in PLIMSOLL_KEY does`)
    .option("--wait <seconds>", "that a transaction is waited for", "180")
    .option("--json", "print one JSON object", false);
}

const DEFAULT_ACCOUNT = 10;
/** Several addresses stand beside each other, with a space or a comma between. */
const DEFAULT_RPC: readonly string[] = (process.env.PLIMSOLL_RPC ?? "http://127.0.0.1:8545").split(/[\s,]+(?=https?:)/);

/** What is given takes the place of the default. */
function addRpc(url: string, before: readonly string[]): readonly string[] {
  return before === DEFAULT_RPC ? [url] : [...before, url];
}

const httpAddress = z.string().refine((text) => /^https?:\/\/\S+$/.test(text) && URL.canParse(text), "is not an HTTP address");

export const networkSchema = z.object({
  network: z.string().regex(/^[\w-]+$/, "is not the name of a network"),
  rpc: z.array(httpAddress),
  privateRpc: httpAddress.optional(),
  as: whole(0, 999).optional(),
  wait: whole(1, 86_400),
  json: z.boolean(),
});

export type Transaction = Pick<Call, "to" | "data" | "value">;

/** One deployment on one node, and who acts. */
export type Context = {
  readonly record: DeploymentRecord;
  readonly rpc: Rpc;
  readonly json: boolean;
  /** The wallet that acts. @throws BadInput when there is no key */
  readonly wallet: () => Wallet;
  /** Calls a view of a contract of the deployment. */
  readonly view: (
    contract: keyof DeploymentRecord["contracts"],
    abi: ContractName,
    method: string,
    ...args: unknown[]
  ) => Promise<unknown[]>;
  /**
   * Sends transactions one after another, each once the one before is mined; gives the last hash and what all of them said.
   * @param by who signs; who acts by default
   */
  readonly send: (transactions: readonly Transaction[], by?: Wallet) => Promise<Pick<Sent, "hash" | "logs">>;
};

/**
 * @param retry how the keeper wants to be heard about requests that are made again, and to be stopped
 * @param onNode hears of nodes that are left out and come back
 */
export async function openContext(options: unknown, retry: RetryOptions = {}, onNode = sayNode): Promise<Context> {
  const { network, rpc: urls, privateRpc, as, wait, json } = readArguments(networkSchema, options);
  const record = readDeployment(home(), network);
  const nodes = urls.map(nodeAt);
  if (nodes.length > 1) await requireChain(nodes, record.chainId, network);
  const privately = privateRpc === undefined ? {} : { privately: nodeAt(privateRpc) };
  const rpc = retryingRpc(severalNodes(nodes, { ...privately, onEvent: onNode }), retry);
  await connect(rpc, record);
  const { chainId } = record;
  if (as !== undefined && chainId !== LOCAL_CHAIN)
    throw new BadInput(`--as: account ${as} is one of a local chain, whose keys everybody knows: elsewhere the key in PLIMSOLL_KEY acts`);
  const wallet = (): Wallet => {
    const key = process.env.PLIMSOLL_KEY;
    if (key !== undefined) {
      if (!/^0x[0-9a-fA-F]{64}$/.test(key)) throw new BadInput("PLIMSOLL_KEY is not a private key of 32 bytes in hexadecimal");
      return new Wallet(key);
    }
    if (chainId === LOCAL_CHAIN) return localWallet(as ?? DEFAULT_ACCOUNT);
    throw new BadInput("who acts? set PLIMSOLL_KEY to a private key");
  };
  return {
    record,
    rpc,
    json,
    wallet,
    view: (contract, abi, method, ...args) => callContract(rpc, interfaceOf(abi), record.contracts[contract] ?? "", method, args),
    send: async (transactions, by = wallet()) => {
      const told = hashTeller();
      const sender = transactionSender({
        rpc,
        wallet: by,
        chainId,
        beside: "queue",
        pollingInterval: 250,
        patience: wait * 1_000,
        onEvent: told.hear,
      });
      try {
        const sent: Sent[] = [];
        for (const transaction of transactions) sent.push(await sender.send({ from: by.address, ...transaction }));
        await headReached(rpc, sent.at(-1)?.block);
        return { hash: sent.at(-1)?.hash ?? "", logs: sent.flatMap(({ logs }) => logs) };
      } finally {
        told.end();
      }
    },
  };
}

function nodeAt(url: string): ChainNode {
  return { host: hostOf(url), rpc: httpRpc(url) };
}

function sayNode({ host, kind, reason }: NodeEvent): void {
  if (kind === "left") process.stderr.write(`${host} is left out: ${reason}\n`);
}

const CATCHES_UP = 5_000;

/** A receipt may be there before the head is, and another node behind the address a moment later: what is read next is to know what was sent. */
async function headReached(rpc: Rpc, block: number | undefined): Promise<void> {
  const until = Date.now() + CATCHES_UP;
  while (block !== undefined && Date.now() < until && Number(await rpc("eth_blockNumber")) < block) await pauseFor(100);
}

const SOON = 5_000;

/** Says on standard error what has left: to a person at once, elsewhere what is not mined at once. */
function hashTeller(): { readonly hear: (event: SenderEvent) => void; readonly end: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  const end = (): void => clearTimeout(timer);
  return {
    hear: (event) => {
      end();
      const { kind, nonce } = event;
      if (kind === "waits") say(`${event.hash} still waits at nonce ${nonce}: ${event.reason}`);
      if (kind !== "sent" && kind !== "replaced") return;
      const line = `${kind === "sent" ? "sent" : "replaced by"} ${event.hash} at nonce ${nonce}`;
      if (process.stderr.isTTY) say(line);
      else timer = setTimeout(say, SOON, line);
    },
    end,
  };
}

/** @throws BadInput for what names no account on any chain */
export function requireAccountText(text: string): void {
  if (/^\d{1,3}$/.test(text)) return;
  const [address = "", index = "0", ...more] = text.split("/");
  if (!/^0x[0-9a-fA-F]{40}$/.test(address) || !/^\d{1,29}$/.test(index) || more.length > 0)
    throw new BadInput(`"${text}" is not an account: give an address, address/sub-account, or the number of a local account`);
  const fault = addressFault(address);
  if (fault !== undefined) throw new BadInput(`${address} is ${fault}`);
  if (BigInt(index) >> 96n !== 0n) throw new BadInput(`"${text}" is not an account: sub-accounts are numbered below 2^96`);
}

/** An account: an owner's address, address/sub-account, or on a local chain the number of one of its accounts. */
export function parseAccount({ record }: Pick<Context, "record">, text: string): AccountId {
  requireAccountText(text);
  const [owner = "", index = "0"] = text.split("/");
  if (owner.startsWith("0x")) return accountIdOf(owner.toLowerCase(), BigInt(index));
  if (record.chainId === LOCAL_CHAIN) return accountIdOf(localWallet(Number(text)).address);
  throw new BadInput(`account ${text} is one of a local chain, whose keys everybody knows: on ${record.network} give an address`);
}

/** Who is paid: an address that can hold tokens of its own, never a contract of the deployment. */
export function parsePayee(context: Pick<Context, "record">, text: string): string {
  if (text.includes("/")) throw new BadInput(`"${text}" is a sub-account of the vault: tokens are paid to an address`);
  const address = ownerOf(parseAccount(context, text));
  const { contracts, settlementToken, collaterals } = context.record;
  const own = [...Object.entries(contracts), ...[settlementToken, ...collaterals].map((each) => [each.symbol, each.address] as const)];
  const found = own.find(([, known]) => known?.toLowerCase() === address);
  if (found !== undefined) throw new BadInput(`${text} is the ${found[0]} of ${context.record.network}: what is paid there is lost`);
  if (BigInt(address) === 0n) throw new BadInput("nobody has the key of address zero: what is paid there is lost");
  return address;
}

/** A token by its symbol. */
export function findToken(record: DeploymentRecord, symbol: string): { index: number; address: string; decimals: number; symbol: string } {
  const wanted = symbol.toLowerCase();
  if (record.settlementToken.symbol.toLowerCase() === wanted) return { index: SETTLEMENT_TOKEN, ...record.settlementToken };
  const index = record.collaterals.findIndex((each) => each.symbol.toLowerCase() === wanted);
  const found = record.collaterals[index];
  if (found) return { index, ...found };
  const all = [record.settlementToken, ...record.collaterals].map((each) => each.symbol).join(", ");
  throw new BadInput(`no token is called ${symbol}: there are ${all}`);
}

export function findUnderlying(record: DeploymentRecord, symbol: string): { index: number; lotExponent: number; symbol: string } {
  const index = record.underlyings.findIndex((each) => each.symbol.toLowerCase() === symbol.toLowerCase());
  const found = record.underlyings[index];
  if (found) return { index, lotExponent: found.lotExponent, symbol: found.symbol };
  throw new BadInput(`no underlying is called ${symbol}: there are ${record.underlyings.map((each) => each.symbol).join(", ")}`);
}

/** A positive amount in the smallest units of `digits` decimals. */
export function parseAmount(text: string, digits: number): bigint {
  const amount = parseDecimal(text, digits);
  if (amount <= 0n) throw new BadInput(`"${text}" is not above zero`);
  return amount;
}
