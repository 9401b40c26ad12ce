import { type BytesLike, ZeroHash } from "ethers";
import { declareExchange, exchangeCollateral, shortOf } from "../../../src/engine/actions/exchange.ts";
import { type Action, execute, type Payout } from "../../../src/engine/actions/execute.ts";
import { refreshOpenInterestCap, shedFund, topUpFund } from "../../../src/engine/actions/fund.ts";
import { liquidate, liquidateMany, liquidateTo } from "../../../src/engine/actions/liquidate.ts";
import { countingQuotes, type PriceReport, postPrice, updateFundingRate } from "../../../src/engine/actions/prices.ts";
import type { Fill } from "../../../src/engine/actions/trading.ts";
import { Draft, type Outcome, transact } from "../../../src/engine/ledger/draft.ts";
import { lotsOf } from "../../../src/engine/ledger/ledger.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { ACCEPTED, judge, NOTHING_PENDING, VALID } from "../../../src/engine/math/priceGuard.ts";
import type { MakerOrder, Order, OrderTrade, TakerLimit } from "../../../src/engine/orders/orders.ts";
import { type Taking, take } from "../../../src/engine/orders/take.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { Reverted, revert } from "../../../src/engine/types/errors.ts";
import { abs, max, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, Address, Assessment, Outage, State } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { encodeCancel, encodeFills as encodeOrders, type OrderFill, packTakerLimit } from "../../../src/sdk/orders.ts";
import { packTaken } from "../../../src/sdk/takeOrders.ts";
import { mockUpdate } from "../deploy.ts";
import type { Random } from "../random.ts";
import { type Chain, coder } from "./chain.ts";
import type { OrderBook } from "./orderBook.ts";

/** The kinds of operation whose successes are counted. */
export const KINDS = [
  "deposit",
  "depositCollateral",
  "withdraw",
  "withdrawCollateral",
  "transfer",
  "setOperator",
  "setModules",
  "cancelOrders",
  "trade",
  "tradeOrders",
  "take",
  "batch",
  "postPrice",
  "updateFundingRate",
  "liquidate",
  "liquidateTo",
  "shedFund",
  "topUpFund",
  "refreshOpenInterestCap",
  "declareExchange",
  "exchangeCollateral",
] as const;

export type Kind = (typeof KINDS)[number];

/** Seconds after an outage. */
export const UPTIME_GRACE = 30n;

/** One call, for the chain and for the engine. */
export interface Operation {
  readonly kind: Kind;
  readonly description: string;
  readonly from: Address;
  readonly data: string;
  readonly run: (state: State) => Result;
  /** Orders whose nonces it may change. */
  readonly nonces?: readonly Pick<Order, "account" | "nonce">[];
}

export interface Result {
  readonly outcome: Outcome;
  /** Fraction of a liquidation. */
  readonly fraction?: bigint;
  /** Changes of what the world outside the vault holds, to be made if the chain agrees. */
  readonly settle?: () => void;
}

const FILLS = "tuple(uint256 maker, uint24 instrument, int256 lots, uint256 price, int256 takerFee, int256 makerFee, uint256 order)[]";

/** The traders, their wallets, the sources and what they were last told. */
export class World {
  readonly chain: Chain;
  readonly random: Random;
  readonly owners: readonly Address[];
  readonly traders: readonly AccountId[];
  readonly wallets = new Map<string, bigint>();
  readonly reports: PriceReport[][];
  readonly realPrices: bigint[];
  readonly firstPrices: readonly bigint[];
  /** How far the price leaves a round of all sources of an underlying before they write another, ppm; 0: they do not say. */
  readonly deviations: bigint[];
  rate = 0n;
  /** The signed orders, where there is a module for them. */
  book: OrderBook | undefined;
  /** What the uptime feed says. */
  sequencer = { down: false, since: 1n };
  private readonly sellableThen = new WeakMap<State, readonly AccountId[]>();

  constructor(chain: Chain, random: Random, owners: readonly Address[], traders: readonly AccountId[], prices: readonly bigint[]) {
    this.chain = chain;
    this.random = random;
    this.owners = owners;
    this.traders = traders;
    this.firstPrices = prices;
    this.realPrices = [...prices];
    this.reports = chain.deployment.sources.map((sources) => sources.map(() => ({ price: 0n, publishTime: 0n, valid: false })));
    this.deviations = prices.map(() => 0n);
  }

  /** The state some seconds later, with what sources and uptime feed answer then. */
  later(state: State, seconds: bigint): State {
    const now = state.now + seconds;
    return { ...state, now, standing: this.standing(state, now), outage: this.outage(now) };
  }

  /** The deviations of those whose sources all stand at the rounds that the price is made of. */
  private standing({ underlyings }: State, now: bigint): Map<number, bigint> {
    const standing = new Map<number, bigint>();
    for (const [index, underlying] of underlyings.entries()) {
      const quotes = countingQuotes(underlying, this.reports[index] ?? [], now);
      const { verdict, price, time } = judge(underlying.guard, underlying, NOTHING_PENDING, quotes, now);
      const stands = verdict === ACCEPTED && quotes.every(({ answer }) => answer === VALID);
      const deviation = this.deviations[index] ?? 0n;
      if (deviation !== 0n && stands && price === underlying.price && time === underlying.priceTime) standing.set(index, deviation);
    }
    return standing;
  }

  private outage(now: bigint): Outage | undefined {
    const { down, since } = this.sequencer;
    if (down) return { since, until: 2n ** 40n - 1n };
    return now < since + UPTIME_GRACE ? { since, until: since + UPTIME_GRACE } : undefined;
  }

  /** One underlying, of which those that stand at rounds seldom have a new one. */
  anyPriced(state: State): number {
    const index = this.random.below(state.underlyings.length);
    return this.deviations[index] !== 0n && this.random.chance(0.7) ? this.random.below(state.underlyings.length) : index;
  }

  /** A token's balance of a wallet, in units of the token. */
  balanceOf(token: number, wallet: Address): bigint {
    return this.wallets.get(`${token}/${wallet}`) ?? 0n;
  }

  addBalance(token: number, wallet: Address, amount: bigint): void {
    this.wallets.set(`${token}/${wallet}`, this.balanceOf(token, wallet) + amount);
  }

  figures(state: State, id: AccountId, opening = false): Assessment {
    const portfolio = portfolioOf(new Draft(state), id);
    return assess(portfolio, termsAt(state.margin, state.now), opening);
  }

  /** Every trader below its maintenance margin. */
  below(state: State): AccountId[] {
    const terms = termsAt(state.margin, state.now);
    return this.traders.filter((id) => {
      const { equity, margin } = this.figures(state, id);
      return equity * WAD < margin * terms.maintenance || equity < 0n;
    });
  }

  /** One operation of a kind; plausible more often than not. */
  generate(kind: Kind, state: State): Operation {
    switch (kind) {
      case "deposit":
        return this.execute(kind, [this.deposit(SETTLEMENT)]);
      case "depositCollateral":
        return this.execute(kind, [this.deposit(this.random.below(state.collaterals.length))]);
      case "withdraw":
        return this.execute(kind, [this.withdraw(state, SETTLEMENT)]);
      case "withdrawCollateral":
        return this.execute(kind, [this.withdraw(state, this.random.below(state.collaterals.length))]);
      case "transfer":
        return this.execute(kind, [this.transfer(state)]);
      case "setOperator":
        return this.execute(kind, [this.setOperator(state)]);
      case "setModules":
        return this.execute(kind, [
          {
            kind: "SetModules",
            account: this.trader(),
            mask: this.random.chance(0.8) ? state.defaultModules : BigInt(this.random.below(4)),
          },
        ]);
      case "cancelOrders":
        if (this.book !== undefined && this.random.chance(0.5)) return this.cancelNonces(this.book);
        return this.execute(kind, [{ kind: "CancelOrders", account: this.trader() }]);
      case "trade":
        return this.execute(kind, [this.trade(state)]);
      case "tradeOrders":
      case "take":
        return this.fillOrders(kind, state);
      case "batch":
        return this.execute(kind, this.batch(state));
      case "postPrice":
        return this.post(state);
      case "updateFundingRate":
        return this.updateRate(state);
      case "liquidate":
        return this.liquidate(state);
      case "liquidateTo":
        return this.liquidateTo(state);
      case "shedFund":
        return this.shed(state);
      case "topUpFund":
        return this.fundCall(kind, state, topUpFund);
      case "refreshOpenInterestCap":
        return this.fundCall(kind, state, refreshOpenInterestCap);
      case "declareExchange":
        return this.declare(state);
      case "exchangeCollateral":
        return this.exchange(state);
    }
  }

  // ---------------------------------------------------------------- who

  private trader(): AccountId {
    return this.random.pick(this.traders);
  }

  /** Mostly a trader, sometimes an account of the fund or one that nobody uses. */
  private anyAccount(state: State): AccountId {
    if (this.random.chance(0.95)) return this.trader();
    return accountIdOf(state.fund, BigInt(this.random.below(4)));
  }

  /** Of some traders the one with the most to spare. */
  private richestOf(count: number, state: State): AccountId {
    const free = (id: AccountId): bigint => {
      const { equity, margin } = this.figures(state, id, true);
      return equity - margin;
    };
    const some = Array.from({ length: count }, () => this.trader());
    return some.reduce((best, id) => (free(id) > free(best) ? id : best));
  }

  /** Mostly the owner, sometimes an operator or a stranger. */
  private callerFor(account: AccountId): Address {
    if (this.random.chance(0.9)) return ownerOf(account);
    return this.random.chance(0.8) ? this.random.pick(this.chain.operators) : this.random.pick(this.owners);
  }

  private siblingOf(account: AccountId): AccountId {
    const siblings = this.traders.filter((id) => ownerOf(id) === ownerOf(account) && id !== account);
    return siblings.length === 0 || this.random.chance(0.05) ? this.trader() : this.random.pick(siblings);
  }

  // ---------------------------------------------------------------- actions

  /** A deposit of some thousand settlement tokens' worth. */
  firstDeposit(account: AccountId, token: number): Operation {
    const unit = 10n ** (token === SETTLEMENT ? this.settlementDecimals() : this.decimalsOf(token));
    const price = token === SETTLEMENT ? WAD : (this.realPrices[this.underlyingOf(token)] ?? WAD);
    const amount = (this.random.part(3_000n, 0.3, 2) * unit * WAD) / price;
    return this.execute("deposit", [{ kind: "Deposit", account, token, amount }], ownerOf(account));
  }

  private deposit(token: number): Action {
    const account = this.trader();
    const unit = 10n ** (token === SETTLEMENT ? this.settlementDecimals() : this.decimalsOf(token));
    const { random } = this;
    // worth some thousand settlement tokens
    const worth = BigInt(random.pick([50, 500, 2_000, 10_000]));
    const price = token === SETTLEMENT ? WAD : (this.realPrices[this.underlyingOf(token)] ?? WAD);
    let amount = (random.part(worth, 0.5, 1.5) * unit * WAD) / price;
    if (random.chance(0.04)) amount = random.pick([0n, 1n, 2n ** 128n, 2n ** 255n]);
    const at = random.chance(0.02) ? random.pick([9, 31]) : token;
    return { kind: "Deposit", account, token: at, amount };
  }

  private withdraw(state: State, token: number): Action {
    const { random } = this;
    const account = this.holderOf(state, token);
    const { equity, margin } = this.figures(state, account, true);
    const free = max(equity - margin, 0n);
    const held = token === SETTLEMENT ? free : (state.accounts.get(account)?.collateral.get(token) ?? 0n);
    const scale = 10n ** (18n - (token === SETTLEMENT ? this.settlementDecimals() : this.decimalsOf(token)));
    let amount = random.part(held, 0.01, random.chance(0.2) ? 1.02 : 0.5) / scale;
    if (token !== SETTLEMENT && random.chance(0.1)) amount = random.part(held, 0.97, 1) / scale;
    if (random.chance(0.05)) amount = random.pick([0n, 1n, 2n ** 100n, 2n ** 200n, 2n ** 255n]);
    const to = random.chance(0.93) ? ownerOf(account) : random.pick(this.owners);
    return { kind: "Withdraw", account, token, amount, to };
  }

  private holderOf(state: State, token: number): AccountId {
    const holders = this.traders.filter((id) => {
      const account = state.accounts.get(id);
      return token === SETTLEMENT ? (account?.cash ?? 0n) > 0n : account?.collateral.has(token);
    });
    return holders.length === 0 || this.random.chance(0.05) ? this.trader() : this.random.pick(holders);
  }

  private transfer(state: State): Action {
    const { random } = this;
    const token = random.chance(0.6) ? SETTLEMENT : random.below(state.collaterals.length);
    const account = this.holderOf(state, token);
    const { equity, margin } = this.figures(state, account, true);
    const held = token === SETTLEMENT ? max(equity - margin, 0n) : (state.accounts.get(account)?.collateral.get(token) ?? 0n);
    let amount = random.part(held, 0.001, 0.6);
    if (random.chance(0.05)) amount = random.pick([0n, 1n, 2n ** 126n, 2n ** 255n]);
    const to = random.chance(0.03) ? account : this.siblingOf(account);
    return { kind: "Transfer", account, token, amount, to };
  }

  private setOperator(state: State): Action {
    const { random } = this;
    return {
      kind: "SetOperator",
      account: this.trader(),
      operator: random.pick(this.chain.operators),
      scope: BigInt(random.chance(0.05) ? random.below(256) : random.below(32)),
      expiry: state.now + BigInt(random.below(20_000)),
    };
  }

  private trade(state: State): Action {
    const { random } = this;
    const account = random.chance(0.98) ? this.trader() : this.anyAccount(state);
    const index = random.below(state.underlyings.length);
    const fills: Fill[] = [];
    const count = random.chance(0.7) ? 1 : 1 + random.below(4);
    for (let i = 0; i < count; i++) {
      const repeated = fills[0] !== undefined && random.chance(0.2) ? fills[0].maker : undefined;
      fills.push(this.fill(state, account, random.chance(0.9) ? index : random.below(state.underlyings.length), repeated));
    }
    const filled = fills.reduce((sum, fill) => sum + abs(fill.lots), 0n);
    const minimumLots = random.chance(0.9) ? 0n : random.chance(0.5) ? filled : filled + 1n;
    const module = random.chance(0.01) ? 3 : 0;
    return { kind: "Trade", account, module, data: encodeFills(fills), minimumLots };
  }

  // ---------------------------------------------------------------- signed orders

  /** The same orders by a Trade through their module or by the vault's own `take`. */
  private fillOrders(kind: "tradeOrders" | "take", state: State): Operation {
    const { book, random } = this;
    if (book === undefined) throw new Error("a walk without orders");
    const taker = this.trader();
    const index = random.below(state.underlyings.length);
    const { lots, price } = this.sizeAndPrice(state, taker, index);
    const limit: TakerLimit = {
      instrument: BigInt(random.chance(0.005) ? random.pick([32, 6]) : index),
      long: lots > 0n,
      worst: random.chance(0.1) ? price : lots > 0n ? 2n ** 96n - 1n : 0n,
      lots: random.chance(0.9) ? abs(lots) : random.pick([0n, 1n, 2n ** 48n - 1n]),
      maxFee: random.chance(0.97) ? book.fees.taker : book.fees.taker - 1n,
      reduceOnly: random.chance(0.08),
    };
    const makers: MakerOrder[] = [];
    for (let i = random.chance(0.5) ? 1 : 1 + random.below(4); i > 0; i--) {
      const repeated = makers[0] !== undefined && random.chance(0.15) ? makers[0] : undefined;
      makers.push(repeated ?? this.maker(book, state, taker, limit, index));
    }
    const minimumLots = random.chance(0.9) ? 0n : random.part(abs(lots), 0, 1.1);
    const from = this.callerFor(taker);
    // most are never sent: signed when they are
    const signed = (): OrderFill[] => makers.map((each) => book.signed(each));
    const common = {
      kind,
      from,
      nonces: makers.map(({ order }) => order),
      description: `${kind} by ${from}: ${show({ taker, limit, minimumLots, makers })}`,
    };
    const encode = (): string =>
      kind === "take"
        ? this.encodeTake(book, taker, limit, minimumLots, signed())
        : this.encodeExecute([this.tradeOf(book, taker, encodeOrders([limit], signed()), minimumLots)]);
    return {
      ...common,
      get data() {
        return encode();
      },
      run: (before) =>
        kind === "take"
          ? this.runTake(before, book, from, { taker, module: book.module, limit, minimumLots, makers })
          : this.runTradeOfOrders(before, book, from, this.tradeOf(book, taker, "0x", minimumLots), limit, makers),
    };
  }

  private tradeOf({ module }: OrderBook, account: AccountId, data: string, minimumLots: bigint): Action {
    return { kind: "Trade", account, module, data, minimumLots };
  }

  private encodeTake(book: OrderBook, taker: AccountId, limit: TakerLimit, minimumLots: bigint, makers: readonly OrderFill[]): string {
    const word = packTakerLimit(limit) | (minimumLots << 168n) | (BigInt(book.module) << 216n);
    return this.chain.deployment.vault.interface.encodeFunctionData("take", [taker, word, packTaken(taker, makers)]);
  }

  private runTake(state: State, book: OrderBook, from: Address, taking: Taking): Result {
    const outcome = take(state, from, book.nonces, taking);
    return { outcome, settle: () => book.settle("take", outcome.nonces, outcome.events) };
  }

  private runTradeOfOrders(
    state: State,
    book: OrderBook,
    from: Address,
    action: Action,
    limit: TakerLimit,
    makers: readonly MakerOrder[],
  ): Result {
    let proposed: OrderTrade | undefined;
    const outcome = execute(state, from, [action], {
      propose: (draft, _module, { account, actor }) => {
        proposed = book.propose(draft, account, actor, limit, makers);
        return proposed.fills;
      },
    });
    const settle = (): void => {
      if (proposed !== undefined) book.settle("trade", book.afterTrade(proposed, outcome.events), outcome.events);
    };
    return { outcome, settle };
  }

  /** An order that somebody signed before, or a new one: most of it as the taker wants it. */
  private maker(book: OrderBook, state: State, taker: AccountId, limit: TakerLimit, index: number): MakerOrder {
    const { random } = this;
    const signatureValid = random.chance(0.97);
    const known = book.orders.filter((each) => each.instrument === limit.instrument && each.long !== limit.long && each.account !== taker);
    const open = known.filter((each) => book.left(each) !== 0n);
    if (known.length !== open.length && random.chance(0.04)) return { order: random.pick(known), lots: 1n, signatureValid };
    if (open.length !== 0 && random.chance(0.6)) {
      // mostly one that was filled in part
      const begun = open.filter((each) => book.left(each) !== each.size);
      const order = random.pick(begun.length !== 0 && random.chance(0.7) ? begun : open);
      return { order, lots: random.part(max(book.left(order), 1n), 0.1, 1), signatureValid };
    }
    const account = random.chance(0.02) ? taker : random.chance(0.98) ? this.trader() : accountIdOf(state.fund, 0n);
    const { lots, price } = this.sizeAndPrice(state, account, index);
    const size = abs(lots) * BigInt(1 + random.below(5)) + 1n;
    const order: Order = {
      vault: this.chain.vaultAddress,
      account,
      signer: random.chance(0.9) ? ownerOf(account) : random.pick(this.chain.operators),
      instrument: random.chance(0.98) ? limit.instrument : BigInt(random.below(state.underlyings.length)),
      long: random.chance(0.98) ? !limit.long : limit.long,
      limit: price,
      size,
      maxFee: random.chance(0.98) ? book.fees.maker : book.fees.maker - 1n,
      reduceOnly: random.chance(0.12),
      validFrom: random.chance(0.98) ? 0n : state.now + 1_000n,
      validUntil: random.chance(0.98) ? state.now + BigInt(random.below(30_000)) : state.now - 1n,
      nonce: random.chance(0.9) || open.length === 0 ? book.nextNonce() : random.pick(open).nonce,
      epoch: (state.accounts.get(account)?.epoch ?? 0n) + (random.chance(0.98) ? 0n : 1n),
      taker: random.chance(0.85) ? 0n : random.chance(0.9) ? taker : this.trader(),
    };
    book.add(order);
    return { order, lots: random.chance(0.97) ? random.part(size, 0.1, 1) : 0n, signatureValid };
  }

  private cancelNonces(book: OrderBook): Operation {
    const { random } = this;
    const order = book.orders.length === 0 ? undefined : random.pick(book.orders);
    const account = order === undefined || random.chance(0.1) ? this.trader() : order.account;
    const list = [order?.nonce ?? 0n, BigInt(random.below(100))];
    const from = this.callerFor(account);
    const action = this.tradeOf(book, account, encodeCancel(list), 0n);
    return {
      kind: "cancelOrders",
      description: `nonces ${list} of ${show(account)} by ${from}`,
      from,
      nonces: list.map((nonce) => ({ account, nonce })),
      data: this.encodeExecute([action]),
      run: (before) => {
        const nonces = book.cancelled(account, list);
        const outcome = execute(before, from, [action], { propose: () => [] });
        return { outcome, settle: () => book.settle("trade", nonces, outcome.events) };
      },
    };
  }

  // ---------------------------------------------------------------- fills that a module makes up

  /** Lots that a taker may want, and a price within the band. */
  private sizeAndPrice(state: State, taker: AccountId, index: number): { readonly lots: bigint; readonly price: bigint } {
    const { random } = this;
    const underlying = state.underlyings[index];
    if (underlying === undefined) throw new RangeError("underlying");
    const present = state.accounts.get(taker);
    const held = present === undefined ? 0n : lotsOf(present, index);
    const band = (underlying.price * underlying.trading.fillBand) / 1_000_000n;
    const price = underlying.price - band + random.bigBelow(2n * band + 1n);
    if (held !== 0n && random.chance(0.25)) return { lots: -random.part(held, 0.05, 1.1), price };
    const { equity } = this.figures(state, taker, true);
    const leverage = random.chance(0.3) ? random.fraction() * 4 : 4 + random.fraction() * 12;
    const wanted = random.part(max(equity, 10n * WAD), 0, leverage);
    const lots = underlying.price === 0n ? 1n : wanted / underlying.price + 1n;
    return { lots: random.chance(0.5) ? -lots : lots, price };
  }

  private fill(state: State, taker: AccountId, index: number, repeated?: AccountId): Fill {
    const { random } = this;
    const underlying = state.underlyings[index];
    if (underlying === undefined) throw new RangeError("underlying");
    const maker = repeated ?? (random.chance(0.02) ? taker : this.anyAccount(state));
    let { lots, price } = this.sizeAndPrice(state, taker, index);
    const cap = (abs(lots) * price * underlying.trading.feeCap) / 1_000_000n;
    let takerFee = random.part(cap, 0, 1);
    let makerFee = random.chance(0.5) ? -random.part(takerFee, 0, 1) : random.part(cap, 0, 1);
    if (random.chance(0.06)) {
      const hostile = random.below(7);
      if (hostile === 0) price = random.bigBelow(2n ** 100n);
      else if (hostile === 1) price = 2n ** 256n - 1n;
      else if (hostile === 2) takerFee = random.ofAnySize(140);
      else if (hostile === 3) makerFee = random.ofAnySize(140);
      else if (hostile === 4) makerFee = -takerFee - 1n;
      else if (hostile === 5) lots = random.ofAnySize(200);
      else lots = random.pick([0n, 1n, -1n]);
    }
    const instrument = random.chance(0.003) ? 77n : BigInt(index);
    return { maker, instrument, lots, price, takerFee, makerFee };
  }

  private batch(state: State): Action[] {
    const { random } = this;
    const count = random.chance(0.01) ? 33 : random.chance(0.01) ? 0 : 2 + random.below(3);
    const owner = random.pick(this.owners);
    const own = this.traders.filter((id) => ownerOf(id) === owner);
    return Array.from({ length: count }, (): Action => {
      const pick = random.below(7);
      const action =
        pick === 0
          ? this.deposit(SETTLEMENT)
          : pick === 1
            ? this.deposit(random.below(state.collaterals.length))
            : pick === 2
              ? this.withdraw(state, random.chance(0.5) ? SETTLEMENT : random.below(state.collaterals.length))
              : pick === 3
                ? this.transfer(state)
                : pick === 4
                  ? this.setOperator(state)
                  : pick === 5
                    ? ({ kind: "CancelOrders", account: this.trader() } as const)
                    : this.trade(state);
      if (random.chance(0.02)) return action;
      const account = random.pick(own);
      if (action.kind === "Withdraw") return { ...action, account, to: owner };
      if (action.kind === "Transfer") return { ...action, account, to: random.pick(own) };
      return { ...action, account };
    });
  }

  // ---------------------------------------------------------------- execute

  private execute(kind: Kind, actions: readonly Action[], caller?: Address): Operation {
    const first = actions[0]?.account ?? this.trader();
    const from = caller ?? (kind === "batch" ? ownerOf(first) : this.callerFor(first));
    return {
      kind,
      description: `${kind} by ${from}: ${show(actions)}`,
      from,
      data: this.encodeExecute(actions),
      run: (state) => this.runExecute(state, from, actions),
    };
  }

  private encodeExecute(actions: readonly Action[]): string {
    return this.chain.deployment.vault.interface.encodeFunctionData("execute", [actions.map((action) => this.encode(action))]);
  }

  private runExecute(state: State, from: Address, actions: readonly Action[]): Result {
    const pulled = new Map<number, bigint>();
    const outcome = execute(state, from, actions, {
      propose: (_draft, _module, _context, data) => decodeFills(data),
      pull: (token, wallet, amount) => {
        const before = this.balanceOf(token, wallet) - (pulled.get(token) ?? 0n);
        if (amount > before) revert("ERC20InsufficientBalance", wallet, before, amount);
        pulled.set(token, (pulled.get(token) ?? 0n) + amount);
        return amount;
      },
    });
    const settle = (): void => {
      for (const [token, amount] of pulled) this.addBalance(token, from, -amount);
      for (const payout of outcome.payouts) this.receive(payout);
    };
    return { outcome, settle };
  }

  private receive({ token, to, amount }: Payout): void {
    this.addBalance(token, to, amount);
  }

  private encode(action: Action): { kind: number; account: AccountId; data: BytesLike } {
    const { account } = action;
    switch (action.kind) {
      case "Deposit": {
        if (action.amount % 5n !== 3n) {
          return { kind: 0, account, data: coder.encode(["uint8", "uint256"], [action.token, action.amount]) };
        }
        // a permit that does not verify is no error: the allowance decides
        const types = ["uint8", "uint256", "uint256", "uint8", "bytes32", "bytes32"];
        const permit = [action.token, action.amount, 2n ** 255n, 27, ZeroHash, ZeroHash];
        return { kind: 1, account, data: coder.encode(types, permit) };
      }
      case "Withdraw":
        return {
          kind: 2,
          account,
          data: coder.encode(["uint8", "uint256", "address"], [action.token, action.amount, action.to]),
        };
      case "Transfer":
        return {
          kind: 3,
          account,
          data: coder.encode(["uint8", "uint256", "uint256"], [action.token, action.amount, action.to]),
        };
      case "SetOperator":
        return {
          kind: 4,
          account,
          data: coder.encode(["address", "uint8", "uint40"], [action.operator, action.scope, action.expiry]),
        };
      case "SetModules":
        return { kind: 5, account, data: coder.encode(["uint16"], [action.mask]) };
      case "CancelOrders":
        return { kind: 6, account, data: "0x" };
      case "Trade":
        return {
          kind: 7,
          account,
          data: coder.encode(["uint8", "bytes", "uint256"], [action.module, action.data, action.minimumLots]),
        };
      case "Invest":
      case "Divest":
        throw new Error(`the contracts know no ${action.kind}`);
    }
  }

  // ---------------------------------------------------------------- prices

  /** Moves the real price of an underlying by a factor in millionths, within a fifth and five times of where it began. */
  movePrice(index: number, factor: number): void {
    const first = this.firstPrices[index] ?? WAD;
    const present = this.realPrices[index] ?? WAD;
    const next = (present * BigInt(Math.round(factor * 1e6))) / 1_000_000n;
    this.realPrices[index] = next < first / 5n || next > first * 5n ? first : next;
  }

  /** Which price jumps by a size, and by what factor: the one of some that puts most accounts below their line. */
  jump(state: State, size: number): [index: number, factor: number] {
    const fallen = ([index, factor]: [index: number, factor: number]): number => {
      const millionths = BigInt(Math.round(factor * 1e6));
      const underlyings = state.underlyings.map((each, i) =>
        i === index ? { ...each, price: (each.price * millionths) / 1_000_000n, priceTime: state.now } : each,
      );
      return this.below({ ...state, underlyings }).length;
    };
    const some = [0, 1].map((): [number, number] => [this.anyPriced(state), this.random.chance(0.5) ? 1 - size : 1 + size]);
    return some.reduce((worst, each) => (fallen(each) > fallen(worst) ? each : worst));
  }

  /** A post of the real price by all sources, honest. */
  honestPost(state: State, index: number): Operation {
    const price = this.realPrices[index] ?? WAD;
    return this.postOf(
      index,
      (this.reports[index] ?? []).map(() => ({ price, publishTime: state.now, valid: true })),
    );
  }

  private post(state: State): Operation {
    const { random } = this;
    const index = random.chance(0.01) ? 30 : this.anyPriced(state);
    const move = random.chance(0.9) ? 0.995 + random.fraction() * 0.01 : 0.95 + random.fraction() * 0.105;
    this.movePrice(index, move);
    const price = this.realPrices[index] ?? WAD;
    const updates = (this.reports[index] ?? []).map((): PriceReport | undefined => {
      if (random.chance(0.9)) return { price: random.part(price, 0.999, 1.001), publishTime: state.now, valid: true };
      const hostile = random.below(7);
      if (hostile === 0) return undefined;
      if (hostile === 1) return { price, publishTime: state.now - BigInt(random.below(2_000)), valid: true };
      if (hostile === 2) return { price, publishTime: state.now + BigInt(random.below(20)), valid: true };
      if (hostile === 3) return { price: random.pick([0n, 1n, 2n ** 255n]), publishTime: state.now, valid: true };
      if (hostile === 4) return { price, publishTime: state.now, valid: false };
      if (hostile === 5) return { price, publishTime: 0n, valid: false };
      return { price: random.part(price, 0.3, 3), publishTime: state.now, valid: true };
    });
    return this.postOf(index, updates);
  }

  private postOf(index: number, updates: readonly (PriceReport | undefined)[]): Operation {
    const encoded = updates.map((each) => (each === undefined ? "0x" : mockUpdate(each.price, each.publishTime, each.valid)));
    const vault = this.chain.deployment.vault.interface;
    const told = (this.reports[index] ?? []).map((last, i) => updates[i] ?? last);
    return {
      kind: "postPrice",
      description: `postPrice ${index}: ${show(updates)}`,
      from: this.random.pick(this.owners),
      data: vault.encodeFunctionData("postPrice", [index, encoded]),
      run: (state) => ({
        outcome: transact(state, (draft) => postPrice(draft, index, told, state.outage !== undefined)),
        settle: () => {
          this.reports[index] = told;
        },
      }),
    };
  }

  private updateRate(state: State): Operation {
    const index = this.random.chance(0.02) ? 29 : this.random.below(state.underlyings.length);
    const vault = this.chain.deployment.vault.interface;
    return {
      kind: "updateFundingRate",
      description: `updateFundingRate ${index}, proposed ${this.rate}`,
      from: this.random.pick(this.owners),
      data: vault.encodeFunctionData("updateFundingRate", [index]),
      run: (before) => ({ outcome: transact(before, (draft) => updateFundingRate(draft, index, this.rate)) }),
    };
  }

  // ---------------------------------------------------------------- liquidation and fund

  /** Everybody below its line whom the vault sells now: neither an outage nor doubt of a price is in the way. Asked several times of each state. */
  sellable(state: State): readonly AccountId[] {
    const known = this.sellableThen.get(state) ?? this.findSellable(state);
    this.sellableThen.set(state, known);
    return known;
  }

  private findSellable(state: State): readonly AccountId[] {
    const keeper = accountIdOf(this.owners[0]!, 99n);
    return this.below(state).filter((id) => {
      try {
        liquidate(state, id, keeper);
        return true;
      } catch (error) {
        if (error instanceof Reverted) return false;
        throw error;
      }
    });
  }

  /** Those of them whom a taker may buy: who owes more than it has is sold to nobody but the fund. */
  buyable(state: State): readonly AccountId[] {
    return this.sellable(state).filter((id) => this.figures(state, id).equity >= 0n);
  }

  private victim(state: State, among = this.sellable(state)): AccountId {
    const below = among.length !== 0 || this.random.chance(0.9) ? among : this.below(state);
    return below.length === 0 || this.random.chance(0.03) ? this.anyAccount(state) : this.random.pick(below);
  }

  private liquidate(state: State): Operation {
    const account = this.victim(state);
    const keeper = this.random.chance(0.02) ? account : this.anyAccount(state);
    if (this.random.chance(0.3)) {
      const many = [account, this.anyAccount(state), this.victim(state), account];
      return {
        kind: "liquidate",
        description: `liquidateMany ${many.map(show).join(" ")} keeper ${show(keeper)}`,
        from: this.random.pick(this.owners),
        data: this.chain.deployment.vault.interface.encodeFunctionData("liquidateMany", [many, keeper]),
        run: (before) => ({ outcome: liquidateMany(before, many, keeper) }),
      };
    }
    return {
      kind: "liquidate",
      description: `liquidate ${show(account)} keeper ${show(keeper)}`,
      from: this.random.pick(this.owners),
      data: this.chain.deployment.vault.interface.encodeFunctionData("liquidate", [account, keeper]),
      run: (before) => {
        const outcome = liquidate(before, account, keeper);
        return { outcome, fraction: outcome.fraction };
      },
    };
  }

  private liquidateTo(state: State): Operation {
    const { random } = this;
    const account = this.victim(state, random.chance(0.97) ? this.buyable(state) : this.sellable(state));
    const taker = random.chance(0.02) ? account : random.chance(0.2) ? this.anyAccount(state) : this.richestOf(8, state);
    const from = this.callerFor(taker);
    const most = random.chance(0.85) ? WAD : random.bigBelow(WAD);
    const least = random.chance(0.9) ? 0n : random.ofAnySize(72);
    return {
      kind: "liquidateTo",
      description: `liquidateTo ${show(account)} taker ${show(taker)} limits ${most} ${least}`,
      from,
      data: this.chain.deployment.vault.interface.encodeFunctionData("liquidateTo", [account, taker, most, least]),
      run: (before) => {
        const outcome = liquidateTo(before, from, account, taker, most, least);
        return { outcome, fraction: outcome.fraction };
      },
    };
  }

  private shed(state: State): Operation {
    const { random } = this;
    const taker = this.anyAccount(state);
    const from = this.callerFor(taker);
    const index = random.chance(0.02) ? 20 : random.below(state.underlyings.length);
    const fraction = random.chance(0.03) ? random.pick([0n, 1n, WAD + 1n]) : random.part(WAD, 0.001, random.chance(0.9) ? 0.2 : 1);
    const least = random.chance(0.92) ? 0n : random.ofAnySize(72);
    return {
      kind: "shedFund",
      description: `shedFund ${index} taker ${show(taker)} fraction ${fraction} least ${least}`,
      from,
      data: this.chain.deployment.vault.interface.encodeFunctionData("shedFund", [index, taker, fraction, least]),
      run: (before) => ({ outcome: shedFund(before, from, index, taker, fraction, least) }),
    };
  }

  private fundCall(
    kind: "topUpFund" | "refreshOpenInterestCap",
    state: State,
    run: (state: State, underlying: number) => Outcome,
  ): Operation {
    const index = this.random.chance(0.02) ? 21 : this.random.below(state.underlyings.length);
    const vault = this.chain.deployment.vault.interface;
    const data =
      kind === "topUpFund" ? vault.encodeFunctionData("topUpFund", [index]) : vault.encodeFunctionData("refreshOpenInterestCap", [index]);
    return {
      kind,
      description: `${kind} ${index}`,
      from: this.random.pick(this.owners),
      data,
      run: (before) => ({ outcome: run(before, index) }),
    };
  }

  private shortAccounts(state: State): AccountId[] {
    return this.traders.filter((id) => shortOf(portfolioOf(new Draft(state), id)).short);
  }

  private declare(state: State): Operation {
    const { random } = this;
    const short = this.shortAccounts(state);
    const undeclared = this.traders.filter((id) => short.includes(id) !== ((state.accounts.get(id)?.exchangeSince ?? 0n) !== 0n));
    const account = undeclared.length === 0 || random.chance(0.05) ? this.anyAccount(state) : random.pick(undeclared);
    return {
      kind: "declareExchange",
      description: `declareExchange ${show(account)}`,
      from: random.pick(this.owners),
      data: this.chain.deployment.vault.interface.encodeFunctionData("declareExchange", [account]),
      run: (before) => ({ outcome: declareExchange(before, account) }),
    };
  }

  private exchange(state: State): Operation {
    const { random } = this;
    const declared = this.shortAccounts(state).filter((id) => (state.accounts.get(id)?.exchangeSince ?? 0n) !== 0n);
    const account = declared.length === 0 || random.chance(0.04) ? this.anyAccount(state) : random.pick(declared);
    const held = [...(state.accounts.get(account)?.collateral ?? new Map<number, bigint>())];
    const [token, balance] = held.length === 0 ? [0, WAD] : random.pick(held);
    const buyer = random.chance(0.02) ? account : this.anyAccount(state);
    const from = this.callerFor(buyer);
    const amount = random.chance(0.04)
      ? random.pick([0n, 1n, balance + 1n, 2n ** 255n])
      : random.part(balance, 0.0001, random.chance(0.8) ? 0.02 : 0.5);
    const index = random.chance(0.02) ? 19 : token;
    return {
      kind: "exchangeCollateral",
      description: `exchangeCollateral ${show(account)} token ${index} amount ${amount} buyer ${show(buyer)}`,
      from,
      data: this.chain.deployment.vault.interface.encodeFunctionData("exchangeCollateral", [account, index, amount, buyer]),
      run: (before) => ({ outcome: exchangeCollateral(before, from, account, index, amount, buyer) }),
    };
  }

  // ---------------------------------------------------------------- tokens

  settlementDecimals(): bigint {
    return this.decimals[SETTLEMENT] ?? 6n;
  }

  private decimalsOf(token: number): bigint {
    return this.decimals[token] ?? 18n;
  }

  private underlyingOf(token: number): number {
    return this.underlyingsOfTokens[token] ?? 0;
  }

  /** Set once after the state was read. */
  readonly decimals: Record<number, bigint> = {};
  readonly underlyingsOfTokens: Record<number, number> = {};
}

function encodeFills(fills: readonly Fill[]): string {
  // what a module says of the order is anything but that the fill must stand: no other would be skipped
  const ordered = (fill: Fill): bigint => BigInt.asUintN(255, fill.maker ^ (fill.price << 64n));
  return coder.encode([FILLS], [fills.map((fill) => ({ ...fill, price: BigInt.asUintN(256, fill.price), order: ordered(fill) }))]);
}

function decodeFills(data: string): Fill[] {
  const [fills] = coder.decode([FILLS], data) as unknown as [
    { maker: bigint; instrument: bigint; lots: bigint; price: bigint; takerFee: bigint; makerFee: bigint; order: bigint }[],
  ];
  return fills.map(({ maker, instrument, lots, price, takerFee, makerFee, order }) => ({
    maker,
    instrument,
    lots,
    price,
    takerFee,
    makerFee,
    order,
  }));
}

/** Anything in one line. */
export function show(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "bigint" ? (each > 2n ** 200n ? `0x${each.toString(16)}` : each.toString()) : each,
  );
}

/** What the engine makes of an operation: its result, or what it reverts with. */
export function attempt(operation: Operation, state: State): Result | Reverted {
  try {
    return operation.run(state);
  } catch (error) {
    if (error instanceof Reverted) return error;
    throw error;
  }
}
