import { Draft } from "../engine/ledger/draft.ts";
import { assess, termsAt } from "../engine/margin/margin.ts";
import { portfolioOf } from "../engine/margin/portfolios.ts";
import { max, min, partUp } from "../engine/types/fixedPoint.ts";
import { instrumentFromNumber, isFuture } from "../engine/types/instrument.ts";
import type { AccountId, State } from "../engine/types/types.ts";
import { strikeOf } from "../engine/words/seriesWord.ts";

/** Between which prices of one underlying an account is not below its line. Prices are WAD of a lot. */
export type LiquidationPrices = {
  /** Below its line already: neither price is given. */
  readonly isBelow: boolean;
  /** The lowest price down to which it is not below its line: a unit lower it is. Undefined where no fall to a sixteenth of the price reaches the line. */
  readonly low: bigint | undefined;
  /** The highest price up to which it is not below its line: a unit higher it is. Undefined where no rise to sixteen times the price reaches the line. */
  readonly high: bigint | undefined;
};

const FARTHEST = 16n;
const HIGHEST_PRICE = (1n << 96n) - 1n;
/** The first step of the search, and the part of the way so far that a later one is at least, in ten thousandths. */
const [STEP, GROWTH] = [50n, 600n];
const SCALE = 10_000n;

/**
 * The prices of one underlying at which an account falls below its line, everything else as it is: time, funding, scan ranges, the volatility of every strike's
 * moneyness (the slice moves with the forward), other underlyings. Options and futures are priced anew at each price, as the vault does when it is posted.
 *
 * With short and long options a profile may rise and fall more than once. What is given is the nearest price on each side: prices are tried in steps of a
 * half a percent, growing to 6 % of the way, and at every strike that is held; then the crossing is found to the unit by bisection. A stretch below the
 * line that lies between two prices tried is not seen.
 * @param state at the time for which it is asked, with the account
 * @param underlying its index
 * @throws RangeError when there is no such underlying, or it was never priced
 * @example
 * const account = accountIdOf(wallet.address);
 * const { state } = await readVault({ rpc, record }, [account]);
 * const { low, high } = liquidationPrices(state, account, 1);
 * // of a unit: the account is long
 * const price = low === undefined ? undefined : formatDecimal(low * 10n ** state.underlyings[1]!.lotExponent);
 * high // undefined
 */
export function liquidationPrices(state: State, account: AccountId, underlying: number): LiquidationPrices {
  const price = state.underlyings[underlying]?.price ?? 0n;
  if (price === 0n) throw new RangeError(`underlying ${underlying} has no price`);
  const surplus = (at: bigint): bigint => surplusAt(state, account, underlying, at);
  if (surplus(price) < 0n) return { isBelow: true, low: undefined, high: undefined };
  const strikes = strikesHeld(state, account, underlying);
  const nearest = (farthest: bigint): bigint | undefined => crossing(surplus, price, pricesOnTheWay(price, farthest, strikes));
  return { isBelow: false, low: nearest(max(price / FARTHEST, 1n)), high: nearest(min(price * FARTHEST, HIGHEST_PRICE)) };
}

/** The state with another price of one underlying, WAD of a lot. */
export function atPrice(state: State, underlying: number, price: bigint): State {
  return { ...state, underlyings: state.underlyings.map((each, i) => (i === underlying ? { ...each, price } : each)) };
}

/** E − MM at another price of one underlying, WAD. */
function surplusAt(state: State, account: AccountId, underlying: number, price: bigint): bigint {
  const terms = termsAt(state.margin, state.now);
  const { equity, margin } = assess(portfolioOf(new Draft(atPrice(state, underlying, price)), account), terms, false);
  return equity - partUp(margin, terms.maintenance);
}

/** Prices from the present one, not included, to the farthest, with the strikes between them, in order. */
function pricesOnTheWay(price: bigint, farthest: bigint, strikes: readonly bigint[]): bigint[] {
  const rises = farthest > price;
  const steps: bigint[] = [];
  for (let at = price; at !== farthest; ) {
    // by how much of itself the price has moved, so that a fall is cut as finely as a rise
    const moved = rises ? ((at - price) * SCALE) / price : ((price - at) * SCALE) / at;
    const step = max((at * max(STEP, (moved * GROWTH) / SCALE)) / SCALE, 1n);
    at = rises ? min(at + step, farthest) : max(at - step, farthest);
    steps.push(at);
  }
  const within = strikes.filter((strike) => (rises ? strike > price && strike < farthest : strike < price && strike > farthest));
  const sorted = [...new Set([...steps, ...within])].sort((a, b) => (a < b ? -1 : 1));
  return rises ? sorted : sorted.reverse();
}

/** The last price before the account falls below its line for the first time, to the unit. */
function crossing(surplus: (price: bigint) => bigint, present: bigint, prices: readonly bigint[]): bigint | undefined {
  let good = present;
  for (const price of prices) {
    if (surplus(price) < 0n) return bisect(surplus, good, price);
    good = price;
  }
  return undefined;
}

function bisect(surplus: (price: bigint) => bigint, above: bigint, below: bigint): bigint {
  let [good, bad] = [above, below];
  while (good - bad > 1n || bad - good > 1n) {
    const middle = (good + bad) / 2n;
    if (surplus(middle) < 0n) bad = middle;
    else good = middle;
  }
  return good;
}

/** The strikes of options that an account holds on an underlying, WAD of a lot. */
function strikesHeld(state: State, account: AccountId, underlying: number): bigint[] {
  return (state.accounts.get(account)?.series.get(underlying) ?? []).flatMap(({ instrument }) => {
    const parts = instrumentFromNumber(instrument);
    const word = state.underlyings[underlying]?.series.get(Number(parts.series))?.word;
    return word === undefined || isFuture(parts) ? [] : [strikeOf(word, parts.index)];
  });
}
