import { moveOf } from "../math/stress.ts";
import { LANES } from "../words/riskWord.ts";
import { type AccountTable, NOBODY, PLAIN, WITH_SERIES } from "./accountTable.ts";
import { CALL, type Factors, FUTURE, type Instruments, PROVISION_OF_FUNDING, SETTLED } from "./factors.ts";

/**
 * A part of what goes into a figure by which its double may be off: 2⁻⁴⁰, where the worst that 1,000 roundings can do is 2⁻⁴³.
 */
const ROUNDING = 2 ** -40;

/** What whole units lose to rounding in the engine, WAD: fewer than a dozen a position, of which there are at most 16 + 8 + 127. */
const UNITS = 4_096;

const NONE = -1;

const THIRTIETHS = Float64Array.from({ length: LANES }, (_, k) => Number(moveOf(BigInt(k))) / 30);

/** What some rows hold of perpetuals, end to end in the order of `rows`; nothing where they hold more than that. */
export interface Copies {
  readonly rows: Uint32Array;
  readonly ends: Uint32Array;
  readonly numbers: Float64Array;
}

/**
 * Judges accounts in doubles so that it errs towards checking: `surplus` is never above E − MM as the engine has it on bigint, whatever the account and the
 * prices, so an account whose surplus is at least zero is not below its line.
 *
 * Why. Let u = 2⁻⁵³ and s the real number that E − MM would be without the engine's roundings. s is a sum of terms (cash, worth of lots, shares of margin), and every
 * one is a product of at most a dozen numbers that are each a rounded bigint or a few operations on rounded bigints. An account has at most 16 perpetuals, 8
 * collaterals and 127 positions in series of at most 16 terms each, so no path from an input to the result has more than 1,000 roundings that count against one
 * term (a sum of n terms has n − 1, the maximum of scenarios and the absolute values have none). By the standard bound of summation (Higham, Accuracy and
 * Stability of Numerical Algorithms, 4.2) the double is within γ·A of s, γ = 1000u / (1 − 1000u) < 2⁻⁴³, A the sum of the sizes of all terms. Differences of
 * terms, as in a scenario's loss, are bounded by their sizes, which A counts by `load` and `largest`. A itself is a sum of
 * sizes, off by no more than the same part of itself, so 2⁻⁴⁰·A as computed is more than γ·A. The engine rounds against the account, a unit at a time, fewer
 * than 12 times a position: less than 4,096 units, and a unit a lot where options are short, which is taken off by itself. What overflows or is not a number
 * compares as below and is checked.
 *
 * The maximum over scenarios, the least margin of short options and the inter-month charge are the engine's own, not bounds, so that few accounts are checked for nothing.
 * Doubtful prices only excuse margin in the engine; here they excuse nothing.
 */
export class Screen {
  /** E − MM of the account that was judged last, WAD: never above what the engine says. */
  private surplus = 0;
  /** Prices that each move by at most a part x of their bases take at most `weight`·x from it, WAD; of accounts without series. */
  private weight = 0;
  private readonly table: AccountTable;
  private readonly bases: Float64Array;
  private readonly worth: Float64Array;
  private readonly price: Float64Array;
  private readonly share: Float64Array;
  private readonly size: Float64Array;
  private readonly part: Float64Array;
  private readonly charge: Float64Array;
  private readonly load: Float64Array;
  private readonly factors: Factors;
  private readonly instruments: Instruments;
  /** By underlying, while an account is judged: lots of the perpetual, collateral in lots, the first entry of its series; `held` names those that it has. */
  private readonly lots: Float64Array;
  private readonly collateral: Float64Array;
  private readonly held: Int32Array;
  private readonly firstSeries: Int32Array;
  private holds = 0;
  private readonly losses = new Float64Array(LANES);

  /** @param bases prices of a lot that moves are parts of, by underlying */
  constructor(table: AccountTable, factors: Factors, instruments: Instruments, bases: Float64Array) {
    const { underlyings } = factors;
    const column = (of: (each: (typeof underlyings)[number]) => number): Float64Array => Float64Array.from(underlyings, of);
    this.table = table;
    this.factors = factors;
    this.instruments = instruments;
    this.bases = bases;
    this.worth = column(({ worth }) => worth);
    this.price = column(({ price }) => price);
    this.share = column(({ share, price }) => share * price);
    this.size = column(({ size, price }) => size * price);
    this.part = column(({ size }) => size);
    // what a lot may go into A with: its worth, its funding, and what its margin is made of
    this.load = column(({ load, price, index }) => load * price + Math.abs(index));
    this.charge = column(({ share }) => 1 + share);
    this.lots = new Float64Array(underlyings.length);
    this.collateral = new Float64Array(underlyings.length);
    this.held = new Int32Array(underlyings.length);
    this.firstSeries = new Int32Array(underlyings.length);
  }

  /**
   * Judges accounts one after the other.
   * @param rows which, in this order; or all up to `count`
   * @param onSuspect hears the rows that may be below their line
   * @param lasts by row, filled with the part of its base by which every price may move before the account could be below; not above zero where it may be below,
   *   zero where it holds series
   */
  judgeAll(rows: Uint32Array | undefined, count: number, onSuspect: (row: number) => void, lasts?: Float32Array): void {
    const { kinds, perpetuals } = this.table;
    const { start, count: held } = perpetuals.rows;
    const { numbers } = perpetuals.entries;
    for (let i = 0; i < count; i++) {
      const row = rows === undefined ? i : rows[i]!;
      const kind = kinds[row]!;
      if (kind === PLAIN) this.judgePlain(numbers, start[row]!, start[row]! + held[row]!);
      else if (kind === NOBODY) continue;
      else this.judgeAny(row);
      if (!(this.surplus >= 0)) onSuspect(row);
      if (lasts !== undefined) lasts[row] = kind === WITH_SERIES ? 0 : this.surplus / this.weight;
    }
  }

  /** As `judgeAll`, for accounts of which a copy lies together. */
  judgeCopies({ rows, ends, numbers }: Copies, count: number, onSuspect: (row: number) => void): void {
    const { kinds } = this.table;
    for (let i = 0; i < count; i++) {
      const row = rows[i]!;
      const kind = kinds[row]!;
      const first = i === 0 ? 0 : ends[i - 1]!;
      if (kind === PLAIN && ends[i] !== first) this.judgePlain(numbers, first, ends[i]!);
      else if (kind === NOBODY) continue;
      else this.judgeAny(row);
      if (!(this.surplus >= 0)) onSuspect(row);
    }
  }

  private judgePlain(numbers: Float64Array, first: number, end: number): void {
    const { worth, share, size, part, load, charge, bases } = this;
    const cash = numbers[first]!;
    // an account of no positions is cash alone, and that has its sign exactly
    if (end === first + 1) {
      this.surplus = cash;
      this.weight = 0;
      return;
    }
    let sum = cash;
    let sizes = Math.abs(cash);
    let weight = 0;
    for (let at = first + 1; at < end; at += 2) {
      const u = numbers[at]! | 0;
      const held = numbers[at + 1]!;
      const gross = Math.abs(held);
      const squared = held * held;
      const bySize = squared * size[u]!;
      sum += held * worth[u]! - gross * share[u]! - bySize;
      sizes += gross * load[u]! + bySize;
      weight += bases[u]! * (gross * charge[u]! + squared * part[u]!);
    }
    this.surplus = sum - sizes * ROUNDING - UNITS;
    this.weight = weight;
  }

  private gather(row: number): number {
    const { perpetuals, collaterals, series } = this.table;
    this.holds = 0;
    const { numbers } = perpetuals.entries;
    let { start, count } = perpetuals.rows;
    for (let at = start[row]! + 1; at < start[row]! + count[row]!; at += 2) {
      const u = numbers[at]! | 0;
      this.hold(u);
      this.lots[u] = numbers[at + 1]!;
    }
    let haircuts = 0;
    ({ start, count } = collaterals.rows);
    for (let at = start[row]!; at < start[row]! + count[row]!; at++) {
      const token = this.factors.tokens[collaterals.entries.token[at]!]!;
      const u = token.underlying;
      this.hold(u);
      const lots = collaterals.entries.amount[at]! * token.lots;
      this.collateral[u]! += lots;
      haircuts += lots * this.price[u]! * token.haircut;
    }
    ({ start, count } = series.rows);
    for (let at = start[row]! + count[row]! - 1; at >= start[row]!; at--) {
      const u = this.instruments.underlying[series.entries.held[at]!]!;
      this.hold(u);
      this.firstSeries[u] = at;
    }
    return haircuts;
  }

  private hold(underlying: number): void {
    for (let i = 0; i < this.holds; i++) if (this.held[i] === underlying) return;
    this.held[this.holds++] = underlying;
    this.lots[underlying] = 0;
    this.collateral[underlying] = 0;
    this.firstSeries[underlying] = NONE;
  }

  private judgeAny(row: number): void {
    const { maintenance, provision, interMonth } = this.factors;
    const cash = this.table.perpetuals.entries.numbers[this.table.perpetuals.rows.start[row]!]!;
    const haircuts = this.gather(row);
    const end = this.table.series.rows.start[row]! + this.table.series.rows.count[row]!;
    let sum = cash - haircuts;
    let sizes = Math.abs(cash);
    let weight = 0;
    for (let i = 0; i < this.holds; i++) {
      const u = this.held[i]!;
      const held = this.lots[u]!;
      const gross = Math.abs(held);
      const bySize = held * held * this.size[u]!;
      const collateral = this.collateral[u]! * this.price[u]!;
      const line = held * this.price[u]! + collateral;
      sizes += (gross + this.collateral[u]!) * this.load[u]! + bySize;
      sum += held * this.worth[u]! + collateral - bySize;
      const provisions = gross * this.price[u]! * PROVISION_OF_FUNDING + (gross * this.price[u]! + collateral) * provision;
      const { range, load } = this.factors.underlyings[u]!;
      weight += this.bases[u]! * ((gross + this.collateral[u]!) * load + held * held * this.part[u]!);
      if (this.firstSeries[u] !== NONE) {
        this.judgeSeries(this.firstSeries[u]!, end, u, line, collateral);
        sum += this.worthOfSeries - maintenance * (this.marginOfSeries + provisions);
        sizes += this.sizesOfSeries;
      } else {
        const matched = held < 0 ? Math.min(gross * this.price[u]!, collateral) : 0;
        sum -= maintenance * (Math.abs(line) * range + matched * interMonth + provisions);
      }
    }
    this.surplus = sum - sizes * ROUNDING - UNITS;
    this.weight = weight;
  }

  private worthOfSeries = 0;
  private marginOfSeries = 0;
  private sizesOfSeries = 0;

  /**
   * Adds up what an account has in the series of one underlying, from entry `at` on: worth, margin without provisions of the perpetual, and sizes.
   * @param line of perpetual and collateral, WAD
   */
  private judgeSeries(at: number, end: number, u: number, line: number, collateral: number): void {
    const { held: instruments, lots } = this.table.series.entries;
    const { maintenance, provision, interMonth } = this.factors;
    const { range, load } = this.factors.underlyings[u]!;
    const { losses } = this;
    const { underlying, kind, series: seriesOf, expiry: expiryOf, tenor: tenorOf, depth: depthOf, forward: forwardOf } = this.instruments;
    const { mark, drops, largest, weight, delta: deltaOf } = this.instruments;
    for (let k = 1; k < LANES; k++) losses[k] = -line * THIRTIETHS[k]! * range;
    let [worth, sizes, dated, bySize, shorts, whole] = [0, 0, 0, 0, 0, 0];
    // the last expiry first: what covers short options and what is short of it; what is long on one side of each gap in tenor and short on the other
    let [cover, calls, puts, naked] = [line, 0, 0, 0];
    let [longs, net, gaps, between] = [0, 0, 0, 0];
    let [series, expiry, tenor, depth, forward, size, delta] = [NONE, 0, 0, 1, 0, 0, 0];
    let all = line;
    for (let entry = at; entry < end && underlying[instruments[entry]!] === u; entry++) all += lots[entry]! * deltaOf[instruments[entry]!]!;
    for (; ; at++) {
      const each = at < end ? instruments[at]! : NONE;
      const isNext = each !== NONE && underlying[each] === u;
      if (isNext && kind[each]! <= SETTLED) {
        worth += lots[at]! * mark[each]!;
        sizes += Math.abs(lots[at]!) * largest[each]!;
        continue;
      }
      if (series !== NONE && (!isNext || seriesOf[each] !== series)) {
        bySize += (size * size * forward) / depth;
        longs += Math.abs(delta);
        net += delta;
        const gap = tenor - (isNext ? tenorOf[each]! : 0);
        gaps += gap * (Math.abs(net) + Math.abs(all - net) - Math.abs(all));
        between += Math.abs(gap);
        if (!isNext || expiryOf[each] !== expiry) naked = Math.max(naked, -calls - Math.max(cover, 0), -puts - Math.max(-cover, 0));
        // what stands in another order cannot be judged so
        if (isNext && expiryOf[each]! > expiry) worth = Number.NaN;
        size = 0;
        delta = 0;
      }
      if (!isNext) break;
      if (seriesOf[each] !== series) {
        series = seriesOf[each]!;
        expiry = expiryOf[each]!;
        tenor = tenorOf[each]!;
        depth = depthOf[each]!;
        forward = forwardOf[each]!;
      }
      const held = lots[at]!;
      const gross = Math.abs(held);
      worth += held * mark[each]!;
      const first = each * LANES;
      for (let k = 1; k < LANES; k++) losses[k]! += held * drops[first + k]!;
      size += gross;
      delta += held * deltaOf[each]!;
      dated += gross * forward;
      whole += gross * largest[each]!;
      if (kind[each] === FUTURE) {
        cover += held * forward;
        continue;
      }
      if (held < 0) shorts += gross;
      if (kind[each] === CALL) calls += held * weight[each]!;
      else puts += held * weight[each]!;
    }
    let scan = 0;
    for (let k = 1; k < LANES; k++) scan = Math.max(scan, losses[k]!);
    const matched = longs + Math.abs(line - collateral) + collateral - Math.abs(net + line);
    const charge = Math.max(0, (matched * interMonth + gaps) / 2);
    const least = (naked * range) / 4;
    this.worthOfSeries = worth - shorts;
    this.marginOfSeries = Math.max(scan, least) + charge + dated * provision + bySize;
    this.sizesOfSeries = sizes + whole * (load + 1) * (1 + between) + maintenance * bySize;
  }
}
