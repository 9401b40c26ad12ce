import { WAD } from "../engine/fixedPoint.ts";
import type { AccountId, State } from "../engine/types.ts";
import type { VaultEvent } from "../keeper/books.ts";
import { figuresOf, standings } from "../keeper/plan.ts";
import { type AccountOutcome, HEALTH_BANDS, healthBand, type RunPoint } from "../report/runRecord.ts";
import { toNumber } from "../sdk/amounts.ts";
import type { SizedTrader } from "./traders.ts";

/** Takes down the state after each post. */
export type Recorder = {
  /** @param events what happened at this post */
  readonly take: (time: number, state: State, events: readonly VaultEvent[]) => RunPoint;
  readonly points: readonly RunPoint[];
  readonly outcomes: (state: State, collateral: string, settlement: string) => AccountOutcome[];
};

export function startRecorder(
  underlying: number,
  lotExponent: number,
  traders: readonly SizedTrader[],
  makers: readonly AccountId[],
): Recorder {
  const points: RunPoint[] = [];
  const byAccount = new Map(traders.map((trader) => [trader.account, trader]));
  const sales = new Map<AccountId, { slices: number; whole: boolean }>();

  const take: Recorder["take"] = (time, state, events) => {
    let [slices, wholeSales] = [0, 0];
    for (const { name, args } of events) {
      if (name !== "Liquidated") continue;
      const whole = args.fraction === WAD;
      if (whole) wholeSales++;
      else slices++;
      const account = args.account as AccountId;
      const before = sales.get(account) ?? { slices: 0, whole: false };
      sales.set(account, { slices: before.slices + (whole ? 0 : 1), whole: before.whole || whole });
    }
    const health = HEALTH_BANDS.map(() => 0);
    const relative: number[] = [];
    let [long, short] = [0n, 0n];
    for (const { account, figures, health: ratio } of standings(state)) {
      const trader = byAccount.get(account);
      if (trader === undefined) continue;
      const open = figures.notional > 0n && ratio !== undefined;
      const band = healthBand(open ? toNumber(ratio) : undefined);
      health[band] = (health[band] ?? 0) + 1;
      relative.push(toNumber((figures.value * WAD) / trader.worth));
      if (trader.long) long += figures.value;
      else short += figures.value;
    }
    relative.sort((a, b) => a - b);
    const priced = state.underlyings[underlying];
    const fundId = BigInt(state.fund) << 96n;
    const fundAccount = fundId + BigInt(underlying) + 1n;
    const lots = state.accounts.get(fundAccount)?.positions.get(underlying)?.lots ?? 0n;
    const price = priced?.price ?? 0n;
    const point: RunPoint = {
      time,
      price: toNumber(price) * 10 ** lotExponent,
      scanRange: Number(priced?.heldRange ?? 0n) / 1e9,
      health,
      slices,
      wholeSales,
      liquidatedAccounts: sales.size,
      fundMain: toNumber(figuresOf(state, fundId).value),
      fundAccount: toNumber(figuresOf(state, fundAccount).value),
      fundInventory: toNumber(lots * price),
      equityLong: toNumber(long),
      equityShort: toNumber(short),
      equityMakers: toNumber(makers.reduce((sum, maker) => sum + figuresOf(state, maker).value, 0n)),
      equityQuantiles: [0.1, 0.25, 0.5, 0.75, 0.9].map((part) => relative[Math.floor(part * (relative.length - 1))] ?? 0),
    };
    points.push(point);
    return point;
  };

  return {
    take,
    points,
    outcomes: (state, collateral, settlement) =>
      traders.map((trader) => ({
        side: trader.long ? "long" : "short",
        leverage: trader.leverage,
        collateral: trader.inCollateral > 0n ? collateral : settlement,
        deposited: toNumber(trader.worth),
        equity: toNumber(figuresOf(state, trader.account).value),
        slices: sales.get(trader.account)?.slices ?? 0,
        soldWhole: sales.get(trader.account)?.whole ?? false,
      })),
  };
}
