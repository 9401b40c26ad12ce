/** Fees of a transaction, wei a unit of gas. */
export type Fees = { readonly maxFee: bigint; readonly tip: bigint };

/** A transaction that waits, and the chain it waits on. */
export type Waiting = {
  readonly fees: Fees;
  /** Blocks since it was sent, or last replaced. */
  readonly blocksSince: number;
  /** Of the latest block, wei. */
  readonly baseFee: bigint;
  /** What the node advises now, wei. */
  readonly tip: bigint;
  /** How often it was sent. */
  readonly attempts: number;
};

export type ReplacementPolicy = {
  /** Blocks that a transaction may wait before it is replaced. */
  readonly patience: number;
  /** How often one is sent at most. */
  readonly mostAttempts: number;
  /** The most that is offered, wei a unit of gas. */
  readonly highestFee: bigint;
};

export type ReplacementStep =
  | { readonly kind: "wait" }
  | { readonly kind: "replace"; readonly fees: Fees }
  | { readonly kind: "giveUp"; readonly reason: string };

export const DEFAULT_POLICY: ReplacementPolicy = { patience: 3, mostAttempts: 6, highestFee: 500n * 10n ** 9n };

/**
 * What to do about a transaction that is not mined. Pure. A transaction whose fee is below the base fee cannot be mined and waits a block only; any other
 * waits `patience` blocks. It is replaced at the same nonce with both fees raised by an eighth at least, which is what nodes ask for.
 */
export function nextStep({ fees, blocksSince, baseFee, tip, attempts }: Waiting, policy: ReplacementPolicy): ReplacementStep {
  if (blocksSince < (fees.maxFee < baseFee ? 1 : policy.patience)) return { kind: "wait" };
  if (attempts >= policy.mostAttempts) return { kind: "giveUp", reason: `not mined after ${attempts} attempts` };
  const raised = raisedFees(fees, { baseFee, tip }, policy.highestFee);
  return raised === undefined
    ? { kind: "giveUp", reason: "a higher fee would be above the highest allowed" }
    : { kind: "replace", fees: raised };
}

/** Fees with which a transaction replaces one that offered `fees`, at least those of the market; undefined where that is above `highestFee`. */
export function raisedFees(fees: Fees, market: { readonly baseFee: bigint; readonly tip: bigint }, highestFee: bigint): Fees | undefined {
  const least = raised(fees.maxFee);
  if (least > highestFee) return undefined;
  const tip = larger(raised(fees.tip), market.tip);
  const maxFee = smaller(larger(least, 2n * market.baseFee + tip), highestFee);
  return { maxFee, tip: smaller(tip, maxFee) };
}

/** Fees of a first attempt: enough for the base fee to double. What is above `highestFee` is cut. */
export function firstFees({ baseFee, tip }: { readonly baseFee: bigint; readonly tip: bigint }, highestFee: bigint): Fees {
  const maxFee = smaller(2n * baseFee + tip, highestFee);
  return { maxFee, tip: smaller(tip, maxFee) };
}

/** An eighth more, rounded up, and a wei at least. */
function raised(fee: bigint): bigint {
  return fee === 0n ? 1n : (fee * 9n + 7n) / 8n;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
