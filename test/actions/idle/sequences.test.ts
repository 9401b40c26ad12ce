import { expect } from "chai";
import { describe, it } from "mocha";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { assess, termsAt } from "../../../src/engine/margin/margin.ts";
import { portfolioOf } from "../../../src/engine/margin/portfolios.ts";
import { ratios } from "../../../src/engine/margin/ratios.ts";
import { ratiosHold, TO_INVEST } from "../../../src/engine/math/idle/stableFunding.ts";
import { Reverted } from "../../../src/engine/types/errors.ts";
import { PPM, WAD } from "../../../src/engine/types/fixedPoint.ts";
import type { AccountId } from "../../../src/engine/types/types.ts";
import { Random } from "../../helpers/random.ts";
import { ALICE, alice, BOB, bob, CAROL, carol, claimsOf, repriced, trade } from "../../helpers/state.ts";
import {
  divested,
  divestedFor,
  executed,
  invested,
  ratePosted,
  STRATEGY,
  sampledNow,
  strategyWorld,
  type World,
  waited,
  worthOf,
} from "../../helpers/strategyWorld.ts";

const OWNERS = new Map<AccountId, string>([
  [alice, ALICE],
  [bob, BOB],
  [carol, CAROL],
]);

/** What an account would have if its shares were redeemed at what the strategy has, WAD. */
function wealth({ state, strategy }: World, account: AccountId): bigint {
  const bare = { ...state.accounts.get(account)!, collateral: new Map() };
  const { value } = assess(
    portfolioOf(new Draft({ ...state, accounts: new Map(state.accounts).set(account, bare) }), account),
    termsAt(state.margin, state.now),
    false,
  );
  return value + worthOf(strategy, state.accounts.get(account)?.collateral.get(STRATEGY) ?? 0n);
}

const fundOf = ({ state }: World): bigint =>
  [...state.accounts.keys()].filter((id) => !OWNERS.has(id)).reduce((sum, id) => sum + (state.accounts.get(id)?.cash ?? 0n), 0n);

describe("sequences of what invests", function () {
  this.timeout(60_000);

  it("property: no invest, divest, donation, post or deposit just in time takes value from others, creates any, or leaves the ratios below their limits", () => {
    const counts = new Map<string, number>();
    for (let seed = 1; seed <= 12; seed++) {
      const random = new Random(seed);
      let world = strategyWorld();
      // bob holds shares and never acts; carol is on the other side
      world = invested(world, bob, 200_000n * WAD);
      world = { ...world, state: trade(world.state, alice, carol, 50_000_000n) };
      for (let step = 0; step < 60; step++) {
        const was = world;
        const verb = random.pick([
          "invest",
          "divest",
          "divestFor",
          "donate",
          "rate",
          "sample",
          "deposit",
          "withdraw",
          "shares",
          "wait",
          "loss",
        ]);
        const amount = random.part(400_000n * WAD, 0.001, 1);
        let [given, loss] = [0n, false];
        try {
          switch (verb) {
            case "invest":
              world = invested(world, alice, amount);
              expect(ratiosHold(ratios(new Draft(world.state)), TO_INVEST), "ratios").to.equal(true);
              break;
            case "divest":
              world = divested(world, alice, amount);
              break;
            case "divestFor":
              world = divestedFor(world, random.pick([alice, bob]), carol);
              break;
            case "donate":
              given = random.chance(0.2) ? 100n * world.strategy.assets : amount;
              world = { ...world, strategy: { ...world.strategy, assets: world.strategy.assets + given } };
              break;
            case "rate":
              world = ratePosted(world);
              break;
            case "sample":
              world = sampledNow(world);
              break;
            case "deposit":
              given = amount;
              world = executed(world, alice, { kind: "Deposit", account: alice, token: 255, amount });
              break;
            case "withdraw":
              given = -amount;
              world = executed(world, alice, { kind: "Withdraw", account: alice, token: 255, amount, to: ALICE });
              break;
            case "shares":
              // out of the vault and to the strategy: what they are worth there
              given = -worthOf(world.strategy, amount);
              world = executed(world, alice, { kind: "Withdraw", account: alice, token: STRATEGY, amount, to: ALICE });
              world = {
                ...world,
                strategy: { ...world.strategy, assets: world.strategy.assets + given, shares: world.strategy.shares - amount },
              };
              break;
            case "wait":
              world = waited(world, BigInt(random.pick([1, 60, 3_600, 90_000])));
              break;
            default: {
              loss = true;
              const price = (world.state.underlyings[0]!.price * BigInt(random.pick([97, 100, 103]))) / 100n;
              const assets = random.part(world.strategy.assets, 0.9, 1);
              world = { state: repriced(world.state, 0, price), strategy: { ...world.strategy, assets } };
            }
          }
        } catch (error) {
          if (!(error instanceof Reverted)) throw error;
          world = was;
          continue;
        }
        counts.set(verb, (counts.get(verb) ?? 0) + 1);
        const { state } = world;
        // I-1, and I-3 for shares
        expect(claimsOf(state), verb).to.equal(state.settlement + state.deficit);
        const held = [...state.accounts.values()].reduce((sum, { collateral }) => sum + (collateral.get(STRATEGY) ?? 0n), 0n);
        expect(state.collaterals[STRATEGY]!.supply, verb).to.equal(held);
        expect(world.strategy.shares >= held, verb).to.equal(true);
        if (loss) continue;
        // I-24: of who does not act nothing moves, but for shares that become cash where that is due
        if (verb !== "divestFor")
          for (const id of [bob, carol]) expect(state.accounts.get(id), verb).to.deep.equal(was.state.accounts.get(id));
        // I-20: who does not act loses nothing, but for the bounty where he was due, and who acts gains no more than he gave
        const slack = 10n + world.strategy.assets / world.strategy.shares;
        const bounty = verb === "divestFor" ? 10n ** 17n : 0n;
        for (const id of [bob, carol])
          expect(wealth(world, id) + slack + bounty >= wealth(was, id), `${verb} ${seed} ${step}`).to.equal(true);
        expect(wealth(world, alice) <= wealth(was, alice) + given + slack, `${verb} gains ${seed} ${step}`).to.equal(true);
        expect(fundOf(world) + slack >= fundOf(was), verb).to.equal(true);
      }
    }
    for (const verb of ["invest", "divest", "donate", "rate", "sample", "deposit", "withdraw", "shares", "wait", "loss"]) {
      expect(counts.get(verb) ?? 0, verb).to.be.greaterThan(5);
    }
  });

  it("behavior: H-43 a donation opens nothing: nobody withdraws on what it seems to be worth", () => {
    const rich = invested(strategyWorld(), alice, 900_000n * WAD);
    let world: World = { ...rich, strategy: { ...rich.strategy, assets: 100n * rich.strategy.assets } };
    for (let i = 0; i < 20; i++) world = ratePosted(world);
    const most = (at: World): bigint => {
      const { equity, margin } = assess(portfolioOf(new Draft(at.state), alice), termsAt(at.state.margin, at.state.now), true);
      return equity - margin;
    };
    expect(most(world)).to.equal(most(rich));
    const day = ratePosted(waited(ratePosted(waited(world, 86_400n)), 60n));
    expect(most(day) * PPM <= most(rich) * (PPM + 1_000n)).to.equal(true);
  });

  it("behavior: cash that is deposited for one block lets nobody invest more than stable funding bears", () => {
    const world = strategyWorld({ ...strategyWorld().state.recorded!, stake: 100_000n * WAD });
    const deposit = { kind: "Deposit", account: alice, token: 255, amount: 10n ** 9n * WAD } as const;
    const invest = { kind: "Invest", account: alice, token: STRATEGY, amount: 900_000n * WAD, leastShares: 0n } as const;
    expect(() => executed(world, alice, deposit, invest)).to.throw("RatiosTooLow");
    expect(() => executed(world, alice, { ...invest, amount: 70_000n * WAD })).to.not.throw();
  });
});
