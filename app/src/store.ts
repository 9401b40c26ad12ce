import { useSyncExternalStore } from "react";

/** A value that is watched. */
export type Store<T> = {
  readonly get: () => T;
  readonly set: (change: Partial<T> | ((value: T) => Partial<T>)) => void;
  readonly listen: (hear: () => void) => () => void;
};

export function store<T extends object>(initial: T): Store<T> {
  let value = initial;
  const heard = new Set<() => void>();
  return {
    get: () => value,
    set: (change) => {
      value = { ...value, ...(typeof change === "function" ? change(value) : change) };
      for (const hear of heard) hear();
    },
    listen: (hear) => {
      heard.add(hear);
      return () => void heard.delete(hear);
    },
  };
}

export function useStore<T>(of: Store<T>): T {
  return useSyncExternalStore(of.listen, of.get);
}
