// Black-76 in floating point, for tests only: an opinion of its own beside the fixed point of the contracts.

/** The normal distribution to about 1e-15 of itself near zero and to 1e-13 of itself in the tails. */
export function normalDistribution(x: number): number {
  if (x > 0) return 1 - normalDistribution(-x);
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  if (x > -3) {
    // Φ(x) = ½ + φ(x)·(x + x³/3 + x⁵/15 + …)
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-18; n++) {
      term *= (x * x) / (2 * n + 1);
      sum += term;
    }
    return 0.5 + density * sum;
  }
  // the continued fraction of Mills' ratio
  let fraction = -x;
  for (let n = 120; n > 0; n--) fraction = -x + n / fraction;
  return density / fraction;
}

/** The call and the put of a strike, undiscounted. */
export function blackInFloats(forward: number, strike: number, deviation: number): { readonly call: number; readonly put: number } {
  const up = Math.log(forward / strike) / deviation + deviation / 2;
  const down = up - deviation;
  return {
    call: Math.max(forward * normalDistribution(up) - strike * normalDistribution(down), 0),
    put: Math.max(strike * normalDistribution(-down) - forward * normalDistribution(-up), 0),
  };
}
