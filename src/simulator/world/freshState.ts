import type { PlimsollParameters } from "../../deployment/parameters.ts";
import { targetRange, varianceFloor } from "../../engine/math/scanRange.ts";
import { largest } from "../../engine/math/variance.ts";
import { steady } from "../../engine/types/ramp.ts";
import type { CollateralToken, State, Underlying } from "../../engine/types/types.ts";
import { NORMAL } from "../../engine/types/types.ts";

/** Addresses of a vault that is nowhere: one byte, repeated. */
const addressOf = (byte: string): string => `0x${byte.repeat(20)}`;

export const FUND = addressOf("f0");

/** Who is paid for deleveraging. */
export const FUND_KEEPER = addressOf("fe");

const NO_CLOCK = { inventorySince: 0n, epochStart: 0n, drawn: 0n, drawnBefore: 0n, weight: 0n };

/** What is known of an underlying when a run begins. */
export interface Opening {
  readonly symbol: string;
  /** Of one unit, WAD. */
  readonly price: bigint;
  /** What the forecast is warmed to, a year: 0.8 is 80 %. */
  readonly sigma: number;
}

/**
 * The vault that a parameter file deploys, before anybody has used it: some of its underlyings with a price, their collaterals, and nobody in it. Weights of the
 * fund stay those of the whole file.
 * @param now unix seconds
 * @param fundingRate ppb over eight hours, paid by longs
 */
export function freshState(parameters: PlimsollParameters, openings: readonly Opening[], now: bigint, fundingRate: bigint): State {
  const listed = openings.map((opening) => {
    const index = parameters.underlyings.findIndex(({ symbol }) => symbol === opening.symbol);
    const found = parameters.underlyings[index];
    if (found === undefined) throw new RangeError(`no underlying ${opening.symbol}`);
    return { index, opening, found };
  });
  const value = lookUp(parameters.values);
  const weights = parameters.underlyings.map(({ values }) => lookUp(values)("FundWeight"));
  return {
    now,
    fund: FUND,
    vault: addressOf("1e"),
    defaultModules: 1n,
    settlementDecimals: typeof parameters.settlementToken === "string" ? 6n : BigInt(parameters.settlementToken.decimals),
    settlement: 0n,
    deficit: 0n,
    unreserved: NO_CLOCK,
    bounties: NO_CLOCK,
    drawn: NO_CLOCK,
    shortfalls: new Map(),
    waterLines: new Map(),
    margin: {
      maintenance: steady(value("Maintenance")),
      provision: steady(value("Provision")),
      interMonth: steady(value("InterMonth")),
      tradingAge: value("TradingAge"),
      liquidationAge: value("LiquidationAge"),
      openInterestCharge: value("OpenInterestCharge"),
      gainLock: value("GainLock"),
    },
    liquidation: {
      recovery: value("Recovery"),
      discountMin: value("DiscountMin"),
      discountMax: value("DiscountMax"),
      grossDiscount: value("GrossDiscount"),
      keeperShare: value("KeeperShare"),
      fundShare: value("FundShare"),
      bounty: value("Bounty"),
      smallestNotional: value("SmallestNotional"),
    },
    fundParameters: {
      topUp: value("TopUp"),
      epochLength: value("EpochLength"),
      shedTime: value("ShedTime"),
      shedStart: value("ShedStart"),
      fundPerOpenInterest: value("FundPerOpenInterest"),
      bountyCap: value("BountyCap"),
      stakeCap: value("StakeCap"),
      weights: weights.reduce((sum, weight) => sum + weight, 0n),
      unweighted: BigInt(weights.filter((weight) => weight === 0n).length),
    },
    underlyings: listed.map(({ found, opening }) => underlyingOf(found, opening, now, fundingRate)),
    collaterals: parameters.collaterals.flatMap((each, i): CollateralToken[] => {
      const underlying = listed.findIndex(({ index }) => index === each.underlying);
      if (underlying < 0) return [];
      const of = lookUp(each.values);
      return [
        {
          token: addressOf((0xc0 + i).toString(16)),
          decimals: typeof each.token === "string" ? 18n : BigInt(each.token.decimals),
          underlying: BigInt(underlying),
          haircut: steady(of("Haircut")),
          supply: 0n,
          cap: of("SupplyCap"),
        },
      ];
    }),
    modules: [{ address: addressOf("aa"), disabledUntil: 0n }],
    accounts: new Map(),
  };
}

function underlyingOf(
  { lotExponent, values }: PlimsollParameters["underlyings"][number],
  { price: unit, sigma }: Opening,
  now: bigint,
  rate: bigint,
): Underlying {
  const value = lookUp(values);
  const price = unit / 10n ** BigInt(lotExponent);
  const volatility = {
    multiple: value("RangeMultiple"),
    horizon: value("Horizon"),
    rangeFloor: value("RangeFloor"),
    rangeCap: value("RangeCap"),
    sigmaFloor: value("SigmaFloor"),
  };
  const variance = BigInt(Math.round(sigma * sigma * 1e10));
  const range = targetRange(volatility, largest(variance, varianceFloor(volatility)));
  return {
    price,
    priceTime: now,
    targetRange: range,
    heldRange: range,
    depth: value("Depth"),
    lotExponent: BigInt(lotExponent),
    priceState: NORMAL,
    sample: { price, time: now, fast: variance, slow: variance, rateTime: now },
    pending: { price: 0n, time: 0n, source: 0n },
    funding: { index: 0n, rate, time: now, openInterest: 0n, cap: 0n },
    trading: {
      fillBand: value("FillBand"),
      positionCap: value("PositionCap"),
      openInterestCap: value("OpenInterestCap"),
      stoppedUntil: 0n,
      feeCap: value("FeeCap"),
      guardianCapUntil: 0n,
    },
    volatility,
    guard: {
      sources: 1n,
      dropped: 0n,
      droppedUntil: 0n,
      agreement: value("AgreementBand"),
      band: value("Band"),
      widestBand: value("WidestBand"),
      depthRamp: { from: 0n, to: 0n, end: 0n },
    },
    fund: { ...NO_CLOCK, weight: value("FundWeight") },
    series: new Map(),
  };
}

const lookUp =
  (values: Readonly<Record<string, bigint>>) =>
  (name: string): bigint => {
    const found = values[name];
    if (found === undefined) throw new RangeError(`no parameter ${name}`);
    return found;
  };
