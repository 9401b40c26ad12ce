import { expect } from "chai";
import { compact, percent } from "../../src/report/format.ts";
import { renderReport } from "../../src/report/html.ts";
import { HEALTH_BANDS, healthBand, type RunPoint, type RunRecord } from "../../src/report/runRecord.ts";
import { linear, niceDomain, ticks } from "../../src/report/svg.ts";

const point = (time: number): RunPoint => ({
  time,
  price: 200 - time / 3600,
  scanRange: 0.1,
  health: HEALTH_BANDS.map(() => 1),
  slices: 1,
  wholeSales: 2,
  liquidatedAccounts: 3,
  fundMain: 1000,
  fundAccount: -20,
  fundInventory: 500,
  equityLong: 10,
  equityShort: 20,
  equityMakers: 30,
  equityQuantiles: [0, 0.5, 1, 1.5, 2],
});

const run = (changes: Partial<RunRecord> = {}): RunRecord => ({
  title: "A crash, replayed",
  source: "built-in path",
  underlying: "ETH",
  settlement: "USDC",
  setUp: [["seed", "1"]],
  findings: [{ name: "Wrongly liquidated", value: "0", good: true }],
  points: Array.from({ length: 48 }, (_, i) => point(1_583_884_800 + i * 3600)),
  accounts: [
    { side: "long", leverage: 3, collateral: "USDC", deposited: 100, equity: 20, slices: 1, soldWhole: false },
    { side: "short", leverage: 5, collateral: "WETH", deposited: 100, equity: 0, slices: 2, soldWhole: true },
  ],
  ...changes,
});

describe("report", () => {
  it("behavior: asks the network for nothing", () => {
    const page = renderReport(run());
    expect(page).to.not.match(/\b(?:src|href)=/);
    expect(page).to.not.match(/https?:|@import|url\(|fetch\(/);
  });

  it("behavior: has every plot", () => {
    const page = renderReport(run());
    for (const id of ["price", "range", "health", "sales", "cumulative", "fund", "inventory", "equity", "fan", "outcome"]) {
      expect(page).to.include(`<svg id="${id}"`);
    }
    expect(page).to.not.include("NaN");
    expect(page).to.not.include("undefined");
  });

  it("behavior: shows text as text", () => {
    const page = renderReport(run({ title: "<script>alert(1)</script>", source: "a & b" }));
    expect(page).to.not.include("<script>alert");
    expect(page).to.include("a &#38; b");
  });

  it("behavior: marks a broken finding", () => {
    const page = renderReport(run({ findings: [{ name: "Vault minus claims", value: "1", good: false }] }));
    expect(page).to.include("✗ broken");
    expect(page).to.not.include("✓ holds");
  });

  it("args: a run without points or accounts still renders", () => {
    expect(renderReport(run({ points: [], accounts: [] }))).to.not.include("NaN");
  });

  it("default: health bands", () => {
    expect([undefined, -1, 0.99, 1, 1.3, 4.9, 5].map((health) => HEALTH_BANDS[healthBand(health)])).to.deep.equal([
      "no position",
      "below 1",
      "below 1",
      "1 – 1.25",
      "1.25 – 1.5",
      "3 – 5",
      "above 5",
    ]);
  });

  it("default: numbers are short, axes round", () => {
    expect([0, 0.126, 1234, -5_600_000, 999_999].map(compact)).to.deep.equal(["0", "0.13", "1.23 k", "−5.60 M", "1 M"]);
    expect(percent(-0.123)).to.equal("−12.3 %");
    expect(niceDomain([3, 97])).to.deep.equal([0, 100]);
    expect(ticks([0, 100], 4)).to.deep.equal([0, 20, 40, 60, 80, 100]);
    expect(linear([0, 10], [100, 0])(5)).to.equal(50);
  });
});
