import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chownSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { Failure } from "../../src/sdk/failure.ts";
import { run } from "./run.ts";

export type Postgres = {
  readonly port: number;
  readonly version: string;
  /** Ends the server at once, as a crash would, and starts it again on the same data after some milliseconds. */
  readonly restart: (pause: number) => Promise<void>;
  readonly close: () => Promise<void>;
};

/**
 * Starts a PostgreSQL with data of its own, which are removed when it is closed (Debian: apt-get install postgresql).
 * @param user who owns its databases and is trusted
 * @throws Failure where there is none
 */
export async function startPostgres(user: string): Promise<Postgres> {
  const path = [process.env.PATH ?? "", ...globSync("/usr/lib/postgresql/*/bin").sort().reverse()].join(delimiter);
  const has = await run("postgres", ["--version"], { path }).catch(() => undefined);
  if (has?.code !== 0) throw new Failure("PostgreSQL is not here", "Debian: apt-get install postgresql");
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-postgres-"));
  // it refuses to run as root
  const isRoot = process.getuid?.() === 0;
  const id = (flag: string): number => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout);
  const who = isRoot ? { uid: id("-u"), gid: id("-g") } : {};
  if (isRoot) chownSync(folder, id("-u"), id("-g"));
  const data = join(folder, "data");
  const options = { ...who, cwd: folder, env: { PATH: path, TZ: "UTC" }, encoding: "utf8" } as const;
  const made = spawnSync("initdb", ["-D", data, "-U", user, "--auth=trust", "--no-sync"], options);
  if (made.status !== 0) throw new Failure(`initdb failed: ${made.stderr.trim().split("\n").at(-1)}`);
  const port = await freePort();
  const settings = ["-p", String(port), "-k", folder, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"];
  const start = async (): Promise<ChildProcess> => {
    const child = spawn("postgres", ["-D", data, ...settings], {
      ...who,
      cwd: folder,
      env: { PATH: path, TZ: "UTC" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    await ready(child);
    return child;
  };
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill(signal);
    await ended;
  };
  let server = await start();
  return {
    port,
    version: has.output.trim(),
    restart: async (pause) => {
      await stop("SIGQUIT");
      await new Promise((resolve) => setTimeout(resolve, pause));
      server = await start();
    },
    close: async () => {
      await stop("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      log += chunk.toString("utf8");
      if (/ready to accept connections/.test(log)) resolve();
    });
    child.once("exit", () => reject(new Failure(`PostgreSQL ended: ${log.trim().split("\n").at(-1)}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
