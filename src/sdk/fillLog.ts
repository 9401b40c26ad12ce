import { orderOfFill } from "../engine/orders/orders.ts";
import { type Terms, termsOf } from "../engine/orders/terms.ts";
import type { AccountId } from "../engine/types/types.ts";
import { listedSeries, type SeriesListing } from "../engine/words/seriesWord.ts";

// What an indexer learns from the vault's log alone: which order was filled, and what was traded.

/** An event of the vault, by the names of its arguments. */
export type NamedEvent = { readonly name: string; readonly args: Readonly<Record<string, unknown>> };

/** A fill that stood. */
export type LoggedFill = {
  readonly taker: AccountId;
  readonly maker: AccountId;
  /** Index of the module that proposed it: nonces of one module have nothing to do with those of another. */
  readonly module: bigint;
  /** Of the maker's order. */
  readonly nonce: bigint;
  /** Under the nonce: lots, or for the first leg of a combo its units and for the others nothing. */
  readonly counted: bigint;
  readonly terms: Terms;
  /** Received by the taker. */
  readonly lots: bigint;
  /** Of a lot, WAD. */
  readonly price: bigint;
};

/**
 * Reads the vault's events in their order: a number stands for what the last listing of it says.
 * @returns the fill that an event is, undefined for every other event
 * @throws RangeError for a fill in a series whose listing was not among the events
 * @example
 * const read = fillLog();
 * const rights = new Set<string>();
 * for await (const event of vaultEvents(rpc, record.contracts.vault, record.block)) {
 *   const fill = read(event);
 *   if (fill) rights.add(fill.terms.right);
 * }
 * [...rights] // ["perpetual"]
 */
export function fillLog(): (event: NamedEvent) => LoggedFill | undefined {
  const words = new Map<bigint, bigint>();
  return ({ name, args }) => {
    const number = (key: string): bigint => BigInt(args[key] as bigint);
    if (name === "SeriesListed") {
      const said = args.listing as Readonly<Record<keyof SeriesListing, bigint>>;
      const word = listedSeries({ expiry: said.expiry, base: said.base, step: said.step, decimals: said.decimals, count: said.count });
      words.set(number("underlying") | (number("series") << 8n), word);
      return undefined;
    }
    if (name !== "Filled") return undefined;
    const instrument = number("instrument");
    const word = instrument > 0xffn ? words.get((instrument & 0xffn) | ((instrument >> 16n) << 8n)) : 0n;
    if (word === undefined) throw new RangeError(`nothing says what instrument ${instrument} is: read from the block of its listing`);
    return {
      taker: number("taker"),
      maker: number("maker"),
      ...orderOfFill(number("order")),
      terms: termsOf(instrument, word),
      lots: number("lots"),
      price: number("price"),
    };
  };
}
