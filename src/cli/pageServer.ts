import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { extname, join, sep } from "node:path";
import type { Duplex } from "node:stream";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { BadInput } from "../sdk/failure.ts";

/** In a checkout the page is built into dist/app, which in the package lies two folders up. */
const PLACES = ["../../dist/app", "../../app"].map((place) => join(import.meta.dirname, place));

/** The folder of the built page; undefined where it was not built. */
export function builtPage(): string | undefined {
  // the sources of a checkout have an index.html as well
  return PLACES.find((place) => existsSync(join(place, "assets")));
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};

/** As the page's own `meta` has it, and what only a header can say. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** A page that is served. */
export type PageServer = { readonly url: string; readonly close: () => Promise<void> };

export type PageOptions = {
  readonly record: DeploymentRecord;
  /** HTTP address of the node, which answers WebSocket there too. The page reaches it as `rpc` beside itself: nothing else is asked. */
  readonly node: string;
  readonly folder: string;
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
};

/**
 * Serves the built page with a deployment's record, and hands on to the node what the page asks of it.
 * @throws BadInput when the port is in use
 */
export async function servePage({ record, node, folder, host, port }: PageOptions): Promise<PageServer> {
  const { hostname, port: nodePort } = new URL(node);
  const root = realpathSync(folder);
  const settings = JSON.stringify({ rpc: "rpc", record });
  const server = createServer((asked, answer) => {
    if (!isOurs(asked, server)) return end(answer, 403, "not this host");
    const path = pathOf(asked.url ?? "/");
    if (path === undefined) return end(answer, 400, "no such path");
    if (path === "/rpc" && asked.method === "POST") return handOn(asked, answer, hostname, Number(nodePort));
    if (asked.method !== "GET" && asked.method !== "HEAD") return end(answer, 405, "only GET");
    if (path === "/plimsoll.json") return end(answer, 200, settings, ".json");
    const file = join(root, path === "/" ? "index.html" : path);
    if (!file.startsWith(root + sep) || !existsSync(file) || !statSync(file).isFile()) return end(answer, 404, "nothing is here");
    end(answer, 200, readFileSync(file), extname(file));
  });
  // a WebSocket is handed on byte by byte, and is no connection of the server's any more
  const sockets = new Set<Duplex>();
  server.on("upgrade", (asked, socket, head) => {
    if (!isOurs(asked, server) || !asked.url?.endsWith("/rpc")) return void socket.destroy();
    const upstream = connect(Number(nodePort), hostname, () => {
      const lines = asked.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : []));
      upstream.write(`GET / HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    for (const each of [upstream, socket]) each.on("error", () => [upstream, socket].forEach((end) => void end.destroy()));
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      upstream.destroy();
    });
    upstream.on("close", () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", () => reject(new BadInput(`port ${port} is in use: name another for the page with --page-port`)));
    server.listen(port, host, resolve);
  });
  return {
    url: `http://${host}:${portOf(server)}/`,
    close: async () => {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await ended;
    },
  };
}

/** Whether a request names this host, and comes from no other page: others' pages may not reach a node of this machine through us. */
function isOurs({ headers }: IncomingMessage, server: Server): boolean {
  const names = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${portOf(server)}`);
  return names.includes(headers.host ?? "") && (headers.origin === undefined || names.includes(headers.origin.replace(/^http:\/\//, "")));
}

function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(new URL(url, "http://page").pathname);
  } catch {
    return undefined;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function end(answer: ServerResponse, status: number, body: string | Buffer, extension = ".txt"): void {
  answer.writeHead(status, {
    ...HEADERS,
    "content-type": TYPES[extension] ?? "text/plain; charset=utf-8",
    "cache-control": "no-cache",
  });
  answer.end(body);
}

function handOn(asked: IncomingMessage, answer: ServerResponse, host: string, port: number): void {
  const upstream = request({ host, port, method: "POST", path: "/", headers: { "content-type": "application/json" } }, (told) => {
    answer.writeHead(told.statusCode ?? 502, { ...HEADERS, "content-type": "application/json" });
    told.pipe(answer);
  });
  upstream.on("error", () => end(answer, 502, "the node does not answer"));
  asked.pipe(upstream);
}
