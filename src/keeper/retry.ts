import { setTimeout as pause } from "node:timers/promises";
import { revertDataOf } from "../sdk/errors.ts";
import { Failure } from "../sdk/failure.ts";
import { NodeUnreachable, type Rpc } from "../sdk/rpc.ts";

/** A failure of the keeper that says whether the same attempt may succeed later. */
export class KeeperFailure extends Failure {
  override readonly name: string = "KeeperFailure";
  readonly retryable: boolean;

  constructor(message: string, retryable: boolean, mend?: string) {
    super(message, mend);
    this.retryable = retryable;
  }
}

// what nodes say when they are busy, behind, or limit how much is asked of them
const PASSING =
  /rate limit|limit exceeded|too many requests|timed? ?out|try again|temporarily|header not found|unknown block|missing trie node|internal server error|service unavailable|connection (reset|refused|closed)/i;
const PASSING_CODES: readonly unknown[] = [429, -32_005, "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"];

/** Whether the same request may succeed when it is made again. What a contract reverted with stays as it is, and so does what nobody knows. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof KeeperFailure) return error.retryable;
  if (error instanceof NodeUnreachable) return true;
  if (typeof error !== "object" || error === null || revertDataOf(error) !== undefined) return false;
  const { code, message } = error as { code?: unknown; message?: unknown };
  return PASSING_CODES.includes(code) || (typeof message === "string" && PASSING.test(message));
}

export type RetryOptions = {
  /** How often a request is made at most. */
  readonly attempts: number;
  /** Milliseconds before the second attempt; each later pause is twice as long. */
  readonly pause: number;
  /** Ends the pauses. */
  readonly signal?: AbortSignal;
  readonly onRetry?: (error: unknown, attempt: number) => void;
};

/** The requests of `rpc`, made again when they fail in a way that may pass. */
export function retryingRpc(rpc: Rpc, { attempts, pause: first, signal, onRetry = () => {} }: RetryOptions): Rpc {
  return async (method, params) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await rpc(method, params);
      } catch (error) {
        if (attempt >= attempts || !isRetryable(error) || signal?.aborted) throw error;
        onRetry(error, attempt);
        await pauseFor(first * 2 ** (attempt - 1), signal);
      }
    }
  };
}

/** Waits, or until `signal`. */
export async function pauseFor(milliseconds: number, signal?: AbortSignal): Promise<void> {
  await pause(milliseconds, undefined, signal === undefined ? {} : { signal }).catch(() => {});
}
