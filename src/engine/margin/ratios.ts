import type { Draft } from "../ledger/draft.ts";
import { tokenValueDown } from "../ledger/ledger.ts";
import { leastSampledDown } from "../math/idle/redeemable.ts";
import {
  type BalanceSheet,
  type FundingRatios,
  fundingRatios,
  type RatioLimits,
  ratiosHold,
  type StrategyHolding,
} from "../math/idle/stableFunding.ts";
import { revert } from "../types/errors.ts";
import { fromPpb, fromPpm, min, partDown, sum } from "../types/fixedPoint.ts";
import { rampAt } from "../types/ramp.ts";
import { type CollateralToken, type RecordedStake, SETTLEMENT } from "../types/types.ts";
import { fundAccountOf } from "./fundAccounts.ts";
import { shortfallOf } from "./shortfall.ts";

const NOTHING_RECORDED: RecordedStake = { stake: 0n, cooling: [], coolDown: 0n, margin: 0n, poolBound: 0n, poolRequested: 0n };

/** Whether accounts may invest in a token: a share of a strategy that governance admitted. */
export function isStrategy({ underlying, redeemable }: CollateralToken): boolean {
  return underlying === BigInt(SETTLEMENT) && redeemable !== undefined;
}

/** What the vault holds of a strategy, and what of it could be redeemed in each of the last 24 hours, WAD of the settlement token. */
export function strategyOf(draft: Draft, token: CollateralToken): StrategyHolding {
  const market = draft.underlying(SETTLEMENT);
  const liquid = token.redeemable === undefined ? 0n : leastSampledDown(token.redeemable, mostSupply(token), draft.now);
  return { value: tokenValueDown(token, token.supply, market), liquid: tokenValueDown(token, min(liquid, token.supply), market) };
}

/** What governance lets all accounts hold of a token together, WAD of it. */
export function mostSupply({ caps, cap }: CollateralToken): bigint {
  return caps?.most ?? cap;
}

/** The balance sheet of the vault, from totals and from what fund and pool recorded, at the last prices and rates. */
export function balanceSheetOf(draft: Draft): BalanceSheet {
  const { base, now } = draft;
  const { stake, cooling, coolDown, margin, poolBound, poolRequested } = base.recorded ?? NOTHING_RECORDED;
  const tokens = base.collaterals.map((_, index) => draft.collateral(index));
  const worth = (token: CollateralToken, amount: bigint): bigint =>
    tokenValueDown(token, amount, draft.underlying(Number(token.underlying)));
  const maintenance = fromPpm(rampAt(base.margin.maintenance, now));
  const markets = base.underlyings.map((_, index) => draft.underlying(index));
  const collateralOfFund = markets.flatMap((_, index) =>
    [...draft.account(fundAccountOf(draft, BigInt(index))).collateral].map(([token, amount]) => worth(draft.collateral(token), amount)),
  );
  return {
    tokens: draft.settlement,
    strategies: tokens.filter(isStrategy).map((token) => strategyOf(draft, token)),
    collateral: sum(tokens.filter((token) => !isStrategy(token)).map((token) => worth(token, token.supply))),
    margin: sum(
      markets.map(({ funding, price, heldRange }) => partDown(partDown(funding.openInterest * price, fromPpb(heldRange)), maintenance)),
    ),
    stake,
    cooling: cooling.map(({ amount, maturity }) => ({ amount, time: maturity > now ? maturity - now : 0n })),
    coolDown,
    poolBound,
    poolRequested,
    inventory: sum(collateralOfFund) + margin,
    lost: draft.deficit + sum([...draft.shortfalls.values()]),
  };
}

/**
 * Net stable funding and liquidity coverage, with their parts.
 * @example ratios(new Draft(state)).available
 */
export function ratios(draft: Draft): FundingRatios {
  return fundingRatios(balanceSheetOf(draft));
}

/** @throws Reverted `RatiosTooLow` with what is above and below the line of each */
export function requireRatios(draft: Draft, limits: RatioLimits): void {
  const made = ratios(draft);
  if (!ratiosHold(made, limits)) revert("RatiosTooLow", made.available, made.required, made.liquid, made.outflow);
}

/** While value is lost, or missing, nobody moves money to where it would not share in that. @throws Reverted `DeficitOutstanding` */
export function requireNothingLost(draft: Draft): void {
  const lost = draft.deficit + shortfallOf(draft);
  if (lost !== 0n) revert("DeficitOutstanding", lost);
}
