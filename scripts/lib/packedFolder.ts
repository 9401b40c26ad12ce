import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Failure } from "../../src/sdk/failure.ts";
import { packageManifest } from "./packageFiles.ts";
import { projectRoot, run } from "./run.ts";

type Locked = { readonly dev?: boolean };

/**
 * Installs a packed file into an empty folder with the dependencies that the checkout has locked, which are in npm's cache once the checkout is installed:
 * nothing is looked up.
 * @param tarball the file's name in `folder`
 */
export async function installLocked(folder: string, tarball: string): Promise<void> {
  const { packages } = JSON.parse(readFileSync(join(projectRoot, "package-lock.json"), "utf8")) as { packages: Record<string, Locked> };
  const needed = Object.entries(packages).filter(([place, { dev }]) => place !== "" && dev !== true);
  const { version, dependencies, bin, engines } = JSON.parse(packageManifest()) as Record<string, unknown>;
  const integrity = `sha512-${createHash("sha512")
    .update(readFileSync(join(folder, tarball)))
    .digest("base64")}`;
  const root = { name: "empty", version: "1.0.0", dependencies: { plimsoll: `file:${tarball}` } };
  const own = { version, resolved: `file:${tarball}`, integrity, dependencies, bin, engines };
  const lock = {
    ...root,
    lockfileVersion: 3,
    requires: true,
    packages: { "": root, ...Object.fromEntries(needed), "node_modules/plimsoll": own },
  };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ ...root, private: true }));
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify(lock));
  const flags = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, output } = await run("npm", ["ci", ...flags], { directory: folder });
  if (code !== 0) throw new Failure(`npm ci: ${output}`);
}

/** A devnet of the package that runs in `folder`. */
export type PackedDevnet = { readonly url: string; readonly said: () => string; readonly close: () => Promise<void> };

/** @param command how `plimsoll` is called: a program and its first arguments */
export async function packedDevnet(
  folder: string,
  [program, ...first]: readonly [string, ...string[]],
  port: number,
): Promise<PackedDevnet> {
  const child: ChildProcess = spawn(program, [...first, "devnet", "--port", String(port), "--no-keeper"], {
    cwd: folder,
    env: bare(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (said += chunk));
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  while (!/^the wallet page/m.test(said)) {
    if (child.exitCode !== null) throw new Failure(`devnet: ${said}`);
    await pause(100);
  }
  const close = async (): Promise<void> => {
    child.kill("SIGINT");
    await ended;
  };
  return { url: `http://127.0.0.1:${port}`, said: () => said, close };
}

/** The environment of a shell that knows nothing of the checkout. */
export function bare(): NodeJS.ProcessEnv {
  const {
    NODE_OPTIONS: _options,
    HARDHAT_CONFIG: _config,
    PLIMSOLL_HOME: _home,
    PLIMSOLL_KEY: _key,
    PLIMSOLL_RPC: _rpc,
    ...rest
  } = process.env;
  return rest;
}

/** An empty folder of that name. */
export function emptyFolder(path: string): string {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}
