import { shortOf } from "../../../src/engine/actions/exchange.ts";
import type { Action } from "../../../src/engine/actions/execute.ts";
import type { Fill } from "../../../src/engine/actions/trading.ts";
import { Draft, type Outcome } from "../../../src/engine/ledger/draft.ts";
import { lotsOf, seriesLotsOf } from "../../../src/engine/ledger/ledger.ts";
import { marketOf, namedInstrument } from "../../../src/engine/ledger/market.ts";
import { averageFromWord, isSettled, openingOf } from "../../../src/engine/ledger/options/expiry.ts";
import { type SeriesNow, seriesNow, seriesRangeUp, stalenessOf } from "../../../src/engine/ledger/options/seriesState.ts";
import { assess, staleWords, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { ownerOf } from "../../../src/engine/types/accountId.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { abs, fromPpb, max, partUp, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import type { Account, AccountId, Address, Series } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { expiryOf, strikeCountOf } from "../../../src/engine/words/seriesWord.ts";
import { sliceOf } from "../options/series.ts";
import type { Random } from "../random.ts";
import { spanAt } from "../seriesWorld.ts";
import { type Call, named, type SeriesChain, tradeOf } from "./seriesChain.ts";

/** The kinds of call of which a walk makes at least some. */
export const KINDS = [
  "trade",
  "batch",
  "deposit",
  "withdraw",
  "transfer",
  "post",
  "rate",
  "slice",
  "refresh",
  "settle",
  "pay",
  "liquidate",
  "liquidateTo",
  "shed",
  "topUp",
  "refreshCap",
  "declare",
  "exchange",
] as const;
export type Kind = (typeof KINDS)[number];

const FIRST_PRICES = [2_000n * WAD, 40_000n * WAD];

/** Calls at random, plausible more often than not. */
export class SeriesWalk {
  readonly world: SeriesChain;
  readonly prices = [...FIRST_PRICES];
  private readonly random: Random;
  private readonly volatilities = new Map<string, number>();

  constructor(world: SeriesChain, random: Random) {
    this.world = world;
    this.random = random;
  }

  /** A call that the engine mostly expects to come to something; of any kind unless one is named. */
  choose(only?: Kind): { readonly kind: Kind; readonly call: Call } {
    const { random, world } = this;
    for (let tries = 0; ; tries++) {
      const kind = only ?? this.kind();
      const call = this.generate(kind);
      if (tries >= 10 || random.chance(kind === "withdraw" || kind === "transfer" ? 0.4 : 0.08)) return { kind, call };
      const outcome = world.attempt(call);
      const isOld = kind === "slice" && !(outcome instanceof Reverted) && outcome.events.length === 0;
      if (!(outcome instanceof Reverted) && !isIdle(outcome) && !isOld) return { kind, call };
    }
  }

  private kind(): Kind {
    const { random, world } = this;
    const { now, underlyings } = world.state;
    const isOld = underlyings.some((each) => each.priceState !== 0n || now - each.priceTime > 300n);
    if (isOld && random.chance(0.35)) return "post";
    if (this.settled().some(({ isWritten }) => !isWritten) && random.chance(0.4)) return "settle";
    if (random.chance(0.08) && this.settled().some(({ place }) => this.holdersOf(place, world.accounts).length !== 0)) return "pay";
    const stale = this.unsettled().find(({ live, cause }) => live.steps > 0n || cause !== "none");
    if (stale !== undefined && random.chance(0.25)) return stale.live.steps > 0n && random.chance(0.5) ? "slice" : "refresh";
    const left = random.fraction();
    if (left < 0.015) return random.pick(["liquidate", "liquidateTo", "shed", "topUp", "refreshCap", "declare", "exchange"] as const);
    if (left < 0.64) return "trade";
    if (left < 0.7) return "batch";
    if (left < 0.79) return "post";
    if (left < 0.82) return "refresh";
    if (left < 0.86) return "slice";
    if (left < 0.9) return "withdraw";
    if (left < 0.935) return "transfer";
    if (left < 0.95) return "deposit";
    if (left < 0.96) return "rate";
    return random.pick(["settle", "pay", "pay"] as const);
  }

  private generate(kind: Kind): Call {
    const { random, world } = this;
    switch (kind) {
      case "trade":
        return this.execute([this.trade(random.pick(world.accounts))]);
      case "batch": {
        const account = random.pick(world.accounts);
        return this.execute(
          Array.from({ length: 2 + random.below(2) }, () =>
            random.chance(0.6) ? this.trade(account) : random.chance(0.5) ? this.withdraw(account) : this.deposit(account),
          ),
        );
      }
      case "deposit":
        return this.execute([this.deposit(random.pick(world.accounts))]);
      case "withdraw":
        return this.execute([this.withdraw(random.pick(world.accounts))]);
      case "transfer":
        return this.execute([this.transfer(random.pick(world.accounts))]);
      case "post":
        return this.post();
      case "rate":
        return world.updateRate(random.below(2));
      case "slice":
        return this.slice();
      case "refresh":
        return world.refresh(...this.staleSeries(({ cause }) => cause !== "none"));
      case "settle":
        return world.settle(...this.settledSeries());
      case "pay":
        return this.pay();
      case "liquidate":
        return world.liquidate(...this.victim());
      case "liquidateTo": {
        const [account, anybody] = this.victim();
        const taker = random.chance(0.2) ? anybody : this.richest();
        const least = random.chance(0.9) ? 0n : random.ofAnySize(72);
        return world.liquidateTo(this.callerFor(taker), account, taker, random.part(WAD, random.chance(0.9) ? 1 : 0, 1), least);
      }
      case "shed": {
        const taker = random.chance(0.97) ? random.pick(world.accounts) : random.pick(world.fundAccounts);
        const fraction = random.chance(0.05) ? random.pick([0n, 1n, WAD + 1n]) : random.part(WAD, 0.01, random.chance(0.6) ? 0.3 : 1);
        const least = random.chance(0.92) ? 0n : random.ofAnySize(72);
        return world.shed(this.callerFor(taker), this.inventory(), taker, fraction, least);
      }
      case "topUp":
        return world.topUp(this.inventory());
      case "refreshCap":
        return world.refreshCap(random.below(random.chance(0.02) ? 3 : 2));
      case "declare": {
        const due = this.undeclared();
        return world.declare(due.length === 0 || random.chance(0.05) ? random.pick(world.accounts) : random.pick(due));
      }
      case "exchange":
        return this.exchange();
    }
  }

  /** Who holds what has settled. */
  unpaid(): [id: AccountId, place: [underlying: number, series: number]][] {
    const all = [...this.world.accounts, ...this.world.fundAccounts];
    return this.settled().flatMap(({ place }) => this.holdersOf(place, all).map((id): [AccountId, [number, number]] => [id, place]));
  }

  private pay(): Call {
    const { random, world } = this;
    const place = this.settledSeries();
    const anybody = random.chance(0.9) ? world.accounts : world.fundAccounts;
    const holders = this.holdersOf(place, anybody);
    return world.pay(random.pick(holders.length === 0 ? anybody : holders), ...place);
  }

  private holdersOf([underlying, number]: readonly [underlying: number, series: number], among: readonly AccountId[]): AccountId[] {
    const { accounts } = this.world.state;
    return among.filter((id) =>
      accounts
        .get(id)
        ?.series.get(underlying)
        ?.some(({ instrument }) => Number(instrument >> 8n) === number),
    );
  }

  // ---------------------------------------------------------------- liquidation and fund

  /** Every account below its maintenance margin. */
  below(): AccountId[] {
    const { state, accounts } = this.world;
    const terms = termsAt(state.margin, state.now);
    return accounts.filter((id) => {
      const { equity, margin } = assess(portfolioOf(new Draft(state), id), terms, false);
      return equity < partUp(margin, terms.maintenance);
    });
  }

  /** Who is liquidated, and by whom. */
  private victim(): [account: AccountId, keeper: AccountId] {
    const { random, world } = this;
    const below = this.below();
    const anybody = random.chance(0.9) ? world.accounts : world.fundAccounts;
    const account = below.length === 0 || random.chance(0.03) ? random.pick(anybody) : random.pick(below);
    const keeper = random.chance(0.97) ? random.pick(world.accounts) : random.pick(world.fundAccounts);
    return [account, keeper];
  }

  /** Whoever has the most to spare. */
  private richest(): AccountId {
    return this.world.accounts.reduce((best, id) => (this.free(id) > this.free(best) ? id : best));
  }

  private callerFor(account: AccountId): Address {
    return this.random.chance(0.98) ? ownerOf(account) : this.random.pick(this.world.owners);
  }

  /** Underlyings of which the fund holds something. */
  inventories(): number[] {
    const { underlyings } = this.world.state;
    return [...underlyings.keys()].filter((underlying) => underlyings[underlying]!.fund.inventorySince !== 0n);
  }

  private inventory(): number {
    const { random } = this;
    const held = this.inventories();
    return held.length === 0 || random.chance(0.03) ? random.below(3) : random.pick(held);
  }

  private isShort(id: AccountId): boolean {
    return shortOf(portfolioOf(new Draft(this.world.state), id)).short;
  }

  /** Whose clock of an exchange is to start or to stop. */
  undeclared(): AccountId[] {
    const { state, accounts } = this.world;
    return accounts.filter((id) => this.isShort(id) !== ((state.accounts.get(id)?.exchangeSince ?? 0n) !== 0n));
  }

  /** Whose collateral may be bought. */
  declared(): AccountId[] {
    const { state, accounts } = this.world;
    return accounts.filter((id) => (state.accounts.get(id)?.exchangeSince ?? 0n) !== 0n && this.isShort(id));
  }

  private exchange(): Call {
    const { random, world } = this;
    const declared = this.declared();
    const account = declared.length === 0 || random.chance(0.04) ? random.pick(world.accounts) : random.pick(declared);
    const buyer = random.chance(0.02) ? account : random.pick(random.chance(0.95) ? world.accounts : world.fundAccounts);
    const held = world.state.accounts.get(account)?.collateral.get(0) ?? WAD;
    const { settled } = shortOf(portfolioOf(new Draft(world.state), account));
    const { price, lotExponent } = world.state.underlyings[0]!;
    // as much as cures what is short, or less, or more
    const cure = (max(-settled, 0n) * WAD) / (price * 10n ** lotExponent);
    let amount = random.part(random.chance(0.8) ? cure : held, 0.05, random.chance(0.8) ? 1 : 1.5);
    if (random.chance(0.04)) amount = random.pick([0n, 1n, held + 1n, 2n ** 120n]);
    return world.exchange(this.callerFor(buyer), account, random.chance(0.98) ? 0 : 7, amount, buyer);
  }

  private staleSeries(
    isStale: (each: { readonly live: SeriesNow; readonly cause: string }) => boolean,
  ): [underlying: number, series: number] {
    const stale = this.unsettled().filter(isStale);
    return stale.length === 0 || this.random.chance(0.2) ? this.series() : this.random.pick(stale).place;
  }

  private settled(): { readonly place: [underlying: number, series: number]; readonly isWritten: boolean }[] {
    const { underlyings, now } = this.world.state;
    return underlyings.flatMap(({ series }, underlying) =>
      [...series]
        .filter(([, { word, average }]) => isSettled(averageFromWord(average), openingOf(expiryOf(word)), now))
        .map(([number, { listed }]) => ({ place: [underlying, number] as [number, number], isWritten: !listed })),
    );
  }

  private settledSeries(): [underlying: number, series: number] {
    const settled = this.settled();
    return settled.length === 0 || this.random.chance(0.1) ? this.series() : this.random.pick(settled).place;
  }

  /** Every series that is not settled, and why its words may not be used. */
  unsettled(): { readonly place: [underlying: number, series: number]; readonly live: SeriesNow; readonly cause: string }[] {
    const { underlyings, now } = this.world.state;
    return underlyings.flatMap((underlying, index) =>
      [...underlying.series].flatMap(([number, series]) => {
        const live = seriesNow(underlying, series, now);
        const range = seriesRangeUp(live, fromPpb(max(underlying.targetRange, underlying.heldRange)));
        return live.settled ? [] : [{ place: [index, number] as [number, number], live, cause: stalenessOf(live, range, now) }];
      }),
    );
  }

  private series(): [underlying: number, series: number] {
    const { random, world } = this;
    if (random.chance(0.02)) return [random.below(3), random.below(5)];
    const open = this.unsettled();
    if (open.length !== 0 && random.chance(0.95)) return random.pick(open).place;
    const underlying = random.chance(0.7) ? 0 : 1;
    return [underlying, random.pick([...world.state.underlyings[underlying]!.series.keys()])];
  }

  private execute(actions: readonly Action[]): Call {
    const from = this.random.chance(0.01) ? this.random.pick(this.world.owners) : ownerOf(actions[0]!.account);
    return this.world.actions(from, actions);
  }

  // ---------------------------------------------------------------- prices

  private post(): Call {
    const { random, world } = this;
    const underlying = random.chance(0.6) ? 0 : 1;
    const size = random.chance(0.1) ? 0.03 + 0.12 * random.fraction() : 0.01 * random.fraction() ** 2;
    const price = this.priceTimes(underlying, random.chance(0.5) ? 1 - size : 1 + size);
    return world.post(underlying, price, random.chance(0.3) ? BigInt(random.below(60)) : 0n, random.chance(0.97));
  }

  /** A post of another price, published now. */
  move(underlying: number, times: number): Call {
    return this.world.post(underlying, this.priceTimes(underlying, times));
  }

  /** Another price; the one that it began from where that is more than three fifths away. */
  private priceTimes(underlying: number, times: number): bigint {
    const first = FIRST_PRICES[underlying]!;
    const next = ((this.prices[underlying] ?? first) * BigInt(Math.round(1e6 * times))) / 1_000_000n;
    this.prices[underlying] = next < (first * 3n) / 5n || next > (first * 8n) / 5n ? first : next;
    return this.prices[underlying]!;
  }

  /** How far a price is from where it began. */
  riseOf(underlying: number): number {
    return Number((this.prices[underlying]! * 1_000n) / FIRST_PRICES[underlying]!) / 1_000 - 1;
  }

  private slice(): Call {
    const { random } = this;
    const place = this.staleSeries(({ live }) => live.steps > 0n);
    return this.bend(place, 0.97 + 0.06 * random.fraction(), BigInt(random.chance(0.5) ? 0 : random.below(random.chance(0.9) ? 120 : 300)));
  }

  /** A slice of another volatility. */
  bend([underlying, number]: readonly [underlying: number, series: number], times: number, ago = 0n): Call {
    const { random, world } = this;
    const series = world.state.underlyings[underlying]?.series.get(number);
    const expiry = series === undefined ? world.state.now + 10_000n : expiryOf(series.word);
    const key = `${underlying}/${number}`;
    const volatility = (this.volatilities.get(key) ?? 0.6) * times;
    this.volatilities.set(key, Math.min(Math.max(volatility, 0.3), 1));
    const publishTime = world.state.now - ago;
    const span = max(spanAt(expiry, publishTime), 60n);
    const basis = BigInt(Math.round((random.fraction() - 0.4) * 4e6));
    return world.slice(underlying, number, { sliceWord: sliceOf(volatility, Number(span)), basis, publishTime });
  }

  // ---------------------------------------------------------------- accounts

  /** What is left of an account's equity above its margin; of words that are stale, by live figures. */
  private free(id: AccountId): bigint {
    const { state } = this.world;
    const portfolio = portfolioOf(new Draft(state), id);
    const { equity, margin } = assess(portfolio, termsAt(state.margin, state.now), staleWords(portfolio) === undefined);
    return equity - margin;
  }

  private deposit(account: AccountId): Action {
    const { random } = this;
    if (random.chance(0.3)) return { kind: "Deposit", account, token: 0, amount: random.part(WAD, 0.1, 3) };
    return { kind: "Deposit", account, token: SETTLEMENT, amount: random.part(3_000n * 10n ** 6n, 0.1, 2) };
  }

  private withdraw(account: AccountId): Action {
    const { random, world } = this;
    const to = ownerOf(account);
    const held = world.state.accounts.get(account)?.collateral.get(0) ?? 0n;
    if (held > 0n && random.chance(0.3)) return { kind: "Withdraw", account, token: 0, amount: random.part(held, 0.1, 1), to };
    const least = random.chance(0.3) ? 0.97 : 0.01;
    const amount = random.part(max(this.free(account), 0n), least, random.chance(0.4) ? 1.1 : 0.6) / 10n ** 12n;
    return { kind: "Withdraw", account, token: SETTLEMENT, amount: amount + 1n, to };
  }

  private transfer(account: AccountId): Action {
    const { random, world } = this;
    const to = world.accounts.find((id) => id !== account && ownerOf(id) === ownerOf(account))!;
    return { kind: "Transfer", account, token: SETTLEMENT, amount: random.part(max(this.free(account), 1n), 0.01, 0.5) + 1n, to };
  }

  // ---------------------------------------------------------------- trades

  private trade(account: AccountId): Action {
    const { random } = this;
    const count = random.chance(0.55) ? 1 : 2 + random.below(4);
    const fills = Array.from({ length: count }, () => this.fill(account));
    const filled = fills.reduce((sum, { lots }) => sum + abs(lots), 0n);
    return tradeOf(account, fills, random.chance(0.9) ? 0n : filled);
  }

  /** A trade of one instrument that leaves one side, or both, with little to spare. */
  load(taker: AccountId): Call {
    const { random, world } = this;
    const maker = random.pick(world.accounts.filter((id) => id !== taker));
    const instrument = this.instrument();
    const { mark: price } = this.marketOf(instrument);
    const unit = world.state.underlyings[Number(instrument & 0xffn)]?.price ?? WAD;
    const sign = random.chance(0.5) ? 1n : -1n;
    const of = (lots: bigint): Call => this.execute([tradeOf(taker, [{ maker, instrument, lots, price, takerFee: 0n, makerFee: 0n }])]);
    let call = of((sign * 100n * WAD) / unit);
    for (let worth = 200n; worth < 1_000_000n; worth = (worth * 3n) / 2n) {
      const next = of((sign * worth * WAD) / unit);
      const outcome = world.attempt(next);
      if (outcome instanceof Reverted || isIdle(outcome)) break;
      call = next;
    }
    return call;
  }

  private fill(taker: AccountId): Fill {
    const { random, world } = this;
    const { state } = world;
    const all = instrumentsOf(state.accounts.get(taker));
    const held = random.chance(0.05) ? all : all.filter((each) => this.marketOf(each).isTraded);
    const closes = held.length !== 0 && random.chance(this.free(taker) < 0n ? 0.85 : 0.3);
    const instrument = closes ? random.pick(held) : this.instrument();
    let maker = random.chance(0.01) ? taker : random.pick(world.accounts.filter((id) => id !== taker));
    const present = lotsHeld(state.accounts.get(taker), instrument);
    if (closes) {
      // whoever holds the other side: both reduce
      const others = world.accounts.filter((id) => lotsHeld(state.accounts.get(id), instrument) * present < 0n);
      if (others.length !== 0 && random.chance(0.8)) maker = random.pick(others);
    }
    const { mark, reference } = this.marketOf(instrument);
    const underlying = state.underlyings[Number(instrument & 0xffn)];
    const band = (reference * (underlying?.trading.fillBand ?? 0n)) / 1_000_000n;
    let price = max(mark - band + random.bigBelow(2n * band + 1n), 0n);
    if (random.chance(0.5)) price = mark;
    const unit = underlying?.price ?? WAD;
    const wanted = random.part(max(this.free(taker), 200n * WAD), 0.1, random.chance(0.7) ? 2 : 6);
    let lots = closes ? -random.part(present, 0.1, random.chance(0.2) ? 1.3 : 1) : wanted / unit + 1n;
    if (closes && random.chance(0.3)) lots = -present;
    if (!closes && random.chance(0.5)) lots = -lots;
    const cap = (abs(lots) * reference * (underlying?.trading.feeCap ?? 0n)) / 1_000_000n;
    let takerFee = random.part(cap, 0, 0.9);
    let makerFee = random.chance(0.5) ? -random.part(takerFee, 0, 1) : random.part(cap, 0, 0.9);
    if (random.chance(0.05)) {
      const hostile = random.below(7);
      if (hostile === 0) price = random.bigBelow(2n ** 100n);
      else if (hostile === 1) price = 2n ** 256n - 1n;
      else if (hostile === 2) takerFee = random.ofAnySize(140);
      else if (hostile === 3) makerFee = random.ofAnySize(140);
      else if (hostile === 4) makerFee = -takerFee - 1n;
      else if (hostile === 5) lots = random.ofAnySize(random.pick([38, 48, 200, 255]));
      else lots = random.pick([0n, 1n, -1n, -(2n ** 255n)]);
    }
    return { maker, instrument, lots, price, takerFee, makerFee };
  }

  private instrument(): bigint {
    const { random, world } = this;
    if (random.chance(0.2)) return random.chance(0.7) ? 0n : 1n;
    // where words are stale nothing is opened
    const fresh = this.unsettled().filter(({ cause }) => cause === "none");
    const [underlying, number] = fresh.length !== 0 && random.chance(0.7) ? random.pick(fresh).place : this.series();
    const series: Series | undefined = world.state.underlyings[underlying]?.series.get(number);
    if (random.chance(0.2)) return named(underlying, number, STRIKE_ZERO, !random.chance(0.01));
    const count = series === undefined ? 3n : strikeCountOf(series.word);
    return named(underlying, number, BigInt(random.below(Number(count) + (random.chance(0.01) ? 2 : 0))), random.chance(0.5));
  }

  private marketOf(instrument: bigint): { readonly mark: bigint; readonly reference: bigint; readonly isTraded: boolean } {
    try {
      const market = marketOf(new Draft(this.world.state), instrument);
      return { ...market, isTraded: market.closed === undefined };
    } catch (error) {
      if (error instanceof Reverted) return { mark: WAD / 100n, reference: WAD / 100n, isTraded: false };
      throw error;
    }
  }
}

/** Seconds until the window of the nearest series that has not opened, if there is one. */
export function untilWindow(world: SeriesChain): bigint | undefined {
  const { underlyings, now } = world.state;
  const openings = underlyings.flatMap(({ series }) => [...series.values()].map(({ word }) => openingOf(expiryOf(word))));
  return openings
    .filter((opening) => opening > now)
    .map((opening) => opening - now)
    .sort((a, b) => Number(a - b))[0];
}

function isIdle({ events }: Outcome): boolean {
  return events.length > 0 && events.every(({ name }) => name === "FillSkipped");
}

/** What an account holds, as fills name it. */
function instrumentsOf(account: Account | undefined): bigint[] {
  if (account === undefined) return [];
  const dated = [...account.series].flatMap(([underlying, list]) => list.map(({ instrument }) => namedInstrument(underlying, instrument)));
  return [...[...account.positions.keys()].map(BigInt), ...dated, ...dated];
}

function lotsHeld(account: Account | undefined, instrument: bigint): bigint {
  if (account === undefined) return 0n;
  const underlying = Number(instrument & 0xffn);
  return instrument < 256n ? lotsOf(account, underlying) : seriesLotsOf(account, underlying, instrument >> 8n);
}
