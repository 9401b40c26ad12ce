import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { network } from "hardhat";
import { projectRoot } from "../../scripts/lib/run.ts";
import { deployPlimsoll } from "../../src/deployment/deployPlimsoll.ts";
import { localParameters } from "../../src/deployment/localParameters.ts";
import { deploymentPath, writeDeployment } from "../../src/sdk/deploymentFile.ts";
import { httpRpc, type Rpc } from "../../src/sdk/rpc.ts";
import { localWallet } from "../../src/simulator/localAccounts.ts";
import { type Answer, plimsollHere } from "../helpers/plimsoll.ts";

const CHAIN = 4_242;
const [SIGNER, SECOND, BACKER, KEEPER, POSTER, MAKER, TAKER, LIQUIDATOR] = [5, 6, 8, 9, 12, 13, 14, 15];

describe("a deployed network, by the commands that ship alone", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-walk-"));
  const prices = join(folder, "prices.json");
  const order = join(folder, "order.json");
  const name = `walk-${process.pid}`;
  let rpc: Rpc;
  let where: readonly string[];
  const closing: (() => unknown)[] = [];

  before(async () => {
    // a chain that is not the local one: nobody's keys are known, no clock is ours, gas costs something
    const server = await network.createServer({ override: { chainId: CHAIN, loggingEnabled: false } }, "127.0.0.1", 0);
    const url = `http://127.0.0.1:${(await server.listen()).port}`;
    closing.push(() => void server.close());
    const connection = await network.create({ network: "local", override: { url, chainId: CHAIN } });
    closing.push(() => connection.close());
    const parameters = localParameters((file) => {
      file.underlyings = file.underlyings.slice(0, 1);
      file.collaterals = file.collaterals.slice(0, 1);
    });
    writeDeployment(projectRoot, await deployPlimsoll({ connection, parameters, network: name, confirmations: 1 }));
    rpc = httpRpc(url);
    where = ["--network", name, "--rpc", url];
  });
  after(async () => {
    rmSync(deploymentPath(projectRoot, name), { force: true });
    rmSync(folder, { recursive: true });
    for (const close of closing.reverse()) await close();
  });

  const run = async (who: number, args: readonly string[]): Promise<Answer> => {
    process.env.PLIMSOLL_KEY = localWallet(who).privateKey;
    try {
      return await plimsollHere([...args, ...where]);
    } finally {
      delete process.env.PLIMSOLL_KEY;
    }
  };
  const said = async (who: number, ...args: string[]): Promise<string> => {
    const { code, out, err } = await run(who, args);
    expect({ code, err }, args.join(" ")).to.deep.equal({ code: 0, err: "" });
    return out;
  };
  const minute = async (): Promise<void> => {
    await rpc("evm_increaseTime", [61]);
    await rpc("evm_mine");
  };
  /** Both signers sign one price. */
  const signed = async (price: string): Promise<void> => {
    const begun = await said(SIGNER, "price", "sign", `ETH=${price}`, "--out", prices);
    expect(begun).to.match(/1 of 2 signatures: the next signer runs: plimsoll price sign --add/);
    expect(await said(SECOND, "price", "sign", "--add", prices)).to.match(/2 of 2 signatures; post with: plimsoll price post --prices/);
  };
  /** A jump is posted twice, a minute apart. */
  const posted = async (price: string): Promise<void> => {
    for (let i = 0; i < 2; i++) {
      await signed(price);
      const line = await said(POSTER, "price", "post", "ETH", "--prices", prices);
      if (!/confirmed by another post/.test(line)) {
        expect(line).to.equal(`ETH is at ${price}\n`);
        return;
      }
      await minute();
    }
    throw new Error(`the vault does not take ${price}`);
  };

  it("default: prices, cap, deposits, an order, a liquidation, a keeper", async () => {
    expect(await said(POSTER, "price")).to.match(/^ETH +– +never posted/m);
    expect((await run(POSTER, ["price", "post", "ETH"])).err).to.match(
      /nothing to post for ETH, whose sources are signed \(signed prices come with --prices/,
    );
    expect((await run(POSTER, ["price", "sign", "ETH=2000"])).err).to.match(/is no signer of prices \(those are 0x/);
    expect((await run(POSTER, ["price", "set", "ETH", "2000"])).code).to.equal(2);
    await posted("2000");
    expect(await said(POSTER, "price", "post", "--prices", prices)).to.match(/ETH stays at 2000: no source is newer/);

    for (const [who, amount] of [
      [BACKER, "2000000"],
      [MAKER, "100000"],
      [TAKER, "2000"],
    ] as const)
      await said(who, "faucet", "pUSD", amount);
    await said(MAKER, "deposit", "pUSD", "100000");
    await said(TAKER, "deposit", "pUSD", "2000");
    await said(MAKER, "order", "sign", "sell", "ETH", "8", "--limit", "mark", "--out", order);
    const early = await run(TAKER, ["order", "take", order]);
    expect(early.err).to.match(/plimsoll fund cap/);
    await said(BACKER, "fund", "stake", "2000000");
    expect(await said(BACKER, "fund", "cap")).to.match(/^ETH: open interest 0 of [1-9]/);
    await said(TAKER, "order", "take", order);

    await posted("1820");
    const victim = localWallet(TAKER).address;
    expect(await said(LIQUIDATOR, "liquidate", victim)).to.match(/: sold \d+\.\d+ %, earned \d/);

    await signed("1700");
    expect(await said(KEEPER, "keep", "--once", "--prices", prices)).to.match(/posted a price of ETH/);
    await minute();
    await signed("1700");
    expect(await said(KEEPER, "keep", "--once", "--prices", prices)).to.match(
      /^liquidated 0x[0-9a-f]{40}\/0: sold .*, the keeper earned \d/m,
    );
    expect(await said(POSTER, "check")).to.match(/^vaultMinusClaims +0$/m);
  });
});
