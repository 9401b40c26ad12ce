// Packs, installs into empty folders under Node 22 and 24, runs every command there, type-checks a program that imports the package, and bundles it for a
// browser. Takes some minutes and a registry: npm test has the short form.
//   npm run test:package [-- VERSION…]
// VERSION: of Node, 22 and 24 by default.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { gzipSync } from "node:zlib";
import { Failure } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { packInto } from "./lib/packageFiles.ts";
import { bare, emptyFolder, packedDevnet } from "./lib/packedFolder.ts";
import { projectRoot, run } from "./lib/run.ts";

const asked = process.argv.slice(2);
const VERSIONS = asked.length > 0 ? asked : ["22", "24"];
const VITE = "8.4.0";
/** Bytes of compressed JavaScript that a page may take of the package. */
const LARGEST = { without: 60_000, with: 170_000 };
const PORT = 20_000 + ((process.pid + 104_729) % 20_000);

/** Every command, and what it prints. Those that come later find what earlier ones did. */
const COMMANDS: readonly (readonly [command: string, said: RegExp])[] = [
  ["--help", /^Usage: plimsoll/],
  ["accounts", /account 11/],
  ["account 10", /perpetual BTC/],
  ["faucet pUSD 3000 --as 13", /3000 pUSD/],
  ["deposit pUSD 3000 --as 13", /3000 pUSD deposited/],
  ["withdraw pUSD 10 --as 13", /10 pUSD paid/],
  ["series", /ETH-\d{8}/],
  ["order sign buy ETH 0.5 --limit mark --as 13", /^signed: buy 0.5 ETH-PERP/],
  ["order show order.json", /signed by/],
  ["order take order.json --preview --as 12", /equity .* → /],
  ["order take order.json --as 12", /^sold 0.5 ETH-PERP/],
  ["order void --as 13", /void/],
  ["price --help", /^Usage: plimsoll price/],
  ["price set ETH 1800", /ETH/],
  ["fund --help", /^Usage: plimsoll fund/],
  ["exchange --help", /^Usage: plimsoll exchange/],
  ["liquidate --help", /^Usage: plimsoll liquidate/],
  ["data --help", /^Usage: plimsoll data/],
  ["keep --once --as 9", /liquidated account 11/],
  ["check", /vaultMinusClaims/],
];

const PROGRAM = `import { accountIdOf, connect, httpRpc, ownerOf, readDeployment, type VaultEvent } from "plimsoll";
import { formatDecimal, providerRpc, type Rpc } from "plimsoll/browser";
const rpc: Rpc = httpRpc("http://127.0.0.1:8545");
const shown: string = formatDecimal((await (await connect(rpc, readDeployment(".", "local"))).account(accountIdOf("0x1"))).standing.figures.equity);
const lots = (event: VaultEvent): bigint => (event.name === "Filled" ? event.args.lots : 0n);
// @ts-expect-error a text is no account
const wrong = ownerOf("0x1");
export { lots, providerRpc, shown, wrong };
`;

const PAGE = `import * as plimsoll from "plimsoll/browser";
globalThis.plimsoll = plimsoll;
`;

let [passed, failed] = [0, 0];
async function step(name: string, work: () => Promise<string | undefined>): Promise<void> {
  const started = performance.now();
  const fault = await work().catch((error: unknown) => (error instanceof Error ? error.message : String(error)));
  if (fault === undefined) passed++;
  else failed++;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${fault === undefined ? "✔" : "✘"} ${name} (${seconds} s)${fault === undefined ? "" : `\n  ${fault}`}`);
}

/** What is wrong with how a command ended, if anything. */
async function fault(folder: string, path: string, line: string, said = /^/, codes = [0]): Promise<string | undefined> {
  const [program = "", ...args] = line.split(" ");
  const { code, output } = await run(program, args, { directory: folder, path, environment: { NODE_OPTIONS: "", NO_COLOR: "1" } });
  return codes.includes(code) && said.test(output) && !/ExperimentalWarning/.test(output)
    ? undefined
    : `${line}: ends with ${code}: ${output.trim()}`;
}

async function under(version: string, root: string, tarball: string): Promise<void> {
  const runtime = emptyFolder(join(root, `runtime-${version}`));
  const folder = emptyFolder(join(root, `node-${version}`));
  const binaries = `node-${process.platform}-${process.arch}`;
  const path = [join(runtime, "node_modules", binaries, "bin"), bare().PATH].join(delimiter);
  const of = (name: string): string => `Node ${version}: ${name}`;
  const quiet = "--no-audit --no-fund --loglevel=error";
  const url = `http://127.0.0.1:${PORT}`;
  for (const each of [runtime, folder]) writeFileSync(join(each, "package.json"), '{ "private": true, "type": "module" }');
  await step(of("is there"), () => fault(runtime, path, `npm install ${binaries}@${version} ${quiet}`));
  await step(of("that version runs"), () => fault(folder, path, "node --version", new RegExp(`^v${version}\\.`)));
  await step(of("npm install"), () => fault(folder, path, `npm install ${join(root, tarball)} ${quiet}`));
  const plimsoll = join(folder, "node_modules", ".bin", "plimsoll");
  const node = join(runtime, "node_modules", binaries, "bin", "node");
  const devnet = await packedDevnet(folder, [node, plimsoll], PORT);
  try {
    for (const [command, said] of COMMANDS) {
      const local = /--help/.test(command) ? "" : ` --rpc ${url}`;
      await step(of(`npx plimsoll ${command}`), () => fault(folder, path, `npx --no-install plimsoll ${command}${local}`, said));
    }
  } finally {
    await devnet.close();
  }
  // so few traders may leave more bad debt than the demo allows: what counts is that it plays to its end
  const demo = "npx --no-install plimsoll demo --accounts 12 --option-traders 0 --steps 1 --report crash.html";
  const simulate = "npx --no-install plimsoll simulate --paths 4 --traders 30 --hours 2";
  await step(of("npx plimsoll simulate"), () => fault(folder, path, simulate, /Paths with bad debt: /));
  const sweep = "npx --no-install plimsoll sweep --vary stake=0.7,0.9 --paths 4 --traders 30 --hours 2 --out sweep --resume";
  await step(of("npx plimsoll sweep"), () => fault(folder, path, sweep, /Report: .*sweep\.html/));
  await step(of("npx plimsoll demo"), () => fault(folder, path, demo, /Replay against books\s+0 [\s\S]*Report: crash\.html/, [0, 1]));
}

async function types(folder: string, moduleResolution: string): Promise<string | undefined> {
  writeFileSync(join(folder, "program.ts"), PROGRAM);
  const module = moduleResolution === "bundler" ? "esnext" : "nodenext";
  const flags = `--noEmit --strict --target es2024 --module ${module} --moduleResolution ${moduleResolution} --types node program.ts`;
  return fault(folder, [join(projectRoot, "node_modules", ".bin"), process.env.PATH].join(delimiter), `tsc ${flags}`);
}

async function bundle(folder: string, external: boolean): Promise<string | undefined> {
  const page = emptyFolder(join(folder, "page"));
  writeFileSync(join(page, "page.js"), PAGE);
  const rollupOptions = { input: "page.js", external: external ? ["ethers"] : [], output: { entryFileNames: "page.js" } };
  const config = { logLevel: "info", build: { target: "es2022", modulePreload: { polyfill: false }, rollupOptions } };
  writeFileSync(join(page, "vite.config.js"), `export default ${JSON.stringify(config)};\n`);
  const { code, output } = await run("npx", ["--no-install", "vite", "build"], { directory: page });
  if (code !== 0 || /externalized for browser/.test(output)) return output;
  const bytes = gzipSync(readFileSync(join(page, "dist", "page.js"))).length;
  console.log(`  ${(bytes / 1000).toFixed(1)} kB compressed, ethers ${external ? "outside" : "inside"}`);
  const most = external ? LARGEST.without : LARGEST.with;
  return bytes < most ? undefined : `${bytes} bytes are more than ${most}`;
}

await answer("npm run test:package [-- VERSION…]", async () => {
  const root = mkdtempSync(join(tmpdir(), "plimsoll-package-"));
  try {
    const tarball = await packInto(root, true);
    for (const version of VERSIONS) await under(version, root, tarball);
    const folder = join(root, `node-${VERSIONS.at(-1)}`);
    const added = await run("npm", ["install", `vite@${VITE}`, "@types/node@24", "--no-audit", "--no-fund", "--loglevel=error"], {
      directory: folder,
    });
    if (added.code !== 0) throw new Failure(`npm install vite: ${added.output}`);
    for (const resolution of ["nodenext", "bundler"]) await step(`types, as ${resolution} resolves them`, () => types(folder, resolution));
    for (const external of [true, false]) await step(`Vite, ethers ${external ? "outside" : "inside"}`, () => bundle(folder, external));
  } finally {
    rmSync(root, { recursive: true });
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});
