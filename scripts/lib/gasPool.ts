import { SETTLEMENT_TOKEN } from "../../src/sdk/actions.ts";
import type { Call } from "../../src/sdk/calls.ts";
import { NO_LIMIT, poolCall, poolOf, poolTradeAction } from "../../src/sdk/pool.ts";
import type { Funding, Measure } from "./gasMeasure.ts";
import { DAI, ETH, type GasWorld, type Party, UNDERLYINGS, WAD } from "./gasWorld.ts";

const usd = (amount: number): bigint => BigInt(Math.round(amount * 1e6));

/** The liquidity pool with capital and a position in every market that has a weight: trades of one perpetual with it, and a deposit. */
export async function pool(world: GasWorld, measure: Measure, funding: Funding): Promise<void> {
  const { record } = world;
  const [backer, first, taker] = (await Promise.all(["pool backer", "pool's first", "pool's taker"].map(world.party))) as [
    Party,
    Party,
    Party,
  ];
  const deposit = (amount: bigint): Call => poolCall(record, backer.address, "deposit", [amount, backer.address]);
  const trade = (party: Party, underlying: number, lots: bigint): Call =>
    world.execute(party, [
      poolTradeAction(record, { account: party.account, legs: [{ instrument: BigInt(underlying), lots }], limit: NO_LIMIT }),
    ]);
  const { address } = poolOf(record);
  await world.prepare(world.tokens(backer, SETTLEMENT_TOKEN, usd(2_000_000), address));
  await world.turn(30);
  await world.prepare([deposit(usd(1_000_000))]);
  const traded = UNDERLYINGS.filter((underlying) => underlying !== DAI);
  for (const underlying of traded) await world.prepare([poolCall(record, backer.address, "rebalance", [underlying])]);
  for (const party of [first, taker]) await world.prepare(funding(party, usd(50_000)));
  for (const underlying of traded) {
    await world.turn(30);
    await world.prepare([trade(first, underlying, (7_003n * WAD) / world.lotPrice(underlying))]);
  }
  await world.turn(30);
  const lots = (14_007n * WAD) / world.lotPrice(ETH);
  await measure("pool.open", trade(taker, ETH, lots), { Filled: 1, FillSkipped: 0 });
  await world.turn(30);
  await measure("pool.change", trade(taker, ETH, lots / 3n), { Filled: 1, FillSkipped: 0 });
  await world.turn(30);
  await measure("pool.deposit", deposit(usd(12_345.678_901)), { Deposited: 1 });
}
