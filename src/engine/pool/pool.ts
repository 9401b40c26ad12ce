import type { PoolBook } from "../math/pool/cost.ts";
import { accountIdOf } from "../types/accountId.ts";
import { divUp } from "../types/fixedPoint.ts";
import type { AccountId, Address, State } from "../types/types.ts";

/** What governance sets of a pool; docs/pool.md has each with its reason. Parts per million where nothing else is said. */
export interface PoolParameters {
  readonly steepness: bigint; // a of the cost function
  readonly marginPart: bigint; // IM after a trade that raises it, as a part of C
  readonly wide: bigint; // half spread at once: at least the deviation threshold of the source
  readonly narrow: bigint; // half spread at a price that was published after the order was committed
  readonly valuePart: bigint; // of IM, between the mark and either net asset value
  readonly exitMargin: bigint; // IM after what leaves an account, as a part of E − Q
  readonly weights: readonly bigint[]; // by underlying, of all capital
  readonly drift: bigint; // how far from its weight an account is left alone
}

export const DEFAULT_PARAMETERS: Omit<PoolParameters, "weights"> = {
  steepness: 100_000n,
  marginPart: 400_000n,
  wide: 5_000n,
  narrow: 200n,
  valuePart: 100_000n,
  exitMargin: 600_000n,
  drift: 50_000n,
};

/** A request to redeem, in the order of their numbers. */
export interface RedeemRequest {
  readonly controller: Address;
  readonly shares: bigint; // still to be paid
  readonly time: bigint; // unix seconds, when it was made
}

/** What was paid to requests and waits: held by the pool's contract. */
export interface Claim {
  readonly shares: bigint;
  readonly assets: bigint; // units of the asset
}

/** The pool beside its accounts in the vault. */
export interface Pool {
  readonly owner: Address;
  readonly module: number; // its number as a module of the vault
  readonly parameters: PoolParameters;
  readonly books: ReadonlyMap<number, PoolBook>; // by underlying
  readonly supply: bigint; // shares; those of requests included
  readonly shares: ReadonlyMap<Address, bigint>; // those of requests not included
  readonly requests: ReadonlyMap<bigint, RedeemRequest>; // by number; what is paid is gone
  readonly claimable: ReadonlyMap<Address, Claim>; // by controller
  readonly requested: bigint; // number of the next request
}

/** A pool and the vault that it trades in. */
export interface World {
  readonly vault: State;
  readonly pool: Pool;
}

export interface PoolEvent {
  readonly name: string;
  readonly values: Readonly<Record<string, bigint | string>>;
}

/** What an action gives. */
export interface PoolOutcome extends World {
  readonly events: readonly PoolEvent[];
}

const NO_BOOK: PoolBook = { charged: 0n, capital: 0n, time: 0n };

export function emptyPool(owner: Address, module: number, weights: readonly bigint[], changes: Partial<PoolParameters> = {}): Pool {
  const nobody = { supply: 0n, shares: new Map(), requests: new Map(), claimable: new Map(), requested: 0n };
  return { owner, module, parameters: { ...DEFAULT_PARAMETERS, weights, ...changes }, books: new Map(), ...nobody };
}

/** The account that holds cash alone. */
export function reserveOf({ owner }: Pool): AccountId {
  return accountIdOf(owner);
}

/** The account that trades one underlying. */
export function poolAccountOf({ owner }: Pool, underlying: number): AccountId {
  return accountIdOf(owner, BigInt(underlying) + 1n);
}

export function bookOf({ books }: Pool, underlying: number): PoolBook {
  return books.get(underlying) ?? NO_BOOK;
}

export function withBook(pool: Pool, underlying: number, book: PoolBook): Pool {
  return { ...pool, books: new Map(pool.books).set(underlying, book) };
}

/** What an inequality between parameters of pool and vault reads. */
export interface PoolConsistency {
  readonly parameters: PoolParameters;
  readonly rangeCap: bigint; // ppb
  readonly rangeFloor: bigint; // ppb
  readonly fillBand: bigint; // ppm
  readonly deviation: bigint; // of the source, ppm
}

/**
 * The parameter of the first inequality that does not hold for an underlying, or undefined when all hold: a quote is within the band of the vault; what is
 * filled at once pays for how old the price may be; and so does who comes or goes as a backer.
 */
export function poolInconsistency({ parameters, rangeCap, rangeFloor, fillBand, deviation }: PoolConsistency): string | undefined {
  const { steepness, marginPart, wide, narrow, valuePart, exitMargin, weights } = parameters;
  const million = 1_000_000n;
  // ppm·ppm·ppb against ppm
  if (marginPart * steepness * rangeCap + wide * million * million * 1_000n > fillBand * million * million * 1_000n) return "Steepness";
  if (wide < deviation) return "WideSpread";
  if (narrow > wide) return "NarrowSpread";
  if (valuePart * rangeFloor < deviation * 10n ** 9n) return "ValuePart";
  if (exitMargin <= marginPart) return "ExitMargin";
  if (weights.reduce((sum, weight) => sum + weight, 0n) > million) return "PoolWeight";
  return undefined;
}

/** An upper bound of Q where all was charged at the present capital: Φ at the largest margin, WAD. */
export function mostCharged(free: bigint, { steepness, marginPart }: PoolParameters): bigint {
  return free <= 0n ? 0n : divUp(free * steepness * marginPart * marginPart, 2n * 10n ** 18n);
}
