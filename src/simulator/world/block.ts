import { Reverted } from "../../engine/types/errors.ts";
import type { Stream } from "../numbers/stream.ts";
import type { World } from "./world.ts";

/** What an agent wants done. */
export interface Transaction {
  /** Index of the agent that sent it. */
  readonly sender: number;
  /** Priority fee, gwei. */
  readonly fee: number;
  readonly gas: number;
  /** Carries it out; what it throws as `Reverted` is a failed transaction. */
  readonly run: (world: World) => void;
}

export type Outcome = "done" | "reverted" | "left out";

/** What became of a transaction. */
export interface Receipt {
  readonly transaction: Transaction;
  readonly outcome: Outcome;
  /** Of the vault, where it reverted. */
  readonly error?: string;
}

/** How blocks are made. */
export interface BlockTerms {
  readonly order: "fee" | "random";
  /** Gas of what agents send that fits in. */
  readonly gas: number;
}

/** The order in which a block takes transactions: the highest fee first, and among equals, or always, drawn. */
export function ordered(transactions: readonly Transaction[], order: BlockTerms["order"], stream: Stream): Transaction[] {
  if (transactions.length < 2) return [...transactions];
  const drawn = transactions.map((transaction) => ({ transaction, lot: stream.uniform() }));
  drawn.sort((a, b) => (order === "fee" ? b.transaction.fee - a.transaction.fee : 0) || a.lot - b.lot);
  return drawn.map(({ transaction }) => transaction);
}

/** Carries out what fits into a block, in its order. */
export function runBlock(world: World, transactions: readonly Transaction[], terms: BlockTerms, stream: Stream): Receipt[] {
  let left = terms.gas;
  return ordered(transactions, terms.order, stream).map((transaction): Receipt => {
    if (transaction.gas > left) return { transaction, outcome: "left out" };
    left -= transaction.gas;
    try {
      transaction.run(world);
      return { transaction, outcome: "done" };
    } catch (error) {
      if (!(error instanceof Reverted)) throw error;
      return { transaction, outcome: "reverted", error: error.errorName };
    }
  });
}
