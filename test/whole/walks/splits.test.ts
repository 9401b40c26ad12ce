import { expect } from "chai";
import { exchangeCollateral, shortOf } from "../../../src/engine/actions/exchange.ts";
import { shedFund, topUpFund } from "../../../src/engine/actions/fund.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { bookMargin, termsAt } from "../../../src/engine/margin/margin.ts";
import { liveMargin } from "../../../src/engine/margin/options/liveMargin.ts";
import { liveSettledCash, portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { shortfallOf } from "../../../src/engine/margin/shortfall.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { abs, divUp, max, min, PPM, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { SeriesHolding } from "../../../src/engine/types/holding.ts";
import type { AccountId, State } from "../../../src/engine/types/types.ts";
import { Random } from "../../helpers/random.ts";
import { deposit } from "../../helpers/state.ts";
import { SignedMarket } from "../../helpers/walks/signedMarket.ts";
import { type Count, itWalks } from "../../helpers/walks/walks.ts";

// On states that a walk comes to, the same thing is done at once and in parts, in one order and in another, each time from the same state.

const BUYERS: readonly AccountId[] = ["91", "92", "93", "94"].map((byte) => accountIdOf(`0x${byte.repeat(20)}`));

/** What walks have to meet at least. */
const QUOTAS: Record<string, number> = {
  "an exchange in parts": 180,
  "spared by a part": 35,
  "two exchanges in either order": 6,
  "a shed in parts": 160,
  "a shed in parts gains by whole lots": 10,
  "two top-ups": 90,
  "two top-ups and a shortfall": 25,
  "an order of top-ups that changes U + S": 10,
};

class Splits {
  readonly random: Random;
  readonly market: SignedMarket;
  readonly count: Count;
  readonly most: Map<string, number>;

  constructor(seed: number, count: Count, most: Map<string, number>) {
    this.random = new Random(seed);
    this.count = count;
    this.most = most;
    this.market = new SignedMarket(seed, { moving: true, stake: 30_000n * WAD });
  }

  private note(what: string, value: number): void {
    this.most.set(what, Math.max(this.most.get(what) ?? 0, value));
  }

  step(): void {
    const { market, random } = this;
    market.pass();
    if (random.chance(0.3)) for (const u of [0, 1]) market.postNewest(u);
    if (random.chance(0.5)) market.live();
    for (let i = random.below(3); i >= 0; i--) market.attack();
    if (random.chance(0.05)) market.crash();
    const declared = market.declared();
    if (declared.length === 0 && market.inventories().length === 0) return;
    market.makeReady();
    // who has as much money as it takes
    const state = BUYERS.reduce((each, id) => deposit(each, ownerOf(id), id, 10n ** 7n * WAD), market.state);
    if (declared.length !== 0) this.exchanges(state, random.pick(declared));
    if (declared.length > 1 && random.chance(0.3)) this.exchangesOfTwo(state, declared);
    if (market.inventories().length !== 0) this.sheds(state, random.pick(market.inventories()));
    for (let i = 0; i < 3; i++) this.topUps(state);
  }

  /** Runs calls one after the other; the first that is refused ends it. */
  private run(state: State, calls: readonly ((state: State) => State)[]): { readonly state: State; readonly done: number } {
    let [after, done] = [state, 0];
    for (const call of calls) {
      try {
        after = call(after);
        done++;
      } catch (error) {
        if (!(error instanceof Reverted)) throw error;
        break;
      }
    }
    return { state: after, done };
  }

  /** An amount in parts of any size. */
  private partsOf(amount: bigint): bigint[] {
    const parts: bigint[] = [];
    let left = amount;
    for (let i = 1 + this.random.below(3); i > 0; i--) {
      const part = this.random.part(left, 0.01, 0.9);
      if (part === 0n) continue;
      parts.push(part);
      left -= part;
    }
    return [...parts, left];
  }

  // ---------------------------------------------------------------- exchanges

  private exchanges(state: State, account: AccountId): void {
    for (const [token, held] of state.accounts.get(account)!.collateral) {
      const settled = liveSettledCash(portfolioOf(new Draft(state), account));
      const cure = (max(-settled, 0n) * WAD) / (state.underlyings[token]!.price * 1_000n);
      const amount = this.random.part(min(cure, held), 0.02, 1);
      if (amount === 0n) continue;
      const parts = this.partsOf(amount);
      const buy = (part: bigint, i: number) => (each: State) =>
        exchangeCollateral(each, ownerOf(BUYERS[i % 4]!), account, token, part, BUYERS[i % 4]!).state;
      const whole = this.run(state, [buy(amount, 0)]);
      const split = this.run(state, parts.map(buy));
      if (split.done < parts.length) {
        // whoever is cured by a part is spared the rest; a refusal for any other cause stands against the whole too
        const isCured = split.done > 0 && !shortOf(portfolioOf(new Draft(split.state), account)).short;
        if (whole.done === 1) expect(isCured, "I-34: a part is refused where the whole is not").to.equal(true);
        this.count(isCured ? "spared by a part" : "an exchange refused");
        continue;
      }
      const count = BigInt(parts.length);
      const paid = (after: State): bigint => this.cashOf(after, [account]) - this.cashOf(state, [account]);
      expect(whole.done, "I-34: the whole is refused where its parts are not").to.equal(1);
      this.count("an exchange in parts");
      const more = paid(split.state) - paid(whole.state);
      expect(more >= -2n && more <= 2n * count, `I-34: ${count} parts of an exchange cost ${more} more`).to.equal(true);
      const left = (after: State): bigint => after.accounts.get(account)!.collateral.get(token) ?? 0n;
      expect(left(split.state)).to.equal(left(whole.state));
      expect(this.cashOf(split.state, BUYERS)).to.equal(this.cashOf(state, BUYERS) - paid(split.state));
    }
  }

  private exchangesOfTwo(state: State, accounts: readonly AccountId[]): void {
    const calls = accounts.slice(0, 2).map((account, i) => {
      const [token, held] = [...state.accounts.get(account)!.collateral][0]!;
      const settled = liveSettledCash(portfolioOf(new Draft(state), account));
      const cure = (max(-settled, 0n) * WAD) / (state.underlyings[token]!.price * 1_000n);
      const amount = this.random.part(min(cure, held), 0.02, 1);
      return (each: State) => exchangeCollateral(each, ownerOf(BUYERS[i]!), account, token, amount, BUYERS[i]!).state;
    });
    const there = this.run(state, calls);
    const back = this.run(state, calls.toReversed());
    if (there.done !== 2 || back.done !== 2) return;
    this.count("two exchanges in either order");
    for (const id of [...accounts, ...BUYERS])
      expect(there.state.accounts.get(id), "I-34: the order of exchanges").to.deep.equal(back.state.accounts.get(id));
  }

  private cashOf(state: State, ids: readonly AccountId[]): bigint {
    return ids.reduce((sum, id) => sum + (state.accounts.get(id)?.cash ?? 0n), 0n);
  }

  // ---------------------------------------------------------------- sheds

  private sheds(state: State, u: number): void {
    const { random, market } = this;
    const fund = accountIdOf(state.fund, BigInt(u + 1));
    const whole = random.chance(0.25) ? WAD : random.part(WAD, 0.001, 1);
    // parts of what is left, which together are the whole
    const parts: bigint[] = [];
    let left = WAD;
    for (const part of this.partsOf(whole)) {
      parts.push(min(divUp(part * WAD, left), WAD));
      left -= part;
      if (left <= 0n) break;
    }
    const take = (part: bigint, i: number) => (each: State) => shedFund(each, ownerOf(BUYERS[i % 4]!), u, BUYERS[i % 4]!, part, 0n).state;
    const once = this.run(state, [take(whole, 0)]);
    const split = this.run(state, parts.map(take));
    if (once.done === 0 || split.done < parts.length) {
      this.count("a shed refused");
      return;
    }
    this.count("a shed in parts");
    const worth = (after: State): bigint => BUYERS.reduce((sum, id) => sum + this.worthOf(after, id), 0n);
    const more = worth(split.state) - worth(once.state);
    const lots = market.heldOf(state, fund).reduce((sum, [, each]) => sum + abs(each), 0n);
    // a part takes a lot of each position more than its fraction at most: what is left is dearer by no more than these lots alone
    const dearer = BigInt(parts.length - 1) * this.discountOfLots(state, fund);
    if (dearer > 0n) this.note("percent of what whole lots may bring a shed in parts", Number((more * 100n) / dearer));
    this.note("millionths of a token that a shed in parts gains", Number(more / 10n ** 12n));
    expect(more <= dearer + 4n * lots, `I-34: ${parts.length} parts of a shed gain ${more} more, not ${dearer}`).to.equal(true);
    if (more > 2n * lots) this.count("a shed in parts gains by whole lots");
    if (more < -2n * lots) this.count("a shed in parts gains less");
    for (const [named, whole] of market.heldOf(once.state, fund)) this.atLeastLeft(split.state, fund, named, whole, parts.length);
  }

  /** Parts leave as many lots, or a lot less for each. */
  private atLeastLeft(state: State, fund: AccountId, named: bigint, whole: bigint, parts: number): void {
    const left = this.market.heldOf(state, fund).find(([each]) => each === named)?.[1] ?? 0n;
    const fewer = abs(whole) - abs(left);
    expect(fewer >= -1n && fewer <= BigInt(parts), `I-34: ${parts} parts leave ${left} lots, the whole ${whole}`).to.equal(true);
  }

  /** The most discount of a lot of each position that a fund account holds, the other way round and each alone, WAD. */
  private discountOfLots(state: State, id: AccountId): bigint {
    const terms = termsAt(state.margin, state.now);
    const { books, holdings } = portfolioOf(new Draft(state), id);
    const book = books[0]!;
    const alone = { ...book, collateral: 0n, haircut: 0n };
    const lotOf = (lots: bigint): bigint => (lots === 0n ? 0n : lots > 0n ? -1n : 1n);
    let margin = bookMargin({ ...alone, lots: lotOf(book.lots) }, terms, false).total;
    const holding = holdings?.get(book.underlying);
    for (const series of holding?.series ?? []) {
      const of = (only: Partial<SeriesHolding>): bigint => {
        const one = { ...series, futures: 0n, options: [], ...only };
        return liveMargin({ ...holding!, ...alone, lots: 0n, settled: 0n, futuresCost: 0n, series: [one] }, terms).total;
      };
      if (series.futures !== 0n) margin += of({ futures: lotOf(series.futures) });
      for (const option of series.options) margin += of({ options: [{ ...option, lots: lotOf(option.lots) }] });
    }
    const { discountMin, keeperShare } = state.liquidation;
    return (margin * discountMin * (PPM - keeperShare)) / (PPM * PPM);
  }

  /** At the marks of the state itself, WAD. */
  private worthOf(state: State, id: AccountId): bigint {
    const account = state.accounts.get(id);
    if (account === undefined) return 0n;
    const positions = this.market.heldOf(state, id).reduce((sum, [named, lots]) => sum + lots * this.market.markOf(state, named), 0n);
    const tokens = [...account.collateral].reduce(
      (sum, [token, amount]) => sum + (amount * state.underlyings[token]!.price * 1_000n) / WAD,
      0n,
    );
    return account.cash + positions + tokens;
  }

  // ---------------------------------------------------------------- top-ups

  /** Two fund accounts that may have lost anything: both orders draw the same of the stake, and what is short differs by what is reserved to nobody at most. */
  private topUps(state: State): void {
    if (this.market.inventories().length < 2) return;
    const main = accountIdOf(state.fund);
    const lost = this.random.chance(0.3) ? state : [0, 1].reduce((each, u) => this.withLoss(each, u), state);
    const calls = [0, 1].map((u) => (each: State) => topUpFund(each, u).state);
    const there = this.run(lost, calls);
    const back = this.run(lost, calls.toReversed());
    if (there.done !== 2 || back.done !== 2) return;
    this.count("two top-ups");
    const cashOf = (after: State): bigint => this.cashOf(after, [main]);
    // each draw is counted in millionths, rounded up
    expect(abs(cashOf(there.state) - cashOf(back.state)) <= 4n * 10n ** 12n, "I-34: the order of top-ups changes what they draw").to.equal(
      true,
    );
    const short = (after: State): bigint => after.deficit + shortfallOf(new Draft(after));
    if (short(there.state) > 0n) this.count("two top-ups and a shortfall");
    const differ = abs(short(there.state) - short(back.state));
    const stake = cashOf(state);
    this.note("parts in a thousand of the stake by which the order of top-ups changes U + S", Number((differ * 1_000n) / stake));
    if (differ > 10n ** 13n) this.count("an order of top-ups that changes U + S");
    // a fifth of the cap is reserved to nobody, of the stake as the epoch found it
    const unreserved = ((stake + state.drawn.drawn * 10n ** 12n) * state.fundParameters.stakeCap) / (5n * PPM);
    expect(differ <= unreserved + 10n ** 13n, `I-34: the order of top-ups changes U + S by ${differ}`).to.equal(true);
    // once more changes nothing
    const again = this.run(there.state, calls);
    expect(cashOf(again.state) - cashOf(there.state) >= -4n * 10n ** 12n, "I-34: two top-ups draw more than one").to.equal(true);
  }

  /** The state as if a fund account had lost or gained something to a trader. */
  private withLoss(state: State, u: number): State {
    const { random, market } = this;
    const [id, other] = [accountIdOf(state.fund, BigInt(u + 1)), market.houses[7]!];
    const [account, gains] = [state.accounts.get(id)!, state.accounts.get(other)!];
    const { value } = market.figures(state, id);
    const lost = value - (random.part(8_000n * WAD, 0, 1) - (random.chance(0.6) ? 8_000n * WAD : 0n));
    const accounts = new Map(state.accounts);
    accounts.set(id, { ...account, cash: account.cash - lost });
    accounts.set(other, { ...gains, cash: gains.cash + lost });
    return { ...state, accounts };
  }
}

describe("calls in parts and in other orders", function () {
  this.timeout(300_000);
  const most = new Map<string, number>();
  itWalks("I-34 exchanges, sheds and top-ups bring nobody more in parts or in another order", {
    seed: 341,
    steps: 220,
    make: (seed, count) => new Splits(seed, count, most),
    quotas: QUOTAS,
    show: () => [...most],
  });
});
