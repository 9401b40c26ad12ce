import { Readable } from "node:stream";
import { Tokenizer, TokenParser } from "@streamparser/json";
import Papa from "papaparse";
import { BadInput } from "../sdk/failure.ts";
import type { Source } from "./source.ts";

/** One row of a table. `line` is the line of a text file, or the number of a row in JSON; `path` where JSON keeps it: result.data, empty at the top. */
export type Row = { readonly line: number; readonly cells: readonly string[]; readonly path?: string };

/** How the rows of a source are told apart. */
export type Layout = { readonly form: "csv"; readonly delimiter: string } | { readonly form: "json" | "json lines" };

/** Called with each row; to answer false ends the reading. */
export type OnRow = (row: Row) => boolean | undefined;

const DELIMITERS = [",", ";", "\t", "|"];
const HEAD_ROWS = 50;
const LONGEST_ROW = 1_000_000;
/** Fewer cells than a time and four prices make no row. */
export const LEAST_CELLS = 5;

/** What a source begins with, at least `least` characters of it where it has them. */
export async function beginning(source: Source, least: number): Promise<string> {
  let text = "";
  for await (const piece of source.text()) {
    text += piece;
    if (text.length >= least) break;
  }
  return text;
}

/** How the rows of a text are told apart, by its beginning. */
export function layoutOf(head: string): Layout {
  if (/^\s*[[{]/.test(head)) return { form: /^\s*([[{].*[\]}])\r?\n\s*[[{]/.test(head) ? "json lines" : "json" };
  const rated = DELIMITERS.map((delimiter) => {
    const { data } = Papa.parse<string[]>(head, { delimiter, preview: HEAD_ROWS });
    return { delimiter, rows: data.filter(({ length }) => length >= LEAST_CELLS).length };
  });
  const best = rated.reduce((most, each) => (each.rows > most.rows ? each : most));
  return { form: "csv", delimiter: best.delimiter };
}

/** Reads the rows of a source one by one. @throws BadInput naming the line where it is no table */
export async function readRows(source: Source, layout: Layout, onRow: OnRow): Promise<void> {
  await (layout.form === "csv" ? readCsv(source, layout.delimiter, onRow) : readJson(source, layout.form, onRow));
}

async function readCsv(source: Source, delimiter: string, onRow: OnRow): Promise<void> {
  let line = 1;
  await new Promise<void>((resolve, reject) => {
    // how much was read since the last whole row
    let pending = 0;
    const pieces = async function* (): AsyncGenerator<string> {
      for await (const piece of source.text()) {
        pending += piece.length;
        yield piece;
      }
    };
    const text = Readable.from(pieces());
    let failure: unknown;
    const settle = (): void => (failure === undefined ? resolve() : reject(failure));
    const take = (rows: readonly string[][]): boolean => {
      for (const cells of rows) {
        const own = line;
        line += 1 + cells.reduce((sum, cell) => sum + (cell.includes("\n") ? cell.split("\n").length - 1 : 0), 0);
        if (cells.every((cell) => cell.trim() === "")) continue;
        if (onRow({ line: own, cells: cells.map((cell) => cell.trim()) }) === false) return false;
      }
      return true;
    };
    Papa.parse<string[]>(text, {
      delimiter,
      chunk: ({ data, errors }, parser) => {
        let more = true;
        try {
          // a quotation mark that is never closed would take all that follows into one cell
          if (data.length > 0) pending = 0;
          if (errors.length > 0 || pending > LONGEST_ROW) {
            throw new BadInput(`${source.name}, line ${line + Math.max(data.length - 1, 0)}: a quotation mark is not closed`);
          }
          more = take(data);
        } catch (error) {
          failure = error;
          more = false;
        }
        // to abort is to complete
        if (!more) parser.abort();
      },
      complete: () => {
        text.destroy();
        settle();
      },
      error: (error: unknown) => {
        failure = error;
        settle();
      },
    });
  });
}

/** Numbers stay the text that they are: as doubles they would lose digits. */
class ExactTokenizer extends Tokenizer {
  protected override parseNumber(text: string): number {
    return text as unknown as number;
  }
}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
const isScalar = (value: Json): value is string | number | boolean | null => value === null || typeof value !== "object";
const cell = (value: Json): string => (value === null || !isScalar(value) ? "" : String(value).trim());

/** Lists of rows, objects, or columns, at the top of the file or up to two names below; or one of them a line. */
const PATHS = { json: ["$.*", "$.*.*", "$.*.*.*"], "json lines": ["$"] };

async function readJson(source: Source, form: keyof typeof PATHS, onRow: OnRow): Promise<void> {
  const tokenizer = new ExactTokenizer({ separator: "" });
  const parser = new TokenParser({ paths: PATHS[form], keepStack: false, separator: "" });
  let line = 0;
  let [ended, failure]: [boolean, unknown] = [false, undefined];
  let names: readonly string[] | undefined;
  const columns = new Map<string, Json[]>();
  const take = (cells: readonly string[], path = ""): void => {
    if (!ended && onRow({ line: Math.max(line, 1), cells, path }) === false) ended = true;
  };
  const takeNamed = (value: { readonly [name: string]: Json }, path: string): void => {
    if (names === undefined) {
      names = Object.keys(value);
      take(names, path);
    }
    line++;
    take(
      names.map((name) => cell(value[name] ?? null)),
      path,
    );
  };
  tokenizer.onToken = (token) => parser.write(token);
  tokenizer.onError = (error) => {
    failure ??= error;
  };
  parser.onError = tokenizer.onError;
  parser.onValue = ({ value, key, stack }) => {
    const element = value as Json;
    if (isScalar(element) || failure !== undefined) return;
    const path = stack.flatMap((each) => (typeof each.key === "string" ? [each.key] : [])).join(".");
    const fields = Object.values(element);
    if (fields.length < LEAST_CELLS || !fields.every(isScalar)) return;
    if (!Array.isArray(element)) {
      if (typeof key !== "string") takeNamed(element, path);
    } else if (typeof key === "string") columns.set(key, element);
    else {
      line++;
      take(element.map(cell), path);
    }
  };
  for await (const piece of source.text()) {
    tokenizer.write(piece);
    if (failure !== undefined || ended) break;
  }
  if (ended) return;
  if (failure === undefined) {
    tokenizer.end();
    parser.end();
  }
  if (failure instanceof BadInput) throw failure;
  if (failure !== undefined) throw new BadInput(`${source.name} is no JSON, or cut off, after row ${line}`);
  if (line === 0 && columns.size >= LEAST_CELLS) {
    const lists = [...columns].filter(([, list]) => list.length === Math.max(...[...columns.values()].map(({ length }) => length)));
    take(lists.map(([name]) => name));
    for (let i = 0; i < (lists[0]?.[1].length ?? 0) && !ended; i++) {
      line++;
      take(lists.map(([, list]) => cell(list[i] ?? null)));
    }
  }
}
