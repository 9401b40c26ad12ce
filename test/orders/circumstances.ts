import { toBeHex } from "ethers";
import { vaultSlot } from "../../src/deployment/vaultSlots.ts";
import type { AccountId } from "../../src/engine/types/types.ts";
import type { MockFeed } from "../../typechain-types/index.ts";
import { liftOpenInterestCap } from "../helpers/deploy.ts";
import type { OrderWorld } from "./bothWays.ts";
import { chain } from "./fixture.ts";

const { ethers, networkHelpers } = chain;
const POSITION_CAP = 24;
const FEE_CAP = 26;
const WIDE = 2n ** 43n;
const STOP_OPENS = 0;
const REST = 14 * 86_400;
const BIT_240 = 1n << 240n;

/** What a vault is in for a while, and how it gets out of it. */
export interface Circumstance {
  readonly name: string;
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
}

/** Everything beside books and prices that may decide what becomes of an order in the first perpetual. */
export function circumstances(world: Pick<OrderWorld, "vault" | "fundSigner">, feed: MockFeed, declared: AccountId): Circumstance[] {
  const { vault, fundSigner } = world;

  async function change(slot: string, to: (word: bigint) => bigint): Promise<void> {
    const at = await vault.getAddress();
    const word = BigInt(await ethers.provider.getStorage(at, slot));
    await networkHelpers.setStorageAt(at, slot, toBeHex(to(word), 32));
  }

  const nothing = async (): Promise<void> => {};
  const openInterest = async (): Promise<bigint> => (((await vault.underlyingWords(0))[3] ?? 0n) >> 168n) & ((1n << 44n) - 1n);
  const main = BigInt(fundSigner.address) << 96n;
  return [
    {
      name: "little room below the cap of the open interest",
      begin: async () => liftOpenInterestCap(chain, vault, 0, (await openInterest()) + 30_000n),
      end: () => liftOpenInterestCap(chain, vault, 0, WIDE),
    },
    {
      name: "fees above what a fill may cost",
      begin: () => vault.setParameter(FEE_CAP, 0, 300n),
      end: () => vault.setParameter(FEE_CAP, 0, 500n),
    },
    {
      name: "positions at their cap",
      begin: () => vault.setParameter(POSITION_CAP, 0, 120_000n),
      end: () => vault.setParameter(POSITION_CAP, 0, WIDE),
    },
    {
      name: "an outage",
      begin: async () => feed.set(1, await networkHelpers.time.latest()),
      end: () => feed.set(0, 1),
    },
    {
      name: "opens stopped",
      begin: async () => {
        await networkHelpers.time.increase(REST);
        await vault.stopOpens(0);
      },
      end: () => vault.liftMeasure(STOP_OPENS, 0),
    },
    {
      name: "a deficit",
      begin: async () => {
        await change(vaultSlot("totals"), (word) => word + ((3n * 10n ** 18n) << 128n));
        await change(vaultSlot("headers", main), (word) => word | BIT_240);
      },
      end: nothing,
    },
    {
      name: "a taker declared short",
      begin: async () => {
        const now = BigInt(await networkHelpers.time.latest());
        await change(vaultSlot("headers", declared), (word) => word | BIT_240);
        await change(vaultSlot("exchangeSince", declared), () => now);
      },
      end: nothing,
    },
  ];
}
