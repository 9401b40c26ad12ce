import { Failure } from "./failure.ts";

/** One JSON-RPC request; throws what the node answers, with the revert data where there is some. */
export type Rpc = (method: string, params?: readonly unknown[]) => Promise<unknown>;

/** What a node refused; `data` is the revert data of a call. */
export class RpcFailure extends Failure {
  override readonly name: string = "RpcFailure";
  readonly code: number;
  readonly data: unknown;

  constructor(message: string, code: number, data: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** The node did not answer, or not in time, or not in JSON: the same request may succeed later. */
export class NodeUnreachable extends Failure {
  override readonly name: string = "NodeUnreachable";
}

const PATIENCE = 30_000;

/** JSON-RPC over HTTP. Errors name the host only: the rest of the address may hold a key. */
export function httpRpc(url: string): Rpc {
  let id = 0;
  return async (method, params = []) => {
    let answer: { result?: unknown; error?: { message: string; code: number; data?: unknown } };
    try {
      const body = JSON.stringify({ jsonrpc: "2.0", id: ++id, method, params }, (_, value) =>
        typeof value === "bigint" ? `0x${value.toString(16)}` : value,
      );
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        signal: AbortSignal.timeout(PATIENCE),
      });
      answer = (await response.json()) as typeof answer;
    } catch {
      const host = hostOf(url);
      const local = /^(localhost|127\.0\.0\.1|\[::1\])(:|$)/.test(host);
      throw new NodeUnreachable(
        `no node answers at ${host}`,
        local ? "start one with: npm run devnet" : "name another with --rpc or PLIMSOLL_RPC",
      );
    }
    if (answer.error) throw new RpcFailure(answer.error.message, answer.error.code, answer.error.data);
    return answer.result;
  };
}

export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return "that address";
  }
}
