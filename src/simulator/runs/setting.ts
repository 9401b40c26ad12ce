import type { PlimsollParameters } from "../../deployment/parameters.ts";
import { postPrice } from "../../engine/actions/prices.ts";
import { transact } from "../../engine/ledger/draft.ts";
import { Reverted } from "../../engine/types/errors.ts";
import { NORMAL, type State } from "../../engine/types/types.ts";
import { standings } from "../../sdk/standing.ts";
import { triggersOf } from "../agents/traders.ts";
import { ln } from "../numbers/portable.ts";
import { Stream } from "../numbers/stream.ts";
import { GarchProcess } from "../prices/garch.ts";
import { JumpDiffusion, kouJumps, mertonJumps } from "../prices/jumps.ts";
import { type PriceProcess, YEAR } from "../prices/process.ts";
import { Replay } from "../prices/replay.ts";
import { freshState } from "../world/freshState.ts";
import { type Populated, populate } from "../world/population.ts";
import { World } from "../world/world.ts";
import { BEGINNING, type Job, OF_A_BAR, type Scenario, WARM_UP } from "./scenario.ts";

/** Where paths begin: a vault with everybody in it. */
export interface Setting {
  readonly world: World;
  readonly populated: Populated;
  readonly triggers: ReturnType<typeof triggersOf>;
  /** Unix seconds. */
  readonly began: number;
  /** By underlying, settlement tokens a unit. */
  readonly prices: readonly number[];
  /** Initial margin of all traders over the notional of their positions. */
  readonly marginOfNotional: number;
}

const MINUTE = 60;

/** Unit prices have eight decimals, as feeds give them; WAD. */
export const unitPrice = (price: number): bigint => BigInt(Math.round(price * 1e8)) * 10n ** 10n;

/** Makes the setting of a path; those of one worker that begin alike share it. */
export class Settings {
  private readonly job: Job;
  private last: { readonly first: number; readonly setting: Setting } | undefined;

  constructor(job: Job) {
    this.job = job;
  }

  of(path: number): Setting {
    const first = this.firstBar(path);
    if (this.last?.first !== first) this.last = { first, setting: settingAt(this.job, first) };
    return this.last.setting;
  }

  /** The process of a path. */
  process(path: number): PriceProcess {
    const { scenario, recording } = this.job;
    if (recording === undefined) return generated(scenario, new Stream(scenario.seed, path, "prices"));
    const first = this.firstBar(path);
    const { bars } = recording;
    const relative = new Float64Array(scenario.steps * 4);
    const opened = bars[first * OF_A_BAR + 1]!;
    for (let i = 0; i < scenario.steps; i++) {
      for (let k = 0; k < 4; k++) relative[4 * i + k] = bars[(first + i) * OF_A_BAR + 1 + k]! / opened;
    }
    return new Replay(relative);
  }

  private firstBar(path: number): number {
    const { scenario, recording } = this.job;
    if (recording === undefined) return 0;
    if (recording.first !== undefined) return recording.first;
    const last = recording.bars.length / OF_A_BAR - scenario.steps;
    return WARM_UP + new Stream(scenario.seed, path, "window").below(last - WARM_UP + 1);
  }
}

function settingAt({ scenario, parameters, recording }: Job, first: number): Setting {
  const began = recording === undefined ? BEGINNING : recording.bars[first * OF_A_BAR]!;
  const prices = scenario.underlyings.map(({ price }) => (recording === undefined ? price : recording.bars[first * OF_A_BAR + 1]!));
  const openings = scenario.underlyings.map(({ symbol, sigma }, u) => ({ symbol, sigma, price: unitPrice(prices[u]!) }));
  const fresh = freshState(parameters as PlimsollParameters, openings, BigInt(began), BigInt(scenario.fundingRate));
  const warm = recording === undefined ? fresh : warmed(fresh, recording.bars, first, prices[0]!);
  const populated = populate(warm, scenario.population, new Stream(scenario.seed, 0, "population"));
  const triggers = triggersOf(populated.state, populated.traders, scenario.traders, new Stream(scenario.seed, 0, "reactions"));
  return { world: new World(populated.state), populated, triggers, began, prices, marginOfNotional: marginOfNotional(populated) };
}

function marginOfNotional({ state, traders }: Populated): number {
  let [margin, notional] = [0n, 0n];
  for (const { figures } of standings(
    state,
    traders.map(({ account }) => account),
  )) {
    margin += figures.margin;
    notional += figures.notional;
  }
  return notional === 0n ? 0 : Number(margin) / Number(notional);
}

/** Posts the closes before the first bar, and the price at which it opens, so that forecast and ranges are what they would have been. */
function warmed(fresh: State, bars: Float64Array, first: number, opening: number): State {
  let state = fresh;
  const post = (price: number, time: number): void => {
    for (const now of [time, time + MINUTE]) {
      state = { ...state, now: BigInt(now) };
      try {
        state = transact(state, (draft) => postPrice(draft, 0, [{ price: unitPrice(price), publishTime: BigInt(now), valid: true }])).state;
      } catch (error) {
        if (!(error instanceof Reverted)) throw error;
      }
      if (state.underlyings[0]!.priceState === NORMAL) return;
    }
  };
  const begin = Math.max(first - WARM_UP, 0);
  const [underlying] = fresh.underlyings;
  const firstTime = bars[begin * OF_A_BAR]!;
  const price = unitPrice(bars[begin * OF_A_BAR + 1]!) / 10n ** underlying!.lotExponent;
  const time = BigInt(firstTime);
  const variance = BigInt(Math.round(realised(bars, begin, first) * 1e10));
  const sample = { price, time, fast: variance, slow: variance, rateTime: time };
  state = { ...fresh, underlyings: [{ ...underlying!, price, priceTime: time, sample, funding: { ...underlying!.funding, time } }] };
  for (let i = begin; i < first; i++)
    post(bars[i * OF_A_BAR + 4]!, Math.min(bars[i * OF_A_BAR]! + 3_600, bars[first * OF_A_BAR]! - 2 * MINUTE));
  const began = bars[first * OF_A_BAR]!;
  post(opening, began - MINUTE);
  // nobody has paid or received funding yet
  const { funding } = state.underlyings[0]!;
  const ready = state.underlyings.map((each) => ({ ...each, funding: { ...funding, index: 0n, time: BigInt(began) } }));
  return { ...state, now: BigInt(began), underlyings: ready };
}

/** Variance a year of the closes of hourly bars: what the slow variance, which forgets half in 45 days, is taken to have been before them. */
function realised(bars: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from + 1; i < to; i++) {
    const move = ln(bars[i * OF_A_BAR + 4]! / bars[(i - 1) * OF_A_BAR + 4]!);
    sum += move * move;
  }
  return to - from < 2 ? 0 : (sum / (to - from - 1)) * (YEAR / 3_600);
}

function generated({ underlyings, process, drift, correlation, step }: Scenario, stream: Stream): PriceProcess {
  const grid = { underlyings: underlyings.length, step, correlation };
  const diffusion = { sigmas: underlyings.map(({ sigma }) => sigma), drift };
  switch (process.kind) {
    case "merton":
      return new JumpDiffusion(stream, grid, diffusion, mertonJumps(process.jumps, process.mean, process.deviation));
    case "kou":
      return new JumpDiffusion(stream, grid, diffusion, kouJumps(process.jumps, process.chanceUp, process.up, process.down));
    case "garch":
      return new GarchProcess(stream, grid, { ...diffusion, ...process });
    default:
      return new JumpDiffusion(stream, grid, diffusion);
  }
}
