import { postPrice } from "../../src/engine/actions/prices.ts";
import { LiquidationScan } from "../../src/engine/scan/liquidationScan.ts";
import { instrumentNumber } from "../../src/engine/types/instrument.ts";
import type { Account, SeriesPosition, State } from "../../src/engine/types/types.ts";
import { planLiquidations } from "../../src/keeper/plan.ts";
import { seededRandom } from "../../src/simulator/random.ts";
import type { Job } from "../../src/simulator/runs/scenario.ts";
import { Settings, unitPrice } from "../../src/simulator/runs/setting.ts";
import { scanAccounts, scanState, UNDERLYINGS, withMove } from "./scanPopulation.ts";

// What the threads of bench:sim run beside whole paths.

/** Where a thread finds it. */
export const BENCH_WORKER = import.meta.filename;

/** Account-steps and the seconds of processor time of the thread that they took: what else the machine does is not counted. */
export interface Rate {
  readonly steps: number;
  readonly seconds: number;
}

const seconds = (run: () => void): number => {
  const started = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(started);
  return (user + system) / 1e6;
};

const STRIKES = 7;
/** Each of so many underlyings has fourteen instruments: a series of calls and puts. */
const OPTIONS = 20;

/** Accounts with four perpetuals and twenty options, of four underlyings, judged at new prices by the scan, those below the line by the engine. */
export function optionSteps({
  accounts,
  prices,
  seed,
}: {
  readonly accounts: number;
  readonly prices: number;
  readonly seed: number;
}): Rate {
  const state = scanState(true);
  const random = seededRandom(seed);
  const next = scanAccounts(seed, state, false);
  const scan = new LiquidationScan();
  const withOptions = (account: Account): Account => {
    const series = new Map<number, SeriesPosition[]>();
    const underlyings = [...account.positions.keys()];
    for (let i = 0; i < OPTIONS; i++) {
      const u = underlyings[i % underlyings.length]!;
      const held = series.get(u) ?? [];
      const lots = Number(account.positions.get(u)!.lots < 0n ? -account.positions.get(u)!.lots : account.positions.get(u)!.lots);
      const instrument = instrumentNumber({ series: 1n, index: BigInt((held.length * 3 + i) % STRIKES), isCall: held.length % 2 === 0 });
      held.push({
        instrument,
        lots: BigInt(Math.max(1, Math.round((lots / 20) * (0.5 + random.uniform()))) * (held.length % 2 === 0 ? 1 : -1)),
      });
      series.set(u, held);
    }
    return { ...account, series };
  };
  for (let i = 0; i < accounts; i++) scan.set(withOptions(next()), state.underlyings);
  scan.judgeAll(state);
  let steps = 0;
  const spent = seconds(() => {
    for (let i = 0; i < prices; i++) {
      const moved: State = withMove(state, i % UNDERLYINGS, i % 2 === 0 ? 0.01 : -0.01);
      steps += scan.table.size;
      // who is below is sold once, and is not there at the next price
      for (const id of scan.below(moved, scan.judgeAll(moved))) scan.delete(id);
    }
  });
  return { steps, seconds: spent };
}

/** The population of a job, judged by the engine account by account at new prices: what a keeper did before there was a screen. */
export function plainSteps({ job, prices }: { readonly job: Job; readonly prices: number }): Rate {
  const { world, prices: opened } = new Settings(job).of(0);
  const time = Number(world.state.now);
  const at = (i: number): void => {
    world.at(time + 1_200 * (i + 1));
    const publishTime = world.state.now;
    world.transact((draft) => {
      for (const [u, price] of opened.entries()) {
        postPrice(draft, u, [{ price: unitPrice(price * (1 + 0.001 * (i % 20))), publishTime, valid: true }]);
      }
    });
  };
  planLiquidations(world.state);
  const spent = seconds(() => {
    for (let i = 0; i < prices; i++) {
      at(i);
      planLiquidations(world.state);
    }
  });
  return { steps: prices * world.state.accounts.size, seconds: spent };
}
