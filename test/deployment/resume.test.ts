import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { network } from "hardhat";
import { describe, it } from "mocha";
import { type Connection, deployPlimsoll } from "../../src/deployment/deployPlimsoll.ts";
import { localParameters } from "../../src/deployment/localParameters.ts";
import type { DeploymentRecord } from "../../src/sdk/deploymentRecord.ts";

// Two underlyings and one token of collateral: every kind of transaction, few enough to interrupt after each.
const parameters = localParameters((file) => {
  file.underlyings = file.underlyings.slice(0, 2);
  file.collaterals = file.collaterals.slice(0, 1);
});

class Killed extends Error {}

/** A provider that carries out `sends` transactions and dies after the last of them, before anybody hears of it. */
function dyingProvider(connection: Connection, sends: number): { provider: Connection["provider"]; sent: () => number } {
  let sent = 0;
  const request: Connection["provider"]["request"] = async (args) => {
    if (sent >= sends) throw new Killed("killed");
    const answer = await connection.provider.request(args);
    if (args.method === "eth_sendTransaction" && ++sent >= sends) throw new Killed("killed");
    return answer;
  };
  const provider = new Proxy(connection.provider, { get: (target, key) => (key === "request" ? request : Reflect.get(target, key)) });
  return { provider, sent: () => sent };
}

async function transactionsOf(connection: Connection, record: DeploymentRecord): Promise<number> {
  return connection.ethers.provider.getTransactionCount(record.deployer);
}

function withJournal<Result>(use: (journal: string) => Promise<Result>): Promise<Result> {
  const journal = mkdtempSync(join(tmpdir(), "plimsoll-"));
  return use(journal).finally(() => rmSync(journal, { recursive: true }));
}

describe("a deployment that is interrupted", () => {
  it("behavior: killed after each single transaction in turn, it goes on to the same addresses", async function () {
    this.timeout(300_000);
    const straight = await network.create();
    const expected = await withJournal((journal) => deployPlimsoll({ connection: straight, parameters, journal }));
    const count = await transactionsOf(straight, expected);
    expect(count).to.be.greaterThan(30);

    // every run does one transaction more and dies: each transaction is once the last before a kill
    const connection = await network.create();
    await withJournal(async (journal) => {
      let kills = 0;
      for (;;) {
        const { provider, sent } = dyingProvider(connection, 1);
        try {
          const record = await deployPlimsoll({ connection, parameters, journal, provider });
          expect(record).to.deep.equal(expected);
          break;
        } catch (error) {
          if (sent() === 0) throw error;
          kills += 1;
          if (kills > count) throw error;
        }
      }
      expect(kills).to.equal(count);
    });
    expect(await transactionsOf(connection, expected)).to.equal(count);
  });

  it("behavior: killed before a transaction left, it sends it", async function () {
    this.timeout(60_000);
    const connection = await network.create();
    await withJournal(async (journal) => {
      const request: Connection["provider"]["request"] = async (args) => {
        if (args.method === "eth_sendTransaction") throw new Killed("killed");
        return connection.provider.request(args);
      };
      const provider = new Proxy(connection.provider, { get: (target, key) => (key === "request" ? request : Reflect.get(target, key)) });
      let failed = false;
      await deployPlimsoll({ connection, parameters, journal, provider }).catch(() => {
        failed = true;
      });
      expect(failed).to.equal(true);
      const record = await deployPlimsoll({ connection, parameters, journal });
      const straight = await network.create();
      expect(record).to.deep.equal(await deployPlimsoll({ connection: straight, parameters }));
    });
  });
});
