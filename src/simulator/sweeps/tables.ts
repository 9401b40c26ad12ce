import { writeFileSync } from "node:fs";
import { type ColumnSource, parquetWriteBuffer } from "hyparquet-writer";
import { csvOf } from "../../report/files.ts";
import type { Distribution } from "../numbers/summary.ts";
import { SIMULATOR_VERSION } from "../runs/configuration.ts";
import type { Result } from "./outcome.ts";

type Type = "STRING" | "INT64" | "DOUBLE";

export interface Column {
  readonly name: string;
  readonly type: Type;
  /** What it holds, and in which unit. */
  readonly meaning: string;
}

/** A table: rows are lists in the order of the columns; what is not there is undefined. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | number | bigint | undefined)[])[];
}

const column = (name: string, type: Type, meaning: string): Column => ({ name, type, meaning });

const KEY = column("configuration", "STRING", "hash of everything that its paths depend on");

/** One row a configuration: what was varied, and whether it could be played. */
export function configurationTable(results: readonly Result[]): Table {
  const names = Object.keys(results[0]?.configuration.values ?? {});
  const stored = Object.keys(results[0]?.configuration.stored ?? {});
  return {
    columns: [
      KEY,
      column("seed", "INT64", "of everything drawn"),
      column("paths", "INT64", "that were played"),
      column("account_steps", "INT64", "accounts times prices at which they were judged"),
      column("refused", "STRING", "why it cannot be played; empty where it was"),
      ...names.map((name) => column(name, "DOUBLE", "as --vary has it, in the unit that plimsoll sweep --list gives")),
      ...stored.map((name) => column(`${name} stored`, "STRING", "the whole number that the vault stores, exact")),
    ],
    rows: results.map(({ configuration: { hash, values, stored: exact, job }, outcome }) => [
      hash,
      BigInt(job.scenario.seed),
      BigInt(outcome.paths),
      "refused" in outcome ? undefined : BigInt(outcome.accountSteps),
      "refused" in outcome ? outcome.refused : undefined,
      ...names.map((name) => values[name]),
      ...stored.map((name) => exact[name]),
    ]),
  };
}

const MEASURES: readonly (readonly [name: string, meaning: string, of: (distribution: Distribution) => number])[] = [
  ["mean", "over the paths", ({ mean }) => mean.value],
  ["mean_low", "lower end of its 95 % interval", ({ mean }) => mean.low],
  ["mean_high", "upper end", ({ mean }) => mean.high],
  ["deviation", "of one path", ({ deviation }) => deviation],
  ["least", "of any path", ({ least }) => least],
  ...[0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99].map(
    (part) =>
      [
        `q${String(part * 100).padStart(2, "0")}`,
        `quantile of ${part * 100} %`,
        ({ quantiles }: Distribution) => quantiles[part]!.value,
      ] as const,
  ),
  ["most", "of any path", ({ most }) => most],
  ["tail95", "mean of the largest twentieth", ({ tails }) => tails["0.95"]!.value],
  ["tail99", "mean of the largest hundredth", ({ tails }) => tails["0.99"]!.value],
  ["tail99_low", "lower end of its 95 % interval", ({ tails }) => tails["0.99"]!.low],
  ["tail99_high", "upper end", ({ tails }) => tails["0.99"]!.high],
  ["above_zero", "part of the paths in which it is above zero", ({ aboveZero }) => aboveZero.value],
  ["above_zero_low", "lower end of its 95 % interval", ({ aboveZero }) => aboveZero.low],
  ["above_zero_high", "upper end", ({ aboveZero }) => aboveZero.high],
];

/** One row a configuration and figure. */
export function figureTable(results: readonly Result[]): Table {
  return {
    columns: [
      KEY,
      column("figure", "STRING", "its name in PathFigures, which says its unit"),
      ...MEASURES.map(([name, meaning]) => column(name, "DOUBLE", meaning)),
    ],
    rows: results.flatMap(({ outcome }) =>
      "refused" in outcome
        ? []
        : Object.entries(outcome.figures).map(([figure, distribution]) => [
            outcome.configuration,
            figure,
            ...MEASURES.map(([, , of]) => of(distribution)),
          ]),
    ),
  };
}

/** Writes a table as `PATH.csv` and `PATH.parquet`, with the same names and order of columns. */
export function writeTable(path: string, { columns, rows }: Table): void {
  const objects = rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? ""])));
  writeFileSync(
    `${path}.csv`,
    `${csvOf(
      objects,
      columns.map(({ name }) => name),
    )}\n`,
  );
  const columnData = columns.map(({ name, type }, i): ColumnSource => ({ name, type, data: rows.map((row) => row[i]) }));
  const kvMetadata = [
    { key: "plimsoll.simulator", value: String(SIMULATOR_VERSION) },
    { key: "plimsoll.columns", value: JSON.stringify(Object.fromEntries(columns.map(({ name, meaning }) => [name, meaning]))) },
  ];
  const made = parquetWriteBuffer({ columnData, kvMetadata, createdBy: "plimsoll" });
  writeFileSync(`${path}.parquet`, new Uint8Array(made));
}
