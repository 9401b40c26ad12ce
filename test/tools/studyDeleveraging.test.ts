import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { after, describe, it } from "mocha";
import { generateAccounts } from "../../scripts/lib/deleveragingAccounts.ts";
import { runStudy } from "../../scripts/lib/deleveragingStudy.ts";
import { run } from "../../scripts/lib/run.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";

const study = (...args: readonly string[]) => run(process.execPath, ["scripts/study-deleveraging.ts", ...args]);

/** Without the lines that say how far it is. */
const answerOf = (output: string): string => output.replace(/^ *\d+ s {2}.*\n/gm, "");

const [RANGE, MAINTENANCE] = [WAD / 10n, (8n * WAD) / 10n];

describe("npm run study:deleveraging", function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), "deleveraging-"));
  after(() => rmSync(folder, { recursive: true }));

  const file = (text: string): string => {
    const path = join(folder, "accounts.csv");
    writeFileSync(path, text);
    return path;
  };
  const CRASH = "account,underlying,size,entry,equity\na,ETH,10,2000,-500\nb,ETH,-6.5,2100,3000\nc,ETH,-8,1900,4000\n";

  it("default: on accounts of a file, with a mark; sums to the unit", async () => {
    const { code, output } = await study(file(CRASH), "--mark", "ETH=1800", "--json");
    expect(code).to.equal(0);
    const { marks, short, shortage, lost, rules } = JSON.parse(answerOf(output));
    expect([marks.ETH, short, shortage, lost]).to.deep.equal([String(1_800n * WAD), 1, String(18_000n * WAD), String(500n * WAD)]);
    const [queue, , proRata, waterLine] = rules;
    // c has 8·1800/4000 of leverage and less profit than b, whose 6.5·1800/3000·2100/1800 is more: both are closed whole
    expect([queue.rule, queue.closed, queue.overshoot]).to.deep.equal(["queue", String(26_100n * WAD), String(8_100n * WAD)]);
    expect(BigInt(queue.profitTaken)).to.equal((500n * WAD * 145n) / 100n);
    expect([proRata.rule, waterLine.rule]).to.deep.equal(["pro rata", "water-line"]);
    expect([waterLine.closed, waterLine.overshoot, waterLine.uncovered]).to.deep.equal([String(18_000n * WAD), "0", "0"]);
    expect(BigInt(waterLine.profitTaken)).to.equal(500n * WAD);
    expect(waterLine.worsened).to.equal(0);
  });

  it("behavior: without a mark the mean entry by size stands for it, and a file in which nobody falls short is answered with nothing", async () => {
    const { code, output } = await study(file("account,underlying,size,entry,equity\na,ETH,1,2000,5\nb,ETH,-3,1000,7\n"), "--json");
    expect(code).to.equal(0);
    const { marks, short, rules } = JSON.parse(answerOf(output));
    expect([marks.ETH, short]).to.deep.equal([String(1_250n * WAD), 0]);
    expect(rules.map(({ closed }: { closed: string }) => closed)).to.deep.equal(["0", "0", "0", "0"]);
  });

  it("default: generated accounts, the same for the same seed, as a table for people", async () => {
    const first = await study("--accounts", "300", "--seed", "5");
    expect(first.code).to.equal(0);
    expect(first.output).to.match(
      /^rule +closed +overshoot +of the shortage +profit taken +largest share +accounts +worsened +uncovered +seconds$/m,
    );
    expect(first.output).to.match(/^water-line .* 0\.00 % /m);
    expect(first.output).to.match(/\d s {2}water-line/);
    expect(answerOf((await study("--accounts", "300", "--seed", "5")).output)).to.equal(answerOf(first.output));
  });

  it("args: what is wrong is said in a line, with exit code 2", async () => {
    for (const [args, says] of [
      [["--range", "0"], "--range is a percentage above 0 and below 100, not 0"],
      [["--accounts", "1"], "--accounts is a whole number from 2 to 1000000, not 1"],
      [["--seed", "x"], "--seed is a whole number from 0 to 999999999, not x"],
      [["--mark", "ETH=1"], "--mark goes with a file of accounts"],
      [["--odd"], "Unknown option '--odd'"],
      [["nowhere.csv"], "cannot read nowhere.csv"],
      [["a", "b"], "there is one file of accounts, not 2"],
      [[file(CRASH), "--mark", "ETH"], "--mark is an underlying and its price, such as ETH=1800, not ETH"],
      [[file(CRASH), "--mark", "BTC=1"], "no account holds BTC"],
    ] as const) {
      const { code, output } = await study(...args);
      expect(code, args.join(" ")).to.equal(2);
      expect(answerOf(output).split("\n")[0]).to.contain(says);
      expect(answerOf(output).trim().split("\n")).to.have.length(1);
    }
  });

  it("args: a file that is no table of accounts is answered with the line", async () => {
    const head = "account,underlying,size,entry,equity\n";
    for (const [text, says] of [
      ["", "the file has no column account, underlying, size, entry, equity"],
      ["account,size\na,1\n", "the file has no column underlying, entry, equity"],
      [head, "the file has no accounts"],
      [`${head}a,ETH,1,2000,5\nb,ETH,x,2000,5\n`, 'line 3: size "x" is no number'],
      [`${head}a,ETH,0,2000,5\n`, "line 2: size is zero"],
      [`${head}a,ETH,1,-2000,5\n`, 'line 2: entry "-2000" is not above zero'],
      [`${head}a,ETH,1,2000\n`, "line 2: equity is missing"],
      [`${head}a,ETH,1,2000,5\na,BTC,1,2000,6\n`, "line 3: a has another equity than in an earlier row"],
      [`${head}a,ETH,1,2000,5\na,ETH,1,2000,5\n`, "line 3: a holds ETH twice"],
      [`${head}a,ETH,0.123456789,2000,5\n`, "a size has more than 8 decimals"],
    ] as const) {
      const { code, output } = await study(file(text));
      expect(code, text).to.equal(2);
      expect(answerOf(output)).to.contain(says);
    }
  });

  it("property: the water-line closes a shortage with at most one part in a hundred more and a lot an account, and leaves nobody worse", () => {
    let closed = 0n;
    for (let seed = 1; seed <= 12; seed++) {
      const { rules, shortage } = runStudy(generateAccounts({ seed, accounts: 120, underlyings: 2 }), RANGE, MAINTENANCE);
      const waterLine = rules.find(({ rule }) => rule === "water-line")!;
      expect(waterLine.overshoot <= waterLine.bound && waterLine.worsened === 0).to.equal(true);
      expect(waterLine.closed + waterLine.uncovered - waterLine.overshoot).to.equal(shortage);
      closed += waterLine.closed;
    }
    expect(closed > 0n).to.equal(true);
  });
});
