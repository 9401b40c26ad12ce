import { type Action, execute } from "../../src/engine/actions/execute.ts";
import { divestFor, postRate, postRedeemable, type Strategies } from "../../src/engine/actions/invest.ts";
import { firstRate } from "../../src/engine/math/idle/rate.ts";
import { NEVER_SAMPLED, SAMPLE_PARTS } from "../../src/engine/math/idle/redeemable.ts";
import { accountIdOf, ownerOf } from "../../src/engine/types/accountId.ts";
import { revert } from "../../src/engine/types/errors.ts";
import { min, WAD } from "../../src/engine/types/fixedPoint.ts";
import { steady } from "../../src/engine/types/ramp.ts";
import type { AccountId, CollateralToken, RecordedStake, State } from "../../src/engine/types/types.ts";
import { ALICE, alice, BOB, bob, CAROL, carol, deposit, emptyState, later } from "./state.ts";

/** The token number of the strategy in the world below, and of a token that is worth more and more of the first underlying. */
export const STRATEGY = 2;
export const LIQUID_STAKE = 3;

/** An ERC-4626 vault as far as the vault of the protocol sees it; amounts WAD. */
export interface Strategy {
  readonly assets: bigint;
  readonly shares: bigint;
  readonly queued: bigint; // of the assets, what is not paid out at once
  readonly fee: bigint; // on what leaves, ppm
}

export interface World {
  readonly state: State;
  readonly strategy: Strategy;
}

const CAP = 10n ** 25n;
const NO_STAKE = { cooling: [], coolDown: 864_000n, margin: 0n, poolBound: 0n, poolRequested: 0n };

/** A stake that lets the vault invest some millions. */
export const RECORDED: RecordedStake = { ...NO_STAKE, stake: 2_000_000n * WAD };

function token(underlying: bigint, now: bigint, rate: bigint, changes: Partial<CollateralToken> = {}): CollateralToken {
  const caps = { most: CAP, start: 0n };
  const listed = { decimals: 18n, underlying, haircut: steady(20_000n), supply: 0n, cap: CAP, caps, rate: firstRate(rate, 500n, now) };
  return { token: `0x${"5a".repeat(20)}`, ...listed, ...changes };
}

/** A vault with a strategy that others use too, whose every hour was sampled for a day; three traders with cash. */
export function strategyWorld(recorded: RecordedStake = RECORDED): World {
  const empty = emptyState();
  const hour = empty.now / 3_600n;
  const redeemable = { ...NEVER_SAMPLED, samples: Array<bigint>(24).fill(SAMPLE_PARTS), hour };
  const collaterals = [...empty.collaterals, token(255n, empty.now, WAD, { redeemable }), token(0n, empty.now, (11n * WAD) / 10n)];
  let state: State = { ...empty, recorded, collaterals, underlyings: empty.underlyings.map((each) => ({ ...each, depth: 10n ** 12n })) };
  for (const [owner, account] of PEOPLE) state = deposit(state, owner, account, 1_000_000n * WAD);
  return { state, strategy: { assets: 5_000_000n * WAD, shares: 5_000_000n * WAD, queued: 0n, fee: 0n } };
}

export const PEOPLE = [
  [ALICE, alice],
  [BOB, bob],
  [CAROL, carol],
] as const;

/** What a share redeems, WAD, rounded down. */
export const worthOf = ({ assets, shares }: Strategy, amount: bigint): bigint => (amount * assets) / shares;

/** What the strategy says of the shares of the vault. */
export function redeemable({ state, strategy }: World): bigint {
  const loose = ((strategy.assets - strategy.queued) * strategy.shares) / strategy.assets;
  return min(state.collaterals[STRATEGY]!.supply, loose);
}

/** The strategy as it answers within one call, and what it is afterwards. */
function answering(strategy: Strategy): { readonly outside: Strategies; readonly after: () => Strategy } {
  let is = strategy;
  const enter = (_: number, given: bigint): bigint => {
    const minted = (given * is.shares) / is.assets;
    is = { ...is, assets: is.assets + given, shares: is.shares + minted };
    return minted;
  };
  const leave = (_: number, burned: bigint): bigint => {
    const assets = worthOf(is, burned);
    if (assets > is.assets - is.queued) revert("ERC4626ExceededMaxRedeem");
    const paid = (assets * (1_000_000n - is.fee)) / 1_000_000n;
    // a fee is the strategy's own
    is = { ...is, assets: is.assets - assets, shares: is.shares - burned };
    return paid;
  };
  return { outside: { enter, leave }, after: () => is };
}

export function executed(world: World, account: AccountId, ...actions: readonly Action[]): World {
  const { outside, after } = answering(world.strategy);
  const { state } = execute(world.state, ownerOf(account), actions, outside);
  return { state, strategy: after() };
}

export const invested = (world: World, account: AccountId, amount: bigint): World =>
  executed(world, account, { kind: "Invest", account, token: STRATEGY, amount, leastShares: 0n });

export const divested = (world: World, account: AccountId, shares: bigint): World =>
  executed(world, account, { kind: "Divest", account, token: STRATEGY, shares, leastAssets: 0n });

export function divestedFor(world: World, account: AccountId, keeper: AccountId = accountIdOf(`0x${"ee".repeat(20)}`)): World {
  const { outside, after } = answering(world.strategy);
  const { state } = divestFor(world.state, account, STRATEGY, keeper, outside);
  return { state, strategy: after() };
}

/** Somebody posts what the strategy says of its rate. */
export const ratePosted = (world: World): World => ({
  ...world,
  state: postRate(world.state, STRATEGY, worthOf(world.strategy, WAD)).state,
});

export const sampledNow = (world: World): World => ({ ...world, state: postRedeemable(world.state, STRATEGY, redeemable(world)).state });

export const waited = (world: World, seconds: bigint): World => ({ ...world, state: later(world.state, seconds) });

/** A day in which somebody samples, and reads every rate, on the hour. */
export function sampledForADay(world: World): World {
  let after = world;
  for (let i = 0; i < 26; i++) {
    after = ratePosted(sampledNow(waited(after, 3_600n)));
    after = { ...after, state: postRate(after.state, LIQUID_STAKE, after.state.collaterals[LIQUID_STAKE]!.rate!.rate).state };
  }
  return after;
}

export const cashOf = ({ state }: World, account: AccountId): bigint => state.accounts.get(account)?.cash ?? 0n;

export const sharesOf = ({ state }: World, account: AccountId): bigint => state.accounts.get(account)?.collateral.get(STRATEGY) ?? 0n;
