import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

  it("behavior: killed after any kind of line of the journal, it goes on to the same addresses", async function () {
    this.timeout(300_000);
    const few = localParameters((file) => {
      file.underlyings = file.underlyings.slice(0, 1);
      file.collaterals = [];
    });
    const straight = await network.create();
    const expected = await deployPlimsoll({ connection: straight, parameters: few });
    const connection = await network.create();
    await withJournal(async (journal) => {
      const path = join(journal, "journal.jsonl");
      const written = (): string[] =>
        existsSync(path)
          ? readFileSync(path, "utf8")
              .split("\n")
              .filter((line) => line !== "")
          : [];
      const cuts = new Map<string, number>();
      // between two requests the process may die after each line that was written since
      const dieAfterNewKinds = (): { provider: Connection["provider"]; died: () => Promise<boolean> } => {
        let [seen, dead] = [written().length, false];
        const underWay: Promise<unknown>[] = [];
        const request: Connection["provider"]["request"] = async (args) => {
          if (dead) throw new Killed("killed");
          const lines = written();
          for (const [i, line] of lines.entries()) {
            const { type } = JSON.parse(line) as { type: string };
            if (i < seen || (cuts.get(type) ?? 0) >= 2) continue;
            cuts.set(type, (cuts.get(type) ?? 0) + 1);
            writeFileSync(path, `${lines.slice(0, i + 1).join("\n")}\n`);
            dead = true;
            throw new Killed("killed");
          }
          seen = lines.length;
          const answer = connection.provider.request(args);
          underWay.push(answer);
          return answer;
        };
        const provider = new Proxy(connection.provider, { get: (target, key) => (key === "request" ? request : Reflect.get(target, key)) });
        // what had left before arrives
        return { provider, died: () => Promise.allSettled(underWay).then(() => dead) };
      };
      for (let runs = 0; ; runs++) {
        expect(runs).to.be.lessThan(40);
        const { provider, died } = dieAfterNewKinds();
        try {
          expect(await deployPlimsoll({ connection, parameters: few, journal, provider })).to.deep.equal(expected);
          break;
        } catch (error) {
          if (!(await died())) throw error;
        }
      }
      expect([...cuts.keys()]).to.include.members([
        "DEPLOYMENT_EXECUTION_STATE_INITIALIZE",
        "CALL_EXECUTION_STATE_INITIALIZE",
        "TRANSACTION_SEND",
      ]);
    });
  });

  it("behavior: a second one at the same time is refused", async function () {
    this.timeout(60_000);
    const connection = await network.create();
    await withJournal(async (journal) => {
      let second: unknown;
      const request: Connection["provider"]["request"] = async () => {
        second ??= await deployPlimsoll({ connection, parameters, journal }).catch((error: unknown) => error);
        throw new Killed("killed");
      };
      const provider = new Proxy(connection.provider, { get: (target, key) => (key === "request" ? request : Reflect.get(target, key)) });
      await deployPlimsoll({ connection, parameters, journal, provider }).catch(() => {});
      expect(String(second)).to.match(/another deployment of this network is under way/);
      // let go of, it can go on
      expect((await deployPlimsoll({ connection, parameters, journal })).block).to.equal(0);
    });
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
