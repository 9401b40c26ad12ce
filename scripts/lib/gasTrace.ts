import type { Rpc } from "../../src/sdk/rpc.ts";
import type { SlotNames } from "./slotNames.ts";

/** How a slot was written: what it held before and after the transaction decides what that costs. */
export type Write = "from zero" | "changed" | "cleared" | "same";

export type Slot = {
  /** Whose it is: an account, an underlying, the order module, a token. */
  readonly section: string;
  readonly slot: string;
  readonly write?: Write;
  /** Cold access and first write. */
  readonly gas: number;
};

/** Where the gas of one transaction went. All figures are of the whole transaction, whatever the parts of its operation. */
export type Trace = {
  readonly gas: number;
  readonly parts: number;
  readonly base: number;
  readonly calldata: { readonly bytes: number; readonly zeros: number; readonly gas: number };
  /** Contracts that were called or asked for the first time. */
  readonly coldAccounts: { readonly names: readonly string[]; readonly gas: number };
  readonly slots: readonly Slot[];
  readonly storage: {
    readonly cold: number;
    readonly fromZero: number;
    readonly changed: number;
    readonly cleared: number;
    readonly gas: number;
  };
  readonly signatures: { readonly count: number; readonly gas: number };
  readonly value: { readonly count: number; readonly gas: number };
  readonly refund: number;
  /** Everything above, the refund taken off: no program that touches these slots costs less. */
  readonly floor: number;
  readonly logs: { readonly count: number; readonly gas: number };
  readonly warmSlots: { readonly count: number; readonly gas: number };
  readonly transient: { readonly count: number; readonly gas: number };
  readonly keccak: { readonly count: number; readonly gas: number };
  readonly warmCalls: { readonly count: number; readonly gas: number };
  readonly computation: { readonly steps: number; readonly gas: number };
};

type Step = {
  readonly op: string;
  readonly gas: number;
  readonly gasCost: number;
  readonly depth: number;
  readonly stack: readonly string[];
  readonly refund: number;
};

export const BASE = 21_000;
const [COLD_SLOT, WARM, FROM_ZERO, COLD_ACCOUNT, VALUE] = [2_100, 100, 20_000, 2_600, 9_000];
const [ECRECOVER, ECRECOVER_GAS] = [1n, 3_000];
const PRECOMPILES = 0x100n;
const CALLS: ReadonlySet<string> = new Set(["CALL", "STATICCALL", "DELEGATECALL", "CALLCODE"]);
const ASKS: ReadonlySet<string> = new Set(["BALANCE", "EXTCODESIZE", "EXTCODEHASH", "EXTCODECOPY"]);

/**
 * Slots that the transaction left in use and found empty: what a fork that prices new state dearer charges for. A slot that is filled and emptied
 * again within the transaction is none: emptying it refunds all but a warm write.
 */
export async function newSlotsOf(rpc: Rpc, hash: string): Promise<number> {
  const options = { disableMemory: true, disableStorage: true, disableStack: true };
  const { structLogs } = (await rpc("debug_traceTransaction", [hash, options])) as {
    structLogs: Pick<Step, "op" | "gasCost" | "refund">[];
  };
  return structLogs.reduce((slots, { op, gasCost, refund }, i) => {
    if (op !== "SSTORE") return slots;
    if (gasCost === FROM_ZERO || gasCost === FROM_ZERO + COLD_SLOT) return slots + 1;
    return (structLogs[i + 1]?.refund ?? refund) - refund === FROM_ZERO - WARM ? slots - 1 : slots;
  }, 0);
}

/** The trace of a view that was sent as a transaction, without what the transaction takes. */
export function asView(trace: Trace): Trace {
  const outside = trace.base + trace.calldata.gas;
  return { ...trace, gas: trace.gas - outside, floor: trace.floor - outside, base: 0, calldata: { ...trace.calldata, gas: 0 } };
}

/** Takes the transaction apart by its steps. */
export async function traceOf(rpc: Rpc, hash: string, parts: number, names: SlotNames): Promise<Trace> {
  const transaction = (await rpc("eth_getTransactionByHash", [hash])) as { input: string; to: string; from: string };
  const receipt = (await rpc("eth_getTransactionReceipt", [hash])) as { gasUsed: string };
  const options = { disableMemory: true, disableStorage: true };
  const { structLogs: steps } = (await rpc("debug_traceTransaction", [hash, options])) as { structLogs: Step[] };
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) throw new RangeError(`${hash} runs no code`);

  const calldata = calldataOf(transaction.input);
  const warm = new Set([transaction.from, transaction.to].map((address) => BigInt(address)));
  const owners = [transaction.to.toLowerCase()]; // whose storage each frame works on
  const slots = new Map<string, { section: string; slot: string; write?: Write; gas: number }>();
  const coldAccounts: string[] = [];
  const counted = {
    logs: tally(),
    warmSlots: tally(),
    transient: tally(),
    keccak: tally(),
    warmCalls: tally(),
    signatures: tally(),
    value: tally(),
  };
  let coldAccountGas = 0;

  const slotAt = (key: string, owner: string) => {
    const place = `${owner} ${key}`;
    const known = slots.get(place);
    if (known) return known;
    const made = { ...names.nameOf(owner, BigInt(key)), gas: 0 };
    slots.set(place, made);
    return made;
  };
  const touchAccount = (address: bigint): void => {
    if (address < PRECOMPILES || warm.has(address)) {
      counted.warmCalls.add(WARM);
      return;
    }
    warm.add(address);
    coldAccounts.push(names.contractOf(`0x${address.toString(16).padStart(40, "0")}`));
    coldAccountGas += COLD_ACCOUNT;
  };

  for (const [i, step] of steps.entries()) {
    const { op, gasCost, depth, stack } = step;
    const owner = owners[depth - 1] ?? "";
    const peek = (place: number): string => stack[stack.length - 1 - place] ?? "0x0";
    if (op === "SLOAD") {
      if (gasCost === WARM) counted.warmSlots.add(WARM);
      else slotAt(peek(0), owner).gas += gasCost;
    } else if (op === "SSTORE") {
      writeSlot(slotAt(peek(0), owner), gasCost, BigInt(peek(1)), counted.warmSlots);
    } else if (op === "TLOAD" || op === "TSTORE") counted.transient.add(WARM);
    else if (op === "KECCAK256") counted.keccak.add(gasCost);
    else if (op.startsWith("LOG")) counted.logs.add(gasCost);
    else if (ASKS.has(op)) touchAccount(BigInt(peek(0)));
    else if (CALLS.has(op)) {
      const target = BigInt(peek(1));
      touchAccount(target);
      if (op === "CALL" && BigInt(peek(2)) !== 0n) counted.value.add(VALUE);
      if (target === ECRECOVER) counted.signatures.add(ECRECOVER_GAS);
      const next = steps[i + 1];
      if (next !== undefined && next.depth > depth) {
        owners[depth] = op === "DELEGATECALL" ? owner : `0x${target.toString(16).padStart(40, "0")}`;
      }
    }
  }

  const gas = Number(receipt.gasUsed);
  const spent = first.gas - last.gas + last.gasCost + BASE + calldata.gas;
  const storageGas = [...slots.values()].reduce((sum, slot) => sum + slot.gas, 0);
  const refund = spent - gas;
  const outside = coldAccountGas + storageGas + counted.signatures.gas + counted.value.gas;
  const { logs, warmSlots, transient, keccak, warmCalls, signatures, value } = counted;
  const within = logs.gas + warmSlots.gas + transient.gas + keccak.gas + warmCalls.gas;
  const writes = (write: Write): number => [...slots.values()].filter((slot) => slot.write === write).length;
  const figures = ({ count, gas: sum }: Tally): { count: number; gas: number } => ({ count, gas: sum });
  return {
    gas,
    parts,
    base: BASE,
    calldata,
    coldAccounts: { names: coldAccounts, gas: coldAccountGas },
    slots: [...slots.values()].sort((a, b) => (`${a.section} ${a.slot}` < `${b.section} ${b.slot}` ? -1 : 1)),
    storage: { cold: slots.size, fromZero: writes("from zero"), changed: writes("changed"), cleared: writes("cleared"), gas: storageGas },
    signatures: figures(signatures),
    value: figures(value),
    refund,
    floor: BASE + calldata.gas + outside - refund,
    logs: figures(logs),
    warmSlots: figures(warmSlots),
    transient: figures(transient),
    keccak: figures(keccak),
    warmCalls: figures(warmCalls),
    computation: { steps: steps.length, gas: spent - BASE - calldata.gas - outside - within },
  };
}

/** The cost of the step says what the slot was: cold or warm, empty or in use, written before in this transaction or not. */
function writeSlot(slot: { write?: Write; gas: number }, cost: number, value: bigint, warmSlots: Tally): void {
  if (cost === WARM) {
    warmSlots.add(WARM);
    return;
  }
  const rest = cost > COLD_SLOT && cost !== 2_900 && cost !== FROM_ZERO ? cost - COLD_SLOT : cost;
  slot.gas += cost;
  if (rest === WARM) slot.write ??= "same";
  else if (rest === FROM_ZERO) slot.write = "from zero";
  else slot.write = value === 0n ? "cleared" : "changed";
}

export function calldataOf(input: string): { bytes: number; zeros: number; gas: number } {
  const data = Buffer.from(input.slice(2), "hex");
  const zeros = data.filter((byte) => byte === 0).length;
  return { bytes: data.length, zeros, gas: 4 * zeros + 16 * (data.length - zeros) };
}

type Tally = { count: number; gas: number; readonly add: (gas: number) => void };

function tally(): Tally {
  const made: Tally = {
    count: 0,
    gas: 0,
    add: (gas) => {
      made.count += 1;
      made.gas += gas;
    },
  };
  return made;
}
