import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "chai";
import { check } from "../../src/checker/checker.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { plimsoll, type Running, type ServedDevnet, serveDevnet, startPlimsoll } from "../helpers/plimsoll.ts";

/** Waits until a command has printed what matches. */
async function printed(running: Running, what: RegExp): Promise<void> {
  for (let i = 0; i < 300 && !what.test(running.out()); i++) {
    if (running.child.exitCode !== null) break;
    await pause(100);
  }
  if (!what.test(running.out())) running.child.kill();
  expect(running.out(), (await Promise.race([running.ended, { err: "" }])).err).to.match(what);
}

describe("plimsoll keep", function () {
  this.timeout(180_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-keep-"));
  const database = join(folder, "keeper.sqlite");
  let devnet: ServedDevnet;
  let where: readonly string[];

  before(async () => {
    devnet = await serveDevnet();
    where = devnet.where;
  });
  after(async () => {
    await devnet.close();
    rmSync(folder, { recursive: true });
  });

  const judge = () => check(devnet.rpc, devnet.record.contracts.vault, interfaceOf("IMarginVault"));

  it("behavior: a dry run says what it would do and sends nothing", async () => {
    await devnet.refreshPrices();
    const block = await devnet.rpc("eth_blockNumber");
    const { code, out } = await plimsoll(["keep", "--once", "--dry-run", "--json", ...where]);
    expect(code).to.equal(0);
    const turn = JSON.parse(out) as { below: number; planned: { account: string }[]; wouldDo: string[]; sales: unknown[] };
    expect(turn).to.deep.include({ below: 1, sales: [] });
    expect(turn.planned.map(({ account }) => account)).to.deep.equal(["account 11"]);
    expect(turn.wouldDo[0]).to.match(/^would sell \d+\.\d+ % of account 11 \(health 0\.\d+\) and earn \d/);
    expect(await devnet.rpc("eth_blockNumber")).to.equal(block);
    expect(await judge()).to.include({ liquidations: 0, belowMaintenance: 1 });
  });

  it("default: it liquidates who is below the line, shows metrics, and ends cleanly; the next run goes on from its database", async () => {
    await devnet.refreshPrices();
    const port = 20_000 + (process.pid % 20_000);
    const options = ["--database", database, "--as", "9", "--account", "13"];
    const keeper = startPlimsoll(["keep", ...options, "--interval", "1", "--metrics-port", String(port), ...where]);
    await printed(keeper, /liquidated account 11: sold \d+\.\d+ %, the keeper earned \d/);
    await printed(keeper, /, 0 below the line/);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).to.match(/^plimsoll_keeper_sales_total\{kind="slice"\} 1$/m);
    expect(metrics).to.match(/^plimsoll_keeper_transactions_total\{outcome="mined"\} 2$/m);
    expect(metrics).to.match(/^plimsoll_keeper_accounts_below_line 0$/m);
    expect(Number(/^plimsoll_keeper_earned_total (\S+)$/m.exec(metrics)?.[1])).to.be.greaterThan(0);
    const inUse = await plimsoll(["keep", "--once", ...options, ...where]);
    expect(inUse.code).to.equal(2);
    expect(inUse.err).to.match(/is in use by another keeper/);
    keeper.child.kill("SIGINT");
    const { code, out, err } = await keeper.ended;
    expect({ code, err }).to.deep.equal({ code: 0, err: "" });
    expect(out.trimEnd().split("\n").at(-1)).to.equal("ended: 1 sold, 0 batches failed");
    expect(await judge()).to.include({ liquidations: 1, wronglyLiquidated: 0, vaultMinusClaims: "0", replayDifferences: 0 });

    const again = await plimsoll(["keep", "--once", "--json", "--log-level", "debug", ...options, ...where]);
    expect(again.code).to.equal(0);
    expect(JSON.parse(again.out)).to.deep.include({ below: 0, planned: [], sales: [], failures: [] });
    expect(again.err)
      .to.match(/"msg":"turn"/)
      .and.to.not.match(/anew/);
    // rewards went to the account that was named, which is one more
    expect((JSON.parse(again.out) as { accounts: number }).accounts).to.equal(4);
  });

  it("args: mistakes are answered in one line with exit code 2", async () => {
    const config = join(folder, "keeper.json5");
    writeFileSync(config, '{ interval: 0, "max-fees": 7, "max-fee": "never read", once: true }');
    const wrong: [args: string[], message: RegExp][] = [
      [["--interval", "0", "--max-fee", "much"], /--interval: must be from 1 to 3600; --max-fee: "much" is not a positive decimal/],
      [
        ["--account", "nobody", "--pyth", "x", "--floor", "much", "--config", config],
        new RegExp(
          [
            `^error: ${config}: there is no setting "max-fees"`,
            `--account: "nobody" is not an account: .*`,
            `--floor: "much" is not a decimal number`,
            `PLIMSOLL_MAX_FEE: "a lot" is not a positive decimal`,
            `${config}, interval: must be from 1 to 3600`,
          ]
            .map((line) => `(?=.*${line})`)
            .join(""),
        ),
      ],
      [["--config", join(folder, "nowhere.json5")], /cannot read .*nowhere.json5/],
      [["--metrics-port", "70000"], /--metrics-port: must be from 1 to 65535/],
      [["--log-level", "loud"], /--log-level: must be one of debug, info/],
      [["--database", join(folder, "nowhere", "x.sqlite"), "--once", ...where], /cannot be opened as a database/],
    ];
    for (const [args, message] of wrong) {
      const { code, err, out } = await plimsoll(["keep", ...args], args.includes(config) ? { PLIMSOLL_MAX_FEE: "a lot" } : {});
      expect(err).to.match(message);
      expect(err.trimEnd().split("\n"), String(args)).to.have.length(1);
      expect({ code, out }, String(args)).to.deep.equal({ code: 2, out: "" });
    }
  });
});
