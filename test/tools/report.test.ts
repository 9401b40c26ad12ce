import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { expect } from "chai";
import papaparse from "papaparse";
import { writeReport } from "../../src/report/files.ts";
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
import { timelineOf } from "../../src/report/timeline.ts";

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
  step: 3_600,
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
    expect(page).to.not.match(/https?:|@import|url\((?!#)|fetch\(/);
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
    expect(page.match(/<title>scenario 16: /g)).to.have.length(3);
    expect(page.match(/<title>scenario 15: /g)).to.have.length(2);
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

  it("behavior: the same run gives the same bytes, whatever was drawn before", () => {
    const whole = run({ options });
    const first = renderReport(whole);
    renderReport(run({ points: [] }));
    expect(renderReport(whole)).to.equal(first);
    // each picture names its parts after itself
    const names = [...first.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(names).size).to.equal(names.length);
  });

  it("behavior: an outage is a gap, and is told", () => {
    const linesOf = (page: string): number =>
      /<svg id="price".*?<\/svg>/s.exec(page)?.[0].match(/fill="none"[^>]*stroke="var\(--accent\)"/g)?.length ?? 0;
    const breaks = (page: string): number =>
      /<path d="([^"]*)" fill="none"[^>]*stroke="var\(--accent\)"/s.exec(page)?.[1]?.match(/M/g)?.length ?? 0;
    const all = run();
    expect(linesOf(renderReport(all))).to.equal(1);
    expect(breaks(renderReport(all))).to.equal(1);
    const holed = run({ points: all.points.filter((_, i) => i < 10 || i > 20) });
    const page = renderReport(holed);
    expect(breaks(page)).to.equal(2);
    expect(page).to.include("nothing was posted from 2020-03-11 09:00 to 03-11 21:00");
    // the time axis is that of the clock: what comes after the outage stays where it was
    const last = (text: string): string | undefined =>
      /<path d="[^"]*L(\d+)[. ][^"L]*" fill="none"[^>]*stroke="var\(--accent\)"/s.exec(text)?.[1];
    expect(last(page)).to.equal(last(renderReport(all)));
  });

  it("behavior: points out of order, doubled, or with what is no number are refused", () => {
    const [a, b, c] = [point(START), point(START + 3_600), point(START + 7_200)];
    expect(() => renderReport(run({ points: [a, c, b] }))).to.throw(RangeError, "moment 2 at 1583888400 comes after one at 1583892000");
    expect(() => renderReport(run({ points: [a, b, b] }))).to.throw(RangeError, "moments 1 and 2 are both at 1583888400");
    expect(() => renderReport(run({ points: [a, { ...b, scanRange: Number.NaN }] }))).to.throw(RangeError, "the value of moment 1 is NaN");
    expect(() => timelineOf([0, Number.NaN], 1)).to.throw(RangeError, "moment 1 is at NaN");
    expect(() => timelineOf([0, 1], 1).rows([1])).to.throw(RangeError, "1 values at 2 moments");
    expect(timelineOf([0, 2, 8], 2).rows([1, undefined, 3])).to.deep.equal([
      [0, 1],
      [2_000, null],
      [5_000, null],
      [8_000, 3],
    ]);
  });

  it("behavior: numbers stand beside the page, as JSON and CSV", () => {
    const folder = mkdtempSync(join(tmpdir(), "report-"));
    try {
      const made = run();
      const written = writeReport(join(folder, "deeper", "run.html"), {
        page: renderReport(made),
        numbers: made,
        tables: { "": made.points, accounts: made.accounts },
      });
      expect(written.map((path) => basename(path))).to.deep.equal(["run.html", "run.json", "run.csv", "run-accounts.csv"]);
      expect(JSON.parse(readFileSync(written[1]!, "utf8"))).to.deep.equal(made);
      const { data, errors } = papaparse.parse<Record<string, string>>(readFileSync(written[2]!, "utf8"), {
        header: true,
        skipEmptyLines: true,
      });
      expect(errors).to.deep.equal([]);
      expect(data).to.have.length(48);
      expect(data[1]).to.include({ time: String(START + 3_600), "health.7": "1", "equityQuantiles.4": "2", fundAccount: "-20" });
    } finally {
      rmSync(folder, { recursive: true });
    }
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

  it("default: numbers are short", () => {
    expect([0, 0.126, 1234, -5_600_000, 999_999].map(compact)).to.deep.equal(["0", "0.13", "1.23 k", "−5.60 M", "1 M"]);
    expect(percent(-0.123)).to.equal("−12.3 %");
  });
});
