import { AbiCoder, ErrorFragment, Interface, type JsonFragment, keccak256 } from "ethers";
import { artifacts } from "hardhat";
import type { EngineEvent } from "../../../src/engine/ledger/draft.ts";
import { accountIdOf, ownerOf } from "../../../src/engine/types/accountId.ts";
import type { ErrorArgument } from "../../../src/engine/types/errors.ts";
import type { Account, AccountId, Address, Module, State } from "../../../src/engine/types/types.ts";
import {
  accountFromWords,
  collateralFromWords,
  fundParametersFromWord,
  fundStateFromWord,
  fundStateWord,
  headerWord,
  liquidationFromWord,
  marginFromWord,
  operatorWord,
  positionWord,
  seriesPosition,
  seriesPositionWords,
  supplyWord,
  totalsFromWord,
  totalsWord,
  type UnderlyingWords,
  underlyingFromWords,
  underlyingWords,
  waterLinesFromWords,
  waterLineWord,
} from "../../../src/engine/words/words.ts";
import type { Deployment } from "../deploy.ts";

/** What a transaction came to on the chain. */
export type Result =
  | { readonly ok: true; readonly events: readonly DecodedEvent[] }
  | { readonly ok: false; readonly errorName: string; readonly args: readonly ErrorArgument[] };

export interface DecodedEvent {
  readonly name: string;
  readonly values: Readonly<Record<string, bigint | string>>;
}

const ERROR_SOURCES = [
  "MarginVault",
  "VaultExtension",
  "IMarginVault",
  "IOrderSettlement",
  "Stress",
  "FaucetToken",
  "PriceLogic",
  "ConfigLogic",
  "FillModule",
  "LiquidityPool",
  "SeriesLogic",
  "AccountLogic",
  "SeriesMoveLogic",
  "SeriesTradeLogic",
  "SheddingLogic",
  "Black76",
  "Svi",
];

/** Errors of libraries whose code is within the vault's. */
const LIBRARY_ERRORS = [
  "error SafeCastOverflowedIntDowncast(uint8 bits, int256 value)",
  "error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value)",
  "error SafeCastOverflowedUintToInt(uint256 value)",
  "error SafeCastOverflowedIntToUint(int256 value)",
  "error SafeERC20FailedOperation(address token)",
];

/** Everything that decoding needs, from the artifacts. */
async function errorInterface(): Promise<Interface> {
  const fragments = new Map<string, JsonFragment>();
  for (const name of ERROR_SOURCES) {
    const { abi } = await artifacts.readArtifact(name);
    for (const fragment of abi as JsonFragment[]) {
      if (fragment.type !== "error") continue;
      // libraries describe value types of their own by their names, which are not types of the ABI
      try {
        fragments.set(ErrorFragment.from(fragment).format("sighash"), fragment);
      } catch {}
    }
  }
  return new Interface([...fragments.values(), ...LIBRARY_ERRORS]);
}

/** The slot of an element of a mapping. */
function slotOf(key: bigint, base: bigint): bigint {
  return BigInt(keccak256(`0x${hex(key)}${hex(base)}`));
}

const readers = new Map<number, string>();

/**
 * Code that returns what so many slots hold, which are its calldata. It has no loop: the simulated chain keeps a record of every step, and walks read
 * words after each call.
 */
function readerOf(count: number): string {
  const known = readers.get(count);
  if (known !== undefined) return known;
  const offset = (i: number): string => `62${(32 * i).toString(16).padStart(6, "0")}`; // PUSH3
  // CALLDATALOAD SLOAD, MSTORE; the last word first, so that memory grows once
  const parts = Array.from({ length: count }, (_, i) => `${offset(i)}3554${offset(i)}52`).reverse();
  const code = `0x${parts.join("")}${offset(count)}5ff3`; // RETURN
  readers.set(count, code);
  return code;
}

function range(count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => BigInt(i));
}

function hex(word: bigint): string {
  return word.toString(16).padStart(64, "0");
}

/** The in-process chain under the real vault: raw requests, all words that are compared in one call. */
export class Chain {
  readonly deployment: Deployment;
  readonly accounts: readonly AccountId[];
  readonly operators: readonly Address[];
  readonly vaultAddress: Address;
  private readonly errors: Interface;
  private readonly events: Interface;
  private readonly slots: ReadonlyMap<AccountId, string>;
  private readonly sharedSlots: string;
  private readonly cache = new WeakMap<Account, string>();
  private readonly underlyingCount: number;
  private readonly tokenCount: number;

  private constructor(
    deployment: Deployment,
    accounts: readonly AccountId[],
    operators: readonly Address[],
    vaultAddress: Address,
    errors: Interface,
    layout: readonly bigint[],
  ) {
    this.deployment = deployment;
    this.accounts = accounts;
    this.operators = operators;
    this.vaultAddress = vaultAddress;
    this.errors = errors;
    this.events = deployment.vault.interface;
    this.underlyingCount = deployment.sources.length;
    this.tokenCount = deployment.collaterals.length;
    this.slots = new Map(accounts.map((id) => [id, this.slotsOfAccount(id, layout).map(hex).join("")]));
    this.sharedSlots = this.slotsOfAll(layout).map(hex).join("");
  }

  /** Header, positions by underlying, collateral by token, exchangeSince, operators. */
  private slotsOfAccount(id: AccountId, layout: readonly bigint[]): bigint[] {
    const [headers = 0n, positions = 0n, collateral = 0n, operators = 0n, exchangeSince = 0n] = layout;
    return [
      slotOf(id, headers),
      ...range(this.underlyingCount).map((u) => slotOf(u, slotOf(id, positions))),
      ...range(this.tokenCount).map((token) => slotOf(token, slotOf(id, collateral))),
      slotOf(id, exchangeSince),
      ...this.operators.map((operator) => slotOf(BigInt(operator), slotOf(id, operators))),
    ];
  }

  private slotsOfAccounts(accounts: readonly AccountId[]): string {
    return accounts.map((id) => this.slots.get(id)).join("");
  }

  /** For each underlying its eight words, for each token parameters and supply, then what belongs to the whole vault. */
  private slotsOfAll(layout: readonly bigint[]): bigint[] {
    const [watched = 0n, shortfalls = 0n, waterLines = 0n] = layout.slice(20, 23);
    const [fundAccounts = 0n, collaterals = 0n, supplies = 0n, modules = 0n] = layout.slice(12, 16);
    return [
      ...range(this.underlyingCount).flatMap((u) => layout.slice(5, 13).map((base) => slotOf(u, base))),
      ...range(this.tokenCount).flatMap((token) => [slotOf(token, collaterals), slotOf(token, supplies)]),
      slotOf(32n, fundAccounts),
      slotOf(33n, fundAccounts),
      slotOf(34n, fundAccounts),
      watched,
      ...range(this.underlyingCount).map((u) => slotOf(u, shortfalls)),
      ...range(this.underlyingCount).map((u) => slotOf(u, waterLines)),
      ...layout.slice(16, 20),
      slotOf(0n, modules),
      slotOf(1n, modules),
    ];
  }

  static async create(deployment: Deployment, accounts: readonly AccountId[], operators: readonly Address[]): Promise<Chain> {
    const address = (await deployment.vault.getAddress()).toLowerCase();
    const reader = await deployment.connection.ethers.deployContract("VaultReader");
    const layout = [...(await reader.slotsOfState())];
    return new Chain(deployment, accounts, operators, address, await errorInterface(), layout);
  }

  async request(method: string, params: unknown[]): Promise<unknown> {
    return this.deployment.connection.provider.request({ method, params });
  }

  async now(): Promise<bigint> {
    const block = (await this.request("eth_getBlockByNumber", ["latest", false])) as { timestamp: string };
    return BigInt(block.timestamp);
  }

  /** Sends a transaction in a block of its own at `time`; by default to the vault. */
  async send(from: Address, data: string, time: bigint, to: Address = this.vaultAddress): Promise<Result> {
    await this.request("evm_setNextBlockTimestamp", [`0x${time.toString(16)}`]);
    try {
      const hash = await this.request("eth_sendTransaction", [{ from, to, data, gas: "0xf00000", gasPrice: "0x77359400" }]);
      const receipt = (await this.request("eth_getTransactionReceipt", [hash])) as {
        logs: { address: string; topics: string[]; data: string }[];
      };
      const own = receipt.logs.filter((log) => log.address === this.vaultAddress);
      return { ok: true, events: own.map((log) => this.decodeEvent(log)) };
    } catch (error) {
      return this.decodeError(revertData(error));
    }
  }

  private decodeEvent(log: { topics: string[]; data: string }): DecodedEvent {
    const parsed = this.events.parseLog(log);
    if (parsed === null) throw new Error(`undecoded event ${log.topics[0]}`);
    const values: Record<string, bigint | string> = {};
    parsed.fragment.inputs.forEach((input, i) => {
      const value: unknown = parsed.args[i];
      if (/^(Fill|Order)Skipped$/.test(parsed.name) && input.name === "reason") {
        values[input.name] = this.errors.getError(String(value))?.name ?? String(value);
      } else {
        values[input.name] = plain(value) as bigint | string;
      }
    });
    return { name: parsed.name, values };
  }

  private decodeError(data: string): Result {
    const parsed = this.errors.parseError(data);
    if (parsed === null) throw new Error(`undecoded revert ${data}`);
    // the engine names the error that a fill is refused for
    const named = (value: unknown): unknown => (parsed.name === "FillRefused" ? this.errors.getError(String(value))?.name : value);
    return { ok: false, errorName: parsed.name, args: parsed.args.map((value) => plain(named(value))) };
  }

  /** What slots hold, as many digits as theirs. */
  private async readWords(slots: string): Promise<string> {
    // put in place of the vault's code
    const code = readerOf(slots.length / 64);
    const answer = (await this.request("eth_call", [
      { to: this.vaultAddress, data: `0x${slots}`, gas: "0xff0000" },
      "latest",
      { [this.vaultAddress]: { code } },
    ])) as string;
    return answer.slice(2);
  }

  /** Throws when any stored word of some accounts, by default of all, or of the vault differs from the engine's. */
  async compare(state: State, what: string, accounts = this.accounts): Promise<void> {
    const slots = this.slotsOfAccounts(accounts);
    const all = await this.readWords(slots + this.sharedSlots);
    const found = all.slice(0, slots.length);
    const expected = accounts.map((id) => this.accountHex(state, id)).join("");
    if (found !== expected) this.explain(found, expected, accounts, state, what);
    const shared = all.slice(slots.length);
    const expectedShared = this.sharedHex(state, shared);
    if (shared !== expectedShared) {
      const differing = words(shared)
        .map((word, i) => ({ i, chain: word, engine: words(expectedShared)[i] }))
        .filter(({ chain, engine }) => chain !== engine);
      throw new Error(`shared words differ after ${what}: ${JSON.stringify(differing)}`);
    }
  }

  private accountHex(state: State, id: AccountId): string {
    const account = state.accounts.get(id);
    const size = 2 + this.underlyingCount + this.tokenCount + this.operators.length;
    // the fund's main account says in its header whether a deficit is outstanding
    const ofMain = id === accountIdOf(state.fund);
    const outstanding = ofMain && state.deficit !== 0n ? 1n << 240n : 0n;
    if (account === undefined) return hex(outstanding) + hex(0n).repeat(size - 1);
    const known = ofMain ? undefined : this.cache.get(account);
    if (known !== undefined) return known;
    const parts = [headerWord(account) | outstanding];
    for (let i = 0; i < this.underlyingCount; i++) {
      parts.push(positionWord(account.positions.get(i), BigInt(account.series.get(i)?.length ?? 0)));
    }
    for (let i = 0; i < this.tokenCount; i++) parts.push(account.collateral.get(i) ?? 0n);
    parts.push(account.exchangeSince);
    for (const operator of this.operators) parts.push(operatorWord(account.operators.get(operator)));
    const result = parts.map(hex).join("");
    this.cache.set(account, result);
    return result;
  }

  private sharedHex(state: State, present: string): string {
    const parts = state.underlyings.flatMap((underlying) => [...underlyingWords(underlying)]);
    const stored = words(present);
    for (const token of state.collaterals) {
      parts.push(BigInt(`0x${stored[parts.length] ?? "0"}`), supplyWord(token));
    }
    parts.push(fundStateWord(state.unreserved), fundStateWord(state.bounties), fundStateWord(state.drawn));
    parts.push([...state.shortfalls.keys()].reduce((mask, u) => mask | (1n << BigInt(u)), 0n));
    parts.push(...state.underlyings.map((_, u) => state.shortfalls.get(u) ?? 0n));
    parts.push(...state.underlyings.map((_, u) => waterLineWord(state.waterLines.get(u))));
    parts.push(totalsWord(state.settlement, state.deficit, state.shortfalls.size !== 0));
    const expected = parts.map(hex).join("");
    return expected + present.slice(expected.length);
  }

  private explain(chain: string, engine: string, accounts: readonly AccountId[], state: State, what: string): never {
    const size = 2 + this.underlyingCount + this.tokenCount + this.operators.length;
    const chainWords = words(chain);
    const engineWords = words(engine);
    const differing = chainWords.flatMap((word, i) => {
      if (word === engineWords[i]) return [];
      const id = accounts[Math.floor(i / size)] ?? 0n;
      return [`${ownerOf(id)}/${id & 0xffffn} word ${i % size}: chain ${word}, engine ${engineWords[i]}`];
    });
    throw new Error(`accounts differ after ${what} at ${state.now}:\n${differing.slice(0, 12).join("\n")}`);
  }

  /** Throws when what the vault counts of some orders differs from the engine's. */
  async compareNonces(expected: readonly { readonly slot: string; readonly word: bigint }[], what: string): Promise<void> {
    const found = words(await this.readWords(expected.map(({ slot }) => slot.slice(2)).join("")));
    for (const [i, { word }] of expected.entries()) {
      if (found[i] !== hex(word)) throw new Error(`nonces differ after ${what}: chain ${found[i]}, engine ${hex(word)}`);
    }
  }

  /** The engine's state as the chain stores it, at `now`. */
  async readState(now: bigint): Promise<State> {
    const { deployment } = this;
    const shared = words(await this.readWords(this.sharedSlots)).map((word) => BigInt(`0x${word}`));
    const take = (): bigint => shared.shift() ?? 0n;
    const underlyings = deployment.sources.map(() =>
      underlyingFromWords([take(), take(), take(), take(), take(), take(), take(), take()] satisfies UnderlyingWords),
    );
    const collaterals = deployment.collaterals.map(() => collateralFromWords(take(), take()));
    const unreserved = fundStateFromWord(take());
    const bounties = fundStateFromWord(take());
    const drawn = fundStateFromWord(take());
    const watched = take();
    const shortfalls = new Map(
      deployment.sources.map((_, u) => [u, take()] as const).filter(([u]) => ((watched >> BigInt(u)) & 1n) !== 0n),
    );
    const waterLines = waterLinesFromWords(deployment.sources.map(() => take()));
    const totals = totalsFromWord(take());
    const margin = marginFromWord(take());
    const liquidation = liquidationFromWord(take());
    const fundParameters = fundParametersFromWord(take());
    const modules = [take(), take()].filter((word) => word !== 0n).map(moduleFromWord);
    return {
      now,
      fund: deployment.fund.toLowerCase(),
      vault: this.vaultAddress,
      defaultModules: (await deployment.vault.constants()).defaultModules,
      settlementDecimals: await deployment.settlement.decimals(),
      ...totals,
      unreserved,
      bounties,
      drawn,
      shortfalls,
      waterLines,
      margin,
      liquidation,
      fundParameters,
      underlyings,
      collaterals,
      modules,
      accounts: await this.readAccounts(),
    };
  }

  private async readAccounts(): Promise<Map<AccountId, Account>> {
    const all = words(await this.readWords(this.slotsOfAccounts(this.accounts))).map((word) => BigInt(`0x${word}`));
    const take = (): bigint => all.shift() ?? 0n;
    const accounts = new Map<AccountId, Account>();
    for (const id of this.accounts) {
      const header = take();
      const positions = new Map(Array.from({ length: this.underlyingCount }, (_, i) => [i, take()]));
      const collateral = new Map(Array.from({ length: this.tokenCount }, (_, i) => [i, take()]));
      const exchangeSince = take();
      const operators = new Map(this.operators.map((operator) => [operator, take()]));
      const series = new Map<number, bigint[]>();
      for (const [underlying, word] of positions) {
        if (word >> 240n !== 0n) series.set(underlying, await this.readSeriesPositions(id, underlying));
      }
      accounts.set(id, accountFromWords(id, { header, positions, series, collateral, operators, exchangeSince }));
    }
    return accounts;
  }

  private async readSeriesPositions(id: AccountId, underlying: number): Promise<bigint[]> {
    const [instruments, lots, halvings] = await this.deployment.vault.seriesPositionsOf(id, underlying);
    return seriesPositionWords(instruments.map((each, i) => seriesPosition(BigInt(each), lots[i] ?? 0n, BigInt(halvings[i] ?? 0n))));
  }
}

/** ModuleWord of the contracts. */
function moduleFromWord(word: bigint): Module {
  const isTaken = ((word >> 200n) & 1n) !== 0n;
  return {
    address: `0x${BigInt.asUintN(160, word).toString(16).padStart(40, "0")}`,
    disabledUntil: BigInt.asUintN(40, word >> 160n),
    ...(isTaken ? { orderFees: { taker: BigInt.asUintN(14, word >> 201n), maker: BigInt.asIntN(15, word >> 215n) } } : {}),
  };
}

function words(text: string): string[] {
  return text.match(/.{64}/g) ?? [];
}

/** Values of ethers as the engine has them: addresses in lower case, structs as arrays. */
function plain(value: unknown): ErrorArgument {
  if (typeof value === "string") return /^0x/.test(value) ? value.toLowerCase() : value;
  if (typeof value === "bigint" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(plain);
  throw new TypeError(`unexpected value ${String(value)}`);
}

/** The bytes with which a transaction reverted. */
function revertData(error: unknown): string {
  const seen = new Set<unknown>();
  for (let at: unknown = error; typeof at === "object" && at !== null && !seen.has(at); ) {
    seen.add(at);
    const { data, cause } = at as { data?: unknown; cause?: unknown };
    if (typeof data === "string" && data.startsWith("0x")) return data;
    if (typeof data === "object" && data !== null && "data" in data && typeof data.data === "string") return data.data;
    at = cause;
  }
  throw error;
}

/** Whether an event of the chain and one of the engine say the same. */
export function sameEvent(chain: DecodedEvent, engine: EngineEvent): boolean {
  if (chain.name !== engine.name) return false;
  const names = Object.keys(chain.values);
  if (names.length !== Object.keys(engine.values).length) return false;
  return names.every((name) => normal(chain.values[name]) === normal(engine.values[name]));
}

function normal(value: bigint | string | boolean | undefined): string {
  return typeof value === "boolean" ? (value ? "1" : "0") : String(value);
}

export const coder = AbiCoder.defaultAbiCoder();
