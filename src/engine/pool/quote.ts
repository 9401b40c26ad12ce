import { FIRST_SERIES, type Fill, MUST_STAND } from "../actions/trading.ts";
import type { Draft } from "../ledger/draft.ts";
import { type Market, marketOf, WITH_NEXT } from "../ledger/market.ts";
import { backedDown, capitalAt, moved, type PoolBook } from "../math/pool/cost.ts";
import { doubtOf } from "../math/priceGuard.ts";
import { revert } from "../types/errors.ts";
import { abs, fromPpm, max, partDown, sum } from "../types/fixedPoint.ts";
import { instrumentFromNumber } from "../types/instrument.ts";
import { NORMAL, type Underlying } from "../types/types.ts";
import { figuresOf, type Leg, presentFigures } from "./figures.ts";
import { bookOf, type Pool, poolAccountOf } from "./pool.ts";
import { feeMostDown, halfSpreadUp, priceOfFill } from "./spread.ts";

/** What the pool asks for a trade. */
export interface Quote {
  readonly underlying: number;
  readonly cost: bigint; // Φ₁ − Φ₀ or a rebate, WAD
  readonly halfSpread: bigint; // WAD
  readonly beyond: bigint; // what the taker pays beyond the marks: both, and the rounding of prices, WAD
  readonly fills: readonly Fill[];
  readonly book: PoolBook; // after it
  readonly before: bigint; // IM, WAD
  readonly after: bigint;
}

/**
 * Quotes legs of one underlying, bought and sold together. What raises the margin of the pool's account is quoted up to a part of its capital, at a good price;
 * what lowers it at any price at which accounts are liquidated.
 * @param committed when the order was committed, unix seconds: it is filled at a price published later, with the narrow spread
 * @throws Reverted `NothingToDo`, `ComboInvalid`, `ZeroLots`, `PriceNotNormal`, `PriceTooOld`, `PoolCapitalExhausted`, `PoolMarginAboveLimit`, `PoolWordsStale` and what markets refuse
 */
export function quote(draft: Draft, pool: Pool, legs: readonly Leg[], committed?: bigint): Quote {
  const markets = marketsOf(draft, legs);
  const { index, underlying } = markets[0]!;
  const { parameters } = pool;
  const account = poolAccountOf(pool, index);
  const steepness = fromPpm(parameters.steepness);

  const { equity, before, after, byWords } = figuresOf(draft, account, legs);
  if (committed !== undefined && underlying.priceTime <= committed) revert("PriceNotNewer", underlying.priceTime, committed);
  const book = bookOf(pool, index);
  const capital = capitalAt(book, equity, draft.now);
  const raises = after > before;
  requirePrice(draft, underlying, index, raises);
  if (raises) {
    if (!byWords) revert("PoolWordsStale", BigInt(index));
    if (capital <= 0n) revert("PoolCapitalExhausted", BigInt(index));
    const most = partDown(capital, fromPpm(parameters.marginPart));
    if (after > most) revert("PoolMarginAboveLimit", BigInt(index), after, most);
  }
  const { cost, charged } = moved(book.charged, before, after, capital, steepness);

  const atOnce = committed === undefined;
  const doubt = doubtOf(underlying, draft.base.margin.liquidationAge, draft.now);
  const spreads = legs.map(({ lots }, i) => halfSpreadUp(draft, markets[i]!, lots, parameters, atOnce || doubt !== 0n, doubt));
  const fills = fillsOf(account, legs, markets, spreads, cost, atOnce);
  return {
    underlying: index,
    cost,
    halfSpread: sum(spreads),
    beyond: sum(fills.map(({ lots, price, takerFee }, i) => lots * (price - markets[i]!.mark) + takerFee)),
    fills,
    book: { charged, capital, time: draft.now },
    before,
    after,
  };
}

/** The book of an account as it stands now, before what changes its cash otherwise: what comes in later raises nothing for the time before it. */
export function touched(draft: Draft, pool: Pool, underlying: number): PoolBook {
  const book = bookOf(pool, underlying);
  // what nobody has traded with yet measures by all it gets
  if (book.time === 0n) return book;
  const { equity, margin } = presentFigures(draft, poolAccountOf(pool, underlying));
  const capital = capitalAt(book, equity, draft.now);
  return { charged: backedDown(book.charged, margin, capital, fromPpm(pool.parameters.steepness)), capital, time: draft.now };
}

/** The vault takes series of one underlying together, the perpetual alone. */
function marketsOf(draft: Draft, legs: readonly Leg[]): readonly Market[] {
  if (legs.length === 0) revert("NothingToDo");
  const apart = legs.length > 1 && legs.some(({ instrument }) => instrument < FIRST_SERIES);
  const isOther = legs.some(({ instrument }) => (instrument & 0xffn) !== (legs[0]!.instrument & 0xffn));
  if (apart || isOther) revert("ComboInvalid", BigInt(legs.length));
  const markets = legs.map(({ instrument }) => marketOf(draft, instrument));
  for (const { closed, index, instrument } of markets) {
    if (closed !== undefined) revert(closed, BigInt(index), instrumentFromNumber(instrument).series);
  }
  if (legs.some(({ lots }) => lots === 0n)) revert("ZeroLots");
  return markets;
}

function requirePrice(draft: Draft, { priceState, priceTime }: Underlying, index: number, raises: boolean): void {
  if (priceState !== NORMAL) revert("PriceNotNormal", BigInt(index), priceState);
  const age = max(draft.now - priceTime, 0n);
  const { liquidationAge, tradingAge } = draft.base.margin;
  const oldest = raises ? liquidationAge : tradingAge;
  if (age > oldest) revert("PriceTooOld", BigInt(index), age, oldest);
}

/**
 * The cost is borne by the largest leg: parts of it would have to be rounded.
 * @param exact whether what does not divide by the lots may be a fee, which only a taker pays
 */
function fillsOf(
  maker: bigint,
  legs: readonly Leg[],
  markets: readonly Market[],
  spreads: readonly bigint[],
  cost: bigint,
  exact: boolean,
): Fill[] {
  const sizes = legs.map(({ lots }, i) => abs(lots) * markets[i]!.reference);
  const largest = sizes.indexOf(sizes.reduce((most, size) => max(most, size)));
  return legs.map(({ instrument, lots }, i) => {
    const market = markets[i]!;
    const all = spreads[i]! + (i === largest ? cost : 0n);
    const { price, fee } = priceOfFill(market.mark, lots, all, exact ? feeMostDown(market, lots) : 0n);
    if (price < 0n) revert("FillRefused", "PriceOutsideBand");
    const named = i < legs.length - 1 ? instrument | WITH_NEXT : instrument;
    return { maker, instrument: named, lots, price, takerFee: fee, makerFee: -fee, order: MUST_STAND };
  });
}
