import { ownerOf } from "../../engine/types/accountId.ts";
import type { AccountId, State } from "../../engine/types/types.ts";
import { figuresOf } from "../../sdk/standing.ts";
import { type Estimate, quantileOf, tailOf } from "../numbers/summary.ts";
import { fundValue, openInterestOf, type PathFigures } from "./figures.ts";
import type { Job } from "./scenario.ts";
import { Settings } from "./setting.ts";

/** A loss of the fund that is not exceeded with some confidence; parts of what it was worth at the beginning. */
export interface TailRisk {
  readonly confidence: number;
  /** The quantile; its interval is that of order statistics. */
  readonly valueAtRisk: Estimate;
  /** The mean of what is beyond it. */
  readonly expectedShortfall: Estimate;
}

/** What two members would leave to the fund if prices leapt and nobody were liquidated on the way; settlement tokens. */
export interface CoverTwo {
  /** The leap in held scan ranges, of every underlying at once; below zero: a fall. */
  readonly leap: number;
  readonly largest: readonly { readonly account: AccountId; readonly loss: number }[];
  readonly two: number;
  /** Of everybody below zero. */
  readonly all: number;
  readonly accounts: number;
}

export interface Cover {
  /** Settlement tokens. */
  readonly fund: number;
  readonly openInterest: number;
  readonly rows: readonly CoverTwo[];
  /** The largest of `two`: what the fund has to hold. */
  readonly needed: number;
}

export const CONFIDENCES = [0.95, 0.99, 0.999] as const;
/** Paths beyond the quantile below which it is not told. */
const LEAST_BEYOND = 5;
/** In held scan ranges: the edge of the scan, its extremes, and once more. */
export const LEAPS = [-3, -2, -1, 1, 2, 3] as const;
const LOWEST = -0.99;
const WHOLE = 1_000_000_000n; // ppb

/** Value at risk and expected shortfall of the fund over paths: of its loss at their ends, and of its largest fall within them. */
export function fundTails(each: readonly Pick<PathFigures, "fundResult" | "fundDrawdown">[]) {
  const tails = (values: readonly number[]): TailRisk[] => {
    const sorted = Float64Array.from(values).sort();
    return CONFIDENCES.filter((confidence) => Math.round(sorted.length * (1 - confidence)) >= LEAST_BEYOND).map((confidence) => ({
      confidence,
      valueAtRisk: quantileOf(sorted, confidence),
      expectedShortfall: tailOf(sorted, confidence),
    }));
  };
  return { loss: tails(each.map(({ fundResult }) => -fundResult)), drawdown: tails(each.map(({ fundDrawdown }) => fundDrawdown)) };
}

/** The vault in which a run began. @throws TypeError, BadInput where the job is none */
export function openingOf(job: Job): State {
  return new Settings(job).of(0).populated.state;
}

/** Everybody's loss beyond what they have, where all prices leap by some held scan ranges at once; the two largest, for each leap. */
export function coverOf(state: State, leaps: readonly number[] = LEAPS): Cover {
  const members = [...state.accounts.keys()].filter((id) => ownerOf(id) !== state.fund);
  const rows = leaps.map((leap): CoverTwo => {
    const leapt = leapBy(state, leap);
    const losses: { account: AccountId; loss: number }[] = [];
    for (const account of members) {
      const { value } = figuresOf(leapt, account);
      if (value < 0n) losses.push({ account, loss: Number(-value) / 1e18 });
    }
    losses.sort((a, b) => b.loss - a.loss);
    const sum = (some: typeof losses): number => some.reduce((total, { loss }) => total + loss, 0);
    const largest = losses.slice(0, 2);
    return { leap, largest, two: sum(largest), all: sum(losses), accounts: losses.length };
  });
  return {
    fund: fundValue(state),
    openInterest: openInterestOf(state),
    rows,
    needed: Math.max(...rows.map(({ two }) => two)),
  };
}

/** All prices moved by `leap` held scan ranges, a fall by 99 % at most. */
function leapBy(state: State, leap: number): State {
  return {
    ...state,
    underlyings: state.underlyings.map((underlying) => {
      const part = Math.max((leap * Number(underlying.heldRange)) / Number(WHOLE), LOWEST);
      return { ...underlying, price: (underlying.price * (WHOLE + BigInt(Math.round(part * Number(WHOLE))))) / WHOLE };
    }),
  };
}
