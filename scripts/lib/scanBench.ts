import { LiquidationScan } from "../../src/engine/scan/liquidationScan.ts";
import { AccountMap } from "../../src/engine/types/accountMap.ts";
import type { Account, State } from "../../src/engine/types/types.ts";
import { planLiquidations } from "../../src/keeper/plan.ts";
import { scanAccounts, scanState, UNDERLYINGS, withMove } from "./scanPopulation.ts";

/** Milliseconds of one kind of run, several times over. */
export interface Times {
  readonly median: number;
  readonly best: number;
  readonly worst: number;
  readonly mean: number;
}

/** What a scan of one set of accounts took. */
export interface ScanFigures {
  readonly accounts: number;
  /** Everybody judged anew at another price. */
  readonly all: Times;
  /** Megabytes: of everything that the scan holds, and of its typed arrays alone. */
  readonly megabytes: number;
  readonly arrayMegabytes: number;
  /** A move of 0.1 %, up or down, of one price after the other. */
  readonly moved: Times;
  readonly judgedAMove: number; // mean
  readonly below: number;
  /** Of those candidates that the engine found above their line. */
  readonly inVain: number;
  readonly confirmMicroseconds: number; // an account, by the engine
}

function timesOf(samples: readonly number[]): Times {
  const sorted = [...samples].sort((a, b) => a - b);
  const mean = sorted.reduce((sum, each) => sum + each, 0) / sorted.length;
  return { median: sorted[Math.floor(sorted.length / 2)]!, best: sorted[0]!, worst: sorted.at(-1)!, mean };
}

/** Time of the processor, so that what else the machine does is not counted. */
const timed = <T>(run: () => T): { readonly milliseconds: number; readonly result: T } => {
  const started = process.threadCpuUsage();
  const result = run();
  const { user, system } = process.threadCpuUsage(started);
  return { milliseconds: (user + system) / 1_000, result };
};

/** Bytes that are in use, within V8's heap and without. */
function held(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const megabytes = (bytes: number): number => bytes / 1e6;

/** Measures the scan of `count` accounts drawn from `seed`. */
export function measureScan(count: number, withOptions: boolean, seed: number, onProgress: (done: number) => void): ScanFigures {
  const before = held();
  const start = scanState(withOptions);
  const scan = new LiquidationScan();
  const next = scanAccounts(seed, start, withOptions);
  for (let i = 0; i < count; i++) {
    scan.set(next(), start.underlyings);
    if (i % 50_000 === 0) onProgress(i);
  }
  scan.judgeMoved(start);
  const grown = held() - before;

  const all = Array.from(
    { length: 9 },
    (_, i) => timed(() => scan.judgeAll(withMove(start, i % UNDERLYINGS, i % 2 === 0 ? 0.01 : -0.01))).milliseconds,
  );
  let state = start;
  const moves: number[] = [];
  let judged = 0;
  const rounds = withOptions ? 8 : 200;
  for (let i = 0; i < rounds; i++) {
    // a pseudo-random walk of all prices, the same in every run
    state = withMove({ ...state, now: state.now + 1n }, i % UNDERLYINGS, ((i * 2_654_435_761) >>> 7) % 2 === 0 ? 0.001 : -0.001);
    const { milliseconds, result } = timed(() => scan.judgeMoved(state));
    moves.push(milliseconds);
    judged += result.judged;
  }
  const found = scan.judgeMoved(state);
  const confirm = timed(() => scan.below(state, found));
  return {
    accounts: count,
    all: timesOf(all),
    megabytes: megabytes(grown),
    arrayMegabytes: megabytes(scan.bytes),
    moved: timesOf(moves),
    judgedAMove: judged / rounds,
    below: confirm.result.length,
    inVain: found.candidates.length - confirm.result.length,
    confirmMicroseconds: found.candidates.length === 0 ? 0 : (1_000 * confirm.milliseconds) / found.candidates.length,
  };
}

/** Accounts that are objects at one time: a million of them take gigabytes. */
const AT_ONCE = 100_000;

/** Milliseconds of the plain loop of `planLiquidations` over `count` accounts, in parts where they are many. */
export function measurePlain(count: number, seed: number, onProgress: (done: number) => void): number {
  const start = scanState(false);
  const next = scanAccounts(seed, start, false);
  let milliseconds = 0;
  for (let done = 0; done < count; done += AT_ONCE) {
    const drawn: Account[] = Array.from({ length: Math.min(AT_ONCE, count - done) }, next);
    const state: State = { ...withMove(start, 0, -0.01), accounts: new AccountMap(drawn.map((account) => [account.id, account])) };
    milliseconds += timed(() => planLiquidations(state)).milliseconds;
    onProgress(done + drawn.length);
  }
  return milliseconds;
}
