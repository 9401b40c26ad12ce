import { createServer, type IncomingMessage, type Server } from "node:http";
import { BadInput } from "../sdk/failure.ts";
import type { Rpc } from "../sdk/rpc.ts";

type Request = { readonly id?: unknown; readonly method?: unknown; readonly params?: unknown };

const MOST_BYTES = 5_000_000;

/** Answers JSON-RPC over HTTP on this machine only, single requests and batches. */
export async function serveJsonRpc(rpc: Rpc, port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "content-type");
    if (request.method !== "POST") {
      response.writeHead(request.method === "OPTIONS" ? 204 : 405).end();
      return;
    }
    response.setHeader("content-type", "application/json");
    try {
      const body: unknown = JSON.parse(await bodyOf(request));
      const answer = Array.isArray(body) ? await Promise.all(body.map((each) => answerOne(rpc, each))) : await answerOne(rpc, body);
      response.end(JSON.stringify(answer));
    } catch {
      response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32700, message: "not JSON" } }));
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "EADDRINUSE" ? new BadInput(`port ${port} is in use: is a devnet running already?`) : error),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  return server;
}

async function answerOne(rpc: Rpc, request: unknown): Promise<object> {
  const { id = null, method, params = [] } = (typeof request === "object" && request !== null ? request : {}) as Request;
  if (typeof method !== "string" || !Array.isArray(params)) {
    return { jsonrpc: "2.0", id, error: { code: -32600, message: "not a JSON-RPC request" } };
  }
  try {
    return { jsonrpc: "2.0", id, result: await rpc(method, params) };
  } catch (error) {
    const { code, message, data } = error as { code?: unknown; message?: string; data?: unknown };
    const number = typeof code === "number" ? code : -32603;
    return { jsonrpc: "2.0", id, error: { code: number, message: message ?? String(error), ...(data === undefined ? {} : { data }) } };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > MOST_BYTES) throw new RangeError("request too large");
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}
