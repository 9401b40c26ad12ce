import { expect } from "chai";
import { compact, percent } from "../../src/report/format.ts";
import { renderReport } from "../../src/report/html.ts";
import {
  HEALTH_BANDS,
  healthBand,
  type OptionsRecord,
  type ProfileMoment,
  type RunPoint,
  type RunRecord,
} from "../../src/report/runRecord.ts";
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
  equityOptions: 15,
  equityMakers: 30,
  equityQuantiles: [0, 0.5, 1, 1.5, 2],
});

const moment = (time: number): ProfileMoment => ({
  time,
  price: 180,
  range: 0.1,
  profits: Array.from({ length: 17 }, (_, k) => (k === 0 ? 0 : 50 - 10 * k)),
  decides: 16,
  equity: 200,
  initialMargin: 120,
  maintenanceMargin: 96,
});

const START = 1_583_884_800;
const options: OptionsRecord = {
  series: [
    { name: "ETH-20200312", opening: START + 30 * 3600 - 1800, expiry: START + 30 * 3600, settlement: 171.5 },
    { name: "ETH-20200326", opening: START + 1_300_000, expiry: START + 1_301_800 },
  ],
  outcomes: [
    { strategy: "straddle", deposited: 100, equity: 250, slices: 0, soldWhole: false },
    { strategy: "short strangle", deposited: 100, equity: 1, slices: 2, soldWhole: true },
  ],
  profiles: [
    { strategy: "straddle", position: "+1 20200312-180-C", opened: moment(START), worst: { ...moment(START + 3600), decides: undefined } },
  ],
};

const run = (changes: Partial<RunRecord> = {}): RunRecord => ({
  title: "A crash, replayed",
  source: "built-in path",
  underlying: "ETH",
  settlement: "USDC",
  setUp: [["seed", "1"]],
  findings: [{ name: "Wrongly liquidated", value: "0", good: true }],
  points: Array.from({ length: 48 }, (_, i) => point(START + i * 3600)),
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

  it("behavior: options add their volatility, series, strategies and scenario profiles", () => {
    const points = Array.from({ length: 48 }, (_, i) => ({
      ...point(START + i * 3600),
      impliedVolatility: 0.6 + i / 48,
      hedged: { options: 100 - i, hedge: -90 },
    }));
    const page = renderReport(run({ points, options }));
    for (const id of ["volatility", "strategies", "hedges"]) expect(page).to.include(`<svg id="${id}"`);
    expect(page).to.include('id="profiles"');
    expect(page).to.include("ETH-20200312 settles at 172");
    expect(page).to.include("ETH-20200326 expires on 2020-03-26");
    expect(page).to.include("1 opened, 1 liquidated");
    expect(page.match(/scenario 16 decides/g)).to.have.length(1);
    expect(page.match(/short-option minimum decides/g)).to.have.length(1);
    // the scenario that decides is marked once, beside both extremes at two moments
    expect(page.match(/class="ring red"/g)).to.have.length(2);
    expect(page.match(/<circle class="ring ink"/g)).to.have.length(4);
    expect(page).to.not.match(/NaN|undefined/);
    expect(renderReport(run())).to.not.match(/id="(?:volatility|strategies|profiles|hedges)"/);
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
