/** Why risk words are stale; the order is that of `StaleCause`. */
export const CAUSES = ["none", "never refreshed", "time", "price", "range", "volatility"] as const;

export type Cause = (typeof CAUSES)[number];
