import { revert } from "./errors.ts";

/** The index that stands for a strike of zero: its call is the dated future. */
export const STRIKE_ZERO = 127n;

/** An instrument of an underlying: a call or put of a strike of a series, or its dated future. */
export interface Instrument {
  readonly series: bigint; // 0–255
  readonly index: bigint; // of the strike, 0–126, or STRIKE_ZERO
  readonly isCall: boolean;
}

/**
 * The sixteen bits of an instrument, as contracts/types/Instrument.sol has them.
 * @throws Reverted `UnknownInstrument` (series, index, isCall)
 * @example instrumentNumber({ series: 2n, index: 3n, isCall: true }) // 0x0207n
 */
export function instrumentNumber({ series, index, isCall }: Instrument): bigint {
  if (series > 255n || index > STRIKE_ZERO || (index === STRIKE_ZERO && !isCall)) revert("UnknownInstrument", series, index, isCall);
  return (series << 8n) | (index << 1n) | (isCall ? 1n : 0n);
}

/**
 * The inverse of {@link instrumentNumber}.
 * @example instrumentFromNumber(0x0207n) // { series: 2n, index: 3n, isCall: true }
 */
export function instrumentFromNumber(number: bigint): Instrument {
  return { series: number >> 8n, index: (number >> 1n) & STRIKE_ZERO, isCall: (number & 1n) === 1n };
}

/** Whether it is the dated future of its series. */
export function isFuture({ index, isCall }: Instrument): boolean {
  return index === STRIKE_ZERO && isCall;
}

/** The key of the risk word that the call and the put of a strike share. */
export function wordKeyOf(number: bigint): bigint {
  return number >> 1n;
}
