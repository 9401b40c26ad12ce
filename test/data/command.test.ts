import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { HOUR } from "../../src/data/bar.ts";
import { type Answer, plimsollHere } from "../helpers/plimsoll.ts";

const plimsoll = (...args: string[]): Promise<Answer> => plimsollHere(args);

describe("plimsoll data check, and demo with files", function () {
  this.timeout(600_000);
  let folder = "";
  const place = (name: string): string => join(folder, name);
  const start = Date.UTC(2020, 1, 15) / 1000;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plimsoll-command-"));
    const rows = Array.from({ length: 50 * 24 }, (_, i) => `${start + i * HOUR},200,201,199,200,5\n`);
    const write = (name: string, lines: readonly string[], header = "ts_utc,open,high,low,close,volume\n"): void =>
      writeFileSync(place(name), header + lines.join(""));
    const hole = 39 * 24;
    write("good.csv", rows);
    write("holed.csv", [...rows.slice(0, hole), ...rows.slice(hole + 17)]);
    write(
      "scaled.csv",
      rows.map((row) => row.replace(",200,201,199,200,", ",0.002,0.00201,0.00199,0.002,")),
    );
    write(
      "daily.csv",
      rows.filter((_, i) => i % 24 === 0),
    );
    write("tick.csv", rows.with(hole, `${start + hole * HOUR},200,2010,199,200,5\n`));
    write(
      "iv.csv",
      rows.map((row) => row.replace(",200,201,199,200,5", ",0.6,0.61,0.59,0.6")),
      "ts_utc,open,high,low,close\n",
    );
    write(
      "same.csv",
      rows.map((row) => row.replace(",5\n", "\n")),
      "ts_utc,open,high,low,close\n",
    );
    writeFileSync(place("binary.csv"), Buffer.from([27, 91, 50, 74, 0, 1, 2, 255]));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("default: data check says what a file is, and exits 0 where it can be used", async () => {
    const { code, out, err } = await plimsoll("data", "check", place("good.csv"));
    expect([code, err]).to.deep.equal([0, ""]);
    expect(out).to.equal(
      [
        "good.csv: the project's own (own); hourly bars; unix time in seconds; UTC",
        "From        2020-02-15",
        "To          2020-04-05",
        "Expected    1,200 hours",
        "Present     1,200, 0 missing",
        "Holes       0",
        "Duplicates  0",
        "",
      ].join("\n"),
    );
  });

  it("default: --json prints the report, also of what is refused", async () => {
    const { code, out, err } = await plimsoll("data", "check", place("holed.csv"), "--json");
    const report = JSON.parse(out) as { refused: string };
    expect(report).to.include({
      expected: 1_200,
      present: 1_183,
      missing: 17,
      duplicates: 0,
      longestHole: 17 * HOUR,
      kind: "price",
      bars: 1_183,
    });
    expect(report.refused).to.equal("holed.csv: 17 hours from 2020-03-25 to 2020-03-25 17:00 are missing (--allow-gaps goes on)");
    expect([code, err]).to.deep.equal([2, `error: ${report.refused}\n`]);
    const good = await plimsoll("data", "check", place("good.csv"), "--json");
    expect(JSON.parse(good.out)).to.include({ refused: null, missing: 0 });
  });

  it("behavior: what was asked for goes on", async () => {
    for (const args of [
      [place("holed.csv"), "--allow-gaps"],
      [place("holed.csv"), "--from", "2020-03-01", "--to", "2020-03-02"],
      [place("tick.csv"), "--allow-jumps"],
      [place("daily.csv"), "--step", "1d"],
      [place("good.csv"), place("holed.csv")],
      [place("iv.csv"), "--kind", "volatility"],
      [place("good.csv"), "--format", "own", "--stamp", "open"],
    ]) {
      const { code, err } = await plimsoll("data", "check", ...args);
      expect([code, err], args.join(" ")).to.deep.equal([0, ""]);
    }
    expect((await plimsoll("data", "check", place("iv.csv"), "--kind", "volatility")).out).to.match(
      /volatilities as fractions: 0\.6 is read as 60 %$/m,
    );
  });

  it("args: every mistake is answered in one line with exit code 2", async () => {
    const window = ["--from", "2020-03-20", "--to", "2020-03-30"];
    const demo = (name: string, ...more: string[]): string[] => [
      "demo",
      "--prices",
      place(name),
      ...(more.includes("--from") ? [] : window),
      ...more,
    ];
    const wrong: [args: string[], message: RegExp][] = [
      [["data", "check"], /missing required argument 'files'/],
      [["data", "check", place("good.csv"), "--format", "x"], /--format x: there are own, cryptodatadownload, /],
      [["data", "check", place("good.csv"), "--step", "7m"], /--step: "7m" is none of 1m, 5m/],
      [["data", "check", place("good.csv"), "--stamp", "middle"], /--stamp: "middle" is neither open nor close/],
      [["data", "check", place("good.csv"), "--kind", "x"], /--kind: "x" is neither price nor volatility/],
      [["data", "check", place("good.csv"), "--to", "2020-05-01"], /good\.csv ends at 2020-04-05, before 2020-05-02/],
      [["data", "check", place("daily.csv")], /daily\.csv has daily bars, but hourly ones are wanted/],
      [["data", "check", place("tick.csv")], /tick\.csv, line 938: high 2010 is 10\.1 times above open and close, 200: a bad tick/],
      [["data", "check", place("binary.csv")], /binary\.csv is a binary file, not text: give CSV or JSON/],
      [["data", "check", place("good.csv"), "--kind", "volatility"], /good\.csv has volumes: it holds prices, not volatilities/],
      [demo("good.csv", "--from", "2020-03-20", "--to", "2020-04-30"), /the prices end at 2020-04-05, before --to \(2020-05-01\)/],
      [demo("holed.csv"), /holed\.csv: 17 hours from 2020-03-25 to 2020-03-25 17:00 are missing \(--allow-gaps goes on\)/],
      // the window would end where the hole begins
      [
        demo("holed.csv", "--from", "2020-03-20", "--to", "2020-03-25T10:00"),
        /holed\.csv: 10 hours from 2020-03-25 to 2020-03-25 10:00 are missing/,
      ],
      [demo("tick.csv"), /tick\.csv, line 938: high 2010 is 10\.1 times above/],
      [demo("daily.csv"), /daily\.csv has daily bars/],
      [
        demo("scaled.csv"),
        /prices of 0\.002 are not of the scale of ETH, from 20 to 10000: is it another underlying \(--underlying\), or another unit\?/,
      ],
      [demo("good.csv", "--volatilities", place("same.csv")), /same\.csv holds the prices that are played, not volatilities/],
      [demo("good.csv", "--volatilities", place("good.csv")), /good\.csv has volumes/],
      [["demo", "--allow-gaps"], /--allow-gaps needs --prices/],
      [["demo", "--timezone", "+03:00"], /--timezone needs --prices/],
    ];
    for (const [args, message] of wrong) {
      const { code, out, err } = await plimsoll(...args);
      expect(err, args.join(" ")).to.match(message);
      expect(err.split("\n").length, err).to.equal(2);
      // no control character of a file reaches a terminal
      expect(err, args.join(" ")).to.match(/^[\x20-\x7e…\n]*$/);
      expect(code, args.join(" ")).to.equal(2);
      if (!args.includes("check")) expect(out).to.equal("");
    }
  });

  it("default: the demo says how its files were read, and what is in them", async () => {
    const report = place("report.html");
    const args = ["--prices", place("holed.csv"), "--from", "2020-03-24T22:00", "--to", "2020-03-25T19:00", "--allow-gaps"];
    const { out } = await plimsoll(
      "demo",
      ...args,
      "--volatilities",
      place("iv.csv"),
      "--accounts",
      "10",
      "--option-traders",
      "0",
      "--steps",
      "1",
      "--report",
      report,
      "--json",
    );
    const { data } = JSON.parse(out) as {
      data: { played: unknown; prices: { missing: number }; volatilities: { unit: string } };
    };
    expect(data.prices.missing).to.equal(17);
    expect(data.played).to.deep.equal({ expected: 21, present: 4 });
    expect(readFileSync(report, "utf8")).to.match(/In what is played<\/th><td>17 hours from 2020-03-25 to 2020-03-25 17:00 are missing/);
    expect(data.volatilities.unit).to.equal("fraction");
    expect(readFileSync(report, "utf8")).to.match(/Price files<\/th><td>holed\.csv: the project(&#39;|')s own \(own\); hourly bars/);
  });
});
