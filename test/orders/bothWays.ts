import { expect } from "chai";
import { type ContractTransactionResponse, Interface, type Log } from "ethers";
import { vaultSlot } from "../../src/deployment/vaultSlots.ts";
import type { TakerLimit } from "../../src/engine/orders/orders.ts";
import type { AccountId } from "../../src/engine/types/types.ts";
import { type OrderFill, packTakerLimit, skipReason } from "../../src/sdk/orders.ts";
import { packTaken } from "../../src/sdk/takeOrders.ts";
import { chain } from "./fixture.ts";
import { anyLots, type deployOrders, MODULE } from "./vaultFixture.ts";

const { ethers, networkHelpers } = chain;
const UNDERLYINGS = [0n, 1n, 2n];
const NONCE_WORDS = 6n;

export type OrderWorld = Awaited<ReturnType<typeof deployOrders>>;

/** What became of a call: the error that it reverted with, or what its log says. */
export interface Result {
  readonly reverted?: string;
  /** Of OrderSkipped, with account and nonce before. */
  readonly orders: readonly string[];
  /** Of Filled and FillSkipped, with everything that they say. */
  readonly fills: readonly string[];
  /** Everything else. */
  readonly others: readonly string[];
}

/** What a way leads to: its result, and every word that it may have changed. */
export interface Outcome extends Result {
  readonly words: readonly string[];
}

export interface Asked {
  readonly limit?: TakerLimit;
  readonly minimum?: bigint;
  readonly account?: AccountId;
  readonly module?: number;
}

/** Fills the same orders by both ways, each from the same state, and holds them to each other. */
export function bothWays(world: OrderWorld, accounts: readonly AccountId[]) {
  const { vault, orders, taker, execute, tradeOf, takerAccount, fundSigner } = world;
  const everybody = [...accounts, BigInt(fundSigner.address) << 96n];
  const logs = new Interface([...vault.interface.fragments, ...orders.interface.fragments.filter(({ type }) => type === "error")]);

  let known: readonly string[] | undefined;

  async function slotsOf(): Promise<readonly string[]> {
    const module = BigInt(await orders.getAddress());
    const slots = everybody.flatMap((id) => [
      vaultSlot("headers", id),
      vaultSlot("exchangeSince", id),
      ...UNDERLYINGS.map((u) => vaultSlot("positions", id, u)),
      ...Array.from({ length: Number(NONCE_WORDS) }, (_, word) => vaultSlot("orderNonces", id, (module << 40n) | BigInt(word))),
    ]);
    for (const field of ["prices", "fundings", "tradings", "fundAccounts", "shortfalls"]) {
      slots.push(...UNDERLYINGS.map((u) => vaultSlot(field, u)));
    }
    slots.push(vaultSlot("totals"), vaultSlot("watched"));
    return slots;
  }

  async function wordsOf(): Promise<string[]> {
    const at = await vault.getAddress();
    known ??= await slotsOf();
    const slots = known;
    return Promise.all(slots.map((slot) => ethers.provider.send("eth_getStorageAt", [at, slot, "latest"]) as Promise<string>));
  }

  function nameOf(selector: string): string {
    return skipReason(selector) ?? logs.getError(selector)?.name ?? selector;
  }

  function read(all: readonly Log[]): Result {
    const found = { orders: [] as string[], fills: [] as string[], others: [] as string[] };
    for (const log of all) {
      const event = logs.parseLog(log);
      if (event === null) throw new Error(`an event that nothing knows: ${log.topics[0]}`);
      const said = event.fragment.inputs.map(({ name }, i) => (name === "reason" ? nameOf(event.args[i]) : String(event.args[i])));
      const list = event.name === "OrderSkipped" ? found.orders : /^Fill/.test(event.name) ? found.fills : found.others;
      list.push([event.name, ...said].join(" "));
    }
    return found;
  }

  /** Sends at the same second, whichever way comes first. */
  async function outcomeOf(at: number, send: () => Promise<ContractTransactionResponse>): Promise<Outcome> {
    await networkHelpers.time.setNextBlockTimestamp(at);
    let result: Result;
    try {
      const receipt = await (await send()).wait();
      result = read(receipt?.logs ?? []);
    } catch (error) {
      const data = String((error as { data?: unknown }).data ?? "");
      const parsed = /^0x[0-9a-f]{8}/.test(data) ? logs.parseError(data) : null;
      if (parsed === null) throw error;
      result = { reverted: [parsed.name, ...parsed.args.map(String)].join(" "), orders: [], fills: [], others: [] };
    }
    return { ...result, words: await wordsOf() };
  }

  const trade = ({ limit = anyLots(), minimum = 0n, account = takerAccount }: Asked, makers: readonly OrderFill[]) =>
    execute(taker, tradeOf(makers, [limit], minimum, account));

  const take = ({ limit = anyLots(), minimum = 0n, account = takerAccount, module = MODULE }: Asked, makers: readonly OrderFill[]) => {
    const word = packTakerLimit(limit) | (minimum << 168n) | (BigInt(module) << 216n);
    return vault.connect(taker).take(account, word, packTaken(account, makers));
  };

  /** Both ways, from one state; the state is afterwards that of the second. Returns what both came to. */
  async function fill(makers: readonly OrderFill[], asked: Asked = {}): Promise<Result> {
    const at = (await networkHelpers.time.latest()) + 1;
    const before = await networkHelpers.takeSnapshot();
    const traded = await outcomeOf(at, () => trade(asked, makers));
    await before.restore();
    const taken = await outcomeOf(at, () => take(asked, makers));
    const { words, ...said } = taken;
    const { words: other, ...saidByTrade } = traded;
    expect(said).to.deep.equal(saidByTrade);
    expect(words.flatMap((word, i) => (word === other[i] ? [] : [`${i}: ${word}, not ${other[i]}`]))).to.deep.equal([]);
    return said;
  }

  /** The reasons, in order: of orders that were passed over, and of fills that the vault refused. */
  async function reasons(makers: readonly OrderFill[], asked: Asked = {}): Promise<string[]> {
    const { orders: skipped, fills, reverted } = await fill(makers, asked);
    if (reverted !== undefined) return [reverted.split(" ")[0] ?? ""];
    const refused = fills.filter((line) => line.startsWith("FillSkipped")).map((line) => line.split(" ")[5] ?? "");
    return [...skipped.map((line) => line.split(" ")[3] ?? ""), ...refused];
  }

  return { fill, reasons, take, trade, wordsOf };
}
