import type { SviSlice } from "../../../src/engine/math/options/svi.ts";
import { squareRootDown } from "../../../src/engine/types/squareRoot.ts";

// Sixty decimals, the formulas as they stand in the literature: what fixed point is held against.
const ONE = 10n ** 60n;
const times = (a: bigint, b: bigint): bigint => (a * b) / ONE;
const over = (a: bigint, b: bigint): bigint => (a * ONE) / b;
const fromWad = (a: bigint): bigint => a * 10n ** 42n;

interface Parts {
  readonly slice: SviSlice; // sixty decimals
  readonly x: bigint;
  readonly root: bigint;
}

function partsOf(wads: SviSlice, k: bigint): Parts {
  const slice = {
    a: fromWad(wads.a),
    b: fromWad(wads.b),
    rho: fromWad(wads.rho),
    m: fromWad(wads.m),
    sigma: fromWad(wads.sigma),
  };
  const x = fromWad(k) - slice.m;
  return { slice, x, root: squareRootDown(x * x + slice.sigma * slice.sigma) };
}

/** Total variance at `k` (18 decimals), with 60 decimals. */
export function exactVariance(wads: SviSlice, k: bigint): bigint {
  const { slice, x, root } = partsOf(wads, k);
  return slice.a + times(slice.b, times(slice.rho, x) + root);
}

/** Durrleman's g at `k` (18 decimals), with 60 decimals. */
export function exactDurrleman(wads: SviSlice, k: bigint): bigint {
  const { slice, x, root } = partsOf(wads, k);
  const { b, rho, sigma } = slice;
  const w = exactVariance(wads, k);
  const slope = times(b, rho + over(x, root));
  const curvature = over(times(b, times(sigma, sigma)), times(root, times(root, root)));
  const lever = ONE - over(times(fromWad(k), slope), 2n * w);
  return times(lever, lever) - times(times(slope, slope) / 4n, over(ONE, w) + ONE / 4n) + curvature / 2n;
}
