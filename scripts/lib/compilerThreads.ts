import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import type { CompilerInput, CompilerOutput } from "hardhat/types/solidity";
import { Piscina } from "piscina";

// The npm package is WebAssembly, which is slow until the engine has compiled what is hot: a process for each of thirty jobs took a third longer in all.
// The threads of one process share what was compiled.
const threads = new Piscina<string, string>({
  filename: createRequire(import.meta.url).resolve("solc"),
  name: "compile",
  minThreads: 0,
  maxThreads: availableParallelism(),
  idleTimeout: 5_000,
});

/**
 * Compiles in a thread that keeps its compiler for the next input.
 * @returns what the compiler says; that a source is wrong is one of the errors in it
 */
export async function compileInThread(input: CompilerInput): Promise<CompilerOutput> {
  return JSON.parse(await threads.run(JSON.stringify(input))) as CompilerOutput;
}
