import { expect } from "chai";
import { check } from "../../src/checker/checker.ts";
import type { Action } from "../../src/engine/actions/execute.ts";
import type { VolatilityReport } from "../../src/engine/actions/series.ts";
import { Draft } from "../../src/engine/ledger/draft.ts";
import { countedUp, lotsOf } from "../../src/engine/ledger/ledger.ts";
import { marketOf } from "../../src/engine/ledger/market.ts";
import { assess, termsAt } from "../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../src/engine/margin/portfolios.ts";
import { waterLineNow } from "../../src/engine/margin/waterLines.ts";
import { accountIdOf, ownerOf } from "../../src/engine/types/accountId.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import { abs, partUp, WAD } from "../../src/engine/types/fixedPoint.ts";
import { instrumentFromNumber, isFuture, STRIKE_ZERO } from "../../src/engine/types/instrument.ts";
import type { AccountId, Assessment, State } from "../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../src/engine/types/types.ts";
import { sliceOf } from "../helpers/options/series.ts";
import { Random } from "../helpers/random.ts";
import { DAY, spanAt } from "../helpers/seriesWorld.ts";
import type { DecodedEvent } from "../helpers/walks/chain.ts";
import { type Call, named, SeriesChain, tradeOf } from "../helpers/walks/seriesChain.ts";

const LISTING = { base: 1_500n, step: 100n, decimals: 13n, count: 10n, depth: 10_000_000n, volatilityCap: 200n };
const UNIT = 10n ** 6n;
const ROUNDS = Number(process.env.PLIMSOLL_ROUNDS ?? 3);
const FIRST_SEED = Number(process.env.PLIMSOLL_SEED ?? 810);
const SEEDS = Number(process.env.PLIMSOLL_WALKS ?? 2);

/** What the walks have to meet at least. */
const MET: readonly (readonly [string, number])[] = [
  ["WaterLineStarted", 2],
  ["WaterLineCleared", 2],
  ["DeleveragePaid", 4],
  ["perpetual at the mark", 3],
  ["perpetual beside it", 1],
  ["option at the mark", 3],
  ["option beside it", 1],
  ["future at the mark", 1],
  ["passed by", 10],
];

describe("engine and contracts deleverage alike", function () {
  this.timeout(600_000);
  const counts = new Map<string, number>();
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);

  for (let walk = 0; walk < SEEDS; walk++) {
    it(`H-55 I-10 I-15 perpetuals, options and futures of ten accounts, walk ${walk + 1}`, async () => {
      await new Walk(await SeriesChain.create(5), new Random(FIRST_SEED + walk), count).run();
    });
  }

  it("I-10 I-15 a shortage that nobody has looked at for a day begins anew, and one that is over is cleared by anybody", async () => {
    await new Walk(await SeriesChain.create(5), new Random(FIRST_SEED), count).forget();
  });

  it("H-55 I-15 who would concede more than the equity of the margin that comes free is passed by", async () => {
    await new Walk(await SeriesChain.create(5), new Random(FIRST_SEED), count).comeLate();
  });

  it("met enough of everything", () => {
    if (process.env.PLIMSOLL_SEED !== undefined) return console.log([...counts].join(" "));
    for (const [what, least] of MET) expect(counts.get(what) ?? 0, `${what}: ${[...counts].join(" ")}`).to.be.at.least(least);
  });
});

class Walk {
  private readonly world: SeriesChain;
  private readonly random: Random;
  private readonly count: (what: string) => void;
  private price = 2_000n * WAD;
  private level = 0n;

  constructor(world: SeriesChain, random: Random, count: (what: string) => void) {
    [this.world, this.random, this.count] = [world, random, count];
  }

  async run(): Promise<void> {
    const { world, random } = this;
    await this.open();
    const [losers, winners] = [world.accounts.slice(0, 4), world.accounts.slice(4)];
    for (const id of losers) await this.deposit(id, BigInt(1_500 + random.below(2_500)));
    for (const id of winners) await this.deposit(id, BigInt(1_500 + random.below(5_000)));
    await this.deposit(winners[0]!, 1n, 0);
    const isRise = random.chance(0.5);
    for (const id of losers) for (const winner of [random.pick(winners), random.pick(winners)]) await this.load(id, winner, isRise);
    // one that is hedged, and one whose loss lies elsewhere
    await this.load(winners[1]!, winners[2]!, isRise);
    await this.leaveStake(BigInt(300 + random.below(1_500)));
    for (let round = 0; round < ROUNDS; round++) {
      await this.fall(losers, isRise);
      if (random.chance(0.5)) await this.runAway(isRise);
      await this.closeUntilOver(round);
    }
    // from events alone: what everybody holds, and what the vault owes
    const rpc = (method: string, params: readonly unknown[]): Promise<unknown> => world.chain.request(method, [...params]);
    const verdict = await check(rpc, world.chain.vaultAddress, world.deployment.vault.interface);
    expect([verdict.replayDifferences, verdict.vaultMinusClaims]).to.deep.equal([0, "0"]);
  }

  /** The fund account loses more of its notional than who comes late has of his. */
  async comeLate(): Promise<void> {
    const { world } = this;
    const [loser, winner, third, late] = [0, 2, 4, 6].map((i) => world.accounts[i]!) as [AccountId, AccountId, AccountId, AccountId];
    await this.open();
    for (const [id, tokens] of [
      [loser, 3_000n],
      [winner, 9_000n],
      [third, 100_000n],
      [late, 1_000n],
    ] as const)
      await this.deposit(id, tokens);
    await this.load(loser, winner, false);
    await this.leaveStake(100n);
    await this.fall([loser], false);
    await this.step(world.topUp(0));
    for (let i = 0; i < 12; i++) {
      this.price = (this.price * 95n) / 100n;
      await this.post(20n);
    }
    await this.step(world.refresh(0, 1));
    await this.load(third, late, false);
    world.pass(6_000n);
    await this.post(1n);
    const [was, level] = [figuresOf(world.state, late), waterLineNow(world.state, 0)!.level];
    expect(was.margin > 0n && was.equity > 0n && level < WAD / 50n, "above the water-line").to.equal(true);
    const before = world.state.accounts.get(late);
    await this.deleverage([late]);
    expect(world.state.accounts.get(late)).to.equal(before);
    expect(lotsIn(world.state, world.fundAccounts[1]!) > 0n).to.equal(true);
    await this.deleverage([winner]);
  }

  /** A shortage, a day in which nobody looks, and then enough to end it. */
  async forget(): Promise<void> {
    const { world } = this;
    const [loser, winner] = [world.accounts[0]!, world.accounts[2]!];
    await this.open();
    await this.deposit(loser, 3_000n);
    await this.deposit(winner, 9_000n);
    await this.load(loser, winner, false);
    await this.leaveStake(100n);
    await this.fall([loser], false);
    await this.step(world.topUp(0));
    world.pass(86_000n);
    await this.post(1n);
    await this.step(world.deleverage(world.owners[1]!, 0, []));
    const looked = waterLineNow(world.state, 0)!.level;
    expect(looked < WAD / 1_000n).to.equal(true);
    world.pass(86_401n);
    await this.post(1n);
    await world.compareStandings(0, [winner], "forgotten");
    await this.step(world.topUp(0));
    expect(waterLineNow(world.state, 0)!.level > WAD).to.equal(true);
    // the price comes back further than it fell
    for (
      let i = 0;
      i < 12 && figuresOf(world.state, world.fundAccounts[1]!).equity < figuresOf(world.state, world.fundAccounts[1]!).margin;
      i++
    ) {
      this.price = (this.price * 105n) / 100n;
      await this.post(20n);
    }
    const over = await this.step(world.deleverage(world.owners[1]!, 0, [winner]));
    expect("events" in over && over.events.map(({ name }) => name)).to.deep.equal(["WaterLineCleared"]);
    expect(await this.step(world.deleverage(world.owners[1]!, 0, [winner]))).to.deep.equal({ reverted: "FundAccountSolvent" });
    expect(await this.step(world.deleverage(world.owners[1]!, 1, [winner]))).to.deep.equal({ reverted: "FundAccountEmpty" });
  }

  /** The price goes against those who lose until somebody is below the line; who is, is sold. */
  private async fall(losers: readonly AccountId[], isRise: boolean): Promise<void> {
    const { world, random } = this;
    for (let i = 0; i < 8 && (i < 1 || !losers.some((id) => isBelow(world.state, id))); i++) {
      const part = 20n + BigInt(random.below(50));
      this.price = (this.price * (isRise ? 1_000n + part : 1_000n - part)) / 1_000n;
      await this.post(20n);
    }
    for (const id of world.accounts) {
      const call = world.liquidate(id, world.accounts.at(-1)!);
      if (!(world.attempt(call) instanceof Reverted)) await this.step(call);
    }
    if (random.chance(0.5)) await this.step(world.topUp(0));
  }

  /** What the fund account has taken loses more than it has. */
  private async runAway(isRise: boolean): Promise<void> {
    const fund = this.world.fundAccounts[1]!;
    for (let i = 0; i < 6 && lotsIn(this.world.state, fund) !== 0n && figuresOf(this.world.state, fund).value >= 0n; i++) {
      this.price = (this.price * (isRise ? 105n : 95n)) / 100n;
      await this.post(20n);
    }
  }

  private async closeUntilOver(round: number): Promise<void> {
    const { world, random } = this;
    for (let i = 0; i < 7; i++) {
      world.pass(BigInt(i === 0 ? 1 + random.below(20) : 60 + random.below(600)));
      // it can run away, or come back a little, while the stake has nothing to give
      this.price = random.part(this.price, 0.96, 1.04);
      await this.post(1n);
      const named = world.accounts.filter(() => random.chance(0.7)).map((id) => ({ id, order: random.fraction() }));
      const accounts = named.sort((a, b) => a.order - b.order).map(({ id }) => id);
      if (random.chance(0.3) && accounts[0] !== undefined) accounts.push(accounts[0]);
      await world.compareStandings(0, world.accounts, `round ${round}`);
      await this.deleverage(accounts);
      if (random.chance(0.2)) await this.step(world.topUp(0));
      if (random.chance(0.1)) await this.deposit(random.pick(world.accounts), 300n);
      if (random.chance(0.1)) await this.step(world.deleverage(world.owners[0]!, 1, accounts));
    }
  }

  private async deleverage(accounts: readonly AccountId[]): Promise<void> {
    const { world, random } = this;
    world.pass(1n);
    const before = world.state;
    const fund = world.fundAccounts[1]!;
    const answer = await this.step(world.deleverage(random.pick(world.owners), 0, accounts), 0n);
    if ("reverted" in answer) return this.count(answer.reverted);
    const closed = answer.events.filter(({ name }) => name === "Deleveraged");
    if (closed.length === 0) this.count("passed by");
    for (const { values } of closed) this.judge(before, values);
    // never worse, never further than to the line but for a lot of each position, and nobody who was not named
    for (const id of world.accounts) {
      if (closed.some(({ values }) => BigInt(values.account!) === id)) {
        const [was, is] = [figuresOf(before, id), figuresOf(world.state, id)];
        expect(is.margin <= was.margin && is.equity * was.margin >= was.equity * is.margin, `${id} is worse`).to.equal(true);
        expect(accounts.includes(id)).to.equal(true);
      } else expect(world.state.accounts.get(id)?.series).to.equal(before.accounts.get(id)?.series);
    }
    // I-10: the stake gave what it may, and nothing is lost for good while there is something to sell
    const { shortfalls, waterLines, deficit } = world.state;
    const left = figuresOf(world.state, fund);
    expect(left.equity >= left.margin || waterLines.has(0) || lotsIn(world.state, fund) === 0n, "beyond its margin").to.equal(true);
    if (waterLines.has(0)) expect([shortfalls.has(0), deficit]).to.deep.equal([true, before.deficit]);
    // I-15
    const line = waterLineNow(world.state, 0)?.level ?? 0n;
    if (line !== 0n && this.level !== 0n) expect(line <= this.level, "the water-line rises").to.equal(true);
    this.level = line;
  }

  /** I-15: a price between the mark and what ends the fund account with nothing, less than before on both sides, and no more than was lacking. */
  private judge(before: State, { account, instrument, lots, price }: DecodedEvent["values"]): void {
    const { mark } = marketOf(new Draft(before), BigInt(instrument!));
    const [size, at] = [BigInt(lots!), BigInt(price!)];
    const number = BigInt(instrument!) >> 8n;
    const kind = number === 0n ? "perpetual" : isFuture(instrumentFromNumber(number)) ? "future" : "option";
    this.count(`${kind} ${at === mark ? "at the mark" : "beside it"}`);
    const value = figuresOf(before, this.world.fundAccounts[1]!).value;
    expect(at === mark || value < 0n, "beside the mark with something left").to.equal(true);
    // the account is paid less for what it is long, and pays more for what it is short
    expect(size > 0n ? at <= mark : at >= mark, `${account} ${kind} ${size} at ${at}, mark ${mark}`).to.equal(true);
    expect(abs(size) * abs(at - mark) <= (value < 0n ? -value : 0n), "conceded more than is lacking").to.equal(true);
  }

  private async step(call: Call, seconds = 1n): ReturnType<SeriesChain["step"]> {
    this.world.pass(seconds);
    const answer = await this.world.step(call, "deleverage walk", []);
    if ("events" in answer) for (const { name } of answer.events) this.count(name);
    checkSums(this.world.state, call.description);
    return answer;
  }

  private async post(seconds: bigint): Promise<void> {
    this.world.pass(seconds);
    await this.step(this.world.post(0, this.price));
    await this.step(this.world.post(1, 40_000n * WAD));
  }

  private async deposit(account: AccountId, tokens: bigint, token = SETTLEMENT): Promise<void> {
    const amount = tokens * (token === SETTLEMENT ? UNIT : WAD);
    await this.step(this.world.actions(ownerOf(account), [{ kind: "Deposit", account, token, amount }]));
  }

  /** What the stake keeps, in settlement tokens. */
  private async leaveStake(tokens: bigint): Promise<void> {
    const account = accountIdOf(this.world.state.fund);
    const cash = this.world.state.accounts.get(account)!.cash / 10n ** 12n;
    const out: Action = { kind: "Withdraw", account, token: SETTLEMENT, amount: cash - tokens * UNIT, to: this.world.state.fund };
    expect(await this.step(this.world.actions(this.world.state.fund, [out]))).to.have.property("events");
  }

  /** As much of a few instruments as the margin of both allows: against who loses when the price moves. */
  private async load(id: AccountId, maker: AccountId, isRise: boolean): Promise<void> {
    const { world, random } = this;
    const side = isRise ? -1n : 1n;
    const legs: (readonly [bigint, bigint])[] = [[0n, side]];
    if (random.chance(0.7)) legs.push([named(0, 1, BigInt(3 + random.below(5)), isRise), -1n]);
    if (random.chance(0.4)) legs.push([named(0, 1, BigInt(2 + random.below(4)), !isRise), random.chance(0.5) ? 1n : -1n]);
    if (random.chance(0.6)) legs.push([named(0, 1, STRIKE_ZERO), side]);
    if (random.chance(0.3)) legs.push([1n, side]);
    const chosen = legs.map(([instrument, sign]) => ({ instrument, lots: sign * BigInt(100_000 + random.below(900_000)) }));
    for (let part = 16n; part > 0n; part /= 2n) {
      const fills = chosen.map(({ instrument, lots }) => {
        const { mark } = marketOf(new Draft(world.state), instrument);
        const scaled = instrument === 1n ? (lots * part) / 200n : (lots * part) / 16n;
        return { maker, instrument, lots: scaled, price: mark, takerFee: 0n, makerFee: 0n };
      });
      world.pass(1n);
      const call = world.actions(ownerOf(id), [tradeOf(id, fills)]);
      const outcome = world.attempt(call);
      if (outcome instanceof Reverted || outcome.events.some(({ name }) => name === "FillSkipped")) continue;
      return void (await this.step(call));
    }
  }

  private async open(): Promise<void> {
    const { world } = this;
    const expiry = world.state.now + 30n * DAY;
    await this.step(world.list(0, { series: 1n, expiry, ...LISTING }));
    await this.post(1n);
    const { now } = world.state;
    const report: VolatilityReport = {
      sliceWord: sliceOf(0.6, Number(spanAt(expiry, now + 1n))),
      basis: 1_000_000n,
      publishTime: now + 1n,
    };
    await this.step(world.slice(0, 1, report));
    await this.step(world.refresh(0, 1));
  }
}

function figuresOf(state: State, id: AccountId): Assessment {
  return assess(portfolioOf(new Draft(state), id), termsAt(state.margin, state.now), false);
}

function isBelow(state: State, id: AccountId): boolean {
  const { equity, margin } = figuresOf(state, id);
  return equity < partUp(margin, termsAt(state.margin, state.now).maintenance);
}

function lotsIn(state: State, id: AccountId): bigint {
  const account = state.accounts.get(id);
  if (account === undefined) return 0n;
  return abs(lotsOf(account, 0)) + (account.series.get(0) ?? []).reduce((sum, { lots }) => sum + abs(lots), 0n);
}

/** Sizes of every instrument sum to zero, and open interest is what is held. */
function checkSums({ underlyings, accounts }: State, what: string): void {
  for (const [index, { series, funding }] of underlyings.entries()) {
    const sums = new Map<bigint, bigint>();
    let [longs, held] = [0n, 0n];
    for (const account of accounts.values()) {
      const dated = account.series.get(index) ?? [];
      for (const each of [{ instrument: 0n, lots: lotsOf(account, index) }, ...dated]) {
        sums.set(each.instrument, (sums.get(each.instrument) ?? 0n) + each.lots);
        longs += countedUp(each);
      }
      held += dated.reduce((sum, { lots }) => sum + abs(lots), 0n);
    }
    expect(
      [...sums.values()].every((sum) => sum === 0n),
      what,
    ).to.equal(true);
    expect([funding.openInterest, [...series.values()].reduce((sum, { surface }) => sum + surface.openInterest, 0n)], what).to.deep.equal([
      longs,
      held,
    ]);
  }
}
