// What is known of the files that people hold beyond what can be seen in them. Columns, delimiters, stamps, units and bars are recognised in any file; a dialect adds a name and
// the facts that the file does not tell. A new dialect is a new entry here.

export type Kind = "price" | "volatility";

export type Dialect = {
  /** What `--format` takes. */
  readonly name: string;
  /** What it is, in words. */
  readonly from: string;
  /** Names of columns as they stand, from the first on, in any of these ways; written as `columnName` writes them. */
  readonly begins?: readonly (readonly string[])[];
  /** Names of columns that are all there, anywhere. */
  readonly has?: readonly (readonly string[])[];
  /** A file without names: how many columns, whether stamps are numbers or text, and in JSON where the rows are. */
  readonly unnamed?: { readonly width: number; readonly stamps?: "numbers" | "text"; readonly path?: string };
  /** Where it is not prices. */
  readonly kind?: Kind;
  /** Commas stand between thousands. */
  readonly numbers?: "point";
  /** Bars carry the moment at which they end. */
  readonly stamp?: "close";
  /** Bars in which nothing was traded are left out. */
  readonly quiet?: true;
  /** A bar opens at the last close, which need not lie between its low and its high. */
  readonly openOutside?: true;
  /** What cannot be read: why, and what to give instead. */
  readonly refused?: string;
};

const PRICES = ["open", "high", "low", "close"];

/** The first that fits is taken. */
export const DIALECTS: readonly Dialect[] = [
  {
    name: "trades",
    from: "a list of trades",
    has: [
      ["price", "amount", "side"],
      ["price", "size", "side"],
      ["price", "qty", "time"],
      ["price", "quantity", "timestamp"],
      ["price", "volume", "side"],
    ],
    refused: "holds trades, not bars: give bars of a minute to a day",
  },
  {
    name: "quotes",
    from: "a list of quotes",
    has: [
      ["bid", "ask"],
      ["bidprice", "askprice"],
      ["bidpx", "askpx"],
    ],
    refused: "holds quotes, not bars: give bars of a minute to a day",
  },
  { name: "own", from: "the project's own", begins: [["tsutc", ...PRICES]] },
  {
    name: "cryptodatadownload",
    from: "CryptoDataDownload",
    begins: [
      ["unix", "date", "symbol", ...PRICES],
      ["unixtimestamp", "date", "symbol", ...PRICES],
      ["date", "symbol", ...PRICES],
    ],
  },
  { name: "coinbase", from: "Coinbase candles", begins: [["time", "low", "high", "open", "close"]] },
  { name: "yfinance", from: "yfinance", begins: [["price", "close", "high", "low", "open"]] },
  { name: "yahoo", from: "Yahoo Finance", begins: [["date", ...PRICES, "adjclose"]] },
  { name: "investing", from: "Investing.com", begins: [["date", "price", "open", "high", "low"]], numbers: "point" },
  { name: "metatrader5", from: "MetaTrader 5", begins: [["date", "time", ...PRICES, "tickvol"]] },
  {
    name: "bitmex",
    from: "BitMEX, bucketed trades",
    begins: [["timestamp", "symbol", ...PRICES, "trades", "volume"]],
    stamp: "close",
    openOutside: true,
  },
  {
    name: "bitstamp",
    from: "Bitstamp minutes as on Kaggle",
    has: [["timestamp", ...PRICES, "weightedprice"]],
    quiet: true,
  },
  { name: "coinmarketcap", from: "CoinMarketCap", begins: [["timeopen", "timeclose", "timehigh", "timelow"]] },
  {
    name: "dvol",
    from: "Deribit's volatility index",
    has: [["timestamp", "dvolopen", "dvolhigh", "dvollow", "dvolclose"]],
    unnamed: { width: 5, stamps: "numbers", path: "result.data" },
    kind: "volatility",
  },
  { name: "tradingview", from: "TradingView", begins: [["time", ...PRICES]] },
  {
    name: "binance",
    from: "Binance klines",
    begins: [["opentime", ...PRICES, "volume", "closetime"]],
    unnamed: { width: 12, stamps: "numbers" },
  },
  { name: "kraken", from: "Kraken OHLCVT", unnamed: { width: 7, stamps: "numbers", path: "" }, quiet: true },
  { name: "metatrader4", from: "MetaTrader 4, or a file like its", unnamed: { width: 6, stamps: "text" } },
  { name: "freqtrade", from: "rows as freqtrade and ccxt write them", unnamed: { width: 6, stamps: "numbers", path: "" } },
];

/** Where no dialect fits: the columns are found by their names, or by what is true of bars. */
export const NAMED: Dialect = { name: "named", from: "columns by their names" };
export const UNNAMED: Dialect = { name: "unnamed", from: "no names: a time, then four prices" };

export const FORMATS: readonly string[] = [...DIALECTS.filter(({ refused }) => refused === undefined), NAMED, UNNAMED].map(
  ({ name }) => name,
);

/** The dialect that `--format` names. */
export function dialectNamed(name: string): Dialect | undefined {
  return [...DIALECTS, NAMED, UNNAMED].find((each) => each.name === name);
}

/** What a file shows of itself. `names` are those of its columns, where it has any. */
export type Shape = {
  readonly names: readonly string[] | undefined;
  readonly width: number;
  readonly stamps: "numbers" | "text";
  readonly path: string;
};

/** Whether a file can be of a dialect. */
export function fits(dialect: Dialect, { names, width, stamps, path }: Shape): boolean {
  if (dialect === NAMED) return names !== undefined;
  if (dialect === UNNAMED) return names === undefined;
  if (names !== undefined) {
    return (
      (dialect.begins?.some((begin) => begin.every((name, i) => names[i] === name)) ?? false) ||
      (dialect.has?.some((all) => all.every((name) => names.includes(name))) ?? false)
    );
  }
  const { unnamed } = dialect;
  return (
    unnamed !== undefined &&
    unnamed.width === width &&
    (unnamed.stamps ?? stamps) === stamps &&
    (unnamed.path === undefined || unnamed.path === path)
  );
}

/** The dialect of a file. */
export function dialectOf(shape: Shape): Dialect {
  return DIALECTS.find((dialect) => fits(dialect, shape)) ?? (shape.names === undefined ? UNNAMED : NAMED);
}

/** A name of a column as it is compared: letters and digits, lower-case, without what stands in brackets. */
export function columnName(cell: string): string {
  return cell
    .toLowerCase()
    .replace(/\(.*?\)/g, "")
    .replace(/[^a-z0-9]/g, "");
}

/** What columns are called, the surest name first. */
export const COLUMN_NAMES = {
  time: [
    "timeopen",
    "opentime",
    "tsutc",
    "unix",
    "unixtimestamp",
    "unixtime",
    "startat",
    "starttime",
    "timestamp",
    "ts",
    "time",
    "datetime",
    "datetimeutc",
    "dateutc",
    "gmttime",
    "localtime",
    "date",
    "t",
    "ticks",
    "start",
    "begin",
    "period",
    "index",
    "closetime",
    "timeclose",
    "endtime",
  ],
  open: ["open", "o", "openprice", "priceopen", "first", "1open"],
  high: ["high", "h", "highprice", "pricehigh", "max", "2high"],
  low: ["low", "l", "lowprice", "pricelow", "min", "3low"],
  close: ["close", "c", "closeprice", "closingprice", "priceclose", "last", "closelast", "4close", "price"],
  volume: ["volume", "vol", "v", "volumefrom", "basevolume", "tickvol"],
} as const;

/** What stands where there is no price. */
export function isEmptyCell(cell: string): boolean {
  return cell === "" || /^(nan|null|none|n\/?a|nil|-|#n\/a)$/i.test(cell);
}
