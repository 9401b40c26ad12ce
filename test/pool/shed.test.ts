import { expect } from "chai";
import { describe, it } from "mocha";
import { liquidate } from "../../src/engine/actions/liquidate.ts";
import { bookOf, poolAccountOf, type World } from "../../src/engine/pool/pool.ts";
import { takeShed } from "../../src/engine/pool/shed.ts";
import { WAD } from "../../src/engine/types/fixedPoint.ts";
import { alice, bob, carol, repriced } from "../helpers/state.ts";
import { crossed, inventory, poolWorld, traded, values, waited, withVault } from "./fixture.ts";

/** The fund holds a part of what alice held long, taken over just now. */
function fundWorld(lots: bigint): World {
  const world = crossed(poolWorld(), alice, bob, lots);
  const price = (world.vault.underlyings[0]!.price * 55n) / 100n;
  // deposits are large: she is left with little
  const thin = withVault(world, (vault) => {
    const account = vault.accounts.get(alice)!;
    const cash = -lots * price + (lots * price) / 25n;
    const rest = account.cash - cash;
    const other = vault.accounts.get(carol)!;
    const accounts = new Map(vault.accounts).set(alice, { ...account, cash }).set(carol, { ...other, cash: other.cash + rest });
    return repriced({ ...vault, accounts }, 0, price);
  });
  return withVault(thin, (vault) => liquidate(vault, alice, carol).state);
}

describe("what the fund sheds, taken by the pool", () => {
  const START = fundWorld(20_000_000n);

  it("default: the pool takes it when the discount pays the half spread and the cost function", () => {
    const early = START;
    expect(() =>
      takeShed({ ...early, pool: { ...early.pool, parameters: { ...early.pool.parameters, narrow: 5_000n } } }, 0, WAD),
    ).to.throw("DiscountBelowLimit");
    const world = waited(START, 600n);
    const before = values(world);
    const held = world.vault.accounts.get((BigInt(world.vault.fund) << 96n) | 1n)!.positions.get(0)!.lots;
    const taken = takeShed(world, 0, WAD / 2n);
    expect(inventory(taken)).to.equal((held + 1n) / 2n);
    const after = values(taken);
    const { charged } = bookOf(taken.pool, 0);
    expect(charged > 0n).to.equal(true);
    // worth more by all of the discount, which is more than Q and the half spread
    expect(after.accounts[0]!.equity - before.accounts[0]!.equity > charged).to.equal(true);
    expect(after.accounts[0]!.free > before.accounts[0]!.free).to.equal(true);
  });

  it("behavior: it takes no more than its limit, and what lowers its margin at the half spread alone", () => {
    const world = waited(START, 600n);
    const full = traded(world, bob, [{ instrument: 0n, lots: -158_000_000n }]).world;
    expect(() => takeShed(full, 0, WAD)).to.throw("PoolMarginAboveLimit");
    // within it, but dearer than the discount
    const much = traded(world, bob, [{ instrument: 0n, lots: -140_000_000n }]).world;
    expect(() => takeShed(much, 0, WAD)).to.throw("DiscountBelowLimit");
    const short = traded(world, bob, [{ instrument: 0n, lots: 140_000_000n }]).world;
    const { charged } = bookOf(short.pool, 0);
    const taken = takeShed(short, 0, WAD);
    expect(bookOf(taken.pool, 0).charged < charged).to.equal(true);
    expect(values(taken).accounts[0]!.equity > values(short).accounts[0]!.equity).to.equal(true);
    expect(taken.vault.accounts.get(poolAccountOf(taken.pool, 0))!.positions.get(0)!.lots < 0n).to.equal(true);
  });
});
