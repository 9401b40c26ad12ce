import { expect } from "chai";
import { type Action, execute, executeOn } from "../../../src/engine/actions/execute.ts";
import { shedFund, topUpFund } from "../../../src/engine/actions/fund.ts";
import { liquidate } from "../../../src/engine/actions/liquidate.ts";
import { postPrice, updateFundingRate } from "../../../src/engine/actions/prices.ts";
import { listSeries, postSlices, refreshSeries, type SlicePost, settleSeries } from "../../../src/engine/actions/series.ts";
import { settleExpired } from "../../../src/engine/actions/settleExpired.ts";
import type { Fill } from "../../../src/engine/actions/trading.ts";
import { Draft, type Outcome, transact } from "../../../src/engine/ledger/draft.ts";
import { countedUp } from "../../../src/engine/ledger/ledger.ts";
import { namedInstrument, seriesMarkDown } from "../../../src/engine/ledger/market.ts";
import { openingOf, payoffOf } from "../../../src/engine/ledger/options/expiry.ts";
import { shortOptionMinimumUp } from "../../../src/engine/ledger/options/seriesHolding.ts";
import { seriesNow } from "../../../src/engine/ledger/options/seriesState.ts";
import { assess, bookMargin, staleWords, termsAt } from "../../../src/engine/margin/margin.ts";
import { coversOpening, shedsAtBoth } from "../../../src/engine/margin/marginRule.ts";
import { liveMargin } from "../../../src/engine/margin/options/liveMargin.ts";
import { openingSurplusDown } from "../../../src/engine/margin/options/openingBound.ts";
import { holdingsOf, portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { indexNow } from "../../../src/engine/math/funding.ts";
import { accountIdOf } from "../../../src/engine/types/accountId.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { abs, max, partDown, partUp, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { instrumentFromNumber, instrumentNumber, isFuture, STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import type { AccountId, Address, Assessment, Series, State } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { expiryOf, strikeCountOf } from "../../../src/engine/words/seriesWord.ts";
import {
  accountFromWords,
  headerWord,
  positionWord,
  seriesBitmap,
  seriesFromWords,
  seriesPositionWords,
  seriesWords,
  underlyingWords,
} from "../../../src/engine/words/words.ts";
import { sliceOf } from "../../helpers/options/series.ts";
import { Random } from "../../helpers/random.ts";
import { collateralOf, emptyState, underlyingAt } from "../../helpers/state.ts";
import { type Count, itWalks } from "../../helpers/walks/walks.ts";

// A vault with options, futures and perpetuals on two underlyings lives for some weeks; what must always hold is asserted after every step.

const OWNERS: readonly Address[] = ["a1", "b2", "c3", "d4", "e5"].map((each) => `0x${each.repeat(20)}`);
const TRADERS = OWNERS.map((owner) => accountIdOf(owner));
const DAY = 86_400n;
const HOUR = 3_600n;

function note<Key>(sums: Map<Key, bigint>, key: Key, amount: bigint): void {
  sums.set(key, (sums.get(key) ?? 0n) + amount);
}

/** What was met, so that a walk in which nothing happens fails. */
class Walk {
  readonly random: Random;
  readonly count: Count;
  /** What positions were paid by number of the listing. */
  readonly paid = new Map<string, bigint>();
  state: State;
  volatilities = [0.6, 0.8];
  /** What signers said of each series in the last hour, posted or not, the newest last. */
  readonly signed = new Map<string, SlicePost[]>();
  /** Until when the volatility feed of an underlying says nothing. */
  readonly silentUntil = [0n, 0n];

  constructor(seed: number, count: Count) {
    this.random = new Random(seed);
    this.count = count;
    const { now, liquidation, margin } = emptyState();
    const wide = { sources: 1n, dropped: 0n, droppedUntil: 0n, agreement: 5_000n, band: 200_000n, widestBand: 500_000n };
    const guard = { ...wide, depthRamp: { from: 0n, to: 0n, end: 0n } };
    this.state = emptyState({
      underlyings: [
        underlyingAt(3n * WAD, now, { lotExponent: 3n, guard }),
        underlyingAt(40n * WAD, now, { lotExponent: 3n, guard, depth: 10n ** 7n }),
      ],
      collaterals: [collateralOf(0n, 100_000n)],
      liquidation: { ...liquidation, smallestNotional: 5n },
      margin: { ...margin, openInterestCharge: 50_000n },
    });
    const main = accountIdOf(this.state.fund);
    this.state = execute(this.state, this.state.fund, [{ kind: "Deposit", account: main, token: SETTLEMENT, amount: 20_000n * WAD }]).state;
    for (const [i, account] of TRADERS.entries()) this.execute(i, [{ kind: "Deposit", account, token: SETTLEMENT, amount: 3_000n * WAD }]);
    this.execute(0, [{ kind: "Deposit", account: TRADERS[0]!, token: 0, amount: WAD / 10n }]);
  }

  execute(owner: number, actions: readonly Action[]): void {
    this.state = execute(this.state, OWNERS[owner]!, actions).state;
  }

  /** Tries a transition; what reverts leaves everything as it is. */
  attempt<T extends Outcome>(what: string, run: () => T): T | undefined {
    try {
      const outcome = run();
      this.state = outcome.state;
      this.count(what);
      for (const { name, values } of outcome.events) {
        if (name === "SeriesPaid") note(this.paid, `${values.underlying}:${values.series}`, BigInt(values.amount ?? 0n));
      }
      return outcome;
    } catch (error) {
      if (!(error instanceof Reverted)) throw error;
      this.count(`${what}: ${error.errorName}`);
      return undefined;
    }
  }

  seriesOf(underlying: number): [number, Series][] {
    return [...this.state.underlyings[underlying]!.series];
  }

  isInWindow(underlying: number): boolean {
    return this.seriesOf(underlying).some(([, { listed, word }]) => listed && this.state.now >= openingOf(expiryOf(word)) - 400n);
  }

  /** Time passes, and mostly prices, slices and words come with it, in any order. */
  pass(): void {
    const { random } = this;
    const inWindow = [0, 1].some((u) => this.isInWindow(u));
    const elapsed = inWindow ? 20 + random.below(160) : random.chance(0.7) ? 30 + random.below(600) : 1_800 + random.below(9_000);
    // signers go on while nobody posts
    const parts = 1 + random.below(4);
    for (let part = 0; part < parts; part++) {
      this.state = { ...this.state, now: this.state.now + BigInt(Math.ceil(elapsed / parts)) };
      this.sign();
    }
    for (const u of [0, 1]) if (random.chance(0.9)) this.post(u, elapsed);
    if (random.chance(0.93)) this.postSigned();
    if (random.chance(0.8)) this.refreshAll();
    if (random.chance(0.25)) this.strike();
  }

  /** The hour strikes: words that were made before it, a price that has moved, and the sample of it. */
  strike(): void {
    const { random } = this;
    const edge = (this.state.now / HOUR + 1n) * HOUR;
    const isLapsed = [0, 1].some((u) => this.state.now < this.silentUntil[u]!);
    const before = isLapsed ? 20n + BigInt(random.below(100)) : 5n;
    this.state = { ...this.state, now: edge - before };
    for (const u of [0, 1]) this.post(u, 3_600, 1 + 5 * random.fraction());
    this.refreshAll();
    this.checkBound();
    this.state = { ...this.state, now: edge + BigInt(random.below(5)) };
    for (const u of [0, 1]) this.post(u, 1);
    this.count(isLapsed ? "an hour of a silent feed" : "an hour");
    this.checkBound();
  }

  post(u: number, elapsed: number, times = this.random.chance(0.03) ? 6 : 1): void {
    const { random } = this;
    const { price, lotExponent } = this.state.underlyings[u]!;
    const deviation = this.volatilities[u]! * Math.sqrt(elapsed / 31_536_000) * times;
    const moved = random.part(price, Math.max(1 - 1.7 * deviation, 0.7), Math.min(1 + 1.7 * deviation, 1.3));
    const publishTime = this.state.now - BigInt(random.below(5));
    const report = { price: moved * 10n ** lotExponent, publishTime, valid: !random.chance(0.01) };
    this.attempt("post", () => transact(this.state, (draft) => postPrice(draft, u, [report])));
    if (random.chance(0.05)) {
      this.attempt("rate", () => transact(this.state, (draft) => updateFundingRate(draft, u, random.ofAnySize(23))));
    }
  }

  /** What signers say of every series now; a feed may fall silent, for hours or for a day. */
  sign(): void {
    const { random } = this;
    const { now } = this.state;
    for (const u of [0, 1]) {
      if (now < this.silentUntil[u]!) continue;
      if (random.chance(0.015)) this.silentUntil[u] = now + BigInt(3_600 + random.below(random.chance(0.3) ? 90_000 : 15_000));
      // volatility and skew wander, the same for all expiries
      this.volatilities[u] = Math.min(Math.max(this.volatilities[u]! * (0.97 + 0.06 * random.fraction()), 0.4), 1.1);
      const skew = -0.3 + 0.25 * (random.fraction() - 0.5);
      for (const [series, { word }] of this.seriesOf(u)) {
        const key = `${u}:${expiryOf(word)}`;
        const publishTime = now - BigInt(random.below(3));
        const left = openingOf(expiryOf(word)) - publishTime + 600n;
        if (left <= 600n) continue;
        const sliceWord = sliceOf(this.volatilities[u]! * (0.998 + 0.004 * random.fraction()), Number(left), skew, 0.2);
        const report = { sliceWord, basis: BigInt(random.below(8_000_000) - 4_000_000), publishTime };
        const young = (this.signed.get(key) ?? []).filter((each) => now - each.report.publishTime <= HOUR);
        this.signed.set(key, [...young, { series, report }]);
      }
    }
  }

  /** Keepers post what was signed: the newest of all expiries together, or each by itself, in any order, at times one that suits them. */
  postSigned(): void {
    const { random } = this;
    for (const u of [0, 1]) {
      const menus = this.seriesOf(u).flatMap(([, { word }]) => this.signed.get(`${u}:${expiryOf(word)}`) ?? []);
      const numbers = [...new Set(menus.map(({ series }) => series))];
      const choose = (series: number): SlicePost => {
        const menu = menus.filter((each) => each.series === series);
        return random.chance(0.75) ? menu.at(-1)! : random.pick(menu);
      };
      const chosen = numbers.map(choose);
      if (random.chance(0.6)) this.slices(u, chosen);
      else for (const each of random.chance(0.5) ? chosen : chosen.reverse()) this.slices(u, [each]);
    }
  }

  slices(u: number, posts: readonly SlicePost[]): void {
    const { now } = this.state;
    const said = new Map(this.seriesOf(u).map(([number, { surface }]) => [number, surface.published]));
    const newer = posts.filter(({ series, report }) => report.publishTime > said.get(series)!);
    const done = this.attempt(posts.length > 1 ? "slices" : "slice", () => postSlices(this.state, u, posts));
    if (done === undefined) return;
    // nobody chooses among an hour of slices: what is taken is what signers said within two minutes, and what is not newer is left out
    const taken = new Map(this.seriesOf(u).map(([number, { surface }]) => [number, surface.published]));
    for (const { series } of posts) if (!newer.some((each) => each.series === series)) expect(taken.get(series)).to.equal(said.get(series));
    for (const { report } of newer) expect(now - report.publishTime <= 120n, `a slice of ${now - report.publishTime} s`).to.equal(true);
  }

  refreshAll(): void {
    for (const u of [0, 1]) {
      for (const [s, { listed }] of this.seriesOf(u)) if (listed) this.attempt("refresh", () => refreshSeries(this.state, u, s));
    }
  }

  list(u: number): void {
    const { random } = this;
    const number = 1 + random.below(4);
    const { price, lotExponent } = this.state.underlyings[u]!;
    const quantum = lotExponent === 3n ? price / 40n / 10n ** 15n : 1n;
    const expiry = this.state.now + DAY + BigInt(random.below(4 * 86_400));
    const step = BigInt(1 + random.below(3));
    const listing = { series: BigInt(number), expiry, base: 34n * quantum, step: step * quantum, decimals: 15n, count: 5n };
    const done = this.attempt("list", () => listSeries(this.state, u, { ...listing, depth: 100_000n, volatilityCap: 200n }));
    if (done !== undefined) this.paid.set(`${u}:${number}`, 0n);
  }

  anyInstrument(u: number): bigint {
    const { random } = this;
    const live = this.seriesOf(u);
    if (live.length === 0 || random.chance(0.15)) return namedInstrument(u, 0n);
    const [number, { word }] = random.pick(live);
    if (random.chance(0.2)) return namedInstrument(u, instrumentNumber({ series: BigInt(number), index: STRIKE_ZERO, isCall: true }));
    const index = BigInt(random.below(Number(strikeCountOf(word)) + (random.chance(0.02) ? 1 : 0)));
    return namedInstrument(u, instrumentNumber({ series: BigInt(number), index, isCall: random.chance(0.5) }));
  }

  markOf(named: bigint): bigint {
    const underlying = this.state.underlyings[Number(named & 0xffn)]!;
    const instrument = instrumentFromNumber(named >> 8n);
    const series = underlying.series.get(Number(instrument.series));
    if (series === undefined) return underlying.price;
    const live = seriesNow(underlying, series, this.state.now);
    return live.settled || series.surface.published === 0n ? live.forward : seriesMarkDown(live, instrument);
  }

  heldOf(id: AccountId): bigint[] {
    const account = this.state.accounts.get(id)!;
    const perpetuals = [...account.positions.keys()].map((u) => namedInstrument(u, 0n));
    return [...perpetuals, ...[...account.series].flatMap(([u, list]) => list.map(({ instrument }) => namedInstrument(u, instrument)))];
  }

  lotsOf(id: AccountId, named: bigint): bigint {
    const account = this.state.accounts.get(id)!;
    const u = Number(named & 0xffn);
    if (named >> 8n === 0n) return account.positions.get(u)?.lots ?? 0n;
    return account.series.get(u)?.find(({ instrument }) => instrument === named >> 8n)?.lots ?? 0n;
  }

  trade(): void {
    const { random } = this;
    const taker = random.pick(TRADERS);
    const fills = Array.from({ length: 1 + random.below(4) }, (): Fill => {
      const maker = random.pick(TRADERS);
      const held = this.heldOf(taker);
      const closing = held.length > 0 && random.chance(0.45);
      const instrument = closing ? random.pick(held) : this.anyInstrument(random.below(2));
      const present = this.lotsOf(taker, instrument);
      const size = 1n + BigInt(random.below(random.chance(0.1) ? 2_000 : 40));
      const lots = closing ? (random.chance(0.6) ? -present : -(present / 2n)) : random.chance(0.5) ? size : -size;
      const price = random.part(this.markOf(instrument), 0.99, 1.01);
      const fees = random.chance(0.3)
        ? { takerFee: random.part(price, 0, 0.0003), makerFee: random.part(price, -0.0003, 0.0003) }
        : NO_FEES;
      return { maker, instrument, lots, price, ...fees };
    });
    const before = new Map(TRADERS.map((id) => [id, portfolioOf(new Draft(this.state), id)]));
    const action: Action = { kind: "Trade", account: taker, module: 0, data: "0x", minimumLots: 0n };
    const actor = OWNERS[TRADERS.indexOf(taker)]!;
    const outcome = this.attempt("trade", () =>
      transact(this.state, (draft) => executeOn(draft, actor, [action], { propose: () => fills })),
    );
    if (outcome === undefined) return;
    for (const { name, values } of outcome.events) {
      if (name === "FillSkipped") this.count(`skipped: ${values.reason}`);
      if (name !== "Filled") continue;
      this.count(kindOf(BigInt(values.instrument!)));
    }
    // what anybody was left with is covered by words, or less than it was
    const terms = termsAt(this.state.margin, this.state.now);
    const touched = new Set(outcome.events.filter(({ name }) => name === "Filled").flatMap(({ values }) => [values.maker, values.taker]));
    for (const id of TRADERS.filter((each) => touched.has(each))) {
      const now = portfolioOf(new Draft(this.state), id);
      if (coversOpening(now, terms, 0n)) this.count("covered");
      else if (shedsAtBoth(before.get(id)!, now, terms)) this.count("shed");
      // several fills: a maker is tested after each, so it may have passed by another form each time
      else expect(fills.length, "neither covered nor shed").to.be.greaterThan(1);
    }
  }

  withdraw(): void {
    const owner = this.random.below(OWNERS.length);
    const account = TRADERS[owner]!;
    const to = OWNERS[owner]!;
    const amount = BigInt(1 + this.random.below(400)) * WAD;
    const done = this.attempt("withdraw", () => execute(this.state, to, [{ kind: "Withdraw", account, token: SETTLEMENT, amount, to }]));
    if (done !== undefined) {
      const { equity, margin } = assess(portfolioOf(new Draft(this.state), account), termsAt(this.state.margin, this.state.now), true);
      expect(equity >= margin, "a withdrawal leaves what is needed").to.equal(true);
    }
    if (this.random.chance(0.5)) this.execute(owner, [{ kind: "Deposit", account, token: SETTLEMENT, amount }]);
  }

  settle(): void {
    for (const u of [0, 1]) {
      for (const [s] of this.seriesOf(u)) {
        if (this.random.chance(0.5)) this.attempt("settleSeries", () => settleSeries(this.state, u, s));
        for (const id of TRADERS) {
          if (this.random.chance(0.5)) continue;
          this.attempt("settleExpired", () => settleExpired(this.state, id, u, s));
        }
      }
    }
  }

  step(): void {
    const { random } = this;
    if (random.chance(0.35)) this.pass();
    if (random.chance(0.03)) this.crash();
    if (random.chance(0.05)) this.shed();
    const choice = random.fraction();
    if (choice < 0.75) this.trade();
    else if (choice < 0.82) this.list(random.below(2));
    else if (choice < 0.9) this.withdraw();
    else this.settle();
  }

  // ---------------------------------------------------------------- liquidation

  /** Prices run one way, with the words left behind, and whoever fails is sold. */
  crash(): void {
    const { random } = this;
    const isRise = random.chance(0.5);
    const isLate = random.chance(0.6);
    for (let i = 0; i < 5; i++) {
      this.state = { ...this.state, now: this.state.now + 30n };
      for (const u of [0, 1]) {
        const { price, lotExponent } = this.state.underlyings[u]!;
        const moved = isRise ? random.part(price, 1.02, 1.12) : random.part(price, 0.89, 0.98);
        const report = { price: moved * 10n ** lotExponent, publishTime: this.state.now, valid: true };
        this.attempt("post", () => transact(this.state, (draft) => postPrice(draft, u, [report])));
      }
      if (!isLate || i === 4) for (const id of TRADERS) this.liquidate(id);
    }
    this.refreshAll();
    TRADERS.forEach((account, i) => {
      if (this.figures(account).equity < 500n * WAD)
        this.execute(i, [{ kind: "Deposit", account, token: SETTLEMENT, amount: 3_000n * WAD }]);
    });
  }

  figures(id: AccountId): Assessment {
    return assess(portfolioOf(new Draft(this.state), id), termsAt(this.state.margin, this.state.now), false);
  }

  liquidate(id: AccountId): void {
    const { random } = this;
    const before = this.figures(id);
    const held = new Map(this.heldOf(id).map((named) => [named, this.lotsOf(id, named)]));
    const keeper = random.pick(TRADERS.filter((other) => other !== id));
    const scans = this.scansOf(id);
    const outcome = this.attempt("liquidate", () => liquidate(this.state, id, keeper));
    if (outcome === undefined) return;
    const { fraction } = outcome;
    const after = this.figures(id);
    this.checkShares(outcome.events, scans);
    this.checkDiscount(before, after, fraction);
    for (const [named, lots] of held) {
      const left = this.lotsOf(id, named);
      expect(abs(left) <= abs(lots) && left * lots >= 0n, "no position is turned round").to.equal(true);
    }
    if (fraction === WAD) {
      this.count("whole sale");
      expect(this.heldOf(id)).to.deep.equal([]);
      expect(after.equity >= 0n, "nothing is owed after a whole sale").to.equal(true);
      return;
    }
    this.count(held.size > 2 ? "slice of several" : "slice");
    const { maintenance } = termsAt(this.state.margin, this.state.now);
    const room = ({ equity, margin }: Assessment): bigint => equity - partUp(margin, maintenance);
    expect(room(after) >= room(before), "E − MM does not fall").to.equal(true);
    expect(after.equity * before.margin >= before.equity * after.margin, "nor does E / IM").to.equal(true);
    // one slice is all that there is: two smaller ones are not to be had
    expect(() => liquidate(this.state, id, keeper)).to.throw("AccountHealthy");
  }

  /** A sale costs at least the discount of the margin that everything needs at its worst, whoever sells it and whatever is sold; of a whole sale what there is. */
  checkDiscount(before: Assessment, after: Assessment, fraction: bigint): void {
    const { discountMin, discountMax } = this.state.liquidation;
    const line = partUp(before.margin, termsAt(this.state.margin, this.state.now).maintenance);
    const health = (max(before.equity, 0n) * WAD) / line;
    const ratio = discountMin * WAD + (discountMax - discountMin) * (WAD - health);
    const least = partDown((before.margin * ratio) / (1_000_000n * WAD), fraction);
    if (before.equity < least) return;
    const lost = before.value - after.value;
    expect(lost >= least - 100n, `I-32: sold at a discount of ${lost}, not ${least}`).to.equal(true);
    this.count("discount of the worst");
  }

  /** What the worst scenarios of each underlying of an account cost, WAD. */
  scansOf(id: AccountId): Map<bigint, bigint> {
    const terms = termsAt(this.state.margin, this.state.now);
    const { books, holdings } = portfolioOf(new Draft(this.state), id);
    return new Map(
      books.map((book) => {
        const holding = holdings?.get(book.underlying);
        const { scan } = holding === undefined || holding.series.length === 0 ? bookMargin(book, terms, false) : liveMargin(holding, terms);
        return [book.underlying, scan];
      }),
    );
  }

  /** What an account lacks is borne by the fund accounts of its underlyings by the share of their worst scenarios. */
  checkShares(events: Outcome["events"], scans: ReadonlyMap<bigint, bigint>): void {
    const of = (name: string) => events.filter((each) => each.name === name).map(({ values }) => values);
    const covered = of("ShortfallCovered").map(({ payer, amount }) => ({ payer: BigInt(payer!), amount: BigInt(amount!) }));
    if (covered.length === 0) return;
    const lacking = [...covered.map(({ amount }) => amount), ...of("DeficitAdded").map(({ amount }) => BigInt(amount!))];
    const lack = lacking.reduce((sum, each) => sum + each, 0n);
    const sum = [...scans.values()].reduce((total, scan) => total + scan, 0n);
    if (sum === 0n) return;
    this.count(scans.size > 1 ? "a shortfall shared" : "a shortfall");
    for (const [underlying, scan] of scans) {
      const paid = covered.find(({ payer }) => payer === accountIdOf(this.state.fund, underlying + 1n))?.amount ?? 0n;
      expect(paid <= (lack * scan) / sum + 10n ** 12n, `I-32: the fund account of ${underlying} pays ${paid} of ${lack}`).to.equal(true);
    }
  }

  shed(): void {
    const { random } = this;
    const owner = random.below(OWNERS.length);
    const fraction = random.part(WAD, 0.05, 1);
    const u = random.below(2);
    this.attempt("shedFund", () => shedFund(this.state, OWNERS[owner]!, u, TRADERS[owner]!, fraction, 0n));
    if (random.chance(0.3)) this.attempt("topUp", () => topUpFund(this.state, u));
  }

  // ---------------------------------------------------------------- what must hold

  check(): void {
    const { state } = this;
    let claims = 0n;
    const sizes = new Map<bigint, bigint>();
    const longs = new Map<bigint, bigint>(); // by underlying
    const gross = new Map<bigint, bigint>(); // by underlying and series
    for (const account of state.accounts.values()) {
      claims += account.cash;
      for (const [u, { lots, fundingIndex }] of account.positions) {
        claims -= lots * (indexNow(state.underlyings[u]!, state.margin.tradingAge, state.now) - fundingIndex);
        note(sizes, BigInt(u), lots);
        note(longs, BigInt(u), max(lots, 0n));
      }
      for (const [u, list] of account.series) {
        const seen = new Set(list.map(({ instrument }) => instrument));
        expect(seen.size, "an instrument has one place").to.equal(list.length);
        for (const { instrument, lots, halvings } of list) {
          expect(lots, "no position of nothing").not.to.equal(0n);
          note(sizes, namedInstrument(u, instrument), lots);
          note(longs, BigInt(u), countedUp({ lots, halvings }));
          note(gross, namedInstrument(u, instrument >> 8n), abs(lots));
        }
      }
      this.checkWords(account.id);
    }
    // sizes cancel, so at any marks at all positions are worth nothing together; of what is settled some may have been paid
    for (const [named, size] of sizes) {
      const series = state.underlyings[Number(named & 0xffn)]!.series.get(Number(named >> 16n));
      const live = series === undefined ? undefined : seriesNow(state.underlyings[Number(named & 0xffn)]!, series, state.now);
      if (live?.settled) claims += size * payoffOf(instrumentFromNumber(named >> 8n), live.series.word, live.forward);
      else expect(size, `sizes of ${named.toString(16)}`).to.equal(0n);
    }
    expect(claims, "claims are the tokens and the deficit").to.equal(state.settlement + state.deficit);
    state.underlyings.forEach((underlying, u) => {
      expect(underlying.funding.openInterest, "open interest").to.equal(longs.get(BigInt(u)) ?? 0n);
      for (const [number, series] of underlying.series) {
        const ofSeries = gross.get(namedInstrument(u, BigInt(number))) ?? 0n;
        expect(series.surface.openInterest, "open interest of a series").to.equal(ofSeries);
        const isHeld = [...sizes.keys()].some((named) => named >> 16n === BigInt(number) && Number(named & 0xffn) === u);
        if (!isHeld) expect(this.paid.get(`${u}:${number}`), "settlement pays nothing in sum").to.equal(0n);
        expect(seriesFromWords(seriesWords(series), series.risks, series.listed)).to.deep.equal(series);
        expect((seriesBitmap(underlying) >> BigInt(number)) & 1n).to.equal(series.listed ? 1n : 0n);
        if (!series.listed) expect(seriesNow(underlying, series, state.now).settled, "unlisted is settled").to.equal(true);
      }
      expect((underlyingWords(underlying)[5] >> 160n) & 1n).to.equal(underlying.series.size === 0 ? 0n : 1n);
    });
  }

  /** Counts in words are the lengths of lists, nothing stands beyond their ends, and the account comes back from its words. */
  checkWords(id: AccountId): void {
    const account = this.state.accounts.get(id)!;
    const header = headerWord(account);
    const lists = [...account.series];
    expect(header >> 241n, "count in the header").to.equal(lists.reduce((sum, [, list]) => sum + BigInt(list.length), 0n));
    const words = new Map(lists.map(([u, list]) => [u, seriesPositionWords(list)]));
    for (const [u, list] of lists) {
      expect(list.length, "no empty list").to.be.greaterThan(0);
      expect((header >> BigInt(128 + u)) & 1n, "the underlying is held").to.equal(1n);
      const last = words.get(u)!.at(-1)!;
      const used = 64n * BigInt(list.length - 4 * (words.get(u)!.length - 1));
      expect(last >> used, "nothing beyond the last position").to.equal(0n);
    }
    const positions = new Map(
      [0, 1].map((u) => [u, positionWord(account.positions.get(u), BigInt(account.series.get(u)?.length ?? 0))] as const),
    );
    const { collateral, exchangeSince } = account;
    const read = accountFromWords(id, { header, positions, collateral, operators: new Map(), exchangeSince, series: words });
    // what a dated future has cost is stored apart
    const series = [...account.series].map(([u, list]) => [u, list.map(({ entryCost: _, ...each }) => each)]);
    expect({ ...read, series: [...read.series].sort() }).to.deep.equal({ ...account, series: series.sort() });
  }

  /** What short options need at least does not fall by what expires before them: without everything that ends before any time it is no more. */
  checkCover(): void {
    for (const id of TRADERS) {
      for (const holding of holdingsOf(this.state, id)) {
        const all = shortOptionMinimumUp(holding, holding.heldRange);
        for (const { expiry } of holding.series) {
          const later = { ...holding, series: holding.series.filter((each) => each.expiry >= expiry) };
          expect(shortOptionMinimumUp(later, holding.heldRange) <= all, "cover that expires first").to.equal(true);
        }
        const together = { ...holding, series: holding.series.map((each) => ({ ...each, expiry: 0n })) };
        if (shortOptionMinimumUp(together, holding.heldRange) < all) this.count("cover that expires first");
      }
    }
  }

  /** With fresh words the opening bound is never above what everything is worth and needs when it is priced now. */
  checkBound(): void {
    const { state } = this;
    const terms = termsAt(state.margin, state.now);
    for (const id of TRADERS) {
      if (staleWords(portfolioOf(new Draft(state), id)) !== undefined) continue;
      for (const holding of holdingsOf(state, id)) {
        const isWider = holding.targetRange > holding.heldRange;
        const wider = isWider
          ? { ...holding, heldRange: holding.targetRange, series: holding.series.map((each) => ({ ...each, heldRange: each.targetRange })) }
          : holding;
        const { value, total } = liveMargin(wider, terms);
        const room = value - holding.haircut - total - openingSurplusDown(holding, terms);
        this.count(holding.series.some(({ moving, forward }) => moving < (forward * 9n) / 10n) ? "bound in a window" : "bound");
        expect(room >= -1_000n, `room ${room} of ${id} at ${state.now}`).to.equal(true);
      }
    }
  }
}

const QUOTAS = {
  list: 12,
  slices: 60,
  slice: 400,
  "an hour of a silent feed": 40,
  "slices: SliceTooOld": 30,
  refresh: 1_000,
  options: 300,
  futures: 100,
  perpetuals: 100,
  covered: 1_000,
  shed: 50,
  withdraw: 50,
  settleExpired: 15,
  bound: 1_000,
  "cover that expires first": 100,
  "bound in a window": 100,
  "slice of several": 3,
  "discount of the worst": 3,
  "a shortfall shared": 2,
  "whole sale": 1,
  shedFund: 20,
  "withdraw: WordsStale": 5,
  "slice: CalendarArbitrage": 2,
  "skipped: SeriesIsSettled": 20,
  "skipped: RiskMayNotRise": 100,
  "skipped: MarginTooLow": 20,
};

const NO_FEES = { takerFee: 0n, makerFee: 0n };

function kindOf(named: bigint): string {
  if (named >> 8n === 0n) return "perpetuals";
  return isFuture(instrumentFromNumber(named >> 8n)) ? "futures" : "options";
}

describe("a vault with series", function () {
  this.timeout(600_000);
  itWalks("default: sizes, money, open interest, words and margins hold in a random walk", {
    seed: 31,
    steps: 800,
    make: (seed, count) => {
      const walk = new Walk(seed, count);
      return {
        step: (i) => {
          walk.step();
          walk.check();
          walk.checkCover();
          if (i % 5 === 0) walk.checkBound();
        },
      };
    },
    quotas: QUOTAS,
  });
});
