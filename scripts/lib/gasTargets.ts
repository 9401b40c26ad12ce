/** What each operation is meant to cost at most. */
export const TARGETS: Readonly<Record<string, number>> = {
  "deposit.first": 75_000,
  "deposit.later": 57_000,
  "withdraw.fiveMarkets": 92_000,
  "order.open": 130_000,
  "order.change": 93_000,
  "order.tenFills.perFill": 42_000,
  "liquidate.one": 82_000,
  "liquidate.fifty.perAccount": 26_000,
  "liquidate.fifty.perHealthy": 8_000,
};
