import { Draft, type EngineEvent } from "../../engine/ledger/draft.ts";
import { ownerOf } from "../../engine/types/accountId.ts";
import { AccountMap } from "../../engine/types/accountMap.ts";
import type { Account, AccountId, State } from "../../engine/types/types.ts";
import { Watch } from "./watch.ts";

/**
 * A vault that is written in place: each transaction is one of the exact engine, and the accounts that it wrote are put into the one map there is, so that
 * thousands of paths begin from the same accounts without a copy of them all.
 */
export class World {
  state: State;
  private readonly accounts: AccountMap<Account>;
  readonly watch = new Watch();
  private readonly start: State;
  private readonly changed = new AccountMap<true>();

  /** @param start is not written */
  constructor(start: State) {
    this.start = start;
    this.accounts = new AccountMap(start.accounts);
    this.state = { ...start, accounts: this.accounts };
    for (const account of start.accounts.values()) this.see(account);
    this.watch.begin(this.state);
  }

  /** Moves the clock. @param now unix seconds */
  at(now: number): void {
    this.state = { ...this.state, now: BigInt(now) };
  }

  /**
   * Carries a change out as one transaction.
   * @returns its events
   * @throws Reverted whatever the change reverts with; everything is as it was
   */
  transact(change: (draft: Draft) => void): readonly EngineEvent[] {
    const draft = new Draft(this.state);
    change(draft);
    this.state = draft.finishInto(this.accounts);
    for (const account of draft.accounts.values()) this.changes(account);
    return draft.events;
  }

  /** Accounts that may be below their line now, by the screen that never drops one that is; least identifier first. */
  suspects(): AccountId[] {
    return this.watch.suspects(this.state).sort((a, b) => (a < b ? -1 : 1));
  }

  /** Puts everything back to how it began. */
  restore(): void {
    for (const id of this.changed.keys()) {
      const was = this.start.accounts.get(id);
      if (was === undefined) {
        this.accounts.delete(id);
        this.watch.delete(id);
      } else {
        this.accounts.set(id, was);
        this.see(was);
      }
    }
    this.changed.clear();
    this.watch.restart();
    this.state = { ...this.start, accounts: this.accounts };
  }

  private changes(account: Account): void {
    this.changed.set(account.id, true);
    this.see(account);
  }

  private see(account: Account): void {
    if (ownerOf(account.id) !== this.start.fund) this.watch.set(account, this.start.underlyings);
  }
}
