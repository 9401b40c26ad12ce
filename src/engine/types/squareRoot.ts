/**
 * The integer square root, rounded down.
 * @example squareRootDown(15n) // 3n
 */
export function squareRootDown(value: bigint): bigint {
  if (value < 2n) return value;
  // above the root, from where Newton's steps only fall
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/**
 * The integer square root, rounded up.
 * @example squareRootUp(15n) // 4n
 */
export function squareRootUp(value: bigint): bigint {
  const root = squareRootDown(value);
  return root * root < value ? root + 1n : root;
}
