import { postPrice } from "../../engine/actions/prices.ts";
import { NORMAL } from "../../engine/types/types.ts";
import { figuresOf } from "../../sdk/standing.ts";
import { type Agent, type Surroundings, tokens } from "../agents/agent.ts";
import { Attacker } from "../agents/attacker.ts";
import { Backers } from "../agents/backers.ts";
import { FundKeeper, fundAccount } from "../agents/fundKeeper.ts";
import { Keeper } from "../agents/keeper.ts";
import { Makers } from "../agents/makers.ts";
import { Traders } from "../agents/traders.ts";
import { exp } from "../numbers/portable.ts";
import { Stream } from "../numbers/stream.ts";
import { ImpliedVolatility } from "../prices/impliedVolatility.ts";
import { noMoves } from "../prices/process.ts";
import { runBlock, type Transaction } from "../world/block.ts";
import { Journal } from "../world/journal.ts";
import { KEEPER_NUMBER, partyOf } from "../world/population.ts";
import { Spot } from "../world/spot.ts";
import {
  badDebtOf,
  equityOfTraders,
  fundingRatiosOf,
  fundValue,
  journalFigures,
  openInterestOf,
  type PathFigures,
  type Point,
} from "./figures.ts";
import type { Scenario } from "./scenario.ts";
import { type Settings, unitPrice } from "./setting.ts";

/** A path as it came out. */
export interface PathResult {
  readonly figures: PathFigures;
  readonly points: readonly Point[];
  /** Accounts times prices, and how many of these the screen computed: the rest stood too far from their lines. */
  readonly accountSteps: number;
  readonly judged: number;
}

interface Pending extends Transaction {
  readonly due: number;
}

/** Seconds after which a price that the guard did not believe may be confirmed. */
const CONFIRMATION = 60;
/** Seconds that the vault is watched after the last price, which then stands. */
const AFTERMATH = 1_200;
/** Blocks between two prices in which agents answer one another; nothing needs so many. */
const MOST_BLOCKS = 1_000;

/** Plays one path from its seed: the same whoever plays it, and whatever was played before. */
export function simulatePath(settings: Settings, scenario: Scenario, path: number): PathResult {
  const setting = settings.of(path);
  setting.world.restore();
  return new Path(settings, scenario, path).play();
}

class Path {
  private readonly scenario: Scenario;
  private readonly setting: ReturnType<Settings["of"]>;
  private readonly around: Surroundings;
  private readonly agents: readonly Agent[];
  private readonly backers: Backers;
  private readonly attacker: Attacker | undefined;
  private readonly order: Stream;
  private readonly process: ReturnType<Settings["process"]>;
  private readonly implied: ImpliedVolatility;
  private readonly initialFund: number;
  private pending: Pending[] = [];
  private wake = Number.POSITIVE_INFINITY;
  private fund = 1;
  private highestFund = 1;
  private drawdown = 0;
  private lowest = 1;
  private highest = 1;
  private blocks = 0;
  private last = 0;
  private lastPrice = 1;
  private volatility: number;
  private leastStable = Number.POSITIVE_INFINITY;
  private leastCoverage = Number.POSITIVE_INFINITY;

  constructor(settings: Settings, scenario: Scenario, path: number) {
    const stream = (purpose: string): Stream => new Stream(scenario.seed, path, purpose);
    this.scenario = scenario;
    this.setting = settings.of(path);
    const { world, populated, triggers, began, prices } = this.setting;
    this.process = settings.process(path);
    const spots = scenario.underlyings.map(
      ({ spot }, u) => new Spot({ ...spot, depth: spot.depth * populated.openInterest[u]! }, prices[u]!, began),
    );
    this.around = { world, spots, journal: new Journal(), gas: scenario.gas };
    this.order = stream("order");
    this.implied = new ImpliedVolatility(stream("implied"), scenario.step, scenario.implied);
    this.volatility = scenario.implied.usual;
    const makers = new Makers(populated.makers, this.around, scenario.makers);
    this.backers = new Backers(this.around, scenario.backers, stream("backers"));
    this.attacker = scenario.attacker && new Attacker(this.around, scenario.attacker, makers, began);
    this.agents = [
      ...scenario.keepers.map((terms, i) => {
        const { account } = partyOf(KEEPER_NUMBER + i);
        return new Keeper(`keeper ${i + 1}`, account, this.around, terms, stream(`keeper ${i}`));
      }),
      new FundKeeper(this.around, scenario.fundKeeper),
      makers,
      new Traders(this.around, triggers, makers, scenario.traders),
      this.backers,
      ...(this.attacker === undefined ? [] : [this.attacker]),
    ];
    this.initialFund = fundValue(world.state);
  }

  play(): PathResult {
    const { scenario, setting } = this;
    const { world } = this.around;
    const { watch } = world;
    const [stepsBefore, judgedBefore] = [watch.steps, watch.judged];
    const openInterest = setting.populated.openInterest.reduce((sum, each) => sum + each, 0);
    const capitalEfficiency = this.efficiency();
    const points: Point[] = [];
    const moves = noMoves(scenario.underlyings.length);
    const at = new Float64Array(scenario.underlyings.length);
    for (let step = 0; step < scenario.steps; step++) {
      this.process.next(moves);
      const { close, high, low } = moves;
      const from = setting.began + step * scenario.step;
      // as a bar is walked everywhere here: first to the end against which it closes
      if (scenario.extremes) {
        this.price(from + Math.round(scenario.step / 3), at, (u) => (close[u]! < 0 ? high[u]! : low[u]!));
        this.price(from + Math.round((2 * scenario.step) / 3), at, (u) => (close[u]! < 0 ? low[u]! : high[u]!));
      }
      this.price(from + scenario.step, at, (u) => close[u]!);
      for (let u = 0; u < at.length; u++) at[u]! += close[u]!;
      this.volatility = this.implied.next(close[0]!, this.process.jumps[0]!);
      if ((step + 1) * scenario.points >= (points.length + 1) * scenario.steps) points.push(this.point(openInterest));
    }
    const end = setting.began + scenario.steps * scenario.step + AFTERMATH;
    this.until(end);
    world.at(end);
    return {
      figures: this.figures(openInterest, capitalEfficiency),
      points,
      accountSteps: watch.steps - stepsBefore,
      judged: watch.judged - judgedBefore,
    };
  }

  /** Lets everything happen that is due before a price of the process, and then the block that brings it. */
  private price(time: number, at: Float64Array, moveOf: (u: number) => number): void {
    this.until(time);
    for (const [u, spot] of this.around.spots.entries()) spot.fundamental = this.setting.prices[u]! * exp(at[u]! + moveOf(u));
    this.block(time);
  }

  /** Blocks between two prices of the process, where somebody has sent something or wants to look. */
  private until(end: number): void {
    for (let i = 0; i < MOST_BLOCKS; i++) {
      const due = this.pending.reduce((least, each) => Math.min(least, each.due), this.wake);
      const time = this.onGrid(due);
      if (time >= end) return;
      this.block(time);
    }
  }

  /** The first block from a time on, and one at least after the last. */
  private onGrid(time: number): number {
    const { blockTime } = this.scenario;
    const { began } = this.setting;
    const since = Math.max(time, this.last + 1) - began;
    return began + Math.ceil(since / blockTime) * blockTime;
  }

  private block(time: number): void {
    const { world, spots, journal } = this.around;
    const { scenario, agents } = this;
    this.blocks++;
    this.last = time;
    this.wake = Number.POSITIVE_INFINITY;
    world.at(time);
    for (const spot of spots) spot.at(time);
    this.post(time);
    const suspects = world.suspects();
    this.fund = this.initialFund === 0 ? 0 : fundValue(world.state) / this.initialFund;
    const whole = this.wholeFund();
    this.highestFund = Math.max(this.highestFund, whole);
    this.drawdown = Math.max(this.drawdown, this.highestFund - whole);
    const view = { time, suspects, fund: this.fund };
    for (const [sender, agent] of agents.entries()) {
      const { send, wake } = agent.update(view);
      for (const { delay, ...transaction } of send) this.pending.push({ ...transaction, sender, due: time + delay });
      if (wake !== undefined) this.wake = Math.min(this.wake, wake);
    }
    if (this.pending.length === 0) return;
    const due = this.pending.filter((each) => each.due <= time);
    if (due.length === 0) return;
    this.pending = this.pending.filter((each) => each.due > time);
    const receipts = runBlock(world, due, scenario.block, this.order);
    for (const [sender, agent] of agents.entries()) {
      const own = receipts.filter(({ transaction }) => transaction.sender === sender);
      if (own.length > 0) agent.record(own, time);
    }
    journal.leftOut += receipts.filter(({ outcome }) => outcome === "left out").length;
    // what was done may have left somebody below the line, or moved the spot price
    if (receipts.some(({ outcome }) => outcome === "done")) this.wake = Math.min(this.wake, time + scenario.blockTime);
  }

  /** Posts what the spot markets pay, at the top of the block. */
  private post(time: number): void {
    const { world, spots } = this.around;
    world.transact((draft) => {
      for (const [u, spot] of spots.entries())
        postPrice(draft, u, [{ price: unitPrice(spot.price), publishTime: BigInt(time), valid: true }]);
    });
    if (world.state.underlyings.some(({ priceState }) => priceState !== NORMAL)) this.wake = Math.min(this.wake, time + CONFIRMATION);
    const { price, lotExponent } = world.state.underlyings[0]!;
    const relative = (tokens(price) * Number(10n ** lotExponent)) / this.setting.prices[0]!;
    this.lowest = Math.min(this.lowest, relative);
    this.highest = Math.max(this.highest, relative);
    this.lastPrice = relative;
  }

  /** The fund with what backers were paid, over what it was. */
  private wholeFund(): number {
    return this.initialFund === 0 ? 0 : this.fund + this.around.journal.withdrawn / this.initialFund;
  }

  private efficiency(): number {
    const { state } = this.around.world;
    const equity = equityOfTraders(state, this.setting.populated.makers, fundValue(state));
    return equity <= 0 ? 0 : openInterestOf(state) / equity;
  }

  private point(openInterest: number): Point {
    const { state } = this.around.world;
    const margin = [...state.underlyings.keys()].reduce((sum, u) => sum + figuresOf(state, fundAccount(state.fund, u)).margin, 0n);
    const { stable, coverage } = fundingRatiosOf(state, this.backers.recorded(this.fund, margin));
    this.leastStable = Math.min(this.leastStable, stable);
    this.leastCoverage = Math.min(this.leastCoverage, coverage);
    const lost = tokens(state.deficit + [...state.shortfalls.values()].reduce((sum, each) => sum + each, 0n));
    const settled = tokens(state.settlement);
    return {
      price: this.lastPrice,
      scanRange: Number(state.underlyings[0]!.heldRange) / 1e9,
      fund: this.fund,
      openInterest: openInterest === 0 ? 0 : openInterestOf(state) / openInterest,
      liquidatedAccounts: this.around.journal.liquidated.size / Math.max(this.setting.populated.traders.length, 1),
      paidOfWithdrawals: lost === 0 ? 1 : settled / (settled + lost),
      stableFunding: stable,
      coverage,
      capitalEfficiency: this.efficiency(),
      impliedVolatility: this.volatility,
    };
  }

  private figures(openInterest: number, capitalEfficiency: number): PathFigures {
    const { world, journal } = this.around;
    const badDebt = badDebtOf(world.state, world.suspects());
    return {
      badDebt,
      badDebtOfOpenInterest: openInterest === 0 ? 0 : badDebt / openInterest,
      fundDrawdown: this.drawdown,
      fundResult: this.wholeFund() - 1,
      ...journalFigures(journal, this.setting.populated.traders.length, openInterest),
      attackerProfit: this.attacker?.profit() ?? 0,
      lowestPrice: this.lowest,
      highestPrice: this.highest,
      lastPrice: this.lastPrice,
      marginOfNotional: this.setting.marginOfNotional,
      capitalEfficiency,
      capitalEfficiencyAtEnd: this.efficiency(),
      leastStableFunding: this.leastStable,
      leastCoverage: this.leastCoverage,
      blocks: this.blocks,
    };
  }
}
