import { toBeHex } from "ethers";
import { vaultSlot } from "../../src/deployment/vaultSlots.ts";
import { Failure } from "../../src/sdk/failure.ts";
import type { Funding, House, Measure } from "./gasMeasure.ts";
import { ETH, type GasWorld, HOUR } from "./gasWorld.ts";

const usd = (amount: number): bigint => BigInt(Math.round(amount * 1e6));
const WINNERS = 20;
const LOTS = 30_003n; // of each, some three ETH
const PPM_BITS = 32n;

/** A fund account that holds more than its margin bears while the stake may give it no more, against twenty accounts of one perpetual, all written. */
export async function deleveraging(world: GasWorld, measure: Measure, house: House, funding: Funding): Promise<void> {
  const { vaultCall } = world;
  const names = Array.from({ length: WINNERS }, (_, i) => `winner ${i}`);
  const winners = await Promise.all(names.map(world.party));
  const [first, second, keeper] = [await world.party("first loser"), await world.party("second loser"), await world.party("deleverager")];
  for (const winner of winners) await world.prepare(funding(winner, usd(2_000)));
  for (const loser of [first, second]) await world.prepare(funding(loser, usd(17_500)));
  await world.prepare(funding(keeper, usd(100)));
  await world.turn(30);
  for (const [i, winner] of winners.entries()) {
    await world.prepare(await house.against([{ taker: winner, lots: LOTS }], ETH, false));
    await world.prepare(await house.against([{ taker: i % 2 === 0 ? first : second, lots: LOTS }], ETH, true));
    await world.turn(30);
  }
  await withoutTopUps(world);
  for (let i = 0; i < 10; i++) await world.turn(HOUR, (world.price(ETH) * 965n) / 1_000n);
  for (const loser of [first, second]) await world.prepare([vaultCall(keeper.address, "liquidate", [loser.account, keeper.account])]);
  await world.prepare([vaultCall(keeper.address, "topUpFund", [ETH])]);
  await world.turn(HOUR);
  const accounts = winners.map(({ account }) => account);
  const done = { Deleveraged: WINNERS, DeleveragePaid: 1 };
  await measure("deleverage.perAccount", vaultCall(keeper.address, "deleverage", [ETH, accounts]), done, WINNERS);
}

/** The stake gives a fund account a millionth of itself: to lose all that it may give otherwise would take positions beyond every cap. */
async function withoutTopUps({ chain, record }: GasWorld): Promise<void> {
  const { vault } = record.contracts;
  const slot = vaultSlot("fundParameters");
  const word = BigInt((await chain.rpc("eth_getStorageAt", [vault, slot, "latest"])) as string);
  if (word === 0n) throw new Failure("the vault has no parameters of the fund", "npm run build");
  await chain.rpc("hardhat_setStorageAt", [vault, slot, toBeHex(((word >> PPM_BITS) << PPM_BITS) | 1n, 32)]);
}
