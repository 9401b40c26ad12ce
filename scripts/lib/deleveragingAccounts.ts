import Papa from "papaparse";
import { parseWad } from "../../src/data/decimal.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { BadInput } from "../../src/sdk/failure.ts";
import { seededRandom } from "../../src/simulator/random.ts";

export interface Position {
  readonly underlying: string;
  readonly lots: bigint; // signed
  readonly entry: bigint; // price of a lot, WAD
}

export interface StudyAccount {
  readonly name: string;
  readonly equity: bigint; // WAD
  readonly positions: readonly Position[];
}

/** Accounts, and how large a lot is. */
export interface Book {
  readonly accounts: readonly StudyAccount[];
  readonly lotDecimals: number; // a lot is 10^-x of the underlying
  readonly marks: ReadonlyMap<string, bigint>; // of a lot, WAD
}

const COLUMNS = ["account", "underlying", "size", "entry", "equity"] as const;
type Row = Readonly<Record<(typeof COLUMNS)[number], string>>;

const MEND = `columns ${COLUMNS.join(", ")}, one row for each position`;
const MOST_DECIMALS = 8;

function signedWad(text: string): bigint | undefined {
  const [, sign = "", rest = ""] = /^([+-]?)(.*)$/.exec(text.trim()) ?? [];
  const parsed = parseWad(rest, "point");
  if (parsed === undefined || parsed === "large" || parsed.rounded) return undefined;
  return sign === "-" ? -parsed.value : parsed.value;
}

function numberIn(row: Row, column: "size" | "entry" | "equity", line: number): bigint {
  return signedWad(row[column]) ?? wrong(line, `${column} "${row[column]}" is no number`);
}

function wrong(line: number, what: string): never {
  throw new BadInput(`line ${line}: ${what}`, MEND);
}

/** The fewest decimals with which all sizes are whole numbers of lots. */
function decimalsOf(sizes: readonly bigint[]): number | undefined {
  for (let decimals = 0; decimals <= MOST_DECIMALS; decimals++) {
    if (sizes.every((size) => size % 10n ** BigInt(18 - decimals) === 0n)) return decimals;
  }
  return undefined;
}

/**
 * Reads accounts of a CSV with the columns account, underlying, size, entry and equity; the equity of an account stands in each of its rows.
 * @param given marks by underlying, of a whole unit, WAD; where one is missing, the mean entry by size stands for it
 * @throws BadInput naming the line
 */
export function readAccounts(text: string, given: ReadonlyMap<string, bigint>): Book {
  const { data, meta } = Papa.parse<Row>(text.replace(/^\uFEFF/, ""), {
    header: true,
    skipEmptyLines: "greedy",
    transformHeader: (name) => name.trim().toLowerCase(),
  });
  const missing = COLUMNS.filter((column) => !meta.fields?.includes(column));
  if (missing.length > 0) throw new BadInput(`the file has no column ${missing.join(", ")}`, MEND);
  if (data.length === 0) throw new BadInput("the file has no accounts", MEND);

  const rows = data.map((row, i) => {
    const line = i + 2;
    const short = COLUMNS.find((column) => (row[column] ?? "").trim() === "");
    if (short !== undefined) wrong(line, `${short} is missing`);
    const [size, entry, equity] = [numberIn(row, "size", line), numberIn(row, "entry", line), numberIn(row, "equity", line)];
    if (size === 0n) wrong(line, "size is zero");
    if (entry <= 0n) wrong(line, `entry "${row.entry}" is not above zero`);
    return { line, account: row.account.trim(), underlying: row.underlying.trim(), size, entry, equity };
  });
  const lotDecimals = decimalsOf(rows.map(({ size }) => size));
  if (lotDecimals === undefined) throw new BadInput(`a size has more than ${MOST_DECIMALS} decimals`, "round the sizes");
  const unknown = [...given.keys()].find((name) => rows.every(({ underlying }) => underlying !== name));
  if (unknown !== undefined) throw new BadInput(`no account holds ${unknown}`, "--mark names an underlying of the file");

  const lotsInUnit = 10n ** BigInt(lotDecimals);
  const lotSize = 10n ** BigInt(18 - lotDecimals);
  const accounts = new Map<string, StudyAccount>();
  for (const { line, account, underlying, size, entry, equity } of rows) {
    const before = accounts.get(account) ?? { name: account, equity, positions: [] };
    if (before.equity !== equity) wrong(line, `${account} has another equity than in an earlier row`);
    if (before.positions.some((each) => each.underlying === underlying)) wrong(line, `${account} holds ${underlying} twice`);
    const position = { underlying, lots: size / lotSize, entry: entry / lotsInUnit };
    accounts.set(account, { ...before, positions: [...before.positions, position] });
  }
  const marks = new Map<string, bigint>();
  for (const name of new Set(rows.map(({ underlying }) => underlying))) {
    const own = rows.filter(({ underlying }) => underlying === name);
    const size = own.reduce((sum, each) => sum + (each.size < 0n ? -each.size : each.size), 0n);
    const cost = own.reduce((sum, each) => sum + (each.size < 0n ? -each.size : each.size) * each.entry, 0n);
    marks.set(name, (given.get(name) ?? cost / size) / lotsInUnit);
  }
  return { accounts: [...accounts.values()], lotDecimals, marks };
}

/** What accounts are generated from. */
export interface Generation {
  readonly seed: number;
  readonly accounts: number;
  readonly underlyings: number;
}

/**
 * Accounts of a crash: margins from a hundred to a million, leverage from one to twelve when they opened, within the last move of an eighth; as much long as
 * short of each underlying.
 */
export function generateAccounts({ seed, accounts, underlyings }: Generation): Book {
  const { uniform, normal } = seededRandom(seed);
  const lotDecimals = 3;
  const marks = new Map(
    Array.from({ length: underlyings }, (_, i) => [`U${i + 1}`, BigInt(Math.round(10 ** (1 + 3 * uniform()) * 1e6)) * 10n ** 9n]),
  );
  const names = [...marks.keys()];
  const sums = new Map<string, bigint>();
  const drawn = Array.from({ length: accounts }, (_, i): StudyAccount => {
    const margin = 10 ** (2 + 4 * uniform() ** 2);
    const held = names.filter((_, k) => k === i % names.length || uniform() < 0.2);
    let gain = 0n;
    const positions = held.flatMap((underlying): Position[] => {
      const mark = marks.get(underlying)!;
      const notional = (margin * (1 + 11 * uniform() ** 2)) / held.length;
      const size = BigInt(Math.max(1, Math.round((notional * 1e18) / Number(mark))));
      const owed = sums.get(underlying) ?? 0n;
      // what keeps the two sides together
      const lots = (owed > 0n ? uniform() < 0.8 : uniform() < 0.2) ? -size : size;
      // the market fell: longs opened higher
      const entry = (mark * BigInt(Math.round(1e6 * (1 + 0.06 + 0.06 * normal())))) / 1_000_000n;
      sums.set(underlying, owed + lots);
      gain += lots * (mark - entry);
      return [{ underlying, lots, entry: entry > 0n ? entry : mark }];
    });
    return { name: `account ${i + 1}`, equity: BigInt(Math.round(margin * 1e6)) * (WAD / 1_000_000n) + gain, positions };
  });
  // one who makes the two sides equal
  const rest = names.flatMap((underlying): Position[] => {
    const lots = -(sums.get(underlying) ?? 0n);
    return lots === 0n ? [] : [{ underlying, lots, entry: marks.get(underlying)! }];
  });
  const worth = rest.reduce((sum, { underlying, lots }) => sum + (lots < 0n ? -lots : lots) * marks.get(underlying)!, 0n);
  return { accounts: rest.length === 0 ? drawn : [...drawn, { name: "maker", equity: worth, positions: rest }], lotDecimals, marks };
}
