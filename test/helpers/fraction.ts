/** An exact rational number: what the rounding of the engine is held against. */
export class Fraction {
  readonly numerator: bigint;
  readonly denominator: bigint; // positive

  constructor(numerator: bigint, denominator = 1n) {
    if (denominator === 0n) throw new RangeError("division by zero");
    const sign = denominator < 0n ? -1n : 1n;
    const divisor = gcd(numerator < 0n ? -numerator : numerator, denominator * sign);
    this.numerator = (sign * numerator) / divisor;
    this.denominator = (sign * denominator) / divisor;
  }

  plus(other: Fraction | bigint): Fraction {
    const { numerator, denominator } = of(other);
    return new Fraction(this.numerator * denominator + numerator * this.denominator, this.denominator * denominator);
  }

  minus(other: Fraction | bigint): Fraction {
    return this.plus(of(other).times(-1n));
  }

  times(other: Fraction | bigint): Fraction {
    const { numerator, denominator } = of(other);
    return new Fraction(this.numerator * numerator, this.denominator * denominator);
  }

  over(other: Fraction | bigint): Fraction {
    const { numerator, denominator } = of(other);
    return new Fraction(this.numerator * denominator, this.denominator * numerator);
  }

  abs(): Fraction {
    return this.numerator < 0n ? this.times(-1n) : this;
  }

  isAbove(other: Fraction | bigint): boolean {
    return this.minus(other).numerator > 0n;
  }

  isAtLeast(other: Fraction | bigint): boolean {
    return this.minus(other).numerator >= 0n;
  }

  toString(): string {
    return `${this.numerator}/${this.denominator}`;
  }
}

/** A fraction of a bigint or of itself. */
export function of(value: Fraction | bigint): Fraction {
  return typeof value === "bigint" ? new Fraction(value) : value;
}

export function largest(first: Fraction, ...rest: Fraction[]): Fraction {
  return rest.reduce((most, each) => (each.isAbove(most) ? each : most), first);
}

export function smallest(first: Fraction, ...rest: Fraction[]): Fraction {
  return rest.reduce((least, each) => (least.isAbove(each) ? each : least), first);
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
