import type { Account, AccountId } from "../engine/types/types.ts";
import type { SeriesPlace } from "../sdk/series.ts";

/** The last block that is in the books. */
export type Cursor = { readonly block: number; readonly hash: string };

/** What books know between two calls. */
export type KnownBooks = {
  /** Makes the books those of `identity` (chain, genesis, vault). False when they were of another and have been emptied. */
  readonly claim: (identity: string) => boolean;
  readonly cursor: () => Cursor | undefined;
  /** Those that were read since an event named them. */
  readonly accounts: () => Account[];
  /** Accounts that an event named and that were not read since. */
  readonly unread: () => AccountId[];
  /** Series that were ever listed. */
  readonly series: () => SeriesPlace[];
  /** Events up to `cursor` were read and named `touched`; `listed` are the series whose listing was among them. */
  readonly advance: (cursor: Cursor, touched: Iterable<AccountId>, listed?: Iterable<SeriesPlace>) => void;
  /** Accounts as they were read. */
  readonly save: (accounts: readonly Account[]) => void;
  /** The blocks that `advance` was last called with, the newest first. */
  readonly recent: () => Cursor[];
  /** Makes `block`, one of the recent, the last one: what events after it named is to be read again, and what they named first is forgotten. */
  readonly goBack: (block: number) => void;
  /** Forgets accounts, series and last block. */
  readonly empty: () => void;
};

/** So many cursors are remembered: more than a chain goes back. */
const RECENT = 128;

/** Books that are kept as long as the program runs; those of a page. */
export function memoryBooks(): KnownBooks {
  let identity: string | undefined;
  const accounts = new Map<AccountId, { account: Account | undefined; since: number }>();
  const unread = new Set<AccountId>();
  const series = new Map<string, SeriesPlace & { readonly block: number }>();
  let recent: (Cursor & { readonly touched: readonly AccountId[] })[] = [];
  const empty = (): void => {
    accounts.clear();
    unread.clear();
    series.clear();
    recent = [];
  };
  return {
    claim: (of) => {
      const before = identity;
      if (before === of) return true;
      empty();
      identity = of;
      return before === undefined;
    },
    cursor: () => recent[0],
    accounts: () => [...accounts].flatMap(([id, { account }]) => (account === undefined || unread.has(id) ? [] : account)),
    unread: () => [...unread],
    series: () => [...series.values()].map(({ underlying, series: number }) => ({ underlying, series: number })),
    advance: (cursor, touched, listed = []) => {
      const ids = [...touched];
      for (const id of ids) {
        if (!accounts.has(id)) accounts.set(id, { account: undefined, since: cursor.block });
        unread.add(id);
      }
      for (const place of listed) {
        const key = `${place.underlying} ${place.series}`;
        if (!series.has(key)) series.set(key, { ...place, block: cursor.block });
      }
      recent = [{ ...cursor, touched: ids }, ...recent.filter(({ block }) => block !== cursor.block)].slice(0, RECENT);
    },
    save: (read) => {
      for (const account of read) {
        accounts.set(account.id, { account, since: accounts.get(account.id)?.since ?? 0 });
        unread.delete(account.id);
      }
    },
    recent: () => recent,
    goBack: (to) => {
      for (const { block, touched } of recent) if (block > to) for (const id of touched) unread.add(id);
      for (const [id, { since }] of accounts) {
        if (since <= to) continue;
        accounts.delete(id);
        unread.delete(id);
      }
      for (const [key, { block }] of series) if (block > to) series.delete(key);
      recent = recent.filter(({ block }) => block <= to);
    },
    empty,
  };
}
