import { type Bar, HOUR } from "../../src/data/bar.ts";
import { Stream } from "../../src/simulator/numbers/stream.ts";

/** Monday, 2 January 2017. */
export const START = 1_483_315_200;

/** What the generated returns follow: GJR with Student's t of 6 degrees, percent an hour. */
export const TRUTH = { omega: 0.01, alpha: 0.04, gamma: 0.05, beta: 0.92, freedom: 6 } as const;

/** Hourly returns in percent of a market that does not exist: the same for a seed on every machine. */
export function generatedReturns(count: number, seed: number): Float64Array {
  const { omega, alpha, gamma, beta, freedom } = TRUTH;
  const stream = new Stream(seed, 0, "forecast");
  const returns = new Float64Array(count);
  let h = omega / (1 - alpha - gamma / 2 - beta);
  for (let i = 0; i < count; i++) {
    const scale = (freedom - 2) / (2 * stream.gamma(freedom / 2));
    const each = Math.sqrt(h * scale) * stream.normal();
    returns[i] = each;
    h = omega + (each < 0 ? alpha + gamma : alpha) * each * each + beta * h;
  }
  return returns;
}

const wad = (price: number): bigint => BigInt(Math.round(price * 1e6)) * 10n ** 12n;

/** Hourly bars with those returns from close to close; lows and highs reach beyond both ends by up to a half of the move. */
export function generatedBars(count: number, seed: number): Bar[] {
  const returns = generatedReturns(count, seed);
  const stream = new Stream(seed, 0, "extremes");
  const bars: Bar[] = [];
  let open = 2_000;
  for (let i = 0; i < count; i++) {
    const close = open * Math.exp(returns[i]! / 100);
    const reach = (Math.abs(close - open) / 2) * stream.uniform() + open * 0.001 * stream.uniform();
    const [low, high] = [Math.min(open, close) - reach, Math.max(open, close) + reach];
    bars.push({ time: START + i * HOUR, open: wad(open), high: wad(high), low: wad(low), close: wad(close) });
    open = close;
  }
  return bars;
}
