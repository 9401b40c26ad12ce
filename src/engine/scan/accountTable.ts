import { AccountMap } from "../types/accountMap.ts";
import type { Account, AccountId, Position, SeriesPosition, Underlying } from "../types/types.ts";
import { expiryOf } from "../words/seriesWord.ts";
import { bytesOf, grown, Lists } from "./columns.ts";

const WORD = 64n;
export const [PLAIN, WITH_COLLATERAL, WITH_SERIES, NOBODY] = [0, 1, 2, 3] as const;

const NO_OPERATORS = new Map();

/** An instrument of a series that somebody holds. */
export interface Held {
  readonly underlying: number;
  readonly instrument: bigint; // within the underlying
}

/**
 * Accounts in typed arrays, without loss of anything that equity and margin depend on. Lots have at most 48 bits and are exact as doubles; cash is kept
 * with the funding that was paid taken out of it (cash + Σ lots · index of the last touch), so that one index an underlying serves everybody, and beside it as
 * the nearest double.
 */
export class AccountTable {
  /** Of each account the double nearest to its cash, and then of each perpetual its underlying and its lots: what a screen reads lies together. */
  readonly perpetuals = new Lists({ numbers: new Float64Array(0) });
  /** `amount` is the double nearest to what `low` and `high` hold, WAD. */
  readonly collaterals = new Lists({
    token: new Uint8Array(0),
    amount: new Float64Array(0),
    low: new BigUint64Array(0),
    high: new BigUint64Array(0),
  });
  /** By underlying, of each the last expiry first, and one series after the other. */
  readonly series = new Lists({ held: new Int32Array(0), lots: new Float64Array(0) });
  /** What `series.entries.held` counts. */
  readonly instruments: Held[] = [];
  private cash = { low: new BigUint64Array(0), middle: new BigUint64Array(0), high: new BigUint64Array(0), kind: new Uint8Array(0) };
  /** Whose row it is; undefined where nobody's. */
  readonly ids: (AccountId | undefined)[] = [];
  private readonly rowById = new AccountMap<number>();
  private readonly free: number[] = [];
  private readonly heldByName = new Map<bigint, number>();

  /** By row, what an account holds: nothing but perpetuals, collateral as well, series as well; or that the row is nobody's. */
  get kinds(): Uint8Array {
    return this.cash.kind;
  }

  /** Rows, those that are nobody's included. */
  get length(): number {
    return this.ids.length;
  }

  /** Accounts. */
  get size(): number {
    return this.rowById.size;
  }

  /** Bytes in typed arrays; identifiers and their index come to it. */
  get bytes(): number {
    return bytesOf(this.cash) + this.perpetuals.bytes + this.collaterals.bytes + this.series.bytes;
  }

  rowOf(id: AccountId): number | undefined {
    return this.rowById.get(id);
  }

  /** Puts an account in the place of what was known of it; its row. */
  set({ id, cash, positions, collateral, series }: Account, underlyings: readonly Underlying[]): number {
    const row = this.rowById.get(id) ?? this.newRow(id);
    this.cash = grown(this.cash, row + 1);
    this.cash.kind[row] = series.size > 0 ? WITH_SERIES : collateral.size > 0 ? WITH_COLLATERAL : PLAIN;
    let atZero = cash;
    const first = this.perpetuals.place(row, 1 + 2 * positions.size);
    const { numbers } = this.perpetuals.entries;
    let at = first + 1;
    for (const [underlying, { lots, fundingIndex }] of positions) {
      numbers[at] = underlying;
      numbers[at + 1] = Number(lots);
      if (fundingIndex !== 0n) atZero += lots * fundingIndex;
      at += 2;
    }
    numbers[first] = Number(atZero);
    this.cash.low[row] = atZero;
    this.cash.middle[row] = atZero >> WORD;
    this.cash.high[row] = atZero >> (2n * WORD);

    at = this.collaterals.place(row, collateral.size);
    for (const [token, amount] of collateral) {
      const { entries } = this.collaterals;
      entries.token[at] = token;
      entries.amount[at] = Number(amount);
      entries.low[at] = amount;
      entries.high[at] = amount >> WORD;
      at++;
    }
    this.setSeries(row, series, underlyings);
    return row;
  }

  private setSeries(row: number, series: Account["series"], underlyings: readonly Underlying[]): void {
    if (series.size === 0) {
      this.series.place(row, 0);
      return;
    }
    const sorted = [...series]
      .sort(([a], [b]) => a - b)
      .flatMap(([underlying, positions]) =>
        positions
          .map(({ instrument, lots }) => ({ underlying, instrument, lots, number: Number(instrument >> 8n) }))
          .map((each) => ({ ...each, expiry: expiryOf(underlyings[underlying]?.series.get(each.number)?.word ?? 0n) }))
          .sort((a, b) => Number(b.expiry - a.expiry) || a.number - b.number),
      );
    let at = this.series.place(row, sorted.length);
    for (const { underlying, instrument, lots } of sorted) {
      this.series.entries.held[at] = this.heldOf(underlying, instrument);
      this.series.entries.lots[at] = Number(lots);
      at++;
    }
  }

  private heldOf(underlying: number, instrument: bigint): number {
    const name = (instrument << 8n) | BigInt(underlying);
    const known = this.heldByName.get(name);
    if (known !== undefined) return known;
    const held = this.instruments.push({ underlying, instrument }) - 1;
    this.heldByName.set(name, held);
    return held;
  }

  /** Forgets an account; the row that was its. */
  delete(id: AccountId): number | undefined {
    const row = this.rowById.get(id);
    if (row === undefined) return undefined;
    this.rowById.delete(id);
    this.ids[row] = undefined;
    this.cash.kind[row] = NOBODY;
    this.free.push(row);
    return row;
  }

  private newRow(id: AccountId): number {
    const row = this.free.pop() ?? this.ids.length;
    this.ids[row] = id;
    this.rowById.set(id, row);
    return row;
  }

  /** The account of a row, with the equity and the margin that it was set with; of all else (epoch, operators, entry costs) it has nothing. */
  account(row: number): Account {
    const id = this.ids[row];
    if (id === undefined) throw new RangeError(`row ${row} is nobody's`);
    const positions = new Map<number, Position>();
    const { rows, entries } = this.perpetuals;
    const first = rows.start[row]! + 1;
    for (let at = first; at < first + rows.count[row]! - 1; at += 2) {
      positions.set(entries.numbers[at]!, { lots: BigInt(entries.numbers[at + 1]!), fundingIndex: 0n, entryCost: 0n });
    }
    const collateral = new Map<number, bigint>();
    this.eachOf(this.collaterals, row, (at) => {
      const { token, low, high } = this.collaterals.entries;
      collateral.set(token[at]!, low[at]! | (high[at]! << WORD));
    });
    const series = new Map<number, SeriesPosition[]>();
    this.eachOf(this.series, row, (at) => {
      const { underlying, instrument } = this.instruments[this.series.entries.held[at]!]!;
      const held = series.get(underlying) ?? [];
      held.push({ instrument, lots: BigInt(this.series.entries.lots[at]!) });
      series.set(underlying, held);
    });
    const { low, middle, high } = this.cash;
    const cash = low[row]! | (middle[row]! << WORD) | (BigInt.asIntN(64, high[row]!) << (2n * WORD));
    const bare = { moduleDifference: 0n, epoch: 0n, operators: NO_OPERATORS, exchangeSince: 0n };
    return { id, cash, positions, series, collateral, ...bare };
  }

  private eachOf(
    { rows }: { readonly rows: { readonly start: Uint32Array; readonly count: Uint16Array } },
    row: number,
    visit: (at: number) => void,
  ): void {
    const first = rows.start[row]!;
    for (let at = first; at < first + rows.count[row]!; at++) visit(at);
  }
}
