import fc from "fast-check";
import { max, min } from "../../src/engine/types/fixedPoint.ts";

// fast-check draws large integers evenly: of the values below 2²⁵⁶ hardly one has fewer than 249 bits, and users have small ones.

/** Values that are as often small or at an edge as they are large: as many of each length in bits. */
export function upTo(most: bigint, least = 0n): fc.Arbitrary<bigint> {
  return fc.oneof(
    fc.bigInt(least, most),
    fc.integer({ min: 1, max: most.toString(2).length }).chain((bits) => fc.bigInt(least, max(least, min(most, 2n ** BigInt(bits) - 1n)))),
    fc.constantFrom(least, most),
  );
}

/** What fits an unsigned field of some bits. */
export function unsigned(bits: number): fc.Arbitrary<bigint> {
  return upTo(2n ** BigInt(bits) - 1n);
}

/** What fits a signed field of some bits. */
export function signed(bits: number): fc.Arbitrary<bigint> {
  return fc.tuple(unsigned(bits - 1), fc.boolean()).map(([value, negative]) => (negative ? -value - 1n : value));
}

/** A packed word of 256 bits, whose every field is drawn evenly. */
export const anyWord: fc.Arbitrary<bigint> = fc.bigInt(0n, 2n ** 256n - 1n);

/** A number between two, evenly: `fc.double` is even over its representations, most of which are tiny. */
export const real = (least: number, most: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: 1_000_000 }).map((part) => least + ((most - least) * part) / 1e6);
