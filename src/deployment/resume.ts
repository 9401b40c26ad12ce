import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type EIP1193Provider, trackTransaction } from "@nomicfoundation/ignition-core";
import { toQuantity } from "ethers";
import { Failure } from "../sdk/failure.ts";

/**
 * Holds the journal in `directory` for one deployment; what is returned lets go of it, and so does the end of the process, however it comes.
 * @throws Failure when another deployment holds it
 */
export function holdJournal(directory: string): () => void {
  const lock = new DatabaseSync(join(directory, "lock.sqlite"));
  try {
    lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    if (!(error instanceof Error) || !/locked|busy/i.test(error.message)) throw error;
    throw new Failure("another deployment of this network is under way", "wait until it has ended, or end it");
  }
  return () => lock.close();
}

interface Sending {
  readonly futureId: string;
  readonly networkInteractionId: number;
  readonly nonce: number;
}

interface JournalLine extends Partial<Sending> {
  readonly type: string;
  readonly networkInteraction?: { readonly data?: string };
}

/** A line that a kill cut short was never acted on: drop it. */
function wholeLines(path: string): JournalLine[] {
  const text = readFileSync(path, "utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  const parsed: JournalLine[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      parsed.push(JSON.parse(line) as JournalLine);
    } catch (error) {
      if (index !== lines.length - 1) throw error;
      writeFileSync(path, `${lines.slice(0, -1).join("\n")}\n`);
    }
  }
  return parsed;
}

/**
 * The lines without those of futures that were begun and came to nothing: nothing left for them, and Ignition, which does not go on from there, begins
 * them anew.
 */
function withoutBegun(lines: readonly JournalLine[]): readonly JournalLine[] {
  const known = new Set(lines.flatMap(({ type, futureId }) => (futureId === undefined || BEGINS.test(type) ? [] : [futureId])));
  return lines.filter(({ type, futureId }) => !BEGINS.test(type) || (futureId !== undefined && known.has(futureId)));
}

// of those that send something; the others are done with that one line
const BEGINS = /^(DEPLOYMENT|CALL|STATIC_CALL|SEND_DATA)_EXECUTION_STATE_INITIALIZE$/;

/**
 * The lines without what came after an earlier nonce was still open: of what waits Ignition takes the highest nonce for the last one that was used, and
 * would take a later transaction that is confirmed already for somebody else's. It is confirmed once more.
 */
function inOrderOfNonces(lines: readonly JournalLine[]): readonly JournalLine[] {
  const nonces = new Map<string, number>();
  const open = new Map<string, number>();
  for (const { type, futureId, nonce } of lines) {
    if (futureId === undefined) continue;
    if (type === "TRANSACTION_PREPARE_SEND" && nonce !== undefined) {
      nonces.set(futureId, nonce);
      open.set(futureId, nonce);
    }
    if (type === "TRANSACTION_CONFIRM") open.delete(futureId);
  }
  const lowest = Math.min(...open.values());
  const isEarly = ({ type, futureId }: JournalLine): boolean =>
    ENDS.test(type) && futureId !== undefined && (nonces.get(futureId) ?? -1) > lowest;
  return lines.filter((line) => !isEarly(line));
}

const ENDS = /^(TRANSACTION_CONFIRM|(DEPLOYMENT|CALL|SEND_DATA)_EXECUTION_STATE_COMPLETE)$/;

/** What the journal says was about to be sent without saying that it was. */
function unrecorded(lines: readonly JournalLine[]): Sending[] {
  const open = new Map<string, Sending>();
  for (const { type, futureId, networkInteractionId, nonce } of lines) {
    if (futureId === undefined || networkInteractionId === undefined) continue;
    const key = `${futureId}#${networkInteractionId}`;
    if (type === "TRANSACTION_PREPARE_SEND" && nonce !== undefined) open.set(key, { futureId, networkInteractionId, nonce });
    if (type === "TRANSACTION_SEND" || type.startsWith("ONCHAIN_INTERACTION_")) open.delete(key);
  }
  return [...open.values()];
}

/** Takes the intention to send out of the journal: the transaction never left, Ignition sends it. */
function forget(path: string, sending: Sending): void {
  const kept = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => {
      if (line === "") return false;
      const { type, futureId, networkInteractionId } = JSON.parse(line) as JournalLine;
      return type !== "TRANSACTION_PREPARE_SEND" || futureId !== sending.futureId || networkInteractionId !== sending.networkInteractionId;
    });
  writeFileSync(path, `${kept.join("\n")}\n`);
}

interface Block {
  readonly number: string;
  readonly transactions: readonly { readonly hash: string; readonly from: string; readonly nonce: string }[];
}

const request = async <Result>(provider: EIP1193Provider, method: string, params: unknown[]): Promise<Result> =>
  (await provider.request({ method, params })) as Result;

/** The hash of the transaction of `sender` with `nonce`, searched from the newest block down to `first`. */
async function findTransaction(provider: EIP1193Provider, sender: string, nonce: number, first: number): Promise<string | undefined> {
  const latest = Number(await request<string>(provider, "eth_blockNumber", []));
  for (let number = latest; number >= first; number--) {
    const block = await request<Block | null>(provider, "eth_getBlockByNumber", [toQuantity(number), true]);
    const found = block?.transactions.find(
      (transaction) => transaction.from.toLowerCase() === sender.toLowerCase() && Number(transaction.nonce) === nonce,
    );
    if (found !== undefined) return found.hash;
  }
  return undefined;
}

/**
 * The provider, telling the data of a transaction letter for letter as the journal has it. Ignition compares them so, and writes addresses of linked
 * libraries in mixed case, which no node returns: it would take its own transaction for another.
 */
function inWordsOfJournal(provider: EIP1193Provider, lines: readonly JournalLine[]): EIP1193Provider {
  return {
    request: async (args) => {
      const answer = await provider.request(args);
      if (args.method !== "eth_getTransactionByHash" || answer === null) return answer;
      const transaction = answer as { readonly input: string };
      const recorded = lines.find(({ networkInteraction }) => networkInteraction?.data?.toLowerCase() === transaction.input.toLowerCase());
      return { ...transaction, input: recorded?.networkInteraction?.data ?? transaction.input };
    },
  };
}

/**
 * Makes a journal that a kill left behind fit to go on from: Ignition writes down that it sends a transaction before, and its hash after.
 * Killed in between, it would send it anew, and every address after it would be another. The transaction is looked for on the chain
 * by its nonce and, if there, written down.
 * @param first block from which the deployment started
 */
export async function mendJournal(directory: string, provider: EIP1193Provider, sender: string, first: number): Promise<void> {
  const journal = join(directory, "journal.jsonl");
  if (!existsSync(journal)) return;
  const whole = wholeLines(journal);
  const lines = inOrderOfNonces(withoutBegun(whole));
  if (lines.length < whole.length) writeFileSync(journal, `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`);
  for (const { futureId, networkInteractionId, nonce } of unrecorded(lines)) {
    const mined = Number(await request<string>(provider, "eth_getTransactionCount", [sender, "latest"]));
    if (mined <= nonce) {
      const known = Number(await request<string>(provider, "eth_getTransactionCount", [sender, "pending"]));
      if (known > nonce) throw new Failure(`the transaction of ${futureId} waits to be mined`, "run the same command again in a minute");
      forget(journal, { futureId, networkInteractionId, nonce });
      continue;
    }
    const hash = await findTransaction(provider, sender, nonce, first);
    if (hash === undefined) throw new Failure(`no block from ${first} on holds transaction ${nonce} of ${sender}`);
    await trackTransaction(directory, hash, inWordsOfJournal(provider, lines), 1);
  }
}
