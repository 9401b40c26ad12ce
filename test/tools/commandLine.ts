import { spawn } from "node:child_process";
import { join } from "node:path";
import { PROJECT_ROOT } from "../../src/sdk/artifacts.ts";

export type Answer = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs the command line in a process of its own. */
export function plimsoll(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(PROJECT_ROOT, "scripts", "plimsoll.ts"), ...args], {
      cwd: PROJECT_ROOT,
      env: { ...process.env, NODE_OPTIONS: "", ...environment },
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.on("close", (code) => resolve({ code, out, err }));
  });
}
