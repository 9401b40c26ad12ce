import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { asJavaScript, documentedIn, exampleModule } from "../../scripts/lib/examples.ts";
import { packInto } from "../../scripts/lib/packageFiles.ts";
import { installLocked, type PackedDevnet, packedDevnet } from "../../scripts/lib/packedFolder.ts";
import { type Outcome, run } from "../../scripts/lib/run.ts";
import { examplePrelude } from "../helpers/examplePrelude.ts";

type Ended = { readonly name: string; readonly claims: number; readonly fault?: string };

describe("the packed file", function () {
  this.timeout(900_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-packed-"));
  const installed = join(folder, "node_modules");
  const plimsoll = join(installed, ".bin", "plimsoll");
  const documented = documentedIn("src/package/index.ts");
  const wrong = { name: "formatDecimal", file: "", examples: ['formatDecimal(5n, 1) // "5"'] };
  let devnet: PackedDevnet;

  // npx hands what it was called with on to an npx within
  const environment = { NODE_OPTIONS: "", npm_config_package: "", npm_config_call: "" };
  const inFolder = (command: string, args: readonly string[]): Promise<Outcome> => run(command, args, { directory: folder, environment });

  before(async () => {
    await installLocked(folder, await packInto(folder, false));
    devnet = await packedDevnet(folder, [plimsoll], 20_000 + ((process.pid + 7_919) % 20_000));
  });
  after(async () => {
    await devnet?.close();
    rmSync(folder, { recursive: true });
  });

  it("default: it installs what it runs on and nothing else, with no script and nothing to compile", () => {
    const own = join(installed, "plimsoll");
    const manifest = JSON.parse(readFileSync(join(own, "package.json"), "utf8")) as object;
    expect(manifest).to.not.have.any.keys("scripts", "devDependencies", "private");
    for (const name of ["node", "solc", "mocha", "typescript"]) expect(existsSync(join(installed, name)), name).to.equal(false);
    const files = readdirSync(own, { recursive: true, encoding: "utf8" });
    expect(files.filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))).to.deep.equal([]);
    expect(files).to.include.members([join("monitoring", "alerts.yml"), join("monitoring", "grafana.json")]);
    expect(files).to.include(join("dist", "artifacts", "contracts", "vault", "MarginVault.sol", "MarginVault.json"));
  });

  it("default: npx plimsoll --help names every command", async () => {
    const { code, output } = await inFolder("npx", ["--no-install", "plimsoll", "--help"]);
    expect(code).to.equal(0);
    for (const command of ["demo", "devnet", "keep", "account", "order"]) expect(output).to.match(new RegExp(`^  ${command}\\b`, "m"));
  });

  it("default: a keeper's turn on its devnet, whose record lies in the folder", async () => {
    expect(existsSync(join(folder, "deployments", "local.json"))).to.equal(true);
    const { code, output } = await inFolder(plimsoll, ["keep", "--once", "--rpc", devnet.url, "--as", "9"]);
    expect(output).to.match(/^liquidated account 11: sold \d+\.\d+ %, the keeper earned \d/m);
    expect(code).to.equal(0);
  });

  it("default: its devnet serves the wallet page, which reads it alone", async () => {
    const url = /^the wallet page: (\S+)$/m.exec(devnet.said())?.[1] ?? "";
    const [index, settings] = await Promise.all([fetch(url), fetch(new URL("plimsoll.json", url))]);
    expect(index.headers.get("content-security-policy")).to.match(/^default-src 'none'; script-src 'self';/);
    const [script] = /assets\/index-[\w-]+\.js/.exec(await index.text()) ?? [""];
    expect((await fetch(new URL(script, url))).ok).to.equal(true);
    expect((await settings.json()) as object).to.have.nested.property("record.network", "local");
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "eth_chainId", params: [] });
    const asked = (origin: string) => fetch(new URL("rpc", url), { method: "POST", body, headers: { origin } });
    expect((await (await asked(new URL(url).origin)).json()) as object).to.have.property("result", "0x7a69");
    expect((await asked("https://elsewhere.example")).status).to.equal(403);
    for (const [path, status] of [
      ["..%2f..%2fpackage.json", 404],
      ["%", 400],
    ] as const)
      expect((await fetch(`${url}${path}`)).status, path).to.equal(status);
  });

  it("default: what is exported shows itself, and every example is right", async () => {
    expect(documented.filter(({ examples }) => examples.length === 0).map(({ name }) => name)).to.deep.equal([]);
    const source = exampleModule([...documented, wrong], examplePrelude).replaceAll("//127.0.0.1:8545", devnet.url.replace("http:", ""));
    writeFileSync(join(folder, "examples.mjs"), asJavaScript(source));
    const { output } = await inFolder(process.execPath, ["examples.mjs"]);
    const ended = JSON.parse(output.trim().split("\n").at(-1) ?? "") as Ended[];
    const last = ended.pop();
    expect(ended.filter(({ fault }) => fault !== undefined)).to.deep.equal([]);
    expect(ended.filter(({ claims }) => claims === 0)).to.deep.equal([]);
    expect(ended.map(({ name }) => name)).to.deep.equal(documented.map(({ name }) => name));
    // the one that is wrong is found
    expect(last?.fault).to.match(/'0\.5' is not '5'/);
  });
});
