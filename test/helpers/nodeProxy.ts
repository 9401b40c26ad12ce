import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One JSON-RPC request as a client sent it. */
export type Asked = {
  readonly id: number;
  readonly method: string;
  readonly params: readonly unknown[];
  readonly headers: IncomingMessage["headers"];
};

/**
 * What a node says instead of its own answer: an error of JSON-RPC, another result, a whole HTTP answer, a connection cut before anything is said, or
 * one cut after the real node has heard the request.
 */
export type Fault =
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }
  | { readonly result: unknown }
  | { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> }
  | { readonly cut: "before" | "after" };

/** Answers as the real node does where it gives nothing. `real` asks the node. */
export type Rule = (
  asked: Asked,
  real: (method: string, params: readonly unknown[]) => Promise<unknown>,
) => Fault | undefined | Promise<Fault | undefined>;

export type NodeProxy = {
  readonly url: string;
  /** What was asked since the last `play`. */
  readonly asked: Asked[];
  /** Plays a fault from now on, or none. */
  readonly play: (rule?: Rule) => void;
  readonly close: () => Promise<void>;
};

/** A proxy before a real node, which plays the faults of others. */
export async function nodeProxy(node: string): Promise<NodeProxy> {
  let rule: Rule = () => undefined;
  const asked: Asked[] = [];
  const forward = async (body: object): Promise<{ result?: unknown; error?: unknown }> => {
    const answer = await fetch(node, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    return (await answer.json()) as { result?: unknown; error?: unknown };
  };
  const real = async (method: string, params: readonly unknown[]): Promise<unknown> =>
    (await forward({ jsonrpc: "2.0", id: 1, method, params })).result;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Asked | Asked[];
    const say = (status: number, text: string, headers: Readonly<Record<string, string>> = {}): void =>
      void response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
    // as nodes that take no batches
    if (Array.isArray(body)) return say(400, '{"message":"batches are not supported"}');
    const one = { ...body, headers: request.headers };
    asked.push(one);
    const fault = await rule(one, real);
    if (fault === undefined) return say(200, JSON.stringify(await forward(body)));
    if ("status" in fault) return say(fault.status, fault.body, fault.headers);
    if ("cut" in fault) {
      if (fault.cut === "after") await forward(body);
      return void request.socket.destroy();
    }
    say(200, JSON.stringify({ jsonrpc: "2.0", id: body.id, ...fault }));
  };

  const server = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    play: (next = () => undefined) => {
      rule = next;
      asked.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
