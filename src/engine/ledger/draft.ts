import { AccountMap } from "../types/accountMap.ts";
import type { Account, AccountId, CollateralToken, FundAccountState, State, Underlying } from "../types/types.ts";

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

  constructor(base: State) {
    this.base = base;
    this.now = base.now;
    this.settlement = base.settlement;
    this.deficit = base.deficit;
    this.unreserved = base.unreserved;
    this.bounties = base.bounties;
    this.drawn = base.drawn;
    this.shortfalls = new Map(base.shortfalls);
  }

  account(id: AccountId): Account {
    return this.accounts.get(id) ?? this.base.accounts.get(id) ?? emptyAccount(id);
  }

  setAccount(account: Account): void {
    this.accounts.set(account.id, account);
  }

  /** The underlying as it is now, or nothing when none of this index was listed. */
  findUnderlying(index: number): Underlying | undefined {
    return this.underlyings.get(index) ?? this.base.underlyings[index];
  }

  underlying(index: number): Underlying {
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
    const accounts = new AccountMap(this.base.accounts);
    for (const [id, account] of this.accounts) accounts.set(id, account);
    return {
      ...this.base,
      settlement: this.settlement,
      deficit: this.deficit,
      unreserved: this.unreserved,
      bounties: this.bounties,
      drawn: this.drawn,
      shortfalls: this.shortfalls,
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
