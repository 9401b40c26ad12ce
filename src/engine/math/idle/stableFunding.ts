import { ceilDivide, divUp, max, min, PPM, sum } from "../../types/fixedPoint.ts";

/** Shares that the vault holds of one strategy, WAD of the settlement token at their rate. */
export interface StrategyHolding {
  readonly value: bigint; // S_j
  readonly liquid: bigint; // of it, what could be redeemed in each of the last 24 hours: ℓ_j·S_j
}

/** Stake of the fund that was asked for. */
export interface CoolingStake {
  readonly amount: bigint; // WAD
  readonly time: bigint; // seconds until it may leave
}

/** What the ratios are made of, WAD where nothing else is said; docs/funding-ratio.md works one through. */
export interface BalanceSheet {
  readonly tokens: bigint; // T: settlement tokens of the ledger
  readonly strategies: readonly StrategyHolding[];
  readonly collateral: bigint; // C: other collateral at market
  readonly margin: bigint; // M: what positions bind of their owners' money
  readonly stake: bigint; // of the fund, not cooling, at its last recorded lower value
  readonly cooling: readonly CoolingStake[];
  readonly coolDown: bigint; // seconds
  readonly poolBound: bigint; // of the pool, what its inventory keeps from leaving
  readonly poolRequested: bigint; // of the pool, what waits to be paid
  readonly inventory: bigint; // of the fund: collateral at market, and the margin of its positions
  readonly lost: bigint; // U + S: deficit and shortfall
}

/** Each ratio as what is above and below its line, WAD; and what these are made of. */
export interface FundingRatios {
  readonly available: bigint; // stable funding that there is, rounded down
  readonly required: bigint; // stable funding that is needed, rounded up
  readonly liquid: bigint; // what can be had within seven days, rounded down
  readonly outflow: bigint; // what may be asked for within seven days, rounded up
  readonly parts: {
    readonly fund: bigint; // of `available`
    readonly pool: bigint;
    readonly margin: bigint;
    readonly strategies: bigint; // of `required`
    readonly owedOnCollateral: bigint; // X, of `required`
    readonly inventory: bigint;
    readonly lost: bigint;
    readonly tokens: bigint; // of `liquid`
    readonly redeemable: bigint;
    readonly claims: bigint; // of `outflow`: half of the claims on settlement tokens within the horizon
    readonly leaving: bigint;
  };
}

/** Seconds for which the coverage counts, and the least horizon of stable funding. */
export const COVERAGE_TIME = 604_800n;

// parts per million
const POOL_PART = 950_000n;
const MARGIN_PART = 500_000n;
const STRATEGY_LEAST = 150_000n;
const OWED_PART = 100_000n;
const INVENTORY_PART = 850_000n;
const LIQUID_PART = 900_000n;
const RUN_PART = 500_000n;

/** What the ratios have to be where they bind, ppm. */
export interface RatioLimits {
  readonly stable: bigint;
  readonly coverage: bigint;
}

/** After an `Invest`, and after a rise of a supply cap. */
export const TO_INVEST: RatioLimits = { stable: 1_250_000n, coverage: 1_500_000n };

/** Below these anybody may divest who invested. */
export const TO_KEEP: RatioLimits = { stable: 1_150_000n, coverage: 1_300_000n };

const partDown = (amount: bigint, ppm: bigint): bigint => (amount * ppm) / PPM;
const partUp = (amount: bigint, ppm: bigint): bigint => divUp(amount * ppm, PPM);

/** Stable funding that a strategy needs: at least 15 % of its shares, and all of what cannot be redeemed at once. */
function neededBy({ value, liquid }: StrategyHolding): bigint {
  return max(partUp(value, STRATEGY_LEAST), value - liquid);
}

/** Net stable funding and liquidity coverage over seven days. */
export function fundingRatios(sheet: BalanceSheet): FundingRatios {
  const { strategies, lost } = sheet;
  const horizon = max(sheet.coolDown, COVERAGE_TIME);
  const lasting = (amount: bigint, time: bigint): bigint => (amount * min(max(time, 0n), horizon)) / horizon;
  const invested = sum(strategies.map(({ value }) => value));
  const owedOnCollateral = partUp(sheet.collateral, OWED_PART);
  const claimed = max(sheet.tokens + lost + owedOnCollateral + invested - sheet.margin, 0n);
  const parts = {
    fund: lasting(sheet.stake, sheet.coolDown) + sum(sheet.cooling.map(({ amount, time }) => lasting(amount, time))),
    pool: partDown(sheet.poolBound, POOL_PART),
    margin: partDown(sheet.margin, MARGIN_PART),
    strategies: sum(strategies.map(neededBy)),
    owedOnCollateral,
    inventory: partUp(sheet.inventory, INVENTORY_PART),
    lost,
    tokens: sheet.tokens,
    redeemable: sum(strategies.map(({ liquid }) => partDown(liquid, LIQUID_PART))),
    claims: partUp(claimed, RUN_PART),
    leaving: sheet.poolRequested + sum(sheet.cooling.map(({ amount, time }) => (time <= COVERAGE_TIME ? amount : 0n))),
  };
  return {
    available: parts.fund + parts.pool + parts.margin,
    required: parts.strategies + parts.owedOnCollateral + parts.inventory + parts.lost,
    liquid: parts.tokens + parts.redeemable,
    outflow: parts.claims + parts.leaving,
    parts,
  };
}

/** Whether both ratios are at least their limits, exactly; what needs nothing passes. */
export function ratiosHold({ available, required, liquid, outflow }: FundingRatios, { stable, coverage }: RatioLimits): boolean {
  return available * PPM >= required * stable && liquid * PPM >= outflow * coverage;
}

/**
 * How much of a strategy has to become cash for the ratios to be at their limits, WAD of the settlement token at the stored rate, at most all of it. What could
 * be redeemed at once counts as it did: the next sample says what is left of it.
 */
export function curingUp({ available, required, liquid, outflow }: FundingRatios, held: StrategyHolding, limits: RatioLimits): bigint {
  const lacksStable = max(required - (available * PPM) / limits.stable, 0n);
  const lacksLiquid = max(divUp(outflow * limits.coverage, PPM) - liquid, 0n);
  // needed falls as value does while what is not liquid is more than 15 % of it, from there on by 15 %
  const turn = max(held.value - (held.liquid * PPM) / (PPM - STRATEGY_LEAST), 0n);
  const byStable = lacksStable <= turn ? lacksStable : turn + divUp((lacksStable - turn) * PPM, STRATEGY_LEAST);
  // cash counts in full, what was liquid beyond what is left counted 90 %
  const illiquid = held.value - held.liquid;
  const byLiquid = lacksLiquid <= illiquid ? lacksLiquid : illiquid + divUp((lacksLiquid - illiquid) * PPM, PPM - LIQUID_PART);
  return min(max(byStable, byLiquid), held.value);
}

/**
 * By how much collateral may grow for the ratios to hold afterwards, WAD at market, rounded down; not negative.
 * @param isStrategy shares, which need all of their value where nothing of them was redeemable before, and otherwise a tenth
 */
export function roomDown(
  { available, required, liquid, outflow, parts }: FundingRatios,
  sheet: BalanceSheet,
  isStrategy: boolean,
  limits: RatioLimits,
): bigint {
  const part = isStrategy ? PPM : OWED_PART;
  const byStable = ((available * PPM) / limits.stable - required) * PPM;
  // of claims that positions bind more than all, the first grow unseen
  const claimed = sheet.tokens + sheet.lost + parts.owedOnCollateral + sum(sheet.strategies.map(({ value }) => value));
  const unseen = max(sheet.margin - claimed, 0n);
  const byLiquid = ((liquid * PPM) / limits.coverage - outflow) * PPM;
  const grown = byLiquid < 0n ? -1n : unseen + byLiquid / RUN_PART;
  // rounding of the parts: a unit each
  return max(min(byStable / part, (grown * PPM) / part) - 2n * ceilDivide(PPM, part), 0n);
}
