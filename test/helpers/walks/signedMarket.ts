import { declareExchange, exchangeCollateral, shortOf } from "../../../src/engine/actions/exchange.ts";
import { type Action, execute, executeOn } from "../../../src/engine/actions/execute.ts";
import { refreshOpenInterestCap, shedFund, topUpFund } from "../../../src/engine/actions/fund.ts";
import { liquidate, liquidateTo } from "../../../src/engine/actions/liquidate.ts";
import { postPrice } from "../../../src/engine/actions/prices.ts";
import { listSeries, OLDEST_SLICE, postSlices, refreshSeries, type SlicePost, settleSeries } from "../../../src/engine/actions/series.ts";
import { settleExpired } from "../../../src/engine/actions/settleExpired.ts";
import type { Fill } from "../../../src/engine/actions/trading.ts";
import { Draft, type Outcome, transact } from "../../../src/engine/ledger/draft.ts";
import { namedInstrument, seriesMarkDown } from "../../../src/engine/ledger/market.ts";
import { openingOf } from "../../../src/engine/ledger/options/expiry.ts";
import { varianceSeconds } from "../../../src/engine/ledger/options/freshness.ts";
import { seriesNow } from "../../../src/engine/ledger/options/seriesState.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { liveSettledCash, portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { max, min, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { instrumentFromNumber, instrumentNumber, STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import { steady } from "../../../src/engine/types/ramp.ts";
import type { AccountId, Address, Assessment, Series, State } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { expiryOf, strikeCountOf } from "../../../src/engine/words/seriesWord.ts";
import { sliceOf } from "../options/series.ts";
import { Random } from "../random.ts";
import { collateralOf, emptyState, underlyingAt } from "../state.ts";

// A vault with options, dated futures and perpetuals on two underlyings whose signers say other volatilities all the time, where anybody posts of it what he likes. Some
// accounts are of people who trade and rest, some of attackers who do whatever anybody may do.

const DAY = 86_400n;
const HOLDER: Address = `0x${"d0".repeat(20)}`;
const OWNERS: readonly Address[] = ["a1", "b2", "c3", "d4", "e5"].map((each) => `0x${each.repeat(20)}`);
const ATTACKERS: readonly Address[] = ["f6", "f7"].map((each) => `0x${each.repeat(20)}`);
const FIRST_PRICES = [3n * WAD, 40n * WAD];
const FEWEST_SECONDS = 600n;

/** A successful call. */
export interface Call {
  readonly name: string;
  readonly before: State;
  readonly outcome: Outcome;
  /** Whose owners have agreed to it. */
  readonly acting: readonly AccountId[];
  /** The account that is sold or bought from, and what of it. */
  readonly account?: AccountId;
  readonly underlying?: number;
  readonly fraction?: bigint;
  readonly amount?: bigint;
}

/** A slice that was signed, and the volatility that it is about. */
interface Signed extends SlicePost {
  readonly volatility: number;
}

type Surface = Pick<Series, "slice"> & { readonly basis: bigint; readonly published: bigint; readonly span: bigint };

export interface MarketOptions {
  /** Prices move; otherwise they are posted again and again. */
  readonly moving?: boolean;
  /** Of the fund, WAD; the caps of the open interest follow it. */
  readonly stake?: bigint;
  readonly heard?: (call: Call) => void;
  readonly count?: (what: string) => void;
}

export class SignedMarket {
  readonly random: Random;
  readonly options: MarketOptions;
  /** Who takes the other side of trades at the mark, with as much money as needed: an account for each series, so that none is dear to value. */
  readonly houses = [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((index) => accountIdOf(HOLDER, index));
  readonly traders = OWNERS.map((owner) => accountIdOf(owner));
  readonly attackers = ATTACKERS.flatMap((owner) => [0n, 1n, 2n].map((index) => accountIdOf(owner, index)));
  state: State;
  /** What attackers have outside the vault, by token. */
  readonly wallet = new Map<number, bigint>();
  /** What signers said of each series in the last day, the newest last. */
  readonly signed = new Map<string, Signed[]>();
  /** What each series should have, by the rule for slices told here: newer than the last one, and two minutes old at most when it was posted. */
  readonly due = new Map<string, Surface>();
  private readonly volatilities = [0.7, 0.8];
  private readonly silentUntil = [0n, 0n];

  constructor(seed: number, options: MarketOptions = {}) {
    this.random = new Random(seed);
    this.options = options;
    const { now, margin, fundParameters } = emptyState();
    const guard = { ...underlyingAt(WAD, now).guard, band: 200_000n, widestBand: 500_000n };
    const funding = { ...underlyingAt(WAD, now).funding, rate: 50_000n };
    this.state = emptyState(
      {
        underlyings: FIRST_PRICES.map((price) => underlyingAt(price, now, { lotExponent: 3n, guard, funding, depth: 10n ** 5n })),
        collaterals: [collateralOf(0n, 100_000n), collateralOf(1n, 150_000n)],
        margin: { ...margin, maintenance: steady(900_000n), openInterestCharge: 20_000n },
        fundParameters: { ...fundParameters, epochLength: 21_600n },
      },
      options.stake ?? 500_000n * WAD,
    );
    for (const u of [0, 1]) {
      const quantum = FIRST_PRICES[u]! / 40n / 10n ** 15n;
      [DAY + 60n, 3n * DAY, 12n * DAY].forEach((left, i) => {
        const listing = { series: BigInt(i + 1), expiry: now + left, base: 36n * quantum, step: 2n * quantum, decimals: 15n, count: 5n };
        this.state = listSeries(this.state, u, { ...listing, depth: 100_000n, volatilityCap: 250n }).state;
      });
    }
    for (const house of this.houses) this.deposit(house, SETTLEMENT, 1_000_000n * WAD);
    for (const id of [...this.traders, ...this.attackers]) this.endow(id);
    this.sign();
    for (const u of [0, 1]) this.postNewest(u);
    this.refresh();
  }

  // ---------------------------------------------------------------- calls

  private count(what: string): void {
    this.options.count?.(what);
  }

  /** Tries a call; what reverts leaves everything as it is. */
  private attempt(name: string, acting: readonly AccountId[], run: () => Outcome, about: Partial<Call> = {}): Outcome | undefined {
    const before = this.state;
    try {
      const outcome = run();
      this.state = outcome.state;
      this.count(name);
      this.options.heard?.({ name, before, outcome, acting, ...about });
      return outcome;
    } catch (error) {
      if (!(error instanceof Reverted)) throw error;
      this.count(`${name}: ${error.errorName}`);
      return undefined;
    }
  }

  isAttacker(id: AccountId): boolean {
    return this.attackers.includes(id);
  }

  private note(token: number, amount: bigint): void {
    this.wallet.set(token, (this.wallet.get(token) ?? 0n) + amount);
  }

  private deposit(account: AccountId, token: number, amount: bigint): void {
    const action: Action = { kind: "Deposit", account, token, amount };
    if (this.isAttacker(account)) this.note(token, -amount);
    if (this.attempt("deposit", [account], () => execute(this.state, ownerOf(account), [action])) !== undefined) return;
    if (this.isAttacker(account)) this.note(token, amount);
  }

  /** Some thousand settlement tokens, mostly as collateral for some. */
  private endow(id: AccountId): void {
    const { random } = this;
    const token = random.below(2);
    const worth = random.part(4_000n * WAD, 0.3, 1.5);
    const isPledged = random.chance(0.6);
    if (isPledged) this.deposit(id, token, (worth * WAD) / (this.state.underlyings[token]!.price * 1_000n));
    if (!isPledged || random.chance(0.2)) this.deposit(id, SETTLEMENT, worth);
  }

  // ---------------------------------------------------------------- the world

  /** Time passes, and signers and sources speak meanwhile, unless they are silent. */
  pass(): void {
    const { random } = this;
    const choice = random.fraction();
    const elapsed = choice < 0.6 ? 5 + random.below(50) : choice < 0.95 ? 60 + random.below(300) : 900 + random.below(5_400);
    const parts = 1 + random.below(3);
    for (let part = 0; part < parts; part++) {
      this.state = { ...this.state, now: this.state.now + BigInt(Math.ceil(elapsed / parts)) };
      this.sign();
    }
    for (const u of [0, 1]) if (random.chance(0.8)) this.post(u, elapsed);
  }

  /** A price that has just been published; where prices do not move, the same again. */
  post(u: number, elapsed: number, times = 1): void {
    const { random } = this;
    const { price: before, lotExponent } = this.state.underlyings[u]!;
    let price = before;
    if (this.options.moving === true) {
      const deviation = Math.min(0.7 * Math.sqrt(elapsed / 31_536_000) * times, 0.2);
      price = random.part(before, 1 - 1.7 * deviation, 1 + 1.7 * deviation);
    }
    const report = { price: price * 10n ** lotExponent, publishTime: this.state.now - BigInt(random.below(3)), valid: true };
    this.attempt("post", [], () => transact(this.state, (draft) => postPrice(draft, u, [report])));
  }

  /** A price of the last day, signed and posted long after. */
  private postOld(u: number): void {
    const { price, lotExponent } = this.state.underlyings[u]!;
    const publishTime = this.state.now - BigInt(this.random.below(86_400));
    const report = { price: price * 10n ** lotExponent, publishTime, valid: true };
    this.attempt("post of an old price", [], () => transact(this.state, (draft) => postPrice(draft, u, [report])));
  }

  private key(u: number, series: number): string {
    return `${u}:${series}`;
  }

  private sign(): void {
    const { random } = this;
    const { now } = this.state;
    for (const u of [0, 1]) {
      if (now < this.silentUntil[u]!) continue;
      if (random.chance(0.01)) this.silentUntil[u] = now + BigInt(900 + random.below(9_000));
      const jump = random.chance(0.07) ? 1.2 + 0.5 * random.fraction() : 1;
      const wander = (0.97 + 0.06 * random.fraction()) * (random.chance(0.5) ? jump : 1 / jump);
      this.volatilities[u] = Math.min(Math.max(this.volatilities[u]! * wander, 0.35), 1.8);
      const skew = -0.3 + 0.3 * (random.fraction() - 0.5);
      for (const [series, { word }] of this.state.underlyings[u]!.series) {
        const publishTime = now - BigInt(random.below(3));
        const left = openingOf(expiryOf(word)) - publishTime + FEWEST_SECONDS;
        if (left <= FEWEST_SECONDS) continue;
        const volatility = this.volatilities[u]! * (0.998 + 0.004 * random.fraction());
        const sliceWord = sliceOf(volatility, Number(left), skew, 0.2);
        const report = { sliceWord, basis: BigInt(random.below(4_000_000) - 2_000_000), publishTime };
        const key = this.key(u, series);
        const kept = (this.signed.get(key) ?? []).filter((each) => now - each.report.publishTime <= DAY);
        this.signed.set(key, [...kept, { series, report, volatility }]);
      }
    }
  }

  /** What was said of each series that takes slices still. */
  private menus(u: number): Signed[][] {
    const open = [...this.state.underlyings[u]!.series].filter(([, { word }]) => this.state.now < openingOf(expiryOf(word)));
    return open.map(([series]) => this.signed.get(this.key(u, series)) ?? []);
  }

  postNewest(u: number): void {
    this.slices(
      u,
      this.menus(u).flatMap((menu) => menu.slice(-1)),
    );
  }

  /** What was said of each series in the last two minutes, or in the whole day; often what is newer than what is there. */
  private choices(u: number): Signed[][] {
    const most = this.random.chance(0.5) ? OLDEST_SLICE : DAY;
    const onlyNewer = this.random.chance(0.4);
    const { series: all } = this.state.underlyings[u]!;
    const choices = this.menus(u).map((menu) =>
      menu.filter(({ series, report: { publishTime } }) => {
        if (onlyNewer && publishTime <= all.get(series)!.surface.published) return false;
        return this.state.now - publishTime <= most;
      }),
    );
    return choices.filter((menu) => menu.length !== 0);
  }

  /** Of the last day what somebody likes, of all series together or of one alone. */
  private postChosen(u: number): void {
    const { random } = this;
    const chosen = this.choices(u).map((menu) => random.pick(menu));
    if (chosen.length !== 0) this.slices(u, random.chance(0.6) ? chosen : [random.pick(chosen)]);
  }

  /** The highest volatilities, or the lowest, that can be chosen, and at once whatever may be sold, bought and taken over at them. */
  private strike(u: number): void {
    const { random } = this;
    const sign = random.chance(0.5) ? 1 : -1;
    const chosen = this.choices(u).map((menu) =>
      menu.reduce((best, each) => (sign * each.volatility > sign * best.volatility ? each : best)),
    );
    this.slices(u, chosen);
    this.sell();
    if (this.inventories().includes(u)) this.shed();
    this.exchange();
  }

  private slices(u: number, posts: readonly SlicePost[]): void {
    const { now } = this.state;
    if (this.attempt("slices", [], () => postSlices(this.state, u, posts)) === undefined) return;
    for (const { series, report } of posts) {
      const { sliceWord: slice, basis, publishTime } = report;
      const key = this.key(u, series);
      const isNewer = publishTime > (this.due.get(key)?.published ?? 0n);
      if (!isNewer) this.count("a slice that is not newer");
      if (!isNewer || now - publishTime > 120n) continue;
      if (now - publishTime > 30n) this.count("a slice posted late");
      const span = varianceSeconds(publishTime, expiryOf(this.state.underlyings[u]!.series.get(series)!.word));
      this.due.set(key, { slice, basis, published: publishTime, span });
    }
  }

  private refresh(): void {
    for (const u of [0, 1]) {
      for (const [s, { listed }] of this.state.underlyings[u]!.series) {
        if (listed) this.attempt("refresh", [], () => refreshSeries(this.state, u, s));
      }
    }
  }

  // ---------------------------------------------------------------- what there is

  /** A state with the slices that it should have; the same unless the vault has taken what it must not. */
  judged(state: State): State {
    const underlyings = state.underlyings.map((underlying, u) => {
      const wrong = [...underlying.series].filter(([s, each]) => {
        const due = this.due.get(this.key(u, s));
        return due !== undefined && (each.slice !== due.slice || each.surface.published !== due.published);
      });
      if (wrong.length === 0) return underlying;
      const series = new Map(underlying.series);
      for (const [s, each] of wrong) {
        const { slice, ...surface } = this.due.get(this.key(u, s))!;
        series.set(s, { ...each, slice, surface: { ...each.surface, ...surface } });
      }
      return { ...underlying, series };
    });
    return underlyings.every((each, u) => each === state.underlyings[u]) ? state : { ...state, underlyings };
  }

  figures(state: State, id: AccountId): Assessment {
    return assess(portfolioOf(new Draft(state), id), termsAt(state.margin, state.now), false);
  }

  isBelow(state: State, id: AccountId): boolean {
    const { equity, margin } = this.figures(state, id);
    return equity * WAD < margin * termsAt(state.margin, state.now).maintenance;
  }

  /** What a lot is worth, WAD: that of an option live. */
  markOf(state: State, named: bigint): bigint {
    const underlying = state.underlyings[Number(named & 0xffn)]!;
    if (named >> 8n === 0n) return underlying.price;
    const instrument = instrumentFromNumber(named >> 8n);
    const live = seriesNow(underlying, underlying.series.get(Number(instrument.series))!, state.now);
    return seriesMarkDown(live, instrument);
  }

  /** Instruments that an account holds, with their lots. */
  heldOf(state: State, id: AccountId): (readonly [named: bigint, lots: bigint])[] {
    const account = state.accounts.get(id);
    if (account === undefined) return [];
    const perpetuals = [...account.positions].map(([u, { lots }]) => [namedInstrument(u, 0n), lots] as const);
    const dated = [...account.series].flatMap(([u, list]) =>
      list.map(({ instrument, lots }) => [namedInstrument(u, instrument), lots] as const),
    );
    return [...perpetuals, ...dated];
  }

  inventories(): number[] {
    return [0, 1].filter((u) => this.state.underlyings[u]!.fund.inventorySince !== 0n);
  }

  isShort(id: AccountId): boolean {
    return shortOf(portfolioOf(new Draft(this.state), id)).short;
  }

  declared(): AccountId[] {
    return [...this.traders, ...this.attackers].filter(
      (id) => (this.state.accounts.get(id)?.exchangeSince ?? 0n) !== 0n && this.isShort(id),
    );
  }

  // ---------------------------------------------------------------- what people do

  private anyInstrument(): bigint {
    const { random } = this;
    const u = random.below(2);
    if (random.chance(0.12)) return namedInstrument(u, 0n);
    const [number, { word }] = random.pick([...this.state.underlyings[u]!.series]);
    const series = BigInt(number);
    if (random.chance(0.15)) return namedInstrument(u, instrumentNumber({ series, index: STRIKE_ZERO, isCall: true }));
    const index = BigInt(random.below(Number(strikeCountOf(word))));
    return namedInstrument(u, instrumentNumber({ series, index, isCall: random.chance(0.5) }));
  }

  private trade(taker: AccountId, maker: AccountId, instrument: bigint, lots: bigint): boolean {
    const price = this.markOf(this.judged(this.state), instrument);
    const fill: Fill = { maker, instrument, lots, price, takerFee: 0n, makerFee: 0n };
    const action: Action = { kind: "Trade", account: taker, module: 0, data: "0x", minimumLots: lots < 0n ? -lots : lots };
    const run = (): Outcome => transact(this.state, (draft) => executeOn(draft, ownerOf(taker), [action], { propose: () => [fill] }));
    return this.attempt("trade", [taker, maker], run) !== undefined;
  }

  /** As much of one instrument as an account can open, or nearly; mostly sold. */
  load(id: AccountId, maker?: AccountId): void {
    const { random } = this;
    const instrument = this.anyInstrument();
    const unit = this.state.underlyings[Number(instrument & 0xffn)]!.price;
    const sign = instrument >> 8n !== 0n && random.chance(0.4) ? -1n : random.chance(0.5) ? 1n : -1n;
    const { equity, margin } = this.figures(this.state, id);
    for (let worth = random.part(max(equity - margin, 0n), 2, 15); worth > 300n * WAD; worth /= 2n) {
      if (this.trade(id, maker ?? this.houseOf(instrument), instrument, (sign * worth) / unit)) return;
    }
  }

  private houseOf(instrument: bigint): AccountId {
    return this.houses[Number((instrument & 0xffn) * 4n + (instrument >> 16n))]!;
  }

  private close(id: AccountId, maker?: AccountId): void {
    const held = this.heldOf(this.state, id);
    if (held.length === 0) return;
    const [instrument, lots] = this.random.pick(held);
    this.trade(id, maker ?? this.houseOf(instrument), instrument, this.random.chance(0.6) ? -lots : -(lots / 2n));
  }

  /** Prices run one way, and whoever fails is sold to the fund. */
  crash(): void {
    const { random } = this;
    const sign = random.chance(0.5) ? 1 : -1;
    for (let i = 0; i < 4; i++) {
      this.state = { ...this.state, now: this.state.now + 40n };
      for (const u of [0, 1]) {
        const { price, lotExponent } = this.state.underlyings[u]!;
        const moved = random.part(price, 1 + sign * 0.08, 1 + sign * 0.01) * 10n ** lotExponent;
        const report = { price: moved, publishTime: this.state.now, valid: true };
        this.attempt("post", [], () => transact(this.state, (draft) => postPrice(draft, u, [report])));
      }
    }
    const keeper = this.houses[0]!;
    for (const account of [...this.traders, ...this.attackers]) {
      this.attempt("liquidate", [], () => liquidate(this.state, account, keeper), { account });
    }
  }

  /** Prices and words as who opens needs them. */
  makeReady(): void {
    for (const u of [0, 1]) this.post(u, 1);
    this.refresh();
  }

  /** Nobody posts a slice for an hour or so, and then somebody what suits him. */
  withhold(): void {
    for (let i = 4 + this.random.below(12); i > 0; i--) this.pass();
    for (const u of [0, 1]) this.post(u, 1);
    for (const u of [0, 1]) this.strike(u);
  }

  /** Somebody who is no attacker does something for himself. */
  live(): void {
    const { random } = this;
    const id = random.pick(this.traders);
    if (random.chance(0.7)) for (const u of [0, 1]) this.postNewest(u);
    this.makeReady();
    const { equity } = this.figures(this.state, id);
    if (equity < 1_000n * WAD) this.endow(id);
    else if (random.chance(0.15)) this.close(id);
    else for (let i = random.below(3); i >= 0; i--) this.load(id);
  }

  /** An attacker does one of the things that anybody may do. */
  attack(): void {
    const { random } = this;
    const choice = random.fraction();
    const u = random.below(2);
    if (choice < 0.08) this.postChosen(u);
    else if (choice < 0.2) this.strike(u);
    else if (choice < 0.25) this.postOld(u);
    else if (choice < 0.45) this.sell();
    else if (choice < 0.55) this.shed();
    else if (choice < 0.59) this.attempt("topUpFund", [], () => topUpFund(this.state, u));
    else if (choice < 0.62) this.attempt("refreshOpenInterestCap", [], () => refreshOpenInterestCap(this.state, u));
    else if (choice < 0.68) this.refresh();
    else if (choice < 0.74) this.startClock();
    else if (choice < 0.8) this.exchange();
    else if (choice < 0.9) this.tradeAmong();
    else if (choice < 0.96) this.moveMoney();
    else this.settle();
  }

  /** An attacker's account other than one, mostly the one with the most money. */
  private taker(account?: AccountId): AccountId {
    const others = this.attackers.filter((id) => id !== account);
    const cashOf = (id: AccountId): bigint => this.state.accounts.get(id)?.cash ?? 0n;
    return this.random.chance(0.5) ? this.random.pick(others) : others.reduce((best, id) => (cashOf(id) > cashOf(best) ? id : best));
  }

  /** Everybody who can be sold may be: one to the fund, or to an account of an attacker. */
  private sell(): void {
    const { random } = this;
    const all = [...this.traders, ...this.attackers];
    const below = all.filter((id) => this.isBelow(this.state, id));
    const account = below.length === 0 || random.chance(0.2) ? random.pick(all) : random.pick(below);
    const other = this.taker(account);
    if (random.chance(0.5)) this.attempt("liquidate", [], () => liquidate(this.state, account, other), { account });
    else {
      const run = (): Outcome => liquidateTo(this.state, ownerOf(other), account, other, WAD, 0n);
      this.attempt("liquidateTo", [other], run, { account });
    }
  }

  private shed(): void {
    const { random } = this;
    const held = this.inventories();
    const u = held.length === 0 ? random.below(2) : random.pick(held);
    if (held.length !== 0 && random.chance(0.7)) this.makeReady();
    const taker = this.taker();
    const fraction = random.chance(0.3) ? WAD : random.part(WAD, 0.01, 0.6);
    const run = (): Outcome => shedFund(this.state, ownerOf(taker), u, taker, fraction, 0n);
    this.attempt("shedFund", [taker], run, { underlying: u, fraction });
  }

  private startClock(): void {
    const { random } = this;
    const all = [...this.traders, ...this.attackers];
    const changed = all.filter((id) => this.isShort(id) !== ((this.state.accounts.get(id)?.exchangeSince ?? 0n) !== 0n));
    const account = changed.length === 0 ? random.pick(all) : random.pick(changed);
    this.attempt("declareExchange", [], () => declareExchange(this.state, account));
  }

  private exchange(): void {
    const { random } = this;
    const declared = this.declared();
    if (declared.length === 0) return;
    const account = random.pick(declared);
    const held = [...this.state.accounts.get(account)!.collateral];
    if (held.length === 0) return;
    const [token, balance] = random.pick(held);
    const settled = liveSettledCash(portfolioOf(new Draft(this.state), account));
    const cure = (max(-settled, 0n) * WAD) / (this.state.underlyings[token]!.price * 1_000n);
    const amount = random.part(min(cure, balance), 0.05, random.chance(0.8) ? 1 : 1.2);
    const buyer = this.taker(account);
    const run = (): Outcome => exchangeCollateral(this.state, ownerOf(buyer), account, token, amount, buyer);
    this.attempt("exchangeCollateral", [buyer], run, { account, underlying: token, amount });
  }

  private tradeAmong(): void {
    const { random } = this;
    const id = random.pick(this.attackers);
    const other = random.chance(0.5) ? undefined : random.pick(this.attackers.filter((each) => each !== id));
    this.makeReady();
    if (random.chance(0.3)) this.close(id, other);
    else this.load(id, other);
  }

  private moveMoney(): void {
    const { random } = this;
    const account = random.pick(this.attackers);
    const owner = ownerOf(account);
    const choice = random.below(3);
    if (choice === 0) {
      this.endow(account);
      return;
    }
    const held = [...(this.state.accounts.get(account)?.collateral ?? [])];
    const { equity, margin } = this.figures(this.state, account);
    let [token, amount] = [SETTLEMENT, random.part(max(equity - margin, WAD), 0.01, 1)];
    if (held.length !== 0 && random.chance(0.4)) {
      const [index, balance] = random.pick(held);
      [token, amount] = [index, random.part(balance, 0.05, 1)];
    }
    if (choice === 1) {
      const to = random.pick(this.attackers.filter((id) => id !== account && ownerOf(id) === owner));
      this.attempt("transfer", [account, to], () => execute(this.state, owner, [{ kind: "Transfer", account, token, amount, to }]));
      return;
    }
    const run = (): Outcome => {
      const outcome = execute(this.state, owner, [{ kind: "Withdraw", account, token, amount, to: owner }]);
      for (const payout of outcome.payouts) this.note(payout.token, payout.amount);
      return outcome;
    };
    this.attempt("withdraw", [account], run);
  }

  private settle(): void {
    const { random } = this;
    for (const u of [0, 1]) {
      for (const [s] of this.state.underlyings[u]!.series) {
        this.attempt("settleSeries", [], () => settleSeries(this.state, u, s));
        const account = random.pick([...this.traders, ...this.attackers, ...this.houses]);
        this.attempt("settleExpired", [], () => settleExpired(this.state, account, u, s));
      }
    }
  }
}
