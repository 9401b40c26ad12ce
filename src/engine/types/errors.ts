/**
 * What a call of the contracts reverts with: the name of the custom error and its arguments, in the order and with the values of the
 * Solidity error. Addresses are lower-case hex strings, everything else is a bigint or a boolean.
 * @example
 * const { state } = await readVault({ rpc, record });
 * try {
 *   execute(state, wallet.address.toLowerCase(), []);
 * } catch (error) {
 *   if (error instanceof Reverted) error.errorName // "NothingToDo"
 * }
 */
export class Reverted extends Error {
  readonly errorName: string;
  readonly args: readonly ErrorArgument[];

  constructor(errorName: string, args: readonly ErrorArgument[]) {
    super(`${errorName}(${args.map(String).join(", ")})`);
    this.name = "Reverted";
    this.errorName = errorName;
    this.args = args;
  }
}

/** A value of a custom error; a nested array is a struct. */
export type ErrorArgument = bigint | boolean | string | readonly ErrorArgument[];

/** Throws `Reverted`; typed so that it can stand where a value is expected. */
export function revert(errorName: string, ...args: ErrorArgument[]): never {
  throw new Reverted(errorName, args);
}

/** A signed value of at most `bits` bits: the nearest end where it has more. */
export function saturated(bits: number, value: bigint): bigint {
  const most = 2n ** BigInt(bits - 1) - 1n;
  if (value > most) return most;
  return value < -most - 1n ? -most - 1n : value;
}

/**
 * A signed value that has to fit `bits` bits of storage.
 * @throws Reverted `SafeCastOverflowedIntDowncast(bits, value)` as OpenZeppelin's SafeCast does
 */
export function toSigned(bits: number, value: bigint): bigint {
  if (BigInt.asIntN(bits, value) !== value) revert("SafeCastOverflowedIntDowncast", BigInt(bits), value);
  return value;
}

/**
 * An unsigned value that has to fit `bits` bits of storage.
 * @throws Reverted `SafeCastOverflowedUintDowncast(bits, value)` as OpenZeppelin's SafeCast does
 */
export function toUnsigned(bits: number, value: bigint): bigint {
  if (BigInt.asUintN(bits, value) !== value) revert("SafeCastOverflowedUintDowncast", BigInt(bits), value);
  return value;
}
