import { abs, max, min, sum } from "../../types/fixedPoint.ts";

/** A position of an account that falls short, as its worst scenario finds it. */
export interface ShortPosition {
  readonly lots: bigint; // signed, not zero
  readonly mark: bigint; // of a lot, WAD
  readonly loss: bigint; // of the position in that scenario, WAD; a gain is negative
}

/** At what prices the positions of an account are closed, and what those do not bring: deficit. */
export interface ClosingPrices {
  readonly prices: readonly bigint[]; // of a lot, WAD, beside the positions
  readonly missing: bigint; // WAD
}

/**
 * The prices at which an account that is worth V < 0 ends with nothing: p = mark − V·w/q, w the share of the position in the loss of the worst scenario. Who
 * takes over a long of it pays more than the mark, who takes over a short is paid less. No price is below zero: what is clamped there falls to the others, by
 * their shares. With V ≥ 0 the marks. Each price is rounded towards the mark.
 * @param value V of the account, WAD
 * @example bankruptcyPrices([{ lots: 10n, mark: 100n, loss: 5n }], -50n) // { prices: [105n], missing: 0n }
 */
export function bankruptcyPrices(positions: readonly ShortPosition[], value: bigint): ClosingPrices {
  const prices = positions.map(({ mark }) => mark);
  const weights = weightsOf(positions);
  let missing = max(-value, 0n);
  let open = positions.map((_, i) => i).filter((i) => weights[i]! > 0n);
  while (missing > 0n && open.length > 0) {
    const whole = sum(open.map((i) => weights[i]!));
    const shared = missing;
    const room: number[] = [];
    for (const i of open) {
      const { lots } = positions[i]!;
      const wanted = (shared * weights[i]!) / (whole * abs(lots));
      const step = lots > 0n ? wanted : min(wanted, prices[i]!);
      if (step === wanted) room.push(i);
      prices[i] = prices[i]! + (lots > 0n ? step : -step);
      missing -= step * abs(lots);
    }
    if (room.length === open.length) break;
    open = room;
  }
  return { prices, missing };
}

/** What loses in the scenario bears by what it loses; where nothing does, all by their size at the mark. */
function weightsOf(positions: readonly ShortPosition[]): readonly bigint[] {
  const losses = positions.map(({ loss }) => max(loss, 0n));
  return losses.some((loss) => loss > 0n) ? losses : positions.map(({ lots, mark }) => abs(lots) * mark);
}
