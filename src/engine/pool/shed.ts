import { shedDiscountDown, shedFundOn } from "../actions/fund.ts";
import { Draft } from "../ledger/draft.ts";
import { fundAccountOf } from "../margin/fundAccounts.ts";
import { bookMargin, notionalOf, termsAt } from "../margin/margin.ts";
import { liveMargin } from "../margin/options/liveMargin.ts";
import { portfolioOf } from "../margin/portfolios.ts";
import { capitalAt, moved } from "../math/pool/cost.ts";
import { revert } from "../types/errors.ts";
import { fromPpm, partDown, partUp } from "../types/fixedPoint.ts";
import { presentFigures } from "./figures.ts";
import { bookOf, type PoolOutcome, poolAccountOf, type World, withBook } from "./pool.ts";

/**
 * Takes a fraction of the fund account of an underlying into the pool's account on it, by anyone. The discount pays what a taker would: the narrow half spread
 * on what moves and the difference of the cost function; what raises the margin of the pool's account is taken up to the same limit. Collateral is not taken:
 * no redemption could be paid with it.
 * @param fraction 18 decimals
 * @throws Reverted `FundHoldsCollateral`, `PoolCapitalExhausted`, `PoolMarginAboveLimit`, `DiscountBelowLimit` and what `shedFund` refuses
 */
export function takeShed(world: World, underlying: number, fraction: bigint): PoolOutcome {
  const { pool, vault } = world;
  const draft = new Draft(vault);
  const account = poolAccountOf(pool, underlying);
  const seller = fundAccountOf(draft, BigInt(underlying));
  if (draft.account(seller).collateral.size !== 0) revert("FundHoldsCollateral", BigInt(underlying));
  const discount = discountDown(draft, underlying, fraction);
  const gross = partUp(notionalOf(portfolioOf(draft, seller)), fraction);

  const is = presentFigures(draft, account);
  const book = bookOf(pool, underlying);
  const capital = capitalAt(book, is.equity, draft.now);
  shedFundOn(draft, underlying, account, fraction, 0n);
  const { margin: after } = presentFigures(draft, account);
  if (after > is.margin) {
    if (capital <= 0n) revert("PoolCapitalExhausted", BigInt(underlying));
    const most = partDown(capital, fromPpm(pool.parameters.marginPart));
    if (after > most) revert("PoolMarginAboveLimit", BigInt(underlying), after, most);
  }
  const { cost, charged } = moved(book.charged, is.margin, after, capital, fromPpm(pool.parameters.steepness));
  const asked = partUp(gross, fromPpm(pool.parameters.narrow)) + (cost > 0n ? cost : 0n);
  if (discount < asked) revert("DiscountBelowLimit", discount, asked);
  // what lowers the margin is paid back to nobody: of Q goes what belongs to it, and the pool keeps it
  const changed = withBook(pool, underlying, { charged, capital, time: draft.now });
  return { vault: draft.finish(), pool: changed, events: draft.events };
}

/** As `shedFund` computes it. */
function discountDown(draft: Draft, underlying: number, fraction: bigint): bigint {
  const portfolio = portfolioOf(draft, fundAccountOf(draft, BigInt(underlying)));
  const book = portfolio.books[0] ?? revert("FundAccountEmpty", BigInt(underlying));
  const terms = termsAt(draft.base.margin, draft.now);
  const holding = portfolio.holdings?.get(book.underlying);
  const { total, sizeCharge } = holding === undefined ? bookMargin(book, terms, false) : liveMargin(holding, terms);
  return partDown(shedDiscountDown(draft, underlying, total - sizeCharge), fraction);
}
