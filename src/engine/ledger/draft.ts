import { AccountMap } from "../types/accountMap.ts";
import { WAD } from "../types/fixedPoint.ts";
import {
  type Account,
  type AccountId,
  type CollateralToken,
  type FundAccountState,
  NORMAL,
  SETTLEMENT,
  type State,
  type Underlying,
  type WaterLine,
} from "../types/types.ts";

/** What a transition reports, in the order of the vault's events; names and values are those of IMarginVault. */
export interface EngineEvent {
  readonly name: string;
  readonly values: Readonly<Record<string, bigint | string>>;
}

/**
 * A change of a state in the making: reads fall through to the state it began from, which is never written.
 * Within a draft the rules of one transaction hold: it is thrown away when one of them reverts.
 */
export class Draft {
  readonly base: State;
  readonly now: bigint;
  readonly accounts = new Map<AccountId, Account>();
  readonly underlyings = new Map<number, Underlying>();
  readonly collaterals = new Map<number, CollateralToken>();
  readonly events: EngineEvent[] = [];
  settlement: bigint;
  deficit: bigint;
  unreserved: FundAccountState;
  bounties: FundAccountState;
  drawn: FundAccountState;
  readonly shortfalls: Map<number, bigint>;
  readonly waterLines: Map<number, WaterLine>;

  constructor(base: State) {
    this.base = base;
    this.now = base.now;
    this.settlement = base.settlement;
    this.deficit = base.deficit;
    this.unreserved = base.unreserved;
    this.bounties = base.bounties;
    this.drawn = base.drawn;
    this.shortfalls = new Map(base.shortfalls);
    this.waterLines = new Map(base.waterLines);
  }

  account(id: AccountId): Account {
    return this.accounts.get(id) ?? this.base.accounts.get(id) ?? emptyAccount(id);
  }

  setAccount(account: Account): void {
    this.accounts.set(account.id, account);
  }

  /** The underlying as it is now, or nothing when none of this index was listed. */
  findUnderlying(index: number): Underlying | undefined {
    if (index === SETTLEMENT) return undefined;
    return this.underlyings.get(index) ?? this.base.underlyings[index];
  }

  /** With the settlement token, which nobody trades: `findUnderlying` knows none of its number. */
  underlying(index: number): Underlying {
    if (index === SETTLEMENT) return this.underlyings.get(index) ?? money(this.base);
    const found = this.findUnderlying(index);
    if (found === undefined) throw new RangeError(`no underlying ${index}`);
    return found;
  }

  setUnderlying(index: number, underlying: Underlying): void {
    this.underlyings.set(index, underlying);
  }

  findCollateral(index: number): CollateralToken | undefined {
    return this.collaterals.get(index) ?? this.base.collaterals[index];
  }

  collateral(index: number): CollateralToken {
    const found = this.findCollateral(index);
    if (found === undefined) throw new RangeError(`no collateral token ${index}`);
    return found;
  }

  setCollateral(index: number, token: CollateralToken): void {
    this.collaterals.set(index, token);
  }

  emit(name: string, values: Readonly<Record<string, bigint | string>>): void {
    this.events.push({ name, values });
  }

  /** The state after the change. */
  finish(): State {
    return this.finishInto(new AccountMap(this.base.accounts));
  }

  /** As `finish`, but accounts go into a map that the caller owns, instead of a copy of all of them: for who looks back at no earlier state. */
  finishInto(accounts: Map<AccountId, Account>): State {
    for (const [id, account] of this.accounts) accounts.set(id, account);
    const stableFund = this.underlyings.get(SETTLEMENT)?.fund;
    return {
      ...this.base,
      ...(stableFund === undefined ? {} : { stableFund }),
      settlement: this.settlement,
      deficit: this.deficit,
      unreserved: this.unreserved,
      bounties: this.bounties,
      drawn: this.drawn,
      shortfalls: this.shortfalls,
      waterLines: this.waterLines,
      accounts,
      underlyings: this.base.underlyings.map((underlying, index) => this.underlyings.get(index) ?? underlying),
      collaterals: this.base.collaterals.map((token, index) => this.collaterals.get(index) ?? token),
    };
  }
}

/** An account that nobody has used yet. */
export function emptyAccount(id: AccountId): Account {
  return {
    id,
    cash: 0n,
    moduleDifference: 0n,
    epoch: 0n,
    positions: new Map(),
    series: new Map(),
    collateral: new Map(),
    operators: new Map(),
    exchangeSince: 0n,
  };
}

/** What a transition gives: the state after it, its events and the accounts that it wrote. */
export interface Outcome {
  readonly state: State;
  readonly events: readonly EngineEvent[];
  readonly touched: readonly AccountId[];
}

/**
 * Carries `change` out on a draft of `state` as one transaction.
 * @throws Reverted whatever the change reverts with; `state` is as it was
 */
export function transact(state: State, change: (draft: Draft) => void): Outcome {
  const draft = new Draft(state);
  change(draft);
  return { state: draft.finish(), events: draft.events, touched: [...draft.accounts.keys()] };
}

const NO_FUND_STATE: FundAccountState = { inventorySince: 0n, epochStart: 0n, drawn: 0n, drawnBefore: 0n, weight: 0n };

/** What collateral of the settlement token itself is on: a price of one that never moves and is never old. */
function money({ now, stableFund }: State): Underlying {
  return {
    price: WAD,
    priceTime: now,
    targetRange: 0n,
    heldRange: 0n,
    depth: 1n,
    lotExponent: 0n,
    priceState: NORMAL,
    sample: { price: WAD, time: now, fast: 0n, slow: 0n, rateTime: now },
    pending: { price: 0n, time: 0n, source: 0n },
    funding: { index: 0n, rate: 0n, time: now, openInterest: 0n, cap: 0n },
    trading: { fillBand: 0n, positionCap: 0n, openInterestCap: 0n, stoppedUntil: 0n, feeCap: 0n, guardianCapUntil: 0n },
    volatility: { multiple: 0n, horizon: 0n, rangeFloor: 0n, rangeCap: 0n, sigmaFloor: 0n },
    guard: {
      sources: 0n,
      dropped: 0n,
      droppedUntil: 0n,
      agreement: 0n,
      band: 0n,
      widestBand: 0n,
      depthRamp: { from: 0n, to: 0n, end: 0n },
    },
    fund: stableFund ?? NO_FUND_STATE,
    series: new Map(),
  };
}
