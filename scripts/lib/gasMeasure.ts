import type { Call } from "../../src/sdk/calls.ts";
import type { Party } from "./gasWorld.ts";
/** One transaction of its own, and over how many parts its gas is divided. */
export type Measured = {
  readonly name: string;
  /** None where code was measured from within. */
  readonly hash?: string;
  readonly gas: number;
  readonly parts: number;
  /** A view, sent as a transaction whose base and calldata do not count. */
  readonly view: boolean;
};

/** What the transaction must have done, by events of the vault: a figure of something that was skipped would be no figure. */
export type Expected = Readonly<Record<string, number>>;

export type Measure = {
  (name: string, call: Call, expected: Expected, parts?: number): Promise<void>;
  readonly view: (name: string, call: Call) => Promise<void>;
  readonly pure: (name: string, gas: number) => Promise<void>;
};

export type Funding = (party: Party, amount: bigint, token?: number) => Call[];

/** A market maker that takes the other side of whatever the set-up needs. */
export type House = {
  readonly party: Party;
  /** Calls in which each of `takers` trades `lots` with the house. */
  readonly against: (
    takers: readonly { readonly taker: Party; readonly lots: bigint }[],
    underlying: number,
    long: boolean,
  ) => Promise<Call[]>;
};
