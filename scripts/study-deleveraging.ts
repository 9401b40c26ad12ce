#!/usr/bin/env node
// Whom a shortage is closed against, by a queue, pro rata and by the water-line, on the same accounts; see docs/deleveraging.md.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { printTable } from "../src/cli/output.ts";
import { progressLine } from "../src/cli/progress.ts";
import { parseWad } from "../src/data/decimal.ts";
import { BadInput } from "../src/sdk/failure.ts";
import { answer } from "./lib/answer.ts";
import { type Book, generateAccounts, readAccounts } from "./lib/deleveragingAccounts.ts";
import { runStudy, type Study } from "./lib/deleveragingStudy.ts";

const USAGE =
  "study:deleveraging -- [accounts.csv] [--mark UNDERLYING=PRICE …] [--range PERCENT] [--maintenance PERCENT] [--accounts N] [--underlyings N] [--seed N] [--json]";

const WHOLE = /^\d{1,9}$/;

interface Options {
  readonly file: string | undefined;
  readonly marks: ReadonlyMap<string, bigint>;
  readonly range: bigint; // 18 decimals
  readonly maintenance: bigint;
  readonly accounts: number;
  readonly underlyings: number;
  readonly seed: number;
  readonly json: boolean;
}

function parsed(): { readonly values: Readonly<Record<string, string | boolean | string[] | undefined>>; readonly positionals: string[] } {
  const text = (initial: string) => ({ type: "string", default: initial }) as const;
  try {
    return parseArgs({
      options: {
        mark: { type: "string", multiple: true, default: [] },
        range: text("10"),
        maintenance: text("80"),
        accounts: text("2000"),
        underlyings: text("3"),
        seed: text("1"),
        json: { type: "boolean", default: false },
      },
      strict: true,
      allowPositionals: true,
    });
  } catch (error) {
    throw new BadInput(error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error), USAGE);
  }
}

function options(): Options {
  const { values, positionals } = parsed();
  if (positionals.length > 1) throw new BadInput(`there is one file of accounts, not ${positionals.length}`, USAGE);
  const count = (name: string, most: number, least = 1): number => {
    const value = String(values[name]);
    if (!WHOLE.test(value) || Number(value) > most || Number(value) < least) {
      throw new BadInput(`--${name} is a whole number from ${least} to ${most}, not ${value}`, USAGE);
    }
    return Number(value);
  };
  const percent = (name: string): bigint => {
    const value = parseWad(String(values[name]), "point");
    if (value === undefined || value === "large" || value.value <= 0n || value.value >= 10n ** 20n) {
      throw new BadInput(`--${name} is a percentage above 0 and below 100, not ${values[name]}`, USAGE);
    }
    return value.value / 100n;
  };
  return {
    file: positionals[0],
    marks: new Map((values.mark as string[]).map(markOf)),
    range: percent("range"),
    maintenance: percent("maintenance"),
    accounts: count("accounts", 1_000_000, 2),
    underlyings: count("underlyings", 32),
    seed: count("seed", 999_999_999, 0),
    json: values.json === true,
  };
}

function markOf(text: string): [string, bigint] {
  const [, name = "", price = ""] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const value = parseWad(price, "point");
  if (name === "" || value === undefined || value === "large" || value.value === 0n) {
    throw new BadInput(`--mark is an underlying and its price, such as ETH=1800, not ${text}`, USAGE);
  }
  return [name, value.value];
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new BadInput(`cannot read ${path}`, USAGE);
  }
}

function bookOf({ file, marks, seed, accounts, underlyings }: Options): Book {
  if (file !== undefined) return readAccounts(readFile(file), marks);
  if (marks.size > 0) throw new BadInput("--mark goes with a file of accounts", USAGE);
  return generateAccounts({ seed, accounts, underlyings });
}

/** An amount with two decimals. */
const amount = (wad: bigint): string => (Number(wad) / 1e18).toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const percentage = (part: number): string => `${(100 * part).toFixed(2)} %`;

function print({ accounts, short, shortage, lost, rules }: Study): void {
  console.log(`${accounts} accounts, ${short} of them ${amount(lost)} below zero with positions of ${amount(shortage)}\n`);
  printTable(
    ["rule", "closed", "overshoot", "of the shortage", "profit taken", "largest share", "accounts", "worsened", "uncovered", "seconds"],
    rules.map((row) => [
      row.rule,
      amount(row.closed),
      amount(row.overshoot),
      percentage(row.overshootPart),
      amount(row.profitTaken),
      percentage(row.largestShare),
      String(row.accounts),
      String(row.worsened),
      amount(row.uncovered),
      String(row.seconds),
    ]),
  );
}

/** Amounts as decimal strings of 18 decimals. */
const inJson = (value: unknown): string => JSON.stringify(value, (_, each) => (typeof each === "bigint" ? String(each) : each), 2);

await answer(USAGE, async () => {
  const chosen = options();
  const progress = progressLine();
  progress.show("accounts", 0, 1);
  const book = bookOf(chosen);
  const study = runStudy(book, chosen.range, chosen.maintenance, progress.show);
  progress.end();
  const marks = Object.fromEntries([...book.marks].map(([name, lot]) => [name, lot * 10n ** BigInt(book.lotDecimals)]));
  if (chosen.json) console.log(inJson({ ...(chosen.file === undefined ? { seed: chosen.seed } : {}), marks, ...study }));
  else print(study);
  const waterLine = study.rules.find(({ rule }) => rule === "water-line");
  return waterLine !== undefined && waterLine.overshoot > waterLine.bound ? 1 : 0;
});
