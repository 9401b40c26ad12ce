import { expect } from "chai";
import { check } from "../../../src/checker/checker.ts";
import type { Action } from "../../../src/engine/actions/execute.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { lotsOf } from "../../../src/engine/ledger/ledger.ts";
import { marketOf } from "../../../src/engine/ledger/market.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { poolAccountOf } from "../../../src/engine/pool/pool.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import { abs, sum, WAD } from "../../../src/engine/types/fixedPoint.ts";
import { STRIKE_ZERO } from "../../../src/engine/types/instrument.ts";
import type { AccountId, Assessment } from "../../../src/engine/types/types.ts";
import { SETTLEMENT } from "../../../src/engine/types/types.ts";
import { deposit, fill, open, PRICES, post, trade } from "../../helpers/comboWorld.ts";
import { PoolChain } from "../../helpers/walks/poolChain.ts";
import { type Answer, type Call, named } from "../../helpers/walks/seriesChain.ts";

const TOKEN = 10n ** 6n;
const ETHER = 100_000n; // lots
const WEIGHTS = [500_000n, 300_000n];

interface Portfolio {
  readonly title: string;
  readonly capital: bigint; // of the pool, tokens: its limit is less than what is shed
  readonly dust: bigint; // WAD: what valuing options live, each account by itself, may differ by in the sum; less than a unit a lot
  readonly legs: readonly (readonly [bigint, bigint])[];
}

/** What the loser holds against the winner: instruments and lots. All of it loses when the price falls. */
const PORTFOLIOS: readonly Portfolio[] = [
  { title: "a perpetual", capital: 4_000n, dust: 0n, legs: [[0n, 10n * ETHER]] },
  {
    title: "options, a dated future and a perpetual",
    capital: 2_000n,
    dust: 10n ** 6n,
    legs: [
      [0n, 4n * ETHER],
      [named(0, 1, 4n, false), -5n * ETHER],
      [named(0, 1, 7n, true), 2n * ETHER],
      [named(0, 1, STRIKE_ZERO), 2n * ETHER],
    ],
  },
];

describe("the order of losses, on the chain and in the engine", function () {
  this.timeout(600_000);

  for (const portfolio of PORTFOLIOS) {
    it(`I-10 I-15 I-16 ${portfolio.title}: account, fund account, pool, deleveraging`, async () => {
      await new Scenario(await PoolChain.create(4, WEIGHTS)).run(portfolio);
    });
  }
});

/** What the main stake gave in a top-up. */
function drawnBy(answer: Answer): bigint {
  if ("reverted" in answer) return 0n;
  return sum(answer.events.filter(({ name }) => name === "FundToppedUp").map(({ values }) => BigInt(values.amount!)));
}

class Scenario {
  private readonly world: PoolChain;
  private price = PRICES[0];

  constructor(world: PoolChain) {
    this.world = world;
  }

  async run({ capital, dust, legs }: Portfolio): Promise<void> {
    const { world } = this;
    const { chain } = world;
    const [loser, winner, second, keeper] = chain.owners.map((owner) => accountIdOf(owner)) as [AccountId, AccountId, AccountId, AccountId];
    const fund = chain.fundAccounts[1]!;
    const stake = chain.fundAccounts[0]!;
    const caller = ownerOf(keeper);

    await open(chain, 1, 30n);
    await this.step(chain.post(1, PRICES[1]));
    await deposit(chain, loser, 3_500n);
    await deposit(chain, second, 3_500n);
    await deposit(chain, winner, 12_000n);
    await this.step(world.deposit(caller, capital * TOKEN));
    await this.step(world.rebalance(caller, 0));
    await this.fresh();
    for (const [taker, part] of [
      [loser, 1n],
      [second, 1n],
    ] as const) {
      const fills = legs.map(([instrument, lots]) => fill(chain, winner, instrument, lots * part));
      expect((await trade(chain, taker, fills)).filter((name) => name !== "Filled").join(" "), "trade").to.not.include("Skipped");
    }
    await this.leaveStake(3_000n);
    const everybody = [...chain.accounts, ...chain.fundAccounts, ...[0, 1].map((underlying) => poolAccountOf(world.pool, underlying))];
    const worth = (ids: readonly AccountId[], seconds = 0n): bigint => sum(ids.map((id) => this.figures(id, seconds).value));
    let level = 0n; // of the water-line that runs
    /** What a call at one set of prices moves between accounts: nothing comes of nothing but a deficit. */
    const exact = async (call: Call): Promise<Answer> => {
      const [was, deficit] = [worth(everybody, 1n), chain.state.deficit];
      const answer = await this.step(call);
      if ("events" in answer && answer.events.some(({ name }) => name === "WaterLineStarted")) level = 0n;
      const created = worth(everybody) - was - (chain.state.deficit - deficit);
      expect(abs(created) <= dust, `I-1 ${call.description}: ${created}`).to.equal(true);
      return answer;
    };

    // 1. the account: nothing of what comes later can be had while it bears its own
    while (!this.holds(fund)) {
      expect(await this.step(chain.topUp(0)), "I-10").to.deep.equal({ reverted: "FundAccountSolvent" });
      expect(await this.step(world.takeShed(caller, 0, WAD))).to.deep.equal({ reverted: "FundAccountEmpty" });
      expect(await this.step(chain.deleverage(caller, 0, [winner])), "I-15").to.deep.equal({ reverted: "FundAccountEmpty" });
      await this.fall(985n);
      await exact(chain.liquidate(loser, keeper));
    }
    expect(this.figures(loser).value > 0n && this.figures(fund).value > 0n, "I-10").to.equal(true);

    // 2. the fund account, and the main stake for what it lacks: to the unit, and nobody else while it gives that
    const { margin, equity } = this.figures(fund, 1n);
    const cash = chain.state.accounts.get(stake)!.cash;
    let drawn = drawnBy(await exact(chain.topUp(0)));
    expect(drawn).to.equal(margin - equity);
    expect(cash - chain.state.accounts.get(stake)!.cash).to.equal(drawn);
    expect(this.figures(fund).equity, "I-10").to.equal(this.figures(fund).margin);
    expect(chain.state.waterLines.size, "I-15").to.equal(0);
    expect(await this.step(chain.deleverage(caller, 0, [winner])), "I-15").to.deep.equal({ reverted: "FundAccountSolvent" });
    while (chain.state.waterLines.size === 0) {
      await this.fall(985n);
      for (const id of [loser, second]) await exact(chain.liquidate(id, keeper));
      drawn += drawnBy(await exact(chain.topUp(0)));
    }
    // a fifth of the stake an epoch, and not a unit more: what was drawn is kept in whole units of its word
    const most = 600n * WAD;
    expect(drawn <= most && most - drawn < 10n ** 12n, "I-16").to.equal(true);
    expect(this.figures(fund).equity < this.figures(fund).margin, "I-10").to.equal(true);

    // 3. the pool, up to its limit, before anybody's position is closed
    const pool = poolAccountOf(world.pool, 0);
    let taken = 0;
    for (let tries = 0; ; tries++) {
      expect(tries, "the pool never came to its limit").to.be.lessThan(12);
      const was = worth([fund, pool], 1n);
      const answer = await this.step(world.takeShed(caller, 0, WAD / 3n));
      expect(abs(worth([fund, pool]) - was) <= dust).to.equal(true);
      if ("events" in answer) taken++;
      else if (answer.reverted === "PoolMarginAboveLimit") break;
      const closed = await exact(chain.deleverage(caller, 0, [winner]));
      if ("events" in closed) expect(closed.events.map(({ name }) => name)).to.not.include("Deleveraged");
      chain.pass(100n);
      await this.fresh();
    }
    expect(taken).to.be.greaterThan(0);
    expect(this.holds(pool) && chain.state.deficit === 0n, "I-10").to.equal(true);

    // 4. deleveraging: who is named is closed between mark and bankruptcy, and what he concedes is what the fund account gets
    let closings = 0;
    for (let tries = 0; closings < 3; tries++) {
      expect(tries, "nobody was closed").to.be.lessThan(30);
      chain.pass(240n);
      await this.fall(985n);
      for (const id of [loser, second]) await exact(chain.liquidate(id, keeper));
      const before = chain.state;
      const was = this.figures(fund, 1n).value;
      const answer = await exact(chain.deleverage(caller, 0, [winner]));
      if (!("events" in answer)) break;
      for (const { name, values } of answer.events) {
        if (name !== "Deleveraged") continue;
        closings++;
        const { mark } = marketOf(new Draft({ ...before, now: before.now + 1n }), BigInt(values.instrument!));
        const [size, at] = [BigInt(values.lots!), BigInt(values.price!)];
        expect(size > 0n ? at <= mark : at >= mark, "I-15").to.equal(true);
        expect(abs(size) * abs(at - mark) <= (was < 0n ? -was : 0n), "I-15").to.equal(true);
      }
      expect(chain.state.deficit, "I-10").to.equal(0n);
      const now = chain.state.waterLines.get(0)?.level ?? 0n;
      expect(level === 0n || now <= level, "I-15").to.equal(true);
      level = now;
    }
    expect(closings).to.be.greaterThan(0);

    // from events alone: what everybody holds, and what the vault owes
    const rpc = (method: string, params: readonly unknown[]): Promise<unknown> => chain.chain.request(method, [...params]);
    const verdict = await check(rpc, chain.chain.vaultAddress, chain.deployment.vault.interface);
    expect([verdict.replayDifferences, verdict.vaultMinusClaims], "I-1").to.deep.equal([0, "0"]);
  }

  /** Priced live, now or when the next call is made. */
  private figures(id: AccountId, seconds = 0n): Assessment {
    const state = { ...this.world.chain.state, now: this.world.chain.state.now + seconds };
    return assess(portfolioOf(new Draft(state), id), termsAt(state.margin, state.now), false);
  }

  private holds(id: AccountId): boolean {
    const account = this.world.chain.state.accounts.get(id);
    return account !== undefined && (lotsOf(account, 0) !== 0n || (account.series.get(0) ?? []).length !== 0);
  }

  private step(call: Call): Promise<Answer> {
    return this.world.step(call);
  }

  /** Prices and words of now. */
  private async fresh(): Promise<void> {
    const { chain } = this.world;
    await this.step(chain.post(0, this.price));
    await this.step(chain.post(1, PRICES[1]));
    await post(chain, 1);
    await this.step(chain.refresh(0, 1));
  }

  private async fall(thousandths: bigint): Promise<void> {
    this.price = (this.price * thousandths) / 1_000n;
    this.world.chain.pass(20n);
    await this.fresh();
  }

  private async leaveStake(tokens: bigint): Promise<void> {
    const { chain } = this.world;
    const { fund } = chain.state;
    const account = accountIdOf(fund);
    const amount = chain.state.accounts.get(account)!.cash / 10n ** 12n - tokens * TOKEN;
    const out: Action = { kind: "Withdraw", account, token: SETTLEMENT, amount, to: fund };
    expect(await this.step(chain.actions(fund, [out]))).to.have.property("events");
  }
}
