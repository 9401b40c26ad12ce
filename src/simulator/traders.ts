import { keccak256, toUtf8Bytes, Wallet } from "ethers";
import { assess, termsAt } from "../engine/margin/margin.ts";
import { accountIdOf } from "../engine/types/accountId.ts";
import { divUp, fromPpb, max, min, partDown, partUp, WAD } from "../engine/types/fixedPoint.ts";
import type { AccountId, Book, State } from "../engine/types/types.ts";
import { haircutOf } from "../keeper/plan.ts";
import type { Random } from "./random.ts";

/** A trader as drawn: what it brings and how far it wants to go. */
export type Trader = {
  readonly wallet: Wallet;
  readonly account: AccountId;
  readonly long: boolean;
  /** Value of what it deposits, WAD. */
  readonly worth: bigint;
  /** Part of it in collateral on the underlying, a ratio with 18 decimals; the rest is in settlement tokens. */
  readonly inCollateral: bigint;
  /** Where between 1 and the largest leverage it goes, in [0, 1). */
  readonly daring: number;
};

/** A trader with the position that it opens. */
export type SizedTrader = Trader & { readonly lots: bigint; readonly leverage: number };

export type Draw = {
  readonly count: number;
  /** The part of all accounts that is on the losing side; a half without a crowd. */
  readonly crowd: number;
  readonly longsLose: boolean;
  /** Whether there is a token on the underlying to deposit. */
  readonly hasCollateral: boolean;
};

const MEDIAN_WORTH = 8_000;
const IN_COLLATERAL = 8n * 10n ** 17n;

/** Draws traders: worth is log-normal, half of them bring collateral on the underlying, leverage is uniform up to the largest. */
export function drawTraders(random: Random, seed: number, { count, crowd, longsLose, hasCollateral }: Draw): Trader[] {
  const losers = Math.round(count * crowd);
  return Array.from({ length: count }, (_, i): Trader => {
    const wallet = new Wallet(keccak256(toUtf8Bytes(`plimsoll trader ${seed} ${i}`)));
    const worth = Math.min(Math.max(MEDIAN_WORTH * Math.exp(0.9 * random.normal()), 1_000), 250_000);
    const brings = random.uniform() < 0.5;
    return {
      wallet,
      account: accountIdOf(wallet.address.toLowerCase()),
      long: i < losers === longsLose,
      worth: BigInt(Math.round(worth * 100)) * 10n ** 16n,
      inCollateral: brings && hasCollateral ? IN_COLLATERAL : 0n,
      daring: random.uniform(),
    };
  });
}

export type Terms = {
  readonly underlying: number;
  readonly takerFee: bigint; // ratio with 18 decimals
  /** Part of the cap that open interest will use, a ratio with 18 decimals: what new risk is charged for. */
  readonly use: bigint;
  /** Index of the collateral token on the underlying. */
  readonly token: number;
};

/**
 * Gives every trader its position and scales the worth of one side so that longs and shorts are the same size, to the lot.
 * @param state the vault when they will trade
 */
export function sizeTraders(state: State, traders: readonly Trader[], terms: Terms): SizedTrader[] {
  const sized = traders.map((trader) => sizeOne(state, trader, terms));
  const total = (long: boolean): bigint => sized.reduce((sum, each) => (each.long === long ? sum + each.lots : sum), 0n);
  const [longs, shorts] = [total(true), total(false)];
  const target = max(longs, shorts);
  const matched = sized.map((trader) => {
    const own = trader.long ? longs : shorts;
    if (own === target) return trader;
    return { ...trader, worth: divUp(trader.worth * target, own), lots: (trader.lots * target) / own };
  });
  // rounding left the scaled side some lots short: its largest account makes up for them
  const missing = target - matched.reduce((sum, each) => (each.long === longs < shorts ? sum + each.lots : sum), 0n);
  const side = longs < shorts;
  const largest = matched.filter((each) => each.long === side).reduce((a, b) => (b.lots > a.lots ? b : a));
  return matched.map((each) => (each === largest && longs !== shorts ? { ...each, lots: each.lots + missing } : each));
}

function sizeOne(state: State, trader: Trader, terms: Terms): SizedTrader {
  const price = state.underlyings[terms.underlying]?.price ?? 0n;
  const one = trader.worth / price;
  let [low, high] = [0n, one * 40n];
  while (high - low > 1n) {
    const middle = (low + high) / 2n;
    if (opens(state, trader, terms, middle)) low = middle;
    else high = middle;
  }
  // a hair below the largest: the price may be a second older when the order is filled
  const most = (low * 995n) / 1000n;
  const part = BigInt(Math.round(trader.daring * 1e9));
  const lots = max(min(one, most) + (max(most - one, 0n) * part) / 10n ** 9n, 1n);
  return { ...trader, lots, leverage: Number((lots * price * 10_000n) / trader.worth) / 10_000 };
}

/** Whether the margin rule lets the trader open `lots`. */
function opens(state: State, trader: Trader, { underlying: index, takerFee, use, token }: Terms, lots: bigint): boolean {
  const underlying = state.underlyings[index];
  if (underlying === undefined) return false;
  const collateral = partDown(trader.worth, trader.inCollateral);
  const notional = lots * underlying.price;
  const book: Book = {
    underlying: BigInt(index),
    lots: trader.long ? lots : -lots,
    entryCost: 0n,
    collateral,
    haircut: partUp(collateral, haircutOf(state, token)),
    price: underlying.price,
    heldRange: fromPpb(underlying.heldRange),
    targetRange: fromPpb(underlying.targetRange),
    depth: underlying.depth,
    age: 0n,
    state: 0n,
    doubt: 0n,
  };
  const cash = trader.worth - collateral - partUp(notional, takerFee) - (trader.long ? notional : -notional);
  const { equity, margin } = assess({ cash, books: [book] }, termsAt(state.margin, state.now), true);
  const charge = partUp(partUp(notional, state.margin.openInterestCharge * 10n ** 12n), use);
  return equity >= margin + charge && notional >= state.liquidation.smallestNotional * WAD;
}
