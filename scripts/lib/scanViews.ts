import { toBeHex } from "ethers";
import { vaultSlot } from "../../src/deployment/vaultSlots.ts";
import type { Account } from "../../src/engine/types/types.ts";
import { headerWord, positionWord } from "../../src/engine/words/words.ts";
import { Failure } from "../../src/sdk/failure.ts";
import { interfaceOf } from "../../src/sdk/interfaces.ts";
import { openGasWorld } from "./gasWorld.ts";
import { POSITIONS, scanAccounts, scanState } from "./scanPopulation.ts";

/** Accounts in a call: as many as the gas of a call allows. */
const PAGE = 200;

/** What views of the contracts took. */
export interface ViewFigures {
  readonly accounts: number;
  readonly milliseconds: number; // processor time of the process that runs the chain
  readonly gas: number; // of all calls
}

/** Puts accounts with four perpetuals each into the vault's storage on a local chain, and asks the lens who is below the line. */
export async function measureViews(
  count: number,
  seed: number,
  onProgress: (stage: string, done: number, of: number) => void,
): Promise<ViewFigures> {
  onProgress("deployment", 0, count);
  const { chain, record, close } = await openGasWorld();
  try {
    const next = scanAccounts(seed, scanState(false), false);
    const { vault, lens: marginLens } = record.contracts;
    const accounts = Array.from({ length: count }, () => onFour(next()));
    const write = (slot: string, word: bigint): Promise<unknown> => chain.rpc("hardhat_setStorageAt", [vault, slot, toBeHex(word, 32)]);
    for (const [i, account] of accounts.entries()) {
      if (i % 500 === 0) onProgress("accounts", i, count);
      await write(vaultSlot("headers", account.id), headerWord(account));
      for (const [u, position] of account.positions) await write(vaultSlot("positions", account.id, BigInt(u)), positionWord(position));
    }
    const lens = interfaceOf("MarginLens");
    const started = process.cpuUsage();
    let gas = 0;
    for (let i = 0; i < count; i += PAGE) {
      onProgress("views", i, count);
      const data = lens.encodeFunctionData("belowMaintenance", [accounts.slice(i, i + PAGE).map(({ id }) => id)]);
      const answered = (await chain.rpc("eth_call", [
        { to: marginLens, data, gas: toBeHex(16_000_000n).replace(/^0x0+/, "0x") },
        "latest",
      ])) as string;
      if (answered === "0x") throw new Failure("the lens answers nothing");
      if (i === 0) {
        const used = (await chain.rpc("eth_estimateGas", [{ to: marginLens, data }])) as string;
        gas = (Number(used) * count) / PAGE;
      }
    }
    const { user, system } = process.cpuUsage(started);
    return { accounts: count, milliseconds: (user + system) / 1_000, gas };
  } finally {
    await close();
  }
}

/** The same lots on the first four underlyings, which are all that the deployment has beside a stable one. */
function onFour(account: Account): Account {
  const held = [...account.positions.values()];
  return { ...account, positions: new Map(Array.from({ length: POSITIONS }, (_, u) => [u, held[u]!])) };
}
