import { liquidateOn } from "../../engine/actions/liquidate.ts";
import { sliceTerms } from "../../engine/math/slice.ts";
import { AccountMap } from "../../engine/types/accountMap.ts";
import { Reverted } from "../../engine/types/errors.ts";
import { fromPpm, partDown, WAD } from "../../engine/types/fixedPoint.ts";
import type { AccountId } from "../../engine/types/types.ts";
import { type Standing, standings } from "../../sdk/standing.ts";
import type { Stream } from "../numbers/stream.ts";
import type { Receipt } from "../world/block.ts";
import type { World } from "../world/world.ts";
import { type Acts, type Agent, costOf, NOTHING, type Sending, type Surroundings, tokens, type View } from "./agent.ts";

/** How a keeper works. */
export interface KeeperTerms {
  /** Seconds between what it sees and the first block that may take what it sends. */
  readonly latency: number;
  /** Priority fee, gwei. */
  readonly fee: number;
  /** The part of its transactions that never arrive. */
  readonly failure: number;
  /** Gas that it sends for one block, and in one day. */
  readonly gasPerBlock: number;
  readonly gasPerDay: number;
  /** What a liquidation has to leave beyond its gas, settlement tokens. */
  readonly leastProfit: number;
}

// as measured on the contracts (docs/gas.md): fifty in one call, one healthy in it, and the rest of `liquidate.one`
const GAS_OF_A_CALL = 53_000;
const GAS_OF_A_SALE = 19_300;
const GAS_IN_VAIN = 6_700;
/** What it sets aside for each: nobody knows before how much a sale moves. */
const GAS_SET_ASIDE = 60_000;
/** Gas of the largest transaction (EIP-7825 allows 16,777,216). */
const LARGEST = 15_000_000;
const DAY = 86_400;
/** Seconds after which what has not arrived is sent again. */
const GIVEN_UP = 60;

/** Finds accounts below their line, the least healthy first, and sends them in batches as far as its gas reaches. Others may have been faster: then it pays for nothing. */
export class Keeper implements Agent {
  readonly name: string;
  private readonly account: AccountId;
  private readonly around: Surroundings;
  private readonly terms: KeeperTerms;
  private readonly stream: Stream;
  /** Until when it takes an account as being dealt with, unix seconds. */
  private readonly inFlight = new AccountMap<number>();
  private day = 0;
  private left = 0;

  constructor(name: string, account: AccountId, around: Surroundings, terms: KeeperTerms, stream: Stream) {
    this.name = name;
    this.account = account;
    this.around = around;
    this.terms = terms;
    this.stream = stream;
  }

  update({ time, suspects }: View): Acts {
    if (suspects.length === 0) return NOTHING;
    const fresh = suspects.filter((id) => id !== this.account && (this.inFlight.get(id) ?? 0) <= time);
    if (fresh.length === 0) return NOTHING;
    const { world, gas, journal } = this.around;
    const day = Math.floor(time / DAY);
    if (day !== this.day) this.left = this.terms.gasPerDay;
    this.day = day;
    const cost = costOf(GAS_OF_A_SALE, this.terms.fee, gas);
    const below = standings(world.state, fresh)
      .filter(({ figures, least }) => figures.equity < least)
      .sort((a, b) => compare(a.health ?? -WAD, b.health ?? -WAD) || compare(a.account, b.account));
    const paying = below.filter((standing) => rewardOf(world, standing) - cost >= this.terms.leastProfit);
    const room = Math.min(this.terms.gasPerBlock, this.left);
    const most = Math.max(0, Math.floor((room - GAS_OF_A_CALL) / GAS_SET_ASIDE));
    const chosen = paying.slice(0, most);
    journal.passedBy += below.length - chosen.length;
    const atOnce = Math.floor((LARGEST - GAS_OF_A_CALL) / GAS_SET_ASIDE);
    const send: Sending[] = [];
    for (let first = 0; first < chosen.length; first += atOnce) {
      const batch = chosen.slice(first, first + atOnce).map(({ account }) => account);
      for (const id of batch) this.inFlight.set(id, time + this.terms.latency + GIVEN_UP);
      if (this.stream.chance(this.terms.failure)) {
        journal.lost++;
        continue;
      }
      const gasLimit = GAS_OF_A_CALL + batch.length * GAS_SET_ASIDE;
      send.push({ fee: this.terms.fee, gas: gasLimit, delay: this.terms.latency, run: (within) => this.liquidate(within, batch) });
    }
    return { send };
  }

  /** Who was in what came up, or was left out of a full block, may be sent again. */
  record(receipts: readonly Receipt[]): void {
    if (receipts.length > 0) this.inFlight.clear();
  }

  private liquidate(world: World, batch: readonly AccountId[]): void {
    const { journal, gas } = this.around;
    const before = world.state.accounts.get(this.account)?.cash ?? 0n;
    let used = GAS_OF_A_CALL;
    for (const id of batch) {
      const was = world.state.accounts.get(id);
      let fraction = 0n;
      try {
        world.transact((draft) => {
          fraction = liquidateOn(draft, id, this.account);
        });
      } catch (error) {
        if (!(error instanceof Reverted)) throw error;
        used += GAS_IN_VAIN;
        journal.inVain++;
        continue;
      }
      used += GAS_OF_A_SALE;
      const is = world.state.accounts.get(id);
      let notional = 0n;
      for (const [u, { lots }] of was?.positions ?? []) {
        const moved = lots - (is?.positions.get(u)?.lots ?? 0n);
        notional += (moved < 0n ? -moved : moved) * world.state.underlyings[u]!.price;
      }
      journal.sold(id, tokens(notional), fraction === WAD);
    }
    this.left = Math.max(0, this.left - used);
    journal.gas += used;
    journal.keeperGasCost += costOf(used, this.terms.fee, gas);
    journal.keeperReward += tokens((world.state.accounts.get(this.account)?.cash ?? 0n) - before);
  }
}

/** What the sale of an account is expected to pay its keeper, settlement tokens: bounty and share, as `liquidate` has them. */
function rewardOf({ state }: World, { account, figures, maintenance }: Standing): number {
  const { liquidation } = state;
  const { positions, collateral } = state.accounts.get(account)!;
  const slice = sliceTerms(figures, maintenance, liquidation, BigInt(positions.size + collateral.size));
  const share = partDown(
    partDown(partDown(figures.margin, fromPpm(liquidation.discountMin)), fromPpm(liquidation.keeperShare)),
    slice.fraction,
  );
  return tokens(slice.bounty + share);
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
