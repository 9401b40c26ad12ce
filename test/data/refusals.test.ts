import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { HOUR } from "../../src/data/bar.ts";
import { type ReadOptions, readSeries, refusal } from "../../src/data/readSeries.ts";
import { BadInput } from "../../src/sdk/failure.ts";
import { zipOf } from "../helpers/priceFiles.ts";

const START = 1_583_971_200;
const HEADER = "ts_utc,open,high,low,close,volume";

/** Rows of hourly bars, each of which opens where the last one closed; `change` alters the cells of one. */
function rows(count: number, change: (cells: string[], i: number) => string[] | undefined = (cells) => cells): string[] {
  return Array.from({ length: count }, (_, i) => {
    const [open, close] = [200 + ((i * 7) % 11), 200 + (((i + 1) * 7) % 11)];
    const cells = [START + i * HOUR, open, Math.max(open, close) + 1, Math.min(open, close) - 1, close, 5].map(String);
    return change(cells, i)?.join(",");
  }).filter((row) => row !== undefined);
}
const file = (lines: readonly string[], header = HEADER): string => `${header}\n${lines.join("\n")}\n`;
const at = (place: number, change: (cells: string[]) => string[]) => rows(40, (cells, i) => (i === place ? change(cells) : cells));
const cell = (place: number, column: number, text: string) => file(at(place, (cells) => cells.with(column, text)));

type Case = [what: string, name: string, content: string | Buffer, message: RegExp, options?: ReadOptions];

const CASES: Case[] = [
  // what can be no bar
  ["a price that is no number", "a.csv", cell(5, 2, "oops"), /^a\.csv, line 7: high "oops" is not a decimal number$/],
  ["a price that is partly one", "a.csv", cell(5, 2, "208.1.2"), /line 7: high "208\.1\.2" is not a decimal number$/],
  ["a negative price", "a.csv", cell(5, 3, "-1"), /line 7: low "-1" is not a decimal number$/],
  ["a price of zero", "a.csv", cell(5, 3, "0.000"), /line 7: low is zero$/],
  ["a price beyond anything", "a.csv", cell(5, 2, "1e40"), /line 7: high 1e40 has more than 15 digits/],
  ["one price of four missing", "a.csv", cell(5, 4, "NaN"), /line 7: close "NaN" is not a decimal number$/],
  ["a high below the close", "a.csv", cell(5, 2, "100"), /line 7: high 100 is below another price of the bar$/],
  ["a low above the open", "a.csv", cell(5, 3, "300"), /line 7: (low 300 is above|high \d+ is below) another price of the bar$/],
  ["a missing column", "a.csv", file(at(5, (cells) => cells.slice(0, 5))), /line 7: 6 columns expected, 5 found$/],
  ["a column too many", "a.csv", file(at(5, (cells) => [...cells, "x"])), /line 7: 6 columns expected, 7 found$/],
  ["a control character in a cell", "a.csv", cell(39, 2, "20\u00008"), /binary file|line 41: high "20\?8" is not a decimal number$/],
  // times
  ["a time that is none", "a.csv", cell(5, 0, "yesterday"), /line 7: ts_utc "yesterday" is not a unix time/],
  ["a time of three digits", "a.csv", cell(5, 0, "123"), /line 7: ts_utc "123" is not a unix time/],
  [
    "a time within the hour",
    "a.csv",
    cell(5, 0, String(START + 5 * HOUR + 1)),
    /line 7: ts_utc "1583989201" is not where one of the hourly bars starts$/,
  ],
  [
    "a time in the future",
    "a.csv",
    cell(39, 0, String(START + 40 * 365 * 86_400)),
    /line 41: ts_utc "2845411200" is in the future: 2060-03-02$/,
  ],
  [
    "times of the stroke of half past",
    "a.csv",
    file(rows(40, ([time, ...rest]) => [String(Number(time) + 1800), ...rest])),
    /line 2: ts_utc "1583973000" is not where one of the hourly bars starts$/,
  ],
  [
    "a day that the calendar has not",
    "a.csv",
    file(rows(40, ([time, ...rest], i) => [i === 7 ? "2020-02-30 00:00" : new Date(Number(time) * 1000).toISOString(), ...rest])),
    /line 9: ts_utc "2020-02-30 00:00" is not a time of the calendar$/,
  ],
  [
    "dates that may be read two ways",
    "a.csv",
    `Date,Open,High,Low,Close\n${rows(9)
      .map((row, i) => `03/04/2020 0${i}:00,${row.split(",").slice(1, 5).join(",")}`)
      .join("\n")}\n`,
    /may be month\/day\/year or day\/month\/year: write dates as 2020-03-12$/,
  ],
  [
    "two different bars of one time",
    "a.csv",
    file([...rows(40), `${START},200,300,199,207,5`]),
    /^a\.csv, line 42: the bar of 2020-03-12 differs from the one in a\.csv, line 2$/,
  ],
  // bars of another length
  [
    "daily bars",
    "a.csv",
    file(rows(40, ([time, ...rest]) => [String(START + (Number(time) - START) * 24), ...rest])),
    /^a\.csv has daily bars, but hourly ones are wanted: give finer bars$/,
  ],
  [
    "4-hour bars",
    "a.csv",
    file(rows(40, ([time, ...rest]) => [String(START + (Number(time) - START) * 4), ...rest])),
    /^a\.csv has 4-hour bars, but hourly ones are wanted/,
  ],
  [
    "weekly bars",
    "a.csv",
    file(rows(40, ([time, ...rest]) => [String(START + (Number(time) - START) * 168), ...rest])),
    /most of its rows are 604,800 seconds apart: give bars of a minute to a day$/,
  ],
  [
    "bars of a second",
    "a.csv",
    file(rows(40, ([time, ...rest]) => [String(START + (Number(time) - START) / 3600), ...rest])),
    /most of its rows are 1 seconds apart/,
  ],
  [
    "45-minute bars where hours are wanted",
    "a.csv",
    file(rows(40, ([time, ...rest]) => [String(START + (Number(time) - START) * 0.75), ...rest])),
    /45-minute bars, of which no hourly ones can be made$/,
  ],
  // columns
  [
    "yfinance's order under our names",
    "a.csv",
    file(rows(40, ([time = "", open = "", high = "", low = "", close = "", volume = ""]) => [time, close, high, low, open, volume])),
    /^a\.csv: the columns named open, high, low, close hold close, high, low, open, by what is true of bars: put their names right$/,
  ],
  [
    "high and low exchanged throughout",
    "a.csv",
    file(rows(40, ([time = "", open = "", high = "", low = "", close = "", volume = ""]) => [time, open, low, high, close, volume])),
    /the columns named open, high, low, close hold open, low, high, close/,
  ],
  [
    "open and close exchanged from the middle on",
    "a.csv",
    file(rows(3_000, (cells, i) => (i < 1_500 ? cells : [cells[0], cells[4], cells[2], cells[3], cells[1], cells[5]].map(String)))),
    /line 1[67]\d\d: open and close are exchanged in the 100 bars before it/,
  ],
  [
    "no columns of prices",
    "a.csv",
    file(rows(40), "ts_utc,a,b,c,d,e"),
    /^a\.csv, line 1: no columns named open, high, low and close: ts_utc, a, b, c, d, e$/,
  ],
  ["a name that is damaged", "a.csv", file(rows(40), "ts_utc,open,hi\u0007gh,low,close,volume"), /binary file|no columns named/],
  ["a name that is there twice", "a.csv", file(rows(40), "ts_utc,open,high,low,close,close"), /line 1: column close is there twice$/],
  [
    "trades",
    "a.csv",
    `timestamp,price,amount,side,id\n${rows(9)
      .map((row) => `${row.slice(0, 10)},0.02,10,buy,7`)
      .join("\n")}\n`,
    /^a\.csv holds trades, not bars: give bars of a minute to a day$/,
  ],
  [
    "quotes",
    "a.csv",
    `timestamp,bid,ask,bidsize,asksize\n${rows(9)
      .map((row) => `${row.slice(0, 10)},1,2,3,4`)
      .join("\n")}\n`,
    /^a\.csv holds quotes, not bars/,
  ],
  [
    "numbers that may be read two ways",
    "a.csv",
    `Date;Open;High;Low;Close\n${rows(20)
      .map((row) => `${row.slice(0, 10)};1,188;1,190;1,180;1,185`)
      .join("\n")}\n`,
    /may have a comma before decimals or between thousands/,
  ],
  // prices out of scale
  [
    "an hour ten times too high",
    "a.csv",
    cell(5, 2, "2080"),
    /^a\.csv, line 7: high 2080 is [\d.]+ times above open and close, \d+: a bad tick or another scale \(--allow-jumps goes on\)$/,
  ],
  ["an hour ten times too low", "a.csv", cell(5, 3, "20.1"), /line 7: low 20\.1 is [\d.]+ times below open and close/],
  [
    "a bar in another unit",
    "a.csv",
    file(at(5, (cells) => cells.map((each, i) => (i > 0 && i < 5 ? `${each}00` : each)))),
    /line 7: open 2\d\d00 is \d+\.?\d* times above the last close/,
  ],
  [
    "cents from the middle on",
    "a.csv",
    file(rows(40, (cells, i) => (i < 20 ? cells : cells.map((each, column) => (column > 0 && column < 5 ? `${each}00` : each))))),
    /line 22: open \d+ is \d+\.?\d* times above the last close/,
  ],
  // spreadsheets
  [
    "times rounded by a spreadsheet",
    "a.csv",
    rows(20)
      .map((row) => `1,58407E+12;${row.split(",").slice(1).join(";")}`)
      .join("\n"),
    /times such as 1,58407E\+12 were rounded by a spreadsheet/,
  ],
  [
    "times rounded by a spreadsheet, with points",
    "a.csv",
    file(rows(20, ([, ...rest]) => ["1.58407E+12", ...rest])),
    /line 2: times such as 1\.58407E\+12 were rounded by a spreadsheet/,
  ],
  [
    "the days of a spreadsheet",
    "a.csv",
    file(rows(20, ([, ...rest], i) => [(43_902 + i / 24).toFixed(4), ...rest])),
    /times such as 43902\.0000 are the days of a spreadsheet/,
  ],
  [
    "times that have lost their day",
    "a.csv",
    file(rows(20, ([, ...rest], i) => [`${String(i).padStart(2, "0")}:00.0`, ...rest])),
    /have lost their day in a spreadsheet/,
  ],
  // what is no text
  [
    "an Excel workbook",
    "a.xlsx",
    zipOf([{ name: "[Content_Types].xml", content: Buffer.from("<") }]),
    /^a\.xlsx is an Excel workbook: save the sheet as CSV$/,
  ],
  ["an old Excel workbook", "a.xls", Buffer.from("d0cf11e0a1b11ae10000", "hex"), /^a\.xls is an old Excel workbook/],
  ["Parquet", "a.parquet", Buffer.from("PAR1\u0000\u0001"), /^a\.parquet is Parquet: export it as CSV$/],
  ["a database", "a.db", Buffer.from("SQLite format 3\u0000"), /^a\.db is a SQLite database/],
  ["any binary file", "a.csv", Buffer.from([65, 0, 1, 2, 200, 27, 91, 66]), /^a\.csv is a binary file, not text: give CSV or JSON$/],
  ["binary in gzip", "a.csv.gz", gzipSync(Buffer.from([65, 0, 1, 2])), /^a\.csv\.gz is a binary file/],
  [
    "a tar archive in gzip",
    "a.tar.gz",
    gzipSync(Buffer.concat([Buffer.alloc(257, 65), Buffer.from("ustar\u0000")])),
    /^a\.tar\.gz is a tar archive/,
  ],
  [
    "gzip that is cut off",
    "a.csv.gz",
    gzipSync(file(rows(400))).subarray(0, 900),
    /^a\.csv\.gz is damaged or cut off: unexpected end of file$/,
  ],
  ["gzip that is damaged", "a.csv.gz", damaged(gzipSync(file(rows(400)))), /^a\.csv\.gz(, line \d+:| is damaged or cut off:)/],
  ["zip whose content was changed", "a.zip", changedZip(), /^a\.zip\/b\.csv is damaged or cut off: the checksum is wrong$/],
  [
    "zip that is cut off",
    "a.zip",
    zipOf([{ name: "b.csv", content: Buffer.from(file(rows(40))) }]).subarray(0, 800),
    /^a\.zip is a damaged zip archive/,
  ],
  ["zip without a table", "a.zip", zipOf([{ name: "b.png", content: Buffer.from("x") }]), /^a\.zip holds no \.csv, \.txt or \.json file$/],
  [
    "JSON that is cut off",
    "a.json",
    `[${rows(40)
      .map((row) => `[${row}]`)
      .join(",")}`.slice(0, 900),
    /^a\.json is no JSON, or cut off, after row \d+$/,
  ],
  ["JSON that is none", "a.json", '{"data": [1, 2,,]}', /^a\.json is no JSON, or cut off, after row 0$/],
  ["JSON without bars", "a.json", '{"error": "not found", "code": 404}', /^a\.json has no rows of a time and four prices$/],
  ["an empty file", "a.csv", "", /^a\.csv is empty$/],
  ["names alone", "a.csv", `${HEADER}\n`, /^a\.csv: no bars$/],
  [
    "rows without any price",
    "a.csv",
    file(rows(20, ([time = ""]) => [time, "NaN", "NaN", "NaN", "NaN", "0"])),
    /^a\.csv: no bars with prices$/,
  ],
  ["prose", "a.txt", "Dear customer,\nwe regret to inform you.\n", /^a\.txt has no rows of a time and four prices$/],
  [
    "a web page",
    "a.csv",
    "<!doctype html><html>\n<p>Too many requests, please, try, again, later, or, never</p>\n",
    /^a\.csv, line 2: no columns named/,
  ],
  ["a quotation mark that is not closed", "a.csv", cell(5, 1, '"200'), /^a\.csv, line \d+: a quotation mark is not closed$/],
  // what was said and cannot be
  ["an unknown format", "a.csv", file(rows(20)), /^--format nonsense: there are own, /, { format: "nonsense" }],
  [
    "a format that it is not",
    "a.csv",
    file(rows(20)),
    /^a\.csv is not Kraken OHLCVT \(--format kraken\); it looks like own$/,
    { format: "kraken" },
  ],
  ["an unknown time zone", "a.csv", file(rows(20)), /^--timezone Mars\/Olympus is no time zone/, { timezone: "Mars/Olympus" }],
  [
    "a time zone for times that have one",
    "a.csv",
    file(rows(20)),
    /^a\.csv: its times say their zone themselves: leave --timezone out$/,
    { timezone: "+03:00" },
  ],
  // kinds
  [
    "prices as volatilities, by their volumes",
    "a.csv",
    file(rows(20)),
    /^a\.csv has volumes: it holds prices, not volatilities$/,
    { kind: "volatility" },
  ],
  [
    "prices as volatilities, by their height",
    "a.csv",
    `ts_utc,open,high,low,close\n${rows(20)
      .map((row) => `${row.slice(0, 10)},9000,9001,8999,9000`)
      .join("\n")}\n`,
    /half of its values are above 9000: no volatilities/,
    { kind: "volatility" },
  ],
  [
    "volatilities as prices",
    "a.csv",
    `timestamp,dvol_open,dvol_high,dvol_low,dvol_close\n${rows(20)
      .map((row) => `${row.slice(0, 10)}000,60,61,59,60`)
      .join("\n")}\n`,
    /^a\.csv holds volatilities, not prices$/,
    { kind: "price" },
  ],
  [
    "percent and fractions in one file",
    "a.csv",
    `ts_utc,open,high,low,close\n${rows(20, ([time = ""], i) => (i < 10 ? [time, "60", "61", "59", "60"] : [time, "0.6", "0.61", "0.59", "0.6"])).join("\n")}\n`,
    /line 12: open 0\.6 is 100 times below the last close 60: a bad tick or another scale/,
    { kind: "volatility" },
  ],
];

function damaged(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[Math.floor(copy.length / 2)] = (copy[Math.floor(copy.length / 2)] ?? 0) ^ 0xff;
  return copy;
}

/** Another price in a file that is stored as it is: its length is right, its checksum is not. */
function changedZip(): Buffer {
  const zip = zipOf([{ name: "b.csv", content: Buffer.from(file(rows(40))) }]);
  const place = zip.indexOf(`${START + HOUR},`);
  zip[place + 13] = "9".charCodeAt(0);
  return zip;
}

describe("refused price files", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plimsoll-refused-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** Why a file is not used; undefined where it is. */
  async function refused(name: string, content: string | Buffer, options: ReadOptions = {}): Promise<string | undefined> {
    const path = join(folder, name);
    writeFileSync(path, content);
    try {
      return refusal(await readSeries([path], options), { allowGaps: false, allowJumps: false });
    } catch (error) {
      expect(error, String((error as Error).stack)).to.be.instanceOf(BadInput);
      return (error as Error).message;
    }
  }

  for (const [what, name, content, message, options] of CASES) {
    it(`args: ${what}`, async () => {
      const said = await refused(name, content, options);
      expect(said).to.match(message);
      // one line that can be printed
      expect(said).to.match(/^[\x20-\x7e…]+$/);
    });
  }

  it("default: what these files were before they were damaged is read", async () => {
    expect(await refused("a.csv", file(rows(40)))).to.equal(undefined);
    expect(await refused("a.csv", file(rows(3_000)))).to.equal(undefined);
    expect(await refused("a.zip", zipOf([{ name: "b.csv", content: Buffer.from(file(rows(40))) }]))).to.equal(undefined);
    expect(
      await refused(
        "a.json",
        `[${rows(40)
          .map((row) => `[${row}]`)
          .join(",")}]`,
      ),
    ).to.equal(undefined);
  });

  it("args: a file that is not there, and a folder", async () => {
    const said = async (path: string): Promise<string> =>
      readSeries([path]).then(
        () => "",
        (error: Error) => error.message,
      );
    expect(await said("nowhere.csv")).to.equal("cannot read the price file nowhere.csv: ENOENT");
    expect(await said(folder)).to.equal(`${folder} is a folder: give its files`);
  });

  it("args: files of different bars are no series", async () => {
    const [hours, minutes] = [join(folder, "hours.csv"), join(folder, "minutes.csv")];
    writeFileSync(hours, file(rows(20)));
    writeFileSync(minutes, file(rows(20, ([time, ...rest]) => [String(START + 30 * HOUR + (Number(time) - START) / 60), ...rest])));
    const message = await readSeries([hours, minutes]).then(String, (error: Error) => error.message);
    expect(message).to.equal("hours.csv has hourly bars and minutes.csv 1-minute ones: give files of one kind");
  });

  it("behavior: jumps and gaps that were asked for are let through, and stay in the findings", async () => {
    const path = join(folder, "wild.csv");
    writeFileSync(path, cell(5, 2, "2080"));
    const series = await readSeries([path]);
    expect(refusal(series, { allowGaps: false, allowJumps: true })).to.equal(undefined);
    expect(series.findings.jumps).to.have.length(1);
    // outside of what is asked for they do not matter
    expect(refusal(series, { allowGaps: false, allowJumps: false, from: START + 6 * HOUR })).to.equal(undefined);
    expect(refusal(series, { allowGaps: false, allowJumps: false, from: START - HOUR })).to.match(
      /^wild\.csv begins only at 2020-03-12, after 2020-03-11 23:00$/,
    );
  });
});
