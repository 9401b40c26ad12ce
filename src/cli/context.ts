import type { Command } from "commander";
import { JsonRpcProvider, Wallet } from "ethers";
import { z } from "zod";
import { accountIdOf } from "../engine/types/accountId.ts";
import type { AccountId } from "../engine/types/types.ts";
import { SETTLEMENT_TOKEN } from "../sdk/actions.ts";
import { parseDecimal } from "../sdk/amounts.ts";
import { interfaceOf, PROJECT_ROOT } from "../sdk/artifacts.ts";
import { readDeployment } from "../sdk/deploymentFile.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { callContract } from "../sdk/readState.ts";
import { httpRpc, type Rpc } from "../sdk/rpc.ts";
import { localWallet } from "../simulator/localAccounts.ts";
import { readArguments, whole } from "./arguments.ts";

/** The chain of every Hardhat node, whose clock, prices and keys are ours. */
export const LOCAL_CHAIN = 31_337;

/** Options that every operating command has. */
export function withNetwork(command: Command): Command {
  return command
    .option("--network <name>", "whose recorded addresses are used", "local")
    .option("--rpc <url>", "node; also PLIMSOLL_RPC", process.env.PLIMSOLL_RPC ?? "http://127.0.0.1:8545")
    .option("--as <number>", "account of the local chain that acts; elsewhere the key in PLIMSOLL_KEY does", "10")
    .option("--json", "print one JSON object", false);
}

export const networkSchema = z.object({
  network: z.string().regex(/^[\w-]+$/, "is not the name of a network"),
  rpc: z.string().regex(/^https?:\/\/\S+$/, "is not an HTTP address"),
  as: whole(0, 999),
  json: z.boolean(),
});

export type Transaction = { readonly to: string; readonly data: string };

/** One deployment on one node, and who acts. */
export type Context = {
  readonly record: DeploymentRecord;
  readonly rpc: Rpc;
  readonly json: boolean;
  /** The wallet that acts. @throws BadInput when there is no key */
  readonly wallet: () => Wallet;
  /** Calls a view of a contract of the deployment. */
  readonly view: (contract: keyof DeploymentRecord["contracts"], abi: string, method: string, ...args: unknown[]) => Promise<unknown[]>;
  /** Sends transactions one after another, each once the one before is mined; gives the last hash. */
  readonly send: (transactions: readonly Transaction[]) => Promise<string>;
};

export async function openContext(options: unknown): Promise<Context> {
  const { network, rpc: url, as, json } = readArguments(networkSchema, options);
  const record = readDeployment(PROJECT_ROOT, network);
  const rpc = httpRpc(url);
  const chainId = Number(await rpc("eth_chainId"));
  if (chainId !== record.chainId)
    throw new BadInput(`the node is on chain ${chainId}, but ${network} is deployed on chain ${record.chainId}`);
  const code = await rpc("eth_getCode", [record.contracts.vault, "latest"]);
  if (code === "0x")
    throw new Failure(`the addresses recorded for ${network} hold no code on this node`, "deploy again, or start npm run devnet");
  const wallet = (): Wallet => {
    const key = process.env.PLIMSOLL_KEY;
    if (key !== undefined) {
      if (!/^0x[0-9a-fA-F]{64}$/.test(key)) throw new BadInput("PLIMSOLL_KEY is not a private key of 32 bytes in hexadecimal");
      return new Wallet(key);
    }
    if (chainId === LOCAL_CHAIN) return localWallet(as);
    throw new BadInput("who acts? set PLIMSOLL_KEY to a private key");
  };
  return {
    record,
    rpc,
    json,
    wallet,
    view: (contract, abi, method, ...args) => callContract(rpc, interfaceOf(abi), record.contracts[contract] ?? "", method, args),
    send: async (transactions) => {
      const provider = new JsonRpcProvider(url, chainId, { staticNetwork: true, polling: true, pollingInterval: 200, cacheTimeout: -1 });
      try {
        const signer = wallet().connect(provider);
        let hash = "";
        for (const { to, data } of transactions) {
          const sent = await signer.sendTransaction({ to, data });
          hash = sent.hash;
          await sent.wait();
        }
        return hash;
      } finally {
        provider.destroy();
      }
    },
  };
}

/** An account: the number of a local account, an owner's address, or address/sub-account. */
export function parseAccount(text: string): AccountId {
  if (/^\d{1,3}$/.test(text)) return accountIdOf(localWallet(Number(text)).address);
  const match = /^(0x[0-9a-fA-F]{40})(?:\/(\d{1,28}))?$/.exec(text);
  if (!match) throw new BadInput(`"${text}" is not an account: give an address, address/sub-account, or the number of a local account`);
  return accountIdOf((match[1] ?? "").toLowerCase(), BigInt(match[2] ?? 0));
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
