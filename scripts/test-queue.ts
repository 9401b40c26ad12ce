// npm run test:queue: a sweep over PostgreSQL with workers that are killed and a server that is restarted in the middle (Debian: apt-get install postgresql).
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { answer } from "./lib/answer.ts";
import { startPostgres } from "./lib/postgres.ts";
import { projectRoot } from "./lib/run.ts";

const USAGE = "npm run test:queue: starts a PostgreSQL of its own (initdb and postgres on the PATH, or where Debian puts them)";
const FILES = ["configurations.csv", "configurations.parquet", "figures.csv", "figures.parquet", "sweep.html", "sweep.json"];
const CONFIGURATIONS = 24;
/** Milliseconds after which what has not ended has failed. */
const LONGEST = 180_000;
const SWEEP = [
  "--vary",
  `stake=0.7..1.5:${CONFIGURATIONS / 2}`,
  "vault.rangeMultiple=4,6",
  "--paths",
  "60",
  "--traders",
  "300",
  "--process",
  "kou",
];

function require(what: string, holds: boolean): void {
  process.stdout.write(`${holds ? "✓" : "✗"} ${what}\n`);
  if (!holds) throw new Error(what);
}

type Running = { readonly child: ChildProcess; readonly said: () => string; readonly ended: Promise<number | null> };

function plimsoll(args: readonly string[]): Running {
  const child = spawn(process.execPath, ["scripts/plimsoll.ts", ...args], { cwd: projectRoot, stdio: ["ignore", "pipe", "pipe"] });
  const once = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  return { child, said: () => said, ended: Promise.race([once, pause(LONGEST, null, { ref: false })]) };
}

await answer(USAGE, async () => {
  const postgres = await startPostgres("sweeper");
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-queue-"));
  const url = `postgres://sweeper@127.0.0.1:${postgres.port}/postgres`;
  const running: Running[] = [];
  const start = (args: readonly string[]): Running => {
    const made = plimsoll(args);
    running.push(made);
    return made;
  };
  const worker = (): Running => start(["worker", "--queue", url, "--workers", "1"]);
  const query = async (text: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ connectionString: url });
    client.on("error", () => {});
    try {
      await client.connect();
      return (await client.query(text)).rows;
    } finally {
      await client.end().catch(() => {});
    }
  };
  const results = async (): Promise<number> =>
    Number((await query("SELECT count(*) AS n FROM plimsoll_sweep_result").catch(() => [{ n: 0 }]))[0]?.n);
  const until = async (count: number): Promise<void> => {
    while ((await results()) < count) await pause(50);
  };
  try {
    process.stdout.write(`${postgres.version}\n`);
    const [here, there] = [join(folder, "here"), join(folder, "there")];
    const alone = await start(["sweep", ...SWEEP, "--out", here]).ended;
    require("the sweep is done in one process", alone === 0);

    const began = performance.now();
    const sweep = start(["sweep", ...SWEEP, "--out", there, "--queue", url]);
    const first = worker();
    await until(2);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = worker();
    await until(6);
    await postgres.restart(1_000);
    const third = worker();
    await until(10);
    sweep.child.kill("SIGKILL");
    await sweep.ended;
    const killed = worker();
    await pause(1_500);
    killed.child.kill("SIGKILL");
    const resumed = start(["sweep", ...SWEEP, "--out", there, "--queue", url, "--resume"]);
    const code = await resumed.ended;
    require(`workers killed, the server crashed and the sweep killed: it ends (${Math.round((performance.now() - began) / 1_000)} s)`, code ===
      0);
    for (const name of FILES) require(`${name} has the same bytes`, readFileSync(join(here, name)).equals(readFileSync(join(there, name))));
    const lines = readFileSync(join(there, "results.jsonl"), "utf8").trim().split("\n").slice(1);
    const kept = new Set(lines.map((line) => JSON.parse(line).configuration));
    require("each configuration once", kept.size === CONFIGURATIONS &&
      lines.length === CONFIGURATIONS &&
      (await results()) === CONFIGURATIONS);

    // bars that are replayed go through the database
    const prices = join(folder, "ETH-USD-1h.csv");
    const rows = Array.from(
      { length: 800 },
      (_, i) => `${1_580_515_200 + i * 3_600},${200 + (i % 7)},${209 + (i % 5)},${190 - (i % 3)},${200 + ((i + 1) % 7)},5`,
    );
    writeFileSync(prices, `ts_utc,open,high,low,close,volume\n${rows.join("\n")}\n`);
    const replay = ["sweep", "--vary", "stake=0.8,1", "--paths", "3", "--traders", "30", "--hours", "6", "--prices", prices];
    const replays = await Promise.all([
      start([...replay, "--out", join(folder, "replayed")]).ended,
      start([...replay, "--out", join(folder, "queued"), "--queue", url]).ended,
    ]);
    const figures = ["replayed", "queued"].map((name) => readFileSync(join(folder, name, "figures.csv")));
    require("bars that are replayed come to the workers", replays.every((end) => end === 0) && figures[0]!.equals(figures[1]!));

    // a worker that lies: a result of another configuration under the name of the one that was asked for
    await query("UPDATE plimsoll_sweep_result SET outcome = replace(outcome, configuration, repeat('0', 64))");
    const lied = start(["sweep", ...SWEEP, "--out", join(folder, "lied"), "--queue", url]);
    require("a result of another configuration is refused", (await lied.ended) === 1 &&
      /was given configuration \w+, and answers for 0{64}/.test(lied.said()));

    for (const each of [second, third]) each.child.kill("SIGTERM");
    const ends = await Promise.all([second, third].map(({ ended }) => ended));
    require("workers stop when they are asked to", ends.every((end) => end === 0));
    const nowhere = start(["worker", "--queue", "postgres://sweeper:secret@127.0.0.1:1/postgres"]);
    require("a database that is not there is said without its secret", (await nowhere.ended) === 1 && !nowhere.said().includes("secret"));
    const bad = start(["worker", "--queue", "mysql://x"]);
    require("an address of something else is refused", (await bad.ended) === 2);
    return 0;
  } finally {
    for (const { child } of running) child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
    await postgres.close();
  }
});
