/**
 * Black-76 with more than 50 digits behind the point, for tests: series of its own on bigint fixed point, nothing shared with the engine.
 * Numbers have 120 decimals: far out the normal distribution is a half less nearly a half, and loses up to 63 of them.
 */
const DIGITS = 120n;
export const ONE = 10n ** DIGITS;

/** From a number with 18 decimals. */
export function fromWad(value: bigint): bigint {
  return value * 10n ** (DIGITS - 18n);
}

/** A plain decimal, exponents allowed. */
export function fromText(text: string): bigint {
  const [, sign, whole = "0", part = "", exponent = "0"] = /^(-?)(\d+)(?:\.(\d+))?(?:e(-?\d+))?$/.exec(text.trim()) ?? [];
  if (sign === undefined) throw new Error(`"${text}" is not a decimal`);
  const scaled = (BigInt(whole + part) * ONE) / 10n ** BigInt(part.length - Number(exponent));
  return sign === "-" ? -scaled : scaled;
}

export function times(a: bigint, b: bigint): bigint {
  return (a * b) / ONE;
}

export function over(a: bigint, b: bigint): bigint {
  return (a * ONE) / b;
}

/** By bisection: no Newton step to share with anything. */
export function root(a: bigint): bigint {
  const target = a * ONE;
  let [low, high] = [0n, 1n];
  while (high * high <= target) high <<= 1n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle * middle <= target) low = middle;
    else high = middle;
  }
  return low;
}

/** e^a: Taylor's series of a/2^32, squared 32 times with the digits that this costs. */
export function exponential(a: bigint): bigint {
  const extra = 10n ** 12n;
  const one = ONE * extra;
  const small = (a * extra) >> 32n;
  let [term, sum] = [one, one];
  for (let n = 1n; term !== 0n && n < 60n; n++) {
    term = (term * small) / (one * n);
    sum += term;
  }
  for (let i = 0; i < 32; i++) sum = (sum * sum) / one;
  return sum / extra;
}

/** ln a by its inverse: y ← y + 2·(a − e^y)/(a + e^y), which triples the digits. */
export function logarithm(a: bigint): bigint {
  let y = BigInt(Math.round(Math.log(Number(a) / Number(ONE)) * 2 ** 40)) * (ONE / 2n ** 40n);
  for (let i = 0; i < 5; i++) {
    const e = exponential(y);
    y += over(2n * (a - e), a + e);
  }
  return y;
}

// Machin: π = 16·arctan(1/5) − 4·arctan(1/239)
function arctanOfOneOver(n: bigint): bigint {
  let [term, sum, sign] = [ONE / n, ONE / n, -1n];
  for (let k = 3n; term !== 0n; k += 2n, sign = -sign) {
    term /= n * n;
    sum += (sign * term) / k;
  }
  return sum;
}
const PI = 16n * arctanOfOneOver(5n) - 4n * arctanOfOneOver(239n);
const ROOT_OF_TWO_PI = root(2n * PI);

/** N(a): ½ + φ(a)·(a + a³/3 + a⁵/15 + …), the terms of one sign; 0 or 1 beyond 17, where less than 1e-63 is left. */
export function normal(a: bigint): bigint {
  if (a < -17n * ONE) return 0n;
  if (a > 17n * ONE) return ONE;
  const square = times(a, a);
  let [term, sum] = [a, a];
  for (let n = 3n; term !== 0n; n += 2n) {
    term = times(term, square) / n;
    sum += term;
  }
  return ONE / 2n + over(times(exponential(-square / 2n), sum), ROOT_OF_TWO_PI);
}

/** Call and put by the formula as it stands in books. */
export function black76(
  forward: bigint,
  strike: bigint,
  time: bigint,
  volatility: bigint,
  rate: bigint,
): { readonly call: bigint; readonly put: bigint } {
  const width = times(volatility, root(time));
  const d1 = over(logarithm(over(forward, strike)), width) + width / 2n;
  const d2 = d1 - width;
  const discount = exponential(-times(rate, time));
  return {
    call: times(discount, times(forward, normal(d1)) - times(strike, normal(d2))),
    put: times(discount, times(strike, normal(-d2)) - times(forward, normal(-d1))),
  };
}
