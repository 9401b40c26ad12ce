import { shedFundOn } from "../../engine/actions/fund.ts";
import type { AccountId } from "../../engine/types/types.ts";
import { planShedding } from "../../keeper/plan.ts";
import { figuresOf } from "../../sdk/standing.ts";
import { deposit, tokensToWad, trade } from "../world/population.ts";
import type { World } from "../world/world.ts";
import { type Acts, type Agent, NOTHING, type Sending, type Surroundings, tokens, type View } from "./agent.ts";
import { Hedge } from "./hedge.ts";

/** How those who provide liquidity work. */
export interface MakerTerms {
  readonly latency: number;
  /** Seconds between two looks while the fund holds something. */
  readonly pace: number;
  /** Half of what lies between their bid and their offer, a part of the price. */
  readonly halfSpread: number;
  /** The part of what they take over that they sell or buy on the spot market at once. */
  readonly hedged: number;
}

const FEE = 1;
const GAS_OF_SHEDDING = 150_000;
const GAS_OF_A_DEPOSIT = 100_000;
/** The move of a price at which a maker looks at its margin, a part of it, and how much of what it needs it wants to have. */
const WORTH_A_LOOK = 0.01;
const ENOUGH = 1.5;

/** Take what the fund sheds, and the other side of who wants to trade, within their own margin; and hedge it outside, which moves the price. */
export class Makers implements Agent {
  readonly name = "makers";
  private readonly accounts: readonly AccountId[];
  private readonly around: Surroundings;
  private readonly terms: MakerTerms;
  private readonly hedges: readonly Hedge[];
  private readonly seen: number[];
  private next = 0;
  private looked = 0;

  constructor(accounts: readonly AccountId[], around: Surroundings, terms: MakerTerms) {
    this.accounts = accounts;
    this.around = around;
    this.terms = terms;
    this.hedges = accounts.map(() => new Hedge(around.spots));
    this.seen = around.spots.map(({ price }) => price);
  }

  update({ time }: View): Acts {
    const { state } = this.around.world;
    const refills = this.refills();
    if (state.underlyings.every(({ fund }) => fund.inventorySince === 0n)) return refills.length === 0 ? NOTHING : { send: refills };
    if (time < this.looked + this.terms.pace) return { send: refills, wake: this.looked + this.terms.pace };
    this.looked = time;
    const shedding = planShedding(state, this.accounts).map(({ underlying, taker, fraction }): Sending => {
      const run = (world: World): void => this.take(world, underlying, taker, fraction);
      return { fee: FEE, gas: GAS_OF_SHEDDING, delay: this.terms.latency, run };
    });
    return { send: [...refills, ...shedding], wake: time + this.terms.pace };
  }

  record(): void {}

  /**
   * Takes the other side of a trade at the bid or the offer, and hedges it.
   * @param lots that `taker` receives; negative: gives
   * @throws Reverted where no maker can, or the taker may not
   */
  fill(world: World, taker: AccountId, underlying: number, lots: bigint): void {
    const { price } = world.state.underlyings[underlying]!;
    const spread = BigInt(Math.round(this.terms.halfSpread * 1e9));
    const at = (price * (10n ** 9n + (lots > 0n ? spread : -spread))) / 10n ** 9n;
    const number = this.next++ % this.accounts.length;
    const maker = this.accounts[number]!;
    world.transact((draft) =>
      trade(draft, taker, [{ maker, instrument: BigInt(underlying), lots, price: at, takerFee: 0n, makerFee: 0n }]),
    );
    this.hedge(number, underlying, -lots, price);
  }

  /** After a move of the price: gains of a hedge go to the margin of what it hedges, where that is less than half above what it needs. */
  private refills(): Sending[] {
    const { world, spots } = this.around;
    if (spots.every(({ price }, u) => Math.abs(price / this.seen[u]! - 1) < WORTH_A_LOOK)) return [];
    for (const [u, { price }] of spots.entries()) this.seen[u] = price;
    return this.accounts.flatMap((account, number): Sending[] => {
      const { free } = this.hedges[number]!;
      if (free <= 0) return [];
      const { equity, margin } = figuresOf(world.state, account, true);
      const lacking = ENOUGH * tokens(margin) - tokens(equity);
      if (lacking <= 0) return [];
      const amount = Math.floor(Math.min(free, lacking) * 1e6) / 1e6;
      this.hedges[number]!.move(amount);
      const owner = `0x${(account >> 96n).toString(16).padStart(40, "0")}`;
      const run = (within: World): void => void within.transact((draft) => deposit(draft, owner, tokensToWad(amount)));
      return [{ fee: FEE, gas: GAS_OF_A_DEPOSIT, delay: this.terms.latency, run }];
    });
  }

  private take(world: World, underlying: number, taker: AccountId, fraction: bigint): void {
    const held = (): bigint => world.state.accounts.get(taker)?.positions.get(underlying)?.lots ?? 0n;
    const before = held();
    world.transact((draft) => shedFundOn(draft, underlying, taker, fraction, 0n));
    const moved = held() - before;
    const { price } = world.state.underlyings[underlying]!;
    this.around.journal.shed += Math.abs(tokens(moved * price));
    this.hedge(this.accounts.indexOf(taker), underlying, moved, price);
  }

  /** Sells on the spot market what makers became long of, and buys what they became short of. @param price of a lot, WAD */
  private hedge(number: number, underlying: number, lots: bigint, price: bigint): void {
    const amount = -tokens(lots * price) * this.terms.hedged;
    if (amount === 0) return;
    this.around.journal.hedged += Math.abs(amount);
    this.around.journal.slippage += this.hedges[number]!.order(underlying, amount);
  }
}
