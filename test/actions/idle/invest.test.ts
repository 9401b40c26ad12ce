import { expect } from "chai";
import { describe, it } from "mocha";
import { declareExchange, exchangeCollateral } from "../../../src/engine/actions/exchange.ts";
import { shedFund, topUpFund } from "../../../src/engine/actions/fund.ts";
import { postRate, refreshSupplyCap } from "../../../src/engine/actions/invest.ts";
import { liquidate, liquidateTo } from "../../../src/engine/actions/liquidate.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { shedsAtBoth } from "../../../src/engine/margin/marginRule.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { balanceSheetOf, ratios } from "../../../src/engine/margin/ratios.ts";
import { ratiosHold, TO_INVEST, TO_KEEP } from "../../../src/engine/math/idle/stableFunding.ts";
import { accountIdOf } from "../../../src/engine/types/accountId.ts";
import { max, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId, Portfolio, State } from "../../../src/engine/types/types.ts";
import { ALICE, alice, bob, CAROL, carol, claimsOf, deposit, FUND, later, repriced, trade } from "../../helpers/state.ts";
import {
  cashOf,
  divested,
  divestedFor,
  executed,
  invested,
  LIQUID_STAKE,
  PEOPLE,
  ratePosted,
  STRATEGY,
  sampledForADay,
  sampledNow,
  sharesOf,
  strategyWorld,
  type World,
  waited,
} from "../../helpers/strategyWorld.ts";

const START = strategyWorld();
const KEEPER = accountIdOf(`0x${"ee".repeat(20)}`);
const invest = (account: AccountId, amount: bigint, leastShares = 0n) =>
  ({ kind: "Invest", account, token: STRATEGY, amount, leastShares }) as const;

function figures(state: State, account: AccountId, opening = false) {
  const portfolio = portfolioOf(new Draft(state), account);
  return assess(opening ? (portfolio.lower ?? portfolio) : portfolio, termsAt(state.margin, state.now), opening);
}

/** I-1 and I-3 with shares: claims are tokens and deficit, the vault holds what accounts have. */
function expectSolvent({ state }: World): void {
  expect(claimsOf(state)).to.equal(state.settlement + state.deficit);
  for (const [token, { supply }] of state.collaterals.entries()) {
    const held = [...state.accounts.values()].reduce((sum, { collateral }) => sum + (collateral.get(token) ?? 0n), 0n);
    expect(held).to.equal(supply);
  }
}

const withStrategy = (world: World, changes: Partial<World["strategy"]>): World => ({
  ...world,
  strategy: { ...world.strategy, ...changes },
});

/** The loss of a part of the strategy, ppm, and its two readings. */
function lost(world: World, ppm: bigint): World {
  const fallen = ratePosted(withStrategy(world, { assets: (world.strategy.assets * (1_000_000n - ppm)) / 1_000_000n }));
  return ratePosted(waited(fallen, 60n));
}

describe("investing", () => {
  it("default: cash becomes shares and back, exact on both sides of the ledger", () => {
    const rich = invested(START, alice, 100_000n * WAD);
    expect([cashOf(rich, alice), sharesOf(rich, alice)]).to.deep.equal([900_000n * WAD, 100_000n * WAD]);
    expect(rich.state.settlement).to.equal(START.state.settlement - 100_000n * WAD);
    expectSolvent(rich);
    const { equity, margin } = figures(rich.state, alice);
    expect([equity, margin]).to.deep.equal([998_000n * WAD, 500n * WAD]);
    const back = divested(rich, alice, 100_000n * WAD);
    expect([cashOf(back, alice), sharesOf(back, alice)]).to.deep.equal([1_000_000n * WAD, 0n]);
    expectSolvent(back);
  });

  it("behavior: it is refused like a withdrawal: below the margin, or with gains that are not settled", () => {
    const open = { ...START, state: trade(START.state, alice, bob, 435_000_000n) };
    // 8.7 million of notional need 982,600; the haircut of what is invested is 18,000
    expect(() => invested(open, alice, 900_000n * WAD)).to.throw("MarginTooLow");
    const gained = { ...START, state: repriced(trade(START.state, alice, bob, 40_000_000n), 0, 4n * 10n ** 16n) };
    expect(() => invested(gained, alice, 1_650_000n * WAD)).to.throw("SettledCashTooLow");
    // nobody has posted for a while: money may come back, and not leave
    const old = invested({ ...START, state: trade(START.state, alice, bob, 1_000_000n) }, alice, 1_000n * WAD);
    const late = { ...old, state: { ...old.state, now: old.state.now + old.state.margin.tradingAge + 1n } };
    expect(() => invested(late, alice, 1_000n * WAD)).to.throw("RiskMayNotRise");
    expect(() => divested(late, alice, 1_000n * WAD)).to.not.throw();
    expect(() => invested({ ...gained, state: { ...gained.state, deficit: 1n } }, alice, WAD * 1_000n)).to.throw("DeficitOutstanding");
  });

  it("behavior: H-49 fewer shares than asked for, less money than asked for, too little, and too much are refused", () => {
    expect(() => executed(START, alice, invest(alice, 1_000n * WAD, 1_000n * WAD + 1n))).to.throw("SharesBelowLimit");
    // a donation has made a share dearer than what is invested
    const inflated = withStrategy(START, { assets: 10n ** 30n, shares: 1n });
    expect(() => invested(inflated, alice, 1_000n * WAD)).to.throw("SharesBelowLimit");
    const rich = invested(START, alice, 100_000n * WAD);
    const divest = { kind: "Divest", account: alice, token: STRATEGY, shares: 1_000n * WAD, leastAssets: 1_000n * WAD + 1n } as const;
    expect(() => executed(rich, alice, divest)).to.throw("AssetsBelowLimit");
    expect(() => invested(START, alice, 99n * WAD)).to.throw("CollateralTooSmall");
    expect(() => divested(rich, alice, 99_901n * WAD)).to.throw("CollateralTooSmall");
    expect(() => executed(START, alice, { ...invest(alice, WAD), token: LIQUID_STAKE })).to.throw("NotAStrategy");
    const capped = START.state.collaterals.map((each, i) => (i === STRATEGY ? { ...each, cap: 5n * WAD } : each));
    expect(() => invested({ ...START, state: { ...START.state, collaterals: capped } }, alice, 1_000n * WAD)).to.throw("SupplyCapExceeded");
  });

  it("behavior: whoever is not the owner needs the scope of trading, and a strategy that refuses stops nothing else", () => {
    expect(() => executed(START, bob, invest(alice, 1_000n * WAD))).to.throw("NotAuthorised");
    const queued = withStrategy(invested(START, alice, 100_000n * WAD), { queued: 10n ** 25n });
    expect(() => divested(queued, alice, 1_000n * WAD)).to.throw("ERC4626ExceededMaxRedeem");
    expect(() =>
      executed(queued, bob, { kind: "Withdraw", account: bob, token: 255, amount: 900_000n * WAD, to: `0x${"b0".repeat(20)}` }),
    ).to.not.throw();
    expect(() =>
      executed(queued, alice, { kind: "Withdraw", account: alice, token: STRATEGY, amount: 100_000n * WAD, to: ALICE }),
    ).to.not.throw();
  });

  it("behavior: a fall that waits counts for who opens or withdraws, and not for who is sold", () => {
    const rich = invested(START, alice, 900_000n * WAD);
    const fallen = ratePosted(withStrategy(rich, { assets: (rich.strategy.assets * 6n) / 10n }));
    expect(figures(fallen.state, alice).equity > 970_000n * WAD).to.equal(true);
    expect(figures(fallen.state, alice, true).equity < 640_000n * WAD).to.equal(true);
    expect(() => executed(fallen, alice, { kind: "Withdraw", account: alice, token: 255, amount: 10n * WAD, to: ALICE })).to.not.throw();
    expect(() => trade(fallen.state, alice, bob, 290_000_000n)).to.throw("MarginTooLow");
    expect(() => trade(rich.state, alice, bob, 290_000_000n)).to.not.throw();
  });

  it("behavior: a token that is worth more and more of an underlying hedges a short of it", () => {
    const held = deposit(START.state, ALICE, alice, 100n * WAD, LIQUID_STAKE);
    // 100 tokens are 110 of the underlying: 11 million lots
    const { margin } = figures(held, alice);
    const hedged = trade(held, alice, bob, -11_000_000n);
    const { price } = hedged.underlyings[0]!;
    const line = 11_000_000n * price;
    expect(figures(hedged, alice).value).to.equal(1_000_000n * WAD + line);
    // provision on both, funding and the size charge, and the charge between months: no scan
    expect(figures(hedged, alice).margin < (line * 4n) / 100n && margin > (line * 10n) / 100n).to.equal(true);
  });
});

describe("shares in a liquidation", () => {
  it("behavior: H-57 a strategy that pays nothing stops no liquidation: shares are handed over in kind", () => {
    let world = invested(START, alice, 900_000n * WAD);
    world = withStrategy({ ...world, state: trade(world.state, alice, bob, 200_000_000n) }, { queued: 10n ** 25n });
    const { price } = world.state.underlyings[0]!;
    const fallen = repriced(world.state, 0, (price * 83n) / 100n);
    const before = figures(fallen, alice);
    const { state, fraction } = liquidate(fallen, alice, KEEPER);
    expect(fraction > 0n && fraction < WAD).to.equal(true);
    const after = figures(state, alice);
    expect(after.equity * before.margin >= before.equity * after.margin).to.equal(true);
    // to an account of their own: a strategy's loss takes no capital of a market
    const fund = accountIdOf(FUND, 256n);
    expect(sharesOf({ ...world, state }, fund)).to.equal(900_000n * WAD - sharesOf({ ...world, state }, alice));
    expect(state.accounts.get(accountIdOf(FUND, 1n))!.collateral.size).to.equal(0);
    expect(state.stableFund!.inventorySince).to.equal(state.now);
    expectSolvent({ ...world, state });
    // it is topped up like any of the fund's, and its settled cash is cured by whoever divests it
    const topped = topUpFund(state, 255).state;
    expect(figures(topped, fund).equity >= figures(topped, fund).margin).to.equal(true);
    const cured = divestedFor({ state: topped, strategy: { ...world.strategy, queued: 0n } }, fund);
    expect(cashOf(cured, fund) >= 0n).to.equal(true);
    expectSolvent(cured);
  });

  it("behavior: who is below its line by a strategy's loss alone is sold, and what it lacks is borne by the stake", () => {
    const rich = invested(START, alice, 900_000n * WAD);
    for (const price of [18n, 17n]) {
      const open = { ...rich, state: repriced(trade(rich.state, alice, bob, 40_000_000n), 0, price * 10n ** 15n) };
      const world = lost(open, 980_000n);
      // at 17,000 an account without value: 100,000 of cash, 120,000 of losses and 18,000 of shares
      expect(figures(world.state, alice).value < 0n).to.equal(price === 17n);
      expect(() => liquidate(open.state, alice, KEEPER)).to.throw("AccountHealthy");
      const { state } = liquidate(world.state, alice, KEEPER);
      expectSolvent({ ...world, state });
      expect(figures(state, alice).value >= 0n).to.equal(true);
      expect(claimsOf(state)).to.equal(claimsOf(world.state));
      expect(state.deficit).to.equal(0n);
    }
  });
});

describe("a rate that may have moved", () => {
  it("behavior: a taker gets nothing at it, the fund does, and sheds the rest", () => {
    const held = deposit(START.state, ALICE, alice, 100n * WAD, LIQUID_STAKE);
    const open = repriced(trade(held, alice, bob, 400_000_000n), 0, 185n * 10n ** 14n);
    expect(() => liquidateTo(open, CAROL, alice, carol, WAD, 0n)).to.not.throw("RateNotGood");
    const unread = later(open, 90_000n);
    expect(() => liquidateTo(unread, CAROL, alice, carol, WAD, 0n)).to.throw("RateNotGood");
    const sold = liquidate(unread, alice, KEEPER).state;
    const fund = accountIdOf(FUND, 1n);
    const inventory = (state: State) => {
      const account = state.accounts.get(fund)!;
      return { lots: account.positions.get(0)!.lots, staked: account.collateral.get(LIQUID_STAKE) };
    };
    expect(inventory(sold).staked! > 0n).to.equal(true);
    const shed = inventory(shedFund(sold, CAROL, 0, carol, WAD / 10n, 0n).state);
    expect(shed.staked).to.equal(inventory(sold).staked);
    expect(shed.lots < inventory(sold).lots).to.equal(true);
    // read again, it goes with the rest
    const read = postRate(sold, LIQUID_STAKE, sold.collaterals[LIQUID_STAKE]!.rate!.rate).state;
    expect(inventory(shedFund(read, CAROL, 0, carol, WAD / 10n, 0n).state).staked! < inventory(sold).staked!).to.equal(true);
  });

  it("behavior: nobody buys in an exchange while a fall waits", () => {
    const rich = invested(START, alice, 900_000n * WAD);
    const short = { ...rich, state: repriced(trade(rich.state, alice, bob, 100_000_000n), 0, 18n * 10n ** 15n) };
    const declared = { ...short, state: declareExchange(short.state, alice).state };
    const buy = ({ state }: World) => exchangeCollateral(state, CAROL, alice, STRATEGY, 10_000n * WAD, carol);
    expect(() => buy(declared)).to.not.throw();
    expect(() => buy(ratePosted(withStrategy(declared, { assets: (rich.strategy.assets * 9n) / 10n })))).to.throw("RateNotGood");
  });

  it("behavior: what sheds risk does so at the stored rate and at the lower one", () => {
    const [book] = portfolioOf(
      new Draft(trade(deposit(START.state, ALICE, alice, 100n * WAD, LIQUID_STAKE), alice, bob, -11_000_000n)),
      alice,
    ).books;
    const terms = termsAt(START.state.margin, START.state.now);
    // shares of 220,000, or of 132,000 at the lower rate, against a short
    const at = (lots: bigint): Portfolio => {
      const cash = -lots * book!.price;
      const lower = { cash, books: [{ ...book!, lots, collateral: (book!.collateral * 6n) / 10n, haircut: (book!.haircut * 6n) / 10n }] };
      return { cash, books: [{ ...book!, lots }], lower };
    };
    const alone = ({ lower: _, ...stored }: Portfolio): Portfolio => stored;
    const [none, small, large] = [-2_000_000n, -6_600_000n, -11_000_000n].map(at) as [Portfolio, Portfolio, Portfolio];
    // nearer to the whole hedge at the stored rate, beyond it at the lower one
    expect(shedsAtBoth(alone(small), alone(large), terms)).to.equal(true);
    expect(shedsAtBoth(small, large, terms)).to.equal(false);
    expect(shedsAtBoth(large, small, terms)).to.equal(false);
    expect(shedsAtBoth(none, small, terms)).to.equal(true);
  });
});

describe("divestFor", () => {
  it("default: cures settled cash, no more, and the account bears the bounty alone", () => {
    let world = invested(START, alice, 900_000n * WAD);
    world = { ...world, state: repriced(trade(world.state, alice, bob, 100_000_000n), 0, 18n * 10n ** 15n) };
    // a loss of 200,000 on 100,000 of cash
    const before = figures(world.state, alice);
    const cured = divestedFor(world, alice, KEEPER);
    const bounty = 5n * 10n ** 16n;
    expect(sharesOf(cured, alice)).to.equal(800_000n * WAD - bounty);
    expect(cashOf(cured, KEEPER)).to.equal(bounty);
    const after = figures(cured.state, alice);
    expect(after.value).to.equal(before.value - bounty);
    expect(after.equity > before.equity && after.margin < before.margin).to.equal(true);
    expect(() => divestedFor(cured, alice)).to.throw("DivestNotDue");
    expectSolvent(cured);
  });

  it("behavior: not below 99.5 % of the stored rate, and of what little would be left all", () => {
    let world = invested(START, alice, 900_000n * WAD);
    world = { ...world, state: repriced(trade(world.state, alice, bob, 100_000_000n), 0, 18n * 10n ** 15n) };
    expect(() => divestedFor(withStrategy(world, { fee: 5_001n }), alice)).to.throw("AssetsBelowLimit");
    expect(() => divestedFor(withStrategy(world, { fee: 5_000n }), alice)).to.not.throw();
    const small = invested(START, alice, 100_000n * WAD);
    const owing = { ...small, state: repriced(trade(small.state, alice, bob, 100_000_000n), 0, 10_000_500_000_000_000n) };
    const cured = divestedFor(owing, alice);
    expect(sharesOf(cured, alice)).to.equal(0n);
  });

  it("behavior: a run while a strategy queues: the ratios fall short, who invested is divested until they hold, and no more", () => {
    let world = strategyWorld({ ...START.state.recorded!, stake: 500_000n * WAD });
    for (const [, account] of PEOPLE) world = invested(world, account, 120_000n * WAD);
    // three tenths of the cash leave, and the strategy keeps back all but 20,000
    const queued = world.strategy.assets - 20_000n * WAD;
    world = sampledForADay(withStrategy(world, { queued }));
    for (const [owner, account] of PEOPLE.slice(0, 2)) {
      world = executed(world, account, { kind: "Withdraw", account, token: 255, amount: 500_000n * WAD, to: owner });
    }
    const short = ratios(new Draft(world.state));
    expect(ratiosHold(short, TO_KEEP)).to.equal(true);
    world = { ...world, state: { ...world.state, recorded: { ...world.state.recorded!, stake: 300_000n * WAD } } };
    expect(ratiosHold(ratios(new Draft(world.state)), TO_KEEP)).to.equal(false);
    // while it queues nobody can be divested, and nothing else stops
    expect(() => divestedFor(withStrategy(world, { queued: world.strategy.assets }), alice)).to.throw("ERC4626ExceededMaxRedeem");
    expect(() => invested(world, carol, 1_000n * WAD)).to.throw("RatiosTooLow");
    world = withStrategy(world, { queued: 0n });
    const cured = divestedFor(world, alice);
    expect(ratiosHold(ratios(new Draft(cured.state)), TO_KEEP)).to.equal(true);
    expect(sharesOf(cured, alice) > 0n).to.equal(true);
    expect(ratiosHold(ratios(new Draft(cured.state)), TO_INVEST)).to.equal(false);
    expect(() => divestedFor(cured, bob)).to.throw("DivestNotDue");
    // while value is lost for good money does not come back for the sake of ratios
    expect(() => divestedFor({ ...world, state: { ...world.state, deficit: 1n } }, alice)).to.throw("DeficitOutstanding");
    expectSolvent(cured);
  });
});

describe("caps on the supply of collateral", () => {
  it("default: they grow as far as the ratios allow were they used, and fall with governance's alone", () => {
    const capped = (most: bigint, start: bigint, cap: bigint): State => ({
      ...START.state,
      collaterals: START.state.collaterals.map((each, i) => (i === LIQUID_STAKE ? { ...each, caps: { most, start }, cap } : each)),
    });
    const cap = (state: State): bigint => refreshSupplyCap(state, LIQUID_STAKE).state.collaterals[LIQUID_STAKE]!.cap;
    const most = 10n ** 25n;
    const grown = cap(capped(most, 0n, 0n));
    expect(grown > 0n && grown < most).to.equal(true);
    // at the cap both hold, and a hundredth more breaks one
    const filled = (held: bigint): boolean => {
      const sheet = START.state.collaterals.map((each, i) => (i === LIQUID_STAKE ? { ...each, supply: held } : each));
      return ratiosHold(ratios(new Draft({ ...START.state, collaterals: sheet })), TO_INVEST);
    };
    expect(filled(grown)).to.equal(true);
    expect(filled((grown * 101n) / 100n)).to.equal(false);
    expect(cap(capped(most, 7n * grown, 0n))).to.equal(7n * grown);
    expect(cap(capped(most, 0n, 9n * grown))).to.equal(9n * grown);
    expect(cap(capped(5n, 9n, 9n * grown))).to.equal(5n);
  });

  it("behavior: shares that nobody could redeem yesterday count for nothing today", () => {
    const fresh = {
      ...START.state,
      collaterals: START.state.collaterals.map((each) =>
        each.redeemable === undefined ? each : { ...each, redeemable: { ...each.redeemable, samples: Array<bigint>(24).fill(0n) } },
      ),
    };
    const rich = invested({ ...START, state: fresh }, alice, 100_000n * WAD);
    expect(balanceSheetOf(new Draft(rich.state)).strategies).to.deep.equal([{ value: 100_000n * WAD, liquid: 0n }]);
    expect(balanceSheetOf(new Draft(sampledNow(rich).state)).strategies[0]!.liquid).to.equal(0n);
    const known = balanceSheetOf(new Draft(sampledForADay(rich).state)).strategies[0]!;
    expect(known.liquid > 0n && known.liquid <= known.value).to.equal(true);
    // of whoever held dust for a day and then invests, the dust
    const dust = sampledForADay(invested({ ...START, state: fresh }, alice, 200n * WAD));
    const large = invested(dust, alice, 100_000n * WAD);
    expect(balanceSheetOf(new Draft(large.state)).strategies[0]!.liquid <= max(200n * WAD, 1n)).to.equal(true);
  });
});
