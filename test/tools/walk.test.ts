import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { network } from "hardhat";
import { projectRoot } from "../../scripts/lib/run.ts";
import { deployPlimsoll } from "../../src/deployment/deployPlimsoll.ts";
import { localParameters } from "../../src/deployment/localParameters.ts";
import { deploymentPath, writeDeployment } from "../../src/sdk/deploymentFile.ts";
import { httpRpc, type Rpc } from "../../src/sdk/rpc.ts";
import { networkWalk } from "../helpers/networkWalk.ts";

const CHAIN = 4_242;

describe("a deployed network, by the commands that ship alone", function () {
  this.timeout(300_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-walk-"));
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

  it("default: prices, cap, deposits, an order, a liquidation, a keeper", async () => {
    const passTime = async (seconds: number): Promise<void> => {
      await rpc("evm_increaseTime", [seconds]);
      await rpc("evm_mine");
    };
    await networkWalk({ where, folder, passTime }).trading();
  });
});
