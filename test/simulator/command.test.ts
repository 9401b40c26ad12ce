import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { after, describe, it } from "mocha";
import { HOUR } from "../../src/data/bar.ts";
import { type Answer, plimsollHere } from "../helpers/plimsoll.ts";

const simulate = async (...args: string[]) => {
  const { code, out, err }: Answer = await plimsollHere(["simulate", ...args]);
  return { code, output: out, errors: err };
};
const SMALL = ["--paths", "6", "--traders", "30", "--hours", "4", "--crowd", "0.6"];

describe("plimsoll simulate", function () {
  this.timeout(120_000);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-simulate-"));
  after(() => rmSync(folder, { recursive: true }));

  it("default: a table for people, and the same JSON with one thread or two", async () => {
    const table = await simulate(...SMALL);
    expect(table.code).to.equal(0);
    expect(table.output).to.match(/^6 paths +mean \(95 %\) +median +1 in 100 \(95 %\) +mean beyond +worst$/m);
    expect(table.output).to.match(/Paths with bad debt: 0\.00 % \(0\.00 % to 39\.\d\d %\)/);
    const json = (workers: string) => simulate(...SMALL, "--process", "kou", "--workers", workers, "--json", "--each");
    const [one, two] = [await json("1"), await json("2")];
    const at = (output: string): string => output.slice(output.indexOf("{"));
    expect(at(one.output)).to.equal(at(two.output));
    const { scenario, figures, each, throughTime, paths } = JSON.parse(at(one.output));
    expect([paths, each.length, throughTime.length, scenario.steps]).to.deep.equal([6, 6, 4, 4]);
    expect(figures.keeperIncome.mean).to.have.keys("value", "low", "high");
  });

  it("behavior: bars of a file are replayed, from a date or from hours that are drawn", async () => {
    const path = join(folder, "ETH-USD-1h.csv");
    const start = Date.UTC(2020, 1, 1) / 1000;
    const rows = Array.from({ length: 740 }, (_, i) => `${start + i * HOUR},200,${i === 735 ? 202 : 201},${i === 735 ? 150 : 199},200,5\n`);
    writeFileSync(path, `ts_utc,open,high,low,close,volume\n${rows.join("")}`);
    const from = new Date((start + 734 * HOUR) * 1000).toISOString().slice(0, 16);
    const { code, output } = await simulate(...SMALL, "--paths", "1", "--prices", path, "--from", from, "--json");
    expect(code).to.equal(0);
    const { figures, data } = JSON.parse(output.slice(output.indexOf("{")));
    expect(figures.lowestPrice.least).to.be.lessThan(0.76);
    expect(data).to.be.an("object");
    const drawn = await simulate(...SMALL, "--paths", "2", "--prices", path, "--json");
    expect(drawn.code).to.equal(0);
    const late = await simulate(...SMALL, "--prices", path, "--from", "2020-02-10");
    expect(late.code).to.equal(2);
    expect(late.errors).to.match(/the bars do not hold the 720 hours before --from/);
  });

  it("behavior: a run that was cut off goes on where it was, and ends with the same bytes", async () => {
    const kept = join(folder, "paths.jsonl");
    const whole = await simulate(...SMALL, "--json", "--each");
    const first = await simulate(...SMALL, "--paths", "4", "--keep", kept);
    expect(first.code).to.equal(0);
    // as if it had been killed in the middle of a line
    const text = readFileSync(kept, "utf8");
    writeFileSync(kept, text.slice(0, -200));
    const without = await simulate(...SMALL, "--keep", kept);
    expect([without.code, without.errors]).to.deep.equal([
      2,
      `error: --keep: ${kept} is there already (give --resume to go on with it, or name another file)\n`,
    ]);
    const other = await simulate(...SMALL, "--keep", kept, "--resume", "--seed", "2");
    expect(other.code).to.equal(2);
    expect(other.errors).to.match(/holds results of another run: its configuration is [0-9a-f]{64}/);
    const resumed = await simulate(...SMALL, "--keep", kept, "--resume", "--json", "--each");
    expect(resumed.output).to.equal(whole.output);
    const lines = readFileSync(kept, "utf8").trim().split("\n").slice(1);
    expect(lines.map((line) => JSON.parse(line).path).sort()).to.deep.equal([0, 1, 2, 3, 4, 5]);
    // what is there is not played again: a path with another figure keeps it
    writeFileSync(kept, readFileSync(kept, "utf8").replace(/("path":2,.*?"keeperIncome":)[^,]+/, "$1123456"));
    const planted = await simulate(...SMALL, "--keep", kept, "--resume", "--json", "--each");
    expect(JSON.parse(planted.output).each[2].keeperIncome).to.equal(123456);
  });

  it("behavior: the report has every distribution and ratio, asks the network for nothing, and has its numbers beside it", async () => {
    const out = join(folder, "report");
    const { code, output } = await simulate(...SMALL, "--report", out);
    expect(code).to.equal(0);
    expect(output).to.include(`Report: ${join(out, "simulation.html")}`);
    const page = readFileSync(join(out, "simulation.html"), "utf8");
    for (const id of ["distributions", "exceedance", "ratios"]) expect(page).to.include(`<svg id="${id}"`);
    for (const title of [
      "Bad debt",
      "Draw-down of the fund",
      "Liquidated",
      "Keepers&#39; income",
      "Net stable funding",
      "Liquidity coverage",
    ])
      expect(page).to.include(title);
    expect(page).to.not.match(/https?:|@import|url\((?!#)|NaN|undefined/);
    const { figures, throughTime } = JSON.parse(readFileSync(join(out, "simulation.json"), "utf8"));
    expect([figures.badDebt.aboveZero.value, throughTime.length]).to.deep.equal([0, 4]);
    const rows = (name: string): string[] =>
      readFileSync(join(out, `simulation-${name}.csv`), "utf8")
        .trim()
        .split("\n");
    expect(rows("paths")).to.have.length(7);
    expect(rows("time")[0]).to.match(/^seconds,price\.value,price\.low,price\.high/);
    expect(rows("figures")[0]).to.match(/^name,mean\.value,mean\.low,mean\.high/);
    await simulate(...SMALL, "--report", out, "--workers", "1");
    expect(readFileSync(join(out, "simulation.html"), "utf8")).to.equal(page);
  });

  for (const [what, args, expected] of [
    [
      "several mistakes at once, with ranges and units",
      ["--sigma", "9", "--crowd", "x"],
      /--sigma: must be from 0\.01 to 5 a year.*--crowd: "x" is not a number/,
    ],
    ["what cannot be together", ["--alpha", "0.3", "--beta", "0.8"], /--alpha and --beta: together below 1/],
    ["an underlying that is not there", ["--underlyings", "ETH,DOGE"], /"DOGE" is none of ETH, BTC/],
    ["a fund that carries too little", [...SMALL, "--stake", "0.02"], /give --stake 0\.\d+ at least/],
    ["a run to go on with that is not named", ["--resume"], /--resume needs --keep/],
    ["a file that is not there", ["--prices", "/nowhere.csv"], /nowhere\.csv/],
  ] as const) {
    it(`args: ${what}: one line, exit code 2`, async () => {
      const { code, errors } = await simulate(...args);
      expect(code).to.equal(2);
      expect(errors).to.match(expected);
      expect(
        errors
          .trim()
          .split("\n")
          .filter((line) => line.startsWith("error:")),
      ).to.have.length(1);
    });
  }
});
