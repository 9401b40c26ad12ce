import { AbiCoder, id } from "ethers";
import { ownerOf, subAccountOf } from "../engine/types/accountId.ts";
import { CAUSES } from "../engine/types/staleCause.ts";
import type { AbiEntry, AbiParameter } from "./abiEntry.ts";
import { showDecimal } from "./amounts.ts";
import { Failure } from "./failure.ts";
import { allErrors } from "./interfaces.ts";

/** A custom error of a contract with its arguments. */
export type DecodedError = {
  readonly name: string;
  readonly args: readonly { readonly name: string; readonly value: unknown; readonly shown: string }[];
};

const BUILT_IN: readonly AbiEntry[] = [
  { type: "error", name: "Error", inputs: [{ name: "reason", type: "string" }] },
  { type: "error", name: "Panic", inputs: [{ name: "code", type: "uint256" }] },
];

let known: Map<string, AbiEntry> | undefined;

/** Every custom error of every contract and library, by selector. */
function errorsBySelector(): Map<string, AbiEntry> {
  if (known) return known;
  known = new Map();
  for (const entry of [...BUILT_IN, ...allErrors()]) known.set(selectorOf(entry), entry);
  return known;
}

function selectorOf(entry: AbiEntry): string {
  return id(`${entry.name}(${(entry.inputs ?? []).map(canonical).join(",")})`).slice(0, 10);
}

function canonical(parameter: AbiParameter): string {
  if (!parameter.type.startsWith("tuple")) return parameter.type;
  return `(${(parameter.components ?? []).map(canonical).join(",")})${parameter.type.slice("tuple".length)}`;
}

/**
 * What a call reverted with, decoded; undefined for data of no known error.
 * @example
 * const data = interfaceOf("IMarginVault").encodeErrorResult("WordsStale", [0, 2, 3]);
 * decodeRevert(data)!.args.map(({ name, shown }) => `${name} ${shown}`) // ["underlying 0", "series 2", "cause price"]
 */
export function decodeRevert(data: string): DecodedError | undefined {
  const entry = errorsBySelector().get(data.slice(0, 10).toLowerCase());
  if (entry === undefined) return undefined;
  const inputs = entry.inputs ?? [];
  let values: readonly unknown[];
  try {
    values = AbiCoder.defaultAbiCoder().decode(inputs.map(canonical), `0x${data.slice(10)}`);
  } catch {
    return undefined;
  }
  const args = inputs.map((input, i) => ({ name: input.name, value: values[i], shown: showValue(input, values[i]) }));
  return { name: entry.name ?? "", args };
}

/** The name of the error that a four-byte selector stands for, as FillSkipped and LiquidationFailed carry it. */
export function errorNameOf(selector: string): string {
  return errorsBySelector().get(selector.toLowerCase())?.name ?? selector;
}

/** A value as a person reads it: amounts as decimals, accounts as owner and index. */
function showValue(parameter: AbiParameter, value: unknown): string {
  const type = parameter.internalType ?? parameter.type;
  if (typeof value === "bigint") {
    if (type === "Wad" || type === "Price" || type === "Ratio") return showDecimal(value, 6);
    if (type === "enum StaleCause") return CAUSES[Number(value)] ?? value.toString();
    if (type === "AccountId") return `${ownerOf(value)}/${subAccountOf(value)}`;
    return value.toString();
  }
  if (parameter.components && typeof value === "object" && value !== null) {
    const parts = [...(value as Iterable<unknown>)];
    return `{${parameter.components.map((each, i) => `${each.name} ${showValue(each, parts[i])}`).join(", ")}}`;
  }
  if (type === "bytes4" && typeof value === "string") return errorNameOf(value);
  // an error within an error
  if (type === "bytes" && typeof value === "string" && value.length >= 10) {
    const inner = decodeRevert(value);
    if (inner) return showError(inner);
  }
  return String(value);
}

const PANICS: Readonly<Record<string, string>> = {
  "1": "an assertion failed",
  "17": "a number overflowed",
  "18": "division by zero",
  "50": "an index is out of bounds",
};

/** How a person mends what a contract refused, where a command does it. */
const MENDS: Readonly<Record<string, string>> = {
  WordsStale: "plimsoll series refresh",
  SeriesHasNoSlice: "plimsoll series post",
  OpenInterestCapExceeded: "plimsoll fund cap sets it to what the fund supports; more is staked with plimsoll fund stake",
  AccountTooSmall: "trade more, or deposit less of what is worth little",
  PositionTooSmall: "trade more, or close all of it",
  PriceTooOld: "plimsoll price post",
  PriceNotNormal: "plimsoll price post, again when it waits for its confirmation",
};

/** One line: the error's name and its arguments by name, and how to mend it. */
export function showError({ name, args }: DecodedError): string {
  if (name === "Error") return String(args[0]?.value);
  if (name === "Panic") return `${PANICS[String(args[0]?.value)] ?? `panic ${String(args[0]?.value)}`} in the contract`;
  const said = args.length === 0 ? name : `${name}: ${args.map((arg) => `${arg.name} ${arg.shown}`).join(", ")}`;
  return `${said}${mendOf(name)}`;
}

/** How a person mends an error of that name, in brackets; nothing where no command does. */
export function mendOf(name: string): string {
  return MENDS[name] === undefined ? "" : ` (${MENDS[name]})`;
}

/**
 * The revert data within whatever a provider or ethers threw: from a call, from estimateGas and from a sent transaction they lie at different
 * depths.
 */
export function revertDataOf(error: unknown): string | undefined {
  const seen = new Set<unknown>();
  const search = (value: unknown): string | undefined => {
    if (typeof value !== "object" || value === null || seen.has(value)) return undefined;
    seen.add(value);
    const record = value as Record<string, unknown>;
    for (const key of ["data", "result", "return", "output"]) {
      const data = record[key];
      if (typeof data === "string" && /^0x([0-9a-fA-F]{2}){4,}$/.test(data)) return data;
    }
    for (const key of ["data", "info", "error", "cause", "revert"]) {
      const found = search(record[key]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search(error);
}

/**
 * One line that says what went wrong, for call, estimateGas and sent transactions alike. Never holds a URL: those may carry keys.
 * @example
 * try {
 *   const { data } = executeCall(record, wallet.address, []);
 *   await rpc("eth_call", [{ to: record.contracts.vault, data }, "latest"]);
 * } catch (error) {
 *   explainError(error) // "NothingToDo"
 * }
 */
export function explainError(error: unknown): string {
  const data = revertDataOf(error);
  if (data !== undefined) {
    const decoded = decodeRevert(data);
    return decoded ? showError(decoded) : `the contract reverted with data of no known error: ${data.slice(0, 74)}`;
  }
  if (error instanceof Failure) return error.mend === undefined ? error.message : `${error.message} (${error.mend})`;
  const { shortMessage, message, code, ...thrown } = (typeof error === "object" && error !== null ? error : {}) as {
    shortMessage?: string;
    message?: string;
    code?: unknown;
    error?: { message?: string };
  };
  if (code === "ECONNREFUSED") return "no node answers at the network's address";
  // ethers has no words for what it does not know: the node has
  const words = code === "UNKNOWN_ERROR" ? thrown.error?.message : undefined;
  const line = (words ?? shortMessage ?? message ?? String(error)).split("\n")[0] ?? "";
  return withoutSecrets(line);
}

/** Cuts URLs down to their host and hides what looks like a private key. */
export function withoutSecrets(text: string): string {
  return text.replace(/\b(https?|wss?):\/\/(?:[^\s/@]+@)?([^\s/?#"')]+)[^\s"')]*/gi, "$1://$2/…").replace(/\b0x[0-9a-fA-F]{64}\b/g, "0x…");
}
