import { deposited, fundIncome } from "../ledger/deficit.ts";
import { type Draft, type Outcome, transact } from "../ledger/draft.ts";
import { fallsBelowLeast, leastSize, takeCollateral } from "../ledger/leastSize.ts";
import { credit, lotsOf, moveCollateral } from "../ledger/ledger.ts";
import { authorise, SCOPE_CANCEL, SCOPE_DEPOSIT, SCOPE_TRADE, SCOPE_TRANSFER, SCOPE_WITHDRAW } from "../ledger/operators.ts";
import { requireUp } from "../ledger/uptime.ts";
import { hiddenBy, isDoubtful, NOTHING_HIDDEN } from "../margin/doubt.ts";
import { notionalOf, termsAt } from "../margin/margin.ts";
import { coversOpening, refuse, shedsAtBoth } from "../margin/marginRule.ts";
import { portfolioOf, settledCash, unrealisedGain } from "../margin/portfolios.ts";
import { requireRatios } from "../margin/ratios.ts";
import { withdrawn } from "../margin/shortfall.ts";
import { requireNormal } from "../margin/takeover.ts";
import { TO_INVEST } from "../math/idle/stableFunding.ts";
import { accountIdOf, ownerOf } from "../types/accountId.ts";
import { revert } from "../types/errors.ts";
import { fromPpm, max, partUp, WAD } from "../types/fixedPoint.ts";
import { type Account, type AccountId, type Address, type Module, SETTLEMENT, type State } from "../types/types.ts";
import { reviewExchange } from "./exchange.ts";
import { divestOn, investOn, type Strategies } from "./invest.ts";
import { comboAt, FIRST_SERIES, type Fill, settle, type Touched, type Trade } from "./trading.ts";

const ALL_SCOPES = 31n;

const MAX_ACTIONS = 32n;
const MAX_FILLS = 128n;

/**
 * One action of `execute`. Amounts of deposits and withdrawals, of what is invested and of shares are in units of their token, of transfers in WAD. The contracts
 * do not know `Invest` and `Divest` yet.
 */
export type Action =
  | { readonly kind: "Deposit"; readonly account: AccountId; readonly token: number; readonly amount: bigint }
  | {
      readonly kind: "Withdraw";
      readonly account: AccountId;
      readonly token: number;
      readonly amount: bigint;
      readonly to: Address;
    }
  | {
      readonly kind: "Transfer";
      readonly account: AccountId;
      readonly token: number;
      readonly amount: bigint;
      readonly to: AccountId;
    }
  | {
      readonly kind: "SetOperator";
      readonly account: AccountId;
      readonly operator: Address;
      readonly scope: bigint;
      readonly expiry: bigint;
    }
  | {
      readonly kind: "Invest";
      readonly account: AccountId;
      readonly token: number;
      readonly amount: bigint;
      readonly leastShares: bigint;
    }
  | {
      readonly kind: "Divest";
      readonly account: AccountId;
      readonly token: number;
      readonly shares: bigint;
      readonly leastAssets: bigint;
    }
  | { readonly kind: "SetModules"; readonly account: AccountId; readonly mask: bigint }
  | { readonly kind: "CancelOrders"; readonly account: AccountId }
  | {
      readonly kind: "Trade";
      readonly account: AccountId;
      readonly module: number;
      readonly data: string;
      readonly minimumLots: bigint;
    };

/** What the world outside the vault answers during `execute`. */
export interface Outside extends Strategies {
  /** The fills that a module proposes; none by default. May throw `Reverted`. */
  readonly propose?: (
    draft: Draft,
    module: number,
    context: { readonly actor: Address; readonly account: AccountId },
    data: string,
  ) => readonly Fill[];
  /** Takes tokens from a wallet and says what arrived, in units of the token; by default what was asked. May throw `Reverted`. */
  readonly pull?: (token: number, from: Address, amount: bigint) => bigint;
}

/** Tokens that leave the vault at the end, in units of the token. */
export interface Payout {
  readonly token: number;
  readonly to: Address;
  readonly amount: bigint;
}

interface Run {
  readonly draft: Draft;
  readonly actor: Address;
  readonly outside: Outside;
  readonly touched: Map<AccountId, Touched>;
  readonly payouts: Payout[];
}

/**
 * Carries out actions in order as one unit, as the vault's `execute`.
 * @param actor who calls, a lower-case hex address
 * @throws Reverted with the name and arguments of the vault's error
 * @example
 * const account = accountIdOf(wallet.address);
 * const { state } = await readVault({ rpc, record }, [account]);
 * const deposit = { kind: "Deposit", account, token: SETTLEMENT_TOKEN, amount: 10n * WAD } as const;
 * const { state: after } = execute(state, wallet.address.toLowerCase(), [deposit]);
 * after.accounts.get(account)!.cash - state.accounts.get(account)!.cash // 10n * WAD
 */
export function execute(
  state: State,
  actor: Address,
  actions: readonly Action[],
  outside: Outside = {},
): Outcome & { readonly payouts: readonly Payout[] } {
  let payouts: readonly Payout[] = [];
  const outcome = transact(state, (draft) => {
    payouts = executeOn(draft, actor, actions, outside);
  });
  return { ...outcome, payouts };
}

/** As `execute`, on a draft. */
export function executeOn(draft: Draft, actor: Address, actions: readonly Action[], outside: Outside): readonly Payout[] {
  const count = BigInt(actions.length);
  if (count === 0n) revert("NothingToDo");
  if (count > MAX_ACTIONS) revert("TooManyActions", count, MAX_ACTIONS);
  const run: Run = { draft, actor, outside, touched: new Map(), payouts: [] };
  for (const action of actions) carryOut(run, action);
  for (const touched of run.touched.values()) testMargin(draft, touched);
  if (actions.some(({ kind }) => kind === "Invest")) requireRatios(draft, TO_INVEST);
  for (const action of actions) {
    const cured = curedBy(action);
    if (cured !== undefined) reviewExchange(draft, cured);
  }
  return run.payouts;
}

/**
 * The account whose exchange clock an action may stop: looked at when all are done, or what undoes a cure could come after it. A transfer cures where it goes,
 * a trade its taker.
 */
function curedBy(action: Action): AccountId | undefined {
  switch (action.kind) {
    case "Deposit":
    case "Withdraw":
    case "Trade":
    case "Divest":
      return action.account;
    case "Transfer":
      return action.to;
    default:
      return undefined;
  }
}

function carryOut(run: Run, action: Action): void {
  switch (action.kind) {
    case "Deposit":
      deposit(run, action.account, action.token, action.amount);
      break;
    case "Withdraw":
      withdraw(run, action.account, action.token, action.amount, action.to);
      break;
    case "Transfer":
      transfer(run, action.account, action.token, action.amount, action.to);
      break;
    case "Invest":
      invest(run, action.account, action.token, action.amount, action.leastShares);
      break;
    case "Divest":
      divest(run, action.account, action.token, action.shares, action.leastAssets);
      break;
    case "SetOperator":
      setOperator(run, action.account, action.operator, action.scope, action.expiry);
      break;
    case "SetModules":
      setModules(run, action.account, action.mask);
      break;
    case "CancelOrders":
      cancelOrders(run, action.account);
      break;
    case "Trade":
      trade(run, action.account, action.module, action.data, action.minimumLots);
      break;
  }
}

function deposit(run: Run, account: AccountId, token: number, amount: bigint): void {
  const { draft } = run;
  authorise(draft, account, run.actor, SCOPE_DEPOSIT);
  if (amount === 0n) revert("NothingToDo");
  const scale = scaleOf(draft, token);
  const received = run.outside.pull?.(token, run.actor, amount) ?? amount;
  if (received === 0n || received > amount) revert("TokenAmountMismatch", BigInt(token), amount, received);
  const credited = received * scale;
  if (token === SETTLEMENT) {
    deposited(draft, credited);
    credit(draft, account, credited);
  } else {
    const listed = draft.collateral(token);
    const supply = listed.supply + credited;
    if (supply > listed.cap) revert("SupplyCapExceeded", BigInt(token), supply, listed.cap);
    draft.setCollateral(token, { ...listed, supply });
    moveCollateral(draft, account, token, credited, true);
  }
  draft.emit("Deposited", { account, token: BigInt(token), amount: credited });
}

function withdraw(run: Run, account: AccountId, token: number, amount: bigint, to: Address): void {
  const { draft, actor } = run;
  authorise(draft, account, actor, SCOPE_WITHDRAW);
  if (actor !== ownerOf(account) && to !== ownerOf(account)) revert("RecipientNotOwner", account, to);
  if (amount === 0n) revert("NothingToDo");
  const touched = touch(run, account, true);
  const scale = scaleOf(draft, token);
  if (amount > (2n ** 128n - 1n) / scale) revert("TokenAmountMismatch", BigInt(token), amount, 0n);
  const debited = amount * scale;
  let paid = debited;
  if (token === SETTLEMENT) {
    touched.settledOut = true;
    const booked = withdrawn(draft, debited, scale);
    paid = booked.paid;
    credit(draft, account, -debited);
    if (booked.dust !== 0n) credit(draft, accountIdOf(draft.base.fund), booked.dust);
  } else {
    takeCollateral(draft, account, token, debited, scale);
    const listed = draft.collateral(token);
    draft.setCollateral(token, { ...listed, supply: listed.supply - debited });
  }
  run.payouts.push({ token, to, amount: paid / scale });
  draft.emit("Withdrawn", { account, token: BigInt(token), debited, paid, to });
}

function transfer(run: Run, account: AccountId, token: number, amount: bigint, to: AccountId): void {
  const { draft } = run;
  authorise(draft, account, run.actor, SCOPE_TRANSFER);
  if (ownerOf(to) !== ownerOf(account)) revert("OwnersDiffer", account, to);
  if (amount === 0n || to === account) revert("NothingToDo");
  const touched = touch(run, account, true);
  if (token === SETTLEMENT) {
    touched.settledOut = true;
    if (amount >= 2n ** 255n) revert("SafeCastOverflowedUintToInt", amount);
    credit(draft, account, -amount);
    credit(draft, to, amount);
  } else {
    takeCollateral(draft, account, token, amount, scaleOf(draft, token));
    moveCollateral(draft, to, token, amount, true);
  }
  draft.emit("Transferred", { from: account, to, token: BigInt(token), amount });
}

/** Tested like a withdrawal: settlement tokens leave the vault. */
function invest(run: Run, account: AccountId, token: number, amount: bigint, leastShares: bigint): void {
  authorise(run.draft, account, run.actor, SCOPE_TRADE);
  touch(run, account, true).settledOut = true;
  investOn(run.draft, account, token, amount, leastShares, run.outside);
}

function divest(run: Run, account: AccountId, token: number, shares: bigint, leastAssets: bigint): void {
  authorise(run.draft, account, run.actor, SCOPE_TRADE);
  touch(run, account, false);
  divestOn(run.draft, account, token, shares, leastAssets, run.outside);
}

function setOperator(run: Run, id: AccountId, operator: Address, scope: bigint, expiry: bigint): void {
  const { draft } = run;
  authorise(draft, id, run.actor, 0n);
  if ((scope & ~ALL_SCOPES) !== 0n) revert("ScopeInvalid", scope);
  const account = draft.account(id);
  const operators = new Map(account.operators);
  if (scope === 0n) operators.delete(operator);
  else operators.set(operator, { scope, expiry });
  draft.setAccount({ ...account, operators });
  draft.emit("OperatorSet", { account: id, operator, scope, expiry });
}

function setModules(run: Run, id: AccountId, mask: bigint): void {
  const { draft } = run;
  authorise(draft, id, run.actor, 0n);
  draft.setAccount({ ...draft.account(id), moduleDifference: mask ^ draft.base.defaultModules });
  draft.emit("ModulesSet", { account: id, mask });
}

function cancelOrders(run: Run, id: AccountId): void {
  const { draft } = run;
  authorise(draft, id, run.actor, SCOPE_CANCEL);
  const account = draft.account(id);
  const epoch = BigInt.asUintN(32, account.epoch + 1n);
  draft.setAccount({ ...account, epoch });
  draft.emit("OrdersCancelled", { account: id, epoch });
}

function trade(run: Run, account: AccountId, module: number, data: string, minimumLots: bigint): void {
  const { draft, actor } = run;
  authorise(draft, account, actor, SCOPE_TRADE);
  const listed = moduleOf(draft, module);
  const fills = run.outside.propose?.(draft, module, { actor, account }, data) ?? [];
  const count = BigInt(fills.length);
  if (count > MAX_FILLS) revert("TooManyFills", count, MAX_FILLS);
  if (count === 0n) {
    if (minimumLots !== 0n) revert("FilledTooLittle", 0n, minimumLots);
    return;
  }
  const proposed = newTrade(draft, account, module, listed);
  const taker = touch(run, account, false);
  let market = fills[0]!.instrument;
  let before = draft.account(account);
  for (let first = 0; first < fills.length; ) {
    const legs = comboAt(fills, first);
    if (legs[0]!.instrument !== market) {
      requireLeastPosition(draft, before, market);
      market = legs[0]!.instrument;
      before = draft.account(account);
    }
    settle(draft, proposed, taker, legs);
    first += legs.length;
  }
  requireLeastPosition(draft, before, market);
  const small = proposed.small.at(-1);
  if (small !== undefined) revert("PositionTooSmall", account, small.instrument, small.lots, leastSize(draft));
  if (proposed.filled < minimumLots) revert("FilledTooLittle", proposed.filled, minimumLots);
  if (proposed.fees !== 0n) fundIncome(draft, accountIdOf(draft.base.fund), proposed.fees);
}

/** The module at an index, switched on. @throws Reverted `UnknownModule`, `ModuleDisabled` */
export function moduleOf(draft: Draft, module: number): Module {
  const listed = draft.base.modules[module];
  if (listed === undefined) revert("UnknownModule", BigInt(module));
  if (draft.now < listed.disabledUntil) revert("ModuleDisabled", BigInt(module), listed.disabledUntil);
  return listed;
}

/** A trade of which nothing is filled yet. */
export function newTrade(draft: Draft, taker: AccountId, module: number, { address }: Module): Trade {
  const terms = termsAt(draft.base.margin, draft.now);
  return { taker, module: BigInt(module), moduleAddress: address, terms, filled: 0n, fees: 0n, small: [] };
}

/** A taker leaves the market of a perpetual with no less of it than is allowed, unless that is how it came. */
export function requireLeastPosition(draft: Draft, before: Account, instrument: bigint): void {
  if (instrument >= FIRST_SERIES) return;
  const index = Number(instrument);
  const lots = lotsOf(draft.account(before.id), index);
  if (lots === lotsOf(before, index) || !fallsBelowLeast(draft, lotsOf(before, index), lots, draft.underlying(index).price)) return;
  revert("PositionTooSmall", before.id, instrument, lots, leastSize(draft));
}

/** Remembers the figures of an account before this call changes it. */
function touch(run: Run, account: AccountId, leaving: boolean): Touched {
  const known = run.touched.get(account);
  if (known !== undefined) {
    if (leaving) known.leaving = true;
    return known;
  }
  const touched = remember(run.draft, account, leaving);
  run.touched.set(account, touched);
  return touched;
}

/** An account as it is now, before it is changed. */
export function remember(draft: Draft, account: AccountId, leaving: boolean): Touched {
  // where value leaves only the first form of the margin rule counts, which does not look back
  const before = leaving ? { cash: 0n, books: [] } : portfolioOf(draft, account);
  // who holds series and was covered by words is not priced live: it has to be covered afterwards
  const covered = before.holdings !== undefined && coversOpening(before, termsAt(draft.base.margin, draft.now), 0n);
  return { account, before, covered, leaving, settledOut: false, raised: false, newRisk: 0n };
}

/** The margin rule at the end, for an account that was touched. @throws Reverted `MarginTooLow` and others */
export function testMargin(draft: Draft, touched: Touched): void {
  const { margin, liquidation } = draft.base;
  const { account, before, newRisk } = touched;
  const portfolio = portfolioOf(draft, account);
  const terms = termsAt(margin, draft.now);
  const asks = touched.leaving || touched.raised;
  if (asks) requireNormal(portfolio, margin.tradingAge, account);
  if (asks && portfolio.books.length !== 0) requireUp(draft);
  const hidden = asks ? hiddenBy(draft, portfolio, terms, account) : NOTHING_HIDDEN;
  const needed = newRisk + hidden.surplus;
  const onlyFirst = touched.leaving || touched.covered || (asks && isDoubtful(portfolio));
  if (touched.raised) {
    const smallest = liquidation.smallestNotional * WAD;
    const notional = notionalOf(portfolio);
    if (notional !== 0n && notional < smallest) revert("AccountTooSmall", account, notional, smallest);
  }
  if (!coversOpening(portfolio, terms, needed) && (onlyFirst || !shedsAtBoth(before, portfolio, terms))) {
    refuse(account, before, portfolio, terms, needed, { onlyFirst, covered: touched.covered });
  }
  if (touched.settledOut) {
    const settled = settledCash(portfolio) - hidden.lines;
    const locked = partUp(max(unrealisedGain(portfolio) - hidden.lines, 0n), fromPpm(margin.gainLock));
    if (settled < locked) revert("SettledCashTooLow", account, settled, locked);
  }
}

/** WAD of the smallest unit of a token. */
function scaleOf(draft: Draft, token: number): bigint {
  if (token === SETTLEMENT) return 10n ** (18n - draft.base.settlementDecimals);
  const listed = draft.findCollateral(token);
  if (listed === undefined) revert("UnknownToken", BigInt(token));
  return 10n ** (18n - listed.decimals);
}
