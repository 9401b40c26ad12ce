import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { DAY } from "../../src/data/bar.ts";
import { type Answer, plimsollHere } from "../helpers/plimsoll.ts";
import { generatedBars, START } from "./series.ts";

const day = (number: number): string => new Date((START + number * DAY) * 1000).toISOString().slice(0, 10);

describe("plimsoll backtest", function () {
  this.timeout(120_000);
  let folder = "";
  const DAYS = 260;
  const place = (name: string): string => join(folder, name);
  const run = (name: string, ...args: string[]): Promise<Answer> => plimsollHere(["backtest", place(name), ...args]);
  const FAST = ["--models", "ewma,log-har", "--quantile", "0.98"];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plimsoll-backtest-"));
    const decimal = (price: bigint): string =>
      `${price / 10n ** 18n}.${String(price % 10n ** 18n)
        .padStart(18, "0")
        .slice(0, 6)}`;
    const rows = generatedBars(DAYS * 24, 4).map(
      ({ time, open, high, low, close }) => `${[time, ...[open, high, low, close].map(decimal)].join(",")},5\n`,
    );
    const write = (name: string, lines: readonly string[]): void =>
      writeFileSync(place(name), `ts_utc,open,high,low,close,volume\n${lines.join("")}`);
    write("ETH-USD-1h.csv", rows);
    write("holed.csv", [...rows.slice(0, 200), ...rows.slice(217, 4_000), ...rows.slice(4_001)]);
    write(
      "daily.csv",
      rows.filter((_, i) => i % 24 === 0),
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  it("default: what the files are, exceedances by side, margin through time, QLIKE", async () => {
    const { code, out } = await run("ETH-USD-1h.csv", ...FAST);
    expect(code).to.equal(0);
    expect(out).to.match(/^ETH-USD-1h\.csv: the project's own \(own\); hourly bars/);
    expect(out).to.contain(
      `ETH from ${day(120)} to ${day(DAYS)}: ranges that 98.00 % of windows of 4 h stay within on each side, fitted anew every 30 days`,
    );
    expect(out).to.match(/^840 windows that do not overlap; bounded/m);
    expect(out).to.match(/^beyond the range +windows +expected +part +Kupiec p +independence p +both p +light$/m);
    for (const row of ["on-chain target: longs", "on-chain held: shorts", "ewma: longs", "log-har, bounded: shorts"]) {
      expect(out).to.match(
        new RegExp(`^${row} +\\d+ +16\\.8 +\\d\\.\\d\\d % +[01]\\.\\d{4} +[01]\\.\\d{4} +[01]\\.\\d{4} +(green|yellow|red)$`, "m"),
      );
    }
    expect(out).to.match(/^range +mean +least +most +mean leverage +peak to trough +largest daily step$/m);
    expect(out).to.match(/^log-har +0\.\d{3} +\d\.\d\d +5 +0 +constant /m);
    expect(out).to.match(/^24 +\d\.\d\d +\d\.\d\d$/m);
  });

  it("default: --json has every figure, and says what was read", async () => {
    const args = [...FAST, "--from", day(200), "--to", day(219), "--horizon", "6", "--refit", "10", "--json"];
    const { code, out } = await run("ETH-USD-1h.csv", ...args);
    expect(code).to.equal(0);
    const { models, excursions, data, underlying, horizon, scored, part, from, to } = JSON.parse(out);
    expect([underlying, horizon, part, from, to]).to.deep.equal(["ETH", 6, 0.98, START + 200 * DAY, START + 220 * DAY]);
    expect(scored).to.equal(19 * 24 + 1);
    expect(data).to.include({ expected: DAYS * 24, present: DAYS * 24, missing: 0 });
    const har = models.find((each: { name: string }) => each.name === "log-har");
    expect(har).to.include({ fits: 2 });
    expect(har.range.long).to.include({ windows: 80 });
    expect(har.range.procyclicality).to.have.keys("mean", "least", "most", "leverage", "peakToTrough", "largestDailyStep");
    expect(har.bounded.short.conditional).to.have.keys("statistic", "probability");
    expect(excursions.map((each: { horizon: number }) => each.horizon)).to.deep.equal([1, 4, 8, 24]);
  });

  it("behavior: holes are refused, also those before --from, and bridged when asked", async () => {
    const refused = await run("holed.csv", ...FAST, "--from", day(200));
    expect([refused.code, refused.out]).to.deep.equal([2, ""]);
    expect(refused.err).to.match(
      /^error: holed\.csv: 18 hours are missing in 2 holes, the longest of them 17 hours from 2017-01-10 08:00 to 2017-01-11 01:00 \(--allow-gaps goes on\); plimsoll data check lists them\n$/,
    );
    const { code, out } = await run("holed.csv", ...FAST, "--allow-gaps");
    expect(code).to.equal(0);
    expect(out).to.match(/^Holes +2, the longest 17 hours$/m);
    expect(out).to.match(/^\d+ windows that do not overlap, [12] left out for missing hours/m);
  });

  it("args: what is wrong is said in one line with its unit, and ends with 2", async () => {
    const cases: readonly (readonly [args: readonly string[], said: RegExp])[] = [
      [["--horizon", "0"], /--horizon: must be from 1 to 168 hours/],
      [["--horizon", "4.5"], /--horizon: "4.5" is not a whole number/],
      [["--refit", "1000"], /--refit: must be from 1 to 365 days/],
      [["--quantile", "99.5"], /--quantile: must be from 0.9 to 0.9999 of the windows on each side/],
      [["--models", "ewma,egarch"], /--models: "egarch" is none of constant, ewma, garch, gjr, log-har/],
      [["--underlying", "XYZ"], /--underlying: "XYZ" is none of ETH, BTC/],
      [["--from", "yesterday"], /--from: "yesterday" is not a date/],
      [
        [...FAST, "--from", day(100)],
        /--from: 120 days come before the first forecast of these models, and the prices begin on 2017-01-02/,
      ],
      [["--from", day(200)], /--from: 425 days come before the first forecast of these models/],
      [[...FAST, "--from", day(200), "--to", day(300)], /ends at .*, before /],
      [[...FAST, "--from", `${day(200)}T10:30`], /whole hours/],
      [[...FAST, "--from", day(200), "--to", day(199)], /--to: at least 24 hours after --from/],
    ];
    for (const [args, said] of cases) {
      const { code, err, out } = await run("ETH-USD-1h.csv", ...args);
      expect([code, out], args.join(" ")).to.deep.equal([2, ""]);
      expect(err.trim().split("\n")).to.have.length(1);
      expect(err).to.match(said);
    }
    const daily = await run("daily.csv", ...FAST);
    expect([daily.code, daily.err]).to.deep.equal([2, "error: daily.csv has daily bars, but hourly ones are wanted: give finer bars\n"]);
  });

  it("default: forecast says the range after the last hour, the same as a back-test that would begin there", async () => {
    const args = ["--models", "garch,log-har", "--quantile", "0.98"];
    const table = await plimsollHere(["forecast", place("ETH-USD-1h.csv"), ...args]);
    expect(table.code).to.equal(0);
    expect(table.out).to.contain(`ETH at ${day(DAYS)}, `);
    expect(table.out).to.match(/^ +range +bounded +σ a year +multiple$/m);
    expect(table.out).to.match(/^on-chain target +\d+\.\d\d % +\d+\.\d\d %$/m);
    expect(table.out).to.match(/^log-har +\d+\.\d\d % +\d+\.\d\d % +\d+\.\d\d % +\d\.\d\d$/m);
    const json = await plimsollHere(["forecast", place("ETH-USD-1h.csv"), ...args, "--to", day(199), "--json"]);
    const { time, onChain, models, failures, underlying } = JSON.parse(json.out);
    expect([time, underlying, failures]).to.deep.equal([START + 200 * DAY, "ETH", []]);
    // what a back-test learns at its first fit is what is said here
    const tested = await run("ETH-USD-1h.csv", ...args, "--from", day(200), "--to", day(205), "--json");
    const { models: rows } = JSON.parse(tested.out);
    for (const { name, parameters, multiple, range, bounded } of models) {
      const row = rows.find((each: { name: string }) => each.name === name);
      expect({ parameters, multiple }).to.deep.equal({ parameters: row.parameters, multiple: row.multiple });
      expect(bounded).to.be.within(onChain.target, Math.max(onChain.target, range));
    }
  });

  it("args: forecast refuses holes and too few prices", async () => {
    const short = await plimsollHere(["forecast", place("ETH-USD-1h.csv"), "--to", day(100), "--models", "ewma"]);
    expect([short.code, short.out]).to.deep.equal([2, ""]);
    expect(short.err).to.match(/^error: --to: 120 days of prices come before a forecast of these models, and they begin on 2017-01-02\n$/);
    const holed = await plimsollHere(["forecast", place("holed.csv"), "--models", "ewma"]);
    expect(holed.code).to.equal(2);
    expect(holed.err).to.match(/18 hours are missing in 2 holes/);
  });
});
