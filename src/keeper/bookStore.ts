import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Position, SeriesPosition } from "../engine/types/types.ts";
import { seriesPosition } from "../engine/words/words.ts";
import { BadInput } from "../sdk/failure.ts";
import type { PendingStore } from "../sdk/sender.ts";
import type { Cursor, KnownBooks } from "./memoryBooks.ts";

/** What a keeper keeps between runs. Each function is one transaction of the database. */
export type BookStore = PendingStore & KnownBooks & { readonly close: () => void };

const APPLICATION = 0x506c696d; // "Plim"
const VERSION = 6;
/** So many cursors are remembered: more than a chain goes back. */
const RECENT = 128;

const SCHEMA = `
  CREATE TABLE books (one INTEGER PRIMARY KEY CHECK (one = 1), identity TEXT NOT NULL, block INTEGER, hash TEXT) STRICT;
  CREATE TABLE accounts (id TEXT PRIMARY KEY, cash TEXT NOT NULL, epoch TEXT NOT NULL, exchangeSince TEXT NOT NULL, unread INTEGER NOT NULL, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE positions (account TEXT NOT NULL, underlying INTEGER NOT NULL, lots TEXT NOT NULL, fundingIndex TEXT NOT NULL,
    entryCost TEXT NOT NULL, PRIMARY KEY (account, underlying)) STRICT, WITHOUT ROWID;
  CREATE TABLE seriesPositions (account TEXT NOT NULL, underlying INTEGER NOT NULL, place INTEGER NOT NULL, instrument INTEGER NOT NULL,
    lots TEXT NOT NULL, halvings INTEGER NOT NULL, entryCost TEXT NOT NULL, PRIMARY KEY (account, underlying, place)) STRICT, WITHOUT ROWID;
  CREATE TABLE series (underlying INTEGER NOT NULL, number INTEGER NOT NULL, block INTEGER NOT NULL, PRIMARY KEY (underlying, number)) STRICT, WITHOUT ROWID;
  CREATE TABLE recent (block INTEGER PRIMARY KEY, hash TEXT NOT NULL, touched TEXT NOT NULL) STRICT;
  CREATE TABLE collateral (account TEXT NOT NULL, token INTEGER NOT NULL, amount TEXT NOT NULL, PRIMARY KEY (account, token)) STRICT, WITHOUT ROWID;
  CREATE TABLE pending (sender TEXT NOT NULL, nonce INTEGER NOT NULL, maxFee TEXT NOT NULL, tip TEXT NOT NULL, hashes TEXT NOT NULL,
    sentAt INTEGER NOT NULL, PRIMARY KEY (sender, nonce)) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION};
  PRAGMA user_version = ${VERSION};
`;
const TABLES = ["books", "accounts", "positions", "seriesPositions", "series", "collateral", "pending", "recent"];

type Row = Readonly<Record<string, unknown>>;

/**
 * Opens or creates the database of a keeper; one keeper at a time holds it.
 * @param file a path, or ":memory:" to keep nothing
 * @throws BadInput when the file is another's, or in use
 * @example
 * const store = openBookStore(); // in memory; `openBookStore("keeper.sqlite")` keeps them
 * store.cursor() // undefined
 */
export function openBookStore(file = ":memory:"): BookStore {
  const db = open(file);
  const run = (sql: string, ...values: (string | number | null)[]): void => void db.prepare(sql).run(...values);
  const insertAccount = db.prepare("INSERT INTO accounts VALUES (?, '0', '0', '0', 1, ?) ON CONFLICT (id) DO UPDATE SET unread = 1");
  const replaceAccount = db.prepare(
    "INSERT INTO accounts VALUES (?, ?, ?, ?, 0, 0) ON CONFLICT (id) DO UPDATE SET cash = excluded.cash, epoch = excluded.epoch, exchangeSince = excluded.exchangeSince, unread = 0",
  );
  const insertPosition = db.prepare("INSERT INTO positions VALUES (?, ?, ?, ?, ?)");
  const insertSeriesPosition = db.prepare("INSERT INTO seriesPositions VALUES (?, ?, ?, ?, ?, ?, ?)");
  const insertSeries = db.prepare("INSERT OR IGNORE INTO series VALUES (?, ?, ?)");
  const insertCollateral = db.prepare("INSERT INTO collateral VALUES (?, ?, ?)");
  const dropPositions = db.prepare("DELETE FROM positions WHERE account = ?");
  const dropSeriesPositions = db.prepare("DELETE FROM seriesPositions WHERE account = ?");
  const dropCollateral = db.prepare("DELETE FROM collateral WHERE account = ?");

  const atOnce = (work: () => void): void => {
    db.exec("BEGIN");
    try {
      work();
      db.exec("COMMIT");
    } catch (error) {
      db.exec("ROLLBACK");
      throw error;
    }
  };
  const empty = (): void => {
    for (const table of ["accounts", "positions", "seriesPositions", "series", "collateral", "recent"]) db.exec(`DELETE FROM ${table}`);
    db.exec("UPDATE books SET block = NULL, hash = NULL");
  };

  return {
    claim: (identity) => {
      const known = db.prepare("SELECT identity FROM books").get();
      if (known?.identity === identity) return true;
      atOnce(() => {
        empty();
        // what waited on another chain waits for nothing
        run("DELETE FROM pending");
        run("INSERT OR REPLACE INTO books VALUES (1, ?, NULL, NULL)", identity);
      });
      return known === undefined;
    },
    cursor: () => {
      const row = db.prepare("SELECT block, hash FROM books WHERE block IS NOT NULL").get();
      return row === undefined ? undefined : cursorOf(row);
    },
    accounts: () => {
      const positions = group(db.prepare("SELECT * FROM positions").all(), (row): [number, Position] => [
        Number(row.underlying),
        { lots: integer(row.lots), fundingIndex: integer(row.fundingIndex), entryCost: integer(row.entryCost) },
      ]);
      const series = new Map<string, Map<number, SeriesPosition[]>>();
      for (const row of db.prepare("SELECT * FROM seriesPositions ORDER BY account, underlying, place").all() as Row[]) {
        const held = series.get(String(row.account)) ?? new Map<number, SeriesPosition[]>();
        series.set(String(row.account), held);
        const position = seriesPosition(integer(row.instrument), integer(row.lots), integer(row.halvings), integer(row.entryCost));
        held.set(Number(row.underlying), [...(held.get(Number(row.underlying)) ?? []), position]);
      }
      const collateral = group(db.prepare("SELECT * FROM collateral").all(), (row): [number, bigint] => [
        Number(row.token),
        integer(row.amount),
      ]);
      return (db.prepare("SELECT * FROM accounts WHERE unread = 0").all() as Row[]).map((row) => ({
        id: integer(row.id),
        cash: integer(row.cash),
        moduleDifference: 0n,
        epoch: integer(row.epoch),
        positions: new Map(positions.get(String(row.id))),
        series: series.get(String(row.id)) ?? new Map(),
        collateral: new Map(collateral.get(String(row.id))),
        operators: new Map(),
        exchangeSince: integer(row.exchangeSince),
      }));
    },
    unread: () => (db.prepare("SELECT id FROM accounts WHERE unread = 1").all() as Row[]).map((row) => integer(row.id)),
    series: () =>
      (db.prepare("SELECT * FROM series").all() as Row[]).map((row) => ({
        underlying: Number(row.underlying),
        series: Number(row.number),
      })),
    advance: ({ block, hash }, touched, listed = []) =>
      atOnce(() => {
        const ids = [...touched].map(String);
        for (const id of ids) insertAccount.run(id, block);
        for (const { underlying, series } of listed) insertSeries.run(underlying, series, block);
        run("UPDATE books SET block = ?, hash = ?", block, hash);
        run("INSERT OR REPLACE INTO recent VALUES (?, ?, ?)", block, hash, ids.join(" "));
        run("DELETE FROM recent WHERE block NOT IN (SELECT block FROM recent ORDER BY block DESC LIMIT ?)", RECENT);
      }),
    save: (accounts) =>
      atOnce(() => {
        for (const account of accounts) {
          const id = String(account.id);
          replaceAccount.run(id, String(account.cash), String(account.epoch), String(account.exchangeSince));
          dropPositions.run(id);
          dropSeriesPositions.run(id);
          dropCollateral.run(id);
          for (const [underlying, { lots, fundingIndex, entryCost }] of account.positions) {
            insertPosition.run(id, underlying, String(lots), String(fundingIndex), String(entryCost));
          }
          for (const [underlying, positions] of account.series) {
            for (const [place, { instrument, lots, halvings = 0n, entryCost = 0n }] of positions.entries()) {
              insertSeriesPosition.run(id, underlying, place, Number(instrument), String(lots), Number(halvings), String(entryCost));
            }
          }
          for (const [token, amount] of account.collateral) insertCollateral.run(id, token, String(amount));
        }
      }),
    recent: () => (db.prepare("SELECT block, hash FROM recent ORDER BY block DESC").all() as Row[]).map(cursorOf),
    goBack: (block) =>
      atOnce(() => {
        for (const { touched } of db.prepare("SELECT touched FROM recent WHERE block > ?").all(block) as Row[])
          for (const id of String(touched).split(" ")) if (id !== "") insertAccount.run(id, block);
        // what was first heard of in blocks that are gone
        run("DELETE FROM accounts WHERE since > ?", block);
        run("DELETE FROM series WHERE block > ?", block);
        run("DELETE FROM recent WHERE block > ?", block);
        run("UPDATE books SET (block, hash) = (SELECT block, hash FROM recent WHERE block = ?)", block);
      }),
    empty: () => atOnce(empty),
    pending: (sender) =>
      (db.prepare("SELECT * FROM pending WHERE sender = ? ORDER BY nonce").all(sender) as Row[]).map((row) => ({
        nonce: Number(row.nonce),
        fees: { maxFee: integer(row.maxFee), tip: integer(row.tip) },
        hashes: String(row.hashes).split(" "),
        sentAt: Number(row.sentAt),
      })),
    setPending: (sender, waiting) =>
      atOnce(() => {
        run("DELETE FROM pending WHERE sender = ?", sender);
        for (const { nonce, fees, hashes, sentAt } of waiting)
          run(
            "INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?)",
            sender,
            nonce,
            String(fees.maxFee),
            String(fees.tip),
            hashes.join(" "),
            sentAt,
          );
      }),
    close: () => db.close(),
  };
}

function open(file: string): DatabaseSync {
  const fresh = file === ":memory:" || !existsSync(file);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(file);
    // one keeper a database: the lock is held until it is closed
    db.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN EXCLUSIVE; COMMIT");
    const tables = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.n;
    const [application, version] = ["application_id", "user_version"].map(
      (name) => Object.values(db?.prepare(`PRAGMA ${name}`).get() ?? {})[0],
    );
    if (!fresh && tables !== 0 && application !== APPLICATION)
      throw new BadInput(`${file} is the database of another program`, "name another with --database");
    if (version !== VERSION) {
      // books of an older keeper are read from the chain again
      db.exec(`BEGIN; ${TABLES.map((name) => `DROP TABLE IF EXISTS ${name}`).join("; ")}; ${SCHEMA}; COMMIT`);
    }
    return db;
  } catch (error) {
    db?.close();
    if (error instanceof BadInput) throw error;
    const message = error instanceof Error ? error.message : String(error);
    if (/locked|busy/i.test(message)) throw new BadInput(`${file} is in use by another keeper`, "give each its own with --database");
    throw new BadInput(`${file} cannot be opened as a database: ${message}`);
  }
}

function cursorOf({ block, hash }: Row): Cursor {
  return { block: Number(block), hash: String(hash) };
}

function group<Value>(rows: readonly Row[], entry: (row: Row) => [number, Value]): Map<string, [number, Value][]> {
  const groups = new Map<string, [number, Value][]>();
  for (const row of rows) {
    const account = String(row.account);
    const entries = groups.get(account);
    if (entries === undefined) groups.set(account, [entry(row)]);
    else entries.push(entry(row));
  }
  return groups;
}

function integer(value: unknown): bigint {
  return BigInt(String(value));
}
