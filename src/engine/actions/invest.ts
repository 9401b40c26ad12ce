import { type Draft, type Outcome, transact } from "../ledger/draft.ts";
import { leastSize, takeCollateral } from "../ledger/leastSize.ts";
import { credit, moveCollateral, tokenValueDown } from "../ledger/ledger.ts";
import { keepClock } from "../margin/fundAccounts.ts";
import { termsAt } from "../margin/margin.ts";
import { liveSettledCash, portfolioOf } from "../margin/portfolios.ts";
import { balanceSheetOf, isStrategy, mostSupply, ratios, requireNothingLost, strategyOf } from "../margin/ratios.ts";
import { requireMarginLeft } from "../margin/takeover.ts";
import { rateAfter } from "../math/idle/rate.ts";
import { sampled } from "../math/idle/redeemable.ts";
import { curingUp, ratiosHold, roomDown, TO_INVEST, TO_KEEP } from "../math/idle/stableFunding.ts";
import { revert } from "../types/errors.ts";
import { divUp, max, min, PPM, WAD } from "../types/fixedPoint.ts";
import { type AccountId, type CollateralToken, SETTLEMENT, type State } from "../types/types.ts";
import { reviewExchange } from "./exchange.ts";

/** What strategies answer; amounts in units of their tokens. Each may throw `Reverted`. By default they take and pay at the stored rate. */
export interface Strategies {
  /** Deposits settlement tokens; the shares that arrived. */
  readonly enter?: (token: number, assets: bigint) => bigint;
  /** Redeems shares; the settlement tokens that arrived. */
  readonly leave?: (token: number, shares: bigint) => bigint;
}

/** What `divestFor` pays at least, ppm of the stored rate. */
const LEAST_PAID = 995_000n;

interface Strategy {
  readonly listed: CollateralToken;
  readonly rate: bigint; // stored, WAD
  readonly scale: bigint; // WAD of a unit of the share
  readonly settlementScale: bigint; // WAD of a unit of the settlement token
}

function strategyAt(draft: Draft, token: number): Strategy {
  const listed = draft.findCollateral(token);
  if (listed === undefined) revert("UnknownToken", BigInt(token));
  if (!isStrategy(listed)) revert("NotAStrategy", BigInt(token));
  const settlementScale = 10n ** (18n - draft.base.settlementDecimals);
  return { listed, rate: listed.rate?.rate ?? WAD, scale: 10n ** (18n - listed.decimals), settlementScale };
}

/**
 * Turns cash of an account into shares of a strategy. The caller tests the margin rule as for a withdrawal, and the ratios.
 * @param assets units of the settlement token
 * @param leastShares units of the share
 * @throws Reverted `NotAStrategy`, `DeficitOutstanding`, `SharesBelowLimit`, `SupplyCapExceeded`, `CollateralTooSmall`
 */
export function investOn(
  draft: Draft,
  account: AccountId,
  token: number,
  assets: bigint,
  leastShares: bigint,
  { enter }: Strategies,
): void {
  const { rate, scale, settlementScale } = strategyAt(draft, token);
  if (assets === 0n) revert("NothingToDo");
  requireNothingLost(draft);
  const debited = assets * settlementScale;
  if (debited > draft.settlement) revert("WithdrawalTooLarge", debited, draft.settlement);
  draft.settlement -= debited;
  credit(draft, account, -debited);
  const shares = enter?.(token, assets) ?? (debited * WAD) / (rate * scale);
  if (shares === 0n || shares < leastShares) revert("SharesBelowLimit", shares, max(leastShares, 1n));
  const listed = draft.collateral(token);
  const supply = listed.supply + shares * scale;
  if (supply > listed.cap) revert("SupplyCapExceeded", BigInt(token), supply, listed.cap);
  draft.setCollateral(token, { ...listed, supply });
  moveCollateral(draft, account, token, shares * scale, true);
  const value = tokenValueDown(listed, draft.account(account).collateral.get(token) ?? 0n, draft.underlying(SETTLEMENT));
  const least = leastSize(draft);
  if (value < least) revert("CollateralTooSmall", account, BigInt(token), value, least);
  draft.emit("Invested", { account, token: BigInt(token), cash: debited, shares: shares * scale });
}

/**
 * Turns shares of a strategy into cash of an account. The caller tests the margin rule.
 * @param shares units of the share
 * @param leastAssets units of the settlement token
 * @throws Reverted `NotAStrategy`, `AssetsBelowLimit`, `InsufficientCollateral`, `CollateralTooSmall`
 */
export function divestOn(
  draft: Draft,
  account: AccountId,
  token: number,
  shares: bigint,
  leastAssets: bigint,
  { leave }: Strategies,
): void {
  const { rate, scale, settlementScale } = strategyAt(draft, token);
  if (shares === 0n) revert("NothingToDo");
  const amount = shares * scale;
  takeCollateral(draft, account, token, amount, scale);
  const listed = draft.collateral(token);
  draft.setCollateral(token, { ...listed, supply: listed.supply - amount });
  const assets = leave?.(token, shares) ?? (amount * rate) / (WAD * settlementScale);
  if (assets < leastAssets) revert("AssetsBelowLimit", assets, leastAssets);
  const credited = assets * settlementScale;
  draft.settlement += credited;
  credit(draft, account, credited);
  keepClock(draft, account, BigInt(SETTLEMENT));
  draft.emit("Divested", { account, token: BigInt(token), shares: amount, cash: credited });
}

/**
 * Redeems shares of any account into its cash, by anyone: as much as cures its settled cash, or the ratios, at the stored rate; at least the least size, and all
 * where less than that would be left. The account pays the bounty.
 * @throws Reverted `DivestNotDue`, `AssetsBelowLimit`, `MarginTooLow` and others
 */
export function divestFor(state: State, account: AccountId, token: number, keeper: AccountId, strategies: Strategies = {}): Outcome {
  return transact(state, (draft) => divestForOn(draft, account, token, keeper, strategies));
}

/** As `divestFor`, on a draft. */
export function divestForOn(draft: Draft, account: AccountId, token: number, keeper: AccountId, strategies: Strategies): void {
  const { listed, rate, scale, settlementScale } = strategyAt(draft, token);
  const market = draft.underlying(SETTLEMENT);
  const held = draft.account(account).collateral.get(token) ?? 0n;
  if (held === 0n) revert("InsufficientCollateral", account, BigInt(token), 0n, 1n);
  const before = portfolioOf(draft, account);
  const bounty = draft.base.liquidation.bounty * 10n ** 14n;
  const due = dueOf(draft, listed, -liveSettledCash(before), bounty);
  if (due === 0n) revert("DivestNotDue", account);
  const shares = divUp(divUp(max(due, leastSize(draft)) * WAD, max(rate, 1n)), scale);
  const left = held - shares * scale;
  const sold = left < scale || tokenValueDown(listed, left, market) < leastSize(draft) ? held / scale : shares;
  const leastPaid = divUp(tokenValueDown(listed, sold * scale, market) * LEAST_PAID, PPM * settlementScale);
  divestOn(draft, account, token, sold, leastPaid, strategies);
  credit(draft, account, -bounty);
  credit(draft, keeper, bounty);
  requireMarginLeft(account, portfolioOf(draft, account), termsAt(draft.base.margin, draft.now), before);
  reviewExchange(draft, account);
  draft.emit("DivestedFor", { account, keeper, token: BigInt(token), bounty });
}

/** What has to become cash, WAD; the account is short by `short`, where that is positive. */
function dueOf(draft: Draft, token: CollateralToken, short: bigint, bounty: bigint): bigint {
  if (short > 0n) return short + bounty;
  const made = ratios(draft);
  if (ratiosHold(made, TO_KEEP)) return 0n;
  requireNothingLost(draft);
  return curingUp(made, strategyOf(draft, token), TO_KEEP);
}

/** What a reading of its source makes of the rate of a token, by anyone. @throws Reverted `UnknownToken`, `RateNotListed` */
export function postRate(state: State, token: number, said: bigint): Outcome {
  return transact(state, (draft) => {
    const listed = draft.findCollateral(token) ?? revert("UnknownToken", BigInt(token));
    if (listed.rate === undefined) revert("RateNotListed", BigInt(token));
    const rate = rateAfter(listed.rate, said, draft.now);
    draft.setCollateral(token, { ...listed, rate });
    draft.emit("RatePosted", { token: BigInt(token), rate: rate.rate, reading: said });
  });
}

/** What a strategy says that could be redeemed of the shares that the vault holds, WAD of the share, by anyone. @throws Reverted `NotAStrategy` */
export function postRedeemable(state: State, token: number, shares: bigint): Outcome {
  return transact(state, (draft) => {
    const { listed } = strategyAt(draft, token);
    const redeemable = sampled(listed.redeemable!, min(shares, listed.supply), mostSupply(listed), draft.now);
    draft.setCollateral(token, { ...listed, redeemable });
    draft.emit("RedeemablePosted", { token: BigInt(token), shares: min(shares, listed.supply) });
  });
}

/** Lets the cap in force of a token grow as far as the ratios allow were it used, by anyone; a lower cap of governance holds at once. @throws Reverted `UnknownToken` */
export function refreshSupplyCap(state: State, token: number): Outcome {
  return transact(state, (draft) => {
    const listed = draft.findCollateral(token) ?? revert("UnknownToken", BigInt(token));
    const { most, start } = listed.caps ?? { most: listed.cap, start: listed.cap };
    const sheet = balanceSheetOf(draft);
    const room = roomDown(ratios(draft), sheet, isStrategy(listed), TO_INVEST);
    const unit = tokenValueDown(listed, WAD, draft.underlying(Number(listed.underlying)));
    const grown = listed.supply + (unit === 0n ? 0n : (room * WAD) / (unit + 1n));
    const cap = min(max(max(grown, start), listed.cap), most);
    draft.setCollateral(token, { ...listed, cap });
    draft.emit("SupplyCapSet", { token: BigInt(token), cap });
  });
}
