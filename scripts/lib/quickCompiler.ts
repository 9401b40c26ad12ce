import { createRequire } from "node:module";
import { Failure } from "../../src/sdk/failure.ts";
import { shortOptimizer } from "./shortOptimizer.ts";
import type { SourceGraph } from "./sourceGraph.ts";

interface CompiledContract {
  readonly abi: readonly unknown[];
  readonly evm?: {
    readonly bytecode: { readonly object: string; readonly linkReferences: object };
    readonly deployedBytecode: { readonly object: string; readonly linkReferences: object; readonly immutableReferences?: object };
  };
}

interface CompilerOutput {
  readonly errors?: readonly { readonly severity: string; readonly formattedMessage: string }[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, CompiledContract>>>>;
}

/** An artifact as Hardhat reads it, and its place under artifacts/. */
export interface Artifact {
  readonly path: string;
  readonly text: string;
}

export class DoesNotCompile extends Failure {}

const compiler = createRequire(import.meta.url)("solc") as { compile(input: string): string };

/**
 * Compiles `roots` in this process.
 * @param signatures other files whose interfaces are wanted without code
 * @throws DoesNotCompile
 */
export function compile(graph: SourceGraph, roots: readonly string[], evmVersion: string, signatures: readonly string[] = []): Artifact[] {
  const code = ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences"];
  const runtime = ["object", "linkReferences", "immutableReferences"].map((part) => `evm.deployedBytecode.${part}`);
  const names = graph.closure([...roots, ...signatures]);
  const input = {
    language: "Solidity",
    sources: Object.fromEntries([...names].map((name) => [name, { content: graph.text(name) }])),
    settings: {
      viaIR: true,
      evmVersion,
      optimizer: shortOptimizer(200),
      metadata: { appendCBOR: false, bytecodeHash: "none" },
      outputSelection: Object.fromEntries([
        ...signatures.map((name) => [name, { "*": ["abi"] }]),
        ...roots.map((name) => [name, { "*": [...code, ...runtime] }]),
      ]),
    },
  };
  const output = JSON.parse(compiler.compile(JSON.stringify(input))) as CompilerOutput;
  const error = output.errors?.find(({ severity }) => severity === "error");
  if (error !== undefined) throw new DoesNotCompile(error.formattedMessage);
  return Object.entries(output.contracts ?? {}).flatMap(([sourceName, contracts]) =>
    Object.entries(contracts).map(([contractName, { abi, evm }]) => ({
      path: `${sourceName}/${contractName}.json`,
      text: JSON.stringify({
        _format: "hh3-artifact-1",
        contractName,
        sourceName,
        abi,
        bytecode: `0x${evm?.bytecode.object ?? ""}`,
        deployedBytecode: `0x${evm?.deployedBytecode.object ?? ""}`,
        linkReferences: evm?.bytecode.linkReferences ?? {},
        deployedLinkReferences: evm?.deployedBytecode.linkReferences ?? {},
        immutableReferences: evm?.deployedBytecode.immutableReferences ?? {},
        inputSourceName: sourceName,
      }),
    })),
  );
}
