/** Primitive polynomials and first direction numbers of Joe and Kuo (new-joe-kuo-6.21201), from the second dimension on. */
const DIRECTIONS: readonly (readonly [polynomial: number, first: readonly number[]])[] = [
  [3, [1]],
  [7, [1, 3]],
  [11, [1, 3, 1]],
  [13, [1, 1, 1]],
  [19, [1, 1, 3, 3]],
  [25, [1, 3, 5, 13]],
  [37, [1, 1, 5, 5, 17]],
  [41, [1, 1, 5, 5, 5]],
  [47, [1, 1, 7, 11, 19]],
  [55, [1, 1, 5, 1, 1]],
  [59, [1, 1, 1, 3, 11]],
  [61, [1, 3, 5, 5, 31]],
  [67, [1, 3, 3, 9, 7, 49]],
  [91, [1, 1, 1, 15, 21, 21]],
  [97, [1, 3, 1, 13, 27, 49]],
];

export const MOST_DIMENSIONS = DIRECTIONS.length + 1;
const BITS = 30;
const ONE = 1 << BITS;

/**
 * The first points of Sobol's sequence, as Joe and Kuo direct it, from the origin on, in Gray-code order: any first 2^k of them have in each dimension
 * one point in each of the 2^k equal intervals.
 * @returns a row a point, each in [0, 1)
 * @throws RangeError for more dimensions than there are directions, or more points than 2^30
 */
export function sobolPoints(count: number, dimensions: number): number[][] {
  if (dimensions < 1 || dimensions > MOST_DIMENSIONS)
    throw new RangeError(`Sobol's sequence has from 1 to ${MOST_DIMENSIONS} dimensions here, not ${dimensions}`);
  if (count > ONE) throw new RangeError(`${count} points are more than 2^${BITS}`);
  const directions = Array.from({ length: dimensions }, (_, i) => directionsOf(i));
  const at = new Array<number>(dimensions).fill(0);
  return Array.from({ length: count }, (_, point) => {
    if (point > 0) {
      // the lowest zero of the number before
      let bit = 0;
      while (((point >> bit) & 1) === 0) bit++;
      for (let i = 0; i < dimensions; i++) at[i]! ^= directions[i]![bit]!;
    }
    return at.map((each) => each / ONE);
  });
}

function directionsOf(dimension: number): number[] {
  if (dimension === 0) return Array.from({ length: BITS }, (_, bit) => 1 << (BITS - 1 - bit));
  const [polynomial, first] = DIRECTIONS[dimension - 1]!;
  const degree = first.length;
  const m = [...first];
  for (let i = degree; i < BITS; i++) {
    let next = m[i - degree]! ^ (m[i - degree]! << degree);
    for (let k = 1; k < degree; k++) if ((polynomial >> (degree - k)) & 1) next ^= m[i - k]! << k;
    m.push(next);
  }
  return m.map((each, i) => each << (BITS - 1 - i));
}
