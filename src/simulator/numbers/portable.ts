// e^x and ln x from additions, multiplications and divisions alone. The language leaves the last bits of Math.exp, Math.log, Math.pow and Math.sin to whoever
// implements it, so a seed would give other bytes on another machine or another version of the engine. Sums, products and quotients of doubles are the same everywhere;
// so is the square root, of which every engine takes the instruction that IEEE 754 wants correctly rounded. Polynomials and splits are those of fdlibm.

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const INVERSE_LN2 = Math.LOG2E;

const LEAST_EXPONENT = -1_022;
const MOST_EXPONENT = 1_023;

/** 2^k, exact: by doubling and halving. */
const POWERS = (() => {
  const powers = new Float64Array(MOST_EXPONENT - LEAST_EXPONENT + 1);
  powers[-LEAST_EXPONENT] = 1;
  for (let k = 1; k <= MOST_EXPONENT; k++) powers[k - LEAST_EXPONENT] = powers[k - 1 - LEAST_EXPONENT]! * 2;
  for (let k = -1; k >= LEAST_EXPONENT; k--) powers[k - LEAST_EXPONENT] = powers[k + 1 - LEAST_EXPONENT]! / 2;
  return powers;
})();

/** e^x to within one unit in the last place; 0 below −745.2, infinite above 709.79. The same bits on every machine. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.2) return 0;
  const k = Math.floor(x * INVERSE_LN2 + 0.5);
  const high = x - k * LN2_HIGH;
  const low = k * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const polynomial =
    0.16666666666666602 +
    t * (-0.0027777777777015593 + t * (0.00006613756321437934 + t * (-0.0000016533902205465252 + t * 4.1381367970572385e-8)));
  const c = r - t * polynomial;
  const y = 1 - (low - (r * c) / (2 - c) - high);
  // what lies beyond one power of two goes in two steps
  if (k > MOST_EXPONENT) return y * 2 * POWERS[k - 1 - LEAST_EXPONENT]!;
  if (k < LEAST_EXPONENT) return y * POWERS[k + 60 - LEAST_EXPONENT]! * POWERS[-60 - LEAST_EXPONENT]!;
  return y * POWERS[k - LEAST_EXPONENT]!;
}

const double = new Float64Array(1);
const halves = new Uint32Array(double.buffer);
/** Which half of a double holds its exponent. */
const HIGH = (() => {
  double[0] = 1;
  return halves[0] === 0 ? 1 : 0;
})();

/** The natural logarithm, to within one unit in the last place; no number below zero. The same bits on every machine. */
export function ln(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let k = 0;
  double[0] = x;
  if (halves[HIGH]! < 0x100000) {
    // too small for an exponent of its own
    k = -54;
    double[0] = x * 18_014_398_509_481_984;
  }
  const top = halves[HIGH]!;
  k += (top >>> 20) - 1_023;
  const fraction = top & 0xfffff;
  // 1 + f between √½ and √2
  const up = (fraction + 0x95f64) & 0x100000;
  halves[HIGH] = fraction | (up ^ 0x3ff00000);
  k += up >>> 20;
  const f = double[0]! - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const even = z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + odd + even) + k * LN2_LOW) - f);
}

/** base^exponent for a base above zero. The same bits on every machine. */
export function power(base: number, exponent: number): number {
  return exp(exponent * ln(base));
}
