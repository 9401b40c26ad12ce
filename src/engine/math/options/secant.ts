import { abs, floorDivide } from "../../types/fixedPoint.ts";
import type { Place } from "../../types/holding.ts";
import { forwardAt } from "./optionStress.ts";
import type { LaneSums, SeriesBook } from "./riskArray.ts";

/** Scenarios from the lowest price to the highest at one volatility. */
const ROWS: readonly (readonly number[])[] = [
  [13, 9, 5, 1, 3, 7, 11],
  [14, 10, 6, 2, 4, 8, 12],
];

/** The most lots of stored sides that gain, and lose, all that the price moves: up calls and puts, down puts and calls. */
const steepest = (sums: LaneSums, up: boolean): { readonly gaining: bigint; readonly losing: bigint } => {
  const puts = sums.lots - sums.callLots;
  return up ? { gaining: sums.callLots, losing: puts } : { gaining: puts, losing: sums.callLots };
};

/**
 * A lower bound of what the stored sides of a book are worth at a place that its words have not seen, at the mark and in each scenario, WAD.
 * The twin of `Secant.addBounds`.
 * @param unit of the lanes
 * @param anchor where the words were made
 * @param live where the series is now
 */
export function boundsOf(book: SeriesBook, unit: bigint, anchor: Place, live: Place): bigint[] {
  const { longs, shorts } = book;
  const [long, short] = [longs.lanes, shorts.lanes];
  const nodes = long.map((_, k) => forwardAt(anchor.forward, anchor.range, BigInt(k)));
  const moves = nodes.map((node, k) => forwardAt(live.forward, live.range, BigInt(k)) - node);
  const gap = (a: number, b: number): bigint => abs(nodes[a]! - nodes[b]!);
  const bounds = long.map((value, k) => (value - short[k]! - shorts.lots) * unit);
  // what is long, prolonged from the node behind; what is short, on the chord to the node ahead
  const prolonged = (k: number, behind: number): bigint => long[k]! - long[behind]! - longs.lots;
  const onChord = (k: number, ahead: number): bigint => short[k]! - short[ahead]!;

  for (const row of ROWS) {
    row.forEach((k, index) => {
      const [distance, up] = [abs(moves[k]!), moves[k]! >= 0n];
      const [behind, next] = up ? [row[index - 1], row[index + 1]] : [row[index + 1], row[index - 1]];
      const width = gap(k, behind ?? next ?? k);
      const ahead = next !== undefined && distance <= width ? next : undefined;
      const change = (behind === undefined ? 0n : prolonged(k, behind)) + (ahead === undefined ? 0n : onChord(k, ahead));
      const outer = (behind === undefined ? steepest(longs, up).losing : 0n) + (ahead === undefined ? steepest(shorts, up).gaining : 0n);
      bounds[k]! += floorDivide(change * distance * unit, width) - outer * distance;
    });
  }

  // The row of the mark: the undamped value at an extreme is V(0) + (20/7)·(lane − V(0)).
  const [distance, up] = [abs(moves[0]!), moves[0]! >= 0n];
  const [behind, ahead] = up ? [16, 15] : [15, 16];
  const near = 20n * distance <= 7n * gap(0, ahead);
  const ofMark =
    floorDivide(20n * prolonged(0, behind) * distance * unit, 7n * gap(0, behind)) +
    (near ? floorDivide(20n * onChord(0, ahead) * distance * unit, 7n * gap(0, ahead)) : -steepest(shorts, up).gaining * distance);
  const rounding = near ? floorDivide(-13n * shorts.lots * unit * distance, 7n * gap(0, ahead)) : 0n;
  bounds[0]! += ofMark;
  for (const k of [15, 16]) bounds[k]! += floorDivide(13n * ofMark, 20n) + rounding + ofExtreme(k);
  return bounds;

  function ofExtreme(k: number): bigint {
    const [away, rises] = [abs(moves[k]!), moves[k]! >= 0n];
    const outwards = rises === (k === 15);
    const chord = !outwards && away <= gap(k, 0);
    const change = (outwards ? prolonged(k, 0) : 0n) + (chord ? onChord(k, 0) : 0n);
    const outer = (outwards ? 0n : steepest(longs, rises).losing) + (chord ? 0n : steepest(shorts, rises).gaining);
    return floorDivide(change * away * unit, gap(k, 0)) + floorDivide(-7n * outer * away, 20n);
  }
}
