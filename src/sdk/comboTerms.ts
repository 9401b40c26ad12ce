import type { Leg } from "../engine/orders/orders.ts";
import { abs, floorDivide } from "../engine/types/fixedPoint.ts";
import { formatDecimal } from "./amounts.ts";
import { BadInput } from "./failure.ts";
import { instrumentName, type ListedUnderlying, parseInstrument } from "./series.ts";

// Combos as people write them: ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1 is the spread that its buyer pays for. The number after a name says how many
// units of that instrument one unit of the combo is.

/** A combo by its legs, without prices. */
export type NamedCombo = {
  /** Lots of one unit of the order, positive where a buyer of the combo buys. */
  readonly legs: readonly Pick<Leg, "instrument" | "lots">[];
  /** A unit of the order is 10^−exponent of the combo: the lot of the leg whose lots are the largest. */
  readonly exponent: number;
};

const [LEAST_LEGS, MOST_LEGS] = [2, 8];

/** Whether a text names several instruments. @example isCombo("ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1") // true */
export function isCombo(text: string): boolean {
  return /[,:]/.test(text);
}

/**
 * The legs of a combo by names.
 * @throws BadInput that says what is wrong with which leg
 * @example
 * parseCombo(listed, "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-1").legs.map(({ lots }) => lots) // [1n, -1n]
 */
export function parseCombo(listed: readonly ListedUnderlying[], text: string): NamedCombo {
  const parts = text.split(",").map((part) => {
    const match = /^\s*([^:\s]+)\s*:\s*([+-]?)(\d{1,9})\s*$/.exec(part);
    const [, name = "", sign, count = "0"] = match ?? [];
    if (match === null || /^0+$/.test(count))
      throw new BadInput(`"${part.trim()}" is no leg: write NAME:+1 to buy it or NAME:-1 to sell it`);
    const instrument = parseInstrument(listed, name);
    if (instrument <= 0xffn) throw new BadInput(`${instrumentName(listed, instrument)} is no leg of a combo: sign an order of its own`);
    return { name, instrument, ratio: BigInt(`${sign === "-" ? "-" : ""}${count}`) };
  });
  if (parts.length < LEAST_LEGS || parts.length > MOST_LEGS)
    throw new BadInput(`a combo has ${LEAST_LEGS} to ${MOST_LEGS} legs, not ${parts.length}`);
  const twice = parts.find(({ instrument }, i) => parts.findIndex((each) => each.instrument === instrument) !== i);
  if (twice !== undefined) throw new BadInput(`${twice.name} is named twice`);
  const exponents = parts.map(({ instrument }) => exponentOf(listed, instrument));
  const exponent = Math.min(...exponents);
  const legs = parts.map(({ instrument, ratio }, i) => ({
    instrument,
    lots: ratio * 10n ** BigInt((exponents[i] ?? exponent) - exponent),
  }));
  return { legs, exponent };
}

/**
 * A combo as one names it, from the side that buys the first leg.
 * @param legs as they were signed
 * @returns its name, whether who signed sells it, and the exponent of a unit of the order
 * @example
 * const { legs } = parseCombo(listed, "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-2");
 * comboName(listed, legs).name // "ETH-20261225-3000-C:+1,ETH-20261225-3500-C:-2"
 */
export function comboName(
  listed: readonly ListedUnderlying[],
  legs: readonly Pick<Leg, "instrument" | "lots">[],
): { readonly name: string; readonly sells: boolean; readonly exponent: number } {
  const exponent = Math.min(...legs.map(({ instrument }) => exponentOf(listed, instrument)));
  const sells = (legs[0]?.lots ?? 0n) < 0n;
  const name = legs
    .map(({ instrument, lots }) => {
      const ratio = formatDecimal(sells ? -lots : lots, exponentOf(listed, instrument) - exponent);
      return `${instrumentName(listed, instrument)}:${ratio.startsWith("-") ? "" : "+"}${ratio}`;
    })
    .join(",");
  return { name, sells, exponent };
}

/**
 * Legs with prices that add up to one net price: each mark is moved by the same part of itself, against who is to pay less.
 * @param parts of one unit: lots positive where they are bought, the mark of a lot in WAD
 * @param net WAD that the buyer of all pays for one unit, at most; negative: receives at least. Exact unless no leg has a single lot
 * @param exponent a unit is 10^−exponent of what errors speak of
 * @throws BadInput when no prices from nothing up are so far from the marks
 * @example
 * const [instrument, higher] = ["ETH-20261225-3000-C", "ETH-20261225-3500-C"].map((name) => parseInstrument(listed, name)) as [bigint, bigint];
 * const legs = pricedLegs([{ instrument, lots: 1n, mark: 40n * WAD }, { instrument: higher, lots: -1n, mark: 25n * WAD }], 14n * WAD);
 * legs[0]!.price - legs[1]!.price // 14n * WAD
 */
export function pricedLegs(
  parts: readonly (Pick<Leg, "instrument" | "lots"> & { readonly mark: bigint })[],
  net: bigint,
  exponent = 0,
): Leg[] {
  const marks = parts.reduce((sum, { lots, mark }) => sum + lots * mark, 0n);
  const gross = parts.reduce((sum, { lots, mark }) => sum + abs(lots) * mark, 0n);
  const change = net - marks;
  if (abs(change) >= gross && change !== 0n) {
    const shown = (price: bigint): string => formatDecimal(price * 10n ** BigInt(exponent));
    throw new BadInput(`a price of ${shown(net)} is too far from that of the marks, ${shown(marks)}: no leg can have such a price`);
  }
  const legs = parts.map(({ instrument, lots, mark }) => {
    const moved = change === 0n ? 0n : (mark * change) / gross;
    return { instrument, lots, price: lots < 0n ? mark - moved : mark + moved };
  });
  // what rounding left goes to the leg of fewest lots that can bear it, so that no more is paid than was said
  const rest = net - legs.reduce((sum, { lots, price }) => sum + lots * price, 0n);
  const adjusted = ({ lots, price }: Leg): bigint => price + (lots < 0n ? -1n : 1n) * floorDivide(rest, abs(lots));
  const [last] = legs.filter((leg) => adjusted(leg) >= 0n).sort((a, b) => Number(abs(a.lots) - abs(b.lots)));
  return legs.map((leg) => (leg === last ? { ...leg, price: adjusted(leg) } : leg));
}

function exponentOf(listed: readonly ListedUnderlying[], instrument: bigint): number {
  return listed[Number(instrument & 0xffn)]?.lotExponent ?? 0;
}
