import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { expect } from "chai";
import { after, before, describe, it } from "mocha";
import { type Bar, DAY, HOUR, MINUTE } from "../../src/data/bar.ts";
import { DIALECTS, FORMATS } from "../../src/data/dialects.ts";
import { type ReadOptions, readSeries, refusal, type Series } from "../../src/data/readSeries.ts";
import { fileLines, findingRows, seriesJson } from "../../src/data/report.ts";
import { sourcesOf } from "../../src/data/source.ts";
import { deepestFall } from "../../src/simulator/bars.ts";
import { WRITERS, type Writer, zipOf } from "../helpers/priceFiles.ts";

const START = Date.UTC(2020, 2, 12) / 1000;
const WAD = 10n ** 18n;
const CENT = WAD / 100n;
const STRICT = { allowGaps: false, allowJumps: false };

/** A market in cents that wanders: each bar opens a tick beside the last close. */
function market(count: number, step = HOUR, start = START): Bar[] {
  let close = 18_877;
  return Array.from({ length: count }, (_, i): Bar => {
    const open = close + (i % 3) - 1;
    close = open - 131 + ((i * 7_919) % 263);
    const [high, low] = [Math.max(open, close) + ((i * 31) % 97), Math.min(open, close) - ((i * 57) % 89)];
    return {
      time: start + i * step,
      open: BigInt(open) * CENT,
      high: BigInt(high) * CENT,
      low: BigInt(low) * CENT,
      close: BigInt(close) * CENT,
    };
  });
}

describe("dialects of price files", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "plimsoll-data-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  const place = (name: string, content: string | Buffer): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const read = (name: string, content: string | Buffer, options: ReadOptions = {}): Promise<Series> =>
    readSeries([place(name, content)], options);
  const told = ({ timezone, step }: Writer): ReadOptions => ({ timezone, ...(step === undefined ? {} : { step }) });
  const own = (bars: readonly Bar[]): string => WRITERS[0]?.write(bars) ?? "";

  for (const writer of WRITERS) {
    it(`default: ${writer.name} is recognised, and read to the digit`, async () => {
      const bars = market(40, writer.step ?? HOUR);
      const series = await read(`prices.${writer.extension}`, writer.write(bars), told(writer));
      expect(series.bars).to.deep.equal(bars);
      expect(series.files[0]?.dialect).to.equal(writer.dialect);
      expect(series.kind).to.equal(writer.kind ?? "price");
      expect(refusal(series, STRICT)).to.equal(undefined);
      // chosen by name it is the same
      const chosen = await read(`prices.${writer.extension}`, writer.write(bars), { ...told(writer), format: writer.dialect });
      expect(chosen).to.deep.equal(series);
    });
  }

  it("behavior: what is written here covers every dialect that can be read", () => {
    const readable = DIALECTS.filter(({ refused }) => refused === undefined).map(({ name }) => name);
    expect(readable.filter((name) => !WRITERS.some(({ dialect }) => dialect === name))).to.deep.equal([]);
    expect(new Set(FORMATS).size).to.equal(FORMATS.length);
  });

  it("default: one line says how each file was read", async () => {
    const bars = market(40);
    const said = async (name: string): Promise<string | undefined> => {
      const writer = WRITERS.find((each) => each.name === name);
      return writer && fileLines(await read("prices.csv", writer.write(bars), told(writer)))[0];
    };
    expect(await said("own")).to.equal("prices.csv: the project's own (own); hourly bars; unix time in seconds; UTC");
    expect(await said("CryptoDataDownload of 2021, twice")).to.match(
      /unix time in milliseconds and seconds; UTC; newest first; 1 line before the table left out$/,
    );
    expect(await said("MetaTrader 4, three hours ahead")).to.match(/times of \+03:00$/);
    expect(await said("MetaTrader 5")).to.match(/no zone in the times: taken as UTC \(--timezone\)$/);
    expect(await said("BitMEX, stamped at the close")).to.match(/; UTC; stamped at the close$/);
    expect(await said("candles of Coinbase's interface: low, high, open, close without names")).to.match(
      /columns in the order low, high, open, close, by what is true of bars$/,
    );
    expect(await said("semicolons and a comma before decimals")).to.match(/a comma before decimals/);
  });

  it("behavior: gzip, zstd, zip with several files, UTF-16 and a byte order mark are unpacked", async () => {
    const bars = market(60);
    const text = own(bars);
    for (const [name, content] of [
      ["prices.csv.gz", gzipSync(text)],
      ["prices.csv.zst", zstdCompressSync(text)],
      [
        "prices.zip",
        zipOf([
          { name: "b.csv", content: Buffer.from(own(bars.slice(30))) },
          { name: "readme.md", content: Buffer.from("#") },
          { name: "a.csv", content: Buffer.from(own(bars.slice(0, 30))) },
        ]),
      ],
      ["utf16.csv", Buffer.from(`\uFEFF${text}`, "utf16le")],
      ["bom.csv", `\uFEFF${text}`],
    ] as const) {
      expect((await read(name, content)).bars, name).to.deep.equal(bars);
    }
    const { files } = await readSeries([join(folder, "prices.zip")]);
    expect(files.map(({ name }) => name)).to.deep.equal(["prices.zip/a.csv", "prices.zip/b.csv"]);
  });

  it("behavior: several files are one series in any order, though their unit changes; what both hold is counted once", async () => {
    const bars = market(60);
    const [milli, micro] = [WRITERS[2], WRITERS[3]];
    const paths = [place("2025.csv", micro?.write(bars.slice(28)) ?? ""), place("2024.csv", milli?.write(bars.slice(0, 30)) ?? "")];
    const { bars: joined, findings } = await readSeries(paths);
    expect(joined).to.deep.equal(bars);
    expect(findings).to.include({ duplicates: 2, expected: 60, present: 60 });
    const differing = place("other.csv", milli?.write(bars.slice(0, 30).map((bar) => ({ ...bar, high: bar.high + 1n }))) ?? "");
    let message = "";
    await readSeries([...paths, differing]).catch((error: unknown) => {
      message = String(error);
    });
    expect(message).to.match(/^BadInput: other\.csv, line 1: the bar of 2020-03-12 differs from the one in 2024\.csv, line 1$/);
  });

  it("behavior: finer bars are put together, and whole ones only", async () => {
    const minutes = market(240, MINUTE);
    const hours = (bars: readonly Bar[]): Bar => ({
      time: Math.floor((bars[0]?.time ?? 0) / HOUR) * HOUR,
      open: bars[0]?.open ?? 0n,
      high: bars.reduce((most, { high }) => (high > most ? high : most), 0n),
      low: bars.reduce((least, { low }) => (low < least ? low : least), bars[0]?.low ?? 0n),
      close: bars.at(-1)?.close ?? 0n,
    });
    const expected = [0, 1, 2, 3].map((i) => hours(minutes.slice(i * 60, i * 60 + 60)));
    for (const bars of [minutes, [...minutes].reverse(), [...minutes.slice(100), ...minutes.slice(0, 100)]]) {
      expect((await read("minutes.csv", own(bars))).bars).to.deep.equal(expected);
    }
    const cut = await read("minutes.csv", own(minutes.slice(5, 235)));
    expect(cut.bars).to.deep.equal(expected.slice(1, 3));
    expect(cut.findings).to.include({ partial: 2, expected: 230, present: 230, step: MINUTE, played: HOUR });
    for (const [step, count] of [
      [MINUTE, 240],
      [15 * MINUTE, 16],
      [2 * HOUR, 2],
    ] as const) {
      expect((await read("minutes.csv", own(minutes), { step })).bars, `${step}`).to.have.length(count);
    }
  });

  it("behavior: times of a zone follow its clocks, also where they show an hour twice or skip one", async () => {
    const berlin = (bars: readonly Bar[]): string =>
      `time,open,high,low,close\n${bars
        .map((bar) => {
          const shown = new Date(bar.time * 1000).toLocaleString("sv-SE", { timeZone: "Europe/Berlin" });
          return `${shown},${[bar.open, bar.high, bar.low, bar.close].map((price) => Number(price / CENT) / 100).join(",")}\n`;
        })
        .join("")}`;
    for (const start of [Date.UTC(2020, 9, 24, 20), Date.UTC(2020, 2, 28, 20)]) {
      const bars = market(24, HOUR, start / 1000);
      for (const order of [bars, [...bars].reverse()]) {
        const series = await read("berlin.csv", berlin(order), { timezone: "Europe/Berlin" });
        expect(series.bars).to.deep.equal(bars);
        expect(series.findings).to.include({ duplicates: 0, outOfOrder: 0 });
      }
    }
    const bars = market(24, HOUR, Date.UTC(2020, 2, 28, 20) / 1000);
    const skipped = berlin(bars).replace("2020-03-29 03:00:00", "2020-03-29 02:00:00");
    await read("berlin.csv", skipped, { timezone: "Europe/Berlin" }).then(
      () => expect.fail("the hour does not exist"),
      (error: unknown) => expect(String(error)).to.match(/line 7: time "2020-03-29 02:00:00" does not exist in Europe\/Berlin/),
    );
    for (const zone of ["+03:00", "UTC+3", "+3", "GMT+03:00", "Europe/Moscow", "Etc/GMT-3"]) {
      const writer = WRITERS.find(({ dialect }) => dialect === "metatrader4");
      expect((await read("mt4.csv", writer?.write(market(30)) ?? "", { timezone: zone })).bars, zone).to.deep.equal(market(30));
    }
  });

  it("behavior: --stamp moves bars that carry their end, in any dialect, and back", async () => {
    const bars = market(30);
    const later = bars.map((bar) => ({ ...bar, time: bar.time + HOUR }));
    expect((await read("close.csv", own(later), { stamp: "close" })).bars).to.deep.equal(bars);
    const bitmex = WRITERS.find(({ dialect }) => dialect === "bitmex")?.write(bars) ?? "";
    expect((await read("bitmex.csv", bitmex, { stamp: "close" })).bars).to.deep.equal(bars);
    expect((await read("bitmex.csv", bitmex, { stamp: "open" })).bars).to.deep.equal(later);
  });

  it("behavior: hours without trades hold the last close and are counted; three hours are an outage", async () => {
    const bars = market(60);
    const kraken = WRITERS.find(({ dialect }) => dialect === "kraken");
    const thin = bars.filter((_, i) => ![10, 20, 21, 22].includes(i));
    const { bars: filled, findings, ...rest } = await read("ETHUSD_60.csv", kraken?.write(thin) ?? "");
    const last = bars[9]?.close ?? 0n;
    expect(filled[10]).to.deep.equal({ time: START + 10 * HOUR, open: last, high: last, low: last, close: last });
    expect(filled).to.have.length(60);
    expect(findings).to.deep.include({ expected: 60, present: 56, quiet: 4, holes: [] });
    expect(refusal({ bars: filled, findings, ...rest }, STRICT)).to.equal(undefined);
    const out = await read("ETHUSD_60.csv", kraken?.write(bars.filter((_, i) => i < 20 || i > 23)) ?? "");
    expect(out.findings.holes).to.deep.equal([{ from: START + 20 * HOUR, to: START + 24 * HOUR }]);
    expect(refusal(out, STRICT)).to.match(
      /^ETHUSD_60\.csv: 4 hours from 2020-03-12 20:00 to 2020-03-13 are missing \(--allow-gaps goes on\)$/,
    );
    // rows of NaN say the same in any dialect
    const empty = own(bars).split("\n");
    empty[5] = `${START + 4 * HOUR},NaN,NaN,NaN,NaN,0`;
    const nan = await read("nan.csv", empty.join("\n"));
    expect(nan.findings).to.deep.include({ withoutPrices: 1, quiet: 1, present: 59, holes: [] });
    expect(nan.bars).to.have.length(60);
  });

  it("behavior: an open outside low and high is widened and counted where the dialect is known for it, and refused elsewhere", async () => {
    const bars = market(30);
    const odd = bars.map((bar, i) => (i === 7 ? { ...bar, open: bar.low - CENT } : bar));
    const bitmex = await read("bitmex.csv", WRITERS.find(({ dialect }) => dialect === "bitmex")?.write(odd) ?? "");
    expect(bitmex.findings.widened).to.equal(1);
    expect(bitmex.bars[7]).to.deep.equal({ ...odd[7], low: odd[7]?.open });
    await read("own.csv", own(odd)).then(
      () => expect.fail("an impossible bar"),
      (error: unknown) => expect(String(error)).to.match(/own\.csv, line 9: low [\d.]+ is above another price of the bar/),
    );
  });

  it("behavior: more than 18 decimals are rounded, halves up, and counted; exponents and groups are exact", async () => {
    const text = `ts_utc,open,high,low,close\n${START},0.0000000000000000015,1.8877e-3,1E-18,0.00000000000000000149\n`;
    const { bars, findings } = await read("decimals.csv", text);
    expect(bars).to.deep.equal([{ time: START, open: 2n, high: 1_887_700_000_000_000n, low: 1n, close: 1n }]);
    expect(findings.rounded).to.equal(2);
  });

  it("behavior: numbers in JSON keep the digits that a double would lose", async () => {
    const { bars, findings } = await read(
      "exact.json",
      `[[${START}, 100000.123456789012345678, 100000.2, 1.0000000000000000004, 100000.1]]`,
    );
    expect(bars[0]).to.include({ open: 100_000_123_456_789_012_345_678n, low: WAD });
    expect(findings.rounded).to.equal(1);
  });

  it("behavior: volatilities as fractions and in percent are told apart aloud, and hold through holes", async () => {
    const percent = market(60).filter((_, i) => i < 20 || i > 42);
    const fraction = percent.map(
      ({ time, ...bar }) => ({ time, ...Object.fromEntries(Object.entries(bar).map(([name, price]) => [name, price / 100n])) }) as Bar,
    );
    const read2 = async (bars: readonly Bar[]): Promise<Series> =>
      read("iv.csv", own(bars).replaceAll(",13541.45", ",0"), { kind: "volatility" });
    const [a, b] = [await read2(percent), await read2(fraction)];
    expect([a.unit, b.unit]).to.deep.equal(["percent", "fraction"]);
    expect(a.bars).to.deep.equal(percent);
    expect(b.bars).to.deep.equal(percent);
    expect(fileLines(b)[0]).to.match(/volatilities as fractions: 0\.6 is read as 60 %$/);
    expect(refusal(a, STRICT)).to.equal(undefined);
    expect(findingRows(a)).to.deep.include(["Holes", "1, the longest 23 hours  (the last value before a hole holds in it)"]);
  });

  it("default: the report and --json tell what was expected, is there, missing and twice", async () => {
    const bars = market(40).filter((_, i) => i < 9 || i > 25);
    const text = own(bars).split("\n");
    const series = await read("report.csv", [...text.slice(0, 3), text[2], ...text.slice(3)].join("\n"));
    expect(findingRows(series)).to.deep.equal([
      ["From", "2020-03-12"],
      ["To", "2020-03-13 16:00"],
      ["Expected", "40 hours"],
      ["Present", "23, 17 missing"],
      ["Holes", "1, the longest 17 hours"],
      ["", "17 hours from 2020-03-12 09:00"],
      ["Duplicates", "1  (equal to the digit, left out)"],
    ]);
    expect(seriesJson(series)).to.deep.include({
      expected: 40,
      present: 23,
      missing: 17,
      duplicates: 1,
      longestHole: 17 * HOUR,
      step: HOUR,
      bars: 23,
      from: "2020-03-12T00:00:00Z",
    });
    expect(seriesJson(series).holes).to.deep.equal([{ from: "2020-03-12T09:00:00Z", to: "2020-03-13T02:00:00Z", missing: 17 }]);
    expect(refusal(series, { ...STRICT, allowGaps: true })).to.equal(undefined);
    expect(refusal(series, { ...STRICT, to: START + 9 * HOUR })).to.equal(undefined);
    expect(refusal(series, { ...STRICT, allowGaps: true, to: START + 3 * DAY })).to.equal(
      "report.csv ends at 2020-03-13 16:00, before 2020-03-15",
    );
  });

  it("behavior: files are read in pieces: no string or buffer holds one whole, and rows may lie across them", async function () {
    this.timeout(60_000);
    const bars = market(6_000, MINUTE);
    const text = own(bars);
    for (const [name, content] of [
      ["long.csv", text],
      ["long.csv.gz", gzipSync(text)],
    ] as const) {
      const [source] = await sourcesOf(place(name, content));
      let [pieces, longest] = [0, 0];
      for await (const piece of source?.text() ?? []) [pieces, longest] = [pieces + 1, Math.max(longest, piece.length)];
      expect(pieces, name).to.be.greaterThan(3);
      expect(longest, name).to.be.lessThan(100_000);
      const { bars: hours, findings } = await readSeries([join(folder, name)]);
      expect(hours, name).to.have.length(100);
      expect(findings, name).to.include({ present: 6_000, partial: 0 });
      expect((await readSeries([join(folder, name)], { step: MINUTE })).bars, name).to.deep.equal(bars);
    }
  });

  const recorded = join(import.meta.dirname, "..", "..", "..", "shared", "data");
  it("default: recorded hours show the falls that are known of them (skipped where ../shared is absent)", async function () {
    if (!existsSync(recorded)) this.skip();
    this.timeout(120_000);
    // −52.3 % is from the first open to the lowest low of both days
    const falls: [symbol: string, from: string, to: string, fall: string][] = [
      ["BTC", "2020-03-12", "2020-03-14", "-52.3"],
      ["ETH", "2020-03-12", "2020-03-14", "-55.8"],
      ["BTC", "2022-11-07", "2022-11-10", "-25.4"],
      ["ETH", "2024-08-04", "2024-08-06", "-27.3"],
    ];
    const read = new Map<string, Series>();
    for (const symbol of ["BTC", "ETH"]) read.set(symbol, await readSeries([join(recorded, `${symbol}-USD-1h-2017-2024.csv`)]));
    for (const [symbol, from, to, fall] of falls) {
      const bars = read.get(symbol)?.bars.filter(({ time }) => time >= Date.parse(from) / 1000 && time < Date.parse(to) / 1000) ?? [];
      expect((deepestFall(bars).toLow * 100).toFixed(1), `${symbol} ${from}`).to.equal(fall);
    }
    expect(read.get("ETH")?.findings).to.include({ expected: 64_652, present: 64_524, duplicates: 0 });
    expect(read.get("ETH")?.findings.jumps).to.deep.equal([]);
    const { unit, findings } = await readSeries([join(recorded, "BTC-DVOL-1h-2021-2024.csv")]);
    expect(unit).to.equal("percent");
    expect(findings.holes.filter(({ from, to }) => to - from === 23 * HOUR)).to.have.length(43);
  });

  const samples = join(import.meta.dirname, "..", "..", "..", "shared", "cases", "prices");
  it("default: samples of what people hold are read as they must be (skipped where ../shared is absent)", async function () {
    if (!existsSync(samples)) this.skip();
    const sample = (name: string, options: ReadOptions = {}): Promise<Series> => readSeries([join(samples, name)], options);
    const good = (await sample("own-good.csv")).bars;
    expect(good).to.have.length(28);
    for (const name of readdirSync(samples)) {
      if (/^(own-quoted|binance-spot-ms|cdd|coinbase|yfinance|tradingview|metatrader5)/.test(name))
        expect((await sample(name)).bars, name).to.deep.equal(good);
    }
    expect((await sample("bybit-mt4-utc3.csv", { timezone: "+03:00" })).bars).to.deep.equal(good);
    expect((await sample("freqtrade-ohlcv.json")).bars).to.deep.equal(good.slice(0, 24));
    const later = Date.UTC(2025, 2, 12) / 1000 - START;
    expect((await sample("binance-spot-us-2025.csv")).bars).to.deep.equal(good.map((bar) => ({ ...bar, time: bar.time + later })));
    expect((await sample("bitmex-bucketed-open-below-low.csv")).findings).to.include({ widened: 1, from: START });
    expect((await sample("kraken-ohlcvt-gaps.csv")).findings).to.include({ present: 24, quiet: 4 });
    expect((await sample("cdd-2021-mixed-units-duplicates.csv")).findings).to.include({ duplicates: 13 });
    expect((await sample("bitstamp-kaggle-old-nan.csv")).findings).to.include({ withoutPrices: 37 });
    expect((await sample("own-15m.csv")).bars.map(({ open }) => open)).to.deep.equal(good.slice(0, 14).map(({ open }) => open));
    expect((await sample("own-volatility-fraction.csv")).unit).to.equal("fraction");
    expect((await sample("deribit-dvol-ms-day-missing.csv")).bars).to.deep.equal((await sample("own-volatility-fraction.csv")).bars);
    expect((await sample("deribit-dvol-api.json")).unit).to.equal("percent");
    expect(refusal(await sample("own-day-missing.csv"), STRICT)).to.match(/17 hours .* are missing \(--allow-gaps goes on\)$/);
    const refused: [name: string, message: RegExp][] = [
      ["own-daily.csv", /daily bars/],
      ["yahoo-daily-null.csv", /daily bars/],
      ["coinmarketcap.csv", /daily bars/],
      ["investing-daily.csv", /daily bars/],
      ["excel-eu-resaved.csv", /rounded by a spreadsheet/],
      ["deribit-tardis-trades.csv", /trades, not bars/],
      // one of its cells is no price of its bar
      ["own-pandas-floats.csv", /line 11: low 0\.0016242 is above another price of the bar/],
    ];
    for (const [name, message] of refused) {
      await sample(name).then(
        () => expect.fail(name),
        (error: unknown) => expect(String(error)).to.match(message),
      );
    }
    for (const name of ["own-daily.csv", "investing-daily.csv", "coinmarketcap.csv", "yahoo-daily-null.csv"]) {
      expect((await sample(name, { step: DAY })).bars.length, name).to.be.greaterThan(20);
    }
  });
});
