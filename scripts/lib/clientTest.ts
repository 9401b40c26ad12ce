import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AbiCoder, id, keccak256 } from "ethers";
import { network } from "hardhat";
import { type Connection, deployPlimsoll } from "../../src/deployment/deployPlimsoll.ts";
import { localParameters } from "../../src/deployment/localParameters.ts";
import { readBack } from "../../src/deployment/readBack.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { followBooks } from "../../src/keeper/books.ts";
import { deploymentPath, writeDeployment } from "../../src/sdk/deploymentFile.ts";
import type { DeploymentRecord } from "../../src/sdk/deploymentRecord.ts";
import { explainError } from "../../src/sdk/errors.ts";
import { Failure } from "../../src/sdk/failure.ts";
import { allErrors } from "../../src/sdk/interfaces.ts";
import { httpRpc, pauseFor, RpcFailure } from "../../src/sdk/rpc.ts";
import { transactionSender } from "../../src/sdk/sender.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { networkWalk } from "../../test/helpers/networkWalk.ts";
import { type ClientName, startClient } from "./clients.ts";
import { patient } from "./connect.ts";
import { projectRoot } from "./run.ts";

const CHAIN = 4_242;
const ACCOUNTS = 17;

/** One part of what is tried, and how long it took; what it found out is said beside it. */
export type Part = { readonly name: string; readonly seconds: number; readonly said: string };

export type ClientReport = { readonly client: ClientName; readonly version: string; readonly parts: readonly Part[] };

const parameters = localParameters((file) => {
  file.underlyings = file.underlyings.slice(0, 1);
  file.collaterals = file.collaterals.slice(0, 1);
});

/** A provider that dies after some transactions, before anybody hears of the last. */
function dying(connection: Connection, sends: number): Connection["provider"] {
  let sent = 0;
  const request: Connection["provider"]["request"] = async (args) => {
    if (sent >= sends) throw new Error("killed");
    const answer = await connection.provider.request(args);
    if (/^eth_send/.test(args.method) && ++sent >= sends) throw new Error("killed");
    return answer;
  };
  return new Proxy(connection.provider, { get: (target, key) => (key === "request" ? request : Reflect.get(target, key)) });
}

/**
 * Everything that reads and sends, against one client: a deployment that is killed and goes on, its read-back, every custom error, every command, the
 * keeper.
 * @throws what failed
 */
export async function testClient(name: ClientName, say: (line: string) => void): Promise<ClientReport> {
  const client = await startClient(name, CHAIN, say);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-client-"));
  const deployed = `client-${name}-${process.pid}`;
  const parts: Part[] = [];
  const part = async <Result>(what: string, work: () => Promise<readonly [Result, string]>): Promise<Result> => {
    const started = performance.now();
    const [result, said] = await work();
    const seconds = (performance.now() - started) / 1_000;
    parts.push({ name: what, seconds, said });
    say(`  ✔ ${what}${said === "" ? "" : `: ${said}`} (${seconds.toFixed(1)} s)`);
    return result;
  };
  const keys = Array.from({ length: ACCOUNTS }, (_, i) => localWallet(i).privateKey);
  const connection = patient(await network.create({ network: "local", override: { url: client.url, chainId: CHAIN, accounts: keys } }));
  try {
    say(`${name}: ${client.version}`);
    const record = await part("deployment, killed three times", async () => {
      const journal = join(folder, "journal");
      const common = { connection, parameters, network: deployed, journal, confirmations: 1 };
      for (const sends of [1, 7, 20]) {
        const outcome = await deployPlimsoll({ ...common, provider: dying(connection, sends) }).catch((error: unknown) => String(error));
        if (typeof outcome !== "string") throw new Failure("a deployment that was killed said that it is done");
        // what left is mined by whoever goes on: until then it is told to wait
        await pauseFor(2_000);
      }
      const made = await deployPlimsoll(common);
      writeDeployment(projectRoot, made);
      const sent = Number(await client.rpc("eth_getTransactionCount", [made.deployer, "latest"]));
      return [made, `${sent} transactions`];
    });
    await part("read-back", async () => {
      const { compared, differences } = await readBack(connection, parameters, record);
      if (differences.length > 0) throw new Failure(`read back with differences: ${JSON.stringify(differences[0])}`);
      return [undefined, `${compared} values`];
    });
    await part("custom errors", async () => [undefined, `${await everyError(client.url)} decoded, from calls, estimates and transactions`]);
    await part("a transaction is replaced, and one that fails says why", async () => [undefined, await sending(client.url, record)]);
    let commands = 0;
    const walk = networkWalk({
      where: ["--network", deployed, "--rpc", client.url],
      folder,
      passTime: client.passTime,
      onCommand: () => void commands++,
    });
    await part("prices, cap, deposits, orders, liquidation, keeper", async () => {
      await walk.trading();
      return [undefined, `${commands} commands`];
    });
    await part("every other command", async () => {
      commands = 0;
      await walk.rest();
      return [undefined, `${commands} commands`];
    });
    await part("books read anew are those of the keeper", async () => {
      const books = followBooks(client.rpc, record.contracts.vault, record.block);
      const events = await books.sync();
      return [undefined, `${events.length} events, ${books.state(books.head().time).accounts.size} accounts`];
    });
    return { client: name, version: client.version, parts };
  } finally {
    await connection.close();
    rmSync(deploymentPath(projectRoot, deployed), { force: true });
    rmSync(folder, { recursive: true, force: true });
    await client.close();
  }
}

/** Code that reverts with what it is called with. */
const ECHO = "0x365f5f37365ffd";
/** Returns the seven bytes after it. */
const CREATE_ECHO = `0x66${ECHO.slice(2)}5f5260076019f3`;

/** Lets a contract revert with every custom error there is; how many were decoded to their names in each of three ways. */
async function everyError(url: string): Promise<number> {
  const rpc = httpRpc(url);
  const wallet = localWallet(1);
  const from = wallet.address;
  const nonce = Number(await rpc("eth_getTransactionCount", [from, "latest"]));
  const fees = { type: 2, chainId: CHAIN, maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 10n ** 9n } as const;
  const creation = await wallet.signTransaction({ ...fees, nonce, gasLimit: 400_000n, data: CREATE_ECHO });
  await rpc("eth_sendRawTransaction", [creation]);
  const to = (await receiptOf(rpc, keccak256(creation))).contractAddress;
  if ((await rpc("eth_getCode", [to, "latest"])) !== ECHO) throw new Failure("the contract that reverts has other code");
  let decoded = 0;
  for (const { name = "", inputs = [] } of allErrors()) {
    if (inputs.some(({ type }) => type.startsWith("tuple"))) continue;
    const types = inputs.map(({ type }) => type);
    const zeros = types.map((type) =>
      type.endsWith("]")
        ? []
        : type === "string"
          ? ""
          : type === "bool"
            ? false
            : type.startsWith("bytes")
              ? bytesOf(type)
              : type === "address"
                ? `0x${"00".repeat(20)}`
                : 0n,
    );
    const data = id(`${name}(${types.join(",")})`).slice(0, 10) + AbiCoder.defaultAbiCoder().encode(types, zeros).slice(2);
    for (const ask of [() => rpc("eth_call", [{ from, to, data }, "latest"]), () => rpc("eth_estimateGas", [{ from, to, data }])]) {
      const said = await ask().then(() => "nothing", explainError);
      if (!said.startsWith(name) && !(name === "Error" || name === "Panic")) throw new Failure(`${name} is said as: ${said}`);
    }
    decoded++;
  }
  // sent all the same, by who estimates nothing: the reason is found when it is mined
  const data = id("ZeroLots()").slice(0, 10);
  const failing = await wallet.signTransaction({ ...fees, nonce: nonce + 1, gasLimit: 100_000n, to, data });
  const sent = await rpc("eth_sendRawTransaction", [failing]).then(() => "", explainError);
  // Hardhat's node says what it reverted with at once, others say nothing
  if (sent !== "" && !sent.startsWith("ZeroLots")) throw new Failure(`a transaction that reverts is answered with: ${sent}`);
  if ((await receiptOf(rpc, keccak256(failing))).status !== "0x0") throw new Failure("a transaction that reverts has succeeded");
  return decoded;
}

function bytesOf(type: string): string {
  return type === "bytes" ? "0x" : `0x${"00".repeat(Number(type.slice(5)))}`;
}

/** What a node says to replacements, to what it knows already and to whoever has nothing, is understood; what it said. */
async function sending(url: string, record: DeploymentRecord): Promise<string> {
  const rpc = httpRpc(url);
  const poor = localWallet(40);
  const refusal = await transactionSender({ rpc, wallet: poor, chainId: CHAIN, pollingInterval: 100 })
    .send({ from: poor.address, to: localWallet(41).address, data: "0x", value: 1n })
    .then(() => "sent", explainError);
  if (refusal === "sent") throw new Failure("who has nothing has sent something");
  const wallet = localWallet(1);
  const sender = transactionSender({ rpc, wallet, chainId: CHAIN, pollingInterval: 100 });
  const { hash } = await sender.send({ from: wallet.address, to: wallet.address, data: "0x" });
  const again = await rpc("eth_getTransactionByHash", [hash]);
  if (again === null) throw new Failure("a transaction that was mined is not known");
  const unknown = await rpc("eth_nonsense").then(
    () => "answered",
    (error: unknown) => (error instanceof RpcFailure ? error.fault : "unknown"),
  );
  if (unknown !== "refused") throw new Failure(`a method that is not there is understood as ${unknown}`);
  const range = await rpc("eth_getLogs", [{ address: record.contracts.vault, fromBlock: "0xfffff0", toBlock: "0xfffff1" }]).then(
    (logs) => `${(logs as unknown[]).length} logs`,
    (error: unknown) => (error instanceof RpcFailure ? `${error.fault} (${error.message})` : String(error)),
  );
  return `no funds: "${refusal}"; logs beyond the head: ${range}`;
}

type Receipt = { readonly status: string; readonly contractAddress: string };

async function receiptOf(rpc: ReturnType<typeof httpRpc>, hash: string): Promise<Receipt> {
  for (let i = 0; i < 300; i++) {
    const receipt = (await rpc("eth_getTransactionReceipt", [hash]).catch(() => null)) as Receipt | null;
    if (receipt !== null) return receipt;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Failure(`${hash} is not mined`);
}

/** An account that a keeper is credited with, for reports. */
export const KEEPER = accountIdOf(localWallet(9).address);
