import { abs, divUp, max, min, sum, WAD } from "../../types/fixedPoint.ts";
/** For each year between two expiries, the inter-month charge rises by twice what it starts from, up to one year. */
export const TENOR_MULTIPLE = 2n;

const YEAR = 31_536_000n;

/** The dollar delta of everything in one instrument or series. */
export interface Exposure {
  readonly tenor: bigint; // seconds of variance time to settlement, 0 for perpetual and collateral
  readonly delta: bigint; // market value that moves with the price, WAD, signed
}

/** The part of the charge that grows with tenor, 18 decimals: 2·b a year, up to a year. */
export function tenorRate(tenor: bigint, interMonth: bigint): bigint {
  return (TENOR_MULTIPLE * interMonth * min(tenor, YEAR)) / YEAR;
}

const matchedTwice = (deltas: readonly bigint[]): bigint => sum(deltas.map(abs)) - abs(sum(deltas));

/**
 * The inter-month charge, WAD, rounded up: b of what is long against what is short, and for each stretch between two neighbouring tenors the rate of
 * that stretch of what is long on one side of it against what is short on the other. Two opposite positions pay b + 2·b·(years between them).
 * @param interMonth b, 18 decimals
 * @example interMonthUp([{ tenor: 0n, delta: -100n * WAD }, { tenor: 31_536_000n, delta: 100n * WAD }], WAD / 50n) // 6n * WAD: 2 % and 4 %
 */
export function interMonthUp(exposures: readonly Exposure[], interMonth: bigint): bigint {
  const sorted = [...exposures].sort((a, b) => Number(a.tenor - b.tenor));
  const deltas = sorted.map(({ delta }) => delta);
  let twice = matchedTwice(deltas) * interMonth;
  for (let after = 1; after < sorted.length; after++) {
    const rate = tenorRate(sorted[after]!.tenor, interMonth) - tenorRate(sorted[after - 1]!.tenor, interMonth);
    twice += matchedTwice([sum(deltas.slice(0, after)), sum(deltas.slice(after))]) * rate;
  }
  return divUp(twice, 2n * WAD);
}

/** What every unit of an error in a delta can change in the charge at most, 18 decimals. */
export function interMonthSlope(exposures: readonly Exposure[], interMonth: bigint): bigint {
  const rates = exposures.map(({ tenor }) => tenorRate(tenor, interMonth));
  return interMonth + rates.reduce(max, 0n) - rates.reduce(min, interMonth * TENOR_MULTIPLE);
}
