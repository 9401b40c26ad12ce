import { type Draft, type Outcome, transact } from "../ledger/draft.ts";
import { credit } from "../ledger/ledger.ts";
import { countOpenInterest } from "../ledger/market.ts";
import { averageFromWord, isSettled, openingOf, payoffOf, settlementDown } from "../ledger/options/expiry.ts";
import { seriesOf } from "../ledger/options/seriesState.ts";
import { revert } from "../types/errors.ts";
import { instrumentFromNumber } from "../types/instrument.ts";
import type { AccountId, SeriesPosition, State } from "../types/types.ts";
import { expiryOf } from "../words/seriesWord.ts";
import { reviewExchange } from "./exchange.ts";

/**
 * Pays an account for its positions in a series that has settled, and closes them; anybody may ask for it. It changes nothing that the account is worth, so
 * its margin is not tested.
 * @throws Reverted `UnknownSeries`, `SeriesNotSettled`, `NothingToDo` where it holds none of the series
 * @example const { state: after } = settleExpired(state, account, 0, 1);
 */
export function settleExpired(state: State, account: AccountId, underlying: number, series: number): Outcome {
  return transact(state, (draft) => settleExpiredOn(draft, account, underlying, series));
}

/** As `settleExpired`, on a draft. */
export function settleExpiredOn(draft: Draft, id: AccountId, index: number, number: number): void {
  if (settlementOf(draft, index, number) === undefined) revert("SeriesNotSettled", BigInt(index), BigInt(number));
  if (!pay(draft, id, index, number)) revert("NothingToDo");
  reviewExchange(draft, id);
}

/** Pays an account for everything that it holds in series that have settled. */
export function payExpiredOn(draft: Draft, id: AccountId): void {
  for (const [index, positions] of [...draft.account(id).series].sort(([a], [b]) => a - b)) {
    for (const number of new Set(positions.map(({ instrument }) => Number(instrumentFromNumber(instrument).series)))) {
      pay(draft, id, index, number);
    }
  }
}

/** The price at which a series has settled, WAD a lot. */
function settlementOf(draft: Draft, index: number, number: number): bigint | undefined {
  const { series } = seriesOf(draft, index, number);
  const average = averageFromWord(series.average);
  const opening = openingOf(expiryOf(series.word));
  return isSettled(average, opening, draft.now) ? settlementDown(average, opening, draft.now) : undefined;
}

/** Pays the positions of an account in a series, if it has settled, and closes them; says whether there were any. */
function pay(draft: Draft, id: AccountId, index: number, number: number): boolean {
  const { series } = seriesOf(draft, index, number);
  const settlement = settlementOf(draft, index, number);
  if (settlement === undefined) return false;
  const account = draft.account(id);
  const isOfSeries = ({ instrument }: SeriesPosition): boolean => instrumentFromNumber(instrument).series === BigInt(number);
  const held = account.series.get(index) ?? [];
  const paid = held.filter(isOfSeries);
  if (paid.length === 0) return false;
  // what is left keeps its order
  const left = held.filter((position) => !isOfSeries(position));
  const positions = new Map(account.series);
  if (left.length === 0) positions.delete(index);
  else positions.set(index, left);
  draft.setAccount({ ...account, series: positions });
  let amount = 0n;
  for (const position of paid) {
    const { instrument, lots } = position;
    amount += lots * payoffOf(instrumentFromNumber(instrument), series.word, settlement);
    countOpenInterest(draft, index, instrument, [[position, { instrument, lots: 0n }]]);
  }
  credit(draft, id, amount);
  draft.emit("SeriesPaid", { account: id, underlying: BigInt(index), series: BigInt(number), amount });
  return true;
}
