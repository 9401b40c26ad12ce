import { executeOn } from "../../engine/actions/execute.ts";
import { accountIdOf } from "../../engine/types/accountId.ts";
import { type RecordedStake, SETTLEMENT } from "../../engine/types/types.ts";
import type { Stream } from "../numbers/stream.ts";
import type { World } from "../world/world.ts";
import { type Acts, type Agent, NOTHING, type Sending, type Surroundings, tokens, type View } from "./agent.ts";

/** How long backers stand by. */
export interface BackerTerms {
  readonly count: number;
  /** The draw-down of the fund at which one leaves, on average; exponential. */
  readonly nerve: number;
  /** Seconds. */
  readonly coolDown: number;
}

const FEE = 1;
const GAS = 250_000;
/** Seconds from the claim to when it is payable. */
const CLAIM = 3_600;

interface Backer {
  /** Of all shares that there were. */
  readonly part: number;
  readonly nerve: number;
  /** Unix seconds at which it may be paid; zero while it stays. */
  leaves: number;
  /** What the part was worth at the claim, settlement tokens. */
  claimed: number;
  gone: boolean;
}

/** Stakers of the fund with equal parts who ask for theirs back when the fund has fallen by more than they can bear. They are paid the lower of two values. */
export class Backers implements Agent {
  readonly name = "backers";
  private readonly around: Surroundings;
  private readonly terms: BackerTerms;
  private readonly backers: readonly Backer[];
  private readonly initial: number;
  private highest = 1;

  constructor(around: Surroundings, terms: BackerTerms, stream: Stream) {
    this.around = around;
    this.terms = terms;
    this.initial = tokens(mainCash(around.world));
    this.backers = Array.from({ length: terms.count }, () => {
      return { part: 1 / terms.count, nerve: terms.nerve * stream.exponential(), leaves: 0, claimed: 0, gone: false };
    });
  }

  update({ time, fund }: View): Acts {
    // of a share: what others are paid takes nothing from who stays
    const left = this.left();
    const share = left === 0 ? 0 : fund / left;
    this.highest = Math.max(this.highest, share);
    const fallen = 1 - share / this.highest;
    let wake: number | undefined;
    const send: Sending[] = [];
    for (const backer of this.backers) {
      if (backer.gone) continue;
      if (backer.leaves === 0) {
        if (fallen <= backer.nerve) continue;
        backer.leaves = time + this.terms.coolDown + CLAIM;
        backer.claimed = backer.part * share * this.initial;
        this.around.journal.backersCooling++;
      }
      if (time < backer.leaves) {
        wake = Math.min(wake ?? backer.leaves, backer.leaves);
        continue;
      }
      backer.gone = true;
      const amount = Math.min(backer.claimed, backer.part * share * this.initial);
      send.push({ fee: FEE, gas: GAS, delay: 0, run: (world) => this.pay(world, amount) });
    }
    return send.length === 0 && wake === undefined ? NOTHING : { send, wake };
  }

  record(): void {}

  /** What the fund would have recorded of itself for the ratios. @param margin of its accounts, WAD */
  recorded(fund: number, margin: bigint): RecordedStake {
    const wad = (amount: number): bigint => BigInt(Math.round(Math.max(amount, 0) * 1e6)) * 10n ** 12n;
    const left = this.left();
    const value = left === 0 ? 0 : (fund / left) * this.initial;
    const staying = this.backers.filter(({ leaves, gone }) => leaves === 0 && !gone);
    const cooling = this.backers.filter(({ leaves, gone }) => leaves !== 0 && !gone);
    return {
      stake: wad(staying.reduce((sum, { part }) => sum + part, 0) * value),
      cooling: cooling.map(({ part, leaves }) => ({ amount: wad(part * value), maturity: BigInt(leaves) })),
      coolDown: BigInt(this.terms.coolDown),
      margin,
      poolBound: 0n,
      poolRequested: 0n,
    };
  }

  /** Shares that have not been paid, as a part of all that there were. */
  private left(): number {
    return this.backers.reduce((sum, { part, gone }) => (gone ? sum : sum + part), 0);
  }

  private pay(world: World, wanted: number): void {
    const amount = Math.min(wanted, Math.max(tokens(mainCash(world)), 0));
    const unit = 10n ** (18n - world.state.settlementDecimals);
    const units = (BigInt(Math.floor(amount * 1e6)) * 10n ** 12n) / unit;
    if (units === 0n) return;
    const { fund } = world.state;
    const action = { kind: "Withdraw", account: accountIdOf(fund), token: SETTLEMENT, amount: units, to: fund } as const;
    world.transact((draft) => void executeOn(draft, fund, [action], {}));
    this.around.journal.withdrawn += amount;
  }
}

const mainCash = ({ state }: World): bigint => state.accounts.get(accountIdOf(state.fund))?.cash ?? 0n;
