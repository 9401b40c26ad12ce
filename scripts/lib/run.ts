import { spawn } from "node:child_process";
import { delimiter, join } from "node:path";

/** The folder that holds package.json, with no slash at the end. */
export const projectRoot = join(import.meta.dirname, "..", "..");

export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly seconds: number;
}

/**
 * Runs a command of the project (a binary of node_modules or a program of the machine) in the project's folder.
 * @param options live: write the output through as it comes, beside collecting it; directory: another folder to run in; onOutput: hears everything as it comes;
 *   timeout: milliseconds after which it is ended; path: where programs are looked for, instead of in node_modules and then where the shell does
 */
export async function run(
  command: string,
  args: readonly string[],
  options: {
    readonly live?: boolean;
    readonly environment?: Readonly<Record<string, string>>;
    readonly directory?: string;
    readonly onOutput?: (text: string) => void;
    readonly timeout?: number;
    readonly path?: string;
  } = {},
): Promise<Outcome> {
  const started = performance.now();
  const binaries = join(projectRoot, "node_modules", ".bin");
  const child = spawn(command, args, {
    cwd: options.directory ?? projectRoot,
    env: { ...process.env, ...options.environment, PATH: options.path ?? `${binaries}${delimiter}${process.env.PATH ?? ""}` },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
  });
  const chunks: Buffer[] = [];
  for (const [stream, sink] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    stream.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      if (options.live === true) sink.write(chunk);
      options.onOutput?.(chunk.toString("utf8"));
    });
  }
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exit, signal) => resolve(exit ?? (signal === null ? 1 : 128)));
  });
  return { code, output: Buffer.concat(chunks).toString("utf8"), seconds: (performance.now() - started) / 1000 };
}
