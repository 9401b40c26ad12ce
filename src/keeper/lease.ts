import { randomUUID } from "node:crypto";
import type { Pool, QueryResult } from "pg";
import { BadInput, PassingFailure } from "../sdk/failure.ts";
import type { PendingTransaction, SharedPendingStore } from "../sdk/sender.ts";

/** The lead of several keepers that share a key: one sends, the others follow and are ready. */
export type Lease = SharedPendingStore & {
  /** Whether this keeper leads now; it takes the lead where nobody has it. */
  readonly leads: () => Promise<boolean>;
  /** Gives the lead up, for another to take at once. */
  readonly close: () => Promise<void>;
};

export type LeaseOptions = {
  /** Milliseconds for which the lead is kept without a word: as long as nobody sends after its holder was killed. */
  readonly lasts?: number;
  /** Hears when the lead is taken or lost. */
  readonly onChange?: (leads: boolean) => void;
};

const LASTS = 15_000;

const TABLES = `
  CREATE TABLE IF NOT EXISTS plimsoll_lease (identity text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL);
  CREATE TABLE IF NOT EXISTS plimsoll_pending (identity text PRIMARY KEY, transaction jsonb NOT NULL)`;

/** Whether a database is one of PostgreSQL, by its address. */
export function isPostgres(database: string): boolean {
  return /^postgres(ql)?:\/\//.test(database);
}

/**
 * A lead in a database of PostgreSQL, by whose clock it lasts. Whoever was killed, stopped or cut off loses it when it has not been renewed for a while. A transaction
 * is written down by who leads, before it leaves; the next leader takes the same nonce up, so that of two that a change of leaders let leave one at most is mined.
 * @param identity of what is shared: chain, vault and sender
 * @throws BadInput where the address is none
 * @throws PassingFailure, later, where the database does not answer, or the lead was lost
 * @example postgresLease("postgres://keeper@db.example/keepers", "1 0x…vault 0x…sender")
 */
export async function postgresLease(url: string, identity: string, options: LeaseOptions = {}): Promise<Lease> {
  const { lasts = LASTS, onChange = () => {} } = options;
  if (!URL.canParse(url)) throw new BadInput("--database: is not an address of PostgreSQL");
  const { default: pg } = await import("pg");
  const pool: Pool = new pg.Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: lasts / 3,
    query_timeout: lasts / 3,
    keepAlive: true,
  });
  // a connection that breaks while nobody uses it is made anew by the next request
  pool.on("error", () => {});
  const holder = randomUUID();
  let [made, held] = [false, false];

  const query = async (text: string, values: readonly unknown[] = []): Promise<QueryResult> => {
    try {
      return await pool.query(text, [...values]);
    } catch (error) {
      throw new PassingFailure(`the database does not answer: ${withoutAddress(error, url)}`);
    }
  };
  const told = (leads: boolean): boolean => {
    if (leads !== held) onChange(leads);
    held = leads;
    return leads;
  };
  const leads = async (): Promise<boolean> => {
    try {
      if (!made) await query(TABLES);
      made = true;
      const { rowCount } = await query(
        `INSERT INTO plimsoll_lease (identity, holder, until) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
         ON CONFLICT (identity) DO UPDATE SET holder = excluded.holder, until = excluded.until
         WHERE plimsoll_lease.holder = excluded.holder OR plimsoll_lease.until < clock_timestamp()`,
        [identity, holder, lasts],
      );
      return told(rowCount === 1);
    } catch (error) {
      told(false);
      throw error;
    }
  };
  // a transaction may be waited for longer than the lead lasts
  const renewing = setInterval(() => void (held ? leads().catch(() => {}) : undefined), lasts / 3).unref();

  /** Carries a change out for who leads. */
  const asLeader = async (change: string, values: readonly unknown[]): Promise<void> => {
    const { rows } = await query(
      `WITH leader AS (SELECT 1 FROM plimsoll_lease WHERE identity = $1 AND holder = $2 AND until > clock_timestamp() FOR UPDATE),
       changed AS (${change})
       SELECT count(*)::int AS leaders FROM leader`,
      [identity, holder, ...values],
    );
    if ((rows[0] as { leaders: number }).leaders === 1) return;
    told(false);
    throw new PassingFailure("another keeper leads now: nothing is sent beside it");
  };

  return {
    leads,
    pending: async () => {
      const { rows } = await query("SELECT transaction FROM plimsoll_pending WHERE identity = $1", [identity]);
      // a keeper of before this one kept one transaction, not a list
      return (rows as { transaction: Stored | Stored[] }[]).flatMap(({ transaction }) => transaction).map(fromStored);
    },
    setPending: (_sender, waiting) =>
      waiting.length === 0
        ? asLeader("DELETE FROM plimsoll_pending WHERE identity = $1 AND EXISTS (SELECT 1 FROM leader) RETURNING 1", [])
        : asLeader(
            `INSERT INTO plimsoll_pending (identity, transaction) SELECT $1, $3::jsonb FROM leader
             ON CONFLICT (identity) DO UPDATE SET transaction = excluded.transaction RETURNING 1`,
            [JSON.stringify(waiting.map(toStored))],
          ),
    close: async () => {
      clearInterval(renewing);
      if (held)
        await query("UPDATE plimsoll_lease SET until = clock_timestamp() WHERE identity = $1 AND holder = $2", [identity, holder]).catch(
          () => {},
        );
      await pool.end();
    },
  };
}

type Stored = Omit<PendingTransaction, "fees"> & { readonly fees: { readonly maxFee: string; readonly tip: string } };

function toStored({ fees, ...rest }: PendingTransaction): Stored {
  return { ...rest, fees: { maxFee: fees.maxFee.toString(), tip: fees.tip.toString() } };
}

function fromStored({ fees, ...rest }: Stored): PendingTransaction {
  return { ...rest, fees: { maxFee: BigInt(fees.maxFee), tip: BigInt(fees.tip) } };
}

/** What went wrong, without the address, which may hold a password. */
function withoutAddress(error: unknown, url: string): string {
  const words =
    (error instanceof AggregateError ? (error.errors[0] as Error).message : error instanceof Error ? error.message : String(error)).split(
      "\n",
    )[0] ?? "";
  return words.replaceAll(url, "…").replace(/postgres(ql)?:\/\/\S+/g, "…");
}
