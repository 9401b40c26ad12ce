import { crc32 } from "node:zlib";
import { type Bar, DAY, HOUR } from "../../src/data/bar.ts";
import { formatDecimal } from "../../src/sdk/amounts.ts";

/** How a tool writes bars. */
export type Writer = {
  readonly name: string;
  /** The dialect that has to be recognised. */
  readonly dialect: string;
  readonly extension: "csv" | "json";
  readonly write: (bars: readonly Bar[]) => string;
  readonly timezone?: string;
  /** Seconds of its bars; one hour where it is left out. */
  readonly step?: number;
  readonly kind?: "volatility";
};

type Cells = readonly (string | number)[];
const price = (value: bigint): string => formatDecimal(value);
const prices = ({ open, high, low, close }: Bar): string[] => [open, high, low, close].map(price);
const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
/** 2020-03-12 10:00:00 as clocks show it that are `ahead` of UTC by some seconds. */
const civil = (seconds: number, ahead = 0): string =>
  iso(seconds + ahead)
    .slice(0, 19)
    .replace("T", " ");
const lines = (rows: readonly Cells[], delimiter = ",", end = "\n"): string => rows.map((row) => row.join(delimiter) + end).join("");
const newest = (bars: readonly Bar[]): Bar[] => [...bars].reverse();
const OHLC = ["open", "high", "low", "close"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

function binance(bars: readonly Bar[], perSecond: number): string {
  return lines(
    bars.map((bar) => [
      bar.time * perSecond,
      ...prices(bar),
      "13541.45",
      (bar.time + HOUR) * perSecond - 1,
      "2539157.8",
      6770,
      "6770.7",
      "1269578.9",
      0,
    ]),
  );
}

/** 2020-03-13 03-AM. */
function halfDay(seconds: number): string {
  const hour = new Date(seconds * 1000).getUTCHours();
  return `${iso(seconds).slice(0, 10)} ${String(hour % 12 || 12).padStart(2, "0")}-${hour < 12 ? "AM" : "PM"}`;
}

/** 1,188.6 */
function grouped(value: bigint): string {
  const [whole = "", part = ""] = price(value).split(".");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${part.padEnd(2, "0")}`;
}

function cryptoDataDownload(bars: readonly Bar[]): string {
  const rows = newest(bars).flatMap((bar, i): Cells[] => {
    const inMilliseconds = [bar.time * 1000, civil(bar.time), "ETH/USDT", ...prices(bar), "1.5", "2.5", 53714];
    const inSeconds = [
      `${bar.time}.0`,
      halfDay(bar.time),
      "ETH/USDT",
      ...prices(bar).map((each) => `${each}${each.includes(".") ? "0" : ".0"}`),
      "1.5",
      "2.5",
      "NULL",
    ];
    return i % 3 === 0 ? [inMilliseconds, inSeconds] : i % 3 === 1 ? [inMilliseconds] : [inSeconds];
  });
  return `https://www.CryptoDataDownload.com\n${lines([["unix", "date", "symbol", ...OHLC, "Volume ETH", "Volume USDT", "tradecount"], ...rows])}`;
}

/** Every dialect as a tool writes it. */
export const WRITERS: readonly Writer[] = [
  {
    name: "own",
    dialect: "own",
    extension: "csv",
    write: (bars) => lines([["ts_utc", ...OHLC, "volume"], ...bars.map((bar) => [bar.time, ...prices(bar), "13541.45"])]),
  },
  {
    name: "own, quoted, with carriage returns",
    dialect: "own",
    extension: "csv",
    write: (bars) =>
      lines(
        [["ts_utc", ...OHLC, "volume"], ...bars.map((bar) => [bar.time, ...prices(bar), 1])].map((row) => row.map((each) => `"${each}"`)),
        ",",
        "\r\n",
      ),
  },
  { name: "Binance in milliseconds", dialect: "binance", extension: "csv", write: (bars) => binance(bars, 1e3) },
  { name: "Binance in microseconds", dialect: "binance", extension: "csv", write: (bars) => binance(bars, 1e6) },
  {
    name: "Binance futures, with names",
    dialect: "binance",
    extension: "csv",
    write: (bars) =>
      `open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n${binance(bars, 1e3)}`,
  },
  {
    name: "CryptoDataDownload of 2020",
    dialect: "cryptodatadownload",
    extension: "csv",
    write: (bars) =>
      `Timestamps are UTC timezone,https://www.CryptoDataDownload.com\n${lines([
        ["Unix Timestamp", "Date", "Symbol", "Open", "High", "Low", "Close", "Volume ETH", "Volume USDT"],
        ...newest(bars).map((bar): Cells => [`${bar.time}.0`, halfDay(bar.time), "ETHUSDT", ...prices(bar), "1.5", "2.5"]),
      ])}`,
  },
  {
    name: "CryptoDataDownload without unix times",
    dialect: "cryptodatadownload",
    extension: "csv",
    write: (bars) =>
      lines([
        ["Date", "Symbol", "Open", "High", "Low", "Close", "Volume"],
        ...newest(bars).map((bar): Cells => [halfDay(bar.time), "ETHUSD", ...prices(bar), "1.5"]),
      ]),
  },
  { name: "CryptoDataDownload of 2021, twice", dialect: "cryptodatadownload", extension: "csv", write: cryptoDataDownload },
  {
    name: "Kraken",
    dialect: "kraken",
    extension: "csv",
    write: (bars) => lines(bars.map((bar) => [bar.time, ...prices(bar), "1E+1", 1505])),
  },
  {
    name: "Coinbase",
    dialect: "coinbase",
    extension: "csv",
    write: (bars) =>
      lines([
        ["time", "low", "high", "open", "close", "volume"],
        ...newest(bars).map((bar): Cells => [bar.time, price(bar.low), price(bar.high), price(bar.open), price(bar.close), "1.5"]),
      ]),
  },
  {
    name: "yfinance",
    dialect: "yfinance",
    extension: "csv",
    write: (bars) =>
      `Price,Close,High,Low,Open,Volume\nTicker,ETH-USD,ETH-USD,ETH-USD,ETH-USD,ETH-USD\nDatetime,,,,,\n${lines(
        bars.map((bar) => [`${civil(bar.time)}+00:00`, price(bar.close), price(bar.high), price(bar.low), price(bar.open), 2539157]),
      )}`,
  },
  {
    name: "TradingView",
    dialect: "tradingview",
    extension: "csv",
    write: (bars) => lines([["time", ...OHLC, "Volume", "Volume MA"], ...bars.map((bar) => [bar.time, ...prices(bar), "1.5", "NaN"])]),
  },
  {
    name: "TradingView with an offset and studies",
    dialect: "tradingview",
    extension: "csv",
    write: (bars) =>
      lines([
        ["time", ...OHLC, "Plot", "Plot", "Volume"],
        ...bars.map((bar) => [`${civil(bar.time, 9 * HOUR).replace(" ", "T")}+09:00`, ...prices(bar), "NaN", "1", "2"]),
      ]),
  },
  {
    name: "MetaTrader 4, three hours ahead",
    dialect: "metatrader4",
    extension: "csv",
    timezone: "+03:00",
    write: (bars) =>
      lines(
        bars.map((bar) => [
          civil(bar.time, 3 * HOUR)
            .slice(0, 16)
            .replaceAll("-", "."),
          ...prices(bar),
          "13541.453",
        ]),
      ),
  },
  {
    name: "MetaTrader 5",
    dialect: "metatrader5",
    extension: "csv",
    write: (bars) =>
      lines(
        [
          ["<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<TICKVOL>", "<VOL>", "<SPREAD>"],
          ...bars.map((bar) => [
            civil(bar.time).slice(0, 10).replaceAll("-", "."),
            civil(bar.time).slice(11),
            ...prices(bar),
            13541,
            0,
            21,
          ]),
        ],
        "\t",
      ),
  },
  {
    name: "BitMEX, stamped at the close",
    dialect: "bitmex",
    extension: "csv",
    write: (bars) =>
      lines([
        ["timestamp", "symbol", ...OHLC, "trades", "volume"],
        ...bars.map((bar) => [iso(bar.time + HOUR), "ETHUSD", ...prices(bar), 1504, 13541]),
      ]),
  },
  {
    name: "Bitstamp as on Kaggle",
    dialect: "bitstamp",
    extension: "csv",
    write: (bars) =>
      lines([
        ["Timestamp", "Open", "High", "Low", "Close", "Volume_(BTC)", "Volume_(Currency)", "Weighted_Price"],
        ...bars.map((bar) => [bar.time, ...prices(bar), "1.5", "2.5", "3.5"]),
      ]),
  },
  {
    name: "Dukascopy",
    dialect: "named",
    extension: "csv",
    write: (bars) =>
      lines([
        ["Gmt time", "Open", "High", "Low", "Close", "Volume"],
        ...bars.map((bar) => [
          `${civil(bar.time).slice(0, 10).split("-").reverse().join(".")} ${civil(bar.time).slice(11)}.000`,
          ...prices(bar),
          1,
        ]),
      ]),
  },
  {
    name: "Stooq",
    dialect: "named",
    extension: "csv",
    write: (bars) =>
      lines([
        ["<TICKER>", "<PER>", "<DATE>", "<TIME>", "<OPEN>", "<HIGH>", "<LOW>", "<CLOSE>", "<VOL>"],
        ...bars.map((bar) => [
          "ETHUSD",
          60,
          civil(bar.time).slice(0, 10).replaceAll("-", ""),
          civil(bar.time).slice(11).replaceAll(":", ""),
          ...prices(bar),
          0,
        ]),
      ]),
  },
  {
    name: "an answer of Kraken's interface",
    dialect: "unnamed",
    extension: "json",
    write: (bars) =>
      JSON.stringify({ error: [], result: { XETHZUSD: bars.map((bar) => [bar.time, ...prices(bar), "1.5", "2.5", 55]), last: 1 } }),
  },
  {
    name: "candles of Bitfinex's interface: open, close, high, low without names",
    dialect: "freqtrade",
    extension: "json",
    write: (bars) =>
      `[${newest(bars)
        .map((bar) => `[${bar.time}000,${[bar.open, bar.close, bar.high, bar.low].map(price).join(",")},1.5]`)
        .join(",")}]`,
  },
  {
    name: "freqtrade",
    dialect: "freqtrade",
    extension: "json",
    write: (bars) => `[${bars.map((bar) => `[${bar.time * 1000}, ${prices(bar).join(", ")}, 13541.45]`).join(", ")}]`,
  },
  {
    name: "candles of Coinbase's interface: low, high, open, close without names",
    dialect: "freqtrade",
    extension: "json",
    write: (bars) =>
      `[${newest(bars)
        .map((bar) => `[${bar.time},${[bar.low, bar.high, bar.open, bar.close].map(price).join(",")},1.5]`)
        .join(",")}]`,
  },
  {
    name: "an answer of Bybit's interface",
    dialect: "unnamed",
    extension: "json",
    write: (bars) =>
      JSON.stringify({
        retCode: 0,
        result: {
          category: "linear",
          symbol: "ETHUSDT",
          list: newest(bars).map((bar) => [String(bar.time * 1000), ...prices(bar), "1.5", "2.5"]),
        },
        time: 1,
      }),
  },
  {
    name: "objects in JSON",
    dialect: "named",
    extension: "json",
    write: (bars) =>
      JSON.stringify(
        bars.map((bar) => ({
          timestamp: iso(bar.time),
          symbol: "ETHUSD",
          open: price(bar.open),
          high: price(bar.high),
          low: price(bar.low),
          close: price(bar.close),
        })),
      ),
  },
  {
    name: "an object a line",
    dialect: "named",
    extension: "json",
    write: (bars) =>
      bars
        .map(
          (bar) =>
            `{"t": ${bar.time}, "c": ${price(bar.close)}, "o": ${price(bar.open)}, "h": ${price(bar.high)}, "l": ${price(bar.low)}}\n`,
        )
        .join(""),
  },
  {
    name: "columns in JSON, as Deribit's charts",
    dialect: "named",
    extension: "json",
    write: (bars) => {
      const list = (of: (bar: Bar) => string | number): string => `[${bars.map(of).join(",")}]`;
      return `{"jsonrpc":"2.0","result":{"volume":${list(() => 1)},"ticks":${list(({ time }) => time * 1000)},"status":"ok","open":${list(({ open }) => price(open))},"low":${list(({ low }) => price(low))},"high":${list(({ high }) => price(high))},"close":${list(({ close }) => price(close))}}}`;
    },
  },
  {
    name: "semicolons and a comma before decimals",
    dialect: "named",
    extension: "csv",
    write: (bars) =>
      lines(
        [
          ["Date", "Open", "High", "Low", "Close"],
          ...bars.map((bar) => [
            iso(bar.time),
            ...prices(bar).map((each) => `${each.includes(".") ? each : `${each}.0`}`.replace(".", ",")),
          ]),
        ],
        ";",
      ),
  },
  {
    name: "close times of a last millisecond",
    dialect: "named",
    extension: "csv",
    write: (bars) => lines([["close_time", ...OHLC], ...bars.map((bar) => [(bar.time + HOUR) * 1000 - 1, ...prices(bar)])]),
  },
  {
    name: "Investing.com",
    dialect: "investing",
    extension: "csv",
    step: DAY,
    write: (bars) =>
      `\uFEFF"Date","Price","Open","High","Low","Vol.","Change %"\n${lines(
        newest(bars).map((bar) => {
          const date = new Date(bar.time * 1000);
          const day = `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2, "0")}, ${date.getUTCFullYear()}`;
          return [day, ...[bar.close, bar.open, bar.high, bar.low].map(grouped), "383.68K", "-8.60%"].map((each) => `"${each}"`);
        }),
      )}`,
  },
  {
    name: "Yahoo",
    dialect: "yahoo",
    extension: "csv",
    step: DAY,
    write: (bars) =>
      lines([
        ["Date", "Open", "High", "Low", "Close", "Adj Close", "Volume"],
        ...bars.map((bar) => [iso(bar.time).slice(0, 10), ...prices(bar), price(bar.close), 82951123]),
      ]),
  },
  {
    name: "CoinMarketCap",
    dialect: "coinmarketcap",
    extension: "csv",
    step: DAY,
    write: (bars) =>
      `\uFEFFtimeOpen;timeClose;timeHigh;timeLow;name;open;high;low;close;volume;marketCap;circulatingSupply;timestamp\n${lines(
        bars.map((bar) => {
          const end = iso(bar.time + DAY - 1).replace(".000", ".999");
          return [`"${iso(bar.time)}"`, `"${end}"`, '""', '""', '"1027"', ...prices(bar), "321802.86179000005", 0, 0, `"${end}"`];
        }),
        ";",
      )}`,
  },
  {
    name: "Deribit's volatility index",
    dialect: "dvol",
    extension: "csv",
    kind: "volatility",
    write: (bars) =>
      lines([
        ["timestamp", "datetime_utc", "date", "hour", "dvol_open", "dvol_high", "dvol_low", "dvol_close"],
        ...bars.map((bar) => [
          bar.time * 1000,
          `${civil(bar.time)} UTC`,
          civil(bar.time).slice(0, 10),
          civil(bar.time).slice(11, 13),
          ...prices(bar),
        ]),
      ]),
  },
  {
    name: "Deribit's volatility index from its interface",
    dialect: "dvol",
    extension: "json",
    kind: "volatility",
    write: (bars) =>
      `{"jsonrpc": "2.0", "result": {"data": [${bars.map((bar) => `[${bar.time * 1000}, ${prices(bar).join(", ")}]`).join(", ")}], "continuation": null}}`,
  },
];

/** A zip archive of files that are stored as they are. */
export function zipOf(files: readonly { readonly name: string; readonly content: Buffer }[]): Buffer {
  const [bodies, directory]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const { name, content } of files) {
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    common.copy(entry, 6);
    entry.writeUInt32LE(offset, 42);
    directory.push(entry, Buffer.from(name));
    const body = Buffer.concat([Buffer.from("504b0304", "hex"), common, Buffer.from(name), content]);
    bodies.push(body);
    offset += body.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, listed, end]);
}
