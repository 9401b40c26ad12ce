import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { AbiCoder, Interface, Signature, TypedDataEncoder, Wallet } from "ethers";
import { Registry } from "prom-client";
import { projectRoot } from "../../scripts/lib/run.ts";
import { serveMetrics } from "../../src/keeper/metrics.ts";
import { addressFault } from "../../src/sdk/address.ts";
import { approvalCalls } from "../../src/sdk/approval.ts";
import { explainError } from "../../src/sdk/errors.ts";
import { buildOrder, type OrderVenue, signOrder } from "../../src/sdk/orders.ts";
import { type Rpc, RpcFailure } from "../../src/sdk/rpc.ts";
import { isSignedBy, normalSignature, signatureOf } from "../../src/sdk/signature.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { plimsollHere } from "../helpers/plimsoll.ts";

const plimsoll = join(projectRoot, "scripts", "plimsoll.ts");

describe("what machines and wallets do", function () {
  this.timeout(120_000);

  it("behavior: output that nobody reads ends nothing, and commands work from any folder", () => {
    const piped = spawnSync("sh", ["-c", `"${process.execPath}" "${plimsoll}" --help | head -1`], { cwd: tmpdir(), encoding: "utf8" });
    expect(piped.stderr).to.equal("");
    expect(piped.stdout).to.match(/^Usage: plimsoll/);
    const terms = ["--forward", "2000", "--strike", "2100", "--years", "0.1", "--volatility", "0.6"];
    const elsewhere = spawnSync(process.execPath, [plimsoll, "price", "option", ...terms], { cwd: tmpdir(), encoding: "utf8" });
    expect({ status: elsewhere.status, stderr: elsewhere.stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(elsewhere.stdout).to.match(/contract and engine agree/);
  });

  it("behavior: a shell completes commands, those within, and their options", async () => {
    const { code, out } = await plimsollHere(["completion", "bash"]);
    expect(code).to.equal(0);
    const completed = (...words: string[]): string[] => {
      const script = `${out}\nCOMP_WORDS=(plimsoll ${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length}; _plimsoll; echo "\${COMPREPLY[@]}"`;
      const { stdout, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
      expect(stderr).to.equal("");
      return stdout
        .trim()
        .split(" ")
        .filter((word) => word !== "");
    };
    expect(completed("or")).to.deep.equal(["order"]);
    expect(completed("")).to.include.members(["keep", "order", "price", "completion"]).and.not.include("default");
    expect(completed("order", "")).to.include.members(["sign", "take", "cancel"]);
    expect(completed("order", "take", "order.json", "--pre")).to.deep.equal(["--preview"]);
    expect(completed("keep", "--once", "--max")).to.deep.equal(["--max-fee"]);
    expect(completed("fund", "redeem", "--cap")).to.deep.equal([]);
    expect((await plimsollHere(["completion", "zsh"])).out).to.equal(`autoload -U +X bashcompinit && bashcompinit\n${out}`);
    const fish = (await plimsollHere(["completion", "fish"])).out;
    expect(fish).to.match(/^complete -c plimsoll -f -n '__fish_use_subcommand' -a order -d 'sign orders/m);
    expect(fish).to.match(
      /^complete -c plimsoll -n '__fish_seen_subcommand_from order; and __fish_seen_subcommand_from take' -l preview -d /m,
    );
    expect((await plimsollHere(["completion", "tcsh"])).code).to.equal(2);
  });

  it("behavior: signatures of any wallet become 65 bytes with 27 or 28; what is no key's stays", async () => {
    const signer = localWallet(3);
    const digest = TypedDataEncoder.hash({ name: "x" }, { X: [{ name: "a", type: "uint256" }] }, { a: 1 });
    const good = signer.signingKey.sign(digest).serialized;
    const { r, s, v, compactSerialized } = Signature.from(good);
    const zeroOrOne = `${r}${s.slice(2)}0${v - 27}`;
    for (const said of [good, zeroOrOne, compactSerialized, good.toUpperCase().replace("0X", "0x")]) {
      expect(normalSignature(said), said).to.equal(good);
      expect(signatureOf(signer.address, digest, said)).to.equal(good);
      expect(isSignedBy(signer.address, digest, said)).to.equal(true);
    }
    // bytes of a contract wallet that look like a signature of some key
    const others = localWallet(4).signingKey.sign(digest).compactSerialized;
    expect(signatureOf(signer.address, digest, others)).to.equal(others);
    expect(normalSignature("0x1234")).to.equal("0x1234");
    expect(isSignedBy(signer.address, digest, "0x")).to.equal(false);

    const place = `0x${"12".repeat(20)}`;
    const terms = { underlying: 0n, right: "perpetual", expiry: 0n, strike: 0n, lotExponent: 4n } as const;
    const venue: OrderVenue = { chainId: 1n, settlement: place, termsOf: () => terms };
    const order = buildOrder({
      ...{ vault: place, account: BigInt(signer.address) << 96n, instrument: 0n, long: true, limit: 10n ** 14n },
      ...{ size: 1n, maxFee: 1n, validUntil: 9n, nonce: 1n },
    });
    class LedgerLike extends Wallet {
      override async signTypedData(...args: Parameters<Wallet["signTypedData"]>): Promise<string> {
        const said = Signature.from(await super.signTypedData(...args));
        return `${said.r}${said.s.slice(2)}0${said.v - 27}`;
      }
    }
    const plain = await signOrder(signer, venue, order);
    expect((await signOrder(new LedgerLike(signer.privateKey), venue, order)).signature).to.equal(plain.signature);
  });

  it("behavior: an approval that is enough is used, and one that is left is reset where the token wants it", async () => {
    const token = { symbol: "USDT", address: `0x${"ab".repeat(20)}`, decimals: 6 };
    const [owner, spender] = [`0x${"01".repeat(20)}`, `0x${"02".repeat(20)}`];
    const abi = new Interface([
      "function balanceOf(address)",
      "function allowance(address, address)",
      "function approve(address, uint256)",
    ]);
    const node =
      (held: bigint, allowed: bigint, fromZeroOnly: boolean): Rpc =>
      async (_method, params = []) => {
        const { data } = params[0] as { data: string };
        const method = abi.getFunction(data.slice(0, 10))?.name;
        const [value] = method === "balanceOf" ? [held] : method === "allowance" ? [allowed] : [1n];
        if (method === "approve" && fromZeroOnly && allowed !== 0n) throw new RpcFailure({ code: 3, message: "execution reverted" });
        return AbiCoder.defaultAbiCoder().encode(["uint256"], [value]);
      };
    const amounts = async (rpc: Rpc): Promise<bigint[]> =>
      (await approvalCalls(rpc, token, owner, spender, 50n)).map(({ data }) => abi.decodeFunctionData("approve", data)[1] as bigint);
    expect(await amounts(node(50n, 0n, true))).to.deep.equal([50n]);
    expect(await amounts(node(50n, 50n, true))).to.deep.equal([]);
    expect(await amounts(node(50n, 30n, true))).to.deep.equal([0n, 50n]);
    expect(await amounts(node(50n, 30n, false))).to.deep.equal([50n]);
    const poor: unknown = await amounts(node(49n, 0n, true)).catch((error: unknown) => error);
    expect(explainError(poor)).to.match(/holds 0\.000049 USDT, less than 0\.00005$/);
  });

  it("behavior: /metrics and /healthz answer GET and HEAD, on the host that is asked for", async () => {
    let since: number | undefined;
    const { port, close } = await serveMetrics({ registry: new Registry(), sinceLastTurn: () => since }, 0, "0.0.0.0");
    const ask = async (path: string, method = "GET"): Promise<[number, string]> => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
      return [answer.status, await answer.text()];
    };
    expect(await ask("/healthz")).to.deep.equal([503, "no turn yet\n"]);
    since = 2;
    expect(await ask("/healthz")).to.deep.equal([200, "the last turn was 2 s ago\n"]);
    expect(await ask("/healthz", "HEAD")).to.deep.equal([200, ""]);
    since = 301;
    expect((await ask("/healthz"))[0]).to.equal(503);
    expect((await ask("/metrics?format=text"))[0]).to.equal(200);
    expect((await ask("/metrics", "HEAD"))[0]).to.equal(200);
    expect((await ask("/"))[0]).to.equal(404);
    expect((await ask("/metrics", "POST"))[0]).to.equal(405);
    await close();
  });

  it("args: an address in mixed case has to match its letters, one in one case need not", () => {
    const { address } = localWallet(12);
    for (const good of [address, address.toLowerCase(), `0x${address.slice(2).toUpperCase()}`])
      expect(addressFault(good)).to.equal(undefined);
    expect(addressFault(address.replace(/[a-f](?=[^a-f]*$)/, (letter) => letter.toUpperCase()))).to.match(/capital letters/);
    expect(addressFault("0x12")).to.equal("not an address");
  });
});
