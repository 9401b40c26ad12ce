import type { Connection } from "./deploy.ts";

/** The second at which a chain of fixed time begins: 1 January 2030. */
const BEGINNING = 1_893_456_000n;

const MINING = new Set(["eth_sendTransaction", "eth_sendRawTransaction", "evm_mine"]);

/**
 * Every block one second after the one before unless the test names its time, from a fixed second on: nothing that happens on the chain depends on when the
 * test runs, nor on how fast.
 */
export async function fixTime(connection: Connection): Promise<void> {
  const { provider } = connection;
  const request = provider.request.bind(provider);
  let latest = BEGINNING;
  let named: bigint | undefined;
  provider.request = (async ({ method, params }: { method: string; params?: unknown[] }) => {
    if (method === "evm_setNextBlockTimestamp") named = BigInt(String(params?.[0]));
    if (!MINING.has(method)) return request({ method, params });
    latest = named ?? latest + 1n;
    if (named === undefined) await request({ method: "evm_setNextBlockTimestamp", params: [`0x${latest.toString(16)}`] });
    named = undefined;
    return request({ method, params });
  }) as typeof provider.request;
  await provider.request({ method: "evm_mine" });
}
