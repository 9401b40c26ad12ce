// npm run test:database: the lead of several keepers and their transactions, on a PostgreSQL that is started for it (Debian: apt-get install postgresql).
import { createServer, type Socket } from "node:net";
import { network } from "hardhat";
import { type Lease, postgresLease } from "../src/keeper/lease.ts";
import { explainError } from "../src/sdk/errors.ts";
import { Failure } from "../src/sdk/failure.ts";
import { httpRpc, pauseFor } from "../src/sdk/rpc.ts";
import { type Sender, transactionSender } from "../src/sdk/sender.ts";
import { localWallet } from "../src/simulator/localAccounts.ts";
import { answer } from "./lib/answer.ts";
import { startPostgres } from "./lib/postgres.ts";

const USAGE = "npm run test:database: starts a PostgreSQL of its own (initdb and postgres on the PATH, or where Debian puts them)";
const LASTS = 1_500;
const wallet = localWallet(9);
const IDENTITY = `31337 0xvault ${wallet.address}`;

/** A line between keeper and database that can be cut: `after` so many bytes from the keeper, or at once. */
async function breakable(port: number) {
  const sockets = new Set<Socket>();
  let broken = false;
  let swallows = false;
  const { connect } = await import("node:net");
  const server = createServer((near) => {
    if (broken) return void near.destroy();
    const far = connect(port, "127.0.0.1");
    sockets.add(near).add(far);
    near.on("data", (chunk) => far.write(chunk));
    // the database has done it, and its answer is lost
    far.on("data", (chunk) => (swallows ? undefined : near.write(chunk)));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on("error", () => {});
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    cut: () => {
      broken = true;
      for (const socket of sockets) socket.destroy();
    },
    swallow: () => {
      swallows = true;
    },
    mend: () => {
      [broken, swallows] = [false, false];
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function require(what: string, holds: boolean): void {
  if (!holds) throw new Failure(`not so: ${what}`);
  process.stdout.write(`  ✔ ${what}\n`);
}

await answer(USAGE, async () => {
  const postgres = await startPostgres("keeper");
  process.stdout.write(`${postgres.version}\n`);
  const server = await network.createServer({ override: { loggingEnabled: false, mining: { auto: false, interval: 0 } } }, "127.0.0.1", 0);
  const url = `http://127.0.0.1:${(await server.listen()).port}`;
  const rpc = httpRpc(url);
  const line = await breakable(postgres.port);
  const at = (port: number): string => `postgres://keeper@127.0.0.1:${port}/postgres`;
  const open = (port = postgres.port): Promise<Lease> => postgresLease(at(port), IDENTITY, { lasts: LASTS });
  const leases: Lease[] = [];
  const senderOf = (store: Lease): Sender =>
    transactionSender({
      rpc,
      wallet,
      chainId: 31_337,
      store,
      pollingInterval: 50,
      patience: 6_000,
      policy: { patience: 2, mostAttempts: 6, highestFee: 10n ** 12n },
    });
  const call = (value: bigint) => ({ from: wallet.address, to: localWallet(40).address, data: "0x", value });
  const balance = async (): Promise<bigint> => BigInt((await rpc("eth_getBalance", [localWallet(40).address, "latest"])) as string);
  /** Blocks come until something is done. */
  const mined = async (work: Promise<unknown>): Promise<void> => {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    while (!isDone) {
      await pauseFor(200);
      await rpc("evm_mine");
    }
    await done;
  };
  try {
    const [first, second] = [await open(line.port), await open()];
    leases.push(first, second);
    require("one of two leads", (await first.leads()) && !(await second.leads()));
    await pauseFor(2 * LASTS);
    require("it keeps the lead while it runs, turn or no turn", !(await second.leads()) && (await first.leads()));

    // cut off while a transaction waits: the other takes the nonce up
    const sending = senderOf(first)
      .send(call(1n))
      .then(() => "sent", explainError);
    while ((await second.pending(wallet.address)).length === 0) await pauseFor(20);
    await pauseFor(200);
    line.cut();
    await pauseFor(2 * LASTS);
    require("whoever is cut off loses the lead", await second.leads());
    const taken = senderOf(second).send(call(2n));
    await mined(taken);
    await sending;
    const nonce = Number(await rpc("eth_getTransactionCount", [wallet.address, "latest"]));
    const paid = await balance();
    require(`what waited was not sent twice: ${nonce} nonces for ${paid} wei`, (nonce === 1 && paid === 2n) ||
      (nonce === 2 && paid === 3n));
    const refused = await senderOf(first)
      .send(call(100n))
      .then(() => "sent", explainError);
    require(`who is cut off sends nothing (${refused})`, refused.startsWith("the database does not answer"));

    // back again, and its answer lost in the middle of the statement
    line.mend();
    await second.close();
    require("who gives the lead up is followed at once", await first.leads());
    line.swallow();
    const lost = await senderOf(first)
      .send(call(200n))
      .then(() => "sent", explainError);
    require(`an answer that is lost is no leave to send (${lost})`, lost.startsWith("the database does not answer") &&
      (await balance()) === paid);
    await pauseFor(2 * LASTS);
    const third = await open();
    leases.push(third);
    require("the next keeper leads", await third.leads());
    const after = senderOf(third).send(call(4n));
    await mined(after);
    const end = await balance();
    require(`what was written down and never left is replaced, not sent: ${end} wei`, end === paid + 4n);
    line.mend();
    await pauseFor(100);
    const stale = await first.setPending(wallet.address, []).then(() => "done", explainError);
    require(`who led before changes nothing (${stale})`, stale.startsWith("another keeper leads now"));
    const nowhere = await open(1).then((lease) =>
      lease
        .leads()
        .then(() => "", explainError)
        .finally(() => lease.close()),
    );
    require(`a database that is not there is said without its address (${nowhere})`, !nowhere.includes("keeper@") && nowhere !== "");
    require("nothing is left waiting", (await third.pending(wallet.address)).length === 0);
    return 0;
  } finally {
    for (const lease of leases) await lease.close().catch(() => {});
    line.close();
    void server.close();
    await postgres.close();
  }
});
