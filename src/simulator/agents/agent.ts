import type { AccountId } from "../../engine/types/types.ts";
import type { Receipt, Transaction } from "../world/block.ts";
import type { Journal } from "../world/journal.ts";
import type { Spot } from "../world/spot.ts";
import type { World } from "../world/world.ts";

/** What agents live in, one path long. */
export interface Surroundings {
  readonly world: World;
  /** By underlying. */
  readonly spots: readonly Spot[];
  readonly journal: Journal;
  readonly gas: GasTerms;
}

/** What gas costs. */
export interface GasTerms {
  /** Gwei. */
  readonly baseFee: number;
  /** Price of an ether, settlement tokens. */
  readonly ether: number;
}

/** What an agent sees before it acts: the vault as it is after the post of the block's prices, before anything else in it. */
export interface View {
  /** Unix seconds. */
  readonly time: number;
  /** Accounts that may be below their line; every one that is, is among them. */
  readonly suspects: readonly AccountId[];
  /** What the fund is worth, main stake and fund accounts, over what it was when the path began. */
  readonly fund: number;
}

/** A transaction on its way. */
export interface Sending extends Omit<Transaction, "sender"> {
  /** Seconds until a block may take it: the first one from then on does. */
  readonly delay: number;
}

/** What an agent does on what it sees. */
export interface Acts {
  readonly send: readonly Sending[];
  /** Unix seconds at which it wants to look again, though no price may have come. */
  readonly wake?: number | undefined;
}

export const NOTHING: Acts = { send: [] };

/** Who acts in a path. */
export interface Agent {
  readonly name: string;
  /** What it sends, at every block. */
  update(view: View): Acts;
  /** What it remembers of its transactions that came up in a block. */
  record(receipts: readonly Receipt[], time: number): void;
}

/** What gas costs, settlement tokens. @param fee gwei, beside the base fee */
export function costOf(gas: number, fee: number, { baseFee, ether }: GasTerms): number {
  return gas * (baseFee + fee) * 1e-9 * ether;
}

/** WAD as a plain number: for figures, not for money. */
export const tokens = (amount: bigint): number => Number(amount) / 1e18;
