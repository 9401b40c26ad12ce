import type { AccountId } from "../engine/types/types.ts";
import { booksIn, figuresIn, type SaleTerms, type SoldBook, saleTermsIn } from "../engine/words/saleWord.ts";
import type { NamedEvent } from "./fillLog.ts";

/** A liquidation. What moved went to the fund's account of each underlying, or to the keeper where it is `taken`. */
export type LoggedSale = SaleTerms & {
  readonly account: AccountId;
  readonly keeper: AccountId;
  /** WAD, of the account before. */
  readonly equity: bigint;
  /** WAD, initial margin of the account before. */
  readonly margin: bigint;
  readonly books: readonly SoldBook[];
};

/**
 * Unpacks what the vault's log, or the engine, says of a liquidation.
 * @returns undefined for every other event
 * @example
 * saleOf({ name: "Deposited", args: {} }) // undefined
 */
export function saleOf({ name, args }: NamedEvent): LoggedSale | undefined {
  if (name !== "Liquidated") return undefined;
  return {
    account: BigInt(args.account as bigint),
    keeper: BigInt(args.keeper as bigint),
    ...saleTermsIn(BigInt(args.sale as bigint)),
    ...figuresIn(BigInt(args.figures as bigint)),
    books: booksIn(String(args.moved)),
  };
}
