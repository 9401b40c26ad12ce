import { Draft } from "../ledger/draft.ts";
import { assess, maintenanceUp, termsAt } from "../margin/margin.ts";
import { portfolioOf } from "../margin/portfolios.ts";
import { ownerOf } from "../types/accountId.ts";
import { AccountMap } from "../types/accountMap.ts";
import type { Account, AccountId, State } from "../types/types.ts";
import { AccountTable, PLAIN } from "./accountTable.ts";
import { bytesOf } from "./columns.ts";
import { type Factors, factorsOf, instrumentsOf } from "./factors.ts";
import { type Copies, Screen } from "./screen.ts";

/** Of how far prices may move before an account is judged again, so much is kept back for what the rounding of that bound may be. */
const KEPT_BACK = 1 - 2 ** -20;

/** Accounts stand in lists by how far prices may move: a list for each 0.025 % up to the whole price, and one for what lasts longer. */
const LISTS = 4_096;

/** The order is made anew when more than this part of all accounts would have to be judged. */
const MOST_JUDGED = 1 / 16;
const FEW = 1_000;

/** What a scan looked at. */
export interface Judged {
  /** Accounts that may be below their line; every one that is below is among them. */
  readonly candidates: readonly AccountId[];
  /** Accounts that were judged; the rest cannot have crossed. */
  readonly judged: number;
}

/**
 * Finds the accounts below their line among very many: they lie in typed arrays, a screen in doubles drops those that are certainly above ({@link Screen} proves
 * that it never drops another), and what is left is judged by the engine.
 *
 * Prices that move a little concern few. `judgeMoved` puts the accounts in an order once: by how far all prices may move, as a part of what they were then, before
 * one could be below. E − MM is linear in each price as long as margin terms, scan ranges and depths stay, with a slope of at most |lots|·(1 + μ·charges) +
 * μ·lots²/depth, and in the funding index with one of |lots|, so a surplus S lasts while no price and index together have moved by more than
 * S / Σ base·slope. After a move only those are judged whom the farthest price could have taken below, the accounts that have changed since, and those with series,
 * whose margin time alone moves; of the nearest copies lie together, so that they are read in one go. When anything else has changed, or too many would be judged, the order is made anew, which judges everybody.
 * @example
 * const books = followBooks(rpc, record.contracts.vault, record.block);
 * await books.sync();
 * const state = books.state(books.head().time);
 * const scan = new LiquidationScan();
 * scan.sync(state);
 * scan.below(state).every((id) => state.accounts.has(id)) // true
 */
export class LiquidationScan {
  readonly table = new AccountTable();
  private readonly seen = new AccountMap<Account>();
  private order: Order | undefined;
  /** Rows that have changed since the order was made. */
  private readonly changed = new Set<number>();

  /** Bytes in typed arrays. */
  get bytes(): number {
    return this.table.bytes + (this.order === undefined ? 0 : bytesOf({ ...this.order.copies, of: this.order.ends }));
  }

  /** Brings the table up to the accounts of a state, the fund's left out; an account is taken as unchanged when it is the same object as the last time. */
  sync({ accounts, underlyings, fund }: State): void {
    for (const [id, account] of accounts) {
      if (this.seen.get(id) === account) continue;
      this.seen.set(id, account);
      if (ownerOf(id) !== fund) this.set(account, underlyings);
    }
    if (this.seen.size === accounts.size) return;
    for (const id of [...this.seen.keys()]) {
      if (accounts.has(id)) continue;
      this.seen.delete(id);
      this.delete(id);
    }
  }

  /** Takes an account into the table without keeping the object: for who has more than fit as objects. */
  set(account: Account, underlyings: State["underlyings"]): void {
    this.changed.add(this.table.set(account, underlyings));
  }

  delete(id: AccountId): void {
    this.table.delete(id);
  }

  /** Judges every account at the prices and the time of a state. */
  judgeAll(state: State): Judged {
    const screen = this.screenFor(state, factorsOf(state, termsAt(state.margin, state.now)));
    const suspects: number[] = [];
    screen.judgeAll(undefined, this.table.length, (row) => suspects.push(row));
    return this.judged(suspects, this.table.size);
  }

  /** Judges the accounts that have changed or can have crossed; everybody where more than prices has changed, or much. */
  judgeMoved(state: State): Judged {
    const factors = factorsOf(state, termsAt(state.margin, state.now));
    const { order } = this;
    const move = order === undefined ? undefined : farthestMove(order.factors, factors, order.bases);
    if (order === undefined || move === undefined) return this.makeOrder(state, factors);
    const near = order.ends[listOf(move)]!;
    const judged = near + this.changed.size;
    if (near > order.copies.ends.length) return this.makeOrder(state, factors);
    const screen = this.screenFor(state, factors);
    const suspects = new Set<number>();
    const add = (row: number): void => void suspects.add(row);
    // what has been copied of those that have changed is out of date
    screen.judgeCopies(order.copies, near, (row) => void (this.changed.has(row) || suspects.add(row)));
    screen.judgeAll(Uint32Array.from(this.changed), this.changed.size, add);
    return this.judged([...suspects], judged);
  }

  /** Judges everybody and puts them in an order by how far prices may move. */
  private makeOrder(state: State, factors: Factors): Judged {
    const { length } = this.table;
    const bases = Float64Array.from(factors.underlyings, ({ price }) => (price > 0 ? price : 1));
    const lasts = new Float32Array(length);
    const suspects: number[] = [];
    this.screenFor(state, factors, bases).judgeAll(undefined, length, (row) => suspects.push(row), lasts);
    const lists = new Uint16Array(length);
    const ends = new Uint32Array(LISTS + 1);
    for (let row = 0; row < length; row++) {
      const list = listOf(lasts[row]! * KEPT_BACK);
      lists[row] = list;
      ends[list]!++;
    }
    for (let list = 1; list <= LISTS; list++) ends[list]! += ends[list - 1]!;
    const rows = new Uint32Array(length);
    const next = ends.slice();
    for (let row = length - 1; row >= 0; row--) rows[--next[lists[row]!]!] = row;
    const most = Math.min(length, ends[0]! + Math.max(FEW, Math.ceil(length * MOST_JUDGED)));
    this.order = { copies: this.copiesOf(rows.slice(0, most)), ends, factors, bases };
    this.changed.clear();
    return this.judged(suspects, this.table.size);
  }

  private copiesOf(rows: Uint32Array): Copies {
    const { perpetuals, kinds } = this.table;
    const { start, count } = perpetuals.rows;
    const ends = new Uint32Array(rows.length);
    let end = 0;
    for (const [i, row] of rows.entries()) {
      if (kinds[row] === PLAIN) end += count[row]!;
      ends[i] = end;
    }
    const numbers = new Float64Array(end);
    for (const [i, row] of rows.entries()) {
      if (kinds[row] !== PLAIN) continue;
      numbers.set(perpetuals.entries.numbers.subarray(start[row]!, start[row]! + count[row]!), ends[i]! - count[row]!);
    }
    return { rows, ends, numbers };
  }

  /** Those of `candidates` that are below their line, as the engine has it, without regard to what doubtful prices excuse. */
  below(state: State, { candidates }: Pick<Judged, "candidates"> = this.judgeMoved(state)): AccountId[] {
    const terms = termsAt(state.margin, state.now);
    const accounts = new AccountMap(candidates.map((id) => [id, this.table.account(this.table.rowOf(id)!)]));
    const draft = new Draft({ ...state, accounts });
    return candidates.filter((id) => {
      const { equity, margin } = assess(portfolioOf(draft, id), terms, false);
      return equity < maintenanceUp(margin, terms);
    });
  }

  private screenFor(state: State, factors: Factors, bases = new Float64Array(factors.underlyings.length)): Screen {
    const terms = termsAt(state.margin, state.now);
    return new Screen(this.table, factors, instrumentsOf(this.table.instruments, state, terms), bases);
  }

  private judged(suspects: readonly number[], judged: number): Judged {
    return { candidates: suspects.map((row) => this.table.ids[row]!), judged };
  }
}

/** Accounts by how far prices may move: those of list `i` and before are the first `ends[i]`, as far as `copies` has them. */
interface Order {
  readonly copies: Copies;
  readonly ends: Uint32Array;
  /** When it was made. */
  readonly factors: Factors;
  readonly bases: Float64Array;
}

/** The list of a part by which prices move; the first where that is not above zero or no number. */
function listOf(part: number): number {
  return part > 0 ? Math.min(Math.floor(part * LISTS), LISTS) : 0;
}

/** The farthest that a price and its funding index have moved together, as a part of the base, rounded up; undefined where more than these has changed. */
function farthestMove(before: Factors, now: Factors, bases: Float64Array): number | undefined {
  const { maintenance, provision, interMonth } = now;
  if (before.maintenance !== maintenance || before.provision !== provision || before.interMonth !== interMonth) return undefined;
  if (before.underlyings.length !== now.underlyings.length || before.tokens.length !== now.tokens.length) return undefined;
  if (now.tokens.some(({ haircut, lots }, i) => haircut !== before.tokens[i]!.haircut || lots !== before.tokens[i]!.lots)) return undefined;
  let farthest = 0;
  for (const [i, { price, index, range, depth }] of now.underlyings.entries()) {
    const was = before.underlyings[i]!;
    if (was.range !== range || was.depth !== depth) return undefined;
    const moved = Math.abs(price - was.price) + Math.abs(index - was.index);
    // doubles of prices and indices are off by less than this
    const off = (price + was.price + Math.abs(index) + Math.abs(was.index)) * 2 ** -50;
    farthest = Math.max(farthest, (moved + off) / bases[i]!);
  }
  return farthest;
}
