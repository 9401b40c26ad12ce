import { expect } from "chai";
import { describe, it } from "mocha";
import { run } from "../../scripts/lib/run.ts";

const study = (...args: readonly string[]) => run(process.execPath, ["scripts/study-precision.ts", ...args]);

/** Without the lines that say how far it is. */
const answerOf = (output: string): string => output.replace(/^ *\d+ s {2}.*\n/gm, "");

describe("npm run study:precision", function () {
  this.timeout(120_000);

  it("default: a quick run finds the bound sound in ten classes, the same for the same seed", async () => {
    const first = await study("--quick", "--json", "--seed", "5");
    expect(first.code).to.equal(0);
    const said = JSON.parse(answerOf(first.output)) as {
      readonly seed: number;
      readonly instruments: number;
      readonly classes: readonly { readonly class: string; readonly violations: number; readonly mean: number; readonly p99: number }[];
      readonly worst: readonly unknown[];
    };
    expect(said.seed).to.equal(5);
    expect(said.instruments).to.be.at.least(1_000);
    expect(said.classes).to.have.length(10);
    expect(said.worst).to.have.length(10);
    for (const { class: kind, violations, mean, p99 } of said.classes) {
      expect(violations, kind).to.equal(0);
      expect(mean > 0 && p99 >= mean, kind).to.equal(true);
    }
    expect(answerOf((await study("--quick", "--json", "--seed", "5")).output)).to.equal(answerOf(first.output));
  });

  it("default: a table for people, and how far it is meanwhile", async () => {
    const { code, output } = await study("--quick");
    expect(code).to.equal(0);
    expect(output).to.match(/^class +portfolios +evaluations +margin +fresh +mean +p99 +least +liquidation +unsound$/m);
    expect(output).to.match(/^covered call +24 /m);
    expect(output).to.match(/\d s {2}butterfly/);
  });

  for (const [what, args] of [
    ["a seed that is no number", ["--seed", "one"]],
    ["a seed that is missing", ["--seed"]],
    ["an option that does not exist", ["--fast"]],
    ["a word too many", ["calendar"]],
  ] as const) {
    it(`args: ${what} is one line and code 2`, async () => {
      const { code, output } = await study(...args);
      expect(code).to.equal(2);
      expect(output.trimEnd().split("\n")).to.have.length(1);
      expect(output).to.contain("study:precision -- [--seed N]");
    });
  }
});
