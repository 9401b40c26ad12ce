import { shedFundOn } from "../../engine/actions/fund.ts";
import type { AccountId } from "../../engine/types/types.ts";
import { planShedding } from "../../keeper/plan.ts";
import { trade } from "../world/population.ts";
import type { World } from "../world/world.ts";
import { type Acts, type Agent, NOTHING, type Sending, type Surroundings, tokens, type View } from "./agent.ts";

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

/** Take what the fund sheds, and the other side of who wants to trade, within their own margin; and hedge it outside, which moves the price. */
export class Makers implements Agent {
  readonly name = "makers";
  private readonly accounts: readonly AccountId[];
  private readonly around: Surroundings;
  private readonly terms: MakerTerms;
  private next = 0;
  private looked = 0;

  constructor(accounts: readonly AccountId[], around: Surroundings, terms: MakerTerms) {
    this.accounts = accounts;
    this.around = around;
    this.terms = terms;
  }

  update({ time }: View): Acts {
    const { state } = this.around.world;
    if (state.underlyings.every(({ fund }) => fund.inventorySince === 0n)) return NOTHING;
    if (time < this.looked + this.terms.pace) return { send: [], wake: this.looked + this.terms.pace };
    this.looked = time;
    const send = planShedding(state, this.accounts).map(({ underlying, taker, fraction }): Sending => {
      const run = (world: World): void => this.take(world, underlying, taker, fraction);
      return { fee: FEE, gas: GAS_OF_SHEDDING, delay: this.terms.latency, run };
    });
    return { send, wake: time + this.terms.pace };
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
    const maker = this.accounts[this.next++ % this.accounts.length]!;
    world.transact((draft) =>
      trade(draft, taker, [{ maker, instrument: BigInt(underlying), lots, price: at, takerFee: 0n, makerFee: 0n }]),
    );
    this.hedge(underlying, -lots, price);
  }

  private take(world: World, underlying: number, taker: AccountId, fraction: bigint): void {
    const held = (): bigint => world.state.accounts.get(taker)?.positions.get(underlying)?.lots ?? 0n;
    const before = held();
    world.transact((draft) => shedFundOn(draft, underlying, taker, fraction, 0n));
    const moved = held() - before;
    const { price } = world.state.underlyings[underlying]!;
    this.around.journal.shed += Math.abs(tokens(moved * price));
    this.hedge(underlying, moved, price);
  }

  /** Sells on the spot market what makers became long of, and buys what they became short of. @param price of a lot, WAD */
  private hedge(underlying: number, lots: bigint, price: bigint): void {
    const amount = -tokens(lots * price) * this.terms.hedged;
    if (amount === 0) return;
    this.around.journal.hedged += Math.abs(amount);
    this.around.journal.slippage += this.around.spots[underlying]!.trade(amount);
  }
}
