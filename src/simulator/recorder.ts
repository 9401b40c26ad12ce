import { Draft } from "../engine/ledger/draft.ts";
import { marketOf, namedInstrument } from "../engine/ledger/market.ts";
import { lineOf } from "../engine/margin/margin.ts";
import { portfolioOf } from "../engine/margin/portfolios.ts";
import { waterLineNow } from "../engine/margin/waterLines.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId, State } from "../engine/types/types.ts";
import { NORMAL } from "../engine/types/types.ts";
import type { VaultEvent } from "../keeper/books.ts";
import type { OptionOutcome, ProfileMoment, ScenarioProfile } from "../report/runRecord.ts";
import { type AccountOutcome, HEALTH_BANDS, healthBand, type RunPoint } from "../report/runRecord.ts";
import { toNumber } from "../sdk/amounts.ts";
import { saleOf } from "../sdk/saleLog.ts";
import { figuresOf, standings } from "../sdk/standing.ts";
import { deltasOf, hedgedBook } from "./hedging.ts";
import type { SizedOptionTrader } from "./optionTraders.ts";
import { profileOf } from "./scenarioProfile.ts";
import type { SizedTrader } from "./traders.ts";

/** Takes down the state after each post. */
export type Recorder = {
  /**
   * @param events what happened at this post
   * @param volatility implied at the money, where options are traded
   */
  readonly take: (time: number, state: State, events: readonly VaultEvent[], volatility: number | undefined) => RunPoint;
  readonly points: readonly RunPoint[];
  /** Looks at the accounts whose scenarios are shown, before the keeper has its turn: of those that fell below their line at the first time. */
  readonly watch: (time: number, state: State) => void;
  readonly outcomes: (state: State, collateral: string, settlement: string) => AccountOutcome[];
  readonly optionOutcomes: (state: State) => OptionOutcome[];
  readonly profiles: (positionOf: (trader: SizedOptionTrader) => string) => ScenarioProfile[];
};

/** Who plays, and what of it is shown. */
export type Players = {
  readonly underlying: number;
  readonly lotExponent: number;
  readonly traders: readonly SizedTrader[];
  readonly optionTraders: readonly SizedOptionTrader[];
  readonly makers: readonly AccountId[];
};

/** Accounts of each strategy whose scenarios are shown. */
const WATCHED = 2;

export function startRecorder({ underlying, lotExponent, traders, optionTraders, makers }: Players): Recorder {
  const points: RunPoint[] = [];
  const byAccount = new Map(traders.map((trader) => [trader.account, trader]));
  const withOptions = new Map(optionTraders.map((trader) => [trader.account, trader]));
  const everybody = [...byAccount.keys(), ...withOptions.keys()];
  const hedgers = optionTraders.filter(({ hedge }) => hedge !== undefined);
  const sales = new Map<AccountId, { slices: number; whole: boolean }>();
  const watched = optionTraders
    .filter((trader, i) => optionTraders.slice(0, i).filter(({ strategy }) => strategy === trader.strategy).length < WATCHED)
    .map((trader): Watched => ({ trader, least: Number.POSITIVE_INFINITY, opened: undefined, worst: undefined }));

  const watch: Recorder["watch"] = (time, state) => {
    if (state.underlyings[underlying]?.priceState !== NORMAL) return;
    for (const each of watched) {
      const { account } = each.trader;
      if ((state.accounts.get(account)?.series.size ?? 0) === 0) continue;
      const moment = profileOf(state, account, underlying, time);
      if (moment === undefined) continue;
      const health = moment.equity / moment.maintenanceMargin;
      each.opened ??= moment;
      // the first time below the line: what is left after a sale is another account
      if (health >= each.least || each.least < 1) continue;
      each.least = health;
      each.worst = moment;
    }
  };

  const take: Recorder["take"] = (time, state, events, volatility) => {
    let [slices, wholeSales] = [0, 0];
    for (const event of events) {
      const sale = saleOf(event);
      if (sale === undefined) continue;
      const whole = sale.fraction === WAD;
      if (whole) wholeSales++;
      else slices++;
      const { account } = sale;
      const before = sales.get(account) ?? { slices: 0, whole: false };
      sales.set(account, { slices: before.slices + (whole ? 0 : 1), whole: before.whole || whole });
    }
    const health = HEALTH_BANDS.map(() => 0);
    const relative: number[] = [];
    let [long, short, options] = [0n, 0n, 0n];
    for (const { account, figures, health: ratio } of standings(state, everybody)) {
      const trader = byAccount.get(account);
      const worth = trader?.worth ?? withOptions.get(account)?.worth;
      if (worth === undefined) continue;
      const open = figures.notional > 0n && ratio !== undefined;
      const band = healthBand(open ? toNumber(ratio) : undefined);
      health[band] = (health[band] ?? 0) + 1;
      relative.push(toNumber((figures.value * WAD) / worth));
      if (trader === undefined) options += figures.value;
      else if (trader.long) long += figures.value;
      else short += figures.value;
    }
    relative.sort((a, b) => a - b);
    const priced = state.underlyings[underlying];
    const fundId = BigInt(state.fund) << 96n;
    const fundAccount = fundId + BigInt(underlying) + 1n;
    const lots = state.accounts.get(fundAccount)?.positions.get(underlying)?.lots ?? 0n;
    const price = priced?.price ?? 0n;
    const worthOf = worthAtMarks(state);
    const line = waterLineNow(state, underlying);
    const point: RunPoint = {
      time,
      price: toNumber(price) * 10 ** lotExponent,
      ...(volatility === undefined ? {} : { impliedVolatility: volatility }),
      ...(hedgers.length === 0 ? {} : { hedged: hedgedAmounts(state, hedgers, price) }),
      scanRange: Number(priced?.heldRange ?? 0n) / 1e9,
      health,
      slices,
      wholeSales,
      liquidatedAccounts: sales.size,
      fundMain: toNumber(figuresOf(state, fundId).value),
      fundAccount: toNumber(worthOf(fundAccount)),
      fundInventory: toNumber(lots * price),
      ...(line === undefined ? {} : { waterLine: toNumber(line.level) }),
      equityLong: toNumber(long),
      equityShort: toNumber(short),
      equityOptions: toNumber(options),
      equityMakers: toNumber(makers.reduce((sum, maker) => sum + worthOf(maker), 0n)),
      equityQuantiles: [0.1, 0.25, 0.5, 0.75, 0.9].map((part) => relative[Math.floor(part * (relative.length - 1))] ?? 0),
    };
    points.push(point);
    return point;
  };

  return {
    take,
    watch,
    points,
    optionOutcomes: (state) =>
      optionTraders.map(({ strategy, worth, account }) => ({
        strategy,
        deposited: toNumber(worth),
        equity: toNumber(figuresOf(state, account).value),
        slices: sales.get(account)?.slices ?? 0,
        soldWhole: sales.get(account)?.whole ?? false,
      })),
    profiles: (positionOf) =>
      [...watched]
        .sort((a, b) => a.trader.strategy.localeCompare(b.trader.strategy))
        .flatMap(({ trader, opened, worst }) =>
          opened === undefined || worst === undefined ? [] : [{ strategy: trader.strategy, position: positionOf(trader), opened, worst }],
        ),
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

/** The deltas of all who hedge, times the price of a lot. */
function hedgedAmounts(state: State, hedgers: readonly SizedOptionTrader[], price: bigint): NonNullable<RunPoint["hedged"]> {
  const delta = deltasOf(state);
  const all = hedgers.map((trader) => hedgedBook(state, trader, delta));
  const amount = (of: "options" | "hedge"): number => toNumber(all.reduce((sum, book) => sum + book[of], 0n) * price);
  return { options: amount("options"), hedge: amount("hedge") };
}

/** What accounts are worth at the marks, WAD: each instrument is priced once, and not in scenarios. */
function worthAtMarks(state: State): (account: AccountId) => bigint {
  const draft = new Draft(state);
  const marks = new Map<bigint, bigint>();
  const markOf = (instrument: bigint): bigint => {
    const known = marks.get(instrument);
    if (known !== undefined) return known;
    const { mark } = marketOf(draft, instrument);
    marks.set(instrument, mark);
    return mark;
  };
  return (id) => {
    const { cash, books, holdings } = portfolioOf(draft, id);
    let worth = books.reduce((sum, book) => sum + lineOf(book) + book.collateral + (holdings?.get(book.underlying)?.settled ?? 0n), cash);
    for (const [underlying, positions] of state.accounts.get(id)?.series ?? []) {
      // of what has settled the mark is zero: what it pays is counted above
      for (const { instrument, lots } of positions) worth += lots * markOf(namedInstrument(underlying, instrument));
    }
    return worth;
  };
}

type Watched = {
  readonly trader: SizedOptionTrader;
  least: number;
  opened: ProfileMoment | undefined;
  worst: ProfileMoment | undefined;
};
