import { Draft } from "../engine/ledger/draft.ts";
import { collateralValueDown, indexOf, payment } from "../engine/ledger/ledger.ts";
import { marketOf, namedInstrument } from "../engine/ledger/market.ts";
import { payoffOf } from "../engine/ledger/options/expiry.ts";
import { seriesNow } from "../engine/ledger/options/seriesState.ts";
import { termsAt } from "../engine/margin/margin.ts";
import { liveMargin } from "../engine/margin/options/liveMargin.ts";
import { holdingsOf, liveSettledCash, portfolioOf } from "../engine/margin/portfolios.ts";
import { rowOf, undampedMoveOf, type VolatilityRow } from "../engine/math/options/optionStress.ts";
import { Reverted } from "../engine/types/errors.ts";
import { fromPpm, max, partUp } from "../engine/types/fixedPoint.ts";
import { instrumentFromNumber, isFuture } from "../engine/types/instrument.ts";
import { rampAt } from "../engine/types/ramp.ts";
import { type AccountId, type Assessment, NORMAL, type State, type Underlying } from "../engine/types/types.ts";
import { SCENARIOS } from "../engine/words/riskWord.ts";
import { expiryOf } from "../engine/words/seriesWord.ts";
import { toNumber } from "./amounts.ts";
import type { DeploymentRecord } from "./deploymentRecord.ts";
import { interfaceOf } from "./interfaces.ts";
import { optionFigures } from "./optionFigures.ts";
import { callContract } from "./readState.ts";
import type { Rpc } from "./rpc.ts";
import { instrumentName } from "./series.ts";
import { figuresOf, type Standing, standings } from "./standing.ts";
import type { VaultView } from "./vaultView.ts";

// An account as its owner looks at it, worked out by the engine from the vault's books: no call a figure.

/** By how much a position moves, of all its lots. */
export type Greeks = {
  /** Units of the underlying. */
  readonly delta: number;
  /** Units of the underlying for one settlement token of its price. */
  readonly gamma: number;
  /** Settlement tokens for a volatility one percentage point higher. */
  readonly vega: number;
  /** Settlement tokens a day. */
  readonly theta: number;
};

/** What an account holds of one instrument. */
export type HeldPosition = {
  /** As orders name it. */
  readonly instrument: bigint;
  readonly name: string;
  readonly underlying: number;
  readonly right: "perpetual" | "future" | "option";
  /** Signed; 10^−lotExponent of a unit. */
  readonly lots: bigint;
  readonly lotExponent: number;
  /** Of a lot, WAD; of a series that has settled what a lot pays. Undefined where nothing says so. */
  readonly mark: bigint | undefined;
  /** WAD. */
  readonly value: bigint;
  /** Value less what it cost, funding that is due included, WAD; undefined of options, which are paid for when they are bought. */
  readonly gain: bigint | undefined;
  readonly greeks: Greeks;
  /** A year, 18 decimals; of options. */
  readonly volatility: bigint | undefined;
  /** Unix seconds; 0 of a perpetual. */
  readonly expiry: bigint;
  readonly settled: boolean;
};

/** Collateral of an account. Amounts WAD. */
export type HeldCollateral = {
  readonly token: number;
  readonly symbol: string;
  readonly underlying: number;
  readonly amount: bigint;
  /** In settlement tokens. */
  readonly value: bigint;
  readonly haircut: bigint;
  /** 18 decimals. */
  readonly haircutPart: bigint;
};

/** What an account would lose on one underlying in one scenario. */
export type ScenarioLoss = {
  /** 1 to 16. */
  readonly scenario: number;
  /** By how much the price moves, a part of it. */
  readonly move: number;
  readonly volatility: VolatilityRow;
  /** WAD; negative: a gain. */
  readonly loss: bigint;
};

/** The scan of one underlying: what decides its margin. */
export type ScenarioProfile = {
  readonly underlying: number;
  readonly scenarios: readonly ScenarioLoss[];
  /** The scenario with the largest loss; 0 where none loses. */
  readonly worst: number;
  /** WAD: the largest loss, or what short options need at least where that is more. */
  readonly scan: bigint;
  readonly shortOptionMinimum: bigint;
  /** Everything beside the scan, WAD: spreads between months, provisions and the charge for size. */
  readonly beside: bigint;
};

/** An account with all that a page shows of it. */
export type PortfolioView = {
  readonly account: AccountId;
  /** As liquidation sees it. */
  readonly standing: Standing;
  /** As trades and withdrawals are tested; undefined while words are stale. */
  readonly opening: Assessment | undefined;
  /** What it would have in money: cash with what perpetuals and futures are worth, WAD. */
  readonly cash: bigint;
  readonly positions: readonly HeldPosition[];
  readonly collateral: readonly HeldCollateral[];
  readonly profiles: readonly ScenarioProfile[];
};

/**
 * All that can be said of an account of a view.
 * @throws RangeError where the view was read without it
 * @example
 * const account = accountIdOf(wallet.address);
 * const view = await readVault({ rpc, record }, [account]);
 * const { positions, profiles } = portfolioIn(view, record, account);
 * positions.map(({ name }) => name) // ["BTC-PERP"]
 * profiles.map(({ scenarios }) => scenarios.length) // [16, 16]
 */
export function portfolioIn(view: VaultView, record: DeploymentRecord, account: AccountId): PortfolioView {
  const { state } = view;
  const [standing] = standings(state, [account]);
  const stored = state.accounts.get(account);
  if (stored === undefined || standing === undefined) throw new RangeError(`nothing was read of account ${account}`);
  const terms = termsAt(state.margin, state.now);
  return {
    account,
    standing,
    opening: openingOf(state, account),
    cash: liveSettledCash(portfolioOf(new Draft(state), account)),
    positions: positionsOf(view, account),
    collateral: [...stored.collateral].map(([token, amount]): HeldCollateral => {
      const { underlying, haircut } = state.collaterals[token] as State["collaterals"][number];
      const index = Number(underlying);
      const { price, lotExponent } = state.underlyings[index] as Underlying;
      const value = collateralValueDown(amount, price, lotExponent);
      const haircutPart = fromPpm(rampAt(haircut, state.now));
      const symbol = record.collaterals[token]?.symbol ?? String(token);
      return { token, symbol, underlying: index, amount, value, haircut: partUp(value, haircutPart), haircutPart };
    }),
    profiles: state.underlyings.flatMap((_, underlying): ScenarioProfile[] => {
      const at = portfolioOf(new Draft(state), account).books.findIndex((book) => Number(book.underlying) === underlying);
      const holding = at < 0 ? undefined : holdingsOf(state, account)[at];
      if (holding === undefined) return [];
      const { losses, scenario, scan, shortOptionMinimum, total } = liveMargin(holding, terms);
      const needed = max(scan, shortOptionMinimum);
      const scenarios = Array.from({ length: SCENARIOS }, (_, i): ScenarioLoss => {
        const number = BigInt(i + 1);
        const move = (Number(undampedMoveOf(number)) * toNumber(holding.heldRange)) / 30;
        return { scenario: i + 1, move, volatility: rowOf(number), loss: losses[i + 1] ?? 0n };
      });
      return [{ underlying, scenarios, worst: Number(scenario), scan: needed, shortOptionMinimum, beside: total - needed }];
    }),
  };
}

/** The figures for opening; undefined where words are stale. */
function openingOf(state: State, account: AccountId): Assessment | undefined {
  try {
    return figuresOf(state, account, true);
  } catch (error) {
    if (error instanceof Reverted) return undefined;
    throw error;
  }
}

function positionsOf({ state, listed }: VaultView, account: AccountId): HeldPosition[] {
  const stored = state.accounts.get(account);
  if (stored === undefined) return [];
  const draft = new Draft(state);
  const perpetuals = [...stored.positions].map(([underlying, { lots, entryCost, fundingIndex }]): HeldPosition => {
    const own = state.underlyings[underlying] as Underlying;
    const lotExponent = Number(own.lotExponent);
    const value = lots * own.price;
    return {
      instrument: BigInt(underlying),
      name: instrumentName(listed, BigInt(underlying)),
      underlying,
      right: "perpetual",
      lots,
      lotExponent,
      mark: own.price,
      value,
      gain: value - entryCost - payment(lots, indexOf(draft, own), fundingIndex),
      greeks: { delta: toNumber(lots, lotExponent), gamma: 0, vega: 0, theta: 0 },
      volatility: undefined,
      expiry: 0n,
      settled: false,
    };
  });
  const dated = [...stored.series].flatMap(([underlying, held]) =>
    held.map(({ instrument, lots, entryCost = 0n }): HeldPosition => {
      const own = state.underlyings[underlying] as Underlying;
      const lotExponent = Number(own.lotExponent);
      const parts = instrumentFromNumber(instrument);
      const named = namedInstrument(underlying, instrument);
      const series = own.series.get(Number(parts.series));
      if (series === undefined) throw new RangeError(`nothing was read of series ${parts.series} of underlying ${underlying}`);
      const live = seriesNow(own, series, state.now);
      const future = isFuture(parts);
      const figures = future || live.settled || series.surface.published === 0n ? undefined : optionFigures(live, parts);
      const mark = live.settled ? payoffOf(parts, series.word, live.forward) : future ? live.forward : figures?.mark;
      const [units, unit] = [toNumber(lots, lotExponent), 10 ** lotExponent];
      return {
        instrument: named,
        name: instrumentName(listed, named),
        underlying,
        right: future ? "future" : "option",
        lots,
        lotExponent,
        mark,
        value: (mark ?? 0n) * lots,
        gain: future && mark !== undefined ? mark * lots - entryCost : undefined,
        greeks: {
          delta: live.settled ? 0 : units * (figures?.delta ?? (future ? 1 : 0)),
          // of a lot for a move of the price of a lot; for one of the price of a unit it is so much less
          gamma: (units * (figures?.gamma ?? 0)) / unit,
          vega: units * unit * (figures?.vega ?? 0),
          theta: units * unit * (figures?.theta ?? 0),
        },
        volatility: figures?.volatility,
        expiry: expiryOf(series.word),
        settled: live.settled,
      };
    }),
  );
  return [...perpetuals, ...dated];
}

/**
 * What a lot of an instrument is worth now, WAD; undefined where nothing says so: no slice, or settled.
 * @example
 * const { state } = await readVault({ rpc, record });
 * markIn(state, 0n) // state.underlyings[0]!.price
 */
export function markIn(state: State, instrument: bigint): bigint | undefined {
  if (state.underlyings[Number(instrument & 0xffn)]?.price === 0n) return undefined;
  const { mark, closed } = marketOf(new Draft(state), instrument);
  return closed === undefined ? mark : undefined;
}

/**
 * How good the price of an underlying is: `normal`, `old` (nothing opens, nothing is withdrawn), `stale` (liquidations allow for doubt as well), or refused by
 * the guard: `invalid`, `grace`.
 * @param now unix seconds
 * @example
 * const { state } = await readVault({ rpc, record });
 * const { priceTime } = state.underlyings[0]!;
 * [priceQuality(state, 0, priceTime), priceQuality(state, 0, priceTime + 86_400n)] // ["normal", "stale"]
 */
export function priceQuality(state: State, underlying: number, now = state.now): "none" | "normal" | "old" | "stale" | "invalid" | "grace" {
  const own = state.underlyings[underlying];
  if (own === undefined || own.price === 0n) return "none";
  if (own.priceState !== NORMAL) return own.priceState === 1n ? "invalid" : "grace";
  const age = now - own.priceTime;
  const [first, last] = [state.margin.tradingAge, state.margin.liquidationAge];
  if (age > max(first, last)) return "stale";
  return age > first ? "old" : "normal";
}

/**
 * The largest debit of a withdrawal that the vault would allow now, WAD.
 * @example
 * (await withdrawableOf(rpc, record, accountIdOf(wallet.address))) > 0n // true
 */
export async function withdrawableOf(rpc: Rpc, record: DeploymentRecord, account: AccountId): Promise<bigint> {
  const [summary] = await callContract(rpc, interfaceOf("MarginLens"), record.contracts.lens, "summary", [account]);
  return (summary as { readonly withdrawable: bigint }).withdrawable;
}
