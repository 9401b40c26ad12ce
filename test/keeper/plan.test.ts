import { expect } from "chai";
import { vaultFields } from "../../src/deployment/vaultSlots.ts";
import { liquidate } from "../../src/engine/actions/liquidate.ts";
import { accountIdOf, ownerOf } from "../../src/engine/types/accountId.ts";
import { Reverted } from "../../src/engine/types/errors.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import type { Account, AccountId, State } from "../../src/engine/types/types.ts";
import { gasCosts, gasExpected, rewardOf, weigh } from "../../src/keeper/economy.ts";
import { planFund } from "../../src/keeper/fundUpkeep.ts";
import { ACCOUNTS_IN_A_BATCH, inBatches, planLiquidations, planShedding } from "../../src/keeper/plan.ts";
import { PassingFailure } from "../../src/sdk/failure.ts";
import { EXCHANGE_SINCE } from "../../src/sdk/readState.ts";
import { figuresOf, standings } from "../../src/sdk/standing.ts";
import { Random } from "../helpers/random.ts";
import { fund, short } from "../helpers/shortFund.ts";
import { BOB, bob, carol, deposit, emptyState, FUND, later, repriced, trade } from "../helpers/state.ts";

const MARK = 2n * 10n ** 16n;
const LOTS = 500_000n; // 10,000 settlement tokens
const KEEPER = `0x${"ee".repeat(20)}`;

/** Trader `i`, an account of its own. */
function traderOf(i: number): { owner: string; id: AccountId } {
  const owner = `0x${(0x7000 + i).toString(16).padStart(40, "0")}`;
  return { owner, id: accountIdOf(owner) };
}

/** Traders long `LOTS` against Bob, trader i with `margins[i]` settlement tokens. */
function crowd(margins: readonly number[], base: State = emptyState()): State {
  let state = deposit(base, BOB, bob, 1_000_000n * WAD);
  for (const [i, margin] of margins.entries()) {
    const { owner, id } = traderOf(i);
    state = deposit(state, owner, id, BigInt(margin) * WAD);
    state = trade(state, id, bob, LOTS);
  }
  return state;
}

function freeze(value: unknown): void {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return;
  if (value instanceof Map) {
    for (const each of value.values()) freeze(each);
    return;
  }
  Object.freeze(value);
  for (const each of Object.values(value)) freeze(each);
}

const planned = (state: State): AccountId[] => planLiquidations(state).map(({ account }) => account);
const ids = (...numbers: number[]): AccountId[] => numbers.map((i) => traderOf(i).id);

/** With the price of the first underlying changed, posted now. */
function changed(state: State, change: Partial<State["underlyings"][number]>): State {
  return { ...state, underlyings: state.underlyings.map((each, i) => (i === 0 ? { ...each, ...change } : each)) };
}

describe("planLiquidations", () => {
  const fallen = repriced(crowd([1_400, 1_900, 1_300, 4_000, 1_200]), 0, (MARK * 94n) / 100n);

  it("default: everybody below the line, the least healthy first", () => {
    expect(planned(fallen)).to.deep.equal(ids(4, 2, 0));
    const healths = planLiquidations(fallen).map(({ health }) => health ?? 0n);
    expect([...healths].sort((a, b) => Number(a - b))).to.deep.equal(healths);
    expect(planned(crowd([1_400, 1_900]))).to.deep.equal([]);
  });

  it("behavior: pure: it changes nothing of what it is given and says the same again", () => {
    freeze(fallen);
    expect(planLiquidations(fallen)).to.deep.equal(planLiquidations(fallen));
  });

  it("behavior: exactly at the line is above it, a unit less is below", () => {
    const { owner, id } = traderOf(4);
    const { equity, margin } = figuresOf(fallen, id);
    const missing = (margin * 8n + 9n) / 10n - equity;
    expect(planned(deposit(fallen, owner, id, missing - 1n))).to.include(id);
    expect(planned(deposit(fallen, owner, id, missing))).to.not.include(id);
  });

  it("behavior: the insolvent come first, the fund's accounts never", () => {
    const crashed = repriced(crowd([1_400, 1_900, 4_000]), 0, (MARK * 60n) / 100n);
    const { outcome } = { outcome: liquidate(crashed, traderOf(0).id, bob) };
    const after = outcome.state;
    const fund = accountIdOf(FUND, 1n);
    expect(figuresOf(after, fund).equity < figuresOf(after, fund).margin, "the fund account is below").to.equal(true);
    expect(planned(after)).to.deep.equal(ids(1, 2));
    expect(standings(after).some(({ account }) => ownerOf(account) === FUND)).to.equal(false);
  });

  it("H-71 behavior: at a doubtful price, of a position or of collateral, just those whom the vault does not spare; nobody in an outage", () => {
    expect(planned(changed(fallen, { priceTime: fallen.now - 60n })).length).to.equal(3);
    for (const change of [{ priceTime: fallen.now - 61n }, { priceTime: fallen.now - 9_000n }, { priceState: 1n }, { priceState: 2n }]) {
      const state = changed(fallen, change);
      const sold = [...fallen.accounts.keys()].filter((id) => {
        try {
          return ownerOf(id) !== FUND && liquidate(state, id, bob).fraction > 0n;
        } catch (error) {
          if (!(error instanceof Reverted)) throw error;
          return false;
        }
      });
      expect(planned(state).sort()).to.deep.equal(sold.sort());
    }
    // trader 4 brings a unit of collateral whose price is old: it spares nobody
    const { owner, id } = traderOf(4);
    const mixed = deposit(fallen, owner, id, 1n, 1);
    const stale = { ...mixed, underlyings: mixed.underlyings.map((each, i) => (i === 1 ? { ...each, priceTime: mixed.now - 61n } : each)) };
    expect(planned(stale)).to.deep.equal(planned(fallen));
    expect(planned({ ...fallen, outage: { since: 1n, until: 2n } })).to.deep.equal([]);
  });

  it("behavior: just those whom the vault would sell, over random crowds and prices", () => {
    const random = new Random(77);
    let [sold, refused] = [0, 0];
    for (let round = 0; round < 25; round++) {
      const margins = Array.from({ length: 6 }, () => 1_250 + random.below(3_000));
      const state = repriced(crowd(margins), 0, random.part(MARK, 0.75, 1.1));
      const plan = new Set(planned(state));
      for (const i of margins.keys()) {
        const { id } = traderOf(i);
        try {
          liquidate(state, id, bob);
          expect(plan.has(id), `round ${round}, trader ${i} is sold`).to.equal(true);
          sold++;
        } catch (error) {
          if (!(error instanceof Reverted)) throw error;
          expect(error.errorName).to.equal("AccountHealthy");
          expect(plan.has(id), `round ${round}, trader ${i} is not`).to.equal(false);
          refused++;
        }
      }
    }
    expect(sold).to.be.greaterThan(30);
    expect(refused).to.be.greaterThan(30);
  });
});

describe("inBatches", () => {
  it("default: all of them once, in order, none too long, none empty", () => {
    for (const count of [0, 1, ACCOUNTS_IN_A_BATCH - 1, ACCOUNTS_IN_A_BATCH, ACCOUNTS_IN_A_BATCH + 1, 3 * ACCOUNTS_IN_A_BATCH]) {
      const items = Array.from({ length: count }, (_, i) => i);
      const batches = inBatches(items);
      expect(batches.flat()).to.deep.equal(items);
      expect(batches.length).to.equal(Math.ceil(count / ACCOUNTS_IN_A_BATCH));
      expect(batches.every((each) => each.length > 0 && each.length <= ACCOUNTS_IN_A_BATCH)).to.equal(true);
    }
    expect(inBatches([1, 2, 3], 2)).to.deep.equal([[1, 2], [3]]);
  });
});

describe("planShedding", () => {
  const makers = [traderOf(20), traderOf(21)];
  const makerIds = makers.map(({ id }) => id);

  /** The fund account holds what trader 0 lost; two makers with money, the second with more. */
  function inventory(): State {
    let state = repriced(crowd([1_200]), 0, (MARK * 92n) / 100n);
    state = liquidate(state, traderOf(0).id, bob).state;
    for (const [i, { owner, id }] of makers.entries()) state = deposit(state, owner, id, BigInt(50_000 * (i + 1)) * WAD);
    return state;
  }

  it("default: as large a part as of the time has passed, all of it at the end", () => {
    const state = inventory();
    const { shedTime } = state.fundParameters;
    for (const [elapsed, fraction] of [
      [shedTime / 4n, WAD / 4n],
      [shedTime, WAD],
      [shedTime * 5n, WAD],
    ] as const) {
      expect(planShedding(later(state, elapsed), makerIds)).to.deep.equal([{ underlying: 0, taker: makerIds[1], fraction }]);
    }
  });

  it("behavior: nothing at once, nothing without inventory, without makers or at a price that is not normal", () => {
    const state = inventory();
    expect(planShedding(state, makerIds)).to.deep.equal([]);
    const ripe = later(state, 600n);
    expect(planShedding(ripe, [])).to.deep.equal([]);
    expect(planShedding(changed(ripe, { priceState: 1n }), makerIds)).to.deep.equal([]);
    expect(planShedding(later(crowd([4_000]), 600n), makerIds)).to.deep.equal([]);
  });

  it("behavior: no more than the maker can carry, and a part of the freest", () => {
    const state = later(inventory(), 600n);
    const [small] = makerIds;
    if (small === undefined) throw new Error("makers");
    const poor = deposit(state, `0x${"dd".repeat(20)}`, accountIdOf(`0x${"dd".repeat(20)}`), 100n * WAD);
    const [only] = planShedding(poor, [accountIdOf(`0x${"dd".repeat(20)}`)]);
    expect(only?.fraction ?? 0n).to.be.greaterThan(0n);
    expect(only?.fraction ?? WAD).to.be.lessThan(WAD);
    freeze(state);
    expect(planShedding(state, makerIds)[0]?.taker).to.equal(makerIds[1]);
    expect(planShedding(state, [...makerIds].reverse())[0]?.taker).to.equal(makerIds[1]);
  });
});

describe("what a sale is worth", () => {
  const fallen = repriced(crowd([1_400, 1_900, 1_300, 4_000, 1_200]), 0, (MARK * 94n) / 100n);
  const accounts = planned(fallen);
  const rewards = accounts.map((account) => rewardOf(fallen, account, bob) ?? 0n);
  const earned = rewards.reduce((sum, reward) => sum + reward, 0n);
  const gas = 50_000n + accounts.reduce((sum, account) => sum + gasExpected(fallen, account), 0n);

  it("default: all are sold where gas costs nothing, nobody where it costs more than they earn", () => {
    expect(rewards.every((reward) => reward > 0n)).to.equal(true);
    expect(weigh(fallen, accounts, bob, { ofGas: 0n, floor: 0n })).to.deep.equal({ worth: accounts, unprofitable: [] });
    const dear = weigh(fallen, accounts, bob, { ofGas: earned, floor: 0n });
    expect(dear.worth).to.deep.equal([]);
    expect(dear.unprofitable.map(({ account, reward }) => [account, reward])).to.deep.equal(
      accounts.map((account, i) => [account, rewards[i]]),
    );
  });

  it("behavior: to the unit: with what is left over the gas as the floor a batch goes, with a unit more it does not; a loss up to the floor is borne", () => {
    const ofGas = earned / gas / 2n;
    const left = earned - gas * ofGas;
    expect(weigh(fallen, accounts, bob, { ofGas, floor: left }).worth).to.deep.equal(accounts);
    expect(weigh(fallen, accounts, bob, { ofGas, floor: left + 1n }).worth).to.deep.equal([]);
    const loss = 3n * earned;
    const twice = (earned * 2n) / gas;
    expect(weigh(fallen, accounts, bob, { ofGas: twice, floor: 0n }).worth).to.deep.equal([]);
    expect(weigh(fallen, accounts, bob, { ofGas: twice, floor: -loss }).worth).to.deep.equal(accounts);
  });

  it("behavior: who adds more gas than reward is left out, the others go; whom the engine does not know goes along", () => {
    const [worst] = [...rewards].sort((a, b) => Number(a - b));
    const spread = rewards.filter((reward) => reward !== worst).length;
    const ofGas = (worst ?? 0n) / 25_000n;
    const { worth, unprofitable } = weigh(fallen, accounts, bob, { ofGas, floor: -earned });
    expect(worth.length + unprofitable.length).to.equal(accounts.length);
    expect(weigh(fallen, accounts, bob, { ofGas, floor: 0n }).unprofitable.length).to.be.at.least(accounts.length - spread);
    const unknown = accountIdOf(`0x${"99".repeat(20)}`);
    expect(weigh(fallen, [unknown], bob, { ofGas: WAD, floor: WAD }).worth).to.deep.equal([unknown]);
  });

  it("behavior: gas costs what the node says at the price of what it is paid with; where either is not known nothing is weighed", async () => {
    const rpc = async (): Promise<unknown> => "0x3b9aca00"; // a gwei
    const costs = await gasCosts(rpc, () => 2_000n * WAD, 5n)(fallen);
    expect(costs).to.deep.equal({ ofGas: 2_000n * 10n ** 9n, floor: 5n });
    expect(await gasCosts(rpc, () => undefined, 5n)(fallen)).to.equal(undefined);
    const busy = (): Promise<unknown> => Promise.reject(new PassingFailure("busy"));
    expect(await gasCosts(busy, () => WAD, 5n)(fallen)).to.equal(undefined);
  });
});

describe("what the fund needs", () => {
  it("behavior: a fund account that lacks margin is topped up once out of the stake, and not for a little", () => {
    const fallen = repriced(crowd([1_400, 1_300, 1_200]), 0, (MARK * 94n) / 100n);
    let state = fallen;
    for (const account of planned(fallen)) state = liquidate(state, account, bob).state;
    const topped = planFund(state, KEEPER);
    expect(topped.tasks).to.deep.equal([{ kind: "topUp", underlying: 0 }]);
    const at = (percent: bigint): typeof topped => planFund(repriced(topped.state, 0, (MARK * percent) / 1_000n), KEEPER);
    expect(at(940n).tasks).to.deep.equal([]);
    expect(at(939n).tasks, "a little less than its margin is missing all the time").to.deep.equal([]);
    const fell = at(880n);
    expect(fell.tasks).to.deep.equal([{ kind: "topUp", underlying: 0 }]);
    expect(planFund(fell.state, KEEPER).tasks).to.deep.equal([]);
  });

  it("I-10 behavior: what the stake cannot pay starts the water-line, then closes who is above it, and once nothing is lacking it is cleared", () => {
    const state = short(1_000n * WAD);
    freeze(state);
    const first = planFund(state, KEEPER);
    expect(first.tasks).to.deep.equal([{ kind: "topUp", underlying: 0 }]);
    expect(planFund(first.state, KEEPER).tasks, "nobody is above the line yet").to.deep.equal([]);
    // bob has four times carol's leverage
    const second = planFund(later(first.state, 600n), KEEPER);
    expect(second.tasks).to.deep.equal([{ kind: "deleverage", underlying: 0, accounts: [bob] }]);
    expect(second.state.waterLines.has(0)).to.equal(true);
    const turns = [second];
    while (turns.at(-1)!.state.waterLines.has(0) && turns.length < 100) turns.push(planFund(later(turns.at(-1)!.state, 600n), KEEPER));
    const { state: done } = turns.at(-1)!;
    expect(done.waterLines.has(0), `after ${turns.length} turns`).to.equal(false);
    const { equity, margin } = figuresOf(done, fund, false);
    expect(equity >= margin).to.equal(true);
    expect(planFund(done, KEEPER).tasks).to.deep.equal([]);
  });

  it("I-15 behavior: a shortage that nobody is above is looked at twice a day, and one that is over ends its line", () => {
    const { state } = planFund(short(1_000n * WAD), KEEPER);
    const alone = { ...state, accounts: new Map([...state.accounts].filter(([id]) => id !== bob && id !== carol)) };
    const half = later(alone, 43_200n);
    expect(planFund(half, KEEPER).tasks).to.deep.equal([]);
    const looked = planFund(later(half, 1n), KEEPER);
    expect(looked.tasks).to.deep.equal([{ kind: "topUp", underlying: 0 }]);
    expect(looked.state.waterLines.get(0)!.time > alone.now, "and is not forgotten").to.equal(true);
    // the price rises, and the fund's account is long
    const risen = repriced(later(state, 60n), 0, (MARK * 120n) / 100n);
    const { tasks, state: over } = planFund(risen, KEEPER);
    expect(tasks).to.deep.equal([{ kind: "deleverage", underlying: 0, accounts: [] }]);
    expect(over.waterLines.size).to.equal(0);
  });

  it("I-10 behavior: accounts that cannot be closed, however many and however high, do not hide those that can", () => {
    const { state: started } = planFund(short(1_000n * WAD), KEEPER);
    const state = later(started, 600n);
    const like = state.accounts.get(bob)!;
    // opposite to the fund and worth less than nothing, as those are that nobody earns their gas with
    const hollow = Array.from({ length: 60 }, (_, i) => ({ ...like, id: traderOf(i).id, cash: like.cash - 10n ** 9n * WAD }));
    const crowded = { ...state, accounts: new Map([...hollow.map((each) => [each.id, each] as const), ...state.accounts]) };
    expect(planFund(crowded, KEEPER).tasks).to.deep.equal([{ kind: "deleverage", underlying: 0, accounts: [bob] }]);
  });

  it("behavior: the clock of who owes settlement tokens is started once, and stopped when he owes none", () => {
    const { owner, id } = traderOf(0);
    const owing = deposit(emptyState(), owner, id, 10n ** 8n, 1); // a token, worth 40,000
    const having = (change: Partial<Account>): State => ({
      ...owing,
      accounts: new Map(owing.accounts).set(id, { ...owing.accounts.get(id)!, ...change }),
    });
    const declare = { kind: "declare", account: id, underlying: 1 } as const;
    const owed = { cash: -10_000n * WAD };
    expect(planFund(having(owed), KEEPER).tasks).to.deep.equal([declare]);
    expect(planFund(having({ ...owed, exchangeSince: owing.now }), KEEPER).tasks, "it runs").to.deep.equal([]);
    expect(planFund(having({ cash: 0n, exchangeSince: owing.now }), KEEPER).tasks).to.deep.equal([declare]);
    expect(planFund(having({ cash: 0n }), KEEPER).tasks).to.deep.equal([]);
  });

  it("default: the place of that clock is that of the vault's storage", () => {
    expect(vaultFields().indexOf("exchangeSince")).to.equal(EXCHANGE_SINCE);
  });
});
