/** An estimate and the ends of its interval, of 95 % where nothing else is said. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** How a figure is distributed over paths. */
export interface Distribution {
  readonly mean: Estimate;
  readonly deviation: number;
  readonly least: number;
  readonly most: number;
  /** By part: 0.01 to 0.99; the intervals are those of order statistics and assume no law. */
  readonly quantiles: Readonly<Record<string, Estimate>>;
  /** Mean of the largest hundredth and twentieth. */
  readonly tails: Readonly<Record<string, Estimate>>;
  /** The part of the paths in which it is above zero, by Wilson's interval. */
  readonly aboveZero: Estimate;
}

export const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const;
const TAILS = [0.95, 0.99] as const;

/** Of the normal law, for 95 %. */
const Z = 1.959963984540054;

/** The distribution of one figure of at least one path. Sums run in the order of size, so paths may come in any order. */
export function distributionOf(values: readonly number[]): Distribution {
  const sorted = Float64Array.from(values).sort();
  const n = sorted.length;
  const mean = sum(sorted) / n;
  const deviation = n < 2 ? 0 : Math.sqrt(sum(sorted.map((each) => (each - mean) * (each - mean))) / (n - 1));
  return {
    mean: around(mean, deviation / Math.sqrt(n)),
    deviation,
    least: sorted[0]!,
    most: sorted[n - 1]!,
    quantiles: Object.fromEntries(QUANTILES.map((part) => [String(part), quantileOf(sorted, part)])),
    tails: Object.fromEntries(TAILS.map((part) => [String(part), tailOf(sorted, part)])),
    aboveZero: share(
      sorted.reduce((count, each) => (each > 0 ? count + 1 : count), 0),
      n,
    ),
  };
}

/** @param sorted the least first */
export function quantileOf(sorted: Float64Array, part: number): Estimate {
  const n = sorted.length;
  const at = (rank: number): number => sorted[Math.min(Math.max(rank, 1), n) - 1]!;
  const centre = n * part;
  const reach = Z * Math.sqrt(n * part * (1 - part));
  return { value: at(Math.ceil(centre)), low: at(Math.floor(centre - reach)), high: at(Math.ceil(centre + reach) + 1) };
}

/** @param sorted the least first. The mean of what is above a quantile; its deviation is that of the tail and of where it begins. */
export function tailOf(sorted: Float64Array, part: number): Estimate {
  const n = sorted.length;
  const first = Math.min(Math.max(Math.ceil(n * part), 1), n) - 1;
  const tail = sorted.subarray(first);
  const mean = sum(tail) / tail.length;
  const variance = sum(tail.map((each) => (each - mean) * (each - mean))) / tail.length;
  const begins = mean - sorted[first]!;
  return around(mean, Math.sqrt((variance + part * begins * begins) / tail.length));
}

function around(value: number, error: number): Estimate {
  return { value, low: value - Z * error, high: value + Z * error };
}

/** Wilson's interval of a part. */
export function share(count: number, n: number): Estimate {
  const part = count / n;
  const square = Z * Z;
  const middle = (part + square / (2 * n)) / (1 + square / n);
  const reach = (Z * Math.sqrt((part * (1 - part)) / n + square / (4 * n * n))) / (1 + square / n);
  return { value: part, low: count === 0 ? 0 : middle - reach, high: count === n ? 1 : middle + reach };
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
