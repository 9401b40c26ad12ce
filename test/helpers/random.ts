/** A small seeded generator (mulberry32): the same seed gives the same sequence everywhere. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** A fraction within 0 and 1, 1 excluded. */
  fraction(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** An integer within 0 and `count`, `count` excluded. */
  below(count: number): number {
    return Math.floor(this.fraction() * count);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** A bigint within 0 and `limit`, `limit` excluded. */
  bigBelow(limit: bigint): bigint {
    let value = 0n;
    for (let bits = limit; bits > 0n; bits >>= 30n) value = (value << 30n) | BigInt(this.below(2 ** 30));
    return limit === 0n ? 0n : value % limit;
  }

  /** A part of an amount, `least` to `most` of it. */
  part(amount: bigint, least: number, most: number): bigint {
    const millionths = Math.round((least + (most - least) * this.fraction()) * 1e6);
    return (amount * BigInt(millionths)) / 1_000_000n;
  }

  /** An integer of either sign whose number of bits is uniform, up to `bits`. */
  ofAnySize(bits: number): bigint {
    const value = this.bigBelow(1n << BigInt(1 + this.below(bits)));
    return this.chance(0.5) ? value : -value;
  }
}
