import fc from "fast-check";
import { max, min } from "../../../src/engine/fixedPoint.ts";

/** Values that are as often small or at an edge as they are large. */
export function upTo(most: bigint, least = 0n): fc.Arbitrary<bigint> {
  return fc.oneof(
    fc.bigInt(least, most),
    fc.integer({ min: 1, max: most.toString(2).length }).chain((bits) => fc.bigInt(least, max(least, min(most, 2n ** BigInt(bits) - 1n)))),
    fc.constantFrom(least, most),
  );
}
