import { keccak256, toUtf8Bytes, Wallet } from "ethers";
import { strikesOf } from "../engine/actions/series.ts";
import { Draft } from "../engine/ledger/draft.ts";
import { marketOf, namedInstrument } from "../engine/ledger/market.ts";
import { assess, termsAt } from "../engine/margin/margin.ts";
import { portfolioOf } from "../engine/margin/portfolios.ts";
import { accountIdOf } from "../engine/types/accountId.ts";
import { abs, max, partDown, partUp, WAD } from "../engine/types/fixedPoint.ts";
import { instrumentNumber, STRIKE_ZERO } from "../engine/types/instrument.ts";
import type { Account, AccountId, State } from "../engine/types/types.ts";
import { deltaOf } from "./marks.ts";
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
  "box",
  "delta-hedged calls",
  "delta-hedged straddle",
  "protective put",
] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** What a strategy hedges its delta with while the path is played, where it does. */
const HEDGED_WITH: Partial<Record<Strategy, "perpetual" | "future">> = {
  "delta-hedged calls": "perpetual",
  "delta-hedged straddle": "future",
};

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
  /** Its delta is hedged with it, again and again. */
  readonly hedgedWith: "perpetual" | "future" | undefined;
};

/** An instrument as fills name it, and signed lots of it. */
export type Position = { readonly instrument: bigint; readonly lots: bigint };
export type SizedOptionTrader = OptionTrader & {
  readonly positions: readonly Position[];
  /** The instrument that it hedges with. */
  readonly hedge: bigint | undefined;
};

const MEDIAN_WORTH = 12_000;
/** The part of what it could open that a trader who hedges opens. */
const ROOM_TO_HEDGE = 0.5;
/** Times its worth: the most notional of an account. A box, which needs hardly any margin, would go far beyond. */
const MOST_NOTIONAL = 40n;
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
      hedgedWith: HEDGED_WITH[strategy],
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
    case "box": {
      // pays the difference of the strikes, whatever the price
      const [low, high] = [1 - away(0.03, 0.12), 1 + away(0.03, 0.12)];
      return [
        { series: NEAR, call: true, strike: low, part: 1 },
        { series: NEAR, call: true, strike: high, part: -1 },
        { series: NEAR, call: false, strike: low, part: -1 },
        { series: NEAR, call: false, strike: high, part: 1 },
      ];
    }
    case "delta-hedged calls":
      return [{ series: FAR, call: true, strike: away(1, 1.15), part: -1 }];
    case "delta-hedged straddle":
      return [true, false].map((call) => ({ series: NEAR, call, strike: 1, part: -1 }));
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
    const hedge = hedgeOf(trader, terms.underlying);
    const parts = partsOf(state, trader, terms.underlying, hedge);
    const price = state.underlyings[terms.underlying]?.price ?? 1n;
    let [low, high] = [0n, (trader.worth / price) * MOST_NOTIONAL];
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if (opens(state, trader, terms, positionsAt(parts, middle))) low = middle;
      else high = middle;
    }
    // hedges need margin too
    const room = hedge === undefined ? 1 : ROOM_TO_HEDGE;
    const part = BigInt(Math.round((0.4 + 0.55 * trader.daring) * room * 1e9));
    return { ...trader, hedge, positions: positionsAt(parts, max((low * part) / 10n ** 9n, 1n)) };
  });
}

function hedgeOf({ hedgedWith, legs }: OptionTrader, underlying: number): bigint | undefined {
  if (hedgedWith === undefined) return undefined;
  if (hedgedWith === "perpetual") return namedInstrument(underlying, 0n);
  const series = BigInt(legs.find((leg) => leg.series !== undefined)?.series ?? NEAR);
  return namedInstrument(underlying, instrumentNumber({ series, index: STRIKE_ZERO, isCall: true }));
}

/** What is held of each instrument for one lot of the strategy, 18 decimals; with what hedges it. */
function partsOf(state: State, { legs }: OptionTrader, underlying: number, hedge: bigint | undefined): Map<bigint, bigint> {
  const parts = new Map<bigint, bigint>();
  const add = (instrument: bigint, part: bigint): void => void parts.set(instrument, (parts.get(instrument) ?? 0n) + part);
  for (const { series, call = false, strike = 1, part } of legs) {
    const instrument = series === undefined ? BigInt(underlying) : nearest(state, underlying, series, call, strike);
    add(instrument, BigInt(part) * WAD);
  }
  if (hedge !== undefined) {
    const delta = [...parts].reduce((sum, [instrument, part]) => sum + part * deltaOf(state, instrument), 0n);
    add(hedge, -delta / deltaOf(state, hedge));
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

function positionsAt(parts: ReadonlyMap<bigint, bigint>, lots: bigint): Position[] {
  return [...parts].map(([instrument, part]) => ({ instrument, lots: (part * lots) / WAD })).filter((each) => each.lots !== 0n);
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
  const size = notional >= state.liquidation.smallestNotional * WAD && notional <= trader.worth * MOST_NOTIONAL;
  return equity >= margin + charge && size;
}
