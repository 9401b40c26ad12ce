import pRetry from "p-retry";
import { Failure } from "./failure.ts";

/** One JSON-RPC request; throws what the node answers, with the revert data where there is some. */
export type Rpc = (method: string, params?: readonly unknown[]) => Promise<unknown>;

/**
 * What a refusal means, whatever words a client has for it:
 * - reverted: a contract refused the call
 * - rateLimited: too much was asked of the node in a time
 * - tooLarge: logs of fewer blocks may be had
 * - notYet: the node is behind, or has not indexed it yet
 * - unavailable: the node is busy or broken, cannot be reached, or says what nobody knows
 * - refused: the same request will never succeed
 */
export type Fault = "reverted" | "rateLimited" | "tooLarge" | "notYet" | "unavailable" | "refused";

/** What is known of an answer that was no result. */
export type Refusal = {
  readonly method?: string;
  /** Of HTTP. */
  readonly status?: number;
  /** Of JSON-RPC. */
  readonly code?: unknown;
  readonly message: string;
  /** Revert data of a call. */
  readonly data?: unknown;
};

/**
 * What a node refused, or did not answer.
 * @example
 * try {
 *   await rpc("eth_nonsense");
 * } catch (error) {
 *   if (error instanceof RpcFailure) error.fault // "refused"
 * }
 */
export class RpcFailure extends Failure {
  override readonly name: string = "RpcFailure";
  readonly fault: Fault;
  readonly code: unknown;
  /** Of HTTP, where it says that there is no answer. */
  readonly status: number | undefined;
  readonly data: unknown;
  /** Milliseconds after which the node wants to be asked again, where it says so. */
  readonly retryAfter: number | undefined;

  constructor(refusal: Refusal, mend?: string, retryAfter?: number) {
    super(refusal.message, mend);
    this.fault = faultOf(refusal);
    this.code = refusal.code;
    this.status = refusal.status;
    this.data = refusal.data;
    this.retryAfter = retryAfter;
  }

  override get retryable(): boolean {
    return this.fault === "rateLimited" || this.fault === "notYet" || this.fault === "unavailable";
  }
}

const RATE =
  /rate ?limit|limit rate|too many requests|requests? (rate|count|limit)|per (second|minute|day)|compute units|throughput|quota|credits|capacity|throttl|call frequency/i;
const SIZE = /range|results|response size|too (many|large|big|wide)|exceed|limit|at most|maximum|time(d)? ?out/i;
const NOT_YET =
  /beyond (the )?(current )?head|in filter .*(not|cannot) (be )?found|(header|block|state|trie node)( \S+)? (was )?not (found|available)|unknown block|missing trie node|not yet indexed|being indexed|indexing is in progress|not (yet )?(synced|available yet)|still syncing|resource not found|no latest block|block height is \d+ but requested/i;
const NO_METHOD =
  /method .*(not (found|supported|available|allowed|whitelisted)|does(n't| not) exist|is disabled)|unsupported method|unknown method/i;
const NEVER =
  /insufficient (funds|balance)|exceeds (block )?gas limit|gas required exceeds|always failing|out of gas|intrinsic gas|invalid (argument|params|sender|opcode|address)/i;
const REFUSED_CODES: readonly unknown[] = [-32_700, -32_600, -32_601, -32_602, -32_004];
const REFUSED_STATUS: readonly unknown[] = [400, 401, 403, 404, 405, 410, 415];

/** The one place where the words, codes and statuses of clients and providers get their meaning. */
export function faultOf({ method, status, code, message, data }: Refusal): Fault {
  if (isRevertData(data) || code === 3 || /execution reverted|^VM Exception|reverted with/i.test(message)) return "reverted";
  if (NOT_YET.test(message)) return "notYet";
  const rated = status === 429 || code === 429 || RATE.test(message);
  if (method === "eth_getLogs" && !rated && (status === 413 || code === -32_005 || SIZE.test(message))) return "tooLarge";
  if (rated || code === -32_005) return "rateLimited";
  if (NO_METHOD.test(message) || NEVER.test(message) || REFUSED_CODES.includes(code) || REFUSED_STATUS.includes(status)) return "refused";
  return "unavailable";
}

function isRevertData(data: unknown): boolean {
  return typeof data === "string" && /^0x([0-9a-fA-F]{2}){4,}$/.test(data);
}

/** Whether the same request may succeed when it is made again. */
export function isRetryable(error: unknown): boolean {
  return asFailure(error)?.retryable ?? false;
}

/** What somebody else's client threw, with its meaning; undefined for what is not about a node. */
export function asFailure(error: unknown, method?: string): Failure | undefined {
  if (error instanceof Failure) return error;
  if (typeof error !== "object" || error === null) return undefined;
  const { code, message = "", data, cause } = error as { code?: unknown; message?: unknown; data?: unknown; cause?: unknown };
  if (typeof code !== "number" && !(typeof code === "string" && NETWORK_CODES.test(code)))
    return cause === undefined || cause === error ? undefined : asFailure(cause, method);
  return new RpcFailure({ code, message: String(message), data, ...(method === undefined ? {} : { method }) });
}

const NETWORK_CODES = /^(ECONN|ETIMEDOUT|EAI_|ENOTFOUND|EPIPE|UND_ERR)/;

/**
 * The requests of a provider of EIP-1193; what it throws gets its meaning.
 * @example
 * // `window.ethereum` in a page
 * const provider = { request: ({ method, params }: { method: string; params: unknown[] }) => rpc(method, params) };
 * Number(await providerRpc(provider)("eth_chainId")) // record.chainId
 */
export function providerRpc(provider: { readonly request: (asked: { method: string; params: unknown[] }) => Promise<unknown> }): Rpc {
  return (method, params = []) =>
    provider.request({ method, params: [...params] }).catch((error: unknown) => {
      throw asFailure(error, method) ?? error;
    });
}

/** Answered with nothing where there is nothing yet; every other method of a node that answers nothing has not answered. */
const MAY_BE_NOTHING = /^eth_get(Transaction|Block|Uncle)/;
const PATIENCE = 30_000;

/**
 * JSON-RPC over HTTP, one request at a time in a body of its own. Status, `jsonrpc` and `id` are looked at before the result. Messages name the host
 * only: the rest of the address may hold a key. A name and password before the host become the header that they stand for.
 * @example
 * const rpc = httpRpc("http://127.0.0.1:8545");
 * Number(await rpc("eth_chainId")) // 31_337
 */
export function httpRpc(address: string): Rpc {
  const { url, headers } = endpointOf(address);
  const host = hostOf(address);
  let last = 0;
  return async (method, params = []) => {
    const id = ++last;
    const body = JSON.stringify({ jsonrpc: "2.0", id, method, params }, (_, value) =>
      typeof value === "bigint" ? `0x${value.toString(16)}` : value,
    );
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(PATIENCE) });
      text = await response.text();
    } catch (error) {
      throw unreachable(error, host);
    }
    const { status, statusText } = response;
    const retryAfter = retryAfterOf(response.headers.get("retry-after"));
    const answer = answerOf(text, id);
    if (answer?.error !== undefined) {
      const { code, message, data } = answer.error;
      const words = withoutAddresses(String(message ?? "")) || `the node answers error ${code} to ${method}`;
      throw new RpcFailure({ method, status, code, message: words, data }, undefined, retryAfter);
    }
    const told = `${host} answers ${status}${statusText === "" ? "" : ` ${statusText}`}`;
    if (!response.ok)
      throw new RpcFailure({ method, status, message: told }, status === 401 || status === 403 ? CREDENTIALS : undefined, retryAfter);
    if (answer === undefined) throw new RpcFailure({ method, status, message: `${told} with what is no JSON-RPC` });
    const { result } = answer;
    const nothing = result === undefined || (result === null && method.startsWith("eth_") && !MAY_BE_NOTHING.test(method));
    if (nothing || (method === "eth_getLogs" && !Array.isArray(result)))
      throw new RpcFailure({ method, status, message: `${host} answers nothing to ${method}` });
    return result;
  };
}

const CREDENTIALS = "the node wants a key or a password in its address: --rpc https://user:password@host";

type Answer = {
  readonly result?: unknown;
  readonly error?: { readonly code?: unknown; readonly message?: unknown; readonly data?: unknown };
};

/** What answers request `id`; undefined for what is no such answer. An error may come without an id: the request was not understood. */
function answerOf(text: string, id: number): Answer | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { jsonrpc, id: of, error, result } = value as { jsonrpc?: unknown; id?: unknown; error?: unknown; result?: unknown };
  const isError = typeof error === "object" && error !== null;
  if (jsonrpc !== "2.0" || (of !== id && !(isError && (of === null || of === undefined)))) return undefined;
  return isError ? { error } : { result };
}

function endpointOf(address: string): { url: string; headers: Record<string, string> } {
  const headers: Record<string, string> = { "content-type": "application/json" };
  const url = new URL(address);
  if (url.username !== "" || url.password !== "") {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(pair)))}`;
    url.username = "";
    url.password = "";
  }
  return { url: url.href, headers };
}

function unreachable(error: unknown, host: string): RpcFailure {
  if (error instanceof Error && error.name === "TimeoutError")
    return new RpcFailure({ message: `${host} has not answered within ${PATIENCE / 1000} s` });
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  const local = /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(host);
  return new RpcFailure(
    { message: `no node answers at ${host}`, code },
    local ? "start one with: plimsoll devnet" : "name another with --rpc or PLIMSOLL_RPC",
  );
}

/** The first line, addresses cut down to their hosts: a provider may repeat one, key and all. */
function withoutAddresses(text: string): string {
  return text.split("\n")[0]?.replace(/\b(https?|wss?):\/\/(?:[^\s/@]+@)?([^\s/?#"')]+)[^\s"')]*/gi, "$1://$2/…") ?? "";
}

const LONGEST_PAUSE = 60_000;

/** Milliseconds of a Retry-After header: seconds, or a date. Never more than a minute: then the node is asked once more. */
export function retryAfterOf(header: string | null, now = Date.now()): number | undefined {
  if (header === null || header.trim() === "") return undefined;
  const wait = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), LONGEST_PAUSE);
}

export type RetryOptions = {
  /** How often a request is made at most. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; each later pause is twice as long. */
  readonly pause?: number;
  /** Ends the pauses. */
  readonly signal?: AbortSignal;
  readonly onRetry?: (error: unknown, attempt: number) => void;
};

/**
 * The requests of `rpc`, made again when they fail in a way that may pass, after the pause that the node asks for where it asks for one. A transaction
 * is sent again only where the node has not looked at it.
 * @example
 * const patient = retryingRpc(rpc, { attempts: 3, onRetry: (error) => console.warn(explainError(error)) });
 * Number(await patient("eth_chainId")) // record.chainId
 */
export function retryingRpc(rpc: Rpc, { attempts = 5, pause = 500, signal, onRetry = () => {} }: RetryOptions = {}): Rpc {
  return (method, params) => {
    const again = (error: unknown): boolean => {
      const failure = asFailure(error, method);
      if (failure === undefined || !failure.retryable) return false;
      return !/^eth_send/.test(method) || (failure instanceof RpcFailure && failure.fault === "rateLimited");
    };
    return pRetry(() => rpc(method, params), {
      retries: attempts - 1,
      minTimeout: pause,
      ...(signal === undefined ? {} : { signal }),
      shouldRetry: ({ error }) => again(error),
      onFailedAttempt: async ({ error, attemptNumber, retriesLeft, retryDelay }) => {
        if (retriesLeft === 0 || !again(error)) return;
        onRetry(error, attemptNumber);
        const asked = error instanceof RpcFailure ? (error.retryAfter ?? 0) : 0;
        if (asked > retryDelay) await pauseFor(asked - retryDelay, signal);
      },
    });
  };
}

/** Waits, or until `signal`. */
export async function pauseFor(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done, { once: true });
  });
}

export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "that address";
  }
}
