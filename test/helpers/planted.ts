import { toBeHex } from "ethers";
import { vaultSlot } from "../../src/deployment/vaultSlots.ts";
import type { AccountId } from "../../src/engine/types/types.ts";
import type { Deployment } from "./deploy.ts";

/** A position: an instrument of the first underlying, 16 bits, and lots. */
export type Planted = readonly [instrument: bigint, lots: bigint];

/** Writes positions, in the order given, and cash into the storage of an account: what no run of trades would give it in a reasonable time. */
export async function plant(deployment: Deployment, account: AccountId, positions: readonly Planted[], cash: bigint): Promise<void> {
  const write = (slot: string, word: bigint): Promise<void> => writeSlot(deployment, slot, word);
  const count = BigInt(positions.length);
  for (let place = 0; place * 4 < positions.length; place++) {
    const four = positions.slice(place * 4, place * 4 + 4);
    const word = four.reduce((sum, [held, lots], i) => sum | ((held | (BigInt.asUintN(48, lots) << 16n)) << BigInt(64 * i)), 0n);
    await write(vaultSlot("seriesPositions", account, 0n, BigInt(place)), word);
  }
  await write(vaultSlot("positions", account, 0n), count << 240n);
  const held = count === 0n ? 0n : (1n << 128n) | (count << 241n);
  await write(vaultSlot("headers", account), BigInt.asUintN(128, cash) | held);
  for (const [instrument, lots] of positions) await countPosition(deployment, instrument >> 8n, lots);
}

/** What is held of a series, and the open interest, as if each position had another side. */
async function countPosition(deployment: Deployment, series: bigint, lots: bigint): Promise<void> {
  const size = lots < 0n ? -lots : lots;
  const [, surface] = await deployment.vault.seriesWords(0, series);
  await writeSlot(deployment, vaultSlot("surfaces", 0n, series), surface + ((2n * size) << 200n));
  const funding = (await deployment.vault.underlyingWords(0))[3]!;
  await writeSlot(deployment, vaultSlot("fundings", 0n), funding + (size << 168n));
}

async function writeSlot({ connection, vault }: Deployment, slot: string, word: bigint): Promise<void> {
  await connection.networkHelpers.setStorageAt(await vault.getAddress(), slot, toBeHex(word, 32));
}
