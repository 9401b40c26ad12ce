/** One, in parts per million. */
export const PPM = 1_000_000n;

/**
 * One, as an amount or ratio with 18 decimals.
 * @example
 * formatDecimal(3n * WAD) // "3"
 */
export const WAD = 10n ** 18n;

/** From parts per million, the unit in which parameters are stored, to a ratio with 18 decimals. */
export function fromPpm(ppm: bigint): bigint {
  return ppm * 10n ** 12n;
}

/** From parts per billion, the unit in which scan ranges are stored, to a ratio with 18 decimals. */
export function fromPpb(ppb: bigint): bigint {
  return ppb * 10n ** 9n;
}

export function abs(a: bigint): bigint {
  return a < 0n ? -a : a;
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** floor(a / b) of non-negative `a` and positive `b`. */
export function divDown(a: bigint, b: bigint): bigint {
  return a / b;
}

/**
 * floor(a / b) of either sign of `a` and positive `b`.
 * @example floorDivide(-1n, 4n) // -1n
 */
export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a < 0n && quotient * b !== a ? quotient - 1n : quotient;
}

/**
 * ceil(a / b) of non-negative `a` and positive `b`.
 * @example divUp(10n, 4n) // 3n
 */
export function divUp(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/**
 * floor(a · ratio) of an amount; a negative amount counts as zero.
 * @example partDown(10n, 5n * 10n ** 17n) // 5n
 */
export function partDown(a: bigint, ratio: bigint): bigint {
  return a <= 0n ? 0n : (a * ratio) / WAD;
}

/**
 * ceil(a · ratio) of an amount; a negative amount counts as zero.
 * @example partUp(11n, 5n * 10n ** 17n) // 6n
 */
export function partUp(a: bigint, ratio: bigint): bigint {
  return a <= 0n ? 0n : divUp(a * ratio, WAD);
}

export const sum = (values: readonly bigint[]): bigint => values.reduce((total, value) => total + value, 0n);

export const ceilDivide = (a: bigint, b: bigint): bigint => -floorDivide(-a, b);
