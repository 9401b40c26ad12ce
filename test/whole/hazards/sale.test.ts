import { expect } from "chai";
import { beforeEach, describe, it } from "mocha";
import { plan } from "../../../src/engine/actions/liquidate.ts";
import { Draft } from "../../../src/engine/ledger/draft.ts";
import { ownerOf } from "../../../src/engine/types/accountId.ts";
import { WAD } from "../../../src/engine/types/fixedPoint.ts";
import { combo, deposit, open, PRICES, refresh, step, threeOwners, trade } from "../../helpers/comboWorld.ts";
import { named, type SeriesChain } from "../../helpers/walks/seriesChain.ts";

/** Every step runs on the chain and on the engine, which have to agree on all that is stored. */
describe("hazards of a sale with options", function () {
  this.timeout(300_000);
  let world: SeriesChain;
  let [taker, maker, poor] = [0n, 0n, 0n];

  beforeEach(async () => {
    ({ world, taker, maker, poor } = await threeOwners());
    for (const underlying of [0, 1]) {
      await open(world, 1, 30n, underlying);
      await refresh(world, underlying, [1]);
    }
    for (const id of [taker, maker]) await deposit(world, id, 40_000n);
  });

  async function rise(percents: readonly bigint[]): Promise<void> {
    for (const percent of percents) {
      world.pass(20n);
      await world.step(world.post(0, (PRICES[0] * percent) / 100n), "rise", []);
    }
    world.pass(1n);
    await world.step(world.post(1, PRICES[1]), "the other", []);
  }

  it("H-81 whose fund account pays for an insolvent account follows its scans, and nothing that a caller chooses", async () => {
    await deposit(world, poor, 500n);
    expect(await trade(world, taker, combo(world, poor, [[named(0, 1, 6n), 100_000n]]))).to.deep.equal(["Filled"]);
    // as little of the other underlying as may be held
    expect(await trade(world, taker, combo(world, poor, [[named(1, 1, 6n), 2_600n]]))).to.deep.equal(["Filled"]);
    await rise([106n, 112n, 120n, 130n, 142n, 155n]);
    const { figures, parts } = plan(new Draft(world.state), poor);
    expect(figures.value < 0n).to.equal(true);
    // nothing is left to name
    expect(world.deployment.vault.interface.getFunction("liquidate").inputs).to.have.length(2);
    const answer = await step(world, world.liquidate(poor, maker));
    if ("reverted" in answer) throw new Error(answer.reverted);
    const paid = new Map(
      answer.events.filter(({ name }) => name === "ShortfallCovered").map(({ values }) => [values.payer, BigInt(values.amount!)]),
    );
    const [first, second] = parts.map(({ scan }) => scan) as [bigint, bigint];
    const [ether, other] = [1, 2].map((i) => paid.get(world.fundAccounts[i]!) ?? 0n) as [bigint, bigint];
    expect(ether > 0n && (other * first) / (ether + other) <= second + 1n, `${ether} and ${other}`).to.equal(true);
    expect(other < ether / 5n, "the other underlying pays for its own").to.equal(true);
  });

  it("H-81 a little of a series beside perpetuals opens no choice: one slice cures, at the discount of the worst scenario", async () => {
    await deposit(world, poor, 2_000n);
    // a long perpetual, and as little as may be held
    expect(await trade(world, taker, combo(world, poor, [[0n, -900_000n]]))).to.deep.equal(["Filled"]);
    expect(await trade(world, taker, combo(world, poor, [[named(0, 1, 6n), -5_200n]]))).to.deep.equal(["Filled"]);
    await rise([96n, 93n]);
    const { terms } = plan(new Draft(world.state), poor);
    const { fraction, discount } = await world.deployment.vault.previewLiquidation(poor);
    expect([fraction, discount]).to.deep.equal([terms.fraction, (terms.discount * terms.fraction + WAD - 1n) / WAD]);
    expect(fraction > 0n && fraction < WAD, `${fraction}`).to.equal(true);
    await refresh(world, 0, [1]);
    expect(await step(world, world.liquidateTo(ownerOf(maker), poor, maker))).to.have.property("events");
    expect(await step(world, world.liquidateTo(ownerOf(maker), poor, maker))).to.deep.equal({ reverted: "AccountHealthy" });
  });
});
