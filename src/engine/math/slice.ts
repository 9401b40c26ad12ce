import { abs, divUp, fromPpm, max, partUp, WAD } from "../types/fixedPoint.ts";
import type { Assessment, LiquidationParameters } from "../types/types.ts";

/** What a sale of an account is worth and how much of it is sold; ratios with 18 decimals, amounts WAD. */
export interface SliceTerms {
  readonly health: bigint; // E / MM within 0 and 1, rounded down
  readonly haircutShare: bigint; // λ: the part of the haircut that collateral is paid below its price
  readonly worth: bigint; // W
  readonly discount: bigint; // D for the whole account
  readonly bounty: bigint; // b of everything that is sold
  readonly fraction: bigint; // f*, one for a whole sale
}

/**
 * The terms of a liquidation.
 * @param figures live figures of the account
 * @param maintenance its maintenance margin, WAD
 * @param count its positions and collaterals, of which each adds a bounty; who holds nothing any more is closed at the price of one
 */
export function sliceTerms(figures: Assessment, maintenance: bigint, parameters: LiquidationParameters, count: bigint): SliceTerms {
  const health = healthDown(figures, maintenance);
  const haircutShare = WAD - health / 2n;
  const worth = figures.value - partUp(figures.value - figures.equity, haircutShare);
  const discount = discountUp(figures, health, parameters);
  const bounty = max(count, 1n) * parameters.bounty * 10n ** 14n;
  const fraction = fractionUp(figures, { worth, discount, bounty }, fromPpm(parameters.recovery));
  return { health, haircutShare, worth, discount, bounty, fraction };
}

/**
 * The whole lots of a position that a part of it comes to: ⌈part·|lots|⌉ with the sign of `lots`.
 * @param part 18 decimals, at most one
 * @param least all where fewer lots would be left
 * @example lotsPartUp(-7n, WAD / 2n) // -4n
 */
export function lotsPartUp(lots: bigint, part: bigint, least = 0n): bigint {
  const size = divUp(abs(lots) * part, WAD);
  const sold = abs(lots) - size < least ? abs(lots) : size;
  return lots < 0n ? -sold : sold;
}

/**
 * The fewest lots of an underlying that a position may have.
 * @param smallest WAD
 * @param price of a lot, WAD; without one nothing is too many
 */
export function leastLots(smallest: bigint, price: bigint): bigint {
  return price === 0n ? 2n ** 256n - 1n : divUp(smallest, price);
}

/** D = max(d(h)·IM, c·G), WAD, rounded up. */
export function discountUp(
  { margin, notional }: Pick<Assessment, "margin" | "notional">,
  health: bigint,
  parameters: LiquidationParameters,
): bigint {
  return max(partUp(margin, discountRatioUp(health, parameters)), partUp(notional, fromPpm(parameters.grossDiscount)));
}

/** E / MM within 0 and 1, 18 decimals, rounded down; without margin 0 for a negative equity, else 1. */
export function healthDown(figures: Assessment, maintenance: bigint): bigint {
  if (figures.equity >= maintenance && figures.equity >= 0n) return WAD;
  if (figures.equity <= 0n) return 0n;
  return (figures.equity * WAD) / maintenance;
}

/** d(h) = d_min + (d_max − d_min)·(1 − h), 18 decimals, rounded up. */
export function discountRatioUp(health: bigint, parameters: LiquidationParameters): bigint {
  const least = fromPpm(parameters.discountMin);
  return least + divUp((fromPpm(parameters.discountMax) - least) * (WAD - health), WAD);
}

/**
 * f* = (κ·IM − E + b) / ((κ·IM − E) + (W − D)), rounded up, at most one; one when the sale of all would bring no more than b.
 * @param recovery κ, 18 decimals
 * @example
 * // equity 8 against a margin of 100, worth 8, discount 5: 98.5 + 0 of 98.5 + 3
 * fractionUp({ value: 8n, equity: 8n, margin: 100n, notional: 0n }, { worth: 8n, discount: 5n, bounty: 0n }, 105n * 10n ** 16n)
 */
export function fractionUp(figures: Assessment, terms: Pick<SliceTerms, "worth" | "discount" | "bounty">, recovery: bigint): bigint {
  const proceeds = terms.worth - terms.discount;
  if (proceeds <= terms.bounty) return WAD;
  const missing = partUp(figures.margin, recovery) - figures.equity;
  const numerator = missing + terms.bounty;
  const denominator = missing + proceeds;
  return numerator >= denominator ? WAD : divUp(numerator * WAD, denominator);
}
