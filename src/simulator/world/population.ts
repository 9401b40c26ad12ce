import { executeOn } from "../../engine/actions/execute.ts";
import { refreshOpenInterestCapOn } from "../../engine/actions/fund.ts";
import type { Fill } from "../../engine/actions/trading.ts";
import { Draft, transact } from "../../engine/ledger/draft.ts";
import { accountIdOf } from "../../engine/types/accountId.ts";
import { AccountMap } from "../../engine/types/accountMap.ts";
import { WAD } from "../../engine/types/fixedPoint.ts";
import { type AccountId, type Address, SETTLEMENT, type State } from "../../engine/types/types.ts";
import { BadInput } from "../../sdk/failure.ts";
import type { Stream } from "../numbers/stream.ts";

/** What a trader does while prices move. */
export type Strategy = "hold" | "defend" | "cut" | "carry";

/** Who trades, and how far everybody goes. */
export interface PopulationTerms {
  readonly traders: number;
  /** The part of those without a hedge that is on one side; a half: no crowd. */
  readonly crowd: number;
  readonly crowdIsLong: boolean;
  /** Notional over what was deposited: log-normal, at most 95 % of what the margin rule lets open. */
  readonly leverage: { readonly median: number; readonly deviation: number };
  /** What is deposited, settlement tokens: log-normal. */
  readonly worth: { readonly median: number; readonly deviation: number };
  /** The part of the others who bring four fifths of it in collateral on the underlying. */
  readonly collateral: number;
  /** Parts of all: short against collateral of the same size; puts in more when the line is near; sells half then. */
  readonly carry: number;
  readonly defend: number;
  readonly cut: number;
  /** Market makers, and what they have together, as a part of the open interest. */
  readonly makers: number;
  readonly makerCapital: number;
  /** Stake of the insurance fund, as a part of the open interest. */
  readonly stake: number;
}

/** A trader as it opened. */
export interface Trader {
  readonly account: AccountId;
  readonly underlying: number;
  /** Signed. */
  readonly lots: bigint;
  /** WAD. */
  readonly worth: bigint;
  /** WAD of the token on the underlying; zero for most. */
  readonly collateral: bigint;
  readonly strategy: Strategy;
}

/** A vault that people have opened positions in. */
export interface Populated {
  readonly state: State;
  readonly traders: readonly Trader[];
  readonly makers: readonly AccountId[];
  /** Settlement tokens, by underlying: what longs hold. */
  readonly openInterest: readonly number[];
}

interface Drawn {
  readonly underlying: number;
  readonly isLong: boolean;
  readonly strategy: Strategy;
  readonly worth: number;
  readonly inCollateral: number;
  readonly lots: number;
}

const LEAST_WORTH = 1_000;
const MOST_WORTH = 5_000_000;
const IN_COLLATERAL = 0.8;
/** Of what the margin rule lets open. */
const OF_THE_LARGEST = 0.95;
/** Funding that is provided for. */
const FUNDING_PROVISION = 0.0075;

/** Owners: traders from 1 on, makers and keepers where nobody else is. */
const ownerOf = (number: number): Address => `0x${(0x7ade_0000_0000 + number).toString(16).padStart(40, "0")}`;
export const MAKER_NUMBER = 0x1000_0000;
export const KEEPER_NUMBER = 0x2000_0000;
export const ATTACKER_NUMBER = 0x3000_0000;
const HOUSE_NUMBER = 0x4000_0000;

/** The owner and the main account of a number. */
export function partyOf(number: number): { readonly owner: Address; readonly account: AccountId } {
  const owner = ownerOf(number);
  return { owner, account: accountIdOf(owner) };
}

/** Settlement tokens as WAD, to six decimals. */
export const tokensToWad = (tokens: number): bigint => BigInt(Math.round(tokens * 1e6)) * 10n ** 12n;

/**
 * Lets traders open positions, longs as much as shorts, makers bring their capital and backers their stake, all by the engine's own deposits and trades: who is over
 * the margin rule could not have opened.
 * @throws BadInput when the fund does not carry the open interest
 */
export function populate(empty: State, terms: PopulationTerms, stream: Stream): Populated {
  const drawn = balanced(empty, drawTraders(empty, terms, stream));
  const longs = empty.underlyings.map((_, u) => sum(drawn.filter((each) => each.underlying === u && each.isLong).map(({ lots }) => lots)));
  const openInterest = empty.underlyings.map(({ price }, u) => longs[u]! * (Number(price) / 1e18));
  const all = sum(openInterest);
  let state = transact(empty, (draft) => {
    deposit(draft, draft.base.fund, tokensToWad(all * terms.stake));
    for (let u = 0; u < empty.underlyings.length; u++) refreshOpenInterestCapOn(draft, u);
  }).state;
  for (const [u, { funding, trading }] of state.underlyings.entries())
    refuseTooMuch(u, BigInt(longs[u]!), funding.cap, trading.openInterestCap, terms);

  const traders = drawn.map((each, i): Trader => {
    const { account } = partyOf(i + 1);
    const collateral = amountOf(state, each);
    return {
      account,
      underlying: each.underlying,
      lots: BigInt(each.isLong ? each.lots : -each.lots),
      worth: tokensToWad(each.worth),
      collateral,
      strategy: each.strategy,
    };
  });
  state = inParts(state, traders, (draft, trader, i) => bring(draft, ownerOf(i + 1), trader, drawn[i]!));
  state = transact(state, (draft) => {
    for (let i = 0; i < terms.makers; i++)
      deposit(draft, ownerOf(MAKER_NUMBER + i), tokensToWad((all * terms.makerCapital) / terms.makers));
  }).state;
  for (let u = 0; u < state.underlyings.length; u++) state = open(state, u, traders);
  const makers = Array.from({ length: terms.makers }, (_, i) => partyOf(MAKER_NUMBER + i).account);
  return { state, traders, makers, openInterest };
}

function drawTraders(state: State, terms: PopulationTerms, stream: Stream): Drawn[] {
  const tokenOf = state.underlyings.map((_, u) => state.collaterals.findIndex(({ underlying }) => underlying === BigInt(u)));
  return Array.from({ length: terms.traders }, (): Drawn => {
    const underlying = stream.below(state.underlyings.length);
    const hasToken = tokenOf[underlying]! >= 0;
    const kind = stream.uniform();
    const { carry, defend, cut } = terms;
    const drawnStrategy: Strategy =
      kind < carry ? "carry" : kind < carry + defend ? "defend" : kind < carry + defend + cut ? "cut" : "hold";
    const strategy = drawnStrategy === "carry" && !hasToken ? "hold" : drawnStrategy;
    const isCrowded = stream.chance(terms.crowd);
    const brings = stream.chance(terms.collateral);
    const worth = Math.min(Math.max(stream.logNormal(terms.worth.median, terms.worth.deviation), LEAST_WORTH), MOST_WORTH);
    const wanted = stream.logNormal(terms.leverage.median, terms.leverage.deviation);
    const isLong = strategy !== "carry" && isCrowded === terms.crowdIsLong;
    const inCollateral = strategy === "carry" ? IN_COLLATERAL : brings && hasToken ? IN_COLLATERAL : 0;
    // a carry is short what it holds
    const leverage =
      strategy === "carry"
        ? IN_COLLATERAL
        : Math.min(wanted, OF_THE_LARGEST * largest(state, underlying, tokenOf[underlying]!, isLong, inCollateral));
    const lot = Number(state.underlyings[underlying]!.price) / 1e18;
    const least = Number(state.liquidation.smallestNotional) / lot;
    const lots = Math.ceil(Math.max((worth * leverage) / lot, least));
    return { underlying, isLong, strategy, worth, inCollateral, lots };
  });
}

/** How much an account may open for what it brings, a little below what the margin rule says for a position that is small beside the depth. */
function largest(state: State, u: number, token: number, isLong: boolean, inCollateral: number): number {
  const { targetRange, heldRange, price, depth } = state.underlyings[u]!;
  const range = Number(targetRange > heldRange ? targetRange : heldRange) / 1e9;
  const provision = Number(state.margin.provision.to) / 1e6;
  const interMonth = Number(state.margin.interMonth.to) / 1e6;
  const charge = Number(state.margin.openInterestCharge) / 1e6;
  const haircut = token < 0 ? 0 : Number(state.collaterals[token]!.haircut.to) / 1e6;
  // of the size charge what the largest account would pay
  const bySize = MOST_WORTH / ((Number(price) / 1e18) * Number(depth));
  const free = 1 - inCollateral * (haircut + provision + (isLong ? range : interMonth));
  return free / (range + FUNDING_PROVISION + provision + charge + bySize);
}

/** The side that is smaller brings more, each in proportion, so that both are the same to the lot. */
function balanced(state: State, drawn: readonly Drawn[]): Drawn[] {
  let result = [...drawn];
  for (let u = 0; u < state.underlyings.length; u++) {
    const total = (isLong: boolean): number =>
      sum(result.filter((each) => each.underlying === u && each.isLong === isLong).map(({ lots }) => lots));
    const [longs, shorts] = [total(true), total(false)];
    if (longs === shorts) continue;
    if (longs === 0 || shorts === 0)
      throw new BadInput(`all traders of one underlying are on one side: more --traders, or a --crowd nearer to 0.5`);
    const smaller = longs < shorts;
    const factor = Math.max(longs, shorts) / Math.min(longs, shorts);
    result = result.map((each) =>
      each.underlying === u && each.isLong === smaller
        ? { ...each, worth: each.worth * factor, lots: Math.floor(each.lots * factor) }
        : each,
    );
    const missing = Math.max(longs, shorts) - total(smaller);
    const first = result.findIndex((each) => each.underlying === u && each.isLong === smaller);
    const each = result[first]!;
    // what rounding left goes to one of them, who brings as much more as before
    result[first] = { ...each, lots: each.lots + missing, worth: (each.worth * (each.lots + missing)) / each.lots };
  }
  return result;
}

function amountOf(state: State, { underlying, worth, inCollateral }: Drawn): bigint {
  if (inCollateral === 0) return 0n;
  const { price, lotExponent } = state.underlyings[underlying]!;
  const token = state.collaterals.find((each) => each.underlying === BigInt(underlying))!;
  const unit = 10n ** (18n - token.decimals);
  const amount = (tokensToWad(worth * inCollateral) * WAD) / (price * 10n ** lotExponent);
  return amount - (amount % unit);
}

function bring(draft: Draft, owner: Address, trader: Trader, { worth, inCollateral }: Drawn): void {
  deposit(draft, owner, tokensToWad(worth * (1 - inCollateral)));
  if (trader.collateral === 0n) return;
  const token = draft.base.collaterals.findIndex((each) => each.underlying === BigInt(trader.underlying));
  const amount = trader.collateral / 10n ** (18n - draft.base.collaterals[token]!.decimals);
  executeOn(draft, owner, [{ kind: "Deposit", account: trader.account, token, amount }], {});
}

/** @param amount WAD */
export function deposit(draft: Draft, owner: Address, amount: bigint): void {
  const units = amount / 10n ** (18n - draft.base.settlementDecimals);
  if (units === 0n) return;
  executeOn(draft, owner, [{ kind: "Deposit", account: accountIdOf(owner), token: SETTLEMENT, amount: units }], {});
}

/** A draft finds an account among those it has written in a time that grows with their number: no more than this on one. */
const OF_A_DRAFT = 50;

/** Does the same for many, one after the other. */
function inParts<T>(state: State, items: readonly T[], change: (draft: Draft, item: T, i: number) => void): State {
  const accounts = new AccountMap(state.accounts);
  let after: State = { ...state, accounts };
  for (let first = 0; first < items.length; first += OF_A_DRAFT) {
    const draft = new Draft(after);
    for (const [i, item] of items.slice(first, first + OF_A_DRAFT).entries()) change(draft, item, first + i);
    after = draft.finishInto(accounts);
  }
  return after;
}

/**
 * Everybody takes from one who has enough to stand on the other side of all: longs first, then shorts, so that he ends with nothing and is gone. His position may
 * be larger than governance lets anybody's be; theirs may not.
 */
function open(state: State, u: number, traders: readonly Trader[]): State {
  const mine = traders.filter(({ underlying }) => underlying === u);
  const market = state.underlyings[u]!;
  const { price, trading } = market;
  const largestOf = mine.reduce((most, { lots }) => (lots > most ? lots : -lots > most ? -lots : most), 0n);
  if (largestOf > trading.positionCap) {
    throw new BadInput(
      `a position of ${largestOf} lots of underlying ${u} is above the cap of the parameters, ${trading.positionCap}: smaller traders`,
    );
  }
  const { owner, account } = partyOf(HOUSE_NUMBER);
  const total = mine.reduce((sum, { lots }) => (lots > 0n ? sum + lots : sum), 0n);
  const capital = (1n + total / market.depth) * total * price * 4n;
  const unit = 10n ** (18n - state.settlementDecimals);
  const units = capital / unit;
  const lifted = state.underlyings.with(u, { ...market, trading: { ...trading, positionCap: trading.openInterestCap } });
  const ordered = [...mine.filter(({ lots }) => lots > 0n), ...mine.filter(({ lots }) => lots < 0n)];
  const brought = transact({ ...state, underlyings: lifted }, (draft) => deposit(draft, owner, units * unit)).state;
  const taken = inParts(brought, ordered, (draft, { account: taker, lots }) => {
    trade(draft, taker, [{ maker: account, instrument: BigInt(u), lots, price, takerFee: 0n, makerFee: 0n }]);
  });
  const opened = transact(taken, (draft) => {
    executeOn(draft, owner, [{ kind: "Withdraw", account, token: SETTLEMENT, amount: units, to: owner }], {});
  }).state;
  const accounts = new AccountMap(opened.accounts);
  accounts.delete(account);
  const underlyings = opened.underlyings.with(u, { ...opened.underlyings[u]!, trading });
  return { ...opened, accounts, underlyings };
}

/**
 * Lets an account take fills, all of them.
 * @throws Reverted `FilledTooLittle` where one of them does not stand, `MarginTooLow` and others
 */
export function trade(draft: Draft, taker: AccountId, fills: readonly Fill[]): void {
  const minimumLots = fills.reduce((total, { lots }) => total + (lots < 0n ? -lots : lots), 0n);
  const owner = `0x${(taker >> 96n).toString(16).padStart(40, "0")}`;
  executeOn(draft, owner, [{ kind: "Trade", account: taker, module: 0, data: "0x", minimumLots }], { propose: () => fills });
}

function refuseTooMuch(u: number, lots: bigint, cap: bigint, governance: bigint, { stake }: PopulationTerms): void {
  if (lots <= cap) return;
  if (lots > governance) {
    throw new BadInput(
      `the open interest of underlying ${u}, ${lots} lots, is above the cap of the parameters, ${governance}: fewer --traders, or smaller ones`,
    );
  }
  const needed = Math.ceil(((stake * Number(lots)) / Math.max(Number(cap), 1)) * 1_000) / 1_000;
  throw new BadInput(
    `a stake of ${stake} of the open interest carries ${cap} lots of underlying ${u}, and ${lots} are wanted: give --stake ${needed} at least`,
  );
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
