import { keccak256, toUtf8Bytes, Wallet } from "ethers";
import { accountIdOf } from "../engine/accountId.ts";
import { Draft } from "../engine/draft.ts";
import { abs, max, partDown, partUp, WAD } from "../engine/fixedPoint.ts";
import { portfolioOf } from "../engine/ledger.ts";
import { assess, termsAt } from "../engine/margin.ts";
import { marketOf, namedInstrument } from "../engine/market.ts";
import { strikesOf } from "../engine/series.ts";
import type { Account, AccountId, State } from "../engine/types.ts";
import { tradeAction } from "../sdk/actions.ts";
import { type Call, executeCall } from "../sdk/calls.ts";
import type { DeploymentRecord } from "../sdk/deploymentRecord.ts";
import { buildOrder, encodeFills, type OrderFill, signOrder } from "../sdk/orders.ts";
import type { Random } from "./random.ts";
import { FAR, NEAR } from "./seriesPlan.ts";
import type { Terms } from "./traders.ts";

/** What option traders do, in the order in which they are dealt out. */
export const STRATEGIES = [
  "covered call",
  "straddle",
  "vertical spread",
  "short strangle",
  "calendar spread",
  "delta-hedged calls",
  "protective put",
] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** A part of a strategy: an option at a strike relative to the price, or the perpetual. */
type Leg = { readonly series?: number; readonly call?: boolean; readonly strike?: number; readonly part: number };

/** An option trader as drawn. */
export type OptionTrader = {
  readonly wallet: Wallet;
  readonly account: AccountId;
  readonly strategy: Strategy;
  readonly legs: readonly Leg[];
  /** Value of what it deposits, WAD. */
  readonly worth: bigint;
  /** Part of it in collateral on the underlying, 18 decimals. */
  readonly inCollateral: bigint;
  /** Where between four tenths and nearly all of what margin allows it goes, in [0, 1). */
  readonly daring: number;
};

/** An instrument as fills name it, and signed lots of it. */
export type Position = { readonly instrument: bigint; readonly lots: bigint };
export type SizedOptionTrader = OptionTrader & { readonly positions: readonly Position[] };

const MEDIAN_WORTH = 12_000;
const IN_COLLATERAL = WAD / 2n;

/** Draws option traders: strategies in turn, worth log-normal, strikes and daring uniform. Every other writer of covered calls brings collateral. */
export function drawOptionTraders(random: Random, seed: number, count: number, hasCollateral: boolean): OptionTrader[] {
  return Array.from({ length: count }, (_, i): OptionTrader => {
    const wallet = new Wallet(keccak256(toUtf8Bytes(`plimsoll option trader ${seed} ${i}`)));
    const strategy = STRATEGIES[i % STRATEGIES.length] ?? "straddle";
    const worth = Math.min(Math.max(MEDIAN_WORTH * Math.exp(0.7 * random.normal()), 2_000), 150_000);
    const legs = legsOf(strategy, random);
    return {
      wallet,
      account: accountIdOf(wallet.address.toLowerCase()),
      strategy,
      legs,
      worth: BigInt(Math.round(worth * 100)) * 10n ** 16n,
      inCollateral: hasCollateral && strategy === "covered call" && i % (2 * STRATEGIES.length) === 0 ? IN_COLLATERAL : 0n,
      daring: random.uniform(),
    };
  });
}

function legsOf(strategy: Strategy, random: Random): Leg[] {
  const away = (least: number, most: number): number => least + (most - least) * random.uniform();
  switch (strategy) {
    case "covered call":
      return [{ part: 1 }, { series: FAR, call: true, strike: 1 + away(0.05, 0.2), part: -1 }];
    case "straddle":
      return [true, false].map((call) => ({ series: NEAR, call, strike: 1, part: 1 }));
    case "vertical spread": {
      const [call, near, wide] = [random.uniform() < 0.5, away(0.03, 0.1), away(0.1, 0.25)];
      const direction = call ? 1 : -1;
      return [
        { series: FAR, call, strike: 1 + direction * near, part: -1 },
        { series: FAR, call, strike: 1 + direction * (near + wide), part: 1 },
      ];
    }
    case "short strangle":
      return [
        { series: NEAR, call: true, strike: 1 + away(0.1, 0.25), part: -1 },
        { series: NEAR, call: false, strike: 1 - away(0.1, 0.25), part: -1 },
      ];
    case "calendar spread": {
      const strike = away(0.92, 1.08);
      return [
        { series: NEAR, call: true, strike, part: -1 },
        { series: FAR, call: true, strike, part: 1 },
      ];
    }
    case "delta-hedged calls":
      // the perpetual hedges what the calls move by when they are sold, and stays
      return [{ series: FAR, call: true, strike: away(1, 1.15), part: -1 }];
    case "protective put":
      return [{ part: 1 }, { series: FAR, call: false, strike: 1 - away(0.05, 0.15), part: 1 }];
  }
}

/**
 * Gives every option trader its positions: as large as margin lets it open by the words of the series, times its daring.
 * @param state the vault when they will trade, with words that are fresh
 */
export function sizeOptionTraders(state: State, traders: readonly OptionTrader[], terms: Terms): SizedOptionTrader[] {
  return traders.map((trader) => {
    const parts = partsOf(state, trader, terms.underlying);
    const price = state.underlyings[terms.underlying]?.price ?? 1n;
    let [low, high] = [0n, (trader.worth / price) * 40n];
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (opens(state, trader, terms, positionsAt(parts, middle))) low = middle;
      else high = middle;
    }
    const part = BigInt(Math.round((0.4 + 0.55 * trader.daring) * 1e9));
    return { ...trader, positions: positionsAt(parts, max((low * part) / 10n ** 9n, 1n)) };
  });
}

/** What is held of each instrument for one lot of the strategy, 18 decimals. */
function partsOf(state: State, { legs, strategy }: OptionTrader, underlying: number): Map<bigint, bigint> {
  const parts = new Map<bigint, bigint>();
  const add = (instrument: bigint, part: bigint): void => void parts.set(instrument, (parts.get(instrument) ?? 0n) + part);
  for (const { series, call = false, strike = 1, part } of legs) {
    const instrument = series === undefined ? BigInt(underlying) : nearest(state, underlying, series, call, strike);
    add(instrument, BigInt(part) * WAD);
    if (strategy === "delta-hedged calls") add(BigInt(underlying), -BigInt(part) * deltaOf(state, underlying, instrument));
  }
  // two legs may meet at one strike
  return new Map([...parts].filter(([, part]) => part !== 0n));
}

/** The option of the listed strike that is nearest to a part of the price. */
function nearest(state: State, underlying: number, series: number, call: boolean, part: number): bigint {
  const own = state.underlyings[underlying];
  const target = Number(own?.price ?? 0n) * part;
  const strikes = strikesOf(own?.series.get(series)?.word ?? 0n).map(Number);
  const index = strikes.reduce((best, strike, i) => (Math.abs(strike - target) < Math.abs((strikes[best] ?? 0) - target) ? i : best), 0);
  return namedInstrument(underlying, (BigInt(series) << 8n) | (BigInt(index) << 1n) | (call ? 1n : 0n));
}

/** By how much the mark of an instrument moves with the price, 18 decimals. */
function deltaOf(state: State, index: number, instrument: bigint): bigint {
  const underlying = state.underlyings[index];
  if (underlying === undefined) return 0n;
  const step = underlying.price / 1_000n;
  const moved = { ...state, underlyings: state.underlyings.with(index, { ...underlying, price: underlying.price + step }) };
  return ((markOf(moved, instrument) - markOf(state, instrument)) * WAD) / step;
}

function positionsAt(parts: ReadonlyMap<bigint, bigint>, lots: bigint): Position[] {
  return [...parts].map(([instrument, part]) => ({ instrument, lots: (part * lots) / WAD })).filter((each) => each.lots !== 0n);
}

/** What a lot of an instrument is worth now, WAD. */
export function markOf(state: State, instrument: bigint): bigint {
  return marketOf(new Draft(state), instrument).mark;
}

/** Whether the margin rule lets the trader open positions at their marks. */
function opens(state: State, trader: OptionTrader, terms: Terms, positions: readonly Position[]): boolean {
  const { underlying: index, takerFee, use, token } = terms;
  const underlying = state.underlyings[index];
  if (underlying === undefined) return false;
  const draft = new Draft(state);
  const inCollateral = partDown(trader.worth, trader.inCollateral);
  let [cash, charge] = [trader.worth - inCollateral, 0n];
  for (const { instrument, lots } of positions) {
    const { mark, reference } = marketOf(draft, instrument);
    cash -= lots * mark + partUp(abs(lots) * mark, takerFee);
    charge += partUp(partUp(abs(lots) * reference, state.margin.openInterestCharge * 10n ** 12n), use);
  }
  const perpetual = positions.find(({ instrument }) => instrument === BigInt(index))?.lots ?? 0n;
  const dated = positions.flatMap(({ instrument, lots }) => (instrument > 255n ? [{ instrument: instrument >> 8n, lots }] : []));
  const position = { lots: perpetual, fundingIndex: underlying.funding.index, entryCost: 0n };
  const account: Account = {
    id: trader.account,
    cash,
    moduleDifference: 0n,
    epoch: 0n,
    positions: new Map(perpetual === 0n ? [] : [[index, position]]),
    series: new Map(dated.length === 0 ? [] : [[index, dated]]),
    collateral: new Map(inCollateral === 0n ? [] : [[token, (inCollateral * WAD) / (underlying.price * 10n ** underlying.lotExponent)]]),
    operators: new Map(),
    exchangeSince: 0n,
  };
  const held = portfolioOf(new Draft({ ...state, accounts: new Map([[trader.account, account]]) }), trader.account);
  const { equity, margin, notional } = assess(held, termsAt(state.margin, state.now), true);
  return equity >= margin + charge && notional >= state.liquidation.smallestNotional * WAD;
}

const HIGHEST_FEE = 10_000n; // ppm
const FAR_FUTURE = 2n ** 36n - 1n;

/**
 * The trades of option traders: each takes all its positions at their marks from one market maker, who signed an order for each instrument and side.
 * @param state the vault when they trade
 */
export async function optionTradeCalls(
  record: DeploymentRecord,
  state: State,
  traders: readonly SizedOptionTrader[],
  makers: readonly Wallet[],
): Promise<Call[]> {
  const venue = { chainId: BigInt(record.chainId), settlement: record.contracts.orders };
  const vault = record.contracts.vault;
  const calls: Call[] = [];
  for (const [i, { wallet, account, positions }] of traders.entries()) {
    const maker = makers[i % makers.length];
    if (maker === undefined) throw new RangeError("options are traded against market makers");
    const fills: OrderFill[] = [];
    for (const [leg, { instrument, lots }] of positions.entries()) {
      const order = buildOrder({
        vault,
        account: accountIdOf(maker.address),
        instrument,
        long: lots < 0n,
        limit: markOf(state, instrument),
        size: abs(lots),
        maxFee: HIGHEST_FEE,
        expiry: FAR_FUTURE,
        nonce: BigInt(i * 8 + leg),
        taker: account,
      });
      fills.push({ ...(await signOrder(maker, venue, order)), lots: abs(lots) });
    }
    const limits = fills.map(({ order, lots }) => ({
      instrument: order.instrument,
      long: !order.long,
      worst: order.limit,
      lots,
      maxFee: HIGHEST_FEE,
      reduceOnly: false,
    }));
    const all = fills.reduce((sum, { lots }) => sum + lots, 0n);
    calls.push(
      executeCall(record, wallet.address, [tradeAction(account, record.modules.orders, encodeFills(limits, fills), all)], 15_000_000),
    );
  }
  return calls;
}
