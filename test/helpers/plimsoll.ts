import { type ChildProcess, spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../scripts/lib/run.ts";
import { main } from "../../src/cli/main.ts";
import { deploymentPath, writeDeployment } from "../../src/sdk/deploymentFile.ts";
import { type Devnet, startDevnet } from "../../src/simulator/devnet.ts";

export type Answer = { readonly code: number | null; readonly out: string; readonly err: string };

/** The command line in a process of its own. `out` is what it has printed so far. */
export type Running = { readonly child: ChildProcess; readonly out: () => string; readonly ended: Promise<Answer> };

export function startPlimsoll(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Running {
  const child = spawn(process.execPath, [join(projectRoot, "scripts", "plimsoll.ts"), ...args], {
    cwd: projectRoot,
    env: { ...process.env, NODE_OPTIONS: "", ...environment },
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const ended = new Promise<Answer>((resolve) => {
    child.on("close", (code) => resolve({ code, out, err }));
  });
  return { child, out: () => out, ended };
}

/** Runs the command line to its end. */
export function plimsoll(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return startPlimsoll(args, environment).ended;
}

/** Runs the command line in this process: one of its own takes a second to start. */
export async function plimsollHere(args: readonly string[]): Promise<Answer> {
  const said = { out: "", err: "" };
  const { stdout, stderr } = process;
  const writes = [stdout.write, stderr.write] as const;
  const into =
    (name: keyof typeof said) =>
    (text: string | Uint8Array): boolean => {
      said[name] += String(text);
      return true;
    };
  [stdout.write, stderr.write] = [into("out"), into("err")];
  try {
    return { code: await main(["node", "plimsoll", ...args]), ...said };
  } finally {
    [stdout.write, stderr.write] = writes;
    process.exitCode = undefined;
  }
}

/** A devnet that commands reach over HTTP, recorded under a name of its own. */
export type ServedDevnet = Devnet & {
  /** Arguments by which commands find it. */
  readonly where: readonly string[];
};

export async function serveDevnet(): Promise<ServedDevnet> {
  const devnet = await startDevnet(0);
  const network = `test-${process.pid}-${new URL(devnet.url).port}`;
  writeDeployment(projectRoot, { ...devnet.record, network });
  return {
    ...devnet,
    where: ["--network", network, "--rpc", devnet.url],
    close: async () => {
      rmSync(deploymentPath(projectRoot, network), { force: true });
      await devnet.close();
    },
  };
}
