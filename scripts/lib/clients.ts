import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { network } from "hardhat";
import { Failure } from "../../src/sdk/failure.ts";
import { httpRpc, pauseFor, type Rpc } from "../../src/sdk/rpc.ts";
import { type Rules, startGeth } from "./geth.ts";

/** A node of one client on a chain of its own, with the accounts of local chains funded. Blocks come when there is something for them. */
export type Client = {
  readonly url: string;
  /** To the node itself. */
  readonly rpc: Rpc;
  /** As the node says it. */
  readonly version: string;
  /** Lets time pass on the chain; ends in a block. */
  readonly passTime: (seconds: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

export const CLIENTS = ["hardhat", "anvil", "geth", "geth-amsterdam"] as const;
export type ClientName = (typeof CLIENTS)[number];

/** @throws Failure where a client is not installed and cannot be built */
export function startClient(name: ClientName, chainId: number, say: (line: string) => void): Promise<Client> {
  switch (name) {
    case "hardhat":
      return hardhat(chainId);
    case "anvil":
      return anvil(chainId);
    case "geth":
      return geth(chainId, "osaka", say);
    case "geth-amsterdam":
      return geth(chainId, "amsterdam", say);
  }
}

async function hardhat(chainId: number): Promise<Client> {
  const server = await network.createServer({ override: { chainId, loggingEnabled: false } }, "127.0.0.1", 0);
  const url = `http://127.0.0.1:${(await server.listen()).port}`;
  return ofLocalNode(url, async () => void server.close());
}

/** What nodes for development have in common. */
async function ofLocalNode(url: string, close: () => Promise<void>): Promise<Client> {
  const rpc = httpRpc(url);
  return {
    url,
    rpc,
    version: String(await rpc("web3_clientVersion")),
    passTime: async (seconds) => {
      await rpc("evm_increaseTime", [seconds]);
      await rpc("evm_mine");
    },
    close,
  };
}

async function anvil(chainId: number): Promise<Client> {
  const platform = `@foundry-rs/anvil-${process.platform}-${process.arch === "x64" ? "amd64" : process.arch}`;
  const program = join(dirname(createRequire(import.meta.url).resolve(`${platform}/package.json`)), "bin", "anvil");
  const child = spawn(program, ["--port", "0", "--chain-id", String(chainId), "--accounts", "20", "--hardfork", "osaka"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const port = await listening(child);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return ofLocalNode(`http://127.0.0.1:${port}`, async () => {
    child.kill();
    await ended;
  });
}

const STARTS_WITHIN = 60_000;

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let log = "";
    const timer = setTimeout(() => reject(new Failure("anvil did not start within a minute")), STARTS_WITHIN);
    const hear = (chunk: Buffer): void => {
      log += chunk.toString("utf8");
      const port = /Listening on [\d.]+:(\d+)/.exec(log)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(port);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", () => reject(new Failure(`anvil ended: ${log.trim().split("\n").at(-1)}`)));
    child.once("error", reject);
  });
}

const LOOKS_EVERY = 100;

/** geth makes a block a moment after something has come into its pool, as a network does after some seconds. */
async function geth(chainId: number, rules: Rules, say: (line: string) => void): Promise<Client> {
  let latest = Math.floor(Date.now() / 1_000);
  let ahead = 0;
  const node = await startGeth({ chainId, rules, time: latest, say });
  let queue = Promise.resolve();
  const mine = (): Promise<void> => {
    const mined = queue.then(() => {
      latest = Math.max(latest + 1, Math.floor(Date.now() / 1_000) + ahead);
      return node.mine(latest);
    });
    queue = mined.catch(() => {});
    return mined;
  };
  const ending = new AbortController();
  const watching = (async () => {
    while (!ending.signal.aborted) {
      const { pending } = (await node.rpc("txpool_status")) as { pending: string };
      if (BigInt(pending) > 0n) await mine();
      await pauseFor(LOOKS_EVERY, ending.signal);
    }
  })().catch((error: unknown) => {
    if (!ending.signal.aborted) say(`geth makes no blocks any more: ${String(error)}`);
  });
  return {
    ...node,
    passTime: async (seconds) => {
      // blocks of one second may have gone ahead of the clock
      ahead = Math.max(ahead, latest - Math.floor(Date.now() / 1_000)) + seconds;
      await mine();
    },
    close: async () => {
      ending.abort();
      await watching;
      await queue;
      await node.close();
    },
  };
}
