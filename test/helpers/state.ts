import { executeOn } from "../../src/engine/actions/execute.ts";
import type { Fill } from "../../src/engine/actions/trading.ts";
import { transact } from "../../src/engine/ledger/draft.ts";
import { accountIdOf } from "../../src/engine/types/accountId.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { steady } from "../../src/engine/types/ramp.ts";
import type { AccountId, Address, CollateralToken, State, Underlying } from "../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../src/engine/types/types.ts";

export const FUND = `0x${"f0".repeat(20)}`;
export const ALICE = `0x${"a1".repeat(20)}`;
export const BOB = `0x${"b0".repeat(20)}`;
export const CAROL = `0x${"ca".repeat(20)}`;
export const [alice, bob, carol] = [accountIdOf(ALICE), accountIdOf(BOB), accountIdOf(CAROL)];

const NO_CLOCK = { inventorySince: 0n, epochStart: 0n, drawn: 0n, drawnBefore: 0n, weight: 0n };

/** An underlying with a price of a lot (WAD), open for trade. */
export function underlyingAt(price: bigint, now: bigint, changes: Partial<Underlying> = {}): Underlying {
  return {
    price,
    priceTime: now,
    targetRange: 100_000_000n,
    heldRange: 100_000_000n,
    depth: 10n ** 9n,
    lotExponent: 5n,
    priceState: 0n,
    sample: { price, time: now, fast: 0n, slow: 0n, rateTime: now },
    pending: { price: 0n, time: 0n, source: 0n },
    funding: { index: 0n, rate: 0n, time: now, openInterest: 0n, cap: 2n ** 43n },
    trading: {
      fillBand: 20_000n,
      positionCap: 2n ** 43n,
      openInterestCap: 2n ** 43n,
      stoppedUntil: 0n,
      feeCap: 500n,
      guardianCapUntil: 0n,
    },
    volatility: {
      multiple: 5_300_000n,
      horizon: 14_400n,
      rangeFloor: 50_000_000n,
      rangeCap: 350_000_000n,
      sigmaFloor: 300_000n,
    },
    guard: {
      sources: 1n,
      dropped: 0n,
      droppedUntil: 0n,
      agreement: 5_000n,
      band: 20_000n,
      widestBand: 300_000n,
      depthRamp: { from: 0n, to: 0n, end: 0n },
    },
    fund: NO_CLOCK,
    series: new Map(),
    ...changes,
  };
}

export function collateralOf(underlying: bigint, haircut: bigint, decimals = 18n): CollateralToken {
  return {
    token: `0x${"c0".repeat(20)}`,
    decimals,
    underlying,
    haircut: steady(haircut),
    supply: 0n,
    cap: 10n ** 30n,
  };
}

/** A vault that nobody has used yet, but for a stake of the fund (WAD). */
export function emptyState(changes: Partial<State> = {}, stake = 100_000n * WAD): State {
  const now = 1_700_000_000n;
  const bare: State = {
    now,
    fund: FUND,
    vault: `0x${"1e".repeat(20)}`,
    defaultModules: 1n,
    settlementDecimals: 18n,
    settlement: 0n,
    deficit: 0n,
    unreserved: NO_CLOCK,
    bounties: NO_CLOCK,
    drawn: NO_CLOCK,
    shortfalls: new Map(),
    waterLines: new Map(),
    margin: {
      maintenance: steady(800_000n),
      provision: steady(5_000n),
      interMonth: steady(17_500n),
      tradingAge: 600n,
      liquidationAge: 60n,
      openInterestCharge: 0n,
      gainLock: 250_000n,
    },
    liquidation: {
      recovery: 1_050_000n,
      discountMin: 50_000n,
      discountMax: 200_000n,
      grossDiscount: 2_000n,
      keeperShare: 300_000n,
      fundShare: 250_000n,
      bounty: 500n,
      smallestNotional: 100n,
    },
    fundParameters: {
      topUp: 250_000n,
      epochLength: 86_400n,
      shedTime: 600n,
      shedStart: 250_000n,
      fundPerOpenInterest: 100_000n,
      bountyCap: 10_000_000n,
      stakeCap: 500_000n,
      weights: 0n,
      unweighted: 2n,
    },
    underlyings: [underlyingAt(2n * 10n ** 16n, now), underlyingAt(4n * 10n ** 16n, now, { lotExponent: 6n })],
    collaterals: [collateralOf(0n, 100_000n), collateralOf(1n, 150_000n, 8n)],
    modules: [{ address: `0x${"aa".repeat(20)}`, disabledUntil: 0n }],
    accounts: new Map(),
    ...changes,
  };
  return stake === 0n ? bare : deposit(bare, FUND, accountIdOf(FUND), stake);
}

/** A deposit in units of the token. */
export function deposit(state: State, owner: Address, account: AccountId, amount: bigint, token = SETTLEMENT): State {
  return transact(state, (draft) => {
    executeOn(draft, owner, [{ kind: "Deposit", account, token, amount }], {});
  }).state;
}

/** A trade of one fill between two accounts, `taker` receiving `lots`; at the mark unless a price is given. */
export function trade(state: State, taker: AccountId, maker: AccountId, lots: bigint, changes: Partial<Fill> = {}): State {
  const instrument = changes.instrument ?? 0n;
  const price = state.underlyings[Number(instrument)]?.price ?? 0n;
  const fill: Fill = { maker, instrument, lots, price, takerFee: 0n, makerFee: 0n, ...changes };
  const owner = `0x${(taker >> 96n).toString(16).padStart(40, "0")}`;
  const minimumLots = lots < 0n ? -lots : lots;
  return transact(state, (draft) => {
    const action = { kind: "Trade", account: taker, module: 0, data: "0x", minimumLots } as const;
    executeOn(draft, owner, [action], { propose: () => [fill] });
  }).state;
}

/** The state with another price of a lot (WAD) of an underlying, posted now. */
export function repriced(state: State, index: number, price: bigint): State {
  const underlyings = state.underlyings.map((each, i) => (i === index ? { ...each, price, priceTime: state.now } : each));
  return { ...state, underlyings };
}

/** The state some seconds later, its prices posted again. */
export function later(state: State, seconds: bigint): State {
  const now = state.now + seconds;
  const { tradingAge } = state.margin;
  const underlyings = state.underlyings.map((each) => {
    const until = now < each.priceTime + tradingAge ? now : each.priceTime + tradingAge;
    const elapsed = until > each.funding.time ? until - each.funding.time : 0n;
    const index = each.funding.index + (each.funding.rate * each.price * elapsed) / (28_800n * 10n ** 9n);
    return { ...each, priceTime: now, funding: { ...each.funding, index, time: now } };
  });
  return { ...state, now, underlyings };
}

/** Claims of all accounts at stored funding; equal to the tokens of the ledger and the deficit, to the unit. */
export function claimsOf(state: State): bigint {
  let claims = 0n;
  for (const account of state.accounts.values()) {
    claims += account.cash;
    for (const position of account.positions.values()) claims += position.lots * position.fundingIndex;
  }
  return claims;
}
