import { expect } from "chai";
import { shortOf } from "../../../src/engine/actions/exchange.ts";
import { liquidate } from "../../../src/engine/actions/liquidate.ts";
import { type PriceReport, postPrice } from "../../../src/engine/actions/prices.ts";
import { Draft, transact } from "../../../src/engine/ledger/draft.ts";
import { assess, bookMargin, termsAt } from "../../../src/engine/margin/margin.ts";
import { liveSettledCash, portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { accountIdOf } from "../../../src/engine/types/accountId.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { max, min, PPM, partUp, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, Address, Book, Portfolio, State } from "../../../src/engine/types/types.ts";
import { type MarginTerms, SETTLEMENT } from "../../../src/engine/types/types.ts";
import { Random } from "../../helpers/random.ts";
import { collateralOf, emptyState, underlyingAt } from "../../helpers/state.ts";
import type { Chain } from "../../helpers/walks/chain.ts";
import { attempt, type Kind, type Operation, World } from "../../helpers/walks/operations.ts";
import { type Count, itWalks } from "../../helpers/walks/walks.ts";

// A vault of perpetuals whose feeds, sequencer, keepers and owners go their own ways for some weeks, on the engine alone; what must always hold is asserted
// after every step, by rules told apart from those of the engine.

const OWNERS: readonly Address[] = ["a1", "b2", "c3", "d4", "e5"].map((each) => `0x${each.repeat(20)}`);
const TRADERS = OWNERS.flatMap((owner) => [0n, 1n, 2n].map((index) => accountIdOf(owner, index)));
const PRICES = [2_000n * WAD, 40_000n * WAD, WAD / 2n, WAD];
const EPOCH = 7_200n;
const DEVIATION = 5_000n; // ppm

/** How the sources of each underlying speak: every so many seconds, and at once where the price has left what they said by the deviation. */
const RHYTHMS: readonly (readonly number[])[] = [[3_600], [3_600, 5], [5, 5, 5], [30, 5, 3_600]];

const WEIGHTS: readonly (readonly [Kind, number])[] = [
  ["trade", 40],
  ["deposit", 3],
  ["depositCollateral", 3],
  ["withdraw", 12],
  ["withdrawCollateral", 5],
  ["transfer", 8],
  ["liquidate", 5],
  ["liquidateTo", 3],
  ["shedFund", 4],
  ["topUpFund", 5],
  ["refreshOpenInterestCap", 5],
  ["declareExchange", 8],
  ["exchangeCollateral", 12],
];

/** What walks have to meet at least. */
const QUOTAS: Record<string, number> = {
  trade: 300,
  liquidate: 20,
  withdraw: 100,
  topUpFund: 50,
  exchangeCollateral: 30,
  "sold in doubt": 20,
  "spared by doubt": 50,
  "owes, in doubt": 10,
  "an outage": 50,
  "a feed falls silent": 30,
  "opened in doubt": 100,
  "withdrawn in doubt": 100,
  "withdrawn beside a shortfall": 20,
  "a clock stopped": 3,
};

class VaultWalk {
  readonly random: Random;
  readonly world: World;
  readonly count: Count;
  state: State;
  /** Until when a source says nothing. */
  private readonly silentUntil: bigint[][] = RHYTHMS.map((sources) => sources.map(() => 0n));
  private readonly losses: { readonly time: bigint; readonly amount: bigint }[] = [];
  private highestStake = 0n;

  constructor(seed: number, count: Count) {
    this.random = new Random(seed);
    this.count = count;
    const { now, margin, fundParameters } = emptyState();
    const guard = (sources: number) => ({
      ...underlyingAt(WAD, now).guard,
      sources: BigInt(sources),
      band: 60_000n,
    });
    this.state = emptyState(
      {
        underlyings: PRICES.map((price, u) =>
          underlyingAt(price / 10n ** 3n, now, { lotExponent: 3n, guard: guard(RHYTHMS[u]!.length), depth: 10n ** 8n }),
        ),
        collaterals: [collateralOf(0n, 100_000n), collateralOf(1n, 150_000n), collateralOf(2n, 200_000n)],
        margin: { ...margin, tradingAge: 3_900n },
        fundParameters: { ...fundParameters, epochLength: EPOCH, unweighted: 4n },
      },
      5_000n * WAD,
    );
    const vault = { interface: { encodeFunctionData: () => "0x" } };
    const chain = { deployment: { vault, sources: RHYTHMS }, operators: OWNERS.slice(0, 2) } as unknown as Chain;
    this.world = new World(chain, this.random, OWNERS, TRADERS, PRICES);
    this.world.deviations[0] = DEVIATION;
    this.world.deviations[1] = DEVIATION;
    for (const token of [SETTLEMENT, 0, 1, 2]) {
      this.world.decimals[token] = 18n;
      for (const owner of OWNERS) this.world.addBalance(token, owner, 10n ** 30n);
    }
    this.state.collaterals.forEach(({ underlying }, token) => {
      this.world.underlyingsOfTokens[token] = Number(underlying);
    });
    PRICES.forEach((price, u) => {
      this.world.reports[u] = RHYTHMS[u]!.map(() => ({ price, publishTime: now, valid: true }));
    });
    for (const account of TRADERS) this.run(this.world.firstDeposit(account, this.random.chance(0.6) ? SETTLEMENT : this.random.below(3)));
  }

  /** Tries an operation; what reverts leaves everything as it is. */
  private run(operation: Operation): boolean {
    const before = this.state;
    const result = attempt(operation, before);
    if (result instanceof Reverted) return false;
    if (operation.kind === "trade" && !result.outcome.events.some(({ name }) => name === "Filled")) return false;
    result.settle?.();
    this.state = result.outcome.state;
    this.count(operation.kind);
    this.checkStep(operation.kind, before, result.outcome.events);
    return true;
  }

  step(): void {
    this.pass();
    const { random, world } = this;
    const kind = random.chance(0.3) && world.sellable(this.state).length !== 0 ? "liquidate" : this.kind();
    for (let tries = 0; tries < 3; tries++) if (this.run(world.generate(kind, this.state))) break;
    this.check();
  }

  private kind(): Kind {
    let left = this.random.fraction() * WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [kind, weight] of WEIGHTS) {
      left -= weight;
      if (left < 0) return kind;
    }
    return "trade";
  }

  // ---------------------------------------------------------------- the world outside

  /** Time passes: prices move, feeds speak in their own rhythm or not at all, the sequencer goes down and comes back, and somebody posts, or nobody. */
  private pass(): void {
    const { random, world } = this;
    const choice = random.fraction();
    const elapsed =
      choice < 0.75 ? 1 + random.below(20) : choice < 0.95 ? 60 + random.below(600) : choice < 0.99 ? 3_600 + random.below(7_200) : 90_000;
    if (random.chance(world.sequencer.down ? 0.15 : 0.015)) {
      world.sequencer = { down: !world.sequencer.down, since: this.state.now };
      this.count("an outage");
    }
    this.state = world.later(this.state, BigInt(elapsed));
    const { now } = this.state;
    if (random.chance(0.06)) {
      const [u, factor] = world.jump(this.state, random.chance(0.5) ? 0.03 + 0.06 * random.fraction() : 0.1 + 0.3 * random.fraction());
      world.movePrice(u, factor);
    }
    PRICES.forEach((_, u) => {
      const deviation = 0.0015 * Math.sqrt(Math.min(elapsed, 3_600) / 10);
      world.movePrice(u, 1 + deviation * (2 * random.fraction() - 1));
      world.reports[u] = world.reports[u]!.map((last, source) => this.spoken(u, source, last));
    });
    this.state = world.later(this.state, 0n);
    for (const u of PRICES.keys()) if (random.chance(0.35)) this.post(u);
    this.state = { ...world.later(this.state, 0n), now };
  }

  private spoken(u: number, source: number, last: PriceReport): PriceReport {
    const { random, world, silentUntil } = this;
    const { now } = this.state;
    if (now < silentUntil[u]![source]!) return last;
    if (random.chance(0.002)) {
      silentUntil[u]![source] = now + BigInt(random.chance(0.5) ? 3_600 : 200_000);
      this.count("a feed falls silent");
    }
    const price = world.realPrices[u]!;
    const moved = price > last.price ? price - last.price : last.price - price;
    const isDue = now - last.publishTime >= BigInt(RHYTHMS[u]![source]!) || moved * PPM > last.price * DEVIATION;
    if (!isDue) return last;
    return { price, publishTime: now - BigInt(random.below(3)), valid: !random.chance(0.003) };
  }

  private post(u: number): void {
    const { state, world } = this;
    try {
      this.state = transact(state, (draft) => postPrice(draft, u, world.reports[u]!, state.outage !== undefined)).state;
    } catch (error) {
      if (!(error instanceof Reverted)) throw error;
    }
  }

  // ---------------------------------------------------------------- what must hold

  private terms(): MarginTerms {
    return termsAt(this.state.margin, this.state.now);
  }

  private portfolio(id: AccountId, state = this.state): Portfolio {
    return portfolioOf(new Draft(state), id);
  }

  private isGood({ state, age }: Book): boolean {
    return state === 0n && age <= this.state.margin.liquidationAge;
  }

  /** Whoever is below the line by prices that are good, or owes more than it has, is sold, whatever the others have come to; nobody is sold above it. */
  check(): void {
    if (this.state.outage !== undefined) return;
    const terms = this.terms();
    for (const id of TRADERS) {
      const portfolio = this.portfolio(id);
      const { books } = portfolio;
      if (books.length === 0) continue;
      const { equity, margin, value } = assess(portfolio, terms, false);
      const good = books.filter((book) => this.isGood(book)).map((book) => bookMargin(book, terms, false).total);
      const line = partUp(margin, terms.maintenance);
      // each part is rounded by itself
      const isBelow =
        equity + 10n <
        partUp(
          good.reduce((sum, each) => sum + each, 0n),
          terms.maintenance,
        );
      const isSold = this.isSold(id);
      const isDoubtful = good.length !== books.length;
      if (isBelow || value < 0n) {
        if (isDoubtful) this.count(value < 0n ? "owes, in doubt" : "sold in doubt");
        expect(isSold, `I-29: ${id} with ${equity} of ${line}, value ${value}, is not sold`).to.equal(true);
      }
      if (equity < line && !isSold) this.count("spared by doubt");
      if (equity >= line) expect(isSold, `I-29: ${id} is above its line`).to.equal(false);
    }
  }

  private isSold(id: AccountId): boolean {
    try {
      liquidate(this.state, id, accountIdOf(OWNERS[0]!, 9n));
      return true;
    } catch (error) {
      if (error instanceof Reverted) return false;
      throw error;
    }
  }

  private checkStep(kind: Kind, before: State, events: readonly { readonly name: string; readonly values: object }[]): void {
    this.checkStake(before);
    const changed = TRADERS.filter((id) => this.state.accounts.get(id) !== before.accounts.get(id));
    if (kind === "withdraw" || kind === "withdrawCollateral" || kind === "transfer") this.checkLeaving(changed, before);
    if (kind === "trade") this.checkOpening(changed, before);
    if (kind.startsWith("liquidate") || kind === "shedFund" || kind === "exchangeCollateral")
      expect(this.state.outage, `I-30: ${kind} in an outage`).to.equal(undefined);
    if (kind === "withdraw") this.checkPaid(before, events);
    if (kind === "exchangeCollateral" || kind === "deposit") this.checkClocks(changed, before);
    if (kind !== "exchangeCollateral") return;
    // the buyer paid with what it had
    for (const id of changed) {
      if ((this.state.accounts.get(id)?.cash ?? 0n) >= (before.accounts.get(id)?.cash ?? 0n)) continue;
      expect(liveSettledCash(this.portfolio(id)) >= 0n, `I-31: ${id} bought with what it has not`).to.equal(true);
    }
  }

  /** Value leaves no account that the worse edges of its doubtful prices put below its margin, nor one with positions while the sequencer is not up. */
  private checkLeaving(changed: readonly AccountId[], before: State): void {
    for (const id of changed) {
      const portfolio = this.portfolio(id);
      const lost = (state: State): bigint => state.accounts.get(id)?.cash ?? 0n;
      const held = (state: State): bigint => [...(state.accounts.get(id)?.collateral ?? [])].reduce((sum, [, amount]) => sum + amount, 0n);
      if (lost(this.state) >= lost(before) && held(this.state) >= held(before)) continue;
      if (portfolio.books.length === 0) continue;
      expect(this.state.outage, "I-30: value leaves in an outage").to.equal(undefined);
      if (!portfolio.books.every((book) => this.isGood(book))) this.count("withdrawn in doubt");
      this.checkEdges(id, portfolio);
    }
  }

  /** Nobody opens while the sequencer is not up, nor beyond what the worse edges leave. */
  private checkOpening(changed: readonly AccountId[], before: State): void {
    for (const id of changed) {
      const is = this.state.accounts.get(id)!.positions;
      const was = before.accounts.get(id)?.positions;
      const grew = [...is].some(([u, { lots }]) => {
        const had = was?.get(u)?.lots ?? 0n;
        return lots * had < 0n || lots * lots > had * had;
      });
      if (!grew) continue;
      expect(this.state.outage, "I-30: a position grows in an outage").to.equal(undefined);
      const portfolio = this.portfolio(id);
      if (portfolio.books.every((book) => this.isGood(book))) continue;
      this.count("opened in doubt");
      this.checkEdges(id, portfolio);
    }
  }

  /** E − IM with each doubtful price at the edge of the narrowest band that it may be believed to be in, the worst of all combinations. */
  private checkEdges(id: AccountId, { cash, books }: Portfolio): void {
    const terms = this.terms();
    const at = (book: Book, ppm: bigint): Book => {
      const moved = (amount: bigint): bigint => (amount * (PPM + ppm)) / PPM;
      return { ...book, price: moved(book.price), collateral: moved(book.collateral), haircut: moved(book.haircut) };
    };
    let surplus = cash;
    for (const book of books) {
      const width = this.isGood(book) ? 0n : this.state.standing?.has(Number(book.underlying)) ? DEVIATION : 60_000n;
      const worst = [-width, width]
        .map((ppm) => at(book, ppm))
        .map((each) => each.lots * each.price + each.collateral - each.haircut - bookMargin(each, terms, true).total)
        .reduce(min);
      surplus += worst;
    }
    expect(surplus >= -(10n ** 9n), `I-30: ${id} is left with ${surplus} at the worse edges`).to.equal(true);
  }

  /** In any span of an epoch's length at most half of the stake leaves. */
  private checkStake(before: State): void {
    const main = accountIdOf(this.state.fund);
    const stake = (state: State): bigint => state.accounts.get(main)?.cash ?? 0n;
    const lost = stake(before) - stake(this.state);
    const { now } = this.state;
    const within = (span: bigint): bigint =>
      this.losses.filter(({ time }) => time + span > now).reduce((sum, { amount }) => sum + amount, 0n);
    this.highestStake = max(this.highestStake, stake(before) + within(2n * EPOCH));
    if (lost <= 0n) return;
    this.losses.push({ time: now, amount: lost });
    // each is counted in millionths, rounded up
    const bound = this.highestStake / 2n + BigInt(this.losses.length) * 10n ** 12n;
    expect(within(EPOCH) <= bound, `I-27: ${within(EPOCH)} of ${bound} left the stake`).to.equal(true);
  }

  /** Nobody is paid a part of what is there, and of what is short, that is more than everybody's. */
  private checkPaid(before: State, events: readonly { readonly name: string; readonly values: object }[]): void {
    const draft = new Draft(before);
    const terms = this.terms();
    const owed = [...before.shortfalls.keys()].reduce((sum, u) => {
      const { value } = assess(portfolioOf(draft, accountIdOf(before.fund, BigInt(u + 1))), terms, false);
      return sum + max(-value, 0n);
    }, 0n);
    // at most what the stake may still give is not short
    const main = max(before.accounts.get(accountIdOf(before.fund))?.cash ?? 0n, 0n);
    const short = max(owed - main, 0n);
    const sum = before.settlement + before.deficit + short;
    for (const { name, values } of events) {
      if (name !== "Withdrawn") continue;
      const { debited, paid } = values as { debited: bigint; paid: bigint };
      if (short === 0n) continue;
      this.count("withdrawn beside a shortfall");
      expect(paid * sum <= debited * before.settlement, `I-28: ${paid} of ${debited}, ${short} short`).to.equal(true);
    }
  }

  /** The clock of who was cured by a deposit or a sale of collateral has stopped. */
  private checkClocks(changed: readonly AccountId[], before: State): void {
    for (const id of changed) {
      const was = before.accounts.get(id);
      if (was === undefined || was.exchangeSince === 0n || this.state.accounts.get(id)!.cash <= was.cash) continue;
      if (shortOf(this.portfolio(id)).short) continue;
      this.count("a clock stopped");
      expect(this.state.accounts.get(id)?.exchangeSince, `I-31: the clock of ${id} runs on`).to.equal(0n);
    }
  }
}

describe("a vault whose feeds go their own ways", function () {
  this.timeout(300_000);
  itWalks("I-27 I-28 I-29 I-30 I-31 who is below is sold, nobody opens or leaves by hidden losses, the stake has one cap", {
    seed: 71,
    steps: 2_500,
    make: (seed, count) => new VaultWalk(seed, count),
    quotas: QUOTAS,
  });
});
