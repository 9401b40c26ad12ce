import { termsAt } from "../../engine/margin/margin.ts";
import { AccountTable, NOBODY } from "../../engine/scan/accountTable.ts";
import { type Factors, factorsOf, type Instruments, instrumentsOf } from "../../engine/scan/factors.ts";
import { Screen } from "../../engine/scan/screen.ts";
import type { Account, AccountId, MarginTerms, State } from "../../engine/types/types.ts";

/** How much wider than now scan ranges are taken for the order: held ranges rise by a tenth a day, and as long as they stay below this it holds. */
const WIDER = 1.15;

/** Of how far prices may move so much is kept back for what the rounding of that bound may be. */
const KEPT_BACK = 1 - 2 ** -20;

/** An order in which more than this part of all is near is made anew, though not at every price. */
const MOST_NEAR = 1 / 4;
const FEW = 64;
const PATIENCE = 16;

/** Rows by how far all prices may move, as a part of what they were, before the account could be below its line, the nearest first. */
interface Order {
  readonly rows: Uint32Array;
  readonly lasts: Float64Array;
  readonly factors: Factors;
  readonly bases: Float64Array;
}

/**
 * Judges the accounts of a path at every price, so that none below its line is missed: a screen in doubles whose surplus is never above E − MM (`Screen` has the
 * proof), and before it an order. The order is made with scan ranges that are wider than the held ones. Margin grows with the range, and at those ranges a surplus S
 * lasts while no price and index together have moved by more than S over the largest slope (as in `LiquidationScan`), so while held ranges stay below the wider
 * ones, who stands farther than the farthest move is above the line and is not looked at. Who has changed since the order was made is looked at, and so is everybody
 * when a range or a depth leaves it.
 */
export class Watch {
  readonly table = new AccountTable();
  private first: Order | undefined;
  private order: Order | undefined;
  /** Rows that have changed since the order was made. */
  private readonly changed = new Set<number>();
  private patience = 0;
  private none: Instruments | undefined;
  /** Accounts of which something was computed, and prices times accounts. */
  judged = 0;
  steps = 0;

  set(account: Account, underlyings: State["underlyings"]): void {
    this.changed.add(this.table.set(account, underlyings));
  }

  delete(id: AccountId): void {
    this.table.delete(id);
  }

  /** Everything is as it was when `begin` was called: the order of then holds again. */
  restart(): void {
    this.order = this.first;
    this.changed.clear();
    this.patience = 0;
  }

  /** Takes what the table holds as where every path begins. */
  begin(state: State): void {
    this.first = this.orderOf(state, factorsOf(state, termsAt(state.margin, state.now)));
    this.restart();
  }

  /** The accounts that may be below their line at the prices and the time of a state. */
  suspects(state: State): AccountId[] {
    const terms = termsAt(state.margin, state.now);
    const factors = factorsOf(state, terms);
    const { size } = this.table;
    this.steps += size;
    let near = this.nearOf(factors);
    if (near > Math.max(FEW, size * MOST_NEAR)) {
      if (this.patience === 0) {
        this.order = this.orderOf(state, factors);
        this.changed.clear();
        this.patience = PATIENCE;
        near = this.nearOf(factors);
      } else this.patience--;
    }
    const screen = new Screen(this.table, factors, this.instruments(state, terms), this.order!.bases);
    const rows: number[] = [];
    screen.judgeAll(this.order!.rows, near, (row) => rows.push(row));
    this.judged += near + this.changed.size;
    if (this.changed.size > 0) {
      const known = new Set(rows);
      screen.judgeAll(Uint32Array.from(this.changed), this.changed.size, (row) => {
        if (!known.has(row)) rows.push(row);
      });
    }
    return rows.map((row) => this.table.ids[row]!);
  }

  /** What the screen takes from series: nothing, and the same nothing, where nobody holds any. */
  private instruments(state: State, terms: MarginTerms): Instruments {
    const held = this.table.instruments;
    if (held.length !== 0) return instrumentsOf(held, state, terms);
    this.none ??= instrumentsOf([], state, terms);
    return this.none;
  }

  /** How many of the order have to be judged. */
  private nearOf(factors: Factors): number {
    const order = this.order;
    if (order === undefined) throw new RangeError("a watch begins before it looks");
    const farthest = farthestMove(order, factors);
    if (farthest === undefined) return order.rows.length;
    let [low, high] = [0, order.lasts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (order.lasts[middle]! > farthest) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private orderOf(state: State, factors: Factors): Order {
    const ranges = state.underlyings.map((each) => ({ ...each, heldRange: BigInt(Math.ceil(Number(each.heldRange) * WIDER)) }));
    const terms = termsAt(state.margin, state.now);
    const wide = factorsOf({ ...state, underlyings: ranges }, terms);
    const bases = Float64Array.from(factors.underlyings, ({ price }) => (price > 0 ? price : 1));
    const { length } = this.table;
    const drawn = new Float32Array(length);
    const screen = new Screen(this.table, wide, instrumentsOf(this.table.instruments, state, terms), bases);
    screen.judgeAll(undefined, length, () => {}, drawn);
    // who is below or at the line lasts for no move
    const lasts = Float64Array.from(drawn, (each) => (each > 0 ? each * KEPT_BACK : 0));
    const { kinds } = this.table;
    const all = Uint32Array.from({ length }, (_, row) => row);
    const rows = all.filter((row) => kinds[row] !== NOBODY).sort((a, b) => lasts[a]! - lasts[b]! || a - b);
    return { rows, lasts: Float64Array.from(rows, (row) => lasts[row]!), factors: wide, bases };
  }
}

/** The farthest that a price and its funding index have moved together since an order was made, rounded up; undefined where the order says nothing. */
function farthestMove({ factors: before, bases }: Order, now: Factors): number | undefined {
  if (before.maintenance !== now.maintenance || before.provision !== now.provision || before.interMonth !== now.interMonth)
    return undefined;
  if (before.tokens.some((token, i) => token.haircut !== now.tokens[i]?.haircut || token.lots !== now.tokens[i]?.lots)) return undefined;
  let farthest = 0;
  for (const [i, { price, index, range, depth }] of now.underlyings.entries()) {
    const was = before.underlyings[i]!;
    if (range > was.range || depth !== was.depth) return undefined;
    const moved = Math.abs(price - was.price) + Math.abs(index - was.index);
    // doubles of prices and indices are off by less than this
    const off = (price + was.price + Math.abs(index) + Math.abs(was.index)) * 2 ** -50;
    farthest = Math.max(farthest, (moved + off) / bases[i]!);
  }
  return farthest;
}
