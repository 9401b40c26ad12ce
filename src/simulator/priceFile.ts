import { readFileSync } from "node:fs";
import { BadInput } from "../sdk/failure.ts";
import type { Bar } from "./bars.ts";

const COLUMNS = ["ts_utc", "open", "high", "low", "close"] as const;
const DECIMAL = /^\d{1,15}(\.\d{1,18})?$/;

/**
 * The hourly bars of a CSV file, of prices or of volatilities in percent, with the columns ts_utc, open, high, low, close and, if wanted, volume; `ts_utc` is the unix second at which the
 * bar starts.
 * @throws BadInput naming the file, the line and what is wrong with it
 */
export function readPriceFile(path: string, kind: "price" | "volatility" = "price"): Bar[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new BadInput(`cannot read the ${kind} file ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  return parsePrices(text, path);
}

/** The bars of the text of a price file; `name` is what errors call it. */
export function parsePrices(text: string, name: string): Bar[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const header = (lines[0] ?? "").split(",").map((cell) => cell.trim());
  if (!COLUMNS.every((column, i) => header[i] === column)) {
    throw new BadInput(`${name}, line 1: the columns must be ${COLUMNS.join(",")},volume, not "${shown(lines[0] ?? "")}"`);
  }
  const bars: Bar[] = [];
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] ?? "";
    if (line.trim() === "") continue;
    const wrong = (what: string): BadInput => new BadInput(`${name}, line ${i + 1}: ${what}`);
    const cells = line.split(",").map((cell) => cell.trim());
    if (cells.length !== header.length) throw wrong(`${header.length} columns expected, ${cells.length} found`);
    const stamp = cells[0] ?? "";
    if (!/^\d{9,10}$/.test(stamp)) throw wrong(`ts_utc "${shown(stamp)}" is not a unix time in seconds`);
    const time = Number(stamp);
    const last = bars.at(-1);
    if (last && time <= last.time) throw wrong(`ts_utc ${time} is not after the line before it (${last.time})`);
    if (time % 3600 !== 0) throw wrong(`ts_utc ${time} is not the start of an hour`);
    const price = (column: number): bigint => {
      const cell = cells[column] ?? "";
      if (!DECIMAL.test(cell)) throw wrong(`${COLUMNS[column]} "${shown(cell)}" is not a decimal number`);
      const value = toWad(cell);
      if (value === 0n) throw wrong(`${COLUMNS[column]} is zero`);
      return value;
    };
    const [open, high, low, close] = [price(1), price(2), price(3), price(4)];
    if (high < open || high < close || high < low) throw wrong(`high ${cells[2]} is below another price of the bar`);
    if (low > open || low > close) throw wrong(`low ${cells[3]} is above another price of the bar`);
    bars.push({ time, open, high, low, close });
  }
  if (bars.length === 0) throw new BadInput(`${name}: no bars`);
  return bars;
}

function toWad(decimal: string): bigint {
  const [whole = "0", part = ""] = decimal.split(".");
  return BigInt(whole + part.padEnd(18, "0"));
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
