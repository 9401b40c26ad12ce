import { Draft } from "../engine/ledger/draft.ts";
import { marketOf } from "../engine/ledger/market.ts";
import type { State } from "../engine/types/types.ts";

const NUDGE = 1_000n;

/** What a lot of an instrument is worth now, WAD; of what has settled nothing. */
export function markOf(state: State, instrument: bigint): bigint {
  return marketOf(new Draft(state), instrument).mark;
}

/** By how much the mark of an instrument moves with the price, 18 decimals: priced at the present slice, a thousandth of the price up and down. */
export function deltaOf(state: State, instrument: bigint): bigint {
  const index = Number(instrument & 0xffn);
  const underlying = state.underlyings[index];
  if (underlying === undefined) return 0n;
  const step = underlying.price / NUDGE;
  const at = (price: bigint): bigint =>
    markOf({ ...state, underlyings: state.underlyings.with(index, { ...underlying, price }) }, instrument);
  return ((at(underlying.price + step) - at(underlying.price - step)) * 10n ** 18n) / (2n * step);
}
