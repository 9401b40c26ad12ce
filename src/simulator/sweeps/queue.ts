import { setTimeout as pause } from "node:timers/promises";
import pRetry from "p-retry";
import type { Pool } from "pg";
import { PgBoss } from "pg-boss";
import { Piscina } from "piscina";
import { BadInput, Failure } from "../../sdk/failure.ts";
import { barsDigest } from "../runs/configuration.ts";
import { THREAD_LIMITS } from "../runs/pathWorker.ts";
import type { Job } from "../runs/scenario.ts";
import type { Configuration, Outcome, Result } from "./outcome.ts";
import { keepOutcome, type OutcomeLog } from "./runSweep.ts";
import { type playTask, SWEEP_WORKER_FILE, type Task } from "./sweepWorker.ts";

const QUEUE = "plimsoll-sweep";

/**
 * What pg-boss is told, each against what it does by itself: it hands out one job every two seconds whatever waits, hands a job out again that takes
 * longer than a quarter of an hour while it still runs, and looks for workers that are gone once a minute.
 */
const TERMS = {
  queue: {
    // one job a configuration, as long as none has been done
    policy: "exclusive",
    retryLimit: 100,
    retryDelay: 1,
    heartbeatSeconds: 10,
    expireInSeconds: 86_000,
    // what is done is in the table of results
    deleteAfterSeconds: 3_600,
  },
  work: { batchSize: 1, pollingIntervalSeconds: 0.5, heartbeatRefreshSeconds: 3 },
  boss: { superviseIntervalSeconds: 2, monitorIntervalSeconds: 2, maintenanceIntervalSeconds: 60 },
} as const;

const TABLES = `
  CREATE TABLE IF NOT EXISTS plimsoll_sweep_result (configuration text, paths integer, outcome text NOT NULL, PRIMARY KEY (configuration, paths));
  CREATE TABLE IF NOT EXISTS plimsoll_sweep_bars (digest text PRIMARY KEY, bars bytea NOT NULL)`;

const POLL = 500;
/** Milliseconds after which what is missing is asked for again, should its job have been given up. */
const ASK_AGAIN = 30_000;
/** A database that restarts is away for some seconds. */
const RETRIES = { retries: 12, minTimeout: 250, maxTimeout: 5_000, factor: 2 } as const;

/** What a job holds: JSON in which bigints are text with an n, for pg-boss throws on them, and stores them as text where it does not. */
interface Message {
  readonly configuration: string;
  readonly paths: number;
  readonly job: string;
  readonly bars?: { readonly digest: string; readonly first?: number | undefined };
}

const encode = (value: unknown): string => JSON.stringify(value, (_, each: unknown) => (typeof each === "bigint" ? `${each}n` : each));
const decode = (text: string): unknown =>
  JSON.parse(text, (_, each: unknown) => (typeof each === "string" && /^-?\d+n$/.test(each) ? BigInt(each.slice(0, -1)) : each));

/** @throws Failure when the database is away for longer than a restart takes */
async function patiently<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await pRetry(ask, RETRIES);
  } catch (error) {
    throw new Failure(
      `the database does not answer: ${(error as Error).message}`,
      "see to it, and run the same command again, a sweep with --resume",
    );
  }
}

interface Queue {
  readonly boss: PgBoss;
  readonly query: (text: string, values?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;
  readonly close: () => Promise<void>;
}

/** @throws BadInput where the address is none; Failure where the database does not answer */
async function openQueue(url: string): Promise<Queue> {
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url))
    throw new BadInput("--queue: is not an address of PostgreSQL", "write postgres://user@host:port/database");
  const { default: pg } = await import("pg");
  const pool: Pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 5_000, keepAlive: true });
  // a connection that breaks while nobody uses it is made anew by the next request
  pool.on("error", () => {});
  const query = async (text: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> => {
    const { rows } = await patiently(() => pool.query(text, [...values]));
    return rows as Record<string, unknown>[];
  };
  try {
    await pool.query(TABLES);
    const boss = new PgBoss({ connectionString: url, max: 4, ...TERMS.boss });
    // what it cannot do while the database is away it does again
    boss.on("error", () => {});
    await boss.start();
    await boss.createQueue(QUEUE, TERMS.queue);
    return {
      boss,
      query,
      close: async () => {
        await boss.stop({ graceful: false }).catch(() => {});
        await pool.end().catch(() => {});
      },
    };
  } catch (error) {
    await pool.end().catch(() => {});
    const said = error instanceof Error ? error.message.replaceAll(url, "the database") : String(error);
    throw new Failure(
      `the queue cannot be opened: ${said || "no answer"}`,
      "is PostgreSQL running there, and may this user create tables?",
    );
  }
}

/**
 * As `runSweep`, but workers play that have joined the queue, on this machine or others.
 * @throws Failure when the database is away for long, a worker answers for another configuration, or the log takes no more
 */
export async function runQueuedSweep(
  url: string,
  configurations: readonly Configuration[],
  paths: number,
  log: OutcomeLog,
  onProgress: (done: number) => void,
): Promise<Result[]> {
  const missing = new Map(configurations.filter(({ hash }) => !log.kept.has(hash)).map((each) => [each.hash, each]));
  const progress = (): void => onProgress(configurations.length - missing.size);
  progress();
  if (missing.size > 0) {
    const { boss, query, close } = await openQueue(url);
    try {
      const [first] = missing.values();
      await storeBars(query, first!.job);
      for (let asked = Number.NEGATIVE_INFINITY; missing.size > 0; await pause(POLL)) {
        if (performance.now() - asked > ASK_AGAIN) {
          // a job that waits or is played is not sent twice
          for (const { hash, job } of missing.values()) {
            const message = messageOf(hash, paths, job);
            await patiently(() => boss.send(QUEUE, message, { singletonKey: `${hash} ${paths}` }));
          }
          asked = performance.now();
        }
        const rows = await query("SELECT configuration, outcome FROM plimsoll_sweep_result WHERE paths = $1 AND configuration = ANY($2)", [
          paths,
          [...missing.keys()],
        ]);
        for (const { configuration, outcome } of rows) {
          const given = missing.get(String(configuration));
          if (given === undefined) continue;
          keepOutcome(log, given, JSON.parse(String(outcome)) as Outcome);
          missing.delete(given.hash);
        }
        progress();
      }
    } finally {
      await close();
    }
  }
  return configurations.map((configuration) => ({ configuration, outcome: log.kept.get(configuration.hash)! }));
}

function messageOf(configuration: string, paths: number, { scenario, parameters, recording }: Job): Message {
  const bars = recording && { digest: barsDigest(recording.bars), first: recording.first };
  return { configuration, paths, job: encode({ scenario, parameters }), ...(bars && { bars }) };
}

async function storeBars(query: Queue["query"], { recording }: Job): Promise<void> {
  if (recording === undefined) return;
  const { bars } = recording;
  await query("INSERT INTO plimsoll_sweep_bars VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    barsDigest(bars),
    Buffer.from(bars.slice().buffer),
  ]);
}

/**
 * Joins the queue: plays what waits, as many configurations at a time as there are threads, until `signal` ends it; what it plays then is played by others.
 * @param onPlayed hears of each configuration that is done
 * @throws Failure when the queue asks for a configuration that is another here: for a different version of the simulator
 */
export async function workQueue(url: string, workers: number, signal: AbortSignal, onPlayed: (count: number) => void): Promise<void> {
  const { boss, query, close } = await openQueue(url);
  const pool = new Piscina<Task, ReturnType<typeof playTask>>({
    filename: SWEEP_WORKER_FILE,
    name: "playTask" satisfies typeof playTask.name,
    minThreads: workers,
    maxThreads: workers,
    workerData: {},
    resourceLimits: THREAD_LIMITS,
  });
  const recordings = new Map<string, Float64Array>();
  const barsOf = async (digest: string): Promise<Float64Array> => {
    const known = recordings.get(digest);
    if (known !== undefined) return known;
    const [row] = await query("SELECT bars FROM plimsoll_sweep_bars WHERE digest = $1", [digest]);
    if (row === undefined) throw new Failure(`the queue has no bars of ${digest}`);
    const bytes = new Uint8Array(row.bars as Buffer);
    const shared = new Float64Array(new SharedArrayBuffer(bytes.length));
    new Uint8Array(shared.buffer).set(bytes);
    recordings.set(digest, shared);
    return shared;
  };
  let played = 0;
  const failed = new Promise<never>((_, reject) => {
    const play = async ({ configuration, paths, job, bars }: Message): Promise<void> => {
      const known = await query("SELECT 1 FROM plimsoll_sweep_result WHERE configuration = $1 AND paths = $2", [configuration, paths]);
      if (known.length > 0) return;
      const recording = bars && { bars: await barsOf(bars.digest), first: bars.first };
      const outcome = await pool.run({ job: decode(job) as Task["job"], paths, recording });
      if (outcome.configuration !== configuration) {
        reject(
          new Failure(
            `configuration ${configuration} is ${outcome.configuration} here: this worker is of another version than the sweep`,
            "run the same version of plimsoll everywhere",
          ),
        );
        throw new Error("another version");
      }
      await query("INSERT INTO plimsoll_sweep_result VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [
        configuration,
        paths,
        JSON.stringify(outcome),
      ]);
      onPlayed(++played);
    };
    boss.work<Message>(QUEUE, { ...TERMS.work, localConcurrency: workers }, async ([first]) => play(first!.data)).catch(reject);
  });
  try {
    await Promise.race([failed, new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }))]);
  } finally {
    await close();
    await pool.destroy();
  }
}
