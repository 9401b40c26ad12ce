import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { recoverAddress, type Wallet } from "ethers";
import type { z } from "zod";
import { BadInput, Failure } from "../sdk/failure.ts";
import { normalSignature } from "../sdk/signature.ts";
import { LOCAL_ROLES } from "../simulator/devnet.ts";
import { LOCAL_CHAIN, localWallet } from "../simulator/localAccounts.ts";
import type { Context } from "./context.ts";

// What signers of prices and of volatilities have in common: a file that one writes and the others add to.

/** Who signs here, and what a source asks for. */
export type Signers = {
  /** Address of the source that verifies. */
  readonly source: string;
  readonly wallets: readonly Wallet[];
  /** In small letters. */
  readonly trusted: ReadonlySet<string>;
  readonly threshold: number;
};

/**
 * The signers of a source: on a local chain both, elsewhere whose key is in PLIMSOLL_KEY.
 * @param what they sign
 * @throws Failure where there is no such source, or who runs it is no signer of it
 */
export async function openSigners(context: Context, contract: "signedSource" | "signedVolatilitySource", what: string): Promise<Signers> {
  const { record } = context;
  const source = record.contracts[contract];
  if (source === undefined) throw new Failure(`${record.network} has no signed source of ${what}`);
  const local = record.chainId === LOCAL_CHAIN && process.env.PLIMSOLL_KEY === undefined;
  const wallets = local ? LOCAL_ROLES.priceSigners.map(localWallet) : [context.wallet()];
  const abi = contract === "signedSource" ? "SignedSource" : "SignedVolatilitySource";
  const ask = (method: string) => context.view(contract, abi, method);
  const [[known], [threshold]] = (await Promise.all([ask("signers"), ask("threshold")])) as [[Iterable<string>], [bigint]];
  const trusted = new Set([...known].map((address) => address.toLowerCase()));
  const stranger = wallets.find(({ address }) => !trusted.has(address.toLowerCase()));
  if (stranger !== undefined) throw new Failure(`${stranger.address} is no signer of ${what}`, `those are ${[...known].join(", ")}`);
  return { source, wallets, trusted, threshold: Number(threshold) };
}

/** The signatures that count, and those of who signs here. */
export function signedBy({ wallets, trusted }: Signers, digest: string, signatures: readonly string[]): string[] {
  const counted = signatures.map(normalSignature).filter((signature) => trusted.has(signerOf(digest, signature)));
  const by = new Set(counted.map((signature) => signerOf(digest, signature)));
  const missing = wallets.filter(({ address }) => !by.has(address.toLowerCase()));
  return [...counted, ...missing.map((wallet) => wallet.signingKey.sign(digest).serialized)];
}

/** Who signed, in small letters; nobody where it is no signature. */
function signerOf(digest: string, signature: string): string {
  try {
    return recoverAddress(digest, signature).toLowerCase();
  } catch {
    return "";
  }
}

/** How many signatures there are, and what comes next. @param command that adds one, and that which posts */
export function nextStep(least: number, { threshold }: Signers, add: string, post: string): string {
  const counted = `${least} of ${threshold} signatures`;
  return least < threshold ? `${counted}: the next signer runs: ${add}` : `${counted}; post with: ${post}`;
}

/** Writes JSON. Others may read the file at any time: it is there as a whole or not at all. */
export function writeWhole(file: string, value: unknown): void {
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, `${JSON.stringify(value, (_, each) => (typeof each === "bigint" ? jsonNumber(each) : each), 2)}\n`);
  renameSync(whole, file);
}

function jsonNumber(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
}

/** What another signer wrote. @throws BadInput where it is not that */
export function readSigned<Schema extends z.ZodType<readonly unknown[]>>(file: string, schema: Schema, what: string): z.infer<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new BadInput(error instanceof SyntaxError ? `${file} is not JSON` : `cannot read ${file}`);
  }
  const result = schema.safeParse(value);
  if (!result.success)
    throw new BadInput(`${file} holds no ${what}: ${result.error.issues[0]?.path.join(".")} ${result.error.issues[0]?.message}`);
  if (result.data.length === 0) throw new BadInput(`${file} holds no ${what}`);
  return result.data;
}
