import { BadInput } from "../sdk/failure.ts";
import { type Bar, barName, moment } from "./bar.ts";
import type { Field } from "./columnOrder.ts";
import { parseWad } from "./decimal.ts";
import { isEmptyCell } from "./dialects.ts";
import type { Reading } from "./recognise.ts";
import type { Row } from "./rows.ts";
import { shown } from "./source.ts";
import { readStamp } from "./stamps.ts";

/** A row read: a bar, or the time of a row without prices. `rounded` is how many of its prices were. */
export type ReadBar = {
  readonly time: number;
  readonly bar: Bar | undefined;
  readonly rounded: number;
  /** The open was outside low and high, which were widened. */
  readonly widened: boolean;
};

const FIELDS: readonly Field[] = ["open", "high", "low", "close"];
const DAY_MS = 86_400_000;

/**
 * Reads the rows of a file one after the other.
 * @param step seconds from bar to bar
 * @param now unix seconds: nothing is known of later ones
 * @returns a function that throws BadInput with the line where a row cannot be right
 */
export function barReader(name: string, reading: Reading, step: number, now: number): (row: Row) => ReadBar {
  let before: number | undefined;
  return ({ line, cells }) => {
    const wrong = (what: string): BadInput => new BadInput(`${name}, line ${line}: ${what}`);
    // a last cell may be empty
    if (cells.length !== reading.width && !(cells.length === reading.width + 1 && cells.at(-1) === "")) {
      throw wrong(`${reading.width} columns expected, ${cells.length} found`);
    }
    const text = reading.time.map((column) => cells[column] ?? "").join(" ");
    const said = `${reading.names.time} "${shown(text)}"`;
    const stamp = readStamp(text, reading.stampFormat, { zone: reading.zone, before, newestFirst: reading.newestFirst });
    if ("wrong" in stamp) throw wrong(`${said} ${stamp.wrong}`);
    before = stamp.time;
    const end = stamp.time + reading.added;
    if (end % 1000 !== 0) throw wrong(`${said} is not at a whole second`);
    const time = end / 1000 - (reading.stamp === "close" ? step : 0);
    if (time % step !== 0) throw wrong(`${said} is not where one of the ${barName(step)} bars starts`);
    if (end > now * 1000 + DAY_MS) throw wrong(`${said} is in the future: ${moment(time)}`);

    const texts = FIELDS.map((field) => cells[reading.columns[field]] ?? "");
    if (texts.every(isEmptyCell)) return { time, bar: undefined, rounded: 0, widened: false };
    let rounded = 0;
    const [open = 0n, high = 0n, low = 0n, close = 0n] = FIELDS.map((field, i) => {
      const cell = texts[i] ?? "";
      const price = parseWad(cell, reading.style);
      const label = reading.names[field];
      if (price === "large") throw wrong(`${label} ${shown(cell)} has more than 15 digits before the point`);
      if (price === undefined) throw wrong(`${label} "${shown(cell)}" is not a decimal number`);
      if (price.value === 0n) throw wrong(`${label} is zero`);
      if (price.rounded) rounded++;
      return price.value;
    });
    const [most, least] = [open > close ? open : close, open < close ? open : close];
    const price = (field: Field): string => shown(cells[reading.columns[field]] ?? "");
    if (high < low || (reading.dialect.openOutside ? high < close || low > close : high < most || low > least)) {
      if (high < most || high < low) throw wrong(`${reading.names.high} ${price("high")} is below another price of the bar`);
      throw wrong(`${reading.names.low} ${price("low")} is above another price of the bar`);
    }
    const widened = high < most || low > least;
    return { time, bar: { time, open, high: high < most ? most : high, low: low > least ? least : low, close }, rounded, widened };
  };
}
