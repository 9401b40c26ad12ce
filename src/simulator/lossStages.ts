import { abs, WAD } from "../engine/types/fixedPoint.ts";
import type { VaultEvent } from "../keeper/books.ts";
import { formatDecimal } from "../sdk/amounts.ts";

/** In the order in which they lose. */
export const STAGES = ["accounts", "fund account", "top-up from the stake", "taken by others", "deleveraging", "deficit"] as const;

/** A stage of the order of losses as a run came to it. Amounts are decimal strings of settlement tokens. */
export type LossStage = {
  readonly stage: (typeof STAGES)[number];
  /** Unix seconds of the post at which it was first reached; null: never. */
  readonly reached: number | null;
  /** Events of it: sales, payments, top-ups, what was shed, positions closed, additions to the deficit. */
  readonly times: number;
  /** Paid for insolvent accounts, drawn from the stake, conceded beside the mark, added to the deficit; null of accounts and of what others took, which are only counted. */
  readonly amount: string | null;
};

/** A position that was closed against the fund account. */
export type ClosedPosition = {
  readonly time: number;
  readonly account: string;
  /** Signed, as the account held them. */
  readonly lots: string;
  /** Of a lot, and the mark beside it; decimal strings. */
  readonly price: string;
  readonly mark: string;
  /** Where the water-line stood, a leverage. */
  readonly level: string;
};

export type Losses = {
  readonly stages: readonly LossStage[];
  readonly closed: readonly ClosedPosition[];
  readonly accountsClosed: number;
};

/** Takes down which stage of the order of losses was reached when. */
export type LossRecorder = {
  readonly take: (time: number, events: readonly VaultEvent[], mark: bigint) => void;
  readonly losses: () => Losses;
};

type Sum = { reached: number | null; times: number; amount: bigint };

/** @param stake the fund's main account: what it pays for others is drawn from the stake */
export function recordLosses(stake: bigint): LossRecorder {
  const sums = new Map(STAGES.map((stage): [LossStage["stage"], Sum] => [stage, { reached: null, times: 0, amount: 0n }]));
  const closed: ClosedPosition[] = [];
  const add = (stage: LossStage["stage"], time: number, amount: bigint): void => {
    const sum = sums.get(stage);
    if (sum === undefined) return;
    sum.reached ??= time;
    sum.times++;
    sum.amount += amount;
  };
  return {
    take: (time, events, mark) => {
      for (const { name, args } of events) {
        const amount = BigInt((args.amount as bigint | undefined) ?? 0n);
        if (name === "Liquidated") add("accounts", time, 0n);
        else if (name === "ShortfallCovered") add(args.payer === stake ? "top-up from the stake" : "fund account", time, amount);
        else if (name === "FundToppedUp") add("top-up from the stake", time, amount);
        else if (name === "Sold") add("taken by others", time, 0n);
        else if (name === "DeficitAdded") add("deficit", time, amount);
        else if (name === "Deleveraged") {
          const [lots, price, level] = [args.lots as bigint, args.price as bigint, args.level as bigint];
          add("deleveraging", time, abs(lots) * abs(price - mark));
          closed.push({
            time,
            account: String(args.account),
            lots: String(lots),
            price: formatDecimal(price),
            mark: formatDecimal(mark),
            level: formatDecimal(level),
          });
        }
      }
    },
    losses: () => ({
      stages: STAGES.map((stage): LossStage => {
        const { reached, times, amount } = sums.get(stage) ?? { reached: null, times: 0, amount: 0n };
        const hasAmount = stage !== "accounts" && stage !== "taken by others";
        return { stage, reached, times, amount: hasAmount ? formatDecimal(amount) : null };
      }),
      closed,
      accountsClosed: new Set(closed.map(({ account }) => account)).size,
    }),
  };
}

/** Parts of the open interest in a run that exhausts the fund: the stake, what of it counts for the cap of the open interest, and what each market maker brings. */
export const STRESSED = { stake: (4n * WAD) / 100n, drawn: (16n * WAD) / 1_000n, maker: (2n * WAD) / 100n };
