import { deleverageOn } from "../../engine/actions/deleverage.ts";
import { topUpFundOn } from "../../engine/actions/fund.ts";
import { waterLineNow } from "../../engine/margin/waterLines.ts";
import { accountIdOf, ownerOf } from "../../engine/types/accountId.ts";
import type { AccountId } from "../../engine/types/types.ts";
import { figuresOf } from "../../sdk/standing.ts";
import { FUND_KEEPER } from "../world/freshState.ts";
import type { World } from "../world/world.ts";
import { type Acts, type Agent, NOTHING, type Sending, type Surroundings, tokens, type View } from "./agent.ts";

/** Who sees to the fund's accounts. */
export interface FundKeeperTerms {
  /** Seconds between what it sees and the first block that may take what it sends. */
  readonly latency: number;
  /** Whether what the fund can no longer bear is closed against those opposite to it. */
  readonly deleveraging: boolean;
  /** Accounts that it names at most in one call. */
  readonly accounts: number;
}

const FEE = 1;
const GAS_OF_A_TOP_UP = 100_000;
const GAS_OF_AN_ACCOUNT = 60_000;
/** Seconds between two looks while the fund is short. */
const PACE = 60;

/** Tops fund accounts up to their margin, and deleverages where the stake gives no more. */
export class FundKeeper implements Agent {
  readonly name = "fund keeper";
  private readonly around: Surroundings;
  private readonly terms: FundKeeperTerms;
  /** By underlying, when it sent last, unix seconds. */
  private readonly sent = new Map<number, number>();

  constructor(around: Surroundings, terms: FundKeeperTerms) {
    this.around = around;
    this.terms = terms;
  }

  update({ time }: View): Acts {
    const { state } = this.around.world;
    const send: Sending[] = [];
    let wake: number | undefined;
    for (const [u, { fund }] of state.underlyings.entries()) {
      if (fund.inventorySince === 0n && !state.shortfalls.has(u)) continue;
      const { equity, margin } = figuresOf(state, fundAccount(state.fund, u));
      if (equity >= margin && !state.shortfalls.has(u)) continue;
      const next = (this.sent.get(u) ?? 0) + PACE;
      wake = Math.min(wake ?? time + PACE, Math.max(next, time + 1));
      if (time < next) continue;
      this.sent.set(u, time);
      send.push({ fee: FEE, gas: GAS_OF_A_TOP_UP, delay: this.terms.latency, run: (world) => this.topUp(world, u) });
      if (this.terms.deleveraging && equity < margin && fund.inventorySince !== 0n) {
        const gas = GAS_OF_A_TOP_UP + this.terms.accounts * GAS_OF_AN_ACCOUNT;
        send.push({ fee: FEE / 2, gas, delay: this.terms.latency, run: (world) => this.deleverage(world, u) });
      }
    }
    return wake === undefined ? NOTHING : { send, wake };
  }

  record(): void {}

  private topUp(world: World, u: number): void {
    world.transact((draft) => topUpFundOn(draft, u));
    this.around.journal.topUps++;
  }

  private deleverage(world: World, u: number): void {
    const { state } = world;
    const { equity, margin } = figuresOf(state, fundAccount(state.fund, u));
    // the top-up before it was enough
    if (equity >= margin) return;
    const accounts = this.opposite(world, u);
    for (const { name, values } of world.transact((draft) => deleverageOn(draft, FUND_KEEPER, u, accounts))) {
      if (name !== "Deleveraged") continue;
      const lots = BigInt(values.lots ?? 0n);
      this.around.journal.deleveraged += tokens((lots < 0n ? -lots : lots) * state.underlyings[u]!.price);
    }
  }

  /** Accounts opposite to the fund that are near the water-line or above it, the highest leverage first, as rough figures have it: the engine decides. */
  private opposite({ state }: World, u: number): AccountId[] {
    const held = state.accounts.get(fundAccount(state.fund, u))?.positions.get(u)?.lots ?? 0n;
    const line = waterLineNow(state, u);
    const level = line === undefined ? Number.POSITIVE_INFINITY : Number(line.level) / 1e18;
    const found: { id: AccountId; leverage: number }[] = [];
    for (const [id, account] of state.accounts) {
      const lots = account.positions.get(u)?.lots ?? 0n;
      if (lots === 0n || held === 0n || lots > 0n === held > 0n || ownerOf(id) === state.fund) continue;
      let [equity, scan] = [Number(account.cash), 0];
      for (const [each, position] of account.positions) {
        const { price, heldRange } = state.underlyings[each]!;
        equity += Number(position.lots * price);
        scan += (Math.abs(Number(position.lots * price)) * Number(heldRange)) / 1e9;
      }
      for (const [token, amount] of account.collateral) {
        const { price, lotExponent } = state.underlyings[Number(state.collaterals[token]!.underlying)]!;
        equity += (Number(amount) / 1e18) * Number(price) * Number(10n ** lotExponent);
      }
      const leverage = equity <= 0 ? Number.POSITIVE_INFINITY : scan / equity;
      if (leverage > 0.8 * level) found.push({ id, leverage });
    }
    found.sort((a, b) => b.leverage - a.leverage || (a.id < b.id ? -1 : 1));
    return found.slice(0, this.terms.accounts).map(({ id }) => id);
  }
}

/** The fund's account of an underlying. */
export const fundAccount = (fund: string, underlying: number): AccountId => accountIdOf(fund, BigInt(underlying) + 1n);
